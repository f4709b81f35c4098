"""From dated prices to flat rates: boxes in time, hour of the week and request size, in which every rate is one integer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact
from itertools import pairwise
from zoneinfo import ZoneInfo

from llmcost.pricing import deals as dealing
from llmcost.pricing.entries import RATE_OF_COLUMN, Deal, Factor, Fee, Model, Price, Rates, Sheet, Tier, Window
from llmcost.pricing.reader import EPOCH

STANDARD_TIERS = ("", "default", "standard", "on_demand", "auto")
STANDARD_SPEEDS = ("", "standard")
PREPAID_TIERS = ("provisioned", "provisioned_throughput")
"""Capacity bought by the hour: a request on it costs nothing more. What the capacity costs is fixed money, told apart from this."""

FOREVER_US = 253_402_300_800_000_000
"""The year 10000: an upper bound that every comparison understands."""
ANY_SIZE = 1 << 62
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
WEEK_S = 7 * 24 * 3600
PICO_PER_USD = Decimal(10) ** 12
PICO_PER_USD_MTOK = Decimal(10) ** 6
"""$1 per million tokens is 1,000,000 pico-dollars per token."""
EXACT = Context(prec=200, traps=[Inexact])
"""Factors upon factors are never rounded on the way."""
CLOCKS_FROM_US = 1_420_070_400 * SECOND_US
CLOCKS_UNTIL_US = 2_208_988_800 * SECOND_US
"""2015 to 2040: the years in which changes of the clocks are looked for; no log is older."""


@dataclass(frozen=True)
class Terms:
    """What decides a price beside the model and the time, as the log wrote it."""

    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    inference_geo: str | None = None


@dataclass(frozen=True)
class Box:
    """One row of rates. Time in µs since 1970, week in UTC seconds since Monday 00:00, size in input tokens; ends exclusive.

    `pico` is integer pico-dollars x `denominator` per token, by ledger column; a column without a rate is absent.
    `unit_pico` is the same per unit; those of `once` are charged once per request. `price_id` names the price and ends
    in a digest of its rates. `tiered`: the rates depend on the size. `assumed`: the terms are not sold, and the standard
    price stands in for them. `base` is the rate and its figure that a column is billed by, in USD per million tokens or per unit,
    before the `factors`, which are applied in their order.
    """

    price_id: str
    since_us: int
    until_us: int
    week_from_s: int
    week_until_s: int
    size_from: int
    size_until: int
    denominator: int
    pico: Mapping[str, int]
    unit_pico: Mapping[str, int]
    once: frozenset[str]
    tiered: bool
    assumed: bool
    label: str
    price: Price
    base: Mapping[str, tuple[str, Decimal]]
    factors: tuple[Step, ...]
    reason: str | None = None
    """Why nothing can be billed in this box, though there is a price; then it has no rates."""

    def same_rates(self, other: Box) -> bool:
        mine = (self.pico, self.unit_pico, self.once, self.denominator)
        return mine == (other.pico, other.unit_pico, other.once, other.denominator)


class NoTermsError(Exception):
    """The model has prices, but none under this name."""


@dataclass(frozen=True)
class Step:
    """A factor with what it is for, and the place of a deal in the user's file."""

    what: str
    factor: Factor
    place: str | None = None


@dataclass(frozen=True)
class _Offer:
    """What one dated entry charges under some terms. `said` tells which of the terms made a difference."""

    sheet: Sheet
    fees: Mapping[str, Fee]
    steps: tuple[Step, ...]
    said: tuple[str, ...]
    assumed: bool


