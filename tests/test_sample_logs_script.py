"""The sample logs are what their script writes, and the script's totals are what the logs say."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from tests import make_sample_logs as sample

FOLDER = Path(__file__).parent.parent / "sample_logs"
WRITTEN_BY_HAND = {"README.md", "llmcost.yaml", "cheap-chat.yaml"}
JSONL = [sample.PART1, sample.PART2, sample.PART3, sample.BATCH, sample.RESEARCH, sample.MOBILE, sample.EDGE]


@pytest.fixture(scope="module")
def company() -> sample.Company:
    return sample.build()


def text(name: str, content: bytes) -> str:
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode()


def good_lines(company: sample.Company, file: str) -> list[str]:
    bad = {number for number, _ in company.quarantined[file]}
    return [t for n, t in enumerate(text(file, company.files[file]).splitlines(), 1) if n not in bad]


def records(company: sample.Company, *files: str) -> list[dict]:
    return [json.loads(line) for file in files for line in good_lines(company, file)]


def rows(company: sample.Company, file: str) -> list[dict]:
    return list(csv.DictReader(good_lines(company, file)))


def file_total(company: sample.Company, name: str, *files: str) -> int:
    return sum(getattr(company.by["file"][file], name) for file in files)


def test_one_seed_gives_one_text(company):
    again = sample.build()
    assert {n: text(n, c) for n, c in again.files.items()} == {n: text(n, c) for n, c in company.files.items()}
    assert again.total == company.total


def test_another_seed_gives_another_text(company):
    assert sample.build(seed=1).files[sample.APP] != company.files[sample.APP]


def test_the_committed_files_are_what_the_script_writes(company):
    """Byte for byte; a .gz by what it holds, because zlib versions pack differently."""
    there = {p.relative_to(FOLDER).as_posix(): p.read_bytes() for p in FOLDER.rglob("*") if p.is_file()}
    assert set(there) == set(company.files) | WRITTEN_BY_HAND
    for name, content in company.files.items():
        assert text(name, there[name]) == text(name, content), name


def test_the_gz_says_nothing_of_when_it_was_packed(company):
    assert company.files[sample.PART3][4:8] == bytes(4)


def test_all_files_together_stay_below_three_megabytes():
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < 3_000_000


def test_the_script_writes_into_the_folder_it_is_told(company, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["make_sample_logs.py", str(tmp_path)])
    sample.main()
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert written == set(company.files)
    assert str(company.total.requests) in capsys.readouterr().out


@pytest.mark.parametrize("dimension", [*sample.DIMENSIONS, "file"])
@pytest.mark.parametrize("name", [f.name for f in fields(sample.Sums)])
def test_the_groups_of_each_dimension_add_up_to_the_total(company, dimension, name):
    parts = [getattr(sums, name) for sums in company.by[dimension].values()]
    assert sum(part for part in parts if part is not None) == getattr(company.total, name)


def test_a_call_costs_its_tokens_times_the_prices_by_hand():
    """1,000 x $3 + 200 x $0.30 + 40 x $3.75 + 10 x $6 + 70 x $15 per million tokens, and two searches of $0.01."""
    call = sample.Call("m", "anthropic_message", 0, sample.SONNET, 1000, 200, 40, 10, 50, 20, searches=2)
    nano = 1000 * 3000 + 200 * 300 + 40 * 3750 + 10 * 6000 + 70 * 15000
    assert sample.add_up([call]).cost == Decimal(nano).scaleb(-9) + Decimal("0.02")


def test_batch_and_flex_cost_half_and_default_costs_all():
    costs = {
        tier: sample.Call("r", "openai_responses", 0, sample.MINI5, 1000, tier=tier).pico
        for tier in ("batch", "flex", "default")
    }
    assert costs == {"batch": 125_000_000, "flex": 125_000_000, "default": 250_000_000}


def test_what_nobody_can_price_has_no_cost_and_not_zero():
    own = sample.add_up([sample.Call("x", "litellm_slp", 0, sample.UNPRICED_MODEL, 100, visible=7)])
    assert (own.cost, own.requests, own.unpriced_requests, own.unpriced_tokens) == (None, 1, 1, 107)


def test_a_failed_attempt_without_usage_is_no_request_and_one_with_usage_is():
    free = sample.Call("a", "litellm_slp", 0, "gpt-4o", kind="attempt", error="timeout")
    billed = sample.Call("b", "litellm_slp", 0, "gpt-4o", 100, kind="attempt", error="user_choice")
    both = sample.add_up([free, billed])
    assert (both.requests, both.attempts, both.cost) == (1, 1, Decimal("0.00025"))


def test_a_cache_hit_is_no_request_and_adds_no_tokens():
    hit = sample.add_up([sample.Call("c", "litellm_slp", 0, "gpt-4o", 100, kind="cache_hit")])
    assert (hit.requests, hit.cache_hits, hit.input_tokens) == (0, 1, 0)


def test_the_litellm_log_says_what_the_totals_say(company):
    files = (sample.PART1, sample.PART2, sample.PART3)
    seen = {r["id"]: r for r in records(company, *files)}
    billed = [r for r in seen.values() if not r["cache_hit"] and r["total_tokens"]]
    assert len(billed) == file_total(company, "requests", *files)
    assert sum(r["status"] == "failure" and not r["total_tokens"] for r in seen.values()) == file_total(
        company, "attempts", *files
    )
    assert sum(r["prompt_tokens"] for r in billed) == file_total(company, "input_tokens", *files)
    assert sum(r["completion_tokens"] for r in billed) == file_total(company, "output_tokens", *files)


def test_the_spend_logs_say_what_the_totals_say(company):
    found = rows(company, sample.SPEND)
    billed = [r for r in found if r["cache_hit"] == "False" and r["status"] == "success"]
    assert len(billed) == file_total(company, "requests", sample.SPEND)
    assert sum(int(r["prompt_tokens"]) for r in billed) == file_total(company, "input_tokens", sample.SPEND)
    assert sum(Decimal(r["spend"]) for r in found) == company.by["file"][sample.SPEND].source_cost
    for r in found:
        assert isinstance(json.loads(r["metadata"]), dict)
        assert isinstance(json.loads(r["request_tags"]), list)


def test_the_openai_log_says_what_the_totals_say(company):
    usages = [r["usage"] for r in records(company, sample.BATCH) if r["usage"]]
    assert len(usages) + 1 == file_total(company, "requests", sample.BATCH)  # one call was saved without its usage
    assert sum(u.get("input_tokens", u.get("prompt_tokens")) for u in usages) == file_total(
        company, "input_tokens", sample.BATCH
    )
    assert sum(u.get("output_tokens", u.get("completion_tokens")) for u in usages) == file_total(
        company, "output_tokens", sample.BATCH
    )


def test_the_anthropic_log_says_what_the_totals_say(company):
    answers = {
        r["response"]["id"]: r["response"]["usage"]
        for r in records(company, sample.RESEARCH)
        if r["response"]["type"] == "message"
    }
    parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert len(answers) == file_total(company, "requests", sample.RESEARCH)
    assert sum(u[part] for u in answers.values() for part in parts) == file_total(
        company, "input_tokens", sample.RESEARCH
    )
    assert all(sum(u["cache_creation"].values()) == u["cache_creation_input_tokens"] for u in answers.values())


def test_the_plain_csv_the_events_and_the_native_rows_say_what_the_totals_say(company):
    used = rows(company, sample.APP)
    events = {r["id"]: r["llm"]["tok"] for r in records(company, sample.MOBILE) if r["event"] == "llm_done"}
    native = records(company, sample.EDGE)
    assert len(used) == file_total(company, "requests", sample.APP)
    assert sum(int(r["prompt_tokens"]) for r in used) == file_total(company, "input_tokens", sample.APP)
    assert len(events) == file_total(company, "requests", sample.MOBILE)
    assert sum(tok["in"] for tok in events.values()) == file_total(company, "input_tokens", sample.MOBILE)
    assert sum(r["requests"] for r in native) == file_total(company, "requests", sample.EDGE)
    assert sum(r["input_tokens"] for r in native) == file_total(company, "input_tokens", sample.EDGE)


def test_recorded_cost_is_close_to_the_computed_one_where_both_are_there(company):
    for source in ("litellm_slp", "litellm_spendlogs", "generic"):
        both = [c for c in company.calls if c.source == source and c.recorded and c.pico is not None and c.billed]
        ratio = sum(Decimal(c.recorded) for c in both) / sample.add_up(both).cost
        assert abs(ratio - 1) < Decimal("0.001"), source


@pytest.mark.parametrize("file", JSONL)
def test_each_good_line_is_json_and_each_broken_one_is_no_usable_record(company, file):
    assert all(isinstance(r, dict) for r in records(company, file))
    lines = text(file, company.files[file]).splitlines()
    for number, reason in company.quarantined[file]:
        line = lines[number - 1]
        if reason in {"truncated", "not_json"}:
            with pytest.raises(json.JSONDecodeError):
                json.loads(line)
        else:
            assert ("NaN" in line) == (reason == "nan_tokens")
            assert (":-" in line) == (reason == "negative_tokens")


def test_broken_lines_of_every_sort_stand_where_the_totals_say(company):
    reasons = Counter(reason for found in company.quarantined.values() for _, reason in found)
    assert reasons == {"truncated": 2, "not_json": 1, "negative_tokens": 2, "nan_tokens": 2}
    nan = text(sample.APP, company.files[sample.APP]).splitlines()[company.quarantined[sample.APP][0][0] - 1]
    assert nan.split(",")[2] == "nan"


def test_duplicates_share_an_id_within_a_file_and_across_files(company):
    within = Counter(r["id"] for r in records(company, sample.PART1))
    assert sum(n - 1 for n in within.values()) == company.duplicates[sample.PART1] == 2
    first, second, third = ({r["id"] for r in records(company, f)} for f in (sample.PART1, sample.PART2, sample.PART3))
    assert (len(first & second), len(second & third), len(first & third)) == (3, 3, 0)


def test_equal_rows_without_an_id_are_not_called_duplicates(company):
    body = good_lines(company, sample.APP)
    assert len(body) - len(set(body)) == 1
    assert company.duplicates[sample.APP] == 0


def test_ids_are_unique_among_the_calls(company):
    ids = [(c.source, c.id) for c in company.calls if c.id]
    assert len(ids) == len(set(ids))


def test_hostile_names_appear_as_user_agent_feature_and_team(company):
    where = {
        name: {d for d in ("user", "agent", "feature", "team") if name in company.by[d]} for name in sample.HOSTILE
    }
    assert all(where.values())
    assert set.union(*where.values()) == {"user", "agent", "feature", "team"}
    assert set(sample.HOSTILE) == {"<script>alert(1)</script>", "[bold]", "=1+1", "a|b", "계획", "\x1b[31mred\x1b[0m"}


def test_the_runaway_day_costs_more_than_three_other_days_together(company):
    costs = sorted((sums.cost, day) for day, sums in company.by["day"].items() if day)
    assert costs[-1][1] == f"2026-10-{sample.RUNAWAY_DAY}"
    assert costs[-1][0] > costs[-2][0] + costs[-3][0] + costs[-4][0]


def test_every_day_of_the_month_has_calls_and_one_morning_has_none(company):
    assert {d for d in company.by["day"] if d} == {f"2026-10-{day:02d}" for day in range(1, 32)}
    hours = Counter(sample.iso(c.at)[:13] for c in company.calls if c.at)
    assert [hours[f"2026-10-13T{hour:02d}"] for hour in range(8, 13)].count(0) >= 2
    assert hours["2026-10-14T10"] > 5


def test_the_user_who_changes_plan_is_counted_under_both(company):
    plans = {sample.plan(c) for c in company.calls if c.user == sample.CHANGER}
    on_the_day = [
        c for c in company.calls if c.user == sample.CHANGER and sample.iso(c.at).startswith(sample.CHANGE_DAY)
    ]
    assert plans == {"free", "plus"}
    assert {sample.plan(c) for c in on_the_day} == {"plus"}


def test_users_csv_holds_the_silent_ones_and_not_the_ghost(company):
    listed = list(csv.DictReader(io.StringIO(company.files["users.csv"].decode())))
    users, callers = {r["user"] for r in listed}, set(company.by["user"])
    assert len(users) == 60
    assert Counter(r["plan"] for r in listed) == {"free": 36, "plus": 18 + 1, "team": 6}
    assert len(users - callers) >= sample.SILENT
    assert sample.GHOST in callers - users


def test_each_fallback_reason_follows_the_failure_of_that_name_in_its_trace(company):
    by_trace: dict[str, list[sample.Call]] = {}
    for call in company.calls:
        if call.error or call.reason not in {None, "unknown"}:
            by_trace.setdefault(call.trace or call.session or call.id, []).append(call)
    for calls in by_trace.values():
        steps = sorted(calls, key=lambda c: c.at)
        assert [c.reason for c in steps] == [None, *(c.error for c in steps[:-1])]


def test_a_fallback_changes_the_model_and_a_retry_does_not(company):
    failed = {c.trace: c.model for c in company.calls if c.kind == "attempt" and c.trace}
    answers = [
        (c.reason, c.model == failed[c.trace]) for c in company.calls if c.reason and c.kind == "call" and c.trace
    ]
    assert {same for reason, same in answers if reason == "timeout"} == {True}
    assert {same for reason, same in answers if reason == "context_length"} == {False}
    assert {same for reason, same in answers if reason == "rate_limit"} == {True, False}


def test_no_call_is_long_enough_for_a_higher_tier(company):
    assert max(c.input for c in company.calls if c.requests == 1 and "embedding" not in c.model) < 200_000


def test_app_requests_knows_just_the_traces_whose_feature_the_log_does_not_say(company):
    known = list(csv.DictReader(io.StringIO(company.files["app_requests.csv"].decode())))
    asked = {c.trace for c in company.calls if c.trace and "feature" in c.unsaid}
    assert len(known) == len({r["trace"] for r in known}) == len(asked) + 5
    for r in records(company, sample.PART1, sample.PART2, sample.PART3):
        assert (r["trace_id"] in asked) <= (not any(tag.startswith("feature:") for tag in r["request_tags"]))


def test_prompts_stand_in_the_logs_so_that_their_absence_elsewhere_means_something(company):
    assert all(prompt in text(sample.PART1, company.files[sample.PART1]) for prompt in sample.PROMPTS)
