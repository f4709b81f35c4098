"""What changed between two catalogues, figure by figure and entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Price, Sheet

Difference = tuple[str, str, str, str, Decimal | None, Decimal | None]
"""Provider, model, the entry's `from`, field, old and new figure; None where there is none."""


def compare(old: Catalogue, new: Catalogue) -> list[Difference]:
    """The figures that differ, in the order of provider, model, date and field. Sources and places do not count."""
    before, after = _figures(old), _figures(new)
    return [
        (*key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _figures(catalogue: Catalogue) -> dict[tuple[str, str, str, str], Decimal]:
    return {
        (model.provider, model.id, price.since, field): usd
        for model in catalogue.models
        for price in model.prices
        for field, usd in _fields(price)
    }


def _fields(price: Price) -> Iterator[tuple[str, Decimal]]:
    who = f"{', '.join(sorted(price.applies_to))}: " if price.applies_to else ""
    for field, usd in _sheet(price.sheet):
        yield who + field, usd
    for unit, fee in price.fees.items():
        yield who + unit, fee.usd
    for service in price.services:
        name = who + min(service.names)
        if service.factor:
            yield f"{name} x", service.factor.multiply
        if service.sheet:
            for field, usd in _sheet(service.sheet):
                yield f"{name} {field}", usd
        for unit, fee in service.fees.items():
            yield f"{name} {unit}", fee.usd
    for factor in price.modifiers:
        when = ", ".join(f"{key}={'|'.join(sorted(values))}" for key, values in factor.when.items())
        yield f"{who}{when} x", factor.multiply


def _sheet(sheet: Sheet) -> Iterator[tuple[str, Decimal]]:
    yield from sheet.rates.items()
    for tier in sheet.tiers:
        for rate, usd in tier.rates.items():
            yield f"over={tier.first_tokens - 1} {rate}", usd
    for window in sheet.windows:
        for rate, usd in window.rates.items():
            yield f"hours={window.name} {rate}", usd
