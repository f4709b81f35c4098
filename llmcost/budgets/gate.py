"""The CI gate: holds a window against rules and says pass, warn, breach or undecided; it never guesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from llmcost.budgets import cases, metrics
from llmcost.budgets.baseline import Baseline, load, measured_cases
from llmcost.budgets.cases import Change, Compared, compare
from llmcost.budgets.metrics import OF_FIGURES, VOLUMES, Asked, Figures, Measured
from llmcost.budgets.rules import Group, Rule
from llmcost.budgets.verdict import Deltas, Finding, Verdict, shown
from llmcost.document import shown_path
from llmcost.errors import UndecidedError
from llmcost.figures import count, instant_text, money, percent
from llmcost.spend import diff, trust
from llmcost.windows import EPOCH

ZERO, ONE = Decimal(0), Decimal(1)
TOTALS = ("cost", "requests", "turns", "tokens")
"""Metrics that grow with the window."""


@dataclass(frozen=True)
class Limits:
    """What data must be to be judged by. Shares as fractions, age as a span; None is no limit."""

    max_unpriced_share: Decimal | None = ZERO
    max_unattributed_share: Decimal | None = None
    max_data_age: timedelta | None = None


@dataclass
class Session:
    """One run of the gate: what is looked at, and what the rules share. `name` is that of the window, `where` the text of the condition."""

    asked: Asked
    limits: Limits
    name: str | None = None
    where: str | None = None
    _baselines: dict[Path, Baseline] = field(default_factory=dict)

    def baseline(self, path: Path) -> Baseline:
        """Read once. UndecidedError when it cannot be compared."""
        if path not in self._baselines:
            self._baselines[path] = load(path)
        found = self._baselines[path]
        if found.where != self.where:
            what = f"was saved with --where {found.where!r}" if found.where else "was saved without --where"
            raise UndecidedError(f"{what}, and this gate looks at other rows", place=shown_path(path))
        return found


def judge(session: Session, rules: Sequence[Rule]) -> Verdict:
    """Holds the window against the rules. No rows, stale data or too much unpriced is `undecided`, never `pass`."""
    verdict, has_rows = _begun(session)
    if not has_rows:
        return verdict
    for rule in rules:
        if rule.metric != "cost_per_case":
            verdict.findings += _level(rule, _judged(session, rule))
    aside = [rule.id for rule in rules if rule.metric == "cost_per_case"]
    if aside:
        verdict.notes.append(f"not judged without --match: {', '.join(aside)}")
    return verdict


def judge_cases(session: Session, rules: Sequence[Rule], baseline: Path, match: str) -> Verdict:
    """Holds the cases of an evaluation against those of the baseline."""
    verdict, has_rows = _begun(session)
    if not has_rows:
        return verdict
    own = [rule for rule in rules if rule.metric == "cost_per_case"]
    told = own or [Rule("cost-per-case", "cost_per_case")]
    try:
        verdict.compared = compared = _compared(session, baseline, match)
    except UndecidedError as error:
        verdict.findings += [_nothing(rule, "undecided", str(error)) for rule in told]
        return verdict
    for rule in told:
        verdict.findings += _level(rule, _cases(rule, compared))
    aside = [rule.id for rule in rules if rule.metric != "cost_per_case"]
    if aside:
        verdict.notes.append(f"not judged, as these are no cases: {', '.join(aside)}")
    # in a narrow terminal the table cuts the sentence that this is all about
    verdict.notes += [f"{f.scope or f.id}: {f.reason}" for f in verdict.findings if f.status in ("breach", "warn")]
    verdict.notes += compared.notes()
    return verdict


def _begun(session: Session) -> tuple[Verdict, bool]:
    """The verdict with what makes the window unfit to be judged, and whether there is anything in it."""
    asked = session.asked
    base = trust.gather(asked.store, asked.config, asked.where, asked.window, asked.tz, digest=None)
    verdict = Verdict(asked.window, base=base)
    if not base.sources:
        nothing = Finding("data", None, "requests", ZERO, ONE, "requests", "undecided", "no rows in the window")
        verdict.findings.append(nothing)
        return verdict, False
    verdict.findings += _reliability(base, session)
    return verdict, True


def _level(rule: Rule, found: Iterator[Finding]) -> Iterator[Finding]:
    """A rule that only warns never fails a build."""
    for one in found:
        is_mild = rule.level == "warn" and one.status in ("breach", "undecided")
        yield replace(one, status="warn", level="warn") if is_mild else replace(one, level=rule.level)


def _nothing(rule: Rule, status: str, reason: str, group: Group | None = None) -> Finding:
    scope = rule.scope_text(group) if group is not None else rule.scope_text(()) if not rule.per else None
    return Finding(rule.id, scope, rule.metric, None, rule.max, rule.unit, status, reason, place=rule.place)


def _judged(session: Session, rule: Rule) -> Iterator[Finding]:
    try:
        found = metrics.measure(session.asked, rule)
        base = session.baseline(rule.baseline) if rule.baseline is not None else None
        held = _held(session, rule, base) if base is not None else None
    except UndecidedError as error:
        yield _nothing(rule, "undecided", str(error))
        return
    if not found:
        if rule.min is not None and rule.metric in TOTALS and not rule.per:
            found = {(): Measured(ZERO, Figures())}
        else:
            yield _nothing(rule, "skipped", "no rows in this scope")
            return
    for group, one in found.items():
        yield _finding(session, rule, group, one, held)


@dataclass(frozen=True)
class Held:
    """The same groups in the baseline, and now at the prices of then."""

    before: dict[Group, Figures]
    at_then: dict[Group, Figures]


def _held(session: Session, rule: Rule, base: Baseline) -> Held:
    """UndecidedError where the baseline does not know what the rule asks."""
    place = shown_path(base.path)
    again = "write it anew with this llmcost.yaml: llmcost baseline save"
    if rule.grouping not in base.scopes:
        what = " per " + ", ".join(rule.per) if rule.per else " for this scope"
        raise UndecidedError(f"holds no figures{what}", place=place, hint=again)
    if rule.metric in TOTALS and not base.covers(session.name, session.asked.window):
        raise UndecidedError(f"covers a window of another length, so {rule.metric} cannot be compared", place=place)
    at_then = {}
    if rule.unit == "USD":
        subjects = rule.metric in metrics.NEED_SUBJECTS
        at_then = metrics.prices_of_then(session.asked, base.until_us, rule, subjects=subjects)
    return Held(dict(base.scopes[rule.grouping]), at_then)


def _finding(session: Session, rule: Rule, group: Group, one: Measured, held: Held | None) -> Finding:
    """The worst of what a rule says about a group; what is unknown is worse than a warning, and a breach stands in spite of it."""
    scope = group[0] if rule.metric == "unattributed_share" else rule.scope_text(group)
    limit = rule.max if rule.max is not None else rule.min
    begun = Finding(rule.id, scope, rule.metric, one.value, limit, rule.unit, "pass", "", place=rule.place)
    if rule.min_requests is not None and one.figures is not None and one.figures.requests < rule.min_requests:
        reason = f"{count(one.figures.requests)} requests, fewer than {shown(rule.min_requests, 'requests')}"
        return replace(begun, status="skipped", reason=reason)
    if one.value is None:
        reason = "nothing in it has a price" if rule.unit == "USD" else "it is not known"
        return replace(begun, status="undecided", reason=_with(reason, one.note))
    told = [_absolute(rule, one.value)]
    if held is not None:
        growth, begun = _growth(rule, group, one, held, begun)
        told.append(growth)
    told.append(_unpriced_group(session, rule, one))
    order = ("breach", "undecided", "warn", "pass", "")
    status = min((status for status, _ in told), key=order.index)
    reasons = [reason for one_status, reason in told if reason and one_status == status]
    if status == "undecided":
        reasons = [reason for _, reason in told if reason]
        return replace(begun, status=status, reason=_with(", but ".join(reasons), one.note))
    return replace(begun, status=status or "pass", reason=_with("; ".join(reasons), one.note))


def _with(reason: str, note: str) -> str:
    return f"{reason} ({note})" if note else reason


Told = tuple[str, str]
"""A status and its sentence."""


def _absolute(rule: Rule, value: Decimal) -> Told:
    text = shown(value, rule.unit)
    if rule.max is not None and value > rule.max:
        return "breach", f"{text} is above {shown(rule.max, rule.unit)}"
    if rule.min is not None and value < rule.min:
        return "breach", f"{text} is below {shown(rule.min, rule.unit)}"
    if rule.max is not None:
        if rule.warn_at is not None and value > rule.max * rule.warn_at:
            return "warn", f"{text} is above {percent(rule.warn_at)} of {shown(rule.max, rule.unit)}"
        return "pass", f"{text} of {shown(rule.max, rule.unit)}" if rule.unit != "share" else text
    return "pass", text if rule.min is not None else ""


def _growth(rule: Rule, group: Group, one: Measured, held: Held, begun: Finding) -> tuple[Told, Finding]:
    """Against the baseline, with the parts of the change."""
    assert one.value is not None
    assert one.figures is not None
    before = held.before.get(group)
    total = rule.metric in TOTALS
    if before is None and not total:
        return ("pass", f"{shown(one.value, rule.unit)}, new: the baseline does not know it"), begun
    before = before or Figures()
    then = OF_FIGURES[rule.metric](before)
    if then is None:
        return ("undecided", "the baseline has no value for it"), begun
    deltas = _deltas(rule, group, one, before, then, held)
    value = one.value - (deltas.price or ZERO) if rule.ignore_price_changes else one.value
    begun = replace(begun, deltas=deltas)
    change = (
        f", {cases.signed(percent(value / then - 1))} on {shown(then, rule.unit)}" if then else ", and nothing before"
    )
    apart = " at the prices of then" if rule.ignore_price_changes else ""
    sentence = f"{shown(value, rule.unit)}{apart}{change}"
    if rule.max_increase is None:
        return ("pass", sentence), begun
    allowed = then * (ONE + rule.max_increase)
    begun = replace(begun, limit=allowed if begun.limit is None else min(allowed, begun.limit))
    if value <= allowed:
        return ("pass", sentence), begun
    volume = VOLUMES[rule.metric](one.figures) if rule.metric in VOLUMES else 1
    stands_for = (value - then) * volume
    if rule.min_delta is not None and stands_for <= rule.min_delta:
        within = f"{shown(stands_for, rule.unit)} in all, within {shown(rule.min_delta, rule.unit)}"
        return ("pass", f"{sentence}: {within}"), begun
    return ("breach", f"{sentence}: more than +{percent(rule.max_increase)}"), begun


def _deltas(rule: Rule, group: Group, one: Measured, before: Figures, then: Decimal, held: Held) -> Deltas:
    """Totals by `diff.split`; of what is per request (turn ...) there is no volume."""
    assert one.value is not None
    delta = one.value - then
    if rule.unit != "USD":
        return Deltas(delta)
    at_then = held.at_then.get(group)
    if at_then is None or (priced := OF_FIGURES[rule.metric](at_then)) is None:
        return Deltas(delta)
    if rule.metric == "cost":
        assert one.figures is not None
        parts = diff.split(
            diff.Amount(before.requests, before.cost), diff.Amount(one.figures.requests, one.value, priced)
        )
        return Deltas(delta, parts.price, parts.volume, parts.mix) if parts else Deltas(delta)
    price = one.value - priced
    return Deltas(delta, price, ZERO, delta - price)


def _unpriced_group(session: Session, rule: Rule, one: Measured) -> Told:
    """A part of the window may be worse known than the whole, of which `unpriced-share` speaks."""
    whole = not rule.per and not rule.scope and rule.when is None
    if whole or rule.unit != "USD" or one.figures is None:
        return "", ""
    share = _unpriced(one.figures.unpriced_requests, one.figures.requests, session.limits)
    return ("undecided", f"{percent(share)} of the requests have no price") if share is not None else ("", "")


def _cases(rule: Rule, compared: Compared) -> Iterator[Finding]:
    if not compared.changes:
        yield _nothing(rule, "undecided", "no case is in both this run and the baseline")
    for group, one in compared.changes.items():
        scope = ", ".join(
            f"{name}={'(none)' if cell is None else cell}" for name, cell in zip(compared.by, group, strict=True)
        )
        allowed = None if rule.max_increase is None else one.before * (ONE + rule.max_increase)
        limits = [limit for limit in (rule.max, allowed) if limit is not None]
        found = Finding(
            rule.id,
            scope or None,
            rule.metric,
            one.after,
            min(limits, default=None),
            rule.unit,
            "pass",
            compared.sentence(group),
            deltas=Deltas(one.after - one.before),
            place=rule.place,
        )
        status, why = _case_status(rule, one, compared.per_month(group, one.change))
        yield replace(found, status=status, reason=f"{found.reason}{why}")


def _case_status(rule: Rule, one: Change, per_month: Decimal | None) -> Told:
    """A growth above what is allowed is a breach once the interval leaves no doubt that it is one at all."""
    if rule.min_requests is not None and one.pairs < rule.min_requests:
        return "skipped", f": fewer than {shown(rule.min_requests, 'cases')}"
    if rule.max is not None and one.after > rule.max:
        return "breach", f": {money(one.after)} is above {money(rule.max)}"
    if rule.max_increase is None:
        return "pass", ""
    if one.change is None:
        return ("breach", ": more than before") if one.after else ("pass", "")
    if one.change <= rule.max_increase:
        return "pass", ""
    if rule.min_delta is not None and per_month is not None and per_month <= rule.min_delta:
        return "pass", f": within {money(rule.min_delta)}"
    if one.low is None:
        return "undecided", ": one case says nothing about others"
    if one.low <= 0:
        return "warn", f": above +{percent(rule.max_increase)}, but it may be chance"
    return "breach", f": more than +{percent(rule.max_increase)}"


def _compared(session: Session, path: Path, match: str) -> Compared:
    base = session.baseline(path)
    if not base.cases:
        hint = f"llmcost baseline save {shown_path(path)} --match {match}"
        raise UndecidedError("holds no cases", place=shown_path(path), hint=hint)
    if base.match != match:
        raise UndecidedError(f"holds cases by {base.match}, not by {match}", place=shown_path(path))
    return compare(base, measured_cases(session.asked, match, base.by))


def _unpriced(unpriced: int, requests: int, limits: Limits) -> Decimal | None:
    """The share of requests without a price, when it is more than may be."""
    if limits.max_unpriced_share is None or not unpriced:
        return None
    share = Decimal(unpriced) / Decimal(requests)
    return share if share > limits.max_unpriced_share else None


def _reliability(base: trust.Trust, session: Session) -> Iterator[Finding]:
    """What makes the window unfit to be judged."""
    limits = session.limits
    share = _unpriced(base.total("unpriced_requests"), base.total("requests"), limits)
    if share is not None:
        reason = f"{percent(share)} of the requests have no price: their cost is unknown, not zero"
        yield _unfit("unpriced_share", None, round(share, 6), limits.max_unpriced_share, "share", reason)
    if limits.max_unattributed_share is not None:
        for dimension in trust.SHOWN:
            without = base.unattributed_share(dimension)
            if without is not None and without > limits.max_unattributed_share:
                reason = f"{percent(without)} of the cost has no {dimension}"
                limit = limits.max_unattributed_share
                yield _unfit("unattributed_share", dimension, round(without, 6), limit, "share", reason)
    if limits.max_data_age is not None:
        until_us = base.data_until_us
        age = None if until_us is None else session.asked.now - (EPOCH + timedelta(microseconds=until_us))
        if age is None or age > limits.max_data_age:
            hours = None if age is None else round(Decimal(int(age.total_seconds())) / 3600, 1)
            limit = Decimal(int(limits.max_data_age.total_seconds())) / 3600
            reason = f"the newest row is of {instant_text(until_us) or 'no known time'}"
            yield _unfit("data_age", None, hours, limit, "hours", reason)


def _unfit(
    metric: str, scope: str | None, value: Decimal | None, limit: Decimal | None, unit: str, reason: str
) -> Finding:
    return Finding(metric.replace("_", "-"), scope, metric, value, limit, unit, "undecided", reason)
