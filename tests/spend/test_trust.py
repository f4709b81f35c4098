"""The trust line: every figure, what a strange ratio means, outages, and exactly the keys that scripts rely on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.sources.ingest import ingest
from llmcost.spend import trust
from llmcost.spend.report import Question, report
from llmcost.spend.trust import Trust
from llmcost.store import Store, open_ledger
from llmcost.windows import Window
from tests.spend.ledgers import NOON, Row, call, opened, prices, settings

MONDAY = datetime(2026, 10, 5, tzinfo=timezone.utc)


def gathered(
    store: Store, config: Config | None = None, *, window: Window | None = None, digest: str | None = None
) -> Trust:
    return trust.gather(store, config or Config(), None, window or Window(), "UTC", digest=digest)


def sources(store: Store) -> Any:
    return gathered(store).as_json()["sources"]


def notes(store: Store, config: Config | None = None) -> list[str]:
    return list(report(store, config or Config(), Question(by=["model"])).notes)


def test_every_figure_of_the_sample_logs(sample_ledger: Path, company: Any) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        found = gathered(store)
    total = company.total

    assert {
        name: found.total(name)
        for name in ("requests", "attempts", "usage_missing", "unpriced_requests", "unpriced_tokens")
    } == {
        "requests": total.requests,
        "attempts": total.attempts,
        "usage_missing": total.usage_missing,
        "unpriced_requests": total.unpriced_requests,
        "unpriced_tokens": total.unpriced_tokens,
    }
    assert found.duplicates == sum(company.duplicates.values())
    assert found.skipped == sum(company.skipped.values())
    assert found.quarantined == sum(map(len, company.quarantined.values()))
    assert found.files == len(company.duplicates)
    assert found.cost == total.cost
    assert {s["source"]: (s["requests"], s["cost"], s["source_cost"]) for s in found.sources} == {
        source: (sums.requests, sums.cost, sums.source_cost) for source, sums in company.by["source"].items()
    }


def test_the_share_without_a_name_is_that_of_the_cost(tmp_path: Path) -> None:
    rows = [
        call("a", agent="x", user="u", input_tokens=1000),
        call("b", agent="x", input_tokens=2000),
        call("c", feature="f", input_tokens=5000),
        call("d", model="own"),
    ]
    with opened(tmp_path, rows) as store:
        found = gathered(store)

    shares = {name: found.unattributed_share(name) for name in trust.DIMENSIONS}
    assert shares == {
        "agent": Decimal(5) / 8,
        "feature": Decimal(3) / 8,
        "user": Decimal(7) / 8,
        "team": Decimal(1),
        "key": Decimal(1),
    }


def test_without_any_cost_there_is_no_share(tmp_path: Path) -> None:
    with opened(tmp_path, [call("a", model="own")]) as store:
        assert gathered(store).unattributed_share("agent") is None
        assert "cost without agent -, feature -, user -" in notes(store)


def test_a_strange_ratio_is_told_and_a_round_one_names_the_likely_bug(tmp_path: Path) -> None:
    expected = {  # what a source recorded for a call of a thousandth of a dollar: the ratio, and what it means
        "0.002": ("2.000", ": counted twice?"),
        "0.00205": ("2.050", ": counted twice?"),
        "0.1": ("100.000", ": cents taken for dollars?"),
        "0.00001": ("0.010", ": dollars taken for cents?"),
        "1000": ("1000000.000", ": micro-dollars?"),
        "1000000": ("1000000000.000", ": nano-dollars?"),
        "0.0015": ("1.500", ""),
        "0.0003": ("0.300", ""),
    }
    with opened(tmp_path, [call(cost, source=cost, source_cost=cost) for cost in expected]) as store:
        ratios = {one["source"]: one["ratio"] for one in sources(store)}
        told = {note.split()[0]: note for note in notes(store) if "recorded" in note}

    assert ratios == {cost: ratio for cost, (ratio, _) in expected.items()}
    assert set(told) == set(expected)
    for cost, (ratio, words) in expected.items():
        assert told[cost].endswith(f"(ratio {ratio}){words}")


def test_a_ratio_near_one_is_nothing_to_talk_about(tmp_path: Path) -> None:
    rows = [call(str(cost), source=str(cost), source_cost=cost) for cost in ("0.001", "0.00099", "0.00101", None)]
    with opened(tmp_path, rows) as store:
        assert len(sources(store)) == 4
        assert not [note for note in notes(store) if "recorded" in note]


def test_a_ratio_compares_only_rows_that_have_both(tmp_path: Path) -> None:
    rows = [
        call("a", source_cost="0.001"),
        call("b"),
        call("c", model="own", source_cost="9"),
        call("d", kind="cache_hit", source_cost="5"),
    ]
    with opened(tmp_path, rows) as store:
        found = gathered(store).as_json()["sources"]

    assert found == [
        {"source": "native", "requests": 3, "cost": "0.002000000000", "source_cost": "14.001", "ratio": "1.000"},
    ]


def test_the_keys_of_json_are_exactly_those_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,plan\nann,free\n")
    config = settings(tmp_path, "users: users.csv")
    with opened(tmp_path, [call("a", user="ann", source_cost="0.0010")]) as store:
        found = gathered(store, config).as_json()

    assert list(found) == [
        *("rows_read", "requests", "attempts", "duplicates", "quarantined", "usage_missing", "usage_assumed"),
        *("unpriced_requests", "unpriced_tokens", "unattributed", "sources", "gaps", "prices", "data_until"),
    ]
    assert found["unattributed"] == {"agent": "1", "feature": "1", "user": "0"}
    assert found["sources"] == [
        {"source": "native", "requests": 1, "cost": "0.001000000000", "source_cost": "0.001", "ratio": "1.000"},
    ]
    assert found["prices"] == {"as_of": "2026-10-01", "sha256": prices().digest}
    assert found["data_until"] == NOON


def test_duplicates_quarantine_and_skipped_lines_are_counted_over_all_files(tmp_path: Path) -> None:
    rows = [
        call("a"),
        call("a"),
        call("b", input_tokens="many"),
        call("c", usage_basis="assumed"),
        call("d", input_tokens=None),
    ]
    with opened(tmp_path, rows) as store:
        found = gathered(store)
        told = notes(store)

    assert (found.rows_read, found.duplicates, found.quarantined, found.files) == (5, 1, 1, 1)
    assert (found.total("usage_assumed"), found.total("usage_missing")) == (1, 1)
    assert told[:3] == [
        "read 5 rows of 1 files: 3 requests, 0 unbilled attempts, 1 duplicates folded, 0 skipped",
        "1 lines could not be read: llmcost ingest --show-quarantine",
        "usage missing in 1 requests, assumed in 1",
    ]


def test_the_unpriced_are_named_the_biggest_first(tmp_path: Path) -> None:
    rows = [
        call(f"r{n}", model=f"own-{n}\x1b", provider=None if n else "acme", input_tokens=1000 * (n + 1))
        for n in range(6)
    ]
    rows.append(call("it", kind="iteration", model="own-9", input_tokens=50))
    with opened(tmp_path, rows) as store:
        told = next(note for note in notes(store) if note.startswith("no price"))

    assert told.startswith("no price for 6 requests, 21,050 tokens: own-5\\x1b (1: ")
    assert told.endswith("; 3 more")


def test_costs_of_an_older_catalogue_are_called_stale(tmp_path: Path) -> None:
    with opened(tmp_path, [call("a")]) as store:
        config = Config()
        fresh = report(store, config, Question(by=["model"]), digest=prices().digest)
        stale = report(store, config, Question(by=["model"]), digest="another")
        unknown = report(store, config, Question(by=["model"]))
    sentence = "prices have changed since these costs were computed: llmcost reprice"

    assert sentence in stale.notes
    assert sentence not in fresh.notes
    assert sentence not in unknown.notes


def test_data_until_is_the_newest_row_of_the_window(tmp_path: Path) -> None:
    rows = [call("a"), call("b", ts="2026-10-20T00:00:00.25Z"), call("c", ts=None)]
    noon_us = int(datetime.fromisoformat(NOON).timestamp()) * 1_000_000
    with opened(tmp_path, rows) as store:
        assert gathered(store).as_json()["data_until"] == "2026-10-20T00:00:00.250000Z"
        assert gathered(store, window=Window(None, noon_us + 1)).as_json()["data_until"] == NOON
        assert gathered(store, window=Window(None, 1)).as_json()["data_until"] is None


def test_an_empty_window_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, [call("a")]) as store:
        table = report(store, Config(), Question(by=["model"], window=Window(None, 1)))

    assert table.rows == []
    assert table.notes == ["no rows in this window and condition; 1 rows were read"]


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "new.duckdb", create=True) as store:
        assert notes(store) == ["nothing has been read yet: llmcost ingest LOGS, or llmcost report LOGS"]


# Outages


def weeks(
    number: int, hours: range = range(9, 18), *, source: str = "gateway", silent: Sequence[tuple[int, int]] = ()
) -> list[Row]:
    """One call in each of these hours of every working day, but for the silent (day from Monday of week 1, hour)."""
    at = [(7 * week + day, hour) for week in range(number) for day in range(5) for hour in hours]
    return [
        call(f"{source}-{day}-{hour}", source=source, ts=(MONDAY + timedelta(days=day, hours=hour)).isoformat())
        for day, hour in at
        if (day, hour) not in silent
    ]


def hours_of(day: int, since: int, until: int) -> tuple[str, int, int]:
    begin, end = (int((MONDAY + timedelta(days=day, hours=hour)).timestamp()) * 1_000_000 for hour in (since, until))
    return ("gateway", begin, end)


def gaps(folder: Path, rows: list[Row], window: Window | None = None) -> list[tuple[str, int, int]]:
    with opened(folder, rows) as store:
        return list(gathered(store, window=window).gaps)


THURSDAY = [(17, hour) for hour in (10, 11, 12)]  # of the third week


def test_an_outage_in_busy_hours_is_a_gap(tmp_path: Path) -> None:
    assert gaps(tmp_path, weeks(5, silent=THURSDAY)) == [hours_of(17, 10, 13)]


@pytest.mark.parametrize(
    "rows",
    [
        weeks(5),  # nights and weekends are silent every week
        weeks(5, silent=THURSDAY[:2]),  # two hours may happen
        weeks(3, silent=THURSDAY),  # too little to know what is usual
        weeks(
            5, silent=[(day + week, hour) for week in (0, 7, 14) for day, hour in THURSDAY]
        ),  # rarely busy on Thursdays
        weeks(5, silent=[(17, 10), (17, 11), (17, 13)]),  # not in a row
    ],
    ids=["nothing missing", "two hours", "three weeks", "not usual", "not in a row"],
)
def test_what_is_no_outage(tmp_path: Path, rows: list[Row]) -> None:
    assert gaps(tmp_path, rows) == []


def test_a_whole_week_of_silence_is_a_gap_on_every_day(tmp_path: Path) -> None:
    week = [(7 + day, hour) for day in range(5) for hour in range(9, 18)]

    assert gaps(tmp_path, weeks(5, silent=week)) == [hours_of(7 + day, 9, 18) for day in range(5)]


def test_of_a_month_of_silence_the_first_two_weeks_are_told(tmp_path: Path) -> None:
    month = [(7 * n + day, hour) for n in range(2, 6) for day in range(5) for hour in range(9, 18)]
    days = [7 * week + day for week in (2, 3) for day in range(5)]

    assert gaps(tmp_path, weeks(10, silent=month)) == [hours_of(day, 9, 18) for day in days]


def test_an_outage_at_the_same_hour_a_week_later_is_one_too(tmp_path: Path) -> None:
    again = [(day + 7, hour) for day, hour in THURSDAY]

    assert gaps(tmp_path, weeks(8, silent=THURSDAY + again)) == [hours_of(17, 10, 13), hours_of(24, 10, 13)]


def test_a_source_is_silent_although_another_one_is_not(tmp_path: Path) -> None:
    assert gaps(tmp_path, weeks(5, silent=THURSDAY) + weeks(5, source="other")) == [hours_of(17, 10, 13)]


def test_a_gap_is_told_only_where_it_touches_the_window(tmp_path: Path) -> None:
    found = hours_of(17, 10, 13)
    rows = weeks(5, silent=THURSDAY)

    assert gaps(tmp_path, rows, Window(found[1] + 1, None)) == [found]
    assert gaps(tmp_path, rows, Window(found[2], None)) == []
    assert gaps(tmp_path, rows, Window(None, found[1])) == []


def test_a_row_from_another_age_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    rows = weeks(12, silent=THURSDAY)
    rows[0]["ts"] = "1971-01-01T00:00:00Z"

    assert gaps(tmp_path, rows) == [hours_of(17, 10, 13)]


def test_a_gap_is_a_sentence_and_a_piece_of_json(tmp_path: Path) -> None:
    with opened(tmp_path, weeks(5, silent=THURSDAY)) as store:
        told, document = notes(store), gathered(store).as_json()

    assert (
        "gateway was silent from 2026-10-22T10:00:00Z to 2026-10-22T13:00:00Z, hours in which it is usually busy"
        in told
    )
    assert document["gaps"] == [{"source": "gateway", "since": "2026-10-22T10:00:00Z", "until": "2026-10-22T13:00:00Z"}]


def test_the_prices_named_are_those_that_were_used(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"request_id": "a", "ts": "2026-10-15T12:00:00Z", "provider": "acme", "model": "big", "input_tokens": 1}\n'
    )
    ingest([str(log)], tmp_path / "l.duckdb", config=Config(), catalogue=prices())
    with open_ledger(tmp_path / "l.duckdb", read_only=True) as store:
        found = gathered(store)

    assert found.prices_as_of == "2026-09-01"  # that of `big`, not the newest of the catalogue
    assert found.prices_digest == prices().digest != catalogue.digest(())


COSTS = """
prices:
  costs:
    - {name: units, amount: 1, per: hour, since: 2026-10-15, allocate_by: "service_tier = 'provisioned'"}
