"""Caps, replays and break-evens stand on what the company pays: a mark-up for chargeback changes nothing in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import captured
from tests.spend.ledgers import A_MONTH, PRICES, call

CONFIG = """
prices: {overrides: [acme.yaml, deals.yaml], commitments: [{provider: Acme, amount: 20, until: 2026-12-31}]}
caps: [{plan: free, limit: 0.3, unit: usd, window: 1d}]
gate:
  rules: [{id: margin, metric: margin, min: 10%}, {id: breaches, metric: cap_breaches, max: 5}]
users: users.csv
plans: {free: {price: 10, churn: 20%/month, cac: 4}}
ltv: {gross_margin: 60%, ltv_to_cac: 3}
"""
DISCOUNT = "schema: 1\ndiscounts: [{provider: openai, percent: 5%}]\n"
MARKUP = f"{DISCOUNT}markup: [{{percent: 7%}}]\n"
POLICY = "models: {small: {model: acme/small}, big: {model: acme/big}}\ndefault: small\n"
CAPPED = """
models: {small: {model: acme/small}}
rules: [{name: f1, when: "feature = 'f1'", route: small}]
caps: [{when: "user like 'u%'", limit: 0.6, unit: usd, window: 7d, kind: rolling, counts: served, on_limit: block}]
"""
"""Its cap counts what requests cost under the rule."""
COMMANDS = (
    "simulate p.yaml --explain",
    "simulate p.yaml --ideal --easy-share 20%..80%",
    "simulate capped.yaml",
    "simulate --suggest",
    "caps --detail",
    "caps simulate --cap 0.1/1d --unit usd",
    "caps simulate --cap 1/1d --unit request --on-limit downgrade:acme/small",
    "breakeven batch",
    "breakeven selfhost --gpu-hour 2 --tokens-per-second 3000",
    "breakeven provisioned --unit-hour 0.01 --tpm-per-unit 100",
)
SENTENCE = (
    "costs are what you pay, by your own prices and discounts: your mark-up, which report and gate hold, is not in them"
)


def shop(folder: Path, deals: str) -> None:
    folder.mkdir()
    texts = {"llmcost.yaml": CONFIG, "acme.yaml": PRICES, "deals.yaml": deals, "p.yaml": POLICY, "capped.yaml": CAPPED}
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "users.csv").write_text("user,plan\nu0,free\nu1,free\nu2,free\n")
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in A_MONTH))


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company with and without a mark-up."""
    root = tmp_path_factory.mktemp("shops")
    shop(root / "marked", MARKUP)
    shop(root / "plain", DISCOUNT)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("marked", "plain"):
            from llmcost.__main__ import main

            patch.chdir(root / name)
            assert main(["ingest", "log.jsonl", "-q"]) == 0
    return root


