"""Exchange rates: one file, `currency,date,usd`, dollars for one of the currency on that day. A missing one is an error, never a guess."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmcost import figures
from llmcost.config import Config, number
from llmcost.errors import UsageError, nearest
from llmcost.figures import DOLLARS, Shown, exact, shown
from llmcost.model import Cell, Table

COLUMNS = ("currency", "date", "usd")
PICO = Decimal("0.000000000001")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def usd(config: Config, currency: str, day: date, place: str | None, what: str = "") -> Decimal:
    """Dollars for one of the currency on that day. UsageError at `place` where there is no rate; `what` says which day it is."""
    if currency == "USD":
        return Decimal(1)
    if config.fx is None:
        raise UsageError(
            f"no exchange rate of {currency}", place=place, hint="name a file of rates: fx: fx.csv (currency,date,usd)"
        )
    known = rates(config.fx, config.place("fx"))
    if currency not in {one for one, _ in known}:
        hint = nearest(currency, {one for one, _ in known}) or f"add rows {currency},{day},RATE"
        raise UsageError(f"{config.fx.name} has no rate of {currency}", place=place, hint=hint)
    if (currency, day) not in known:
        raise UsageError(
            f"{config.fx.name} has no rate of {currency} on {day}{what}",
            place=place,
            hint=f"add the row {currency},{day},RATE",
        )
    return known[currency, day]


@dataclass(frozen=True)
class Told:
    """The rates of a currency that figures were turned at, to stand beside them: dollars for one of it, by day."""

    currency: str
    file: str | None
    usd: Mapping[date, Decimal]

    def as_json(self) -> dict[str, object]:
        return {"file": self.file, "usd": {day.isoformat(): exact(self.usd[day]) for day in sorted(self.usd)}}

    def sentence(self) -> str:
        first, last = min(self.usd), max(self.usd)
        if first == last:
            return f"{self.currency} by {self.file}: one is {exact(self.usd[first])} USD on {first}"
        span = f"{exact(self.usd[first])} USD on {first} to {exact(self.usd[last])} on {last}"
        return f"{self.currency} at the rate of each day by {self.file}: one is {span}"


def of_days(config: Config, currency: str, days: Iterable[date], place: str | None) -> Told:
    """The rate of each of these days; UsageError at `place` for a day without one."""
    found = {day: usd(config, currency, day, place) for day in days}
    return Told(currency, config.fx.name if config.fx else None, found)


def at_last_day(config: Config, currency: str, newest_us: int | None, place: str | None) -> Shown:
    """How money is written that is of no one day (a plan, a replay, a change): at the rate of the last day of the data.

    So a change of the rate never looks like a change of the cost. UsageError when that day has no rate.
    """
    if currency == "USD" or newest_us is None:
        return DOLLARS
    day = (EPOCH + timedelta(microseconds=newest_us)).date()
    rate = usd(config, currency, day, place, ", the last day of the data")
    return Shown(currency, rate, day, config.fx.name if config.fx else None)


def as_shown(table: Table, *, noted: bool = True) -> Table:
    """The table with its money in the currency that money is written in, and the rate beside it; as it is where that is USD."""
    one = shown()
    if one.currency == "USD" or one.day is None or table.currency != "USD":
        return table
    told = Told(one.currency, one.file, {one.day: one.usd})
    return replace(
        table,
        rows=[cells_as_shown(table, row) for row in table.rows],
        total=None if table.total is None else cells_as_shown(table, table.total),
        currency=one.currency,
        head={**table.head, "currency": one.currency, "fx": told.as_json()},
        notes=[*([f"{told.sentence()}, for all figures"] if noted else []), *table.notes],
    )


def cells_as_shown(table: Table, row: Sequence[Cell]) -> list[Cell]:
    """One row of the table with its money in the currency that money is written in."""
    return [
        figures.as_shown(cell) if column.kind in ("cost", "source_cost") and isinstance(cell, Decimal) else cell
        for column, cell in zip(table.columns, row, strict=True)
    ]


def rates(path: Path, place: str | None) -> Mapping[tuple[str, date], Decimal]:
    """Every rate of the file; UsageError with the line of a row that cannot be one."""
    try:
        return _parsed(path.read_bytes(), path, place)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}", place=place) from error


@lru_cache(1)
def _parsed(content: bytes, path: Path, place: str | None) -> Mapping[tuple[str, date], Decimal]:
    """What the bytes say: read once, however many days are asked for."""
    try:
        with io.StringIO(content.decode("utf-8-sig"), newline="") as lines:
            reader = csv.reader(lines)
            header = [name.strip() for name in next(reader, [])]
            for name in COLUMNS:
                if name not in header:
                    raise UsageError(
                        f"the column '{name}' is missing", place=f"{path.name}:1", hint="currency,date,usd"
                    )
            found: dict[tuple[str, date], Decimal] = {}
            for cells in reader:
                if cells:
                    key, rate = _row(dict(zip(header, cells, strict=False)), f"{path.name}:{reader.line_num}")
                    if found.setdefault(key, rate) != rate:
                        what = f"{key[0]} has two rates on {key[1]}"
                        raise UsageError(what, place=f"{path.name}:{reader.line_num}", hint="keep one of them")
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path.name} cannot be read: it is no CSV in UTF-8", place=place) from error
    return found


def _row(row: Mapping[str, str], place: str) -> tuple[tuple[str, date], Decimal]:
    rate = number(row.get("usd", "").strip())
    if rate is None or rate <= 0:
        raise UsageError(f"'{row.get('usd', '')}' is no rate above 0", place=place, hint="write 0.00072")
    try:
        day = date.fromisoformat(row.get("date", "").strip())
    except ValueError:
        raise UsageError(f"'{row.get('date', '')}' is no date", place=place, hint="write 2026-10-31") from None
    return (row.get("currency", "").strip(), day), rate


def converted(amounts: Mapping[Any, Mapping[date, Decimal]], rate: Callable[[date], Decimal]) -> dict[Any, Decimal]:
    """Dollars of each group by day, each day at its own rate, as amounts of 12 decimals in the other currency.

    The total is worked out exactly and rounded once (half-even), so that it is the same however the groups are cut; what
    rounding leaves over goes to the groups with the largest remainders, so that they add up to it.
    """
    exact = {
        key: sum((Fraction(cost) / Fraction(rate(day)) for day, cost in days.items()), Fraction(0))
        for key, days in amounts.items()
    }
    return shared_out(exact)


def shared_out(exact: Mapping[Any, Fraction]) -> dict[Any, Decimal]:
    """Fractions as amounts of 12 decimals that add up to their rounded sum."""
    scaled = {key: value / Fraction(PICO) for key, value in exact.items()}
    floors = {key: value.numerator // value.denominator for key, value in scaled.items()}
    left = round(sum(scaled.values(), Fraction(0))) - sum(floors.values())
    by_remainder = sorted(scaled, key=lambda key: (floors[key] - scaled[key], str(key)))
    for key in by_remainder[:left]:
        floors[key] += 1
    return {key: whole * PICO for key, whole in floors.items()}
