"""Logs of no known format (generic.sql): by the names of their columns, or by a mapping in llmcost.yaml."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from llmcost.store import open_scratch
from tests.sources.reading import Read, put, read, tokens, usd

Record = dict[str, Any]

AT_US = 1767225600 * 1_000_000
COST = usd("0.00173")  # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
HEADER = (
    "Timestamp",
    "Model",
    "Prompt Tokens",
    "Cached-Tokens",
    "completion_tokens",
    "reasoningTokens",
    "total_tokens",
    "user_id",
    "Cost USD",
)
VALUES = ("2026-01-01T00:00:00Z", "gpt-4o", "420", "256", "100", "64", "520", "u1", "0.00173")


@pytest.mark.parametrize(("mark", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv"), ("|", "a.txt")])
def test_a_table_with_the_usual_names(mark: str, name: str, tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", name, f"{mark.join(HEADER)}\n{mark.join(VALUES)}\n")).one
    assert (row["source"], tokens(row), row["cost"], row["source_cost"]) == ("generic", EXAMPLE, COST, COST)
    assert (row["ts_us"], row["user"], row["line"], row["usage_basis"]) == (AT_US, "u1", 2, "arithmetic")


@pytest.mark.parametrize(
    "record",
    [
        {
            "time": 1767225600,
            "model": "gpt-4o",
            "usage": {
                "prompt_tokens": 420,
                "cached_tokens": 256,
                "completion_tokens": 100,
                "reasoning_tokens": 64,
                "total_tokens": 520,
            },
        },
        {
            "ts": 1767225600000,
            "llm": "gpt-4o",
            "properties": {
                "tokens_in": 420,
                "tokens_out": 100,
                "cache_read_tokens": 256,
                "thinking_tokens": 64,
                "total_tokens": 520,
            },
        },
        {
            "date": "2026-01-01",
            "engine": "gpt-4o",
            "usage": {
                "prompt_tokens": 420,
                "prompt_tokens_details": {"cached_tokens": 256},
                "completion_tokens": 100,
                "completion_tokens_details": {"reasoning_tokens": 64},
                "total_tokens": 520,
            },
        },
        # usage that stands as text
        {
            "date": "2026-01-01",
            "model": "gpt-4o",
            "usage": '{"prompt_tokens": 420, "cached_tokens": 256, "completion_tokens": 100, "reasoning_tokens": 64, "total_tokens": 520}',
        },
    ],
)
def test_records_with_the_usual_names(record: Record, tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [record])).one
    assert (tokens(row), row["cost"], row["ts_us"]) == (EXAMPLE, COST, AT_US)


def test_usage_as_text_in_a_table(tmp_path: Path) -> None:
    text = 'date,model,usage\n2026-01-01,gpt-4o,"{""prompt_tokens"": 420, ""completion_tokens"": 100}"\n'
    row = read(put(tmp_path / "logs", "a.csv", text)).one
    assert (tokens(row), row["line"]) == ({"fresh_input": 420, "text_output": 100}, 2)


def test_a_parquet_file_with_nested_usage(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.parquet"
    path.parent.mkdir()
    with open_scratch() as scratch:
        scratch.run(
            f"COPY (SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS time, 'gpt-4o' AS model, {{'prompt_tokens': 420, 'completion_tokens': 100}} AS usage, "
            f"'u1' AS user FROM range(2)) TO '{path}' (FORMAT parquet)"
        )
    found = read(path)
    assert [(tokens(r), r["ts_us"], r["user"], r["line"]) for r in found.rows] == [
        ({"fresh_input": 420, "text_output": 100}, AT_US, "u1", n) for n in (1, 2)
    ]


def test_without_a_total_the_cache_is_assumed_to_be_inside(tmp_path: Path) -> None:
    row = read(
        put(tmp_path / "logs", "a.csv", "model,prompt_tokens,cached_tokens,completion_tokens\ngpt-4o,420,256,100\n")
    ).one
    assert (tokens(row), row["usage_basis"]) == ({"fresh_input": 164, "cache_read": 256, "text_output": 100}, "assumed")


def test_words_for_nothing_are_nothing(tmp_path: Path) -> None:
    text = "timestamp,model,prompt_tokens,completion_tokens,cached_tokens,user\n2026-01-01,gpt-4o,420,100,None,null\n,gpt-4o,1,2,,None\n"
    rows = read(put(tmp_path / "logs", "a.csv", text)).rows
    assert [(tokens(r), r["user"], r["ts_us"]) for r in rows] == [
        ({"fresh_input": 420, "text_output": 100}, None, AT_US),
        ({"fresh_input": 1, "text_output": 2}, None, None),
    ]


def test_a_column_that_holds_the_prompt_is_no_count_of_it(tmp_path: Path) -> None:
    record = {
        "time": 1767225600,
        "model": "gpt-4o",
        "prompt": "Find the notice period.",
        "input": "x",
        "tokens_in": 5,
        "tokens_out": 1,
    }
    assert tokens(read(put(tmp_path / "logs", "a.jsonl", [record])).one) == {"fresh_input": 5, "text_output": 1}


def test_costs_without_tokens_are_kept_as_recorded_costs(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.csv", "date,model,cost\n2026-01-01,gpt-4o,$0.25\n")).one
    assert (row["usage_quality"], row["cost"], row["source_cost"]) == ("missing", None, Decimal("0.25"))


def test_failures_by_a_status_column(tmp_path: Path) -> None:
    text = "date,model,prompt_tokens,completion_tokens,status\n2026-01-01,gpt-4o,5,1,200\n2026-01-01,gpt-4o,,,429\n2026-01-01,gpt-4o,,,timeout\n"
    assert [(r["kind"], r["error_kind"]) for r in read(put(tmp_path / "logs", "a.csv", text)).rows] == [
        ("call", None),
        ("attempt", "rate_limit"),
        ("attempt", "timeout"),
    ]


def test_other_events_of_the_same_log_are_passed_over(tmp_path: Path) -> None:
    call = {
        "happened": "call",
        "properties": {"main_model": "gpt-4o", "prompt_tokens": 638, "completion_tokens": 25, "cost": 0.0001107},
        "user_id": "u1",
        "timestamp": 1723560043,
    }
    found = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            [call, {"happened": "exit", "properties": {}, "user_id": "u1", "timestamp": 1723560044}],
        )
    )
    assert (found.one["model"], tokens(found.one), found.one["user"]) == (
        "gpt-4o",
        {"fresh_input": 638, "text_output": 25},
        "u1",
    )
    assert found.file.skipped == {"no model, tokens or cost": 1}


def test_parts_of_the_usage_by_the_object_they_stand_in(tmp_path: Path) -> None:
    usage = {
        **{"prompt_tokens": 500, "completion_tokens": 400, "prompt_tokens_details": {"audio_tokens": 300}},
        **{"completion_tokens_details": {"audio_tokens": 250}, "cache_creation": {"ephemeral_1h_input_tokens": 0}},
    }
    row = read(
        put(tmp_path / "logs", "a.jsonl", [{"time": 1767225600, "model": "gpt-4o-audio-preview", "usage": usage}])
    ).one
    assert tokens(row) == {"fresh_input": 200, "audio_input": 300, "text_output": 150, "audio_output": 250}


def test_equal_rows_without_id_are_two_calls_and_the_file_read_from_elsewhere_adds_none(tmp_path: Path) -> None:
    text = "date,model,prompt_tokens,completion_tokens\n" + "2026-01-01,gpt-4o,5,1\n" * 2
    assert len(read(put(tmp_path / "logs", "a.csv", text)).rows) == 2
    assert len(read(put(tmp_path / "copy", "b.csv", text)).rows) == 2


def test_a_table_that_only_has_its_header_yet(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "a.csv", "date,model,prompt_tokens,completion_tokens\n"))
    assert (found.rows, found.file.lines, found.file.source) == ([], 0, "generic")


MAPPED: Record = {
    "id": "e1",
    "at": 1767225600000,
    "event": "llm_done",
    "llm": {"model": "gpt-4o", "tok": {"in": 420, "cached": 256, "out": 100}},
    "device": {"owner": "u1"},
    "price": 0.173,
}
MAPPING = """
sources:
  - path: "logs/*.jsonl"
    name: mobile
    when: "event = 'llm_done'"
    columns: {request_id: id, ts: at, model: llm.model, input_tokens: llm.tok.in, cache_read_tokens: llm.tok.cached,
              output_tokens: llm.tok.out, user: device.owner, source_cost: price}
    constants: {agent: mobile, provider: openai}
    ts_unit: ms
    input_includes_cache: true
    cost_unit: cents
