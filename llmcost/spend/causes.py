"""Why a provider's figure and ours differ, named from what both sides say; where they say too little, the cause is unexplained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from llmcost.figures import count, exact, money
from llmcost.fx import PICO
from llmcost.sources.statements import Foreign, Line
from llmcost.spend.ours import OTHER, PARTS, Key, Ours, Sum

MATCHED, ROUNDING, OURS_ONLY, THEIRS_ONLY, NOT_COVERED = (
    "matched",
    "rounding",
    "ours only",
    "theirs only",
    "not covered",
)
DAY_BORDER, TIME_ZONE = SHIFTED = ("day border", "time zone")
"""Money that stands on another day there."""
CLOSE = Decimal("0.01")
"""Two gaps cancel each other, and one shift explains the others, when less than this share of them is left."""
CONSTANT = Decimal("0.001")
"""Lines have the same ratio when none is farther from it than this share."""
DEAREST = 20
"""A request without usage is not taken to have cost more than so many average ones."""
SHIFTS = (*range(-12, 0), *range(1, 15))
"""Hours from midnight to the start of a day somewhere on earth."""


@dataclass
class Pair:
    """One line of the comparison: what both sides say of a model, or of a whole provider, over the days [since, until).

    `theirs` is None for what they do not bill. `usage` is what their usage page says of the same, None without one.
    """

    key: Key
    since: date
    until: date
    ours: Sum
    theirs: Sum | None
    usage: Sum | None = None
    digit: Decimal = PICO
    """What their last digit is worth in USD."""
    bill: Sequence[Line] = ()
    """The lines that `theirs` adds up."""
    covered: str | None = None
    """What of the days the ledger does not hold; None when it holds them all."""
    is_priced_here: bool = False
    """Their figure is their usage at our prices: no bill."""
    names: set[str] = field(default_factory=set)
    """How they write the model."""
    foreign: Foreign | None = None
    cause: str = ""

    @property
    def gap(self) -> Decimal:
        """What they bill beyond what we compute, in USD."""
        return ((self.theirs.cost if self.theirs else None) or Decimal(0)) - (self.ours.cost or Decimal(0))

    @property
    def allowance(self) -> Decimal:
        """What rounding can make: half of their last digit on each line, half a pico-dollar on each of our requests."""
        return self.allowance_of(len(self.bill))

    def allowance_of(self, lines: int) -> Decimal:
        """The same for so many of its lines; one that is not there may have been rounded away."""
        return (self.digit * max(lines, 1) + PICO * (self.ours.requests or 0)) / 2

    @property
    def is_equal(self) -> bool:
        return abs(self.gap) <= self.allowance

    @property
    def both(self) -> bool:
        """Whether there is money on both sides to hold against each other."""
        return bool(self.theirs and self.theirs.cost and self.ours.cost and self.covered is None)


def name_all(pairs: Sequence[Pair], ours: Ours) -> None:
    """Gives every pair its cause. What shows only between lines (a shifted day, a constant ratio) is looked for first."""
    by_provider: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        pair.cause = _alone(pair)
        if not pair.cause:
            by_provider[pair.key[0]].append(pair)
    for open_ in by_provider.values():
        _time_zone(open_, ours)
        _day_border([p for p in open_ if not p.cause])
        for pair in open_:
            pair.cause = pair.cause or _usage(pair)
        _constant_ratio([p for p in open_ if not p.cause])
        for pair in open_:
            pair.cause = pair.cause or _money(pair)


def _alone(pair: Pair) -> str:
    """What needs no look at anything else."""
    if pair.covered is not None:
        return f"{NOT_COVERED}: {pair.covered}"
    has_requests = bool(pair.ours.requests or pair.ours.attempts or pair.ours.cost)
    if pair.theirs is None:
        return f"{OURS_ONLY}: {count(pair.ours.requests or 0)} requests that they do not bill"
    if pair.theirs.cost is None:
        return "unpriced: the catalogue has no price for what their page says was used"
    if not has_requests:
        if pair.key[1] is None:
            return f"{THEIRS_ONLY}: the line names no model that the ledger knows"
        return f"{THEIRS_ONLY}: no request of this model in the ledger"
    if pair.ours.unpriced and pair.gap > 0:
        return f"unpriced: {count(pair.ours.unpriced)} requests have no price here"
    if pair.gap == 0:
        return MATCHED
    return ROUNDING if pair.is_equal else ""


def _time_zone(open_: Sequence[Pair], ours: Ours) -> None:
    """Days that begin elsewhere: with one shift for all of them, nearly nothing of the gaps is left."""
    days = [p for p in open_ if p.both and p.until - p.since == timedelta(days=1)]
    before = sum((abs(p.gap) for p in days), Decimal(0))
    if len(days) < 2:
        return

    def left(hours: int) -> Decimal:
        billed = ((p, p.theirs.cost or Decimal(0)) for p in days if p.theirs)
        return sum((abs(cost - ours.cost(p.key, p.since, p.until, hours)) for p, cost in billed), Decimal(0))

    best = min(SHIFTS, key=lambda hours: (left(hours), abs(hours)))
    begin = f"at {best % 24:02}:00 UTC" if ours.tz == "UTC" else f"{best:+} hours from midnight in {ours.tz}"
    if left(best) <= CLOSE * before + sum((p.allowance for p in days), Decimal(0)):
        for pair in days:
            pair.cause = f"{TIME_ZONE}: their days begin {begin}"


def _day_border(open_: Sequence[Pair]) -> None:
    """Two days whose gaps cancel: requests near midnight that stand on the other side of it there."""
    at = {(p.key, p.since): p for p in open_ if p.until - p.since == timedelta(days=1) and p.theirs}
    for (key, since), pair in sorted(at.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        next_ = at.get((key, since + timedelta(days=1)))
        if next_ is None or pair.cause or next_.cause:
            continue
        larger = max(abs(pair.gap), abs(next_.gap))
        if abs(pair.gap + next_.gap) <= CLOSE * larger + pair.allowance + next_.allowance:
            pair.cause = f"{DAY_BORDER}: the gap of {next_.since} is its negative"
            next_.cause = f"{DAY_BORDER}: the gap of {since} is its negative"


def _usage(pair: Pair) -> str:
    """What their usage page tells: requests and tokens beside ours."""
    there, here = pair.usage, pair.ours
    if there is None:
        return ""
    if cause := _tier(pair, there.tier_tokens, here.tier_tokens, lambda n: f"{count(int(n))} tokens"):
        return cause
    tokens = sum(there.tokens.values()), sum(here.tokens.values())
    if there.input_tokens == here.input_tokens and there.tokens["output"] == here.tokens["output"]:
        for part, word in (("cache_read", "read from"), ("cache_write", "written to")):
            if there.tokens[part] != here.tokens[part]:
                return f"cache: they count {count(there.tokens[part])} tokens {word} it, the ledger {count(here.tokens[part])}"
        if pair.is_priced_here:
            return "tier: the same tokens, but a page does not tell which requests were long"
        return ""
    lost = here.missing + here.attempts
    if there.requests is not None and here.requests is not None and there.requests > here.requests + here.attempts:
        return f"unlogged traffic: they count {count(there.requests)} requests, the ledger {count(here.requests + here.attempts)}"
    if tokens[0] > tokens[1] and lost and _can_be_lost(pair):
        return _missing(pair)
    if tokens[0] > tokens[1]:
        return f"unlogged traffic: they count {count(tokens[0])} tokens, the ledger {count(tokens[1])}"
    return f"more here: the ledger holds {count(tokens[1])} tokens, they count {count(tokens[0])}"


def _constant_ratio(open_: Sequence[Pair]) -> None:
    """The same ratio on every line, or on every part of the only one, is a matter of the price."""
    held = [p for p in open_ if p.both]
    for group in (held, *([p for p in held if p.key == key] for key in dict.fromkeys(p.key for p in held))):
        left = [p for p in group if not p.cause]
        if not left or left != group:
            continue
        whole = [(p.theirs.cost or Decimal(0), p.ours.cost or Decimal(0)) for p in group if p.theirs]
        lines = _parts(group[0]) if len(group) == 1 else whole
        ratio = sum((a for a, _ in whole), Decimal(0)) / sum((b for _, b in whole), Decimal(0))
        allowance = max(p.allowance for p in group) * (1 + ratio)
        is_constant = all(abs(a - ratio * b) <= CONSTANT * abs(a) + allowance for a, b in lines)
        if len(lines) < 2 or not is_constant:
            continue
        word = "discount" if ratio < 1 else "price gap"
        for pair in group:
            pair.cause = f"{word}: {exact(round(ratio, 4))} of ours on each of {count(len(lines))} lines"


def _parts(pair: Pair) -> list[tuple[Decimal, Decimal]]:
    """(theirs, ours) of every part, where their lines tell the parts."""
    if pair.theirs is None:
        return []
    there, here = pair.theirs.by_part, pair.ours.by_part
    if not set(there) <= {*PARTS, OTHER}:
        return []
    return [(there.get(p, Decimal(0)), here.get(p, Decimal(0))) for p in (*PARTS, OTHER) if there.get(p) or here.get(p)]


def _money(pair: Pair) -> str:
    """What is left: the money of parts and tiers, and requests of ours without usage."""
    if pair.theirs is None:
        return ""
    if cause := _tier(pair, pair.theirs.by_tier, pair.ours.by_tier, lambda n: money(Decimal(n))):
        return cause
    if pair.usage is not None:
        return f"price gap: the same tokens, but {exact(round((pair.theirs.cost or Decimal(0)) / (pair.ours.cost or Decimal(1)), 4))} of our price"
    if _parts(pair):
        read, fresh = (
            pair.theirs.by_part.get(p, Decimal(0)) - pair.ours.by_part.get(p, Decimal(0))
            for p in ("cache_read", "input")
        )
        if min(read, fresh) < -pair.allowance and max(read, fresh) > pair.allowance:
            return f"cache: cached input is {_apart(read)}, other input {_apart(fresh)} there"
    if pair.gap > 0 and pair.ours.missing + pair.ours.attempts and _can_be_lost(pair):
        return _missing(pair)
    more = "more" if pair.gap > 0 else "less"
    return f"unexplained: they bill {money(abs(pair.gap))} {more}; their usage page would tell why"


def _apart(gap: Decimal) -> str:
    return f"{money(abs(gap))} {'more' if gap > 0 else 'less'}"


def _tier(
    pair: Pair,
    there: Mapping[str, Decimal | int],
    here: Mapping[str, Decimal | int],
    shown: Callable[[Decimal | int], str],
) -> str:
    """A tier that only one side knows."""
    for tier in sorted({*there, *here} - {""}):
        theirs, ours = there.get(tier), here.get(tier)
        if theirs and not ours:
            return f"tier: they bill {shown(theirs)} as {tier}, the ledger none"
        if ours and not theirs and pair.usage is not None:
            return f"tier: the ledger holds {shown(ours)} as {tier}, they bill none"
    return ""


def _can_be_lost(pair: Pair) -> bool:
    """Whether so few requests without usage can have cost the gap."""
    known = (pair.ours.requests or 0) - pair.ours.missing
    lost = pair.ours.missing + pair.ours.attempts
    return known <= 0 or not pair.ours.cost or pair.gap * known <= DEAREST * lost * pair.ours.cost


def _missing(pair: Pair) -> str:
    parts = [
        (pair.ours.missing, "requests without usage"),
        (pair.ours.attempts, "failed attempts"),
        (pair.ours.timeouts, "timeouts among them"),
    ]
    return "missing usage: " + ", ".join(f"{count(number)} {what}" for number, what in parts if number)
