"""Gateways: helicone.sql, openrouter.sql, portkey.sql, cloudflare.sql, azure_apim.sql, azure_diagnostics.sql, daily_sums.sql.

One call in every gateway's words: gpt-4o, 420 input of which 256 are cached, 100 output of which 64 are reasoning.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from llmcost.sources import recognise
from tests.sources.reading import Read, put, read, tokens, usd

Record = dict[str, Any]

AT_US = 1767225600_000000  # 2026-01-01T00:00:00Z
COST = usd("0.00173")  # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
UPPER_BOUND = usd("0.00205")  # 420 x $2.50 + 100 x $10, per million: the cache cannot be seen
WITH_CACHE = {"fresh_input": 164, "cache_read": 256, "text_output": 100}
WITH_REASONING = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
WITHOUT_CACHE = {"fresh_input": 420, "text_output": 100}
NO_UUID = "00000000-0000-0000-0000-000000000000"

HELICONE: Record = {
    "request_id": "8f0c",
    "response_id": "11aa",
    "request_created_at": "2026-01-01T00:00:00.000Z",
    "response_created_at": "2026-01-01T00:00:01.100Z",
    "response_status": 200,
    "request_model": "gpt-4o",
    "response_model": "gpt-4o-2024-08-06",
    "provider": "OPENAI",
    "request_user_id": "u42",
    "request_properties": {"Feature": "chat", "Helicone-Session-Id": "s1"},
    "cache_reference_id": NO_UUID,
    "delay_ms": 1100,
    "time_to_first_token": 300,
    "prompt_tokens": 164,
    "prompt_cache_read_tokens": 256,
    "completion_tokens": 100,
    "total_tokens": 520,
    "reasoning_tokens": 0,
    "costUSD": 0.00173,
}
GENERATION: Record = {
    "id": "gen-1",
    "created_at": "2026-01-01T00:00:00.000Z",
    "model": "openai/gpt-4o",
    "total_cost": 0.00173,
    "provider_name": "OpenAI",
    "streamed": True,
    "cancelled": False,
    "latency": 1200,
    "generation_time": 900,
    "finish_reason": "stop",
    "tokens_prompt": 400,
    "tokens_completion": 90,
    "native_tokens_prompt": 420,
    "native_tokens_completion": 100,
    "native_tokens_reasoning": 64,
    "native_tokens_cached": 256,
    "is_byok": False,
    "external_user": "u42",
}
VERCEL: Record = {
    **{name: value for name, value in GENERATION.items() if not name.startswith("tokens_")},
    **{"id": "gen_1", "latency": 300, "native_tokens_cache_creation": 0, "billable_web_search_calls": 0},
}
ACTIVITY_CSV = (
    "generation_id,created_at,cost_total,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,"
    "variant,cancelled,streamed,user,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,api_key_name,app_name\n"
    "gen-a,2026-01-01 00:00:00.000,0.00173,0,420,100,64,256,openai/gpt-4o,OpenAI,standard,false,true,u42,stop,1200,300,prod,bot\n"
)
PORTKEY: Record = {
    "id": "pk1",
    "trace_id": "t1",
    "created_at": "2026-01-01T00:00:00.000Z",
    "ai_org": "openai",
    "ai_model": "gpt-4o",
    "req_units": 420,
    "res_units": 100,
    "total_units": 520,
    "cost": 0.173,
    "cost_currency": "USD",
    "response_time": 1200,
    "response_status_code": 200,
    "metadata": {"_user": "u42", "feature": "chat"},
    "response": {
        "choices": [{"finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 420,
            "completion_tokens": 100,
            "total_tokens": 520,
            "prompt_tokens_details": {"cached_tokens": 256},
        },
    },
}
CLOUDFLARE: Record = {
    "id": "cf1",
    "created_at": "2026-01-01T00:00:00Z",
    "provider": "openai",
    "model": "gpt-4o",
    "step": 0,
    "success": True,
    "status_code": 200,
    "cached": False,
    "cost": 0.00205,
    "duration": 1200,
    "tokens_in": 420,
    "tokens_out": 100,
    "metadata": '{"user":"u42","feature":"chat"}',
    "path": "chat/completions",
}
APIM: Record = {
    "TimeGenerated": "2026-01-01T00:00:00Z",
    "CorrelationId": "c-1",
    "RequestId": "r-1",
    "OperationName": "ChatCompletions_Create",
    "DeploymentName": "gpt4o-prod",
    "ModelName": "gpt-4o",
    "Region": "swedencentral",
    "IsStreamCompletion": True,
    "PromptTokens": 420,
    "CompletionTokens": 100,
    "TotalTokens": 520,
    "SequenceNumber": 0,
}
DIAGNOSTIC: Record = {
    "time": "2026-01-01T00:00:00Z",
    "resourceId": "/SUBSCRIPTIONS/1/ACCOUNTS/A",
    "category": "RequestResponse",
    "operationName": "ChatCompletions_Create",
    "resultSignature": "200",
    "durationMs": 1200,
    "correlationId": "d-1",
    "location": "swedencentral",
    "properties": '{"modelDeploymentName":"gpt4o-prod","modelName":"gpt-4o","streamType":"Streaming"}',
}


def log(tmp_path: Path, base: Record, *changes: Record) -> Read:
    return read(put(tmp_path / "logs", "a.jsonl", [{**base, **change} for change in changes]))


def without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The example call as each gateway wrote it, by the name of the format that read it."""
    folder = tmp_path_factory.mktemp("gateways") / "logs"
    put(folder, "helicone.json", json.dumps({"data": [HELICONE], "error": None}))
    put(folder, "activity.csv", ACTIVITY_CSV)
    put(folder, "generation.json", json.dumps({"data": GENERATION}, indent=1))
    put(folder, "vercel.jsonl", [VERCEL])
    put(folder, "portkey.jsonl", [PORTKEY])
    put(folder, "cloudflare.json", json.dumps({"result": [CLOUDFLARE], "result_info": {"page": 1}, "success": True}))
    put(folder, "apim.json", json.dumps([APIM]))
    return {row["source"] if row["request_id"] != "gen-a" else "csv": row for row in read(folder).rows}


