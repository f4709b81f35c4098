"""The notebook door gives the same figures as the command line, exactly."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from llmcost import frames
from llmcost.__main__ import main
from llmcost.model import Column, Table


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    log = folder / "log.jsonl"
    log.write_text(
        '{"request_id": "a", "ts": "2026-10-01T00:00:00Z", "provider": "openai", "model": "gpt-4o", "agent": "x", "input_tokens": 1000, "output_tokens": 100}\n'
        '{"request_id": "b", "ts": "2026-10-01T00:00:00Z", "provider": "openai", "model": "nobody-knows", "agent": "y", "input_tokens": 5, "output_tokens": 1}\n'
    )
    assert main(["ingest", str(log), "--db", str(folder / "l.duckdb"), "-q"]) == 0
    return folder / "l.duckdb"


def test_a_report_is_a_frame_with_exact_money(db):
    found = frames.report(db, by=["agent"]).set_index("agent")

    assert found.loc["x", "cost"] == Decimal("0.0025") + Decimal("0.001")  # 1000 x 2.50 and 100 x 10 per million
    assert found.loc["y", "cost"] is None
    assert found["input_tokens"].sum() == 1005
    assert str(found["requests"].dtype) == "Int64"


def test_conditions_and_sql_are_those_of_the_command_line(db):
    assert list(frames.report(db, by=["agent"], where="model = 'gpt-4o'")["agent"]) == ["x"]
    assert list(frames.ledger(db, "SELECT request_id, ts FROM ledger ORDER BY 1")["request_id"]) == ["a", "b"]


def test_unknown_stays_unknown_in_every_kind_of_column():
    columns = [Column("n", "count"), Column("at", "time"), Column("c", "cost"), Column("t", "text")]
    found = frames.frame(Table("x/1", "x", columns, [[None, None, None, None], [1, 1_000_000, Decimal(1), "a"]]))

    assert found.isna().iloc[0].all()
    assert found.loc[1, "at"] == pd.Timestamp("1970-01-01 00:00:01")
