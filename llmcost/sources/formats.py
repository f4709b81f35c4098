"""The table of formats: one row each. The first rule that a record fits names its format; a file's format is the majority's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from llmcost import ledger
from llmcost.resources import text
from llmcost.sources import files, streams
from llmcost.sources.files import LogFile

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """`query` is the SQL file that reads it; `fits` is the detection rule on one decoded record."""

    name: str
    title: str
    query: str
    fits: Callable[[Record], bool]
    detected_by: str
    counting: str
    ordered: bool = False
    """Whether a line means something only together with the lines before it: its query sees them with their order as `row_no`."""

    @property
    def how_to(self) -> str:
        """How to get such a log out of the system that has it."""
        return text(f"sources/how_to/{self.name}.md").rstrip()


def _has(*names: str) -> Callable[[Record], bool]:
    return lambda r: all(n in r for n in names)


def _slp(r: Record) -> bool:
    return _has("hidden_params", "model_group")(r) or _has("litellm_call_id", "startTime", "response_cost")(r)


NATIVE_NAMES = frozenset((*ledger.NAMES, *ledger.TOTALS))


MEASURES = (*ledger.TOKEN_NAMES, *ledger.TOTALS, "cost", "units")


def _native(r: Record) -> bool:
    return (
        set(r) <= NATIVE_NAMES
        and bool({"model", "source"} & set(r))
        and bool({"ts", "ts_us", "request_id", *MEASURES} & set(r))
    )


OPENAI_OBJECTS = ("chat.completion", "chat.completion.chunk", "text_completion", "response")


def _openai(r: Record) -> bool:
    body = _body(r)
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


def _anthropic(r: Record) -> bool:
    body = _body(r)
    return (
        (body.get("type") == "message" and isinstance(body.get("usage"), Mapping) and not streams.is_event(r))
        or (body.get("type") == "error" and isinstance(body.get("error"), Mapping))
        or ("custom_id" in r and body.get("type") in ("errored", "canceled", "expired"))
    )


WRAPPERS = ("response", "response_body", "result", "message", "body")


def _body(r: Record) -> Record:
    """The provider's own object inside the usual wrappers."""
    body: Record = r
    for _ in range(3):
        inner = next((body[k] for k in WRAPPERS if isinstance(body.get(k), Mapping)), None)
        if inner is None or "usage" in body or "object" in body or body.get("type") in ("message", "error"):
            return body
        body = inner
    return body


def _gemini(r: Record) -> bool:
    body = _body(r)
    candidates, error = body.get("candidates"), body.get("error")
    return (
        bool({"usageMetadata", "usage_metadata", "promptFeedback"} & set(body))
        or (isinstance(candidates, list) and any(isinstance(c, Mapping) and "content" in c for c in candidates))
        or _holds_vectors(body)
        # an error of Google, also as a line of a batch
        or (isinstance(error, Mapping) and {"code", "message", "status"} <= set(error))
        or (isinstance(error, Mapping) and {"key"} <= set(r) <= {"key", "response", "error", "status"})
    )


def _holds_vectors(body: Record) -> bool:
    """Embeddings of Gemini, or of the older interface of Vertex."""
    found = [
        body.get("embedding"),
        *(v[0] for v in (body.get("embeddings"), body.get("predictions")) if isinstance(v, list) and v),
    ]
    return any(isinstance(v, Mapping) and ("values" in v or isinstance(v.get("embeddings"), Mapping)) for v in found)


def _interaction(r: Record) -> bool:
    body = _body(r)
    usage = body.get("usage")
    return body.get("object") == "interaction" or (isinstance(usage, Mapping) and "total_input_tokens" in usage)


def _bedrock_invocation(r: Record) -> bool:
    logged = next(
        (v for v in (r, r.get("@message"), r.get("message")) if isinstance(v, Mapping) and "schemaType" in v), {}
    )
    return logged.get("schemaType") == "ModelInvocationLog"


def _bedrock(r: Record) -> bool:
    body = _body(r)
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


def _cohere(r: Record) -> bool:
    """Chat tells usage, the others meta; error bodies are those of nobody."""
    body = _body(r)
    return any(isinstance(v, Mapping) and "billed_units" in v for v in (body.get("usage"), body.get("meta")))