@pytest.mark.parametrize(
    ("source", "counted", "cost", "quality", "basis", "source_cost"),
    [
        ("helicone", WITH_CACHE, COST, "exact", "arithmetic", COST),
        ("csv", WITH_REASONING, COST, "exact", "declared", COST),
        ("openrouter", WITH_REASONING, COST, "exact", "declared", COST),
        ("vercel_gateway", WITH_REASONING, COST, "exact", "declared", COST),
        ("portkey", WITH_CACHE, COST, "exact", "declared", COST),
        ("cloudflare", WITHOUT_CACHE, UPPER_BOUND, "partial", "declared", UPPER_BOUND),
        ("azure_apim", WITHOUT_CACHE, UPPER_BOUND, "partial", "declared", None),
    ],
)
def test_the_call_costs_the_same_in_every_gateway(
    source: str,
    counted: dict[str, int],
    cost: Decimal,
    quality: str,
    basis: str,
    source_cost: Decimal | None,
    calls: dict[str, Record],
) -> None:
    row = calls[source]
    assert (tokens(row), row["cost"], row["source_cost"]) == (counted, cost, source_cost)
    assert (row["usage_quality"], row["usage_basis"], row["kind"], row["ts_us"]) == (quality, basis, "call", AT_US)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("helicone", ("8f0c", "gpt-4o-2024-08-06", "openai", "u42", "chat", "s1", 1100, 300)),
        ("csv", ("gen-a", "openai/gpt-4o", "openai", "u42", "bot", None, 1200, 300)),
        ("openrouter", ("gen-1", "openai/gpt-4o", "openai", "u42", None, None, 1200, None)),
        ("vercel_gateway", ("gen_1", "openai/gpt-4o", "openai", "u42", None, None, 900, 300)),
        ("portkey", ("pk1", "gpt-4o", "openai", "u42", "chat", None, 1200, None)),
        ("cloudflare", ("cf1", "gpt-4o", "openai", "u42", "chat", None, 1200, None)),
        ("azure_apim", ("c-1/r-1", "gpt-4o", "azure", None, None, None, None, None)),
    ],
)
def test_who_asked_what_and_how_long_it_took(source: str, seen: tuple[object, ...], calls: dict[str, Record]) -> None:
    names = ("request_id", "model", "provider", "user", "feature", "session", "latency_ms", "ttft_ms")
    assert tuple(calls[source][name] for name in names) == seen


# -- Helicone


def test_helicone_counts_the_cache_inside_or_beside_and_its_total_or_its_cost_decides(tmp_path: Path) -> None:
    inside, untold = (
        {"request_id": "b", "prompt_tokens": 420},
        {"request_id": "c", "prompt_tokens": 420, "total_tokens": None},
    )
    found = log(tmp_path, HELICONE, {}, inside, untold).rows
    assert [tokens(row) for row in found] == [WITH_CACHE] * 3
    assert [row["usage_basis"] for row in found] == ["arithmetic", "arithmetic", "cost_matched"]


