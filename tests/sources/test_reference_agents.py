"""Coding agents against known totals: LLMCOST_REFERENCE_DATA/formats/expected.json and the real files beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import Read, Row, put, read, tokens

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with formats/expected.json")


def files(*parts: str) -> Path:
    return Path(FOLDER or "").joinpath(*parts)


@cache
def expected(name: str) -> Any:
    return json.loads(files("formats", "expected.json").read_text(encoding="utf-8"))[name]


def summed(rows: Sequence[Row]) -> dict[str, int]:
    names = (
        "fresh_input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
    )
    return {name: sum(row[name] for row in rows) for name in names}


@pytest.mark.parametrize(
    "name", ["ccl_session_b.jsonl", "ccusage_beta_chat.jsonl", "goccc_main.jsonl", "goccc_subagent.jsonl"]
)
def test_claude_codes_transcripts_fold_to_the_known_calls(tmp_path: Path, name: str) -> None:
    correct = expected("claude_code")[name]["correct"]
    rows = [
        row
        for row in read(files("formats", "claude_code", name), ledger=tmp_path / "l.duckdb").rows
        if row["kind"] == "call"
    ]
    found = summed(rows)
    assert len(rows) == correct["calls"]
    assert (found["fresh_input_tokens"], found["output_tokens"]) == (correct["input_tokens"], correct["output_tokens"])
    assert (found["cache_write_tokens"], found["cache_read_tokens"], found["cache_write_1h_tokens"]) == (
        *(correct["cache_creation_input_tokens"], correct["cache_read_input_tokens"]),
        correct["cw_1h"],
    )


def test_a_transcript_and_its_sub_agent_together_are_the_sum_of_the_two(tmp_path: Path) -> None:
    paths = [files("formats", "claude_code", name) for name in ("goccc_main.jsonl", "goccc_subagent.jsonl")]
    found = summed([row for row in read(*paths, ledger=tmp_path / "l.duckdb").rows if row["kind"] == "call"])
    assert (found["fresh_input_tokens"], found["output_tokens"]) == (102000 + 19000, 17000 + 4900)
    assert (found["cache_write_tokens"], found["cache_read_tokens"]) == (22000 + 6500, 262000 + 45000)


def test_a_transcript_without_usage_has_no_request(tmp_path: Path) -> None:
    found: Read = read(files("formats", "claude_code", "simonw_sample_session.jsonl"), ledger=tmp_path / "l.duckdb")
    assert (found.file.source, found.rows, found.quarantine) == ("claude_code", [], [])


@pytest.mark.parametrize("name", ["token_audit_session.jsonl", "tokscale_conversation.jsonl"])
def test_what_other_tools_make_of_a_session_is_no_transcript(tmp_path: Path, name: str) -> None:
    found = read(files("formats", "claude_code", name), ledger=tmp_path / "l.duckdb")
    assert found.file.source not in ("claude_code", "qwen_code")


def test_a_codex_session_adds_up(tmp_path: Path) -> None:
    for name, known in expected("codex").items():
        rows = read(files("formats", "codex", name), ledger=tmp_path / "l.duckdb").rows
        found, correct = summed(rows), known["correct"]
        assert (len(rows), {row["model"] for row in rows}) == (known["calls"], set(known["models"]))
        assert found["fresh_input_tokens"] + found["cache_read_tokens"] == correct["input_tokens"]
        assert (found["cache_read_tokens"], found["output_tokens"], found["reasoning_tokens"]) == (
            *(correct["cached_input_tokens"], correct["output_tokens"]),
            correct["reasoning_output_tokens"],
        )


def test_gemini_clis_counts_add_up_to_their_totals(tmp_path: Path) -> None:
    known = expected("gemini_cli")
    messages = [
        {
            "id": m["id"],
            "type": "gemini",
            "timestamp": "2026-01-01T00:00:00Z",
            "model": m["model"],
            "tokens": {k: v for k, v in m.items() if k not in ("id", "model")},
        }
        for m in known
    ]
    rows = read(
        put(
            tmp_path / "logs",
            "session-1.json",
            json.dumps({"sessionId": "s", "projectHash": "h", "messages": messages}),
        )
    ).rows
    for row, m in zip(rows, known, strict=True):
        kinds = {
            "fresh_input": m["input"] - m["cached"],
            "cache_read": m["cached"],
            "tool_use": m["tool"],
            "text_output": m["output"],
            "reasoning": m["thoughts"],
        }
        # one of the two totals counts the cached part a second time: that stays visible
        kinds["unexplained"] = m["total"] - sum(kinds.values())
        assert tokens(row) == {name: count for name, count in kinds.items() if count}
        assert sum(tokens(row).values()) == m["total"]


def test_an_opencode_message_adds_up(tmp_path: Path) -> None:
    known = expected("opencode")
    message = {
        "id": "m",
        "sessionID": "s",
        "role": "assistant",
        "modelID": "claude-sonnet-4-5",
        "providerID": "anthropic",
        "tokens": known,
    }
    row = read(put(tmp_path / "logs", "msg_1.json", json.dumps(message))).one
    assert (row["fresh_input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"], row["output_tokens"]) == (
        *(known["input"], known["cache"]["read"], known["cache"]["write"]),
        known["output"],
    )


def test_the_real_log_of_an_aider_user_adds_up_to_the_recorded_cent(tmp_path: Path) -> None:
    rows = read(files("real", "aider_messages_2024-08_2025-02.jsonl.gz"), ledger=tmp_path / "l.duckdb").rows
    assert (len(rows), sum(row["input_tokens"] for row in rows), sum(row["output_tokens"] for row in rows)) == (
        2669,
        27_389_995,
        897_004,
    )
    assert sum(row["source_cost"] for row in rows) == Decimal("75.619557445999793778256")
    assert (len({row["model"] for row in rows}), {row["agent"] for row in rows}) == (66, {"aider"})
    hidden = [row for row in rows if row["model"] == "None" or row["model"].endswith("/REDACTED")]
    assert hidden
    assert {row["cost"] for row in hidden} == {None}


def test_the_sample_of_aiders_own_site_is_read(tmp_path: Path) -> None:
    found = read(files("formats", "generic", "aider_sample_analytics.jsonl"), ledger=tmp_path / "l.duckdb")
    text = files("formats", "generic", "aider_sample_analytics.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in text.splitlines()]
    sent = [event["properties"] for event in events if event["event"] == "message_send"]
    assert (found.file.source, found.file.quarantined, len(found.rows)) == ("aider", 0, len(sent))
    assert sum(row["input_tokens"] + row["output_tokens"] for row in found.rows) == sum(p["total_tokens"] for p in sent)
