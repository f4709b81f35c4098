"""Byte-exact goldens: `check` holds an output against a file of tests/golden, or rewrites it when told to.

LLMCOST_UPDATE_GOLDENS=1 pytest ... rewrites; read the diff before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).with_suffix("")


def check(name: str, actual: str) -> None:
    """Asserts that tests/golden/NAME holds exactly `actual`, in UTF-8."""
    path = FOLDER / name
    if os.environ.get("LLMCOST_UPDATE_GOLDENS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(actual.encode())
    assert path.exists(), f"no golden {name}; LLMCOST_UPDATE_GOLDENS=1 writes it"
    assert actual == path.read_bytes().decode(), f"{name} differs; LLMCOST_UPDATE_GOLDENS=1 rewrites it"
