"""The what-if of a semantic cache, on four questions that a reader can add up, and that it moves no figure."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from llmcost import config
from llmcost.config import Config
from llmcost.errors import UsageError
from tests.routing.replays import MODELS, document, micro, replayed
from tests.spend.ledgers import call

RULE = "rules: [{name: faq, when: \"feature = 'faq'\", response_cache: {match: exact, ttl: 1h%s}}]\n"


def at(minute: int, prompt: str, **facts: object) -> dict[str, object]:
    """One question of 10,000 tokens to big: a dollar."""
    named = {"model": "big", "feature": "faq", "input_tokens": 10_000, "prompt_hash": prompt} | facts
    return call(f"m{minute}", ts=f"2026-10-15T12:{minute:02}:00Z", **named)


ROWS = [at(0, "p"), at(1, "p"), at(2, "q"), at(3, "r"), at(4, "s"), at(5, "p", feature="chat")]
"""Five questions of the rule, of which the second is the first again: four dollars are left."""


def line(folder: Path, terms: str, settings: Config | None = None) -> str:
    found = replayed(folder, ROWS, MODELS + RULE % terms, config=settings)
    # six dollars in all, one saved by the exact cache: the what-if moves nothing
    assert micro(found) == (6_000_000, 5_000_000)
    (told,) = [note for note in document(found)["assumptions"] if "semantic" in note]
    return told


def with_costs(folder: Path) -> Config:
    (folder / "llmcost.yaml").write_text("prices: {costs: [{name: vectors, amount: 0.96, per: day}]}\n")
    return config.load(folder / "llmcost.yaml")


def test_without_terms_three_shares_of_what_the_exact_cache_leaves(tmp_path: Path) -> None:
    # 5, 10 and 20 percent of four dollars
    assert line(tmp_path, "") == (
        "rule faq: a semantic cache that answered 5%, 10% or 20% of the 4 requests left would save $0.2000, $0.4000 or"
        " $0.8000, were none of its answers wrong: a what-if that no log can prove, in no figure above"
    )


def test_a_range_with_wrong_answers_that_are_asked_again(tmp_path: Path) -> None:
    # 4 x 5% x 98% and 4 x 30% x 98%
    assert line(tmp_path, ", semantic: {hit_share: 5%..30%, judged_false: 2%}") == (
        "rule faq: a semantic cache that answered 5% or 30% of the 4 requests left would save $0.1960 or $1.18,"
        " with 2.0% of its answers wrong and asked again: a what-if that no log can prove, in no figure above"
    )


def test_its_own_costs_come_off_whatever_it_answers(tmp_path: Path) -> None:
    terms = ", semantic: {hit_share: 50%, embedding: acme/small, costs: vectors}"
    # half of four dollars, less 4 x 10,000 tokens at a microdollar and a day of the store
    assert f"would save ${Decimal(2) - Decimal('0.04') - Decimal('0.96'):.2f}, after $0.0400 to embed their prompts (acme/small) and $0.9600 for vectors" in line(
        tmp_path, terms, with_costs(tmp_path)
    )  # fmt: skip
    few = terms.replace("50%", "10%")
    # 0.40 - 0.04 - 0.96: what costs more than it saves says so
    assert "would save -$0.6000" in line(tmp_path, few, with_costs(tmp_path))


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ("{embedding: acme/smal}", "'acme/smal' has no price: unknown model"),
        ("{costs: vektors}", "no fixed cost 'vektors' in llmcost.yaml"),
        ("{hit_share: 30%..5%}", "expected a share or a range such as 5%..30%, got '30%..5%'"),
        ("{hit_share: 5%..150%}", "expected a share or a range such as 5%..30%, got '5%..150%'"),
        ("{hits: 5%}", "unknown key 'hits'"),
    ],
)
def test_what_is_not_understood_has_its_line(tmp_path: Path, terms: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        line(tmp_path, f", semantic: {terms}", with_costs(tmp_path))
    assert sentence in str(raised.value)
    assert "p.yaml:2" in str(raised.value.place)


def test_a_policy_without_a_response_cache_says_nothing(tmp_path: Path) -> None:
    assert not [n for n in document(replayed(tmp_path, ROWS, MODELS))["assumptions"] if "semantic" in n]
