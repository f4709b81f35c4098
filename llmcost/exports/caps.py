"""The dataset caps: per day, cap and user what the caps of llmcost.yaml looked at, and what each would have refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from llmcost.caps import cap as rules
from llmcost.caps import traffic
from llmcost.caps.replay import replay
from llmcost.config import Config
from llmcost.exports.asked import Asked, Gathered
from llmcost.exports.cells import Field
from llmcost.pricing import levels
from llmcost.resources import sql
from llmcost.store import Store

ORDER = ("day", "cap", "name", "plan", "unit", "window", "kind", "on_limit", "user")
FIELDS = (
    *(Field(name, "text") for name in ORDER),
    Field("requests", "count"),
    Field("refused", "count"),
    Field("cost", "cost"),
    Field("refused_cost", "cost"),
)


def gather(store: Store, config: Config, asked: Asked, wanted: Sequence[str | None]) -> Gathered:
    """Replays all caps over the whole history: what a window holds on a day began before it."""
    seen = traffic.Asked(where=asked.where)
    with levels.contracted(store, config):  # as in every other word on caps
        caps = rules.from_config(config, "turn" if traffic.left_out(store, config, seen).has_turns else "request")
        limits = traffic.prepare(store, config, seen, caps)
        if caps:
            replay(store, [limits], "UTC", keep=True)
        else:
            store.run(sql("caps/refused.sql"))
    store.run(
        'CREATE OR REPLACE TEMP TABLE export_cap_list (number BIGINT, cap VARCHAR, name VARCHAR, plan VARCHAR, unit VARCHAR, "window" VARCHAR, kind VARCHAR, on_limit VARCHAR)'
    )
    listed = [(n, c.text, c.name, c.plan, c.unit, c.window, c.kind, c.on_limit) for n, c in enumerate(caps)]
    store.load("export_cap_list", ("number", "cap", "name", "plan", "unit", "window", "kind", "on_limit"), listed)
    looks = " OR ".join(
        f"c.number = {n}" + (f" AND i.only_{limit.only}" if limit.only is not None else "")
        for n, limit in enumerate(limits)
    )
    user = "t.subject" if asked.raw_users else "export_hashed(t.subject)"
    text = sql("exports/caps.sql").format(user=user, looks=looks or "false", members=traffic.members(caps))
    return Gathered(text, {"days": list(wanted)})


def day_facts(_store: Store, _config: Config, found: Mapping[str, str]) -> Mapping[str, str]:
    """A day depends on every day before it."""
    facts, state = {}, hashlib.sha256()
    for day, fact in found.items():
        state.update(fact.encode())
        facts[day] = state.hexdigest()
    return facts
