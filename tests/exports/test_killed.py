"""Killed at any moment, short of space, or not allowed to write: the old files are whole, and the next run puts all in order."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmcost.errors import UsageError
from llmcost.exports.verify import verify
from llmcost.store import open_ledger
from tests.cli.program import process
from tests.exports.test_exports import exported, manifest, tree
from tests.spend.ledgers import Row, call, ledger

KILLS = int(os.environ.get("LLMCOST_KILLS", "5"))
DAYS = 25


def rows(tokens: int) -> list[Row]:
    return [
        call(f"{day}-{n}", ts=f"2026-10-{day:02}T08:00:00Z", input_tokens=tokens + n, agent=f"a{n}")
        for day in range(1, DAYS + 1)
        for n in range(3)
    ]


def drafts(folder: Path) -> list[Path]:
    return [p for p in folder.rglob(".*") if p.name != ".lock"]


def is_well(folder: Path) -> bool:
    table, well = verify(folder)
    return well or pytest.fail(str(table.rows))


def test_killed_at_random_moments_verify_passes_and_the_next_run_completes(tmp_path: Path) -> None:
    """Before the first export, in the middle of it, and between two exports that differ in every file."""
    seed = random.Random(7)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    stores = [ledger(tmp_path / "a", rows(1000)), ledger(tmp_path / "b", rows(2000))]
    command = [sys.executable, "-m", "llmcost", "export", "--to", "out", "--dataset", "daily", "--dataset", "focus"]
    begun = time.monotonic()
    process("export", "--to", "warm", "--dataset", "daily", "--dataset", "focus", "--db", str(stores[0]), cwd=tmp_path)
    took = time.monotonic() - begun
    killed = 0
    for number in range(KILLS):
        run = subprocess.Popen(
            [*command, "--db", str(stores[number % 2])],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            run.wait(seed.uniform(0.25, 1.0) * took)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            killed += run.wait() == -signal.SIGKILL
        if (tmp_path / "out" / "daily" / "v1" / "manifest.json").exists():
            assert is_well(tmp_path / "out")
    assert killed >= KILLS // 3

    for store, name in ((stores[0], "of_a"), (stores[1], "of_b")):
        done = process(*command[3:], "--db", str(store), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert is_well(tmp_path / "out")
        assert drafts(tmp_path / "out") == []
        process("export", "--to", name, "--dataset", "daily", "--dataset", "focus", "--db", str(store), cwd=tmp_path)
        fresh = {path: data for path, data in tree(tmp_path / name).items() if "manifest" not in path}
        assert {path: data for path, data in tree(tmp_path / "out").items() if "manifest" not in path} == fresh


@pytest.mark.parametrize("stop_at", range(1, 8))
def test_stopped_between_any_two_renames_every_file_is_what_one_of_two_manifests_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    """Three days and a manifest: the announcement, three files and the manifest are moved into place, in this order."""
    three = [row for row in rows(1000) if row["ts"] < "2026-10-04"]
    other = [row for row in rows(2000) if row["ts"] < "2026-10-04"]
    with open_ledger(ledger(tmp_path, three), read_only=True) as store:
        exported(store, tmp_path / "out")
    before = tree(tmp_path / "out")
    changed = ledger(tmp_path, other)
    with monkeypatch.context() as stopped, open_ledger(changed, read_only=True) as store:
        real, calls = Path.replace, iter(range(1, 99))

        def replace(self: Path, target: Path) -> Path:
            if next(calls) == stop_at:
                raise KeyboardInterrupt
            return real(self, target)

        stopped.setattr(Path, "replace", replace)
        if stop_at <= 5:
            with pytest.raises(KeyboardInterrupt):
                exported(store, tmp_path / "out")
        else:
            exported(store, tmp_path / "out")
    between = tree(tmp_path / "out")

    assert is_well(tmp_path / "out")
    moved = sum(between[path] != before[path] for path in before if path.endswith(".csv"))
    assert moved == min(max(stop_at - 2, 0), 3)
    with open_ledger(changed, read_only=True) as store:
        exported(store, tmp_path / "out")
    assert is_well(tmp_path / "out")
    assert drafts(tmp_path / "out") == []
    assert [e["revision"] for e in manifest(tmp_path)["files"]] == [2, 2, 2]


def small(folder: Path, limit_bytes: int) -> subprocess.CompletedProcess[str]:
    """The export where no file may be larger than that: what a full disk does, without needing one."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        [sys.executable, "-m", "llmcost", "export", "--to", "out"],
        cwd=folder,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_space_the_old_files_are_whole_and_the_sentence_says_so(tmp_path: Path) -> None:
    with open_ledger(ledger(tmp_path, rows(1000)), read_only=True) as store:
        exported(store, tmp_path / "out")
    before = tree(tmp_path / "out")
    ledger(tmp_path, rows(2000))
    done = small(tmp_path, 100)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("llmcost: error: out/daily/v1/dt=2026-10-01/part-00000.csv: cannot write: ")
    assert "the files of the last export are as they were" in done.stderr
    assert tree(tmp_path / "out") == before
    assert drafts(tmp_path / "out") == []


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be allowed everything, so the system's answer is given for it."""
    with open_ledger(ledger(tmp_path, rows(1000)), read_only=True) as store:
        exported(store, tmp_path / "out")
        before = tree(tmp_path / "out")

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(UsageError) as error:
            exported(store, tmp_path / "out")

    assert str(error.value) == f"{tmp_path}/out/daily/v1: cannot be written: Permission denied"
    assert tree(tmp_path / "out") == before


Damage = Callable[[Path], object]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda part: part.unlink(), "is missing"),
        (lambda part: part.write_bytes(part.read_bytes()[:-1]), "is not what was written"),
        (lambda part: part.write_bytes(part.read_bytes().replace(b"0.0010", b"0.0011", 1)), "is not what was written"),
    ],
)
def test_verify_finds_what_is_missing_or_changed(tmp_path: Path, damage: Damage, problem: str) -> None:
    with open_ledger(ledger(tmp_path, rows(1000)), read_only=True) as store:
        exported(store, tmp_path / "out")
    damage(tmp_path / "out/daily/v1/dt=2026-10-05/part-00000.csv")
    table, well = verify(tmp_path / "out")

    assert not well
    assert str(table.rows[0][3]).startswith(f"dt=2026-10-05/part-00000.csv: {problem}")


def test_verify_adds_up_what_the_files_hold(tmp_path: Path) -> None:
    """A manifest whose digests are right but whose sum is not was not written by an export."""
    with open_ledger(ledger(tmp_path, rows(1000)), read_only=True) as store:
        exported(store, tmp_path / "out")
    path = tmp_path / "out/daily/v1/manifest.json"
    book = json.loads(path.read_text())
    book["files"][4]["sum_cost"] = "0.003003000001"
    path.write_text(json.dumps(book))

    assert verify(tmp_path / "out")[0].rows[0][3] == (
        "dt=2026-10-05/part-00000.csv: holds 3 rows that cost 0.003003000000, the manifest says 3 and 0.003003000001"
    )


def test_a_missing_file_is_written_again(tmp_path: Path) -> None:
    with open_ledger(ledger(tmp_path, rows(1000)), read_only=True) as store:
        exported(store, tmp_path / "out")
        before = tree(tmp_path / "out")
        (tmp_path / "out/daily/v1/dt=2026-10-05/part-00000.csv").unlink()
        done = exported(store, tmp_path / "out")

    assert (done.new, done.restated) == (0, {})
    assert tree(tmp_path / "out") == before
