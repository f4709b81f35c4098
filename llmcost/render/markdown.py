"""A Table as GitHub markdown, in which log text stays text: no web link, no mention, no tag, no emphasis."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmcost.figures import visible
from llmcost.model import Cell, Table
from llmcost.render.text import WORDS, human, human_total

_LINE_BREAKS = re.compile(r"[\r\n]+")
# What a backslash disarms: inline marks, the cell border, the start of an entity, underscores at the edge of a word,
# and the two things GitHub links without being asked (scheme:// and www.).
_MARK = re.compile(r"[\\`*~\[\]<>|]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)
# GitHub looks for mentions after rendering, when the backslash is gone: only a zero-width space leaves people unpinged.
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def to_markdown(table: Table, **_look: object) -> str:
    """A heading, the table with a bold total row, and the notes as a list."""
    table = table.for_people()
    columns, currency = table.columns, table.currency
    lines = [f"### {inert(table.title)}", ""] if table.title else []
    lines.append(line([inert(column.heading) for column in columns]))
    lines.append(line(["---" if column.kind in WORDS else "---:" for column in columns]))
    for row in table.rows:
        cells = zip(columns, row, strict=True)
        lines.append(line([inert(human(column, _folded(cell), currency)) for column, cell in cells]))
    if table.total is not None:
        totals = [
            inert(human_total(column, _folded(cell), currency, is_first=at == 0))
            for at, (column, cell) in enumerate(zip(columns, table.total, strict=True))
        ]
        lines.append(line([f"**{text}**" if text else "" for text in totals]))
    if table.notes:
        lines += ["", *(f"- {inert(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def _folded(cell: Cell) -> Cell:
    return _LINE_BREAKS.sub(" ", cell) if isinstance(cell, str) else cell


def inert(text: str) -> str:
    """Text on one line that stays text in GitHub markdown."""
    shown = visible(_LINE_BREAKS.sub(" ", text))
    return _MENTION.sub("@&#8203;", _MARK.sub(r"\\\g<0>", shown))


def line(cells: Sequence[str]) -> str:
    """A row of a table; the cells are markdown already."""
    return f"| {' | '.join(cells)} |"
