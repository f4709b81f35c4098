"""Resolves the names of a relation once per distinct combination and hands their rates to charges.sql."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmcost import ledger
from llmcost.pricing import names, rates
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Model
from llmcost.resources import sql
from llmcost.store import Store

KEY_COLUMNS = (
    "provider",
    "model",
    "service_tier",
    "speed",
    "region",
    "inference_geo",
    "price_key",
    "reason",
    "undated_us",
)
RATE_COLUMNS = (
    *("price_key", "price_id", "since_us", "until_us", "week_from_s", "week_until_s", "size_from", "size_until"),
    *("denominator", "lacks", "tiered", "assumed", "reason", *ledger.TOKEN_NAMES),
)
UNIT_COLUMNS = ("price_id", "unit", "pico", "once")
BILL_COLUMNS = (*KEY_COLUMNS[:6], "prices")

CHARGES = "pricing/charges.sql"

Terms = Sequence[str | None]
"""Provider, model, service_tier, speed, region, inference_geo, as the log wrote them."""


@dataclass(frozen=True)
class _Resolved:
    """What some terms are billed by: the boxes of a model, or the reason why there are none."""

    terms: Terms
    model: Model | None
    boxes: list[rates.Box]
    reason: str | None


def prepare(store: Store, catalogue: Catalogue) -> dict[str, str]:
    """Fills the temporary tables `price_keys`, `rates`, `unit_rates` and `priced_now` for all that `requests` names.

    Returns what `explain` needs, price_id -> JSON of its rates and source, for every price that they may be billed by.
    """
    store.run(sql("pricing/rates.sql"))
    keys: list[Sequence[object]] = []
    rate_rows: list[Sequence[object]] = []
    unit_rows: dict[tuple[str, str], Sequence[object]] = {}
    bills: list[Sequence[object]] = []
    details: dict[str, str] = {}
    for price_key, found in enumerate(_resolve(catalogue, store.rows(sql("pricing/terms.sql")))):
        key = None if found.reason else price_key
        keys.append((*found.terms, key, found.reason, rates.undated_us(found.boxes)))
        bills.append((*found.terms, "\n".join(map(_bill, found.boxes)) or _NO_BILL.format(found.reason)))
        for box in found.boxes:
            place = (box.since_us, box.until_us, box.week_from_s, box.week_until_s, box.size_from, box.size_until)
            lacks = sum(1 << bit for bit, column in enumerate(ledger.TOKEN_NAMES) if column not in box.pico)
            kind = (box.denominator, lacks, box.tiered, box.assumed, box.reason)
            pico = (box.pico.get(column, 0) for column in ledger.TOKEN_NAMES)
            rate_rows.append((key, box.price_id, *place, *kind, *pico))
            for unit, unit_pico in box.unit_pico.items():
                unit_rows[box.price_id, unit] = (box.price_id, unit, unit_pico, unit in box.once)
            if found.model and box.reason is None:
                details[box.price_id] = json.dumps(_detail(found.model, box), sort_keys=True)
    store.load("price_keys", KEY_COLUMNS, keys)
    store.load("rates", RATE_COLUMNS, rate_rows)
    store.load("unit_rates", UNIT_COLUMNS, list(unit_rows.values()))
    store.load("priced_now", BILL_COLUMNS, bills)
    return details


_NO_BILL = f"0 {rates.FOREVER_US} {{}}"
"""Nothing bills these names, at any time, for this reason."""


def _bill(box: rates.Box) -> str:
    """A box as one text that changes when anything in it does; since and until come first, in µs."""
    return (
        f"{box.since_us} {box.until_us} {box.week_from_s} {box.week_until_s} {box.size_from} {box.size_until} "
        f"{box.assumed} {box.tiered} {box.price_id}"
    )


def _resolve(catalogue: Catalogue, wanted: Iterable[Terms]) -> Iterator[_Resolved]:
    book = names.index(catalogue)
    for terms in wanted:
        provider, model, *others = terms
        match = book.match(provider, model, rates.Terms(*others).region)
        if match.model is None:
            yield _Resolved(terms, None, [], match.reason)
            continue
        try:
            found = rates.boxes(match.model, match.name, rates.Terms(*others), catalogue.deals, catalogue.fx)
            yield _Resolved(terms, match.model, found, None)
        except rates.NoTermsError as error:
            yield _Resolved(terms, match.model, [], str(error))


def _detail(model: Model, box: rates.Box) -> dict[str, object]:
    """Integers as text: JSON readers keep no more than 53 bits."""
    return {
        "provider": model.provider,
        "model": model.id,
        "since_us": box.price.since_us,
        "until_us": box.price.until_us,
        "label": box.label,
        "denominator": str(box.denominator),
        "pico": {column: str(value) for column, value in box.pico.items()},
        "unit_pico": {unit: str(value) for unit, value in box.unit_pico.items()},
        "once": sorted(box.once),
        "currency": model.currency,
        "base": {name: [rate, str(usd)] for name, (rate, usd) in box.base.items()},
        "factors": [
            {"what": s.what, "multiply": str(s.factor.multiply), "not_on": sorted(s.factor.not_on), "place": s.place}
            for s in box.factors
        ],
        "source": dict(box.price.source),
    }