RUN_TYPES = ("llm", "chain", "tool", "retriever", "embedding", "prompt", "parser")


def _crew(r: Record) -> bool:
    found = next((v for v in (r.get("token_usage"), r.get("usage_metrics")) if isinstance(v, Mapping)), r)
    # LiteLLM's daily sums have these names too, and more
    return {"successful_requests", "prompt_tokens", "completion_tokens"} <= set(found) and "api_requests" not in found


OTEL_PREFIXES = ("gen_ai.", "llm.token_count.", "llm.usage.", "ai.usage.", "openinference.", "traceloop.")


def _otel(r: Record) -> bool:
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


def _langfuse_observation(r: Record) -> bool:
    usage = {"usageDetails", "usage_details", "inputUsage", "parentObservationId", "parent_observation_id"} & set(r)
    return bool(usage) and bool({"traceId", "trace_id"} & set(r))


def _langfuse_trace(r: Record) -> bool:
    is_export = {"timestamp", "name", "id"} <= set(r) and bool({"projectId", "project_id"} & set(r)) and "tags" in r
    return isinstance(r.get("observations"), list) or is_export


def _langfuse_event(r: Record) -> bool:
    events = r.get("batch") if isinstance(r.get("batch"), list) else [r]
    return any(
        isinstance(e, Mapping)
        and isinstance(e.get("body"), Mapping)
        and str(e.get("type")).endswith(("-create", "-update"))
        for e in events  # type: ignore[union-attr]
    )


def _transcript(r: Record) -> bool:
    message = r.get("message")
    is_line = "sessionId" in r and "uuid" in r
    return is_line or (isinstance(message, Mapping) and "usage" in message and "sessionId" in r)


def _qwen(r: Record) -> bool:
    message = r.get("message")
    return _transcript(r) and ("usageMetadata" in r or (isinstance(message, Mapping) and "parts" in message))


CODEX_TYPES = ("session_meta", "turn_context", "event_msg", "response_item", "compacted")
CODEX_EXEC_TYPES = (
    *("thread.started", "turn.started", "turn.completed", "turn.failed"),
    *("item.started", "item.updated", "item.completed"),
)


def _codex(r: Record) -> bool:
    kind = r.get("type")
    return (kind in CODEX_TYPES and isinstance(r.get("payload"), Mapping)) or kind in CODEX_EXEC_TYPES


def _aider(r: Record) -> bool:
    return {"event", "properties", "user_id", "time"} <= set(r) and isinstance(r["properties"], Mapping)


def _generation(r: Record) -> bool:
    """One answer of /generation, bare or under `data`."""
    data = r.get("data")
    return "native_tokens_prompt" in (data if isinstance(data, Mapping) else r)


def _portkey(r: Record) -> bool:
    request = r.get("request")
    return (
        {"ai_model", "created_at"} <= set(r) and bool({"ai_org", "ai_provider", "req_units", "request_tokens"} & set(r))
    ) or (isinstance(request, Mapping) and "portkeyHeaders" in request)


def _cloudflare(r: Record) -> bool:
    # `tokens_in` and `tokens_out` alone are names that other people use too
    return (
        {"tokens_in", "tokens_out"} <= set(r) and bool({"step", "cached", "model_type", "request_type"} & set(r))
    ) or {"Gateway", "Provider", "StatusCode"} <= set(r)


AZURE_CATEGORIES = ("Audit", "AzureOpenAIRequestUsage", "RequestResponse", "Trace")


def _azure_diagnostics(r: Record) -> bool:
    return (r.get("category") in AZURE_CATEGORIES and "resourceId" in r) or (
        r.get("Category") in AZURE_CATEGORIES and bool({"ResourceId", "_ResourceId"} & set(r))
    )


PAGES = "provider_pages"


def _pages(r: Record) -> bool:
    """A bucket of a usage or cost report, or a whole page of them."""
    inner = r.get("data")
    buckets = inner if isinstance(inner, list) else [r]
    is_page = inner == [] and r.get("object") == "page"
    return is_page or any(_bucket(b) for b in buckets if isinstance(b, Mapping))