"""


def mapped(tmp_path: Path, yaml: str, *records: Record) -> Read:
    put(tmp_path, "llmcost.yaml", yaml)
    path = put(tmp_path / "logs", "a.jsonl", records)
    from llmcost import config

    return read(path, settings=config.load(tmp_path / "llmcost.yaml"))


def test_a_mapping_says_what_is_where(tmp_path: Path) -> None:
    found = mapped(tmp_path, MAPPING, MAPPED, {**MAPPED, "id": "e2", "event": "tapped"}, {"event": None})
    row = found.one
    assert (row["source"], row["request_id"], tokens(row), row["cost"], row["source_cost"]) == (
        "mobile",
        "e1",
        {"fresh_input": 164, "cache_read": 256, "text_output": 100},
        COST,
        COST,
    )
    assert (row["ts_us"], row["user"], row["agent"], row["provider"], row["usage_basis"]) == (
        AT_US,
        "u1",
        "mobile",
        "openai",
        "declared",
    )
    assert found.file.skipped == {"when: event = 'llm_done'": 2}


def test_what_a_mapping_passes_over_is_not_judged(tmp_path: Path) -> None:
    strange = {**MAPPED, "event": "tapped", "at": "soon", "llm": {"tok": {"in": "much"}}}
    found = mapped(tmp_path, MAPPING, MAPPED, strange)
    assert (found.quarantine, found.file.skipped) == ([], {"when: event = 'llm_done'": 1})


@pytest.mark.parametrize(
    ("unit", "value"), [("s", 1767225600), ("ms", 1767225600000), ("us", 1767225600000000), ("ns", 1767225600000000000)]
)
def test_units_of_time(unit: str, value: int, tmp_path: Path) -> None:
    row = mapped(tmp_path, MAPPING.replace("ts_unit: ms", f"ts_unit: {unit}"), {**MAPPED, "at": value}).one
    assert row["ts_us"] == AT_US


def test_a_time_that_is_none_in_its_unit_is_refused(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        MAPPING,
        {**MAPPED, "at": "soon"},
        {**MAPPED, "id": "e2", "at": 10**22},
        {**MAPPED, "id": "e3", "at": 10},
    )
    assert found.reasons() == [(1, "time: not an instant: soonms"), (2, f"time: not an instant: {10**22}ms")]
    assert found.one["ts_us"] == 10_000  # ten milliseconds, and not ten seconds


def test_local_times_of_a_zone(tmp_path: Path) -> None:
    yaml = MAPPING.replace("ts_unit: ms", "tz: Asia/Seoul")
    records = [
        {**MAPPED, "at": "2026-01-01 09:00:00"},
        {**MAPPED, "id": "e2", "at": "2026-01-01T00:00:00Z"},
        {**MAPPED, "id": "e3", "at": 1767225600},
        {**MAPPED, "id": "e4", "at": "soon"},
    ]
    found = mapped(tmp_path, yaml, *records)
    assert [row["ts_us"] for row in found.rows] == [AT_US] * 3
    assert found.reasons() == [(4, "time: not an instant: soon")]


def test_fresh_and_text_columns_stand_beside_cache_and_reasoning(tmp_path: Path) -> None:
    yaml = """
