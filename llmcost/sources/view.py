"""What ingest did, as tables: per file, and line by line what could not be read."""

from __future__ import annotations

from llmcost.figures import count
from llmcost.model import Column, Table
from llmcost.sources.formats import BY_NAME
from llmcost.sources.ingest import IngestReport
from llmcost.store import Store

COUNTS = ("lines", "requests", "new", "duplicates", "quarantined")


def ingested(report: IngestReport, db: str) -> Table:
    """One row per file, in the shape of the contract (llmcost.ingest/1)."""
    columns = [Column("path", "text"), Column("source", "text"), *(Column(c, "count") for c in COUNTS[:-1])]
    columns += [Column("skipped", "text", data_only=True), Column("quarantined", "count")]
    rows = [
        [f.path, f.source, f.lines, f.requests, f.new, f.duplicates, f.skipped, f.quarantined] for f in report.files
    ]
    totals = {c: sum(getattr(f, c) for f in report.files) for c in COUNTS}
    skipped: dict[str, int] = {}
    for file in report.files:
        for reason, number in file.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + number
    notes = [f"{count(totals['new'])} new requests in {db}"]
    notes += [f"skipped {count(number)}: {reason}" for reason, number in sorted(skipped.items())]
    if totals["quarantined"]:
        notes.append(f"{count(totals['quarantined'])} lines could not be read: llmcost ingest --show-quarantine")
    if report.restated:
        notes.append(f"prices have changed: {count(report.restated)} stored requests were priced again")
    total = [None, None, *(totals[c] for c in COUNTS[:-1]), skipped, totals["quarantined"]]
    return Table("llmcost.ingest/1", f"Read into {db}", columns, rows, total, notes=notes, rows_name="files")


def quarantine(store: Store) -> Table:
    """One row per line that could not be read."""
    rows = store.rows("SELECT file, line, reason FROM quarantine ORDER BY file, line, reason")
    columns = [Column("file", "text"), Column("line", "count"), Column("reason", "text")]
    note = "the lines themselves stay in their files" if rows else "nothing is in quarantine"
    return Table("llmcost.quarantine/1", "Lines that could not be read", columns, rows, notes=[note])


def formats() -> Table:
    """One row per format that can be read."""
    columns = [Column("name", "text"), Column("what", "text"), Column("detected by", "text", brief=False)]
    columns += [Column("counting", "text", data_only=True)]
    rows = [[f.name, f.title, f.detected_by, f.counting] for f in BY_NAME.values()]
    return Table(
        "llmcost.sources/1",
        "What can be read",
        columns,
        rows,
        notes=["llmcost sources NAME tells how it counts; --how-to, how to get it out of the system that has it"],
    )
