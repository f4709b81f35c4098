"""Compiles the attribution rules of a config into one SELECT over the ledger, only for the dimensions that a question needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmcost import ledger
from llmcost.attribution import facts
from llmcost.conditions import DIMENSIONS, FIELDS, Condition, compile_sql, parse
from llmcost.config import ATTRIBUTED, SCHEMA, Config
from llmcost.errors import UsageError, nearest
from llmcost.resources import sql
from llmcost.store import Store, quote_identifier, quote_text
from llmcost.windows import Window

TEXT_COLUMNS = frozenset(c.name for c in ledger.COLUMNS if c.type == "VARCHAR")
DEFAULT_PLACES: Mapping[str, Any] = SCHEMA["attribution"].default
TIME_FORMS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "hour": "%Y-%m-%dT%H"}
MAPS = {"tag": ("tags", "MAP(VARCHAR, VARCHAR)"), "score": ("scores", "MAP(VARCHAR, DECIMAL(18, 6))")}
"""What stands before the colon of tag:KEY: the column and its type."""


@dataclass(frozen=True)
class MatchRate:
    """How well a file of facts fits the ledger: `matched` of the `keys` that requests carry were found in it."""

    file: str
    on: str
    keys: int
    matched: int


@dataclass
class Lens:
    """The ledger as a question sees it: rows `r` of the view `ledger`, in the window, that meet the condition.

    One lens serves one query: `select` gives its text, `params` the values bound in it.
    """

    store: Store
    config: Config
    tz: str
    relation: str = "ledger"
    """The view it looks at: one with the columns of `ledger`."""
    params: dict[str, object] = field(default_factory=dict)
    _joins: dict[str, str] = field(default_factory=dict)
    _cache: dict[str, str] = field(default_factory=dict)

    def dimension(self, name: str) -> str:
        """The trusted SQL expression of a dimension or field; UsageError with the nearest word for an unknown one."""
        if name not in self._cache:
            self._cache[name] = self._expression(name)
        return self._cache[name]

    def condition(self, tree: Condition) -> str:
        """The trusted SQL of a condition, its values bound."""
        return compile_sql(tree, column=self.dimension, params=self.params)

    def select(
        self, dimensions: Mapping[str, str], where: Condition | None, window: Window, also: Sequence[str] = ()
    ) -> str:
        """A SELECT of all columns of the ledger view, of each dimension under the alias that is its key, and of what else is given."""
        chosen = "".join(f", {self.dimension(name)} AS {quote_identifier(alias)}" for alias, name in dimensions.items())
        chosen += "".join(f", {one}" for one in also)
        conditions = []
        if window.since_us is not None:
            self.params["since_us"] = window.since_us
            conditions.append("r.ts_us >= $since_us")
        if window.until_us is not None:
            self.params["until_us"] = window.until_us
            conditions.append("r.ts_us < $until_us")
        if where is not None:
            conditions.append(self.condition(where))
        text = f"SELECT r.*{chosen} FROM {self._from()}"
        return text + (f"\nWHERE {' AND '.join(conditions)}" if conditions else "")

    def match_rates(self) -> list[MatchRate]:
        """Of every file of facts in the config, how many of the ledger's keys it knows. For a lens that selects nothing else."""
        found = [
            self._match_rate(one.file.name, facts.enrich_table(self.store, self.config, n), one.on, _column(one.on))
            for n, one in enumerate(self.config.enrich)
        ]
        if self.config.users is not None:
            table, user = facts.users_table(self.store, self.config), self._recorded("user")
            found.append(self._match_rate(self.config.users.name, table, "user", user))
        return found

    def _match_rate(self, file: str, table: str, on: str, key: str) -> MatchRate:
        text = sql("attribution/match.sql").format(key=key, source=self._from(), table=table)
        return MatchRate(file, on, *self.store.row(text, self.params))

    def _from(self) -> str:
        return "\n".join([f"{self.relation} r", *self._joins.values()])

    def _expression(self, name: str) -> str:
        if name == "scope":
            return self._scope()
        if name in ATTRIBUTED:
            return self._ruled(name)
        if name in TIME_FORMS:
            return self._time(name)
        kind, _, key = name.partition(":")
        if kind in MAPS and key:
            return self._mapped(kind, key)
        if name == "task":
            return self._enriched("task", "r.task")
        if name in FIELDS:
            return f"r.{quote_identifier(name)}"
        hint = nearest(name, (*DIMENSIONS, "tag:KEY"))
        raise UsageError(
            f"unknown dimension '{name}'", place="--by", hint=hint or f"one of {', '.join(DIMENSIONS)}, tag:KEY"
        )

    def _ruled(self, name: str) -> str:
        """Places to look, first non-empty; then facts from elsewhere; then the first rule that matches."""
        plain = self._unruled(name)
        rules = self.config.rules
        if not any(name in rule.sets for rule in rules):
            return plain
        branches = []
        for rule in rules:
            value = self._bind(rule.sets[name]) if name in rule.sets else plain
            condition = "true"
            if rule.when is not None:
                condition = compile_sql(parse(rule.when, fields=FIELDS), column=self._unruled, params=self.params)
            branches.append(f"WHEN {condition} THEN {value}")
        return f"CASE {' '.join(branches)} ELSE {plain} END"

    def _unruled(self, name: str) -> str:
        """The value before rules: what their conditions see."""
        if name not in ATTRIBUTED:
            return self._expression(name)
        plain = self._recorded(name)
        if name == "plan" and self.config.users is not None:
            return f"coalesce({plain}, {self._user_join()}.plan)"
        if name == "user" and self.config.users is not None and facts.has_aliases(self.store, self.config):
            return f'coalesce({self._user_join()}."user", {plain})'
        return plain

    def _recorded(self, name: str) -> str:
        """What the log says in the places to look, else what the files of `enrich` know."""
        places = self.config.attribution[name]
        own = f"r.{quote_identifier(name)}"
        if tuple(places) == tuple(DEFAULT_PLACES[name]):  # ingest has looked there already
            return self._enriched(name, own)
        found = [f"nullif({self._place(place)}, '')" for place in places]
        return self._enriched(name, f"coalesce({', '.join([*found, own])})")

    def _place(self, place: str) -> str:
        if place in TEXT_COLUMNS:
            return f"r.{quote_identifier(place)}"
        return f"r.tags[{self._bind(place.removeprefix('tag:'))}]"

    def _mapped(self, kind: str, key: str) -> str:
        """A tag or score of that name; `enrich` may set the whole map, written as a JSON object."""
        column, type_ = MAPS[kind]
        bound = self._bind(key)
        parts = [f"{self._enrich_join(n)}.{column}" for n, one in enumerate(self.config.enrich) if column in one.set]
        maps = [f"r.{column}", *(f"TRY_CAST(TRY_CAST({part} AS JSON) AS {type_})" for part in parts)]
        found = ", ".join(f"{one}[{bound}]" for one in maps)
        return f"coalesce({found})" if parts else found

    def _enriched(self, name: str, plain: str) -> str:
        """What a file of facts knows fills what the log does not say."""
        numbers = [number for number, enrich in enumerate(self.config.enrich) if name in enrich.set]
        parts = [plain, *(f"{self._enrich_join(number)}.{quote_identifier(name)}" for number in numbers)]
        return f"coalesce({', '.join(parts)})" if len(parts) > 1 else plain

    def _enrich_join(self, number: int) -> str:
        alias = f"e{number}"
        if alias not in self._joins:
            table = facts.enrich_table(self.store, self.config, number)
            self._joins[alias] = (
                f"LEFT JOIN {table} {alias} ON {alias}.match_key = {_column(self.config.enrich[number].on)}"
            )
        return alias

    def _user_join(self) -> str:
        """The user's row that holds at the time of the request; a request without time has one only if there is no choice."""
        if "u" not in self._joins:
            table, user = facts.users_table(self.store, self.config), self._recorded("user")
            self._joins["u"] = (
                f"LEFT JOIN {table} u ON u.match_key = {user}"
                " AND ((r.ts_us >= u.from_us AND r.ts_us < u.to_us) OR (r.ts_us IS NULL AND u.is_only))"
            )
        return "u"

    def _bind(self, value: object) -> str:
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f"${name}"

    def _scope(self) -> str:
        """production, other, or unknown where the condition cannot tell."""
        condition = parse(self.config.scope["production"], fields=FIELDS)
        test = compile_sql(condition, column=self.dimension, params=self.params)
        internal = ""
        if self.config.users is not None and facts.has_internal(self.store, self.config):
            internal = f"WHEN {self._user_join()}.is_internal THEN 'other' "
        return f"CASE {internal}WHEN {test} THEN 'production' WHEN NOT {test} THEN 'other' ELSE 'unknown' END"

    def _time(self, name: str) -> str:
        local = "r.ts" if self.tz == "UTC" else f"timezone({quote_text(self.tz)}, timezone('UTC', r.ts))"
        return f"strftime({local}, '{TIME_FORMS[name]}')"


def focus(store: Store, config: Config, tz: str, relation: str = "ledger") -> Lens:
    """A lens over this store, or over another view of its requests."""
    return Lens(store, config, tz, relation)


def _column(name: str) -> str:
    """The column, or tag:KEY, that a file of facts is joined on."""
    return f"r.tags[{quote_text(name[4:])}]" if name.startswith("tag:") else f"r.{quote_identifier(name)}"
