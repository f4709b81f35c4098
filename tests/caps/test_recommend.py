"""`llmcost caps`: a company of a few users whose figures a reader can do in the head, and the worked case of the reference."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from llmcost.caps.recommend import t_975
from llmcost.render import render
from tests.cli.program import inside
from tests.spend.ledgers import PRICES, Row, call

CONFIG = """
prices: {overrides: acme.yaml}
users: users.csv
plans:
  free: {price: 0, converts_to: plus, conversion: 10%/month, churn: 15%/month}
  plus: {price: 10, other_cost: 2, churn: 10%/month}
ltv: {gross_margin: 50%, llm_share: 25%}
"""
USERS = """user,plan,kind,valid_to
ann,free,,
fay,free,,
bob,plus,,
sue,plus,,
odd,pluss,,
eve,plus,internal,
kim,plus,,2026-09-01
"""
# from the first of August to 12 October there are 73 days, 2.4 months of 730 hours
FIRST, LAST = "2026-08-01T10:00:00Z", "2026-10-12T10:00:00Z"


def bob(n: int) -> Row:
    """A request for a tenth of a dollar on some minute of 5 August."""
    return call(f"b{n}", user="bob", model="big", ts=f"2026-08-05T10:{n:02}:00Z")


ROWS = [
    call("a1", user="ann", ts=FIRST),
    call("a2", user="ann", ts=LAST),
    *(bob(n) for n in range(60)),
    call("o1", user="odd", ts=LAST),
    call("n1", user="nob", ts=LAST),
    call("f1", user="fay", ts=LAST, model="nobody-prices-this"),
    # no cap looks at these; the bill has the first three
    call("x1", ts=LAST),
    call("x2", user="ann", ts=None),
    call("x3", user="ann", ts=LAST, requests=7),
    call("x4", user="eve", ts=LAST, model="big"),
    call("x5", user="ann", ts=LAST, environment="ci", model="big"),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    (tmp_path / "acme.yaml").write_text(PRICES)

    def caps(*arguments: str, rows: list[Row] = ROWS, config: str = CONFIG, users: str = USERS, fx: str = "") -> Any:
        (tmp_path / "users.csv").write_text(users)
        (tmp_path / "fx.csv").write_text(fx)
        (tmp_path / "llmcost.yaml").write_text(config)
        (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        flags = arguments if "simulate" in arguments else ("--log", "log.jsonl", *arguments)
        return inside(monkeypatch, capsys, tmp_path, "caps", *flags)

    return caps


def figures(done: Any) -> dict[str, Any]:
    assert done.code == 0, done.err
    return json.loads(done.out)


def by_plan(found: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    return {one["plan"]: one for one in found["plans"]}


def same(text: str, expected: str) -> bool:
    return Decimal(text) == Decimal(expected)


def near(text: str, expected: float) -> bool:
    return math.isclose(float(text), expected, rel_tol=1e-6)


def test_the_worth_of_a_plan_becomes_an_allowance_and_caps(run: Any) -> None:
    found = figures(run("--format", "json"))
    assert found["schema"] == "llmcost.caps/1"
    assert found["sample"] == {"days": 73, "users": 5, "provisional": True}
    plus, free = by_plan(found)["plus"], by_plan(found)["free"]
    # ten months of 10 - 2
    assert same(plus["ltv"], "80")
    assert plus["ltv_basis"] == "plan"
    # half of 10, less 2; a quarter of 8
    assert (Decimal(plus["bounds"]["margin"]), Decimal(plus["bounds"]["llm_share"])) == (3, 2)
    assert (plus["bounds"]["ltv_cac"], plus["bounds"]["payback"]) == (None, None)
    assert (plus["binding"], plus["allowable_per_user_month"]) == ("llm_share", "2.000000000000")
    # 0.25 x 0.10 x (80 - 2 x 10 months); worth 6 a month for 1 / (0.10 + 0.15) = 4 months
    assert (free["allowable_per_user_month"], free["ltv"]) == ("1.500000000000", "24.000000000000")
    # every request of bob's costs the same: 2 / 0.10
    assert plus["monthly_cap"] == {"mean": 20, "safe95": 20, "p95_cost": 20}
    assert plus["cost_per_request"] == {
        "mean": "0.100000000000",
        "sd": "0.000000000000",
        "p50": "0.100000000000",
        "p95": "0.100000000000",
        "interval": None,  # of one user
    }
    assert plus["cost_per_turn"] is None
    # bob is over his allowance, so nobody's habits tell a short window
    assert plus["recommended"] == [
        {"limit": 20, "unit": "request", "window": "month", "kind": "aligned"},
        {"limit": "2", "unit": "usd", "window": "month", "kind": "aligned"},
    ]
    assert free["monthly_cap"]["mean"] == 1500  # 1.50 / 0.001
    assert free["recommended"][1] == {"limit": 1, "unit": "request", "window": "3h", "kind": "rolling"}


def test_the_company_counts_the_silent_and_leaves_out_whom_it_does_not_know(run: Any) -> None:
    found = figures(run("--format", "json"))
    company = found["company"]
    assert same(company["allowance"], "7")  # ann and fay 1.50 each, bob and sue 2 each
    assert same(company["revenue"], "20")  # kim has left, eve is one of ours
    # bob 6, ann, odd, nob and x1, x2, x3 a thousandth each (ann twice), over 2.4 months
    assert near(company["bill"], 6.007 / 2.4)
    assert same(company["payers_per_free_user"], "0.25")  # 1.50 of the 10 - 2 - 2 that a payer leaves
    plans = by_plan(found)
    assert [(name, one["users"]) for name, one in plans.items()] == [("free", 2), ("plus", 2), ("pluss", 1), (None, 1)]
    assert plans["pluss"]["actual"]["reasons"] == ["llmcost.yaml has no such plan: did you mean 'plus'?"]
    assert plans[None]["actual"]["reasons"] == ["no plan is known of them"]
    for unknown in (plans["pluss"], plans[None]):
        assert unknown["allowable_per_user_month"] is None
        assert unknown["ltv"] is None
        assert unknown["recommended"] == unknown["candidates"] == []
    text = run().out
    assert "not in it: users without an allowance, 2" in text
    assert "requests without a known cost, 1" in text
    assert "provisional: under 28 days or 100 users" in text
    assert "1 without user, 1 without time, 7 in aggregated rows" in text


def test_five_candidates_from_loose_to_tight_say_what_they_would_have_done(run: Any) -> None:
    plus = by_plan(figures(run("--format", "json")))["plus"]
    told = [(c["limit"], c["requests_blocked"], Decimal(c["spend_avoided"])) for c in plus["candidates"]]
    assert told == [(40, 20, 2), (30, 30, 3), (20, 40, 4), (15, 45, Decimal("4.5")), (10, 50, 5)]
    assert [c["affordable"] for c in plus["candidates"]] == [False, False, True, True, True]
    tight = plus["candidates"][-1]
    assert (tight["users_touched"], tight["payers_touched"]) == (1, 1)
    assert same(tight["ltv_at_risk"], "80")
    assert same(tight["break_even_churn"], "0.0625")  # 5 / 80
    assert near(tight["cost_per_user_month"], (6 - 5) / 2.4 / 2)
    actual = plus["actual"]
    assert same(actual["cost_per_user_month"], "1.25")  # 6 / 2.4 months, of bob and sue
    assert same(actual["margin_per_user_month"], "6.75")
    assert near(actual["margin_under_cap"], 8 - 2 / 2.4 / 2)
    assert actual["cap_by_replay"] == 48  # 2 x 2.4 months at a tenth
    simulated = figures(
        run(
            "simulate",
            "--log",
            "log.jsonl",
            "--where",
            "plan = 'plus'",
            "--cap",
            "20/month",
            "--kind",
            "aligned",
            "--format",
            "json",
        )
    )
    assert (simulated["blocked"], Decimal(simulated["cost_avoided"])) == (40, 4)


def test_who_is_over_is_named_with_how_far(run: Any) -> None:
    over = figures(run("--format", "json"))["users_over"]
    assert over == [
        {
            "user": "bob",
            "plan": "plus",
            "cost_per_month": "2.500000000000",
            "allowable_per_month": "2.000000000000",
            "times": "1.25",
        }
    ]


def test_the_keys_are_those_of_the_contract(run: Any) -> None:
    found = figures(run("--format", "json"))
    assert list(found) == ["schema", "company", "sample", "rates_assumed", "plans", "users_over"]
    assert list(found["company"]) == ["allowance", "bill", "revenue", "payers_per_free_user"]
    assert list(found["sample"]) == ["days", "users", "provisional"]
    for plan in found["plans"]:
        assert list(plan) == [
            *("plan", "users", "ltv", "ltv_basis", "allowable_per_user_month", "bounds", "binding", "cost_per_request"),
            *("cost_per_turn", "monthly_cap", "recommended", "candidates", "actual"),
        ]
        assert {"margin", "ltv_cac", "payback", "llm_share"} <= set(plan["bounds"])
        assert list(plan["monthly_cap"]) == ["mean", "safe95", "p95_cost"]
        for cap in plan["recommended"]:
            assert list(cap) == ["limit", "unit", "window", "kind"]
        if plan["cost_per_request"] is not None:
            assert list(plan["cost_per_request"]) == ["mean", "sd", "p50", "p95", "interval"]


def test_the_worked_case_of_the_reference_from_the_log_to_the_caps(run: Any) -> None:
    """100 requests with mean 0.012, standard deviation 0.018 and 95 % at 0.045; 80 of them within three hours."""
    tokens = [2702] * 20 + [9305] * 72 + [45_000] * 7 + [161_000]
    assert sum(tokens) == 1_200_000
    assert round(stdev(tokens)) == 18_000
    when = [f"2026-10-15T10:{n % 60:02}:{n // 60:02}Z" for n in range(80)]
    when += [f"2026-10-{n:02}T10:00:00Z" for n in [1, *range(2, 14), *range(17, 23), 31]]
    rows = [
        call(f"r{n}", user="ann", ts=ts, input_tokens=t) for n, (ts, t) in enumerate(zip(when, tokens, strict=True))
    ]
    config = """
