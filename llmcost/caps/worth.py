"""From what a user is worth to what the LLM may cost per user and month: every bound, and the one that binds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from llmcost.caps.survival import Geometric, Survival
from llmcost.config import Duration, Rate

PERIODS = {"day": Decimal(12) / 365, "week": Decimal(84) / 365, "month": Decimal(1), "year": Decimal(12)}
"""Months in a period. A month is 730 hours: a twelfth of 365 days."""

DIGITS = 40
BY_LTV = ("ltv_cac", "payback")
"""The bounds in which the length of a user's life stands; the others hold whatever the churn."""

P = ParamSpec("P")
R = TypeVar("R")


def _exactly(function: Callable[P, R]) -> Callable[P, R]:
    """With more digits than anybody prints: only printing rounds."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(prec=DIGITS):
            return function(*args, **kwargs)

    return run


@_exactly
def monthly(rate: Rate) -> Decimal:
    """The share per month that amounts to this one per its period: 5%/month is 0.05; who is left after a year is left twelve times."""
    return rate.share if rate.per == "month" else 1 - (1 - rate.share) ** (1 / PERIODS[rate.per])


@_exactly
def monthly_discount(rate: Rate) -> Decimal:
    """Interest per month that compounds to this rate: 10%/year is 1.10^(1/12) - 1."""
    return rate.share if rate.per == "month" else (1 + rate.share) ** (1 / PERIODS[rate.per]) - 1


@_exactly
def months(length: Duration) -> Decimal:
    """A duration in months of 730 hours."""
    if length.seconds is None:
        return Decimal(length.count * (12 if length.unit == "year" else 1))
    return Decimal(length.seconds) / (730 * 3600)


@_exactly
def net_price(
    amount: Decimal, *, usd: Decimal = Decimal(1), vat: Decimal = Decimal(0), store_fee: Decimal = Decimal(0)
) -> Decimal:
    """What is left of a price: in dollars, without the tax that is inside, without the store's share of the rest."""
    return amount * usd / (1 + vat) * (1 - store_fee)


@dataclass(frozen=True)
class Plan:
    """A tariff, in dollars and months. `price` is net; what is not known is None."""

    name: str
    price: Decimal | None
    other_cost: Decimal = Decimal(0)
    survival: Survival | None = None
    cac: Decimal | None = None
    converts_to: str | None = None
    conversion: Decimal | None = None
    """Share of these users that moves to `converts_to` each month."""


@dataclass(frozen=True)
class Targets:
    """What must hold. None is not asked for, and does not bind."""

    gross_margin: Decimal | None = None
    ltv_to_cac: Decimal | None = None
    payback_months: int | None = None
    llm_share: Decimal | None = None
    discount: Decimal = Decimal(0)
    """Per month."""

    @property
    def named(self) -> bool:
        return any(one is not None for one in (self.gross_margin, self.ltv_to_cac, self.payback_months, self.llm_share))


BOUNDS = ("margin", "ltv_cac", "payback", "llm_share")


@dataclass(frozen=True)
class Worth:
    """What one user of a plan is worth and may cost, in dollars; None is unknown, and `reasons` say why."""

    plan: str
    price: Decimal | None = None
    multiple: Decimal | None = None
    """Months that are paid for, discounted to today."""
    ltv: Decimal | None = None
    """Contribution over the user's life before the LLM and before acquisition."""
    ltv_basis: str = "plan"
    """plan, or where another model's figure comes from: before or after LLM cost."""
    bounds: Mapping[str, Decimal | None] = field(default_factory=dict)
    """Per user and month; only bounds that were asked for."""
    binding: str | None = None
    allowable: Decimal | None = None
    ltv_after: Decimal | None = None
    """What stays of the LTV when a user costs what is allowed; acquisition is taken off where it is known."""
    changes_at: tuple[Decimal, str] | None = None
    """The nearest monthly churn at which another rule binds, and that rule."""
    reasons: tuple[str, ...] = ()

    @property
    def ltv_decides(self) -> bool | None:
        """Whether the user's life matters for what the user may cost."""
        if self.binding is None:
            return None
        # a plan's share of LTV is a share of its contribution; elsewhere all but the margin comes from an LTV
        return self.binding in BY_LTV or (self.ltv_basis != "plan" and self.binding != "margin")

    @property
    def affordable(self) -> bool | None:
        """False when a bound is negative: then there is no affordable cap."""
        return None if self.allowable is None else self.allowable > 0


