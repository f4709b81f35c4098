"""One bill: every grouping, number of threads and output adds up to the same pico-dollars."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from llmcost import config
from llmcost.conditions import DIMENSIONS
from llmcost.pricing import catalogue, charges
from llmcost.resources import sql
from llmcost.spend.report import Question, report
from llmcost.store import open_ledger
from tests.cli.program import inside
from tests.conftest import SAMPLE_LOGS

TOLD = config.load(SAMPLE_LOGS / "llmcost.yaml")
BY: Sequence[tuple[str, ...]] = [(name,) for name in DIMENSIONS if name not in ("turn", "trace", "session")]
PAIRS = [("day", "agent"), ("feature", "model", "user"), ("tag:env", "hour"), ("provider", "plan", "status", "key")]


def bill(path: Path) -> Decimal:
    """What the stored requests cost, added up one by one outside of the database."""
    with open_ledger(path, read_only=True) as store:
        return sum((cost for (cost,) in store.rows("SELECT cost FROM requests WHERE cost IS NOT NULL")), Decimal(0))


@pytest.fixture(scope="module")
def whole(sample_ledger: Path) -> Decimal:
    return bill(sample_ledger)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_grouping_on_any_number_of_threads(sample_ledger: Path, whole: Decimal, threads: int) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        store.run(f"SET threads = {threads}")
        for by in [*BY, *PAIRS]:
            table = report(store, TOLD, Question(by=by))
            place = next(i for i, column in enumerate(table.columns) if column.name == "cost")
            costs = [Decimal(row[place]) for row in table.rows if row[place] is not None]
            assert sum(costs, Decimal(0)) == whole, by
            assert table.total is not None
            assert Decimal(table.total[place]) == whole, by


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_pricing_again_on_any_number_of_threads(sample_ledger: Path, whole: Decimal, threads: int) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        store.run(f"SET threads = {threads}")
        charges.prepare(store, catalogue.load())
        again = f"SELECT count(*) FROM ({sql(charges.CHARGES)}) c JOIN main.requests r USING (seq) WHERE c.cost IS DISTINCT FROM r.cost"
        assert store.value(again) == 0
        assert store.value(f"SELECT sum(cost) FROM ({sql(charges.CHARGES)})") == whole


def added(text: str, column: str = "cost") -> Decimal:
    return sum((Decimal(row[column]) for row in csv.DictReader(StringIO(text)) if row[column]), Decimal(0))


def test_every_output(
    sample_ledger: Path,
    whole: Decimal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = ("--db", str(sample_ledger), "--config", str(SAMPLE_LOGS / "llmcost.yaml"))

    def out(*arguments: str) -> str:
        done = inside(monkeypatch, capsys, tmp_path, *arguments, *told)
        assert done.code == 0, done.err
        return done.out

    told_json = json.loads(out("report", "--format", "json"))
    assert Decimal(told_json["total"]["cost"]) == whole
    assert sum(Decimal(row["cost"]) for row in told_json["rows"] if row["cost"]) == whole
    assert added(out("report", "--by", "user", "--format", "csv")) == whole
    lines = [json.loads(line) for line in out("report", "--by", "day", "--format", "ndjson").splitlines()]
    assert sum(Decimal(line["cost"]) for line in lines if line["cost"]) == whole
    assert added(out("sql", "SELECT sum(cost) AS cost FROM ledger", "--format", "csv")) == whole

    out("export", "--to", "exports", "--dataset", "daily")
    daily = [added(path.read_text(encoding="utf-8")) for path in (tmp_path / "exports").rglob("daily/**/*.csv")]
    assert sum(daily) == whole
    out("export", "--to", "exports", "--dataset", "requests")
    each = [added(path.read_text(encoding="utf-8")) for path in (tmp_path / "exports").rglob("requests/**/*.csv")]
    assert sum(each) == whole
    out("gate", "--max-cost", "1000000", "--soft", "--report", "json=gate.json")
    rules = json.loads((tmp_path / "gate.json").read_text(encoding="utf-8"))["rules"]
    assert [Decimal(rule["value"]) for rule in rules if rule["id"] == "max-cost"] == [whole]
    (tmp_path / "same.yaml").write_text("scope: all\ndefault: as_logged\n")
    same = json.loads(out("simulate", "same.yaml", "--format", "json"))
    # a row of 120 requests cannot be replayed one by one: it is left out, and that is told
    assert "120 requests are not looked at: in aggregated rows" in same["assumptions"]
    aggregated = added(out("sql", "SELECT cost FROM ledger WHERE requests > 1", "--format", "csv"))
    assert Decimal(same["baseline"]["cost"]) == Decimal(same["simulated"]["cost"]) == whole - aggregated
