"""From dated prices to flat rates: boxes in time, hour of the week and request size, in which every rate is one integer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from llmcost.pricing.catalogue import EPOCH, RATE_OF_COLUMN, Factor, Model, Price, Rates, Service, Sheet, Tier, Window

STANDARD_TIERS = (None, "", "default", "standard", "on_demand", "auto")
STANDARD_SPEEDS = (None, "", "standard")

FOREVER_US = 253_402_300_800_000_000
"""The year 10000: an upper bound that every comparison understands."""
ANY_SIZE = 1 << 62
WEEK_S = 7 * 24 * 3600
PICO_PER_USD = Decimal(10) ** 12
PICO_PER_USD_MTOK = Decimal(10) ** 6
"""$1 per million tokens is 1,000,000 pico-dollars per token."""


@dataclass(frozen=True)
class Terms:
    """What decides a price beside the model and the time."""

    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    inference_geo: str | None = None


@dataclass(frozen=True)
class Box:
    """One row of rates. Time in µs since 1970, week in UTC seconds since Monday 00:00, size in input tokens; ends exclusive.

    `pico` is integer pico-dollars x `denominator` per token, by ledger column; a column without a rate is absent.
    `unit_pico` is the same per unit. `price_id` names the price and ends in a digest of its rates.
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
    price: Price
    label: str

    def same_terms(self, other: Box) -> bool:
        return (self.pico, self.unit_pico, self.denominator) == (other.pico, other.unit_pico, other.denominator)


class NoTermsError(Exception):
    """The model has prices, but none for this service tier or speed."""


def boxes(model: Model, name: str, terms: Terms) -> list[Box]:
    """All boxes of `model` under the matched `name`. NoTermsError when no dated entry sells these terms."""
    found: list[Box] = []
    refused: str | None = None
    for since_us, until_us, price in _entries(model, name):
        service, problem = _service(price, terms)
        factors = [f for f in _factors(price, service, terms) if f is not None]
        if problem is None and terms.speed not in STANDARD_SPEEDS and not any("speed" in f.when for f in factors):
            problem = f"no price for speed {terms.speed}"
        if problem is not None:
            refused = problem
            continue
        sheet = service.sheet if service and service.sheet else price.sheet
        units = {**price.units, **(service.units if service else {})}
        for span_from, span_until in _spans(sheet, since_us, until_us):
            found += _span_boxes(model, price, sheet, units, factors, terms, span_from, span_until)
    if not found and refused:
        raise NoTermsError(refused)
    return found


def undated_us(found: list[Box]) -> int | None:
    """An instant that stands for any time when the price never changed; None when it did."""
    first = [b for b in found if b.since_us == found[0].since_us and b.week_from_s == found[0].week_from_s]
    by_size = {b.size_from: b for b in first}
    for box in found:
        twin = by_size.get(box.size_from)
        if twin is None or twin.size_until != box.size_until or not twin.same_terms(box):
            return None
    return found[0].since_us if found else None


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


def _service(price: Price, terms: Terms) -> tuple[Service | None, str | None]:
    if terms.service_tier in STANDARD_TIERS:
        return None, None
    for service in price.services:
        if terms.service_tier in service.names:
            return service, None
    return None, f"no price for service tier {terms.service_tier}"


def _factors(price: Price, service: Service | None, terms: Terms) -> Iterator[Factor | None]:
    yield service.factor if service else None
    facts = {"region": terms.region, "inference_geo": terms.inference_geo, "speed": terms.speed}
    for modifier in price.modifiers:
        if all(facts[key] in values for key, values in modifier.when.items()):
            yield modifier


