"""The gate inside a GitHub workflow: the step's summary, its outputs, and annotations, all within the platform's limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from llmcost.errors import UsageError
from llmcost.figures import visible
from llmcost.model import Table
from llmcost.render.comment import to_comment
from llmcost.render.findings import Places, Row, cost, of_status, place, sentence

SUMMARY_BYTES = 1024 * 1024
"""A larger summary is not shown at all."""

ANNOTATIONS = 10
"""Of each kind in a step; more are dropped without a word."""

LEAST_ROOM = 2_000


def publish(table: Table, places: Places, environ: Mapping[str, str]) -> str:
    """Appends to the files that the runner names, and returns the annotations, which the runner reads from the output.

    Raises UsageError when a file cannot be written.
    """
    _append(environ, "GITHUB_STEP_SUMMARY", lambda taken: summary(table, SUMMARY_BYTES - taken))
    _append(environ, "GITHUB_OUTPUT", lambda _: outputs(table))
    return commands(table, places)


def summary(table: Table, room: int) -> str:
    """Nothing where even the head would not fit: what is there already must stay."""
    return to_comment(table, most=room) if room >= LEAST_ROOM else ""


def outputs(table: Table) -> str:
    """result, cost (USD, exact) and breaches."""
    breaches = len(of_status(table, "breach"))
    return f"result={table.head['result']}\ncost={cost(table)}\nbreaches={breaches}\n"


def commands(table: Table, places: Places) -> str:
    """Errors for what is breached or undecided, warnings for the rest; the last one counts those beyond the limit."""
    lines = []
    for kind, statuses in (("error", ("breach", "undecided")), ("warning", ("warn",))):
        found = of_status(table, *statuses)
        kept = found if len(found) <= ANNOTATIONS else found[: ANNOTATIONS - 1]
        lines += [_annotation(kind, row, places) for row in kept]
        if len(found) > len(kept):
            lines.append(f"::{kind} title=llmcost gate::{len(found) - len(kept)} more in the summary of this step")
    return "".join(f"{line}\n" for line in lines)


def _annotation(kind: str, row: Row, places: Places) -> str:
    at = place(row, places)
    given = {"file": at[0], "line": str(at[1])} if at is not None else {}
    given["title"] = f"llmcost gate: {row['id']}"
    told = ",".join(f"{key}={_property(value)}" for key, value in given.items())
    return f"::{kind} {told}::{_data(sentence(row))}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _append(environ: Mapping[str, str], variable: str, text: Callable[[int], str]) -> None:
    name = environ.get(variable)
    if not name:
        return
    path = Path(name)
    try:
        taken = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text(taken))
    except OSError as error:
        raise UsageError(f"cannot write: {error.strerror}", place=variable, hint=f"it names {name}") from error
