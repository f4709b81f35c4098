"""Ingest: from paths to rows of the ledger, in short transactions; what was read before is not read again."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.reprice import pinned, reprice_stale
from llmcost.resources import sql
from llmcost.sources import databases, files, formats, live, mapping, recognise, stage, streams
from llmcost.sources.files import LogFile
from llmcost.sources.live import Seen
from llmcost.sources.stage import Findings, Group
from llmcost.store import Store, open_ledger, open_scratch

BATCH_BYTES = 256 << 20
"""Files are landed together until a batch holds this much text; a larger file is a batch of its own."""

BATCH_FILES = 2000

READ_FILES = (
    *("path", "source", "bytes", "mtime_ns", "fingerprint", "ingested_us"),
    *("lines", "requests", "new_rows", "duplicates", "quarantined", "skipped"),
    *("read_bytes", "read_lines", "read_digest", "first_line_digest", "before_seq", "first_line"),
)

READ_BEFORE = "read before"

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
    unread: list[str] = field(default_factory=list)
    """Files that were not read, or not to their end."""
    restated: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every file and every line could be read."""
        return not self.unread and not any(file.quarantined for file in self.files)


def ingest(
    paths: Iterable[str],
    ledger: Path,
    *,
    config: Config,
    catalogue: Catalogue,
    default_date: dt.date | None = None,
    keep_going: bool = False,
    wait_s: float = 15.0,
    progress: Progress = lambda _what, _done, _all: None,
) -> IngestReport:
    """Reads all logs under `paths` into the ledger file. UsageError for a path or format nobody can read.

    With `keep_going` a file of no known format is noted as unread, and the others are read.
    """
    report = IngestReport()
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder, open_scratch() as scratch:
        temporary = Path(folder)
        logs = files.expand(paths, temporary, _no_logs(config))
        with open_ledger(ledger, create=True, wait_s=wait_s) as store:
            same, grown = live.follow(store, logs)
            prompt_key = str(store.fact("prompt_key"))
            catalogue = pinned(store, catalogue)
            report.restated = reprice_stale(store, catalogue)
        total = sum(log.bytes for log in logs)
        done = size = 0
        batch: list[Group] = []
        for place, log in enumerate(logs, 1):
            if was := same.get(log.name):
                before = {READ_BEFORE: was.lines}
                report.files.append(
                    FileReport(log.name, was.source, was.lines, was.requests, 0, 0, before, was.quarantined)
                )
            elif group := _recognise(log, grown, config, temporary, scratch, report, keep_going=keep_going):
                batch.append(group)
                size += log.bytes
            if batch and (size >= BATCH_BYTES or len(batch) >= BATCH_FILES or place == len(logs)):
                progress(f"reading {batch[-1].logs[0].name}", done, total)
                _land(batch, grown, ledger, temporary, catalogue, report, prompt_key, default_date, wait_s)
                done, size, batch = done + size, 0, []
        progress("done", total, total)
    order = {log.name: place for place, log in enumerate(logs)}
    report.files.sort(key=lambda file: order[file.path])
    return report


def ingest_group(group: Group, ledger: Path, temporary: Path, catalogue: Catalogue) -> FileReport:
    """Reads one group into a new ledger: for a look at what becomes of its records."""
    report = IngestReport()
    with open_ledger(ledger, create=True) as store:
        prompt_key = str(store.fact("prompt_key"))
    _land([group], {}, ledger, temporary, catalogue, report, prompt_key, None, 0.0)
    return report.files[0]


def _no_logs(config: Config) -> frozenset[Path]:
    """Files the config names for something else: users, facts, rates."""
    named: list[Path] = [p for p in (config.path, config.users, config.fx) if p is not None]
    named += [e.file for e in config.enrich]
    return frozenset(p.resolve() for p in named)


def _recognise(
    log: LogFile,
    grown: Mapping[str, Seen],
    config: Config,
    temporary: Path,
    scratch: Store,
    report: IngestReport,
    *,
    keep_going: bool,
) -> Group | None:
    """The group that reads this file; None for one without a record, or, with a note, for one in a folder that is no log."""
    try:
        ready = prepared(log, temporary, scratch)
        if ready.note:
            report.notes.append(f"{log.name}: {ready.note}")
            report.unread.append(log.name)
        if ready.live and live.only_unfinished(ready):
            report.files.append(FileReport(log.name, "empty", 1, skipped={live.UNFINISHED: 1}))
        elif ready.shape == "empty":
            report.files.append(FileReport(log.name, "empty"))
        else:
            group = group_of(ready, config, scratch)
            was = grown.get(log.name)
            # the whole file tells its format; what that is now must be what it was
            if was and ready.live and was.source == _source(group) and not formats.BY_NAME[group.format].ordered:
                return replace(group, logs=(live.rest(ready, was, temporary),))
            return group
    except UsageError as error:
        if log.asked_for and not keep_going:
            raise
        report.unread.append(log.name)
        report.notes.append(f"{log.name}: not read, {error.message}")
    return None


