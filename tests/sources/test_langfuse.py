"""Langfuse (langfuse.sql): exports, pages of the API, downloads of a trace and ingestion events; whose parts stand beside or inside, and what repeats what."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

AT = 1767225600_000_000  # 2026-01-01T00:00:00Z in µs
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 100}
# 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
COST = usd("0.00173")
SNAKE: Record = {
    **{
        "id": "ob1",
        "trace_id": "tr1",
        "project_id": "p",
        "type": "GENERATION",
        "parent_observation_id": "ag1",
        "name": "draft",
    },
    **{
        "start_time": "2026-01-01 00:00:00.000",
        "end_time": "2026-01-01 00:00:01.200",
        "level": "DEFAULT",
        "environment": "production",
    },
    **{
        "provided_model_name": "gpt-4o",
        "usage_details": {"input": 164, "input_cached_tokens": 256, "output": 100, "total": 520},
    },
    **{"cost_details": {"input": 0.00073, "output": 0.001, "total": 0.00173}, "total_cost": 0.00173, "latency": 1.2},
    **{"time_to_first_token": 0.4, "prompt_name": "answer", "updated_at": "2026-01-01 00:00:02.000"},
}
CAMEL: Record = {
    **{
        "id": "ob2",
        "traceId": "tr1",
        "projectId": "p",
        "type": "GENERATION",
        "parentObservationId": "ag1",
        "name": "draft",
    },
    **{
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2026-01-01T00:00:01.200Z",
        "level": "DEFAULT",
        "environment": "production",
    },
    **{"model": "gpt-4o", "usageDetails": {"input": 164, "input_cached_tokens": 256, "output": 100, "total": 520}},
    **{"costDetails": {"total": 0.00173}, "calculatedTotalCost": 0.00173, "latency": 1.2},
    **{
        "completionStartTime": "2026-01-01T00:00:00.400Z",
        "promptName": "answer",
        "updatedAt": "2026-01-01T00:00:02.000Z",
    },
}
TRACE: Record = {
    **{"id": "tr1", "timestamp": "2026-01-01 00:00:00.000", "name": "support", "project_id": "p", "user_id": "u42"},
    **{"session_id": "s1", "tags": ["beta", "team:core"], "metadata": {"tier": "gold"}, "release": None},
}
SKIP = "an observation that is no call of a model"
REPEATS = "repeats the usage of its children"
FACTS = "facts of a trace"


def table(*records: Record) -> str:
    """The records as a CSV with JSON in its nested columns, as the exports write it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(key for record in records for key in record)))
    writer.writeheader()
    for record in records:
        writer.writerow({k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in record.items()})
    return out.getvalue()


def generation(id_: str, usage: Record | None = None, **more: object) -> Record:
    told = {"usageDetails": usage} if usage is not None else {"usageDetails": {}}
    return {
        **{k: v for k, v in CAMEL.items() if "ost" not in k},
        "id": id_,
        "parentObservationId": None,
        **told,
        **more,
    }


