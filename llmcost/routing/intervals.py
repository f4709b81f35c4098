"""Intervals: a paired bootstrap over users or sessions, and off-policy estimates for traffic that was split at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEVEL = "0.95"
FEWEST_UNITS = 10
"""Fewer independent users or sessions than this say nothing about the next ones."""
FEWEST_EFFECTIVE = 30
"""An off-policy estimate with a smaller effective sample is refused."""
Z95 = 1.96
MICRO = 10**6


@dataclass(frozen=True)
class Interval:
    """The middle 95% of the resamples: saving in pico-dollars and in percent, and the change of quality."""

    saving_pico: tuple[int, int]
    saving_pct: tuple[float, float]
    quality: tuple[float, float] | None
    units: int


def bootstrap(columns: Mapping[str, Any], samples: int, seed: int) -> Interval | None:
    """Resamples units with replacement. `columns` are arrays with one value per unit, money in nano-dollars.

    before, after: sums per unit. low, high: `after` with all token ratios at the ends of their range; they move together
    in a resample, which is the cautious reading. judged, quality_before, quality_after: counts, and sums of scores in millionths. Whole numbers: exact, and
    ten times as fast here as floats.
    None when there are too few units. Seeded (PCG64), percentile method.
    """
    import numpy as np

    before = columns["before"]
    n = len(before)
    if n < FEWEST_UNITS or not samples:
        return None
    names = [name for name in ("before", "after", "low", "high") if name in columns]
    money = [columns[name].astype(np.int64) for name in names]
    scores = [columns[name].astype(np.int64) for name in ("judged", "quality_before", "quality_after")]
    is_judged = bool(scores[0].any())
    rng = np.random.Generator(np.random.PCG64(seed))
    savings = np.empty(samples, dtype=np.int64)
    wholes = np.empty(samples, dtype=np.int64)
    deltas = np.full(samples, np.nan)
    for b in range(samples):
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        sums = {name: int(times @ values) for name, values in zip(names, money, strict=True)}
        after = sums["after"]
        if "low" in sums:
            shift = rng.standard_normal() / Z95
            after += int((sums["high"] - after if shift > 0 else after - sums["low"]) * shift)
        wholes[b], savings[b] = sums["before"], sums["before"] - after
        if not is_judged:
            continue
        judged, was, becomes = (int(times @ values) for values in scores)
        if judged:
            deltas[b] = (becomes - was) / judged / MICRO
    whole = wholes > 0
    if not whole.any():
        return None
    percents = 100.0 * savings[whole] / wholes[whole]
    low, high = np.quantile(percents, [0.025, 0.975])
    ends = np.sort(savings)[[int(0.025 * (samples - 1)), int(0.975 * (samples - 1))]]
    known = deltas[~np.isnan(deltas)]
    quality = tuple(float(q) for q in np.quantile(known, [0.025, 0.975])) if len(known) else None
    return Interval(
        (int(ends[0]) * 1000, int(ends[1]) * 1000),
        (float(low), float(high)),
        (quality[0], quality[1]) if quality else None,
        n,
    )


@dataclass(frozen=True)
class OffPolicy:
    """Means per request estimated from randomised traffic; `effective` is the effective sample size (sum w)² / sum w²."""

    snips: float
    doubly_robust: float
    effective: float


def off_policy(matches: Any, propensities: Any, outcomes: Any, strata: Any, seed: int) -> OffPolicy | None:
    """What the policy would have given on average, from requests whose logged model it agrees with.

    Arrays of one length: `matches` whether the logged model is the policy's, `propensities` the probability with which
    it was drawn, `outcomes` the cost (or score) that was logged, `strata` small whole numbers, such as features.
    SNIPS: sum(w y) / sum(w) with w = match / propensity. Doubly robust with two-fold cross-fitting: the model of the
    outcome is the mean of its stratum in the other fold, of the whole fold where the stratum has under 30 rows.
    None when the effective sample is under 30.
    """
    import numpy as np

    w = np.where(matches, 1.0 / propensities, 0.0)
    squares = float((w * w).sum())
    effective = float(w.sum()) ** 2 / squares if squares else 0.0
    if effective < FEWEST_EFFECTIVE:
        return None
    y = outcomes.astype(np.float64)
    fold = np.random.Generator(np.random.PCG64(seed)).integers(0, 2, len(y))
    predicted = np.zeros(len(y))
    for half in (0, 1):
        fits = (fold != half) & matches
        if not fits.any():
            return None
        sizes = np.bincount(strata[fits], minlength=int(strata.max()) + 1)
        sums = np.bincount(strata[fits], weights=y[fits], minlength=len(sizes))
        means = np.where(sizes >= FEWEST_EFFECTIVE, sums / np.maximum(sizes, 1), y[fits].mean())
        predicted[fold == half] = means[strata[fold == half]]
    correction = float((w * (y - predicted)).sum() / w.sum())
    return OffPolicy(float((w * y).sum() / w.sum()), float(predicted.mean()) + correction, effective)
