"""Reads the price catalogue: one YAML per provider, and the user's overrides, which win over it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from llmcost.errors import UsageError, nearest
from llmcost.resources import catalogue_folder

Rates = Mapping[str, Decimal]
"""USD per million tokens, by rate name (input, cache_read, output ...)."""

RATE_OF_COLUMN: dict[str, str] = {
    "fresh_input_tokens": "input",
    "cache_read_tokens": "cache_read",
    "cache_write_5m_tokens": "cache_write_5m",
    "cache_write_1h_tokens": "cache_write_1h",
    "cache_write_12h_tokens": "cache_write_12h",
    "cache_write_other_tokens": "cache_write",
    "audio_input_tokens": "audio_input",
    "audio_cache_read_tokens": "audio_cache_read",
    "image_input_tokens": "image_input",
    "image_cache_read_tokens": "image_cache_read",
    "video_input_tokens": "video_input",
    "tool_use_tokens": "tool_use",
    "text_output_tokens": "output",
    "reasoning_tokens": "reasoning",
    "audio_output_tokens": "audio_output",
    "image_output_tokens": "image_output",
    "rejected_prediction_tokens": "rejected_prediction",
}
"""Which rate bills which token column of the ledger."""

ALWAYS_AS: dict[str, str] = {
    "cache_write_5m": "cache_write",
    "cache_write_1h": "cache_write",
    "cache_write_12h": "cache_write",
    "tool_use": "input",
    "rejected_prediction": "output",
}
"""Rates that are another one wherever a file does not say otherwise."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Sheet:
    """One complete set of token rates, with its long-context tiers and time-of-day windows; each replaces it whole."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Tier:
    """Applies to the whole request when its input (cache included) is above `over` tokens, or reaches it if `inclusive`."""

    first_tokens: int
    since_us: int | None
    until_us: int | None
    rates: Rates


@dataclass(frozen=True)
class Window:
    """Applies at these hours of the week in `zone`; minutes since midnight, end exclusive."""

    zone: str
    days: frozenset[int]
    minutes: tuple[tuple[int, int], ...]
    since_us: int | None
    until_us: int | None
    rates: Rates


@dataclass(frozen=True)
class Factor:
    """A multiplier on every rate and unit but those in `not_on`."""

    multiply: Decimal
    not_on: frozenset[str]
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """What a service tier (batch, flex, priority) costs: a factor on the base sheet, or a sheet of its own."""

    names: frozenset[str]
    factor: Factor | None
    sheet: Sheet | None
    units: Rates


@dataclass(frozen=True)
class Price:
    """One dated entry: in force from `since_us` until `until_us` (exclusive; None: open)."""

    since: str
    since_us: int
    until_us: int | None
    applies_to: frozenset[str] | None
    sheet: Sheet
    units: Rates
    services: tuple[Service, ...]
    modifiers: tuple[Factor, ...]
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A model with the names it is matched by and its dated prices, oldest first."""

    provider: str
    id: str
    mode: str
    exact: frozenset[str]
    dated: str | None
    regexes: tuple[re.Pattern[str], ...]
    lifecycle: Mapping[str, Any]
    prices: tuple[Price, ...]
    fallback: Mapping[str, str]
    place: str


@dataclass(frozen=True)
class Catalogue:
    """All models. `digest` changes whenever any file does; `as_of` is the newest day on which a price was checked."""

    models: tuple[Model, ...]
    aliases: Mapping[str, str]
    digest: str
    as_of: str | None
    owners: frozenset[str]
    """Providers whose prices are their own; a model without a provider is looked up among them."""


def files(overrides: Iterable[Path] = ()) -> list[Path]:
    """The catalogue's files in a fixed order, the overrides after them."""
    return [*sorted(catalogue_folder().glob("*.yaml")), *overrides]