def _bucket(r: Record) -> bool:
    results = r.get("results")
    if not isinstance(results, list):
        return False
    first = results[0] if results and isinstance(results[0], Mapping) else None
    if "starting_at" in r:
        return first is None or bool({"uncached_input_tokens", "amount"} & set(first))
    return r.get("object") == "bucket" and (first is None or str(first.get("object", "")).startswith("organization."))


FORMATS: tuple[Format, ...] = (
    Format(
        "bedrock_invocation",
        "AWS Bedrock model invocation logs (S3 or CloudWatch)",
        "sources/bedrock_invocation.sql",
        _bedrock_invocation,
        'schemaType "ModelInvocationLog", also inside @message or message',
        "inputTokenCount excludes cache reads and writes; how long a write lasts is told by the usage in the body",
    ),
    Format(
        "otlp_traces",
        "OpenTelemetry traces as OTLP JSON (collector file exporter), in any GenAI dialect",
        "sources/otel.sql",
        lambda r: "resourceSpans" in r or "resource_spans" in r,
        "resourceSpans",
        "a span counts if it has usage and none below it has; input holds cache, output holds reasoning, except where the dialect is known to do otherwise",
    ),
    Format(
        PAGES,
        "Usage and cost pages of OpenAI and Anthropic (sums, kept apart from requests)",
        "sources/pages.sql",
        _pages,
        'object "page" with buckets of organization.* results, or starting_at and results with uncached_input_tokens or amount',
        "OpenAI's input_tokens holds cached tokens, Anthropic's parts are disjoint; Anthropic's amounts are cents; in no report",
    ),
    Format(
        "otlp_logs",
        "OpenTelemetry logs as OTLP JSON (collector file exporter): the events of Claude Code, Codex, Gemini CLI and Qwen Code",
        "sources/otlp_logs.sql",
        lambda r: "resourceLogs" in r or "resource_logs" in r,
        "resourceLogs",
        "as the transcripts count; a session whose transcript is read too counts by that one",
    ),
    Format(
        "litellm_slp",
        "LiteLLM StandardLoggingPayload (callbacks, S3/GCS/Datadog sinks)",
        "sources/litellm_slp.sql",
        _slp,
        "hidden_params and model_group, or litellm_call_id, startTime and response_cost",
        "prompt_tokens holds cache reads and writes (not on /v1/messages rows); completion_tokens holds reasoning; a cache hit costs nothing",
    ),
    Format(
        "litellm_spendlogs",
        "LiteLLM SpendLogs (the proxy's Postgres table, as JSON lines, JSON or CSV)",
        "sources/litellm_spendlogs.sql",
        _has("call_type", "spend", "startTime"),
        "call_type, spend and startTime",
        "as LiteLLM's payload; cache and reasoning detail come from the metadata column",
    ),
    Format(
        "langfuse_ingestion",
        "Langfuse ingestion events, as SDKs send them",
        "sources/langfuse.sql",
        _langfuse_event,
        'batch[] of {"type": "generation-create", "body": ...}, or such events one by one',
        "as langfuse_observation; a create and its updates are one call",
    ),
    Format(
        "langfuse_trace",
        "Langfuse traces: the download of one, or rows of the export",
        "sources/langfuse.sql",
        _langfuse_trace,
        "observations[], or id, name, timestamp, projectId and tags",
        "as langfuse_observation; user, session and tags go to all observations of the trace",
    ),
    Format(
        "langfuse_observation",
        "Langfuse observations: blob export, table export, API pages",
        "sources/langfuse.sql",
        _langfuse_observation,
        "usageDetails or parentObservationId, with traceId",
        "a generation counts if none below it has usage; parts stand beside each other if their sum is the total, else as their names say",
    ),
    Format(
        "codex",
        "Codex sessions (rollout-*.jsonl), and what codex exec --json prints",
        "sources/codex.sql",
        _codex,
        "type session_meta, turn_context, event_msg, response_item or compacted, with payload; or thread.started, turn.completed, item.completed ...",
        "counts are cumulative: a call is the growth since the count before; a count said again, or replayed from the session that opened this one, is none",
        ordered=True,
    ),
    Format(
        "gemini_cli",
        "Gemini CLI chats (session-*.json, .jsonl)",
        "sources/gemini_cli.sql",
        lambda r: {"sessionId", "projectHash"} <= set(r) or "$set" in r or "$rewindTo" in r,
        "sessionId and projectHash, or $set, or $rewindTo",
        "input holds cached tokens, thoughts and tool tokens stand beside; a rewound call was billed",
        ordered=True,
    ),
    Format(
        "qwen_code",
        "Qwen Code transcripts",
        "sources/qwen_code.sql",
        _qwen,
        "sessionId and uuid, with usageMetadata or message.parts",
        "as Gemini: input holds cached tokens, thoughts stand beside the output",
    ),
    Format(
        "claude_code",
        "Claude Code transcripts (~/.claude/projects), sub-agents too",
        "sources/claude_code.sql",
        _transcript,
        "sessionId and uuid, or sessionId and message.usage",
        "lines that share a request or message id are one call, of each count the largest; input excludes cache, output holds thinking",
    ),
    Format(
        "opencode",
        "opencode messages (storage/message/**/msg_*.json, or its database)",
        "sources/opencode.sql",
        lambda r: {"modelID", "providerID", "tokens"} <= set(r) or ("data" in r and "modelID" in str(r["data"])[:4000]),
        "modelID, providerID and tokens",
        "input excludes cache; reasoning is taken to be inside the output (assumed, unless the total tells)",
    ),
    Format(
        "litellm_errorlogs",
        "LiteLLM ErrorLogs (the proxy's Postgres table of failed attempts)",
        "sources/litellm_errorlogs.sql",
        _has("exception_type", "model_group", "litellm_model_name"),
        "exception_type, model_group and litellm_model_name",
        "failed attempts; their tokens are not recorded",
    ),
    Format(
        "litellm_daily",
        "LiteLLM's daily sums by user, team, agent or end user (LiteLLM_Daily...Spend), for want of the requests themselves",
        "sources/daily_sums.sql",
        lambda r: _has("api_requests", "spend", "prompt_tokens")(r) and "tag" not in r,
        "api_requests, spend and prompt_tokens",
        "a row stands for many requests and is priced at the base tier; prompt_tokens holds cache reads and writes",
    ),
    Format(
        "openrouter_csv",
        "OpenRouter's activity export (CSV)",
        "sources/openrouter.sql",
        _has("generation_id", "tokens_prompt"),
        "generation_id and tokens_prompt",
        "tokens_prompt holds cached tokens, tokens_completion holds reasoning; with your own key the recorded cost is fee and estimate",
    ),
    Format(
        "openrouter_generation",
        "answers of /generation of OpenRouter and of Vercel's AI Gateway, bare or under data",
        "sources/openrouter.sql",
        _generation,
        "native_tokens_prompt, at the top or in data",
        "the native_ counts are billed; prompt holds cached tokens, completion holds reasoning; failed providers are steps of a chain",
    ),
    Format(
        "openrouter_activity",
        "OpenRouter's activity API: sums by day, model and endpoint",
        "sources/daily_sums.sql",
        _has("model_permaslug", "requests", "prompt_tokens"),
        "model_permaslug, requests and prompt_tokens",
        "a row stands for many requests; cached tokens cannot be seen, so the price is an upper bound (partial)",
    ),
    Format(
        "vercel_report",
        "Vercel AI Gateway's report: sums by day and model",
        "sources/daily_sums.sql",
        lambda r: (
            _has("request_count", "total_cost", "input_tokens", "model")(r) and bool({"day", "market_cost"} & set(r))
        ),
        "request_count, total_cost, input_tokens and model, with day or market_cost",
        "a row stands for many requests; whether input_tokens holds cached ones is told by arithmetic, else assumed",
    ),
    Format(
        "helicone",
        "Helicone requests, from its API, its exporter or the CSV of its UI",
        "sources/helicone.sql",
        _has("request_created_at"),
        "request_created_at",
        "cache and reasoning stand inside or beside the counts, by age and provider: the row's own total decides, else assumed",
    ),
    Format(
        "portkey",
        "Portkey's log export",
        "sources/portkey.sql",
        _portkey,
        "ai_model and created_at with ai_org, ai_provider or units; or portkeyHeaders in request",
        "the provider's own usage in response where it is there, else units without the cached part (partial); the recorded cost is in cents, "
        "as documented: if the trust line shows a ratio near 0.01, yours is in dollars",
    ),
    Format(
        "cloudflare",
        "Cloudflare AI Gateway, its list of logs or a Logpush job",
        "sources/cloudflare.sql",
        _cloudflare,
        "tokens_in and tokens_out with step, cached, model_type or request_type; or Gateway, Provider and StatusCode",
        "the provider's own counts, without the cached part (partial); Logpush has no tokens and no time: usage missing",
    ),
    Format(
        "azure_apim",
        "Azure API Management's log of LLM calls (ApiManagementGatewayLlmLog)",
        "sources/azure_apim.sql",
        _has("PromptTokens", "CompletionTokens", "CorrelationId"),
        "PromptTokens, CompletionTokens and CorrelationId",
        "PromptTokens holds cached tokens, but not how many: the price is an upper bound (partial); rows without deployment are parts of messages",
    ),
    Format(
        "azure_diagnostics",
        "Azure OpenAI's diagnostic log, which has no token counts",
        "sources/azure_diagnostics.sql",
        _azure_diagnostics,
        "category Audit, AzureOpenAIRequestUsage, RequestResponse or Trace, with resourceId",
        "calls are seen and counted, but cannot be priced (usage missing): log at API Management instead",
    ),
    Format(
        "langsmith",
        "LangSmith runs (LangChain, LangGraph)",
        "sources/langsmith.sql",
        lambda r: r.get("run_type") in RUN_TYPES and bool({"trace_id", "parent_run_id"} & set(r)),
        "run_type, with trace_id or parent_run_id",
        "a run of type llm is a call, runs above it repeat the sum; input_tokens holds cache, output_tokens holds reasoning",
    ),
    Format(
        "openai_agents",
        "OpenAI Agents SDK traces",
        "sources/openai_agents.sql",
        lambda r: (
            (r.get("object") == "trace.span" and "span_data" in r)
            or (r.get("object") == "trace" and "workflow_name" in r)
        ),
        'object "trace.span" with span_data, or "trace" with workflow_name',
        "generations and responses are calls, the spans above them repeat the sum; input holds cache, output holds reasoning",
    ),
    Format(
        "crewai",
        "CrewAI usage metrics of a run, bare or as token_usage",
        "sources/crewai.sql",
        _crew,
        "successful_requests, prompt_tokens and completion_tokens",
        "a sum over the calls of a run: one row that counts for successful_requests; prompt_tokens holds cached_prompt_tokens",
    ),
    Format(
        "bedrock_converse",
        "AWS Bedrock responses: Converse and InvokeModel, bare, wrapped, recorded, or as batch output",
        "sources/bedrock_converse.sql",
        _bedrock,
        "usage.inputTokens beside output, stopReason or metrics; a path /model/...; recordId with modelOutput or error",
        "inputTokens excludes cache reads and writes; outputTokens holds reasoning and does not tell how much",
    ),
    Format(
        "cohere",
        "Cohere responses: chat, embed and rerank, bare or inside a wrapper",
        "sources/cohere.sql",
        _cohere,
        "billed_units in usage or meta",
        "billed_units is what is billed; tokens, which holds Cohere's own prompt too, is not",
    ),
    Format(
        "anthropic_message",
        "Anthropic Messages responses, bare or inside a wrapper",
        "sources/anthropic.sql",
        _anthropic,
        'type "message" with usage, or type "error" with error',
        "input_tokens excludes cache reads and writes; thinking is inside output_tokens; iterations at another model are rows of their own",
    ),
    Format(
        "otel_span",
        "OpenTelemetry spans one by one, or their attributes: GenAI conventions, OpenLLMetry, OpenLIT, OpenInference, Vercel AI SDK",
        "sources/otel.sql",
        _otel,
        "an attribute that starts with gen_ai., llm.token_count., llm.usage., ai.usage., openinference. or traceloop.",
        "as otlp_traces",
    ),
    Format(
        "gemini_interactions",
        "Gemini Interactions API objects, bare or inside a wrapper",
        "sources/gemini_interactions.sql",
        _interaction,
        'object "interaction", or usage.total_input_tokens',
        "total_input_tokens holds cached tokens; thought and tool use stand beside the output and the input",
    ),
    Format(
        "gemini",
        "Gemini and Vertex AI generateContent, bare, wrapped, or as batch output; embeddings and errors too",
        "sources/gemini.sql",
        _gemini,
        "usageMetadata or usage_metadata, candidates with content, or an error with code, message and status",
        "promptTokenCount holds cached tokens; thoughts stand beside candidatesTokenCount; searches are counted from the grounding",
    ),
    Format(
        "openai_responses",
        "OpenAI Responses API objects, bare or inside a wrapper",
        "sources/openai.sql",
        lambda r: _openai(r) and _body(r).get("object") == "response",
        'object "response"',
        "input_tokens holds cached tokens, output_tokens holds reasoning; calls of hosted tools are counted from output[]",
    ),
    Format(
        "openai_chat",
        "OpenAI Chat Completions, completions, embeddings, images and transcriptions, bare, wrapped, or as batch output",
        "sources/openai.sql",
        _openai,
        'object "chat.completion", "text_completion" or "list" with usage; images or a transcription with usage',
        "prompt_tokens holds cached, audio and image tokens; completion_tokens holds reasoning and rejected predictions",
    ),
    Format(
        "aider",
        "aider's analytics log (--analytics-log)",
        "sources/aider.sql",
        _aider,
        "event, properties, user_id and time",
        "a message_send is one call; input is taken to hold cache reads, which aider does not tell apart; its cost is kept beside ours",
    ),
    Format(
        "native",
        "llmcost's own format: JSON lines with the ledger's column names",
        "",
        _native,
        "every key is a ledger column, or input_tokens, output_tokens, cache_write_tokens",
        "token columns are disjoint; the three totals may stand in for their parts",
    ),
)


