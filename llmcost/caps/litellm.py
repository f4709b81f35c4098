"""Caps as LiteLLM holds them: budgets per duration and rate limits, with its own windows, and what it cannot express.

By the code of LiteLLM 1.110 (proxy/auth/auth_checks.py, litellm_core_utils/duration_parser.py,
proxy/hooks/parallel_request_limiter_v3.py, budget_manager.py):

* a budget is charged after the answer and starts anew on the clock and calendar: hours by their multiples in the day, 1d at
  midnight, 7d on Monday, 30d on the first of the month. Users, keys and teams are refused from spend >= max_budget on,
  customers (end users) from spend > max_budget on; a soft_budget only alerts.
* rpm_limit and tpm_limit hold for a fixed window that the first request opens, on whole seconds; refused requests do not
  count. The window is one setting for the whole gateway, LITELLM_RATE_LIMIT_WINDOW_SIZE, a minute by default.
* BudgetManager (the SDK, not the proxy): a budget of 1, 7, 28 or 365 days from the user's last start, which the application
  looks at before each request of the user (reset_on_duration; with update_budget_all_users anybody's request may be the
  next start); served while current cost <= total budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmcost.caps.cap import HOUR_US, SECOND_US, Cap
from llmcost.errors import UsageError

MODES = ("litellm-budget", "litellm-end-user", "litellm-budget-manager", "litellm-rate")
"""What --as takes: a user's budget, an end user's, the SDK's BudgetManager, and rpm or tpm."""

DAY_US = 24 * HOUR_US
_NAMED = {"day": DAY_US, "week": 7 * DAY_US, "month": 30 * DAY_US, "hour": HOUR_US}
_DURATIONS = {DAY_US: ("1d", "day"), 7 * DAY_US: ("7d", "week"), 30 * DAY_US: ("30d", "month")}
"""budget_duration, and the window of the calendar that it is."""

_MANAGED = {DAY_US: "1d", 7 * DAY_US: "7d", 28 * DAY_US: "28d", 30 * DAY_US: "28d", 365 * DAY_US: "365d"}
"""daily, weekly, monthly (28 days) and yearly."""


def as_litellm(cap: Cap, mode: str, place: str = "--as") -> Cap:
    """The cap as LiteLLM would hold it. UsageError for what it cannot."""
    budget = mode != "litellm-rate"
    if budget and cap.unit != "usd":
        raise UsageError(f"{cap.text} is in {cap.unit}s, a budget is in dollars", place=place, hint="add --unit usd")
    if not budget and cap.unit not in ("request", "token"):
        raise UsageError(f"{cap.text} is in {cap.unit}, rate limits are in requests or tokens", place=place)
    if cap.counts == "attempts":
        raise UsageError("LiteLLM counts what it serves", place="--counts", hint="leave --counts attempts out")
    window = _window(cap, mode)
    if window is None:
        hints = {
            "litellm-budget-manager": "it has 1d, 7d, 28d and 365d",
            "litellm-rate": "it needs a fixed length such as 1min or 3h",
        }
        hint = hints.get(mode, "it has hours that divide a day, 1d, 7d and month")
        raise UsageError(f"LiteLLM has no such window as {cap.window}", place=place, hint=hint)
    return replace(cap, kind=mode, window=window)


def _window(cap: Cap, mode: str) -> str | None:
    span = _NAMED.get(cap.window, cap.span_us)
    if mode == "litellm-budget-manager":
        return _MANAGED.get(span)
    if mode == "litellm-rate":
        return None if cap.window == "month" or span % SECOND_US else f"{span // SECOND_US}s"
    if span in _DURATIONS:
        return _DURATIONS[span][1]
    return f"{span // HOUR_US}h" if span % HOUR_US == 0 and DAY_US % span == 0 else None


@dataclass(frozen=True)
class Held:
    """A wanted cap, what LiteLLM would hold of it (None: nothing), in which field, and what of it is lost."""

    wanted: Cap
    held: Cap | None
    field: str | None
    budget_id: str | None
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """Caps as LiteLLM budgets (bodies of POST /budget/new), and the settings of the gateway that they need."""

    budgets: Sequence[Mapping[str, object]]
    environment: Mapping[str, str]
    caps: Sequence[Held]


