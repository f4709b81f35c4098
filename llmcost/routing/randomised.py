"""A second opinion where the log was randomised: the policy's cost from requests that already went where it would send them."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.resources import sql
from llmcost.routing import intervals
from llmcost.routing.replay import Plan
from llmcost.store import Store

PROPENSITY = "score:propensity"
"""Where a log tells the probability with which its router drew the model that answered."""


@dataclass(frozen=True)
class Estimated:
    """Cost of `requests` under the policy, in pico-dollars; both are None when the effective sample is too small."""

    requests: int
    effective: float
    snips_pico: int | None
    doubly_robust_pico: int | None


def estimate(store: Store, plan: Plan) -> Estimated | None:
    """None for a log that was not randomised, and for policies that make several requests of one."""
    if not plan.is_single or not store.value(sql("routing/has_propensity.sql")):
        return None
    rows = store.arrays(sql("routing/randomised.sql").format(billed=plan.billed), plan.placed.params)
    n = len(rows["cost"])
    drawn = (rows["matches"], rows["propensity"], rows["cost"], rows["stratum"])
    found = intervals.off_policy(*drawn, plan.policy.seed) if n else None
    if found is None:
        return Estimated(n, 0.0, None, None)
    pico = (round(mean * n) * 1000 for mean in (found.snips, found.doubly_robust))
    snips, doubly_robust = pico
    return Estimated(n, found.effective, snips, doubly_robust)
