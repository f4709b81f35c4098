"""Traces that others exported, against totals counted apart from us: LLMCOST_REFERENCE_DATA/formats/{langfuse,otel}."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import read, tokens

FOLDER = Path(os.environ.get("LLMCOST_REFERENCE_DATA", "nowhere")) / "formats"
WANTED: dict[str, dict[str, Any]] = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["langfuse"]
    if (FOLDER / "expected.json").exists()
    else {}
)

pytestmark = pytest.mark.skipif(
    not WANTED, reason="LLMCOST_REFERENCE_DATA names no folder with formats/expected.json, langfuse and otel"
)


@pytest.mark.parametrize("name", sorted(WANTED))
def test_the_calls_of_a_langfuse_trace_are_its_leaves(name: str, tmp_path: Path) -> None:
    found = read(FOLDER / "langfuse" / name, ledger=tmp_path / "ledger.duckdb")
    used = [row for row in found.rows if row["usage_quality"] != "missing"]
    models: dict[str, int] = {}
    for row in used:
        models[row["model"]] = models.get(row["model"], 0) + 1
    total = sum(sum(tokens(row).values()) for row in used)
    wanted = WANTED[name]
    assert (len(used), total, models) == (wanted["leaf"], wanted["leaf_total"], wanted["models"])
    assert all(row["cost"] is not None for row in used)
    assert found.quarantine == []


def test_all_langfuse_traces_together_count_as_each_alone(tmp_path: Path) -> None:
    found = read(FOLDER / "langfuse", ledger=tmp_path / "ledger.duckdb")
    total = sum(sum(tokens(row).values()) for row in found.rows)
    assert total == sum(wanted["leaf_total"] for wanted in WANTED.values())
    assert read(FOLDER / "langfuse", ledger=tmp_path / "ledger.duckdb").rows == found.rows


def test_attribute_maps_of_the_conventions_and_of_openinference_tell_the_same_call(tmp_path: Path) -> None:
    found = read(FOLDER / "otel", ledger=tmp_path / "ledger.duckdb")
    assert [tokens(row) for row in found.rows] == [{"fresh_input": 97, "text_output": 52}] * 2
    assert len({(row["model"], row["provider"], row["cost"]) for row in found.rows}) == 1
    # the execution of a tool is no call
    assert sum(sum(file.skipped.values()) for file in found.report.files) == 1
