"""Why a file is read as it is: what was detected by which votes, and what the first records became in the ledger."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

from llmcost import ledger
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import count
from llmcost.model import Column, Table
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.sources import csv_text, files, plain, recognise, stage
from llmcost.sources.files import LogFile
from llmcost.sources.formats import BY_NAME
from llmcost.sources.ingest import group_of, ingest_group, prepared
from llmcost.sources.mapping import OF_LEDGER, FieldMap
from llmcost.sources.stage import Group
from llmcost.store import open_ledger, open_scratch

ROWS = 3
LEFT_OUT = frozenset(("seq", "file", "ts_us", "prompt_hash"))
"""Columns that tell nothing about the reading of a record, or tell it twice."""

OURS = frozenset(("cost", "price_id"))
"""Worked out from the prices, whatever the log says."""

COLUMNS = (
    Column("line", "count"),
    Column("column", "text", "ledger column"),
    Column("value", "text"),
    Column("field", "text", "field with this value"),
)


def explanation(path: str, config: Config, catalogue: Catalogue) -> Table:
    """One row per ledger column that the first records of a file fill. UsageError for a file that cannot be read."""
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder, open_scratch() as scratch:
        temporary = Path(folder)
        logs = files.expand([path], temporary)
        if len(logs) > 1:
            raise UsageError("more than one file", place=path, hint="name the one to explain")
        log = prepared(logs[0], temporary, scratch)
        if log.shape == "empty":
            raise UsageError("the file is empty", place=path, hint="there is nothing to explain yet")
        group = group_of(log, config, scratch)
        sample = stage.sample(scratch, log, recognise.SAMPLE_RECORDS)
        records = dict(islice(_numbered(log), recognise.SAMPLE_RECORDS))
        found = temporary / "ledger.duckdb"
        report = ingest_group(replace(group, logs=(_head(log, temporary),)), found, temporary, catalogue)
        with open_ledger(found, read_only=True) as store:
            names, rows = store.table(sql("sources/first_rows.sql"), {"rows": ROWS})
    votes = {name or "no known format": number for name, number in recognise.vote(sample).most_common()}
    head: dict[str, object] = {
        "file": path,
        "packing": plain.packing(logs[0].path),
        "shape": "json" if log.lines is not None else log.shape,
        "format": group.format,
        "rule": _rule(group),
        "sampled": len(sample),
        "votes": votes,
        "mapping": _fields(group.mapping),
    }
    cells = [cell for row in rows for cell in _cells(dict(zip(names, row, strict=True)), records, group.mapping)]
    return Table(
        "llmcost.ingest-explanation/1",
        f"{path} is read as {group.format}",
        COLUMNS,
        cells,
        head=head,
        notes=_notes(head, report.skipped, report.quarantined, len(rows)),
    )


def _rule(group: Group) -> str:
    if group.mapping is None or group.mapping.guessed:
        return BY_NAME[group.format].detected_by
    return "sources: in llmcost.yaml names this file"


def _fields(mapping: FieldMap | None) -> dict[str, str] | None:
    """Which field or constant of the log each ledger column is read from."""
    if mapping is None:
        return None
    return {target: path.replace('"', "").removeprefix("$.") for target, path in mapping.paths.items()} | {
        target: f"always {value}" for target, value in mapping.constants.items()
    }


def _notes(head: Mapping[str, object], skipped: Mapping[str, int], quarantined: int, rows: int) -> list[str]:
    packing = "" if head["packing"] == "none" else f", {head['packing']}"
    votes: dict[str, int] = head["votes"]  # type: ignore[assignment]
    notes = [f"{head['shape']}{packing}; {head['format']}: {head['rule']}"]
    told = ", ".join(f"{name} {count(number)}" for name, number in votes.items()) or "none"
    notes.append(f"votes of {count(int(str(head['sampled'])))} sampled records: {told}")
    mapping: dict[str, str] | None = head["mapping"]  # type: ignore[assignment]
    if mapping:
        notes.append("read from: " + ", ".join(f"{target} = {field}" for target, field in mapping.items()))
    notes += [f"skipped {count(number)} of the sample: {reason}" for reason, number in skipped.items()]
    if quarantined:
        notes.append(f"{count(quarantined)} lines of the sample could not be read")
    notes.append(
        f"the first {count(rows)} requests; columns without a value and counts of 0 are left out, no store was touched"
    )
    return notes


def _head(log: LogFile, temporary: Path) -> LogFile:
    """The beginning of the file: as many lines as are sampled."""
    if log.shape == "parquet":
        return log
    head = temporary / "head"
    with plain.stream(log.path) as file, head.open("wb") as out:
        out.writelines(islice(file, recognise.SAMPLE_RECORDS + 1))
    return replace(log, path=head, compression="none", live=False)


def _numbered(log: LogFile) -> Iterator[tuple[int, object]]:
    """(line, decoded record) from the start of a text; nothing of a table of columns."""
    if log.shape == "csv":
        yield from csv_text.records(log.path, log.delimiter)
    elif log.shape == "jsonl":
        for ordinal, (line, raw) in enumerate(plain.numbered_lines(log.path)):
            try:
                yield log.lines[ordinal] if log.lines is not None else line, recognise.decode(raw)
            except (ValueError, RecursionError):
                continue


def _cells(
    row: Mapping[str, object], records: Mapping[int, object], mapping: FieldMap | None
) -> Iterator[list[object]]:
    mapped = _fields(mapping) or {}
    fields = list(_flat(records.get(int(str(row["line"]))), ""))
    for name in ledger.NAMES:
        value = row[name]
        if name in LEFT_OUT or name == "line" or value in (None, 0, {}):
            continue
        text = _text(value)
        holding = [path for path, held in fields if held == text]
        field = mapped.get(OF_LEDGER.get(name, name)) or (holding[0] if len(holding) == 1 else None)
        field = None if name in OURS else field
        yield [row["line"], name, text, field]


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _flat(record: object, prefix: str) -> Iterator[tuple[str, str]]:
    """(dotted path, text) of the scalars of a record."""
    if isinstance(record, Mapping):
        for key, value in record.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(record, list):
        for place, value in enumerate(record):
            yield from _flat(value, f"{prefix}[{place}]")
    elif record is not None and not isinstance(record, bool):
        yield prefix, str(record)
