"""Discounts and mark-ups: whose prices they are on, which of two wins, and what cannot be right about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import combinations
from typing import TYPE_CHECKING

from llmcost.errors import UsageError, nearest
from llmcost.pricing.entries import RATE_OF_COLUMN, Deal, Model

if TYPE_CHECKING:
    from llmcost.pricing.catalogue import Catalogue

FOREVER_US = 1 << 62


def on(deals: Iterable[Deal], model: Model, name: str) -> list[Deal]:
    """Those on a model that was asked for under `name`. A discount is off the list: the user's own price has it in already."""
    return [
        deal
        for deal in deals
        if deal.provider in (None, model.provider)
        and not (deal.kind == "discount" and model.own)
        and (deal.model is None or any(fnmatchcase(n, deal.model) for n in (model.id.lower(), name)))
    ]


def in_force(mine: Iterable[Deal], at_us: int) -> tuple[Deal, ...]:
    """At most one discount and then one mark-up: the one that names a model before its provider's, that before everybody's."""
    found: dict[str, Deal] = {}
    for deal in sorted(mine, key=_closeness):
        if (deal.since_us or 0) <= at_us < _end(deal):
            found.setdefault(deal.kind, deal)
    return tuple(found[kind] for kind in sorted(found))


def checked(deals: Sequence[Deal], catalogue: Catalogue) -> tuple[Deal, ...]:
    """The deals with providers called as the catalogue calls them. UsageError for what is on nothing, and for two that are on the same."""
    named = tuple(_named(deal, catalogue) for deal in deals)
    for one, other in combinations(named, 2):
        if one.kind != other.kind or _closeness(one) != _closeness(other):
            continue
        if (one.since_us or 0) < _end(other) and (other.since_us or 0) < _end(one) and _same(one, other, catalogue):
            raise UsageError(
                f"the {other.label} is on prices that have the {one.label} ({one.place}) at the same time",
                place=other.place,
                hint="end one of them with 'until', or name the model of one",
            )
    return named


def _named(deal: Deal, catalogue: Catalogue) -> Deal:
    from dataclasses import replace

    provider = deal.provider and catalogue.aliases.get(deal.provider.lower())
    if deal.provider and provider is None:
        raise UsageError(
            f"{deal.label}: the catalogue has no provider '{deal.provider}'",
            place=deal.place,
            hint=nearest(deal.provider, catalogue.aliases),
        )
    deal = replace(deal, provider=provider)
    models = [m for m in catalogue.models if provider in (None, m.provider)]
    known = {name for m in models for name in (m.id.lower(), *m.exact)}
    if deal.model is not None and not any(fnmatchcase(name, deal.model) for name in known):
        raise UsageError(
            f"{deal.label}: no model is called '{deal.model}'",
            place=deal.place,
            hint=nearest(deal.model, known) or "write gpt-5* for all whose names begin so",
        )
    rates = {*RATE_OF_COLUMN.values(), *(unit for m in models for p in m.prices for unit in p.fees)}
    for rate in sorted(deal.factor.not_on - rates):
        raise UsageError(f"{deal.label}: unknown rate '{rate}'", place=deal.place, hint=nearest(rate, rates))
    return deal


def _same(one: Deal, other: Deal, catalogue: Catalogue) -> bool:
    if one.model is None:
        return one.provider == other.provider
    return any(
        deal is other
        for model in catalogue.models
        for name in (model.id.lower(), *model.exact)
        if on([one], model, name)
        for deal in on([other], model, name)
    )


def _closeness(deal: Deal) -> tuple[bool, bool]:
    return deal.model is None, deal.provider is None


def _end(deal: Deal) -> int:
    return FOREVER_US if deal.until_us is None else deal.until_us
