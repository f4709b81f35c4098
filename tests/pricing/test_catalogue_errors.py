"""Every sentence with which the reader of price files refuses one: where, what, and the way out."""

from __future__ import annotations

import pytest

from llmcost.errors import UsageError
from llmcost.pricing import catalogue, reader
from tests.pricing.books import put, tiny

TOP = "schema: 1\nprovider: own\n"
RATES = ", ".join(reader.RATE_NAMES)


def with_model(entry: str) -> str:
    """One model on line 4."""
    return f"{TOP}models:\n  - {entry}\n"


def with_price(entry: str) -> str:
    """One price on line 7."""
    return f"{TOP}models:\n  - id: m\n    match: {{exact: [m]}}\n    prices:\n      - {entry}\n"


def with_tier(entry: str) -> str:
    return with_price(f'{{per_mtok: {{input: "1"}}, tiers: [{entry}]}}')


def with_window(entry: str) -> str:
    return with_price(f'{{per_mtok: {{input: "1"}}, windows: [{entry}]}}')


def with_service(entry: str) -> str:
    return with_price(f'{{per_mtok: {{input: "1"}}, service: {{batch: {entry}}}}}')


def with_modifier(entry: str) -> str:
    return with_price(f'{{per_mtok: {{input: "1"}}, modifiers: [{entry}]}}')


def with_rules(entry: str) -> str:
    return f"{TOP}rules: {entry}\nmodels: []\n"


