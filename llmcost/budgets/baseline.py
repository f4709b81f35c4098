"""A baseline: what was measured once, kept in a file that a later gate is held to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from llmcost.attribution import focus
from llmcost.budgets.metrics import FIGURES, MONEY, Asked, Figures
from llmcost.budgets.rules import Group, Grouping, Rule
from llmcost.conditions import And, Comparison, Condition, IsNull, Not
from llmcost.document import shown_path
from llmcost.errors import UndecidedError, UsageError
from llmcost.figures import instant_text
from llmcost.resources import sql
from llmcost.spend import report as spend
from llmcost.spend import trust
from llmcost.windows import Window

SCHEMA = "llmcost.baseline/1"
CURRENCY = "USD"
MONTH_US = 730 * 3_600_000_000
"""A month is 730 hours."""
DAY_US = 86_400_000_000
TO_DATE = ("month-to-date", "week-to-date", "today")


@dataclass(frozen=True)
class Case:
    """One evaluation case of one group: its billed requests and their cost in USD, None where some of it is unknown."""

    requests: int
    cost: Decimal | None


Cases = Mapping[tuple[str, Group], Case]


@dataclass(frozen=True)
class Baseline:
    """What a file holds. Money in USD; `monthly` is what production costs per month of 730 hours, by the groups of `by`."""

    path: Path
    name: str | None
    """The words of the window, such as last-month."""
    window: Window
    data_until_us: int
    where: str | None
    sha256: str | None
    scopes: Mapping[Grouping, Mapping[Group, Figures]]
    match: str | None
    by: tuple[str, ...]
    cases: Cases
    monthly: Mapping[Group, Decimal]

    @property
    def until_us(self) -> int:
        """When it ended: the prices of then are those of the week before."""
        return self.window.until_us if self.window.until_us is not None else self.data_until_us + 1

    def covers(self, name: str | None, window: Window) -> bool:
        """Whether totals of both windows can be held against each other: equally long, or the same whole period."""
        if name is not None and name == self.name and name not in TO_DATE:
            return True
        return _length(self.window) == _length(window)


def _length(window: Window) -> int | None:
    return None if window.since_us is None or window.until_us is None else window.until_us - window.since_us


@dataclass(frozen=True)
class Wanted:
    """What to keep: the groupings of these rules; evaluation cases by the field `match`, in groups of `by`."""

    rules: Sequence[Rule]
    match: str | None = None
    by: tuple[str, ...] = ("agent",)
    cases: Asked | None = None
    """Where the cases are, when they are not among the rows of production."""


def take(asked: Asked, wanted: Wanted, *, name: str | None, where: str | None) -> dict[str, Any]:
    """The document of the file. UndecidedError when there is nothing to keep."""
    base = trust.gather(asked.store, asked.config, asked.where, asked.window, asked.tz, digest=None)
    if not base.sources and wanted.cases is None:
        raise UndecidedError("no rows in the window: there is nothing to keep", hint="choose another --last or --since")
    groupings = {rule.grouping: rule for rule in (Rule("total", "cost"), *wanted.rules)}
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "window": {
            "name": name,
            "since": instant_text(asked.window.since_us),
            "until": instant_text(asked.window.until_us),
            "tz": asked.tz,
            "since_us": asked.window.since_us,
            "until_us": asked.window.until_us,
        },
        "where": where,
        "currency": CURRENCY,
        "prices": {"as_of": base.prices_as_of, "sha256": base.prices_digest},
        "data_until": instant_text(base.data_until_us),
        "data_until_us": base.data_until_us,
        "scopes": [_scope(asked, rule) for rule in groupings.values()],
        "production": _production(asked, wanted),
        "cases": None,
    }
    if wanted.match is not None:
        found = measured_cases(wanted.cases or asked, wanted.match, wanted.by)
        if not found:
            raise UndecidedError(
                f"no row has {wanted.match}", place="--match", hint="name the field that holds the case"
            )
        document["cases"] = {
            "match": wanted.match,
            "by": list(wanted.by),
            "rows": [
                {"case": case, "group": list(group), "requests": one.requests, "cost": _text(one.cost)}
                for (case, group), one in sorted(found.items(), key=lambda item: _order(item[0]))
            ],
        }
    return document


def as_text(document: Mapping[str, Any]) -> str:
    """The same figures are the same bytes."""
    return json.dumps(document, indent=1) + "\n"


def summary(document: Mapping[str, Any]) -> str:
    """What was kept, in a few words."""
    cases, production = document["cases"], document["production"]
    words = [f"{sum(len(one['rows']) for one in document['scopes'])} groups"]
    words += [f"{len(cases['rows'])} cases"] if cases else []
    words += ["the volume of production" if production else "no volume of production (less than a day of it)"]
    return ", ".join(words)


def _order(key: tuple[str, Group]) -> tuple[str, ...]:
    case, group = key
    return (*(cell or "" for cell in group), case)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.12f}"


def _scope(asked: Asked, rule: Rule) -> dict[str, Any]:
    groups = sorted(asked.figures(rule, subjects=True).items(), key=lambda item: _order(("", item[0])))
    return {
        "per": list(rule.per),
        "scope": dict(rule.scope),
        "when": rule.when,
        "rows": [{"group": list(group), **one.as_json()} for group, one in groups],
    }


def _production(asked: Asked, wanted: Wanted) -> dict[str, Any] | None:
    """Production's cost by group and how long it took; None under a day, of which no month can be made."""
    parts: list[Condition] = [Comparison("scope", "=", "production")]
    parts += [asked.where] if asked.where is not None else []
    parts += [IsNull(wanted.match)] if wanted.match is not None else []
    condition = And(tuple(parts))
    lens = focus(asked.store, asked.config, asked.tz)
    select = lens.select({}, condition, asked.window)
    first_us, last_us = asked.store.row(f"WITH attributed AS ({select})\n{sql('budgets/span.sql')}", lens.params)
    if first_us is None or last_us - first_us < DAY_US:
        return None
    rows = _groups(asked, wanted.by, condition)
    return {
        "by": list(wanted.by),
        "since_us": first_us,
        "until_us": last_us,
        "rows": [
            {"group": list(group), "requests": one["requests"], "cost": _text(one["cost"])}
            for group, one in sorted(rows.items(), key=lambda item: _order(("", item[0])))
        ],
    }


