"""Our figures against what a provider says: usage and cost pages, a FOCUS file or an invoice, line by line, the gap explained."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import BREACH, OK, UNDECIDED, UsageError
from llmcost.figures import count, money
from llmcost.pricing.catalogue import Catalogue
from llmcost.sources.invoices import DIGITS
from llmcost.sources.statements import INVOICE, Foreign, Line, Statement
from llmcost.spend.causes import MATCHED, ROUNDING, SHIFTED, Pair, name_all
from llmcost.spend.lines import split
from llmcost.spend.ours import Key, Naming, Ours, Sum, at_our_prices, theirs
from llmcost.store import Store
from llmcost.windows import Window, is_empty, midnight_us, overlap

PASS, BROKEN, OPEN = "pass", "breach", "undecided"
EXIT_CODES = {PASS: OK, BROKEN: BREACH, OPEN: UNDECIDED}
OTHER_KINDS = {
    "tax": "tax: the ledger holds none",
    "credit": "credit: money back",
    "top_up": "top-up: paid ahead, no usage",
    "draw_down": "draw-down: usage paid from what was bought before",
    "adjustment": "adjustment: the provider's own",
}
"""What of a bill is no usage: it has a line of its own and is outside the tolerance."""
DAY = timedelta(days=1)
ALWAYS = Window()
EDGE = timedelta(days=1)
"""A period of weeks may begin or end with so much time without a request."""


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The exact sum of what is known."""
    with localcontext(prec=DIGITS):
        return sum((amount for amount in amounts if amount is not None), Decimal(0))


@dataclass(frozen=True)
class Entry:
    """A line of the result. `ours` and `theirs` are None where a side has none; `held` is what the ledger holds, shown or not."""

    since: date
    until: date
    provider: str
    model: str | None
    ours: Decimal | None
    theirs: Decimal | None
    gap: Decimal | None
    cause: str
    held: Decimal = Decimal(0)
    written: tuple[str, ...] = ()
    """The provider/model of the ledger's requests that it stands for."""
    judged: bool = False
    foreign: Foreign | None = None
    """`theirs` as the bill says it, where it is in another currency."""
    line: str | None = None
    """What of the model: input, cached input, batch output ...; None for all of it."""
    lines: tuple[Entry, ...] = ()
    """The same by `line`, where the bill tells them."""

    @property
    def word(self) -> str:
        return self.cause.partition(":")[0]

    @property
    def size(self) -> Decimal:
        """How much money is in question."""
        return abs(self.gap if self.gap is not None else self.theirs or Decimal(0))


@dataclass(frozen=True)
class Result:
    """All lines, the verdict and what people should know."""

    entries: Sequence[Entry]
    tolerance: Decimal
    notes: Sequence[str]
    is_bill: bool
    """Whether all that they say is money; a usage page at our prices is none."""
    window: Window = Window()
    tz: str = "UTC"
    """In which the days of the statement begin."""

    @property
    def billed(self) -> Decimal:
        return total(e.theirs for e in self.entries if e.judged)

    @property
    def computed(self) -> Decimal:
        return total(e.ours for e in self.entries if e.judged)

    @property
    def lines(self) -> list[Entry]:
        """Every entry, or its lines where it has any."""
        return [line for entry in self.entries for line in entry.lines or (entry,)]

    @property
    def off(self) -> Decimal:
        """The gaps of all judged lines added up without their signs, so that none hides another; what is rounding counts nothing.

        Days that only begin elsewhere are added up by model first: requests near a border move between them.
        """
        apart: list[Decimal] = []
        shifted: dict[tuple[str, str | None, str | None], list[Decimal]] = defaultdict(list)
        for entry in self.lines:
            if not entry.judged or entry.gap is None or entry.word in (MATCHED, ROUNDING):
                continue
            if entry.word in SHIFTED:
                shifted[entry.provider, entry.model, entry.line].append(entry.gap)
            else:
                apart.append(entry.gap)
        return total(abs(gap) for gap in [*apart, *map(total, shifted.values())])

    @property
    def verdict(self) -> str:
        """Over usage on days that the ledger holds: whether its lines are off by more than that share of what they bill."""
        if not any(e.judged for e in self.entries) or not (self.billed or self.computed):
            return OPEN
        return PASS if self.off <= self.tolerance * abs(self.billed) else BROKEN

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def reconcile(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    statement: Statement,
    tolerance: Decimal,
    *,
    where: Condition | None = None,
    provider: str | None = None,
    window: Window = ALWAYS,
    tz: str = "UTC",
) -> Result:
    """Compares a statement with the ledger over the statement's days, as far as they lie in the window; they begin at midnight in `tz`.

    `provider` is that of lines that name none. UsageError for lines of no provider, for periods that overlap, and for
    another zone than UTC where the statement itself is in UTC.
    """
    with localcontext(prec=DIGITS):
        kept, notes = _windowed(statement, window, tz)
        found = _compared(store, config, catalogue, kept, tolerance, where, provider, tz)
        return replace(found, notes=[*found.notes, *notes], window=window, tz=tz)


