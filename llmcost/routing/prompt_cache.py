"""Provider prompt caching replayed: which part of each prompt a cache would have held, and what another lifetime would cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llmcost.figures import count, money
from llmcost.resources import sql
from llmcost.store import Store


@dataclass(frozen=True)
class Hits:
    """What the cache did in all. Tokens and blocks are counts; `hit_tokens` are before the provider's minimum and step."""

    requests: int
    requests_hit: int
    blocks: int
    hit_blocks: int
    input_tokens: int
    hit_tokens: int
    read_tokens: int
    read_requests: int
    written_tokens: int
    by_turns: int
    """Requests judged by the turn before, for want of blocks: an upper bound, for the turn may have been rewritten."""
    not_simulated: int
    """Requests with neither blocks nor conversation, or without time: they meet no cache."""

    def notes(self) -> list[str]:
        told = []
        if self.by_turns:
            told.append(
                f"{count(self.by_turns)} requests have no prefix blocks: the turn before counts as their prefix, an upper bound"
            )
        if self.not_simulated:
            told.append(f"{count(self.not_simulated)} requests meet no cache: no prefix blocks, conversation or time")
        return told


def prepare(store: Store) -> None:
    """An empty `cache_requests`, for the caller to fill: its columns are told in prompt_cache_requests.sql."""
    store.run(sql("routing/prompt_cache_requests.sql"))


def simulate(store: Store, *, strict: bool = False) -> Hits:
    """Fills `cache_outcome`, one row per row of `cache_requests`: seq, basis, hit_blocks, hit_tokens and the token columns.

    Rows are taken in the order (ts_us, seq) and see all earlier ones; with `strict` rows of the same instant do not see
    each other. A hit and a miss both refresh. The work is one sort of all blocks.
    """
    store.run(sql("routing/prompt_cache.sql"), {"strict": strict})
    return Hits(*(int(figure) for figure in store.row(sql("routing/prompt_cache_hits.sql"))))


def lifetime_answer(name: str, cost_now: Decimal | None, cost_then: Decimal | None) -> str | None:
    """One sentence on another lifetime, "1-hour TTL would cost 29 % more on this traffic"; None when a cost is unknown.

    Costs are exact money of the same requests; the percentage alone is rounded.
    """
    if cost_now is None or cost_then is None or cost_now <= 0:
        return None
    if cost_then == cost_now:
        return f"{name} TTL would cost the same on this traffic"
    share = (abs(cost_then - cost_now) * 100 / cost_now).quantize(Decimal(1))
    figure = f"{share}" if share else "less than 1"
    word = "more" if cost_then > cost_now else "less"
    return f"{name} TTL would cost {figure} % {word} on this traffic ({money(cost_then)} against {money(cost_now)})"