def digest(overrides: Iterable[Path] = ()) -> str:
    """SHA-256 over the catalogue's bytes; what a store remembers to notice that prices changed."""
    state = hashlib.sha256()
    for path in files(overrides):
        state.update(path.name.encode())
        state.update(_bytes(path))
    return state.hexdigest()


def load(overrides: Iterable[Path] = ()) -> Catalogue:
    """The whole catalogue. An override replaces the models of the same provider whose names it matches."""
    overrides = list(overrides)
    aliases: dict[str, str] = {}
    owners: set[str] = set()
    models: list[Model] = []
    for path in files():
        models += _file(path, aliases, owners, owner_key=True)
    for path in overrides:
        own = _file(path, aliases, owners, owner_key=False)
        taken = {(model.provider, name) for model in own for name in model.exact}
        models = [_without(model, {name for provider, name in taken if provider == model.provider}) for model in models]
        models += own
    checked = [str(p.source["checked"]) for m in models for p in m.prices if p.source.get("checked")]
    return Catalogue(tuple(models), aliases, digest(overrides), max(checked, default=None), frozenset(owners))


def _without(model: Model, names: set[str]) -> Model:
    return replace(model, exact=model.exact - names) if names & model.exact else model


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=str(path), hint="check prices.overrides") from error


def _file(path: Path, aliases: dict[str, str], owners: set[str], *, owner_key: bool) -> list[Model]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    place = path.name if owner_key else str(path)
    try:
        data = yaml.load(_bytes(path), Loader=loader)  # noqa: S506  # a safe loader, in C where there is one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(f"no YAML: {getattr(error, 'problem', error)}", place=f"{place}:{mark.line + 1}" if mark else place) from error
    reader = _Reader(place)
    top = reader.keys(data, "", TOP_KEYS, required=("schema", "provider", "models"))
    if top["schema"] != 1:
        raise reader.wrong("schema", f"version {top['schema']} is not known", "schema: 1")
    if top.get("currency", "USD") != "USD":
        raise reader.wrong("currency", f"{top['currency']} prices need dated rates, which are not read yet", "give the price in USD")
    provider = str(top["provider"])
    for alias in [provider, *top.get("aliases", [])]:
        aliases[str(alias).lower()] = provider
    rules = reader.keys(top.get("rules") or {}, "rules", RULE_KEYS)
    if owner_key and not rules.get("hosts_others", False):
        owners.add(provider)
    elif not owner_key and provider not in aliases.values():
        owners.add(provider)
    fallback = {**ALWAYS_AS, **DEFAULT_MISSING_RATE, **rules.get("missing_rate", {})}
    return [_model(reader, provider, fallback, entry) for entry in [*top["models"], *top.get("fine_tunes", [])]]


TOP_KEYS = ("schema", "provider", "aliases", "currency", "rules", "models", "fine_tunes")
RULE_KEYS = ("missing_rate", "hosts_others", "usage_shape", "tier_scope", "tier_basis", "on_unknown_model")
MODEL_KEYS = ("id", "mode", "match", "lifecycle", "prices", "free", "base", "note")
MATCH_KEYS = ("exact", "dated", "regex")
PRICE_KEYS = (
    *("from", "to", "applies_to", "per_mtok", "per_unit", "tiers", "service", "modifiers", "windows", "source"),
    *("training", "hosting"),
)
TIER_KEYS = ("over", "inclusive", "since", "until", "per_mtok")
SERVICE_KEYS = ("multiply", "not_on", "per_mtok", "per_unit", "tiers", "windows", "aliases")
MODIFIER_KEYS = ("when", "multiply", "not_on")
WINDOW_KEYS = ("name", "tz", "days", "hours", "since", "until", "per_mtok")
WHEN_KEYS = ("region", "inference_geo", "speed")
RATE_NAMES = tuple(RATE_OF_COLUMN.values())
DEFAULT_MISSING_RATE = {"cache_read": "input", "cache_write": "input", "reasoning": "output"}


