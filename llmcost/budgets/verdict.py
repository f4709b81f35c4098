"""The verdict: what every rule found, the worst of it as the result, and all of it as a Table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from llmcost.budgets.cases import Compared
from llmcost.errors import BREACH, OK, UNDECIDED
from llmcost.figures import count, exact, exact_money, instant_text, money, percent, quantity
from llmcost.figures import shown as shown_currency
from llmcost.model import Column, Table
from llmcost.spend import trust
from llmcost.spend.report import trust_notes
from llmcost.windows import Window

EXIT_CODES = {"pass": OK, "warn": OK, "breach": BREACH, "undecided": UNDECIDED}
SEVERITY = ("undecided", "breach", "warn", "pass", "skipped")
"""The order in which people see them. In the result a breach goes first."""


@dataclass(frozen=True)
class Deltas:
    """Against the baseline, in the unit of the metric. Price, volume and mix add up to the delta; None is unknown."""

    delta: Decimal
    price: Decimal | None = None
    volume: Decimal | None = None
    mix: Decimal | None = None


@dataclass(frozen=True)
class Finding:
    """One rule on one scope. `value` is None when it cannot be known, `limit` when there is none."""

    id: str
    scope: str | None
    metric: str
    value: Decimal | None
    limit: Decimal | None
    unit: str
    status: str
    reason: str
    level: str = "error"
    deltas: Deltas | None = None
    place: str | None = None


@dataclass
class Verdict:
    """All findings, the worst of them as the result."""

    window: Window
    findings: list[Finding] = field(default_factory=list)
    base: trust.Trust | None = None
    compared: Compared | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def result(self) -> str:
        """A breach stands even where something is unknown: unknown cost only adds to it."""
        statuses = {f.status for f in self.findings}
        return next((s for s in ("breach", "undecided", "warn", "pass") if s in statuses), "pass")

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.result]

    def places(self) -> dict[str, str]:
        """FILE:LINE of the rules that stand in a file, by id."""
        return {f.id: f.place for f in self.findings if f.place is not None}


def shown(value: Decimal, unit: str) -> str:
    """A value for people."""
    if unit == "USD":
        return money(value)
    if unit == "share":
        return percent(value)
    return count(int(value)) if value == value.to_integral_value() else quantity(value)


DELTAS = ("delta", "delta_price", "delta_volume", "delta_mix")
"""Against a baseline; without one they are unknown."""


def as_table(verdict: Verdict, tz: str) -> Table:
    """The verdict in the shape of the contract (llmcost.gate/1)."""
    columns = [
        Column("status", "text"),
        Column("id", "text", "rule"),
        Column("scope", "text"),
        Column("reason", "text"),
    ]
    columns += [Column(name, "text", data_only=True) for name in ("metric", "value", "limit", "unit", "level", *DELTAS)]
    found = sorted(verdict.findings, key=lambda f: (SEVERITY.index(f.status), -(f.value or 0)))
    base = verdict.base
    data_until = instant_text(base.data_until_us) if base else None
    foot: dict[str, object] = {"trust": base.as_json() if base else None}
    if verdict.compared is not None:
        foot["comparison"] = verdict.compared.as_json()
    return Table(
        schema="llmcost.gate/1",
        title=f"Gate: {verdict.result}",
        columns=columns,
        rows=[_row(f) for f in found],
        head={
            "result": verdict.result,
            "window": {
                "since": instant_text(verdict.window.since_us),
                "until": instant_text(verdict.window.until_us),
                "tz": tz,
            },
            "data_until": data_until,
        },
        foot=foot,
        notes=[*verdict.notes, *(trust_notes(base, ()) if base else ())],
        rows_name="rules",
    )


def _row(f: Finding) -> Sequence[object]:
    parts = (f.deltas.delta, f.deltas.price, f.deltas.volume, f.deltas.mix) if f.deltas else (None,) * 4
    figures = [
        f.metric,
        _figure(f, f.value),
        _figure(f, f.limit),
        shown_currency().currency if f.unit == "USD" else f.unit,
        f.level,
        *(_figure(f, one) for one in parts),
    ]
    return [f.status, f.id, f.scope, f.reason, *figures]


def _figure(finding: Finding, value: Decimal | None) -> str | None:
    if value is None:
        return None
    return exact_money(value) if finding.unit == "USD" else exact(value)
