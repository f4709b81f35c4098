"""From a file to its format: a sample of decoded records, each held against the table, and the majority."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

from llmcost.sources import csv_text, plain, signs, streams
from llmcost.sources.files import LogFile
from llmcost.sources.formats import FORMATS, MADE_BY_HAND, REFUSALS, Refusal
from llmcost.sources.signs import Record

SAMPLE_RECORDS = 400
CLEAR_RECORDS, CLEAR_SHARE = 24, 0.9
"""A file whose first records nearly all are of one format is not asked further: of a thousand small files that is most of the work."""
SAMPLE_BYTES = 8 << 20


def of_record(record: object) -> str | None:
    """The format of one record, or None for the generic reader."""
    if isinstance(record, Mapping):
        return next((f.name for f in (*FORMATS, *MADE_BY_HAND) if f.fits(record)), None)
    return None


def refusal(records: list[object]) -> Refusal | None:
    """Why none of these records will be read, for those that are known to mislead."""
    return next((each for each in REFUSALS for r in records if isinstance(r, Mapping) and each.fits(r)), None)


def vote(records: list[object]) -> Counter[str | None]:
    """How many of the records fit which format; the first record alone may mislead."""
    return Counter(of_record(r) for r in records if isinstance(r, Mapping))


def favourite(records: list[object]) -> tuple[str | None, float]:
    """The known format that most of the records fit, and their share of all; None when none fits any."""
    votes = vote(records)
    best = next((name for name, _ in votes.most_common() if name is not None), None)
    return best, votes[best] / len(records) if best else 0.0


def sample(log: LogFile, records: int = SAMPLE_RECORDS) -> list[object]:
    """Up to so many decoded records from the start of a JSON lines or CSV file; the names alone when a CSV has no row yet."""
    if log.shape == "csv":
        rows = (row for _, row in csv_text.records(log.path, log.delimiter) if isinstance(row, dict))
        return [opened(row) for row in islice(rows, records)] or [
            dict.fromkeys(csv_text.names_of(log.path, log.delimiter))
        ]
    found: list[object] = []
    size = 0
    for _, line in plain.numbered_lines(log.path):
        size += len(line)
        with suppress(ValueError, RecursionError):
            found.append(decode(line))
        if len(found) >= records or size > SAMPLE_BYTES:
            break
    return found


def decode(line: bytes) -> object:
    """One line of JSON, leniently: BOM, bad UTF-8, lone surrogates, NaN, a trailing comma, JSON inside a string."""
    text = line.decode("utf-8-sig", "replace").strip().rstrip(",")
    value = json.loads(text, parse_float=str, parse_constant=str)
    if isinstance(value, str) and value[:1] in ("{", "["):
        return decode(value.encode("utf-8", "replace"))
    value = _alone(value)
    return opened(value) if isinstance(value, Mapping) else value


def _alone(value: object) -> object:
    """The object in a list of one: so Google sends its errors."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) else value


OPENED = frozenset((*signs.WRAPPERS, "request", "usage", "metadata", "hidden_params", "error_information", "@message"))
"""Fields that hold an object; where one holds text instead, the text is that object in JSON."""


def opened(record: Record) -> dict[str, object]:
    """The record with the JSON in its known text fields decoded, and with the finished answer in place of a stream."""
    found = dict(record)
    for key, value in record.items():
        if key in OPENED and isinstance(value, str) and value.lstrip()[:1] in ("{", '"'):
            with suppress(ValueError, RecursionError):
                inner = decode(value.encode("utf-8", "replace"))
                found[key] = inner if isinstance(inner, Mapping) else value
        elif key in signs.WRAPPERS:
            found[key] = _alone(value)
    return dict(streams.finished(found))
