"""Fixed costs: what is paid by the hour or month whatever the traffic. Shown apart, never inside `cost`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from llmcost import fx, windows
from llmcost.conditions import FIELDS, And, Condition, parse
from llmcost.config import Config
from llmcost.figures import count, money
from llmcost.fx import Told, shared_out
from llmcost.model import Column, Table
from llmcost.spend.report import groups
from llmcost.spend.series import daily
from llmcost.store import Store
from llmcost.windows import Window

ZERO = Decimal(0)
PICO = 10**12
WHOLE_PERIODS = {"hour": 24, "day": 1}
"""How many of a fixed cost's periods a day holds, where it holds whole ones."""
SHARED_BY = {"tokens": "tokens", "requests": "number", "cost": "marginal cost", "hours": "hours of work"}
"""What a cost can be shared out by (`share_by`), in the order of weights.sql, and what people read. Hours are those of latency."""
UNTIMED = len(SHARED_BY)

Group = tuple[str | None, ...]


@dataclass(frozen=True)
class Share:
    """What falls to one group of a fixed cost; `group` None is what no request could be found for."""

    name: str
    group: Group | None
    allocated: Decimal


@dataclass(frozen=True)
class Portion:
    """What falls to one request: `allocated` of the `amount` that a cost comes to from the first to the last day.

    Money in USD. `weight` is the request's of the `whole` of all requests that the cost serves, by `basis`.
    """

    name: str
    basis: str
    first: date
    last: date
    amount: Decimal
    weight: Decimal
    whole: Decimal
    allocated: Decimal
    rates: Sequence[Told]


@dataclass(frozen=True)
class Allocation:
    """Every fixed cost shared out: `untimed` is how many requests bear nothing of a cost for want of a latency."""

    shares: Sequence[Share]
    untimed: Mapping[str, int]
    rates: Sequence[Told]


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


def is_running(cost: Mapping[str, Any], day: date) -> bool:
    """Whether this day lies in the term [since, until) of a fixed cost or commitment."""
    text = day.isoformat()
    return (cost["since"] is None or cost["since"] <= text) and (cost["until"] is None or text < cost["until"])


def usd_of_day(config: Config, number: int, day: date) -> Decimal:
    """A fixed cost on one day in USD at the rate of that day, exactly; nothing outside of its term."""
    cost = config.prices["costs"][number]
    if not is_running(cost, day):
        return ZERO
    with localcontext(prec=76):
        return of_day(cost["amount"], cost["per"], day) * fx.usd(config, cost["currency"], day, _place(config, number))


def usd_of_days(config: Config, name: str, first: date, last: date) -> Decimal:
    """What all fixed costs of that name come to in USD from the first to the last day, both whole, exactly."""
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    with localcontext(prec=76):
        return sum(
            (
                usd_of_day(config, number, day)
                for number, one in enumerate(config.prices["costs"])
                if one["name"] == name
                for day in days
            ),
            ZERO,
        )


def allocated(
    store: Store,
    config: Config,
    by: Sequence[str],
    where: Condition | None,
    window: Window,
    tz: str,
    currency: str = "USD",
) -> Allocation:
    """Every fixed cost over the days of the data in the window, shared out to the groups by the requests it serves.

    Which requests a cost serves is its `allocate_by` condition (without one, all) and its term; what counts of each is its
    `share_by`. What serves requests that do not meet `where` stays theirs, and is told as what falls to nobody in sight. The
    shares add up to the cost exactly. Each day is turned into the currency at its own rate; UsageError for a day without one.
    """
    found: dict[tuple[str, Group | None], Decimal] = {}
    untimed: dict[str, int] = {}
    rates: dict[str, dict[date, Decimal]] = {}
    for number, days in _running(store, config, window, tz):
        one = config.prices["costs"][number]
        amount = _amount(config, number, days, currency, rates)
        term = windows.overlap(window, windows.days(one["since"], one["until"], tz))
        everybody = _weights(store, config, one, by, None, term, tz)
        whole = sum((Fraction(weight) for weight, _ in everybody.values()), Fraction(0))
        seen = everybody if where is None else _weights(store, config, one, by, where, term, tz)
        exact: dict[Group | None, Fraction] = {
            key: amount * Fraction(weight) / whole for key, (weight, _) in seen.items() if weight
        }
        rest = amount - sum(exact.values(), Fraction(0))
        for key, share in shared_out(exact | {None: rest} if rest else exact).items():
            found[one["name"], key] = found.get((one["name"], key), ZERO) + share
        if one["share_by"] == "hours" and (without := sum(count for _, count in seen.values())):
            untimed[one["name"]] = untimed.get(one["name"], 0) + without
    names = [one["name"] for one in config.prices["costs"]]
    ordered = sorted(
        found.items(), key=lambda item: (names.index(item[0][0]), item[0][1] is None, -item[1], str(item[0][1]))
    )
    return Allocation([Share(name, group, share) for (name, group), share in ordered], untimed, _told(config, rates))


def _told(config: Config, rates: Mapping[str, Mapping[date, Decimal]]) -> list[Told]:
    return [Told(code, config.fx.name if config.fx else None, days) for code, days in sorted(rates.items())]


