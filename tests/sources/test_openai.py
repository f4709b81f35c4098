"""OpenAI's own objects (openai.sql, envelope.sql): chat, responses, embeddings, batches; bare and wrapped; failed, polled, streamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmcost.sources.streams import FOLDED
from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

AT = 1767225600  # 2026-01-01T00:00:00Z
CHAT: Record = {
    "id": "chatcmpl-a1",
    "object": "chat.completion",
    "created": AT,
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
    "usage": {
        "prompt_tokens": 420,
        "completion_tokens": 100,
        "total_tokens": 520,
        "prompt_tokens_details": {"cached_tokens": 256, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 0, "rejected_prediction_tokens": 0},
    },
}
RESPONSE: Record = {
    "id": "resp_1",
    "object": "response",
    "created_at": float(AT),
    "status": "completed",
    "model": "gpt-4o-2024-08-06",
    "metadata": {"feature": "plan"},
    "output": [{"type": "message", "id": "m1"}],
    "usage": {
        "input_tokens": 420,
        "input_tokens_details": {"cached_tokens": 256},
        "output_tokens": 100,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 520,
    },
}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
# 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
COST = usd("0.00173")


def test_the_same_call_costs_the_same_bare_and_in_every_wrapper(tmp_path: Path) -> None:
    wrapped: list[Record] = [
        *(CHAT, RESPONSE, {"response": CHAT}, {"request": {"model": "gpt-4o"}, "response": RESPONSE}),
        *(
            {"response_body": CHAT, "time": AT},
            {"body": CHAT},
            {"message": CHAT},
            {"response": {"status_code": 200, "body": CHAT}},
        ),
    ]
    named = json.loads(
        "["
        + ",".join(
            json.dumps(r).replace("chatcmpl-a1", f"chat-{n}").replace("resp_1", f"resp_{n}")
            for n, r in enumerate(wrapped)
        )
        + "]"
    )
    found = read(put(tmp_path / "logs", "a.jsonl", named)).rows
    assert len(found) == len(wrapped)
    for row in found:
        assert (tokens(row), row["cost"]) == (EXAMPLE, COST)
        assert (row["ts_us"], row["model"], row["provider"]) == (AT * 1_000_000, "gpt-4o-2024-08-06", "openai")
        assert (row["kind"], row["usage_quality"], row["usage_basis"]) == ("call", "exact", "declared")
    assert [row["source"] for row in found].count("openai_responses") == 2


def test_a_response_that_stands_as_text_is_opened(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [{"user": "u1", "request": "{}", "response": json.dumps(CHAT)}])).one
    assert (row["cost"], row["user"]) == (COST, "u1")


def test_the_wrapper_says_who_asked_and_when(tmp_path: Path) -> None:
    wrapper = {
        "timestamp": "2026-01-01T09:00:00+09:00",
        "latency_ms": 812.5,
        "user": "u42",
        "feature": "chat",
        "agent": "planner",
        "session_id": "s1",
        "trace_id": "t1",
        "metadata": {"tier": "gold"},
        "request": {"model": "gpt-4o", "metadata": {"team": "search"}, "messages": [{"role": "user", "content": "Hi"}]},
    }
    undated = {key: value for key, value in CHAT.items() if key != "created"}
    row = read(put(tmp_path / "logs", "a.jsonl", [{**wrapper, "response": undated}])).one
    assert (row["ts_us"], row["latency_ms"], row["user"], row["feature"]) == (AT * 1_000_000, 813, "u42", "chat")
    assert (row["agent"], row["session"], row["trace"], row["team"]) == ("planner", "s1", "t1", "search")
    assert row["tags"] == {"team": "search", "tier": "gold"}
    assert (row["model"], row["model_requested"], len(row["prompt_hash"])) == ("gpt-4o-2024-08-06", "gpt-4o", 32)


def test_who_asked_may_stand_in_the_object_itself(tmp_path: Path) -> None:
    rows = read(
        put(tmp_path / "logs", "a.jsonl", [{**RESPONSE, "safety_identifier": "u7", "conversation": {"id": "c1"}}])
    ).one
    assert (rows["user"], rows["session"], rows["feature"]) == ("u7", "c1", "plan")


def test_embeddings_are_input_alone(tmp_path: Path) -> None:
    record = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 1000, "total_tokens": 1000},
    }
    row = read(put(tmp_path / "logs", "a.jsonl", [{"time": AT, "response": record}])).one
    assert (row["source"], tokens(row), row["operation"], row["usage_quality"]) == (
        "openai_embeddings",
        {"fresh_input": 1000},
        "embeddings",
        "exact",
    )
    assert row["cost"] == usd("0.00002")  # 1,000 x $0.02 per million


def test_a_pretty_printed_embedding_is_one_request_and_no_list_of_vectors(tmp_path: Path) -> None:
    record = {
        "object": "list",
        "data": [{"embedding": [0.1]}, {"embedding": [0.2]}],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    assert tokens(read(put(tmp_path / "logs", "a.json", json.dumps(record, indent=2))).one) == {"fresh_input": 8}


def test_web_searches_are_counted_from_the_output(tmp_path: Path) -> None:
    record = {**RESPONSE, "output": [{"type": "web_search_call"}, {"type": "web_search_call"}, {"type": "message"}]}
    row = read(put(tmp_path / "logs", "a.jsonl", [record])).one
    assert {name: int(amount) for name, amount in row["units"].items()} == {"web_search": 2}


def test_a_cache_write_of_gpt_5_6_is_inside_the_input(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 4020,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 4012},
        "output_tokens": 300,
        "total_tokens": 4320,
    }
    row = read(put(tmp_path / "logs", "a.jsonl", [{**RESPONSE, "usage": usage}])).one
    assert tokens(row) == {"fresh_input": 8, "cache_write_other": 4012, "text_output": 300}


BATCH: Record = {
    "id": "batch_req_1",
    "custom_id": "doc-17",
    "response": {"status_code": 200, "request_id": "req_1", "body": CHAT},
    "error": None,
}


BATCH_COST = usd("0.001025")  # 420 x $1.25 + 100 x $5, per million: cached input has no batch price of its own


def test_a_batch_costs_half_whatever_tier_its_body_names(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [BATCH])).one
    assert (row["request_id"], row["service_tier"], row["cost"]) == ("chatcmpl-a1", "batch", BATCH_COST)


def test_failed_lines_of_a_batch_are_attempts(tmp_path: Path) -> None:
    expired = {
        "id": "batch_req_2",
        "custom_id": "doc-18",
        "response": None,
        "error": {"code": "batch_expired", "message": "This request could not be executed"},
    }
    refused_body = {"error": {"message": "bad", "type": "invalid_request_error", "code": None}}
    refused = {
        "id": "batch_req_3",
        "custom_id": "doc-19",
        "response": {"status_code": 400, "body": refused_body},
        "error": None,
    }
    rows = read(put(tmp_path / "logs", "a.jsonl", [BATCH, expired, refused])).by_id()
    assert [
        (rows[i]["kind"], rows[i]["error_kind"], rows[i]["error_code"]) for i in ("batch_req_2", "batch_req_3")
    ] == [
        ("attempt", "unknown", "batch_expired"),
        ("attempt", "bad_request", "400"),
    ]
    assert sum(row["cost"] for row in rows.values()) == BATCH_COST


def test_a_batch_whose_every_line_failed_is_read(tmp_path: Path) -> None:
    expired = {
        "id": "batch_req_2",
        "custom_id": "doc-18",
        "response": None,
        "error": {"code": "batch_expired", "message": "no"},
    }
    assert read(put(tmp_path / "logs", "a.jsonl", [expired])).one["status"] == "error"


def test_failed_responses_are_attempts_and_cost_nothing(tmp_path: Path) -> None:
    failed = {
        **RESPONSE,
        "id": "resp_2",
        "status": "failed",
        "error": {"code": "server_error", "message": "oops"},
        "usage": None,
    }
    cancelled = {**RESPONSE, "id": "resp_3", "status": "cancelled", "usage": None}
    wrapped = {
        "id": "w1",
        "response": {"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}},
    }
    rows = read(put(tmp_path / "logs", "a.jsonl", [failed, cancelled, wrapped])).by_id()
    assert {i: (r["kind"], r["status"], r["error_kind"], r["cost"]) for i, r in rows.items()} == {
        "resp_2": ("attempt", "error", "server_error", 0),
        "resp_3": ("attempt", "cancelled", "user_choice", 0),
        "w1": ("attempt", "error", "rate_limit", 0),
    }


def test_an_error_beside_its_request_is_an_attempt(tmp_path: Path) -> None:
    failed = {"timestamp": "2026-01-01T00:00:00Z", "user": "u42", "request": {"model": "gpt-4o"}}
    slow = {"message": "slow", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    broken = {"message": "oops", "type": "server_error", "param": None, "code": None}
    done = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [
                {**failed, "status": 429, "error": slow},
                {**failed, "status": 500, "response": {"error": broken}},
                # an error of something else
                {"timestamp": "2026-01-01T00:00:00Z", "request": "GET /", "error": {"reason": "slow"}},
            ],
        )
    )
    assert [(r["kind"], r["error_kind"], r["error_code"], r["model"], r["user"], r["cost"]) for r in done.rows] == [
        ("attempt", "rate_limit", "rate_limit_exceeded", "gpt-4o", "u42", 0),
        ("attempt", "server_error", "500", "gpt-4o", "u42", 0),
    ]
    assert [line for line, _ in done.reasons()] == [3]


def test_an_answer_cut_by_the_filter_is_billed(tmp_path: Path) -> None:
    cut = {**RESPONSE, "status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    row = read(put(tmp_path / "logs", "a.jsonl", [cut])).one
    assert (row["kind"], row["status"], row["error_kind"], row["cost"]) == ("call", "success", "content_filter", COST)


def test_polls_are_one_request(tmp_path: Path) -> None:
    running = {**RESPONSE, "status": "in_progress", "usage": None}
    found = read(put(tmp_path / "logs", "a.jsonl", [running, running, RESPONSE, RESPONSE]))
    assert (found.one["cost"], found.file.requests, found.file.new, found.file.duplicates) == (COST, 4, 1, 3)


def test_a_poll_that_ends_in_a_later_file_replaces_what_ran(tmp_path: Path) -> None:
    running = {**RESPONSE, "status": "in_progress", "usage": None}
    first = read(put(tmp_path / "logs", "a.jsonl", [running]))
    assert (first.one["usage_quality"], first.one["cost"], first.one["unpriced_reason"]) == (
        "missing",
        None,
        "usage missing",
    )
    assert read(put(tmp_path / "logs", "b.jsonl", [RESPONSE])).one["cost"] == COST


def test_chunks_of_a_stream_are_one_request(tmp_path: Path) -> None:
    chunk = {
        "id": "chatcmpl-s",
        "object": "chat.completion.chunk",
        "created": AT,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"delta": {"content": "o"}}],
        "usage": None,
    }
    last = {**chunk, "choices": [], "usage": CHAT["usage"]}
    found = read(put(tmp_path / "logs", "a.jsonl", [chunk, chunk, last]))
    assert (found.one["cost"], tokens(found.one), found.file.requests, found.file.skipped) == (
        COST,
        EXAMPLE,
        1,
        {FOLDED: 2},
    )


def test_the_preface_of_an_azure_stream_belongs_to_it(tmp_path: Path) -> None:
    preface = {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0}],
    }
    found = read(put(tmp_path / "logs", "a.jsonl", [preface, {**CHAT, "object": "chat.completion.chunk"}]))
    assert (found.one["cost"], found.one["model"], found.file.skipped) == (COST, CHAT["model"], {FOLDED: 1})
    alone = read(put(tmp_path / "other", "a.jsonl", [CHAT, preface]), ledger=tmp_path / "other.duckdb")
    assert (alone.one["cost"], len(alone.file.skipped)) == (COST, 1)


def test_chunks_without_usage_are_one_request_of_unknown_cost(tmp_path: Path) -> None:
    chunk = {
        "id": "chatcmpl-s",
        "object": "chat.completion.chunk",
        "created": AT,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"delta": {}}],
    }
    row = read(put(tmp_path / "logs", "a.jsonl", [chunk] * 3)).one
    assert (row["usage_quality"], row["cost"]) == ("missing", None)


def test_events_of_a_responses_stream_are_one_request(tmp_path: Path) -> None:
    events = [
        {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "usage": None}},
        {"type": "response.output_text.delta", "delta": "o"},
        {"type": "response.output_text.done", "text": "ok"},
        {"type": "response.completed", "response": RESPONSE},
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", events))
    assert (found.one["cost"], found.file.requests, found.file.skipped) == (COST, 1, {FOLDED: 3})


def test_other_vendors_behind_the_same_shape(tmp_path: Path) -> None:
    bodies: list[tuple[str, Record, dict[str, int]]] = [
        # reasoning beside the completion: 12 + 1 + 228 = 241
        (
            "grok-3-mini",
            {
                "prompt_tokens": 12,
                "completion_tokens": 1,
                "total_tokens": 241,
                "completion_tokens_details": {"reasoning_tokens": 228},
            },
            {"fresh_input": 12, "text_output": 1, "reasoning": 228},
        ),
        # cached tokens by DeepSeek's name, inside: 320 + 175 = 495
        (
            "deepseek-chat",
            {"prompt_tokens": 320, "completion_tokens": 175, "total_tokens": 495, "prompt_cache_hit_tokens": 256},
            {"fresh_input": 64, "cache_read": 256, "text_output": 175},
        ),
        # thinking hidden in the total: 109 - 35 - 12 = 62
        (
            "gemini-2.5-flash",
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
            {"fresh_input": 35, "text_output": 12, "reasoning": 62},
        ),
    ]
    rows = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [{**CHAT, "id": model, "model": model, "usage": usage} for model, usage, _ in bodies],
        )
    ).by_id()
    assert {model: tokens(rows[model]) for model, _, _ in bodies} == {model: wanted for model, _, wanted in bodies}
    assert [(row["provider"], row["cost"] is None) for row in rows.values()] == [(None, False)] * 3


def test_a_line_without_id_is_told_from_an_equal_one(tmp_path: Path) -> None:
    record = {key: value for key, value in CHAT.items() if key != "id"}
    found = read(put(tmp_path / "logs", "a.jsonl", [record, record]))
    assert len({row["request_id"] for row in found.rows}) == 2
