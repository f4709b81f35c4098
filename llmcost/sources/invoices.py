"""An invoice as CSV: its columns are found by their usual headers or told, its dates and amounts are read or refused, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, localcontext

from llmcost.errors import UsageError, nearest
from llmcost.figures import exact
from llmcost.sources.statement_words import TOTALS, kind_of, model_in

HEADERS = {
    "date": ("date", "day", "usage date", "charge date", "timestamp", "start time"),
    "period": ("period", "billing period", "service period", "usage period", "month", "billing month", "usage month"),
    "period_start": (
        "period start",
        "start",
        "start date",
        "from",
        "service start",
        "billing period start",
        "usage start",
    ),
    "period_end": ("period end", "end", "end date", "to", "until", "service end", "billing period end", "usage end"),
    "provider": ("provider", "vendor", "supplier", "issuer", "billed by"),
    "model": ("model", "model name", "model id"),
    "description": (
        *("description", "item", "line item", "details", "product", "product name", "service", "service name", "sku"),
        "name",
    ),
    "component": ("token type", "component", "meter", "usage type", "charge type", "category"),
    "amount": (
        "amount",
        "net amount",
        "net",
        "cost",
        "charge",
        "charges",
        "line total",
        "subtotal",
        "total cost",
        "amount value",
    ),
    "total": ("total", "gross", "gross amount", "total amount", "amount due"),
    "currency": ("currency", "currency code", "billing currency", "amount currency"),
    "tax": ("tax", "vat", "gst", "sales tax", "tax amount"),
    "credit": ("credit", "credits", "credits applied", "discount"),
    "tokens": ("tokens", "token count", "number of tokens"),
}
"""The headers under which each column is known, in small letters, without a currency; the first that is there wins."""

DIGITS = 76
"""Amounts have up to 38 digits, and so has a rate: sums and products of them are exact."""
SIGNS = {"$": "USD", "usd": "USD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP"}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class InvoiceLine:
    """One charge over the days [since, until). `amount` is in `currency`, None where the invoice names none."""

    kind: str
    since: date
    until: date
    provider: str | None
    model: str | None
    component: str | None
    text: str
    amount: Decimal
    currency: str | None
    place: str
    tokens: str | None = None


@dataclass(frozen=True)
class Invoice:
    """The charges, and what people should know about their reading."""

    lines: list[InvoiceLine]
    notes: list[str]


def read(
    name: str,
    rows: Sequence[tuple[int, Mapping[str, str | None]]],
    told: Mapping[str, str],
    period: str | None,
    coin: str | None = None,
) -> Invoice:
    """The charges of (line, row) pairs. `told` gives headers by column; `period` and `coin` stand for rows that name none.

    UsageError for columns that cannot be found, values that cannot be read, and a total that the lines do not add up to.
    """
    headers = list(rows[0][1])
    columns, named = _columns(name, headers, told)
    currency = named or coin
    if "amount" not in columns and "total" not in columns:
        raise _missing(name, headers, "amount")
    if not period and not {"date", "period", "period_start"} & set(columns):
        raise _missing(name, headers, "date", ", or --period 2026-10")
    lines: list[InvoiceLine] = []
    totals: list[tuple[Decimal, str]] = []
    for number, row in rows:
        place = f"{name}:{number}"
        cells = {column: (row.get(header) or "").strip() or None for column, header in columns.items()}
        if not any(cells.values()):
            continue
        text = cells.get("description") or cells.get("model") or cells.get("component") or ""
        is_sum = TOTALS.fullmatch(text.strip(" :")) or (lines and not text and not _has_period(cells))
        if not is_sum:
            lines += _charges(cells, text, currency, period, place)
        elif not text.lower().startswith("sub"):
            totals.append((money(cells.get("total") or cells.get("amount"), place, "total"), place))
    if not lines:
        raise UsageError("no line bills anything", place=name, hint="a statement has lines to compare with")
    with localcontext(prec=DIGITS):
        whole = sum((line.amount for line in lines), Decimal(0))
    coins = {line.currency for line in lines}
    for amount, place in totals:
        if amount != whole and len(coins) == 1:  # dollars and euros have no sum
            raise UsageError(
                f"the total says {exact(amount)}, the lines add up to {exact(whole)}",
                place=place,
                hint="is a line missing, or a column taken for another? see --column",
            )
    return Invoice(lines, _nameless(name, lines))


def _nameless(name: str, lines: Sequence[InvoiceLine]) -> list[str]:
    """What people should know where a currency is missing."""
    without = [line.place for line in lines if not line.currency]
    if len(without) == len(lines):
        return [f"{name} names no currency: taken for USD"]
    return [f"{one} names no currency: taken for USD" for one in dict.fromkeys(without)]


def _charges(
    cells: Mapping[str, str | None], text: str, currency: str | None, period: str | None, place: str
) -> list[InvoiceLine]:
    """The charge of one row, with its tax and credit as charges of their own."""
    since, until = _span(cells, period, place)
    coin = cells.get("currency") or _sign(cells.get("amount") or cells.get("total")) or currency
    extra = {column: money(cells[column], place, column) for column in ("tax", "credit") if cells.get(column)}
    if cells.get("amount"):
        net = money(cells["amount"], place, "amount")
    else:
        net = (
            money(cells.get("total"), place, "total")
            - extra.get("tax", Decimal(0))
            + abs(extra.get("credit", Decimal(0)))
        )
    kind = "usage" if cells.get("model") and net >= 0 else kind_of(text, net)
    named = cells.get("model") or model_in(text) if kind == "usage" else None
    about = (since, until, cells.get("provider"))
    code = SIGNS.get(coin.lower(), coin.upper()) if coin else None
    lines = [
        InvoiceLine(
            kind,
            *about,
            named.lower() if named else None,
            cells.get("component"),
            text,
            net,
            code,
            place,
            cells.get("tokens"),
        )
    ]
    for column, amount in extra.items():
        if amount:
            # a credit lowers the bill, whichever sign it is written with
            part = amount if column == "tax" else -abs(amount)
            lines.append(InvoiceLine(column, *about, None, None, text, part, code, place))
    return lines


def _columns(name: str, headers: Sequence[str], told: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Header by column, and the currency that the header of the amount names."""
    found: dict[str, str] = {}
    for column, header in told.items():
        if column not in HEADERS:
            hint = nearest(column, HEADERS) or f"one of {', '.join(HEADERS)}"
            raise UsageError(f"unknown column '{column}'", place="--column", hint=hint)
        if header not in headers:
            hint = nearest(header, headers) or f"it has {', '.join(headers)}"
            raise UsageError(f"{name} has no column '{header}'", place="--column", hint=hint)
        found[column] = header
    plain = {_plain(header): header for header in reversed(headers) if header not in found.values()}
    for column, known in HEADERS.items():
        named = next((plain[one] for one in known if one in plain), None)
        if column not in found and named is not None:
            found[column] = named
    amount = found.get("amount") or found.get("total") or ""
    return found, _sign(amount)


