"""What a user is worth and may cost, in sums that a reader can do in the head."""

from __future__ import annotations

from decimal import Decimal
from math import isclose

import pytest

from llmcost.caps.survival import Geometric, fit
from llmcost.caps.worth import (
    Plan,
    Targets,
    from_ltv,
    monthly,
    monthly_caps,
    monthly_discount,
    months,
    net_price,
    short_window,
    worth,
)
from llmcost.config import Duration, Rate

D = Decimal
TENTH = Geometric(D("0.1"))
"""Ten months on average."""


def plan(**facts: object) -> Plan:
    """Ten dollars a month, of which two go elsewhere: eight over ten months are 80."""
    return Plan(**{"name": "plus", "price": D(10), "other_cost": D(2), "survival": TENTH} | facts)  # type: ignore[arg-type]


def test_the_ltv_is_the_contribution_times_the_months_that_are_paid_for() -> None:
    found = worth(plan(), Targets(llm_share=D("0.25")))
    assert (found.multiple, found.ltv) == (10, 80)
    assert found.allowable == 2  # a quarter of eight
    assert found.ltv_after == 60  # (10 - 2 - 2) x 10


def test_only_targets_that_are_named_bind() -> None:
    assert set(worth(plan(cac=D(10)), Targets(gross_margin=D("0.5"))).bounds) == {"margin"}
    nothing = worth(plan(cac=D(10)), Targets())
    assert (nothing.allowable, nothing.binding, nothing.bounds) == (None, None, {})
    assert nothing.reasons == ("no target is named under ltv:, so nothing binds",)
    assert nothing.ltv == 80


@pytest.mark.parametrize(
    ("targets", "bound", "dollars"),
    [
        (Targets(gross_margin=D("0.6")), "margin", D(2)),  # 10 x 40 % - 2
        (Targets(ltv_to_cac=D(3)), "ltv_cac", D("0.5")),  # 8 - 3 x 25 / 10
        (Targets(payback_months=1), "payback", D(-17)),  # 8 - 25 in the first month
        (Targets(llm_share=D("0.5")), "llm_share", D(4)),  # half of 8
    ],
)
def test_each_bound_is_the_sum_it_says(targets: Targets, bound: str, dollars: Decimal) -> None:
    found = worth(plan(cac=D(25)), targets)
    assert found.bounds == {bound: dollars}
    assert (found.binding, found.allowable) == (bound, dollars)
    assert found.ltv_decides is (bound in ("ltv_cac", "payback"))


def test_the_tightest_bound_binds() -> None:
    found = worth(plan(cac=D(25)), Targets(gross_margin=D("0.6"), ltv_to_cac=D(3), llm_share=D("0.5")))
    assert (found.binding, found.allowable) == ("ltv_cac", D("0.5"))


def test_a_negative_allowance_is_no_affordable_cap_and_says_why() -> None:
    found = worth(plan(), Targets(gross_margin=D("0.9")))
    assert found.affordable is False
    assert found.reasons == ("no affordable cap: margin leaves -1.00 a month",)


def test_the_churn_at_which_another_rule_binds_is_told() -> None:
    # 8 - 2 x 20 x churn = 3 at a churn of an eighth: below it the margin binds, above it LTV to CAC
    targets = Targets(gross_margin=D("0.5"), ltv_to_cac=D(2))
    found = worth(plan(cac=D(20)), targets)
    assert (found.binding, found.changes_at) == ("margin", (D("0.125"), "ltv_cac"))
    above = worth(plan(cac=D(20), survival=Geometric(D("0.2"))), targets)
    assert (above.binding, above.changes_at) == ("ltv_cac", (D("0.125"), "margin"))


def test_where_no_churn_changes_the_rule_none_is_told() -> None:
    assert worth(plan(), Targets(gross_margin=D("0.5"), llm_share=D("0.1"))).changes_at is None


def test_what_is_missing_is_told_and_never_guessed() -> None:
    no_price = worth(plan(price=None), Targets(llm_share=D("0.5")))
    assert (no_price.ltv, no_price.allowable, no_price.reasons) == (None, None, ("it has no price",))
    no_churn = worth(plan(survival=None, cac=D(1)), Targets(gross_margin=D("0.5"), ltv_to_cac=D(3), payback_months=12))
    assert (no_churn.multiple, no_churn.ltv) == (None, None)
    assert no_churn.bounds == {"margin": 3, "ltv_cac": None, "payback": None}
    assert no_churn.allowable == 3
    no_cac = worth(plan(), Targets(ltv_to_cac=D(3)))
    assert (no_cac.bounds, no_cac.allowable) == ({"ltv_cac": None}, None)
    assert "it has no cac, which ltv_to_cac and payback need" in no_cac.reasons
    forever = worth(plan(survival=Geometric(D(0))), Targets(llm_share=D("0.5")))
    assert forever.ltv is None
    assert forever.allowable == 4