def told(
    shops: Path, name: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.chdir(shops / name)
    monkeypatch.setenv("LLMCOST_NOW", "2026-10-01T08:00:00Z")
    ended = captured(capsys, *command.split(), "--format", "json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mark_up_changes_nothing_and_is_said_to_be_left_out(
    shops: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    marked, plain = (told(shops, name, command, monkeypatch, capsys) for name in ("marked", "plain"))

    assert marked.pop("cost_level") == "contracted"
    assert "cost_level" not in plain
    for key in ("assumptions", "notes"):
        if key in marked:
            assert marked[key].pop() == SENTENCE
    for one in (marked, plain):
        (one.get("trust") or {}).pop("prices", None)
    assert marked == plain


def test_people_are_told_once(shops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shops / "marked")
    assert captured(capsys, "caps", "--detail").out.splitlines().count(SENTENCE) == 1
    monkeypatch.chdir(shops / "plain")
    assert SENTENCE not in captured(capsys, "caps", "--detail").out


def test_report_and_gate_hold_the_mark_up(
    shops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = [
        Decimal(told(shops, n, "report --by model", monkeypatch, capsys)["total"]["cost"]) for n in ("marked", "plain")
    ]
    assert costs[0] == costs[1] * Decimal("1.07")
    value = told(shops, "marked", "gate --max-cost 100", monkeypatch, capsys)["rules"][0]["value"]
    assert Decimal(value) == costs[0]


def test_what_stands_beside_the_billed_report_is_what_the_company_pays(
    shops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    marked, plain = (told(shops, n, "report --suggest", monkeypatch, capsys) for n in ("marked", "plain"))
    # 30 days: small 30 x 1,000 + 465 x 10; big 100 x (60,000 + (300 x 30 + 2 x 465) x 10), in microdollars
    assert [one["drawn"] for one in (*marked["commitments"], *plain["commitments"])] == ["15.964650000000"] * 2
    assert marked["suggestions"] == plain["suggestions"] != []
    assert marked["suggestions_cost_level"] == "contracted"
    assert "suggestions_cost_level" not in plain


def test_the_gate_holds_margins_and_caps_to_what_the_company_pays(
    shops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLMCOST_NOW", "2026-09-30T08:00:00Z")
    found = []
    for name in ("marked", "plain"):
        monkeypatch.chdir(shops / name)
        rules = json.loads(captured(capsys, "gate", "--format", "json", "--max-data-age", "99d").out)["rules"]
        found.append({one["id"]: one["value"] for one in rules})
    assert found[0] == found[1]
    assert None not in found[0].values()


def test_the_caps_that_are_exported_are_those_of_what_the_company_pays(
    shops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for name in ("marked", "plain"):
        monkeypatch.chdir(shops / name)
        rows = captured(capsys, "export", "--dataset", "caps", "--format", "ndjson", "--raw-users").out.splitlines()
        found.append(sorted(rows))
    assert found[0] == found[1]
    # on the first day the big model cost u1 (1,000 + 101 x 10) x 100 microdollars
    first = next(row for row in map(json.loads, found[0]) if (row["day"], row["user"]) == ("2026-09-01", "u1"))
    assert Decimal(first["cost"]) == Decimal("0.201")


def test_a_pinned_store_is_replayed_by_the_prices_of_its_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The price doubles on 10 October. Under a pin of the 1st nothing has changed: no price effect, nothing to save."""
    from llmcost.__main__ import main

    prices = "[{from: 2026-01-01, to: 2026-10-10, per_mtok: {input: '1'}}, {from: 2026-10-10, per_mtok: {input: '2'}}]"
    (tmp_path / "own.yaml").write_text(
        f"schema: 1\nprovider: acme\nmodels: [{{id: m, match: {{exact: [m]}}, prices: {prices}}}]\n"
    )
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: own.yaml}\n")
    (tmp_path / "p.yaml").write_text("models: {m: {model: acme/m}}\ndefault: m\n")
    rows = [call(day, ts=f"2026-{day}T12:00:00Z", model="m", input_tokens=1_000_000) for day in ("10-05", "10-15")]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    assert main(["ingest", "log.jsonl", "-q"]) == 0
    assert main(["reprice", "--price-as-of", "2026-10-01"]) == 0
    capsys.readouterr()

    replayed = json.loads(captured(capsys, "simulate", "p.yaml", "--format", "json").out)
    assert [replayed[side]["cost"] for side in ("baseline", "simulated")] == ["2.000000000000"] * 2
    compared = json.loads(captured(capsys, "diff", "2026-10-05", "2026-10-15", "--format", "json").out)
    assert compared["rows"][0]["delta_price"] == "0.000000000000"

    # the same day given to a throw-away ledger: list cost and moves are of it too
    monkeypatch.setenv("LLMCOST_NOW", "2026-10-16T00:00:00Z")
    for cost in ("computed", "list", "contracted"):
        asked = ("report", "log.jsonl", "--price-as-of", "2026-10-01", "--cost", cost, "--format", "json")
        assert json.loads(captured(capsys, *asked).out)["total"]["cost"] == "2.000000000000"


def test_the_ledger_is_as_it_was_afterwards(shops: Path) -> None:
    from llmcost import config
    from llmcost.pricing import levels
    from llmcost.store import open_ledger

    billed = "SELECT sum(cost) FROM ledger"
    with open_ledger(shops / "marked" / "llmcost.duckdb", read_only=True) as store:
        before = store.value(billed)
        with levels.contracted(store, config.load(shops / "marked" / "llmcost.yaml")) as is_contracted:
            paid = store.value(billed)
        assert is_contracted
        assert (store.value(billed), paid * Decimal("1.07")) == (before, before)
        with levels.contracted(store, config.load(shops / "plain" / "llmcost.yaml")) as is_contracted:
            assert not is_contracted
            assert store.value(billed) == before
