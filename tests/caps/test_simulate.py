"""`llmcost caps simulate`: what caps would do to a small log, in the JSON that scripts read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import inside
from tests.spend.ledgers import PRICES, Row, call

CONFIG = """
prices: {overrides: acme.yaml}
users: users.csv
"""
USERS = "user,plan\nann,free\nbob,plus\n"


def at(minute: int, second: int = 0) -> str:
    return f"2026-10-15T12:{minute:02}:{second:02}Z"


ROWS = [
    # ann: three in one minute, the last two at the same instant, and one exactly an hour after the first
    call("a1", user="ann", ts=at(0)),
    call("a2", user="ann", ts=at(1)),
    call("a3", user="ann", ts=at(1)),
    call("a4", user="ann", ts="2026-10-15T13:00:00Z"),
    # bob: two calls of the dear model, a tenth of a dollar each
    call("b1", user="bob", ts=at(2), model="big"),
    call("b2", user="bob", ts=at(3), model="big"),
    # what caps do not look at
    call("n1", ts=at(4)),
    call("n2", user="ann", ts=None),
    call("n3", user="ann", ts=at(5), environment="ci"),
    call("n4", user="ann", ts=at(6), requests=7),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    (tmp_path / "acme.yaml").write_text(PRICES)
    (tmp_path / "users.csv").write_text(USERS)
    (tmp_path / "llmcost.yaml").write_text(CONFIG)

    def simulate(*arguments: str, rows: list[Row] = ROWS, config: str = CONFIG) -> Any:
        (tmp_path / "llmcost.yaml").write_text(config)
        (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return inside(monkeypatch, capsys, tmp_path, "caps", "simulate", "--log", "log.jsonl", *arguments)

    return simulate


def figures(done: Any) -> dict[str, Any]:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_cap_blocks_and_saves_and_the_decisions_stand_in_the_order_of_the_replay(run: Any, tmp_path: Path) -> None:
    found = figures(run("--cap", "2/1h", "--format", "json", "--decisions", "out.csv"))
    rows = found.pop("caps")
    assert found == {
        "schema": "llmcost.caps-simulation/1",
        "cap": "2/1h",
        "per": "user",
        "unit": "request",
        "kind": "rolling",
        "counts": "served",
        "on_limit": "block",
        "requests": 6,
        "served": 5,
        "blocked": 1,
        "downgraded": 0,
        "overage": 0,
        "users": 2,
        "users_blocked": 1,
        "cost": "0.204000000000",  # 4 x 0.001 + 2 x 0.10
        "cost_served": "0.203000000000",
        "cost_avoided": "0.001000000000",
        "unpriced_requests": 0,
    }
    assert [row["refused"] for row in rows] == [1]
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines == ["request_id,served", "a1,1", "a2,1", "a3,0", "b1,1", "b2,1", "a4,1"]


def test_what_caps_do_not_look_at_is_told(run: Any) -> None:
    text = run("--cap", "2/1h").out
    assert (
        "requests that caps do not look at: 1 outside production, 1 without user, 1 without time, 7 in aggregated rows"
        in text
    )
    assert "5 of 6 requests within the caps, 1 blocked" in text
    assert "1 of 2 users reach a limit (50.0%)" in text


def test_a_downgrade_is_priced_on_the_other_model_and_starts_without_a_cache(run: Any) -> None:
    rows = [
        call("b1", user="bob", ts=at(2), model="big"),
        call("b2", user="bob", ts=at(3), model="big", input_tokens=1000, cache_read_tokens=400),
    ]
    found = figures(run("--cap", "1/1h", "--on-limit", "downgrade:acme/small", "--format", "json", rows=rows))
    # b1 0.10; b2 costs 600 x 0.0001 + 400 x 0.00001 = 0.064 on big, 1,000 x 0.000001 on small
    assert (found["cost"], found["cost_served"]) == ("0.164000000000", "0.101000000000")
    assert (found["served"], found["downgraded"], found["blocked"]) == (1, 1, 0)


def test_overage_costs_what_it_costs_and_avoids_nothing(run: Any) -> None:
    found = figures(run("--cap", "1/1h", "--on-limit", "overage", "--format", "json"))
    assert (found["overage"], found["blocked"], found["cost_avoided"]) == (3, 0, "0.000000000000")


def test_dollars_and_tokens_are_capped_to_the_last_digit(run: Any) -> None:
    exactly = figures(run("--cap", "0.2/1d", "--unit", "usd", "--format", "json"))
    assert (exactly["cap"], exactly["served"]) == ("0.2/1d", 6)
    below = figures(run("--cap", "0.199999999999/month", "--unit", "usd", "--kind", "aligned", "--format", "json"))
    assert (below["blocked"], below["cost_avoided"]) == (1, "0.100000000000")
    assert (
        figures(run("--cap", "1999/1d", "--unit", "token", "--format", "json"))["blocked"] == 4
    )  # one of ann's is left


def test_several_caps_must_all_pass(run: Any) -> None:
    found = figures(run("--cap", "2/1min", "--cap", "3/1d", "--format", "json"))
    assert found["cap"] == "2/1min, 3/1d"
    assert found["blocked"] == 1  # a4 is the fourth of the day; no minute holds three
    assert [row["refused"] for row in found["caps"]] == [0, 1]


def test_turns_are_the_default_where_they_are_known_and_are_served_whole(run: Any, tmp_path: Path) -> None:
    rows = [
        call("1", user="ann", ts=at(0), turn="t1"),
        call("2", user="ann", ts=at(1), turn="t2"),
        call("3", user="ann", ts=at(2), turn="t1"),
        call("4", user="ann", ts=at(3), turn="t2"),
    ]
    found = figures(run("--cap", "1/1h", "--format", "json", "--decisions", "out.csv", rows=rows))
    assert (found["unit"], found["turns"], found["turns_served"]) == ("turn", 2, 1)
    assert (found["requests"], found["served"], found["blocked"]) == (4, 2, 2)
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == ["1,1", "2,0", "3,1", "4,0"]
    by_request = figures(run("--cap", "1/1h", "--unit", "request", "--format", "json", rows=rows))
    assert (by_request["served"], by_request["blocked"]) == (1, 3)


def test_the_caps_of_the_config_hold_for_their_plans_only(run: Any) -> None:
    config = (
        CONFIG + "caps:\n  - {plan: free, limit: 1, window: 1h}\n  - {plan: plus, limit: 0.1, unit: usd, window: 1d}\n"
    )
    found = figures(run("--format", "json", config=config))
    assert (found["unit"], found["blocked"]) == ("request, usd", 3)
    assert [(row["plan"], row["refused"]) for row in found["caps"]] == [("free", 2), ("plus", 1)]


def test_a_condition_and_another_subject_narrow_the_traffic(run: Any) -> None:
    found = figures(run("--cap", "1/1h", "--per", "model", "--where", "plan = 'plus'", "--format", "json"))
    assert (found["per"], found["requests"], found["users"], found["blocked"]) == ("model", 2, 1, 1)


def test_no_rows_are_no_error_unless_asked_for(run: Any) -> None:
    nothing = ("--cap", "1/1h", "--where", "user = 'nobody'")
    assert "no requests that caps could look at" in run(*nothing).out
    assert run(*nothing, "--strict").code == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--cap: there is no cap"),
        (("--cap", "80"), "--cap: '80' has no window"),
        (("--cap", "0/3h"), "--cap: '0' is no limit above 0"),
        (("--cap", "many/3h"), "--cap: 'many' is no limit above 0"),
        (("--cap", "1.5/3h"), "--cap: 1.5 is no whole number of requests"),
        (("--cap", "80/3"), "--cap: '3' is no window"),
        (("--cap", "80/moth"), "did you mean 'month'?"),
        (("--cap", "80/month"), "--cap: a rolling window needs a fixed length, and a month has none"),
        (("--cap", "80/3h", "--kind", "roling"), "did you mean 'rolling'?"),
        (("--cap", "80/3h", "--unit", "requests"), "did you mean 'request'?"),
        (("--cap", "80/3h", "--counts", "servd"), "did you mean 'served'?"),
        (("--cap", "80/3h", "--on-limit", "downgrade"), "--on-limit: 'downgrade' names no model"),
        (("--cap", "80/3h", "--on-limit", "downgrade:nobody"), "--on-limit: 'nobody' has no price"),
        (("--cap", "80/3h", "--per", "usr"), "did you mean 'user'?"),
    ],
)
def test_every_mistake_has_a_place_and_a_way_out(run: Any, arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert sentence in done.err
    assert done.out == ""
