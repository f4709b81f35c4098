"""What two price libraries say, as catalogue entries: litellm's JSON and genai-prices' data, read without importing either."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

from llmcost.errors import UsageError, nearest
from llmcost.pricing.reader import DAYS

Entry = dict[str, Any]
"""One dated price under the keys of the catalogue's YAML, amounts in Decimal, without its source."""

LITELLM, GENAI = "litellm", "genai-prices"
PACKAGES = {LITELLM: ("litellm", "model_prices_and_context_window_backup.json"), GENAI: ("genai_prices", "data.py")}
"""Where each library keeps its prices: package and file."""

PROVIDERS = {
    **dict.fromkeys(("aws", "bedrock_converse"), "bedrock"),
    **dict.fromkeys(("fireworks_ai", "fireworks_ai-embedding-models"), "fireworks"),
    **{"together_ai": "together", "github_copilot": "github-copilot", "cohere_chat": "cohere", "voyage": "voyageai"},
    **{"moonshot": "moonshotai", "meta_llama": "meta", "bigmodel": "zhipuai", "text-completion-inception": "inception"},
    **{"codestral": "mistral", "text-completion-codestral": "mistral", "openai-decisions": "openai"},
}
"""Their names for a provider, where the catalogue would not know them by its aliases."""
REGION = re.compile(r"(?:[a-z]{2}(?:-gov)?-[a-z]+-\d|eu|apac|au|jp|ca|in|us-gov|global|us|ap|sa)[./].+")
"""Names of Bedrock that carry where the request is processed."""

LITELLM_RATES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost_above_12hr": "cache_write_12h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "cache_read_input_audio_token_cost": "audio_cache_read",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
    "cache_read_input_image_token_cost": "image_cache_read",
    "input_cost_per_video_token": "video_input",
}
LITELLM_UNITS = {
    "input_cost_per_query": "query",
    "ocr_cost_per_page": "page",
    "ocr_cost_per_credit": "credit",
    "annotation_cost_per_page": "annotated_page",
    "input_cost_per_second": "input_second",
    "output_cost_per_second": "output_second",
    "input_cost_per_audio_per_second": "input_second",
    "input_cost_per_video_per_second": "input_video_second",
    "output_cost_per_video_per_second": "output_second",
    "input_cost_per_character": "input_character",
    "output_cost_per_character": "output_character",
    "input_cost_per_image": "input_image",
    "output_cost_per_image": "output_image",
    "code_interpreter_cost_per_session": "code_interpreter_session",
    "google_maps_grounding_cost_per_query": "maps_query",
}
LITELLM_SERVICES = {"batches": "batch", **{s: s for s in ("flex", "priority", "ultrafast", "balanced")}}
GENAI_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "cache_write_12h_mtok": "cache_write_12h",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_input",
    "output_audio_mtok": "audio_output",
    "cache_audio_read_mtok": "audio_cache_read",
    "input_image_mtok": "image_input",
    "output_image_mtok": "image_output",
    "cache_image_read_mtok": "image_cache_read",
    "input_video_mtok": "video_input",
}
GENAI_UNITS = {"web_searches_kcount": ("web_search", 1000), "input_document_kpages": ("page", 1000)}
INCLUSIVE = ("xai",)
"""Whose long-context price begins at the threshold; everybody else's begins above it."""
INCLUDED = ("github-copilot",)
"""Where a model without a price is part of the subscription; elsewhere none is known."""
SHORTEST = 3
"""A clause that is shorter, or ends in a hyphen, spells a fragment and no name."""
MOST_INPUT = Decimal(1000)
LEAST_INPUT = Decimal("0.003")
"""USD per million input tokens; no model was ever sold outside, but a price per token, thousand tokens or image is."""
MOST_DIGITS = 12
"""Significant digits of a price: what lies beyond is the noise of a float."""
SUFFIX = re.compile(r"(-\d{8}|-\d{4}-\d{2}-\d{2}|@\d{8})?(-v\d+(:\d+)?)?")
"""What may follow a name in one of genai-prices' clauses and still be the same model; a bare prefix is not enough."""


