"""Evaluation cases, held against the same cases of a baseline: how much dearer each became, and what that is in a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.budgets.baseline import Baseline, Cases
from llmcost.budgets.rules import Group
from llmcost.caps.recommend import t_975
from llmcost.figures import count, exact_money, money, percent, visible

PICO = Decimal("0.000000000001")
SHARE = Decimal("0.000001")
LEVEL = "0.95"
SHOWN = 5


@dataclass(frozen=True)
class Change:
    """Paired cases of one group. Money in USD per case; `change` is a fraction of before; low and high hold 95 % of the doubt."""

    pairs: int
    before: Decimal
    after: Decimal
    change: Decimal | None
    """None where the cases cost nothing before."""
    low: Decimal | None
    """None where there is one pair only."""
    high: Decimal | None


def paired(pairs: Sequence[tuple[Decimal, Decimal]]) -> Change:
    """The ratio of the sums, with the interval of a ratio estimator over cases and Student's t.

    What a case costs is compared with itself: where every case grows by the same share there is no doubt, however
    different the cases are. se = sqrt(sum((after - ratio x before)²) / (n - 1) x n) / sum(before).
    """
    n = len(pairs)
    before, after = (sum((pair[side] for pair in pairs), Decimal(0)) for side in (0, 1))
    means = (before / n).quantize(PICO), (after / n).quantize(PICO)
    if not before:
        return Change(n, *means, None, None, None)
    ratio = after / before
    low = high = None
    if n > 1:
        squares = sum(((b - ratio * a) ** 2 for a, b in pairs), Decimal(0))
        wide = t_975(n - 1) * (squares / (n - 1) * n).sqrt() / before
        low, high = ((ratio - 1 + end).quantize(SHARE) for end in (-wide, wide))
    return Change(n, *means, (ratio - 1).quantize(SHARE), low, high)


@dataclass(frozen=True)
class Compared:
    """One run of an evaluation against a baseline. Cases are named with their group."""

    changes: Mapping[Group, Change]
    monthly: Mapping[Group, Decimal]
    added: Sequence[tuple[str, Group, Decimal | None]]
    removed: Sequence[tuple[str, Group, Decimal | None]]
    unknown: Sequence[tuple[str, Group]]
    """In both, but some of the cost is not known in one of them."""
    match: str
    by: tuple[str, ...]

    def per_month(self, group: Group, share: Decimal | None) -> Decimal | None:
        """What this share of the cost is per month, at the volume of production that the baseline keeps."""
        monthly = self.monthly.get(group)
        return None if monthly is None or share is None else (monthly * share).quantize(PICO)

    def sentence(self, group: Group) -> str:
        """+8.0% per case (+5.1% to +10.9%), about +$410.00 a month (+$261.38 to +$558.63)."""
        one = self.changes[group]
        if one.change is None:
            return f"{money(one.after)} per case, and nothing before"
        told = f"{signed(percent(one.change))} per case"
        if one.low is not None and one.high is not None:
            told += f" ({signed(percent(one.low))} to {signed(percent(one.high))})"
        month, low, high = (self.per_month(group, share) for share in (one.change, one.low, one.high))
        if month is not None:
            told += f", about {signed(money(month))} a month"
            if low is not None and high is not None:
                told += f" ({signed(money(low))} to {signed(money(high))})"
        return f"{told}; {count(one.pairs)} cases"

    def notes(self) -> list[str]:
        """Sentences about what the comparison rests on."""
        notes = [f"in brackets: where the mean is at 95 %, by Student's t over pairs of one {self.match}"]
        if not self.monthly:
            notes.append("no month is projected: the baseline holds less than a day of production")
        notes += [
            f"{what}: {count(len(found))} cases, {money(_sum(found))}: {_named(found)}"
            for what, found in (("only in this run", self.added), ("only in the baseline", self.removed))
            if found
        ]
        if self.unknown:
            names = _named([(case, group, None) for case, group in self.unknown])
            notes.append(f"not compared, some of the cost is not known: {count(len(self.unknown))} cases: {names}")
        months = [self.per_month(group, one.change) for group, one in self.changes.items()]
        known = [month for month in months if month is not None]
        if len(known) > 1:
            notes.append(f"together about {signed(money(sum(known, Decimal(0))))} a month")
        return notes

    def as_json(self) -> dict[str, object]:
        """The object `comparison` of the gate's JSON."""
        return {
            "match": self.match,
            "by": list(self.by),
            "level": LEVEL,
            "groups": [
                {
                    **dict(zip(self.by, group, strict=True)),
                    "cases": one.pairs,
                    "cost_before": exact_money(one.before),
                    "cost_after": exact_money(one.after),
                    "change": one.change,
                    "low": one.low,
                    "high": one.high,
                    "per_month": exact_money(self.per_month(group, one.change)),
                    "per_month_low": exact_money(self.per_month(group, one.low)),
                    "per_month_high": exact_money(self.per_month(group, one.high)),
                }
                for group, one in self.changes.items()
            ],
            "added": [self._case(*one) for one in self.added],
            "removed": [self._case(*one) for one in self.removed],
            "unknown": [self._case(case, group, None) for case, group in self.unknown],
        }

    def _case(self, case: str, group: Group, cost: Decimal | None) -> dict[str, object]:
        return {"case": case, **dict(zip(self.by, group, strict=True)), "cost": exact_money(cost)}


def compare(base: Baseline, now: Cases) -> Compared:
    """Cases of the same name and group are pairs; the rest is listed apart."""
    assert base.match is not None
    pairs: dict[Group, list[tuple[Decimal, Decimal]]] = {}
    unknown: list[tuple[str, Group]] = []
    for case, group in sorted(base.cases.keys() & now.keys(), key=_order):
        before, after = base.cases[case, group].cost, now[case, group].cost
        if before is None or after is None:
            unknown.append((case, group))
        else:
            pairs.setdefault(group, []).append((before, after))
    return Compared(
        {group: paired(found) for group, found in sorted(pairs.items(), key=lambda item: _order(("", item[0])))},
        base.monthly,
        [(*key, now[key].cost) for key in sorted(now.keys() - base.cases.keys(), key=_order)],
        [(*key, base.cases[key].cost) for key in sorted(base.cases.keys() - now.keys(), key=_order)],
        unknown,
        base.match,
        base.by,
    )


def signed(text: str) -> str:
    return text if text.startswith(("-", ">-")) else f"+{text}"


def _order(key: tuple[str, Group]) -> tuple[str, ...]:
    case, group = key
    return (*(cell or "" for cell in group), case)


def _sum(found: Sequence[tuple[str, Group, Decimal | None]]) -> Decimal | None:
    known = [cost for _, _, cost in found if cost is not None]
    return sum(known, Decimal(0)) if known else None


def _named(found: Sequence[tuple[str, Group, Decimal | None]]) -> str:
    names = [visible(case) for case, _, _ in found[:SHOWN]]
    return ", ".join(names) + (f" and {count(len(found) - SHOWN)} more" if len(found) > SHOWN else "")
