"""Break-evens: sums that a reader can do in the head, properties, the answers of the reference, and the command."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.errors import UndecidedError
from llmcost.routing.breakeven import kinds
from llmcost.routing.breakeven.answer import Answer, Figure, as_document
from llmcost.routing.breakeven.flow import Flow, Minute
from llmcost.routing.breakeven.sums import (
    erlang_c,
    gpu_cost_per_mtok,
    on_grid,
    provisioned_usage,
    sensitivity,
    worthwhile_units,
)
from tests.cli.program import inside
from tests.spend.ledgers import call, ledger

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
reference = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")
TODAY = date(2026, 11, 28)
D = Decimal
CLOSE = D("1e-9")
"""Ratios of the reference are floats or rounded to six digits."""


def answers() -> dict[str, Any]:
    text = (Path(FOLDER or "") / "routing" / "expected.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)["breakeven"]
    return found


def an_hour(requests: int, cost_each: str, output_each: int = 100, input_each: int = 200) -> Flow:
    """Sixty minutes in which requests arrive evenly."""
    each = requests // 60
    row = (each, each * input_each, 0, each * output_each, each * D(cost_each))
    return Flow([Minute(n, *row) for n in range(60)])


def figure(figures: Sequence[Figure], key: str) -> Any:
    return next(f.value for f in figures if f.key == key)


def near(found: Decimal, expected: Decimal | str) -> bool:
    expected = D(expected)
    digits = max(-int(expected.as_tuple().exponent), 0)
    return abs(found - expected) <= CLOSE * abs(expected) or round(found, digits) == expected


OFFER = kinds.FineTune(D(5_000_000), D(3), D(25), D("1.70"), D("0.30"), D("1.20"), D(400), D(300), D(6))


def test_a_fine_tune_pays_when_its_saving_covers_hosting_and_training() -> None:
    found = kinds.finetune(an_hour(600, "0.0085"), OFFER, TODAY)
    assert figure(found.breakeven, "one_time") == D(375)  # 5 x 3 x 25
    assert figure(found.breakeven, "hosting_month") == D(1241)  # 1.70 x 730
    assert figure(found.breakeven, "finetuned_per_request") == D("0.00048")  # (400 x 0.30 + 300 x 1.20) / 1M
    assert figure(found.breakeven, "saving_per_request") == D("0.00802")
    assert figure(found.breakeven, "requests_per_month") == D(1241) / D("0.00802")
    assert figure(found.current, "requests_per_month") == D(438_000)  # 600 x 730
    # 438,000 x 0.00802 - 1241 = 2271.76 a month
    assert found.months_to_payback == D(375) / D("2271.76")
    assert found.verdict == "pays within 6 months at the logged volume"
    assert found.swings[0].input == "base_per_request"


@pytest.mark.parametrize(
    ("cost_each", "verdict"),
    [
        ("0.0004", "never: a request to the fine-tuned model costs no less than one today"),
        ("0.0030", "not at this volume: the saving does not even pay the hosting"),
        ("0.0034", "does not pay within 6 months at the logged volume"),
    ],
)
def test_a_fine_tune_that_does_not_pay_says_why(cost_each: str, verdict: str) -> None:
    assert kinds.finetune(an_hour(600, cost_each), OFFER, TODAY).verdict == verdict


def test_a_fine_tune_tells_the_other_reasons_the_phases_and_the_closing_dates() -> None:
    notes = kinds.finetune(an_hour(600, "0.0085"), OFFER, TODAY).notes
    assert "one of three reasons" in notes[0]
    assert "Together" in notes[1]
    assert any("OpenAI takes no new fine-tuning jobs (in 39 days, second-hand" in note for note in notes)
    assert any("Cohere's fine-tuning closed (passed; https" in note for note in notes)


def own(**terms: Any) -> kinds.SelfHost:
    usual: dict[str, Any] = {
        "gpu_hour": D("2.50"),
        "gpus": 1,
        "tokens_per_second": D(2500),
        "utilisation": None,
        "escalation": D(0),
        "overhead": D(1),
        "slots": 4,
    }
    return kinds.SelfHost(**(usual | terms))


def test_own_gpus_pay_from_their_hourly_bill_over_the_price_of_a_request() -> None:
    found = kinds.selfhost(an_hour(1200, "0.004", output_each=2500), own())
    assert figure(found.breakeven, "requests_per_hour") == D(625)  # 2.50 / 0.004
    assert figure(found.current, "own_cost_per_request") == D("2.50") / 1200
    # 2500 tokens a second make 3600 answers of 2500 tokens an hour
    assert figure(found.current, "utilisation") == D(1200) / 3600
    assert figure(found.breakeven, "utilisation") == D(625) / 3600
    assert figure(found.current, "gpus_at_peak") == 1
    assert found.verdict == "pays at the logged volume"
    assert found.months_to_payback is None


def test_gpus_that_cannot_serve_their_break_even_never_pay() -> None:
    found = kinds.selfhost(an_hour(600, "0.0004", output_each=2500), own())
    assert figure(found.breakeven, "requests_per_hour") == D(6250)  # of 3600 that they can serve
    assert found.verdict == "never: these GPUs cannot serve as many requests as they must to pay"


def test_the_busiest_minute_decides_on_the_queue_and_the_gpus() -> None:
    quiet, busy = (5, 0, 0, 5 * 2500, D("0.02")), (120, 0, 0, 120 * 2500, D("0.48"))
    flow = Flow([Minute(0, *quiet), Minute(1, *busy)])
    found = kinds.selfhost(flow, own())
    assert figure(found.current, "peak_requests_per_minute") == 120
    assert figure(found.current, "peak_wait_share") is None
    assert found.notes[0] == "in the busiest minute more comes than these GPUs serve: the queue grows"
    assert figure(found.current, "gpus_at_peak") == 2  # 120 of 60 a minute
    assert figure(kinds.selfhost(flow, own(utilisation=D("0.5"))).current, "gpus_at_peak") == 4


def test_the_share_that_escalates_is_paid_twice_over() -> None:
    found = kinds.selfhost(an_hour(600, "0.004"), own(escalation=D("0.5"), overhead=D("1.2"), gpus=2))
    assert figure(found.breakeven, "requests_per_hour") == D(3000)  # 2 x 2.50 x 1.2 / (0.004 x 0.5)
    assert figure(found.current, "own_cost_per_request") == D("6.00") / 600 + D("0.002")


def test_a_unit_is_bought_when_it_is_busy_enough_and_the_rest_spills_over() -> None:
    # weighted tokens a minute: 100, 300, nothing, 100; a unit takes 100; 500 tokens cost 5 USD
    flow = Flow([Minute(n, 1, d, 0, 0, D(d) / 100) for n, d in ((0, 100), (1, 300), (3, 100))])
    terms = kinds.Provisioned(D(30), 100, D(1), 1, 1)
    found = kinds.provisioned(flow, terms)
    assert figure(found.breakeven, "payg_value_per_unit_hour") == 60  # 60 x 100 x 0.01
    assert figure(found.breakeven, "utilisation") == D("0.5")
    assert figure(found.current, "first_unit_utilisation") == D("0.75")
    assert figure(found.breakeven, "units") == 1  # the second is busy for a quarter of the time
    assert figure(found.current, "spill_over_share") == D("0.4")  # 200 of 500
    assert figure(found.current, "saving_month") == D(15 * 730)  # an hour: 0.75 x 60 - 30
    assert found.verdict == "1 units save $10,950.00 a month; what they cannot serve spills over"
    assert figure(kinds.provisioned(flow, kinds.Provisioned(D(30), 100, D(1), 3, 1)).breakeven, "units") == 0
    never = kinds.provisioned(flow, kinds.Provisioned(D(61), 100, D(1), 1, 1))
    assert never.verdict == "never on price alone: even a unit that is always busy costs more than pay-as-you-go"


def test_batch_saves_its_discount_of_what_can_wait() -> None:
    found = kinds.batch(an_hour(600, "0.01"), D("0.5"), everything=True)
    assert figure(found.current, "cost_month") == D(4380)  # 600 x 730 x 0.01
    assert figure(found.current, "saving_month") == D(2190)
    assert found.notes[0].startswith("what can wait is your rule")


def test_without_a_price_there_is_no_answer() -> None:
    flow = Flow([Minute(0, 3, 10, 0, 10, D(0), unpriced=3)])
    with pytest.raises(UndecidedError, match="no request of this traffic has a price"):
        kinds.batch(flow, D("0.5"), everything=True)


def test_unpriced_requests_do_not_make_the_others_cheaper() -> None:
    assert Flow([Minute(0, 4, 10, 0, 10, D("0.3"), unpriced=1)]).cost_per_request == D("0.1")


def test_what_can_be_bought() -> None:
    assert [on_grid(n, 15, 5) for n in (0, 14, 15, 16, 20, 23)] == [
        *((0, 15), (0, 15), (15, 15), (15, 20), (20, 20), (20, 25)),
    ]


def test_the_most_sensitive_input_comes_first_and_never_is_the_most_sensitive() -> None:
    swings = sensitivity(lambda i: i["a"] ** 2 * i["b"] + 0 * i["c"], {"a": D(2), "b": D(1), "c": D(1), "d": D(0)})
    assert [s.input for s in swings] == ["a", "b"]
    assert (swings[0].at_minus_25, swings[0].at_plus_25) == (D("2.25"), D("6.25"))
    falls = sensitivity(lambda i: None if i["b"] < 1 else i["a"], {"a": D(2), "b": D(1)})
    assert [s.input for s in falls] == ["b", "a"]


def test_a_queue_that_grows_has_no_share() -> None:
    assert erlang_c(4, D(4)) is None
    assert erlang_c(4, D(0)) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=12),
    st.integers(1, 60),
    st.decimals("0.01", "1.2", places=2),
    st.integers(0, 5),
)
def test_units_are_found_by_halving_as_by_trying_all(
    demand: list[int], capacity: int, needed: Decimal, idle: int
) -> None:
    minutes = len(demand) + idle
    busy = [provisioned_usage(demand, capacity, n) for n in range(1, 600)]
    assert busy == sorted(busy, reverse=True)
    assert sum(busy) == sum(demand)
    worth = sum(1 for tokens in busy if tokens and tokens >= needed * capacity * minutes)
    assert worthwhile_units(demand, minutes, capacity, needed) == worth


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.decimals("0.05", "0.99", places=2))
def test_more_servers_at_the_same_load_each_let_fewer_wait(servers: int, rho: Decimal) -> None:
    now, more = erlang_c(servers, servers * rho), erlang_c(servers + 1, (servers + 1) * rho)
    assert now is not None
    assert more is not None
    assert 0 < more < now < 1


@reference
def test_erlang_c_and_the_curve_of_utilisation_as_in_the_reference() -> None:
    expected = answers()
    for name, value in expected["erlang_c"].items():
        servers, rho = (part.partition("=")[2] for part in name.split(","))
        found = erlang_c(int(servers), int(servers) * D(rho))
        assert found is not None
        assert near(found, value), name
    for busy, value in expected["selfhost_utilisation_curve_$2.50_2500tok/s"].items():
        assert near(gpu_cost_per_mtok(D("2.50"), D(2500), D(busy)), value)


@reference
def test_mannings_gpus_as_in_the_reference() -> None:
    expected = answers()["selfhost_manning"]
    plain = kinds.selfhost(an_hour(60, "0.004"), own())
    assert near(figure(plain.breakeven, "requests_per_hour"), expected["breakeven_rph"])
    flow = Flow([Minute(0, 2950, 0, 0, 2950 * 100, 2950 * D("0.004")), Minute(59, 0, 0, 0, 0)])
    found = kinds.selfhost(flow, own(escalation=D("0.042")))
    assert near(figure(found.breakeven, "requests_per_hour"), expected["breakeven_rph_with_escalation"])
    assert near(figure(found.current, "own_cost_per_request"), expected["cost_per_request"])
    assert near(figure(found.current, "saving_share") * 100, expected["saving_pct"])


@reference
def test_the_fine_tune_as_in_the_reference() -> None:
    expected, found = answers()["finetune"], kinds.finetune(an_hour(60, "0.0085"), OFFER, TODAY).breakeven
    assert near(figure(found, "requests_per_month"), expected["breakeven_requests_month_hosting_only"])
    assert near(figure(found, "requests_per_month_for_payback"), expected["requests_month_for_6_month_payback"])
    assert figure(found, "one_time") == D(expected["one_time"])
    assert figure(found, "finetuned_per_request") == D(expected["ft_per_request"])


@reference
@pytest.mark.parametrize(
    ("name", "cached", "price"),
    [
        ("gpt-4.1 TPM/PTU 3000, out weight 4, 1800/650 tok, no cache, $1.00/PTU-h", 0, "1"),
        ("same, 50% cached", 900, "1"),
        ("same, no cache, $0.30/PTU-h (reservation-like)", 0, "0.30"),
        ("same, 50% cached, $0.30", 900, "0.30"),
    ],
)
def test_azures_units_as_in_the_reference(name: str, cached: int, price: str) -> None:
    expected = answers()["ptu"][name]
    payg = D(expected["payg_per_request"])
    found = kinds.provisioned(
        Flow([Minute(0, 1, 1800, cached, 650, payg)]), kinds.Provisioned(D(price), 3000, D(4), 15, 5)
    )
    assert near(figure(found.breakeven, "payg_value_per_unit_hour"), expected["payg_value_per_ptu_hour"])
    assert near(figure(found.breakeven, "utilisation"), expected["breakeven_utilisation"])


@reference
def test_the_units_of_azures_code_trace_as_in_the_reference() -> None:
    expected = answers()["ptu_newsvendor_azure_code"]
    with gzip.open(Path(FOLDER or "") / "real" / "azure_llm_2023_code.csv.gz", "rt", encoding="utf-8") as lines:
        by_minute: dict[int, int] = {}
        for row in csv.DictReader(lines):
            minute = int(row["TIMESTAMP"][11:13]) * 60 + int(row["TIMESTAMP"][14:16])
            weight = int(row["ContextTokens"]) + 4 * int(row["GeneratedTokens"])
            by_minute[minute] = by_minute.get(minute, 0) + weight
    demand, minutes = list(by_minute.values()), max(by_minute) - min(by_minute) + 1
    assert minutes == expected["minutes"]
    assert max(demand) == expected["max"]
    assert near(D(sum(demand)) / minutes, expected["mean_equiv_tokens_per_min"])
    for name, units in expected["optimal_ptus"].items():
        assert worthwhile_units(demand, minutes, expected["C"], D(name.removeprefix("u*="))) == units
    ends = (1, expected["ptus_at_peak"])
    for n, busy in zip(ends, expected["U_first_last"], strict=True):
        assert near(D(provisioned_usage(demand, expected["C"], n)) / (expected["C"] * minutes), busy)


def test_the_document_has_the_keys_that_scripts_rely_on() -> None:
    document = as_document(Answer("batch", "", [Figure("x", "", D("0.5"))], [], D(1) / 3, [], "", "pays"))
    assert document.schema == "llmcost.breakeven/1"
    assert list(document.head) == ["kind", "breakeven", "current", "months_to_payback"]
    assert document.head["months_to_payback"] == D("0.333333333333")
    assert document.rows_name == "sensitivity"


def test_the_command_compares_with_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [call(f"r{n}", ts=f"2026-10-15T12:{n:02}:00Z", input_tokens=1000, output_tokens=100) for n in range(60)]
    ledger(tmp_path, [*rows, call("test", environment="staging"), call("batched", service_tier="batch")])
    ended = inside(monkeypatch, capsys, tmp_path, "breakeven", "batch", "--format", "json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    # a request costs 1000 x 1 + 100 x 10 microdollars; 60 an hour for 730 hours
    assert found["current"]["cost_month"] == "87.6"
    assert found["current"]["saving_month"] == "43.8"
    assert found["breakeven"] == {"requests_per_month": 0, "discount": "0.5"}
    assert [s["input"] for s in found["sensitivity"]] == ["cost_month", "discount"]
    shown = inside(
        monkeypatch, capsys, tmp_path, "breakeven", "selfhost", "--gpu-hour", "0.06", "--tokens-per-second", "50"
    )
    assert "pays at the logged volume" in shown.out
