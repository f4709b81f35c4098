"""The only room that knows duckdb: one file holds the ledger; everything else asks it through a Store."""

from llmcost.store.connection import (
    EngineError,
    Store,
    UnreadableError,
    open_ledger,
    open_scratch,
    quote_identifier,
    quote_text,
)
from llmcost.store.schema import SCHEMA_VERSION, requests_ddl

__all__ = [
    "SCHEMA_VERSION",
    "EngineError",
    "Store",
    "UnreadableError",
    "open_ledger",
    "open_scratch",
    "quote_identifier",
    "quote_text",
    "requests_ddl",
]