def of_request(store: Store, config: Config, seq: int, window: Window, tz: str) -> list[Portion]:
    """What falls to one request of every fixed cost that serves it, over the days of the data in the window; in USD."""
    found = []
    for number, days in _running(store, config, window, tz):
        one = config.prices["costs"][number]
        term = windows.overlap(window, windows.days(one["since"], one["until"], tz))
        mine = _weights(store, config, one, ["source"], None, term, tz, seq)
        if not mine:
            continue
        weight, whole = (
            sum((w for w, _ in side.values()), ZERO)
            for side in (mine, _weights(store, config, one, ["source"], None, term, tz))
        )
        rates: dict[str, dict[date, Decimal]] = {}
        amount = _amount(config, number, days, "USD", rates)
        allocated = shared_out({"": amount * Fraction(weight) / Fraction(whole) if whole else Fraction(0)})[""]
        with localcontext(prec=76):
            usd = Decimal(amount.numerator) / amount.denominator  # ends: it is a sum of products of decimals
        told = _told(config, rates)
        found.append(Portion(one["name"], one["share_by"], days[0], days[-1], usd, weight, whole, allocated, told))
    return found


def _running(store: Store, config: Config, window: Window, tz: str) -> list[tuple[int, list[date]]]:
    """Each fixed cost by its place in the config, with the days of the data in the window on which it is paid."""
    costs = config.prices["costs"]
    every = daily(store, config, None, window, tz) if costs else {}
    if not every:
        return []
    series = next(iter(every.values()))
    days = [series.day(n) for n in range(len(series.costs))]
    found = [(number, [day for day in days if is_running(one, day)]) for number, one in enumerate(costs)]
    return [(number, mine) for number, mine in found if mine]


def _amount(
    config: Config, number: int, days: Iterable[date], currency: str, rates: dict[str, dict[date, Decimal]]
) -> Fraction:
    """A cost over these days in that currency, exactly; the rates it takes are put down in `rates`."""
    one = config.prices["costs"][number]
    of_each = {day: of_day(one["amount"], one["per"], day) for day in days}
    if one["currency"] == currency:
        return sum(map(Fraction, of_each.values()), Fraction(0))
    for code in {one["currency"], currency} - {"USD"}:
        rates.setdefault(code, {}).update(fx.of_days(config, code, of_each, _place(config, number)).usd)

    def usd(code: str, day: date) -> Fraction:
        return Fraction(1) if code == "USD" else Fraction(rates[code][day])

    return sum(
        (Fraction(a) * usd(one["currency"], day) / usd(currency, day) for day, a in of_each.items()), Fraction(0)
    )


def _place(config: Config, number: int) -> str | None:
    return config.place("prices", "costs", number, "currency")


def _weights(
    store: Store,
    config: Config,
    cost: Mapping[str, Any],
    by: Sequence[str],
    where: Condition | None,
    window: Window,
    tz: str,
    seq: int | None = None,
) -> dict[Group, tuple[Decimal, int]]:
    """Of the requests that a cost serves, by group: what it is shared out by (hours in ms), and how many have no latency."""
    serves = _both(where, cost["allocate_by"])
    rows = groups(store, config, by, serves, window, tz, query="spend/weights.sql", bound={"seq": seq})
    place = len(by) + list(SHARED_BY).index(cost["share_by"])
    return {tuple(row[: len(by)]): (Decimal(row[place]), row[len(by) + UNTIMED]) for row in rows}


def _both(where: Condition | None, text: str | None) -> Condition | None:
    if text is None:
        return where
    rule = parse(text, fields=FIELDS)
    return rule if where is None else And((where, rule))


def table_of(found: Allocation, config: Config, by: Sequence[str], currency: str = "USD") -> Table:
    """Fixed costs for people."""
    shares = found.shares
    unserved = [
        f"{s.name}: {money(s.allocated, currency)} serves no request in sight, and falls to nobody here"
        for s in shares
        if s.group is None
    ]
    untimed = [
        f"{name}: {count(number)} requests have no latency, and bear nothing of it"
        for name, number in found.untimed.items()
    ]
    return Table(
        "llmcost.fixed/1",
        "Fixed costs, allocated, beside the marginal cost above",
        [Column("name", "text"), *(Column(name, "text") for name in by), Column("allocated", "cost")],
        [[share.name, *(share.group or [None] * len(by)), share.allocated] for share in shares],
        [None] * (1 + len(by)) + [sum((share.allocated for share in shares), ZERO)],
        notes=[_basis(config, shares), *unserved, *untimed, *(told.sentence() for told in found.rates)],
        currency=currency,
    )


def _basis(config: Config, shares: Sequence[Share]) -> str:
    """By what each cost is shared out; names stand only where that differs."""
    names: dict[str, list[str]] = {}
    for one in config.prices["costs"]:
        mine = names.setdefault(one["share_by"], [])
        if one["name"] not in mine and any(share.name == one["name"] for share in shares):
            mine.append(one["name"])
    used = {basis: mine for basis, mine in names.items() if mine}
    parts = [f"their {SHARED_BY[b]}" + (f" ({', '.join(mine)})" if len(used) > 1 else "") for b, mine in used.items()]
    return (
        f"shared out among the requests that each serves by {' and '.join(parts)}; a request on them costs nothing more"
    )


def as_json(found: Allocation, by: Sequence[str]) -> dict[str, object]:
    """What stands in a report's JSON; nothing without fixed costs. Money is in the currency of the report."""
    if not found.shares:
        return {}
    shares = [
        {
            "name": share.name,
            **({} if share.group is None else dict(zip(by, share.group, strict=True))),
            "is_allocated": share.group is not None,
            "cost": f"{share.allocated:.12f}",
        }
        for share in found.shares
    ]
    rates = {told.currency: told.as_json() for told in found.rates}
    return {"fixed": shares} | ({"fixed_fx": rates} if rates else {})
