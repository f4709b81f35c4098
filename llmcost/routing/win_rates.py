"""RouteLLM's routers asked about the prompts of a log: how likely the strong model answers better, one score per request."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from llmcost.errors import UsageError
from llmcost.figures import count
from llmcost.model import Column, Table
from llmcost.resources import sql
from llmcost.store import Store

SCORE = "strong_win_rate"
"""The name that policies use: score:strong_win_rate."""
ROUTERS = {
    "mf": "matrix factorisation; every prompt goes to OpenAI's embeddings, the router comes from Hugging Face",
    "sw_ranking": "similarity-weighted ranking; every prompt goes to OpenAI's embeddings, the battles come from Hugging Face",
    "bert": "a classifier from Hugging Face, run on this machine",
    "causal_llm": "an 8B model from Hugging Face, run on this machine",
    "random": "no judgement at all: the line that a router has to beat",
}
ASK_OPENAI = ("mf", "sw_ranking")
GIVE_UP_AFTER = 5
"""So many prompts in a row without a score: the others would fail too."""

Judge = Callable[[str], float]


@dataclass
class Scored:
    """The scores by prompt_hash, and what became of the rest."""

    by_hash: dict[str, float] = field(default_factory=dict)
    failed: int = 0
    why: str | None = None
    """What the first failure said."""


def judge(router: str) -> Judge:
    """The router's own function of a prompt. UsageError where the library or what it needs is missing."""
    if router in ASK_OPENAI and not os.environ.get("OPENAI_API_KEY"):
        raise UsageError(
            f"{router} asks OpenAI for the embedding of every prompt, and OPENAI_API_KEY is not set",
            place="--router",
            hint="set it to let the prompts go there; bert runs on this machine",
        )
    # the library makes its client when it is imported, whichever router is asked; one that asks nobody needs no key
    os.environ.setdefault("OPENAI_API_KEY", "not used")
    try:
        from routellm.controller import Controller
    except ModuleNotFoundError as error:
        what = "routellm is not installed" if error.name == "routellm" else f"routellm needs {error.name}"
        raise UsageError(what, place="score", hint="pip install routellm (it brings PyTorch)") from error
    try:
        controller = Controller(routers=[router], strong_model="strong", weak_model="weak")
    except Exception as error:  # whatever its downloads and models raise: it is theirs, and no bug of ours
        raise UsageError(f"RouteLLM cannot load {router}: {_first_line(error)}", place="--router", hint="its checkpoints come from huggingface.co") from error  # fmt: skip
    asked: Judge = controller.routers[router].calculate_strong_win_rate
    return asked


def score(texts: Iterable[tuple[str, str]], ask: Judge) -> Scored:
    """Each distinct prompt once. A router sees the last turn, as RouteLLM itself routes."""
    found = Scored()
    in_a_row = 0
    for prompt_hash, text in texts:
        turn = last_turn(text)
        if prompt_hash in found.by_hash or not turn:
            continue
        try:
            found.by_hash[prompt_hash] = float(ask(turn))
            in_a_row = 0
        except Exception as error:  # noqa: BLE001  a refused or broken call of theirs: counted and told
            found.failed += 1
            found.why = found.why or _first_line(error)
            in_a_row += 1
            if in_a_row == GIVE_UP_AFTER:
                break
    return found


def as_table(store: Store, found: Scored, router: str) -> Table:
    """llmcost.scores/1: request_id and its scores as the JSON object that `enrich` reads; notes say what has none."""
    columns = [Column("request_id", "text"), Column("scores", "text")]
    rows: list[list[object]] = []
    without = 0
    for request_id, prompt_hash in store.rows(sql("routing/prompts_of.sql")):
        rate = found.by_hash.get(prompt_hash)
        if rate is None:
            without += 1
        else:
            rows.append([request_id, json.dumps({SCORE: round(rate, 6)})])
    notes = [f"{count(len(rows))} requests scored by {router}, {count(len(found.by_hash))} distinct prompts"]
    if without:
        notes.append(
            f"{count(without)} requests have no score: no text in the log, or none that could be read or judged"
        )
    if found.failed:
        notes.append(f"{count(found.failed)} prompts failed: {found.why}")
    return Table("llmcost.scores/1", f"Scores of {router}", columns, rows, notes=notes)


def last_turn(text: str) -> str | None:
    """What was asked last: the text of the last message of a prompt as logs write it, else the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.strip() or None
    words = " ".join(filter(None, _words(value))).strip()
    return words or None


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        messages = [one for one in value if isinstance(one, dict) and ("role" in one or "parts" in one)]
        users = [one for one in messages if one.get("role", "user") == "user"]
        for one in (users or messages)[-1:] or value:
            yield from _words(one)
    elif isinstance(value, dict):
        keys = ("messages", "contents", "input", "content", "parts", "text", "prompt")
        yield from _words(next((value[key] for key in keys if value.get(key)), ""))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
