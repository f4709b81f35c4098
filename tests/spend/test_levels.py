"""List and contracted costs in a report: the same requests at other prices, and the same sums however they are grouped."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.pricing.reprice import reprice
from llmcost.spend.report import COST, Question, report
from llmcost.store import open_ledger
from llmcost.windows import Window
from tests.spend.ledgers import NOON, call, ledger, overrides

DEALS = "schema: 1\ndiscounts: [{provider: openai, percent: 12.5%}]\nmarkup: [{percent: 7%}]\n"


@pytest.fixture
def store(tmp_path: Path):
    rows = [
        call("1", agent="a", provider="openai", model="gpt-4o", input_tokens=1_000_000),  # 2.50 by the list
        call("2", agent="b", provider="openai", model="gpt-4o", input_tokens=7),  # 0.0000175
        call("3", agent="b"),  # 0.001, a price of our own
        call("4", agent="b", model="unheard-of"),
        call("5", agent="b", ts="2026-12-24T00:00:00Z"),
    ]
    deals = tmp_path / "deals.yaml"
    deals.write_text(DEALS)
    prices = catalogue.load([overrides(tmp_path), deals])
    with open_ledger(ledger(tmp_path, rows)) as opened:
        reprice(opened, prices)
        yield opened, prices


def costs(store, level: str, by: str = "agent") -> dict[str | None, Decimal | None]:
    opened, prices = store
    window = Window(until_us=1_793_750_400_000_000)  # before the fifth
    table = report(opened, Config(), Question(by=[by], window=window, cost=level), catalogue=prices)
    assert table.total is not None
    return {row[0]: row[1 + COST] for row in [*table.rows, table.total]}


def test_list_contracted_and_billed_stand_apart(store) -> None:
    listed = Decimal("0.0000175")
    assert costs(store, "list") == {"a": Decimal("2.5"), "b": listed + Decimal("0.001"), None: Decimal("2.5010175")}
    assert costs(store, "contracted")["a"] == Decimal("2.5") * 875 / 1000
    assert costs(store, "contracted")["b"] == listed * 875 / 1000 + Decimal("0.001")
    assert costs(store, "computed")["a"] == Decimal("2.5") * 875 * 107 / 100_000
    # 0.0000175 x 0.875 x 1.07 = 0.000016384375 has twelve digits
    assert costs(store, "computed")["b"] == Decimal("0.000016384375") + Decimal("0.00107")


@pytest.mark.parametrize("level", ["list", "contracted", "computed"])
def test_the_total_is_the_same_by_any_grouping(store, level: str) -> None:
    assert len({costs(store, level, by)[None] for by in ("agent", "model", "day", "provider", "user")}) == 1


def test_the_billed_sum_stands_beside(store) -> None:
    opened, prices = store
    table = report(opened, Config(), Question(by=["agent"], cost="list"), catalogue=prices)
    assert table.title == "Spend at list prices by agent"
    assert table.notes[0].startswith(
        "by the vendors' lists, without your own prices, discounts and mark-up; billed, as"
    )
    assert NOON.startswith("2026-10")
    assert opened.value("SELECT cost FROM requests WHERE request_id = '3'") == Decimal("0.00107")
