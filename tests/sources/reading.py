"""Reads small logs into a throw-away ledger, for the tests of the sources room."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from llmcost import config
from llmcost.pricing import catalogue
from llmcost.sources.ingest import FileReport, IngestReport, ingest
from llmcost.store import open_ledger

Row = dict[str, Any]

MANY_A_LINE = frozenset(
    {"otlp_traces", "otlp_logs", "langfuse_ingestion", "langfuse_trace", "gemini_cli", "litellm_daily"}
)
"""Formats whose lines hold many records each: requests, and what is passed over, are counted by record."""


@cache
def prices() -> catalogue.Catalogue:
    return catalogue.load()


@dataclass(frozen=True)
class Read:
    """What became of the logs: the report, the rows of the ledger in order, and (file, line, reason) of what was refused."""

    report: IngestReport
    rows: list[Row]
    quarantine: list[tuple[str, int | None, str]]
    ledger: Path

    @property
    def one(self) -> Row:
        assert len(self.rows) == 1, self.rows
        return self.rows[0]

    @property
    def file(self) -> FileReport:
        assert len(self.report.files) == 1, self.report.files
        return self.report.files[0]

    def by_id(self) -> dict[str, Row]:
        return {row["request_id"]: row for row in self.rows}

    def reasons(self) -> list[tuple[int | None, str]]:
        return [(line, reason) for _, line, reason in self.quarantine]


def put(folder: Path, name: str, content: str | bytes | Iterable[Mapping[str, Any]]) -> Path:
    """Writes a log: bytes or text as they are, records as JSON lines."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_bytes(content.encode())
    else:
        path.write_bytes("".join(json.dumps(record) + "\n" for record in content).encode())
    return path


def read(*paths: Path, ledger: Path | None = None, settings: config.Config | None = None, **more: Any) -> Read:
    """Ingests, by default into a ledger beside the folder of the first path.

    Every file must account for every line: it is a request, passed over for a reason, or in quarantine. (Of a file that was read
    before, its requests and quarantined lines are told again.)
    """
    ledger = ledger or (paths[0] if paths[0].is_dir() else paths[0].parent).parent / "ledger.duckdb"
    report = ingest([str(p) for p in paths], ledger, config=settings or config.Config(), catalogue=prices(), **more)
    for file in report.files:
        if file.source not in MANY_A_LINE:
            assert file.lines >= sum(file.skipped.values()), file
            if "read before" not in file.skipped:
                assert file.lines == file.requests + file.quarantined + sum(file.skipped.values()), file
    with open_ledger(ledger, read_only=True) as store:
        names, rows = store.table("SELECT * FROM ledger ORDER BY seq")
        quarantine = store.rows("SELECT file, line, reason FROM quarantine ORDER BY file, line, reason")
    return Read(report, [dict(zip(names, row, strict=True)) for row in rows], quarantine, ledger)


def tokens(row: Row) -> dict[str, int]:
    """The token columns that are not zero, short: {"fresh_input": 164, ...}."""
    totals = ("input_tokens", "output_tokens", "cache_write_tokens")
    return {n.removesuffix("_tokens"): v for n, v in row.items() if n.endswith("_tokens") and n not in totals and v}


def usd(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.000000000001"))
