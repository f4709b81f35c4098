"""One cap: how much of which unit a user gets in which window, and what happens at the limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmcost.config import Config, duration, number
from llmcost.errors import UsageError, nearest

UNITS = ("turn", "request", "token", "usd")
COUNTS = ("served", "attempts")
ON_LIMIT = ("block", "overage", "downgrade")
PICO = 10**12
"""Pico-dollars in a dollar: replays count in whole numbers."""

CALENDAR = ("hour", "day", "week", "month")
"""Windows with a name. A month has no fixed length, so only an aligned cap can have it."""

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
_NAMED_US = {"hour": HOUR_US, "day": 24 * HOUR_US, "week": 168 * HOUR_US}


@dataclass(frozen=True)
class Cap:
    """`limit` is whole: turns, requests, tokens, or pico-dollars. `window` is as it was written: 3h, 7d, month."""

    limit: int
    window: str
    unit: str = "request"
    kind: str = "rolling"
    counts: str = "served"
    on_limit: str = "block"
    model: str | None = None
    """Whom a downgrade goes to."""
    name: str | None = None
    plan: str | None = None
    when: str | None = None

    @property
    def span_us(self) -> int:
        """The length of the window; 0 for a month, which has none."""
        if self.window in CALENDAR:
            return _NAMED_US.get(self.window, 0)
        length = duration(self.window)
        return (length.seconds or 0) * 1_000_000 if length else 0

    @property
    def text(self) -> str:
        """As people write it: 80/3h, 4.5/month."""
        limit = f"{Decimal(self.limit) / PICO:f}" if self.unit == "usd" else str(self.limit)
        return f"{limit}/{self.window}"


def parse(
    text: str,
    *,
    unit: str = "request",
    kind: str = "rolling",
    counts: str = "served",
    on_limit: str = "block",
    place: str = "--cap",
) -> Cap:
    """`80/3h` and the words beside it. UsageError names the flag."""
    limit, slash, window = text.replace(" ", "").partition("/")
    if not slash:
        raise UsageError(f"'{text}' has no window", place=place, hint="write 80/3h: a limit, a slash, a window")
    what, colon, model = on_limit.partition(":")
    for value, words, flag in ((unit, UNITS, "--unit"), (kind, KINDS, "--kind"), (counts, COUNTS, "--counts")):
        _known(value, words, flag)
    _known(what, ON_LIMIT, "--on-limit")
    if (what == "downgrade") != bool(model) or (colon and not model):
        raise UsageError(f"'{on_limit}' names no model", place="--on-limit", hint="write downgrade:gpt-5-mini")
    return _checked(
        number(limit), limit, {"window": window, "unit": unit, "kind": kind, "counts": counts}, what, model, place
    )


def from_config(config: Config, unit: str) -> list[Cap]:
    """The caps of llmcost.yaml; `unit` is what one counts that names none."""
    found = []
    for at, told in enumerate(config.caps):
        on_limit = told["on_limit"]
        model = on_limit["downgrade"] if isinstance(on_limit, Mapping) else ""
        place = config.place("caps", at, "limit") or f"caps.{at + 1}"
        names = {key: told[key] for key in ("window", "kind", "counts", "name", "plan", "when")}
        what = "downgrade" if model else str(on_limit)
        found.append(
            _checked(told["limit"], str(told["limit"]), names | {"unit": told["unit"] or unit}, what, model, place)
        )
    return found


def _checked(limit: Decimal | None, shown: str, told: Mapping[str, Any], what: str, model: str, place: str) -> Cap:
    if limit is None or limit <= 0:
        raise UsageError(f"'{shown}' is no limit above 0", place=place, hint="write 80/3h")
    unit, window = told["unit"], told["window"]
    scaled = limit * PICO if unit == "usd" else limit
    if scaled != int(scaled):
        raise UsageError(f"{shown} is no whole number of {unit}s", place=place, hint="only usd may have decimals")
    cap = Cap(limit=int(scaled), on_limit=what, model=model or None, **told)
    length = duration(window)
    if window not in CALENDAR and (length is None or length.seconds is None):
        hint = nearest(window, CALENDAR) or f"write 3h, 7d, or one of {', '.join(CALENDAR)}"
        raise UsageError(f"'{window}' is no window", place=place, hint=hint)
    if not cap.span_us and cap.kind != "aligned":
        raise UsageError(
            f"a {cap.kind} window needs a fixed length, and a month has none",
            place=place,
            hint="write 30d, or take the kind aligned",
        )
    return cap


def _known(value: str, known: object, flag: str) -> None:
    words = [str(word) for word in known]  # type: ignore[attr-defined]
    if value not in words:
        hint = nearest(value, words) or f"one of {', '.join(words)}"
        raise UsageError(f"unknown word '{value}'", place=flag, hint=hint)


Fits = Callable[[int, int], bool]
Count = Callable[[int, int], None]
Meter = tuple[Fits, Count]
"""Whether a weight fits at a time, and the counting of it. Times of one user never go back."""

Period = Callable[[int], int]
"""The number of the calendar period that a time lies in."""


def _rolling(limit: int, span: int, _period: Period) -> Meter:
    """What was counted in (t - span, t] and the new weight stay within the limit."""
    from collections import deque

    events: deque[tuple[int, int]] = deque()
    total = 0

    def fits(t: int, weight: int) -> bool:
        nonlocal total
        edge = t - span
        while events and events[0][0] <= edge:
            total -= events.popleft()[1]
        return total + weight <= limit

    def count(t: int, weight: int) -> None:
        nonlocal total
        events.append((t, weight))
        total += weight

    return fits, count


def _first_request(limit: int, span: int, _period: Period) -> Meter:
    """A fixed window, opened by the first request that counts after the last one has ended."""
    begun, total = -1 << 80, 0

    def fits(t: int, weight: int) -> bool:
        return weight <= limit if t - begun >= span else total + weight <= limit

    def count(t: int, weight: int) -> None:
        nonlocal begun, total
        if t - begun >= span:
            begun, total = t, 0
        total += weight

    return fits, count


def _aligned(limit: int, _span: int, period: Period) -> Meter:
    """A fixed window of the clock or the calendar."""
    current, total = -1 << 80, 0

    def fits(t: int, weight: int) -> bool:
        return (total if period(t) == current else 0) + weight <= limit

    def count(t: int, weight: int) -> None:
        nonlocal current, total
        now = period(t)
        if now != current:
            current, total = now, 0
        total += weight

    return fits, count


def _token_bucket(limit: int, span: int, _period: Period) -> Meter:
    """A full bucket of `limit` that refills evenly over the span (GCRA; times are scaled by the limit to stay whole)."""
    full_at: int | None = None

    def fits(t: int, weight: int) -> bool:
        now = limit * t
        start = now if full_at is None or full_at < now else full_at
        return start + weight * span - now <= limit * span

    def count(t: int, weight: int) -> None:
        nonlocal full_at
        now = limit * t
        full_at = (now if full_at is None or full_at < now else full_at) + weight * span

    return fits, count


def _sliding_counter(limit: int, span: int, _period: Period) -> Meter:
    """Two windows of the clock: this one, and of the one before the share that still lies in the span."""
    current, now_total, before_total = -1 << 80, 0, 0

    def fits(t: int, _weight: int) -> bool:
        number = t // span
        now, before = now_total, before_total
        if number != current:
            now, before = 0, (now_total if number == current + 1 else 0)
        return before * (span - t % span) + now * span < limit * span

    def count(t: int, weight: int) -> None:
        nonlocal current, now_total, before_total
        number = t // span
        if number != current:
            before_total = now_total if number == current + 1 else 0
            current, now_total = number, 0
        now_total += weight

    return fits, count


def _budget(limit: int, _span: int, period: Period, over: int = 0) -> Meter:
    """A budget of the calendar that is charged after the answer: served while less than the limit (plus `over`) is spent."""
    current, total = -1 << 80, 0

    def fits(t: int, _weight: int) -> bool:
        return (total if period(t) == current else 0) < limit + over

    def count(t: int, weight: int) -> None:
        nonlocal current, total
        now = period(t)
        if now != current:
            current, total = now, 0
        total += weight

    return fits, count


def _end_user_budget(limit: int, span: int, period: Period) -> Meter:
    """The same, served while no more than the limit is spent."""
    return _budget(limit, span, period, over=1)


def _budget_manager(limit: int, span: int, _period: Period) -> Meter:
    """Charged after the answer; starts anew with the first request that comes a span after the last start, even a refused one."""
    begun, total = -1 << 80, 0

    def fits(t: int, _weight: int) -> bool:
        nonlocal begun, total
        if t - begun >= span:
            begun, total = t, 0
        return total <= limit

    def count(_t: int, weight: int) -> None:
        nonlocal total
        total += weight

    return fits, count


def _rate_limit(limit: int, span: int, _period: Period) -> Meter:
    """A fixed window opened by the first request, on a clock of whole seconds."""
    fits, count = _first_request(limit, span, _period)
    return lambda t, weight: fits(t // SECOND_US * SECOND_US, weight), lambda t, weight: count(
        t // SECOND_US * SECOND_US, weight
    )


KINDS: Mapping[str, Callable[[int, int, Period], Meter]] = {
    "rolling": _rolling,
    "first_request": _first_request,
    "aligned": _aligned,
    "token_bucket": _token_bucket,
    "sliding_counter": _sliding_counter,
}
"""The kinds of window that caps are written in: each gives a fresh meter for one user."""

GATEWAY_KINDS: Mapping[str, Callable[[int, int, Period], Meter]] = {
    "litellm-budget": _budget,
    "litellm-end-user": _end_user_budget,
    "litellm-budget-manager": _budget_manager,
    "litellm-rate": _rate_limit,
}
"""What gateways make of a cap. Their windows of hours begin on the clock of the zone."""

METERS = {**KINDS, **GATEWAY_KINDS}


def periods(cap: Cap, tz: str, since_us: int, until_us: int) -> Period:
    """How an aligned cap numbers its windows between two instants: from 1970 on, or by the calendar of the zone."""
    span = cap.span_us
    if cap.window not in CALENDAR and (cap.kind not in GATEWAY_KINDS or tz == "UTC"):
        return lambda t: t // span
    from bisect import bisect_right

    hours = span // HOUR_US
    edges = (
        _edges(cap.window, tz, since_us, until_us) if cap.window in CALENDAR else _hours(hours, tz, since_us, until_us)
    )
    return lambda t: bisect_right(edges, t)


def _hours(step: int, tz: str, since_us: int, until_us: int) -> list[int]:
    """Every so many hours of each day, by the clock of the zone."""
    from datetime import datetime, time, timedelta, timezone
    from zoneinfo import ZoneInfo

    epoch, zone = datetime(1970, 1, 1, tzinfo=timezone.utc), ZoneInfo(tz)
    days = [(epoch + timedelta(microseconds=at)).astimezone(zone).date() for at in (since_us, until_us)]
    return [
        (datetime.combine(days[0] + timedelta(days=n), time(hour), zone) - epoch) // timedelta(microseconds=1)
        for n in range((days[1] - days[0]).days + 1)
        for hour in range(0, 24, step)
    ]


def _edges(unit: str, tz: str, since_us: int, until_us: int) -> list[int]:
    """The instants at which a period of the calendar begins, as far as they are needed."""
    from datetime import datetime, timedelta, timezone
    from zoneinfo import ZoneInfo

    epoch, zone = datetime(1970, 1, 1, tzinfo=timezone.utc), ZoneInfo(tz)
    if unit == "hour":  # on the clock of the zone, of which some are half an hour off
        offset = (epoch + timedelta(microseconds=since_us)).astimezone(zone).utcoffset() or timedelta()
        first = (since_us + offset // timedelta(microseconds=1)) // HOUR_US * HOUR_US
        return list(range(first - offset // timedelta(microseconds=1), until_us + 1, HOUR_US))
    day = (epoch + timedelta(microseconds=since_us)).astimezone(zone).date()
    day -= timedelta(days={"day": 0, "week": day.weekday(), "month": day.day - 1}[unit])
    edges: list[int] = []
    while True:
        edge = (datetime(day.year, day.month, day.day, tzinfo=zone) - epoch) // timedelta(microseconds=1)
        if edge > until_us:
            return edges
        edges.append(edge)
        step = {"day": 1, "week": 7, "month": 32}[unit]
        day += timedelta(days=step)
        if unit == "month":
            day = day.replace(day=1)


def months_between(tz: str, since_us: int, until_us: int) -> list[tuple[str, int]]:
    """The calendar months of the zone that hold any time in between (2026-10), each with the instant at which it ends."""
    from datetime import datetime, timedelta, timezone
    from zoneinfo import ZoneInfo

    epoch, zone = datetime(1970, 1, 1, tzinfo=timezone.utc), ZoneInfo(tz)
    edges = _edges("month", tz, since_us, until_us + 32 * 24 * HOUR_US)
    begins = [(epoch + timedelta(microseconds=edge)).astimezone(zone) for edge in edges]
    return [(f"{day:%Y-%m}", end) for day, end in zip(begins, edges[1:], strict=False)]
