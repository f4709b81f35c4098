"""The Ideal Router: the bound by paired quality with its reference lines, else the curve over an assumed share of easy requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

from llmcost.caps.plans import tariffs, worths
from llmcost.config import Config
from llmcost.document import share
from llmcost.errors import UndecidedError, UsageError
from llmcost.figures import count, money
from llmcost.model import Column, Table
from llmcost.pricing.catalogue import Catalogue
from llmcost.routing import curve, ideal, view
from llmcost.routing.ideal import Router
from llmcost.routing.placed import Question
from llmcost.routing.policy import Policy
from llmcost.routing.simulate import Simulated, alias, assumptions, simulate
from llmcost.store import Store

STEP = Decimal("0.1")
"""Distance of the points of the assumption curve."""
REAL = Decimal("0.5")
"""The share of the easy requests that a real router is shown to find, beside the ideal one that finds all."""


def routers(found: Simulated) -> list[Router]:
    """The ideal router first, then the other oracle, the policy, and the reference lines. UndecidedError without paired quality."""
    answers = found.answers
    if not answers:
        raise UndecidedError(
            "no bound: the log has no answer of every model to the same request with a score",
            place="--ideal",
            hint="evaluate a sample (pair_by: task, or quality.column), or assume: --easy-share 20%..80%",
        )
    names = {t.number: t.alias for t in found.plan.targets if t.alias in found.plan.policy.models}
    lines = [*ideal.oracles(answers), *ideal.singles(answers, names)]
    if len({one.feature for one in answers}) > 1:
        lines.append(ideal.by_feature(answers))
    strong, weak = found.plan.strong, found.weak
    if min(strong, weak) > 0:
        lines += [ideal.needed(answers, strong, weak), ideal.random_line(answers, strong, weak)]
    return lines


def as_document(found: Simulated) -> Table:
    """llmcost.simulation/1 with the ideal router in the place of the policy; `routers` has the other lines."""
    lines = routers(found)
    best, n = lines[0], len(found.answers)
    before, after = found.before_pico, int(best.pico)
    document = view.as_document(found)
    head = dict(document.head) | {
        "policy": f"{found.plan.policy.name}: ideal router",
        "simulated": {"requests": n, "cost": view.text(after)},
        "saving": view.text(before - after),
        "saving_cash": None,
        "saving_pct": 100 * (before - after) / before if before else None,
        "interval": None,
        "latency": None,
    }
    quality = found.quality("before")
    strong = int(best.calls.get(found.plan.strong, Fraction(0)))
    foot = dict(document.foot) | {
        "quality": {"before": view.number(quality), "after": float(best.quality), "unit": "mean score"}
        | {"source": found.plan.placed.quality.source},
        "routing": {"strong_calls": strong, "strong_share": strong / n, "pgr": None, "apgr": None, "cpt": None},
        "routers": [_record(found, line) for line in lines],
        "hull": [[float(x), float(y)] for x, y in curve.hull(_costs(lines))],
        "aiq": view.number(curve.aiq(_costs(lines))),
        "optimal_apgr": view.number(ideal.optimal_apgr(found.answers, found.plan.strong, found.weak))
        if min(found.plan.strong, found.weak) > 0
        else None,
    }
    rows: list[list[object]] = []
    for line in lines:
        costs = (before, int(line.pico), before - int(line.pico))
        rows.append([line.name, n, *map(view.dollars, costs)])
    return replace(document, head=head, foot=foot, rows=rows)


def _costs(lines: Sequence[Router]) -> list[curve.Point]:
    """Cost in dollars and quality of the single models: what mixing alone can reach."""
    return [(line.pico / 10**12, line.quality) for line in lines if line.name.startswith("only ")]


def _record(found: Simulated, line: Router) -> dict[str, object]:
    calls = {alias(found.plan.targets, number): view.number(n) for number, n in line.calls.items()}
    return {"name": line.name, "calls": calls, "cost": view.text(int(line.pico)), "quality": float(line.quality)}


def for_people(found: Simulated) -> Table:
    """One row per way to choose."""
    columns = [
        Column("router", "text"),
        Column("calls", "text"),
        Column("cost", "cost"),
        Column("quality", "ratio"),
    ]
    rows = [
        [line.name, _calls(found, line), view.dollars(int(line.pico)), Decimal(f"{float(line.quality):.6f}")]
        for line in routers(found)
    ]
    after = found.quality("after")
    judged = None if after is None else Decimal(f"{float(after):.6f}")
    rows.insert(2, [f"policy {found.plan.policy.name}", "", view.dollars(found.after_pico), judged])
    ideal_pico, policy_pico = int(routers(found)[0].pico), found.after_pico
    notes = [
        f"over {count(len(found.answers))} requests that have a scored answer of every model",
        f"the ideal router costs {money(view.dollars(ideal_pico))}; the policy costs {money(view.dollars(policy_pico))}",
        "no router reaches it: it knows every score before it chooses",
        *assumptions(found),
    ]
    return Table(view.SCHEMA, f"What routing could reach: {found.plan.policy.name}", columns, rows, notes=notes)


def _calls(found: Simulated, line: Router) -> str:
    parts = ((alias(found.plan.targets, number), n) for number, n in line.calls.items())
    return ", ".join(f"{float(n):g} {name}" for name, n in parts)


def shares(text: str) -> list[Decimal]:
    """`20%..80%` as 0.2, 0.3 ... 0.8; one share alone is itself. UsageError for anything else."""
    low_text, dots, high_text = text.partition("..")
    low, high = share(low_text.strip()), share((high_text if dots else low_text).strip())
    if low is None or high is None or not low <= high <= 1:
        raise UsageError(f"'{text}' is no range of shares", place="--easy-share", hint="write 20%..80%")
    found = [low]
    while found[-1] + STEP < high:
        found.append(found[-1] + STEP)
    return found if low == high else [*found, high]


def assumed(
    store: Store, config: Config, policy: Policy, catalogue: Catalogue, question: Question, easy: Sequence[Decimal]
) -> Table:
    """What an ideal router would cost if a share of the requests were easy: those go to the cheapest model of the policy.

    llmcost.ideal/1. Each point has its cost and, per plan with an allowance, the requests per month that it affords. A
    real router that finds half of the easy requests stands beside it.
    """
    if not policy.models:
        raise UsageError(
            "the policy has no models", place=policy.place("models"), hint="name a cheap one under models:"
        )
    plain = replace(policy, rules=(), caps=(), bootstrap=0, fallbacks={})
    found = {name: simulate(store, config, replace(plain, default=name), catalogue, question) for name in policy.models}
    cheap = min(found, key=lambda name: found[name].after_pico)
    one = found[cheap]
    requests, before, after = view.requests_of(one), one.before_pico, one.after_pico
    if not requests:
        raise UndecidedError("no requests that the policy could look at", place="--easy-share")
    allowances = _allowances(config, one.trust.data_until_us)
    columns = [
        Column("easy_share", "share", "easy"),
        Column("cost", "cost"),
        Column("saving", "cost"),
        Column("cost_per_request", "cost", "a request"),
        Column("cost_if_half_found", "cost", "half of them found"),
        *(Column(f"cap_{plan}", "count", f"{plan} per month") for plan in allowances),
    ]
    rows: list[list[object]] = []
    for part in easy:
        pico, real = (before - int((before - after) * p) for p in (part, part * REAL))
        each = Decimal(pico) / requests
        caps = [int(usd * view.PICO / each) if each > 0 else None for usd in allowances.values()]
        costs = (pico, before - pico, int(each), real)
        rows.append([part, *(view.dollars(figure) for figure in costs), *caps])
    notes = [
        f"an assumption, not a measurement: the share of requests that {cheap} answers as well as what was logged",
        f"easy requests are taken to cost what requests cost on average; all on {cheap}: {money(view.dollars(after))}",
        f"a router that finds half of the easy requests costs {money(rows[-1][4])} at the last point",  # type: ignore[arg-type]
        *(f"{plan}: a user may cost {money(usd)} a month" for plan, usd in allowances.items()),
        *assumptions(one),
    ]
    head = {"policy": policy.name, "model": cheap, "requests": requests, "cost": view.text(before)}
    return Table(
        "llmcost.ideal/1",
        f"If so many requests were easy: {policy.name}",
        columns,
        rows,
        head=head,
        foot={"assumptions": notes},
        notes=notes,
        rows_name="curve",
    )


def _allowances(config: Config, data_until_us: int | None) -> dict[str, Decimal]:
    """What a user of each plan may cost per month, where the config says enough."""
    if not config.plans:
        return {}
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=data_until_us or 0)
    known = worths(tariffs(config, at.date()))
    return {name: one.allowable for name, one in known.items() if one.allowable is not None and one.allowable > 0}
