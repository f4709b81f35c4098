"""The standard moves tried on the log: each writes a policy in the policy language, and the replay says what it saves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.attribution import focus
from llmcost.conditions import And, Or
from llmcost.config import Config
from llmcost.pricing import names
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Model
from llmcost.pricing.names import Names
from llmcost.resources import sql
from llmcost.routing import cache_report, language
from llmcost.routing.cache_report import Caches
from llmcost.routing.intervals import Interval
from llmcost.routing.placed import Question
from llmcost.routing.policy import Policy
from llmcost.routing.simulate import Simulated, intervals_by_rule, simulate, why_no_interval
from llmcost.spend import trust
from llmcost.spend.trust import Trust
from llmcost.store import Store

GROUPS = ("no model change", "needs evaluation")
FEATURES = 8
"""Only the dearest features on their models are tried on another one."""
ACCEPTED = Decimal("0.7")
"""What a cascade assumes: the share of answers of the cheaper model that a check accepts."""
SOLD_FOR_DAYS = 90
"""A model that its provider closes sooner is no suggestion."""
ANSWERS_NEEDED = 30
"""Scored answers of each of two models, from which on their means are compared."""
Z95 = 1.96
BEST = 3
WORTH = Decimal("0.01")
"""The share of the cost from which on a saving is among the best."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """One feature on one model in the log, with what moves look for."""

    feature: str | None
    provider: str | None
    model: str | None
    is_embedding: bool
    cost: Decimal | None
    is_waited_for: bool
    """A user is named, or a first token was timed: somebody may be waiting."""
    attempts: int
    with_prefix: int
    repeats: int
    """Requests whose prompt another request has had before."""
    scored: int
    mean: float | None
    variance: float | None

    @property
    def condition(self) -> str:
        parts = (("feature", self.feature), ("provider", self.provider), ("model", self.model))
        return " and ".join(_is(field, value) for field, value in parts)


@dataclass(frozen=True)
class Facts:
    """What the log and the catalogue say before anything is replayed. `cheaper` has the model to try, dearest first."""

    seen: Sequence[Seen]
    cheaper: Sequence[tuple[Seen, str]]
    router_score: str | None
    verdicts: Mapping[tuple[str | None, str | None, str | None], str]


@dataclass(frozen=True)
class Move:
    """A standard move: `policies` writes those that fit the log, each rule of which is one suggestion."""

    name: str
    group: str
    policies: Callable[[Facts], list[Json]]
    risk: str
    assumes: bool = False
    """The saving rests on a share that nobody measured: no interval is defensible."""
    within: str = ""
    """The move that saves more on the same traffic, at more risk."""


@dataclass(frozen=True)
class Suggestion:
    """One move on one part of the traffic. Money is in pico-dollars; `policy` is the text to simulate it with."""

    move: Move
    what: str
    requests: int
    before_pico: int
    saving_pico: int
    is_measured: bool
    """Nothing that it rests on is assumed, so that an interval is defensible."""
    interval: Interval | None
    risk: str
    policy: str


@dataclass(frozen=True)
class Tried:
    """Suggestions that save something, the largest first; `saves_nothing` names the others, `without` moves that do not fit."""

    suggestions: Sequence[Suggestion]
    saves_nothing: Sequence[str]
    without: Sequence[str]
    requests: int
    before_pico: int
    caches: Caches
    trust: Trust


@dataclass(frozen=True)
class _Log:
    """What is asked, and of what."""

    store: Store
    config: Config
    catalogue: Catalogue
    question: Question
    base: Trust
    facts: Facts


def suggest(
    store: Store, config: Config, catalogue: Catalogue, question: Question, *, digest: str | None = None
) -> Tried:
    """Tries every move on the question's traffic."""
    log = _read(store, config, catalogue, question, digest)
    found: list[Suggestion] = []
    nothing: list[str] = []
    without: list[str] = []
    for move in MOVES:
        documents = move.policies(log.facts)
        if not documents:
            without.append(move.name)
        for document in documents:
            for one in _replayed(log, move, document):
                if one.saving_pico > 0:
                    found.append(one)
                else:
                    nothing.append(f"{move.name}: {one.what}")
    found.sort(key=lambda one: (GROUPS.index(one.move.group), -one.saving_pico, one.what))
    requests, cost = _traffic(store, config, question)
    caches = cache_report.measured(store, config, catalogue, question)
    return Tried(found, nothing, without, requests, cost, caches, log.base)


