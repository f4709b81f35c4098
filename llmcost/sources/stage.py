"""Runs the SQL of one format over a group of files and leaves settled records behind; lines it cannot read get a second, careful look."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from llmcost.resources import sql
from llmcost.sources import files, formats, native, records, sightings
from llmcost.sources.files import LogFile
from llmcost.sources.formats import BY_NAME
from llmcost.sources.mapping import FieldMap
from llmcost.store import Store, UnreadableError, quote_text

MAX_RECORD_BYTES = 32 << 20
"""One JSON object larger than this stops the engine's reader; the careful path reads it."""


@dataclass(frozen=True)
class Group:
    """Files that are read by one query: the same format, the same shape, the same mapping."""

    format: str
    shape: str
    delimiter: str
    logs: tuple[LogFile, ...]
    mapping: FieldMap | None = None


@dataclass
class Findings:
    """What became of the lines of one file, by its name."""

    lines: int = 0
    quarantined: list[tuple[int | None, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def open_stage(stage: Store) -> None:
    """The macros, and the empty tables that every group fills."""
    stage.run(sql("sources/macros.sql"))
    stage.run(sightings.empty_ddl())
    stage.run(records.ddl())
    stage.run(sql("sources/staged.sql"))


def run(stage: Store, group: Group, findings: dict[str, Findings], temporary: Path) -> None:
    """Reads a group: once by SQL over whole files, then the doubtful lines one by one."""
    with ThreadPoolExecutor(1) as pool:
        # counted beside the engine's work: does the n-th record stand on line n?
        newlines = {log.path: pool.submit(files.newlines, log.path) for log in group.logs if group.shape == "jsonl" and log.lines is None}
        _read(stage, group, newlines, findings, temporary)


def _read(
    stage: Store, group: Group, newlines: Mapping[Path, Future[int]], findings: dict[str, Findings], temporary: Path
) -> None:
    try:
        first_row = _insert(stage, group)
    except UnreadableError:
        # one monstrous line or a broken page stops the reader: every line of these files gets the careful look
        for log in group.logs:
            _careful(stage, group, log, None, findings, temporary)
        return
    for log in group.logs:
        count = _place(stage, log, first_row, newlines.get(log.path))
        findings[log.name].lines += count
        first_row += count
        doubtful = stage.rows(sql("sources/doubtful.sql"), {"file": str(log.path)})
        if doubtful:
            _careful(stage, group, log, [ordinal for (ordinal,) in doubtful], findings, temporary)
        for line, reason in stage.rows(sql("sources/problems.sql"), {"file": str(log.path)}):
            findings[log.name].quarantined.append((line, reason))
        for reason, count in stage.rows(sql("sources/skips.sql"), {"file": str(log.path)}):
            findings[log.name].skipped[reason] += count


def _insert(stage: Store, group: Group, *, careful: bool = False) -> int:
    """Adds the group's records; returns the row number of the first one."""
    before = int(stage.value("SELECT coalesce(max(rowid) + 1, 0) FROM records"))
    params: dict[str, object] = {}
    stage.run(f"CREATE OR REPLACE TEMP VIEW raw AS {_raw(group)}")
    if group.format == "native":
        settled = native.query()
    else:
        source = sql(BY_NAME[group.format].query)
        if group.mapping is not None:
            params = group.mapping.params()
            source = f"WITH wanted_records AS (SELECT *, {group.mapping.condition(params)} AS wanted FROM raw)\n{source}"
        elif "FROM enveloped" in source:
            stage.run(sql("sources/envelope.sql"))
        settled = f"WITH sightings AS (FROM no_sightings UNION ALL BY NAME ({source}))\n{sql('sources/settle.sql').replace('WITH counted', ', counted', 1)}"
    whole = f"SELECT t AS r, {'true' if careful else 'false'} AS careful FROM (FROM no_records UNION ALL BY NAME ({settled})) t"
    stage.run(f"INSERT INTO records {whole}", params)
    return before


def _raw(group: Group) -> str:
    """The SELECT that gives the format's raw columns, from JSON lines, CSV or Parquet."""
    paths = "[" + ", ".join(quote_text(str(log.path)) for log in group.logs) + "]"
    columns = raw_columns(group.format)
    file = "read_from" if group.format == "native" else "file"
    if group.shape == "jsonl":
        common = f"filename = true, format = 'newline_delimited', ignore_errors = true, maximum_object_size = {MAX_RECORD_BYTES}"
        if columns is None:
            return f"SELECT json, filename AS {file} FROM read_ndjson_objects({paths}, {common})"
        listed = ", ".join(f"{quote_text(name)}: {quote_text(type_)}" for name, type_ in columns.items())
        return f"SELECT * EXCLUDE (filename), filename AS {file} FROM read_json({paths}, columns = {{{listed}}}, {common})"
    if group.shape == "parquet":
        rows = f"SELECT * FROM read_parquet({paths}, filename = 'llmcost_file')"
    else:
        rows = (
            f"SELECT * FROM read_csv({paths}, filename = 'llmcost_file', all_varchar = true, header = true, delim = {quote_text(group.delimiter)}, "
            "quote = '\"', escape = '\"', null_padding = true, ignore_errors = false, strict_mode = false, max_line_size = 33554432, union_by_name = true)"
        )
    if columns is None:
        return f"SELECT CAST(to_json(r) AS JSON) AS json, r.llmcost_file AS {file} FROM ({rows}) r"
    empty = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in columns)
    chosen = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in columns)
    return f"SELECT {chosen}, llmcost_file AS {file} FROM (SELECT {empty}, NULL::VARCHAR AS llmcost_file WHERE false UNION ALL BY NAME {rows})"


