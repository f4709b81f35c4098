"""Growth over a baseline: a thousandth of a dollar per row of `small`, a tenth per row of `big`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.budgets import baseline
from llmcost.budgets.metrics import Figures
from llmcost.budgets.verdict import Deltas
from llmcost.errors import UndecidedError
from llmcost.windows import Window
from tests.budgets.asking import days, found, ruled, saved, told
from tests.spend.ledgers import call

OLD = [call(f"o{n}", agent="a", ts="2026-10-02T12:00:00Z") for n in range(4)]
"""Four thousandths of a dollar on one day."""
PER_REQUEST = "{id: x, metric: cost_per_request, per: [agent], baseline: base.json, max_increase: 10%"


def later(tokens: int, number: int = 4, agent: str = "a") -> list[dict[str, object]]:
    return [call(f"n{n}", agent=agent, ts="2026-10-12T12:00:00Z", input_tokens=tokens) for n in range(number)]


@pytest.mark.parametrize(
    ("tokens", "more", "status", "reason"),
    [
        (1100, "", "pass", "$0.0011, +10.0% on $0.0010"),  # exactly at the limit is within it
        (1101, "", "breach", "$0.0011, +10.1% on $0.0010: more than +10.0%"),
        (900, "", "pass", "$0.0009, -10.0% on $0.0010"),
        # 0.001 more in each of 4 requests
        (2000, ", min_delta: 0.004", "pass", "$0.0020, +100.0% on $0.0010: $0.0040 in all, within $0.0040"),
        (2000, ", min_delta: 0.0039", "breach", "$0.0020, +100.0% on $0.0010: more than +10.0%"),
        (2000, ", min_requests: 5", "skipped", "4 requests, fewer than 5"),
        (2000, ", level: warn", "warn", "$0.0020, +100.0% on $0.0010: more than +10.0%"),
    ],
)
def test_growth_must_exceed_the_share_and_the_noise(
    tmp_path: Path, tokens: int, more: str, status: str, reason: str
) -> None:
    saved(tmp_path, OLD, PER_REQUEST + "}")

    assert told(ruled(tmp_path, later(tokens), PER_REQUEST + more + "}")) == {"x agent=a": (status, reason)}


def test_the_limit_shown_is_the_nearer_one(tmp_path: Path) -> None:
    saved(tmp_path, OLD, PER_REQUEST + "}")
    for top, limit in (("1", "0.0011"), ("0.001", "0.001")):
        verdict = ruled(tmp_path, later(1000), PER_REQUEST + f", max: {top}}}")

        assert found(verdict)["x agent=a"].limit == Decimal(limit)


def test_what_is_new_has_no_rate_to_be_held_to_but_its_cost_counts(tmp_path: Path) -> None:
    total = "{id: t, metric: cost, per: [agent], baseline: base.json, max_increase: 10%"
    saved(tmp_path, OLD, PER_REQUEST + "}", total + "}")
    verdict = ruled(tmp_path, later(1000, agent="z"), PER_REQUEST + "}", total + ", min_delta: 0.003}")

    assert told(verdict) == {
        "x agent=z": ("pass", "$0.0010, new: the baseline does not know it"),
        "t agent=z": ("breach", "$0.0040, and nothing before: more than +10.0%"),
    }


def test_a_change_of_cost_is_split_and_adds_up(tmp_path: Path) -> None:
    rule = "{id: t, metric: cost, baseline: base.json, max_increase: 10%}"
    each = "{id: r, metric: cost_per_request, baseline: base.json, max_increase: 10%}"
    count = "{id: n, metric: requests, baseline: base.json, max_increase: 1000%}"
    saved(tmp_path, OLD, rule, window=days("2026-10-01", "2026-10-08"))
    verdict = ruled(tmp_path, later(3000, number=6), rule, each, count, window=days("2026-10-08", "2026-10-15"))

    # 6 x 0.003 after 4 x 0.001: two requests more at 0.001, the rest is longer prompts; the price is the same
    assert found(verdict)["t"].deltas == Deltas(*map(Decimal, ("0.014", "0", "0.002", "0.012")))
    assert found(verdict)["r"].deltas == Deltas(*map(Decimal, ("0.002", "0", "0", "0.002")))
    assert found(verdict)["n"].deltas == Deltas(Decimal(2))


RISEN = """
schema: 1
provider: acme
currency: USD
models:
  - id: risen
    mode: chat
    match: {exact: [risen]}
    prices:
      - {from: 2020-01-01, to: 2026-10-08, per_mtok: {input: "1", output: "10"}, source: {url: "https://acme.example/p", checked: 2026-10-01}}
      - {from: 2026-10-08, per_mtok: {input: "2", output: "10"}, source: {url: "https://acme.example/p", checked: 2026-10-08}}
