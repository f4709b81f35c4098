"""How long customers stay: one churn for all ages, or churn that slows with age (shifted-beta-geometric), fitted from a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, lgamma, log

FOREVER = 1200
"""Months after which the rest of a life is left out: a hundred years."""


@dataclass(frozen=True)
class Geometric:
    """The same churn every month."""

    churn: Decimal

    def multiple(self, discount: Decimal, months: int | None = None) -> Decimal | None:
        """Months that are paid for, in advance and discounted to today; None when they never end."""
        if self.churn + discount == 0:
            return None if months is None else Decimal(months)
        gone = 1 if months is None else 1 - ((1 - self.churn) / (1 + discount)) ** months
        return gone * (1 + discount) / (self.churn + discount)


@dataclass(frozen=True)
class Fitted:
    """Every customer has a churn of their own, of a beta distribution (alpha, beta): those who are left churn ever less."""

    alpha: float
    beta: float
    log_likelihood: float
    customers: int
    unusable: int
    """Rows that say nothing: new customers of whom no month has ended, and ages that are none."""

    def multiple(self, discount: Decimal, months: int | None = None) -> Decimal | None:
        """As for Geometric; None when the sum has not settled after a hundred years."""
        kept, total, alive = 1 / (1 + discount), Decimal(0), Decimal(1)
        alpha, beta = Decimal(repr(self.alpha)), Decimal(repr(self.beta))
        for month in range(FOREVER if months is None else months):
            total += alive
            alive *= (beta + month) / (alpha + beta + month) * kept
        return None if months is None and alive > Decimal("0.0001") else total


Survival = Geometric | Fitted


def fit(customers: Iterable[tuple[int | None, bool]]) -> Fitted | None:
    """The likeliest shifted-beta-geometric for (months stayed, has left); None when nobody left or nobody is known.

    Who left after n months churned at the end of the n-th; who has not, survived n. Maximum likelihood, in floats: it is
    an estimate, and only its two numbers are used from here on.
    """
    left: Counter[int] = Counter()
    stayed: Counter[int] = Counter()
    unusable = 0
    for months, gone in customers:
        if months is None or months < 1:
            unusable += 1
        else:
            (left if gone else stayed)[months] += 1
    if not left:
        return None

    def log_likelihood(alpha: float, beta: float) -> float:
        whole = lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta)
        gone = sum(
            n * (lgamma(alpha + 1) + lgamma(beta + t - 1) - lgamma(alpha + beta + t) + whole) for t, n in left.items()
        )
        here = sum(n * (lgamma(alpha) + lgamma(beta + t) - lgamma(alpha + beta + t) + whole) for t, n in stayed.items())
        return gone + here

    def loss(point: Sequence[float]) -> float:
        # far out all customers are alike and the likelihood is flat: no further than a churn that is one number
        return -log_likelihood(*(exp(min(max(x, -12.0), 12.0)) for x in point))

    alpha, beta = (exp(min(max(x, -12.0), 12.0)) for x in _lowest(loss, (0.0, log(4.0))))
    known = sum(left.values()) + sum(stayed.values())
    return Fitted(alpha, beta, log_likelihood(alpha, beta), known, unusable)


def _lowest(loss: Callable[[Sequence[float]], float], start: tuple[float, float]) -> Sequence[float]:
    """The point of the plane with the lowest loss: a triangle that walks downhill and shrinks (Nelder and Mead)."""
    corners = [(loss(p), p) for p in (start, (start[0] + 1, start[1]), (start[0], start[1] + 1))]
    for _ in range(2000):
        corners.sort()
        (low, best), (middle, second), (high, worst) = corners
        if high - low < 1e-12 * (1 + abs(low)) and max(abs(a - b) for a, b in zip(best, worst, strict=True)) < 1e-9:
            break
        centre = [(a + b) / 2 for a, b in zip(best, second, strict=True)]

        def at(
            far: float, centre: Sequence[float] = centre, worst: Sequence[float] = worst
        ) -> tuple[float, tuple[float, float]]:
            point = (centre[0] + far * (worst[0] - centre[0]), centre[1] + far * (worst[1] - centre[1]))
            return loss(point), point

        mirrored = at(-1)
        if mirrored[0] < low:
            corners[2] = min(mirrored, at(-2))
        elif mirrored[0] < middle:
            corners[2] = mirrored
        else:
            inward = at(-0.5) if mirrored[0] < high else at(0.5)
            if inward[0] < min(high, mirrored[0]):
                corners[2] = inward
            else:
                halves = [((a[0] + best[0]) / 2, (a[1] + best[1]) / 2) for a in (second, worst)]
                corners[1:] = [(loss(p), p) for p in halves]
    return min(corners)[1]
