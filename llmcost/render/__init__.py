"""Writing a Table: one function per format in FORMATS, and `write`, which leaves no half-written file behind."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from llmcost.errors import UsageError, nearest
from llmcost.model import Table
from llmcost.render.comment import to_comment
from llmcost.render.data import to_csv, to_json, to_ndjson
from llmcost.render.markdown import to_markdown


def _to_terminal(table: Table, *, width: int | None = None, color: bool = False) -> str:
    # rich takes longer to import than most tables to print; only this format pays for it.
    from llmcost.render.terminal import to_terminal

    return to_terminal(table, width=width, color=color)


FORMATS: Mapping[str, Callable[..., str]] = {
    "table": _to_terminal,
    "json": to_json,
    "ndjson": to_ndjson,
    "csv": to_csv,
    "markdown": to_markdown,
}
"""Each takes (table, *, width, color); only the terminal looks at the last two."""


def render(table: Table, format: str, *, width: int | None = None, color: bool = False) -> str:  # noqa: A002 - as in --format
    """The table as text that ends in one newline (an ndjson without rows is empty).

    `width` is that of the terminal in cells; None is no limit. Raises UsageError for a format not in FORMATS.
    """
    if format not in FORMATS:
        hint = nearest(format, FORMATS) or f"one of {', '.join(FORMATS)}"
        raise UsageError(f"unknown format {format!r}", place="--format", hint=hint)
    return FORMATS[format](table, width=width, color=color)


def _to_junit(table: Table, places: Mapping[str, str]) -> str:
    from llmcost.render.junit import to_junit

    return to_junit(table, places)


def _to_sarif(table: Table, places: Mapping[str, str]) -> str:
    from llmcost.render.sarif import to_sarif

    return to_sarif(table, places)


REPORTS: Mapping[str, Callable[[Table, Mapping[str, str]], str]] = {
    "json": lambda table, _places: to_json(table),
    "markdown": to_comment,
    "junit": _to_junit,
    "sarif": _to_sarif,
    "csv": lambda table, _places: to_csv(table),
    "table": lambda table, _places: _to_terminal(table),
}
"""The files that a gate writes, from its Table and the FILE:LINE of each rule; markdown is a comment of a pull request."""


def write(text: str | Iterable[str], output: str | None) -> None:
    """Text (or its parts, one after the other) to stdout (None or -) or to a file, in UTF-8 with LF; a reader who has left is no error.

    A file is replaced whole or not at all; devices and pipes are written to. Raises UsageError when that cannot be done.
    """
    parts = (text,) if isinstance(text, str) else text
    if output is None or output == "-":
        _write_stdout(parts)
    else:
        _to_file((part.encode() for part in parts), output)


def write_bytes(source: Path, output: str | None) -> None:
    """A file as it is to stdout (None or -), or to another file in the way of `write`."""
    if output is not None and output != "-":
        with source.open("rb") as file:
            _to_file(iter(lambda: file.read(CHUNK_BYTES), b""), output)
        return
    try:
        with source.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


CHUNK_BYTES = 1 << 20


def _to_file(parts: Iterable[bytes], output: str) -> None:
    try:
        # Through a link to the file it names: replacing the link itself would leave the old text in place.
        _write_file(parts, Path(os.path.realpath(output)))
    except OSError as error:
        has_folder = Path(output).absolute().parent.is_dir()
        hint = "choose another file with --output" if has_folder else "create the folder first"
        raise UsageError(f"cannot write: {error.strerror}", place=output, hint=hint) from error


def _write_stdout(parts: Iterable[str]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # the same bytes on every system
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        sys.stdout.writelines(parts)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at exit, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(parts: Iterable[bytes], path: Path) -> None:
    if path.exists() and not path.is_file():  # /dev/null, a named pipe; a folder fails here
        with path.open("wb") as file:
            file.writelines(parts)
        return
    draft = path.with_name(f".llmcost-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
