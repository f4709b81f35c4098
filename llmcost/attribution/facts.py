"""Facts that live elsewhere, as temporary tables: users.csv with plans and their dates, and the files of `enrich:`."""

from __future__ import annotations

from pathlib import Path

from llmcost.config import Config
from llmcost.errors import UsageError, nearest
from llmcost.resources import sql
from llmcost.store import Store, quote_identifier, quote_text

USER_COLUMNS = ("user", "plan", "alias", "kind", "ltv", "revenue_per_month", "valid_from", "valid_to")

MATCH_SQL = sql("attribution/match.sql")


def users_table(store: Store, config: Config) -> str:
    """One row per name of a user and stretch of time; UsageError for unknown columns, bad dates and stretches that overlap."""
    table = "llmcost_users"
    if _exists(store, table):
        return table
    path = config.users
    if path is None:
        raise AssertionError("no users in the config")
    columns = _columns(store, path, config.place("users"))
    for column in columns:
        if column not in USER_COLUMNS:
            raise UsageError(f"unknown column '{column}'", place=str(path), hint=nearest(column, USER_COLUMNS) or f"known: {', '.join(USER_COLUMNS)}")
    if "user" not in columns:
        raise UsageError("the column 'user' is missing", place=str(path), hint="user,plan[,alias,kind,ltv,revenue_per_month,valid_from,valid_to]")
    absent = ", ".join(f"NULL::VARCHAR AS {quote_identifier(c)}" for c in USER_COLUMNS)
    rows = f"SELECT {absent} WHERE false UNION ALL BY NAME SELECT * FROM {_csv(path)}"
    store.run(f"CREATE TEMP TABLE llmcost_users_read AS SELECT row_number() OVER () + 1 AS line, * FROM ({rows})")
    for line, what in store.rows(sql("attribution/users_problems.sql")):
        raise UsageError(what, place=f"{path}:{line}", hint="dates are YYYY-MM-DD; valid_to is the first day that no longer counts")
    store.run(sql("attribution/users.sql"))
    return table


def enrich_table(store: Store, config: Config, number: int) -> str:
    """One row per key of the file; a key that stands there twice keeps its first row."""
    table = f"llmcost_enrich_{number}"
    if _exists(store, table):
        return table
    enrich = config.enrich[number]
    place = config.place("enrich", number)
    columns = _columns(store, enrich.file, place)
    for wanted in (enrich.on, *enrich.set):
        if wanted not in columns:
            raise UsageError(f"{enrich.file.name} has no column '{wanted}'", place=place, hint=nearest(wanted, columns) or f"it has {', '.join(columns)}")
    on = quote_identifier(enrich.on)
    chosen = ", ".join(f"nullif({quote_identifier(c)}, '') AS {quote_identifier(c)}" for c in (enrich.on, *enrich.set))
    store.run(f"CREATE TEMP TABLE {table} AS SELECT DISTINCT ON ({on}) {chosen} FROM {_csv(enrich.file)} WHERE {on} <> ''")
    return table


def has_aliases(store: Store, config: Config) -> bool:
    """Whether any user has a second name."""
    return bool(store.value(f"SELECT count(*) FROM {users_table(store, config)} WHERE name <> \"user\""))


def has_kinds(store: Store, config: Config) -> bool:
    """Whether any user is marked as internal."""
    return bool(store.value(f"SELECT count(*) FROM {users_table(store, config)} WHERE kind IN ('internal', 'test', 'evaluation')"))


def _exists(store: Store, table: str) -> bool:
    return bool(store.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = $name", {"name": table}))


def _csv(path: Path) -> str:
    return f"read_csv({quote_text(str(path))}, all_varchar = true, header = true, quote = '\"', escape = '\"', null_padding = true)"


def _columns(store: Store, path: Path, place: str | None) -> list[str]:
    if not path.is_file():
        raise UsageError(f"no such file: {path}", place=place, hint="paths in llmcost.yaml are relative to it")
    names, _ = store.table(f"SELECT * FROM {_csv(path)} LIMIT 0")
    return names
