"""The condition language of --where and when: text in, a tree out; the tree becomes SQL or is asked about one row."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from decimal import Context, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from llmcost.errors import UsageError, nearest
from llmcost.ledger import COLUMNS, TOTALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FieldType = Literal["text", "number"]
Value = str | Decimal

DIMENSIONS: tuple[str, ...] = (
    "source",
    "provider",
    "model",
    "model_requested",
    "model_group",
    "agent",
    "feature",
    "user",
    "plan",
    "key",
    "team",
    "project",
    "environment",
    "scope",
    "session",
    "turn",
    "trace",
    "day",
    "week",
    "month",
    "hour",
    "status",
    "kind",
    "error_kind",
    "chain_reason",
    "service_tier",
    "operation",
)
"""What a report can group by; tag:KEY comes on top."""


def _fields() -> Iterable[tuple[str, FieldType]]:
    for name in DIMENSIONS:
        yield name, "text"
    for column in COLUMNS:
        if column.type == "BIGINT" or column.type.startswith("DECIMAL"):
            yield column.name, "number"
    for name in TOTALS:
        yield name, "number"


FIELDS: Mapping[str, FieldType] = MappingProxyType(dict(_fields()))
"""The fields of --where and of every `when:` that is asked about the ledger."""

PREFIXES: Mapping[str, FieldType] = MappingProxyType({"tag": "text", "score": "number"})
"""Families of fields with a name of the user's own: tag:KEY and score:KEY."""

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50
# With these, a literal meets a BIGINT or a DECIMAL column in 38 digits: DuckDB raises an error when it needs more.
MAX_WHOLE_DIGITS = 18
MAX_DECIMALS = 12


@dataclass(frozen=True)
class Comparison:
    """`op` is one of = != < <= > >=."""

    field: str
    op: str
    value: Value


@dataclass(frozen=True)
class In:
    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Like:
    """% is any text, _ is any character; there is no escape and case counts."""

    field: str
    pattern: str


@dataclass(frozen=True)
class IsNull:
    field: str


@dataclass(frozen=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition = Comparison | In | Like | IsNull | And | Or | Not


def parse(
    text: str,
    *,
    fields: Mapping[str, FieldType],
    prefixes: Mapping[str, FieldType] = PREFIXES,
    unknown: FieldType | None = None,
    place: str | None = None,
) -> Condition:
    """The tree of a condition.

    `fields` are the names allowed, `prefixes` the families (tag:KEY); any other name has the type `unknown`, or is an
    error when that is None. Raises UsageError at `place` for what cannot be read or compared.
    """
    return _Parser(text, _tokens(text, place), fields, prefixes, unknown, place).condition()


_NAME = r"[^\W\d]|[$@]"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?)(?![\w.])
    | (?P<key>(?:{"|".join(PREFIXES)}):(?:"(?:[^"]|"")+"|'(?:[^']|'')+'|[\w.\-/$@:]+))
    | (?P<word>(?:{_NAME})(?:[\w$@-])*(?:\.[\w$@-]+)*)
    | (?P<op><=|>=|<>|!=|==|=|<|>)
    | (?P<mark>[(),])
    """,
    re.VERBOSE,
)
_OPERATORS = {"==": "=", "<>": "!="}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RESERVED = {"and", "or", "not", "in", "like", "is", "null", "true", "false"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str:
        """The reserved word or mark this is, in lower case; empty for everything else."""
        word = self.text.lower()
        return word if self.kind == "mark" or (self.kind == "word" and word in _RESERVED) else ""


def _fail(text: str, place: str | None, what: str, at: int, hint: str | None = None) -> NoReturn:
    """Raise the sentence with its column and the text around it."""
    start, end = max(0, at - 60), at + 60
    shown = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", shown)
    raise UsageError(f"{what} at column {at + 1} of: {shown.strip()}", place=place, hint=hint)


def _tokens(text: str, place: str | None) -> tuple[_Token, ...]:
    """The tokens of a condition; the last one is of kind "end"."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the condition has {len(text)} characters, more than {MAX_CHARACTERS}", place=place)
    if surrogate := re.search(r"[\ud800-\udfff]", text):
        _fail(text, place, "broken UTF-8", surrogate.start())
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            unclosed = "the text that starts here has no closing quote" if text[at] in "'\"" else ""
            _fail(text, place, unclosed or f"unexpected '{text[at]}'", at, "text stands in quotes: 'like this'")
        if match.lastgroup and match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match.group(), at))
        at = match.end()
    return (*tokens, _Token("end", "", len(text)))


