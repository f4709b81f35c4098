"""Files as they lie around: folders, globs, stdin, gzip, zstd, UTF-16, JSON documents; turned into something SQL can read."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import zlib
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from llmcost.errors import LlmcostError, UsageError, nearest
from llmcost.sources import streams
from llmcost.store import Store, quote_text

LOG_SUFFIXES = (
    *(".jsonl", ".jsonl.out", ".ndjson", ".json", ".log", ".sse", ".csv", ".tsv", ".parquet"),
    *(".db", ".sqlite", ".sqlite3"),
)
PACKED_SUFFIXES = (".gz", ".zst")
ROTATED = re.compile(r"[.-][0-9-]{1,10}$")
"""What rotation puts after the suffix: app.log.1, app.log-20261031, app.log.2026-10-31."""
EDGE_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20
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


def packing(path: Path) -> str:
    """How the file is packed, by its first bytes: gzip, zstd or none."""
    with path.open("rb") as file:
        magic = file.read(4)
    return "zstd" if magic == ZSTD_MAGIC else "gzip" if magic[:2] == b"\x1f\x8b" else "none"


def _shaped(log: LogFile, text: bytes, temporary: Path) -> LogFile:
    """Tells from the first megabytes what a text holds."""
    if not text:
        return replace(log, shape="empty")
    if b"\0" in text[:1024]:
        raise UsageError(
            "this is no text", place=log.name, hint="logs are JSON lines, JSON, CSV or Parquet, also packed"
        )
    if PG_DUMP.match(text):
        return _dumped(log, temporary)
    if streams.is_sse(text[:CHUNK_BYTES].decode("utf-8", "replace")):
        return _streams(log, temporary, is_sse=True)
    if text[:1] == b"[" or (text[:1] == b"{" and not _is_lines(text)):
        return _document(log, temporary)
    if streams.holds_events(text):
        return _streams(log, temporary)
    if any(_is_object(line) for line in text.split(b"\n", SHAPE_LINES)[:SHAPE_LINES]):
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

ENVELOPES = ("data", "result", "logs", "records", "items", "rows", "results", "spans", "responses")
ENVELOPE_START = re.compile(rb'\{\s*"(%s)"\s*:\s*\[\s*\{' % "|".join(ENVELOPES).encode())


def _is_object(line: bytes) -> bool:
    """Whether the line is a JSON object, also one that stands in a string."""
    text = line.strip().rstrip(b",")
    if text[:1] not in (b"{", b'"'):
        return False
    try:
        value = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, str) and value[:1] == "{")


def _is_lines(text: bytes) -> bool:
    """Whether a text that begins with `{` is JSON lines, and not one printed over many lines or wrapped around a list."""
    first, _, rest = text.partition(b"\n")
    try:
        return not _inside(json.loads(first.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        if not rest:
            return ENVELOPE_START.match(text) is None
    whole = text.decode("utf-8", "replace")
    try:
        json.JSONDecoder().raw_decode(whole)
    except json.JSONDecodeError as error:
        return not _unfinished(error, whole)
    except RecursionError:
        return True
    return False


def _unfinished(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text only stops too early, as the first part of a longer one does; else it is broken."""
    rest = text[error.pos :]
    if error.msg.startswith("Unterminated string") or not rest.strip():
        return True
    return len(rest) < 8 and error.msg.startswith(("Expecting value", "Invalid \\"))


def _head(path: Path) -> bytes:
    with stream(path) as file:
        try:
            return file.read(4 * CHUNK_BYTES)
        except (EOFError, zlib.error, OSError):
            return b""


