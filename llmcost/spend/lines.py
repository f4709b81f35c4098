"""The lines of one model's bill (input, cached input, batch output ...) beside what the ledger's tokens of each cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.sources.statements import Line
from llmcost.spend.causes import MATCHED, OURS_ONLY, ROUNDING, THEIRS_ONLY, Pair
from llmcost.spend.ours import OTHER

NAMES = {
    "input": "input",
    "cache_read": "cached input",
    "cache_write": "cache write",
    "output": "output",
    OTHER: "other",
    "": "",
}
"""How people call the parts of a bill, in the order in which they read them. Other are searches and fees per request."""
ELSEWHERE = "other line"

Place = tuple[str, str]
"""Tier and part."""


@dataclass(frozen=True)
class Split:
    """One line of a model: what each side says of it, None where it says nothing, and the bill's own lines."""

    name: str
    ours: Decimal | None
    theirs: Decimal | None
    cause: str
    bill: Sequence[Line]


def split(pair: Pair, tells_tier: bool) -> list[Split]:
    """The lines of a pair, whose sums are the pair's; none where the bill does not tell them, or the ledger cannot.

    `tells_tier`: whether this provider's statement has lines of a tier at all; else tiers are taken together on both sides.
    """
    if pair.theirs is None or pair.theirs.cost is None or pair.covered is not None or pair.is_priced_here:
        return []
    tells_part = any(part for _, part in pair.theirs.parts)
    bill: dict[Place, list[Line]] = defaultdict(list)
    for line in pair.bill:
        bill[_place((line.tier or "", line.component or ""), tells_tier, tells_part)].append(line)
    theirs = _folded(pair.theirs.parts, tells_tier, tells_part)
    ours = _folded(pair.ours.parts, tells_tier, tells_part)
    if set(theirs) == {("", "")} or any(part == OTHER and ours[tier, part] for tier, part in ours.keys() - theirs):
        return []
    order = list(NAMES)
    found = []
    for place in sorted({*theirs, *ours}, key=lambda place: (place[0], order.index(place[1]))):
        if not theirs.get(place) and not ours.get(place):
            continue
        here = ours.get(place) or None
        name = " ".join(filter(None, (place[0], NAMES[place[1]]))) or "standard"
        lines = bill[place]
        found.append(Split(name, here, theirs.get(place), _cause(pair, here, theirs.get(place), len(lines)), lines))
    return found


def _place(place: Place, tells_tier: bool, tells_part: bool) -> Place:
    tier, part = place
    return (tier if tells_tier else "", ("" if not tells_part else part if part in NAMES and part else OTHER))


def _folded(parts: Mapping[Place, Decimal], tells_tier: bool, tells_part: bool) -> dict[Place, Decimal]:
    sums: dict[Place, Decimal] = defaultdict(Decimal)
    for place, amount in parts.items():
        sums[_place(place, tells_tier, tells_part)] += amount
    return sums


def _cause(pair: Pair, ours: Decimal | None, theirs: Decimal | None, lines: int) -> str:
    gap = (theirs or Decimal(0)) - (ours or Decimal(0))
    if gap == 0:
        return MATCHED
    if abs(gap) <= pair.allowance_of(lines):
        return ROUNDING
    if pair.cause not in (MATCHED, ROUNDING):
        return pair.cause
    if theirs is None:
        return f"{OURS_ONLY}: they bill it on another line of the model"
    if ours is None:
        return f"{THEIRS_ONLY}: the ledger has it on another line of the model"
    return f"{ELSEWHERE}: the model agrees in all, this line of it does not"
