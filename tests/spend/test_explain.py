"""The arithmetic of one request: its components are the cost, and everything a reader needs to check it is there."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.model import Table
from llmcost.pricing import catalogue
from llmcost.sources.ingest import ingest
from llmcost.spend.explain import explain
from llmcost.spend.fixed import allocated
from llmcost.store import open_ledger
from llmcost.windows import Window
from tests.spend.ledgers import PRICES, Row, call, opened, overrides, settings


def told(folder: Path, *rows: Row, of: str = "a") -> list[Table]:
    with opened(folder, rows) as store:
        return explain(store, of)


def lines(table: Table) -> list[list[Any]]:
    """Component, quantity, rate and dollars of each line."""
    return [[*row[1:4], row[5]] for row in table.rows]


def hows(table: Table) -> dict[Any, Any]:
    """From the price list to the rate, by component."""
    return {row[1]: row[4] for row in table.rows}


def cost(table: Table) -> Any:
    assert table.total is not None
    return table.total[-1]


def facts(table: Table) -> Any:
    return table.head["request"]


def test_a_priced_request_is_the_sum_of_its_components(tmp_path: Path) -> None:
    (table,) = told(
        tmp_path,
        call(
            "a",
            input_tokens=1000,
            cache_read_tokens=400,
            output_tokens=30,
            reasoning_tokens=10,
            units={"web_search": 2},
        ),
    )

    assert lines(table) == [
        ["fresh_input_tokens", 600, "1 USD per million", Decimal("0.0006")],
        ["cache_read_tokens", 400, "0.1 USD per million", Decimal("0.00004")],
        ["text_output_tokens", 20, "10 USD per million", Decimal("0.0002")],
        ["reasoning_tokens", 10, "10 USD per million", Decimal("0.0001")],
        ["web_search", 2, "0.01 USD each", Decimal("0.02")],
    ]
    assert cost(table) == Decimal("0.02094")
    assert facts(table)["price_since"] == "2020-01-01T00:00:00Z"
    assert facts(table)["price_source"] == {"url": "https://acme.example/prices", "checked": "2026-10-01"}
    assert table.notes[0] == "read from log.jsonl:1 (native), usage exact, declared"
    assert table.notes[1].startswith(f"price {facts(table)['price_id']}, in force since 2020-01-01")
    assert "checked 2026-10-01" in table.notes[2]


def test_a_rate_is_led_back_to_the_price_list_and_the_users_own_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.local.yaml"
    prices.write_text(
        f"{PRICES}discounts: [{{provider: openai, percent: 12%, not_on: [web_search]}}]\nmarkup:\n  - {{percent: 8%}}\n"
    )
    used = {"input_tokens": 3000, "cache_read_tokens": 1000, "output_tokens": 100, "units": {"web_search": 1}}
    asked = {"provider": "openai", "model": "gpt-4o", "service_tier": "batch", **used}
    (tmp_path / "log.jsonl").write_text(json.dumps(call("a", **asked)) + "\n" + json.dumps(call("b")))
    ledger = tmp_path / "l.duckdb"
    ingest([str(tmp_path / "log.jsonl")], ledger, config=Config(), catalogue=catalogue.load([prices]))
    with open_ledger(ledger, read_only=True) as store:
        (table,), (own,) = explain(store, "a"), explain(store, "b")

    deal = "x 0.88 (discount 12%) x 1.08 (markup 8%)"
    assert hows(table) == {
        "fresh_input_tokens": f"1.25 USD {deal}",
        "cache_read_tokens": f"1.25 USD {deal}",
        "text_output_tokens": f"5 USD {deal}",
        "web_search": "0.01 USD x 1.08 (markup 8%)",
    }
    # (3,000 x 1.25 + 100 x 5) / 1,000,000 x 0.88 x 1.08 + 0.01 x 1.08
    assert cost(table) == Decimal("0.00425") * 88 * 108 / 10000 + Decimal("0.0108")
    assert cost(table) == sum(row[5] for row in table.rows)  # type: ignore[misc]
    assert f"discount 12% (x 0.88): {prices}:18" in table.notes
    assert f"markup 8% (x 1.08): {prices}:20" in table.notes
    assert facts(table)["price_factors"][0] == {
        **{"what": "discount 12%", "multiply": "0.88", "not_on": ["web_search"], "place": f"{prices}:18"}
    }
    assert hows(own) == {"fresh_input_tokens": "1 USD x 1.08 (markup 8%)"}


def test_a_rate_that_stands_in_for_a_missing_one_says_so(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", input_tokens=1000, cache_write_tokens=1000, model="small", output_tokens=0))

    assert hows(table)["cache_write_other_tokens"] == "1 USD as input"


def test_the_components_of_every_sample_request_add_up_to_its_cost(sample_ledger: Path) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        ids = store.rows("SELECT request_id, cost FROM requests WHERE price_id IS NOT NULL AND seq % 29 = 0")
        found = [(explain(store, request_id)[0], expected) for request_id, expected in ids]

    assert len(found) > 100
    for table, expected in found:
        exact = sum((row[-1] for row in table.rows), Decimal(0))  # type: ignore[misc]
        assert exact.quantize(Decimal(10) ** -12, rounding=ROUND_HALF_EVEN) == expected == cost(table)


def test_an_unpriced_request_shows_its_quantities_and_the_reason(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", model="own", output_tokens=5))

    assert lines(table) == [["fresh_input_tokens", 1000, None, None], ["text_output_tokens", 5, None, None]]
    assert cost(table) is None
    assert facts(table)["unpriced_reason"]
    assert table.notes[1] == f"unpriced: {facts(table)['unpriced_reason']}; llmcost prices show own --why"


def test_a_cache_hit_costs_nothing_and_says_why(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", kind="cache_hit"))

    assert cost(table) == 0
    assert "costs nothing: answered by a cache" in table.notes


def test_a_failed_attempt_costs_nothing_and_says_why(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", kind="attempt", input_tokens=0, status="error"))

    assert (lines(table), cost(table)) == ([], 0)
    assert "costs nothing: a failed attempt without usage" in table.notes


def test_an_aggregated_row_says_how_many_it_holds(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", requests=1200, input_tokens=5000))

    assert cost(table) == Decimal("0.005")
    assert facts(table)["requests"] == 1200
    assert "1,200 requests in one row, priced at the base tier: the size of each is not known" in table.notes


def test_a_recorded_cost_stands_beside_ours(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", source_cost="0.0033225000000000003", source_cost_kind="charged"))

    assert facts(table)["source_cost"] == "0.0033225000000000003"
    assert "the log recorded 0.0033225000000000003 USD (charged)" in table.notes


def test_a_step_of_a_chain_says_which_and_why(tmp_path: Path) -> None:
    failed = call("a", kind="attempt", input_tokens=0, status="error", error_kind="rate_limit", trace="t")
    done = call("b", trace="t", ts="2026-10-15T12:00:02Z")
    (table,) = told(tmp_path, failed, done, of="b")

    assert (facts(table)["chain"], facts(table)["chain_step"], facts(table)["chain_reason"]) == ("a", 2, "rate_limit")
    assert "step 2 of chain a, because of rate_limit" in table.notes


def test_a_bare_number_may_be_the_id_of_several_requests(tmp_path: Path) -> None:
    one, two = told(
        tmp_path, call("7", input_tokens=1000), call("7", input_tokens=3000, ts="2026-10-16T00:00:00Z"), of="7"
    )

    assert [cost(one), cost(two)] == [Decimal("0.001"), Decimal("0.003")]
    assert [one.rows[0][0], two.rows[0][0]] == ["log.jsonl:1", "log.jsonl:2"]


FIXED = """
fx: fx.csv
prices:
  costs:
    - {name: gpu, amount: 8, currency: EUR, per: day, allocate_by: "model = 'small'"}
    - {name: other, amount: 1, per: day, allocate_by: "model = 'big'"}
    - {name: late, amount: 3, per: day, since: 2026-10-16, share_by: requests}