def stream(path: Path) -> BinaryIO:
    """The bytes of a plain or gzip file."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def numbered_lines(path: Path, first: int = 1, *, blank: bool = False) -> Iterator[tuple[int, bytes]]:
    """Line numbers from `first` on and their bytes; blank lines are counted and left out, unless wanted."""
    with stream(path) as file:
        for number, line in enumerate(file, first):
            if blank or line.strip():
                yield number, line


def newlines(path: Path) -> int:
    """How many lines the file has, the blank ones too. (Walking them is four times as fast as bytes.count.)"""
    with stream(path) as file:
        return sum(1 for _ in file)


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
    if _is_whole_zstd(log.path):
        return replace(log, path=plain)
    # the engine takes the end of a cut archive for the end of the text
    if not plain.stat().st_size:
        raise UsageError("the archive is damaged", place=log.name, hint="zstd -t tells more")
    return replace(log, path=plain, note=f"the archive is damaged; {plain.stat().st_size:,} bytes of it were read")


ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def _is_whole_zstd(path: Path) -> bool:
    """Whether every frame of a zstd archive has all its blocks (RFC 8878); walks over them without unpacking."""
    with path.open("rb") as file:
        while magic := file.read(4):
            if magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:  # a frame to skip
                file.seek(int.from_bytes(file.read(4), "little"), io.SEEK_CUR)
            elif magic == ZSTD_MAGIC and (descriptor := file.read(1)):
                flags = descriptor[0]
                is_single = flags >> 5 & 1
                file.seek((1 - is_single) + (0, 1, 2, 4)[flags & 3] + (is_single, 2, 4, 8)[flags >> 6], io.SEEK_CUR)
                is_last = False
                while not is_last:
                    block = int.from_bytes(header := file.read(3), "little")
                    if len(header) < 3:
                        return False
                    is_last = bool(block & 1)
                    file.seek(1 if block >> 1 & 3 == 1 else block >> 3, io.SEEK_CUR)
                file.seek(4 if flags & 4 else 0, io.SEEK_CUR)
            else:
                return False
        return file.tell() <= path.stat().st_size


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
        for line, record in _values(log.path)
        for inner in (_inside(record) or [record])
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


PG_DUMP = re.compile(rb"--\s+-- PostgreSQL database|COPY \S+ \(.*\) FROM stdin;")
PG_TABLE = re.compile(r'COPY (?:[^ .]+\.)?"LiteLLM_SpendLogs" \((.*)\) FROM stdin;')
PG_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
PG_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _dumped(log: LogFile, temporary: Path) -> LogFile:
    """The rows of LiteLLM's table of spend in a plain Postgres dump, as JSON lines with their line numbers; other tables are passed over."""
    plain = temporary / f"dump-{log.fingerprint}"
    lines = array("Q")
    names: list[str] | None = None
    is_there = False
    with (
        stream(log.path) as file,
        io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="\n") as text,
        plain.open("w", encoding="utf-8") as out,
    ):
        for number, line in enumerate(text, 1):
            row = line.rstrip("\r\n")
            if names is None:
                if line.startswith("COPY ") and (table := PG_TABLE.fullmatch(row)):
                    is_there, names = True, [name.strip(' "') for name in table[1].split(",")]
            elif row == "\\.":
                names = None
            else:
                fields = row.split("\t")
                # a row that was cut off stays broken, for the reader of the lines to say so
                whole = len(fields) == len(names)
                record = {n: _pg_text(f) for n, f in zip(names, fields, strict=True) if f != r"\N"} if whole else None
                out.write((clean(record) if record is not None else "{") + "\n")
                lines.append(number)
    if not is_there:
        raise UsageError(
            "the Postgres dump has no rows of LiteLLM_SpendLogs",
            place=log.name,
            hint="""dump that table: pg_dump --data-only --table '"LiteLLM_SpendLogs"', without --inserts""",
        )
    return replace(log, path=plain, lines=lines, compression="none", shape="jsonl" if lines else "empty")


def _pg_text(field: str) -> str:
    """A field of COPY's text format without its escapes."""
    return PG_ESCAPE.sub(_pg_escape, field) if "\\" in field else field


def _pg_escape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8) & 255) if code[0] in "01234567" else PG_ESCAPES.get(code, code)


