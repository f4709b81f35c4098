"""What changed between two windows, and why: price, volume and mix of every group, which add up to the change to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from llmcost.attribution import focus
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.figures import count, instant_text, money, percent
from llmcost.model import Cell, Column, Table
from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.store import Store, quote_identifier
from llmcost.windows import DAY_US, Window

PICO = Decimal("0.000000000001")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Amount:
    """One group in one window: billed requests, cost in USD (None: nothing in it has a price), the same at the prices of then."""

    requests: int = 0
    cost: Decimal | None = ZERO
    cost_then: Decimal | None = ZERO
    unpriced_requests: int = 0


@dataclass(frozen=True)
class Split:
    """A change of cost in USD and its parts, which add up to it exactly."""

    delta: Decimal
    price: Decimal
    volume: Decimal
    mix: Decimal

    def __add__(self, other: Split) -> Split:
        return Split(
            self.delta + other.delta, self.price + other.price, self.volume + other.volume, self.mix + other.mix
        )


def split(before: Amount, after: Amount) -> Split | None:
    """Why the cost of a group changed; None where either cost is unknown.

    price: the traffic of after, at its own prices less at the prices of before. volume: the change in requests, at the
    cost per request of before; a group that is new, or gone, is all volume. mix: the rest, another cost per request at
    the same prices: other models, longer prompts, fewer cache hits. Rounded half-even to 12 digits, the mix takes what
    that leaves over.
    """
    if before.cost is None or after.cost is None or after.cost_then is None:
        return None
    delta, price = after.cost - before.cost, after.cost - after.cost_then
    if before.requests:
        grown = Fraction(before.cost) * (after.requests - before.requests) / before.requests
        volume = _rounded(grown)
    else:
        volume = after.cost_then - before.cost
    return Split(delta, price, volume, delta - price - volume)


def _rounded(value: Fraction) -> Decimal:
    """Half-even, 12 digits."""
    return Decimal(round(value / Fraction(PICO))) * PICO


def diff(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    before: Window,
    after: Window,
    *,
    by: Sequence[str] = (),
    where: Condition | None = None,
    tz: str = "UTC",
) -> Table:
    """The change from `before` to `after` by the asked dimensions, largest first; both windows have an end."""
    olds, news = amounts(store, config, catalogue, before, after, by=by, where=where, tz=tz)
    rows: list[list[Cell]] = []
    known: list[Split] = []
    for key in olds.keys() | news.keys():
        old, new = olds.get(key, Amount()), news.get(key, Amount())
        parts = split(old, new)
        known += [parts] if parts else []
        cells = (parts.delta, parts.price, parts.volume, parts.mix) if parts else (None,) * 4
        rows.append([*key, old.requests, new.requests, old.cost, new.cost, *cells])
    dims = len(by)
    rows.sort(key=lambda row: (row[dims + 4] is None, -abs(row[dims + 4] or ZERO), [str(cell) for cell in row[:dims]]))  # type: ignore[arg-type]
    total = sum(known, Split(ZERO, ZERO, ZERO, ZERO))
    spent = [sum((a.cost for a in side.values() if a.cost is not None), ZERO) for side in (olds, news)]
    asked = [sum(a.requests for a in side.values()) for side in (olds, news)]
    named = [f"{instant_text(w.since_us) or 'the beginning'} to {instant_text(w.until_us)}" for w in (before, after)]
    return Table(
        schema="llmcost.diff/1",
        title=f"{named[0]} against {named[1]}",
        columns=[
            *(Column(name, "text") for name in by),
            Column("requests_before", "count", "requests before", brief=False),
            Column("requests_after", "count", "requests after", brief=False),
            Column("cost_before", "cost", "cost before"),
            Column("cost_after", "cost", "cost after"),
            Column("delta", "cost", "change"),
            Column("delta_price", "cost", "price"),
            Column("delta_volume", "cost", "volume"),
            Column("delta_mix", "cost", "mix"),
        ],
        rows=rows,
        # without groups the only row is the total
        total=[*(None for _ in by), *asked, *spent, total.delta, total.price, total.volume, total.mix] if by else None,
        head={"before": _window(before, tz), "after": _window(after, tz), "currency": "USD", "by": list(by)},
        notes=list(_notes(before, after, [*olds.values()], [*news.values()], total, spent)),
    )


def amounts(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    before: Window,
    after: Window,
    *,
    by: Sequence[str] = (),
    where: Condition | None = None,
    tz: str = "UTC",
) -> tuple[dict[tuple[str | None, ...], Amount], dict[tuple[str | None, ...], Amount]]:
    """Every group of both windows; `cost_then` of the later one is at the prices in force when `before` ended."""
    with prices_of(store, catalogue, before, after):
        return _groups(store, config, before, by, where, tz), _groups(store, config, after, by, where, tz)


@contextmanager
def prices_of(store: Store, catalogue: Catalogue, before: Window, after: Window) -> Iterator[None]:
    """Fills `then_costs` (seq, then_cost): the requests of `after`, each priced at its hour of the last week of `before`."""
    ended_us = before.until_us if before.until_us is not None else after.since_us
    store.run(
        sql("spend/then.sql"), {"ended_us": ended_us or 0, "since_us": after.since_us, "until_us": after.until_us}
    )
    with store.standing_for("requests", "then_rows"):
        charges.prepare(store, catalogue)
        store.run(sql("spend/then_costs.sql").format(charges=sql(charges.CHARGES)))
    store.run("DROP TABLE temp.then_rows")
    yield
    store.run("DROP TABLE temp.then_costs")


def _groups(
    store: Store, config: Config, window: Window, by: Sequence[str], where: Condition | None, tz: str
) -> dict[tuple[str | None, ...], Amount]:
    lens = focus(store, config, tz)
    names = {f"dim_{i}": name for i, name in enumerate(by, 1)}
    attributed = f"WITH attributed AS ({lens.select(names, where, window)})\n"
    dims = "".join(f"{quote_identifier(name)}, " for name in names)
    text = sql("spend/diff.sql").format(dims=dims, group="GROUP BY ALL" if by else "")
    rows: list[tuple[Any, ...]] = store.rows(attributed + text, lens.params)
    count_of = len(by)
    return {
        row[:count_of]: Amount(row[count_of] or 0, *_known(row[count_of:])) for row in rows if row[count_of] is not None
    }


def _known(figures: Sequence[Any]) -> tuple[Decimal | None, Decimal | None, int]:
    """A group without any request costs nothing; one whose requests have no price is unknown."""
    requests, cost, then, unpriced = figures
    nothing = ZERO if not requests else None
    return (nothing if cost is None else cost, nothing if then is None else then, unpriced)


def _window(window: Window, tz: str) -> Mapping[str, str | None]:
    return {"since": instant_text(window.since_us), "until": instant_text(window.until_us), "tz": tz}


def _notes(
    before: Window,
    after: Window,
    olds: Sequence[Amount],
    news: Sequence[Amount],
    total: Split,
    spent: Sequence[Decimal],
) -> Iterator[str]:
    share = f" ({percent(total.delta / spent[0])})" if spent[0] else ""
    yield (
        f"{'+' if total.delta >= 0 else ''}{money(total.delta)}{share}: price {money(total.price)}, "
        f"volume {money(total.volume)}, mix {money(total.mix)}"
    )
    yield "price: what the same requests would have cost before; volume: more or fewer requests; mix: another cost per request at the same prices"
    lengths = [None if w.since_us is None or w.until_us is None else w.until_us - w.since_us for w in (before, after)]
    if None not in lengths and lengths[0] != lengths[1]:
        days = [(Decimal(length or 0) / DAY_US).quantize(Decimal("0.1"), ROUND_HALF_EVEN) for length in lengths]
        yield f"the windows differ in length: {days[0]} and {days[1]} days"
    unpriced = [sum(a.unpriced_requests for a in side) for side in (olds, news)]
    if any(unpriced):
        yield f"without a price, and so in no figure of money: {count(unpriced[0])} requests before, {count(unpriced[1])} after"
