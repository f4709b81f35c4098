"""Opens the ledger file, waits for its lock, runs SQL and turns the engine's errors into sentences."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb

from llmcost.errors import LlmcostError, StoreError, UsageError
from llmcost.resources import sql
from llmcost.store import schema

Row = tuple[Any, ...]

WAIT_S = 15.0
"""How long a locked store is waited for, unless --wait says otherwise."""

MEMORY_LIMIT = os.environ.get("LLMCOST_MEMORY", "420MB")
"""What the engine may hold in memory; more goes to its temporary folder. The process stays under 600 MB."""


class Store:
    """A connection. SQL comes from `.sql` files or from trusted fragments; values are bound as `$name`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None, wait_s: float = WAIT_S) -> None:
        self._connection = connection
        self._worker = ThreadPoolExecutor(1)
        self.path = path
        self.wait_s = wait_s
        self._standing: dict[str, list[str]] = {}

    def run(self, text: str, params: Mapping[str, object] | None = None) -> None:
        """Executes; nothing is fetched."""
        self._execute(text, params)

    def rows(self, text: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Executes and fetches everything at once: a second execute would void an open result."""
        with _translated(self.path):
            return self._execute(text, params).fetchall()

    def row(self, text: str, params: Mapping[str, object] | None = None) -> Row:
        """The first row."""
        return self.rows(text, params)[0]

    def value(self, text: str, params: Mapping[str, object] | None = None) -> Any:
        """The only value of the first row."""
        return self.row(text, params)[0]

    def table(self, text: str, params: Mapping[str, object] | None = None) -> tuple[list[str], list[Row]]:
        """Column names and rows."""
        with _translated(self.path):
            result = self._execute(text, params)
            names = [d[0] for d in result.description or []]
            return names, result.fetchall()

    def is_one_select(self, text: str) -> bool:
        """Whether this is exactly one statement that reads: SELECT, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN."""
        with _translated(self.path):
            statements = self._connection.extract_statements(text)
        return len(statements) == 1 and statements[0].type in (
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
        )

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name, temporary ones included."""
        return bool(self.value(sql("store/has_table.sql"), {"name": name}))

    @property
    def main(self) -> str:
        """What stands before the name of a stored table that a temporary view of that name hides."""
        return quote_identifier(str(self.value(sql("store/database.sql")))) + ".main"

    @contextmanager
    def standing_for(self, name: str, relation: str) -> Iterator[None]:
        """While it lasts, `name` (requests, ledger) means this temporary relation; then what it meant before.

        A relation that is a view must read what it stands for by `behind`, or it would read itself.
        """
        stack = self._standing.setdefault(name, [])
        self._stand(name, relation)
        stack.append(relation)
        try:
            yield
        finally:
            stack.pop()
            if stack:
                self._stand(name, stack[-1])
            else:
                self.run(sql("store/step_down.sql").format(name=quote_identifier(name)))

    def behind(self, name: str) -> str:
        """What `name` means now, in words that a relation which will stand for it can use."""
        stack = self._standing.get(name)
        return quote_identifier(stack[-1]) if stack else f"{self.main}.{quote_identifier(name)}"

    def _stand(self, name: str, relation: str) -> None:
        text = sql("store/stand.sql").format(name=quote_identifier(name), relation=quote_identifier(relation))
        self.run(text)

    def newest_us(self, until_us: int | None = None) -> int | None:
        """The time of the newest request, or of the newest before an instant, in µs since 1970."""
        found = self.value(sql("store/newest.sql"), {"until_us": until_us})
        return None if found is None else int(found)

    def fact(self, name: str) -> str | None:
        """What the store remembers under this name; None when it was never told."""
        found = self.rows(sql("store/fact.sql"), {"name": name})
        return str(found[0][0]) if found else None

    def remember(self, name: str, value: str) -> None:
        """Keeps a fact about the store, in place of an older one of this name."""
        self.run(sql("store/remember.sql"), {"name": name, "value": value})

    def batches(
        self, text: str, params: Mapping[str, object] | None = None, size: int = 10_000, *, alone: bool = False
    ) -> Iterator[list[Row]]:
        """Rows in batches, so that memory stays flat, on a cursor of their own, which does not see temporary tables.

        `alone` sees them, but nothing else may run on this store before the last batch.
        """
        cursor = self._connection if alone else self._connection.cursor()
        with _translated(self.path):
            result = cursor.execute(text, dict(params)) if params else cursor.execute(text)
            while batch := result.fetchmany(size):
                yield batch
        if not alone:
            cursor.close()

    def arrays(self, text: str, params: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The result as one numpy array per column, for what is counted in order; no column may hold a null."""
        with _translated(self.path):
            return dict(self._execute(text, params).fetchnumpy())

    def take(self, table: str, arrays: Mapping[str, Any]) -> None:
        """Appends numpy arrays to a table, column by name."""
        self._connection.register("llmcost_taken", dict(arrays))
        try:
            names = ", ".join(quote_identifier(name) for name in arrays)
            self.run(f"INSERT INTO {quote_identifier(table)} ({names}) SELECT {names} FROM llmcost_taken")
        finally:
            self._connection.unregister("llmcost_taken")

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Fills a table from Python: one bound list per column, which the engine unnests at once."""
        if not rows:
            return
        names = ", ".join(quote_identifier(c) for c in columns)
        lists = ", ".join(f"unnest($c{i})" for i in range(len(columns)))
        bound = {f"c{i}": [row[i] for row in rows] for i in range(len(columns))}
        self.run(f"INSERT INTO {quote_identifier(table)} ({names}) SELECT {lists}", bound)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    @contextmanager
    def attached(self, ledger: Path) -> Iterator[None]:
        """The ledger file under the name `target`, for one short transaction; a locked file is waited for."""
        _retry(lambda: self._connection.execute(f"ATTACH {quote_text(_file(ledger))} AS target"), ledger, self.wait_s)
        try:
            yield
        finally:
            self.run("DETACH target")

    def close_doors(self) -> None:
        """From here on no query reaches files, other databases, settings or objects of this process: for SQL that a user wrote."""
        self.run(sql("store/close_doors.sql"))

    def close(self) -> None:
        """Gives the file and its lock back."""
        self._worker.shutdown()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _execute(self, text: str, params: Mapping[str, object] | None) -> duckdb.DuckDBPyConnection:
        with _translated(self.path):
            # a signal reaches Python only between two of its own steps: the query runs beside, so that Ctrl-C can stop it
            query = self._worker.submit(self._connection.execute, text, dict(params or {}) or None)
            try:
                return query.result()
            except KeyboardInterrupt:
                self._connection.interrupt()
                wait([query])
                raise


def open_ledger(path: Path, *, create: bool = False, read_only: bool = False, wait_s: float = WAIT_S) -> Store:
    """The ledger at `path`, migrated to this version. UsageError when there is none, StoreError when it is locked, damaged or newer."""
    if not create and not path.exists():
        raise UsageError(
            "there is no ledger yet",
            place=str(path),
            hint="llmcost ingest LOGS first, or llmcost report LOGS for a look without a store",
        )
    if not path.parent.is_dir():
        raise UsageError("the folder does not exist", place=str(path.parent), hint="create it, or choose another --db")
    if path.is_dir():
        raise UsageError("is a folder", place=str(path), hint=f"a ledger is one file: --db {path / 'llmcost.duckdb'}")
    if path.exists() and not _is_database(path):
        raise StoreError("this file is no llmcost ledger", place=str(path), hint="choose another --db")
    connection = _retry(lambda: duckdb.connect(_file(path), read_only=read_only, config=_config()), path, wait_s)
    store = Store(connection, path, wait_s)
    try:
        _settle_in(store)
        schema.prepare(store, read_only=read_only)
    except BaseException:
        store.close()
        raise
    return store


def open_scratch(path: Path | None = None) -> Store:
    """A working database: in memory, or a temporary file that keeps memory flat."""
    store = Store(duckdb.connect(str(path) if path else ":memory:", config=_config()), path)
    _settle_in(store)
    return store


def quote_identifier(name: str) -> str:
    """The one way a name becomes SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """The one way a text becomes an SQL literal, for places that cannot bind (file names of table functions)."""
    if "\x00" in text:
        raise UsageError("a NUL character cannot be part of a name")
    return "'" + text.replace("'", "''") + "'"


def _file(path: Path) -> str:
    """The path in full: on its own, a name such as `:memory:` or `md:x` is no file to the engine."""
    return str(path.absolute())


def _is_database(path: Path) -> bool:
    """The engine opens a CSV file as a database in memory, and what is written there would be lost."""
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", place=str(path), hint="choose another --db") from error


def _config() -> dict[str, Any]:
    return {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def _settle_in(store: Store) -> None:
    store.run(sql("store/settle_in.sql"))
    store.run(f"SET memory_limit = {quote_text(MEMORY_LIMIT)}")


_LOCKED = re.compile("Could not set lock|Conflicting lock|used by another process")
"""Whole words of the engine: a file may be called lock, and a damaged one speaks of blocks."""


def _retry(attempt: Any, path: Path, wait_s: float) -> Any:
    """Runs `attempt` until the lock is free: jittered steps of 10 to 250 ms, at most `wait_s` seconds."""
    deadline, step_s = time.monotonic() + wait_s, 0.01
    while True:
        try:
            return attempt()
        except duckdb.Error as error:
            if not _LOCKED.search(str(error)) or time.monotonic() >= deadline:
                raise _translate(error, path) from error
        time.sleep(step_s * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
        step_s = min(step_s * 1.6, 0.25)


@contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise _translate(error, path) from error


def _translate(error: duckdb.Error, path: Path | None) -> LlmcostError:
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        raise KeyboardInterrupt from error
    if holder := re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", text):
        return StoreError(
            f"the store is locked by process {holder[2]} ({Path(holder[1]).name})",
            place=str(path),
            hint="wait for it, or allow more time with --wait SECONDS",
        )
    if _LOCKED.search(text):
        return StoreError(
            "the store is locked by another process", place=str(path), hint="allow more time with --wait SECONDS"
        )
    if (
        isinstance(error, duckdb.IOException | duckdb.SerializationException | duckdb.FatalException)
        or "not a valid DuckDB" in text
    ):
        return StoreError(
            _first_line(text), place=str(path) if path else None, hint="is this a llmcost ledger? choose another --db"
        )
    if isinstance(error, duckdb.InvalidInputException | duckdb.ConversionException | duckdb.OutOfRangeException):
        return UnreadableError(_first_line(text))
    return EngineError(_first_line(text))


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


class EngineError(LlmcostError):
    """A query the engine refused: the user's own in `sql` (exit 2), a bug of ours elsewhere."""


class UnreadableError(EngineError):
    """The engine met data it cannot read: a value out of range, a damaged page, a line longer than its buffer."""
