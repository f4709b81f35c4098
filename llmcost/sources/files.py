"""Files as they lie around: folders, globs, stdin, gzip, zstd, UTF-16, JSON documents; turned into something SQL can read."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shutil
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path

from llmcost.errors import LlmcostError, UsageError, nearest
from llmcost.sources import postgres_dump, streams
from llmcost.sources.json_text import clean, inside, is_lines, is_object, values
from llmcost.sources.plain import CHUNK_BYTES, ZSTD_MAGIC, is_whole_zstd, numbered_lines, stream
from llmcost.store import Store, quote_text

LOG_SUFFIXES = (
    *(".jsonl", ".jsonl.out", ".ndjson", ".json", ".log", ".sse", ".csv", ".tsv", ".parquet"),
    *(".db", ".sqlite", ".sqlite3"),
)
PACKED_SUFFIXES = (".gz", ".zst")
ROTATED = re.compile(r"[.-][0-9-]{1,10}$")
"""What rotation puts after the suffix: app.log.1, app.log-20261031, app.log.2026-10-31."""
EDGE_BYTES = 64 * 1024
CSV_BUFFERS = f"max_line_size = {8 << 20}, buffer_size = {16 << 20}"
"""By itself the engine would take sixteen times the longest line for each buffer."""


@dataclass(frozen=True)
class LogFile:
    """A file to read. `name` is how the user called it; `path` is what is read, a temporary copy where that is needed.

    `shape` is jsonl, csv, parquet or empty. `lines` is the line of every record where they do not simply follow each other.
    """

    name: str
    path: Path
    bytes: int
    mtime_ns: int
    fingerprint: str
    shape: str = "jsonl"
    delimiter: str = ","
    compression: str = "none"
    lines: Sequence[int] | None = None
    folded: int = 0
    """Events of streams beyond the one that became the record of each answer."""
    note: str | None = None
    """What was lost on the way, for people: a truncated archive."""
    asked_for: bool = True
    """Named by the user; a file only met in a folder may turn out to be no log."""
    live: bool = False
    """JSON lines read where they lie, so that more of them may come."""
    bytes_before: int = 0
    """How much of the file was read before; `path` holds the rest."""
    lines_before: int = 0

    @property
    def head_lines(self) -> int:
        """The lines of `path` before its first record, where no line is blank."""
        return 1 if self.shape == "csv" else 0

    @property
    def first_line(self) -> int:
        """The line of the first record, where no line is blank."""
        return self.lines_before + self.head_lines + 1


def expand(paths: Iterable[str], temporary: Path, skip: frozenset[Path] = frozenset()) -> list[LogFile]:
    """All log files under `paths` in a fixed order, each once. `skip` are files that are known to be no logs."""
    found: dict[Path, LogFile] = {}
    for text in paths:
        if text == "-":
            spool = temporary / "stdin"
            with spool.open("wb") as out:
                shutil.copyfileobj(sys.stdin.buffer, out)
            found[spool] = _log_file("-", spool, asked_for=True)
            continue
        path = Path(text)
        inside: list[tuple[Path, bool]]
        if path.is_dir():
            inside = [(p, False) for p in sorted(path.rglob("*")) if p.is_file() and _looks_like_log(p)]
            if not inside:
                raise UsageError(
                    "the folder holds no log files",
                    place=text,
                    hint=f"looked for {', '.join(LOG_SUFFIXES)}, also packed",
                )
        elif path.exists():
            inside = [(path, True)]
        elif has_magic(text):
            inside = [(Path(p), True) for p in sorted(glob(text, recursive=True)) if Path(p).is_file()]
            if not inside:
                raise UsageError(
                    "the pattern matches no file", place=text, hint="quote it, and mind that ** needs a slash after it"
                )
        else:
            raise UsageError("no such file or folder", place=text, hint=_near_path(path))
        for file, asked_for in inside:
            real = file.resolve()
            if real not in skip and real not in found:
                found[real] = _log_file(str(file), file, asked_for=asked_for)
    return list(found.values())


def _looks_like_log(path: Path) -> bool:
    name = path.name.lower()
    for suffix in PACKED_SUFFIXES:
        name = name.removesuffix(suffix)
    name = ROTATED.sub("", name)
    return name.endswith(LOG_SUFFIXES) and not path.name.startswith(".")


def _near_path(path: Path) -> str | None:
    folder = path.parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    return nearest(path.name, names) or f"is the folder right? ({folder.resolve()})"


def _log_file(name: str, path: Path, *, asked_for: bool) -> LogFile:
    try:
        stat = path.stat()
        fingerprint = edge_digest(path, stat.st_size)
        # what was last written to a database may stand in its journal alone
        journal = Path(f"{path}-wal")
        if journal.exists():
            fingerprint += f" {journal.stat().st_size} {journal.stat().st_mtime_ns}"
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=name) from error
    return LogFile(name, path, stat.st_size, stat.st_mtime_ns, fingerprint, asked_for=asked_for)


def edge_digest(path: Path, size: int) -> str:
    """A digest of the two edges of the first `size` bytes."""
    with path.open("rb") as file:
        state = hashlib.blake2b(file.read(min(size, EDGE_BYTES)), digest_size=16)
        if size > EDGE_BYTES:
            file.seek(size - EDGE_BYTES)
            state.update(file.read(EDGE_BYTES))
    return state.hexdigest()


def prepare(log: LogFile, temporary: Path, scratch: Store) -> LogFile:
    """The same log in a form SQL can read: unpacked, UTF-8, one record a line. UsageError for what is no text."""
    original = log.path
    with original.open("rb") as file:
        magic = file.read(16)
    if magic[:4] == b"PAR1":
        return replace(log, shape="parquet")
    if magic[:5] == b"PGDMP":
        raise UsageError(
            "a Postgres dump in the custom format cannot be read",
            place=log.name,
            hint="pg_restore -f dump.sql THIS_FILE makes text of it",
        )
    if magic[:2] == b"PK":
        raise UsageError("zip archives cannot be read", place=log.name, hint="unpack it and name the folder")
    if magic[:4] == ZSTD_MAGIC:
        log = _unzstd(log, temporary, scratch)
    elif magic[:2] == b"\x1f\x8b":
        log = _checked_gzip(log, temporary)
    if _head(log.path)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        log = replace(log, path=_utf8(log, temporary), compression="none")
    ready = _shaped(log, _head(log.path).removeprefix(b"\xef\xbb\xbf").lstrip(), temporary)
    is_as_it_lies = (ready.shape, ready.path, ready.compression) == ("jsonl", original, "none")
    return replace(ready, live=is_as_it_lies and log.name != "-")


def _shaped(log: LogFile, text: bytes, temporary: Path) -> LogFile:
    """Tells from the first megabytes what a text holds."""
    if not text:
        return replace(log, shape="empty")
    if b"\0" in text[:1024]:
        raise UsageError(
            "this is no text", place=log.name, hint="logs are JSON lines, JSON, CSV or Parquet, also packed"
        )
    if postgres_dump.BEGIN.match(text):
        return _dumped(log, temporary)
    if streams.is_sse(text[:CHUNK_BYTES].decode("utf-8", "replace")):
        return _streams(log, temporary, is_sse=True)
    if text[:1] == b"[" or (text[:1] == b"{" and not is_lines(text)):
        return _document(log, temporary)
    if streams.holds_events(text):
        return _streams(log, temporary)
    if any(is_object(line) for line in text.split(b"\n", SHAPE_LINES)[:SHAPE_LINES]):
        return log
    header = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    counts = {mark: header.count(mark) for mark in (",", "\t", ";", "|")}
    delimiter = max(counts, key=lambda mark: counts[mark])
    is_csv = (
        counts[delimiter] and text[:1] != b"{" and not re.search(r"\.(jsonl|ndjson)(\.gz|\.zst)?$", log.name.lower())
    )
    return replace(log, shape="csv", delimiter=delimiter) if is_csv else log


SHAPE_LINES = 50
"""So many lines decide whether a text is JSON lines: the first ones may be talk of a starting server."""


def _head(path: Path) -> bytes:
    with stream(path) as file:
        try:
            return file.read(4 * CHUNK_BYTES)
        except (EOFError, zlib.error, OSError):
            return b""


def _checked_gzip(log: LogFile, temporary: Path) -> LogFile:
    """A damaged archive is read as far as it goes; the engine would drop all of it."""
    try:
        with gzip.open(log.path, "rb") as file:
            while file.read(8 * CHUNK_BYTES):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        plain = temporary / f"gunzip-{log.fingerprint}"
        kept = 0
        with gzip.open(log.path, "rb") as file, plain.open("wb") as out:
            try:
                # read1: what was unpacked before the damage is not lost with it
                while chunk := file.read1(CHUNK_BYTES):
                    kept += out.write(chunk)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                pass
        return replace(log, path=plain, note=f"the archive is damaged ({error}); {kept:,} bytes of it were read")
    return replace(log, compression="gzip")


def _unzstd(log: LogFile, temporary: Path, scratch: Store) -> LogFile:
    """Unpacked by the engine, which reads the lines as a CSV of one column whose marks occur in no log."""
    plain = temporary / f"unzstd-{log.fingerprint}"
    marks = "delim = '\x02', quote = '', escape = '', header = false, auto_detect = false"
    lines = f"columns = {{'line': 'VARCHAR'}}, {marks}, null_padding = true, strict_mode = false, {CSV_BUFFERS}"
    try:
        scratch.run(
            f"COPY (SELECT line FROM read_csv({quote_text(str(log.path))}, {lines}, compression = 'zstd')) TO {quote_text(str(plain))} "
            "(FORMAT csv, HEADER false, DELIMITER '\x02', QUOTE '', ESCAPE '', NULLSTR '')"
        )
    except LlmcostError as error:
        raise UsageError("the engine cannot unpack this file", place=log.name, hint="unpack it with zstd -d") from error
    if is_whole_zstd(log.path):
        return replace(log, path=plain)
    # the engine takes the end of a cut archive for the end of the text
    if not plain.stat().st_size:
        raise UsageError("the archive is damaged", place=log.name, hint="zstd -t tells more")
    return replace(log, path=plain, note=f"the archive is damaged; {plain.stat().st_size:,} bytes of it were read")


def _utf8(log: LogFile, temporary: Path) -> Path:
    plain = temporary / f"utf8-{log.fingerprint}"
    with (
        stream(log.path) as file,
        io.TextIOWrapper(file, encoding="utf-16", errors="replace", newline="") as text,
        plain.open("w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(text, out)
    return plain


def _document(log: LogFile, temporary: Path) -> LogFile:
    """A JSON array, pretty-printed JSON, or one object around a list: written out as one record a line, with its line number."""
    # what is broken stays broken, for the reader of the lines to say so
    items = (
        (line, inner if isinstance(inner, dict) else None, "{" if record is None else clean(inner))
        for line, record in values(log.path)
        for inner in (inside(record) or [record])
    )
    return _written(log, temporary, streams.fold(items))


def _streams(log: LogFile, temporary: Path, *, is_sse: bool = False) -> LogFile:
    """Streams of events, one after the other and among other records: one record for each answer, at its first event."""
    return _written(log, temporary, streams.fold(streams.events(numbered_lines(log.path, blank=True)), is_sse=is_sse))


def _written(log: LogFile, temporary: Path, items: Iterable[streams.Fold]) -> LogFile:
    """Records on lines of their own: as they stood there, where they still do."""
    plain = temporary / f"records-{log.fingerprint}"
    lines = array("q")
    folded = 0
    with plain.open("w", encoding="utf-8") as out:
        for line, record, raw, events in items:
            out.write((clean(record) if raw is None else raw) + "\n")
            lines.append(line)
            folded += events - 1
    return replace(log, path=plain, lines=lines, folded=folded, shape="jsonl" if lines else "empty", compression="none")


def _dumped(log: LogFile, temporary: Path) -> LogFile:
    """The rows of LiteLLM's table of spend in a plain Postgres dump, as JSON lines with their line numbers."""
    plain = temporary / f"dump-{log.fingerprint}"
    lines = array("Q")
    try:
        with plain.open("w", encoding="utf-8") as out:
            for line, record in postgres_dump.rows(log.path):
                # a row that was cut off stays broken, for the reader of the lines to say so
                out.write((clean(record) if record is not None else "{") + "\n")
                lines.append(line)
    except postgres_dump.NoTableError:
        raise UsageError(
            "the Postgres dump has no rows of LiteLLM_SpendLogs",
            place=log.name,
            hint="""dump that table: pg_dump --data-only --table '"LiteLLM_SpendLogs"', without --inserts""",
        ) from None
    return replace(log, path=plain, lines=lines, compression="none", shape="jsonl" if lines else "empty")
