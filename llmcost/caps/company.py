"""The company check, which goes before all caps: can it pay for what its users may cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from llmcost.caps.findings import Company, PlanFound


def assess(plans: Sequence[PlanFound], bill: Decimal | None) -> Company:
    """All users of all plans at their allowance, against the bill and the revenue of a month; `bill` is that of a month."""
    peopled = [one for one in plans if one.users]
    allowed = [one for one in peopled if one.worth.allowable is not None]
    paid = [one for one in peopled if one.revenue is not None]
    payers = [one for one in peopled if one.pays]
    free = [one for one in peopled if one.pays is False]
    surplus, need = _surplus(payers), _surplus(free)
    n_payers, n_free = sum(one.users for one in payers), sum(one.users for one in free)
    funded = None
    if surplus is not None and need is not None and surplus > 0 and n_free:
        funded = max(Decimal(0), -need / n_free) / (surplus / n_payers)
    return Company(
        allowance=sum((_allowance(one) for one in allowed), Decimal(0)) if allowed else None,
        bill=bill,
        revenue=sum((one.revenue or Decimal(0) for one in paid), Decimal(0)) if paid else None,
        other_cost=sum((one.plan.other_cost * one.users for one in peopled if one.plan is not None), Decimal(0)),
        payers=n_payers,
        free_users=n_free,
        payers_per_free_user=funded,
        surplus=_surplus([one for one in allowed if one.revenue is not None and one.plan is not None]),
        without_allowance=sum(one.users for one in peopled if one.worth.allowable is None),
        without_revenue=sum(one.users for one in peopled if one.revenue is None),
    )


def _allowance(one: PlanFound) -> Decimal:
    """Of all users of a plan. What may not be spent is none: a negative bound funds nobody else."""
    return max(Decimal(0), one.worth.allowable or Decimal(0)) * one.users


def _surplus(plans: Sequence[PlanFound]) -> Decimal | None:
    """What these plans leave in a month when each user costs what is allowed; None for no plan, and when one is not known."""
    if not plans or any(one.revenue is None or one.plan is None or one.worth.allowable is None for one in plans):
        return None
    return sum(
        (
            (one.revenue or Decimal(0)) - (one.plan.other_cost if one.plan else 0) * one.users - _allowance(one)
            for one in plans
        ),
        Decimal(0),
    )


def against(one: PlanFound) -> PlanFound:
    """The plan marked unaffordable when the company does not hold: one that others must fund is not affordable when all together they cannot."""
    own = _surplus([one])
    if not one.users or own is None or own >= 0:
        return one
    return replace(one, affordable=False, reasons=[*one.reasons, "the company cannot fund it: see the company check"])
