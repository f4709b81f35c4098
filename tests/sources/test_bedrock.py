"""AWS Bedrock (bedrock_invocation.sql, bedrock_converse.sql): invocation logs, Converse and InvokeModel, recordings, batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.sources.reading import put, read, tokens, usd

Record = dict[str, Any]

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:sts::000000000000:assumed-role/app/u42"
CONVERSE: Record = {
    "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}},
    "stopReason": "end_turn",
    "usage": {
        "inputTokens": 40,
        "outputTokens": 120,
        "totalTokens": 1460,
        "cacheReadInputTokens": 1000,
        "cacheWriteInputTokens": 300,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 100}, {"ttl": "1h", "inputTokens": 200}],
    },
    "metrics": {"latencyMs": 900},
}
INVOCATION: Record = {
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
    "timestamp": "2026-01-01T00:00:00Z",
    "accountId": "000000000000",
    "identity": {"arn": ARN},
    "region": "us-east-1",
    "inferenceRegion": "us-west-2",
    "requestId": "r-1",
    "operation": "Converse",
    "modelId": SONNET,
    "requestMetadata": {"feature": "chat", "user": "u42"},
    "input": {
        "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        "inputTokenCount": 40,
        "cacheReadInputTokenCount": 1000,
        "cacheWriteInputTokenCount": 300,
    },
    "output": {"outputTokenCount": 120, "outputBodyJson": CONVERSE},
}
# the cache stands beside the input: 40 + 1000 + 100 + 200
USED = {"fresh_input": 40, "cache_read": 1000, "cache_write_5m": 100, "cache_write_1h": 200, "text_output": 120}


def test_an_invocation_is_read_from_s3_and_from_cloudwatch(tmp_path: Path) -> None:
    def invocation(name: str) -> Record:
        return {**INVOCATION, "requestId": name}

    records = [
        *(invocation("r-1"), {"@timestamp": "2026-01-01", "@message": json.dumps(invocation("r-2"))}),
        *({"timestamp": 1767225600000, "message": json.dumps(invocation("r-3"))}, {"message": invocation("r-4")}),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records), put(tmp_path / "logs", "b.json", json.dumps(records[:1])))
    assert [tokens(row) for row in found.rows] == [USED] * 4
    assert [file.source for file in found.report.files] == ["bedrock_invocation"] * 2
    row = found.rows[1]
    assert (row["ts_us"], row["latency_ms"], row["region"], row["key"]) == (1767225600_000000, 900, "us-west-2", ARN)
    assert (row["project"], row["feature"], row["user"]) == ("000000000000", "chat", "u42")
    assert (row["provider"], row["model"], row["finish_reason"]) == ("bedrock", SONNET, "end_turn")
    # 40 x 3.30 + 1000 x 0.33 + 100 x 4.125 + 200 x 6.60 + 120 x 16.50, per million: the us. profile costs a tenth more
    assert row["cost"] == usd("0.0041745")
    assert len(row["prompt_hash"]) == 32


def test_the_counts_of_an_invocation_without_a_body_stand_alone(tmp_path: Path) -> None:
    log = {**INVOCATION, "output": {"outputTokenCount": 120, "outputBodyS3Path": "s3://b/k"}}
    row = read(put(tmp_path / "logs", "a.jsonl", [log])).one
    # how long the writes last is not told: Claude's usual five minutes
    assert tokens(row) == {"fresh_input": 40, "cache_read": 1000, "cache_write_5m": 300, "text_output": 120}
    assert (row["usage_quality"], row["latency_ms"]) == ("exact", None)


def test_a_streamed_invocation_tells_its_end(tmp_path: Path) -> None:
    events = [
        {"messageStart": {"role": "assistant"}},
        {"messageStop": {"stopReason": "max_tokens"}},
        {"metadata": {"usage": CONVERSE["usage"], "metrics": {"latencyMs": 700}, "serviceTier": {"type": "flex"}}},
    ]
    log = {**INVOCATION, "operation": "ConverseStream", "output": {"outputTokenCount": 120, "outputBodyJson": events}}
    row = read(put(tmp_path / "logs", "a.jsonl", [log])).one
    assert (tokens(row), row["latency_ms"], row["finish_reason"]) == (USED, 700, "max_tokens")
    assert row["service_tier"] == "flex"


def test_an_invocation_of_claude_tells_how_long_its_writes_last(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 40,
        "output_tokens": 120,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    }
    body = {"type": "message", "stop_reason": "end_turn", "usage": usage}
    log = {**INVOCATION, "operation": "InvokeModel", "output": {"outputTokenCount": 120, "outputBodyJson": body}}
    row = read(put(tmp_path / "logs", "a.jsonl", [log])).one
    assert (tokens(row), row["finish_reason"]) == (USED, "end_turn")


def test_failed_invocations_are_attempts_and_embeddings_have_no_output(tmp_path: Path) -> None:
    failed = {**INVOCATION, "errorCode": "ThrottlingException", "input": {}, "output": {}}
    vectors = {
        **INVOCATION,
        "requestId": "r-2",
        "modelId": "amazon.titan-embed-text-v2:0",
        "input": {"inputTokenCount": 7},
        "output": {},
    }
    rows = read(put(tmp_path / "logs", "a.jsonl", [failed, vectors])).by_id()
    assert (rows["r-1"]["kind"], rows["r-1"]["error_kind"], rows["r-1"]["cost"]) == ("attempt", "rate_limit", 0)
    assert (tokens(rows["r-2"]), rows["r-2"]["operation"], rows["r-2"]["usage_quality"]) == (
        {"fresh_input": 7},
        "embeddings",
        "exact",
    )


def test_names_of_models(tmp_path: Path) -> None:
    profile = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc"
    names = {
        SONNET: SONNET,
        f"arn:aws:bedrock:us-east-1:000000000000:inference-profile/{SONNET}": SONNET,
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0": "amazon.nova-pro-v1:0",
        # it hides the model, and nobody guesses
        profile: profile,
    }
    records = [{**INVOCATION, "requestId": f"r-{n}", "modelId": name} for n, name in enumerate(names)]
    assert [row["model"] for row in read(put(tmp_path / "logs", "a.jsonl", records)).rows] == list(names.values())


def exchange(path: str, response: object, status: int = 200, **headers: object) -> Record:
    listed = [text for name, value in headers.items() for text in (name.replace("_", "-"), str(value))]
    return {
        "scope": "https://bedrock-runtime.eu-west-1.amazonaws.com:443",
        "method": "POST",
        "path": f"/model/{path}",
        "body": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        "status": status,
        "response": response,
        "rawHeaders": ["Date", "Thu, 01 Jan 2026 00:00:00 GMT", *listed],
    }


def test_converse_counts_the_same_bare_wrapped_and_recorded(tmp_path: Path) -> None:
    dumped = {
        **CONVERSE,
        "ResponseMetadata": {"RequestId": "q-1", "HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}},
    }
    request = {"modelId": SONNET, "requestMetadata": {"feature": "chat"}, "messages": []}
    records = [
        dumped,
        {"id": "q-2", "time": "2026-01-01", "modelId": SONNET, "user": "u1", "response": CONVERSE},
        {"id": "q-3", "time": "2026-01-01", "request": request, "response": json.dumps(CONVERSE)},
        exchange("us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", CONVERSE, x_amzn_RequestId="q-4"),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    rows = found.by_id()
    assert (found.file.source, [row["ts_us"] for row in found.rows]) == ("bedrock_converse", [1767225600_000000] * 4)
    assert [tokens(rows[f"q-{n}"]) for n in (2, 3, 4)] == [USED] * 3
    # without a model nothing tells who wrote 300 of 300 for how long, but the details do
    assert (tokens(rows["q-1"]), rows["q-1"]["unpriced_reason"]) == (USED, "no model name")
    assert [rows[f"q-{n}"]["model"] for n in (2, 3, 4)] == [SONNET] * 3
    assert (rows["q-2"]["user"], rows["q-3"]["feature"], rows["q-4"]["region"]) == ("u1", "chat", "eu-west-1")
    assert {row["latency_ms"] for row in found.rows} == {900}


def test_bodies_of_invoke_model(tmp_path: Path) -> None:
    counted = {"x_amzn_bedrock_input_token_count": 8, "x_amzn_bedrock_output_token_count": 10}
    eight_and_ten = {"fresh_input": 8, "text_output": 10}
    titan = {
        "inputTextTokenCount": 8,
        "results": [{"tokenCount": 4, "completionReason": "FINISH"}, {"tokenCount": 6}],
    }
    cached = {"input_tokens": 8, "output_tokens": 10, "cache_read_input_tokens": 50}
    old_names = {"inputTokens": 8, "outputTokens": 10, "cacheReadInputTokenCount": 5, "cacheWriteInputTokenCount": 3}
    cases: list[tuple[Record, dict[str, int]]] = [
        (exchange("amazon.titan-text-express-v1/invoke", titan), eight_and_ten),
        (
            exchange("meta.llama3-v1/invoke", {"prompt_token_count": 8, "generation_token_count": 10}),
            eight_and_ten,
        ),
        (exchange("anthropic.claude-v1/invoke", {"usage": cached}), {**eight_and_ten, "cache_read": 50}),
        (
            exchange("amazon.nova-pro-v1%3A0/invoke", {"usage": old_names}),
            {**eight_and_ten, "cache_read": 5, "cache_write_other": 3},
        ),
        # Cohere counts in the headers alone
        (exchange("cohere.command-r-v1%3A0/invoke", {"text": "ok"}, **counted), eight_and_ten),
        (
            {
                "time": "2026-01-01",
                "modelId": "amazon.titan-embed-text-v1",
                "response": {"embedding": [0.1], "inputTextTokenCount": 8},
            },
            {"fresh_input": 8},
        ),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", [record for record, _ in cases]))
    assert [tokens(row) for row in found.rows] == [wanted for _, wanted in cases]
    assert {row["usage_quality"] for row in found.rows} == {"exact"}
    assert (found.rows[0]["finish_reason"], found.rows[-1]["operation"]) == ("FINISH", "embeddings")


def test_what_nobody_counted_is_a_request_of_unknown_cost(tmp_path: Path) -> None:
    records = [
        exchange("cohere.command-r-v1%3A0/invoke", {"text": "ok"}),
        exchange("amazon.nova-pro-v1%3A0/converse-stream", "0000008100000052"),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    assert [(row["kind"], row["usage_quality"], row["cost"], row["model"]) for row in found.rows] == [
        ("call", "missing", None, "cohere.command-r-v1:0"),
        ("call", "missing", None, "amazon.nova-pro-v1:0"),
    ]


def test_failed_exchanges_are_attempts(tmp_path: Path) -> None:
    records = [
        exchange("x/converse", {"message": "Too many requests"}, 429, x_amzn_ErrorType="ThrottlingException:http://h"),
        exchange("x/converse", {"message": "The provided model identifier is invalid."}, 400),
        exchange("x/converse", {"message": "prompt is too long"}, 400, x_amzn_ErrorType="ValidationException"),
        exchange("x/converse", {"message": "Signature expired"}, 403),
    ]
    found = read(put(tmp_path / "logs", "a.jsonl", records))
    assert [(row["kind"], row["error_kind"], row["cost"]) for row in found.rows] == [
        *(("attempt", "rate_limit", 0), ("attempt", "bad_request", 0)),
        *(("attempt", "context_length", 0), ("attempt", "auth", 0)),
    ]


def test_lines_of_a_batch_are_told_apart_across_jobs(tmp_path: Path) -> None:
    message = {"type": "message", "model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 2}}
    done = {"recordId": "CALL0000001", "modelInput": {}, "modelOutput": message}
    other = {**done, "modelOutput": {**message, "usage": {"input_tokens": 7, "output_tokens": 1}}}
    failed = {"recordId": "CALL0000002", "modelInput": {}, "error": {"errorCode": 400, "errorMessage": "no"}}
    found = read(
        put(tmp_path / "logs", "a.jsonl.out", [done, failed]).parent,
        put(tmp_path / "more", "b.jsonl", [other]),
    )
    assert [(row["source"], row["service_tier"], tokens(row)) for row in found.rows if row["kind"] == "call"] == [
        ("bedrock_batch", "batch", {"fresh_input": 9, "text_output": 2}),
        ("bedrock_batch", "batch", {"fresh_input": 7, "text_output": 1}),
    ]
    assert [row["error_kind"] for row in found.rows if row["kind"] == "attempt"] == ["bad_request"]


def test_what_only_looks_like_bedrock_is_not_taken_for_it(tmp_path: Path) -> None:
    other = {"path": "/v1/chat", "message": "hello", "schemaType": "AuditLog"}
    found = read(put(tmp_path / "logs", "a.jsonl", [INVOCATION, other, {"message": "a line of talk"}]))
    assert found.one["request_id"] == "r-1"
    assert found.reasons() == [
        (2, "no known format; keys: path, message, schemaType"),
        (3, "no known format; keys: message"),
    ]
