"""Replays whose bills a reader can add up: 1,000 tokens in cost 1,000 microdollars on small and 100,000 on big."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from llmcost import config
from llmcost.errors import UsageError
from tests.routing.replays import MODELS, document, micro, replayed
from tests.spend.ledgers import call


def test_a_request_on_another_model(tmp_path: Path) -> None:
    rows = [call("a", model="big", output_tokens=10), call("b")]
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    # big: 1,000 x 100 + 10 x 1,000; small: 1,000 x 1 + 10 x 10; b stays
    assert micro(found) == (110_000 + 1_000, 1_100 + 1_000)
    assert found.interval is None
    assert found.no_interval == "token ratios are assumed, not measured"
    assert any("tokens assumed equal" in sentence for sentence in document(found)["assumptions"])


def test_first_match_wins_and_null_is_no_match(tmp_path: Path) -> None:
    rules = """rules:
  - {name: one, when: "feature = 'x'", route: small}
  - {name: two, when: "input_tokens > 500", route: small}
  - {name: three, when: "feature != 'x'", route: small}
"""
    rows = [
        call("a", model="big", feature="x"),
        call("b", model="big"),
        call("c", model="big", input_tokens=10),
        call("d", model="big", feature="y", input_tokens=10),
    ]
    found = document(replayed(tmp_path, rows, MODELS + rules))
    assert [(r["name"], r["requests"], int(r["saving"] * 10**6)) for r in found["rules"]] == [
        ("one", 1, 99_000),
        ("two", 1, 99_000),
        ("three", 1, 990),
        ("default: as_logged", 1, 0),
    ]
    assert found["saving"] == "0.198990000000"
    assert found["simulated"]["requests"] == 4


def test_cached_tokens_stay_behind(tmp_path: Path) -> None:
    rows = [call("a", model="big", input_tokens=1000, cache_read_tokens=900, cache_write_tokens=50)]
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    # 100 x 50 fresh + 10 x 900 read + 100 x 50 written; small reads all 1,000 for the first time
    assert micro(found) == (5_000 + 9_000 + 5_000, 1_000)
    assert document(found)["simulated"]["cache_read_tokens"] == 0
    stays = replayed(tmp_path, rows, MODELS + "default: big\n")
    assert micro(stays) == (19_000, 19_000)
    assert document(stays)["simulated"]["cache_read_tokens"] == 900


def test_token_ratios_and_reasoning(tmp_path: Path) -> None:
    models = "models: {small: {model: acme/small, tokens: {input: 1.5, output: 0.5, reasoning: 2}}}\n"
    rows = [call("a", model="big", output_tokens=30, reasoning_tokens=10)]
    found = replayed(tmp_path, rows, models + "default: small\n")
    # out: 20 visible x 0.5; thinking: 2 for each visible token of the old model
    assert micro(found) == (100_000 + 30 * 1_000, 1_500 + (10 + 2 * 20) * 10)


def test_ratios_are_learned_from_answers_to_the_same_prompt(tmp_path: Path) -> None:
    rows = []
    for n in range(30):
        rows.append(call(f"s{n}", prompt_hash=f"p{n}", input_tokens=100 + n, output_tokens=10))
        rows.append(call(f"b{n}", model="big", prompt_hash=f"p{n}", input_tokens=200 + 2 * n, output_tokens=40))
    rows.append(call("lone", model="big", input_tokens=1000, output_tokens=100))
    found = replayed(tmp_path, rows, MODELS + "default: small\n", where="input_tokens = 1000")
    assert micro(found) == (100_000 + 100 * 1_000, 500 + 25 * 10)
    assert any("learned from 30 pairs" in sentence for sentence in document(found)["assumptions"])


def test_a_digest_of_redacted_prompts_teaches_nothing(tmp_path: Path) -> None:
    rows = []
    for n in range(30):
        rows.append(call(f"s{n}", prompt_hash="redacted", input_tokens=100 + n))
        rows.append(call(f"b{n}", model="big", prompt_hash="redacted", input_tokens=900 + n))
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    assert any("tokens assumed equal" in sentence for sentence in document(found)["assumptions"])


def test_a_split_is_the_pinned_hash(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big", user=f"u{n}") for n in range(60)]
    rules = "rules: [{name: s, split: {small: 20, big: 80}, key: user, salt: '2026-10'}]\n"
    found = replayed(tmp_path, rows, MODELS + rules)
    drawn = [int(hashlib.md5(f"2026-10:u{n}".encode()).hexdigest()[:8], 16) / 2**32 for n in range(60)]
    small = sum(u < 0.2 for u in drawn)
    assert 0 < small < 60
    assert micro(found) == (60 * 100_000, small * 1_000 + (60 - small) * 100_000)


def test_a_threshold_takes_equal_scores_together_and_leaves_those_without(tmp_path: Path) -> None:
    scores = [0.9, 0.5, 0.5, 0.1]
    rows = [call(f"r{n}", scores={"win": s}) for n, s in enumerate(scores)]
    rows += [call("none")]
    rules = "rules: [{name: t, threshold: {score: 'score:win', at: 0.5, above: big, below: small}}]\n"
    found = replayed(tmp_path, rows, MODELS + rules)
    assert micro(found) == (5 * 1_000, 3 * 100_000 + 1_000 + 1_000)
    assert document(found)["saving"] == "-0.297000000000"


def test_a_threshold_is_calibrated_to_a_share(tmp_path: Path) -> None:
    rows = [call(f"r{n:02}", scores={"win": n / 10}) for n in range(11)]
    rules = "rules: [{name: t, threshold: {score: 'score:win', strong_share: 30%, above: big, below: small}}]\n"
    found = replayed(tmp_path, rows, MODELS + rules)
    # the quantile 0.7 of 0.0 ... 1.0 is 0.7: 0.7, 0.8, 0.9 and 1.0 are at least that
    assert micro(found)[1] == 4 * 100_000 + 7 * 1_000
    first = rules.replace("30%,", "30%, calibrate_on: first_half,")
    # of the first six, 0.0 ... 0.5, the quantile 0.7 is 0.35
    half = replayed(tmp_path, rows, MODELS + first)
    assert micro(half)[1] == 7 * 100_000 + 4 * 1_000
    # all five others score more
    assert (
        "rule t: scores from 0.35 on go to big; 100.0% of the half that it was not calibrated on"
        in document(half)["assumptions"]
    )


def test_a_cascade_pays_every_attempt_and_every_check(tmp_path: Path) -> None:
    rows = [call("good", model="big", scores={"j": 0.9}), call("bad", model="big", scores={"j": 0.2})]
    rules = """rules:
  - name: c
    cascade:
      steps: [small, big]
      accept: {column: "score:j", gte: 0.8}
      verifier: {model: small, input_tokens: "input_tokens + 100", output_tokens: 5}
