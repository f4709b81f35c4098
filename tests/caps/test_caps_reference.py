"""Caps and worth against answers computed elsewhere: LLMCOST_REFERENCE_DATA/routing/expected.json, by its own conventions."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.caps.cap import Cap
from llmcost.caps.customers import read
from llmcost.caps.survival import Geometric, fit
from llmcost.caps.worth import Plan, Targets, monthly_caps, short_window, worth
from tests.caps.traffic import SECOND, Row, decisions

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")

SEMANTICS = {
    "rolling": ("rolling", "served"),
    "rolling_attempts": ("rolling", "attempts"),
    "fixed_aligned": ("aligned", "served"),
    "fixed_first": ("first_request", "served"),
    "token_bucket": ("token_bucket", "served"),
    "sliding_counter": ("sliding_counter", "served"),
}


def answers() -> dict[str, Any]:
    return json.loads((Path(FOLDER or "") / "routing" / "expected.json").read_text(encoding="utf-8"))


def rows_of(trace: str) -> list[Row]:
    folder = Path(FOLDER or "") / "routing"
    if trace.startswith("servegen"):
        with gzip.open(folder / "servegen_deepseek_r1_1d.csv.gz", "rt", encoding="utf-8") as lines:
            return [(row["client"], int(row["t_ms"]) * 1000, 1) for row in csv.DictReader(lines)]
    with (folder / "burstgpt3_first105.csv").open(encoding="utf-8") as lines:
        whole = trace.endswith("account")
        return [
            ("all" if whole else row["session"], int(row["arrival_s"]) * SECOND, 1) for row in csv.DictReader(lines)
        ]


def test_every_cap_of_the_reference_is_replayed_to_the_digest_of_its_decisions() -> None:
    wrong, checked = [], 0
    for trace, expected in answers()["caps"].items():
        rows = rows_of(trace)
        assert len(rows) == expected["requests"]
        assert len({user for user, _, _ in rows}) == expected["keys"]
        for name, kinds in expected.items():
            if not isinstance(kinds, dict):
                continue
            limit, _, seconds = name.removesuffix("s").partition("/")
            for semantics, (kind, counts) in SEMANTICS.items():
                found, total = decisions(rows, [Cap(int(limit), f"{seconds}s", kind=kind, counts=counts)])
                text = "".join("0" if one else "1" for one in found)
                got = {
                    "allowed": total.served,
                    "blocked": total.refused("block"),
                    "keys_blocked": total.users_refused,
                    "first_blocked_row": text.index("0") if "0" in text else None,
                    "sha256": hashlib.sha256(text.encode()).hexdigest()[:16],
                }
                checked += 1
                if got != kinds[semantics]:
                    wrong.append((trace, name, semantics, got, kinds[semantics]))
                if semantics == "rolling" and total.users_refused != kinds["keys_needing_loop"]:
                    wrong.append((trace, name, "keys_needing_loop", total.users_refused))
    assert not wrong
    assert checked >= 50


def near(found: Decimal | None, expected: str) -> bool:
    return found is not None and abs(found - Decimal(expected)) <= Decimal("0.000001")


def test_worth_and_allowance_are_those_of_the_reference() -> None:
    expected = answers()["ltv"]
    given = {name: Decimal(value) for name, value in expected["inputs"].items()}
    targets = Targets(
        given["gross_margin_target"],
        given["ltv_cac_target"],
        int(given["payback_months"]),
        given["llm_share_of_ltv"],
        given["discount"],
    )
    life = Geometric(given["churn"])
    plan = Plan("plus", given["price"], given["other_variable_cost"], life, given["cac"])
    found = worth(plan, targets)
    allowable = expected["allowable_llm_cost_per_month"]
    assert near(found.multiple, expected["multiple_advance"])
    assert near(life.multiple(Decimal(0)), expected["multiple_undiscounted"])
    assert near(life.multiple(targets.discount, 12), expected["multiple_12_months"])
    assert near(found.ltv, expected["ltv_contribution_before_llm_discounted"])
    assert near(found.ltv_after, expected["ltv_after_llm_at_binding"])
    for bound, name in (("margin", "margin_rule"), ("ltv_cac", "ltv_cac_rule"), ("payback", "payback_rule")):
        assert near(found.bounds[bound], allowable[name])
    assert near(found.bounds["llm_share"], allowable["share_of_ltv_rule"])
    assert near(found.allowable, allowable["binding"])
    tier = expected["free_tier"]
    free = Plan(
        "free",
        Decimal(0),
        survival=Geometric(Decimal(tier["free_churn_per_month"])),
        converts_to="plus",
        conversion=Decimal(tier["paid_conversion_per_month"]),
    )
    assert near(worth(free, targets, found).allowable, tier["at_25pct_of_value"])
    everything = Targets(gross_margin=targets.gross_margin, discount=targets.discount)
    assert near(worth(free, everything, found).allowable, tier["max_llm_per_free_month_at_zero_profit"])
    assert near(worth(free, targets, found).multiple, tier["expected_free_months"])


def test_the_caps_that_the_allowance_buys_are_those_of_the_reference() -> None:
    expected = answers()["ltv"]
    allowable = Decimal(expected["allowable_llm_cost_per_month"]["binding"])
    for name, cost in expected["cost_per_request"].items():
        p95 = Decimal(cost["p95"]) if "p95" in cost else None
        found = monthly_caps(allowable, Decimal(cost["mean"]), Decimal(cost["sd"]), p95)
        caps = expected["monthly_cap"][name]
        assert (found["mean"], found["safe95"]) == (caps["K_mean"], caps["K_95pct_safe"])
        assert found["p95_cost"] == caps.get("K_p95_cost")
    worst = expected["worst_case_of_80_per_3h"]
    short = short_window(80, Decimal(3), Decimal(expected["cost_per_request"]["base"]["mean"]), allowable)
    assert short["max_requests"] == worst["max_requests_month"]
    assert near(short["windows_per_month"], worst["windows_per_month"])
    assert near(short["max_cost"], worst["max_cost_base"])
    assert near(short["times_over"], worst["times_over_budget"])
    assert near(short["duty_cycle"], worst["max_sustained_duty_cycle_within_budget"])


def test_churn_that_slows_is_fitted_to_real_subscriptions() -> None:
    path = Path(FOLDER or "") / "real" / "telco_customers.csv.gz"
    customers = list(read(path, None, "tenure", "Churn", {"Contract": "Month-to-month"}))
    found = fit(customers)
    assert found is not None
    assert found.customers + found.unusable == len(customers)
    # the first month loses more than later ones do: alpha / (alpha + beta) against the whole churn over all months
    first = found.alpha / (found.alpha + found.beta)
    average = sum(gone for _, gone in customers) / sum(months or 0 for months, _ in customers)
    assert first > average
    late = found.alpha / (found.alpha + found.beta + 24)
    assert late < average
