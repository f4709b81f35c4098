"""Small hand-made ledgers: native rows priced by a catalogue of two models whose bills a reader can add up in the head."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llmcost import conditions, config
from llmcost.config import Config
from llmcost.pricing import catalogue
from llmcost.sources.ingest import ingest
from llmcost.spend.report import Question, report
from llmcost.store import Store, open_ledger
from llmcost.windows import Window

Row = dict[str, Any]

PRICES = """
schema: 1
provider: acme
currency: USD
models:
  - id: small
    mode: chat
    match: {exact: [small]}
    prices:
      - {from: 2020-01-01, per_mtok: {input: "1", cache_read: "0.1", output: "10"}, per_unit: {web_search: "0.01"},
         source: {url: "https://acme.example/prices", checked: 2026-10-01}}
  - id: big
    mode: chat
    match: {exact: [big]}
    prices:
      - {from: 2020-01-01, per_mtok: {input: "100", cache_read: "10", output: "1000"},
         source: {url: "https://acme.example/prices", checked: 2026-09-01}}
"""
"""A token of `small` costs a microdollar in and ten out, one of `big` a hundred times as much."""

NOON = "2026-10-15T12:00:00Z"


@cache
def prices() -> catalogue.Catalogue:
    """The catalogue with the two models of acme."""
    with TemporaryDirectory() as folder:
        return catalogue.load((overrides(Path(folder)),))


def overrides(folder: Path) -> Path:
    """The two models of acme as a file of prices."""
    path = folder / "acme.yaml"
    path.write_text(PRICES)
    return path


def call(name: str, **facts: Any) -> Row:
    """A call of `small` with 1,000 tokens in: a thousandth of a dollar, unless told otherwise."""
    usual = {"request_id": name, "ts": NOON, "provider": "acme", "model": "small", "input_tokens": 1000}
    return {k: v for k, v in (usual | facts).items() if v is not None}


A_MONTH = [
    call(
        f"{day}-{n}",
        ts=f"2026-09-{day:02}T0{n}:00:00Z",
        model="big" if n else "small",
        user=f"u{n}",
        agent=f"a{n}",
        feature=f"f{n}",
        output_tokens=100 * n + day,
    )
    for day in range(1, 31)
    for n in range(3)
]
"""Three calls on each day of September 2026, two of them of `big`."""


def ledger(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """A ledger of these native rows (from log.jsonl, beside it); each keeps its own `source` if it names one."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "log.jsonl").write_text(text)
    path = folder / "llmcost.duckdb"
    path.write_bytes(_ledger(text))
    return path


@cache
def _ledger(text: str) -> bytes:
    """Many tests ask about the same rows: they are read once."""
    with TemporaryDirectory() as folder, chdir(folder):
        Path("log.jsonl").write_text(text)
        ingest(["log.jsonl"], Path("llmcost.duckdb"), config=Config(), catalogue=prices())
        return Path("llmcost.duckdb").read_bytes()


def settings(folder: Path, yaml: str) -> Config:
    path = folder / "llmcost.yaml"
    path.write_text(yaml)
    return config.load(path)


@contextmanager
def opened(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Iterator[Store]:
    with open_ledger(ledger(folder, rows), read_only=True) as store:
        yield store


def asked(
    store: Store,
    by: str,
    config: Config | None = None,
    *,
    where: str | None = None,
    window: Window | None = None,
    tz: str = "UTC",
) -> dict[Any, Row]:
    """A report as {group: figures}; a group of several dimensions is a tuple, the total is under "total"."""
    condition = conditions.parse(where, fields=conditions.FIELDS) if where else None
    names = by.split(",")
    table = report(store, config or Config(), Question(by=names, where=condition, window=window or Window(), tz=tz))
    figures = [column.name for column in table.columns[len(names) :]]
    found = {}
    for row in [*table.rows, table.total]:
        assert row is not None
        key = row[0] if len(names) == 1 else tuple(row[: len(names)])
        found["total" if row is table.total else key] = dict(zip(figures, row[len(names) :], strict=True))
    return found


def costs(figures: Mapping[Any, Row]) -> dict[Any, str | None]:
    """Only the cost of each group, in dollars without trailing zeros."""
    return {key: None if row["cost"] is None else f"{row['cost'].normalize():f}" for key, row in figures.items()}
