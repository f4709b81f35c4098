"""Usage and cost pages (pages.sql, page_rows.sql, note_pages.sql): a table of their own, replaced when read again, in no report."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.sources import statements
from llmcost.store import open_ledger
from tests.sources.reading import Read, put, read

DAY_1, DAY_2 = 1767225600, 1767312000  # 2026-01-01 and 2026-01-02
KEPT = "a page of usage or cost, kept for reconcile"


def openai(*results: dict[str, Any], start: int = DAY_1, end: int = DAY_2) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": start, "end_time": end, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def completions(**more: Any) -> dict[str, Any]:
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 42000,
        "input_cached_tokens": 25600,
        "output_tokens": 9000,
        "num_model_requests": 100,
        "model": "gpt-4o-2024-08-06",
        "project_id": "proj_1",
        "batch": False,
        **more,
    }


def costs(value: object, **more: Any) -> dict[str, Any]:
    return {"object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, **more}


def anthropic(*results: dict[str, Any]) -> dict[str, Any]:
    bucket = {"starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z", "results": list(results)}
    return {"data": [bucket], "has_more": False, "next_page": None}


MESSAGES = {
    "uncached_input_tokens": 400,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "cache_read_input_tokens": 1000,
    "output_tokens": 120,
    "server_tool_use": {"web_search_requests": 3},
    "model": "claude-sonnet-4-5",
    "workspace_id": "wrk_1",
    "api_key_id": "apikey_1",
    "service_tier": "standard",
    "context_window": "0-200k",
    "inference_geo": "us",
    "speed": "fast",
}


def anthropic_cost(amount: str, **more: Any) -> dict[str, Any]:
    return {"currency": "USD", "amount": amount, "description": "Input Tokens", "cost_type": "tokens", **more}


def pages(found: Read) -> list[dict[str, Any]]:
    """The rows of the table without what is NULL, in the order of their keys."""
    with open_ledger(found.ledger, read_only=True) as store:
        names, rows = store.table(
            "SELECT * EXCLUDE (page_key, file) FROM provider_pages ORDER BY provider, kind, started_us, model"
        )
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in rows]


def test_usage_of_openai_has_disjoint_tokens_and_its_dimensions(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "pages.json", json.dumps(openai(completions()), indent=2)))

    assert pages(found) == [
        {
            **{"provider": "openai", "kind": "usage", "line": 1},
            **{"started_us": DAY_1 * 1_000_000, "ended_us": DAY_2 * 1_000_000},
            **{"model": "gpt-4o-2024-08-06", "line_item": "completions", "project": "proj_1", "batch": False},
            **{
                "requests": 100,
                "fresh_input_tokens": 42000 - 25600,
                "cache_read_tokens": 25600,
                "text_output_tokens": 9000,
            },
        }
    ]
    assert (found.rows, found.quarantine) == ([], [])
    assert (found.file.source, found.file.lines, found.file.skipped) == ("provider_pages", 1, {KEPT: 1})


def test_stored_pages_are_lines_of_a_statement(tmp_path: Path) -> None:
    """statement_pages.sql: what `reconcile` without a file goes by."""
    found = read(put(tmp_path / "logs", "pages.json", json.dumps(openai(completions()), indent=2)))
    with open_ledger(found.ledger, read_only=True) as store:
        (line,) = statements.stored(store)

    assert (line.kind, line.provider, line.model, line.requests) == ("tokens", "openai", "gpt-4o-2024-08-06", 100)
    assert dict(line.tokens) == {
        "fresh_input_tokens": 42000 - 25600,
        "cache_read_tokens": 25600,
        "text_output_tokens": 9000,
    }
    assert (line.until - line.since).days == 1


def test_cache_writes_and_audio_of_openai_are_parts_of_their_own(tmp_path: Path) -> None:
    result = completions(input_cache_write_tokens=400, input_audio_tokens=7, output_audio_tokens=8)
    (row,) = pages(read(put(tmp_path / "logs", "pages.jsonl", [openai(result)])))

    assert row["fresh_input_tokens"] == 42000 - 25600 - 400
    assert (row["cache_write_other_tokens"], row["audio_input_tokens"], row["audio_output_tokens"]) == (400, 7, 8)


def test_usage_of_anthropic_is_disjoint_already(tmp_path: Path) -> None:
    (row,) = pages(read(put(tmp_path / "logs", "pages.jsonl", [anthropic(MESSAGES)])))

    assert row == {
        **{"provider": "anthropic", "kind": "usage", "line": 1},
        **{"started_us": DAY_1 * 1_000_000, "ended_us": DAY_2 * 1_000_000},
        **{"model": "claude-sonnet-4-5", "project": "wrk_1", "key": "apikey_1", "service_tier": "standard"},
        **{"context_window": "0-200k", "inference_geo": "us", "speed": "fast", "web_searches": 3},
        **{"fresh_input_tokens": 400, "cache_read_tokens": 1000, "text_output_tokens": 120},
        **{"cache_write_5m_tokens": 100, "cache_write_1h_tokens": 200},
    }


@pytest.mark.parametrize("value", ["0.06", 0.06])
def test_costs_of_openai_are_dollars_as_a_number_or_text(value: object, tmp_path: Path) -> None:
    (row,) = pages(read(put(tmp_path / "logs", "a.json", json.dumps(openai(costs(value, line_item="gpt-4o, input"))))))

    assert (row["kind"], row["line_item"], row["amount"], row["currency"]) == (
        "cost",
        "gpt-4o, input",
        Decimal("0.06"),
        "USD",
    )


def test_costs_keep_every_digit(tmp_path: Path) -> None:
    text = json.dumps(openai(costs("X"))).replace('"X"', "0.12345678901234567890")
    (row,) = pages(read(put(tmp_path / "logs", "a.json", text)))

    assert row["amount"] == Decimal("0.1234567890123456789")


def test_costs_of_anthropic_are_cents(tmp_path: Path) -> None:
    found = read(
        put(tmp_path / "logs", "a.json", json.dumps(anthropic(anthropic_cost("123.45", token_type="output_tokens"))))
    )

    assert [(row["amount"], row["token_type"]) for row in pages(found)] == [(Decimal("1.2345"), "output_tokens")]


def test_another_currency_is_no_dollar(tmp_path: Path) -> None:
    (row,) = pages(read(put(tmp_path / "logs", "a.json", json.dumps(anthropic(anthropic_cost("5", currency="EUR"))))))

    assert (row["currency"], "amount" in row) == ("EUR", False)


def test_several_pages_in_one_file_and_again_in_another_count_once(tmp_path: Path) -> None:
    both = [
        openai(completions()),
        openai(completions(), completions(model="gpt-4o-mini"), start=DAY_2, end=DAY_2 + 86400),
    ]
    first = read(put(tmp_path / "logs", "a.jsonl", [*both, anthropic(MESSAGES)]))
    before = [row.get("requests") for row in pages(first)]
    again = read(put(tmp_path / "logs", "b.json", json.dumps([openai(completions(num_model_requests=101)), both[1]])))

    assert (first.file.lines, first.file.skipped) == (3, {KEPT: 3})
    assert before == [None, 100, 100, 100]
    assert [row.get("requests") for row in pages(again)] == [
        None,
        101,
        100,
        100,
    ]  # a later page of the same day replaces


def test_buckets_without_their_page_are_read_too(tmp_path: Path) -> None:
    buckets = [openai(completions())["data"][0], anthropic(MESSAGES)["data"][0]]
    found = read(put(tmp_path / "logs", "a.jsonl", buckets))

    assert [(row["provider"], row["line"]) for row in pages(found)] == [("anthropic", 2), ("openai", 1)]


def test_a_page_without_results_is_read_and_says_nothing(tmp_path: Path) -> None:
    empty = {"object": "page", "data": [], "has_more": False, "next_page": None}
    found = read(put(tmp_path / "logs", "a.jsonl", [openai(), empty, anthropic()]))

    assert (pages(found), found.file.skipped, found.quarantine) == ([], {KEPT: 3}, [])


def test_pages_are_in_no_total_of_requests(tmp_path: Path) -> None:
    native = {"request_id": "a", "model": "gpt-4o", "provider": "openai", "input_tokens": 1}
    put(tmp_path / "logs", "requests.jsonl", [native])
    put(tmp_path / "logs", "pages.jsonl", [openai(completions()), anthropic(MESSAGES)])
    found = read(tmp_path / "logs")

    assert [row["request_id"] for row in found.rows] == ["a"]
    assert len(pages(found)) == 2
