"""The one shape every analysis returns and every renderer takes: a Table of typed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["text", "count", "cost", "source_cost", "decimal", "ratio", "share", "time", "flag"]
"""What a cell is, so that each renderer knows how to write it. None is unknown, never zero.

text: str
count: int
cost: Decimal, 12 decimals (money we computed)
source_cost: Decimal, trailing zeros trimmed (money a log recorded)
decimal: Decimal, trailing zeros trimmed (a quantity or a rate)
ratio: Decimal, 3 decimals
share: Decimal fraction 0..1; people see percent
time: naive UTC datetime, or int µs since 1970
flag: bool
"""

Cell = object


@dataclass(frozen=True)
class Column:
    """One column: `name` is the stable key in JSON and CSV, `title` the heading people read."""

    name: str
    kind: Kind
    title: str = ""
    brief: bool = True
    """Shown in a terminal narrower than 100 columns."""
    data_only: bool = False
    """For programs: in json, ndjson and csv, never in a terminal or in markdown."""

    @property
    def heading(self) -> str:
        return self.title or self.name.replace("_", " ")


@dataclass(frozen=True)
class Table:
    """Rows of typed cells with what they rest on. One cell per column in each row and in `total`.

    `head` and `foot` are the JSON keys before and after the rows (window, trust ...), already in their public shape.
    `total` has None in the dimensions. `notes` are sentences for people, shown under the table.
    """

    schema: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    head: Mapping[str, object] = field(default_factory=dict)
    foot: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    currency: str = "USD"
    rows_name: str = "rows"
    """The JSON key of the rows."""

    @property
    def by(self) -> list[str]:
        """The dimensions of a report: its text columns."""
        return [column.name for column in self.columns if column.kind == "text" and not column.data_only]

    def for_people(self) -> Table:
        """Without the columns that are for programs."""
        kept = [i for i, column in enumerate(self.columns) if not column.data_only]
        if len(kept) == len(self.columns):
            return self
        return replace(
            self,
            columns=[self.columns[i] for i in kept],
            rows=[[row[i] for i in kept] for row in self.rows],
            total=None if self.total is None else [self.total[i] for i in kept],
        )
