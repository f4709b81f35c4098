"""What a source says of one record before it is settled: the columns that every source's SQL may fill, all optional."""

from __future__ import annotations

TEXTS: tuple[str, ...] = (
    # identity and fate: `skip` is why it is no request, `doubt` why the line is to be read again with more care
    *("file", "source", "id", "line_digest", "kind_said", "skip", "doubt"),
    # `alias` is a second id of the same request; `span` is the id that children name as their `parent` in the same `trace`
    *("alias", "span"),
    # time: instants as text (epoch number or ISO 8601)
    *("started", "ended", "first_token", "latency_ms", "ttft_ms"),
    # outcome
    *("status", "error_class", "error_code", "error_message", "finish_reason"),
    *("chain", "chain_step", "chain_reason", "fallbacks", "fallback_from"),
    # model
    *("requests", "provider", "model", "model_requested", "model_group", "operation"),
    *("service_tier", "speed", "region", "inference_geo"),
    # who
    *(
        "user",
        "plan",
        "key",
        "agent",
        "feature",
        "team",
        "project",
        "environment",
        "session",
        "turn",
        "trace",
        "parent",
        "task",
    ),
    # tags: a JSON array of texts ("k:v"), and JSON objects whose scalars become tags
    *("tag_list", "facts", "more_facts"),
    # token counts as text; `input` and `output` are totals unless the two flags below say otherwise
    *("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "cache_write_12h"),
    *("audio_input", "audio_cache_read", "image_input", "image_cache_read", "video_input", "tool_use"),
    *("output", "reasoning", "audio_output", "image_output", "rejected_prediction", "total", "web_searches"),
    # money the log recorded, as text
    *("source_cost", "source_cost_unit", "source_cost_kind"),
    # the prompt, hashed at once and never stored
    "prompt",
)

COLUMNS: dict[str, str] = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    # from 1: rows that one record has besides its own (Anthropic iterations), right after it
    "part": "BIGINT",
    # whether other rows of the same request may be earlier or later states of it: then each count is the largest seen
    "snapshot": "BOOLEAN",
    "cache_hit": "BOOLEAN",
    # the counts are there, but not how much of the input was cached: what we price is an upper bound
    "usage_partial": "BOOLEAN",
    "input_includes_cache": "BOOLEAN",
    "output_includes_reasoning": "BOOLEAN",
    "units": "MAP(VARCHAR, DECIMAL(18, 6))",
    "scores": "MAP(VARCHAR, DECIMAL(18, 6))",
    "prefix_blocks": "BIGINT[]",
}


def empty_ddl() -> str:
    """A table without rows that gives every source's SELECT the same shape (UNION ALL BY NAME)."""
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())
    return f"CREATE TEMP TABLE no_sightings ({columns})"
