"""A report over Claude Code transcripts, ours beside ccusage's; prints the times and the totals of both.

python tests/bench/transcripts.py FOLDER CCUSAGE [ROUNDS]
FOLDER from make_transcripts.py; CCUSAGE is the command, such as node_modules/.bin/ccusage (npm install ccusage@20.0.24)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

Figures = dict[str, Any]


def timed(command: list[str], folder: str) -> tuple[float, float, Figures]:
    """Wall seconds, CPU seconds, and what it printed as JSON."""
    environment = os.environ | {"CLAUDE_CONFIG_DIR": folder, "TZ": "UTC"}
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        assert status == 0, command
        out.seek(0)
        return wall, usage.ru_utime + usage.ru_stime, json.load(out)


def main() -> None:
    folder, ccusage = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    ratios = []
    for number in range(1, rounds + 1):
        theirs = timed([ccusage, "claude", "daily", "--offline", "--json", "--timezone", "UTC"], folder)
        ours = timed([sys.executable, "-m", "llmcost", "report", folder, "--by", "day", "--format", "json"], folder)
        ratios.append(ours[0] / theirs[0])
        print(
            f"round {number}: ccusage {theirs[0]:.2f} s wall, {theirs[1]:.2f} s cpu; "
            f"llmcost {ours[0]:.2f} s wall, {ours[1]:.2f} s cpu; ratio {ratios[-1]:.2f}"
        )
    there, here = theirs[2]["totals"], ours[2]["total"]
    print(f"median ratio {median(ratios):.2f}")
    print(f"ccusage: {there}")
    print(
        f"llmcost: {json.dumps({k: here[k] for k in ('requests', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cost')})}"
    )


if __name__ == "__main__":
    main()