def _spans(sheet: Sheet, since_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """Stretches of time in which the same tiers and windows hold, and clocks are not changed."""
    parts: list[Tier | Window] = [*sheet.tiers, *sheet.windows]
    edges = {since_us, until_us}
    edges |= {e for part in parts for e in (part.since_us, part.until_us) if e is not None and since_us < e < until_us}
    for window in sheet.windows:
        edges |= _clock_changes(window.zone, since_us, until_us)
    yield from pairwise(sorted(edges))


def _holds(part: Tier | Window, at_us: int) -> bool:
    return (part.since_us is None or part.since_us <= at_us) and (part.until_us is None or at_us < part.until_us)


def _span_boxes(
    model: Model, price: Price, sheet: Sheet, units: Rates, factors: list[Factor], terms: Terms, since_us: int, until_us: int
) -> Iterator[Box]:
    tiers = [t for t in sheet.tiers if _holds(t, since_us)]
    windows = [w for w in sheet.windows if _holds(w, since_us)]
    sizes = sorted({0, ANY_SIZE} | {t.first_tokens for t in tiers})
    for week_from, week_until, window in _weeks(windows, since_us):
        for size_from, size_until in pairwise(sizes):
            tier = next((t for t in reversed(tiers) if t.first_tokens <= size_from), None)
            rates = tier.rates if tier else window.rates if window else sheet.rates
            exact = {c: _rate(model, rate, rates, factors) for c, rate in RATE_OF_COLUMN.items()}
            pico = {c: r * PICO_PER_USD_MTOK for c, r in exact.items() if r is not None}
            unit_pico = {u: _times(usd, u, u, factors) * PICO_PER_USD for u, usd in units.items()}
            denominator = 10 ** max([0, *(-_exponent(v) for v in (*pico.values(), *unit_pico.values()))])
            whole = {c: int(v * denominator) for c, v in pico.items()}
            whole_units = {u: int(v * denominator) for u, v in unit_pico.items()}
            labels = [
                f"over {tier.first_tokens - 1} tokens" if tier else "",
                f"{window.zone} window" if window and not tier else "",
                *(f"{key} {value}" for key, value in _said(terms)),
            ]
            label = ", ".join(part for part in labels if part)
            content = hashlib.sha256(repr((sorted(whole.items()), sorted(whole_units.items()), denominator)).encode()).hexdigest()[:8]
            parts = [p for p in (f"over={size_from}" if size_from else "", f"week={week_from}" if windows else "") if p]
            parts += [f"{key}={value}" for key, value in _said(terms)]
            price_id = f"{model.provider}/{model.id}@{price.since}" + "".join(f";{p}" for p in parts) + f"#{content}"
            yield Box(
                *(price_id, since_us, until_us, week_from, week_until, size_from, size_until),
                *(denominator, whole, whole_units, price, label),
            )


def _said(terms: Terms) -> Iterator[tuple[str, str]]:
    if terms.service_tier not in STANDARD_TIERS:
        yield "tier", str(terms.service_tier)
    for key, value in (("speed", terms.speed), ("region", terms.region), ("geo", terms.inference_geo)):
        if value is not None and value not in STANDARD_SPEEDS:
            yield key, value


def _rate(model: Model, rate: str, rates: Rates, factors: list[Factor]) -> Decimal | None:
    """USD per million tokens of a rate, by its own figure or the one it falls back to; None when there is neither."""
    found: str | None = rate
    while found is not None and found not in rates:
        found = model.fallback.get(found)
    return None if found is None else _times(rates[found], rate, found, factors)


def _times(amount: Decimal, rate: str, found: str, factors: list[Factor]) -> Decimal:
    for factor in factors:
        if rate not in factor.not_on and found not in factor.not_on:
            amount *= factor.multiply
    return amount


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else 0


def _weeks(windows: list[Window], at_us: int) -> Iterator[tuple[int, int, Window | None]]:
    """The week in UTC seconds cut into stretches, each with the window that holds there; the last one named wins."""
    if not windows:
        yield 0, WEEK_S, None
        return
    spans: list[tuple[int, int, Window]] = []
    for window in windows:
        offset_s = _offset_s(window.zone, at_us)
        for day in sorted(window.days):
            for first, last in window.minutes:
                start = (day * 86400 + first * 60 - offset_s) % WEEK_S
                length = (last - first) * 60
                spans.append((start, min(start + length, WEEK_S), window))
                if start + length > WEEK_S:
                    spans.append((0, start + length - WEEK_S, window))
    edges = sorted({0, WEEK_S} | {e for span in spans for e in span[:2]})
    for week_from, week_until in pairwise(edges):
        holding = [w for a, b, w in spans if a <= week_from < b]
        yield week_from, week_until, holding[-1] if holding else None


def _offset_s(zone: str, at_us: int) -> int:
    at = EPOCH + dt.timedelta(microseconds=at_us)
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _clock_changes(zone: str, since_us: int, until_us: int) -> set[int]:
    """Instants at which the zone's offset changes, to the hour, up to ten years on."""
    hour_us, day_us = 3600 * 1_000_000, 86400 * 1_000_000
    end_us = min(until_us, since_us + 3660 * day_us)
    found, at_us = set(), since_us
    while at_us < end_us:
        next_us = min(at_us + day_us, end_us)
        if _offset_s(zone, at_us) != _offset_s(zone, next_us):
            edge_us = at_us - at_us % hour_us
            while _offset_s(zone, edge_us) == _offset_s(zone, at_us):
                edge_us += hour_us
            found.add(edge_us)
        at_us = next_us
    return {e for e in found if since_us < e < until_us}
