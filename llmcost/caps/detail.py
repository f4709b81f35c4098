"""The long answer of `llmcost caps --detail`: kinds of window, margins by user, lifetimes, sensitivity, and costs by mix and by user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, localcontext

from llmcost.attribution import focus
from llmcost.caps import traffic
from llmcost.caps.cap import KINDS, PICO, Cap
from llmcost.caps.findings import PlanFound, Recommended
from llmcost.caps.plans import Tariffs, worths
from llmcost.caps.replay import replay
from llmcost.caps.survival import Geometric
from llmcost.caps.traffic import Asked
from llmcost.caps.worth import DIGITS, Plan, monthly_caps
from llmcost.config import Config
from llmcost.figures import count, money, percent
from llmcost.model import Column, Table
from llmcost.resources import sql
from llmcost.store import Store

SCHEMA = "llmcost.caps/1"
TOP = 20
BARS = 8
"""A histogram has about so many bars."""

SWING = Decimal("0.25")
LONGEST_PAYBACK = 120
"""Months after which a payback is told as none."""


def tables(store: Store, config: Config, asked: Asked, found: Recommended) -> list[Table]:
    """After `recommend` on the same store and question: what it left in the temporary tables is asked further."""
    with localcontext(prec=DIGITS):
        margins = _margins(store, found)
        mix, by_user = _mix(store, config, asked), _by_user(store, found)
        kinds = _kinds(store, config, asked, found)
        return [mix, by_user, kinds, *margins, _lifetimes(found), _sensitivity(found)]


def _usd(pico: int | None) -> Decimal | None:
    return None if pico is None else Decimal(pico) / PICO


def _fine(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 12)


def _kinds(store: Store, config: Config, asked: Asked, found: Recommended) -> Table:
    """The recommended short cap of each plan under every kind of window, replayed."""
    plans = [one for one in found.plans if one.short is not None and one.name is not None]
    caps = [
        Cap(one.short or 1, found.window, unit=one.unit, kind=kind, plan=one.name) for one in plans for kind in KINDS
    ]
    rows: list[list[object]] = []
    if caps:
        limits = traffic.prepare(store, config, asked, caps)
        done = replay(store, [[limit] for limit in limits], asked.tz)
        for cap, one in zip(caps, done, strict=True):
            figures = (one.refused("block"), one.users_refused, _usd(one.refused_cost("block")))
            rows.append([cap.plan, cap.text, cap.kind, *figures])
    columns = [
        Column("plan", "text"),
        Column("cap", "text"),
        Column("kind", "text"),
        Column("requests_blocked", "count", "requests blocked"),
        Column("users_touched", "count", "users touched"),
        Column("spend_avoided", "source_cost", "spend avoided"),
    ]
    return Table(SCHEMA, "The short cap under every kind of window", columns, rows)


def _margins(store: Store, found: Recommended) -> list[Table]:
    """The histogram of what users leave in a month, and those who leave less than nothing."""
    known = [
        (one.name, int(one.plan.price * PICO), int(one.plan.other_cost * PICO))
        for one in found.plans
        if one.plan is not None and one.plan.price is not None
    ]
    store.run(sql("caps/tariffs.sql"))
    store.load("cap_tariffs", ("plan", "price_pico", "other_pico"), known)
    store.run(sql("caps/margins.sql"), {"days": max(1, found.days)})
    spans = store.rows(sql("caps/margin_spans.sql"))
    bars: list[list[object]] = []
    for plan, users, least, most, _, _ in spans:
        step = _step(int(least), int(most))
        for bar, inside, left in store.rows(sql("caps/margin_bins.sql"), {"plan": plan, "step": step}):
            share = Decimal(inside) / users
            bars.append([plan, _usd(bar * step), _usd((bar + 1) * step), inside, share, _usd(left), _drawn(share)])
    columns = [
        Column("plan", "text"),
        Column("from", "source_cost"),
        Column("below", "source_cost"),
        Column("users", "count"),
        Column("share", "share"),
        Column("margin", "source_cost", "together"),
        Column("bar", "text"),
    ]
    unknown = sum(one.users for one in found.plans) - sum(users for _, users, *_ in spans)
    notes = [f"not in it: users without a known price, {count(unknown)}"] if unknown else []
    histogram = Table(SCHEMA, "What users leave in a month: revenue - other costs - LLM", columns, bars, notes=notes)
    return [histogram, _unprofitable(store, spans)]


def _unprofitable(store: Store, spans: list[tuple[object, ...]]) -> Table:
    rows = [
        [user, plan, _usd(revenue), _usd(llm), _usd(margin)]
        for user, plan, revenue, llm, margin in store.rows(sql("caps/unprofitable.sql"), {"top": TOP})
    ]
    notes = []
    for plan, users, _, _, losing, loss in spans:
        if isinstance(users, int) and isinstance(losing, int) and isinstance(loss, int) and losing:
            share = percent(Decimal(losing) / users)
            notes.append(
                f"{plan}: {count(losing)} of {count(users)} users ({share}) lose {money(Decimal(-loss) / PICO)} a month"
            )
    columns = [
        Column("user", "text"),
        Column("plan", "text"),
        Column("revenue", "source_cost"),
        Column("llm", "source_cost", "LLM a month"),
        Column("margin", "source_cost"),
    ]
    return Table(SCHEMA, f"Users who leave less than nothing, the {TOP} dearest", columns, rows, notes=notes)


def _step(least: int, most: int) -> int:
    """A round width of 1, 2 or 5 times a power of ten that makes about BARS bars of the span."""
    width = max(1, (most - least) // BARS)
    power: int = 10 ** (len(str(width)) - 1)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width)


def _drawn(share: Decimal) -> str:
    return "█" * max(1, round(share * 20))


def _mix(store: Store, config: Config, asked: Asked) -> Table:
    lens = focus(store, config, asked.tz)
    names = {"cap_subject": asked.per, "cap_scope": "scope", "cap_plan": "plan", "cap_feature": "feature"}
    text = sql("caps/mix.sql").format(attributed=lens.select(names, asked.where, asked.window))
    found = store.rows(text, lens.params)
    whole = sum(cost for *_, cost in found)
    rows = [
        [
            plan,
            feature,
            model,
            requests,
            _fine((_usd(cost) or Decimal(0)) / requests),
            _usd(cost),
            Decimal(cost) / whole if whole else None,
        ]
        for plan, feature, model, requests, cost in found[:TOP]
    ]
    columns = [
        Column("plan", "text"),
        Column("feature", "text"),
        Column("model", "text"),
        Column("requests", "count"),
        Column("mean", "source_cost", "a request"),
        Column("cost", "source_cost", brief=False),
        Column("share", "share", "of cost"),
    ]
    rest = len(found) - TOP
    notes = [f"{count(rest)} more: llmcost report --by plan,feature,model"] if rest > 0 else []
    return Table(SCHEMA, "What a request costs, by feature and model", columns, rows, notes=notes)


def _by_user(store: Store, found: Recommended) -> Table:
    rows = [
        [plan, users, *map(_usd, figures), dearest]
        for plan, users, *figures, dearest in store.rows(sql("caps/user_means.sql"))
    ]
    columns = [
        Column("plan", "text"),
        Column("users", "count"),
        Column("cheapest", "source_cost", "cheapest"),
        Column("p50", "source_cost"),
        Column("p95", "source_cost"),
        Column("dearest", "source_cost", "dearest"),
        Column("user", "text", "who"),
    ]
    return Table(SCHEMA, f"What a {found.unit} costs, by user: each user's own mean", columns, rows)


def _lifetimes(found: Recommended) -> Table:
    discount = found.told.targets.discount
    rows = []
    for one in found.plans:
        plan, worth, now = one.plan, one.worth, one.cost_per_user_month
        cac = None if plan is None else plan.cac
        after = None
        if worth.ltv is not None and worth.multiple is not None and now is not None:
            after = worth.ltv - now * worth.multiple - (cac or 0)
        ratio = (after + cac) / cac if after is not None and cac else None
        figures = (worth.multiple, worth.ltv, now, after, worth.ltv_after, ratio)
        rows.append([one.name, *map(_fine, figures[:-1]), ratio, _payback(one, discount)])
    columns = [
        Column("plan", "text"),
        Column("months", "ratio", "months paid"),
        Column("ltv", "source_cost", "LTV before LLM", brief=False),
        Column("llm", "source_cost", "LLM a month"),
        Column("ltv_after", "source_cost", "LTV after LLM and CAC"),
        Column("ltv_at_cap", "source_cost", "at the allowance"),
        Column("ltv_to_cac", "ratio", "LTV:CAC now"),
        Column("payback", "text", "payback"),
    ]
    notes = [
        "payback: months until contribution less LLM has paid for acquisition, discounted; - where no cac is known"
    ]
    return Table(SCHEMA, "A user's life with the LLM in it", columns, rows, notes=notes)


def _payback(one: PlanFound, discount: Decimal) -> str:
    """In whole months, at what a user costs now."""
    plan, now = one.plan, one.cost_per_user_month
    if plan is None or plan.price is None or plan.cac is None or plan.survival is None or now is None:
        return "-"
    left = plan.price - plan.other_cost - now
    for month in range(1, LONGEST_PAYBACK + 1) if left > 0 else ():
        if left * (plan.survival.multiple(discount, month) or 0) >= plan.cac:
            return f"{month} months"
    return "never"


def _sensitivity(found: Recommended) -> Table:
    """What a quarter more or less of price, churn, cost or demand does to each plan: allowance, cap and margin."""
    rows = []
    for one in found.plans:
        if one.plan is None or one.worth.allowable is None or one.worth.ltv_basis in ("before", "after"):
            continue
        rows.append([one.name, "as it is", *_under(one, found.told, Decimal(1), Decimal(1))])
        for what in ("price", "churn", "cost", "demand"):
            for factor in (1 - SWING, 1 + SWING):
                told = found.told if what in ("cost", "demand") else _scaled(found.told, what, factor)
                cost, demand = (factor if what == name else Decimal(1) for name in ("cost", "demand"))
                rows.append([one.name, f"{what} {'+' if factor > 1 else '-'}25%", *_under(one, told, cost, demand)])
    columns = [
        Column("plan", "text"),
        Column("what", "text"),
        Column("allowable", "source_cost", "may cost"),
        Column("binding", "text", "by"),
        Column("monthly_cap", "count", "cap a month"),
        Column("cost", "source_cost", "costs"),
        Column("margin", "source_cost"),
    ]
    notes = [
        "price and churn of all plans at once, so that a free plan feels what its paying one does; caps not applied"
    ]
    if any(one.worth.ltv_basis in ("before", "after") for one in found.plans):
        notes.append("not in it: plans whose LTV is told by users.csv")
    return Table(SCHEMA, "If something turns out a quarter more or less", columns, rows, notes=notes)


def _scaled(told: Tariffs, what: str, factor: Decimal) -> Tariffs:
    return replace(told, plans={name: _with(plan, what, factor) for name, plan in told.plans.items()})


def _with(plan: Plan, what: str, factor: Decimal) -> Plan:
    if what == "price":
        return plan if plan.price is None else replace(plan, price=plan.price * factor)
    if isinstance(plan.survival, Geometric):
        return replace(plan, survival=Geometric(min(Decimal(1), plan.survival.churn * factor)))
    return plan


def _under(one: PlanFound, told: Tariffs, cost: Decimal, demand: Decimal) -> Iterator[object]:
    """Allowance, binding rule, monthly cap, cost and margin of a user and month."""
    found = worths(told).get(one.name or "")
    if found is None:
        return
    units = one.per_unit
    cap = None
    if units is not None and found.allowable is not None:
        sd = None if units.sd is None else units.sd * cost
        caps = monthly_caps(found.allowable, units.mean * cost, sd)
        cap = caps["mean"] if caps["safe95"] is None else caps["safe95"]
    now = None if one.cost_per_user_month is None else one.cost_per_user_month * cost * demand
    price, plan = found.price, told.plans[found.plan]
    margin = None if price is None or now is None else price - plan.other_cost - now
    yield from (_fine(found.allowable), found.binding or "-", cap, _fine(now), _fine(margin))
