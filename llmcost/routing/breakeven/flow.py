"""The logged traffic as a break-even sees it: what came in each minute, and what that is in a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.attribution import focus
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import UndecidedError
from llmcost.figures import count
from llmcost.resources import sql
from llmcost.store import Store
from llmcost.windows import Window

HOURS_PER_MONTH = 730
MINUTES_PER_MONTH = HOURS_PER_MONTH * 60
FULL_WEEK = 7 * 24 * 60


@dataclass(frozen=True)
class Minute:
    """What one minute brought. Tokens are counts; cost is USD of its priced requests."""

    minute: int
    requests: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: Decimal = Decimal(0)
    unpriced: int = 0


@dataclass(frozen=True)
class Flow:
    """The minutes that had requests, from the first to the last; all others between them had none."""

    minutes: Sequence[Minute]
    notes: Sequence[str] = ()

    @property
    def span(self) -> int:
        """Minutes from the first to the last, both included."""
        return self.minutes[-1].minute - self.minutes[0].minute + 1

    @property
    def requests(self) -> int:
        return sum(m.requests for m in self.minutes)

    @property
    def input_tokens(self) -> int:
        return sum(m.input_tokens for m in self.minutes)

    @property
    def cached_tokens(self) -> int:
        return sum(m.cached_tokens for m in self.minutes)

    @property
    def output_tokens(self) -> int:
        return sum(m.output_tokens for m in self.minutes)

    @property
    def cost(self) -> Decimal:
        return sum((m.cost for m in self.minutes), Decimal(0))

    @property
    def cost_per_request(self) -> Decimal:
        """USD, over the priced requests. UndecidedError when none is priced."""
        priced = self.requests - sum(m.unpriced for m in self.minutes)
        if priced <= 0:
            raise UndecidedError(
                "no request of this traffic has a price", hint="llmcost report --by model shows what is unpriced"
            )
        return self.cost / priced

    @property
    def requests_per_hour(self) -> Decimal:
        return Decimal(self.requests * 60) / self.span

    @property
    def requests_per_month(self) -> Decimal:
        return Decimal(self.requests * MINUTES_PER_MONTH) / self.span

    @property
    def busiest(self) -> int:
        """Requests of the minute that had most."""
        return max(m.requests for m in self.minutes)


def flow(store: Store, config: Config, where: Condition | None, window: Window, tz: str) -> Flow:
    """Production traffic by minute. UndecidedError when there is none."""

    def asked(name: str) -> tuple[str, dict[str, object]]:
        lens = focus(store, config, tz)
        text = lens.select({"flow_scope": "scope"}, where, window)
        return sql(f"routing/breakeven/{name}.sql").format(attributed=text), lens.params

    rows = store.rows(*asked("minutes"))
    elsewhere, undated, aggregated = (int(n) for n in store.row(*asked("left_out")))
    minutes = [Minute(int(m), n or 0, int(i), int(k), int(o), c or Decimal(0), u or 0) for m, n, i, k, o, c, u in rows]
    if not sum(m.requests for m in minutes):
        raise UndecidedError(
            "there is no production traffic to compare with", hint="llmcost report shows what is there"
        )
    found = Flow(minutes)
    told = ((elsewhere, "outside production"), (undated, "without time"), (aggregated, "in aggregated rows"))
    parts = [f"{count(number)} {what}" for number, what in told if number]
    notes = [f"requests that are not looked at: {', '.join(parts)}"] if parts else []
    unpriced = sum(m.unpriced for m in minutes)
    if unpriced:
        notes.append(f"{count(unpriced)} requests have no price: the cost per request is that of the others")
    notes.append(
        f"a month is {HOURS_PER_MONTH} hours like the {_length(found.span)} that the log spans"
        + ("; less than a week says little about a month" if found.span < FULL_WEEK else "")
    )
    return Flow(minutes, notes)


def _length(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"
