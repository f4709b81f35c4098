"""Standard moves on logs where a reader can add up what each would save, and each suggestion replayed as a policy of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.config import Config
from llmcost.routing.placed import Question
from llmcost.routing.suggest import MOVES, Tried, suggest
from llmcost.routing.suggestions import as_document, for_people
from tests.cli.program import inside
from tests.routing.replays import micro, replayed
from tests.spend.ledgers import call, ledger, opened, overrides, prices

Row = Mapping[str, Any]


def tried(folder: Path, rows: Iterable[Row]) -> Tried:
    with opened(folder, rows) as store:
        return suggest(store, Config(), prices(), Question())


def savings(found: Tried) -> dict[str, int]:
    """In microdollars, by move; each move suggests once in these logs."""
    assert len({one.move.name for one in found.suggestions}) == len(found.suggestions)
    return {one.move.name: one.saving_pico // 10**6 for one in found.suggestions}


def both_models(n: int = 1, **facts: Any) -> list[Row]:
    """Calls of big in chat; one of small elsewhere makes it a model that the log knows."""
    rows = [call(f"b{i}", model="big", feature="chat", user=f"u{i}", **facts) for i in range(n)]
    return [*rows, call("s", feature="tags", user="u0")]


def test_a_cheaper_model_of_the_same_provider(tmp_path: Path) -> None:
    found = tried(tmp_path, both_models(4))
    # 4 x 100,000 on big, 4 x 1,000 on small; a cascade pays 1,000 each, and again 100,000 for what is refused
    cheaper = next(one for one in found.suggestions if one.move.name == "cheaper model")
    assert (cheaper.what, cheaper.requests) == ("chat: big to acme/small", 4)
    assert (cheaper.before_pico, cheaper.saving_pico) == (400_000 * 10**6, (400_000 - 4_000) * 10**6)
    cascade = savings(found)["cascade"]
    assert cascade in {400_000 - 4_000 - refused * 100_000 for refused in range(5)}
    assert all(one.interval is None and "safe" not in one.risk for one in found.suggestions)
    assert (found.requests, found.before_pico) == (5, 401_000 * 10**6)


def test_a_model_that_speaks_is_no_substitute(tmp_path: Path) -> None:
    # gpt-audio-mini came later than gpt-5-mini, and is cheaper than gpt-5 too
    row = call("a", provider="openai", model="gpt-5", feature="chat", ts="2025-10-20T12:00:00Z")
    assert "chat: gpt-5 to openai/gpt-5-mini" in [one.what for one in tried(tmp_path, [row]).suggestions]


def test_the_cheapest_model_has_no_cheaper_one(tmp_path: Path) -> None:
    found = tried(tmp_path, [call("a", feature="chat")])
    assert not found.suggestions
    assert found.without == [move.name for move in MOVES]


def test_failed_attempts_that_were_billed(tmp_path: Path) -> None:
    rows = [
        call(f"x{n}", kind="attempt", status="error", user=f"u{n}", chain=f"c{n}", input_tokens=500) for n in range(12)
    ]
    rows += [call(f"y{n}", user=f"u{n}", chain=f"c{n}", chain_step=1) for n in range(12)]
    found = tried(tmp_path, rows)
    assert savings(found) == {"failed attempts": 12 * 500}
    (one,) = found.suggestions
    assert one.requests == 12
    # every user pays 500 for one failure, so every sample of users does
    assert one.interval is not None
    assert one.interval.saving_pico == (6_000 * 10**6, 6_000 * 10**6)


def test_a_repeated_prompt_of_the_same_user(tmp_path: Path) -> None:
    at = "2026-10-15T12:{:02}:00Z"
    rows = [call(f"a{n}", user="u", prompt_hash="p", ts=at.format(n)) for n in range(3)]
    rows += [call("other", user="v", prompt_hash="p", ts=at.format(9))]
    assert savings(tried(tmp_path, rows)) == {"response cache": 2 * 1_000}


def test_one_digest_of_prompts_of_many_sizes_is_no_repeat(tmp_path: Path) -> None:
    # a gateway that redacts gives every prompt the same text
    rows = [
        call(f"a{n}", user="u", prompt_hash="redacted", ts=f"2026-10-15T12:{n:02}:00Z", input_tokens=1_000 + n)
        for n in range(3)
    ]
    found = tried(tmp_path, rows)
    assert "response cache" in found.without
    again = call("a3", user="u", prompt_hash="redacted", ts="2026-10-15T12:30:00Z", input_tokens=1_001)
    # a1 was asked before, at 1 microdollar a token
    assert savings(tried(tmp_path, [*rows, again])) == {"response cache": 1_001}


def test_batch_is_for_what_nobody_waits_for(tmp_path: Path) -> None:
    rows = [call("chat", provider="openai", model="gpt-4o", feature="chat", user="u")]
    rows += [call(f"n{n}", provider="openai", model="gpt-4o", feature="nightly") for n in range(2)]
    found = tried(tmp_path, rows)
    batch = next(one for one in found.suggestions if one.move.name == "batch")
    assert (batch.what, batch.requests) == ("nightly: in batches", 2)
    # half of the price
    assert batch.saving_pico * 2 == batch.before_pico
    # where no user is ever named, the log does not tell who waits
    assert "batch" in tried(tmp_path, [{k: v for k, v in row.items() if k != "user"} for row in rows]).without


def test_prompts_that_live_longer(tmp_path: Path) -> None:
    facts = {"provider": "anthropic", "model": "claude-sonnet-4-5", "user": "u", "input_tokens": 2048}
    times = ("2026-10-15T12:00:00Z", "2026-10-15T12:30:00Z", "2026-10-15T13:00:00Z")
    rows = [call(f"c{n}", **facts, ts=ts, prefix_blocks=[1, 2, 3, 4]) for n, ts in enumerate(times)]
    found = tried(tmp_path, rows)
    kept = {one.what: one.saving_pico for one in found.suggestions if one.move.name == "prompt cache"}
    # thrice 2,048 tokens at 3 microdollars, against one write at 6 and two reads at 0.3
    assert kept == {"prompts kept for an hour": (3 * 2048 * 30 - (2048 * 60 + 2 * 2048 * 3)) * 10**5}
    # after five minutes each prompt is written anew, at a surcharge
    assert "prompt cache: prompts kept for 5 minutes" in found.saves_nothing


def test_safe_only_with_measured_quality(tmp_path: Path) -> None:
    def scored(big: float, small: float, answers: int) -> str:
        rows = [call(f"b{n}", model="big", feature="chat", scores={"judge": big}) for n in range(answers)]
        rows += [call(f"s{n}", feature="chat", scores={"judge": small}) for n in range(answers)]
        return next(one.risk for one in tried(tmp_path, rows).suggestions if one.move.name == "cheaper model")

    assert scored(0.8, 0.8, 30).startswith("safe by measured quality: score:judge is 0.800 now and 0.800 there")
    assert scored(0.8, 0.7, 30).startswith("measured: score:judge is 0.800 now and 0.700 there, change -0.100")
    assert scored(0.8, 0.9, 29) == "quality not measured: score a sample on both models first"


def test_a_router_score_in_the_log_is_a_threshold(tmp_path: Path) -> None:
    rows = [call(f"b{n}", model="big", feature="chat", scores={"strong_win_rate": n / 10}) for n in range(4)]
    found = savings(tried(tmp_path, [*rows, call("s")]))
    # the half with the lower scores moves
    assert found["threshold"] == 2 * 99_000


def test_every_suggestion_is_a_policy_that_saves_as_much(tmp_path: Path) -> None:
    rows = both_models(12, prompt_hash="p")
    rows += [
        call("it's \u0085 \U0001f600", model="big", feature="it's \u0085 \U0001f600", kind="attempt", status="error")
    ]
    found = tried(tmp_path, rows)
    assert {"cheaper model", "cascade", "failed attempts"} <= {one.move.name for one in found.suggestions}
    for one in found.suggestions:
        before, after = micro(replayed(tmp_path, rows, one.policy))
        assert (before - after) * 10**6 == one.saving_pico, one.what


def test_tables_for_people_and_programs(tmp_path: Path) -> None:
    found = tried(tmp_path, both_models(4))
    table = as_document(found)
    assert (table.schema, table.rows_name) == ("llmcost.suggestions/1", "suggestions")
    assert table.head["baseline"] == {"requests": 5, "cost": "0.401000000000"}
    same, other = for_people(found)
    assert same.notes == ["nothing that saves was found"]
    assert other.rows[0][0] == "chat: big to acme/small"
    assert "of $0.4010 for 5 requests; savings overlap and do not add up" in other.notes


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ledger(tmp_path, both_models(4))
    overrides(tmp_path)
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")
    shown = json.loads(inside(monkeypatch, capsys, tmp_path, "simulate", "--suggest", "--format", "json").out)
    first = shown["suggestions"][0]
    assert (first["group"], first["move"], first["what"]) == (
        "needs evaluation",
        "cheaper model",
        "chat: big to acme/small",
    )
    assert (first["saving"], first["saving_low"]) == ("0.396000000000", None)
    (tmp_path / "p.yaml").write_text(first["policy"])
    again = json.loads(inside(monkeypatch, capsys, tmp_path, "simulate", "p.yaml", "--format", "json").out)
    assert Decimal(again["saving"]) == Decimal(first["saving"])
    people = inside(monkeypatch, capsys, tmp_path, "simulate", "--suggest").out
    assert "Could cost less, no model change" in people
    for arguments, words in (
        (("simulate",), "simulate: no policy"),
        (("simulate", "p.yaml", "--suggest"), "--suggest: writes its own policies"),
    ):
        ended = inside(monkeypatch, capsys, tmp_path, *arguments)
        assert (ended.code, words in ended.err) == (2, True)
