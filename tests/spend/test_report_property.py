"""The counting rules against a slow and obvious oracle, over random little ledgers."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.spend.report import FIGURES
from tests.spend.ledgers import NOON, Row, asked, call, costs, opened

RATES = {"small": (1_000_000, 100_000, 10_000_000), "big": (100_000_000, 10_000_000, 1_000_000_000)}
"""Pico-dollars per token: fresh input, cached input, output."""
SEARCH = 10_000_000_000


@st.composite
def rows(draw: st.DrawFn, number: int) -> Row:
    kind = draw(st.sampled_from(["call", "call", "call", "attempt", "attempt", "iteration", "cache_hit"]))
    row = call(f"r{number}", kind=kind, agent=draw(st.sampled_from([None, "a", "b"])))
    row["ts"] = draw(st.sampled_from([NOON, "2026-10-16T00:00:00Z", None]))
    row["model"] = draw(st.sampled_from(["small", "big", "unheard-of"]))
    row["turn"] = draw(st.sampled_from([None, "t1", "t2"]))
    row["trace"] = draw(st.sampled_from([None, "t1", "x"]))
    row["source_cost"] = draw(st.sampled_from([None, "0", "0.5", "0.0033225000000000003"]))
    row["requests"] = draw(st.sampled_from([1, 1, 1, 7]))
    used = draw(st.booleans())
    row["usage_quality"] = "exact" if used else draw(st.sampled_from(["missing", "exact"]))
    cached, fresh, output = (draw(st.integers(0, 999)) if used else 0 for _ in range(3))
    reasoning = draw(st.integers(0, output))
    row |= {
        "input_tokens": cached + fresh,
        "cache_read_tokens": cached,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
    }
    row["units"] = draw(st.sampled_from([None, None, {"web_search": "3"}])) if used else None
    return {name: value for name, value in row.items() if value is not None}


ledgers = st.integers(1, 12).flatmap(lambda many: st.tuples(*(rows(n) for n in range(many))))


def tokens(row: Row) -> int:
    return int(row["input_tokens"] + row["output_tokens"])


def is_billed(row: Row) -> bool:
    return row["kind"] == "call" or (row["kind"] == "attempt" and (tokens(row) > 0 or "units" in row))


def cost(row: Row) -> Fraction | None:
    if row["kind"] == "cache_hit" or (row["kind"] == "attempt" and not is_billed(row)):
        return Fraction(0)
    if row["usage_quality"] == "missing" or row["model"] not in RATES or (row["model"] == "big" and "units" in row):
        return None
    fresh, cached, output = RATES[row["model"]]
    pico = (
        (row["input_tokens"] - row["cache_read_tokens"]) * fresh
        + row["cache_read_tokens"] * cached
        + row["output_tokens"] * output
    )
    return Fraction(pico + 3 * SEARCH * ("units" in row), 10**12)


def expected(group: list[Row]) -> dict[str, Any]:
    billed = [row for row in group if is_billed(row)]
    seen = [row for row in group if row["kind"] != "cache_hit"]
    priced = [c for c in map(cost, group) if c is not None]
    recorded = [Decimal(row["source_cost"]) for row in group if "source_cost" in row]
    return {
        "requests": sum(row["requests"] for row in billed),
        "attempts": sum(row["requests"] for row in group if row["kind"] == "attempt" and not is_billed(row)),
        "turns": len(
            {row.get("turn") or row.get("trace") or row["request_id"] for row in group if row["kind"] != "iteration"}
        ),
        "input_tokens": sum(row["input_tokens"] for row in seen),
        "cache_read_tokens": sum(row["cache_read_tokens"] for row in seen),
        "cache_write_tokens": 0,
        "output_tokens": sum(row["output_tokens"] for row in seen),
        "reasoning_tokens": sum(row["reasoning_tokens"] for row in seen),
        "cost": sum(priced, Fraction(0)) if priced else None,
        "source_cost": sum(recorded, Decimal(0)) if recorded else None,
        "unpriced_requests": sum(
            row["requests"] for row in billed if cost(row) is None and row["usage_quality"] != "missing"
        ),
        "usage_missing": sum(row["requests"] for row in billed if row["usage_quality"] == "missing"),
    }


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ledgers)
def test_counting_equals_the_oracle(drawn: tuple[Row, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), drawn) as store:
        for dimension in ("agent", "model", "kind"):
            groups: dict[Any, list[Row]] = defaultdict(list)
            for row in drawn:
                groups[row.get(dimension)].append(row)
            wanted = {key: expected(group) for key, group in groups.items()} | {"total": expected(list(drawn))}

            assert asked(store, dimension) == wanted


def test_the_oracle_knows_every_figure() -> None:
    assert list(expected([])) == [column.name for column in FIGURES]


# The same rules, one by one, on sums that need no oracle: 1,000 tokens of `small` cost 0.001 USD.


def one_group(tmp_path: Path, *drawn: Row) -> Row:
    with opened(tmp_path, drawn) as store:
        return asked(store, "source")["total"]


def test_an_attempt_with_usage_is_a_request_and_one_without_is_not(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a", kind="attempt"), call("b", kind="attempt", input_tokens=0), call("c"))

    assert (found["requests"], found["attempts"], found["cost"]) == (2, 1, Decimal("0.002"))


def test_an_attempt_that_only_searched_was_billed(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a", kind="attempt", input_tokens=0, units={"web_search": "2"}))

    assert (found["requests"], found["attempts"], found["cost"]) == (1, 0, Decimal("0.02"))


def test_an_aggregated_row_counts_its_requests_and_its_tokens_once(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a", requests=120, input_tokens=5000), call("b"))

    assert (found["requests"], found["input_tokens"], found["cost"]) == (121, 6000, Decimal("0.006"))


def test_an_iteration_adds_cost_and_tokens_but_no_request_and_no_turn(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a"), call("b", kind="iteration", model="big", parent="a"))

    assert (found["requests"], found["turns"], found["input_tokens"]) == (1, 1, 2000)
    assert found["cost"] == Decimal("0.001") + Decimal("0.1")


def test_a_cache_hit_costs_nothing_and_is_no_request_but_a_turn(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a"), call("b", kind="cache_hit", input_tokens=9999))

    assert (found["requests"], found["turns"], found["input_tokens"], found["cost"]) == (1, 2, 1000, Decimal("0.001"))


def test_the_cost_of_a_group_without_a_price_is_unknown_and_of_a_mixed_one_the_known_part(tmp_path: Path) -> None:
    drawn = [call("a", agent="x", model="own"), call("b", agent="y", model="own"), call("c", agent="y")]
    with opened(tmp_path, drawn) as store:
        found = asked(store, "agent")

    assert costs(found) == {"x": None, "y": "0.001", "total": "0.001"}
    assert [found[key]["unpriced_requests"] for key in ("x", "y", "total")] == [1, 1, 2]


def test_a_call_without_usage_is_missing_and_not_unpriced(tmp_path: Path) -> None:
    found = one_group(tmp_path, call("a", input_tokens=None))

    assert (found["requests"], found["usage_missing"], found["unpriced_requests"], found["cost"]) == (1, 1, 0, None)


@pytest.mark.parametrize(
    ("facts", "turns"),
    [
        ([{"turn": "t"}, {"turn": "t"}], 1),
        ([{"trace": "t"}, {"trace": "t"}], 1),
        ([{"turn": "t", "trace": "x"}, {"turn": "u", "trace": "x"}], 2),
        ([{}, {}], 2),
        ([{"turn": "t"}, {"trace": "x"}, {}], 3),
    ],
)
def test_a_turn_is_the_turn_column_else_the_trace_else_the_request(
    tmp_path: Path, facts: list[Row], turns: int
) -> None:
    assert one_group(tmp_path, *(call(f"r{n}", **f) for n, f in enumerate(facts)))["turns"] == turns


def test_nothing_read_is_no_row_and_a_total_of_unknown_cost(tmp_path: Path) -> None:
    with opened(tmp_path, [call("a", agent="x")]) as store:
        found = asked(store, "agent", where="agent = 'nobody'")

    assert set(found) == {"total"}
    assert (found["total"]["requests"], found["total"]["cost"]) == (0, None)
