"""Windows of time from flags: days in a zone, [since, until), --last counted from the clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from llmcost.errors import UsageError
from llmcost.figures import instant_text
from llmcost.windows import Window, now, parse, period, whole_days

AT = datetime(2026, 3, 31, 12, tzinfo=timezone.utc)


def told(window: Window) -> tuple[str | None, str | None]:
    return instant_text(window.since_us), instant_text(window.until_us)


@pytest.mark.parametrize(
    ("since", "until", "tz", "expected"),
    [
        (None, None, "UTC", (None, None)),
        ("2026-10-01", None, "UTC", ("2026-10-01T00:00:00Z", None)),
        (None, "2026-10-01", "UTC", (None, "2026-10-01T00:00:00Z")),
        ("2026-10", "2026-11", "UTC", ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")),
        ("2026-10-01", "2026-10-02", "Asia/Seoul", ("2026-09-30T15:00:00Z", "2026-10-01T15:00:00Z")),
        (
            "2026-03-08",
            "2026-03-09",
            "America/New_York",
            ("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ),  # a day of 23 hours
        (
            "2026-10-25",
            "2026-10-26",
            "Europe/Berlin",
            ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ),  # and one of 25
        ("2026-10-01T10:30", None, "Asia/Seoul", ("2026-10-01T01:30:00Z", None)),
        ("2026-10-01T10:30Z", None, "Asia/Seoul", ("2026-10-01T10:30:00Z", None)),
        ("2026-10-01T10:30:00.25+02:00", None, "UTC", ("2026-10-01T08:30:00.250000Z", None)),
        ("1969-12-31", "9999-12-31", "UTC", ("1969-12-31T00:00:00Z", "9999-12-31T00:00:00Z")),
        ("2028-02-29", None, "UTC", ("2028-02-29T00:00:00Z", None)),
    ],
)
def test_a_bare_date_is_the_start_of_that_day_in_the_zone(
    since: str | None, until: str | None, tz: str, expected: tuple[str | None, str | None]
) -> None:
    assert told(parse(since, until, None, tz, AT)) == expected


@pytest.mark.parametrize(
    ("last", "since"),
    [
        ("30min", "2026-03-31T11:30:00Z"),
        ("24h", "2026-03-30T12:00:00Z"),
        ("7d", "2026-03-24T12:00:00Z"),
        ("2 weeks", "2026-03-17T12:00:00Z"),
        ("1 month", "2026-02-28T12:00:00Z"),  # February has no 31st
        ("4 months", "2025-11-30T12:00:00Z"),
        ("1 year", "2025-03-31T12:00:00Z"),
        ("13 months", "2025-02-28T12:00:00Z"),
    ],
)
def test_last_counts_back_from_the_clock(last: str, since: str) -> None:
    assert told(parse(None, None, last, "Asia/Seoul", AT)) == (since, "2026-03-31T12:00:00Z")


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        ({"since": "2026-13-01"}, "--since"),
        ({"since": "2026-02-29"}, "--since"),
        ({"until": "yesterday"}, "--until"),
        ({"until": ""}, "--until"),
        ({"since": "2026-10-02", "until": "2026-10-01"}, "--until"),
        ({"since": "2026-10-01", "until": "2026-10-01"}, "--until"),
        ({"last": "7"}, "--last"),
        ({"last": "0d"}, "--last"),
        ({"last": "-1d"}, "--last"),
        ({"last": "999999999 weeks"}, "--last"),
        ({"last": "99999 months"}, "--last"),
        ({"last": "1d", "since": "2026-10-01"}, "--last"),
        ({"last": "1d", "until": "2026-10-01"}, "--last"),
    ],
)
def test_what_is_no_window_names_the_flag(flags: dict[str, str], place: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(flags.get("since"), flags.get("until"), flags.get("last"), "UTC", AT)

    assert error.value.place == place


def test_the_ends_of_the_calendar_are_sentences() -> None:
    for since, tz in (("0001-01-01", "Asia/Seoul"), ("9999-12-31T23:00", "America/New_York")):
        with pytest.raises(UsageError, match="leads out of the calendar"):
            parse(since, None, None, tz, AT)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-10-31", "2026-10-31T00:00:00Z"),
        ("2026-10-31T12:00:00Z", "2026-10-31T12:00:00Z"),
        ("2026-10-31T12:00:00+09:00", "2026-10-31T03:00:00Z"),
        ("2026-10-31T12:00:00", "2026-10-31T12:00:00Z"),
    ],
)
def test_the_clock_may_be_set(text: str, at: str) -> None:
    assert now({"LLMCOST_NOW": text}).astimezone(timezone.utc).isoformat().replace("+00:00", "Z") == at


def test_without_a_setting_the_clock_is_the_clock() -> None:
    assert abs(now({}) - datetime.now(timezone.utc)) < timedelta(seconds=5)
    assert now({"LLMCOST_NOW": ""}).tzinfo is timezone.utc


def test_a_window_is_widened_to_whole_days() -> None:
    day = 86_400_000_000

    assert whole_days(Window(day + 1, 2 * day + 1)) == Window(day, 3 * day)
    assert whole_days(Window(day, 2 * day)) == Window(day, 2 * day)
    assert whole_days(Window(-1, None)) == Window(-day, None)
    assert whole_days(Window()) == Window()


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("today", "2026-10-14T00", "2026-10-15T00"),
        ("yesterday", "2026-10-13T00", "2026-10-14T00"),
        ("this-week", "2026-10-12T00", "2026-10-19T00"),
        ("last-week", "2026-10-05T00", "2026-10-12T00"),
        ("this-month", "2026-10-01T00", "2026-11-01T00"),
        ("last-month", "2026-09-01T00", "2026-10-01T00"),
        ("2026-12", "2026-12-01T00", "2027-01-01T00"),
        ("2026-W01", "2025-12-29T00", "2026-01-05T00"),
        ("2026-10-05", "2026-10-05T00", "2026-10-06T00"),
        ("2026-10-01..2026-10-03", "2026-10-01T00", "2026-10-03T00"),
        ("7d", "2026-10-07T12", "2026-10-14T12"),
    ],
)
def test_a_period_has_a_name(text: str, since: str, until: str) -> None:
    found = period(text, "UTC", datetime(2026, 10, 14, 12, tzinfo=timezone.utc))
    assert [instant_text(us) for us in (found.since_us, found.until_us)] == [f"{since}:00:00Z", f"{until}:00:00Z"]


def test_a_period_is_of_days_in_the_zone() -> None:
    found = period("2026-10-25", "Europe/Berlin", datetime(2026, 10, 30, tzinfo=timezone.utc))
    # the day on which the clocks go back has 25 hours
    assert [instant_text(us) for us in (found.since_us, found.until_us)] == [
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
    ]


@pytest.mark.parametrize("text", ["last-weak", "2026-13", "2026-W60", "2026-10-03..2026-10-01", "..", ""])
def test_what_is_no_period_says_so(text: str) -> None:
    with pytest.raises(UsageError) as told:
        period(text, "UTC", datetime(2026, 10, 14, tzinfo=timezone.utc))
    assert told.value.hint
