"""Which requests a policy looks at, and what each rule sees of them: the traffic with its rule and its draw, as one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.attribution import focus
from llmcost.attribution.lens import Lens
from llmcost.conditions import FIELDS, Condition, parse
from llmcost.config import Config
from llmcost.resources import sql
from llmcost.routing.policy import Policy, Rule
from llmcost.routing.targets import BASELINE, Targets
from llmcost.store import Store
from llmcost.windows import Window

DEFAULT, USER_CHOICE, PART_OF_A_CALL = 0, -1, -2
"""Rule numbers that no rule has; rules count from 1."""
ONE = 2**32
"""Draws are whole numbers from 0 up to this, as the pinned hash gives them."""
CAPPED = 1000
"""The rule number of the first cap."""


@dataclass(frozen=True)
class Question:
    """Which traffic the policy is asked about."""

    where: Condition | None = None
    window: Window = Window()
    tz: str = "UTC"


@dataclass(frozen=True)
class Quality:
    """Where scores come from: SQL for the logged answer and for that of `target`, and a sentence for people."""

    logged: str = "NULL::DECIMAL(18, 6)"
    target: str = "NULL::DECIMAL(18, 6)"
    source: str | None = None
    needs_logged_target: bool = False


@dataclass(frozen=True)
class Placed:
    """`text` selects the traffic: all columns of the ledger, rule, draw, chance, unit, pair, quality_logged."""

    text: str
    params: dict[str, object]
    quality: Quality
    thresholds: dict[str, Decimal]
    held_out: dict[str, Decimal]
    """By rule: the share of strong calls in the half that the threshold was not calibrated on."""


def place(
    store: Store, config: Config, policy: Policy, targets: Targets, question: Question, *, has_caps: bool
) -> Placed:
    """The traffic of the question under the policy; values are bound. Calibrates thresholds, and pairs the log where asked."""
    lens = focus(store, config, question.tz)
    also = [f"CASE {_chosen(lens, policy)}ELSE {DEFAULT} END AS rt_rule"]
    also += [f"{lens.dimension(rule.needs)} AS need_{n}" for n, rule in _numbered(policy) if rule.needs]
    in_scope = _scope(lens, policy, also)
    quality = _quality(store, lens, policy, targets, also)
    names = {"rt_scope": "scope", "rt_user": "user", "rt_session": "session", "rt_feature": "feature"}
    inner = lens.select(names, question.where, question.window, also)
    params = lens.params
    rows = f"SELECT * FROM ({inner}) WHERE {in_scope}"
    thresholds: dict[str, Decimal] = {}
    held_out: dict[str, Decimal] = {}
    for n, rule in _numbered(policy):
        at = _threshold(store, rule, n, rows, params) if rule.threshold else None
        if at is not None:
            thresholds[rule.name] = at
            share = _held_out(store, rule, n, at, rows, params)
            if share is not None:
                held_out[rule.name] = share
    if policy.pair_by:
        _pair(store, config, policy, targets, question)
    else:
        store.run(sql("routing/no_answers.sql"))
    draws = "".join(f"WHEN {n} THEN {_draw(policy, rule, n, thresholds, params)} " for n, rule in _numbered(policy))
    draw = f"coalesce(CASE rule {draws}ELSE 0 END, 0)" if draws else "0"
    chance = _hashed("'fallback'", "request_id") if policy.fallbacks else "0"
    if policy.context_windows:
        sizes = " + ".join(f"(input_tokens > {tokens})::BIGINT" for tokens in policy.context_windows)
        chance += f" - ({sizes}) * {ONE}"
    special = "".join(
        (
            f"WHEN t.kind = 'iteration' THEN {PART_OF_A_CALL} ",
            "" if policy.include_user_choice else f"WHEN t.chain_reason = 'user_choice' THEN {USER_CHOICE} ",
            f"WHEN c.decided_by IS NOT NULL THEN {CAPPED} + c.decided_by " if has_caps else "",
        )
    )
    text = sql("routing/placed.sql").format(
        attributed=inner,
        in_scope=in_scope,
        rule=f"CASE {special}ELSE rt_rule END",
        draw=draw,
        chance=chance,
        quality_logged=quality.logged,
        pair="q.pair" if policy.pair_by else "NULL::VARCHAR",
        logged_target="l.target" if quality.needs_logged_target else "NULL::BIGINT",
        joins=_joins(policy, quality, has_caps=has_caps),
        judges=_judges(policy, targets),
    )
    return Placed(text, params, quality, thresholds, held_out)


def _numbered(policy: Policy) -> list[tuple[int, Rule]]:
    return list(enumerate(policy.rules, 1))


def _chosen(lens: Lens, policy: Policy) -> str:
    """First match wins."""
    tests = ((n, lens.condition(rule.condition) if rule.condition else "true") for n, rule in _numbered(policy))
    return "".join(f"WHEN {test} THEN {n} " for n, test in tests) or "WHEN false THEN 0 "


def _scope(lens: Lens, policy: Policy, also: list[str]) -> str:
    if policy.scope in ("production", "all"):
        return "rt_scope = 'production'" if policy.scope == "production" else "true"
    also.append(f"coalesce({lens.condition(parse(policy.scope, fields=FIELDS))}, false) AS rt_in_scope")
    return "rt_in_scope"


def _joins(policy: Policy, quality: Quality, *, has_caps: bool) -> str:
    joins = []
    if quality.needs_logged_target:
        first = "(SELECT provider, model, min(target) AS target FROM routing_logged GROUP BY ALL)"
        joins.append(
            f"LEFT JOIN {first} l ON l.provider IS NOT DISTINCT FROM t.provider AND l.model IS NOT DISTINCT FROM t.model"
        )
    if has_caps:
        joins.append("LEFT JOIN routing_capped c ON c.seq = t.seq")
    if policy.pair_by:
        joins.append("JOIN routing_paired q ON q.seq = t.seq AND q.is_request")
    return " ".join(joins)


def _judges(policy: Policy, targets: Targets) -> str:
    """In a paired log the answer that a cascade judges is that of its first step."""
    joins = []
    for n, rule in _numbered(policy):
        if policy.pair_by and rule.cascade and rule.cascade.column:
            first = targets.number(rule.cascade.steps[0])
            rows = f"(SELECT pair, accept_{n} FROM routing_paired WHERE target = {first} AND is_first)"
            joins.append(f"LEFT JOIN {rows} j{n} ON j{n}.pair = r.pair")
    return " ".join(joins)


def _hashed(salt: str, key: str) -> str:
    """The pinned hash as a whole number below 2^32: int(md5(salt:key).hexdigest()[:8], 16)."""
    return f"('0x' || substr(md5({salt} || ':' || {key}), 1, 8))::BIGINT"


def _draw(policy: Policy, rule: Rule, n: int, thresholds: dict[str, Decimal], params: dict[str, object]) -> str:
    """What decides within a rule, as a whole number: a hash, 1 for a score at the threshold, 1 for an accepted answer."""
    if rule.split is not None:
        params[f"salt_{n}"] = rule.salt
        return _hashed(f"$salt_{n}", "request_id" if rule.key == "request_id" else f"CAST(need_{n} AS VARCHAR)")
    if rule.threshold:
        params[f"at_{n}"] = thresholds.get(rule.name, Decimal(0))  # without any score no request comes here
        return f"(need_{n} >= $at_{n})::BIGINT"
    if rule.cascade and rule.cascade.column:
        params[f"gte_{n}"] = rule.cascade.gte
        judged = f"coalesce(j{n}.accept_{n}, need_{n})" if policy.pair_by else f"need_{n}"
        return f"({judged} >= $gte_{n})::BIGINT"
    if rule.cascade:
        params[f"seed_{n}"] = rule.cascade.seed
        return _hashed(f"$seed_{n}", "request_id")
    return "0"


def _threshold(store: Store, rule: Rule, n: int, rows: str, params: dict[str, object]) -> Decimal | None:
    """The score from which on `above` is chosen: as given, else the quantile 1 - strong_share of what the rule takes."""
    told = rule.threshold
    assert told is not None
    if told.at is not None:
        return told.at
    assert told.strong_share is not None
    found = _scores(store, n, told.calibrate_on, rows, params)
    return quantile(found, 1 - told.strong_share) if found else None


def _scores(store: Store, n: int, part: str, rows: str, params: dict[str, object]) -> list[tuple[Decimal, int]]:
    """The scores of a rule in order, each with how often it occurs."""
    text = sql("routing/scores.sql").format(rows=rows, score=f"need_{n}")
    return [(score, times) for score, times in store.rows(text, params | {"rule": n, "part": part})]


def _held_out(store: Store, rule: Rule, n: int, at: Decimal, rows: str, params: dict[str, object]) -> Decimal | None:
    """The share that a threshold calibrated on the first half sends to `above` in the second."""
    if rule.threshold is None or rule.threshold.at is not None or rule.threshold.calibrate_on != "first_half":
        return None
    found = _scores(store, n, "second_half", rows, params)
    whole = sum(times for _, times in found)
    return Decimal(sum(times for score, times in found if score >= at)) / whole if whole else None


def quantile(ordered: Sequence[tuple[Decimal, int]], share: Decimal) -> Decimal:
    """The quantile of values in order, each with how often it occurs; linear between neighbours."""
    place = share * (sum(times for _, times in ordered) - 1)
    low, fraction = int(place), place - int(place)
    ends: list[Decimal] = []
    seen = 0
    for value, times in ordered:
        ends += [value for wanted in (low, low + 1) if seen <= wanted < seen + times]
        seen += times
    return ends[0] + (ends[-1] - ends[0]) * fraction


def _quality(store: Store, lens: Lens, policy: Policy, targets: Targets, also: list[str]) -> Quality:
    """From scores of every model on the row, from the score of each answer, or from measured means; else not measured."""
    if policy.quality_columns:
        columns = {targets.number(alias): name for alias, name in policy.quality_columns.items()}
        also += [f"{lens.dimension(name)} AS quality_{number}" for number, name in columns.items()]
        cases = "".join(f"WHEN {number} THEN quality_{number} " for number in columns)
        named = ", ".join(policy.quality_columns.values())
        target = f"CASE target WHEN 0 THEN quality_logged {cases}END"
        return Quality(f"CASE logged_target {cases}END", target, f"paired scores ({named})", needs_logged_target=True)
    if policy.pair_by:
        score = score_of(store, policy)
        if score is None:
            return Quality()
        also.append(f"{lens.dimension(score)} AS quality_own")
        return Quality("quality_own", "CASE WHEN basis = 'same' THEN quality_logged END", f"paired scores ({score})")
    means = {t.number: t.told for t in targets if t.told.quality is not None or t.told.quality_by_feature}
    if not means:
        return Quality()
    cases = ""
    for number, told in means.items():
        default = "NULL" if told.quality is None else _bound(lens, told.quality)
        by = "".join(f"WHEN {_bound(lens, f)} THEN {_bound(lens, q)} " for f, q in told.quality_by_feature.items())
        cases += f"WHEN {number} THEN " + (f"CASE feature {by}ELSE {default} END " if by else f"{default} ")
    logged = f"CASE logged_target {cases}END".replace("CASE feature", "CASE rt_feature")
    return Quality(
        logged,
        f"CASE target WHEN 0 THEN quality_logged {cases}END",
        "measured means of the policy",
        needs_logged_target=True,
    )


def _bound(lens: Lens, value: object) -> str:
    name = f"q{len(lens.params)}"
    lens.params[name] = value
    return f"${name}"


def score_of(store: Store, policy: Policy) -> str | None:
    """The score of each answer: the one that the policy names, else the only one that the log has."""
    if policy.quality_score:
        return policy.quality_score
    keys = [key for (key,) in store.rows(sql("routing/score_names.sql"))]
    return f"score:{keys[0]}" if len(keys) == 1 else None


def _pair(store: Store, config: Config, policy: Policy, targets: Targets, question: Question) -> None:
    """Fills `routing_paired` and `routing_alternatives`: rows of one task on several models are one request."""
    lens = focus(store, config, question.tz)
    also = [f"r.{policy.pair_by} AS pair_key"]
    also.append(f"{lens.condition(question.where) if question.where else 'true'} AS asked")
    score = score_of(store, policy)
    also.append(f"{lens.dimension(score) if score else 'NULL::DECIMAL(18, 6)'} AS own_quality")
    accepts = ""
    for n, rule in _numbered(policy):
        if rule.cascade and rule.cascade.column:
            also.append(f"{lens.dimension(rule.cascade.column)} AS accept_{n}")
            accepts += f", accept_{n}"
    in_scope = _scope(lens, policy, also)
    inner = lens.select({"rt_scope": "scope"}, None, question.window, also)
    text = sql("routing/alternatives.sql").format(
        attributed=f"SELECT *, {in_scope} AS in_scope FROM ({inner})", accepts=accepts
    )
    baseline = policy.baseline if policy.baseline in policy.models else BASELINE
    number = next((t.number for t in targets if t.alias == baseline), -1)
    store.run(text, lens.params | {"baseline": number})
    store.run(sql("routing/answers.sql"))
