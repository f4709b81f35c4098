"""The report over the sample logs, byte for byte, in every format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmcost.__main__ import main
from llmcost.cli import session
from tests.conftest import SAMPLE_LOGS
from tests.golden import check


def scrubbed(text: str) -> str:
    """Without what changes whenever a price is added: the digest of the catalogue and the day it was checked."""
    text = re.sub(r'"as_of": "[0-9-]{10}",(\s+)"sha256": "[0-9a-f]{64}"', r'"as_of": "DAY",\1"sha256": "DIGEST"', text)
    return re.sub(r"prices of [0-9]{4}\\?-[0-9]{2}\\?-[0-9]{2} (\\?\()[0-9a-f]{12}", r"prices of DAY \1DIGEST", text)


@pytest.fixture
def report(sample_ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `llmcost report` at the top of the checkout at a fixed time; gives stdout."""
    monkeypatch.chdir(SAMPLE_LOGS.parent)
    monkeypatch.setenv("LLMCOST_NOW", "2026-11-01T09:00:00Z")

    def run(*arguments: str) -> str:
        # what could save changes with every model that is added to the catalogue: tests/test_overview.py
        fixed = ("--db", str(sample_ledger), "--config", "sample_logs/llmcost.yaml", "--no-suggest")
        assert main(["report", *fixed, *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return scrubbed(out)

    return run


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_a_report_for_programs_is_as_agreed(report, form: str) -> None:
    check(f"spend/agents.{form}", report("--by", "agent", "--format", form))


@pytest.mark.parametrize("width", [80, 160])
def test_a_report_on_a_terminal_is_as_agreed(report, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(session, "terminal_width", lambda: width)
    monkeypatch.setenv("NO_COLOR", "1")

    check(f"spend/agents_{width}.txt", report("--by", "agent", "--last", "4w"))


def test_the_golden_holds_no_digest(report) -> None:
    assert not re.search(r"[0-9a-f]{12}", report("--by", "agent", "--format", "markdown"))
    assert '"sha256": "DIGEST"' in report("--by", "agent", "--format", "json")