def boxes(
    model: Model, name: str, terms: Terms, deals: Iterable[Deal] = (), fx: Mapping[Day, Decimal] | None = None
) -> list[Box]:
    """All boxes of `model` under the matched `name`. NoTermsError when no entry is for this name.

    With `fx` (currency and day -> USD) a price in another currency has a box per day, at the rate of that day; days without
    a rate have a reason. Without it figures stay in the currency of the price.
    """
    found: list[Box] = []
    mine = dealing.on(deals, model, name)
    for since_us, until_us, price in _entries(model, name):
        offer = _offer(price, terms)
        for span_since_us, span_until_us in _spans(offer.sheet, mine, since_us, until_us):
            dealt = _dealt(offer, dealing.in_force(mine, span_since_us))
            if fx is None or model.currency == "USD":
                found += _span_boxes(model, price, dealt, span_since_us, span_until_us)
                continue
            for day_since_us, day_until_us, day in _rated(model.currency, fx, span_since_us, span_until_us):
                for box in _span_boxes(
                    model, price, _in_usd(dealt, model.currency, fx, day), day_since_us, day_until_us
                ):
                    unrated = {
                        "pico": {},
                        "unit_pico": {},
                        "reason": f"no exchange rate of {model.currency} on that day",
                    }
                    found.append(box if day else replace(box, **unrated))  # type: ignore[arg-type]
    if not found:
        raise NoTermsError(f"no price under the name {name}")
    return found


def undated_us(found: list[Box]) -> int | None:
    """An instant that stands for any time when the price never changed; None when it did."""
    if not found:
        return None
    first = [b for b in found if (b.since_us, b.week_from_s) == (found[0].since_us, found[0].week_from_s)]
    by_size = {b.size_from: b for b in first}
    for box in found:
        twin = by_size.get(box.size_from)
        if twin is None or twin.size_until != box.size_until or not twin.same_rates(box):
            return None
    return found[0].since_us


def _entries(model: Model, name: str) -> Iterator[tuple[int, int, Price]]:
    """Which entry is in force when: one that names this alias beats a general one."""
    mine = [p for p in model.prices if p.applies_to is None or name in p.applies_to]
    edges = sorted({p.since_us for p in mine} | {_end(p.until_us) for p in mine})
    for since_us, until_us in pairwise(edges):
        active = [p for p in mine if p.since_us <= since_us < _end(p.until_us)]
        special = [p for p in active if p.applies_to is not None]
        if active:
            yield since_us, until_us, (special or active)[0]


def _end(until_us: int | None) -> int:
    return FOREVER_US if until_us is None else until_us


def _offer(price: Price, terms: Terms) -> _Offer:
    """What is not sold is processed, and billed, as standard; prepaid capacity costs nothing by the token."""
    tier, speed, region, geo = (
        (term or "").lower() for term in (terms.service_tier, terms.speed, terms.region, terms.inference_geo)
    )
    sheet, fees, said = price.sheet, dict(price.fees), []
    steps: list[Step] = []
    service = next((s for s in price.services if tier in s.names), None)
    if service:
        said.append(f"tier={tier}")
        sheet = service.sheet or sheet
        fees.update(service.fees)
        steps += [Step(f"tier {tier}", service.factor)] if service.factor else []
    elif tier in PREPAID_TIERS:
        said.append(f"tier={tier}")
        steps.append(Step(f"tier {tier}, marginal: the capacity is a fixed cost", Factor(Decimal(0), frozenset())))
    facts = {"region": region, "inference_geo": geo, "speed": speed}
    priced: set[str] = set()
    for modifier in price.modifiers:
        if all(facts[key] in values for key, values in modifier.when.items()):
            steps.append(Step(", ".join(f"{key} {facts[key]}" for key in modifier.when), modifier))
            priced |= modifier.when.keys()
    said += [f"{key}={facts[key]}" for key in facts if key in priced]
    unsold = (
        [f"tier=standard ({tier} not sold)"] if not service and tier not in (*STANDARD_TIERS, *PREPAID_TIERS) else []
    )
    unsold += [f"speed=standard ({speed} not sold)"] if "speed" not in priced and speed not in STANDARD_SPEEDS else []
    return _Offer(sheet, fees, tuple(steps), (*said, *unsold), bool(unsold))