"""


def test_what_is_allocated_stands_beside_the_marginal_cost(tmp_path: Path) -> None:
    (tmp_path / "fx.csv").write_text("currency,date,usd\nEUR,2026-10-15,1.25\nEUR,2026-10-16,1.50\n")
    rows = [
        call("a", input_tokens=1000),
        call("b", input_tokens=2000, ts="2026-10-16T00:00:00Z"),
        call("c", model="big", ts="2026-10-16T00:00:00Z"),
    ]
    config = settings(tmp_path, FIXED)
    with opened(tmp_path, rows) as store:
        (first,), (second,) = explain(store, "a", config), explain(store, "b", config)
        day_us = 86_400_000_000
        until = explain(store, "a", config, window=Window(None, 20742 * day_us))[0]  # before 16 October
    # 8 x 1.25 + 8 x 1.5 = $22 for 3,000 tokens; the second one also has half of the $3 of its day
    assert cost(first) == Decimal("0.001")
    assert facts(first)["allocated"] == [
        {
            **{"name": "gpu", "cost": "7.333333333333", "amount": "22", "since": "2026-10-15", "until": "2026-10-17"},
            **{"share_by": "tokens", "weight": "1000", "whole": "3000"},
            "fx": {"EUR": {"file": "fx.csv", "usd": {"2026-10-15": "1.25", "2026-10-16": "1.5"}}},
        }
    ]
    assert [(one["name"], one["cost"]) for one in facts(second)["allocated"]] == [
        ("gpu", "14.666666666667"),
        ("late", "1.500000000000"),
    ]
    assert second.notes[-4:] == [
        "marginal cost 0.002 USD, as above; allocated fixed cost 16.166666666667 USD, beside it:",
        "gpu: 14.666666666667 USD, which is 2,000 of 3,000 tokens x 22 USD from 2026-10-15 to 2026-10-16",
        "late: 1.5 USD, which is 1 of 2 requests x 3 USD from 2026-10-16 to 2026-10-16",
        "EUR at the rate of each day by fx.csv: one is 1.25 USD on 2026-10-15 to 1.5 on 2026-10-16",
    ]
    assert [one["cost"] for one in facts(until)["allocated"]] == ["10.000000000000"]


def test_the_parts_of_all_requests_are_what_a_report_allocates(tmp_path: Path) -> None:
    yaml = "prices: {costs: [{name: c, amount: 100, per: month, share_by: cost}]}"
    rows = [call(str(n), input_tokens=1 + n, agent=f"a{n % 3}") for n in range(9)]
    with opened(tmp_path, rows) as store:
        config = settings(tmp_path, yaml)
        parts = [facts(explain(store, str(n), config)[0])["allocated"][0] for n in range(9)]
        report = allocated(store, config, ["agent"], None, Window(), "UTC").shares
    for share in report:
        assert share.group is not None
        mine = [Decimal(one["cost"]) for n, one in enumerate(parts) if f"a{n % 3}" == share.group[0]]
        assert abs(sum(mine) - share.allocated) <= len(rows) * Decimal("1e-12")


def test_a_request_on_provisioned_capacity_without_a_fixed_cost_says_so(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", service_tier="provisioned"))

    assert (cost(table), facts(table)["allocated"]) == (0, [])
    assert table.notes[-1].startswith("on provisioned capacity: marginal cost 0; no fixed cost is named for it")


def test_by_the_prices_of_a_day_the_stored_cost_stands_beside(tmp_path: Path) -> None:
    newer = catalogue.load((overrides(tmp_path),))
    dear = tmp_path / "dear.yaml"
    dear.write_text(overrides(tmp_path).read_text().replace("2020-01-01", "2026-10-10").replace('"1"', '"7"'))
    dear = catalogue.load((dear,))
    with opened(tmp_path, [call("a"), call("b")]) as store:
        (then,) = explain(store, "a", prices=catalogue.as_of(dear, "2026-10-15"))
        (before,) = explain(store, "a", prices=catalogue.as_of(dear, "2026-10-01"))
        (same,) = explain(store, "a", prices=catalogue.as_of(newer, "2026-10-01"))
        (stored,) = explain(store, "a")
    assert [cost(then), cost(before), cost(same)] == [Decimal("0.007"), None, Decimal("0.001")]
    assert lines(then) == [["fresh_input_tokens", 1000, "7 USD per million", Decimal("0.007")]]
    assert (facts(then)["prices_as_of"], facts(then)["stored_cost"]) == ("2026-10-15", "0.001000000000")
    assert "by the prices known on 2026-10-15; the ledger has 0.001 USD" in then.notes
    assert lines(same) == lines(stored)
    assert "stored_cost" not in facts(stored)


def test_a_request_without_time_and_model_still_has_a_title(tmp_path: Path) -> None:
    (table,) = told(tmp_path, call("a", ts=None, provider=None, model=None))

    assert table.title == "a: ?/no model at no time"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("abc-124", "near it: abc-123"),
        ("bc-12", "near it: abc-123"),
        ("x-abc-123-y", "near it: abc-123"),
        ("quite-different", 'llmcost sql "SELECT request_id FROM ledger LIMIT 10" shows some'),
        ("'; DROP TABLE requests; --", 'llmcost sql "SELECT request_id FROM ledger LIMIT 10" shows some'),
    ],
)
def test_an_unknown_id_names_those_near_it(tmp_path: Path, asked: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        told(tmp_path, call("abc-123"), call("zzz"), of=asked)

    assert str(error.value) == f"explain: no request '{asked}'"
    assert error.value.hint == hint