def _usage_of_anthropic(r: Record) -> bool:
    """Usage as Anthropic counts it, in a record that somebody made himself."""
    body = _body(r)
    usage = body.get("usage")
    if not isinstance(usage, Mapping) or "input_tokens" not in usage:
        return False
    cached = {"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"} & set(usage)
    return bool(cached) or "claude" in str(body.get("model", r.get("model"))).lower()


OPENAI_USAGE = frozenset(
    f"{of}_tokens{end}" for of in ("prompt", "completion", "input", "output", "total") for end in ("", "_details")
)


def _usage_of_openai(r: Record) -> bool:
    """The same as OpenAI does. Names that are not OpenAI's may mean something else: the reader of any names asks for less."""
    body = _body(r)
    usage = body.get("usage")
    is_named = any("model" in each for each in (body, r, r.get("request")) if isinstance(each, Mapping))
    return isinstance(usage, Mapping) and bool(usage) and set(usage) <= OPENAI_USAGE and is_named


MADE_BY_HAND: tuple[Format, ...] = (
    Format(
        "anthropic_usage",
        "records of your own around usage as Anthropic counts it",
        "sources/anthropic.sql",
        _usage_of_anthropic,
        "usage with input_tokens and cache_read_input_tokens, cache_creation_input_tokens or a model named claude",
        "as anthropic_message",
    ),
    Format(
        "openai_usage",
        "records of your own around usage as OpenAI counts it",
        "sources/openai.sql",
        _usage_of_openai,
        "usage whose names are all OpenAI's (prompt_tokens, input_tokens_details ...), with model",
        "as openai_chat",
    ),
)
"""Looked at last: whatever else is known of such a record says more."""