def best(
    store: Store, config: Config, catalogue: Catalogue, question: Question, *, digest: str | None = None
) -> list[Suggestion]:
    """The few moves that save most, each on traffic of its own; only these get an interval, which is what takes long."""
    log = _read(store, config, catalogue, question, digest)
    _, cost = _traffic(store, config, question)
    tried = [
        one
        for move in MOVES
        if not move.within
        for document in move.policies(log.facts)
        for one in _replayed(log, move, document, with_intervals=False)
        if one.saving_pico > 0 and one.saving_pico >= cost * WORTH
    ]
    tried.sort(key=lambda one: (-one.saving_pico, one.what))
    chosen: dict[tuple[str, str], Suggestion] = {}
    for one in tried:
        when = json.loads(one.policy)["rules"][0].get("when", "")
        chosen.setdefault((one.move.name if one.move.group == GROUPS[0] else "", when), one)
    return [
        _replayed(log, one.move, json.loads(one.policy))[0] if one.is_measured else one
        for one in list(chosen.values())[:BEST]
    ]


def _read(store: Store, config: Config, catalogue: Catalogue, question: Question, digest: str | None) -> _Log:
    base = trust.gather(store, config, question.where, question.window, question.tz, digest=digest)
    return _Log(
        store, config, catalogue, question, base, _facts(store, config, catalogue, question, base.data_until_us)
    )


def _replayed(log: _Log, move: Move, document: Json, *, with_intervals: bool = True) -> list[Suggestion]:
    """One suggestion per rule, from a replay of what the rules take and nothing else."""
    policy = language.parsed(_text(document), Path("suggestion"))
    if move.assumes or not with_intervals:
        policy = replace(policy, bootstrap=0)
    narrowed = _narrowed(log.question, policy)
    replayed = simulate(log.store, log.config, policy, log.catalogue, narrowed, rules_only=True, base=log.base)
    numbers = range(1, len(policy.rules) + 1)
    saving = [n for n in numbers if replayed.total("before_pico", n) > replayed.total("after_pico", n)]
    known = intervals_by_rule(log.store, replayed.plan, replayed.cells, saving)
    return [_suggestion(move, document, n, replayed, log.facts, known.get(n)) for n in numbers]


def _narrowed(question: Question, policy: Policy) -> Question:
    """The part of the question's traffic that the rules take: what no rule takes stays as it is."""
    taken = [rule.when for rule in policy.rules if rule.when is not None]
    if len(taken) < len(policy.rules):
        return question
    either = Or(tuple(taken)) if len(taken) > 1 else taken[0]
    return replace(question, where=either if question.where is None else And((question.where, either)))


def _traffic(store: Store, config: Config, question: Question) -> tuple[int, int]:
    """Requests in production, and what they cost in pico-dollars."""
    lens = focus(store, config, question.tz)
    inner = lens.select({"rt_scope": "scope"}, question.where, question.window)
    requests, cost = store.row(sql("routing/suggest_traffic.sql").format(attributed=inner), lens.params)
    return requests, int(Decimal(cost).scaleb(12))


def _suggestion(
    move: Move, document: Json, number: int, replayed: Simulated, facts: Facts, interval: Interval | None
) -> Suggestion:
    rule = document["rules"][number - 1]
    before, after = (int(replayed.total(name, number)) for name in ("before_pico", "after_pico"))
    verdict = next(
        (facts.verdicts.get(_key(seen)) for seen, _ in facts.cheaper if seen.condition == rule.get("when")), None
    )
    alone = {**document, "rules": [rule]}
    if "models" in document:
        alone["models"] = {
            a: told for a, told in document["models"].items() if a in replayed.plan.policy.rules[number - 1].targets
        }
    why = why_no_interval(replayed.plan, [cell for cell in replayed.cells if cell.rule == number])
    return Suggestion(
        move=move,
        what=rule["name"],
        requests=int(replayed.total("requests", number)),
        before_pico=before,
        saving_pico=before - after,
        is_measured=why is None and not move.assumes,
        interval=interval,
        risk=verdict if verdict and move.group == GROUPS[1] else move.risk,
        policy=_text(alone),
    )


def _key(seen: Seen) -> tuple[str | None, str | None, str | None]:
    return seen.feature, seen.provider, seen.model


