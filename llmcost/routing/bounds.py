"""The Ideal Router where quality is paired: the bound that no router beats, with its reference lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from llmcost.errors import UndecidedError
from llmcost.figures import count, money
from llmcost.model import Column, Table
from llmcost.routing import curve, ideal, view
from llmcost.routing.ideal import Router
from llmcost.routing.simulate import Simulated, alias, assumptions


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
