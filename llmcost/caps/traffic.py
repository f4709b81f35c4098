"""The traffic that caps look at, as the temporary relation `cap_items`, and what was left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.attribution import focus
from llmcost.caps.cap import Cap
from llmcost.caps.replay import Limit
from llmcost.conditions import FIELDS, Comparison, Condition, parse
from llmcost.config import Config
from llmcost.figures import count
from llmcost.resources import sql
from llmcost.store import Store, quote_identifier
from llmcost.windows import Window


@dataclass(frozen=True)
class Asked:
    """Which traffic: whom caps are per, under which condition, in which window."""

    per: str = "user"
    where: Condition | None = None
    window: Window = Window()
    tz: str = "UTC"


@dataclass(frozen=True)
class LeftOut:
    """Requests that no cap looks at, each under the first reason that holds."""

    not_production: int
    aggregated: int
    without_user: int
    without_time: int
    has_turns: bool

    def notes(self, per: str) -> list[str]:
        told = (
            (self.not_production, "outside production"),
            (self.without_user, f"without {per}"),
            (self.without_time, "without time"),
            (self.aggregated, "in aggregated rows"),
        )
        parts = [f"{count(number)} {what}" for number, what in told if number]
        return [f"requests that caps do not look at: {', '.join(parts)}"] if parts else []


def left_out(store: Store, config: Config, asked: Asked) -> LeftOut:
    """What the question excludes, and whether the log knows turns."""
    lens = focus(store, config, asked.tz)
    names = {"cap_subject": asked.per, "cap_scope": "scope", "turn_given": "turn"}
    text = lens.select(names, asked.where, asked.window)
    return LeftOut(*store.row(sql("caps/left_out.sql").format(attributed=text), lens.params))


def prepare(store: Store, config: Config, asked: Asked, caps: Sequence[Cap], *, plans: bool = False) -> list[Limit]:
    """Fills `cap_traffic` and `cap_items` for these caps, and numbers the conditions that they have.

    When any cap counts turns, a row of `cap_items` is a turn, and `cap_members` says which requests are in it.
    """
    lens = focus(store, config, asked.tz)
    conditions = list(dict.fromkeys((cap.plan, cap.when) for cap in caps if cap.plan is not None or cap.when))
    by_turn = counts_turns(caps)
    names = {"cap_subject": asked.per, "cap_scope": "scope"}
    names |= {"turn_given": "turn"} if by_turn else {}
    names |= {"cap_plan": "plan"} if plans else {}
    flags = []
    for number, (plan, when) in enumerate(conditions):
        tests = []
        if plan is not None:
            tests.append(lens.condition(Comparison("plan", "=", plan)))
        if when:
            tests.append(lens.condition(parse(when, fields=FIELDS)))
        flags.append(f"coalesce(({' AND '.join(tests)}), false) AS only_{number}")
    turn = "coalesce(turn_given, trace, request_id)" if by_turn else "NULL"
    inner = lens.select(names, asked.where, asked.window, also=flags)
    extra = f", {turn} AS cap_turn" + ("" if plans else ", NULL AS cap_plan")
    extra += "" if by_turn else ", NULL AS turn_given"
    text = sql("caps/traffic.sql").format(
        attributed=inner, extra=extra, flags="".join(f", only_{n}" for n in range(len(flags)))
    )
    store.run(text, lens.params | {"by_turn": by_turn})
    if by_turn:
        # a turn belongs to what its first request belongs to
        kept = "".join(f", arg_min(only_{n}, seq) AS only_{n}" for n in range(len(flags)))
        store.run(sql("caps/items_turn.sql").format(flags=kept))
    else:
        store.run(sql("caps/items_request.sql"))
    return [
        Limit(cap, conditions.index((cap.plan, cap.when)) if cap.plan is not None or cap.when else None) for cap in caps
    ]


def counts_turns(caps: Sequence[Cap]) -> bool:
    return any(cap.unit == "turn" for cap in caps)


def members(caps: Sequence[Cap]) -> str:
    """The relation that says which request is in which item."""
    return quote_identifier("cap_members" if counts_turns(caps) else "cap_items")
