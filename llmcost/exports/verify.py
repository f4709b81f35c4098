"""Whether exported files are what their manifests say: every digest, and every sum added up again from the files."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from llmcost.errors import UsageError
from llmcost.exports import manifest, states
from llmcost.exports.corrections import READERS
from llmcost.exports.datasets import DATASETS
from llmcost.model import Column, Table
from llmcost.resources import sql
from llmcost.store import UnreadableError, open_scratch, quote_identifier, quote_text


def verify(to: Path) -> tuple[Table, bool]:
    """One row per dataset and per file that is not what it should be; and whether all is well. UsageError without a manifest."""
    bases = [to / name / "v1" for name in DATASETS if (to / name / "v1" / manifest.NAME).is_file()]
    if not bases:
        raise UsageError("holds no export", place=str(to), hint="name the folder that was given to export --to")
    columns = [Column("dataset", "text"), Column("files", "count"), Column("rows", "count"), Column("problem", "text")]
    rows: list[list[object]] = []
    problems = False
    for base in bases:
        book, _ = manifest.expected(base)
        found = list(_problems(base))
        problems = problems or bool(found)
        name = base.parent.name
        rows += [[name, None, None, problem] for problem in found]
        rows.append([name, len(book.entries), sum(e["rows"] for e in book.entries.values()), None if found else "none"])
    return Table("llmcost.export-check/1", f"Files of {to}", columns, rows), not problems


def _problems(base: Path) -> Iterator[str]:
    book, digests = manifest.expected(base)
    form = book.head.get("format")
    cost = DATASETS[base.parent.name].cost
    with open_scratch() as store:
        for path, entry in sorted(book.entries.items()):
            file = base / path
            if not file.is_file():
                yield f"{path}: is missing"
                continue
            digest = manifest.digest(file)
            if digest not in digests[path]:
                yield f"{path}: is not what was written (SHA-256 {digest[:12]}, not {entry['sha256'][:12]})"
                continue
            if form not in READERS or digest != entry["sha256"]:  # a later run was cut off: the file is of that one
                continue
            reader = READERS[form].format(path=quote_text(str(file)))
            text = sql("exports/added_up.sql").format(file=reader, cost=quote_identifier(cost))
            try:
                count, total = store.row(text)
            except UnreadableError as error:
                yield f"{path}: cannot be read: {error.message}"
                continue
            want = None if entry["sum_cost"] is None else Decimal(entry["sum_cost"])
            if count != entry["rows"] or total != want:
                yield f"{path}: holds {count} rows that cost {_money(total)}, the manifest says {entry['rows']} and {_money(want)}"


def _money(cost: object) -> str:
    return states.money(cost) or "nothing"