def prepared(log: LogFile, temporary: Path, scratch: Store) -> LogFile:
    """The same log in a form SQL can read. UsageError for what is neither a log nor a database that holds one."""
    if databases.is_database(log.path):
        return databases.prepare(log, temporary)
    return files.prepare(log, temporary, scratch)


def group_of(log: LogFile, config: Config, scratch: Store) -> Group:
    """The one file with the format that most of its records have. UsageError when it is none that llmcost knows."""
    for source in config.sources:
        if _under(log, source.path, config):
            return Group("generic", log.shape, log.delimiter, (log,), mapping.from_config(source))
    sample = stage.sample(scratch, log, recognise.CLEAR_RECORDS)
    best, share = recognise.favourite(sample)
    if share < recognise.CLEAR_SHARE:
        sample = stage.sample(scratch, log, recognise.SAMPLE_RECORDS)
        best, _ = recognise.favourite(sample)
    if best is not None:
        return Group(best, log.shape, log.delimiter, (log,))
    if refused := recognise.refusal(sample):
        raise UsageError(refused.why, place=log.name, hint=refused.hint)
    if event := next((r for r in sample if isinstance(r, Mapping) and streams.is_event(r)), None):
        raise UsageError(
            f"the events of a stream without its beginning ({streams.name(event)} ...)",
            place=log.name,
            hint="log all events of a stream, or the finished response",
        )
    guessed, seen = mapping.by_names(sample)
    if guessed is None:
        raise UsageError("no format llmcost knows", place=log.name, hint=mapping.suggestion(log.name, seen))
    return Group("generic", log.shape, log.delimiter, (log,), guessed)


def _source(group: Group) -> str:
    return group.mapping.name if group.mapping else group.format


def _merged(batch: Iterable[Group]) -> list[Group]:
    """One group for all files of one format: a query costs more than a small file."""
    found: dict[object, Group] = {}
    for group in batch:
        key = (
            (group.format, group.logs[0].compression, repr(group.mapping))
            if group.shape == "jsonl"
            else group.logs[0].path
        )
        before = found.get(key)
        found[key] = replace(before, logs=before.logs + group.logs) if before else group
    return list(found.values())


def _under(log: LogFile, pattern: str, config: Config) -> bool:
    """Whether the glob of a `sources:` entry, relative to the config, names this file."""
    path = Path(log.name)
    folder = config.folder.resolve()
    full = (path if log.name == "-" else path.resolve()).as_posix()
    return (
        fnmatch(full, (folder / pattern).as_posix())
        or fnmatch(full, f"{folder.as_posix()}/{pattern}")
        or log.name == pattern
    )


def _land(
    batch: Sequence[Group],
    grown: Mapping[str, Seen],
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
        work.run("SET VARIABLE default_ts_us = epoch_us(CAST($date AS DATE)::TIMESTAMP)", {"date": default_date})
        findings = {group.logs[0].name: Findings.of(group.logs[0]) for group in batch}
        for group in _merged(batch):
            stage.run(work, group, findings, temporary)
        work.run(sql("sources/tags.sql"))
        # rows carry their order in `seq`, so they may be written as they come
        work.run("SET preserve_insertion_order = false; SET force_compression = 'auto'")
        with work.attached(ledger):
            base_seq = int(work.value("SELECT coalesce(max(seq), 0) FROM target.requests"))
            work.run("SET VARIABLE base_seq = CAST($seq AS BIGINT)", {"seq": base_seq})
            if going_on := [group.logs[0] for group in batch if group.logs[0].bytes_before]:
                rows = [(log.name, grown[log.name].before_seq, log.first_line) for log in going_on]
                work.load("read_on", ("name", "before_seq", "first_line"), rows)
                work.run(sql("sources/read_on.sql"))
            gather(work)
            keep = bool(work.value(sql("sources/keep_seq.sql")))
            work.run("SET VARIABLE keep_seq = CAST($keep AS BOOLEAN)", {"keep": keep})
            weigh(work, catalogue)
            work.run(sql("sources/requests.sql"))
            details = charges.prepare(work, catalogue)
            with work.transaction():
                work.run(sql("sources/forget_replaced.sql"))
                work.run(f"INSERT INTO target.requests BY NAME {sql(charges.CHARGES)}")
                work.run(sql("sources/note_aliases.sql"))
                if work.value(sql("sources/any_attempts.sql")):
                    work.run(sql("sources/chains.sql"))
                if work.value("SELECT count(*) > 0 FROM page_rows"):
                    work.run(sql("sources/note_pages.sql"))
                _note_files(work, batch, grown, findings, base_seq, report)
                _note_prices(work, catalogue, details)
    path.unlink()


def gather(work: Store) -> None:
    """From staged records to the rows that are new or tell more, with the ledger attached as `target`."""
    work.run(sql("sources/lineage.sql" if work.value(sql("sources/any_spans.sql")) else "sources/no_lineage.sql"))
    work.run("CREATE OR REPLACE TEMP TABLE identities (id VARCHAR, canonical VARCHAR)")
    work.load("identities", ("id", "canonical"), _identities(work.rows(sql("sources/linked_ids.sql"))))
    work.run(sql("sources/arrivals.sql"))
    work.run(sql("sources/merged.sql"))


def weigh(work: Store, catalogue: Catalogue) -> None:
    """Where nothing tells how tokens were counted, asks the cost that the log recorded; leaves the view `landing`."""
    if not work.value(sql("sources/any_witness.sql")):
        work.run("CREATE OR REPLACE TEMP VIEW landing AS FROM survivors")
        return
    work.run(sql("sources/readings.sql"))
    work.run(sql("sources/requests.sql"))
    charges.prepare(work, catalogue)
    work.run(f"CREATE OR REPLACE TEMP TABLE readings_priced AS {sql(charges.CHARGES)}")
    work.run(sql("sources/witnessed.sql"))


def _identities(links: Iterable[Sequence[Any]]) -> list[tuple[str, str]]:
    """(id, the one that stands for it) of all ids that (id, alias, is_old) links tie together; an old id stands for new ones."""
    roots: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := roots.setdefault(name, name)) != name:
            roots[name] = roots[above]
            name = above
        return name

    ids: dict[str, bool] = {}
    for name, alias, is_old in links:
        ids[name] = ids.get(name, False) or is_old
        roots[root(f"alias {alias}")] = root(f"id {name}")
    chosen: dict[str, str] = {}
    for name in sorted(ids, key=lambda each: (not ids[each], each)):
        chosen.setdefault(root(f"id {name}"), name)
    return [(name, chosen[root(f"id {name}")]) for name in ids]