FILES = [
    ("", None, "the file is empty", "it needs schema, provider and models"),
    ("# nothing but a comment\n", None, "the file is empty", "it needs schema, provider and models"),
    ("a: [\n", 2, "no YAML: did not find expected node content", None),
    ("- 1\n", 1, "expected a mapping", None),
    ("schema: 1\nmodels: []\n", 1, "'provider' is missing", None),
    (f"{TOP}model: []\n", 3, "unknown key 'model'", "did you mean 'models'?"),
    (f"{TOP}models: []\nschema: 1\n", 4, "schema: is given twice", "keep one of them"),
    ("schema: 2\nprovider: own\nmodels: []\n", 1, "schema: version 2 is not known", "write 1"),
    (f"{TOP}currency: euro\nmodels: []\n", 3, "currency: 'euro' is no currency", "write its code: EUR"),
    (f"{TOP}models: {{}}\n", 3, "models: expected a list", None),
    ("schema: 1\nprovider: [a]\nmodels: []\n", 2, "provider: expected text", None),
]
RULES = [
    ("{missing: {}}", "rules: unknown key 'missing'", "did you mean 'missing_rate'?"),
    ("{hosts_others: maybe}", "rules.hosts_others: 'maybe' is neither true nor false", None),
    ("{missing_rate: {cash_read: input}}", "rules.missing_rate: unknown key 'cash_read'", "did you mean 'cache_read'?"),
    (
        "{missing_rate: {reasoning: outptu}}",
        "rules.missing_rate.reasoning: unknown rate 'outptu'",
        "did you mean 'output'?",
    ),
    (
        *("{missing_rate: {output: reasoning}}", "rules.missing_rate.output: leads back to itself"),
        "a missing rate must end at one that every price has, such as input",
    ),
]
MODELS = [
    ("m", "models[0]: expected a mapping", None),
    ("{id: m}", "models[0]: 'match' is missing", None),
    ("{id: m, match: {exact: [m]}}", "models[0]: 'prices' is missing", None),
    ("{match: {exact: [m]}, price: []}", "models[0]: unknown key 'price'", "did you mean 'prices'?"),
    ("{match: {name: m}, prices: []}", "models[0].match: unknown key 'name'", "known: exact, dated, regex"),
    ("{id: m, match: {}, prices: []}", "m.match: names nothing", "give exact names, a dated stem or a regex"),
    ("{match: {exact: [m]}, prices: []}", "m.prices: is empty", "leave the model out: unknown is not zero"),
    ("{match: {exact: [m]}, prices: {}}", "m.prices: expected a list", None),
    (
        "{match: {regex: ['(']}, prices: []}",
        "models[0].match.regex[0]: '(' is no pattern: missing ), unterminated subpattern at position 0",
        None,
    ),
    ("{match: {exact: [m]}, free: no!, prices: [{per_mtok: {}}]}", "m.free: 'no!' is neither true nor false", None),
]
PLAIN = 'write it plainly: "2.50"'
PRICES = [
    (with_price("{}"), "m.prices[0]: 'per_mtok' is missing", None),
    (with_price("{per_mtoks: {}}"), "m.prices[0]: unknown key 'per_mtoks'", "did you mean 'per_mtok'?"),
    (with_price("{per_mtok: [1]}"), "m.prices[0].per_mtok: expected a mapping", None),
    (with_price("{per_mtok: {in: 1}}"), "m.prices[0].per_mtok: unknown key 'in'", f"known: {RATES}"),
    (with_price("{per_mtok: {input: [1]}}"), "m.prices[0].per_mtok.input: expected text", None),
    *(
        (with_price(f"{{per_mtok: {{input: '{text}'}}}}"), f"m.prices[0].per_mtok.input: '{text}' is no price", PLAIN)
        for text in ("free", "-1", "1e-6", "1,000", "nan", "$3", "1.0000000000001", "1.", ".5")
    ),
    (with_price("{per_unit: {page: x}}"), "m.prices[0].per_unit.page: 'x' is no price", PLAIN),
    (
        with_price("{per_unit: {page: 1}, per_request: {page: 1}}"),
        "m.prices[0].per_request: 'page' is in per_unit too",
        "keep one of them",
    ),
    (
        with_price("{from: May, per_mtok: {}}"),
        "m.prices[0].from: 'May' is no date",
        "write 2025-01-31 or 2025-01-31T16:00:00Z",
    ),
    (
        *(
            with_price("{from: 2026-01-02, to: 2026-01-02, per_mtok: {}}"),
            "m.prices[0].to: '2026-01-02' is not after 'from'",
        ),
        "the end is exclusive",
    ),
    (
        *(
            with_price("{per_mtok: {}, source: {checked: recently}}"),
            "m.prices[0].source.checked: 'recently' is no date",
        ),
        "write 2025-01-31 or 2025-01-31T16:00:00Z",
    ),
    (with_price("{per_mtok: {}, source: vendor}"), "m.prices[0].source: expected a mapping", None),
    (with_tier("{per_mtok: {}}"), "m.prices[0].tiers[0]: 'over' is missing", None),
    (
        with_tier("{over: 200k, per_mtok: {}}"),
        "m.prices[0].tiers[0].over: '200k' is no number of tokens",
        "write 200000",
    ),
    (with_tier("{above: 1, per_mtok: {}}"), "m.prices[0].tiers[0]: unknown key 'above'", "did you mean 'over'?"),
    (
        *(
            with_tier("{over: 1, since: 2026-02-01, until: 2026-01-01, per_mtok: {}}"),
            "m.prices[0].tiers[0].until: '2026-01-01' is not after 'since'",
        ),
        "the end is exclusive",
    ),
    (with_window("{hours: [], per_mtok: {}}"), "m.prices[0].windows[0]: 'tz' is missing", None),
    (
        *(
            with_window("{tz: Asia/Peking, hours: [], per_mtok: {}}"),
            "m.prices[0].windows[0].tz: unknown time zone 'Asia/Peking'",
        ),
        "write one such as Asia/Shanghai",
    ),
    (
        *(
            with_window("{tz: UTC, days: [mo], hours: [], per_mtok: {}}"),
            "m.prices[0].windows[0].days: unknown day 'mo'",
        ),
        "known: mon, tue, wed, thu, fri, sat, sun",
    ),
    *(
        (
            *(
                with_window(f"{{tz: UTC, hours: ['{text}'], per_mtok: {{}}}}"),
                f"m.prices[0].windows[0].hours: '{text}' is no span of hours within a day",
            ),
            'write "09:00-12:00"',
        )
        for text in ("9-12", "22:00-06:00", "09:00-09:00", "09:00-24:01", "09:60-10:00")
    ),
    (with_service("{}"), "m.prices[0].service.batch: needs either 'multiply' or 'per_mtok'", None),
    (
        with_service("{multiply: 1, per_mtok: {}}"),
        "m.prices[0].service.batch: needs either 'multiply' or 'per_mtok'",
        None,
    ),
    (
        *(
            with_service("{multiply: 1, tiers: []}"),
            "m.prices[0].service.batch: 'multiply' keeps the tiers and windows of the base",
        ),
        "give per_mtok to have others",
    ),
    (with_service("{multiply: half}"), "m.prices[0].service.batch.multiply: 'half' is no price", PLAIN),
    (
        with_service("{multiply: 1, not_on: [outptu]}"),
        "m.prices[0].service.batch.not_on: unknown rate 'outptu'",
        "did you mean 'output'?",
    ),
    (with_modifier("{multiply: 1}"), "m.prices[0].modifiers[0]: 'when' is missing", None),
    (
        with_modifier("{when: {}, multiply: 1}"),
        "m.prices[0].modifiers[0].when: is empty",
        "known: region, inference_geo, speed",
    ),
    (
        with_modifier("{when: {zone: eu}, multiply: 1}"),
        "m.prices[0].modifiers[0].when: unknown key 'zone'",
        "known: region, inference_geo, speed",
    ),
]
CASES = [
    *FILES,
    *((with_rules(entry), 3, message, hint) for entry, message, hint in RULES),
    *((with_model(entry), 4, message, hint) for entry, message, hint in MODELS),
    *((text, 7, message, hint) for text, message, hint in PRICES),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), CASES, ids=[case[2] for case in CASES])
