"""Reports over the sample logs: every dimension equals what the logs were made from, to the last digit, in every format."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmcost import config
from llmcost.attribution import focus
from llmcost.conditions import FIELDS, parse
from llmcost.config import Config
from llmcost.model import Table
from llmcost.render import render
from llmcost.spend.report import FIGURES, Question, report
from llmcost.store import Store, open_ledger
from llmcost.windows import Window
from tests.conftest import SAMPLE_LOGS
from tests.make_sample_logs import DIMENSIONS, Call, Company, Sums, add_up, plan

COMPARED = [c.name for c in FIGURES if c.name != "turns"]


@pytest.fixture(scope="module")
def store(sample_ledger: Path) -> Iterator[Store]:
    with open_ledger(sample_ledger, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def settings() -> Config:
    return config.load(SAMPLE_LOGS / "llmcost.yaml")


def as_figures(sums: Sums) -> dict[str, Any]:
    known = asdict(sums)
    if not sums.requests:  # only cache hits and failed attempts: they cost nothing, and that is known
        known["cost"] = Decimal(0)
    return {name: known[name] for name in COMPARED}


def by_groups(
    calls: Sequence[Call], *dimensions: Callable[[Call], str | None]
) -> dict[tuple[str | None, ...], dict[str, Any]]:
    groups = defaultdict(list)
    for call in calls:
        groups[tuple(of(call) for of in dimensions)].append(call)
    return {key: as_figures(add_up(group)) for key, group in groups.items()}


def rows_of(table: Table, dims: int) -> dict[tuple[Any, ...], dict[str, Any]]:
    names = [c.name for c in table.columns[dims:]]
    found = {tuple(row[:dims]): dict(zip(names, row[dims:], strict=True)) for row in table.rows}
    return {key: {name: row[name] for name in COMPARED} for key, row in found.items()}


def test_cost_source_cost_and_tokens_are_numbers_of_their_own(company: Company) -> None:
    assert company.total.cost not in (None, company.total.source_cost)
    assert len({company.total.input_tokens, company.total.output_tokens, company.total.cache_read_tokens}) == 3


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_equals_what_the_logs_were_made_from(
    store: Store, settings: Config, company: Company, dimension: str
) -> None:
    table = report(store, settings, Question(by=[dimension]))

    assert rows_of(table, 1) == {(value,): as_figures(sums) for value, sums in company.by[dimension].items()}


def test_the_total_is_that_of_all_calls_whatever_the_dimension(
    store: Store, settings: Config, company: Company
) -> None:
    for dimension in DIMENSIONS:
        table = report(store, settings, Question(by=[dimension]))
        assert table.total is not None
        total = dict(zip([c.name for c in table.columns], table.total, strict=True))

        assert {name: total[name] for name in COMPARED} == as_figures(company.total)
        assert total[dimension] is None


@pytest.mark.parametrize("pair", [("agent", "model"), ("plan", "user"), ("day", "feature"), ("team", "source")])
def test_two_dimensions_make_a_row_of_every_pair(
    store: Store, settings: Config, company: Company, pair: tuple[str, str]
) -> None:
    table = report(store, settings, Question(by=pair))

    assert rows_of(table, 2) == by_groups(company.calls, *(DIMENSIONS[name] for name in pair))


def test_a_user_who_changes_the_plan_is_on_each_for_a_part_of_the_month(
    store: Store, settings: Config, company: Company
) -> None:
    table = report(store, settings, Question(by=["plan"], where=parse("user = 'u004'", fields=FIELDS)))
    expected = by_groups([c for c in company.calls if c.user == "u004"], plan)

    assert set(expected) == {("free",), ("plus",)}
    assert rows_of(table, 1) == expected


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("agent = 'researcher'", lambda c: c.agent == "researcher"),
        (
            "plan = 'free' and feature in ('chat', 'research')",
            lambda c: plan(c) == "free" and c.feature in ("chat", "research"),
        ),
        ("agent is null", lambda c: c.agent is None),
        ("not feature = 'chat'", lambda c: c.feature not in (None, "chat")),
        (
            "feature like '%<%' or agent like '[%'",
            lambda c: "<" in (c.feature or "") or (c.agent or "").startswith("["),
        ),
        ("input_tokens >= 100000", lambda c: c.input >= 100_000),
        ("cost > 0.05", lambda c: c.billed and c.pico is not None and c.pico > 50_000_000_000),
        (
            "kind = 'attempt' and chain_reason = 'rate_limit'",
            lambda c: c.kind == "attempt" and c.reason == "rate_limit",
        ),
        ("scope = 'other'", lambda c: c.environment == "evaluation"),
        ("day = '2026-10-20'", lambda c: DIMENSIONS["day"](c) == "2026-10-20"),
        ("tag:component = 'crawler'", lambda c: c.agent == "crawler" and c.source == "litellm_spendlogs"),
    ],
)
def test_where_keeps_exactly_the_rows_it_means(
    store: Store, settings: Config, company: Company, where: str, holds: Callable[[Call], bool]
) -> None:
    table = report(store, settings, Question(by=["model"], where=parse(where, fields=FIELDS)))
    expected = by_groups([c for c in company.calls if holds(c)], lambda c: c.model)

    assert expected
    assert rows_of(table, 1) == expected


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-10-10T00:00:00Z", "2026-10-11T00:00:00Z"),
        ("2026-10-13T08:30:00Z", "2026-10-13T12:30:00Z"),
        (None, "2026-10-02T00:00:00Z"),
        ("2026-10-31T00:00:00Z", None),
    ],
)
def test_a_window_holds_its_beginning_and_not_its_end(
    store: Store, settings: Config, company: Company, since: str | None, until: str | None
) -> None:
    window = Window(us(since) if since else None, us(until) if until else None)
    table = report(store, settings, Question(by=["source"], window=window))
    low, high = window.since_us or 0, window.until_us or 2**62
    within = [c for c in company.calls if c.at is not None and low <= c.at * 1000 < high]

    assert rows_of(table, 1) == by_groups(within, lambda c: c.source)


def test_a_row_exactly_at_an_edge_is_in_the_later_window(store: Store, settings: Config, company: Company) -> None:
    index = next(c for c in company.calls if c.id == "edge-index")  # midnight of 5 October, to the millisecond
    assert index.at is not None
    edge, by_agent = (
        index.at * 1000,
        Question(by=["agent"], where=parse("team = 'edge' and agent = 'indexer'", fields=FIELDS)),
    )
    before = report(store, settings, Question(**{**vars(by_agent), "window": Window(None, edge)}))
    after = report(store, settings, Question(**{**vars(by_agent), "window": Window(edge, edge + 1)}))

    assert before.rows == []
    assert after.rows[0][:2] == ["indexer", 120]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    ("name", "form"), [("day", "%Y-%m-%d"), ("hour", "%Y-%m-%dT%H"), ("week", "%G-W%V"), ("month", "%Y-%m")]
)
def test_days_and_hours_are_those_of_the_zone(
    store: Store, settings: Config, company: Company, zone: str, name: str, form: str
) -> None:
    def local(call: Call) -> str | None:
        at = None if call.at is None else datetime.fromtimestamp(call.at / 1000, timezone.utc)
        return None if at is None else at.astimezone(ZoneInfo(zone)).strftime(form)

    table = report(store, settings, Question(by=[name], tz=zone))
    times = [row[0] for row in table.rows]

    assert rows_of(table, 1) == by_groups(company.calls, local)
    assert times == sorted(times, key=lambda cell: cell or "")


def test_a_tag_is_a_dimension(store: Store, settings: Config, company: Company) -> None:
    table = report(store, settings, Question(by=["tag:component"]))
    crawled = [c for c in company.calls if c.agent == "crawler" and c.source == "litellm_spendlogs"]

    assert rows_of(table, 1)["crawler",] == as_figures(add_up(crawled))
    assert {row[0] for row in table.rows} == {None, "crawler"}


def test_turns_are_counted_once_in_the_total_though_their_calls_stand_in_several_groups(
    store: Store, settings: Config, company: Company
) -> None:
    turns: dict[str | None, set[str]] = defaultdict(set)
    nameless: dict[str | None, int] = defaultdict(int)
    for call in company.calls:
        if call.turn or call.trace or call.id:
            turns[call.model].add(call.turn or call.trace or call.id)
        else:  # a row of the rewrites: its id is a digest of the line
            nameless[call.model] += 1
    table = report(store, settings, Question(by=["model"]))
    place = [c.name for c in table.columns].index("turns")

    assert {row[0]: row[place] for row in table.rows} == {m: len(turns[m]) + nameless[m] for m in {*turns, *nameless}}
    assert table.total is not None
    assert table.total[place] == len(set().union(*turns.values())) + sum(nameless.values())
    assert table.total[place] < sum(row[place] for row in table.rows)


def test_the_default_grouping_is_the_first_dimension_that_names_half_of_the_cost(
    store: Store, settings: Config
) -> None:
    assert report(store, settings, Question()).columns[0].name == "feature"
    # the batch of the archive names no feature, but its agent
    assert report(store, settings, Question(where=parse("feature is null", fields=FIELDS))).columns[0].name == "agent"
    nameless = parse("feature is null and agent is null and team is null and key is null", fields=FIELDS)
    assert report(store, settings, Question(where=nameless)).columns[0].name == "model"


def test_the_dearest_come_first_and_the_unpriced_last(store: Store, settings: Config) -> None:
    table = report(store, settings, Question(by=["model"]))
    cost = [c.name for c in table.columns].index("cost")
    known = [row[cost] for row in table.rows if row[cost] is not None]

    assert known == sorted(known, reverse=True)
    assert table.rows[-1][0] == "brightdesk-7b"
    assert table.rows[-1][cost] is None


@pytest.mark.parametrize("basis", ["computed", "source"])
@pytest.mark.parametrize("dimension", ["agent", "day", "user", "model"])
def test_rows_add_up_to_the_total_in_every_format(
    store: Store, settings: Config, company: Company, dimension: str, basis: str
) -> None:
    table = report(store, settings, Question(by=[dimension], cost=basis))
    document = json.loads(render(table, "json"))
    rows = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    lines = [json.loads(line) for line in render(table, "ndjson").splitlines()]
    expected = company.total.cost if basis == "computed" else company.total.source_cost

    for figure in ("cost", "source_cost"):
        sums = [sum(Decimal(row[figure] or 0) for row in form) for form in (document["rows"], rows, lines)]
        assert sums == [Decimal(document["total"][figure])] * 3
    assert Decimal(document["total"]["cost"]) == expected
    for figure in ("requests", "attempts", "input_tokens", "output_tokens", "unpriced_requests", "usage_missing"):
        sums = [sum(int(row[figure]) for row in form) for form in (document["rows"], rows, lines)]
        assert sums == [document["total"][figure]] * 3
    markdown = render(table, "markdown").splitlines()
    assert len([line for line in markdown if line.startswith("| ")]) == len(table.rows) + 3  # heading, rule, total


def test_json_money_has_twelve_decimals_and_no_exponent(store: Store, settings: Config) -> None:
    document = json.loads(render(report(store, settings, Question(by=["agent"])), "json"))

    assert all(row["cost"] is None or row["cost"][-13] == "." for row in document["rows"])
    assert not any("e" in (row["source_cost"] or "").lower() for row in document["rows"])


def test_a_limit_cuts_the_rows_and_not_the_total(store: Store, settings: Config) -> None:
    whole, cut = (report(store, settings, Question(by=["user"], limit=limit)) for limit in (None, 3))

    assert cut.rows == whole.rows[:3]
    assert cut.total == whole.total
    assert cut.notes[0] == f"{len(whole.rows) - 3} more groups, in the total; --top 0 shows all"


def test_a_lens_only_joins_what_a_question_needs(store: Store, settings: Config) -> None:
    assert "JOIN" not in focus(store, settings, "UTC").select({"dim_1": "model"}, None, Window())
    assert "llmcost_users" in focus(store, settings, "UTC").select({"dim_1": "plan"}, None, Window())
