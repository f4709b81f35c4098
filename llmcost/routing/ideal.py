"""What routing could reach: every request's answer on every model of the policy, the oracles over them, and reference lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from llmcost.resources import sql
from llmcost.routing import curve
from llmcost.routing.curve import Point
from llmcost.routing.placed import CAPPED, DEFAULT, USER_CHOICE
from llmcost.routing.replay import ANY, MOVE_COLUMNS, WHATEVER, Plan
from llmcost.store import Store

TARGETS_OF_CPT = (Fraction(1, 2), Fraction(4, 5))


@dataclass(frozen=True)
class Answer:
    """One request: the score a router ranks it by, and by model number its cost in pico-dollars and its quality."""

    score: Decimal | None
    best: int
    cheapest: int
    pico: Mapping[int, int]
    quality: Mapping[int, Decimal]
    feature: str | None = None


@dataclass(frozen=True)
class Router:
    """A named way to choose: calls per model, cost in pico-dollars, mean quality."""

    name: str
    calls: Mapping[int, Fraction]
    pico: Fraction
    quality: Fraction


def answers(store: Store, plan: Plan) -> list[Answer]:
    """Every request that has a score and a price on every model of the policy; for logs with paired quality."""
    models = [t.number for t in plan.targets if t.alias in plan.policy.models]
    rules = (DEFAULT, USER_CHOICE, *range(1, len(plan.policy.rules) + 1), *range(CAPPED, CAPPED + len(plan.caps)))
    kept = store.rows("SELECT * FROM routing_moves")
    store.run("DELETE FROM routing_moves")
    anything = (*ANY, *WHATEVER, False, Decimal(0), 0, 0, 0, 0, 0)
    store.load("routing_moves", MOVE_COLUMNS, [(rule, n, 0, n, "final", *anything) for rule in rules for n in models])
    scored = next((n for n, rule in enumerate(plan.policy.rules, 1) if rule.threshold), None)
    score = "NULL::DECIMAL(18, 6)"
    if scored:
        told = plan.policy.rules[scored - 1].threshold
        # high scores may go to the weak model: then low ones rank first
        sign = "-" if told and plan.targets.number(told.above) != plan.strong else ""
        score = f"CASE WHEN rule = {scored} THEN {sign}need_{scored} END"
    # every model is asked for every request: no cache would hold what it holds in one replay
    plain = replace(plan, policy=replace(plan.policy, prompt_cache=None), answered=None)
    text = sql("routing/candidates.sql").format(billed=plain.billed, placed=plan.placed.text, score=score)
    store.run(text, plan.placed.params)
    store.run("DELETE FROM routing_moves")
    store.load("routing_moves", MOVE_COLUMNS, kept)
    found = []
    for _, score_, best, _, _, cheapest, _, _, picos, qualities, feature in store.rows(
        sql("routing/named.sql"), {"models": len(models)}
    ):
        found.append(
            Answer(
                score_,
                best,
                cheapest,
                dict(zip(models, picos, strict=True)),
                dict(zip(models, qualities, strict=True)),
                feature,
            )
        )
    return found


def fixed(name: str, found: Sequence[Answer], choice: Sequence[int]) -> Router:
    """The router that made these choices."""
    pico = sum(a.pico[c] for a, c in zip(found, choice, strict=True))
    quality = sum((Fraction(a.quality[c]) for a, c in zip(found, choice, strict=True)), Fraction(0))
    calls = {c: Fraction(choice.count(c)) for c in sorted(set(choice))}
    return Router(name, calls, Fraction(pico), quality / len(found))


def oracles(found: Sequence[Answer]) -> list[Router]:
    """The cheapest among the best answers (the Ideal Router), and the cheapest call whatever its answer."""
    return [
        fixed("ideal: quality, then cost", found, [a.best for a in found]),
        fixed("cheapest call", found, [a.cheapest for a in found]),
    ]


def singles(found: Sequence[Answer], names: Mapping[int, str]) -> list[Router]:
    """Every request on one model."""
    return [fixed(f"only {name}", found, [number] * len(found)) for number, name in names.items()]


def best_of_features(found: Sequence[Answer]) -> dict[str | None, int]:
    """The model with the best answers to each feature; of equally good ones the cheaper."""
    by: dict[str | None, list[Answer]] = {}
    for one in found:
        by.setdefault(one.feature, []).append(one)
    return {
        feature: min(own[0].pico, key=lambda n: (-sum(a.quality[n] for a in own), sum(a.pico[n] for a in own), n))
        for feature, own in by.items()
    }


def by_feature(found: Sequence[Answer]) -> Router:
    """One model for each feature, the best: what rules on the feature alone could reach. It knows the scores it is judged by."""
    best = best_of_features(found)
    return fixed("best model per feature", found, [best[a.feature] for a in found])


def needed(found: Sequence[Answer], strong: int, weak: int) -> Router:
    """RouteLLM's "optimal": the strong model only where it alone is right."""
    return fixed(
        "strong only where needed", found, [strong if a.quality[strong] > a.quality[weak] else weak for a in found]
    )


def random_line(found: Sequence[Answer], strong: int, weak: int) -> Router:
    """Half of the requests at random, in closed form: a straight line, APGR exactly 0.5."""
    ends = [fixed("", found, [n] * len(found)) for n in (strong, weak)]
    half = Fraction(len(found), 2)
    return Router(
        "random, half strong",
        {strong: half, weak: half},
        sum((e.pico for e in ends), Fraction(0)) / 2,
        sum((e.quality for e in ends), Fraction(0)) / 2,
    )


def optimal_apgr(found: Sequence[Answer], strong: int, weak: int) -> Fraction | None:
    """APGR of RouteLLM's "optimal" router, which may be above 1: what a curve is held against."""
    n = len(found)
    r_strong, r_weak = (sum((Fraction(a.quality[m]) for a in found), Fraction(0)) / n for m in (strong, weak))
    gains = (max(Fraction(a.quality[strong] - a.quality[weak]), Fraction(0)) for a in found)
    return curve.apgr(curve.optimal_curve(r_weak, sum(gains, Fraction(0)) / n), r_weak, r_strong)


@dataclass(frozen=True)
class Metrics:
    """PGR and its kin of the policy; None where there is nothing to rank by."""

    pgr: Fraction | None
    apgr: Fraction | None
    apgr_eleven: Fraction | None
    cpt: Mapping[str, Fraction | None] | None
    points: Sequence[Point]


def metrics(found: Sequence[Answer], strong: int, weak: int, quality: Fraction | None) -> Metrics:
    """`quality` is the policy's mean over these answers."""
    n = len(found)
    r_strong = sum((Fraction(a.quality[strong]) for a in found), Fraction(0)) / n
    r_weak = sum((Fraction(a.quality[weak]) for a in found), Fraction(0)) / n
    reached = None if quality is None else curve.pgr(quality, r_weak, r_strong)
    if any(a.score is None for a in found):
        return Metrics(reached, None, None, None, [])
    scored = [(a.score or Decimal(0), a.quality[strong], a.quality[weak]) for a in found]
    points = curve.router_curve(scored)
    every = curve.router_curve(scored, ties_together=False)
    cpt = {f"{float(p):g}": curve.cpt(points, p, r_weak, r_strong) for p in TARGETS_OF_CPT}
    eleven = curve.apgr(curve.eleven(points), r_weak, r_strong)
    return Metrics(reached, curve.apgr(every, r_weak, r_strong), eleven, cpt, points)
