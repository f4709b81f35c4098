"""The GitHub Action and the GitLab job, run as their runners would: their own shell lines, with bash."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.cli.program import QUIET_ENVIRONMENT
from tests.spend.ledgers import call, ledger

ROOT = Path(__file__).parent.parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
BLOCKS = [
    yaml.safe_load(block)
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
]
LIKE_GITHUB = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with llmcost as a command, and a ledger of a cent beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "llmcost").write_text(f'#!/bin/sh\nexec {sys.executable} -m llmcost "$@"\n')
    (folder / "llmcost").chmod(0o755)
    ledger(tmp_path, [call(f"r{n}", agent="it's a") for n in range(10)])
    return folder


def run(script: str, folder: Path, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in QUIET_ENVIRONMENT}
    env = clean | {"PATH": path, "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run([*LIKE_GITHUB, script], cwd=folder, env=env, capture_output=True, text=True, check=False)


def action(folder: Path, path: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Its only step, with the inputs put where the runner puts them: into the environment, never into the script."""
    (step,) = ACTION["runs"]["steps"]
    assert "${{" not in step["run"]
    given = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
    env = {
        key: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given[found[1]], value)
        for key, value in step["env"].items()
    }
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return run(step["run"], folder, path, **env, **files)


@pytest.mark.parametrize(
    ("arguments", "code", "result"),
    [
        ("--max-cost 1", 0, "pass"),
        ("--max-cost 0.001", 3, "breach"),
        ("--max-cost 0.001 --soft", 0, "breach"),
        ("--max-cost 1 --since 2030-01-01", 4, "undecided"),
        ("--max-cost 1 --where \"agent = 'it''s a'\"", 0, "pass"),
        ("--max-cost 1 --where \"agent = '$(touch owned)`touch owned`'\"; touch owned", 2, None),
        ("--max-cost '1", 2, None),
    ],
)
def test_the_action_ends_as_the_gate_does_and_leaves_its_reports(
    tmp_path: Path, tools: Path, arguments: str, code: int, result: str | None
) -> None:
    ended = action(tmp_path, f"{tools}:/usr/bin:/bin", args=arguments)

    assert ended.returncode == code, ended.stderr
    assert not (tmp_path / "owned").exists()
    if result is not None:
        assert f"result={result}\n" in (tmp_path / "GITHUB_OUTPUT").read_text()
        assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text().startswith("<!-- llmcost-gate -->\n")
        reports = sorted(path.name for path in (tmp_path / "llmcost-gate").iterdir())
        assert reports == ["gate.json", "gate.md", "gate.sarif", "gate.xml"]


def test_the_outputs_of_the_action_are_those_that_the_gate_writes(tmp_path: Path, tools: Path) -> None:
    action(tmp_path, f"{tools}:/usr/bin:/bin", args="--max-cost 1")
    written = [line.partition("=")[0] for line in (tmp_path / "GITHUB_OUTPUT").read_text().splitlines()]

    assert list(ACTION["outputs"]) == written
    for name, one in ACTION["outputs"].items():
        assert one["value"] == f"${{{{ steps.{ACTION['runs']['steps'][0]['id']}.outputs.{name} }}}}"


def test_the_action_says_so_where_llmcost_is_not_installed(tmp_path: Path) -> None:
    ended = action(tmp_path, "/usr/bin:/bin", args="--max-cost 1")

    assert ended.returncode == 2
    assert "pip install llmcost" in ended.stdout


def test_the_readme_uses_the_action_with_inputs_that_it_has() -> None:
    (steps,) = (block for block in BLOCKS if isinstance(block, list))

    assert steps[1]["with"].keys() <= ACTION["inputs"].keys()


@pytest.mark.parametrize(("rows", "code"), [(10, 0), (0, 4)])
def test_the_job_for_gitlab_runs_and_its_artifacts_are_there(tmp_path: Path, tools: Path, rows: int, code: int) -> None:
    (job,) = (block["llmcost-gate"] for block in BLOCKS if isinstance(block, dict) and "llmcost-gate" in block)
    ledger(tmp_path, [call(f"r{n}") for n in range(rows)])
    ended = run("\n".join(job["script"]), tmp_path, f"{tools}:/usr/bin:/bin", LLMCOST_NOW="2026-10-15T13:00:00Z")

    assert ended.returncode == code, ended.stderr
    assert job["allow_failure"] == {"exit_codes": 4}
    assert ET.parse(tmp_path / job["artifacts"]["reports"]["junit"]).getroot().tag == "testsuites"
    assert all((tmp_path / path).is_file() for path in job["artifacts"]["paths"])
