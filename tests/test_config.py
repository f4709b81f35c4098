"""llmcost.yaml: what it gives, and the sentence, line and way out of everything it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import yaml

from llmcost import config as config_module
from llmcost.conditions import DIMENSIONS
from llmcost.config import SCHEMA, Config, Duration, Enrich, Rate, Rule, duration, find, load, rate, share
from llmcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FULL = """\
currency: EUR
timezone: Europe/Berlin
sources:
  - {path: "aider/*.jsonl", when: "event = 'message_send'", columns: {ts: time, model: properties.main_model,
     input_tokens: properties.prompt_tokens}, constants: {agent: aider}, ts_unit: s, input_includes_cache: true}
scope: {production: "environment = 'live'"}
attribution:
  agent: [tag:agent, gen_ai.agent.name]
  feature: route
  rules:
    - {when: "agent = 'summarizer' and tag:x is null", feature: digest}
    - {team: nobody}
enrich:
  - {file: app.csv, on: trace, set: [user, scores]}
users: data/users.csv
plans:
  free: {price: 0, converts_to: plus, conversion: 3%/month, churn: 20%/month}
  plus: {price: {amount: 14900, currency: KRW, vat_included: 10%, store_fee: 15%}, other_cost: 2.00, churn: 5%/month}
ltv: {ltv_to_cac: 3, gross_margin: 60%, payback: 12 months, discount_rate: 10%/year}
fx: fx.csv
caps:
  - {plan: free, limit: 40, unit: turn, window: 3h}
  - plan: plus
    limit: 4.50
    unit: usd
    window: month
    kind: aligned
    on_limit: {downgrade: gpt-5-mini}
prices:
  overrides: prices.local.yaml
  costs: [{name: gpu, amount: 7200, per: month, allocate_by: "model like 'own/%'"}]
  commitments: [{provider: azure, amount: 10000, until: 2027-01-31}]
privacy: {user: hashed, tags: [agent, env]}
gate:
  window: 7d
  max_data_age: 36h
  max_unpriced_share: 0%
  rules:
    - {id: total, metric: cost, max: 9500, warn_at: 80%}
    - {id: agents, metric: cost_per_request, per: agent, baseline: baseline.json, max_increase: 10%, min_requests: 200}
export: {to: exports/, datasets: [daily, focus], billing_account: acme}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    monkeypatch.chdir(tmp_path)

    def write_config(text: str) -> Path:
        path = tmp_path / "llmcost.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_config


