"""The policy language: one YAML file of models and rules, read against one table of keys, every error with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost import conditions
from llmcost.config import CAPS
from llmcost.document import (
    AMOUNT,
    FLAG,
    QUANTITY,
    TEXT,
    Document,
    Key,
    Reader,
    Where,
    composed,
    composed_text,
    condition,
    either,
    fail,
    is_null,
    list_of,
    map_of,
    number,
    one_of,
    positive,
    record,
    scalar,
    share,
    shares,
    shown_path,
    word,
)
from llmcost.errors import UsageError, nearest
from llmcost.pricing.entries import RATE_OF_COLUMN
from llmcost.routing.policy import ACTIONS, AS_LOGGED, Alias, Cascade, Policy, Ratio, Rule, Threshold, implies

FAILURES = ("rate_limit", "context_window", "content_filter", "timeout")


def load(path: Path) -> Policy:
    """The policy in the file. Raises UsageError with file and line."""
    if not path.is_file():
        raise UsageError(f"no policy file '{path}'", place="simulate", hint="llmcost simulate POLICY.yaml")
    return _read(composed(path), path)


def parsed(text: str, path: Path) -> Policy:
    """The policy in a text that has no file; `path` is what errors call it."""
    return _read(composed_text(text, shown_path(path)), path)


def _read(root: Any, path: Path) -> Policy:
    if root is None or is_null(root):
        raise UsageError("the policy is empty", place=shown_path(path), hint="it needs rules, or caps, or a default")
    doc = Document(shown_path(path), path.parent, root)
    values = record(TOP, _whole)(doc, (), root)
    return Policy(path=path, lines=doc.lines, **values)


def _field(type_: conditions.FieldType | None) -> Reader:
    """The name of a field of the log, of this type."""

    def read(doc: Document, where: Where, node: Any) -> str:
        name: str = TEXT(doc, where, node)
        family, colon, key = name.partition(":")
        found = conditions.PREFIXES.get(family) if colon and key else conditions.FIELDS.get(name)
        if name == "request_id" and type_ is None:
            return name
        if found is None:
            hint = nearest(name, (*conditions.FIELDS, "score:KEY", "tag:KEY"))
            fail(doc, where, f"unknown field '{name}'", hint or "write a column of the log such as score:judge")
        if type_ is not None and found != type_:
            fail(doc, where, f"'{name}' is {found}, and a {type_} is needed", "write a score such as score:judge")
        return name

    return read


def _whole_number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= 9 else None


def _terms(text: str) -> dict[str, int] | None:
    """`input_tokens + output_tokens + 200` as how often each counts."""
    found: dict[str, int] = {}
    for term in (part.strip() for part in text.split("+")):
        if term in ("input_tokens", "output_tokens"):
            found[term] = found.get(term, 0) + 1
        elif (plain := _whole_number(term)) is not None:
            found["1"] = found.get("1", 0) + plain
        else:
            return None
    return found


def _ratio(doc: Document, where: Where, values: dict[str, Any]) -> Ratio:
    low, high, value = values["low"], values["high"], values["ratio"]
    if (low is None) != (high is None):
        fail(doc, where, "a range has both ends", "write {ratio: 0.82, low: 0.70, high: 0.97}")
    if low is not None and not low <= value <= high:
        fail(doc, where, f"the ratio {value} is not between low {low} and high {high}")
    return Ratio(value, low, high)


def _ratio_alone(doc: Document, where: Where, node: Any) -> Ratio:
    return Ratio(_POSITIVE(doc, where, node))


def _quality(_doc: Document, _where: Where, values: dict[str, Any]) -> dict[str, Any]:
    by = (values.pop("by") or {}).get("feature") or {}
    return {"quality": values["default"], "quality_by_feature": by}


def _alias(doc: Document, where: Where, values: dict[str, Any]) -> Alias:
    quality, tokens = values.pop("quality") or {}, values.pop("tokens")
    price = values.pop("price")
    if price is not None and not ("input" in price and "output" in price):
        fail(doc, (*where, "price"), "a price needs input and output, in USD per million tokens")
    return Alias(price=price, tokens={k: v for k, v in (tokens or {}).items() if v is not None}, **values, **quality)


def _threshold(doc: Document, where: Where, values: dict[str, Any]) -> Threshold:
    if (values["at"] is None) == (values["strong_share"] is None):
        fail(doc, where, "needs one of 'at' and 'strong_share'", "write strong_share: 30%, or at: 0.116")
    return Threshold(**values)


def _cascade(doc: Document, where: Where, values: dict[str, Any]) -> Cascade:
    accept, rate, verifier = values["accept"], values["accept_rate"], values["verifier"] or {}
    if (accept is None) == (rate is None):
        fail(doc, where, "needs one of 'accept' and 'accept_rate'", "write accept: {column: score:judge, gte: 0.8}")
    if len(values["steps"]) < 2:
        fail(doc, where, "a cascade has two steps or more", "write steps: [small, big]")
    if accept and len(values["steps"]) > 2:
        fail(doc, where, "a column judges one answer, so it serves two steps", "write accept_rate for longer cascades")
    return Cascade(
        steps=values["steps"],
        column=accept["column"] if accept else None,
        gte=accept["gte"] if accept else None,
        rate=rate,
        seed=values["seed"],
        verifier=verifier.get("model"),
        verifier_input=verifier.get("input_tokens") or {},
        verifier_output=verifier.get("output_tokens") or 0,
    )


def _rule(doc: Document, where: Where, values: dict[str, Any]) -> Rule:
    given = [name for name in ACTIONS if values[name] is not None]
    if len(given) > 1:
        fail(doc, (*where, given[1]), f"the rule has both '{given[0]}' and '{given[1]}'", "make it two rules")
    if not given and not values["batch"] and values["response_cache"] is None:
        fail(doc, where, "the rule does nothing", f"add one of {', '.join((*ACTIONS, 'batch', 'response_cache'))}")
    if values["split"] is not None and not sum(values["split"].values()):
        fail(doc, (*where, "split"), "the weights add up to nothing", "write split: {weak: 20, strong: 80}")
    when, overhead = values.pop("when"), values.pop("overhead") or {}
    tree = conditions.parse(when, fields=conditions.FIELDS) if when is not None else None
    name = values.pop("name") or f"rule {int(where[-1]) + 1}"
    usd, ms = overhead.get("usd_per_request") or Decimal(0), overhead.get("latency_ms") or 0
    return Rule(name=name, when=tree, line=doc.lines[where], overhead_usd=usd, overhead_ms=ms, **values)


def _whole(doc: Document, where: Where, values: dict[str, Any]) -> dict[str, Any]:
    """What parts of a policy say about each other: every alias exists, every rule can be reached."""
    aliases = (*values["models"], AS_LOGGED)

    def known(alias: str, *place: str | int) -> None:
        if alias not in aliases:
            hint = nearest(alias, aliases) or f"models are {', '.join(aliases)}"
            fail(doc, (*where, *place), f"unknown model '{alias}'", hint)

    names: dict[str, int] = {}
    for at, rule in enumerate(values["rules"]):
        for alias in rule.targets:
            action = next(name for name in ACTIONS if getattr(rule, name) is not None)
            known(alias, "rules", at, action)
        if rule.name in names:
            fail(doc, ("rules", at), f"a second rule of this name, first on line {names[rule.name]}")
        names[rule.name] = rule.line
        _reachable(doc, values["rules"][:at], rule, at)
    known(values["default"], "default")
    if AS_LOGGED in values["fallbacks"]:
        fail(doc, ("fallbacks", AS_LOGGED), "what is logged has no fallback", "name a model of the policy")
    for alias, others in values["fallbacks"].items():
        for one in (alias, *others):
            known(one, "fallbacks", alias)
    for alias in values["quality"]["column"] if values["quality"] else ():
        known(alias, "quality", "column", alias)
    report, quality = values.pop("report") or {}, values.pop("quality") or {}
    rates = values.pop("fallback_rates")
    values.pop("version")
    return values | {
        "name": values["name"] or Path(doc.shown).stem,
        "fallback_rates": None if isinstance(rates, str) or rates is None else rates,
        "too_long_fails": isinstance(rates, Mapping) and rates.get("context_window", 0) is None,
        "quality_columns": quality.get("column") or {},
        "quality_score": quality.get("score"),
        "curve": bool(report.get("curve")),
        "bootstrap": 2000 if report.get("bootstrap") is None else report["bootstrap"],
        "seed": 7 if report.get("seed") is None else report["seed"],
    }


def _reachable(doc: Document, earlier: Sequence[Rule], rule: Rule, at: int) -> None:
    for before in earlier:
        if before.condition is None:
            what = f"unreachable, because the rule on line {before.line} has no 'when' and takes every request"
            fail(doc, ("rules", at), what, f"give the rule on line {before.line} a 'when', or make it the last")
        if rule.condition is not None and implies(rule.condition, before.condition):
            what = f"unreachable, because the rule on line {before.line} takes every request that it would take"
            fail(doc, ("rules", at), what, "put it before that rule, or take it out")


_POSITIVE = scalar("a number above 0", positive)
_NUMBER = scalar("a number", number)
_PART = scalar(
    "a share from 0 to 100%, such as 60% or 0.6",
    lambda text: one if (one := share(text)) is not None and one <= 1 else None,
)
_WHOLE = scalar("a whole number", _whole_number)
_RATIO = either(
    _ratio_alone, record({n: Key(_POSITIVE, required=n == "ratio") for n in ("ratio", "low", "high")}, _ratio)
)
_QUALITY = {"default": Key(QUANTITY), "by": Key(map_of(map_of(QUANTITY), "dimension", ("feature",)))}
_ALIAS = {
    "model": Key(TEXT, required=True),
    "price": Key(map_of(AMOUNT, "rate", tuple(RATE_OF_COLUMN.values()))),
    "tokens": Key(record({name: Key(_RATIO) for name in ("input", "output", "reasoning")})),
    "quality": Key(record(_QUALITY, _quality)),
    "context_window": Key(_WHOLE),
}
_THRESHOLD = {
    "score": Key(_field("number"), required=True),
    "at": Key(_NUMBER),
    "strong_share": Key(_PART),
    "calibrate_on": Key(word("all", "first_half"), "all"),
    "above": Key(TEXT, required=True),
    "below": Key(TEXT, required=True),
}
_VERIFIER = {
    "model": Key(TEXT, required=True),
    "input_tokens": Key(scalar("a sum such as input_tokens + output_tokens + 200", _terms), required=True),
    "output_tokens": Key(_WHOLE, required=True),
}
_ACCEPT = {"column": Key(_field("number"), required=True), "gte": Key(_NUMBER, required=True)}
_CASCADE = {
    "steps": Key(list_of(TEXT), required=True),
    "accept": Key(record(_ACCEPT)),
    "accept_rate": Key(_PART),
    "seed": Key(TEXT, ""),
    "verifier": Key(record(_VERIFIER)),
}
_TTL = scalar(
    "a lifetime such as 5m, 1h or 24h", lambda text: text if re.fullmatch(r"[1-9]\d{0,6}(m|min|s|h|d)", text) else None
)
_SEMANTIC = {
    "hit_share": Key(scalar("a share or a range such as 5%..30%", shares)),
    "judged_false": Key(_PART),
    "embedding": Key(TEXT),
    "costs": Key(list_of(TEXT, or_one=True), ()),
}
_RESPONSE_CACHE = {
    "match": Key(word("exact"), "exact"),
    "ttl": Key(_TTL),
    "scope": Key(word("org", "tenant", "team", "project", "key", "user", "session"), "org"),
    "semantic": Key(record(_SEMANTIC)),
}
_RULE = {
    "name": Key(TEXT),
    "when": Key(condition(conditions.FIELDS)),
    "route": Key(TEXT),
    "split": Key(map_of(AMOUNT)),
    "key": Key(_field(None), "user"),
    "salt": Key(TEXT, ""),
    "threshold": Key(record(_THRESHOLD, _threshold)),
    "cascade": Key(record(_CASCADE, _cascade)),
    "batch": Key(FLAG, default=False),
    "response_cache": Key(record(_RESPONSE_CACHE)),
    "overhead": Key(record({"usd_per_request": Key(AMOUNT), "latency_ms": Key(_WHOLE)})),
}
_PROMPT_CACHE = {
    "provider_rules": Key(word("auto"), "auto"),
    "ttl": Key(_TTL),
    "scope": Key(word("org", "tenant", "team", "project", "key", "user", "session"), "org"),
    "block_tokens": Key(_WHOLE),
    "breakpoints": Key(word("auto"), "auto"),
    "strict": Key(FLAG, default=False),
}
_REPORT = {
    "curve": Key(FLAG),
    "baselines": Key(list_of(word("random", "oracle", "strong", "weak")), ()),
    "bootstrap": Key(_WHOLE),
    "seed": Key(_WHOLE),
}


def _rate_or_auto(doc: Document, where: Where, node: Any) -> Decimal | None:
    if node.id == "scalar" and node.value == "auto":
        return None
    found: Decimal = _PART(doc, where, node)
    return found


def _failures(doc: Document, where: Where, node: Any) -> Mapping[str, Decimal | None]:
    rates: Mapping[str, Decimal | None] = map_of(_rate_or_auto, "kind of failure", FAILURES)(doc, where, node)
    fails = sum((one for one in rates.values() if one is not None), Decimal(0))
    if fails > 1:
        fail(doc, where, f"{fails:.0%} of the requests fail", "all kinds together are 100% at most")
    return rates


def _scope(doc: Document, where: Where, node: Any) -> str:
    text: str = TEXT(doc, where, node)
    return text if text in ("production", "all") else str(condition(conditions.FIELDS)(doc, where, node))


TOP: Mapping[str, Key] = {
    "version": Key(scalar("version 1", one_of(lambda text: True if text == "1" else None))),
    "name": Key(TEXT),
    "baseline": Key(TEXT, AS_LOGGED),
    "scope": Key(_scope, "production"),
    "models": Key(map_of(record(_ALIAS, _alias)), {}),
    "rules": Key(list_of(record(_RULE, _rule)), ()),
    "default": Key(TEXT, AS_LOGGED),
    "fallbacks": Key(map_of(list_of(TEXT, or_one=True)), {}),
    "fallback_rates": Key(either(word("logged"), _failures), "logged"),
    "prompt_cache": Key(record(_PROMPT_CACHE)),
    "caps": Key(CAPS, ()),
    "quality": Key(record({"column": Key(map_of(_field("number")), {}), "score": Key(_field("number"))})),
    "report": Key(record(_REPORT)),
    "include_user_choice": Key(FLAG, default=False),
    "pair_by": Key(word("task", "prompt_hash")),
}
"""Every key of a policy with what it may hold and what holds when it is not written."""
