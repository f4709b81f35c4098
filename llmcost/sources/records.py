"""The working table of one ingest: records as their sources settled them, before tags, folding and prices."""

from __future__ import annotations

from llmcost import ledger

LATER = ("ts", "line", "seq", "cost", "price_id", "unpriced_reason")
"""Ledger columns that arise when the records land."""

EXTRA: dict[str, str] = {
    "line_digest": "VARCHAR",
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
    "careful": "BOOLEAN DEFAULT false",
}


def ddl() -> str:
    """CREATE TABLE records."""
    columns = {c.name: c.type for c in ledger.COLUMNS if c.name not in LATER} | EXTRA
    body = ",\n  ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    return f"CREATE OR REPLACE TABLE records (\n  {body}\n)"
