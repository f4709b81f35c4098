"""The front page of `report`: the spend, fixed money beside it, and under it the three moves that would save most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from llmcost.config import Config
from llmcost.model import Table
from llmcost.pricing.levels import LEVELS
from llmcost.spend import commitments, fixed
from llmcost.spend import report as spend
from llmcost.spend.currency import converted
from llmcost.store import Store

if TYPE_CHECKING:
    from llmcost.pricing.catalogue import Catalogue

QUICK_REQUESTS = 20_000
"""Up to so many requests the moves are tried unasked: the replays add about a second to a report of less than one."""
FEW_REQUESTS = 100
"""Fewer are a trial or a fixture: what they would save is no news."""
SHOWS_THEM = "which moves would save: llmcost report --suggest"


@dataclass(frozen=True)
class Page:
    """Who reads it and in which currency. `suggest` None leaves it to the size of the log."""

    for_people: bool
    currency: str = "USD"
    suggest: bool | None = None


def front_page(
    store: Store,
    config: Config,
    question: spend.Question,
    page: Page,
    prices: Callable[[], Catalogue],
    *,
    digest: str | None = None,
) -> list[Table]:
    """The spend first, then what stands beside it; for programs all of it is one table, whose JSON has the keys of the rest.

    `prices` are those that the ledger is priced with; they are read only where something is asked of them.
    """
    levels = prices() if question.cost in LEVELS else None
    table = spend.report(store, config, question, digest=digest, catalogue=levels)
    beside, data = _beside(store, config, question, table.by, page.currency)
    requests = cast("int", table.total[len(table.by)]) if table.total else 0
    if page.currency != "USD":
        table = converted(table, store, config, question, page.currency)
    table = replace(table, foot={**data, **table.foot})
    if not _is_suggested(page, question, requests):
        is_told = page.for_people and page.suggest is None and requests > QUICK_REQUESTS
        notes = [*table.notes, SHOWS_THEM] if is_told else table.notes
        return [replace(table, notes=notes), *beside] if page.for_people else [table]

    from llmcost.routing import suggestions
    from llmcost.routing.placed import Question
    from llmcost.routing.suggest import best

    asked = Question(question.where, question.window, question.tz)
    found = best(store, config, prices(), asked, digest=digest)
    if not page.for_people:
        return [replace(table, foot={**table.foot, "suggestions": suggestions.as_objects(found)})]
    is_worth_it = bool(found) or page.suggest
    return [table, *beside, *([suggestions.in_short(found)] if is_worth_it else [])]


def _beside(
    store: Store, config: Config, question: spend.Question, by: Sequence[str], currency: str
) -> tuple[list[Table], dict[str, object]]:
    """Fixed costs and commitments as tables for people and as what stands in a report's JSON; both empty without any."""
    shared = fixed.allocated(store, config, by, question.where, question.window, question.tz, currency)
    prepaid = commitments.commitments(store, config)
    tables = [fixed.table_of(shared, config, by, currency)] if shared.shares else []
    tables += [commitments.table_of(prepaid)] if prepaid else []
    return tables, fixed.as_json(shared, by) | commitments.as_json(prepaid)


def _is_suggested(page: Page, question: spend.Question, requests: int) -> bool:
    if page.suggest is not None:
        return page.suggest
    # savings are computed costs in dollars: beside other figures they would be compared with the wrong ones
    is_alike = page.for_people and page.currency == "USD" and question.cost == "computed"
    return is_alike and FEW_REQUESTS <= requests <= QUICK_REQUESTS
