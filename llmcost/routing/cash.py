"""The saving in cash this term: what is prepaid is paid whether it is used or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost import windows
from llmcost.config import Config
from llmcost.resources import sql
from llmcost.routing.placed import Question
from llmcost.routing.replay import Plan
from llmcost.spend import commitments
from llmcost.store import Store


@dataclass(frozen=True)
class Way:
    """Requests of one model that went to one target, in one stretch of time, with their cost in pico-dollars."""

    logged: tuple[str | None, str | None]
    target: int
    basis: str
    before: int
    after: int
    stretch: int = 0


def saved(store: Store, config: Config, made: Plan, question: Question, ways: Sequence[Way]) -> int:
    """Pico-dollars. `ways` are those of the whole window: asked for anew where a commitment begins or ends within the data."""
    saving = sum(way.before - way.after for way in ways)
    told = commitments.told(config)
    if not told or not saving:
        return saving
    terms = [windows.days(one.since, one.until, "UTC") for one in told]
    newest = store.newest_us() or 0
    since = question.window.since_us
    edges = sorted({us for term in terms for us in (term.since_us, term.until_us) if us is not None})
    inside = [us for us in edges if us <= newest and (since is None or us > since)]
    stretches = [(since or 0, inside[0] if inside else newest + 1)]
    if inside:
        ways = _by_stretch(store, made, inside)
        stretches = list(zip([since or 0, *inside], [*inside, newest + 1], strict=True))
    prepaid: dict[tuple[str, tuple[int, ...]], int] = {}
    for one, term in zip(told, terms, strict=True):
        key = one.provider, tuple(at for at, stretch in enumerate(stretches) if _covers(term, stretch))
        prepaid[key] = prepaid.get(key, 0) + int(one.amount.scaleb(12))
    aliases = made.targets.catalogue.aliases
    spent = _spent(made, ways)
    lost = 0
    for (provider, covered), floor in prepaid.items():
        mine = [spent.get((aliases.get(provider.lower(), provider), at), (0, 0)) for at in covered]
        before, after = (sum(cost[side] for cost in mine) for side in (0, 1))
        lost += (before - after) - (max(before, floor) - max(after, floor))
    return saving - lost


def _covers(term: windows.Window, stretch: tuple[int, int]) -> bool:
    """Terms begin and end between stretches: one covers all of it or nothing."""
    return (term.since_us is None or term.since_us <= stretch[0]) and (
        term.until_us is None or term.until_us >= stretch[1]
    )


def _by_stretch(store: Store, made: Plan, edges_us: Sequence[int]) -> list[Way]:
    text = sql("routing/prepaid.sql").format(outcome=made.outcome, main=store.main)
    return [
        Way(made.relations.logged[logged].key, target, basis, _pico(before), _pico(after), stretch)
        for stretch, logged, target, basis, before, after in store.rows(text, made.params | {"edges_us": edges_us})
    ]


def _pico(usd: Decimal) -> int:
    return int(usd.scaleb(12))


def _spent(made: Plan, ways: Sequence[Way]) -> dict[tuple[str, int], tuple[int, int]]:
    """What each provider bills in each stretch before and after."""
    aliases = made.targets.catalogue.aliases
    found: dict[tuple[str, int], tuple[int, int]] = {}

    def add(provider: str, stretch: int, before: int, after: int) -> None:
        old = found.get((provider, stretch), (0, 0))
        found[provider, stretch] = (old[0] + before, old[1] + after)

    for way in ways:
        logged = aliases.get((way.logged[0] or "").lower(), way.logged[0] or "")
        own = next((t.model.provider for t in made.targets if t.number == way.target), logged)
        add(logged, way.stretch, way.before, 0)
        add(logged if way.basis == "same" else own, way.stretch, 0, way.after)
    return found