def test_a_csv_of_helicones_page_has_only_the_id_of_the_response(tmp_path: Path) -> None:
    names = [name for name in HELICONE if name not in ("request_id", "request_properties")]
    text = ",".join(names) + "\n" + ",".join(str(HELICONE[name]) for name in names) + "\n"
    row = read(put(tmp_path / "logs", "a.csv", text)).one
    assert (row["request_id"], row["cost"], row["line"]) == ("11aa", COST, 2)


def test_helicones_own_cache_answers_for_nothing_and_the_zero_uuid_is_none(tmp_path: Path) -> None:
    found = log(
        tmp_path,
        HELICONE,
        {"cache_reference_id": "5d1f0c6e-0000-4000-8000-000000000001", "costUSD": 0},
        {"request_id": "b"},
        {"request_id": "c", "cache_reference_id": None},
    )
    assert [(row["kind"], row["cost"]) for row in found.rows] == [("cache_hit", 0), ("call", COST), ("call", COST)]


def test_rows_of_helicones_table_keep_money_in_billionths(tmp_path: Path) -> None:
    names = (
        "costUSD",
        "delay_ms",
        "response_status",
        "request_model",
        "response_model",
        "request_user_id",
        "request_properties",
    )
    raw = {
        "cost": 1730000,
        "latency": 1100,
        "status": 200,
        "model": "gpt-4o",
        "user_id": "u42",
        "properties": {"Feature": "chat"},
    }
    row = log(tmp_path, without(HELICONE, *names), raw).one
    assert (row["source_cost"], row["user"], row["feature"], row["latency_ms"]) == (COST, "u42", "chat", 1100)


# -- OpenRouter and Vercel


def test_what_the_provider_counted_is_billed_and_failed_providers_are_steps_of_a_chain(tmp_path: Path) -> None:
    tried = [{"provider_name": "Azure", "status": 429, "latency": 80}, {"provider_name": "OpenAI", "status": 200}]
    found = log(tmp_path, GENERATION, {"provider_responses": tried}, {"id": "gen-2", "provider_responses": tried[1:]})
    assert [(r["chain"], r["chain_step"], r["chain_reason"]) for r in found.rows] == [
        ("gen-1", 2, "rate_limit"),
        (None,) * 3,
    ]


def test_a_generation_that_no_provider_answered_is_a_failed_attempt(tmp_path: Path) -> None:
    tried = [{"status": 429}, {"status": 503}]
    none = dict.fromkeys(
        (
            "native_tokens_prompt",
            "native_tokens_completion",
            "native_tokens_reasoning",
            "native_tokens_cached",
            "total_cost",
        ),
        0,
    )
    row = log(tmp_path, GENERATION, {"provider_responses": tried, "finish_reason": None, **none}).one
    assert (row["kind"], row["error_kind"], row["error_code"], row["chain_step"]) == (
        "attempt",
        "server_error",
        "503",
        2,
    )


def test_a_cancelled_generation_is_billed_for_what_it_used(tmp_path: Path) -> None:
    row = log(tmp_path, GENERATION, {"cancelled": True}).one
    assert (row["kind"], row["status"], row["error_kind"], row["cost"]) == ("attempt", "cancelled", "user_choice", COST)


def test_with_a_key_of_ones_own_the_recorded_cost_is_fee_and_estimate(tmp_path: Path) -> None:
    own = {"is_byok": True, "total_cost": "0.0000865", "upstream_inference_cost": 0.00173}
    row = log(tmp_path, GENERATION, own).one
    assert (row["source_cost"], row["source_cost_kind"], row["cost"]) == (usd("0.0018165"), "list_estimate", COST)


def test_a_free_variant_is_not_priced_like_the_model(tmp_path: Path) -> None:
    put(tmp_path / "logs", "a.csv", ACTIVITY_CSV.replace("standard", "free"))
    row = read(tmp_path / "logs").one
    assert (row["model"], row["cost"], row["unpriced_reason"]) == ("openai/gpt-4o:free", None, "unknown model")


def test_vercel_counts_searches_and_cache_writes_inside_the_prompt(tmp_path: Path) -> None:
    row = log(tmp_path, VERCEL, {"native_tokens_cache_creation": 100, "billable_web_search_calls": 2}).one
    assert tokens(row) == {
        "fresh_input": 64,
        "cache_read": 256,
        "cache_write_other": 100,
        "text_output": 36,
        "reasoning": 64,
    }
    assert {name: int(amount) for name, amount in row["units"].items()} == {"web_search": 2}


