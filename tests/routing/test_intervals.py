"""Intervals and off-policy estimates on seeded traffic whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from llmcost.routing import intervals


def columns(before: list[int], after: list[int], **more: list[int]) -> dict[str, object]:
    zeros = [0] * len(before)
    given = {"before": before, "after": after, "judged": zeros, "quality_before": zeros, "quality_after": zeros} | more
    return {name: np.array(values) for name, values in given.items()}


def test_no_change_is_no_change_in_every_resample() -> None:
    found = intervals.bootstrap(columns([5, 7, 9] * 5, [5, 7, 9] * 5), 200, 7)
    assert found is not None
    assert (found.saving_pico, found.saving_pct, found.quality) == ((0, 0), (0.0, 0.0), None)


def test_a_saving_that_is_the_same_for_everybody_has_no_width() -> None:
    found = intervals.bootstrap(columns([10, 20, 40] * 5, [5, 10, 20] * 5), 200, 7)
    assert found is not None
    assert found.saving_pct == (50.0, 50.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(1)
    before = rng.integers(1, 100, 300).tolist()
    after = [int(b * rng.random()) for b in before]
    one, two = (intervals.bootstrap(columns(before, after), 300, 7) for _ in range(2))
    assert one == two
    assert one != intervals.bootstrap(columns(before, after), 300, 8)


def test_the_width_is_that_of_the_mean() -> None:
    rng = np.random.default_rng(2)
    after = rng.integers(0, 1001, 400)
    found = intervals.bootstrap(columns([1000] * 400, after.tolist()), 2000, 7)
    assert found is not None
    error = float(after.std()) / 400**0.5
    middle = 100 - float(after.mean()) / 10
    low, high = found.saving_pct
    assert low == pytest.approx(middle - 1.96 * error / 10, abs=0.5)
    assert high == pytest.approx(middle + 1.96 * error / 10, abs=0.5)


def test_uncertain_ratios_widen_it() -> None:
    plain = columns([100] * 50, [40] * 50)
    wide = plain | {"low": np.array([30] * 50), "high": np.array([60] * 50)}
    found = intervals.bootstrap(wide, 2000, 7)
    assert found is not None
    low, high = found.saving_pct
    # the ends of the range are the ends of the interval: 100 - 60 and 100 - 30
    assert low == pytest.approx(40, abs=2)
    assert high == pytest.approx(70, abs=2)


def test_few_users_say_nothing() -> None:
    assert intervals.bootstrap(columns([5] * 9, [4] * 9), 200, 7) is None


def traffic(n: int, seed: int) -> tuple[np.ndarray, ...]:
    """A log that sent 40% of each stratum to the cheap model at random, and what the cheap model costs everywhere."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 3, n)
    cheap = 10 + 5 * strata + rng.normal(0, 1, n)
    sent = rng.random(n) < 0.4
    return sent, np.full(n, 0.4), np.where(sent, cheap, 90.0), strata, cheap


def test_off_policy_estimates_find_the_truth() -> None:
    sent, propensity, logged, strata, cheap = traffic(4000, 3)
    found = intervals.off_policy(sent, propensity, logged, strata, 7)
    assert found is not None
    assert found.snips == pytest.approx(cheap.mean(), abs=0.35)
    assert found.doubly_robust == pytest.approx(cheap.mean(), abs=0.1)
    assert found.effective == pytest.approx(sent.sum())


def test_a_small_effective_sample_is_refused() -> None:
    sent, propensity, logged, strata, _ = traffic(60, 4)
    assert sent.sum() < intervals.FEWEST_EFFECTIVE
    assert intervals.off_policy(sent, propensity, logged, strata, 7) is None


def test_an_overlooked_propensity_would_be_wrong() -> None:
    rng = np.random.default_rng(5)
    strata = rng.integers(0, 2, 5000)
    chance = np.where(strata == 0, 0.9, 0.1)
    sent = rng.random(5000) < chance
    cost = np.where(strata == 0, 10.0, 50.0)
    found = intervals.off_policy(sent, chance, cost, strata, 7)
    assert found is not None
    assert cost[sent].mean() < 16
    assert found.snips == pytest.approx(30, abs=2)
