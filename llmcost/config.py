"""llmcost.yaml: found, read against one table of keys, and handed on as checked values that know their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from llmcost import conditions
from llmcost.errors import UsageError, nearest
from llmcost.ledger import COLUMNS, NAMES, TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_NAME = "llmcost.yaml"
ATTRIBUTED = ("agent", "feature", "user", "plan", "key", "team", "project", "environment", "session", "turn")
"""The dimensions that attribution fills and that rules and enrichment may set."""

Where = tuple[str | int, ...]
"""Where a value stands in the file: keys, and positions in lists from 0."""


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


@dataclass(frozen=True)
class Duration:
    """`count` of second, minute, hour, day, week, month or year."""

    count: int
    unit: str

    @property
    def seconds(self) -> int | None:
        """None for months and years, whose length depends on the calendar."""
        one = _SECONDS.get(self.unit)
        return None if one is None else self.count * one


@dataclass(frozen=True)
class Rate:
    """A fraction (0.05 for 5%) per day, week, month or year."""

    share: Decimal
    per: str


_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_UNITS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "y": "year"}
_PERIODS = ("day", "week", "month", "year")


def duration(text: str) -> Duration | None:
    """3h, 36h, 7d, 90 min, 12 months ... ; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})\s*([a-z]+)", text)
    if not found or int(found[1]) == 0:
        return None
    unit = _UNITS.get(found[2], found[2].removesuffix("s"))
    return Duration(int(found[1]), unit) if unit in (*_SECONDS, "month", "year") else None


def number(text: str) -> Decimal | None:
    """A plain decimal of at most 18 and 12 digits, exactly; None for anything else."""
    return Decimal(text) if re.fullmatch(r"[+-]?([0-9]{1,18}(\.[0-9]{0,12})?|\.[0-9]{1,12})", text) else None


def quantity(text: str) -> Decimal | None:
    """A number, or a percentage as a fraction (5% is 0.05)."""
    value = number(text.removesuffix("%").rstrip())
    return value.scaleb(-2) if value is not None and text.endswith("%") else value


def share(text: str) -> Decimal | None:
    """60% or 0.6 as 0.6. Above 1 the percent sign is needed, so that 60 for 60% is caught."""
    value = quantity(text)
    return value if value is not None and value >= 0 and (value <= 1 or text.endswith("%")) else None


def rate(text: str) -> Rate | None:
    """5%/month; None without a period."""
    value, _, per = (part.strip() for part in text.partition("/"))
    found = share(value)
    return Rate(found, per) if found is not None and per in _PERIODS else None


def _amount(text: str) -> Decimal | None:
    value = number(text)
    return value if value is not None and value >= 0 else None


def _positive(text: str) -> Decimal | None:
    return number(text) if _amount(text) else None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


# Readers: each turns a node of the file into a value, or raises UsageError with line and dotted path.


@dataclass(frozen=True)
class _Document:
    shown: str
    folder: Path
    root: Any
    lines: dict[Where, int] = field(default_factory=dict)


Reader = Callable[[_Document, Where, Any], Any]


@dataclass(frozen=True)
class Key:
    """One key of the file. A key that is not written, or has nothing after it, has the default."""

    read: Reader
    default: Any = None
    required: bool = False


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _fail(doc: _Document, where: Where, what: str, hint: str | None = None, at: Any = None) -> NoReturn:
    """Raise at the node `where` leads to (or at `at`). List items are called by their name, id or plan, else counted."""
    names, node = [], doc.root
    for part in where:
        if isinstance(part, str):
            node = next(value for key, value in node.value if key.value == part)
            names.append(part)
        else:
            node = node.value[part]
            pairs = node.value if node.id == "mapping" else ()
            own = (value.value for key, value in pairs if key.value in ("name", "id", "plan") and value.id == "scalar")
            names.append(next(own, str(part + 1)))
    label = ".".join(names) + ": " if names else ""
    raise UsageError(label + what, place=f"{doc.shown}:{_line(at or node)}", hint=hint)


