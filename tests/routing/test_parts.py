"""What happens beside the answer that counts: refused steps, checks, parts of calls, batches, and who counts as strong."""

from __future__ import annotations

from pathlib import Path

from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.routing import bounds
from llmcost.routing.placed import Question
from llmcost.routing.simulate import simulate
from llmcost.routing.view import for_people
from tests.routing.replays import MODELS, document, micro, policy, replayed
from tests.spend.ledgers import PRICES, call, opened

ASSUMED = "tokens assumed equal: real ratios move costs by 20-30%, give models.*.tokens"
CASCADE = "rules: [{name: c, cascade: {steps: [small, big], accept: {column: 'score:judge', gte: 0.8}%s}%s}]\n"


def test_a_refused_step_rests_on_assumed_tokens(tmp_path: Path) -> None:
    rows = [call(f"r{n}", model="big", user=f"u{n}", scores={"judge": 0}) for n in range(12)]
    found = replayed(tmp_path, rows, MODELS + CASCADE % ("", ""))
    # every request is tried on small for 1,000 and then answered by big as logged
    assert micro(found) == (12 * 100_000, 12 * 100_000 + 12 * 1_000)
    assert found.interval is None
    assert f"big to acme/small (12 requests): {ASSUMED}" in document(found)["assumptions"]


def test_a_range_of_a_refused_step_is_in_the_interval(tmp_path: Path) -> None:
    told = MODELS.replace("acme/small", "acme/small, tokens: {input: {ratio: 1, low: 0.5, high: 2}, output: 1}")
    rows = [call(f"r{n}", model="big", user=f"u{n}", scores={"judge": 0}) for n in range(12)]
    interval = document(replayed(tmp_path, rows, told + CASCADE % ("", "")))["interval"]
    assert interval["includes"] == ["sampling of users or sessions", "token ratios"]
    # the step costs 0.5% to 2% of the whole more
    assert -2 <= interval["low"] < -1 < interval["high"] <= -0.5


def test_a_check_by_the_logged_model_needs_no_ratio(tmp_path: Path) -> None:
    rows = [call(f"r{n}", user=f"u{n}", scores={"judge": 1}) for n in range(12)]
    check = ", verifier: {model: small, input_tokens: input_tokens, output_tokens: 10}"
    found = replayed(tmp_path, rows, MODELS + CASCADE % (check, ""))
    # small as logged, and 1,000 + 10 x 10 for the check by small
    assert micro(found) == (12_000, 12 * (1_000 + 1_100))
    assert found.interval is not None
    by_big = replayed(tmp_path, rows, MODELS + CASCADE % (check.replace("small", "big"), ""))
    assert by_big.interval is None


def test_a_modelled_baseline_rests_on_assumed_tokens(tmp_path: Path) -> None:
    rows = [call(f"r{n}", user=f"u{n}") for n in range(12)]
    found = replayed(tmp_path, rows, MODELS + "baseline: big\ndefault: small\n")
    assert micro(found) == (12 * 100_000, 12 * 1_000)
    assert found.interval is None
    assert f"small to acme/big (12 requests): {ASSUMED}" in document(found)["assumptions"]


def test_one_ratio_alone_leaves_the_other_assumed(tmp_path: Path) -> None:
    told = MODELS.replace("acme/small", "acme/small, tokens: {output: {ratio: 0.5, low: 0.4, high: 1}}")
    rows = [call(f"r{n}", model="big", user=f"u{n}", output_tokens=10) for n in range(12)]
    found = replayed(tmp_path, rows, told + "default: small\n")
    # big: 100,000 in and 10,000 out; small: 1,000 in and 5 x 10 out
    assert micro(found) == (12 * 110_000, 12 * 1_050)
    assert found.interval is None
    assert (
        "big to acme/small (12 requests): input x 1.000, output x 0.500 [0.400, 1.000], as the policy says; input assumed equal"
        in document(found)["assumptions"]
    )


def test_every_step_of_a_batch_is_a_batch(tmp_path: Path) -> None:
    rows = [call(name, model="big", scores={"judge": judge}) for name, judge in (("a", 0.9), ("b", 0.7))]
    file = tmp_path / "batch.yaml"
    file.write_text(PRICES.replace("         source:", '         service: {batch: {multiply: "0.5"}}, source:'))
    text = MODELS + CASCADE % ("", ", batch: true, overhead: {usd_per_request: 0.01}")
    with opened(tmp_path, rows) as store:
        found = simulate(store, Config(), policy(text), catalogue.load((file,)), Question())
    # two on small and one on big at half of the price, and the router for each: 2 x 500 + 50,000 + 2 x 10,000
    assert micro(found) == (200_000, 1_000 + 50_000 + 20_000)


