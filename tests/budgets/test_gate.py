"""The gate on hand-made ledgers: a row of `small` with 1,000 tokens costs a thousandth of a dollar."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.budgets.gate import Limits, Session, judge
from llmcost.budgets.metrics import Asked
from llmcost.budgets.rules import Rule
from llmcost.budgets.verdict import DELTAS, Verdict, as_table
from llmcost.config import Config
from llmcost.render import render
from llmcost.windows import Window
from tests.spend.ledgers import NOON, Row, call, opened, prices

NOW = datetime.fromisoformat(NOON) + timedelta(hours=1)


def judged(
    folder: Path,
    rows: list[Row],
    max_cost: str,
    *,
    window: Window | None = None,
    per: tuple[str, ...] = (),
    warn_at: Decimal | None = None,
    now: datetime = NOW,
    **limits: Any,
) -> Verdict:
    rule = Rule("max-cost", "cost", per=per, max=Decimal(max_cost), warn_at=warn_at)
    with opened(folder, rows) as store:
        asked = Asked(store, Config(), prices, None, window or Window(), "UTC", now)
        return judge(Session(asked, Limits(**limits)), [rule])


def statuses(verdict: Verdict) -> dict[str, str]:
    return {f"{f.id} {f.scope}" if f.scope else f.id: f.status for f in verdict.findings}


TEN = [call(f"r{n}", agent="a" if n < 7 else "b") for n in range(10)]
"""A cent in all: seven thousandths of a dollar for agent a, three for b."""


@pytest.mark.parametrize(
    ("max_cost", "warn_at", "result", "code"),
    [
        ("0.02", None, "pass", 0),
        ("0.01", None, "pass", 0),  # exactly at the limit is within it
        ("0.009999999999", None, "breach", 3),
        ("0", None, "breach", 3),
        ("0.0125", "0.8", "pass", 0),  # exactly at the warning, too
        ("0.0125", "0.799", "warn", 0),
        ("0.009", "0.8", "breach", 3),
    ],
)
def test_a_window_is_held_to_its_budget(
    tmp_path: Path, max_cost: str, warn_at: str | None, result: str, code: int
) -> None:
    verdict = judged(tmp_path, TEN, max_cost, warn_at=Decimal(warn_at) if warn_at else None)

    assert (verdict.result, verdict.exit_code) == (result, code)
    assert [(f.value, f.limit, f.unit) for f in verdict.findings] == [(Decimal("0.01"), Decimal(max_cost), "USD")]


def test_every_group_is_held_to_the_budget_of_per(tmp_path: Path) -> None:
    verdict = judged(tmp_path, TEN, "0.005", per=("agent",), warn_at=Decimal("0.5"))

    assert statuses(verdict) == {"max-cost agent=a": "breach", "max-cost agent=b": "warn"}
    assert verdict.exit_code == 3


def test_a_group_without_a_name_is_a_group(tmp_path: Path) -> None:
    assert statuses(judged(tmp_path, [call("x")], "1", per=("agent", "model"))) == {
        "max-cost agent=(none), model=small": "pass"
    }


def test_no_rows_cannot_be_judged(tmp_path: Path) -> None:
    verdict = judged(tmp_path, TEN, "1", window=Window(None, 1))

    assert (verdict.result, verdict.exit_code) == ("undecided", 4)
    assert [(f.id, f.reason) for f in verdict.findings] == [("data", "no rows in the window")]


def test_an_empty_ledger_cannot_be_judged(tmp_path: Path) -> None:
    assert judged(tmp_path, [], "1", per=("agent",)).exit_code == 4


@pytest.mark.parametrize(
    ("share", "result"),
    [("0", "undecided"), ("0.0909", "undecided"), ("0.1", "pass"), (None, "pass")],
)
def test_too_much_without_a_price_cannot_be_judged(tmp_path: Path, share: str | None, result: str) -> None:
    rows = [*TEN[:9], call("own", model="own")]
    verdict = judged(tmp_path, rows, "1", max_unpriced_share=None if share is None else Decimal(share))

    assert verdict.result == result
    if result == "undecided":
        assert statuses(verdict) == {"unpriced-share": "undecided", "max-cost": "pass"}
        assert verdict.findings[0].reason == "10.0% of the requests have no price: their cost is unknown, not zero"


def test_a_breach_stands_although_something_is_unknown(tmp_path: Path) -> None:
    verdict = judged(tmp_path, [*TEN, call("own", model="own")], "0.001")

    assert (verdict.result, verdict.exit_code) == ("breach", 3)
    assert statuses(verdict)["unpriced-share"] == "undecided"


def test_a_ledger_without_any_price_cannot_be_judged_whatever_may_be_unpriced(tmp_path: Path) -> None:
    verdict = judged(tmp_path, [call("own", model="own")], "1", max_unpriced_share=None)

    assert [(f.status, f.reason) for f in verdict.findings] == [("undecided", "nothing in it has a price")]


def test_the_unpriced_share_of_a_group_is_held_to_the_limit_too(tmp_path: Path) -> None:
    rows = [*TEN, call("own", agent="b", model="own")]
    verdict = judged(tmp_path, rows, "1", per=("agent",), max_unpriced_share=Decimal("0.2"))

    assert statuses(verdict) == {"max-cost agent=a": "pass", "max-cost agent=b": "undecided"}
    reasons = {f.scope: f.reason for f in verdict.findings}
    assert reasons["agent=b"] == "$0.0030 of $1.00, but 25.0% of the requests have no price"


def test_a_feature_that_only_a_cache_answered_costs_nothing_and_passes(tmp_path: Path) -> None:
    rows = [
        *TEN,
        call("hit", agent="cached", kind="cache_hit"),
        call("try", agent="failed", kind="attempt", input_tokens=0),
    ]
    verdict = judged(tmp_path, rows, "1", per=("agent",))

    assert statuses(verdict)["max-cost agent=cached"] == "pass"
    assert statuses(verdict)["max-cost agent=failed"] == "pass"


@pytest.mark.parametrize(
    ("minutes", "result"),
    [(59, "undecided"), (60, "pass"), (61, "pass")],
)
def test_stale_data_cannot_be_judged(tmp_path: Path, minutes: int, result: str) -> None:
    verdict = judged(tmp_path, TEN, "1", max_data_age=timedelta(minutes=minutes))

    assert verdict.result == result
    if result == "undecided":
        finding = verdict.findings[0]
        assert (finding.id, finding.value, finding.unit, finding.reason) == (
            "data-age",
            Decimal(1),
            "hours",
            f"the newest row is of {NOON}",
        )


def test_rows_without_time_have_no_age_to_trust(tmp_path: Path) -> None:
    verdict = judged(tmp_path, [call("a", ts=None)], "1", max_data_age=timedelta(days=9999))

    assert (verdict.result, verdict.findings[0].reason) == ("undecided", "the newest row is of no known time")
    assert verdict.findings[0].value is None


def test_too_much_without_a_name_cannot_be_judged(tmp_path: Path) -> None:
    rows = [call("a", agent="x", feature="f", user="u"), call("b", agent="x", feature="f")]
    verdict = judged(tmp_path, rows, "1", max_unattributed_share=Decimal("0.4"))

    assert statuses(verdict) == {"unattributed-share user": "undecided", "max-cost": "pass"}
    assert verdict.findings[0].reason == "50.0% of the cost has no user"


def test_the_json_is_that_of_the_contract(tmp_path: Path) -> None:
    verdict = judged(tmp_path, [*TEN, call("own", model="own")], "0.005", per=("agent",), window=Window(0, None))
    document = json.loads(render(as_table(verdict, "UTC"), "json"))

    assert list(document) == ["schema", "result", "window", "data_until", "rules", "trust"]
    assert document["schema"] == "llmcost.gate/1"
    assert document["result"] == "breach"
    assert document["window"] == {"since": "1970-01-01T00:00:00Z", "until": None, "tz": "UTC"}
    assert document["data_until"] == NOON
    assert {tuple(sorted(rule)) for rule in document["rules"]} == {
        tuple(sorted(["id", "scope", "metric", "value", "limit", "unit", "level", *DELTAS, "status", "reason"])),
    }
    breached = next(rule for rule in document["rules"] if rule["status"] == "breach")
    assert breached == {
        **{
            "id": "max-cost",
            "scope": "agent=a",
            "metric": "cost",
            "value": "0.007000000000",
            "limit": "0.005000000000",
            "unit": "USD",
        },
        **dict.fromkeys(DELTAS),
        **{"level": "error", "status": "breach", "reason": "$0.0070 is above $0.0050"},
    }
    assert document["trust"]["unpriced_requests"] == 1
    assert set(document["trust"]) >= {"rows_read", "sources", "unattributed", "prices"}


def test_people_see_what_matters_first(tmp_path: Path) -> None:
    verdict = judged(tmp_path, TEN, "0.005", per=("agent",))
    text = render(as_table(verdict, "UTC"), "table")

    assert text.splitlines()[0] == "Gate: breach"
    assert text.index("agent=a") < text.index("agent=b")
    assert f"data until {NOON}" in text
    assert "delta" not in text


def test_the_clock_is_the_one_it_is_given(tmp_path: Path) -> None:
    results = [
        judged(tmp_path, TEN, "1", max_data_age=timedelta(hours=2), now=at).result
        for at in (NOW, datetime(2030, 1, 1, tzinfo=timezone.utc))
    ]

    assert results == ["pass", "undecided"]
