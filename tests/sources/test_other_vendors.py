"""What other vendors answer in OpenAI's shape, and what OpenAI bills apart from tokens (openai.sql): tools, images, sound."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sources.reading import Row, put, read, tokens, usd
from tests.sources.test_openai import AT, CHAT, RESPONSE

Record = dict[str, Any]


def chat(model: str, **usage: object) -> Record:
    return {**CHAT, "id": model, "model": model, "service_tier": None, "usage": usage}


def units(row: Row) -> dict[str, int]:
    return {name: int(amount) for name, amount in (row["units"] or {}).items()}


def test_ways_to_count(tmp_path: Path) -> None:
    bodies: list[tuple[Record, dict[str, int]]] = [
        # xAI: reasoning beside the completion, 12 + 1 + 228 = 241
        (
            chat(
                "grok-3-mini",
                prompt_tokens=12,
                completion_tokens=1,
                total_tokens=241,
                prompt_tokens_details={"cached_tokens": 2},
                completion_tokens_details={"reasoning_tokens": 228},
                num_sources_used=0,
                cost_in_usd_ticks=1176500,
            ),
            {"fresh_input": 10, "cache_read": 2, "text_output": 1, "reasoning": 228},
        ),
        # DeepSeek: hits and misses make the prompt, 320 + 175 = 495
        (
            chat(
                "deepseek-chat",
                prompt_tokens=495,
                prompt_cache_hit_tokens=320,
                prompt_cache_miss_tokens=175,
                completion_tokens=144,
                total_tokens=639,
                completion_tokens_details={"reasoning_tokens": 118},
            ),
            {"fresh_input": 175, "cache_read": 320, "text_output": 26, "reasoning": 118},
        ),
        (
            chat("mistral-small-latest", prompt_tokens=13, completion_tokens=434, total_tokens=447),
            {"fresh_input": 13, "text_output": 434},
        ),
        # Groq, which also tells seconds
        (
            chat("llama-3.3-70b", prompt_tokens=45, completion_tokens=607, total_tokens=652, total_time=2.2),
            {"fresh_input": 45, "text_output": 607},
        ),
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", [body for body, _ in bodies])).by_id()
    assert [tokens(rows[body["id"]]) for body, _ in bodies] == [wanted for _, wanted in bodies]
    # ours and theirs are the same: 10 x $0.30 + 2 x $0.075 + 229 x $0.50, per million; 1,176,500 ticks of 1e-10 USD
    grok = rows["grok-3-mini"]
    assert (grok["cost"], grok["source_cost"], grok["source_cost_kind"]) == (
        usd("0.00011765"),
        Decimal("0.00011765"),
        "charged",
    )
    assert [row["units"] for row in rows.values()] == [None] * 4


def test_xai_counts_reasoning_inside_in_its_responses(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 8397,
        "input_tokens_details": {"cached_tokens": 608},
        "output_tokens": 1805,
        "output_tokens_details": {"reasoning_tokens": 580},
        "total_tokens": 10202,
        "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1, "code_interpreter_calls": 0},
    }
    items = [{"type": "web_search_call"}, {"type": "x_search_call"}, {"type": "message"}]
    record = {**RESPONSE, "model": "grok-4-fast-reasoning", "output": items, "usage": usage}
    row = read(put(tmp_path / "logs", "a.jsonl", [record])).one
    assert tokens(row) == {"fresh_input": 7789, "cache_read": 608, "text_output": 1225, "reasoning": 580}
    # what xAI counts itself beats the list of items
    assert units(row) == {"web_search": 2, "x_search": 1}


def test_calls_of_hosted_tools_are_counted(tmp_path: Path) -> None:
    def using(name: str, *kinds: str) -> Record:
        return {**RESPONSE, "id": name, "output": [{"type": kind} for kind in kinds]}

    records = [
        using("search", "file_search_call", "file_search_call", "web_search_call", "message"),
        using("code", "code_interpreter_call", "reasoning", "function_call"),
        using("image", "image_generation_call"),
        using("mcp", "mcp_call", "mcp_list_tools", "local_shell_call"),
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    assert {name: units(row) for name, row in rows.items()} == {
        "search": {"file_search": 2, "web_search": 1},
        "code": {"code_interpreter": 1},
        "image": {"image_generation": 1},
        "mcp": {},
    }
    # the tokens cost $0.00173; a search $0.01, a search of files $0.0025
    assert (rows["search"]["cost"], rows["mcp"]["cost"]) == (usd("0.01673"), usd("0.00173"))
    # what nobody priced is not left out of a sum
    assert rows["code"]["unpriced_reason"] == "no rate for unit code_interpreter"
    assert rows["image"]["unpriced_reason"] == "no rate for unit image_generation"


def test_sources_of_a_live_search_are_counted(tmp_path: Path) -> None:
    record = chat("grok-3", prompt_tokens=12, completion_tokens=1, total_tokens=13, num_sources_used=5)
    assert units(read(put(tmp_path / "logs", "a.jsonl", [record])).one) == {"search_source": 5}


def test_transcriptions_count_tokens_or_seconds(tmp_path: Path) -> None:
    spoken = {
        "text": "ok",
        "usage": {
            "type": "tokens",
            "input_tokens": 120,
            "input_token_details": {"text_tokens": 20, "audio_tokens": 100},
            "output_tokens": 30,
            "total_tokens": 150,
        },
    }
    timed = {"text": "ok", "duration": 36.7, "usage": {"type": "duration", "seconds": 37}}
    records = [
        {"id": name, "time": AT, "request": {"model": name}, "response": body}
        for name, body in (("gpt-4o-transcribe", spoken), ("whisper-1", timed))
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    words, seconds = rows["gpt-4o-transcribe"], rows["whisper-1"]
    assert (tokens(words), words["source"]) == (
        {"fresh_input": 20, "audio_input": 100, "text_output": 30},
        "openai_transcription",
    )
    assert words["cost"] == usd("0.00095")  # 20 x $2.50 + 100 x $6 + 30 x $10, per million
    assert (tokens(seconds), units(seconds), seconds["usage_quality"]) == ({}, {"seconds": 37}, "exact")
    assert (seconds["cost"], seconds["operation"]) == (None, "transcription")


def test_images_are_output_of_their_own_kind(tmp_path: Path) -> None:
    body = {
        "created": AT,
        "data": [{"b64_json": "UklG"}],
        "usage": {
            "input_tokens": 50,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens": 1000,
            "total_tokens": 1050,
        },
    }
    mixed = {**body, "usage": {**body["usage"], "output_tokens_details": {"image_tokens": 900, "text_tokens": 100}}}  # type: ignore[dict-item]
    records = [{"id": f"i{n}", "request": {"model": "gpt-image-1"}, "response": b} for n, b in enumerate((body, mixed))]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    inputs = {"fresh_input": 10, "image_input": 40}
    assert (tokens(rows["i0"]), rows["i0"]["source"]) == ({**inputs, "image_output": 1000}, "openai_images")
    assert tokens(rows["i1"]) == {**inputs, "text_output": 100, "image_output": 900}
    assert rows["i0"]["cost"] == usd("0.04045")  # 10 x $5 + 40 x $10 + 1,000 x $40, per million


def test_failed_exchanges_that_were_recorded_are_attempts(tmp_path: Path) -> None:
    records = [
        {"status": 404, "uri": "u", "body": {"error": {"code": "DeploymentNotFound", "message": "no"}}},
        {"status": 401, "uri": "u", "body": {"error": {"code": "401", "message": "Access denied"}}},
        {"status": 400, "uri": "u", "body": {"error": {"code": "invalid_image_url", "message": "no"}}},
        {"status": 200, "uri": "u", "body": CHAT},
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).rows
    assert [(row["kind"], row["error_kind"]) for row in rows] == [
        *(("attempt", "bad_request"), ("attempt", "auth"), ("attempt", "unknown")),
        ("call", None),
    ]


def test_what_has_no_usage_of_these_kinds_is_not_taken_for_it(tmp_path: Path) -> None:
    strangers: list[Record] = [{"text": "ok", "usage": {"type": "disk", "bytes": 3}}, {"created": AT, "data": []}]
    found = read(put(tmp_path / "logs", "a.jsonl", [CHAT, *strangers]))
    assert (found.one["cost"], len(found.quarantine)) == (usd("0.00173"), 2)
