"""What must hold for any policy: over one log of 150 mixed requests, against a bill added up in Python."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost import conditions
from llmcost.config import Config
from llmcost.routing.placed import Question
from llmcost.routing.simulate import Simulated, simulate
from llmcost.store import Store, open_ledger
from tests.routing.replays import MODELS, policy
from tests.spend.ledgers import call, ledger, prices

FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EXAMPLES = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEATURES = ("tag", "chat", "plan")
PRICE = {"small": 1, "big": 100}
"""Microdollars for a token in; a token out is ten times as dear."""


def traffic() -> list[dict[str, Any]]:
    rng = random.Random(6)
    return [
        {
            "model": rng.choice(["small", "big", "big", "unheard-of"]),
            "input_tokens": rng.randrange(5000),
            "output_tokens": rng.randrange(900),
            "feature": rng.choice([*FEATURES, None]),
            "user": rng.choice(["u1", "u2", "u3", None]),
        }
        for _ in range(150)
    ]


TRAFFIC = traffic()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = ledger(tmp_path_factory.mktemp("log"), [call(f"r{n}", **facts) for n, facts in enumerate(TRAFFIC)])
    with open_ledger(path, read_only=True) as opened:
        yield opened


def run(store: Store, text: str, where: str | None = None) -> Simulated:
    asked = Question(conditions.parse(where, fields=conditions.FIELDS)) if where else Question()
    return simulate(store, Config(), policy(MODELS + "report: {bootstrap: 0}\n" + text), prices(), asked)


rule = st.tuples(st.sampled_from(FEATURES), st.integers(1, 5000), st.sampled_from(["small", "big"]))
rules = st.lists(rule, max_size=4, unique_by=lambda r: r[0])


def as_text(given_: list[tuple[str, int, str]], default: str) -> str:
    lines = (
        f"  - {{when: \"feature = '{feature}' and input_tokens < {below}\", route: {to}}}\n"
        for feature, below, to in given_
    )
    return "rules:\n" + "".join(lines) + f"default: {default}\n" if given_ else f"default: {default}\n"


def bill(facts: dict[str, Any], model: str) -> int:
    return PRICE[model] * (facts["input_tokens"] + 10 * facts["output_tokens"]) * 10**6


def routed(facts: dict[str, Any], given_: list[tuple[str, int, str]], default: str) -> str:
    for feature, below, to in given_:
        if facts["feature"] == feature and facts["input_tokens"] < below:
            return to
    return facts["model"] if default == "as_logged" else default


@EXAMPLES
@given(rules, st.sampled_from(["as_logged", "small", "big"]))
def test_the_bill_is_the_slow_sum(store: Store, given_: list[tuple[str, int, str]], default: str) -> None:
    found = run(store, as_text(given_, default))
    known = [facts for facts in TRAFFIC if facts["model"] != "unheard-of"]
    assert found.before_pico == sum(bill(facts, facts["model"]) for facts in known)
    assert found.after_pico == sum(bill(facts, routed(facts, given_, default)) for facts in known)
    for name in ("before_pico", "after_pico", "requests"):
        assert sum(found.total(name, number) for number in found.rules) == found.total(name)


@EXAMPLES
@given(rules)
def test_the_identity_policy_saves_exactly_nothing(store: Store, given_: list[tuple[str, int, str]]) -> None:
    texts = [(feature, below) for feature, below, _ in given_]
    lines = "".join(
        f"  - {{when: \"feature = '{feature}' and input_tokens < {below} and model = '{m}'\", route: {m}}}\n"
        for feature, below in texts
        for m in ("small", "big")
    )
    found = run(store, "rules:\n" + lines if lines else "default: as_logged\n")
    assert found.before_pico == found.after_pico
    assert found.total("before_read") == found.total("after_read")


@FEW
@given(rules, st.integers(1, 99))
def test_the_names_of_models_do_not_matter(store: Store, given_: list[tuple[str, int, str]], share: int) -> None:
    split = f"  - {{name: s, split: {{small: {share}, big: {100 - share}}}, key: user}}\n"
    text = ("rules:\n" + split) if not given_ else as_text(given_, "big").replace("default", split + "default")
    found = run(store, text)
    renamed = (MODELS + "report: {bootstrap: 0}\n" + text).replace("small: {model", "alpha: {model")
    renamed = renamed.replace("big: {model", "beta: {model").replace("route: small", "route: alpha")
    renamed = renamed.replace("route: big", "route: beta").replace("{small:", "{alpha:").replace(", big:", ", beta:")
    renamed = renamed.replace("default: big", "default: beta")
    other = simulate(store, Config(), policy(renamed), prices(), Question())
    assert (other.before_pico, other.after_pico) == (found.before_pico, found.after_pico)


@FEW
@given(rules)
def test_the_sum_over_features_is_the_total(store: Store, given_: list[tuple[str, int, str]]) -> None:
    text = as_text(given_, "small")
    whole = run(store, text)
    parts = [run(store, text, f"feature = '{feature}'") for feature in FEATURES]
    parts.append(run(store, text, "feature is null"))
    assert sum(part.after_pico for part in parts) == whole.after_pico
    assert sum(part.before_pico for part in parts) == whole.before_pico


def test_a_random_split_averages_to_the_line(store: Store) -> None:
    """Twelve salts at 30%: between all on one model and all on the other, at 0.3 of the way."""
    ends = [run(store, f"default: {name}\n").after_pico for name in ("small", "big")]
    found = [
        run(store, f"rules: [{{split: {{big: 30, small: 70}}, key: request_id, salt: s{n}}}]\n").after_pico
        for n in range(12)
    ]
    line = ends[0] + 0.3 * (ends[1] - ends[0])
    assert sum(found) / len(found) == pytest.approx(line, rel=0.1)