def _windowed(statement: Statement, window: Window, tz: str) -> tuple[Statement, list[str]]:
    """The lines that lie wholly in the window, and what is told of the others."""
    kept: list[Line] = []
    outside: list[Line] = []
    part: list[Line] = []
    for line in statement.lines:
        if tz != "UTC" and line.form != INVOICE:
            raise UsageError(
                f"the times of a {line.form} are UTC, its days do not begin in {tz}",
                place=line.place,
                hint="leave --tz out; it is for invoices, whose days say no zone",
            )
        own = Window(midnight_us(line.since, tz), midnight_us(line.until, tz))
        inside = overlap(own, window)
        (kept if inside == own else part if not is_empty(inside) else outside).append(line)
    notes = []
    for words, lines in (("lie outside the window", outside), ("lie in the window only in part", part)):
        if lines:
            billed = [line.amount for line in lines if line.amount is not None]
            amount = f", {money(total(billed))}," if billed else ""
            days = period_text(min(x.since for x in lines), max(x.until for x in lines))
            notes.append(f"{count(len(lines))} lines{amount} {words} and are left out: {days}")
    return replace(statement, lines=kept), notes


def _compared(
    store: Store,
    config: Config,
    catalogue: Catalogue,
    statement: Statement,
    tolerance: Decimal,
    where: Condition | None,
    provider: str | None,
    tz: str,
) -> Result:
    naming = Naming(catalogue)
    lines = [replace(line, provider=naming.provider(line.provider or provider) or None) for line in statement.lines]
    if not lines:
        return Result([], tolerance, statement.notes, True)
    ours = Ours(store, config, where, min(x.since for x in lines), max(x.until for x in lines), naming, tz)
    lines = [_placed(line, ours) for line in lines]
    notes = list(statement.notes)
    usage = [line for line in lines if line.kind == "tokens"]
    billing = {line.provider for line in lines if line.kind == "usage"}
    bare = [line for line in usage if line.provider not in billing]
    if bare:
        names = ", ".join(sorted({str(line.provider) for line in bare}))
        notes.append(f"{names}: usage pages bill nothing; theirs is their usage at our prices")
    priced = [replace(x, amount=c, form="usage") for x, c in zip(bare, at_our_prices(bare, catalogue), strict=True)]
    money_lines = [line for line in lines if line.kind == "usage"] + priced
    pairs = _pairs(money_lines, usage, ours, naming)
    name_all(pairs, ours)
    tiered = {line.provider for line in money_lines if line.tier}
    entries = [_with_lines(_entry(pair, ours, naming), pair, pair.key[0] in tiered) for pair in pairs]
    entries += _others([line for line in lines if line.kind in OTHER_KINDS])
    entries.sort(key=lambda e: (e.since, e.until, e.provider, e.model is None, e.model or "", e.cause))
    if not billing and not priced:
        notes.append("no line bills usage: there is nothing to compare the ledger with")
    return Result(entries, tolerance, notes, not priced)


def _placed(line: Line, ours: Ours) -> Line:
    """The line with a provider: its own, or the only one that the ledger has."""
    if line.provider:
        return line
    known = sorted({provider for provider, _ in ours.slots if provider})
    if len(known) != 1:
        raise UsageError(
            "the line does not say whose bill it is",
            place=line.place,
            hint=f"--provider NAME says so; the ledger has {', '.join(known) or 'none on these days'}",
        )
    return replace(line, provider=known[0])


