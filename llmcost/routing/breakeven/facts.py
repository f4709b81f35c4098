"""What a fine-tuning decision needs to know beside the sums: closing dates with their sources, the phases, the other two reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

SLOTS = 8
"""Where the one measured GPU of our sources stopped getting faster: second-hand, a stand-in for the user's own figure."""

OVERHEAD_NOTE = (
    "the GPU price is taken as the whole bill; in the field it is some two thirds of it (second-hand): --overhead 1.3"
)


@dataclass(frozen=True)
class Closing:
    """What a provider ends on a day. Confidence: vendor is read on its own page, second_hand is somebody quoting it."""

    day: date
    what: str
    confidence: str
    source: str


CLOSINGS = (
    Closing(
        date(2025, 9, 15), "Cohere's fine-tuning closed", "vendor", "https://docs.cohere.com/docs/chat-fine-tuning"
    ),
    Closing(
        date(2026, 7, 2),
        "OpenAI takes new fine-tuning jobs from active customers only",
        "second_hand",
        "https://developers.openai.com/api/docs/deprecations",
    ),
    Closing(
        date(2027, 1, 6),
        "OpenAI takes no new fine-tuning jobs",
        "second_hand",
        "https://developers.openai.com/api/docs/deprecations",
    ),
    Closing(
        date(2027, 1, 14),
        "OpenAI retires gpt-4o and gpt-4.1 with all models fine-tuned from them",
        "second_hand",
        "https://developers.openai.com/api/docs/deprecations",
    ),
)

PHASES = (
    "phases: first a hosted fine-tune (no fixed cost where a LoRA is billed per token; check the closing dates), then Fireworks or "
    "Together by the GPU-hour once several adapters share a deployment, then own GPUs once these are busy (breakeven selfhost)"
)
REASONS = (
    "this answers one of three reasons to fine-tune, cost; quality needs an evaluation on your own requests (llmcost sample, then "
    "scores), latency and privacy a measurement on the deployment and a look at where data may go"
)


def finetune_notes(today: date) -> Iterator[str]:
    yield REASONS
    yield PHASES
    for closing in CLOSINGS:
        days = (closing.day - today).days
        when = f"in {days} days" if days > 1 else "passed" if days < 0 else "now"
        doubt = "" if closing.confidence == "vendor" else ", second-hand"
        yield f"{closing.day}: {closing.what} ({when}{doubt}; {closing.source})"
