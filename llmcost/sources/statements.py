"""What a provider says it bills: its usage and cost pages, a FOCUS file or an invoice, as lines of one shape."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

from llmcost import fx
from llmcost.config import Config
from llmcost.errors import UsageError, nearest
from llmcost.figures import count, exact
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.sources import csv_text, files, formats, invoices, recognise, stage
from llmcost.sources.files import LogFile
from llmcost.sources.ingest import ingest, prepared
from llmcost.sources.statement_words import component_of, kind_of, model_in, tier_of
from llmcost.store import Store, open_ledger, open_scratch

PAGE, FOCUS, INVOICE = "page", "FOCUS file", "invoice"

TOKEN_COLUMNS = (
    *("fresh_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("cache_write_other_tokens", "audio_input_tokens", "text_output_tokens", "audio_output_tokens"),
)
TOKENS_OF = {
    "input": "fresh_input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_other_tokens",
    "output": "text_output_tokens",
}
AI_CATEGORY = "ai and machine learning"
FOCUS_COLUMNS = ("BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd")
FOCUS_KINDS = {"usage": "usage", "tax": "tax", "credit": "credit", "purchase": "top_up", "adjustment": "adjustment"}
FOCUS_NAMES = ("x_Provider", "ServiceName", "ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName")
FOCUS_COMPONENTS = ("x_TokenType", "SkuMeter", "ChargeDescription", "SkuId")
EPOCH = date(1970, 1, 1)
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Foreign:
    """What a line says in its own currency, and the dollars for one of it on `day`, at which it was converted."""

    amount: Decimal
    currency: str
    rate: Decimal
    day: date


@dataclass(frozen=True)
class Line:
    """One line of a statement over the UTC days [since, until).

    `kind`: tokens (a usage page: what was used, no money), usage (what was billed for it), tax, credit, top_up, draw_down or
    adjustment. `amount` is in USD; `tokens` go by the ledger's columns; `place` is FILE:LINE.
    """

    form: str
    kind: str
    provider: str | None
    since: date
    until: date
    text: str
    amount: Decimal | None = None
    model: str | None = None
    component: str | None = None
    tier: str | None = None
    requests: int | None = None
    tokens: Mapping[str, int] = field(default_factory=dict)
    searches: int = 0
    terms: tuple[str | None, ...] = (None, None)
    """Speed and inference_geo, where a page tells them."""
    place: str = ""
    foreign: Foreign | None = None
    """None where the line bills in USD."""


@dataclass(frozen=True)
class Statement:
    """All lines of some files, and what people should know about their reading."""

    lines: Sequence[Line]
    notes: Sequence[str]


@dataclass(frozen=True)
class Reading:
    """What the command line says about files that do not say it themselves."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Header of the invoice by our name of the column: {"amount": "Betrag"}."""
    period: str | None = None
    provider: str | None = None
    currency: str | None = None
    """Of amounts that name none; USD unless told."""


def read(paths: Sequence[str], config: Config, catalogue: Catalogue, reading: Reading) -> Statement:
    """Lines of all files. UsageError for a file that is no statement, a currency without a rate, or two files that bill the same."""
    found: list[Line] = []
    notes: list[str] = []
    pages: list[str] = []
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder, open_scratch() as scratch:
        temporary = Path(folder)
        seen: dict[str, str] = {}
        for log in files.expand(paths, temporary):
            with log.path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if first := seen.get(digest):
                notes.append(f"{log.name} is {first} again: counted once")
                continue
            seen[digest] = log.name
            ready = prepared(log, temporary, scratch)
            if ready.note:
                raise UsageError(ready.note, place=log.name, hint="get the whole file again")
            if ready.shape == "empty":
                raise UsageError("the file is empty", place=log.name, hint="a statement has lines to compare with")
            if ready.shape == "jsonl":
                _check_page(ready, scratch)
                pages.append(str(log.path) if log.name == "-" else log.name)
                continue
            lines, said = _table(ready, scratch, config, catalogue, reading)
            found += lines
            notes += said
        if pages:
            ledger = temporary / "pages.duckdb"
            report = ingest(pages, ledger, config=config, catalogue=catalogue)
            refused = next((f for f in report.files if f.quarantined), None)
            if refused:
                raise UsageError(
                    f"{count(refused.quarantined)} of its {count(refused.lines)} lines cannot be read",
                    place=refused.path,
                    hint=f"llmcost ingest --explain {refused.path}",
                )
            with open_ledger(ledger, read_only=True) as store:
                found += stored(store)
    return Statement(_apart(found), [*_rates(found, config), *notes])


