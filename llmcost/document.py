"""YAML read against tables of keys: checked values, and errors that name file, line and the nearest word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from llmcost import conditions
from llmcost.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

Where = tuple[str | int, ...]
"""Where a value stands in the file: keys, and positions in lists from 0."""


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
PERIODS = ("day", "week", "month", "year")


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


def shares(text: str) -> tuple[Decimal, Decimal] | None:
    """Both ends of 20%..80%, the lower first and none above 1; one share alone is both."""
    first, dots, last = text.partition("..")
    low, high = share(first.strip()), share((last if dots else first).strip())
    return (low, high) if low is not None and high is not None and low <= high <= 1 else None


def rate(text: str) -> Rate | None:
    """5%/month; None without a period."""
    value, _, per = (part.strip() for part in text.partition("/"))
    found = share(value)
    return Rate(found, per) if found is not None and per in PERIODS else None


def amount(text: str) -> Decimal | None:
    value = number(text)
    return value if value is not None and value >= 0 else None


def positive(text: str) -> Decimal | None:
    return number(text) if amount(text) else None


def day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


# Readers: each turns a node of the file into a value, or raises UsageError with line and dotted path.


@dataclass(frozen=True)
class Document:
    shown: str
    folder: Path
    root: Any
    lines: dict[Where, int] = field(default_factory=dict)


Reader = Callable[[Document, Where, Any], Any]


@dataclass(frozen=True)
class Key:
    """One key of the file. A key that is not written, or has nothing after it, has the default."""

    read: Reader
    default: Any = None
    required: bool = False


def line_of(node: Any) -> int:
    return int(node.start_mark.line) + 1


def fail(doc: Document, where: Where, what: str, hint: str | None = None, at: Any = None) -> NoReturn:
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
    raise UsageError(label + what, place=f"{doc.shown}:{line_of(at or node)}", hint=hint)


def is_null(node: Any) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def got(node: Any) -> str:
    if node.id != "scalar":
        return "a list" if node.id == "sequence" else "a mapping"
    return "nothing" if is_null(node) else f"'{node.value}'"


def scalar(expected: str, understand: Callable[[str], Any]) -> Reader:
    """Reads the text as it is written, so that money never is a float; `understand` gives None for a wrong one."""

    def read(doc: Document, where: Where, node: Any) -> Any:
        value = understand(node.value) if node.id == "scalar" and not is_null(node) else None
        if value is None:
            fail(doc, where, f"expected {expected}, got {got(node)}")
        return value

    return read


def one_of(understand: Callable[[str], Any], *words: str) -> Callable[[str], str | None]:
    """The text itself, when it is one of the words or understood."""
    return lambda text: text if text in words or understand(text) is not None else None


TEXT = scalar("text", lambda text: text or None)
FLAG = scalar("true or false", lambda text: {"true": True, "false": False}.get(text.lower()))
AMOUNT = scalar("a number, 0 or more", amount)
SHARE = scalar("a share such as 60% or 0.6", share)
QUANTITY = scalar("a number or a share such as 5%", quantity)
RATE = scalar("a rate with its period such as 5%/month", one_of(rate))
DURATION = scalar("a duration such as 36h or 12 months", one_of(duration))
CURRENCY = scalar("a currency code such as USD", one_of(lambda text: re.fullmatch("[A-Z]{3}", text)))


def word(*words: str) -> Reader:
    def read(doc: Document, where: Where, node: Any) -> str:
        text: str = TEXT(doc, where, node)
        if text not in words:
            fail(doc, where, f"unknown word '{text}'", nearest(text, words) or f"choose from {', '.join(words)}")
        return text

    return read


def zone(doc: Document, where: Where, node: Any) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    name: str = TEXT(doc, where, node)
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        zones = available_timezones()
        fail(doc, where, f"unknown time zone '{name}'", nearest(name, zones) or "write one such as Europe/Berlin")
    return name


def file_path(doc: Document, where: Where, node: Any) -> Path:
    text: str = TEXT(doc, where, node)
    return doc.folder / text


def condition(fields: Mapping[str, conditions.FieldType], unknown: conditions.FieldType | None = None) -> Reader:
    def read(doc: Document, where: Where, node: Any) -> str:
        text: str = TEXT(doc, where, node)
        try:
            conditions.parse(text, fields=fields, unknown=unknown)
        except UsageError as error:
            fail(doc, where, error.message, error.hint)
        return text

    return read


def list_of(item: Reader, *, or_one: bool = False) -> Reader:
    """A tuple; with `or_one` a single value stands for a list of one."""

    def read(doc: Document, where: Where, node: Any) -> tuple[Any, ...]:
        if node.id == "sequence":
            for at, child in enumerate(node.value):
                doc.lines[*where, at] = line_of(child)
            return tuple(item(doc, (*where, at), child) for at, child in enumerate(node.value))
        if not or_one:
            fail(doc, where, f"expected a list, got {got(node)}")
        return (item(doc, where, node),)

    return read


def pairs(doc: Document, where: Where, node: Any) -> Iterable[tuple[str, Any, Any]]:
    """Key, the key's node and the value's node of a mapping without duplicates."""
    if node.id != "mapping":
        fail(doc, where, f"expected a mapping, got {got(node)}")
    first: dict[str, int] = {}
    for key, value in node.value:
        if key.id != "scalar":
            fail(doc, where, f"expected a key, got {got(key)}", at=key)
        if key.value in first:
            what = f"key '{key.value}' is given twice, first on line {first[key.value]}"
            fail(doc, where, what, "keep one of them", at=key)
        first[key.value] = doc.lines[*where, key.value] = line_of(key)
        yield key.value, key, value


def check_key(doc: Document, where: Where, key: Any, what: str, known: Iterable[str]) -> None:
    if key.value not in known:
        fail(
            doc, where, f"unknown {what} '{key.value}'", nearest(key.value, known) or f"known: {', '.join(known)}", key
        )


def map_of(value: Reader, what: str = "key", names: tuple[str, ...] = ()) -> Reader:
    """A dict with keys of the user's own, or from `names`."""

    def read(doc: Document, where: Where, node: Any) -> dict[str, Any]:
        found = {}
        for name, key, child in pairs(doc, where, node):
            if names:
                check_key(doc, where, key, what, names)
            found[name] = value(doc, (*where, name), child)
        return found

    return read