# -- Portkey


def test_portkeys_units_alone_are_an_upper_bound(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "a.jsonl", [without(PORTKEY, "response")])).one
    assert (tokens(row), row["cost"], row["usage_quality"]) == (WITHOUT_CACHE, UPPER_BOUND, "partial")


def test_portkeys_api_uses_other_names_and_its_response_may_be_text(tmp_path: Path) -> None:
    names = ("ai_org", "req_units", "res_units", "total_units", "response_status_code")
    api = {
        "ai_provider": "openai",
        "request_tokens": 420,
        "response_tokens": 100,
        "status_code": 200,
        "is_success": True,
    }
    row = log(tmp_path, without(PORTKEY, *names), {**api, "response": json.dumps(PORTKEY["response"])}).one
    assert (tokens(row), row["cost"], row["provider"]) == (WITH_CACHE, COST, "openai")


def test_an_answer_of_anthropic_counts_its_cache_beside_the_input(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 164,
        "cache_read_input_tokens": 256,
        "cache_creation_input_tokens": 50,
        "output_tokens": 100,
    }
    claude = {
        "ai_org": "anthropic",
        "ai_model": "claude-sonnet-4-5",
        "response": {"usage": usage, "stop_reason": "end_turn"},
    }
    row = log(tmp_path, PORTKEY, claude).one
    assert tokens(row) == {"fresh_input": 164, "cache_read": 256, "cache_write_5m": 50, "text_output": 100}
    assert (row["usage_basis"], row["finish_reason"]) == ("declared", "end_turn")


def test_portkeys_retries_and_fallbacks_are_steps_of_a_chain(tmp_path: Path) -> None:
    found = log(
        tmp_path,
        PORTKEY,
        {"retry_success_count": 2},
        {"id": "b", "last_used_option_index": "config.targets[1]", "retry_success_count": 1},
        {"id": "c", "last_used_option_index": 0, "retry_success_count": 0},
        {"id": "d", "last_used_option_index": 1, "config": {"strategy": {"mode": "loadbalance"}}},
    )
    assert [row["chain_step"] for row in found.rows] == [3, 3, None, None]


def test_a_hit_of_portkeys_cache_costs_nothing(tmp_path: Path) -> None:
    states = ("HIT", "SEMANTIC HIT", "MISS", "DISABLED")
    found = log(tmp_path, PORTKEY, *({"id": state, "cache_status": state} for state in states))
    assert [row["kind"] for row in found.rows] == ["cache_hit", "cache_hit", "call", "call"]


def test_money_in_another_currency_is_not_taken_for_dollars(tmp_path: Path) -> None:
    assert log(tmp_path, PORTKEY, {"cost_currency": "EUR"}).one["source_cost"] is None


# -- Cloudflare


def test_cloudflare_marks_hits_of_its_cache_and_later_steps(tmp_path: Path) -> None:
    found = log(
        tmp_path,
        CLOUDFLARE,
        {"cached": True, "cost": 0},
        {"id": "b", "step": 1},
        {"id": "c", "metadata": {"feature": "chat"}},
    )
    assert [(row["kind"], row["chain_step"], row["chain_reason"]) for row in found.rows] == [
        ("cache_hit", None, None),
        ("call", 2, "unknown"),
        ("call", None, None),
    ]
    assert {row["feature"] for row in found.rows} == {"chat"}


def test_logpush_has_calls_without_tokens_and_without_time(tmp_path: Path) -> None:
    pushed = {
        "Gateway": "g",
        "Provider": "openai",
        "Model": "gpt-4o",
        "Endpoint": "chat/completions",
        "StatusCode": 200,
        "RateLimited": False,
        "Cached": False,
    }
    found = log(tmp_path, pushed, {}, {}, {"StatusCode": 429, "RateLimited": True}, {"Cached": True}).rows
    assert [(r["kind"], r["usage_quality"], r["error_kind"], r["model"], r["ts"]) for r in found] == [
        ("call", "missing", None, "gpt-4o", None),
        ("call", "missing", None, "gpt-4o", None),
        ("attempt", "missing", "rate_limit", "gpt-4o", None),
        ("cache_hit", "missing", None, "gpt-4o", None),
    ]


# -- Azure


