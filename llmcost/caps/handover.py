"""Caps handed to a gateway: what it would hold, what it cannot, and how many decisions on the logged traffic would differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.caps import litellm, traffic
from llmcost.caps.cap import PICO, Cap
from llmcost.caps.litellm import Exported, Held
from llmcost.caps.replay import replay
from llmcost.caps.traffic import Asked
from llmcost.config import Config
from llmcost.figures import count, exact
from llmcost.model import Column, Table
from llmcost.resources import sql
from llmcost.store import Store

SCHEMA = "llmcost.caps-export/1"
_OUTCOMES = {"overage": 0, "block": 1, "downgrade": 2}


@dataclass(frozen=True)
class Difference:
    """Requests; how many the gateway would treat otherwise; refused as wanted, and as held."""

    requests: int
    differ: int
    refused_wanted: int
    refused_held: int


def to_litellm(store: Store, config: Config, asked: Asked, caps: Sequence[Cap]) -> Table:
    """llmcost.caps-export/1: a row is a cap with what LiteLLM holds of it, replayed; the head has the budgets to create."""
    per_turn: Mapping[str | None, tuple[int, int]] = {}
    if traffic.counts_turns(caps):
        traffic.prepare(store, config, asked, [Cap(1, "1h", unit="turn")], plans=True)
        per_turn = {plan: (n, turns) for plan, n, turns in store.rows(sql("caps/requests_per_turn.sql")) if turns}
    exported = litellm.export(caps, per_turn)
    each = [_difference(store, config, asked, [one]) for one in exported.caps]
    together = _difference(store, config, asked, exported.caps)
    return _table(exported, each, together)


def _difference(store: Store, config: Config, asked: Asked, caps: Sequence[Held]) -> Difference:
    _outcomes(store, config, asked, [one.wanted for one in caps], "cap_wanted")
    # a soft budget refuses nobody
    _outcomes(store, config, asked, [one.held for one in caps if one.held is not None], "cap_held")
    return Difference(*store.row(sql("caps/outcomes_differ.sql")))


def _outcomes(store: Store, config: Config, asked: Asked, caps: Sequence[Cap], table: str) -> None:
    limits = traffic.prepare(store, config, asked, caps)
    replay(store, [limits], asked.tz, keep=True)
    text = sql("caps/outcomes.sql").format(table=table, members=traffic.members(caps))
    store.run(text, {"outcomes": [_OUTCOMES[cap.on_limit] for cap in caps]})


def _table(exported: Exported, each: Sequence[Difference], together: Difference) -> Table:
    columns = [
        Column("cap", "text"),
        Column("plan", "text"),
        Column("unit", "text"),
        Column("kind", "text"),
        Column("budget_id", "text"),
        Column("field", "text"),
        Column("held_as", "text"),
        Column("not_expressed", "text"),
        *(Column(name, "count") for name in ("requests", "decisions_differ", "refused_wanted", "refused_held")),
    ]
    rows = []
    for one, found in zip(exported.caps, each, strict=True):
        wanted = one.wanted
        figures = (found.requests, found.differ, found.refused_wanted, found.refused_held)
        held = None if one.held is None else f"{one.held.text} {one.held.unit}, {one.held.kind}"
        names = (wanted.text, wanted.plan, wanted.unit, wanted.kind, one.budget_id, one.field, held)
        rows.append([*names, list(one.lost), *figures])
    head: dict[str, object] = {
        "to": "litellm",
        "budgets": list(exported.budgets),
        "environment": dict(exported.environment),
        "apply": [
            "POST each of budgets to /budget/new",
            "give each customer the budget_id of the plan: POST /customer/new {user_id, budget_id}",
            "environment is for the gateway itself, and holds for all its rate limits",
        ],
        "assumptions": [
            "every request is charged at once: in the gateway, requests under way at the same time may all pass",
            "budgets start anew on time: in the gateway a job does it, some ten minutes later at most",
        ],
    }
    foot = {
        "together": {
            "requests": together.requests,
            "decisions_differ": together.differ,
            "refused_wanted": together.refused_wanted,
            "refused_held": together.refused_held,
        }
    }
    return Table(SCHEMA, "Caps for LiteLLM", columns, rows, head=head, foot=foot, rows_name="caps")


def to_json(caps: Sequence[Cap]) -> Table:
    """llmcost.caps-export/1: the caps alone, in the shape of llmcost.yaml, for a gateway of one's own."""
    names = ("name", "plan", "when", "per", "limit", "unit", "window", "kind", "counts", "on_limit")
    rows = []
    for cap in caps:
        limit: object = exact(_dollars(cap)) if cap.unit == "usd" else cap.limit
        consequence: object = {"downgrade": cap.model} if cap.on_limit == "downgrade" else cap.on_limit
        told = (cap.name, cap.plan, cap.when, "user", limit, cap.unit, cap.window, cap.kind, cap.counts, consequence)
        rows.append(list(told))
    columns = [Column(name, "text") for name in names]
    return Table(SCHEMA, "Caps", columns, rows, head={"to": "json"}, rows_name="caps")


def _dollars(cap: Cap) -> Decimal:
    return Decimal(cap.limit) / PICO


def sentences(table: Table) -> list[str]:
    """For people: of every cap what is lost and what differs, and of all together."""
    found = []
    for row in table.rows:
        one = dict(zip((c.name for c in table.columns), row, strict=True))
        name = f"{one['plan']}: {one['cap']}" if one["plan"] else str(one["cap"])
        told = f"{one['field']} of {one['budget_id']}" if one["field"] else "not held"
        lost = one["not_expressed"]
        found.append(
            f"{name} ({one['unit']}, {one['kind']}): {told}; {count(_whole(one['decisions_differ']))} of {count(_whole(one['requests']))} decisions differ"
        )
        found += [f"  not expressed: {what}" for what in (lost if isinstance(lost, list) else ())]
    together = table.foot.get("together")
    if isinstance(together, Mapping):
        found.append(
            f"all together: {count(together['decisions_differ'])} of {count(together['requests'])} decisions differ"
        )
    return found


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