def test_a_file_that_is_not_understood_is_refused_with_place_thing_and_way_out(text, line, message, hint) -> None:
    with pytest.raises(UsageError) as found:
        tiny(text)
    error = found.value
    assert (error.message, error.hint) == (message, hint)
    assert error.place == ("prices.yaml" if line is None else f"prices.yaml:{line}")


def test_an_overrides_file_is_named_by_its_path(tmp_path) -> None:
    path = put(tmp_path, with_price("{}"))
    with pytest.raises(UsageError) as found:
        catalogue.load([path])
    assert found.value.place == f"{path}:7"


def test_a_missing_overrides_file_is_an_error_with_its_path(tmp_path) -> None:
    for ask in (catalogue.load, catalogue.digest):
        with pytest.raises(UsageError) as found:
            ask([tmp_path / "gone.yaml"])
        assert str(found.value) == f"{tmp_path / 'gone.yaml'}: cannot be read: No such file or directory"
        assert found.value.hint == "check prices.overrides"


def test_a_provider_cannot_take_the_name_of_another(tmp_path) -> None:
    path = put(tmp_path, TOP + "aliases: [own-cluster, OpenAI]\nmodels: []\n")
    with pytest.raises(UsageError) as found:
        catalogue.load([path])
    assert str(found.value) == f"{path}: 'OpenAI' is a name of openai already"
    assert found.value.hint == "take it out of aliases"


def test_what_is_understood_is_not_refused() -> None:
    tiny(f"{TOP}currency: USD\nrules: {{usage_shape: x, hosts_others: true}}\nmodels: []\nfine_tunes: []\n")
    tiny(
        with_price('{from: 2026-01-01T16:00:00Z, to: null, per_mtok: {input: "2.50", output: 10}, training: {x: [1]}}')
    )
    tiny(with_window('{tz: UTC, hours: "00:00-24:00", per_mtok: {input: "1"}}'))
    tiny(with_model('{match: {exact: m}, free: true, note: x, prices: [{per_unit: {page: "0.01"}}]}'))