def stored(store: Store) -> list[Line]:
    """The pages that this store has read. UsageError for amounts in another currency."""
    names, rows = store.table(sql("sources/statement_pages.sql"))
    return [_page_line(dict(zip(names, row, strict=True))) for row in rows]


def _check_page(log: LogFile, scratch: Store) -> None:
    votes = recognise.vote(stage.sample(scratch, log, recognise.SAMPLE_RECORDS))
    if formats.PAGES not in votes:
        known = next((name for name in votes if name), None)
        what = f"is a log ({known}), no statement of a provider" if known else "is no usage or cost page"
        raise UsageError(
            what, place=log.name, hint="reconcile takes usage and cost pages, a FOCUS file or a CSV invoice"
        )


def _page_line(row: Mapping[str, Any]) -> Line:
    place = f"{row['file']}:{row['line']}"
    is_cost = row["kind"] == "cost"
    if is_cost and row["amount"] is None:
        raise _foreign(row["currency"], place)
    text = row["line_item"] or ""
    # Anthropic names the model, OpenAI writes `gpt-4o-2024-08-06, input`
    model = row["model"] or (model_in(text) if is_cost else None)
    kind = "usage" if is_cost else "tokens"
    if is_cost and (row["amount"] < 0 or row["model"] is None):
        kind = kind_of(text, row["amount"])
    tier = "batch" if row["batch"] else row["service_tier"] or (tier_of(text) if is_cost else None)
    since = EPOCH + timedelta(days=row["started_us"] // DAY_US)
    return Line(
        form=PAGE,
        kind=kind,
        provider=row["provider"],
        since=since,
        until=max(EPOCH + timedelta(days=-(-row["ended_us"] // DAY_US)), since + timedelta(days=1)),
        text=text,
        amount=Decimal(exact(row["amount"])) if is_cost else None,
        model=model,
        component=component_of(row["token_type"] or text) if is_cost else None,
        tier=None if tier in ("standard", "default") else tier,
        requests=row["requests"],
        tokens={name: row[name] for name in TOKEN_COLUMNS if row[name]},
        searches=row["web_searches"] or 0,
        terms=(row["speed"], None if row["inference_geo"] in ("not_available", "global") else row["inference_geo"]),
        place=place,
    )


def _table(
    log: LogFile, scratch: Store, config: Config, catalogue: Catalogue, reading: Reading
) -> tuple[list[Line], list[str]]:
    rows = list(_records(log, scratch))
    if not rows:
        raise UsageError("there is a header, but no line", place=log.name, hint="a statement has lines to compare with")
    names = {name.lower().replace("_", "").replace(" ", ""): name for name in rows[0][1]}
    if {"billedcost", "chargeperiodstart"} <= set(names):
        return _focus(log, rows, names, config, catalogue, reading)
    made = invoices.read(log.name, rows, reading.columns, reading.period, reading.currency)
    lines = [
        Line(
            form=INVOICE,
            kind=one.kind,
            provider=_provider([one.provider], catalogue) or reading.provider,
            since=one.since,
            until=one.until,
            text=one.text,
            **_dollars(config, one.amount, one.currency, one.until, one.place),
            model=one.model,
            component=component_of(one.component or one.text),
            tier=tier_of(f"{one.component or ''} {one.text}"),
            tokens=_tokens(one.component or one.text, one.tokens),
            place=one.place,
        )
        for one in made.lines
    ]
    return lines, made.notes


def _records(log: LogFile, scratch: Store) -> Iterator[tuple[int, dict[str, str | None]]]:
    """(line, row) of a CSV or Parquet file; UsageError for a row that does not fit the header."""
    if log.shape == "csv":
        for line, record in csv_text.records(log.path, log.delimiter):
            if isinstance(record, str):
                raise UsageError(record, place=f"{log.name}:{line}", hint="correct the row, or export the file again")
            yield line, record
        return
    for number, text in stage.parquet_rows(scratch, log):
        # numbers keep the digits in which they are written
        row = json.loads(text, parse_float=str, parse_int=str)
        yield number, {k: v if v is None or isinstance(v, str) else json.dumps(v) for k, v in row.items()}


def _focus(
    log: LogFile,
    rows: Sequence[tuple[int, dict[str, str | None]]],
    names: Mapping[str, str],
    config: Config,
    catalogue: Catalogue,
    reading: Reading,
) -> tuple[list[Line], list[str]]:
    """The lines of a FOCUS 1.0 to 1.2 file; those of other services than AI are counted and left out."""
    missing = [name for name in FOCUS_COLUMNS if name.lower() not in names]
    if missing:
        near = nearest(missing[0].lower(), names)
        raise UsageError(
            f"the FOCUS column '{missing[0]}' is missing", place=f"{log.name}:1", hint=near or "export it with the file"
        )
    lines: list[Line] = []
    others: dict[str, Decimal] = defaultdict(Decimal)
    left_out = 0
    for number, row in rows:
        place = f"{log.name}:{number}"

        def cell(name: str, row: Mapping[str, str | None] = row) -> str | None:
            return row.get(names.get(name.lower().replace("_", ""), "")) or None

        currency = (cell("BillingCurrency") or reading.currency or "USD").upper()
        if (cell("ServiceCategory") or AI_CATEGORY).lower() != AI_CATEGORY:
            left_out += 1
            others[currency] += invoices.money(cell("BilledCost"), place, "BilledCost")
            continue
        lines += _focus_lines(cell, currency, place, config, catalogue)
    notes = []
    if left_out:
        sums = " and ".join(f"{exact(amount)} {currency}" for currency, amount in sorted(others.items()))
        notes.append(f"{log.name}: {count(left_out)} lines of services other than AI left out, {sums} in all")
    if not lines:
        raise UsageError("no line of an AI service", place=log.name, hint="ServiceCategory 'AI and Machine Learning'")
    return lines, notes


def _focus_lines(cell: Any, currency: str, place: str, config: Config, catalogue: Catalogue) -> list[Line]:
    category = (cell("ChargeCategory") or "").lower()
    if category not in FOCUS_KINDS:
        raise UsageError(
            f"unknown ChargeCategory '{cell('ChargeCategory')}'",
            place=place,
            hint="one of Usage, Purchase, Tax, Credit, Adjustment",
        )
    since, until = (invoices.day(cell(name), place, name) for name in ("ChargePeriodStart", "ChargePeriodEnd"))
    if until <= since:
        until = since + timedelta(days=1)  # hours of one day
    billed = invoices.money(cell("BilledCost"), place, "BilledCost")
    details = _details(cell("SkuPriceDetails"))
    text = cell("ChargeDescription") or cell("SkuMeter") or ""
    model = cell("x_Model") or details.get("modelid") or model_in(text)
    meter = " ".join(filter(None, (cell(name) for name in FOCUS_COMPONENTS)))
    kind = FOCUS_KINDS[category]
    component = component_of(meter.replace(model or "", ""))
    is_tokens = kind == "usage" and (cell("ConsumedUnit") or "").lower() in ("token", "tokens")
    line = Line(
        form=FOCUS,
        kind="credit" if kind == "usage" and billed < 0 else kind,
        provider=_provider([cell(name) for name in FOCUS_NAMES], catalogue),
        since=since,
        until=until,
        text=text,
        **_dollars(config, billed, currency, until, place),
        model=model if kind == "usage" else None,
        component=component,
        tier=tier_of(meter),
        tokens=_tokens(component, cell("ConsumedQuantity") if is_tokens else None),
        place=place,
    )
    effective = invoices.money(cell("EffectiveCost"), place, "EffectiveCost") if cell("EffectiveCost") else billed
    if kind != "usage" or effective == billed or billed < 0:
        return [line]
    # paid ahead: what was used is worth EffectiveCost, of which only BilledCost is billed now
    used = replace(line, **_dollars(config, effective, currency, until, place))
    drawn = _dollars(config, billed - effective, currency, until, place)
    return [used, replace(line, kind="draw_down", **drawn, model=None, component=None, tier=None)]


def _tokens(component: str | None, quantity: str | None) -> dict[str, int]:
    """A quantity of tokens under the ledger's column; nothing where it is no whole number or tells no component."""
    column = TOKENS_OF.get(component_of(component or "") or "")
    whole = re.fullmatch(r"(\d{1,18})(\.0*)?", (quantity or "").replace(",", ""))
    return {column: int(whole[1])} if column and whole else {}


def _details(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key).lower().removeprefix("x_"): str(value) for key, value in found.items()}


def _provider(said: Sequence[str | None], catalogue: Catalogue) -> str | None:
    """The first text, or word of it, that is a provider's name; else the first text."""
    texts = [text.lower().strip() for text in said if text]
    for text in texts:
        for word in (text, text.replace(" ", "_"), *text.split()):
            if found := catalogue.aliases.get(word):
                return found
        if "bedrock" in text:
            return "bedrock"
    return texts[0] if texts else None


def _dollars(config: Config, amount: Decimal, currency: str | None, until: date, place: str) -> dict[str, Any]:
    """`amount` in USD, 12 decimals where it was converted, and `foreign`. UsageError for a currency without a rate on the last day."""
    if currency in (None, "USD"):
        return {"amount": amount, "foreign": None}
    day = until - timedelta(days=1)
    rate = fx.usd(config, currency, day, place, ", the last day of the line")
    with localcontext(prec=invoices.DIGITS):
        usd = (amount * rate).quantize(fx.PICO)
    return {"amount": usd, "foreign": Foreign(amount, currency, rate, day)}


def _rates(lines: Sequence[Line], config: Config) -> list[str]:
    """Of every currency the rates that were used, from the first day to the last."""
    used: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for line in lines:
        if line.foreign:
            used[line.foreign.currency][line.foreign.day] = line.foreign.rate
    notes = []
    for currency, by_day in sorted(used.items()):
        ends = dict.fromkeys((min(by_day), max(by_day)))
        span = " to ".join(f"{exact(by_day[day])} USD on {day}" for day in ends)
        name = config.fx.name if config.fx else ""
        notes.append(f"{currency} at the rate of the last day of each line by {name}: one is {span}")
    return notes


def _foreign(currency: str | None, place: str) -> UsageError:
    return UsageError(
        f"amounts of this page are in {(currency or 'no currency').upper()}, a provider's page is in USD",
        place=place,
        hint="take the invoice as CSV: it may be in any currency that fx: has a rate of",
    )


def _apart(lines: Sequence[Line]) -> list[Line]:
    """The lines, when no two files bill the same provider for the same days."""
    spans: dict[tuple[str | None, str], tuple[date, date, str]] = {}
    for line in lines:
        if line.kind == "tokens":
            continue
        # parts of one FOCUS export and pages of one report belong together
        file = line.place.rpartition(":")[0] if line.form == INVOICE else line.form
        since, until, place = spans.get((line.provider, file), (line.since, line.until, line.place))
        spans[line.provider, file] = (min(since, line.since), max(until, line.until), place)
    held = sorted(spans.items(), key=lambda item: (str(item[0][0]), item[1]))
    for ((provider, _), (_, until, one)), ((other, _), (since, _, two)) in pairwise(held):
        if provider == other and since < until:
            raise UsageError(
                f"bills {provider or 'the provider'} for days that {one.rpartition(':')[0]} bills too",
                place=two.rpartition(":")[0],
                hint="name one of them; usage pages may stand beside either",
            )
    twice: dict[tuple[object, ...], str] = {}
    for line in lines:
        if line.form == FOCUS:
            key = (
                *(getattr(line, name) for name in ("provider", "since", "until", "kind", "text", "model", "amount")),
            )
            first = twice.setdefault(key, line.place)
            if first.rpartition(":")[0] != line.place.rpartition(":")[0]:
                raise UsageError(
                    f"the line stands in {first} too",
                    place=line.place,
                    hint="two exports of the same days? name one of them",
                )
    return list(lines)
