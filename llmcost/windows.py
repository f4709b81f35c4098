"""Windows of time from flags: --since, --until and --last, days in a zone, [since, until)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from llmcost.config import duration
from llmcost.errors import UsageError, nearest

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Window:
    """[since_us, until_us) in µs since 1970 UTC; None is open."""

    since_us: int | None = None
    until_us: int | None = None


def now(environ: Mapping[str, str]) -> datetime:
    """The clock, or LLMCOST_NOW for repeatable runs; aware, UTC unless it says otherwise."""
    text = environ.get("LLMCOST_NOW")
    if not text:
        return datetime.now(timezone.utc)
    found = _instant(text)
    if found is None:
        raise UsageError(f"'{text}' is no time", place="LLMCOST_NOW", hint="write 2026-10-31T12:00:00Z")
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def parse(since: str | None, until: str | None, last: str | None, tz: str, at: datetime) -> Window:
    """A bare date is the start of that day in `tz`; `last` counts back from `at`. UsageError names the flag."""
    if last is not None:
        if since is not None or until is not None:
            raise UsageError("cannot stand beside --since or --until", place="--last")
        return Window(_us(_back(last, at)), _us(at))
    window = Window(_edge(since, "--since", tz), _edge(until, "--until", tz))
    if window.since_us is not None and window.until_us is not None and window.since_us >= window.until_us:
        raise UsageError(
            f"'{until}' is not after --since '{since}'",
            place="--until",
            hint="the end is exclusive: a day D is --since D --until D+1",
        )
    return window


PERIODS = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month")


def period(text: str, tz: str, at: datetime) -> Window:
    """A named stretch of whole days in `tz`: one of PERIODS, a day, a month, an ISO week, 7d (the last), or A..B without B.

    UsageError for anything else.
    """
    first, dots, end = text.partition("..")
    if dots:
        window = Window(_edge(first, "period", tz), _edge(end, "period", tz))
        if window.since_us is not None and window.until_us is not None and window.since_us < window.until_us:
            return window
        raise UsageError(
            f"'{text}' ends before it begins", place="period", hint="the end is exclusive: 2026-10-01..2026-10-08"
        )
    if duration(text):
        return Window(_us(_back(text, at)), _us(at))
    days = _named_days(text, at.astimezone(ZoneInfo(tz)).date())
    if days is None:
        hint = nearest(text, PERIODS) or "write last-week, 2026-10, 2026-W41, 2026-10-05, 7d or 2026-10-01..2026-10-08"
        raise UsageError(f"'{text}' is no period", place="period", hint=hint)
    return Window(*(_edge(day.isoformat(), "period", tz) for day in days))


def to_date(text: str, tz: str, at: datetime) -> Window:
    """The window of gate rules: month-to-date and week-to-date, which end now, or a period."""
    unit, is_open, _ = text.partition("-to-date")
    if is_open:
        return Window(period(f"this-{unit}", tz, at).since_us, _us(at))
    return period(text, tz, at)


def _named_days(text: str, today: date) -> tuple[date, date] | None:
    """First day, and the one after the last."""
    day, week, month = timedelta(1), timedelta(7), today.replace(day=1)
    monday = today - today.weekday() * day
    named = {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "this-week": (monday, monday + week),
        "last-week": (monday - week, monday),
        "this-month": (month, _next_month(month)),
        "last-month": ((month - day).replace(day=1), month),
    }
    if text in named:
        return named[text]
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            first = date.fromisoformat(f"{text}-01")
            return first, _next_month(first)
        if re.fullmatch(r"\d{4}-W\d{2}", text):
            first = date.fromisoformat(f"{text}-1")
            return first, first + week
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            first = date.fromisoformat(text)
            return first, first + day
    except (ValueError, OverflowError):
        return None
    return None


def _next_month(first: date) -> date:
    return (first + timedelta(32)).replace(day=1)


def days(since: str | None, until: str | None, tz: str) -> Window:
    """The days [since, until), which have been read as dates, in a zone."""
    return Window(_edge(since, "since", tz), _edge(until, "until", tz))


def midnight_us(day: date, tz: str) -> int:
    """When a day begins in a zone, in µs since 1970 UTC; where the clock skips midnight, when it does."""
    wall = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tz))
    return (wall.toordinal() - EPOCH.toordinal()) * DAY_US - (wall.utcoffset() or timedelta(0)) // timedelta(
        microseconds=1
    )


def day_at(at_us: int, tz: str) -> date:
    """The day of an instant in a zone."""
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(tz)).date()


def overlap(one: Window, other: Window) -> Window:
    """What lies in both. It may be empty, and then ends before it begins."""
    since = [us for us in (one.since_us, other.since_us) if us is not None]
    until = [us for us in (one.until_us, other.until_us) if us is not None]
    return Window(max(since, default=None), min(until, default=None))


def is_empty(window: Window) -> bool:
    """Whether no instant lies in it."""
    return window.since_us is not None and window.until_us is not None and window.since_us >= window.until_us


def whole_days(window: Window) -> Window:
    """The window widened to whole UTC days."""
    since, until = window.since_us, window.until_us
    return Window(
        None if since is None else since // DAY_US * DAY_US, None if until is None else -(-until // DAY_US) * DAY_US
    )


def _back(text: str, at: datetime) -> datetime:
    length = duration(text)
    if length is None:
        raise UsageError(f"'{text}' is no length of time", place="--last", hint="write 7d, 24h, 4w or 3 months")
    try:
        if length.seconds is not None:
            return at - timedelta(seconds=length.seconds)
        months = length.count * (12 if length.unit == "year" else 1)
        year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
        return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise UsageError(
            f"'{text}' leads out of the calendar", place="--last", hint="write 7d, 24h, 4w or 3 months"
        ) from None


def _edge(text: str | None, flag: str, tz: str) -> int | None:
    if text is None:
        return None
    found = _instant(text)
    if found is None:
        raise UsageError(f"'{text}' is no date or time", place=flag, hint="write 2026-10-31 or 2026-10-31T12:00:00Z")
    try:
        return _us((found if found.tzinfo else found.replace(tzinfo=ZoneInfo(tz))).astimezone(timezone.utc))
    except OverflowError:
        raise UsageError(f"'{text}' leads out of the calendar", place=flag, hint="write 2026-10-31") from None


def _instant(text: str) -> datetime | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            text += "-01"
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # the caller knows the zone
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
