"""What caps would do: the logged traffic replayed under them, with what they block, send elsewhere and save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmcost.caps import traffic
from llmcost.caps.cap import PICO, Cap
from llmcost.caps.replay import Replayed, replay
from llmcost.caps.traffic import Asked
from llmcost.config import Config
from llmcost.errors import UsageError, nearest
from llmcost.figures import count, exact_money, money, percent
from llmcost.model import Column, Table
from llmcost.pricing import charges, names
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.store import Store

BATCH = 100_000
"""Decisions that are fetched together."""


@dataclass(frozen=True)
class Simulated:
    """One replay with its money."""

    done: Replayed
    downgraded_cost_pico: int
    """What the downgraded requests cost on the model they were sent to."""
    downgraded_unpriced: int
    unpriced: int
    """Requests without a known cost: in a cap on dollars they weigh nothing."""
    left_out: traffic.LeftOut


def simulate(store: Store, config: Config, asked: Asked, caps: Sequence[Cap], catalogue: Catalogue | None) -> Simulated:
    """Replays the caps together. `catalogue` is needed for caps that downgrade; UsageError for a model without a price."""
    targets = {n: _target(cap, catalogue) for n, cap in enumerate(caps) if cap.on_limit == "downgrade"}
    aside = traffic.left_out(store, config, asked)
    limits = traffic.prepare(store, config, asked, caps)
    (done,) = replay(store, [limits], asked.tz, keep=True)
    cost, unpriced_there = _downgraded(store, caps, targets, catalogue) if done.refused("downgrade") else (0, 0)
    unpriced = int(store.value(sql("caps/unknown_costs.sql")))
    return Simulated(done, cost, unpriced_there, unpriced, aside)


def _target(cap: Cap, catalogue: Catalogue | None) -> tuple[str | None, str]:
    """Provider and model of a downgrade."""
    model = cap.model or ""
    if catalogue is None:
        raise AssertionError("a downgrade needs prices")
    provider, slash, rest = model.partition("/")
    terms = (provider, rest) if slash and provider.lower() in catalogue.aliases else (None, model)
    match = names.index(catalogue).match(*terms)
    if match.model is None:
        known = {name for one in catalogue.models for name in one.exact}
        hint = nearest(model, known) or "name a model of the catalogue: llmcost prices list"
        raise UsageError(f"'{model}' has no price", place="--on-limit", hint=hint)
    return match.model.provider, terms[1]


def _downgraded(
    store: Store, caps: Sequence[Cap], targets: dict[int, tuple[str | None, str]], catalogue: Catalogue | None
) -> tuple[int, int]:
    """The cost on the other model in pico-dollars, and how many requests have no price there."""
    assert catalogue is not None
    store.run(sql("caps/downgrades.sql"))
    store.load("cap_downgrades", ("number", "provider", "model"), [(n, *target) for n, target in targets.items()])
    # the view that stands for `requests` is read through this one: only the full name of the table is not the view itself
    store.run(sql("caps/downgraded.sql").format(ledger=store.main, members=traffic.members(caps)))
    with store.standing_for("requests", "cap_downgraded"):
        charges.prepare(store, catalogue)
        cost, unpriced = store.row(sql("caps/downgraded_cost.sql").format(charges=sql(charges.CHARGES)))
    return int(cost), int(unpriced)


def decisions(store: Store, caps: Sequence[Cap]) -> Iterator[Sequence[Sequence[object]]]:
    """request_id and 1 or 0 in the order of the replay, in batches; after `simulate` on the same store."""
    store.run(sql("caps/decisions.sql").format(members=traffic.members(caps)))
    after = 0
    while batch := store.rows(sql("caps/decisions_batch.sql"), {"after": after, "size": BATCH}):
        yield batch
        after += BATCH


def as_table(found: Simulated, caps: Sequence[Cap], asked: Asked) -> Table:
    """llmcost.caps-simulation/1: one row per cap with what it decided."""
    done = found.done
    served_cost = (
        done.cost_pico - sum(done.refused_cost_pico) + done.refused_cost("overage") + found.downgraded_cost_pico
    )
    words = {key: _same(str(getattr(cap, key)) for cap in caps) for key in ("unit", "kind", "counts")}
    head: dict[str, object] = {
        "cap": ", ".join(cap.text for cap in caps),
        "per": asked.per,
        **words,
        "on_limit": _same(cap.on_limit + (f":{cap.model}" if cap.model else "") for cap in caps),
        "requests": done.requests,
        "served": done.served,
        "blocked": done.refused("block"),
        "downgraded": done.refused("downgrade"),
        "overage": done.refused("overage"),
        "users": done.users,
        "users_blocked": done.users_refused,
        "cost": _dollars(done.cost_pico),
        "cost_served": _dollars(served_cost),
        "cost_avoided": _dollars(done.cost_pico - served_cost),
        "unpriced_requests": found.unpriced,
    }
    if traffic.counts_turns(caps):
        head |= {"turns": done.items, "turns_served": done.items - sum(done.refused_items)}
    columns = [
        Column("cap", "text"),
        Column("unit", "text"),
        Column("kind", "text"),
        Column("counts", "text"),
        Column("on_limit", "text", "at the limit"),
        Column("plan", "text", data_only=all(cap.plan is None for cap in caps)),
        Column("refused", "count"),
        Column("refused_cost", "cost", "their cost"),
    ]
    rows = [
        [
            cap.text,
            cap.unit,
            cap.kind,
            cap.counts,
            cap.on_limit + (f":{cap.model}" if cap.model else ""),
            cap.plan,
            done.refused_requests[n],
            Decimal(done.refused_cost_pico[n]) / PICO,
        ]
        for n, cap in enumerate(caps)
    ]
    return Table(
        "llmcost.caps-simulation/1",
        f"Caps per {asked.per}: {head['cap']}",
        columns,
        rows,
        head=head,
        notes=_notes(found, asked, served_cost),
        rows_name="caps",
    )


def _notes(found: Simulated, asked: Asked, served_cost: int) -> list[str]:
    done = found.done
    if not done.requests:
        return ["no requests that caps could look at", *found.left_out.notes(asked.per)]
    parts = [f"{count(done.served)} of {count(done.requests)} requests within the caps"]
    parts += [
        f"{count(done.refused(what))} {word}"
        for what, word in (("block", "blocked"), ("downgrade", "downgraded"), ("overage", "as overage"))
        if done.refused(what)
    ]
    share = percent(Decimal(done.users_refused) / done.users)
    before, after = Decimal(done.cost_pico) / PICO, Decimal(served_cost) / PICO
    notes = [
        ", ".join(parts),
        f"{count(done.users_refused)} of {count(done.users)} {asked.per}s reach a limit ({share})",
        f"cost {money(before)}, under the caps {money(after)}, avoided {money(before - after)}, if nobody retries or leaves",
    ]
    if found.unpriced:
        notes.append(f"{count(found.unpriced)} requests have no known cost: they weigh nothing in dollars")
    if found.downgraded_unpriced:
        notes.append(f"{count(found.downgraded_unpriced)} downgraded requests have no price on the other model")
    if done.refused("downgrade"):
        notes.append("downgraded requests: the same tokens assumed on the other model, starting without a cache")
    return notes + found.left_out.notes(asked.per)


def _same(words: Iterator[str]) -> str:
    """The word that all share, else each."""
    found = list(words)
    return found[0] if len(set(found)) == 1 else ", ".join(found)


def _dollars(pico: int) -> str:
    return exact_money(Decimal(pico) / PICO) or ""
