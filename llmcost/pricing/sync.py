"""Holds the catalogue against the price libraries: what is new, what changed, where they disagree; appends, never rewrites."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.errors import UsageError
from llmcost.pricing import names, price_text, rates, reader
from llmcost.pricing.catalogue import Catalogue, load_folder
from llmcost.pricing.entries import RATE_OF_COLUMN, Model
from llmcost.pricing.offers import GENAI, LITELLM, PROVIDERS, REGION, SUFFIX, Entry, Library, Offer
from llmcost.pricing.price_text import Sold

LOCK = "sync.lock.json"
PARTNERS = "vertex.yaml"
"""Google sells others' models under the names of their makers, in a file of its own: they are never meant by a bare name."""
SERVICES = ("batch", "flex", "priority")
LARGE = Decimal(2)
CONVERTED = ("databricks",)
"""Whose prices in litellm are conversions of another unit, off in the fourth digit: genai-prices alone is taken."""
ENDPOINTS = {"bedrock_mantle": "bedrock"}
"""A second door to the same models: logs name either."""
NOISE = Decimal("0.001")
"""Two libraries agree when they differ by less: databricks' prices in litellm are conversions."""


Figures = Mapping[str, Decimal]
"""USD per million tokens or per unit by field, such as `input`, `batch output`, `over=200000 input`, `web_search`."""


@dataclass(frozen=True)
class Line:
    """One figure that differs. `state`: new, changed (will be appended), kept (the catalogue was believed), disputed."""

    provider: str
    model: str
    field: str
    old: Decimal | None
    new: Decimal | None
    state: str
    said_by: str

    @property
    def factor(self) -> Decimal | None:
        return None if not self.old or self.new is None else (self.new / self.old).quantize(Decimal("0.001"))

    @property
    def is_large(self) -> bool:
        return bool(self.old and self.new is not None and not self.old / LARGE <= self.new <= self.old * LARGE)


@dataclass(frozen=True)
class Changed:
    """A model of the catalogue whose price is another one from now on."""

    model: Model
    entry: Entry


@dataclass(frozen=True)
class Plan:
    """What a sync found: the figures to look at, and what would be written."""

    read: tuple[Library, ...]
    lines: tuple[Line, ...]
    new: tuple[Sold, ...]
    changed: tuple[Changed, ...]
    kept: Mapping[str, Mapping[str, str]]


def plan(
    prices: Catalogue,
    read: Sequence[Library],
    lock: Mapping[str, Any] | None,
    today: dt.date,
    history: Path | None = None,
) -> Plan:
    """Compares the libraries with the catalogue at the start of `today`; `lock` is what the last sync left, if any."""
    book = names.index(prices)
    fresh: dict[tuple[str, str], list[Offer]] = defaultdict(list)
    known: dict[tuple[str, str], list[tuple[str, Model, Offer]]] = defaultdict(list)
    for library in read:
        for offer in library.offers:
            provider = _provider(prices, offer.provider)
            for name in offer.names:
                match = book.match(provider, name)
                if match.model is not None:
                    known[match.model.provider, match.model.id].append((match.name, match.model, offer))
                elif not match.ambiguous:
                    fresh[provider, name].append(offer)
    for (provider, name), offers in [*fresh.items()]:
        door = ENDPOINTS.get(provider)
        if door and (door, name) not in fresh and book.match(door, name).model is None:
            fresh[door, name] = offers
    versions = {lib.name: lib.version for lib in read}
    observed = _history(history) if history else {}
    lines: list[Line] = []
    ids = {(model.provider, model.id) for model in prices.models}
    sold = _merged(fresh, versions, today, observed, ids, lines)
    lines += [line for one in sold for line in _new_lines(one)]
    changed, kept = _compared(known, lock, today, versions, lines)
    return Plan(tuple(read), tuple(dict.fromkeys(lines)), tuple(sold), tuple(changed), kept)