def test_a_discount_shortens_what_a_life_is_worth_today() -> None:
    # paid in advance: 1.1 / (0.1 + 0.1)
    assert worth(plan(), Targets(llm_share=D(1), discount=D("0.1"))).multiple == D("5.5")


def test_a_free_user_is_worth_a_share_of_the_paying_one_that_may_come_of_it() -> None:
    targets = Targets(llm_share=D("0.25"))
    paid = worth(plan(cac=D(1000)), targets)  # after the LLM (8 - 2) x 10 = 60; what it took to win it is not taken off
    free = Plan("free", D(0), survival=Geometric(D("0.2")), converts_to="plus", conversion=D("0.05"))
    found = worth(free, targets, paid)
    assert found.multiple == 4  # 1 / (5 % + 20 %)
    assert found.allowable == D("0.75")  # a quarter of 5 % of 60 a month
    assert found.ltv == 12  # a fifth converts: 60 / 5
    assert (paid.ltv_decides, found.ltv_decides) == (False, True)
    everything = worth(free, Targets(gross_margin=D("0.6")), worth(plan(), Targets(gross_margin=D("0.6"))))
    assert (everything.binding, everything.allowable) == ("zero_profit", 3)  # 5 % of (10 - 2 - 2) x 10


def test_a_free_plan_without_conversion_or_without_a_known_paying_plan_has_no_allowance() -> None:
    targets = Targets(llm_share=D("0.25"))
    free = Plan("free", D(0), survival=Geometric(D("0.2")), converts_to="plus")
    assert worth(free, targets, worth(plan(), targets)).reasons == ("it has no conversion",)
    told = worth(Plan("free", D(0), converts_to="plus", conversion=D("0.1")), targets)
    assert told.allowable is None
    assert told.reasons == ("it has no churn", "the worth of plus is not known")


def test_a_price_is_taken_in_dollars_without_tax_and_without_the_store() -> None:
    # 11,000 won with 10 % tax inside are 10,000; the store keeps 15 %; a thousand won are 0.70 dollars
    assert net_price(D(11000), usd=D("0.0007"), vat=D("0.1"), store_fee=D("0.15")) == D("5.95")
    assert net_price(D(20)) == 20


def test_rates_come_down_to_months() -> None:
    assert monthly(Rate(D("0.05"), "month")) == D("0.05")
    assert round(1 - (1 - monthly(Rate(D("0.5"), "year"))) ** 12, 12) == D("0.5")
    assert round((1 + monthly_discount(Rate(D("0.1"), "year"))) ** 12, 12) == D("1.1")
    assert monthly(Rate(D("0.01"), "week")) > monthly(Rate(D("0.01"), "month"))
    assert months(Duration(1, "year")) == 12
    assert months(Duration(730, "hour")) == 1


def test_an_ltv_of_the_company_itself_takes_the_place_of_the_plans() -> None:
    targets = Targets(llm_share=D("0.25"), ltv_to_cac=D(3))
    before = from_ltv(plan(cac=D(25)), targets, D(120), basis="before", horizon_months=None, llm_per_month=None)
    assert before.bounds == {"ltv_cac": D("4.5"), "llm_share": 3}  # 12 - 3 x 25 / 10; a quarter of 12
    assert (before.ltv_basis, before.binding) == ("before", "llm_share")
    after = from_ltv(plan(cac=D(25)), targets, D(120), basis="after", horizon_months=None, llm_per_month=D(4))
    assert after.ltv == 160  # 120 are left after ten months of 4
    assert after.bounds["llm_share"] == 4
    margin = from_ltv(
        plan(), Targets(gross_margin=D("0.6")), D(120), basis="before", horizon_months=None, llm_per_month=None
    )
    assert margin.bounds == {"margin": 2}  # of the price, which the LTV does not change


def test_an_ltv_over_a_horizon_is_spread_over_its_months() -> None:
    targets = Targets(llm_share=D("0.5"))
    lifelong = plan(survival=None)
    found = from_ltv(lifelong, targets, D(240), basis="before", horizon_months=24, llm_per_month=None)
    assert (found.multiple, found.allowable) == (24, 5)
    unknown = from_ltv(lifelong, targets, D(240), basis="before", horizon_months=None, llm_per_month=None)
    assert unknown.allowable is None
    assert from_ltv(plan(), targets, D(9), basis="after", horizon_months=None, llm_per_month=None).allowable is None


