"""Files as they lie around: folders, globs, stdin, gzip, zstd, UTF-16, JSON documents; turned into something SQL can read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any, BinaryIO

from llmcost.errors import UsageError
from llmcost.store import Store, quote_text

LOG_SUFFIXES = (".jsonl", ".ndjson", ".json", ".log", ".csv", ".tsv", ".parquet")
PACKED_SUFFIXES = (".gz", ".zst")
EDGE_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class LogFile:
    """A file to read. `name` is how the user called it; `path` is what is read, a temporary copy where that is needed.

    `shape` is jsonl, csv or parquet. `first_line` is the line of the first record; `lines` the line of every record where
    they do not simply follow each other.
    """

    name: str
    path: Path
    bytes: int
    mtime_ns: int
    fingerprint: str
    shape: str = "jsonl"
    delimiter: str = ","
    lines: tuple[int, ...] | None = None
    note: str | None = None
    """What was lost on the way, for people: a truncated archive."""
    asked_for: bool = True
    """Named by the user; a file only met in a folder may turn out to be no log."""


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
                raise UsageError("the folder holds no log files", place=text, hint=f"looked for {', '.join(LOG_SUFFIXES)}, also packed")
        elif path.exists():
            inside = [(path, True)]
        elif has_magic(text):
            inside = [(Path(p), True) for p in sorted(glob(text, recursive=True)) if Path(p).is_file()]
            if not inside:
                raise UsageError("the pattern matches no file", place=text, hint="quote it, and mind that ** needs a slash after it")
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
    return name.endswith(LOG_SUFFIXES) and not path.name.startswith(".")


def _near_path(path: Path) -> str | None:
    from llmcost.errors import nearest

    folder = path.parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    near = nearest(path.name, names)
    return near if near else f"is the folder right? ({folder.resolve()})"


def _log_file(name: str, path: Path, *, asked_for: bool) -> LogFile:
    try:
        stat = path.stat()
        with path.open("rb") as file:
            state = hashlib.blake2b(file.read(EDGE_BYTES), digest_size=16)
            if stat.st_size > EDGE_BYTES:
                file.seek(-EDGE_BYTES, io.SEEK_END)
                state.update(file.read())
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=name) from error
    return LogFile(name, path, stat.st_size, stat.st_mtime_ns, state.hexdigest(), asked_for=asked_for)


def prepare(log: LogFile, temporary: Path, scratch: Store) -> LogFile:
    """The same log in a form SQL can read: unpacked, UTF-8, one record a line."""
    with log.path.open("rb") as file:
        magic = file.read(16)
    if magic[:4] == b"PAR1":
        return replace(log, shape="parquet")
    if magic.startswith(b"SQLite format 3"):
        raise UsageError("SQLite files cannot be read yet", place=log.name, hint="export the table as CSV or JSON lines")
    if magic[:2] == b"PK":
        raise UsageError("zip archives cannot be read", place=log.name, hint="unpack it and name the folder")
    if magic[:4] == b"\x28\xb5\x2f\xfd":
        log = replace(log, path=_unzstd(log, temporary, scratch))
    elif magic[:2] == b"\x1f\x8b":
        log = _checked_gzip(log, temporary)
    head = b"".join(_head(log.path))
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        log = replace(log, path=_utf8(log, temporary))
        head = b"".join(_head(log.path))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return log
    if text[:1] in (b"{", b"["):
        first = text.split(b"\n", 1)[0].strip()
        is_lines = text[:1] == b"{" and (_is_json(first) or (b"\n" in text and b"\n{" in text and not _is_json_start(text)))
        return log if is_lines or _one_line(text) else _document(log, temporary)
    if log.name.endswith((".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")):
        return log
    header = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    counts = {mark: header.count(mark) for mark in (",", "\t", ";", "|")}
    delimiter = max(counts, key=lambda mark: counts[mark])
    return replace(log, shape="csv", delimiter=delimiter) if counts[delimiter] else log


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text.decode("utf-8-sig", "replace"))
    except ValueError:
        return False
    return True


def _is_json_start(text: bytes) -> bool:
    """A pretty-printed value: its first line is only a bracket or an opened key."""
    return text.split(b"\n", 1)[0].strip() in (b"{", b"[")


def _one_line(text: bytes) -> bool:
    """A line so long that the head holds none whole: JSON lines with large records, not a document."""
    return text[:1] == b"{" and b"\n" not in text


def _head(path: Path) -> Iterator[bytes]:
    with stream(path) as file:
        try:
            yield file.read(4 * CHUNK_BYTES)
        except (EOFError, zlib.error, OSError):
            return


def stream(path: Path) -> BinaryIO:
    """The bytes of a plain or gzip file."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # noqa: SIM115


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line numbers from 1 and their bytes; blank lines are counted and left out."""
    with stream(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line


def newlines(path: Path) -> int:
    """How many lines the file has, the blank ones too."""
    found, last = 0, b"\n"
    with stream(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            found += chunk.count(b"\n")
            last = chunk[-1:]
    return found + (last != b"\n")


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
                while chunk := file.read(CHUNK_BYTES // 16):
                    kept += out.write(chunk)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                pass
        return replace(log, path=plain, note=f"the archive is damaged ({error}); {kept:,} bytes of it were read")
    return log


def _unzstd(log: LogFile, temporary: Path, scratch: Store) -> Path:
    plain = temporary / f"unzstd-{log.fingerprint}"
    lines = "columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, max_line_size = 67108864"
    scratch.run(
        f"COPY (SELECT line FROM read_csv({quote_text(str(log.path))}, {lines}, compression = 'zstd', auto_detect = false)) "
        f"TO {quote_text(str(plain))} (FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '')"
    )
    return plain


def _utf8(log: LogFile, temporary: Path) -> Path:
    plain = temporary / f"utf8-{log.fingerprint}"
    with stream(log.path) as file, plain.open("w", encoding="utf-8") as out:
        shutil.copyfileobj(io.TextIOWrapper(file, encoding="utf-16", errors="replace", newline=""), out)
    return plain


ENVELOPES = ("data", "result", "logs", "records", "items", "rows", "results", "spans", "responses")


def _document(log: LogFile, temporary: Path) -> LogFile:
    """A JSON array, pretty-printed JSON, or one object around a list: written out as one record a line, with its line number."""
    plain = temporary / f"records-{log.fingerprint}"
    lines: list[int] = []
    note = log.note
    with plain.open("w", encoding="utf-8") as out:
        for line, record in _values(log.path):
            if record is None:
                note = f"line {line}: the JSON ends in the middle of a value"
                out.write("null\n")
                lines.append(line)
                continue
            for inner in _unwrapped(record):
                out.write(clean(inner) + "\n")
                lines.append(line)
    return replace(log, path=plain, lines=tuple(lines), note=note)


def _unwrapped(record: Any) -> Iterator[Any]:
    if isinstance(record, dict):
        for key in ENVELOPES:
            inner = record.get(key)
            if isinstance(inner, list) and inner and all(isinstance(i, dict) for i in inner) and len(record) <= 6:
                yield from inner
                return
    yield record


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    """The top-level values of a JSON text, or the elements of its array; each with its line. Memory holds one at a time."""
    decoder = json.JSONDecoder(parse_float=str, parse_constant=str)
    with stream(path) as file:
        reader = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        text, line, ended, inside, size = "", 1, False, False, CHUNK_BYTES
        while True:
            stripped = text.lstrip(" \t\r\n,]" if inside else " \t\r\n")
            line += text[: len(text) - len(stripped)].count("\n")
            text = stripped
            if not inside and text.startswith("["):
                inside, text = True, text[1:]
                continue
            try:
                value, end = decoder.raw_decode(text)
                if end == len(text) and not ended:
                    raise ValueError  # a number could go on in the next chunk  # noqa: TRY301
            except ValueError:
                if ended:
                    if text:
                        yield line, None
                    return
                more = reader.read(size)
                size = min(size * 2, 64 * CHUNK_BYTES)
                text, ended = text + more, not more
                continue
            size = CHUNK_BYTES
            yield line, value
            line += text[:end].count("\n")
            text = text[end:]


def clean(record: Any) -> str:
    """One record as one line of plain JSON; numbers with a point keep their digits by standing as text."""
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))
