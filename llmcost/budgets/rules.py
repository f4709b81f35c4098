"""A rule of the gate: what is measured, for whom, and what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.conditions import FIELDS, And, Comparison, Condition, parse
from llmcost.config import GATE_METRICS, Config

Group = tuple[str | None, ...]
"""The values of the dimensions of `per`, in their order."""

Grouping = tuple[tuple[str, ...], tuple[tuple[str, str], ...], str | None]
"""What a rule looks at: per, scope and when. Rules that share it share what is measured."""


@dataclass(frozen=True)
class Rule:
    """Limits in the unit of the metric; None is no limit. `place` is FILE:LINE of the rule, where it stands in a file."""

    id: str
    metric: str
    per: tuple[str, ...] = ()
    scope: Mapping[str, str] = field(default_factory=dict)
    when: str | None = None
    max: Decimal | None = None
    min: Decimal | None = None
    warn_at: Decimal | None = None
    """A share of `max`."""
    baseline: Path | None = None
    max_increase: Decimal | None = None
    """As a fraction of the baseline's value."""
    min_delta: Decimal | None = None
    """In dollars for what costs (over the whole traffic measured), else in the unit: a smaller increase is noise."""
    min_requests: Decimal | None = None
    level: str = "error"
    ignore_price_changes: bool = False
    place: str | None = None

    @property
    def unit(self) -> str:
        return GATE_METRICS[self.metric].unit

    @property
    def grouping(self) -> Grouping:
        return self.per, tuple(sorted(self.scope.items())), self.when

    def condition(self, where: Condition | None = None) -> Condition | None:
        """What `where` leaves of the rows that the rule is about."""
        parts: list[Condition] = [] if where is None else [where]
        parts += [Comparison(name, "=", value) for name, value in self.scope.items()]
        parts += [parse(self.when, fields=FIELDS)] if self.when else []
        return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None

    def scope_text(self, group: Group) -> str | None:
        """What reports call the scope: plan=free, agent=writer."""
        cells = [*self.scope.items(), *zip(self.per, group, strict=True)]
        return ", ".join(f"{name}={'(none)' if cell is None else cell}" for name, cell in cells) or None


def from_config(config: Config, baseline: Path | None) -> list[Rule]:
    """The rules of llmcost.yaml that are not off; `baseline` is for those that need one and name none."""
    found = []
    for at, told in enumerate(config.gate["rules"]):
        if told["level"] == "off":
            continue
        values: dict[str, Any] = dict(told) | {"place": config.place("gate", "rules", at)}
        if values["max_increase"] is not None and values["baseline"] is None:
            values["baseline"] = baseline
        found.append(Rule(**values))
    return found
