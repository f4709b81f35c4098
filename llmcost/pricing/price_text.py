"""The text of a price file: how a model and its entries are written, one line each, and put behind what stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmcost.errors import UsageError
from llmcost.pricing import reader
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.offers import PROVIDERS, Entry

MAKERS = ("cohere", "voyageai", "moonshotai", "zai", "minimax")
"""New providers that set the prices of their own models: a name without a provider is looked up there."""
EVERY = {
    **{"cache_read": "input", "cache_write": "input", "reasoning": "output"},
    **{"image_input": "input", "image_cache_read": "cache_read"},
}
"""missing_rate of a new file."""


@dataclass(frozen=True)
class Sold:
    """A model that the catalogue does not have, ready to be written."""

    provider: str
    file: str
    id: str
    mode: str
    names: tuple[str, ...]
    dated: str | None
    retired: str | None
    free: bool
    entries: tuple[Entry, ...]


def head(provider: str, prices: Catalogue) -> str:
    """What a new file begins with, up to `models:`."""
    aliases = {theirs for theirs, ours in PROVIDERS.items() if ours == provider}
    aliases |= {a.replace("_", "-") for a in (*aliases, provider)} | {a.replace("-", "_") for a in (*aliases, provider)}
    aliases |= set(EXTRA_ALIASES.get(provider, ()))
    free = sorted(a for a in aliases - {provider} if a.lower() not in prices.aliases)
    lines = [
        f"# List prices of {provider}, from price libraries. How a price is added: README.md. Unit: USD per million tokens; per_unit: USD per unit.",
        "schema: 1",
        f"provider: {provider}",
        *([f"aliases: [{', '.join(map(_text, free))}]"] if free else []),
        "currency: USD",
        "rules:",
        *(
            []
            if provider in MAKERS
            else ["  hosts_others: true             # a model without a provider is not looked up here"]
        ),
        f"  missing_rate: {{{', '.join(f'{k}: {v}' for k, v in EVERY.items())}}}",
        "models:",
    ]
    return "\n".join(lines) + "\n"


EXTRA_ALIASES = {
    "bedrock": ("amazon-bedrock", "amazon_bedrock", "aws_bedrock", "aws-bedrock", "aws.bedrock"),
    "zai": ("z-ai", "z_ai", "z.ai"),
    "together": ("togetherai", "together-ai"),
    "cohere": ("cohere.chat",),
    "moonshotai": ("moonshot-ai",),
    "voyageai": ("voyage-ai", "voyage_ai"),
}


def with_models(text: str, some: Sequence[Sold]) -> str:
    """The text with these models behind the last one; every character that stands there stays."""
    anchors = {value: name for name, value in re.findall(r"&(\w+) (\{[^{}]*\})", text)}
    added = "".join(_model_text(one, anchors) for one in some)
    root = reader.composed(text)
    models = next(value for key, value in root.value if key.value == "models")
    if not getattr(models, "value", None) or models.id != "sequence":
        return text + added
    at = _line_end(text, models.value[-1])
    return text[:at] + added + text[at:]


def with_entry(text: str, model_id: str, entry: Entry) -> str:
    """Puts an entry behind the last one of a model; every character that stands there stays."""
    root = reader.composed(text)
    for _, models in ((k, v) for k, v in root.value if k.value in ("models", "fine_tunes")):
        for model in models.value:
            facts = {key.value: value for key, value in model.value}
            if "id" in facts and facts["id"].value == model_id:
                entries = facts["prices"]
                if entries.flow_style:
                    at = entries.end_mark.index - 1
                    return text[:at] + ", " + _flow(entry) + text[at:]
                at = _line_end(text, entries.value[-1])
                return f"{text[:at]}{' ' * entries.start_mark.column}- {_flow(entry)}\n{text[at:]}"
    raise UsageError(f"has no model '{model_id}'", place="prices sync")


def _line_end(text: str, node: Any) -> int:
    """The start of the line after a node; the end of a block is known by the last thing in it."""
    while node.id != "scalar" and not node.flow_style and node.value:
        node = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    at = text.find("\n", node.end_mark.index)
    return len(text) if at < 0 else at + 1


def _model_text(one: Sold, anchors: dict[str, str]) -> str:
    match = (
        f"{{exact: [{', '.join(map(_text, one.names))}]" + (f", dated: {_text(one.dated)}" if one.dated else "") + "}"
    )
    head = [f"id: {_text(one.id)}", f"mode: {_text(one.mode)}", f"match: {match}"]
    if one.retired:
        head.append(f"lifecycle: {{retired: {one.retired}}}")
    if one.free:
        head.append("free: true")
    entries = [_flow(entry, anchors) for entry in one.entries]
    if len(entries) == 1 and len(entries[0]) < SHORT:
        return f"  - {{{', '.join(head)}, prices: [{entries[0]}]}}\n"
    body = "".join(f"      - {entry}\n" for entry in entries)
    return "  - " + "\n    ".join(head) + "\n    prices:\n" + body


SHORT = 200
ORDER = ("from", "per_mtok", "per_unit", "per_request", "tiers", "windows", "service", "modifiers", "source")


def _flow(entry: Entry, anchors: dict[str, str] | None = None) -> str:
    """An entry on one line. Sources without a note are written once in a file and referred to."""
    parts = []
    for key in ORDER:
        if key == "source" and anchors is not None and "note" not in entry["source"]:
            text = _value(entry["source"])
            if text not in anchors:
                anchors[text] = "".join(
                    c if c.isalnum() else "_" for c in f"{entry['source']['via']} {entry['source']['checked']}"
                )
                parts.append(f"source: &{anchors[text]} {text}")
            else:
                parts.append(f"source: *{anchors[text]}")
        elif key in entry:
            parts.append(f"{key}: {_value(entry[key])}")
    return "{" + ", ".join(parts) + "}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f'"{value:f}"'
    return _text(str(value))


PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z][A-Za-z0-9._/-]*|\d{4}-\d\d-\d\d")


def _text(text: str) -> str:
    return text if PLAIN.fullmatch(text) else json.dumps(text)
