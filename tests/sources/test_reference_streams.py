"""Recorded streams of real providers against known totals: LLMCOST_REFERENCE_DATA/formats, every *.chunks.txt and *_sse.jsonl."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from llmcost.sources import formats, streams
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


SEVERAL = {
    "anthropic-tool-search-deferred-bm25": [(879, 177), (1398, 213), (1639, 95)],
    "anthropic-tool-search-deferred-regex": [(904, 175), (1519, 211), (1758, 118)],
}
"""Files with three messages, (input, output) of each. The reference took the largest count of the file for the count of one."""

GROQ = {"arize-ai": {"input_uncached": 12, "output": 26}, "traceloop": {"input_uncached": 18, "output": 73}}
"""One stream of each cassette tells its usage in x_groq only; the reference took it for a stream without."""


@pytest.mark.parametrize("name", CHUNKS)
def test_a_recorded_stream_is_one_request(name: str, tmp_path: Path) -> None:
    wanted = CHUNKS[name]
    if READERS[wanted["shape"] if wanted else "bedrock_converse"] not in formats.BY_NAME:
        pytest.skip("no reader of the finished answer")
    found = read(put(tmp_path / "logs", "a.txt", (FOLDER / name).read_bytes()))
    several = next((counts for part, counts in SEVERAL.items() if part in name), None)
    if several:
        assert [(row["input_tokens"], row["output_tokens"]) for row in found.rows] == several
    elif wanted is None:
        assert (found.one["usage_quality"], found.one["cost"]) == ("missing", None)
    else:
        assert counted([found.one], wanted) == {k: v for k, v in wanted.items() if k in PARTS}
    events = sum(1 for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if line.strip())
    assert (found.file.lines, found.file.requests, found.file.quarantined) == (events, len(several or [0]), 0)


@pytest.mark.parametrize("name", CHUNKS)
def test_the_folded_body_holds_the_last_count_of_the_stream(name: str) -> None:
    """The same for APIs whose finished answer has a count of its own name for everything."""
    shapes = {
        "gemini": ("usageMetadata", "promptTokenCount", ("candidatesTokenCount", "responseTokenCount")),
        "gemini_interactions": ("usage", "total_input_tokens", ("total_output_tokens",)),
        "bedrock_converse": ("usage", "inputTokens", ("outputTokens",)),
    }
    wanted = CHUNKS[name] or {"shape": "bedrock_converse"}
    if wanted["shape"] not in shapes:
        return
    usage_key, input_key, output_keys = shapes[wanted["shape"]]
    events = streams.events(enumerate((FOLDER / name).read_bytes().splitlines(), 1))
    (body,) = [record for _, record, raw, _ in streams.fold(events) if raw is None and record]
    usage = body.get(usage_key, {})
    assert usage.get(input_key) == wanted.get("input_uncached")
    assert next((usage[key] for key in output_keys if key in usage), None) == wanted.get("output")


@pytest.mark.parametrize("name", CASSETTES)
def test_recorded_event_streams_in_wrappers_are_a_request_each(name: str, tmp_path: Path) -> None:
    wanted = CASSETTES[name]
    found = read(put(tmp_path / "logs", "a.jsonl", (FOLDER / name).read_bytes()))
    (groq,) = [counts for part, counts in GROQ.items() if part in name]
    without = [row for row in found.rows if row["usage_quality"] == "missing"]
    assert (len(found.rows), len(without)) == (wanted["records"], wanted["without_usage"] - 1)
    assert all(row["cost"] is None for row in without)
    assert counted(found.rows, wanted) == {k: v + groq.get(k, 0) for k, v in wanted.items() if k in PARTS}
