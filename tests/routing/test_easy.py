"""The chain of an assumption: a share of easy requests, what an ideal router costs then, what a user may cost, the cap; and what a real router loses."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.routing import easy
from llmcost.routing.placed import Question
from tests.routing.replays import MODELS, policy
from tests.spend.ledgers import call, opened, prices, settings

D, F = Decimal, Fraction
ROWS = [call(f"c{n}", model="big", feature="chat") for n in range(6)] + [
    call(f"d{n}", model="big", feature="digest", input_tokens=2000) for n in range(4)
]
"""Six chats of $0.10 and four digests of $0.20, of which small takes a hundredth."""
PLANS = """plans:
  plus: {price: 10, other_cost: 2, churn: 5%/month}
  free: {price: 0, churn: 20%/month}
ltv: {llm_share: 50%}
"""


def assumed(folder: Path, *ranges: str, text: str = MODELS, config: Config | None = None) -> dict[str, Any]:
    with opened(folder, ROWS) as store:
        found = easy.assumed(store, config or Config(), policy(text), prices(), Question(), easy.ranges(ranges))
    names = [column.name for column in found.columns]
    return {**found.head, "curve": [dict(zip(names, row, strict=True)) for row in found.rows], "notes": found.notes}


def test_one_share_for_all(tmp_path: Path) -> None:
    found = assumed(tmp_path, "20%..80%")
    assert [point["easy_share"] for point in found["curve"]] == [D(f"0.{n}") for n in range(2, 9)]
    first = found["curve"][0]
    # $1.40 as logged and $0.014 on small: a fifth of the way, and half of a fifth
    assert (first["cost"], first["cost_if_half_found"]) == (D("1.4") - D("0.2772"), D("1.4") - D("0.1386"))
    assert (first["lost"], first["cost_per_request"]) == (D("0.1386"), D("0.11228"))
    assert (found["affordable"], found["policy_cost"]) == (None, None)
    assert found["reason"] == "no cap: llmcost.yaml has no plans, so nobody knows what a user may cost"


def test_by_feature(tmp_path: Path) -> None:
    found = assumed(tmp_path, "chat=20%..60%,digest=50%")
    assert [(p["easy_chat"], p["easy_digest"]) for p in found["curve"]] == [
        (D(share), D("0.5")) for share in ("0.2", "0.3", "0.4", "0.5", "0.6")
    ]
    first, last = found["curve"][0], found["curve"][-1]
    # chats save 6 x $0.099 at most, digests 4 x $0.198; of ten requests 6 x 0.2 + 4 x 0.5 are easy
    assert first["easy_share"] == D("0.32")
    assert first["cost"] == D("1.4") - D("0.2") * D("0.594") - D("0.5") * D("0.792")
    assert last["cost"] == D("1.4") - D("0.6") * D("0.594") - D("0.5") * D("0.792")
    assert not any("other features" in note for note in found["notes"])


def test_features_that_are_not_named_have_no_easy_requests_unless_told(tmp_path: Path) -> None:
    alone = assumed(tmp_path, "chat=50%")
    assert alone["curve"][0]["cost"] == D("1.4") - D("0.297")
    assert any(note.startswith("4 requests of other features") for note in alone["notes"])
    told = assumed(tmp_path, "chat=50%", "25%")
    assert told["curve"][0]["cost"] == D("1.4") - D("0.297") - D("0.198")
    assert told["curve"][0]["easy_share"] == D("0.4")


def test_ranges_that_differ_keep_step(tmp_path: Path) -> None:
    along = easy.points(easy.ranges(["a=0%..20%", "b=10%..15%,50%"]))
    assert along == [
        {"a": F(0), "b": F(1, 10), None: F(1, 2)},
        {"a": F(1, 10), "b": F(1, 8), None: F(1, 2)},
        {"a": F(1, 5), "b": F(3, 20), None: F(1, 2)},
    ]


def test_all_features_named_alike_are_the_whole(tmp_path: Path) -> None:
    whole, parts = assumed(tmp_path, "30%..70%"), assumed(tmp_path, "chat=30%..70%,digest=30%..70%")
    for one, other in zip(whole["curve"], parts["curve"], strict=True):
        assert {name: other[name] for name in one} == one


def test_what_a_user_may_cost_becomes_a_cap(tmp_path: Path) -> None:
    text = MODELS + "rules: [{name: short, when: \"feature = 'chat'\", route: small}]\n"
    found = assumed(tmp_path, "100%", text=text, config=settings(tmp_path, PLANS))
    # half of 10 - 2; all easy: $0.014 for ten requests; a real router is half of the way, at $0.707
    assert found["affordable"] == {"plus": "4.000000000000"}
    assert found["curve"][0]["cap_plus"] == int(4 / D("0.0014"))
    assert found["curve"][0]["cap_plus_if_half_found"] == int(4 / D("0.0707"))
    assert "no cap for free" in found["reason"]
    # the rule moves the chats: $0.006 and $0.80
    assert found["policy_cost"] == "0.806000000000"
    assert found["policy_caps"] == {"plus": int(4 / D("0.0806"))}
    assert any(
        "the policy's own rules cost $0.8060, 43% of what the ideal one saves there" in n for n in found["notes"]
    )


@pytest.mark.parametrize("text", ["", "chat=", "=20%", "chat", "120%", "a=1%,a=2%", "20%,30%"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="--easy-share"):
        easy.ranges([text])