def _is_null(node: Any) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _got(node: Any) -> str:
    if node.id != "scalar":
        return "a list" if node.id == "sequence" else "a mapping"
    return "nothing" if _is_null(node) else f"'{node.value}'"


def _scalar(expected: str, understand: Callable[[str], Any]) -> Reader:
    """Reads the text as it is written, so that money never is a float; `understand` gives None for a wrong one."""

    def read(doc: _Document, where: Where, node: Any) -> Any:
        value = understand(node.value) if node.id == "scalar" and not _is_null(node) else None
        if value is None:
            _fail(doc, where, f"expected {expected}, got {_got(node)}")
        return value

    return read


def _one_of(understand: Callable[[str], Any], *words: str) -> Callable[[str], str | None]:
    """The text itself, when it is one of the words or understood."""
    return lambda text: text if text in words or understand(text) is not None else None


_TEXT = _scalar("text", lambda text: text or None)
_FLAG = _scalar("true or false", lambda text: {"true": True, "false": False}.get(text.lower()))
_AMOUNT = _scalar("a number, 0 or more", _amount)
_SHARE = _scalar("a share such as 60% or 0.6", share)
_QUANTITY = _scalar("a number or a share such as 5%", quantity)
_RATE = _scalar("a rate with its period such as 5%/month", _one_of(rate))
_DURATION = _scalar("a duration such as 36h or 12 months", _one_of(duration))
_CURRENCY = _scalar("a currency code such as USD", _one_of(lambda text: re.fullmatch("[A-Z]{3}", text)))


def _word(*words: str) -> Reader:
    def read(doc: _Document, where: Where, node: Any) -> str:
        text: str = _TEXT(doc, where, node)
        if text not in words:
            _fail(doc, where, f"unknown word '{text}'", nearest(text, words) or f"choose from {', '.join(words)}")
        return text

    return read


def _zone(doc: _Document, where: Where, node: Any) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    name: str = _TEXT(doc, where, node)
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        zones = available_timezones()
        _fail(doc, where, f"unknown time zone '{name}'", nearest(name, zones) or "write one such as Europe/Berlin")
    return name


def _path(doc: _Document, where: Where, node: Any) -> Path:
    text: str = _TEXT(doc, where, node)
    return doc.folder / text


def _condition(fields: Mapping[str, conditions.FieldType], unknown: conditions.FieldType | None = None) -> Reader:
    def read(doc: _Document, where: Where, node: Any) -> str:
        text: str = _TEXT(doc, where, node)
        try:
            conditions.parse(text, fields=fields, unknown=unknown)
        except UsageError as error:
            _fail(doc, where, error.message, error.hint)
        return text

    return read


def _list(item: Reader, *, or_one: bool = False) -> Reader:
    """A tuple; with `or_one` a single value stands for a list of one."""

    def read(doc: _Document, where: Where, node: Any) -> tuple[Any, ...]:
        if node.id == "sequence":
            for at, child in enumerate(node.value):
                doc.lines[*where, at] = _line(child)
            return tuple(item(doc, (*where, at), child) for at, child in enumerate(node.value))
        if not or_one:
            _fail(doc, where, f"expected a list, got {_got(node)}")
        return (item(doc, where, node),)

    return read


def _pairs(doc: _Document, where: Where, node: Any) -> Iterable[tuple[str, Any, Any]]:
    """Key, the key's node and the value's node of a mapping without duplicates."""
    if node.id != "mapping":
        _fail(doc, where, f"expected a mapping, got {_got(node)}")
    first: dict[str, int] = {}
    for key, value in node.value:
        if key.id != "scalar":
            _fail(doc, where, f"expected a key, got {_got(key)}", at=key)
        if key.value in first:
            what = f"key '{key.value}' is given twice, first on line {first[key.value]}"
            _fail(doc, where, what, "keep one of them", at=key)
        first[key.value] = doc.lines[*where, key.value] = _line(key)
        yield key.value, key, value


