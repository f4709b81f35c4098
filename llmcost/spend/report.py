"""The main job: spend by agent, feature, user, plan, model, day ... with the trust line under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmcost.attribution import focus
from llmcost.conditions import Condition
from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.figures import count, instant_text, money, percent, ratio_text, visible
from llmcost.model import Cell, Column, Table
from llmcost.resources import sql
from llmcost.spend import trust
from llmcost.spend.trust import Trust
from llmcost.store import Store
from llmcost.windows import Window

MAX_DIMENSIONS = 6
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


def report(store: Store, config: Config, question: Question, *, digest: str | None = None, as_of: str | None = None) -> Table:
    """Spend by the asked dimensions, dearest group first (times in order). UsageError for an unknown dimension."""
    if question.by is not None and len(question.by) > MAX_DIMENSIONS:
        raise UsageError(f"{len(question.by)} dimensions are more than {MAX_DIMENSIONS}", place="--by")
    base = trust.gather(store, focus(store, config, question.tz), question.where, question.window, digest=digest, as_of=as_of)
    by = list(question.by) if question.by is not None else [_usual(base)]
    lens = focus(store, config, question.tz)
    select = lens.select(by, question.where, question.window)
    spare = "".join(f", NULL AS dim_{i}" for i in range(len(by) + 1, MAX_DIMENSIONS + 1))
    attributed = f"WITH attributed AS (SELECT *{spare} FROM ({select}))\n"
    names, found = store.table(attributed + sql("spend/report.sql"), lens.params)
    rows = [_cells(dict(zip(names, row, strict=True)), len(by), question.cost) for row in found]
    rows.sort(key=lambda row: _order(row, by))
    turns = int(store.value(attributed + sql("spend/turns.sql"), lens.params)) if len(rows) != 1 else rows[0][len(by) + 2]
    unpriced = store.rows(attributed + sql("spend/unpriced.sql"), lens.params) if base.total("unpriced_requests") else []
    columns = [Column(name, "text") for name in by] + list(FIGURES)
    total = _total(rows, len(by), turns)
    return Table(
        schema="llmcost.report/1",
        title=_title(by, question),
        columns=columns,
        rows=rows[: question.limit] if question.limit else rows,
        total=total,
        head={
            "window": {"since": instant_text(question.window.since_us), "until": instant_text(question.window.until_us), "tz": question.tz},
            "currency": "USD",
            "by": by,
        },
        foot={"trust": base.as_json()},
        notes=[*_cut(rows, question.limit), *trust_notes(base, unpriced, question)],
    )


def _usual(base: Trust) -> str:
    """The default grouping: the first dimension that names more than half of the cost."""
    half = Decimal("0.5")
    for dimension in ("feature", "agent", "team", "key"):
        share = base.unattributed_share(dimension)
        if share is not None and share < half:
            return dimension
    return "model"


def _cells(row: Mapping[str, Any], dims: int, cost: str) -> list[Cell]:
    figures = dict(row)
    if cost == "source":
        figures["cost"] = row["source_cost"]
    return [row[f"dim_{i}"] for i in range(1, dims + 1)] + [figures[c.name] for c in FIGURES]


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
            total.append(sum(known, Decimal(0)) if known else None)
    return total


def _title(by: Sequence[str], question: Question) -> str:
    window = question.window
    since, until = instant_text(window.since_us), instant_text(window.until_us)
    when = f", {since or 'the beginning'} to {until or 'now'}" if since or until else ""
    what = "Recorded spend" if question.cost == "source" else "Spend"
    return f"{what} by {', '.join(by)}{when}"


def _cut(rows: Sequence[object], limit: int | None) -> list[str]:
    return [f"{len(rows) - limit} more groups, in the total; --top 0 shows all"] if limit and len(rows) > limit else []


def trust_notes(base: Trust, unpriced: Sequence[Sequence[Any]], question: Question) -> list[str]:
    """The trust line as sentences for people; only what is worth saying."""
    if not base.files:
        return ["nothing has been read yet: llmcost ingest LOGS, or llmcost report LOGS"]
    if not base.sources:
        return [f"no rows in this window and condition; {count(base.rows_read)} rows were read"]
    notes = [
        f"read {count(base.rows_read)} rows of {count(base.files)} files: {count(base.total('requests'))} requests, "
        f"{count(base.total('attempts'))} unbilled attempts, {count(base.duplicates)} duplicates folded, {count(base.skipped)} skipped"
    ]
    if base.quarantined:
        notes.append(f"{count(base.quarantined)} lines could not be read: llmcost ingest --show-quarantine")
    missing, assumed = base.total("usage_missing"), base.total("usage_assumed")
    if missing or assumed:
        notes.append(f"usage missing in {count(missing)} requests, assumed in {count(assumed)}")
    if base.total("unpriced_requests"):
        named = "; ".join(f"{visible('/'.join(filter(None, (provider, model)))) or 'no model'} ({count(n)}: {visible(reason)})" for provider, model, reason, n, _ in unpriced[:4])
        more = f"; {len(unpriced) - 4} more" if len(unpriced) > 4 else ""
        notes.append(f"no price for {count(base.total('unpriced_requests'))} requests, {count(base.total('unpriced_tokens'))} tokens: {named}{more}")
    shares = [f"{d} {percent(base.unattributed_share(d))}" for d in trust.SHOWN]
    notes.append(f"cost without {', '.join(shares)}")
    notes += [f"{j.file}: {count(j.matched)} of {count(j.keys)} {j.on} values matched" for j in base.joins]
    for source in base.sources:
        ratio = ratio_text(source["both_source_cost"], source["both_cost"])
        if ratio is not None and not Decimal("0.99") <= Decimal(ratio) <= Decimal("1.01"):
            notes.append(
                f"{source['source']} recorded {money(source['both_source_cost'])} where we compute {money(source['both_cost'])} (ratio {ratio}){_suspicion(Decimal(ratio))}"
            )
    for source, since, until in base.gaps[:3]:
        notes.append(f"{source} was silent from {instant_text(since)} to {instant_text(until)}, hours in which it is usually busy")
    if base.stale:
        notes.append("prices have changed since these costs were computed: llmcost reprice")
    digest = (base.prices_digest or "")[:12]
    notes.append(f"prices of {base.prices_as_of or 'unknown date'} ({digest}); data until {instant_text(base.data_until_us) or 'no time'}")
    return notes


def _suspicion(ratio: Decimal) -> str:
    """A ratio near a round factor names the likely bug."""
    for factor, word in ((Decimal(2), "counted twice?"), (Decimal(100), "cents taken for dollars?"), (Decimal("0.01"), "dollars taken for cents?"), (Decimal(10) ** 9, "nano-dollars?")):
        if abs(ratio / factor - 1) < Decimal("0.05"):
            return f": {word}"
    return ""