def test_parts_of_a_long_message_are_no_requests(tmp_path: Path) -> None:
    found = log(
        tmp_path,
        APIM,
        {},
        {"DeploymentName": "", "PromptTokens": 0, "CompletionTokens": 0, "SequenceNumber": 1},
        {"RequestId": "r-2"},
    )
    assert ([row["request_id"] for row in found.rows], found.file.skipped) == (
        ["c-1/r-1", "c-1/r-2"],
        {"part of a long message": 1},
    )


def test_the_diagnostic_log_shows_calls_but_not_their_tokens(tmp_path: Path) -> None:
    table = {
        "TimeGenerated": "2026-01-01T00:00:01Z",
        "ResourceId": "/S",
        "Category": "RequestResponse",
        "OperationName": "ChatCompletions_Create",
        "ResultSignature": "429",
        "CorrelationId": "d-2",
        "properties_s": DIAGNOSTIC["properties"],
    }
    listing = {**DIAGNOSTIC, "operationName": "Deployments_List", "properties": "{}"}
    other = [{**DIAGNOSTIC, "category": name} for name in ("Audit", "Trace", "AzureOpenAIRequestUsage")]
    opened = {**DIAGNOSTIC, "correlationId": "d-3", "properties": json.loads(DIAGNOSTIC["properties"])}
    found = read(
        put(tmp_path / "logs", "a.json", json.dumps({"records": [DIAGNOSTIC, table, opened, listing, *other]}))
    )
    assert [
        (r["request_id"], r["kind"], r["usage_quality"], r["cost"], r["model"], r["model_group"], r["error_kind"])
        for r in found.rows
    ] == [
        ("d-1", "call", "missing", None, "gpt-4o", "gpt4o-prod", None),
        ("d-2", "attempt", "missing", 0, "gpt-4o", "gpt4o-prod", "rate_limit"),
        ("d-3", "call", "missing", None, "gpt-4o", "gpt4o-prod", None),
    ]
    assert found.file.skipped == {
        "no call of a model: Deployments_List": 1,
        "no request: Audit": 1,
        "no request: AzureOpenAIRequestUsage": 1,
        "no request: Trace": 1,
    }


# -- all of them

KINDS = {
    400: "bad_request",
    401: "auth",
    408: "timeout",
    424: "content_filter",
    429: "rate_limit",
    499: "user_choice",
    503: "server_error",
}