def test_the_example_call_costs_the_same_in_every_container(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "blob.jsonl", [SNAKE])
    put(logs, "table.jsonl", [CAMEL])
    put(logs, "blob.csv", table({**SNAKE, "id": "ob3"}))
    put(logs, "table.csv", table({**CAMEL, "id": "ob4"}))
    put(logs, "page.json", json.dumps({"data": [{**CAMEL, "id": "ob5"}], "meta": {"page": 1, "totalPages": 1}}))
    put(logs, "blob.json", json.dumps([{**SNAKE, "id": "ob6"}]))
    put(
        logs,
        "trace.json",
        json.dumps(
            {"trace": {"id": "tr1", "name": "support"}, "observations": [{**CAMEL, "id": "ob7", "latency": 1200}]}
        ),
    )
    put(
        logs,
        "api.json",
        json.dumps({"id": "tr1", "name": "support", "observations": [{**CAMEL, "id": "ob8"}], "scores": []}),
    )
    put(
        logs,
        "batch.json",
        json.dumps(
            {
                "batch": [
                    {
                        "id": "e1",
                        "type": "generation-create",
                        "timestamp": "2026-01-01T00:00:02Z",
                        "body": {**CAMEL, "id": "ob9"},
                    }
                ]
            }
        ),
    )
    found = read(logs)
    assert {f.path.rsplit("/")[-1]: f.source.removeprefix("langfuse_") for f in found.report.files} == {
        **dict.fromkeys(
            ("blob.jsonl", "table.jsonl", "blob.csv", "table.csv", "page.json", "blob.json"), "observation"
        ),
        **{"trace.json": "trace", "api.json": "trace", "batch.json": "ingestion"},
    }
    rows = found.by_id()
    assert sorted(rows) == [f"ob{n}" for n in range(1, 10)]
    for name, row in rows.items():
        assert (name, row["cost"], tokens(row), row["usage_basis"]) == (name, COST, EXAMPLE, "declared")
        assert (name, row["ts_us"], row["latency_ms"], row["ttft_ms"]) == (name, AT, 1200, 400)
        assert (name, row["trace"], row["parent"], row["model"], row["feature"]) == (
            name,
            "tr1",
            "ag1",
            "gpt-4o",
            "answer",
        )
        assert (name, row["source_cost"], row["environment"], row["operation"]) == (name, COST, "production", "chat")
        assert (name, row["kind"], row["status"], row["source"]) == (name, "call", "success", "langfuse")
    assert found.quarantine == []


