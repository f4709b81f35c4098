"""PGR, APGR, CPT and hulls on curves that can be drawn by hand, and against slow obvious counting."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing import curve

D, F = Decimal, Fraction


def test_a_curve_by_hand() -> None:
    # score, strong, weak: the strong model wins on the first and third, loses on the second
    scored = [(D(9), D(1), D(0)), (D(5), D(0), D(1)), (D(5), D(1), D(0)), (D(1), D(1), D(1))]
    # weak has 2 of 4 right; after the first call 3; the two of score 5 move together and change nothing
    together = [(F(0), F(2, 4)), (F(1, 4), F(3, 4)), (F(3, 4), F(3, 4)), (F(1), F(3, 4))]
    assert curve.router_curve(scored) == together
    apart = curve.router_curve(scored, ties_together=False)
    assert apart[2] == (F(2, 4), F(2, 4))
    # trapezoids: 1/4 x (2/4 + 3/4) / 2 + 3/4 x 3/4 = 5/32 + 18/32
    assert curve.area(together) == F(23, 32)
    assert curve.apgr(together, F(2, 4), F(3, 4)) == (F(23, 32) - F(1, 2)) / F(1, 4)
    assert curve.cpt(together, F(1, 2), F(2, 4), F(3, 4)) == F(1, 8)
    assert curve.pgr(F(5, 8), F(2, 4), F(3, 4)) == F(1, 2)


def test_equal_models_leave_nothing_to_recover() -> None:
    assert curve.pgr(F(1), F(1, 2), F(1, 2)) is None
    assert curve.apgr([(F(0), F(1)), (F(1), F(1))], F(1), F(1)) is None
    assert curve.cpt([(F(0), F(1))], F(1, 2), F(1), F(1)) is None


def test_the_first_crossing_counts() -> None:
    wavy = [(F(0), F(0)), (F(1, 4), F(1)), (F(1, 2), F(0)), (F(1), F(1))]
    assert curve.cpt(wavy, F(1, 2), F(0), F(1)) == F(1, 8)
    assert curve.cpt(wavy, F(2), F(0), F(1)) is None


def test_the_random_line_has_half_the_area() -> None:
    line = [(F(0), F(1, 5)), (F(1), F(4, 5))]
    assert curve.apgr(line, F(1, 5), F(4, 5)) == F(1, 2)
    assert curve.cpt(line, F(4, 5), F(1, 5), F(4, 5)) == F(4, 5)


def test_a_hull_keeps_what_mixing_cannot_beat() -> None:
    points = [(F(1), F(1)), (F(2), F(2)), (F(4), F(5, 2)), (F(3), F(1)), (F(8), F(3)), (F(4), F(2))]
    assert curve.hull(points) == [(F(1), F(1)), (F(2), F(2)), (F(4), F(5, 2)), (F(8), F(3))]
    # 1 x 3/2 + 2 x 9/4 + 4 x 11/4, over the dearest cost
    assert curve.aiq(points) == (F(3, 2) + F(9, 2) + 11) / 8
    assert curve.aiq([]) is None


scores = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25)


@given(scores)
def test_every_point_is_a_threshold(rows: list[tuple[int, int, int]]) -> None:
    scored = [(D(s), D(a), D(b)) for s, a, b in rows]
    found = curve.router_curve(scored)
    n = len(rows)
    for at in range(6):
        strong = [row for row in rows if row[0] >= at]
        quality = sum(a for _, a, _ in strong) + sum(b for s, _, b in rows if s < at)
        assert (F(len(strong), n), F(quality, n)) in found
    assert found[-1][0] == 1


points = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12)


@given(points)
def test_nothing_lies_above_the_hull(found: list[tuple[int, int]]) -> None:
    given_ = [(F(x), F(y)) for x, y in found]
    chain = curve.hull(given_)
    assert set(chain) <= set(given_)
    assert all(y <= curve.at(chain, x) for x, y in given_ if x >= chain[0][0])
    assert all(b[1] > a[1] for a, b in pairwise(chain))
