"""Logs as they lie around: every valid row counts, every broken line is in quarantine with its number, nothing is lost.

What `read` asserts each time: lines = requests + passed over + quarantined. Here placed.sql, parts.sql, doubtful.sql,
problems.sql, skips.sql, counts.sql, spread_lines.sql and staged.sql earn their keep.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from llmcost.sources import stage
from llmcost.store import open_scratch
from tests.sources.reading import Read, put, read, tokens

Record = dict[str, Any]


def chat(name: str, **more: Any) -> Record:
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    return {
        "id": name,
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-4o",
        "choices": [],
        "usage": usage,
        **more,
    }


def line(name: str, **more: Any) -> str:
    return json.dumps(chat(name, **more))


def lines_of(found: Read) -> dict[str, int]:
    return {row["request_id"]: row["line"] for row in found.rows}


def log(tmp_path: Path, content: str | bytes, name: str = "a.jsonl") -> Read:
    return read(put(tmp_path / "logs", name, content))


# --- JSON lines -------------------------------------------------------------------------------------------------------


def test_blank_lines_and_broken_ones_keep_their_numbers(tmp_path: Path) -> None:
    found = log(tmp_path, f"\n{line('a')}\n\n   \n{line('b')}\nnot json\n{line('c')}\n\n{line('d')[:40]}\n")
    assert lines_of(found) == {"a": 2, "b": 5, "c": 7}
    assert [place for place, _ in found.reasons()] == [6, 9]
    assert all(reason.startswith("not JSON: ") for _, reason in found.reasons())


def test_windows_line_ends(tmp_path: Path) -> None:
    assert lines_of(log(tmp_path, f"{line('a')}\r\n\r\n{line('b')}\r\n")) == {"a": 1, "b": 3}


def test_a_byte_order_mark(tmp_path: Path) -> None:
    assert lines_of(log(tmp_path, b"\xef\xbb\xbf" + f"{line('a')}\n{line('b')}\n".encode())) == {"a": 1, "b": 2}


def test_bad_utf8_and_lone_surrogates_count(tmp_path: Path) -> None:
    bad = line("b", user="X").encode().replace(b"X", b"\xff\xfe")
    lone = line("c", user="X").encode().replace(b"X", b"\\ud800")
    found = log(tmp_path, b"\n".join([line("a").encode(), bad, lone, line("d").encode()]) + b"\n")
    assert {i: (tokens(r), r["line"]) for i, r in found.by_id().items()} == {
        name: ({"fresh_input": 10, "text_output": 2}, number) for number, name in enumerate("abcd", 1)
    }


def test_trailing_commas_and_brackets_around_lines(tmp_path: Path) -> None:
    assert lines_of(log(tmp_path, f"{line('a')},\n{line('b')},\n{line('c')}\n")) == {"a": 1, "b": 2, "c": 3}
    found = read(
        put(tmp_path / "two", "a.jsonl", f"[\n{line('a')},\n{line('b')},\n]\n"), ledger=tmp_path / "two.duckdb"
    )
    assert lines_of(found) == {"a": 2, "b": 3}


def test_nan_is_refused_where_it_is_a_count_and_harmless_elsewhere(tmp_path: Path) -> None:
    found = log(
        tmp_path,
        f"{line('a')}\n{line('b', score=float('nan'))}\n{line('c', usage={'prompt_tokens': float('nan'), 'completion_tokens': 1})}\n",
    )
    assert lines_of(found) == {"a": 1, "b": 2}
    assert found.reasons() == [(3, "input tokens: not a count: NaN")]


def test_a_line_that_is_json_inside_a_string(tmp_path: Path) -> None:
    assert lines_of(log(tmp_path, f"{line('a')}\n{json.dumps(line('b'))}\n")) == {"a": 1, "b": 2}
    assert lines_of(
        read(put(tmp_path / "two", "a.log", f"{json.dumps(line('b'))}\n"), ledger=tmp_path / "two.duckdb")
    ) == {"b": 1}


AT = "2026-01-01T00:00:00Z"
SPAN: Record = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "chat gpt-4o",
    "startTimeUnixNano": "1767225600000000000",
    "endTimeUnixNano": "1767225601000000000",
    "attributes": [
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "2"}},
    ],
}
EVENT: Record = {
    "timeUnixNano": "1767225600000000000",
    "body": {"stringValue": "claude_code.api_request"},
    "attributes": [
        {"key": "session.id", "value": {"stringValue": "s1"}},
        {"key": "model", "value": {"stringValue": "claude-sonnet-4-5"}},
        {"key": "input_tokens", "value": {"intValue": "10"}},
        {"key": "output_tokens", "value": {"intValue": "2"}},
    ],
}
OWN_LINES: dict[str, Record] = {
    "langfuse_observation": {
        **{"id": "ob1", "traceId": "tr1", "type": "GENERATION", "startTime": AT, "model": "gpt-4o"},
        **{"parentObservationId": None, "usageDetails": {"input": 10, "output": 2, "total": 12}},
    },
    "otlp_traces": {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "x"}, "spans": [SPAN]}]}]},
    "otel_span": SPAN,
    "otlp_logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [EVENT]}]}]},
    "claude_code": {
        **{"type": "assistant", "timestamp": AT, "sessionId": "s2", "uuid": "u1", "requestId": "req_1"},
        "message": {"id": "m0", "model": "claude-sonnet-4-5", "usage": {"input_tokens": 10, "output_tokens": 2}},
    },
    "codex": {
        **{"timestamp": AT, "type": "event_msg"},
        "payload": {
            "type": "token_count",
            "info": {"total_token_usage": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}},
        },
    },
    "gemini_cli": {
        **{"sessionId": "s3", "projectHash": "ab", "startTime": AT},
        "messages": [
            {
                "id": "m1",
                "timestamp": AT,
                "type": "gemini",
                "model": "gemini-2.5-pro",
                "tokens": {"input": 10, "output": 2},
            }
        ],
    },
    "qwen_code": {
        **{"type": "assistant", "timestamp": AT, "sessionId": "s4", "uuid": "u2", "model": "qwen3-coder-plus"},
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12},
    },
    "opencode": {
        **{"id": "o1", "sessionID": "s5", "role": "assistant", "modelID": "gpt-4o", "providerID": "openai"},
        **{"time": {"created": 1767225600000}, "tokens": {"input": 10, "output": 2}},
    },
}
"""One line of each format in which most lines are rightly no requests."""
OTHERS: list[Record] = [
    {
        **{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "created_at": AT},
        "usage": {"input_tokens": 10, "output_tokens": 2},
    },
    {
        **{"id": "chatcmpl-x", "object": "chat.completion", "created": 1767225600, "model": "gpt-4o"},
        **{"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}},
    },
    {
        **{"id": "slp1", "trace_id": "t9", "session_id": "s6", "litellm_call_id": "c1", "call_type": "acompletion"},
        **{"startTime": 1767225600.5, "endTime": 1767225601.5, "model": "gpt-4o", "response_cost": 0.001},
        **{"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "status": "success"},
    },
    {
        **{"id": "run1", "trace_id": "run0", "run_type": "llm", "start_time": AT, "name": "ChatOpenAI"},
        **{"extra": {"metadata": {"ls_model_name": "gpt-4o"}}},
        "outputs": {"usage_metadata": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}},
    },
    {
        **{"schemaType": "ModelInvocationLog", "timestamp": AT, "requestId": "b1", "operation": "Converse"},
        **{"modelId": "amazon.nova-lite-v1:0", "input": {"inputTokenCount": 10}, "output": {"outputTokenCount": 2}},
    },
]


@pytest.mark.parametrize("name", OWN_LINES)
def test_no_line_of_another_format_and_no_broken_one_is_taken_for_a_line_without_usage(
    name: str, tmp_path: Path
) -> None:
    own = json.dumps(OWN_LINES[name])
    # of the one call that stands there as a span and as a batch of spans, one
    spans = {"otlp_traces", "otel_span"} if name in ("otlp_traces", "otel_span") else {"otlp_traces"}
    others = [record for each, record in OWN_LINES.items() if each != name and each not in spans] + OTHERS
    broken = own[: len(own) // 2]
    text = "\n".join([own, broken, *map(json.dumps, others), *[own] * len(others)])
    found = read(put(tmp_path / "logs", "a.jsonl", text))
    assert found.file.source == name
    assert sum(row["requests"] for row in found.rows) == 1 + len(others)
    assert {row["line"] for row in found.rows} > set(range(3, 3 + len(others)))
    assert [line for line, reason in found.reasons() if reason.startswith("not JSON")] == [2]
    assert len(found.reasons()) == 1


@pytest.mark.parametrize("name", OWN_LINES)
def test_a_line_of_every_format_counts_with_a_comma_behind_it(name: str, tmp_path: Path) -> None:
    found = log(tmp_path, json.dumps(OWN_LINES[name]) + ",\n")
    assert (found.one["input_tokens"], found.one["output_tokens"], found.reasons()) == (10, 2, [])


def test_what_coding_agents_write_beside_the_session_is_still_passed_over(tmp_path: Path) -> None:
    beside: list[Record] = [
        {"type": "summary", "summary": "x", "leafUuid": "u1"},
        {"type": "file-history-snapshot", "messageId": "m1", "snapshot": {}, "isSnapshotUpdate": False},
        {"type": "queue-operation", "operation": "enqueue", "timestamp": AT, "sessionId": "s2"},
        {"type": "a-kind-that-is-new", "note": "x"},
    ]
    found = log(tmp_path, "\n".join(map(json.dumps, [*beside, OWN_LINES["claude_code"]])))
    assert (len(found.rows), found.file.skipped, found.reasons()) == (1, {"a line without usage": 4}, [])


def test_values_that_are_no_objects(tmp_path: Path) -> None:
    found = log(tmp_path, f'{line("a")}\nnull\n5\n"text"\n[1]\ntrue\n{line("b")}{line("c")}\n{{}}\n')
    assert lines_of(found) == {"a": 1}
    assert found.reasons() == [
        (2, "not a JSON object but null"),
        (3, "not a JSON object but int"),
        (4, "not a JSON object but str"),
        (5, "not a JSON object but list"),
        (6, "not a JSON object but bool"),
        (7, f"not JSON: Extra data at character {len(line('b'))}"),
        (8, "no known format; keys: none"),
    ]


def test_values_that_are_no_objects_in_a_log_of_no_known_format(tmp_path: Path) -> None:
    plain = '{"date": "2026-01-01", "model": "gpt-4o", "tokens_in": 5, "tokens_out": 1}'
    found = log(tmp_path, f"{plain}\nnull\n5\n{plain}\n")
    assert ([row["line"] for row in found.rows], [place for place, _ in found.reasons()]) == ([1, 4], [2, 3])


def test_talk_before_and_between_json_lines(tmp_path: Path) -> None:
    found = log(tmp_path, f"INFO: server started, pid 7\n{line('a')}\nINFO: bye, bye\n", "server.log")
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 2}, [1, 3])


def test_a_log_whose_first_line_is_cut(tmp_path: Path) -> None:
    found = log(tmp_path, f"{line('x')[:50]}\n{line('a')}\n{line('b')}\n")
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 2, "b": 3}, [1])


def test_deep_nesting_is_refused_and_stops_nothing(tmp_path: Path) -> None:
    found = log(tmp_path, f"{line('a')}\n{'[' * 100_000}\n{line('b')}\n")
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 1, "b": 3}, [2])


def test_a_line_of_40_mb(tmp_path: Path) -> None:
    monster = line("b", choices=[{"message": {"content": "x" * 40_000_000}}])
    found = log(tmp_path, f"{line('a')}\n\n{monster}\nbroken\n{line('c')}\n")
    assert lines_of(found) == {"a": 1, "b": 3, "c": 5}
    assert [place for place, _ in found.reasons()] == [4]


def test_rows_without_id_keep_theirs_when_a_monstrous_line_joins_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "MAX_RECORD_BYTES", 1 << 20)
    plain = json.dumps({key: value for key, value in chat("").items() if key != "id"}, ensure_ascii=False)
    path = put(tmp_path / "logs", "a.jsonl", f"{plain}\n")
    read(path)
    path.write_text(f"{plain}\n{line('b', pad='x' * 4_000_000)}\n")
    found = read(path)
    assert (len(found.rows), found.file.new, found.file.duplicates) == (2, 1, 0)


def test_nul_characters_in_a_text(tmp_path: Path) -> None:
    assert lines_of(log(tmp_path, f"{line('a')}\n{line('b', user='x' + chr(0) + 'y')}\n")) == {"a": 1, "b": 2}


# --- JSON documents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([chat("a"), chat("b")]),
        json.dumps([chat("a"), chat("b")], indent=2),
        json.dumps({"data": [chat("a"), chat("b")]}),
        json.dumps({"object": "list", "data": [chat("a"), chat("b")], "has_more": False}, indent=2),
        json.dumps({"records": [chat("a"), chat("b")]}, indent=None),
        json.dumps(chat("a"), indent=4) + "\n" + json.dumps(chat("b"), indent=4),
        "\n\n" + json.dumps([chat("a"), chat("b")], indent=1),
    ],
    ids=["array", "printed array", "envelope", "printed envelope", "records", "printed objects", "blank lines first"],
)
def test_json_documents(text: str, tmp_path: Path) -> None:
    found = log(tmp_path, text, "a.json")
    assert [(row["request_id"], tokens(row)) for row in found.rows] == [
        ("a", {"fresh_input": 10, "text_output": 2}),
        ("b", {"fresh_input": 10, "text_output": 2}),
    ]


def test_elements_of_a_document_know_their_lines(tmp_path: Path) -> None:
    text = f"[\n{line('a')},\n\n{line('b')}\n,{line('c')}]"
    assert lines_of(log(tmp_path, text, "a.json")) == {"a": 2, "b": 4, "c": 5}


def test_a_document_that_ends_too_early(tmp_path: Path) -> None:
    found = log(tmp_path, f"[\n{line('a')},\n{line('b')[:30]}", "a.json")
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 1 + 1}, [3])


def test_a_document_with_a_broken_element_goes_on_after_it(tmp_path: Path) -> None:
    found = log(tmp_path, f"[\n{line('a')},\n{{broken}},\n{line('b')}\n]", "a.json")
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 2, "b": 4}, [3])


def test_a_long_array_is_read_in_pieces(tmp_path: Path) -> None:
    count = 3000
    text = "[" + ",\n".join(line(f"c{n}", pad="x" * 1000) for n in range(count)) + "]"
    found = log(tmp_path, text, "a.json")
    assert (len(found.rows), found.rows[-1]["line"], found.quarantine) == (count, count, [])


# --- packing and encoding ---------------------------------------------------------------------------------------------

TEXT = f"{line('a')}\n\n{line('b')}\nbroken\n{line('c')}\n"


def test_gzip_of_one_and_of_many_members(tmp_path: Path) -> None:
    whole, parts = (
        gzip.compress(TEXT.encode()),
        b"".join(gzip.compress(part.encode()) for part in TEXT.splitlines(keepends=True)),
    )
    for n, packed in enumerate((whole, parts)):
        found = read(put(tmp_path / f"{n}", "a.jsonl.gz", packed), ledger=tmp_path / f"{n}.duckdb")
        assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 1, "b": 3, "c": 5}, [4])


def test_a_gzip_that_is_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    import random

    noise = random.Random(1)
    text = "".join(line(f"c{n}", pad=f"{noise.random()}") + "\n" for n in range(20_000)).encode()
    packed = gzip.compress(text)
    found = log(tmp_path, packed[: len(packed) // 2], "a.jsonl.gz")
    assert 5_000 < len(found.rows) < 15_000
    assert len(found.quarantine) == 1
    assert "the archive is damaged" in found.report.notes[0]


def test_zstd(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.jsonl.zst"
    path.parent.mkdir()
    with open_scratch() as scratch:
        scratch.run(
            f"COPY (SELECT unnest($rows)) TO '{path}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x02', NULLSTR '', COMPRESSION zstd)",
            {"rows": TEXT.split("\n")},
        )
    found = read(path)
    assert (lines_of(found), [place for place, _ in found.reasons()]) == ({"a": 1, "b": 3, "c": 5}, [4])
    assert found.report.notes == []
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(UsageError, match="the archive is damaged"):
        read(path)


CSV = "timestamp,model,prompt_tokens,completion_tokens,user,note\n2026-01-01T00:00:00Z,gpt-4o,10,2,u1,x\n2026-01-01T00:00:01Z,gpt-4o,10,2,u2,y\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_table_as_spreadsheets_save_it(encoding: str, tmp_path: Path) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    found = log(tmp_path, mark + CSV.replace("\n", "\r\n").encode(encoding), "a.csv")
    assert [(r["user"], r["line"], tokens(r)) for r in found.rows] == [
        (f"u{n}", n + 1, {"fresh_input": 10, "text_output": 2}) for n in (1, 2)
    ]


def test_a_table_of_utf16_read_twice_adds_nothing(tmp_path: Path) -> None:
    read(put(tmp_path / "logs", "a.csv", CSV.encode("utf-16")))
    assert len(read(put(tmp_path / "logs", "b.csv", (CSV + "\n").encode("utf-16"))).rows) == 2


# --- tables -----------------------------------------------------------------------------------------------------------


def test_quoted_newlines_and_blank_lines_keep_the_line_numbers(tmp_path: Path) -> None:
    text = CSV.replace("u1,x", 'u1,"two\n\nlines"') + "\n2026-01-01T00:00:02Z,gpt-4o,NaN,2,u3,z\n"
    found = log(tmp_path, text, "a.csv")
    assert [(r["user"], r["line"]) for r in found.rows] == [("u1", 2), ("u2", 5)]
    assert found.reasons() == [(7, "input tokens: not a count: NaN")]


def test_ragged_rows(tmp_path: Path) -> None:
    text = (
        CSV
        + "2026-01-01T00:00:02Z,gpt-4o,10,2\n2026-01-01T00:00:03Z,gpt-4o,10,2,u4,a,b,c\n2026-01-01T00:00:04Z,gpt-4o,10,2,u5,x,,\n"
    )
    found = log(tmp_path, text, "a.csv")
    assert [(r["user"], r["line"]) for r in found.rows] == [("u1", 2), ("u2", 3), (None, 4), ("u5", 6)]
    assert found.reasons() == [(5, "8 fields under 6 names")]


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    text = (
        CSV
        + '2026-01-01T00:00:02Z,gpt-4o,10,2,u3,"open\n2026-01-01T00:00:03Z,gpt-4o,10,2,u4,in"ner\n2026-01-01T00:00:04Z,gpt-4o,10,2,u5,z\n'
    )
    found = log(tmp_path, text, "a.csv")
    assert [(r["user"], r["line"]) for r in found.rows] == [("u1", 2), ("u2", 3), ("u4", 5), ("u5", 6)]
    assert found.reasons() == [(4, "a quote that is not closed, or closed too early")]


def test_bad_utf8_in_a_table_counts(tmp_path: Path) -> None:
    found = log(tmp_path, CSV.encode().replace(b"u2", b"\xff2"), "a.csv")
    assert [r["line"] for r in found.rows] == [2, 3]


def test_rows_without_id_keep_theirs_when_the_table_gets_a_ragged_row(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.csv", CSV.replace("u1", "ü1"))
    read(path)
    path.write_text(CSV.replace("u1", "ü1") + "2026-01-01T00:00:02Z,gpt-4o,10,2\n", encoding="utf-8")
    assert (len(read(path).rows)) == 3


def test_a_row_that_looks_like_a_comment_is_a_row(tmp_path: Path) -> None:
    found = log(tmp_path, "user,model,prompt_tokens,completion_tokens\n#1,gpt-4o,10,2\n", "a.csv")
    assert found.one["user"] == "#1"


def test_names_twice_or_without_one(tmp_path: Path) -> None:
    found = log(tmp_path, "model,Model,,prompt_tokens,completion_tokens\ngpt-4o,x,y,10,2\n", "a.csv")
    assert (found.one["model"], tokens(found.one)) == ("gpt-4o", {"fresh_input": 10, "text_output": 2})


# --- mixtures ---------------------------------------------------------------------------------------------------------

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 40, "cache_read_input_tokens": 10, "output_tokens": 5},
}
PAYLOAD = {
    **{
        "id": "slp-1",
        "litellm_call_id": "c",
        "call_type": "acompletion",
        "startTime": 1767225600.0,
        "endTime": 1767225601.0,
        "response_cost": 0.1,
    },
    **{
        "status": "success",
        "model": "gpt-4o",
        "model_group": "g",
        "prompt_tokens": 20,
        "completion_tokens": 2,
        "total_tokens": 22,
    },
    **{
        "metadata": {"usage_object": {"prompt_tokens": 20}},
        "hidden_params": {},
        "response": chat("inner"),
        "request_tags": ["feature:chat"],
    },
}
SPEND = {
    **{
        "request_id": "spend-1",
        "call_type": "acompletion",
        "spend": 0.1,
        "startTime": "2026-01-01 00:00:00",
        "model": "gpt-4o",
    },
    **{"prompt_tokens": 30, "completion_tokens": 3, "total_tokens": 33, "metadata": {}, "user": "svc"},
}
NATIVE = {
    "request_id": "native-1",
    "ts": "2026-01-01T00:00:00Z",
    "model": "gpt-4o",
    "input_tokens": 50,
    "output_tokens": 5,
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1767225600,
    "model": "gpt-4o",
    "metadata": {},
    "usage": {"input_tokens": 60, "output_tokens": 6},
}
EACH = {
    "litellm_slp": (PAYLOAD, "slp-1", {"fresh_input": 20, "text_output": 2}),
    "litellm_spendlogs": (SPEND, "spend-1", {"fresh_input": 30, "text_output": 3}),
    "anthropic_message": (MESSAGE, "msg_1", {"fresh_input": 40, "cache_read": 10, "text_output": 5}),
    "native": (NATIVE, "native-1", {"fresh_input": 50, "text_output": 5}),
    "openai_responses": (RESPONSE, "resp_1", {"fresh_input": 60, "text_output": 6}),
    "openai_chat": (chat("chat-1"), "chat-1", {"fresh_input": 10, "text_output": 2}),
}


def as_own(record: Record, name: str) -> Record:
    key = "request_id" if "request_id" in record else "id"
    return {**record, key: name}


@pytest.mark.parametrize("host", EACH)
def test_every_format_as_a_guest_in_a_file_of_every_other(host: str, tmp_path: Path) -> None:
    hosts = [as_own(EACH[host][0], f"host-{n}") for n in range(9)]
    guests = [record for source, (record, _, _) in EACH.items() if source != host]
    found = log(tmp_path, "".join(json.dumps(r) + "\n" for r in [*hosts, *guests]))
    rows = found.by_id()
    for source, (_, name, wanted) in EACH.items():
        if source != host:
            assert (rows[name]["source"], tokens(rows[name])) == (source, wanted)
    assert (len(rows), found.quarantine) == (len(hosts) + len(guests), [])


def test_every_format_in_one_folder(tmp_path: Path) -> None:
    for n, (record, _, _) in enumerate(EACH.values()):
        put(tmp_path / "logs", f"{n}.jsonl", [record])
    put(tmp_path / "logs", "sub/7.csv", CSV)
    put(tmp_path / "logs", "users.csv", "user,plan\nu1,free\n")
    put(tmp_path / "logs", "empty.jsonl", "")
    put(tmp_path / "logs", "blank.jsonl", "\n \n")
    put(tmp_path / "logs", "README.md", "no log\n")
    found = read(tmp_path / "logs")
    rows = found.by_id()
    assert {name: tokens(rows[name]) for _, name, _ in EACH.values()} == {
        name: wanted for _, name, wanted in EACH.values()
    }
    assert [(Path(f.path).name, f.source) for f in found.report.files] == [
        *((f"{n}.jsonl", source) for n, source in enumerate(EACH)),
        *(("blank.jsonl", "empty"), ("empty.jsonl", "empty"), ("7.csv", "generic")),
    ]
    assert [note.split("/")[-1].split(":")[0] for note in found.report.notes] == ["users.csv"]


def test_many_small_files_are_read_together(tmp_path: Path) -> None:
    for n in range(70):
        put(tmp_path / "logs", f"{n:02}.json", line(f"c{n:02}") if n != 7 else "{broken\n")
    found = read(tmp_path / "logs")
    assert [row["request_id"] for row in found.rows] == [f"c{n:02}" for n in range(70) if n != 7]
    assert {row["line"] for row in found.rows} == {1}
    assert [Path(f.path).name for f in found.report.files] == [f"{n:02}.json" for n in range(70) if n != 7]
    assert "07.json" in found.report.notes[0]


def test_small_files_with_dirt_keep_their_own_lines(tmp_path: Path) -> None:
    for n in range(5):
        put(tmp_path / "logs", f"{n}.jsonl", "\n" * n + f"{line(f'a{n}')}\nbroken\n{line(f'b{n}')}\n")
    found = read(tmp_path / "logs")
    assert lines_of(found) == {f"{mark}{n}": n + place for n in range(5) for mark, place in (("a", 1), ("b", 3))}
    assert [(Path(file).name, place) for file, place, _ in found.quarantine] == [
        (f"{n}.jsonl", n + 2) for n in range(5)
    ]


def test_one_monstrous_file_does_not_harm_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MAX_RECORD_BYTES", 1 << 20)
    put(tmp_path / "logs", "a.jsonl", f"{line('a')}\n")
    put(tmp_path / "logs", "b.jsonl", f"{line('b', pad='x' * 4_000_000)}\n")
    put(tmp_path / "logs", "c.jsonl", f"{line('c')}\n")
    assert lines_of(read(tmp_path / "logs")) == {"a": 1, "b": 1, "c": 1}


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.bin", bytes(range(256)) * 40, "this is no text"),
        ("a.db", b"SQLite format 3\0" + b"\0" * 100, "the database cannot be read"),
        ("a.zip", b"PK\x03\x04" + b"\0" * 100, "zip archives cannot be read"),
        ("a.txt", b'data: {"id": "x"}\n\ndata: [DONE]\n', "no format llmcost knows"),
        ("a.txt", b"event: message_start\ndata: {}\n\n", "no format llmcost knows"),
        ("a.txt", b"Dear diary\n", "no format llmcost knows"),
        ("a.jsonl", b'{"cut": \n', "no format llmcost knows"),
        ("a.zst", b"\x28\xb5\x2f\xfdjunk", "the archive is damaged"),
    ],
)
def test_what_is_no_log_is_refused_with_a_sentence_and_ignored_in_a_folder(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = put(tmp_path / "logs", name, content)
    with pytest.raises(UsageError, match=message) as error:
        read(path)
    assert error.value.place == str(path)
    assert error.value.hint


def test_files_in_a_folder_that_are_no_logs_are_named_in_a_note(tmp_path: Path) -> None:
    put(tmp_path / "logs", "a.json", b"PK\x03\x04" + b"\0" * 100)
    put(tmp_path / "logs", "b.log", b'data: {"id": "x"}\n\n')
    put(tmp_path / "logs", "c.jsonl", line("c"))
    found = read(tmp_path / "logs")
    assert (lines_of(found), [note.split(": ", 1)[1].split(",")[0] for note in found.report.notes]) == (
        {"c": 1},
        ["not read", "not read"],
    )


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    found = log(tmp_path, "")
    assert (found.rows, found.file.source, found.file.lines) == ([], "empty", 0)


def test_a_folder_without_logs(tmp_path: Path) -> None:
    put(tmp_path / "logs", "README.md", "hello")
    with pytest.raises(UsageError, match="the folder holds no log files"):
        read(tmp_path / "logs")


def test_a_path_that_is_not_there_names_its_neighbour(tmp_path: Path) -> None:
    put(tmp_path / "logs", "litellm.jsonl", line("a"))
    with pytest.raises(UsageError, match="no such file or folder") as error:
        read(tmp_path / "logs" / "litelm.jsonl")
    assert error.value.hint == "did you mean 'litellm.jsonl'?"


def test_a_pattern(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl", "c.txt"):
        put(tmp_path / "logs", name, line(name))
    assert set(lines_of(read(tmp_path / "logs" / "*.jsonl"))) == {"a.jsonl", "b.jsonl"}
    with pytest.raises(UsageError, match="the pattern matches no file"):
        read(tmp_path / "logs" / "*.csv")


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.jsonl", line("a"))
    assert len(read(path, path, tmp_path / "logs", tmp_path / "logs" / ".." / "logs" / "a.jsonl").report.files) == 1


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(gzip.compress(TEXT.encode()))

    monkeypatch.setattr(sys, "stdin", Pipe())
    found = read(Path("-"), ledger=tmp_path / "ledger.duckdb")
    assert (lines_of(found), found.file.path, [place for place, _ in found.reasons()]) == (
        {"a": 1, "b": 3, "c": 5},
        "-",
        [4],
    )
