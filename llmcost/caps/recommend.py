"""From plans and production traffic to caps that can be defended: the company first, then what each plan may cost and which caps follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext
from statistics import NormalDist
from typing import Any

from llmcost.attribution import facts, focus
from llmcost.caps import traffic
from llmcost.caps.cap import PICO, Cap, months_between
from llmcost.caps.company import against, assess
from llmcost.caps.findings import Candidate, Costs, PlanFound, Recommended, months_of
from llmcost.caps.plans import Tariffs, horizon_months, tariffs, worths
from llmcost.caps.traffic import Asked
from llmcost.caps.worth import DIGITS, Plan, Worth, from_ltv, monthly_caps, short_window
from llmcost.config import Config
from llmcost.errors import nearest
from llmcost.resources import sql
from llmcost.store import Store
from llmcost.windows import DAY_US

STEPS = (Decimal(2), Decimal("1.5"), Decimal(1), Decimal("0.75"), Decimal("0.5"))
"""The candidates from loose to tight, as multiples of the recommended monthly cap."""

LEVEL = Decimal("0.95")
_T_975 = ("12.706205", "4.302653", "3.182446", "2.776445", "2.570582", "2.446912", "2.364624", "2.306004", "2.262157")
"""The 97.5 % point of Student's t for 1 to 9 degrees of freedom."""


def recommend(
    store: Store,
    config: Config,
    asked: Asked,
    *,
    now_us: int,
    window: Cap,
    unit: str | None = None,
    ltv_basis: str | None = None,
    ltv_months: int | None = None,
) -> Recommended:
    """`window` is the short window that a cap is looked for in; `ltv_basis` (before or after) says what the LTVs of users.csv are.

    Basis and horizon default to `ltv.basis` and `ltv.horizon` of the config.
    """
    ltv_basis = ltv_basis or config.ltv["basis"]
    ltv_months = horizon_months(config) if ltv_months is None else ltv_months
    with localcontext(prec=DIGITS):
        bill, unpriced, first_us, last_us = _bill(store, config, asked)
        days = 0 if first_us is None else last_us // DAY_US - first_us // DAY_US + 1
        now_us = now_us if last_us is None else last_us
        told = tariffs(config, (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=now_us)).date())
        aside = traffic.left_out(store, config, asked)
        unit = unit or ("turn" if aside.has_turns else "request")
        by_request = _prepare(store, config, asked, "request")
        by_turn = _prepare(store, config, asked, "turn") if aside.has_turns else {}
        if aside.has_turns and unit == "request":
            _prepare(store, config, asked, "request")
        _people(store, config, now_us)
        store.run(sql("caps/month_ends.sql"))
        if first_us is not None:
            store.load("cap_months", ("month", "ends_us"), months_between(asked.tz, first_us, last_us))
        months, known = months_of(days), worths(told)
        found = [
            _plan(store, row, told, known, months, by_request, by_turn, unit, window, ltv_basis, ltv_months)
            for row in _rows_by_plan(store, told)
        ]
        active, with_ltv = store.row(sql("caps/active.sql"))
        company = assess(found, None if bill is None or not months else bill / months)
        if company.holds is False:
            found = [against(one) for one in found]
        return Recommended(
            company,
            found,
            _users_over(store, found, months),
            told,
            days,
            int(active),
            window.window,
            unit,
            unpriced,
            aside,
            int(with_ltv),
            ltv_basis,
        )


def _bill(store: Store, config: Config, asked: Asked) -> tuple[Decimal | None, int, int | None, int]:
    lens = focus(store, config, asked.tz)
    text = lens.select({"cap_scope": "scope"}, asked.where, asked.window)
    cost, unpriced, first_us, last_us = store.row(sql("caps/bill.sql").format(attributed=text), lens.params)
    return cost, int(unpriced), first_us, last_us