@lru_cache(maxsize=None)
def raw_columns(name: str) -> dict[str, str] | None:
    """The columns that a format's `-- raw:` header asks for; None when it wants the whole object as `json`."""
    if name == "native":
        return native.raw_columns()
    text = sql(BY_NAME[name].query)
    header = re.search(r"^-- raw: (.*?)\n(?!--   )", text, re.DOTALL | re.MULTILINE)
    if header is None:
        raise AssertionError(f"{name}: the query has no '-- raw:' header")
    declared = header[1].replace("\n--", "")
    if declared.strip() == "json":
        return None
    found: dict[str, str] = {}
    for part in _split(declared):
        column, _, type_ = part.strip().partition(" ")
        found[column] = " ".join(type_.split()) or "VARCHAR"
    return found


def _split(text: str) -> Iterator[str]:
    """Splits at the commas outside brackets."""
    depth, start = 0, 0
    for i, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def _place(stage: Store, log: LogFile, first_row: int, newlines: Future[int] | None = None) -> int:
    """Notes where the file's records stand and which line each is; returns how many there are."""
    count = int(stage.value("SELECT count(*) FROM records WHERE r.file = $file AND rowid >= $first", {"file": str(log.path), "first": first_row}))
    first_line = 2 if log.shape == "csv" else 1
    stage.load("staged_files", ("file", "name", "first_row", "first_line"), [(str(log.path), log.name, first_row, first_line)])
    lines = log.lines
    if lines is None and newlines is not None and newlines.result() != count:
        lines = tuple(number for number, _ in files.numbered_lines(log.path))
    if lines is not None:
        stage.load("staged_lines", ("file", "ordinal", "line"), [(str(log.path), i, line) for i, line in enumerate(lines)])
    return count


def _careful(
    stage: Store, group: Group, log: LogFile, ordinals: list[int] | None, findings: dict[str, Findings], temporary: Path
) -> None:
    """Decodes lines leniently, asks each for its own format, and reads them again, clean. `ordinals` None means every line."""
    found = findings[log.name]
    wanted = None if ordinals is None else set(ordinals)
    by_format: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for ordinal, line, text in _lines(stage, log):
        if ordinals is None:
            found.lines += 1
        elif wanted is not None and ordinal not in wanted:
            continue
        try:
            record = formats.decode(text)
        except (ValueError, RecursionError) as error:
            found.quarantined.append((line, f"not JSON: {_short(error)}"))
            continue
        name = formats.of_record(record) or (group.format if group.format == "generic" else None)
        if not isinstance(record, Mapping):
            found.quarantined.append((line, f"not a JSON object: {type(record).__name__}"))
        elif name is None:
            keys = ", ".join(str(k)[:40] for k in list(record)[:8]) or "none"
            found.quarantined.append((line, f"no known format; keys: {keys}"))
        else:
            by_format[name].append((line, files.clean(_opened(record))))
    for name, rows in by_format.items():
        path = temporary / f"careful-{len(list(temporary.iterdir()))}"
        path.write_text("".join(text + "\n" for _, text in rows), encoding="utf-8")
        again = replace(log, path=path, shape="jsonl", lines=tuple(line for line, _ in rows))
        reread = Group(name, "jsonl", ",", (again,), group.mapping if name == "generic" else None)
        first_row = _insert(stage, reread, careful=True)
        _place(stage, again, first_row)
        for line, reason in stage.rows(sql("sources/problems.sql"), {"file": str(path)}):
            found.quarantined.append((line, reason))
        for reason, count in stage.rows(sql("sources/skips.sql"), {"file": str(path)}):
            found.skipped[reason] += count


def _lines(stage: Store, log: LogFile) -> Iterator[tuple[int, int, bytes]]:
    """(ordinal, line number, bytes) of every record of a text file."""
    if log.shape != "jsonl":
        for ordinal, line, text in stage.rows("SELECT 0, 0, '' WHERE false"):
            yield ordinal, line, text
        return
    for ordinal, (number, text) in enumerate(files.numbered_lines(log.path)):
        yield ordinal, log.lines[ordinal] if log.lines is not None else number, text


def _opened(record: Mapping[str, object]) -> dict[str, object]:
    """JSON that stands as text in a field that is an object elsewhere (metadata, usage ...) is opened."""
    opened: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, str) and value[:1] == "{" and key in ("metadata", "usage", "response", "request", "hidden_params", "error_information"):
            try:
                opened[key] = formats.decode(value.encode("utf-8", "replace"))
            except ValueError:
                opened[key] = value
        else:
            opened[key] = value
    return opened


def _short(error: BaseException) -> str:
    return str(error).split(": line")[0][:120]
