"""Streams (streams.py): the events of every API become the answer it would have sent whole; boundaries, dirt, wrappers, counts."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.sources import streams
from llmcost.sources.streams import FOLDED
from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

AT = 1767225600  # 2026-01-01T00:00:00Z
USAGE: Record = {
    "prompt_tokens": 420,
    "completion_tokens": 100,
    "total_tokens": 520,
    "prompt_tokens_details": {"cached_tokens": 256},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
# 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
COST = usd("0.00173")


def chunk(name: str = "c1", **more: Any) -> Record:
    delta = more.pop("delta", {"content": "o"})
    choices = more.pop("choices", [{"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}])
    return {"id": name, "object": "chat.completion.chunk", "created": AT, "model": "gpt-4o", "choices": choices, **more}


def chat(name: str = "c1", usage: Record | None = USAGE) -> list[Record]:
    """A whole stream of OpenAI."""
    end = [chunk(name, choices=[], usage=usage)] if usage else []
    return [chunk(name, delta={"role": "assistant", "content": ""}), chunk(name), chunk(name, finish="stop"), *end]


def claude(name: str = "msg_1") -> list[Record]:
    usage = {"input_tokens": 40, "cache_read_input_tokens": 1000, "output_tokens": 1, "service_tier": "standard"}
    start = {"id": name, "type": "message", "model": "claude-sonnet-4-5", "content": [], "usage": usage}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "o"}},
        {"type": "ping"},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 61, "output_tokens": 7},
        },
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 120}},
        {"type": "message_stop"},
    ]


CLAUDE = {"fresh_input": 61, "cache_read": 1000, "text_output": 120}


def sse(events: Iterable[Mapping[str, Any]], *, named: bool = False, end: str = "\n", done: bool = False) -> str:
    """An event stream, by default as OpenAI writes it."""
    blocks = [(f"event: e{end}" if named else "") + f"data: {json.dumps(event)}{end}{end}" for event in events]
    return "".join(blocks) + (f"data: [DONE]{end}{end}" if done else "")


def folded(events: Iterable[Any], **more: bool) -> list[Record]:
    """The answers that events fold into; what went through as it was is left out."""
    items = ((n, streams.DONE if event is None else event, event) for n, event in enumerate(events, 1))
    return [dict(record) for _, record, raw, _ in streams.fold(items, **more) if raw is None and record]


# --- each API ----------------------------------------------------------------------------------------------------------


def test_a_stream_of_chunks_costs_what_the_whole_answer_would(tmp_path: Path) -> None:
    events = chat()
    for name, content in {
        "lines.jsonl": "".join(json.dumps(e) + "\n" for e in events),
        "array.json": json.dumps(events),
        "bare.sse.log": sse(events, done=True),
        "named.log": sse(events, named=True, end="\r\n"),
        "comments.log": ": hello\n\n" + sse(events).replace("\n\n", "\n: keep-alive\n\n"),
        "bom.log": "\ufeff" + sse(events, done=True),
        "no-blank-lines.log": sse(events).replace("\n\n", "\n"),
        "no-final-blank-line.log": sse(events).rstrip("\n"),
    }.items():
        found = read(put(tmp_path / name, name, content), ledger=tmp_path / f"{name}.duckdb")
        assert (found.one["cost"], tokens(found.one), found.one["finish_reason"]) == (COST, EXAMPLE, "stop"), name
        assert (found.file.lines, found.file.requests, found.file.skipped) == (4, 1, {FOLDED: 3}), name


def test_a_stream_packed_is_the_same(tmp_path: Path) -> None:
    assert read(put(tmp_path / "logs", "a.log.gz", gzip.compress(sse(chat()).encode()))).one["cost"] == COST


def test_a_stream_without_usage_has_an_unknown_cost(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.log", sse(chat(usage=None), done=True))).one
    assert (row["usage_quality"], row["cost"], row["unpriced_reason"]) == ("missing", None, "usage missing")


@pytest.mark.parametrize("place", ["x_groq", "choice"])
def test_usage_may_stand_elsewhere_in_the_last_chunk(place: str) -> None:
    last = chunk(finish="stop")
    if place == "x_groq":
        last["x_groq"] = {"id": "r", "usage": USAGE}
    else:
        last["choices"][0]["usage"] = USAGE
    assert [body["usage"] for body in folded([chunk(), last])] == [USAGE]


def test_the_counts_of_anthropic_are_cumulative_and_the_largest_counts(tmp_path: Path) -> None:
    start, *rest = claude()
    found = read(put(tmp_path / "logs", "a.log", sse([start, start, *rest], named=True)))
    assert (tokens(found.one), found.one["finish_reason"], found.one["request_id"]) == (CLAUDE, "end_turn", "msg_1")
    assert (found.file.lines, found.file.skipped) == (7, {FOLDED: 6})


def test_iterations_in_the_delta_are_rows_of_their_own(tmp_path: Path) -> None:
    iterations = [
        {"type": "message", "input_tokens": 40, "output_tokens": 120},
        {"type": "advisor_message", "model": "claude-opus-4-5", "input_tokens": 10, "output_tokens": 5},
    ]
    events = claude()
    events[4]["usage"]["iterations"] = iterations
    rows = read(put(tmp_path / "logs", "a.jsonl", events)).rows
    assert [(row["kind"], row["line"], row["input_tokens"]) for row in rows] == [
        ("call", 1, 1061),
        ("iteration", 1, 10),
    ]


def test_an_error_inside_a_stream_is_the_outcome_of_its_request(tmp_path: Path) -> None:
    failure = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    row = read(put(tmp_path / "logs", "a.log", sse([*claude()[:2], failure]))).one
    assert (row["kind"], row["status"], row["error_kind"], row["input_tokens"]) == (
        "attempt",
        "error",
        "server_error",
        1040,
    )
    # what the placeholder of the start says is not what was written
    assert (row["usage_quality"], row["output_tokens"]) == ("partial", 0)
    broken = [chunk(), {"error": {"code": "server_error", "message": "oops"}}]
    assert folded(broken, is_sse=True)[0]["error"]["code"] == "server_error"
    assert "error" not in folded(broken)[0], "in a log of records it may be another request"
    response = {"id": "resp_1", "object": "response", "model": "gpt-4o", "status": "in_progress"}
    (failed,) = folded(
        [{"type": "response.created", "response": response}, {"type": "error", "code": "x", "message": "m"}]
    )
    assert (failed["status"], failed["error"]["code"]) == ("failed", "x")


@pytest.mark.parametrize("end", ["completed", "incomplete", "failed"])
def test_the_last_event_of_responses_holds_the_answer(end: str) -> None:
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": AT,
        "model": "gpt-4o",
        "status": "in_progress",
        "usage": None,
    }
    usage = {"input_tokens": 420, "output_tokens": 100}
    output = [{"type": "web_search_call", "id": "w"}, {"type": "message", "content": [{"text": "secret"}]}]
    (body,) = folded(
        [
            {"type": "response.created", "response": response},
            {"type": "response.output_text.delta", "delta": "o"},
            {"type": f"response.{end}", "response": {**response, "status": end, "usage": usage, "output": output}},
        ]
    )
    assert (body["status"], body["usage"], [item["type"] for item in body["output"]]) == (
        end,
        usage,
        ["web_search_call", "message"],
    )
    assert "secret" not in json.dumps(body)


def test_the_usage_of_gemini_is_cumulative() -> None:
    def part(candidates: Any, out: int, **more: Any) -> Record:
        usage = {"promptTokenCount": 9, "candidatesTokenCount": out, "totalTokenCount": 9 + out}
        return {"candidates": candidates, "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", **more}

    end = [{"content": {}, "finishReason": "STOP"}]
    by_id = [part(None, 0, responseId="r1"), part([{"content": {}}], 5, responseId="r1"), part(end, 8, responseId="r1")]
    for events, more in ((by_id, {}), (by_id, {"is_sse": True}), ([part([{}], 5), part(end, 8)], {"is_sse": True})):
        (body,) = folded(events, **more)
        assert (body["usageMetadata"]["candidatesTokenCount"], body["candidates"]) == (8, [{"finishReason": "STOP"}])
    assert folded([part(end, 8), part(end, 9)]) == [], "whole answers are no chunks"
    assert len(folded([part([{}], 5), part(end, 8), part(end, 9)], is_sse=True)) == 2


def test_a_live_session_keeps_its_last_count() -> None:
    usage = {"promptTokenCount": 25, "responseTokenCount": 25}
    events = [
        {"setup": {"model": "models/gemini-live"}},
        {"setupComplete": {}},
        {"serverContent": {}, "usageMetadata": {"promptTokenCount": 50}},
        {"serverContent": {}, "usageMetadata": usage},
        {"sessionResumptionUpdate": {"resumable": True}},
    ]
    (body,) = folded(events)
    assert (body["usageMetadata"], body["modelVersion"]) == (usage, "gemini-live")


def test_an_interaction_ends_with_its_usage() -> None:
    start = {"id": "", "status": "in_progress", "object": "interaction", "model": "gemini-2.5-flash"}
    end = {**start, "status": "completed", "usage": {"total_input_tokens": 10, "total_output_tokens": 31}}
    events = [
        {"event_type": "interaction.created", "interaction": start},
        {"event_type": "step.delta", "index": 0, "delta": {"text": "o", "type": "text"}},
        {"event_type": "interaction.completed", "interaction": end},
    ]
    assert folded(events) == [end]
    assert len(folded(events * 2)) == 2


def test_converse_tells_its_usage_before_or_after_the_stop() -> None:
    usage = {"metadata": {"usage": {"inputTokens": 22, "outputTokens": 55}, "metrics": {"latencyMs": 9}}}
    stop = {"messageStop": {"stopReason": "end_turn"}}
    delta = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "o"}}}
    start = {"messageStart": {"role": "assistant"}}
    for events in ([start, delta, stop, usage], [delta, usage, stop]):
        for body in (bodies := folded(events * 2)):
            assert (body["usage"]["outputTokens"], body["stopReason"], body["metrics"]) == (
                55,
                "end_turn",
                {"latencyMs": 9},
            )
        assert len(bodies) == 2
    assert "usage" not in folded([delta, stop])[0]
    assert folded([start, {"throttlingException": {"message": "slow"}}])[0]["error"]["type"] == "throttlingException"


def test_bedrock_counts_what_was_invoked_on_the_last_chunk() -> None:
    metrics = {"inputTokenCount": 12, "outputTokenCount": 34, "invocationLatency": 900}
    titan: list[Record] = [
        {"outputText": "o", "index": 0, "totalOutputTextTokenCount": None},
        {"outputText": "k", "completionReason": "FINISH", "amazon-bedrock-invocationMetrics": metrics},
    ]
    (found,) = folded(titan)
    assert (found["provider"], found["latency_ms"], found["response"]["stopReason"]) == ("bedrock", 900, "FINISH")
    assert found["response"]["usage"] == {"inputTokens": 12, "outputTokens": 34}
    # a model that counts itself is not counted twice
    (message,) = folded([*claude()[:-1], {"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}])
    assert (message["provider"], message["response"]["usage"]["output_tokens"]) == ("bedrock", 120)


# --- where an answer ends ----------------------------------------------------------------------------------------------


def test_the_stream_helpers_of_the_sdks_repeat_the_text_and_are_one_answer_all_the_same(tmp_path: Path) -> None:
    of_openai = [
        event
        for part in chat()
        for event in (
            {"type": "chunk", "chunk": part, "snapshot": {"id": "c1", "choices": []}},
            {"type": "content.delta", "delta": "o", "snapshot": "o", "parsed": None},
        )
    ]
    of_openai.append({"type": "content.done", "content": "o", "parsed": None})
    start, delta, *rest = claude()
    echoes: list[Record] = [
        {"type": "text", "text": "o", "snapshot": "o"},
        {"type": "input_json", "partial_json": "{", "snapshot": {}},
        {"type": "signature", "signature": "s"},
    ]
    # the same words outside a stream are lines of something else
    foreign: list[Record] = [{"type": "text", "text": "o", "snapshot": "o"}, {"type": "content.delta", "delta": "o"}]
    logs = put(tmp_path / "logs", "a.jsonl", [*foreign, *of_openai, start, delta, *echoes, *rest])
    done = read(logs)
    assert [tokens(row) for row in done.rows] == [EXAMPLE, {"fresh_input": 61, "cache_read": 1000, "text_output": 120}]
    assert (done.rows[0]["cost"], [line for line, _ in done.reasons()]) == (COST, [1, 2])
    # 4 chunks with an echo each and the last word, 6 events and 3 echoes: each but one of both answers
    assert done.file.skipped == {FOLDED: 8 + len(claude()) + 3 - 1}


def test_an_event_stream_in_a_folder_is_found_by_its_suffix(tmp_path: Path) -> None:
    sse = "".join(f"data: {json.dumps(part)}\n\n" for part in chat())
    put(tmp_path / "logs", "a.sse", sse)
    put(tmp_path / "logs", "notes.md", sse)
    done = read(tmp_path / "logs")
    assert (tokens(done.one), [Path(name.path).name for name in done.report.files]) == (EXAMPLE, ["a.sse"])


def test_streams_follow_each_other(tmp_path: Path) -> None:
    text = sse(chat("a"), done=True) + sse(claude("m")) + sse(chat("b", usage=None)) + sse(chat("c"), done=True)
    rows = read(put(tmp_path / "logs", "a.log", text)).by_id()
    assert {i: (r["cost"] is None, r["usage_quality"]) for i, r in rows.items()} == {
        "a": (False, "exact"),
        "m": (True, "exact"),  # undated
        "b": (True, "missing"),
        "c": (False, "exact"),
    }
    # 4 chunks of two lines and [DONE] are 10 lines, 6 events of Anthropic are 12
    assert [rows[i]["line"] for i in ("a", "m", "b", "c")] == [1, 11, 23, 29]


def test_ids_that_change_from_chunk_to_chunk_are_one_answer() -> None:
    rotating = [{**event, "id": f"x{n}"} for n, event in enumerate(chat())]
    assert [body["usage"] for body in folded([*rotating, None, *rotating], is_sse=True)] == [USAGE, USAGE]
    every = [chunk(f"y{n}", delta={"role": "assistant", "content": "o"}) for n in range(3)]
    assert len(folded([*every, chunk("y9", finish="stop")], is_sse=True)) == 1
    assert [body["usage"] for body in folded([*rotating, *chat("z")])] == [USAGE, USAGE]


def test_an_answer_cut_off_ends_where_the_next_one_opens() -> None:
    assert [body["id"] for body in folded([*chat("a")[:2], *chat("b")], is_sse=True)] == ["a", "b"]
    assert [body["id"] for body in folded([*claude("a")[:2], *claude("b")])] == ["a", "b"]


def test_chunks_of_two_answers_mixed_in_one_log_are_two_requests(tmp_path: Path) -> None:
    mixed = [
        event for pair in zip(chat("a"), chat("b", {**USAGE, "completion_tokens": 90}), strict=True) for event in pair
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", mixed)).by_id()
    assert {i: row["output_tokens"] for i, row in rows.items()} == {"a": 100, "b": 90}


def test_whole_answers_between_events_stay_as_they_are(tmp_path: Path) -> None:
    whole = {**chunk("w"), "object": "chat.completion", "usage": USAGE, "choices": []}
    found = read(put(tmp_path / "logs", "a.jsonl", [chat("a")[0], whole, *chat("a")[1:]]))
    assert {row["request_id"]: (row["line"], row["cost"]) for row in found.rows} == {"a": (1, COST), "w": (2, COST)}
    alone = read(put(tmp_path / "b", "a.jsonl", [{**whole, "id": "v"}]), ledger=tmp_path / "b.duckdb").one
    assert alone["cost"] == COST


# --- wrappers ----------------------------------------------------------------------------------------------------------


def test_the_text_of_a_stream_in_a_wrapper_is_the_answer(tmp_path: Path) -> None:
    outer = {
        "timestamp": "2026-01-01T09:00:00+09:00",
        "user": "u42",
        "tags": {"tier": "gold"},
        "request": {"model": "gpt-4o"},
    }
    text = sse(chat(), done=True)
    held: list[Record] = [
        *({key: text} for key in ("sse", "response", "response_body", "body")),
        {"response": {"status_code": 200, "body": text}},
        {"chunks": chat()},
        {"response": sse(chat(), named=True, end="\r\n")},
    ]
    lines = [json.dumps({**outer, **h}).replace("c1", f"c{n}") + "\n" for n, h in enumerate(held)]
    found = read(put(tmp_path / "logs", "a.jsonl", "".join(lines)))
    assert len(found.rows) == len(held)
    for row in found.rows:
        assert (row["cost"], row["user"], row["tags"], row["model_requested"]) == (
            COST,
            "u42",
            {"tier": "gold"},
            "gpt-4o",
        )
    assert found.file.skipped == {}, "a wrapper is one line"


def test_a_wrapper_holds_one_answer_whatever_its_ids() -> None:
    text = sse({**event, "id": f"x{n}"} for n, event in enumerate(chat("a") + chat("b")))
    assert streams.finished({"sse": text})["response"]["usage"] == USAGE


@pytest.mark.parametrize(
    "value", ["data is a word", "the event: none", [], [{"type": "text"}], {"body": "data"}, None, 7]
)
def test_what_only_looks_like_a_stream_is_left_alone(value: Any) -> None:
    assert streams.finished({"response": value}) == {"response": value}


# --- dirt --------------------------------------------------------------------------------------------------------------


def test_data_over_several_lines_is_one_event(tmp_path: Path) -> None:
    pretty = "".join(
        "".join(f"data: {line}\n" for line in json.dumps(event, indent=1).splitlines()) + "\n" for event in chat()
    )
    assert read(put(tmp_path / "logs", "a.log", "retry: 10\nid: 1\n" + pretty)).one["cost"] == COST


def test_the_last_event_of_a_live_file_may_be_cut(tmp_path: Path) -> None:
    whole = sse(chat())
    found = read(put(tmp_path / "logs", "a.log", whole[: len(whole) - 60]))
    assert (found.one["usage_quality"], found.one["cost"]) == ("missing", None)
    assert [line for line, _ in found.reasons()] == [7]
    assert read(put(tmp_path / "logs", "a.log", whole)).one["cost"] == COST


def test_broken_lines_between_events_are_counted(tmp_path: Path) -> None:
    events = [json.dumps(event) for event in chat()]
    found = read(put(tmp_path / "logs", "a.jsonl", "\n".join([events[0], '{"cut": ', "", "starting", *events[1:]])))
    assert (found.one["cost"], [line for line, _ in found.reasons()]) == (COST, [2, 4])


APIS: list[Callable[[str], list[Record]]] = [chat, claude]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_how_a_stream_is_written_and_read_does_not_count(data: st.DataObject) -> None:
    answers = data.draw(st.lists(st.sampled_from(APIS), min_size=1, max_size=3))
    events = [event for n, answer in enumerate(answers) for event in answer(f"id{n}")]
    text = sse(events, named=data.draw(st.booleans()), end=data.draw(st.sampled_from(["\n", "\r\n"])))
    file = io.BufferedReader(io.BytesIO(text.encode()), buffer_size=data.draw(st.integers(1, 64)))
    found = [
        record for _, record, raw, _ in streams.fold(streams.events(enumerate(file, 1)), is_sse=True) if raw is None
    ]
    assert found == folded(events)
    assert len(found) == len(answers)


@given(st.integers(0, len(sse(claude() + chat()))))
@settings(max_examples=60, deadline=None)
def test_a_stream_cut_anywhere_never_tells_more_than_it_knows(cut: int) -> None:
    text = sse(claude() + chat())[:cut]
    events = streams.events(enumerate(io.BytesIO(text.encode()), 1))
    found = [dict(record) for _, record, raw, _ in streams.fold(events, is_sse=True) if raw is None and record]
    for body, whole in zip(found, folded(claude() + chat()), strict=False):
        assert body["id"] == whole["id"]
        usage = body.get("usage", {})
        assert all(usage[name] <= count for name, count in whole["usage"].items() if isinstance(usage.get(name), int))
    assert len(found) <= 2


def test_memory_holds_one_answer() -> None:
    def events() -> Iterable[streams.Item]:
        for n in range(20_000):
            yield n, chunk(f"id{n // 100}", delta={"role": "assistant"} if n % 100 == 0 else {"content": "o"}), ""

    assert sum(count for *_, count in streams.fold(events(), is_sse=True)) == 20_000
