"""--currency in what is no report: every figure of money at the one rate of the last day of the data, which stands beside them."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import captured
from tests.spend.ledgers import A_MONTH, call, ledger, overrides

RATE = Decimal("1.25")
"""On the last day of the data; on the others it is something else."""
CONFIG = """
fx: fx.csv
prices: {overrides: acme.yaml}
users: users.csv
plans: {free: {price: {amount: 10, currency: EUR}, churn: 20%/month, cac: 4}}
ltv: {gross_margin: 60%, ltv_to_cac: 3}
gate:
  window: last-month
  rules: [{id: month, metric: cost, max: 50, level: warn}, {id: requests, metric: requests, max: 1000}]
"""
POLICY = "models: {small: {model: acme/small}, big: {model: acme/big}}\ndefault: small\n"
ROWS = [
    *A_MONTH,
    call("jump", ts="2026-09-29T12:00:00Z", model="big", input_tokens=200_000, agent="a1", user="u1"),
]

COMMANDS = (
    "simulate p.yaml",
    "simulate p.yaml --ideal --easy-share 20%..80%",
    "simulate --suggest",
    "caps",
    "caps --detail",
    "caps simulate --cap 1/1d --unit request",
    "gate",
    "gate --max-cost 1 --per agent --soft",
    "breakeven batch",
    "breakeven selfhost --gpu-hour 2 --tokens-per-second 3000",
    "breakeven provisioned --unit-hour 1 --tpm-per-unit 100",
    "diff 2026-09-01..2026-09-15 2026-09-15..2026-10-01 --by agent",
    "forecast",
    "anomalies --min 1",
)

NOT_MONEY = {
    *("trust", "fx", "currency", "unit", "rates_assumed", "recommended", "policy", "value", "usd"),
    *("notes", "assumptions", "reason", "because", "verdict", "bar", "title"),
}
"""Keys that are in dollars whatever is shown, or text; a gate's value and limit are looked at by themselves."""


@pytest.fixture(autouse=True)
def _shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMCOST_NOW", "2026-10-01T08:00:00Z")
    ledger(tmp_path, ROWS)
    overrides(tmp_path)
    Path("llmcost.yaml").write_text(CONFIG)
    Path("p.yaml").write_text(POLICY)
    Path("users.csv").write_text("user,plan\nu0,free\nu1,free\nu2,free\n")
    days = [f"EUR,2026-09-{day:02},{'1.25' if day == 30 else f'1.{day:02}'}" for day in range(1, 31)]
    Path("fx.csv").write_text("\n".join(["currency,date,usd", *days]) + "\n")


def figures(value: Any, key: str = "") -> list[tuple[str, Any]]:
    """Every leaf of a document with its key."""
    if key in NOT_MONEY:
        return []
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in figures(inner, name)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in figures(inner, key)]
    return [(key, value)]


