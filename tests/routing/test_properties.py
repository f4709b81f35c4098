"""What must hold for any traffic and any policy."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.routing.simulate import Simulated
from tests.routing.replays import MODELS, replayed
from tests.spend.ledgers import call

EXAMPLES = settings(max_examples=12, deadline=None)
request = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["small", "big", "unheard-of"]),
        "input_tokens": st.integers(0, 5000),
        "output_tokens": st.integers(0, 900),
        "feature": st.sampled_from(["tag", "chat", None]),
        "user": st.sampled_from(["u1", "u2", None]),
        "kind": st.sampled_from(["call", "call", "attempt"]),
    }
)
traffic = st.lists(request, min_size=1, max_size=12)
RULES = """rules:
  - {name: one, when: "feature = 'tag' and input_tokens < 2000", route: small}
  - {name: two, when: "user is not null", split: {small: 1, big: 2}, key: user}
  - {name: three, when: "output_tokens > 300", cascade: {steps: [small, big], accept_rate: 50%}}
"""


def rows(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call(f"r{n}", **one) for n, one in enumerate(facts)]


def simulated(facts: list[dict[str, Any]], text: str) -> Simulated:
    with TemporaryDirectory() as folder:
        return replayed(Path(folder), rows(facts), text)


@EXAMPLES
@given(traffic)
def test_the_identity_policy_saves_nothing(facts: list[dict[str, Any]]) -> None:
    found = simulated(facts, MODELS + "default: as_logged\n")
    assert found.before_pico == found.after_pico
    each = 'rules:\n  - {when: "model = \'small\'", route: small}\n  - {when: "model = \'big\'", route: big}\n'
    again = simulated(facts, MODELS + each)
    assert (again.before_pico, again.after_pico) == (found.before_pico, found.before_pico)


@EXAMPLES
@given(traffic)
def test_the_names_of_models_do_not_matter(facts: list[dict[str, Any]]) -> None:
    found = simulated(facts, MODELS + RULES)
    named = MODELS.replace("small:", "alpha:").replace("big:", "beta:")
    rules = RULES.replace("route: small", "route: alpha").replace("{small: 1, big: 2}", "{alpha: 1, beta: 2}")
    other = simulated(facts, named + rules.replace("[small, big]", "[alpha, beta]"))
    assert (other.before_pico, other.after_pico) == (found.before_pico, found.after_pico)


@EXAMPLES
@given(traffic)
def test_rules_add_up_to_the_whole_and_features_to_the_total(facts: list[dict[str, Any]]) -> None:
    found = simulated(facts, MODELS + RULES)
    for name in ("before_pico", "after_pico"):
        assert sum(found.total(name, rule) for rule in found.rules) == found.total(name)
    parts = [
        simulated([one for one in facts if one["feature"] == feature], MODELS + RULES + "report: {bootstrap: 0}\n")
        for feature in ("tag", "chat", None)
        if any(one["feature"] == feature for one in facts)
    ]
    # the draws hang on the request's own id, so each part is numbered as in the whole
    with TemporaryDirectory() as folder:
        by_feature = [
            replayed(Path(folder), rows(facts), MODELS + RULES, where=where)
            for where in ("feature = 'tag'", "feature = 'chat'", "feature is null")
        ]
    assert sum(part.after_pico for part in by_feature) == found.after_pico
    assert sum(part.before_pico for part in parts) == found.before_pico


@EXAMPLES
@given(traffic)
def test_the_bill_is_the_slow_sum(facts: list[dict[str, Any]]) -> None:
    """Every request on small: a microdollar a token in, ten a token out."""
    found = simulated(facts, MODELS + "default: small\n")
    known = [f for f in facts if f["model"] != "unheard-of" or (f["kind"] == "attempt" and not any(_tokens(f)))]
    slow = sum(one["input_tokens"] + 10 * one["output_tokens"] for one in known)
    assert found.after_pico == slow * 10**6


def _tokens(facts: dict[str, Any]) -> tuple[int, int]:
    return facts["input_tokens"], facts["output_tokens"]
