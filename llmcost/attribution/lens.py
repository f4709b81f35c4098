"""Compiles the attribution rules of a config into one SELECT over the ledger, only for the dimensions that a question needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcost import ledger
from llmcost.attribution import facts
from llmcost.conditions import DIMENSIONS, FIELDS, Condition, compile_sql, parse
from llmcost.config import ATTRIBUTED, SCHEMA, Config
from llmcost.errors import UsageError, nearest
from llmcost.store import Store, quote_identifier, quote_text
from llmcost.windows import Window

TEXT_COLUMNS = frozenset(c.name for c in ledger.COLUMNS if c.type == "VARCHAR")
DEFAULT_PLACES: Mapping[str, Any] = SCHEMA["attribution"].default


@dataclass(frozen=True)
class MatchRate:
    """How well a file of facts fits the ledger: `matched` of the `keys` that requests carry were found in it."""

    file: str
    on: str
    keys: int
    matched: int


@dataclass
class Lens:
    """The ledger as a question sees it: rows of `requests` r in the window that meet the condition, with dimensions on top.

    `sql` is a SELECT whose columns are those of the ledger view and one `dim_N` per asked dimension; `params` are its values.
    """

    store: Store
    config: Config
    tz: str
    params: dict[str, object] = field(default_factory=dict)
    _joins: dict[str, str] = field(default_factory=dict)
    _cache: dict[str, str] = field(default_factory=dict)

    def dimension(self, name: str) -> str:
        """The trusted SQL expression of a dimension or field; UsageError with the nearest word for an unknown one."""
        if name not in self._cache:
            self._cache[name] = self._expression(name)
        return self._cache[name]

    def select(self, by: Iterable[str], where: Condition | None, window: Window) -> str:
        """The SELECT itself. Call it once; then `params` is complete."""
        dims = [f"{self.dimension(name)} AS dim_{i}" for i, name in enumerate(by, 1)]
        conditions = []
        if window.since_us is not None:
            self.params["since_us"] = window.since_us
            conditions.append("r.ts_us >= $since_us")
        if window.until_us is not None:
            self.params["until_us"] = window.until_us
            conditions.append("r.ts_us < $until_us")
        if where is not None:
            conditions.append(compile_sql(where, column=self.dimension, params=self.params))
        text = "SELECT r.*" + "".join(f", {d}" for d in dims) + " FROM ledger r" + "".join(f"\n{join}" for join in self._joins.values())
        return text + (f"\nWHERE {' AND '.join(conditions)}" if conditions else "")

    def match_rates(self) -> list[MatchRate]:
        """Of every file of facts in the config, how many of the ledger's keys it knows."""
        found = []
        for number, enrich in enumerate(self.config.enrich):
            table = facts.enrich_table(self.store, self.config, number)
            keys, matched = self.store.row(facts.MATCH_SQL.format(key=self._plain(enrich.on, "r"), table=table, on=quote_identifier(enrich.on)))
            found.append(MatchRate(enrich.file.name, enrich.on, keys, matched))
        if self.config.users is not None:
            table = facts.users_table(self.store, self.config)
            keys, matched = self.store.row(facts.MATCH_SQL.format(key='r."user"', table=table, on='"user"'))
            found.append(MatchRate(self.config.users.name, "user", keys, matched))
        return found

    def _expression(self, name: str) -> str:
        if name == "scope":
            return self._scope()
        if name in ATTRIBUTED:
            return self._ruled(name)
        if name in ("day", "week", "month", "hour"):
            return self._time(name)
        if name.startswith(("tag:", "score:")):
            kind, _, key = name.partition(":")
            return f"r.{kind}s[{self._bind(key)}]"
        if name == "task":
            return self._enriched("task", "r.task")
        if name in FIELDS:
            return f"r.{quote_identifier(name)}"
        hint = nearest(name, (*DIMENSIONS, "tag:KEY"))
        raise UsageError(f"unknown dimension '{name}'", place="--by", hint=hint or f"one of {', '.join(DIMENSIONS)}, tag:KEY")

    def _ruled(self, name: str) -> str:
        """Places to look, first non-empty; then facts from elsewhere; then the first rule that matches."""
        plain = self._unruled(name)
        rules = self.config.rules
        if not any(name in rule.sets for rule in rules):
            return plain
        branches = []
        for rule in rules:
            value = plain
            if name in rule.sets:
                value = self._bind(rule.sets[name])
            if rule.when is None:
                branches.append(f"WHEN true THEN {value}")
            else:
                condition = parse(rule.when, fields=FIELDS)
                branches.append(f"WHEN {compile_sql(condition, column=self._unruled, params=self.params)} THEN {value}")
        return f"CASE {' '.join(branches)} ELSE {plain} END"

    def _unruled(self, name: str) -> str:
        if name not in ATTRIBUTED:
            return self._expression(name)
        places = self.config.attribution[name]
        if tuple(places) == tuple(DEFAULT_PLACES[name]):
            plain = f"r.{quote_identifier(name)}"  # ingest has looked into the usual tags already
        else:
            parts = [self._place(place) for place in places]
            plain = f"coalesce({', '.join([*parts, f'r.{quote_identifier(name)}'])})"
        plain = self._enriched(name, plain)
        if name == "plan" and self.config.users is not None:
            return f"coalesce({plain}, {self._user_join()}.plan)"
        if name == "user" and self.config.users is not None and facts.has_aliases(self.store, self.config):
            return f"coalesce({self._user_join()}.\"user\", {plain})"
        return plain

    def _place(self, place: str) -> str:
        if place in TEXT_COLUMNS:
            return f"r.{quote_identifier(place)}"
        return f"r.tags[{self._bind(place.removeprefix('tag:'))}]"

    def _bind(self, value: object) -> str:
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f"${name}"

    def _enriched(self, name: str, plain: str) -> str:
        """What a file of facts knows fills what the log does not say."""
        parts = [plain]
        for number, enrich in enumerate(self.config.enrich):
            if name in enrich.set:
                alias = f"e{number}"
                if alias not in self._joins:
                    table = facts.enrich_table(self.store, self.config, number)
                    on = quote_identifier(enrich.on)
                    self._joins[alias] = f"LEFT JOIN {table} {alias} ON {alias}.{on} = {self._plain(enrich.on, 'r')}"
                parts.append(f"{alias}.{quote_identifier(name)}")
        return f"coalesce({', '.join(parts)})" if len(parts) > 1 else plain

    def _plain(self, name: str, alias: str) -> str:
        return f"{alias}.tags[{quote_text(name[4:])}]" if name.startswith("tag:") else f"{alias}.{quote_identifier(name)}"

    def _user_join(self) -> str:
        """The user's row that holds at the time of the request."""
        if "u" not in self._joins:
            table = facts.users_table(self.store, self.config)
            user = 'r."user"' if tuple(self.config.attribution["user"]) == tuple(DEFAULT_PLACES["user"]) else self._user_plain()
            self._joins["u"] = (
                f"LEFT JOIN {table} u ON u.name = {user} AND coalesce(r.ts_us, u.from_us) >= u.from_us AND coalesce(r.ts_us, u.from_us) < u.to_us"
            )
        return "u"

    def _user_plain(self) -> str:
        parts = [self._place(place) for place in self.config.attribution["user"]]
        return self._enriched("user", f"coalesce({', '.join([*parts, 'r.user'])})")

    def _scope(self) -> str:
        """production, other, or unknown where the condition cannot tell."""
        condition = parse(self.config.scope["production"], fields=FIELDS)
        test = compile_sql(condition, column=self.dimension, params=self.params)
        internal = ""
        if self.config.users is not None and facts.has_kinds(self.store, self.config):
            internal = f"WHEN {self._user_join()}.kind IN ('internal', 'test', 'evaluation') THEN 'other' "
        return f"CASE {internal}WHEN {test} THEN 'production' WHEN NOT {test} THEN 'other' ELSE 'unknown' END"

    def _time(self, name: str) -> str:
        local = "r.ts" if self.tz == "UTC" else f"timezone({quote_text(self.tz)}, timezone('UTC', r.ts))"
        form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "hour": "%Y-%m-%dT%H"}[name]
        return f"strftime({local}, '{form}')"


def focus(store: Store, config: Config, tz: str) -> Lens:
    """A lens over this store."""
    return Lens(store, config, tz)