@dataclass(frozen=True)
class Offer:
    """A model as one library sells it, by its provider there: names in lower case and dated entries, the oldest first.

    `key` is how the library itself calls it. `dated`: names of which snapshots have the same price. `free`: the library says outright that it costs nothing.
    """

    library: str
    key: str
    provider: str
    id: str
    mode: str
    names: tuple[str, ...]
    dated: tuple[str, ...]
    retired: str | None
    free: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Library:
    """One source as it was read."""

    name: str
    version: str
    sha256: str
    offers: tuple[Offer, ...]
    left_out: Mapping[str, int]


def libraries(wanted: str | None) -> list[Library]:
    """The libraries that are installed, the one named, or the one in a file. UsageError when there is none."""
    if wanted is None:
        found = [lib for name in PACKAGES if (lib := _installed(name))]
        if not found:
            raise UsageError("neither litellm nor genai-prices is installed", place="prices sync", hint="--from FILE")
        return found
    name = wanted.replace("_", "-")
    if name in PACKAGES:
        lib = _installed(name)
        if lib is None:
            raise UsageError(f"{name} is not installed", place="--from", hint=f"pip install {name}, or give its file")
        return [lib]
    path = Path(wanted)
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = nearest(wanted, tuple(PACKAGES)) or "litellm, genai-prices or a file of theirs"
        raise UsageError(f"'{wanted}' cannot be read: {error.strerror}", place="--from", hint=hint) from None
    return [_read(None, "file", content, wanted)]


def _installed(name: str) -> Library | None:
    package, file = PACKAGES[name]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / file
    try:
        version = metadata.version(name)
        return _read(name, version, path.read_bytes(), str(path))
    except (OSError, metadata.PackageNotFoundError) as error:
        raise UsageError(f"{name} is installed without {file}: {error}", place="prices sync") from error


def _read(name: str | None, version: str, content: bytes, place: str) -> Library:
    data: Any
    try:
        data = _evaluated(content) if place.endswith(".py") else json.loads(content, parse_float=Decimal)
    except (ValueError, SyntaxError) as error:
        raise UsageError(f"is neither JSON nor genai-prices' data: {error}", place=place) from error
    name = name or (GENAI if isinstance(data, list) else LITELLM)
    left_out: dict[str, int] = {}
    try:
        offers = tuple((_genai if name == GENAI else _litellm)(data, left_out))
    except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
        hint = "litellm's model_prices_and_context_window.json or genai-prices' data.json"
        raise UsageError(f"is not what {name} writes: {error!r}", place=place, hint=hint) from error
    return Library(name, version, hashlib.sha256(content).hexdigest(), offers, left_out)


def _evaluated(content: bytes) -> Any:
    """The list that genai-prices' module assigns, in the shape of its JSON; the text is looked at and never run."""
    module = ast.parse(content)
    value = next(n.value for n in module.body if isinstance(n, ast.AnnAssign) and n.value is not None)
    return _plain(value)