GENERIC = Format(
    "generic",
    "any CSV, JSON lines or Parquet with recognisable column names, or with a mapping in llmcost.yaml",
    "sources/generic.sql",
    lambda _: False,
    "column names such as model, prompt_tokens, completion_tokens, cost, timestamp; or sources: in llmcost.yaml",
    "input is taken to hold cache reads unless its own total or the mapping says otherwise (then marked assumed)",
)


@dataclass(frozen=True)
class Refusal:
    """Records that look like usage and are not: why they are not read, and what to take instead."""

    fits: Callable[[Record], bool]
    why: str
    hint: str


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        _has("resourceMetrics"),
        "OpenTelemetry metrics are sums that no request can be told from",
        "export the traces: put the collector's file exporter into the traces pipeline",
    ),
    Refusal(
        _has("api_requests", "spend", "tag"),
        "LiteLLM's daily spend by tag holds a request once for each of its tags",
        "take LiteLLM_SpendLogs, whose rows carry their tags, or LiteLLM_DailyUserSpend",
    ),
)

BY_NAME: dict[str, Format] = {f.name: f for f in (*FORMATS, *MADE_BY_HAND, GENERIC)}
SAMPLE_RECORDS = 400
CLEAR_RECORDS, CLEAR_SHARE = 24, 0.9
"""A file whose first records nearly all are of one format is not asked further: of a thousand small files that is most of the work."""
SAMPLE_BYTES = 8 << 20


