"""The plans and targets of llmcost.yaml as dollars and months, with every rate that was turned into them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmcost.caps import customers
from llmcost.caps.survival import Geometric, Survival, fit
from llmcost.caps.worth import Plan, Targets, Worth, monthly, monthly_discount, months, net_price, worth
from llmcost.config import Config, duration, number, rate
from llmcost.errors import UsageError, nearest

FX_COLUMNS = ("currency", "date", "usd")
ONE = Decimal(1)


@dataclass(frozen=True)
class Tariffs:
    """What llmcost.yaml says about plans. `rates` are the rates as used, as they are told in the JSON."""

    plans: Mapping[str, Plan]
    targets: Targets
    rates: tuple[Mapping[str, object], ...]


def tariffs(config: Config, day: date) -> Tariffs:
    """Prices in other currencies are turned into dollars at the rate of `day`. UsageError for what cannot be meant."""
    rates: list[Mapping[str, object]] = []
    found = {name: _plan(config, name, told, day, rates) for name, told in config.plans.items()}
    return Tariffs(found, _targets(config, rates), tuple(rates))


def worths(told: Tariffs) -> dict[str, Worth]:
    """The worth of a user of each plan; a plan that converts needs the worth of the one that it leads to."""
    found: dict[str, Worth] = {}

    def settle(name: str, before: tuple[str, ...]) -> Worth:
        if name not in found:
            plan = told.plans[name]
            following = plan.converts_to if plan.converts_to not in (*before, name) else None
            paid = settle(following, (*before, name)) if following is not None else None
            found[name] = worth(plan, told.targets, paid)
        return found[name]

    for name in told.plans:
        settle(name, ())
    return found


def _plan(config: Config, name: str, told: Mapping[str, Any], day: date, rates: list[Mapping[str, object]]) -> Plan:
    return Plan(
        name,
        price=_price(config, name, told["price"], day, rates),
        other_cost=told["other_cost"] or Decimal(0),
        survival=_survival(config, name, told["churn"], rates),
        cac=told["cac"],
        converts_to=told["converts_to"],
        conversion=_share_per_month(config, ("plans", name, "conversion"), told["conversion"], rates),
    )


def _survival(config: Config, name: str, told: Any, rates: list[Mapping[str, object]]) -> Survival | None:
    """One churn for all ages, or the one that slows with age which fits the table of customers that is named."""
    where = ("plans", name, "churn")
    if not isinstance(told, Mapping):
        churn = _share_per_month(config, where, told, rates)
        return None if churn is None else Geometric(churn)
    file = told["customers"]
    found = fit(customers.read(file, config.place(*where, "customers"), told["months"], told["left"], told["where"]))
    if found is None:
        _fail(config, where, f"{file.name} has no customer who left: no churn can be fitted", "wait, or write 5%/month")
        return None
    given = f"alpha {found.alpha:.4f}, beta {found.beta:.4f} of {found.customers} customers in {file.name}"
    if found.unusable:
        given += f", {found.unusable} of no use (no whole month yet, or unreadable)"
    first = Decimal(repr(found.alpha / (found.alpha + found.beta)))
    rates.append({"rate": ".".join((*where, "first month")), "given": given, "used": _digits(first)})
    return found


def _price(config: Config, name: str, told: Any, day: date, rates: list[Mapping[str, object]]) -> Decimal | None:
    if not isinstance(told, Mapping):
        return None if told is None else Decimal(told)
    for key in ("store_fee", "vat_included"):
        if (told[key] or 0) > 1:
            _fail(config, ("plans", name, "price", key), "is more than 100%")
    currency = told["currency"] or config.currency
    usd = ONE
    if currency != "USD":
        usd = _usd(config, currency, day, config.place("plans", name, "price", "currency"))
        rates.append({"rate": f"{currency} in USD", "given": f"{usd:f} on {day}", "used": usd})
    return net_price(
        told["amount"], usd=usd, vat=told["vat_included"] or Decimal(0), store_fee=told["store_fee"] or Decimal(0)
    )


def horizon_months(config: Config) -> int | None:
    """What the LTVs of users.csv span, by `ltv.horizon`; None is a life."""
    return None if config.ltv["horizon"] is None else _whole_months(config, "horizon")


def _whole_months(config: Config, key: str) -> int:
    length = duration(config.ltv[key])
    whole = months(length) if length is not None else Decimal(0)
    if whole != int(whole) or not whole:
        _fail(config, ("ltv", key), f"'{config.ltv[key]}' is no whole number of months", "write 12 months")
    return int(whole)


def _targets(config: Config, rates: list[Mapping[str, object]]) -> Targets:
    told = config.ltv
    if (told["gross_margin"] or 0) > 1:
        _fail(config, ("ltv", "gross_margin"), "is more than 100%")
    payback = None if told["payback"] is None else _whole_months(config, "payback")
    discount = Decimal(0)
    if told["discount_rate"] is not None:
        given = rate(told["discount_rate"])
        assert given is not None  # the config has read it once
        discount = monthly_discount(given)
        rates.append({"rate": "ltv.discount_rate", "given": told["discount_rate"], "used": _digits(discount)})
    elif told["ltv_to_cac"] is not None or told["payback"] is not None:
        rates.append({"rate": "ltv.discount_rate", "given": None, "used": discount})
    return Targets(
        gross_margin=told["gross_margin"],
        ltv_to_cac=told["ltv_to_cac"],
        payback_months=payback,
        llm_share=told["llm_share"],
        discount=discount,
    )


def _share_per_month(
    config: Config, where: tuple[str, ...], text: str | None, rates: list[Mapping[str, object]]
) -> Decimal | None:
    if text is None:
        return None
    given = rate(text)
    assert given is not None  # the config has read it once
    if given.share > 1:
        _fail(config, where, f"'{text}' is more than all users")
    found = monthly(given)
    rates.append({"rate": ".".join(where), "given": text, "used": _digits(found)})
    return found


def _digits(share: Decimal) -> Decimal:
    return round(share, 12)


def _fail(config: Config, where: tuple[str, ...], what: str, hint: str | None = None) -> None:
    raise UsageError(f"{'.'.join(where)}: {what}", place=config.place(*where), hint=hint)


def _usd(config: Config, currency: str, day: date, place: str | None) -> Decimal:
    """Dollars for one of the currency on that day."""
    if config.fx is None:
        raise UsageError(
            f"no exchange rate of {currency}", place=place, hint="name a file of rates: fx: fx.csv (currency,date,usd)"
        )
    known = _rates(config.fx, config.place("fx"))
    if currency not in {one for one, _ in known}:
        hint = nearest(currency, {one for one, _ in known}) or f"add rows {currency},{day},RATE"
        raise UsageError(f"{config.fx.name} has no rate of {currency}", place=place, hint=hint)
    if (currency, day) not in known:
        raise UsageError(
            f"{config.fx.name} has no rate of {currency} on {day}, the last day of the data",
            place=place,
            hint=f"add the row {currency},{day},RATE",
        )
    return known[currency, day]


def _rates(path: Path, place: str | None) -> dict[tuple[str, date], Decimal]:
    """Every rate of the file; UsageError with the line of a row that cannot be one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            header = [name.strip() for name in next(reader, [])]
            for name in FX_COLUMNS:
                if name not in header:
                    raise UsageError(
                        f"the column '{name}' is missing", place=f"{path.name}:1", hint="currency,date,usd"
                    )
            found: dict[tuple[str, date], Decimal] = {}
            for cells in reader:
                if cells:
                    key, usd = _rate_row(dict(zip(header, cells, strict=False)), f"{path.name}:{reader.line_num}")
                    if found.setdefault(key, usd) != usd:
                        what = f"{key[0]} has two rates on {key[1]}"
                        raise UsageError(what, place=f"{path.name}:{reader.line_num}", hint="keep one of them")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "it is no CSV in UTF-8"
        raise UsageError(f"{path.name} cannot be read: {what}", place=place) from error
    return found


def _rate_row(row: Mapping[str, str], place: str) -> tuple[tuple[str, date], Decimal]:
    usd = number(row.get("usd", "").strip())
    if usd is None or usd <= 0:
        raise UsageError(f"'{row.get('usd', '')}' is no rate above 0", place=place, hint="write 0.00072")
    try:
        day = date.fromisoformat(row.get("date", "").strip())
    except ValueError:
        raise UsageError(f"'{row.get('date', '')}' is no date", place=place, hint="write 2026-10-31") from None
    return (row.get("currency", "").strip(), day), usd
