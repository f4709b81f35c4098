"""Records that people make themselves around the usage of an answer (formats openai_usage, anthropic_usage)."""

from __future__ import annotations

import json
from pathlib import Path

from tests.sources.reading import put, read, tokens, usd

AT = {"ts": "2026-05-01T00:00:00Z", "user": "u42"}
CHAT = {
    "prompt_tokens": 420,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 256},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
RESPONSES = {
    "input_tokens": 420,
    "output_tokens": 100,
    "input_tokens_details": {"cached_tokens": 256},
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 520,
}
CLAUDE = {
    "input_tokens": 4000,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 300,
    "output_tokens": 120,
}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}


def test_one_log_may_hold_the_usage_of_several_vendors(tmp_path: Path) -> None:
    records = [
        {**AT, "id": "a", "model": "gpt-4o", "usage": CHAT},
        {**AT, "id": "b", "model": "gpt-4o", "usage": RESPONSES},
        {**AT, "request_id": "c", "model": "claude-sonnet-4-5", "usage": CLAUDE},
        # less than it holds in the cache, and without the cache's names
        {**AT, "request_id": "d", "model": "claude-sonnet-4-5", "usage": {"input_tokens": 40, "output_tokens": 120}},
        {**AT, "id": "e", "model": "gpt-4o", "usage": json.dumps(CHAT), "cost": 0.00173},
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    rows = found.by_id()
    assert [tokens(rows[name]) for name in "abe"] == [EXAMPLE] * 3
    # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
    assert [rows[name]["cost"] for name in "abe"] == [usd("0.00173")] * 3
    assert tokens(rows["c"]) == {"fresh_input": 4000, "cache_read": 1000, "cache_write_5m": 300, "text_output": 120}
    # 4000 x $3 + 1000 x $0.30 + 300 x $3.75 + 120 x $15, per million
    assert rows["c"]["cost"] == usd("0.015225")
    assert tokens(rows["d"]) == {"fresh_input": 40, "text_output": 120}
    assert [rows[name]["provider"] for name in "abce"] == ["openai", "openai", "anthropic", "openai"]
    assert {row["user"] for row in found.rows} == {"u42"}
    assert {row["usage_basis"] for row in found.rows} == {"declared"}
    assert (rows["e"]["source_cost"], rows["e"]["source_cost_kind"]) == (usd("0.00173"), "recorded")


def test_names_that_are_not_openais_are_left_to_the_reader_of_any_names(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 420, "cached_tokens": 256, "completion_tokens": 100, "total_tokens": 520}
    row = read(put(tmp_path / "logs", "a.jsonl", [{**AT, "model": "gpt-4o", "usage": usage}])).one
    assert (row["source"], row["usage_basis"]) == ("generic", "arithmetic")
