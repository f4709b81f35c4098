"""OpenTelemetry traces (otel.sql, spans.sql): batches and single spans, every dialect's habits, who repeats whom, and what is no call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import Row, put, read, tokens, usd

Record = dict[str, Any]

START, END = 1767225600_000_000_000, 1767225601_200_000_000  # 2026-01-01T00:00:00Z and 1.2 s later
TRACE = "5b8efff798038103d269b633813fc60c"
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 100}
# 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
COST = usd("0.00173")
CHAT: Record = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 420,
    "gen_ai.usage.cache_read.input_tokens": 256,
    "gen_ai.usage.output_tokens": 100,
}


def value(x: object) -> Record:
    if isinstance(x, bool):
        return {"boolValue": x}
    if isinstance(x, list):
        return {"arrayValue": {"values": [value(e) for e in x]}}
    # OTLP JSON writes 64-bit integers as text
    return (
        {"intValue": str(x)}
        if isinstance(x, int)
        else {"doubleValue": x}
        if isinstance(x, float)
        else {"stringValue": x}
    )


def pairs(attributes: Mapping[str, object]) -> list[Record]:
    return [{"key": k, "value": v if isinstance(v, dict) else value(v)} for k, v in attributes.items()]


def span(
    id_: str, parent: str = "", trace: str = TRACE, attributes: Mapping[str, object] = CHAT, **more: object
) -> Record:
    return {
        **{"traceId": trace, "spanId": id_, "parentSpanId": parent, "name": "chat gpt-4o", "kind": 3},
        **{"startTimeUnixNano": str(START), "endTimeUnixNano": str(END), "status": {}, "attributes": pairs(attributes)},
        **more,
    }


def batch(*spans: Record, scope: str = "my.scope", **resource: object) -> Record:
    attributes = pairs(resource or {"service.name": "bot"})
    return {
        "resourceSpans": [
            {"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}
        ]
    }


def by_span(rows: list[Row]) -> dict[str, Row]:
    return {row["request_id"].removeprefix(f"{TRACE}:"): row for row in rows}


def test_the_example_call_costs_what_it_costs_and_tells_all_it_knows(tmp_path: Path) -> None:
    told = {
        **CHAT,
        **{"gen_ai.response.id": "chatcmpl-a1", "gen_ai.agent.name": "planner", "gen_ai.conversation.id": "c1"},
        **{"user.id": "u42", "gen_ai.workflow.name": "answer", "gen_ai.response.finish_reasons": ["stop"]},
        **{
            "gen_ai.response.time_to_first_chunk": 0.3,
            "gen_ai.openai.response.service_tier": "default",
            "tier": "gold",
        },
    }
    line = batch(
        span("eee19b7ec3c1b174", "eee19b7ec3c1b173", attributes=told),
        **{"service.name": "bot", "deployment.environment.name": "prod"},
    )
    row = read(put(tmp_path / "logs", "a.jsonl", [line])).one
    assert (row["cost"], tokens(row), row["usage_quality"], row["usage_basis"]) == (COST, EXAMPLE, "exact", "declared")
    assert (row["request_id"], row["trace"], row["parent"]) == ("chatcmpl-a1", TRACE, "eee19b7ec3c1b173")
    assert (row["ts_us"], row["latency_ms"], row["ttft_ms"]) == (START // 1000, 1200, 300)
    assert (row["provider"], row["model"], row["model_requested"]) == ("openai", "gpt-4o-2024-08-06", "gpt-4o")
    assert (row["agent"], row["session"], row["user"], row["feature"]) == ("planner", "c1", "u42", "answer")
    assert (row["environment"], row["operation"], row["finish_reason"], row["service_tier"]) == (
        "prod",
        "chat",
        "stop",
        "default",
    )
    assert (row["kind"], row["status"], row["source"]) == ("call", "success", "otel")
    assert row["tags"] == {"service.name": "bot", "tier": "gold"}


def test_counts_come_as_integer_text_number_or_double(tmp_path: Path) -> None:
    written = [
        {"intValue": "420"},
        {"intValue": 420},
        {"stringValue": "420"},
        {"doubleValue": 420.0},
        {"doubleValue": 420},
    ]
    spans = [span(f"s{n}", attributes={**CHAT, "gen_ai.usage.input_tokens": v}) for n, v in enumerate(written)]
    found = read(put(tmp_path / "logs", "a.jsonl", [batch(*spans)])).rows
    assert [(tokens(row), row["cost"]) for row in found] == [(EXAMPLE, COST)] * 5


def test_batches_sent_again_in_several_lines_and_files_count_once(tmp_path: Path) -> None:
    a, b, c = (span(name) for name in "abc")
    old = {
        "resourceSpans": [
            {"instrumentationLibrarySpans": [{"instrumentationLibrary": {"name": "x"}, "spans": [span("d")]}]}
        ]
    }
    snake = {"resource_spans": [{"scope_spans": [{"scope": {"name": "x"}, "spans": [span("e")]}]}]}
    two = {"resourceSpans": batch(a)["resourceSpans"] + batch(c, a)["resourceSpans"]}
    logs = tmp_path / "logs"
    put(logs, "1.jsonl", [batch(a, b), batch(a, b), batch(c), old])
    put(logs, "2.jsonl", [two, snake])
    # a whole file as one document
    put(logs, "3.json", json.dumps(batch(a, span("f")), indent=1))
    found = read(logs)
    assert sorted(by_span(found.rows)) == ["a", "b", "c", "d", "e", "f"]
    assert sum(row["cost"] for row in found.rows) == 6 * COST
    assert [(f.source, f.lines, f.requests) for f in found.report.files] == [
        ("otlp_traces", 4, 6),
        ("otlp_traces", 2, 4),
        ("otlp_traces", 1, 2),
    ]
    assert sum(f.duplicates for f in found.report.files) == 6 + 4 + 2 - 6
    assert {name: row["line"] for name, row in by_span(found.rows).items() if name in "bde"} == {"b": 1, "d": 4, "e": 2}


def test_two_libraries_that_saw_one_call_know_it_by_the_id_of_its_answer(tmp_path: Path) -> None:
    one = span("a", attributes={**CHAT, "gen_ai.response.id": "chatcmpl-1"})
    other = span("b", attributes={**CHAT, "gen_ai.response.id": "chatcmpl-1", "user.id": "u42"})
    row = read(put(tmp_path / "logs", "a.jsonl", [batch(one), batch(other, scope="other")])).one
    assert (row["request_id"], row["user"], row["cost"]) == ("chatcmpl-1", "u42", COST)


def test_spans_one_by_one_as_the_sdks_print_them(tmp_path: Path) -> None:
    python = {
        "name": "chat gpt-4o",
        "context": {"trace_id": f"0x{TRACE}", "span_id": "0x00000000000000aa", "trace_state": "[]"},
        **{"kind": "SpanKind.CLIENT", "parent_id": "0x00000000000000ff"},
        **{"start_time": "2026-01-01T00:00:00.000000Z", "end_time": "2026-01-01T00:00:01.200000Z"},
        **{"status": {"status_code": "UNSET"}, "attributes": CHAT, "events": [], "links": []},
        "resource": {"attributes": {"service.name": "bot", "deployment.environment": "prod"}, "schema_url": ""},
    }
    js = {
        "resource": {"attributes": {"service.name": "bot"}},
        "instrumentationScope": {"name": "my.scope"},
        **{
            "traceId": TRACE,
            "parentSpanContext": {"traceId": TRACE, "spanId": "00000000000000ff"},
            "id": "00000000000000bb",
        },
        **{"name": "chat gpt-4o", "kind": 2, "timestamp": START // 1000, "duration": 1200000.5},
        **{"attributes": CHAT, "status": {"code": 0}, "events": [], "links": []},
    }
    go = {
        "Name": "chat gpt-4o",
        "SpanContext": {"TraceID": TRACE, "SpanID": "00000000000000cc", "TraceFlags": "01", "Remote": False},
        "Parent": {"TraceID": TRACE, "SpanID": "00000000000000ff", "Remote": False},
        **{"SpanKind": 3, "StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-01T00:00:01.2Z"},
        "Attributes": [
            {"Key": k, "Value": {"Type": "INT64" if isinstance(v, int) else "STRING", "Value": v}}
            for k, v in CHAT.items()
        ],
        "Status": {"Code": "Unset", "Description": ""},
        "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "bot"}}],
        "InstrumentationScope": {"Name": "my.scope"},
    }
    files = {
        "python.jsonl": [python],
        "js.jsonl": [js],
        "go.jsonl": [go],
        "otlp.jsonl": [span("00000000000000dd", "00000000000000ff")],
    }
    for name, records in files.items():
        put(tmp_path / "logs", name, records)
    # the Python exporter prints a span over many lines
    put(
        tmp_path / "logs",
        "printed.json",
        json.dumps({**python, "context": {**python["context"], "span_id": "0x00000000000000ee"}}, indent=4),
    )
    found = read(tmp_path / "logs")
    assert [f.source for f in found.report.files] == ["otel_span"] * 5
    rows = by_span(found.rows)
    assert sorted(rows) == [f"00000000000000{x * 2}" for x in "abcde"]
    for name, row in rows.items():
        assert (name, tokens(row), row["cost"]) == (name, EXAMPLE, COST)
        assert (name, row["ts_us"], row["latency_ms"], row["parent"]) == (name, START // 1000, 1200, "00000000000000ff")
    assert rows["00000000000000aa"]["environment"] == "prod"
    assert {row["tags"].get("service.name") for name, row in rows.items() if name[-1] != "d"} == {"bot"}


def test_attributes_without_a_span_are_a_call_too(tmp_path: Path) -> None:
    flat = {**CHAT, "timestamp": "2026-01-01T00:00:00Z", "trace_id": TRACE, "span_id": "a"}
    bare = {**CHAT, "gen_ai.response.id": "chatcmpl-2"}
    nothing = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    found = read(put(tmp_path / "logs", "a.jsonl", [flat, bare, CHAT, CHAT, nothing]))
    assert [tokens(row) for row in found.rows] == [EXAMPLE] * 4
    assert [row["request_id"][:11] for row in found.rows] == [
        f"{TRACE}:a"[:11],
        "chatcmpl-2",
        "line-" + found.rows[2]["request_id"][5:11],
        "line-" + found.rows[3]["request_id"][5:11],
    ]
    assert found.rows[0]["ts_us"] == START // 1000
    assert found.file.skipped == {"a span that is no call of a model": 1}


# name: (scope, attributes, tokens, basis); input and output as the dialect counts them
CLAUDE = {"gen_ai.system": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
GPT = {"gen_ai.system": "openai", "gen_ai.response.model": "gpt-4o-2024-08-06"}
AI = {"ai.model.id": "gpt-4o", "ai.model.provider": "openai.chat", "ai.response.model": "gpt-4o-2024-08-06"}
AI_CLAUDE = {"ai.model.id": "claude-sonnet-4-5", "ai.model.provider": "anthropic.messages"}
SPLIT = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
INSIDE = {"fresh_input": 100, "cache_read": 250, "cache_write_5m": 70, "text_output": 100}
DIALECTS: dict[str, tuple[str, Record, dict[str, int], str]] = {
    "conventions, cache and reasoning inside": (
        "opentelemetry.instrumentation.openai_v2",
        {**CHAT, "gen_ai.usage.reasoning.output_tokens": 64},
        SPLIT,
        "declared",
    ),
    "conventions before 1.27": (
        "",
        {**GPT, "gen_ai.usage.prompt_tokens": 420, "gen_ai.usage.completion_tokens": 100},
        {"fresh_input": 420, "text_output": 100},
        "declared",
    ),
    "conventions of Anthropic, all inside": (
        "opentelemetry.instrumentation.anthropic",
        {
            **CLAUDE,
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.cache_read.input_tokens": 250,
            "gen_ai.usage.cache_creation.input_tokens": 70,
            "gen_ai.usage.output_tokens": 100,
        },
        INSIDE,
        "declared",
    ),
    "OpenLLMetry": (
        "opentelemetry.instrumentation.openai.v1",
        {
            **GPT,
            "gen_ai.usage.prompt_tokens": 420,
            "gen_ai.usage.completion_tokens": 100,
            "llm.usage.total_tokens": 520,
            "gen_ai.usage.cache_read_input_tokens": 256,
            "gen_ai.usage.reasoning_tokens": 64,
            "llm.request.type": "chat",
        },
        SPLIT,
        "declared",
    ),
    "OpenLLMetry of Anthropic, who sums": (
        "opentelemetry.instrumentation.anthropic",
        {
            **CLAUDE,
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.cache_read_input_tokens": 250,
            "gen_ai.usage.cache_creation_input_tokens": 70,
            "llm.request.type": "chat",
        },
        INSIDE,
        "declared",
    ),
    "OpenLIT of OpenAI, inside": (
        "openlit.otel.tracing",
        {
            **GPT,
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.prompt_tokens_details.cached_tokens": 256,
            "gen_ai.usage.completion_tokens_details.reasoning_tokens": 64,
        },
        SPLIT,
        "declared",
    ),
    "OpenLIT of Anthropic, beside": (
        "openlit.otel.tracing",
        {
            **CLAUDE,
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.cache_read.input_tokens": 250,
            "gen_ai.usage.cache_creation.input_tokens": 70,
        },
        {"fresh_input": 420, "cache_read": 250, "cache_write_5m": 70, "text_output": 100},
        "declared",
    ),
    "OpenInference": (
        "openinference.instrumentation.openai",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o-2024-08-06",
            "llm.provider": "openai",
            "llm.token_count.prompt": 420,
            "llm.token_count.completion": 100,
            "llm.token_count.total": 520,
            "llm.token_count.prompt_details.cache_read": 256,
            "llm.token_count.completion_details.reasoning": 64,
        },
        SPLIT,
        "declared",
    ),
    "OpenInference of Anthropic": (
        "openinference.instrumentation.anthropic",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "claude-sonnet-4-5",
            "llm.system": "anthropic",
            "llm.token_count.prompt": 420,
            "llm.token_count.completion": 100,
            "llm.token_count.prompt_details.cache_read": 250,
            "llm.token_count.prompt_details.cache_write": 70,
        },
        INSIDE,
        "declared",
    ),
    "AI SDK 4": (
        "ai",
        {
            **AI,
            "ai.usage.promptTokens": 420,
            "ai.usage.completionTokens": 100,
            "gen_ai.system": "openai.chat",
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
        },
        {"fresh_input": 420, "text_output": 100},
        "declared",
    ),
    "AI SDK 5 of OpenAI, inside": (
        "ai",
        {
            **AI,
            "ai.usage.inputTokens": 420,
            "ai.usage.outputTokens": 100,
            "ai.usage.totalTokens": 520,
            "ai.usage.cachedInputTokens": 256,
            "ai.usage.reasoningTokens": 64,
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
        },
        SPLIT,
        "declared",
    ),
    "AI SDK 5 of Anthropic, beside: what the vendor said goes first": (
        "ai",
        {
            **AI_CLAUDE,
            "ai.usage.inputTokens": 420,
            "ai.usage.outputTokens": 100,
            "ai.usage.totalTokens": 520,
            "ai.usage.cachedInputTokens": 250,
            "ai.response.providerMetadata": json.dumps(
                {
                    "anthropic": {
                        "usage": {
                            "input_tokens": 420,
                            "cache_read_input_tokens": 250,
                            "cache_creation_input_tokens": 70,
                            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 50},
                            "output_tokens": 100,
                        }
                    }
                }
            ),
        },
        {"fresh_input": 420, "cache_read": 250, "cache_write_5m": 20, "cache_write_1h": 50, "text_output": 100},
        "declared",
    ),
    "AI SDK of Anthropic, version unknown: a guess, and it says so": (
        "ai",
        {
            **AI_CLAUDE,
            "ai.usage.inputTokens": 420,
            "ai.usage.outputTokens": 100,
            "ai.usage.totalTokens": 520,
            "ai.usage.cachedInputTokens": 250,
        },
        {"fresh_input": 170, "cache_read": 250, "text_output": 100},
        "assumed",
    ),
    "AI SDK of Anthropic, where more was cached than came in: beside": (
        "ai",
        {
            **AI_CLAUDE,
            "ai.usage.inputTokens": 420,
            "ai.usage.outputTokens": 100,
            "ai.usage.totalTokens": 520,
            "ai.usage.cachedInputTokens": 2500,
        },
        {"fresh_input": 420, "cache_read": 2500, "text_output": 100},
        "arithmetic",
    ),
    "AI SDK 6 and later of Anthropic, inside": (
        "ai",
        {
            **AI_CLAUDE,
            "ai.usage.inputTokens": 420,
            "ai.usage.outputTokens": 100,
            "ai.usage.totalTokens": 520,
            "ai.usage.inputTokenDetails.cacheReadTokens": 250,
            "ai.usage.inputTokenDetails.cacheWriteTokens": 70,
            "ai.usage.outputTokenDetails.reasoningTokens": 0,
        },
        INSIDE,
        "declared",
    ),
    "pydantic-ai": (
        "pydantic-ai",
        {
            **GPT,
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 420,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.details.cache_read_tokens": 256,
            "gen_ai.usage.details.reasoning_tokens": 64,
        },
        SPLIT,
        "assumed",
    ),
    "whose total counts the cache beside": (
        "unheard.of",
        {
            **GPT,
            "gen_ai.usage.input_tokens": 164,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.total_tokens": 520,
            "gen_ai.usage.cache_read_input_tokens": 256,
        },
        EXAMPLE,
        "arithmetic",
    ),
}


@pytest.fixture(scope="module")
def dialects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    lines = [
        batch(span(f"{n:016x}", attributes=attributes), scope=scope)
        for n, (scope, attributes, _, _) in enumerate(DIALECTS.values(), 1)
    ]
    rows = by_span(read(put(tmp_path_factory.mktemp("dialects") / "logs", "a.jsonl", lines)).rows)
    return {name: rows[f"{n:016x}"] for n, name in enumerate(DIALECTS, 1)}


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_counts_in_its_own_way(name: str, dialects: dict[str, Row]) -> None:
    row, (_, _, wanted, basis) = dialects[name], DIALECTS[name]
    assert (tokens(row), row["usage_basis"], row["usage_quality"]) == (wanted, basis, "exact")
    assert row["cost"] is not None
    if wanted in (SPLIT, EXAMPLE):
        assert row["cost"] == COST


def test_what_a_dialect_calls_its_cost_its_user_and_its_feature(tmp_path: Path) -> None:
    spans = {
        "openlit": ("openlit.x", {**CHAT, "gen_ai.usage.cost": 0.0021, "gen_ai.user": "u42"}),
        "openinference": (
            "openinference.x",
            {
                **CHAT,
                "openinference.span.kind": "LLM",
                "llm.cost.total": 0.0021,
                "user.id": "u42",
                "session.id": "s1",
                "tag.tags": ["beta"],
                "metadata": '{"feature": "answer", "team": "core"}',
                "graph.node.name": "writer",
            },
        ),
        "openllmetry": (
            "opentelemetry.instrumentation.x",
            {
                **CHAT,
                "traceloop.association.properties.user_id": "u42",
                "traceloop.association.properties.session_id": "s1",
                "traceloop.association.properties.team": "core",
                "traceloop.workflow.name": "answer",
            },
        ),
        "ai": (
            "ai",
            {
                **AI,
                "ai.usage.inputTokens": 420,
                "ai.usage.cachedInputTokens": 256,
                "ai.usage.outputTokens": 100,
                "ai.response.id": "chatcmpl-a1",
                "ai.response.msToFirstChunk": 300.4,
                "ai.response.finishReason": "stop",
                "ai.telemetry.functionId": "answer",
                "ai.telemetry.metadata.userId": "u42",
                "ai.telemetry.metadata.sessionId": "s1",
                "ai.telemetry.metadata.team": "core",
            },
        ),
    }
    lines = [batch(span(name, attributes=attributes), scope=scope) for name, (scope, attributes) in spans.items()]
    rows = by_span(read(put(tmp_path / "logs", "a.jsonl", lines)).rows)
    assert {row["user"] for row in rows.values()} == {"u42"}
    assert {row["cost"] for row in rows.values()} == {COST}
    assert [rows[name]["source_cost"] for name in ("openlit", "openinference")] == [usd("0.0021")] * 2
    three = [rows[name] for name in ("openinference", "openllmetry", "chatcmpl-a1")]
    assert [(row["session"], row["feature"], row["team"]) for row in three] == [("s1", "answer", "core")] * 3
    assert (rows["openinference"]["agent"], rows["openinference"]["tags"]["beta"]) == ("writer", "true")
    assert (rows["chatcmpl-a1"]["ttft_ms"], rows["chatcmpl-a1"]["finish_reason"], rows["chatcmpl-a1"]["provider"]) == (
        300,
        "stop",
        "openai.chat",
    )


def usage(into: int, out: int, **more: object) -> Record:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": into,
        "gen_ai.usage.output_tokens": out,
        **more,
    }


def agent(into: int, out: int, **more: object) -> Record:
    return {**usage(into, out), "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner", **more}


TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
REPEATS = "repeats the usage of its children"


def test_a_span_that_repeats_its_children_is_no_call(tmp_path: Path) -> None:
    lines = [
        # an agent with the sum of its calls, through a step of its own, in another batch and before them
        batch(span("agent", attributes=agent(30, 3))),
        batch(
            span("step", "agent", attributes={"gen_ai.operation.name": "agent_step"}),
            span("c1", "step", attributes=usage(10, 1)),
            span("c2", "agent", attributes=usage(20, 2)),
        ),
        # one that repeats only its last call, and gives out that call's id as its own
        batch(span("last", trace="t2", attributes=agent(20, 2, **{"gen_ai.response.id": "resp-2"}))),
        batch(
            span("l1", "last", "t2", usage(10, 1, **{"gen_ai.response.id": "resp-1"})),
            span("l2", "last", "t2", usage(20, 2, **{"gen_ai.response.id": "resp-2"})),
        ),
        # one whose other calls were sampled out: what is there counts
        batch(span("gap", trace="t3", attributes=agent(500, 50)), span("g1", "gap", "t3", usage(10, 1))),
        # embeddings say the same twice
        batch(
            *(
                span(
                    id_,
                    parent,
                    "t4",
                    {
                        "gen_ai.operation.name": "embeddings",
                        "gen_ai.request.model": "text-embedding-3-small",
                        "gen_ai.usage.input_tokens": 7,
                    },
                )
                for id_, parent in (("root", ""), ("child", "root"))
            )
        ),
        # the AI SDK's own outer span
        batch(
            span(
                "outer",
                "",
                "t5",
                {**AI, "ai.usage.inputTokens": 420, "ai.usage.outputTokens": 100},
                name="ai.generateText",
            ),
            span(
                "inner",
                "outer",
                "t5",
                {**AI, "ai.usage.inputTokens": 420, "ai.usage.outputTokens": 100},
                name="ai.generateText.doGenerate",
            ),
        ),
        # a framework's call without counts over the client's with them is that call
        batch(
            span("frame", "", "t6", {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}),
            span("client", "frame", "t6", usage(10, 1)),
        ),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", lines))
    wanted = {
        "c1": (10, 1),
        "c2": (20, 2),
        "resp-1": (10, 1),
        "resp-2": (20, 2),
        "t3:g1": (10, 1),
        "t4:child": (7, 0),
        "t5:inner": (420, 100),
        "t6:client": (10, 1),
    }
    assert {id_: (row["input_tokens"], row["output_tokens"]) for id_, row in by_span(found.rows).items()} == wanted
    assert found.file.skipped == {"a span that is no call of a model": 1, REPEATS: 6}
    assert (found.file.requests, found.file.new, found.file.duplicates) == (8, 8, 0)
    rows = by_span(found.rows)
    assert {rows[id_]["agent"] for id_ in ("c1", "c2", "resp-1", "t3:g1")} == {"planner"}
    assert (rows["t4:child"]["operation"], rows["t4:child"]["usage_quality"]) == ("embeddings", "exact")


def test_an_agent_whose_calls_are_not_there_or_have_no_usage_is_the_call(tmp_path: Path) -> None:
    lines = [
        batch(span("alone", attributes=agent(30, 3)), span("tool", "alone", attributes=TOOL)),
        # the same span id in another trace is no child
        batch(span("x", "alone", "t2", usage(5, 1))),
        batch(
            span("failed", "over", "t3", {"gen_ai.operation.name": "chat", "error.type": "RateLimitError"}),
            span("over", "", "t3", agent(8, 2)),
        ),
        # a parent that is nowhere, and one that is itself
        batch(span("orphan", "gone", "t4", usage(6, 1)), span("self", "self", "t4", usage(7, 1))),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", lines)).rows
    assert {id_: row["input_tokens"] for id_, row in by_span(found).items()} == {
        "alone": 30,
        "t2:x": 5,
        "t3:failed": 0,
        "t3:over": 8,
        "t4:orphan": 6,
        "t4:self": 7,
    }


STEP = {"gen_ai.operation.name": "agent_step"}
DAYS: dict[str, list[list[Record]]] = {
    "the child later": [[span("agent", attributes=agent(30, 3))], [span("c", "agent", attributes=usage(30, 3))]],
    "the parent later": [[span("c", "agent", attributes=usage(30, 3))], [span("agent", attributes=agent(30, 3))]],
    "the grandchild later": [
        [span("agent", attributes=agent(30, 3))],
        [span("step", "agent", attributes=STEP), span("c", "step", attributes=usage(30, 3))],
    ],
    "the grandparent later": [
        [span("step", "agent", attributes=STEP), span("c", "step", attributes=usage(30, 3))],
        [span("agent", attributes=agent(30, 3))],
    ],
    "the grandparent later, with the step": [
        [span("c", "step", attributes=usage(30, 3))],
        [span("agent", attributes=agent(30, 3)), span("step", "agent", attributes=STEP)],
    ],
    "an agent above the agent": [
        [
            span("c", "inner", attributes=usage(30, 3)),
            span("inner", "step", attributes=agent(30, 3)),
            span("step", "agent", attributes=STEP),
        ],
        [span("agent", attributes=agent(30, 3))],
    ],
    "the parent with its last call's id": [
        [span("agent", attributes=agent(30, 3, **{"gen_ai.response.id": "r"}))],
        [span("c", "agent", attributes=usage(30, 3))],
    ],
    "everything again": [
        [span("agent", attributes=agent(30, 3)), span("step", "agent", attributes=STEP)],
        [
            span("agent", attributes=agent(30, 3)),
            span("step", "agent", attributes=STEP),
            span("c", "step", attributes=usage(30, 3)),
        ],
    ],
}


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS)
def test_parent_and_child_of_different_days_count_once(days: list[list[Record]], tmp_path: Path) -> None:
    for n, spans in enumerate(days):
        found = read(put(tmp_path / f"day{n}", "a.jsonl", [batch(*spans)]), ledger=tmp_path / "ledger.duckdb")
    assert (list(by_span(found.rows)), found.one["input_tokens"], found.one["output_tokens"]) == (["c"], 30, 3)


def test_a_child_of_another_day_without_usage_takes_nothing_from_its_parent(tmp_path: Path) -> None:
    failed = span("c", "agent", attributes={"gen_ai.operation.name": "chat", "error.type": "timeout"})
    for n, day in enumerate([[failed], [span("agent", attributes=agent(30, 3))], [{**failed, "spanId": "d"}]]):
        found = read(put(tmp_path / f"day{n}", "a.jsonl", [batch(*day)]), ledger=tmp_path / "ledger.duckdb")
    assert {id_: (row["kind"], row["input_tokens"]) for id_, row in by_span(found.rows).items()} == {
        "c": ("attempt", 0),
        "agent": ("call", 30),
        "d": ("attempt", 0),
    }


def test_who_asked_is_inherited_from_the_spans_above(tmp_path: Path) -> None:
    root = {
        "user.id": "u42",
        "session.id": "s1",
        "ai.telemetry.functionId": "answer",
        "deployment.environment": "prod",
        "tier": "gold",
    }
    lines = [
        batch(span("c", "tool", attributes=usage(10, 1, **{"session.id": "s2"}))),
        batch(
            span("root", attributes=root),
            span(
                "planner", "root", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
            ),
        ),
        batch(
            span("writer", "planner", attributes={"openinference.span.kind": "AGENT"}, name="writer"),
            span("tool", "writer", attributes=TOOL),
        ),
        batch(span("other", "", "t2", usage(5, 1))),
    ]
    rows = by_span(read(put(tmp_path / "logs", "a.jsonl", lines)).rows)
    row = rows["c"]
    assert (row["user"], row["session"], row["feature"], row["environment"], row["agent"]) == (
        "u42",
        "s2",
        "answer",
        "prod",
        "writer",
    )
    assert row["tags"]["tier"] == "gold"
    assert [rows["t2:other"][name] for name in ("user", "session", "agent", "feature")] == [None] * 4


def test_a_span_that_failed_is_an_attempt_with_its_kind_of_error(tmp_path: Path) -> None:
    failures: list[tuple[Record, Record, str]] = [
        ({"error.type": "openai.RateLimitError"}, {"code": 2}, "rate_limit"),
        ({"error.type": "APITimeoutError"}, {"code": "STATUS_CODE_ERROR"}, "timeout"),
        ({"error.type": "429"}, {}, "rate_limit"),
        ({"http.response.status_code": 503}, {"code": 2}, "server_error"),
        (
            {"error.type": "BadRequestError"},
            {"code": 2, "message": "This model's maximum context length is 128000 tokens"},
            "context_length",
        ),
        ({}, {"code": 2, "message": "it broke"}, "unknown"),
    ]
    spans = [
        span(
            f"s{n}", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", **a}, status=status
        )
        for n, (a, status, _) in enumerate(failures)
    ]
    filtered = span("ok", attributes={**CHAT, "gen_ai.response.finish_reasons": ["content_filter"]})
    rows = by_span(read(put(tmp_path / "logs", "a.jsonl", [batch(*spans, filtered)])).rows)
    assert [(rows[f"s{n}"]["kind"], rows[f"s{n}"]["error_kind"]) for n in range(len(failures))] == [
        ("attempt", kind) for _, _, kind in failures
    ]
    assert (rows["ok"]["kind"], rows["ok"]["error_kind"], rows["ok"]["cost"]) == ("call", "content_filter", COST)
    # the message may hold words of the conversation
    assert "broke" not in str(rows)


def test_what_is_no_call_is_passed_over_and_counted(tmp_path: Path) -> None:
    plain = {"http.request.method": "GET", "url.full": "https://example.org"}
    lines = [
        *({"resourceSpans": []}, {"resourceSpans": [{"resource": {}, "scopeSpans": []}]}, batch()),
        batch(span("tool", attributes=TOOL), span("http", attributes=plain), span("bare", attributes={}, name="job")),
        batch(
            span("create", attributes={"gen_ai.operation.name": "create_agent", "gen_ai.agent.name": "a"}),
            span("chain", attributes={"openinference.span.kind": "CHAIN"}),
        ),
        batch(span("call")),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", lines))
    assert list(by_span(found.rows)) == ["call"]
    assert found.file.skipped == {"a batch without spans": 3, "a span that is no call of a model": 5}
    assert (found.quarantine, found.file.lines) == ([], 6)


def test_a_call_without_usage_is_shown_without_a_cost(tmp_path: Path) -> None:
    row = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [batch(span("a", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}))],
        )
    ).one
    assert (row["usage_quality"], row["cost"], row["kind"]) == ("missing", None, "call")


def test_metrics_among_the_traces_are_refused_line_by_line(tmp_path: Path) -> None:
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "gen_ai.client.token.usage"}]}]}]}
    found = read(put(tmp_path / "logs", "a.jsonl", [batch(span("a")), metrics, batch(span("b"))]))
    assert sorted(by_span(found.rows)) == ["a", "b"]
    assert [line for line, _ in found.reasons()] == [2]


def test_no_text_of_the_conversation_reaches_the_ledger(tmp_path: Path) -> None:
    said = "the moon is made of cheese"
    texts = {
        "gen_ai.input.messages": said,
        "gen_ai.output.messages": said,
        "gen_ai.prompt.0.content": said,
        "llm.input_messages.0.message.content": said,
        "input.value": said,
        "ai.prompt": said,
        "ai.response.text": said,
        "traceloop.entity.input": said,
        "tool.parameters": said,
        "exception.message": said,
    }
    spans = [
        span("a", attributes={**CHAT, **texts}, events=[{"name": "e", "attributes": pairs({"content": said})}]),
        span("b", attributes={**CHAT, **texts}),
        span("c"),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", [batch(*spans)]))
    assert said not in str(found.rows)
    rows = by_span(found.rows)
    # but equal prompts are seen to be equal
    assert rows["a"]["prompt_hash"] == rows["b"]["prompt_hash"] is not None
    assert rows["c"]["prompt_hash"] is None
