"""Traffic for caps without a ledger: rows of (user, ts_us, weight) as the relation that replays read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from llmcost.caps.cap import Cap
from llmcost.caps.replay import Limit, Replayed, replay
from llmcost.store import Store, open_scratch

Row = tuple[str, int, int]
"""User, time in µs, weight in tokens and pico-dollars; as a request it weighs 1. Their order breaks ties."""

SECOND = 1_000_000


@contextmanager
def items(rows: Sequence[Row]) -> Iterator[Store]:
    with open_scratch() as store:
        store.run("CREATE TEMP TABLE given (subject VARCHAR, ts_us BIGINT, weight BIGINT, seq BIGINT)")
        # stored backwards: a replay must not lean on the order of storage
        stored = [(*row, seq) for seq, row in enumerate(rows)][::-1]
        store.load("given", ("subject", "ts_us", "weight", "seq"), stored)
        store.run(
            "CREATE TEMP TABLE cap_items AS SELECT subject, ts_us, seq, seq AS item, 1::BIGINT AS requests, weight AS cost_pico, "
            "1::BIGINT AS weight_turn, 1::BIGINT AS weight_request, weight AS weight_token, weight AS weight_usd, "
            "weight % 2 = 0 AS only_0 FROM given"
        )
        yield store


def decisions(rows: Sequence[Row], limits: Sequence[Limit | Cap], tz: str = "UTC") -> tuple[list[int], Replayed]:
    """Per row, in the order given: 0 for served, else 1 + the number of the limit that decided."""
    with items(rows) as store:
        given = [limit if isinstance(limit, Limit) else Limit(limit) for limit in limits]
        (found,) = replay(store, [given], tz, keep=True)
        refused = dict(store.rows("SELECT item, decided_by FROM cap_refused"))
    return [refused.get(seq, -1) + 1 for seq in range(len(rows))], found
