"""Our prices against two libraries and against invoices: rows of LLMCOST_REFERENCE_DATA/pricing/{gold,oracle}.jsonl, priced in SQL."""

from __future__ import annotations

import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.pricing import names
from tests import oracle
from tests.pricing.books import books, charge, row, shipped, us

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with pricing/gold.jsonl and oracle.jsonl"
)

HARD = ("both", "genai", "litellm", "single")
UNPRICED = ("single-zero", "error")
EXACT = Decimal("1e-9")

WRONG = {
    1455: "deepseek-reasoner: genai-prices stayed at the price of early 2025; V3.1, V3.2 and V4 Flash answered to the name since",
    1457: "deepseek-chat: the same",
    1479: "gemini-pro: genai-prices took prices per million characters for prices per million tokens",
    2984: "a request of 2.5 million dollars does not fit the ledger's DECIMAL(18,12): it is refused, with the reason",
    1549: "mistral-ocr-2512 is sold by the page: genai-prices bills tokens alone with nothing, here they have no price",
    1643: "grok-voice-think-fast-2.0 has no price in either library: unknown is not zero",
    2503: "au. Haiku in batch: litellm bills cached tokens as fresh ones; Anthropic's discount is taken to stack on Bedrock too",
    2518: "us-gov Llama 3 in batch: litellm's half price is a guess, nobody publishes one",
    2830: "neither library has a search fee under this bare id: what has no rate leaves the request unpriced, it is not free",
    2831: "the same",
    2847: "four searches are four searches; litellm counts one on the chat path",
    2853: "the same",
    3071: "gpt-4o-2099-01-01 is no snapshot: genai-prices matches the bare prefix",
    3239: "regional.openai.gpt-5.6-sol is a label inside genai-prices, no name that a log has",
    3240: "the same",
    3241: "the same",
    3242: "the same",
    3251: "deepseek-v4-pro: genai-prices switches at midnight UTC, the vendor did so at midnight in Beijing, eight hours earlier",
}
"""Rows in which we know better than the reference, and why."""

PRICED = ("minimax-m2p1", "gpt-oss-20b")
"""Names that one library refuses and the other has under a key of its own (fireworks_ai/NAME)."""


def rows(name: str) -> list[dict[str, Any]]:
    lines = (Path(FOLDER or "") / "pricing" / name).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [r for r in found if r["provider"] in shipped().aliases]


def request(reference: dict[str, Any]) -> dict[str, Any]:
    """A row of the ledger: the reference counts input and output as totals."""
    used = Counter({name: count for name, count in reference["usage"].items() if isinstance(count, int)})
    parts = ("cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "audio_in", "image_in")
    searches = used["web_search_requests"] or used["requests"]  # a fee per request is one for its searches
    return row(
        day=None,
        ts_us=us(reference["timestamp"]),
        provider=reference["provider"],
        model=reference["model"],
        service_tier=reference["service_tier"],
        speed=reference["usage"].get("speed"),
        inference_geo=reference["usage"].get("inference_geo"),
        region="eu" if "x:eu" in reference.get("rates", {}) else None,
        fresh_input_tokens=used["input_tokens"] - sum(used[part] for part in parts),
        cache_read_tokens=used["cache_read"],
        cache_write_5m_tokens=used["cache_write_5m"],
        cache_write_1h_tokens=used["cache_write_1h"],
        cache_write_other_tokens=used["cache_write"],
        audio_input_tokens=used["audio_in"],
        image_input_tokens=used["image_in"],
        text_output_tokens=used["output"] - used["reasoning"] - used["audio_out"] - used["image_out"],
        reasoning_tokens=used["reasoning"],
        audio_output_tokens=used["audio_out"],
        image_output_tokens=used["image_out"],
        units={"web_search": searches} if searches else None,
    )


def equal(cost: Decimal | None, expected: str) -> bool:
    if cost is None:
        return False
    gap = abs(cost - Decimal(expected))
    return gap <= EXACT or gap <= EXACT * abs(Decimal(expected))


def test_every_price_that_the_reference_is_sure_of_is_ours_too() -> None:
    gold, hard = (
        rows("gold.jsonl"),
        [r for r in rows("oracle.jsonl") if r["verdict"] in HARD and r["expected_usd"] is not None],
    )
    book = names.index(shipped())
    total, covered, right = Counter(), Counter(), Counter()
    wrong: dict[object, tuple[object, ...]] = {
        r["id"]: (r, None, None, "unknown name")
        for r in (*gold, *hard)
        if book.match(r["provider"], r["model"]).model is None
    }
    known = [(kind, r) for kind, some in (("gold", gold), ("hard", hard)) for r in some]
    total.update((kind, r["provider"]) for kind, r in known)
    known = [(kind, r) for kind, r in known if book.match(r["provider"], r["model"]).model]
    covered.update((kind, r["provider"]) for kind, r in known)
    asked = [request(r) for _, r in known]
    for (kind, reference), ours, charged in zip(known, asked, charge(asked, shipped()), strict=True):
        assert oracle.price(ours, books())[0] == charged["cost"], reference
        if equal(charged["cost"], reference["expected_usd"]):
            right[kind, reference["provider"]] += 1
        else:
            wrong[reference["id"]] = (reference, charged["cost"], charged["price_id"], charged["unpriced_reason"])
    print(f"\n{'rows':6}{'provider':12}{'total':>7}{'covered':>9}{'right':>7}")
    for kind, provider in sorted(total):
        key = (kind, provider)
        print(f"{kind:6}{provider:12}{total[key]:>7}{covered[key]:>9}{right[key]:>7}")
    print(f"{'all':18}{total.total():>7}{covered.total():>9}{right.total():>7}")
    assert wrong.keys() == WRONG.keys(), [found for key, found in wrong.items() if key not in WRONG]
    assert all(total[key] == right[key] for key in total if key[0] == "gold")


def test_what_the_reference_cannot_price_has_no_price_here_either() -> None:
    found = [request(r) for r in rows("oracle.jsonl") if r["verdict"] in UNPRICED]
    assert found
    for asked, charged in zip(found, charge(found, shipped()), strict=True):
        if asked["model"] in PRICED:
            continue
        assert charged["cost"] is None, (asked["provider"], asked["model"], charged["price_id"])
        assert charged["unpriced_reason"]