def told(capsys: pytest.CaptureFixture[str], command: str, *more: str) -> Any:
    ended = captured(capsys, *command.split(), "--format", "json", *more)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_figure_is_the_one_in_dollars_at_the_rate_of_the_last_day(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    dollars, euros = told(capsys, command), told(capsys, command, "--currency", "EUR")

    assert euros["currency"] == "EUR"
    assert euros["fx"] == {"file": "fx.csv", "usd": {"2026-09-30": "1.25"}}
    assert euros.get("trust") == dollars.get("trust")
    before, after = figures(dollars), figures(euros)
    assert [key for key, _ in before] == [key for key, _ in after]
    money = 0
    for (key, usd), (_, eur) in zip(before, after, strict=True):
        if usd == eur:
            continue
        assert abs(Decimal(usd) / RATE - Decimal(eur)) <= Decimal("1e-12"), key
        money += 1
    assert money or command == "gate"
    if command.startswith("breakeven"):
        return  # whose other figures have as many decimals
    # what looks like money, with its twelve decimals, was turned, or is nothing
    kept = {key: usd for (key, usd), (_, eur) in zip(before, after, strict=True) if usd == eur and isinstance(usd, str)}
    assert {key for key, one in kept.items() if re.fullmatch(r"-?\d+\.\d{12}", one) and Decimal(one)} <= {
        "share",
        "ltv_to_cac",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_people_see_no_dollars_and_the_rate_once(capsys: pytest.CaptureFixture[str], command: str) -> None:
    ended = captured(capsys, *command.split(), "--currency", "EUR")

    assert ended.code == 0, ended.err
    lines = [line for line in ended.out.splitlines() if "recorded" not in line]
    assert not [line for line in lines if re.search(r"\$\d", line)]
    assert lines.count("EUR by fx.csv: one is 1.25 USD on 2026-09-30, for all figures") == 1


def test_a_budget_is_judged_in_dollars_and_told_in_the_currency(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {one["id"]: one for one in told(capsys, "gate", "--currency", "EUR")["rules"]}
    # 30 days of 2 calls of `big` (100,000 microdollars each and 1,000 a token of the answer) and one of `small`, and a jump of $20
    out = sum(100 * n + day for day in range(1, 31) for n in (1, 2))
    small = sum(1000 + 10 * day for day in range(1, 31))
    cost = (Decimal(60 * 100_000 + 1000 * out + small) / 10**6 + 20) / RATE
    assert Decimal(rows["month"]["value"]) == cost
    assert (rows["month"]["limit"], rows["month"]["unit"]) == ("40.000000000000", "EUR")
    assert (rows["requests"]["value"], rows["requests"]["unit"]) == ("91", "requests")


def test_the_currency_of_the_config_is_the_default_and_the_window_sets_the_day(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("llmcost.yaml").write_text(f"currency: EUR\n{CONFIG}")
    assert told(capsys, "simulate p.yaml", "--until", "2026-09-11")["fx"]["usd"] == {"2026-09-10": "1.1"}
    assert "currency" not in told(capsys, "simulate p.yaml", "--currency", "USD")


def test_a_plan_price_comes_back_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "caps", "--currency", "EUR")
    # 10 euros over 5 months of a churn of 20%, of which 40% may be spent
    assert found["plans"][0]["ltv"] == "50.000000000000"
    assert found["plans"][0]["bounds"]["margin"] == "4.000000000000"


def test_a_day_without_a_rate_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("fx.csv").write_text("currency,date,usd\nEUR,2026-09-01,1.25\n")
    Path("llmcost.yaml").write_text("fx: fx.csv\n")
    ended = captured(capsys, "diff", "2026-09-01", "2026-09-02", "--currency", "EUR")
    assert ended.code == 2
    assert ended.err == (
        "llmcost: error: --currency: fx.csv has no rate of EUR on 2026-09-02, the last day of the data\n"
        "  hint: add the row EUR,2026-09-02,RATE\n"
    )


def test_without_rows_there_is_nothing_to_convert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ledger(tmp_path, [])
    assert told(capsys, "forecast", "--currency", "EUR")["spent"] is None


def test_a_baseline_is_in_dollars_whatever_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("llmcost.yaml").write_text(f"currency: EUR\n{CONFIG}")
    assert captured(capsys, "baseline", "save", "b.json").code == 0
    assert json.loads(Path("b.json").read_text())["currency"] == "USD"
    ended = captured(capsys, "gate", "--baseline", "b.json", "--max-increase", "1%", "--currency", "EUR")
    assert (ended.code, "$" in ended.out) == (0, False)


def test_what_a_user_may_cost_and_what_caches_waste_are_in_the_currency_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = "simulate p.yaml --ideal --easy-share 50%"
    dollars, euros = (told(capsys, command, *more)["affordable"] for more in ((), ("--currency", "EUR")))
    assert {plan: Decimal(usd) / RATE for plan, usd in dollars.items()} == {p: Decimal(e) for p, e in euros.items()}
    # 2,000 tokens written to a cache for $3.75 a million and never read: $0.75 a million more than plain input
    written = call("w", ts="2026-09-30T12:00:00Z", input_tokens=2000, cache_write_5m_tokens=2000)
    written |= {"provider": "anthropic", "model": "claude-sonnet-4-5"}
    Path("cached.jsonl").write_text(json.dumps(written) + "\n")
    wastes = [
        told(capsys, "simulate --suggest --log cached.jsonl", *more)["caches"][0]["waste"]
        for more in ((), ("--currency", "EUR"))
    ]
    assert wastes == ["0.001500000000", "0.001200000000"]
