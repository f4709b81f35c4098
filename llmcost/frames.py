"""The notebook door: every Table as a pandas DataFrame, money still exact.

>>> from llmcost import frames
>>> frames.report("llmcost.duckdb", by=["agent", "model"])  # doctest: +SKIP
>>> frames.ledger("llmcost.duckdb", "SELECT * FROM ledger")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost import conditions, config
from llmcost.model import Table
from llmcost.spend import query
from llmcost.spend import report as spend
from llmcost.store import open_ledger

if TYPE_CHECKING:
    import pandas as pd


def frame(table: Table) -> pd.DataFrame:
    """One column per column of the table. Counts are Int64 (unknown is <NA>), times datetime64, money stays Decimal (object)."""
    import pandas as pd

    columns = {}
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        if column.kind == "count":
            columns[column.name] = pd.array(cells, dtype="Int64")
        elif column.kind == "time":
            times = [
                cell if isinstance(cell, datetime) or cell is None else pd.Timestamp(cell, unit="us") for cell in cells
            ]
            columns[column.name] = pd.to_datetime(pd.Series(times))
        else:
            columns[column.name] = pd.Series(cells, dtype=object)
    return pd.DataFrame(columns)


def report(
    db: str | Path, by: Sequence[str] | None = None, where: str | None = None, config_file: str | Path | None = None
) -> pd.DataFrame:
    """What `llmcost report` prints, from a store; raises the same errors."""
    settings = config.load(Path(config_file) if config_file else None)
    condition = conditions.parse(where, fields=conditions.FIELDS, place="where") if where else None
    with open_ledger(Path(db), read_only=True) as store:
        return frame(spend.report(store, settings, spend.Question(by=by, where=condition)))


def ledger(db: str | Path, sql: str) -> pd.DataFrame:
    """What `llmcost sql` prints."""
    with open_ledger(Path(db), read_only=True) as store:
        return frame(query.query(store, sql))
