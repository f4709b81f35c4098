"""The price catalogue: one YAML per provider, and the user's overrides, which win over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.errors import UsageError
from llmcost.resources import catalogue_folder

if TYPE_CHECKING:  # a report asks for the digest only, and must not wait for the reader
    from llmcost.pricing import reader
    from llmcost.pricing.entries import Model


@dataclass(frozen=True)
class Catalogue:
    """All models, in layers: a name found in an earlier layer is not looked up in a later one.

    The overrides come first (the last file before the others), then the shipped catalogue. `aliases` leads from every
    name of a provider, in lower case, to the provider. `owners` are those whose prices are their own: a model without a
    provider is looked up among them. `digest` changes whenever a file does; `as_of` is the newest day on which a price
    was checked.
    """

    layers: tuple[tuple[Model, ...], ...]
    aliases: Mapping[str, str]
    owners: frozenset[str]
    digest: str
    as_of: str | None

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(model for layer in self.layers for model in layer)


def files(overrides: Iterable[Path] = ()) -> list[Path]:
    """The catalogue's files in a fixed order, the overrides after them."""
    return [*sorted(catalogue_folder().glob("*.yaml")), *overrides]


def digest(overrides: Iterable[Path] = ()) -> str:
    """SHA-256 over the files; what a store remembers to notice that prices changed."""
    state = hashlib.sha256()
    for path in files(overrides):
        state.update(path.name.encode())
        state.update(_bytes(path))
    return state.hexdigest()


def load(overrides: Iterable[Path] = ()) -> Catalogue:
    """The whole catalogue. UsageError names file and line of what is not understood."""
    from llmcost.pricing import reader

    overrides = list(overrides)
    aliases: dict[str, str] = {}
    owners: set[str] = set()
    shipped: list[Model] = []
    for path in files():
        book = reader.read(_bytes(path), path.name)
        _claim(aliases, book, book.provider)
        owners |= set() if book.hosts_others else {book.provider}
        shipped += book.models
    layers: list[tuple[Model, ...]] = []
    for path in overrides:
        book = reader.read(_bytes(path), str(path))
        provider = aliases.get(book.provider.lower(), book.provider)
        # a new provider sets its own prices; a known one stays what it is
        owners |= set() if book.hosts_others or provider in aliases.values() else {provider}
        _claim(aliases, book, provider)
        layers.insert(0, tuple(replace(model, provider=provider) for model in book.models))
    layers.append(tuple(shipped))
    checked = [p.source["checked"] for layer in layers for m in layer for p in m.prices if "checked" in p.source]
    return Catalogue(tuple(layers), aliases, frozenset(owners), digest(overrides), max(checked, default=None))


def _claim(aliases: dict[str, str], book: reader.Book, provider: str) -> None:
    for alias in (book.provider, *book.aliases):
        holder = aliases.setdefault(alias.lower(), provider)
        if holder != provider:
            raise UsageError(
                f"'{alias}' is a name of {holder} already", place=book.place, hint="take it out of aliases"
            )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path), hint="check prices.overrides") from error