def _missing(name: str, headers: Sequence[str], column: str, more: str = "") -> UsageError:
    return UsageError(
        f"no column is known as the {column}; it has {', '.join(headers)}",
        place=f"{name}:1",
        hint=f"say which it is: --column {column}=HEADER{more}",
    )


def _plain(header: str) -> str:
    """Small letters, without currency signs and what stands in brackets."""
    words = re.sub(r"\(.*?\)|[$€£]", " ", header.lower())
    return " ".join(word for word in re.findall(r"[^\W_]+", words) if word not in SIGNS)


def _sign(text: str | None) -> str | None:
    """The currency that a header or an amount names by its sign or code."""
    low = (text or "").lower()
    return next(
        (code for sign, code in SIGNS.items() if sign in (low if len(sign) == 1 else re.findall("[a-z]+", low))), None
    )


def money(text: str | None, place: str, column: str) -> Decimal:
    """An amount to the last digit: 1234.5, $1,234.50, (12.30), 1.5e-05. UsageError for anything else."""
    plain = (text or "").strip()
    negative = plain.startswith("(") and plain.endswith(")")
    plain = re.sub(r"(?i)\b(usd|eur|gbp)\b|[$€£\s()]", "", plain)
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    if not re.fullmatch(r"[+-]?(\d{1,18}(\.\d{0,24})?|\.\d{1,24})([eE][+-]?\d{1,2})?", plain):
        raise UsageError(f"{column}: '{(text or '')[:40]}' is no amount", place=place, hint="write 1234.50")
    return -Decimal(plain) if negative else Decimal(plain)


def _has_period(cells: Mapping[str, str | None]) -> bool:
    return any(cells.get(column) for column in ("date", "period", "period_start"))


def _span(cells: Mapping[str, str | None], period: str | None, place: str) -> tuple[date, date]:
    """The days [since, until) that a line bills."""
    start, end = cells.get("period_start"), cells.get("period_end")
    if start and end:
        since, last = day(start, place, "period start"), day(end, place, "period end")
        # an end on the first of a month, for a period that began on one, is the day after the last
        until = last if since.day == last.day == 1 and last > since else last + timedelta(days=1)
        if until <= since:
            raise UsageError(f"the period ends ({end}) before it begins ({start})", place=place, hint="correct the row")
        return since, until
    text = cells.get("period") or cells.get("date") or start or period
    if text is None:
        raise UsageError("the line names no date", place=place, hint="--period 2026-10 says which")
    parts = [text] if re.fullmatch(r"\d+/\d+/\d+", text) else re.split(r"\s*(?:/|\s-\s|–|—|\bto\b)\s*", text)
    if len(parts) == 2:
        return _span({"period_start": parts[0], "period_end": parts[1]}, None, place)
    if month := _month(text):
        return month, (month + timedelta(days=31)).replace(day=1)
    first = day(text, place, "date")
    return first, first + timedelta(days=1)


def _month(text: str) -> date | None:
    """2026-10, Oct 2026 or October 2026 as its first day."""
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return date(int(found[1]), int(found[2]), 1) if 1 <= int(found[2]) <= 12 else None
    if (found := re.fullmatch(r"([A-Za-z]{3})[a-z]*\.? (\d{4})", text)) and found[1].lower() in MONTHS:
        return date(int(found[2]), MONTHS.index(found[1].lower()) + 1, 1)
    return None


def day(text: str | None, place: str, column: str) -> date:
    """The UTC day of 2026-10-31, an ISO instant, Oct 31, 2026 or seconds since 1970. UsageError for anything else."""
    plain = (text or "").strip()
    try:
        if re.fullmatch(r"\d{10}", plain):
            return datetime.fromtimestamp(int(plain), timezone.utc).date()
        if found := re.fullmatch(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", plain):
            return date(int(found[3]), MONTHS.index(found[1].lower()) + 1, int(found[2]))
        at = datetime.fromisoformat(plain.replace("/", "-").removesuffix(" UTC"))
        return (at.astimezone(timezone.utc) if at.tzinfo else at).date()
    except ValueError:
        raise UsageError(
            f"{column}: '{plain[:40]}' is no day", place=place, hint="write 2026-10-31; 10/31 and 31/10 look alike"
        ) from None
