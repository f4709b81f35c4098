"""Events of coding agents in OpenTelemetry logs (otlp_logs.sql), and the same session from its transcript."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import put, read, tokens, usd
from tests.sources.test_coding_agents import AT_US, OPUS_COST, answer, at, gemini, usage

Record = dict[str, Any]

NANOS = AT_US * 1000


def value(x: object) -> Record:
    return (
        {"intValue": str(x)}
        if isinstance(x, int)
        else {"doubleValue": x}
        if isinstance(x, float)
        else {"stringValue": x}
    )


def event(body: str, second: int = 0, **attributes: Any) -> Record:
    """One log record; dots in attribute names are written as two underscores."""
    listed = [{"key": name.replace("__", "."), "value": value(x)} for name, x in attributes.items()]
    return {"timeUnixNano": str(NANOS + second * 1_000_000_000), "body": {"stringValue": body}, "attributes": listed}


def batch(*events: Record, service: str = "claude-code") -> Record:
    resource = {
        "attributes": [
            {"key": "service.name", "value": value(service)},
            {"key": "deployment.environment", "value": value("ci")},
        ]
    }
    return {
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": {"name": "events"}, "logRecords": list(events)}]}
        ]
    }


def request(sequence: int, session: str = "s1", **more: Any) -> Record:
    counts = {"input_tokens": 3, "output_tokens": 150, "cache_read_tokens": 20000, "cache_creation_tokens": 300}
    words = {
        "session__id": session,
        "event__sequence": sequence,
        "event__name": "api_request",
        "model": "claude-opus-4-5-20251101",
    }
    return event(
        "claude_code.api_request", sequence, **(words | counts | {"cost_usd": 0.015640, "duration_ms": 1200} | more)
    )


def test_claude_codes_events_are_calls_and_failed_attempts_and_the_rest_is_passed_over(tmp_path: Path) -> None:
    logs = batch(
        event("claude_code.user_prompt", event__name="user_prompt", session__id="s1", prompt_length=2),
        request(2, user__email="ann@example.org", prompt__id="p1", query_source="main"),
        request(3, query_source="subagent"),
        event(
            "claude_code.api_error",
            4,
            event__name="api_error",
            session__id="s1",
            event__sequence=4,
            model="claude-opus-4-5-20251101",
            error="overloaded",
            status_code="529",
        ),
    )
    found = read(put(tmp_path / "logs", "a.jsonl", [logs, logs]))
    first, second, failed = found.rows
    # 3 x $5 + 300 x $6.25 (the event does not say for how long) + 20,000 x $0.50 + 150 x $25, per million
    assert (first["cost"], str(first["source_cost"].normalize())) == (usd("0.01564"), "0.01564")
    assert tokens(first) == {"fresh_input": 3, "cache_read": 20000, "cache_write_5m": 300, "text_output": 150}
    assert (first["request_id"], first["session"], first["user"], first["turn"]) == (
        "s1:2",
        "s1",
        "ann@example.org",
        "p1",
    )
    assert (first["agent"], second["agent"], first["environment"], first["latency_ms"]) == (
        None,
        "subagent",
        "ci",
        1200,
    )
    assert (first["ts_us"], first["source"], first["provider"]) == (AT_US + 2_000_000, "otlp_logs", "anthropic")
    assert (failed["kind"], failed["error_kind"], failed["error_code"]) == ("attempt", "server_error", "529")
    # a batch that is sent twice counts once
    assert (found.file.requests, found.file.duplicates, found.file.skipped) == (6, 3, {"an event that is no call": 2})


def test_the_events_of_codex_gemini_cli_and_qwen_code_count_as_their_transcripts_do(tmp_path: Path) -> None:
    codex = {"event__name": "codex.sse_event", "conversation__id": "c1", "event__timestamp": at(5), "model": "gpt-4o"}
    counts = {
        "input_token_count": 420,
        "cached_token_count": 256,
        "output_token_count": 100,
        "reasoning_token_count": 64,
        "tool_token_count": 520,
    }
    google = {
        "input_token_count": 420,
        "cached_content_token_count": 256,
        "output_token_count": 36,
        "thoughts_token_count": 64,
        "tool_token_count": 0,
        "total_token_count": 520,
    }
    words = {
        "session__id": "g1",
        "event__timestamp": at(6),
        "status_code": 200,
        "duration_ms": 900,
        "prompt_id": "g1#1",
    }
    found = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [
                batch(
                    event("", event__kind="response.created", **codex),
                    event("", event__kind="response.completed", **codex, **counts),
                    service="codex_cli_rs",
                ),
                batch(
                    event(
                        "API response.",
                        event__name="gemini_cli.api_response",
                        model="gemini-2.5-pro",
                        **words,
                        **google,
                    ),
                    event(
                        "API error.",
                        9,
                        event__name="gemini_cli.api_error",
                        model="gemini-2.5-pro",
                        session__id="g1",
                        error="quota",
                        error_type="ApiError",
                        status_code=429,
                    ),
                    event(
                        "API response.",
                        event__name="qwen-code.api_response",
                        model="qwen3-coder-plus",
                        **words,
                        **google,
                    ),
                ),
            ],
        )
    )
    expected = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
    one, two, three, four = found.rows
    assert (tokens(one), tokens(two), tokens(four)) == (expected, expected, expected)
    # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
    assert (one["cost"], one["session"], one["provider"], one["ts_us"]) == (
        usd("0.00173"),
        "c1",
        "openai",
        AT_US + 5_000_000,
    )
    assert (two["turn"], two["provider"], four["provider"]) == ("g1#1", "google", "alibaba")
    assert (three["kind"], three["error_kind"]) == ("attempt", "rate_limit")
    assert found.file.skipped == {"an event that is no call": 1}


def test_an_empty_batch_and_logs_of_other_programs_are_no_requests(tmp_path: Path) -> None:
    other = batch(
        event("started", event__name="boot", input_tokens=5), event("claude_code.api_request is a word"), service="shop"
    )
    found = read(put(tmp_path / "logs", "a.jsonl", [{"resourceLogs": []}, other, batch(request(1))]))
    assert (len(found.rows), found.file.skipped) == (1, {"an event that is no call": 3})


@pytest.mark.parametrize("order", [("events", "transcript"), ("transcript", "events"), ("both",)])
def test_a_session_whose_transcript_is_read_too_counts_once(tmp_path: Path, order: tuple[str, ...]) -> None:
    events = batch(request(1), request(2), request(1, session="s2"))
    lines = [answer("req_1", "msg_1"), answer("req_2", "msg_2", 5)]
    folders = {"events": tmp_path / "x" / "events", "transcript": tmp_path / "x" / "transcript", "both": tmp_path / "x"}
    put(folders["events"], "otel.jsonl", [events])
    put(folders["transcript"], "s1.jsonl", lines)
    ledger = tmp_path / "ledger.duckdb"
    for name in order:
        found = read(folders[name], ledger=ledger)
    rows = found.by_id()
    assert sorted(rows) == ["req_1", "req_2", "s2:1"]
    assert rows["req_1"]["cost"] == OPUS_COST
    if order[-1] != "transcript":
        otel = next(file for file in found.report.files if file.source == "otlp_logs")
        assert otel.skipped == {"told by the transcript of its session": 2}


def test_the_events_of_a_gemini_session_make_way_for_its_chat(tmp_path: Path) -> None:
    counts = {
        "input_token_count": 420,
        "cached_content_token_count": 256,
        "output_token_count": 36,
        "thoughts_token_count": 64,
    }
    told = event(
        "",
        event__name="gemini_cli.api_response",
        session__id="g1",
        event__timestamp=at(5),
        model="gemini-2.5-pro",
        **counts,
    )
    put(tmp_path / "logs", "otel.jsonl", [batch(told, service="gemini-cli")])
    put(
        tmp_path / "logs",
        "session-1.json",
        json.dumps({"sessionId": "g1", "projectHash": "ab", "messages": [gemini("m1", 5)]}),
    )
    assert [row["request_id"] for row in read(tmp_path / "logs").rows] == ["g1:m1"]


def test_prompts_in_events_are_not_kept(tmp_path: Path) -> None:
    logs = batch(
        request(1, prompt="a secret plan"),
        event("claude_code.user_prompt", event__name="user_prompt", prompt="a secret plan"),
    )
    found = read(
        put(tmp_path / "logs", "a.jsonl", [logs]),
        put(tmp_path / "logs", "s9.jsonl", [answer(usage=usage(), sessionId="s9")]),
    )
    assert len(found.rows) == 2
    assert b"secret plan" not in found.ledger.read_bytes()