"""


def test_requests_on_provisioned_capacity_are_told_with_those_that_no_fixed_cost_serves(tmp_path: Path) -> None:
    rows = [
        call("a", service_tier="provisioned"),
        call("b", service_tier="Provisioned_Throughput"),
        call("c", service_tier="provisioned", ts="2026-10-14T12:00:00Z"),
        call("d", service_tier="priority"),
        call("e"),
        call("f", service_tier="provisioned", model="own"),  # unpriced is not 0
    ]
    with opened(tmp_path, rows) as store:
        without = gathered(store)
        named = gathered(store, settings(tmp_path, COSTS))
        general = gathered(store, settings(tmp_path, "prices: {costs: [{name: all, amount: 1, per: day}]}"))
        told = [note for note in notes(store) if "provisioned" in note]
    assert (without.provisioned, without.provisioned_unnamed) == (3, 3)
    assert (named.provisioned, named.provisioned_unnamed) == (3, 2)  # b is on another tier, c before the term
    assert (general.provisioned, general.provisioned_unnamed) == (3, 0)
    assert told == [
        "3 requests on provisioned capacity: marginal cost 0; no fixed cost is named for them: prices.costs in llmcost.yaml"
    ]
    assert named.as_json()["provisioned_without_fixed_cost"] == 2


def test_without_provisioned_requests_nothing_is_said_of_them(tmp_path: Path) -> None:
    with opened(tmp_path, [call("a")]) as store:
        assert "provisioned_requests" not in gathered(store).as_json()
        assert not [note for note in notes(store) if "provisioned" in note]