@pytest.mark.parametrize(
    ("base", "id_name", "code_name", "nothing"),
    [
        (
            HELICONE,
            "request_id",
            "response_status",
            {"prompt_tokens": 0, "prompt_cache_read_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        ),
        (
            PORTKEY,
            "id",
            "response_status_code",
            {"response": {"error": {"message": "no"}}, "req_units": 0, "res_units": 0, "total_units": 0},
        ),
        (CLOUDFLARE, "id", "status_code", {"success": False, "tokens_in": 0, "tokens_out": 0}),
        (DIAGNOSTIC, "correlationId", "resultSignature", {}),
    ],
    ids=["helicone", "portkey", "cloudflare", "azure_diagnostics"],
)
def test_a_failed_call_is_an_attempt_with_its_reason(
    base: Record, id_name: str, code_name: str, nothing: Record, tmp_path: Path
) -> None:
    found = log(tmp_path, base, *({id_name: f"e{code}", code_name: code, **nothing} for code in KINDS), {id_name: "ok"})
    assert [(row["kind"], row["error_kind"], row["error_code"]) for row in found.rows] == [
        *(("attempt", kind, str(code)) for code, kind in KINDS.items()),
        ("call", None, None),
    ]


def test_an_error_body_says_more_than_the_status(tmp_path: Path) -> None:
    error = {"error": {"code": "context_length_exceeded", "type": "invalid_request_error", "message": "m"}}
    found = log(
        tmp_path,
        PORTKEY,
        {"response_status_code": 400, "response": error},
        {"id": "b", "response_status_code": 429, "response": {"error": {"code": "x1"}}},
    )
    assert [(row["error_kind"], row["error_code"]) for row in found.rows] == [
        ("context_length", "context_length_exceeded"),
        ("rate_limit", "x1"),
    ]


def test_a_status_below_zero_of_helicone_is_a_failure_for_an_unknown_reason(tmp_path: Path) -> None:
    row = log(tmp_path, HELICONE, {"response_status": -3}).one
    assert (row["kind"], row["error_kind"], row["error_code"]) == ("attempt", "unknown", "-3")


LOOKALIKES: list[Record] = [
    {"timestamp": "2026-01-01", "model": "gpt-4o", "tokens_in": 1, "tokens_out": 1},
    {"PromptTokens": 1, "CompletionTokens": 1, "Model": "gpt-4o"},
    {"ai_model": "gpt-4o", "tokens": 5},
    {"category": "RequestResponse", "model": "gpt-4o"},
    {"category": "billing", "resourceId": "/S"},
    {"model": "gpt-4o", "requests": 3, "prompt_tokens": 5},
    {"generation_id": "g", "prompt_tokens": 1},
]


@pytest.mark.parametrize("record", LOOKALIKES, ids="+".join)
def test_names_that_other_people_use_too_are_no_gateway(record: Record) -> None:
    assert recognise.of_record(record) is None


# -- sums of many requests

DAILY: Record = {
    "id": "day-1",
    "user_id": "u42",
    "date": "2026-01-01",
    "api_key": "88dc",
    "model": "gpt-4o",
    "model_group": "smart",
    "custom_llm_provider": "openai",
    "prompt_tokens": 4200,
    "completion_tokens": 1000,
    "cache_read_input_tokens": 2560,
    "cache_creation_input_tokens": 0,
    "spend": 0.0173,
    "api_requests": 12,
    "successful_requests": 10,
    "failed_requests": 2,
}


def test_a_daily_row_of_litellm_stands_for_many_requests_and_those_that_failed(tmp_path: Path) -> None:
    none = dict.fromkeys(("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "successful_requests"), 0)
    found = log(
        tmp_path,
        DAILY,
        {},
        {"id": "day-2", **none, "spend": 0},
        {"id": "day-3", "failed_requests": 0},
        {"id": "day-4", **none, "failed_requests": 0},
    )
    assert [
        (r["request_id"], r["kind"], r["requests"], r["cost"], r["source_cost"], r["line"]) for r in found.rows
    ] == [
        ("day-1", "call", 10, 10 * COST, 10 * COST, 1),
        ("day-1_failed", "attempt", 2, 0, None, 1),
        ("day-2", "attempt", 2, 0, 0, 2),
        ("day-3", "call", 10, 10 * COST, 10 * COST, 3),
    ]
    assert tokens(found.rows[0]) == {"fresh_input": 1640, "cache_read": 2560, "text_output": 1000}
    assert (found.rows[0]["user"], found.rows[0]["ts_us"], found.file.skipped) == (
        "u42",
        AT_US,
        {"a sum of no requests": 1},
    )


def test_openrouters_activity_is_an_upper_bound_for_many_requests(tmp_path: Path) -> None:
    record = {
        "date": "2026-01-01",
        "model": "openai/gpt-4o",
        "model_permaslug": "openai/gpt-4o",
        "endpoint_id": "e",
        "provider_name": "OpenAI",
        "usage": 0.0173,
    }
    counts = {
        "byok_usage_inference": 0,
        "requests": 10,
        "prompt_tokens": 4200,
        "completion_tokens": 1000,
        "reasoning_tokens": 640,
    }
    row = read(put(tmp_path / "logs", "a.json", json.dumps({"data": [{**record, **counts}]}))).one
    assert tokens(row) == {"fresh_input": 4200, "text_output": 360, "reasoning": 640}
    assert (row["source"], row["requests"], row["cost"], row["usage_quality"]) == (
        "openrouter_activity",
        10,
        10 * UPPER_BOUND,
        "partial",
    )


def test_vercels_report_is_read_as_sums(tmp_path: Path) -> None:
    record = {
        "day": "2026-01-01",
        "model": "openai/gpt-4o",
        "provider": "openai",
        "total_cost": 0.0173,
        "market_cost": 0.0173,
        "request_count": 10,
    }
    counts = {
        "input_tokens": 4200,
        "output_tokens": 1000,
        "cached_input_tokens": 2560,
        "cache_creation_input_tokens": 0,
        "reasoning_tokens": 640,
    }
    row = read(put(tmp_path / "logs", "a.json", json.dumps({"results": [{**record, **counts}]}))).one
    assert (row["source"], row["requests"], row["cost"], row["usage_basis"]) == (
        "vercel_report",
        10,
        10 * COST,
        "cost_matched",
    )


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"resourceMetrics": [{"resource": {}}]}, "OpenTelemetry metrics are sums"),
        ({**DAILY, "tag": "feature:chat"}, "holds a request once for each of its tags"),
    ],
    ids=["metrics", "daily tags"],
)
def test_records_that_mislead_are_refused_with_a_way_out(record: Record, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        log(tmp_path, record, {})
    assert refused.value.hint
