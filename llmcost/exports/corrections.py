"""Closed months: their files stay as they are, and what changed goes out as rows of its own, in the month that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.errors import UndecidedError, UsageError
from llmcost.exports import drafts, manifest, states
from llmcost.exports.cells import KINDS, Field, listed
from llmcost.exports.drafts import Draft
from llmcost.exports.focus_columns import COLUMNS
from llmcost.exports.manifest import MONTH, Manifest
from llmcost.resources import sql
from llmcost.store import quote_identifier, quote_text

if TYPE_CHECKING:
    from llmcost.exports.plan import Run

READERS = {
    "csv": "read_csv({path}, header = true, all_varchar = true, nullstr = '', quote = '\"', escape = '\"', delim = ',')",
    "parquet": "read_parquet({path})",
}


def book(run: Run, days: Mapping[str, Draft | None]) -> None:
    """Adds a file of differences per closed month to the run: the drafts of its days less what has been given out for them."""
    folder, dataset = run.book, run.dataset
    booked = _booking_day(folder, run.at)
    for month in sorted({day[:7] for day in days}):
        mine = {day: draft for day, draft in days.items() if day[:7] == month}
        earlier = sorted(p for p, e in folder.entries.items() if e.get("corrects") == month)
        above = f"billing_period={booked[:7]}/" if dataset.by_month else ""
        path = f"{above}dt={booked}/correction-{month}-{len(earlier) + 1:05}.{run.form}"
        new = [draft.path for draft in mine.values() if draft]
        old = [folder.base / run.parts[day]["path"] for day in mine if day in run.parts]
        rows = _differences(run, new, old, [folder.base / p for p in earlier], list(mine), booked)
        count, cost = run.store.row(sql("exports/corrected.sql").format(cost=quote_identifier(dataset.cost)))
        for day in mine:
            now = states.state_of(run.found[day]) if day in run.found else manifest.NOTHING
            if count:
                run.restated.append({"dt": day, "reason": states.why(folder.state(day), now), "booked": path})
            folder.corrected[day] = now
        if not count:
            continue
        draft = drafts.copy(run.store, rows, {}, run.form, folder.base / path)
        entry = {
            "path": path,
            "dt": booked,
            "corrects": month,
            "days": sorted(mine),
            "rows": count,
            "bytes": draft.bytes,
            "sha256": draft.sha256,
            "sum_cost": states.money(cost),
            "status": "open",
            "revision": 1,
            "settings": run.digest,
        }
        run.drafts.append((draft, entry))


def _booking_day(folder: Manifest, at: datetime) -> str:
    """Today, or the first day after it whose month is open."""
    day = at.date()
    while day.isoformat()[:7] in folder.closed:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day.isoformat()


def _differences(
    run: Run, new: Sequence[Path], old: Sequence[Path], earlier: Sequence[Path], days: Sequence[str], booked: str
) -> str:
    """Fills `export_differences`; returns the SELECT of a file of them."""
    dataset, form, fields = run.dataset, run.form, run.dataset.fields(run.asked)
    fixed = {name for one in COLUMNS if one.fixed for name in one.names.values()} if dataset.by_month else set()
    keys = [f for f in fields if not f.is_figure and f.name not in fixed]
    figures = [f for f in fields if f.is_figure]
    names = [quote_identifier(f.name) for f in keys]
    day = "CAST(ChargePeriodStart AS VARCHAR)[:10]" if dataset.by_month else "day"
    sources = []
    for sign, paths, which in (
        ("", new, day),
        ("-", old, day),
        ("-", earlier, "x_CorrectedDay" if dataset.by_month else "day"),
    ):
        for path in paths:
            cast = ", ".join(
                f"{sign}CAST({quote_identifier(f.name)} AS {KINDS[f.kind].type}) AS {quote_identifier(f.name)}"
                for f in figures
            )
            read = READERS[form].format(path=quote_text(str(path)))
            sources.append(f"SELECT {which} AS of_day, {', '.join(names)}, {cast} FROM {read}")
    summed = ", ".join(
        f"CAST(sum({quote_identifier(f.name)}) AS {KINDS[f.kind].type}) AS {quote_identifier(f.name)}" for f in figures
    )
    any_ = " OR ".join(f"coalesce({quote_identifier(f.name)}, 0) <> 0" for f in figures)
    text = sql("exports/differences.sql").format(
        sources=" UNION ALL ".join(sources), keys=", ".join(names), sums=summed, any=any_
    )
    run.store.run(text, {"days": list(days)})
    chosen = _booked_columns(fields, fixed, form, booked)
    order = ", ".join(f"{name} NULLS FIRST" for name in ["of_day", *names])
    return f"SELECT {chosen} FROM (FROM export_differences ORDER BY {order})"


def _booked_columns(fields: Sequence[Field], fixed: set[str], form: str, booked: str) -> str:
    """The columns of a correction: a FOCUS charge is booked in the open month and says which day it corrects."""
    day = date.fromisoformat(booked)
    first = day.replace(day=1)
    places = {
        "BillingPeriodStart": first,
        "BillingPeriodEnd": (first + timedelta(days=32)).replace(day=1),
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + timedelta(days=1),
    }
    parts = []
    for field in fields:
        if field.name not in fixed:
            parts.append(listed([field], form, written=True))
        elif field.name in places:
            stamp = f"TIMESTAMP '{places[field.name].isoformat()} 00:00:00'"
            parts.append(f"{stamp if form == 'parquet' else f'export_time({stamp})'} AS {quote_identifier(field.name)}")
        else:
            value = "'Correction'" if field.name == "ChargeClass" else "of_day"
            parts.append(f"{value} AS {quote_identifier(field.name)}")
    return ", ".join(parts)


def close(base: Path, dataset: str, month: str, at: datetime, *, wait_s: float, reopen: bool = False) -> int:
    """Closes a month of one dataset's folder, or opens it again; returns how many files that are of it.

    UsageError for a month that is not over or not closed, UndecidedError when nothing of it has been exported.
    """
    if not MONTH.fullmatch(month):
        raise UsageError(f"'{month}' is no month", place="close", hint="write 2026-10")
    with manifest.lock(base, wait_s):
        book = manifest.recovered(base)
        mine = [e for e in book.entries.values() if "corrects" not in e and (e["dt"] or "")[:7] == month]
        if reopen:
            if month not in book.closed:
                hint = f"closed: {', '.join(sorted(book.closed)) or 'none'}"
                raise UsageError(f"{month} is not closed in {dataset}", place="close", hint=hint)
            _reopen(book, month, mine)
        else:
            if at.date().isoformat()[:7] <= month:
                raise UsageError(f"{month} is not over", place="close", hint="close a month when all its logs are in")
            if book.head["format"] not in READERS:
                what = f"{book.head['format']} files cannot be corrected by rows of their own"
                raise UsageError(what, place=str(base), hint="export csv or parquet")
            if not mine:
                what = f"nothing of {month} has been exported to {base}"
                raise UndecidedError(what, place="close", hint="llmcost export first")
            book.closed = sorted({*book.closed, month})
            for entry in mine:
                entry["status"] = "closed"
        book.head["generated_at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest.put(base / manifest.NAME, book.text())
        return len(mine)


def _reopen(book: Manifest, month: str, mine: Sequence[manifest.Entry]) -> None:
    """What had been corrected is written into the days themselves by the next export; until then the corrections stay."""
    book.closed = [one for one in book.closed if one != month]
    book.corrected = {day: state for day, state in book.corrected.items() if day[:7] != month}
    for entry in mine:
        entry["status"] = "open"
        entry["settings"] = "reopened"
