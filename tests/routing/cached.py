"""Traffic for a prompt cache without a ledger, and the obvious way to replay it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.routing import prompt_cache
from llmcost.store import open_scratch

SECOND = 1_000_000


@dataclass(frozen=True)
class Prompt:
    """One request; its place in the list breaks ties of time."""

    ts_us: int | None
    blocks: tuple[int, ...] | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    scope: str | None = "org"
    model: str = "m"
    session: str | None = None


@dataclass(frozen=True)
class Outcome:
    basis: str
    hit_blocks: int
    hit_tokens: int
    fresh: int
    read: int
    written_5m: int
    written_1h: int
    written_other: int


COLUMNS = (
    *("seq", "ts_us", "scope", "model", "session", "prefix_blocks", "block_tokens", "input_tokens", "output_tokens"),
    *("ttl_us", "min_tokens", "step_tokens", "write_column"),
)


def replayed(
    prompts: Sequence[Prompt],
    ttl_s: int | None,
    *,
    strict: bool = False,
    block_tokens: int = 512,
    min_tokens: int = 0,
    step_tokens: int = 1,
    write_column: str | None = None,
) -> tuple[list[Outcome], prompt_cache.Hits]:
    """What became of each prompt, in the order given, and the totals."""
    ttl_us = None if ttl_s is None else ttl_s * SECOND
    rows = [
        (seq, p.ts_us, p.scope, p.model, p.session, None if p.blocks is None else list(p.blocks), block_tokens)
        + (p.input_tokens, p.output_tokens, ttl_us, min_tokens, step_tokens, write_column)
        for seq, p in enumerate(prompts)
    ]
    with open_scratch() as store:
        prompt_cache.prepare(store)
        # stored backwards: a replay must not lean on the order of storage
        store.load("cache_requests", COLUMNS, rows[::-1])
        hits = prompt_cache.simulate(store, strict=strict)
        found = store.rows("SELECT * EXCLUDE (seq) FROM cache_outcome ORDER BY seq")
    return [Outcome(*row) for row in found], hits


def slowly(prompts: Sequence[Prompt], ttl_s: int | None, *, strict: bool = False) -> list[int]:
    """Hit blocks by definition: of each prompt, block by block, whether an earlier prompt touched it within the lifetime."""
    order = sorted(range(len(prompts)), key=lambda i: (prompts[i].ts_us, i))
    hits = [0] * len(prompts)
    for place, i in enumerate(order):
        mine = prompts[i]
        earlier = [
            prompts[j] for j in order[:place] if prompts[j].scope == mine.scope and prompts[j].model == mine.model
        ]
        if strict:
            earlier = [p for p in earlier if p.ts_us < mine.ts_us]
        if ttl_s is not None:
            earlier = [p for p in earlier if mine.ts_us - p.ts_us <= ttl_s * SECOND]
        alive = {block for p in earlier for block in p.blocks or ()}
        for block in mine.blocks or ():
            if block not in alive:
                break
            hits[i] += 1
    return hits


def longest_common_prefix(prompts: Sequence[Prompt], ttl_s: int) -> list[int]:
    """The same for ids that stand for a whole prefix: the longest common prefix with any earlier prompt within the lifetime."""
    found = []
    for i, mine in enumerate(prompts):
        best = 0
        for other in prompts[:i]:
            if mine.ts_us - other.ts_us <= ttl_s * SECOND and (other.scope, other.model) == (mine.scope, mine.model):
                same = 0
                for a, b in zip(mine.blocks or (), other.blocks or (), strict=False):
                    if a != b:
                        break
                    same += 1
                best = max(best, same)
        found.append(best)
    return found
