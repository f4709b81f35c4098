"""A plain Postgres dump of LiteLLM's table of spend: the text format of COPY."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from llmcost.sources.plain import stream

BEGIN = re.compile(rb"--\s+-- PostgreSQL database|COPY \S+ \(.*\) FROM stdin;")
TABLE = re.compile(r'COPY (?:[^ .]+\.)?"LiteLLM_SpendLogs" \((.*)\) FROM stdin;')
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class NoTableError(Exception):
    """The dump has other tables only."""


def rows(path: Path) -> Iterator[tuple[int, dict[str, str] | None]]:
    """(line, record) of every row of the table, NULL fields left out; None for a row that was cut off. Other tables are passed over."""
    names: list[str] | None = None
    is_there = False
    with stream(path) as file, io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="\n") as text:
        for number, line in enumerate(text, 1):
            row = line.rstrip("\r\n")
            if names is None:
                if line.startswith("COPY ") and (table := TABLE.fullmatch(row)):
                    is_there, names = True, [name.strip(' "') for name in table[1].split(",")]
            elif row == "\\.":
                names = None
            else:
                fields = row.split("\t")
                whole = len(fields) == len(names)
                yield number, {n: _text(f) for n, f in zip(names, fields, strict=True) if f != r"\N"} if whole else None
    if not is_there:
        raise NoTableError


def _text(field: str) -> str:
    """A field of COPY's text format without its escapes."""
    return ESCAPE.sub(_escape, field) if "\\" in field else field


def _escape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8) & 255) if code[0] in "01234567" else ESCAPES.get(code, code)