class _Reader:
    """Turns plain YAML into the dataclasses above; every error names the file, the model and the key."""

    def __init__(self, place: str) -> None:
        self.place = place

    def wrong(self, where: str, what: str, hint: str | None = None) -> UsageError:
        return UsageError(f"{where}: {what}" if where else what, place=self.place, hint=hint)

    def keys(self, value: Any, where: str, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(where, "expected a mapping")
        for key in value:
            if key not in known:
                raise self.wrong(where, f"unknown key '{key}'", nearest(str(key), known) or f"known: {', '.join(known)}")
        for key in required:
            if key not in value:
                raise self.wrong(where, f"'{key}' is missing")
        return value

    def number(self, value: Any, where: str) -> Decimal:
        try:
            if isinstance(value, bool | float):
                raise InvalidOperation
            found = Decimal(str(value))
        except InvalidOperation:
            raise self.wrong(where, f"{value!r} is no exact price", 'write it in quotes: "2.50"') from None
        if not found.is_finite() or found < 0:
            raise self.wrong(where, f"{value!r} cannot be a price")
        return found

    def rates(self, value: Any, where: str, known: Iterable[str] | None = RATE_NAMES) -> Rates:
        names = self.keys(value, where, known if known is not None else list(value or {}))
        return {name: self.number(amount, f"{where}.{name}") for name, amount in names.items()}

    def instant_us(self, value: Any, where: str) -> int | None:
        """µs since 1970; a bare date is 00:00 UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                raise self.wrong(where, f"{value!r} is no date", "write 2025-01-31 or 2025-01-31T16:00:00Z") from None
        if isinstance(value, dt.datetime):
            value = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        elif isinstance(value, dt.date):
            value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc)
        else:
            raise self.wrong(where, f"{value!r} is no date", "write 2025-01-31 or 2025-01-31T16:00:00Z")
        return (value - EPOCH) // dt.timedelta(microseconds=1)

    def texts(self, value: Any) -> frozenset[str]:
        return frozenset(str(v) for v in (value if isinstance(value, list) else [value]))


EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def _model(reader: _Reader, provider: str, fallback: Mapping[str, str], entry: Any) -> Model:
    name = str(entry.get("id", "?")) if isinstance(entry, dict) else "?"
    entry = reader.keys(entry, name, MODEL_KEYS, required=("match", "prices"))
    match = reader.keys(entry["match"], f"{name}.match", MATCH_KEYS)
    if name == "?":
        name = next(iter(match.get("exact") or ["?"]))
    prices = [_price(reader, f"{name}.prices[{i}]", p) for i, p in enumerate(entry["prices"] or [])]
    if not prices:
        raise reader.wrong(name, "has no prices", "leave the model out: unknown is not zero")
    try:
        regexes = tuple(re.compile(r) for r in match.get("regex", []))
    except re.error as error:
        raise reader.wrong(f"{name}.match.regex", str(error)) from error
    return Model(
        provider=provider,
        id=name,
        mode=str(entry.get("mode", "chat")),
        exact=frozenset(str(n) for n in match.get("exact") or []),
        dated=match.get("dated"),
        regexes=regexes,
        lifecycle=entry.get("lifecycle") or {},
        prices=tuple(_closed(prices)),
        fallback=fallback,
        place=f"{reader.place}: {name}",
    )


def _closed(prices: list[Price]) -> list[Price]:
    """Each open entry ends where the next one for the same names begins."""
    done = []
    for i, price in enumerate(prices):
        until_us = price.until_us
        if until_us is None:
            until_us = next((p.since_us for p in prices[i + 1 :] if p.applies_to == price.applies_to), None)
        done.append(replace(price, until_us=until_us))
    return done


def _price(reader: _Reader, where: str, entry: Any) -> Price:
    entry = reader.keys(entry, where, PRICE_KEYS, required=("per_mtok",) if not (isinstance(entry, dict) and "per_unit" in entry) else ())
    since = entry.get("from")
    return Price(
        since=str(since)[:10] if since else "always",
        since_us=reader.instant_us(since, f"{where}.from") or 0,
        until_us=reader.instant_us(entry.get("to"), f"{where}.to"),
        applies_to=reader.texts(entry["applies_to"]) if "applies_to" in entry else None,
        sheet=_sheet(reader, where, entry),
        units=reader.rates(entry.get("per_unit") or {}, f"{where}.per_unit", None),
        services=tuple(_service(reader, f"{where}.service.{name}", name, s) for name, s in (entry.get("service") or {}).items()),
        modifiers=tuple(_modifier(reader, f"{where}.modifiers", m) for m in entry.get("modifiers") or []),
        source=entry.get("source") or {},
    )


def _sheet(reader: _Reader, where: str, entry: Mapping[str, Any]) -> Sheet:
    return Sheet(
        rates=reader.rates(entry.get("per_mtok") or {}, f"{where}.per_mtok"),
        tiers=tuple(_tier(reader, f"{where}.tiers", t) for t in entry.get("tiers") or []),
        windows=tuple(_window(reader, f"{where}.windows", w) for w in entry.get("windows") or []),
    )


def _tier(reader: _Reader, where: str, entry: Any) -> Tier:
    entry = reader.keys(entry, where, TIER_KEYS, required=("over", "per_mtok"))
    return Tier(
        first_tokens=int(entry["over"]) + (0 if entry.get("inclusive") else 1),
        since_us=reader.instant_us(entry.get("since"), f"{where}.since"),
        until_us=reader.instant_us(entry.get("until"), f"{where}.until"),
        rates=reader.rates(entry["per_mtok"], f"{where}.per_mtok"),
    )


def _window(reader: _Reader, where: str, entry: Any) -> Window:
    entry = reader.keys(entry, where, WINDOW_KEYS, required=("tz", "hours", "per_mtok"))
    minutes = []
    for span in entry["hours"]:
        found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", str(span))
        if not found:
            raise reader.wrong(f"{where}.hours", f"{span!r} is no span of hours", 'write "09:00-12:00"')
        a, b, c, d = map(int, found.groups())
        minutes.append((a * 60 + b, c * 60 + d))
    return Window(
        zone=str(entry["tz"]),
        days=frozenset(DAYS.index(d) for d in entry.get("days", DAYS)),
        minutes=tuple(minutes),
        since_us=reader.instant_us(entry.get("since"), f"{where}.since"),
        until_us=reader.instant_us(entry.get("until"), f"{where}.until"),
        rates=reader.rates(entry["per_mtok"], f"{where}.per_mtok"),
    )


def _service(reader: _Reader, where: str, name: str, entry: Any) -> Service:
    entry = reader.keys(entry, where, SERVICE_KEYS)
    if ("multiply" in entry) == ("per_mtok" in entry):
        raise reader.wrong(where, "needs either 'multiply' or 'per_mtok'")
    return Service(
        names=frozenset([name, *map(str, entry.get("aliases", []))]),
        factor=_factor(reader, where, entry) if "multiply" in entry else None,
        sheet=_sheet(reader, where, entry) if "per_mtok" in entry else None,
        units=reader.rates(entry.get("per_unit") or {}, f"{where}.per_unit", None),
    )


def _factor(reader: _Reader, where: str, entry: Mapping[str, Any]) -> Factor:
    return Factor(reader.number(entry["multiply"], f"{where}.multiply"), reader.texts(entry.get("not_on", [])))


def _modifier(reader: _Reader, where: str, entry: Any) -> Factor:
    entry = reader.keys(entry, where, MODIFIER_KEYS, required=("when", "multiply"))
    when = reader.keys(entry["when"], f"{where}.when", WHEN_KEYS)
    plain = _factor(reader, where, entry)
    return Factor(plain.multiply, plain.not_on, {key: reader.texts(value) for key, value in when.items()})
