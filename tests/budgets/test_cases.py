"""Evaluation cases in pairs: a thousand tokens of `small` cost a thousandth of a dollar."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.cases import Change, paired
from llmcost.budgets.rules import Rule
from llmcost.budgets.verdict import as_table
from llmcost.caps.recommend import t_975
from llmcost.render import render
from tests.budgets.asking import cased, saved, told
from tests.spend.ledgers import Row, call

D = Decimal
TEN_PERCENT = Rule("max-increase", "cost_per_case", max_increase=D("0.1"))


def cases(agent: str = "writer", **tokens: int) -> list[Row]:
    return [
        call(f"{agent}-{name}", agent=agent, tags={"case": name}, environment="ci", input_tokens=number)
        for name, number in tokens.items()
    ]


PRODUCTION = [
    call("p1", agent="writer", model="big", ts="2026-10-01T00:00:00Z", input_tokens=500_000),
    call("p2", agent="writer", model="big", ts="2026-10-11T00:00:00Z", input_tokens=500_000),
]
"""A hundred dollars in ten days: 100 x 730 / 240 = 304.1666... in a month of 730 hours."""


def test_the_interval_is_worked_out_by_hand() -> None:
    pairs = [(D(1), D("1.1")), (D(1), D("1.2")), (D(1), D("1.3")), (D(1), D("1.2"))]

    # ratio 4.8 / 4 = 1.2; what is left over is -0.1, 0, 0.1, 0: se = sqrt(0.02 / 3 x 4) / 4 = 0.040825; t of 3 is 3.182446
    wide = D("3.182446") * (D("0.02") / 3 * 4).sqrt() / 4
    assert wide.quantize(D("0.000001")) == D("0.129923")
    assert paired(pairs) == Change(4, D("1"), D("1.2"), D("0.2"), D("0.070077"), D("0.329923"))


def test_where_all_grow_by_the_same_share_there_is_no_doubt() -> None:
    pairs = [(D(n), D(n) * D("1.08")) for n in (1, 10, 100)]

    assert paired(pairs) == Change(3, D(37), D("39.96"), D("0.08"), D("0.08"), D("0.08"))


def test_one_pair_has_no_interval_and_nothing_before_no_share() -> None:
    assert paired([(D(2), D(3))]) == Change(1, D(2), D(3), D("0.5"), None, None)
    assert paired([(D(0), D(3)), (D(0), D(1))]) == Change(2, D(0), D(2), None, None, None)


AMOUNTS = st.decimals("0.001", "1000", places=3)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=2, max_size=12))
def test_the_interval_is_that_of_exact_fractions(pairs: list[tuple[Decimal, Decimal]]) -> None:
    found = paired(pairs)
    before, after = (sum(Fraction(pair[side]) for pair in pairs) for side in (0, 1))
    ratio, n = after / before, len(pairs)
    scatter = sum((Fraction(b) - ratio * Fraction(a)) ** 2 for a, b in pairs) / (n - 1)
    wide = float(t_975(n - 1)) * float(scatter * n) ** 0.5 / float(before)

    assert found.low is not None and found.high is not None  # noqa: PT018
    assert float(found.low) == pytest.approx(float(ratio) - 1 - wide, rel=1e-6, abs=1e-6)
    assert float(found.high) == pytest.approx(float(ratio) - 1 + wide, rel=1e-6, abs=1e-6)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    """The true growth is 10 %, cases differ by a factor of ten, and each scatters by a fifth."""
    import random

    rnd, held, runs = random.Random(7), 0, 400
    for _ in range(runs):
        sizes = [D(str(round(rnd.uniform(1, 10), 6))) for _ in range(30)]
        noise = [D(str(round(NormalDist(1.1, 0.22).inv_cdf(rnd.uniform(0.001, 0.999)), 6))) for _ in sizes]
        found = paired([(size, size * factor) for size, factor in zip(sizes, noise, strict=True)])
        held += found.low is not None and found.high is not None and found.low <= D("0.1") <= found.high
    assert 0.92 <= held / runs <= 0.98


def test_a_run_is_projected_on_the_production_of_the_baseline(tmp_path: Path) -> None:
    base = saved(tmp_path, [*PRODUCTION, *cases(a=1000, b=2000, c=4000)], match="tag:case")
    verdict = cased(tmp_path, cases(a=1080, b=2160, c=4320), base, TEN_PERCENT)

    # 8 % of 304.1666... are 24.3333...
    sentence = "+8.0% per case (+8.0% to +8.0%), about +$24.33 a month (+$24.33 to +$24.33); 3 cases"
    assert told(verdict) == {"max-increase agent=writer": ("pass", sentence)}


def test_with_scatter_the_month_has_its_interval_too(tmp_path: Path) -> None:
    base = saved(tmp_path, [*PRODUCTION, *cases(a=1000, b=1000, c=1000, d=1000)], match="tag:case")
    verdict = cased(tmp_path, cases(a=1100, b=1200, c=1300, d=1200), base, TEN_PERCENT)

    # 304.1666... x 0.2, x 0.070077 and x 0.329923
    told_ = "+20.0% per case (+7.0% to +33.0%), about +$60.83 a month (+$21.32 to +$100.35); 4 cases: more than +10.0%"
    assert told(verdict) == {"max-increase agent=writer": ("breach", told_)}
    assert verdict.exit_code == 3


@pytest.mark.parametrize(
    ("rule", "after", "status"),
    [
        (TEN_PERCENT, (1100, 1100), "pass"),
        (TEN_PERCENT, (1101, 1101), "breach"),
        (TEN_PERCENT, (2000, 900), "warn"),  # +45 % in the mean, and it may as well be chance
        (Rule("r", "cost_per_case", max_increase=D("0.1"), level="warn"), (1101, 1101), "warn"),
        (Rule("r", "cost_per_case", max_increase=D("0.1"), min_requests=D(3)), (1101, 1101), "skipped"),
        (Rule("r", "cost_per_case", max_increase=D("0.1"), min_delta=D("61")), (1200, 1200), "pass"),
        (Rule("r", "cost_per_case", max_increase=D("0.1"), min_delta=D("60")), (1200, 1200), "breach"),
        (Rule("r", "cost_per_case", max=D("0.0012")), (1200, 1200), "pass"),
        (Rule("r", "cost_per_case", max=D("0.0012")), (1200, 1202), "breach"),
    ],
)
def test_the_verdict_on_cases(tmp_path: Path, rule: Rule, after: tuple[int, int], status: str) -> None:
    base = saved(tmp_path, [*PRODUCTION, *cases(a=1000, b=1000)], match="tag:case")
    verdict = cased(tmp_path, cases(a=after[0], b=after[1]), base, rule)

    assert [f.status for f in verdict.findings] == [status]


def test_one_case_says_nothing_about_others(tmp_path: Path) -> None:
    base = saved(tmp_path, cases(a=1000), match="tag:case")

    assert cased(tmp_path, cases(a=5000), base, TEN_PERCENT).exit_code == 4
    assert cased(tmp_path, cases(a=1000), base, TEN_PERCENT).exit_code == 0


def test_cases_that_came_or_went_are_listed_apart(tmp_path: Path) -> None:
    base = saved(tmp_path, cases(a=1000, b=1000, gone=7000), match="tag:case")
    verdict = cased(tmp_path, cases(a=1000, b=1000, new=9000), base, TEN_PERCENT)

    assert told(verdict)["max-increase agent=writer"][1].startswith("+0.0% per case")
    assert "only in this run: 1 cases, $0.0090: new" in verdict.notes
    assert "only in the baseline: 1 cases, $0.0070: gone" in verdict.notes
    assert "no month is projected: the baseline holds less than a day of production" in verdict.notes


def test_a_case_is_all_its_requests_and_agents_are_compared_apart(tmp_path: Path) -> None:
    base = saved(tmp_path, [*cases(a=1000, b=1000), *cases("judge", a=500, b=500)], match="tag:case")
    more = [call("again", agent="writer", tags={"case": "a"}, input_tokens=1000)]
    verdict = cased(tmp_path, [*cases(a=1000, b=2000), *more, *cases("judge", a=500, b=500)], base, TEN_PERCENT)

    assert {key: status for key, (status, _) in told(verdict).items()} == {
        "max-increase agent=judge": "pass",
        "max-increase agent=writer": "breach",
    }


def test_a_case_of_unknown_cost_is_not_compared(tmp_path: Path) -> None:
    base = saved(tmp_path, cases(a=1000, b=1000, c=1000), match="tag:case")
    rows = [*cases(a=1000, b=1000), call("c", agent="writer", tags={"case": "c"}, model="own")]
    verdict = cased(tmp_path, rows, base, TEN_PERCENT)

    assert "not compared, some of the cost is not known: 1 cases: c" in verdict.notes
    assert verdict.exit_code == 4  # a third of the run has no price


@pytest.mark.parametrize(
    ("kept", "match", "reason"),
    [
        (None, "tag:case", "holds no cases"),
        ("tag:case", "tag:test", "holds cases by tag:case, not by tag:test"),
        ("tag:case", "tag:case", "no case is in both this run and the baseline"),
    ],
)
def test_what_cannot_be_paired_cannot_be_judged(tmp_path: Path, kept: str | None, match: str, reason: str) -> None:
    base = saved(tmp_path, cases(a=1000), match=kept)
    verdict = cased(tmp_path, cases(z=1000), base, TEN_PERCENT, match=match)

    assert verdict.exit_code == 4
    assert [f.reason.rpartition("base.json: ")[2] for f in verdict.findings] == [reason]


def test_without_a_limit_it_only_tells(tmp_path: Path) -> None:
    base = saved(tmp_path, cases(a=1000, b=1000), match="tag:case")
    verdict = cased(tmp_path, cases(a=9000, b=9000), base)

    assert told(verdict) == {"cost-per-case agent=writer": ("pass", "+800.0% per case (+800.0% to +800.0%); 2 cases")}


def test_the_json_holds_the_comparison(tmp_path: Path) -> None:
    base = saved(tmp_path, [*PRODUCTION, *cases(a=1000, b=1000, gone=1)], match="tag:case")
    document = json.loads(render(as_table(cased(tmp_path, cases(a=1200, b=1200, new=1), base), "UTC"), "json"))

    assert list(document) == ["schema", "result", "window", "data_until", "rules", "trust", "comparison"]
    assert document["rules"][0]["delta"] == "0.000200000000"
    assert document["comparison"] == {
        "match": "tag:case",
        "by": ["agent"],
        "level": "0.95",
        "groups": [
            {
                "agent": "writer",
                "cases": 2,
                "cost_before": "0.001000000000",
                "cost_after": "0.001200000000",
                **dict.fromkeys(("change", "low", "high"), "0.2"),
                **dict.fromkeys(("per_month", "per_month_low", "per_month_high"), "60.833333333333"),
            }
        ],
        "added": [{"case": "new", "agent": "writer", "cost": "0.000001000000"}],
        "removed": [{"case": "gone", "agent": "writer", "cost": "0.000001000000"}],
        "unknown": [],
    }


def test_a_narrow_terminal_still_shows_the_whole_sentence(tmp_path: Path) -> None:
    base = saved(tmp_path, cases(a=1000, b=1000), match="tag:case")
    text = render(as_table(cased(tmp_path, cases(a=1200, b=1200), base, TEN_PERCENT), "UTC"), "table", width=80)

    assert "agent=writer: +20.0% per case (+20.0% to +20.0%); 2 cases: more than +10.0%" in text.splitlines()