"""
    found = replayed(tmp_path, rows, MODELS + rules)
    check = 1_100 + 5 * 10
    assert micro(found) == (200_000, (1_000 + check) + (1_000 + check + 100_000))


def test_a_cascade_at_a_rate(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big") for n in range(200)]
    rules = "rules: [{name: c, cascade: {steps: [small, big], accept_rate: 70%, seed: x}}]\n"
    found = replayed(tmp_path, rows, MODELS + rules)
    drawn = [int(hashlib.md5(f"x:r{n}".encode()).hexdigest()[:8], 16) / 2**32 for n in range(200)]
    refused = sum(u >= 0.7 for u in drawn)
    assert micro(found)[1] == 200 * 1_000 + refused * 100_000


def test_fallbacks_are_paid_on_top(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big") for n in range(100)]
    text = MODELS + "default: small\nfallbacks: {small: [big]}\nfallback_rates: {rate_limit: 10%}\n"
    drawn = [int(hashlib.md5(f"fallback:r{n}".encode()).hexdigest()[:8], 16) / 2**32 for n in range(100)]
    failed = sum(u < 0.1 for u in drawn)
    assert micro(replayed(tmp_path, rows, text))[1] == 100 * 1_000 + failed * 100_000


SIZED = """models:
  small: {model: acme/small, context_window: 1000}
  big: {model: acme/big, context_window: 2000}
