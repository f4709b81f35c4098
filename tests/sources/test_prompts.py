"""prompts.sql: the text behind each digest, read again from the logs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from llmcost import config
from llmcost.sources.prompts import texts
from llmcost.store import open_ledger
from tests.conftest import SAMPLE_LOGS


def test_the_texts_of_the_sample_logs_are_those_behind_the_digests(sample_ledger: Path) -> None:
    told = config.load(SAMPLE_LOGS / "llmcost.yaml")
    with open_ledger(sample_ledger, read_only=True) as store:
        key = str(store.fact("prompt_key"))
        hashes = store.rows("SELECT DISTINCT prompt_hash FROM requests WHERE prompt_hash IS NOT NULL")
    found = list(texts([str(SAMPLE_LOGS)], told, key))
    assert hashes
    assert {digest for (digest,) in hashes} <= {digest for digest, _ in found}
    for digest, text in found:
        assert hashlib.sha256((key + text).encode()).hexdigest()[:32] == digest
