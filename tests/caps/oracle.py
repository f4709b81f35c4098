"""Caps by brute force, written apart from the product: every row looks back at everything that was counted before it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from llmcost.caps.cap import Cap

SECOND = 1_000_000
Counted = list[tuple[int, int]]
"""(time, weight) of what a window has counted, oldest first."""


def fits(cap: Cap, counted: Counted, t: int, weight: int) -> bool:
    """Whether the cap lets a weight through at t. Only windows of a fixed length."""
    span, limit = cap.span_us, cap.limit
    if cap.kind == "rolling":
        return sum(w for at, w in counted if at > t - span) + weight <= limit
    if cap.kind == "aligned":
        return sum(w for at, w in counted if at // span == t // span) + weight <= limit
    if cap.kind in ("litellm-budget", "litellm-end-user"):
        spent = sum(w for at, w in counted if at // span == t // span)
        return spent < limit or (cap.kind == "litellm-end-user" and spent == limit)
    if cap.kind in ("first_request", "litellm-rate", "litellm-budget-manager"):
        return _opened(cap, counted, t, weight)
    if cap.kind == "sliding_counter":
        now = sum(w for at, w in counted if at // span == t // span)
        before = sum(w for at, w in counted if at // span == t // span - 1)
        return Fraction(before * (span - t % span), span) + now < limit
    assert cap.kind == "token_bucket"
    level, last = Fraction(limit), None
    for at, w in [*counted, (t, 0)]:
        if last is not None:
            level = min(Fraction(limit), level + Fraction((at - last) * limit, span))
        level, last = level - w, at
    return level >= weight


def _opened(cap: Cap, counted: Counted, t: int, weight: int) -> bool:
    """Windows that a request opens."""
    clock = SECOND if cap.kind == "litellm-rate" else 1
    begun, total = None, 0
    for exactly, w in counted:
        at = exactly // clock * clock
        if begun is None or at >= begun + cap.span_us:
            begun, total = at, 0
        total += w
    spent = total if begun is not None and t // clock * clock < begun + cap.span_us else 0
    return spent + (0 if cap.kind == "litellm-budget-manager" else weight) <= cap.limit


def decide(rows: Sequence[tuple[str, int, int]], caps: Sequence[Cap], sees: Sequence[bool] | None = None) -> list[int]:
    """0 for served, else 1 + the number of the cap that decided. `sees`: which caps skip rows of odd weight."""
    counted: dict[tuple[str, int], Counted] = {}
    found = [0] * len(rows)
    strength = {"block": 0, "downgrade": 1, "overage": 2}
    for place in sorted(range(len(rows)), key=lambda n: (rows[n][1], n)):
        user, t, given = rows[place]
        weights = [given if cap.unit in ("token", "usd") else 1 for cap in caps]
        looks = [not (sees and sees[n]) or given % 2 == 0 for n in range(len(caps))]
        refusing = [
            n for n, cap in enumerate(caps) if looks[n] and not fits(cap, counted.get((user, n), []), t, weights[n])
        ]
        decider = min(refusing, key=lambda n: (strength[caps[n].on_limit], n), default=None)
        blocked = decider is not None and caps[decider].on_limit == "block"
        for n, cap in enumerate(caps):
            if looks[n] and (cap.counts == "attempts" or not (blocked or n in refusing)):
                counted.setdefault((user, n), []).append((t, weights[n]))
        found[place] = 0 if decider is None else decider + 1
    return found
