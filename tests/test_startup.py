"""Start-up is a feature: which heavy modules each command loads (counted, not timed)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from llmcost.cli import app

HEAVY = ("duckdb", "pandas", "numpy", "plotly", "yaml", "rich", "pydantic")
PROGRAM = (
    "import io, json, sys, contextlib\n"
    "from llmcost.__main__ import main\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
    "    main(sys.argv[1:])\n"
    f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))\n"
)


def loaded(*arguments: str, cwd: object = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, cwd=cwd
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


COMMANDS = tuple(info.name or "" for info in [*app.registered_commands, *app.registered_groups])


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), *((command, "--help") for command in COMMANDS)], ids=" ".join
)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded(*arguments) == set()


def test_a_report_loads_the_engine_and_nothing_for_notebooks_or_pages(tmp_path: object) -> None:
    (tmp_path / "log.jsonl").write_text('{"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}\n')
    assert loaded("ingest", "log.jsonl", cwd=tmp_path) <= {"duckdb", "yaml", "rich"}
    assert loaded("report", cwd=tmp_path) <= {"duckdb", "rich"}
    assert loaded("report", "--format", "json", cwd=tmp_path) <= {"duckdb"}


def test_the_catalogue_is_not_read_for_a_report_from_the_store(tmp_path: object) -> None:
    (tmp_path / "log.jsonl").write_text('{"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}\n')
    loaded("ingest", "log.jsonl", cwd=tmp_path)
    assert "yaml" not in loaded("report", "--format", "csv", cwd=tmp_path)
