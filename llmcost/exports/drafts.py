"""One file of an export as a draft beside its place: written by the engine, on the disk, with its digest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmcost.errors import StoreError, UsageError
from llmcost.exports.asked import Asked, Gathered
from llmcost.exports.cells import listed
from llmcost.exports.datasets import Dataset
from llmcost.exports.manifest import DRAFT, digest
from llmcost.model import Column, Kind, Table
from llmcost.store import Store, quote_identifier, quote_text

COPY = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}
NDJSON_KINDS: dict[str, Kind] = {"number": "count", "json": "text", "usd": "decimal", "price": "decimal"}


@dataclass(frozen=True)
class Draft:
    """A file that waits to be moved to `final`."""

    path: Path
    final: Path
    bytes: int
    sha256: str


def draft(
    store: Store, dataset: Dataset, form: str, asked: Asked, rows: Gathered, day: str | None, final: Path
) -> Draft:
    """The rows of one day. UsageError when the place cannot be written."""
    order = ", ".join(f"{quote_identifier(name)} NULLS FIRST" for name in dataset.order(asked))
    source = f"FROM ({rows.text}) WHERE utc_day IS NOT DISTINCT FROM CAST($export_day AS VARCHAR) ORDER BY {order}"
    params = dict(rows.params) | {"export_day": day}
    if form == "ndjson":
        return _ndjson(store, dataset, asked, source, params, final)
    return copy(store, f"SELECT {listed(dataset.fields(asked), form)} FROM (SELECT * {source})", params, form, final)


def copy(store: Store, select: str, params: dict[str, object], form: str, final: Path) -> Draft:
    """What a query finds, as a file."""
    path = _place(final)
    try:
        store.run(f"COPY ({select}) TO {quote_text(str(path))} ({COPY[form]})", params)
        return _done(path, final)
    except (StoreError, OSError) as error:
        path.unlink(missing_ok=True)
        raise refused(error, final) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def refused(error: Exception, final: Path) -> UsageError:
    """Why a file could not be written, in a sentence."""
    what = error.strerror if isinstance(error, OSError) else getattr(error, "message", str(error))
    hint = "free some space, or choose another --to; the files of the last export are as they were"
    return UsageError(f"cannot write: {what}", place=str(final), hint=hint)


def _ndjson(store: Store, dataset: Dataset, asked: Asked, source: str, params: dict[str, object], final: Path) -> Draft:
    from llmcost.render import render

    fields = dataset.fields(asked)
    columns = [Column(f.name, NDJSON_KINDS.get(f.kind, f.kind)) for f in fields]  # type: ignore[arg-type]
    names = ", ".join(quote_identifier(f.name) for f in fields)
    path = _place(final)
    try:
        with path.open("xb") as file:
            # the order stands inside: a sorted subquery would not bind what comes around it
            for batch in store.batches(f"SELECT {names} {source}", params, alone=True):
                file.write(render(Table("", "", columns, batch), "ndjson").encode())
        return _done(path, final)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise refused(error, final) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _place(final: Path) -> Path:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "choose another --to"
        raise UsageError(f"cannot be made: {error.strerror}", place=str(final.parent), hint=hint) from error
    return final.with_name(DRAFT.format(os.urandom(8).hex()))


def _done(path: Path, final: Path) -> Draft:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return Draft(path, final, path.stat().st_size, digest(path))


def sums(store: Store, dataset: Dataset, rows: Gathered) -> dict[str | None, Sequence[object]]:
    """Per day how many rows were gathered and what they cost."""
    from llmcost.resources import sql

    text = sql("exports/sums.sql").format(cost=quote_identifier(dataset.cost), gathered=rows.text)
    return {day: (count, cost) for day, count, cost in store.rows(text, rows.params)}
