"""Prompt caches as the log measured them: what was read, what was written for nobody, and what writes for an hour would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.attribution import focus
from llmcost.config import Config
from llmcost.figures import exact_money, money
from llmcost.model import Column, Table
from llmcost.pricing import charges
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.routing.placed import Question
from llmcost.routing.prompt_cache import lifetime_answer
from llmcost.store import Store

SHOWN = 10
"""The dearest models and agents that people are shown."""
SCHEMA = "llmcost.caches/1"
COLUMNS = (
    Column("model", "text"),
    Column("agent", "text"),
    Column("requests", "count", brief=False),
    Column("input_tokens", "count", "input tok"),
    Column("cache_read_tokens", "count", "read", brief=False),
    Column("hit_share", "share", "read of input"),
    Column("cache_write_tokens", "count", "written", brief=False),
    Column("never_read_tokens", "count", "never read"),
    Column("waste", "cost"),
    Column("one_hour", "cost", "1-hour instead"),
)


@dataclass(frozen=True)
class Cached:
    """One model and agent. Tokens are counts, money is USD; None is a price that nobody knows.

    `waste` is the surcharge of writes that were never read: the same tokens as plain input cost so much less. `one_hour` is
    what five-minute writes made for an hour would add, less what they would save; None without five-minute writes.
    """

    provider: str | None
    model: str | None
    agent: str | None
    requests: int
    input_tokens: int
    read_tokens: int
    written_tokens: int
    never_read_tokens: int
    cost: Decimal | None
    waste: Decimal | None
    one_hour: Decimal | None

    @property
    def hit_share(self) -> Decimal | None:
        return Decimal(self.read_tokens) / self.input_tokens if self.input_tokens else None


@dataclass(frozen=True)
class Caches:
    """All that read or wrote, dearest first; `longer` answers whether an hour would pay, in one sentence."""

    rows: Sequence[Cached]
    longer: str | None


def measured(store: Store, config: Config, catalogue: Catalogue, question: Question) -> Caches:
    """Of the production calls in question that have a time. Unread and renewed writes are priced like any other traffic."""
    lens = focus(store, config, question.tz)
    names = {"rt_scope": "scope", "rt_session": "session", "rt_agent": "agent"}
    text = lens.select(names, question.where, question.window)
    store.run(sql("routing/measured_caches.sql").format(attributed=text), lens.params)
    charges.prepare(store, catalogue)
    rows, now, then = [], Decimal(0), Decimal(0)
    for provider, model, agent, requests, given, read, written, never, written_5m, cost, waste, longer in store.rows(
        sql("routing/cache_report.sql").format(charges=sql(charges.CHARGES))
    ):
        one_hour = longer if written_5m else None
        rows.append(Cached(provider, model, agent, requests, given, read, written, never, cost, waste, one_hour))
        if cost is not None and one_hour is not None:
            now, then = now + cost, then + cost + one_hour
    return Caches(rows, lifetime_answer("1-hour", now, then) if now else None)


def rows(found: Caches) -> list[list[object]]:
    return [
        [
            *("/".join(filter(None, (one.provider, one.model))) or None, one.agent, one.requests, one.input_tokens),
            *(one.read_tokens, one.hit_share, one.written_tokens, one.never_read_tokens, one.waste, one.one_hour),
        ]
        for one in found.rows
    ]


def for_people(found: Caches) -> list[Table]:
    """One table; none where nothing was cached."""
    if not found.rows:
        return []
    notes = [
        "never read: written, and no later request of the same conversation (else agent) read it while it lived; waste is its surcharge",
    ]
    if found.longer:
        notes.append(
            f"{found.longer}, by the gaps in the log: what was written again within an hour would have been read"
        )
    if len(found.rows) > SHOWN:
        notes.append(f"{len(found.rows) - SHOWN} more, in --format json")
    columns = [*COLUMNS[:-2], Column("waste", "text"), Column("one_hour", "text", "1-hour instead", brief=False)]
    shown = [
        [*cells[:-2], _usd(one.waste if one.written_tokens else None), _usd(one.one_hour, sign="+")]
        for one, cells in zip(found.rows[:SHOWN], rows(found), strict=False)
    ]
    return [Table(SCHEMA, "Prompt caches, as measured", columns, shown, notes=notes)]


def _usd(amount: Decimal | None, sign: str = "") -> str:
    return "-" if amount is None else f"{sign if amount > 0 else ''}{money(amount)}"


def as_objects(found: Caches) -> list[dict[str, object]]:
    """The rows as JSON holds them."""
    return [
        {
            column.name: cell
            if not isinstance(cell, Decimal)
            else float(cell)
            if column.kind == "share"
            else exact_money(cell)
            for column, cell in zip(COLUMNS, row, strict=True)
        }
        for row in rows(found)
    ]
