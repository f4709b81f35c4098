"""Writes a dataset: one stream, or a folder of days with a manifest; each file whole or not at all, unchanged ones untouched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost import __version__
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import StoreError, UsageError
from llmcost.exports.datasets import Dataset
from llmcost.model import Table
from llmcost.render import render, write
from llmcost.store import Store
from llmcost.windows import Window

UNDATED = "undated"
ENDINGS = {"csv": "csv", "ndjson": "ndjson"}


@dataclass(frozen=True)
class Written:
    """What an export did: files in the manifest, how many were new or changed, rows in all."""

    folder: str
    files: int
    changed: int
    removed: int
    rows: int
    cost: Decimal | None


def to_stream(store: Store, config: Config, dataset: Dataset, form: str, output: str | None, where: Condition | None, window: Window) -> None:
    """All days one after the other, to stdout or one file (replaced whole)."""
    parts = []
    for number, (_, rows) in enumerate(dataset.read(store, config, where, window)):
        text = render(dataset.table(rows), form)
        parts.append(text.split("\n", 1)[1] if form == "csv" and number else text)
    if not parts:
        parts = [render(dataset.table([]), form)]
    write("".join(parts), output)


def to_folder(store: Store, config: Config, dataset: Dataset, form: str, to: Path, where: Condition | None, window: Window) -> Written:
    """DIR/<dataset>/v1/dt=DAY/part-00000.<form>, then manifest.json. UsageError when the folder cannot be written."""
    base = to / dataset.name / "v1"
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", place=str(base), hint="choose another --to") from error
    with _lock(base):
        before = _manifest(base)
        entries: dict[str, dict[str, Any]] = {}
        changed = 0
        for day, rows in dataset.read(store, config, where, window):
            name = f"dt={day or UNDATED}/part-00000.{ENDINGS[form]}"
            text = render(dataset.table(rows), form)
            digest = hashlib.sha256(text.encode()).hexdigest()
            path = base / name
            if not (path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest):
                path.parent.mkdir(exist_ok=True)
                write(text, str(path))
                changed += 1
            entries[name] = _entry(name, day, rows, text, digest, dataset)
        removed = 0
        if window == Window() and where is None:
            # the whole ledger was exported: what an older run left for days that are gone, goes
            for name in set(before) - set(entries):
                (base / name).unlink(missing_ok=True)
                removed += 1
            kept = entries
        else:
            kept = before | entries
        manifest = {
            "schema": "llmcost.manifest/1",
            "dataset": dataset.name,
            "format": form,
            "tool": f"llmcost {__version__}",
            "currency": "USD",
            "prices_sha256": next((r[0] for r in store.rows("SELECT value FROM meta WHERE name = 'catalogue'")), None),
            "columns": [c.name for c in dataset.columns],
            "files": [kept[name] for name in sorted(kept)],
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        path = base / "manifest.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write(text, str(path))
    costs = [Decimal(e["sum_cost"]) for e in entries.values() if e["sum_cost"] is not None]
    return Written(str(base), len(kept), changed, removed, sum(e["rows"] for e in entries.values()), sum(costs, Decimal(0)) if costs else None)


def _entry(name: str, day: str | None, rows: list[list[Any]], text: str, digest: str, dataset: Dataset) -> dict[str, Any]:
    place = next(i for i, c in enumerate(dataset.columns) if c.name == "cost")
    costs = [row[place] for row in rows if row[place] is not None]
    total = f"{sum(costs, Decimal(0)):.12f}" if costs else None
    return {"path": name, "dt": day, "rows": len(rows), "bytes": len(text.encode()), "sha256": digest, "sum_cost": total}


def _manifest(base: Path) -> dict[str, dict[str, Any]]:
    path = base / "manifest.json"
    if not path.is_file():
        return {}
    try:
        return {entry["path"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("the manifest is damaged", place=str(path), hint="delete it; the next export writes it anew") from error


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
    from llmcost.model import Column

    columns = [Column("folder", "text"), Column("files", "count"), Column("changed", "count"), Column("removed", "count"), Column("rows", "count"), Column("cost", "cost")]
    return Table("llmcost.export/1", "Exported", columns, [[done.folder, done.files, done.changed, done.removed, done.rows, done.cost]])
