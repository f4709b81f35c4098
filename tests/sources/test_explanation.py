"""`ingest --explain FILE` (explanation.py, first_rows.sql): what was detected and why, and what the first records became."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import inside

Fixtures = tuple[pytest.MonkeyPatch, pytest.CaptureFixture[str]]

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "gpt-4o",
    "choices": [{"message": {"content": "a secret answer"}}],
    "usage": {
        "prompt_tokens": 420,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 256},
        "completion_tokens_details": {"reasoning_tokens": 64},
    },
}


def explained(fixtures: Fixtures, folder: Path, name: str) -> dict[str, Any]:
    found = inside(*fixtures, folder, "ingest", "--explain", name, "--format", "json")
    assert found.code == 0, found.err
    assert "secret" not in found.out
    document: dict[str, Any] = json.loads(found.out)
    return document


def cells(document: dict[str, Any], line: int) -> dict[str, tuple[str, str | None]]:
    return {row["column"]: (row["value"], row["field"]) for row in document["rows"] if row["line"] == line}


@pytest.fixture
def fixtures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fixtures:
    return monkeypatch, capsys


def test_a_known_format_is_explained_by_votes_rule_and_values(fixtures: Fixtures, tmp_path: Path) -> None:
    text = "".join(json.dumps({**CHAT, "id": f"chatcmpl-{n}"}) + "\n" for n in range(5)) + '{"foo": 1}\n'
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    found = explained(fixtures, tmp_path, "log.jsonl.gz")

    assert found["schema"] == "llmcost.ingest-explanation/1"
    assert (found["format"], found["shape"], found["packing"]) == ("openai_chat", "jsonl", "gzip")
    assert (found["sampled"], found["votes"], found["mapping"]) == (6, {"openai_chat": 5, "no known format": 1}, None)
    assert found["rule"].startswith('object "chat.completion"')
    assert {row["line"] for row in found["rows"]} == {1, 2, 3}
    row = cells(found, 1)
    assert row["request_id"] == ("chatcmpl-0", "id")
    assert row["fresh_input_tokens"] == ("164", None)  # 420 - 256: worked out
    assert row["cache_read_tokens"] == ("256", "usage.prompt_tokens_details.cached_tokens")
    assert row["text_output_tokens"] == ("36", None)  # 100 - 64
    assert row["cost"] == ("0.00173", None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl.gz"]


def test_guessed_names_and_a_mapping_are_told_field_by_field(fixtures: Fixtures, tmp_path: Path) -> None:
    rows = "time,model,prompt_tokens,completion_tokens,cost,who\n2026-01-01T00:00:00Z,gpt-4o,420,100,0.5,ann\n"
    (tmp_path / "a.csv").write_text(rows)
    (tmp_path / "b.csv").write_text(rows)
    (tmp_path / "llmcost.yaml").write_text(
        "sources:\n  - {path: b.csv, columns: {ts: time, model: model, input_tokens: prompt_tokens, user: who}}\n"
    )
    guessed, mapped = (explained(fixtures, tmp_path, name) for name in ("a.csv", "b.csv"))

    assert (guessed["shape"], guessed["format"]) == ("csv", "generic")
    assert guessed["mapping"]["input"] == "prompt_tokens"
    assert cells(guessed, 2)["ts"] == ("2026-01-01 00:00:00", "time")
    assert cells(guessed, 2)["source_cost"] == ("0.5", "cost")
    assert cells(guessed, 2)["cost"] == ("0.00205", None)  # 420 * 2.50 + 100 * 10, per million: ours, not the log's
    assert "user" not in cells(guessed, 2)
    assert mapped["rule"] == "sources: in llmcost.yaml names this file"
    assert cells(mapped, 2)["user"] == ("ann", "who")


def test_people_read_the_same(fixtures: Fixtures, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps([CHAT], indent=1))
    found = inside(*fixtures, tmp_path, "ingest", "--explain", "log.json")

    assert "log.json is read as openai_chat" in found.out
    assert "votes of 1 sampled records: openai_chat 1" in found.out


def test_what_cannot_be_read_is_an_error_with_a_way_out(fixtures: Fixtures, tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"foo": 1}\n')
    (tmp_path / "empty.jsonl").write_text("")
    odd = inside(*fixtures, tmp_path, "ingest", "--explain", "odd.jsonl")
    empty = inside(*fixtures, tmp_path, "ingest", "--explain", "empty.jsonl")

    assert (odd.code, empty.code) == (2, 2)
    assert "keys seen: foo" in odd.err
    assert "the file is empty" in empty.err
