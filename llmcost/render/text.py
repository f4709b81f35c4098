"""How one cell is written: exact for machines, rounded for people, and log text made visible so that it can do no harm.

This module imports nothing but the standard library, so notes and pages may borrow its figures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite

from llmcost.model import Cell, Column, Kind

UNSEEN = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Code points that act instead of being read: C0, DEL, C1, line separators, bidi overrides and isolates."""

# No encoder takes half a surrogate pair, yet JSON logs carry them.
_REPLACED = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_VISIBLE = {
    **_REPLACED,
    **{point: f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" for point in UNSEEN},
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
}
# The JSON encoder escapes C0 itself, and uses it (line breaks) between the values.
_JSON = {**_REPLACED, **{point: f"\\u{point:04x}" for point in UNSEEN if point >= 0x20}}

DIMENSIONS = ("text", "time")
"""The kinds of column that say what a row is about: a total has none of them."""

WORDS = ("text", "time", "flag")
"""The kinds of column that are read from the left; figures stand under each other at the right."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times in a Table are naive UTC
_COMPACT = ((10**12, "T"), (10**9, "B"), (10**6, "M"))


def visible(text: str) -> str:
    r"""Text with every control character shown as an escape (``\x1b``, ``\n``, ``\u202e``); stray surrogates become U+FFFD."""
    return text.translate(_VISIBLE)


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON in readable Unicode, with all that could act on a terminal escaped. Takes what `plain` returns."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return text.translate(_JSON)


def money(value: Decimal | None, currency: str = "USD") -> str:
    """Money for people: $1,234.56, four decimals below one ($0.0123), <$0.0001, 12.34 EUR; None is unpriced."""
    if value is None:
        return "unpriced"
    size = value.copy_abs()
    if 0 < size <= Decimal("0.00005"):  # half-even: would read as nothing
        sign, figure = "<" if value > 0 else ">-", "0.0001"
    else:
        places = 2 if size >= Decimal("0.99995") else 4  # half-even: would read as 1.0000
        sign, figure = "-" if value < 0 else "", f"{size:,.{places}f}"
    return f"{sign}${figure}" if currency == "USD" else f"{sign}{figure} {currency}"


def count(number: int | None, *, compact: bool = False) -> str:
    """A count for people: 1,234,567, or 1.2M when compact; None is a dash."""
    if number is None:
        return "-"
    if compact and abs(number) >= 10**6:
        # From 999,950,000 on, 1.0B: the smaller unit would round to 1000.0M.
        size, unit = next((size, unit) for size, unit in _COMPACT if abs(number) * 20_000 >= size * 19_999)
        return f"{Decimal(number) / size:.1f}{unit}"
    return f"{number:,}"


def percent(fraction: Decimal | None) -> str:
    """A fraction as percent: 12.3%, <0.1% for a trace; None is a dash."""
    if fraction is None:
        return "-"
    if 0 < fraction <= Decimal("0.0005"):
        return "<0.1%"
    return f"{fraction.scaleb(2):z.1f}%"


def quantity(value: Decimal) -> str:
    """A quantity or a rate for people: at most four decimals, below one four significant digits, zeros trimmed."""
    places = max(4, 3 - value.adjusted())
    return _trim(f"{value:z,.{places}f}")


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


def _trim(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _trimmed(cell: Cell) -> str:
    return _trim(f"{_number(cell):zf}")


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
    "time": lambda cell: _trim(_timestamp(cell).replace("T", " ").removesuffix("Z")),
    "flag": lambda cell: "yes" if cell else "no",
}