@_exactly
def worth(plan: Plan, targets: Targets, paid: Worth | None = None) -> Worth:
    """The worth of a plan. For a plan that converts to another, `paid` is the worth of that one."""
    if plan.converts_to is not None:
        return _free(plan, targets, paid)
    reasons = []
    if plan.price is None:
        return Worth(plan.name, reasons=("it has no price",))
    multiple = plan.survival.multiple(targets.discount) if plan.survival else None
    if plan.survival is None:
        reasons.append("it has no churn, so nobody knows how long a user stays")
    elif multiple is None:
        reasons.append("its users never leave: the LTV has no end")
    contribution = plan.price - plan.other_cost
    bounds, missing = _bounds(plan, targets, multiple)
    reasons += missing
    found = Worth(
        plan.name,
        price=plan.price,
        multiple=multiple,
        ltv=None if multiple is None else contribution * multiple,
        bounds=bounds,
    )
    return _bind(found, plan, targets, reasons)


def _bounds(plan: Plan, targets: Targets, multiple: Decimal | None) -> tuple[dict[str, Decimal | None], list[str]]:
    """Each bound that was asked for, and what is missing to know it."""
    price, cac = plan.price or Decimal(0), plan.cac
    contribution = price - plan.other_cost
    bounds: dict[str, Decimal | None] = {}
    reasons = []
    if targets.gross_margin is not None:
        bounds["margin"] = price * (1 - targets.gross_margin) - plan.other_cost
    if targets.ltv_to_cac is not None:
        known = cac is not None and multiple is not None
        bounds["ltv_cac"] = contribution - targets.ltv_to_cac * cac / multiple if known else None  # type: ignore[operator]
    if targets.payback_months is not None:
        paid = plan.survival.multiple(targets.discount, targets.payback_months) if plan.survival else None
        bounds["payback"] = contribution - cac / paid if cac is not None and paid else None
    if targets.llm_share is not None:
        bounds["llm_share"] = targets.llm_share * contribution
    if cac is None and any(bounds.get(name, 0) is None for name in BY_LTV):
        reasons.append("it has no cac, which ltv_to_cac and payback need")
    return bounds, reasons


def _bind(found: Worth, plan: Plan, targets: Targets, reasons: list[str]) -> Worth:
    known = {name: value for name, value in found.bounds.items() if value is not None}
    if not targets.named:
        reasons.append("no target is named under ltv:, so nothing binds")
    if not known:
        return replace(found, reasons=tuple(reasons))
    binding = min(known, key=lambda name: (known[name], BOUNDS.index(name)))
    allowable = known[binding]
    if allowable <= 0:
        reasons.append(f"no affordable cap: {binding} leaves {allowable:.2f} a month")
    after = None
    if found.multiple is not None and plan.price is not None:
        after = (plan.price - plan.other_cost - allowable) * found.multiple - (plan.cac or 0)
    return replace(
        found,
        binding=binding,
        allowable=allowable,
        ltv_after=after,
        changes_at=_change(plan, targets, binding),
        reasons=tuple(reasons),
    )


def _change(plan: Plan, targets: Targets, binding: str) -> tuple[Decimal, str] | None:
    """The nearest churn at which another rule binds: looked for in steps of a thousandth, then halved down."""
    if not isinstance(plan.survival, Geometric):
        return None

    def rule(churn: Decimal) -> str | None:
        other = replace(plan, survival=Geometric(churn))
        bounds, _ = _bounds(other, targets, Geometric(churn).multiple(targets.discount))
        known = {name: value for name, value in bounds.items() if value is not None}
        return min(known, key=lambda name: (known[name], BOUNDS.index(name)), default=None)

    now, step = plan.survival.churn, Decimal("0.001")
    for far in range(1, 1001):
        for churn in (now - far * step, now + far * step):
            if not 0 < churn <= 1 or (other := rule(churn)) == binding or other is None:
                continue
            same, changed = (churn + step if churn < now else churn - step), churn
            for _ in range(40):
                middle = (same + changed) / 2
                same, changed = (middle, changed) if rule(middle) == binding else (same, middle)
            return round(changed, 6), rule(changed) or other
    return None


