"""The user's own prices: the same schema, and they win."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmcost.errors import UsageError
from llmcost.pricing import catalogue, names
from tests.pricing.books import charge, model, put, row, shipped, with_overrides

MILLION = {"fresh_input_tokens": 1_000_000}


def cost(prices, **facts) -> Decimal | None:
    return charge([row(**MILLION, **facts)], prices)[0]["cost"]


def test_an_override_wins_for_its_names_and_leaves_others_as_they_were(tmp_path) -> None:
    prices = with_overrides(tmp_path, model('{per_mtok: {input: "1.75", output: "7"}}', "gpt-4o", "openai"))
    assert cost(prices, provider="openai", model="gpt-4o") == Decimal("1.75")
    assert cost(prices, provider=None, model="GPT-4o") == Decimal("1.75")
    assert cost(prices, provider="openai", model="gpt-4o-2024-08-06") == Decimal("2.5")
    assert cost(prices, provider="azure", model="gpt-4o") == Decimal("2.5")
    assert cost(prices, provider="openai", model="gpt-4o-mini") == Decimal("0.15")


def test_a_dated_stem_or_a_pattern_of_an_override_wins_over_an_exact_name_of_the_catalogue(tmp_path) -> None:
    for match in ("dated: gpt-4o", "regex: ['gpt-4o-20.*']"):
        text = model('{per_mtok: {input: "1"}}', "x", "openai").replace("exact: [x]", match)
        prices = with_overrides(tmp_path, text)
        assert cost(prices, provider="openai", model="gpt-4o-2024-08-06") == 1
        assert cost(prices, provider="openai", model="gpt-4o") == Decimal("2.5")


def test_a_provider_of_ones_own_is_looked_up_with_and_without_its_name(tmp_path) -> None:
    prices = with_overrides(tmp_path, model("{per_mtok: {input: 0.25}}", "llama-house", "gpu-cluster"))
    assert cost(prices, provider="gpu-cluster", model="llama-house") == Decimal("0.25")
    assert cost(prices, provider=None, model="llama-house") == Decimal("0.25")
    assert cost(prices, provider=None, model="gpu-cluster/llama-house") == Decimal("0.25")
    assert cost(prices, provider="openai", model="llama-house") is None


def test_a_provider_may_be_called_by_an_alias_and_the_catalogue_keeps_it(tmp_path) -> None:
    prices = with_overrides(tmp_path, model('{per_mtok: {input: "9"}}', "grok-4.6", "x-ai"))
    for provider in ("x-ai", "xai"):
        assert cost(prices, provider=provider, model="grok-4.6") == 9
        assert cost(prices, provider=provider, model="grok-4.7") == 4  # a million tokens are long context
    assert names.index(prices).match(None, "grok-4.6").model.provider == "xai"


def test_one_who_hosts_others_is_not_asked_when_the_log_names_no_provider(tmp_path) -> None:
    prices = with_overrides(tmp_path, model('{per_mtok: {input: "9"}}', "gpt-4o", "azure"))
    assert cost(prices, provider="azure", model="gpt-4o") == 9
    assert cost(prices, provider=None, model="gpt-4o") == Decimal("2.5")


def test_the_last_of_several_files_wins(tmp_path) -> None:
    first = put(
        tmp_path,
        model('{per_mtok: {input: "1"}}') + "  - {match: {exact: [n]}, prices: [{per_mtok: {input: '5'}}]}\n",
        "a.yaml",
    )
    second = put(tmp_path, model('{per_mtok: {input: "2"}}'), "b.yaml")
    prices = catalogue.load([first, second])
    assert [cost(prices, model=name) for name in ("m", "n")] == [2, 5]


def test_a_file_may_be_json_and_its_numbers_need_no_quotes(tmp_path) -> None:
    text = '{"schema": 1, "provider": "own", "models": [{"match": {"exact": ["m"]}, "prices": [{"per_mtok": {"input": 0.1}}]}]}'
    assert cost(with_overrides(tmp_path, text)) == Decimal("0.1")


def test_the_digest_changes_with_the_files_and_only_with_them(tmp_path) -> None:
    path = put(tmp_path, model('{per_mtok: {input: "1"}}'))
    before = catalogue.digest([path])
    assert before == catalogue.digest([path]) == catalogue.load([path]).digest != shipped().digest
    path.write_text(path.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    assert catalogue.digest([path]) != before


def test_the_catalogue_is_of_the_newest_day_on_which_a_price_was_checked(tmp_path) -> None:
    text = model('{per_mtok: {input: "1"}, source: {checked: 2031-02-03}}')
    assert with_overrides(tmp_path, text).as_of == "2031-02-03"
    assert shipped().as_of < "2031"


@pytest.mark.parametrize(
    ("prices", "place", "message", "hint"),
    [
        (
            '{from: 2026-01-01, to: 2026-03-02, per_mtok: {input: "1"}}\n{from: 2026-03-01, per_mtok: {input: "2"}}',
            *(8, "m: the price from 2026-03-01 overlaps the one from 2026-01-01"),
            "let the earlier one end: to: DATE, exclusive",
        ),
        (
            '{per_mtok: {input: "2500"}}',
            *(7, "m: input of 2500 USD per million tokens: is it per thousand or per token?"),
            "prices are per million tokens; if it is right, say unusual: true",
        ),
    ],
)
def test_prices_that_would_bill_what_nobody_asks_are_refused(tmp_path, prices, place, message, hint) -> None:
    with pytest.raises(UsageError) as caught:
        with_overrides(tmp_path, model(prices))
    assert (caught.value.place, caught.value.message) == (f"{tmp_path}/prices.local.yaml:{place}", message)
    assert caught.value.hint == hint


def test_an_unusual_price_is_taken_at_its_word(tmp_path) -> None:
    prices = with_overrides(tmp_path, model('{per_mtok: {input: "2500"}, unusual: true}'))
    assert cost(prices, provider="own", model="m") == 2500


def test_successive_prices_of_ones_own_are_no_conflict(tmp_path) -> None:
    for end in ("to: 2026-03-01, ", ""):  # an open entry ends where the next begins
        text = f'{{from: 2026-01-01, {end}per_mtok: {{input: "1"}}}}\n{{from: 2026-03-01, per_mtok: {{input: "2"}}}}'
        prices = with_overrides(tmp_path, model(text))
        assert [cost(prices, provider="own", model="m", day=day) for day in ("2026-02-28", "2026-03-01")] == [1, 2]
