"""Replays the logged traffic under a policy: what it would have cost, how sure that is, and what it rests on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from llmcost.config import Config
from llmcost.figures import count
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.routing import caching, cash, ideal, intervals, prompt_cache, randomised, ratios, semantic
from llmcost.routing.cash import Way
from llmcost.routing.ideal import Answer, Metrics
from llmcost.routing.intervals import Interval
from llmcost.routing.placed import CAPPED, DEFAULT, PART_OF_A_CALL, USER_CHOICE, Question
from llmcost.routing.policy import AS_LOGGED, Policy
from llmcost.routing.prompt_cache import Hits
from llmcost.routing.randomised import Estimated
from llmcost.routing.ratios import HIGH, LOW
from llmcost.routing.replay import Plan, counts_simulated_cost, plan
from llmcost.routing.targets import Targets, find
from llmcost.spend import trust
from llmcost.spend.trust import Trust
from llmcost.store import Store

MANY_REQUESTS = 200_000
"""From here on users are put into buckets for the bootstrap, which keeps its memory and time flat."""
BUCKETS = 100_000
HOUR_S = 3600
CELL_FIGURES = (
    *("requests", "unknown", "served", "strong", "before_pico", "after_pico", "before_read", "after_read"),
    *("timed", "before_ms", "after_ms", "judged", "before_quality", "after_quality"),
)


@dataclass(frozen=True)
class Cell:
    """Requests of one rule that took one way: the model they go to, and how their tokens are known."""

    rule: int
    target: int
    part: str
    basis: str
    logged: tuple[str | None, str | None]
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Simulated:
    """One replay. Money is in pico-dollars."""

    plan: Plan
    cells: Sequence[Cell]
    interval: Interval | None
    rule_intervals: Mapping[int, Interval | None]
    no_interval: str | None
    """Why there is no interval."""
    answers: Sequence[Answer]
    metrics: Metrics | None
    weak: int
    cash_pico: int
    trust: Trust
    left_out: Mapping[str, int] = field(default_factory=dict)
    hits: Hits | None = None
    estimated: Estimated | None = None
    lifetime: str | None = None
    """What a cache lifetime of an hour would cost."""
    about_caches: Sequence[str] = ()
    """Sentences on caches that are simulated otherwise than they are sold, or not at all."""
    semantic: Sequence[str] = ()
    """What a semantic cache might save beside exact ones."""

    def total(self, name: str, rule: int | None = None) -> Any:
        return sum(c.figures[name] for c in self.cells if rule is None or c.rule == rule)

    @property
    def before_pico(self) -> int:
        return int(self.total("before_pico"))

    @property
    def after_pico(self) -> int:
        return int(self.total("after_pico"))

    @property
    def rules(self) -> list[int]:
        """All rules of the policy in its order, and what else took requests."""
        order = {PART_OF_A_CALL: 2 * CAPPED, DEFAULT: CAPPED - 1, USER_CHOICE: -CAPPED}
        rules = set(range(1, len(self.plan.policy.rules) + 1))
        rules |= {c.rule for c in self.cells if c.figures["requests"]}
        return sorted(rules, key=lambda r: order.get(r, r))

    def rule_name(self, number: int) -> str:
        return rule_name(self.plan, number)

    def quality(self, when: str) -> Fraction | None:
        judged = self.total("judged")
        return Fraction(self.total(f"{when}_quality")) / judged if judged else None


def simulate(
    store: Store,
    config: Config,
    policy: Policy,
    catalogue: Catalogue,
    question: Question,
    *,
    digest: str | None = None,
    by_rule: bool = False,
    rules_only: bool = False,
    base: Trust | None = None,
) -> Simulated:
    """Replays the question's traffic under the policy. UsageError with file and line for a model without a price.

    `digest` is that of the catalogue at hand; `by_rule` asks for an interval of every rule too. `rules_only` is for who
    compares many policies: no interval of the whole, no other lifetime, nothing on what was left out; `base` is what the
    figures rest on, from who has gathered it already.
    """
    targets = find(policy, catalogue)
    base = base or trust.gather(store, config, question.where, question.window, question.tz, digest=digest)
    made = plan(store, config, policy, targets, question)
    answers = _answers(store, made)
    made = replace(made, strong=_strong(made, answers))
    in_detail = policy.bootstrap > 0
    hits: Hits | None = None
    about_caches: list[str] = []
    if policy.prompt_cache:
        hits, about_caches = caching.prefixes(
            store, policy, targets, made.relations.logged, made.simulated, made.placed.params
        )
    unit = _unit(base.total("requests")) if in_detail else "NULL"
    store.run(sql("routing/cells.sql").format(unit=unit, outcome=made.outcome), made.params)
    cells = [_cell(row, made) for row in store.rows(sql("routing/summary.sql"))]
    why = why_no_interval(made, cells) if in_detail else "bootstrap: 0"
    wanted = why is None and not rules_only
    interval = _interval(store, made) if wanted else None
    if wanted and interval is None:
        why = f"fewer than {intervals.FEWEST_UNITS} users or sessions"
    weak = _weak(made)
    return Simulated(
        plan=made,
        cells=cells,
        interval=interval,
        rule_intervals=intervals_by_rule(store, made, cells) if by_rule else {},
        no_interval=why,
        answers=answers,
        metrics=_metrics(made, cells, answers, weak),
        weak=weak,
        cash_pico=cash.saved(store, config, made, question, [_way(cell) for cell in cells]),
        trust=base,
        left_out={} if rules_only else _left_out(store, made, config, question),
        hits=hits,
        estimated=None if rules_only else randomised.estimate(store, made),
        lifetime=_lifetime(store, made, cells) if hits and not rules_only else None,
        about_caches=about_caches,
        semantic=[] if rules_only else semantic.sensitivity(store, config, made, _left(cells), base.data_until_us),
    )


def _cell(row: Sequence[Any], made: Plan) -> Cell:
    rule, target, part, basis, logged, *figures = row
    named = dict(zip(CELL_FIGURES, figures, strict=True))
    for name in ("before_pico", "after_pico"):
        named[name] = int(Decimal(named[name]).scaleb(12))
    return Cell(rule, target, part, basis, made.relations.logged[logged].key, named)


def _left(cells: Sequence[Cell]) -> dict[int, tuple[int, int]]:
    """Requests and cost of each rule that no cache answers."""
    found: dict[int, tuple[int, int]] = {}
    for cell in cells:
        if cell.part == "final":
            requests, pico = found.get(cell.rule, (0, 0))
            found[cell.rule] = (requests + cell.figures["requests"], pico + int(cell.figures["after_pico"]))
    return found


def _way(cell: Cell) -> Way:
    return Way(cell.logged, cell.target, cell.basis, cell.figures["before_pico"], cell.figures["after_pico"])


def _lifetime(store: Store, made: Plan, cells: Sequence[Cell]) -> str | None:
    """The same replay with prompts that stay cached for an hour."""
    if caching.seconds((made.policy.prompt_cache or {}).get("ttl")) == HOUR_S:
        return None
    arguments = (made.policy, made.targets, made.relations.logged, made.simulated, made.placed.params)
    caching.prefixes(store, *arguments, ttl_s=HOUR_S)
    then = store.value(sql("routing/whole_cost.sql").format(outcome=made.outcome), made.params)
    now = Decimal(sum(c.figures["after_pico"] for c in cells)).scaleb(-12)
    return None if then == now else prompt_cache.lifetime_answer("1-hour", now, then)


def _unit(requests: int) -> str:
    """The user, else the session, else the request: what is independent of the others."""
    return f"('0x' || substr(md5(unit), 1, 8))::BIGINT % {BUCKETS}" if requests > MANY_REQUESTS else "unit"


def used(cells: Sequence[Cell]) -> dict[tuple[str | None, str | None, int], int]:
    """The requests whose tokens are scaled, by logged model and target."""
    found: dict[tuple[str | None, str | None, int], int] = {}
    for cell in cells:
        if cell.basis == "scaled" and cell.figures["requests"]:
            key = (*cell.logged, cell.target)
            found[key] = found.get(key, 0) + cell.figures["requests"]
    return found


def why_no_interval(made: Plan, cells: Sequence[Cell]) -> str | None:
    """What these cells rest on that has no range; None where an interval can be told."""
    scaled = [made.relations.scalings.get(key) for key in used(cells)]
    if any(one is None or one.basis == "assumed" for one in scaled):
        return "token ratios are assumed, not measured"
    return None


def intervals_by_rule(
    store: Store, made: Plan, cells: Sequence[Cell], only: Collection[int] | None = None
) -> dict[int, Interval | None]:
    """Of every rule (or of some) of the newest replay; one rule may know its token ratios where another assumes them."""
    by_rule: dict[int, list[Cell]] = {}
    for cell in cells:
        by_rule.setdefault(cell.rule, []).append(cell)
    wanted = [n for n in sorted(by_rule) if n != PART_OF_A_CALL and (only is None or n in only)]
    if not made.policy.bootstrap:
        return {}
    return {n: _interval(store, made, f"rule = {n}") for n in wanted if why_no_interval(made, by_rule[n]) is None}


def _interval(store: Store, made: Plan, only: str = "true") -> Interval | None:
    ends = ""
    if LOW in made.variants:
        column = "CAST(coalesce(sum(after_cost) FILTER (WHERE variant = {}), 0) * 1000000000 AS BIGINT) AS {}"
        ends = f", {column.format(LOW, 'low')}, {column.format(HIGH, 'high')}"
    columns = store.arrays(sql("routing/units.sql").format(ends=ends, only=only))
    return intervals.bootstrap(columns, made.policy.bootstrap, made.policy.seed)


def _models(made: Plan) -> list[int]:
    return [t.number for t in made.targets if t.alias in made.policy.models]


def _answers(store: Store, made: Plan) -> list[Answer]:
    """With paired quality: what every model would answer, and at which cost."""
    paired = (made.placed.quality.source or "").startswith("paired")
    return ideal.answers(store, made) if paired and len(_models(made)) > 1 else []


def _strong(made: Plan, answers: Sequence[Answer]) -> int:
    """As the policy says; of two models the one with the better answers. -1 where nobody can say."""
    models = _models(made)
    if made.strong >= 0 or len(models) != 2 or not answers:
        return made.strong
    return max(models, key=lambda n: sum((Fraction(a.quality[n]) for a in answers), Fraction(0)))


def _weak(made: Plan) -> int:
    """The model against which the strong one is held."""
    if "weak" in made.policy.models:
        return made.targets.number("weak")
    for rule in made.policy.rules:
        if rule.threshold:
            ends = (made.targets.number(rule.threshold.above), made.targets.number(rule.threshold.below))
            return next((n for n in ends if n != made.strong), -1)
    others = [n for n in _models(made) if n != made.strong]
    return others[0] if len(others) == 1 else -1


def _metrics(made: Plan, cells: Sequence[Cell], answers: Sequence[Answer], weak: int) -> Metrics | None:
    """The curve between two models, and where the policy is on it."""
    if not answers or min(made.strong, weak) < 1:
        return None
    judged = sum(c.figures["judged"] for c in cells)
    after = Fraction(sum(c.figures["after_quality"] for c in cells)) / judged if judged else None
    return ideal.metrics(answers, made.strong, weak, after)


def _left_out(store: Store, made: Plan, config: Config, question: Question) -> dict[str, int]:
    """Requests that the policy does not look at: outside its scope, and in aggregated rows."""
    from llmcost.attribution import focus

    lens = focus(store, config, question.tz)
    text = lens.select({"rt_scope": "scope"}, question.where, question.window)
    params = lens.params | {"is_all": made.policy.scope == "all"}
    outside, aggregated = store.row(sql("routing/left_out.sql").format(attributed=text), params)
    return {"outside production": outside, "in aggregated rows": aggregated}


def assumptions(found: Simulated) -> list[str]:
    """Everything that the figures rest on and the log does not say, for JSON and for people."""
    return [*_about_tokens(found), *_about_rules(found), *_about_judgement(found)]


def _about_tokens(found: Simulated) -> list[str]:
    made = found.plan
    told = ratios.notes(made.relations, made.targets, used(found.cells))
    if found.hits:
        told += [*found.hits.notes(), *([found.lifetime] if found.lifetime else [])]
        told += found.about_caches
    elif used(found.cells):
        told.append("a request on another model starts without a cache: none of the old model's cached tokens are kept")
    others = sum(c.figures["requests"] for c in found.cells if c.basis == "other")
    if others:
        told.append(
            f"{count(others)} requests have an answer of the other model in the log, which is taken with its own tokens"
        )
    if made.relations.never_moved:
        names = sorted({str(name) for _, name in made.relations.never_moved})
        told.append(f"models that do not produce text stay as logged: {', '.join(names)}")
    return told


def _about_rules(found: Simulated) -> list[str]:
    made, policy = found.plan, found.plan.policy
    told = []
    for rule in policy.rules:
        at = made.placed.thresholds.get(rule.name)
        if rule.threshold and at is not None:
            share = made.placed.held_out.get(rule.name)
            other = "" if share is None else f"; {share:.1%} of the half that it was not calibrated on"
            told.append(f"rule {rule.name}: scores from {at.normalize():f} on go to {rule.threshold.above}{other}")
        elif rule.needs and not found.total("requests", policy.rules.index(rule) + 1):
            told.append(f"rule {rule.name} took nothing: no request that it is meant for has {rule.needs}")
    for alias_, rate in made.failure_rates.items():
        if rate and alias_ in policy.fallbacks:
            told.append(
                f"{rate:.2%} of the requests to {alias_} fail and are paid again on {policy.fallbacks[alias_][0]}"
            )
    if policy.too_long_fails:
        told.append(_about_windows(policy))
    if made.answered:
        told += [*made.answered.notes(), *found.semantic]
    if made.caps:
        counted = "what requests cost under the rules" if counts_simulated_cost(policy) else "the logged traffic"
        told.append(f"caps count {counted}; nobody retries or leaves")
    if any(c.rule == USER_CHOICE for c in found.cells):
        told.append("requests where the user chose the model are left alone; include_user_choice: true moves them")
    return told


def _about_windows(policy: Policy) -> str:
    told = [
        f"{name} {count(one.context_window)}" for name, one in policy.models.items() if one.context_window is not None
    ]
    if not policy.context_windows:
        return "context_window: auto does nothing: no models.*.context_window, or no fallbacks"
    return f"what is longer than a model's window ({', '.join(told)} input tokens, as logged) goes to its fallback, unbilled"


def _about_judgement(found: Simulated) -> list[str]:
    told = []
    unknown = found.total("unknown")
    if unknown:
        share = Decimal(unknown) / (unknown + found.total("requests"))
        told.append(f"{count(unknown)} requests ({share:.1%}) have no price on one side and are left out of both")
    one = found.estimated
    if one and one.snips_pico is None:
        told.append(
            f"{randomised.PROPENSITY}: an effective sample under {intervals.FEWEST_EFFECTIVE} estimates nothing"
        )
    if found.plan.placed.quality.source is None:
        told.append("quality: not measured")
    if found.no_interval and found.plan.policy.bootstrap:
        told.append(f"no interval: {found.no_interval}")
    told.append("the same number of requests: a cheaper model that makes people ask more often is not modelled")
    told += [f"{count(number)} requests are not looked at: {what}" for what, number in found.left_out.items() if number]
    return told


def rule_name(made: Plan, number: int) -> str:
    """What people call a rule, or what took a request before any rule."""
    if number >= CAPPED:
        cap = made.caps[number - CAPPED]
        return f"cap {cap.name or cap.text}"
    names = {
        DEFAULT: f"default: {made.policy.default}",
        USER_CHOICE: "chosen by the user",
        PART_OF_A_CALL: "inside calls",
    }
    return names.get(number) or made.policy.rules[number - 1].name


def alias(targets: Targets, number: int) -> str:
    """What people call a target."""
    return next((t.alias for t in targets if t.number == number), AS_LOGGED)
