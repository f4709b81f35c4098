"""The gate as a comment of a pull request: a stable marker, one sentence, what is wrong, the rest folded."""

from __future__ import annotations

from collections.abc import Sequence

from llmcost.figures import count
from llmcost.model import Table
from llmcost.render.findings import Places, Row, of_status
from llmcost.render.markdown import inert, line

MARKER = "<!-- llmcost-gate -->"
"""By this first line the comment of an earlier run is found."""

COMMENT_BYTES = 65_536
"""What a comment may hold."""

WORDS = {"breach": "breached", "undecided": "undecided", "warn": "warned", "pass": "passed", "skipped": "skipped"}
SENTENCES = {
    "pass": "within all limits",
    "warn": "within all limits, some are near",
    "breach": "a limit is exceeded",
    "undecided": "it cannot be judged",
}


def to_comment(table: Table, _places: Places | None = None, *, most: int = COMMENT_BYTES) -> str:
    """GitHub markdown of at most `most` bytes; rows that do not fit are counted."""
    result = str(table.head["result"])
    wrong, fine = of_status(table, "breach", "undecided", "warn"), of_status(table, "pass", "skipped")
    numbers = [(word, len(of_status(table, status))) for status, word in WORDS.items()]
    told = ", ".join(f"{count(number)} {word}" for word, number in numbers if number)
    head = [MARKER, f"**llmcost gate: {inert(result)}** — {SENTENCES[result]}: {told or 'no rules'}.", ""]
    foot = _notes(table, most // 4)
    # what opens and closes the folded part, and two counts of rows left out
    room = most - sum(map(_size, [*head, *foot])) - 300
    first, room = _table(wrong, room)
    second, _ = _table(fine, room)
    folded = ["<details>", f"<summary>{count(len(fine))} within limits</summary>", "", *second, "</details>", ""]
    return "\n".join([*head, *first, *(folded if fine else []), *foot]) + "\n"


def _table(rows: Sequence[Row], room: int) -> tuple[list[str], int]:
    """The rows that fit, and the room that they leave."""
    if not rows:
        return [], room
    lines = [line(["", "rule", "scope", "what"]), line(["---"] * 4)]
    room -= sum(map(_size, lines))
    for place, row in enumerate(rows):
        text = line([WORDS[str(row["status"])], *(inert(str(row[key] or "")) for key in ("id", "scope", "reason"))])
        room -= _size(text)
        if room < 0:
            return [
                *lines,
                "",
                f"{count(len(rows) - place)} more rows do not fit; the JSON report has them all.",
                "",
            ], 0
        lines.append(text)
    return [*lines, ""], room


def _notes(table: Table, most: int) -> list[str]:
    lines: list[str] = []
    for note in table.notes:
        text = f"- {inert(note)}"
        most -= _size(text)
        if most < 0:
            break
        lines.append(text)
    return lines


def _size(text: str) -> int:
    return len(text.encode()) + 1
