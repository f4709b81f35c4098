"""llmcost's own format: any of the ledger's columns, totals or parts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.store import open_ledger, open_scratch
from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

CALL: Record = {"request_id": "r1", "ts": "2026-01-01T00:00:00Z", "provider": "openai", "model": "gpt-4o", "user": "u1"}
PARTS = {"fresh_input_tokens": 164, "cache_read_tokens": 256, "text_output_tokens": 36, "reasoning_tokens": 64}
TOTALS = {"input_tokens": 420, "cache_read_tokens": 256, "output_tokens": 100, "reasoning_tokens": 64}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
COST = usd("0.00173")


def test_parts_and_totals_say_the_same(tmp_path: Path) -> None:
    rows = read(put(tmp_path / "logs", "a.jsonl", [{**CALL, **PARTS}, {**CALL, "request_id": "r2", **TOTALS}])).rows
    assert [tokens(row) for row in rows] == [EXAMPLE, EXAMPLE]
    assert [(row["cost"], row["source"], row["kind"], row["usage_quality"], row["ts_us"]) for row in rows] == [
        (COST, "native", "call", "exact", 1767225600 * 1_000_000)
    ] * 2


def test_the_total_of_writes_leaves_what_its_parts_do_not_say(tmp_path: Path) -> None:
    record = {**CALL, "input_tokens": 500, "cache_write_tokens": 300, "cache_write_1h_tokens": 200, "output_tokens": 1}
    assert tokens(read(put(tmp_path / "logs", "a.jsonl", [record])).one) == {
        "fresh_input": 200,
        "cache_write_1h": 200,
        "cache_write_other": 100,
        "text_output": 1,
    }


def test_a_total_below_its_parts_is_refused(tmp_path: Path) -> None:
    records = [
        {**CALL, "input_tokens": 100, "cache_read_tokens": 256},
        {**CALL, "output_tokens": 5, "reasoning_tokens": 6},
        {**CALL, "input_tokens": 100, "cache_write_tokens": 200},
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    assert found.reasons() == [
        (1, "input_tokens: less than its parts"),
        (2, "output_tokens: less than its parts"),
        (3, "input_tokens: less than its parts"),
    ]


def test_aggregated_rows_keep_their_number(tmp_path: Path) -> None:
    row = read(
        put(tmp_path / "logs", "a.jsonl", [{**CALL, "requests": 37, "input_tokens": 2_000_000_000, "output_tokens": 0}])
    ).one
    assert (row["requests"], row["input_tokens"], row["cost"]) == (37, 2_000_000_000, usd("5000"))


def test_a_cost_without_our_price_is_what_somebody_recorded(tmp_path: Path) -> None:
    records = [
        {**CALL, **PARTS, "cost": "0.5"},
        {**CALL, **PARTS, "request_id": "r2", "cost": "0.5", "price_id": "p"},
        {**CALL, **PARTS, "request_id": "r3", "source_cost": "0.25"},
    ]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    assert {i: (r["cost"], r["source_cost"], r["source_cost_kind"]) for i, r in rows.items()} == {
        "r1": (COST, Decimal("0.5"), "recorded"),
        "r2": (COST, None, None),
        "r3": (COST, Decimal("0.25"), "recorded"),
    }


def test_failures_need_no_counts(tmp_path: Path) -> None:
    records = [{**CALL, **PARTS}, {**CALL, "request_id": "r2", "status": "error", "error_kind": "timeout"}]
    rows = read(put(tmp_path / "logs", "a.jsonl", records)).by_id()
    assert (rows["r2"]["kind"], rows["r2"]["error_kind"], rows["r2"]["cost"], rows["r2"]["usage_quality"]) == (
        "attempt",
        "timeout",
        0,
        "exact",
    )


def test_a_call_without_counts_is_missing_usage(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [CALL, {**CALL, "request_id": "r2", **PARTS}])).by_id()["r1"]
    assert (row["usage_quality"], row["cost"]) == ("missing", None)


def test_maps_and_lists(tmp_path: Path) -> None:
    record = {
        **CALL,
        **PARTS,
        "tags": {"a": "1"},
        "units": {"web_search": 2},
        "scores": {"judge": 0.5},
        "prefix_blocks": [1, 2, 3],
    }
    row = read(put(tmp_path / "logs", "a.jsonl", [record])).one
    assert (row["tags"], row["units"], row["scores"], row["prefix_blocks"]) == (
        {"a": "1"},
        {"web_search": 2},
        {"judge": Decimal("0.5")},
        [1, 2, 3],
    )


def test_words_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    records = [
        {**CALL, **PARTS, "kind": "cal"},
        {**CALL, **PARTS, "usage_quality": "good"},
        {**CALL, **PARTS, "ts": "soon"},
        {**CALL, **PARTS, "cache_read_tokens": 1.5},
    ]
    assert read(put(tmp_path / "logs", "a.jsonl", records)).reasons() == [
        (1, "kind: unknown word: cal"),
        (2, "usage_quality: unknown word: good"),
        (3, "ts: not an instant: soon"),
        (4, "cache_read_tokens: not a count: 1.5"),
    ]


def test_one_strange_key_makes_it_generic(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "a.jsonl", [{**CALL, "input_tokens": 1, "output_tokens": 1, "mood": "fine"}]))
    assert found.one["source"] == "generic"


def test_csv_and_parquet(tmp_path: Path) -> None:
    table = put(
        tmp_path / "logs",
        "a.csv",
        'request_id,ts,model,input_tokens,output_tokens,tags\nr1,2026-01-01,gpt-4o,100,10,"{""a"": ""1""}"\n',
    )
    with open_scratch() as scratch:
        scratch.run(
            f"COPY (SELECT 'r2' AS request_id, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS ts, 'gpt-4o' AS model, 100 AS input_tokens, 10 AS output_tokens, "
            f"MAP {{'a': '1'}} AS tags, 0.123456789012345678901234::DECIMAL(38, 24) AS source_cost) TO '{tmp_path / 'logs' / 'b.parquet'}' (FORMAT parquet)"
        )
    rows = read(table.parent).by_id()
    for row in rows.values():
        assert (tokens(row), row["tags"], row["ts_us"], row["source"]) == (
            {"fresh_input": 100, "text_output": 10},
            {"a": "1"},
            1767225600 * 1_000_000,
            "native",
        )
    assert rows["r2"]["source_cost"] == Decimal("0.123456789012345678901234")


def test_a_foreign_record_in_between_is_read_as_what_it_is(tmp_path: Path) -> None:
    chat = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }
    rows = read(
        put(tmp_path / "logs", "a.jsonl", [{**CALL, **PARTS}, {**CALL, **PARTS, "request_id": "r2"}, chat])
    ).by_id()
    assert (rows["chatcmpl-1"]["source"], tokens(rows["chatcmpl-1"])) == (
        "openai_chat",
        {"fresh_input": 5, "text_output": 1},
    )


def test_rows_without_id_have_the_same_id_wherever_the_file_lies(tmp_path: Path) -> None:
    record = {key: value for key, value in CALL.items() if key != "request_id"} | PARTS
    read(put(tmp_path / "logs", "a.jsonl", [record]))
    copied = read(put(tmp_path / "logs", "copied.jsonl", [record]))
    assert (len(copied.rows), copied.file.new, copied.file.skipped) == (1, 0, {"read before": 1})
    longer = read(put(tmp_path / "logs", "longer.jsonl", [record, {**record, "model": "gpt-4o-mini"}]))
    assert (len(longer.rows), longer.file.new, longer.file.duplicates) == (2, 1, 1)


def test_an_exported_ledger_read_into_an_empty_one_is_the_same_ledger(tmp_path: Path) -> None:
    records = [
        {**CALL, **PARTS, "tags": {"a": "1"}, "source_cost": "0.00173"},
        {**CALL, "request_id": "r2", "trace": "t", "status": "error", "error_kind": "timeout"},
        {**CALL, "request_id": "r3", "trace": "t", "ts": "2026-01-01T00:00:01Z", **TOTALS},
        {**CALL, "request_id": "r4", "model": "unheard-of", **PARTS},
        {**CALL, "request_id": "r5"},
    ]
    first = read(put(tmp_path / "logs", "a.jsonl", records))
    exported = tmp_path / "export" / "requests.jsonl"
    exported.parent.mkdir()
    with open_ledger(first.ledger, read_only=True) as store:
        # instants leave as text of UTC, money as text of its decimals
        store.run(
            "COPY (SELECT * REPLACE (strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ') AS ts, CAST(cost AS VARCHAR) AS cost, CAST(source_cost AS VARCHAR) AS source_cost) "
            f"FROM requests ORDER BY seq) TO '{exported}' (FORMAT json)"
        )
    second = read(exported, ledger=tmp_path / "second.duckdb")
    assert second.rows == first.rows
