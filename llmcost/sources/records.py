"""The working table of one ingest: records as their sources settled them, before tags, folding and prices."""

from __future__ import annotations

from llmcost import ledger

LATER = ("ts", "line", "seq", "cost", "price_id", "unpriced_reason")
"""Ledger columns that arise when the records land."""

EXTRA: dict[str, str] = {
    "line_digest": "VARCHAR",
    "part": "BIGINT",
    "alias": "VARCHAR",
    "span": "VARCHAR",
    "snapshot": "BOOLEAN",
    "cache_assumed": "BOOLEAN",
    "reasoning_assumed": "BOOLEAN",
    "fallbacks": "BIGINT",
    "fallback_from": "VARCHAR",
    "tag_list": "VARCHAR",
    "facts": "VARCHAR",
    "more_facts": "VARCHAR",
    "given_seq": "BIGINT",
    "given_file": "VARCHAR",
    "given_line": "BIGINT",
    "problem": "VARCHAR",
    "skip": "VARCHAR",
    "doubt": "VARCHAR",
}


def shape() -> dict[str, str]:
    """Column names and types of a settled record."""
    return {c.name: c.type for c in ledger.COLUMNS if c.name not in LATER} | EXTRA


def ddl() -> str:
    """The tables `records` (one struct a row: the engine reserves memory per column while it writes in order) and `no_records`."""
    columns = shape().items()
    fields = ", ".join(f'"{name}" {type_}' for name, type_ in columns)
    return f"CREATE OR REPLACE TABLE records (r STRUCT({fields}), careful BOOLEAN);\nCREATE OR REPLACE TEMP TABLE no_records ({fields})"
