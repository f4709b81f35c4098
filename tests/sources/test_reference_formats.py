"""Whole bodies of providers against known totals: files of LLMCOST_REFERENCE_DATA/formats, read as anyone would read them."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import Read, Row, put, read, tokens

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with formats/expected.json")
FORMATS = Path(FOLDER or "") / "formats"

READS = ("cache_read", "audio_cache_read", "image_cache_read")
WRITES = ("cache_write_5m", "cache_write_1h", "cache_write_12h", "cache_write_other")
INPUTS = ("fresh_input", "audio_input", "image_input", "video_input")
OUTPUTS = ("text_output", "audio_output", "image_output", "rejected_prediction")


def totals(rows: Iterable[Row]) -> Counter[str]:
    """The sums of some rows, by the names of expected.json; zeros are left out."""
    used: Counter[str] = Counter()
    for row in rows:
        used.update(tokens(row))

    def over(names: Iterable[str]) -> int:
        return sum(used[name] for name in names)

    return +Counter(
        input_uncached=over(INPUTS),
        cache_read=over(READS),
        cache_write=over(WRITES),
        cache_write_1h=used["cache_write_1h"],
        output=over(OUTPUTS),
        reasoning=used["reasoning"],
        tool_use_input=used["tool_use"],
    )


def wanted(expected: Mapping[str, Any] | None) -> Counter[str]:
    names = {
        "input_uncached",
        "cache_read",
        "cache_write",
        "cache_write_1h",
        "output",
        "reasoning",
        "tool_use_input",
    }
    return +Counter({name: count for name, count in (expected or {}).items() if name in names})


def expectations(section: str) -> dict[str, dict[str, Any] | None]:
    found: dict[str, dict[str, Any] | None] = json.loads((FORMATS / "expected.json").read_text())[section]
    return found


def by_file(found: Read) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows:
        rows[Path(row["file"]).relative_to(FORMATS).as_posix()].append(row)
    return rows


def test_every_recorded_answer_gives_its_known_totals(tmp_path: Path) -> None:
    expected = {name: what for name, what in expectations("raw_provider").items() if name.endswith(".json")}
    found = read(*(FORMATS / name for name in expected), ledger=tmp_path / "ledger.duckdb")
    assert found.quarantine == []
    rows = by_file(found)
    assert {name: totals(rows[name]) for name in expected} == {name: wanted(what) for name, what in expected.items()}


def test_every_recorded_session_gives_its_known_totals(tmp_path: Path) -> None:
    expected = {name: what or {} for name, what in expectations("cassettes").items() if "_sse" not in name}
    found = read(*(FORMATS / name for name in expected), ledger=tmp_path / "ledger.duckdb")
    assert [reason for _, reason in found.reasons()] == []
    rows = by_file(found)
    for name, what in expected.items():
        assert totals(rows[name]) == wanted(what), name
        used = [row for row in rows[name] if row["usage_quality"] != "missing"]
        assert len(used) == what.get("calls", 0), name


def body_of(number: int, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A body around recorded usage, as it would stand in a log; None for the one vendor that llmcost has no format for (Cohere)."""
    usage, rest = body.get("usage", {}), {k: v for k, v in body.items() if k not in ("file", "usage")}
    if "usageMetadata" in body:
        return {"responseId": f"{number}", "candidates": [{"content": {}}], **rest}
    if "inputTokens" in usage:
        return {"ResponseMetadata": {"RequestId": f"{number}"}, "output": {}, "usage": usage}
    if "input_tokens_details" in usage:
        return {"id": f"{number}", "object": "response", **rest, "usage": usage}
    if "prompt_tokens" in usage:
        kind = "chat.completion" if "completion_tokens" in usage else "list"
        return {"id": f"{number}", "object": kind, **rest, "usage": usage}
    if "cache_creation_input_tokens" in usage:
        return {"id": f"{number}", "type": "message", **rest, "usage": usage}
    return None


