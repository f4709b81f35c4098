"""The bill in SQL: equal to the slow oracle everywhere, rounded as worked out by hand, and null with a reason where it must be."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import ledger
from tests import oracle
from tests.pricing.books import books, charge, model, row, shipped, tiny, us

MODELS = [(book, entry) for book in books() for entry in book["models"]]
MINUTE_US = 60_000_000


def one(prices, **facts: Any) -> dict[str, Any]:
    return charge([row(**facts)], prices)[0]


def answer(prices, **facts: Any) -> tuple[Decimal | None, str | None]:
    charged = one(prices, **facts)
    return charged["cost"], charged["unpriced_reason"]


# Equal to the oracle


def edges(entry) -> list[int]:
    """Instants at which something about a model changes, in µs."""
    found = [price[key] for price in entry["prices"] for key in ("from", "to") if price.get(key)]
    for price in entry["prices"]:
        for part in (*price.get("tiers", []), *price.get("windows", [])):
            found += [part[key] for key in ("since", "until") if part.get(key)]
    return [int((oracle.instant(value) - oracle.EPOCH) / timedelta(microseconds=1)) for value in found] or [
        us("2026-11-18")
    ]


def spellings(book, entry) -> list[str]:
    match = entry["match"]
    names = list(match.get("exact", []))
    if "dated" in match:
        names += [f"{match['dated']}-20260101", f"{match['dated']}@20260101", f"{match['dated']}-2026-01-01"]
    names += [f"{entry['id']}:acme::x1"] if "regex" in match else []
    return [*names, *(f"{book['provider']}/{name}" for name in names), names[0].upper(), f"{names[0]}-cyber"]


def thresholds(entry) -> list[int]:
    sheets = [sheet for price in entry["prices"] for sheet in (price, *price.get("service", {}).values())]
    return [tier["over"] for sheet in sheets for tier in sheet.get("tiers", [])]


INTRICATE = [(b, m) for b, m in MODELS if thresholds(m) or any("windows" in price for price in m["prices"])]
WINDOWED = [(b, m) for b, m in INTRICATE if any("windows" in price for price in m["prices"])]


def request(random: Random) -> dict[str, Any]:
    """A request where prices are intricate: at thresholds, at the edges of dates and hours, under terms that may not be sold."""
    book, entry = random.choice(random.choice((MODELS, INTRICATE, WINDOWED)))
    week, anywhere = random.randrange(7 * 24 * 60), random.randrange(500 * 24 * 60)
    cached = random.choice((0, random.randrange(3_000)))
    threshold = random.choice(thresholds(entry) or [200_000]) + random.choice((-1, 0, 1))
    rare = random.choices(ledger.TOKEN_NAMES, k=random.choice((0, 0, 1, 2)))
    units = random.sample(("web_search", "file_search", "pages"), k=random.choice((0, 0, 1, 2)))
    return row(
        day=None,
        provider=random.choice((book["provider"], *book.get("aliases", []), book["provider"].title(), None, "acme")),
        model=random.choice(spellings(book, entry)),
        ts_us=random.choice(
            (
                random.choice(edges(entry)) + random.choice((-1, 0, 1)),
                us("2026-11-16") + week * MINUTE_US,
                min(edges(entry)) + anywhere * MINUTE_US,
                random.choice((None, *edges(entry))),
            )
        ),
        service_tier=random.choice((None, None, "default", "batch", "Flex", "priority", "ultrafast", "provisioned")),
        speed=random.choice((None, None, "standard", "fast")),
        region=random.choice((None, "eu", "moon")),
        inference_geo=random.choice((None, "us", "global")),
        requests=random.choice((1, 1, 1, 3)),
        units={unit: random.randrange(6) for unit in units} or None,
    ) | {
        "fresh_input_tokens": random.choice((random.randrange(3_000), threshold - cached)),
        "cache_read_tokens": cached,
        "text_output_tokens": random.randrange(3_000),
        **{column: random.randrange(3_000) for column in rare},
    }


SAID = dict.fromkeys(("before the first price", "after the last price"), "no price at that time")
"""The oracle is more exact about time."""


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 1_000_000))
def test_the_bill_in_sql_equals_the_oracle_to_the_last_digit(seed) -> None:
    random = Random(seed)
    rows = [request(random) for _ in range(250)]
    for asked, charged in zip(rows, charge(rows, shipped()), strict=True):
        cost, reason = oracle.price(asked, books())
        assert charged["cost"] == cost, (asked, charged, reason)
        basis = "assumed" if oracle.assumed(asked, books()) else "declared"
        assert charged["usage_basis"] == basis, (asked, charged)
        assert (charged["price_id"] is None) == (cost is None), (asked, charged)
        said = (charged["unpriced_reason"] or "").split(" for provider")[0].split(":")[0]
        assert said in (SAID.get(reason or "", reason or ""), "no prices")


# Rounded once, half to even


@pytest.mark.parametrize(
    ("tokens", "pico"),
    # half a pico-dollar a token
    [(1, 0), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 4), (9, 4), (11, 6)],
)
def test_half_a_pico_dollar_goes_to_the_even_neighbour(tokens, pico) -> None:
    prices = tiny(model('{per_mtok: {input: "0.0000005", output: "1"}}'))
    assert answer(prices, fresh_input_tokens=tokens) == (pico * Decimal("1e-12"), None)


def test_a_hair_more_than_half_goes_up_and_a_hair_less_goes_down() -> None:
    text = '{per_mtok: {input: "0.000000500001", output: "0.000000499999"}}'
    prices = tiny(model(text))
    assert answer(prices, fresh_input_tokens=1) == (Decimal("1e-12"), None)
    assert answer(prices, text_output_tokens=1) == (Decimal(0), None)


def test_two_halves_of_one_request_make_a_whole_because_only_the_sum_is_rounded() -> None:
    prices = tiny(model('{per_mtok: {input: "0.0000005", output: "0.0000005"}}'))
    assert answer(prices, fresh_input_tokens=1, text_output_tokens=1) == (Decimal("1e-12"), None)
    halves = charge([row(fresh_input_tokens=1), row(text_output_tokens=1)], prices)
    assert [half["cost"] for half in halves] == [Decimal(0), Decimal(0)]


def test_a_rate_times_a_factor_keeps_all_its_digits() -> None:
    text = '{per_mtok: {input: "0.123456789"}, service: {batch: {multiply: "0.333"}}}'
    prices = tiny(model(text))
    # 0.123456789 x 0.333 = 0.041111110737 USD per million, x 1,000,000 tokens
    assert answer(prices, fresh_input_tokens=1_000_000, service_tier="batch") == (Decimal("0.041111110737"), None)


def test_a_cost_that_the_ledger_cannot_hold_is_refused_and_one_pico_dollar_less_is_not() -> None:
    prices = tiny(model('{per_mtok: {input: "1", output: "0.000001"}}'))
    most = 999_999_999_999  # at 1 USD per million tokens: 999,999.999999 USD
    assert answer(prices, fresh_input_tokens=most) == (Decimal("999999.999999"), None)
    assert answer(prices, fresh_input_tokens=most, text_output_tokens=999_998) == (Decimal("999999.999999999998"), None)
    assert answer(prices, fresh_input_tokens=most, text_output_tokens=999_999) == (None, "cost above 999,999.99 USD")
    assert answer(prices, fresh_input_tokens=most + 1) == (None, "cost above 999,999.99 USD")
    assert answer(prices, fresh_input_tokens=10**18) == (None, "cost above 999,999.99 USD")


# Fees


FEES = '{per_mtok: {input: "1"}, per_unit: {page: "0.002"}, per_request: {web_search: "0.035"}, service: {batch: {multiply: "0.5", not_on: [web_search]}}}'


def test_a_fee_per_request_is_charged_once_and_one_per_unit_for_each() -> None:
    prices = tiny(model(FEES))
    for searches, paid in ((0, "0"), (1, "0.035"), (4, "0.035")):
        assert answer(prices, units={"web_search": searches}) == (Decimal(paid), None)
    assert answer(prices, units={"page": 3, "web_search": 2}) == (3 * Decimal("0.002") + Decimal("0.035"), None)
    assert answer(prices, units={"page": "0.5"}) == (Decimal("0.001"), None)


def test_a_multiplier_leaves_the_fees_alone_that_it_names() -> None:
    prices = tiny(model(FEES))
    batch = {"service_tier": "batch", "fresh_input_tokens": 1_000, "units": {"page": 1, "web_search": 5}}
    assert answer(prices, **batch) == (Decimal("0.0005") + Decimal("0.001") + Decimal("0.035"), None)


def test_an_aggregate_pays_a_fee_per_request_at_most_once_for_each_request_and_is_marked() -> None:
    prices = tiny(model(FEES))
    charged = charge([row(requests=3, units={"web_search": n}) for n in (2, 9)], prices)
    assert [(c["cost"], c["usage_basis"]) for c in charged] == [
        (2 * Decimal("0.035"), "assumed"),
        (3 * Decimal("0.035"), "assumed"),
    ]
    assert one(prices, requests=3, units={"page": 9})["usage_basis"] == "declared"


# Hours and sizes


def test_the_hour_of_the_week_and_the_size_choose_the_rate() -> None:
    text = '{per_mtok: {input: "1"}, windows: [{tz: UTC, days: [wed], hours: ["09:00-12:00"], per_mtok: {input: "2"}}]}'
    clocks = {
        "18T08:59:59": 1,
        "18T09:00:00": 2,
        "18T11:59:59": 2,
        "18T12:00:00": 1,
        "17T10:00:00": 1,
        "19T10:00:00": 1,
    }
    found = charge([row(f"2026-11-{clock}", fresh_input_tokens=1_000_000) for clock in clocks], tiny(model(text)))
    assert [charged["cost"] for charged in found] == list(clocks.values())


def test_all_input_counts_for_the_size_and_output_does_not() -> None:
    prices = tiny(
        model(
            '{per_mtok: {input: "1000000", output: "1000000"}, tiers: [{over: 100, per_mtok: {input: "2000000", output: "1000000"}}]}'
        )
    )
    for column in ledger.INPUT_NAMES:
        if "audio" in column or "image" in column or "video" in column:
            continue  # these have no rate here
        at, above = charge([row(**{column: 100}), row(**{column: 101})], prices)
        assert (at["cost"], above["cost"]) == (100, 2 * 101), column
    assert answer(prices, fresh_input_tokens=100, text_output_tokens=500) == (100 + 500, None)


# What is assumed is marked


def test_a_tier_or_speed_that_is_not_sold_is_billed_as_standard_and_marked() -> None:
    prices = tiny(model('{per_mtok: {input: "2"}, service: {batch: {multiply: "0.5"}}}'))
    used = {"fresh_input_tokens": 1_000_000}
    flex, fast, batch, plain = charge(
        [row(**used, service_tier="flex"), row(**used, speed="fast"), row(**used, service_tier="batch"), row(**used)],
        prices,
    )
    assert [(c["cost"], c["usage_basis"]) for c in (flex, fast)] == [(2, "assumed"), (2, "assumed")]
    assert [(c["cost"], c["usage_basis"]) for c in (batch, plain)] == [(1, "declared"), (2, "declared")]
    assert ";tier=standard (flex not sold)#" in flex["price_id"]
    assert ";speed=standard (fast not sold)#" in fast["price_id"]
    assert ";" not in plain["price_id"]


def test_the_day_on_which_a_tier_is_first_sold_ends_the_assumption() -> None:
    text = '{from: 2026-01-01, per_mtok: {input: "2"}}\n{from: 2026-06-01, per_mtok: {input: "2"}, service: {flex: {multiply: "0.5"}}}'
    prices = tiny(model(text))
    used = {"fresh_input_tokens": 1_000_000, "service_tier": "flex"}
    before, after = charge([row("2026-05-31T23:59:59", **used), row("2026-06-01", **used)], prices)
    assert (before["cost"], before["usage_basis"]) == (2, "assumed")
    assert (after["cost"], after["usage_basis"]) == (1, "declared")


def test_prepaid_capacity_is_not_billed_by_the_token_unless_a_price_says_so() -> None:
    used = {"fresh_input_tokens": 10, "service_tier": "provisioned"}
    prices = tiny(model('{per_mtok: {input: "2"}}'))
    assert answer(prices, **used) == (0, None)
    assert charge([row(**used)], prices)[0]["usage_basis"] == "declared"
    assert "tier=provisioned" in charge([row(**used)], prices)[0]["price_id"]
    prices = tiny(model('{per_mtok: {input: "2"}, service: {provisioned: {multiply: "0.5"}}}'))
    assert answer(prices, **used) == (Decimal("0.00001"), None)


def test_an_aggregated_row_is_priced_at_the_base_tier_and_marked_where_there_are_tiers() -> None:
    tiered = '{per_mtok: {input: "2"}, tiers: [{over: 100, until: 2026-06-01, per_mtok: {input: "4"}}]}'
    prices = tiny(model(tiered))
    used = {"fresh_input_tokens": 1_000_000}
    days = [row("2026-05-31", **used), row("2026-05-31", **used, requests=9), row("2026-06-01", **used, requests=9)]
    found = [(c["cost"], c["usage_basis"]) for c in charge(days, prices)]
    assert found == [(4, "declared"), (2, "assumed"), (2, "declared")]


# What costs nothing, and what has no price


def test_a_cache_hit_and_an_attempt_without_usage_cost_nothing_even_of_an_unknown_model() -> None:
    prices = tiny(model('{per_mtok: {input: "2"}}'))
    for name in ("m", "who-knows"):
        assert answer(prices, kind="cache_hit", model=name, fresh_input_tokens=1_000) == (0, None)
        assert answer(prices, kind="attempt", model=name) == (0, None)
    assert answer(prices, kind="attempt", fresh_input_tokens=1_000_000) == (2, None)
    assert answer(prices, kind="attempt", model="who-knows", fresh_input_tokens=1) == (None, "unknown model")
    assert one(prices, kind="cache_hit")["price_id"] is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"model": "gpt-9-ultra"}, "unknown model"),
        ({"model": None}, "no model name"),
        ({"model": ""}, "no model name"),
        ({"provider": "acme"}, "no prices for provider acme"),
        ({"model": "twice"}, "ambiguous: own/one, own/two"),
        ({"day": "2025-12-31T23:59:59"}, "no price at that time"),
        ({"day": "2027-01-01"}, "no price at that time"),
        ({"day": None, "model": "twofold"}, "undated"),
        ({"audio_input_tokens": 1}, "no rate for audio_input"),
        ({"image_output_tokens": 1}, "no rate for image_output"),
        ({"units": {"page": 1}}, "no rate for unit page"),
        ({"usage_quality": "missing"}, "usage missing"),
    ],
)
def test_what_has_no_price_is_null_with_a_reason(facts, reason) -> None:
    text = model('{from: 2026-01-01, to: 2027-01-01, per_mtok: {input: "1", output: "2"}}')
    text += "  - {id: one, match: {exact: [twice]}, prices: [{per_mtok: {input: '1'}}]}\n"
    text += "  - {id: two, match: {exact: [Twice]}, prices: [{per_mtok: {input: '1'}}]}\n"
    text += "  - {id: twofold, match: {exact: [twofold]}, prices: [{from: 2026-01-01, per_mtok: {input: '1'}}, {from: 2026-02-01, per_mtok: {input: '2'}}]}\n"
    charged = one(tiny(text), **({"fresh_input_tokens": 5} | facts))
    assert (charged["cost"], charged["price_id"], charged["unpriced_reason"]) == (None, None, reason)
    assert charged["usage_basis"] == "declared"


@pytest.mark.parametrize(
    ("column", "named"),
    [
        *(
            ("fresh_input_tokens", "input"),
            ("cache_read_tokens", "cache_read"),
            ("cache_write_5m_tokens", "cache_write"),
        ),
        *((f"cache_write_{lifetime}_tokens", "cache_write") for lifetime in ("1h", "12h", "other")),
        *((f"{kind}_tokens", kind) for kind in ("audio_input", "audio_cache_read", "image_input", "image_cache_read")),
        *(
            (f"{kind}_tokens", kind)
            for kind in ("video_input", "tool_use", "reasoning", "audio_output", "image_output")
        ),
        *(("text_output_tokens", "output"), ("rejected_prediction_tokens", "rejected_prediction")),
    ],
)
def test_each_kind_of_token_needs_its_own_rate(column, named) -> None:
    sold = "output" if column in ledger.INPUT_NAMES else "input"
    prices = tiny(model(f'{{per_mtok: {{{sold}: "1"}}}}'))
    free = dict.fromkeys(ledger.TOKEN_NAMES, 0)
    assert answer(prices, **free | {column: 1}) == (None, f"no rate for {named}")
    assert answer(prices, **free) == (0, None)


def test_a_unit_without_a_rate_matters_only_when_it_was_used() -> None:
    prices = tiny(model('{per_mtok: {input: "1"}}'))
    assert answer(prices, fresh_input_tokens=1_000_000, units={"page": 0}) == (1, None)


def test_a_row_without_time_is_priced_when_its_model_never_changed() -> None:
    same = '{from: 2026-01-01, per_mtok: {input: "2"}}\n{from: 2026-06-01, per_mtok: {input: "2.00"}}'
    prices = tiny(model(same))
    assert answer(prices, day=None, fresh_input_tokens=1_000_000) == (2, None)


def test_unexplained_tokens_are_shown_and_never_priced() -> None:
    prices = tiny(model('{per_mtok: {input: "2"}}'))
    assert answer(prices, unexplained_tokens=1_000_000) == (0, None)
