"""What looks wrong in a catalogue that can be read: overlaps, gaps, names claimed twice, units mistaken, stale or unsourced prices."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from llmcost.errors import UsageError
from llmcost.pricing import names
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Model, Price, Rates
from llmcost.pricing.offers import LEAST_INPUT, MOST_INPUT
from llmcost.pricing.rates import FOREVER_US
from llmcost.pricing.reader import EPOCH

Problem = tuple[str, str]
"""Place (FILE:LINE) and a sentence."""

STALE_DAYS = 180
MOST_INPUT_PER_OUTPUT = 100


MOST_PER_UNIT = 20
"""USD; the dearest unit known is a long video. A search for 10 USD is 1,000 searches."""
MOST_OF_UNIT = {"web_search": 1, "file_search": 1, "page": 1, "input_character": 1, "output_character": 1}


def check(catalogue: Catalogue, today: dt.date, stale_days: int = STALE_DAYS) -> list[Problem]:
    """The problems in the order of the files, none for a sound catalogue. `today` is held against `checked`."""
    book = names.index(catalogue)
    found: list[Problem] = []
    for layer in catalogue.layers:
        claims = Counter((model.provider, name) for model in layer for name in model.exact)
        for model in layer:
            twice = sorted(name for name in model.exact if claims[model.provider, name] > 1)
            found += [
                (model.place, f"{model.id}: another model of {model.provider} has the name '{n}' too") for n in twice
            ]
            found += [*_overlaps(model), *_gaps(model)]
            for price in model.prices:
                strange = sorted(n for n in price.applies_to or () if not _names(book, model, n))
                found += [
                    (price.place, f"{model.id}: applies_to has '{n}', which is no name of the model") for n in strange
                ]
                found += [(price.place, f"{model.id}: {problem}") for problem in _figures(model, price)]
                found += [(price.place, f"{model.id}: {problem}") for problem in _source(price, today, stale_days)]
    return found


def upcoming(catalogue: Catalogue, today: dt.date) -> list[str]:
    """Prices that are not in force yet. They are allowed, and a vendor may still take them back."""
    return [
        f"{price.place}: {model.id}: the price from {price.since} is yet to come"
        for model in catalogue.models
        for price in model.prices
        if price.since_us > _us(today)
    ]


def refuse(models: Iterable[Model]) -> None:
    """UsageError for a user's own prices that would bill what nobody asks: two at one time, or a figure in another unit."""
    for model in models:
        for place, problem in _overlaps(model):
            raise UsageError(problem, place=place, hint="let the earlier one end: to: DATE, exclusive")
        for price in model.prices:
            for problem in _units(model, price):
                hint = "prices are per million tokens; if it is right, say unusual: true"
                raise UsageError(f"{model.id}: {problem}", place=price.place, hint=hint)


def _names(book: names.Names, model: Model, name: str) -> bool:
    """Whether the name leads to the model, or would if an override did not win."""
    return name in model.exact or book.match(model.provider, name).model is model


def _sorted(model: Model) -> tuple[list[Price], list[Price]]:
    """The entries for all names of the model, and those for some."""
    return [p for p in model.prices if p.applies_to is None], [p for p in model.prices if p.applies_to is not None]


def _overlaps(model: Model) -> Iterator[Problem]:
    """Two entries that hold at once for the same names."""
    general, special = _sorted(model)
    for group in (general, special):
        for a, b in combinations(group, 2):
            same = a.applies_to is None or b.applies_to is None or a.applies_to & b.applies_to
            if same and a.since_us < _end(b) and b.since_us < _end(a):
                yield b.place, f"{model.id}: the price from {b.since} overlaps the one from {a.since}"


def _gaps(model: Model) -> Iterator[Problem]:
    """Times without a price between two that have one."""
    general, special = _sorted(model)
    aliases = sorted({name for p in special for name in p.applies_to or ()})
    for name in (None, *aliases):
        mine = [*general, *(p for p in special if name in (p.applies_to or ()))]
        until_us = None
        for price in sorted(mine, key=lambda p: (p.since_us, _end(p))):
            if until_us is not None and until_us < price.since_us:
                who = f"{model.id}: {name}" if name else model.id
                yield price.place, f"{who}: no price from {_day(until_us)} to {price.since}"
            until_us = max(until_us or 0, _end(price))


def _figures(model: Model, price: Price) -> Iterator[str]:
    yield from _units(model, price)
    if price.sheet.rates.get("input") == 0 and not model.free:
        yield "costs nothing, but is not marked 'free: true'"


def _units(model: Model, price: Price) -> Iterator[str]:
    """Figures that are hardly per million tokens, or per unit."""
    if price.unusual:
        return
    for unit, fee in price.fees.items():
        if fee.usd > MOST_OF_UNIT.get(unit, MOST_PER_UNIT):
            yield f"{unit} of {fee.usd} USD each: is it per thousand?"
    if model.free or model.currency != "USD":  # what is usual is known in dollars
        return
    sheets: list[tuple[str, Rates]] = [("", price.sheet.rates)]
    sheets += [(f"over {tier.first_tokens - 1}: ", tier.rates) for tier in price.sheet.tiers]
    sheets += [(f"{window.name}: ", window.rates) for window in price.sheet.windows]
    sheets += [(f"{min(s.names)}: ", s.sheet.rates) for s in price.services if s.sheet]
    for where, rates in sheets:
        usd, output = rates.get("input"), rates.get("output")
        if usd is None or usd == 0:
            continue
        if not LEAST_INPUT <= usd <= MOST_INPUT:
            yield f"{where}input of {usd} USD per million tokens: is it per thousand or per token?"
        elif output and output * MOST_INPUT_PER_OUTPUT < usd:
            yield f"{where}output of {output} beside input of {usd} USD per million tokens: are both per million?"


def _source(price: Price, today: dt.date, stale_days: int) -> Iterator[str]:
    if not any(price.source.get(key) for key in ("url", "evidence", "via")):
        yield f"the price from {price.since} has no source: url, evidence or via"
    checked = price.source.get("checked")
    if checked and price.since_us <= _us(today) < _end(price):
        age = (today - dt.date.fromisoformat(checked[:10])).days
        if age > stale_days:
            yield f"the price from {price.since} was checked {age} days ago, on {checked[:10]}"


def _us(day: dt.date) -> int:
    return (dt.datetime(day.year, day.month, day.day, tzinfo=dt.timezone.utc) - EPOCH) // dt.timedelta(microseconds=1)


def _end(price: Price) -> int:
    return FOREVER_US if price.until_us is None else price.until_us


def _day(at_us: int) -> str:
    return f"{EPOCH + dt.timedelta(microseconds=at_us):%Y-%m-%d}"
