"""A changed catalogue: the rows concerned get their new cost, nothing else moves, and the difference is on record."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from llmcost.pricing import charges, rates, reprice
from llmcost.pricing.catalogue import as_of
from llmcost.resources import sql
from llmcost.store import open_ledger
from tests.pricing.books import fill, model, row, tiny, us

MILLION = {"fresh_input_tokens": 1_000_000}
ROWS = [
    row("2026-11-01", **MILLION),
    row("2026-11-01", **MILLION, model="other"),
    row("2026-11-02", **MILLION),
    row("2026-11-02", **MILLION, model="unknown"),
    row("2026-11-02", kind="cache_hit", **MILLION),
    row(None, **MILLION),
]


def prices(usd: str, digest: str, more: str = "") -> object:
    other = '  - {match: {exact: [other]}, prices: [{per_mtok: {input: "7"}}]}\n'
    catalogue = tiny(model(f'{{per_mtok: {{input: "{usd}"}}}}') + other + more)
    return type(catalogue)(catalogue.layers, catalogue.aliases, catalogue.owners, digest, "2026-11-20")


@pytest.fixture
def store(tmp_path):
    with open_ledger(tmp_path / "ledger.duckdb", create=True) as opened:
        fill(opened, ROWS)
        reprice.reprice(opened, prices("2", "old"))
        opened.run("DELETE FROM restatements")
        yield opened


def costs(store) -> list[Decimal | None]:
    return [r[0] for r in store.rows("SELECT cost FROM requests ORDER BY seq")]


def test_only_the_rows_concerned_change(store) -> None:
    assert costs(store) == [2, 7, 2, None, 0, 2]
    before = store.rows("SELECT seq, price_id FROM requests WHERE model = 'other'")
    changed = reprice.reprice(store, prices("3", "new"))
    assert costs(store) == [3, 7, 3, None, 0, 3]
    assert store.rows("SELECT seq, price_id FROM requests WHERE model = 'other'") == before
    assert changed == [
        reprice.Restatement(None, 1, Decimal(2), Decimal(3)),
        reprice.Restatement("2026-11-01", 1, Decimal(2), Decimal(3)),
        reprice.Restatement("2026-11-02", 1, Decimal(2), Decimal(3)),
    ]


def test_the_restatement_is_recorded_and_its_sums_are_those_of_the_rows(store) -> None:
    before = store.value("SELECT sum(cost) FROM requests")
    reprice.reprice(store, prices("3", "new"))
    old, new, rows, digest = store.row(
        "SELECT sum(old_cost), sum(new_cost), sum(rows), any_value(catalogue) FROM restatements"
    )
    assert (old, new, rows, digest) == (2 + 2 + 2, 3 + 3 + 3, 3, "new")
    assert store.value("SELECT sum(cost) FROM requests") - before == new - old


def test_a_second_run_finds_nothing(store) -> None:
    reprice.reprice(store, prices("3", "new"))
    recorded = store.rows("SELECT * FROM restatements")
    assert reprice.reprice(store, prices("3", "new")) == []
    assert store.rows("SELECT * FROM restatements") == recorded


def test_a_model_that_gets_or_loses_a_price_is_restated_from_and_to_unknown(store) -> None:
    added = '  - {match: {exact: [unknown]}, prices: [{per_mtok: {input: "5"}}]}\n'
    assert reprice.reprice(store, prices("2", "more", added)) == [
        reprice.Restatement("2026-11-02", 1, None, Decimal(5))
    ]
    assert costs(store)[3] == 5
    assert reprice.reprice(store, prices("2", "old")) == [reprice.Restatement("2026-11-02", 1, Decimal(5), None)]
    assert store.row("SELECT cost, price_id, unpriced_reason FROM requests WHERE model = 'unknown'") == (
        None,
        None,
        "unknown model",
    )


def test_the_store_knows_which_catalogue_its_costs_are_from(store) -> None:
    assert not reprice.is_stale(store, "old")
    assert reprice.is_stale(store, "new")
    assert reprice.reprice_stale(store, prices("3", "old")) == 0  # the same digest: not looked at
    assert costs(store)[0] == 2
    assert reprice.reprice_stale(store, prices("3", "new")) == 3
    assert not reprice.is_stale(store, "new")


def test_a_row_whose_cost_becomes_an_assumption_is_marked_though_the_cost_stays(store) -> None:
    store.run("UPDATE requests SET requests = 9 WHERE seq = 1")
    tiered = prices("2", "tiers")
    text = model('{per_mtok: {input: "2"}, tiers: [{over: 2000000, per_mtok: {input: "9"}}]}')
    tiered = type(tiered)(tiny(text).layers, tiered.aliases, tiered.owners, "tiers", None)
    reprice.reprice(store, tiered)
    assert store.rows(
        "SELECT seq, cost, usage_basis FROM requests WHERE model = 'm' AND kind = 'call' ORDER BY seq"
    ) == [
        (1, 2, "assumed"),
        (3, 2, "declared"),
        (6, 2, "declared"),
    ]


def test_a_new_store_is_not_stale(tmp_path) -> None:
    with open_ledger(tmp_path / "new.duckdb", create=True) as opened:
        assert not reprice.is_stale(opened, "any")


def test_every_price_in_use_is_kept_with_its_arithmetic(store) -> None:
    reprice.reprice(store, prices("3", "new"))
    kept = {i: json.loads(d) for i, d in store.rows("SELECT price_id, detail FROM prices")}
    used = {r[0] for r in store.rows("SELECT DISTINCT price_id FROM requests WHERE price_id IS NOT NULL")}
    assert used <= kept.keys()
    mine = next(kept[i] for i in used if i.startswith("own/m@"))
    assert (mine["provider"], mine["model"], mine["denominator"]) == ("own", "m", "1")
    assert (mine["pico"]["fresh_input_tokens"], mine["once"], mine["since_us"]) == ("3000000", [], 0)


def test_a_failure_leaves_everything_as_it_was(store, monkeypatch) -> None:
    whole = reprice.sql

    def broken(name):
        if name == "pricing/note_prices.sql":  # after the costs were written, before the commit
            raise RuntimeError("disk full")
        return whole(name)

    monkeypatch.setattr(reprice, "sql", broken)
    with pytest.raises(RuntimeError):
        reprice.reprice(store, prices("3", "new"))
    assert costs(store) == [2, 7, 2, None, 0, 2]
    assert not reprice.is_stale(store, "old")
    assert store.rows("SELECT * FROM restatements") == []


def test_only_changed_names_in_the_time_of_the_change_are_priced(store) -> None:
    """`m` has a price that changes on the 2nd: rows of the 1st, and of `other`, are not looked at."""
    changes = model('{to: 2026-11-02, per_mtok: {input: "2"}}\n{from: 2026-11-02, per_mtok: {input: "9"}}')
    other = '  - {match: {exact: [other]}, prices: [{per_mtok: {input: "7"}}]}\n'
    catalogue = tiny(changes + other)
    assert [(r.day, r.rows) for r in reprice.reprice(store, catalogue)] == [(None, 1), ("2026-11-02", 1)]
    # what a later price list concerns: from the 2nd on, and what has no time
    later = tiny(changes.replace('"9"', '"10"') + other)
    charges.prepare(store, later)
    store.run(sql("pricing/concerned.sql"))
    assert store.rows("SELECT model, since_us, until_us FROM concerned") == [("m", us("2026-11-02"), rates.FOREVER_US)]
    store.run(sql("pricing/to_price.sql"))
    # an undated row of a model whose price changes has no cost, but is looked at
    assert store.rows("SELECT seq FROM to_price ORDER BY seq") == [(3,), (5,), (6,)]
    store.run("DROP TABLE to_price")


def test_nothing_is_priced_where_no_price_changed(store) -> None:
    store.run("UPDATE requests SET cost = 5 WHERE seq = 2")
    assert reprice.reprice(store, prices("2", "same prices, other file")) == []
    assert store.fact("catalogue") == "same prices, other file"
    assert reprice.reprice(store, prices("2", "again"), every=True) == [
        reprice.Restatement("2026-11-01", 1, Decimal(5), Decimal(7))
    ]


def test_reprice_equals_pricing_everything_anew(store, tmp_path) -> None:
    for usd in ("3", "0.5", "2"):
        reprice.reprice(store, prices(usd, usd))
        with open_ledger(tmp_path / f"{usd}.duckdb", create=True) as anew:
            fill(anew, ROWS)
            reprice.reprice(anew, prices(usd, usd))
            text = "SELECT seq, cost, price_id, unpriced_reason, usage_basis FROM requests ORDER BY seq"
            assert store.rows(text) == anew.rows(text)


DATED = """
    {to: 2026-11-01, per_mtok: {input: "4"}}
    {from: 2026-11-01, to: 2026-11-02, per_mtok: {input: "2"}}
    {from: 2026-11-02, per_mtok: {input: "1"}}