@dataclass
class _Parser:
    """Recursive descent over the tokens; `or` binds loosest, then `and`, then `not`."""

    text: str
    tokens: tuple[_Token, ...]
    fields: Mapping[str, FieldType]
    prefixes: Mapping[str, FieldType]
    unknown: FieldType | None
    place: str | None
    next: int = 0
    depth: int = 0

    def condition(self) -> Condition:
        found = self._or()
        if self._peek.kind != "end":
            self._fail(f"expected 'and', 'or' or the end, got {self._got}")
        return found

    def _fail(self, what: str, hint: str | None = None) -> NoReturn:
        _fail(self.text, self.place, what, self._peek.at, hint)

    @property
    def _peek(self) -> _Token:
        return self.tokens[self.next]

    @property
    def _got(self) -> str:
        return "the end" if self._peek.kind == "end" else f"'{self._peek.text}'"

    def _accept(self, keyword: str) -> bool:
        if self._peek.keyword != keyword:
            return False
        self.next += 1
        return True

    def _expect(self, keyword: str) -> None:
        if not self._accept(keyword):
            self._fail(f"expected '{keyword}', got {self._got}")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"the condition is nested more than {MAX_DEPTH} deep")

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._accept("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Condition:
        parts = [self._not()]
        while self._accept("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Condition:
        self._deeper()
        found: Condition
        if self._accept("not"):
            found = Not(self._not())
        elif self._accept("("):
            found = self._or()
            self._expect(")")
        else:
            found = self._predicate()
        self.depth -= 1
        return found

    def _predicate(self) -> Condition:
        field, type_ = self._field()
        if self._accept("is"):
            negated = self._accept("not")
            self._expect("null")
            return Not(IsNull(field)) if negated else IsNull(field)
        negated = self._accept("not")
        found: Condition
        if self._accept("in"):
            found = In(field, self._list(field, type_))
        elif self._peek.keyword == "like":
            found = self._like(field, type_)
        elif negated:
            self._fail(f"expected 'in' or 'like' after 'not', got {self._got}")
        elif self._peek.kind == "op":
            op = self._peek.text
            self.next += 1
            return Comparison(field, _OPERATORS.get(op, op), self._value(field, type_))
        else:
            hint = f"write {field} = VALUE, {field} in (VALUE, ...) or {field} is null"
            self._fail(f"expected a comparison after '{field}', got {self._got}", hint=hint)
        return Not(found) if negated else found

    def _field(self) -> tuple[str, FieldType]:
        if self._peek.kind == "key":
            prefix, _, key = self._peek.text.partition(":")
            if prefix in self.prefixes:
                self.next += 1
                return f"{prefix}:{_unquote(key)}", self.prefixes[prefix]
        elif self._peek.kind != "word" or self._peek.keyword:
            hint = "the field stands on the left: cost > 0.5" if self._peek.kind in ("text", "number") else None
            self._fail(f"expected a field, got {self._got}", hint=hint)
        name = self._peek.text
        type_ = self.fields.get(name, self.unknown)
        if type_ is None:
            families = [f"{prefix}:KEY" for prefix in self.prefixes]
            known = ", ".join([*(field for field, of in self.fields.items() if of == "text"), *families])
            near = nearest(name, [*self.fields, *families])
            self._fail(f"unknown field '{name}'", near or f"fields are {known} and the numeric columns")
        self.next += 1
        return name, type_

    def _list(self, field: str, type_: FieldType) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value(field, type_)]
        while self._accept(","):
            values.append(self._value(field, type_))
        self._expect(")")
        return tuple(values)

    def _like(self, field: str, type_: FieldType) -> Like:
        if type_ == "number":
            self._fail(f"'like' is for text and '{field}' is a number", hint="use = != < <= > >= or in")
        self.next += 1
        pattern = self._value(field, type_)
        assert isinstance(pattern, str)
        return Like(field, pattern)

    def _value(self, field: str, type_: FieldType) -> Value:
        """The literal that comes next, which must be of the field's type."""
        token = self._peek
        if token.kind == "number":
            if type_ == "text":
                self._fail(f"'{field}' is text, got the number {token.text}", hint=f"quote it: '{token.text}'")
            value: Value = self._number(token)
        elif token.kind == "text" or token.keyword in ("true", "false"):
            if type_ == "number":
                self._fail(f"'{field}' is a number, got the text {token.text}", hint=f"write {field} > 0.5")
            # Tags and logs hold a flag as the text true or false.
            value = _unquote(token.text) if token.kind == "text" else token.keyword
        elif token.keyword == "null":
            self._fail("nothing equals null", hint=f"write {field} is null, or {field} is not null")
        else:
            bare = token.kind in ("word", "key") and not token.keyword
            self._fail(f"expected a value, got {self._got}", hint=f"quote text: '{token.text}'" if bare else None)
        self.next += 1
        return value

    def _number(self, token: _Token) -> Decimal:
        number = Context(prec=MAX_CHARACTERS).create_decimal(token.text).normalize(Context(prec=MAX_CHARACTERS))
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int)
        if number.adjusted() >= MAX_WHOLE_DIGITS or exponent < -MAX_DECIMALS:
            what = f"a number has at most {MAX_WHOLE_DIGITS} digits before the point and {MAX_DECIMALS} after it"
            self._fail(f"{what}, got {token.text}")
        return Decimal(f"{number:f}")