def test_a_batch_that_nobody_sells_cheaper_is_named(tmp_path: Path) -> None:
    rows = [call("a", model="big"), call("b")]
    found = replayed(tmp_path, rows, MODELS + "rules: [{name: night, batch: true}]\n")
    assert micro(found) == (101_000, 101_000)
    assert (
        "rule night: no batch price of big, small is known, so the usual one is taken" in document(found)["assumptions"]
    )


def test_a_model_that_only_parts_of_calls_went_to(tmp_path: Path) -> None:
    rows = [call("a", model="big"), call("part", kind="iteration", parent="a")]
    found = replayed(tmp_path, rows, MODELS + "default: small\n")
    # the call moves, its part of 1,000 on small stays
    assert micro(found) == (100_000 + 1_000, 1_000 + 1_000)
    assert [(rule["name"], rule["requests"]) for rule in document(found)["rules"]] == [
        ("default: small", 1),
        ("inside calls", 0),
    ]


def test_what_stays_on_the_strong_model_is_a_strong_call(tmp_path: Path) -> None:
    told = "models: {weak: {model: acme/small}, strong: {model: acme/big}}\n"
    rows = [call("a", model="big", feature="x"), call("b", model="big"), call("c")]
    rule = "rules: [{name: r, when: \"feature = 'x'\", route: weak}]\n"
    routing = document(replayed(tmp_path, rows, told + rule))["routing"]
    # b is not touched and is on the strong model; a left it, c was never there
    assert (routing["strong_calls"], routing["strong_share"]) == (1, 1 / 3)
    cascade = "rules: [{name: r, when: \"feature = 'x'\", cascade: {steps: [weak, strong], accept_rate: 100%}}]\n"
    assert document(replayed(tmp_path, rows, told + cascade))["routing"]["strong_calls"] == 1


def test_an_answer_from_a_cache_is_no_strong_call(tmp_path: Path) -> None:
    told = "models: {weak: {model: acme/small}, strong: {model: acme/big}}\n"
    rows = [call(name, model="big", prompt_hash="p") for name in ("a", "b", "c")]
    found = replayed(tmp_path, rows, told + "rules: [{name: r, response_cache: {ttl: 1h}, route: strong}]\n")
    assert micro(found) == (300_000, 100_000)
    assert document(found)["routing"]["strong_calls"] == 1


def test_means_of_one_side_measure_nothing(tmp_path: Path) -> None:
    told = MODELS.replace("acme/small", "acme/small, quality: {default: 0.9}")
    found = document(replayed(tmp_path, [call("a", model="big")], told + "default: small\n"))
    assert found["quality"] is None
    assert "quality: not measured on both sides by the measured means of the policy" in found["assumptions"]


def test_a_loss_is_shown_as_one(tmp_path: Path) -> None:
    found = replayed(tmp_path, [call("a")], MODELS + "default: big\n")
    # 100,000 instead of 1,000
    assert document(found)["saving"] == "-0.099000000000"
    assert for_people(found)[0].notes[0] == "saves -$0.0990 (-9900.0%): it costs more"


def test_a_cap_refuses_whoever_chose_the_model_too(tmp_path: Path) -> None:
    rows = [call(f"r{n}", ts=f"2026-10-15T1{n}:00:00Z", user="u") for n in range(4)]
    rows[3] |= {"chain": "c", "chain_step": 1, "chain_reason": "user_choice"}
    cap = "caps: [{name: day, when: \"user = 'u'\", per: user, limit: 2, unit: request, window: 1d, kind: rolling, on_limit: block}]\n"
    found = replayed(tmp_path, rows, cap)
    # two of four are served, at 1,000 each
    assert micro(found) == (4_000, 2_000)
    assert [(rule["name"], rule["requests"]) for rule in document(found)["rules"]] == [
        ("default: as_logged", 2),
        ("cap day", 2),
    ]


def test_the_bound_is_compared_with_the_same_requests(tmp_path: Path) -> None:
    rows = [
        call("a", model="big", scores={"s": 1, "b": 1}),
        call("b", model="big", scores={"s": 0, "b": 1}),
        call("c", model="big"),
    ]
    text = MODELS + "default: small\nquality: {column: {small: 'score:s', big: 'score:b'}}\n"
    found = replayed(tmp_path, rows, text)
    head = bounds.as_document(found).head
    # nobody has judged c: of a and b the one needs big, against two on big as logged
    assert (head["baseline"]["requests"], head["baseline"]["cost"]) == (2, "0.200000000000")
    assert (head["simulated"]["cost"], head["saving"]) == ("0.101000000000", "0.099000000000")
    assert "the ideal router costs $0.1010; the policy costs $0.0020" in bounds.for_people(found).notes
