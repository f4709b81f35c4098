"""Exchange rates: dated, never guessed; converted amounts add up to a total that does not depend on how the groups are cut."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import config, fx
from llmcost.errors import UsageError

DAY = date(2026, 10, 1)


def file(folder: Path, *rows: str) -> config.Config:
    (folder / "fx.csv").write_text("\n".join(["currency,date,usd", *rows]) + "\n")
    (folder / "llmcost.yaml").write_text("fx: fx.csv\n")
    return config.load(folder / "llmcost.yaml")


def test_a_rate_is_that_of_its_day(tmp_path: Path) -> None:
    told = file(tmp_path, "EUR,2026-10-01,1.25", "EUR,2026-10-02,1.10", "KRW,2026-10-01,0.0007")
    assert fx.usd(told, "EUR", DAY, None) == Decimal("1.25")
    assert fx.usd(told, "EUR", DAY + timedelta(1), None) == Decimal("1.10")
    assert fx.usd(config.Config(), "USD", DAY, None) == 1


@pytest.mark.parametrize(
    ("rows", "currency", "what"),
    [
        (["EUR,2026-10-02,1.1"], "EUR", "--currency: fx.csv has no rate of EUR on 2026-10-01"),
        (["EUR,2026-10-02,1.1"], "EURO", "--currency: fx.csv has no rate of EURO"),
        (["EUR,2026-10-01,0"], "EUR", "fx.csv:2: '0' is no rate above 0"),
        (["EUR,01.10.2026,1.1"], "EUR", "fx.csv:2: '01.10.2026' is no date"),
        (["EUR,2026-10-01,1.1", "EUR,2026-10-01,1.2"], "EUR", "fx.csv:3: EUR has two rates on 2026-10-01"),
    ],
)
def test_what_is_no_rate_is_an_error(tmp_path: Path, rows: list[str], currency: str, what: str) -> None:
    with pytest.raises(UsageError) as told:
        fx.usd(file(tmp_path, *rows), currency, DAY, "--currency")
    assert str(told.value) == what


def test_without_a_file_there_is_a_way_out() -> None:
    with pytest.raises(UsageError) as told:
        fx.usd(config.Config(), "EUR", DAY, "--currency")
    assert told.value.hint == "name a file of rates: fx: fx.csv (currency,date,usd)"


def test_each_day_at_its_own_rate() -> None:
    # 10 / 1.25 + 11 / 1.10 = 8 + 10
    costs = {"a": {DAY: Decimal(10), DAY + timedelta(1): Decimal(11)}}
    rates = {DAY: Decimal("1.25"), DAY + timedelta(1): Decimal("1.10")}
    assert fx.converted(costs, rates.__getitem__) == {"a": Decimal(18)}


def test_thirds_add_up() -> None:
    # 1 / 3 each: 0.333333333333 three times leaves a pico over, and the total is exactly 1
    found = fx.converted({name: {DAY: Decimal(1)} for name in "abc"}, lambda _: Decimal(3))
    assert found == {"a": Decimal("0.333333333334"), "b": Decimal("0.333333333333"), "c": Decimal("0.333333333333")}


AMOUNTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=2),
    st.dictionaries(st.dates(DAY, DAY + timedelta(5)), st.decimals(-100, 10**6, places=12), max_size=4),
    min_size=1,
)


@settings(max_examples=200, deadline=None)
@given(AMOUNTS, st.lists(st.decimals("0.0001", 2000, places=6), min_size=6, max_size=6))
def test_any_cut_gives_the_same_total(costs: dict[str, dict[date, Decimal]], rates: list[Decimal]) -> None:
    def rate(day: date) -> Decimal:
        return rates[(day - DAY).days]

    by_name = fx.converted(costs, rate)
    by_day: dict[date, dict[date, Decimal]] = {}
    for days in costs.values():
        for day, cost in days.items():
            by_day.setdefault(day, {})[day] = by_day.get(day, {}).get(day, Decimal(0)) + cost
    assert sum(by_name.values(), Decimal(0)) == sum(fx.converted(by_day, rate).values(), Decimal(0))
    for name, days in costs.items():
        exact = sum((Fraction(cost) / Fraction(rate(day)) for day, cost in days.items()), Fraction(0))
        assert abs(Fraction(by_name[name]) - exact) < Fraction(fx.PICO)
