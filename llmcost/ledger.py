"""The ledger: one table in code that generates the DDL, the native reader, the export and the reference page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LedgerColumn:
    """A column of the ledger. `unit` is the unit of the value, `meaning` the sentence of the reference page."""

    name: str
    type: str
    unit: str
    meaning: str
    native_total: str = ""
    """The total that the native format may give in its place; the other parts are then inside that total."""


def _c(name: str, type_: str, unit: str, meaning: str, native_total: str = "") -> LedgerColumn:
    return LedgerColumn(name, type_, unit, meaning, native_total)


KINDS = ("call", "attempt", "iteration", "cache_hit")
CHAIN_REASONS = (
    "rate_limit",
    "context_length",
    "content_filter",
    "timeout",
    "server_error",
    "auth",
    "bad_request",
    "user_choice",
    "policy",
    "unknown",
)
USAGE_QUALITIES = ("exact", "partial", "missing")
USAGE_BASES = ("declared", "arithmetic", "cost_matched", "assumed")

TOKENS: tuple[LedgerColumn, ...] = (
    _c(
        "fresh_input_tokens",
        "BIGINT",
        "tokens",
        "input billed at the full input rate: text that no cache held",
        "input_tokens",
    ),
    _c("cache_read_tokens", "BIGINT", "tokens", "input read from the provider's prompt cache"),
    _c("cache_write_5m_tokens", "BIGINT", "tokens", "input written to the prompt cache for 5 minutes"),
    _c("cache_write_1h_tokens", "BIGINT", "tokens", "input written to the prompt cache for 1 hour"),
    _c("cache_write_12h_tokens", "BIGINT", "tokens", "input written to the prompt cache for 12 hours"),
    _c(
        "cache_write_other_tokens",
        "BIGINT",
        "tokens",
        "input written to a cache whose lifetime the log does not tell",
        "cache_write_tokens",
    ),
    _c("audio_input_tokens", "BIGINT", "tokens", "audio input"),
    _c("audio_cache_read_tokens", "BIGINT", "tokens", "audio input read from the prompt cache"),
    _c("image_input_tokens", "BIGINT", "tokens", "image input, where the provider counts it apart"),
    _c("image_cache_read_tokens", "BIGINT", "tokens", "image input read from the prompt cache"),
    _c("video_input_tokens", "BIGINT", "tokens", "video input, where the provider counts it apart"),
    _c("tool_use_tokens", "BIGINT", "tokens", "input that tool use added (Gemini toolUsePromptTokenCount)"),
    _c("text_output_tokens", "BIGINT", "tokens", "visible output", "output_tokens"),
    _c("reasoning_tokens", "BIGINT", "tokens", "output spent on thinking"),
    _c("audio_output_tokens", "BIGINT", "tokens", "audio output"),
    _c("image_output_tokens", "BIGINT", "tokens", "image output"),
    _c("rejected_prediction_tokens", "BIGINT", "tokens", "predicted output that was rejected, billed as output"),
)
"""The priced token columns. They are disjoint: a bill is a plain sum over them."""

COLUMNS: tuple[LedgerColumn, ...] = (
    _c("request_id", "VARCHAR", "", "the provider's response id, else the gateway's, else a digest of the line"),
    _c("source", "VARCHAR", "", "the log format the row was read from"),
    _c("file", "VARCHAR", "", "the file the row was read from"),
    _c("line", "BIGINT", "", "its line in that file, from 1"),
    _c("seq", "BIGINT", "", "order of arrival; breaks ties between rows of the same instant"),
    _c("ts", "TIMESTAMP", "UTC", "when the request started; null when the log has no time"),
    _c("ts_us", "BIGINT", "µs since 1970", "the same instant as an integer"),
    _c("latency_ms", "BIGINT", "ms", "start to end"),
    _c("ttft_ms", "BIGINT", "ms", "start to first token"),
    _c("kind", "VARCHAR", "", "call, attempt, iteration or cache_hit"),
    _c("status", "VARCHAR", "", "success, error or cancelled"),
    _c("error_kind", "VARCHAR", "", "why it failed, in one vocabulary for all providers"),
    _c("error_code", "VARCHAR", "", "the code the source recorded"),
    _c("finish_reason", "VARCHAR", "", "why the model stopped, as recorded"),
    _c(
        "chain",
        "VARCHAR",
        "",
        "the logical request this row belongs to: first request_id of a run of retries and fallbacks",
    ),
    _c("chain_step", "BIGINT", "", "position in the chain, from 1"),
    _c("chain_reason", "VARCHAR", "", "why this step exists: what went wrong in the step before"),
    _c("requests", "BIGINT", "requests", "1; more on an aggregated row"),
    _c("provider", "VARCHAR", "", "who bills"),
    _c("model", "VARCHAR", "", "the model that answered"),
    _c("model_requested", "VARCHAR", "", "the model the client asked for"),
    _c("model_group", "VARCHAR", "", "the gateway's public alias"),
    _c("operation", "VARCHAR", "", "chat, responses, embeddings ..."),
    _c("service_tier", "VARCHAR", "", "batch, flex, priority ...; null is the standard tier"),
    _c("speed", "VARCHAR", "", "fast, where a provider sells speed"),
    _c("region", "VARCHAR", "", "where it was processed"),
    _c("inference_geo", "VARCHAR", "", "data residency that changes the price"),
    _c("user", "VARCHAR", "", "the end user who asked"),
    _c("plan", "VARCHAR", "", "the tariff of the user, if the log knows it"),
    _c("key", "VARCHAR", "", "API key alias or hash"),
    _c("agent", "VARCHAR", "", "the component that made the call"),
    _c("feature", "VARCHAR", "", "the product capability that asked for it"),
    _c("team", "VARCHAR", "", "team"),
    _c("project", "VARCHAR", "", "project or organisation"),
    _c("environment", "VARCHAR", "", "production, evaluation, ci ..."),
    _c("session", "VARCHAR", "", "conversation"),
    _c("turn", "VARCHAR", "", "one action of a user with everything it triggered"),
    _c("trace", "VARCHAR", "", "trace id"),
    _c("parent", "VARCHAR", "", "the row or span this one belongs to"),
    _c("tags", "MAP(VARCHAR, VARCHAR)", "", "free tags: scalars up to 256 characters, secrets dropped"),
    *TOKENS,
    _c("unexplained_tokens", "BIGINT", "tokens", "declared total minus the parts; shown, never priced"),
    _c(
        "units",
        "MAP(VARCHAR, DECIMAL(18,6))",
        "by name",
        "billable things that are not tokens: web_search, pages, seconds ...",
    ),
    _c("usage_quality", "VARCHAR", "", "exact, partial or missing"),
    _c("usage_basis", "VARCHAR", "", "how the parts were told apart: declared, arithmetic, cost_matched or assumed"),
    _c("source_cost", "DECIMAL(38,24)", "USD", "what the log itself recorded; never mixed with cost"),
    _c("source_cost_kind", "VARCHAR", "", "charged, list_estimate ..."),
    _c("cost", "DECIMAL(18,12)", "USD", "our price times tokens, exact; null when unpriced, never 0"),
    _c("price_id", "VARCHAR", "", "the catalogue price that was applied"),
    _c("unpriced_reason", "VARCHAR", "", "why cost is null"),
    _c("prompt_hash", "VARCHAR", "", "keyed digest of the prompt; the prompt itself is never stored"),
    _c("prefix_blocks", "BIGINT[]", "", "ids of the prompt's prefix blocks, where the log carries them"),
    _c("scores", "MAP(VARCHAR, DECIMAL(18,6))", "", "quality scores by name"),
    _c("task", "VARCHAR", "", "the evaluation task this row answers"),
)

NAMES: tuple[str, ...] = tuple(c.name for c in COLUMNS)
TOKEN_NAMES: tuple[str, ...] = tuple(c.name for c in TOKENS)
INPUT_NAMES: tuple[str, ...] = TOKEN_NAMES[: TOKEN_NAMES.index("text_output_tokens")]
OUTPUT_NAMES: tuple[str, ...] = TOKEN_NAMES[TOKEN_NAMES.index("text_output_tokens") :]
TOTALS: tuple[str, ...] = tuple(c.native_total for c in COLUMNS if c.native_total)
"""Totals that the native format accepts in place of the parts, and that the view gives back."""


def reference_page() -> str:
    """The ledger as a Markdown page, for people who write the native format or query the store."""
    lines = [
        "# The ledger",
        "",
        (
            "One row is one billed LLM call, or what belongs to one. This page is made from `llmcost/ledger.py`: "
            "`python -m llmcost.ledger > llmcost/ledger.md`."
        ),
        "",
        "A file in the **native format** is JSON lines with these names, any of them missing. Token columns are disjoint, so a bill is a plain sum;",
        f"the totals {', '.join(f'`{t}`' for t in TOTALS)} may be given instead of the part named beside them: what else was given is then inside.",
        "",
        "| column | type | unit | what it holds | native total |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} | {f'`{c.native_total}`' if c.native_total else ''} |"
        for c in COLUMNS
    ]
    lines += [
        "",
        (
            f"`kind`: {', '.join(KINDS)}. `chain_reason` and `error_kind`: {', '.join(CHAIN_REASONS)}. `usage_quality`: {', '.join(USAGE_QUALITIES)}. "
            f"`usage_basis`: {', '.join(USAGE_BASES)}."
        ),
        "",
        "Requests are `sum(requests)` over calls and billed attempts. Unbilled attempts are counted apart; iterations add cost, cache hits nothing.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference_page(), end="")  # noqa: T201
