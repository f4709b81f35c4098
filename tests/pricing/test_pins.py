"""Prices of the past are pinned: a bill of last month must come out the same next year."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from llmcost.resources import catalogue_folder
from tests.oracle import instant
from tests.pricing.books import books

PINNED = Path(__file__).with_name("pins.txt")
PINNED_UNTIL = datetime(2026, 11, 1, tzinfo=timezone.utc)

ALWAYS = datetime(1970, 1, 1, tzinfo=timezone.utc)

# A test fails here because an entry that began before PINNED_UNTIL changed. Do not change the entry, nor the pin:
# set `to` of the last entry to the day of the new price and append an entry with that day as `from` (pricing/README.md).
# Only if the old price was wrong when it was in force (say so in its `note`) is the pin replaced by the one the failure
# shows; `llmcost reprice` then restates stored costs, and users see it.
PINS = dict(line.split() for line in PINNED.read_text(encoding="utf-8").splitlines())
"""File name -> digest."""


def pinned(book: dict[str, Any]) -> str:
    """SHA-256 over all that decides money in the entries of the past: not their sources, nor an end after PINNED_UNTIL."""
    entries = []
    for model in book["models"]:
        for entry in model["prices"]:
            end = instant(entry.get("to"))
            if (instant(entry.get("from")) or ALWAYS) < PINNED_UNTIL:
                kept = {key: value for key, value in entry.items() if key not in ("source", "to")}
                entries.append([model["id"], kept, end if end and end <= PINNED_UNTIL else None])
    text = json.dumps([book["rules"]["missing_rate"], entries], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digests() -> dict[str, str]:
    paths = sorted(catalogue_folder().glob("*.yaml"))
    return {path.name: pinned(book) for path, book in zip(paths, books(), strict=True)}


def test_no_price_of_the_past_has_changed() -> None:
    assert digests() == PINS


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
