"""SQL cases: rows in -> rows out, one YAML file in cases/ for each query that decides something.

`in` are rows with the columns that matter, `out` the columns that are looked at. `tokens` in a row of `out` stands for
all token columns that are not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmcost import ledger
from llmcost.resources import PACKAGE, sql
from llmcost.sources import records, sightings, stage
from llmcost.sources.ingest import gather, weigh
from llmcost.store import Store, open_scratch, requests_ddl
from tests.sources.reading import prices, tokens

HERE = Path(__file__).parent
Row = dict[str, Any]
Case = dict[str, Any]


def fill(store: Store, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts rows that name some of the columns; JSON text becomes a map or a list where the column is one."""
    for row in rows:
        unknown = set(row) - set(types)
        assert not unknown, f"{table} has no column {unknown}"
        texts = {f"v{n}": None if value is None else str(value) for n, value in enumerate(row.values())}
        values = [f"CAST($v{n} AS JSON)" if types[name].startswith("MAP") else f"$v{n}" for n, name in enumerate(row)]
        chosen = ", ".join(f'CAST({v} AS {types[name]}) AS "{name}"' for v, name in zip(values, row, strict=True))
        store.run(f"INSERT INTO {table} BY NAME SELECT {chosen}", texts)


def dicts(store: Store, query: str) -> list[Row]:
    names, rows = store.table(query)
    return [dict(zip(names, row, strict=True)) for row in rows]


def opened() -> Store:
    store = open_scratch()
    stage.open_stage(store)
    store.run("SET VARIABLE prompt_key = 'key'")
    return store


def settled(cases: Sequence[Case]) -> Iterator[list[Row]]:
    with opened() as store:
        store.run("CREATE TEMP TABLE given AS FROM no_sightings")
        for place, case in enumerate(cases):
            rows = [{"file": f"{place:04}", **row} for row in case["in"]]
            fill(store, "given", sightings.COLUMNS, rows)
        store.run(f"CREATE TEMP TABLE found AS {stage.settle('SELECT * FROM given')}")
        for place in range(len(cases)):
            yield dicts(store, f"SELECT * FROM found WHERE file = '{place:04}'")


CALL = {"kind": "call", "status": "success", "requests": 1, "usage_quality": "exact", "usage_basis": "declared"}
NO_TOKENS = dict.fromkeys((*ledger.TOKEN_NAMES, "unexplained_tokens"), 0)
LEDGER = {column.name: column.type for column in ledger.COLUMNS}


def add_records(store: Store, rows: Sequence[Mapping[str, object]]) -> None:
    """Adds settled records of one file, `a.jsonl`, to the stage."""
    names = ", ".join(f'"{name}" {type_}' for name, type_ in records.shape().items())
    store.run(f"CREATE OR REPLACE TEMP TABLE settled ({names})")
    fill(
        store,
        "settled",
        records.shape(),
        [CALL | NO_TOKENS | {"file": "a", "source": "native"} | dict(r) for r in rows],
    )
    store.run("INSERT INTO records SELECT t, false FROM settled t")
    store.load("staged_files", ("file", "name", "first_row", "first_line"), [("a", "a.jsonl", 0, 1)])


def tagged(cases: Sequence[Case]) -> Iterator[list[Row]]:
    for case in cases:
        with opened() as store:
            add_records(store, case["in"])
            store.run(sql("sources/tags.sql"))
            yield dicts(store, "SELECT * FROM tag_sets ORDER BY tag_list, facts, more_facts")


def add_ledger(store: Store, rows: Sequence[Mapping[str, object]]) -> None:
    """A ledger beside the stage, with these rows in it: seq from 1, a.jsonl, unless they say otherwise."""
    store.run("ATTACH ':memory:' AS target")
    store.run(requests_ddl("target.requests"))
    defaults = [{"seq": n, "source": "native", "file": "a.jsonl", "line": n} for n in range(1, len(rows) + 1)]
    fill(
        store, "target.requests", LEDGER, [CALL | NO_TOKENS | d | dict(r) for d, r in zip(defaults, rows, strict=True)]
    )


