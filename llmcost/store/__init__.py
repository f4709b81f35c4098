"""The only room that knows duckdb: one file holds the ledger; everything else asks it through a Store."""

from llmcost.store.connection import Store, open_ledger, open_scratch, quote_identifier, quote_text
from llmcost.store.schema import SCHEMA_VERSION, requests_ddl

__all__ = ["SCHEMA_VERSION", "Store", "open_ledger", "open_scratch", "quote_identifier", "quote_text", "requests_ddl"]
