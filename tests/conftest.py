"""Fixtures that several rooms share: the sample logs in a store, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.make_sample_logs import Company, build

SAMPLE_LOGS = Path(__file__).parent.parent / "sample_logs"


@pytest.fixture(scope="session")
def company() -> Company:
    """The calls behind the sample logs, with totals that were never read back from a log."""
    return build()


@pytest.fixture(scope="session")
def sample_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all sample logs. Open it read-only."""
    from llmcost import config
    from llmcost.pricing import catalogue
    from llmcost.sources.ingest import ingest

    path = tmp_path_factory.mktemp("sample") / "llmcost.duckdb"
    ingest([str(SAMPLE_LOGS)], path, config=config.load(SAMPLE_LOGS / "llmcost.yaml"), catalogue=catalogue.load())
    return path