def _provider(prices: Catalogue, theirs: str) -> str:
    ours = PROVIDERS.get(theirs, theirs)
    return prices.aliases.get(ours.lower(), ours)


# what is new ---------------------------------------------------------------------------------------------------------


def _merged(
    fresh: Mapping[tuple[str, str], list[Offer]],
    versions: Mapping[str, str],
    today: dt.date,
    observed: Mapping[str, list[tuple[str, Entry]]],
    used: set[tuple[str, str]],
    lines: list[Line],
) -> list[Sold]:
    """One model per price: names that differ by region or spelling only and cost the same are one model."""
    used = set(used)
    by_stem = {(p, stem): o for (p, _), some in fresh.items() for o in some for stem in o.dated}
    last_seen = max((day for some in observed.values() for day, _ in some), default="")
    groups: dict[tuple[str, str, str], list[tuple[str, Offer, list[Entry]]]] = defaultdict(list)
    for (provider, name), offers in fresh.items():
        first = {o.library: o for o in reversed(offers)}
        ours, theirs = first.get(GENAI), first.get(LITELLM)
        if ours is None and theirs is not None:  # their names with a version after them are genai-prices' too
            stems = [
                s for (p, s) in by_stem if p == provider and name.startswith(s) and SUFFIX.fullmatch(name[len(s) :])
            ]
            ours = by_stem[provider, max(stems, key=len)] if stems else None
        chosen = ours if ours is not None else theirs
        assert chosen is not None
        entries, source = [dict(e) for e in chosen.entries], _source([chosen], versions, today)
        if ours is not None and theirs is not None:
            entries, source, chosen = _settled(provider, name, ours, theirs, versions, today, lines)
        past = observed.get(theirs.key, []) if theirs else []
        if len(entries) == 1 and "from" not in entries[0] and past:
            entries = [*_past(past, entries[0], last_seen), *entries]
        entries = [_complete({"source": source, **entry}) for entry in entries]
        stem = chosen.id if chosen.library == GENAI else REGION_PREFIX.sub("", name)
        groups[provider, stem, repr(entries) + chosen.mode].append((name, chosen, entries))
    taken = {name for _, name in fresh}
    sold = []
    for (provider, stem, _), members in groups.items():
        _, offer, entries = members[0]
        every = tuple(dict.fromkeys(name for name, _, _ in members))
        dated = next((d for _, o, _ in members for d in o.dated if d in every), None)
        if dated and any(n != dated and n.startswith(dated) and names.DATE.fullmatch(n) for n in taken):
            dated = None
        its_own = stem.lower() in every or (provider, stem.lower()) not in fresh
        id_ = stem if its_own and (provider, stem) not in used else every[0]
        used.add((provider, id_))
        file = PARTNERS if provider == "google" else f"{provider}.yaml"
        retired = next((o.retired for _, o, _ in members if o.retired), None)
        sold.append(Sold(provider, file, id_, offer.mode, every, dated, retired, offer.free, tuple(entries)))
    return sorted(sold, key=lambda s: (s.provider, s.id))


REGION_PREFIX = re.compile(
    r"^(?:(?:[a-z]{2}(?:-gov)?-[a-z]+-\d|eu|apac|au|jp|ca|in|us-gov|global|us|ap|sa|regional)[./])+"
)


