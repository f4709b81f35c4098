"""The table of prompt caches: the right row for a model and a day, and rows that can be checked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from llmcost.ledger import TOKEN_NAMES
from llmcost.routing.cache_rules import RULES, STORED, UNPUBLISHED, rule, stored, ttl_s, why_not

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("provider", "model", "minimum", "step", "write"),
    [
        ("openai", "gpt-4o-2024-08-06", 1024, 128, None),
        ("azure", "gpt-4.1-mini", 1024, 128, None),
        ("openai", "gpt-5", 1024, 128, None),
        ("openai", "gpt-5.5-mini", 1024, 128, None),
        ("openai", "gpt-5.6-sol", 1024, 1, "cache_write_other_tokens"),
        ("openai", "gpt-6", 1024, 1, "cache_write_other_tokens"),
        ("anthropic", "claude-sonnet-4-5-20250929", 1024, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-3-5-sonnet-20241022", 1024, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-haiku-4-5", 4096, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-3-5-haiku-20241022", 2048, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-opus-4-1", 1024, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-opus-4-5", 4096, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-opus-4-7", 2048, 1, "cache_write_5m_tokens"),
        ("anthropic", "claude-opus-5", 512, 1, "cache_write_5m_tokens"),
        ("bedrock", "us.anthropic.claude-opus-4-7-v1:0", 4096, 1, "cache_write_5m_tokens"),
        ("bedrock", "openai.gpt-5.6-sol", 1024, 1, "cache_write_other_tokens"),
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", 4096, 1, "cache_write_5m_tokens"),
        ("google", "gemini-2.5-pro", 2048, 1, None),
        ("google", "gemini-3.8-flash", 4096, 1, None),
    ],
)
def test_a_model_has_the_rule_of_its_family(
    provider: str, model: str, minimum: int, step: int, write: str | None
) -> None:
    found = rule(provider, model, TODAY)
    assert found is not None
    assert (found.min_tokens, found.step_tokens, found.writes[found.ttl_s]) == (minimum, step, write)


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-3.5-turbo"), ("groq", "gpt-4o"), ("acme", "claude-opus-5"), (None, "gpt-4o"), ("openai", None)],
)
def test_what_is_not_in_the_table_has_no_rule(provider: str | None, model: str | None) -> None:
    assert rule(provider, model, TODAY) is None


def test_a_rule_holds_on_its_days() -> None:
    def minimum(day: date) -> int:
        found = rule("google", "gemini-2.5-pro", day)
        assert found is not None
        return found.min_tokens

    assert minimum(date(2026, 7, 6)) == 4096
    assert minimum(date(2026, 7, 7)) == 2048


def test_a_lifetime_is_taken_only_where_it_can_be_chosen() -> None:
    anthropic, newer_openai = rule("anthropic", "claude-opus-5", TODAY), rule("openai", "gpt-5.6", TODAY)
    assert anthropic is not None
    assert newer_openai is not None
    assert [ttl_s(anthropic, wanted) for wanted in (None, 300, 3600, 60)] == [300, 300, 3600, None]
    assert [ttl_s(newer_openai, wanted) for wanted in (None, 3600)] == [1800, None]


@pytest.mark.parametrize("provider", ["deepseek", "xai", "mistral"])
def test_a_cache_whose_rules_are_not_published_says_what_is_missing(provider: str) -> None:
    assert rule(provider, "any", TODAY) is None
    assert "published" in why_not(provider)
    assert why_not("groq") == "no rule is known"


def test_an_explicit_cache_pays_by_its_reads() -> None:
    pro, flash = stored("google", "gemini-3.1-pro-preview", TODAY), stored("google", "gemini-3.8-flash", TODAY)
    assert pro is not None
    assert flash is not None
    # $4.50 an hour for a million tokens, of which each read saves 2.00 - 0.20
    assert pro.pays_from(Decimal(2), Decimal("0.2")) == Decimal("2.5")
    assert pro.pays_from(Decimal(2), Decimal(2)) is None
    later = stored("google", "gemini-3.8-flash", date(2027, 1, 1))
    assert later is not None
    assert later.usd_per_mtok_hour == 2 * flash.usd_per_mtok_hour
    assert stored("openai", "gpt-5", TODAY) is None


def test_every_unpublished_and_stored_row_says_where_it_comes_from() -> None:
    for one in (*UNPUBLISHED, *STORED):
        assert one.confidence in ("vendor", "second_hand")
        assert one.source.startswith("https://")
        assert one.seen <= TODAY


def test_every_row_says_where_it_comes_from_and_bills_into_a_column_of_the_ledger() -> None:
    for one in RULES:
        assert one.confidence in ("vendor", "second_hand", "assumed")
        assert one.source.startswith("https://")
        assert one.seen <= TODAY
        assert one.since < one.until
        assert one.ttl_s in one.writes
        assert {write for write in one.writes.values() if write} <= set(TOKEN_NAMES)
        assert one.min_tokens > 0
        assert one.step_tokens > 0
