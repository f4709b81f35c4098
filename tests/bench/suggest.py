"""simulate --suggest over requests that give every standard move something to try; prints what it takes.

python tests/bench/suggest.py [ROWS]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from llmcost.config import Config
from llmcost.pricing import catalogue, charges
from llmcost.resources import sql
from llmcost.routing.placed import Question
from llmcost.routing.suggest import suggest
from llmcost.store import open_ledger
from tests.bench.simulate import fill

FACTS = """UPDATE requests r SET cost = c.cost,
  kind = CASE WHEN r.seq % 50 = 7 THEN 'attempt' ELSE 'call' END,
  "user" = CASE WHEN feature = 'f6' THEN NULL ELSE "user" END,
  prompt_hash = 'p' || hash(r.seq, 7) % 500000,
  prefix_blocks = CASE WHEN r.seq % 5 = 0 THEN [hash(r.seq, 8) % 1000, hash(r.seq, 9) % 100000, r.seq]::BIGINT[] END,
  scores = MAP {'strong_win_rate': hash(r.seq, 10) % 1000 / 1000, 'judge': hash(r.seq, 11) % 100 / 100}
FROM charged c WHERE c.seq = r.seq"""


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    prices = catalogue.load()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.duckdb"
        with open_ledger(path, create=True) as store:
            fill(store, rows)
            charges.prepare(store, prices)
            store.run(f"CREATE TEMP TABLE charged AS SELECT seq, cost FROM ({sql(charges.CHARGES)})")
            store.run(FACTS)
        with open_ledger(path, read_only=True) as store:
            wall, cpu = time.perf_counter(), time.process_time()
            found = suggest(store, Config(), prices, Question())
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    tried = len(found.suggestions) + len(found.saves_nothing)
    without = f"; does not fit: {', '.join(found.without)}" if found.without else ""
    print(f"{rows:,} requests, {tried} suggestions tried: {wall:.1f} s, CPU {cpu:.1f} s{without}")


if __name__ == "__main__":
    main()
