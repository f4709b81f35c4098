"""What must hold of traces whatever they hold: twice is once, packing and order do not count, parents add nothing, no token is lost."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import ledger
from tests.sources.reading import Read, put, read
from tests.sources.test_otel import batch, span

Record = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A span of a trace; `counts` is (input, cached in it, output, reasoning in it), which an agent has from its calls."""

    id: str
    parent: str | None
    kind: str
    counts: tuple[int, int, int, int] | None = None


@st.composite
def traces(draw: st.DrawFn) -> list[Node]:
    """A tree of agents and steps with calls for leaves; each agent repeats all calls below it, or only one."""
    nodes: list[Node] = []

    def grow(parent: str | None, depth: int) -> list[tuple[int, int, int, int]]:
        found = []
        for _ in range(draw(st.integers(1, 2))):
            name = f"{len(nodes) + 1:016x}"
            kind = draw(st.sampled_from(["call", "agent", "step"])) if depth < 3 else "call"
            if kind == "call":
                whole, out = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
                counts = (whole, draw(st.integers(0, whole)), out, draw(st.integers(0, out)))
                nodes.append(Node(name, parent, kind, counts))
                found.append(counts)
            else:
                place = len(nodes)
                nodes.append(Node(name, parent, kind))
                below = grow(name, depth + 1)
                told = below if draw(st.booleans()) else below[-1:]
                own = tuple(map(sum, zip(*told, strict=True))) if kind == "agent" else None
                nodes[place] = Node(name, parent, kind, own)  # type: ignore[arg-type]
                found += below
        return found

    grow(None, 0)
    return nodes


OPERATIONS = {"call": "chat", "agent": "invoke_agent", "step": "agent_step"}


def otlp(node: Node) -> Record:
    told: Record = {"gen_ai.operation.name": OPERATIONS[node.kind], "gen_ai.request.model": "gpt-4o"}
    if node.counts:
        whole, cached, out, thought = node.counts
        told |= {"gen_ai.usage.input_tokens": whole, "gen_ai.usage.cache_read.input_tokens": cached}
        told |= {"gen_ai.usage.output_tokens": out, "gen_ai.usage.reasoning.output_tokens": thought}
    return span(node.id, node.parent or "", attributes=told)


def packed_otlp(spans: list[Record], rnd: random.Random) -> list[Record]:
    """The spans as batches of one to three, some sent again."""
    lines, rest = [], list(spans)
    while rest:
        size = rnd.randint(1, 3)
        lines.append(batch(*rest[:size]))
        rest = rest[size:]
    return lines + rnd.sample(lines, rnd.randint(0, len(lines)))


def langfuse(node: Node) -> Record:
    kinds = {"call": "GENERATION", "agent": "AGENT", "step": "SPAN"}
    usage: Record = {}
    if node.counts:
        whole, cached, out, thought = node.counts
        usage = {"input": whole - cached, "input_cached_tokens": cached, "output": out - thought}
        usage |= {"output_reasoning_tokens": thought, "total": whole + out}
    return {
        **{"id": node.id, "traceId": "tr1", "parentObservationId": node.parent, "type": kinds[node.kind]},
        **{"startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "usageDetails": usage},
    }


def packed_langfuse(observations: list[Record], rnd: random.Random) -> list[Record]:
    """The observations as downloads of parts of the trace, some of them twice."""
    lines, rest = [], list(observations)
    while rest:
        size = rnd.randint(1, 3)
        lines.append({"trace": {"id": "tr1", "name": "run"}, "observations": rest[:size]})
        rest = rest[size:]
    return lines + rnd.sample(lines, rnd.randint(0, len(lines)))


WRITERS: dict[str, tuple[Callable[[Node], Record], Callable[[list[Record], random.Random], list[Record]]]] = {
    "otlp": (otlp, packed_otlp),
    "langfuse": (langfuse, packed_langfuse),
}


def sums(found: Read) -> Record:
    names = ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens", "cost")
    return {"calls": len(found.rows), **{name: sum(row[name] for row in found.rows) for name in names}}


def truth(nodes: list[Node]) -> Record:
    made = [node.counts for node in nodes if node.kind == "call" and node.counts]
    whole, cached, out, thought = (sum(column) for column in zip(*made, strict=True))
    # $2.50, $1.25 and $10 per million tokens, in millionths of a cent
    cost = Decimal((whole - cached) * 250 + cached * 125 + out * 1000).scaleb(-8)
    return {
        **{"calls": len(made), "input_tokens": whole, "cache_read_tokens": cached},
        **{"output_tokens": out, "reasoning_tokens": thought, "cost": cost},
    }


FEW = settings(max_examples=3, deadline=None, derandomize=True)


@pytest.mark.parametrize("writer", WRITERS)
@FEW
@given(traces(), st.integers(0, 2**32))
def test_in_any_order_packing_and_number_of_files_each_call_counts_once(
    writer: str, nodes: list[Node], seed: int
) -> None:
    write, pack = WRITERS[writer]
    rnd = random.Random(seed)
    records = [write(node) for node in nodes]
    rnd.shuffle(records)
    lines = pack(records, rnd)
    rnd.shuffle(lines)
    cut = rnd.randint(0, len(lines))
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        for n, part in enumerate((lines[:cut], lines[cut:])):
            if part:
                put(logs, f"{n}.jsonl", part)
        first = read(logs)
        assert sums(first) == truth(nodes)
        # the columns of a row are its declared total, no more and no less
        declared = {node.id: node.counts[0] + node.counts[2] for node in nodes if node.counts}
        for row in first.rows:
            parts = {name: row[name] for name in (*ledger.TOKEN_NAMES, "unexplained_tokens")}
            assert all(value >= 0 for value in parts.values())
            assert sum(parts.values()) == declared[row["request_id"].split(":")[-1]]
        again = read(logs)
        assert again.rows == first.rows
        assert sum(f.new for f in again.report.files) == 0
        # read anew, because a batch was sent once more
        path = next(iter(sorted(logs.iterdir())))
        path.write_text(path.read_text() + json.dumps(pack(records[:2], random.Random(0))[0]) + "\n")
        assert sums(read(logs)) == truth(nodes)


@pytest.mark.parametrize("writer", WRITERS)
@FEW
@given(traces(), st.integers(0, 2**32))
def test_a_trace_cut_in_two_by_the_end_of_a_day_counts_as_one(writer: str, nodes: list[Node], seed: int) -> None:
    write, pack = WRITERS[writer]
    rnd = random.Random(seed)
    # spans are written when they end: those below before those above, or the other way round when the later file comes first
    order = list(reversed(nodes))
    cut = rnd.randint(1, len(order))
    days = [order[:cut], order[cut:]][:: rnd.choice([1, -1])]
    with tempfile.TemporaryDirectory() as folder:
        found = None
        for n, day in enumerate(days):
            if day:
                path = put(Path(folder) / f"day{n}", "a.jsonl", pack([write(node) for node in day], rnd))
                found = read(path, ledger=Path(folder) / "ledger.duckdb")
        assert found is not None
        assert sums(found) == truth(nodes)