def _note_files(
    work: Store,
    batch: Sequence[Group],
    grown: Mapping[str, Seen],
    findings: dict[str, Findings],
    base_seq: int,
    report: IngestReport,
) -> None:
    """Remembers what was read, where to read on, and which lines could not be read."""
    now_us = time.time_ns() // 1000
    counts = {name: row for name, *row in work.rows(sql("sources/counts.sql"))}
    for name, reason, number in work.rows(sql("sources/repeated.sql")):
        findings[name].skipped[reason] += number
    spans = (
        {name for (name,) in work.rows(sql("sources/span_files.sql"))}
        if work.value(sql("sources/any_spans.sql"))
        else set()
    )
    rows: list[tuple[object, ...]] = []
    for group in batch:
        log = group.logs[0]
        found = findings[log.name]
        requests, new, duplicates, borrowed = counts.get(log.name, (0, 0, 0, 0))
        was = grown[log.name] if log.bytes_before else None
        file = FileReport(log.name, _source(group), found.lines, requests, new, duplicates)
        file.skipped, file.quarantined = dict(sorted(found.skipped.items())), len(found.quarantined)
        in_all = _with_earlier(file, was) if was else file
        report.files.append(replace(in_all, new=new, duplicates=duplicates, skipped=_skipped_now(file, was)))
        # the ledger counts the repeats of lines without an id, unless some of them are rows of another file
        is_whole = borrowed or log.name in spans or streams.FOLDED in found.skipped
        place = live.place(log, found.physical_lines) if log.live and not is_whole else live.Place()
        rows.append(
            (log.name, in_all.source, log.bytes, log.mtime_ns, log.fingerprint, now_us)
            + (in_all.lines, in_all.requests, in_all.new, in_all.duplicates, in_all.quarantined)
            + (json.dumps(in_all.skipped), *astuple(place), was.before_seq if was else base_seq, log.lines_before + 1)
        )
    work.load("read_files", READ_FILES, rows)
    refused = [(name, line, reason) for name, found in findings.items() for line, reason in sorted(found.quarantined)]
    work.load("refused", ("file", "line", "reason"), refused)
    work.run(sql("sources/note_files.sql"))


def _with_earlier(file: FileReport, was: Seen) -> FileReport:
    """What became of a file in all its readings. The line that waited for its end was read now."""
    skipped = Counter(was.skipped)
    waited = skipped.pop(live.UNFINISHED, 0)
    skipped.update(file.skipped)
    return replace(
        file,
        lines=was.lines - waited + file.lines,
        requests=was.requests + file.requests,
        new=was.new_rows + file.new,
        duplicates=was.duplicates + file.duplicates,
        skipped=dict(sorted(skipped.items())),
        quarantined=was.quarantined + file.quarantined,
    )


def _skipped_now(file: FileReport, was: Seen | None) -> dict[str, int]:
    """Why this reading passed lines over: those of earlier ones were read before."""
    if was is None:
        return file.skipped
    return {**file.skipped, READ_BEFORE: was.lines - was.skipped.get(live.UNFINISHED, 0)}


def _note_prices(work: Store, catalogue: Catalogue, details: dict[str, str]) -> None:
    """Keeps the arithmetic of every price that the new rows carry, and which catalogue it is from."""
    used = {row[0] for row in work.rows(sql("sources/used_prices.sql"))}
    rows = [(price_id, detail) for price_id, detail in details.items() if price_id in used]
    if rows:
        work.run(sql("sources/note_prices.sql"), {"ids": [r[0] for r in rows], "details": [r[1] for r in rows]})
    work.run(sql("pricing/note_terms.sql").format(into="target.priced_terms"))
    work.run(sql("sources/note_fact.sql"), {"name": "catalogue", "value": catalogue.digest})
