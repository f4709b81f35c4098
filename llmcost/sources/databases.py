"""SQLite databases as logs: the rows of the tables that hold requests, written out as JSON lines; the file itself is only read."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llmcost.errors import UsageError
from llmcost.sources import json_text, mapping, recognise
from llmcost.sources.files import LogFile

if TYPE_CHECKING:
    import sqlite3

MAGIC = b"SQLite format 3\0"

MIN_SHARE = 0.25
"""So many of the first rows of a table must be records of a format: among the messages of a chat every second is the user's."""


def is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def prepare(log: LogFile, temporary: Path) -> LogFile:
    """The rows of its tables of requests as JSON lines, with their place in the table as line. UsageError when it has none."""
    import sqlite3

    plain = temporary / f"rows-{log.fingerprint}"
    numbers = array("q")
    try:
        with closing(_opened(log.path)) as database, plain.open("w", encoding="utf-8") as out:
            for table in _tables(database):
                for number, row in enumerate(_rows(database, table), 1):
                    out.write(json_text.clean(row) + "\n")
                    numbers.append(number)
    except sqlite3.Error as error:
        raise UsageError(
            f"the database cannot be read ({error})", place=log.name, hint="is it whole, and not encrypted?"
        ) from error
    if not numbers:
        raise UsageError(
            "no table of this database holds requests that llmcost knows",
            place=log.name,
            hint="export the table as CSV and describe its columns under sources: in llmcost.yaml",
        )
    return replace(log, path=plain, lines=numbers)


def _opened(path: Path) -> sqlite3.Connection:
    """Read-only. Without a journal beside it the file is taken as it is, so that nothing is created next to it."""
    import sqlite3

    journal = Path(f"{path}-wal")
    how = "mode=ro" if journal.exists() and journal.stat().st_size else "mode=ro&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{how}", uri=True)
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    return database


def _tables(database: sqlite3.Connection) -> list[str]:
    """The tables whose rows are records of a format; else those in which the generic reader finds usage."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    known, guessed = [], []
    for name in names:
        rows: list[object] = list(islice(_rows(database, name), recognise.SAMPLE_RECORDS))
        votes = recognise.vote(rows)
        if any(each is not None and count >= MIN_SHARE * len(rows) for each, count in votes.items()):
            known.append(name)
        elif mapping.by_names(rows)[0] is not None:
            guessed.append(name)
    return known or guessed


def _rows(database: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    name = table.replace('"', '""')
    cursor = database.execute(f'SELECT * FROM "{name}"')  # the name is from the database itself, quoted
    columns = [column for column, *_ in cursor.description]
    for row in cursor:
        yield recognise.opened(
            {c: value for c, value in zip(columns, row, strict=True) if not isinstance(value, bytes)}
        )
