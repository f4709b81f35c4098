"""The catalogue and its changes as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from llmcost.errors import UsageError, nearest
from llmcost.figures import count, instant_text, money
from llmcost.model import Column, Table
from llmcost.pricing import names, rates
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.difference import Difference
from llmcost.pricing.entries import Model
from llmcost.pricing.reprice import Restatement
from llmcost.pricing.sync import Plan

RATES = ("input", "cache_read", "cache_write", "output")


def listing(catalogue: Catalogue, provider: str | None, at_us: int) -> Table:
    """One row per model with the price in force at `at_us`, USD per million tokens."""
    columns = [Column("provider", "text"), Column("model", "text"), Column("since", "text")]
    columns += [Column(r, "decimal") for r in RATES] + [Column("source", "text", brief=False)]
    wanted = catalogue.aliases.get(provider.lower()) if provider else None
    if provider and wanted is None:
        raise UsageError(
            f"unknown provider '{provider}'",
            place="prices list",
            hint=nearest(provider, catalogue.aliases) or ", ".join(sorted(set(catalogue.aliases.values()))),
        )
    rows: list[list[object]] = []
    shown: dict[tuple[str, str], Model] = {}
    for model in catalogue.models:
        shown.setdefault((model.provider, model.id), model)  # an override comes before what it replaces
    for _, model in sorted(shown.items()):
        if wanted and model.provider != wanted:
            continue
        now = [p for p in model.prices if p.since_us <= at_us and (p.until_us is None or at_us < p.until_us)]
        price = (now or [model.prices[-1]])[0]
        sheet = [price.sheet.rates.get(r) for r in RATES]
        source = price.source.get("via") or price.source.get("url") or price.source.get("evidence")
        rows.append([model.provider, model.id, price.since, *sheet, str(source) if source else None])
    return Table(
        "llmcost.prices/1",
        "Prices, USD per million tokens",
        columns,
        rows,
        head={"as_of": catalogue.as_of, "sha256": catalogue.digest},
        notes=[
            f"{count(len(rows))} models; llmcost prices show MODEL shows tiers, services and history",
            f"catalogue of {catalogue.as_of} ({catalogue.digest[:12]})",
        ],
    )


def card(catalogue: Catalogue, name: str, provider: str | None, terms: rates.Terms, *, why: bool) -> Table:
    """Every rate that a name has had and has: one row per stretch of time, window and size. UsageError for an unknown name."""
    match = names.index(catalogue).match(provider, name)
    if match.model is None:
        steps = "; ".join(match.why)
        raise UsageError(
            f"'{name}' has no price: {match.reason}",
            place="prices show",
            hint=f"{steps}; {_instead(catalogue, match)}",
        )
    model: Model = match.model
    try:
        found = rates.boxes(model, match.name, terms, catalogue.deals)
    except rates.NoTermsError as error:
        raise UsageError(f"'{name}' has no price: {error}", place="prices show") from error
    columns = [
        Column("since", "text"),
        Column("until", "text"),
        Column("terms", "text"),
        *(Column(r, "decimal") for r in RATES),
        Column("price_id", "text", brief=False),
    ]
    per_column = {
        "input": "fresh_input_tokens",
        "cache_read": "cache_read_tokens",
        "cache_write": "cache_write_5m_tokens",
        "output": "text_output_tokens",
    }
    rows: list[list[object]] = []
    for b in sorted(found, key=lambda b: (b.since_us, b.size_from, b.label)):
        row: list[object] = [
            instant_text(b.since_us) if b.since_us else "always",
            instant_text(b.until_us) if b.until_us < rates.FOREVER_US else None,
            b.label or "standard",
            *(_per_million(b.pico.get(per_column[r]), b.denominator) for r in RATES),
            b.price_id,
        ]
        if row not in rows:  # hours of the week with the same rates are one row
            rows.append(row)
    notes = list(match.why) if why else []
    if model.currency != "USD":
        notes.append(f"prices in {model.currency}, turned into USD at the rate of each request's day")
    sold = sorted({name for p in model.prices for s in p.services for name in s.names})
    notes.append(
        f"{model.provider}/{model.id}, {model.mode}" + (f"; also sold as {', '.join(sold)}: --tier" if sold else "")
    )
    for unit, fee in model.prices[-1].fees.items():
        notes.append(f"{unit}: {fee.usd} USD " + ("per request that uses it" if fee.once else "each"))
    for price in model.prices:
        notes.append(f"{price.since}: " + "; ".join(f"{k} {v}" for k, v in price.source.items()))
    return Table(
        "llmcost.price/1",
        f"{name}, USD per million tokens",
        columns,
        rows,
        head={"provider": model.provider, "model": model.id, "why": list(match.why)},
        notes=notes,
    )


def _instead(catalogue: Catalogue, match: names.Match) -> str:
    """What to ask for when a name has no price: with one of its sellers, another name like it, or a price of one's own."""
    name = match.name
    sellers = sorted({model.provider for model in catalogue.models if name in model.exact})
    if sellers and not match.ambiguous:
        more = f" and {len(sellers) - 4} more" if len(sellers) > 4 else ""
        return f"sold by {', '.join(sellers[:4])}{more}: name the provider, as in {sellers[0]}/{name}"
    known = {n for model in catalogue.models for n in model.exact} - {name}
    return nearest(name, known) or "add it with prices.overrides"


