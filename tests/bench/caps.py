"""Replay of 80/3h over 10 million requests against the engine's own sort of the same rows, and 20 caps against one; prints both.

python tests/bench/caps.py [ROWS]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from llmcost.caps.cap import Cap
from llmcost.caps.replay import Limit, replay
from llmcost.store import open_scratch

MONTH_S = 30 * 86_400
SHAPES = {
    "a million users": "hash(i * 7) % ($rows // 10)",
    "20,000 users in bursts": "hash(i // 120) % ($rows // 500)",
    "20,000 users, one of whom makes a tenth": "CAST(floor(pow($rows / 500, (hash(i) % 1000003) / 1000003.0)) AS BIGINT)",
}
"""Who makes request i. Bursts: 120 requests in three hours, so that 80/3h refuses the rest."""

TIMES = {
    "a million users": f"hash(i) % {MONTH_S}",
    "20,000 users in bursts": f"hash(i // 120, 1) % {MONTH_S} + hash(i) % 9000",
    "20,000 users, one of whom makes a tenth": f"hash(i, 2) % {MONTH_S}",
}


def seconds(action: object) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    for name, who in SHAPES.items():
        with TemporaryDirectory() as folder, open_scratch(Path(folder) / "bench.duckdb") as store:
            store.run(
                f"CREATE TABLE cap_items AS SELECT 'user-' || {who} AS subject, CAST({TIMES[name]} AS BIGINT) * 1000000 AS ts_us, i AS seq, i AS item, "
                "1::BIGINT AS requests, 12000000000 AS cost_pico, 1::BIGINT AS weight_turn, 1::BIGINT AS weight_request, 900::BIGINT AS weight_token, "
                "12000000000 AS weight_usd FROM range($rows) t(i)",
                {"rows": rows},
            )
            found = []
            one = [[Limit(Cap(80, "3h"))]]
            scan = [[Limit(Cap(n, "3h"))] for n in range(10, 210, 10)]
            sort = seconds(
                lambda store=store: store.run(
                    "CREATE TABLE sorted AS SELECT subject, ts_us, seq FROM cap_items ORDER BY subject, ts_us, seq"
                )
            )
            single = seconds(lambda store=store, found=found, one=one: found.extend(replay(store, one)))
            twenty = seconds(lambda store=store, scan=scan: replay(store, scan))
        share = found[0].users_refused / found[0].users
        print(
            f"{name}: {rows:,} requests, {share:.0%} of {found[0].users:,} users refused, {found[0].served:,} served; sort {sort:.1f} s, "
            f"one cap {single:.1f} s ({single / sort:.2f} x), 20 caps {twenty:.1f} s ({twenty / single:.2f} x one cap)"
        )


if __name__ == "__main__":
    main()
