"""The dataset focus: charges as the FinOps Open Cost and Usage Specification has them, exact to the last digit.

Usage has one row per day, grouping and SKU. List, contracted and billed costs are the same quantities times three rows of
rates: the catalogue's, the user's own without mark-up, and those of the stored price. Beside usage stand fixed costs (by the day), drawn commitments (Credit)
and what rounding made of each request (Adjustment), so that a day's EffectiveCost is what the ledger says, and fixed costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from llmcost import ledger
from llmcost.attribution import focus as lens_over
from llmcost.config import Config
from llmcost.exports.asked import Asked, Gathered, run_window
from llmcost.exports.cells import Field
from llmcost.exports.focus_columns import COLUMNS, FocusColumn
from llmcost.pricing import catalogue, charges, levels
from llmcost.pricing.entries import RATE_OF_COLUMN
from llmcost.pricing.reprice import PIN, pinned
from llmcost.resources import sql
from llmcost.spend import commitments, fixed
from llmcost.store import Store, quote_identifier
from llmcost.windows import Window

DIMENSIONS = ("agent", "feature", "environment", "team", "plan", "scope", "project")
TAGS = ("agent", "feature", "environment", "team", "plan")
"""The dimensions that FOCUS carries as tags; project is the sub-account."""

NAMES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "azure": "Microsoft",
    "bedrock": "Amazon Web Services",
    "vertex_ai": "Google Cloud",
    "gemini": "Google",
    "mistral": "Mistral AI",
    "xai": "xAI",
    "groq": "Groq",
    "deepseek": "DeepSeek",
    "openrouter": "OpenRouter",
}
"""Providers as they call themselves; another is called what the catalogue calls it."""

METERS = {"fresh_input_tokens": "Input Tokens", "text_output_tokens": "Output Tokens"}
"""What a SKU meters, where the column's name does not say it as people do."""

PICO = 10**12
UNIT_TOKENS = "1000000 Tokens"
RATES = ("price_id", "component", "pico", "places", "once", "is_unit", "provider", "model", "terms", "checked")
OTHERS = ("utc_day", "provider", "category", "frequency", "description", "billed", "effective", "contracted", "list")


def columns(version: str) -> list[tuple[str, FocusColumn]]:
    """Names and columns of a version, those of our own last."""
    found = [(one.names[version], one) for one in COLUMNS if version in one.names]
    return sorted(found, key=lambda pair: pair[0].startswith("x_"))


def fields(asked: Asked) -> tuple[Field, ...]:
    return tuple(Field(name, one.kind) for name, one in columns(asked.focus_version))


def order(asked: Asked) -> list[str]:
    """By what a reader looks for; then by everything, so that equal data are equal bytes."""
    first = ("ChargePeriodStart", "InvoiceIssuerName", "ChargeCategory", "SkuId", "SkuPriceId", "Tags")
    names = [name for name, _ in columns(asked.focus_version)]
    return [*first, *(name for name in names if name not in first)]


def gather(store: Store, config: Config, asked: Asked, wanted: Sequence[str | None]) -> Gathered:
    """The charges of these days, in the temporary table `focus_rows`."""
    days = [day for day in wanted if day is not None]
    window = run_window(asked, days)
    _prices(store, config, window)
    lens = lens_over(store, config, "UTC")
    select = lens.select({"utc_day": "day"} | {f"f_{name}": name for name in DIMENSIONS}, asked.where, window)
    groups = ["utc_day", *(f"f_{name}" for name in DIMENSIONS)]
    sums = [f"sum({c}) AS t_{c}, sum(billed_requests) FILTER (WHERE {c} > 0) AS n_{c}" for c in ledger.TOKEN_NAMES]
    parts = [
        f"struct_pack(component := '{c}', micro := CAST(t_{c} AS HUGEINT), requests := CAST(coalesce(n_{c}, 0) AS HUGEINT))"
        for c in ledger.TOKEN_NAMES
    ]
    text = sql("exports/focus.sql").format(
        attributed=select,
        groups=", ".join(groups),
        groups_u=", ".join(f"u.{name}" for name in groups),
        token_sums=", ".join(sums),
        token_parts=", ".join(parts),
    )
    store.run(f"CREATE OR REPLACE TEMP TABLE focus_charges AS {text}", lens.params | {"days": days})
    chosen = ", ".join(f"{one.value} AS {quote_identifier(name)}" for name, one in columns(asked.focus_version))
    tags = ", ".join(f"struct_pack(k := '{name}', v := f_{name})" for name in TAGS)
    text = sql("exports/focus_rows.sql").format(columns=chosen, tags=tags)
    store.run(
        "SET VARIABLE export_providers = map(CAST($keys AS VARCHAR[]), CAST($values AS VARCHAR[]))",
        {"keys": list(NAMES), "values": list(NAMES.values())},
    )
    store.run(text, {"account": config.export["billing_account"] or "default"})
    return Gathered("FROM focus_rows")


