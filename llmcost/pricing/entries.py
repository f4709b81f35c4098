"""What the catalogue says: a model, the names it is matched by, and its dated prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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


@dataclass(frozen=True)
class Fee:
    """USD per unit (a search, a page). `once`: charged once per request, however many units it used."""

    usd: Decimal
    once: bool


@dataclass(frozen=True)
class Sheet:
    """A complete set of token rates. A tier or window in force replaces it whole; a tier beats a window."""

    rates: Rates
    tiers: tuple[Tier, ...]
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Tier:
    """Re-prices the whole request when its input, cache included, has `first_tokens` or more."""

    first_tokens: int
    since_us: int | None
    until_us: int | None
    rates: Rates


@dataclass(frozen=True)
class Window:
    """Hours of the week in `zone`: days from Monday 0, minutes since midnight, ends exclusive."""

    name: str
    zone: str
    days: frozenset[int]
    minutes: tuple[tuple[int, int], ...]
    since_us: int | None
    until_us: int | None
    rates: Rates


@dataclass(frozen=True)
class Factor:
    """A multiplier on every rate and fee but those in `not_on`, for requests that meet `when`."""

    multiply: Decimal
    not_on: frozenset[str]
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """What a service tier (batch, flex, priority) costs: a factor on the base sheet, or a sheet of its own."""

    names: frozenset[str]
    factor: Factor | None
    sheet: Sheet | None
    fees: Mapping[str, Fee]


@dataclass(frozen=True)
class Deal:
    """What the user has agreed beside the list: a discount off list prices, or a mark-up on what is charged on.

    `kind` is discount or markup. `provider` and `model` (a pattern with *, in lower case) say whose prices; None: every.
    In force from `since_us` until `until_us` (µs since 1970, exclusive; None: open). `label` and `place` are for people.
    """

    kind: str
    provider: str | None
    model: str | None
    factor: Factor
    since_us: int | None
    until_us: int | None
    label: str
    place: str


@dataclass(frozen=True)
class Price:
    """One dated entry, in force from `since_us` until `until_us` (µs since 1970, exclusive; None: open).

    `applies_to` limits it to some names of the model, for which it beats the general entry. `since` is for people.
    `unusual`: whoever wrote it has looked twice at its figures.
    """

    since: str
    since_us: int
    until_us: int | None
    applies_to: frozenset[str] | None
    sheet: Sheet
    fees: Mapping[str, Fee]
    services: tuple[Service, ...]
    modifiers: tuple[Factor, ...]
    source: Mapping[str, str]
    place: str
    unusual: bool = False


@dataclass(frozen=True)
class Model:
    """A model with its names, all in lower case, and its dated prices in the order of the file.

    `hosted`: sold by one who did not make it, so that its bare name means somebody else's. `own`: a price of the user's.
    Its figures are in `currency`; USD comes of them at the rate of the day.
    """

    provider: str
    id: str
    mode: str
    free: bool
    exact: frozenset[str]
    dated: str | None
    regexes: tuple[re.Pattern[str], ...]
    lifecycle: Mapping[str, str]
    prices: tuple[Price, ...]
    fallback: Mapping[str, str]
    hosted: bool
    place: str
    own: bool = False
    currency: str = "USD"
