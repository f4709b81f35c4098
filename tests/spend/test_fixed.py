"""Fixed and prepaid money: spread over days so that it adds up, shared out by tokens, drawn oldest first, never inside cost."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from llmcost import conditions
from llmcost.spend.currency import converted
from llmcost.spend.fixed import Share, allocated, commitments, drawn_by_day, fixed_table, of_day
from llmcost.spend.report import Question, report
from llmcost.windows import Window
from tests.spend.ledgers import call, opened, settings

CONFIG = """
prices:
  costs:
    - {name: cluster, amount: 31, per: month, allocate_by: "model = 'big'"}
    - {name: vectors, amount: 1, per: day}
"""


def test_a_month_is_the_sum_of_its_days() -> None:
    for month in (2, 4, 10):
        days = monthrange(2026, month)[1]
        parts = [of_day(Decimal(100), "month", date(2026, month, 1) + timedelta(n)) for n in range(days)]
        assert sum(parts) == 100
        assert max(parts) - min(parts) <= Decimal("0.000000000001")
    assert sum(of_day(Decimal(1), "week", date(2026, 10, 5) + timedelta(n)) for n in range(7)) == 1
    assert sum(of_day(Decimal(1), "year", date(2028, 1, 1) + timedelta(n)) for n in range(366)) == 1
    assert of_day(Decimal("2.5"), "hour", date(2026, 10, 1)) == 60


def rows() -> list[dict[str, object]]:
    # 1 and 2 October: `big` 3,000 tokens for a and 1,000 for b; `small` 4,000 for a
    return [
        call("1", ts="2026-10-01T10:00:00Z", model="big", agent="a", input_tokens=3000),
        call("2", ts="2026-10-02T10:00:00Z", model="big", agent="b", input_tokens=1000),
        call("3", ts="2026-10-02T10:00:00Z", model="small", agent="a", input_tokens=4000),
    ]


def test_costs_are_shared_out_by_the_tokens_they_serve(tmp_path: Path) -> None:
    config = settings(tmp_path, CONFIG)
    with opened(tmp_path, rows()) as store:
        found = allocated(store, config, ["agent"], None, Window(), "UTC")
    # two days of the cluster are $2: 3/4 and 1/4 of it; two days of vectors are $2: 7/8 and 1/8 of it
    assert found == [
        Share("cluster", ("a",), Decimal("1.5")),
        Share("cluster", ("b",), Decimal("0.5")),
        Share("vectors", ("a",), Decimal("1.75")),
        Share("vectors", ("b",), Decimal("0.25")),
    ]


def test_what_serves_requests_out_of_sight_falls_to_nobody_here(tmp_path: Path) -> None:
    config = settings(tmp_path, CONFIG)
    where = conditions.parse("model = 'small'", fields=conditions.FIELDS)
    with opened(tmp_path, rows()) as store:
        found = allocated(store, config, ["agent"], where, Window(), "UTC")
        tables, data = fixed_table(store, config, ["agent"], where, Window(), "UTC")
    # the cluster's two days serve `big` alone; of the vectors' $2 half goes by the tokens of `small`
    assert found == [
        Share("cluster", None, Decimal(2)),
        Share("vectors", ("a",), Decimal(1)),
        Share("vectors", None, Decimal(1)),
    ]
    assert tables[0].total == [None, None, Decimal(4)]
    assert "cluster: $2.00 serves no request in sight, and falls to nobody here" in tables[0].notes
    assert data["fixed"][0] == {"name": "cluster", "is_allocated": False, "cost": "2.000000000000"}  # type: ignore[index]


def test_parts_add_up_to_the_last_digit(tmp_path: Path) -> None:
    config = settings(tmp_path, "prices: {costs: [{name: c, amount: 100, per: month}]}")
    many = [call(str(n), ts="2026-10-01T10:00:00Z", agent=f"a{n % 7}", input_tokens=1 + n) for n in range(20)]
    with opened(tmp_path, many) as store:
        found = allocated(store, config, ["agent"], None, Window(), "UTC")
    assert sum(share.allocated for share in found) == of_day(Decimal(100), "month", date(2026, 10, 1))


def test_nothing_fixed_nothing_shown(tmp_path: Path) -> None:
    with opened(tmp_path, rows()) as store:
        assert fixed_table(store, settings(tmp_path, ""), ["agent"], None, Window(), "UTC") == ([], {})


def test_prepaid_money_is_drawn_oldest_first_until_it_or_its_time_is_over() -> None:
    told = [
        {"provider": "p", "amount": Decimal(5), "until": "2026-10-03"},
        {"provider": "p", "amount": Decimal(9), "until": None},
    ]
    usage = [
        ("p", "2026-10-01", Decimal(3)),
        ("q", "2026-10-01", Decimal(7)),
        ("p", "2026-10-02", Decimal(4)),
        ("p", "2026-10-03", Decimal(1)),
    ]
    assert drawn_by_day(told, usage) == [
        (0, "2026-10-01", 3),
        (0, "2026-10-02", 2),  # what was left of the first
        (1, "2026-10-02", 2),
        (1, "2026-10-03", 1),  # the first is over
    ]


def test_a_commitment_with_what_will_be_left_of_it(tmp_path: Path) -> None:
    config = settings(tmp_path, "prices: {commitments: [{provider: acme, amount: 2, until: 2026-10-11}]}")
    with opened(tmp_path, rows()) as store:
        found = commitments(store, config)[0]
    # 0.3 + 0.1 + 0.004 in two days, 0.202 a day; eight more days to the 11th: 1.616; 2 - 0.404 - 1.616 < 0
    assert (found.drawn, found.unmet) == (Decimal("0.404"), Decimal(0))
    config = settings(tmp_path, "prices: {commitments: [{provider: acme, amount: 3, until: 2026-10-11}]}")
    with opened(tmp_path, rows()) as store:
        assert commitments(store, config)[0].unmet == Decimal("0.98")


def test_a_report_in_another_currency(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("currency,date,usd\nEUR,2026-10-01,1.25\nEUR,2026-10-02,1.60\n")
    config = settings(tmp_path, "fx: fx.csv")
    question = Question(by=["agent"])
    undated = call("4", ts=None, agent="a")
    with opened(tmp_path, [*rows(), undated]) as store:
        table = converted(report(store, config, question), store, config, question, "EUR")
    # for a 0.3 dollars at 1.25 and 0.004 at 1.6, which is 0.24 and 0.0025 euros; for b 0.1 at 1.6
    assert [(row[0], row[9]) for row in table.rows] == [("a", Decimal("0.2425")), ("b", Decimal("0.0625"))]
    assert table.total is not None
    assert table.total[9] == Decimal("0.305")
    assert table.head["fx"] == {"file": "fx.csv", "usd": {"2026-10-01": "1.25", "2026-10-02": "1.6"}}
    assert list(table.notes[:2]) == [
        "EUR at the rate of each day by fx.csv: one is 1.25 USD on 2026-10-01 to 1.6 on 2026-10-02",
        "$0.0010 of requests without a time have no rate and are in no figure: llmcost ingest --date",
    ]
