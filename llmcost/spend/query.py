"""The user's own SQL: one read-only SELECT over the ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from llmcost.errors import UsageError
from llmcost.model import Column, Kind, Table
from llmcost.store import EngineError, Store


def query(store: Store, text: str) -> Table:
    """The result as a table. The store is open read-only, so a query cannot change it; UsageError when the engine refuses it."""
    try:
        store.close_doors()
        names, rows = store.table(text)
    except EngineError as error:
        raise UsageError(error.message, place="sql", hint="tables: ledger, requests, files, quarantine, prices, restatements") from error
    if not names:
        raise UsageError("that is no SELECT", place="sql", hint='llmcost sql "SELECT model, sum(cost) FROM ledger GROUP BY model"')
    columns = [Column(name, _kind([row[i] for row in rows])) for i, name in enumerate(names)]
    cells = [[_cell(cell, columns[i].kind) for i, cell in enumerate(row)] for row in rows]
    return Table("llmcost.sql/1", f"{len(rows)} rows", columns, cells)


def _kind(cells: list[object]) -> Kind:
    known = [c for c in cells if c is not None]
    if known and all(isinstance(c, bool) for c in known):
        return "flag"
    if known and all(isinstance(c, int) and not isinstance(c, bool) for c in known):
        return "count"
    if known and all(isinstance(c, Decimal | int) and not isinstance(c, bool) for c in known):
        return "decimal"
    if known and all(isinstance(c, datetime) for c in known):
        return "time"
    return "text"


def _cell(cell: object, kind: Kind) -> object:
    if kind != "text" or cell is None or isinstance(cell, dict | list):
        return cell
    return cell.isoformat() if isinstance(cell, date) else str(cell)
