"""llmcost.yaml: found, read against one table of keys, and handed on as checked values that know their lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from llmcost import conditions
from llmcost.document import (
    AMOUNT,
    CURRENCY,
    DURATION,
    FLAG,
    PERIODS,
    QUANTITY,
    RATE,
    SHARE,
    TEXT,
    Document,
    Duration,
    Key,
    Rate,
    Where,
    composed,
    condition,
    day,
    duration,
    either,
    fail,
    file_path,
    is_null,
    list_of,
    map_of,
    number,
    one_of,
    positive,
    rate,
    record,
    scalar,
    section,
    share,
    shown_path,
    word,
    zone,
)
from llmcost.errors import UsageError, nearest
from llmcost.ledger import COLUMNS, NAMES, TOTALS

__all__ = [
    "ATTRIBUTED",
    "CAPS",
    "GATE_METRICS",
    "SCHEMA",
    "Config",
    "Duration",
    "Enrich",
    "Metric",
    "Rate",
    "Rule",
    "SourceMapping",
    "duration",
    "find",
    "load",
    "number",
    "rate",
    "share",
]

FILE_NAME = "llmcost.yaml"
ATTRIBUTED = ("agent", "feature", "user", "plan", "key", "team", "project", "environment", "session", "turn")
"""The dimensions that attribution fills and that rules and enrichment may set."""


@dataclass(frozen=True)
class SourceMapping:
    """How to read logs of an unknown shape. `path` is a glob relative to the config; None means: find out or ask."""

    path: str
    name: str | None
    when: str | None
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    ts_unit: str | None
    tz: str
    input_includes_cache: bool | None
    output_includes_reasoning: bool | None
    cost_unit: str


@dataclass(frozen=True)
class Rule:
    """What a request gets that meets `when`; None meets every request. `line` is the rule's line in the file."""

    when: str | None
    sets: Mapping[str, str]
    line: int


@dataclass(frozen=True)
class Enrich:
    """A file of facts, joined to the requests by the column `on`."""

    file: Path
    on: str
    set: tuple[str, ...]


def _source(doc: Document, where: Where, values: dict[str, Any]) -> SourceMapping:
    columns, constants = values["columns"], values["constants"]
    if twice := next((name for name in columns if name in constants), None):
        fail(doc, (*where, "constants", twice), f"'{twice}' is in columns too", "keep one of them")
    if "ts" not in columns and "ts" not in constants:
        fail(doc, where, "'ts' is missing in columns", "say which field holds the time: columns: {ts: FIELD}")
    return SourceMapping(**values)


def _rule(doc: Document, where: Where, values: dict[str, Any]) -> Rule:
    when = values.pop("when")
    sets = {name: value for name, value in values.items() if value is not None}
    if not sets:
        fail(doc, where, "the rule sets nothing", f"add one of {', '.join(ATTRIBUTED)}")
    return Rule(when, sets, doc.lines[where])


def _rules(doc: Document, where: Where, node: Any) -> tuple[Rule, ...]:
    rules: tuple[Rule, ...] = list_of(record(_RULE, _rule))(doc, where, node)
    for at, (before, _) in enumerate(pairwise(rules), start=1):
        if before.when is None:
            what = f"unreachable, because the rule on line {before.line} has no 'when' and takes every request"
            fail(doc, (*where, at), what, f"give the rule on line {before.line} a 'when', or make it the last")
    return rules


