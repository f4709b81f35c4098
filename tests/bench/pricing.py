"""Pricing of 10 million requests, names resolved and the cost written, beside litellm's `cost_per_token` called row by row; prints both.

python tests/bench/pricing.py [ROWS] [--litellm PYTHON]   # a Python that has litellm installed
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from llmcost import ledger
from llmcost.pricing import catalogue, charges
from llmcost.resources import sql
from llmcost.store import Store, open_scratch, requests_ddl

NAMES = (
    *(("openai", m) for m in ("gpt-5", "gpt-5-mini", "gpt-4o-2024-08-06", "gpt-4.1", "gpt-4o-mini", "o3", "o4-mini")),
    *(("anthropic", m) for m in ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1", "claude-3-5-haiku")),
    *(("gemini", m) for m in ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.0-flash")),
    *(("azure", m) for m in ("gpt-4o", "gpt-4.1-mini")),
    *(("deepseek", "deepseek-chat"), ("xai", "grok-4"), ("mistral", "mistral-large-2411"), ("own", "our-model")),
)
TIERS = (None, None, None, "batch", "priority")

FILL = """
INSERT INTO requests (request_id, source, seq, ts_us, kind, requests, provider, model, service_tier, fresh_input_tokens, cache_read_tokens,
                      cache_write_5m_tokens, text_output_tokens, reasoning_tokens, usage_quality, usage_basis)
SELECT 'request-' || i, 'bench', i, 1735689600000000 + hash(i, 1) % 50000000 * 1000000, 'call', 1,
  names[1 + CAST(hash(i, 2) % len(names) AS BIGINT)][1], names[1 + CAST(hash(i, 2) % len(names) AS BIGINT)][2],
  tiers[1 + CAST(hash(i, 3) % len(tiers) AS BIGINT)],
  hash(i, 4) % 12000, CASE WHEN i % 2 = 0 THEN hash(i, 5) % 60000 ELSE 0 END, CASE WHEN i % 11 = 0 THEN hash(i, 6) % 3000 ELSE 0 END,
  hash(i, 7) % 1500, CASE WHEN i % 3 = 0 THEN hash(i, 8) % 2000 ELSE 0 END, 'exact', 'declared'
FROM range($rows) t(i), (SELECT $names::VARCHAR[][] AS names, $tiers::VARCHAR[] AS tiers)
"""

LOOP = """
import json, sys, time
import litellm
rows = json.load(sys.stdin)
litellm.suppress_debug_info = True
begun, priced = time.perf_counter(), 0
for provider, model, fresh, read, write, output in rows:
    try:
        litellm.cost_per_token(model=model, custom_llm_provider=provider, prompt_tokens=fresh + read + write, completion_tokens=output,
                               cache_read_input_tokens=read, cache_creation_input_tokens=write)
        priced += 1
    except Exception:
        pass
print(json.dumps([time.perf_counter() - begun, priced]))
"""


def ours(store: Store, rows: int) -> tuple[float, float, str]:
    """Seconds for names and rates, seconds for pricing and writing, and the bill."""
    prices = catalogue.load()
    begun = time.perf_counter()
    charges.prepare(store, prices)
    resolved = time.perf_counter()
    store.run(f"CREATE TABLE costs AS SELECT seq, cost, price_id FROM ({sql(charges.CHARGES)})")
    priced = time.perf_counter()
    bill, unpriced = store.row("SELECT sum(cost), count(*) FILTER (WHERE cost IS NULL) FROM costs")
    return resolved - begun, priced - resolved, f"${bill} for {rows - unpriced:,} priced, {unpriced:,} unpriced"


def theirs(store: Store, python: str, sample: int = 20_000) -> float:
    """Rows per second of the loop, over a sample of the same rows."""
    rows = store.rows(
        "SELECT provider, model, fresh_input_tokens, cache_read_tokens, cache_write_5m_tokens, text_output_tokens + reasoning_tokens "
        f"FROM requests WHERE provider <> 'own' AND seq < {2 * sample} ORDER BY seq LIMIT {sample}"
    )
    done = subprocess.run(
        [python, "-c", LOOP],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )
    seconds, priced = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"cost_per_token: {len(rows) / seconds:,.0f} rows/s, {priced:,} of {len(rows):,} priced")
    return len(rows) / float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="?", default=10_000_000)
    parser.add_argument("--litellm")
    given = parser.parse_args()
    with TemporaryDirectory() as folder, open_scratch(Path(folder) / "bench.duckdb") as store:
        store.run(requests_ddl())
        for name in ledger.TOKEN_NAMES:
            store.run(f"ALTER TABLE requests ALTER {name} SET DEFAULT 0")
        store.run(FILL, {"rows": given.rows, "names": [list(n) for n in NAMES], "tiers": list(TIERS)})
        names_s, price_s, bill = ours(store, given.rows)
        rate = given.rows / (names_s + price_s)
        print(
            f"{given.rows:,} requests: names and rates {names_s:.2f} s, pricing and writing {price_s:.2f} s: {rate / 1e6:.2f} M rows/s; {bill}"
        )
        if given.litellm:
            print(f"{rate / theirs(store, given.litellm):.0f} x the loop")


if __name__ == "__main__":
    main()
