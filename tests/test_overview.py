"""The best three under a report: when they are tried, which they are, and what no report may change for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llmcost import overview
from llmcost.config import Config
from llmcost.routing.placed import Question
from llmcost.routing.suggest import Suggestion, best, suggest
from tests.cli.program import inside
from tests.spend.ledgers import call, ledger, opened, overrides, prices

Row = Mapping[str, Any]
Run = Callable[..., str]

TITLE = "What could save most"


def chats(n: int = 120, **facts: Any) -> list[Row]:
    """Calls at 100,000 microdollars of which the small model would take 1,000, and one that makes it a model of the log."""
    rows = [call(f"b{i}", model="big", feature="chat", user=f"u{i % 12}", **facts) for i in range(n)]
    return [*rows, call("s", feature="tags", user="u0")]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    overrides(tmp_path)
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")

    def report(*arguments: str) -> str:
        return inside(monkeypatch, capsys, tmp_path, "report", *arguments).out

    return report


def found(folder: Path, rows: Sequence[Row]) -> list[Suggestion]:
    with opened(folder, rows) as store:
        return best(store, Config(), prices(), Question())


def test_for_people_of_their_own_accord_where_it_is_quick(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger(tmp_path, chats())
    shown = run()
    # 120 x (100,000 - 1,000) microdollars
    assert "chat: big to acme/small  $12.00      $11.88  -             needs evaluation" in shown
    assert shown.index("Spend by") < shown.index("prices of") < shown.index(TITLE)
    assert f"## {TITLE}" in run("--format", "markdown") or f"**{TITLE}**" in run("--format", "markdown")
    for arguments in (("--no-suggest",), ("--format", "csv"), ("--cost", "source"), ("--where", "feature = 'tags'")):
        assert TITLE not in run(*arguments)
    assert TITLE in run("--where", "feature = 'tags'", "--suggest")
    monkeypatch.setattr(overview, "QUICK_REQUESTS", 120)
    many = run()
    assert TITLE not in many
    assert many.endswith("which moves would save: llmcost report --suggest\n")
    assert TITLE in run("--suggest")
    assert "--suggest" not in run("--no-suggest")


def test_few_requests_are_no_news(run: Run, tmp_path: Path) -> None:
    ledger(tmp_path, chats(20))
    assert TITLE not in run()
    assert "$1.98" in run("--suggest")


def test_json_has_them_only_when_asked(run: Run, tmp_path: Path) -> None:
    ledger(tmp_path, chats())
    plain, asked = (json.loads(run("--format", "json", *more)) for more in ((), ("--suggest",)))
    (one,) = asked.pop("suggestions")
    assert asked == plain
    assert {key: one[key] for key in ("group", "move", "what", "requests")} == {
        "group": "needs evaluation",
        "move": "cheaper model",
        "what": "chat: big to acme/small",
        "requests": 120,
    }
    money = {key: one[key] for key in ("cost_before", "saving", "saving_low", "saving_high")}
    assert money == {
        "cost_before": "12.000000000000",
        "saving": "11.880000000000",
        "saving_low": None,
        "saving_high": None,
    }
    assert json.loads(one["policy"])["rules"][0]["when"] == "feature = 'chat' and provider = 'acme' and model = 'big'"


def test_three_at_most_each_on_traffic_of_its_own(tmp_path: Path) -> None:
    rows = [
        call(f"{feature}{n}", model="big", feature=feature, scores={"strong_win_rate": n / 10})
        for feature, calls in (("a", 5), ("b", 4), ("c", 3), ("d", 2))
        for n in range(calls)
    ]
    rows.append(call("s", feature="tags"))
    three = found(tmp_path, rows)
    # cascade and threshold would be on the same traffic, with less
    assert [(one.move.name, one.what, one.saving_pico // 10**6) for one in three] == [
        ("cheaper model", "a: big to acme/small", 5 * 99_000),
        ("cheaper model", "b: big to acme/small", 4 * 99_000),
        ("cheaper model", "c: big to acme/small", 3 * 99_000),
    ]


def test_what_saves_next_to_nothing_is_not_among_the_best(tmp_path: Path) -> None:
    failed = [
        call(f"x{n}", kind="attempt", status="error", user=f"u{n}", chain=f"c{n}", input_tokens=500) for n in range(12)
    ]

    def with_calls(number: int) -> list[str]:
        return [one.move.name for one in found(tmp_path, [*failed, *(call(f"y{n}", user="u") for n in range(number))])]

    # 12 x 500 of 600,000 microdollars is one percent
    assert with_calls(594) == ["failed attempts"]
    assert with_calls(595) == []


def test_the_best_are_suggestions_with_the_same_interval(tmp_path: Path) -> None:
    rows = [
        call(f"a{n}", user=f"u{n // 2}", prompt_hash=f"p{n // 2}", ts=f"2026-10-15T12:{n:02}:00Z", input_tokens=100 + n // 2)
        for n in range(40)
    ]  # fmt: skip
    (one,) = found(tmp_path, rows)
    with opened(tmp_path, rows) as store:
        (same,) = suggest(store, Config(), prices(), Question()).suggestions
    assert one == same
    assert one.interval is not None
    low, high = one.interval.saving_pico
    assert low < one.saving_pico == sum(100 + n for n in range(20)) * 10**6 < high


def test_prices_of_another_day_price_the_moves_too(run: Run, tmp_path: Path) -> None:
    line = '{{"request_id": "r{}", "ts": "2025-09-{:02}T00:00:00Z", "provider": "openai", "model": "gpt-4o", "input_tokens": 1000000, "output_tokens": 0}}\n'
    (tmp_path / "log.jsonl").write_text("".join(line.format(n, n % 28 + 1) for n in range(100)))
    shown = json.loads(run("log.jsonl", "--price-as-of", "2025-09-30", "--suggest", "--format", "json"))
    assert shown["total"]["cost"] == "250.000000000000"
    assert all(one["cost_before"] == "250.000000000000" for one in shown["suggestions"])
    assert shown["suggestions"]
