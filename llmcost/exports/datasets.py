"""The datasets that can be exported, one row of a table each: columns, the query, and the day a row belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost import ledger
from llmcost.attribution import focus
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.model import Column, Kind, Table
from llmcost.resources import sql
from llmcost.store import Store
from llmcost.windows import Window

Rows = Iterator[tuple[str | None, list[list[Any]]]]
"""(UTC day or None for rows without time, rows of that day), days rising."""


@dataclass(frozen=True)
class Dataset:
    """`read` yields the rows day by day; every day fits in memory."""

    name: str
    columns: tuple[Column, ...]
    read: Callable[[Store, Config, Condition | None, Window], Rows]

    def table(self, rows: Sequence[Sequence[Any]]) -> Table:
        return Table(f"llmcost.export.{self.name}/1", self.name, self.columns, rows)


DAILY_BY = ("day", "scope", "source", "provider", "model", "agent", "feature", "plan", "team")
DAILY_FIGURES = (
    *("requests", "attempts", "turns", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("cost", "source_cost", "unpriced_requests", "usage_missing"),
)
_KINDS: dict[str, Kind] = {"cost": "cost", "source_cost": "source_cost"}


def _daily(store: Store, config: Config, where: Condition | None, window: Window) -> Rows:
    lens = focus(store, config, "UTC")  # exports always use UTC days
    select = lens.select(DAILY_BY, where, window)
    found = store.rows(f"WITH attributed AS ({select})\n{sql('exports/daily.sql')}", lens.params)
    yield from _by_day(list(row) for row in found)


def _kind_of(column: ledger.LedgerColumn) -> Kind:
    if column.name == "cost":
        return "cost"
    if column.type.startswith("DECIMAL"):
        return "source_cost"
    return {"BIGINT": "count", "TIMESTAMP": "time"}.get(column.type, "text")  # type: ignore[return-value]


def _requests(store: Store, config: Config, where: Condition | None, window: Window) -> Rows:
    lens = focus(store, config, "UTC")
    select = lens.select(("day",), where, window)
    hidden = _hidden(store, config)
    user = ledger.NAMES.index("user")
    text = f"SELECT dim_1, {', '.join(chr(34) + name + chr(34) for name in ledger.NAMES)} FROM ({select}) ORDER BY dim_1 NULLS FIRST, seq"

    def rows() -> Iterator[list[Any]]:
        for batch in store.batches(text, lens.params):
            for row in batch:
                cells = list(row)
                cells[user + 1] = hidden(cells[user + 1])
                yield cells

    for day, found in _by_day(rows()):
        yield day, [row[1:] for row in found]


def _hidden(store: Store, config: Config) -> Callable[[str | None], str | None]:
    """privacy.user: hashed keeps names of users inside; equal users stay equal."""
    if config.privacy["user"] != "hashed":
        return lambda user: user
    key = str(store.value("SELECT value FROM meta WHERE name = 'prompt_key'"))
    return lambda user: None if user is None else hashlib.blake2b(user.encode("utf-8", "replace"), key=key.encode(), digest_size=16).hexdigest()


def _by_day(rows: Iterator[list[Any]]) -> Rows:
    day: str | None = None
    held: list[list[Any]] = []
    for row in rows:
        if held and row[0] != day:
            yield day, held
            held = []
        day = row[0]
        held.append(row)
    if held:
        yield day, held


DATASETS: dict[str, Dataset] = {
    "daily": Dataset(
        "daily",
        tuple(Column(n, "text") for n in DAILY_BY) + tuple(Column(n, _KINDS.get(n, "count")) for n in DAILY_FIGURES),
        _daily,
    ),
    "requests": Dataset("requests", tuple(Column(c.name, _kind_of(c)) for c in ledger.COLUMNS), _requests),
}
