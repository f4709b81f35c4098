"""The README is run: its first command's report must be what it prints, every command it shows must exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line[2:].split("   #")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


def llmcost(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmcost", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "160"},
    )


def test_the_first_command_prints_what_the_readme_shows() -> None:
    set_up, report = COMMANDS[0].rsplit("&& ", 1)
    assert set_up.startswith("python3 -m venv .venv && .venv/bin/pip install")
    arguments = shlex.split(report.removeprefix(".venv/bin/llmcost "))
    done = llmcost(*arguments)

    assert done.returncode == 0, done.stderr
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert without_catalogue(shown[1]) == without_catalogue(done.stdout)


def without_catalogue(text: str) -> str:
    """The day and digest of the prices change with every price that is added."""
    return re.sub(r"prices of \S+ \([0-9a-f]{12}\)", "prices of DAY (DIGEST)", text)


def test_the_test_command_is_what_ci_runs() -> None:
    assert COMMANDS[1] == "bash .ci/run"
    assert (ROOT / ".ci" / "run").is_file()


@pytest.mark.parametrize("command", [c for c in COMMANDS[2:] if c.startswith("llmcost ")])
def test_every_command_of_the_readme_runs(command: str, tmp_path: Path) -> None:
    """Each is run as it stands, in a folder where logs/ and the others are the sample logs."""
    (tmp_path / "logs").symlink_to(ROOT / "sample_logs")
    (tmp_path / "s3-sink" / "a").mkdir(parents=True)
    (tmp_path / "s3-sink" / "a" / "one.json.gz").write_bytes(
        (ROOT / "sample_logs/gateway/litellm-2026-10-part3.jsonl.gz").read_bytes()
    )
    case = '{"ts": "2026-10-01", "model": "gpt-4o", "agent": "a", "input_tokens": 9, "output_tokens": 9, "tags": {"case": "%s"}}\n'
    (tmp_path / "eval.jsonl").write_text(case % "one" + case % "two")
    assert llmcost("ingest", "logs/", cwd=tmp_path).returncode == 0
    keep = ("baseline", "save", "main.json", "--match", "tag:case", "--cases", "eval.jsonl")
    assert llmcost(*keep, cwd=tmp_path).returncode == 0
    for part in command.replace("chatcmpl-8f2c", "edge-001").split(" && "):
        done = llmcost(*shlex.split(part)[1:], cwd=tmp_path)
        expected = 4 if "gate --max-cost" in part else 0  # the last day holds no rows: a gate cannot judge it

        assert done.returncode == expected, f"{part}: {done.stderr}"


def test_files_named_in_the_readme_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_changelog_knows_this_version() -> None:
    from llmcost import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
