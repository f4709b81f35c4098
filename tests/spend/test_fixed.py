"""Fixed and prepaid money: spread over days so that it adds up, shared out by tokens, drawn oldest first, never inside cost."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from llmcost import conditions
from llmcost.errors import UsageError
from llmcost.fx import shared_out
from llmcost.spend.commitments import Commitment, commitments, drawn_by_day
from llmcost.spend.currency import converted
from llmcost.spend.fixed import Share, allocated, as_json, of_day, table_of, usd_of_day, usd_of_days
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
        found = allocated(store, config, ["agent"], None, Window(), "UTC").shares
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
    # the cluster's two days serve `big` alone; of the vectors' $2 half goes by the tokens of `small`
    assert found.shares == [
        Share("cluster", None, Decimal(2)),
        Share("vectors", ("a",), Decimal(1)),
        Share("vectors", None, Decimal(1)),
    ]
    table = table_of(found, config, ["agent"])
    assert table.total == [None, None, Decimal(4)]
    assert "cluster: $2.00 serves no request in sight, and falls to nobody here" in table.notes
    assert as_json(found, ["agent"])["fixed"][0] == {"name": "cluster", "is_allocated": False, "cost": "2.000000000000"}  # type: ignore[index]


def test_parts_add_up_to_the_last_digit(tmp_path: Path) -> None:
    config = settings(tmp_path, "prices: {costs: [{name: c, amount: 100, per: month}]}")
    many = [call(str(n), ts="2026-10-01T10:00:00Z", agent=f"a{n % 7}", input_tokens=1 + n) for n in range(20)]
    with opened(tmp_path, many) as store:
        found = allocated(store, config, ["agent"], None, Window(), "UTC").shares
    assert sum(share.allocated for share in found) == of_day(Decimal(100), "month", date(2026, 10, 1))


def test_nothing_fixed_nothing_shown(tmp_path: Path) -> None:
    with opened(tmp_path, rows()) as store:
        found = allocated(store, settings(tmp_path, ""), ["agent"], None, Window(), "UTC")
    assert (found.shares, as_json(found, ["agent"])) == ([], {})


def test_prepaid_money_is_drawn_oldest_first_until_it_or_its_time_is_over() -> None:
    told = [Commitment("p", Decimal(5), until="2026-10-03"), Commitment("p", Decimal(9))]
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


def test_a_commitment_is_drawn_from_the_day_it_begins() -> None:
    told = [Commitment("p", Decimal(5), since="2026-10-02", until="2026-10-03")]
    usage = [("p", f"2026-10-0{day}", Decimal(1)) for day in (1, 2, 3)]
    assert drawn_by_day(told, usage) == [(0, "2026-10-02", 1)]


def test_a_commitment_in_another_currency_counts_at_the_rate_of_its_first_day(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("currency,date,usd\nEUR,2026-10-01,1.25\nEUR,2026-10-02,1.60\n")
    yaml = "fx: fx.csv\nprices: {commitments: [{provider: acme, amount: 8, currency: EUR, since: 2026-10-01}]}"
    with opened(tmp_path, rows()) as store:
        (found,) = commitments(store, settings(tmp_path, yaml))
    assert (found.commitment.amount, found.drawn, found.left) == (Decimal(10), Decimal("0.404"), Decimal("9.596"))
    assert found.commitment.label == "8 EUR at 1.25 USD on 2026-10-01"


def test_a_cost_counts_from_the_day_it_begins_until_it_ends_and_serves_those_days(tmp_path: Path) -> None:
    config = settings(
        tmp_path,
        """
prices:
  costs:
    - {name: gpu, amount: 2, per: hour, until: 2026-10-02}
    - {name: gpu, amount: 3, per: hour, since: 2026-10-02}
    - {name: later, amount: 9, per: day, since: 2026-10-03}
