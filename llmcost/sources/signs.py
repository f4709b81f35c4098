"""The signs of each format: whether one decoded record is of it. No sign is a name that somebody may give to something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmcost import ledger
from llmcost.sources import streams

Record = Mapping[str, Any]


def has(*names: str) -> Callable[[Record], bool]:
    return lambda r: all(n in r for n in names)


def slp(r: Record) -> bool:
    return has("hidden_params", "model_group")(r) or has("litellm_call_id", "startTime", "response_cost")(r)


NATIVE_NAMES = frozenset((*ledger.NAMES, *ledger.TOTALS))


MEASURES = (*ledger.TOKEN_NAMES, *ledger.TOTALS, "cost", "units")


def native(r: Record) -> bool:
    return (
        set(r) <= NATIVE_NAMES
        and bool({"model", "source"} & set(r))
        and bool({"ts", "ts_us", "request_id", *MEASURES} & set(r))
    )


OPENAI_OBJECTS = ("chat.completion", "chat.completion.chunk", "text_completion", "response")


def openai(r: Record) -> bool:
    body = body_of(r)
    kind, usage, error = str(body.get("object", "")), body.get("usage"), body.get("error")
    return (
        kind in OPENAI_OBJECTS
        or (kind == "list" and isinstance(usage, Mapping))
        or (isinstance(usage, Mapping) and "prompt_tokens" in usage and "choices" in body)
        # transcriptions and images
        or (isinstance(usage, Mapping) and usage.get("type") in ("tokens", "duration"))
        or (isinstance(usage, Mapping) and "input_tokens" in usage and isinstance(body.get("data"), list))
        # a failed call: an error body in a wrapper or beside its request, or a line of a batch that got no response
        or (
            isinstance(error, Mapping)
            and {"code", "message"} <= set(error)
            and (body is not r or isinstance(r.get("request"), Mapping) or {"custom_id", "response"} <= set(r))
        )
    )


def anthropic(r: Record) -> bool:
    body = body_of(r)
    return (
        (body.get("type") == "message" and isinstance(body.get("usage"), Mapping) and not streams.is_event(r))
        or (body.get("type") == "error" and isinstance(body.get("error"), Mapping))
        or ("custom_id" in r and body.get("type") in ("errored", "canceled", "expired"))
    )


WRAPPERS = ("response", "response_body", "result", "message", "body")


def body_of(r: Record) -> Record:
    """The provider's own object inside the usual wrappers."""
    body: Record = r
    for _ in range(3):
        inner = next((body[k] for k in WRAPPERS if isinstance(body.get(k), Mapping)), None)
        if inner is None or "usage" in body or "object" in body or body.get("type") in ("message", "error"):
            return body
        body = inner
    return body


def gemini(r: Record) -> bool:
    body = body_of(r)
    candidates, error = body.get("candidates"), body.get("error")
    return (
        bool({"usageMetadata", "usage_metadata", "promptFeedback"} & set(body))
        or (isinstance(candidates, list) and any(isinstance(c, Mapping) and "content" in c for c in candidates))
        or holds_vectors(body)
        # an error of Google, also as a line of a batch
        or (isinstance(error, Mapping) and {"code", "message", "status"} <= set(error))
        or (isinstance(error, Mapping) and {"key"} <= set(r) <= {"key", "response", "error", "status"})
    )


def holds_vectors(body: Record) -> bool:
    """Embeddings of Gemini, or of the older interface of Vertex."""
    found = [
        body.get("embedding"),
        *(v[0] for v in (body.get("embeddings"), body.get("predictions")) if isinstance(v, list) and v),
    ]
    return any(isinstance(v, Mapping) and ("values" in v or isinstance(v.get("embeddings"), Mapping)) for v in found)


def interaction(r: Record) -> bool:
    body = body_of(r)
    usage = body.get("usage")
    return body.get("object") == "interaction" or (isinstance(usage, Mapping) and "total_input_tokens" in usage)


def bedrock_invocation(r: Record) -> bool:
    logged = next(
        (v for v in (r, r.get("@message"), r.get("message")) if isinstance(v, Mapping) and "schemaType" in v), {}
    )
    return logged.get("schemaType") == "ModelInvocationLog"


def bedrock(r: Record) -> bool:
    body = body_of(r)
    usage = body.get("usage")
    return (
        # a recorded exchange, a line of a batch
        (str(r.get("path", "")).startswith("/model/") and "response" in r)
        or ("recordId" in r and bool({"modelOutput", "error"} & set(r)))
        or (
            isinstance(usage, Mapping)
            and "inputTokens" in usage
            and bool({"output", "stopReason", "metrics"} & set(body))
        )
        # the end of a stream that does not tell what was used
        or ("stopReason" in body and isinstance(body.get("output"), Mapping))
        or "inputTextTokenCount" in body
        or {"prompt_token_count", "generation_token_count"} <= set(body)
    )


def cohere(r: Record) -> bool:
    """Chat tells usage, the others meta; error bodies are those of nobody."""
    body = body_of(r)
    return any(isinstance(v, Mapping) and "billed_units" in v for v in (body.get("usage"), body.get("meta")))


RUN_TYPES = ("llm", "chain", "tool", "retriever", "embedding", "prompt", "parser")


def crew(r: Record) -> bool:
    found = next((v for v in (r.get("token_usage"), r.get("usage_metrics")) if isinstance(v, Mapping)), r)
    # LiteLLM's daily sums have these names too, and more
    return {"successful_requests", "prompt_tokens", "completion_tokens"} <= set(found) and "api_requests" not in found