def refused(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(path)
    return caught.value


def test_every_section_arrives_as_typed_values(write: Callable[[str], Path], tmp_path: Path) -> None:
    config = load(write(FULL))
    assert (config.currency, config.timezone) == ("EUR", "Europe/Berlin")
    assert config.path == tmp_path / "llmcost.yaml"
    assert config.folder == tmp_path
    (source,) = config.sources
    assert source.path == "aider/*.jsonl"
    assert source.when == "event = 'message_send'"
    assert source.columns == {
        "ts": "time",
        "model": "properties.main_model",
        "input_tokens": "properties.prompt_tokens",
    }
    assert source.constants == {"agent": "aider"}
    assert (source.ts_unit, source.tz, source.cost_unit, source.name) == ("s", "UTC", "usd", None)
    assert (source.input_includes_cache, source.output_includes_reasoning) == (True, None)
    assert config.scope == {"production": "environment = 'live'"}
    assert config.attribution["agent"] == ("tag:agent", "gen_ai.agent.name")
    assert config.attribution["feature"] == ("route",)
    assert config.attribution["user"] == ("user", "tag:user")
    assert config.rules == (
        Rule("agent = 'summarizer' and tag:x is null", {"feature": "digest"}, 11),
        Rule(None, {"team": "nobody"}, 12),
    )
    assert config.enrich == (Enrich(tmp_path / "app.csv", "trace", ("user", "scores")),)
    assert (config.users, config.fx) == (tmp_path / "data/users.csv", tmp_path / "fx.csv")
    assert config.plans["free"]["price"] == Decimal(0)
    assert config.plans["free"]["conversion"] == "3%/month"
    assert config.plans["plus"]["price"]["vat_included"] == Decimal("0.1")
    assert config.plans["plus"]["cac"] is None
    assert config.ltv == {
        "ltv_to_cac": Decimal(3),
        "gross_margin": Decimal("0.6"),
        "payback": "12 months",
        "discount_rate": "10%/year",
        "llm_share": None,
        "basis": None,
        "horizon": None,
    }
    assert config.caps[0]["kind"] == "rolling"
    assert config.caps[0]["on_limit"] == "block"
    assert config.caps[1]["on_limit"] == {"downgrade": "gpt-5-mini"}
    assert config.prices["overrides"] == (tmp_path / "prices.local.yaml",)
    assert config.prices["commitments"] == (
        {"provider": "azure", "amount": Decimal(10000), "currency": "USD", "since": None, "until": "2027-01-31"},
    )
    assert config.privacy == {"user": "hashed", "tags": ("agent", "env")}
    assert config.gate["rules"][1]["per"] == ("agent",)
    assert config.gate["rules"][1]["baseline"] == tmp_path / "baseline.json"
    assert config.export == {"to": tmp_path / "exports", "datasets": ("daily", "focus"), "billing_account": "acme"}


def test_money_is_the_text_that_was_written_and_no_float(write: Callable[[str], Path]) -> None:
    config = load(write("plans: {p: {price: 0.100000000001, other_cost: '2.50', cac: 123456789012345678}}"))
    assert str(config.plans["p"]["price"]) == "0.100000000001"
    assert str(config.plans["p"]["other_cost"]) == "2.50"
    assert config.plans["p"]["cac"] == Decimal(123456789012345678)


def test_values_remember_their_line(write: Callable[[str], Path]) -> None:
    config = load(write(FULL))
    assert config.place("currency") == "llmcost.yaml:1"
    assert config.place("caps", 1, "unit") == "llmcost.yaml:25"
    assert config.place("caps", 1, "counts") == "llmcost.yaml:23"
    assert config.place("gate", "rules", 1) == "llmcost.yaml:40"
    assert config.place("nothing") == "llmcost.yaml:1"
    assert Config().place("currency") is None


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "caps:\nplans:\nltv:\n", "{}", "\ufeff{}"])
def test_an_empty_file_or_key_gives_the_defaults(write: Callable[[str], Path], text: str) -> None:
    config = load(write(text))
    default = load(None)
    assert default == Config()
    assert all(getattr(config, name) == getattr(default, name) for name in SCHEMA)
    assert (default.currency, default.timezone) == ("USD", "UTC")
    assert default.scope["production"] == "environment in ('prod', 'production') or environment is null"
    assert default.attribution["agent"] == ("agent", "tag:agent")
    assert default.gate["window"] == "month-to-date"


def test_one_config_does_not_leak_into_the_next(write: Callable[[str], Path]) -> None:
    path = write("plans: {a: {price: 1}}")
    assert load(path) == load(path)
    load(None).plans["x"] = {}  # type: ignore[index]
    assert load(None).plans == {}


def test_json_is_accepted_tabs_included(write: Callable[[str], Path]) -> None:
    text = json.dumps({"currency": "EUR", "caps": [{"limit": 1.5, "window": "3h"}]}, indent="\t")
    config = load(write(text))
    assert (config.currency, config.caps[0]["limit"]) == ("EUR", Decimal("1.5"))


