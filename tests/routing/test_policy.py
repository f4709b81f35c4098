"""The policy language: what is read, and the sentence with file and line for what is not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.conditions import FIELDS, parse
from llmcost.errors import UsageError
from llmcost.routing import language
from llmcost.routing.policy import implies
from llmcost.routing.targets import find
from tests.routing.replays import MODELS, policy
from tests.spend.ledgers import prices

WHOLE = """\
version: 1
name: everything
baseline: big
scope: all
models:
  big: {model: acme/big, price: {input: 10, output: 30}}
  small: {model: acme/small, tokens: {input: 1.1, output: {ratio: 0.8, low: 0.7, high: 0.9}},
          quality: {default: 95%, by: {feature: {tag: 0.99}}}}
rules:
  - {name: a, when: "feature = 'tag'", route: small, batch: true}
  - {name: b, when: "plan = 'free'", split: {small: 20, big: 80}, key: session, salt: x}
  - name: c
    when: agent = 'x'
    threshold: {score: "score:win", strong_share: 30%, calibrate_on: first_half, above: big, below: small}
    overhead: {usd_per_request: 0.00000332, latency_ms: 6}
  - name: d
    cascade:
      steps: [small, big]
      accept: {column: "score:judge", gte: 0.8}
      verifier: {model: small, input_tokens: "input_tokens + output_tokens + 20", output_tokens: 5}