def _prepare(store: Store, config: Config, asked: Asked, unit: str) -> dict[str | None, Costs]:
    """Fills `cap_units`, and says what one costs by plan."""
    caps = [Cap(1, "1h", unit=unit)]
    traffic.prepare(store, config, asked, caps, plans=True)
    at = "make_timestamp(ts_us)"
    local = at if asked.tz == "UTC" else f"timezone($tz, timezone('UTC', {at}))"
    params = {} if asked.tz == "UTC" else {"tz": asked.tz}
    store.run(sql("caps/units.sql").format(members=traffic.members(caps), local=local), params)
    return {plan: _costs(*sums) for plan, *sums in store.rows(sql("caps/unit_costs.sql"))}


def _costs(
    number: int, cost: int, squares: int, p50: int, p95: int, users: int, numbers: int, products: int, user_squares: int
) -> Costs:
    total = Decimal(cost)
    mean = total / number
    sd = None
    if number > 1:
        sd = max(Decimal(0), (squares - total * mean) / (number - 1)).sqrt() / PICO
    return Costs(
        number,
        mean / PICO,
        sd,
        Decimal(p50) / PICO,
        Decimal(p95) / PICO,
        _interval(mean / PICO, number, users, numbers, Decimal(products).scaleb(-9), Decimal(user_squares).scaleb(-18)),
    )


def _interval(
    mean: Decimal, number: int, users: int, numbers: int, products: Decimal, squares: Decimal
) -> tuple[Decimal, Decimal] | None:
    """Of the mean at 95 %: Student's t over users, as what one user asks for is alike (the ratio of two sums, linearised)."""
    if users < 2:
        return None
    scatter = max(Decimal(0), squares - 2 * mean * products + mean * mean * numbers)
    wide = t_975(users - 1) * (scatter * users / (users - 1)).sqrt() / number
    return max(Decimal(0), mean - wide), mean + wide


def t_975(freedom: int) -> Decimal:
    """The 97.5 % point of Student's t, from 10 degrees of freedom on by its expansion around the normal one."""
    if freedom <= len(_T_975):
        return Decimal(_T_975[freedom - 1])
    z = Decimal(repr(NormalDist().inv_cdf(0.975)))
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum((term / freedom**power for power, term in enumerate(terms)), Decimal(0))


def _people(store: Store, config: Config, now_us: int) -> None:
    told, params = sql("caps/told_nobody.sql"), {}
    if config.users is not None:
        facts.users_table(store, config)
        told, params = sql("caps/told.sql"), {"now_us": now_us}
    store.run(sql("caps/people.sql").format(told=told), params)


def _rows_by_plan(store: Store, told: Tariffs) -> list[Sequence[Any]]:
    """A row for every plan that is in the config or has users; plans of the config first, in their order."""
    rows = {row[0]: row for row in store.rows(sql("caps/plan_people.sql"))}
    ours = [rows.pop(name, (name, 0, 0, 0, None, 0, None, 0, 0, 0, 0)) for name in told.plans]
    return [*ours, *rows.values()]


def _plan(
    store: Store,
    row: Sequence[Any],
    told: Tariffs,
    known: Mapping[str, Worth],
    months: Decimal,
    by_request: Mapping[str | None, Costs],
    by_turn: Mapping[str | None, Costs],
    unit: str,
    window: Cap,
    ltv_basis: str | None,
    ltv_months: int | None,
) -> PlanFound:
    name, users, active, with_ltv, ltv, with_revenue, revenue, units, requests, spenders, cost_pico = row
    plan = told.plans.get(name)
    cost = Decimal(cost_pico) / PICO
    now = cost / months / users if users and months else None
    per_request, per_turn = by_request.get(name), by_turn.get(name)
    found = _worth(name, known)
    if plan is not None and with_ltv and ltv_basis:
        found = from_ltv(
            plan, told.targets, ltv / with_ltv, basis=ltv_basis, horizon_months=ltv_months, llm_per_month=now
        )
        if with_ltv < users:
            found = replace(found, reasons=(*found.reasons, f"the LTV is the mean of {with_ltv} of {users} users"))
    costs = per_turn if unit == "turn" else per_request
    reasons = list(found.reasons)
    caps: Mapping[str, int | None] = dict.fromkeys(("mean", "safe95", "p95_cost"))
    if costs is None:
        reasons.append(f"no {unit} with a known cost in the sample")
    elif found.allowable is not None:
        caps = monthly_caps(found.allowable, costs.mean, costs.sd, costs.p95)
    monthly = _monthly(caps)
    if found.affordable and monthly == 0:
        reasons.append(f"no affordable cap: the allowance buys less than one {unit} a month")
    monthly = monthly or None
    short = means = largest = None
    candidates: Sequence[Candidate] = ()
    if monthly is not None and found.allowable is not None and costs is not None:
        short = _short(store, name, window, found.allowable * months, monthly)
        if short is not None:
            hours = Decimal(window.span_us) / 3_600_000_000
            means = short_window(short, hours, costs.mean, found.allowable)
        largest = _largest(store, name, found.allowable * months * spenders)
        candidates = _candidates(store, name, monthly)
    return PlanFound(
        name=name,
        plan=plan,
        worth=found,
        users=users,
        users_active=active,
        revenue=_revenue(plan, users, with_revenue, revenue),
        units=units,
        requests=requests,
        cost=cost,
        cost_per_user_month=now,
        per_request=per_request,
        per_turn=per_turn,
        unit=unit,
        caps=caps,
        monthly=monthly,
        short=short,
        short_means=means,
        by_replay=largest,
        candidates=candidates,
        reasons=reasons,
        affordable=found.affordable,
    )


