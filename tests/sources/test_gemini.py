"""Google's own objects (gemini.sql, gemini_interactions.sql): generateContent, embeddings, interactions, batches, errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

ANSWER: Record = {
    "responseId": "g1",
    "modelVersion": "gemini-2.5-pro",
    "createTime": "2026-01-01T00:00:00.5Z",
    "candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}],
    "usageMetadata": {
        "promptTokenCount": 420,
        "cachedContentTokenCount": 256,
        "candidatesTokenCount": 36,
        "thoughtsTokenCount": 64,
        "totalTokenCount": 520,
        "trafficType": "ON_DEMAND",
    },
}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
# 164 x $1.25 + 256 x $0.125 + 100 x $10, per million
COST = usd("0.001237")


def using(name: str, **counts: object) -> Record:
    """The answer under another id, with this usage instead of its own."""
    return {**ANSWER, "responseId": name, "usageMetadata": counts}


def snake(value: object) -> Any:
    """The same as a dump of the SDK: names with underscores."""
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z])([A-Z])", lambda m: f"_{m[1].lower()}", key): snake(v) for key, v in value.items()}
    return [snake(v) for v in value] if isinstance(value, list) else value


def test_the_same_call_costs_the_same_bare_and_in_every_wrapper(tmp_path: Path) -> None:
    wrapped: list[Record | list[Record]] = [
        *(ANSWER, snake(ANSWER), {"response": ANSWER}, {"request": {"model": "x"}, "response_body": snake(ANSWER)}),
        *([ANSWER], {"response": [ANSWER]}, {"response": json.dumps(ANSWER)}),
    ]
    named = [json.loads(json.dumps(r).replace("g1", f"g{n}")) for n, r in enumerate(wrapped)]
    found = read(put(tmp_path / "logs", "a.jsonl", named)).rows
    assert [(tokens(row), row["cost"]) for row in found] == [(EXAMPLE, COST)] * len(wrapped)
    assert {(row["source"], row["provider"], row["model"], row["kind"], row["usage_quality"]) for row in found} == {
        ("gemini", "google", "gemini-2.5-pro", "call", "exact")
    }
    assert {(row["ts_us"], row["usage_basis"], row["service_tier"]) for row in found} == {
        (1767225600_500000, "declared", None)
    }


def test_the_wrapper_says_who_asked_and_which_model(tmp_path: Path) -> None:
    answer = {key: value for key, value in ANSWER.items() if key not in ("createTime", "modelVersion")}
    request = {"model": "models/gemini-2.5-pro", "labels": {"feature": "chat"}, "contents": [{"parts": []}]}
    wrapper = {"timestamp": "2026-01-01T00:00:00Z", "user": "u1", "key": "k1", "request": request, "response": answer}
    row = read(put(tmp_path / "logs", "a.jsonl", [wrapper])).one
    assert (row["user"], row["key"], row["feature"], row["model"]) == ("u1", "k1", "chat", "gemini-2.5-pro")
    assert (row["cost"], len(row["prompt_hash"])) == (COST, 32)


def test_what_counts_how(tmp_path: Path) -> None:
    text_and_audio = [{"modality": "TEXT", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 120}]
    cases: list[tuple[Record, dict[str, int]]] = [
        # zeros are left out: everything went into thinking
        (
            {"promptTokenCount": 15, "thoughtsTokenCount": 2, "totalTokenCount": 17},
            {"fresh_input": 15, "reasoning": 2},
        ),
        (
            {
                "promptTokenCount": 75,
                "candidatesTokenCount": 14,
                "toolUsePromptTokenCount": 573,
                "totalTokenCount": 662,
            },
            {"fresh_input": 75, "tool_use": 573, "text_output": 14},
        ),
        # 420 = 300 + 120
        (
            {"promptTokenCount": 420, "candidatesTokenCount": 1, "promptTokensDetails": text_and_audio},
            {"fresh_input": 300, "audio_input": 120, "text_output": 1},
        ),
        # by the numbers of the protocol, 100 of the audio from the cache
        (
            {
                "promptTokenCount": 420,
                "cachedContentTokenCount": 100,
                "candidatesTokenCount": 1,
                "promptTokensDetails": [{"modality": 1, "tokenCount": 300}, {"modality": 4, "tokenCount": 120}],
                "cacheTokensDetails": [{"modality": 4, "tokenCount": 100}],
            },
            {"fresh_input": 300, "audio_input": 20, "audio_cache_read": 100, "text_output": 1},
        ),
        # the parts are more than the whole: they tell nothing
        (
            {"promptTokenCount": 50, "candidatesTokenCount": 1, "promptTokensDetails": text_and_audio},
            {"fresh_input": 50, "text_output": 1},
        ),
        (
            {
                "promptTokenCount": 33,
                "candidatesTokenCount": 1780,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
            },
            {"fresh_input": 33, "text_output": 660, "image_output": 1120},
        ),
        # 258 - 200 of the video are fresh
        (
            {
                "promptTokenCount": 300,
                "cachedContentTokenCount": 200,
                "candidatesTokenCount": 1,
                "promptTokensDetails": [{"modality": "VIDEO", "tokenCount": 258}],
                "cacheTokensDetails": [{"modality": "VIDEO", "tokenCount": 200}],
            },
            {"fresh_input": 42, "video_input": 58, "cache_read": 200, "text_output": 1},
        ),
        # Live
        ({"promptTokenCount": 8, "responseTokenCount": 5, "totalTokenCount": 13}, {"fresh_input": 8, "text_output": 5}),
        # a total that holds more than its parts
        (
            {"promptTokenCount": 8, "candidatesTokenCount": 5, "thoughtsTokenCount": 1, "totalTokenCount": 20},
            {"fresh_input": 8, "text_output": 5, "reasoning": 1, "unexplained": 6},
        ),
    ]
    records = [using(f"g{n}", **usage) for n, (usage, _) in enumerate(cases)]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    assert [tokens(rows[f"g{n}"]) for n in range(len(cases))] == [wanted for _, wanted in cases]


def test_a_search_is_billed_and_what_it_found_is_not(tmp_path: Path) -> None:
    grounding = {"webSearchQueries": ["weather", "weather tomorrow"]}
    usage = {
        "promptTokenCount": 100,
        "candidatesTokenCount": 10,
        "toolUsePromptTokenCount": 500,
        "totalTokenCount": 610,
    }
    searched = {
        **using("g1", **usage),
        "modelVersion": "gemini-3-flash-preview",
        "createTime": "2026-02-01T00:00:00Z",
        "candidates": [{"content": {}, "groundingMetadata": grounding}],
    }
    row = read(put(tmp_path / "logs", "a.jsonl", [searched])).one
    assert (tokens(row), {k: int(v) for k, v in row["units"].items()}) == (
        {"fresh_input": 100, "text_output": 10},
        {"web_search": 2},
    )
    # 100 x $0.50 + 10 x $3, per million, and 2 x $0.014
    assert row["cost"] == usd("0.02808")


def test_tiers(tmp_path: Path) -> None:
    tiers = {
        "ON_DEMAND": None,
        "ON_DEMAND_PRIORITY": "priority",
        "ON_DEMAND_FLEX": "flex",
        "PROVISIONED_THROUGHPUT": "provisioned",
    }
    records = [using(t, promptTokenCount=10, candidatesTokenCount=1, trafficType=t) for t in tiers]
    named = using("named", promptTokenCount=10, candidatesTokenCount=1, serviceTier="STANDARD")
    rows = read(put(tmp_path / "logs", "a.jsonl", [*records, named])).by_id()
    assert {name: row["service_tier"] for name, row in rows.items()} == {**tiers, "named": "standard"}
    # capacity paid for in advance is not billed by the token
    assert [name for name, row in rows.items() if row["cost"] == 0] == ["PROVISIONED_THROUGHPUT"]


def test_answers_that_were_stopped_are_billed_and_say_why(tmp_path: Path) -> None:
    def stopped(name: str, reason: object) -> Record:
        return {**ANSWER, "responseId": name, "candidates": [{"content": {}, "finishReason": reason}]}

    refused = {
        **using("refused", promptTokenCount=12, totalTokenCount=12),
        "candidates": None,
        "promptFeedback": {"blockReason": "OTHER"},
    }
    records = [stopped("safety", "SAFETY"), stopped("number", 3), stopped("long", "MAX_TOKENS"), refused]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    assert {name: (row["kind"], row["error_kind"], row["finish_reason"]) for name, row in rows.items()} == {
        "safety": ("call", "content_filter", "SAFETY"),
        "number": ("call", "content_filter", "SAFETY"),
        "long": ("call", None, "MAX_TOKENS"),
        "refused": ("call", "content_filter", "blocked: OTHER"),
    }
    assert (tokens(rows["refused"]), rows["refused"]["usage_quality"]) == ({"fresh_input": 12}, "exact")


BUSY: Record = {"error": {"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}


def test_errors_of_google_are_attempts(tmp_path: Path) -> None:
    long = {"error": {"code": 400, "message": "the input exceeds the maximum number of tokens", "status": "INVALID"}}
    records = [BUSY, {"id": "w1", "response": BUSY}, [BUSY], {"id": "w2", "response": [long]}]
    found = read(put(tmp_path / "logs", "a.jsonl", records))  # type: ignore[arg-type]
    assert [(row["kind"], row["error_kind"], row["error_code"], row["cost"]) for row in found.rows] == [
        *[("attempt", "rate_limit", "429", 0)] * 3,
        ("attempt", "context_length", "400", 0),
    ]


def test_a_file_that_holds_a_list_of_one_error_is_one_attempt(tmp_path: Path) -> None:
    assert read(put(tmp_path / "logs", "a.json", json.dumps([BUSY], indent=2))).one["error_kind"] == "rate_limit"


def test_lines_of_a_batch_cost_half(tmp_path: Path) -> None:
    studio = {"key": "request-1", "response": {**ANSWER, "responseId": "b1"}}
    undated = {key: value for key, value in ANSWER.items() if key != "createTime"}
    vertex = {
        "status": "",
        "processed_time": "2026-01-01T00:00:00Z",
        "request": {"contents": []},
        "response": {**undated, "responseId": "b2"},
    }
    failed = {"key": "request-2", "error": {"code": 400, "message": "no"}}
    found = read(put(tmp_path / "logs", "a.jsonl", [studio, vertex, failed]))
    # 164 x $0.625 + 256 x $0.125 + 100 x $5, per million: cached input has no batch price of its own
    assert [(row["service_tier"], row["cost"]) for row in found.rows[:2]] == [("batch", usd("0.0006345"))] * 2
    assert (found.rows[2]["status"], found.rows[2]["error_kind"], found.rows[0]["key"]) == (
        "error",
        "bad_request",
        None,
    )


def test_embeddings_are_input_alone(tmp_path: Path) -> None:
    counted = {
        "embedding": {"values": [0.1]},
        "usageMetadata": {"promptTokenCount": 11, "totalTokenCount": 11},
    }
    one = {"embeddings": {"statistics": {"token_count": 4}, "values": [0.1]}}
    older = {"predictions": [one, one]}
    silent = {"embeddings": [{"values": [0.1]}]}
    wrapped = [
        {"id": f"e{n}", "time": "2026-01-01", "model": "gemini-embedding-001", "response": r}
        for n, r in enumerate((counted, older, silent))
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", wrapped)).rows
    assert [(tokens(r), r["operation"], r["usage_quality"], r["cost"]) for r in rows] == [
        ({"fresh_input": 11}, "embeddings", "exact", usd("0.00000165")),  # 11 x $0.15 per million
        ({"fresh_input": 8}, "embeddings", "exact", usd("0.0000012")),
        ({}, "embeddings", "missing", None),
    ]


def test_what_is_no_answer_is_no_request(tmp_path: Path) -> None:
    cache = {
        "name": "cachedContents/abc",
        "model": "models/gemini-2.5-flash",
        "usageMetadata": {"totalTokenCount": 1090},
    }
    found = read(put(tmp_path / "logs", "a.jsonl", [ANSWER, cache, {"candidates": ["Ann", "Bob"]}]))
    assert found.one["request_id"] == "g1"
    assert found.file.skipped == {"a cache that was made, no call of a model": 1}
    assert found.reasons() == [(3, "no known format; keys: candidates")]


def test_chunks_of_a_stream_are_one_request(tmp_path: Path) -> None:
    first = using("g1", promptTokenCount=420, cachedContentTokenCount=256, totalTokenCount=420)
    found = read(put(tmp_path / "logs", "a.jsonl", [first, ANSWER]))
    assert (found.one["cost"], tokens(found.one), found.file.duplicates) == (COST, EXAMPLE, 1)


INTERACTION: Record = {
    "id": "v1_1",
    "object": "interaction",
    "status": "completed",
    "created": "2026-01-01T00:00:00Z",
    "model": "gemini-2.5-pro",
    "service_tier": "standard",
    "usage": {
        "total_input_tokens": 420,
        "total_cached_tokens": 256,
        "total_output_tokens": 36,
        "total_thought_tokens": 64,
        "total_tool_use_tokens": 0,
        "total_tokens": 520,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 420}],
    },
}


def test_interactions_count_like_gemini(tmp_path: Path) -> None:
    running = {key: value for key, value in INTERACTION.items() if key != "usage"} | {"status": "in_progress"}
    tools = {"total_input_tokens": 9, "total_output_tokens": 3, "total_tool_use_tokens": 70, "total_tokens": 82}
    seen = {
        "total_input_tokens": 267,
        "total_output_tokens": 3,
        "total_tokens": 270,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 9}, {"modality": "image", "tokens": 258}],
    }
    records = [
        *(running, INTERACTION, {"user": "u1", "response": {**INTERACTION, "id": "v1_2"}}),
        *({**INTERACTION, "id": "v1_3", "usage": tools}, {**INTERACTION, "id": "v1_4", "usage": seen}),
        {**running, "id": "v1_5", "status": "failed"},
        {**running, "id": "v1_6", "model": None, "agent": "deep-research"},
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    rows = found.by_id()
    assert [(tokens(rows[i]), rows[i]["cost"]) for i in ("v1_1", "v1_2")] == [(EXAMPLE, COST)] * 2
    assert tokens(rows["v1_3"]) == {"fresh_input": 9, "tool_use": 70, "text_output": 3}
    assert tokens(rows["v1_4"]) == {"fresh_input": 9, "image_input": 258, "text_output": 3}
    assert (rows["v1_5"]["kind"], rows["v1_5"]["cost"]) == ("attempt", 0)
    assert (rows["v1_6"]["model"], rows["v1_6"]["usage_quality"], rows["v1_6"]["cost"]) == (
        "deep-research",
        "missing",
        None,
    )
    assert (rows["v1_2"]["user"], found.file.duplicates) == ("u1", 1)
