"""Writes a dataset: one stream, or a folder of days with a manifest; each file whole or not at all, unchanged ones untouched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost import __version__
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import StoreError, UsageError
from llmcost.exports.datasets import Dataset
from llmcost.model import Column, Table
from llmcost.render import render, write
from llmcost.store import Store
from llmcost.windows import DAY_US, Window, whole_days

UNDATED = "undated"
FORMATS = ("csv", "ndjson")


@dataclass(frozen=True)
class Written:
    """What an export did: files in the manifest, how many were new or changed, rows in all."""

    folder: str
    files: int
    changed: int
    removed: int
    rows: int
    cost: Decimal | None


def to_stream(
    store: Store,
    config: Config,
    dataset: Dataset,
    form: str,
    output: str | None,
    where: Condition | None,
    window: Window,
) -> None:
    """All days one after the other, to stdout or one file (replaced whole)."""
    parts = []
    for number, (_, rows) in enumerate(dataset.read(store, config, where, window)):
        text = render(dataset.table(rows), form)
        parts.append(text.split("\n", 1)[1] if form == "csv" and number else text)
    if not parts:
        parts = [render(dataset.table([]), form)]
    write("".join(parts), output)


def to_folder(
    store: Store, config: Config, dataset: Dataset, form: str, to: Path, where: Condition | None, window: Window
) -> Written:
    """DIR/<dataset>/v1/dt=DAY/part-00000.<form>, then manifest.json. The window is widened to whole UTC days.

    Days outside of it stay as they are; a day of it without rows goes. UsageError when the folder cannot be written.
    """
    base, window = to / dataset.name / "v1", whole_days(window)
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", place=str(base), hint="choose another --to") from error
    with _lock(base):
        before = _manifest(base, form)
        entries: dict[str, dict[str, Any]] = {}
        changed = 0
        for day, rows in dataset.read(store, config, where, window):
            name = _name(day, form)
            text = render(dataset.table(rows), form)
            entries[name] = _entry(name, day, rows, text, dataset)
            changed += _write_if_new(text, base / name)
        kept = {name: entry for name, entry in before.items() if not _covers(window, entry["dt"])} | entries
        manifest = {
            "schema": "llmcost.manifest/1",
            "dataset": dataset.name,
            "format": form,
            "tool": f"llmcost {__version__}",
            "currency": "USD",
            "prices_sha256": store.fact("catalogue"),
            "columns": [c.name for c in dataset.columns],
            "files": [kept[name] for name in sorted(kept)],
        }
        _write_if_new(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", base / "manifest.json")
        removed = _tidy(base, set(kept), window)
    costs = [Decimal(e["sum_cost"]) for e in entries.values() if e["sum_cost"] is not None]
    return Written(
        str(base),
        len(kept),
        changed,
        removed,
        sum(e["rows"] for e in entries.values()),
        sum(costs, Decimal(0)) if costs else None,
    )


def _name(day: str | None, form: str) -> str:
    return f"dt={day or UNDATED}/part-00000.{form}"


def _covers(window: Window, day: str | None) -> bool:
    """Whether a window of whole days holds this day; rows without time are in no window but the open one."""
    if day is None:
        return window == Window()
    at_us = (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_US
    return (window.since_us is None or window.since_us <= at_us) and (
        window.until_us is None or at_us < window.until_us
    )


def _write_if_new(text: str, path: Path) -> bool:
    """A file that holds this text already is not touched, so that a sync moves only what changed."""
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be made: {error.strerror}", place=str(path.parent), hint="choose another --to"
        ) from error
    write(text, str(path))
    return True


def _tidy(base: Path, kept: set[str], window: Window) -> int:
    """Removes the files of days that have no rows any more, and the drafts of a run that was killed; returns how many days."""
    for draft in base.rglob(".llmcost-*.tmp"):
        draft.unlink()
    removed = 0
    for path in base.glob("dt=*/part-00000.*"):
        if path.relative_to(base).as_posix() not in kept and _covers(window, _day(path.parent.name)):
            path.unlink()
            removed += 1
            with suppress(OSError):  # somebody else keeps a file there
                path.parent.rmdir()
    return removed


def _day(folder: str) -> str | None:
    day = folder.removeprefix("dt=")
    return None if day == UNDATED else day


def _entry(name: str, day: str | None, rows: list[list[Any]], text: str, dataset: Dataset) -> dict[str, Any]:
    place = next(i for i, c in enumerate(dataset.columns) if c.name == "cost")
    costs = [row[place] for row in rows if row[place] is not None]
    total = f"{sum(costs, Decimal(0)):.12f}" if costs else None
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    return {"path": name, "dt": day, "rows": len(rows), "bytes": len(data), "sha256": digest, "sum_cost": total}


def _manifest(base: Path, form: str) -> dict[str, dict[str, Any]]:
    """The files of the last run by their paths. UsageError when they are of another format: a reader would take both."""
    path = base / "manifest.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        entries = {entry["path"]: entry for entry in found["files"]}
        days = [day and date.fromisoformat(day) for day in (entry["dt"] for entry in entries.values())]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "the manifest is damaged", place=str(path), hint="delete it; the next export writes it anew"
        ) from error
    if days and found["format"] != form:
        hint = f"--format {found['format']}, or another --to"
        raise UsageError(f"the folder holds {found['format']} files", place=str(base), hint=hint)
    return entries


@contextmanager
def _lock(base: Path) -> Iterator[None]:
    """One export at a time: a second one is refused (exit 5). The lock goes with the process, however it ends."""
    path = base / ".lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # a system without flock: the files are still written whole
            pass
        except OSError as error:
            raise StoreError("another export is writing there", place=str(base), hint="wait for it to end") from error
        yield
    finally:
        os.close(handle)


def summary(done: Written) -> Table:
    """What the export did, for people and scripts."""
    columns = [
        Column("folder", "text"),
        Column("files", "count"),
        Column("changed", "count"),
        Column("removed", "count"),
        Column("rows", "count"),
        Column("cost", "cost"),
    ]
    return Table(
        "llmcost.export/1",
        "Exported",
        columns,
        [[done.folder, done.files, done.changed, done.removed, done.rows, done.cost]],
    )