def _unquote(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"" else text


def fields_of(c: Condition) -> frozenset[str]:
    """The names of all fields the condition asks about."""
    match c:
        case And(parts) | Or(parts):
            return frozenset().union(*map(fields_of, parts))
        case Not(part):
            return fields_of(part)
        case Comparison(field=field) | In(field=field) | Like(field=field) | IsNull(field=field):
            return frozenset({field})


def compile_sql(c: Condition, *, column: Callable[[str], str], params: dict[str, object]) -> str:
    """The condition as a boolean SQL expression (true, false or null).

    `column` gives the trusted SQL expression of a field. Every literal is added to `params` and named `$name` in the
    text, so nothing a user wrote becomes SQL.
    """

    def bind(value: Value) -> str:
        number = len(params)
        while f"c{number}" in params:
            number += 1
        params[f"c{number}"] = value
        return f"$c{number}"

    return _sql(c, column, bind)


def _sql(c: Condition, column: Callable[[str], str], bind: Callable[[Value], str]) -> str:
    match c:
        case Comparison(field, op, value):
            return f"({_operand(column(field), value)} {op} {bind(value)})"
        case In(field, values):
            return f"({_operand(column(field), *values)} IN ({', '.join(map(bind, values))}))"
        case Like(field, pattern):
            return f"(({column(field)}) LIKE {bind(pattern)})"
        case IsNull(field):
            return f"(({column(field)}) IS NULL)"
        case And(parts):
            return f"({' AND '.join(_sql(part, column, bind) for part in parts)})"
        case Or(parts):
            return f"({' OR '.join(_sql(part, column, bind) for part in parts)})"
        case Not(part):
            return f"(NOT {_sql(part, column, bind)})"


def _operand(sql: str, *values: Value) -> str:
    """The column, ready to meet these values.

    DECIMAL(38,24) holds 14 digits before the point, and DuckDB raises an error when it is compared with more. With 12
    decimals there is room, and no column comes so near to such a value that the decimals cut off could matter.
    """
    big = any(isinstance(value, Decimal) and abs(value) >= 10**14 for value in values)
    return f"({sql})::DECIMAL(38,12)" if big else f"({sql})"


def matches(c: Condition, row: Mapping[str, object]) -> bool | None:
    """What the condition says about one row: True, False, or None for unknown. A field the row lacks is null.

    Text fields hold str, number fields int or Decimal.
    """
    match c:
        case And(parts):
            found = [matches(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [matches(part, row) for part in parts]
            return True if True in found else None if None in found else False
        case Not(part):
            answer = matches(part, row)
            return None if answer is None else not answer
        case IsNull(field):
            return row.get(field) is None
    cell = row.get(c.field)
    if cell is None:
        return None
    match c:
        case Comparison(_, op, value):
            return _COMPARE[op](cell, value)
        case In(_, values):
            return cell in values
        case Like(_, pattern):
            return _like_regex(pattern).fullmatch(str(cell)) is not None


def _like_regex(pattern: str) -> re.Pattern[str]:
    """A regular expression that takes linear time: the first place where a part fits is as good as any later one."""
    first, *rest = (re.escape(part).replace("_", ".") for part in re.split("%+", pattern))
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(first + middle + (f".*{rest[-1]}" if rest else ""), re.DOTALL)
