"""The user's own SQL: it reads the ledger, and nothing else, whatever it tries."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.errors import UsageError
from llmcost.model import Table
from llmcost.render import render
from llmcost.spend.query import EXAMPLE, TABLES, query
from llmcost.store import open_ledger
from tests.spend.ledgers import call, ledger


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("query")
    return ledger(folder, [call("a", tags={"k": "v"}, units={"web_search": 1}), call("b", model="big")])


def answer(path: Path, text: str) -> Table:
    with open_ledger(path, read_only=True) as store:
        return query(store, text)


def test_a_select_is_a_table_in_every_format(path: Path) -> None:
    table = answer(path, "SELECT model, cost, requests, ts FROM ledger ORDER BY request_id")

    assert table.rows == [
        ["small", Decimal("0.011"), 1, datetime(2026, 10, 15, 12)],
        ["big", Decimal("0.1"), 1, datetime(2026, 10, 15, 12)],
    ]
    assert [column.kind for column in table.columns] == ["text", "decimal", "count", "time"]
    assert json.loads(render(table, "json"))["rows"][0] == {
        "model": "small",
        "cost": "0.011",
        "requests": 1,
        "ts": "2026-10-15T12:00:00Z",
    }
    assert list(csv.reader(io.StringIO(render(table, "csv"))))[1] == ["small", "0.011", "1", "2026-10-15T12:00:00Z"]
    assert "small" in render(table, "table")
    assert "| small | 0.011 |" in render(table, "markdown")
    assert table.title == "2 rows"


@pytest.mark.parametrize(
    "text",
    [
        "FROM ledger",
        "VALUES (1)",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x;",
        "DESCRIBE ledger",
        "SHOW TABLES",
        "SUMMARIZE ledger",
        "EXPLAIN SELECT * FROM ledger",
        "SELECT * FROM files, quarantine, prices, restatements",
        "-- a comment; with a semicolon\nSELECT ';' AS a /* ; */",
    ],
)
def test_what_reads_is_answered_and_can_be_written_in_every_format(path: Path, text: str) -> None:
    table = answer(path, text)

    for form in ("table", "json", "ndjson", "csv", "markdown"):
        render(table, form)


def test_the_rules_of_counting_are_columns_of_the_ledger(path: Path) -> None:
    text = "SELECT sum(billed_requests) AS requests, sum(unbilled_attempts) AS attempts, count(*) FILTER (is_unpriced) AS unpriced FROM ledger"

    assert answer(path, text).rows == [[2, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO requests SELECT * FROM requests",
        "UPDATE requests SET cost = 0",
        "DELETE FROM requests",
        "DROP TABLE requests",
        "DROP VIEW ledger",
        "ALTER TABLE requests ADD COLUMN x INT",
        "CREATE TABLE x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE OR REPLACE TEMP VIEW ledger AS SELECT 1",
        "CREATE TEMP MACRO f(x) AS x",
        "ATTACH '{folder}/x.duckdb'",
        "ATTACH ':memory:' AS m",
        "DETACH llmcost",
        "USE main",
        "COPY (SELECT 1) TO '{folder}/x.csv'",
        "COPY requests FROM '{folder}/log.jsonl'",
        "EXPORT DATABASE '{folder}/x'",
        "IMPORT DATABASE '{folder}/x'",
        "PRAGMA database_size",
        "PRAGMA enable_external_access",
        "SET memory_limit = '1GB'",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "CALL pragma_version()",
        "CHECKPOINT",
        "FORCE CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PREPARE q AS SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE requests",
        "",
        "   ",
        "-- nothing",
        ";",
    ],
)
def test_anything_but_one_select_is_refused(path: Path, text: str) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError) as error:
        answer(path, text.format(folder=path.parent))

    assert str(error.value).startswith("sql: ")
    assert error.value.hint in (EXAMPLE, TABLES)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["llmcost.duckdb", "log.jsonl"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('{folder}/log.jsonl')",
        "SELECT * FROM read_text('{folder}/log.jsonl')",
        "SELECT * FROM read_blob('{folder}/log.jsonl')",
        "SELECT * FROM read_json('{folder}/log.jsonl')",
        "SELECT * FROM '{folder}/log.jsonl'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{folder}/log.jsonl')",
        "SELECT * FROM parquet_metadata('{folder}/log.jsonl')",
        "SELECT * FROM duckdb_extensions() WHERE load('httpfs')",
        "SELECT getenv('HOME')",
        "SELECT * FROM query_table('{folder}/log.jsonl')",
        "SELECT * FROM 'https://example.com/x.csv'",
        "WITH x AS (DELETE FROM requests RETURNING *) SELECT * FROM x",
        "EXPLAIN ANALYZE DELETE FROM requests",
        "SELECT * FROM text",
        "SELECT * FROM names",
        "SELECT nope FROM ledger",
        "SELECT * FROM leger",
        "SELEC 1",
        "SELECT 1 WHERE 1 = $x",
        "SELECT CAST('x' AS INT)",
    ],
)
def test_a_select_reaches_neither_files_nor_the_network_nor_this_program(path: Path, text: str) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError, match="^sql: "):
        answer(path, text.format(folder=path.parent))

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("SELECT true", True),
        ("SELECT NULL", None),
        ("SELECT 170141183460469231731687303715884105727", 170141183460469231731687303715884105727),
        ("SELECT 0.1 + 0.2", "0.3"),
        ("SELECT 0.5::DOUBLE", "0.5"),
        ("SELECT 'nan'::DOUBLE", "nan"),
        ("SELECT DATE '2026-01-02'", "2026-01-02"),
        ("SELECT TIMESTAMP '2026-01-02 03:04:05.5'", "2026-01-02T03:04:05.500000Z"),
        ("SELECT TIMESTAMPTZ '2026-01-02 03:04:05+02'", "2026-01-02T01:04:05Z"),
        ("SELECT TIME '03:04:05'", "03:04:05"),
        ("SELECT INTERVAL 3 DAY", "3 days, 0:00:00"),
        ("SELECT 'ab'::BLOB", "6162"),
        ("SELECT 'a4f06e0a-0000-4000-8000-000000000000'::UUID", "a4f06e0a-0000-4000-8000-000000000000"),
        ("SELECT [1, NULL, 3]", [1, None, 3]),
        ("SELECT {'d': DATE '2026-01-02', 'n': 1.50, 'b': 'a'::BLOB}", {"d": "2026-01-02", "n": "1.5", "b": "61"}),
        ("SELECT MAP {1: [0.5::DOUBLE]}", {"1": ["0.5"]}),
        ("SELECT 'a\x1b[31m\"'", 'a\x1b[31m"'),
    ],
)
def test_every_type_has_a_place_in_json(path: Path, text: str, cell: object) -> None:
    table = answer(path, text)
    (row,) = json.loads(render(table, "json"))["rows"]

    assert list(row.values()) == [cell]
    for form in ("table", "ndjson", "csv", "markdown"):
        render(table, form)


def test_two_columns_of_one_name_are_told_apart(path: Path) -> None:
    table = answer(path, "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a")

    assert [column.name for column in table.columns] == ["a", "a_2", "a_2_2", "a_3"]


def test_no_rows_are_a_table_without_rows(path: Path) -> None:
    table = answer(path, "SELECT model FROM ledger WHERE false")

    assert (table.rows, table.title) == ([], "0 rows")
    assert render(table, "csv") == "model\n"