def _settled(
    provider: str, name: str, ours: Offer, theirs: Offer, versions: Mapping[str, str], today: dt.date, lines: list[Line]
) -> tuple[list[Entry], dict[str, str], Offer]:
    """The entries of a name that both libraries have.

    genai-prices is believed, because it has history and no conversions; litellm about regions of Bedrock, which
    genai-prices prices alike. What only one of them has is taken from it.
    """
    regional = provider == "bedrock" and REGION.fullmatch(name) and not name.startswith(("us.", "global."))
    ahead, behind = (theirs, ours) if regional else (ours, theirs)
    now, other = dict(ahead.entries[-1]), behind.entries[-1]
    mine, others = now.get("per_mtok", {}), other.get("per_mtok", {})
    apart = [r for r in mine.keys() & others.keys() if not _alike(mine[r], others[r])]
    if not apart:
        # litellm writes 0 where nothing is billed, genai-prices leaves it out
        now["per_mtok"] = mine if provider in CONVERTED else {**others, **mine}
        for key in ("per_unit", "per_request", "modifiers", "windows", "tiers"):
            if key in other and key not in now and not (key == "per_request" and "per_unit" in now):
                now[key] = other[key]
        if other.get("service") or now.get("service"):
            now["service"] = {**other.get("service", {}), **now.get("service", {})}
        source = _source([ours, theirs], versions, today)
    else:
        say = "/".join(f"{others[r]:f}" for r in ("input", "output") if r in others)
        which = "regional prices" if regional else "history"
        source = {
            **_source([ahead], versions, today),
            "confidence": "disputed",
            "note": f"{behind.library} has {say or ', '.join(apart)}; {ahead.library} is believed for its {which}",
        }
        for r in sorted(apart):
            lines.append(Line(provider, name, r, others[r], mine[r], "disputed", f"{behind.library}, {ahead.library}"))
    return (
        [*(dict(e) for e in ahead.entries[:-1]), now],
        source,
        replace(ahead, mode=theirs.mode, retired=theirs.retired),
    )


def _complete(entry: Entry) -> Entry:
    """A tier, a window and a level with rates of its own name every rate of the base: what they leave out stays as it is."""
    base = entry.get("per_mtok", {})

    def whole(part: Entry) -> Entry:
        return {**part, "per_mtok": {**base, **part["per_mtok"]}} if "per_mtok" in part else part

    done = dict(entry)
    for key in ("tiers", "windows"):
        if key in entry:
            done[key] = [whole(part) for part in entry[key]]
    if "service" in entry:
        levels = {name: whole(level) for name, level in entry["service"].items()}
        for level in levels.values():
            if "tiers" in level:
                level["tiers"] = [{**t, "per_mtok": {**level["per_mtok"], **t["per_mtok"]}} for t in level["tiers"]]
        done["service"] = levels
    return done


def _alike(a: Decimal, b: Decimal) -> bool:
    return a == b or abs(a - b) <= NOISE * max(a, b)


def _source(offers: Sequence[Offer], versions: Mapping[str, str], today: dt.date) -> dict[str, str]:
    via = ", ".join(dict.fromkeys(f"{o.library} {versions[o.library]}" for o in offers))
    return {"via": via, "checked": today.isoformat(), "confidence": "two-repos" if len(offers) > 1 else "one-repo"}


def _history(path: Path) -> dict[str, list[tuple[str, Entry]]]:
    """Dated observations of a CSV (source, model, seen_date, kind, *_usd_mtok) by model, oldest first, without repeats."""
    found: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path)) from None
    for row in sorted(rows, key=lambda r: r["seen_date"]):
        pairs = {
            r: Decimal(row[f"{r}_usd_mtok"] or 0).normalize() for r in ("input", "output", "cache_read", "cache_write")
        }
        sheet = {r: usd for r, usd in pairs.items() if usd or r == "output"}
        if row["kind"] != "removed" and sheet.get("input"):
            source = {"via": f"price history of {row['source']}", "evidence": row["commit"], "confidence": "one-repo"}
            entry = {
                "per_mtok": sheet,
                "source": {**source, "note": "seen on that day, in force since then or earlier"},
            }
            so_far = found[row["model"]]
            if not so_far or _core(so_far[-1][1]) != _core(entry):
                so_far.append((row["seen_date"], entry))
    return found


