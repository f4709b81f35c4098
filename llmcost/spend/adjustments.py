"""What was invoiced: the gaps of a reconciliation kept as labelled adjustments, and the ledger with them beside its requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext

from llmcost import ledger
from llmcost.errors import UndecidedError, UsageError
from llmcost.figures import count, exact, instant_text, money
from llmcost.resources import sql
from llmcost.sources.invoices import DIGITS
from llmcost.spend.reconcile import Result
from llmcost.store import Store
from llmcost.windows import DAY_US, Window, midnight_us

VIEW = "invoiced"
"""The ledger and the adjustments, for a report of what was invoiced."""

LONG_DAY_US = DAY_US + 3_600_000_000
"""A day on which clocks go back."""
FINEST_US = {"hour": 0, "day": LONG_DAY_US, "week": LONG_DAY_US}
"""How long an adjustment may be to have an hour, a day or a week of its own."""
LONGEST_US = 1 << 62


def check(result: Result) -> None:
    """UsageError or UndecidedError where a result is no bill that could be applied."""
    if not result.is_bill:
        raise UsageError(
            "a usage page bills nothing", place="--apply", hint="reconcile the cost page, a FOCUS file or the invoice"
        )
    if not result.entries:
        raise UndecidedError("the statement has no line", place="--apply", hint="is it the right file?")


def apply(store: Store, result: Result) -> str:
    """Keeps every line in place of what was applied before for the same days; says what it did.

    UsageError when an earlier bill reaches beyond these days: part of it would stay.
    """
    spans: dict[str, tuple[date, date]] = {}
    for entry in result.entries:
        since, until = spans.get(entry.provider, (entry.since, entry.until))
        spans[entry.provider] = (min(since, entry.since), max(until, entry.until))
    adjusted = Decimal(0)
    with store.transaction():
        for provider, (since, until) in spans.items():
            span = {
                "provider": provider,
                "started_us": midnight_us(since, result.tz),
                "ended_us": midnight_us(until, result.tz),
            }
            for started, ended in store.rows(sql("spend/adjustments_held.sql"), span):
                raise UsageError(
                    f"a bill of {provider} for {_days(started, ended)} is applied, of which this covers a part",
                    place="--apply",
                    hint="apply a statement of all these days",
                )
            store.run(sql("spend/adjustments_forget.sql"), span)
        for entry in result.entries:
            with localcontext(prec=DIGITS):
                amount = (entry.theirs or Decimal(0)) - entry.held
                adjusted += amount
            values = {
                "provider": entry.provider,
                "model": entry.model,
                "started_us": midnight_us(entry.since, result.tz),
                "ended_us": midnight_us(entry.until, result.tz),
                "cause": entry.word,
                "ours": exact(entry.held),
                "theirs": None if entry.theirs is None else exact(entry.theirs),
                "amount": exact(amount),
                "ledger_models": list(entry.written),
            }
            store.run(sql("spend/adjustments_add.sql"), values)
    return (
        f"applied {count(len(result.entries))} lines, {money(adjusted)} of adjustments: llmcost report --cost invoiced"
    )


def prepare(store: Store, window: Window, fields: Sequence[str]) -> None:
    """Makes the view `invoiced`. `fields` are the dimensions that the question names: a day is asked of nothing longer."""
    finest = min((FINEST_US[name] for name in fields if name in FINEST_US), default=LONGEST_US)
    names = (*ledger.TOKEN_NAMES, "unexplained_tokens", "input_tokens", "cache_write_tokens", "output_tokens")
    text = sql("spend/invoiced.sql").format(finest_us=finest, zeros=", ".join(f"0 AS {name}" for name in names))
    store.run(sql("spend/invoiced_window.sql"), _span(window))
    store.run(text)


def notes(store: Store, window: Window) -> list[str]:
    """For which days of whom there is a bill, and what people should know about it."""
    rows = store.rows(sql("spend/invoiced_days.sql"), _span(window))
    if not rows:
        return ["no bill is applied for these days, all cost is computed: llmcost reconcile FILE --apply"]
    said = [f"invoiced: {provider} {_days(started, ended)}" for provider, started, ended, _ in rows]
    found = ["; ".join(said) + "; all other cost is computed"]
    if beyond := sum(row[3] for row in rows):
        found.append(f"{count(beyond)} lines of a bill reach beyond the window and are left out: report whole periods")
    changed, added = store.row(sql("spend/invoiced_stale.sql"))
    again = "reconcile with --apply again"
    if changed:
        found.append(f"the cost under {count(changed)} applied lines has changed since: {again}")
    if added:
        found.append(f"requests of {count(added)} models came to the days of a bill since it was applied: {again}")
    return found


def _span(window: Window) -> dict[str, object]:
    return {"since_us": window.since_us, "until_us": window.until_us}


def _days(started_us: int, ended_us: int) -> str:
    first, last = (str(instant_text(at))[:10] for at in (started_us, ended_us - DAY_US))
    return first if first == last else f"{first} to {last}"
