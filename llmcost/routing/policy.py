"""A policy as values: models, rules and what each may do; and which condition takes all that another would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost import conditions
from llmcost.conditions import And, Comparison, Condition, In, IsNull, Not, Or
from llmcost.document import Where, shown_path

AS_LOGGED = "as_logged"
ACTIONS = ("route", "split", "threshold", "cascade")


@dataclass(frozen=True)
class Ratio:
    """Tokens of the new model for one of the old; `low` and `high` are its 95% range, None when nobody knows."""

    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class Alias:
    """A model of the policy. `price` is USD per million tokens by rate name, where the policy sets it itself.

    `tokens` has the ratios that the user knows, by input, output and reasoning. `quality` is measured: the mean of the
    whole, and of single features.
    """

    model: str
    price: Mapping[str, Decimal] | None = None
    tokens: Mapping[str, Ratio] = field(default_factory=dict)
    quality: Decimal | None = None
    quality_by_feature: Mapping[str, Decimal] = field(default_factory=dict)
    context_window: int | None = None
    """The longest input that it takes, in tokens; None when the policy does not say."""


@dataclass(frozen=True)
class Threshold:
    """`above` gets what scores `at` or more; without `at` it is the score that sends `strong_share` there."""

    score: str
    above: str
    below: str
    at: Decimal | None
    strong_share: Decimal | None
    calibrate_on: str


@dataclass(frozen=True)
class Cascade:
    """The steps are tried in order until one is accepted: by a column of the log, or at a rate."""

    steps: tuple[str, ...]
    column: str | None
    gte: Decimal | None
    rate: Decimal | None
    seed: str
    verifier: str | None
    verifier_input: Mapping[str, int]
    """How often input_tokens, output_tokens and the number 1 (under "1") count in what the verifier reads."""
    verifier_output: int


@dataclass(frozen=True)
class Rule:
    """What a request gets that meets `when`; None meets every request. One action, or only modifiers."""

    name: str
    when: Condition | None
    line: int
    route: str | None = None
    split: Mapping[str, Decimal] | None = None
    key: str = "user"
    salt: str = ""
    threshold: Threshold | None = None
    cascade: Cascade | None = None
    batch: bool = False
    response_cache: Mapping[str, Any] | None = None
    overhead_usd: Decimal = Decimal(0)
    overhead_ms: int = 0

    @property
    def targets(self) -> tuple[str, ...]:
        """The aliases that it may send a request to."""
        if self.route is not None:
            return (self.route,)
        if self.threshold:
            return (self.threshold.above, self.threshold.below)
        if self.cascade:
            verifier = (self.cascade.verifier,) if self.cascade.verifier else ()
            return (*self.cascade.steps, *verifier)
        return tuple(self.split or ())

    @property
    def needs(self) -> str | None:
        """The field without which it cannot decide: a request that lacks it goes on to the next rule."""
        if self.threshold:
            return self.threshold.score
        if self.cascade and self.cascade.column:
            return self.cascade.column
        return self.key if self.split and self.key != "request_id" else None

    @property
    def condition(self) -> Condition | None:
        """`when`, and that the field it needs is there."""
        there = Not(IsNull(self.needs)) if self.needs else None
        parts = tuple(part for part in (self.when, there) if part is not None)
        return And(parts) if len(parts) > 1 else parts[0] if parts else None


@dataclass(frozen=True)
class Policy:
    """A policy, checked. `path` and `lines` tell where things stand."""

    path: Path
    lines: Mapping[Where, int] = field(repr=False)
    name: str
    baseline: str = AS_LOGGED
    scope: str = "production"
    models: Mapping[str, Alias] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    default: str = AS_LOGGED
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fallback_rates: Mapping[str, Decimal] | None = None
    """Share of failures by kind; None takes what the log shows."""
    too_long_fails: bool = False
    """`fallback_rates: {context_window: auto}`: what is longer than a model's window fails there."""
    prompt_cache: Mapping[str, Any] | None = None
    caps: tuple[Mapping[str, Any], ...] = ()
    quality_columns: Mapping[str, str] = field(default_factory=dict)
    quality_score: str | None = None
    bootstrap: int = 2000
    seed: int = 7
    curve: bool = False
    include_user_choice: bool = False
    pair_by: str | None = None

    @property
    def context_windows(self) -> tuple[int, ...]:
        """The windows that count, the smallest first."""
        found = (
            {told.context_window for told in self.models.values()} if self.too_long_fails and self.fallbacks else set()
        )
        return tuple(sorted(one for one in found if one is not None))

    def place(self, *where: str | int) -> str:
        """FILE:LINE of a value; of what holds it when it is not written itself."""
        found = next((self.lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in self.lines), 1)
        return f"{shown_path(self.path)}:{found}"


def implies(one: Condition, other: Condition) -> bool:
    """Whether `other` is true wherever `one` is. False means only that it is not obvious."""
    if one == other:
        return True
    if isinstance(other, And):
        return all(implies(one, part) for part in other.parts)
    if isinstance(one, Or):
        return all(implies(part, other) for part in one.parts)
    if isinstance(one, And) and any(implies(part, other) for part in one.parts):
        return True
    if isinstance(other, Or):
        return any(implies(one, part) for part in other.parts)
    return _narrower(one, other)


def _narrower(one: Condition, other: Condition) -> bool:
    """Two questions about one field: every value that meets the first meets the second."""
    if isinstance(other, Not) and isinstance(other.part, IsNull):
        return isinstance(one, Comparison | In) and one.field == other.part.field
    values = _values(one)
    if values is not None and isinstance(other, Comparison | In):
        return all(conditions.matches(other, {_name(one): value}) for value in values)
    bounds = {">": (">", ">="), ">=": (">=",), "<": ("<", "<="), "<=": ("<=",)}
    if isinstance(one, Comparison) and isinstance(other, Comparison) and one.field == other.field:
        if other.op in bounds.get(one.op, ()):
            return conditions.matches(Comparison("x", f"{one.op[0]}=", other.value), {"x": one.value}) is True
        if one.op in (">=", "<=") and other.op == one.op[0]:
            return conditions.matches(Comparison("x", other.op, other.value), {"x": one.value}) is True
    return False


def _values(one: Condition) -> tuple[object, ...] | None:
    if isinstance(one, Comparison) and one.op == "=":
        return (one.value,)
    return one.values if isinstance(one, In) else None


def _name(one: Condition) -> str:
    return one.field if isinstance(one, Comparison | In) else ""
