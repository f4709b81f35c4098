"""Cohere (cohere.sql): what is billed stands in billed_units, what was read stands in tokens."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sources.reading import put, read, tokens, usd

AT = "2026-11-25T12:00:00Z"
CHAT = {
    "id": "c14c80c3",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    "usage": {
        "billed_units": {"input_tokens": 5, "output_tokens": 400},
        "tokens": {"input_tokens": 71, "output_tokens": 400},
    },
}


def wrapped(model: str, response: dict[str, Any]) -> dict[str, Any]:
    return {"time": AT, "model": model, "user": "u1", "response": response}


def test_a_chat_is_billed_by_its_billed_units(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [wrapped("command-a-03-2025", CHAT)])).one

    assert (row["request_id"], row["source"], row["provider"], row["user"]) == ("c14c80c3", "cohere", "cohere", "u1")
    assert tokens(row) == {"fresh_input": 5, "text_output": 400}
    assert row["cost"] == usd("0.0040125")  # 5 x 2.5 + 400 x 10 microdollars
    assert row["usage_quality"] == "exact"


def test_a_bare_answer_is_read_without_a_model_name(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [CHAT])).one

    assert (row["request_id"], tokens(row)) == ("c14c80c3", {"fresh_input": 5, "text_output": 400})
    assert (row["cost"], row["unpriced_reason"]) == (None, "no model name")


def test_embeddings_and_reranking_tell_it_in_meta(tmp_path: Path) -> None:
    embed = {
        "id": "e1",
        "embeddings": {"float": [[0.1]]},
        "texts": ["hi"],
        "meta": {"billed_units": {"input_tokens": 2}},
    }
    rerank = {
        "id": "r1",
        "results": [{"index": 0, "relevance_score": 0.9}],
        "meta": {"billed_units": {"search_units": 3}},
    }
    rows = read(
        put(tmp_path / "logs", "a.jsonl", [wrapped("embed-english-v3.0", embed), wrapped("rerank-v3.5", rerank)])
    ).by_id()

    assert (rows["e1"]["operation"], tokens(rows["e1"])) == ("embeddings", {"fresh_input": 2})
    assert (rows["r1"]["operation"], rows["r1"]["units"]) == ("rerank", {"query": Decimal(3)})
    assert rows["r1"]["cost"] == usd("0.006")  # 3 x 0.002


def test_a_chat_without_billed_units_is_not_taken_for_free(tmp_path: Path) -> None:
    """Its other count is not what is billed: the line is refused, by name, beside one that can be read."""
    bare = {**CHAT, "id": "c2", "usage": {"tokens": {"input_tokens": 71, "output_tokens": 400}}}
    found = read(put(tmp_path / "logs", "a.jsonl", [wrapped("command-a-03-2025", body) for body in (CHAT, bare)]))

    assert [row["request_id"] for row in found.rows] == ["c14c80c3"]
    assert found.reasons() == [(2, "no known format; keys: time, model, user, response")]