"""


@pytest.mark.parametrize(("option", "status"), [("", "breach"), (", ignore_price_changes: true", "pass")])
def test_a_dearer_price_is_told_apart_and_may_be_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, status: str
) -> None:
    from llmcost.pricing import catalogue
    from tests.budgets import asking
    from tests.spend import ledgers

    (tmp_path / "risen.yaml").write_text(RISEN)
    known = catalogue.load((tmp_path / "risen.yaml",))
    monkeypatch.setattr(ledgers, "prices", lambda: known)
    monkeypatch.setattr(asking, "prices", lambda: known)
    rule = "{id: r, metric: cost_per_request, baseline: base.json, max_increase: 10%"
    saved(
        tmp_path,
        [call("o", model="risen", ts="2026-10-02T12:00:00Z")],
        rule + "}",
        window=days("2026-10-01", "2026-10-08"),
    )
    rows = [call("n", model="risen", ts="2026-10-12T12:00:00Z", input_tokens=1050)]
    verdict = ruled(tmp_path, rows, rule + option + "}", window=days("2026-10-08", "2026-10-15"))

    # 1,050 tokens at 2 instead of at 1 a million: 0.0021 - 0.00105 is price, 0.00005 is mix
    assert found(verdict)["r"].status == status
    assert found(verdict)["r"].deltas == Deltas(*map(Decimal, ("0.0011", "0.00105", "0", "0.00005")))


@pytest.mark.parametrize(
    ("before", "after", "comparable"),
    [
        ((None, days("2026-10-01", "2026-10-08")), (None, days("2026-10-08", "2026-10-15")), True),
        ((None, days("2026-10-01", "2026-10-08")), (None, days("2026-10-08", "2026-10-16")), False),
        (("last-month", days("2026-10-01", "2026-10-08")), ("last-month", days("2026-10-08", "2026-10-16")), True),
        (
            ("month-to-date", days("2026-10-01", "2026-10-08")),
            ("month-to-date", days("2026-10-01", "2026-10-15")),
            False,
        ),
        ((None, Window()), (None, Window()), True),
        ((None, Window()), (None, days("2026-10-08", "2026-10-15")), False),
    ],
)
def test_totals_of_windows_that_differ_in_length_are_not_compared(
    tmp_path: Path, before: tuple[str | None, Window], after: tuple[str | None, Window], comparable: bool
) -> None:
    rules = [f"{{id: {m}, metric: {m}, baseline: base.json, max_increase: 900%}}" for m in ("cost", "cost_per_request")]
    saved(tmp_path, OLD, *rules, name=before[0], window=before[1])
    verdict = ruled(tmp_path, later(1000), *rules, name=after[0], window=after[1])

    assert told(verdict)["cost_per_request"][0] == "pass"
    if comparable:
        assert told(verdict)["cost"][0] == "pass"
    else:
        reason = told(verdict)["cost"][1].rpartition(": ")[2]
        assert (verdict.exit_code, reason) == (4, "covers a window of another length, so cost cannot be compared")


def test_a_grouping_that_was_not_kept_cannot_be_judged(tmp_path: Path) -> None:
    saved(tmp_path, OLD)
    verdict = ruled(tmp_path, later(1000), PER_REQUEST + "}")

    assert verdict.exit_code == 4
    assert told(verdict)["x"][1].endswith("base.json: holds no figures per agent")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": "llmcost.baseline/2"}, "is of schema llmcost.baseline/2, not llmcost.baseline/1"),
        ({"schema": None}, "is of schema None, not llmcost.baseline/1"),
        ({"currency": "EUR"}, "is in EUR, and figures are in USD"),
        ({"where": "agent = 'a'"}, "was saved with --where \"agent = 'a'\", and this gate looks at other rows"),
        ({"scopes": None}, "the baseline is damaged"),
        ({"scopes": [{"per": [], "scope": {}, "when": None, "rows": [{"group": []}]}]}, "the baseline is damaged"),
        ({"window": {}}, "the baseline is damaged"),
        ({"production": {"by": [], "since_us": 0, "until_us": 0, "rows": [{"group": [], "cost": "1"}]}}, "the baseline is damaged"),
        ({"production": {"by": [], "since_us": 0, "until_us": 1, "rows": [{"group": [], "cost": "NaN"}]}}, "the baseline is damaged"),
    ],
)  # fmt: skip
def test_another_currency_or_schema_or_damage_cannot_be_judged_and_is_named(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    path = saved(tmp_path, OLD, PER_REQUEST + "}")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    verdict = ruled(tmp_path, later(1000), PER_REQUEST + "}")

    assert verdict.exit_code == 4
    assert told(verdict)["x"][1].endswith(f"base.json: {sentence}")


@pytest.mark.parametrize("text", ["", "no", "[]", "{}", "3", "[" * 9999, '{"schema": 0.1}', "\udcff"])
def test_a_file_that_is_no_baseline_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "base.json").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(UndecidedError, match=r"base\.json: is no baseline"):
        baseline.load(tmp_path / "base.json")


def test_what_is_read_is_what_was_written_and_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [*OLD, call("own", agent="\ud800", model="own", user="u", session="s", ts="2026-10-03T12:00:01Z")]
    path = saved(tmp_path, rows, PER_REQUEST + "}")
    first = path.read_bytes()
    read = baseline.load(path)

    assert saved(tmp_path, rows, PER_REQUEST + "}").read_bytes() == first
    assert read.scopes[("agent",), (), None]["a",] == Figures(
        requests=4, priced_requests=4, input_tokens=4000, cost=Decimal("0.004"), ledger_rows=4, turns=4
    )
    assert next(one for key, one in read.scopes[("agent",), (), None].items() if key != ("a",)).cost is None
    # a day and a second of production, in a month of 730 hours: 0.004 x 730 x 3600 / 86401
    assert read.monthly["a",] == Decimal("0.121665258504")


def test_production_is_no_evaluation_and_less_than_a_day_is_no_month(tmp_path: Path) -> None:
    evaluation = call("e", agent="a", environment="ci", ts="2026-10-09T12:00:00Z")
    case = call("c", agent="a", tags={"case": "one"}, ts="2026-10-09T12:00:00Z")

    assert baseline.load(saved(tmp_path, [*OLD, evaluation, case], match="tag:case")).monthly == {}


def test_an_empty_window_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="no rows in the window"):
        saved(tmp_path, OLD, window=days("2026-01-01", "2026-01-02"))
    with pytest.raises(UndecidedError, match="no row has tag:case"):
        saved(tmp_path, OLD, match="tag:case")
