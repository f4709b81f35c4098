"""Reads one catalogue file into entries; every error names the file, the line and the key."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from llmcost.errors import UsageError, nearest
from llmcost.pricing.entries import (
    RATE_OF_COLUMN,
    Deal,
    Factor,
    Fee,
    Model,
    Price,
    Rates,
    Service,
    Sheet,
    Tier,
    Window,
)

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FALLBACK: dict[str, str] = {
    "cache_write_5m": "cache_write",
    "cache_write_1h": "cache_write",
    "cache_write_12h": "cache_write",
    "tool_use": "input",
    "rejected_prediction": "output",
    "cache_read": "input",
    "cache_write": "input",
    "reasoning": "output",
}
"""The rate that stands in for a missing one, unless the file's `missing_rate` says otherwise."""

RATE_NAMES = tuple(RATE_OF_COLUMN.values())
TOP_KEYS = ("schema", "provider", "aliases", "currency", "rules", "models", "fine_tunes", "discounts", "markup")
RULE_KEYS = ("missing_rate", "hosts_others", "usage_shape", "tier_scope", "tier_basis", "on_unknown_model")
"""The last four state how all files are meant; only the first two change anything."""
MODEL_KEYS = ("id", "mode", "match", "lifecycle", "prices", "free", "base", "note")
MATCH_KEYS = ("exact", "dated", "regex")
PRICE_KEYS = (
    *("from", "to", "applies_to", "per_mtok", "per_unit", "per_request", "tiers", "service", "modifiers", "windows"),
    *("source", "training", "hosting", "unusual"),
)
TIER_KEYS = ("over", "inclusive", "since", "until", "per_mtok")
SERVICE_KEYS = ("multiply", "not_on", "per_mtok", "per_unit", "per_request", "tiers", "windows", "aliases")
MODIFIER_KEYS = ("when", "multiply", "not_on")
WINDOW_KEYS = ("name", "tz", "days", "hours", "since", "until", "per_mtok")
WHEN_KEYS = ("region", "inference_geo", "speed")
DEAL_KEYS = ("provider", "model", "percent", "since", "until", "not_on")
MOST_MARKUP = Decimal(1000)
"""Percent; more is a slip of the decimal point."""


@dataclass(frozen=True)
class Book:
    """One file: who sells, by which other names, and what. `hosts_others`: it is not the owner of its models.

    `deals` are discounts and mark-ups, on prices of any file; a file of nothing else names no provider.
    """

    provider: str | None
    aliases: tuple[str, ...]
    hosts_others: bool
    models: tuple[Model, ...]
    deals: tuple[Deal, ...]
    place: str


def read(text: bytes, place: str) -> Book:
    """The book in a YAML text; `place` is what errors call the file. UsageError for anything that is not understood."""
    root = composed(text, place)
    if root is None:
        raise UsageError("the file is empty", place=place, hint="it needs schema, provider and models")
    top = _At(place, "", root).keys(TOP_KEYS, required=("schema",))
    is_deals_only = bool(top.keys() & {"discounts", "markup"}) and not top.keys() & {"provider", "models"}
    if not is_deals_only:
        _At(place, "", root).keys(TOP_KEYS, required=("provider", "models"))
    if top["schema"].text() != "1":
        raise top["schema"].wrong(f"version {top['schema'].text()} is not known", "write 1")
    if "currency" in top and not re.fullmatch("[A-Z]{3}", top["currency"].text()):
        raise top["currency"].wrong(f"'{top['currency'].text()}' is no currency", "write its code: EUR")
    currency = top["currency"].text() if "currency" in top else "USD"
    rules = top["rules"].keys(RULE_KEYS) if "rules" in top else {}
    provider = top["provider"].text() if "provider" in top else None
    fallback = _fallback(rules.get("missing_rate"))
    hosted = "hosts_others" in rules and rules["hosts_others"].flag()
    entries = [at for key in ("models", "fine_tunes") if key in top for at in top[key].items()]
    return Book(
        provider=provider,
        aliases=top["aliases"].texts() if "aliases" in top else (),
        hosts_others=hosted,
        models=tuple(
            replace(_model(entry, provider or "", fallback, hosted=hosted), currency=currency) for entry in entries
        ),
        deals=tuple(
            _deal(at, kind)
            for key, kind in (("discounts", "discount"), ("markup", "markup"))
            for at in (top[key].items() if key in top else [])
        ),
        place=place,
    )


