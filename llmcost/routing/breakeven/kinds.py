"""The four comparisons: each takes the logged flow and the offer's terms and gives an Answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil

from llmcost.figures import count, money, percent
from llmcost.routing.breakeven import facts
from llmcost.routing.breakeven.answer import SAVED, Answer, Figure
from llmcost.routing.breakeven.flow import HOURS_PER_MONTH, Flow
from llmcost.routing.breakeven.sums import (
    MILLION,
    ONE,
    erlang_c,
    gpu_cost_per_mtok,
    on_grid,
    over,
    provisioned_usage,
    sensitivity,
    worthwhile_units,
)

ZERO = Decimal(0)
NOT_BATCHED = "service_tier is null or service_tier != 'batch'"


@dataclass(frozen=True)
class FineTune:
    """Terms of a fine-tuned model. Prices are USD per million tokens, hosting per hour; tokens of one request to it."""

    train_tokens: Decimal
    epochs: Decimal
    train_price: Decimal
    hosting_hour: Decimal
    input_price: Decimal
    output_price: Decimal
    prompt_tokens: Decimal
    output_tokens: Decimal
    payback: Decimal
    """Months in which the training is to come back."""


def finetune(flow: Flow, terms: FineTune, today: date) -> Answer:
    """Break-even in requests per month: (training / payback + hosting) / saving per request."""
    base = flow.cost_per_request

    def parts(i: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, Decimal]:
        once = i["train_tokens"] * i["epochs"] * i["train_price"] / MILLION
        hosting = i["hosting_hour"] * HOURS_PER_MONTH
        tuned = (i["prompt_tokens"] * i["input_price"] + i["output_tokens"] * i["output_price"]) / MILLION
        return once, hosting, i["base_per_request"] - tuned

    def solve(i: Mapping[str, Decimal]) -> Decimal | None:
        once, hosting, saving = parts(i)
        return over(once / i["payback"] + hosting, saving)

    inputs = {"base_per_request": base, **vars(terms)}
    once, hosting, saving = parts(inputs)
    needed, monthly = solve(inputs), flow.requests_per_month
    months = over(once, monthly * saving - hosting)
    if needed is None:
        verdict = "never: a request to the fine-tuned model costs no less than one today"
    elif months is None:
        verdict = "not at this volume: the saving does not even pay the hosting"
    else:
        word = "pays" if monthly >= needed else "does not pay"
        verdict = f"{word} within {terms.payback:f} months at the logged volume"
    return Answer(
        "finetune",
        "Fine-tuned model against today's",
        [
            Figure("requests_per_month", "requests a month that pay the hosting", over(hosting, saving), "requests"),
            Figure(
                "requests_per_month_for_payback",
                f"... and the training in {terms.payback:f} months",
                needed,
                "requests",
            ),
            Figure("one_time", "training", once, "usd"),
            Figure("hosting_month", "hosting a month", hosting, "usd"),
            Figure("finetuned_per_request", "cost per request, fine-tuned", base - saving, "usd"),
            Figure("saving_per_request", "saving per request", saving, "usd"),
        ],
        [
            Figure("requests_per_month", "requests a month", monthly, "requests"),
            Figure("cost_per_request", "cost per request", base, "usd"),
            Figure("saving_month", "saving a month after hosting", monthly * saving - hosting, "usd"),
        ],
        months,
        sensitivity(solve, inputs),
        "requests a month",
        verdict,
        [*facts.finetune_notes(today), *flow.notes],
    )


@dataclass(frozen=True)
class SelfHost:
    """Terms of own GPUs: USD per GPU-hour, output tokens per second of all together, shares for the rest."""

    gpu_hour: Decimal
    gpus: int
    tokens_per_second: Decimal
    utilisation: Decimal | None
    """The highest mean utilisation that one wants to run at; None: as busy as the log makes them."""
    escalation: Decimal
    """The share of requests that go to the API after all."""
    overhead: Decimal
    slots: int
    """Requests that one GPU works on at the same time."""


def selfhost(flow: Flow, terms: SelfHost) -> Answer:
    """Break-even in requests per hour: what the GPUs cost an hour / (API cost per request x the share they answer)."""
    api, per_hour, kept = flow.cost_per_request, flow.requests_per_hour, ONE - terms.escalation

    def hourly(i: Mapping[str, Decimal]) -> Decimal:
        return i["gpu_hour"] * i["gpus"] * i["overhead"]

    def solve(i: Mapping[str, Decimal]) -> Decimal | None:
        return over(hourly(i), i["api_per_request"] * (ONE - i["escalation"]))

    inputs = {
        "api_per_request": api,
        "gpu_hour": terms.gpu_hour,
        "gpus": Decimal(terms.gpus),
        "overhead": terms.overhead,
        "escalation": terms.escalation,
    }
    needed = solve(inputs)
    answer_tokens = Decimal(flow.output_tokens) / flow.requests
    capacity = over(terms.tokens_per_second * 3600, answer_tokens)
    usable = None if capacity is None else capacity * (terms.utilisation or ONE)
    own = hourly(inputs) / per_hour + terms.escalation * api
    used = None if capacity is None else per_hour * kept / capacity
    peak = flow.busiest * 60 * kept
    wait_share, wait_s = _waiting(peak, capacity, terms.gpus * terms.slots)
    gpus_at_peak = None if usable is None else ceil(peak * terms.gpus / usable)
    busy = terms.utilisation or used
    verdict = (
        "pays at the logged volume"
        if needed is not None and per_hour >= needed
        else "does not pay at the logged volume"
    )
    if needed is not None and usable is not None and needed * kept > usable:
        verdict = "never: these GPUs cannot serve as many requests as they must to pay"
    notes = [
        "latency at the peak is that of a queue with random arrivals and service times (Erlang C), in the busiest logged minute",
        f"{terms.slots} requests at once per GPU is an assumption; say --slots" if terms.slots == facts.SLOTS else "",
        facts.OVERHEAD_NOTE if terms.overhead == ONE else "",
    ]
    if flow.input_tokens > 10 * flow.output_tokens:
        notes.insert(
            0, "GPUs are counted by output tokens alone: prompts as long as these take much of their time, measure it"
        )
    if wait_share is None and capacity is not None:
        notes.insert(0, "in the busiest minute more comes than these GPUs serve: the queue grows")
    return Answer(
        "selfhost",
        "Own GPUs against the API",
        [
            Figure("requests_per_hour", "requests an hour", needed, "requests"),
            Figure(
                "requests_per_month",
                "requests a month",
                None if needed is None else needed * HOURS_PER_MONTH,
                "requests",
            ),
            Figure(
                "utilisation",
                "how busy the GPUs are then",
                None if needed is None or capacity is None else needed * kept / capacity,
                "share",
            ),
            Figure("hourly_cost", "GPUs an hour", hourly(inputs), "usd"),
            Figure(
                "cost_per_mtok",
                f"a million output tokens at {percent(busy)} use",
                gpu_cost_per_mtok(hourly(inputs), terms.tokens_per_second, busy) if busy else None,
                "usd",
            ),
        ],
        [
            Figure("requests_per_hour", "requests an hour", per_hour, "requests"),
            Figure("requests_per_month", "requests a month", flow.requests_per_month, "requests"),
            Figure("cost_per_request", "cost per request, API", api, "usd"),
            Figure("own_cost_per_request", "cost per request, own GPUs", own, "usd"),
            Figure("saving_share", "saving", over(api - own, api), "share"),
            Figure("utilisation", "how busy the GPUs would be", used, "share"),
            Figure("peak_requests_per_minute", "requests in the busiest minute", flow.busiest, "requests"),
            Figure("peak_wait_share", "share that waits then", wait_share, "share"),
            Figure("peak_wait_s", "mean wait then", wait_s, "s"),
            Figure("gpus_at_peak", "GPUs that serve the busiest minute", gpus_at_peak, "GPUs"),
        ],
        None,
        sensitivity(solve, inputs),
        "requests an hour",
        verdict,
        [note for note in (*notes, *flow.notes) if note],
    )


def _waiting(peak_per_hour: Decimal, capacity: Decimal | None, slots: int) -> tuple[Decimal | None, Decimal | None]:
    """The share that waits and the mean wait of all in seconds; None where the queue grows or nothing is known."""
    if capacity is None:
        return None, None
    each = capacity / slots
    share = erlang_c(slots, peak_per_hour / each)
    return (None, None) if share is None else (share, share * 3600 / (capacity - peak_per_hour))


@dataclass(frozen=True)
class Provisioned:
    """Terms of provisioned throughput: USD per unit-hour, weighted tokens per minute of a unit."""

    unit_hour: Decimal
    tpm_per_unit: int
    output_weight: Decimal
    min_units: int
    increment: int


def provisioned(flow: Flow, terms: Provisioned) -> Answer:
    """How many units are worth it when what they cannot serve spills over to pay-as-you-go (newsvendor).

    The weight of a request is its uncached input + output x weight. A unit pays when it is busier than
    unit price / what its full hour would cost as pay-as-you-go.
    """
    demand = [
        int((m.input_tokens - m.cached_tokens + terms.output_weight * m.output_tokens).to_integral_value())
        for m in flow.minutes
    ]
    weight = flow.input_tokens - flow.cached_tokens + terms.output_weight * flow.output_tokens
    inputs = {"unit_hour": terms.unit_hour, "tpm_per_unit": Decimal(terms.tpm_per_unit), "payg_cost": flow.cost}

    def solve(i: Mapping[str, Decimal]) -> Decimal | None:
        return over(i["unit_hour"], over(60 * i["tpm_per_unit"] * i["payg_cost"], weight) or ZERO)

    flow.cost_per_request  # noqa: B018 - no price, no answer
    needed = solve(inputs)
    worth = 0 if needed is None else worthwhile_units(demand, flow.span, terms.tpm_per_unit, needed)
    value_of_token = over(flow.cost, weight) or ZERO
    hours = Decimal(flow.span) / 60

    def saving_month(units: int) -> Decimal:
        served = sum(min(d, units * terms.tpm_per_unit) for d in demand)
        return (served * value_of_token - units * terms.unit_hour * hours) / hours * HOURS_PER_MONTH

    units = max((0, *on_grid(worth, terms.min_units, terms.increment)), key=lambda n: (saving_month(n), -n))
    first = Decimal(provisioned_usage(demand, terms.tpm_per_unit, 1)) / (terms.tpm_per_unit * flow.span)
    served = sum(min(d, units * terms.tpm_per_unit) for d in demand)
    if units:
        verdict = f"{count(units)} units save {money(saving_month(units))} a month; what they cannot serve spills over"
    elif needed is not None and needed > 1:
        verdict = "never on price alone: even a unit that is always busy costs more than pay-as-you-go"
    else:
        verdict = "does not pay: no amount that can be bought is busy enough"
    return Answer(
        "provisioned",
        "Provisioned throughput against pay-as-you-go",
        [
            Figure("utilisation", "how busy a unit must be", needed, "share"),
            Figure(
                "payg_value_per_unit_hour",
                "a full unit-hour as pay-as-you-go",
                60 * terms.tpm_per_unit * value_of_token,
                "usd",
            ),
            Figure("units_worthwhile", "units that are as busy", worth, "units"),
            Figure("units", "units to buy, by minimum and increment", units, "units"),
            Figure("units_at_peak", "units that would serve the peak", -(-max(demand) // terms.tpm_per_unit), "units"),
        ],
        [
            Figure("requests_per_month", "requests a month", flow.requests_per_month, "requests"),
            Figure(
                "weighted_tokens_per_minute", "weighted tokens a minute", Decimal(sum(demand)) / flow.span, "tokens"
            ),
            Figure("peak_weighted_tokens_per_minute", "... in the busiest minute", max(demand), "tokens"),
            Figure("first_unit_utilisation", "how busy the first unit would be", first, "share"),
            Figure(
                "spill_over_share",
                "share of the tokens that spills over",
                over(Decimal(sum(demand) - served), Decimal(sum(demand))),
                "share",
            ),
            Figure("payg_month", "pay-as-you-go a month", flow.cost / hours * HOURS_PER_MONTH, "usd"),
            Figure("saving_month", "saving a month", saving_month(units), "usd"),
        ],
        None,
        sensitivity(solve, inputs),
        "utilisation",
        verdict,
        ["cached input takes no capacity; its pay-as-you-go price stays in what a unit-hour is worth", *flow.notes],
    )


def batch(flow: Flow, discount: Decimal, *, everything: bool) -> Answer:
    """What the traffic would save at a discount for answers that may take a day."""
    month = flow.cost_per_request * flow.requests_per_month
    notes = ["what can wait is your rule: without --where all traffic counts as if it could"] if everything else []
    notes.append("requests that are billed at a batch tier already are not in it; a batch may lose its prompt cache")
    return Answer(
        "batch",
        "Batch against answers at once",
        [
            Figure("requests_per_month", "requests a month from which it pays", 0, "requests"),
            Figure("discount", "discount", discount, "share"),
        ],
        [
            Figure("requests_per_month", "requests a month that could wait", flow.requests_per_month, "requests"),
            Figure("cost_month", "their cost a month", month, "usd"),
            Figure("saving_month", "saving a month", month * discount, "usd"),
        ],
        None,
        sensitivity(lambda i: i["cost_month"] * i["discount"], {"cost_month": month, "discount": discount}),
        SAVED,
        "pays from the first request: nothing is paid up front" if discount > 0 else "saves nothing",
        [*notes, *flow.notes],
    )
