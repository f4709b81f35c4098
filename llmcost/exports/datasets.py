"""The datasets that can be exported, one row of a table each: its columns, how its rows are gathered, and when it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from llmcost import __version__, ledger
from llmcost.attribution import focus as lens_over
from llmcost.config import Config
from llmcost.exports import caps, focus
from llmcost.exports.asked import Asked, Gathered, run_window
from llmcost.exports.cells import Field
from llmcost.resources import sql
from llmcost.spend import report
from llmcost.store import Store, quote_identifier
from llmcost.windows import Window


@dataclass(frozen=True)
class Dataset:
    """`gather` gives the rows of a run of days as SQL, with the day of each as `utc_day`.

    `fields` are the columns under a version of the dataset; `order` sorts the rows of a day, nulls first. `cost` is the
    column whose sum the manifest keeps. `closes`: a closed month is corrected by rows of their own. `whole`: a run is
    gathered at once, else day by day. `by_month`: a folder per billing period above the days.
    `day_facts`: what else than its own rows a day depends on, by day; `undated`: rows without time have a place.
    """

    name: str
    fields: Callable[[Asked], tuple[Field, ...]]
    order: Callable[[Asked], Sequence[str]]
    gather: Callable[[Store, Config, Asked, Sequence[str | None]], Gathered]
    cost: str = "cost"
    closes: bool = True
    whole: bool = True
    by_month: bool = False
    undated: bool = True
    day_facts: Callable[[Store, Config, Mapping[str, str]], Mapping[str, str]] | None = None
    formats: tuple[str, ...] = ("csv", "parquet", "ndjson")


@dataclass(frozen=True)
class DayFound:
    """What the ledger holds of a day: if this is as it was when a file was written, the file still is what it would be."""

    rows: int
    min_us: int | None
    max_us: int | None
    facts: str
    prices: str


PRICE_COLUMNS = ("cost", "price_id", "unpriced_reason", "usage_basis")
DAILY_BY = ("day", "scope", "source", "provider", "model", "agent", "feature", "plan", "team")
USERS_BY = ("day", "user", "plan", "scope")


def days(store: Store, config: Config, dataset: Dataset, window: Window) -> dict[str | None, DayFound]:
    """The UTC days of the ledger in a window of whole days, None for rows without time, with digests of what they hold."""
    facts = ", ".join(quote_identifier(c.name) for c in ledger.COLUMNS if c.name not in PRICE_COLUMNS)
    text = sql("exports/days.sql").format(facts=facts, prices=", ".join(PRICE_COLUMNS))
    bounds = {"since_us": window.since_us, "until_us": window.until_us}
    found = {
        day: DayFound(rows, low, high, f"{facts:016x}", f"{prices:016x}")
        for day, rows, low, high, facts, prices in store.rows(text, bounds)
        if day is not None or dataset.undated
    }
    if dataset.day_facts is None:
        return found
    dated = {day: one.facts + one.prices for day, one in found.items() if day is not None}
    for day, fact in dataset.day_facts(store, config, dated).items():
        was = found.get(day, DayFound(0, None, None, "", ""))
        found[day] = DayFound(was.rows, was.min_us, was.max_us, _digest(was.facts, fact), was.prices)
    return dict(sorted(found.items(), key=lambda item: item[0] or ""))


def settings_digest(store: Store, config: Config, dataset: Dataset, asked: Asked) -> str:
    """What else than the ledger a file depends on: attribution, users, privacy, prices, the condition, and this code."""
    parts: list[object] = [
        __version__,
        dataset.name,
        dataset.fields(asked),
        asked.where,
        asked.raw_users,
        asked.sanitize,
    ]
    parts += [sorted(config.attribution.items()), [(r.when, sorted(r.sets.items())) for r in config.rules]]
    parts += [config.scope, config.privacy, config.prices, config.export["billing_account"]]
    parts += [(e.file.name, e.on, e.set) for e in config.enrich]
    parts += [_content(path) for path in (config.users, *(e.file for e in config.enrich), *config.prices["overrides"])]
    parts += [config.caps] if dataset.name == "caps" else []
    parts += [focus.catalogue_digest(store, config)] if dataset.name == "focus" else []
    return _digest(*map(repr, parts))[:16]


def runs(wanted: Sequence[str | None], *, whole: bool) -> list[list[str | None]]:
    """The days in runs that are gathered together: neighbours in the calendar, or each day alone."""
    found: list[list[str | None]] = []
    for day in wanted:
        last = found[-1][-1] if found else None
        if whole and day and last and date.fromisoformat(day) - date.fromisoformat(last) == timedelta(days=1):
            found[-1].append(day)
        else:
            found.append([day])
    return found


def _content(path: Path | None) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError:
        return ""  # whoever reads it says so


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sums(by: Sequence[str]) -> Callable[[Store, Config, Asked, Sequence[str | None]], Gathered]:
    """A report by these dimensions; the first is the day."""

    def gather(store: Store, config: Config, asked: Asked, wanted: Sequence[str | None]) -> Gathered:
        text, params = report.grouped(store, config, by, asked.where, run_window(asked, wanted), "UTC")
        names = []
        for number, name in enumerate(by, 1):
            value = f"export_hashed(dim_{number})" if name == "user" and not asked.raw_users else f"dim_{number}"
            names.append(f"{value} AS {quote_identifier(name)}")
        chosen = ", ".join([*names, *(c.name for c in report.FIGURES)])
        store.run(
            f"CREATE OR REPLACE TEMP TABLE export_sums AS SELECT dim_1 AS utc_day, {chosen} FROM ({text})", params
        )
        return Gathered("FROM export_sums")

    return gather


def _sum_fields(by: Sequence[str]) -> Callable[[Asked], tuple[Field, ...]]:
    fields = (*(Field(name, "text") for name in by), *(Field(c.name, c.kind) for c in report.FIGURES))
    return lambda _asked: fields


def _request_field(column: ledger.LedgerColumn) -> Field:
    kinds = {"BIGINT": "number", "TIMESTAMP": "time", "VARCHAR": "text", "DECIMAL(38,24)": "source_cost"}
    return Field(column.name, "cost" if column.name == "cost" else kinds.get(column.type, "json"))


def _requests(store: Store, config: Config, asked: Asked, wanted: Sequence[str | None]) -> Gathered:
    """Every row of the ledger as it was read, less what privacy keeps inside: names of users, and tags that are not listed."""
    lens = lens_over(store, config, "UTC")
    select = lens.select({"utc_day": "day"}, asked.where, run_window(asked, wanted))
    given: dict[str, object] = {}
    tags = "tags"
    if (kept := config.privacy["tags"]) is not None:
        given["kept_tags"] = list(kept)
        tags = f"map_from_entries(list_filter(map_entries({tags}), lambda e: list_contains($kept_tags, e.key)))"
    user = '"user"'
    if not asked.raw_users:
        entry = f"struct_pack(k := e.key, v := CASE WHEN e.value = {user} THEN export_hashed(e.value) ELSE e.value END)"
        tags = f"map_from_entries(list_transform(map_entries({tags}), lambda e: {entry}))"
        user = f"export_hashed({user})"
    changed = f'{user} AS "user", CASE WHEN tags IS NOT NULL THEN {tags} END AS tags'
    return Gathered(f"SELECT * REPLACE ({changed}) FROM ({select})", lens.params | given)


DATASETS: dict[str, Dataset] = {
    one.name: one
    for one in (
        Dataset("daily", _sum_fields(DAILY_BY), lambda _asked: DAILY_BY, _sums(DAILY_BY)),
        Dataset("users", _sum_fields(USERS_BY), lambda _asked: USERS_BY, _sums(USERS_BY)),
        Dataset(
            "requests",
            lambda _asked: tuple(map(_request_field, ledger.COLUMNS)),
            lambda _asked: ("seq",),
            _requests,
            closes=False,
            whole=False,
        ),
        Dataset(
            "caps",
            lambda _asked: caps.FIELDS,
            lambda _asked: caps.ORDER,
            caps.gather,
            closes=False,
            undated=False,
            day_facts=caps.day_facts,
        ),
        Dataset(
            "focus",
            focus.fields,
            focus.order,
            focus.gather,
            cost="EffectiveCost",
            by_month=True,
            undated=False,
            day_facts=focus.day_facts,
            formats=("csv", "parquet"),
        ),
    )
}
