"""Re-prices stored rows when the catalogue has changed, in one transaction, and records the restatement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue, as_of
from llmcost.resources import sql
from llmcost.store import Store

PIN = "price_as_of"
"""The fact under which a store remembers the day at which its prices are pinned."""


@dataclass(frozen=True)
class Restatement:
    """One day whose cost changed; costs in USD, None when nothing on that day had a price."""

    day: str | None
    rows: int
    old_cost: Decimal | None
    new_cost: Decimal | None


def pinned(store: Store, catalogue: Catalogue) -> Catalogue:
    """The catalogue that this store is priced with: as it was on the day at which the store is pinned, if it is."""
    day = store.fact(PIN)
    return as_of(catalogue, day) if day else catalogue


def pin(store: Store, day: str | None) -> None:
    """From here on the store keeps the prices of that day; None lifts the pin."""
    store.remember(PIN, day or "")


def is_stale(store: Store, digest: str) -> bool:
    """Whether stored costs were computed with another catalogue."""
    return store.fact("catalogue") not in (None, digest)


def reprice_stale(store: Store, catalogue: Catalogue) -> int:
    """Re-prices if the catalogue changed; returns how many rows changed."""
    return sum(r.rows for r in reprice(store, catalogue)) if is_stale(store, catalogue.digest) else 0


def reprice(store: Store, catalogue: Catalogue, *, every: bool = False) -> list[Restatement]:
    """Prices the stored rows that the changes of the catalogue concern, and updates those that differ; all or nothing.

    Concerned are the names whose prices are not those they were billed by, between the first and the last change; with
    `every` all rows are.
    """
    if every:
        store.run(sql("pricing/forget_terms.sql"))
    details = charges.prepare(store, catalogue)
    store.run(sql("pricing/concerned.sql"))
    with store.transaction():
        found = _restate(store, catalogue) if store.value(sql("pricing/any_concerned.sql")) else []
        used = {row[0] for row in store.rows(sql("pricing/used.sql"))} if found else set()
        kept = {price_id: detail for price_id, detail in details.items() if price_id in used}
        store.run(sql("pricing/note_prices.sql"), {"ids": list(kept), "details": list(kept.values())})
        store.run(sql("pricing/note_terms.sql").format(into="priced_terms"))
        store.remember("catalogue", catalogue.digest)
    return found


def _restate(store: Store, catalogue: Catalogue) -> list[Restatement]:
    store.run(sql("pricing/to_price.sql"))
    with store.standing_for("requests", "to_price"):
        store.run(sql("pricing/charged.sql").format(charges=sql(charges.CHARGES)))
    store.run("DROP TABLE temp.to_price")
    store.run(sql("pricing/changed.sql"))
    found = [Restatement(*row) for row in store.rows(sql("pricing/restated.sql"))]
    if found:
        store.run(sql("pricing/apply_changes.sql"))
        params = {"now_us": time.time_ns() // 1000, "digest": catalogue.digest}
        store.run(sql("pricing/note_restatement.sql"), params)
    return found