def _past(seen: Sequence[tuple[str, Entry]], now: Entry, last_seen: str) -> Iterator[Entry]:
    """Entries before the present one, whose `from` is set to the day since which it was seen.

    A present price that was not among those seen is younger than the observations, which end on `last_seen`.
    """
    same = [day for day, entry in seen if _core(entry) == _core(now)]
    before = [(day, e) for day, e in seen if _core(e) != _core(now) and (not same or day < same[-1])]
    for i, (day, entry) in enumerate(before):
        yield entry if i == 0 else {"from": day, **entry}
    if before:
        last = same[-1] if same and same[-1] > before[-1][0] else None
        now["from"] = last or (dt.date.fromisoformat(last_seen) + dt.timedelta(days=1)).isoformat()


def _core(entry: Entry) -> tuple[Any, ...]:
    return (entry.get("per_mtok", {}).get("input"), entry.get("per_mtok", {}).get("output") or Decimal(0))


def _new_lines(one: Sold) -> Iterator[Line]:
    entry = one.entries[-1]
    for group in ("per_mtok", "per_unit", "per_request"):
        for field, usd in entry.get(group, {}).items():
            yield Line(one.provider, one.id, field, None, usd, "new", entry["source"]["via"])


# what changed --------------------------------------------------------------------------------------------------------


def figures(model: Model, name: str, at_us: int) -> Figures:
    """All that is charged under a name at an instant, standard and by service level."""
    standard = _level(model, name, None, at_us)
    found = dict(standard)
    for tier in SERVICES:
        own = _level(model, name, tier, at_us)
        found.update({f"{tier} {field}": usd for field, usd in own.items()} if own != standard else {})
    return found


def _level(model: Model, name: str, tier: str | None, at_us: int) -> Figures:
    """The figures of one service level; none when it is not sold."""
    try:
        boxes = rates.boxes(model, name, rates.Terms(tier))
    except rates.NoTermsError:
        return {}
    found: dict[str, Decimal] = {}
    for box in boxes:
        if box.since_us <= at_us < box.until_us and not box.assumed and not box.week_from_s:
            over = f"over={box.size_from - 1} " if box.size_from else ""
            for column, pico in box.pico.items():
                usd = Decimal(pico) / box.denominator / rates.PICO_PER_USD_MTOK
                found[f"{over}{RATE_OF_COLUMN[column]}"] = usd.normalize()
            for unit, pico in box.unit_pico.items():
                found[unit] = (Decimal(pico) / box.denominator / rates.PICO_PER_USD).normalize()
    return found


def _compared(
    known: Mapping[tuple[str, str], list[tuple[str, Model, Offer]]],
    lock: Mapping[str, Any] | None,
    today: dt.date,
    versions: Mapping[str, str],
    lines: list[Line],
) -> tuple[list[Changed], dict[str, dict[str, str]]]:
    """Figures that the libraries state and the catalogue does not share.

    Where the lock has the same figure, somebody looked at it and left the catalogue as it was. Without a lock nothing
    is known to have changed, only to differ. A change is written when every name of the model says the same.
    """
    at_us = int(dt.datetime(today.year, today.month, today.day, tzinfo=dt.timezone.utc).timestamp()) * 1_000_000
    seen: Mapping[str, Mapping[str, str]] = (lock or {}).get("kept", {})
    kept: dict[str, dict[str, str]] = {}
    changed: list[Changed] = []
    for (provider, id_), members in known.items():
        moves: dict[str, Entry] = {}
        held = False
        model = members[0][1]
        for name, _, offer in members:
            differing = _differing(model, name, offer, at_us)
            if not differing:
                held = held or offer.library == GENAI or len({o.library for _, _, o in members}) == 1
                continue
            key = f"{offer.library} {provider}/{name}"
            standing = seen.get(key, {})
            moved = lock is not None and any(standing.get(f) != f"{new:f}" for f, (_, new) in differing.items())
            if moved:
                entry = {k: v for k, v in offer.entries[-1].items() if k != "from"}
                source = _source([offer], versions, today)
                moves[repr(entry)] = {"from": today.isoformat(), **_complete(entry), "source": source}
            else:
                kept[key] = {f: f"{new:f}" for f, (_, new) in differing.items()}
            state = "changed" if moved else "kept"
            lines += [Line(provider, id_, f, old, new, state, offer.library) for f, (old, new) in differing.items()]
        if len(moves) == 1 and not held:
            changed.append(Changed(model, next(iter(moves.values()))))
        elif moves:
            lines[:] = [
                replace(line, state="disputed")
                if (line.provider, line.model, line.state) == (provider, id_, "changed")
                else line
                for line in lines
            ]
    return changed, kept


