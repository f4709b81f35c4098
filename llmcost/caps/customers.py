"""A table of customers: how long each has stayed and whether it has left, for churn that is fitted."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmcost.errors import UsageError, nearest

_LEFT = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


def read(
    path: Path, place: str | None, months: str, left: str, where: Mapping[str, str]
) -> Iterator[tuple[int | None, bool]]:
    """(months stayed, has left) of each row of a CSV file (.gz too) whose columns have the values of `where`.

    A row whose months or whose end cannot be read is (None, False): it says nothing, and is counted by the fit.
    UsageError for a file that cannot be read and for a column that is not there.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
            rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))
            columns = rows.fieldnames or []
            for name in (months, left, *where):
                if name not in columns:
                    hint = nearest(name, columns) or f"it has {', '.join(columns)}"
                    raise UsageError(f"{path.name} has no column '{name}'", place=place, hint=hint)
            for row in rows:
                if all(row[name] == value for name, value in where.items()):
                    stayed, gone = (row[months] or "").strip(), _LEFT.get((row[left] or "").strip().lower())
                    known = stayed.isascii() and stayed.isdigit() and gone is not None
                    yield (int(stayed), bool(gone)) if known else (None, False)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "it is no CSV in UTF-8"
        raise UsageError(f"{path.name} cannot be read: {what}", place=place, hint="a CSV file, .gz too") from error
