"""What the month will cost: the median level of the last week times the weekday profile, with a range from its own back-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.figures import exact_money, instant_text, money, percent
from llmcost.model import Column, Table
from llmcost.spend import trust
from llmcost.spend.series import ONE, ZERO, Series, daily, expected, median, quantile
from llmcost.store import Store
from llmcost.windows import Window

LEVEL = Decimal("0.8")
"""Eight months in ten should end inside the range."""
ENOUGH_DAYS = 14
BACKTESTS = 60
FEW_BACKTESTS = 8
"""Fewer trials say nothing about a range of eight in ten."""
PICO = Decimal("0.000000000001")


@dataclass(frozen=True)
class Forecast:
    """A month in USD. `spent` is the cost of its days so far; low and high are None where nothing supports a range."""

    period: str
    first: date
    until: date
    spent: Decimal
    expected: Decimal
    low: Decimal | None
    high: Decimal | None
    method: str
    median_error: Decimal | None
    days: Mapping[date, Decimal]
    """What each day of the month has cost, or will."""


def month(series: Series, today: date, today_is_complete: bool = False) -> Forecast:
    """The month of `today`. The series ends with today, whose cost so far counts as spent; `series` may be empty."""
    first = today.replace(day=1)
    until = (first + timedelta(32)).replace(day=1)
    costs = {series.day(place): cost for place, cost in enumerate(series.costs)}
    done = Series(series.first, series.costs[: max((today - series.first).days + today_is_complete, 0)])
    past = [first + timedelta(n) for n in range((today - first).days + today_is_complete)]
    ahead = [first + timedelta(n) for n in range(len(past), (until - first).days)]
    known = {day: costs.get(day, ZERO) for day in past}
    so_far = ZERO if today_is_complete else costs.get(today, ZERO)
    enough = len(done.costs) >= ENOUGH_DAYS
    if enough:
        guess, method = expected(done, ahead), "mean of 28 days" if done.is_sparse else "median week x weekday profile"
    else:
        mean = sum(done.costs, ZERO) / len(done.costs) if done.costs else so_far
        guess, method = [mean] * len(ahead), "run rate"
    # what today has cost already stands, however little was expected of it
    coming = {day: max(cost, so_far) if day == today else cost for day, cost in zip(ahead, guess, strict=True)}
    spent = sum(known.values(), ZERO) + so_far
    rest = sum(coming.values(), ZERO)
    ratios = backtest(done, len(ahead)) if enough and ahead else []
    low = high = None
    if len(ratios) >= FEW_BACKTESTS:
        tail = (ONE - LEVEL) / 2
        settled = spent - so_far
        low = max(settled + rest * quantile(ratios, tail), spent)
        high = max(settled + rest * quantile(ratios, ONE - tail), spent)
    error = median([abs(ratio - 1) for ratio in ratios]) if ratios else None
    whole = sum(known.values(), ZERO) + rest
    return Forecast(
        first.isoformat()[:7],
        first,
        until,
        spent,
        whole.quantize(PICO),
        None if low is None else low.quantize(PICO),
        None if high is None else high.quantize(PICO),
        method,
        error,
        known | coming,
    )


def backtest(series: Series, horizon: int) -> list[Decimal]:
    """Actual / forecast of the days that followed, for each of the last days at which the method had enough to go on."""
    ratios = []
    for place in range(max(ENOUGH_DAYS, len(series.costs) - horizon - BACKTESTS + 1), len(series.costs) - horizon + 1):
        days = [series.day(place + n) for n in range(horizon)]
        guess = sum(expected(series.until(place), days), ZERO)
        if guess:
            ratios.append(sum(series.costs[place : place + horizon], ZERO) / guess)
    return ratios


def breaks_on(forecast: Forecast, limit: Decimal) -> date | None:
    """The day on which the month's cost passes this limit, by what is spent and what is expected; None when it does not."""
    so_far = ZERO
    for day in sorted(forecast.days):
        so_far += forecast.days[day]
        if so_far > limit:
            return day
    return None


