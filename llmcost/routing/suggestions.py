"""Suggestions as tables: two groups for people, llmcost.suggestions/1 for programs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmcost.figures import count, exact_money, money
from llmcost.model import Column, Table
from llmcost.routing import cache_report
from llmcost.routing.suggest import GROUPS, WORTH, Suggestion, Tried
from llmcost.routing.view import dollars, text
from llmcost.spend.report import trust_notes

SCHEMA = "llmcost.suggestions/1"
NO_INTERVAL = "no interval where the other model is taken to need as many tokens: real ones move costs by 20-30%"
COLUMNS = (
    Column("group", "text"),
    Column("move", "text"),
    Column("what", "text"),
    Column("requests", "count"),
    Column("cost_before", "cost", "before"),
    Column("saving", "cost"),
    Column("saving_low", "cost"),
    Column("saving_high", "cost"),
    Column("risk", "text"),
    Column("policy", "text", data_only=True),
)


def as_document(tried: Tried) -> Table:
    """One row per suggestion; `policy` is a policy file that simulates it, the ends of the 95% interval null without one."""
    head = {"baseline": {"requests": tried.requests, "cost": text(tried.before_pico)}, "level": 0.95}
    foot = {
        "saves_nothing": list(tried.saves_nothing),
        "does_not_fit": list(tried.without),
        "caches": cache_report.as_objects(tried.caches),
        "assumptions": _about(tried),
    }
    return Table(SCHEMA, "What could cost less", COLUMNS, [_row(one) for one in tried.suggestions], head=head,
                 foot=foot | {"trust": tried.trust.as_json()}, rows_name="suggestions")  # fmt: skip


def as_objects(found: Sequence[Suggestion]) -> list[dict[str, object]]:
    """The rows of llmcost.suggestions/1 as the value of one key; money as JSON holds it."""
    return [
        {
            column.name: exact_money(cell) if isinstance(cell, Decimal) else cell
            for column, cell in zip(COLUMNS, _row(one), strict=True)
        }
        for one in found
    ]


def _row(one: Suggestion) -> list[object]:
    low, high = one.interval.saving_pico if one.interval else (None, None)
    ends = [None if end is None else dollars(end) for end in (low, high)]
    return [
        *(one.move.group, one.move.name, one.what, one.requests),
        *(dollars(one.before_pico), dollars(one.saving_pico), *ends),
        *(one.risk, one.policy),
    ]


def in_short(found: Sequence[Suggestion]) -> Table:
    """The best few for people, under a report; below them what each needs before anybody acts on it."""
    columns = [
        Column("what", "text", "move"),
        Column("before", "cost", "costs"),
        Column("saving", "cost", "could save"),
        Column("interval", "text", "95% interval", brief=False),
        Column("group", "text", "kind", brief=False),
    ]
    rows: list[list[object]] = [
        [one.what, dollars(one.before_pico), dollars(one.saving_pico), _interval(one), one.move.group] for one in found
    ]
    notes = list(dict.fromkeys(_risk(one) for one in found))
    if any(one.interval is None for one in found):
        notes.append(NO_INTERVAL)
    told = (
        "savings overlap and do not add up; all moves"
        if found
        else f"none saves {WORTH:.0%} of the cost or more; what was tried"
    )
    notes.append(f"{told}: llmcost simulate --suggest")
    return Table(SCHEMA, "What could save most", columns, rows, notes=notes, rows_name="suggestions")


def for_people(tried: Tried) -> list[Table]:
    """One table per group, between them the caches; what each kind of move risks stands below."""
    columns = [
        Column("what", "text", "move"),
        Column("requests", "count", brief=False),
        Column("before", "cost", brief=False),
        Column("saving", "cost"),
        Column("interval", "text", "95% interval", brief=False),
    ]
    tables = []
    for group in GROUPS:
        mine = [one for one in tried.suggestions if one.move.group == group]
        rows: list[list[object]] = [
            [one.what, one.requests, dollars(one.before_pico), dollars(one.saving_pico), _interval(one)] for one in mine
        ]
        last = group == GROUPS[-1]
        notes = list(dict.fromkeys(_risk(one) for one in mine)) or ["nothing that saves was found"]
        notes += [*_about(tried), *trust_notes(tried.trust, [])] if last else []
        if last:
            tables += cache_report.for_people(tried.caches)
        tables.append(Table(SCHEMA, f"Could cost less, {group}", columns, rows, notes=notes))
    return tables


def _risk(one: Suggestion) -> str:
    measured = one.risk != one.move.risk
    return f"{one.what if measured else one.move.name}: {one.risk}"


def _interval(one: Suggestion) -> str:
    if one.interval is None:
        return "-"
    low, high = one.interval.saving_pico
    return f"{money(dollars(low))} to {money(dollars(high))}"


def _about(tried: Tried) -> list[str]:
    told = [
        f"of {money(dollars(tried.before_pico))} for {count(tried.requests)} requests; savings overlap and do not add up",
        NO_INTERVAL,
    ]
    if tried.saves_nothing:
        told.append(f"tried, and saves nothing: {'; '.join(tried.saves_nothing)}")
    if tried.without:
        told.append(f"does not fit this log: {', '.join(tried.without)}")
    told.append("shorter prompts cannot be tried: the ledger keeps no text")
    return told
