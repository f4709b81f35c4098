"""Exact response caching: hand-worked traffic, any traffic against the obvious loop, and the answers of the reference."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.routing import response_cache
from llmcost.store import open_scratch

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")


@dataclass(frozen=True)
class Asked:
    second: float | None
    prompt: str | None
    cost: str | None = "0.25"
    model: str = "m"
    scope: str = "everybody"


def answered(asked: Sequence[Asked], ttl_s: int | None) -> tuple[dict[int, int], response_cache.Answered]:
    """Which request got whose answer, by their places in the list, and the totals."""
    with open_scratch() as store:
        response_cache.prepare(store)
        columns = ("seq", "ts_us", "scope", "provider", "model", "prompt_hash", "ttl_us", "cost")
        rows = [
            (seq, None if a.second is None else round(a.second * 10**6), a.scope, "p", a.model, a.prompt)
            + (None if ttl_s is None else ttl_s * 10**6, None if a.cost is None else Decimal(a.cost))
            for seq, a in enumerate(asked)
        ]
        store.load("response_requests", columns, rows[::-1])
        totals = response_cache.simulate(store)
        return dict(store.rows("SELECT seq, stored_seq FROM response_hits")), totals


def test_an_answer_lives_from_its_first_store_and_hits_do_not_prolong_it() -> None:
    asked = [Asked(0, "q"), Asked(200, "q"), Asked(300, "q"), Asked(301, "q"), Asked(601, "q")]
    hits, totals = answered(asked, 300)
    assert hits == {1: 0, 2: 0, 4: 3}  # 301 s after the store it is stored anew, whatever was asked in between
    assert totals.saving == 3 * Decimal("0.25")


def test_models_scopes_and_prompts_share_no_answers() -> None:
    asked = [Asked(0, "q"), Asked(1, "r"), Asked(2, "q", model="n"), Asked(3, "q", scope="tenant"), Asked(4, "q")]
    assert answered(asked, None)[0] == {4: 0}


def test_what_is_unknown_is_told_and_not_counted_as_nothing() -> None:
    asked = [Asked(0, "q"), Asked(1, "q", cost=None), Asked(2, "q", "0.5"), Asked(3, None), Asked(None, "q")]
    hits, totals = answered(asked, None)
    assert hits == {1: 0, 2: 0}
    assert totals == response_cache.Answered(5, 2, Decimal("0.5"), hits_unpriced=1, without_key=2)
    assert totals.notes()[1:] == [
        "1 hits have no known cost: the saving leaves them out",
        "2 requests meet no response cache: no prompt_hash or time",
    ]


def test_no_requests_no_hits() -> None:
    assert answered([], 60) == ({}, response_cache.Answered(0, 0, Decimal(0), 0, 0))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.builds(Asked, st.integers(0, 30), st.sampled_from("qrs"), model=st.sampled_from("mn")), max_size=25),
    st.sampled_from([None, 0, 3, 10]),
)
def test_any_traffic_is_answered_as_one_would_by_hand(asked: list[Asked], ttl_s: int | None) -> None:
    stored: dict[tuple[str, str | None], int] = {}
    expected = {}
    for i in sorted(range(len(asked)), key=lambda i: (asked[i].second, i)):
        key = (asked[i].model, asked[i].prompt)
        if key in stored and (ttl_s is None or asked[i].second - asked[stored[key]].second <= ttl_s):  # type: ignore[operator]
            expected[i] = stored[key]
        else:
            stored[key] = i
    assert answered(asked, ttl_s)[0] == expected


@pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")
@pytest.mark.parametrize(
    ("name", "ttl_s"), [("exact_response_cache_infinite", None), ("exact_response_cache_ttl_300s_no_refresh", 300)]
)
def test_the_reference_to_the_hit(name: str, ttl_s: int | None) -> None:
    folder = Path(FOLDER or "") / "routing"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["prefix_cache_mooncake_synthetic"][
        name
    ]
    with gzip.open(folder / "mooncake_synthetic_trace.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    asked = [Asked(r["timestamp"] / 1000, f"{r['hash_ids']} {r['input_length']}") for r in rows]
    hits, totals = answered(asked, ttl_s)
    assert totals.hits == expected["hits"]
    assert sum(rows[i]["input_length"] for i in hits) == expected["input_tokens"]
    assert sum(rows[i]["output_length"] for i in hits) == expected["output_tokens"]
