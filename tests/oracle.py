"""A slow and obvious pricer: one request, the YAML as read, Decimal. The SQL bill must equal it to the last digit."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RATE_OF_COLUMN = {
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
    "tool_use_tokens": "input",
    "text_output_tokens": "output",
    "reasoning_tokens": "reasoning",
    "audio_output_tokens": "audio_output",
    "image_output_tokens": "image_output",
    "rejected_prediction_tokens": "output",
}
OUTPUT_COLUMNS = {
    "text_output_tokens",
    "reasoning_tokens",
    "audio_output_tokens",
    "image_output_tokens",
    "rejected_prediction_tokens",
}
"""Every other column counts as input when the request is held against a long-context threshold."""

OWNERS = (
    *("openai", "anthropic", "google", "deepseek", "xai", "mistral"),
    *("cohere", "voyageai", "moonshotai", "zai", "minimax"),
)
"""Who may claim a model whose log names no provider."""

STANDARD_TIERS = {"", "default", "standard", "on_demand", "auto"}
STANDARD_SPEEDS = {"", "standard"}
PREPAID_TIERS = {"provisioned", "provisioned_throughput"}
MILLION = Decimal(1_000_000)
PICO = Decimal("0.000000000001")
TOO_MUCH = Decimal("999999.999999999999")
"""The largest number of the ledger's DECIMAL(18,12): less is safe to round."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUT_OF_TIME = {"before the first price", "after the last price"}

Catalogue = list[dict[str, Any]]


class _UnpricedError(Exception):
    """The reason why a request has no price."""


def price(request: Mapping[str, Any], catalogue: Catalogue) -> tuple[Decimal | None, str | None]:
    """The cost of one ledger row in USD, rounded once (half-even, 12 digits); or None and the reason.

    `request` has ledger columns as keys; what is absent or None is unknown, for tokens 0.
    `catalogue` is the list of provider files as `yaml.safe_load` returns them.
    """
    try:
        book, terms = terms_of(request, catalogue)
        with localcontext() as context:
            context.prec = 60
            cost = cost_of(request, book, terms)
            if cost >= TOO_MUCH:
                raise _UnpricedError("cost above 999,999.99 USD")
            return cost.quantize(PICO, rounding=ROUND_HALF_EVEN), None
    except _UnpricedError as reason:
        return None, str(reason)


def assumed(request: Mapping[str, Any], catalogue: Catalogue) -> bool:
    """Whether the cost rests on an assumption: terms that are not sold, or an aggregate of requests of unknown size."""
    if price(request, catalogue)[0] is None:
        return False
    _, terms = terms_of(request, catalogue)
    once = any(terms["units"][unit][1] for unit in request.get("units") or {} if unit in terms["units"])
    aggregated = int(request.get("requests") or 1) > 1
    return bool(terms["unsold"] or (aggregated and (terms["tiers"] or once)))


def terms_of(request: Mapping[str, Any], catalogue: Catalogue) -> tuple[dict[str, Any], dict[str, Any]]:
    """The provider file and the terms of a request."""
    book, model, name = find_model(request.get("provider"), request.get("model"), request.get("region"), catalogue)
    entries = entries_of(model, name)
    if request.get("ts_us") is None:
        return book, terms_at_any_time(request, entries)
    return book, terms_at(request, entries, EPOCH + timedelta(microseconds=int(request["ts_us"])))


# Which model