def _inside(record: Any) -> list[Any] | None:
    """The records in an envelope such as {"data": [...]}; None for what is a record itself."""
    # a bucket of a provider's report is nothing without its span of time
    whole = {"usage", "response", "request", "start_time", "starting_at"}
    if isinstance(record, dict) and len(record) <= 6 and not whole & set(record):
        for key in ENVELOPES:
            inner = record.get(key)
            if isinstance(inner, list) and inner and all(isinstance(i, dict) for i in inner):
                return inner
    return None


MAX_VALUE_CHARS = 256 << 20
SPACE = re.compile(r"[ \t\r\n]*")
SPACE_INSIDE = re.compile(r"[ \t\r\n,\]]*")


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    """(line, value) of the top-level values of a JSON text, or of the elements of its array; None for a broken one.

    After a broken value it goes on with the next line. Memory holds one chunk, or one value if that is longer.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_constant=str)
    with stream(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as reader:
        text, at, line, ended, inside, size = "", 0, 1, False, False, CHUNK_BYTES
        while True:
            space = (SPACE_INSIDE if inside else SPACE).match(text, at)
            begin = space.end() if space else at
            line += text.count("\n", at, begin)
            at = begin
            if not inside and text.startswith("[", at):
                inside, at = True, at + 1
                continue
            broken = False
            try:
                value, end = decoder.raw_decode(text, at)
                if end < len(text) or ended:
                    yield line, value
                    line += text.count("\n", at, end)
                    at, size = end, CHUNK_BYTES
                    continue
            except json.JSONDecodeError as error:
                broken = at < len(text) and (ended or not _unfinished(error, text) or len(text) - at > MAX_VALUE_CHARS)
            except RecursionError:
                broken = True
            if broken:
                yield line, None
                stop = text.find("\n", at)
                at = stop if stop >= 0 else len(text)
            elif ended:
                return
            else:
                more = reader.read(size)
                size = min(size * 2, 64 * CHUNK_BYTES)
                text, at, ended = text[at:] + more, 0, not more


MAX_ROW_LINES = 1000
"""A quote that is not closed after so many lines is no long text but a broken row."""


def csv_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, fields) of every row, the header first; None for a row with broken quotes, after which the next line begins anew."""
    csv.field_size_limit(1 << 30)
    waiting: deque[tuple[int, str]] = deque()
    with stream(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as whole:
        lines = enumerate(whole, 1)
        while (first := waiting.popleft() if waiting else next(lines, None)) is not None:
            number, text = first
            if not text.strip():
                continue
            taken: list[tuple[int, str]] = []
            fields, is_open = _fields(text, delimiter)
            while (
                is_open and len(taken) < MAX_ROW_LINES and (more := waiting.popleft() if waiting else next(lines, None))
            ):
                taken.append(more)
                text += more[1]
                if '"' in more[1]:
                    fields, is_open = _fields(text, delimiter)
            if fields is None:
                waiting.extendleft(reversed(taken))
            yield number, fields


def _fields(text: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """The fields of one row; None when its quotes are wrong, and whether the last quote is only open still."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True)), False
    except csv.Error as error:
        return None, str(error) == "unexpected end of data"


def csv_names(path: Path, delimiter: str) -> list[str]:
    """The column names of a CSV, each once: the engine does not tell `Model` from `model`."""
    fields = next(csv_rows(path, delimiter))[1] or []
    found: dict[str, str] = {}
    for place, field in enumerate(fields):
        name = field.strip() or f"column{place}"
        while name.lower() in found:
            name += "_"
        found[name.lower()] = name
    return list(found.values())


def csv_records(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """(line, record) of every row; a text in place of the record says what is wrong with the row."""
    names = csv_names(path, delimiter)
    for line, fields in islice(csv_rows(path, delimiter), 1, None):
        if fields is None:
            yield line, "a quote that is not closed, or closed too early"
        elif any(fields[len(names) :]):
            yield line, f"{len(fields)} fields under {len(names)} names"
        else:
            yield line, {name: value or None for name, value in zip_longest(names, fields[: len(names)])}


def clean(record: Any) -> str:
    """One record as one line of plain JSON; numbers with a point keep their digits by standing as text."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
