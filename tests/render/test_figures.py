"""How figures and log text read to people, and how exactly to machines."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from llmcost.model import Column
from llmcost.render.text import UNSEEN, count, exact, human, human_total, money, percent, plain, quantity, visible


def at(*clock: int) -> datetime:
    return datetime(2026, 11, 22, *clock)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234.56", "$1,234.56"),
        ("1", "$1.00"),
        ("0.0123", "$0.0123"),
        ("0.5", "$0.5000"),
        ("0.99994", "$0.9999"),
        ("0.99995", "$1.00"),  # four decimals would read 1.0000
        ("0.00005", "<$0.0001"),  # half-even would read 0.0000
        ("0.000051", "$0.0001"),
        ("0.000000000001", "<$0.0001"),
        ("0", "$0.0000"),
        ("-0.000000000000", "$0.0000"),
        ("-1234.5", "-$1,234.50"),
        ("-0.0123", "-$0.0123"),
        ("-0.000000000001", ">-$0.0001"),
        ("1E+6", "$1,000,000.00"),
        ("12345678901234567890123456789.129", "$12,345,678,901,234,567,890,123,456,789.13"),
    ],
)
def test_money_has_two_decimals_above_a_dollar_and_four_below(value, shown):
    assert money(Decimal(value)) == shown


def test_unknown_money_is_unpriced_and_never_zero():
    assert money(None) == "unpriced"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("12.34", "12.34 EUR"), ("1234.5", "1,234.50 EUR"), ("0.00001", "<0.0001 EUR"), ("-0.5", "-0.5000 EUR")],
)
def test_other_currencies_stand_behind_the_amount(value, shown):
    assert money(Decimal(value), "EUR") == shown


def test_counts_have_thousands_separators():
    assert [count(n) for n in (0, 999, 1_234_567, -1_000, 10**30)] == [
        "0",
        "999",
        "1,234,567",
        "-1,000",
        "1,000,000,000,000,000,000,000,000,000,000",
    ]
    assert count(None) == "-"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (999_999, "999,999"),
        (1_000_000, "1.0M"),
        (1_234_567, "1.2M"),
        (-1_234_567, "-1.2M"),
        (999_949_999, "999.9M"),
        (999_950_000, "1.0B"),  # never 1000.0M
        (1_234_567_890, "1.2B"),
        (5 * 10**12, "5.0T"),
    ],
)
def test_compact_counts_start_at_a_million(number, shown):
    assert count(number, compact=True) == shown


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [("0.123", "12.3%"), ("1", "100.0%"), ("0", "0.0%"), ("0.0005", "<0.1%"), ("0.00051", "0.1%"), ("-0.25", "-25.0%")],
)
def test_a_share_reads_as_percent(fraction, shown):
    assert percent(Decimal(fraction)) == shown


def test_an_unknown_share_is_a_dash():
    assert percent(None) == "-"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4.50", "4.5"),
        ("1E+5", "100,000"),
        ("2.33333333", "2.33333333"),
        ("0.00000125", "0.00000125"),
        ("0.0000012345678", "0.0000012345678"),
        ("0E-24", "0"),
        ("-0", "0"),
    ],
)
def test_a_quantity_is_shown_to_the_last_digit(value, shown):
    assert quantity(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        ("cost", Decimal("1.2345"), "1.234500000000"),
        ("cost", Decimal("1E-12"), "0.000000000001"),
        ("cost", Decimal(0), "0.000000000000"),
        ("cost", Decimal("-1E-13"), "0.000000000000"),
        ("cost", 3, "3.000000000000"),
        # 26 digits before the point and 12 behind: more than the 28 that Decimal arithmetic keeps
        ("cost", Decimal("12345678901234567890123456.123456789012"), "12345678901234567890123456.123456789012"),
        ("source_cost", Decimal("1.230000000000000000000000"), "1.23"),
        ("source_cost", Decimal("0E-24"), "0"),
        ("source_cost", Decimal("1E+3"), "1000"),
        ("decimal", Decimal("1E+2"), "100"),
        ("decimal", Decimal("-0.0"), "0"),
        ("ratio", Decimal(1), "1.000"),
        ("ratio", Decimal("0.12345"), "0.123"),
        ("share", Decimal("0.3050"), "0.305"),
        ("count", 10**30, 10**30),
        ("time", at(9, 15), "2026-11-22T09:15:00Z"),
        ("time", at(9, 15, 0, 120), "2026-11-22T09:15:00.000120Z"),
        ("time", 86_400_000_000 + 500_000, "1970-01-02T00:00:00.500000Z"),
        ("time", -1_000_000, "1969-12-31T23:59:59Z"),
        ("flag", True, True),
        ("text", "=1+1", "=1+1"),
        ("text", {"a": Decimal("1.50"), "b": [Decimal("0.0"), None]}, {"a": "1.5", "b": ["0", None]}),
    ],
)
def test_exact_cells_keep_every_digit(kind, cell, text):
    assert exact(kind, cell) == text


@pytest.mark.parametrize("kind", ["text", "count", "cost", "source_cost", "decimal", "ratio", "share", "time", "flag"])
def test_unknown_stays_unknown_in_every_kind(kind):
    assert exact(kind, None) is None
    assert human(Column("x", kind), None, "USD") == {"text": "(none)", "cost": "unpriced"}.get(kind, "-")


@pytest.mark.parametrize("kind", ["cost", "source_cost", "decimal", "ratio", "share", "count"])
def test_a_float_is_refused_where_an_exact_number_belongs(kind):
    with pytest.raises(TypeError, match=r"not 0\.1"):
        exact(kind, 0.1)
    with pytest.raises(TypeError, match=r"not 0\.1"):
        human(Column("x", kind), 0.1, "USD")


def test_a_score_that_is_not_a_number_is_unknown():
    assert plain({"a": float("nan"), "b": float("inf"), "c": 0.5}) == {"a": None, "b": None, "c": 0.5}


@pytest.mark.parametrize(
    ("column", "cell", "shown"),
    [
        (Column("t", "time"), at(9, 15), "2026-11-22 09:15:00"),
        (Column("t", "time"), at(9, 15, 20, 120_000), "2026-11-22 09:15:20.12"),
        (Column("f", "flag"), True, "yes"),
        (Column("f", "flag"), False, "no"),
        (Column("r", "ratio"), Decimal(1), "1.000"),
        (Column("s", "source_cost"), Decimal("1.23"), "1.23 EUR"),
        (Column("m", "text"), {"a\nb": Decimal("1.50")}, '{"a\\nb":"1.5"}'),
        (Column("n", "text"), 7, "7"),
    ],
)
def test_cells_read_as_people_write_them(column, cell, shown):
    assert human(column, cell, "EUR") == shown


def test_only_dimensions_are_blank_in_a_total():
    text, cost, requests = Column("agent", "text"), Column("cost", "cost"), Column("requests", "count")
    assert human_total(text, None, "USD", is_first=True) == "total"
    assert human_total(text, None, "USD", is_first=False) == ""
    assert human_total(text, "prod", "USD", is_first=True) == "prod"
    assert human_total(cost, None, "USD", is_first=True) == "unpriced"
    assert human_total(requests, None, "USD", is_first=False) == "-"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("\u202egnp.exe\u2069", "\\u202egnp.exe\\u2069"),
        ("a\u2028b", "a\\u2028b"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_control_characters_become_visible(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["", "계획", "café ☕", "👩‍💻", "مرحبا", "C:\\new", "[bold]x[/bold]", "a\u00a0b"])
def test_readable_text_is_left_alone(text):
    assert visible(text) == text


def test_nothing_that_acts_survives():
    assert not set(map(chr, UNSEEN)) & set(visible("".join(map(chr, UNSEEN))))
