"""SQLite databases: opencode's own, a gateway's dump, any table whose columns are recognised (databases.py)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llmcost.errors import UsageError
from tests.sources.reading import put, read, tokens, usd
from tests.sources.test_coding_agents import AT_US, message

Record = dict[str, Any]


def database(path: Path, **tables: list[Record]) -> Path:
    """A database with these tables; the columns of each are the keys of its first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store, store:
        for name, rows in tables.items():
            quoted = json.dumps(name).replace('\\"', '""')
            store.execute(f"CREATE TABLE {quoted} ({', '.join(json.dumps(column) for column in rows[0])})")
            for row in rows:
                store.execute(f"INSERT INTO {quoted} VALUES ({', '.join('?' * len(row))})", list(row.values()))
    return path


def opencode_row(id_: str, record: Record) -> Record:
    data = {name: value for name, value in record.items() if name not in ("id", "sessionID")}
    return {
        "id": id_,
        "session_id": "ses_1",
        "time_created": AT_US // 1000,
        "time_updated": AT_US // 1000,
        "data": json.dumps(data),
    }


ASKED = {
    "role": "user",
    "time": {"created": AT_US // 1000},
    "agent": "build",
    "model": {"providerID": "openai", "modelID": "gpt-4o"},
}
OPENCODE: dict[str, list[Record]] = {
    "session": [{"id": "ses_1", "project_id": "p", "title": "modelID"}],
    "message": [opencode_row("msg_0", ASKED), opencode_row("msg_1", message())],
    "part": [{"id": "prt_1", "message_id": "msg_1", "session_id": "ses_1", "data": '{"type": "text", "text": "Hi"}'}],
}
SPEND: list[Record] = [
    {
        **{
            "request_id": f"chatcmpl-{n}",
            "call_type": "acompletion",
            "spend": 0.00173,
            "total_tokens": 520,
            "prompt_tokens": 420,
        },
        **{
            "completion_tokens": 100,
            "startTime": "2026-01-01 00:00:00",
            "endTime": "2026-01-01 00:00:01",
            "model": "gpt-4o",
        },
        **{
            "end_user": "ann",
            "metadata": json.dumps(
                {
                    "usage_object": {
                        "prompt_tokens": 420,
                        "completion_tokens": 100,
                        "prompt_tokens_details": {"cached_tokens": 256},
                    }
                }
            ),
        },
        **{"custom_llm_provider": "openai", "cache_hit": "False", "request_tags": "[]", "blob": b"\x00\xff"},
    }
    for n in range(3)
]


def test_opencodes_database_is_read_and_a_message_that_also_lies_as_a_file_counts_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    database(logs / "opencode.db", **OPENCODE)
    put(logs, "storage/message/ses_1/msg_1.json", json.dumps(message()))
    found = read(logs)
    row = found.one
    assert tokens(row) == {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
    # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
    assert (row["cost"], row["session"], row["feature"], row["agent"]) == (usd("0.00173"), "ses_1", "shop", "build")
    assert (row["source"], row["line"], row["ts_us"], row["latency_ms"]) == ("opencode", 2, AT_US, 2500)
    assert [(file.lines, file.skipped) for file in found.report.files] == [(2, {"a message of the user": 1}), (1, {})]


def test_a_gateways_table_is_read_and_what_is_no_request_beside_it_is_passed_over(tmp_path: Path) -> None:
    daily = [
        {"date": "2026-01-01", "model": "gpt-4o", "prompt_tokens": 1260, "completion_tokens": 300, "spend": 0.00519}
    ]
    path = database(
        tmp_path / "logs" / "proxy.sqlite", LiteLLM_SpendLogs=SPEND, LiteLLM_DailyUserSpend=daily, empty=[{"a": None}]
    )
    found = read(path)
    assert [(row["request_id"], row["cost"], row["user"]) for row in found.rows] == [
        (f"chatcmpl-{n}", usd("0.00173"), "ann") for n in range(3)
    ]
    assert (found.file.source, found.file.lines, [row["line"] for row in found.rows]) == (
        "litellm_spendlogs",
        3,
        [1, 2, 3],
    )
    assert read(path).rows == found.rows


def test_a_table_of_no_known_format_is_read_by_its_column_names(tmp_path: Path) -> None:
    rows = [
        {
            "id": "a",
            "created_at": "2026-01-01T00:00:00Z",
            "model": "gpt-4o",
            "prompt_tokens": 420,
            "completion_tokens": 100,
        }
    ]
    path = database(tmp_path / "logs" / "a.db", calls=rows, people=[{"id": 1, "name": "Ann"}])
    # 420 x $2.50 + 100 x $10, per million
    assert read(path).one["cost"] == usd("0.00205")


def test_a_database_without_requests_is_refused_and_in_a_folder_passed_over(tmp_path: Path) -> None:
    path = database(tmp_path / "logs" / "people.db", people=[{"id": 1, "name": "Ann"}], **{'odd "name"': [{"x": 1}]})
    with pytest.raises(UsageError, match="no table of this database holds requests"):
        read(path)
    put(tmp_path / "logs", "msg_1.json", json.dumps(message()))
    found = read(tmp_path / "logs")
    assert len(found.rows) == 1
    assert found.report.notes == [f"{path}: not read, no table of this database holds requests that llmcost knows"]


def test_a_live_database_is_read_with_its_journal_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "opencode.db"
    database(path, **OPENCODE)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        insert = "INSERT INTO message VALUES (?, ?, ?, ?, ?)"
        writer.execute(insert, list(opencode_row("msg_2", message("msg_2")).values()))
        writer.commit()
        before = path.read_bytes()
        assert sorted(row["request_id"] for row in read(path).rows) == ["msg_1", "msg_2"]
        # the file is the same as before, only the journal grows
        writer.execute(insert, list(opencode_row("msg_3", message("msg_3")).values()))
        writer.commit()
        assert sorted(row["request_id"] for row in read(path).rows) == ["msg_1", "msg_2", "msg_3"]
        assert path.read_bytes() == before
    names = {each.name for each in path.parent.iterdir()}
    read(path, ledger=tmp_path / "other.duckdb")
    assert {each.name for each in path.parent.iterdir()} == names == {"opencode.db"}