def _plain(node: ast.expr) -> Any:
    if isinstance(node, ast.List):
        return [_plain(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_plain(k): _plain(v) for k, v in zip(node.keys, node.values, strict=True) if k is not None}
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "Decimal":
            return Decimal(_plain(node.args[0]))
        if called == "date":
            return dt.date(*map(_plain, node.args)).isoformat()
        if called == "time":
            return dt.time(*map(_plain, node.args)).isoformat("minutes")
        return {(k.arg or "").rstrip("_"): _plain(k.value) for k in node.keywords}
    if isinstance(node, ast.Attribute):
        return node.attr
    return ast.literal_eval(node)


def amount(value: Decimal | int | str) -> Decimal:
    """A price without the noise of the float it once was."""
    usd = Decimal(value)
    finest = max(usd.adjusted() - MOST_DIGITS + 1, -12) if usd else 0
    exponent = usd.as_tuple().exponent
    is_finer = isinstance(exponent, int) and exponent < finest
    return (usd.quantize(Decimal(1).scaleb(finest)) if is_finer else usd).normalize()


# litellm -------------------------------------------------------------------------------------------------------------


def _litellm(data: Mapping[str, Any], left_out: dict[str, int]) -> Iterator[Offer]:
    for key, facts in data.items():
        provider = facts.get("litellm_provider")
        if not provider or " " in provider or not any("cost" in k or "pricing" in k for k in facts):
            _count(left_out, "without a provider or a price")
            continue
        if "commitment" in key:
            _count(left_out, "capacity that is bought ahead")
            continue
        entry = _litellm_entry(facts, stacks="claude" in key, inclusive=provider in INCLUSIVE)
        if not entry:
            _count(left_out, "priced at zero or by units that are not billed here")
            continue
        if _absurd(entry):
            _count(left_out, "with a price that is not per token")
            continue
        if entry.get("per_mtok", {}).get("input") == 0 and entry["per_mtok"].get("output"):
            _count(left_out, "with output alone, which is half a price")
            continue
        head, slash, rest = key.partition("/")
        own = provider.split("-")[0] if provider.startswith("vertex_ai-") else provider
        prefixes = (own, own.replace("_", "-"), "bedrock", "azure", "fireworks_ai", "vertex_ai")
        name = rest if slash and head in prefixes else key
        retired = facts.get("deprecation_date")
        yield Offer(
            library=LITELLM,
            key=key,
            provider=own,
            id=name,
            mode=facts.get("mode") or "chat",
            names=(name.lower(),),
            dated=(),
            retired=str(retired) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(retired)) else None,
            free=False,
            entries=(entry,),
        )


def _litellm_entry(facts: Mapping[str, Any], *, stacks: bool = False, inclusive: bool = False) -> Entry:
    """The present price of a model, empty when there is none that is billed here.

    `inclusive`: a tier begins at its threshold. `stacks`: the discount of a service level holds for cached tokens too,
    as Anthropic has it everywhere.
    """
    rates, tiers = _litellm_sheet(facts, ""), _litellm_tiers(facts, "", inclusive=inclusive)
    for part in facts.get("tiered_pricing") or ():
        own = _litellm_sheet(part, "")
        if own and part["range"][0]:
            tiers.append({"over": int(part["range"][0]), "per_mtok": own})
        else:
            rates = rates or own
    if not any(rates.values()):
        rates = {}
    fees, once = _litellm_fees(facts)
    service = {}
    for suffix, name in LITELLM_SERVICES.items():
        own = _litellm_sheet(facts, f"_{suffix}")
        own_tiers = _litellm_tiers(facts, f"_{suffix}", inclusive=inclusive)
        found = _service(rates, tiers, own, own_tiers, stacks=stacks) if own.get("input") else None
        if found:
            service[name] = found if "per_mtok" in found else {**found, **_kept(fees, once)}
    uplifts = ((geo, facts.get(f"regional_processing_uplift_multiplier_{geo}")) for geo in ("us", "eu"))
    entry: Entry = {
        "per_mtok": rates,
        "per_unit": fees,
        "per_request": once,
        "tiers": tiers,
        "windows": _off_peak(facts.get("off_peak_pricing"), rates),
        "service": service,
        "modifiers": [{"when": {"region": [geo]}, "multiply": amount(usd)} for geo, usd in uplifts if usd],
    }
    return {key: value for key, value in entry.items() if value} if rates or fees else {}


def _litellm_sheet(facts: Mapping[str, Any], suffix: str) -> dict[str, Decimal]:
    given = ((rate, facts.get(key + suffix)) for key, rate in LITELLM_RATES.items())
    return {rate: amount(Decimal(usd) * 1_000_000) for rate, usd in given if isinstance(usd, (Decimal, int))}


def _litellm_tiers(facts: Mapping[str, Any], suffix: str, *, inclusive: bool) -> list[Entry]:
    """Litellm names only the rates that differ above a threshold."""
    sizes = {int(m[1]) for key in facts if (m := re.search(rf"_above_(\d+)k_tokens{suffix}$", key))}
    tiers: list[Entry] = []
    for size in sorted(sizes):
        own = _litellm_sheet(facts, f"_above_{size}k_tokens{suffix}")
        if any(own.values()):
            begins = {"inclusive": True} if inclusive else {}
            tiers.append({"over": 1000 * size, **begins, "per_mtok": {**_litellm_sheet(facts, suffix), **own}})
    return tiers


