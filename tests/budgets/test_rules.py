"""Rules, metric by metric: a row of `small` with 1,000 tokens costs a thousandth of a dollar."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.budgets.gate import Limits
from llmcost.budgets.metrics import OF_FIGURES, OTHERS
from llmcost.config import GATE_METRICS
from tests.budgets.asking import found, ruled, told
from tests.spend.ledgers import call

ROWS = [
    call("1", agent="a", user="ann", session="s1", turn="t1"),
    call("2", agent="a", user="ann", session="s1", turn="t1", input_tokens=3000),
    call("3", agent="a", user="bob", session="s2", turn="t2", cache_read_tokens=250),
    call("4", agent="b", turn="t3", input_tokens=5000, output_tokens=100),
]
"""1 + 3 + 0.775 (750 fresh, 250 cached at a tenth) + 6 thousandths of a dollar: 10.775."""


def test_every_word_of_the_config_is_measured_somewhere() -> None:
    assert {*OF_FIGURES, *OTHERS, "cost_per_case"} == set(GATE_METRICS)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("cost", "0.010775"),
        ("requests", "4"),
        ("turns", "3"),
        ("tokens", "10100"),
        ("cost_per_request", "0.00269375"),  # 0.010775 / 4
        ("cost_per_turn", "0.003591666667"),  # 0.010775 / 3
        ("cost_per_user", "0.0023875"),  # ann 0.004 and bob 0.000775; the row without a user is nobody's
        ("cost_per_session", "0.0023875"),
        ("unpriced_share", "0"),
        ("cache_hit", "0.025"),  # 250 of 10,000
    ],
)
def test_a_metric_is_worked_out_by_hand(tmp_path: Path, metric: str, value: str) -> None:
    low = "1" if GATE_METRICS[metric].unit == "share" else "100000"
    finding = found(ruled(tmp_path, ROWS, f"{{id: x, metric: {metric}, max: {low}}}"))["x"]

    assert (finding.value, finding.status, finding.unit) == (Decimal(value), "pass", GATE_METRICS[metric].unit)


def test_a_limit_itself_is_within_it(tmp_path: Path) -> None:
    rules = [
        "{id: at, metric: requests, max: 4, min: 4}",
        "{id: over, metric: requests, max: 3}",
        "{id: under, metric: requests, min: 5}",
        "{id: near, metric: requests, max: 5, warn_at: 79%}",
        "{id: mild, metric: requests, max: 3, level: warn}",
        "{id: away, metric: requests, max: 3, level: off}",
    ]
    assert told(ruled(tmp_path, ROWS, *rules)) == {
        "at": ("pass", "4 of 4"),
        "over": ("breach", "4 is above 3"),
        "under": ("breach", "4 is below 5"),
        "near": ("warn", "4 is above 79.0% of 5"),
        "mild": ("warn", "4 is above 3"),
    }


def test_scope_when_and_per_choose_the_rows(tmp_path: Path) -> None:
    rules = [
        "{id: scope, metric: requests, scope: {agent: a}, max: 9}",
        '{id: when, metric: requests, when: "input_tokens > 1000", max: 9}',
        "{id: per, metric: requests, per: [agent, user], max: 9}",
        "{id: typo, metric: cost, scope: {agent: c}, max: 9}",
        "{id: silent, metric: requests, scope: {agent: c}, min: 1}",
    ]
    assert told(ruled(tmp_path, ROWS, *rules)) == {
        "scope agent=a": ("pass", "3 of 9"),
        "when": ("pass", "2 of 9"),
        "per agent=a, user=ann": ("pass", "2 of 9"),
        "per agent=a, user=bob": ("pass", "1 of 9"),
        "per agent=b, user=(none)": ("pass", "1 of 9"),
        "typo agent=c": ("skipped", "no rows in this scope"),
        "silent agent=c": ("breach", "0 is below 1"),
    }


def test_few_requests_are_not_judged_but_shown(tmp_path: Path) -> None:
    rule = "{id: x, metric: cost_per_request, per: [agent], max: 0, min_requests: 2}"
    verdict = ruled(tmp_path, ROWS, rule)

    assert told(verdict)["x agent=b"] == ("skipped", "1 requests, fewer than 2")
    assert told(verdict)["x agent=a"][0] == "breach"


def test_what_has_no_price_is_no_share_of_the_mean(tmp_path: Path) -> None:
    rows = [call("1"), call("2"), call("own", model="own")]
    limits = Limits(max_unpriced_share=Decimal("0.5"))
    finding = found(ruled(tmp_path, rows, "{id: x, metric: cost_per_request, max: 1}", limits=limits))["x"]

    assert finding.value == Decimal("0.001")  # 0.002 over the two that have one


def test_the_share_without_a_name_is_asked_by_the_name(tmp_path: Path) -> None:
    verdict = ruled(
        tmp_path,
        ROWS,
        "{id: all, metric: unattributed_share, max: 60%}",
        "{id: one, metric: unattributed_share, per: [session], max: 50%}",
    )

    # the row without user and session costs 6 of 10.775
    assert {key: (f.status, f.value) for key, f in found(verdict).items()} == {
        "all agent": ("pass", Decimal(0)),
        "all feature": ("breach", Decimal(1)),
        "all user": ("pass", Decimal("0.556845")),
        "one session": ("breach", Decimal("0.556845")),
    }


def test_requests_beyond_the_caps_are_counted(tmp_path: Path) -> None:
    caps = "caps: [{limit: 1, window: 1h, unit: request}]"
    rules = ["{id: all, metric: cap_breaches, max: 0}", "{id: each, metric: cap_breaches, per: [agent], max: 1}"]
    verdict = ruled(tmp_path, ROWS, *rules, yaml=caps)

    # ann's second request is refused; of bob there is one, the last row has no user
    assert told(verdict) == {
        "all": ("breach", "1 is above 0 (1 of 2 users reach a limit)"),
        "each agent=a": ("pass", "1 of 1 (1 of 2 users reach a limit)"),
        "each agent=b": ("pass", "0 of 1 (0 of 0 users reach a limit)"),
    }


def test_caps_that_are_not_there_cannot_be_breached(tmp_path: Path) -> None:
    assert told(ruled(tmp_path, ROWS, "{id: x, metric: cap_breaches, max: 0}")) == {
        "x": ("undecided", "no caps in llmcost.yaml")
    }


def test_the_margin_is_what_is_left_of_the_revenue(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,plan\nann,plus\nbob,free\n")
    plans = "users: users.csv\nplans: {plus: {price: 10, other_cost: 2}, free: {price: 0}}"
    rules = [
        "{id: all, metric: margin, min: 50%}",
        "{id: plus, metric: margin, scope: {plan: plus}, min: 90%}",
        "{id: free, metric: margin, scope: {plan: free}, min: 0%}",
        "{id: each, metric: margin, per: [plan], min: 0%}",
    ]
    verdict = ruled(tmp_path, ROWS, *rules, yaml=plans)

    # a day is 24/730 of a month: ann's 0.004 are 0.121667 a month, all are 0.327740
    plus = Decimal("0.787833")  # (10 - 2 - 0.121667) / 10
    assert {key: (f.status, f.value) for key, f in found(verdict).items()} == {
        "all": ("pass", Decimal("0.767226")),
        "plus plan=plus": ("breach", plus),
        "free plan=free": ("undecided", None),
        "each plan=plus": ("pass", plus),
    }


def test_the_forecast_is_that_of_the_month_whatever_the_window(tmp_path: Path) -> None:
    rows = [
        call(f"d{n}", ts=f"{date(2026, 9, 1) + timedelta(n)}T12:00:00Z", input_tokens=1_000_000) for n in range(44)
    ]  # a dollar a day up to 14 October, and the month has 31
    verdict = ruled(tmp_path, rows, "{id: x, metric: forecast_cost, max: 30}", "{id: y, metric: cost, max: 30}")

    assert found(verdict)["x"].value == Decimal(31)
    assert told(verdict)["x"][1].startswith("$31.00 is above $30.00 (2026-10 by median week x weekday profile, between")


def test_silence_where_traffic_is_usual_is_counted(tmp_path: Path) -> None:
    day = date(2026, 9, 7)
    rows = [
        call(f"{n}-{hour}", ts=f"{day + timedelta(n)}T{hour:02}:30:00Z", source="gateway")
        for n in range(28)
        for hour in range(9, 18)
        if not (n == 22 and hour in (10, 11, 12))
    ]
    assert told(ruled(tmp_path, rows, "{id: x, metric: gaps, max: 0}")) == {
        "x": ("breach", "1 is above 0 (silent: gateway)")
    }


def test_a_rule_knows_its_line(tmp_path: Path) -> None:
    verdict = ruled(tmp_path, ROWS, "\n{id: x, metric: cost, max: 0}", "\n{id: y, metric: cost, max: 0}")

    assert {one: place.rpartition(":")[2] for one, place in verdict.places().items()} == {"x": "3", "y": "4"}
