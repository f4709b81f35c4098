"""LiteLLM's payload, its table of spend, also in a dump, and its errors (litellm_slp.sql, litellm_spendlogs.sql, litellm_errorlogs.sql)."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from tests.sources.reading import Read, put, read, tokens, usd

Record = dict[str, Any]

AT_US = 1767225600_100000  # 2026-01-01T00:00:00.1Z
USAGE: Record = {
    "prompt_tokens": 420,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 256},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
SLP: Record = {
    "id": "chatcmpl-a1",
    "trace_id": "t-9",
    "session_id": "s-1",
    "litellm_call_id": "c-1",
    "call_type": "acompletion",
    "stream": True,
    "response_cost": 0.00173,
    "status": "success",
    "custom_llm_provider": "openai",
    "total_tokens": 520,
    "prompt_tokens": 420,
    "completion_tokens": 100,
    "startTime": 1767225600.10,
    "endTime": 1767225602.6,
    "completionStartTime": 1767225600.9,
    "response_time": 0.8,
    "model": "gpt-4o",
    "model_group": "smart",
    "metadata": {"user_api_key_team_alias": "search", "user_api_key_alias": "key-1", "usage_object": USAGE},
    "cache_hit": False,
    "request_tags": ["feature:rerank", "User-Agent: curl"],
    "end_user": "u42",
    "error_information": None,
    "hidden_params": {"litellm_model_name": "gpt-4o"},
}
SPEND: Record = {
    "request_id": "chatcmpl-b2",
    "call_type": "acompletion",
    "api_key": "88dc",
    "spend": 0.00173,
    "total_tokens": 520,
    "prompt_tokens": 420,
    "completion_tokens": 100,
    "startTime": "2026-01-01 00:00:00.100000",
    "endTime": "2026-01-01 00:00:02.600000",
    "completionStartTime": "2026-01-01 00:00:00.900000",
    "model": "gpt-4o",
    "model_group": "smart",
    "custom_llm_provider": "openai",
    "user": "svc",
    "team_id": "t1",
    "end_user": "u42",
    "metadata": json.dumps({"usage_object": USAGE, "user_api_key_alias": "key-1"}),
    "cache_hit": "False",
    "request_tags": '["feature:chat"]',
    "session_id": "s-1",
    "status": "success",
}
EXAMPLE = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
COST = usd("0.00173")  # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million


def slp(tmp_path: Path, *changes: Record) -> Read:
    return read(put(tmp_path / "logs", "a.jsonl", [{**SLP, **change} for change in changes]))


def spend(tmp_path: Path, *changes: Record) -> Read:
    return read(put(tmp_path / "logs", "a.jsonl", [{**SPEND, **change} for change in changes]))


def test_a_payload(tmp_path: Path) -> None:
    row = slp(tmp_path, {}).one
    assert (row["source"], row["request_id"], tokens(row), row["cost"], row["source_cost"]) == (
        "litellm_slp",
        "chatcmpl-a1",
        EXAMPLE,
        COST,
        COST,
    )
    assert (row["ts_us"], row["latency_ms"], row["ttft_ms"]) == (AT_US, 2500, 800)
    assert (row["user"], row["team"], row["key"], row["session"], row["trace"]) == (
        "u42",
        "search",
        "key-1",
        "s-1",
        "t-9",
    )
    assert (row["model"], row["model_group"], row["provider"], row["operation"]) == (
        "gpt-4o",
        "smart",
        "openai",
        "acompletion",
    )
    assert (row["feature"], row["tags"]) == ("rerank", {"feature": "rerank"})


def test_the_library_names_the_user_among_the_parameters(tmp_path: Path) -> None:
    asked = {"end_user": None, "model_parameters": {"stream": False, "user": "u7"}}
    rows = slp(
        tmp_path,
        {"id": "a", **asked},
        {"id": "b", **asked, "end_user": "u42"},
        {"id": "c", **asked, "model_parameters": {"user": ""}},
        {"id": "d", **asked, "model_parameters": "redacted-by-litellm"},
    ).by_id()
    assert {name: row["user"] for name, row in rows.items()} == {"a": "u7", "b": "u42", "c": None, "d": None}


def test_a_model_is_named_without_its_provider(tmp_path: Path) -> None:
    logs = put(
        tmp_path / "logs",
        "a.jsonl",
        [
            {**SLP, "id": "a", "model": "openai/gpt-4o"},
            {**SLP, "id": "b", "model": "openai/gpt-4o", "custom_llm_provider": "openrouter"},
            {**SLP, "id": "c", "model": "openai/gpt-4o", "custom_llm_provider": ""},
        ],
    )
    more = put(tmp_path / "logs", "b.jsonl", [{**SPEND, "model": "openai/gpt-4o"}])
    assert [(row["provider"], row["model"]) for row in read(logs, more).rows] == [
        ("openai", "gpt-4o"),
        ("openrouter", "openai/gpt-4o"),  # there it is the model's name
        (None, "openai/gpt-4o"),
        ("openai", "gpt-4o"),
    ]


def test_writes_are_known_by_lifetime_wherever_litellm_puts_it(tmp_path: Path) -> None:
    lifetimes = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200, "ephemeral_30m_input_tokens": None}
    details = {"cached_tokens": 1000, "cache_creation_tokens": 300, "cache_creation_token_details": lifetimes}
    usage = {"cache_read_input_tokens": 1000, "cache_creation_input_tokens": 300, "prompt_tokens_details": details}
    served = {"custom_llm_provider": "anthropic", "model": "claude-sonnet-4-5", "prompt_tokens": 1342}
    served |= {"completion_tokens": 122, "total_tokens": 1464}
    payload = {**SLP, **served, "metadata": {"usage_object": usage}}
    row = {**SPEND, **served, "metadata": json.dumps({"usage_object": usage})}
    logs = put(tmp_path / "logs", "a.jsonl", [payload])
    for found in read(logs, put(tmp_path / "logs", "b.jsonl", [row])).rows:
        assert tokens(found) == {
            "fresh_input": 42,
            "cache_read": 1000,
            "cache_write_5m": 100,
            "cache_write_1h": 200,
            "text_output": 122,
        }
        # 42 x $3 + 1000 x $0.30 + 100 x $3.75 + 200 x $6 + 122 x $15, per million
        assert found["cost"] == usd("0.003831")


def test_the_searches_of_the_responses_api_are_counted_from_the_answer(tmp_path: Path) -> None:
    search, message = {"type": "web_search_call", "id": "ws_1"}, {"type": "message", "id": "m_1"}
    counted = {**USAGE, "server_tool_use": {"web_search_requests": 1}}
    rows = slp(
        tmp_path,
        {"id": "two", "call_type": "responses", "response": {"output": [search, search, message]}},
        {"id": "none", "call_type": "responses", "response": {"output": [message]}},
        {"id": "counted", "metadata": {"usage_object": counted}, "response": {"output": [search, search]}},
        {"id": "hidden", "response": "redacted-by-litellm"},
    ).by_id()
    assert {name: (row["units"] or {}).get("web_search") for name, row in rows.items()} == {
        "two": 2,
        "none": None,
        "counted": 1,
        "hidden": None,
    }


def csv_of(*records: Record) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


@pytest.mark.parametrize("shape", ["jsonl", "csv", "api"])
def test_a_row_of_spend_logs_in_every_shape(shape: str, tmp_path: Path) -> None:
    text = {"jsonl": json.dumps(SPEND), "csv": csv_of(SPEND), "api": json.dumps({"data": [SPEND], "total": 1})}[shape]
    row = read(put(tmp_path / "logs", f"a.{'csv' if shape == 'csv' else 'json'}", text)).one
    assert (row["source"], row["request_id"], tokens(row), row["cost"], row["source_cost"]) == (
        "litellm_spendlogs",
        "chatcmpl-b2",
        EXAMPLE,
        COST,
        COST,
    )
    assert (row["ts_us"], row["latency_ms"], row["ttft_ms"]) == (AT_US, 2500, 800)
    assert (row["user"], row["team"], row["key"], row["session"], row["feature"]) == (
        "u42",
        "t1",
        "key-1",
        "s-1",
        "chat",
    )


def test_a_stream_that_is_none_has_no_first_token(tmp_path: Path) -> None:
    assert slp(tmp_path, {"stream": False}).one["ttft_ms"] is None


def test_claude_counts_its_cache_inside_the_prompt(tmp_path: Path) -> None:
    usage = {
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 150,
        "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 100},
    }
    change = {
        "model": "claude-sonnet-4-5",
        "custom_llm_provider": "anthropic",
        "prompt_tokens": 1200,
        "total_tokens": 1300,
        "metadata": {"usage_object": usage},
    }
    assert tokens(slp(tmp_path, change).one) == {
        "fresh_input": 50,
        "cache_read": 1000,
        "cache_write_5m": 50,
        "cache_write_1h": 100,
        "text_output": 100,
    }


def test_a_messages_row_counts_its_cache_beside_the_prompt(tmp_path: Path) -> None:
    usage = {"cache_read_input_tokens": 1000, "cache_creation_input_tokens": 0}
    kinds = [
        ("anthropic_messages", "anthropic"),
        ("pass_through_endpoint", "anthropic"),
        ("anthropic_messages", "bedrock"),
    ]
    rows = slp(
        tmp_path,
        *(
            {
                "id": f"x{n}",
                "call_type": c,
                "custom_llm_provider": p,
                "prompt_tokens": 1200,
                "metadata": {"usage_object": usage},
            }
            for n, (c, p) in enumerate(kinds)
        ),
    ).rows
    assert [tokens(row) for row in rows] == [{"fresh_input": 1200, "cache_read": 1000, "text_output": 100}] * 3


def test_a_row_passed_through_to_openai_counts_its_cache_inside(tmp_path: Path) -> None:
    row = slp(tmp_path, {"call_type": "pass_through_endpoint"}).one
    assert (tokens(row), row["usage_basis"]) == (EXAMPLE, "arithmetic")


def test_a_hit_of_the_cache_costs_nothing_and_is_no_request(tmp_path: Path) -> None:
    found = slp(tmp_path, {"id": "chatcmpl-a1_cache_hit17", "cache_hit": True, "response_cost": 0.0}, {})
    rows = found.by_id()
    hit = rows["chatcmpl-a1_cache_hit17"]
    assert (hit["kind"], hit["cost"], tokens(hit), rows["chatcmpl-a1"]["kind"]) == ("cache_hit", 0, EXAMPLE, "call")


def test_hits_of_the_cache_in_the_table(tmp_path: Path) -> None:
    found = spend(
        tmp_path,
        {"cache_hit": "None"},
        {"request_id": "x1", "cache_hit": "True"},
        {"request_id": "x2_cache_hit1767225600.1", "cache_hit": "None"},
    )
    assert {i: r["kind"] for i, r in found.by_id().items()} == {
        "chatcmpl-b2": "call",
        "x1": "cache_hit",
        "x2_cache_hit1767225600.1": "cache_hit",
    }


FAILED: Record = {
    **{
        "id": "c-1",
        "status": "failure",
        "response_cost": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
    },
    "error_information": {"error_code": "429", "error_class": "RateLimitError", "error_message": "slow down"},
    "metadata": {"user_api_key_alias": "key-1", "usage_object": None},
}


def test_failed_attempts_of_one_call_share_its_id_and_are_all_kept(tmp_path: Path) -> None:
    found = slp(
        tmp_path,
        FAILED,
        {**FAILED, "startTime": 1767225601.0},
        {**FAILED, "startTime": 1767225601.0},
        {"startTime": 1767225602.0, "endTime": 1767225603.0},
    )
    assert [(r["kind"], r["error_kind"], r["chain_step"], r["chain_reason"], r["cost"]) for r in found.rows] == [
        ("attempt", "rate_limit", 1, None, 0),
        ("attempt", "rate_limit", 2, "rate_limit", 0),
        ("call", None, 3, "rate_limit", COST),
    ]
    assert found.file.duplicates == 1


def test_a_failed_attempt_with_usage_is_billed(tmp_path: Path) -> None:
    row = slp(
        tmp_path, {"status": "failure", "error_information": {"error_class": "ClientDisconnected", "error_code": "499"}}
    ).one
    assert (row["kind"], row["status"], row["error_kind"], row["cost"]) == ("attempt", "cancelled", "user_choice", COST)


def test_a_fallback_without_the_failure_is_known_by_its_marker(tmp_path: Path) -> None:
    row = spend(
        tmp_path,
        {
            "metadata": json.dumps(
                {"attempted_fallbacks": 1, "original_model_group": "claude-sonnet", "usage_object": USAGE}
            )
        },
    ).one
    assert (row["chain"], row["chain_step"], row["chain_reason"]) == ("chatcmpl-b2", 2, "unknown")


def test_a_model_that_the_router_chose_is_a_step_of_policy(tmp_path: Path) -> None:
    chosen, asked = (
        {"router_metadata": {"requested_model": wanted, "selected_model": "gpt-4o-mini"}, "usage_object": USAGE}
        for wanted in ("auto", "gpt-4o-mini")
    )
    rows = spend(
        tmp_path / "table", {"metadata": json.dumps(chosen)}, {"request_id": "b3", "metadata": json.dumps(asked)}
    ).rows
    assert [(row["chain_step"], row["chain_reason"]) for row in rows] == [(1, "policy"), (None, None)]
    assert slp(tmp_path / "payload", {"metadata": chosen}).one["chain_reason"] == "policy"


HOUSEKEEPING = (
    "aget_responses",
    "alist_batches",
    "aretrieve_batch",
    "acancel_batch",
    "acount_tokens",
    "_adelete_file",
    "ahealth_check",
)
BILLED = (
    "aembedding",
    "aresponses",
    "anthropic_messages",
    "atext_completion",
    "agenerate_content",
    "arerank",
    "acreate_batch",
)


def test_housekeeping_is_not_billed_and_what_is_none_is(tmp_path: Path) -> None:
    changes = [{"id": f"x{n}", "call_type": kind} for n, kind in enumerate((*HOUSEKEEPING, *BILLED))]
    found = slp(tmp_path, *changes)
    assert [row["operation"] for row in found.rows] == list(BILLED)
    assert found.file.skipped == {f"not billed: {kind}": 1 for kind in HOUSEKEEPING}


def test_housekeeping_in_the_table_is_not_billed(tmp_path: Path) -> None:
    found = spend(
        tmp_path, *({"request_id": f"x{n}", "call_type": kind} for n, kind in enumerate((*HOUSEKEEPING, *BILLED)))
    )
    assert [row["operation"] for row in found.rows] == list(BILLED)


def test_metadata_that_stands_as_text_is_opened(tmp_path: Path) -> None:
    found = slp(tmp_path, {"metadata": json.dumps(SLP["metadata"])}, {"id": "chatcmpl-a2"})
    assert [tokens(row) for row in found.rows] == [EXAMPLE, EXAMPLE]
    assert found.by_id()["chatcmpl-a1"]["line"] == 1


def test_a_payload_without_id_takes_that_of_the_call_else_one_of_its_line(tmp_path: Path) -> None:
    found = slp(
        tmp_path,
        {"id": None},
        {"id": "", "litellm_call_id": None},
        {"id": None, "litellm_call_id": "", "end_user": "u7"},
    )
    ids = [row["request_id"] for row in found.rows]
    assert (len(set(ids)), min(ids), {i[:5] for i in ids if i != "c-1"}) == (3, "c-1", {"line-"})
    assert all(row["cost"] == COST for row in found.rows)


def test_free_keys_become_tags_and_attribution(tmp_path: Path) -> None:
    metadata = {
        **SLP["metadata"],
        "spend_logs_metadata": {"agent": "planner", "ticket": 7},
        "requester_metadata": {"env": "prod", "agent": "other"},
    }
    row = slp(tmp_path, {"metadata": metadata}).one
    assert (row["agent"], row["environment"], row["tags"]) == (
        "planner",
        "prod",
        {"agent": "planner", "env": "prod", "feature": "rerank", "ticket": "7"},
    )


def test_a_redacted_prompt_has_no_digest(tmp_path: Path) -> None:
    changes: list[Record] = [
        {"id": "a", "messages": [{"role": "user", "content": "redacted-by-litellm"}]},
        {"id": "b", "messages": []},
        {"id": "c", "messages": [{"role": "user", "content": "Hi"}]},
    ]
    assert {i: r["prompt_hash"] is None for i, r in slp(tmp_path, *changes).by_id().items()} == {
        "a": True,
        "b": True,
        "c": False,
    }


def test_a_shadow_call_is_marked(tmp_path: Path) -> None:
    assert (
        spend(tmp_path, {"metadata": json.dumps({"is_silent_experiment": True, "usage_object": USAGE})}).one[
            "environment"
        ]
        == "shadow"
    )


def test_extra_cost_rows_of_the_table_are_kept(tmp_path: Path) -> None:
    rows = spend(
        tmp_path,
        {},
        {
            "request_id": "b1_batch_cost",
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "total_tokens": 0,
            "spend": 0.5,
            "metadata": "{}",
        },
    ).by_id()
    assert (
        rows["b1_batch_cost"]["source_cost"],
        rows["b1_batch_cost"]["usage_quality"],
        rows["b1_batch_cost"]["cost"],
    ) == (usd("0.5"), "missing", None)


def test_additional_usage_values_stand_in_for_the_usage(tmp_path: Path) -> None:
    metadata = json.dumps({"additional_usage_values": {"prompt_tokens_details": {"cached_tokens": 256}}})
    assert tokens(spend(tmp_path, {"metadata": metadata}).one) == {
        "fresh_input": 164,
        "cache_read": 256,
        "text_output": 100,
    }


def test_a_payload_and_a_row_of_the_table_are_one_request(tmp_path: Path) -> None:
    put(tmp_path / "logs", "a.jsonl", [SLP])
    put(tmp_path / "logs", "b.csv", csv_of({**SPEND, "request_id": SLP["id"]}))
    found = read(tmp_path / "logs")
    assert (len(found.rows), sum(file.duplicates for file in found.report.files)) == (1, 1)


def test_payloads_in_a_table_with_nested_text(tmp_path: Path) -> None:
    flat = {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in SLP.items()}
    row = read(put(tmp_path / "logs", "a.csv", csv_of(flat))).one
    assert (row["source"], tokens(row), row["cost"], row["line"]) == ("litellm_slp", EXAMPLE, COST, 2)


# -- the other tables, and a dump of Postgres

ERROR: Record = {
    "request_id": "e-1",
    "startTime": "2026-01-01 00:00:00.1",
    "endTime": "2026-01-01 00:00:00.9",
    "api_base": "https://api.example",
    "model_group": "smart",
    "litellm_model_name": "gpt-4o",
    "exception_type": "RateLimitError",
    "exception_string": "slow down",
    "status_code": "429",
}


def test_a_row_of_error_logs_is_a_failed_attempt_without_tokens(tmp_path: Path) -> None:
    found = read(
        put(
            tmp_path / "logs",
            "a.csv",
            csv_of(ERROR, {**ERROR, "request_id": "e-2", "exception_type": "Timeout", "status_code": ""}),
        )
    )
    assert [
        (r["kind"], r["error_kind"], r["error_code"], r["usage_quality"], r["model_group"]) for r in found.rows
    ] == [
        ("attempt", "rate_limit", "429", "missing", "smart"),
        ("attempt", "timeout", "Timeout", "missing", "smart"),
    ]
    assert (found.rows[0]["ts_us"], found.rows[0]["latency_ms"], found.rows[0]["source"]) == (
        AT_US,
        800,
        "litellm_errorlogs",
    )


NAMES = tuple(SPEND)


def copied(record: Record) -> str:
    """A row as COPY writes it."""
    marks = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
    return "\t".join("\\N" if record[name] is None else str(record[name]).translate(marks) for name in NAMES) + "\n"


def dump(*rows: str, table: str = 'public."LiteLLM_SpendLogs"') -> str:
    names = ", ".join(f'"{name}"' if name.lower() != name else name for name in NAMES)
    return (
        "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n\n"
        'COPY public."LiteLLM_UserTable" (user_id, spend) FROM stdin;\nu1\t5\n\\.\n\n'
        f"COPY {table} ({names}) FROM stdin;\n{''.join(rows)}\\.\n\n"
        'COPY public."LiteLLM_Config" (param_name) FROM stdin;\nx\n\\.\n'
    )


def test_a_dump_of_postgres_gives_the_rows_of_the_table_of_spend_at_their_lines(tmp_path: Path) -> None:
    nasty = json.dumps({"usage_object": USAGE, "spend_logs_metadata": {"feature": 'a\tb\n\\N "q" é'}})
    text = dump(
        copied(SPEND),
        copied({**SPEND, "request_id": "b3", "metadata": nasty, "end_user": None}),
        "cut\toff\n",
        copied({**SPEND, "request_id": "b4", "end_user": "tab\there"}),
    )
    found = read(put(tmp_path / "logs", "a.sql", text))
    assert [(row["request_id"], row["line"], tokens(row), row["cost"]) for row in found.rows] == [
        ("chatcmpl-b2", 12, EXAMPLE, COST),
        ("b3", 13, EXAMPLE, COST),
        ("b4", 15, EXAMPLE, COST),
    ]
    assert [(row["user"], row["feature"]) for row in found.rows] == [
        ("u42", "chat"),
        (None, "chat"),
        ("tab\there", "chat"),
    ]
    assert (found.rows[1]["tags"]["feature"], found.reasons(), found.file.source) == (
        "chat",
        [(14, "not JSON: Expecting property name enclosed in double quotes at character 1")],
        "litellm_spendlogs",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            dump(copied(SPEND), table='public."LiteLLM_Other"').encode(),
            "the Postgres dump has no rows of LiteLLM_SpendLogs",
        ),
        (b"PGDMP\x01\x0e\x00", "a Postgres dump in the custom format cannot be read"),
    ],
    ids=["other tables", "custom format"],
)
def test_a_dump_without_such_rows_says_how_to_make_one(content: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        read(put(tmp_path / "logs", "a.sql", content))
    assert "pg_" in str(refused.value.hint)


def test_the_escapes_of_copy(tmp_path: Path) -> None:
    row = copied(SPEND).replace("u42", r"a\101\x42\bc")
    assert read(put(tmp_path / "logs", "a.sql", dump(row))).one["user"] == "aAB\bc"
