"""A replay as tables: one row per rule for people, the documents of the contract for programs."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from llmcost.figures import count, exact_money, money
from llmcost.model import Column, Table
from llmcost.routing.placed import PART_OF_A_CALL
from llmcost.routing.policy import AS_LOGGED
from llmcost.routing.simulate import Simulated, alias, assumptions, used
from llmcost.spend.report import trust_notes

PICO = 10**12
SCHEMA = "llmcost.simulation/1"
COLUMNS = (
    Column("name", "text", "rule"),
    Column("requests", "count"),
    Column("cost_before", "cost", "before"),
    Column("cost_after", "cost", "after"),
    Column("saving", "cost"),
)


def dollars(pico: int) -> Decimal:
    return Decimal(pico) / PICO


def rows(found: Simulated) -> list[list[object]]:
    """One row per rule that took requests."""
    table: list[list[object]] = []
    for rule in found.rules:
        before, after = int(found.total("before_pico", rule)), int(found.total("after_pico", rule))
        requests = 0 if rule == PART_OF_A_CALL else found.total("requests", rule)
        table.append([found.rule_name(rule), requests, dollars(before), dollars(after), dollars(before - after)])
    return table


def requests_of(found: Simulated, name: str = "requests") -> int:
    """Requests, without the parts of calls that are billed apart."""
    return int(found.total(name) - found.total(name, PART_OF_A_CALL))


def as_document(found: Simulated) -> Table:
    """llmcost.simulation/1."""
    before, after = found.before_pico, found.after_pico
    saving = before - after
    head: dict[str, object] = {
        "policy": found.plan.policy.name,
        "baseline": {"name": found.plan.policy.baseline, "requests": requests_of(found), "cost": text(before)}
        | {"cache_read_tokens": int(found.total("before_read"))},
        "simulated": {"requests": requests_of(found, "served"), "cost": text(after)}
        | {"cache_read_tokens": int(found.total("after_read"))},
        "saving": text(saving),
        "saving_cash": text(found.cash_pico),
        "saving_pct": 100 * saving / before if before else None,
        "interval": _interval(found),
        "latency": _latency(found),
    }
    foot: dict[str, object] = {
        "quality": _quality(found),
        "routing": _routing(found),
        "off_policy": _off_policy(found),
        "assumptions": assumptions(found),
        "trust": found.trust.as_json(),
    }
    return Table(SCHEMA, title(found), COLUMNS, rows(found), head=head, foot=foot, rows_name="rules")


def title(found: Simulated) -> str:
    policy = found.plan.policy
    against = "the log" if policy.baseline == AS_LOGGED else f"everything on {policy.baseline}"
    return f"{policy.name}, against {against}"


def text(pico: int) -> str:
    """Money as JSON holds it."""
    return exact_money(dollars(pico)) or ""


def _interval(found: Simulated) -> dict[str, object] | None:
    one = found.interval
    if one is None:
        return None
    includes = ["sampling of users or sessions"]
    if len(found.plan.variants) > 1 and used(found.cells):
        includes.append("token ratios")
    low, high = one.saving_pct
    usd = {"saving_low": text(one.saving_pico[0]), "saving_high": text(one.saving_pico[1])}
    return {"low": low, "high": high, "level": 0.95, "unit": "saving_pct", **usd, "includes": includes}


def _latency(found: Simulated) -> dict[str, object] | None:
    timed = found.total("timed")
    if not timed:
        return None
    return {
        when: {"mean_ms": round(found.total(f"{when}_ms") / timed), "requests": timed} for when in ("before", "after")
    }


def _quality(found: Simulated) -> dict[str, object] | None:
    before, after = found.quality("before"), found.quality("after")
    if before is None or after is None:
        return None
    change = found.interval.quality if found.interval else None
    return {"before": float(before), "after": float(after), "unit": "mean score"} | {
        "source": found.plan.placed.quality.source,
        "requests": int(found.total("judged")),
        "change_interval": list(change) if change else None,
    }


def _routing(found: Simulated) -> dict[str, object] | None:
    made, metrics = found.plan, found.metrics
    if made.strong < 0 and metrics is None:
        return None
    calls = int(found.total("strong"))
    requests = requests_of(found)
    figures: dict[str, object] = {"strong_calls": calls, "strong_share": calls / requests if requests else None}
    if metrics is None:
        return figures | {"pgr": None, "apgr": None, "cpt": None}
    figures |= {"pgr": number(metrics.pgr), "apgr": number(metrics.apgr)}
    figures |= {"apgr_11_points": number(metrics.apgr_eleven)}
    figures["cpt"] = None if metrics.cpt is None else {key: number(value) for key, value in metrics.cpt.items()}
    if made.policy.curve and metrics.points:
        figures["curve"] = [[float(x), float(y)] for x, y in metrics.points]
    return figures


def _off_policy(found: Simulated) -> dict[str, object] | None:
    one = found.estimated
    if one is None or one.snips_pico is None or one.doubly_robust_pico is None:
        return None
    costs = {"cost_snips": text(one.snips_pico), "cost_doubly_robust": text(one.doubly_robust_pico)}
    return {"requests": one.requests, "effective_sample": round(one.effective, 1), **costs}


def number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def for_people(found: Simulated, *, explain: bool = False) -> list[Table]:
    """The rules with their sum, and what it rests on; with `explain` also every way that requests took."""
    before, after = found.before_pico, found.after_pico
    total = [None, requests_of(found), dollars(before), dollars(after), dollars(before - after)]
    main = Table(SCHEMA, title(found), COLUMNS, rows(found), total=total, notes=_notes(found))
    return [main, _ways(found)] if explain else [main]


def _notes(found: Simulated) -> list[str]:
    before, after = found.before_pico, found.after_pico
    saving = before - after
    if not requests_of(found):
        return ["no requests that the policy could look at", *trust_notes(found.trust, [])]
    share = f" ({Decimal(100 * saving) / before:.1f}%)" if before else ""
    sentence = f"{'saves' if saving >= 0 else 'costs'} {money(abs(dollars(saving)))}{share}"
    if found.interval:
        low, high = found.interval.saving_pct
        sentence += f", 95% interval {low:.1f}% to {high:.1f}%"
    notes = [sentence]
    if found.cash_pico != saving:
        notes.append(f"in cash this term {money(dollars(found.cash_pico))}: the rest is prepaid and would go unused")
    one = found.estimated
    if one and one.snips_pico is not None and one.doubly_robust_pico is not None:
        costs = f"{money(dollars(one.snips_pico))} (SNIPS), {money(dollars(one.doubly_robust_pico))} (doubly robust)"
        notes.append(
            f"by the random draws of the log {costs}, effective sample {one.effective:,.0f} of {count(one.requests)}"
        )
    before_q, after_q = found.quality("before"), found.quality("after")
    if before_q is not None and after_q is not None:
        notes.append(
            f"quality {float(before_q):.4f} before, {float(after_q):.4f} after ({found.plan.placed.quality.source})"
        )
    routing = _routing(found)
    if routing:
        figures = [f"{count(int(found.total('strong')))} strong calls"]
        figures += [f"{k.upper()} {routing[k]:.4f}" for k in ("pgr", "apgr") if routing[k] is not None]
        notes.append(", ".join(figures))
    latency = _latency(found)
    if latency:
        was, becomes = (found.total(f"{when}_ms") / found.total("timed") for when in ("before", "after"))
        notes.append(f"mean latency {was:,.0f} ms before, {becomes:,.0f} ms after, where it was measured")
    return [*notes, *assumptions(found), *trust_notes(found.trust, [])]


def _ways(found: Simulated) -> Table:
    """One row per rule, model and how its tokens are known."""
    columns = [
        Column("rule", "text"),
        Column("to", "text"),
        Column("tokens", "text"),
        Column("requests", "count"),
        Column("before", "cost"),
        Column("after", "cost"),
        Column("saving", "cost"),
        Column("interval", "text", "95% of saving", brief=False),
        Column("quality", "text", brief=False),
    ]
    words = {"same": "as logged", "other": "its own answer", "scaled": "scaled"}
    merged: dict[tuple[int, int, str, str], list[int]] = {}
    for cell in found.cells:
        if cell.figures["requests"]:
            key = (cell.rule, cell.target, cell.part, cell.basis)
            sums = merged.setdefault(key, [0, 0, 0])
            for place, name in enumerate(("requests", "before_pico", "after_pico")):
                sums[place] += int(cell.figures[name])
    table: list[list[object]] = []
    for (rule, target, part, basis), (requests, before, after) in merged.items():
        one = found.rule_intervals.get(rule)
        shown = "-" if one is None else f"{one.saving_pct[0]:.1f}% to {one.saving_pct[1]:.1f}%"
        to = "blocked" if part == "blocked" else alias(found.plan.targets, target)
        source = found.plan.placed.quality.source or "not measured"
        table.append(
            [found.rule_name(rule), to, words.get(basis, basis), requests]
            + [dollars(before), dollars(after), dollars(before - after), shown, source]
        )
    return Table(SCHEMA, "Every way that requests took", columns, table)
