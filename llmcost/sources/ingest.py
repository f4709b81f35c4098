"""Ingest: from paths to rows of the ledger, in short transactions; what was read before is not read again."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.reprice import reprice_stale
from llmcost.resources import sql
from llmcost.sources import files, formats, mapping, stage
from llmcost.sources.files import LogFile
from llmcost.sources.stage import Findings, Group
from llmcost.store import Store, open_ledger, open_scratch

BATCH_BYTES = 256 << 20
"""Files are landed together until a batch holds this much text; a larger file is a batch of its own."""

Progress = Callable[[str, int, int], None]
"""Called with what is going on, bytes done and bytes in all."""


@dataclass
class FileReport:
    """What became of one file."""

    path: str
    source: str
    lines: int = 0
    requests: int = 0
    new: int = 0
    duplicates: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0


@dataclass
class IngestReport:
    """What became of all files, and what the user should know."""

    files: list[FileReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    restated: int = 0


def ingest(
    paths: Iterable[str],
    ledger: Path,
    *,
    config: Config,
    catalogue: Catalogue,
    default_date: dt.date | None = None,
    wait_s: float = 15.0,
    progress: Progress = lambda _what, _done, _all: None,
) -> IngestReport:
    """Reads all logs under `paths` into the ledger file. UsageError for a path or format nobody can read."""
    report = IngestReport()
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder:
        temporary = Path(folder)
        logs = files.expand(paths, temporary, _no_logs(config))
        with open_ledger(ledger, create=True, wait_s=wait_s) as store:
            known = {row[0]: row[1:] for row in store.rows(sql("sources/known_files.sql"))}
            prompt_key = store.value("SELECT value FROM meta WHERE name = 'prompt_key'")
            report.restated = reprice_stale(store, catalogue)
        total = sum(log.bytes for log in logs)
        done = 0
        batch: list[tuple[LogFile, Group]] = []
        size = 0
        for log in logs:
            if (was := known.get(log.name)) and was[:3] == (log.bytes, log.mtime_ns, log.fingerprint):
                report.files.append(FileReport(log.name, was[3], was[4], was[5], 0, 0, {"read before": was[4]}, was[6]))
                continue
            group = _recognise(log, config, temporary, report)
            if group is None:
                continue
            batch.append((log, group))
            size += log.bytes
            if size >= BATCH_BYTES:
                progress(f"reading {log.name}", done, total)
                _land(batch, ledger, temporary, catalogue, report, prompt_key, default_date, wait_s)
                done, size, batch = done + size, 0, []
        if batch:
            progress(f"reading {batch[-1][0].name}", done, total)
            _land(batch, ledger, temporary, catalogue, report, prompt_key, default_date, wait_s)
        progress("done", total, total)
    return report


def _no_logs(config: Config) -> frozenset[Path]:
    """Files the config names for something else: users, facts, rates."""
    named: list[Path] = [p for p in (config.path, config.users, config.fx) if p is not None]
    named += [e.file for e in config.enrich]
    return frozenset(p.resolve() for p in named)


def _recognise(log: LogFile, config: Config, temporary: Path, report: IngestReport) -> Group | None:
    """The group that reads this file; None, with a note, for a file in a folder that is no log."""
    with open_scratch() as scratch:
        ready = files.prepare(log, temporary, scratch)
        if ready.note:
            report.notes.append(f"{log.name}: {ready.note}")
        if ready.shape == "parquet":
            names, rows = scratch.table("SELECT * FROM read_parquet($path) LIMIT 400", {"path": str(ready.path)})
            sample: list[object] = [dict(zip(names, row, strict=True)) for row in rows]
        else:
            sample = formats.sample(ready)
    for source in config.sources:
        if _under(log, source.path, config):
            return Group("generic", ready.shape, ready.delimiter, (ready,), mapping.from_config(source))
    votes = formats.vote(sample)
    best = next((name for name, _ in votes.most_common() if name is not None), None)
    if best is not None and (ready.shape == "jsonl" or stage.raw_columns(best) is not None):
        return Group(best, ready.shape, ready.delimiter, (ready,))
    guessed, seen = mapping.by_names(sample)
    if guessed is not None:
        return Group("generic", ready.shape, ready.delimiter, (ready,), guessed)
    if not ready.bytes:
        report.files.append(FileReport(log.name, "empty"))
        return None
    if not log.asked_for:
        keys = ", ".join(list(seen)[:6]) or "no records"
        report.notes.append(f"{log.name}: not read, no token counts or costs in it ({keys})")
        return None
    raise UsageError("no format llmcost knows", place=log.name, hint=mapping.suggestion(log.name, seen))


def _under(log: LogFile, pattern: str, config: Config) -> bool:
    """Whether the glob of a `sources:` entry, relative to the config, names this file."""
    path = Path(log.name)
    folder = config.folder.resolve()
    full = (path if log.name == "-" else path.resolve()).as_posix()
    return fnmatch(full, (folder / pattern).as_posix()) or fnmatch(full, f"{folder.as_posix()}/{pattern}") or log.name == pattern


def _land(
    batch: Sequence[tuple[LogFile, Group]],
    ledger: Path,
    temporary: Path,
    catalogue: Catalogue,
    report: IngestReport,
    prompt_key: str,
    default_date: dt.date | None,
    wait_s: float,
) -> None:
    """Stages the files of a batch, then adds what is new to the ledger in one transaction."""
    path = temporary / f"stage-{len(report.files)}.duckdb"
    with open_scratch(path) as work:
        work.wait_s = wait_s
        # what is read back in a moment is not worth compressing
        work.run("SET force_compression = 'uncompressed'")
        stage.open_stage(work)
        work.run("SET VARIABLE prompt_key = $key", {"key": prompt_key})
        default_ts_us = None
        if default_date is not None:
            default_ts_us = int(dt.datetime(default_date.year, default_date.month, default_date.day, tzinfo=dt.timezone.utc).timestamp()) * 1_000_000
        work.run("SET VARIABLE default_ts_us = CAST($us AS BIGINT)", {"us": default_ts_us})
        findings = {log.name: Findings() for log, _ in batch}
        for _, group in batch:
            stage.run(work, group, findings, temporary)
        work.run(sql("sources/tags.sql"))
        # rows carry their order in `seq`, so they may be written as they come
        work.run("SET preserve_insertion_order = false; SET force_compression = 'auto'")
        with work.attached(ledger):
            base_seq = int(work.value("SELECT coalesce(max(seq), 0) FROM target.requests"))
            work.run("SET VARIABLE base_seq = CAST($seq AS BIGINT)", {"seq": base_seq})
            work.run(sql("sources/arrivals.sql"))
            keep = bool(work.value(sql("sources/keep_seq.sql")))
            work.run("SET VARIABLE keep_seq = CAST($keep AS BOOLEAN)", {"keep": keep})
            work.run(sql("sources/requests.sql"))
            charges.prepare(work, catalogue)
            with work.transaction():
                work.run(sql("sources/forget_replaced.sql"))
                work.run(f"INSERT INTO target.requests BY NAME {sql(charges.CHARGES)}")
                work.run(sql("sources/chains.sql"))
                _note_files(work, batch, findings, report)
                _note_prices(work, catalogue)
    path.unlink()


def _note_files(work: Store, batch: Sequence[tuple[LogFile, Group]], findings: dict[str, Findings], report: IngestReport) -> None:
    now_us = time.time_ns() // 1000
    counts = {name: row for name, *row in work.rows(sql("sources/counts.sql"))}
    for log, group in batch:
        found = findings[log.name]
        requests, new, duplicates = counts.get(log.name, (0, 0, 0))
        source = group.mapping.name if group.mapping else group.format
        entry = FileReport(log.name, source, found.lines, requests, new, duplicates, dict(sorted(found.skipped.items())), len(found.quarantined))
        report.files.append(entry)
        for table, column in (("files", "path"), ("quarantine", "file")):
            work.run(f"DELETE FROM target.{table} WHERE {column} = $name", {"name": log.name})
        work.run(
            sql("sources/note_file.sql"),
            {
                **{"path": log.name, "source": source, "bytes": log.bytes, "mtime_ns": log.mtime_ns, "fingerprint": log.fingerprint},
                **{"now_us": now_us, "lines": found.lines, "requests": requests, "new_rows": new, "duplicates": duplicates},
                **{"quarantined": len(found.quarantined), "reasons": list(found.skipped), "reason_counts": list(found.skipped.values())},
            },
        )
        if found.quarantined:
            work.run(
                sql("sources/note_quarantine.sql"),
                {"file": log.name, "lines": [line for line, _ in found.quarantined], "reasons": [reason for _, reason in found.quarantined]},
            )


def _note_prices(work: Store, catalogue: Catalogue) -> None:
    details = charges.details(catalogue, work.rows(sql("pricing/terms.sql")))
    used = {row[0] for row in work.rows(sql("sources/used_prices.sql"))}
    rows = [(price_id, detail) for price_id, detail in details.items() if price_id in used]
    if rows:
        work.run(sql("sources/note_prices.sql"), {"ids": [r[0] for r in rows], "details": [r[1] for r in rows]})
    work.run("INSERT OR REPLACE INTO target.meta VALUES ('catalogue', $digest)", {"digest": catalogue.digest})