def _per_million(pico: int | None, denominator: int) -> Decimal | None:
    return None if pico is None else Decimal(pico) / denominator / rates.PICO_PER_USD_MTOK


def problems(found: Sequence[tuple[str, str]], upcoming: Sequence[str] = ()) -> Table:
    """What `prices check` has to say; prices yet to come are no problem, but shown."""
    rows = [list(pair) for pair in found]
    return Table(
        "llmcost.prices-check/1",
        "Problems in the catalogue",
        [Column("place", "text"), Column("problem", "text")],
        rows,
        notes=[*([] if rows else ["no problems found"]), *upcoming],
    )


def synced(found: Plan, *, written: Sequence[Path], everything: bool = False) -> Table:
    """The figures of a sync that somebody should look at; `everything`: those too on which the catalogue was believed."""
    columns = [Column("state", "text"), Column("provider", "text"), Column("model", "text"), Column("field", "text")]
    columns += [Column(name, "decimal") for name in ("old", "new", "factor")]
    columns += [Column("large", "text", "above 2x"), Column("said_by", "text", "said by")]
    rank = {state: i for i, state in enumerate(("changed", "disputed", "new", "kept"))}
    shown = [line for line in found.lines if everything or line.state != "kept"]
    lines = sorted(shown, key=lambda n: (rank[n.state], not n.is_large, n.provider, n.model, n.field))
    rows: list[list[object]] = [
        [n.state, n.provider, n.model, n.field, n.old, n.new, n.factor, "!" if n.is_large else None, n.said_by]
        for n in lines
    ]
    states = Counter(line.state for line in lines)
    notes = [f"read {lib.name} {lib.version}, {count(len(lib.offers))} models, {lib.sha256[:12]}" for lib in found.read]
    notes += [f"{lib.name}: left out {count(n)} {why}" for lib in found.read for why, n in sorted(lib.left_out.items())]
    notes.append(
        f"{count(len(found.new))} new models; {count(len(found.changed))} changed prices to append; "
        f"{count(states['disputed'])} figures on which sources disagree; {count(states['kept'])} figures stay as reviewed (--all)"
    )
    notes.append(f"written: {', '.join(p.name for p in written)}" if written else "nothing written: --write appends")
    return Table("llmcost.prices-sync/1", "Price libraries against the catalogue, USD", columns, rows, notes=notes)


def differences(found: Sequence[Difference]) -> Table:
    """One row per figure that is not the same in two catalogues."""
    columns = [Column("provider", "text"), Column("model", "text"), Column("since", "text"), Column("field", "text")]
    columns += [Column(name, "decimal") for name in ("old", "new", "factor")]
    rows: list[list[object]] = []
    for *what, old, new in found:
        rows.append([*what, old, new, (new / old).quantize(Decimal("0.001")) if old and new is not None else None])
    note = f"{count(len(rows))} figures differ" if rows else "no figure differs"
    return Table("llmcost.prices-diff/1", "Two catalogues, USD", columns, rows, notes=[note])


def restatement(changed: Sequence[Restatement], pinned_to: str | None = None) -> Table:
    """One row per day whose cost changed."""
    columns = [
        Column("day", "text"),
        Column("rows", "count"),
        Column("old_cost", "cost", "before"),
        Column("new_cost", "cost", "after"),
        Column("difference", "cost"),
    ]
    rows: list[list[object]] = [
        [r.day, r.rows, r.old_cost, r.new_cost, (r.new_cost or Decimal(0)) - (r.old_cost or Decimal(0))]
        for r in changed
    ]
    old = sum((r.old_cost for r in changed if r.old_cost is not None), Decimal(0))
    new = sum((r.new_cost for r in changed if r.new_cost is not None), Decimal(0))
    note = (
        f"{count(sum(r.rows for r in changed))} requests restated, {money(old)} became {money(new)}"
        if rows
        else "nothing to restate: every stored cost is that of today's catalogue"
    )
    pin = [f"prices are those known on {pinned_to}: llmcost reprice --price-as-of latest lifts it"] if pinned_to else []
    return Table(
        "llmcost.reprice/1",
        "Restatement",
        columns,
        rows,
        [None, sum(r.rows for r in changed), old, new, new - old] if rows else None,
        notes=[note, *pin],
    )
