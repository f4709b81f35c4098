"""How the generic reader finds its fields: by a mapping of the config, else by the names that people give such columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcost.conditions import Condition, compile_sql, parse
from llmcost.config import SourceMapping

ALIASES: dict[str, tuple[str, ...]] = {
    "started": (
        "timestamp",
        "time",
        "ts",
        "created_at",
        "created",
        "start_time",
        "started_at",
        "date",
        "datetime",
        "request_time",
        "bucket_start",
    ),
    "ended": ("end_time", "ended_at", "completed_at"),
    "latency_ms": ("latency_ms", "duration_ms", "response_time_ms"),
    "ttft_ms": ("ttft_ms", "time_to_first_token_ms"),
    "id": ("request_id", "id", "response_id", "call_id", "generation_id"),
    "model": ("model", "model_name", "model_id", "engine", "deployment", "llm", "model_used", "main_model"),
    "provider": ("provider", "vendor", "custom_llm_provider", "provider_name", "api"),
    "input": (
        "prompt_tokens",
        "input_tokens",
        "tokens_in",
        "tokens_prompt",
        "context_tokens",
        "tokens_input",
        "input",
        "prompt",
    ),
    "cache_read": (
        "cached_tokens",
        "cache_read_tokens",
        "cache_read_input_tokens",
        "cached_input_tokens",
        "cache_hit_tokens",
        "tokens_cached",
    ),
    "cache_write": ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"),
    "output": (
        "completion_tokens",
        "output_tokens",
        "tokens_out",
        "tokens_completion",
        "generated_tokens",
        "tokens_output",
        "output",
        "completion",
    ),
    "reasoning": ("reasoning_tokens", "thinking_tokens", "thoughts_tokens", "tokens_reasoning"),
    "cache_write_5m": ("cache_write_5m_tokens", "ephemeral_5m_input_tokens"),
    "cache_write_1h": ("cache_write_1h_tokens", "ephemeral_1h_input_tokens"),
    "audio_input": ("audio_input_tokens", "prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens"),
    "image_input": ("image_input_tokens", "prompt_tokens_details.image_tokens", "input_tokens_details.image_tokens"),
    "audio_output": (
        "audio_output_tokens",
        "completion_tokens_details.audio_tokens",
        "output_tokens_details.audio_tokens",
    ),
    "rejected_prediction": ("rejected_prediction_tokens",),
    "total": ("total_tokens", "tokens_total", "tokens"),
    "requests": ("requests", "num_requests", "request_count", "num_model_requests"),
    "source_cost": ("cost", "cost_usd", "total_cost", "spend", "price", "usd", "amount", "response_cost"),
    "user": ("user", "user_id", "end_user", "customer_id", "account_id", "tenant", "tenant_id"),
    "plan": ("plan", "tariff", "subscription"),
    "agent": ("agent", "agent_name", "component"),
    "feature": ("feature", "product", "use_case", "endpoint", "route", "workflow"),
    "team": ("team", "team_id"),
    "key": ("api_key_name", "key_alias", "key_name"),
    "project": ("project", "project_id"),
    "environment": ("environment", "env"),
    "session": ("session", "session_id", "conversation_id", "thread_id"),
    "trace": ("trace", "trace_id"),
    "turn": ("turn", "turn_id"),
    "task": ("task", "task_id"),
    "status": ("status", "status_code", "http_status"),
    "error_class": ("error_type", "error_class", "exception_type"),
    "error_code": ("error_code",),
    "finish_reason": ("finish_reason", "stop_reason"),
    "service_tier": ("service_tier",),
    "region": ("region",),
    "facts": ("metadata", "tags", "labels", "attributes"),
    "prefix_blocks": ("prefix_blocks", "hash_ids"),
}
"""Target -> names, the first that the log has wins; with a point, the name inside that object. Case, `_`, `-` and spaces do not count."""

CONTAINERS = frozenset(
    [
        "usage",
        "properties",
        "data",
        "llm",
        "metrics",
        "tokenusage",
        "attributes",
        "event",
        "llmoutput",
        "cachecreation",
        "prompttokensdetails",
        "inputtokensdetails",
        "completiontokensdetails",
        "outputtokensdetails",
    ]
)
"""Objects inside which a name means the same as at the top."""

OF_LEDGER: dict[str, str] = {
    "request_id": "id",
    "ts": "started",
    "ts_us": "started",
    "kind": "kind_said",
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_write_tokens": "cache_write",
    "fresh_input_tokens": "input",
    "text_output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_5m_tokens": "cache_write_5m",
    "cache_write_1h_tokens": "cache_write_1h",
    "cache_write_12h_tokens": "cache_write_12h",
    "cache_write_other_tokens": "cache_write",
    "audio_input_tokens": "audio_input",
    "audio_cache_read_tokens": "audio_cache_read",
    "image_input_tokens": "image_input",
    "image_cache_read_tokens": "image_cache_read",
    "video_input_tokens": "video_input",
    "tool_use_tokens": "tool_use",
    "reasoning_tokens": "reasoning",
    "audio_output_tokens": "audio_output",
    "image_output_tokens": "image_output",
    "rejected_prediction_tokens": "rejected_prediction",
    "error_kind": "error_class",
    "tags": "facts",
    "prompt_hash": "prompt",
    "cost": "source_cost",
}
"""What the generic reader calls a ledger column; every other column has its own name."""

TARGETS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            *ALIASES,
            *OF_LEDGER.values(),
            "error_message",
            "chain",
            "chain_step",
            "chain_reason",
            "model_requested",
            "model_group",
        ]
        + ["operation", "speed", "inference_geo", "parent", "web_searches"]
    )
)


@dataclass(frozen=True)
class FieldMap:
    """A ready mapping. `paths` are JSON paths by target; `constants` are values by target; `guessed` from the names in the log."""

    name: str
    paths: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    when: Condition | None = None
    when_text: str = ""
    ts_unit: str | None = None
    tz: str = "UTC"
    input_includes_cache: bool | None = None
    output_includes_reasoning: bool | None = None
    cost_unit: str = "usd"
    guessed: bool = False

    def params(self) -> dict[str, object]:
        """What generic.sql binds: the list of paths, and where in it each target stands (from 1; 0 is nowhere)."""
        targets = [*self.paths, *self.constants]
        places = {target: targets.index(target) + 1 if target in targets else 0 for target in TARGETS}
        return {
            **places,
            "paths": list(self.paths.values()) or ["$"],
            "constants": list(self.constants.values()) or [None],
            "source": self.name,
            "guessed": self.guessed,
            "when_text": self.when_text,
            "ts_unit": self.ts_unit,
            "tz": self.tz,
            "cost_unit": self.cost_unit,
            "input_includes_cache": self.input_includes_cache,
            "output_includes_reasoning": self.output_includes_reasoning,
        }

    def condition(self, params: dict[str, object]) -> str:
        """The SQL of `when`, its fields and literals bound in `params`."""
        if self.when is None:
            return "true"

        def column(name: str) -> str:
            key = f"field{len(params)}"
            params[key] = json_path(name)
            return f"json_extract_string(json, ${key})"

        return compile_sql(self.when, column=column, params=params)


def json_path(dotted: str) -> str:
    """`a.b.c` as a JSON path whose parts are quoted, so that any name is only a name."""
    return "$" + "".join(f'."{part}"' for part in dotted.replace('"', "").split("."))


def from_config(mapping: SourceMapping) -> FieldMap:
    """The mapping that llmcost.yaml gives."""
    names = mapping.columns
    inside = mapping.input_includes_cache
    if "fresh_input_tokens" in names and "input_tokens" not in names:
        inside = False
    reasoning_inside = mapping.output_includes_reasoning
    if "text_output_tokens" in names and "output_tokens" not in names:
        reasoning_inside = False
    return FieldMap(
        name=mapping.name or "generic",
        paths={OF_LEDGER.get(target, target): json_path(column) for target, column in names.items()},
        constants={OF_LEDGER.get(target, target): str(value) for target, value in mapping.constants.items()},
        when=parse(mapping.when, fields={}, unknown="text") if mapping.when else None,
        when_text=mapping.when or "",
        ts_unit=mapping.ts_unit,
        tz=mapping.tz,
        input_includes_cache=inside,
        output_includes_reasoning=reasoning_inside,
        cost_unit=mapping.cost_unit,
    )


def by_names(records: Iterable[object]) -> tuple[FieldMap | None, dict[str, object]]:
    """A mapping guessed from the names in the records, or None when no token count or cost is among them; and the keys seen."""
    seen: dict[str, object] = {}
    for record in records:
        if isinstance(record, Mapping):
            _flatten(record, "", seen, 3)
    by_plain: dict[str, list[str]] = {}
    for path in seen:
        parts = path.split(".")
        if all(_plain(part) in CONTAINERS for part in parts[:-1]):
            for name in {parts[-1], ".".join(parts[-2:])}:
                by_plain.setdefault(_plain(name), []).append(path)
    paths: dict[str, str] = {}
    for target, names in ALIASES.items():
        hits = [path for name in names for path in sorted(by_plain.get(_plain(name), []), key=lambda p: p.count("."))]
        hits = [path for path in hits if _plausible(target, seen[path])]
        if hits:
            paths[target] = json_path(hits[0])
    has_usage = {"input", "output", "total"} & set(paths) or ("source_cost" in paths and "model" in paths)
    return (FieldMap("generic", paths, guessed=True) if has_usage else None), seen


COUNTS = frozenset(
    (
        "input",
        "output",
        "reasoning",
        "total",
        "requests",
        *(t for t in ALIASES if t.startswith(("cache_", "audio_", "image_"))),
    )
)


def _plausible(target: str, value: object) -> bool:
    """A column called `input` or `prompt` may hold the text itself: that is no count."""
    is_number: Callable[[object], bool] = lambda v: re.fullmatch(r"[\d.,eE+-]*|NaN|nan", str(v)) is not None  # noqa: E731
    if target in COUNTS:
        return value is None or is_number(value)
    if target in ("facts", "prefix_blocks"):
        return isinstance(value, Mapping | list) or str(value)[:1] in ("{", "[")
    return not isinstance(value, Mapping | list)


def _flatten(record: Mapping[str, Any], prefix: str, seen: dict[str, object], depth: int) -> None:
    for key, value in record.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth > 1:
            _flatten(value, f"{path}.", seen, depth - 1)
            if _plain(str(key)) in ("metadata", "tags", "labels", "attributes"):
                seen.setdefault(path, value)
        elif seen.get(path) in (None, ""):
            seen[path] = value


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).lower()


def suggestion(name: str, seen: Mapping[str, object]) -> str:
    """A ready `sources:` entry for a log whose fields nobody recognised; the right sides are to be filled in."""
    keys = ", ".join(list(seen)[:12]) or "none"
    return (
        f"keys seen: {keys}\n"
        "  say in llmcost.yaml which of them are what:\n"
        "    sources:\n"
        f'      - {{path: "{name}", columns: {{ts: ..., model: ..., input_tokens: ..., output_tokens: ..., user: ...}}}}'
    )