OTEL_PREFIXES = ("gen_ai.", "llm.token_count.", "llm.usage.", "ai.usage.", "openinference.", "traceloop.")


def otel(r: Record) -> bool:
    """A span of its own, or the bare map of its attributes."""
    found = r.get("attributes", r.get("Attributes", r))
    names = (
        found
        if isinstance(found, Mapping)
        else [e.get("key") or e.get("Key") for e in found if isinstance(e, Mapping)]
        if isinstance(found, list)
        else ()
    )
    is_span = found is not r and bool({"span_id", "spanId", "context", "SpanContext", "spanContext"} & set(r))
    return is_span or any(str(name).startswith(OTEL_PREFIXES) for name in names)


def langfuse_observation(r: Record) -> bool:
    usage = {"usageDetails", "usage_details", "inputUsage", "parentObservationId", "parent_observation_id"} & set(r)
    return bool(usage) and bool({"traceId", "trace_id"} & set(r))


def langfuse_trace(r: Record) -> bool:
    is_export = {"timestamp", "name", "id"} <= set(r) and bool({"projectId", "project_id"} & set(r)) and "tags" in r
    return isinstance(r.get("observations"), list) or is_export


def langfuse_event(r: Record) -> bool:
    events = r.get("batch") if isinstance(r.get("batch"), list) else [r]
    return any(
        isinstance(e, Mapping)
        and isinstance(e.get("body"), Mapping)
        and str(e.get("type")).endswith(("-create", "-update"))
        for e in events  # type: ignore[union-attr]
    )


def transcript(r: Record) -> bool:
    message = r.get("message")
    is_line = "sessionId" in r and "uuid" in r
    return is_line or (isinstance(message, Mapping) and "usage" in message and "sessionId" in r)


def qwen(r: Record) -> bool:
    message = r.get("message")
    return transcript(r) and ("usageMetadata" in r or (isinstance(message, Mapping) and "parts" in message))


CODEX_TYPES = ("session_meta", "turn_context", "event_msg", "response_item", "compacted")
CODEX_EXEC_TYPES = (
    *("thread.started", "turn.started", "turn.completed", "turn.failed"),
    *("item.started", "item.updated", "item.completed"),
)


def codex(r: Record) -> bool:
    kind = r.get("type")
    return (kind in CODEX_TYPES and isinstance(r.get("payload"), Mapping)) or kind in CODEX_EXEC_TYPES


def aider(r: Record) -> bool:
    return {"event", "properties", "user_id", "time"} <= set(r) and isinstance(r["properties"], Mapping)


def generation(r: Record) -> bool:
    """One answer of /generation, bare or under `data`."""
    data = r.get("data")
    return "native_tokens_prompt" in (data if isinstance(data, Mapping) else r)


def portkey(r: Record) -> bool:
    request = r.get("request")
    return (
        {"ai_model", "created_at"} <= set(r) and bool({"ai_org", "ai_provider", "req_units", "request_tokens"} & set(r))
    ) or (isinstance(request, Mapping) and "portkeyHeaders" in request)


def cloudflare(r: Record) -> bool:
    # `tokens_in` and `tokens_out` alone are names that other people use too
    return (
        {"tokens_in", "tokens_out"} <= set(r) and bool({"step", "cached", "model_type", "request_type"} & set(r))
    ) or {"Gateway", "Provider", "StatusCode"} <= set(r)


AZURE_CATEGORIES = ("Audit", "AzureOpenAIRequestUsage", "RequestResponse", "Trace")


def azure_diagnostics(r: Record) -> bool:
    return (r.get("category") in AZURE_CATEGORIES and "resourceId" in r) or (
        r.get("Category") in AZURE_CATEGORIES and bool({"ResourceId", "_ResourceId"} & set(r))
    )


def pages(r: Record) -> bool:
    """A bucket of a usage or cost report, or a whole page of them."""
    inner = r.get("data")
    buckets = inner if isinstance(inner, list) else [r]
    is_page = inner == [] and r.get("object") == "page"
    return is_page or any(bucket(b) for b in buckets if isinstance(b, Mapping))


def bucket(r: Record) -> bool:
    results = r.get("results")
    if not isinstance(results, list):
        return False
    first = results[0] if results and isinstance(results[0], Mapping) else None
    if "starting_at" in r:
        return first is None or bool({"uncached_input_tokens", "amount"} & set(first))
    return r.get("object") == "bucket" and (first is None or str(first.get("object", "")).startswith("organization."))


def usage_of_anthropic(r: Record) -> bool:
    """Usage as Anthropic counts it, in a record that somebody made himself."""
    body = body_of(r)
    usage = body.get("usage")
    if not isinstance(usage, Mapping) or "input_tokens" not in usage:
        return False
    cached = {"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"} & set(usage)
    return bool(cached) or "claude" in str(body.get("model", r.get("model"))).lower()


OPENAI_USAGE = frozenset(
    f"{of}_tokens{end}" for of in ("prompt", "completion", "input", "output", "total") for end in ("", "_details")
)


def usage_of_openai(r: Record) -> bool:
    """The same as OpenAI does. Names that are not OpenAI's may mean something else: the reader of any names asks for less."""
    body = body_of(r)
    usage = body.get("usage")
    is_named = any("model" in each for each in (body, r, r.get("request")) if isinstance(each, Mapping))
    return isinstance(usage, Mapping) and bool(usage) and set(usage) <= OPENAI_USAGE and is_named
