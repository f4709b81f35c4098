"""The policy as rows: what each rule does with a request, and the query that bills the result like any other traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from llmcost.caps import cap as rules_of_caps
from llmcost.caps import traffic
from llmcost.caps.replay import replay as replay_caps
from llmcost.config import Config
from llmcost.pricing import charges
from llmcost.resources import sql
from llmcost.routing import caching, ratios
from llmcost.routing import placed as placing
from llmcost.routing.placed import CAPPED, DEFAULT, ONE, PART_OF_A_CALL, USER_CHOICE, Placed, Question
from llmcost.routing.policy import AS_LOGGED, Cascade, Policy, Rule
from llmcost.routing.ratios import CENTRAL, HIGH, LOW, Relations
from llmcost.routing.response_cache import Answered
from llmcost.routing.targets import BASELINE, Targets
from llmcost.store import Store

ANY = (0, ONE)
WHATEVER = (-(2**60), ONE)
"""Every chance of every size: that of a request lies 2^32 lower for each context window that it exceeds."""
CACHED = (-1, 0)
"""The draw of a request that a response cache answers."""

BY_FEATURE = """LEFT JOIN routing_features f ON f.target = m.target AND f.variant = m.variant
    AND f.provider IS NOT DISTINCT FROM r.provider AND f.model IS NOT DISTINCT FROM r.model AND f.feature IS NOT DISTINCT FROM r.feature"""
"""Joined only where features have ratios of their own: the engine would look for them in all of the traffic."""

MOVE_COLUMNS = (
    *("rule", "number", "variant", "target", "part", "draw_from", "draw_until", "chance_from", "chance_until"),
    *("is_batch", "add_cost", "add_ms", "verifier_input", "verifier_answer", "verifier_fixed", "verifier_output"),
)


@dataclass(frozen=True)
class Move:
    """One part of what becomes of a request. A request has the parts whose ranges hold its draw and its chance.

    Parts: `final` is the answer that counts, `step` an answer that was not accepted, `verifier` the check of one, `extra`
    a further attempt, `cached` an answer without a call, `blocked` none, `baseline` what the request is compared with.
    """

    rule: int
    target: int
    part: str = "final"
    draw: tuple[int, int] = ANY
    chance: tuple[int, int] = WHATEVER
    is_batch: bool = False
    add_cost: Decimal = Decimal(0)
    add_ms: int = 0
    verifier: tuple[int, int, int, int] = (0, 0, 0, 0)
    """How often input and answer are read, what else is read, and what is written, in tokens."""


@dataclass(frozen=True)
class Plan:
    """A policy made ready to be billed: the temporary tables are filled, `placed` selects the traffic."""

    policy: Policy
    targets: Targets
    relations: Relations
    placed: Placed
    caps: Sequence[rules_of_caps.Cap]
    failure_rates: dict[str, Decimal]
    variants: tuple[int, ...]
    is_single: bool
    strong: int
    has_units: bool
    answered: Answered | None = None

    @property
    def placed_text(self) -> str:
        """The traffic, with the draws of those whom a response cache answers."""
        if self.answered is None:
            return self.placed.text
        return sql("routing/cached_answers.sql").format(placed=self.placed.text)

    @property
    def simulated(self) -> str:
        """The requests as the policy sends them, before any prompt cache."""
        # where nothing has units, the engine must see it: it would look for them in all of the simulated traffic
        units = "CASE basis WHEN 'same' THEN units WHEN 'other' THEN a_units WHEN 'scaled' THEN units END"
        told = self.policy.prompt_cache
        return sql("routing/simulated.sql").format(
            placed=self.placed_text,
            quality=self.placed.quality.target,
            units=units if self.has_units else "NULL::MAP(VARCHAR, DECIMAL(18, 6))",
            prefix_blocks="prefix_blocks" if told else "NULL::BIGINT[]",
            cache_scope=caching.SCOPES[told["scope"]] if told else "NULL::VARCHAR",
            ratios=", ".join(f"{one} AS {name}" for name, one in self._ratios.items()),
            by_feature=BY_FEATURE if self.relations.has_features else "",
        )

    @property
    def _ratios(self) -> dict[str, str]:
        """The ratios that a feature may have of its own, each as a column of the simulated traffic."""
        own = "coalesce(f.{0}, p.{0})" if self.relations.has_features else "p.{0}"
        return {name: own.format(name) for name in ratios.BY_FEATURE}

    @property
    def billed(self) -> str:
        """Every part with its cost."""
        simulated = self.simulated
        if self.policy.prompt_cache:
            simulated = sql("routing/cached_prefixes.sql").format(simulated=simulated)
        return sql("routing/billed.sql").format(simulated=simulated, charges=sql(charges.CHARGES))

    @property
    def outcome(self) -> str:
        """One row per request, before and after."""
        return sql("routing/single.sql" if self.is_single else "routing/folded.sql").format(billed=self.billed)

    @property
    def params(self) -> dict[str, object]:
        """The values bound in `outcome`."""
        logged = [n for n, one in enumerate(self.relations.logged) if self.strong in [t.number for t in one.targets]]
        found = self.placed.params | {"strong": self.strong, "strong_logged": logged}
        return found if self.is_single else found | {"modelled": self.policy.baseline != AS_LOGGED}


def plan(store: Store, config: Config, policy: Policy, targets: Targets, question: Question) -> Plan:
    """Fills the temporary tables. The catalogue of `targets` prices what moves."""
    if counts_simulated_cost(policy):
        _cost_without_caps(store, config, policy, targets, question)
    store.run(sql("routing/tables.sql"))
    relations = ratios.relate(store, config, targets, question.tz)
    _prices(store, targets)
    caps = _caps(store, config, policy, question)
    placed = placing.place(store, config, policy, targets, question, has_caps=bool(caps))
    rates = _failure_rates(store, policy, targets)
    ranged = any(one.has_range for one in relations.scalings.values())
    variants = (CENTRAL, LOW, HIGH) if ranged and policy.bootstrap else (CENTRAL,)
    answered = None
    if any(rule.response_cache is not None for rule in policy.rules):
        answered = caching.answers(store, policy, placed.text, placed.params)
    moves = list(_moves(policy, targets, caps, rates))
    store.load(
        "routing_moves",
        MOVE_COLUMNS,
        [
            (m.rule, n, v, m.target, m.part, *m.draw, *m.chance, m.is_batch, m.add_cost, m.add_ms, *m.verifier)
            for v in variants
            for n, m in enumerate(moves, 1)
        ],
    )
    has_units = bool(store.value("SELECT count(units) > 0 FROM requests"))
    is_single = all(move.part in ("final", "cached", "blocked") for move in moves)
    return Plan(
        policy,
        targets,
        relations,
        placed,
        caps,
        rates,
        variants,
        is_single,
        strong(policy, targets),
        has_units,
        answered,
    )


def strong(policy: Policy, targets: Targets) -> int:
    """The model that counts as strong: the alias of that name, else whom a threshold sends high scores to; -1 without one."""
    if "strong" in policy.models:
        return targets["strong"].number
    return next((targets.number(rule.threshold.above) for rule in policy.rules if rule.threshold), -1)


def _prices(store: Store, targets: Targets) -> None:
    """Rates for all that was logged and for every target: a table of names stands in for `requests` while they are looked up."""
    logged = store.rows(sql("pricing/terms.sql"))
    terms = {*logged, *((p, m, "batch", s, r, g) for p, m, _, s, r, g in logged)}
    terms |= {(t.provider, t.name, tier, None, None, None) for t in targets for tier in (None, "batch")}
    store.run(sql("routing/names_only.sql"))
    try:
        columns = ("provider", "model", "service_tier", "speed", "region", "inference_geo")
        store.load("requests", columns, sorted(terms, key=str))
        charges.prepare(store, targets.catalogue)
    finally:
        store.run("DROP TABLE temp.requests")


def counts_simulated_cost(policy: Policy) -> bool:
    """Whether a cap in dollars must count other money than the logged one."""
    reprices = policy.rules or policy.default != AS_LOGGED or policy.prompt_cache or policy.fallbacks
    return bool(reprices) and any(cap["unit"] == "usd" for cap in policy.caps)


def _cost_without_caps(store: Store, config: Config, policy: Policy, targets: Targets, question: Question) -> None:
    """What each request costs if every cap lets it pass: what a cap counts of those that it serves. One pass, not a loop.

    What a cap refuses counts nothing, so its refusals change no other request's cost; but for prompts that it would have
    left in a cache, which are taken as cached.
    """
    free = plan(store, config, replace(policy, caps=()), targets, question)
    if policy.prompt_cache:
        caching.prefixes(store, policy, targets, free.relations.logged, free.simulated, free.placed.params)
    store.run(sql("routing/costs.sql").format(outcome=free.outcome), free.params)
    store.run(sql("routing/costed.sql").format(ledger=store.behind("ledger")))


def _caps(store: Store, config: Config, policy: Policy, question: Question) -> list[rules_of_caps.Cap]:
    """Replays the caps of the policy on the traffic; `routing_capped` has what they refuse."""
    if not policy.caps:
        return []
    asked = traffic.Asked("user", question.where, question.window, question.tz)
    unit = "turn" if traffic.left_out(store, config, asked).has_turns else "request"
    caps = rules_of_caps.from_config(replace(config, path=policy.path, lines=policy.lines, caps=policy.caps), unit)
    with store.standing_for("ledger", "routing_costed") if counts_simulated_cost(policy) else nullcontext():
        limits = traffic.prepare(store, config, asked, caps)
    replay_caps(store, [limits], question.tz, keep=True)
    store.run(sql("routing/capped.sql").format(members=traffic.members(caps)))
    return caps


def _moves(
    policy: Policy, targets: Targets, caps: Sequence[rules_of_caps.Cap], rates: dict[str, Decimal]
) -> Iterator[Move]:
    yield Move(USER_CHOICE, 0)
    yield Move(PART_OF_A_CALL, 0)
    yield from _with_fallbacks([Move(DEFAULT, targets.number(policy.default))], policy, targets, rates)
    for number, rule in enumerate(policy.rules, 1):
        yield from _with_fallbacks(_of_rule(rule, number, targets), policy, targets, rates)
    for number, cap in enumerate(caps, CAPPED):
        downgrade = targets.number(cap.model) if cap.on_limit == "downgrade" and cap.model else 0
        yield Move(number, downgrade, "blocked" if cap.on_limit == "block" else "final")
    if policy.baseline != AS_LOGGED:
        baseline = targets.number(policy.baseline if policy.baseline in policy.models else BASELINE)
        numbers = (DEFAULT, USER_CHOICE, *range(1, len(policy.rules) + 1), *range(CAPPED, CAPPED + len(caps)))
        yield from (Move(number, baseline, "baseline") for number in numbers)
        yield Move(PART_OF_A_CALL, 0, "baseline")


def _of_rule(rule: Rule, number: int, targets: Targets) -> list[Move]:
    moves = [replace(m, is_batch=rule.batch) for m in _parts(rule, number, targets)]
    # a router decides once per request, before the first answer
    first = moves[0].target
    return [
        replace(m, add_cost=rule.overhead_usd, add_ms=rule.overhead_ms)
        if not rule.cascade or (m.target == first and m.part in ("final", "step", "cached"))
        else m
        for m in moves
    ]


def _parts(rule: Rule, number: int, targets: Targets) -> list[Move]:
    hit = [Move(number, targets.number(rule.targets[0]) if rule.targets else 0, "cached", CACHED)]
    return [*(hit if rule.response_cache is not None else []), *_answered(rule, number, targets)]


def _answered(rule: Rule, number: int, targets: Targets) -> list[Move]:
    if rule.split is not None:
        return _split(rule.split, number, targets)
    if rule.threshold:
        low, high = targets.number(rule.threshold.below), targets.number(rule.threshold.above)
        return [Move(number, low, draw=(0, 1)), Move(number, high, draw=(1, 2))]
    if rule.cascade:
        return _cascade(rule.cascade, number, targets)
    return [Move(number, targets.number(rule.route) if rule.route else 0)]


def _split(weights: Mapping[str, Decimal], number: int, targets: Targets) -> list[Move]:
    """Cumulative weights in the order of the file: u < weight of the first ... ; u is the hash / 2^32."""
    whole, so_far, begin, moves = sum(weights.values()), Decimal(0), 0, []
    for alias, weight in weights.items():
        so_far += weight
        end = int((so_far / whole * ONE).to_integral_value(ROUND_CEILING))
        moves.append(Move(number, targets.number(alias), draw=(begin, end)))
        begin = end
    return moves


def _cascade(told: Cascade, number: int, targets: Targets) -> list[Move]:
    """All steps up to the one that is accepted, and a check of each but the last."""
    moves: list[Move] = []
    last = len(told.steps) - 1
    begin, reach = 0, Decimal(1)  # the share of requests that come so far
    for place, alias in enumerate(told.steps):
        target = targets.number(alias)
        if told.rate is None:  # 1 is an accepted answer
            reached, final, refused = ((0, 2), (1, 2), (0, 1)) if place != last else ((0, 1), (0, 1), (0, 0))
        else:
            reach *= 1 - told.rate
            end = ONE if place == last else int(((1 - reach) * ONE).to_integral_value(ROUND_CEILING))
            reached, final, refused = (begin, ONE), (begin, end), (end, ONE)
            begin = end
        moves.append(Move(number, target, "final", final))
        if place != last:
            moves.append(Move(number, target, "step", refused))
            if told.verifier:
                moves.append(Move(number, targets.number(told.verifier), "verifier", reached, verifier=_reading(told)))
    return moves


def _reading(told: Cascade) -> tuple[int, int, int, int]:
    reads = told.verifier_input
    return (
        reads.get("input_tokens", 0),
        reads.get("output_tokens", 0),
        reads.get("1", 0),
        told.verifier_output,
    )


def _with_fallbacks(moves: list[Move], policy: Policy, targets: Targets, rates: dict[str, Decimal]) -> Iterator[Move]:
    """Of a model that fails now and then, that share of its requests is tried again on the next one, and both are paid.

    What is too long for a model goes to the first fallback that it fits into instead: nobody bills what he cannot read.
    """
    alias_of = {target.number: target.alias for target in targets}
    for move in moves:
        for alias, sizes in _by_size(alias_of.get(move.target, ""), move, policy):
            number = targets.number(alias) if alias in policy.models else move.target
            one = replace(move, target=number, chance=(-sizes[1] * ONE, (1 - sizes[0]) * ONE))
            yield one
            share = rates.get(alias, Decimal(0))
            for other in policy.fallbacks.get(alias, ()):
                until = int((share * ONE).to_integral_value())
                for size in range(sizes[0], sizes[1] + 1) if until else ():
                    chance = (-size * ONE, -size * ONE + until)
                    extra = replace(one, target=targets.number(other), part="extra", chance=chance)
                    yield replace(extra, add_cost=Decimal(0), add_ms=0)
                share *= rates.get(other, Decimal(0))


def _by_size(alias: str, move: Move, policy: Policy) -> Iterator[tuple[str, tuple[int, int]]]:
    """Who answers a request of so many of the policy's context windows exceeded (from, to); the last one takes what none can.

    A request that exceeds n windows has its chance n x 2^32 lower: see `placed`.
    """
    windows = policy.context_windows
    begin = 0
    chain = (alias, *policy.fallbacks.get(alias, ())) if move.part in ("final", "step") and windows else (alias,)
    for place, one in enumerate(chain):
        told = policy.models[one].context_window if one in policy.models else None
        end = len(windows) if told is None or place == len(chain) - 1 else windows.index(told)
        if end >= begin:
            yield one, (begin, end)
            begin = end + 1


def _failure_rates(store: Store, policy: Policy, targets: Targets) -> dict[str, Decimal]:
    """The share of attempts that fail, by alias: as the policy says, else as the log shows."""
    if not policy.fallbacks:
        return {}
    if policy.fallback_rates is not None:
        told = sum((share for share in policy.fallback_rates.values() if share is not None), Decimal(0))
        return dict.fromkeys(policy.models, told)
    found = {number: (failed, tried) for number, failed, tried in store.rows(sql("routing/failures.sql"))}
    return {
        t.alias: Decimal(found[t.number][0]) / found[t.number][1] for t in targets if found.get(t.number, (0, 0))[1]
    }