def _free(plan: Plan, targets: Targets, paid: Worth | None) -> Worth:
    """A free user becomes a paying one with `conversion`, or leaves with its churn, each month: L <= share x conversion x LTV.

    What the paying user is worth is taken after its own LLM cost, and without acquisition cost: free users are that.
    """
    reasons = []
    churn = plan.survival.churn if isinstance(plan.survival, Geometric) else None
    if plan.conversion is None:
        reasons.append("it has no conversion")
    if churn is None:
        why = (
            "it has no churn"
            if plan.survival is None
            else "its churn is a table of customers: a free plan needs one rate"
        )
        reasons.append(why)
    if paid is None or paid.ltv is None or paid.allowable is None or paid.multiple is None:
        reasons.append(f"the worth of {plan.converts_to} is not known")
    if reasons or plan.conversion is None or churn is None or paid is None:
        return Worth(plan.name, price=plan.price, reasons=tuple(reasons))
    value_paid = (paid.ltv or Decimal(0)) - (paid.allowable or Decimal(0)) * (paid.multiple or Decimal(0))
    leaves = plan.conversion + churn
    if leaves == 0:
        return Worth(plan.name, price=plan.price, reasons=("its users never convert and never leave",))
    value_per_month = plan.conversion * value_paid + (plan.price or 0) - plan.other_cost
    # without a share, all that free users will ever bring is the end of it
    share = Decimal(1) if targets.llm_share is None else targets.llm_share
    name = "zero_profit" if targets.llm_share is None else "llm_share"
    allowable = share * value_per_month
    if allowable <= 0:
        reasons.append(f"no affordable cap: {name} leaves {allowable:.2f} a month")
    return Worth(
        plan.name,
        price=plan.price,
        multiple=1 / leaves,
        ltv=value_per_month / leaves,
        ltv_basis="conversion",
        bounds={name: allowable},
        binding=name,
        allowable=allowable,
        ltv_after=(value_per_month - allowable) / leaves,
        reasons=tuple(reasons),
    )


@_exactly
def from_ltv(
    plan: Plan, targets: Targets, ltv: Decimal, *, basis: str, horizon_months: int | None, llm_per_month: Decimal | None
) -> Worth:
    """The worth of a user whose LTV the company's own model tells: it wins over what the plan would give.

    `basis` says whether that LTV is before or after LLM cost; after needs what the user costs now. `horizon_months` is the
    time it spans; None is the user's life.
    """
    if plan.converts_to is not None:
        # a free user stays until it converts or leaves; what is free has no margin, and winning it no cost of its own
        if isinstance(plan.survival, Geometric):
            plan = replace(plan, survival=Geometric(min(Decimal(1), plan.survival.churn + (plan.conversion or 0))))
        targets = Targets(llm_share=targets.llm_share if targets.llm_share is not None else Decimal(1))
    multiple = plan.survival.multiple(targets.discount, horizon_months) if plan.survival else None
    if multiple is None and horizon_months is not None:
        multiple = Decimal(horizon_months)
    if not multiple:
        return Worth(
            plan.name, ltv=ltv, ltv_basis=basis, reasons=("neither churn nor horizon: no months to spread it over",)
        )
    if basis == "after":
        if llm_per_month is None:
            return Worth(plan.name, ltv=ltv, ltv_basis=basis, reasons=("what the user costs now is not known",))
        ltv += llm_per_month * multiple
    per_month = ltv / multiple
    # the contribution of the plan gives way to the one that the LTV implies; the price stays what margins are taken of
    own = replace(plan, other_cost=(plan.price or per_month) - per_month, price=plan.price or per_month)
    bounds, reasons = _bounds(own, targets, multiple)
    if targets.gross_margin is not None:
        bounds["margin"] = None if plan.price is None else plan.price * (1 - targets.gross_margin) - plan.other_cost
    found = Worth(plan.name, price=plan.price, multiple=multiple, ltv=ltv, ltv_basis=basis, bounds=bounds)
    return replace(_bind(found, own, targets, reasons), changes_at=None)


@_exactly
def monthly_caps(
    allowable: Decimal,
    mean: Decimal,
    sd: Decimal | None = None,
    p95: Decimal | None = None,
    z: Decimal = Decimal("1.645"),
) -> Mapping[str, int | None]:
    """Requests a month that the allowance buys: pooled over users, safe for 95 % of single users, and if all were dear.

    safe95: the largest K with K x mean + z x sd x sqrt(K) <= allowance.
    """
    if allowable <= 0:
        return {"mean": 0, "safe95": 0, "p95_cost": 0}
    root = None
    if sd is not None and mean > 0:
        root = (-z * sd + (z * z * sd * sd + 4 * mean * allowable).sqrt()) / (2 * mean)
    return {
        "mean": int(allowable // mean) if mean > 0 else None,
        "safe95": None if root is None else int(root * root),
        "p95_cost": int(allowable // p95) if p95 else None,
    }


@_exactly
def short_window(limit: int, hours: Decimal, mean: Decimal, allowable: Decimal) -> Mapping[str, Any]:
    """What a cap per short window allows in a month of 730 hours, against the allowance: it does not bound the bill."""
    windows = 730 / hours
    cost = limit * windows * mean
    return {
        "windows_per_month": windows,
        "max_requests": int(limit * windows),
        "max_cost": cost,
        "times_over": cost / allowable if allowable > 0 else None,
        "duty_cycle": allowable / mean / (limit * windows) if mean > 0 and allowable > 0 else None,
    }
