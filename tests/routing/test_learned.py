"""Token ratios that a log teaches: by pairs, by feature, by random draws; and what they do to a bill."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.learned import Draws, Pairs, of_draws, of_pairs, of_sums
from tests.routing.replays import MODELS, document, micro, replayed
from tests.spend.ledgers import call

D = Decimal
TOKENS = st.integers(1, 5_000)


def pairs(*answers: tuple[int, int]) -> Pairs:
    """Pairs of answers with these tokens on the old and the new model, to prompts of 10 and 20 tokens; half of the new is thinking."""

    def sums(xy: Sequence[tuple[int, int]]) -> list[int]:
        return [sum(column) for column in zip(*((x, y, x * x, x * y, y * y) for x, y in xy), strict=True)]

    figures = [len(answers), *sums([(10, 20)] * len(answers)), *sums(answers), sum(y for _, y in answers) // 2]
    return Pairs(*map(D, figures))


def draws(propensity: str, *answers: int) -> Draws:
    """Answers with so many tokens to prompts of as many, each drawn with this probability."""
    w = 1 / D(propensity)
    n, y, yy = len(answers), sum(answers), sum(a * a for a in answers)
    sums = (w * y, w * w * y, w * w * yy)
    return Draws(w * n, w * w * n, *sums, *sums, w * y)


def test_the_error_of_a_ratio() -> None:
    # y = 2 x exactly: no scatter
    exact = of_sums(*map(D, (3, 6, 12, 14, 28, 56)))
    assert (exact.value, exact.low, exact.high) == (D(2), D(2), D(2))
    # x = 1, 1; y = 1, 3: residuals -1 and 1, so the error is sqrt(2 x 2 / 1) / 2 = 1
    loose = of_sums(*map(D, (2, 2, 4, 2, 4, 10)))
    assert (loose.value, loose.high) == (2, D("3.96"))


def test_a_feature_is_its_own_pairs_and_twenty_average_ones() -> None:
    found = of_pairs({"long": pairs(*[(10, 20)] * 60), "short": pairs(*[(10, 5)] * 20)})
    assert found is not None
    # whole: 80 pairs of 10 tokens, 60 x 20 + 20 x 5 = 1,300 against 800
    assert (found.sample, found.output.value, found.input.value) == (80, D("1.625"), D(2))
    # with 20 pairs of 1.625: long (1,200 + 325) / (600 + 200), short (100 + 325) / (200 + 200)
    long, short = D(1525) / 800, D(425) / 400
    # and both so that 600 x long + 200 x short make the 1,300 again
    factor = D(1300) / (600 * long + 200 * short)
    by = found.features
    assert [round(by[f].output.value, 20) for f in ("long", "short")] == [round(r * factor, 20) for r in (long, short)]
    assert (by["long"].sample, by["short"].sample) == (60, 20)
    assert by["long"].input == found.input


def test_too_few_pairs_teach_nothing_and_one_feature_needs_no_ratio_of_its_own() -> None:
    assert of_pairs({"a": pairs(*[(10, 20)] * 19)}) is None
    one = of_pairs({"a": pairs(*[(10, 20)] * 20)})
    assert one is not None
    assert one.features == {}


@given(st.lists(st.lists(st.tuples(TOKENS, TOKENS), min_size=8, max_size=40), min_size=3, max_size=5))
def test_features_together_make_the_tokens_that_were_there(answers: list[list[tuple[int, int]]]) -> None:
    found = of_pairs({str(n): pairs(*own) for n, own in enumerate(answers)})
    assert found is not None
    made = sum((found.features[str(n)].output.value * sum(x for x, _ in own) for n, own in enumerate(answers)), D(0))
    assert abs(made / sum(y for own in answers for _, y in own) - 1) < D("1e-20")
    for one in found.features.values():
        assert one.output.low is not None
        assert one.output.high is not None
        assert one.output.low <= one.output.value <= one.output.high


def test_draws_compare_weighted_means() -> None:
    # old: 100 answers of 10 at 0.5; new: 50 of 30 and 50 of 10 at 0.25: mean 20, variance of an answer 100
    found = of_draws({"f": draws("0.5", *[10] * 100)}, {"f": draws("0.25", *[30, 10] * 50)})
    assert found is not None
    assert (found.basis, found.sample, found.output.value) == ("randomised", 100, 2)
    # the error of the mean is sqrt(100 / 100) = 1 token, a tenth of the old mean
    assert found.output.high == 2 + D("1.96") / 10


def test_draws_that_have_no_feature_in_common_or_too_few_teach_nothing() -> None:
    many = draws("0.5", *[10] * 100)
    assert of_draws({"f": many}, {"g": many}) is None
    assert of_draws({"f": many}, {"f": draws("0.5", *[10] * 29)}) is None
    # what only one of them was drawn for does not count
    found = of_draws({"f": many, "g": draws("0.5", *[999] * 100)}, {"f": many})
    assert found is not None
    assert found.output.value == 1


def test_a_skewed_draw_is_weighted_back(tmp_path: Path) -> None:
    """Long prompts went to big nine times in ten; unweighted, big would seem to answer at length."""
    rng = random.Random(7)
    rows = []
    for n in range(600):
        is_long = n % 2 == 0
        is_big = rng.random() < (0.9 if is_long else 0.1)
        p = 0.9 if is_big == is_long else 0.1
        tokens = (400 if is_long else 100) * (2 if is_big else 1)
        model = "big" if is_big else "small"
        rows.append(call(f"r{n:03}", model=model, input_tokens=100, output_tokens=tokens, scores={"propensity": p}))
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    (scaling,) = (one for key, one in found.plan.relations.scalings.items() if key[1] == "big")
    assert scaling.basis == "randomised"
    output = scaling.output
    assert output.low is not None
    assert output.high is not None
    assert output.low < D("0.5") < output.high
    assert output.high - output.low < D("0.3")
    assert found.no_interval is None
    assert any("learned from random draws, effective sample" in sentence for sentence in document(found)["assumptions"])


def test_pairs_go_before_draws_and_draws_before_what_the_policy_says(tmp_path: Path) -> None:
    drawn = [
        call(f"d{n}", model="big" if n % 2 else "small", output_tokens=40, scores={"propensity": 0.5})
        for n in range(80)
    ]
    told = "models: {small: {model: acme/small, tokens: {output: 3}}, big: {model: acme/big}}\ndefault: small\n"

    def basis(rows: list[dict[str, object]]) -> str:
        found = replayed(tmp_path, rows, told)
        return next(one.basis for key, one in found.plan.relations.scalings.items() if key[1] == "big")

    assert basis(drawn) == "randomised"
    paired = [
        call(f"p{m}{n}", model=m, prompt_hash=f"p{n}", output_tokens=10) for n in range(20) for m in ("small", "big")
    ]
    assert basis([*drawn, *paired]) == "paired"
    assert basis(drawn[:40]) == "given"


def test_a_bill_by_feature(tmp_path: Path) -> None:
    rows = []
    for n in range(100):
        for feature, times in (("code", 2), ("tag", 1)):
            both = {"feature": feature, "prompt_hash": f"{feature}{n}", "input_tokens": 100}
            rows.append(call(f"b{feature}{n}", model="big", output_tokens=10, **both))
            rows.append(call(f"s{feature}{n}", output_tokens=10 * times, **both))
    lone = {"model": "big", "input_tokens": 1000, "output_tokens": 100_000}
    rows += [call("c", feature="code", **lone), call("t", feature="tag", **lone), call("x", feature="other", **lone)]
    found = replayed(tmp_path, rows, MODELS + "default: small\n", where="input_tokens = 1000")
    # whole 1.5; code (2,000 + 20 x 15) / (1,000 + 200), tag (1,000 + 300) / 1,200; 1,916,667 + 1,083,333 millionths are
    # twice 1.5, so the factor is 1; a feature without pairs has 1.5
    assert micro(found)[1] == 3 * 1_000 + 10 * (191_667 + 108_333 + 150_000)
    (sentence,) = (s for s in document(found)["assumptions"] if "pairs in the log" in s)
    assert sentence.endswith(
        "output x 1.500 [1.431, 1.569], learned from 200 pairs in the log; output by feature x 1.083 to 1.917 in 2 features"
    )


@pytest.mark.parametrize(("features", "ending"), [(1, "100 are advised"), (4, "are mostly the whole")])
def test_few_pairs_are_told(tmp_path: Path, features: int, ending: str) -> None:
    rows = [
        call(f"{model}{n}", model=model, feature=f"f{n % features}", prompt_hash=f"p{n}", output_tokens=10)
        for n in range(40)
        for model in ("small", "big")
    ]
    found = document(replayed(tmp_path, rows, MODELS + "default: small\nreport: {bootstrap: 0}\n"))
    (sentence,) = (s for s in found["assumptions"] if "pairs in the log" in s)
    assert sentence.endswith(ending)
    assert "100 are advised" in sentence
