"""A Table for programs: json, ndjson and csv, with the same exact text for a cell in all three."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from llmcost.figures import visible
from llmcost.model import Cell, Table
from llmcost.render.text import DIMENSIONS, exact, json_text, plain

_FORMULA = tuple("=+-@\t\r\0")  # a spreadsheet runs a cell that begins with one of these


def to_json(table: Table, **_look: object) -> str:
    """One object: schema, head, rows, total (without its empty dimensions), foot."""
    document: dict[str, object] = {"schema": table.schema}
    document |= _mapping(table.head.items())
    document[table.rows_name] = _records(table)
    if table.total is not None:
        document["total"] = {
            column.name: exact(column.kind, cell)
            for column, cell in zip(table.columns, table.total, strict=True)
            if cell is not None or column.kind not in DIMENSIONS
        }
    document |= _mapping(table.foot.items())
    return json_text(document, indent=2) + "\n"


def to_ndjson(table: Table, **_look: object) -> str:
    """One object per row; nothing at all without rows, for an empty line is no object."""
    return "".join(json_text(record) + "\n" for record in _records(table))


def to_csv(table: Table, **_look: object) -> str:
    """A header of column names and the rows: RFC 4180 with LF, unknown is empty, no total row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_no_formula(column.name) for column in table.columns)
    for row in table.rows:
        writer.writerow(
            _csv_cell(exact(column.kind, cell), is_text=column.kind == "text")
            for column, cell in zip(table.columns, row, strict=True)
        )
    return out.getvalue()


def _records(table: Table) -> list[dict[str, object]]:
    return [
        {column.name: exact(column.kind, cell) for column, cell in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]


def _mapping(items: Iterable[tuple[str, Cell]]) -> dict[str, object]:
    return {key: plain(value) for key, value in items}


def _csv_cell(value: object, *, is_text: bool) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json_text(value)
    return _no_formula(value) if is_text else value


def _no_formula(text: str) -> str:
    # The leading quote is looked for before a tab turns into its escape, for another program may turn it back.
    return ("'" if text.startswith(_FORMULA) else "") + visible(text)
