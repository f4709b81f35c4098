"""A report in another currency: every day's dollars at the rate of that day, and the rates beside the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from llmcost import fx
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import money
from llmcost.model import Table
from llmcost.spend import report as spend
from llmcost.store import Store

Group = tuple[str | None, ...]
PLACE = "--currency"


def converted(table: Table, store: Store, config: Config, question: spend.Question, currency: str) -> Table:
    """The report with `cost` and `source_cost` in another currency. UsageError for a day without a rate.

    Costs are added up by group and day of the report's zone, converted exactly, and rounded once: see fx.converted. The
    trust line stays in dollars, in which the logs and prices are. Money of requests without a time has no rate: it is in
    none of the figures, and told.
    """
    if question.cost == "invoiced":
        raise UsageError("an invoice is shown in its own currency", place=PLACE, hint="leave it at USD")
    by = table.by
    costs, recorded, undated = _by_day(store, config, by, question)
    days = sorted({day for side in (costs, recorded) for each in side.values() for day in each})
    told = fx.of_days(config, currency, days, PLACE)
    figures = [
        fx.converted(side, told.usd.__getitem__)
        for side in ((recorded if question.cost == "source" else costs), recorded)
    ]
    dims = len(by)
    places = [dims + spend.COST, dims + spend.SOURCE_COST]
    rows = [
        [
            dict(zip(places, (side.get(tuple(row[:dims])) for side in figures), strict=True)).get(at, cell)
            for at, cell in enumerate(row)
        ]
        for row in table.rows
    ]
    total = table.total
    if total is not None:
        sums = [sum(side.values(), Decimal(0)) if side else None for side in figures]
        total = [dict(zip(places, sums, strict=True)).get(at, cell) for at, cell in enumerate(total)]
    return replace(
        table,
        rows=rows,
        total=total,
        currency=currency,
        head=dict(table.head) | {"currency": currency, "fx": told.as_json()},
        notes=[*_note(told, undated), *table.notes],
    )


def _by_day(
    store: Store, config: Config, by: Sequence[str], question: spend.Question
) -> tuple[dict[Group, dict[date, Decimal]], dict[Group, dict[date, Decimal]], Decimal]:
    """Our cost and the recorded one of every group by day, and our cost of what has no day."""
    found: tuple[dict[Group, dict[date, Decimal]], dict[Group, dict[date, Decimal]]] = ({}, {})
    undated = {spend.COST: Decimal(0), spend.SOURCE_COST: Decimal(0)}
    dims = len(by)
    rows = spend.groups(
        store, config, [*by, "day"], question.where, question.window, question.tz, spend.relation_of(question)
    )
    for row in rows:
        for side, place in zip(found, (spend.COST, spend.SOURCE_COST), strict=True):
            usd: Any = row[dims + 1 + place]
            if usd is None:
                continue
            if row[dims] is None:
                undated[place] += usd
            else:
                side.setdefault(tuple(row[:dims]), {})[date.fromisoformat(row[dims])] = usd
    return (*found, undated[spend.COST])


def _note(told: fx.Told, undated: Decimal) -> list[str]:
    if not told.usd:
        return []
    left = (
        [f"{money(undated)} of requests without a time have no rate and are in no figure: llmcost ingest --date"]
        if undated
        else []
    )
    return [told.sentence(), *left]
