"""Ingest of StandardLoggingPayload lines against the engine's own CREATE TABLE AS SELECT; prints both and the ratio.

python tests/bench/ingest.py slp.jsonl [ROUNDS]      (make the file with make_slp.py)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

BASELINE = """
import duckdb, sys
con = duckdb.connect(sys.argv[2])
con.execute("SET enable_progress_bar = false")
con.execute(open(sys.argv[3]).read(), {"path": sys.argv[1]})
con.close()
"""


def timed(command: list[str]) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak MB of one run."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    assert status == 0, command
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def main() -> None:
    path, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    baseline_sql = str(Path(__file__).with_name("baseline.sql"))
    ratios = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            theirs = timed([sys.executable, "-c", BASELINE, path, f"{folder}/base.duckdb", baseline_sql])
            ours = timed([sys.executable, "-m", "llmcost", "ingest", path, "--db", f"{folder}/ours.duckdb", "-q"])
        ratios.append(ours[0] / theirs[0])
        print(
            f"round {number}: baseline {theirs[0]:.2f} s wall, {theirs[1]:.2f} s cpu, {theirs[2]} MB; "
            f"llmcost {ours[0]:.2f} s wall, {ours[1]:.2f} s cpu, {ours[2]} MB; ratio {ratios[-1]:.2f}"
        )
    print(f"median ratio {median(ratios):.2f}")


if __name__ == "__main__":
    main()
