"""Suggestions as tables: two groups for people, llmcost.suggestions/1 for programs."""

from __future__ import annotations

from llmcost.figures import count, money
from llmcost.model import Column, Table
from llmcost.routing.suggest import GROUPS, Suggestion, Tried
from llmcost.routing.view import dollars, text
from llmcost.spend.report import trust_notes

SCHEMA = "llmcost.suggestions/1"
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
        "assumptions": _about(tried),
    }
    return Table(SCHEMA, "What could cost less", COLUMNS, [_row(one) for one in tried.suggestions], head=head,
                 foot=foot | {"trust": tried.trust.as_json()}, rows_name="suggestions")  # fmt: skip


def _row(one: Suggestion) -> list[object]:
    low, high = one.interval.saving_pico if one.interval else (None, None)
    ends = [None if end is None else dollars(end) for end in (low, high)]
    return [
        one.move.group,
        one.move.name,
        one.what,
        one.requests,
        dollars(one.before_pico),
        dollars(one.saving_pico),
    ] + [
        *ends,
        one.risk,
        one.policy,
    ]


def for_people(tried: Tried) -> list[Table]:
    """One table per group; what each kind of move risks stands below."""
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
        "no interval where token ratios of the other model are assumed, not measured",
    ]
    if tried.saves_nothing:
        told.append(f"tried, and saves nothing: {'; '.join(tried.saves_nothing)}")
    if tried.without:
        told.append(f"does not fit this log: {', '.join(tried.without)}")
    told.append("shorter prompts cannot be tried: the ledger keeps no text")
    return told
