"""A policy as the router configuration of LiteLLM, as far as LiteLLM can express it; what it cannot is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from llmcost.figures import exact
from llmcost.routing.policy import AS_LOGGED, Policy, Rule

CALLERS_CHOICE = "batch and response caches are not chosen by the router"


def configuration(policy: Policy) -> tuple[str, list[str]]:
    """The text of a config.yaml, and a sentence for everything of the policy that is not in it.

    A split that meets every request becomes one model group with weights (`simple-shuffle`); aliases become groups of
    their own. Source of the keys: LiteLLM's proxy configuration (model_list, router_settings.fallbacks, weight).
    """
    lines = ["model_list:"]
    for alias, told in policy.models.items():
        lines.append(_entry(alias, told.model))
    missing: list[str] = []
    for rule in policy.rules:
        if rule.split is not None and rule.when is None:
            lines += [_entry(rule.name, policy.models[a].model, w) for a, w in rule.split.items() if a != AS_LOGGED]
            missing += [f"rule {rule.name}: {what}" for what in _lost(rule, rule.split)]
        else:
            missing.append(f"rule {rule.name}: {_why(rule)}")
    lines += ["router_settings:", "  routing_strategy: simple-shuffle"]
    if policy.fallbacks:
        pairs = [{alias: list(others)} for alias, others in policy.fallbacks.items()]
        lines.append(f"  fallbacks: {json.dumps(pairs, ensure_ascii=False)}")
    if policy.default != AS_LOGGED:
        missing.append(f"default: clients must ask for the group {policy.default}")
    for name, given in (("caps", policy.caps), ("prompt_cache", policy.prompt_cache)):
        if given:
            missing.append(f"{name}: no part of the router configuration")
    return "\n".join(lines) + "\n", missing


def _entry(group: str, model: str, weight: Decimal | None = None) -> str:
    """One deployment; names are JSON strings, which are YAML strings."""
    params = f"model: {json.dumps(model, ensure_ascii=False)}"
    if weight is not None:
        params += f", weight: {exact(weight)}"
    return f"  - {{model_name: {json.dumps(group, ensure_ascii=False)}, litellm_params: {{{params}}}}}"


def _lost(rule: Rule, weights: Mapping[str, Decimal]) -> Iterator[str]:
    """What a group with weights does not keep of a split."""
    if rule.key != "request_id":
        yield f"drawn per call, not by {rule.key}: a user changes models between calls"
    if AS_LOGGED in weights:
        yield "as_logged is no model, so its share falls to the others"
    if rule.batch or rule.response_cache is not None:
        yield CALLERS_CHOICE


def _why(rule: Rule) -> str:
    if rule.cascade:
        return "the router sends a request once: a cascade needs code of your own"
    if rule.threshold:
        return "the router knows no score: a threshold needs a router in front of it"
    if rule.batch or rule.response_cache is not None:
        return CALLERS_CHOICE
    if rule.when is None and rule.route:
        return f"clients must ask for the group {rule.route}"
    return "the router knows no conditions: clients must ask for the group " + (rule.route or "themselves")