def day_facts(store: Store, config: Config, found: Mapping[str, str]) -> Mapping[str, str]:
    """Fixed costs and drawn commitments of all days, in `focus_others`; returns what the day of each depends on beside its rows."""
    dated = sorted(found)
    spread = [date.fromisoformat(dated[0]), date.fromisoformat(dated[-1])] if dated else []
    rows = [*_fixed(config, spread), *_drawn(store, config)]
    store.run(sql("exports/focus_others.sql"))
    store.load("focus_others", OTHERS, rows)
    facts: dict[str, str] = {}
    for row in rows:
        facts[row[0]] = facts.get(row[0], "") + repr(row)
    return facts


def catalogue_digest(store: Store, config: Config) -> str:
    """Other levels of price are worked out anew; they matter only where the user has prices of his own."""
    if not config.prices["overrides"]:
        return ""
    return f"{catalogue.digest(config.prices['overrides'], config.fx)}@{store.fact(PIN)}"


def _prices(store: Store, config: Config, window: Window) -> None:
    """`focus_rates` with every price in use, `focus_levels` with the price of each request at the levels that have their own."""
    details = {price_id: json.loads(text) for price_id, text in store.rows(sql("spend/price_details.sql"))}
    store.run(sql("exports/focus_rates.sql"))
    if config.prices["overrides"]:
        prices = pinned(store, catalogue.load(config.prices["overrides"], config.fx))
        with levels.shadowed(store, window.since_us, window.until_us):
            for level in levels.LEVELS:
                if levels.differing(prices, level):
                    found = charges.prepare(store, levels.at(prices, level))
                    store.run(sql("exports/focus_level.sql").format(charges=sql(charges.CHARGES)), {"level": level})
                    details |= {price_id: json.loads(text) for price_id, text in found.items()}
    rates = [row for price_id, detail in details.items() for row in _rates(price_id, detail)]
    store.load("focus_rates", RATES, rates)
    components = sorted({(str(row[1]), bool(row[5])) for row in rates})
    store.load(
        "focus_meters",
        ("component", "meter", "token_type", "pricing_unit", "consumed_unit"),
        [_meter(name, is_unit=is_unit) for name, is_unit in components],
    )


def _rates(price_id: str, detail: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """One row per component: its rate is pico / 10^places USD."""
    places = 12 + len(str(detail["denominator"])) - 1
    facts = (detail["provider"], detail["model"], detail["label"] or None, detail["source"].get("checked"))
    for component, pico in detail["pico"].items():
        yield (price_id, component, int(pico), places, False, False, *facts)
    for unit, pico in detail["unit_pico"].items():
        yield (price_id, unit, int(pico), places, unit in detail["once"], True, *facts)


def _meter(component: str, *, is_unit: bool) -> tuple[str, str, str | None, str, str]:
    if not is_unit:
        meter = METERS.get(component) or component.removesuffix("_tokens").replace("_", " ").title() + " Tokens"
        return component, meter, RATE_OF_COLUMN[component], UNIT_TOKENS, "Tokens"
    unit = component.replace("_", " ").title()
    unit = unit if unit.endswith("s") else f"{unit}es" if unit.endswith(("ch", "sh", "x")) else f"{unit}s"
    return component, unit, None, unit, unit


def _fixed(config: Config, spread: Sequence[date]) -> Iterator[tuple[str, ...]]:
    """Fixed costs of each day from the first to the last of the ledger: what a month or year costs is spread so that it adds up."""
    if not spread or not config.prices["costs"]:
        return
    for number in range((spread[1] - spread[0]).days + 1):
        day = spread[0] + timedelta(days=number)
        for at, cost in enumerate(config.prices["costs"]):
            if not fixed.is_running(cost, day):
                continue
            usd = f"{fixed.usd_of_day(config, at, day):f}"
            yield (day.isoformat(), cost["name"], "Usage", "Recurring", cost["name"], usd, usd, usd, usd)


def _drawn(store: Store, config: Config) -> Iterator[tuple[str, ...]]:
    """What prepaid money pays of each day's usage."""
    told = commitments.told(config)
    if not told:
        return
    for number, day, drawn in commitments.drawn_by_day(told, store.rows(sql("spend/drawn.sql"))):
        one = told[number]
        name = f"Commitment of {one.provider}" + (f" until {one.until}" if one.until else "")
        yield (day, one.provider, "Credit", "One-Time", name, f"{-drawn:f}", "0", "0", "0")
