"""The sample logs, read with their own config, against the sums that their maker knows by construction."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost import config
from llmcost.store import Store, open_ledger
from tests.make_sample_logs import PROMPTS, Company, Sums, build
from tests.sources.reading import Read, read

SAMPLE = Path(__file__).parents[2] / "sample_logs"
BILLED = "(kind = 'call' OR (kind = 'attempt' AND input_tokens + output_tokens > 0))"


@pytest.fixture(scope="module")
def company() -> Company:
    return build()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder = tmp_path_factory.mktemp("sample") / "sample_logs"
    shutil.copytree(SAMPLE, folder)
    return read(folder, settings=config.load(folder / "llmcost.yaml"))


@pytest.fixture
def store(found: Read) -> Iterator[Store]:
    with open_ledger(found.ledger, read_only=True) as opened:
        yield opened


def sums_by(store: Store, dimension: str) -> dict[Any, Sums]:
    """The ledger's rows added up as make_sample_logs adds up its calls."""
    names = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    tokens = ", ".join(f"coalesce(sum({n}) FILTER (WHERE {BILLED}), 0)" for n in names)
    rows = store.rows(
        f"""SELECT {dimension}, coalesce(sum(requests) FILTER (WHERE {BILLED}), 0),
          count(*) FILTER (WHERE kind = 'attempt' AND NOT {BILLED}), count(*) FILTER (WHERE kind = 'cache_hit'),
          count(*) FILTER (WHERE {BILLED} AND usage_quality = 'missing'),
          coalesce(sum(requests) FILTER (WHERE {BILLED} AND cost IS NULL AND usage_quality <> 'missing'), 0),
          coalesce(sum(input_tokens + output_tokens) FILTER (WHERE {BILLED} AND cost IS NULL AND usage_quality <> 'missing'), 0),
          {tokens}, sum(cost) FILTER (WHERE {BILLED}), sum(source_cost)
        FROM ledger GROUP BY ALL"""
    )
    return {row[0]: Sums(*(int(v) for v in row[1:12]), cost=row[12], source_cost=row[13]) for row in rows}


def test_the_totals(store: Store, company: Company) -> None:
    assert sums_by(store, "NULL") == {None: company.total}
    assert company.total.cost is not None
    assert company.total.cost > Decimal(30)


@pytest.mark.parametrize("dimension", ["source", "kind", "chain_reason", "model", "user", "day"])
def test_the_totals_by_what_the_ledger_itself_knows(dimension: str, store: Store, company: Company) -> None:
    columns = {"user": '"user"', "day": "strftime(ts, '%Y-%m-%d')"}
    assert sums_by(store, columns.get(dimension, dimension)) == dict(company.by[dimension])


def test_duplicates_skipped_and_quarantined_lines(found: Read, company: Company) -> None:
    root = found.ledger.parent / "sample_logs"
    files = {Path(file.path).relative_to(root).as_posix(): file for file in found.report.files}
    assert {name: file.duplicates for name, file in files.items()} == dict(company.duplicates)
    assert {name: sum(file.skipped.values()) for name, file in files.items()} == dict(company.skipped)
    lines: dict[str, list[int | None]] = {name: [] for name in files}
    for file, line, _ in found.quarantine:
        lines[Path(file).relative_to(root).as_posix()].append(line)
    assert lines == {name: [line for line, _ in broken] for name, broken in company.quarantined.items()}
    assert found.report.notes == []


def test_every_row_knows_where_it_stands(found: Read) -> None:
    for row in found.rows[::97]:
        if row["file"].endswith((".jsonl", ".csv")) and not row["request_id"].startswith("line-"):
            text = Path(row["file"]).read_text(encoding="utf-8").split("\n")[row["line"] - 1]
            assert row["request_id"].split("@")[0] in text


def test_reading_again_changes_nothing(found: Read) -> None:
    folder = found.ledger.parent / "sample_logs"
    again = read(folder, settings=config.load(folder / "llmcost.yaml"))
    assert again.rows == found.rows
    assert again.quarantine == found.quarantine
    assert all(set(file.skipped) <= {"read before"} and file.new == 0 for file in again.report.files)


def test_no_prompt_is_anywhere_in_the_store(found: Read, store: Store) -> None:
    logs = "".join(p.read_text(encoding="utf-8", errors="replace") for p in SAMPLE.rglob("*.jsonl"))
    assert all(prompt in logs for prompt in PROMPTS)
    for (table,) in store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal"):
        text = str(store.rows(f'SELECT * FROM "{table}"'))
        assert [prompt for prompt in PROMPTS if prompt in text] == []
    stored = found.ledger.read_bytes()
    assert [prompt for prompt in PROMPTS if prompt.encode() in stored] == []
    assert store.value("SELECT count(prompt_hash) FROM requests") > 0