def arrived(cases: Sequence[Case]) -> Iterator[list[Row]]:
    """The rows that are added to the ledger, after those that make way; `gone` tells which."""
    for case in cases:
        with opened() as store:
            add_records(store, case["in"])
            add_ledger(store, case.get("ledger", []))
            store.run(sql("sources/tags.sql"))
            store.run("SET VARIABLE base_seq = 100::BIGINT; SET VARIABLE default_ts_us = NULL::BIGINT")
            store.run("CREATE TABLE target.aliases (alias VARCHAR, request_id VARCHAR)")
            fill(store, "target.aliases", {"alias": "VARCHAR", "request_id": "VARCHAR"}, case.get("aliases", []))
            gather(store)
            store.run(
                "SET VARIABLE keep_seq = CAST($keep AS BOOLEAN)", {"keep": store.value(sql("sources/keep_seq.sql"))}
            )
            weigh(store, prices())
            store.run(sql("sources/requests.sql"))
            added = dicts(store, "SELECT * FROM requests ORDER BY seq")
            before = {row["seq"] for row in dicts(store, "SELECT seq FROM target.requests")}
            store.run(sql("sources/forget_replaced.sql"))
            left = {row["seq"] for row in dicts(store, "SELECT seq FROM target.requests")}
            yield [{"gone": seq} for seq in sorted(before - left)] + added


def chained(cases: Sequence[Case]) -> Iterator[list[Row]]:
    for case in cases:
        with opened() as store:
            add_ledger(
                store,
                [
                    {"ts_us": row.get("at", 0) * 1_000_000} | {k: v for k, v in row.items() if k != "at"}
                    for row in case["in"]
                ],
            )
            store.run("SET VARIABLE base_seq = CAST($seq AS BIGINT)", {"seq": case.get("base_seq", 0)})
            store.run(sql("sources/chains.sql"))
            yield dicts(store, "SELECT * FROM target.requests ORDER BY seq")


RUNNERS: dict[str, Callable[[Sequence[Case]], Iterator[list[Row]]]] = {
    "settle.sql": settled,
    "tags.sql": tagged,
    "arrivals.sql": arrived,
    "chains.sql": chained,
}


@cache
def cases_of(path: Path) -> tuple[str, list[Case]]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document["sql"], document["cases"]


@cache
def results_of(path: Path) -> list[list[Row]]:
    query, cases = cases_of(path)
    return list(RUNNERS[query](cases))


PATHS = sorted((HERE / "cases").glob("*.yaml"))
ALL = [
    pytest.param(path, n, id=f"{path.stem}: {case['name']}")
    for path in PATHS
    for n, case in enumerate(cases_of(path)[1])
]


def seen(row: Row, name: str) -> object:
    if name == "tokens":
        return tokens(row)
    value = row[name]
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


@pytest.mark.parametrize(("path", "place"), ALL)
def test_the_rows_that_go_in_come_out_as_the_case_says(path: Path, place: int) -> None:
    case, found = cases_of(path)[1][place], results_of(path)[place]
    assert [
        {name: seen(row, name) for name in wanted} for wanted, row in zip(case["out"], found, strict=False)
    ] == case["out"]
    assert len(found) == len(case["out"])


def test_every_query_of_the_room_has_a_case_or_a_test_that_names_it() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*PATHS, *HERE.glob("test_*.py"))]
    names = [path.name for path in (PACKAGE / "sources").glob("*.sql")]
    assert [name for name in names if not any(name in text for text in texts)] == []


def test_every_query_begins_with_what_one_row_is() -> None:
    first_lines = {
        path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in (PACKAGE / "sources").glob("*.sql")
    }
    assert [name for name, line in first_lines.items() if not line.startswith("-- ")] == []