def _check_key(doc: _Document, where: Where, key: Any, what: str, known: Iterable[str]) -> None:
    if key.value not in known:
        _fail(
            doc, where, f"unknown {what} '{key.value}'", nearest(key.value, known) or f"known: {', '.join(known)}", key
        )


def _map(value: Reader, what: str = "key", names: tuple[str, ...] = ()) -> Reader:
    """A dict with keys of the user's own, or from `names`."""

    def read(doc: _Document, where: Where, node: Any) -> dict[str, Any]:
        found = {}
        for name, key, child in _pairs(doc, where, node):
            if names:
                _check_key(doc, where, key, what, names)
            found[name] = value(doc, (*where, name), child)
        return found

    return read


def _record(keys: Mapping[str, Key], finish: Callable[[_Document, Where, dict[str, Any]], Any] | None = None) -> Reader:
    """A dict with exactly these keys, defaults filled in; `finish` checks the whole and may make something of it."""

    def read(doc: _Document, where: Where, node: Any) -> Any:
        values = _defaults(keys)
        for name, key, child in _pairs(doc, where, node):
            _check_key(doc, where, key, "key", keys)
            if not _is_null(child):
                values[name] = keys[name].read(doc, (*where, name), child)
        for name, known in keys.items():
            if known.required and values[name] is None:
                _fail(doc, where, f"'{name}' is missing")
        return finish(doc, where, values) if finish else values

    return read


def _defaults(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: deepcopy(key.default) for name, key in keys.items()}


def _section(keys: Mapping[str, Key]) -> Key:
    return Key(_record(keys), _defaults(keys))


def _either(scalar: Reader, mapping: Reader) -> Reader:
    return lambda doc, where, node: (mapping if node.id == "mapping" else scalar)(doc, where, node)


def _source(doc: _Document, where: Where, values: dict[str, Any]) -> SourceMapping:
    columns, constants = values["columns"], values["constants"]
    if twice := next((name for name in columns if name in constants), None):
        _fail(doc, (*where, "constants", twice), f"'{twice}' is in columns too", "keep one of them")
    if "ts" not in columns and "ts" not in constants:
        _fail(doc, where, "'ts' is missing in columns", "say which field holds the time: columns: {ts: FIELD}")
    return SourceMapping(**values)


def _rule(doc: _Document, where: Where, values: dict[str, Any]) -> Rule:
    when = values.pop("when")
    sets = {name: value for name, value in values.items() if value is not None}
    if not sets:
        _fail(doc, where, "the rule sets nothing", f"add one of {', '.join(ATTRIBUTED)}")
    return Rule(when, sets, doc.lines[where])


def _rules(doc: _Document, where: Where, node: Any) -> tuple[Rule, ...]:
    rules: tuple[Rule, ...] = _list(_record(_RULE, _rule))(doc, where, node)
    for at, (before, _) in enumerate(pairwise(rules), start=1):
        if before.when is None:
            what = f"unreachable, because the rule on line {before.line} has no 'when' and takes every request"
            _fail(doc, (*where, at), what, f"give the rule on line {before.line} a 'when', or make it the last")
    return rules


