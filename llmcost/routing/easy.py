"""The Ideal Router without paired quality: what it would cost, and which caps it could afford, if a share of the requests were easy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from llmcost.caps.plans import tariffs, worths
from llmcost.conditions import And, Comparison
from llmcost.config import Config
from llmcost.document import shares
from llmcost.errors import UndecidedError, UsageError
from llmcost.figures import count, exact_money, money
from llmcost.model import Column, Table
from llmcost.pricing.catalogue import Catalogue
from llmcost.routing import view
from llmcost.routing.placed import Question
from llmcost.routing.policy import Policy
from llmcost.routing.simulate import Simulated, assumptions, simulate
from llmcost.store import Store
from llmcost.windows import day_at

SCHEMA = "llmcost.ideal/1"
STEP = Fraction(1, 10)
"""Distance of the points of the curve."""
REAL = Fraction(1, 2)
"""The share of the easy requests that a real router is shown to find, beside the ideal one that finds all."""

Range = tuple[Fraction, Fraction]
Ranges = Mapping[str | None, Range]
"""The assumed share of easy requests by feature; None stands for all features that are not named."""


def ranges(texts: Sequence[str]) -> Ranges:
    """`20%..80%`, `chat=20%..80%,digest=50%`, or both: a range without a name is for all other features.

    UsageError for anything else. One share alone is a range of itself.
    """
    found: dict[str | None, Range] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, equals, told = part.rpartition("=")
        key = name.strip() if equals else None
        if key == "":
            raise UsageError(
                f"'{part}' names no feature", place="--easy-share", hint="write chat=20%..80%, or 20%..80%"
            )
        if key in found:
            what = "a second range without a name" if key is None else f"a second range for '{key}'"
            raise UsageError(what, place="--easy-share", hint="write each feature once, chat=20%..80%,digest=50%")
        found[key] = _range(told, part)
    return found


def _range(text: str, whole: str) -> Range:
    ends = shares(text)
    if ends is None:
        raise UsageError(
            f"'{whole}' is no range of shares", place="--easy-share", hint="write 20%..80%, or chat=20%..80%"
        )
    low, high = ends
    return Fraction(low), Fraction(high)


def points(asked: Ranges) -> list[dict[str | None, Fraction]]:
    """The shares of every point: the widest range goes up by tenths, the others keep step with it."""
    low, high = max(asked.values(), key=lambda ends: ends[1] - ends[0])
    along = [low]
    while along[-1] + STEP < high:
        along.append(along[-1] + STEP)
    steps = [(at - low) / (high - low) for at in (*along, high)] if low < high else [Fraction(0)]
    return [{name: a + (b - a) * step for name, (a, b) in asked.items()} for step in steps]


@dataclass(frozen=True)
class Part:
    """The requests of one feature (None: of all others), as logged and all on the cheap model, in pico-dollars."""

    requests: int
    before: int
    after: int


def assumed(
    store: Store, config: Config, policy: Policy, catalogue: Catalogue, question: Question, asked: Ranges
) -> Table:
    """llmcost.ideal/1: one row per point, with what an ideal router costs there and, per plan, the cap that it affords.

    Easy requests go to the cheapest model of the policy, the others stay where they were. Beside the ideal router stands
    a real one that finds half of the easy requests, and the policy itself where it has rules.
    """
    if not policy.models:
        raise UsageError(
            "the policy has no models", place=policy.place("models"), hint="name a cheap one under models:"
        )
    plain = replace(policy, rules=(), caps=(), bootstrap=0, fallbacks={})

    def moved(model: str, where: Question) -> Simulated:
        return simulate(store, config, replace(plain, default=model), catalogue, where)

    found = {name: moved(name, question) for name in policy.models}
    cheap = min(found, key=lambda name: found[name].after_pico)
    one = found[cheap]
    whole = _part(one)
    if not whole.requests:
        raise UndecidedError("no requests that the policy could look at", place="--easy-share")
    named = {name: _part(moved(cheap, _only(question, name))) for name in asked if name is not None}
    for name, part in named.items():
        if not part.requests:
            what = f"no requests of feature '{name}'"
            raise UsageError(what, place="--easy-share", hint="llmcost report --by feature shows what there is")
    affordable, unknown = _affordable(config, one.trust.data_until_us)
    curve = [_point(at, whole, named, affordable) for at in points(asked)]
    own = simulate(store, config, replace(policy, bootstrap=0), catalogue, question) if policy.rules else None
    notes = [*_notes(cheap, whole, named, asked), *_about_caps(curve[-1], affordable), *unknown]
    head: dict[str, object] = {"policy": policy.name, "model": cheap}
    head |= {"requests": whole.requests, "cost": view.text(whole.before)}
    head |= {"affordable": {plan: exact_money(usd) for plan, usd in affordable.items()} or None}
    head |= {"reason": "; ".join(unknown) or None, "policy_cost": None, "policy_caps": None}
    if own is not None:
        caps = _caps(own.after_pico, view.requests_of(own), affordable)
        head |= {"policy_cost": view.text(own.after_pico), "policy_caps": caps or None}
        notes.append(_about_policy(own.after_pico, whole, curve[-1], caps))
    notes += assumptions(one)
    title = f"If so many requests were easy: {policy.name}"
    columns, rows = _columns(list(named), affordable), [_row(point, list(named)) for point in curve]
    return Table(SCHEMA, title, columns, rows, head=head, foot={"assumptions": notes}, notes=notes, rows_name="curve")


def _part(found: Simulated) -> Part:
    return Part(view.requests_of(found), found.before_pico, found.after_pico)


def _only(question: Question, feature: str) -> Question:
    test = Comparison("feature", "=", feature)
    return replace(question, where=test if question.where is None else And((question.where, test)))


def _affordable(config: Config, data_until_us: int | None) -> tuple[dict[str, Decimal], list[str]]:
    """What a user of each plan may cost per month, and why it is not known where it is not."""
    if not config.plans:
        return {}, ["no cap: llmcost.yaml has no plans, so nobody knows what a user may cost"]
    found, unknown = {}, []
    for name, one in worths(tariffs(config, day_at(data_until_us or 0, "UTC"))).items():
        if one.allowable is not None and one.allowable > 0:
            found[name] = one.allowable
        else:
            why = "; ".join(one.reasons) or (
                "nothing is left for the model" if one.allowable is not None else "unknown"
            )
            unknown.append(f"no cap for {name}: {why}")
    return found, unknown


def _caps(pico: int, requests: int, affordable: Mapping[str, Decimal]) -> dict[str, int | None]:
    """By plan: how many requests a month its dollars buy at what these cost."""
    return {
        plan: int(Fraction(usd) * view.PICO * requests / pico) if pico > 0 else None for plan, usd in affordable.items()
    }


@dataclass(frozen=True)
class Point:
    """One assumption: cost and caps with an ideal router, and with a real one."""

    shares: Mapping[str | None, Fraction]
    easy: Fraction
    requests: int
    before: int
    ideal: int
    real: int
    caps: Mapping[str, int | None]
    real_caps: Mapping[str, int | None]


def _point(
    at: Mapping[str | None, Fraction], whole: Part, named: Mapping[str, Part], affordable: Mapping[str, Decimal]
) -> Point:
    """What is not named has the share of None, and none without it."""
    rest = at.get(None, Fraction(0))
    easy, saved = rest * whole.requests, rest * (whole.before - whole.after)
    for name, part in named.items():
        more = at[name] - rest
        easy += more * part.requests
        saved += more * (part.before - part.after)
    ideal, real = (whole.before - int(saved * found) for found in (Fraction(1), REAL))
    caps, real_caps = (_caps(pico, whole.requests, affordable) for pico in (ideal, real))
    return Point(at, easy / whole.requests, whole.requests, whole.before, ideal, real, caps, real_caps)


def _columns(named: Sequence[str], affordable: Mapping[str, Decimal]) -> list[Column]:
    return [
        Column("easy_share", "share", "easy"),
        *(Column(f"easy_{name}", "share", f"of {name}") for name in named),
        Column("cost", "cost", "ideal router"),
        Column("saving", "cost", brief=False),
        Column("cost_per_request", "cost", "a request"),
        *(Column(f"cap_{plan}", "count", f"{plan} cap") for plan in affordable),
        Column("cost_if_half_found", "cost", "half found"),
        Column("lost", "cost"),
        *(Column(f"cap_{plan}_if_half_found", "count", f"{plan} cap then") for plan in affordable),
    ]


def _row(point: Point, named: Sequence[str]) -> list[object]:
    shares = (point.easy, *(point.shares[name] for name in named))
    costs = (point.ideal, point.before - point.ideal, point.ideal // point.requests)
    real = (point.real, point.real - point.ideal)
    return [
        *(_decimal(one) for one in shares),
        *(view.dollars(pico) for pico in costs),
        *point.caps.values(),
        *(view.dollars(pico) for pico in real),
        *point.real_caps.values(),
    ]


def _decimal(value: Fraction) -> Decimal:
    """A share to six digits, without trailing zeros."""
    return (round(Decimal(value.numerator) / value.denominator, 6) + 0).normalize()


def _notes(cheap: str, whole: Part, named: Mapping[str, Part], asked: Ranges) -> list[str]:
    all_on, own = money(view.dollars(whole.after)), " of their feature" if named else ""
    notes = [
        f"an assumption, not a measurement: the share of requests that {cheap} answers as well as what was logged",
        f"easy requests are taken to cost what requests{own} cost on average; all on {cheap}: {all_on}",
        "no router is ideal: beside it stands one that finds half of the easy requests, with what it loses",
    ]
    others = whole.requests - sum(part.requests for part in named.values())
    if None not in asked and others:
        notes.append(f"{count(others)} requests of other features are taken to have no easy ones")
    return notes


def _about_caps(point: Point, affordable: Mapping[str, Decimal]) -> list[str]:
    return [
        f"{plan}: a user may cost {money(usd)} a month, at the last point {_times(point.caps[plan])} with the ideal "
        f"router and {_times(point.real_caps[plan])} with the real one"
        for plan, usd in affordable.items()
    ]


def _about_policy(pico: int, whole: Part, point: Point, caps: Mapping[str, int | None]) -> str:
    saved = whole.before - point.ideal
    share_ = (
        f", {_decimal(Fraction(100 * (whole.before - pico), saved)):.0f}% of what the ideal one saves there"
        if saved
        else ""
    )
    more = "".join(f"; {plan}: {_times(cap)}" for plan, cap in caps.items())
    return f"the policy's own rules cost {money(view.dollars(pico))}{share_}{more}"


def _times(cap: int | None) -> str:
    return "any number of requests" if cap is None else f"{count(cap)} requests"
