"""What providers say they bill, small and real in shape, and a reconciliation of it with a hand-made ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost import conditions
from llmcost.config import Config
from llmcost.sources.statements import Reading, Statement, read
from llmcost.spend.reconcile import ALWAYS, Result, reconcile
from llmcost.windows import Window
from tests.spend.ledgers import Row, opened, prices

DAY_1_S = 1790812800
"""2026-10-01 in seconds."""
GPT = "gpt-4o-2024-08-06"
"""2.50 in, 1.25 cached and 10 out per million tokens: a call as below costs 600 x 2.5 + 400 x 1.25 + 100 x 10 = 3,000 microdollars."""


def gpt(day: int, number: int = 1, hour: int = 12, **facts: Any) -> list[Row]:
    """So many calls of that model on a day of October 2026, each of 600 fresh and 400 cached tokens in and 100 out."""
    usual = {
        "ts": f"2026-10-{day:02}T{hour:02}:00:00Z",
        "provider": "openai",
        "model": GPT,
        "input_tokens": 1000,
        "cache_read_tokens": 400,
        "output_tokens": 100,
    }
    name = f"{facts.get('model', GPT)}-{day}-{hour}-{facts.get('status', '')}"
    return [{"request_id": f"{name}-{n}", **usual, **facts} for n in range(number)]


def acme(day: int, microdollars: int, model: str = "small", **facts: Any) -> Row:
    """One call of acme's that costs so many microdollars: as many tokens in."""
    at = f"2026-10-{day:02}T12:00:00Z"
    tokens = microdollars if model == "small" else microdollars // 100
    usual = {"ts": at, "provider": "acme", "model": model, "input_tokens": tokens}
    return {"request_id": f"{model}-{day}-{microdollars}-{len(facts)}", **usual, **facts}


def timeout(day: int, number: int, **facts: Any) -> Row:
    """An attempt that ran into a timeout: nobody knows what it used."""
    failed = {"kind": "attempt", "status": "error", "error_kind": "timeout"}
    return {"request_id": f"t{day}-{number}", "ts": f"2026-10-{day:02}T12:00:00Z", **failed, **facts}


def page(days: Mapping[int, Iterable[Mapping[str, Any]]]) -> str:
    """A page of OpenAI with one bucket for each day of October 2026."""
    buckets = [
        {
            "object": "bucket",
            "start_time": DAY_1_S + 86400 * (day - 1),
            "end_time": DAY_1_S + 86400 * day,
            "results": list(results),
        }
        for day, results in days.items()
    ]
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None})


def cost(usd: str, line_item: str | None = GPT, currency: str = "usd") -> dict[str, Any]:
    amount = {"value": usd, "currency": currency}
    return {"object": "organization.costs.result", "amount": amount, "line_item": line_item}


def used(requests: int, fresh: int, cached: int, output: int, **more: Any) -> dict[str, Any]:
    """What a usage page says: input_tokens hold the cached ones."""
    return {
        "object": "organization.usage.completions.result",
        "model": GPT,
        "num_model_requests": requests,
        "input_tokens": fresh + cached,
        "input_cached_tokens": cached,
        "output_tokens": output,
        **more,
    }


def statement(
    folder: Path, files: Mapping[str, str | bytes], config: Config | None = None, **reading: Any
) -> Statement:
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read([str(folder / name) for name in files], config or Config(), prices(), Reading(**reading))


def compared(
    folder: Path,
    rows: Iterable[Mapping[str, Any]],
    files: Mapping[str, str | bytes],
    tolerance: str = "0.01",
    where: str | None = None,
    config: Config | None = None,
    window: Window = ALWAYS,
    tz: str = "UTC",
    **reading: Any,
) -> Result:
    """The reconciliation of these native rows with these files."""
    found = statement(folder, files, config, **reading)
    condition = conditions.parse(where, fields=conditions.FIELDS) if where else None
    provider = reading.get("provider")
    with opened(folder, rows) as store:
        return reconcile(
            *(store, Config(), prices(), found, Decimal(tolerance)),
            where=condition,
            provider=provider,
            window=window,
            tz=tz,
        )


def causes(result: Result) -> dict[tuple[str, str | None], str]:
    """The cause of every line, by its first day and model."""
    return {(entry.since.isoformat()[5:], entry.model): entry.cause for entry in result.entries}


def words(result: Result) -> list[str]:
    """The first words of the causes, in the order of the lines."""
    return [entry.word for entry in result.entries]
