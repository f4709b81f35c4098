"""What a reconciliation says: its lines as a table, the verdict in a sentence, the gaps by cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal, localcontext

from llmcost.figures import count, instant_text, money, percent
from llmcost.model import Cell, Column, Table
from llmcost.sources.invoices import DIGITS
from llmcost.spend.causes import MATCHED, NOT_COVERED, ROUNDING
from llmcost.spend.reconcile import OPEN, Entry, Result, period_text

COLUMNS = (
    Column("period", "text"),
    Column("provider", "text", brief=False),
    Column("model", "text"),
    Column("line", "text"),
    Column("ours", "source_cost", brief=False),
    Column("theirs", "source_cost"),
    Column("gap", "source_cost"),
    Column("cause", "text"),
)
FOREIGN = (
    Column("billed", "decimal", brief=False),
    Column("currency", "text", brief=False),
    Column("usd_rate", "decimal", brief=False),
    Column("rate_day", "text", brief=False),
)
"""Beside figures that were converted; only where there are any."""


def as_table(result: Result, *, top: int | None = None) -> Table:
    """The lines as a table of the contract; with `top` only so many, the largest gaps first, and none that match."""
    with localcontext(prec=DIGITS):
        return _table(result, top)


def _table(result: Result, top: int | None) -> Table:
    shown = list(result.lines)
    if top is not None:
        shown = [e for e in shown if e.word not in (MATCHED, ROUNDING)]
        shown.sort(key=lambda e: (-e.size, e.since, e.provider, e.model or ""))
        shown = shown[: top or None]
    is_foreign = any(e.foreign for e in result.lines)
    rows: list[list[Cell]] = [
        [
            period_text(e.since, e.until),
            e.provider,
            e.model,
            e.line,
            e.ours,
            e.theirs,
            e.gap,
            e.cause,
            *_foreign(e, is_foreign),
        ]
        for e in shown
    ]
    known = [[getattr(e, name) for e in result.lines] for name in ("ours", "theirs", "gap")]
    sums: list[Cell] = [sum((x for x in side if x is not None), Decimal(0)) for side in known]
    return Table(
        schema="llmcost.reconcile/1",
        title=_sentence(result),
        columns=[*_columns(result), *(FOREIGN if is_foreign else ())],
        rows=rows,
        total=[None, None, None, None, *sums, None, *(None for _ in FOREIGN if is_foreign)],
        head={
            "window": {
                "since": instant_text(result.window.since_us),
                "until": instant_text(result.window.until_us),
                "tz": result.tz,
            },
            "tolerance": result.tolerance,
            "result": result.verdict,
            "absolute_gap": result.off,
        },
        notes=_notes(result, len(shown) if top is not None else None),
        rows_name="lines",
    )


def _columns(result: Result) -> list[Column]:
    """The columns; people need none of `line` where no bill tells it."""
    has_lines = any(e.line for e in result.lines)
    return [replace(c, data_only=not has_lines) if c.name == "line" else c for c in COLUMNS]


def _foreign(entry: Entry, is_foreign: bool) -> list[Cell]:
    if entry.foreign is None:
        return [None for _ in FOREIGN if is_foreign]
    return [entry.foreign.amount, entry.foreign.currency, entry.foreign.rate, entry.foreign.day.isoformat()]


def _sentence(result: Result) -> str:
    """The verdict in one line."""
    if result.verdict == OPEN:
        return "undecided: statement and ledger have no usage on the same days"
    gap, what = result.billed - result.computed, "bill" if result.is_bill else "usage is worth"
    side = f"they {what} {money(result.billed)}" if result.is_bill else f"their {what} {money(result.billed)}"
    word = "no gap" if gap == 0 else f"{_of_bill(abs(gap), result)} {'more' if gap > 0 else 'less'}"
    if result.off > abs(gap):
        word += f"; its lines are off by {_of_bill(result.off, result)}"
    return f"{result.verdict}: {side}, the ledger says {money(result.computed)}: {word}, tolerance {percent(result.tolerance)}"


def _of_bill(amount: Decimal, result: Result) -> str:
    share = f" ({percent(amount / abs(result.billed))})" if result.billed else ""
    return f"{money(amount)}{share}"


def _notes(result: Result, shown: int | None) -> list[str]:
    by_word: dict[str, list[Entry]] = defaultdict(list)
    for entry in result.lines:
        by_word[entry.word].append(entry)
    same = len(by_word.pop(MATCHED, [])) + len(by_word.pop(ROUNDING, []))
    notes = [f"{count(same)} of {count(len(result.lines))} lines match"] if result.lines else []
    for word, some in sorted(by_word.items(), key=lambda item: -sum(e.size for e in item[1])):
        most = max(some, key=lambda e: e.size)
        amount = sum((e.gap if e.gap is not None else e.theirs or Decimal(0) for e in some), Decimal(0))
        evidence = most.cause.partition(": ")[2]
        where = f"{most.model or most.provider} {period_text(most.since, most.until)}"
        what = "billed" if word == NOT_COVERED else "gap"
        lines = f"{count(len(some))} line{'s' if len(some) > 1 else ''}"
        notes.append(f"{word}: {what} {money(amount)} on {lines}; {where}: {evidence}")
    differing = len(result.lines) - same
    if shown is not None and shown < differing:
        notes.append(
            f"{count(differing - shown)} more lines differ: --top 0 shows all, --format json the matching ones too"
        )
    return [*notes, *result.notes]
