"""A policy of five rules over stored requests against pricing the same rows as they are, and the bootstrap over 100,000 users; prints both.

python tests/bench/simulate.py [ROWS]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from llmcost.config import Config
from llmcost.pricing import catalogue, charges
from llmcost.resources import sql
from llmcost.routing import intervals, language
from llmcost.routing.placed import Question
from llmcost.routing.simulate import simulate
from llmcost.store import Store, open_ledger

POLICY = """
models:
  mini: {model: openai/gpt-5-mini, tokens: {input: 1, output: 0.9}}
  haiku: {model: anthropic/claude-haiku-4-5, tokens: {input: 1, output: 1.1}}
rules:
  - {name: a, when: "feature = 'f1' and input_tokens < 2000", route: mini}
  - {name: b, when: "feature in ('f2', 'f3')", route: haiku}
  - {name: c, when: "agent = 'a4'", split: {mini: 20, haiku: 80}, key: user}
  - {name: d, when: "input_tokens > 3500", route: mini, batch: true}
  - {name: e, when: "feature = 'f5' and plan = 'free'", route: mini}
report: {bootstrap: 0}
"""
ROWS = """INSERT INTO requests BY NAME
SELECT 'r' || i AS request_id, 'bench' AS source, i AS seq, make_timestamp(1760000000000000 + i * 100000) AS ts, 1760000000000000 + i * 100000 AS ts_us,
  'call' AS kind, 1 AS requests, CASE WHEN i % 3 = 0 THEN 'anthropic' ELSE 'openai' END AS provider,
  CASE WHEN i % 3 = 0 THEN 'claude-sonnet-4-5' ELSE 'gpt-5' END AS model, 'u' || (hash(i) % 100000) AS "user", 'f' || (hash(i, 1) % 7) AS feature,
  'a' || (hash(i, 2) % 9) AS agent, 'exact' AS usage_quality, 'declared' AS usage_basis, COLUMNS(z.* EXCLUDE (z)),
  CAST(hash(i, 3) % 4000 AS BIGINT) AS fresh_input_tokens, CASE WHEN i % 4 = 0 THEN CAST(hash(i, 5) % 9000 AS BIGINT) ELSE 0 END AS cache_read_tokens,
  CASE WHEN i % 9 = 0 THEN 1000 ELSE 0 END AS cache_write_5m_tokens, CASE WHEN i % 3 = 1 THEN CAST(hash(i, 6) % 700 AS BIGINT) ELSE 0 END AS reasoning_tokens,
  CAST(hash(i, 4) % 900 AS BIGINT) AS text_output_tokens
FROM range($rows) t(i), zeros z"""


def seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def fill(store: Store, rows: int) -> None:
    from llmcost import ledger

    written = (
        "fresh_input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "reasoning_tokens",
        "text_output_tokens",
    )
    zeros = ", ".join(f"0::BIGINT AS {n}" for n in (*ledger.TOKEN_NAMES, "unexplained_tokens") if n not in written)
    store.run(f"CREATE TEMP TABLE zeros AS SELECT 0 AS z, {zeros}")
    store.run(ROWS, {"rows": rows})


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    prices = catalogue.load()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.duckdb"
        with open_ledger(path, create=True) as store:
            fill(store, rows)
            charges.prepare(store, prices)
            store.run(f"CREATE TEMP TABLE charged AS SELECT seq, cost FROM ({sql(charges.CHARGES)})")
            store.run("UPDATE requests r SET cost = c.cost FROM charged c WHERE c.seq = r.seq")
        (Path(folder) / "p.yaml").write_text(POLICY)
        told = language.load(Path(folder) / "p.yaml")
        with open_ledger(path, read_only=True) as store:
            charges.prepare(store, prices)
            bill = f"SELECT sum(cost), count(*) FROM ({sql(charges.CHARGES)})"
            again = [seconds(lambda: store.rows(bill)) for _ in range(3)]
            replay = [seconds(lambda: simulate(store, Config(), told, prices, Question())) for _ in range(3)]
    print(
        f"{rows:,} requests: priced as they are {min(again):.2f} s, simulated {min(replay):.2f} s, x {min(replay) / min(again):.2f}"
    )
    import numpy as np

    rng = np.random.default_rng(1)
    money = {name: rng.integers(0, 10**9, 100_000) for name in ("before", "after", "low", "high")}
    scores = {name: rng.integers(1, 100, 100_000) for name in ("judged", "quality_before", "quality_after")}
    spent = seconds(lambda: intervals.bootstrap(money | scores, 2000, 7))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"bootstrap of 2,000 over 100,000 users: {spent:.1f} s; peak of the whole process {peak:.0f} MB")


if __name__ == "__main__":
    main()
