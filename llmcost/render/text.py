"""How one cell is written: exact for machines, rounded for people, and log text made visible so that it can do no harm."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite

from llmcost.figures import REPLACED, UNSEEN, count, money, percent, quantity, trim, visible
from llmcost.model import Cell, Column, Kind

# The JSON encoder escapes C0 itself, and uses it (line breaks) between the values.
_JSON = {**REPLACED, **{point: f"\\u{point:04x}" for point in UNSEEN if point >= 0x20}}

DIMENSIONS = ("text", "time")
"""The kinds of column that say what a row is about: a total has none of them."""

WORDS = ("text", "time", "flag")
"""The kinds of column that are read from the left; figures stand under each other at the right."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times in a Table are naive UTC


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON in readable Unicode, with all that could act on a terminal escaped. Takes what `plain` returns."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return text.translate(_JSON)


def plain(value: object) -> object:
    """A value of `head`, `foot` or a map cell as JSON holds it: Decimals as trimmed strings, times as ISO text."""
    if isinstance(value, Decimal):
        return _trimmed(value)
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        return None  # a score that a log calls NaN is unknown, and JSON has no word for it
    return value


def exact(kind: Kind, cell: Cell) -> object:
    """A cell as JSON holds it, to the last digit: money and decimals as strings without exponent; None stays None.

    Raises TypeError for a float where a Decimal belongs: money never passes through floats.
    """
    if cell is None:
        return None
    if isinstance(cell, Mapping | list | tuple):
        return plain(cell)
    return _EXACT[kind](cell)


def human(column: Column, cell: Cell, currency: str, *, compact: bool = False) -> str:
    """A cell as people read it, on one line and free of control characters; `compact` shortens large counts."""
    if cell is None:
        return {"text": "(none)", "cost": "unpriced"}.get(column.kind, "-")
    if isinstance(cell, Mapping | list | tuple):
        return visible(json_text(plain(cell)))
    if column.kind == "count":
        return count(_whole(cell), compact=compact)
    if column.kind in ("cost", "source_cost"):
        return money(_number(cell), currency)
    return _HUMAN[column.kind](cell)


def human_total(column: Column, cell: Cell, currency: str, *, is_first: bool, compact: bool = False) -> str:
    """A cell of the total row: as `human`, but a dimension it has no value in reads total (the first) or nothing."""
    if cell is None and column.kind in DIMENSIONS:
        return "total" if is_first else ""
    return human(column, cell, currency, compact=compact)


def _whole(cell: Cell) -> int:
    if isinstance(cell, int):
        return int(cell)
    raise TypeError(f"a count must be an int, not {cell!r}")


def _number(cell: Cell) -> Decimal:
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, int):
        return Decimal(cell)
    raise TypeError(f"an exact number must be a Decimal, not {cell!r}")


def _trimmed(cell: Cell) -> str:
    return trim(f"{_number(cell):zf}")


def _timestamp(cell: Cell) -> str:
    moment = cell if isinstance(cell, datetime) else _EPOCH + timedelta(microseconds=_whole(cell))
    return f"{moment.isoformat()}Z"


_EXACT: Mapping[Kind, Callable[[Cell], object]] = {
    "text": str,
    "count": _whole,
    "cost": lambda cell: f"{_number(cell):z.12f}",
    "source_cost": _trimmed,
    "decimal": _trimmed,
    "ratio": lambda cell: f"{_number(cell):z.3f}",
    "share": _trimmed,
    "time": _timestamp,
    "flag": bool,
}

_HUMAN: Mapping[Kind, Callable[[Cell], str]] = {
    "text": lambda cell: visible(str(cell)),
    "decimal": lambda cell: quantity(_number(cell)),
    "ratio": lambda cell: f"{_number(cell):z,.3f}",
    "share": lambda cell: percent(_number(cell)),
    "time": lambda cell: trim(_timestamp(cell).replace("T", " ").removesuffix("Z")),
    "flag": lambda cell: "yes" if cell else "no",
}
