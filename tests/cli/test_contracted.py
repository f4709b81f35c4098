"""Caps, replays and break-evens stand on what the company pays: a mark-up for chargeback changes nothing in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import captured
from tests.spend.ledgers import PRICES, call

CONFIG = """
prices: {overrides: [acme.yaml, deals.yaml]}
users: users.csv
plans: {free: {price: 10, churn: 20%/month, cac: 4}}
ltv: {gross_margin: 60%, ltv_to_cac: 3}
"""
DISCOUNT = "schema: 1\ndiscounts: [{provider: openai, percent: 5%}]\n"
MARKUP = f"{DISCOUNT}markup: [{{percent: 7%}}]\n"
POLICY = "models: {small: {model: acme/small}, big: {model: acme/big}}\ndefault: small\n"
ROWS = [
    call(
        f"{day}-{n}",
        ts=f"2026-09-{day:02}T0{n}:00:00Z",
        model="big" if n else "small",
        user=f"u{n}",
        feature=f"f{n}",
        output_tokens=100 * n + day,
    )
    for day in range(1, 31)
    for n in range(3)
]
COMMANDS = (
    "simulate p.yaml --explain",
    "simulate p.yaml --ideal --easy-share 20%..80%",
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
    for name, text in (("llmcost.yaml", CONFIG), ("acme.yaml", PRICES), ("deals.yaml", deals), ("p.yaml", POLICY)):
        (folder / name).write_text(text)
    (folder / "users.csv").write_text("user,plan\nu0,free\nu1,free\nu2,free\n")
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))


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
