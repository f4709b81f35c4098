"""The prompts of logs, read again from their files: the ledger knows them by a digest only, and nothing here stores them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.resources import sql
from llmcost.sources import files, stage
from llmcost.sources.ingest import group_of, prepared
from llmcost.store import EngineError, open_scratch

BATCH = 500
"""Prompts in memory at a time."""


def texts(paths: Iterable[str], config: Config, prompt_key: str) -> Iterator[tuple[str, str]]:
    """(prompt_hash, text) of each distinct prompt of a file, under the key of the ledger that these logs were read into.

    Files that hold no text, or cannot be read as a whole, give none: who asks sees which digests are left without.
    """
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder, open_scratch() as work:
        stage.open_stage(work)
        for log in files.expand(paths, Path(folder), frozenset()):
            try:
                ready = prepared(log, Path(folder), work)
                if ready.shape == "empty":
                    continue
                source, params = stage.sightings_of(work, group_of(ready, config, work))
                if source:
                    text = sql("sources/prompts.sql").format(source=source)
                    for batch in work.batches(text, params | {"prompt_key": prompt_key}, BATCH, alone=True):
                        yield from batch
            except (UsageError, EngineError):
                continue
