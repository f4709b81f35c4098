"""Fixed money: what is paid by the hour or month whatever the traffic, and what was prepaid. Shown apart, never inside `cost`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from llmcost.conditions import FIELDS, And, Condition, parse
from llmcost.config import Config
from llmcost.figures import money
from llmcost.fx import shared_out
from llmcost.model import Column, Table
from llmcost.resources import sql
from llmcost.spend.report import groups
from llmcost.spend.series import daily
from llmcost.store import Store
from llmcost.windows import Window

ZERO = Decimal(0)
PICO = 10**12
WHOLE_PERIODS = {"hour": 24, "day": 1}
"""How many of a fixed cost's periods a day holds, where it holds whole ones."""


@dataclass(frozen=True)
class Share:
    """What falls to one group of a fixed cost, in USD; `group` None is what no request could be found for."""

    name: str
    group: tuple[str | None, ...] | None
    allocated: Decimal


@dataclass(frozen=True)
class Drawn:
    """A prepaid commitment in USD: what usage has drawn of it, what is left, and what will be left unused at its end."""

    provider: str
    amount: Decimal
    until: str | None
    drawn: Decimal
    unmet: Decimal | None
    """At the pace so far; None without an end or without usage."""


def of_day(amount: Decimal, per: str, day: date) -> Decimal:
    """What a fixed cost comes to on one day: that of a week, month or year is spread so that its days add up to it."""
    if per in WHOLE_PERIODS:
        return amount * WHOLE_PERIODS[per]
    if per == "week":
        done, days = day.weekday(), 7
    else:
        first = day.replace(day=1) if per == "month" else day.replace(month=1, day=1)
        after = (first + timedelta(days=32)).replace(day=1) if per == "month" else first.replace(year=first.year + 1)
        done, days = (day - first).days, (after - first).days
    pico = int(amount * PICO)
    return Decimal(pico * (done + 1) // days - pico * done // days).scaleb(-12)


def of_days(config: Config, first: date, last: date) -> dict[str, Decimal]:
    """Each fixed cost from the first to the last day, both whole."""
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    return {
        one["name"]: sum((of_day(one["amount"], one["per"], d) for d in days), ZERO) for one in config.prices["costs"]
    }


def drawn_by_day(
    commitments: Sequence[Mapping[str, object]], usage: Sequence[tuple[str, str, Decimal]]
) -> list[tuple[int, str, Decimal]]:
    """(number of the commitment, day, USD) of what usage (provider, day, cost; in order of the days) draws of prepaid money.

    Each is drawn until it, or its time, is over; the next one of the provider pays what it could not.
    """
    left = [Decimal(str(one["amount"])) for one in commitments]
    found = []
    for provider, day, usd in usage:
        cost = usd
        for number, one in enumerate(commitments):
            until = one["until"]
            if one["provider"] == provider and (until is None or day < str(until)) and left[number] > 0 and cost > 0:
                drawn = min(left[number], cost)
                left[number] -= drawn
                cost -= drawn
                found.append((number, day, drawn))
    return found


def allocated(
    store: Store, config: Config, by: Sequence[str], where: Condition | None, window: Window, tz: str
) -> list[Share]:
    """Every fixed cost over the days of the data in the window, shared out to the groups by the tokens of the requests it serves.

    Which requests a cost serves is its `allocate_by` condition; without one, all. What serves requests that do not meet
    `where` stays theirs, and is told as what falls to nobody in sight. The shares add up to the cost exactly.
    """
    costs = config.prices["costs"]
    every = daily(store, config, None, window, tz) if costs else {}
    if not every:
        return []
    series = next(iter(every.values()))
    found: list[Share] = []
    for one, amount in zip(costs, of_days(config, series.first, series.last).values(), strict=True):
        serves = _both(None, one["allocate_by"])
        whole = sum(_tokens(store, config, by, serves, window, tz).values())
        tokens = _tokens(store, config, by, _both(where, one["allocate_by"]), window, tz) if whole else {}
        exact: dict[tuple[str | None, ...] | None, Fraction] = {
            key: Fraction(amount) * count / whole for key, count in tokens.items() if count
        }
        rest = Fraction(amount) - sum(exact.values(), Fraction(0))
        parts = shared_out(exact | {None: rest} if rest else exact)
        found += [
            Share(one["name"], key, usd)
            for key, usd in sorted(parts.items(), key=lambda item: (item[0] is None, -item[1], str(item[0])))
        ]
    return found


def _both(where: Condition | None, text: str | None) -> Condition | None:
    if text is None:
        return where
    rule = parse(text, fields=FIELDS)
    return rule if where is None else And((where, rule))


def _tokens(
    store: Store, config: Config, by: Sequence[str], where: Condition | None, window: Window, tz: str
) -> dict[tuple[str | None, ...], int]:
    dims = len(by)
    return {
        tuple(row[:dims]): int(row[dims + 3] + row[dims + 6]) for row in groups(store, config, by, where, window, tz)
    }


def commitments(store: Store, config: Config) -> list[Drawn]:
    """Every prepaid commitment with what all usage so far has drawn of it, and what the pace so far leaves unused."""
    told = config.prices["commitments"]
    if not told:
        return []
    usage = store.rows(sql("spend/drawn.sql"))
    drawn = drawn_by_day(told, usage)
    found = []
    for number, one in enumerate(told):
        mine = [(date.fromisoformat(day), usd) for at, day, usd in drawn if at == number]
        spent = sum((usd for _, usd in mine), ZERO)
        unmet = None
        if one["until"] is not None and mine:
            days = (mine[-1][0] - mine[0][0]).days + 1
            ahead = max((date.fromisoformat(one["until"]) - mine[-1][0]).days - 1, 0)
            pace = shared_out({"": Fraction(spent) * ahead / days})[""]
            unmet = max(one["amount"] - spent - pace, ZERO)
        found.append(Drawn(one["provider"], one["amount"], one["until"], spent, unmet))
    return found


def fixed_table(
    store: Store, config: Config, by: Sequence[str], where: Condition | None, window: Window, tz: str
) -> tuple[list[Table], dict[str, object]]:
    """Fixed costs and commitments as tables for people and as what stands in a report's JSON; both empty without any."""
    shares = allocated(store, config, by, where, window, tz)
    prepaid = commitments(store, config)
    tables = []
    if shares:
        total = sum((share.allocated for share in shares), ZERO)
        rows = [[share.name, *(share.group or [None] * len(by)), share.allocated] for share in shares]
        unserved = [
            f"{s.name}: {money(s.allocated)} serves no request in sight, and falls to nobody here"
            for s in shares
            if s.group is None
        ]
        tables.append(
            Table(
                "llmcost.fixed/1",
                "Fixed costs, beside the spend above",
                [Column("name", "text"), *(Column(name, "text") for name in by), Column("allocated", "cost")],
                rows,
                [None] * (1 + len(by)) + [total],
                notes=[
                    "shared out by the tokens of the requests that each serves; a request on them costs nothing more",
                    *unserved,
                ],
            )
        )
    if prepaid:
        names = ("provider", "amount", "until", "drawn", "left", "unmet")
        kinds: tuple[str, ...] = ("text", "cost", "text", "cost", "cost", "cost")
        tables.append(
            Table(
                "llmcost.commitments/1",
                "Prepaid commitments, drawn by the spend",
                [Column(name, kind) for name, kind in zip(names, kinds, strict=True)],  # type: ignore[arg-type]
                [[c.provider, c.amount, c.until, c.drawn, c.amount - c.drawn, c.unmet] for c in prepaid],
                notes=["unmet: what the pace so far leaves unused at the end: saving on it frees no cash before"],
            )
        )
    data: dict[str, object] = {}
    if shares:
        data["fixed"] = [
            {
                "name": share.name,
                **({} if share.group is None else dict(zip(by, share.group, strict=True))),
                "is_allocated": share.group is not None,
                "cost": f"{share.allocated:.12f}",
            }
            for share in shares
        ]
    if prepaid:
        data["commitments"] = [
            {
                "provider": c.provider,
                "amount": f"{c.amount:.12f}",
                "until": c.until,
                "drawn": f"{c.drawn:.12f}",
                "left": f"{c.amount - c.drawn:.12f}",
                "unmet": None if c.unmet is None else f"{c.unmet:.12f}",
            }
            for c in prepaid
        ]
    return tables, data
