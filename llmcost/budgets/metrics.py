"""The metrics of the gate, in one table: each is measured for every group that a rule asks about. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from llmcost.attribution import focus
from llmcost.budgets.rules import Group, Grouping, Rule
from llmcost.caps import cap as one_cap
from llmcost.caps import recommend, simulate
from llmcost.caps.findings import months_of
from llmcost.caps.traffic import Asked as AskedOfCaps
from llmcost.caps.traffic import left_out
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import UndecidedError
from llmcost.figures import count, money
from llmcost.pricing import levels
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.spend import diff, forecast, trust
from llmcost.store import Store, quote_identifier
from llmcost.windows import EPOCH, Window

PICO = Decimal("0.000000000001")
SHARE = Decimal("0.000001")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """Sums of one group; money in USD, None where nothing has a price. Users and sessions are those with a known cost."""

    requests: int = 0
    priced_requests: int = 0
    unpriced_requests: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = ZERO
    ledger_rows: int = 0
    turns: int = 0
    users: int = 0
    user_cost: Decimal | None = None
    sessions: int = 0
    session_cost: Decimal | None = None

    def as_json(self) -> dict[str, object]:
        """Counts as they are, money as text with 12 decimals."""
        return {name: f"{value:.12f}" if isinstance(value, Decimal) else value for name, value in asdict(self).items()}

    @property
    def unpriced_share(self) -> Decimal | None:
        return _ratio(Decimal(self.unpriced_requests), self.requests, SHARE)


FIGURES = tuple(one.name for one in fields(Figures))
OF_SUBJECTS = FIGURES[FIGURES.index("turns") :]
MONEY = ("cost", "user_cost", "session_cost")


def _ratio(part: Decimal | None, whole: int, unit: Decimal) -> Decimal | None:
    """Half-even; None without a whole."""
    return None if part is None or not whole else Decimal(round(Fraction(part) / whole / Fraction(unit))) * unit


OF_FIGURES: Mapping[str, Callable[[Figures], Decimal | None]] = {
    "cost": lambda f: f.cost,
    "requests": lambda f: Decimal(f.requests),
    "turns": lambda f: Decimal(f.turns),
    "tokens": lambda f: Decimal(f.input_tokens + f.output_tokens),
    "cost_per_request": lambda f: _ratio(f.cost, f.priced_requests, PICO),
    "cost_per_turn": lambda f: _ratio(f.cost, f.turns, PICO),
    "cost_per_user": lambda f: _ratio(f.user_cost, f.users, PICO),
    "cost_per_session": lambda f: _ratio(f.session_cost, f.sessions, PICO),
    "unpriced_share": lambda f: f.unpriced_share,
    "cache_hit": lambda f: _ratio(Decimal(f.cache_read_tokens), f.input_tokens, SHARE),
}
"""The metrics that are made of sums, and that a baseline can therefore keep."""

VOLUMES: Mapping[str, Callable[[Figures], int]] = {
    "cost_per_request": lambda f: f.priced_requests,
    "cost_per_turn": lambda f: f.turns,
    "cost_per_user": lambda f: f.users,
    "cost_per_session": lambda f: f.sessions,
}
"""By what a metric per unit is multiplied to be the money that it stands for."""

NEED_SUBJECTS = frozenset({"turns", "cost_per_turn", "cost_per_user", "cost_per_session"})


@dataclass(frozen=True)
class Measured:
    """One group as a rule sees it. `note` is what a person should know beside the value."""

    value: Decimal | None
    figures: Figures | None = None
    note: str = ""


@dataclass
class Asked:
    """What the gate looks at. `catalogue` reads the prices; only what needs them asks."""

    store: Store
    config: Config
    catalogue: Callable[[], Catalogue]
    where: Condition | None
    window: Window
    tz: str
    now: datetime
    _known: dict[tuple[Grouping, bool], dict[Group, Figures]] = field(default_factory=dict, repr=False)

    def figures(self, rule: Rule, *, subjects: bool, at_then: bool = False) -> dict[Group, Figures]:
        """The groups of a rule. With `at_then` the costs are those of `then_costs`."""
        if at_then:
            return self._figures(rule, subjects, at_then=True)
        for complete in (True,) if subjects else (True, False):
            if (rule.grouping, complete) in self._known:
                return self._known[rule.grouping, complete]
        found = self._known[rule.grouping, subjects] = self._figures(rule, subjects, at_then=False)
        return found

    def _figures(self, rule: Rule, subjects: bool, *, at_then: bool) -> dict[Group, Figures]:
        names = [f"dim_{number}" for number in range(1, len(rule.per) + 1)]
        found: dict[Group, Figures] = {}
        tables = {
            "budgets/sums.sql": {},
            "budgets/subjects.sql": {"user": "user", "session": "session", "turn": "turn"},
        }
        for file, given in tables.items():
            if given and not subjects:
                continue
            lens = focus(self.store, self.config, self.tz)
            chosen = dict(zip(names, rule.per, strict=True)) | {f"{name}_given": name for name in given}
            select = lens.select(chosen, rule.condition(self.where), self.window)
            if at_then:
                select = sql("budgets/at_then.sql").format(attributed=select)
            dims = "".join(f"{quote_identifier(name)}, " for name in names)
            text = sql(file).format(dims=dims, group="GROUP BY ALL" if names else "")
            columns, rows = self.store.table(f"WITH attributed AS ({select})\n{text}", lens.params)
            for row in rows:
                group, sums = tuple(row[: len(names)]), dict(zip(columns[len(names) :], row[len(names) :], strict=True))
                found[group] = replace(found.get(group, Figures()), **sums)
        return {group: _settled(one) for group, one in found.items()}


def _settled(found: Figures) -> Figures:
    """A group without any request, or of answers from a cache only, costs nothing; one whose requests have no price is unknown."""
    return replace(found, cost=ZERO) if found.cost is None and not found.requests else found


def measure(asked: Asked, rule: Rule) -> dict[Group, Measured]:
    """Every group of the rule with its value; empty where nothing is there to measure."""
    if rule.metric in OF_FIGURES:
        groups = asked.figures(rule, subjects=rule.metric in NEED_SUBJECTS)
        value = OF_FIGURES[rule.metric]
        return {group: Measured(value(one), one) for group, one in groups.items() if one.ledger_rows}
    return OTHERS[rule.metric](asked, rule)


def _forecast(asked: Asked, rule: Rule) -> dict[Group, Measured]:
    """The month of the newest data, whatever the window."""
    found, _ = forecast.by_group(asked.store, asked.config, rule.condition(asked.where), asked.tz, asked.now, rule.per)
    measured = {}
    for group, one in found.items():
        ends = "" if one.low is None or one.high is None else f", between {money(one.low)} and {money(one.high)}"
        measured[group] = Measured(one.expected, note=f"{one.period} by {one.method}{ends}")
    return measured


def _margin(asked: Asked, rule: Rule) -> dict[Group, Measured]:
    """(Revenue - other cost - LLM cost) / revenue, per month; of everything, or by plan. The cost is what the company pays."""
    question = AskedOfCaps(where=asked.where, window=asked.window, tz=asked.tz)
    now_us = int((asked.now - EPOCH).total_seconds()) * 1_000_000
    with levels.contracted(asked.store, asked.config):
        found = recommend.recommend(
            asked.store, asked.config, question, now_us=now_us, window=one_cap.parse("1/3h"), unit="request"
        )
    if not rule.per and not rule.scope:
        company = found.company
        short = f"{count(company.without_revenue)} users bring an unknown revenue" if company.without_revenue else ""
        return {(): Measured(_left_over(company.revenue, company.other_cost, company.bill), note=short)}
    measured: dict[Group, Measured] = {}
    for one in found.plans:
        if rule.scope and one.name != rule.scope["plan"]:
            continue
        if rule.per and not one.revenue:
            continue  # of nothing there is no share
        bill = one.cost / months_of(found.days) if found.days else None
        other = (one.plan.other_cost if one.plan else ZERO) * one.users
        key = (one.name,) if rule.per else ()
        measured[key] = Measured(_left_over(one.revenue, other, bill))
    return measured


def _left_over(revenue: Decimal | None, other_cost: Decimal, bill: Decimal | None) -> Decimal | None:
    if not revenue or bill is None:
        return None
    return ((revenue - other_cost - bill) / revenue).quantize(SHARE)


def _cap_breaches(asked: Asked, rule: Rule) -> dict[Group, Measured]:
    """The requests that the caps of llmcost.yaml refuse, or would have refused, when they are replayed over the window."""
    if rule.per:
        listed = asked.figures(rule, subjects=False)
        return {group: _breaches(asked, replace_group(rule, group)) for group in listed if None not in group}
    return {(): _breaches(asked, rule)}


def replace_group(rule: Rule, group: Group) -> Rule:
    """The rule for this group alone."""
    own = {name: cell for name, cell in zip(rule.per, group, strict=True) if cell is not None}
    return replace(rule, per=(), scope={**rule.scope, **own})


def _breaches(asked: Asked, rule: Rule) -> Measured:
    question = AskedOfCaps(where=rule.condition(asked.where), window=asked.window, tz=asked.tz)
    aside = left_out(asked.store, asked.config, question)
    caps = one_cap.from_config(asked.config, "turn" if aside.has_turns else "request")
    if not caps:
        raise UndecidedError("no caps in llmcost.yaml", hint="caps: [{plan: free, limit: 40, window: 3h}]")
    prices = asked.catalogue() if any(one.on_limit == "downgrade" for one in caps) else None
    with levels.contracted(asked.store, asked.config) as contracted:
        prices = levels.at(prices, "contracted") if prices and contracted else prices
        done = simulate.simulate(asked.store, asked.config, question, caps, prices).done
    note = f"{count(done.users_refused)} of {count(done.users)} users reach a limit"
    return Measured(Decimal(sum(done.refused_requests)), note=note)


def _unattributed(asked: Asked, rule: Rule) -> dict[Group, Measured]:
    """The share of the cost without an agent, feature, user ...: `per` names the dimensions, each is a group of its own."""
    measured: dict[Group, Measured] = {}
    for name in rule.per or trust.SHOWN:
        groups = asked.figures(replace(rule, per=(name,)), subjects=False)
        whole = sum((one.cost or ZERO for one in groups.values()), ZERO)
        without = groups.get((None,), Figures()).cost or ZERO
        share = (without / whole).quantize(SHARE) if whole else None
        measured[(name,)] = Measured(share, note=f"cost without {name}")
    return measured


def _gaps(asked: Asked, _rule: Rule) -> dict[Group, Measured]:
    """Stretches of silence of three hours or more where traffic is usual, in the window."""
    base = trust.gather(asked.store, asked.config, asked.where, asked.window, asked.tz, digest=None)
    silent = ", ".join(sorted({source for source, _, _ in base.gaps}))
    return {(): Measured(Decimal(len(base.gaps)), note=f"silent: {silent}" if silent else "")}


OTHERS: Mapping[str, Callable[[Asked, Rule], dict[Group, Measured]]] = {
    "forecast_cost": _forecast,
    "margin": _margin,
    "cap_breaches": _cap_breaches,
    "unattributed_share": _unattributed,
    "gaps": _gaps,
}
"""The metrics that other rooms measure. With OF_FIGURES, and cost_per_case of an evaluation, these are all."""


def prices_of_then(asked: Asked, until_us: int, rule: Rule, *, subjects: bool) -> dict[Group, Figures]:
    """The groups of a rule, each request priced as in the last week before `until_us`."""
    with diff.prices_of(asked.store, asked.catalogue(), Window(None, until_us), asked.window):
        return asked.figures(rule, subjects=subjects, at_then=True)
