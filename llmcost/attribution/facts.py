"""Facts that live elsewhere, as temporary tables with a column `match_key`: users.csv with plans and their dates, and the files of `enrich:`."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from llmcost.config import Config
from llmcost.errors import UsageError, nearest
from llmcost.resources import sql
from llmcost.store import EngineError, Store, quote_identifier, quote_text

USER_COLUMNS = ("user", "plan", "alias", "kind", "ltv", "revenue_per_month", "valid_from", "valid_to")
USERS = "llmcost_users"
MAX_HEADER = 100_000


def users_table(store: Store, config: Config) -> str:
    """One row per name of a user and stretch of time; UsageError for unknown columns, bad values and stretches that overlap."""
    if store.has_table(USERS):
        return USERS
    if config.users is None:
        raise AssertionError("no users in the config")
    file = _open(config.users, config.place("users"))
    for column in file.columns:
        if column not in USER_COLUMNS:
            hint = nearest(column, USER_COLUMNS) or f"known: {', '.join(USER_COLUMNS)}"
            raise UsageError(f"unknown column '{column}'", place=f"{_shown(file.path)}:1", hint=hint)
    if "user" not in file.columns:
        hint = "user,plan[,alias,kind,ltv,revenue_per_month,valid_from,valid_to]"
        raise UsageError("the column 'user' is missing", place=f"{_shown(file.path)}:1", hint=hint)
    absent = "".join(f", NULL AS {quote_identifier(c)}" for c in USER_COLUMNS if c not in file.columns)
    _run(store, sql("attribution/users.sql").format(absent=absent, rows=file.rows()), file)
    for position, what in store.rows(sql("attribution/users_problems.sql")):
        hint = "dates are YYYY-MM-DD; valid_to is the first day that no longer counts"
        raise UsageError(what, place=f"{_shown(file.path)}:{file.line(position)}", hint=hint)
    return USERS


def enrich_table(store: Store, config: Config, number: int) -> str:
    """One row per key of the file; a key that stands there twice keeps its first row. UsageError for a missing file or column."""
    table = f"llmcost_enrich_{number}"
    if store.has_table(table):
        return table
    enrich = config.enrich[number]
    place = config.place("enrich", number)
    file = _open(enrich.file, place)
    on = enrich.on if enrich.on in file.columns else enrich.on.removeprefix("tag:")
    for wanted in (on, *enrich.set):
        if wanted not in file.columns:
            hint = nearest(wanted, file.columns) or f"it has {', '.join(file.columns)}"
            raise UsageError(f"{enrich.file.name} has no column '{wanted}'", place=place, hint=hint)
    chosen = ", ".join(f"nullif({quote_identifier(c)}, '') AS {quote_identifier(c)}" for c in enrich.set)
    text = sql("attribution/enrich.sql").format(table=table, on=quote_identifier(on), chosen=chosen, rows=file.rows())
    _run(store, text, file)
    return table


def has_aliases(store: Store, config: Config) -> bool:
    """Whether any user has a second name."""
    return _traits(store, config)[0]


def has_internal(store: Store, config: Config) -> bool:
    """Whether any user is one of ours."""
    return _traits(store, config)[1]


def _traits(store: Store, config: Config) -> tuple[bool, bool]:
    users_table(store, config)
    aliases, internal = store.row(sql("attribution/users_traits.sql"))
    return bool(aliases), bool(internal)


@dataclass(frozen=True)
class _CsvFile:
    path: Path
    delimiter: str
    columns: tuple[str, ...]

    def rows(self) -> str:
        """The trusted SQL that reads it, all text. Nothing is guessed, and in order: the first of two rows is the first."""
        # brackets and stars of a file name are no pattern
        path = re.sub(r"([\[\]*?])", r"[\1]", str(self.path))
        columns = ", ".join(f"{quote_text(c)}: 'VARCHAR'" for c in self.columns)
        options = (
            f"delim = {quote_text(self.delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false"
        )
        return f"read_csv({quote_text(path)}, columns = {{{columns}}}, {options}, parallel = false)"

    def line(self, position: int) -> int:
        """The line on which the row of that number (from 1, without the header) begins: empty lines and cells with breaks count too."""
        with self.path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=self.delimiter)
            seen, begins = -1, 1
            for row in reader:
                seen += bool(row)
                if seen == position:
                    return begins
                begins = reader.line_num + 1
        return begins


def _shown(path: Path) -> str:
    """The path as people know it: relative to where they are, when it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _open(path: Path, place: str | None) -> _CsvFile:
    """Reads the header: the names, and which of comma, semicolon and tab parts them. UsageError for a file that is no such table."""
    if not path.is_file():
        raise UsageError(f"no such file: {_shown(path)}", place=place, hint="paths in llmcost.yaml are relative to it")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline(MAX_HEADER)
        with path.open("rb") as chunks:
            quotes = sum(chunk.count(b'"') for chunk in iter(lambda: chunks.read(1 << 20), b""))
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot be read: {what}", place=_shown(path)) from error
    if quotes % 2:  # the engine would drop the row and all that follows it without a word
        raise UsageError("a quote is not closed", place=_shown(path), hint="write a quote inside a quoted cell twice")
    delimiter = max(",;\t", key=first.count)
    columns = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter), []))
    if not any(columns):
        raise UsageError("the header is missing", place=f"{_shown(path)}:1", hint="the first line names the columns")
    if twice := next((name for name, times in Counter(columns).items() if times > 1), None):
        raise UsageError(f"two columns are called '{twice}'", place=f"{_shown(path)}:1", hint="give each its own name")
    return _CsvFile(path, delimiter, columns)


def _run(store: Store, text: str, file: _CsvFile) -> None:
    try:
        store.run(text)
    except EngineError as error:
        line = re.search(r"Line: (\d+)", error.message)
        place = f"{_shown(file.path)}:{line[1]}" if line else _shown(file.path)
        raise UsageError(
            "the row does not fit the header", place=place, hint=f"{len(file.columns)} cells, UTF-8"
        ) from error
