"""The ledger's side of a reconciliation: what it holds of each hour and model, and what a provider's usage would cost here."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import gcd

from llmcost import ledger
from llmcost.attribution import focus
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.fx import PICO
from llmcost.pricing import charges, names
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.sources.statements import TOKEN_COLUMNS, Line
from llmcost.store import Store, open_scratch, requests_ddl
from llmcost.windows import DAY_US, Window, day_at, midnight_us

HOUR_US = 3_600_000_000
Key = tuple[str, str | None]
"""Provider and model as the catalogue calls them; a model of None stands for all of the provider."""

PICO_PER_USD = Decimal(10) ** 12
PART_OF = {
    **dict.fromkeys(ledger.INPUT_NAMES, "input"),
    **{name: "cache_read" for name in ledger.TOKEN_NAMES if name.endswith("cache_read_tokens")},
    **{name: "cache_write" for name in ledger.TOKEN_NAMES if name.startswith("cache_write")},
    **dict.fromkeys(ledger.OUTPUT_NAMES, "output"),
}
"""Which of the parts that a bill tells apart each token column belongs to."""
PARTS = ("input", "cache_read", "cache_write", "output")
OTHER = "other"
"""The part of what is no token: searches, fees per request."""
PLAIN_TIERS = ("standard", "default", "auto", "on_demand")


@dataclass
class Sum:
    """What one side says of some requests: money in all and by (tier, part), tokens by part, and how many requests."""

    cost: Decimal | None = None
    requests: int | None = None
    attempts: int = 0
    missing: int = 0
    timeouts: int = 0
    unpriced: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    parts: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    tier_tokens: Counter[str] = field(default_factory=Counter)

    def add(self, other: Sum) -> None:
        """Adds another sum to this one; what neither knows stays unknown."""
        if other.cost is not None:
            self.cost = (self.cost or Decimal(0)) + other.cost
        if other.requests is not None:
            self.requests = (self.requests or 0) + other.requests
        for name in ("attempts", "missing", "timeouts", "unpriced"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.tokens.update(other.tokens)
        self.tier_tokens.update(other.tier_tokens)
        for place, amount in other.parts.items():
            self.parts[place] += amount

    @property
    def by_part(self) -> dict[str, Decimal]:
        """The money of each part, whatever its tier."""
        return self._along(1)

    @property
    def by_tier(self) -> dict[str, Decimal]:
        return self._along(0)

    def _along(self, axis: int) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for place, amount in self.parts.items():
            found[place[axis]] += amount
        return found

    @property
    def input_tokens(self) -> int:
        return self.tokens["input"] + self.tokens["cache_read"] + self.tokens["cache_write"]


class Naming:
    """Names of logs and of bills as the catalogue's; a name it does not know stands for itself."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._index = names.index(catalogue)
        self._aliases = catalogue.aliases
        self._known: dict[tuple[str | None, str | None], Key] = {}
        self.told: dict[Key, set[str]] = defaultdict(set)
        """How the ledger writes each model."""

    def provider(self, said: str | None) -> str:
        return self._aliases.get(said.lower(), said) if said else ""

    def key(self, provider: str | None, model: str | None) -> Key:
        """The key of a model; spaces and points of a bill's name are tried as the dashes of an id."""
        asked = (provider, model)
        if asked not in self._known:
            plain = "-".join((model or "").lower().split())
            for one in dict.fromkeys((model, plain, plain.replace(".", "-"))):
                if one and (found := self._index.match(provider, one).model):
                    self._known[asked] = (found.provider, found.id)
                    break
            else:
                self._known[asked] = (self.provider(provider), plain or None)
        return self._known[asked]


