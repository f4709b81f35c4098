"""Our figures against a provider's: each cause by a small case whose two sides a reader can add up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost import windows
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import exact
from llmcost.render import render
from llmcost.sources.statements import Statement, stored
from llmcost.spend.reconcile import Result, reconcile
from llmcost.spend.reconciled import as_table
from llmcost.store import open_ledger
from tests.cli.program import inside
from tests.sources.reading import put
from tests.sources.reading import read as ingested
from tests.spend.bills import GPT, acme, causes, compared, cost, gpt, page, statement, timeout, used, words
from tests.spend.ledgers import ledger, opened, prices, settings


def csv(*rows: str, header: str = "Date,Provider,Model,Amount") -> str:
    return "\n".join([header, *rows]) + "\n"


# matched, and not


def test_a_bill_that_is_ours_matches_to_the_last_digit(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, 10), {"c.json": page({1: [cost("0.03")]})}, "0")  # 10 x 0.003

    (entry,) = found.entries
    assert (entry.ours, entry.theirs, entry.gap, entry.cause) == (Decimal("0.03"), Decimal("0.03"), 0, "matched")
    assert (found.verdict, found.exit_code) == ("pass", 0)


def test_json_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, 10), {"c.json": page({1: [cost("0.05")]})})
    told = json.loads(render(as_table(found), "json"))

    assert told == {
        "schema": "llmcost.reconcile/1",
        "window": {"since": None, "until": None, "tz": "UTC"},
        "tolerance": "0.01",
        "result": "breach",
        "absolute_gap": "0.02",
        "lines": [
            {
                "period": "2026-10-01",
                "provider": "openai",
                "model": GPT,
                "line": None,
                "ours": "0.03",
                "theirs": "0.05",
                "gap": "0.02",
                "cause": "unexplained: they bill $0.0200 more; their usage page would tell why",
            }
        ],
        "total": {"ours": "0.03", "theirs": "0.05", "gap": "0.02"},
    }


@pytest.mark.parametrize(
    ("theirs", "tolerance", "verdict"),
    [
        ("1.00", "0.01", "pass"),  # 1.00 - 0.99 is one percent of what they bill
        ("0.98", "0.01", "breach"),  # 0.01 of 0.98 is a little more
        ("0.98", "0.02", "pass"),
        ("0.99", "0", "pass"),
        ("0.990001", "0", "breach"),
    ],
)
def test_the_tolerance_is_a_share_of_their_figure(theirs: str, tolerance: str, verdict: str, tmp_path: Path) -> None:
    files = {"i.csv": csv(f"2026-10-01,acme,small,{theirs}")}

    assert compared(tmp_path, [acme(1, 990_000)], files, tolerance).verdict == verdict


@pytest.mark.parametrize(
    ("bill", "off", "verdict"),
    [
        # ours: small 0.10 and big 0.10 on the 1st, small 0.10 on the 5th; each bill adds up to 0.30
        ("01,small,0.15 01,big,0.05 05,small,0.10", "0.10", "breach"),  # 0.05 over and 0.05 under
        ("01,small,0.102 01,big,0.10 05,small,0.098", "0.004", "breach"),  # two days far from each other
        ("01,small,0.101 01,big,0.099 05,small,0.10", "0.002", "pass"),  # 0.7 % of 0.30
        ("01,small,0.1015 01,big,0.0985 05,small,0.10", "0.0030", "pass"),  # exactly 1 %
        ("01,small,0.10151 01,big,0.09849 05,small,0.10", "0.00302", "breach"),
    ],
)
def test_a_gap_does_not_hide_another(bill: str, off: str, verdict: str, tmp_path: Path) -> None:
    rows = [acme(1, 100_000), acme(1, 100_000, "big"), acme(5, 100_000)]
    lines = [f"2026-10-{line[:2]},acme,{line[3:]}" for line in bill.split()]
    found = compared(tmp_path, rows, {"i.csv": csv(*lines)})

    assert found.billed == found.computed == Decimal("0.30")
    assert (found.off, found.verdict) == (Decimal(off), verdict)


def test_cents_on_many_lines_are_no_breach(tmp_path: Path) -> None:
    """Thirty days of 0.004 dollars each: a bill in cents says 0.00 thirty times, and 0.12 is missing in all."""
    rows = [acme(day, 4_000) for day in range(1, 31)] + [acme(31, 10_000_000)]
    lines = [f"2026-10-{day:02},acme,small,0.00" for day in range(1, 31)] + ["2026-10-31,acme,small,10.00"]
    found = compared(tmp_path, rows, {"i.csv": csv(*lines)})

    assert set(words(found)) == {"rounding", "matched"}
    assert (found.computed - found.billed, found.off, found.verdict) == (Decimal("0.12"), 0, "pass")


def test_thirty_lines_beyond_rounding_are_a_breach(tmp_path: Path) -> None:
    """0.006 beside 0.00 is no rounding to cents: 30 x 0.006 of 10.00 are 1.8 %."""
    rows = [acme(day, 6_000) for day in range(1, 31)] + [acme(31, 10_000_000)]
    lines = [f"2026-10-{day:02},acme,small,0.00" for day in range(1, 31)] + ["2026-10-31,acme,small,10.00"]

    assert compared(tmp_path, rows, {"i.csv": csv(*lines)}).verdict == "breach"


def test_a_border_between_days_is_no_breach_and_its_rest_is_judged(tmp_path: Path) -> None:
    """0.05 stands on the other day there; of the second bill 0.0004 is left, of 0.2004."""
    rows = [acme(1, 100_000), acme(2, 100_000)]
    even = compared(tmp_path, rows, {"i.csv": csv("2026-10-01,acme,small,0.15", "2026-10-02,acme,small,0.05")})
    rest = compared(
        tmp_path, rows, {"i.csv": csv("2026-10-01,acme,small,0.1504", "2026-10-02,acme,small,0.05")}, "0.001"
    )

    assert (words(even), even.off, even.verdict) == (["day border"] * 2, 0, "pass")
    assert (words(rest), rest.off, rest.verdict) == (["day border"] * 2, Decimal("0.0004"), "breach")


def test_the_sentence_says_what_the_lines_are_off(tmp_path: Path) -> None:
    bill = csv("2026-10-01,acme,small,0.15", "2026-10-01,acme,big,0.05")
    found = compared(tmp_path, [acme(1, 100_000), acme(1, 100_000, "big")], {"i.csv": bill})

    assert as_table(found).title == (
        "breach: they bill $0.2000, the ledger says $0.2000: no gap; its lines are off by $0.1000 (50.0%), tolerance 1.0%"
    )


def test_their_last_digit_is_rounding_on_every_line(tmp_path: Path) -> None:
    rows = [acme(1, 123_456), acme(2, 127_000)]
    found = compared(tmp_path, rows, {"i.csv": csv("2026-10-01,acme,small,0.12", "2026-10-02,acme,small,0.12")})

    assert words(found) == ["rounding", "unexplained"]  # 0.003456 is below half a cent, 0.007 above


def test_what_only_one_side_knows(tmp_path: Path) -> None:
    bill = page({1: [cost("0.03")], 2: [cost("0.003"), cost("0.5", "o3-2025-04-16, input")], 3: [cost("0.003")]})
    rows = [*gpt(1, 10), *gpt(2), *gpt(2, 4, model="gpt-4o-mini-2024-07-18"), *gpt(3)]
    found = compared(tmp_path, rows, {"c.json": bill})

    assert causes(found) == {
        ("10-01", GPT): "matched",
        ("10-02", GPT): "matched",
        ("10-02", "gpt-4o-mini-2024-07-18"): "ours only: 4 requests that they do not bill",
        ("10-02", "o3-2025-04-16"): "theirs only: no request of this model in the ledger",
        ("10-03", GPT): "matched",
    }
    # 0.5 more, and 4 x (600 x 0.15 + 400 x 0.075 + 100 x 0.6) = 720 microdollars less
    assert as_table(found).total == [
        *(None, None, None, None),
        *(Decimal("0.03672"), Decimal("0.536"), Decimal("0.49928"), None),
    ]


def test_a_day_without_a_line_between_days_with_one_bills_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, [*gpt(1), *gpt(2), *gpt(3)], {"c.json": page({1: [cost("0.003")], 3: [cost("0.003")]})})

    assert words(found) == ["matched", "ours only", "matched"]


def test_a_snapshot_is_the_plain_name_when_each_side_knows_only_one(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, model="gpt-4o"), {"c.json": page({1: [cost("0.003")]})})

    assert causes(found) == {("10-01", "gpt-4o"): "matched"}


def test_two_snapshots_are_not_taken_for_each_other(tmp_path: Path) -> None:
    rows = [*gpt(1), *gpt(1, model="gpt-4o-2024-05-13")]
    found = compared(tmp_path, rows, {"c.json": page({1: [cost("0.003")]})})

    assert causes(found) == {
        ("10-01", GPT): "matched",
        ("10-01", "gpt-4o-2024-05-13"): "ours only: 1 requests that they do not bill",
    }


# causes


def test_timeouts_without_usage(tmp_path: Path) -> None:
    rows = [*gpt(1, 10), *(timeout(1, n, provider="openai", model=GPT) for n in range(2))]
    found = compared(tmp_path, rows, {"c.json": page({1: [cost("0.036")]})})

    assert causes(found)["10-01", GPT] == "missing usage: 2 failed attempts, 2 timeouts among them"


def test_calls_without_usage(tmp_path: Path) -> None:
    lost = [{"request_id": "lost", "ts": "2026-10-01T12:00:00Z", "provider": "openai", "model": GPT}]
    found = compared(tmp_path, [*gpt(1, 10), *lost], {"c.json": page({1: [cost("0.033")]})})

    assert causes(found)["10-01", GPT] == "missing usage: 1 requests without usage"


def test_two_timeouts_are_not_blamed_for_what_they_cannot_have_cost(tmp_path: Path) -> None:
    """41 more calls would have cost the gap: more than twenty for each timeout."""
    rows = [*gpt(1, 10), *(timeout(1, n, provider="openai", model=GPT) for n in range(2))]
    found = compared(tmp_path, rows, {"c.json": page({1: [cost("0.153")]})})

    assert words(found) == ["unexplained"]


def test_requests_that_no_log_has(tmp_path: Path) -> None:
    files = {"c.json": page({1: [cost("0.06")]}), "u.json": page({1: [used(20, 12000, 8000, 2000)]})}
    found = compared(tmp_path, gpt(1, 10), files)

    assert causes(found) == {("10-01", GPT): "unlogged traffic: they count 20 requests, the ledger 10"}


def test_a_log_with_more_than_they_billed(tmp_path: Path) -> None:
    files = {"c.json": page({1: [cost("0.015")]}), "u.json": page({1: [used(5, 3000, 2000, 500)]})}
    found = compared(tmp_path, gpt(1, 10), files)

    assert causes(found) == {("10-01", GPT): "more here: the ledger holds 11,000 tokens, they count 5,500"}


def test_the_cache_as_the_usage_page_tells_it(tmp_path: Path) -> None:
    """The same 10,000 tokens in, of which they cached none: 10,000 x 2.5 + 1,000 x 10 = 35,000 microdollars."""
    files = {"c.json": page({1: [cost("0.035")]}), "u.json": page({1: [used(10, 10000, 0, 1000)]})}
    found = compared(tmp_path, gpt(1, 10), files)

    assert causes(found) == {("10-01", GPT): "cache: they count 0 tokens read from it, the ledger 4,000"}


def test_the_cache_as_the_parts_of_a_bill_tell_it(tmp_path: Path) -> None:
    parts = [cost("0.02", f"{GPT}, input"), cost("0.0025", f"{GPT}, cached input"), cost("0.01", f"{GPT}, output")]
    found = compared(tmp_path, gpt(1, 10), {"c.json": page({1: parts})})

    # 8,000 x 2.5 and 2,000 x 1.25, where the ledger has 6,000 x 2.5 = 0.015 and 4,000 x 1.25 = 0.005
    assert causes(found) == {("10-01", GPT): "cache: cached input is $0.0025 less, other input $0.0050 more there"}


def test_a_batch_that_the_log_does_not_know(tmp_path: Path) -> None:
    files = {"c.json": page({1: [cost("0.015")]}), "u.json": page({1: [used(10, 6000, 4000, 1000, batch=True)]})}

    assert causes(compared(tmp_path, gpt(1, 10), files)) == {
        ("10-01", GPT): "tier: they bill 11,000 tokens as batch, the ledger none"
    }


def test_a_batch_line_of_an_invoice(tmp_path: Path) -> None:
    files = {
        "i.csv": csv("2026-10-01,OpenAI,GPT-4o 2024-08-06 batch usage,0.015", header="Date,Vendor,Description,Cost")
    }

    assert causes(compared(tmp_path, gpt(1, 10), files)) == {
        ("10-01", GPT): "tier: they bill $0.0150 as batch, the ledger none"
    }


def test_the_same_ratio_on_every_line_is_a_discount(tmp_path: Path) -> None:
    rows = [acme(1, 1000), acme(2, 3000), acme(2, 20_000, "big")]
    bill = csv("2026-10-01,acme,small,0.0009", "2026-10-02,acme,small,0.0027", "2026-10-02,acme,big,0.018")

    assert set(causes(compared(tmp_path, rows, {"i.csv": bill})).values()) == {
        "discount: 0.9 of ours on each of 3 lines"
    }


def test_one_model_of_two_that_is_dearer_there(tmp_path: Path) -> None:
    rows = [acme(1, 1000), acme(2, 3000), acme(2, 20_000, "big"), acme(1, 20_000, "big")]
    bill = csv(
        "2026-10-01,acme,small,0.00125",
        "2026-10-02,acme,small,0.00375",
        "2026-10-02,acme,big,0.02",
        "2026-10-01,acme,big,0.02",
    )

    assert causes(compared(tmp_path, rows, {"i.csv": bill})) == {
        ("10-01", "small"): "price gap: 1.25 of ours on each of 2 lines",
        ("10-02", "small"): "price gap: 1.25 of ours on each of 2 lines",
        ("10-01", "big"): "matched",
        ("10-02", "big"): "matched",
    }


def test_the_same_ratio_on_every_part_of_one_line(tmp_path: Path) -> None:
    parts = [cost("0.012", f"{GPT}, input"), cost("0.004", f"{GPT}, cached input"), cost("0.008", f"{GPT}, output")]

    assert causes(compared(tmp_path, gpt(1, 10), {"c.json": page({1: parts})})) == {
        ("10-01", GPT): "discount: 0.8 of ours on each of 3 lines"
    }


def test_the_same_tokens_at_another_price(tmp_path: Path) -> None:
    files = {"c.json": page({1: [cost("0.045")]}), "u.json": page({1: [used(10, 6000, 4000, 1000)]})}

    assert causes(compared(tmp_path, gpt(1, 10), files)) == {
        ("10-01", GPT): "price gap: the same tokens, but 1.5 of our price"
    }


def test_a_request_on_the_other_side_of_midnight(tmp_path: Path) -> None:
    rows = [*gpt(1, 10), *gpt(2, 10, hour=13), *gpt(3, 10)]
    found = compared(tmp_path, rows, {"c.json": page({1: [cost("0.033")], 2: [cost("0.027")], 3: [cost("0.03")]})})

    assert causes(found) == {
        ("10-01", GPT): "day border: the gap of 2026-10-02 is its negative",
        ("10-02", GPT): "day border: the gap of 2026-10-01 is its negative",
        ("10-03", GPT): "matched",
    }
    assert found.verdict == "pass"


def test_days_that_begin_in_another_time_zone(tmp_path: Path) -> None:
    """Their day of Beijing begins at 16:00 UTC of the day before, to which 15:00 still belongs."""
    rows = [
        request
        for day, (early, late) in {1: (2, 3), 2: (5, 1), 3: (1, 7), 4: (2, 0)}.items()
        for request in (*gpt(day, early, hour=15), *gpt(day, late, hour=16))
    ]
    # the 2nd there: five of its own and three late ones of the 1st; the 3rd 1 + 1, the 4th 2 + 7
    bill = page({2: [cost("0.024")], 3: [cost("0.006")], 4: [cost("0.027")]})

    assert set(causes(compared(tmp_path, rows, {"c.json": bill})).values()) == {
        "time zone: their days begin at 16:00 UTC"
    }


def test_what_has_no_price_here(tmp_path: Path) -> None:
    rows = [
        acme(1, 1000),
        {"request_id": "x", "ts": "2026-10-01T12:00:00Z", "provider": "acme", "model": "none", "input_tokens": 5},
    ]
    found = compared(tmp_path, rows, {"i.csv": csv("2026-10-01,acme,small,0.001", "2026-10-01,acme,none,0.7")})

    assert causes(found)["10-01", "none"] == "unpriced: 1 requests have no price here"


# lines by token type and tier


def lines(result: Result) -> list[tuple[str | None, str | None, str | None, str]]:
    """(line, ours, theirs, first word of the cause) of every line."""
    return [
        (e.line, None if e.ours is None else exact(e.ours), None if e.theirs is None else exact(e.theirs), e.word)
        for e in result.lines
    ]


def test_a_bill_by_token_type_is_compared_line_by_line(tmp_path: Path) -> None:
    """Ten calls: 6,000 x 2.5, 4,000 x 1.25 and 1,000 x 10 microdollars."""
    parts = [cost("0.015", f"{GPT}, input"), cost("0.005", f"{GPT}, cached input"), cost("0.0113", f"{GPT}, output")]
    found = compared(tmp_path, gpt(1, 10), {"c.json": page({1: parts})})
    told = json.loads(render(as_table(found), "json"))

    assert lines(found) == [
        ("input", "0.015", "0.015", "matched"),
        ("cached input", "0.005", "0.005", "matched"),
        ("output", "0.01", "0.0113", "unexplained"),
    ]
    assert told["total"] == {"ours": "0.03", "theirs": "0.0313", "gap": "0.0013"}
    assert [x["line"] for x in told["lines"]] == ["input", "cached input", "output"]
    assert (found.off, found.verdict) == (Decimal("0.0013"), "breach")


def test_lines_that_cancel_within_a_model_are_a_breach(tmp_path: Path) -> None:
    """They bill all 10,000 tokens in as cached, and the output for what is left: 0.03 on both sides."""
    parts = [cost("0.0125", f"{GPT}, cached input"), cost("0.0175", f"{GPT}, output")]
    found = compared(tmp_path, gpt(1, 10), {"c.json": page({1: parts})})

    assert found.billed == found.computed
    assert lines(found) == [
        ("input", "0.015", None, "ours only"),
        ("cached input", "0.005", "0.0125", "other line"),
        ("output", "0.01", "0.0175", "other line"),
    ]
    assert (found.off, found.verdict) == (Decimal("0.03"), "breach")  # 0.015 + 0.0075 + 0.0075


def test_lines_of_anthropic_with_cache_writes_and_batch(tmp_path: Path) -> None:
    """Sonnet 4.5: 3 in, 0.30 read, 3.75 written (5m), 15 out per million; a batch costs half. 1,000 of each, 2,000 in batch."""
    usual = {"provider": "anthropic", "model": "claude-sonnet-4-5", "cache_read_tokens": 1000, "output_tokens": 1000}
    live = gpt(1, 1, **usual, input_tokens=3000, cache_write_5m_tokens=1000)
    batch = gpt(1, 1, **(usual | {"cache_read_tokens": 0}), input_tokens=2000, service_tier="batch", hour=13)
    bill = [
        ("uncached_input_tokens", "standard", "0.3"),
        ("cache_read_input_tokens", "standard", "0.03"),
        ("cache_creation.ephemeral_5m_input_tokens", "standard", "0.375"),
        ("output_tokens", "standard", "1.5"),
        ("uncached_input_tokens", "batch", "0.3"),
        ("output_tokens", "batch", "0.75"),
    ]
    more = {"currency": "USD", "cost_type": "tokens", "model": "claude-sonnet-4-5"}
    results = [more | {"token_type": kind, "service_tier": tier, "amount": cents} for kind, tier, cents in bill]
    bucket = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z", "results": results}
    found = compared(tmp_path, [*live, *batch], {"c.json": json.dumps({"data": [bucket], "has_more": False})}, "0")

    assert lines(found) == [
        ("input", "0.003", "0.003", "matched"),
        ("cached input", "0.0003", "0.0003", "matched"),
        ("cache write", "0.00375", "0.00375", "matched"),
        ("output", "0.015", "0.015", "matched"),
        ("batch input", "0.003", "0.003", "matched"),
        ("batch output", "0.0075", "0.0075", "matched"),
    ]


def test_lines_of_a_focus_file(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, 10), {"f.csv": focus(*PARTS)}, "0")

    assert [(x[0], x[3]) for x in lines(found)] == [
        ("input", "matched"),
        ("cached input", "matched"),
        ("output", "matched"),
    ]


def test_a_bill_without_tiers_takes_batch_and_live_together(tmp_path: Path) -> None:
    """Batch costs half: 600 x 1.25 + 400 x 1.25 (the cache has its own price) and 100 x 5; they add it to the live line."""
    rows = [*gpt(1, 10), *gpt(1, 10, service_tier="batch", hour=13)]
    with opened(tmp_path, rows) as store:
        ((whole, out),) = store.rows(
            "SELECT sum(cost), CAST(sum(text_output_tokens) FILTER (WHERE service_tier = 'batch') * 5 + 10000 AS DECIMAL(18, 0))"
            " FROM requests"
        )
    output = Decimal(out) / 1_000_000
    parts = [cost(exact(whole - output), f"{GPT}, input"), cost(exact(output), f"{GPT}, output")]
    found = compared(tmp_path, rows, {"c.json": page({1: parts})})

    assert [(x[0], x[3]) for x in lines(found)] == [
        ("input", "other line"),
        ("cached input", "ours only"),
        ("output", "matched"),
    ]


def test_searches_are_a_line_of_their_own_where_they_bill_them(tmp_path: Path) -> None:
    """2,000 in at a microdollar, and three searches at a cent."""
    row = acme(1, 2000, units={"web_search": 3})
    head = "Date,Provider,Model,Token type,Amount"
    bill = csv("2026-10-01,acme,small,input,0.002", "2026-10-01,acme,small,web search,0.03", header=head)
    without = csv("2026-10-01,acme,small,input,0.032", header=head)

    assert lines(compared(tmp_path, [row], {"i.csv": bill}, "0")) == [
        ("input", "0.002", "0.002", "matched"),
        ("other", "0.03", "0.03", "matched"),
    ]
    assert lines(compared(tmp_path, [row], {"i.csv": without}, "0")) == [(None, "0.032", "0.032", "matched")]


def test_no_day_of_a_model_that_they_do_not_bill_counts_twice(tmp_path: Path) -> None:
    """One model is billed by the month, one on a day, and a third by nobody: 0.005 on that day and 0.004 on another."""
    bill = csv(
        "2026-10-01,2026-10-31,acme,small,0.002",
        "2026-10-05,2026-10-05,acme,none,0.1",
        header="Start,End,Provider,Model,Amount",
    )
    rows = [acme(1, 1000), acme(31, 1000), acme(5, 5000, "big"), acme(20, 4000, "big")]
    found = compared(tmp_path, rows, {"i.csv": bill})

    assert [(e.since.day, e.held) for e in found.entries if e.word == "ours only"] == [
        (5, Decimal("0.005")),
        (20, Decimal("0.004")),
    ]


# what is no usage


def test_tax_credits_and_top_ups_have_lines_of_their_own_outside_the_tolerance(tmp_path: Path) -> None:
    bill = csv(
        "2026-10-01,acme,small,0.001",
        "2026-10-01,acme,VAT 20%,0.0002",
        "2026-10-01,acme,Promotional credit,-0.0005",
        "2026-10-01,acme,Auto-recharge of prepaid credits,10.00",
        "2026-10-01,acme,Credits applied,-0.0003",
        "2026-10-01,acme,Rounding adjustment,0.0001",
        "2026-10-01,acme,Total,10.0005",
        header="Date,Vendor,Description,Amount",
    )
    found = compared(tmp_path, [acme(1, 1000)], {"i.csv": bill}, "0")

    assert [(e.word, e.model, e.ours, e.gap) for e in found.entries] == [
        ("matched", "small", Decimal("0.001"), 0),
        ("adjustment", None, None, Decimal("0.0001")),
        ("credit", None, None, Decimal("-0.0005")),
        ("draw-down", None, None, Decimal("-0.0003")),
        ("tax", None, None, Decimal("0.0002")),
        ("top-up", None, None, Decimal("10.00")),
    ]
    assert (found.verdict, as_table(found).total[5]) == ("pass", Decimal("10.0005"))


def test_a_negative_line_is_never_netted_into_usage(tmp_path: Path) -> None:
    files = {"i.csv": csv("2026-10-01,acme,small,0.001", "2026-10-01,acme,small,-0.0004")}
    found = compared(tmp_path, [acme(1, 1000)], files)

    assert [(e.word, e.gap) for e in found.entries] == [("matched", 0), ("credit", Decimal("-0.0004"))]


def test_only_top_ups_cannot_be_judged(tmp_path: Path) -> None:
    files = {"i.csv": csv("2026-10-01,acme,Credit purchase,20.00", header="Date,Vendor,Description,Amount")}
    found = compared(tmp_path, [acme(1, 1000)], files)

    assert (found.verdict, found.exit_code, words(found)) == ("undecided", 4, ["top-up"])
    assert "no line bills usage: there is nothing to compare the ledger with" in found.notes


# days that one side does not hold


def test_a_month_half_covered_gives_no_figure(tmp_path: Path) -> None:
    rows = [acme(15, 1000), acme(31, 1000)]
    found = compared(tmp_path, rows, {"i.csv": csv("2026-10,acme,small,5.00", header="Period,Provider,Model,Amount")})

    (entry,) = found.entries
    assert (entry.ours, entry.theirs, entry.gap) == (None, Decimal("5.00"), None)
    assert entry.cause == "not covered: the ledger begins on 2026-10-15"
    assert found.exit_code == 4


def test_days_outside_the_ledger_are_left_out_of_the_verdict(tmp_path: Path) -> None:
    bill = csv(
        "2026-10-01,acme,small,9",
        "2026-10-02,acme,small,0.001",
        "2026-10-03,acme,small,0.001",
        "2026-10-04,acme,small,9",
    )
    found = compared(tmp_path, [acme(2, 1000), acme(3, 1000)], {"i.csv": bill})

    assert words(found) == ["not covered", "matched", "matched", "not covered"]
    assert found.verdict == "pass"
    assert (
        "not covered: billed $18.00 on 2 lines; small 2026-10-01: the ledger begins on 2026-10-02"
        in as_table(found).notes
    )


def test_a_whole_month_by_provider(tmp_path: Path) -> None:
    rows = [acme(1, 1000), acme(12, 20_000, "big"), acme(31, 3000)]
    bill = csv("October 2026,ACME,API usage,0.024", header="Billing period,Supplier,Item,Net amount")
    (entry,) = compared(tmp_path, rows, {"i.csv": bill}, "0").entries

    assert (entry.model, entry.ours, entry.cause) == (None, Decimal("0.024"), "matched")
    assert entry.written == ("acme/big", "acme/small")


def test_an_empty_ledger_cannot_be_judged(tmp_path: Path) -> None:
    found = compared(tmp_path, [], {"i.csv": csv("2026-10-01,acme,small,1")})

    assert (found.exit_code, words(found)) == (4, ["not covered"])


# pages


def test_a_usage_page_alone_is_taken_at_our_prices(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, 10), {"u.json": page({1: [used(12, 7200, 4800, 1200)]})})

    (entry,) = found.entries
    assert (entry.ours, entry.theirs) == (Decimal("0.03"), Decimal("0.036"))  # 7,200 x 2.5 + 4,800 x 1.25 + 1,200 x 10
    assert entry.cause == "unlogged traffic: they count 12 requests, the ledger 10"
    assert found.notes == ["openai: usage pages bill nothing; theirs is their usage at our prices"]
    assert not found.is_bill


def test_pages_of_anthropic_in_cents_with_their_own_model(tmp_path: Path) -> None:
    """1,000 in at 3 and 200 out at 15 per million: 0.003 + 0.003 dollars, 0.6 cents."""
    rows = gpt(1, 1, provider="anthropic", model="claude-sonnet-4-5", cache_read_tokens=0, output_tokens=200)
    parts: list[dict[str, Any]] = [
        {"description": "Claude Sonnet 4.5 Usage - Input Tokens", "token_type": "uncached_input_tokens"},
        {"description": "Claude Sonnet 4.5 Usage - Output Tokens", "token_type": "output_tokens"},
    ]
    more = {"currency": "USD", "amount": "0.3", "cost_type": "tokens", "model": "claude-sonnet-4-5"}
    bucket = {
        "starting_at": "2026-10-01T00:00:00Z",
        "ending_at": "2026-10-02T00:00:00Z",
        "results": [more | part for part in parts],
    }
    found = compared(tmp_path, rows, {"c.json": json.dumps({"data": [bucket], "has_more": False})}, "0")

    assert causes(found) == {("10-01", "claude-sonnet-4-5"): "matched"}
    assert found.entries[0].theirs == Decimal("0.006")


def test_pages_that_ingest_has_read_are_the_same_statement(tmp_path: Path) -> None:
    text = page({1: [cost("0.03"), used(10, 6000, 4000, 1000)]})
    log = put(tmp_path / "logs", "pages.json", text)
    put(tmp_path / "logs", "log.jsonl", gpt(1, 10))
    found = ingested(tmp_path / "logs")
    with open_ledger(found.ledger, read_only=True) as store:
        result = reconcile(store, Config(), prices(), Statement(stored(store), []), Decimal(0))

    assert (log.name, words(result), result.verdict) == ("pages.json", ["matched"], "pass")


def test_costs_without_a_line_item_are_of_the_whole_provider(tmp_path: Path) -> None:
    rows = [*gpt(1, 10), *gpt(1, 10, model="gpt-4o-mini-2024-07-18")]
    found = compared(tmp_path, rows, {"c.json": page({1: [cost("0.0318", None)]})}, "0")

    assert causes(found) == {("10-01", None): "matched"}  # 0.03 + 10 x 180 microdollars


# several files


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    text = csv("2026-10-01,acme,small,0.001")
    found = compared(tmp_path, [acme(1, 1000)], {"a.csv": text, "b.csv": text}, "0")

    assert (found.verdict, len(found.notes)) == ("pass", 2)
    assert "is " + str(tmp_path / "a.csv") + " again: counted once" in found.notes[1]


def test_two_bills_of_the_same_days_are_an_error(tmp_path: Path) -> None:
    files = {"a.csv": csv("2026-10-01,acme,small,0.001"), "b.csv": csv("2026-10-01,acme,small,0.002")}
    with pytest.raises(UsageError) as error:
        compared(tmp_path, [acme(1, 1000)], files)

    assert error.value.message == f"bills acme for days that {tmp_path / 'a.csv'} bills too"


def test_bills_of_days_that_follow_each_other_are_one(tmp_path: Path) -> None:
    files = {"a.csv": csv("2026-10-01,acme,small,0.001"), "b.csv": csv("2026-10-02,acme,small,0.001")}

    assert words(compared(tmp_path, [acme(1, 1000), acme(2, 1000)], files)) == ["matched", "matched"]


def test_only_the_requests_that_where_asks_for(tmp_path: Path) -> None:
    rows = [acme(1, 1000, project="a"), acme(1, 2000, project="b", agent="x")]
    files = {"i.csv": csv("2026-10-01,acme,small,0.002")}

    assert words(compared(tmp_path, rows, files, where="project = 'b'")) == ["matched"]


# FOCUS

FOCUS = (
    "BilledCost,EffectiveCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ProviderName,ServiceName,ServiceCategory,"
    "ChargeDescription,SkuMeter,ConsumedQuantity,ConsumedUnit"
)
AI = "AI and Machine Learning"


def focus(*rows: str) -> str:
    return csv(*rows, header=FOCUS)


def focus_row(
    billed: str, what: str, meter: str, *, effective: str = "", category: str = "Usage", tokens: str = ""
) -> str:
    day = "2026-10-01T00:00:00Z,2026-10-02T00:00:00Z"
    return f"{billed},{effective or billed},USD,{category},{day},OpenAI,OpenAI API,{AI},{what},{meter},{tokens},{'Tokens' if tokens else ''}"


PARTS = (
    focus_row("0.015", f"{GPT} input tokens", "Input Tokens", tokens="6000.0"),
    focus_row("0.005", f"{GPT} cache read input tokens", "Cache Read Input Tokens", tokens="4000.0"),
    focus_row("1e-2", f"{GPT} output tokens", "Output Tokens", tokens="1000.0"),
)


def test_a_focus_file_has_a_row_for_each_part(tmp_path: Path) -> None:
    found = compared(tmp_path, gpt(1, 10), {"f.csv": focus(*PARTS)}, "0")

    assert (causes(found), found.entries[0].theirs) == ({("10-01", GPT): "matched"}, Decimal("0.030"))


def test_credit_bought_ahead_and_drawn_down(tmp_path: Path) -> None:
    """Usage worth 0.03 is paid from what was bought: it bills nothing now, and the sum is what was paid."""
    rows = [
        focus_row("0", f"{GPT} usage", "", effective="0.03"),
        focus_row("50", "Credits", "", effective="0", category="Purchase"),
    ]
    found = compared(tmp_path, gpt(1, 10), {"f.csv": focus(*rows)}, "0")

    assert [(e.word, e.theirs) for e in found.entries] == [
        ("matched", Decimal("0.03")),
        ("draw-down", Decimal("-0.03")),
        ("top-up", Decimal(50)),
    ]
    assert (found.verdict, as_table(found).total[5]) == ("pass", Decimal(50))


def test_other_services_of_a_cloud_bill_are_counted_and_left_out(tmp_path: Path) -> None:
    other = PARTS[0].replace(AI, "Compute").replace("0.015", "12.5")
    found = compared(tmp_path, gpt(1, 10), {"f.csv": focus(*PARTS, other)}, "0")

    assert found.verdict == "pass"
    assert found.notes == [f"{tmp_path / 'f.csv'}: 1 lines of services other than AI left out, 12.5 USD in all"]


def test_focus_as_parquet_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(focus(*PARTS))
    with opened(tmp_path, []) as store:
        store.run(
            f"COPY (SELECT * REPLACE (CAST(BilledCost AS DECIMAL(18, 9)) AS BilledCost) FROM read_csv('{tmp_path / 'f.csv'}', all_varchar = true))"
            f" TO '{tmp_path / 'f.parquet'}' (FORMAT parquet)"
        )
    as_text = statement(tmp_path, {"f.csv": focus(*PARTS)})
    as_parquet = statement(tmp_path, {"f.parquet": (tmp_path / "f.parquet").read_bytes()})

    assert [(x.model, x.component, x.amount, x.tokens) for x in as_parquet.lines] == [
        (x.model, x.component, x.amount, x.tokens) for x in as_text.lines
    ]


# other currencies

RATES = "currency,date,usd\nEUR,2026-10-01,1.25\nEUR,2026-10-02,1.6\nEUR,2026-10-31,1.2\nKRW,2026-10-01,0.00072\n"
EURO = "Date,Provider,Model,Amount,Currency"


def with_rates(folder: Path) -> Config:
    (folder / "fx.csv").write_text(RATES)
    return settings(folder, "fx: fx.csv")


def test_euros_become_dollars_at_the_rate_of_their_day(tmp_path: Path) -> None:
    """0.08 EUR x 1.25 = 0.10 USD, and 0.05 EUR x 1.6 = 0.08 USD."""
    bill = csv("2026-10-01,acme,small,0.08,EUR", "2026-10-02,acme,small,0.05,EUR", header=EURO)
    rows = [acme(1, 100_000), acme(2, 80_000)]
    found = compared(tmp_path, rows, {"i.csv": bill}, "0", config=with_rates(tmp_path))
    told = json.loads(render(as_table(found), "json"))

    assert words(found) == ["matched", "matched"]
    assert [[x[k] for k in ("theirs", "billed", "currency", "usd_rate", "rate_day")] for x in told["lines"]] == [
        ["0.1", "0.08", "EUR", "1.25", "2026-10-01"],
        ["0.08", "0.05", "EUR", "1.6", "2026-10-02"],
    ]
    assert told["total"] == {"ours": "0.18", "theirs": "0.18", "gap": "0", "billed": None, "usd_rate": None}
    assert found.notes == [
        "EUR at the rate of the last day of each line by fx.csv: one is 1.25 USD on 2026-10-01 to 1.6 USD on 2026-10-02"
    ]


def test_a_month_has_the_rate_of_its_last_day(tmp_path: Path) -> None:
    bill = csv("2026-10,acme,small,0.05,EUR", header="Period,Provider,Model,Amount,Currency")
    found = compared(tmp_path, [acme(1, 30_000), acme(31, 30_000)], {"i.csv": bill}, "0", config=with_rates(tmp_path))

    assert (words(found), found.billed) == (["matched"], Decimal("0.06"))  # 0.05 x 1.2


@pytest.mark.parametrize(("cents_usd", "word"), [(6_200, "rounding"), (6_300, "unexplained")])
def test_half_a_cent_of_theirs_is_rounding(cents_usd: int, word: str, tmp_path: Path) -> None:
    """0.00 EUR may stand for up to 0.005 EUR, which are 0.00625 USD."""
    bill = csv("2026-10-01,acme,small,0.00,EUR", header=EURO)

    assert words(compared(tmp_path, [acme(1, cents_usd)], {"i.csv": bill}, config=with_rates(tmp_path))) == [word]


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("Date,Provider,Model,Amount\n2026-10-01,acme,small,0.08\n", "EUR"),
        ("Date,Provider,Model,Amount (EUR)\n2026-10-01,acme,small,0.08\n", None),
        ("Date,Provider,Model,Amount\n2026-10-01,acme,small,€0.08\n", None),
        ("Date,Provider,Model,Amount,Currency\n2026-10-01,acme,small,0.08,eur\n", "KRW"),  # the file says it itself
    ],
)
def test_where_an_invoice_names_its_currency(text: str, flag: str | None, tmp_path: Path) -> None:
    found = compared(tmp_path, [acme(1, 100_000)], {"i.csv": text}, config=with_rates(tmp_path), currency=flag)

    assert (found.billed, words(found)) == (Decimal("0.10"), ["matched"])


def test_a_focus_file_in_euros(tmp_path: Path) -> None:
    """Usage worth 0.024 EUR (x 1.25 = 0.03) is paid from credit; 0.015 + 0.005 + 0.01 dollars are the same call."""
    rows = [focus_row("0", f"{GPT} usage", "", effective="0.024").replace("USD", "EUR")]
    found = compared(tmp_path, gpt(1, 10), {"f.csv": focus(*rows)}, "0", config=with_rates(tmp_path))

    assert [(e.word, e.theirs, e.foreign and e.foreign.amount) for e in found.entries] == [
        ("matched", Decimal("0.03"), Decimal("0.024")),
        ("draw-down", Decimal("-0.03"), Decimal("-0.024")),
    ]


def test_a_day_without_a_rate_is_named_and_never_guessed(tmp_path: Path) -> None:
    bill = csv("2026-10-03,acme,small,0.08,EUR", header=EURO)
    with pytest.raises(UsageError) as error:
        compared(tmp_path, [acme(3, 100_000)], {"i.csv": bill}, config=with_rates(tmp_path))

    assert (error.value.place, error.value.message, error.value.hint) == (
        f"{tmp_path / 'i.csv'}:2",
        "fx.csv has no rate of EUR on 2026-10-03, the last day of the line",
        "add the row EUR,2026-10-03,RATE",
    )


def test_a_total_over_two_currencies_is_no_sum(tmp_path: Path) -> None:
    bill = csv("2026-10-01,acme,small,0.08,EUR", "2026-10-01,acme,big,100,KRW", header=EURO)
    found = compared(
        tmp_path, [acme(1, 100_000), acme(1, 72_000, "big")], {"i.csv": bill}, "0", config=with_rates(tmp_path)
    )

    assert (words(found), found.billed) == (["matched", "matched"], Decimal("0.172"))


def test_a_bill_in_dollars_has_no_columns_of_rates(tmp_path: Path) -> None:
    found = compared(tmp_path, [acme(1, 1000)], {"i.csv": csv("2026-10-01,acme,small,0.001,USD", header=EURO)})

    assert [c.name for c in as_table(found).columns] == [
        "period",
        "provider",
        "model",
        "line",
        "ours",
        "theirs",
        "gap",
        "cause",
    ]


# windows and zones


def window(since: str | None, until: str | None, tz: str = "UTC") -> dict[str, Any]:
    return {"window": windows.days(since, until, tz), "tz": tz}


def test_lines_that_lie_wholly_in_the_window_are_compared_and_the_others_told(tmp_path: Path) -> None:
    """Of a bill of 1 + 2 + 3 + 4 + 31 days the window takes the 2nd and 3rd; the month lies in it only in part."""
    bill = csv(
        *(f"2026-10-{day:02},2026-10-{day:02},acme,small,0.00{day}" for day in (1, 2, 3, 4)),
        "2026-10-01,2026-10-31,acme,big,0.5",
        header="Start,End,Provider,Model,Amount",
    )
    rows = [acme(day, 1000 * day) for day in (1, 2, 3, 4)]
    found = compared(tmp_path, rows, {"i.csv": bill}, "0", **window("2026-10-02", "2026-10-04"))
    told = json.loads(render(as_table(found), "json"))

    assert [(e.since.day, e.ours, e.word) for e in found.entries] == [
        (2, Decimal("0.002"), "matched"),
        (3, Decimal("0.003"), "matched"),
    ]
    assert told["window"] == {"since": "2026-10-02T00:00:00Z", "until": "2026-10-04T00:00:00Z", "tz": "UTC"}
    assert told["total"] == {"ours": "0.005", "theirs": "0.005", "gap": "0"}
    assert found.notes[1:] == [
        "2 lines, $0.0050, lie outside the window and are left out: 2026-10-01/2026-10-05",
        "1 lines, $0.5000, lie in the window only in part and are left out: 2026-10",
    ]


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, [1, 2, 3]),
        ("2026-10-02", None, [2, 3]),
        (None, "2026-10-03", [1, 2]),
        ("2026-10-01T00:00:01Z", None, [2, 3]),
        (None, "2026-10-03T23:59:59Z", [1, 2]),
        ("2026-11-01", None, []),
    ],
)
def test_both_ends_of_a_window_may_be_open(
    since: str | None, until: str | None, days: list[int], tmp_path: Path
) -> None:
    bill = csv(*(f"2026-10-{day:02},acme,small,0.001" for day in (1, 2, 3)))
    found = compared(tmp_path, [acme(day, 1000) for day in (1, 2, 3)], {"i.csv": bill}, "0", **window(since, until))

    assert [e.since.day for e in found.entries] == days
    assert found.exit_code == (0 if days else 4)


def at(*times: str) -> list[dict[str, Any]]:
    """Calls of 1, 2, 4, 8 ... thousandths of a dollar at these times of October 2026."""
    return [acme(1, 1000 << n, ts=f"2026-10-{text}Z", request_id=text) for n, text in enumerate(times)]


@pytest.mark.parametrize(
    ("tz", "times"),
    [
        # the 2nd there begins at the second of these times and ends before the fourth
        ("UTC", ["01T23:59:59", "02T00:00:00", "02T23:59:59", "03T00:00:00"]),
        ("America/Los_Angeles", ["02T06:59:59", "02T07:00:00", "03T06:59:59", "03T07:00:00"]),
        ("Asia/Tokyo", ["01T14:59:59", "01T15:00:00", "02T14:59:59", "02T15:00:00"]),
        ("Asia/Kolkata", ["01T18:29:59", "01T18:30:00", "02T18:29:59", "02T18:30:00"]),
        ("Asia/Kathmandu", ["01T18:14:59", "01T18:15:00", "02T18:14:59", "02T18:15:00"]),
    ],
)
def test_days_begin_where_the_zone_says(tz: str, times: list[str], tmp_path: Path) -> None:
    """0.001 on the 1st there, 0.002 + 0.004 on the 2nd, 0.008 on the 3rd."""
    bill = csv("2026-10-01,acme,small,0.001", "2026-10-02,acme,small,0.006", "2026-10-03,acme,small,0.008")
    found = compared(tmp_path, at(*times), {"i.csv": bill}, "0", tz=tz)

    assert (words(found), found.verdict, found.off) == (["matched"] * 3, "pass", 0)


@pytest.mark.parametrize(("day", "hours"), [("2026-11-01", 25), ("2026-03-08", 23)])
def test_a_day_on_which_clocks_change(day: str, hours: int, tmp_path: Path) -> None:
    """One call each hour, of which the day in Los Angeles has 25 in autumn and 23 in spring."""
    first = datetime.fromisoformat(f"{day}T00:00:00Z")
    rows = [acme(1, 1000, ts=f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}", request_id=str(n)) for n in range(48)]
    bill = csv(f"{day},acme,small,0.0{hours}")

    assert words(compared(tmp_path, rows, {"i.csv": bill}, "0", tz="America/Los_Angeles")) == ["matched"]


def test_dates_of_the_window_are_days_of_the_zone(tmp_path: Path) -> None:
    bill = csv(*(f"2026-10-{day:02},acme,small,0.001" for day in (1, 2, 3)))
    rows = [acme(day, 1000) for day in (1, 2, 3)]
    found = compared(tmp_path, rows, {"i.csv": bill}, "0", **window("2026-10-02", "2026-10-03", "America/Los_Angeles"))

    assert [(e.since.day, e.word) for e in found.entries] == [(2, "matched")]
    assert json.loads(render(as_table(found), "json"))["window"] == {
        "since": "2026-10-02T07:00:00Z",
        "until": "2026-10-03T07:00:00Z",
        "tz": "America/Los_Angeles",
    }


def test_pages_are_utc_in_every_zone(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        compared(tmp_path, gpt(1), {"c.json": page({1: [cost("0.003")]})}, tz="America/Los_Angeles")

    assert error.value.message == "the times of a page are UTC, its days do not begin in America/Los_Angeles"


# the command


def test_the_zone_of_the_config_is_not_that_of_a_bill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call at 03:00 UTC on the 2nd is one of the 1st in Los Angeles."""
    ledger(tmp_path, [acme(1, 1000, ts="2026-10-02T03:00:00Z")])
    (tmp_path / "llmcost.yaml").write_text("timezone: America/Los_Angeles\n")
    (tmp_path / "i.csv").write_text(csv("2026-10-02,acme,small,0.001"))
    there = ("--tz", "America/Los_Angeles")

    assert inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv").code == 0
    assert inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv", "--since", "2026-10-02").code == 0
    assert inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv", "--since", "2026-10-03").code == 4
    assert inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv", *there).code == 4