def _dealt(offer: _Offer, deals: Iterable[Deal]) -> _Offer:
    steps = tuple(Step(deal.label, deal.factor, deal.place) for deal in deals)
    said = tuple(step.what.replace(" ", "=", 1) for step in steps)
    return replace(offer, steps=(*offer.steps, *steps), said=(*offer.said, *said))


Day = tuple[str, dt.date]
"""A currency and a day in UTC."""


def _rated(
    currency: str, fx: Mapping[Day, Decimal], since_us: int, until_us: int
) -> Iterator[tuple[int, int, dt.date | None]]:
    """The stretch cut into days that have a rate, and what lies between them."""
    at_us = since_us
    for day in sorted(day for code, day in fx if code == currency):
        start_us = (day - EPOCH.date()).days * DAY_US
        first_us, last_us = max(start_us, since_us), min(start_us + DAY_US, until_us)
        if first_us < last_us:
            if at_us < first_us:
                yield at_us, first_us, None
            yield first_us, last_us, day
            at_us = last_us
    if at_us < until_us:
        yield at_us, until_us, None


def _in_usd(offer: _Offer, currency: str, fx: Mapping[Day, Decimal], day: dt.date | None) -> _Offer:
    if day is None:
        return replace(offer, said=(*offer.said, f"{currency}=no rate"))
    step = Step(f"{currency} in USD on {day}", Factor(fx[currency, day], frozenset()))
    return replace(offer, steps=(*offer.steps, step), said=(*offer.said, f"{currency}={day}"))