def _text(document: Json) -> str:
    """A policy as JSON, which is YAML; control characters are escaped as YAML wants it."""
    text = json.dumps(document, ensure_ascii=False, default=str)
    return re.sub(r"[\x7f-\x9f\ufffe\uffff\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _is(field: str, value: str | None) -> str:
    return f"{field} is null" if value is None else f"{field} = '{value.replace(chr(39), chr(39) * 2)}'"


def _facts(store: Store, config: Config, catalogue: Catalogue, question: Question, until_us: int | None) -> Facts:
    keys = [key for (key,) in store.rows(sql("routing/score_names.sql"))]
    router = next((f"score:{key}" for key in keys if "win_rate" in key), None)
    judged = [key for key in keys if "win_rate" not in key]
    lens = focus(store, config, question.tz)
    score = lens.dimension(f"score:{judged[0]}") if len(judged) == 1 else "NULL::DECIMAL(18, 6)"
    chosen = {"rt_scope": "scope", "rt_user": "user", "rt_feature": "feature"}
    inner = lens.select(chosen, question.where, question.window, [f"{score} AS own_score"])
    seen = [Seen(*row) for row in store.rows(sql("routing/suggest_facts.sql").format(attributed=inner), lens.params)]
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=until_us or 0)
    index = names.index(catalogue)
    steps = [(one, _step_down(one, seen, catalogue, index, at)) for one in [s for s in seen if s.cost][:FEATURES]]
    cheaper = [(one, f"{model.provider}/{model.id}") for one, model in steps if model is not None]
    verdicts = {}
    for one, model in steps:
        told = _verdict(one, model, seen, index, judged) if model is not None else None
        if told:
            verdicts[_key(one)] = told
    return Facts(seen, cheaper, router, verdicts)


def _step_down(one: Seen, seen: Sequence[Seen], catalogue: Catalogue, index: Names, at: datetime) -> Model | None:
    """The cheaper model of the same maker that the feature, else the log, uses already, else the newest; of equals the dearest."""
    now = index.match(one.provider, one.model).model
    if now is None or now.mode != "chat":
        return None
    used = {_own(index.match(other.provider, other.model).model) for other in seen}
    here = {_own(index.match(other.provider, other.model).model) for other in seen if other.feature == one.feature}
    maker, today = now.id.rpartition("/")[0], at.date().isoformat()
    gone = (at + timedelta(days=SOLD_FOR_DAYS)).date().isoformat()
    found = [
        model
        for model in catalogue.models
        if (model.provider, model.mode, model.id.rpartition("/")[0]) == (now.provider, "chat", maker)
        and not model.free
        # models of one's own have no day of release
        and (model.lifecycle.get("released", "9999") <= today or _own(model) in used)
        and model.lifecycle.get("retired", "9999") > gone
        and _is_cheaper(model, now, at)
        and _media(model) <= _media(now)
        and index.match(model.provider, model.id).model is model
    ]
    order = [(_own(m) in here, _own(m) in used, m.lifecycle.get("released", ""), _rates(m, at), m.id) for m in found]
    return found[order.index(max(order))] if found else None


def _own(model: Model | None) -> tuple[str, str] | None:
    return (model.provider, model.id) if model else None


def _rates(model: Model, at: datetime) -> tuple[Decimal, Decimal]:
    """USD per million tokens, out and in, at that time."""
    us = int(at.timestamp()) * 1_000_000
    held = [p for p in model.prices if p.since_us <= us and (p.until_us is None or us < p.until_us)]
    if not held or not {"input", "output"} <= held[0].sheet.rates.keys():
        return Decimal("Infinity"), Decimal("Infinity")
    return held[0].sheet.rates["output"], held[0].sheet.rates["input"]


def _media(model: Model) -> set[str]:
    """What it writes besides text: a model made to speak is no substitute for one that is not."""
    return {rate for price in model.prices for rate in price.sheet.rates if rate in ("audio_output", "image_output")}


def _is_cheaper(model: Model, now: Model, at: datetime) -> bool:
    mine, theirs = _rates(model, at), _rates(now, at)
    return mine != theirs and all(Decimal(0) < a <= b for a, b in zip(mine, theirs, strict=True))