def test_the_command_exits_0_3_and_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger(tmp_path, [acme(1, 1000)])
    for name, (day, usd) in {"same": (1, "0.001"), "more": (1, "0.002"), "later": (9, "0.001")}.items():
        (tmp_path / f"{name}.csv").write_text(csv(f"2026-10-{day:02},acme,small,{usd}"))
    ended = {
        name: inside(monkeypatch, capsys, tmp_path, "reconcile", f"{name}.csv") for name in ("same", "more", "later")
    }

    assert {name: done.code for name, done in ended.items()} == {"same": 0, "more": 3, "later": 4}
    assert [done.out.splitlines()[0] for done in ended.values()] == [
        "pass: they bill $0.0010, the ledger says $0.0010: no gap, tolerance 1.0%",
        "breach: they bill $0.0020, the ledger says $0.0010: $0.0010 (50.0%) more, tolerance 1.0%",
        "undecided: statement and ledger have no usage on the same days",
    ]


def test_a_terminal_shows_gaps_and_a_program_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger(tmp_path, [acme(1, 1000), acme(2, 1000)])
    (tmp_path / "i.csv").write_text(csv("2026-10-01,acme,small,0.001", "2026-10-02,acme,small,0.002"))
    table = inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv").out
    rows = inside(monkeypatch, capsys, tmp_path, "reconcile", "i.csv", "--format", "csv").out

    assert ("2026-10-01" in table.split("total")[0], "2026-10-02" in table, "1 of 2 lines match" in table) == (
        False,
        True,
        True,
    )
    assert rows.splitlines()[1] == "2026-10-01,acme,small,,0.001,0.001,0,matched"
