"""The lines of bills that were applied, kept by provider and account: what is invoiced follows from those of all accounts together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from llmcost.errors import UsageError
from llmcost.resources import sql
from llmcost.sources.statements import Foreign, Line
from llmcost.store import Store
from llmcost.windows import midnight_us

COLUMNS = (
    *("provider", "account", "bill_first_day", "bill_end_day", "tz", "form", "kind", "first_day", "end_day", "text"),
    *("amount", "model", "component", "tier", "requests", "tokens", "searches", "speed", "inference_geo", "place"),
    *("billed", "currency", "usd_rate", "rate_day"),
)


@dataclass(frozen=True)
class Days:
    """The days [first, end) of a bill, or of bills that overlap, in a zone."""

    first: date
    end: date
    tz: str


def keep(store: Store, lines: Sequence[Line], tz: str) -> dict[str, list[Days]]:
    """Keeps lines in place of those of the same days and account; by provider the days of all bills that have to be looked at again.

    UsageError when an earlier bill of the account reaches beyond these days, or one of another account is in another zone.
    """
    accounts: dict[tuple[str, str | None], list[Line]] = {}
    for line in lines:
        if line.kind != "tokens":
            accounts.setdefault((str(line.provider), line.account), []).append(line)
    for line in lines:
        # a usage page tells why, it goes with the bill of its account, else with the provider's first
        own = next((k for k in accounts if k == (line.provider, line.account)), None)
        first = own or next((k for k in accounts if k[0] == line.provider), None)
        if line.kind == "tokens" and first is not None:
            accounts[first].append(line)
    found: dict[str, list[Days]] = {}
    for (provider, account), some in accounts.items():
        billed = [line for line in some if line.kind != "tokens"]
        days = Days(min(x.since for x in billed), max(x.until for x in billed), tz)
        values = {"provider": provider, "account": account, "first_day": days.first, "end_day": days.end}
        store.run(sql("spend/bills_forget.sql"), values)
        for first_day, end_day in store.rows(sql("spend/bills_held.sql"), values):
            raise UsageError(
                f"a bill of {provider} for {days_text(first_day, end_day)} is applied, of which this covers a part",
                place="--apply",
                hint="apply a statement of all these days, or name the --account of each",
            )
        store.load("bill_lines", COLUMNS, [_row(line, account, days) for line in some])
        found.setdefault(provider, []).append(days)
    return {provider: _together(store, provider, days) for provider, days in found.items()}


def lines_of(store: Store, provider: str, days: Days) -> list[Line]:
    """All applied lines of a provider on these days."""
    names, rows = store.table(
        sql("spend/bills_lines.sql"), {"provider": provider, "first_day": days.first, "end_day": days.end}
    )
    return [_line(dict(zip(names, row, strict=True))) for row in rows]


def days_text(first: date, end: date) -> str:
    """Days with the last one that counts."""
    last = date.fromordinal(end.toordinal() - 1)
    return str(first) if first == last else f"{first} to {last}"


def _together(store: Store, provider: str, asked: Sequence[Days]) -> list[Days]:
    """Bills that overlap, of any account, as one stretch of days; those that were asked for."""
    stretches: list[Days] = []
    for first, end, tz, account in store.rows(sql("spend/bills_days.sql"), {"provider": provider}):
        last = stretches[-1] if stretches else None
        if last is None or midnight_us(first, tz) >= midnight_us(last.end, last.tz):
            stretches.append(Days(first, end, tz))
            continue
        if tz != last.tz:
            raise UsageError(
                f"the bill of {provider} for {days_text(first, end)} (account {account}) is applied with days of {tz}, another with {last.tz}",
                place="--tz",
                hint="the bills of all accounts of a provider need the same zone",
            )
        stretches[-1] = Days(last.first, max(last.end, end), tz)
    return [one for one in stretches if any(one.first < days.end and days.first < one.end for days in asked)]


def _row(line: Line, account: str | None, days: Days) -> tuple[object, ...]:
    amount = None if line.amount is None else f"{line.amount:f}"
    said = line.foreign
    foreign = (f"{said.amount:f}", said.currency, f"{said.rate:f}", said.day) if said else (None,) * 4
    return (
        *(line.provider, account, days.first, days.end, days.tz, line.form, line.kind, line.since, line.until),
        *(line.text, amount, line.model, line.component, line.tier, line.requests, json.dumps(dict(line.tokens))),
        *(line.searches, *line.terms, line.place, *foreign),
    )


def _line(row: Mapping[str, Any]) -> Line:
    same = ("form", "kind", "provider", "account", "text", "model", "component", "tier", "requests", "searches")
    foreign = None
    if row["currency"]:
        foreign = Foreign(Decimal(row["billed"]), row["currency"], Decimal(row["usd_rate"]), row["rate_day"])
    return Line(
        **{name: row[name] for name in same},
        since=row["first_day"],
        until=row["end_day"],
        amount=None if row["amount"] is None else Decimal(row["amount"]),
        tokens=json.loads(row["tokens"]),
        terms=(row["speed"], row["inference_geo"]),
        place=row["place"],
        foreign=foreign,
    )
