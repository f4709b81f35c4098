"""The arithmetic of one request, to the last digit: each component with its rate, and where and since when the rate is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmcost import ledger
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import count, exact, instant_text, quantity
from llmcost.model import Column, Table
from llmcost.pricing.entries import RATE_OF_COLUMN
from llmcost.pricing.rates import PREPAID_TIERS
from llmcost.resources import sql
from llmcost.spend import fixed
from llmcost.spend.fixed import Portion
from llmcost.store import Store
from llmcost.windows import Window

if TYPE_CHECKING:
    from llmcost.pricing.catalogue import Catalogue

ALL = Window()
PICO_PER_USD = Decimal(10) ** 12
COLUMNS = (
    Column("where", "text", data_only=True),
    Column("component", "text"),
    Column("quantity", "decimal"),
    Column("rate", "text"),
    Column("how", "text", brief=False),
    Column("usd", "decimal", "USD, exact"),
)


def explain(
    store: Store,
    request_id: str,
    config: Config | None = None,
    *,
    window: Window = ALL,
    tz: str = "UTC",
    prices: Catalogue | None = None,
) -> list[Table]:
    """One table per row of that id (a bare number may be the id of several). UsageError when there is none.

    What falls to the request of the fixed costs in `config` over the window stands beside its marginal cost. `prices` are asked
    in place of those by which the stored cost was computed.
    """
    names, rows = store.table(sql("spend/explain.sql"), {"id": request_id})
    if not rows:
        near = store.rows(sql("spend/near_ids.sql"), {"id": request_id})
        hint = (
            f"near it: {', '.join(r[0] for r in near)}"
            if near
            else 'llmcost sql "SELECT request_id FROM ledger LIMIT 10" shows some'
        )
        raise UsageError(f"no request '{request_id}'", place="explain", hint=hint)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    if prices is not None:
        found = _priced(store, request_id, found, prices)
    settings = config or Config()
    return [_table(row, fixed.of_request(store, settings, row["seq"], window, tz)) for row in found]


def _priced(store: Store, request_id: str, rows: list[dict[str, Any]], prices: Catalogue) -> list[dict[str, Any]]:
    """The rows billed by these prices, with the stored cost as `stored_cost`."""
    from llmcost.pricing import charges

    store.run(sql("spend/explained.sql").format(main=store.main), {"id": request_id})
    with store.standing_for("requests", "explained"):
        details = charges.prepare(store, prices)
        names, found = store.table(sql("spend/explained_cost.sql").format(charges=sql(charges.CHARGES)))
    billed = {row[0]: dict(zip(names, row, strict=True)) for row in found}
    return [
        {
            **row,
            **billed[row["seq"]],
            "detail": details.get(billed[row["seq"]]["price_id"]),
            "stored_cost": row["cost"],
            "prices": prices.digest.partition("@")[2],
        }
        for row in rows
    ]


def _table(row: dict[str, Any], portions: Sequence[Portion]) -> Table:
    detail = json.loads(row["detail"]) if row["detail"] else None
    where = f"{row['file']}:{row['line']}"
    lines: list[list[object]] = []
    for name in ledger.TOKEN_NAMES:
        if row[name]:
            lines.append([where, *_line(name, Decimal(row[name]), detail, "pico")])
    for unit, used in sorted((row["units"] or {}).items()):
        is_once = unit in (detail or {}).get("once", [])  # a fee per request, however many units it took
        billed = min(Decimal(used), Decimal(row["requests"])) if is_once else Decimal(used)
        lines.append([where, *_line(unit, billed, detail, "unit_pico")])
    facts = {
        "request_id": row["request_id"],
        "where": where,
        "source": row["source"],
        "ts": instant_text(row["ts_us"]),
        "kind": row["kind"],
        "requests": row["requests"],
        "provider": row["provider"],
        "model": row["model"],
        "usage_quality": row["usage_quality"],
        "usage_basis": row["usage_basis"],
        "price_id": row["price_id"],
        "unpriced_reason": row["unpriced_reason"],
        "price_since": instant_text(int(detail["since_us"])) if detail and int(detail["since_us"]) > 0 else None,
        "price_terms": (detail or {}).get("label") or None,
        "price_source": (detail or {}).get("source") or None,
        "price_factors": (detail or {}).get("factors") or [],
        "source_cost": None if row["source_cost"] is None else exact(row["source_cost"]),
        "source_cost_kind": row["source_cost_kind"],
        "chain": row["chain"],
        "chain_step": row["chain_step"],
        "chain_reason": row["chain_reason"],
        "allocated": [_allocated(one) for one in portions],
    }
    if "stored_cost" in row:
        facts["prices_as_of"] = row["prices"]
        facts["stored_cost"] = None if row["stored_cost"] is None else f"{row['stored_cost']:.12f}"
    return Table(
        schema="llmcost.explain/1",
        title=f"{row['request_id']}: {row['provider'] or '?'}/{row['model'] or 'no model'} at {facts['ts'] or 'no time'}",
        columns=COLUMNS,
        rows=lines,
        total=[None, None, None, None, None, row["cost"]],
        head={"request": facts},
        notes=[*_notes(row, facts), *_beside(row, portions)],
    )


def _allocated(one: Portion) -> dict[str, object]:
    """Enough to work it out again: amount x weight / whole, rounded to 12 decimals. Hours of work are in milliseconds."""
    return {
        "name": one.name,
        "cost": f"{one.allocated:.12f}",
        "amount": exact(one.amount),
        "since": one.first.isoformat(),
        "until": (one.last + timedelta(days=1)).isoformat(),
        "share_by": one.basis,
        "weight": exact(one.weight),
        "whole": exact(one.whole),
        **({"fx": {told.currency: told.as_json() for told in one.rates}} if one.rates else {}),
    }


def _beside(row: dict[str, Any], portions: Sequence[Portion]) -> list[str]:
    """Which figure is the marginal cost, and what is allocated beside it."""
    if not portions:
        is_prepaid = (row["service_tier"] or "").lower() in PREPAID_TIERS and row["cost"] == 0
        what = "on provisioned capacity: marginal cost 0; no fixed cost is named for it: prices.costs in llmcost.yaml"
        return [what] if is_prepaid else []
    units = {"tokens": "tokens", "requests": "requests", "cost": "USD", "hours": "ms"}
    marginal = "unpriced" if row["cost"] is None else f"{exact(row['cost'])} USD"
    allocated = sum((one.allocated for one in portions), Decimal(0))
    return [
        f"marginal cost {marginal}, as above; allocated fixed cost {exact(allocated)} USD, beside it:",
        *(
            f"{one.name}: {exact(one.allocated)} USD, which is {quantity(one.weight)} of {quantity(one.whole)} {units[one.basis]}"
            f" x {exact(one.amount)} USD from {one.first} to {one.last}"
            for one in portions
        ),
        *dict.fromkeys(told.sentence() for one in portions for told in one.rates),
    ]


def _line(name: str, quantity: Decimal, detail: dict[str, Any] | None, key: str) -> list[object]:
    pico = (detail or {}).get(key, {}).get(name)
    if pico is None or detail is None:
        return [name, quantity, None, None, None]
    each = Decimal(pico) / Decimal(detail["denominator"]) / PICO_PER_USD
    rate = f"{exact(each * 1_000_000)} USD per million" if key == "pico" else f"{exact(each)} USD each"
    return [name, quantity, rate, _how(name, detail), quantity * each]


def _how(name: str, detail: dict[str, Any]) -> str | None:
    """From the figure in the price list to the rate: which rate stands in for a missing one, and every factor on it."""
    if name not in detail.get("base", {}):
        return None  # a price that was noted by an earlier llmcost
    rate, figure = detail["base"][name]
    own = RATE_OF_COLUMN.get(name, name)
    factors = [
        f"x {one['multiply']} ({one['what']})" for one in detail["factors"] if not {rate, own} & {*one["not_on"]}
    ]
    instead = f" as {rate}" if rate != own else ""
    return " ".join([f"{figure} {detail['currency']}{instead}", *factors])


def _notes(row: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    notes = [f"read from {facts['where']} ({row['source']}), usage {row['usage_quality']}, {row['usage_basis']}"]
    if row["price_id"]:
        since = f", in force since {facts['price_since']}" if facts["price_since"] else ""
        terms = f", {facts['price_terms']}" if facts["price_terms"] else ""
        notes.append(f"price {row['price_id']}{since}{terms}")
        source = facts["price_source"] or {}
        notes.append("price from " + ("; ".join(f"{k} {v}" for k, v in source.items()) or "a file of your own"))
        notes += [
            f"{one['what']} (x {one['multiply']}): {one['place']}" for one in facts["price_factors"] if one["place"]
        ]
    elif row["unpriced_reason"]:
        is_name = (
            row["usage_quality"] != "missing" and row["model"]
        )  # of usage that is not there no price says anything
        name = "/".join(part for part in (row["provider"], row["model"]) if part)
        notes.append(f"unpriced: {row['unpriced_reason']}" + (f"; llmcost prices show {name} --why" if is_name else ""))
    elif row["cost"] == 0:
        notes.append(
            f"costs nothing: {'answered by a cache' if row['kind'] == 'cache_hit' else 'a failed attempt without usage'}"
        )
    if "stored_cost" in row:
        stored = "unpriced" if row["stored_cost"] is None else f"{exact(row['stored_cost'])} USD"
        notes.append(f"by the prices known on {row['prices']}; the ledger has {stored}")
    if row["requests"] > 1:
        notes.append(
            f"{count(row['requests'])} requests in one row, priced at the base tier: the size of each is not known"
        )
    if row["source_cost"] is not None:
        notes.append(f"the log recorded {facts['source_cost']} USD ({row['source_cost_kind']})")
    if row["chain"]:
        notes.append(
            f"step {row['chain_step']} of chain {row['chain']}"
            + (f", because of {row['chain_reason']}" if row["chain_reason"] else "")
        )
    return notes
