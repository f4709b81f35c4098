"""Routing against answers computed elsewhere: real paired answers in LLMCOST_REFERENCE_DATA/routing, exact by its conventions."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from llmcost.conditions import FIELDS, parse
from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.routing import bounds, curve, ideal
from llmcost.routing.placed import Question
from llmcost.routing.simulate import Simulated, simulate
from llmcost.sources.ingest import ingest
from llmcost.store import open_ledger
from tests.routing.replays import document, policy

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")
ROUTING = Path(FOLDER or "") / "routing"
AT = "2025-06-01T00:00:00Z"
GSM8K = """
models:
  strong: {model: openai/gpt-4-1106-preview, price: {input: 10, output: 30}}
  weak: {model: mistral/mixtral-8x7b, price: {input: 0.6, output: 0.6}}
pair_by: task
quality: {score: "score:correct"}
baseline: strong
report: {bootstrap: 0}
"""
ARENA = """
models: {haiku: {model: anthropic/claude-3-haiku-20240307}, flash: {model: google/gemini-2.0-flash-001}}
pair_by: task
quality: {score: "score:score"}
baseline: haiku
"""


def expected() -> dict[str, Any]:
    return json.loads((ROUTING / "expected.json").read_text(encoding="utf-8"))


def gsm8k() -> Iterator[dict[str, Any]]:
    with (ROUTING / "routellm_gsm8k.csv").open() as lines:
        for row in csv.DictReader(lines):
            for who, model in (("strong", "openai/gpt-4-1106-preview"), ("weak", "mistral/mixtral-8x7b")):
                provider, _, name = model.partition("/")
                scores = {"correct": int(row[f"correct_{who}"]), "chars": int(row["prompt_chars"])}
                scores["u32"] = int(row["prompt_md5_u32"])
                tokens = {"input_tokens": int(row["input_tokens"]), "output_tokens": int(row[f"output_tokens_{who}"])}
                names = {
                    "request_id": row["query_id"] + who,
                    "task": row["query_id"],
                    "provider": provider,
                    "model": name,
                }
                yield {**names, "ts": AT, **tokens, "scores": scores}


def arena() -> Iterator[dict[str, Any]]:
    with gzip.open(ROUTING / "routerarena_2models.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            provider = "anthropic" if row["model"].startswith("claude") else "google"
            names = {"request_id": row["query_id"] + row["model"], "task": row["query_id"], "provider": provider}
            tokens = {"input_tokens": int(row["input_tokens"]), "output_tokens": int(row["output_tokens"])}
            scores = {"score": float(row["score"]), "chars": int(row["prompt_chars"])}
            yield {**names, "model": row["model"], "feature": row["feature"], "ts": AT, **tokens, "scores": scores}


def ledger(folder: Path, rows: Iterable[dict[str, Any]]) -> Path:
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "llmcost.duckdb"
    ingest([str(log)], path, config=Config(), catalogue=catalogue.load())
    return path


@pytest.fixture(scope="module")
def gsm8k_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledger(tmp_path_factory.mktemp("gsm8k"), gsm8k())


@pytest.fixture(scope="module")
def arena_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledger(tmp_path_factory.mktemp("arena"), arena())


def run(path: Path, text: str, where: str | None = None) -> Simulated:
    asked = Question(parse(where, fields=FIELDS)) if where else Question()
    with open_ledger(path, read_only=True) as store:
        return simulate(store, Config(), policy(text), catalogue.load(), asked)


def threshold(score: str, at: str, above: str, below: str) -> str:
    return f"rules: [{{name: t, threshold: {{score: 'score:{score}', at: {at}, above: {above}, below: {below}}}}}]\n"


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("all_strong", "default: strong\n"),
        ("all_weak", "default: weak\n"),
        ("len>=223", threshold("chars", "223", "strong", "weak")),
        ("len>=291", threshold("chars", "291", "strong", "weak")),
        # int(md5) / 2^32 < 0.30 goes to the strong model: 0.3 x 2^32 = 1288490188.8
        ("md5<0.30", threshold("u32", "1288490188.8", "weak", "strong")),
        (
            "cascade_perfect_verifier",
            "rules: [{name: c, cascade: {steps: [weak, strong], accept: {column: 'score:correct', gte: 1}}}]\n",
        ),
    ],
)
def test_gsm8k(gsm8k_ledger: Path, name: str, rules: str) -> None:
    answer = expected()["routellm_gsm8k_cost"][name]
    found = document(run(gsm8k_ledger, GSM8K + rules))
    assert found["baseline"]["requests"] == 1307
    assert float(found["baseline"]["cost"]) == 4.91098
    assert float(found["simulated"]["cost"]) == pytest.approx(answer["cost_usd"], rel=1e-9)
    assert round(found["quality"]["after"] * 1307) == answer["correct"]
    assert found["routing"]["strong_calls"] == answer["strong_calls"]
    if "pgr" in answer:
        assert found["routing"]["pgr"] == pytest.approx(answer["pgr"], abs=1e-6)
    assert found["saving_pct"] == pytest.approx(answer.get("saving_vs_all_strong_pct"), abs=1e-6)


def test_gsm8k_curves(gsm8k_ledger: Path) -> None:
    answer = expected()["routellm_gsm8k"]
    found = run(gsm8k_ledger, GSM8K + threshold("chars", "223", "strong", "weak"))
    routing = document(found)["routing"]
    assert routing["apgr"] == pytest.approx(answer["len_score_apgr_allk"], rel=1e-9)
    assert routing["pgr"] == pytest.approx(answer["len_ge_q50"]["pgr"], rel=1e-9)
    scored = [(one.score or Decimal(0), one.quality[1], one.quality[2]) for one in found.answers]
    every = curve.router_curve(scored, ties_together=False)
    assert float(100 * curve.area(every)) == pytest.approx(answer["len_score_auc_exact_allk"], rel=1e-9)
    weak, strong = Fraction(833, 1307), Fraction(1121, 1307)
    assert float(ideal.optimal_apgr(found.answers, found.plan.strong, found.weak) or 0) == pytest.approx(
        answer["optimal_apgr_exact"], rel=1e-9
    )
    optimal = curve.optimal_curve(weak, Fraction(answer["only_strong"], 1307))
    eleven = curve.eleven(optimal)
    assert [float(100 * y) for _, y in eleven] == pytest.approx(answer["optimal_curve_routellm_def"], rel=1e-9)
    assert float(100 * curve.area(eleven)) == pytest.approx(answer["optimal_auc_11pt"], rel=1e-9)
    assert float(curve.apgr(eleven, weak, strong) or 0) == pytest.approx(answer["optimal_apgr_11pt"], rel=1e-9)
    assert float(100 * curve.area(optimal)) == pytest.approx(answer["optimal_auc_exact"], rel=1e-9)
    assert float(curve.apgr(optimal, weak, strong) or 0) == pytest.approx(answer["optimal_apgr_exact"], rel=1e-9)
    for share, x in answer["optimal_cpt_exact"].items():
        crossing = curve.cpt(optimal, Fraction(share), weak, strong)
        assert crossing is not None
        assert float(100 * crossing) == pytest.approx(x, rel=1e-9)


def test_gsm8k_counts_and_reference_lines(gsm8k_ledger: Path) -> None:
    answer, costs = expected()["routellm_gsm8k"], expected()["routellm_gsm8k_cost"]
    found = run(gsm8k_ledger, GSM8K + "default: weak\n")
    pairs = [(one.quality[1], one.quality[2]) for one in found.answers]
    assert len(pairs) == answer["rows"] == costs["rows"]
    for name, both in (("both", (1, 1)), ("only_strong", (1, 0)), ("only_weak", (0, 1)), ("neither", (0, 0))):
        assert pairs.count(both) == answer[name]
    assert sum(s for s, _ in pairs) == answer["strong_correct"]
    assert sum(w for _, w in pairs) == answer["weak_correct"]
    lines = {line.name: line for line in bounds.routers(found)}
    needed, told = lines["strong only where needed"], costs["oracle_strong_only_where_needed"]
    assert (needed.calls[1], needed.quality * 1307) == (told["strong_calls"], told["correct"])
    assert float(needed.pico) / 1e12 == pytest.approx(told["cost_usd"], rel=1e-9)
    assert float(100 * needed.quality) == pytest.approx(answer["optimal_max_acc"], rel=1e-12)
    assert float(100 * needed.calls[1] / 1307) == pytest.approx(answer["optimal_strong_pct_at_max"], rel=1e-12)
    weak, strong = lines["only weak"].quality, lines["only strong"].quality
    assert [float(100 * one) for one in (strong, weak)] == pytest.approx([answer["strong_acc"], answer["weak_acc"]])
    line = [(Fraction(0), weak), (Fraction(1), strong)]
    assert [float(100 * y) for _, y in curve.eleven(line)] == pytest.approx(answer["random_curve"], rel=1e-12)
    assert float(100 * curve.area(line)) == pytest.approx(answer["random_auc"], rel=1e-12)
    assert float(100 * lines["random, half strong"].quality) == pytest.approx(answer["random_auc"], rel=1e-12)
    assert float(curve.apgr(line, weak, strong) or 0) == pytest.approx(answer["random_apgr"], rel=1e-12)
    for share, x in answer["random_cpt"].items():
        assert float(100 * (curve.cpt(line, Fraction(share), weak, strong) or 0)) == pytest.approx(x, rel=1e-12)


@pytest.mark.parametrize(("share", "name"), [("75%", "len_ge_q25"), ("50%", "len_ge_q50"), ("25%", "len_ge_q75")])
def test_gsm8k_calibration(gsm8k_ledger: Path, share: str, name: str) -> None:
    answer = expected()["routellm_gsm8k"][name]
    rules = threshold("chars", "0", "strong", "weak").replace("at: 0", f"strong_share: {share}")
    found = run(gsm8k_ledger, GSM8K + rules)
    assert float(found.plan.placed.thresholds["t"]) == answer["threshold_chars"]
    assert found.total("strong") == answer["strong_calls"]


@pytest.mark.parametrize(
    ("name", "rules", "quality"),
    [
        ("all_haiku", "default: haiku\n", "mean_score"),
        ("all_flash", "default: flash\n", "mean_score"),
        ("prompt_chars>=1000->flash else haiku", threshold("chars", "1000", "flash", "haiku"), "mean_score"),
        ("prompt_chars>=1000->haiku else flash", threshold("chars", "1000", "haiku", "flash"), "mean_score"),
        (
            "cascade_flash_then_haiku_perfect",
            "rules: [{name: c, cascade: {steps: [flash, haiku], accept: {column: 'score:score', gte: 1}}}]\n",
            "mean_score_last_answer",
        ),
        (
            "cascade_haiku_then_flash_perfect",
            "rules: [{name: c, cascade: {steps: [haiku, flash], accept: {column: 'score:score', gte: 1}}}]\n",
            "mean_score_last_answer",
        ),
    ],
)
def test_routerarena(arena_ledger: Path, name: str, rules: str, quality: str) -> None:
    answer = expected()["routerarena"]["policies"][name]
    found = document(run(arena_ledger, ARENA + "report: {bootstrap: 0}\n" + rules))
    assert float(found["baseline"]["cost"]) == pytest.approx(0.14237725, rel=1e-12)
    assert float(found["simulated"]["cost"]) == pytest.approx(answer["cost_usd"], rel=1e-9)
    # the ledger keeps scores to six decimals
    assert found["quality"]["after"] == pytest.approx(answer[quality], abs=1e-6)


def test_routerarena_interval(arena_ledger: Path) -> None:
    answer = expected()["routerarena"]["bootstrap_all_haiku_to_all_flash"]
    found = document(run(arena_ledger, ARENA + "default: flash\n"))
    interval, change = found["interval"], found["quality"]["change_interval"]
    assert (interval["low"], interval["high"]) == pytest.approx(
        (answer["saving_pct"][0], answer["saving_pct"][2]), abs=1
    )
    assert change == pytest.approx([answer["delta_score"][0], answer["delta_score"][2]], abs=0.01)


def test_routerarena_ideal(arena_ledger: Path) -> None:
    answers = expected()["routerarena"]["policies"]
    found = run(arena_ledger, ARENA + "default: flash\nreport: {bootstrap: 0}\n")
    best, cheapest, *_ = bounds.routers(found)
    for line, name in (
        (best, "oracle_quality_then_cost"),
        (cheapest, "oracle_cost_then_quality(cheapest call)"),
    ):
        assert float(line.pico) / 1e12 == pytest.approx(answers[name]["cost_usd"], rel=1e-9)
        assert float(line.quality) == pytest.approx(answers[name]["mean_score"], abs=1e-6)
        assert line.calls[1] == answers[name]["haiku_calls"]


NAIVE = "models: {%s: {model: %s, tokens: {input: 1, output: 1}%s}}\ndefault: %s\nreport: {bootstrap: 0}\n"
"""The same tokens on the other model: what those get who reprice a log and ask no more."""


@pytest.mark.parametrize(
    ("has", "alias", "model", "name"),
    [
        ("claude", "flash", "google/gemini-2.0-flash-001", "naive_reprice_haiku_to_flash"),
        ("gemini", "haiku", "anthropic/claude-3-haiku-20240307", "naive_reprice_flash_to_haiku"),
    ],
)
def test_routerarena_repriced_tokens_are_a_quarter_off(
    tmp_path: Path, arena_ledger: Path, has: str, alias: str, model: str, name: str
) -> None:
    answer = expected()["routerarena"][name]
    text = NAIVE % (alias, model, "", alias)
    alone = run(ledger(tmp_path, (row for row in arena() if row["model"].startswith(has))), text)
    assert alone.after_pico / 1e12 == pytest.approx(answer["predicted"], rel=1e-9)
    assert 100 * (alone.after_pico / 1e12 / answer["actual"] - 1) == pytest.approx(answer["error_pct"], rel=1e-9)
    # where 809 answers of both models are in the log, what they teach goes before what the policy says
    taught = run(arena_ledger, text, f"model like '{has}%'")
    assert taught.after_pico / 1e12 == pytest.approx(answer["actual"], rel=0.01)


def test_gsm8k_repriced_tokens_are_a_fifth_off(tmp_path: Path) -> None:
    answer = expected()["routellm_gsm8k_cost"]["naive_reprice_all_strong_to_weak"]
    text = NAIVE % ("weak", "mistral/mixtral-8x7b", ", price: {input: 0.6, output: 0.6}", "weak")
    found = run(ledger(tmp_path, (row for row in gsm8k() if row["model"].startswith("gpt"))), text)
    assert found.after_pico / 1e12 == pytest.approx(answer["predicted_usd"], rel=1e-9)


ARENA_MODELS = ARENA.partition("pair_by")[0] + "default: flash\nreport: {bootstrap: 0}\n"


@pytest.mark.parametrize("by_feature", [False, True])
def test_routerarena_by_ratios_of_the_other_half(tmp_path: Path, by_feature: bool) -> None:
    """Every answer of haiku is repriced by what the pairs of the other half teach: the queries in order, every second one."""
    answer = expected()["routerarena"]["calibrated_2fold_haiku_to_flash"]
    rows = [row if by_feature else {**row, "feature": "all"} for row in arena()]
    place = {name: n for n, name in enumerate(sorted({row["task"] for row in rows}))}
    told, replayed_pico = Decimal(0), 0
    for fold in (0, 1):
        folder = tmp_path / str(fold)
        folder.mkdir()
        half = [{**row, "environment": "half"} for row in rows if place[row["task"]] % 2 == fold]
        asked = [row for row in half if row["model"].startswith("claude")]
        taught = [row for row in rows if place[row["task"]] % 2 != fold]
        found = run(ledger(folder, [*taught, *asked]), ARENA_MODELS + "scope: all\n", "environment = 'half'")
        (scaling,) = (one for key, one in found.plan.relations.scalings.items() if key[1].startswith("claude"))
        assert scaling.sample == len(taught) // 2
        cents = Decimal("0.1") * scaling.input.value * sum(row["input_tokens"] for row in asked)
        told += cents + Decimal("0.4") * scaling.output.value * sum(row["output_tokens"] for row in asked)
        replayed_pico += found.after_pico
    # a million tokens cost $0.10 and $0.40
    assert float(told) / 1e6 == pytest.approx(answer["predicted"], rel=1e-12)
    assert 100 * (float(told) / 1e6 / answer["actual"] - 1) == pytest.approx(answer["error_pct"], rel=1e-6)
    # a replay has whole tokens, and 78 features with about five pairs each have ratios of their own
    assert replayed_pico / 1e12 == pytest.approx(answer["actual"], rel=0.003 if by_feature else 0.0005)


def test_routerarena_best_model_per_feature(arena_ledger: Path) -> None:
    answer = expected()["routerarena"]["policies"]["best_model_per_feature(score, tie->cheaper)"]
    found = run(arena_ledger, ARENA + "default: flash\nreport: {bootstrap: 0}\n")
    (line,) = (one for one in bounds.routers(found) if one.name == "best model per feature")
    assert line.calls[1] == answer["haiku_calls"]
    assert float(line.pico) / 1e12 == pytest.approx(answer["cost_usd"], rel=1e-9)
    assert float(line.quality) == pytest.approx(answer["mean_score"], abs=1e-6)
    # and the policy that it is, replayed
    best = ideal.best_of_features(found.answers)
    assert len(best) == expected()["routerarena"]["features"]
    named = ", ".join(f"'{feature}'" for feature, number in best.items() if number == 1)
    text = f'rules: [{{name: by feature, when: "feature in ({named})", route: haiku}}]\ndefault: flash\n'
    shown = document(run(arena_ledger, ARENA + text + "report: {bootstrap: 0}\n"))
    assert shown["rules"][0]["requests"] == answer["haiku_calls"]
    assert float(shown["simulated"]["cost"]) == pytest.approx(answer["cost_usd"], rel=1e-9)
    assert shown["saving_pct"] == pytest.approx(answer["saving_vs_all_haiku_pct"], rel=1e-9)
    assert shown["quality"]["after"] == pytest.approx(answer["mean_score"], abs=1e-6)


def test_routerarena_models_and_features(arena_ledger: Path) -> None:
    answer = expected()["routerarena"]
    found = run(arena_ledger, ARENA + "default: flash\nreport: {bootstrap: 0}\n")
    answers = found.answers
    assert len(answers) == answer["n"]
    for number, name in ((1, "haiku"), (2, "flash")):
        assert sum(one.pico[number] for one in answers) / 1e12 == pytest.approx(answer[name]["cost_usd"], rel=1e-12)
        assert float(sum(one.quality[number] for one in answers)) == pytest.approx(answer[name]["score_sum"], abs=1e-3)
        assert sum(one.quality[number] == 1 for one in answers) == answer[name]["n_score_1"]
        assert sum(one.quality[number] == 0 for one in answers) == answer[name]["n_score_0"]
        for feature, row in answer["features_table_top"].items():
            model = next(key[2:] for key in row if key.startswith("n|") and (("haiku" in key) == (number == 1)))
            own = [one for one in answers if one.feature == feature]
            assert len(own) == row[f"n|{model}"]
            assert sum(one.pico[number] for one in own) / 1e12 == pytest.approx(row[f"cost|{model}"], rel=1e-9)
            mean = float(sum(one.quality[number] for one in own)) / len(own)
            assert mean == pytest.approx(row[f"score|{model}"], abs=1e-6)
    (scaling,) = (one for key, one in found.plan.relations.scalings.items() if key[1].startswith("claude"))
    for ratio, name in (
        (scaling.input, "token_ratio_input_flash_over_haiku"),
        (scaling.output, "output_ratio_flash_over_haiku"),
    ):
        assert float(ratio.value) == pytest.approx(answer[name]["agg"], rel=1e-12)


def mooncake() -> Iterator[dict[str, Any]]:
    with gzip.open(ROUTING / "mooncake_synthetic_trace.jsonl.gz", "rt") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            ts = (datetime(2025, 6, 1) + timedelta(milliseconds=row["timestamp"])).isoformat() + "Z"
            tokens = {"input_tokens": row["input_length"], "output_tokens": row["output_length"]}
            names = {"request_id": f"m{number}", "ts": ts, "provider": "openai", "model": "gpt-4o"}
            yield {**names, **tokens, "prefix_blocks": row["hash_ids"]}


@pytest.mark.parametrize(("ttl", "name"), [("5m", "ttl_300s"), ("1m", "ttl_60s"), ("30m", "ttl_1800s")])
def test_a_policy_of_nothing_but_a_prompt_cache(tmp_path: Path, ttl: str, name: str) -> None:
    answer = expected()["prefix_cache_mooncake_synthetic"][name]
    path = ledger(tmp_path, mooncake())
    text = (
        f"prompt_cache: {{provider_rules: auto, ttl: {ttl}, scope: org, block_tokens: 512}}\nreport: {{bootstrap: 0}}\n"
    )
    found = document(run(path, text))
    bill = answer["gpt-4o(2.50/1.25/10)"]
    assert float(found["baseline"]["cost"]) == bill["no_cache_usd"]
    assert float(found["simulated"]["cost"]) == pytest.approx(bill["usd"], rel=1e-9)
    assert found["simulated"]["cache_read_tokens"] == answer["openai_cached_tokens"]