def _pairs(lines: Sequence[Line], usage: Sequence[Line], ours: Ours, naming: Naming) -> list[Pair]:
    """Both sides of every model and period that either of them knows."""
    renamed = _renamed([*lines, *usage], ours, naming)
    told: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        told[str(line.provider)].append(line)
    pairs: list[Pair] = []
    for provider, own in told.items():
        is_whole = all(line.model is None for line in own)
        groups: dict[tuple[Key, date, date], list[Line]] = defaultdict(list)
        for line in own:
            key = (provider, None) if line.model is None else renamed[provider, line.model]
            groups[key, line.since, line.until].append(line)
        _check_periods(groups)
        digit = _last_digit(own)
        pages = [x for x in usage if x.provider == provider]
        for (key, since, until), some in groups.items():
            pair = Pair(key, since, until, Sum(), _sum(some), digit=digit, bill=some)
            pair.foreign = _together(some)
            pair.is_priced_here = some[0].form == "usage"
            pair.names = {line.model for line in some if line.model}
            if key[1] is not None or is_whole:
                pair.ours = ours.over(key, since, until)
            if pages and min(x.since for x in pages) <= since and until <= max(x.until for x in pages):
                within = [x for x in pages if since <= x.since and x.until <= until]
                pair.usage = _sum(
                    x for x in within if key[1] is None or (x.model and renamed[provider, x.model] == key)
                )
            pairs.append(pair)
        pairs += _unbilled([(provider, None)] if is_whole else ours.keys(provider), groups, ours)
    for pair in pairs:
        pair.covered = _uncovered(pair.since, pair.until, ours)
    return pairs


def _renamed(lines: Sequence[Line], ours: Ours, naming: Naming) -> dict[tuple[str, str], Key]:
    """The key of every name in their lines. A snapshot is the name without its date where each side knows only one of the two."""
    found = {(str(x.provider), str(x.model)): naming.key(x.provider, x.model) for x in lines if x.model}
    keys = set(found.values())
    for name, key in found.items():
        stem = re.sub(r"-(\d{4}-\d{2}-\d{2}|\d{8})$", "", str(key[1]))
        plain = naming.key(key[0], stem)
        if key not in ours.slots and plain in ours.slots and plain not in keys:
            found[name] = plain
        elif key not in ours.slots and stem == key[1]:
            dated = [
                k for k in ours.keys(key[0]) if re.fullmatch(re.escape(stem) + r"-(\d{4}-\d{2}-\d{2}|\d{8})", str(k[1]))
            ]
            if len(dated) == 1 and dated[0] not in keys:
                found[name] = dated[0]
    return found


def _check_periods(groups: dict[tuple[Key, date, date], list[Line]]) -> None:
    """UsageError where two periods of a model overlap: the ledger's requests would count in both."""
    by_key: dict[Key, list[tuple[date, date, Line]]] = defaultdict(list)
    for (key, since, until), lines in groups.items():
        by_key[key].append((since, until, lines[0]))
    for held in by_key.values():
        held.sort(key=lambda one: one[:2])
        for (_, until, one), (since, _, two) in pairwise(held):
            if since < until:
                raise UsageError(
                    f"the period {period_text(since, two.until)} overlaps {period_text(one.since, until)} of {one.place}",
                    place=two.place,
                    hint="a statement bills every day once",
                )


def _unbilled(keys: Sequence[Key], groups: dict[tuple[Key, date, date], list[Line]], ours: Ours) -> list[Pair]:
    """What the ledger holds of these models, on days of the statement, that no line of it bills."""
    periods = sorted({(since, until) for _, since, until in groups})
    days = {day for since, until in periods for day in _days(since, until)}
    at, last = periods[0][0], max(until for _, until in periods)
    while at < last:  # a day without a line, between days with one, bills nothing
        if at not in days:
            periods.append((at, at + DAY))
        at += DAY
    periods.sort(key=lambda one: (one[1] - one[0], one))
    pairs = []
    for key in keys:
        free = {day for since, until in periods for day in _days(since, until)}
        for k, since, until in groups:
            if k == key:
                free.difference_update(_days(since, until))
        # the shortest period that is free as a whole, and no day twice
        for since, until in [*periods, *((at, at + DAY) for at in sorted(free))]:
            if free.issuperset(_days(since, until)):
                free.difference_update(_days(since, until))
                held = ours.over(key, since, until)
                if held.cost:
                    pairs.append(Pair(key, since, until, held, None))
    return pairs


