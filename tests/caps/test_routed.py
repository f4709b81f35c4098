"""Caps under routing: the worked case of the reference as traffic, and that the ledger is the ledger again afterwards."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.caps.cap import Cap
from llmcost.caps.routed import under_routing
from llmcost.caps.traffic import Asked
from llmcost.errors import LlmcostError
from tests.spend.ledgers import call, opened, settings

D = Decimal
CONFIG = """
users: users.csv
plans: {plus: {price: 20, other_cost: 2.00, churn: 5%/month, cac: 60}, team: {price: 90}}
ltv: {ltv_to_cac: 3, gross_margin: 60%, payback: 12 months, discount_rate: 0.8%/month, llm_share: 25%}
"""
ROWS = [call(f"r{n}", user="ann", input_tokens=12_000, ts=f"2026-10-{n + 1:02}T10:00:00Z") for n in range(31)]


def rows(table: Any) -> dict[str, dict[str, Any]]:
    names = [column.name for column in table.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in table.rows}


def test_the_cap_rises_as_the_cost_falls_up_to_what_an_ideal_router_would_reach(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,plan\nann,plus\n")
    config = settings(tmp_path, CONFIG)
    with opened(tmp_path, ROWS) as store:
        # 0.012 a request becomes 0.0045, and 0.0031 with an ideal router
        store.run("CREATE TEMP TABLE routed AS SELECT * REPLACE (0.0045::DECIMAL(18, 12) AS cost) FROM ledger")
        store.run("CREATE TEMP TABLE ideal AS SELECT * REPLACE (0.0031::DECIMAL(18, 12) AS cost) FROM ledger")
        cap = Cap(1, "3h")
        tables = under_routing(store, config, Asked(), simulated="routed", ideal="ideal", now_us=0, window=cap)
        plus, team = rows(tables[0])["plus"], rows(tables[0])["team"]
        assert (plus["cap_base"], plus["cap_routed"], plus["cap_ideal"]) == (375, 1000, 1451)
        assert (plus["lift"], plus["headroom"]) == (D("2.666667"), D("0.688889"))
        assert (plus["cost_base"], plus["cost_routed"], plus["cost_ideal"]) == (D("0.012"), D("0.0045"), D("0.0031"))
        assert (team["cap_base"], team["lift"]) == (None, None)  # nobody is on it: nothing is guessed
        # the other tables are those of llmcost caps, on the routed traffic
        overview = rows(tables[2])["plus"]
        assert (overview["monthly_cap"], overview["allowable"]) == ("1000", D("4.5"))
        alone = under_routing(store, config, Asked(), simulated="routed", now_us=0, window=cap)
        assert rows(alone[0])["plus"]["headroom"] is None
        # and the ledger is the ledger
        assert store.value("SELECT sum(cost) FROM ledger") == D("0.012") * 31


def test_a_relation_that_is_not_there_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path, ROWS) as store:
        with pytest.raises(LlmcostError), store.standing_for("ledger", "nothing"):
            pass
        with pytest.raises(ZeroDivisionError), store.standing_for("ledger", "requests"):
            1 // 0  # noqa: B018
        assert store.value("SELECT count(*) FROM ledger") == 31
