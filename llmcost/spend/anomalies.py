"""Days that stand out: the rise against the usual day of that weekday, and which agent, feature, user or model it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.figures import exact_money, instant_text, money, visible
from llmcost.model import Column, Table
from llmcost.pricing.catalogue import Catalogue
from llmcost.spend import diff, trust
from llmcost.spend.series import ONE, ZERO, Series, daily, level, median, profile
from llmcost.store import Store
from llmcost.windows import Window, period

LEVEL_DAYS = 14
SPREAD_DAYS = 28
ENOUGH_DAYS = 14
TIMES_SPREAD = Decimal("3.5")
MAD_TO_SIGMA = Decimal("1.4826")
LEAST_SPREAD = Decimal("0.05")
LEAST_RISE = Decimal("0.3")
DRIVERS = ("agent", "feature", "user", "model")
SHOWN_DRIVERS = 3


@dataclass(frozen=True)
class Anomaly:
    """A day whose cost, in USD, is far above what is usual."""

    day: date
    scope: tuple[str | None, ...]
    expected: Decimal
    actual: Decimal


@dataclass(frozen=True)
class Driver:
    """A group whose cost rose against the same weekday a week before."""

    dimension: str
    value: str | None
    parts: diff.Split


def standouts(series: Series, scope: tuple[str | None, ...], least_usd: Decimal) -> list[Anomaly]:
    """The days that cost far more than usual.

    Usual is the median of the 14 days before, each divided by its weekday's factor, times the factor of the day. Far: the
    logarithm of the ratio is above 3.5 times the spread of such logarithms over the 28 days before (1.4826 x the median
    absolute deviation, at least 0.05), and the rise is at least 30% and `least_usd`. The first 14 days have no usual.
    """
    found: list[Anomaly] = []
    residuals: list[Decimal] = []
    for place in range(ENOUGH_DAYS, len(series.costs)):
        before = series.until(place)
        if before.is_sparse:
            continue
        factors = profile(before)
        usual = level(before, factors, LEVEL_DAYS) * factors[series.day(place).weekday()]
        actual = series.costs[place]
        if usual <= 0 or actual <= 0:
            continue
        residual = (actual / usual).ln()
        recent = residuals[-SPREAD_DAYS:]
        middle = median(recent) if recent else ZERO
        spread = median([abs(one - middle) for one in recent]) * MAD_TO_SIGMA if recent else ZERO
        is_far = residual > TIMES_SPREAD * max(spread, LEAST_SPREAD)
        if is_far and actual >= usual * (ONE + LEAST_RISE) and actual - usual >= least_usd:
            found.append(Anomaly(series.day(place), scope, usual.quantize(diff.PICO), actual))
        residuals.append(residual)
    return found


def anomalies(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    *,
    by: Sequence[str] = (),
    where: Condition | None = None,
    window: Window = Window(),  # noqa: B008  frozen
    tz: str = "UTC",
    least_usd: Decimal,
    now: datetime,
) -> Table:
    """Days that stand out in the window, newest first, each with its drivers; the day that is not over is never judged."""
    base = trust.gather(store, config, where, window, tz, digest=None)
    today = now.astimezone(ZoneInfo(tz)).date()
    # what is usual is learned from all data; the window says which days are asked about
    every = daily(store, config, where, Window(), tz, by)
    found: list[Anomaly] = []
    for scope, series in sorted(every.items(), key=lambda item: [str(cell) for cell in item[0]]):
        whole = series.until(max((today - series.first).days, 0))
        found += [one for one in standouts(whole, scope, least_usd) if _is_asked(one.day, window, tz, now)]
    found.sort(key=lambda one: (-one.day.toordinal(), one.expected - one.actual))
    told = [(one, _drivers(store, config, catalogue, one, by, where, tz, now)) for one in found]
    days = max((len(series.costs) for series in every.values()), default=0)
    notes = [] if days > ENOUGH_DAYS else [f"{days} days of data: what is usual is known after {ENOUGH_DAYS}"]
    if found:
        notes.append("drivers: change against the same weekday a week before, split into price, volume and mix")
    else:
        notes.append(f"no day cost 30% and {money(least_usd)} more than usual")
    notes.append(f"data until {instant_text(base.data_until_us) or 'no time'}")
    return Table(
        schema="llmcost.anomalies/1",
        title="Days that stand out",
        columns=[
            Column("day", "text"),
            Column("scope", "text", data_only=not by),
            Column("expected", "cost"),
            Column("actual", "cost"),
            Column("because", "text", "drivers"),
            Column("drivers", "text", data_only=True),
        ],
        rows=[
            [
                one.day.isoformat(),
                ", ".join(
                    f"{name}={'(none)' if cell is None else cell}" for name, cell in zip(by, one.scope, strict=True)
                )
                or None,
                one.expected,
                one.actual,
                "; ".join(_sentence(driver) for driver in drivers) or None,
                [_as_json(driver) for driver in drivers],
            ]
            for one, drivers in told
        ],
        head={"currency": "USD"},
        notes=notes,
        rows_name="anomalies",
    )


def _is_asked(day: date, window: Window, tz: str, now: datetime) -> bool:
    whole = period(day.isoformat(), tz, now)
    since, until = whole.since_us or 0, whole.until_us or 0
    return (window.since_us is None or since >= window.since_us) and (
        window.until_us is None or until <= window.until_us
    )


def _drivers(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    one: Anomaly,
    by: Sequence[str],
    where: Condition | None,
    tz: str,
    now: datetime,
) -> list[Driver]:
    """The groups that rose most, over all of DRIVERS that say something beyond the scope itself."""
    before, after = (period((one.day - timedelta(days)).isoformat(), tz, now) for days in (7, 0))
    rose: list[Driver] = []
    dimensions = [name for name in DRIVERS if name not in by]
    for dimension in dimensions:
        olds, news = diff.amounts(store, config, catalogue, before, after, by=[*by, dimension], where=where, tz=tz)
        for key in sorted(olds.keys() | news.keys(), key=str):
            parts = diff.split(olds.get(key, diff.Amount()), news.get(key, diff.Amount()))
            if key[:-1] == one.scope and parts and parts.delta > 0:
                rose.append(Driver(dimension, key[-1], parts))
    rose.sort(key=lambda driver: (-driver.parts.delta, driver.value is None, dimensions.index(driver.dimension)))
    return rose[:SHOWN_DRIVERS]


def _sentence(driver: Driver) -> str:
    parts = {"price": driver.parts.price, "volume": driver.parts.volume, "mix": driver.parts.mix}
    main = max(parts, key=lambda name: parts[name])
    value = "(none)" if driver.value is None else visible(driver.value)
    return f"{driver.dimension} {value} +{money(driver.parts.delta)} ({main})"


def _as_json(driver: Driver) -> dict[str, object]:
    return {
        "dimension": driver.dimension,
        "value": driver.value,
        "delta": exact_money(driver.parts.delta),
        "delta_price": exact_money(driver.parts.price),
        "delta_volume": exact_money(driver.parts.volume),
        "delta_mix": exact_money(driver.parts.mix),
    }
