"""What `llmcost caps` found as tables: llmcost.caps/1 for programs, and one row per plan for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

from llmcost.caps.cap import HOUR_US
from llmcost.caps.findings import Candidate, Costs, PlanFound, Recommended
from llmcost.caps.recommend import LEVEL
from llmcost.caps.worth import BOUNDS, DIGITS
from llmcost.figures import count, exact, exact_money, money, shown
from llmcost.fx import cells_as_shown
from llmcost.model import Column, Table

SCHEMA = "llmcost.caps/1"
TOP = 20
"""Users over their allowance that people see; programs see all."""

PLAN_KEYS = (
    *("plan", "users", "ltv", "ltv_basis", "allowable_per_user_month", "bounds", "binding", "cost_per_request"),
    *("cost_per_turn", "monthly_cap", "recommended", "candidates", "actual"),
)


def as_document(found: Recommended) -> Table:
    """llmcost.caps/1: a row is a plan."""
    with localcontext(prec=DIGITS):
        company = found.company
        head: dict[str, object] = {
            "company": {
                "allowance": exact_money(company.allowance),
                "bill": exact_money(company.bill),
                "revenue": exact_money(company.revenue),
                "payers_per_free_user": _fine(company.payers_per_free_user),
            },
            "sample": {"days": found.days, "users": found.users, "provisional": found.provisional},
            "rates_assumed": list(found.rates),
        }
        rows = [[_plan(found, one)[key] for key in PLAN_KEYS] for one in found.plans]
        over = [
            {
                "user": user,
                "plan": plan,
                "cost_per_month": exact_money(cost),
                "allowable_per_month": exact_money(allowed),
                "times": _fine(cost / allowed) if allowed else None,
            }
            for user, plan, cost, allowed in found.users_over
        ]
        columns = [Column(key, "count" if key == "users" else "text") for key in PLAN_KEYS]
        return Table(SCHEMA, "Caps by plan", columns, rows, head=head, foot={"users_over": over}, rows_name="plans")


def with_detail(document: Table, tables: Sequence[Table]) -> Table:
    """The document with further tables at its end: `detail` is a list of {title, rows, notes}."""
    told = [
        {
            "title": table.title,
            "rows": [
                dict(
                    zip(
                        (column.name for column in table.columns),
                        map(_rounded, cells_as_shown(table, row)),
                        strict=True,
                    )
                )
                for row in table.rows
            ],
            "notes": list(table.notes),
        }
        for table in tables
    ]
    return replace(document, foot={**document.foot, "detail": told})


def _plan(found: Recommended, one: PlanFound) -> Mapping[str, object]:
    worth = one.worth
    return {
        "plan": one.name,
        "users": one.users,
        "ltv": exact_money(worth.ltv),
        "ltv_basis": None if worth.ltv is None else worth.ltv_basis,
        "allowable_per_user_month": exact_money(worth.allowable),
        "bounds": {name: exact_money(worth.bounds.get(name)) for name in dict.fromkeys((*BOUNDS, *worth.bounds))},
        "binding": worth.binding,
        "cost_per_request": _costs(one.per_request),
        "cost_per_turn": _costs(one.per_turn),
        "monthly_cap": dict(one.caps),
        "recommended": _recommended(found, one),
        "candidates": [_candidate(found, one, candidate) for candidate in one.candidates],
        "actual": _actual(found, one),
    }


def _costs(costs: Costs | None) -> Mapping[str, object] | None:
    if costs is None:
        return None
    interval = None
    if costs.interval is not None:
        low, high = costs.interval
        interval = {"low": exact_money(low), "high": exact_money(high), "level": LEVEL, "method": "t over users"}
    return {
        "mean": exact_money(costs.mean),
        "sd": exact_money(costs.sd),
        "p50": exact_money(costs.p50),
        "p95": exact_money(costs.p95),
        "interval": interval,
    }


def _recommended(found: Recommended, one: PlanFound) -> list[Mapping[str, object]]:
    caps: list[Mapping[str, object]] = []
    if one.monthly is not None:
        caps.append({"limit": one.monthly, "unit": one.unit, "window": "month", "kind": "aligned"})
    if one.short is not None:
        caps.append({"limit": one.short, "unit": one.unit, "window": found.window, "kind": "rolling"})
    if one.monthly_usd is not None:
        caps.append({"limit": exact(one.monthly_usd), "unit": "usd", "window": "month", "kind": "aligned"})
    return caps


def _candidate(found: Recommended, one: PlanFound, cap: Candidate) -> Mapping[str, object]:
    after = _cost_under(found, one, cap)
    risk = _at_risk(one, cap)
    return {
        "limit": cap.limit,
        "unit": one.unit,
        "window": "month",
        "kind": "aligned",
        "blocked": cap.units_blocked,
        "requests_blocked": cap.requests_blocked,
        "spend_avoided": exact_money(cap.spend_avoided),
        "users_touched": cap.users_touched,
        "payers_touched": _payers(one, cap),
        "hours_to_first_block": _hours(cap.first_block_us),
        "longest_lockout_hours": _hours(cap.lockout_us),
        "ltv_at_risk": exact_money(risk),
        "break_even_churn": _fine(_break_even(one, cap)),
        "cost_per_user_month": exact_money(after),
        "affordable": _affordable(one, cap),
    }


def _hours(us: int | None) -> Decimal | None:
    return None if us is None else round(Decimal(us) / HOUR_US, 2)


def _length(us: int | None) -> str:
    """4.2 h, 12.5 d"""
    if us is None:
        return "-"
    return f"{Decimal(us) / HOUR_US:.1f} h" if us < 48 * HOUR_US else f"{Decimal(us) / HOUR_US / 24:.1f} d"


def _affordable(one: PlanFound, cap: Candidate) -> bool | None:
    """Whether a user who uses the cap up stays within the allowance on average."""
    costs, allowable = one.per_unit, one.worth.allowable
    if one.affordable is False:
        return False
    return None if costs is None or allowable is None else cap.limit * costs.mean <= allowable


def _cost_under(found: Recommended, one: PlanFound, cap: Candidate) -> Decimal | None:
    if one.cost_per_user_month is None or not found.days or not one.users:
        return None
    return one.cost_per_user_month - cap.spend_avoided / found.months / one.users


def _payers(one: PlanFound, cap: Candidate) -> int | None:
    return None if one.pays is None else cap.users_touched if one.pays else 0


def _at_risk(one: PlanFound, cap: Candidate) -> Decimal | None:
    return None if one.worth.ltv is None else one.worth.ltv * cap.users_touched


def _break_even(one: PlanFound, cap: Candidate) -> Decimal | None:
    """The share of the touched users that may leave before their LTV outweighs what the cap avoids in the sample."""
    risk = _at_risk(one, cap)
    return cap.spend_avoided / risk if risk and risk > 0 else None


def _margin(one: PlanFound, cost: Decimal | None) -> Decimal | None:
    """Of a user and month, all users of the plan counted."""
    if one.plan is None or one.revenue is None or cost is None or not one.users:
        return None
    return one.revenue / one.users - one.plan.other_cost - cost


def _actual(found: Recommended, one: PlanFound) -> Mapping[str, object]:
    chosen = one.chosen
    under = None if chosen is None else _cost_under(found, one, chosen)
    means = one.short_means
    return {
        "users_active": one.users_active,
        "requests": one.requests,
        "turns": one.units if one.unit == "turn" else None,
        "cost": exact_money(one.cost),
        "cost_per_user_month": exact_money(one.cost_per_user_month),
        "margin_per_user_month": exact_money(_margin(one, one.cost_per_user_month)),
        "margin_under_cap": exact_money(_margin(one, under)),
        "cap_by_replay": one.by_replay,
        "affordable": one.affordable,
        "ltv_decides": one.worth.ltv_decides,
        "ltv_after": exact_money(one.worth.ltv_after),
        "binding_changes": None
        if one.worth.changes_at is None
        else {"churn_per_month": one.worth.changes_at[0], "binding": one.worth.changes_at[1]},
        "short_window": None
        if means is None
        else {
            "windows_per_month": _fine(means["windows_per_month"]),
            "max_units": means["max_requests"],
            "max_cost": exact_money(means["max_cost"]),
            "times_over_budget": _fine(means["times_over"]),
            "max_duty_cycle": _fine(means["duty_cycle"]),
        },
        "reasons": list(one.reasons),
    }


def _fine(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 6)


def as_rows(found: Recommended) -> Table:
    """One row per plan, flat: for spreadsheets."""
    with localcontext(prec=DIGITS):
        return _overview(found)


def for_people(found: Recommended, *, detail: bool) -> list[Table]:
    """The company check, and one row per plan; with `detail` also the bounds, the candidates and who is over."""
    with localcontext(prec=DIGITS):
        tables = [_company(found), _overview(found)]
        if detail:
            tables += [_bounds(found), _unit_costs(found), _candidates(found), _over(found)]
        return tables


def _overview(found: Recommended) -> Table:
    columns = [
        Column("plan", "text"),
        Column("users", "count"),
        Column("ltv", "source_cost", "worth", brief=False),
        Column("allowable", "source_cost", "may cost"),
        Column("binding", "text", "by", brief=False),
        Column("cost", "source_cost", "costs now"),
        Column("monthly_cap", "text", "cap a month"),
        Column("usd_cap", "source_cost", f"or in {_currency()}", brief=False),
        Column("short_cap", "text", "short cap"),
        Column("users_touched", "count", "users touched"),
        Column("payers_touched", "count", "payers touched", brief=False),
        Column("margin", "source_cost", "margin now", brief=False),
        Column("margin_under_cap", "source_cost", "margin under cap", brief=False),
    ]
    rows: list[list[object]] = []
    for one in found.plans:
        cap = one.chosen
        under = None if cap is None else _cost_under(found, one, cap)
        rows.append(
            [
                one.name,
                one.users,
                one.worth.ltv,
                one.worth.allowable,
                one.worth.binding or "-",
                one.cost_per_user_month,
                _cap_text(one),
                one.monthly_usd,
                "-" if one.short is None else f"{one.short}/{found.window}",
                None if cap is None else cap.users_touched,
                None if cap is None else _payers(one, cap),
                _margin(one, one.cost_per_user_month),
                _margin(one, under),
            ]
        )
    return Table(
        SCHEMA,
        f"Caps by plan, in {found.unit}s; {_currency()} per user and month",
        columns,
        [[_rounded(cell) for cell in row] for row in rows],
        notes=[*_sample_notes(found), *_plan_notes(found)],
    )


def _currency() -> str:
    return "dollars" if shown().currency == "USD" else shown().currency


def _rounded(cell: object) -> object:
    return round(cell, 12) if isinstance(cell, Decimal) else cell


def _cap_text(one: PlanFound) -> str:
    if one.monthly is None:
        return "none affordable" if one.affordable is False else "-"
    return f"{one.monthly}" + (" unaffordable" if one.affordable is False else "")


def _company(found: Recommended) -> Table:
    """The check that goes before all caps: one row."""
    company = found.company
    columns = [
        Column("allowance", "source_cost", "allowances"),
        Column("bill", "source_cost", "bill now"),
        Column("revenue", "source_cost"),
        Column("other_cost", "source_cost", "other costs"),
        Column("left", "source_cost"),
        Column("holds", "flag", "affordable"),
        Column("payers", "decimal", "payers per free user"),
        Column("needed", "decimal", "needed"),
    ]
    there = round(Decimal(company.payers) / company.free_users, 3) if company.free_users else None
    needed = company.payers_per_free_user
    figures = (company.allowance, company.bill, company.revenue, company.other_cost, company.surplus)
    row = [*map(_rounded, figures), company.holds, there, None if needed is None else round(needed, 3)]
    notes = [
        f"not in it: users without {what}, {count(number)}"
        for number, what in ((company.without_allowance, "an allowance"), (company.without_revenue, "a known price"))
        if number
    ]
    if company.holds is False:
        notes.append(
            "all users at their allowance cost more than there is: caps that others must fund are unaffordable"
        )
    return Table(
        SCHEMA, "The company, a month: all users at their allowance, the silent ones too", columns, [row], notes=notes
    )


def _sample_notes(found: Recommended) -> list[str]:
    notes = [f"sample: {count(found.users)} users in {count(found.days)} days, production only"]
    if found.provisional:
        notes.append("provisional: under 28 days or 100 users, the figures may still move a lot")
    if found.unpriced:
        notes.append(
            f"requests without a known cost, {count(found.unpriced)}: the bill is higher, and they are in no mean"
        )
    if found.ltv_told and found.ltv_basis is None:
        notes.append(
            f"{count(found.ltv_told)} users have an LTV in users.csv, which is not used: say ltv: {{basis: before}} or after (LLM cost), or --ltv-basis"
        )
    return notes + found.left_out.notes("user")


def _plan_notes(found: Recommended) -> list[str]:
    notes = []
    for one in found.plans:
        name = one.name or "(no plan)"
        notes += [f"{name}: {reason}" for reason in one.reasons]
        means, costs = one.short_means, one.per_unit
        if means is not None and costs is not None and means["times_over"] is not None:
            notes.append(
                f"{name}: {one.short}/{found.window} does not bound the bill: it allows {count(means['max_requests'])} {one.unit}s a month, "
                f"{money(means['max_cost'])}, {means['times_over']:.1f} times the allowance; the monthly cap does"
            )
    if any(one.monthly is not None for one in found.plans):
        notes.append(
            f"cap a month: 95 of 100 users who use it up stay within the allowance; {found.window}: what 95 of 100 users within it never exceed"
        )
        notes.append(
            "whoever is blocked may come back later, ask more elsewhere, or leave: avoided spend is no promise"
        )
    return notes


def _bounds(found: Recommended) -> Table:
    names = list(dict.fromkeys((*BOUNDS, *(name for one in found.plans for name in one.worth.bounds))))
    columns = [Column("plan", "text"), *(Column(name, "source_cost", name) for name in names)]
    columns += [
        Column("binding", "text"),
        Column("ltv_decides", "flag", "LTV decides", brief=False),
        Column("changes_at_churn", "share", "changes at churn", brief=False),
        Column("changes_to", "text", "to", brief=False),
    ]
    rows = [
        [
            one.name,
            *(_rounded(one.worth.bounds.get(name)) for name in names),
            one.worth.binding or "-",
            one.worth.ltv_decides,
            one.worth.changes_at[0] if one.worth.changes_at else None,
            one.worth.changes_at[1] if one.worth.changes_at else "-",
        ]
        for one in found.plans
    ]
    notes = [
        f"{rate['rate']}: {'not told, so 0' if rate['given'] is None else rate['given']}, used as {rate['used']:f}"
        for rate in found.rates
    ]
    return Table(SCHEMA, "What a user may cost a month, by every rule that was asked for", columns, rows, notes=notes)


def _unit_costs(found: Recommended) -> Table:
    columns = [
        Column("plan", "text"),
        Column("per", "text"),
        Column("number", "count"),
        *(Column(name, "source_cost") for name in ("mean", "low", "high", "sd", "p50", "p95")),
    ]
    rows = []
    for one in found.plans:
        for per, costs in (("request", one.per_request), ("turn", one.per_turn)):
            if costs is not None:
                low, high = costs.interval or (None, None)
                figures = (costs.mean, low, high, costs.sd, costs.p50, costs.p95)
                rows.append([one.name, per, costs.number, *map(_rounded, figures)])
    notes = ["low and high: where the mean is at 95 %, by Student's t over users; p50 and p95: nearest rank"]
    return Table(SCHEMA, "What a request and a turn cost", columns, rows, notes=notes)


def _candidates(found: Recommended) -> Table:
    columns = [
        Column("plan", "text"),
        Column("cap", "text"),
        Column("blocked", "count"),
        Column("requests_blocked", "count", "requests blocked", brief=False),
        Column("spend_avoided", "source_cost", "spend avoided"),
        Column("users_touched", "count", "users touched"),
        Column("payers_touched", "count", "payers touched", brief=False),
        Column("first_block", "text", "first block", brief=False),
        Column("lockout", "text", "longest lockout", brief=False),
        Column("ltv_at_risk", "source_cost", "LTV at risk"),
        Column("break_even_churn", "share", "break-even churn"),
        Column("affordable", "flag"),
    ]
    rows: list[Sequence[object]] = [
        [
            one.name,
            f"{cap.limit}/month",
            cap.units_blocked,
            cap.requests_blocked,
            cap.spend_avoided,
            cap.users_touched,
            _payers(one, cap),
            _length(cap.first_block_us),
            _length(cap.lockout_us),
            _rounded(_at_risk(one, cap)),
            _rounded(_break_even(one, cap)),
            _affordable(one, cap),
        ]
        for one in found.plans
        for cap in one.candidates
    ]
    notes = [
        "in the sample; first block: the soonest after the first of a user's month; break-even churn: the share of touched users that may leave before it costs more than it saves"
    ]
    if rows:
        notes += [
            f"{one.name}: by replay the active users stay within the allowance on average up to {one.by_replay}/month"
            for one in found.plans
            if one.by_replay is not None
        ]
    return Table(SCHEMA, "Candidates, from loose to tight", columns, rows, notes=notes)


def _over(found: Recommended) -> Table:
    columns = [
        Column("user", "text"),
        Column("plan", "text"),
        Column("cost", "source_cost", "costs a month"),
        Column("allowable", "source_cost", "may cost"),
        Column("times", "text"),
    ]
    rows = [
        [user, plan, _rounded(cost), _rounded(allowed), f"{cost / allowed:.1f}" if allowed else "-"]
        for user, plan, cost, allowed in found.users_over[:TOP]
    ]
    notes = []
    if len(found.users_over) > TOP:
        notes.append(f"{count(len(found.users_over) - TOP)} more: --format json lists all")
    return Table(SCHEMA, "Users who cost more than their plan allows", columns, rows, notes=notes)
