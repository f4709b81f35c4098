"""What each provider's prompt cache asks and gives: minimum, step, lifetimes and where a write is billed, by model and date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TypeVar

FIVE_MINUTES, HALF_AN_HOUR, HOUR, DAY = 300, 1800, 3600, 86_400

FREE: Mapping[int, str | None] = {FIVE_MINUTES: None, HOUR: None, DAY: None}
"""A write costs no more than the input that it is."""
ANTHROPIC_WRITES: Mapping[int, str | None] = {
    FIVE_MINUTES: "cache_write_5m_tokens",
    HOUR: "cache_write_1h_tokens",
}


@dataclass(frozen=True)
class CacheRule:
    """How a family of models caches prompts. Prices are none of its business: a write goes to a column, the catalogue bills it."""

    providers: tuple[str, ...]
    models: str
    """A regular expression of the whole name, in lower case, without a date or version behind it."""
    min_tokens: int
    """A prefix shorter than this is neither read nor written."""
    step_tokens: int
    """Reads come in multiples of this."""
    writes: Mapping[int, str | None]
    """Lifetimes in seconds that can be chosen, with the ledger column in which a write at that lifetime is billed."""
    ttl_s: int
    """The lifetime without a choice."""
    automatic: bool
    """Whether a prompt is cached unasked."""
    confidence: str
    """vendor: read on the vendor's own page; second_hand: somebody else says so; assumed: a stand-in for what is not published."""
    source: str
    seen: date
    since: date = date.min
    until: date = date.max
    note: str = ""


def _openai(models: str, minimum: int, step: int, writes: Mapping[int, str | None], ttl_s: int, note: str) -> CacheRule:
    return CacheRule(
        ("openai", "azure", "bedrock"),
        models,
        minimum,
        step,
        writes,
        ttl_s,
        automatic=True,
        confidence="vendor",
        source="https://developers.openai.com/api/docs/guides/prompt-caching",
        seen=date(2026, 10, 1),
        note=note,
    )


def _anthropic(
    models: str,
    minimum: int,
    confidence: str,
    source: str,
    providers: tuple[str, ...] = ("anthropic", "bedrock", "vertex"),
) -> CacheRule:
    return CacheRule(
        providers,
        models,
        minimum,
        1,
        ANTHROPIC_WRITES,
        FIVE_MINUTES,
        automatic=False,
        confidence=confidence,
        source=source,
        seen=date(2026, 10, 7),
        note="one breakpoint at the end of the prompt; a hit refreshes its lifetime free of charge",
    )


def _google(models: str, minimum: int, seen: date, since: date = date.min, until: date = date.max) -> CacheRule:
    return CacheRule(
        ("google", "vertex"),
        models,
        minimum,
        1,
        FREE,
        FIVE_MINUTES,
        automatic=True,
        confidence="assumed",
        source="https://ai.google.dev/gemini-api/docs/caching",
        seen=seen,
        since=since,
        until=until,
        note="the minimum is the vendor's; the lifetime of implicit caching is not published: 5 minutes stand in for it",
    )


_CLAUDE = r"(?:[a-z.]*anthropic\.)?claude-"
_CLAUDE_PAGE = (
    "https://github.com/anthropics/anthropic-sdk-python/issues/1194"  # quotes the vendor's table word for word
)
_LITELLM_PAGE = "https://docs.litellm.ai/docs/completion/prompt_caching"
_BEDROCK_PAGE = "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"
_CHANGED = date(2026, 7, 7)
"""The first day on which Google's page was seen with its present minimums; the day before, the older ones hold."""

RULES: tuple[CacheRule, ...] = (
    _openai(
        r"(?:openai\.)?gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d).*",
        1024,
        1,
        {HALF_AN_HOUR: "cache_write_other_tokens"},
        HALF_AN_HOUR,
        "from GPT-5.6 on a write costs 1.25 times the input, up to the implicit breakpoint at the latest message and three "
        "explicit ones; simulated with one at the end. The 30 minutes, from the last write or read, are second-hand",
    ),
    _openai(
        r"(?:ft:)?(?:gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o1|o3|o4|codex|chatgpt-4o).*",
        1024,
        128,
        FREE,
        FIVE_MINUTES,
        "cleared after 5 to 10 minutes of silence, after an hour at the latest; since 2026-05-29 organisations that retain data "
        "keep it up to 24 hours (second-hand), Azure does not: ttl: 24h simulates that",
    ),
    _anthropic(_CLAUDE + r"(?:opus|fable|mythos)-5.*", 512, "second_hand", _LITELLM_PAGE),
    _anthropic(_CLAUDE + r"opus-4-7.*", 4096, "second_hand", _BEDROCK_PAGE, ("bedrock",)),
    _anthropic(
        _CLAUDE + r"opus-4-7.*",
        2048,
        "second_hand",
        "https://dev.to/creeta/claudes-prompt-cache-fails-silently-below-1024-tokens-1ch1",
    ),
    _anthropic(_CLAUDE + r"(?:haiku-4-5|opus-4-[56]).*", 4096, "vendor", _CLAUDE_PAGE),
    _anthropic(_CLAUDE + r"(?:haiku-3|3-5-haiku|3-haiku).*", 2048, "vendor", _CLAUDE_PAGE),
    _anthropic(_CLAUDE + r"(?:sonnet-5|opus-4-8).*", 1024, "second_hand", _LITELLM_PAGE),
    _anthropic(_CLAUDE + r".*(?:sonnet|opus).*", 1024, "vendor", _CLAUDE_PAGE),
    _google(r"gemini-2\.5-pro.*", 4096, date(2026, 5, 7), until=_CHANGED),
    _google(r"gemini-2\.5-flash.*", 1024, date(2026, 5, 7), until=_CHANGED),
    _google(r"gemini-2\.5.*", 2048, date(2026, 10, 13), since=_CHANGED),
    _google(r"gemini-(?:3|4).*", 4096, date(2026, 10, 13)),
)
"""The first that fits holds. Whoever is not in it has no rule: its caching is not simulated, visibly."""


