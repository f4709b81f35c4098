"""Resolves the names of a relation once per distinct combination and hands their rates to charges.sql."""

from __future__ import annotations

import json
from collections.abc import Sequence

from llmcost import ledger
from llmcost.pricing import names, rates
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.store import Store

KEY_COLUMNS = ("provider", "model", "service_tier", "speed", "region", "inference_geo", "price_key", "reason", "undated_us", "tiered")
RATE_COLUMNS = (
    *("price_key", "price_id", "since_us", "until_us", "week_from_s", "week_until_s", "size_from", "size_until", "denominator"),
    *ledger.TOKEN_NAMES,
)
UNIT_COLUMNS = ("price_id", "unit", "pico")

CHARGES = "pricing/charges.sql"


def prepare(store: Store, catalogue: Catalogue) -> None:
    """Fills the temporary tables `price_keys`, `rates` and `unit_rates` for all that `requests` names."""
    store.run(sql("pricing/rates.sql"))
    book = names.index(catalogue)
    found = store.rows(sql("pricing/terms.sql"))
    keys: list[Sequence[object]] = []
    rate_rows: list[Sequence[object]] = []
    unit_rows: dict[tuple[str, str], int] = {}
    for price_key, (provider, model, tier, speed, region, geo) in enumerate(found):
        match = book.match(provider, model)
        reason, boxes = match.reason, []
        if match.model:
            try:
                boxes = rates.boxes(match.model, match.name, rates.Terms(tier, speed, region, geo))
            except rates.NoTermsError as error:
                reason = str(error)
        tiered = any(box.size_from for box in boxes)
        keys.append((provider, model, tier, speed, region, geo, None if reason else price_key, reason, rates.undated_us(boxes), tiered))
        for box in boxes:
            rate_rows.append(
                (
                    *(price_key, box.price_id, box.since_us, box.until_us, box.week_from_s, box.week_until_s),
                    *(box.size_from, box.size_until, box.denominator),
                    *(box.pico.get(name) for name in ledger.TOKEN_NAMES),
                )
            )
            unit_rows.update({(box.price_id, unit): pico for unit, pico in box.unit_pico.items()})
    store.load("price_keys", KEY_COLUMNS, keys)
    store.load("rates", RATE_COLUMNS, rate_rows)
    store.load("unit_rates", UNIT_COLUMNS, [(*key, pico) for key, pico in unit_rows.items()])


def details(catalogue: Catalogue, wanted: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """For `explain`: price_id -> JSON of its rates and source, for all terms given as (provider, model, tier, speed, region, geo)."""
    book = names.index(catalogue)
    found: dict[str, str] = {}
    for provider, model, tier, speed, region, geo in wanted:
        match = book.match(provider, model)
        if not match.model:
            continue
        try:
            boxes = rates.boxes(match.model, match.name, rates.Terms(tier, speed, region, geo))
        except rates.NoTermsError:
            continue
        for box in boxes:
            detail = {
                "provider": match.model.provider,
                "model": match.model.id,
                "since_us": box.since_us,
                "until_us": box.until_us,
                "label": box.label,
                "denominator": str(box.denominator),
                "pico": {name: str(value) for name, value in box.pico.items()},
                "unit_pico": {name: str(value) for name, value in box.unit_pico.items()},
                "source": {key: str(value) for key, value in box.price.source.items()},
            }
            found[box.price_id] = json.dumps(detail, sort_keys=True)
    return found
