"""Exact replay of caps over any traffic: users who cannot reach a limit are settled in SQL, the others in order of time.

The traffic is the relation `cap_items`: one row is one request (or one turn, which is served or refused whole) with
subject, ts_us, seq, item (its number), requests, cost_pico, weight_turn, weight_request, weight_token, weight_usd,
and one flag `only_N` for every condition that a cap has. Order is (ts_us, seq); windows are half-open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmcost.caps.cap import METERS, Cap, periods
from llmcost.resources import sql
from llmcost.store import Store

PORTION = 2_000_000
"""Rows that are looked at together: what bounds the memory."""

FEW = 64
"""So many of the longest users are walked through alone: in step with others they would make the others wait."""

NEVER = 1 << 120
"""A limit that nothing reaches."""


@dataclass(frozen=True)
class Limit:
    """A cap, and the number of the flag that says which rows it looks at; None is every row."""

    cap: Cap
    only: int | None = None


@dataclass
class Replayed:
    """What one set of caps did. Requests and items (turns, where a turn is one item), money in pico-dollars."""

    caps: Sequence[Cap]
    users: int = 0
    requests: int = 0
    items: int = 0
    cost_pico: int = 0
    refused_items: list[int] = field(default_factory=list)
    """Per cap: what it refused first."""
    refused_requests: list[int] = field(default_factory=list)
    refused_cost_pico: list[int] = field(default_factory=list)
    users_refused: int = 0

    def refused(self, on_limit: str) -> int:
        """Requests for which a limit had this consequence."""
        return sum(n for n, cap in zip(self.refused_requests, self.caps, strict=True) if cap.on_limit == on_limit)

    def refused_cost(self, on_limit: str) -> int:
        """Their cost, in pico-dollars."""
        return sum(n for n, cap in zip(self.refused_cost_pico, self.caps, strict=True) if cap.on_limit == on_limit)

    @property
    def served(self) -> int:
        """Requests that stayed within every limit."""
        return self.requests - sum(self.refused_requests)


def replay(store: Store, sets: Sequence[Sequence[Limit]], tz: str = "UTC", *, keep: bool = False) -> list[Replayed]:
    """Replays `cap_items` under each set of limits on its own; the sorting is shared.

    With `keep` (for one set) `cap_refused` holds what was refused: item, and the number of the limit that decided.
    """
    _settle(store, [limit.cap for one in sets for limit in one])
    users, requests, items, cost_pico, first_us, last_us = store.row(sql("caps/totals.sql"))
    found = [
        Replayed(
            [limit.cap for limit in one],
            users,
            requests,
            items,
            cost_pico,
            [0] * len(one),
            [0] * len(one),
            [0] * len(one),
        )
        for one in sets
    ]
    if keep:
        store.run(sql("caps/refused.sql"))
    for part in _parts(store, sets):
        for one, total in zip(sets, found, strict=True):
            decided = _decide(part, one, tz, (first_us, last_us))
            _add(total, part, decided)
            if keep and decided.any():
                refused = decided > 0
                store.take("cap_refused", {"item": part.item[refused], "decided_by": decided[refused] - 1})
    return found


def _settle(store: Store, caps: Sequence[Cap]) -> None:
    """Who could be refused anything: those who reach the smallest limit of some unit in all their time."""
    least = {unit: min((c.limit for c in caps if c.unit == unit), default=NEVER) for unit in ("turn", "request")}
    least |= {unit: min((c.limit for c in caps if c.unit == unit), default=NEVER) for unit in ("token", "usd")}
    store.run(sql("caps/subjects.sql"), {f"limit_{unit}": n for unit, n in least.items()} | {"portion": PORTION})
    store.run(sql("caps/doubtful.sql"))


@dataclass(frozen=True)
class _Part:
    """Some users with all their rows in order, as numpy arrays."""

    columns: dict[str, Any]
    begins: Any
    """Where each user's rows begin."""
    lengths: Any

    @property
    def times(self) -> Any:
        return self.columns["ts_us"]

    @property
    def item(self) -> Any:
        return self.columns["item"]


def _parts(store: Store, sets: Sequence[Sequence[Limit]]) -> Iterator[_Part]:
    import numpy as np

    limits = [limit for one in sets for limit in one]
    wanted = {f"weight_{limit.cap.unit}" for limit in limits}
    wanted |= {f"only_{limit.only}" for limit in limits if limit.only is not None}
    chosen = ", ".join(["lane", "ts_us", "item", "requests", "cost_pico", *sorted(wanted)])
    last = store.value(sql("caps/portions.sql"))
    for number in range(0 if last is None else last + 1):
        columns = store.arrays(sql("caps/portion.sql").format(chosen=chosen), {"slice": number})
        lanes = columns["lane"]
        if not len(lanes):
            continue
        begins = np.concatenate(([0], np.flatnonzero(lanes[1:] != lanes[:-1]) + 1))
        yield _Part(columns, begins, np.diff(np.append(begins, len(lanes))))


