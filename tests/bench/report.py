"""`llmcost report` from a store against a bare script that runs the same sums; prints both and the ratio.

python tests/bench/report.py ledger.duckdb [ROUNDS]
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

SCRIPT = """
import sys
import duckdb, typer, rich.table, yaml
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("SET enable_progress_bar = false")
billed = "(kind = 'call' OR (kind = 'attempt' AND input_tokens + output_tokens > 0))"
con.execute(f'''SELECT source, sum(requests) FILTER (WHERE {billed}), sum(requests) FILTER (WHERE NOT {billed}),
    sum(requests) FILTER (WHERE usage_quality = 'missing'), sum(requests) FILTER (WHERE usage_basis = 'assumed'),
    sum(requests) FILTER (WHERE cost IS NULL), sum(input_tokens + output_tokens) FILTER (WHERE cost IS NULL), sum(cost), sum(source_cost),
    sum(cost) FILTER (WHERE source_cost IS NOT NULL), sum(source_cost) FILTER (WHERE cost IS NOT NULL),
    sum(cost) FILTER (WHERE feature IS NULL), sum(cost) FILTER (WHERE agent IS NULL), sum(cost) FILTER (WHERE team IS NULL),
    sum(cost) FILTER (WHERE key IS NULL), sum(cost) FILTER (WHERE "user" IS NULL), max(ts_us) FROM ledger GROUP BY source''').fetchall()
con.execute("SELECT source, ts_us // 3600000000 AS hour, count(*) FROM requests GROUP BY ALL").fetchall()
rows = con.execute(f'''SELECT feature, sum(requests) FILTER (WHERE {billed}), sum(requests) FILTER (WHERE NOT {billed}),
    count(DISTINCT coalesce(turn, trace, request_id)), sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(output_tokens),
    sum(reasoning_tokens), sum(cost), sum(source_cost), sum(requests) FILTER (WHERE cost IS NULL), sum(requests) FILTER (WHERE usage_quality = 'missing')
    FROM ledger GROUP BY feature ORDER BY 10 DESC''').fetchall()
con.execute("SELECT count(DISTINCT coalesce(turn, trace, request_id)) FROM requests").fetchall()
con.execute("SELECT sum(lines), sum(duplicates), sum(quarantined) FROM files").fetchall()
table = rich.table.Table()
for i in range(13):
    table.add_column(str(i))
for row in rows:
    table.add_row(*map(str, row))
from rich.console import Console
Console().print(table)
"""


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    store, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    script, report, ratios = [], [], []
    for _ in range(rounds):
        script.append(seconds([sys.executable, "-c", SCRIPT, store]))
        report.append(seconds([sys.executable, "-m", "llmcost", "report", "--db", store]))
        ratios.append(report[-1] / script[-1])
    print(
        f"script {median(script):.3f} s, llmcost report {median(report):.3f} s, ratio {median(ratios):.2f} (medians of {rounds})"
    )


if __name__ == "__main__":
    main()
