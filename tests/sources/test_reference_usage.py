"""How providers count, case by case: LLMCOST_REFERENCE_DATA/pricing/usage_normalization.jsonl, each payload read as a log would hold it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import Row, put, read

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with pricing/usage_normalization.jsonl"
)

CHARGED = {"openrouter": Decimal("0.0331"), "perplexity": Decimal("0.005314")}
"""The cases whose note says that the cost in the payload is what was charged."""


def answer(case: Mapping[str, Any]) -> dict[str, Any]:
    """The payload inside what else the provider answers; its id is the name of the case."""
    name, payload = case["id"], case["payload"]
    usage = payload.get("usage", {})
    if "usageMetadata" in payload:
        return {"responseId": name, "candidates": [{"content": {}}], **payload}
    if "inputTokens" in usage:
        return {"ResponseMetadata": {"RequestId": name}, "output": {}, **payload}
    if "billed_units" in usage:
        return {"id": name, "message": {"role": "assistant"}, **payload}
    if "input_tokens_details" in usage:
        return {"id": name, "object": "response", **payload}
    if "prompt_tokens" in usage:
        return {"id": name, "object": "chat.completion" if "completion_tokens" in usage else "list", **payload}
    return {"id": name, "type": "message", **payload}


def counted(row: Row, expected: Mapping[str, int]) -> dict[str, int]:
    """Our counts by the names of the reference; a write of five minutes is a plain one where it tells no lifetimes."""
    lifetimes = ("cache_write_5m", "cache_write_1h")
    found = {
        "input_tokens": row["input_tokens"],
        "output": row["output_tokens"],
        "reasoning": row["reasoning_tokens"],
        "cache_read": row["cache_read_tokens"] + row["audio_cache_read_tokens"],
        "audio_in": row["audio_input_tokens"] + row["audio_cache_read_tokens"],
        "audio_out": row["audio_output_tokens"],
        "web_search_requests": int((row["units"] or {}).get("web_search", 0)),
        "requests": row["requests"] if "requests" in expected else 0,
        **(
            {name: row[f"{name}_tokens"] for name in lifetimes}
            if any(name in expected for name in lifetimes)
            else {"cache_write": row["cache_write_tokens"]}
        ),
    }
    return {name: count for name, count in found.items() if count or name in ("input_tokens", "output")}


def test_every_payload_is_counted_as_the_provider_bills_it(tmp_path: Path) -> None:
    lines = (Path(FOLDER or "") / "pricing" / "usage_normalization.jsonl").read_text(encoding="utf-8").splitlines()
    cases = {case["id"]: case for case in map(json.loads, lines)}
    for name, case in cases.items():
        put(tmp_path / "logs", f"{name}.jsonl", [answer(case)])
    found = read(tmp_path / "logs")
    rows = found.by_id()

    assert found.quarantine == []
    right = {
        name
        for name in cases
        if name in rows and counted(rows[name], cases[name]["expected"]) == cases[name]["expected"]
    }
    print(f"\nusage_normalization: {len(right)} of {len(cases)}")
    assert right == set(cases), {
        name: counted(rows[name], cases[name]["expected"]) for name in set(cases) - right if name in rows
    }
    assert {name: rows[name]["source_cost"] for name in rows if rows[name]["source_cost"] is not None} == CHARGED
