"""Asks the gate about hand-made ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from llmcost.budgets import baseline
from llmcost.budgets.gate import Limits, Session, judge, judge_cases
from llmcost.budgets.metrics import OF_FIGURES, Asked
from llmcost.budgets.rules import Rule, from_config
from llmcost.budgets.verdict import Finding, Verdict
from llmcost.config import Config
from llmcost.windows import EPOCH, Window
from tests.spend.ledgers import NOON, Row, opened, prices, settings

NOW = datetime.fromisoformat(NOON) + timedelta(hours=1)


def us(text: str) -> int:
    return (datetime.fromisoformat(f"{text}T00:00:00+00:00") - EPOCH) // timedelta(microseconds=1)


def days(since: str, until: str) -> Window:
    return Window(us(since), us(until))


@contextmanager
def asking(
    folder: Path, rows: Sequence[Row], config: Config | None = None, window: Window | None = None
) -> Iterator[Asked]:
    with opened(folder, rows) as store:
        yield Asked(store, config or Config(), prices, None, window or Window(), "UTC", NOW)


def ruled(
    folder: Path,
    rows: Sequence[Row],
    *rules: str,
    yaml: str = "",
    window: Window | None = None,
    name: str | None = None,
    limits: Limits | None = None,
) -> Verdict:
    """The verdict of these rules, each written as in llmcost.yaml."""
    config = settings(folder, f"{yaml}\ngate: {{rules: [{', '.join(rules)}]}}\n")
    with asking(folder, rows, config, window) as asked:
        return judge(Session(asked, limits or Limits(), name), from_config(config, None))


def found(verdict: Verdict) -> dict[str, Finding]:
    return {f"{f.id} {f.scope}" if f.scope else f.id: f for f in verdict.findings}


def told(verdict: Verdict) -> dict[str, tuple[str, str]]:
    """Status and reason of everything found."""
    return {key: (f.status, f.reason) for key, f in found(verdict).items()}


def saved(
    folder: Path,
    rows: Sequence[Row],
    *rules: str,
    window: Window | None = None,
    name: str | None = None,
    file: str = "base.json",
    **wanted: Any,
) -> Path:
    """A baseline of these rows that knows the groupings of these rules."""
    config = settings(folder, f"gate: {{rules: [{', '.join(rules)}]}}\n")
    with asking(folder, rows, config, window) as asked:
        asked_for = [rule for rule in from_config(config, None) if rule.metric in OF_FIGURES]
        document = baseline.take(asked, baseline.Wanted(asked_for, **wanted), name=name, where=None)
    path = folder / file
    path.write_text(baseline.as_text(document))
    return path


def cased(folder: Path, rows: Sequence[Row], base: Path, *rules: Rule, match: str = "tag:case") -> Verdict:
    with asking(folder, rows) as asked:
        return judge_cases(Session(asked, Limits()), rules, base, match)