def _verdict(one: Seen, model: Model, seen: Sequence[Seen], index: Names, judged: Sequence[str]) -> str | None:
    """What the scores of both models on this feature say; safe only where even the low end of the difference is no loss."""
    there = [
        other
        for other in seen
        if other.feature == one.feature and _own(index.match(other.provider, other.model).model) == _own(model)
    ]
    other = max(there, key=lambda seen_: seen_.scored, default=None)
    if other is None or min(one.scored, other.scored) < ANSWERS_NEEDED or one.mean is None or other.mean is None:
        return None
    error = Z95 * ((one.variance or 0) / one.scored + (other.variance or 0) / other.scored) ** 0.5
    change = other.mean - one.mean
    measured = (
        f"score:{judged[0]} is {one.mean:.3f} now and {other.mean:.3f} there, change {change - error:+.3f} to {change + error:+.3f}"
        f" ({one.scored} and {other.scored} answers, not of the same prompts)"
    )
    return f"safe by measured quality: {measured}" if change - error >= 0 else f"measured: {measured}"


def _batch(facts: Facts) -> list[Json]:
    """What nobody waits for, in a log that tells so of others."""
    waits: dict[str | None, bool] = {}
    for one in facts.seen:
        waits[one.feature] = waits.get(one.feature, False) or (one.is_waited_for and not one.is_embedding)
    if not any(one.is_waited_for for one in facts.seen):
        return []
    rules = [
        {"name": f"{feature or 'no feature'}: in batches", "when": _is("feature", feature), "batch": True}
        for feature, waited in waits.items()
        if not waited
    ]
    return [{"rules": rules}] if rules else []


def _attempts(facts: Facts) -> list[Json]:
    """A model that costs nothing stands for an attempt that is not made."""
    if not any(one.attempts for one in facts.seen):
        return []
    same = {"ratio": 1, "low": 1, "high": 1}
    nothing = {"model": "not made", "price": {"input": 0, "output": 0}, "tokens": {"input": same, "output": same}}
    rule = {"name": "failed attempts that were billed", "when": "kind = 'attempt'", "route": "nothing"}
    return [{"models": {"nothing": nothing}, "rules": [rule], "include_user_choice": True}]


def _repeats(facts: Facts) -> list[Json]:
    if not any(one.repeats for one in facts.seen):
        return []
    rule = {"name": "answers kept for a day", "response_cache": {"match": "exact", "ttl": "24h", "scope": "user"}}
    return [{"rules": [rule]}]


def _lifetimes(facts: Facts) -> list[Json]:
    if not any(one.with_prefix for one in facts.seen):
        return []
    return [
        {"prompt_cache": {"ttl": ttl}, "rules": [{"name": f"prompts kept for {words}", "route": "as_logged"}]}
        for ttl, words in (("5m", "5 minutes"), ("1h", "an hour"))
    ]


def _on_cheaper(facts: Facts, action: Callable[[str], Json], words: str) -> list[Json]:
    rules = [
        {
            "name": f"{one.feature or 'no feature'}: {one.model} {words} {target}",
            "when": one.condition,
            **action(target),
        }
        for one, target in facts.cheaper
    ]
    models = {target: {"model": target} for _, target in facts.cheaper}
    return [{"models": models, "rules": rules}] if rules else []


def _cheaper(facts: Facts) -> list[Json]:
    return _on_cheaper(facts, lambda target: {"route": target}, "to")


def _cascade(facts: Facts) -> list[Json]:
    steps = {"accept_rate": str(ACCEPTED), "seed": "suggest"}
    return _on_cheaper(facts, lambda target: {"cascade": {"steps": [target, "as_logged"], **steps}}, "only after")


def _threshold(facts: Facts) -> list[Json]:
    if facts.router_score is None:
        return []
    told = {"score": facts.router_score, "strong_share": "0.5", "above": "as_logged"}
    return _on_cheaper(facts, lambda target: {"threshold": {**told, "below": target}}, "where hard, else")


MOVES = (
    Move("batch", GROUPS[0], _batch, "answers come within a day: the log names no user and no first token there, check it"),
    Move("failed attempts", GROUPS[0], _attempts, "at most this: not every failure can be avoided"),
    Move("response cache", GROUPS[0], _repeats, "a repeated prompt of the same user gets the same answer for a day"),
    Move("prompt cache", GROUPS[0], _lifetimes, "simulated from prefix blocks by the provider's rules, not yet seen"),
    Move("cheaper model", GROUPS[1], _cheaper, "quality not measured: score a sample on both models first"),
    Move("cascade", GROUPS[1], _cascade, f"assumes that a check without cost accepts {ACCEPTED:.0%} of the cheap answers", assumes=True, within="cheaper model"),
    Move("threshold", GROUPS[1], _threshold, "quality not measured: the half with the low router scores moves", within="cheaper model"),
)  # fmt: skip
"""What is tried, in this order. A new move is a row."""
