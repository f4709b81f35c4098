"""A Table for a person at a terminal: columns that fit, figures that are never cut, log text that cannot act.

rich knows how many cells a character takes. The lines are put together here: its Table takes a millisecond per row,
and a report by user may have a hundred thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from llmcost.figures import visible
from llmcost.model import Cell, Column, Table
from llmcost.render.text import WORDS, human, human_total

NARROW = 100
"""Below this width only brief columns are shown, and token counts from a million on read 1.2M."""

_GAP = 2
_ROOMY, _TIGHT = 16, 8  # text is cut to _ROOMY cells before columns are left out, to _TIGHT after that
_BOLD, _DIM = "1", "2"


@dataclass(frozen=True, eq=False)
class _Shown:
    """A column as it is printed, and the widths (in terminal cells) it can live with."""

    column: Column
    heading: str
    cells: Sequence[str]
    unknown: Sequence[bool]
    total: str
    least_width: int  # cells and the longest word of the heading whole
    full_width: int  # cells and heading whole

    @property
    def is_text(self) -> bool:
        return self.column.kind == "text"

    def cut_width(self, most: int) -> int:
        return min(self.least_width, most) if self.is_text else self.least_width


def to_terminal(table: Table, *, width: int | None = None, color: bool = False) -> str:
    """The table in lines of at most `width` cells, as wide as it likes when None; no escape sequences without `color`.

    Only figures outgrow `width`, when the brief columns leave no room even with their text cut: a cut figure would lie.
    """
    table = table.for_people()
    narrow = width is not None and width < NARROW
    cells = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    totals = table.total or [None] * len(table.columns)
    wanted = [
        _shown(table, column, values, total, is_first=at == 0, narrow=narrow)
        for at, (column, values, total) in enumerate(zip(table.columns, cells, totals, strict=True))
    ]
    brief = [one for one in wanted if one.column.brief or not narrow]
    shown, widths = _fit(brief or wanted, width)
    left_out = [one.heading for one in wanted if one not in shown]

    title = visible(table.title)
    notes = [visible(note) for note in table.notes]
    if left_out:
        notes.append(f"not shown at this width: {', '.join(left_out)}")
    page_width = width or max(1, *map(cell_len, [title, *notes]))

    lines = [_styled(line, _BOLD, color) for line in _wrap(title, page_width)]
    if title:
        lines.append("")
    if table.rows or table.total is not None:
        lines += _grid(shown, widths, has_total=table.total is not None, color=color)
    else:
        lines.append(_styled(f"no {table.rows_name.replace('_', ' ')}", _DIM, color))
    if notes:
        lines.append("")
    lines += [_styled(line, _DIM, color) for note in notes for line in _wrap(note, page_width)]
    return "\n".join(lines) + "\n"


def _shown(
    table: Table, column: Column, values: Sequence[Cell], total_value: Cell, *, is_first: bool, narrow: bool
) -> _Shown:
    compact = narrow and column.name.endswith("tokens")
    cells = [human(column, value, table.currency, compact=compact) for value in values]
    total = ""
    if table.total is not None:
        total = human_total(column, total_value, table.currency, is_first=is_first, compact=compact)
    heading = visible(column.heading)
    content_width = max(1, *map(cell_len, [*cells, total]))
    return _Shown(
        column=column,
        heading=heading,
        cells=cells,
        unknown=[value is None for value in values],
        total=total,
        least_width=max(content_width, *map(cell_len, heading.split())),
        full_width=max(content_width, cell_len(heading)),
    )


def _grid(shown: Sequence[_Shown], widths: Sequence[int], *, has_total: bool, color: bool) -> list[str]:
    """The lines of the table: headings standing on a rule, rows, and the total under another."""
    headings = [_wrap(one.heading, width) for one, width in zip(shown, widths, strict=True)]
    height = max(map(len, headings), default=0)
    columns = []
    for one, width, heading in zip(shown, widths, headings, strict=True):
        cells = [*one.cells, one.total]
        texts = [*[""] * (height - len(heading)), *heading, *(_cut(cells, width) if one.is_text else cells)]
        spaces = [" " * (width - cell_len(text)) for text in texts]
        unknown = [*[False] * height, *one.unknown, False]
        texts = [_styled(text, _DIM, color and dim) for text, dim in zip(texts, unknown, strict=True)]
        sides = (texts, spaces) if one.column.kind in WORDS else (spaces, texts)
        columns.append(["".join(cell) for cell in zip(*sides, strict=True)])
    lines = [(" " * _GAP).join(row).rstrip() for row in zip(*columns, strict=True)]
    bold = [_styled(line, _BOLD, color) for line in lines]
    rule = _styled("─" * _line_width(widths), _DIM, color)
    return [*bold[:height], rule, *lines[height:-1], *([rule, bold[-1]] if has_total else [])]


def _styled(text: str, style: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text


def _wrap(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` cells, broken between words; a longer word is broken where it must be."""
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        rest = word
        while rest:
            piece = _head(rest, width) or rest[0]
            lines.append(piece)
            rest = rest[len(piece) :]
    return lines


