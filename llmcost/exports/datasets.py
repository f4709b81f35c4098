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
from llmcost.spend import report
from llmcost.store import Store, quote_identifier
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


def _daily(store: Store, config: Config, where: Condition | None, window: Window) -> Rows:
    """A report by nine dimensions; exports always use UTC days."""
    found = report.groups(store, config, DAILY_BY, where, window, "UTC")
    found.sort(key=lambda row: [(cell is not None, cell) for cell in row[: len(DAILY_BY)]])
    yield from _by_day(iter(found))


def _kind_of(column: ledger.LedgerColumn) -> Kind:
    if column.name == "cost":
        return "cost"
    if column.type.startswith("DECIMAL"):
        return "source_cost"
    kinds: dict[str, Kind] = {"BIGINT": "count", "TIMESTAMP": "time"}
    return kinds.get(column.type, "text")


def _requests(store: Store, config: Config, where: Condition | None, window: Window) -> Rows:
    lens = focus(store, config, "UTC")
    select = lens.select({"utc_day": "day"}, where, window)
    names = ", ".join(map(quote_identifier, ledger.NAMES))
    text = sql("exports/requests.sql").format(names=names, select=select)
    leaving = _private(store, config)
    for day, rows in _by_day(list(row) for batch in store.batches(text, lens.params) for row in batch):
        yield day, [leaving(row[1:]) for row in rows]


def _private(store: Store, config: Config) -> Callable[[list[Any]], list[Any]]:
    """A row as it may leave the store: `privacy.user: hashed` keeps the names of users inside, `privacy.tags` all other tags.

    Equal users stay equal, also where a tag holds the name.
    """
    user, tags = ledger.NAMES.index("user"), ledger.NAMES.index("tags")
    kept = config.privacy["tags"]
    key = (store.fact("prompt_key") or "").encode() if config.privacy["user"] == "hashed" else None

    def leaving(row: list[Any]) -> list[Any]:
        name = row[user]
        if kept is not None and row[tags]:
            row[tags] = {tag: value for tag, value in row[tags].items() if tag in kept}
        if key is not None and name is not None:
            digest = hashlib.blake2b(name.encode("utf-8", "replace"), key=key, digest_size=16).hexdigest()
            row[user] = digest
            row[tags] = {tag: digest if value == name else value for tag, value in (row[tags] or {}).items()}
        return row

    return leaving


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
        (*(Column(name, "text") for name in DAILY_BY), *report.FIGURES),
        _daily,
    ),
    "requests": Dataset("requests", tuple(Column(c.name, _kind_of(c)) for c in ledger.COLUMNS), _requests),
}