sources:
  - path: "logs/*"
    columns: {ts: at, model: m, fresh_input_tokens: i, cache_read_tokens: c, text_output_tokens: o, reasoning_tokens: z}
"""
    row = mapped(tmp_path, yaml, {"at": 1767225600, "m": "gpt-4o", "i": 164, "c": 100, "o": 36, "z": 20}).one
    assert (tokens(row), row["usage_basis"]) == (
        {"fresh_input": 164, "cache_read": 100, "text_output": 36, "reasoning": 20},
        "declared",
    )


def test_micros_of_a_dollar_and_aggregated_rows(tmp_path: Path) -> None:
    yaml = 'sources: [{path: "logs/*", columns: {ts: at, model: m, requests: n, input_tokens: i, output_tokens: o, source_cost: c}, cost_unit: micros}]'
    row = mapped(tmp_path, yaml, {"at": 1767225600, "m": "gpt-4o", "n": 40, "i": 4000, "o": 400, "c": 14000}).one
    assert (row["requests"], row["source_cost"], row["cost"]) == (40, Decimal("0.014"), usd("0.014"))


def test_names_with_dots_spaces_and_quotes_are_only_names(tmp_path: Path) -> None:
    put(
        tmp_path,
        "llmcost.yaml",
        """sources: [{path: "logs/*", columns: {ts: "when, exactly", model: "the 'model'", input_tokens: in $, output_tokens: out}}]""",
    )
    path = put(tmp_path / "logs", "a.csv", "\"when, exactly\",the 'model',in $,out\n2026-01-01,gpt-4o,420,100\n")
    from llmcost import config

    row = read(path, settings=config.load(tmp_path / "llmcost.yaml")).one
    assert (tokens(row), row["model"], row["ts_us"]) == ({"fresh_input": 420, "text_output": 100}, "gpt-4o", AT_US)


def test_a_log_that_nobody_knows_is_refused_with_its_keys_and_a_mapping_to_fill_in(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.jsonl", [{"moment": 1, "words": {"heard": 5, "said": 6}, "who": "u1"}])
    with pytest.raises(UsageError, match="no format llmcost knows") as error:
        read(path)
    hint = str(error.value.hint)
    assert "moment, words.heard, words.said, who" in hint
    assert (
        f'- {{path: "{path}", columns: {{ts: ..., model: ..., input_tokens: ..., output_tokens: ..., user: ...}}}}'
        in hint
    )


def test_a_mapping_decides_before_any_guess(tmp_path: Path) -> None:
    chat = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        "at": 1767225600,
        "n": 7,
    }
    row = mapped(
        tmp_path,
        'sources: [{path: "logs/*", columns: {ts: at, model: model, input_tokens: n, output_tokens: n}}]',
        chat,
    ).one
    assert (row["source"], tokens(row)) == ("generic", {"fresh_input": 7, "text_output": 7})


def test_digits_of_money_survive(tmp_path: Path) -> None:
    text = "date,model,prompt_tokens,completion_tokens,cost\n2026-01-01,gpt-4o,1,1,0.123456789012345678901234\n"
    assert read(put(tmp_path / "logs", "a.csv", text)).one["source_cost"] == Decimal("0.123456789012345678901234")
    line = json.dumps(
        {"date": "2026-01-01", "model": "gpt-4o", "tokens_in": 1, "tokens_out": 1, "cost": "0.123456789012345678901234"}
    )
    assert read(put(tmp_path / "two", "b.jsonl", line), ledger=tmp_path / "two.duckdb").one["source_cost"] == Decimal(
        "0.123456789012345678901234"
    )
