"""The main job: spend by agent, feature, user, plan, model, day ... with the trust line under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from llmcost.attribution import focus
from llmcost.conditions import Condition, fields_of
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import count, instant_text, money, percent, ratio_text, visible
from llmcost.model import Cell, Column, Table
from llmcost.pricing import levels
from llmcost.pricing.levels import LEVELS, VIEW
from llmcost.resources import sql
from llmcost.spend import adjustments, trust
from llmcost.spend.trust import Trust
from llmcost.store import Store
from llmcost.windows import Window

if TYPE_CHECKING:
    from llmcost.pricing.catalogue import Catalogue

MAX_DIMENSIONS = 9
FIGURES = (
    Column("requests", "count"),
    Column("attempts", "count", brief=False),
    Column("turns", "count", brief=False),
    Column("input_tokens", "count", "input tok"),
    Column("cache_read_tokens", "count", "cached", brief=False),
    Column("cache_write_tokens", "count", "cache write", brief=False),
    Column("output_tokens", "count", "output tok"),
    Column("reasoning_tokens", "count", "reasoning", brief=False),
    Column("cost", "cost"),
    Column("source_cost", "source_cost", "recorded", brief=False),
    Column("unpriced_requests", "count", "unpriced", brief=False),
    Column("usage_missing", "count", "no usage", brief=False),
)
FIGURES_OF_GROUPS = "spend/report.sql"
COST, SOURCE_COST = ([c.name for c in FIGURES].index(name) for name in ("cost", "source_cost"))
# what a log recorded may have more decimals than our own cost: rounded, the groups would not add up to the total
RECORDED_FIGURES = tuple(replace(column, kind="source_cost") if column.name == "cost" else column for column in FIGURES)
SUSPICIONS = (
    (Decimal(2), "counted twice?"),
    (Decimal(100), "cents taken for dollars?"),
    (Decimal("0.01"), "dollars taken for cents?"),
    (Decimal(10) ** 6, "micro-dollars?"),
    (Decimal(10) ** 9, "nano-dollars?"),
)
"""Recorded / computed, and what such a factor means."""
TITLES = {"computed": "Spend", "source": "Recorded spend", "invoiced": "Invoiced spend"} | {
    level: f"Spend at {level} prices" for level in LEVELS
}
OURS = ("computed", *LEVELS)
"""What is computed by us, and not what others wrote: it has 12 decimals."""
TIMES = ("day", "week", "month", "hour")


@dataclass(frozen=True)
class Question:
    """What a report is asked: `by` None means the first of feature, agent, team, key, model that covers half of the cost."""

    by: Sequence[str] | None = None
    where: Condition | None = None
    window: Window = Window()
    tz: str = "UTC"
    cost: str = "computed"
    limit: int | None = None


def report(
    store: Store, config: Config, question: Question, *, digest: str | None = None, catalogue: Catalogue | None = None
) -> Table:
    """Spend by the asked dimensions, dearest group first (times in order). UsageError for an unknown dimension.

    `digest` is that of the catalogue at hand: costs computed with another one are called stale. `catalogue`, the prices that
    the store is priced with, is needed for list and contracted costs.
    """
    where, window, tz = question.where, question.window, question.tz
    base = trust.gather(store, config, where, window, tz, digest=digest)
    by = list(question.by) if question.by is not None else [_usual(base)]
    is_invoiced = question.cost == "invoiced"
    if is_invoiced:
        adjustments.prepare(store, window, [*by, *(fields_of(where) if where else ())])
    if catalogue is not None and question.cost in LEVELS:
        levels.prepare(store, catalogue, question.cost, window.since_us, window.until_us)
    relation = relation_of(question)
    attributed, params = _attributed(store, config, by, where, window, tz, relation)
    rows = _rows(store, attributed, params, len(by))
    if question.cost == "source":
        rows = [_recorded(row, len(by)) for row in rows]
    rows.sort(key=lambda row: _order(row, by))
    turns = int(store.value(attributed + sql("spend/turns.sql"), params))
    unpriced = store.rows(attributed + sql("spend/unpriced.sql"), params) if base.total("unpriced_tokens") else []
    return Table(
        schema="llmcost.report/1",
        title=_title(by, question),
        columns=[Column(name, "text") for name in by] + list(FIGURES if question.cost in OURS else RECORDED_FIGURES),
        rows=rows[: question.limit] if question.limit else rows,
        total=_total(rows, len(by), turns),
        head={
            "window": {"since": instant_text(window.since_us), "until": instant_text(window.until_us), "tz": tz},
            "currency": "USD",
            "by": by,
        },
        foot={"trust": base.as_json()},
        notes=[
            *_cut(rows, question.limit),
            *(adjustments.notes(store, window) if is_invoiced else ()),
            *_level(question, base),
            *trust_notes(base, unpriced),
        ],
    )


def relation_of(question: Question) -> str:
    """The ledger with the costs that are asked for."""
    if question.cost in LEVELS:
        return VIEW
    return adjustments.VIEW if question.cost == "invoiced" else "ledger"


def _level(question: Question, base: Trust) -> list[str]:
    if question.cost not in LEVELS:
        return []
    what = {
        "list": "by the vendors' lists, without your own prices, discounts and mark-up",
        "contracted": "by your own prices and discounts, without mark-up",
    }
    return [f"{what[question.cost]}; billed, as the ledger and the lines below have it: {money(base.cost)}"]


def groups(
    store: Store,
    config: Config,
    by: Sequence[str],
    where: Condition | None,
    window: Window,
    tz: str,
    relation: str = "ledger",
    query: str = FIGURES_OF_GROUPS,
    bound: Mapping[str, object] = {},
) -> list[list[Any]]:
    """The groups themselves, in no order: the dimensions of each and its FIGURES. UsageError for an unknown dimension.

    Another query of the same shape, with the values `bound` in it, has other figures.
    """
    attributed, params = _attributed(store, config, by, where, window, tz, relation)
    return _rows(store, attributed, {**params, **bound}, len(by), query)


def grouped(
    store: Store, config: Config, by: Sequence[str], where: Condition | None, window: Window, tz: str
) -> tuple[str, Mapping[str, object]]:
    """The query of the groups (dim_1 ... and FIGURES, in no order) and the values bound in it, for who needs no rows in Python."""
    attributed, params = _attributed(store, config, by, where, window, tz)
    return attributed + _asked(len(by)), params


def _attributed(
    store: Store,
    config: Config,
    by: Sequence[str],
    where: Condition | None,
    window: Window,
    tz: str,
    relation: str = "ledger",
) -> tuple[str, Mapping[str, object]]:
    """The rows that count, as the `attributed` of the queries of this room, and the values bound in it."""
    if len(by) > MAX_DIMENSIONS:
        raise UsageError(f"{len(by)} dimensions are more than {MAX_DIMENSIONS}", place="--by")
    lens = focus(store, config, tz, relation)
    asked = {f"dim_{i}": name for i, name in enumerate(by, 1)}
    select = lens.select(asked | {"turn_given": "turn"}, where, window)
    spare = "".join(f", NULL AS dim_{i}" for i in range(len(by) + 1, MAX_DIMENSIONS + 1))
    return f"WITH attributed AS (SELECT *{spare} FROM ({select}))\n", lens.params


def _rows(
    store: Store, attributed: str, params: Mapping[str, object], dims: int, query: str = FIGURES_OF_GROUPS
) -> list[list[Any]]:
    return [list(row) for row in store.rows(attributed + _asked(dims, query), params)]


def _asked(dims: int, query: str = FIGURES_OF_GROUPS) -> str:
    # grouping by a constant costs as much as grouping by a column: only the asked dimensions stay in the two lists
    every, asked = (", ".join(f"dim_{i}" for i in range(1, last + 1)) for last in (MAX_DIMENSIONS, dims))
    return sql(query).replace(every, asked)


def _usual(base: Trust) -> str:
    """The default grouping: the first dimension that names more than half of the cost."""
    half = Decimal("0.5")
    for dimension in trust.DIMENSIONS[:-1]:
        share = base.unattributed_share(dimension)
        if share is not None and share < half:
            return dimension
    return "model"


def _recorded(row: list[Any], dims: int) -> list[Any]:
    """The row with the recorded cost in the place of ours."""
    return [row[dims + SOURCE_COST] if place == dims + COST else cell for place, cell in enumerate(row)]


def _order(row: Sequence[Any], by: Sequence[str]) -> tuple[Any, ...]:
    """Times rise; then the dearest first, the unpriced by their tokens; then by name, so that equal runs are equal."""
    dims = len(by)
    figures = dict(zip((c.name for c in FIGURES), row[dims:], strict=True))
    times = tuple(str(row[i] or "") for i, name in enumerate(by) if name in TIMES)
    return (
        *times,
        figures["cost"] is None,
        -(figures["cost"] or 0),
        -(figures["input_tokens"] + figures["output_tokens"]),
        tuple((cell is None, str(cell)) for cell in row[:dims]),
    )


def _total(rows: Sequence[Sequence[Any]], dims: int, turns: int) -> list[Cell]:
    total: list[Cell] = [None] * dims
    for place, column in enumerate(FIGURES, dims):
        known = [row[place] for row in rows if row[place] is not None]
        if column.name == "turns":
            total.append(turns)
        elif column.kind == "count":
            total.append(sum(known))
        else:
            with localcontext(prec=76):  # amounts of bills have up to 38 digits
                total.append(sum(known, Decimal(0)) if known else None)
    return total


def _title(by: Sequence[str], question: Question) -> str:
    window = question.window
    since, until = instant_text(window.since_us), instant_text(window.until_us)
    when = f", {since or 'the beginning'} to {until or 'now'}" if since or until else ""
    what = TITLES[question.cost]
    return f"{what} by {', '.join(by)}{when}"


def _cut(rows: Sequence[object], limit: int | None) -> list[str]:
    return [f"{len(rows) - limit} more groups, in the total; --top 0 shows all"] if limit and len(rows) > limit else []


def trust_notes(base: Trust, unpriced: Sequence[Sequence[Any]]) -> list[str]:
    """The trust line as sentences for people; only what is worth saying."""
    if not base.files:
        return ["nothing has been read yet: llmcost ingest LOGS, or llmcost report LOGS"]
    if not base.sources:
        return [f"no rows in this window and condition; {count(base.rows_read)} rows were read"]
    figures = (
        (base.total("requests"), "requests"),
        (base.total("attempts"), "unbilled attempts"),
        (base.duplicates, "duplicates folded"),
        (base.skipped, "skipped"),
    )
    told = ", ".join(f"{count(figure)} {name}" for figure, name in figures)
    notes = [f"read {count(base.rows_read)} rows of {count(base.files)} files: {told}"]
    if base.quarantined:
        notes.append(f"{count(base.quarantined)} lines could not be read: llmcost ingest --show-quarantine")
    missing, assumed = base.total("usage_missing"), base.total("usage_assumed")
    if missing or assumed:
        notes.append(f"usage missing in {count(missing)} requests, assumed in {count(assumed)}")
    if unpriced:
        named = "; ".join(_named(*row) for row in unpriced[:4])
        more = f"; {len(unpriced) - 4} more" if len(unpriced) > 4 else ""
        notes.append(
            f"no price for {count(base.total('unpriced_requests'))} requests, {count(base.total('unpriced_tokens'))} tokens: {named}{more}"
        )
    notes += _provisioned(base)
    shares = [f"{d} {percent(base.unattributed_share(d))}" for d in trust.SHOWN]
    notes.append(f"cost without {', '.join(shares)}")
    notes += [f"{j.file}: {count(j.matched)} of {count(j.keys)} {j.on} values matched" for j in base.joins]
    for source in base.sources:
        theirs, ours = source["both_source_cost"], source["both_cost"]
        ratio = ratio_text(theirs, ours)
        if ratio is not None and not Decimal("0.99") <= Decimal(ratio) <= Decimal("1.01"):
            what = f"recorded {money(theirs)} where we compute {money(ours)} (ratio {ratio})"
            notes.append(f"{source['source']} {what}{_suspicion(theirs / ours)}")
    for name, since, until in base.gaps[:3]:
        notes.append(
            f"{name} was silent from {instant_text(since)} to {instant_text(until)}, hours in which it is usually busy"
        )
    if base.stale:
        notes.append("prices have changed since these costs were computed: llmcost reprice")
    digest = (base.prices_digest or "")[:12]
    notes.append(
        f"prices of {base.prices_as_of or 'unknown date'} ({digest}); data until {instant_text(base.data_until_us) or 'no time'}"
    )
    return notes


def _named(provider: str | None, model: str | None, reason: str | None, requests: int, _tokens: int) -> str:
    name = "/".join(filter(None, (provider, model))) or "no model"
    return visible(f"{name} ({count(requests)}: {reason or 'no reason recorded'})")


def _provisioned(base: Trust) -> list[str]:
    if not base.provisioned:
        return []
    what = f"{count(base.provisioned)} requests on provisioned capacity: marginal cost 0; "
    if not base.provisioned_unnamed:
        return [f"{what}the fixed costs that serve them are shown apart"]
    whom = "them" if base.provisioned_unnamed == base.provisioned else f"{count(base.provisioned_unnamed)} of them"
    return [f"{what}no fixed cost is named for {whom}: prices.costs in llmcost.yaml"]


def _suspicion(ratio: Decimal) -> str:
    """A ratio near a round factor names the likely bug."""
    found = (word for factor, word in SUSPICIONS if abs(ratio / factor - 1) < Decimal("0.05"))
    return next((f": {word}" for word in found), "")
