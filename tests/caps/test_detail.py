"""`llmcost caps --detail`: the company of test_recommend, whose figures a reader can do in the head, asked further."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.caps import detail
from llmcost.caps.cap import KINDS, Cap, months_between
from llmcost.caps.findings import Recommended
from llmcost.caps.recommend import recommend
from llmcost.caps.traffic import Asked
from llmcost.model import Table
from tests.caps.test_recommend import CONFIG, ROWS, USERS
from tests.spend.ledgers import call, opened, settings

D = Decimal


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recommended, dict[str, Table]]]:
    folder = tmp_path_factory.mktemp("detail")
    (folder / "users.csv").write_text(USERS)
    rows = [*ROWS, *(call(f"s{n}", user="sue", ts=f"2026-10-12T10:00:0{n}Z", feature="chat") for n in range(2))]
    config = settings(folder, CONFIG.replace("prices: {overrides: acme.yaml}\n", ""))
    with opened(folder, rows) as store:
        answer = recommend(store, config, Asked(), now_us=0, window=Cap(1, "3h"))
        yield answer, {table.title.partition(":")[0]: table for table in detail.tables(store, config, Asked(), answer)}


def rows(found: Any, title: str, plan: str) -> list[dict[str, Any]]:
    table = next(table for name, table in found[1].items() if name.startswith(title))
    names = [column.name for column in table.columns]
    return [one for one in (dict(zip(names, row, strict=True)) for row in table.rows) if one["plan"] == plan]


def test_costs_are_told_by_mix_and_by_user(found: Any) -> None:
    dear, cheap = rows(found, "What a request costs, by feature", "plus")
    assert (dear["feature"], dear["model"], dear["requests"], dear["mean"], dear["cost"]) == (
        None,
        "big",
        60,
        D("0.1"),
        6,
    )
    assert (cheap["feature"], cheap["requests"], cheap["mean"]) == ("chat", 2, D("0.001"))
    (plus,) = rows(found, "What a request costs, by user", "plus")
    # bob's mean is a tenth, sue's a thousandth
    assert (plus["users"], plus["cheapest"], plus["p50"], plus["p95"]) == (2, D("0.001"), D("0.001"), D("0.1"))
    assert (plus["dearest"], plus["user"]) == (D("0.1"), "bob")


def test_the_short_cap_is_replayed_under_every_kind(found: Any) -> None:
    plus = rows(found, "The short cap under every kind", "plus")
    # sue, the only one within the allowance, never has more than two in three hours
    assert [(one["cap"], one["kind"]) for one in plus] == [("2/3h", kind) for kind in KINDS]
    blocked = {one["kind"]: one["requests_blocked"] for one in plus}
    # of bob's sixty within an hour two pass, but a bucket has a third one after 90 minutes only
    assert blocked == dict.fromkeys(KINDS, 58)
    assert plus[0]["spend_avoided"] == D("5.8")


def test_what_users_leave_is_a_histogram_that_adds_up(found: Any) -> None:
    bars = rows(found, "What users leave in a month", "plus")
    # bob leaves 10 - 2 - 6 / 2.4, sue 8 less two thousandths over 2.4 months
    assert sum(bar["users"] for bar in bars) == 2
    assert all(bar["from"] < bar["below"] for bar in bars)
    assert bars[0]["from"] <= D("5.5") < bars[0]["below"]
    assert abs(sum(bar["margin"] for bar in bars) - (D("13.5") - D("0.002") / D("2.4"))) < D("1e-11")
    free = rows(found, "What users leave in a month", "free")
    assert [bar["users"] for bar in free] == [1, 1]  # ann below zero, fay at zero


def test_who_leaves_less_than_nothing_is_named(found: Any) -> None:
    (ann,) = rows(found, "Users who leave less than nothing", "free")
    assert (ann["user"], ann["revenue"]) == ("ann", 0)
    assert abs(ann["margin"] + D("0.002") / D("2.4")) < D("1e-11")
    table = next(table for name, table in found[1].items() if name.startswith("Users who leave"))
    assert table.notes == ["free: 1 of 2 users (50.0%) lose $0.0008 a month"]


def test_a_life_is_told_with_the_llm_in_it(found: Any) -> None:
    (plus,) = rows(found, "A user's life", "plus")
    now = D("6.002") / D("2.4") / 2
    assert (plus["months"], plus["ltv"], plus["payback"]) == (10, 80, "-")
    assert abs(plus["ltv_after"] - (80 - 10 * now)) < D("1e-9")
    assert plus["ltv_at_cap"] == 60  # (10 - 2 - 2) x 10


def test_a_quarter_more_or_less_moves_allowance_cap_and_margin(found: Any) -> None:
    plus = {one["what"]: one for one in rows(found, "If something turns out", "plus")}
    free = {one["what"]: one for one in rows(found, "If something turns out", "free")}
    assert len(plus) == 9
    assert (plus["as it is"]["allowable"], plus["price +25%"]["allowable"]) == (2, D("2.625"))  # a quarter of 12.50 - 2
    assert plus["price -25%"]["allowable"] == D("1.375")
    assert plus["churn +25%"]["allowable"] == 2  # neither bound asks how long a user stays
    # 0.25 x 0.10 x (10.5 - 2.625) x 10 months
    assert free["price +25%"]["allowable"] == D("1.96875")
    assert free["churn +25%"]["allowable"] == D("1.2")  # eight months of paying instead of ten: 0.25 x 0.10 x 48
    now = plus["as it is"]["cost"]
    assert abs(plus["demand +25%"]["cost"] - now * D("1.25")) < D("1e-11")
    assert abs(plus["cost -25%"]["margin"] - (8 - now * D("0.75"))) < D("1e-11")
    assert plus["cost +25%"]["monthly_cap"] < plus["as it is"]["monthly_cap"] == plus["demand +25%"]["monthly_cap"]


def test_of_each_candidate_the_first_block_and_the_longest_lockout_are_known(found: Any) -> None:
    plus = next(one for one in found[0].plans if one.name == "plus")
    tight = plus.candidates[-1]
    # bob's request number n comes n - 1 minutes after 10:00 on 5 August; September begins 26 days, 14 hours later
    assert tight.first_block_us == tight.limit * 60_000_000
    assert tight.lockout_us == (26 * 24 + 14) * 3_600_000_000 - tight.first_block_us


def test_payback_is_told_in_months_or_as_never(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,plan\nann,plus\nbob,team\n")
    config = settings(
        tmp_path,
        "users: users.csv\nplans:\n  plus: {price: 10, churn: 10%/month, cac: 20}\n  team: {price: 10, churn: 10%/month, cac: 200}\n"
        "ltv: {llm_share: 25%}\n",
    )
    with opened(tmp_path, [call("1", user="ann")]) as store:
        answer = recommend(store, config, Asked(), now_us=0, window=Cap(1, "3h"))
        tables = detail.tables(store, config, Asked(), answer)
    life = next(table for table in tables if table.title.startswith("A user's life"))
    # 10 + 9 + 8.1 less a few cents of LLM reach 20 in the third month; 100 in all a life never reach 200
    assert [row[-1] for row in life.rows] == ["3 months", "never"]


@pytest.mark.parametrize(("tz", "hours"), [("UTC", 0), ("Europe/Berlin", -1)])
def test_months_end_by_the_calendar_of_the_zone(tz: str, hours: int) -> None:
    def us(*at: int) -> int:
        return int(datetime(*at, tzinfo=timezone.utc).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]

    found = months_between(tz, us(2026, 1, 15), us(2026, 2, 3))
    assert [name for name, _ in found][:2] == ["2026-01", "2026-02"]
    assert found[1][1] == us(2026, 3, 1) + hours * 3_600_000_000


def test_nothing_to_tell_is_told_as_empty_tables(tmp_path: Path) -> None:
    config = settings(tmp_path, "plans: {plus: {price: 10}}\n")
    with opened(tmp_path, [call("1", ts=None)]) as store:
        answer = recommend(store, config, Asked(), now_us=0, window=Cap(1, "3h"))
        tables = detail.tables(store, config, Asked(), answer)
    assert [len(table.rows) for table in tables] == [0, 0, 0, 0, 0, 1, 0]