""",
    )
    with opened(tmp_path, rows()) as store:
        found = allocated(store, config, ["agent"], None, Window(), "UTC").shares
    # 1 October: 24 x 2 for a alone; 2 October: 24 x 3, 1,000 of 5,000 tokens for b and 4,000 for a; the third has no day here
    assert found == [Share("gpu", ("a",), 48 + Decimal(72) * 4 / 5), Share("gpu", ("b",), Decimal(72) / 5)]


def test_a_month_that_begins_late_counts_its_days_only(tmp_path: Path) -> None:
    config = settings(tmp_path, "prices: {costs: [{name: c, amount: 31, per: month, since: 2026-10-30}]}")
    month = [date(2026, 10, 1) + timedelta(n) for n in range(31)]
    assert sum(usd_of_day(config, 0, day) for day in month) == 2
    assert usd_of_days(config, "c", month[0], month[-1]) == 2


@pytest.mark.parametrize(
    ("basis", "of_a", "of_b"),
    [
        ("tokens", 7, 1),  # 3,000 + 4,000 against 1,000
        ("requests", 2, 1),
        ("cost", Decimal("0.304"), Decimal("0.1")),  # 3,000 and 1,000 at $100, 4,000 at $1 a million
        ("hours", 5, 3),  # 200 + 300 against 300 ms
    ],
)
def test_what_a_cost_is_shared_out_by(tmp_path: Path, basis: str, of_a: Decimal, of_b: Decimal) -> None:
    config = settings(tmp_path, f"prices: {{costs: [{{name: c, amount: 5, per: day, share_by: {basis}}}]}}")
    timed = [{**row, "latency_ms": ms} for row, ms in zip(rows(), (200, 300, 300), strict=True)]
    with opened(tmp_path, timed) as store:
        found = {s.group: s.allocated for s in allocated(store, config, ["agent"], None, Window(), "UTC").shares}
    a, b = Fraction(of_a), Fraction(of_b)
    assert found == shared_out({("a",): 10 * a / (a + b), ("b",): 10 * b / (a + b)})


def test_requests_without_a_latency_bear_nothing_by_hours_and_are_told(tmp_path: Path) -> None:
    config = settings(
        tmp_path,
        "prices: {costs: [{name: c, amount: 5, per: day, share_by: hours}, {name: d, amount: 1, per: day}]}",
    )
    with opened(tmp_path, [{**rows()[0], "latency_ms": 7}, *rows()[1:]]) as store:
        found = allocated(store, config, ["agent"], None, Window(), "UTC")
    assert [s for s in found.shares if s.name == "c"] == [Share("c", ("a",), Decimal(10))]
    how = "their hours of work (c) and their tokens (d); a request on them costs nothing more"
    assert table_of(found, config, ["agent"]).notes == [
        f"shared out among the requests that each serves by {how}",
        "c: 2 requests have no latency, and bear nothing of it",
    ]


FOREIGN = """
fx: fx.csv
prices:
  costs:
    - {name: rack, amount: 8, currency: EUR, per: day}
    - {name: disk, amount: 6, per: day}
"""


def test_a_cost_in_another_currency_is_turned_at_the_rate_of_each_day(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("currency,date,usd\nEUR,2026-10-01,1.25\nEUR,2026-10-02,1.50\n")
    config = settings(tmp_path, FOREIGN)
    with opened(tmp_path, rows()) as store:
        dollars = allocated(store, config, ["provider"], None, Window(), "UTC")
        euros = allocated(store, config, ["provider"], None, Window(), "UTC", "EUR")
    # 8 x 1.25 + 8 x 1.5 dollars; in euros two days of 8, and 6 / 1.25 + 6 / 1.5 of the disk
    assert dollars.shares == [Share("rack", ("acme",), Decimal(22)), Share("disk", ("acme",), Decimal(12))]
    assert euros.shares == [Share("rack", ("acme",), Decimal(16)), Share("disk", ("acme",), Decimal("8.8"))]
    rates = {"EUR": {"file": "fx.csv", "usd": {"2026-10-01": "1.25", "2026-10-02": "1.5"}}}
    assert as_json(dollars, ["provider"])["fixed_fx"] == as_json(euros, ["provider"])["fixed_fx"] == rates
    told = "EUR at the rate of each day by fx.csv: one is 1.25 USD on 2026-10-01 to 1.5 on 2026-10-02"
    assert told in table_of(dollars, config, ["provider"]).notes


def test_a_day_without_a_rate_is_an_error_that_names_the_cost(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("currency,date,usd\nEUR,2026-10-01,1.25\n")
    with opened(tmp_path, rows()) as store, pytest.raises(UsageError) as error:
        allocated(store, settings(tmp_path, FOREIGN), ["agent"], None, Window(), "UTC")
    assert str(error.value).endswith("llmcost.yaml:5: fx.csv has no rate of EUR on 2026-10-02")
    assert error.value.hint == "add the row EUR,2026-10-02,RATE"


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
