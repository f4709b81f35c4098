"""Caches against answers computed elsewhere: LLMCOST_REFERENCE_DATA/routing/expected.json, by its own conventions."""

from __future__ import annotations

import gzip
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.routing.cached import Outcome, Prompt, replayed

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")

LIFETIMES = {"infinite": None, "ttl_60s": 60, "ttl_300s": 300, "ttl_600s": 600, "ttl_1800s": 1800, "ttl_3600s": 3600}
PER_MTOK = Decimal("0.000001")


def answers() -> dict[str, Any]:
    text = (Path(FOLDER or "") / "routing" / "expected.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)["prefix_cache_mooncake_synthetic"]
    return found


def trace() -> list[Prompt]:
    with gzip.open(
        Path(FOLDER or "") / "routing" / "mooncake_synthetic_trace.jsonl.gz", "rt", encoding="utf-8"
    ) as lines:
        rows = [json.loads(line) for line in lines]
    return [Prompt(r["timestamp"] * 1000, tuple(r["hash_ids"]), r["input_length"], r["output_length"]) for r in rows]


def bill(prompts: list[Prompt], found: list[Outcome], rates: tuple[str, str, str, str]) -> Decimal:
    """Dollars at rates per million tokens (fresh, read, written, answer), to the six digits that the answers have."""
    fresh, read, write, answer = map(Decimal, rates)
    tokens = (
        sum(one.fresh for one in found) * fresh
        + sum(one.read for one in found) * read
        + sum(one.written_5m + one.written_1h for one in found) * write
        + sum(p.output_tokens for p in prompts) * answer
    )
    return round(tokens * PER_MTOK, 6)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", LIFETIMES)
def test_every_lifetime_of_the_reference_to_the_token_and_the_dollar(name: str, strict: bool) -> None:
    prompts, expected = trace(), answers()[name + ("_strict" if strict else "")]
    found, hits = replayed(prompts, LIFETIMES[name], strict=strict, min_tokens=1024, step_tokens=128)
    assert (hits.hit_blocks, hits.hit_tokens) == (expected["hit_blocks"], expected["hit_tokens"])
    assert (hits.requests_hit, hits.read_requests) == (
        expected["requests_with_hit"],
        expected["openai_requests_with_hit"],
    )
    assert hits.read_tokens == expected["openai_cached_tokens"]
    assert round(Decimal(hits.hit_blocks) / hits.blocks, 6) == expected["block_hit_ratio"]
    for key, read, rate in (
        ("gpt-4o(2.50/1.25/10)", "1.25", "2.50"),
        ("gpt-5(1.25/0.125/10)", "0.125", "1.25"),
    ):
        assert bill(prompts, found, (rate, read, "0", "10")) == expected[key]["usd"]
        assert bill(prompts, found, (rate, rate, rate, "10")) == expected[key]["no_cache_usd"]


@pytest.mark.parametrize(
    ("name", "key", "column", "rate"),
    [
        ("infinite", "sonnet_auto(3/15,read0.1,write1.25)", "cache_write_5m_tokens", "3.75"),
        ("ttl_300s", "sonnet_auto(3/15,read0.1,write1.25)", "cache_write_5m_tokens", "3.75"),
        ("ttl_3600s", "sonnet_auto(3/15,read0.1,write2.0)", "cache_write_1h_tokens", "6"),
    ],
)
def test_the_lifetimes_of_anthropic_to_the_token_and_the_dollar(name: str, key: str, column: str, rate: str) -> None:
    prompts, expected = trace(), answers()[name][key]
    found, hits = replayed(prompts, LIFETIMES[name], min_tokens=1024, write_column=column)
    assert hits.read_tokens == expected["read_tokens"]
    assert hits.written_tokens == expected["write_tokens"]
    assert sum(one.fresh for one in found) == expected["uncached_tokens"]
    assert bill(prompts, found, ("3", "0.3", rate, "15")) == expected["usd"]
