"""Scores for the prompts of a log: what a router is asked, once per prompt, what comes back by request, and the real library where it is installed."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmcost.config import Config
from llmcost.routing import win_rates
from llmcost.sources.ingest import ingest
from llmcost.sources.prompts import texts
from llmcost.store import open_ledger
from tests.cli.program import inside, process
from tests.spend.ledgers import prices

IS_INSTALLED = importlib.util.find_spec("routellm") is not None
SUM, PROOF = "What is 2+2?", "Prove Fermat's last theorem"


def line(name: str, *asked: str | None) -> str:
    """A call of OpenAI's chat completions; without a question the log has not kept the text."""
    messages = [{"role": "system", "content": "be short"}, *({"role": "user", "content": one} for one in asked)]
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    answer = {"id": name, "object": "chat.completion", "created": 1760000000, "model": "gpt-4o", "usage": usage}
    answer["choices"] = [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}]
    request = {"model": "gpt-4o", **({"messages": messages} if asked else {})}
    return json.dumps({"request": request, "response": answer}) + "\n"


def scored(folder: Path, lines: Sequence[str], ask: win_rates.Judge) -> tuple[dict[str, str], Sequence[str]]:
    (folder / "log.jsonl").write_text("".join(lines))
    paths = [str(folder / "log.jsonl")]
    ingest(paths, folder / "l.duckdb", config=Config(), catalogue=prices())
    with open_ledger(folder / "l.duckdb", read_only=True) as store:
        found = win_rates.score(texts(paths, Config(), str(store.fact("prompt_key"))), ask)
        table = win_rates.as_table(store, found, "bert")
    return {str(name): str(score) for name, score in table.rows}, table.notes


def test_each_prompt_is_asked_once_by_its_last_turn(tmp_path: Path) -> None:
    asked: list[str] = []

    def judge(prompt: str) -> float:
        asked.append(prompt)
        return len(prompt) / 100

    lines = [line("a", SUM), line("b", "hello", PROOF), line("c", SUM), line("d")]
    found, notes = scored(tmp_path, lines, judge)
    assert sorted(asked) == sorted([SUM, PROOF])
    assert found == {
        "a": '{"strong_win_rate": 0.12}',
        "b": '{"strong_win_rate": 0.27}',
        "c": '{"strong_win_rate": 0.12}',
    }
    assert notes == [
        "3 requests scored by bert, 2 distinct prompts",
        "1 requests have no score: no text in the log, or none that could be read or judged",
    ]


def test_a_prompt_that_fails_is_told_and_many_in_a_row_end_it(tmp_path: Path) -> None:
    def judge(prompt: str) -> float:
        if prompt == SUM:
            raise RuntimeError("429 too many\nand more")
        return 0.5

    found, notes = scored(tmp_path, [line("a", SUM), line("b", PROOF)], judge)
    assert found == {"b": '{"strong_win_rate": 0.5}'}
    assert notes[-1] == "1 prompts failed: 429 too many"

    calls = []

    def never(prompt: str) -> float:
        calls.append(prompt)
        raise RuntimeError("down")

    assert win_rates.score(((str(n), f"question {n}") for n in range(50)), never).failed == len(calls) == 5


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("  plain words ", "plain words"),
        ('[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]', "a"),
        ('[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]}]', "a b"),
        ('[{"role": "user", "parts": [{"text": "a"}]}, {"parts": [{"text": "b"}]}]', "b"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "a"),
        ('"a"', "a"),
        ("[]", None),
        ("{}", None),
        ("  ", None),
    ],
)  # fmt: skip
def test_the_last_turn_of_prompts_as_logs_write_them(text: str, turn: str | None) -> None:
    assert win_rates.last_turn(text) == turn


def test_prompts_are_under_the_ledgers_own_digest(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(line("a", SUM))
    ingest([str(tmp_path / "log.jsonl")], tmp_path / "l.duckdb", config=Config(), catalogue=prices())
    with open_ledger(tmp_path / "l.duckdb", read_only=True) as store:
        key = str(store.fact("prompt_key"))
        known = store.value("SELECT prompt_hash FROM requests")
        assert [name for name, _ in texts([str(tmp_path / "log.jsonl")], Config(), key)] == [known]
    assert SUM.encode() not in (tmp_path / "l.duckdb").read_bytes()


def test_mf_says_where_the_prompts_would_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ended = inside(monkeypatch, capsys, tmp_path, "score", "log.jsonl", "--router", "mf")
    assert (ended.code, "OPENAI_API_KEY is not set" in ended.err) == (2, True)


@pytest.mark.skipif(IS_INSTALLED, reason="routellm is installed here")
def test_without_the_library_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    for router in win_rates.ROUTERS:
        ended = inside(monkeypatch, capsys, tmp_path, "score", "log.jsonl", "--router", router)
        assert ended.code == 2
        assert ended.err == (
            "llmcost: error: score: routellm is not installed\n  hint: pip install routellm (it brings PyTorch)\n"
        )


@pytest.mark.skipif(not IS_INSTALLED, reason="routellm is not installed: the real library is not asked")
def test_the_real_librarys_random_router(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(line("a", SUM) + line("b", PROOF) + line("c", SUM))
    ended = process("score", "log.jsonl", "--router", "random", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    rates = {row["request_id"]: json.loads(row["scores"]) for row in csv.DictReader(io.StringIO(ended.stdout))}
    assert rates.keys() == {"a", "b", "c"}
    assert rates["a"] == rates["c"] != rates["b"]
    assert all(0 <= one["strong_win_rate"] <= 1 for one in rates.values())
