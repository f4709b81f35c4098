"""Writes a dataset: one stream, or a folder of days; each file whole or not at all, days that did not change untouched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from llmcost import __version__
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.exports import cells, drafts, manifest
from llmcost.exports.asked import Asked, day_us
from llmcost.exports.datasets import Dataset, days, runs, settings_digest
from llmcost.exports.drafts import Draft
from llmcost.exports.manifest import Manifest
from llmcost.exports.plan import Run
from llmcost.store import Store
from llmcost.windows import Window, whole_days

FORMATS = ("csv", "parquet", "ndjson")
NO_DAY = "1970-01-01"
"""A day to gather when there is none: a file without rows still has its columns."""


@dataclass(frozen=True)
class Written:
    """What an export did. `files`, `rows` and `cost` are those of the manifest; `days` has the window; the others count files.

    `restated` tells why; `strangers` are files in the folder that are not of the export.
    """

    dataset: str
    folder: str
    days: int
    files: int
    new: int
    restated: Mapping[str, int]
    removed: int
    corrections: int
    rows: int
    cost: Decimal | None
    data_until_us: int | None
    strangers: Sequence[str]


def to_stream(
    store: Store, config: Config, dataset: Dataset, form: str, output: Path, asked: Asked, window: Window
) -> int:
    """All days one after the other into one file; returns how many there are. The window is taken as it is."""
    cells.prepare(store, sanitize=asked.sanitize)
    asked = replace(asked, window=window)
    wanted = list(days(store, config, dataset, whole_days(window)))
    made: list[Draft] = []
    with output.open("wb") as out:
        for run in runs(wanted, whole=dataset.whole) or [[NO_DAY]]:
            rows = dataset.gather(store, config, asked, run)
            for day in run:
                part = drafts.draft(store, dataset, form, asked, rows, day, output.with_suffix(".part"))
                text = part.path.read_bytes()
                part.path.unlink()
                out.write(text.split(b"\n", 1)[1] if form == "csv" and made else text)
                made.append(part)
    return len(wanted)


def to_folder(
    store: Store,
    config: Config,
    dataset: Dataset,
    form: str,
    to: Path,
    asked: Asked,
    window: Window,
    *,
    at: datetime,
    wait_s: float = 0.0,
) -> Written:
    """DIR/<dataset>/v1/dt=DAY/part-00000.<form>, then manifest.json. The window is widened to whole UTC days.

    A day is gathered and written only when the ledger holds other rows for it than when its file was written, or the
    settings changed. Days outside of the window stay as they are; a day of it without rows goes. Days of a closed month
    are corrected by rows of their own. UsageError when the folder cannot be written or holds what is not ours.
    """
    base, window = to / dataset.name / "v1", whole_days(window)
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", place=str(base), hint="choose another --to") from error
    with manifest.lock(base, wait_s):
        book = _claimed(base, dataset, form, asked)
        for left in base.rglob(manifest.DRAFTS):  # of a run that was killed
            left.unlink()
        cells.prepare(store, sanitize=asked.sanitize)
        reopened = [e for e in book.entries.values() if "corrects" in e and e["corrects"] not in book.closed]
        window = _widened(window, [e["corrects"] for e in reopened])
        found = days(store, config, dataset, window)
        digest = settings_digest(store, config, dataset, asked)
        run = Run(store, config, dataset, form, asked, window, book, found, digest, at)
        run.gone += [e["path"] for e in reopened]
        try:
            run.plan()
            _commit(run)
        finally:
            for draft, _ in run.drafts:
                draft.path.unlink(missing_ok=True)
        return _written(run)


def _claimed(base: Path, dataset: Dataset, form: str, asked: Asked) -> Manifest:
    """The folder's manifest, written at once for a new folder: what lies there from then on is ours."""
    book = manifest.recovered(base)
    fixed = {
        "schema": "llmcost.manifest/1",
        "dataset": dataset.name,
        "format": form,
        "currency": "USD",
        "users": "raw" if asked.raw_users else "hashed",
        "sanitized": asked.sanitize and form == "csv",
        "columns": [f.name for f in dataset.fields(asked)],
    }
    if dataset.by_month:
        fixed["focus_version"] = asked.focus_version
    if not book.head:
        strangers = sorted(p.name for p in base.iterdir() if not p.name.startswith("."))
        if strangers:
            what = f"holds files that llmcost did not write: {', '.join(strangers[:3])}"
            raise UsageError(what, place=str(base), hint="move them away, or choose another --to")
        book.head = fixed
        _put(base / manifest.NAME, book.text())
        return book
    for key in ("dataset", "format", "users", "sanitized", "focus_version"):
        was, now = book.head.get(key), fixed.get(key)
        if was != now:
            raise UsageError(*_other(key, was), place=str(base), hint="choose another --to")
    book.head |= fixed
    return book


