"""Names of a log lead to one model or to a reason, never to a likely one."""

from __future__ import annotations

import pytest

from llmcost.pricing import names
from tests.pricing.books import shipped, tiny, with_overrides

OWN = """
schema: 1
provider: own
models:
  - {id: plain, match: {exact: [Plain, plain-latest]}, prices: [{per_mtok: {input: "1"}}]}
  - {id: stem, match: {dated: stem}, prices: [{per_mtok: {input: "1"}}]}
  - {id: tuned, match: {regex: ['ft:plain:.+', 'ft:PLAIN:acme.*']}, prices: [{per_mtok: {input: "1"}}]}
"""


def matched(model: str | None, provider: str | None = "own", catalogue=None) -> str | None:
    found = names.index(catalogue or tiny(OWN)).match(provider, model)
    assert (found.model is None) == (found.reason is not None)
    return found.model.id if found.model else None


def reason(model: str | None, provider: str | None = None) -> str | None:
    return names.index(shipped()).match(provider, model).reason


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("plain", "plain"),
        ("PLAIN", "plain"),
        ("Plain-Latest", "plain"),
        ("own/plain", "plain"),
        ("OWN/Plain", "plain"),
        ("stem-20260101", "stem"),
        ("STEM-2026-01-01", "stem"),
        ("stem@20260101", "stem"),
        ("ft:plain:acme::1", "tuned"),
        ("FT:Plain:x", "tuned"),
    ],
)
def test_a_name_is_matched_by_an_exact_name_a_dated_stem_or_a_pattern_in_any_case(name, model) -> None:
    assert matched(name) == model


@pytest.mark.parametrize(
    "name",
    [
        *(
            "plai",
            "plain-2",
            "plain ",
            " plain",
            "plain-20260101",
            "stem",
            "stem-2026",
            "stem-202601011",
            "stem_20260101",
        ),
        *("ft:plain", "ft:plain:", "xft:plain:a", "own/own/plain", "other/plain", "/plain"),
    ],
)
def test_a_beginning_a_likeness_or_another_date_is_no_match(name) -> None:
    assert matched(name) is None


def test_a_provider_goes_by_its_aliases_in_any_case() -> None:
    for alias in ("google", "gemini", "vertex_ai", "Vertex_AI"):
        assert matched("gemini-2.5-flash", alias, shipped()) == "gemini-2.5-flash"
        assert matched(f"{alias}/gemini-2.5-flash", None, shipped()) == "gemini-2.5-flash"


def test_a_model_without_provider_is_looked_up_among_the_vendors_and_not_among_those_who_host_it() -> None:
    index = names.index(shipped())
    found = index.match(None, "gpt-4o")
    assert (found.model.provider, found.name) == ("openai", "gpt-4o")
    assert index.match("azure", "gpt-4o").model.provider == "azure"
    assert index.match(None, "azure/gpt-4o").model.provider == "azure"
    assert index.match("azure", "openai/gpt-4o").model.provider == "azure"  # who bills wins over who made it


def test_an_exact_name_of_another_provider_does_not_hide_a_dated_one(tmp_path) -> None:
    hosted = OWN.replace("provider: own", "provider: host").replace("plain-latest", "stem-20260101")
    both = with_overrides(tmp_path, hosted)
    own = tiny(OWN)
    layers = (both.layers[0] + own.layers[0],)
    catalogue = type(own)(layers, {"own": "own", "host": "host"}, frozenset(["own", "host"]), "", None)
    assert names.index(catalogue).match("own", "stem-20260101").model.provider == "own"
    assert names.index(catalogue).match("host", "stem-20260101").model.id == "plain"


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        (None, None, "no model name"),
        ("", "openai", "no model name"),
        ("gpt-4o", "acme", "no prices for provider acme"),
        ("gpt-9-ultra", "openai", "unknown model"),
        ("gpt-4o", "anthropic", "unknown model"),
        ("acme/gpt-4o", None, "unknown model"),
    ],
)
def test_a_name_that_leads_nowhere_has_a_reason(model, provider, expected) -> None:
    assert reason(model, provider) == expected


def test_a_name_of_two_models_is_ambiguous_and_both_are_named() -> None:
    twice = OWN.replace("dated: stem", "exact: [PLAIN]")
    found = names.index(tiny(twice)).match("own", "plain")
    assert (found.model, found.reason) == (None, "ambiguous: own/plain, own/stem")


def test_two_patterns_of_one_model_that_both_fit_are_no_ambiguity() -> None:
    assert matched("ft:plain:acme-1") == "tuned"


def test_the_steps_are_told() -> None:
    index = names.index(shipped())
    assert index.match(None, "gemini/Gemini-2.5-Flash").why == (
        "'gemini/' names the provider google",
        "'gemini-2.5-flash' is google/gemini-2.5-flash by its exact name",
    )
    assert index.match("xAI", "grok-9").why == (
        "provider 'xAI' is xai",
        "no exact name, dated suffix or pattern matches 'grok-9'",
    )
    assert (
        index.match(None, "grok-9").why[0]
        == "the log names no provider: looked up among those that set their own prices"
    )
    assert index.match("acme", "gpt-4o").why == ("the catalogue has no provider 'acme'",)
