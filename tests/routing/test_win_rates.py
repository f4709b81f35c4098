"""`score`: the prompts of a log found again by their digests, a router asked once for each, and the scores read back by a policy."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from llmcost import config
from llmcost.pricing import catalogue
from llmcost.render import render
from llmcost.routing import win_rates
from llmcost.sources.ingest import ingest
from llmcost.sources.prompts import texts
from llmcost.store import open_ledger
from tests.cli.program import inside


def line(number: int, messages: object) -> str:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    times = {"startTime": 1790000000.0 + number, "endTime": 1790000001.0 + number}
    row = {"id": f"r{number}", "call_type": "acompletion", "status": "success", "custom_llm_provider": "openai"}
    row |= {"model": "gpt-4o", "model_group": "smart", "hidden_params": {}, "response_cost": 0.0035, **times, **usage}
    return json.dumps(row | {"messages": messages, "metadata": {"usage_object": usage}})


def said(*turns: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)]


def log(folder: Path) -> Path:
    lines = [
        line(1, said("short")),
        line(2, said("short")),
        line(3, [{"role": "system", "content": "be kind"}, *said("hello", "hi", "a much longer question")]),
        line(4, None),
    ]
    path = folder / "log.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def length(prompt: str) -> float:
    """A judge of known answers: long questions are hard."""
    return min(len(prompt), 20) / 20


def scored(folder: Path, ask: win_rates.Judge) -> tuple[list[dict[str, str]], list[str]]:
    path = log(folder)
    ingest([str(path)], folder / "l.duckdb", config=config.Config(), catalogue=catalogue.load())
    with open_ledger(folder / "l.duckdb", read_only=True) as store:
        found = win_rates.score(texts([str(path)], config.Config(), str(store.fact("prompt_key"))), ask)
        table = win_rates.as_table(store, found, "length")
    return list(csv.DictReader(StringIO(render(table, "csv")))), list(table.notes)


def test_each_distinct_prompt_is_asked_once_by_its_last_turn(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> float:
        asked.append(prompt)
        return length(prompt)

    rows, notes = scored(tmp_path, ask)
    assert sorted(asked) == ["a much longer question", "short"]
    assert rows == [  # 5 / 20 twice, 22 letters count as 20
        {"request_id": "r1", "scores": '{"strong_win_rate": 0.25}'},
        {"request_id": "r2", "scores": '{"strong_win_rate": 0.25}'},
        {"request_id": "r3", "scores": '{"strong_win_rate": 1.0}'},
    ]
    assert notes[0] == "3 requests scored by length, 2 distinct prompts"
    assert notes[1].startswith("1 requests have no score")


def test_what_a_router_refuses_is_counted_and_told(tmp_path: Path) -> None:
    def ask(prompt: str) -> float:
        if len(prompt) > 10:
            raise RuntimeError("rate limit reached\nmore of it")
        return length(prompt)

    rows, notes = scored(tmp_path, ask)
    assert [row["request_id"] for row in rows] == ["r1", "r2"]
    assert notes[-1] == "1 prompts failed: rate limit reached"


def test_after_five_failures_in_a_row_nobody_is_asked_any_more() -> None:
    def prompts() -> Iterator[tuple[str, str]]:
        for number in range(100):
            yield str(number), f"prompt {number}"

    asked: list[str] = []

    def ask(prompt: str) -> float:
        asked.append(prompt)
        raise ConnectionError

    found = win_rates.score(prompts(), ask)
    assert (len(asked), found.failed, found.why, found.by_hash) == (5, 5, "ConnectionError", {})


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("plain words", "plain words"),
        ('[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]', "a"),
        (
            '[{"role": "user", "content": [{"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {}}]}]',
            "seen",
        ),
        ('{"messages": [{"role": "user", "content": "inside"}]}', "inside"),
        ('{"contents": [{"role": "user", "parts": [{"text": "of Gemini"}]}]}', "of Gemini"),
        ('[{"role": "user", "content": ""}]', None),
        ("  ", None),
    ],
)
def test_the_last_turn_of_a_prompt(text: str, turn: str | None) -> None:
    assert win_rates.last_turn(text) == turn


def test_scores_come_back_and_a_policy_decides_by_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, _ = scored(tmp_path, length)
    text = "request_id,scores\n" + "".join(
        f'{r["request_id"]},"{r["scores"].replace(chr(34), chr(34) * 2)}"\n' for r in rows
    )
    (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
    (tmp_path / "llmcost.yaml").write_text("enrich: [{file: scores.csv, on: request_id, set: [scores]}]\n")
    (tmp_path / "p.yaml").write_text(
        "models: {strong: {model: openai/gpt-4o}, mini: {model: openai/gpt-4o-mini}}\n"
        "rules:\n"
        "  - {name: easy, threshold: {score: 'score:strong_win_rate', at: 0.5, above: strong, below: mini}}\n"
        "default: as_logged\n"
    )
    ended = inside(monkeypatch, capsys, tmp_path, "simulate", "p.yaml", "--log", "log.jsonl", "--format", "json")
    (easy, *others) = json.loads(ended.out)["rules"]
    # three have a score; two of them go to the small one: 1,000 x $0.15 and 100 x $0.60 per million, instead of $2.50 and $10
    assert (easy["name"], easy["requests"]) == ("easy", 3)
    assert easy["cost_before"] == "0.010500000000"  # 3 x (0.0025 + 0.001)
    assert easy["cost_after"] == "0.003920000000"  # 0.0035 + 2 x (0.00015 + 0.00006)
    assert sum(rule["requests"] for rule in others) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--router", "mff"), "--router: unknown router 'mff'"),
        (
            ("--router", "mf"),
            "--router: mf asks OpenAI for the embedding of every prompt, and OPENAI_API_KEY is not set",
        ),
    ],
)
def test_what_a_router_lacks_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    message: str,
) -> None:
    log(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ended = inside(monkeypatch, capsys, tmp_path, "score", "log.jsonl", *flags)
    assert ended.code == 2
    assert f"llmcost: error: {message}" in ended.err


def test_the_librarys_own_random_router(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log(tmp_path)
    ended = inside(monkeypatch, capsys, tmp_path, "score", "log.jsonl", "--router", "random")
    try:
        import routellm  # noqa: F401
    except ModuleNotFoundError:
        assert (ended.code, "score: routellm is not installed" in ended.err) == (2, True)
        assert "hint: pip install routellm" in ended.err
        return
    rows = list(csv.DictReader(StringIO(ended.out)))
    assert [row["request_id"] for row in rows] == ["r1", "r2", "r3"]
    assert all(0 <= json.loads(row["scores"])["strong_win_rate"] <= 1 for row in rows)
