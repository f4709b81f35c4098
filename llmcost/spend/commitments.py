"""Prepaid commitments: what usage has drawn of each, what is left, and what will be left unused at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from llmcost import fx
from llmcost.config import Config
from llmcost.figures import exact
from llmcost.fx import shared_out
from llmcost.model import Column, Kind, Table
from llmcost.resources import sql
from llmcost.store import Store

ZERO = Decimal(0)
COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("provider", "text"),
    ("amount", "cost"),
    ("since", "text"),
    ("until", "text"),
    ("drawn", "cost"),
    ("left", "cost"),
    ("unmet", "cost"),
)


@dataclass(frozen=True)
class Commitment:
    """Money paid in advance for what a provider bills on the days [since, until); `amount` in USD.

    `given` is the amount in its own currency, at `rate` USD of its first day; both None for one in USD.
    """

    provider: str
    amount: Decimal
    since: str | None = None
    until: str | None = None
    given: str | None = None
    rate: Decimal | None = None

    def covers(self, day: str) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    @property
    def label(self) -> str:
        """As in `10,000 EUR at 1.1 USD on 2026-10-01`; empty for one in USD."""
        return f"{self.given} at {exact(self.rate)} USD on {self.since}" if self.rate is not None else ""


@dataclass(frozen=True)
class Drawn:
    """What usage has drawn of a commitment, in USD, and what will be left unused at the pace so far."""

    commitment: Commitment
    drawn: Decimal
    unmet: Decimal | None
    """None without an end or without usage."""

    @property
    def left(self) -> Decimal:
        return self.commitment.amount - self.drawn


def told(config: Config) -> list[Commitment]:
    """The commitments of llmcost.yaml in USD: one in another currency at the rate of its first day. UsageError without one."""
    found = []
    for number, one in enumerate(config.prices["commitments"]):
        amount, given, rate = one["amount"], None, None
        if one["currency"] != "USD":
            place = config.place("prices", "commitments", number, "currency")
            rate = fx.usd(config, one["currency"], date.fromisoformat(one["since"]), place, ", the day it begins")
            given = f"{exact(amount)} {one['currency']}"
            amount = shared_out({"": Fraction(amount) * Fraction(rate)})[""]
        found.append(Commitment(one["provider"], amount, one["since"], one["until"], given, rate))
    return found


def drawn_by_day(
    commitments: Sequence[Commitment], usage: Sequence[tuple[str, str, Decimal]]
) -> list[tuple[int, str, Decimal]]:
    """(number of the commitment, day, USD) of what usage (provider, day, cost; in order of the days) draws of prepaid money.

    Each is drawn from its first day until it, or its time, is over; the next one of the provider pays what it could not.
    """
    left = [one.amount for one in commitments]
    found = []
    for provider, day, usd in usage:
        cost = usd
        for number, one in enumerate(commitments):
            if one.provider == provider and one.covers(day) and left[number] > 0 and cost > 0:
                drawn = min(left[number], cost)
                left[number] -= drawn
                cost -= drawn
                found.append((number, day, drawn))
    return found


def commitments(store: Store, config: Config) -> list[Drawn]:
    """Every prepaid commitment with what all usage so far has drawn of it, and what the pace so far leaves unused."""
    named = told(config)
    drawn = drawn_by_day(named, store.rows(sql("spend/drawn.sql"))) if named else []
    found = []
    for number, one in enumerate(named):
        mine = [(date.fromisoformat(day), usd) for at, day, usd in drawn if at == number]
        spent = sum((usd for _, usd in mine), ZERO)
        unmet = None
        if one.until is not None and mine:
            first, last = mine[0][0], mine[-1][0]
            ahead = max((date.fromisoformat(one.until) - last).days - 1, 0)
            pace = shared_out({"": Fraction(spent) * ahead / ((last - first).days + 1)})[""]
            unmet = max(one.amount - spent - pace, ZERO)
        found.append(Drawn(one, spent, unmet))
    return found


def table_of(found: Sequence[Drawn]) -> Table:
    """Commitments for people, in USD."""
    cells = [
        [d.commitment.provider, d.commitment.amount, d.commitment.since, d.commitment.until, d.drawn, d.left, d.unmet]
        for d in found
    ]
    return Table(
        "llmcost.commitments/1",
        "Prepaid commitments, drawn by the spend",
        [Column(name, kind) for name, kind in COLUMNS],
        cells,
        notes=[
            "unmet: what the pace so far leaves unused at the end: saving on it frees no cash before",
            *(f"{d.commitment.provider}: {d.commitment.label}" for d in found if d.commitment.given),
        ],
    )


def as_json(found: Sequence[Drawn]) -> dict[str, object]:
    """What stands in a report's JSON; nothing without commitments. Money is in USD, whatever the report is in."""
    if not found:
        return {}
    return {
        "commitments": [
            {
                "provider": one.commitment.provider,
                "currency": "USD",
                "amount": f"{one.commitment.amount:.12f}",
                "given": one.commitment.label or None,
                "since": one.commitment.since,
                "until": one.commitment.until,
                "drawn": f"{one.drawn:.12f}",
                "left": f"{one.left:.12f}",
                "unmet": None if one.unmet is None else f"{one.unmet:.12f}",
            }
            for one in found
        ]
    }
