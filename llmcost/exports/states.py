"""What a manifest remembers of a day, and what a change of it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from llmcost.exports.datasets import DayFound
from llmcost.figures import exact


def state_of(found: DayFound) -> dict[str, Any]:
    """What a manifest remembers of a day of the ledger."""
    return {key: value for key, value in asdict(found).items() if key in ("rows", "facts", "prices")}


def money(cost: object) -> str | None:
    """Twelve decimals, more where there are more."""
    if not isinstance(cost, Decimal):
        return None
    whole, _, places = exact(cost).partition(".")
    return f"{whole}.{places:0<12}"


def why(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What changed in the ledger between two looks at a day: rows came late, copies were folded, or prices changed."""
    if now["rows"] > was["rows"]:
        return "late_rows"
    return "dedupe" if now["rows"] < was["rows"] or now["facts"] != was["facts"] else "price"