def _decide(part: _Part, limits: Sequence[Limit], tz: str, span_us: tuple[int, int]) -> Any:
    """Per row 0 when it is served, else 1 + the number of the limit that decided."""
    import numpy as np

    if len(limits) == 1 and limits[0].only is None and limits[0].cap.kind == "rolling":
        cap = limits[0].cap
        if (part.columns[f"weight_{cap.unit}"] == 1).all():
            return _rolling_counts(part, cap).astype(np.int8)
    decided = np.zeros(len(part.times), dtype=np.int8)
    numbering = [periods(limit.cap, tz, *span_us) for limit in limits]
    for begin, length in zip(part.begins.tolist(), part.lengths.tolist(), strict=True):
        rows = slice(begin, begin + length)
        weights = [_weights(part, limit, rows) for limit in limits]
        meters = [
            METERS[limit.cap.kind](limit.cap.limit, limit.cap.span_us, period)
            for limit, period in zip(limits, numbering, strict=True)
        ]
        outcome = one_by_one(part.times[rows].tolist(), weights, meters, [limit.cap for limit in limits])
        decided[rows] = outcome
    return decided


def _weights(part: _Part, limit: Limit, rows: slice) -> list[int | None]:
    """What each row weighs for this limit; None where it does not look."""
    weights: list[int | None] = [int(w) for w in part.columns[f"weight_{limit.cap.unit}"][rows].tolist()]
    if limit.only is None:
        return weights
    flags = part.columns[f"only_{limit.only}"][rows].tolist()
    return [w if flag else None for w, flag in zip(weights, flags, strict=True)]


def one_by_one(
    times: Sequence[int], weights: Sequence[Sequence[int | None]], meters: Sequence[Any], caps: Sequence[Cap]
) -> list[int]:
    """The rows of one user in order: 0 for served, else 1 + the number of the limit that decided.

    A refusal that blocks goes before one that downgrades, and that before overage; then the first cap counts. What is
    blocked counts nowhere; what is downgraded or paid as overage counts in the windows that did not refuse it. Windows
    that count attempts count everything.
    """
    order = sorted(range(len(caps)), key=lambda n: (("block", "downgrade", "overage").index(caps[n].on_limit), n))
    fits, counts = [meter[0] for meter in meters], [meter[1] for meter in meters]
    always = [cap.counts == "attempts" for cap in caps]
    blocks = [cap.on_limit == "block" for cap in caps]
    outcome = []
    for t, *own in zip(times, *weights, strict=True):
        refusing = {n for n, weight in enumerate(own) if weight is not None and not fits[n](t, weight)}
        decider = next((n for n in order if n in refusing), None) if refusing else None
        blocked = decider is not None and blocks[decider]
        for n, weight in enumerate(own):
            if weight is not None and (always[n] or not (blocked or n in refusing)):
                counts[n](t, weight)
        outcome.append(0 if decider is None else decider + 1)
    return outcome


def _rolling_counts(part: _Part, cap: Cap) -> Any:
    """One rolling window over rows that weigh 1: which are refused."""
    import numpy as np

    times, limit, span = part.times, cap.limit, cap.span_us
    refused = np.zeros(len(times), dtype=bool)
    if limit >= len(times):
        return refused
    # the row `limit` places back is of the same user and still in the window
    crowded = times[limit:] - times[:-limit] < span
    lanes = part.columns["lane"]
    crowded &= lanes[limit:] == lanes[:-limit]
    if cap.counts == "attempts":
        refused[limit:] = crowded
        return refused
    # no user is ever refused but those of whom some row is crowded
    needy = np.unique(lanes[limit:][crowded])
    chosen = np.isin(lanes[part.begins], needy, assume_unique=True)
    begins, lengths = part.begins[chosen], part.lengths[chosen]
    order = np.argsort(-lengths, kind="stable")
    begins, lengths = begins[order], lengths[order]
    for begin, length in zip(begins[:FEW].tolist(), lengths[:FEW].tolist(), strict=True):
        _alone(times, refused, begin, length, limit, span)
    _in_step(times, refused, begins[FEW:], lengths[FEW:], limit, span)
    return refused


def _alone(times: Any, refused: Any, begin: int, length: int, limit: int, span: int) -> None:
    """One user: what is refused is leapt over, up to the time at which the oldest served one has left the window."""
    from bisect import bisect_left

    own = times[begin : begin + length].tolist()
    served = own[:limit]
    at = limit
    while at < length:
        free_at = served[-limit] + span
        if own[at] >= free_at:
            served.append(own[at])
            at += 1
        else:
            leap = bisect_left(own, free_at, at)
            refused[begin + at : begin + leap] = True
            at = leap


def _in_step(times: Any, refused: Any, begins: Any, lengths: Any, limit: int, span: int) -> None:
    """Many users at once, longest first: the k-th row of each, then the next."""
    import numpy as np

    if not len(begins):
        return
    served = times.copy()  # of each user, the served times in front
    end = begins + limit  # behind the last of them; the first `limit` rows are always served
    falling = -lengths
    for k in range(limit, int(lengths[0])):
        still = int(np.searchsorted(falling, -k, side="left"))
        rows, last = begins[:still] + k, end[:still]
        now = times[rows]
        fits = now - served[last - limit] >= span
        served[last] = now
        last += fits  # a view of `end`
        refused[rows] = ~fits


def _add(total: Replayed, part: _Part, decided: Any) -> None:
    import numpy as np

    any_refused = decided > 0
    if not any_refused.any():
        return
    total.users_refused += int(np.add.reduceat(any_refused, part.begins, dtype=np.int64).astype(bool).sum())
    for n in range(len(total.caps)):
        mine = decided == n + 1
        total.refused_items[n] += int(mine.sum())
        total.refused_requests[n] += int(part.columns["requests"][mine].sum())
        total.refused_cost_pico[n] += _sum(part.columns["cost_pico"][mine])


def _sum(values: Any) -> int:
    """A sum that 64 bits need not hold."""
    million = 1_000_000
    return int((values // million).sum()) * million + int((values % million).sum())
