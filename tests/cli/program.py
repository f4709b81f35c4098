"""Runs llmcost as users do: in a process of its own, or (faster) in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmcost.__main__ import main

QUIET_ENVIRONMENT = ("LLMCOST_DB", "LLMCOST_CONFIG", "LLMCOST_NOW", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def process(
    *arguments: str, cwd: Path, text: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`llmcost ARGUMENTS` in a new process, without the variables of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if name not in QUIET_ENVIRONMENT}
    command = [sys.executable, "-m", "llmcost", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False, input=text, timeout=60
    )


def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> Ended:
    """The same in this process, from `folder`."""
    monkeypatch.chdir(folder)
    for name in QUIET_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return captured(capsys, *arguments)


def captured(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """The same, wherever this process is and whatever its environment says."""
    capsys.readouterr()
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return Ended(code, out, err)