def test_the_allowance_buys_more_cheap_requests_than_dear_ones_and_fewer_when_it_must_be_safe() -> None:
    # 0.01 each, all alike: 100; with a spread of 0.01 the safe number is K + 1.645 sqrt(K) <= 100
    assert monthly_caps(D(1), D("0.01"), D(0), D("0.05")) == {"mean": 100, "safe95": 100, "p95_cost": 20}
    safe = monthly_caps(D(1), D("0.01"), D("0.01"))["safe95"]
    assert safe is not None
    assert safe + D("1.645") * D(safe).sqrt() <= 100 < safe + 1 + D("1.645") * D(safe + 1).sqrt()
    assert monthly_caps(D(-1), D("0.01"), D(0)) == {"mean": 0, "safe95": 0, "p95_cost": 0}
    assert monthly_caps(D(1), D(0)) == {"mean": None, "safe95": None, "p95_cost": None}


def test_a_short_window_does_not_bound_the_bill() -> None:
    found = short_window(73, D(10), D("0.01"), D(1))  # 73 windows of ten hours: 5,329 requests, 53.29 dollars
    assert (found["max_requests"], found["max_cost"], found["times_over"]) == (5329, D("53.29"), D("53.29"))


def test_a_fit_finds_the_numbers_that_made_the_customers() -> None:
    # alpha = beta = 1: of 840, 840 / (t + 1) are left after t months: 420, 280, 210, 168, 140, 120
    left = [420, 280, 210, 168, 140, 120]
    customers: list[tuple[int | None, bool]] = []
    for month, (before, after) in enumerate(zip([840, *left], left, strict=False), start=1):
        customers += [(month, True)] * (before - after)
    customers += [(6, False)] * 120
    found = fit([*customers, (0, False), (None, True)])
    assert found is not None
    assert isclose(found.alpha, 1, rel_tol=1e-5)
    assert isclose(found.beta, 1, rel_tol=1e-5)
    assert (found.customers, found.unusable) == (840, 2)
    # 1 + 1/2 + 1/3 + 1/4 months are paid for in the first four
    four = found.multiple(D(0), 4)
    assert four is not None
    assert abs(four - D(25) / 12) < D("0.0001")
    # one churn for all would make of the first month's half two months, whatever the horizon
    assert found.multiple(D(0)) is None


@pytest.mark.parametrize(
    ("left", "alpha", "beta", "log_likelihood"),
    [
        ([631, 468, 382, 326, 289, 262, 241], 0.704, 1.182, -1680.27),
        ([869, 743, 653, 593, 551, 517, 491], 0.668, 3.806, -1611.16),
    ],
)
def test_the_cohorts_of_fader_and_hardie_are_fitted_as_published(
    left: list[int], alpha: float, beta: float, log_likelihood: float
) -> None:
    """Of 1,000 customers those who are left after each of seven renewals: Journal of Interactive Marketing 21 (2007) 76-90."""
    customers: list[tuple[int | None, bool]] = []
    for month, (before, after) in enumerate(zip([1000, *left], left, strict=False), start=1):
        customers += [(month, True)] * (before - after)
    found = fit([*customers, *[(7, False)] * left[-1]])
    assert found is not None
    assert isclose(found.alpha, alpha, abs_tol=6e-4)
    assert isclose(found.beta, beta, abs_tol=6e-4)
    assert isclose(found.log_likelihood, log_likelihood, abs_tol=0.01)


def test_customers_who_are_all_alike_are_fitted_as_one_churn() -> None:
    customers = [(month, True) for month in range(1, 8) for _ in range(2 ** (7 - month))]
    found = fit([*customers, (7, False)])
    assert found is not None
    assert isclose(found.alpha / (found.alpha + found.beta), 0.5, rel_tol=1e-2)
    assert found.alpha > 100


def test_there_is_nothing_to_fit_where_nobody_left() -> None:
    assert fit([(5, False), (9, False)]) is None
    assert fit([]) is None


def test_with_fitted_churn_an_allowance_has_no_single_churn_at_which_it_turns() -> None:
    found = fit([(1, True)] * 30 + [(2, True)] * 10 + [(12, False)] * 60)
    told = worth(plan(survival=found, cac=D(20)), Targets(ltv_to_cac=D(3), gross_margin=D("0.5"), discount=D("0.01")))
    assert told.ltv is not None
    assert told.changes_at is None
