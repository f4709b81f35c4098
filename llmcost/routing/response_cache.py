"""Exact response caching replayed: the same prompt to the same model again, answered without a call."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llmcost.figures import count
from llmcost.resources import sql
from llmcost.store import Store


@dataclass(frozen=True)
class Answered:
    """What the cache did in all: counts of requests, and USD."""

    requests: int
    hits: int
    saving: Decimal
    hits_unpriced: int
    without_key: int
    """Requests without prompt_hash or time: they meet no cache."""

    def notes(self) -> list[str]:
        told = [
            "an exact cache gives every asker the first answer: at a temperature above 0 they may have wanted others"
        ]
        if self.hits_unpriced:
            told.append(f"{count(self.hits_unpriced)} hits have no known cost: the saving leaves them out")
        if self.without_key:
            told.append(f"{count(self.without_key)} requests meet no response cache: no prompt_hash or time")
        return told


def prepare(store: Store) -> None:
    """An empty `response_requests`, for the caller to fill: its columns are told in response_cache_requests.sql."""
    store.run(sql("routing/response_cache_requests.sql"))


def simulate(store: Store) -> Answered:
    """Fills `response_hits` (seq, stored_seq): the requests that were answered, and whose answer they got.

    Requests are taken in the order (ts_us, seq). An answer lives for its lifetime from the call that stored it; hits do
    not prolong it, and the first call after it stores anew.
    """
    found = store.arrays(sql("routing/response_cache_repeats.sql"))
    hits: list[tuple[int, int]] = []
    answer, stored_us, stored_seq = 0, 0, 0  # answers are numbered from 1
    columns = (found[name].tolist() for name in ("answer", "seq", "ts_us", "ttl_us"))
    for key, seq, ts_us, ttl_us in zip(*columns, strict=True):
        if key == answer and (ttl_us < 0 or ts_us - stored_us <= ttl_us):
            hits.append((seq, stored_seq))
        else:
            answer, stored_us, stored_seq = key, ts_us, seq
    store.run("CREATE OR REPLACE TEMP TABLE response_hits (seq BIGINT, stored_seq BIGINT)")
    store.load("response_hits", ("seq", "stored_seq"), hits)
    requests, count_, saving, unpriced, without = store.row(sql("routing/response_cache_hits.sql"))
    return Answered(requests, count_, saving, unpriced, without)
