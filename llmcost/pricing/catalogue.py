"""The price catalogue: one YAML per provider, and the user's overrides, which win over it."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.errors import UsageError
from llmcost.resources import PACKAGE, catalogue_folder

if TYPE_CHECKING:  # a report asks for the digest only, and must not wait for the reader
    from llmcost.pricing import reader
    from llmcost.pricing.entries import Deal, Model

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Catalogue:
    """All models, in layers: a name found in an earlier layer is not looked up in a later one.

    The overrides come first (the last file before the others), then the shipped catalogue. `aliases` leads from every
    name of a provider, in lower case, to the provider. `owners` are those whose prices are their own: a model without a
    provider is looked up among them. `digest` changes whenever a file does; `as_of` is the newest day on which a price
    was checked. `deals` are the user's discounts and mark-ups, `fx` what one of a currency
    is in USD on a day.
    """

    layers: tuple[tuple[Model, ...], ...]
    aliases: Mapping[str, str]
    owners: frozenset[str]
    digest: str
    as_of: str | None
    deals: tuple[Deal, ...] = ()
    fx: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)
    level: str | None = None
    """list or contracted, where its prices are those of levels.at; None with all that the user has put on them."""

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(model for layer in self.layers for model in layer)


def files(overrides: Iterable[Path] = ()) -> list[Path]:
    """The catalogue's files in a fixed order, the overrides after them."""
    return [*sorted(catalogue_folder().glob("*.yaml")), *overrides]


def digest(overrides: Iterable[Path] = (), fx: Path | None = None) -> str:
    """SHA-256 over the files; what a store remembers to notice that prices changed. Exchange rates count where a price needs them."""
    state = hashlib.sha256()
    overrides = list(overrides)
    texts = {path: _bytes(path) for path in files(overrides)}
    if fx is not None and any(_FOREIGN.search(texts[path]) for path in overrides):
        texts[fx] = _bytes(fx, "check fx")
    for path, text in texts.items():
        state.update(path.name.encode())
        state.update(text)
    return state.hexdigest()


_FOREIGN = re.compile(rb"""currency["']?\s*:\s*["']?(?!USD)[A-Z]{3}""")


def may_mark_up(overrides: Iterable[Path]) -> bool:
    """Whether these files can hold a mark-up, without reading their prices."""
    return any(b"markup" in _bytes(path) for path in overrides)


def load(overrides: Iterable[Path] = (), fx: Path | None = None) -> Catalogue:
    """The whole catalogue, with the exchange rates of `fx` for prices that are not in USD. UsageError names file and line of what is not understood."""
    from llmcost.fx import rates as rates_of
    from llmcost.pricing import reader
    from llmcost.pricing.check import refuse
    from llmcost.pricing.deals import checked

    overrides = list(overrides)
    shipped = _shipped(files())
    aliases, owners = dict(shipped.aliases), set(shipped.owners)
    layers: list[tuple[Model, ...]] = []
    deals: list[Deal] = []
    as_of = [shipped.as_of] if shipped.as_of else []
    for path in overrides:
        book = reader.read(_bytes(path), str(path))
        refuse(book.models)
        deals += book.deals
        if book.provider is None:
            continue
        provider = aliases.get(book.provider.lower(), book.provider)
        # a new provider sets its own prices; a known one stays what it is
        owners |= set() if book.hosts_others or provider in aliases.values() else {provider}
        _claim(aliases, book, provider)
        models = tuple(replace(m, provider=provider, hosted=provider not in owners, own=True) for m in book.models)
        layers.insert(0, models)
        as_of += _checked(models)
    found = Catalogue(
        (*layers, *shipped.layers), aliases, frozenset(owners), digest(overrides, fx), max(as_of, default=None)
    )
    if fx is not None and any(model.currency != "USD" for layer in layers for model in layer):
        found = replace(found, fx=rates_of(fx, "fx"))
    return replace(found, deals=checked(deals, found)) if deals else found


