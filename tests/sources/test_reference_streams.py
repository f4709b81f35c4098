"""Recorded streams of real providers against known totals: LLMCOST_REFERENCE_DATA/formats, every *.chunks.txt and *_sse.jsonl."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmcost.sources import formats
from tests.sources.reading import Row, put, read

FOLDER = Path(os.environ.get("LLMCOST_REFERENCE_DATA") or "nowhere") / "formats"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="LLMCOST_REFERENCE_DATA names no folder with formats/expected.json"
)

READERS = {
    "openai_chat": "openai_chat",
    "openai_responses": "openai_responses",
    "anthropic": "anthropic_message",
    "gemini": "gemini",
    "gemini_interactions": "gemini_interactions",
    "bedrock_converse": "bedrock_converse",
}
"""Which format reads a shape."""

PARTS = {
    "input_uncached": ("fresh_input_tokens", "audio_input_tokens", "image_input_tokens", "video_input_tokens"),
    "cache_read": ("cache_read_tokens", "audio_cache_read_tokens", "image_cache_read_tokens"),
    "cache_write": (
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "cache_write_12h_tokens",
        "cache_write_other_tokens",
    ),
    "cache_write_1h": ("cache_write_1h_tokens",),
    "tool_use_input": ("tool_use_tokens",),
    "output": (
        "text_output_tokens",
        "audio_output_tokens",
        "image_output_tokens",
        "rejected_prediction_tokens",
    ),
    "reasoning": ("reasoning_tokens",),
}


def expected(section: str) -> dict[str, Any]:
    if not FOLDER.is_dir():
        return {}
    found: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))[section]
    return found


CHUNKS = {name: wanted for name, wanted in expected("raw_provider").items() if name.endswith(".chunks.txt")}
CASSETTES = {name: wanted for name, wanted in expected("cassettes").items() if name.endswith("_sse.jsonl")}


def counted(rows: list[Row], wanted: dict[str, Any]) -> dict[str, int]:
    return {name: sum(row[part] for row in rows for part in PARTS[name]) for name in wanted if name in PARTS}


def shape_of(name: str, wanted: dict[str, Any] | None) -> str:
    return wanted["shape"] if wanted else "bedrock_converse"


@pytest.mark.parametrize("name", CHUNKS)
def test_a_recorded_stream_is_one_request(name: str, tmp_path: Path) -> None:
    wanted = CHUNKS[name]
    if READERS[shape_of(name, wanted)] not in formats.BY_NAME:
        pytest.skip("no reader of the finished answer")
    found = read(put(tmp_path / "logs", "a.txt", (FOLDER / name).read_bytes()))
    row = found.one
    if wanted is None:
        assert (row["usage_quality"], row["cost"]) == ("missing", None)
    else:
        assert counted([row], wanted) == {k: v for k, v in wanted.items() if k in PARTS}
    events = sum(1 for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if line.strip())
    assert (found.file.lines, found.file.requests, found.file.quarantined) == (events, 1, 0)


@pytest.mark.parametrize("name", CASSETTES)
def test_recorded_event_streams_in_wrappers_are_a_request_each(name: str, tmp_path: Path) -> None:
    wanted = CASSETTES[name]
    found = read(put(tmp_path / "logs", "a.jsonl", (FOLDER / name).read_bytes()))
    assert len(found.rows) == wanted["records"]
    assert Counter(row["usage_quality"] == "missing" for row in found.rows)[True] == wanted["without_usage"]
    assert all(row["cost"] is None for row in found.rows if row["usage_quality"] == "missing")
    assert counted(found.rows, wanted) == {k: v for k, v in wanted.items() if k in PARTS}
