"""Days that stand out: a spike is found with what drove it, ordinary noise and the day that is not over are not."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.config import Config
from llmcost.spend.anomalies import anomalies, standouts
from llmcost.spend.series import Series
from llmcost.windows import Window, period
from tests.spend.ledgers import call, opened, prices

FIRST = dt.date(2026, 9, 7)
NOW = dt.datetime(2026, 10, 12, 9, tzinfo=dt.timezone.utc)


def days(costs: list[int | Decimal], least: str = "0") -> list[tuple[str, Decimal, Decimal]]:
    found = standouts(Series(FIRST, [Decimal(cost) for cost in costs]), (), Decimal(least))
    return [(one.day.isoformat(), one.expected, one.actual) for one in found]


def test_a_day_three_times_its_usual() -> None:
    costs: list[int | Decimal] = [10, 10, 10, 10, 10, 3, 3] * 4
    costs[24] = 30
    # a Thursday: usual 10
    assert days(costs) == [("2026-10-01", 10, 30)]


def test_a_weekend_is_usual() -> None:
    assert days([10, 10, 10, 10, 10, 3, 3] * 6) == []


def test_a_rise_must_be_worth_a_look() -> None:
    costs: list[int | Decimal] = [10] * 28
    costs[24] = 30
    assert days(costs, least="20.01") == []
    assert days(costs, least="20") == [("2026-10-01", 10, 30)]
    costs[24] = Decimal("12.99")
    assert days(costs) == []  # below 30%


def test_after_a_level_shift_the_new_level_is_usual() -> None:
    found = days([10] * 20 + [25] * 20)
    assert found
    assert all(day <= "2026-10-04" for day, _, _ in found)  # 8 days of 14 make the new median


def test_noise_is_rarely_called_out() -> None:
    chance = random.Random(3)
    flagged = sum(len(days([Decimal(chance.lognormvariate(3, 0.15)) for _ in range(60)])) for _ in range(10))
    assert flagged <= 460 * 0.02


def test_too_little_is_not_judged() -> None:
    assert days([1] * 14) == []
    assert days([1] * 14 + [9]) == [("2026-09-21", 1, 9)]


def rows(spike: str = "2026-10-06", times: int = 40) -> list[dict[str, Any]]:
    """A request a day and feature for 35 days; on one day a user of `search` makes many more."""
    usual = [
        call(f"{feature}{n}", ts=f"{FIRST + dt.timedelta(n)}T10:00:00Z", feature=feature, user=f"u{n % 3}")
        for n in range(35)
        for feature in ("chat", "search")
    ]
    more = [call(f"m{n}", ts=f"{spike}T11:00:00Z", feature="search", user="u9") for n in range(times)]
    return usual + more


def table(folder: Path, given: list[dict[str, Any]], window: Window | None = None, **asked: Any) -> Any:
    with opened(folder, given) as store:
        return anomalies(
            store, Config(), prices(), window=window or Window(), least_usd=Decimal("0.01"), now=NOW, **asked
        )


def test_a_spike_is_told_with_its_drivers(tmp_path: Path) -> None:
    found = table(tmp_path, rows())
    assert len(found.rows) == 1
    day, scope, expected, actual, because, drivers = found.rows[0]
    assert (day, scope, expected, actual) == ("2026-10-06", None, Decimal("0.002"), Decimal("0.042"))
    assert because.startswith("agent (none) +$0.0400 (volume)") or "feature search +$0.0400 (volume)" in because
    assert {"dimension": "user", "value": "u9"}.items() <= next(d for d in drivers if d["dimension"] == "user").items()
    assert all(d["delta_price"] == "0.000000000000" for d in drivers)


def test_by_scope_only_the_group_that_rose(tmp_path: Path) -> None:
    found = table(tmp_path, rows(), by=["feature"])
    assert [row[:2] for row in found.rows] == [["2026-10-06", "feature=search"]]
    assert all(driver["dimension"] != "feature" for driver in found.rows[0][5])


def test_the_day_that_is_not_over_is_not_judged(tmp_path: Path) -> None:
    # the clock says 12 October, nine in the morning: forty requests of that day are no spike yet
    today = [{**row, "request_id": f"t{row['request_id']}"} for row in rows("2026-10-12")[70:]]
    assert [row[0] for row in table(tmp_path, [*rows(), *today]).rows] == ["2026-10-06"]


def test_only_days_of_the_window_are_told_but_all_are_learned_from(tmp_path: Path) -> None:
    assert len(table(tmp_path, rows(), window=period("2026-10-06", "UTC", NOW)).rows) == 1
    assert table(tmp_path, rows(), window=period("2026-10-07", "UTC", NOW)).rows == []
