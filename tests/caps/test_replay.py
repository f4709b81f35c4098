"""Replay of caps: hand-made traffic, and random traffic against brute force."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.caps import replay as engine
from llmcost.caps.cap import COUNTS, GATEWAY_KINDS, KINDS, Cap
from llmcost.caps.replay import Limit, replay
from tests.caps import oracle
from tests.caps.traffic import SECOND, Row, decisions, items

HOUR = 3600 * SECOND


def at(*seconds: int, user: str = "u") -> list[Row]:
    return [(user, s * SECOND, 1) for s in seconds]


def served(rows: list[Row], *caps: Cap) -> str:
    """The decisions as 1 and 0."""
    return "".join("0" if one else "1" for one in decisions(rows, caps)[0])


def test_a_window_is_half_open_and_exactly_one_window_later_is_allowed() -> None:
    assert served(at(0, 1, 59, 60, 61), Cap(2, "1min")) == "11011"


def test_blocked_requests_do_not_count_in_a_rolling_window_but_attempts_do() -> None:
    rows = at(0, 30, 59, 61)
    assert served(rows, Cap(1, "1min")) == "1001"
    assert served(rows, Cap(1, "1min", counts="attempts")) == "1000"


def test_requests_of_one_instant_are_taken_in_their_order() -> None:
    assert served(at(5, 5, 5, 5), Cap(3, "1h")) == "1110"
    mixed = [("u", 5, 3), ("u", 5, 1), ("u", 5, 1)]
    assert served(mixed, Cap(3, "1h", unit="token")) == "100"


def test_every_user_has_windows_of_their_own() -> None:
    rows = [("a", 1, 1), ("b", 1, 1), ("a", 2, 1), ("b", 3, 1)]
    assert served(rows, Cap(1, "1h")) == "1100"


def test_an_aligned_window_starts_anew_on_the_clock_and_a_first_request_window_with_a_request() -> None:
    rows = at(50, 59, 61, 109, 111)
    assert served(rows, Cap(1, "1min", kind="aligned")) == "10100"
    assert served(rows, Cap(1, "1min", kind="first_request")) == "10001"


def test_a_token_bucket_refills_evenly() -> None:
    # two a minute: full at 0, two are taken, one is back after 30 seconds
    assert served(at(0, 0, 29, 30, 31, 60), Cap(2, "1min", kind="token_bucket")) == "110101"


def test_a_sliding_counter_weighs_the_window_before_by_what_is_left_of_it() -> None:
    # two in the minute before; at 61 s 59/60 of them: 1.97 < 2 serves one, then 1.97 + 1 does not
    assert served(at(0, 1, 61, 62, 90, 119), Cap(2, "1min", kind="sliding_counter")) == "111001"


def test_dollars_and_tokens_are_counted_by_what_they_weigh_and_a_dear_one_leaves_room_for_a_cheap_one() -> None:
    rows = [("u", 0, 6), ("u", 1, 5), ("u", 2, 4), ("u", 3, 1)]
    assert served(rows, Cap(10, "1h", unit="usd")) == "1010"
    assert served(rows, Cap(10, "1h", unit="token", counts="attempts")) == "1000"


def test_a_request_counts_in_every_window_only_when_all_serve_it() -> None:
    # the third is refused by the minute; had it counted in the hour, the fourth were refused too
    rows = at(0, 1, 2, 61, 62)
    assert served(rows, Cap(2, "1min"), Cap(3, "1h")) == "11010"


def test_a_downgraded_request_counts_where_it_was_not_refused() -> None:
    caps = [Cap(1, "1min", on_limit="downgrade", model="m"), Cap(2, "1h")]
    # the second is downgraded by the minute and counts in the hour: the third is blocked by the hour
    assert decisions(at(0, 1, 61), caps)[0] == [0, 1, 2]


def test_overage_is_served_and_does_not_use_up_the_allowance() -> None:
    caps = [Cap(1, "1min", on_limit="overage")]
    found, total = decisions(at(0, 30, 60), caps)
    assert found == [0, 1, 0]
    assert (total.served, total.refused("overage"), total.refused("block")) == (2, 1, 0)


def test_a_month_is_that_of_the_calendar_in_the_zone_asked_for() -> None:
    january_31, february_1 = 1_769_900_000, 1_769_904_000  # 22:53 and 24:00 in UTC
    cap = Cap(1, "month", kind="aligned")
    assert decisions(at(january_31, february_1), [cap])[0] == [0, 0]
    assert decisions(at(january_31, february_1), [cap], tz="Europe/Berlin")[0] == [0, 0]
    assert decisions(at(january_31, february_1), [cap], tz="America/New_York")[0] == [0, 1]


def test_a_week_begins_on_monday_and_seven_days_on_the_clock() -> None:
    sunday, monday = 1_769_990_400 - 7200 - 3600, 1_769_990_400 - 1  # 2026-02-01 21:00 and 23:59:59
    rows = at(sunday, monday, monday + 1)
    assert served(rows, Cap(1, "week", kind="aligned")) == "101"
    assert served(rows, Cap(1, "7d", kind="aligned")) == "100"


def test_a_cap_with_a_condition_looks_at_nothing_else() -> None:
    rows = [("u", 0, 2), ("u", 1, 1), ("u", 2, 1), ("u", 3, 2)]  # the flag: even weights
    found, _ = decisions(rows, [Limit(Cap(1, "1h"), only=0)])
    assert found == [0, 0, 0, 1]


def test_the_money_of_what_was_refused_is_told_to_the_last_digit() -> None:
    dear = 900_000 * 10**12
    rows = [("u", n, dear + n) for n in range(30)]
    _, total = decisions(rows, [Cap(1, "1h")])
    assert total.cost_pico == 30 * dear + sum(range(30))
    assert total.refused_cost("block") == 29 * dear + sum(range(1, 30))
    assert (total.requests, total.served, total.users, total.users_refused) == (30, 1, 1, 1)


def test_users_who_cannot_reach_the_limit_are_not_looked_at() -> None:
    rows = [*at(*range(5), user="many"), *at(*range(2), user="few"), *at(9, user="one")]
    with items(rows) as store:
        replay(store, [[Limit(Cap(3, "1h"))]])
        assert store.rows("SELECT DISTINCT subject FROM cap_subjects WHERE slice IS NOT NULL") == [("many",)]


def test_nothing_at_all_is_replayed_as_nothing() -> None:
    assert decisions([], [Cap(3, "1h")])[1].requests == 0


def many(seed: int, users: int, rows: int) -> list[Row]:
    """Bursts: most of the gaps are short, some long; several at the same instant."""
    source = random.Random(seed)
    found, t = [], 1_700_000_000 * SECOND
    for _ in range(rows):
        t += source.choice((0, 0, 1, 3, 20, 400)) * SECOND
        found.append((f"u{source.randrange(users)}", t, source.randrange(4)))
    return found


@pytest.mark.parametrize("portion", [7, 2_000_000])
@pytest.mark.parametrize("few", [0, 3, 64])
def test_however_the_users_are_walked_through_the_decisions_are_the_same(few: int, portion: int) -> None:
    rows = many(1, 9, 400)
    cap = Cap(3, "2min")
    with patch.object(engine, "FEW", few), patch.object(engine, "PORTION", portion):
        assert decisions(rows, [cap])[0] == oracle.decide(rows, [cap])


def test_a_scan_gives_each_cap_what_it_gives_alone() -> None:
    rows = many(2, 5, 300)
    caps = [Cap(n, w, kind=k) for n in (1, 3, 8) for w in ("1min", "1h") for k in ("rolling", "aligned")]
    with items(rows) as store:
        together = replay(store, [[Limit(cap)] for cap in caps])
        assert together == [replay(store, [[Limit(cap)]])[0] for cap in caps]


def test_more_may_be_served_under_a_looser_cap_never_less() -> None:
    rows = many(3, 4, 300)
    with items(rows) as store:
        found = replay(store, [[Limit(Cap(n, "10min"))] for n in range(1, 30)])
    counts = [one.served for one in found]
    assert counts == sorted(counts)


rows_of = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([0, 0, 1, 7, 30, 59, 60, 61, 200]), st.integers(0, 4)),
    max_size=40,
)
caps_of = st.builds(
    Cap,
    limit=st.integers(1, 6),
    window=st.sampled_from(["1min", "2min", "1h"]),
    unit=st.sampled_from(["turn", "request", "token", "usd"]),
    kind=st.sampled_from(list(KINDS)),
    counts=st.sampled_from(COUNTS),
    on_limit=st.sampled_from(["block", "downgrade", "overage"]),
)


@settings(max_examples=60, deadline=None)
@given(
    gaps=rows_of, caps=st.lists(caps_of, min_size=1, max_size=3), narrow=st.lists(st.booleans(), min_size=3, max_size=3)
)
def test_random_traffic_is_decided_as_by_brute_force(
    gaps: list[tuple[str, int, int]], caps: list[Cap], narrow: list[bool]
) -> None:
    rows, t = [], 1_700_000_000
    for user, gap, weight in gaps:
        t += gap
        rows.append((user, t * SECOND, weight))
    limits = [Limit(cap, only=0 if only else None) for cap, only in zip(caps, narrow, strict=False)]
    assert decisions(rows, limits)[0] == oracle.decide(rows, caps, narrow)


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", ["request", "token"])
def test_every_kind_agrees_with_brute_force_on_bursts(kind: str, counts: str, unit: str) -> None:
    rows = many(4, 3, 250)
    cap = Cap(5, "5min", unit=unit, kind=kind, counts=counts)
    found = decisions(rows, [cap])[0]
    assert found == oracle.decide(rows, [cap])
    assert 0 < sum(found) < len(rows)


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.sampled_from([0, 1, 5, 11, 13, 24, 100, 167, 300, 720]), max_size=40),
    limit=st.integers(1, 4),
    window=st.sampled_from(["day", "week", "month"]),
    kind=st.sampled_from(["aligned", "litellm-end-user"]),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_windows_of_the_calendar_are_those_that_a_calendar_shows(
    hours: list[int], limit: int, window: str, kind: str, tz: str
) -> None:
    rows, t = [], datetime(2026, 2, 27, 22, 30, tzinfo=timezone.utc)  # clocks change in March
    for hour in hours:
        t += timedelta(hours=hour)
        rows.append(("u", int(t.timestamp()) * SECOND, 1))
    counted: Counter[object] = Counter()
    expected = []
    for _, us, _ in rows:
        local = datetime.fromtimestamp(us // SECOND, tz=ZoneInfo(tz))
        period = {"day": local.date(), "week": local.isocalendar()[:2], "month": (local.year, local.month)}[window]
        fits = counted[period] < limit if kind == "aligned" else counted[period] <= limit
        counted[period] += fits
        expected.append(0 if fits else 1)
    assert decisions(rows, [Cap(limit, window, kind=kind)], tz=tz)[0] == expected


@pytest.mark.parametrize("kind", GATEWAY_KINDS)
@settings(max_examples=60, deadline=None)
@given(gaps=rows_of, limit=st.integers(1, 9), window=st.sampled_from(["1min", "1h", "2h"]))
def test_what_gateways_make_of_a_cap_is_decided_as_by_brute_force(
    kind: str, gaps: list[tuple[str, int, int]], limit: int, window: str
) -> None:
    rows, t = [], 1_700_000_000 * SECOND
    for user, gap, weight in gaps:
        t += gap * SECOND + 400_000 * weight
        rows.append((user, t, weight))
    cap = Cap(limit, window, unit="token", kind=kind)
    assert decisions(rows, [cap])[0] == oracle.decide(rows, [cap])