prices: {overrides: acme.yaml}
users: users.csv
plans: {plus: {price: 20, other_cost: 2.00, churn: 5%/month, cac: 60}}
ltv: {ltv_to_cac: 3, gross_margin: 60%, payback: 12 months, discount_rate: 0.8%/month, llm_share: 25%}
"""
    found = figures(run("--format", "json", rows=rows, config=config, users="user,plan\nann,plus\n"))
    (plus,) = found["plans"]
    rounded = {name: f"{Decimal(bound):.6f}" for name, bound in plus["bounds"].items()}
    assert rounded == {"margin": "6.000000", "ltv_cac": "7.642857", "payback": "11.216190", "llm_share": "4.500000"}
    assert plus["binding"] == "llm_share"
    assert f"{Decimal(plus['ltv']):.6f}" == "312.827586"
    assert f"{Decimal(plus['actual']['ltv_after']):.6f}" == "174.620690"
    assert (plus["cost_per_request"]["mean"], plus["cost_per_request"]["p95"]) == ("0.012000000000", "0.045000000000")
    assert plus["monthly_cap"] == {"mean": 375, "safe95": 330, "p95_cost": 100}
    recommended = [(cap["limit"], cap["unit"], cap["window"]) for cap in plus["recommended"]]
    assert recommended == [(330, "request", "month"), (80, "request", "3h"), ("4.5", "usd", "month")]
    short = plus["actual"]["short_window"]
    assert same(short["max_cost"], "233.6")
    assert (short["max_units"], short["times_over_budget"], short["max_duty_cycle"]) == (
        19_466,
        "51.911111",
        "0.019264",
    )
    assert plus["actual"]["ltv_decides"] is False
    text = run("--detail", rows=rows, config=config, users="user,plan\nann,plus\n").out
    assert (
        "plus: 80/3h does not bound the bill: it allows 19,466 requests a month, $233.60, 51.9 times the allowance"
        in text
    )


def test_caps_that_the_company_cannot_fund_are_unaffordable(run: Any) -> None:
    crowd = "user,plan\nbob,plus\nann,free\n" + "".join(f"f{n},free\n" for n in range(9))
    found = figures(run("--format", "json", users=crowd))
    # ten free users may cost 1.50 each, the payer 2 and 2 of other costs: 19 of a revenue of 10
    assert same(found["company"]["allowance"], "17")
    plans = by_plan(found)
    assert plans["free"]["actual"]["affordable"] is False
    assert plans["plus"]["actual"]["affordable"] is True
    assert not any(cap["affordable"] for cap in plans["free"]["candidates"])
    text = run(users=crowd).out
    assert "caps that others must fund are unaffordable" in text
    assert "1500 unaffordable" in text


def test_a_negative_bound_leaves_no_affordable_cap_and_says_why(run: Any) -> None:
    plus = by_plan(figures(run("--format", "json", config=CONFIG.replace("other_cost: 2", "other_cost: 9"))))["plus"]
    assert plus["recommended"] == plus["candidates"] == []
    assert plus["monthly_cap"] == {"mean": 0, "safe95": 0, "p95_cost": 0}
    assert plus["actual"]["reasons"] == ["no affordable cap: margin leaves -4.00 a month"]


def test_an_allowance_below_one_request_is_no_cap_of_zero(run: Any) -> None:
    plus = by_plan(figures(run("--format", "json", config=CONFIG.replace("llm_share: 25%", "llm_share: 1%"))))["plus"]
    assert [cap["unit"] for cap in plus["recommended"]] == ["usd"]  # 0.08 a month, and a request costs 0.10
    assert plus["actual"]["reasons"] == ["no affordable cap: the allowance buys less than one request a month"]


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("price: 10, ", "", "it has no price"),
        (", churn: 10%/month", "", "it has no churn, so nobody knows how long a user stays"),
        ("ltv: {gross_margin: 50%, llm_share: 25%}", "", "no target is named under ltv:, so nothing binds"),
    ],
)
def test_a_plan_that_lacks_something_is_shown_with_the_reason_and_never_guessed(
    run: Any, was: str, becomes: str, reason: str
) -> None:
    found = figures(run("--format", "json", config=CONFIG.replace(was, becomes)))
    plus, free = by_plan(found)["plus"], by_plan(found)["free"]
    assert reason in plus["actual"]["reasons"]
    assert plus["users"] == 2
    if "churn" not in was:
        assert plus["allowable_per_user_month"] is None
        assert plus["recommended"] == []
    else:
        assert plus["ltv"] is None
    assert free["allowable_per_user_month"] is None  # it lives on what plus is worth


def test_a_price_abroad_is_turned_into_dollars_at_the_last_day_of_the_data(run: Any) -> None:
    config = (
        CONFIG.replace("price: 10,", "price: {amount: 11000, currency: KRW, vat_included: 10%, store_fee: 20%},")
        + "fx: fx.csv\n"
    )
    fx = "currency,date,usd\nKRW,2026-10-11,0.002\nKRW,2026-10-12,0.001\n"
    found = figures(run("--format", "json", config=config, fx=fx))
    # 11,000 x 0.001 / 1.10 x 0.80 = 8; ten months of 8 - 2
    assert same(by_plan(found)["plus"]["ltv"], "60")
    assert {"rate": "KRW in USD", "given": "0.001 on 2026-10-12", "used": "0.001"} in found["rates_assumed"]
    for rows, sentence in (
        ("KRW,2026-10-11,0.002\n", "fx.csv has no rate of KRW on 2026-10-12, the last day of the data"),
        ("KWR,2026-10-12,0.001\n", "did you mean 'KWR'?"),
        ("KRW,2026-10-12,none\n", "fx.csv:2: 'none' is no rate above 0"),
        ("KRW,12.10.2026,0.001\n", "fx.csv:2: '12.10.2026' is no date"),
        ("KRW,2026-10-12,0.001\nKRW,2026-10-12,0.002\n", "fx.csv:3: KRW has two rates on 2026-10-12"),
    ):
        done = run(config=config, fx="currency,date,usd\n" + rows)
        assert (done.code, done.out) == (2, "")
        assert sentence in done.err
    assert "llmcost.yaml:6: no exchange rate of KRW" in run(config=config.replace("fx: fx.csv\n", "")).err
    assert "fx.csv:1: the column 'usd' is missing" in run(config=config, fx="currency,date\n").err


def test_an_ltv_of_ones_own_wins_once_its_basis_is_named(run: Any) -> None:
    users = "user,plan,ltv,revenue_per_month\nbob,plus,120,12\nsue,plus,,\n"
    told = by_plan(figures(run("--format", "json", users=users)))["plus"]
    assert (told["ltv_basis"], Decimal(told["ltv"])) == ("plan", 80)
    assert "users have an LTV in users.csv, which is not used: say ltv: {basis: before}" in run(users=users).out
    own = by_plan(figures(run("--format", "json", "--ltv-basis", "before", users=users)))["plus"]
    # 120 over ten months: a quarter of 12 a month, and the margin of the price is still 3
    assert (own["ltv_basis"], Decimal(own["ltv"]), Decimal(own["bounds"]["llm_share"])) == ("before", 120, 3)
    assert "the LTV is the mean of 1 of 2 users" in own["actual"]["reasons"]
    found = figures(run("--format", "json", users=users))
    assert same(found["company"]["revenue"], "22")  # bob brings 12, sue the price


def test_basis_and_horizon_may_stand_in_the_config_and_flags_beat_them(run: Any) -> None:
    users = "user,plan,ltv\nbob,plus,120\nsue,plus,120\nann,free,10\nfay,free,10\n"
    config = CONFIG.replace("llm_share: 25%", "llm_share: 25%, basis: before, horizon: 24 months")
    own = by_plan(figures(run("--format", "json", config=config, users=users)))
    # 120 over the months of two years that are paid for: (1 - 0.9^24) / 0.1
    paid = (1 - 0.9**24) / 0.1
    assert (own["plus"]["ltv_basis"], Decimal(own["plus"]["ltv"])) == ("before", 120)
    assert near(own["plus"]["bounds"]["llm_share"], 0.25 * 120 / paid)
    # free users too: they stay until they convert (10 %) or leave (15 %), and no margin is asked of what is free
    assert near(own["free"]["bounds"]["llm_share"], 0.25 * 10 / ((1 - 0.75**24) / 0.25))
    assert own["free"]["bounds"]["margin"] is None
    flags = ("--ltv-basis", "after", "--ltv-horizon", "12 months")
    after = by_plan(figures(run("--format", "json", *flags, config=config, users=users)))["plus"]
    assert after["ltv_basis"] == "after"
    assert near(after["ltv"], 120 + 1.25 * (1 - 0.9**12) / 0.1)
    assert "ltv.horizon: '9d' is no whole number" in run(config=config.replace("24 months", "9d"), users=users).err


def test_churn_may_be_a_table_of_customers_to_which_one_that_slows_is_fitted(run: Any, tmp_path: Path) -> None:
    # alpha = beta = 1: of 840, 840 / (t + 1) are left after t months
    left = [420, 280, 210, 168, 140, 120]
    lines = ["who,stayed,gone,tariff"]
    for month, (before, after) in enumerate(zip([840, *left], left, strict=False), start=1):
        lines += [f"x,{month},Yes,monthly"] * (before - after)
    lines += ["x,6,No,monthly"] * 120 + ["x,1,Yes,yearly"] * 50 + ["x,0,No,monthly", "x,1,maybe,monthly"]
    (tmp_path / "customers.csv").write_text("\n".join(lines))
    table = "churn: {customers: customers.csv, months: stayed, left: gone, where: {tariff: monthly}}"
    config = CONFIG.replace("churn: 10%/month", table).replace(
        "llm_share: 25%", "llm_share: 25%, discount_rate: 1%/month"
    )
    found = figures(run("--format", "json", config=config))
    plus = by_plan(found)["plus"]
    # 8 a month x the sum of 1 / (t + 1) x 1.01^-t
    assert math.isclose(float(plus["ltv"]), 8 * sum(1 / (t + 1) / 1.01**t for t in range(1200)), rel_tol=1e-4)
    assert plus["allowable_per_user_month"] == "2.000000000000"
    rate = next(one for one in found["rates_assumed"] if one["rate"] == "plans.plus.churn.first month")
    assert rate["given"] == (
        "alpha 1.0000, beta 1.0000 of 840 customers in customers.csv, 2 of no use (no whole month yet, or unreadable)"
    )
    assert math.isclose(float(rate["used"]), 0.5, rel_tol=1e-4)
    free = CONFIG.replace("churn: 15%/month", table)
    reasons = by_plan(figures(run("--format", "json", config=free)))["free"]["actual"]["reasons"]
    assert reasons == ["its churn is a table of customers: a free plan needs one rate"]
    for was, becomes, sentence in (
        ("stayed", "staid", "llmcost.yaml:6: customers.csv has no column 'staid'"),
        ("customers.csv", "nobody.csv", "llmcost.yaml:6: nobody.csv cannot be read"),
        ("tariff: monthly", "tariff: never", "plans.plus.churn: customers.csv has no customer who left"),
        ("left: gone", "lefft: gone", "did you mean 'left'?"),
    ):
        done = run(config=config.replace(was, becomes))
        assert (done.code, done.out) == (2, "")
        assert sentence in done.err


def test_turns_are_counted_where_they_are_known(run: Any) -> None:
    rows = [call(f"{n}", user="bob", model="big", turn=f"t{n // 2}", ts=f"2026-10-15T10:{n:02}:00Z") for n in range(4)]
    plus = by_plan(figures(run("--format", "json", rows=rows)))["plus"]
    assert (plus["cost_per_turn"]["mean"], plus["cost_per_request"]["mean"]) == ("0.200000000000", "0.100000000000")
    assert plus["recommended"][0]["unit"] == "turn"
    assert plus["monthly_cap"]["mean"] == 10
    by_request = by_plan(figures(run("--format", "json", "--unit", "request", rows=rows)))["plus"]
    assert (by_request["recommended"][0]["unit"], by_request["monthly_cap"]["mean"]) == ("request", 20)


def test_the_interval_is_of_the_mean_over_users(run: Any) -> None:
    rows = [call("1", user="bob", model="big"), call("2", user="sue", model="big", input_tokens=3000)]
    interval = by_plan(figures(run("--format", "json", rows=rows)))["plus"]["cost_per_request"]["interval"]
    # 0.10 and 0.30: mean 0.20, standard error 0.10, 12.7062 of it with one degree of freedom
    assert near(interval["high"], 0.2 + 1.2706205)
    assert (interval["low"], interval["level"], interval["method"]) == ("0.000000000000", "0.95", "t over users")


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (9, 2.2622), (10, 2.2281), (30, 2.0423), (1000, 1.9623)]
)
def test_students_t_is_that_of_the_tables(freedom: int, expected: float) -> None:
    assert math.isclose(float(t_975(freedom)), expected, abs_tol=1e-4)


def test_no_traffic_and_no_config_are_told_and_are_no_error(run: Any) -> None:
    nothing = figures(run("--format", "json", "--where", "user = 'nobody'"))
    assert nothing["sample"]["days"] == 0
    assert nothing["company"]["bill"] is None
    assert "no request with a known cost in the sample" in by_plan(nothing)["plus"]["actual"]["reasons"]
    assert run("--strict", "--where", "user = 'nobody'").code == 4
    bare = figures(run("--format", "json", config="prices: {overrides: acme.yaml}\n"))
    assert [one["plan"] for one in bare["plans"]] == [None]
    assert bare["company"]["allowance"] is None


def test_detail_is_in_the_json_too_with_exact_figures(run: Any) -> None:
    plain, found = figures(run("--format", "json")), figures(run("--format", "json", "--detail"))
    detail = found.pop("detail")
    assert found == plain
    by_title = {table["title"]: table["rows"] for table in detail}
    mix = by_title["What a request costs, by feature and model"]
    assert {"plan": "plus", "model": "big", "requests": 60, "mean": "0.1", "cost": "6"}.items() <= mix[0].items()
    assert len(by_title) == 7


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "ndjson"])
def test_every_format_shows_a_row_per_plan(run: Any, form: str) -> None:
    done = run("--format", form, "--detail")
    assert done.code == 0
    for plan in ("free", "plus", "pluss"):
        assert plan in done.out
    if form == "csv":
        assert [line.split(",")[0] for line in done.out.splitlines()] == ["plan", "free", "plus", "pluss", ""]
    if form == "ndjson":
        assert [json.loads(line)["plan"] for line in done.out.splitlines()] == ["free", "plus", "pluss", None]


@pytest.mark.parametrize("width", [80, 160])
def test_the_tables_fit_into_a_terminal(run: Any, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        "llmcost.cli.session.show",
        lambda tables, _form, _output: seen.extend(render(t, "table", width=width) for t in tables),
    )
    assert run("--detail").code == 0
    assert len(seen) == 13
    assert max(len(line) for text in seen for line in text.splitlines()) <= width


@pytest.mark.parametrize(
    ("arguments", "config", "sentence"),
    [
        ((), CONFIG.replace("10%/month}", "10%}"), "llmcost.yaml:6: plans.plus.churn: expected a rate with its period"),
        (
            (),
            CONFIG.replace("15%/month", "150%/month"),
            "llmcost.yaml:5: plans.free.churn: '150%/month' is more than all users",
        ),
        ((), CONFIG.replace("converts_to: plus", "converts_to: pluss"), "did you mean 'plus'?"),
        ((), CONFIG.replace("chrun", "churn").replace("churn: 10%", "chrun: 10%"), "did you mean 'churn'?"),
        ((), CONFIG.replace("50%,", "150%,"), "llmcost.yaml:7: ltv.gross_margin: is more than 100%"),
        (
            (),
            CONFIG.replace("llm_share: 25%", "payback: 45d"),
            "llmcost.yaml:7: ltv.payback: '45d' is no whole number of months",
        ),
        (
            (),
            CONFIG.replace("price: 10,", "price: {amount: 10, store_fee: 130%},"),
            "plans.plus.price.store_fee: is more than 100%",
        ),
        ((), CONFIG + "caps: [{limit: 4, window: 3h, per: team}]", "llmcost.yaml:8: caps.1.per: unknown word 'team'"),
        (("--unit", "turns"), CONFIG, "did you mean 'turn'?"),
        (("--ltv-basis", "befor"), CONFIG, "did you mean 'before'?"),
        (("--ltv-horizon", "1y"), CONFIG, "--ltv-horizon: needs --ltv-basis"),
        (("--ltv-horizon", "9d", "--ltv-basis", "after"), CONFIG, "--ltv-horizon: '9d' is no whole number of months"),
        (("--short", "month"), CONFIG, "--short: a rolling window needs a fixed length"),
        (("--unit", "turn", "simulate"), CONFIG, "caps: --unit stands before simulate"),
    ],
)
def test_every_mistake_has_a_place_and_a_way_out(
    run: Any, arguments: tuple[str, ...], config: str, sentence: str
) -> None:
    done = run(*arguments, config=config)
    assert done.code == 2
    assert sentence in done.err
    assert done.out == ""
