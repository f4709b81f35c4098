"""Caps and worth against answers computed elsewhere: LLMCOST_REFERENCE_DATA/routing/expected.json, by its own conventions."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from llmcost.caps.cap import Cap
from tests.caps.traffic import SECOND, Row, decisions

FOLDER = os.environ.get("LLMCOST_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLMCOST_REFERENCE_DATA names no folder with routing/expected.json")

SEMANTICS = {
    "rolling": ("rolling", "served"),
    "rolling_attempts": ("rolling", "attempts"),
    "fixed_aligned": ("aligned", "served"),
    "fixed_first": ("first_request", "served"),
    "token_bucket": ("token_bucket", "served"),
    "sliding_counter": ("sliding_counter", "served"),
}


def answers() -> dict[str, Any]:
    return json.loads((Path(FOLDER or "") / "routing" / "expected.json").read_text(encoding="utf-8"))


def rows_of(trace: str) -> list[Row]:
    folder = Path(FOLDER or "") / "routing"
    if trace.startswith("servegen"):
        with gzip.open(folder / "servegen_deepseek_r1_1d.csv.gz", "rt", encoding="utf-8") as lines:
            return [(row["client"], int(row["t_ms"]) * 1000, 1) for row in csv.DictReader(lines)]
    with (folder / "burstgpt3_first105.csv").open(encoding="utf-8") as lines:
        whole = trace.endswith("account")
        return [
            ("all" if whole else row["session"], int(row["arrival_s"]) * SECOND, 1) for row in csv.DictReader(lines)
        ]


def test_every_cap_of_the_reference_is_replayed_to_the_digest_of_its_decisions() -> None:
    wrong, checked = [], 0
    for trace, expected in answers()["caps"].items():
        rows = rows_of(trace)
        assert len(rows) == expected["requests"]
        assert len({user for user, _, _ in rows}) == expected["keys"]
        for name, kinds in expected.items():
            if not isinstance(kinds, dict):
                continue
            limit, _, seconds = name.removesuffix("s").partition("/")
            for semantics, (kind, counts) in SEMANTICS.items():
                found, total = decisions(rows, [Cap(int(limit), f"{seconds}s", kind=kind, counts=counts)])
                text = "".join("0" if one else "1" for one in found)
                got = {
                    "allowed": total.served,
                    "blocked": total.refused("block"),
                    "keys_blocked": total.users_refused,
                    "first_blocked_row": text.index("0") if "0" in text else None,
                    "sha256": hashlib.sha256(text.encode()).hexdigest()[:16],
                }
                checked += 1
                if got != kinds[semantics]:
                    wrong.append((trace, name, semantics, got, kinds[semantics]))
                if semantics == "rolling" and total.users_refused != kinds["keys_needing_loop"]:
                    wrong.append((trace, name, "keys_needing_loop", total.users_refused))
    assert not wrong
    assert checked >= 50
