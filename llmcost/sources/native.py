"""Reads the native format: its query is generated from the ledger's own table, so a new column needs nothing here."""

from __future__ import annotations

from llmcost import ledger
from llmcost.sources.records import LATER

_TOKENS = set(ledger.TOKEN_NAMES)


def raw_columns() -> dict[str, str]:
    """What read_json is asked for: every ledger column and total, as text."""
    return dict.fromkeys((*ledger.NAMES, *ledger.TOTALS), "VARCHAR")


def _parts(names: tuple[str, ...]) -> str:
    return " + ".join(OTHER_WRITES if n == "cache_write_other_tokens" else f"coalesce(whole({n}), 0)" for n in names)


_WRITES = " + ".join(f"coalesce(whole(cache_write_{lifetime}_tokens), 0)" for lifetime in ("5m", "1h", "12h"))
OTHER_WRITES = f"coalesce(whole(cache_write_other_tokens), greatest(whole(cache_write_tokens) - ({_WRITES}), 0), 0)"
"""What the total of the cache writes leaves when the lifetimes have taken theirs."""


_MONEY = "DECIMAL(38, 24)"
# a cost with its price_id, or the zero of what is free, is ours, exported, and is computed again; any other is what somebody recorded
_OURS = (
    f"price_id IS NOT NULL OR (coalesce(kind, 'call') IN ('attempt', 'cache_hit') AND TRY_CAST(cost AS {_MONEY}) = 0)"
)
_RECORDED = f"coalesce(TRY_CAST(source_cost AS {_MONEY}), CASE WHEN NOT ({_OURS}) THEN TRY_CAST(cost AS {_MONEY}) END)"


def _expression(column: ledger.LedgerColumn) -> str:
    name = f'"{column.name}"'
    if column.name == "fresh_input_tokens":
        others = _parts(tuple(n for n in ledger.INPUT_NAMES if n != column.name))
        return f"coalesce(whole({name}), whole(input_tokens) - ({others}), 0)"
    if column.name == "text_output_tokens":
        others = _parts(tuple(n for n in ledger.OUTPUT_NAMES if n != column.name))
        return f"coalesce(whole({name}), whole(output_tokens) - ({others}), 0)"
    if column.name == "cache_write_other_tokens":
        return OTHER_WRITES
    if column.name in _TOKENS or column.name == "unexplained_tokens":
        return f"coalesce(whole({name}), 0)"
    if column.type == "BIGINT":
        return f"whole({name})"
    if column.type.startswith("MAP"):
        return f"TRY_CAST(TRY_CAST({name} AS JSON) AS {column.type})"
    if column.type.endswith("[]"):
        return f"TRY_CAST(TRY_CAST({name} AS JSON) AS {column.type})"
    if column.type.startswith("DECIMAL"):
        return f"TRY_CAST({name} AS {column.type})"
    return f"nullif({name}, '')"


def query() -> str:
    """One row is one native record, settled: in the shape that settle.sql gives all others."""
    special = {
        "ts_us": "coalesce(instant_us(ts), whole(ts_us))",
        "file": "read_from",
        "source": "coalesce(nullif(source, ''), 'native')",
        "requests": "coalesce(whole(requests), 1)",
        "kind": "coalesce(nullif(kind, ''), CASE WHEN status IN ('error', 'failed', 'cancelled') THEN 'attempt' ELSE 'call' END)",
        "status": "coalesce(nullif(status, ''), 'success')",
        "usage_quality": f"coalesce(nullif(usage_quality, ''), CASE WHEN {_nothing()} THEN 'missing' ELSE 'exact' END)",
        "usage_basis": "coalesce(nullif(usage_basis, ''), 'declared')",
        "source_cost": _RECORDED,
        "source_cost_kind": f"coalesce(nullif(source_cost_kind, ''), CASE WHEN {_RECORDED} IS NOT NULL THEN 'recorded' END)",
    }
    chosen = [f'{special.get(c.name) or _expression(c)} AS "{c.name}"' for c in ledger.COLUMNS if c.name not in LATER]
    extra = [
        f"md5(concat_ws('|', {', '.join(_named(n) for n in raw_columns())})) AS line_digest",
        "whole(seq) AS given_seq",
        "nullif(file, '') AS given_file",
        "whole(line) AS given_line",
        f"{_problem()} AS problem",
        # a record of another format in between has none of our names
        f"CASE WHEN coalesce({', '.join((*ledger.TOKEN_NAMES, *ledger.TOTALS, 'cost', 'units'))}) IS NULL THEN 'no native record' END AS doubt",
    ]
    return "SELECT " + ",\n  ".join([*chosen, *extra]) + "\nFROM raw"


def _named(name: str) -> str:
    return f"""'{name}=' || "{name}\""""


def _nothing() -> str:
    counts = " AND ".join(f"coalesce(whole({n}), 0) = 0" for n in (*ledger.TOKEN_NAMES, *ledger.TOTALS))
    return f"{counts} AND units IS NULL AND coalesce(kind, 'call') NOT IN ('attempt', 'cache_hit') AND coalesce(status, 'success') = 'success'"


def _problem() -> str:
    bad = [
        f"WHEN {n} <> '' AND whole({n}) IS NULL THEN '{n}: not a count: ' || shown({n})"
        for n in (*ledger.TOKEN_NAMES, *ledger.TOTALS, "requests")
    ]
    bad.append("WHEN ts <> '' AND instant_us(ts) IS NULL THEN 'ts: not an instant: ' || shown(ts)")
    words = {"kind": ledger.KINDS, "usage_quality": ledger.USAGE_QUALITIES, "usage_basis": ledger.USAGE_BASES}
    for name, known in words.items():
        allowed = ", ".join(f"'{w}'" for w in known)
        bad.append(f"WHEN {name} <> '' AND {name} NOT IN ({allowed}) THEN '{name}: unknown word: ' || shown({name})")
    parts_of = {"input_tokens": ledger.INPUT_NAMES[1:], "output_tokens": ledger.OUTPUT_NAMES[1:]}
    for total, names in parts_of.items():
        bad.append(f"WHEN whole({total}) < {_parts(names)} THEN '{total}: less than its parts'")
    return "CASE " + " ".join(bad) + " END"
