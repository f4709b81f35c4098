"""What ingest remembers: files, quarantine, prices in use; and that a crash or a second reading changes nothing.

Here known_files.sql, note_files.sql, note_fact.sql, used_prices.sql and note_prices.sql earn their keep; macros.sql does in
every case.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from llmcost import config
from llmcost.sources import formats, ingest, recognise
from llmcost.store import open_ledger
from tests.sources.reading import prices, put, read

Record = dict[str, Any]


def call(name: str, **more: Any) -> Record:
    return {
        "request_id": name,
        "ts": "2026-01-01T00:00:00Z",
        "model": "gpt-4o",
        "input_tokens": 10,
        "output_tokens": 2,
        **more,
    }


def text(*records: Record | str) -> str:
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)


def table(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    with open_ledger(ledger, read_only=True) as store:
        return store.rows(query)


def test_a_file_is_remembered_as_it_was_read(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "a.jsonl", text(call("a"), call("a"), "broken", call("b"))))
    counts = "lines, requests, new_rows, duplicates, quarantined, skipped"
    assert table(found.ledger, f"SELECT source, bytes, {counts} FROM files") == [
        ("native", (tmp_path / "logs" / "a.jsonl").stat().st_size, 4, 3, 2, 1, 1, {})
    ]


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "logs", "a.jsonl", text(call("a"), "broken"))
    first = read(path)
    monkeypatch.setattr(ingest.files, "prepare", lambda *_: pytest.fail("it was opened"))
    again = read(path)
    assert (again.rows, again.quarantine) == (first.rows, first.quarantine)
    assert (again.file.requests, again.file.new, again.file.skipped, again.file.quarantined) == (
        1,
        0,
        {"read before": 2},
        1,
    )


def test_a_file_that_was_only_touched_adds_nothing(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.jsonl", text(call("a")))
    first = read(path)
    os.utime(path, ns=(1, 1))
    again = read(path)
    # the same lines at the same place are no duplicates
    assert (again.rows, again.file.requests, again.file.new, again.file.duplicates) == (first.rows, 1, 0, 0)


def test_a_file_that_grew_adds_what_is_new(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.jsonl", text(call("a")))
    read(path)
    path.write_text(text(call("a"), call("b")))
    again = read(path)
    assert ([row["request_id"] for row in again.rows], again.file.new, [row["seq"] for row in again.rows]) == (
        ["a", "b"],
        1,
        [1, 2],
    )


def test_a_repaired_file_leaves_the_quarantine(tmp_path: Path) -> None:
    other = put(tmp_path / "logs", "b.jsonl", text(call("x"), "broken"))
    path = put(tmp_path / "logs", "a.jsonl", text(call("a"), "broken"))
    assert len(read(tmp_path / "logs").quarantine) == 2
    path.write_text(text(call("a"), call("b")))
    again = read(tmp_path / "logs")
    assert [(file, line) for file, line, _ in again.quarantine] == [(str(other), 2)]
    assert len(table(again.ledger, "SELECT * FROM files")) == 2


def test_the_arithmetic_of_the_prices_in_use_is_kept_and_no_other(tmp_path: Path) -> None:
    found = read(
        put(
            tmp_path / "logs",
            "a.jsonl",
            text(call("a"), call("b", model="claude-sonnet-4-5"), call("c", model="unheard-of")),
        )
    )
    kept = [row[0] for row in table(found.ledger, "SELECT price_id FROM prices ORDER BY 1")]
    assert kept == sorted({row["price_id"] for row in found.rows if row["price_id"]})
    assert len(kept) == 2


def test_the_catalogue_of_the_prices_is_remembered(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "a.jsonl", text(call("a"))))
    assert table(found.ledger, "SELECT value FROM meta WHERE name = 'catalogue'") == [(prices().digest,)]


def test_chains_are_looked_for_only_where_something_failed(tmp_path: Path) -> None:
    # any_attempts.sql asks the whole ledger: the failure may have come with an earlier file
    failed = call("a", trace="t", status="error", error_kind="timeout")
    assert read(put(tmp_path / "logs", "a.jsonl", text(failed))).one["chain"] is None
    found = read(put(tmp_path / "logs", "b.jsonl", text(call("b", trace="t", ts="2026-01-01T00:00:01Z"))))
    assert [(row["chain"], row["chain_step"]) for row in found.rows] == [("a", 1), ("a", 2)]


def test_batches_change_nothing_but_the_number_of_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = call("x", trace="t", status="error", error_kind="timeout")
    put(tmp_path / "logs", "a.jsonl", text(call("a"), attempt))
    put(tmp_path / "logs", "b.jsonl", text(call("a"), call("y", trace="t", ts="2026-01-01T00:00:01Z")))
    put(tmp_path / "logs", "c.jsonl", text(call("c")))
    together = read(tmp_path / "logs", ledger=tmp_path / "together.duckdb")
    monkeypatch.setattr(ingest, "BATCH_BYTES", 1)
    apart = read(tmp_path / "logs", ledger=tmp_path / "apart.duckdb")
    columns = [name for name in together.rows[0] if name != "seq"]
    assert [[row[name] for name in columns] for row in apart.rows] == [
        [row[name] for name in columns] for row in together.rows
    ]
    assert apart.by_id()["y"]["chain"] == "x"
    assert [(f.requests, f.new, f.duplicates) for f in apart.report.files] == [
        (f.requests, f.new, f.duplicates) for f in together.report.files
    ]


def test_a_crash_before_the_end_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(put(tmp_path / "logs", "a.jsonl", text(call("a", output_tokens=None), "broken")))
    (tmp_path / "logs" / "a.jsonl").write_text(text(call("a"), call("b")))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_note_prices", crash)
        with pytest.raises(KeyboardInterrupt):
            read(tmp_path / "logs")
    ledger = tmp_path / "ledger.duckdb"
    assert table(ledger, "SELECT request_id, output_tokens FROM ledger") == [("a", 0)]
    assert table(ledger, "SELECT line FROM quarantine") == [(2,)]
    assert len(read(tmp_path / "logs").rows) == 2


def test_files_that_the_config_names_for_something_else_are_no_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "llmcost.yaml", "users: users.csv\nfx: fx.csv\nenrich: [{file: facts.csv, on: trace, set: [feature]}]\n")
    for name in ("users.csv", "fx.csv", "facts.csv"):
        put(
            logs,
            name,
            "trace,user,plan,currency,date,usd,feature,model,input_tokens\n,u1,free,EUR,2026-01-01,1.1,f,gpt-4o,5\n",
        )
    put(logs, "a.jsonl", text(call("a")))
    found = read(logs, settings=config.load(logs / "llmcost.yaml"))
    assert [Path(file.path).name for file in found.report.files] == ["a.jsonl"]


def test_progress_tells_how_many_bytes_are_done(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    path = put(tmp_path / "logs", "a.jsonl", text(call("a")))
    read(path, progress=lambda *news: told.append(news))
    size = path.stat().st_size
    assert told == [(f"reading {path}", 0, size), ("done", size, size)]


def test_the_majority_names_the_format_and_not_the_first_record() -> None:
    summary, chat = {"type": "summary"}, {"object": "chat.completion", "usage": {}}
    assert recognise.vote([summary, chat, chat, "text", None]).most_common(1) == [("openai_chat", 2)]


def test_the_rows_of_the_detection_table_have_a_query_and_words_for_people() -> None:
    for each in formats.BY_NAME.values():
        assert each.title
        assert each.detected_by
        assert each.counting
        assert each.how_to
    assert [each.name for each in formats.BY_NAME.values() if not each.query] == ["native"]
