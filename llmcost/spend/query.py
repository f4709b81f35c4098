"""The user's own SQL: one read-only SELECT over the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal

from llmcost.errors import UsageError
from llmcost.model import Column, Kind, Table
from llmcost.store import EngineError, Store

EXAMPLE = 'llmcost sql "SELECT model, sum(cost) FROM ledger GROUP BY model"'
TABLES = "tables: ledger, requests, files, quarantine, prices, restatements"


def query(store: Store, text: str) -> Table:
    """The result as a table. The store is open read-only, so a query cannot change it; UsageError when the engine refuses it."""
    try:
        if not store.is_one_select(text):
            raise UsageError("one SELECT is expected", place="sql", hint=EXAMPLE)
        store.close_doors()
        names, rows = store.table(text)
    except EngineError as error:
        raise UsageError(error.message, place="sql", hint=TABLES) from error
    columns = [Column(name, _kind([row[i] for row in rows])) for i, name in enumerate(_apart(names))]
    cells = [[_cell(cell, column.kind) for cell, column in zip(row, columns, strict=True)] for row in rows]
    return Table("llmcost.sql/1", "1 row" if len(rows) == 1 else f"{len(rows)} rows", columns, cells)


def _apart(names: list[str]) -> list[str]:
    """Two columns of one name would be one key in JSON: the second is called name_2."""
    apart: list[str] = []
    for name in names:
        number, own = 1, name
        while own in apart:
            number += 1
            own = f"{name}_{number}"
        apart.append(own)
    return apart


def _kind(cells: list[object]) -> Kind:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return "flag"
    if kinds == {int}:
        return "count"
    if kinds and kinds <= {int, Decimal}:
        return "decimal"
    return "time" if kinds == {datetime} else "text"


def _cell(cell: object, kind: Kind) -> object:
    if isinstance(cell, datetime) and cell.tzinfo:
        cell = cell.astimezone(timezone.utc).replace(tzinfo=None)
    return _plain(cell) if kind == "text" else cell


def _plain(value: object) -> object:
    """Text, or what lists, structs and maps hold as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, int | Decimal) else str(value)
