"""What must hold whatever the logs hold: once is once, order and packing do not count, no token is lost or invented."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import ledger
from llmcost.sources import sightings, stage
from tests.sources.reading import Read, put, read
from tests.sources.test_source_cases import dicts, opened

Record = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """`read` is inside `input`, `reasoning` inside `output`; tokens."""

    id: str
    input: int
    read: int
    output: int
    reasoning: int


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    found = []
    for n in range(draw(st.integers(1, 12))):
        whole, out = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
        found.append(Call(f"call-{n}", whole, draw(st.integers(0, whole)), out, draw(st.integers(0, out))))
    return found


def usage(call: Call) -> Record:
    return {
        **{"prompt_tokens": call.input, "completion_tokens": call.output, "total_tokens": call.input + call.output},
        **{
            "prompt_tokens_details": {"cached_tokens": call.read},
            "completion_tokens_details": {"reasoning_tokens": call.reasoning},
        },
    }


def openai(call: Call) -> Record:
    return {"id": call.id, "object": "chat.completion", "created": 1767225600, "model": "gpt-4o", "usage": usage(call)}


def litellm(call: Call) -> Record:
    return {
        **{
            "id": call.id,
            "litellm_call_id": "c",
            "startTime": 1767225600.0,
            "response_cost": 0.1,
            "status": "success",
            "call_type": "acompletion",
        },
        **{
            "model": "gpt-4o",
            "model_group": "g",
            "prompt_tokens": call.input,
            "completion_tokens": call.output,
            "total_tokens": call.input + call.output,
        },
        **{"metadata": {"usage_object": usage(call)}, "hidden_params": {}},
    }


def spend_log(call: Call) -> Record:
    return {
        **{
            "request_id": call.id,
            "call_type": "acompletion",
            "spend": 0.1,
            "startTime": "2026-01-01 00:00:00",
            "model": "gpt-4o",
        },
        **{"prompt_tokens": call.input, "completion_tokens": call.output, "total_tokens": call.input + call.output},
        "metadata": json.dumps({"usage_object": usage(call)}),
    }


def native(call: Call) -> Record:
    return {
        **{"request_id": call.id, "ts": "2026-01-01T00:00:00Z", "model": "gpt-4o", "input_tokens": call.input},
        **{"cache_read_tokens": call.read, "output_tokens": call.output, "reasoning_tokens": call.reasoning},
    }


WRITERS = (openai, litellm, spend_log, native)


def sums(found: Read) -> Record:
    names = ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens", "cost")
    return {"rows": len(found.rows), **{name: sum(row[name] for row in found.rows) for name in names}}


def truth(made: list[Call]) -> Record:
    tokens = {
        "input_tokens": "input",
        "cache_read_tokens": "read",
        "output_tokens": "output",
        "reasoning_tokens": "reasoning",
    }
    # $2.50, $1.25 and $10 per million tokens, in millionths of a cent
    cost = sum((c.input - c.read) * 250 + c.read * 125 + c.output * 1000 for c in made)
    return {
        "rows": len(made),
        **{name: sum(getattr(c, a) for c in made) for name, a in tokens.items()},
        "cost": Decimal(cost).scaleb(-8),
    }


def text_of(records: list[Record]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


FEW = settings(max_examples=3, deadline=None, derandomize=True)


@FEW
@given(calls(), st.integers(0, 2**32))
def test_duplicates_in_any_format_order_and_file_count_once(made: list[Call], seed: int) -> None:
    rnd = random.Random(seed)
    lines = [writer(call) for call in made for writer in rnd.sample(WRITERS, rnd.randint(1, 4))]
    rnd.shuffle(lines)
    cut = rnd.randint(0, len(lines))
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        for n, part in enumerate((lines[:cut], lines[cut:])):
            if part:
                put(logs, f"{n}.jsonl", part)
        first = read(logs)
        assert sums(first) == truth(made)
        assert sum(f.requests for f in first.report.files) == len(lines)
        assert sum(f.duplicates for f in first.report.files) == len(lines) - len(made)
        again = read(logs)
        assert again.rows == first.rows
        assert sum(f.new for f in again.report.files) == 0
        # read anew, because it grew by a line that is there already
        path = next(iter(sorted(logs.iterdir())))
        path.write_text(path.read_text() + text_of([openai(made[0])]))
        assert sums(read(logs)) == truth(made)


@FEW
@given(calls(), st.sampled_from(WRITERS), st.integers(0, 2**32))
def test_packing_marks_and_line_ends_change_nothing(made: list[Call], writer: Any, seed: int) -> None:
    rnd = random.Random(seed)
    text = text_of([writer(call) for call in made])
    shapes: dict[str, bytes] = {
        "a.jsonl": text.encode(),
        "b.jsonl.gz": gzip.compress(text.encode()),
        "c.jsonl": b"\xef\xbb\xbf" + text.encode(),
        "d.jsonl": text.replace("\n", "\r\n").encode(),
        "e.jsonl": text.replace("\n", "\n\n").rstrip().encode(),
        "f.json": json.dumps([writer(call) for call in made], indent=rnd.choice([None, 1])).encode(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in rnd.sample(sorted(shapes), 3):
            found = read(put(Path(folder) / name, name, shapes[name]), ledger=Path(folder) / f"{name}.duckdb")
            assert (name, sums(found), found.quarantine) == (name, truth(made), [])


COUNTS = (
    "input",
    "output",
    "total",
    "cache_read",
    "cache_write",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "audio_input",
    "image_input",
    "audio_output",
    "tool_use",
    "rejected_prediction",
)
FLAGS = ("input_includes_cache", "output_includes_reasoning")


@st.composite
def sighting(draw: st.DrawFn) -> Record:
    small = st.none() | st.integers(0, 40)
    row: Record = {name: draw(small) for name in draw(st.sets(st.sampled_from(COUNTS)))}
    row |= {name: draw(st.sampled_from([None, True, False])) for name in FLAGS}
    row["model"] = draw(st.sampled_from(["gpt-4o", "gemini-2.5-pro", "claude-sonnet-4-5"]))
    return row


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(sighting(), min_size=1, max_size=60))
def test_tokens_are_never_negative_and_add_up_to_what_was_declared(rows: list[Record]) -> None:
    names = [*COUNTS, *FLAGS, "model", "file"]
    with opened() as store:
        store.run("CREATE TEMP TABLE given AS FROM no_sightings")
        store.load(
            "given",
            names,
            [
                [*(None if row.get(n) is None else str(row[n]) for n in names[:-1]), f"{place:03}"]
                for place, row in enumerate(rows)
            ],
        )
        found = dicts(store, f"SELECT * FROM ({stage.settle('SELECT * FROM given')}) ORDER BY file")
    assert set(names) <= set(sightings.COLUMNS)
    for row, out in zip(rows, found, strict=True):
        assert out["problem"] is None
        parts = {name: out[name] for name in (*ledger.TOKEN_NAMES, "unexplained_tokens")}
        assert all(value >= 0 for value in parts.values()), (row, parts)
        priced = sum(parts.values()) - parts["unexplained_tokens"]
        # what the parts leave of the declared total is shown as unexplained, and nothing else is
        assert sum(parts.values()) == max(row.get("total") or 0, priced), (row, parts)
        # nothing that was counted gets lost
        assert priced >= (row.get("input") or 0) + (row.get("output") or 0) + (row.get("tool_use") or 0), (row, parts)
