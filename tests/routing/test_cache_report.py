"""Measured prompt caches on conversations that a reader can add up, and against a slow count of every pair of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.config import Config
from llmcost.routing.cache_report import Caches, as_objects, for_people, measured
from llmcost.routing.placed import Question
from llmcost.store import open_ledger
from tests.cli.program import inside
from tests.spend.ledgers import call, ledger, opened, prices

Row = Mapping[str, Any]
SONNET = {"provider": "anthropic", "model": "claude-sonnet-4-5", "agent": "planner"}
"""Per million tokens 3 dollars in, 3.75 written for five minutes, 6 for an hour, 0.30 read."""


def turn(minute: float, read: int, written: int, fresh: int = 0, **facts: Any) -> Row:
    seconds = round(minute * 60)
    ts = f"2026-10-15T{12 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
    tokens = {"cache_read_tokens": read, "cache_write_5m_tokens": written, "fresh_input_tokens": fresh}
    return call(f"{ts} {facts}", input_tokens=None, ts=ts, **{"session": "s", **SONNET, **tokens, **facts})


def of(folder: Path, rows: Iterable[Row]) -> Caches:
    with opened(folder, rows) as store:
        return measured(store, Config(), prices(), Question())


def micro(usd: Decimal | None) -> Decimal:
    assert usd is not None
    return usd.scaleb(6).normalize()


def test_a_conversation_reads_what_it_wrote_but_for_the_last_turn(tmp_path: Path) -> None:
    rows = [turn(0, 0, 4000, 100), turn(1, 4000, 1000, 100), turn(2, 5000, 600, 100)]
    (one,) = of(tmp_path, rows).rows
    assert (one.requests, one.input_tokens, one.read_tokens, one.written_tokens) == (3, 14_900, 9_000, 5_600)
    assert one.hit_share == Decimal(9_000) / 14_900
    assert one.never_read_tokens == 600
    # written tokens cost 0.75 microdollars more than read ones would as plain input
    assert micro(one.waste) == 450
    # nothing was written again, so that an hour only makes each write dearer, by 2.25
    assert micro(one.one_hour) == 5_600 * Decimal("2.25")


def test_an_hour_would_have_kept_what_was_written_again(tmp_path: Path) -> None:
    rows = [turn(0, 0, 4000), turn(10, 0, 5000), turn(70, 0, 5000), turn(130.1, 0, 5000)]
    found = of(tmp_path, rows)
    (one,) = found.rows
    assert one.never_read_tokens == 19_000
    # ten minutes and an hour later 4,000 and 5,000 of the tokens would have been read at 0.3; all others written at 6
    now = 19_000 * Decimal("3.75")
    then = 10_000 * 6 + 9_000 * Decimal("0.3")
    assert micro(one.one_hour) == then - now
    assert found.longer == "1-hour TTL would cost 12 % less on this traffic ($0.0627 against $0.0712)"
    short = of(tmp_path, rows[:1] + [turn(4, 4000, 1000)])
    # (5,000 x 6 + 4,000 x 0.3) / (5,000 x 3.75 + 4,000 x 0.3) is 1.564
    assert short.longer == "1-hour TTL would cost 56 % more on this traffic ($0.0312 against $0.0200)"


def test_who_asks_is_the_conversation_else_the_agent(tmp_path: Path) -> None:
    apart = [turn(0, 0, 4000, session="a"), turn(1, 4000, 0, session="b")]
    assert [one.never_read_tokens for one in of(tmp_path, apart).rows] == [4000]
    together = [{k: v for k, v in row.items() if k != "session"} for row in apart]
    assert [one.never_read_tokens for one in of(tmp_path, together).rows] == [0]
    other_agents = [together[0], {**together[1], "agent": "writer"}]
    assert sorted(one.never_read_tokens for one in of(tmp_path, other_agents).rows) == [0, 4000]


def test_an_entry_lives_as_long_as_it_is_used(tmp_path: Path) -> None:
    kept = [turn(0, 0, 4000), turn(4, 0, 0, 10), turn(8, 4000, 0)]
    assert of(tmp_path, kept).rows[0].never_read_tokens == 0
    late = [turn(0, 0, 4000), turn(5.1, 4000, 0)]
    assert of(tmp_path, late).rows[0].never_read_tokens == 4000
    hour = [turn(0, 0, 0, cache_write_1h_tokens=4000), turn(59, 4000, 0)]
    (one,) = of(tmp_path, hour).rows
    assert (one.never_read_tokens, one.one_hour) == (0, None)


def test_reads_without_writes_and_models_without_caches(tmp_path: Path) -> None:
    rows = [
        call("o", provider="openai", model="gpt-4o", input_tokens=None, fresh_input_tokens=1000, cache_read_tokens=3000)
    ]
    found = of(tmp_path, [*rows, call("a")])
    (one,) = found.rows
    assert (one.model, one.hit_share, one.written_tokens, one.waste) == ("gpt-4o", Decimal("0.75"), 0, Decimal(0))
    assert (one.one_hour, found.longer) == (None, None)
    assert for_people(of(tmp_path, [call("a")])) == []
    assert as_objects(found) == [
        {"model": "openai/gpt-4o", "agent": None, "requests": 1, "input_tokens": 4000, "cache_read_tokens": 3000}
        | {"hit_share": 0.75, "cache_write_tokens": 0, "never_read_tokens": 0, "waste": "0.000000000000"}
        | {"one_hour": None}
    ]


def test_a_write_without_a_price_is_unknown_and_not_free(tmp_path: Path) -> None:
    rows = [turn(0, 0, 4000, provider="acme", model="unheard-of")]
    (one,) = of(tmp_path, rows).rows
    assert (one.never_read_tokens, one.waste, one.one_hour) == (4000, None, None)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(0, 4), st.integers(0, 4), st.sampled_from("xy"), st.sampled_from("ab")
        ),
        max_size=12,
    )
)
def test_any_log_is_counted_as_one_would_by_hand(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, int, str, str]]
) -> None:
    asked = sorted(asked, key=lambda one: one[0])
    rows = [
        turn(minute, read * 1000, written * 1000, 1, session=session, agent=agent, request_id=f"r{n:02}")
        for n, (minute, read, written, session, agent) in enumerate(asked)
    ]
    expected: dict[str, int] = {}
    for i, (_, read, written, session, agent) in enumerate(asked):
        best, last = 0, asked[i][0]
        for later, other_read, _, other_session, _ in asked[i + 1 :]:
            if other_session == session:
                if later - last > 5:
                    break
                last, best = later, max(best, other_read - read)
        if read or written or agent in expected:
            expected[agent] = expected.get(agent, 0) + max(written - max(best, 0), 0) * 1000
    found = of(tmp_path_factory.mktemp("log"), rows)
    assert {one.agent: one.never_read_tokens for one in found.rows} == expected


def test_beside_the_suggestions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger(tmp_path, [turn(0, 0, 4000), turn(1, 4000, 1000)])
    shown = json.loads(inside(monkeypatch, capsys, tmp_path, "simulate", "--suggest", "--format", "json").out)
    assert [(one["model"], one["waste"]) for one in shown["caches"]] == [
        ("anthropic/claude-sonnet-4-5", "0.000750000000")
    ]
    people = inside(monkeypatch, capsys, tmp_path, "simulate", "--suggest").out
    assert people.index("no model change") < people.index("Prompt caches, as measured") < people.index("needs evalu")


def test_the_sums_are_those_of_the_ledger(sample_ledger: Path) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        found = measured(store, Config(), prices(), Question())
        read, written = store.row(
            "SELECT sum(cache_read_tokens), sum(cache_write_tokens) FROM ledger WHERE kind = 'call' AND requests = 1"
            " AND ts_us IS NOT NULL AND coalesce(environment, 'prod') IN ('prod', 'production')"
        )
    assert sum(one.read_tokens for one in found.rows) == read > 0
    assert sum(one.written_tokens for one in found.rows) == written > 0
    assert all(0 <= one.never_read_tokens <= one.written_tokens for one in found.rows)
    assert all(one.waste is not None and one.waste >= 0 for one in found.rows)