def _differing(model: Model, name: str, offer: Offer, at_us: int) -> dict[str, tuple[Decimal | None, Decimal]]:
    """Base rates and those of published tiers and levels that the library states otherwise."""
    ours = figures(model, name, at_us)
    entry = offer.entries[-1]
    theirs: dict[str, Decimal] = dict(entry.get("per_mtok", {}))
    for tier in entry.get("tiers", ()):
        over = tier["over"] - (1 if tier.get("inclusive") else 0)
        theirs |= {f"over={over} {r}": usd for r, usd in tier["per_mtok"].items()}
    for level, service in entry.get("service", {}).items():
        if level in SERVICES:
            factor = service.get("multiply")
            own = service.get("per_mtok") or {r: usd * factor for r, usd in entry.get("per_mtok", {}).items()}
            theirs |= {f"{level} {r}": usd.normalize() for r, usd in own.items()}
    return {
        field: (ours.get(field), usd)
        for field, usd in sorted(theirs.items())
        if usd and (field not in ours or not _alike(usd, ours[field]))
    }


# writing -------------------------------------------------------------------------------------------------------------


def read_lock(folder: Path) -> Mapping[str, Any] | None:
    path = folder / LOCK
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"is no JSON: {error}", place=str(path), hint="take it from version control") from None
    return found if isinstance(found, dict) else {}


def write(found: Plan, folder: Path, prices: Catalogue, today: dt.date) -> list[Path]:
    """Appends what is new and what changed to the files of `folder` and leaves the lock. All files are read back first."""
    texts: dict[Path, str] = {}
    for one in found.changed:
        path = folder / one.model.place.rpartition(":")[0]
        text = texts.get(path) or path.read_text(encoding="utf-8")
        texts[path] = price_text.with_entry(text, one.model.id, one.entry)
    by_file: dict[str, list[Sold]] = defaultdict(list)
    for sold in found.new:
        by_file[sold.file].append(sold)
    for file, some in by_file.items():
        path = folder / file
        text = texts.get(path) or (
            path.read_text(encoding="utf-8") if path.exists() else price_text.head(some[0].provider, prices)
        )
        texts[path] = price_text.with_models(text, some)
    for path, text in texts.items():
        reader.read(text.encode(), path.name)
    _put(texts)
    # what the files say now is what was decided: whatever the libraries say otherwise is known from here on
    kept = plan(load_folder(folder), found.read, None, today).kept
    read = [{"library": r.name, "version": r.version, "sha256": r.sha256, "day": today.isoformat()} for r in found.read]
    lock = {folder / LOCK: _lock_text(read, kept)}
    _put(lock)
    return sorted([*texts, *lock])


def _put(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", place=str(path), hint="--into FOLDER") from error


def _lock_text(read: Sequence[Mapping[str, str]], kept: Mapping[str, Mapping[str, str]]) -> str:
    """JSON with one name a line, so that a change of one is a change of one line."""
    names_ = ",\n".join(f"  {json.dumps(key)}: {json.dumps(dict(sorted(kept[key].items())))}" for key in sorted(kept))
    sources = ",\n".join(f"  {json.dumps(one)}" for one in read)
    return f'{{"schema": "llmcost.prices-lock/1",\n "read": [\n{sources}\n ],\n "kept": {{\n{names_}\n }}}}\n'
