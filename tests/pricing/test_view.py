"""The catalogue as tables: what is in force now, all that a name ever cost, and what was restated."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmcost.errors import UsageError
from llmcost.pricing import rates, view
from llmcost.pricing.reprice import Restatement
from tests.pricing.books import model, shipped, tiny, us, with_overrides

NOW = us("2026-11-24")


def listed(catalogue, provider: str | None = None) -> list[tuple[object, ...]]:
    return [tuple(row[:7]) for row in view.listing(catalogue, provider, NOW).rows]


def test_the_list_shows_the_price_in_force_now() -> None:
    text = '{from: 2026-01-01, per_mtok: {input: "3"}}\n{from: 2026-02-01, per_mtok: {input: "2", output: "8"}}\n{from: 2027-01-01, per_mtok: {input: "1"}}'
    assert listed(tiny(model(text))) == [("own", "m", "2026-02-01", 2, None, None, 8)]


def test_the_list_shows_an_override_in_place_of_what_it_replaces(tmp_path) -> None:
    prices = with_overrides(tmp_path, model('{per_mtok: {input: "9"}}', "gpt-4o", "openai"))
    of_openai = [row for row in listed(prices, "OpenAI") if row[1] == "gpt-4o"]
    assert of_openai == [("openai", "gpt-4o", "always", 9, None, None, None)]
    assert len(listed(prices)) == len(listed(shipped()))


def test_an_unknown_provider_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as found:
        view.listing(shipped(), "antropic", NOW)
    assert (str(found.value), found.value.hint) == (
        "prices list: unknown provider 'antropic'",
        "did you mean 'anthropic'?",
    )


def test_a_card_has_one_row_for_each_stretch_of_time_size_and_hours() -> None:
    text = '{from: 2026-01-01, to: 2026-02-01, per_mtok: {input: "1"}, tiers: [{over: 100, per_mtok: {input: "2"}}]}\n{from: 2026-02-01, per_mtok: {input: "3"}, windows: [{name: peak, tz: UTC, hours: ["09:00-12:00"], per_mtok: {input: "6"}}]}'
    table = view.card(tiny(model(text)), "M", "own", rates.Terms(), why=False)
    assert [row[:4] for row in table.rows] == [
        ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "standard", Decimal(1)],
        ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "over 100", Decimal(2)],
        ["2026-02-01T00:00:00Z", None, "standard", Decimal(3)],
        ["2026-02-01T00:00:00Z", None, "hours peak", Decimal(6)],
    ]


def test_a_card_tells_fees_and_service_levels() -> None:
    text = '{per_mtok: {input: "1"}, per_unit: {page: "0.02"}, per_request: {web_search: "0.035"}, service: {batch: {multiply: "0.5"}}}'
    notes = view.card(tiny(model(text)), "m", "own", rates.Terms(), why=True).notes
    assert "'m' is own/m by its exact name" in notes
    assert "own/m, chat; also sold as batch: --tier" in notes
    assert "page: 0.02 USD each" in notes
    assert "web_search: 0.035 USD per request that uses it" in notes


def test_an_unknown_name_is_refused_with_the_steps_and_the_nearest() -> None:
    with pytest.raises(UsageError) as found:
        view.card(shipped(), "gpt-4oo", "openai", rates.Terms(), why=False)
    assert str(found.value) == "prices show: 'gpt-4oo' has no price: unknown model"
    assert found.value.hint == "no exact name, dated suffix or pattern matches 'gpt-4oo'; did you mean 'gpt-4o'?"


def test_a_name_that_only_hosts_sell_is_refused_with_them_and_not_with_itself() -> None:
    with pytest.raises(UsageError) as found:
        view.card(shipped(), "gemini-3.8-flash-cyber", None, rates.Terms(), why=False)
    assert found.value.hint is not None
    assert found.value.hint.endswith("sold by google: name the provider, as in google/gemini-3.8-flash-cyber")


def test_a_restatement_sums_what_is_known() -> None:
    table = view.restatement(
        [Restatement("2026-11-01", 2, Decimal(3), Decimal(5)), Restatement("2026-11-02", 1, None, Decimal(1))]
    )
    assert [row[4] for row in table.rows] == [2, 1]
    assert table.total == [None, 3, Decimal(3), Decimal(6), Decimal(3)]
    assert view.restatement([]).total is None