def _spans(sheet: Sheet, deals: Iterable[Deal], since_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """Stretches of time in which the same tiers, windows and deals hold, and clocks are not changed."""
    parts: list[Tier | Window | Deal] = [*sheet.tiers, *sheet.windows, *deals]
    edges = {e for part in parts for e in (part.since_us, part.until_us) if e is not None}
    for zone in {window.zone for window in sheet.windows}:
        edges.update(_clock_changes(zone, since_us, until_us))
    yield from pairwise(sorted({since_us, until_us} | {e for e in edges if since_us < e < until_us}))


def _holds(part: Tier | Window, at_us: int) -> bool:
    return (part.since_us is None or part.since_us <= at_us) and (part.until_us is None or at_us < part.until_us)


def _span_boxes(model: Model, price: Price, offer: _Offer, since_us: int, until_us: int) -> Iterator[Box]:
    tiers = [t for t in offer.sheet.tiers if _holds(t, since_us)]
    windows = [w for w in offer.sheet.windows if _holds(w, since_us)]
    sizes = sorted({0, ANY_SIZE} | {t.first_tokens for t in tiers})
    for week_from_s, week_until_s, window in _weeks(windows, since_us):
        for size_from, size_until in pairwise(sizes):
            tier = next((t for t in reversed(tiers) if t.first_tokens <= size_from), None)
            part = tier or window
            base = _base(model, part.rates if part else offer.sheet.rates, offer)
            denominator, pico, unit_pico = _integers(base, offer)
            once = frozenset(unit for unit, fee in offer.fees.items() if fee.once)
            said = [f"over={tier.first_tokens - 1}"] if tier else [f"hours={window.name}"] if window else []
            said += offer.said
            content = repr((sorted(pico.items()), sorted(unit_pico.items()), sorted(once), denominator))
            name = ";".join([f"{model.provider}/{model.id}@{price.since}", *said])
            yield Box(
                price_id=f"{name}#{hashlib.sha256(content.encode()).hexdigest()[:8]}",
                since_us=since_us,
                until_us=until_us,
                week_from_s=week_from_s,
                week_until_s=week_until_s,
                size_from=size_from,
                size_until=size_until,
                denominator=denominator,
                pico=pico,
                unit_pico=unit_pico,
                once=once,
                tiered=bool(tiers),
                assumed=offer.assumed,
                label=", ".join(text.replace("=", " ", 1) for text in said),
                price=price,
                base=base,
                factors=offer.steps,
            )


def _base(model: Model, rates: Rates, offer: _Offer) -> dict[str, tuple[str, Decimal]]:
    """By column and unit: the rate it has, or falls back to, and its figure in the list; what has neither is absent."""
    found = {column: _rate(model, rate, rates) for column, rate in RATE_OF_COLUMN.items()}
    base = {column: (rate, rates[rate]) for column, rate in found.items() if rate is not None}
    return base | {unit: (unit, fee.usd) for unit, fee in offer.fees.items()}


def _integers(base: Mapping[str, tuple[str, Decimal]], offer: _Offer) -> tuple[int, dict[str, int], dict[str, int]]:
    """Rates and fees in pico-dollars, times the smallest power of ten that makes all of them whole."""
    usd = {
        name: _times(figure, {rate, RATE_OF_COLUMN.get(name, name)}, offer.steps)
        for name, (rate, figure) in base.items()
    }
    pico = {column: EXACT.multiply(each, PICO_PER_USD_MTOK) for column, each in usd.items() if column in RATE_OF_COLUMN}
    unit_pico = {unit: EXACT.multiply(each, PICO_PER_USD) for unit, each in usd.items() if unit in offer.fees}
    denominator = 10 ** max([0, *map(_decimals, (*pico.values(), *unit_pico.values()))])
    return denominator, _whole(pico, denominator), _whole(unit_pico, denominator)


def _whole(values: Mapping[str, Decimal], denominator: int) -> dict[str, int]:
    return {name: int(EXACT.multiply(value, denominator)) for name, value in values.items()}


def _decimals(value: Decimal) -> int:
    exponent = value.normalize(EXACT).as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _rate(model: Model, rate: str, rates: Rates) -> str | None:
    """The rate itself, or the one it falls back to; None when the price has neither."""
    found: str | None = rate
    while found is not None and found not in rates:
        found = model.fallback.get(found)
    return found


def _times(usd: Decimal, names: set[str], steps: Iterable[Step]) -> Decimal:
    for step in steps:
        if not names & step.factor.not_on:
            usd = EXACT.multiply(usd, step.factor.multiply)
    return usd


def _weeks(windows: list[Window], at_us: int) -> Iterator[tuple[int, int, Window | None]]:
    """The week in UTC seconds cut into stretches, each with the window that holds there; the last one named wins."""
    spans: list[tuple[int, int, Window]] = []
    for window in windows:
        offset_s = _offset_s(window.zone, at_us)
        for day in sorted(window.days):
            for first, last in window.minutes:
                start_s = (day * 86400 + first * 60 - offset_s) % WEEK_S
                end_s = start_s + (last - first) * 60
                spans.append((start_s, min(end_s, WEEK_S), window))
                if end_s > WEEK_S:
                    spans.append((0, end_s - WEEK_S, window))
    edges = sorted({0, WEEK_S} | {e for span in spans for e in span[:2]})
    for week_from_s, week_until_s in pairwise(edges):
        holding = [w for from_s, until_s, w in spans if from_s <= week_from_s < until_s]
        yield week_from_s, week_until_s, holding[-1] if holding else None


def _offset_s(zone: str, at_us: int) -> int:
    at = EPOCH + dt.timedelta(microseconds=at_us)
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _clock_changes(zone: str, since_us: int, until_us: int) -> Iterator[int]:
    """Instants at which the zone's offset to UTC changes, found by halving the weeks in which it does."""
    at_us, end_us = max(since_us, CLOCKS_FROM_US), min(until_us, CLOCKS_UNTIL_US)
    while at_us < end_us:
        next_us = min(at_us + WEEK_S * SECOND_US, end_us)
        before, after = at_us // SECOND_US, next_us // SECOND_US
        if _offset_s(zone, before * SECOND_US) != _offset_s(zone, after * SECOND_US):
            while after - before > 1:
                middle = (before + after) // 2
                if _offset_s(zone, middle * SECOND_US) == _offset_s(zone, at_us):
                    before = middle
                else:
                    after = middle
            yield after * SECOND_US
        at_us = next_us
