"""The rows of a gate's Table by name, for the reports that are made for machines and platforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from llmcost.model import Table

Row = Mapping[str, Any]
Places = Mapping[str, str]
"""FILE:LINE of the rules that stand in a file, by id."""


def rows(table: Table) -> list[Row]:
    """One mapping per rule and scope, with the keys of the JSON."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def of_status(table: Table, *statuses: str) -> list[Row]:
    return [row for row in rows(table) if row["status"] in statuses]


def name(row: Row) -> str:
    """The scope as a name; a rule without one is about all."""
    return str(row["scope"] or "all")


def sentence(row: Row) -> str:
    """month-total (plan=free): $12.00 is above $9.00."""
    scope = f" ({row['scope']})" if row["scope"] else ""
    return f"{row['id']}{scope}: {row['reason']}"


def cost(table: Table) -> str:
    """The cost of the window in USD, exact; empty when nothing has a price."""
    trust: Any = table.foot.get("trust") or {}
    known: Sequence[str] = [one["cost"] for one in trust.get("sources", ()) if one["cost"] is not None]
    return f"{sum(map(Decimal, known), Decimal(0)):.12f}" if known else ""


def place(row: Row, places: Places) -> tuple[str, int] | None:
    """File and line of the rule; None for a rule of flags."""
    file, _, line = places.get(str(row["id"]), "").rpartition(":")
    return (file, int(line)) if file else None
