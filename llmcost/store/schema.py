"""The tables of a ledger file, generated from the one table in ledger.py, and the list of migrations."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmcost import ledger
from llmcost.errors import StoreError
from llmcost.resources import sql

if TYPE_CHECKING:
    from llmcost.store.connection import Store


def requests_ddl(name: str = "requests", *, temporary: bool = False) -> str:
    """CREATE TABLE of the ledger, column by column from ledger.COLUMNS. No primary key: it costs 4-8 times the time."""
    columns = ",\n  ".join(f'"{c.name}" {c.type}' for c in ledger.COLUMNS)
    return f"CREATE {'TEMP ' if temporary else ''}TABLE {name} (\n  {columns}\n)"


def _first(store: Store) -> None:
    """Version 1: the ledger, what was read, what could not be, the prices in use, what was restated."""
    store.run(requests_ddl())
    store.run(sql("store/schema.sql"))
    # the key makes prompt digests useless outside this store
    store.remember("prompt_key", secrets.token_hex(16))


def _aliases(store: Store) -> None:
    """Version 2: the second ids of requests."""
    store.run(sql("store/aliases.sql"))


def _live_files(store: Store) -> None:
    """Version 3: where to read on in files that grow."""
    store.run(sql("store/live_files.sql"))


def _provider_pages(store: Store) -> None:
    """Version 4: usage and cost pages of the providers."""
    store.run(sql("store/provider_pages.sql"))


def _priced_terms(store: Store) -> None:
    """Version 5: which prices billed which names."""
    store.run(sql("store/priced_terms.sql"))


def _adjustments(store: Store) -> None:
    """Version 6: what providers billed, as reconcile --apply keeps it."""
    store.run(sql("store/adjustments.sql"))


def _bill_lines(store: Store) -> None:
    """Version 7: the lines of the bills that were applied, by account."""
    store.run(sql("store/bill_lines.sql"))


MIGRATIONS: list[Callable[[Store], None]] = [
    _first,
    _aliases,
    _live_files,
    _provider_pages,
    _priced_terms,
    _adjustments,
    _bill_lines,
]
"""Migration N takes a store from version N to N+1. A new one is appended, an old one never changed."""

SCHEMA_VERSION = len(MIGRATIONS)


def version(store: Store) -> int:
    """The schema version of an open store; 0 when it is empty. StoreError for a DuckDB file that is somebody else's."""
    tables, meta_columns = store.row(sql("store/tables.sql"))
    if not tables:
        return 0
    found = store.fact("schema_version") if meta_columns == ["name", "value"] else None
    if found is None or not found.isdecimal():
        raise StoreError("this file is no llmcost ledger", place=str(store.path), hint="choose another --db")
    return int(found)


def prepare(store: Store, *, read_only: bool) -> None:
    """Brings a store to the last version in one transaction, or refuses it with a sentence."""
    found, wanted = version(store), len(MIGRATIONS)
    if found > wanted:
        raise StoreError(
            f"the store has schema version {found}, this llmcost knows {wanted}",
            place=str(store.path),
            hint="upgrade llmcost, or ingest the logs into a new --db",
        )
    if found == wanted:
        return
    if read_only:
        raise StoreError(
            f"the store has schema version {found}, this llmcost needs {wanted}",
            place=str(store.path),
            hint="run a command that writes (llmcost ingest) once to migrate it",
        )
    with store.transaction():
        for migration in MIGRATIONS[found:]:
            migration(store)
        store.remember("schema_version", str(wanted))