def as_of(catalogue: Catalogue, day: str) -> Catalogue:
    """The catalogue without the changes after that day (YYYY-MM-DD, UTC, inclusive): the last price known then goes on.

    A price that was corrected since is the corrected one: a catalogue has one past.
    """
    until_us = day_us(day) + DAY_US
    layers = tuple(tuple(_model_as_of(model, until_us) for model in layer) for layer in catalogue.layers)
    deals = tuple(deal for deal in catalogue.deals if (deal.since_us or 0) < until_us)
    return replace(catalogue, layers=layers, deals=deals, digest=f"{catalogue.digest}@{day}")


def _model_as_of(model: Model, until_us: int) -> Model:
    if all(p.since_us < until_us and (p.until_us is None or p.until_us < until_us) for p in model.prices):
        return model
    kept = (p for p in model.prices if p.since_us < until_us)
    prices = (p if p.until_us is None or p.until_us < until_us else replace(p, until_us=None) for p in kept)
    return replace(model, prices=tuple(prices))


def day_us(day: str) -> int:
    """The start of a day in UTC as µs since 1970."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_US


def load_folder(folder: Path) -> Catalogue:
    """The catalogue in another folder, without overrides; what `prices diff` compares."""
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else [folder]
    if not paths:
        raise UsageError("holds no price files", place=str(folder), hint="name a folder with one YAML per provider")
    return _parsed(paths, "")


def _shipped(paths: Sequence[Path]) -> Catalogue:
    """The shipped files, kept in parsed form between runs: reading them takes a second, loading what was read a tenth.

    The kept form is only ever read back by the user who wrote it, for the same files, code and Python.
    """
    state = hashlib.sha256(f"{sys.version}{digest()}".encode())
    for name in ("entries.py", "reader.py", "catalogue.py"):
        state.update((PACKAGE / "pricing" / name).read_bytes())
    kept = _cache_folder() / f"catalogue-{state.hexdigest()[:32]}.pickle"
    try:
        if kept.stat().st_uid == os.getuid():
            found = pickle.loads(kept.read_bytes())  # noqa: S301  a file of the user's own, see above
            if isinstance(found, Catalogue):
                return found
    except Exception:  # noqa: BLE001, S110  whatever is wrong with it, the files are the truth
        pass
    found = _parsed(paths, digest())
    _keep(kept, found)
    return found


def _parsed(paths: Sequence[Path], state: str) -> Catalogue:
    from llmcost.pricing import reader

    aliases: dict[str, str] = {}
    owners: set[str] = set()
    models: list[Model] = []
    for path in paths:
        book = reader.read(_bytes(path), path.name)
        if book.provider is None or book.deals:
            hint = "put discounts and markup into a file of prices.overrides"
            raise UsageError("a catalogue holds list prices", place=book.place, hint=hint)
        _claim(aliases, book, book.provider)
        owners |= set() if book.hosts_others else {book.provider}
        models += book.models
    return Catalogue((tuple(models),), aliases, frozenset(owners), state, max(_checked(models), default=None))


def _keep(kept: Path, found: Catalogue) -> None:
    """Writes the parsed form in one step and removes those of earlier catalogues; where that is not allowed, not."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=kept.parent)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(found, file, protocol=pickle.HIGHEST_PROTOCOL)
        Path(name).replace(kept)
        for old in kept.parent.glob("catalogue-*.pickle"):
            if old != kept:
                old.unlink(missing_ok=True)
    except OSError:
        return


def _cache_folder() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path("~/.cache").expanduser()) / "llmcost"


def _checked(models: Iterable[Model]) -> list[str]:
    return [p.source["checked"] for m in models for p in m.prices if "checked" in p.source]


def _claim(aliases: dict[str, str], book: reader.Book, provider: str) -> None:
    for alias in (book.provider or provider, *book.aliases):
        holder = aliases.setdefault(alias.lower(), provider)
        if holder != provider:
            raise UsageError(
                f"'{alias}' is a name of {holder} already", place=book.place, hint="take it out of aliases"
            )


def _bytes(path: Path, hint: str = "check prices.overrides") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path), hint=hint) from error