def test_the_yaml_loader_written_in_python_gives_the_same(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = load(write(FULL))
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert load(write(FULL)) == fast
    assert str(refused(write("[" * 5000))) == "llmcost.yaml: not valid YAML: nested too deeply"


COLUMN_HINT = "did you mean 'agent'?"
ALL_FIELDS = (
    f"fields are {', '.join(d for d in DIMENSIONS if d != 'scope')}, tag:KEY, score:KEY and the numeric columns"
)
CAP = "plan: free, limit: 40, window: 3h"
REFUSED = [
    ("curency: USD", ":1: unknown key 'curency'", "did you mean 'currency'?"),
    ("# x\n\nzzz: 1", ":3: unknown key 'zzz'", f"known: {', '.join(SCHEMA)}"),
    ("- a", ":1: expected a mapping, got a list", None),
    ("hello", ":1: expected a mapping, got 'hello'", None),
    ("currency: USD\ncurrency: EUR", ":2: key 'currency' is given twice, first on line 1", "keep one of them"),
    ("plans: {a: {cac: 1, cac: 2}}", ":1: plans.a: key 'cac' is given twice, first on line 1", "keep one of them"),
    ("? [a]\n: 1", ":1: expected a key, got a list", None),
    ("currency: usd", ":1: currency: expected a currency code such as USD, got 'usd'", None),
    ("timezone: [UTC]", ":1: timezone: expected text, got a list", None),
    ("timezone: Europe/Berln", ":1: timezone: unknown time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"),
    ("timezone: ../etc", ":1: timezone: unknown time zone '../etc'", "write one such as Europe/Berlin"),
    ("users: {a: 1}", ":1: users: expected text, got a mapping", None),
    ("users: ''", ":1: users: expected text, got ''", None),
    # sources
    ("sources: {path: x}", ":1: sources: expected a list, got a mapping", None),
    ("sources:\n  - columns: {ts: t}", ":2: sources.1: 'path' is missing", None),
    ("sources: [{path: x}]", ":1: sources.1: 'ts' is missing in columns", "say which field holds the time: columns: {ts: FIELD}"),
    ("sources:\n- path: x\n  name: aider\n  columns:\n    ts: t\n    agnt: a", ":6: sources.aider.columns: unknown column 'agnt'", COLUMN_HINT),
    ("sources: [{path: x, columns: {ts: t, agent: [a]}}]", ":1: sources.1.columns.agent: expected text, got a list", None),
    ("sources: [{path: x, columns: {ts: t, agent: }}]", ":1: sources.1.columns.agent: expected text, got nothing", None),
    ("sources: [{path: x, columns: {ts: t, agent: a}, constants: {agent: b}}]", ":1: sources.1.constants.agent: 'agent' is in columns too", "keep one of them"),
    ("sources: [{path: x, columns: {ts: t}, ts_unit: sec}]", ":1: sources.1.ts_unit: unknown word 'sec'", "choose from s, ms, us, ns"),
    ("sources: [{path: x, columns: {ts: t}, cost_unit: cent}]", ":1: sources.1.cost_unit: unknown word 'cent'", "did you mean 'cents'?"),
    ("sources: [{path: x, columns: {ts: t}, tz: Nowhere}]", ":1: sources.1.tz: unknown time zone 'Nowhere'", "write one such as Europe/Berlin"),
    ("sources: [{path: x, columns: {ts: t}, input_includes_cache: 1}]", ":1: sources.1.input_includes_cache: expected true or false, got '1'", None),
    ("sources: [{path: x, columns: {ts: t}, when: event}]", ":1: sources.1.when: expected a comparison after 'event', got the end at column 6 of: event", "write event = VALUE, event in (VALUE, ...) or event is null"),
    # scope, attribution, enrich
    ("scope: {production: \"scope = 'x'\"}", ":1: scope.production: unknown field 'scope' at column 1 of: scope = 'x'", ALL_FIELDS),
    ("scope:\n  staging: x", ":2: scope: unknown key 'staging'", "known: production"),
    ("attribution: {agnt: [a]}", ":1: attribution: unknown key 'agnt'", COLUMN_HINT),
    ("attribution: {agent: [[a]]}", ":1: attribution.agent.1: expected text, got a list", None),
    ("attribution: {agent: {a: b}}", ":1: attribution.agent: expected text, got a mapping", None),
    ("attribution:\n  rules:\n    - when: agnet = 'a'\n      feature: f", ":3: attribution.rules.1.when: unknown field 'agnet' at column 1 of: agnet = 'a'", COLUMN_HINT),
    ("attribution: {rules: [{when: agent is null}]}", ":1: attribution.rules.1: the rule sets nothing", "add one of agent, feature, user, plan, key, team, project, environment, session, turn"),
    ("attribution: {rules: [{when: agent is null, featrue: x}]}", ":1: attribution.rules.1: unknown key 'featrue'", "did you mean 'feature'?"),
    ("attribution:\n  rules:\n    - {agent: a}\n    - {when: user is null, agent: b}", ":4: attribution.rules.2: unreachable, because the rule on line 3 has no 'when' and takes every request", "give the rule on line 3 a 'when', or make it the last"),
    ("enrich: [{file: a.csv, on: trace}]", ":1: enrich.1: 'set' is missing", None),
    ("enrich: [{file: a.csv, on: trac, set: user}]", ":1: enrich.1.on: expected a text column or tag:KEY, got 'trac'", None),
    ("enrich: [{file: a.csv, on: trace, set: [usr]}]", ":1: enrich.1.set.1: unknown word 'usr'", "did you mean 'user'?"),
    # plans, ltv
    ("plans: [free]", ":1: plans: expected a mapping, got a list", None),
    ("plans: {free: }", ":1: plans.free: expected a mapping, got nothing", None),
    ("plans: {free: {price: free}}", ":1: plans.free.price: expected a number, 0 or more, got 'free'", None),
    ("plans: {free: {price: -1}}", ":1: plans.free.price: expected a number, 0 or more, got '-1'", None),
    ("plans: {free: {price: .inf}}", ":1: plans.free.price: expected a number, 0 or more, got '.inf'", None),
    ("plans: {free: {price: {currency: KRW}}}", ":1: plans.free.price: 'amount' is missing", None),
    ("plans: {free: {price: {amount: 1, store_fee: 15}}}", ":1: plans.free.price.store_fee: expected a share such as 60% or 0.6, got '15'", None),
    ("plans:\n  free:\n    churn: 5%", ":3: plans.free.churn: expected a rate with its period such as 5%/month, got '5%'", None),
    ("plans: {free: {conversion: 3%/mnth}}", ":1: plans.free.conversion: expected a rate with its period such as 5%/month, got '3%/mnth'", None),
    ("plans: {free: {converts_to: plsu}, plus: {price: 1}}", ":1: plans.free.converts_to: unknown plan 'plsu'", "did you mean 'plus'?"),
    ("ltv: {discount_rate: 10%}", ":1: ltv.discount_rate: expected a rate with its period such as 5%/month, got '10%'", None),
    ("ltv: {payback: 12}", ":1: ltv.payback: expected a duration such as 36h or 12 months, got '12'", None),
    ("ltv: {gross_margin: 60}", ":1: ltv.gross_margin: expected a share such as 60% or 0.6, got '60'", None),
    # caps
    ("plans: {free: {price: 0}}\ncaps:\n  - {CAP, huors: 3}", ":3: caps.free: unknown key 'huors'", "known: name, plan, when, per, limit, unit, window, kind, counts, on_limit"),
    ("caps: [{limit: 0, window: 3h}]", ":1: caps.1.limit: expected a number above 0, got '0'", None),
    ("caps: [{limit: 4}]", ":1: caps.1: 'window' is missing", None),
    ("caps: [{limit: , window: 3h}]", ":1: caps.1: 'limit' is missing", None),
    ("caps: [{limit: 4, window: 3 fortnights}]", ":1: caps.1.window: expected a window such as 3h, 7d or month, got '3 fortnights'", None),
    ("caps: [{CAP, kind: roling}]", ":1: caps.free.kind: unknown word 'roling'", "did you mean 'rolling'?"),
    ("caps: [{CAP, per: usr}]", ":1: caps.free.per: unknown word 'usr'", "did you mean 'user'?"),
    ("caps: [{CAP, per: team}]", ":1: caps.free.per: unknown word 'team'", "choose from user"),
    ("caps: [{CAP, on_limit: downgrade}]", ":1: caps.free.on_limit: unknown word 'downgrade'", "choose from block, overage"),
    ("caps: [{CAP, on_limit: {downgrade: }}]", ":1: caps.free.on_limit: 'downgrade' is missing", None),
    ("caps: [{CAP, when: cost > 1}]", ":1: caps.free: has both 'plan' and 'when'", "put the plan into the condition: plan = 'free' and ..."),
    ("plans: {fre: {price: 0}}\ncaps: [{CAP}]", ":2: caps.free.plan: unknown plan 'free'", "did you mean 'fre'?"),
    # prices, privacy, gate, export
    ("prices: {costs: [{name: gpu, amount: 7200}]}", ":1: prices.costs.gpu: 'per' is missing", None),
    ("prices: {costs: [{name: gpu, amount: 1, per: month, allocate_by: model ~ 1}]}", ":1: prices.costs.gpu.allocate_by: unexpected '~' at column 7 of: model ~ 1", "text stands in quotes: 'like this'"),
    ("prices: {costs: [{name: gpu, amount: 1, per: month, share_by: token}]}", ":1: prices.costs.gpu.share_by: unknown word 'token'", "did you mean 'tokens'?"),
    ("prices: {costs: [{name: gpu, amount: 1, per: month, since: 2026-10-02, until: 2026-10-02}]}", ":1: prices.costs.gpu.until: is not after since 2026-10-02", "the end is exclusive: one day is D to D+1"),
    ("prices: {commitments: [{provider: azure, amount: 1, currency: EUR}]}", ":1: prices.commitments.1: is in EUR, and 'since' is missing: prepaid money counts at the rate of its first day", "add since: 2026-10-01"),
    ("prices: {commitments: [{provider: azure, amount: 1, until: 2027-02-30}]}", ":1: prices.commitments.1.until: expected a date such as 2027-01-31, got '2027-02-30'", None),
    ("privacy: {user: hash}", ":1: privacy.user: unknown word 'hash'", "did you mean 'hashed'?"),
    ("gate: {max_data_age: 36}", ":1: gate.max_data_age: expected a duration such as 36h or 12 months, got '36'", None),
    ("gate: {window: month}", ":1: gate.window: expected a window such as 7d or month-to-date, got 'month'", None),
    ("gate: {rules: [{id: total, metric: cots, max: 1}]}", ":1: gate.rules.total.metric: unknown word 'cots'", "did you mean 'cost'?"),
    ("gate: {rules: [{id: total, metric: cost, warn_at: 80%}]}", ":1: gate.rules.total: the rule has no limit", "add max, min or max_increase"),
    ("gate: {rules: [{id: total, metric: cost, max: 9500 USD}]}", ":1: gate.rules.total.max: expected a number or a share such as 5%, got '9500 USD'", None),
    ("gate: {rules: [{id: a, metric: cost, max: 1}, {id: a, metric: cost, max: 2}]}", ":1: gate.rules.a: two rules have this id", "reports tell them apart by it: give each its own"),
    ("gate: {rules: [{id: t, metric: cost, min: 1, warn_at: 80%}]}", ":1: gate.rules.t.warn_at: is a share of max, and there is none", "add max"),
    ("gate: {rules: [{id: t, metric: cost, max: 1, min_delta: 5}]}", ":1: gate.rules.t.min_delta: says nothing without max_increase", "add max_increase, or remove it"),
    ("gate: {rules: [{id: t, metric: margin, max_increase: 5%}]}", ":1: gate.rules.t.max_increase: margin is held to no baseline", "hold it to max or min"),
    ("gate: {rules: [{id: t, metric: gaps, max: 1, baseline: b}]}", ":1: gate.rules.t.baseline: gaps is held to no baseline", "hold it to max or min"),
    ("gate: {rules: [{id: t, metric: turns, max_increase: 5%, ignore_price_changes: true}]}", ":1: gate.rules.t.ignore_price_changes: turns does not depend on prices", "remove it"),
    ("gate: {rules: [{id: t, metric: cache_hit, min: 30}]}", ":1: gate.rules.t.min: cache_hit is a share", "write 5% or 0.05"),
    ("gate: {rules: [{id: t, metric: margin, min: 30%, per: agent}]}", ":1: gate.rules.t: margin cannot be asked by 'agent'", "it can be asked by plan"),
    ("gate: {rules: [{id: t, metric: gaps, max: 0, when: user is null}]}", ":1: gate.rules.t: gaps cannot be asked by 'when'", "it can be asked by nothing"),
    ("gate: {rules: [{id: t, metric: cost, max: 1, scope: {plam: free}}]}", ":1: gate.rules.t.scope: unknown dimension 'plam'", "did you mean 'plan'?"),
    ("export: {datasets: [dayly]}", ":1: export.datasets.1: unknown word 'dayly'", "did you mean 'daily'?"),
    # YAML itself
    ("currency: USD\nusers: a\x01b", ":2: not valid YAML: a control character (U+0001)", None),
    ("a: *x", ":1: not valid YAML: found undefined alias", None),
    ("currency: USD\n---\ncurrency: EUR", ":2: not valid YAML: but found another document", None),
    ("caps: &x [*x]", ":1: caps.1: expected a mapping, got a list", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence", "hint"), REFUSED)
def test_a_mistake_is_named_with_line_place_and_way_out(
    write: Callable[[str], Path], text: str, sentence: str, hint: str | None
) -> None:
    error = refused(write(text.replace("CAP", CAP)))
    assert str(error) == f"llmcost.yaml{sentence}"
    assert error.hint == hint


def test_every_section_of_the_schema_has_a_refused_case() -> None:
    sentences = " ".join(sentence for _, sentence, _ in REFUSED)
    assert [name for name in SCHEMA if name != "fx" and f" {name}" not in sentences] == []


def test_broken_yaml_names_the_line_where_reading_stopped(write: Callable[[str], Path]) -> None:
    error = refused(write("currency: USD\ncaps: [\nusers: x: y\n"))
    assert error.place == "llmcost.yaml:3"
    assert error.message.startswith("not valid YAML: ")


def test_deeply_nested_yaml_is_an_error_and_no_crash(write: Callable[[str], Path]) -> None:
    assert refused(write("[" * 100_000)).message.startswith("not valid YAML: ")


def test_python_tags_in_the_file_are_never_executed(write: Callable[[str], Path], tmp_path: Path) -> None:
    assert load(write("users: !!python/name:os.getcwd x.csv")).users == tmp_path / "x.csv"
    assert "got a list" in str(refused(write("users: !!python/object/apply:os.getcwd []")))


def test_a_file_that_is_not_utf8_says_so_with_its_line(write: Callable[[str], Path]) -> None:
    path = write("")
    path.write_bytes(b"currency: USD\nusers: M\xfcller.csv\n")
    error = refused(path)
    assert (str(error), error.hint) == ("llmcost.yaml:2: not UTF-8 text", "save the file as UTF-8")


def test_an_unreadable_file_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(refused(tmp_path / "none.yaml")) == "none.yaml: cannot be read: No such file or directory"


def test_a_config_elsewhere_is_shown_with_its_whole_path(
    write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("zzz: 1")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert refused(path).place == f"{path}:1"


def test_the_named_config_wins_over_the_environment_and_that_over_the_search(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    for name in ("llmcost.yaml", "env.yaml", "flag.yaml"):
        (tmp_path / name).touch()
    environ = {"LLMCOST_CONFIG": str(tmp_path / "env.yaml")}
    assert find(inner, str(tmp_path / "flag.yaml"), environ) == tmp_path / "flag.yaml"
    assert find(inner, "../../flag.yaml", environ) == inner / "../../flag.yaml"
    assert find(inner, None, environ) == tmp_path / "env.yaml"
    assert find(inner, None, {"LLMCOST_CONFIG": ""}) == tmp_path.resolve() / "llmcost.yaml"
    (inner / "llmcost.yaml").touch()
    assert find(inner, None, {}) == inner.resolve() / "llmcost.yaml"


def test_no_config_anywhere_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_module, "FILE_NAME", "nowhere-to-be-found.yaml")
    assert find(tmp_path, None, {}) is None


@pytest.mark.parametrize(
    ("explicit", "environ", "sentence"),
    [
        ("gone.yaml", {}, "--config: no config file 'gone.yaml'"),
        ("", {}, "--config: no config file ''"),
        (".", {}, "--config: no config file '.'"),
        (None, {"LLMCOST_CONFIG": "gone.yaml"}, "LLMCOST_CONFIG: no config file 'gone.yaml'"),
    ],
)
def test_a_named_config_that_is_missing_is_an_error(
    tmp_path: Path, explicit: str | None, environ: dict[str, str], sentence: str
) -> None:
    (tmp_path / "llmcost.yaml").touch()
    with pytest.raises(UsageError) as caught:
        find(tmp_path, explicit, environ)
    assert (str(caught.value), caught.value.hint) == (sentence, "check the path")


@pytest.mark.parametrize(
    ("text", "value", "seconds"),
    [
        ("3h", Duration(3, "hour"), 3 * 60 * 60),
        ("36h", Duration(36, "hour"), 36 * 60 * 60),
        ("7d", Duration(7, "day"), 7 * 24 * 60 * 60),
        ("90 min", Duration(90, "minute"), 90 * 60),
        ("30s", Duration(30, "second"), 30),
        ("2 weeks", Duration(2, "week"), 14 * 24 * 60 * 60),
        ("1 month", Duration(1, "month"), None),
        ("12 months", Duration(12, "month"), None),
        ("1y", Duration(1, "year"), None),
    ],
)
def test_a_duration_is_a_count_of_a_unit(text: str, value: Duration, seconds: int | None) -> None:
    assert duration(text) == value
    assert value.seconds == seconds


@pytest.mark.parametrize("text", ["", "h", "3", "0h", "-3h", "3.5h", "3m", "3 H", "3h ", "3 ss", "٣h", "3h30"])
def test_other_texts_are_no_duration(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("60%", "0.6"), ("2.5 %", "0.025"), ("0%", "0"), ("0.6", "0.6"), ("1", "1"), ("150%", "1.5"), (".5", "0.5")],
)
def test_a_share_is_a_fraction(text: str, value: str) -> None:
    assert share(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "%", "60", "1.01", "-5%", "-0.1", "5%%", "1e-1", "nan", "5 percent", "1_0%"])
def test_other_texts_are_no_share(text: str) -> None:
    assert share(text) is None


def test_a_rate_needs_its_period() -> None:
    assert rate("5%/month") == rate("0.05 / month") == Rate(Decimal("0.05"), "month")
    assert [rate(text) for text in ("5%", "5%/", "/month", "5%/quarter", "5/month", "5%/month/2")] == [None] * 6