def _other(key: str, was: object) -> tuple[str]:
    told = {
        "format": f"the folder holds {was} files",
        "users": f"the folder holds {was} users",
        "sanitized": f"the folder holds text with{'' if was else 'out'} formula protection",
        "focus_version": f"the folder holds FOCUS {was}",
        "dataset": f"the folder holds the dataset {was}",
    }
    return (told[key],)


def _commit(run: Run) -> None:
    """Moves the drafts to their places, between two manifests that say what may lie there."""
    book = run.book
    for _, entry in run.drafts:
        book.entries[entry["path"]] = entry
    for path in run.gone:
        del book.entries[path]
    book.restated += run.restated
    book.head["tool"] = f"llmcost {__version__}"
    book.head["prices_sha256"] = run.store.fact("catalogue")
    moving = [draft for draft, entry in run.drafts if not _holds(draft.final, entry["sha256"])]
    if not moving and book.text() == (book.base / manifest.NAME).read_text(encoding="utf-8"):
        return
    book.head["generated_at"] = run.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    _put(book.base / manifest.NEXT, book.text())
    try:
        for draft in moving:
            draft.path.replace(draft.final)
            manifest.settle(draft.final.parent)
        for path in run.gone:
            (book.base / path).unlink(missing_ok=True)
            with suppress(OSError):  # somebody else keeps a file there
                (book.base / path).parent.rmdir()
        (book.base / manifest.NEXT).replace(book.base / manifest.NAME)
        manifest.settle(book.base)
    except OSError as error:
        raise drafts.refused(error, book.base) from error


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and manifest.digest(path) == sha256


def _put(path: Path, text: str) -> None:
    try:
        manifest.put(path, text)
    except OSError as error:
        raise drafts.refused(error, path) from error


def _widened(window: Window, months: Sequence[str]) -> Window:
    """The window with the whole of these months: what corrected them goes once their days are written again."""
    for month in months:
        first = date.fromisoformat(f"{month}-01")
        since_us, until_us = day_us(f"{month}-01"), day_us((first + timedelta(days=32)).replace(day=1).isoformat())
        window = Window(
            None if window.since_us is None else min(window.since_us, since_us),
            None if window.until_us is None else max(window.until_us, until_us),
        )
    return window


def _written(run: Run) -> Written:
    book, base = run.book, run.book.base
    entries = book.entries.values()
    costs = [Decimal(e["sum_cost"]) for e in entries if e["sum_cost"] is not None]
    known = {base / path for path in book.entries}
    inside = (p for p in base.rglob("*") if p.is_file() and not p.name.startswith(".") and p.name != manifest.NAME)
    return Written(
        dataset=run.dataset.name,
        folder=str(base),
        days=len(run.found),
        files=len(entries),
        new=sum(1 for _, e in run.drafts if "corrects" not in e and e["dt"] not in run.parts),
        restated=dict(Counter(one["reason"] for one in run.restated if "booked" not in one)),
        removed=len(run.gone),
        corrections=sum(1 for _, e in run.drafts if "corrects" in e),
        rows=sum(e["rows"] for e in entries),
        cost=sum(costs, Decimal(0)) if costs else None,
        data_until_us=run.store.newest_us(),
        strangers=sorted(p.relative_to(base).as_posix() for p in inside if p not in known),
    )
