"""`prices check`: what can be read and still looks wrong."""

from __future__ import annotations

from datetime import date

import pytest

from llmcost.pricing.check import check
from tests.pricing.books import model, shipped, tiny, with_overrides

TODAY = date(2026, 11, 24)
SOURCE = 'source: {url: "https://example.com"}'


def problems(prices: str, name: str = "m") -> list[tuple[str, str]]:
    """Problems of one model whose entries stand on line 7 and after; `;` stands for the source."""
    return check(tiny(model(prices.replace(";", SOURCE), name)), TODAY)


def test_the_shipped_catalogue_has_no_problems() -> None:
    assert check(shipped(), TODAY) == []


@pytest.mark.parametrize(
    ("prices", "found"),
    [
        (
            '{from: 2026-01-01, to: 2026-03-02, per_mtok: {input: "1"}, ;}\n{from: 2026-03-01, per_mtok: {input: "2"}, ;}',
            [("prices.yaml:8", "m: the price from 2026-03-01 overlaps the one from 2026-01-01")],
        ),
        (
            '{from: 2026-01-01, per_mtok: {input: "1"}, ;}\n{from: 2026-01-01, to: 2026-03-01, applies_to: [m], per_mtok: {input: "2"}, ;}\n{from: 2026-02-01, applies_to: [M], per_mtok: {input: "3"}, ;}',
            [("prices.yaml:9", "m: the price from 2026-02-01 overlaps the one from 2026-01-01")],
        ),
        (
            '{from: 2026-01-01, to: 2026-03-01, per_mtok: {input: "1"}, ;}\n{from: 2026-03-05, per_mtok: {input: "2"}, ;}',
            [("prices.yaml:8", "m: no price from 2026-03-01 to 2026-03-05")],
        ),
        (
            '{from: 2026-01-01, to: 2026-02-01, applies_to: [m], per_mtok: {input: "1"}, ;}\n{from: 2026-03-01, per_mtok: {input: "2"}, ;}',
            [("prices.yaml:8", "m: m: no price from 2026-02-01 to 2026-03-01")],
        ),
        (
            '{per_mtok: {input: "1"}, ;}\n{from: 2026-01-01, applies_to: [n], per_mtok: {input: "1"}, ;}',
            [("prices.yaml:8", "m: applies_to has 'n', which is no name of the model")],
        ),
        (
            '{per_mtok: {input: "1"}}',
            [("prices.yaml:7", "m: the price from always has no source: url, evidence or via")],
        ),
        (
            '{per_mtok: {input: "1"}, source: {via: x, checked: 2026-05-27}}',
            [("prices.yaml:7", "m: the price from always was checked 181 days ago, on 2026-05-27")],
        ),
        ('{per_mtok: {input: "0"}, ;}', [("prices.yaml:7", "m: costs nothing, but is not marked 'free: true'")]),
        (
            '{per_mtok: {input: "2500"}, ;}',
            [("prices.yaml:7", "m: input of 2500 USD per million tokens: is it per thousand or per token?")],
        ),
        (
            '{per_mtok: {input: "0.0025"}, ;}',
            [("prices.yaml:7", "m: input of 0.0025 USD per million tokens: is it per thousand or per token?")],
        ),
        (
            '{per_mtok: {input: "2.5", output: "0.01"}, ;}',
            [("prices.yaml:7", "m: output of 0.01 beside input of 2.5 USD per million tokens: are both per million?")],
        ),
        (
            '{per_mtok: {input: "1"}, tiers: [{over: 9, per_mtok: {input: "2000"}}], service: {batch: {per_mtok: {input: "0.001"}}}, ;}',
            [
                ("prices.yaml:7", "m: over 9: input of 2000 USD per million tokens: is it per thousand or per token?"),
                ("prices.yaml:7", "m: batch: input of 0.001 USD per million tokens: is it per thousand or per token?"),
            ],
        ),
    ],
)
def test_a_problem_has_a_place_and_a_sentence(prices, found) -> None:
    assert problems(prices) == found


def test_a_name_of_two_models_is_told_at_both() -> None:
    text = model(f'{{per_mtok: {{input: "1"}}, {SOURCE}}}')
    text += f'  - {{id: n, match: {{exact: [M]}}, prices: [{{per_mtok: {{input: "1"}}, {SOURCE}}}]}}\n'
    assert check(tiny(text), TODAY) == [
        ("prices.yaml:4", "m: another model of own has the name 'm' too"),
        ("prices.yaml:8", "n: another model of own has the name 'm' too"),
    ]


@pytest.mark.parametrize(
    "prices",
    [
        '{from: 2026-01-01, to: 2026-03-01, per_mtok: {input: "1"}, ;}\n{from: 2026-03-01, per_mtok: {input: "2"}, ;}',
        '{from: 2026-01-01, per_mtok: {input: "1"}, ;}\n{from: 2026-02-01, to: 2026-03-01, applies_to: [m], per_mtok: {input: "9"}, ;}',
        '{per_mtok: {input: "1"}, source: {via: x, checked: 2026-05-28}}',
        '{to: 2026-11-24, per_mtok: {input: "1"}, source: {via: x, checked: 2020-01-01}}',
        '{per_mtok: {input: "1000", output: "10"}, ;}',
        '{per_mtok: {input: "0.01"}, ;}',
        '{per_mtok: {input: "0.1", output: "0"}, ;}',
        '{per_unit: {page: "0.01"}, ;}',
    ],
)
def test_what_is_sound_is_left_alone(prices) -> None:
    assert problems(prices) == []


def test_a_free_model_may_cost_nothing() -> None:
    text = model(f'{{per_mtok: {{input: "0", output: "0"}}, {SOURCE}}}').replace(
        "    match", "    free: true\n    match"
    )
    assert check(tiny(text), TODAY) == []


def test_an_override_of_a_shipped_name_is_no_second_claim(tmp_path) -> None:
    prices = with_overrides(tmp_path, model(f'{{per_mtok: {{input: "1"}}, {SOURCE}}}', "gpt-4o", "openai"))
    assert check(prices, TODAY) == []