def _cap(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    if values["plan"] is not None and values["when"] is not None:
        fail(doc, where, "has both 'plan' and 'when'", "put the plan into the condition: plan = 'free' and ...")
    return values


def _gate_limits(doc: Document, where: Where, values: dict[str, Any]) -> None:
    """Limits that the metric has no use for, or that say nothing on their own."""
    name = values["metric"]
    metric = GATE_METRICS[name]
    if values["max_increase"] is None:
        for key in ("min_delta", "ignore_price_changes"):
            if values[key]:
                fail(doc, (*where, key), "says nothing without max_increase", "add max_increase, or remove it")
    for key in ("max_increase", "baseline"):
        if values[key] is not None and not metric.is_compared:
            fail(doc, (*where, key), f"{name} is held to no baseline", "hold it to max or min")
    if values["ignore_price_changes"] and metric.unit != "USD":
        fail(doc, (*where, "ignore_price_changes"), f"{name} does not depend on prices", "remove it")
    if values["warn_at"] is not None and values["max"] is None:
        fail(doc, (*where, "warn_at"), "is a share of max, and there is none", "add max")
    for key in ("max", "min"):
        if metric.unit == "share" and values[key] is not None and values[key] > 1:
            fail(doc, (*where, key), f"{name} is a share", "write 5% or 0.05")


def _gate_rule(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    if all(values[name] is None for name in ("max", "min", "max_increase")):
        fail(doc, where, "the rule has no limit", "add max, min or max_increase")
    name, metric = values["metric"], GATE_METRICS[values["metric"]]
    _gate_limits(doc, where, values)
    asked = (*values["per"], *values["scope"], *(("when",) if values["when"] else ()))
    wrong = next((one for one in asked if metric.only_by is not None and one not in metric.only_by), None)
    if wrong is not None:
        allowed = " and ".join(metric.only_by or ()) or "nothing"
        fail(doc, where, f"{name} cannot be asked by '{wrong}'", f"it can be asked by {allowed}")
    return values


def _gate_rules(doc: Document, where: Where, node: Any) -> tuple[dict[str, Any], ...]:
    rules: tuple[dict[str, Any], ...] = list_of(record(_GATE_RULE, _gate_rule))(doc, where, node)
    seen: set[str] = set()
    for at, rule in enumerate(rules):
        if rule["id"] in seen:
            fail(doc, (*where, at), "two rules have this id", "reports tell them apart by it: give each its own")
        seen.add(rule["id"])
    return rules


def _term(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    """Money over a stretch of days [since, until)."""
    since, until = values["since"], values["until"]
    if since is not None and until is not None and since >= until:
        fail(doc, (*where, "until"), f"is not after since {since}", "the end is exclusive: one day is D to D+1")
    return values


def _commitment(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    if values["currency"] != "USD" and values["since"] is None:
        what = f"is in {values['currency']}, and 'since' is missing: prepaid money counts at the rate of its first day"
        fail(doc, where, what, "add since: 2026-10-01")
    return _term(doc, where, values)


def _whole(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    """Plans named elsewhere must exist, once plans are given at all."""
    plans = values["plans"]
    named = [(plan["converts_to"], ("plans", name, "converts_to")) for name, plan in plans.items()]
    named += [(cap["plan"], ("caps", at, "plan")) for at, cap in enumerate(values["caps"])]
    for plan, place in named:
        if plans and plan is not None and plan not in plans:
            fail(doc, (*where, *place), f"unknown plan '{plan}'", nearest(plan, plans) or f"known: {', '.join(plans)}")
    return values


_TEXT_COLUMNS = tuple(c.name for c in COLUMNS if c.type == "VARCHAR")
_BEFORE_SCOPE = {name: type_ for name, type_ in conditions.FIELDS.items() if name != "scope"}
_WHEN = condition(conditions.FIELDS)
_PRODUCTION = "environment in ('prod', 'production') or environment is null"
_DIMENSION = scalar("a dimension or tag:KEY", one_of(lambda text: re.match("tag:.", text), *conditions.DIMENSIONS))
_COLUMN = scalar("a text column or tag:KEY", one_of(lambda text: re.match("tag:.", text), *_TEXT_COLUMNS))
_CAP_WINDOW = scalar("a window such as 3h, 7d or month", one_of(duration, "hour", "day", "week", "month"))
_TO_DATE = ("month-to-date", "week-to-date", "last-month", "last-week", "today", "yesterday")
_GATE_WINDOW = scalar("a window such as 7d or month-to-date", one_of(duration, *_TO_DATE))


@dataclass(frozen=True)
class Metric:
    """What a rule of the gate can measure. Its unit; whether it is held to baselines; what it can be asked by (None: anything)."""

    unit: str
    is_compared: bool = True
    only_by: tuple[str, ...] | None = None


GATE_METRICS: Mapping[str, Metric] = {
    "cost": Metric("USD"),
    "requests": Metric("requests"),
    "turns": Metric("turns"),
    "tokens": Metric("tokens"),
    "cost_per_request": Metric("USD"),
    "cost_per_turn": Metric("USD"),
    "cost_per_user": Metric("USD"),
    "cost_per_session": Metric("USD"),
    "cost_per_case": Metric("USD", only_by=()),
    "forecast_cost": Metric("USD", is_compared=False),
    "margin": Metric("share", is_compared=False, only_by=("plan",)),
    "cap_breaches": Metric("requests", is_compared=False),
    "unattributed_share": Metric("share", is_compared=False),
    "unpriced_share": Metric("share"),
    "cache_hit": Metric("share", is_compared=False),
    "gaps": Metric("gaps", is_compared=False, only_by=()),
}

_SOURCE = {
    "path": Key(TEXT, required=True),
    "name": Key(TEXT),
    "when": Key(condition({}, unknown="text")),
    "columns": Key(map_of(TEXT, "column", (*NAMES, *TOTALS)), {}),
    "constants": Key(map_of(TEXT, "column", (*NAMES, *TOTALS)), {}),
    "ts_unit": Key(word("s", "ms", "us", "ns")),
    "tz": Key(zone, "UTC"),
    "input_includes_cache": Key(FLAG),
    "output_includes_reasoning": Key(FLAG),
    "cost_unit": Key(word("usd", "cents", "micros"), "usd"),
}
_RULE = {"when": Key(condition(_BEFORE_SCOPE))} | {name: Key(TEXT) for name in ATTRIBUTED}
_ENRICH = {
    "file": Key(file_path, required=True),
    "on": Key(_COLUMN, required=True),
    "set": Key(list_of(word(*ATTRIBUTED, "task", "scores", "tags"), or_one=True), required=True),
}
_PRICE = {
    "amount": Key(AMOUNT, required=True),
    "currency": Key(CURRENCY),
    "vat_included": Key(SHARE),
    "store_fee": Key(SHARE),
}
_CHURN = {
    "customers": Key(file_path, required=True),
    "months": Key(TEXT, "months"),
    "left": Key(TEXT, "left"),
    "where": Key(map_of(TEXT, "column"), {}),
}
_PLAN = {
    "price": Key(either(AMOUNT, record(_PRICE))),
    "other_cost": Key(AMOUNT),
    "churn": Key(either(RATE, record(_CHURN))),
    "converts_to": Key(TEXT),
    "conversion": Key(RATE),
    "cac": Key(AMOUNT),
}
_LTV = {
    "ltv_to_cac": Key(AMOUNT),
    "gross_margin": Key(SHARE),
    "payback": Key(DURATION),
    "discount_rate": Key(RATE),
    "llm_share": Key(SHARE),
    "basis": Key(word("before", "after")),
    "horizon": Key(DURATION),
}
_CAP = {
    "name": Key(TEXT),
    "plan": Key(TEXT),
    "when": Key(_WHEN),
    "per": Key(word("user"), "user"),
    "limit": Key(scalar("a number above 0", positive), required=True),
    "unit": Key(word("turn", "request", "token", "usd")),
    "window": Key(_CAP_WINDOW, required=True),
    "kind": Key(word("rolling", "first_request", "aligned", "token_bucket", "sliding_counter"), "rolling"),
    "counts": Key(word("served", "attempts"), "served"),
    "on_limit": Key(either(word("block", "overage"), record({"downgrade": Key(TEXT, required=True)})), "block"),
}
CAPS = list_of(record(_CAP, _cap))
"""Reads caps, in the one shape that they have everywhere."""

_DAY = scalar("a date such as 2027-01-31", day)
_TERM = {"since": Key(_DAY), "until": Key(_DAY)}
_COST = {
    "name": Key(TEXT, required=True),
    "amount": Key(AMOUNT, required=True),
    "currency": Key(CURRENCY, "USD"),
    "per": Key(word("hour", *PERIODS), required=True),
    **_TERM,
    "allocate_by": Key(_WHEN),
    "share_by": Key(word("tokens", "requests", "cost", "hours"), "tokens"),
}
_COMMITMENT = {
    "provider": Key(TEXT, required=True),
    "amount": Key(AMOUNT, required=True),
    "currency": Key(CURRENCY, "USD"),
    **_TERM,
}
_PRICES = {
    "overrides": Key(list_of(file_path, or_one=True), ()),
    "costs": Key(list_of(record(_COST, _term)), ()),
    "commitments": Key(list_of(record(_COMMITMENT, _commitment)), ()),
}
_GATE_RULE = {
    "id": Key(TEXT, required=True),
    "metric": Key(word(*GATE_METRICS), required=True),
    "per": Key(list_of(_DIMENSION, or_one=True), ()),
    "scope": Key(map_of(TEXT, "dimension", conditions.DIMENSIONS), {}),
    "when": Key(_WHEN),
    "max": Key(QUANTITY),
    "min": Key(QUANTITY),
    "warn_at": Key(SHARE),
    "baseline": Key(file_path),
    "max_increase": Key(SHARE),
    "min_delta": Key(AMOUNT),
    "min_requests": Key(AMOUNT),
    "level": Key(word("error", "warn", "off"), "error"),
    "ignore_price_changes": Key(FLAG, default=False),
}
_GATE = {
    "window": Key(_GATE_WINDOW, "month-to-date"),
    "max_data_age": Key(DURATION),
    "max_unpriced_share": Key(SHARE),
    "max_unattributed_share": Key(SHARE),
    "rules": Key(_gate_rules, ()),
}
_EXPORT = {
    "to": Key(file_path),
    "datasets": Key(list_of(word("daily", "requests", "users", "caps", "focus"), or_one=True), ()),
    "billing_account": Key(TEXT),
}
_PLACES = {name: Key(list_of(TEXT, or_one=True), (name, f"tag:{name}")) for name in ATTRIBUTED}

SCHEMA: Mapping[str, Key] = {
    "currency": Key(CURRENCY, "USD"),
    "timezone": Key(zone, "UTC"),
    "sources": Key(list_of(record(_SOURCE, _source)), ()),
    "scope": section({"production": Key(condition(_BEFORE_SCOPE), _PRODUCTION)}),
    "attribution": section(_PLACES | {"rules": Key(_rules, ())}),
    "enrich": Key(list_of(record(_ENRICH, lambda _doc, _where, values: Enrich(**values))), ()),
    "users": Key(file_path),
    "plans": Key(map_of(record(_PLAN)), {}),
    "ltv": section(_LTV),
    "fx": Key(file_path),
    "caps": Key(CAPS, ()),
    "prices": section(_PRICES),
    "privacy": section({"user": Key(word("raw", "hashed"), "raw"), "tags": Key(list_of(TEXT))}),
    "gate": section(_GATE),
    "export": section(_EXPORT),
}
"""Every key of llmcost.yaml with what it may hold and what holds when it is not written."""


def _default(name: str) -> Any:
    return field(default_factory=lambda: deepcopy(SCHEMA[name].default))


@dataclass(frozen=True)
class Config:
    """The settings of llmcost.yaml, defaults filled in; `Config()` is the config of who has none.

    Nested sections are plain data with every key of the schema: None is "not set", money and shares are Decimal (60% is
    0.6), rates and durations are text that `rate` and `duration` read, lists are tuples, files are paths that can be
    opened (the globs of `sources` are relative to `folder`). Conditions are text that has been parsed once.
    """

    path: Path | None = None
    folder: Path = Path()
    lines: Mapping[Where, int] = field(default_factory=dict, repr=False)
    currency: str = _default("currency")
    timezone: str = _default("timezone")
    sources: tuple[SourceMapping, ...] = ()
    scope: Mapping[str, str] = _default("scope")
    attribution: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {name: SCHEMA["attribution"].default[name] for name in ATTRIBUTED}
    )
    rules: tuple[Rule, ...] = ()
    enrich: tuple[Enrich, ...] = ()
    users: Path | None = None
    plans: Mapping[str, Mapping[str, Any]] = _default("plans")
    ltv: Mapping[str, Any] = _default("ltv")
    fx: Path | None = None
    caps: tuple[Mapping[str, Any], ...] = ()
    prices: Mapping[str, Any] = _default("prices")
    privacy: Mapping[str, Any] = _default("privacy")
    gate: Mapping[str, Any] = _default("gate")
    export: Mapping[str, Any] = _default("export")

    def place(self, *where: str | int) -> str | None:
        """FILE:LINE of a value, as in `place("caps", 0, "limit")`; of what holds it when it is not written itself."""
        if self.path is None:
            return None
        found = next((self.lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in self.lines), 1)
        return f"{shown_path(self.path)}:{found}"


def find(start: Path, explicit: str | None, environ: Mapping[str, str]) -> Path | None:
    """The config file: the one named by --config, else by LLMCOST_CONFIG, else the first llmcost.yaml upwards.

    Names are relative to `start`. Raises UsageError when a named file is not there; None when there is none to find.
    """
    for origin, named in (("--config", explicit), ("LLMCOST_CONFIG", environ.get("LLMCOST_CONFIG") or None)):
        if named is not None:
            path = start / named
            if not path.exists() or path.is_dir():
                raise UsageError(f"no config file '{named}'", place=origin, hint="check the path")
            return path
    folder = start.resolve()
    return next((path for up in (folder, *folder.parents) if (path := up / FILE_NAME).is_file()), None)


def load(path: Path | None) -> Config:
    """The config in the file, or the default config for None. Raises UsageError with file and line."""
    if path is None:
        return Config()
    root = composed(path)
    if root is None or is_null(root):
        return Config(path=path, folder=path.parent)
    doc = Document(shown_path(path), path.parent, root)
    values = record(SCHEMA, _whole)(doc, (), root)
    rules = values["attribution"].pop("rules")
    return Config(path, path.parent, doc.lines, rules=rules, **values)
