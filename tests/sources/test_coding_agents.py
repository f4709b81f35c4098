"""Transcripts of coding agents (claude_code.sql, codex.sql, gemini_cli.sql, qwen_code.sql, opencode.sql, aider.sql): growing, copied, resumed, replayed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.reading import Row, put, read, tokens, usd

Record = dict[str, Any]

AT_US = 1767225600_000_000  # 2026-01-01T00:00:00Z


def at(second: int, day: int = 1) -> str:
    return f"2026-01-{day:02}T00:{second // 60:02}:{second % 60:02}.000Z"


def totals(rows: Sequence[Row]) -> dict[str, int]:
    """The sum of every token column that is not zero."""
    found: dict[str, int] = {}
    for row in rows:
        for name, count in tokens(row).items():
            found[name] = found.get(name, 0) + count
    return found


# --- Claude Code

OPUS = "claude-opus-4-5-20251101"


def usage(fresh: int = 3, output: int = 150, read: int = 20000, hour: int = 300, five: int = 0) -> Record:
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": hour + five,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "service_tier": "standard",
    }


def answer(request: str | None = "req_1", message: str | None = "msg_1", second: int = 0, **more: Any) -> Record:
    """One line of a transcript: a block of an answer."""
    inner = {"id": message, "type": "message", "role": "assistant", "model": more.pop("model", OPUS)}
    inner |= {"content": [{"type": "text", "text": "ok"}], "usage": more.pop("usage", usage())}
    return {
        **{"type": "assistant", "timestamp": at(second), "sessionId": "s1", "uuid": f"u-{request}-{message}-{second}"},
        **{"parentUuid": "u0", "isSidechain": False, "cwd": "/home/ann/repo", "gitBranch": "main", "version": "2.1.0"},
        **({"requestId": request} if request else {}),
        "message": {name: value for name, value in inner.items() if value is not None},
        **more,
    }


PROMPT: Record = {
    "type": "user",
    "timestamp": at(0),
    "sessionId": "s1",
    "uuid": "u0",
    "message": {"role": "user", "content": "Hi"},
}
SUMMARY: Record = {"type": "summary", "summary": "Fix the build", "leafUuid": "u0"}
# 3 x $5 + 300 x $10 (writes for an hour) + 20,000 x $0.50 + 150 x $25, per million
OPUS_COST = usd("0.016765")


def test_a_claude_code_answer_is_priced_with_its_hourly_writes_and_says_where_it_was_made(tmp_path: Path) -> None:
    row = read(put(tmp_path / "logs", "s1.jsonl", [SUMMARY, PROMPT, answer()])).one
    assert tokens(row) == {"fresh_input": 3, "cache_read": 20000, "cache_write_1h": 300, "text_output": 150}
    assert (row["cost"], row["source"], row["provider"], row["model"]) == (OPUS_COST, "claude_code", "anthropic", OPUS)
    assert (row["ts_us"], row["session"], row["feature"], row["agent"]) == (AT_US, "s1", "repo", None)
    assert (row["request_id"], row["tags"]) == ("req_1", {"git_branch": "main", "version": "2.1.0"})


def test_lines_that_share_a_request_or_a_message_are_one_call_with_the_largest_counts_and_the_first_time(
    tmp_path: Path,
) -> None:
    lines = [
        # one request whose lines name different messages
        answer("req_1", "msg_1", 5, usage=usage(output=2)),
        answer("req_1", "msg_1", 6, usage=usage(output=150)),
        answer("req_1", "msg_x", 7, usage=usage(fresh=9, output=40)),
        # one message, its request named only once
        answer(None, "msg_2", 8, usage=usage(output=1)),
        answer("req_2", "msg_2", 9, usage=usage(output=70)),
        # old lines without any request
        answer(None, "msg_3", 10, usage=usage(output=30)),
        answer(None, "msg_3", 11, usage=usage(output=31)),
    ]
    found = read(put(tmp_path / "logs", "s1.jsonl", lines))
    assert [(row["ts_us"] - AT_US, row["output_tokens"], row["fresh_input_tokens"]) for row in found.rows] == [
        (5_000_000, 150, 9),
        (8_000_000, 70, 3),
        (10_000_000, 31, 3),
    ]
    assert (found.file.requests, found.file.duplicates) == (7, 4)


def test_an_answer_copied_into_a_resumed_or_forked_session_counts_once_also_days_later(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    first = [answer("req_1", "msg_1"), answer("req_2", "msg_2", 5)]
    put(logs, "a/s1.jsonl", first)
    before = read(logs)
    copied = [{**line, "sessionId": "s2", "uuid": f"again-{n}"} for n, line in enumerate(first)]
    put(logs, "a/s2.jsonl", [*copied, answer("req_3", "msg_3", sessionId="s2", timestamp=at(0, day=4))])
    after = read(logs)
    assert len(before.rows) == 2
    assert [(row["request_id"], row["session"]) for row in after.rows] == [
        ("req_1", "s1"),
        ("req_2", "s1"),
        ("req_3", "s2"),
    ]
    assert sum(row["cost"] for row in after.rows) == 3 * OPUS_COST
    # and in one read of both
    assert len(read(logs, ledger=tmp_path / "fresh.duckdb").rows) == 3


def test_sub_agents_are_agents_by_their_id_else_by_their_side_chain(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "p/s1.jsonl", [answer("req_1", "msg_1"), answer("req_2", "msg_2", isSidechain=True)])
    put(logs, "p/s1/subagents/agent-a1.jsonl", [answer("req_3", "msg_3", isSidechain=True, agentId="a1")])
    found = read(logs).by_id()
    assert {name: row["agent"] for name, row in found.items()} == {"req_1": None, "req_2": "subagent", "req_3": "a1"}


def test_what_claude_code_makes_up_is_no_request_and_a_failed_one_is_an_attempt(tmp_path: Path) -> None:
    none = usage(fresh=0, output=0, read=0, hour=0)
    lines = [
        answer(None, "m1", model="<synthetic>", usage=none),
        answer(None, "m2", 5, model="<synthetic>", usage=none, isApiErrorMessage=True, error="rate_limit"),
        answer("req_9", "m3", 6, usage=none, isApiErrorMessage=True),
        answer(),
    ]
    found = read(put(tmp_path / "logs", "s1.jsonl", lines))
    assert found.file.skipped == {"an answer that Claude Code made up itself": 1}
    assert [
        (row["kind"], row["status"], row["error_kind"], row["model"], row["cost"])
        for row in found.rows
        if row["kind"] != "call"
    ] == [
        ("attempt", "error", "rate_limit", None, 0),
        ("attempt", "error", "server_error", OPUS, 0),
    ]
    assert len(found.rows) == 3


def test_old_transcripts_carry_their_cost_and_may_lack_the_split_of_writes(tmp_path: Path) -> None:
    old = {"input_tokens": 10, "output_tokens": 20, "cache_creation_input_tokens": 40, "cache_read_input_tokens": 30}
    line = answer(None, "msg_1", usage=old, costUSD=0.00075, model="claude-sonnet-4-20250514")
    bare = {name: line[name] for name in ("timestamp", "sessionId", "message", "costUSD", "version")}
    row = read(put(tmp_path / "logs", "s1.jsonl", [bare])).one
    # 10 x $3 + 20 x $15 + 40 x $3.75 (for five minutes, the only kind there was) + 30 x $0.30, per million
    assert (row["cost"], row["cache_write_5m_tokens"]) == (usd("0.000489"), 40)
    assert (str(row["source_cost"].normalize()), row["source_cost_kind"]) == ("0.00075", "list_estimate")


@pytest.mark.parametrize(
    ("folder", "feature"),
    [("C:\\Users\\ann\\git\\shop", "shop"), ("/srv/shop/", "shop"), ("/", None), ("", None), ("C:\\", "C:")],
)
def test_the_feature_is_the_last_folder_on_any_system(tmp_path: Path, folder: str, feature: str | None) -> None:
    assert read(put(tmp_path / "logs", "s1.jsonl", [answer(cwd=folder)])).one["feature"] == feature


def test_lines_of_a_transcript_without_usage_are_counted_and_a_stranger_is_refused(tmp_path: Path) -> None:
    lines = [SUMMARY, PROMPT, {"type": "system", "sessionId": "s1", "uuid": "u9"}, answer(), {"colour": "blue"}]
    found = read(put(tmp_path / "logs", "s1.jsonl", lines))
    assert (found.file.requests, found.file.skipped) == (1, {"a line without usage": 3})
    assert found.reasons() == [(5, "no known format; keys: colour")]


# --- Codex


def line(type_: str, second: int, **payload: Any) -> Record:
    return {"timestamp": at(second), "type": type_, "payload": payload}


def meta(session: str = "c1", second: int = 0, **more: Any) -> Record:
    more = {
        "cwd": "/home/ann/shop",
        "originator": "codex_cli_rs",
        "cli_version": "0.50.0",
        "model_provider": "openai",
    } | more
    return line("session_meta", second, id=session, timestamp=at(second), **more)


def model(name: str, second: int = 0) -> Record:
    return line("turn_context", second, model=name, cwd="/home/ann/shop")


def count(second: int, input_: int, cached: int, output: int, reasoning: int = 0, **more: Any) -> Record:
    """What the session has used so far."""
    so_far = {"input_tokens": input_, "cached_input_tokens": cached, "output_tokens": output}
    so_far |= {"reasoning_output_tokens": reasoning, "total_tokens": input_ + output} | more
    return line(
        "event_msg", second, type="token_count", info={"total_token_usage": so_far, "model_context_window": 272000}
    )


def calls(rows: Sequence[Row]) -> list[tuple[str | None, int, int, int, int]]:
    return [
        (r["model"], r["fresh_input_tokens"], r["cache_read_tokens"], r["text_output_tokens"], r["reasoning_tokens"])
        for r in rows
    ]


SESSION = [
    meta(),
    model("gpt-5"),
    line("event_msg", 1, type="user_message", message="Hi"),
    line("event_msg", 1, type="token_count", info=None, rate_limits={}),
    count(5, 5000, 4096, 300, 128),
    count(6, 5000, 4096, 300, 128),
    line("response_item", 7, type="message", role="assistant", content=[]),
    model("gpt-5-mini", 8),
    count(9, 11000, 9000, 500, 200),
]


def test_a_codex_call_is_the_growth_of_the_counter_and_a_count_said_again_is_none(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "rollout-1.jsonl", SESSION))
    # 11,000 - 5,000 input of which 9,000 - 4,096 cached; 500 - 300 output of which 200 - 128 reasoning
    assert calls(found.rows) == [("gpt-5", 904, 4096, 172, 128), ("gpt-5-mini", 1096, 4904, 128, 72)]
    # 904 x $1.25 + 4,096 x $0.125 + 300 x $10, per million
    assert found.rows[0]["cost"] == usd("0.004642")
    assert found.file.skipped == {"a line without usage": 5, "a count without usage": 1, "a count said again": 1}
    row = found.rows[1]
    assert (row["ts_us"], row["session"], row["feature"], row["provider"]) == (
        AT_US + 9_000_000,
        "c1",
        "shop",
        "openai",
    )
    assert [r["turn"] for r in found.rows] == ["c1:1", "c1:2"]


def test_a_codex_counter_that_falls_began_anew_and_a_bare_total_is_no_usage(tmp_path: Path) -> None:
    lines = [
        meta(),
        model("gpt-5"),
        count(1, 1000, 0, 100),
        count(2, 0, 0, 0, total_tokens=272000),
        count(3, 400, 0, 40),
        count(4, 600, 0, 50),
    ]
    found = read(put(tmp_path / "logs", "rollout-1.jsonl", lines))
    assert calls(found.rows) == [("gpt-5", 1000, 0, 100, 0), ("gpt-5", 400, 0, 40, 0), ("gpt-5", 200, 0, 10, 0)]
    assert found.file.skipped["a count without usage"] == 1


def test_codex_counts_may_name_cache_writes(tmp_path: Path) -> None:
    lines = [meta(), model("gpt-5"), count(1, 1000, 600, 100, cache_write_input_tokens=300)]
    assert tokens(read(put(tmp_path / "logs", "rollout-1.jsonl", lines)).one) == {
        **{"fresh_input": 100, "cache_read": 600, "cache_write_other": 300, "text_output": 100}
    }


def test_codex_sessions_of_one_folder_do_not_mix_and_an_archived_copy_counts_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    put(logs, "sessions/2026/01/01/rollout-1.jsonl", SESSION)
    put(logs, "sessions/2026/01/01/rollout-2.jsonl", [meta("c2"), model("gpt-5"), count(5, 5000, 4096, 300, 128)])
    put(logs, "archived_sessions/rollout-1.jsonl", SESSION)
    found = read(logs)
    assert sorted((row["session"], row["input_tokens"]) for row in found.rows) == [
        ("c1", 5000),
        ("c1", 6000),
        ("c2", 5000),
    ]
    moved = tmp_path / "later" / "rollout-1.jsonl"
    moved.parent.mkdir()
    shutil.copy(logs / "sessions/2026/01/01/rollout-1.jsonl", moved)
    assert len(read(moved, ledger=found.ledger).rows) == 3


SPAWNED = {"subagent": {"thread_spawn": {"parent_thread_id": "c1", "depth": 1}}}


def test_a_codex_sub_agent_replays_its_parent_and_goes_on_from_the_parents_count(tmp_path: Path) -> None:
    child = [
        meta("c9", 60, source=SPAWNED),
        # the history of the one that opened it, its head too, written in one second
        meta("c1", 60),
        model("gpt-5", 60),
        count(60, 5000, 4096, 300, 128),
        count(60, 11000, 9000, 500, 200),
        model("gpt-5-mini", 61),
        count(65, 12000, 9500, 550, 210),
    ]
    logs = tmp_path / "logs"
    put(logs, "rollout-1.jsonl", SESSION)
    put(logs, "rollout-9.jsonl", child)
    found = read(logs)
    assert calls(found.rows[2:]) == [("gpt-5-mini", 500, 500, 40, 10)]
    assert (found.rows[2]["session"], found.rows[2]["agent"], found.rows[0]["agent"]) == ("c9", "subagent", None)
    assert [f.skipped.get("replayed from the session that opened this one") for f in found.report.files] == [None, 2]


def test_a_forked_codex_session_does_not_count_its_history_again(tmp_path: Path) -> None:
    child = [
        meta("c9", 60, forked_from_id="c1"),
        count(5, 5000, 4096, 300, 128),
        model("gpt-5", 61),
        count(65, 6000, 5000, 400, 130),
    ]
    row = read(put(tmp_path / "logs", "rollout-9.jsonl", child)).one
    assert (calls([row]), row["agent"]) == ([("gpt-5", 96, 904, 98, 2)], None)


def test_codex_exec_says_the_usage_of_a_turn_without_model_and_time(tmp_path: Path) -> None:
    lines: list[Record] = [
        {"type": "thread.started", "thread_id": "t1"},
        {"type": "turn.started"},
        {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "ok"}},
        {"type": "turn.completed", "usage": {"input_tokens": 5000, "cached_input_tokens": 4096, "output_tokens": 300}},
    ]
    found = read(put(tmp_path / "logs", "exec.jsonl", lines))
    assert tokens(found.one) == {"fresh_input": 904, "cache_read": 4096, "text_output": 300}
    assert (found.one["session"], found.one["ts_us"], found.one["model"], found.one["cost"]) == ("t1", None, None, None)
    assert (found.one["source"], found.file.skipped) == ("codex", {"a line without usage": 3})


# --- Gemini CLI and Qwen Code


def gemini(id_: str, second: int, name: str = "gemini-2.5-pro", **counts: int) -> Record:
    whole = {"input": 420, "output": 36, "cached": 256, "thoughts": 64, "tool": 0, "total": 520} | counts
    return {"id": id_, "timestamp": at(second), "type": "gemini", "content": "ok", "model": name, "tokens": whole}


CHAT: Record = {
    **{"sessionId": "g1", "projectHash": "ab", "startTime": at(0), "lastUpdated": at(60), "kind": "main"},
    "messages": [
        {"id": "m0", "timestamp": at(1), "type": "user", "content": "Hi"},
        gemini("m1", 5),
        gemini("m2", 9, tool=10, total=530),
    ],
}
# 164 x $1.25 + 256 x $0.125 + 100 x $10, per million
GEMINI_COST = usd("0.001237")


def test_a_gemini_chat_counts_thoughts_beside_the_output_and_the_cached_part_inside_the_input(tmp_path: Path) -> None:
    found = read(put(tmp_path / "logs", "session-1.json", json.dumps(CHAT, indent=2)))
    first, second = found.rows
    assert tokens(first) == {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
    assert (first["cost"], first["session"], first["provider"], first["ts_us"]) == (
        GEMINI_COST,
        "g1",
        "google",
        AT_US + 5_000_000,
    )
    assert (first["usage_basis"], second["tool_use_tokens"], second["unexplained_tokens"]) == ("declared", 10, 0)
    assert found.file.skipped == {"a line without usage": 1}


def test_a_growing_gemini_chat_keeps_what_was_rewound_and_a_rewritten_answer_is_one(tmp_path: Path) -> None:
    lines: list[Record] = [
        {name: CHAT[name] for name in ("sessionId", "projectHash", "startTime", "lastUpdated")},
        {"id": "m0", "timestamp": at(1), "type": "user", "content": "Hi"},
        {"id": "m1", "timestamp": at(5), "type": "gemini", "content": "", "model": "gemini-2.5-pro"},
        gemini("m1", 5, output=1, total=485),
        gemini("m1", 5),
        {"$set": {"lastUpdated": at(7)}},
        gemini("m2", 8),
        {"$rewindTo": "m1"},
        gemini("m3", 9),
    ]
    path = put(tmp_path / "logs", "session-1.jsonl", lines)
    rows = read(path).rows
    assert [(row["request_id"], row["session"], row["cost"]) for row in rows] == [
        (f"g1:{m}", "g1", GEMINI_COST) for m in ("m1", "m2", "m3")
    ]
    # the same chat as one document is the same chat
    put(
        tmp_path / "logs",
        "session-1.json",
        json.dumps({**CHAT, "messages": [gemini("m1", 5), gemini("m2", 8), gemini("m3", 9)]}),
    )
    assert [row["request_id"] for row in read(tmp_path / "logs").rows] == [row["request_id"] for row in rows]


def test_an_empty_gemini_chat_is_no_request(tmp_path: Path) -> None:
    assert read(put(tmp_path / "logs", "session-1.json", json.dumps({**CHAT, "messages": []}))).rows == []


def qwen(uuid: str, second: int, name: str = "qwen3-coder-plus", **counts: int) -> Record:
    whole = {
        "promptTokenCount": 420,
        "cachedContentTokenCount": 256,
        "candidatesTokenCount": 36,
        "thoughtsTokenCount": 64,
        "totalTokenCount": 520,
    }
    return {
        **{
            "uuid": uuid,
            "parentUuid": None,
            "sessionId": "q1",
            "timestamp": at(second),
            "type": "assistant",
            "cwd": "/home/ann/shop",
        },
        **{
            "version": "0.5.0",
            "model": name,
            "message": {"role": "model", "parts": [{"text": "ok"}]},
            "usageMetadata": whole | counts,
        },
    }


def test_qwen_code_counts_as_gemini_does_in_the_envelope_of_claude_code(tmp_path: Path) -> None:
    prompt = {**qwen("u0", 0), "type": "user", "message": {"role": "user", "parts": [{"text": "Hi"}]}}
    del prompt["usageMetadata"]
    # a total of the two counts alone: what was thought is inside the output
    inside = qwen("u2", 9, candidatesTokenCount=100, totalTokenCount=520)
    found = read(put(tmp_path / "logs", "q1.jsonl", [prompt, qwen("u1", 5), inside, inside]))
    assert [tokens(row) for row in found.rows] == [
        {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
    ] * 2
    row = found.rows[0]
    assert (row["request_id"], row["source"], row["provider"], row["feature"]) == (
        "q1:u1",
        "qwen_code",
        "alibaba",
        "shop",
    )
    assert (found.file.skipped, found.file.duplicates) == ({"a line without usage": 1}, 1)


# --- opencode


def message(id_: str = "msg_1", **more: Any) -> Record:
    return {
        **{
            "id": id_,
            "sessionID": "ses_1",
            "role": "assistant",
            "mode": "build",
            "modelID": "gpt-4o",
            "providerID": "openai",
            "cost": 0.00173,
        },
        **{
            "time": {"created": AT_US // 1000, "completed": AT_US // 1000 + 2500},
            "path": {"cwd": "/home/ann/shop", "root": "/"},
        },
        **{"tokens": {"input": 164, "output": 100, "reasoning": 64, "cache": {"read": 256, "write": 0}}},
        **more,
    }


def test_an_opencode_message_counts_cache_beside_and_reasoning_inside_unless_its_total_tells(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    beside = {"input": 164, "output": 36, "reasoning": 64, "total": 520, "cache": {"read": 256, "write": 0}}
    failed = {"name": "ProviderAuthError", "data": {"message": "no key", "statusCode": 401}}
    nothing = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    for record in (
        message(),
        message("msg_2", tokens=beside),
        message("msg_3", error=failed, cost=0, tokens=nothing),
        {
            "id": "msg_0",
            "sessionID": "ses_1",
            "role": "user",
            "modelID": "gpt-4o",
            "providerID": "openai",
            "tokens": {},
        },
    ):
        put(logs, f"message/ses_1/{record['id']}.json", json.dumps(record, indent=2))
    rows = read(logs).by_id()
    expected = {"fresh_input": 164, "cache_read": 256, "text_output": 36, "reasoning": 64}
    assert (tokens(rows["msg_1"]), tokens(rows["msg_2"])) == (expected, expected)
    # 164 x $2.50 + 256 x $1.25 + 100 x $10, per million
    assert (rows["msg_1"]["cost"], rows["msg_2"]["cost"]) == (usd("0.00173"), usd("0.00173"))
    assert (rows["msg_1"]["usage_basis"], rows["msg_2"]["usage_basis"]) == ("cost_matched", "arithmetic")
    row = rows["msg_1"]
    assert (row["session"], row["agent"], row["feature"], row["latency_ms"]) == ("ses_1", "build", "shop", 2500)
    assert (rows["msg_3"]["kind"], rows["msg_3"]["error_kind"]) == ("attempt", "auth")
    assert "msg_0" not in rows


# --- aider


def sent(second: int, name: str = "gpt-4o", **more: Any) -> Record:
    counts = {"prompt_tokens": 420, "completion_tokens": 100, "total_tokens": 520, "cost": 0.00205, "total_cost": 7.5}
    words = {"main_model": name, "weak_model": "gpt-4o-mini", "edit_format": "diff"}
    return {
        "event": "message_send",
        "properties": words | counts | more,
        "user_id": "u-1",
        "time": AT_US // 1_000_000 + second,
    }


def test_a_message_that_aider_sent_is_a_call_and_what_it_hides_stays_visible_and_unpriced(tmp_path: Path) -> None:
    lines = [
        {"event": "launched", "properties": {}, "user_id": "u-1", "time": AT_US // 1_000_000},
        *(sent(5), sent(5), sent(6, "None"), sent(7, "openai/REDACTED"), sent(8, "gemini/gemini-2.5-pro", cost=0)),
    ]
    found = read(put(tmp_path / "logs", "analytics.jsonl", lines))
    # 420 x $2.50 + 100 x $10, per million; two equal lines are two messages; at Gemini 420 x $1.25 + 100 x $10
    assert [(row["model"], row["cost"]) for row in found.rows] == [
        ("gpt-4o", usd("0.00205")),
        ("gpt-4o", usd("0.00205")),
        ("None", None),
        ("openai/REDACTED", None),
        ("gemini/gemini-2.5-pro", usd("0.001525")),
    ]
    row = found.rows[0]
    assert (row["source"], row["agent"], row["user"], row["tags"]) == ("aider", "aider", "u-1", {"edit_format": "diff"})
    # the running total is no cost of a call
    assert (str(row["source_cost"].normalize()), row["ts_us"]) == ("0.00205", AT_US + 5_000_000)
    assert found.file.skipped == {"an event that is no call": 1}


# --- all of them: growing, shuffled, copied

GROWING: dict[str, list[Record]] = {
    "claude_code": [
        *(SUMMARY, PROMPT, answer("r1", "m1", 1, usage=usage(output=2)), answer("r1", "m1", 2, usage=usage(output=90))),
        *(answer("r1", "m9", 3, usage=usage(output=95)), answer(None, "m2", 4, usage=usage(output=5))),
        *(answer("r2", "m2", 5, usage=usage(output=50)), answer("r3", "m3", 6, isSidechain=True)),
    ],
    "codex": [*SESSION, count(10, 11000, 9000, 500, 200), count(11, 300, 0, 20), count(12, 900, 100, 60)],
    "gemini_cli": [
        {"sessionId": "g1", "projectHash": "ab", "startTime": at(0)},
        *(gemini("m1", 1, output=3, total=487), gemini("m1", 1), {"$rewindTo": "m0"}, gemini("m2", 2), gemini("m3", 3)),
    ],
    "qwen_code": [qwen(f"u{n}", n) for n in range(6)],
}


def essence(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What must not depend on how the files were read."""
    return sorted(
        (
            row["request_id"],
            row["session"] or "",
            row["model"],
            row["ts_us"],
            row["agent"] or "",
            row["cost"],
            *sorted(tokens(row).items()),
        )
        for row in rows
    )


