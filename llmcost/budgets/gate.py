"""The CI gate: measures a window against limits and says pass, warn, breach or undecided; it never guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import BREACH, OK, UNDECIDED
from llmcost.figures import exact, instant_text, money, percent
from llmcost.model import Column, Table
from llmcost.spend import report as spend
from llmcost.spend import trust
from llmcost.store import Store
from llmcost.windows import EPOCH, Window

EXIT_CODES = {"pass": OK, "warn": OK, "breach": BREACH, "undecided": UNDECIDED}


@dataclass(frozen=True)
class Limits:
    """What must hold. Money in USD, shares as fractions, age as a span; None is no limit."""

    max_cost: Decimal
    per: Sequence[str] = ()
    warn_at: Decimal | None = None
    max_unpriced_share: Decimal | None = Decimal(0)
    max_unattributed_share: Decimal | None = None
    max_data_age: timedelta | None = None


@dataclass(frozen=True)
class Finding:
    """One rule on one scope. `value` is None when it cannot be known."""

    id: str
    scope: str | None
    metric: str
    value: Decimal | None
    limit: Decimal
    unit: str
    status: str
    reason: str


@dataclass
class Verdict:
    """All findings, the worst of them as the result."""

    window: Window
    findings: list[Finding] = field(default_factory=list)
    base: trust.Trust | None = None

    @property
    def result(self) -> str:
        """A breach stands even where something is unknown: unknown cost only adds to it."""
        statuses = {f.status for f in self.findings}
        return next((s for s in ("breach", "undecided", "warn", "pass") if s in statuses), "pass")

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.result]


def judge(
    store: Store, config: Config, limits: Limits, where: Condition | None, window: Window, tz: str, now: datetime
) -> Verdict:
    """Holds the window against the limits. No rows, stale data or too much unpriced is `undecided`, never `pass`."""
    base = trust.gather(store, config, where, window, tz, digest=None)
    verdict = Verdict(window, base=base)
    if not base.sources:
        nothing = Finding(
            "data", None, "requests", Decimal(0), Decimal(1), "requests", "undecided", "no rows in the window"
        )
        verdict.findings.append(nothing)
        return verdict
    verdict.findings += _reliability(base, limits, now)
    if not limits.per:
        verdict.findings.append(_cost(None, base.cost, limits))
    for row in spend.groups(store, config, limits.per, where, window, tz) if limits.per else ():
        dims = len(limits.per)
        figures = dict(zip((column.name for column in spend.FIGURES), row[dims:], strict=True))
        names = zip(limits.per, row[:dims], strict=True)
        scope = ", ".join(f"{name}={'(none)' if cell is None else cell}" for name, cell in names)
        unpriced = _unpriced(figures["unpriced_requests"], figures["requests"], limits)
        verdict.findings.append(_cost(scope, figures["cost"], limits, unpriced=unpriced))
    return verdict


def _cost(scope: str | None, cost: Decimal | None, limits: Limits, *, unpriced: Decimal | None = None) -> Finding:
    finding = Finding("max-cost", scope, "cost", cost, limits.max_cost, "USD", "pass", "")
    if cost is None:
        return replace(finding, status="undecided", reason="nothing in it has a price")
    if cost > limits.max_cost:
        return replace(finding, status="breach", reason=f"{money(cost)} is above {money(limits.max_cost)}")
    if unpriced is not None:
        reason = f"{money(cost)} of {money(limits.max_cost)}, but {percent(unpriced)} of the requests have no price"
        return replace(finding, status="undecided", reason=reason)
    if limits.warn_at is not None and cost > limits.max_cost * limits.warn_at:
        reason = f"{money(cost)} is above {percent(limits.warn_at)} of {money(limits.max_cost)}"
        return replace(finding, status="warn", reason=reason)
    return replace(finding, reason=f"{money(cost)} of {money(limits.max_cost)}")


def _unpriced(unpriced: int, requests: int, limits: Limits) -> Decimal | None:
    """The share of requests without a price, when it is more than may be."""
    if limits.max_unpriced_share is None or not unpriced:
        return None
    share = Decimal(unpriced) / Decimal(requests)
    return share if share > limits.max_unpriced_share else None


def _reliability(base: trust.Trust, limits: Limits, now: datetime) -> list[Finding]:
    """What makes the window unfit to be judged."""
    found = []
    share = _unpriced(base.total("unpriced_requests"), base.total("requests"), limits)
    if share is not None and limits.max_unpriced_share is not None:
        reason = f"{percent(share)} of the requests have no price: their cost is unknown, not zero"
        found.append(
            Finding(
                "unpriced-share",
                None,
                "unpriced_share",
                round(share, 6),
                limits.max_unpriced_share,
                "share",
                "undecided",
                reason,
            )
        )
    if limits.max_unattributed_share is not None:
        for dimension in trust.SHOWN:
            share_of = base.unattributed_share(dimension)
            if share_of is not None and share_of > limits.max_unattributed_share:
                reason = f"{percent(share_of)} of the cost has no {dimension}"
                found.append(
                    Finding(
                        "unattributed-share",
                        dimension,
                        "unattributed_share",
                        round(share_of, 6),
                        limits.max_unattributed_share,
                        "share",
                        "undecided",
                        reason,
                    )
                )
    if limits.max_data_age is not None:
        until_us = base.data_until_us
        age = None if until_us is None else now - (EPOCH + timedelta(microseconds=until_us))
        if age is None or age > limits.max_data_age:
            hours = None if age is None else Decimal(int(age.total_seconds())) / 3600
            reason = f"the newest row is of {instant_text(until_us) or 'no known time'}"
            limit = Decimal(int(limits.max_data_age.total_seconds())) / 3600
            found.append(
                Finding(
                    "data-age",
                    None,
                    "data_age",
                    None if hours is None else round(hours, 1),
                    limit,
                    "hours",
                    "undecided",
                    reason,
                )
            )
    return found


def as_table(verdict: Verdict, tz: str) -> Table:
    """The verdict in the shape of the contract (llmcost.gate/1)."""
    columns = [
        Column("status", "text"),
        Column("id", "text", "rule"),
        Column("scope", "text"),
        Column("reason", "text"),
    ]
    columns += [Column(name, "text", data_only=True) for name in ("metric", "value", "limit", "unit", "level", *DELTAS)]
    order = {"undecided": 0, "breach": 1, "warn": 2, "pass": 3}
    shown = sorted(verdict.findings, key=lambda f: (order[f.status], -(f.value or 0)))
    base = verdict.base
    data_until = instant_text(base.data_until_us) if base else None
    return Table(
        schema="llmcost.gate/1",
        title=f"Gate: {verdict.result}",
        columns=columns,
        rows=[
            [
                f.status,
                f.id,
                f.scope,
                f.reason,
                f.metric,
                _figure(f, f.value),
                _figure(f, f.limit),
                f.unit,
                "error",
                *(None for _ in DELTAS),
            ]
            for f in shown
        ],
        head={
            "result": verdict.result,
            "window": {
                "since": instant_text(verdict.window.since_us),
                "until": instant_text(verdict.window.until_us),
                "tz": tz,
            },
            "data_until": data_until,
        },
        foot={"trust": base.as_json() if base else None},
        notes=[f"data until {data_until or 'no time'}"],
        rows_name="rules",
    )


DELTAS = ("delta", "delta_price", "delta_volume", "delta_mix")
"""Against a baseline; without one they are unknown."""


def _figure(finding: Finding, value: Decimal | None) -> str | None:
    if value is None:
        return None
    return f"{value:.12f}" if finding.unit == "USD" else exact(value)
