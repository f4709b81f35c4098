"""The catalogue as data: what must hold of every entry, and prices that people paid, worked out by hand."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from itertools import combinations

import pytest
import yaml

from llmcost.resources import catalogue_folder
from tests.oracle import OWNERS, instant, matches, price

PRICE = re.compile(r"\d+(\.\d+)?")
ALWAYS = datetime(1970, 1, 1, tzinfo=timezone.utc)
FOREVER = datetime(9999, 1, 1, tzinfo=timezone.utc)
BOOKS = [yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in sorted(catalogue_folder().glob("*.yaml"))]
MODELS = [(book, model) for book in BOOKS for model in book["models"]]
ENTRIES = [(model, entry) for _, model in MODELS for entry in model["prices"]]


def cost(model: str, day: str | None, tokens: dict[str, int] | None = None, **facts: object) -> Decimal | None:
    return priced(model, day, tokens, **facts)[0]


def priced(
    model: str, day: str | None, tokens: dict[str, int] | None, **facts: object
) -> tuple[Decimal | None, str | None]:
    """`day` is a date or an instant in UTC, or None for a row without time; `tokens` are ledger columns without `_tokens`."""
    at = datetime.fromisoformat(day).replace(tzinfo=timezone.utc) if day else None
    columns = {f"{name}_tokens": count for name, count in (tokens or {}).items()}
    return price({"model": model, "ts_us": int(at.timestamp()) * 1_000_000 if at else None, **columns, **facts}, BOOKS)


def per_mtok(*parts: tuple[int, str]) -> Decimal:
    """The sum of tokens x USD per million tokens, in USD."""
    return sum((count * Decimal(rate) for count, rate in parts), Decimal(0)) / 1_000_000


def sheets(entry):
    """Every complete set of rates in an entry: base, explicit service levels; with their tiers and windows."""
    for sheet in (entry, *(s for s in entry.get("service", {}).values() if "per_mtok" in s)):
        yield sheet.get("per_mtok", {}), [*sheet.get("tiers", []), *sheet.get("windows", [])]


# What must hold of every entry


def test_vendors_and_hosts_have_a_file_each_and_all_models_are_there() -> None:
    assert {book["provider"] for book in BOOKS} > {
        *OWNERS,
        "azure",
        "bedrock",
        "openrouter",
        "groq",
        "together",
        "fireworks",
    }
    assert len(MODELS) >= 5500
    assert all(book["schema"] == 1 and book["currency"] == "USD" for book in BOOKS)


def test_no_alias_of_a_provider_is_claimed_twice_and_all_are_lower_case() -> None:
    names = list({book["provider"] for book in BOOKS})  # partner models of a vendor have a file of their own
    names += [name for book in BOOKS for name in book.get("aliases", [])]
    assert len(names) == len(set(names))
    assert names == [name.lower() for name in names]


def test_every_price_is_a_quoted_decimal() -> None:
    found = 0
    for _, entry in ENTRIES:
        numbers = [*entry.get("per_unit", {}).values(), *entry.get("per_request", {}).values()]
        for rates, parts in sheets(entry):
            numbers += rates.values()
            numbers += (rate for part in parts for rate in part["per_mtok"].values())
        numbers += (part["multiply"] for part in entry.get("service", {}).values() if "multiply" in part)
        numbers += (part["multiply"] for part in entry.get("modifiers", []))
        assert all(isinstance(n, str) and PRICE.fullmatch(n) for n in numbers), (entry, numbers)
        found += len(numbers)
    assert found > 1000


def test_every_price_says_where_it_comes_from() -> None:
    for model, entry in ENTRIES:
        source = entry["source"]
        assert source["confidence"] in {"vendor", "two-repos", "one-repo", "disputed"}, model["id"]
        assert source.get("via") or source.get("evidence") or (source.get("url") and source.get("note")), model["id"]
        assert source["confidence"] != "disputed" or source["note"], model["id"]


def test_model_ids_are_unique_within_a_provider() -> None:
    ids = [(book["provider"], model["id"]) for book, model in MODELS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book["provider"])
def test_a_name_matches_one_model_of_its_provider(book) -> None:
    for model in book["models"]:
        names = list(model["match"].get("exact", []))
        if "dated" in model["match"]:
            names += [f"{model['match']['dated']}{suffix}" for suffix in ("-20260101", "-2026-01-01", "@20260101")]
        for name in names:
            assert [other["id"] for other in book["models"] if matches(other["match"], name)] == [model["id"]], name


def test_a_name_belongs_to_one_vendor() -> None:
    owners: dict[str, str] = {}
    for book, model in MODELS:
        if book["provider"] in OWNERS and not book.get("rules", {}).get("hosts_others"):
            for name in model["match"].get("exact", []):
                assert owners.setdefault(name, book["provider"]) == book["provider"], name


def test_dated_entries_of_one_name_do_not_overlap() -> None:
    for _, model in MODELS:
        general = [e for e in model["prices"] if "applies_to" not in e]
        names = {name for e in model["prices"] for name in e.get("applies_to", [])}
        assert names <= set(model["match"].get("exact", [])), model["id"]
        for group in (general, *([e for e in model["prices"] if name in e.get("applies_to", [])] for name in names)):
            begins = [instant(e.get("from")) or ALWAYS for e in group]
            ends = [instant(e.get("to")) or after for e, after in zip(group, [*begins[1:], FOREVER], strict=True)]
            spans = list(zip(begins, ends, strict=True))
            assert all(since < until for since, until in spans), model["id"]
            assert all(a[1] <= b[0] or b[1] <= a[0] for a, b in combinations(spans, 2)), model["id"]


def test_a_tier_a_window_and_an_explicit_service_level_name_all_rates_of_the_base() -> None:
    for model, entry in ENTRIES:
        base = set(entry.get("per_mtok", {}))
        for rates, parts in sheets(entry):
            assert set(rates) >= base, model["id"]
            assert all(set(part["per_mtok"]) >= base for part in parts), model["id"]


def test_multipliers_leave_alone_only_what_the_entry_prices() -> None:
    for model, entry in ENTRIES:
        known = {*entry.get("per_mtok", {}), *entry.get("per_unit", {}), *entry.get("per_request", {})}
        for part in (*entry.get("service", {}).values(), *entry.get("modifiers", [])):
            assert set(part.get("not_on", [])) <= known, model["id"]


def test_zero_is_the_input_price_of_free_models_only() -> None:
    for model, entry in ENTRIES:
        usd = Decimal(entry.get("per_mtok", {}).get("input", "1"))
        assert (usd == 0) == model.get("free", False), model["id"]


def test_windows_lie_within_one_day_and_tiers_rise() -> None:
    for model, entry in ENTRIES:
        hours = [span.split("-") for window in entry.get("windows", []) for span in window["hours"]]
        assert all(first < last <= "24:00" for first, last in hours), model["id"]
        thresholds = [tier["over"] for tier in entry.get("tiers", [])]
        assert thresholds == sorted(thresholds), model["id"]


# What people paid


def test_cached_input_of_gpt_4o_costs_half() -> None:
    used = {"fresh_input": 164, "cache_read": 256, "text_output": 100}
    assert (
        cost("gpt-4o", "2026-11-18", used) == per_mtok((164, "2.50"), (256, "1.25"), (100, "10")) == Decimal("0.00173")
    )


def test_the_alias_gpt_4o_kept_its_launch_price_when_the_cheaper_snapshot_came() -> None:
    used = {"fresh_input": 10_000, "text_output": 1_000}
    assert cost("gpt-4o", "2024-09-01", used) == per_mtok((10_000, "5"), (1_000, "15"))
    assert cost("gpt-4o-2024-08-06", "2024-09-01", used) == per_mtok((10_000, "2.50"), (1_000, "10"))
    assert cost("gpt-4o", "2024-12-20", used) == per_mtok((10_000, "2.50"), (1_000, "10"))
    assert cost("gpt-4o-2024-05-13", "2026-11-18", used) == per_mtok((10_000, "5"), (1_000, "15"))


def test_the_batch_price_of_gpt_4o_has_no_discount_on_cached_input() -> None:
    used = {"fresh_input": 1_000, "cache_read": 1_000, "text_output": 1_000}
    assert cost("gpt-4o", "2026-11-18", used, service_tier="batch") == per_mtok(
        (1_000, "1.25"), (1_000, "1.25"), (1_000, "5")
    )


def test_o3_fell_by_four_fifths_on_10_june_2025() -> None:
    used = {"fresh_input": 60_000, "cache_read": 40_000, "text_output": 2_000, "reasoning": 3_000}
    assert (
        cost("o3", "2025-06-09T23:59:59", used)
        == per_mtok((60_000, "10"), (40_000, "2.50"), (5_000, "40"))
        == Decimal("0.9")
    )
    assert cost("o3", "2025-06-10T00:00:00", used) == per_mtok((60_000, "2"), (40_000, "0.50"), (5_000, "8"))


def test_o1_mini_was_cut_when_o3_mini_came() -> None:
    used = {"fresh_input": 40_000, "cache_read": 10_000, "text_output": 9_000}
    assert cost("o1-mini", "2025-01-20", used) == per_mtok((40_000, "3"), (10_000, "1.50"), (9_000, "12"))
    assert cost("o1-mini", "2025-02-01", used) == per_mtok((40_000, "1.10"), (10_000, "0.55"), (9_000, "4.40"))


def test_a_cache_write_replaces_the_input_price_and_is_not_added_to_it() -> None:
    used = {"fresh_input": 3, "cache_write_5m": 12_304, "text_output": 550}
    paid = per_mtok((3, "3"), (12_304, "3.75"), (550, "15"))
    assert cost("claude-3-7-sonnet-20250219", "2025-04-08", used) == paid == Decimal("0.054399")


def test_claude_3_5_haiku_became_cheaper_a_month_after_launch() -> None:
    used = {"fresh_input": 1_000, "text_output": 1_000}
    assert cost("claude-3-5-haiku-20241022", "2024-11-20", used) == per_mtok((1_000, "1"), (1_000, "5"))
    assert cost("claude-3-5-haiku-20241022", "2025-01-08", used) == per_mtok((1_000, "0.80"), (1_000, "4"))


def test_the_long_context_price_of_sonnet_4_5_starts_above_200k_and_reprices_all_tokens() -> None:
    at = {"fresh_input": 200_000, "text_output": 1_000}
    above = {"fresh_input": 50_000, "cache_read": 1, "cache_write_1h": 150_000, "text_output": 1_000}
    paid_above = per_mtok((50_000, "6"), (1, "0.60"), (150_000, "12"), (1_000, "22.50"))
    assert cost("claude-sonnet-4-5", "2026-01-15", at) == per_mtok((200_000, "3"), (1_000, "15"))
    assert cost("claude-sonnet-4-5", "2026-01-15", above) == paid_above
    assert cost("claude-sonnet-4-5", "2026-05-01", at | {"tool_use": 1}) == per_mtok((200_001, "3"), (1_000, "15"))


def test_the_batch_discount_of_anthropic_stacks_on_cache_writes_but_not_on_searches() -> None:
    used = {"fresh_input": 3_000, "cache_read": 2_000, "cache_write_1h": 5_000, "text_output": 1_000}
    half = per_mtok((3_000, "2.50"), (2_000, "0.25"), (5_000, "5"), (1_000, "12.50"))
    assert cost(
        "claude-opus-5", "2026-10-01", used, service_tier="batch", units={"web_search": 2}
    ) == half + 2 * Decimal("0.01")


def test_fast_mode_and_data_residency_multiply() -> None:
    used = {"fresh_input": 1_000, "text_output": 100}
    paid = per_mtok((1_000, "5"), (100, "25")) * 2 * Decimal("1.1")
    assert cost("claude-opus-5", "2026-10-01", used, speed="fast", inference_geo="us") == paid


def test_deepseek_full_price_began_at_16_utc_on_8_february_2025() -> None:
    used = {"fresh_input": 1_000, "cache_read": 9_000, "text_output": 500}
    assert cost("deepseek/deepseek-coder", "2025-02-08T15:59:59", used) == per_mtok(
        (1_000, "0.14"), (9_000, "0.014"), (500, "0.28")
    )
    assert cost("deepseek/deepseek-chat", "2025-02-08T16:00:00", used) == per_mtok(
        (1_000, "0.27"), (9_000, "0.07"), (500, "1.10")
    )


def test_deepseek_nights_of_2025_were_half_price_from_1630_to_0030_utc() -> None:
    used = {"fresh_input": 1_000, "text_output": 1_000}
    day, night = per_mtok((1_000, "0.27"), (1_000, "1.10")), per_mtok((1_000, "0.135"), (1_000, "0.55"))
    clocks = {"16:29:59": day, "16:30:00": night, "23:59:59": night, "00:29:59": night, "00:30:00": day}
    assert {clock: cost("deepseek-chat", f"2025-06-02T{clock}", used) for clock in clocks} == clocks


def test_deepseek_weekends_are_off_peak_since_23_august_2026() -> None:
    used = {"fresh_input": 30_000, "cache_read": 20_000, "text_output": 3_000}
    peak = per_mtok((30_000, "1.32"), (20_000, "0.044"), (3_000, "3.96"))
    assert cost("deepseek-v4-pro", "2026-08-22T01:00:00", used) == peak  # a Saturday, before the rule
    assert cost("deepseek-v4-pro", "2026-08-29T01:00:00", used) == peak / 2  # a Saturday, after it
    assert cost("deepseek-v4-pro", "2026-08-31T01:00:00", used) == peak  # a Monday


def test_the_threshold_of_xai_is_inclusive_and_that_of_openai_is_not() -> None:
    grok = {n: cost("grok-4.6", "2026-11-18", {"fresh_input": n}) for n in (199_999, 200_000)}
    assert grok == {199_999: per_mtok((199_999, "2")), 200_000: per_mtok((200_000, "4"))}
    gpt = {n: cost("gpt-5.4", "2026-11-18", {"fresh_input": n}) for n in (272_000, 272_001)}
    assert gpt == {272_000: per_mtok((272_000, "2.50")), 272_001: per_mtok((272_001, "5"))}


def test_priority_of_gpt_5_4_has_no_long_context_price_and_goes_by_the_name_fast_too() -> None:
    for tier in ("priority", "fast"):
        assert cost("gpt-5.4", "2026-11-18", {"fresh_input": 300_000}, service_tier=tier) == per_mtok((300_000, "5"))


def test_gemini_1_5_pro_was_cut_in_october_2024_and_doubles_above_128k() -> None:
    assert cost("gemini/gemini-1.5-pro", "2024-09-30", {"fresh_input": 128_000}) == per_mtok((128_000, "3.50"))
    assert cost("gemini/gemini-1.5-pro", "2024-10-01", {"fresh_input": 128_000}) == per_mtok((128_000, "1.25"))
    assert cost("gemini/gemini-1.5-pro", "2024-10-01", {"fresh_input": 128_001}) == per_mtok((128_001, "2.50"))


def test_an_announced_price_waits_for_its_day() -> None:
    used = {"fresh_input": 1_000, "text_output": 1_000}
    assert cost("gemini-3.8-flash", "2026-12-31", used) == per_mtok((1_000, "0.75"), (1_000, "3.75"))
    assert cost("gemini-3.8-flash", "2027-01-01", used) == per_mtok((1_000, "1.50"), (1_000, "7.50"))


def test_an_alias_is_billed_as_the_model_it_stood_for_that_day() -> None:
    used = {"fresh_input": 1_000, "text_output": 1_000}
    days = {
        "2024-07-01": ("4", "12"),
        "2024-08-01": ("3", "9"),
        "2024-10-01": ("2", "6"),
        "2026-01-01": ("0.50", "1.50"),
    }
    for day, (i, o) in days.items():
        assert cost("mistral-large-latest", day, used, provider="mistral") == per_mtok((1_000, i), (1_000, o)), day


def test_a_fine_tune_is_matched_by_its_base_model() -> None:
    used = {"fresh_input": 5_000, "cache_read": 5_000, "text_output": 1_000}
    paid = per_mtok((5_000, "0.80"), (5_000, "0.20"), (1_000, "3.20"))
    assert cost("ft:gpt-4.1-mini-2025-04-14:acme::x1", "2026-06-01", used) == paid == Decimal("0.0082")


def test_image_tokens_of_azure_have_their_own_rates() -> None:
    used = {"fresh_input": 34, "image_input": 323, "text_output": 335, "image_output": 6_208}
    paid = per_mtok((34, "5"), (323, "8"), (335, "10"), (6_208, "32"))
    assert cost("azure/gpt-image-1.5", "2026-02-23", used) == paid == Decimal("0.20476")


def test_a_data_zone_of_azure_costs_a_tenth_more() -> None:
    assert cost("azure/us/gpt-4o-2024-08-06", "2026-11-18", {"fresh_input": 10_000}) == per_mtok((10_000, "2.75"))
    assert cost("azure/gpt-4o-2024-08-06", "2026-11-18", {"fresh_input": 10_000}) == per_mtok((10_000, "2.50"))


def test_a_prefix_names_the_provider_and_a_provider_may_go_by_an_alias() -> None:
    used = {"fresh_input": 1_000_000}
    assert cost("openai/gpt-4o", "2026-11-18", used) == Decimal("2.5")
    assert cost("gemini-2.5-flash", "2026-11-18", used, provider="vertex_ai") == Decimal("0.3")
    assert cost("gpt-5.2-20251211", "2026-01-10", used) == Decimal("1.75")


def test_images_are_billed_as_text_where_the_vendor_does_so() -> None:
    assert cost("grok-4.3", "2026-11-18", {"fresh_input": 200, "image_input": 300}) == per_mtok((500, "1.25"))


def test_grounding_of_gemini_2_is_paid_once_per_prompt_and_of_gemini_3_once_per_query() -> None:
    for searches in (1, 4):
        paid = cost("gemini-2.5-flash-lite", "2026-11-18", {"fresh_input": 3_000}, units={"web_search": searches})
        assert paid == per_mtok((3_000, "0.10")) + Decimal("0.035")
        paid = cost("gemini-3.5-flash", "2026-11-18", {"fresh_input": 3_000}, units={"web_search": searches})
        assert paid == per_mtok((3_000, "1.50")) + searches * Decimal("0.014")


def test_a_level_or_speed_that_is_not_sold_is_billed_as_standard() -> None:
    used = {"fresh_input": 10_000, "cache_read": 5_000, "text_output": 700}
    paid = per_mtok((10_000, "3"), (5_000, "0.30"), (700, "15"))
    for terms in ({"service_tier": "flex"}, {"service_tier": "priority"}, {"speed": "fast"}):
        assert cost("claude-sonnet-4-5", "2026-11-18", used, **terms) == paid


def test_flex_of_the_azure_minis_is_sold_since_24_november_2026() -> None:
    used = {"fresh_input": 10_000, "cache_read": 5_000, "text_output": 700}
    full = per_mtok((10_000, "0.75"), (5_000, "0.075"), (700, "4.50"))
    assert cost("azure/gpt-5.4-mini", "2026-11-23T23:59:59", used, service_tier="flex") == full
    assert cost("azure/gpt-5.4-mini", "2026-11-24", used, service_tier="flex") == full / 2
    assert cost("gpt-5.4-mini", "2026-11-23", used, service_tier="flex") == full / 2  # at OpenAI, always


def test_a_retired_name_keeps_its_last_price() -> None:
    used = {"fresh_input": 1_000, "text_output": 1_000}
    assert cost("deepseek-chat", "2026-11-18", used) == per_mtok((1_000, "0.14"), (1_000, "0.28"))
    assert cost("gemini-pro", "2026-11-18", used) == per_mtok((1_000, "0.50"), (1_000, "1.50"))


def test_upper_and_lower_case_are_the_same() -> None:
    assert cost("GPT-4o", "2026-11-18", {"fresh_input": 1_000_000}, provider="OpenAI") == Decimal("2.5")


# What must stay without a price, or unchanged


@pytest.mark.parametrize(
    "model", ["gemini-3.8-flash-cyber", "gpt-4o-2099-01-01", "claude-opus-5-5-fast", "gpt4o", "gpt-9-ultra", "gpt-4o "]
)
def test_a_name_is_never_matched_by_its_beginning_or_its_likeness(model: str) -> None:
    assert priced(model, "2026-11-18", {"fresh_input": 1}) == (None, "unknown model")


@pytest.mark.parametrize(
    ("model", "day", "tokens", "facts", "expected"),
    [
        ("", "2026-01-01", {}, {}, "unknown model"),
        ("gpt-4o", "2026-01-01", {}, {"provider": "acme"}, "unknown model"),
        ("claude-opus-5", "2026-01-01", {}, {"provider": "openai"}, "unknown model"),
        ("gpt-4o", "2024-05-12", {}, {}, "before the first price"),
        ("claude-instant-1.2", "2024-11-07", {}, {}, "after the last price"),
        ("gpt-4o", None, {}, {}, "undated"),
        ("deepseek-flash", None, {}, {}, "undated"),
        ("claude-sonnet-4-5", None, {}, {}, "undated"),
        ("gpt-4o", "2026-01-01", {"audio_input": 1}, {}, "no rate for audio_input"),
        ("claude-opus-5", "2026-10-01", {"audio_output": 1}, {}, "no rate for audio_output"),
        ("gpt-4o", "2026-01-01", {}, {"units": {"pages": 1}}, "no rate for unit pages"),
    ],
)
def test_what_has_no_price_has_a_reason(model, day, tokens, facts, expected) -> None:
    assert priced(model, day, tokens, **facts) == (None, expected)


def test_a_row_without_time_is_priced_when_its_model_never_changed() -> None:
    assert cost("gpt-4o-mini", None, {"fresh_input": 1_000_000}) == Decimal("0.15")
    assert cost("gpt-4o-2024-08-06", None, {"fresh_input": 1_000_000}) == Decimal("2.5")


def test_a_region_without_a_surcharge_and_the_names_of_the_standard_tier_change_nothing() -> None:
    used = {"fresh_input": 1_000_000}
    assert cost("gpt-4o", "2026-01-01", used, region="eu", inference_geo="us") == Decimal("2.5")
    for tier in ("default", "standard", "on_demand", "auto"):
        assert cost("gpt-4o", "2026-01-01", used, service_tier=tier, speed="standard") == Decimal("2.5")


def test_an_aggregated_row_stays_at_the_base_rates() -> None:
    assert cost("gpt-5.4", "2026-11-18", {"fresh_input": 300_000}, requests=20) == per_mtok((300_000, "2.50"))


def test_a_free_model_costs_zero_at_every_service_level() -> None:
    for tier in (None, "batch", "flex", "priority"):
        assert cost("gemma-4-31b-it", "2026-11-18", {"fresh_input": 5}, service_tier=tier, provider="gemini") == 0


def test_a_name_of_two_vendors_is_ambiguous_until_the_provider_is_known() -> None:
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    model = {"id": "m", "match": {"exact": ["m"]}, "prices": [{"from": start, "per_mtok": {"input": "1"}}]}
    books = [{"provider": name, "models": [model]} for name in ("openai", "mistral", "azure")]
    row = {"model": "m", "ts_us": 1_800_000_000_000_000, "fresh_input_tokens": 1_000_000}
    assert price(row, books) == (None, "ambiguous")
    assert price(row | {"provider": "mistral"}, books) == (Decimal(1), None)
    assert price(row | {"model": "azure/m"}, books) == (Decimal(1), None)


def test_a_cost_is_rounded_once_and_half_to_even() -> None:
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    rates = {"input": "0.0000005", "output": "0.0000005"}  # half a pico-dollar per token
    books = [
        {
            "provider": "own",
            "models": [{"id": "m", "match": {"exact": ["m"]}, "prices": [{"from": start, "per_mtok": rates}]}],
        }
    ]
    row = {"provider": "own", "model": "m", "ts_us": 1_800_000_000_000_000}
    pico = {n: price(row | {"fresh_input_tokens": n}, books)[0] for n in (1, 2, 3, 5)}
    assert pico == {1: Decimal(0), 2: Decimal("1e-12"), 3: Decimal("2e-12"), 5: Decimal("2e-12")}
    assert price(row | {"fresh_input_tokens": 1, "text_output_tokens": 1}, books) == (Decimal("1e-12"), None)
