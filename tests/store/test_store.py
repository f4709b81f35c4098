"""The ledger file: made, migrated, refused when it is somebody else's, damaged or of tomorrow; and the counting rules in its view."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from llmcost import ledger as columns
from llmcost.errors import StoreError, UsageError
from llmcost.store import (
    EngineError,
    Store,
    connection,
    open_ledger,
    open_scratch,
    quote_identifier,
    quote_text,
    schema,
)
from tests.spend.ledgers import call, ledger


def test_a_new_ledger_has_the_columns_of_the_one_table_in_code(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        found = store.rows(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'requests' ORDER BY column_index"
        )

    assert [name for name, _ in found] == list(columns.NAMES)
    assert [type_.replace(" ", "") for _, type_ in found] == [c.type.replace(" ", "") for c in columns.COLUMNS]


def test_a_store_remembers_facts(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        assert store.fact("catalogue") is None
        store.remember("catalogue", "one")
        store.remember("catalogue", 'it\'s "two"')
        assert store.fact("catalogue") == 'it\'s "two"'
        assert store.fact("schema_version") == str(schema.SCHEMA_VERSION)


def test_two_stores_have_two_keys_for_prompts(tmp_path: Path) -> None:
    keys = set()
    for name in "ab":
        with open_ledger(tmp_path / f"{name}.duckdb", create=True) as store:
            keys.add(store.fact("prompt_key"))

    assert len(keys) == 2
    assert None not in keys


# Migrations


def add_a_table(store: Store) -> None:
    store.run("CREATE TABLE notes (note VARCHAR)")


def fail(_store: Store) -> None:
    raise RuntimeError("half way")


def tables(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as found:
        return {name for (name,) in found.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_a_store_of_yesterday_is_migrated_by_a_command_that_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ledger(tmp_path, [call("a")])
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_a_table])
    with pytest.raises(StoreError) as error:
        open_ledger(path, read_only=True)
    with open_ledger(path) as store:
        assert store.fact("schema_version") == str(schema.SCHEMA_VERSION + 1)
        assert store.value("SELECT count(*) FROM notes") == 0
        assert store.value("SELECT count(*) FROM ledger") == 1
    with open_ledger(path, read_only=True) as store:
        assert store.value("SELECT count(*) FROM ledger") == 1

    assert (
        str(error.value)
        == f"{path}: the store has schema version {schema.SCHEMA_VERSION}, this llmcost needs {schema.SCHEMA_VERSION + 1}"
    )
    assert error.value.exit_code == 5


def test_the_files_of_a_store_of_version_1_are_kept_and_read_whole_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.duckdb"
    with monkeypatch.context() as yesterday:
        yesterday.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        with open_ledger(path, create=True) as store:
            store.load("files", ["path", "lines"], [("a.jsonl", 3)])
    with open_ledger(path) as store:
        assert store.rows("SELECT path, lines, read_bytes FROM files") == [("a.jsonl", 3, None)]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger(tmp_path, [call("a")])
    before = tables(path)
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_a_table, fail])
        with pytest.raises(RuntimeError, match="half way"):
            open_ledger(path)

    assert tables(path) == before
    with open_ledger(path, read_only=True) as store:
        assert store.value("SELECT count(*) FROM ledger") == 1


def test_a_store_of_tomorrow_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger(tmp_path, [call("a")])
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_a_table])
        open_ledger(path).close()
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(StoreError, match="this llmcost knows"):
            open_ledger(path, read_only=read_only)

    assert path.read_bytes() == before


# What is no store


@pytest.mark.parametrize(
    "make",
    [
        "CREATE TABLE customers (id INT)",
        "CREATE TABLE meta (name VARCHAR, value VARCHAR)",
        "CREATE TABLE meta (name VARCHAR, value VARCHAR); INSERT INTO meta VALUES ('schema_version', 'one')",
        "CREATE TABLE meta (id INT)",
        "CREATE TABLE meta (value VARCHAR, name VARCHAR, more INT)",
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_of_somebody_else_is_neither_read_nor_changed(tmp_path: Path, make: str, read_only: bool) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute(make)
    before = tables(path)
    with pytest.raises(StoreError, match="this file is no llmcost ledger"):
        open_ledger(path, create=not read_only, read_only=read_only)

    assert tables(path) == before


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"SQLite format 3\x00", b"\x00" * 5000])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    for name in ("x.duckdb", "x.csv", "x.parquet"):
        (tmp_path / name).write_bytes(content)
        for read_only in (True, False):
            with pytest.raises(StoreError, match="this file is no llmcost ledger"):
                open_ledger(tmp_path / name, create=not read_only, read_only=read_only)

        assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("name", ["l.duckdb", "block.duckdb"])
@pytest.mark.parametrize("damage", ["short", "overwritten"])
def test_a_damaged_store_is_a_sentence_at_once_and_not_called_locked(tmp_path: Path, name: str, damage: str) -> None:
    path = ledger(tmp_path, [call(f"r{n}", agent=f"a{n}" * 50) for n in range(50)]).rename(tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3] if damage == "short" else data[:12288] + b"x" * (len(data) - 12288))
    with pytest.raises((StoreError, EngineError)) as error, open_ledger(path, read_only=True) as store:
        store.rows("SELECT * FROM ledger")

    assert "locked" not in str(error.value)


def test_a_store_that_is_not_there_is_a_matter_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no ledger yet"):
        open_ledger(tmp_path / "no.duckdb", read_only=True)

    assert list(tmp_path.iterdir()) == []


# The connection


def test_names_and_texts_are_quoted() -> None:
    with open_scratch() as store:
        for text in ("it's", '"', "a;b -- c", "계획", "\\", "\n", ""):
            assert store.value(f"SELECT {quote_text(text)}") == text
            if text:
                assert store.table(f"SELECT 1 AS {quote_identifier(text)}")[0] == [text]
    with pytest.raises(UsageError, match="NUL"):
        quote_text("a\x00b")


def test_a_transaction_is_all_or_nothing() -> None:
    with open_scratch() as store:
        store.run("CREATE TABLE t (a INT)")
        with suppress(KeyboardInterrupt), store.transaction():
            store.run("INSERT INTO t VALUES (1)")
            raise KeyboardInterrupt
        with store.transaction():
            store.run("INSERT INTO t VALUES (2)")

        assert store.rows("FROM t") == [(2,)]


def test_python_rows_are_loaded_in_order_with_their_unknowns() -> None:
    with open_scratch() as store:
        store.run('CREATE TABLE t ("a b" BIGINT, m DECIMAL(18, 12))')
        store.load("t", ["a b", "m"], [(1, Decimal("0.000000000001")), (None, None), (2, Decimal(-1))])
        store.load("t", ["a b", "m"], [])

        assert store.rows("FROM t") == [(1, Decimal("0.000000000001")), (None, None), (2, Decimal("-1.000000000000"))]


def test_batches_are_the_rows_in_order() -> None:
    with open_scratch() as store:
        batches = list(store.batches("SELECT range FROM range($n) ORDER BY range", {"n": 25}, size=10))

    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [row[0] for batch in batches for row in batch] == list(range(25))


def test_results_do_not_depend_on_the_zone_of_the_machine() -> None:
    with open_scratch() as store:
        assert store.value("SELECT current_setting('TimeZone')") == "UTC"
        assert store.value("SELECT CAST(TIMESTAMPTZ '2026-01-01 00:00:00+02' AS VARCHAR)") == "2025-12-31 22:00:00+00"


def test_an_error_of_the_engine_is_one_line(tmp_path: Path) -> None:
    with open_scratch() as store, pytest.raises(EngineError) as error:
        store.rows("SELECT nope\nFROM range(3)")

    assert "\n" not in str(error.value)


def test_the_wait_for_a_lock_is_the_one_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, slept = [], []

    def locked() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise duckdb.IOException(
                'IO Error: Could not set lock on file "x": Conflicting lock is held in /usr/bin/python (PID 7)'
            )

    monkeypatch.setattr(connection.time, "sleep", slept.append)
    connection._retry(locked, tmp_path, 5.0)

    assert len(tries) == 4
    assert len(slept) == 3
    assert all(0 < pause < 0.4 for pause in slept)
    tries.clear()
    with pytest.raises(StoreError, match=r"the store is locked by process 7 \(python\)"):
        connection._retry(locked, tmp_path, 0.0)


# The view `ledger`: totals and the rules of counting


COUNTED = {  # what a row says: (billed requests, unbilled attempts, is it unpriced?)
    "a call": ({}, (1, 0, False)),
    "an aggregated row": ({"requests": 120}, (120, 0, False)),
    "a call of a model without price": ({"model": "own"}, (1, 0, True)),
    "a call without usage": ({"input_tokens": None}, (1, 0, False)),  # it is not the price that is missing
    "an attempt with usage": ({"kind": "attempt"}, (1, 0, False)),
    "an attempt with usage, no price": ({"kind": "attempt", "model": "own"}, (1, 0, True)),
    "an attempt": ({"kind": "attempt", "input_tokens": 0}, (0, 1, False)),
    "an attempt, no price": ({"kind": "attempt", "input_tokens": 0, "model": "own"}, (0, 1, False)),
    "five attempts": ({"kind": "attempt", "input_tokens": 0, "requests": 5}, (0, 5, False)),
    "an attempt that wrote": ({"kind": "attempt", "input_tokens": 0, "output_tokens": 1}, (1, 0, False)),
    "an attempt that searched": ({"kind": "attempt", "input_tokens": 0, "units": {"web_search": 1}}, (1, 0, False)),
    "an iteration": ({"kind": "iteration"}, (0, 0, False)),
    "an iteration, no price": ({"kind": "iteration", "model": "own"}, (0, 0, True)),
    "a cache hit": ({"kind": "cache_hit"}, (0, 0, False)),
    "a cache hit, no price": ({"kind": "cache_hit", "model": "own"}, (0, 0, False)),
}


def test_rows_count_as_the_rules_say(tmp_path: Path) -> None:
    path = ledger(tmp_path, [call(name, **facts) for name, (facts, _) in COUNTED.items()])
    with open_ledger(path, read_only=True) as store:
        found = store.rows("SELECT request_id, billed_requests, unbilled_attempts, is_unpriced FROM ledger")

    assert {name: tuple(counted) for name, *counted in found} == {
        name: counted for name, (_, counted) in COUNTED.items()
    }


def test_totals_are_the_sums_of_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    inputs = {name: 2**number for number, name in enumerate(columns.INPUT_NAMES)}
    outputs = {name: 2**number for number, name in enumerate(columns.OUTPUT_NAMES)}
    with open_ledger(path, create=True) as store:
        names, values = zip(*(inputs | outputs | {"requests": 1, "seq": 1}).items(), strict=True)
        store.load("requests", names, [values])
        found = store.row("SELECT input_tokens, output_tokens, cache_write_tokens FROM ledger")
    writes = [number for name, number in inputs.items() if name.startswith("cache_write_")]

    assert found == (sum(inputs.values()), sum(outputs.values()), sum(writes))
    assert len(writes) == 4