def record(keys: Mapping[str, Key], finish: Callable[[Document, Where, dict[str, Any]], Any] | None = None) -> Reader:
    """A dict with exactly these keys, defaults filled in; `finish` checks the whole and may make something of it."""

    def read(doc: Document, where: Where, node: Any) -> Any:
        values = defaults(keys)
        for name, key, child in pairs(doc, where, node):
            check_key(doc, where, key, "key", keys)
            if not is_null(child):
                values[name] = keys[name].read(doc, (*where, name), child)
        for name, known in keys.items():
            if known.required and values[name] is None:
                fail(doc, where, f"'{name}' is missing")
        return finish(doc, where, values) if finish else values

    return read


def defaults(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: deepcopy(key.default) for name, key in keys.items()}


def section(keys: Mapping[str, Key]) -> Key:
    return Key(record(keys), defaults(keys))


def either(scalar: Reader, mapping: Reader) -> Reader:
    return lambda doc, where, node: (mapping if node.id == "mapping" else scalar)(doc, where, node)


def shown_path(path: Path) -> str:
    """The path as people know it: relative to where they are, when it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def composed(path: Path) -> Any:
    """The file's tree of nodes, each with its text and line; None for an empty file."""
    shown = shown_path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", place=shown) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", place=f"{shown}:{line}", hint="save the file as UTF-8") from error
    return composed_text(text, shown)


def composed_text(text: str, shown: str) -> Any:
    """The tree of a text that is called `shown` in errors."""
    import yaml

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
