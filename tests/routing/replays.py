"""Policies as text, replayed over small ledgers of the two models of acme: a token of `small` costs a microdollar in and ten out, one of `big` a hundred times as much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llmcost import conditions
from llmcost.config import Config
from llmcost.routing import language
from llmcost.routing.placed import Question
from llmcost.routing.policy import Policy
from llmcost.routing.simulate import Simulated, simulate
from llmcost.routing.view import as_document
from tests.spend.ledgers import opened, prices

MODELS = "models: {small: {model: acme/small}, big: {model: acme/big}}\n"


def policy(text: str) -> Policy:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p.yaml"
        path.write_text(text)
        return language.load(path)


def replayed(
    folder: Path,
    rows: Iterable[Mapping[str, Any]],
    text: str,
    *,
    config: Config | None = None,
    where: str | None = None,
) -> Simulated:
    """The rows under the policy."""
    asked = Question(conditions.parse(where, fields=conditions.FIELDS)) if where else Question()
    with opened(folder, rows) as store:
        return simulate(store, config or Config(), policy(text), prices(), asked)


def micro(found: Simulated) -> tuple[int, int]:
    """Cost before and after, in microdollars."""
    assert found.before_pico % 10**6 == found.after_pico % 10**6 == 0
    return found.before_pico // 10**6, found.after_pico // 10**6


def document(found: Simulated) -> dict[str, Any]:
    table = as_document(found)
    names = [column.name for column in table.columns]
    rules = [dict(zip(names, row, strict=True)) for row in table.rows]
    return {**table.head, "rules": rules, **table.foot}
