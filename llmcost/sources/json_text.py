"""JSON of any length: lines, arrays, documents over many lines, and records in an envelope."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmcost.sources.plain import CHUNK_BYTES, stream

ENVELOPES = ("data", "result", "logs", "records", "items", "rows", "results", "spans", "responses")
ENVELOPE_START = re.compile(rb'\{\s*"(%s)"\s*:\s*\[\s*\{' % "|".join(ENVELOPES).encode())


def is_object(line: bytes) -> bool:
    """Whether the line is a JSON object, also one that stands in a string."""
    text = line.strip().rstrip(b",")
    if text[:1] not in (b"{", b'"'):
        return False
    try:
        value = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, str) and value[:1] == "{")


def is_lines(text: bytes) -> bool:
    """Whether a text that begins with `{` is JSON lines, and not one printed over many lines or wrapped around a list."""
    first, _, rest = text.partition(b"\n")
    try:
        return not inside(json.loads(first.decode("utf-8", "replace")))
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


def inside(record: Any) -> list[Any] | None:
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


def values(path: Path) -> Iterator[tuple[int, Any]]:
    """(line, value) of the top-level values of a JSON text, or of the elements of its array; None for a broken one.

    After a broken value it goes on with the next line. Memory holds one chunk, or one value if that is longer.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_constant=str)
    with stream(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as reader:
        text, at, line, ended, in_array, size = "", 0, 1, False, False, CHUNK_BYTES
        while True:
            space = (SPACE_INSIDE if in_array else SPACE).match(text, at)
            begin = space.end() if space else at
            line += text.count("\n", at, begin)
            at = begin
            if not in_array and text.startswith("[", at):
                in_array, at = True, at + 1
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


def clean(record: Any) -> str:
    """One record as one line of plain JSON; numbers with a point keep their digits by standing as text."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
