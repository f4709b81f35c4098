"""What the same requests cost at the vendor's list, at the user's own prices, and with the mark-up: three figures, kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from llmcost.model import Table
from llmcost.resources import sql
from llmcost.store import Store

if TYPE_CHECKING:
    from llmcost.config import Config

    # a report of what is stored must not wait for the catalogue
    from llmcost.pricing.catalogue import Catalogue

LEVELS = ("list", "contracted")
"""By the vendor's list; by the user's own prices and discounts. With the mark-up on top it is billed: what the ledger stores."""

CONTRACTED = (
    "costs are what you pay, by your own prices and discounts: your mark-up, which report and gate hold, is not in them"
)
TABLE = "level_costs"
VIEW = "level_ledger"


def at(catalogue: Catalogue, level: str) -> Catalogue:
    """The same prices at one of LEVELS. A model that the list does not know is listed at the user's own price."""
    kept = tuple(deal for deal in catalogue.deals if level == "contracted" and deal.kind == "discount")
    layers = catalogue.layers if level == "contracted" else (*catalogue.layers[-1:], *catalogue.layers[:-1])
    return replace(catalogue, layers=layers, deals=kept, digest=f"{catalogue.digest}:{level}", level=level)


def price(store: Store, catalogue: Catalogue, since_us: int | None = None, until_us: int | None = None) -> str:
    """The name of a temporary table (seq, list_cost, contracted_cost, billed_cost), a row per request of the window [since, until).

    Costs are USD, DECIMAL(18,12), rounded once per request as in every bill; NULL where that level has no price. Billed is what
    is stored. `catalogue` is the one the store is priced with (`reprice.pinned`). FOCUS: ListCost, ContractedCost and BilledCost;
    without prepaid money EffectiveCost is BilledCost. Reads a store that is open for reading only, too.
    """
    from llmcost.pricing import charges

    with shadowed(store, since_us, until_us):
        for level in LEVELS:
            differs = differing(catalogue, level)
            if differs:
                charges.prepare(store, at(catalogue, level))
            bill = f"({sql(charges.CHARGES)})" if differs else "level_rows"
            store.run(sql("pricing/level_charged.sql").format(level=level, charges=bill))
    store.run(sql("pricing/level_costs.sql"))
    return TABLE


def differing(catalogue: Catalogue, level: str) -> bool:
    """Whether this level has any price of its own; else it is what is stored."""
    if level == "list":
        return len(catalogue.layers) > 1 or bool(catalogue.deals)
    return any(deal.kind == "markup" for deal in catalogue.deals)


@contextmanager
def shadowed(store: Store, since_us: int | None, until_us: int | None) -> Iterator[None]:
    """While it lasts, `requests` is the rows of the window [since, until): what charges.sql prices."""
    store.run(sql("pricing/level_rows.sql").format(main=store.main), {"since_us": since_us, "until_us": until_us})
    with store.standing_for("requests", "level_rows"):
        yield


@contextmanager
def contracted(store: Store, config: Config) -> Iterator[bool]:
    """While it lasts, the costs of `ledger` are what the company pays, at its own prices and discounts, without its mark-up.

    Whether that is so: without a mark-up it is what is stored, and nothing is read or priced.
    """
    from llmcost.pricing import catalogue, charges
    from llmcost.pricing.reprice import pinned

    overrides = config.prices["overrides"]
    if not catalogue.may_mark_up(overrides):
        yield False
        return
    prices = pinned(store, catalogue.load(overrides, config.fx))
    if not differing(prices, "contracted"):
        yield False
        return
    with shadowed(store, None, None):
        charges.prepare(store, at(prices, "contracted"))
        bill = f"({sql(charges.CHARGES)})"
        store.run(sql("pricing/level_charged.sql").format(level="contracted", charges=bill))
    store.run("DROP TABLE temp.level_rows")
    store.run(sql("pricing/contracted_ledger.sql").format(main=store.main))
    with store.standing_for("ledger", "contracted_ledger"):
        yield True


def noted(tables: Sequence[Table], *, contracted: bool) -> list[Table]:
    """The tables of an answer, saying where its costs are contracted: to people, and in the JSON of the first."""
    if not contracted or not tables:
        return list(tables)
    first = tables[0]
    foot = {
        key: [*told, CONTRACTED]
        for key, told in first.foot.items()
        if key in ("assumptions", "notes") and isinstance(told, list)
    }
    said = replace(
        first,
        head={**first.head, "cost_level": "contracted"},
        foot={**first.foot, **foot},
        notes=[CONTRACTED, *first.notes],
    )
    return [said, *tables[1:]]


def prepare(store: Store, catalogue: Catalogue, level: str, since_us: int | None, until_us: int | None) -> None:
    """Makes the view `level_ledger`: the ledger in the window, its cost being that of a level."""
    price(store, catalogue, since_us, until_us)
    store.run(sql("pricing/level_ledger.sql").format(level=level))
