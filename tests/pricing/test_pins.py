"""Prices of the past are pinned: a bill of last month must come out the same next year."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.oracle import instant
from tests.pricing.books import books

PINNED_UNTIL = datetime(2026, 11, 1, tzinfo=timezone.utc)

# A test fails here because an entry that began before PINNED_UNTIL changed. Do not change the entry, nor the pin:
# set `to` of the last entry to the day of the new price and append an entry with that day as `from` (pricing/README.md).
# Only if the old price was wrong when it was in force (say so in its `note`) is the pin replaced by the one the failure
# shows; `llmcost reprice` then restates stored costs, and users see it.
PINS = {
    "anthropic": "fdffd26ddecea17734b69d1017b7828c34dd17d5e0b8b73a6ab4a29f268a8ce3",
    "azure": "9be2a9a6cb4560b1eae4d5a7cfc5ccf240dc8f41522a7b1a5db64c718d0e6fed",
    "deepseek": "23cf8fc59af2c099507fda4f8565a7c181c06a89c7a8fe2409db4c4dfbddb735",
    "google": "a5eff7e4aaea42104c66fc907f77f60cc34cddfe5499683ee96053a266356ec2",
    "mistral": "f612933d5ecd52181bbc8260b2d30021178421bb1836871afc53a99f9361d4fe",
    "openai": "a283c3181efee4af3034529a2cc412d63f615049c567815eab7382a56e338f77",
    "xai": "e022e5dc84a297c0cecd2c5ceacd79b8bc3a4376d69288fc33931b240d67515f",
}


def pinned(book: dict[str, Any]) -> str:
    """SHA-256 over all that decides money in the entries of the past: not their sources, nor an end after PINNED_UNTIL."""
    entries = []
    for model in book["models"]:
        for entry in model["prices"]:
            end = instant(entry["to"])
            if instant(entry["from"]) < PINNED_UNTIL:
                kept = {key: value for key, value in entry.items() if key not in ("source", "to")}
                entries.append([model["id"], kept, end if end and end <= PINNED_UNTIL else None])
    text = json.dumps([book["rules"]["missing_rate"], entries], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("book", books(), ids=lambda book: book["provider"])
def test_no_price_of_the_past_has_changed(book) -> None:
    assert pinned(book) == PINS[book["provider"]]


def test_an_appended_price_leaves_the_pin_alone_and_a_changed_one_does_not() -> None:
    old = {
        "from": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "to": None,
        "per_mtok": {"input": "1"},
        "source": {"url": "a"},
    }
    new = {**old, "from": datetime(2026, 12, 1, tzinfo=timezone.utc), "per_mtok": {"input": "2"}}

    def of(*entries: dict[str, Any]) -> str:
        return pinned({"rules": {"missing_rate": {}}, "models": [{"id": "m", "prices": list(entries)}]})

    assert of({**old, "to": new["from"]}, new) == of(old)
    assert of({**old, "source": {"url": "b"}}) == of(old)
    assert of({**old, "per_mtok": {"input": "1.0"}}) != of(old)
    assert of({**old, "to": datetime(2026, 5, 1, tzinfo=timezone.utc)}) != of(old)
    assert of() != of(old)
