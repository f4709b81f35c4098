"""Dated prices as boxes: when, at which hours, for which sizes, and what each is called."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from llmcost.pricing import rates
from tests.pricing.books import model, tiny, us

HOUR_S, DAY_S = 3600, 86400


def boxes(prices: str, name: str = "m", **terms: str) -> list[rates.Box]:
    return rates.boxes(tiny(model(prices)).models[0], name, rates.Terms(**terms))


def at(found: list[rates.Box], day: str, tokens: int = 0) -> rates.Box:
    """The only box that holds at an instant, for a size."""
    at_us = us(day)
    week_s = (at_us // 1_000_000 + 3 * DAY_S) % rates.WEEK_S  # 1 January 1970 was a Thursday
    holding = [
        b
        for b in found
        if b.since_us <= at_us < b.until_us
        and b.week_from_s <= week_s < b.week_until_s
        and b.size_from <= tokens < b.size_until
    ]
    assert len(holding) == 1, holding
    return holding[0]


def usd(box: rates.Box, column: str = "fresh_input_tokens") -> float:
    """USD per million tokens; small whole numbers and halves in these tests."""
    return box.pico[column] / box.denominator / 1_000_000


# Time


def test_a_price_without_dates_holds_always_and_for_every_size() -> None:
    (box,) = boxes('{per_mtok: {input: "3"}}')
    assert (box.since_us, box.until_us) == (0, rates.FOREVER_US)
    assert (box.week_from_s, box.week_until_s, box.size_from, box.size_until) == (0, 7 * DAY_S, 0, rates.ANY_SIZE)
    assert (box.tiered, box.assumed, box.label) == (False, False, "")


def test_an_open_entry_ends_where_the_next_begins() -> None:
    first, second = boxes('{from: 2026-01-01, per_mtok: {input: "3"}}\n{from: 2026-02-01, per_mtok: {input: "2"}}')
    assert (first.since_us, first.until_us) == (us("2026-01-01"), us("2026-02-01"))
    assert (second.since_us, second.until_us) == (us("2026-02-01"), rates.FOREVER_US)


def test_an_entry_for_one_name_beats_the_general_one_while_it_holds_and_for_that_name_only() -> None:
    prices = '{from: 2026-01-01, per_mtok: {input: "1"}}\n{from: 2026-02-01, to: 2026-03-01, applies_to: [M], per_mtok: {input: "9"}}'
    mine, other = boxes(prices, "m"), boxes(prices, "m-20260101")
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    assert [usd(at(mine, day)) for day in days] == [1, 9, 9, 1]
    assert [usd(at(other, day)) for day in days] == [1, 1, 1, 1]


def test_a_row_without_time_has_a_price_only_when_all_boxes_agree() -> None:
    same = '{from: 2026-01-01, per_mtok: {input: "2"}}\n{from: 2026-02-01, per_mtok: {input: "2.0"}}'
    assert rates.undated_us(boxes(same)) == us("2026-01-01")
    assert rates.undated_us(boxes(same.replace("2.0", "2.1"))) is None
    tiered = '{from: 2026-01-01, per_mtok: {input: "2"}, tiers: [{over: 9, until: 2026-05-01, per_mtok: {input: "4"}}]}'
    assert rates.undated_us(boxes(tiered)) is None
    assert rates.undated_us([]) is None


# Size


def test_over_is_exclusive_and_inclusive_includes_it() -> None:
    over = boxes(
        '{per_mtok: {input: "1"}, tiers: [{over: 100, per_mtok: {input: "2"}}, {over: 200, inclusive: true, per_mtok: {input: "4"}}]}'
    )
    assert [usd(at(over, "2026-01-01", n)) for n in (0, 100, 101, 199, 200)] == [1, 1, 2, 2, 4]
    assert all(box.tiered for box in over)


def test_a_tier_holds_between_its_dates() -> None:
    found = boxes(
        '{per_mtok: {input: "1"}, tiers: [{over: 100, since: 2026-01-01, until: 2026-02-01, per_mtok: {input: "2"}}]}'
    )
    days = ("2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01")
    assert [usd(at(found, day, 101)) for day in days] == [1, 2, 2, 1]
    assert [at(found, day).tiered for day in days] == [False, True, True, False]


# Hours of the week

NIGHT = '{per_mtok: {input: "2"}, windows: [{name: night, tz: TZ, hours: ["00:00-06:00", "22:00-24:00"], per_mtok: {input: "1"}}]}'
WORK = '{per_mtok: {input: "1"}, windows: [{name: peak, tz: TZ, days: [mon, fri], hours: ["09:00-12:00"], per_mtok: {input: "2"}}]}'


def test_hours_are_those_of_the_vendor_and_may_reach_over_the_end_of_the_week() -> None:
    found = boxes(NIGHT.replace("TZ", "Asia/Shanghai"))  # 8 hours ahead of UTC: the night is 14:00 to 22:00 UTC
    clocks = {"13:59:59": 2, "14:00:00": 1, "21:59:59": 1, "22:00:00": 2}
    for day in ("2026-11-15", "2026-11-16", "2026-11-18"):  # a Sunday, a Monday, a Wednesday
        assert {clock: usd(at(found, f"{day}T{clock}")) for clock in clocks} == clocks


def test_days_are_those_of_the_vendor_too() -> None:
    found = boxes(
        WORK.replace("TZ", "Pacific/Auckland")
    )  # 13 hours ahead in November: Monday 09:00 is Sunday 20:00 UTC
    assert [
        usd(at(found, day))
        for day in ("2026-11-15T19:59:59", "2026-11-15T20:00:00", "2026-11-15T22:59:59", "2026-11-15T23:00:00")
    ] == [1, 2, 2, 1]
    assert usd(at(found, "2026-11-16T20:00:00")) == 1  # Tuesday there
    assert usd(at(found, "2026-11-19T20:00:00")) == 2  # Friday there


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"])
def test_a_window_follows_the_clocks_of_its_zone(zone) -> None:
    found = boxes(WORK.replace("TZ", zone))
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for _ in range(365 * 24 // 5):
        moment += timedelta(hours=5, minutes=1)
        local = moment.astimezone(ZoneInfo(zone))
        peak = local.weekday() in (0, 4) and 9 <= local.hour < 12
        assert usd(at(found, moment.isoformat())) == (2 if peak else 1), moment


def test_the_clocks_change_at_the_second_they_change() -> None:
    changes = list(rates._clock_changes("Europe/Berlin", us("2026-01-01"), us("2027-01-01")))
    assert changes == [us("2026-03-29T01:00:00"), us("2026-10-25T01:00:00")]
    assert list(rates._clock_changes("Asia/Shanghai", 0, rates.FOREVER_US)) == []


def test_a_tier_beats_a_window_and_the_last_window_named_beats_those_before() -> None:
    text = '{per_mtok: {input: "1"}, tiers: [{over: 100, per_mtok: {input: "9"}}], windows: [{tz: UTC, hours: ["00:00-12:00"], per_mtok: {input: "2"}}, {tz: UTC, hours: ["06:00-12:00"], per_mtok: {input: "3"}}]}'
    found = boxes(text)
    assert [usd(at(found, f"2026-01-01T{hour}:00:00")) for hour in ("05", "06", "12")] == [2, 3, 1]
    assert usd(at(found, "2026-01-01T06:00:00", 101)) == 9


# Rates


def test_a_missing_rate_falls_back_step_by_step_and_audio_does_not() -> None:
    (box,) = boxes('{per_mtok: {input: "2", cache_write: "3", output: "8"}}')
    assert usd(box, "cache_read_tokens") == usd(box, "tool_use_tokens") == 2
    assert usd(box, "cache_write_1h_tokens") == usd(box, "cache_write_other_tokens") == 3
    assert usd(box, "reasoning_tokens") == usd(box, "rejected_prediction_tokens") == 8
    assert "audio_input_tokens" not in box.pico
    assert "image_output_tokens" not in box.pico


def test_factors_multiply_each_other_but_not_what_they_leave_alone() -> None:
    text = '{per_mtok: {input: "2", cache_read: "1"}, per_unit: {page: "3"}, service: {batch: {multiply: "0.5", not_on: [page]}}, modifiers: [{when: {region: [EU, us]}, multiply: "3", not_on: [cache_read]}]}'
    (box,) = boxes(text, service_tier="Batch", region="eu")
    assert usd(box) == 2 * 0.5 * 3
    assert usd(box, "cache_read_tokens") == 1 * 0.5
    assert box.unit_pico["page"] == 3 * 3 * 10**12 * box.denominator
    (plain,) = boxes(text, region="moon")
    assert (usd(plain), plain.assumed) == (2, False)


def test_a_rate_finer_than_a_pico_dollar_is_whole_with_its_denominator() -> None:
    (box,) = boxes('{per_mtok: {input: "0.0000025"}}')
    assert (box.pico["fresh_input_tokens"], box.denominator) == (25, 10)


# Price ids


def test_a_price_id_names_model_day_and_terms_and_ends_in_a_digest() -> None:
    text = '{from: 2026-01-01, per_mtok: {input: "2"}, tiers: [{over: 100, per_mtok: {input: "4"}}], service: {batch: {multiply: "0.5", aliases: [bulk]}}, modifiers: [{when: {inference_geo: us}, multiply: "1.1"}]}'
    base, long = boxes(text)
    assert base.price_id.split("#")[0] == "own/m@2026-01-01"
    assert (long.price_id.split("#")[0], long.label) == ("own/m@2026-01-01;over=100", "over 100")
    _, long = boxes(text, service_tier="bulk", inference_geo="us", region="moon")
    assert long.price_id.split("#")[0] == "own/m@2026-01-01;over=100;tier=bulk;inference_geo=us"
    assert long.label == "over 100, tier bulk, inference_geo us"
    (flex, _) = boxes(text, service_tier="flex", speed="fast")
    assert flex.label == "tier standard (flex not sold), speed standard (fast not sold)"
    assert flex.assumed


@pytest.mark.parametrize(
    "changed",
    [
        '{from: 2026-01-01, per_mtok: {input: "2.01"}, per_unit: {page: "3"}}',
        '{from: 2026-01-01, per_mtok: {input: "2", output: "1"}, per_unit: {page: "3"}}',
        '{from: 2026-01-01, per_mtok: {input: "2"}, per_unit: {page: "4"}}',
        '{from: 2026-01-01, per_mtok: {input: "2"}, per_request: {page: "3"}}',
        '{from: 2026-01-01, per_mtok: {input: "2"}}',
    ],
)
def test_the_digest_changes_with_every_rate_and_fee(changed) -> None:
    (old,), (new,) = boxes('{from: 2026-01-01, per_mtok: {input: "2"}, per_unit: {page: "3"}}'), boxes(changed)
    assert old.price_id.split("#")[0] == new.price_id.split("#")[0]
    assert old.price_id != new.price_id


def test_the_digest_stays_when_only_the_source_the_end_or_the_spelling_changes() -> None:
    (old,) = boxes('{from: 2026-01-01, per_mtok: {input: "2"}}')
    (new,) = boxes(
        '{from: 2026-01-01, to: 2026-12-01, per_mtok: {input: "2.000"}, source: {url: "https://example.com"}}'
    )
    assert old.price_id == new.price_id