def _off_peak(given: Mapping[str, Any] | None, rates: Mapping[str, Decimal]) -> list[Entry]:
    windows: list[Entry] = []
    for window in (given or {}).get("windows", ()):
        named: Entry = {"name": "off-peak", "tz": "UTC"}
        if "weekdays" in window:
            named["days"] = [DAYS[day - 1] for day in window["weekdays"]]
        hours = window["hours_utc"]
        named["hours"] = [h.replace("-00:00", "-24:00") for h in ([hours] if isinstance(hours, str) else hours)]
        windows.append({**named, "per_mtok": {**rates, **_litellm_sheet(given or {}, "")}})
    return windows


def _litellm_fees(facts: Mapping[str, Any]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Fees per unit and fees once per request. One that grows with the size of the context is one per request: the least."""
    fees = {u: amount(usd) for k, u in LITELLM_UNITS.items() if isinstance(usd := facts.get(k), (Decimal, int)) and usd}
    sizes = facts.get("search_context_cost_per_query") or {}
    search = [Decimal(usd) for usd in sizes.values() if usd]
    if len(set(search)) > 1:
        return fees, {"web_search": amount(min(search))}
    return fees | ({"web_search": amount(search[0])} if search else {}), {}


def _absurd(entry: Entry) -> bool:
    usd = entry.get("per_mtok", {}).get("input")
    return bool(usd) and not LEAST_INPUT <= usd <= MOST_INPUT


def _kept(*fees: Mapping[str, Decimal]) -> Entry:
    """Fees for searches and pages are not discounted where nobody says so."""
    names = sorted({name for some in fees for name in some})
    return {"not_on": names} if names else {}


def _service(
    rates: Mapping[str, Decimal],
    tiers: list[Entry],
    own: dict[str, Decimal],
    own_tiers: list[Entry],
    *,
    stacks: bool,
) -> Entry | None:
    """A factor where every published rate has the same; else the rates, those without a published one as they were."""
    factors = {amount(own[r] / rates[r]) for r in own if rates.get(r)}
    shared = [r for r in rates if rates[r]]
    factor = next(iter(factors)) if len(factors) == 1 else None
    if factor is not None and (stacks or all(r in own for r in shared)):
        scaled = [{**t, "per_mtok": {r: amount(usd * factor) for r, usd in t["per_mtok"].items()}} for t in tiers]
        if not own_tiers or [_core(t) for t in scaled] == [_core(t) for t in own_tiers]:
            return None if factor == 1 else {"multiply": factor}
    found: Entry = {"per_mtok": {**rates, **own}}
    known = {t["over"]: t["per_mtok"] for t in own_tiers}
    if known:
        found["tiers"] = [{"over": over, "per_mtok": {**rates, **own, **more}} for over, more in known.items()]
    return found


def _core(tier: Entry) -> tuple[Any, ...]:
    return (tier["over"], *(tier["per_mtok"].get(r) for r in ("input", "output")))


# genai-prices --------------------------------------------------------------------------------------------------------


def _genai(data: list[Mapping[str, Any]], left_out: dict[str, int]) -> Iterator[Offer]:
    for provider in data:
        for model in provider["models"]:
            names, dated = _clauses(model["match"])
            if _holds(model["match"], model["id"].lower()):  # some ids are labels that no log ever has
                names = [model["id"].lower(), *names]
            given = model["prices"]
            conditional = given if isinstance(given, list) else [{"prices": given}]
            entries = _genai_entries(conditional, model.get("price_variants") or ())
            free = not any(any(e.get("per_mtok", {}).values()) or e.get("per_unit") for e in entries)
            if free and not (provider["id"] in INCLUDED or model["id"].endswith(":free")):
                _count(left_out, "without a price per token, search or page")
                continue
            if free:
                entries = [{"per_mtok": {"input": Decimal(0), "output": Decimal(0)}}]
            if any(_absurd(entry) for entry in entries):
                _count(left_out, "with a price that is not per token")
            elif names:
                yield Offer(
                    library=GENAI,
                    key=model["id"],
                    provider=provider["id"],
                    id=model["id"],
                    mode="chat",
                    names=tuple(dict.fromkeys(names)),
                    dated=tuple(dated),
                    retired=None,
                    free=free,
                    entries=tuple(entries),
                )


def _holds(match: Mapping[str, Any], name: str) -> bool:
    """Whether a name meets a clause."""
    kind, value = next(iter(match.items()))
    if kind in ("or", "and"):
        return (any if kind == "or" else all)(_holds(one, name) for one in value)
    tests: dict[str, Callable[[str, str], bool]] = {
        "equals": str.__eq__,
        "starts_with": str.startswith,
        "ends_with": str.endswith,
        "contains": str.__contains__,
    }
    return bool(re.search(value, name)) if kind == "regex" else tests[kind](name, value.lower())


def _clauses(match: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names that a clause spells out, and those that a date or version may follow. Patterns are left alone."""
    exact, dated = [], []
    for kind, value in match.items():
        if kind == "or":
            for one in value:
                more, stems = _clauses(one)
                exact += more
                dated += stems
        elif kind == "equals":
            exact.append(value.lower())
        elif kind in ("starts_with", "contains") and value[-1:].isalnum() and len(value) > SHORTEST:
            exact.append(value.lower())
            dated.append(value.lower())
    return exact, dated


def _genai_entries(conditional: list[Mapping[str, Any]], variants: Any) -> list[Entry]:
    entries: list[Entry] = []
    for one in conditional:
        rule = one.get("constraint") or {}
        sheet = _genai_sheet(one["prices"])
        if "start_time" in rule and entries:
            hours = f"{rule['start_time'][:5]}-{rule['end_time'][:5]}"
            window = {"name": "peak", "tz": "UTC", "hours": [hours], "per_mtok": sheet.get("per_mtok", {})}
            entries[-1].setdefault("windows", []).append(window)
            continue
        entry = dict(sheet)
        if "start_date" in rule:
            entry["from"] = rule["start_date"]
        entries.append(entry)
    for variant in variants:
        when = variant["when"]
        name = when.get("processing") or when.get("service_tier")
        if name not in ("batch", "flex", "priority") or not entries:
            continue  # 'fast' is another name of priority, 'default' of standard
        prices = variant["prices"]
        last = entries[-1]
        found = _genai_sheet(prices[-1]["prices"] if isinstance(prices, list) else prices)
        own = found.get("per_mtok") or {}
        if own.get("input"):  # its date is the day on which somebody looked, so the level is as old as the price
            base = last.get("per_mtok", {})
            service = _service(base, last.get("tiers", []), own, found.get("tiers", []), stacks=False)
            if service:
                kept = _kept(last.get("per_unit", {})) if "multiply" in service else {}
                last.setdefault("service", {})[name] = {**service, **kept}
    return entries


def _genai_sheet(prices: Mapping[str, Any]) -> Entry:
    rates: dict[str, Decimal] = {}
    over: dict[int, dict[str, Decimal]] = {}
    for key, rate in GENAI_RATES.items():
        value = prices.get(key)
        if isinstance(value, Mapping):
            rates[rate] = amount(value["base"])
            for tier in value["tiers"]:
                over.setdefault(int(tier["start"]), {})[rate] = amount(tier["price"])
        elif value is not None:
            rates[rate] = amount(value)
    if "input" in rates:
        rates.setdefault("output", Decimal(0))  # a model without an output price is sold by its input
    entry: Entry = {"per_mtok": rates} if rates else {}
    fees = {u: amount(Decimal(prices[k]) / per) for k, (u, per) in GENAI_UNITS.items() if prices.get(k)}
    if fees:
        entry["per_unit"] = fees
    if over:
        entry["tiers"] = [
            {"over": n, **({"inclusive": True} if n % 1000 == 999 else {}), "per_mtok": {**rates, **more}}
            for n, more in sorted(over.items())
        ]
        for tier in entry["tiers"]:
            tier["over"] += 1 if tier.get("inclusive") else 0
    return entry


def _count(counts: dict[str, int], reason: str) -> None:
    counts[reason] = counts.get(reason, 0) + 1
