"""What `llmcost caps` finds: costs of a turn or request, candidates, plans, the company, and all of it together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from llmcost.caps import traffic
from llmcost.caps.cap import PICO, Cap
from llmcost.caps.plans import Tariffs
from llmcost.caps.worth import Plan, Worth

HOURS_PER_MONTH = 730
ENOUGH_DAYS, ENOUGH_USERS = 28, 100
"""Below either, recommendations are provisional."""


def months_of(days: int) -> Decimal:
    """Days in months of 730 hours."""
    return Decimal(days * 24) / HOURS_PER_MONTH


@dataclass(frozen=True)
class Costs:
    """What one turn (or request) of a plan costs, in dollars. The interval is of the mean."""

    number: int
    mean: Decimal
    sd: Decimal | None
    p50: Decimal
    p95: Decimal
    interval: tuple[Decimal, Decimal] | None


@dataclass(frozen=True)
class Candidate:
    """A monthly cap, and what it would have done to the sample."""

    limit: int
    units_blocked: int
    requests_blocked: int
    spend_avoided: Decimal
    users_touched: int
    first_block_us: int | None
    """The shortest time from the first unit of a user's month to the first that is refused."""
    lockout_us: int | None
    """The longest time from there to the next month."""


@dataclass(frozen=True)
class PlanFound:
    """One plan. What is not known is None, and `reasons` say why."""

    name: str | None
    plan: Plan | None
    worth: Worth
    users: int
    users_active: int
    revenue: Decimal | None
    """Per month, of all its users: by users.csv where it says so, else the price."""
    units: int
    requests: int
    cost: Decimal
    """In the sample."""
    cost_per_user_month: Decimal | None
    per_request: Costs | None
    per_turn: Costs | None
    unit: str
    caps: Mapping[str, int | None]
    monthly: int | None
    short: int | None
    short_means: Mapping[str, Any] | None
    by_replay: int | None
    candidates: Sequence[Candidate]
    reasons: Sequence[str]
    affordable: bool | None

    @property
    def monthly_usd(self) -> Decimal | None:
        """The allowance as a cap in dollars beside the one in units, rounded down; None where nothing is affordable."""
        if not self.worth.allowable or self.worth.allowable <= 0:
            return None
        return self.worth.allowable.quantize(Decimal("0.0001"), ROUND_FLOOR) or None

    @property
    def per_unit(self) -> Costs | None:
        return self.per_turn if self.unit == "turn" else self.per_request

    @property
    def pays(self) -> bool | None:
        return None if self.plan is None or self.plan.price is None else self.plan.price > 0

    @property
    def chosen(self) -> Candidate | None:
        """The recommended monthly cap among the candidates."""
        return next((one for one in self.candidates if one.limit == self.monthly), None)


@dataclass(frozen=True)
class Company:
    """Dollars per month. Sums are over users of whom the figure is known."""

    allowance: Decimal | None
    bill: Decimal | None
    revenue: Decimal | None
    other_cost: Decimal
    payers: int
    free_users: int
    payers_per_free_user: Decimal | None
    """How many payers it takes to fund one free user who costs what is allowed."""
    without_allowance: int
    without_revenue: int
    surplus: Decimal | None
    """What is left when every user costs what is allowed, over plans of which both sides are known."""

    @property
    def holds(self) -> bool | None:
        """Whether all users at their allowance leave the company without a loss."""
        return None if self.surplus is None else self.surplus >= 0


@dataclass(frozen=True)
class Recommended:
    """Everything that `llmcost caps` says."""

    company: Company
    plans: Sequence[PlanFound]
    users_over: Sequence[tuple[str, str, Decimal, Decimal]]
    """User, plan, cost per month and allowance; the dearest first."""
    told: Tariffs
    days: int
    users: int
    window: str
    unit: str
    unpriced: int
    left_out: traffic.LeftOut
    ltv_told: int
    """Users of whom users.csv knows an LTV."""
    ltv_basis: str | None

    @property
    def rates(self) -> Sequence[Mapping[str, object]]:
        """Every rate as given and as used."""
        return self.told.rates

    @property
    def months(self) -> Decimal:
        return months_of(self.days)

    @property
    def provisional(self) -> bool:
        return self.days < ENOUGH_DAYS or self.users < ENOUGH_USERS

    @property
    def caps(self) -> list[Cap]:
        """Everything recommended, as caps of their plans: a month's units and dollars, and the short window."""
        found = []
        for one in self.plans:
            if one.affordable is False or one.name is None:
                continue
            if one.monthly is not None:
                found.append(Cap(one.monthly, "month", unit=one.unit, kind="aligned", plan=one.name))
            if one.short is not None:
                found.append(Cap(one.short, self.window, unit=one.unit, plan=one.name))
            if one.monthly_usd is not None:
                found.append(Cap(int(one.monthly_usd * PICO), "month", unit="usd", kind="aligned", plan=one.name))
        return found
