"""The recipes are run as they stand, as far as a machine without the services can: shell, YAML, Python, and the DuckDB query."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import yaml

from llmcost.resources import PACKAGE
from tests.exports.test_exports import THREE_DAYS
from tests.spend.ledgers import overrides

TEXT = (PACKAGE / "exports" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```(\w+(?: \w+)?)\n(.*?)```", TEXT, re.DOTALL))


def place(folder: Path) -> dict[str, str]:
    """/srv/llmcost as the recipes have it: logs, a config, and llmcost on the PATH."""
    import json

    (folder / "logs").mkdir()
    (folder / "logs" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in THREE_DAYS))
    overrides(folder)
    (folder / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")
    (folder / "bin").mkdir()
    command = folder / "bin" / "llmcost"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m llmcost "$@"\n')
    command.chmod(0o755)
    return os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "LLMCOST_NOW": "2026-10-04T02:15:00Z"}


def run(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    text = command.replace("/srv/llmcost", shlex.quote(str(folder)))
    return subprocess.run(["sh", "-c", text], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_cron_writes_one_line_and_stale_data_are_exit_4_and_duckdb_loads_the_files(tmp_path: Path) -> None:
    env = place(tmp_path)
    command = BLOCKS["cron"].split(" ", 5)[5].strip()
    done = run(command, tmp_path, env)
    log = (tmp_path / "nightly.log").read_text()

    assert done.returncode == 0, log
    assert re.fullmatch(r"2026-10-04T02:15:00Z llmcost export daily: 4 files, 4 new, 4 rows, .*\n", log)
    query = BLOCKS["sql duckdb"].replace("exports/", f"{tmp_path}/exports/")
    assert [cost for _, cost in duckdb.sql(query).fetchall()] == [Decimal("0.001")] * 4
    assert run(command, tmp_path, env | {"LLMCOST_NOW": "2026-10-09T02:15:00Z"}).returncode == 4


def test_the_commands_of_systemd_github_and_airflow_are_one_command_that_runs(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.read_string(BLOCKS["ini"])
    workflow = yaml.safe_load(BLOCKS["yaml"])
    tree = ast.parse(BLOCKS["python"])
    airflow = next(
        k.value for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords if k.arg == "bash_command"
    )
    commands = [
        shlex.split(unit["Service"]["ExecStart"])[2],
        workflow["jobs"]["export"]["steps"][2]["run"],
        ast.literal_eval(airflow),
    ]
    env = place(tmp_path)
    for command in commands:
        done = run(command, tmp_path, env)
        assert (done.returncode, done.stderr) == (0, "")
    assert unit["Timer"]["Persistent"] == "true"


def test_the_shell_of_the_warehouse_recipe_is_shell() -> None:
    done = subprocess.run(["sh", "-n"], input=BLOCKS["console bigquery"], text=True, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert yaml.safe_load(BLOCKS["yaml dbt"])["sources"][0]["tables"][0]["name"] == "daily"
