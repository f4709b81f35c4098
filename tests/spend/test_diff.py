"""A change of cost split into price, volume and mix: worked by hand, and always adding up to the last digit."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import conditions
from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.sources.ingest import ingest
from llmcost.spend.diff import ZERO, Amount, diff, split
from llmcost.store import Store, open_ledger
from llmcost.windows import Window, period
from tests.spend.ledgers import PRICES, call

NOW = dt.datetime(2026, 10, 30, tzinfo=dt.timezone.utc)
CUT = """
  - id: cut
    mode: chat
    match: {exact: [cut]}
    prices:
      - {from: 2020-01-01, to: 2026-10-12, per_mtok: {input: "2", output: "20"},
         source: {url: "https://acme.example/prices", checked: 2026-10-01}}
      - {from: 2026-10-12, per_mtok: {input: "1", output: "10"},
         source: {url: "https://acme.example/prices", checked: 2026-10-12}}
  - id: new
    mode: chat
    match: {exact: [new]}
    prices:
      - {from: 2026-10-12, per_mtok: {input: "5", output: "10"},
         source: {url: "https://acme.example/prices", checked: 2026-10-12}}
"""
"""The price of `cut` is halved on 12 October, a Monday; `new` is sold from then on."""


@contextmanager
def opened(folder: Path, rows: list[dict[str, Any]]) -> Iterator[tuple[Store, catalogue.Catalogue]]:
    (folder / "acme.yaml").write_text(PRICES + CUT)
    prices = catalogue.load((folder / "acme.yaml",))
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest([str(folder / "log.jsonl")], folder / "llmcost.duckdb", config=Config(), catalogue=prices)
    with open_ledger(folder / "llmcost.duckdb", read_only=True) as store:
        yield store, prices


def week(number: int) -> Window:
    return period(f"2026-W{number}", "UTC", NOW)


def figures(
    folder: Path, rows: list[dict[str, Any]], *by: str, where: str | None = None
) -> dict[Any, list[str | None]]:
    """Group -> change, price, volume, mix in dollars, from week 41 (5 to 11 October) to week 42."""
    condition = conditions.parse(where, fields=conditions.FIELDS) if where else None
    with opened(folder, rows) as (store, prices):
        table = diff(store, Config(), prices, week(41), week(42), by=by, where=condition)
    found = {}
    for row in [*table.rows, *([table.total] if table.total else [])]:
        key = "total" if row is table.total else row[0] if by else None
        found[key] = [None if cell is None else f"{cell.normalize():f}" for cell in row[-4:]]  # type: ignore[attr-defined]
    return found


BEFORE, AFTER = "2026-10-06T10:00:00Z", "2026-10-14T10:00:00Z"


def test_the_parts_of_a_change(tmp_path: Path) -> None:
    rows = [
        # 2 requests x 1,000 x $2/M = 0.004 before; 3 requests with 5,000 tokens at $1/M = 0.005 after
        *(call(f"b{n}", ts=BEFORE, model="cut", agent="a") for n in range(2)),
        *(
            call(f"a{n}", ts=AFTER, model="cut", agent="a", input_tokens=tokens)
            for n, tokens in enumerate((1000, 1000, 3000))
        ),
    ]
    # price: 5,000 tokens at 1 instead of 2 = -0.005; volume: one more at 0.002 = 0.002; mix: 0.010 - 3 x 0.002 = 0.004
    assert figures(tmp_path, rows, "agent")["a"] == ["0.001", "-0.005", "0.002", "0.004"]


def test_a_new_group_and_one_that_is_gone_are_volume(tmp_path: Path) -> None:
    rows = [call("b", ts=BEFORE, agent="gone"), call("a", ts=AFTER, agent="fresh", input_tokens=4000)]
    assert figures(tmp_path, rows, "agent") == {
        "fresh": ["0.004", "0", "0.004", "0"],
        "gone": ["-0.001", "0", "-0.001", "0"],
        "total": ["0.003", "0", "0.003", "0"],
    }


def test_a_model_that_was_not_sold_then_has_no_price_part(tmp_path: Path) -> None:
    rows = [call("b", ts=BEFORE), call("a", ts=AFTER, model="new")]
    # the same one request: 0.005 instead of 0.001, and no price of `new` to compare with
    assert figures(tmp_path, rows) == {None: ["0.004", "0", "0", "0.004"]}


def test_what_has_no_price_is_unknown_and_told(tmp_path: Path) -> None:
    rows = [
        call("b", ts=BEFORE, model="nobody", agent="x"),
        call("a", ts=AFTER, agent="x"),
        call("c", ts=AFTER, agent="y"),
    ]
    with opened(tmp_path, rows) as (store, prices):
        table = diff(store, Config(), prices, week(41), week(42), by=["agent"])
    assert [row[0] for row in table.rows] == ["y", "x"]
    assert list(table.rows[1][-4:]) == [None] * 4
    assert table.rows[1][3] is None  # not zero
    assert "without a price, and so in no figure of money: 1 requests before, 0 after" in table.notes


def test_a_condition_and_the_store_stay_as_they_are(tmp_path: Path) -> None:
    rows = [call("b", ts=BEFORE, plan="free"), call("a", ts=AFTER, plan="free"), call("c", ts=AFTER, plan="pro")]
    assert figures(tmp_path, rows, where="plan = 'free'") == {None: ["0", "0", "0", "0"]}
    with open_ledger(tmp_path / "llmcost.duckdb", read_only=True) as store:
        assert store.value("SELECT count(*) FROM requests") == 3


def test_windows_of_different_length_are_told(tmp_path: Path) -> None:
    with opened(tmp_path, [call("b", ts=BEFORE)]) as (store, prices):
        table = diff(store, Config(), prices, week(41), period("2026-10-12", "UTC", NOW))
    assert "the windows differ in length: 7.0 and 1.0 days" in table.notes


MONEY = st.decimals(0, 10**6, places=12)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 50), MONEY, st.integers(0, 50), MONEY, MONEY)
def test_the_parts_add_up(asked: int, cost: Decimal, then_asked: int, after: Decimal, after_then: Decimal) -> None:
    parts = split(Amount(asked, cost), Amount(then_asked, after, after_then))
    assert parts is not None
    assert parts.price + parts.volume + parts.mix == parts.delta == after - cost
    assert all(-value.as_tuple().exponent <= 12 for value in (parts.price, parts.volume, parts.mix))  # type: ignore[operator]
    if after == after_then:
        assert parts.price == 0


def test_nothing_changed() -> None:
    same = Amount(7, Decimal("1.23"), Decimal("1.23"))
    assert split(same, same) == split(Amount(), Amount())
    assert split(same, Amount(7, None, None)) is None


@pytest.mark.parametrize("tz", ["UTC", "America/New_York"])
def test_rows_add_up_to_the_change_of_everything(tmp_path: Path, tz: str) -> None:
    rows = [
        call(
            f"r{n}",
            ts=f"2026-10-{5 + n % 14:02}T0{n % 10}:30:00Z",
            model=("cut", "small", "new")[n % 3],
            agent=f"a{n % 4}",
            input_tokens=1 + 37 * n,
        )
        for n in range(80)
    ]
    windows = [period(f"2026-W{number}", tz, NOW) for number in (41, 42)]
    with opened(tmp_path, rows) as (store, prices):
        table = diff(store, Config(), prices, *windows, by=["agent", "model"], tz=tz)
    assert table.total is not None
    for place in range(2, 8):
        assert sum((row[place] or ZERO for row in table.rows), ZERO) == table.total[place]  # type: ignore[misc]
