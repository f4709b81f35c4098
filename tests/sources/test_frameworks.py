"""Frameworks that trace their calls (langsmith.sql, openai_agents.sql) or only add them up (crewai.sql)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
# 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
COST = usd("0.00173")
AT_US = 1767225600_000000

USAGE: Record = {
    "input_tokens": 420,
    "output_tokens": 100,
    "total_tokens": 520,
    "input_token_details": {"cache_read": 256},
    "output_token_details": {"reasoning": 64},
}
RUN: Record = {
    "id": "run1",
    "trace_id": "run0",
    "parent_run_id": "run0",
    "run_type": "llm",
    "name": "ChatOpenAI",
    "start_time": "2026-01-01T00:00:00",
    "end_time": "2026-01-01T00:00:01",
    "tags": ["prod"],
    "extra": {
        "metadata": {
            "ls_provider": "openai",
            "ls_model_name": "gpt-4o",
            "langgraph_node": "planner",
            "thread_id": "c1",
        }
    },
    "outputs": {"usage_metadata": USAGE},
}
ROOT: Record = {
    "id": "run0",
    "trace_id": "run0",
    "run_type": "chain",
    "name": "graph",
    "start_time": "2026-01-01T00:00:00",
    "extra": {"metadata": {"user_id": "u1", "feature": "plan"}},
    # the sum of its calls again
    "prompt_tokens": 420,
    "completion_tokens": 100,
}


def test_a_run_of_a_model_is_a_call_and_the_runs_above_it_say_who_asked(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "a.jsonl", [ROOT, RUN]))
    row = found.one
    assert (tokens(row), row["cost"], row["usage_basis"]) == (EXAMPLE, COST, "declared")
    assert (row["ts_us"], row["latency_ms"], row["agent"], row["session"]) == (AT_US, 1000, "planner", "c1")
    assert (row["user"], row["feature"], row["trace"], row["tags"]["prod"]) == ("u1", "plan", "run0", "true")
    assert found.file.skipped == {"a run that is no call of a model": 1}


def test_where_runs_keep_their_usage(tmp_path: Path) -> None:
    message = {"kwargs": {"usage_metadata": USAGE, "response_metadata": {"model_name": "gpt-4o-2024-08-06"}}}
    counted = {
        "prompt_tokens": 420,
        "completion_tokens": 100,
        "total_tokens": 520,
        "prompt_token_details": {"cache_read": 256},
        "completion_token_details": {"reasoning": 64},
    }
    flex = {
        **USAGE,
        "input_token_details": {"flex_cache_read": 256, "flex": 164},
        "output_token_details": {"flex_reasoning": 64, "flex": 36},
    }
    runs: list[Record] = [
        {**RUN, "id": "nested", "outputs": {"generations": [[{"message": message}]]}},
        {**RUN, "id": "beside", "outputs": {"generations": []}, **counted, "total_cost": "0.00173"},
        {**RUN, "id": "flex", "outputs": {"usage_metadata": flex}},
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", runs)).by_id()
    assert {name: tokens(row) for name, row in rows.items()} == dict.fromkeys(("nested", "beside", "flex"), EXAMPLE)
    assert [(rows[n]["model"], rows[n]["model_requested"]) for n in ("nested", "beside")] == [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o", "gpt-4o"),
    ]
    assert (rows["beside"]["source_cost"], rows["beside"]["source_cost_kind"]) == (Decimal("0.00173"), "list_estimate")
    assert (rows["flex"]["service_tier"], rows["nested"]["service_tier"]) == ("flex", None)


def test_runs_of_claude_hold_the_cache_inside(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 400,
        "output_tokens": 10,
        "total_tokens": 410,
        "input_token_details": {
            "cache_read": 100,
            "cache_creation": 0,
            "ephemeral_5m_input_tokens": 50,
            "ephemeral_1h_input_tokens": 200,
        },
    }
    metadata = {"ls_provider": "anthropic", "ls_model_name": "claude-sonnet-4-5"}
    run = {**RUN, "extra": {"metadata": metadata}, "outputs": {"usage_metadata": usage}}
    row = read(put(tmp_path / "logs", "a.jsonl", [run])).one
    # 400 - 100 - 50 - 200
    assert tokens(row) == {
        "fresh_input": 50,
        "cache_read": 100,
        "cache_write_5m": 50,
        "cache_write_1h": 200,
        "text_output": 10,
    }


def test_failed_and_uncounted_runs(tmp_path: Path) -> None:
    failed = {**RUN, "id": "f", "error": "RateLimitError('Error code: 429')", "status": "error", "outputs": None}
    silent = {**RUN, "id": "s", "outputs": {}}
    rows = read(put(tmp_path / "logs", "a.jsonl", [failed, silent, {"run": "llm"}, RUN]))
    by_id = rows.by_id()
    assert (by_id["f"]["kind"], by_id["f"]["error_kind"], by_id["f"]["cost"]) == ("attempt", "rate_limit", 0)
    assert (by_id["s"]["usage_quality"], by_id["s"]["cost"]) == ("missing", None)
    assert [line for line, _ in rows.reasons()] == [3]


TRACE: Record = {
    "object": "trace",
    "id": "trace_1",
    "workflow_name": "refunds",
    "group_id": "g1",
    "metadata": {"team": "support"},
}


def span(name: str, parent: str | None, kind: str, /, **data: object) -> Record:
    return {
        "object": "trace.span",
        "id": name,
        "trace_id": "trace_1",
        "parent_id": parent,
        "started_at": "2026-01-01T00:00:00+00:00",
        "ended_at": "2026-01-01T00:00:02+00:00",
        "span_data": {"type": kind, **data},
        "error": None,
    }


AGENT_USAGE: Record = {
    "input_tokens": 420,
    "output_tokens": 100,
    "input_tokens_details": {"cached_tokens": 256},
    "output_tokens_details": {"reasoning_tokens": 64},
}


def test_generations_and_responses_are_calls_and_what_stands_above_repeats_them(tmp_path: Path) -> None:
    chat_usage = {
        "prompt_tokens": 420,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 256},
        "completion_tokens_details": {"reasoning_tokens": 64},
    }
    records = [
        TRACE,
        span("s0", None, "task", name="refunds", usage=AGENT_USAGE),
        span("s1", "s0", "agent", name="triage", usage=AGENT_USAGE),
        span("s2", "s1", "turn", usage=AGENT_USAGE),
        span("s3", "s2", "response", response_id="resp_1", model="gpt-4o", usage=AGENT_USAGE),
        span("s4", "s2", "generation", model="gpt-4o", usage=chat_usage),
        span("s5", "s2", "function", name="look_up"),
        span("s6", "s2", "response", response_id="resp_2"),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    rows = found.by_id()
    assert [(name, tokens(rows[name]), rows[name]["cost"]) for name in ("resp_1", "s4")] == [
        ("resp_1", EXAMPLE, COST),
        ("s4", EXAMPLE, COST),
    ]
    row = rows["resp_1"]
    assert (row["agent"], row["feature"], row["session"], row["team"]) == ("triage", "refunds", "g1", "support")
    assert (row["ts_us"], row["latency_ms"], row["trace"]) == (AT_US, 2000, "trace_1")
    # a call whose usage the export left out is a call of unknown cost
    assert (rows["resp_2"]["usage_quality"], rows["resp_2"]["cost"]) == ("missing", None)
    assert found.file.skipped == {"facts of a trace": 1, "a span that is no call of a model": 4}


def test_a_span_that_failed_is_an_attempt(tmp_path: Path) -> None:
    failed = {**span("s1", None, "response", model="gpt-4o"), "error": {"message": "Rate limit", "data": {}}}
    row = read(put(tmp_path / "logs", "a.json", json.dumps([failed]))).one
    assert (row["kind"], row["status"], row["cost"]) == ("attempt", "error", 0)


METRICS: Record = {
    "total_tokens": 520,
    "prompt_tokens": 420,
    "cached_prompt_tokens": 256,
    "completion_tokens": 100,
    "successful_requests": 4,
}


def test_the_usage_of_a_crew_is_one_row_for_its_calls(tmp_path: Path) -> None:
    noted = {"time": "2026-01-01", "model": "gpt-4o", "feature": "research", "user": "u1", "token_usage": METRICS}
    idle = {**dict.fromkeys(METRICS, 0)}
    found = read(put(tmp_path / "logs", "a.jsonl", [noted, {**METRICS, "reasoning_tokens": 64}, idle]))
    crew, bare = found.rows
    assert (crew["requests"], tokens(crew), crew["cost"], crew["feature"], crew["user"]) == (
        4,
        {"fresh_input": 164, "cache_read": 256, "text_output": 100},
        COST,
        "research",
        "u1",
    )
    assert (bare["requests"], tokens(bare), bare["unpriced_reason"]) == (4, EXAMPLE, "no model name")
    assert found.file.skipped == {"a run without a call": 1}


def test_tokens_without_a_number_of_calls_are_no_crew(tmp_path: Path) -> None:
    other = {"time": "2026-01-01", "model": "gpt-4o", "prompt_tokens": 420, "completion_tokens": 100}
    row = read(put(tmp_path / "logs", "a.jsonl", [other])).one
    assert (row["source"], row["requests"]) == ("generic", 1)