def measured_cases(asked: Asked, match: str, by: Sequence[str]) -> dict[tuple[str, Group], Case]:
    """Every case that has a name; its cost is unknown where any request of it has no price or no usage."""
    where: Condition = Not(IsNull(match))
    condition = where if asked.where is None else And((asked.where, where))
    return {
        (group[0] or "", group[1:]): Case(
            one["requests"], None if one["unpriced_requests"] or one["usage_missing"] else one["cost"]
        )
        for group, one in _groups(asked, (match, *by), condition).items()
    }


def _groups(asked: Asked, by: Sequence[str], condition: Condition) -> dict[Group, dict[str, Any]]:
    names = [column.name for column in spend.FIGURES]
    rows = spend.groups(asked.store, asked.config, by, condition, asked.window, asked.tz)
    return {tuple(row[: len(by)]): dict(zip(names, row[len(by) :], strict=True)) for row in rows}


def load(path: Path) -> Baseline:
    """What the file holds. UsageError when there is none; UndecidedError for one that cannot be compared: another schema or currency, damaged."""
    shown = shown_path(path)
    again = "write it anew: llmcost baseline save"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the baseline cannot be read: {error.strerror}", place=shown, hint=f"llmcost baseline save {shown}"
        ) from error
    except UnicodeDecodeError as error:
        raise UndecidedError("is no baseline: not UTF-8 text", place=shown, hint=again) from error
    try:
        found = json.loads(text, parse_float=_no_float)
        schema = found["schema"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UndecidedError("is no baseline of llmcost", place=shown, hint=again) from error
    if schema != SCHEMA:
        raise UndecidedError(f"is of schema {str(schema)[:60]}, not {SCHEMA}", place=shown, hint=again)
    if found.get("currency") != CURRENCY:
        what = f"is in {str(found.get('currency'))[:20]}, and figures are in {CURRENCY}"
        raise UndecidedError(what, place=shown, hint=again)
    try:
        return _read(path, found)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise UndecidedError("the baseline is damaged", place=shown, hint=again) from error


def _read(path: Path, found: Mapping[str, Any]) -> Baseline:
    window, cases, production = found["window"], found["cases"], found["production"]
    return Baseline(
        path,
        window["name"],
        Window(window["since_us"], window["until_us"]),
        found["data_until_us"] or 0,
        found["where"],
        found["prices"]["sha256"],
        {
            (tuple(one["per"]), tuple(sorted(one["scope"].items())), one["when"]): {
                tuple(row["group"]): Figures(**{name: _figure(name, row[name]) for name in FIGURES})
                for row in one["rows"]
            }
            for one in found["scopes"]
        },
        cases and cases["match"],
        tuple(cases["by"]) if cases else (),
        {
            (row["case"], tuple(row["group"])): Case(_whole(row["requests"]), _money(row["cost"]))
            for row in cases["rows"]
        }
        if cases
        else {},
        _monthly(production) if production else {},
    )


def _monthly(production: Mapping[str, Any]) -> dict[Group, Decimal]:
    span_us = _whole(production["until_us"]) - _whole(production["since_us"])
    costs = {tuple(row["group"]): _money(row["cost"]) for row in production["rows"]}
    return {
        group: Decimal(round(Fraction(cost) * MONTH_US / span_us * 10**12)).scaleb(-12)
        for group, cost in costs.items()
        if cost is not None
    }


def _figure(name: str, value: Any) -> Any:
    return _money(value) if name in MONEY else _whole(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _money(value: Any) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, str) or not (amount := Decimal(value)).is_finite():
        raise TypeError(value)
    return amount


def _no_float(text: str) -> Any:
    raise ValueError(text)
