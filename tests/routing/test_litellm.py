"""A policy as LiteLLM's router configuration: what is in it, and what is said to be missing."""

from __future__ import annotations

import yaml

from llmcost.routing.litellm import configuration
from tests.routing.replays import policy
from tests.routing.test_policy import WHOLE

CANARY = """
models: {strong: {model: openai/gpt-5}, weak: {model: "openai/gpt-5-mini"}}
rules: [{name: canary, split: {weak: 20, strong: 80}, key: user}]
fallbacks: {weak: [strong]}
"""


def test_a_canary_is_a_group_with_weights() -> None:
    text, missing = configuration(policy(CANARY))
    assert yaml.safe_load(text) == {
        "model_list": [
            {"model_name": "strong", "litellm_params": {"model": "openai/gpt-5"}},
            {"model_name": "weak", "litellm_params": {"model": "openai/gpt-5-mini"}},
            {"model_name": "canary", "litellm_params": {"model": "openai/gpt-5-mini", "weight": 20}},
            {"model_name": "canary", "litellm_params": {"model": "openai/gpt-5", "weight": 80}},
        ],
        "router_settings": {"routing_strategy": "simple-shuffle", "fallbacks": [{"weak": ["strong"]}]},
    }
    assert missing == ["rule canary: drawn per call, not by user: a user changes models between calls"]


def test_what_a_split_loses_is_named() -> None:
    told = "models: {a: {model: acme/small}}\nrules: [{name: s, split: {a: 1, as_logged: 1}, key: request_id, batch: true}]\n"
    assert configuration(policy(told))[1] == [
        "rule s: as_logged is no model, so its share falls to the others",
        "rule s: batch and response caches are not chosen by the router",
    ]
    everything = policy("models: {a: {model: acme/small}}\nrules: [{name: r, route: a}]\n")
    assert configuration(everything)[1] == ["rule r: clients must ask for the group a"]


def test_what_the_router_cannot_do_is_named() -> None:
    _, missing = configuration(policy(WHOLE))
    assert [sentence.partition(":")[0] for sentence in missing] == ["rule a", "rule b", "rule c", "rule d", "caps"]


def test_names_of_a_policy_are_no_yaml() -> None:
    text, _ = configuration(policy('models: {"a: [b]": {model: "x: {y}"}}\n'))
    (entry,) = yaml.safe_load(text)["model_list"]
    assert entry == {"model_name": "a: [b]", "litellm_params": {"model": "x: {y}"}}