fallback_rates: {context_window: auto%s}
"""


def test_what_is_too_long_goes_to_the_fallback_and_the_failure_is_not_billed(tmp_path: Path) -> None:
    rows = [call("fits", input_tokens=1000), call("long", input_tokens=1001), call("too long", input_tokens=3000)]
    text = SIZED % "" + "default: small\nfallbacks: {small: [big]}\n"
    found = replayed(tmp_path, rows, text)
    # the last fallback takes what nobody can
    assert micro(found)[1] == 1_000 + 100_100 + 300_000
    told = document(found)["assumptions"]
    assert any("longer than a model's window (small 1,000, big 2,000 input tokens, as logged)" in one for one in told)
    # a model that says nothing of its window takes all
    assert micro(replayed(tmp_path, rows, text.replace(", context_window: 1000", "")))[1] == 5_001
    assert micro(replayed(tmp_path, rows, text.replace("{context_window: auto}", "{rate_limit: 0%}")))[1] == 5_001
    nothing = replayed(tmp_path, rows, SIZED % "" + "default: small\n")
    assert micro(nothing)[1] == 5_001
    assert any("context_window: auto does nothing" in one for one in document(nothing)["assumptions"])


def test_long_and_short_requests_fail_by_chance_alike(tmp_path: Path) -> None:
    rows = [call(f"r{n}", input_tokens=1000 if n % 2 else 1500) for n in range(100)]
    models = "models: {small: {model: acme/small, context_window: 1000}, mid: {model: acme/small, context_window: 1600}"
    models += ", big: {model: acme/big}}\nfallback_rates: {context_window: auto, rate_limit: 10%}\n"
    text = models + "default: small\nfallbacks: {small: [mid], mid: [big]}\n"
    failed = [int(hashlib.md5(f"fallback:r{n}".encode()).hexdigest()[:8], 16) / 2**32 < 0.1 for n in range(100)]
    assert any(failed[::2])
    assert any(failed[1::2])
    # a short one that fails is paid again on mid, a long one starts on mid and is paid again on big
    short = sum(1_000 * (2 if failed[n] else 1) for n in range(1, 100, 2))
    long = sum(1_500 + (150_000 if failed[n] else 0) for n in range(0, 100, 2))
    assert micro(replayed(tmp_path, rows, text))[1] == short + long


def test_a_cascade_sends_what_is_too_long_on_at_every_step(tmp_path: Path) -> None:
    rows = [call("a", input_tokens=1500, scores={"j": 0})]
    rule = "rules: [{name: c, cascade: {steps: [small, big], accept: {column: 'score:j', gte: 1}}}]\n"
    # the first step is too long for small and runs on big, the second too
    assert micro(replayed(tmp_path, rows, SIZED % "" + rule + "fallbacks: {small: [big]}\n"))[1] == 2 * 150_000


def test_what_the_user_chose_is_left_alone(tmp_path: Path) -> None:
    rows = [call("a", model="big", chain="a", chain_step=1, chain_reason="user_choice"), call("b", model="big")]
    assert micro(replayed(tmp_path, rows, MODELS + "default: small\n")) == (200_000, 101_000)
    text = MODELS + "default: small\ninclude_user_choice: true\n"
    assert micro(replayed(tmp_path, rows, text)) == (200_000, 2_000)


def test_only_production_is_looked_at(tmp_path: Path) -> None:
    rows = [call("a", model="big"), call("b", model="big", environment="evaluation")]
    assert micro(replayed(tmp_path, rows, MODELS + "default: small\n")) == (100_000, 1_000)
    assert micro(replayed(tmp_path, rows, MODELS + "default: small\nscope: all\n")) == (200_000, 2_000)


def test_the_baseline_may_be_a_model(tmp_path: Path) -> None:
    rows = [call("a"), call("b", model="big")]
    found = replayed(tmp_path, rows, MODELS + "baseline: big\ndefault: small\n")
    assert micro(found) == (200_000, 2_000)
    assert micro(replayed(tmp_path, rows, MODELS + "baseline: acme/big\n")) == (200_000, 101_000)


def test_caps_block_and_downgrade(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big", user="u", ts=f"2026-10-15T12:00:0{n}Z") for n in range(3)]
    cap = "caps: [{limit: 1, unit: request, window: 1h, on_limit: %s}]\n"
    blocked = replayed(tmp_path, rows, MODELS + cap % "block")
    assert micro(blocked) == (300_000, 100_000)
    assert document(blocked)["simulated"]["requests"] == 1
    assert micro(replayed(tmp_path, rows, MODELS + cap % "{downgrade: small}")) == (300_000, 100_000 + 2_000)


def test_a_cap_in_dollars_counts_what_the_rules_make_of_a_request(tmp_path: Path) -> None:
    cap = "caps: [{limit: 0.25, unit: usd, window: 1h, on_limit: block}]\n"
    rows = [call(f"r{n}", model="big", user="u", ts=f"2026-10-15T12:00:0{n}Z") for n in range(6)]
    # as logged $0.10 each, two fit into $0.25
    logged = replayed(tmp_path, rows, MODELS + cap)
    assert micro(logged) == (600_000, 200_000)
    assert "caps count the logged traffic; nobody retries or leaves" in document(logged)["assumptions"]
    # on small $0.001 each: all six fit
    found = replayed(tmp_path, rows, MODELS + cap + "default: small\n")
    assert micro(found) == (600_000, 6_000)
    assert "caps count what requests cost under the rules; nobody retries or leaves" in document(found)["assumptions"]
    # small ones are free of the cap's money but for a thousandth: 0.001 + 0.1 + 0.001 + 0.1 + 0.001, the next 0.1 is too much
    mixed = [{**row, "feature": "x" if n % 2 == 0 else "y"} for n, row in enumerate(rows)]
    rule = "rules: [{name: x, when: \"feature = 'x'\", route: small}]\n"
    assert micro(replayed(tmp_path, mixed, MODELS + cap + rule)) == (600_000, 3 * 1_000 + 2 * 100_000)
    # and the other way: small to big makes the cap bind where the log had room
    small = [{**row, "model": "small"} for row in rows]
    assert micro(replayed(tmp_path, small, MODELS + cap)) == (6_000, 6_000)
    assert micro(replayed(tmp_path, small, MODELS + cap + "default: big\n")) == (6_000, 200_000)


def test_a_cap_in_dollars_counts_every_attempt_of_a_cascade(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big", user="u", scores={"j": n % 2}, ts=f"2026-10-15T12:00:0{n}Z") for n in range(4)]
    rule = "rules: [{name: c, cascade: {steps: [small, big], accept: {column: 'score:j', gte: 1}}}]\n"
    cap = "caps: [{limit: 0.2, unit: usd, window: 1h, on_limit: {downgrade: small}}]\n"
    # 0.101 + 0.001 + (0.101: 0.203 is too much, so small alone) + 0.001
    assert micro(replayed(tmp_path, rows, MODELS + rule + cap)) == (400_000, 101_000 + 1_000 + 1_000 + 1_000)


def test_rows_of_one_task_are_each_others_alternatives(tmp_path: Path) -> None:
    rows = []
    for n in range(3):
        rows.append(call(f"b{n}", model="big", task=f"t{n}", input_tokens=100, scores={"ok": 1}))
        rows.append(call(f"s{n}", task=f"t{n}", input_tokens=300 + n, scores={"ok": n % 2}))
    text = MODELS + "pair_by: task\nbaseline: big\ndefault: small\n"
    found = replayed(tmp_path, rows, text)
    assert micro(found) == (3 * 10_000, 300 + 301 + 302)
    shown = document(found)
    assert (shown["baseline"]["requests"], shown["quality"]["before"]) == (3, 1.0)
    assert shown["quality"]["after"] == pytest.approx(1 / 3)
    assert shown["routing"]["pgr"] == 0.0
    ideal = min(found.answers, key=lambda answer: -answer.quality[1])
    assert (ideal.best, ideal.cheapest) == (1, 1)


def test_scores_of_every_model_on_one_row(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big", scores={"b": 1, "s": n % 2, "win": n}) for n in range(4)]
    rules = "rules: [{name: t, threshold: {score: 'score:win', at: 2, above: big, below: small}}]\n"
    text = MODELS + rules + "quality: {column: {big: 'score:b', small: 'score:s'}}\n"
    shown = document(replayed(tmp_path, rows, text))
    # rows 2 and 3 stay on big; of 0 and 1 small gets one right
    assert (shown["quality"]["before"], shown["quality"]["after"]) == (1.0, 0.75)
    assert (shown["routing"]["strong_calls"], shown["routing"]["pgr"]) == (2, 0.5)


def test_measured_means_by_feature(tmp_path: Path) -> None:
    models = """models:
  small: {model: acme/small, quality: {default: 0.8, by: {feature: {tag: 1.0}}}}
  big: {model: acme/big, quality: {default: 0.9}}