def composed(text: bytes | str, place: str = "") -> Any:
    """The nodes of a YAML text with their places, None for an empty one. UsageError for what is no YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{place}:{mark.line + 1}" if mark else place
        raise UsageError(f"no YAML: {getattr(error, 'problem', None) or error}", place=where) from error


@dataclass(frozen=True)
class _At:
    """A node of the file, and what an error calls it."""

    file: str
    label: str
    node: Any

    @property
    def place(self) -> str:
        return f"{self.file}:{self.node.start_mark.line + 1}"

    def wrong(self, what: str, hint: str | None = None) -> UsageError:
        return UsageError(f"{self.label}: {what}" if self.label else what, place=self.place, hint=hint)

    def called(self, label: str) -> _At:
        return replace(self, label=label)

    def below(self, name: str, node: Any) -> _At:
        return _At(self.file, f"{self.label}.{name}" if self.label else name, node)

    def named(self) -> dict[str, _At]:
        """The values of a mapping by key; a key with nothing after it is absent."""
        if self.node.id != "mapping":
            raise self.wrong("expected a mapping")
        found: dict[str, _At] = {}
        for key, value in self.node.value:
            name = str(key.value)
            if name in found:
                raise self.below(name, key).wrong("is given twice", "keep one of them")
            found[name] = self.below(name, value)
        return {name: at for name, at in found.items() if at.node.tag != "tag:yaml.org,2002:null"}

    def keys(self, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, _At]:
        found = self.named()
        known = tuple(known)
        for name, at in found.items():
            if name not in known:
                hint = nearest(name, known) or f"known: {', '.join(known)}"
                raise replace(at, label=self.label).wrong(f"unknown key '{name}'", hint)
        for name in required:
            if name not in found:
                raise self.wrong(f"'{name}' is missing")
        return found

    def items(self) -> list[_At]:
        if self.node.id != "sequence":
            raise self.wrong("expected a list")
        return [_At(self.file, f"{self.label}[{i}]", node) for i, node in enumerate(self.node.value)]

    def text(self) -> str:
        if self.node.id != "scalar" or not self.node.value:
            raise self.wrong("expected text")
        return str(self.node.value)

    def texts(self) -> tuple[str, ...]:
        """A list of texts, or one text."""
        return tuple(at.text() for at in self.items()) if self.node.id == "sequence" else (self.text(),)

    def flag(self) -> bool:
        if self.text() not in ("true", "false"):
            raise self.wrong(f"'{self.text()}' is neither true nor false")
        return self.text() == "true"

    def whole(self) -> int:
        if not re.fullmatch(r"\d{1,12}", self.text()):
            raise self.wrong(f"'{self.text()}' is no number of tokens", "write 200000")
        return int(self.text())

    def amount(self) -> Decimal:
        """Read from the text as it is written, so that money is never a float."""
        if not re.fullmatch(r"\d{1,9}(\.\d{1,12})?", self.text()):
            raise self.wrong(f"'{self.text()}' is no price", 'write it plainly: "2.50"')
        return Decimal(self.text())

    def percent(self, most: Decimal) -> Decimal:
        """Percent above 0 and up to `most`, as written."""
        if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?%", self.text()) or not 0 < Decimal(self.text()[:-1]) <= most:
            raise self.wrong(f"'{self.text()}' is no share above 0% and up to {most}%", "write 12%")
        return Decimal(self.text()[:-1])

    def amounts(self, known: Iterable[str] | None = None) -> dict[str, Decimal]:
        return {name: at.amount() for name, at in (self.named() if known is None else self.keys(known)).items()}

    def instant_us(self) -> int:
        """µs since 1970; a date is 00:00 UTC."""
        try:
            found = dt.datetime.fromisoformat(self.text())
        except ValueError:
            raise self.wrong(f"'{self.text()}' is no date", "write 2025-01-31 or 2025-01-31T16:00:00Z") from None
        found = found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)
        return (found - EPOCH) // dt.timedelta(microseconds=1)

    def pattern(self) -> re.Pattern[str]:
        try:
            return re.compile(self.text(), re.IGNORECASE)
        except re.error as error:
            raise self.wrong(f"'{self.text()}' is no pattern: {error}") from error


def _fallback(missing_rate: _At | None) -> Mapping[str, str]:
    rules = missing_rate.keys(RATE_NAMES) if missing_rate else {}
    for at in rules.values():
        if at.text() not in RATE_NAMES:
            raise at.wrong(f"unknown rate '{at.text()}'", nearest(at.text(), RATE_NAMES))
    fallback = {**FALLBACK, **{name: at.text() for name, at in rules.items()}}
    for name, at in rules.items():
        step: str | None = fallback[name]
        while step is not None and step != name:
            step = fallback.get(step)
        if step == name:
            raise at.wrong("leads back to itself", "a missing rate must end at one that every price has, such as input")
    return fallback


def _model(entry: _At, provider: str, fallback: Mapping[str, str], *, hosted: bool) -> Model:
    given = entry.keys(MODEL_KEYS, required=("match", "prices"))
    names = given["match"].keys(MATCH_KEYS)
    exact = names["exact"].texts() if "exact" in names else ()
    dated = names["dated"].text() if "dated" in names else None
    regex = names["regex"].node if "regex" in names else None
    name = given["id"].text() if "id" in given else next(iter(exact), dated or entry.label)
    entry = entry.called(name)
    given = entry.keys(MODEL_KEYS)
    patterns = [] if regex is None else [at.pattern() for at in _each(given["match"].keys(MATCH_KEYS)["regex"])]
    if not exact and dated is None and not patterns:
        raise given["match"].wrong("names nothing", "give exact names, a dated stem or a regex")
    prices = [_price(at) for at in given["prices"].items()]
    if not prices:
        raise given["prices"].wrong("is empty", "leave the model out: unknown is not zero")
    return Model(
        provider=provider,
        id=name,
        mode=given["mode"].text() if "mode" in given else "chat",
        free="free" in given and given["free"].flag(),
        exact=frozenset(text.lower() for text in exact),
        dated=dated.lower() if dated else None,
        regexes=tuple(patterns),
        lifecycle={name: at.text() for name, at in given["lifecycle"].named().items()} if "lifecycle" in given else {},
        prices=tuple(_closed(prices)),
        fallback=fallback,
        hosted=hosted,
        place=entry.place,
    )


def _each(at: _At) -> list[_At]:
    return at.items() if at.node.id == "sequence" else [at]


def _closed(prices: list[Price]) -> list[Price]:
    """An open entry ends where the next one for the same names begins."""
    done = []
    for i, price in enumerate(prices):
        later = (p.since_us for p in prices[i + 1 :] if p.applies_to == price.applies_to)
        done.append(price if price.until_us is not None else replace(price, until_us=next(later, None)))
    return done


def _price(entry: _At) -> Price:
    given = entry.keys(PRICE_KEYS)
    if not {"per_mtok", "per_unit", "per_request"} & given.keys():
        raise entry.wrong("'per_mtok' is missing")
    since_us, until_us = _span(given, "from", "to")
    fees = _fees(given)
    services = (
        tuple(_service(name, at, fees) for name, at in given["service"].named().items()) if "service" in given else ()
    )
    return Price(
        since=given["from"].text()[:10] if "from" in given else "always",
        since_us=since_us or 0,
        until_us=until_us,
        applies_to=frozenset(t.lower() for t in given["applies_to"].texts()) if "applies_to" in given else None,
        sheet=_sheet(given),
        fees=fees,
        services=services,
        modifiers=tuple(_modifier(at, fees) for at in given["modifiers"].items()) if "modifiers" in given else (),
        source=_source(given["source"]) if "source" in given else {},
        place=entry.place,
        unusual=given["unusual"].flag() if "unusual" in given else False,
    )


def _span(given: Mapping[str, _At], since: str, until: str) -> tuple[int | None, int | None]:
    """From and until, in µs since 1970, each None when it is not given."""
    since_us = given[since].instant_us() if since in given else None
    until_us = given[until].instant_us() if until in given else None
    if until_us is not None and until_us <= (since_us or 0):
        raise given[until].wrong(f"'{given[until].text()}' is not after '{since}'", "the end is exclusive")
    return since_us, until_us


def _source(entry: _At) -> Mapping[str, str]:
    given = entry.named()
    if "checked" in given:
        given["checked"].instant_us()
    return {name: "; ".join(at.texts()) for name, at in given.items()}


def _fees(given: Mapping[str, _At]) -> Mapping[str, Fee]:
    fees: dict[str, Fee] = {}
    for key, once in (("per_unit", False), ("per_request", True)):
        for unit, usd in (given[key].amounts() if key in given else {}).items():
            if unit in fees:
                raise given[key].wrong(f"'{unit}' is in per_unit too", "keep one of them")
            fees[unit] = Fee(usd, once)
    return fees


def _rates(given: Mapping[str, _At]) -> Rates:
    return given["per_mtok"].amounts(RATE_NAMES) if "per_mtok" in given else {}


def _sheet(given: Mapping[str, _At]) -> Sheet:
    return Sheet(
        rates=_rates(given),
        tiers=tuple(_tier(at) for at in given["tiers"].items()) if "tiers" in given else (),
        windows=tuple(_window(at) for at in given["windows"].items()) if "windows" in given else (),
    )


def _tier(entry: _At) -> Tier:
    given = entry.keys(TIER_KEYS, required=("over", "per_mtok"))
    inclusive = "inclusive" in given and given["inclusive"].flag()
    since_us, until_us = _span(given, "since", "until")
    return Tier(given["over"].whole() + (0 if inclusive else 1), since_us, until_us, _rates(given))


def _window(entry: _At) -> Window:
    given = entry.keys(WINDOW_KEYS, required=("tz", "hours", "per_mtok"))
    zone = given["tz"].text()
    try:
        ZoneInfo(zone)
    except (ValueError, KeyError, OSError):
        raise given["tz"].wrong(f"unknown time zone '{zone}'", "write one such as Asia/Shanghai") from None
    days = given["days"].texts() if "days" in given else DAYS
    for day in days:
        if day not in DAYS:
            raise given["days"].wrong(f"unknown day '{day}'", f"known: {', '.join(DAYS)}")
    minutes = tuple(_minutes(given["hours"], text) for text in given["hours"].texts())
    name = given["name"].text() if "name" in given else "window"
    since_us, until_us = _span(given, "since", "until")
    return Window(name, zone, frozenset(map(DAYS.index, days)), minutes, since_us, until_us, _rates(given))


def _minutes(at: _At, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", text)
    if found:
        first_h, first_m, last_h, last_m = map(int, found.groups())
        first, last = first_h * 60 + first_m, last_h * 60 + last_m
        if first < last <= 24 * 60:
            return first, last
    raise at.wrong(f"'{text}' is no span of hours within a day", 'write "09:00-12:00"')


def _service(name: str, entry: _At, fees: Mapping[str, Fee]) -> Service:
    given = entry.keys(SERVICE_KEYS)
    if ("multiply" in given) == ("per_mtok" in given):
        raise entry.wrong("needs either 'multiply' or 'per_mtok'")
    if "multiply" in given and (given.keys() & {"tiers", "windows"}):
        raise entry.wrong("'multiply' keeps the tiers and windows of the base", "give per_mtok to have others")
    own = _fees(given)
    return Service(
        names=frozenset(text.lower() for text in (name, *(given["aliases"].texts() if "aliases" in given else ()))),
        factor=_factor(given, {*fees, *own}) if "multiply" in given else None,
        sheet=_sheet(given) if "per_mtok" in given else None,
        fees=own,
    )


def _modifier(entry: _At, fees: Mapping[str, Fee]) -> Factor:
    given = entry.keys(MODIFIER_KEYS, required=("when", "multiply"))
    when = given["when"].keys(WHEN_KEYS)
    if not when:
        raise given["when"].wrong("is empty", f"known: {', '.join(WHEN_KEYS)}")
    return replace(
        _factor(given, set(fees)),
        when={key: frozenset(text.lower() for text in at.texts()) for key, at in when.items()},
    )


def _deal(entry: _At, kind: str) -> Deal:
    """A discount takes its percent off, a mark-up puts it on; both are factors, so nothing is rounded before the request is."""
    given = entry.keys(DEAL_KEYS, required=("provider", "percent") if kind == "discount" else ("percent",))
    percent = given["percent"].percent(Decimal(100) if kind == "discount" else MOST_MARKUP)
    since_us, until_us = _span(given, "since", "until")
    not_on = given["not_on"].texts() if "not_on" in given else ()
    multiply = 1 + (-percent if kind == "discount" else percent).scaleb(-2)
    return Deal(
        kind=kind,
        provider=given["provider"].text() if "provider" in given else None,
        model=given["model"].text().lower() if "model" in given else None,
        factor=Factor(multiply, frozenset(not_on)),
        since_us=since_us,
        until_us=until_us,
        label=f"{kind} {given['percent'].text()}",
        place=entry.place,
    )


def _factor(given: Mapping[str, _At], units: set[str]) -> Factor:
    not_on = given["not_on"].texts() if "not_on" in given else ()
    for name in not_on:
        if name not in (*RATE_NAMES, *units):
            raise given["not_on"].wrong(f"unknown rate '{name}'", nearest(name, (*RATE_NAMES, *units)))
    return Factor(given["multiply"].amount(), frozenset(not_on))
