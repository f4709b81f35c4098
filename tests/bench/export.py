"""`llmcost export` of daily CSV against the engine's own COPY of the same aggregation, and a second night with nothing new.

python tests/bench/export.py LEDGER.duckdb [REQUESTS] [DAYS] [ROUNDS]: repeats the rows of a ledger to that many requests over so many days.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb

GROW = """
INSERT INTO requests
SELECT b.* EXCLUDE (place) REPLACE ('r' || g.i AS request_id, g.i AS seq, g.ts_us AS ts_us, make_timestamp(g.ts_us) AS ts, 'turn' || (g.i // 3) AS turn)
FROM (SELECT range AS i, 1790812800000000 + (range * {span_s} // {wanted}) * 1000000 AS ts_us FROM range({wanted})) g
JOIN (SELECT row_number() OVER (ORDER BY seq) - 1 AS place, * FROM base) b ON b.place = hash(g.i) % {rows}
ORDER BY g.i
"""
COPY = """
from pathlib import Path
import sys
from llmcost.config import Config
from llmcost.exports.datasets import DAILY_BY
from llmcost.spend import report
from llmcost.store import open_ledger
from llmcost.windows import Window
with open_ledger(Path(sys.argv[1]), read_only=True) as store:
    text, params = report.grouped(store, Config(), DAILY_BY, None, Window(), "UTC")
    store.run(f"COPY (SELECT * FROM ({text}) ORDER BY ALL) TO '{sys.argv[2]}' (FORMAT csv, HEADER)", params)
"""


def seconds(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    source = sys.argv[1]
    wanted, days, rounds = (
        int(sys.argv[n]) if len(sys.argv) > n else usual for n, usual in ((2, 1_000_000), (3, 30), (4, 3))
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = str(shutil.copy(source, folder / "grown.duckdb"))
        with duckdb.connect(store) as connection:
            connection.execute("CREATE TEMP TABLE base AS SELECT * FROM requests WHERE ts_us IS NOT NULL")
            (rows,) = connection.execute("SELECT count(*) FROM base").fetchall()[0]
            connection.execute("DELETE FROM requests")
            # with the number as a constant the engine hashes the join; with a subquery it compares every pair
            connection.execute(GROW.format(span_s=days * 86400, wanted=wanted, rows=rows))
        copy, export, again = [], [], []
        for number in range(rounds):
            copy.append(seconds("-c", COPY, store, str(folder / "copy.csv")))
            arguments = ("-m", "llmcost", "export", "--db", store, "--to", str(folder / f"out{number}"))
            export.append(seconds(*arguments))
            again.append(seconds(*arguments))
        ratio = median(export) / median(copy)
        print(
            f"{wanted:,} requests, {days} days: COPY {median(copy):.2f} s, llmcost export {median(export):.2f} s, ratio {ratio:.2f}; "
            f"nothing new {median(again):.2f} s (medians of {rounds})"
        )


if __name__ == "__main__":
    main()
