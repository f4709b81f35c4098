"""Anthropic messages (anthropic.sql): cache lifetimes, iterations, batches, errors, streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

SONNET = "claude-sonnet-4-5-20250929"
AT = "2026-01-01T00:00:00Z"
MESSAGE: Record = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": SONNET,
    "content": [],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 40,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 120,
        "output_tokens_details": {"thinking_tokens": 30},
        "server_tool_use": {"web_search_requests": 1},
        "service_tier": "standard",
    },
}
TOKENS = {
    "fresh_input": 40,
    "cache_read": 1000,
    "cache_write_5m": 100,
    "cache_write_1h": 200,
    "text_output": 90,
    "reasoning": 30,
}
# (40 x $3 + 1,000 x $0.30 + 100 x $3.75 + 200 x $6 + 120 x $15) per million + one search at $0.01
COST = usd("0.000120") + usd("0.000300") + usd("0.000375") + usd("0.001200") + usd("0.001800") + usd("0.01")


def wrapped(message: Record, **more: Any) -> Record:
    return {"timestamp": AT, "user": "u1", "feature": "chat", "response": message, **more}


def test_the_same_message_costs_the_same_in_every_wrapper(tmp_path: Path) -> None:
    wrappers = ("response", "response_body", "result", "message", "body")
    rows = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [{"timestamp": AT, wrap: {**MESSAGE, "id": f"msg_{wrap}"}} for wrap in wrappers],
        )
    ).rows
    assert [row["request_id"] for row in rows] == [f"msg_{wrap}" for wrap in wrappers]
    for row in rows:
        assert (row["source"], tokens(row), row["cost"]) == ("anthropic_message", TOKENS, COST)
        assert (row["provider"], row["usage_basis"], row["ts_us"]) == ("anthropic", "declared", 1767225600 * 1_000_000)


def test_a_bare_message_has_no_time_and_no_file_time_in_its_place(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [MESSAGE])).one
    assert (row["ts_us"], tokens(row)) == (None, TOKENS)


def test_a_date_for_messages_without_time_can_be_given(tmp_path: Path) -> None:
    import datetime as dt

    row = read(put(tmp_path / "logs", "a.jsonl", [MESSAGE]), default_date=dt.date(2026, 1, 1)).one
    assert (row["ts_us"], row["cost"]) == (1767225600 * 1_000_000, COST)


def test_writes_without_lifetime_are_written_for_five_minutes(tmp_path: Path) -> None:
    usage = {"input_tokens": 40, "cache_creation_input_tokens": 300, "output_tokens": 10}
    assert tokens(read(put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "usage": usage})])).one) == {
        "fresh_input": 40,
        "cache_write_5m": 300,
        "text_output": 10,
    }


def test_the_wrapper_and_the_request_say_who_asked(tmp_path: Path) -> None:
    request = {
        "model": "claude-sonnet-4-5",
        "metadata": {"user_id": "u-req"},
        "messages": [{"role": "user", "content": "Hi"}],
    }
    first = read(put(tmp_path / "logs", "a.jsonl", [wrapped(MESSAGE, request=request)])).one
    assert (first["user"], first["feature"], first["model_requested"], len(first["prompt_hash"])) == (
        "u1",
        "chat",
        "claude-sonnet-4-5",
        32,
    )
    second = read(
        put(tmp_path / "two", "a.jsonl", [{"timestamp": AT, "request": request, "response": MESSAGE}]),
        ledger=tmp_path / "two.duckdb",
    ).one
    assert second["user"] == "u-req"


def test_a_compaction_is_billed_as_a_row_of_its_own(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 682,
        "output_tokens": 1320,
        "iterations": [
            {"type": "compaction", "input_tokens": 60385, "output_tokens": 592},
            {"type": "message", "input_tokens": 682, "output_tokens": 1320},
        ],
    }
    found = read(
        put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "usage": usage}), wrapped({**MESSAGE, "id": "msg_2"})])
    )
    rows = found.by_id()
    assert set(rows) == {"msg_1", "msg_1#1", "msg_2"}
    assert (tokens(rows["msg_1"]), tokens(rows["msg_1#1"])) == (
        {"fresh_input": 682, "text_output": 1320},
        {"fresh_input": 60385, "text_output": 592},
    )
    part = rows["msg_1#1"]
    assert (part["kind"], part["parent"], part["model"], part["user"], part["line"]) == (
        "iteration",
        "msg_1",
        SONNET,
        "u1",
        1,
    )
    assert part["cost"] == usd("0.181155") + usd("0.00888")  # 60,385 x $3 + 592 x $15, per million
    # a part is no line and no request of its own, and the lines after it keep their numbers
    assert (found.file.lines, found.file.requests, found.file.new, rows["msg_2"]["line"]) == (2, 2, 2, 2)


def test_line_numbers_stay_right_with_parts_and_blank_lines(tmp_path: Path) -> None:
    import json

    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "iterations": [{"type": "compaction", "input_tokens": 5, "output_tokens": 5}] * 2,
    }
    first, bad = (
        wrapped({**MESSAGE, "usage": usage}),
        wrapped({**MESSAGE, "id": "msg_2", "usage": {"input_tokens": -1}}),
    )
    found = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            f"\n{json.dumps(first)}\n\n{json.dumps(bad)}\n{json.dumps(wrapped({**MESSAGE, 'id': 'msg_3'}))}\n",
        )
    )
    assert {i: r["line"] for i, r in found.by_id().items()} == {"msg_1": 2, "msg_1#1": 2, "msg_1#2": 2, "msg_3": 5}
    assert found.reasons() == [(4, "input tokens: not a count: -1")]


def test_an_advisor_is_billed_at_its_own_model(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 10,
        "iterations": [
            {"type": "message", "input_tokens": 10, "output_tokens": 10},
            {"type": "advisor_message", "model": "claude-opus-4-5-20251101", "input_tokens": 100, "output_tokens": 20},
        ],
    }
    rows = read(put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "usage": usage})])).by_id()
    assert (rows["msg_1#2"]["model"], tokens(rows["msg_1#2"])) == (
        "claude-opus-4-5-20251101",
        {"fresh_input": 100, "text_output": 20},
    )


def test_a_fallback_that_wrote_nothing_is_free_and_one_that_wrote_is_not(tmp_path: Path) -> None:
    declined = {
        "type": "fallback_message",
        "model": "claude-opus-4-5-20251101",
        "input_tokens": 5000,
        "output_tokens": 0,
    }
    begun = {**declined, "output_tokens": 7}
    usage = {
        "input_tokens": 10,
        "output_tokens": 10,
        "iterations": [declined, begun, {"type": "message", "input_tokens": 10, "output_tokens": 10}],
    }
    rows = read(put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "usage": usage})])).by_id()
    assert {i: tokens(r) for i, r in rows.items()} == {
        "msg_1": {"fresh_input": 10, "text_output": 10},
        "msg_1#2": {"fresh_input": 5000, "text_output": 7},
    }


def test_parts_are_folded_like_their_message(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "iterations": [{"type": "compaction", "input_tokens": 5, "output_tokens": 5}],
    }
    found = read(put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "usage": usage})] * 2))
    assert (len(found.rows), found.file.requests, found.file.duplicates) == (2, 2, 1)


def test_errors_are_attempts(tmp_path: Path) -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_9"}
    rows = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [wrapped(MESSAGE), wrapped(body, request={"model": SONNET}), body | {"request_id": "req_10"}],
        )
    ).by_id()
    assert [
        (rows[i]["kind"], rows[i]["error_kind"], rows[i]["error_code"], rows[i]["cost"]) for i in ("req_9", "req_10")
    ] == [("attempt", "server_error", "overloaded_error", 0)] * 2
    assert (rows["req_9"]["model"], rows["req_9"]["ts_us"]) == (SONNET, 1767225600 * 1_000_000)


def test_a_refusal_is_billed(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [wrapped({**MESSAGE, "stop_reason": "refusal"})])).one
    assert (row["kind"], row["error_kind"], row["cost"]) == ("call", "content_filter", COST)


def test_a_batch_costs_half_and_its_failures_nothing(tmp_path: Path) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "batch"}
    lines: list[Record] = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": {**MESSAGE, "usage": usage}}},
        {
            "custom_id": "b",
            "result": {
                "type": "errored",
                "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "x"}},
            },
        },
        {"custom_id": "c", "result": {"type": "expired"}},
        {"custom_id": "d", "result": {"type": "canceled"}},
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", [{**line, "timestamp": AT} for line in lines])).by_id()
    assert rows["msg_1"]["cost"] == usd("0.00225")  # (1,000 x $3 + 100 x $15) / 2, per million
    assert {i: (r["status"], r["error_kind"]) for i, r in rows.items() if i != "msg_1"} == {
        "b": ("error", "bad_request"),
        "c": ("error", "unknown"),
        "d": ("cancelled", "user_choice"),
    }


def test_a_batch_that_was_cancelled_whole_is_read(tmp_path: Path) -> None:
    assert (
        read(put(tmp_path / "logs", "a.jsonl", [{"custom_id": "d", "result": {"type": "canceled"}}])).one["status"]
        == "cancelled"
    )


START = {
    "type": "message_start",
    "message": {**MESSAGE, "id": "msg_s", "usage": {"input_tokens": 40, "output_tokens": 1}},
}
DELTAS = [
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "o"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 120}},
    {"type": "message_stop"},
]


def test_a_stream_without_its_beginning_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the events of a stream without its beginning \(message_delta") as error:
        read(put(tmp_path / "logs", "a.jsonl", DELTAS))
    assert "finished response" in str(error.value.hint)


def test_a_stream_between_messages_is_one_request_and_a_lone_event_none(tmp_path: Path) -> None:
    messages = [wrapped({**MESSAGE, "id": f"msg_{n}"}) for n in range(9)]
    found = read(put(tmp_path / "logs", "a.jsonl", [DELTAS[1], *messages, START, *DELTAS]))
    assert (len(found.rows), found.file.skipped) == (10, {"events of a stream, folded into its request": 3})
    assert found.rows[-1]["line"] == 11
    assert tokens(found.rows[-1]) == {"fresh_input": 40, "text_output": 120}
    assert found.reasons() == [(1, "one event of a stream (message_delta), no whole answer")]
