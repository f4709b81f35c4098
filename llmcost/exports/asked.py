"""What an export is asked for, and what a dataset gives back: rows as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from llmcost.conditions import Condition
from llmcost.windows import DAY_US, Window


@dataclass(frozen=True)
class Asked:
    """Which rows and how they leave: `raw_users` with their names, `sanitize` with formulas of spreadsheets disarmed."""

    where: Condition | None = None
    raw_users: bool = False
    sanitize: bool = True
    focus_version: str = "1.2"
    window: Window = Window()
    """Narrower than whole days only for a stream."""


@dataclass(frozen=True)
class Gathered:
    """A query whose rows have the columns of the dataset in their native types, and the day of each as `utc_day`."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)


def day_us(day: str) -> int:
    """The start of a UTC day in µs since 1970."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_US


def run_window(asked: Asked, days: Sequence[str | None]) -> Window:
    """From the first of the days to the end of the last, within what is asked; for rows without time the open window."""
    dated = [day for day in days if day is not None]
    if not dated:
        return Window()
    since_us, until_us = day_us(dated[0]), day_us(dated[-1]) + DAY_US
    inner = asked.window
    return Window(
        since_us if inner.since_us is None else max(since_us, inner.since_us),
        until_us if inner.until_us is None else min(until_us, inner.until_us),
    )