default: as_logged
fallbacks: {small: [big]}
fallback_rates: {rate_limit: 1%, context_window: auto}
caps: [{plan: free, limit: 40, window: 3h}]
quality: {column: {big: "score:b", small: "score:s"}}
report: {bootstrap: 100, seed: 3, curve: true}
include_user_choice: true
pair_by: task
"""


def test_everything_that_can_be_said() -> None:
    found = policy(WHOLE)
    assert (found.name, found.baseline, found.scope, found.bootstrap, found.seed) == (
        "everything",
        "big",
        "all",
        100,
        3,
    )
    assert found.models["small"].tokens["output"].low == Decimal("0.7")
    assert found.models["small"].quality == Decimal("0.95")
    assert found.models["small"].quality_by_feature == {"tag": Decimal("0.99")}
    a, b, c, d = found.rules
    assert (a.route, a.batch, a.line) == ("small", True, 10)
    assert (b.split, b.key, b.salt) == ({"small": Decimal(20), "big": Decimal(80)}, "session", "x")
    assert c.threshold
    assert c.threshold.strong_share == Decimal("0.3")
    assert (c.overhead_usd, c.overhead_ms) == (Decimal("0.00000332"), 6)
    assert d.cascade
    assert d.cascade.verifier_input == {"input_tokens": 1, "output_tokens": 1, "1": 20}
    assert found.fallback_rates == {"rate_limit": Decimal("0.01"), "context_window": None}
    assert found.pair_by == "task"


def test_json_is_yaml() -> None:
    assert policy('{"models": {"small": {"model": "acme/small"}}, "default": "small"}').default == "small"


def test_nothing_to_route_is_legal() -> None:
    assert policy("default: as_logged\n").rules == ()


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("rulez: []", "1: unknown key 'rulez'", "did you mean 'rules'?"),
        (MODELS + "rules: [{when: \"x = 1\", route: small}]", "2: rules.1.when: unknown field 'x' at column 1", None),
        (MODELS + "rules: [{route: smal}]", "2: rules.1.route: unknown model 'smal'", "did you mean 'small'?"),
        (MODELS + "default: bigg", "2: default: unknown model 'bigg'", "did you mean 'big'?"),
        (MODELS + "rules: [{name: n}]", "2: rules.n: the rule does nothing", None),
        (
            MODELS + "rules:\n  - {name: n, route: small, split: {big: 1}}",
            "3: rules.n.split: the rule has both 'route' and 'split'",
            "make it two rules",
        ),
        (
            MODELS + "rules:\n  - {name: n, threshold: {score: 'score:x', above: big, below: small}}",
            "3: rules.n.threshold: needs one of 'at' and 'strong_share'",
            None,
        ),
        (MODELS + "rules: [{cascade: {steps: [small], accept_rate: 70%}}]", "2: rules.1.cascade: a cascade has two", None),
        (MODELS + "rules: [{split: {small: 0}}]", "2: rules.1.split: the weights add up to nothing", None),
        (
            MODELS + "rules:\n  - {route: small}\n  - {name: late, route: big}",
            "4: rules.late: unreachable, because the rule on line 3 has no 'when' and takes every request",
            None,
        ),
        (
            MODELS + "rules:\n  - {when: \"feature in ('a', 'b')\", route: small}\n"
            "  - {name: late, when: \"feature = 'a' and input_tokens > 5\", route: big}",
            "4: rules.late: unreachable, because the rule on line 3 takes every request that it would take",
            "put it before that rule, or take it out",
        ),
        ("models: {a: {model: acme/big, tokens: {output: {ratio: 2, low: 0.1, high: 1}}}}", "1: models.a.tokens.output: the ratio 2", None),
        ("models: {a: {model: acme/big, price: {input: 1}}}", "1: models.a.price: a price needs input and output", None),
        ("fallback_rates: {oops: 1%}", "1: fallback_rates: unknown kind of failure 'oops'", None),
        (
            MODELS + "rules: [{threshold: {score: 'score:x', strong_share: 130%, above: big, below: small}}]",
            "2: rules.1.threshold.strong_share: expected a share from 0 to 100%, such as 60% or 0.6, got '130%'",
            None,
        ),
        ("fallback_rates: {rate_limit: 70%, timeout: 40%}", "1: fallback_rates: 110% of the requests fail", None),
        (MODELS + "fallbacks: {as_logged: [small]}", "2: fallbacks.as_logged: what is logged has no fallback", None),
        ("version: 2", "1: version: expected version 1, got '2'", None),
        ("", "the policy is empty", None),
    ],
)  # fmt: skip
def test_errors_have_a_place(text: str, sentence: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as error:
        policy(text)
    assert sentence in str(error.value)
    assert hint is None or error.value.hint == hint


def test_a_model_without_a_price_is_named_with_its_line() -> None:
    with pytest.raises(UsageError, match="'acme/bigg' has no price: unknown model") as error:
        find(policy("models:\n  a: {model: acme/bigg}\n"), prices())
    assert str(error.value.place).endswith("p.yaml:2")
    assert error.value.hint == "did you mean 'big'?"


def test_a_price_of_the_policy_is_enough() -> None:
    text = "models:\n  a: {model: nobody/knows, price: {input: 1, output: 2}}\n"
    (target,) = find(policy(text), prices())
    assert (target.provider, target.name) == ("policy:a", "nobody/knows")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no policy file"):
        language.load(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        ("feature = 'a'", "feature in ('a', 'b')", True),
        ("feature in ('a', 'c')", "feature in ('a', 'b')", False),
        ("input_tokens < 100", "input_tokens < 200", True),
        ("input_tokens < 200", "input_tokens < 100", False),
        ("input_tokens <= 100", "input_tokens < 100", False),
        ("input_tokens >= 7", "input_tokens > 6", True),
        ("input_tokens = 5", "input_tokens != 6", True),
        ("feature = 'a' and plan = 'b'", "plan = 'b'", True),
        ("plan = 'b'", "feature = 'a' and plan = 'b'", False),
        ("feature = 'a'", "feature = 'a' or plan = 'b'", True),
        ("feature = 'a' or plan = 'b'", "feature = 'a'", False),
        ("feature = 'a'", "feature is not null", True),
        ("feature is null", "feature is not null", False),
    ],
)
def test_which_condition_takes_all_of_another(narrow: str, wide: str, *, expected: bool) -> None:
    assert implies(parse(narrow, fields=FIELDS), parse(wide, fields=FIELDS)) is expected
