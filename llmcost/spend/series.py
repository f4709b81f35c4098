"""A daily series of cost and what is usual in it: the weekday profile and the level, both by medians, so that one odd day moves neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.spend import report as spend
from llmcost.store import Store
from llmcost.windows import Window

ZERO, ONE = Decimal(0), Decimal(1)
LEVEL_DAYS = 7
PROFILE_DAYS = 56
"""Eight weeks: the profile follows habits that change."""
SPARSE_DAYS = 28
"""How far the mean of a series looks back that is empty on most days."""


@dataclass(frozen=True)
class Series:
    """Cost in USD of consecutive days, the first one being `first`; a day without requests costs nothing."""

    first: date
    costs: Sequence[Decimal]

    @property
    def last(self) -> date:
        return self.first + timedelta(len(self.costs) - 1)

    def day(self, place: int) -> date:
        return self.first + timedelta(place)

    def until(self, place: int) -> Series:
        """The days before this place."""
        return Series(self.first, self.costs[:place])

    @property
    def is_sparse(self) -> bool:
        """Less than half of the days have any cost."""
        return 2 * sum(cost > 0 for cost in self.costs) < len(self.costs)


def daily(
    store: Store, config: Config, where: Condition | None, window: Window, tz: str, scope: Sequence[str] = ()
) -> dict[tuple[str | None, ...], Series]:
    """One series per group of `scope`, from the first to the last day of the whole data in the window; empty without rows."""
    rows = spend.groups(store, config, ["day", *scope], where, window, tz)
    place = 1 + len(scope) + spend.COST
    found: dict[tuple[str | None, ...], dict[date, Decimal]] = {}
    for row in rows:
        if row[0] is not None:
            found.setdefault(tuple(row[1 : 1 + len(scope)]), {})[date.fromisoformat(row[0])] = row[place] or ZERO
    days = sorted({day for costs in found.values() for day in costs})
    return {key: _filled(costs, days[0], days[-1]) for key, costs in found.items()}


def _filled(costs: Mapping[date, Decimal], first: date, last: date) -> Series:
    return Series(first, [costs.get(first + timedelta(n), ZERO) for n in range((last - first).days + 1)])


def profile(series: Series) -> list[Decimal]:
    """Seven factors, Monday first, with the mean 1: the median share of each weekday in its own week around it.

    A weekday that was never seen, or always empty among empty days, has 1.
    """
    start = max(0, len(series.costs) - PROFILE_DAYS)
    shares: list[list[Decimal]] = [[] for _ in range(7)]
    for place in range(max(start, 3), len(series.costs) - 3):
        week = sum(series.costs[place - 3 : place + 4], ZERO)
        if week:
            shares[series.day(place).weekday()].append(series.costs[place] * 7 / week)
    found = [median(one) if one else ONE for one in shares]
    whole = sum(found, ZERO)
    return [one * 7 / whole for one in found] if whole else [ONE] * 7


def level(series: Series, factors: Sequence[Decimal], days: int = LEVEL_DAYS) -> Decimal:
    """What an average day costs now: the median of the last days, each divided by its weekday's factor.

    A weekday whose factor is nothing says nothing. A sparse series has its mean instead.
    """
    if series.is_sparse:
        recent = series.costs[-SPARSE_DAYS:]
        return sum(recent, ZERO) / len(recent) if recent else ZERO
    start = max(0, len(series.costs) - days)
    levels = [
        series.costs[place] / factors[series.day(place).weekday()]
        for place in range(start, len(series.costs))
        if factors[series.day(place).weekday()]
    ]
    return median(levels) if levels else ZERO


def expected(series: Series, days: Sequence[date]) -> list[Decimal]:
    """What these days will cost if all stays as it is."""
    factors = [ONE] * 7 if series.is_sparse else profile(series)
    usual = level(series, factors)
    return [usual * factors[day.weekday()] for day in days]


def median(values: Sequence[Any]) -> Any:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def quantile(values: Sequence[Decimal], share: Decimal) -> Decimal:
    """Nearest rank: the smallest value that at least this share of the values do not exceed."""
    ordered = sorted(values)
    rank = int((share * len(ordered)).to_integral_value(ROUND_CEILING))
    return ordered[max(rank, 1) - 1]
