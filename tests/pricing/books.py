"""Small catalogues for the tests of the pricing room: YAML text in, files, oracle books and priced rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llmcost import ledger
from llmcost.pricing import catalogue, charges, reader
from llmcost.resources import catalogue_folder, sql
from llmcost.store import Store, open_scratch, requests_ddl

HEAD = "schema: 1\nprovider: own\nmodels:\n"


@cache
def shipped() -> catalogue.Catalogue:
    return catalogue.load()


@cache
def books() -> list[dict[str, Any]]:
    """The shipped files as the oracle reads them."""
    return [yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in sorted(catalogue_folder().glob("*.yaml"))]


def put(folder: Path, text: str, name: str = "prices.local.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tiny(text: str) -> catalogue.Catalogue:
    """A catalogue of nothing but this text."""
    book = reader.read(text.encode(), "prices.yaml")
    return catalogue.Catalogue((book.models,), {book.provider: book.provider}, frozenset([book.provider]), "tiny", None)


def with_overrides(folder: Path, text: str) -> catalogue.Catalogue:
    return catalogue.load([put(folder, text)])


def model(prices: str, name: str = "m", provider: str = "own") -> str:
    """An overrides file with one model; `prices` are the entries in flow style, one a line."""
    entries = "".join(f"      - {line.strip()}\n" for line in prices.strip().splitlines())
    head = HEAD.replace("own", provider)
    return f"{head}  - id: {name}\n    match: {{exact: [{name}]}}\n    prices:\n{entries}"


def us(day: str) -> int:
    """A date or an instant in UTC as µs since 1970."""
    at = datetime.fromisoformat(day)
    return int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()) * 1_000_000


def row(day: str | None = "2026-11-18", **facts: Any) -> dict[str, Any]:
    """A row of the ledger: a call of own/m with no tokens, unless `facts` say otherwise."""
    at = {} if day is None else {"ts_us": us(day)}
    plain = {"provider": "own", "model": "m", "kind": "call", "requests": 1, "usage_quality": "exact"}
    zeros = dict.fromkeys((*ledger.TOKEN_NAMES, "unexplained_tokens"), 0)
    return {**dict.fromkeys(ledger.NAMES), **plain, "usage_basis": "declared", **zeros, **at, **facts}


def fill(store: Store, rows: Iterable[Mapping[str, Any]]) -> None:
    """Puts rows into `requests`, numbered from 1 in the order given."""
    columns = [c for c in ledger.NAMES if c not in ("seq", "ts", "tags", "units", "prefix_blocks", "scores")]
    numbered = list(enumerate(rows, 1))
    store.load("requests", ("seq", *columns), [(seq, *(r[c] for c in columns)) for seq, r in numbered])
    store.run("UPDATE requests SET ts = make_timestamp(ts_us)")
    store.run("CREATE OR REPLACE TEMP TABLE given_units (seq BIGINT, unit VARCHAR, quantity VARCHAR)")
    units = [(seq, name, str(count)) for seq, r in numbered for name, count in (r["units"] or {}).items()]
    store.load("given_units", ("seq", "unit", "quantity"), units)
    store.run(
        "UPDATE requests AS r SET units = u.units FROM (SELECT seq, map(list(unit), list(quantity::DECIMAL(18, 6))) AS units"
        " FROM given_units GROUP BY seq) u WHERE u.seq = r.seq"
    )


def charge(rows: Iterable[Mapping[str, Any]], prices: catalogue.Catalogue) -> list[dict[str, Any]]:
    """What charges.sql makes of rows, in their order."""
    with open_scratch() as store:
        store.run(requests_ddl())
        fill(store, rows)
        charges.prepare(store, prices)
        names, found = store.table(f"SELECT * FROM ({sql(charges.CHARGES)}) ORDER BY seq")
    return [dict(zip(names, values, strict=True)) for values in found]
