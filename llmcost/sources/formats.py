"""The table of formats: one row each. The first rule that a record fits names its format; a file's format is the majority's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmcost.resources import text
from llmcost.sources import signs
from llmcost.sources.signs import Record

PAGES = "provider_pages"


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


FORMATS: tuple[Format, ...] = (
    Format(
        "bedrock_invocation",
        "AWS Bedrock model invocation logs (S3 or CloudWatch)",
        "sources/bedrock_invocation.sql",
        signs.bedrock_invocation,
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
        signs.pages,
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
        signs.slp,
        "hidden_params and model_group, or litellm_call_id, startTime and response_cost",
        "prompt_tokens holds cache reads and writes (not on /v1/messages rows); completion_tokens holds reasoning; a cache hit costs nothing",
    ),
    Format(
        "litellm_spendlogs",
        "LiteLLM SpendLogs (the proxy's Postgres table, as JSON lines, JSON or CSV)",
        "sources/litellm_spendlogs.sql",
        signs.has("call_type", "spend", "startTime"),
        "call_type, spend and startTime",
        "as LiteLLM's payload; cache and reasoning detail come from the metadata column",
    ),
    Format(
        "langfuse_ingestion",
        "Langfuse ingestion events, as SDKs send them",
        "sources/langfuse.sql",
        signs.langfuse_event,
        'batch[] of {"type": "generation-create", "body": ...}, or such events one by one',
        "as langfuse_observation; a create and its updates are one call",
    ),
    Format(
        "langfuse_trace",
        "Langfuse traces: the download of one, or rows of the export",
        "sources/langfuse.sql",
        signs.langfuse_trace,
        "observations[], or id, name, timestamp, projectId and tags",
        "as langfuse_observation; user, session and tags go to all observations of the trace",
    ),
    Format(
        "langfuse_observation",
        "Langfuse observations: blob export, table export, API pages",
        "sources/langfuse.sql",
        signs.langfuse_observation,
        "usageDetails or parentObservationId, with traceId",
        "a generation counts if none below it has usage; parts stand beside each other if their sum is the total, else as their names say",
    ),
    Format(
        "codex",
        "Codex sessions (rollout-*.jsonl), and what codex exec --json prints",
        "sources/codex.sql",
        signs.codex,
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
        signs.qwen,
        "sessionId and uuid, with usageMetadata or message.parts",
        "as Gemini: input holds cached tokens, thoughts stand beside the output",
    ),
    Format(
        "claude_code",
        "Claude Code transcripts (~/.claude/projects), sub-agents too",
        "sources/claude_code.sql",
        signs.transcript,
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
        signs.has("exception_type", "model_group", "litellm_model_name"),
        "exception_type, model_group and litellm_model_name",
        "failed attempts; their tokens are not recorded",
    ),
    Format(
        "litellm_daily",
        "LiteLLM's daily sums by user, team, agent or end user (LiteLLM_Daily...Spend), for want of the requests themselves",
        "sources/daily_sums.sql",
        lambda r: signs.has("api_requests", "spend", "prompt_tokens")(r) and "tag" not in r,
        "api_requests, spend and prompt_tokens",
        "a row stands for many requests and is priced at the base tier; prompt_tokens holds cache reads and writes",
    ),
    Format(
        "openrouter_csv",
        "OpenRouter's activity export (CSV)",
        "sources/openrouter.sql",
        signs.has("generation_id", "tokens_prompt"),
        "generation_id and tokens_prompt",
        "tokens_prompt holds cached tokens, tokens_completion holds reasoning; with your own key the recorded cost is fee and estimate",
    ),
    Format(
        "openrouter_generation",
        "answers of /generation of OpenRouter and of Vercel's AI Gateway, bare or under data",
        "sources/openrouter.sql",
        signs.generation,
        "native_tokens_prompt, at the top or in data",
        "the native_ counts are billed; prompt holds cached tokens, completion holds reasoning; failed providers are steps of a chain",
    ),
    Format(
        "openrouter_activity",
        "OpenRouter's activity API: sums by day, model and endpoint",
        "sources/daily_sums.sql",
        signs.has("model_permaslug", "requests", "prompt_tokens"),
        "model_permaslug, requests and prompt_tokens",
        "a row stands for many requests; cached tokens cannot be seen, so the price is an upper bound (partial)",
    ),
    Format(
        "vercel_report",
        "Vercel AI Gateway's report: sums by day and model",
        "sources/daily_sums.sql",
        lambda r: (
            signs.has("request_count", "total_cost", "input_tokens", "model")(r)
            and bool({"day", "market_cost"} & set(r))
        ),
        "request_count, total_cost, input_tokens and model, with day or market_cost",
        "a row stands for many requests; whether input_tokens holds cached ones is told by arithmetic, else assumed",
    ),
    Format(
        "helicone",
        "Helicone requests, from its API, its exporter or the CSV of its UI",
        "sources/helicone.sql",
        signs.has("request_created_at"),
        "request_created_at",
        "cache and reasoning stand inside or beside the counts, by age and provider: the row's own total decides, else assumed",
    ),
    Format(
        "portkey",
        "Portkey's log export",
        "sources/portkey.sql",
        signs.portkey,
        "ai_model and created_at with ai_org, ai_provider or units; or portkeyHeaders in request",
        "the provider's own usage in response where it is there, else units without the cached part (partial); the recorded cost is in cents, "
        "as documented: if the trust line shows a ratio near 0.01, yours is in dollars",
    ),
    Format(
        "cloudflare",
        "Cloudflare AI Gateway, its list of logs or a Logpush job",
        "sources/cloudflare.sql",
        signs.cloudflare,
        "tokens_in and tokens_out with step, cached, model_type or request_type; or Gateway, Provider and StatusCode",
        "the provider's own counts, without the cached part (partial); Logpush has no tokens and no time: usage missing",
    ),
    Format(
        "azure_apim",
        "Azure API Management's log of LLM calls (ApiManagementGatewayLlmLog)",
        "sources/azure_apim.sql",
        signs.has("PromptTokens", "CompletionTokens", "CorrelationId"),
        "PromptTokens, CompletionTokens and CorrelationId",
        "PromptTokens holds cached tokens, but not how many: the price is an upper bound (partial); rows without deployment are parts of messages",
    ),
    Format(
        "azure_diagnostics",
        "Azure OpenAI's diagnostic log, which has no token counts",
        "sources/azure_diagnostics.sql",
        signs.azure_diagnostics,
        "category Audit, AzureOpenAIRequestUsage, RequestResponse or Trace, with resourceId",
        "calls are seen and counted, but cannot be priced (usage missing): log at API Management instead",
    ),
    Format(
        "langsmith",
        "LangSmith runs (LangChain, LangGraph)",
        "sources/langsmith.sql",
        lambda r: r.get("run_type") in signs.RUN_TYPES and bool({"trace_id", "parent_run_id"} & set(r)),
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
        signs.crew,
        "successful_requests, prompt_tokens and completion_tokens",
        "a sum over the calls of a run: one row that counts for successful_requests; prompt_tokens holds cached_prompt_tokens",
    ),
    Format(
        "bedrock_converse",
        "AWS Bedrock responses: Converse and InvokeModel, bare, wrapped, recorded, or as batch output",
        "sources/bedrock_converse.sql",
        signs.bedrock,
        "usage.inputTokens beside output, stopReason or metrics; a path /model/...; recordId with modelOutput or error",
        "inputTokens excludes cache reads and writes; outputTokens holds reasoning and does not tell how much",
    ),
    Format(
        "cohere",
        "Cohere responses: chat, embed and rerank, bare or inside a wrapper",
        "sources/cohere.sql",
        signs.cohere,
        "billed_units in usage or meta",
        "billed_units is what is billed; tokens, which holds Cohere's own prompt too, is not",
    ),
    Format(
        "anthropic_message",
        "Anthropic Messages responses, bare or inside a wrapper",
        "sources/anthropic.sql",
        signs.anthropic,
        'type "message" with usage, or type "error" with error',
        "input_tokens excludes cache reads and writes; thinking is inside output_tokens; iterations at another model are rows of their own",
    ),
    Format(
        "otel_span",
        "OpenTelemetry spans one by one, or their attributes: GenAI conventions, OpenLLMetry, OpenLIT, OpenInference, Vercel AI SDK",
        "sources/otel.sql",
        signs.otel,
        "an attribute that starts with gen_ai., llm.token_count., llm.usage., ai.usage., openinference. or traceloop.",
        "as otlp_traces",
    ),
    Format(
        "gemini_interactions",
        "Gemini Interactions API objects, bare or inside a wrapper",
        "sources/gemini_interactions.sql",
        signs.interaction,
        'object "interaction", or usage.total_input_tokens',
        "total_input_tokens holds cached tokens; thought and tool use stand beside the output and the input",
    ),
    Format(
        "gemini",
        "Gemini and Vertex AI generateContent, bare, wrapped, or as batch output; embeddings and errors too",
        "sources/gemini.sql",
        signs.gemini,
        "usageMetadata or usage_metadata, candidates with content, or an error with code, message and status",
        "promptTokenCount holds cached tokens; thoughts stand beside candidatesTokenCount; searches are counted from the grounding",
    ),
    Format(
        "openai_responses",
        "OpenAI Responses API objects, bare or inside a wrapper",
        "sources/openai.sql",
        lambda r: signs.openai(r) and signs.body_of(r).get("object") == "response",
        'object "response"',
        "input_tokens holds cached tokens, output_tokens holds reasoning; calls of hosted tools are counted from output[]",
    ),
    Format(
        "openai_chat",
        "OpenAI Chat Completions, completions, embeddings, images and transcriptions, bare, wrapped, or as batch output",
        "sources/openai.sql",
        signs.openai,
        'object "chat.completion", "text_completion" or "list" with usage; images or a transcription with usage',
        "prompt_tokens holds cached, audio and image tokens; completion_tokens holds reasoning and rejected predictions",
    ),
    Format(
        "aider",
        "aider's analytics log (--analytics-log)",
        "sources/aider.sql",
        signs.aider,
        "event, properties, user_id and time",
        "a message_send is one call; input is taken to hold cache reads, which aider does not tell apart; its cost is kept beside ours",
    ),
    Format(
        "native",
        "llmcost's own format: JSON lines with the ledger's column names",
        "",
        signs.native,
        "every key is a ledger column, or input_tokens, output_tokens, cache_write_tokens",
        "token columns are disjoint; the three totals may stand in for their parts",
    ),
)


MADE_BY_HAND: tuple[Format, ...] = (
    Format(
        "anthropic_usage",
        "records of your own around usage as Anthropic counts it",
        "sources/anthropic.sql",
        signs.usage_of_anthropic,
        "usage with input_tokens and cache_read_input_tokens, cache_creation_input_tokens or a model named claude",
        "as anthropic_message",
    ),
    Format(
        "openai_usage",
        "records of your own around usage as OpenAI counts it",
        "sources/openai.sql",
        signs.usage_of_openai,
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
        signs.has("resourceMetrics"),
        "OpenTelemetry metrics are sums that no request can be told from",
        "export the traces: put the collector's file exporter into the traces pipeline",
    ),
    Refusal(
        signs.has("api_requests", "spend", "tag"),
        "LiteLLM's daily spend by tag holds a request once for each of its tags",
        "take LiteLLM_SpendLogs, whose rows carry their tags, or LiteLLM_DailyUserSpend",
    ),
)

BY_NAME: dict[str, Format] = {f.name: f for f in (*FORMATS, *MADE_BY_HAND, GENERIC)}
