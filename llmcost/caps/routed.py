"""Caps under routing: the same analysis on simulated traffic, and how far the cap could rise at what it costs."""

from __future__ import annotations

from decimal import Decimal, localcontext

from llmcost.caps import advice
from llmcost.caps import detail as more
from llmcost.caps.cap import Cap
from llmcost.caps.findings import PlanFound, Recommended
from llmcost.caps.recommend import recommend
from llmcost.caps.traffic import Asked
from llmcost.caps.worth import DIGITS, monthly_caps
from llmcost.config import Config
from llmcost.model import Column, Table
from llmcost.store import Store

SCHEMA = "llmcost.caps-under-routing/1"


def under_routing(
    store: Store,
    config: Config,
    asked: Asked,
    *,
    simulated: str,
    ideal: str | None = None,
    now_us: int,
    window: Cap,
    unit: str | None = None,
    detail: bool = False,
) -> list[Table]:
    """The tables of `llmcost caps` for the traffic in the relation `simulated`, and before them how far each plan's cap could rise.

    `simulated` and `ideal` (what an ideal router would have done) are temporary tables of this store with the columns of
    the ledger view: same rows, other model and cost. `window` is the short window, as for `recommend`.
    """
    base = recommend(store, config, asked, now_us=now_us, window=window, unit=unit)
    with store.standing_for("ledger", simulated):
        routed = recommend(store, config, asked, now_us=now_us, window=window, unit=base.unit)
        tables = advice.for_people(routed, detail=detail)
        tables += more.tables(store, config, asked, routed) if detail else []
    best = None
    if ideal is not None:
        with store.standing_for("ledger", ideal):
            best = recommend(store, config, asked, now_us=now_us, window=window, unit=base.unit)
    return [rise(base, routed, best), *tables]


def rise(base: Recommended, routed: Recommended, ideal: Recommended | None = None) -> Table:
    """One row per plan: K = L / mean cost as logged, as routed and with an ideal router; dollars per unit and per month.

    `lift` is mean cost as logged / as routed; `headroom` is ideal / routed: 1 is a router that cannot be beaten.
    """
    columns = [
        Column("plan", "text"),
        Column("allowable", "source_cost", "may cost"),
        Column("cost_base", "source_cost", f"a {base.unit} now"),
        Column("cost_routed", "source_cost", "routed"),
        Column("cost_ideal", "source_cost", "ideal", brief=False, data_only=ideal is None),
        Column("cap_base", "count", "cap now"),
        Column("cap_routed", "count", "cap routed"),
        Column("cap_ideal", "count", "cap ideal", data_only=ideal is None),
        Column("safe95_base", "count", "safe now", brief=False),
        Column("safe95_routed", "count", "safe routed", brief=False),
        Column("safe95_ideal", "count", "safe ideal", brief=False, data_only=ideal is None),
        Column("lift", "ratio", "cap lift"),
        Column("headroom", "ratio", "headroom", data_only=ideal is None),
    ]
    with localcontext(prec=DIGITS):
        rows = [_row(one, routed, ideal) for one in base.plans if one.name is not None]
    notes = [
        "cap: what the allowance buys on average; safe: for 95 of 100 users who use it up; lift: cost now / cost routed",
        "a higher cap is used: this is what a user could be given, and not what the bill would be",
    ]
    if ideal is not None:
        notes.insert(1, "headroom: ideal cost / routed cost, the part of the ideal cap that this router reaches")
    return Table(SCHEMA, f"How far caps could rise, in {base.unit}s a month", columns, rows, notes=notes)


def _row(one: PlanFound, routed: Recommended, ideal: Recommended | None) -> list[object]:
    same = [one, _plan(routed, one.name), _plan(ideal, one.name)]
    costs = [None if plan is None else plan.per_unit for plan in same]
    means = [None if cost is None else cost.mean for cost in costs]
    allowable = one.worth.allowable
    caps = [
        {} if cost is None or allowable is None else monthly_caps(allowable, cost.mean, cost.sd, cost.p95)
        for cost in costs
    ]
    figures = [None if value is None else round(value, 12) for value in (allowable, *means)]
    base, now, best = means
    safe = [cap.get("safe95") for cap in caps]
    return [one.name, *figures, *(cap.get("mean") for cap in caps), *safe, _ratio(base, now), _ratio(best, now)]


def _plan(found: Recommended | None, name: str | None) -> PlanFound | None:
    return None if found is None else next((one for one in found.plans if one.name == name), None)


def _ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if part is None or not whole else round(part / whole, 6)
