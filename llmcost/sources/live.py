"""Live files: a log that grew is read on from where its last full line ended; one that was only renamed is not read again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from llmcost.resources import sql
from llmcost.sources import files, plain, recognise
from llmcost.sources.files import EDGE_BYTES, LogFile
from llmcost.sources.plain import CHUNK_BYTES
from llmcost.store import Store

UNFINISHED = "not finished yet"
"""Why the last line of a log that is still being written is passed over: it waits for the next reading."""

MANY_ALIKE = 20
"""Of files that begin with the same line, so many are compared; one that is missed is read whole, which costs time only."""


@dataclass(frozen=True)
class Seen:
    """A file as an earlier reading left it: a row of the table `files`."""

    path: str
    bytes: int
    mtime_ns: int
    fingerprint: str
    source: str
    lines: int
    requests: int
    new_rows: int
    duplicates: int
    quarantined: int
    skipped: dict[str, int]
    read_bytes: int | None
    """Where to read on; None or 0 for what can only be read whole."""
    read_lines: int | None
    """The lines until there, one without its line end too."""
    read_digest: str | None
    first_line_digest: str | None
    before_seq: int | None
    """The rows of this file have a higher `seq`: those of an older file of this name do not count."""


@dataclass(frozen=True)
class Place:
    """Where the next reading of a file goes on, and by what it knows that the file still begins as it did."""

    read_bytes: int | None = None
    read_lines: int | None = None
    read_digest: str | None = None
    first_line_digest: str | None = None


def follow(store: Store, logs: Sequence[LogFile]) -> tuple[dict[str, Seen], dict[str, Seen]]:
    """What earlier readings left of the files that stayed as they were, and of those that grew, by the names they have now.

    A file that has another name now is renamed in the ledger too, so that its rows and lines can still be found.
    """
    seen = [Seen(*row) for row in store.rows(sql("sources/known_files.sql"))]
    by_name = {s.path: s for s in seen}
    alike: dict[object, list[Seen]] = defaultdict(list)
    for s in sorted(seen, key=lambda s: -(s.read_bytes or 0)):
        if s.path != "-":
            alike[s.bytes, s.fingerprint].append(s)
            if s.read_bytes:
                alike[s.first_line_digest].append(s)
    same: dict[str, Seen] = {}
    grown: dict[str, Seen] = {}
    renamed: dict[str, LogFile] = {}
    for log in logs:
        was = by_name.get(log.name)
        if was is None or not (_is_same(log, was) or _grew(log, was)):
            was = _under_another_name(log, alike, renamed) if alike and log.name != "-" else None
        if was is not None:
            (same if _is_same(log, was) else grown)[log.name] = was
            if was.path not in (log.name, *renamed) and not _is_there(was):
                renamed[was.path] = log
    if renamed:
        now = [(old, log.name, log.bytes, log.mtime_ns) for old, log in renamed.items()]
        store.run("CREATE OR REPLACE TEMP TABLE renamed (old VARCHAR, new VARCHAR, bytes BIGINT, mtime_ns BIGINT)")
        store.load("renamed", ("old", "new", "bytes", "mtime_ns"), now)
        with store.transaction():
            store.run(sql("sources/rename_files.sql"))
    return same, grown


def _under_another_name(
    log: LogFile, alike: Mapping[object, Sequence[Seen]], renamed: Mapping[str, LogFile]
) -> Seen | None:
    """The file that this one was when it was read; of what it only holds a copy, it must not hold more."""
    for was in alike.get((log.bytes, log.fingerprint), ()):
        if _is_same(log, was):
            return was
    for was in alike.get(_first_line_digest(log.path), ())[:MANY_ALIKE]:
        if was.path not in renamed and _grew(log, was) and not _is_there(was):
            return was
    return None


def _is_same(log: LogFile, was: Seen) -> bool:
    """Whether the file holds what it held: every byte of it is in the fingerprint, or nobody wrote to it since."""
    return (log.bytes, log.fingerprint) == (was.bytes, was.fingerprint) and (
        log.mtime_ns == was.mtime_ns or log.bytes <= 2 * EDGE_BYTES
    )


def _grew(log: LogFile, was: Seen) -> bool:
    """Whether the file still begins with what was read, and goes on where a line ended."""
    if not was.read_bytes or log.bytes <= was.read_bytes or log.fingerprint == was.fingerprint:
        return False
    if files.edge_digest(log.path, was.read_bytes) != was.read_digest:
        return False
    return _line_end(log, was.read_bytes) is not None


def _line_end(log: LogFile, at: int) -> int | None:
    """The bytes of the line end that is still to come after what was read; None when more of that line came."""
    with log.path.open("rb") as file:
        file.seek(at - 1)
        if file.read(1) == b"\n":
            return 0
        following = file.read(min(2, log.bytes - at))
    return 2 if following == b"\r\n" else 1 if following == b"\r" or following[:1] == b"\n" else None


def _is_there(was: Seen) -> bool:
    """Whether the name still leads to what was read: then another file with the same content is a copy."""
    path = Path(was.path)
    with suppress(OSError):
        size = path.stat().st_size
        if was.read_bytes and size >= was.read_bytes:
            return files.edge_digest(path, was.read_bytes) == was.read_digest
        return size == was.bytes and files.edge_digest(path, size) == was.fingerprint
    return False


def rest(log: LogFile, was: Seen, temporary: Path) -> LogFile:
    """The part of a log that was not read yet, as a file of its own that does not grow while it is read."""
    part = temporary / f"rest-{log.fingerprint}-{was.read_bytes}"
    at = was.read_bytes or 0
    begin = at + (_line_end(log, at) or 0)
    with log.path.open("rb") as file, part.open("wb") as out:
        file.seek(begin)
        left = log.bytes - begin
        while left and (chunk := file.read(min(left, CHUNK_BYTES))):
            left -= out.write(chunk)
    return replace(log, path=part, bytes_before=at, lines_before=was.read_lines or 0)


def place(log: LogFile, physical_lines: int | None) -> Place:
    """Where the next reading goes on. `physical_lines` counts the lines of what was read now, the blank and unfinished ones too."""
    path = Path(log.name)
    try:
        last = _last_line(path, log.bytes)
        waiting = b"" if _is_record(last) else last
        read_bytes = log.bytes - len(waiting)
        if physical_lines is None or path.stat().st_size != log.bytes:
            read_lines = _line_ends(path, log.bytes) + bool(last) - bool(waiting)
        else:
            read_lines = log.lines_before + physical_lines - bool(waiting)
        if not read_bytes:
            return Place()
        return Place(read_bytes, read_lines, files.edge_digest(path, read_bytes), _first_line_digest(path))
    except OSError:
        # gone meanwhile: what comes under this name is another file
        return Place()


def is_unfinished(line: bytes) -> bool:
    """Whether this last line of a live file waits for its end."""
    return not line.endswith(b"\n") and not _is_record(line)


def only_unfinished(log: LogFile) -> bool:
    """Whether a live file holds nothing yet but the beginning of its first record."""
    lines = [line for _, line in islice(plain.numbered_lines(log.path), 2)]
    return len(lines) == 1 and lines[0].lstrip(b"\xef\xbb\xbf \t").startswith(b"{") and is_unfinished(lines[0])


def _is_record(line: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(recognise.decode(line), dict)
    return False


def _last_line(path: Path, size: int) -> bytes:
    """What stands after the last line end of the first `size` bytes."""
    last = b""
    with path.open("rb") as file:
        while size:
            step = min(size, EDGE_BYTES)
            size -= step
            file.seek(size)
            last = file.read(step) + last
            if (end := last.rfind(b"\n")) >= 0:
                return last[end + 1 :]
    return last


def _line_ends(path: Path, size: int) -> int:
    """How many lines end in the first `size` bytes."""
    count = 0
    with path.open("rb") as file:
        while size and (chunk := file.read(min(size, CHUNK_BYTES))):
            size -= len(chunk)
            count += chunk.count(b"\n")
    return count


def _first_line_digest(path: Path) -> str | None:
    """What a file keeps for life, whatever is added to it and whatever its name; None while it is empty."""
    with path.open("rb") as file:
        line = file.readline(EDGE_BYTES).strip()
    return hashlib.blake2b(line, digest_size=16).hexdigest() if line else None
