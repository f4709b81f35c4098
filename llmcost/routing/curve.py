"""Routing metrics over paired quality: PGR, APGR, CPT, the cost-quality hull. Exact: fractions in, fractions out.

Two models, strong and weak; a router sends a share x of the requests to the strong one, those of the highest scores first.
PGR is the part of the quality gap that it recovers; APGR the area under PGR over x; CPT(p) the smallest x with PGR >= p.
Source of the definitions: RouteLLM (arXiv 2406.18665), without its evaluator's interpolation, which needs a rising curve.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

Point = tuple[Fraction, Fraction]
"""Share of strong calls and mean quality; or cost and quality."""


def router_curve(scored: Iterable[tuple[Decimal, Decimal, Decimal]], *, ties_together: bool = True) -> list[Point]:
    """The curve of a router from (score, strong quality, weak quality) per request: 0 to n strong calls.

    A threshold moves equal scores together; apart they go one by one in the order given, as APGR over all k is defined.
    """
    rows = sorted(scored, key=lambda row: -row[0])
    n = len(rows)
    quality = sum((Fraction(weak) for _, _, weak in rows), Fraction(0))
    points = [(Fraction(0), quality / n)] if n else []
    for place, (score, strong, weak) in enumerate(rows, 1):
        quality += Fraction(strong) - Fraction(weak)
        if place == n or not ties_together or rows[place][0] != score:
            points.append((Fraction(place, n), quality / n))
    return points


def optimal_curve(weak: Fraction, gain_share: Fraction) -> list[Point]:
    """RouteLLM's "optimal" router, which calls the strong model only where it alone is right: quality weak + min(x, gain_share)."""
    return [(Fraction(0), weak), (gain_share, weak + gain_share), (Fraction(1), weak + gain_share)]


def at(points: Sequence[Point], x: Fraction) -> Fraction:
    """The curve between its points, straight."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x <= x1:
            return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1] if x >= points[-1][0] else points[0][1]


def eleven(points: Sequence[Point]) -> list[Point]:
    """The curve at 0, 10, ... 100% strong calls, as RouteLLM prints it."""
    return [(Fraction(i, 10), at(points, Fraction(i, 10))) for i in range(11)]


def area(points: Sequence[Point]) -> Fraction:
    """Trapezoids under the points."""
    steps = pairwise(points)
    return sum(((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in steps), Fraction(0))


def pgr(quality: Fraction, weak: Fraction, strong: Fraction) -> Fraction | None:
    """The recovered part of the gap; below 0 and above 1 are possible, None where the two are equal."""
    return None if strong == weak else (quality - weak) / (strong - weak)


def apgr(points: Sequence[Point], weak: Fraction, strong: Fraction) -> Fraction | None:
    """The mean of PGR over the shares that the curve reaches."""
    span = points[-1][0] - points[0][0]
    return None if strong == weak or not span else (area(points) - weak * span) / ((strong - weak) * span)


def cpt(points: Sequence[Point], target: Fraction, weak: Fraction, strong: Fraction) -> Fraction | None:
    """The smallest share of strong calls that recovers `target` of the gap, where the curve first crosses it; None if never."""
    if strong == weak:
        return None
    recovered = [(x, (y - weak) / (strong - weak)) for x, y in points]
    if recovered and recovered[0][1] >= target:
        return recovered[0][0]
    for (x0, p0), (x1, p1) in pairwise(recovered):
        if p0 < target <= p1:
            return x0 + (x1 - x0) * (target - p0) / (p1 - p0)
    return None


def hull(points: Iterable[Point]) -> list[Point]:
    """The upper hull that never falls, by rising cost: what mixing routers can reach. Points are (cost, quality)."""
    records: list[Point] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not records or point[1] > records[-1][1]:
            records.append(point)
    chain: list[Point] = []
    for cost, quality in records:
        while len(chain) > 1 and _turns_up(chain[-2], chain[-1], (cost, quality)):
            chain.pop()
        chain.append((cost, quality))
    return chain


def _turns_up(a: Point, b: Point, c: Point) -> bool:
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def aiq(points: Sequence[Point]) -> Fraction | None:
    """RouterBench's average improvement in quality: area under the hull up to the dearest point, per unit of cost."""
    points = list(points)
    most = max((cost for cost, _ in points), default=Fraction(0))
    chain = hull(points)
    return (area(chain) + chain[-1][1] * (most - chain[-1][0])) / most if most else None