def of_record(record: object) -> str | None:
    """The format of one record, or None for the generic reader."""
    if isinstance(record, Mapping):
        return next((f.name for f in (*FORMATS, *MADE_BY_HAND) if f.fits(record)), None)
    return None


def refusal(records: list[object]) -> Refusal | None:
    """Why none of these records will be read, for those that are known to mislead."""
    return next((each for each in REFUSALS for r in records if isinstance(r, Mapping) and each.fits(r)), None)


def vote(records: list[object]) -> Counter[str | None]:
    """How many of the records fit which format; the first record alone may mislead."""
    return Counter(of_record(r) for r in records if isinstance(r, Mapping))


def favourite(records: list[object]) -> tuple[str | None, float]:
    """The known format that most of the records fit, and their share of all; None when none fits any."""
    votes = vote(records)
    best = next((name for name, _ in votes.most_common() if name is not None), None)
    return best, votes[best] / len(records) if best else 0.0


def sample(log: LogFile, records: int = SAMPLE_RECORDS) -> list[object]:
    """Up to so many decoded records from the start of a JSON lines or CSV file; the names alone when a CSV has no row yet."""
    if log.shape == "csv":
        rows = (row for _, row in files.csv_records(log.path, log.delimiter) if isinstance(row, dict))
        return [opened(row) for row in islice(rows, records)] or [
            dict.fromkeys(files.csv_names(log.path, log.delimiter))
        ]
    found: list[object] = []
    size = 0
    for _, line in files.numbered_lines(log.path):
        size += len(line)
        with suppress(ValueError, RecursionError):
            found.append(decode(line))
        if len(found) >= records or size > SAMPLE_BYTES:
            break
    return found