def _revenue(plan: Plan | None, users: int, with_revenue: int, told: Decimal | None) -> Decimal | None:
    """A month's, of all users of a plan: what users.csv says, and the price of the others."""
    if with_revenue == users:
        return told or Decimal(0)
    if plan is None or plan.price is None:
        return None
    return (told or Decimal(0)) + plan.price * (users - with_revenue)


def _worth(name: str | None, known: Mapping[str, Worth]) -> Worth:
    if name is None:
        return Worth("", reasons=("no plan is known of them",))
    hint = nearest(name, known)
    missing = Worth(name, reasons=("llmcost.yaml has no such plan" + (f": {hint}" if hint else ""),))
    return known.get(name, missing)


def _monthly(caps: Mapping[str, int | None]) -> int | None:
    """What is recommended: the cap that is safe for 95 of 100 single users, else that of the mean."""
    return caps["mean"] if caps["safe95"] is None else caps["safe95"]


def _short(store: Store, plan: str | None, window: Cap, most: Decimal, monthly: int) -> int | None:
    """What 95 of 100 users within the allowance never exceed in such a window; None when nobody is."""
    text = sql("caps/bursts.sql").format(before=window.span_us - 1)
    found = store.value(text, {"plan": plan, "most_pico": round(most * PICO)})
    return None if found is None else min(int(found), monthly)


def _largest(store: Store, plan: str | None, most: Decimal) -> int | None:
    """The largest monthly cap under which the active users cost no more than allowed on average; None when no cap is needed."""
    within, longest = store.row(sql("caps/largest.sql"), {"plan": plan, "most_pico": round(most * PICO)})
    return None if within == longest else int(within or 0)


def _candidates(store: Store, plan: str | None, monthly: int) -> list[Candidate]:
    limits = list(dict.fromkeys(max(1, int(monthly * step)) for step in STEPS))
    store.run(sql("caps/candidates.sql"))
    store.load("cap_candidates", ("number", "most"), list(enumerate(limits)))
    return [
        Candidate(limits[number], units, requests, Decimal(pico) / PICO, users, first_us, lockout_us)
        for number, units, requests, pico, users, first_us, lockout_us in store.rows(
            sql("caps/beyond.sql"), {"plan": plan}
        )
    ]


def _users_over(store: Store, plans: Sequence[PlanFound], months: Decimal) -> list[tuple[str, str, Decimal, Decimal]]:
    """Who costs more in a month than their plan allows."""
    limits = {
        one.name: max(Decimal(0), one.worth.allowable)
        for one in plans
        if one.name is not None and one.worth.allowable is not None
    }
    if not limits or not months:
        return []
    store.run(sql("caps/allowed.sql"))
    store.load("cap_allowed", ("plan", "most_pico"), [(name, round(x * months * PICO)) for name, x in limits.items()])
    return [
        (user, plan, Decimal(pico) / PICO / months, limits[plan])
        for user, plan, pico in store.rows(sql("caps/users_over.sql"))
    ]
