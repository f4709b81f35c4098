"""`llmcost simulate` as users run it, on the sample logs and on small ones."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.program import inside
from tests.conftest import SAMPLE_LOGS
from tests.spend.ledgers import call, ledger, overrides


def test_the_sample_policy(
    sample_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(SAMPLE_LOGS / "llmcost.yaml")
    arguments = ("simulate", str(SAMPLE_LOGS / "cheap-chat.yaml"), "--db", str(sample_ledger), "--config", config)
    shown = inside(monkeypatch, capsys, tmp_path, *arguments, "--explain")
    assert shown.code == 0
    for words in ("short chats", "digests", "95% interval", "quality: not measured", "Every way that requests took"):
        assert words in shown.out
    found = json.loads(inside(monkeypatch, capsys, tmp_path, *arguments, "--format", "json").out)
    assert found["schema"] == "llmcost.simulation/1"
    before, after, saving = (
        Decimal(text) for text in (found["baseline"]["cost"], found["simulated"]["cost"], found["saving"])
    )
    assert before - after == saving == sum(Decimal(rule["saving"]) for rule in found["rules"])
    assert found["interval"]["low"] < found["saving_pct"] < found["interval"]["high"]
    assert found["interval"]["includes"] == ["sampling of users or sessions", "token ratios"]
    again = json.loads(inside(monkeypatch, capsys, tmp_path, *arguments, "--format", "json").out)
    assert again == found


def test_the_assumption_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger(tmp_path, [call("a", model="big"), call("b", model="big", user="u")])
    overrides(tmp_path)
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")
    (tmp_path / "p.yaml").write_text("models: {small: {model: acme/small}, big: {model: acme/big}}\n")
    arguments = ("simulate", "p.yaml", "--ideal", "--easy-share", "50%..60%", "--format", "json")
    found = json.loads(inside(monkeypatch, capsys, tmp_path, *arguments).out)
    # 0.2 as logged and 0.002 on small: half of the way, six tenths of it; a real router finds half of that
    assert [(point["easy_share"], point["cost"]) for point in found["curve"]] == [
        ("0.5", "0.101000000000"),
        ("0.6", "0.081200000000"),
    ]
    assert found["curve"][0]["cost_if_half_found"] == "0.150500000000"
    assert found["model"] == "small"


def test_strict_without_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger(tmp_path, [call("a")])
    (tmp_path / "p.yaml").write_text("default: as_logged\n")
    ended = inside(monkeypatch, capsys, tmp_path, "simulate", "p.yaml", "--where", "model = 'x'", "--strict")
    assert ended.code == 4
    assert "no requests that the policy could look at" in ended.out


def test_a_sample_has_every_kind_and_is_always_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [call(f"chat{n:02}", model="big", feature="chat") for n in range(40)]
    rows += [call(f"tag{n:02}", model="big", feature="tag") for n in range(10)]
    rows += [call("once", model="big", feature="rare"), call("stays", feature="chat")]
    ledger(tmp_path, rows)
    overrides(tmp_path)
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")
    (tmp_path / "p.yaml").write_text("models: {small: {model: acme/small}}\ndefault: small\n")
    arguments = ("sample", "p.yaml", "-n", "13", "--format", "ndjson")
    first = inside(monkeypatch, capsys, tmp_path, *arguments).out
    found = [json.loads(line) for line in first.splitlines()]
    by_feature = {f: sum(row["feature"] == f for row in found) for f in ("chat", "tag", "rare")}
    # one of each, then ten more as 40 to 10
    assert by_feature == {"chat": 10, "tag": 2, "rare": 1}
    assert all(row["to"] == "small" and row["request_id"] != "stays" for row in found)
    assert inside(monkeypatch, capsys, tmp_path, *arguments).out == first
