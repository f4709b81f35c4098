"""A closed month: its files never change again, and what the ledger learns later goes out as rows that add up to it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.errors import UsageError
from llmcost.exports import corrections
from llmcost.exports.files import Written
from llmcost.exports.verify import verify
from llmcost.store import open_ledger
from tests.exports.test_exports import exported, manifest, times, tree
from tests.exports.test_focus import EXTRA_CHECKS
from tests.spend.ledgers import Row, call, ledger

AT = datetime(2026, 11, 3, 2, 0, tzinfo=timezone.utc)
LATER = datetime(2026, 12, 5, 2, 0, tzinfo=timezone.utc)
FIRST = [
    call("a", ts="2026-10-01T08:00:00Z", agent="=x"),
    call("b", ts="2026-10-02T08:00:00Z", output_tokens=5),
    call("c", ts="2026-11-02T08:00:00Z"),
]
LATE = [call("d", ts="2026-10-02T09:00:00Z", agent="late"), call("e", ts="2026-10-20T09:00:00Z", agent="late")]


def export(folder: Path, rows: Sequence[Row], name: str = "daily", form: str = "csv", at: datetime = AT) -> Written:
    with open_ledger(ledger(folder, rows), read_only=True) as store:
        return exported(store, folder / "out", name, form, at=at)


def close(folder: Path, name: str = "daily", month: str = "2026-10", at: datetime = AT, *, reopen: bool = False) -> int:
    return corrections.close(folder / "out" / name / "v1", name, month, at, wait_s=0, reopen=reopen)


def read(folder: Path, pattern: str) -> list[Row]:
    found = sorted((folder / "out").rglob(pattern))
    return [row for path in found for row in csv.DictReader(io.StringIO(path.read_text()))]


def test_late_rows_of_a_closed_month_are_a_file_of_their_own(tmp_path: Path) -> None:
    export(tmp_path, FIRST)
    assert close(tmp_path) == 2
    before = tree(tmp_path / "out")
    done = export(tmp_path, [*FIRST, *LATE])
    after = tree(tmp_path / "out")
    path = "daily/v1/dt=2026-11-03/correction-2026-10-00001.csv"

    assert {name for name in after if after[name] != before.get(name)} == {path, "daily/v1/manifest.json"}
    assert (done.new, done.restated, done.corrections) == (0, {}, 1)
    assert [(row["day"], row["agent"], row["requests"], row["cost"]) for row in read(tmp_path, "correction-*")] == [
        ("2026-10-02", "late", "1", "0.001000000000"),
        ("2026-10-20", "late", "1", "0.001000000000"),
    ]
    book = manifest(tmp_path)
    assert book["closed"] == ["2026-10"]
    assert [e["status"] for e in book["files"]] == ["closed", "closed", "open", "open"]
    assert [(one["dt"], one["reason"]) for one in book["restated"]] == [
        ("2026-10-02", "late_rows"),
        ("2026-10-20", "late_rows"),
    ]
    assert verify(tmp_path / "out")[1]


def test_the_next_run_has_nothing_to_correct(tmp_path: Path) -> None:
    export(tmp_path, FIRST)
    close(tmp_path)
    export(tmp_path, [*FIRST, *LATE])
    then = times(tmp_path / "out")
    done = export(tmp_path, [*FIRST, *LATE], at=LATER)

    assert (done.new, done.corrections) == (0, 0)
    assert times(tmp_path / "out") == then


def test_rows_that_went_are_taken_back_and_corrections_are_corrected(tmp_path: Path) -> None:
    """b (1,000 in, 5 out: 1,050 microdollars) turns out to be a copy, and so does d, which had come late."""
    export(tmp_path, FIRST)
    close(tmp_path)
    export(tmp_path, [*FIRST, *LATE])
    export(tmp_path, [FIRST[0], FIRST[2], LATE[1]], at=LATER)
    second = read(tmp_path, "correction-2026-10-00002.csv")

    assert [(row["agent"], row["requests"], row["output_tokens"], row["cost"]) for row in second] == [
        ("", "-1", "-5", "-0.001050000000"),
        ("late", "-1", "0", "-0.001000000000"),
    ]
    assert manifest(tmp_path)["restated"][-1]["reason"] == "dedupe"
    assert Decimal("0.003") == sum(Decimal(row["cost"]) for row in read(tmp_path, "*.csv"))


def test_a_correction_is_booked_in_a_month_that_is_open(tmp_path: Path) -> None:
    export(tmp_path, FIRST)
    close(tmp_path)
    close(tmp_path, month="2026-11", at=LATER)
    export(tmp_path, [*FIRST, *LATE], at=datetime(2026, 11, 28, tzinfo=timezone.utc))

    assert (tmp_path / "out/daily/v1/dt=2026-12-01/correction-2026-10-00001.csv").is_file()


def test_a_reopened_month_is_written_anew_without_corrections(tmp_path: Path) -> None:
    export(tmp_path, FIRST)
    close(tmp_path)
    export(tmp_path, [*FIRST, *LATE])
    close(tmp_path, reopen=True)
    done = export(tmp_path, [*FIRST, *LATE])

    assert (done.new, done.restated, done.removed) == (1, {"reopened": 1}, 1)
    assert read(tmp_path, "correction-*") == []
    assert [(row["day"], row["agent"]) for row in read(tmp_path, "part-*")] == [
        ("2026-10-01", "'=x"),
        ("2026-10-02", ""),
        ("2026-10-02", "late"),
        ("2026-10-20", "late"),
        ("2026-11-02", ""),
    ]
    assert manifest(tmp_path)["corrected"] == {}


def test_focus_corrects_in_the_open_billing_period_and_says_which_day(tmp_path: Path) -> None:
    export(tmp_path, FIRST, "focus")
    close(tmp_path, "focus")
    export(tmp_path, [*FIRST, *LATE, call("f", ts="2026-10-02T08:00:00Z", agent="late")], "focus")
    rows = read(tmp_path, "correction-*")

    assert [
        (row["x_CorrectedDay"], row["ChargeClass"], row["ChargePeriodStart"], row["BillingPeriodStart"]) for row in rows
    ] == [
        ("2026-10-02", "Correction", "2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-10-20", "Correction", "2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z"),
    ]
    # two requests of 1,000 tokens came late on the second, one on the twentieth
    assert [(row["PricingQuantity"], row["BilledCost"]) for row in rows] == [("0.002", "0.002"), ("0.001", "0.001")]
    if EXTRA_CHECKS:
        (path,) = (tmp_path / "out").rglob("correction-*")
        done = subprocess.run([sys.executable, EXTRA_CHECKS, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_new_price_is_corrected_by_taking_the_old_charge_back(tmp_path: Path) -> None:
    export(tmp_path, FIRST, "focus")
    close(tmp_path, "focus")
    with duckdb.connect(str(ledger(tmp_path, FIRST))) as connection:
        connection.execute("UPDATE prices SET price_id = 'new', detail = replace(detail, '\"1000000\"', '\"2000000\"')")
        connection.execute("UPDATE requests SET price_id = 'new', cost = 2 * cost WHERE request_id = 'a'")
        connection.execute("UPDATE requests SET price_id = 'new', cost = 0.00205 WHERE request_id = 'b'")
    with open_ledger(tmp_path / "llmcost.duckdb", read_only=True) as store:
        exported(store, tmp_path / "out", "focus", at=AT)
    rows = [
        (row["x_CorrectedDay"][-2:], row["ListUnitPrice"], row["BilledCost"]) for row in read(tmp_path, "correction-*")
    ]

    assert sorted(rows) == [
        *(("01", "1.0", "-0.001"), ("01", "2.0", "0.002"), ("02", "1.0", "-0.001")),
        *(("02", "10.0", "-0.00005"), ("02", "10.0", "0.00005"), ("02", "2.0", "0.002")),
    ]
    assert {one["reason"] for one in manifest(tmp_path, "focus")["restated"]} == {"price"}


def test_ndjson_cannot_be_closed(tmp_path: Path) -> None:
    export(tmp_path, FIRST, form="ndjson")
    with pytest.raises(UsageError, match="ndjson files cannot be corrected by rows of their own"):
        close(tmp_path)


DAYS = ("2026-10-01", "2026-10-02", "2026-10-30", "2026-11-01")
LEDGERS = st.lists(
    st.builds(
        lambda n, day, agent, tokens, output: call(
            f"r{n}", ts=f"{day}T08:00:00Z", agent=agent, input_tokens=tokens, output_tokens=output
        ),
        st.integers(0, 8),
        st.sampled_from(DAYS),
        st.sampled_from(["", "=1", "b"]),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda row: row["request_id"],
)


@pytest.mark.parametrize(("name", "form"), [("daily", "csv"), ("focus", "csv"), ("users", "parquet")])
@given(ledgers=st.lists(LEDGERS, min_size=3, max_size=3))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_after_the_close_all_rows_together_are_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, name: str, form: str, ledgers: Sequence[Sequence[Row]]
) -> None:
    folder = tmp_path_factory.mktemp("closing")
    first = [call("first", ts="2026-10-02T00:00:00Z"), *ledgers[0]]
    export(folder, first, name, form)
    close(folder, name)
    closed = {path: data for path, data in tree(folder / "out").items() if "2026-10" in path}
    for rows in ledgers[1:]:
        export(folder, rows, name, form)
        assert {path: tree(folder / "out")[path] for path in closed} == closed
        column = "EffectiveCost" if name == "focus" else "cost"
        glob = f"{folder}/out/{name}/v1/**/*.{form}"
        reader = f"read_csv('{glob}', all_varchar=true)" if form == "csv" else f"read_parquet('{glob}')"
        (total,) = duckdb.sql(f"SELECT coalesce(sum(CAST({column} AS DECIMAL(38, 12))), 0) FROM {reader}").fetchall()[0]
        want = sum(row["input_tokens"] + 10 * row["output_tokens"] for row in rows)
        assert total == Decimal(want).scaleb(-6)
        assert verify(folder / "out")[1]
