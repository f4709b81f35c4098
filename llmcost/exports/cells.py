"""How a cell leaves: as text in CSV (formulas disarmed, control characters shown, plain decimals), typed in Parquet, users hashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmcost.figures import UNSEEN, visible
from llmcost.resources import sql
from llmcost.store import Store, quote_identifier

BLOCK = 64
"""Bytes that SHA-256 works on; HMAC fills its key up to them."""


@dataclass(frozen=True)
class Cells:
    """`csv` is the SQL expression of the cell's text, with {x} for the value; `type` is its type in Parquet.

    `figure`: a quantity that adds up, so that a correction can carry a difference of it.
    """

    csv: str
    type: str
    figure: bool = False


KINDS: Mapping[str, Cells] = {
    "text": Cells("export_text({x})", "VARCHAR"),
    "json": Cells("export_json({x})", "VARCHAR"),
    "time": Cells("export_time({x})", "TIMESTAMP"),
    "flag": Cells("CAST({x} AS VARCHAR)", "BOOLEAN"),
    "number": Cells("CAST({x} AS VARCHAR)", "BIGINT"),
    "count": Cells("CAST({x} AS VARCHAR)", "BIGINT", figure=True),
    "cost": Cells("CAST(CAST({x} AS DECIMAL(38, 12)) AS VARCHAR)", "DECIMAL(38, 12)", figure=True),
    "source_cost": Cells("export_plain(CAST({x} AS DECIMAL(38, 24)), '')", "DECIMAL(38, 24)", figure=True),
    "usd": Cells("export_plain(CAST({x} AS DECIMAL(38, 24)), '.0')", "DECIMAL(38, 24)", figure=True),
    "price": Cells("export_plain(CAST({x} AS DECIMAL(38, 24)), '.0')", "DECIMAL(38, 24)"),
}
"""The kinds of cell of all datasets; money is DECIMAL throughout, `usd` as FOCUS writes it (1.0, never 1)."""


@dataclass(frozen=True)
class Field:
    """A column of a dataset: its name and the kind of its cells."""

    name: str
    kind: str

    @property
    def is_figure(self) -> bool:
        return KINDS[self.kind].figure


def prepare(store: Store, *, sanitize: bool) -> None:
    """Defines the macros of cells.sql on this connection; `sanitize` disarms text that a spreadsheet would run."""
    key = bytes.fromhex(store.fact("prompt_key") or "").ljust(BLOCK, b"\0")
    shown = [(chr(point), visible(chr(point))) for point in UNSEEN]
    in_json = [(chr(point), f"\\u{point:04x}") for point in UNSEEN]
    for name, pairs in (("export_escapes", shown), ("export_json_escapes", in_json)):
        text = f"SET VARIABLE {name} = map(CAST($keys AS VARCHAR[]), CAST($values AS VARCHAR[]))"
        store.run(text, {"keys": [k for k, _ in pairs], "values": [v for _, v in pairs]})
    store.run("SET VARIABLE export_guard = CAST($guard AS BOOLEAN)", {"guard": sanitize})
    store.run("SET VARIABLE export_inner = CAST($pad AS BLOB)", {"pad": bytes(byte ^ 0x36 for byte in key)})
    store.run("SET VARIABLE export_outer = CAST($pad AS BLOB)", {"pad": bytes(byte ^ 0x5C for byte in key)})
    store.run(sql("exports/cells.sql"))


def listed(fields: Sequence[Field], form: str, *, written: bool = False) -> str:
    """The SELECT list that turns native columns of these names into what a file holds.

    `written`: text has been read back from a file, so it is as it leaves already.
    """
    parts = []
    for field in fields:
        name, kind = quote_identifier(field.name), KINDS[field.kind]
        plain = form == "parquet" or (written and not field.is_figure)
        value = f"CAST({name} AS {kind.type})" if form == "parquet" else kind.csv.format(x=name)
        parts.append(f"{name if plain and written else value} AS {name}")
    return ", ".join(parts)
