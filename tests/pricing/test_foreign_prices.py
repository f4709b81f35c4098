"""Prices in another currency: at the rate of the day, exact up to the request, and unpriced where there is no rate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmcost.errors import UsageError
from llmcost.pricing import catalogue, rates, view
from tests.pricing.books import charge, model, put, row, tiny

EUR = model('{per_mtok: {input: "2", output: "4"}, per_request: {call: "0.5"}}').replace(
    "models:", "currency: EUR\nmodels:"
)
FX = """currency,date,usd
EUR,2026-11-17,1.08
EUR,2026-11-19,1.1
KRW,2026-11-18,0.0007
"""
MILLION = {"fresh_input_tokens": 1_000_000}


def prices(folder, text: str = EUR, fx: str | None = FX) -> catalogue.Catalogue:
    return catalogue.load([put(folder, text)], put(folder, fx, "fx.csv") if fx else None)


def found(book: catalogue.Catalogue, *days: str | None, **facts) -> list[tuple[Decimal | None, str | None]]:
    return [(one["cost"], one["unpriced_reason"]) for one in charge([row(d, **(MILLION | facts)) for d in days], book)]


def test_a_request_is_priced_at_the_rate_of_its_day_and_not_at_that_of_a_neighbour(tmp_path) -> None:
    missing = (None, "no exchange rate of EUR on that day")
    assert found(
        prices(tmp_path), "2026-11-16", "2026-11-17", "2026-11-17T23:59:59", "2026-11-18", "2026-11-19", None
    ) == [
        missing,
        (Decimal("2.16"), None),
        (Decimal("2.16"), None),
        missing,
        (Decimal("2.2"), None),
        (None, "undated"),
    ]


def test_without_any_rate_nothing_is_priced(tmp_path) -> None:
    for fx in (None, "currency,date,usd\nKRW,2026-11-17,0.0007\n"):
        assert found(prices(tmp_path, fx=fx), "2026-11-17", None) == [(None, "no exchange rate of EUR on that day")] * 2


def test_fees_tiers_and_deals_are_converted_alike(tmp_path) -> None:
    text = f"{EUR}markup: [{{percent: 10%}}]\n"
    assert found(prices(tmp_path, text), "2026-11-19", units={"call": 3}) == [
        ((2 + Decimal("0.5")) * Decimal("1.1") * Decimal("1.1"), None)
    ]


def test_a_price_id_names_the_day_of_the_rate(tmp_path) -> None:
    (one,) = charge([row("2026-11-19", **MILLION)], prices(tmp_path))
    assert one["price_id"].startswith("own/m@always;EUR=2026-11-19#")


def test_a_cost_is_rounded_once_after_the_conversion(tmp_path) -> None:
    book = prices(tmp_path, EUR, "currency,date,usd\nEUR,2026-11-17,1.000000250001\n")
    # 2 millionths of EUR x 1.000000250001 = 2.000000500002 millionths of USD
    assert found(book, "2026-11-17", fresh_input_tokens=1) == [(Decimal("0.000002000001"), None)]


def test_rates_count_as_prices_only_where_a_price_needs_them(tmp_path) -> None:
    path, fx = put(tmp_path, EUR), put(tmp_path, FX, "fx.csv")
    before = catalogue.digest([path], fx)
    assert before == catalogue.load([path], fx).digest
    put(tmp_path, FX + "EUR,2026-11-20,1.2\n", "fx.csv")
    assert catalogue.digest([path], fx) != before
    path = put(tmp_path, EUR.replace("EUR", "USD"))
    assert catalogue.digest([path], fx) == catalogue.digest([path])


def test_a_price_is_shown_in_its_own_currency(tmp_path) -> None:
    table = view.card(prices(tmp_path), "m", "own", rates.Terms(), why=False)
    assert [list(r)[:5] for r in table.rows] == [["always", None, "standard", 2, 2]]
    assert "prices in EUR, turned into USD at the rate of each request's day" in table.notes


def test_a_rate_that_cannot_be_one_names_its_line(tmp_path) -> None:
    with pytest.raises(UsageError) as error:
        prices(tmp_path, fx="currency,date,usd\nEUR,2026-11-17,-1\n")
    assert str(error.value) == "fx.csv:2: '-1' is no rate above 0"


def test_what_is_unusual_in_dollars_may_be_usual_elsewhere() -> None:
    import datetime as dt

    from llmcost.pricing.check import check

    text = model('{per_mtok: {input: "3500"}, source: {url: "https://own.example"}}')
    said = [problem for _, problem in check(tiny(text), dt.date(2026, 11, 18))]
    assert said == ["m: input of 3500 USD per million tokens: is it per thousand or per token?"]
    assert check(tiny(text.replace("models:", "currency: KRW\nmodels:")), dt.date(2026, 11, 18)) == []