def of_ledger(
    store: Store, config: Config, where: Condition | None, tz: str, now: datetime
) -> tuple[Forecast | None, trust.Trust]:
    """The month of the newest data, or of `now` where data reach it; None without any dated row."""
    found, base = by_group(store, config, where, tz, now, ())
    return found.get(()), base


def by_group(
    store: Store, config: Config, where: Condition | None, tz: str, now: datetime, scope: Sequence[str]
) -> tuple[dict[tuple[str | None, ...], Forecast], trust.Trust]:
    """The same for every group of `scope`; empty without any dated row."""
    base = trust.gather(store, config, where, Window(), tz, digest=None)
    if base.data_until_us is None:
        return {}, base
    zone = ZoneInfo(tz)
    newest = datetime.fromtimestamp(base.data_until_us // 1_000_000, timezone.utc).astimezone(zone).date()
    today = min(newest, now.astimezone(zone).date())
    # a day that is over by the clock is complete, however early its last request came
    is_over = now.astimezone(zone).date() > today
    return {
        key: month(
            Series(one.first, one.costs[: max((today - one.first).days + 1, 0)]), today, today_is_complete=is_over
        )
        for key, one in daily(store, config, where, Window(), tz, scope).items()
    }, base


def forecast(store: Store, config: Config, where: Condition | None, tz: str, now: datetime) -> Table:
    """Month end with a range, and the day on which each budget of the gate breaks."""
    found, base = of_ledger(store, config, where, tz, now)
    budgets = _budgets(config, found) if found else []
    notes = list(_notes(found, base, budgets))
    return Table(
        schema="llmcost.forecast/1",
        title=f"Forecast of {found.period}" if found else "Forecast",
        columns=[Column("id", "text", "budget"), Column("limit", "cost"), Column("breaks_on", "text", "breaks on")],
        rows=[[name, limit, None if day is None else day.isoformat()] for name, limit, day in budgets],
        head={
            "period": found.period if found else None,
            "currency": "USD",
            "spent": exact_money(found.spent if found else None),
            "expected": exact_money(found.expected if found else None),
            "low": exact_money(found.low if found else None),
            "high": exact_money(found.high if found else None),
            "level": str(LEVEL),
            "method": found.method if found else None,
            "backtest": {
                "median_error": f"{found.median_error:.4f}" if found and found.median_error is not None else None
            },
        },
        notes=notes,
        rows_name="budgets",
    )


def _budgets(config: Config, found: Forecast) -> list[tuple[str, Decimal, date | None]]:
    """The rules of the gate that hold the whole cost of a month to a limit."""
    return [
        (rule["id"], rule["max"], breaks_on(found, rule["max"]))
        for rule in config.gate["rules"]
        if rule["metric"] in ("cost", "forecast_cost")
        and rule["max"] is not None
        and not rule["per"]
        and not rule["scope"]
        and not rule["when"]
    ]


def _notes(found: Forecast | None, base: trust.Trust, budgets: Sequence[object]) -> list[str]:
    if found is None:
        return ["no dated rows: llmcost ingest LOGS"]
    told = f"{found.period}: {money(found.spent)} spent, {money(found.expected)} expected at the end of the month"
    if found.low is not None and found.high is not None:
        told += f", between {money(found.low)} and {money(found.high)} in 8 of 10 months"
    notes = [told]
    if found.median_error is not None:
        notes.append(
            f"method: {found.method}; on this log it was off by {percent(found.median_error)} in the middle of its trials"
        )
    else:
        notes.append(f"method: {found.method}")
    if found.low is None:
        notes.append("too little data for a range")
    if not budgets:
        notes.append("no budget for a month in llmcost.yaml: gate.rules with metric cost and max")
    unpriced = base.total("unpriced_requests")
    if unpriced:
        notes.append(f"{unpriced:,} requests have no price: the true cost is higher")
    notes.append(f"data until {instant_text(base.data_until_us)}")
    return notes
