"""What the last sync read, and on which figures the catalogue was believed: sync.lock.json beside the catalogue's files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmcost.errors import UsageError
from llmcost.pricing.offers import Library

LOCK = "sync.lock.json"


def read_lock(folder: Path) -> Mapping[str, Any] | None:
    path = folder / LOCK
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"is no JSON: {error}", place=str(path), hint="take it from version control") from None
    return found if isinstance(found, dict) else {}


def refuse_older(read: Iterable[Library], lock: Mapping[str, Any] | None) -> None:
    """UsageError for a library whose version is below the one in the lock. A file has no version, and is not judged."""
    for last in (lock or {}).get("read", ()):
        for library in read:
            mine, before = _parts(library.version), _parts(last["version"])
            if library.name == last["library"] and mine and before and mine < before:
                raise UsageError(
                    f"{library.name} {library.version} is older than {last['version']}, which was read on {last['day']}",
                    place="prices sync",
                    hint=f"pip install -U {library.name}; its prices would undo changes that came after it",
                )


def _parts(version: str) -> tuple[int, ...]:
    """The numbers of a released version; none of anything else."""
    return tuple(map(int, version.split("."))) if re.fullmatch(r"\d+(\.\d+)*", version) else ()


def text(read: Sequence[Mapping[str, str]], kept: Mapping[str, Mapping[str, str]]) -> str:
    """JSON with one name a line, so that a change of one is a change of one line."""
    names = ",\n".join(f"  {json.dumps(key)}: {json.dumps(dict(sorted(kept[key].items())))}" for key in sorted(kept))
    sources = ",\n".join(f"  {json.dumps(one)}" for one in read)
    return f'{{"schema": "llmcost.prices-lock/1",\n "read": [\n{sources}\n ],\n "kept": {{\n{names}\n }}}}\n'
