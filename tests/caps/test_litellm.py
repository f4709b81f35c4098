"""Caps as LiteLLM holds them: its windows and edges, what it cannot express, and how many decisions differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.caps.cap import Cap
from tests.caps.traffic import SECOND, Row, decisions
from tests.cli.program import inside
from tests.spend.ledgers import PRICES, call

NOON = 1_792_065_600  # 2026-10-15T12:00:00Z
HOUR = 3600
CONFIG = """
prices: {overrides: acme.yaml}
users: users.csv
plans: {free: {price: 0}, plus: {price: 10, other_cost: 2, churn: 10%/month}}
ltv: {llm_share: 25%}
"""
CAPS = """
caps:
  - {plan: free, limit: 2, unit: request, window: 1h}
  - {plan: plus, limit: 0.15, unit: usd, window: month, kind: aligned}
"""


def served(rows: list[Row], cap: Cap, tz: str = "UTC") -> str:
    return "".join("0" if one else "1" for one in decisions(rows, [cap], tz)[0])


def spend(*events: tuple[int, int]) -> list[Row]:
    """Seconds since noon of 15 October, and what each costs."""
    return [("u", (NOON + at) * SECOND, cost) for at, cost in events]


def test_a_budget_is_charged_after_the_answer_and_a_user_is_refused_at_it_an_end_user_above_it() -> None:
    rows = spend((0, 6), (1, 4), (2, 1), (3, 1))
    assert served(rows, Cap(10, "day", unit="usd", kind="litellm-budget")) == "1100"
    assert served(rows, Cap(10, "day", unit="usd", kind="litellm-end-user")) == "1110"
    crossing = spend((0, 9), (1, 100), (2, 1))  # the answer that crosses the budget is served
    assert served(crossing, Cap(10, "day", unit="usd", kind="litellm-budget")) == "110"


def test_a_budget_starts_anew_at_midnight_on_monday_and_on_the_first() -> None:
    midnight, monday, november = 12 * HOUR, (12 + 72) * HOUR, (12 + 16 * 24) * HOUR
    for window, edge in (("day", midnight), ("week", monday), ("month", november)):
        rows = spend((0, 10), (edge - 1, 1), (edge, 1))
        assert served(rows, Cap(10, window, unit="usd", kind="litellm-budget")) == "101", window


def test_a_budget_of_hours_starts_anew_on_their_multiples_of_the_day_in_the_zone_of_the_gateway() -> None:
    cap = Cap(10, "8h", unit="usd", kind="litellm-budget")  # 00:00, 08:00 and 16:00
    rows = spend((0, 10), (3 * HOUR, 1), (4 * HOUR, 1))
    assert served(rows, cap) == "101"
    assert served(rows, cap, tz="America/New_York") == "100"  # noon is 08:00 there, and its window ends at 16:00
    assert served(spend((-1, 10), (0, 1)), cap, tz="America/New_York") == "11"
    assert served(spend((-1, 10), (0, 1)), cap) == "10"


def test_budget_manager_has_28_days_from_the_last_start_and_serves_at_the_budget() -> None:
    day = 24 * HOUR
    rows = spend(
        (0, 6), (1, 4), (2, 1), (3, 1), (28 * day - 1, 1), (28 * day + 50, 9), (56 * day, 5), (56 * day + 50, 1)
    )
    # the window of the sixth begins with it, 50 seconds late: the seventh is still in it
    assert served(rows, Cap(10, "28d", unit="usd", kind="litellm-budget-manager")) == "11100111"


def test_a_rate_limit_is_a_window_opened_by_the_first_request_on_whole_seconds() -> None:
    rows = [("u", NOON * SECOND + at, 1) for at in (900_000, 30 * SECOND, 60 * SECOND - 1, 60 * SECOND)]
    assert served(rows, Cap(1, "60s", kind="litellm-rate")) == "1001"  # 59.1 s after it in truth
    assert served(rows, Cap(1, "60s", kind="first_request")) == "1000"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    (tmp_path / "acme.yaml").write_text(PRICES)
    (tmp_path / "users.csv").write_text("user,plan\nann,free\nbob,plus\n")
    rows = [call(f"a{n}", user="ann", ts=f"2026-10-15T12:{n:02}:00Z") for n in (0, 50, 55)]
    rows += [call(f"a{n}", user="ann", ts=f"2026-10-15T13:{n:02}:00Z") for n in (1, 2, 3)]
    rows += [call(f"b{n}", user="bob", model="big", ts=f"2026-10-15T12:{n:02}:00Z") for n in range(3)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def caps(*arguments: str, config: str = CONFIG + CAPS) -> Any:
        (tmp_path / "llmcost.yaml").write_text(config)
        return inside(monkeypatch, capsys, tmp_path, "caps", *arguments, "--log", "log.jsonl")

    return caps


def document(done: Any) -> dict[str, Any]:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_caps_of_the_config_become_one_budget_per_plan_and_the_decisions_that_differ_are_counted(run: Any) -> None:
    done = run("export", "--to", "litellm")
    found = document(done)
    assert found["budgets"] == [
        {"budget_id": "llmcost-free", "rpm_limit": 2},
        {"budget_id": "llmcost-plus", "max_budget": "0.15", "budget_duration": "30d"},
    ]
    assert found["environment"] == {"LITELLM_RATE_LIMIT_WINDOW_SIZE": "3600"}
    # ann, rolling: 12:00 and 12:50 pass, 12:55 not; 13:01 passes (12:50 is left), 13:02 and 13:03 do not.
    # The fixed window of 12:00 ends at 13:00: 13:01 and 13:02 pass
    free, plus = found["caps"]
    assert (free["refused_wanted"], free["refused_held"], free["decisions_differ"]) == (3, 2, 1)
    # bob: 0.10 is all that fits into 0.15; the gateway serves the one that crosses it
    assert (plus["refused_wanted"], plus["refused_held"], plus["decisions_differ"]) == (2, 1, 1)
    assert found["together"] == {"requests": 9, "decisions_differ": 2, "refused_wanted": 5, "refused_held": 3}
    assert "free: 2/1h (request, rolling): rpm_limit of llmcost-free; 1 of 9 decisions differ" in done.err
    assert "not expressed: stopping before the limit: the answer that crosses it is served" in done.err


@pytest.mark.parametrize(
    ("cap", "lost"),
    [
        ("{limit: 5, unit: request, window: month, kind: aligned}", "a number of requests in a month"),
        ("{limit: 5, unit: usd, window: 5h}", "the window 5h: budgets have hours that divide a day"),
        ("{limit: 5, unit: request, window: 1h, on_limit: {downgrade: small}}", "going on with small"),
        ("{limit: 5, unit: request, window: 1h, on_limit: overage}", "overage of requests: rate limits only refuse"),
        ("{limit: 5, unit: request, window: 1h, when: \"feature = 'x'\"}", "a condition on requests"),
    ],
)
def test_what_litellm_cannot_hold_is_named_and_not_exported(run: Any, cap: str, lost: str) -> None:
    found = document(run("export", "--to", "litellm", config=f"{CONFIG}caps: [{cap}]\n"))
    assert found["budgets"] == []
    assert found["environment"] == {}
    (one,) = found["caps"]
    assert (one["field"], one["held_as"]) == (None, None)
    assert one["not_expressed"][0].startswith(lost)


@pytest.mark.parametrize(
    ("cap", "body", "lost"),
    [
        ("{limit: 5, unit: token, window: 1min}", {"tpm_limit": 5}, "exact tokens"),
        ("{limit: 5, unit: usd, window: 6h}", {"max_budget": "5", "budget_duration": "6h"}, "the kind rolling"),
        (
            "{limit: 5, unit: usd, window: week, kind: aligned, on_limit: overage}",
            {"soft_budget": "5", "budget_duration": "7d"},
            "an invoice for overage",
        ),
        ("{limit: 5, unit: request, window: 1min, counts: attempts}", {"rpm_limit": 5}, "counting attempts"),
        ("{limit: 5, unit: turn, window: 1min}", {"rpm_limit": 5}, "turns: held as 5 requests"),
    ],
)
def test_what_litellm_holds_in_its_own_way_is_exported_with_what_is_lost(
    run: Any, cap: str, body: dict[str, object], lost: str
) -> None:
    found = document(run("export", "--to", "litellm", config=f"{CONFIG}caps: [{cap}]\n"))
    assert found["budgets"] == [{"budget_id": "llmcost-default"} | body]
    assert found["environment"] == {}  # a minute is what a gateway has anyway
    assert any(what.startswith(lost) for what in found["caps"][0]["not_expressed"])


def test_a_budget_has_one_of_each_and_a_gateway_one_window(run: Any) -> None:
    config = (
        CONFIG + "caps: [{limit: 5, window: 1h, unit: request}, {limit: 9, window: 1d, unit: request}, "
        "{limit: 9, window: 1h, unit: request}, {limit: 1, window: 1d, unit: usd}, {limit: 9, window: month, kind: aligned, unit: usd}]\n"
    )
    found = document(run("export", "--to", "litellm", config=config))
    assert found["budgets"] == [
        {"budget_id": "llmcost-default", "rpm_limit": 5, "max_budget": "1", "budget_duration": "1d"}
    ]
    assert [one["field"] for one in found["caps"]] == ["rpm_limit", None, None, "max_budget", None]
    assert found["caps"][1]["not_expressed"] == ["all rate limits of a gateway share one window, and it is 3600s"]


def test_recommended_caps_and_caps_of_flags_can_be_handed_over_too(run: Any) -> None:
    found = document(run("export", "--to", "litellm", "--recommended", config=CONFIG))
    assert {"plan": "plus", "cap": "2/month", "unit": "usd"}.items() <= found["caps"][-1].items()  # a quarter of 8
    flags = document(run("export", "--to", "litellm", "--cap", "2/1h", "--unit", "request"))
    assert (flags["budgets"], flags["caps"][0]["plan"]) == ([{"budget_id": "llmcost-default", "rpm_limit": 2}], None)


def test_for_another_gateway_the_caps_are_written_in_the_shape_of_the_config(run: Any) -> None:
    found = document(run("export", "--to", "json"))
    assert found["caps"][1] == {
        "name": None,
        "plan": "plus",
        "when": None,
        "per": "user",
        "limit": "0.15",
        "unit": "usd",
        "window": "month",
        "kind": "aligned",
        "counts": "served",
        "on_limit": "block",
    }


def test_a_cap_can_be_replayed_as_the_gateway_would(run: Any) -> None:
    flags = ("simulate", "--cap", "0.1/month", "--format", "json")
    assert document(run(*flags, "--as", "litellm-budget"))["blocked"] == 2  # bob's, from 0.10 on
    found = document(run(*flags, "--as", "litellm-end-user"))
    assert (found["kind"], found["unit"], found["blocked"]) == ("litellm-end-user", "usd", 1)
    assert document(run(*flags, "--as", "litellm-budget-manager"))["blocked"] == 1
    rate = document(run("simulate", "--cap", "2/1h", "--as", "litellm-rate", "--format", "json"))
    assert (rate["unit"], rate["blocked"]) == ("request", 3)  # two of ann's and one of bob's


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("simulate", "--cap", "4/month", "--as", "litellm"), "--as: unknown word 'litellm'"),
        (("simulate", "--cap", "4/5h", "--as", "litellm-budget"), "--as: LiteLLM has no such window as 5h"),
        (("simulate", "--cap", "4/2d", "--as", "litellm-budget-manager"), "it has 1d, 7d, 28d and 365d"),
        (("simulate", "--cap", "4/1d", "--as", "litellm-budget", "--unit", "request"), "a budget is in dollars"),
        (
            ("simulate", "--cap", "4/1d", "--as", "litellm-rate", "--unit", "usd"),
            "rate limits are in requests or tokens",
        ),
        (
            ("simulate", "--cap", "4/1d", "--as", "litellm-budget", "--counts", "attempts"),
            "LiteLLM counts what it serves",
        ),
        (("simulate", "--cap", "4/1d", "--as", "litellm-budget", "--kind", "aligned"), "cannot stand beside --as"),
        (("simulate", "--as", "litellm-budget"), "--as: 2/1h is in requests, a budget is in dollars"),
        (("export", "--to", "litelm"), "did you mean 'litellm'?"),
        (("export", "--to", "litellm", "--cap", "4"), "--cap: '4' has no window"),
    ],
)
def test_every_mistake_has_a_place_and_a_way_out(run: Any, arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_without_any_cap_there_is_nothing_to_export(run: Any) -> None:
    done = run("export", "--to", "litellm", config=CONFIG)
    assert done.code == 2
    assert "--cap: there is no cap" in done.err