@pytest.mark.parametrize("name", GROWING)
def test_a_growing_file_read_twice_gives_what_one_read_gives(tmp_path: Path, name: str) -> None:
    whole = GROWING[name]
    expected = essence(read(put(tmp_path / "once", "a.jsonl", whole), ledger=tmp_path / "once.duckdb").rows)
    assert expected
    for cut in range(2, len(whole), 3):
        ledger = tmp_path / f"{cut}.duckdb"
        read(put(tmp_path / f"cut{cut}", "a.jsonl", whole[:cut]), ledger=ledger)
        after = read(put(tmp_path / f"cut{cut}", "a.jsonl", whole), ledger=ledger)
        assert essence(after.rows) == expected, cut
        assert read(tmp_path / f"cut{cut}", ledger=ledger).rows == after.rows


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_shuffled_files_and_repeated_lines_change_nothing(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    # lines of Codex and of Gemini's growing chat mean something only in their order: they are said again in place
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("agents")
    plain, mixed = folder / "plain", folder / "mixed"
    for name, lines in GROWING.items():
        put(plain, f"{name}.jsonl", lines)
        if name in ("claude_code", "qwen_code"):
            again = [*lines, *chance.choices(lines, k=4)]
            chance.shuffle(again)
            cut = chance.randrange(1, len(again))
            put(mixed, f"{chance.random()}.jsonl", again[:cut])
            put(mixed, f"{chance.random()}.jsonl", again[cut:])
        else:
            again = [copy for line in lines for copy in [line] * chance.choice((1, 1, 2))]
            put(mixed, f"{chance.random()}.jsonl", again)
            put(mixed, f"copy-{chance.random()}.jsonl", lines[: chance.randrange(1, len(lines) + 1)])
    expected = essence(read(plain, ledger=folder / "plain.duckdb").rows)
    found = read(mixed, ledger=folder / "mixed.duckdb")
    assert essence(found.rows) == expected
    put(mixed, "one-more.jsonl", GROWING["claude_code"])
    assert essence(read(mixed, ledger=folder / "mixed.duckdb").rows) == expected
