"""Figures as text: rounded for people, exact for machines; and log text made visible so that it can do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

UNSEEN = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Code points that act instead of being read: C0, DEL, C1, line separators, bidi overrides and isolates."""

# No encoder takes half a surrogate pair, yet JSON logs carry them.
REPLACED = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_VISIBLE = {
    **REPLACED,
    **{point: f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" for point in UNSEEN},
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
}
_COMPACT = ((10**12, "T"), (10**9, "B"), (10**6, "M"))


def visible(text: str) -> str:
    r"""Text with every control character shown as an escape (``\x1b``, ``\n``, ``\u202e``); stray surrogates become U+FFFD."""
    return text.translate(_VISIBLE)


@dataclass(frozen=True)
class Shown:
    """The currency that money is written in: `usd` dollars for one of it, by `file` on `day`."""

    currency: str = "USD"
    usd: Decimal = Decimal(1)
    day: date | None = None
    file: str | None = None


DOLLARS = Shown()
_SHOWN: ContextVar[Shown] = ContextVar("shown", default=DOLLARS)


def shown() -> Shown:
    return _SHOWN.get()


@contextmanager
def shown_in(one: Shown) -> Iterator[None]:
    """While it lasts, money that is reckoned in USD is written in another currency, at one rate. Nobody reckons in it."""
    token = _SHOWN.set(one)
    try:
        yield
    finally:
        _SHOWN.reset(token)


def as_shown(usd: Decimal) -> Decimal:
    """Dollars in the currency that money is written in: rounded half-even to 12 decimals, as they are where it is USD."""
    one = shown()
    if one.currency == "USD":
        return usd
    pico = round(Fraction(usd) * 10**12 / Fraction(one.usd))
    return Decimal(f"{pico}e-12")


def exact_money(usd: Decimal | None) -> str | None:
    """Dollars as JSON holds them, in the currency that money is written in: 12 decimals; None is unpriced."""
    return None if usd is None else f"{as_shown(usd):z.12f}"


def money(value: Decimal | None, currency: str = "USD") -> str:
    """Money for people: $1,234.56, four decimals below one ($0.0123), <$0.0001, 12.34 EUR; None is unpriced."""
    if value is None:
        return "unpriced"
    if currency == "USD":
        value, currency = as_shown(value), shown().currency
    size = value.copy_abs()
    if 0 < size <= Decimal("0.00005"):  # half-even: would read as nothing
        sign, figure = "<" if value > 0 else ">-", "0.0001"
    else:
        places = 2 if size >= Decimal("0.99995") else 4  # half-even: would read as 1.0000
        sign, figure = "-" if value < 0 else "", f"{size:,.{places}f}"
    return f"{sign}${figure}" if currency == "USD" else f"{sign}{figure} {currency}"


def count(number: int | None, *, compact: bool = False) -> str:
    """A count for people: 1,234,567, or 1.2M when compact; None is a dash."""
    if number is None:
        return "-"
    if compact and abs(number) >= 10**6:
        # From 999,950,000 on, 1.0B: the smaller unit would round to 1000.0M.
        size, unit = next((size, unit) for size, unit in _COMPACT if abs(number) * 20_000 >= size * 19_999)
        return f"{Decimal(number) / size:.1f}{unit}"
    return f"{number:,}"


def percent(fraction: Decimal | None) -> str:
    """A fraction as percent: 12.3%, <0.1% for a trace; None is a dash."""
    if fraction is None:
        return "-"
    if 0 < fraction <= Decimal("0.0005"):
        return "<0.1%"
    return f"{fraction.scaleb(2):z.1f}%"


def quantity(value: Decimal) -> str:
    """A quantity or a rate for people, to the last digit: 12,304 or 0.0000025."""
    return trim(f"{value:z,f}")


def trim(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def exact(value: Decimal) -> str:
    """A plain decimal: no exponent, no trailing zeros, "0" for zero."""
    return trim(f"{value:zf}")


def ratio_text(part: Decimal | None, whole: Decimal | None) -> str | None:
    """Part / whole with 3 decimals; None when either is unknown or the whole is nothing."""
    return f"{part / whole:.3f}" if part is not None and whole else None


def instant_text(ts_us: int | None) -> str | None:
    """µs since 1970 as 2026-10-31T09:00:00Z, with a fraction only where there is one."""
    if ts_us is None:
        return None
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ts_us)
    return at.isoformat().replace("+00:00", "Z")
