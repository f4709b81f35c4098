"""Month end: hand-worked levels and profiles, a range that comes from trials, and silence where there is too little to say."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

from llmcost.config import Config
from llmcost.spend.forecast import backtest, breaks_on, forecast, month
from llmcost.spend.series import Series, daily, expected, level, median, profile, quantile
from llmcost.windows import Window
from tests.spend.ledgers import call, opened, settings

MONDAY = dt.date(2026, 8, 31)
ONES = [Decimal(1)] * 7


def series(*costs: int | str, first: dt.date = MONDAY) -> Series:
    return Series(first, [Decimal(cost) for cost in costs])


def weeks(count: int, working: str = "10", weekend: str = "3") -> list[str]:
    return ([working] * 5 + [weekend] * 2) * count


def test_the_weekday_profile_is_the_share_of_each_day_in_its_week() -> None:
    # 5 x 10 + 2 x 3 = 56 a week, 8 a day: 10/8 and 3/8
    assert profile(series(*weeks(4))) == [Decimal("1.25")] * 5 + [Decimal("0.375")] * 2


def test_one_odd_day_moves_neither_level_nor_profile() -> None:
    costs = weeks(6)
    costs[-10] = "900"
    assert profile(series(*costs)) == profile(series(*weeks(6)))
    assert level(series(*costs), profile(series(*costs))) == 8


def test_what_comes_is_level_times_weekday() -> None:
    days = [MONDAY + dt.timedelta(28 + n) for n in range(7)]
    assert expected(series(*weeks(4)), days) == [Decimal(10)] * 5 + [Decimal(3)] * 2


def test_a_series_that_is_empty_on_most_days_has_its_mean() -> None:
    costs = [0, 0, 0, 0, 0, 0, 28] * 4
    assert expected(series(*costs), [MONDAY]) == [Decimal(4)]


def test_a_month_in_the_middle() -> None:
    # 31 August to 27 September are four full weeks; the 28th (a Monday) has cost 4 so far
    found = month(series(*weeks(4), 4), dt.date(2026, 9, 28))
    # 1 to 27 September: four weeks less Monday 31 August
    assert found.spent == 4 * 56 - 10 + 4
    # Monday 10 instead of 4, Tuesday and Wednesday 10
    assert found.expected == 4 * 56 - 10 + 30
    assert (found.low, found.high) == (found.expected, found.expected)
    assert found.median_error == 0
    assert found.method == "median week x weekday profile"


def test_a_day_that_is_dearer_than_expected_already_stands() -> None:
    found = month(series(*weeks(4), 50), dt.date(2026, 9, 28))
    assert found.expected == 4 * 56 - 10 + 50 + 20


def test_a_complete_last_day_leaves_nothing_to_guess() -> None:
    costs = [1] * 31
    found = month(series(*costs), dt.date(2026, 9, 30), today_is_complete=True)
    assert (found.spent, found.expected) == (30, 30)


def test_under_two_weeks_it_is_a_run_rate_without_a_range() -> None:
    found = month(series(*[2] * 10, first=dt.date(2026, 9, 1)), dt.date(2026, 9, 11))
    assert (found.method, found.expected, found.low, found.median_error) == ("run rate", 60, None, None)


def test_the_range_holds_what_the_trials_saw() -> None:
    chance = random.Random(7)
    costs = [str(10 + chance.randrange(-3, 4)) for _ in range(80)]
    found = month(series(*costs), MONDAY + dt.timedelta(80))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.expected < found.high
    assert len(backtest(series(*costs), 12)) >= 50
    # noise of 2 in 10 a day evens out over the days that are left
    assert found.median_error is not None
    assert found.median_error < Decimal("0.15")


def test_a_budget_breaks_on_the_day_that_passes_it() -> None:
    found = month(series(*weeks(4), 4), dt.date(2026, 9, 28))
    assert breaks_on(found, Decimal(214)) == dt.date(2026, 9, 28)
    assert breaks_on(found, Decimal(224)) == dt.date(2026, 9, 29)
    assert breaks_on(found, Decimal(244)) is None
    assert breaks_on(found, Decimal("9.99")) == dt.date(2026, 9, 1)


def test_medians_and_ranks() -> None:
    assert median([3, 1, 2]) == 2
    assert median([Decimal(1), Decimal(2)]) == Decimal("1.5")
    tenths = [Decimal(n) for n in range(1, 11)]
    assert [quantile(tenths, Decimal(q)) for q in ("0", "0.1", "0.11", "0.9", "1")] == [1, 1, 2, 9, 10]


def test_days_of_the_ledger_in_the_zone_with_empty_days_between(tmp_path: Path) -> None:
    rows = [call("a", ts="2026-10-01T23:30:00Z"), call("b", ts="2026-10-04T12:00:00Z", agent="x")]
    with opened(tmp_path, rows) as store:
        found = daily(store, Config(), None, Window(), "Europe/Berlin", ["agent"])
    thousandth = Decimal("0.001")
    assert found == {
        (None,): Series(dt.date(2026, 10, 2), [thousandth, 0, 0]),  # type: ignore[list-item]
        ("x",): Series(dt.date(2026, 10, 2), [0, 0, thousandth]),  # type: ignore[list-item]
    }


def test_the_table(tmp_path: Path) -> None:
    # 0.001 a day from 1 to 20 October, data until noon of the 20th
    rows = [call(f"r{day}", ts=f"2026-10-{day:02}T12:00:00Z") for day in range(1, 21)]
    config = settings(tmp_path, "gate: {rules: [{id: month, metric: cost, max: 0.0255}]}")
    with opened(tmp_path, rows) as store:
        table = forecast(store, config, None, "UTC", dt.datetime(2026, 10, 20, 18, tzinfo=dt.timezone.utc))
        nothing = forecast(store, config, None, "UTC", dt.datetime(2026, 10, 20, tzinfo=dt.timezone.utc))
    assert table.head["spent"] == "0.020000000000"
    assert table.head["expected"] == "0.031000000000"
    assert table.rows == [["month", Decimal("0.0255"), "2026-10-26"]]
    assert nothing.head["period"] == "2026-10"


def test_without_rows_it_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, [call("r", ts=None)]) as store:
        table = forecast(store, Config(), None, "UTC", dt.datetime(2026, 10, 20, tzinfo=dt.timezone.utc))
    assert table.head["period"] is None
    assert table.notes == ["no dated rows: llmcost ingest LOGS"]