def decode(line: bytes) -> object:
    """One line of JSON, leniently: BOM, bad UTF-8, lone surrogates, NaN, a trailing comma, JSON inside a string."""
    text = line.decode("utf-8-sig", "replace").strip().rstrip(",")
    value = json.loads(text, parse_float=str, parse_constant=str)
    if isinstance(value, str) and value[:1] in ("{", "["):
        return decode(value.encode("utf-8", "replace"))
    value = _alone(value)
    return opened(value) if isinstance(value, Mapping) else value


def _alone(value: object) -> object:
    """The object in a list of one: so Google sends its errors."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) else value


OPENED = frozenset((*WRAPPERS, "request", "usage", "metadata", "hidden_params", "error_information", "@message"))
"""Fields that hold an object; where one holds text instead, the text is that object in JSON."""


def opened(record: Record) -> dict[str, object]:
    """The record with the JSON in its known text fields decoded, and with the finished answer in place of a stream."""
    found = dict(record)
    for key, value in record.items():
        if key in OPENED and isinstance(value, str) and value.lstrip()[:1] in ("{", '"'):
            with suppress(ValueError, RecursionError):
                inner = decode(value.encode("utf-8", "replace"))
                found[key] = inner if isinstance(inner, Mapping) else value
        elif key in WRAPPERS:
            found[key] = _alone(value)
    return dict(streams.finished(found))
