"""The arithmetic of one request, to the last digit: each component with its rate, and where and since when the rate is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from llmcost import ledger
from llmcost.errors import UsageError
from llmcost.figures import count, exact, instant_text
from llmcost.model import Column, Table
from llmcost.pricing.entries import RATE_OF_COLUMN
from llmcost.resources import sql
from llmcost.store import Store

PICO_PER_USD = Decimal(10) ** 12
COLUMNS = (
    Column("where", "text", data_only=True),
    Column("component", "text"),
    Column("quantity", "decimal"),
    Column("rate", "text"),
    Column("how", "text", brief=False),
    Column("usd", "decimal", "USD, exact"),
)


def explain(store: Store, request_id: str) -> list[Table]:
    """One table per row of that id (a bare number may be the id of several). UsageError when there is none."""
    names, rows = store.table(sql("spend/explain.sql"), {"id": request_id})
    if not rows:
        near = store.rows(sql("spend/near_ids.sql"), {"id": request_id})
        hint = (
            f"near it: {', '.join(r[0] for r in near)}"
            if near
            else 'llmcost sql "SELECT request_id FROM ledger LIMIT 10" shows some'
        )
        raise UsageError(f"no request '{request_id}'", place="explain", hint=hint)
    return [_table(dict(zip(names, row, strict=True))) for row in rows]


def _table(row: dict[str, Any]) -> Table:
    detail = json.loads(row["detail"]) if row["detail"] else None
    where = f"{row['file']}:{row['line']}"
    lines: list[list[object]] = []
    for name in ledger.TOKEN_NAMES:
        if row[name]:
            lines.append([where, *_line(name, Decimal(row[name]), detail, "pico")])
    for unit, quantity in sorted((row["units"] or {}).items()):
        is_once = unit in (detail or {}).get("once", [])  # a fee per request, however many units it took
        billed = min(Decimal(quantity), Decimal(row["requests"])) if is_once else Decimal(quantity)
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
    }
    return Table(
        schema="llmcost.explain/1",
        title=f"{row['request_id']}: {row['provider'] or '?'}/{row['model'] or 'no model'} at {facts['ts'] or 'no time'}",
        columns=COLUMNS,
        rows=lines,
        total=[None, None, None, None, None, row["cost"]],
        head={"request": facts},
        notes=_notes(row, facts),
    )


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
        notes += [f"{one['what']} (x {one['multiply']}): {one['place']}" for one in facts["price_factors"] if one["place"]]
    elif row["unpriced_reason"]:
        notes.append(f"unpriced: {row['unpriced_reason']}; llmcost prices show {row['model'] or 'MODEL'} --why")
    elif row["cost"] == 0:
        notes.append(
            f"costs nothing: {'answered by a cache' if row['kind'] == 'cache_hit' else 'a failed attempt without usage'}"
        )
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