"""


@pytest.mark.parametrize(
    ("day", "costs_of"),
    [
        ("2026-10-31", [4, 4, 4]),
        ("2026-11-01", [4, 2, 2]),
        ("2026-11-02", [4, 2, 1]),
        ("2027-01-01", [4, 2, 1]),
    ],
)
def test_prices_as_of_a_day_stand_still_after_it(tmp_path, day: str, costs_of: list[int]) -> None:
    catalogue = as_of(tiny(model(DATED)), day)
    assert catalogue.digest == f"tiny@{day}"
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        fill(store, [row(when, **MILLION) for when in ("2026-10-31", "2026-11-01", "2026-11-02")])
        reprice.reprice(store, catalogue)
        assert costs(store) == costs_of


def test_a_pin_stays_until_it_is_lifted(tmp_path) -> None:
    catalogue = tiny(model(DATED))
    with open_ledger(tmp_path / "l.duckdb", create=True) as store:
        fill(store, [row("2026-11-02", **MILLION)])
        reprice.pin(store, "2026-10-31")
        reprice.reprice(store, reprice.pinned(store, catalogue))
        assert costs(store) == [4]
        assert not reprice.is_stale(store, reprice.pinned(store, catalogue).digest)
        reprice.pin(store, None)
        assert reprice.reprice_stale(store, reprice.pinned(store, catalogue)) == 1
        assert costs(store) == [1]