@dataclass(frozen=True)
class Unpublished:
    """A cache whose rules are not all known: it is not simulated, and the reader is told what is missing."""

    providers: tuple[str, ...]
    known: str
    missing: str
    confidence: str
    source: str
    seen: date


UNPUBLISHED: tuple[Unpublished, ...] = (
    Unpublished(
        ("deepseek",),
        "on disk, unasked, in units that end where a prompt or an answer ends; reads cost 2 to 3% of the input",
        "no minimum is published, and the lifetime is only said to be hours to days",
        "second_hand",
        "https://api-docs.deepseek.com/guides/kv_cache",
        date(2026, 9, 23),
    ),
    Unpublished(
        ("xai",),
        "unasked, per server; writes are free",
        "no minimum and no lifetime are published: entries may go at any time",
        "vendor",
        "https://docs.x.ai/developers/advanced-api-usage/prompt-caching/best-practices",
        date(2026, 11, 28),
    ),
    Unpublished(
        ("mistral",),
        "by prompt_cache_key, in steps of 64 tokens (second-hand); reads cost 10% of the input",
        "no lifetime is published, and a hit is not guaranteed",
        "second_hand",
        "https://docs.mistral.ai/studio-api/conversations/advanced/prompt-caching",
        date(2026, 11, 28),
    ),
)


@dataclass(frozen=True)
class Stored:
    """A cache that is made on request and paid by the hour: Gemini's explicit caching."""

    providers: tuple[str, ...]
    models: str
    usd_per_mtok_hour: Decimal
    ttl_s: int
    confidence: str
    source: str
    seen: date
    since: date = date.min
    until: date = date.max

    def pays_from(self, input_usd_per_mtok: Decimal, read_usd_per_mtok: Decimal) -> Decimal | None:
        """Reads per hour from which it saves: storage / (input - read), all in dollars per million tokens; None for never."""
        saved = input_usd_per_mtok - read_usd_per_mtok
        return self.usd_per_mtok_hour / saved if saved > 0 else None


def _stored(models: str, usd: str, since: date = date.min, until: date = date.max) -> Stored:
    page = "https://ai.google.dev/gemini-api/docs/pricing"
    return Stored(("google",), models, Decimal(usd), HOUR, "second_hand", page, date(2026, 9, 23), since, until)


_NEW_YEAR = date(2027, 1, 1)
STORED: tuple[Stored, ...] = (
    _stored(r"gemini-3\.1-pro.*", "4.50"),
    _stored(r"gemini-3\.8-flash.*", "0.50", until=_NEW_YEAR),
    _stored(r"gemini-3\.8-flash.*", "1.00", since=_NEW_YEAR),
)
"""What a million tokens in an explicit cache cost per hour. It is not simulated: nobody logs when such a cache was made."""

_REGION = re.compile(r"^(?:us|eu|apac|global|au|jp)\.")


Dated = TypeVar("Dated", CacheRule, Stored)


def _held(table: Sequence[Dated], provider: str, model: str, day: date) -> Dated | None:
    """The first row that is for this provider and model on that day."""
    name = _REGION.sub("", model.lower().rpartition("/")[2])
    return next(
        (
            one
            for one in table
            if provider.lower() in one.providers and one.since <= day < one.until and re.fullmatch(one.models, name)
        ),
        None,
    )


@cache
def rule(provider: str | None, model: str | None, day: date) -> CacheRule | None:
    """The rule of a model of the catalogue on a day; None where none is known."""
    if provider is None or model is None:
        return None
    return _held(RULES, provider, model, day)


def why_not(provider: str | None) -> str:
    """What is missing where no rule is known."""
    for one in UNPUBLISHED:
        if provider is not None and provider.lower() in one.providers:
            return f"{one.missing} ({one.source})"
    return "no rule is known"


def stored(provider: str, model: str, day: date) -> Stored | None:
    """What an explicit cache of the model costs on a day; None where none is known."""
    return _held(STORED, provider, model, day)


def ttl_s(found: CacheRule, wanted_s: int | None) -> int | None:
    """The lifetime to simulate: the wanted one where the rule offers it, the usual one without a wish, else None."""
    if wanted_s is None:
        return found.ttl_s
    return wanted_s if wanted_s in found.writes else None