"""
    rows = [call("a", model="big", feature="tag"), call("b", model="big", feature="x")]
    shown = document(replayed(tmp_path, rows, models + "default: small\n"))["quality"]
    assert (shown["before"], shown["after"]) == (0.9, 0.9)
    assert shown["source"] == "measured means of the policy"


def test_prepaid_money_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "llmcost.yaml"
    path.write_text("prices: {commitments: [{provider: acme, amount: 0.05, until: 2027-01-31}]}\n")
    rows = [call("a", model="big")]
    shown = document(replayed(tmp_path, rows, MODELS + "default: small\n", config=config.load(path)))
    # 0.10 before and 0.001 after, but 0.05 are paid anyway
    assert (shown["saving"], shown["saving_cash"]) == ("0.099000000000", "0.050000000000")


@pytest.mark.parametrize(
    ("commitments", "cash"),
    [
        # 0.10 a day before and 0.001 after; what is paid anyway is the larger of that and the commitment, in its term
        ("{provider: acme, amount: 0.05, since: 2026-10-02, until: 2026-10-03}", "0.248000000000"),
        ("{provider: acme, amount: 0.05, until: 2026-10-03}", "0.249000000000"),
        ("{provider: acme, amount: 0.05, since: 2026-10-04}", "0.297000000000"),
        ("{provider: acme, amount: 0.05, until: 2026-10-01}", "0.297000000000"),
        (
            "{provider: acme, amount: 0.05, until: 2026-10-02}, {provider: acme, amount: 0.02, since: 2026-10-02}",
            "0.230000000000",
        ),
    ],
)
def test_prepaid_money_counts_in_its_term(tmp_path: Path, commitments: str, cash: str) -> None:
    path = tmp_path / "llmcost.yaml"
    path.write_text(f"prices: {{commitments: [{commitments}]}}\n")
    rows = [call(str(day), model="big", ts=f"2026-10-0{day}T12:00:00Z") for day in (1, 2, 3)]
    shown = document(replayed(tmp_path, rows, MODELS + "default: small\n", config=config.load(path)))
    assert (shown["saving"], shown["saving_cash"]) == ("0.297000000000", cash)


def test_what_has_no_price_is_left_out_of_both_sides(tmp_path: Path) -> None:
    rows = [call("a", model="big"), call("b", model="unheard-of")]
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    assert micro(found) == (100_000, 1_000)
    assert "1 requests (50.0%) have no price on one side and are left out of both" in document(found)["assumptions"]


def test_latency_is_what_the_log_measured_there(tmp_path: Path) -> None:
    rows = [call("a", model="big", latency_ms=900), call("b", latency_ms=100), call("c", latency_ms=300)]
    shown = document(replayed(tmp_path, rows, MODELS + "default: small\n"))["latency"]
    # what was 900 is taken to be 200, the mean of 100 and 300: 1,300 / 3 before and 600 / 3 after
    assert (shown["before"]["mean_ms"], shown["after"]["mean_ms"]) == (433, 200)


def test_no_rows(tmp_path: Path) -> None:
    found = replayed(tmp_path, [call("a")], MODELS + "default: small\n", where="model = 'nobody'")
    assert document(found)["saving_pct"] is None


def test_unknown_model_in_a_cap(tmp_path: Path) -> None:
    text = MODELS + "caps: [{limit: 1, unit: request, window: 1h, on_limit: {downgrade: nowhere}}]\n"
    with pytest.raises(UsageError, match="'nowhere' has no price"):
        replayed(tmp_path, [call("a")], text)


def test_every_rule_is_shown_and_why_one_took_nothing(tmp_path: Path) -> None:
    rules = "rules: [{name: t, threshold: {score: 'score:win', strong_share: 30%, above: big, below: small}}]\n"
    shown = document(replayed(tmp_path, [call("a")], MODELS + rules))
    assert [(r["name"], r["requests"]) for r in shown["rules"]] == [("t", 0), ("default: as_logged", 1)]
    assert "rule t took nothing: no request that it is meant for has score:win" in shown["assumptions"]


def test_a_response_cache_answers_the_same_prompt_again(tmp_path: Path) -> None:
    rows = [
        call("a", model="big", feature="faq", prompt_hash="p", ts="2026-10-15T12:00:00Z"),
        call("b", model="big", feature="faq", prompt_hash="p", ts="2026-10-15T12:30:00Z"),
        call("c", model="big", feature="faq", prompt_hash="p", ts="2026-10-15T13:00:01Z"),
        call("d", model="big", prompt_hash="p", ts="2026-10-15T12:30:00Z"),
    ]
    rule = "rules: [{name: faq, when: \"feature = 'faq'\", response_cache: {match: exact, ttl: 1h}%s}]\n"
    # b is answered; c comes a second after the answer has died, d is no question of the rule
    assert micro(replayed(tmp_path, rows, MODELS + rule % "")) == (400_000, 300_000)
    found = replayed(tmp_path, rows, MODELS + rule % ", route: small")
    assert micro(found) == (400_000, 1_000 + 1_000 + 100_000)
    assert document(found)["simulated"]["requests"] == 4


def test_prompt_caches_without_a_rule_of_the_provider_leave_the_log_alone(tmp_path: Path) -> None:
    rows = [
        call(f"r{n}", input_tokens=4096, prefix_blocks=list(range(8)), ts=f"2026-10-15T12:00:0{n}Z") for n in range(3)
    ]
    found = replayed(tmp_path, rows, "prompt_cache: {ttl: 5m, block_tokens: 512}\n")
    assert micro(found) == (3 * 4096, 3 * 4096)
    assert "prompt cache not simulatable, no rule is known: small" in document(found)["assumptions"]


def test_caches_say_by_whose_rules_they_are_simulated(tmp_path: Path) -> None:
    asked = {"prefix_blocks": [1, 2], "input_tokens": 1024}
    names = {"xai": "grok-4", "google": "gemini-3.1-pro-preview", "anthropic": "claude-opus-5"}
    rows = [call(provider, provider=provider, model=model, **asked) for provider, model in names.items()]
    told = document(replayed(tmp_path, rows, "prompt_cache: {ttl: 24h}\n"))["assumptions"]
    for begin, end in (
        ("prompt cache not simulatable, no minimum and no lifetime are published", ": grok-4"),
        ("prompt cache by rules that are in part assumed", ": gemini-3.1-pro-preview"),
        ("prompt cache by rules that are second-hand", ": claude-opus-5"),
        ("an explicit cache is stored for $4.50 per million tokens and hour", ": gemini-3.1-pro-preview"),
        ("a cache lifetime that is not sold, simulated all the same", ": claude-opus-5"),
    ):
        assert any(sentence.startswith(begin) and sentence.endswith(end) for sentence in told)


def test_a_randomised_log_gives_a_second_opinion(tmp_path: Path) -> None:
    rows = [
        call(f"r{n:03}", model="small" if n % 2 else "big", input_tokens=100, scores={"propensity": 0.5})
        for n in range(200)
    ]
    shown = document(replayed(tmp_path, rows, MODELS + "default: small\nreport: {bootstrap: 0}\n"))
    # the hundred that went to small cost 100 microdollars each: so would all 200
    assert shown["off_policy"] == {
        "requests": 200,
        "effective_sample": 100.0,
        "cost_snips": "0.020000000000",
        "cost_doubly_robust": "0.020000000000",
    }
    few = document(replayed(tmp_path, rows[:50], MODELS + "default: small\nreport: {bootstrap: 0}\n"))
    assert few["off_policy"] is None
    assert "score:propensity: an effective sample under 30 estimates nothing" in few["assumptions"]


def test_a_batch_stays_a_batch_on_another_model(tmp_path: Path) -> None:
    rows = [call("a", provider="openai", model="gpt-5", service_tier="batch", input_tokens=1_000_000)]
    text = "models: {mini: {model: openai/gpt-5-mini}}\ndefault: mini\n"
    # half of $1.25 and half of $0.25 for a million tokens
    assert micro(replayed(tmp_path, rows, text)) == (625_000, 125_000)
    direct = "models: {mini: {model: openai/gpt-5-mini}}\nrules: [{route: mini, batch: true}]\n"
    rows = [call("a", provider="openai", model="gpt-5", input_tokens=1_000_000)]
    assert micro(replayed(tmp_path, rows, direct)) == (1_250_000, 125_000)