def export(caps: Sequence[Cap], per_turn: Mapping[str | None, tuple[int, int]]) -> Exported:
    """One budget per plan. `per_turn` has requests and turns of each plan (None: of all), as LiteLLM knows no turns."""
    budgets: dict[str, dict[str, object]] = {}
    rate_window: str | None = None
    found = []
    for cap in caps:
        held, field, lost = _held(cap, per_turn)
        name = f"llmcost-{cap.plan or 'default'}"
        if held is not None and held.kind == "litellm-rate":
            rate_window = rate_window or held.window
            if held.window != rate_window:
                lost = [f"all rate limits of a gateway share one window, and it is {rate_window}"]
                held = None
        if held is not None and field is not None:
            body = budgets.setdefault(name, {"budget_id": name})
            duration = _DURATIONS.get(_NAMED.get(held.window, held.span_us), (held.window, ""))[0]
            if field in body or (field != "soft_budget" and held.unit == "usd" and "max_budget" in body):
                held, lost = None, [f"a budget has one {field}, and another cap has taken it"]
            elif held.unit == "usd":
                body[field] = held.text.partition("/")[0]
                body.setdefault("budget_duration", duration)
            else:
                body[field] = held.limit
        if held is None:
            field = None
        found.append(Held(cap, held, field, name if field else None, tuple(lost)))
    kept = [body for body in budgets.values() if len(body) > 1]
    needs_window = rate_window is not None and rate_window != "60s"
    setting = {"LITELLM_RATE_LIMIT_WINDOW_SIZE": str(rate_window)[:-1]} if needs_window else {}
    return Exported(kept, setting, found)


Loss = tuple[Cap | None, str | None, list[str]]
"""What is held, in which field of a budget, and what is lost."""


def _held(cap: Cap, per_turn: Mapping[str | None, tuple[int, int]]) -> Loss:
    if cap.when is not None:
        return None, None, ["a condition on requests: a budget belongs to a user"]
    if cap.on_limit == "downgrade":
        return None, None, [f"going on with {cap.model}: a budget only refuses"]
    held, field, lost = _as_budget(cap) if cap.unit == "usd" else _as_rate(cap, per_turn)
    if cap.counts == "attempts":
        lost.append("counting attempts")
    return held, field, lost


def _as_budget(cap: Cap) -> Loss:
    window = _window(cap, "litellm-end-user")
    if window is None:
        return None, None, [f"the window {cap.window}: budgets have hours that divide a day, 1d, 7d and 30d"]
    lost = [] if cap.kind == "aligned" else [f"the kind {cap.kind}: budgets start anew on the clock and calendar"]
    held = replace(cap, kind="litellm-end-user", window=window, counts="served")
    if cap.on_limit == "overage":
        return held, "soft_budget", [*lost, "an invoice for overage: a soft budget alerts, and serves"]
    return held, "max_budget", [*lost, "stopping before the limit: the answer that crosses it is served"]


def _as_rate(cap: Cap, per_turn: Mapping[str | None, tuple[int, int]]) -> Loss:
    if cap.on_limit == "overage":
        return None, None, [f"overage of {cap.unit}s: rate limits only refuse"]
    window = _window(cap, "litellm-rate")
    if window is None:
        return None, None, [f"a number of {cap.unit}s in a {cap.window}: rate limits need a fixed length"]
    same = cap.kind == "first_request"
    lost = [] if same else [f"the kind {cap.kind}: its window is fixed, opened by the first request"]
    held = replace(cap, kind="litellm-rate", window=window, counts="served")
    if cap.unit == "token":
        return held, "tpm_limit", [*lost, "exact tokens: it reserves an estimate and corrects it after the answer"]
    if cap.unit == "turn":
        requests, turns = per_turn.get(cap.plan) or per_turn.get(None) or (1, 1)
        held = replace(held, unit="request", limit=max(cap.limit, cap.limit * requests // turns))
        lost.append(f"turns: held as {held.limit} requests, the mean of {cap.limit} turns")
    return held, "rpm_limit", lost
