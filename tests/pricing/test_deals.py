"""Discounts, mark-up and the list price of the same requests: by hand, by an oracle, and every sentence that refuses one."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.errors import UsageError
from llmcost.pricing import catalogue, levels
from llmcost.pricing.reprice import reprice
from llmcost.store import open_ledger
from tests.pricing.books import charge, fill, model, put, row, shipped

MILLION = {"fresh_input_tokens": 1_000_000}
GPT = {"provider": "openai", "model": "gpt-4o", **MILLION}
"""gpt-4o costs 2.50 USD per million tokens of input, a search with it 0.01."""


def with_deals(tmp_path, text: str) -> catalogue.Catalogue:
    return catalogue.load([put(tmp_path, f"schema: 1\n{text}")])


def cost(prices, day: str = "2026-11-18", **facts) -> Decimal | None:
    return charge([row(day, **(GPT | facts))], prices)[0]["cost"]


def test_a_discount_is_off_the_list_price_of_its_provider(tmp_path) -> None:
    prices = with_deals(tmp_path, "discounts: [{provider: openai, percent: 12%}]")
    assert cost(prices) == Decimal("2.50") - Decimal("2.50") * 12 / 100
    assert cost(prices, units={"web_search": 2}) == Decimal("2.2") + 2 * Decimal("0.0088")
    assert cost(prices, service_tier="batch") == Decimal("1.25") * 88 / 100
    assert cost(prices, provider="azure") == Decimal("2.50")


def test_a_discount_holds_from_its_first_day_to_the_day_before_its_end(tmp_path) -> None:
    text = "discounts: [{provider: openai, percent: 20%, since: 2026-10-01, until: 2026-11-01}]"
    prices = with_deals(tmp_path, text)
    days = ("2026-09-30T23:59:59", "2026-10-01", "2026-10-31T23:59:59", "2026-11-01")
    assert [cost(prices, day) for day in days] == [Decimal("2.5"), 2, 2, Decimal("2.5")]
    assert charge([row(None, **GPT)], prices)[0]["unpriced_reason"] == "undated"


def test_the_discount_of_a_model_goes_before_that_of_its_provider(tmp_path) -> None:
    text = 'discounts: [{provider: openai, percent: 10%}, {provider: OpenAI, model: "GPT-4o*", percent: 50%}]'
    prices = with_deals(tmp_path, text)
    assert cost(prices) == Decimal("1.25")
    assert cost(prices, model="gpt-5") == Decimal("1.25") * 90 / 100


def test_what_a_discount_is_not_on_costs_as_in_the_list(tmp_path) -> None:
    prices = with_deals(tmp_path, "discounts: [{provider: openai, percent: 50%, not_on: [web_search, output]}]")
    assert cost(prices, units={"web_search": 1}, text_output_tokens=1_000_000) == Decimal("1.25") + Decimal("0.01") + 10


def test_a_price_of_ones_own_is_agreed_already_but_is_marked_up(tmp_path) -> None:
    own = model('{per_mtok: {input: "2"}}', "gpt-4o", "openai")
    deals = "discounts: [{provider: openai, percent: 50%}]\nmarkup: [{percent: 7.5%}]\n"
    prices = catalogue.load([put(tmp_path, own + deals)])
    assert cost(prices) == 2 + Decimal(2) * 75 / 1000
    assert cost(prices, model="gpt-4o-mini") == Decimal("0.15") / 2 * 1075 / 1000


def test_the_price_says_what_is_agreed(tmp_path) -> None:
    prices = with_deals(tmp_path, "discounts: [{provider: openai, percent: 12%}]\nmarkup: [{percent: 8%}]")
    assert charge([row(**GPT)], prices)[0]["price_id"].startswith("openai/gpt-4o@2024-08-06;discount=12%;markup=8%#")
    assert charge([row(**GPT)], shipped())[0]["price_id"].startswith("openai/gpt-4o@2024-08-06#")


def test_a_discount_that_begins_after_the_day_of_a_pin_is_not_known_on_it(tmp_path) -> None:
    prices = with_deals(tmp_path, "discounts: [{provider: openai, percent: 50%, since: 2026-10-02}]")
    assert cost(catalogue.as_of(prices, "2026-10-01")) == Decimal("2.5")
    assert cost(catalogue.as_of(prices, "2026-10-02")) == Decimal("1.25")


def test_list_contracted_and_billed_cost_of_the_same_requests(tmp_path) -> None:
    own = (
        model('{per_mtok: {input: "2"}}', "gpt-4o", "openai")
        + "  - {match: {exact: [house]}, prices: [{per_mtok: {input: '1'}}]}\n"
    )
    deals = "discounts: [{provider: anthropic, percent: 10%}]\nmarkup: [{percent: 5%}]\n"
    prices = catalogue.load([put(tmp_path, own + deals)])
    sonnet = {"provider": "anthropic", "model": "claude-sonnet-4-5", "fresh_input_tokens": 100_000}
    rows = [row(**GPT), row(**GPT | {"model": "house"}), row(**sonnet), row(**GPT | {"model": "unheard-of"})]
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        fill(store, rows)
        reprice(store, prices)
        table = levels.price(store, prices)
        found = store.rows(f"SELECT list_cost, contracted_cost, billed_cost FROM {table} ORDER BY seq")
        assert found == [
            (Decimal("2.5"), 2, Decimal("2.1")),
            (1, 1, Decimal("1.05")),  # no vendor lists it: the list is ours
            (Decimal("0.3"), Decimal("0.27"), Decimal("0.27") * 105 / 100),
            (None, None, None),
        ]
        # nothing of this is left in the way of what is stored
        assert store.value("SELECT count(*) FROM requests") == 4


def test_without_prices_of_ones_own_the_three_are_one_figure(tmp_path) -> None:
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        fill(store, [row("2026-11-01", **GPT), row("2026-11-02", **GPT), row(None, **GPT)])
        reprice(store, shipped())
        day = 1_793_491_200_000_000 + 86_400_000_000  # 2026-11-02
        table = levels.price(store, shipped(), day, day + 86_400_000_000)
        assert store.rows(f"FROM {table}") == [(2, Decimal("2.5"), Decimal("2.5"), Decimal("2.5"))]


percents = st.decimals(min_value=Decimal("0.000001"), max_value=100, places=6)


@settings(max_examples=10, deadline=None)
@given(off=percents, on=percents, tokens=st.integers(1, 10**9), searches=st.integers(0, 50), batch=st.booleans())
def test_every_bill_is_the_exact_product_rounded_once(tmp_path_factory, off, on, tokens, searches, batch) -> None:
    folder = tmp_path_factory.mktemp("deals")
    text = f"discounts: [{{provider: openai, percent: {off}%}}]\nmarkup: [{{percent: {on}%}}]"
    facts = {
        "fresh_input_tokens": tokens,
        "units": {"web_search": searches},
        "service_tier": "batch" if batch else None,
    }
    exact = Fraction("1.25" if batch else "2.5") * tokens / 10**6 + Fraction("0.01") * searches
    exact *= (1 - Fraction(off) / 100) * (1 + Fraction(on) / 100)
    with localcontext(prec=120):
        value = Decimal(exact.numerator) / Decimal(exact.denominator)
        assert cost(with_deals(folder, text), **facts) == value.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)


WRONG = [
    ("discounts: [{percent: 12%}]", 2, "discounts[0]: 'provider' is missing", None),
    ("markup: [{provider: openai}]", 2, "markup[0]: 'percent' is missing", None),
    *(
        (f"discounts: [{{provider: openai, percent: {text}}}]", 2, f"discounts[0].percent: '{text}' is no share above 0% and up to 100%", "write 12%")
        for text in ("12", "0.12", "0%", "-3%", "101%", "1e1%", "nan")
    ),
    ("markup: [{percent: 1001%}]", 2, "markup[0].percent: '1001%' is no share above 0% and up to 1000%", "write 12%"),
    ("discounts: [{provider: opnai, percent: 1%}]", 2, "discount 1%: the catalogue has no provider 'opnai'", "did you mean 'openai'?"),
    ("markup: [{model: gpt-4oo, percent: 1%}]", 2, "markup 1%: no model is called 'gpt-4oo'", "did you mean 'gpt-4o'?"),
    ("markup: [{percent: 1%, not_on: [web_serch]}]", 2, "markup 1%: unknown rate 'web_serch'", "did you mean 'web_search'?"),
    (
        "discounts: [{provider: openai, percent: 1%, since: 2026-02-01, until: 2026-02-01}]",
        *(2, "discounts[0].until: '2026-02-01' is not after 'since'", "the end is exclusive"),
    ),
    (
        "discounts:\n  - {provider: openai, percent: 1%, until: 2026-02-02}\n  - {provider: openai, percent: 2%, since: 2026-02-01}",
        *(4, "the discount 2% is on prices that have the discount 1% (FILE:3) at the same time"),
        "end one of them with 'until', or name the model of one",
    ),
    (
        'markup:\n  - {model: "gpt-4*", percent: 1%}\n  - {model: "*4o", percent: 2%}',
        *(4, "the markup 2% is on prices that have the markup 1% (FILE:3) at the same time"),
        "end one of them with 'until', or name the model of one",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "sentence", "hint"), WRONG)
def test_what_cannot_be_right_is_refused(tmp_path, text: str, line: int, sentence: str, hint: str | None) -> None:
    path = tmp_path / "prices.local.yaml"
    with pytest.raises(UsageError) as error:
        with_deals(tmp_path, text)
    assert (error.value.place, error.value.message, error.value.hint) == (
        f"{path}:{line}",
        sentence.replace("FILE", str(path)),
        hint,
    )


def test_one_discount_after_the_other_is_no_conflict(tmp_path) -> None:
    text = """discounts:
  - {provider: openai, percent: 1%, until: 2026-02-01}
  - {provider: openai, percent: 2%, since: 2026-02-01}
  - {provider: openai, model: gpt-4o, percent: 3%}
  - {provider: openai, model: gpt-5, percent: 4%}
"""
    assert len(with_deals(tmp_path, text).deals) == 4


def test_a_catalogue_holds_list_prices_only(tmp_path) -> None:
    path = put(tmp_path, model('{per_mtok: {input: "2"}}') + "markup: [{percent: 5%}]\n")
    with pytest.raises(UsageError, match="a catalogue holds list prices"):
        catalogue.load_folder(path)