class Ours:
    """The requests of the ledger by key and hour, over a span of days of a zone with one more at each end."""

    def __init__(
        self,
        store: Store,
        config: Config,
        where: Condition | None,
        since: date,
        until: date,
        naming: Naming,
        tz: str = "UTC",
    ) -> None:
        self.tz = tz
        days = range((until - since).days + 1)
        self._starts = {day: midnight_us(day, tz) for day in (since + timedelta(days=n) for n in days)}
        # where days begin on a half hour, no hour may lie in two of them
        self._step_us = gcd(HOUR_US, *self._starts.values())
        window = Window(self._starts[since] - DAY_US, self._starts[until] + DAY_US)
        lens = focus(store, config, "UTC")
        tokens = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in ledger.TOKEN_NAMES)
        text = f"WITH attributed AS ({lens.select({}, where, window)})\n" + sql("spend/reconcile_ours.sql").format(
            tokens=tokens, step_us=self._step_us
        )
        columns, rows = store.table(text, lens.params)
        rates = _rates(store)
        self.slots: dict[Key, dict[int, Sum]] = defaultdict(dict)
        self.written: dict[Key, set[str]] = defaultdict(set)
        for row in rows:
            one = dict(zip(columns, row, strict=True))
            key = naming.key(one["provider"], one["model"])
            naming.told[key].add(one["model"] or "")
            self.written[key].add(f"{one['provider'] or ''}/{one['model'] or ''}")
            self.slots[key].setdefault(one["slot"], Sum()).add(_sum(one, rates.get(one["price_id"], {})))
        first, last = store.row(sql("spend/reconcile_span.sql"))
        self.first, self.last = (None if at is None else day_at(at, tz) for at in (first, last))

    def keys(self, provider: str) -> list[Key]:
        """The models of a provider."""
        return sorted((key for key in self.slots if key[0] == provider), key=str)

    def over(self, key: Key, since: date, until: date) -> Sum:
        """What the ledger holds of a model, or of a whole provider, on these days."""
        total = Sum()
        for one in [key] if key[1] is not None else self.keys(key[0]):
            slots = self.slots.get(one, {})
            for slot in self._within(slots, since, until, 0):
                total.add(slots[slot])
        return total

    def cost(self, key: Key, since: date, until: date, shift_hours: int) -> Decimal:
        """The cost of these days when they begin so many hours after midnight."""
        keys = [key] if key[1] is not None else self.keys(key[0])
        return sum(
            (
                self.slots[k][slot].cost or Decimal(0)
                for k in keys
                for slot in self._within(self.slots[k], since, until, shift_hours)
            ),
            Decimal(0),
        )

    def _within(self, slots: Mapping[int, Sum], since: date, until: date, shift_hours: int) -> Iterable[int]:
        first, last = ((self._starts[day] + shift_hours * HOUR_US) // self._step_us for day in (since, until))
        if last - first > len(slots):
            return (slot for slot in slots if first <= slot < last)
        return (slot for slot in range(first, last) if slot in slots)


def _rates(store: Store) -> dict[str, dict[str, Decimal]]:
    """USD per token by price and token column."""
    found = {}
    for price_id, text in store.rows(sql("spend/price_details.sql")):
        detail = json.loads(text)
        each = Decimal(detail["denominator"]) * PICO_PER_USD
        found[price_id] = {column: Decimal(pico) / each for column, pico in detail["pico"].items()}
    return found


def _sum(row: Mapping[str, object], rates: Mapping[str, Decimal]) -> Sum:
    used = {name: int(str(row[name] or 0)) for name in ledger.TOKEN_NAMES}
    found = Sum(row["cost"], row["requests"])  # type: ignore[arg-type]
    for name in ("attempts", "missing", "timeouts", "unpriced"):
        setattr(found, name, row[name])
    said = str(row["service_tier"] or "")
    tier = "" if said in PLAIN_TIERS else said
    for name, count in used.items():
        found.tokens[PART_OF[name]] += count
        if rate := rates.get(name):
            found.parts[tier, PART_OF[name]] += count * rate
    rest = (found.cost or Decimal(0)) - sum(found.parts.values(), Decimal(0))
    # costs are rounded to a pico-dollar: what that leaves is no part of its own
    rounded = abs(rest) <= PICO * (int(str(row["rows"])) + 1)
    found.parts[max(found.parts, key=found.parts.__getitem__) if rounded and found.parts else (tier, OTHER)] += rest
    found.tier_tokens[tier] += sum(used.values())
    return found


def theirs(line: Line) -> Sum:
    """A line of a statement as a sum."""
    found = Sum(line.amount, line.requests)
    for name, count in line.tokens.items():
        found.tokens[PART_OF[name]] += count
    if line.amount is not None:
        found.parts[line.tier or "", OTHER if line.component == "web_search" else line.component or ""] += line.amount
    found.tier_tokens[line.tier or ""] += sum(line.tokens.values())
    return found


def at_our_prices(lines: Sequence[Line], catalogue: Catalogue) -> list[Decimal | None]:
    """What the usage of each line costs at our prices, by the SQL that prices requests; None where there is no price."""
    columns = ("seq", "ts_us", "provider", "model", "service_tier", "speed", "inference_geo", "requests", "searches")
    rows = [
        (
            at,
            midnight_us(line.since, "UTC"),
            line.provider,
            line.model,
            line.tier,
            *line.terms,
            line.requests,
            line.searches,
        )
        + tuple(line.tokens.get(name, 0) for name in TOKEN_COLUMNS)
        for at, line in enumerate(lines)
    ]
    others = [f"0 AS {name}" for name in (*ledger.TOKEN_NAMES, "unexplained_tokens") if name not in TOKEN_COLUMNS]
    with open_scratch() as scratch:
        scratch.run(requests_ddl())
        scratch.run(sql("spend/page_usage.sql"))
        scratch.load("page_usage", (*columns, *TOKEN_COLUMNS), rows)
        scratch.run(sql("spend/page_requests.sql").format(tokens=", ".join([*TOKEN_COLUMNS, *others])))
        charges.prepare(scratch, catalogue)
        found = scratch.rows(sql("spend/page_costs.sql").format(charges=sql(charges.CHARGES)))
    return [cost for _, cost in found]
