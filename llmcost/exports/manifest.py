"""manifest.json: which files belong to an export and what they hold; written last, so it never names what is not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from llmcost.errors import StoreError, UsageError

NAME = "manifest.json"
NEXT = ".manifest.next"
"""The manifest of a run that is moving its files: until it stands as manifest.json, a file may be what either says."""
DRAFT = ".llmcost-{}.tmp"
DRAFTS = ".llmcost-*.tmp"
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

Entry = dict[str, Any]
NOTHING: Mapping[str, Any] = {"rows": 0, "facts": "", "prices": ""}


@dataclass
class Manifest:
    """What a folder of exports holds. `entries` by path; `state` of closed days that have been corrected, by day."""

    base: Path
    head: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    restated: list[Mapping[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    corrected: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def parts(self) -> dict[str | None, Entry]:
        """The file of each day."""
        return {e["dt"]: e for e in self.entries.values() if "corrects" not in e}

    def is_closed(self, day: str | None) -> bool:
        return day is not None and day[:7] in self.closed

    def state(self, day: str | None) -> Mapping[str, Any]:
        """What the ledger held of a day when its file, or the last correction of it, was written."""
        was = self.parts().get(day)
        return self.corrected.get(day or "") or (was["ledger"] if was else NOTHING)

    def text(self) -> str:
        document = {
            **self.head,
            "closed": sorted(self.closed),
            "files": [self.entries[path] for path in sorted(self.entries)],
            "restated": self.restated,
            "corrected": {day: self.corrected[day] for day in sorted(self.corrected)},
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read(base: Path) -> Manifest:
    """The manifest of a folder; an empty one when there is none. UsageError when it cannot be understood."""
    return _read(base / NAME, base)


def recovered(base: Path) -> Manifest:
    """The manifest, after a run that was cut off while it moved its files: what has arrived is taken as it says."""
    found = read(base)
    if not (base / NEXT).exists():
        return found
    after = _read(base / NEXT, base, strict=False)
    for path, entry in after.entries.items():
        if found.entries.get(path) != entry and (base / path).is_file() and digest(base / path) == entry["sha256"]:
            found.entries[path] = entry
            found.corrected |= {day: after.corrected[day] for day in entry.get("days", ()) if day in after.corrected}
    for path in [path for path in found.entries if path not in after.entries and not (base / path).exists()]:
        del found.entries[path]
    if after.head:
        found.restated = after.restated
    put(base / NAME, found.text())
    (base / NEXT).unlink()
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expected(base: Path) -> tuple[Manifest, dict[str, set[str]]]:
    """The manifest, and by path the digests that its file may have."""
    found, after = read(base), _read(base / NEXT, base, strict=False)
    digests: dict[str, set[str]] = {path: {entry["sha256"]} for path, entry in found.entries.items()}
    for path, entry in after.entries.items():
        if path in digests:
            digests[path].add(entry["sha256"])
    return found, digests


def _read(path: Path, base: Path, *, strict: bool = True) -> Manifest:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Manifest(base)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path)) from error
    try:
        document = json.loads(text)
        entries = {entry["path"]: entry for entry in document.pop("files")}
        for entry in entries.values():
            if entry["dt"] is not None:
                date.fromisoformat(entry["dt"])
        restated, closed, corrected = (document.pop(name) for name in ("restated", "closed", "corrected"))
        return Manifest(base, document, entries, restated, closed, corrected)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if not strict:
            return Manifest(base)
        hint = "restore it, or export to another folder"
        raise UsageError("the manifest is damaged", place=str(path), hint=hint) from error


def put(path: Path, text: str) -> None:
    """A file whole or not at all; on the disk when this returns."""
    draft = path.with_name(DRAFT.format(os.urandom(8).hex()))
    try:
        with draft.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        settle(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Renames in this folder are on the disk when this returns, where the system can promise it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def lock(base: Path, wait_s: float) -> Iterator[None]:
    """One run at a time in a folder: a second one waits, then is refused (exit 5). The lock goes with the process, however it ends."""
    try:
        handle = os.open(base / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        hint = "choose another --to, or free some space"
        raise UsageError(f"cannot be written: {error.strerror}", place=str(base), hint=hint) from error
    try:
        _wait(handle, base, monotonic() + wait_s)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, base: Path, deadline: float) -> None:
    try:
        import fcntl
    except ImportError:  # a system without flock: the files are still written whole
        return
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if monotonic() >= deadline:
                hint = "wait for it to end, or allow more time with --wait SECONDS"
                raise StoreError("another export is writing there", place=str(base), hint=hint) from error
            sleep(0.1)
        else:
            return
