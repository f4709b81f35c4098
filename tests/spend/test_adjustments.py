"""Bills applied: the invoiced cost ties to them, while computed cost and counts stay as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.sources.ingest import ingest
from llmcost.sources.statements import Reading, read
from llmcost.spend import adjustments
from llmcost.spend.reconcile import reconcile
from llmcost.spend.report import Question, report
from llmcost.store import open_ledger
from llmcost.windows import Window
from tests.spend.bills import DAY_1_S, acme
from tests.spend.ledgers import ledger, prices

ROWS = [acme(1, 1000, agent="a"), acme(2, 3000, agent="b"), acme(31, 20_000, "big", agent="a")]
MONTH = (
    "Period,Provider,Model,Amount\n2026-10,acme,small,0.0051234567890123\n2026-10,acme,big,0.018\n2026-10,acme,,0.002\n"
)
DAYS = "Date,Provider,Model,Amount\n2026-10-01,acme,small,0.0015\n2026-10-02,acme,small,0.0025\n"


def applied(folder: Path, path: Path, text: str, tz: str = "UTC") -> None:
    (folder / "bill.csv").write_text(text)
    statement = read([str(folder / "bill.csv")], Config(), prices(), Reading())
    with open_ledger(path) as store:
        adjustments.apply(store, reconcile(store, Config(), prices(), statement, Decimal("0.01"), tz=tz))


def figures(
    path: Path, by: str, cost: str, window: Window | None = None
) -> tuple[dict[Any, Any], Mapping[str, Any], str]:
    """Cost by group, the total row by name, and the notes."""
    with open_ledger(path, read_only=True) as store:
        table = report(store, Config(), Question(by=[by], cost=cost, window=window or Window()))
    names = [column.name for column in table.columns]
    at = names.index("cost")
    assert table.total is not None
    return {row[0]: row[at] for row in table.rows}, dict(zip(names, table.total, strict=True)), " | ".join(table.notes)


def test_what_is_invoiced_ties_to_the_bill_to_its_last_digit(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    applied(tmp_path, path, MONTH)
    by_model, total, notes = figures(path, "model", "invoiced")

    assert total["cost"] == Decimal("0.0051234567890123") + Decimal("0.018") + Decimal("0.002")
    assert by_model == {
        "small": Decimal("0.0051234567890123"),
        "big": Decimal("0.018"),
        None: Decimal("0.002"),
    }
    assert "invoiced: acme 2026-10-01 to 2026-10-31; all other cost is computed" in notes


@pytest.mark.parametrize("by", ["model", "agent", "day", "source", "feature"])
def test_every_grouping_adds_up_to_the_bill_and_nothing_else_changes(by: str, tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    before = figures(path, by, "computed")
    applied(tmp_path, path, MONTH)
    groups, total, _ = figures(path, by, "invoiced")

    assert sum(groups.values()) == total["cost"] == Decimal("0.0251234567890123")
    assert figures(path, by, "computed")[:2] == before[:2]
    counts = [name for name in total if name not in (by, "cost")]
    assert {name: total[name] for name in counts} == {name: before[1][name] for name in counts}


def test_an_adjustment_has_its_cause_where_it_has_no_name(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    applied(tmp_path, path, DAYS)

    # 0.0005 more on the 1st, 0.0005 less on the 2nd: the day border
    assert figures(path, "agent", "invoiced")[0] == {
        "a": Decimal("0.021"),
        "b": Decimal("0.003"),
        "(invoice: day border)": 0,
    }
    assert figures(path, "day", "invoiced")[0] == {
        "2026-10-01": Decimal("0.0015"),
        "2026-10-02": Decimal("0.0025"),
        "2026-10-31": Decimal("0.02"),
    }


def test_applied_twice_is_applied_once_and_a_new_bill_replaces(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    for text, wanted in (
        (DAYS, "0.024"),
        (DAYS, "0.024"),
        (DAYS.replace("0.0015", "0.0115"), "0.034"),
        (MONTH, "0.0251234567890123"),
    ):
        applied(tmp_path, path, text)
        assert figures(path, "model", "invoiced")[1]["cost"] == Decimal(wanted)


def test_days_of_another_zone_are_applied_as_they_are_there(tmp_path: Path) -> None:
    """The 1st in Los Angeles ends on the 2nd at 07:00 UTC and the last day of October has 24 hours, the next one 25."""
    zone = "America/Los_Angeles"
    late = acme(1, 1000, ts="2026-10-02T06:59:59Z")
    autumn = [acme(1, 2000, ts=f"2026-11-{at}:00Z", request_id=at) for at in ("01T07:00", "02T07:59")]
    path = ledger(tmp_path, [acme(1, 4000), late, *autumn])
    bill = "Date,Provider,Model,Amount\n2026-10-01,acme,small,0.0075\n2026-11-01,acme,small,0.0033\n"
    applied(tmp_path, path, bill, zone)

    with open_ledger(path, read_only=True) as store:
        table = report(store, Config(), Question(by=["day"], cost="invoiced", tz=zone))
    names = [column.name for column in table.columns]
    assert {row[0]: row[names.index("cost")] for row in table.rows} == {
        "2026-10-01": Decimal("0.0075"),
        "2026-11-01": Decimal("0.0033"),
    }


def test_a_bill_of_a_part_of_what_is_applied_is_refused(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    applied(tmp_path, path, MONTH)
    with pytest.raises(
        UsageError, match="a bill of acme for 2026-10-01 to 2026-10-31 is applied, of which this covers a part"
    ):
        applied(tmp_path, path, DAYS)

    assert figures(path, "model", "invoiced")[1]["cost"] == Decimal("0.0251234567890123")


def test_days_without_a_bill_are_computed_and_said_to_be(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    _, total, notes = figures(path, "model", "invoiced")

    assert total["cost"] == Decimal("0.024")
    assert "no bill is applied for these days, all cost is computed" in notes


def test_a_month_that_reaches_beyond_the_window_is_left_out_and_named(tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    applied(tmp_path, path, MONTH)
    _, total, notes = figures(path, "model", "invoiced", Window(DAY_1_S * 10**6, (DAY_1_S + 86400) * 10**6))

    assert total["cost"] == Decimal("0.001")
    assert "3 lines of a bill reach beyond the window and are left out" in notes


def test_requests_that_come_after_the_bill_are_told_until_it_is_applied_again(tmp_path: Path) -> None:
    """One more call of a model that the bill knows, and one of a model that nobody knew on these days."""
    path = ledger(tmp_path, [acme(1, 1000), acme(31, 3000)])
    bill = "Period,Provider,Model,Amount\n2026-10,acme,small,0.005\n"
    applied(tmp_path, path, bill)
    assert "since" not in figures(path, "model", "invoiced")[2]

    for late, told in (
        (acme(3, 500), "the cost under 1 applied lines has changed since: reconcile with --apply again"),
        (
            acme(4, 700, "big"),
            "requests of 1 models came to the days of a bill since it was applied: reconcile with --apply again",
        ),
    ):
        (tmp_path / f"{late['request_id']}.jsonl").write_text(json.dumps(late) + "\n")
        ingest([str(tmp_path / f"{late['request_id']}.jsonl")], path, config=Config(), catalogue=prices())
        _, total, notes = figures(path, "model", "invoiced")
        assert told in notes
        assert total["cost"] > Decimal("0.005")

        applied(tmp_path, path, bill)
        _, total, notes = figures(path, "model", "invoiced")
        assert (total["cost"], "since" in notes) == (Decimal("0.005"), False)


# whatever the bill and the ledger

USED = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 31)), st.sampled_from(["small", "big"]), st.integers(1, 10**9)),
    max_size=12,
)
"""(day, model, tokens): a request without a day has no time."""
AMOUNTS = st.decimals(0, 1000, places=12, allow_nan=False)
SPANS = st.sampled_from([[(1, 31)], [(1, 10), (11, 31)], [(d, d) for d in range(1, 32)], [(3, 3), (5, 9), (20, 20)]])
"""How a bill cuts the month for one model: first and last days."""


@st.composite
def bills(draw: st.DrawFn) -> list[tuple[int, int, str, str, Decimal]]:
    """(first day, last day, model or none, text, amount): models may be cut differently, some are unknown, some lines no usage."""
    found = []
    for model in draw(
        st.lists(st.sampled_from(["small", "big", "unheard-of", ""]), min_size=1, max_size=4, unique=True)
    ):
        spans = draw(SPANS)
        for first, last in draw(st.lists(st.sampled_from(spans), min_size=1, max_size=5, unique=True)):
            found.append((first, last, model, "", draw(AMOUNTS)))
    for text in draw(st.lists(st.sampled_from(["VAT 20%", "Promotional credit", "Credits applied"]), max_size=2)):
        found.append((1, 31, "", text, draw(AMOUNTS) * draw(st.sampled_from([1, -1]))))
    return found


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(used=USED, bill=bills())
def test_what_is_invoiced_is_the_bill_and_what_it_does_not_cover(
    used: list[tuple[int | None, str, int]], bill: list[tuple[int, int, str, str, Decimal]], tmp_path: Path
) -> None:
    """To the last pico-dollar: its lines, and the requests before its first day of usage, after its last and of no day."""
    rows = []
    for number, (day, model, tokens) in enumerate(used):
        ts = None if day is None else f"2026-10-{day:02}T{number:02}:59:59Z"
        row = {"request_id": f"r{number}", "ts": ts, "provider": "acme", "model": model, "input_tokens": tokens}
        rows.append({k: v for k, v in row.items() if v is not None})
    text = "Start,End,Provider,Model,Description,Amount\n" + "".join(
        f"2026-10-{first:02},2026-10-{last:02},acme,{model},{what},{amount:f}\n"
        for first, last, model, what, amount in bill
    )
    usage = [line for line in bill if not line[3]]
    first, last = min(line[0] for line in usage), max(line[1] for line in usage)
    each = {"small": Decimal("0.000001"), "big": Decimal("0.0001")}
    outside = [each[model] * tokens for day, model, tokens in used if day is None or not first <= day <= last]

    path = ledger(tmp_path, rows)
    for _ in range(2):  # applied twice is applied once
        applied(tmp_path, path, text)
        total = figures(path, "model", "invoiced")[1]["cost"]
        assert (total or Decimal(0)) == sum((line[4] for line in bill), Decimal(0)) + sum(outside, Decimal(0))