def find_model(
    provider: str | None, model: str | None, region: str | None, catalogue: Catalogue
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The provider file, the model in it, and the name without its `provider/` prefix."""
    name = (model or "").lower()
    prefix, slash, rest = name.partition("/")
    seller = provider_of(prefix, catalogue) if slash else None
    wanted = provider_of(provider, catalogue) if provider else seller
    books = [
        book
        for book in catalogue
        if book["provider"] == wanted
        or (
            not provider and not seller and book["provider"] in OWNERS and not book.get("rules", {}).get("hosts_others")
        )
    ]
    found = []
    spellings = [name, rest] if seller else [name]
    there = [f"{region.lower()}/{spelling}" for spelling in spellings] if region else []
    for spelling in there + spellings:
        found = found or [
            (b, m, spelling) for b in books for m in b["models"] if spelling in lower(m["match"].get("exact", []))
        ]
        found = found or [(b, m, spelling) for b in books for m in b["models"] if matches(m["match"], spelling)]
    if not found:
        raise _UnpricedError("unknown model")
    if len(found) > 1:
        raise _UnpricedError("ambiguous")
    return found[0]


def provider_of(name: str, catalogue: Catalogue) -> str | None:
    for book in catalogue:
        if name.lower() in lower([book["provider"], *book.get("aliases", [])]):
            return str(book["provider"])
    return None


def matches(match: Mapping[str, Any], name: str) -> bool:
    """`name` in lower case: upper and lower case are the same."""
    if name in lower(match.get("exact", [])):
        return True
    stem = match.get("dated")
    if stem is not None and re.fullmatch(re.escape(stem.lower()) + r"(-\d{8}|-\d{4}-\d{2}-\d{2}|@\d{8})", name):
        return True
    return any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in match.get("regex", []))


def lower(names: list[str]) -> list[str]:
    return [name.lower() for name in names]


# Which terms


def entries_of(model: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The price entries that may apply to this name, with `start` and `end` as instants."""
    entries = []
    for position, entry in enumerate(model["prices"]):
        if "applies_to" in entry and name not in lower(entry["applies_to"]):
            continue
        end = instant(entry.get("to"))
        if end is None:
            for later in model["prices"][position + 1 :]:
                if later.get("applies_to") == entry.get("applies_to"):
                    end = instant(later.get("from"))
                    break
        entries.append({**entry, "start": instant(entry.get("from")) or EPOCH, "end": end})
    return entries


def terms_at(request: Mapping[str, Any], entries: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    """What the request is billed by: `rates` per Mtok, `tiers`, `units` and `factors` with what they leave alone."""
    active = [entry for entry in entries if entry["start"] <= at and (entry["end"] is None or at < entry["end"])]
    if not active:
        early = all(at < entry["start"] for entry in entries)
        raise _UnpricedError("before the first price" if early else "after the last price")
    special = [entry for entry in active if "applies_to" in entry]
    entry = (special or active)[0]
    tier = (request.get("service_tier") or "").lower()
    service = service_of(tier, entry)
    sheet = service if "per_mtok" in service else entry
    rates = sheet.get("per_mtok", {})
    for window in sheet.get("windows", []):
        if within(window, at) and in_hours(window, at):
            rates = window["per_mtok"]
    factors = [(service["multiply"], service.get("not_on", []))] if "multiply" in service else []
    by_modifiers, speed_is_priced = modifiers_of(request, entry)
    tiers = [tier for tier in sheet.get("tiers", []) if within(tier, at)]
    units = fees_of(entry) | fees_of(service)
    if not service and tier in PREPAID_TIERS:  # nothing is paid by the token or the unit
        rates, factors, by_modifiers = dict.fromkeys(rates, "0"), [], []
        tiers = [{**one, "per_mtok": dict.fromkeys(one["per_mtok"], "0")} for one in tiers]
        units = {name: ("0", once) for name, (_, once) in units.items()}
    speed = (request.get("speed") or "").lower()
    return {
        "rates": rates,
        "tiers": tiers,
        "units": units,
        "factors": factors + by_modifiers,
        "unsold": (not service and tier not in STANDARD_TIERS | PREPAID_TIERS)
        or (not speed_is_priced and speed not in STANDARD_SPEEDS),
    }


def terms_at_any_time(request: Mapping[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The terms of a request without time, if they were the same whenever the model had a price."""
    terms: list[dict[str, Any]] = []
    reasons: set[str] = set()
    for at in moments(entries):
        try:
            now = terms_at(request, entries, at)
        except _UnpricedError as reason:
            reasons.add(str(reason))
            continue
        now["tiers"] = [{**tier, "since": None, "until": None} for tier in now["tiers"]]
        if now not in terms:
            terms.append(now)
    if len(terms) == 1:
        return terms[0]
    reasons -= OUT_OF_TIME
    raise _UnpricedError("undated" if terms else min(reasons))


def moments(entries: list[dict[str, Any]]) -> list[datetime]:
    """An instant inside every stretch of time that could have terms of its own."""
    edges = set()
    for entry in entries:
        edges |= {entry["start"], entry["end"]}
        for part in dated_parts(entry):
            edges |= {instant(part.get("since")), instant(part.get("until"))}
    found = sorted(edge for edge in edges if edge is not None)
    if any("windows" in entry for entry in entries):
        quarters = [timedelta(minutes=15 * step) for step in range(7 * 24 * 4)]
        found = [edge + quarter for edge in found for quarter in quarters]
    return found


def dated_parts(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for sheet in (entry, *entry.get("service", {}).values()):
        yield from sheet.get("tiers", [])
        yield from sheet.get("windows", [])


def service_of(tier: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the tier costs; empty when it is the standard tier or not sold, which is billed the same."""
    for name, service in entry.get("service", {}).items():
        if tier in lower([name, *service.get("aliases", [])]):
            return dict(service)
    return {}


def fees_of(part: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """USD per unit, and whether it is charged once per request."""
    per_unit = {unit: (usd, False) for unit, usd in part.get("per_unit", {}).items()}
    return per_unit | {unit: (usd, True) for unit, usd in part.get("per_request", {}).items()}


def modifiers_of(request: Mapping[str, Any], entry: Mapping[str, Any]) -> tuple[list[tuple[str, list[str]]], bool]:
    """The factors that the request meets, and whether one of them is for its speed."""
    factors, speed_is_priced = [], False
    for modifier in entry.get("modifiers", []):
        wanted = {key: value if isinstance(value, list) else [value] for key, value in modifier["when"].items()}
        if all((request.get(key) or "").lower() in lower(values) for key, values in wanted.items()):
            factors.append((modifier["multiply"], modifier.get("not_on", [])))
            speed_is_priced = speed_is_priced or "speed" in wanted
    return factors, speed_is_priced


# The bill


def cost_of(request: Mapping[str, Any], book: Mapping[str, Any], terms: Mapping[str, Any]) -> Decimal:
    rates = terms["rates"]
    for tier in terms["tiers"]:
        if reaches(tier, request):
            rates = tier["per_mtok"]
    total = Decimal(0)
    for column, bucket in RATE_OF_COLUMN.items():
        tokens = int(request.get(column) or 0)
        if tokens:
            rate = rate_of(bucket, rates, book)
            total += tokens * Decimal(rates[rate]) * product(terms["factors"], {bucket, rate}) / MILLION
    for unit, count in sorted((request.get("units") or {}).items()):
        if Decimal(str(count)):
            if unit not in terms["units"]:
                raise _UnpricedError(f"no rate for unit {unit}")
            usd, once = terms["units"][unit]
            charged = min(Decimal(str(count)), Decimal(request.get("requests") or 1)) if once else Decimal(str(count))
            total += charged * Decimal(usd) * product(terms["factors"], {unit})
    return total


def reaches(tier: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    if int(request.get("requests") or 1) > 1:
        return False  # the size of the single requests is not known: an aggregate is billed at the base rates
    total = sum(int(request.get(column) or 0) for column in RATE_OF_COLUMN if column not in OUTPUT_COLUMNS)
    return bool(total > tier["over"] or (tier.get("inclusive") and total == tier["over"]))


def rate_of(bucket: str, rates: Mapping[str, str], book: Mapping[str, Any]) -> str:
    """The name of the rate that bills `bucket`: its own, or the one it falls back to."""
    fallback = {"cache_write_5m": "cache_write", "cache_write_1h": "cache_write", "cache_write_12h": "cache_write"}
    fallback |= book.get("rules", {}).get("missing_rate", {})
    name: str | None = bucket
    while name is not None and name not in rates:
        name = fallback.get(name)
    if name is None:
        raise _UnpricedError(f"no rate for {bucket}")
    return name


def product(factors: list[tuple[str, list[str]]], names: set[str]) -> Decimal:
    result = Decimal(1)
    for factor, not_on in factors:
        if not names & set(not_on):
            result *= Decimal(factor)
    return result


# Time


def within(part: Mapping[str, Any], at: datetime) -> bool:
    since, until = instant(part.get("since")), instant(part.get("until"))
    return (since is None or since <= at) and (until is None or at < until)


def in_hours(window: Mapping[str, Any], at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(window["tz"]))
    if "days" in window and DAYS[local.weekday()] not in window["days"]:
        return False
    clock = f"{local:%H:%M}"
    return any(hours.split("-")[0] <= clock < hours.split("-")[1] for hours in window["hours"])


def instant(value: object) -> datetime | None:
    """A date is 00:00 UTC of that day; an instant is itself."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    assert isinstance(value, date)
    return datetime.combine(value, time(), UTC)