def _cap(doc: _Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    if values["plan"] is not None and values["when"] is not None:
        _fail(doc, where, "has both 'plan' and 'when'", "put the plan into the condition: plan = 'free' and ...")
    return values


def _gate_rule(doc: _Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    if all(values[name] is None for name in ("max", "min", "max_increase")):
        _fail(doc, where, "the rule has no limit", "add max, min or max_increase")
    return values


def _whole(doc: _Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    """Plans named elsewhere must exist, once plans are given at all."""
    plans = values["plans"]
    named = [(plan["converts_to"], ("plans", name, "converts_to")) for name, plan in plans.items()]
    named += [(cap["plan"], ("caps", at, "plan")) for at, cap in enumerate(values["caps"])]
    for plan, place in named:
        if plans and plan is not None and plan not in plans:
            _fail(doc, (*where, *place), f"unknown plan '{plan}'", nearest(plan, plans) or f"known: {', '.join(plans)}")
    return values


_TEXT_COLUMNS = tuple(c.name for c in COLUMNS if c.type == "VARCHAR")
_BEFORE_SCOPE = {name: type_ for name, type_ in conditions.FIELDS.items() if name != "scope"}
_WHEN = _condition(conditions.FIELDS)
_PRODUCTION = "environment in ('prod', 'production') or environment is null"
_DIMENSION = _scalar("a dimension or tag:KEY", _one_of(lambda text: re.match("tag:.", text), *conditions.DIMENSIONS))
_COLUMN = _scalar("a text column or tag:KEY", _one_of(lambda text: re.match("tag:.", text), *_TEXT_COLUMNS))
_CAP_WINDOW = _scalar("a window such as 3h, 7d or month", _one_of(duration, "hour", "day", "week", "month"))
_TO_DATE = ("month-to-date", "week-to-date", "last-month", "last-week", "today", "yesterday")
_GATE_WINDOW = _scalar("a window such as 7d or month-to-date", _one_of(duration, *_TO_DATE))
_METRICS = (
    *("cost", "requests", "tokens", "cost_per_request", "cost_per_user", "cost_per_session", "forecast_cost", "margin"),
    *("cap_breaches", "unattributed_share", "unpriced_share", "cache_hit"),
)

_SOURCE = {
    "path": Key(_TEXT, required=True),
    "name": Key(_TEXT),
    "when": Key(_condition({}, unknown="text")),
    "columns": Key(_map(_TEXT, "column", (*NAMES, *TOTALS)), {}),
    "constants": Key(_map(_TEXT, "column", (*NAMES, *TOTALS)), {}),
    "ts_unit": Key(_word("s", "ms", "us", "ns")),
    "tz": Key(_zone, "UTC"),
    "input_includes_cache": Key(_FLAG),
    "output_includes_reasoning": Key(_FLAG),
    "cost_unit": Key(_word("usd", "cents", "micros"), "usd"),
}
_RULE = {"when": Key(_condition(_BEFORE_SCOPE))} | {name: Key(_TEXT) for name in ATTRIBUTED}
_ENRICH = {
    "file": Key(_path, required=True),
    "on": Key(_COLUMN, required=True),
    "set": Key(_list(_word(*ATTRIBUTED, "task", "scores", "tags"), or_one=True), required=True),
}
_PRICE = {
    "amount": Key(_AMOUNT, required=True),
    "currency": Key(_CURRENCY),
    "vat_included": Key(_SHARE),
    "store_fee": Key(_SHARE),
}
_PLAN = {
    "price": Key(_either(_AMOUNT, _record(_PRICE))),
    "other_cost": Key(_AMOUNT),
    "churn": Key(_RATE),
    "converts_to": Key(_TEXT),
    "conversion": Key(_RATE),
    "cac": Key(_AMOUNT),
}
_LTV = {
    "ltv_to_cac": Key(_AMOUNT),
    "gross_margin": Key(_SHARE),
    "payback": Key(_DURATION),
    "discount_rate": Key(_RATE),
    "llm_share": Key(_SHARE),
}
_CAP = {
    "name": Key(_TEXT),
    "plan": Key(_TEXT),
    "when": Key(_WHEN),
    "per": Key(_word("user"), "user"),
    "limit": Key(_scalar("a number above 0", _positive), required=True),
    "unit": Key(_word("turn", "request", "token", "usd")),
    "window": Key(_CAP_WINDOW, required=True),
    "kind": Key(_word("rolling", "first_request", "aligned", "token_bucket", "sliding_counter"), "rolling"),
    "counts": Key(_word("served", "attempts"), "served"),
    "on_limit": Key(_either(_word("block", "overage"), _record({"downgrade": Key(_TEXT, required=True)})), "block"),
}
_COST = {
    "name": Key(_TEXT, required=True),
    "amount": Key(_AMOUNT, required=True),
    "per": Key(_word("hour", *_PERIODS), required=True),
    "allocate_by": Key(_WHEN),
}
_COMMITMENT = {
    "provider": Key(_TEXT, required=True),
    "amount": Key(_AMOUNT, required=True),
    "until": Key(_scalar("a date such as 2027-01-31", _date)),
}
_PRICES = {
    "overrides": Key(_list(_path, or_one=True), ()),
    "costs": Key(_list(_record(_COST)), ()),
    "commitments": Key(_list(_record(_COMMITMENT)), ()),
}
_GATE_RULE = {
    "id": Key(_TEXT, required=True),
    "metric": Key(_word(*_METRICS), required=True),
    "per": Key(_list(_DIMENSION, or_one=True), ()),
    "scope": Key(_map(_TEXT, "dimension", conditions.DIMENSIONS), {}),
    "when": Key(_WHEN),
    "max": Key(_QUANTITY),
    "min": Key(_QUANTITY),
    "warn_at": Key(_SHARE),
    "baseline": Key(_path),
    "max_increase": Key(_SHARE),
    "min_delta": Key(_AMOUNT),
    "min_requests": Key(_AMOUNT),
    "level": Key(_word("error", "warn", "off"), "error"),
    "ignore_price_changes": Key(_FLAG, default=False),
}
_GATE = {
    "window": Key(_GATE_WINDOW, "month-to-date"),
    "max_data_age": Key(_DURATION),
    "max_unpriced_share": Key(_SHARE),
    "max_unattributed_share": Key(_SHARE),
    "rules": Key(_list(_record(_GATE_RULE, _gate_rule)), ()),
}
_EXPORT = {
    "to": Key(_path),
    "datasets": Key(_list(_word("daily", "requests", "users", "caps", "focus"), or_one=True), ()),
    "billing_account": Key(_TEXT),
}
_PLACES = {name: Key(_list(_TEXT, or_one=True), (name, f"tag:{name}")) for name in ATTRIBUTED}

SCHEMA: Mapping[str, Key] = {
    "currency": Key(_CURRENCY, "USD"),
    "timezone": Key(_zone, "UTC"),
    "sources": Key(_list(_record(_SOURCE, _source)), ()),
    "scope": _section({"production": Key(_condition(_BEFORE_SCOPE), _PRODUCTION)}),
    "attribution": _section(_PLACES | {"rules": Key(_rules, ())}),
    "enrich": Key(_list(_record(_ENRICH, lambda _doc, _where, values: Enrich(**values))), ()),
    "users": Key(_path),
    "plans": Key(_map(_record(_PLAN)), {}),
    "ltv": _section(_LTV),
    "fx": Key(_path),
    "caps": Key(_list(_record(_CAP, _cap)), ()),
    "prices": _section(_PRICES),
    "privacy": _section({"user": Key(_word("raw", "hashed"), "raw"), "tags": Key(_list(_TEXT))}),
    "gate": _section(_GATE),
    "export": _section(_EXPORT),
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
        return f"{_shown(self.path)}:{found}"


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
    root = _compose(path)
    if root is None or _is_null(root):
        return Config(path=path, folder=path.parent)
    doc = _Document(_shown(path), path.parent, root)
    values = _record(SCHEMA, _whole)(doc, (), root)
    rules = values["attribution"].pop("rules")
    return Config(path, path.parent, doc.lines, rules=rules, **values)


def _shown(path: Path) -> str:
    """The path as people know it: relative to where they are, when it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def _compose(path: Path) -> Any:
    """The file's tree of nodes, each with its text and line; None for an empty file."""
    import yaml

    shown = _shown(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=shown) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", place=f"{shown}:{line}", hint="save the file as UTF-8") from error
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs, YAML may not
    if bad := re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text):
        line = text.count("\n", 0, bad.start()) + 1
        raise UsageError(f"not valid YAML: a control character (U+{ord(bad[0]):04X})", place=f"{shown}:{line}")
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{shown}:{mark.line + 1}" if mark else shown
        raise UsageError(f"not valid YAML: {error.problem}", place=place) from error
    except RecursionError as error:  # only the loader written in Python has no limit of its own
        raise UsageError("not valid YAML: nested too deeply", place=shown) from error
