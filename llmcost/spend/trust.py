"""The trust line: what every report rests on, and the sentences that say so to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmcost.attribution import MatchRate, focus
from llmcost.conditions import FIELDS, And, Comparison, Condition, Or, parse
from llmcost.config import Config
from llmcost.figures import exact, instant_text, ratio_text
from llmcost.resources import sql
from llmcost.store import Store
from llmcost.windows import Window

DIMENSIONS = ("feature", "agent", "team", "key", "user")
"""The dimensions whose share without a name is looked at, in the order in which they are candidates for the default grouping."""
SHOWN = ("agent", "feature", "user")
"""The dimensions whose unattributed share the contract shows."""


@dataclass(frozen=True)
class Trust:
    """Figures of the trust line over one window and condition; money in USD."""

    rows_read: int
    duplicates: int
    quarantined: int
    skipped: int
    files: int
    sources: Sequence[Mapping[str, Any]]
    gaps: Sequence[tuple[str, int, int]]
    joins: Sequence[MatchRate]
    prices_as_of: str | None
    prices_digest: str | None
    stale: bool
    provisioned: int = 0
    """Requests on prepaid capacity: their marginal cost is 0."""
    provisioned_unnamed: int = 0
    """Those of them that no fixed cost of llmcost.yaml serves."""

    def total(self, name: str) -> int:
        """The sum of a figure over the sources."""
        return sum(source[name] for source in self.sources)

    @property
    def cost(self) -> Decimal | None:
        return _sum([s["cost"] for s in self.sources])

    def unattributed_share(self, dimension: str) -> Decimal | None:
        """The fraction of the cost that has no agent, feature, user ...; None when there is no cost."""
        whole = self.cost
        if not whole:
            return None
        return (_sum([s[f"without_{dimension}"] for s in self.sources]) or Decimal(0)) / whole

    @property
    def data_until_us(self) -> int | None:
        return max((s["last_us"] for s in self.sources if s["last_us"] is not None), default=None)

    def as_json(self) -> dict[str, object]:
        """The `trust` object of the contract."""
        return {
            "rows_read": self.rows_read,
            **{name: self.total(name) for name in ("requests", "attempts")},
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            **{
                name: self.total(name)
                for name in ("usage_missing", "usage_assumed", "unpriced_requests", "unpriced_tokens")
            },
            **self._provisioned(),
            "unattributed": {d: _share(self.unattributed_share(d)) for d in SHOWN},
            "sources": [
                {
                    "source": s["source"],
                    "requests": s["requests"],
                    "cost": None if s["cost"] is None else f"{s['cost']:.12f}",
                    "source_cost": None if s["source_cost"] is None else exact(s["source_cost"]),
                    "ratio": ratio_text(s["both_source_cost"], s["both_cost"]),
                }
                for s in self.sources
            ],
            "gaps": [{"source": s, "since": instant_text(a), "until": instant_text(b)} for s, a, b in self.gaps],
            "prices": {"as_of": self.prices_as_of, "sha256": self.prices_digest},
            "data_until": instant_text(self.data_until_us),
        }

    def _provisioned(self) -> dict[str, int]:
        """Said where there is such a request."""
        told = {"provisioned_requests": self.provisioned, "provisioned_without_fixed_cost": self.provisioned_unnamed}
        return told if self.provisioned else {}


def gather(
    store: Store, config: Config, where: Condition | None, window: Window, tz: str, *, digest: str | None
) -> Trust:
    """Reads the figures. `digest` is that of the catalogue at hand, None when stored costs are not held against it."""
    lens = focus(store, config, tz)
    select = lens.select({f"dim_{name}": name for name in DIMENSIONS}, where, window)
    names, rows = store.table(f"WITH attributed AS ({select})\n{sql('spend/trust.sql')}", lens.params)
    read, duplicates, quarantined, skipped, files = store.row(sql("spend/read.sql"))
    stored = store.fact("catalogue")
    provisioned, unnamed = _provisioned(store, config, where, window, tz)
    span = {"since_us": window.since_us, "until_us": window.until_us}
    return Trust(
        rows_read=read,
        duplicates=duplicates,
        quarantined=quarantined,
        skipped=skipped,
        files=files,
        sources=[dict(zip(names, row, strict=True)) for row in rows],
        gaps=[(source, since, until) for source, since, until in store.rows(sql("spend/gaps.sql"), span)],
        joins=focus(store, config, tz).match_rates(),
        prices_as_of=store.value(sql("spend/prices_as_of.sql")),
        prices_digest=stored or digest,
        stale=digest is not None and stored is not None and stored.partition("@")[0] != digest,  # @ is the day of a pin
        provisioned=provisioned,
        provisioned_unnamed=unnamed,
    )


def _provisioned(store: Store, config: Config, where: Condition | None, window: Window, tz: str) -> tuple[int, int]:
    """Requests on prepaid capacity, and those of them that no fixed cost serves in its term."""
    from llmcost.pricing.rates import PREPAID_TIERS

    lens = focus(store, config, tz)
    serving = [_serves(one) for one in config.prices["costs"]]
    is_served = "true" if None in serving else "false"
    if serving and None not in serving:
        is_served = f"coalesce({lens.condition(Or(tuple(one for one in serving if one is not None)))}, false)"
    select = lens.select({}, where, window, [f"{is_served} AS is_served"])
    text = f"WITH attributed AS ({select})\n{sql('spend/provisioned.sql')}"
    found, unnamed = store.row(text, lens.params | {"tiers": list(PREPAID_TIERS)})
    return found, unnamed


def _serves(cost: Mapping[str, Any]) -> Condition | None:
    """Which requests a fixed cost serves: those that meet `allocate_by`, on the days of its term; None is all."""
    parts: list[Condition] = [parse(cost["allocate_by"], fields=FIELDS)] if cost["allocate_by"] else []
    parts += [Comparison("day", ">=", cost["since"])] if cost["since"] else []
    parts += [Comparison("day", "<", cost["until"])] if cost["until"] else []
    return And(tuple(parts)) if parts else None


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [v for v in values if v is not None]
    return sum(known, Decimal(0)) if known else None


def _share(value: Decimal | None) -> str | None:
    return None if value is None else exact(round(value, 6))
