"""Re-prices stored rows when the catalogue has changed, in one transaction, and records the restatement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.store import Store


@dataclass(frozen=True)
class Restatement:
    """One day whose cost changed; costs in USD, None when nothing on that day had a price."""

    day: str | None
    rows: int
    old_cost: Decimal | None
    new_cost: Decimal | None


def is_stale(store: Store, digest: str) -> bool:
    """Whether stored costs were computed with another catalogue."""
    found = store.rows("SELECT value FROM meta WHERE name = 'catalogue'")
    return bool(found) and found[0][0] != digest


def reprice_stale(store: Store, catalogue: Catalogue) -> int:
    """Re-prices if the catalogue changed; returns how many rows changed."""
    return sum(r.rows for r in reprice(store, catalogue)) if is_stale(store, catalogue.digest) else 0


def reprice(store: Store, catalogue: Catalogue) -> list[Restatement]:
    """Prices every stored row with this catalogue and updates those that differ; all or nothing."""
    details = charges.prepare(store, catalogue)
    with store.transaction():
        store.run(f"CREATE OR REPLACE TEMP TABLE charged AS {sql(charges.CHARGES)}")
        store.run(sql("pricing/changed.sql"))
        found = [Restatement(*row) for row in store.rows(sql("pricing/restated.sql"))]
        if found:
            store.run(sql("pricing/apply_changes.sql"))
            params = {"now_us": time.time_ns() // 1000, "digest": catalogue.digest}
            store.run(sql("pricing/note_restatement.sql"), params)
        used = {row[0] for row in store.rows("SELECT DISTINCT price_id FROM requests")}
        kept = {price_id: detail for price_id, detail in details.items() if price_id in used}
        store.run(sql("pricing/note_prices.sql"), {"ids": list(kept), "details": list(kept.values())})
        store.run("INSERT OR REPLACE INTO meta VALUES ('catalogue', $digest)", {"digest": catalogue.digest})
    return found