def _days(since: date, until: date) -> list[date]:
    return [since + DAY * n for n in range((until - since).days)]


def _uncovered(since: date, until: date, ours: Ours) -> str | None:
    """Which part of a period the ledger does not reach; None when it holds the whole."""
    if ours.first is None or ours.last is None:
        return "the ledger holds no request with a time"
    edge = EDGE if until - since > 7 * DAY else timedelta(0)
    if ours.first > since + edge:
        return f"the ledger begins on {ours.first}"
    return f"the ledger ends on {ours.last}" if ours.last < until - DAY - edge else None


def _sum(lines: Iterable[Line]) -> Sum:
    whole = Sum()
    for line in lines:
        whole.add(theirs(line))
    return whole


def _last_digit(lines: Sequence[Line]) -> Decimal:
    """What their last digit is worth in USD: a cent of the bill's currency, or less where any amount has more digits."""
    said = [x.foreign.amount if x.foreign else x.amount for x in lines]
    decimals = max([2, *(-int(x.as_tuple().exponent) for x in said if x is not None)])
    rates = [x.foreign.rate for x in lines if x.foreign]
    return Decimal(1).scaleb(-decimals) * max(rates, default=Decimal(1))


def _together(lines: Sequence[Line]) -> Foreign | None:
    """The sum of lines of the same days in their own currency; None where they have more than one, or dollars."""
    first = lines[0].foreign if lines else None
    if first is None or any(x.foreign is None or x.foreign.currency != first.currency for x in lines):
        return None
    return replace(first, amount=total(x.foreign.amount for x in lines if x.foreign))


def _entry(pair: Pair, ours: Ours, naming: Naming) -> Entry:
    provider, model = pair.key
    is_open = pair.covered is not None
    billed = pair.theirs.cost if pair.theirs else None
    # a model of which nothing is here has no figure of ours
    computed = None if is_open or not (pair.ours.requests or pair.ours.attempts or pair.ours.cost) else pair.ours.cost
    has_gap = not is_open and (pair.theirs is None or billed is not None)
    told = naming.told.get(pair.key) or pair.names
    keys = [pair.key] if model is not None else (ours.keys(provider) if pair.ours.requests else [])
    return Entry(
        pair.since,
        pair.until,
        provider,
        next(iter(told)) if len(told) == 1 else model,
        computed,
        billed,
        pair.gap if has_gap else None,
        pair.cause,
        pair.ours.cost or Decimal(0),
        tuple(sorted(name for key in keys for name in ours.written[key])),
        judged=has_gap,
        foreign=pair.foreign,
    )


def _with_lines(entry: Entry, pair: Pair, tells_tier: bool) -> Entry:
    """The entry with its lines by token type and tier, where the bill tells them."""
    lines = [
        replace(
            entry,
            line=one.name,
            ours=one.ours,
            theirs=one.theirs,
            gap=(one.theirs or Decimal(0)) - (one.ours or Decimal(0)),
            cause=one.cause,
            foreign=_together(one.bill),
        )
        for one in split(pair, tells_tier)
    ]
    return replace(entry, lines=tuple(lines))


def _others(lines: Sequence[Line]) -> list[Entry]:
    """Tax, credits and the like, one entry per period and kind."""
    groups: dict[tuple[date, date, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.since, line.until, str(line.provider), line.kind].append(line)
    found = []
    for (since, until, provider, kind), some in groups.items():
        amount = total(x.amount for x in some)
        found.append(
            Entry(since, until, provider, None, None, amount, amount, OTHER_KINDS[kind], foreign=_together(some))
        )
    return found


def period_text(since: date, until: date) -> str:
    """A day, a month, or days with the first one that no longer counts."""
    if until - since == DAY:
        return since.isoformat()
    if since.day == 1 and until == (since + 31 * DAY).replace(day=1):
        return f"{since:%Y-%m}"
    return f"{since}/{until}"