EXCHANGES = {
    "oteljs_bedrock-invokemodel-adds-amazon-nova-model-attributes-to-span.json": {"input_uncached": 8, "output": 10},
    "oteljs_bedrock-invokemodel-adds-amazon-titan-model-attributes-to-span.json": {"input_uncached": 8, "output": 10},
    "oteljs_bedrock-invokemodel-adds-anthropic-claude-model-attributes-to-span.json": {
        "input_uncached": 8,
        "output": 10,
    },
    "oteljs_bedrock-invokemodel-adds-meta-llama-model-attributes-to-span.json": {"input_uncached": 8, "output": 10},
    # three calls of 57 and 100
    "should-comprehensively-test-all-token-count-types.json": {"input_uncached": 171, "output": 300},
    "should-handle-basic-converse-api-calls.json": {"input_uncached": 13, "output": 35},
}
"""The exchanges with Bedrock that tell their usage; streams of bytes, Cohere, Mistral and failures do not."""


def test_recorded_exchanges_with_bedrock_are_requests_whether_they_tell_their_usage_or_not(tmp_path: Path) -> None:
    folder = FORMATS / "bedrock"
    found = read(folder, ledger=tmp_path / "ledger.duckdb")
    assert found.quarantine == []
    rows = by_file(found)
    told = {name.removeprefix("bedrock/"): dict(totals(some)) for name, some in rows.items() if totals(some)}
    assert told == EXCHANGES
    assert len(found.rows) == sum(len(json.loads(path.read_text())) for path in folder.glob("*.json"))
    assert all(row["model"] and row["ts"] and row["provider"] == "bedrock" for row in found.rows)
    failed = [row["error_kind"] for row in found.rows if row["kind"] == "attempt"]
    assert sorted(failed) == ["auth", "auth", "auth", "bad_request"]


COMPARED = (
    *("input_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("output_tokens", "output_reasoning_tokens", "web_searches"),
)


def extracted(row: Row) -> dict[str, int]:
    """What the other side would call the usage of this row."""
    sums = totals([row])
    inputs = ("input_uncached", "cache_read", "cache_write", "tool_use_input")
    found = (
        *(sum(sums[name] for name in inputs), sums["cache_read"], sums["cache_write"]),
        *(sums["output"] + sums["reasoning"], sums["reasoning"], int((row["units"] or {}).get("web_search", 0))),
    )
    return {name: count for name, count in zip(COMPARED, found, strict=True) if count}


def hides_thinking(body: Mapping[str, Any]) -> bool:
    """Whether the total holds thinking that nothing else counts; the other side drops it."""
    usage = body.get("usage", {})
    told = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
    return "gemini" in body.get("model", "") and usage.get("total_tokens", 0) > told > 0


def test_every_recorded_usage_is_what_its_most_detailed_extraction_says(tmp_path: Path) -> None:
    with gzip.open(FORMATS / "usage_bodies.json.gz") as file:
        references = json.load(file)
    bodies = {n: body for n, r in enumerate(references) if (body := body_of(n, r["body"])) is not None}
    found = read(put(tmp_path / "logs", "bodies.jsonl", bodies.values()))
    assert found.quarantine == []
    # iterations at another model stand beside what the other side looks at
    rows = {int(row["request_id"]): row for row in found.rows if row["kind"] != "iteration"}
    assert rows.keys() == bodies.keys()
    wrong = []
    for n in bodies:
        usages = [{k: v for k, v in e["usage"].items() if k in COMPARED} for e in references[n]["extracted"]]
        most = max(len(usage) for usage in usages)
        if extracted(rows[n]) not in [usage for usage in usages if len(usage) == most]:
            wrong.append(n)
    hidden = [n for n in bodies if hides_thinking(references[n]["body"])]
    assert wrong == hidden, [references[n]["body"] for n in {*wrong} ^ {*hidden}]
    print(f"\n{len(bodies)} of {len(references)} bodies read, {len(bodies) - len(wrong)} agree")