def _line_width(widths: Iterable[int]) -> int:
    return sum(width + _GAP for width in widths) - _GAP


def _fit(shown: Sequence[_Shown], width: int | None) -> tuple[Sequence[_Shown], list[int]]:
    """The columns that have room in a line, and their widths: headings wrap first, then text is cut, then columns go."""
    full = [one.full_width for one in shown]
    if width is None or _line_width(full) <= width:
        return shown, full
    kept = list(shown)
    while _line_width(one.cut_width(_ROOMY) for one in kept) > width:
        extra = [one for one in kept if not one.column.brief]
        if not extra or len(kept) == 1:
            break
        kept.remove(extra[-1])
    widths = [one.cut_width(_TIGHT) for one in kept]
    _grow(widths, [one.least_width for one in kept], width)
    _grow(widths, [one.full_width for one in kept], width)
    return kept, widths


def _grow(widths: list[int], targets: Sequence[int], width: int) -> None:
    """Gives the room left in a line, cell by cell, to the narrowest column below its target."""
    for _ in range(width - _line_width(widths)):
        hungry = [at for at, target in enumerate(targets) if widths[at] < target]
        if not hungry:
            return
        widths[min(hungry, key=widths.__getitem__)] += 1


def _cut(cells: Sequence[str], width: int) -> list[str]:
    """Cells of at most `width`, the middle left out; where that makes two look alike, what they differ in is kept."""
    cut = {cell: cell if cell_len(cell) <= width else _middle_out(cell, width) for cell in cells}
    for alike in _alike(cut):
        cut |= _apart(alike, width)
    return [cut[cell] for cell in cells]


def _alike(cut: dict[str, str]) -> list[list[str]]:
    """The groups of different texts that are cut to the same one."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for text, short in cut.items():
        groups[short].append(text)
    return [group for group in groups.values() if len(group) > 1]


def _middle_out(text: str, width: int) -> str:
    head = _head(text, width // 2)
    return f"{head}…{_tail(text, width - 1 - cell_len(head))}"


def _apart(texts: list[str], width: int, after: int = -1) -> dict[str, str]:
    """Texts cut so that the place where they part stays in sight, as far as `width` cells can tell them apart."""
    first, last = min(texts), max(texts)  # what these two share, all share
    start = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    if start <= after:  # no cell was left to show the difference
        return {}
    cut = {}
    for text in texts:
        rest = text[start:]
        room = width - 1 - width // 3
        if cell_len(rest) > room:
            rest = f"{_head(rest, room - 1)}…"
        cut[text] = f"{_head(text[:start], width - 1 - cell_len(rest))}…{rest}"
    for alike in _alike(cut):
        cut |= _apart(alike, width, start)
    return cut


def _head(text: str, width: int) -> str:
    text = text[:width]
    while cell_len(text) > width:
        text = text[:-1]
    return text


def _tail(text: str, width: int) -> str:
    text = text[len(text) - width :]
    while cell_len(text) > width:
        text = text[1:]
    return text
