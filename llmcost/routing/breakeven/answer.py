"""What a break-even comes to: named figures, the most sensitive input, a verdict, and the tables that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from llmcost.figures import DOLLARS, as_shown, money, percent, quantity, shown
from llmcost.model import Column, Table
from llmcost.routing.breakeven.sums import Swing

DIGITS = 12


@dataclass(frozen=True)
class Figure:
    """One figure. `unit` says how people read it: usd, share, or the name of what is counted; None is never, or unknown."""

    key: str
    title: str
    value: Decimal | int | None
    unit: str = ""

    @property
    def exact(self) -> Decimal | int | None:
        if not isinstance(self.value, Decimal):
            return self.value
        return as_shown(round(self.value, DIGITS)) if self.unit == "usd" else round(self.value, DIGITS)

    def text(self) -> str:
        if self.value is None:
            return "-"
        value = Decimal(self.value)
        if self.unit == "usd":
            return money(value)
        if self.unit == "share":
            return percent(value)
        places = 0 if abs(value) >= 100 or value == value.to_integral_value() else 2
        return f"{quantity(round(value, places) if places else value.quantize(Decimal(1)))} {self.unit}".rstrip()


@dataclass(frozen=True)
class Answer:
    """One break-even. `months_to_payback` is null where nothing is paid up front, or where it never comes back."""

    kind: str
    title: str
    breakeven: Sequence[Figure]
    current: Sequence[Figure]
    months_to_payback: Decimal | None
    swings: Sequence[Swing]
    swing_unit: str
    """What the figures of the sensitivity are."""
    verdict: str
    notes: Sequence[str] = field(default=())


def _keys(figures: Sequence[Figure]) -> Mapping[str, object]:
    return {f.key: f.exact for f in figures}


SWING_COLUMNS = (
    Column("input", "text"),
    Column("value", "decimal"),
    Column("at_minus_25", "decimal", "at -25 %"),
    Column("at_plus_25", "decimal", "at +25 %"),
)


SAVED = "saved a month"
"""The unit of a sensitivity that is money."""


def _rounded(value: Decimal | None, unit: str = "") -> Decimal | None:
    return Figure("", "", value, "usd" if unit == SAVED else "").exact  # type: ignore[return-value]


def as_document(answer: Answer) -> Table:
    """llmcost.breakeven/1, for programs: its rows are the sensitivity, the most sensitive input first."""
    months = _rounded(answer.months_to_payback)
    return Table(
        schema="llmcost.breakeven/1",
        title=answer.title,
        columns=SWING_COLUMNS,
        rows=[
            (s.input, s.value, _rounded(s.at_minus_25, answer.swing_unit), _rounded(s.at_plus_25, answer.swing_unit))
            for s in answer.swings
        ],
        head={
            "kind": answer.kind,
            "breakeven": _keys(answer.breakeven),
            "current": _keys(answer.current),
            "months_to_payback": months,
        },
        foot={"verdict": answer.verdict, "notes": [*_inputs(), *answer.notes]},
        rows_name="sensitivity",
    )


def _inputs() -> list[str]:
    return [] if shown() == DOLLARS else ["the inputs of the sensitivity are in USD, as they were given"]


def for_people(answer: Answer) -> list[Table]:
    """The figures with the verdict, then what one of them would do at +-25 % of the inputs that matter most."""
    months = answer.months_to_payback
    rows: list[tuple[str, str, str]] = [("break-even", f.title, f.text()) for f in answer.breakeven]
    rows += [("in the log", f.title, f.text()) for f in answer.current]
    rows.append(("", "months to payback", "-" if months is None else f"{months:,.1f}"))
    columns = (Column("of", "text", ""), Column("figure", "text"), Column("value", "text"))
    figures = Table("llmcost.breakeven/1", answer.title, columns, rows, notes=[answer.verdict, *answer.notes])
    unit = answer.swing_unit
    swings = Table(
        "llmcost.breakeven/1",
        f"What moves the break-even most ({unit})",
        (Column("input", "text"), Column("minus", "text", "at -25 %"), Column("plus", "text", "at +25 %")),
        [(s.input, _swing(s.at_minus_25, unit), _swing(s.at_plus_25, unit)) for s in answer.swings[:3]],
    )
    return [figures, swings] if answer.swings else [figures]


def _swing(value: Decimal | None, unit: str) -> str:
    kinds = {"utilisation": "share", SAVED: "usd"}
    return "never" if value is None else Figure("", "", value, kinds.get(unit, "")).text()
