"""What a semantic cache beside an exact one might save: a what-if with its own costs, in no figure of the replay.

No log shows which answers would have fitted other words. The share of requests that it answers and how many of its
answers were judged wrong are therefore asked for, never estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from llmcost.config import Config
from llmcost.errors import UsageError, nearest
from llmcost.figures import count, money
from llmcost.pricing import rates
from llmcost.resources import sql
from llmcost.routing.policy import Policy, Rule
from llmcost.routing.replay import Plan
from llmcost.routing.targets import Targets
from llmcost.spend import fixed
from llmcost.store import Store
from llmcost.windows import day_at

SHARES = (Decimal("0.05"), Decimal("0.10"), Decimal("0.20"))
"""Without `hit_share`: of the requests that the exact cache does not answer."""
PICO = 10**12


def sensitivity(
    store: Store, config: Config, made: Plan, left: Mapping[int, tuple[int, int]], until_us: int | None
) -> list[str]:
    """A sentence for every rule with a response cache. `left` has requests and pico-dollars that its exact cache leaves.

    Prompts are embedded at the price that holds at `until_us`. UsageError with file and line for an embedding model
    without a price and for a cost that llmcost.yaml does not name.
    """
    told = []
    for number, rule in enumerate(made.policy.rules, 1):
        requests, pico = left.get(number, (0, 0))
        if rule.response_cache is None or not requests:
            continue
        terms = rule.response_cache["semantic"] or {}
        own, words = _own_costs(store, config, made, number, rule, until_us)
        wrong = terms.get("judged_false")
        shares = list(dict.fromkeys(terms.get("hit_share") or SHARES))
        right = pico * (1 - Fraction(wrong or 0))
        saved = [_dollars(right * Fraction(share) - own) for share in shares]
        told.append(
            f"rule {rule.name}: a semantic cache that answered {_listed([f'{s:.0%}' for s in shares])} of the"
            f" {count(requests)} requests left would save {_listed(saved)}{words},"
            f" {'were none of its answers wrong' if wrong is None else f'with {wrong:.1%} of its answers wrong and asked again'}:"
            " a what-if that no log can prove, in no figure above"
        )
    return told


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _own_costs(
    store: Store, config: Config, made: Plan, number: int, rule: Rule, until_us: int | None
) -> tuple[Fraction, str]:
    """What the cache costs whatever it answers, in pico-dollars, and a clause that says so."""
    terms: Mapping[str, Any] = (rule.response_cache or {})["semantic"] or {}
    place = ("rules", number - 1, "response_cache", "semantic")
    text = sql("routing/semantic_traffic.sql").format(placed=made.placed.text)
    tokens, first_us, last_us = store.row(text, made.placed.params | {"rule": number})
    whole, parts = Fraction(0), []
    model = terms.get("embedding")
    if model is not None:
        pico = tokens * _per_token(made.policy, made.targets, model, until_us, place)
        parts.append(f"{_dollars(pico)} to embed their prompts ({model})")
        whole += pico
    names = terms.get("costs") or ()
    known = [one["name"] for one in config.prices["costs"]]
    for name in names:
        if name not in known:
            hint = (
                nearest(name, known)
                or "name it in llmcost.yaml: prices: {costs: [{name: ..., amount: ..., per: month}]}"
            )
            raise UsageError(f"no fixed cost '{name}' in llmcost.yaml", place=made.policy.place(*place, "costs"), hint=hint)  # fmt: skip
        if first_us is not None:
            usd = fixed.usd_of_days(config, name, *(day_at(us, "UTC") for us in (first_us, last_us)))
            parts.append(f"{money(usd)} for {name}")
            whole += Fraction(usd) * PICO
    return whole, f", after {' and '.join(parts)}" if parts else ""


def _per_token(policy: Policy, targets: Targets, model: str, until_us: int | None, place: tuple[str | int, ...]) -> Fraction:  # fmt: skip
    provider, slash, rest = model.partition("/")
    is_named = bool(slash) and provider.lower() in targets.catalogue.aliases
    match = targets.index.match(provider if is_named else None, rest if is_named else model)
    reason = match.reason
    if match.model is not None:
        at_us = until_us or 0
        catalogue = targets.catalogue
        held = rates.boxes(match.model, match.name, rates.Terms(), catalogue.deals, catalogue.fx)
        for box in held:
            if box.since_us <= at_us < box.until_us and "fresh_input_tokens" in box.pico:
                return Fraction(box.pico["fresh_input_tokens"], box.denominator)
        reason = "no price at the end of the data"
    hint = "name an embedding model of the catalogue: llmcost prices list"
    raise UsageError(f"'{model}' has no price: {reason}", place=policy.place(*place, "embedding"), hint=hint)


def _dollars(pico: Fraction) -> str:
    return money(Decimal(round(pico)).scaleb(-12))