# usage details: tokens, and whether their sum told, their names, or nobody
USAGES: dict[str, tuple[Record, dict[str, int], str]] = {
    "beside each other, all of them": (
        {"input": 164, "input_cached_tokens": 256, "output": 36, "output_reasoning_tokens": 64, "total": 520},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "inside, all of them": (
        {"input": 420, "input_cached_tokens": 256, "output": 100, "output_reasoning_tokens": 64, "total": 520},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "cache beside, reasoning inside": (
        {"input": 164, "input_cache_read": 256, "output": 100, "output_reasoning": 64, "total": 520},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "cache inside, reasoning beside": (
        {"input": 420, "input_cache_read": 256, "output": 36, "output_reasoning": 64, "total": 520},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "no total: input_ and output_ are beside": (
        {"input": 164, "input_cached_tokens": 256, "output": 36, "output_reasoning_tokens": 64},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "no total: details are inside": (
        {"input": 420, "prompt_details.cache_read": 256, "output": 100, "completion_details.reasoning": 64},
        {**EXAMPLE, "text_output": 36, "reasoning": 64},
        "declared",
    ),
    "Gemini's thinking inside": (
        {"input": 6, "output": 2055, "total": 2061, "completion_details.reasoning": 1104},
        {"fresh_input": 6, "text_output": 951, "reasoning": 1104},
        "declared",
    ),
    "Anthropic's names, beside by their sum": (
        {"input": 3, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 300, "output": 150, "total": 2453},
        {"fresh_input": 3, "cache_read": 2000, "cache_write_other": 300, "text_output": 150},
        "declared",
    ),
    "Anthropic's names, more than the input": (
        {"input": 3, "cache_read_input_tokens": 2000, "output": 150},
        {"fresh_input": 3, "cache_read": 2000, "text_output": 150},
        "arithmetic",
    ),
    "Anthropic's names, and nobody knows": (
        {"input": 420, "cache_read_input_tokens": 256, "output": 100},
        EXAMPLE,
        "assumed",
    ),
    "writes for five minutes and an hour": (
        {"input": 3, "input_cache_creation_5m": 100, "input_cache_creation_1h": 200, "output": 150, "total": 453},
        {"fresh_input": 3, "cache_write_5m": 100, "cache_write_1h": 200, "text_output": 150},
        "declared",
    ),
    "a cache that was not used": (
        {"input": 420, "cache_read_input_tokens": 0, "output": 100, "total": 520},
        {"fresh_input": 420, "text_output": 100},
        "declared",
    ),
    "speech beside": (
        {"input": 10, "input_audio": 20, "output": 30, "output_audio": 40, "total": 100},
        {"fresh_input": 10, "audio_input": 20, "text_output": 30, "audio_output": 40},
        "declared",
    ),
    "OpenAI's names as they came": (
        {"prompt_tokens": 420, "completion_tokens": 100, "total_tokens": 520},
        {"fresh_input": 420, "text_output": 100},
        "declared",
    ),
    "and those of Responses": (
        {"input_tokens": 420, "output_tokens": 100, "total_tokens": 520},
        {"fresh_input": 420, "text_output": 100},
        "declared",
    ),
    "the total alone": ({"total": 520}, {"fresh_input": 520}, "declared"),
}


def test_parts_beside_or_inside_by_their_sum_then_by_their_names(tmp_path: Path) -> None:
    records = [generation(f"g{n}", usage) for n, (usage, _, _) in enumerate(USAGES.values())]
    old = [
        generation("old", usage={"input": 420, "output": 100, "total": 520, "unit": "TOKENS"}) | {"usageDetails": None},
        generation("flat") | {"usage": None, "promptTokens": 420, "completionTokens": 100, "totalTokens": 520},
        generation("table") | {"inputUsage": 420, "outputUsage": 100, "totalUsage": 520},
    ]
    old[0]["usage"] = {"input": 420, "output": 100, "total": 520, "unit": "TOKENS"}
    rows = read(put(tmp_path / "logs", "a.jsonl", records + old)).by_id()
    got = {name: (tokens(rows[f"g{n}"]), rows[f"g{n}"]["usage_basis"]) for n, name in enumerate(USAGES)}
    assert got == {name: (wanted, basis) for name, (_, wanted, basis) in USAGES.items()}
    assert [tokens(rows[name]) for name in ("old", "flat", "table")] == [{"fresh_input": 420, "text_output": 100}] * 3
    # every token that was declared is in one column
    for n, (usage, _, _) in enumerate(USAGES.values()):
        total = usage.get("total", usage.get("total_tokens"))
        assert total in (None, sum(tokens(rows[f"g{n}"]).values()))


def test_observations_get_user_session_and_tags_from_the_file_of_traces(tmp_path: Path) -> None:
    for extra, name in ((SNAKE, "jsonl"), (None, "csv")):
        logs = tmp_path / name
        observations = [{**SNAKE, "prompt_name": None}, {**SNAKE, "id": "ob2", "trace_id": "tr2", "prompt_name": None}]
        put(logs, f"observations/1.{name}", table(*observations) if extra is None else observations)
        put(logs, f"traces/1.{name}", table(TRACE) if extra is None else [TRACE])
        found = read(logs, ledger=tmp_path / f"{name}.duckdb")
        row, other = (found.by_id()[id_] for id_ in ("ob1", "ob2"))
        assert (row["user"], row["session"], row["feature"], row["team"]) == ("u42", "s1", "support", "core")
        assert (row["tags"]["beta"], row["tags"]["tier"]) == ("true", "gold")
        assert [other[k] for k in ("user", "session", "feature", "tags")] == [None, None, None, {}]
        assert [f.skipped for f in found.report.files] == [{}, {FACTS: 1}]


def test_a_row_that_says_who_asked_itself_is_believed_first(tmp_path: Path) -> None:
    own = {**SNAKE, "user_id": "u7", "session_id": "s7", "tags": ["feature:search"], "prompt_name": "answer"}
    events = {
        **generation("ob2", CAMEL["usageDetails"]),
        "promptName": None,
        "traceName": "table",
        "traceTags": ["vip"],
        "userId": "u8",
    }
    logs = tmp_path / "logs"
    put(logs, "traces.jsonl", [TRACE])
    put(logs, "observations.jsonl", [own, events])
    rows = read(logs).by_id()
    assert (rows["ob1"]["user"], rows["ob1"]["session"], rows["ob1"]["feature"]) == ("u7", "s7", "search")
    assert (rows["ob2"]["user"], rows["ob2"]["session"], rows["ob2"]["feature"], rows["ob2"]["tags"]["vip"]) == (
        "u8",
        "s1",
        "table",
        "true",
    )


def test_of_one_observation_the_finished_state_counts_wherever_it_stands(tmp_path: Path) -> None:
    begun = {
        **SNAKE,
        "usage_details": {},
        "cost_details": {},
        "total_cost": None,
        "end_time": None,
        "updated_at": "2026-01-01 00:00:00.100",
    }
    part = {
        **SNAKE,
        "usage_details": {"input": 164, "input_cached_tokens": 256, "output": 1, "total": 421},
        "updated_at": "2026-01-01 00:00:01.000",
    }
    for n, records in enumerate(([begun, part, SNAKE], [SNAKE, part, begun, SNAKE])):
        found = read(put(tmp_path / f"{n}", "a.jsonl", records), ledger=tmp_path / f"{n}.duckdb")
        assert (found.one["cost"], found.one["latency_ms"], found.file.duplicates) == (COST, 1200, len(records) - 1)
    # and on another day
    read(put(tmp_path / "day1", "a.jsonl", [begun]), ledger=tmp_path / "days.duckdb")
    found = read(put(tmp_path / "day2", "a.jsonl", [SNAKE]), ledger=tmp_path / "days.duckdb")
    assert (found.one["cost"], found.one["latency_ms"], found.one["source_cost"]) == (COST, 1200, COST)


def test_parents_that_repeat_their_children_do_not_count(tmp_path: Path) -> None:
    usage, twice = {"input": 10, "output": 1, "total": 11}, {"input": 20, "output": 2, "total": 22}
    observations = [
        generation("root", twice, type="SPAN", traceId="t1", name="Agent.run"),
        generation("planner", twice, type="AGENT", parentObservationId="root", name="planner"),
        generation("g1", usage, parentObservationId="planner"),
        generation("tool", None, type="TOOL", parentObservationId="planner"),
        generation("g2", usage, parentObservationId="tool"),
        # repeats only the last of its children
        generation("last", usage, type="AGENT", name="writer"),
        generation("g3", usage, parentObservationId="last"),
        generation("g4", usage, parentObservationId="last"),
        # without children the usage is its own
        generation("alone", usage, type="AGENT", name="solo"),
        generation("e1", {"input": 7, "total": 7}, type="EMBEDDING", model="text-embedding-3-small"),
        *(
            generation(kind, None, type=kind)
            for kind in ("SPAN", "EVENT", "CHAIN", "RETRIEVER", "GUARDRAIL", "EVALUATOR")
        ),
    ]
    for observation in observations:
        observation["traceId"] = "t1"
    found = read(
        put(
            tmp_path / "logs",
            "a.json",
            json.dumps({"trace": {"id": "t1", "name": "run"}, "observations": observations}),
        )
    )
    rows = found.by_id()
    assert sorted(rows) == ["alone", "e1", "g1", "g2", "g3", "g4"]
    assert {name: row["agent"] for name, row in rows.items()} == {
        "alone": "solo",
        "e1": None,
        "g1": "planner",
        "g2": "planner",
        "g3": "writer",
        "g4": "writer",
    }
    assert (rows["e1"]["operation"], rows["e1"]["usage_quality"]) == ("embeddings", "exact")
    assert found.file.skipped == {FACTS: 1, REPEATS: 3, SKIP: 7}


def test_children_in_another_file_or_of_another_day_count_once(tmp_path: Path) -> None:
    usage = {"input": 10, "output": 1, "total": 11}
    parent = generation("agent", usage, type="AGENT", name="planner")
    child = generation("g1", usage, parentObservationId="agent")
    for n, (first, second) in enumerate(((parent, child), (child, parent))):
        one = tmp_path / f"one{n}"
        put(one, "1.jsonl", [first])
        put(one, "2.jsonl", [second])
        assert list(read(one, ledger=tmp_path / f"{n}.duckdb").by_id()) == ["g1"]
        read(put(tmp_path / f"day1-{n}", "a.jsonl", [first]), ledger=tmp_path / f"days{n}.duckdb")
        assert list(
            read(put(tmp_path / f"day2-{n}", "a.jsonl", [second]), ledger=tmp_path / f"days{n}.duckdb").by_id()
        ) == ["g1"]


def event(kind: str, **body: object) -> Record:
    return {
        "id": f"e-{kind}-{body.get('id')}-{len(body)}",
        "type": kind,
        "timestamp": "2026-01-01T00:00:02.000Z",
        "body": body,
    }


EVENTS = [
    event("trace-create", id="tr1", name="support", userId="u42", sessionId="s1", tags=["beta"]),
    event("agent-create", id="ag1", traceId="tr1", name="planner"),
    event(
        "generation-create",
        id="g1",
        traceId="tr1",
        parentObservationId="ag1",
        startTime="2026-01-01T00:00:00.000Z",
        model="gpt-4o",
    ),
    event(
        "generation-update",
        id="g1",
        traceId="tr1",
        endTime="2026-01-01T00:00:01.200Z",
        usageDetails=CAMEL["usageDetails"],
    ),
    event("score-create", id="sc1", traceId="tr1", name="quality", value=0.9),
    event("sdk-log", id="log1"),
]


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_a_create_and_its_update_are_one_call_in_one_batch_or_two_files_or_days(order: int, tmp_path: Path) -> None:
    events = EVENTS[::order]
    whole = read(put(tmp_path / "whole", "a.json", json.dumps({"batch": events})), ledger=tmp_path / "whole.duckdb")
    logs = tmp_path / "logs"
    put(logs, "1.jsonl", [{"batch": events[:3], "metadata": {}}])
    put(logs, "2.jsonl", events[3:])
    for found in (whole, read(logs, ledger=tmp_path / "logs.duckdb")):
        row = found.one
        assert (row["request_id"], row["cost"], tokens(row), row["ts_us"]) == ("g1", COST, EXAMPLE, AT)
        assert (row["user"], row["session"], row["agent"], row["feature"], row["parent"]) == (
            "u42",
            "s1",
            "planner",
            "support",
            "ag1",
        )
        assert {f.source for f in found.report.files} == {"langfuse_ingestion"}
    assert (whole.file.requests, whole.file.duplicates, whole.file.skipped) == (2, 1, {FACTS: 1, SKIP: 3})
    for n, day in enumerate((events[:3], events[3:])):
        found = read(put(tmp_path / f"day{n}", "a.jsonl", [{"batch": day}]), ledger=tmp_path / "days.duckdb")
    assert (found.one["cost"], found.one["ts_us"], found.one["model"]) == (COST, AT, "gpt-4o")


def test_an_update_that_does_not_name_its_parent_is_still_its_child(tmp_path: Path) -> None:
    events = [
        *EVENTS[:4],
        event("agent-update", id="ag1", traceId="tr1", usageDetails=CAMEL["usageDetails"]),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", [{"batch": events}]))
    assert (found.one["request_id"], found.one["cost"], found.file.skipped[REPEATS]) == ("g1", COST, 1)


def test_a_level_of_error_is_an_attempt_and_its_kind_comes_from_the_text(tmp_path: Path) -> None:
    texts = {
        "Error code: 429 - rate limit reached": "rate_limit",
        "litellm.AuthenticationError: no such key": "auth",
        "503 UNAVAILABLE_NOW. try again": "server_error",
        "This model's maximum context length is 128000 tokens": "context_length",
        "it broke, and the prompt said 429 RateLimitError: so": "unknown",
    }
    records = [generation(f"g{n}", None, level="ERROR", statusMessage=text) for n, text in enumerate(texts)]
    warned = generation("warned", CAMEL["usageDetails"], level="WARNING", statusMessage="slow")
    billed = generation("billed", CAMEL["usageDetails"], level="ERROR", statusMessage="cut off")
    rows = read(put(tmp_path / "logs", "a.jsonl", [*records, warned, billed])).by_id()
    assert [(rows[f"g{n}"]["kind"], rows[f"g{n}"]["error_kind"], rows[f"g{n}"]["cost"]) for n in range(len(texts))] == [
        ("attempt", kind, 0) for kind in texts.values()
    ]
    assert (rows["warned"]["kind"], rows["warned"]["cost"]) == ("call", COST)
    assert (rows["billed"]["kind"], rows["billed"]["cost"], rows["billed"]["billed_requests"]) == ("attempt", COST, 1)
    assert not any(text in str(rows) for text in texts)


def test_the_recorded_cost_is_kept_beside_ours_to_the_last_digit(tmp_path: Path) -> None:
    lines = [
        '{"id": "a", "traceId": "t", "type": "GENERATION", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "usageDetails": {"input": 1, "output": 1, "total": 2}, "costDetails": {"total": 0.000012500000000001}}',
        '{"id": "b", "traceId": "t", "type": "GENERATION", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "usageDetails": {"input": 1, "output": 1, "total": 2}, "totalCost": 1.25e-05}',
        '{"id": "c", "traceId": "t", "type": "GENERATION", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "usageDetails": {"input": 1, "output": 1, "total": 2}}',
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", "\n".join(lines))).by_id()
    assert [str(rows[n]["source_cost"]) for n in "ab"] == ["0.000012500000000001000000", "0.000012500000000000000000"]
    assert (rows["c"]["source_cost"], rows["c"]["source_cost_kind"], rows["a"]["source_cost_kind"]) == (
        None,
        None,
        "recorded",
    )
    assert {row["cost"] for row in rows.values()} == {usd("0.0000125")}


def test_what_is_no_call_is_passed_over_and_a_generation_without_usage_is_shown(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "observations.jsonl", [generation("g1", None), generation("s1", None, type="SPAN")])
    # a page of traces names its observations by id
    put(
        logs,
        "traces.json",
        json.dumps({"data": [{**TRACE, "projectId": "p", "observations": ["g1", "s1"]}], "meta": {"page": 1}}),
    )
    put(logs, "batch.jsonl", [{"batch": [event("trace-create", id="tr9")]}])
    found = read(logs)
    assert (found.one["request_id"], found.one["usage_quality"], found.one["cost"]) == ("g1", "missing", None)
    assert {f.path.rsplit("/")[-1]: f.skipped for f in found.report.files} == {
        "observations.jsonl": {SKIP: 1},
        "traces.json": {FACTS: 1},
        "batch.jsonl": {FACTS: 1},
    }
    assert found.quarantine == []


def test_no_text_of_the_conversation_reaches_the_ledger(tmp_path: Path) -> None:
    said = "the moon is made of cheese"
    texts = {
        "input": [{"role": "user", "content": said}],
        "output": said,
        "statusMessage": said,
        "metadata": {"prompt": said, "answer": said},
    }
    found = read(
        put(tmp_path / "logs", "a.jsonl", [{**CAMEL, **texts}, {**CAMEL, **texts, "id": "ob3"}, {**CAMEL, "id": "ob4"}])
    )
    assert said not in str(found.rows)
    one, two, none = (row["prompt_hash"] for row in found.rows)
    assert (one == two, one is None, none) == (True, False, None)
