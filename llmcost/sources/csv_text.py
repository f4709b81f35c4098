"""CSV as people and databases write it: quotes over many lines, broken rows, names that occur twice."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

from llmcost.sources.plain import stream

MAX_ROW_LINES = 1000
"""A quote that is not closed after so many lines is no long text but a broken row."""


def rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, fields) of every row, the header first; None for a row with broken quotes, after which the next line begins anew."""
    csv.field_size_limit(1 << 30)
    waiting: deque[tuple[int, str]] = deque()
    with stream(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as whole:
        lines = enumerate(whole, 1)
        while (first := waiting.popleft() if waiting else next(lines, None)) is not None:
            number, text = first
            if not text.strip():
                continue
            taken: list[tuple[int, str]] = []
            fields, is_open = _fields(text, delimiter)
            while (
                is_open and len(taken) < MAX_ROW_LINES and (more := waiting.popleft() if waiting else next(lines, None))
            ):
                taken.append(more)
                text += more[1]
                if '"' in more[1]:
                    fields, is_open = _fields(text, delimiter)
            if fields is None:
                waiting.extendleft(reversed(taken))
            yield number, fields


def _fields(text: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """The fields of one row; None when its quotes are wrong, and whether the last quote is only open still."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True)), False
    except csv.Error as error:
        return None, str(error) == "unexpected end of data"


def names_of(path: Path, delimiter: str) -> list[str]:
    """The column names of a CSV, each once: the engine does not tell `Model` from `model`."""
    fields = next(rows(path, delimiter))[1] or []
    found: dict[str, str] = {}
    for place, field in enumerate(fields):
        name = field.strip() or f"column{place}"
        while name.lower() in found:
            name += "_"
        found[name.lower()] = name
    return list(found.values())


def records(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """(line, record) of every row; a text in place of the record says what is wrong with the row."""
    names = names_of(path, delimiter)
    for line, fields in islice(rows(path, delimiter), 1, None):
        if fields is None:
            yield line, "a quote that is not closed, or closed too early"
        elif any(fields[len(names) :]):
            yield line, f"{len(fields)} fields under {len(names)} names"
        else:
            yield line, {name: value or None for name, value in zip_longest(names, fields[: len(names)])}
