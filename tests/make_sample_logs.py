"""Writes sample_logs/: October 2026 of an imaginary company, in seven log formats, with totals known by construction.

    python tests/make_sample_logs.py [DIR]

`build()` returns the files and the totals. The totals are added up from the calls themselves with the little price
table below, never by reading the logs back, so they can judge a program that does. Chance comes from Random.random()
only: it is the one method whose sequence Python promises to keep.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from string import Template
from typing import Any, TypeVar

T = TypeVar("T")

OCTOBER, DAYS = datetime(2026, 10, 1, tzinfo=timezone.utc), 31
RUNAWAY_DAY, OUTAGE_DAY, OUTAGE_HOURS = 20, 13, (9, 10, 11)
PART1, PART2, PART3 = (f"gateway/litellm-2026-10-part{part}" for part in ("1.jsonl", "2.jsonl", "3.jsonl.gz"))
PART_DAYS = (1, 11, 18, DAYS + 1)
SPEND, BATCH, RESEARCH = "gateway/spend_logs.csv", "batch/openai_responses.jsonl", "research/anthropic.jsonl"
APP, MOBILE, EDGE = "app/usage.csv", "mobile/events.jsonl", "edge/native.jsonl"

SONNET, HAIKU = "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"
MINI4, MINI5, GPT5 = "gpt-4o-mini-2024-07-18", "gpt-5-mini-2025-08-07", "gpt-5-2025-08-07"
PRICES = {  # pico-dollars per token (1e-12 USD): $2.50 per million tokens = 2_500_000
    # model: (input, cache read, cache write 5m, cache write 1h, output); only Anthropic bills cache writes here
    "gpt-4o": (2_500_000, 1_250_000, 0, 0, 10_000_000),
    "gpt-4o-mini": (150_000, 75_000, 0, 0, 600_000),
    MINI4: (150_000, 75_000, 0, 0, 600_000),
    GPT5: (1_250_000, 125_000, 0, 0, 10_000_000),
    MINI5: (250_000, 25_000, 0, 0, 2_000_000),
    "gpt-5-mini": (250_000, 25_000, 0, 0, 2_000_000),
    "gpt-4.1-mini": (400_000, 100_000, 0, 0, 1_600_000),
    "o4-mini": (1_100_000, 275_000, 0, 0, 4_400_000),
    "gemini-2.5-flash": (300_000, 30_000, 0, 0, 2_500_000),
    "gemini-2.5-pro": (1_250_000, 125_000, 0, 0, 10_000_000),  # up to 200,000 input tokens; none here is longer
    "text-embedding-3-small": (20_000, 20_000, 0, 0, 0),
    SONNET: (3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000),
    HAIKU: (1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000),
}
HALF_PRICE_TIERS = ("batch", "flex")
WEB_SEARCH = 10_000_000_000  # $0.01 each
UNPRICED_MODEL = "brightdesk-7b"  # their own fine-tune: no public price
PROVIDERS = {"claude": "anthropic", "gemini": "gemini", "brightdesk": "hosted_vllm"}  # by the start; the rest is openai

SCRIPT, MARKUP, FORMULA, PIPE, HANGUL = "<script>alert(1)</script>", "[bold]", "=1+1", "a|b", "계획"
ESCAPE = "\x1b[31mred\x1b[0m"
HOSTILE = (SCRIPT, MARKUP, FORMULA, PIPE, HANGUL, ESCAPE)
PROMPTS = ("Draft a polite reply to the landlord.", "Turn these notes into a list.", "Find the notice period.")
"""All prompts in these logs. None may be found in a store or an export."""

ERRORS = {  # chain reason: (LiteLLM error class, code, message)
    "rate_limit": ("RateLimitError", "429", "Rate limit reached for requests"),
    "context_length": ("ContextWindowExceededError", "400", "This model's maximum context length is 128000 tokens"),
    "content_filter": ("ContentPolicyViolationError", "400", "The response was blocked by the safety system"),
    "timeout": ("Timeout", "408", "Request timed out after 60 s"),
    "server_error": ("InternalServerError", "500", "The server had an error while processing the request"),
    "auth": ("AuthenticationError", "401", "Incorrect API key provided"),
    "bad_request": ("BadRequestError", "400", "Invalid value for temperature"),
    "user_choice": ("ClientDisconnected", "499", "Client closed the connection"),
}
INCIDENTS = (  # (how often, what fails in order, the model that answers in the end: "" is the same one, None is nobody)
    (14, ("rate_limit",), ""),
    (9, ("rate_limit",), HAIKU),
    (5, ("context_length",), "gemini-2.5-pro"),
    (3, ("content_filter",), "gemini-2.5-flash"),
    (6, ("timeout",), ""),
    (6, ("server_error",), HAIKU),
    (2, ("auth",), "gpt-4.1-mini"),
    (2, ("bad_request",), "gpt-4.1-mini"),
    (3, ("rate_limit", "server_error"), HAIKU),
    (5, ("server_error",), None),
)
NO_TOKENS: dict[str, Any] = {"fresh": 0, "read": 0, "write_5m": 0, "write_1h": 0, "visible": 0, "reasoning": 0}


@dataclass(frozen=True)
class Call:
    """One row the ledger should hold, as a reader with llmcost.yaml should see it.

    `at` is ms since 1970, `latency` ms. Token fields are disjoint. `reason` is the chain reason, `recorded` the cost as
    the log has it, `unsaid` names what the log does not say (a rule, a tag or a join of llmcost.yaml finds it).
    """

    id: str
    source: str
    at: int | None
    model: str
    fresh: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    visible: int = 0
    reasoning: int = 0
    searches: int = 0
    user: str | None = None
    agent: str | None = None
    feature: str | None = None
    team: str | None = None
    environment: str | None = None
    session: str | None = None
    trace: str | None = None
    turn: str | None = None
    task: str | None = None
    kind: str = "call"
    error: str | None = None
    reason: str | None = None
    tier: str | None = None
    requests: int = 1
    latency: int = 900
    has_usage: bool = True
    recorded: str | None = None
    unsaid: tuple[str, ...] = ()

    @property
    def input(self) -> int:
        return self.fresh + self.read + self.write_5m + self.write_1h

    @property
    def output(self) -> int:
        return self.visible + self.reasoning

    @property
    def billed(self) -> bool:
        return self.kind == "call" or (self.kind == "attempt" and self.input + self.output > 0)

    @property
    def provider(self) -> str:
        return next((name for start, name in PROVIDERS.items() if self.model.startswith(start)), "openai")

    @property
    def parts(self) -> Iterator[tuple[int, int]]:
        """(tokens, rate in pico-dollars) of a priced model."""
        return zip((self.fresh, self.read, self.write_5m, self.write_1h, self.output), PRICES[self.model], strict=True)

    @property
    def pico(self) -> int | None:
        """What the provider charges, in pico-dollars; None when nobody knows."""
        if self.model not in PRICES or not self.has_usage:
            return None
        tokens = sum(amount * rate for amount, rate in self.parts)
        return (tokens // 2 if self.tier in HALF_PRICE_TIERS else tokens) + self.searches * WEB_SEARCH


@dataclass(frozen=True)
class Sums:
    """Totals of a group. Tokens, cost and requests are those of billed rows; None is unknown, never zero.

    A call without usage is counted in `usage_missing`, one without a price in `unpriced_requests`; none is in both.
    """

    requests: int
    attempts: int
    cache_hits: int
    usage_missing: int
    unpriced_requests: int
    unpriced_tokens: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost: Decimal | None
    source_cost: Decimal | None


@dataclass(frozen=True)
class Line:
    """A line of a log: a new call, or a note: "header", "duplicate", "skipped", or why it must be quarantined."""

    text: str
    call: Call | None = None
    note: str = ""


@dataclass(frozen=True)
class Company:
    """`by[dimension][value]` adds up to `total`; `quarantined[file]` lists (line number from 1, reason)."""

    files: Mapping[str, bytes]
    calls: Sequence[Call]
    total: Sums
    by: Mapping[str, Mapping[str | None, Sums]]
    duplicates: Mapping[str, int]
    skipped: Mapping[str, int]
    quarantined: Mapping[str, Sequence[tuple[int, str]]]


def add_up(calls: Sequence[Call]) -> Sums:
    billed = [c for c in calls if c.billed]
    priced = [c.pico for c in billed if c.pico is not None]
    unpriced = [c for c in billed if c.pico is None and c.has_usage]
    recorded = [Decimal(c.recorded) for c in calls if c.recorded]
    return Sums(
        requests=sum(c.requests for c in billed),
        attempts=sum(c.kind == "attempt" and not c.billed for c in calls),
        cache_hits=sum(c.kind == "cache_hit" for c in calls),
        usage_missing=sum(not c.has_usage for c in billed),
        unpriced_requests=sum(c.requests for c in unpriced),
        unpriced_tokens=sum(c.input + c.output for c in unpriced),
        input_tokens=sum(c.input for c in billed),
        cache_read_tokens=sum(c.read for c in billed),
        cache_write_tokens=sum(c.write_5m + c.write_1h for c in billed),
        output_tokens=sum(c.output for c in billed),
        reasoning_tokens=sum(c.reasoning for c in billed),
        cost=Decimal(sum(priced)).scaleb(-12) if priced else None,
        source_cost=sum(recorded, Decimal(0)) if recorded else None,
    )


# --- chance, time, people ---------------------------------------------------------------------------------------------


def between(rnd: Random, low: int, high: int) -> int:
    return low + int(rnd.random() * (high - low + 1))


def pick(rnd: Random, items: Sequence[T], weights: Sequence[int]) -> T:
    left = rnd.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        left -= weight
        if left < 0:
            return item
    return items[-1]


BUSY_HOURS = (0, 0, 0, 0, 0, 1, 2, 5, 9, 10, 10, 9, 6, 8, 10, 10, 9, 7, 4, 3, 2, 2, 1, 0)  # weight of each UTC hour
BUSY_WEEKDAYS = (10, 11, 11, 10, 9, 3, 2)  # tenths of a usual day, from Monday


def midnight(day: int) -> int:
    return int((OCTOBER + timedelta(days=day - 1)).timestamp()) * 1000


def moment(rnd: Random, day: int, hour: int | None = None) -> int:
    """A time on that day of October, in ms since 1970; on OUTAGE_DAY nothing starts in OUTAGE_HOURS."""
    weights = [0 if day == OUTAGE_DAY and h in OUTAGE_HOURS else w for h, w in enumerate(BUSY_HOURS)]
    return (
        midnight(day)
        + (pick(rnd, range(24), weights) if hour is None else hour) * 3_600_000
        + between(rnd, 0, 3_599_999)
    )


def turns(rnd: Random, usual: int) -> Iterator[tuple[int, int]]:
    """(number, moment) of a month with about `usual` turns a day."""
    number = 0
    for day in range(1, DAYS + 1):
        for _ in range(usual * BUSY_WEEKDAYS[(OCTOBER + timedelta(days=day - 1)).weekday()] // 10):
            yield number, moment(rnd, day)
            number += 1


def iso(at: int, layout: str = "%Y-%m-%dT%H:%M:%S.{ms}Z") -> str:
    return datetime.fromtimestamp(at // 1000, timezone.utc).strftime(layout).replace("{ms}", f"{at % 1000:03d}")


USERS = tuple({13: SCRIPT, 23: MARKUP, 33: ESCAPE}.get(n, f"u{n:03d}") for n in range(1, 61))
SILENT = 8  # the last ones never call
GHOST = "u-ghost"  # calls, but nobody knows them
CHANGER, CHANGE_DAY = "u004", "2026-10-16"  # free before, plus from that day on
RUNAWAY_USER = "u010"
USER_WEIGHTS = (*(60 // (n + 1) + 2 for n in range(len(USERS) - SILENT)), *(0,) * SILENT)
PLANS = ("free",) * 6 + ("plus",) * 3 + ("team",)  # by the place modulo 10: 36 free, 18 plus, 6 team
REVENUE = {"free": "0", "plus": "12.00", "team": "25.00"}
LTV = {"free": "", "plus": "180.00", "team": "600.00"}


def somebody(rnd: Random) -> str | None:
    return pick(rnd, (*USERS, GHOST, None), (*USER_WEIGHTS, 3, 12))


def plan(call: Call) -> str | None:
    if call.user not in USERS:
        return None
    changed = call.user == CHANGER and call.at is not None and iso(call.at) >= CHANGE_DAY
    return "plus" if changed else PLANS[USERS.index(call.user) % 10]


# --- what the company does --------------------------------------------------------------------------------------------

Step = tuple[str | None, str, int, int, int, int]
"""(agent, model, most fresh, visible and reasoning tokens, percent of calls that read the provider's prompt cache)"""

FLOWS: dict[str | None, tuple[int, str, Sequence[Step]]] = {  # feature: (share of the turns, team, calls of a turn)
    "chat": (30, "assistant", [("assistant", "gpt-4o", 7000, 700, 0, 50)]),
    "translate": (14, "assistant", [("translator", "gemini-2.5-flash", 3000, 1800, 400, 0)]),
    "autocomplete": (14, "assistant", [(None, "gpt-4o-mini", 400, 40, 0, 0)]),
    "search": (
        12,
        "search",
        [("indexer", "text-embedding-3-small", 300, 0, 0, 0), ("answerer", "gpt-4.1-mini", 9000, 400, 0, 40)],
    ),
    "research": (
        9,
        "research",
        [
            ("planner", "o4-mini", 2500, 300, 1500, 0),
            ("researcher", SONNET, 3000, 1200, 0, 70),
            ("researcher", SONNET, 3000, 1200, 0, 100),
            ("writer", "gpt-4o", 9000, 1500, 0, 0),
        ],
    ),
    "help": (8, "search", [("helper", "gpt-4o-mini", 2500, 300, 0, 30)]),
    None: (4, "assistant", [("assistant", "gpt-4o-mini", 900, 200, 0, 0)]),
    "route": (2, "research", [("router", UNPRICED_MODEL, 600, 8, 0, 0)]),
    HANGUL: (2, PIPE, [(HANGUL, "gpt-5-mini", 1200, 300, 512, 0)]),
    FORMULA: (2, PIPE, [(MARKUP, "gpt-4o-mini", 900, 200, 0, 0)]),
    ESCAPE: (2, PIPE, [(SCRIPT, "gpt-4o-mini", 900, 200, 0, 0)]),
}
CHAT_INCIDENTS, CACHED_ANSWERS, DEPARTURES = 6, 8, 50  # every n-th chat fails, help is cached, translation is left


def call_of(rnd: Random, source: str, step: Step, **facts: Any) -> Call:
    """One answered call. OpenAI caches in blocks of 128 tokens from 1,024 on, Anthropic what the caller marked."""
    agent, model, *most, cached = step
    fresh, visible, reasoning = (between(rnd, limit // 8, limit) for limit in most)
    tokens = {"fresh": fresh, "visible": visible, "reasoning": reasoning}
    warm = rnd.random() * 100 < cached
    if warm and model == SONNET:
        tokens |= {"read": between(rnd, 4000, 12000), "write_5m": between(rnd, 0, 2000)}
    elif warm and fresh >= 1664:
        read = fresh // 128 * 2 // 3 * 128
        tokens |= {"fresh": fresh - read, "read": read}
    return Call(source=source, agent=agent, model=model, latency=between(rnd, 300, 6000), **(tokens | facts))


def with_incident(rnd: Random, call: Call, errors: Sequence[str], answered_by: str | None) -> Iterator[Call]:
    """The failed attempts and the call that answers at last; each says what went wrong in the step before it."""
    at, reason = call.at or 0, None
    failed = replace(call, kind="attempt", latency=400, **NO_TOKENS)
    for step, error in enumerate(errors, 1):
        yield replace(failed, id=f"{call.id}-try{step}", at=at, error=error, reason=reason)
        at, reason = at + 1500, error
    done = replace(call, at=at, reason=reason)
    if answered_by:  # another provider has no warm cache; a long context is why Gemini was asked
        fresh = between(rnd, 130_000, 170_000) if reason == "context_length" else call.input
        done = replace(done, model=answered_by, fresh=fresh, read=0)
    if answered_by is not None:
        yield done


def cache_hit(call: Call) -> Call:
    """The answer of an earlier call from the gateway's own cache: no provider saw it."""
    hit = replace(call, kind="cache_hit", latency=4, fresh=call.input, read=0)
    return replace(hit, id=f"{call.id}_cache_hit{(call.at or 0) / 1000}")


def gateway(rnd: Random) -> Iterator[Call]:
    seen: dict[str | None, int] = defaultdict(int)
    incidents = [rest for round_ in range(14) for often, *rest in INCIDENTS if round_ < often]
    for n, at in turns(rnd, 50):
        feature = pick(rnd, list(FLOWS), [share for share, _, _ in FLOWS.values()])
        _, team, steps = FLOWS[feature]
        seen[feature] += 1
        troubled = feature == "chat" and seen[feature] % CHAT_INCIDENTS == 0 and bool(incidents)
        user = somebody(rnd)
        talk = feature == "chat" and user in USERS and not troubled  # a conversation goes on all day
        session = f"s-{USERS.index(user or '')}-{iso(at)[:10]}" if talk else f"s-{n:04d}"
        facts: dict[str, Any] = {"user": user, "feature": feature, "team": team, "session": session}
        facts |= {"trace": f"tr-{n:04d}", "unsaid": ("feature",) if feature == "help" else ()}
        start = at
        for place, step in enumerate(steps):
            if feature == "search":  # a trace per call: only the turn_id of the app tells that both are one turn
                facts |= {"trace": f"tr-{n:04d}-{place}", "turn": f"turn-{n:04d}", "session": None}
            call = call_of(rnd, "litellm_slp", step, id=f"chatcmpl-bd{n:04d}{place}", at=start, **facts)
            start += call.latency + 200
            if troubled:
                yield from with_incident(rnd, call, *incidents.pop(0))
            elif feature == "help" and seen[feature] % CACHED_ANSWERS == 0:
                yield cache_hit(call)
            elif feature == "translate" and seen[feature] % DEPARTURES == 0:  # what was written by then is billed
                yield replace(call, kind="attempt", error="user_choice")
            else:
                yield call
    assert not incidents, "more incidents than chat turns to hold them"


def runaway(rnd: Random) -> Iterator[Call]:
    """An agent that finds no end: 150 calls in one turn, each with all that was said before."""
    start = moment(rnd, RUNAWAY_DAY, 14)
    facts = {"user": RUNAWAY_USER, "feature": "research", "team": "research", "session": "s-loop", "trace": "tr-loop"}
    for n in range(150):
        step = ("researcher", SONNET, 0, 500, 0, 0)
        call = call_of(rnd, "litellm_slp", step, id=f"chatcmpl-loop{n:03d}", at=start + n * 20_000, **facts)
        yield replace(call, fresh=4000 + 200 * n)


def evaluation(rnd: Random) -> Iterator[Call]:
    """Two nights of tests: 30 tasks on two models each; only app_requests.csv knows the feature and the task."""
    facts = {"team": "research", "feature": "chat", "environment": "evaluation", "unsaid": ("feature", "task")}
    for night in (8, 22):
        for task in range(1, 31):
            for model in ("gpt-4o", "gpt-4o-mini"):
                name = f"eval-{night:02d}-{task:02d}-{model}"
                step = ("eval-runner", model, 1400, 400, 0, 0)
                own = {"id": f"chatcmpl-{name}", "trace": name, "session": name, "task": f"task-{task:02d}"}
                yield call_of(rnd, "litellm_slp", step, at=moment(rnd, night, 3), **own, **facts)


DOCS: Sequence[tuple[Step, str, tuple[str, ...]]] = (  # (call, feature, what the log does not say) of the docs team
    (("summarizer", "gpt-4.1-mini", 9000, 600, 0, 30), "digest", ("feature",)),  # a rule gives the feature
    (("crawler", "gpt-4o-mini", 9000, 600, 0, 30), "crawl", ("agent",)),  # the tag "component" is the agent
    (("qa", "gpt-4o", 9000, 600, 0, 30), "ask-docs", ()),
)


def docs(rnd: Random) -> Iterator[Call]:
    for n, at in turns(rnd, 14):
        step, feature, unsaid = pick(rnd, DOCS, (5, 3, 2))
        facts: dict[str, Any] = {"id": f"chatcmpl-docs{n:04d}", "session": f"docs-{n:04d}", "team": "docs"}
        user = None if step[0] == "crawler" else somebody(rnd)
        call = call_of(rnd, "litellm_spendlogs", step, at=at, user=user, feature=feature, unsaid=unsaid, **facts)
        if n % 45 == 7:
            yield from with_incident(rnd, call, ("rate_limit",), "")
        elif n % 45 == 20:  # the gateway says that it fell back, but not after which failure
            yield replace(call, reason="unknown")
        else:
            yield cache_hit(call) if n % 45 == 30 else call


DIGEST: Sequence[tuple[str, Step, str]] = (
    ("resp", ("digest-writer", MINI5, 9000, 700, 1500, 0), "batch"),
    ("resp", ("digest-writer", MINI5, 9000, 700, 1500, 60), "flex"),
    ("resp", ("digest-writer", GPT5, 9000, 700, 1500, 60), "default"),
    ("chatcmpl", ("digest-writer", MINI4, 9000, 700, 0, 60), "default"),
)
FAILED_RESPONSE, USAGE_LESS, POLLED = "resp_060", "chatcmpl_093", "resp_042"


def digest(rnd: Random) -> Iterator[Call]:
    for day in range(1, DAYS + 1):
        for n in range(8):
            kind, step, tier = DIGEST[n % len(DIGEST)]
            source = "openai_responses" if kind == "resp" else "openai_chat"
            at, user = moment(rnd, day, 2) // 1000 * 1000, somebody(rnd)
            facts: dict[str, Any] = {
                "id": f"{kind}_{day:02d}{n}",
                "session": f"conv-{day}-{n}" if kind == "resp" else None,
            }
            call = call_of(rnd, source, step, at=at, tier=tier, user=user, feature="digest", **facts)
            if call.id == FAILED_RESPONSE:  # no usage, nothing billed, nobody tried again
                yield replace(call, kind="attempt", error="server_error", **NO_TOKENS)
            elif call.id == USAGE_LESS:  # answered and billed, but the stream was saved without its usage
                yield replace(call, has_usage=False, **NO_TOKENS)
            else:
                yield call


def research(rnd: Random) -> Iterator[Call]:
    for n, at in turns(rnd, 9):
        agent, model = pick(rnd, (("researcher", SONNET), ("reviewer", HAIKU)), (1, 1))
        call = call_of(
            rnd, "anthropic_message", (agent, model, 900, 1500, 0, 0), id=f"msg_{n:04d}", at=at, user=somebody(rnd)
        )
        call = replace(
            call,
            feature="contract-review",
            session=f"case-{n:04d}",
            trace=f"case-{n:04d}",
            environment="evaluation" if n % 20 == 13 else "production",
            read=between(rnd, 5000, 30000) if n % 3 else 0,
            write_5m=between(rnd, 1000, 9000) if n % 4 == 0 else 0,
            write_1h=between(rnd, 5000, 30000) if n % 6 == 0 else 0,
            searches=2 if n == 30 else 0,
        )
        if n % 30 == 11:
            yield from with_incident(rnd, call, ("rate_limit" if n % 60 == 11 else "server_error",), "")
        else:
            yield call


def app(rnd: Random) -> Iterator[Call]:
    for _, at in turns(rnd, 16):
        model = pick(rnd, ("gpt-4o-mini", "gpt-4.1-mini"), (1, 1))
        feature = pick(rnd, ("inline-rewrite", "tone", PIPE, FORMULA), (10, 6, 1, 1))
        step = (None, model, 1500, 400, 0, 0)
        yield call_of(rnd, "generic", step, id="", at=at // 1000 * 1000, user=somebody(rnd), feature=feature)


def mobile(rnd: Random) -> Iterator[Call]:
    for n, at in turns(rnd, 8):
        feature = pick(rnd, ("quick-reply", "voice-note"), (2, 1))
        step = ("mobile", "gpt-4o-mini", 2600, 200, 0, 30)
        yield call_of(rnd, "generic", step, id=f"ev-{n:04d}", at=at, user=somebody(rnd), feature=feature)


def edge(rnd: Random) -> Iterator[Call]:
    for n, at in turns(rnd, 4):
        cache = {"read" if n % 2 else "write_5m": between(rnd, 2000, 9000)}
        facts = {"user": somebody(rnd), "feature": "triage", "team": "edge", **cache}
        yield call_of(rnd, "native", ("edge-router", HAIKU, 900, 120, 200, 0), id=f"edge-{n:03d}", at=at, **facts)
    model = "text-embedding-3-small"
    index = Call("edge-index", "native", midnight(5), model, agent="indexer", feature="search", team="edge")
    yield replace(index, fresh=960_000, requests=120)
    yield replace(index, id="edge-undated", at=None, fresh=2_000_000)  # the price of its model never changed


# --- how each log writes it -------------------------------------------------------------------------------------------


def compact(value: object, *, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def fill(template: str, call: Call, *, ascii_only: bool = False, **more: object) -> str:
    """The template on one line with every $name replaced by the JSON of that fact."""
    at, failed = call.at or 0, call.kind == "attempt"
    facts = vars(call) | dict.fromkeys(call.unsaid) | {"input": call.input, "output": call.output}
    facts |= {"total": call.input + call.output, "writes": call.write_5m + call.write_1h, "provider": call.provider}
    facts |= {
        "seconds": at // 1000,
        "start": at / 1000,
        "end": (at + call.latency) / 1000,
        "lasted": call.latency / 1000,
    }
    facts |= {"prompt": PROMPTS[call.latency % len(PROMPTS)], "ok": "failure" if failed else "success"}
    facts |= more
    texts = {name: compact(value, ascii_only=ascii_only) for name, value in facts.items()}
    return Template(template.replace("\n", "")).substitute(texts)


def float_cost(call: Call) -> str:
    """The cost as a gateway that calculates in floats writes it: 0.0033225000000000003, 1.5e-05."""
    return repr(sum(n * (rate / 1e12) for n, rate in call.parts)) if call.billed and call.model in PRICES else "0.0"


def gateway_facts(call: Call) -> dict[str, Any]:
    """What both LiteLLM formats nest: usage (prompt_tokens include the prompt cache) and error."""
    usage = """{"prompt_tokens":$input,"completion_tokens":$output,"total_tokens":$total,"prompt_tokens_details":
{"cached_tokens":$read},"completion_tokens_details":{"reasoning_tokens":$reasoning}}"""
    written = """{"cache_read_input_tokens":$read,"cache_creation_input_tokens":$writes,"prompt_tokens_details":
{"cached_tokens":$read,"cache_creation_tokens":$writes,"cache_creation_token_details":
{"ephemeral_5m_input_tokens":$write_5m,"ephemeral_1h_input_tokens":$write_1h}}}"""
    used = json.loads(fill(usage, call)) | (json.loads(fill(written, call)) if call.provider == "anthropic" else {})
    names = ("error_class", "error_code", "error_message")
    error = dict(zip(names, ERRORS[call.error], strict=True)) if call.error else None
    return {"usage": used if call.input else None, "problem": error}


LITELLM = """{"id":$id,"trace_id":$trace,"session_id":$session,"call_type":$operation,"stream":false,"status":$ok,
"custom_llm_provider":$provider,"startTime":$start,"endTime":$end,"completionStartTime":$end,"response_time":$lasted,
"model":$model,"model_group":$group,"model_id":"","metadata":{"user_api_key_alias":$key,"user_api_key_team_alias":$team,
"user_api_key_end_user_id":$user,"spend_logs_metadata":$extra,"usage_object":$usage},"cache_hit":$hit,
"response_cost":$cost,"total_tokens":$total,"prompt_tokens":$input,"completion_tokens":$output,"request_tags":$tags,
"end_user":$asker,"messages":[{"role":"user","content":$prompt}],"response":$answer,"error_information":$problem,
"hidden_params":{"litellm_model_name":$model}}"""
ANSWER = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Done."}}]}


def litellm(call: Call) -> str:
    """StandardLoggingPayload. Team research names the agent in spend_logs_metadata, the others in tags."""
    by_tag = call.team != "research"
    extra = {"agent": None if by_tag else call.agent, "turn_id": call.turn, "environment": call.environment}
    tags = {"agent": call.agent if by_tag else None, "feature": None if call.unsaid else call.feature}
    return fill(
        LITELLM,
        call,
        ascii_only=True,
        operation="aembedding" if "embedding" in call.model else "acompletion",
        group={"gpt-4o": "smart", HAIKU: "smart-backup"}.get(call.model, call.model),
        key=f"{call.team}-key",
        extra={name: value for name, value in extra.items() if value} or None,
        hit=call.kind == "cache_hit",
        cost=float(call.recorded or 0),
        tags=[f"{name}:{value}" for name, value in tags.items() if value] + ["User-Agent: brightdesk/3.2"],
        asker="" if call.feature == "autocomplete" else call.user or "",  # then the key's end user is the user
        answer=None if call.kind == "attempt" else ANSWER,
        **gateway_facts(call),
    )


SPEND_LOG = """{"request_id":$id,"call_type":"acompletion","api_key":"hash-of-docs-key","spend":$recorded,
"total_tokens":$total,"prompt_tokens":$input,"completion_tokens":$output,"startTime":$from_,"endTime":$to,
"completionStartTime":$to,"model":$model,"model_group":$model,"custom_llm_provider":$provider,"user":"docs-service",
"team_id":"team-docs","end_user":$user,"agent_id":$named,"metadata":$metadata,"cache_hit":$hit,"request_tags":$tags,
"session_id":$session,"status":$ok}"""


def spend_log(call: Call) -> str:
    """LiteLLM_SpendLogs. Agents: a column (summarizer), a tag (qa), a tag only llmcost.yaml understands (crawler)."""
    nested = gateway_facts(call)
    metadata = {"user_api_key_team_alias": call.team, "usage_object": nested["usage"]}
    metadata |= {"error_information": nested["problem"]}
    if call.reason == "unknown":
        metadata |= {"attempted_fallbacks": 1, "original_model_group": "claude-docs"}
    tags = {"component" if call.agent == "crawler" else "agent": call.agent, "feature": call.feature}
    shown = {} if call.agent == "summarizer" else tags
    layout = "%Y-%m-%d %H:%M:%S.{ms}000"
    return fill(
        SPEND_LOG,
        call,
        from_=iso(call.at or 0, layout),
        to=iso((call.at or 0) + call.latency, layout),
        named=call.agent if call.agent == "summarizer" else None,
        metadata=compact(metadata),
        hit=str(call.kind == "cache_hit"),
        tags=compact([f"{name}:{value}" for name, value in shown.items()]),
    )


RESPONSE = """{"id":$id,"object":"response","created_at":$start,"status":$state,"error":$problem,"model":$model,
"service_tier":$tier,"metadata":{"feature":$feature,"agent":$agent},"safety_identifier":$user,"conversation":
{"id":$session},"output":[],"usage":$usage}"""
RESPONSE_USAGE = """{"input_tokens":$input,"input_tokens_details":{"cached_tokens":$read},"output_tokens":$output,
"output_tokens_details":{"reasoning_tokens":$reasoning},"total_tokens":$total}"""
COMPLETION = """{"id":$id,"object":"chat.completion","created":$seconds,"model":$model,"service_tier":$tier,"metadata":
{"feature":$feature,"agent":$agent},"safety_identifier":$user,"choices":[{"index":0,"finish_reason":"stop","message":
{"role":"assistant","content":"Done."}}],"usage":$usage}"""


def openai(call: Call) -> str:
    if call.source == "openai_chat":
        return fill(COMPLETION, call, usage=gateway_facts(call)["usage"])
    if call.kind == "attempt":
        problem = {"code": "server_error", "message": "The model failed."}
        return fill(RESPONSE, call, state="failed", problem=problem, usage=None)
    return fill(RESPONSE, call, state="completed", problem=None, usage=json.loads(fill(RESPONSE_USAGE, call)))


WRAPPER = """{"timestamp":$time,"user":$user,"feature":$feature,"agent":$agent,"session":$session,"trace":$trace,
"environment":$environment,"request":{"model":$model,"max_tokens":4096,"messages":[{"role":"user","content":$prompt}]},
"response":$response}"""
MESSAGE = """{"id":$id,"type":"message","role":"assistant","model":$model,"content":[{"type":"text","text":"Done."}],
"stop_reason":"end_turn","usage":{"input_tokens":$fresh,"cache_read_input_tokens":$read,"cache_creation_input_tokens":
$writes,"cache_creation":{"ephemeral_5m_input_tokens":$write_5m,"ephemeral_1h_input_tokens":$write_1h},"output_tokens":
$output,"server_tool_use":$tools,"service_tier":"standard"}}"""
FAILURE = """{"type":"error","error":{"type":$type,"message":"Please try again."},"request_id":$id}"""


def wrapped(call: Call) -> str:
    error_type = "rate_limit_error" if call.error == "rate_limit" else "overloaded_error"
    tools = {"web_search_requests": call.searches} if call.searches else None
    response = fill(FAILURE, call, type=error_type) if call.error else fill(MESSAGE, call, tools=tools)
    return fill(WRAPPER, call, time=iso(call.at or 0), response=json.loads(response))


USAGE_ROW = """{"timestamp":$time,"model":$model,"prompt_tokens":$input,"completion_tokens":$output,"user_id":$user,
"feature":$feature,"cost":$recorded}"""
EVENT = """{"id":$id,"event":"llm_done","at":$at,"device":{"owner":$user,"os":"ios"},"ctx":{"screen":$feature},
"llm":{"model":$model,"tok":{"in":$input,"cached":$read,"out":$output}}}"""
OTHER_EVENT = '{"id":"ev-open","event":"app_open","at":1790812800000,"device":{"owner":"u001","os":"ios"}}'
NATIVE = """{"request_id":$id,"ts":$time,"provider":$provider,"model":$model,"user":$user,"agent":$agent,
"feature":$feature,"team":$team,"requests":$requests,"input_tokens":$input,"cache_read_tokens":$read,
"cache_write_5m_tokens":$write_5m,"output_tokens":$output,"reasoning_tokens":$reasoning}"""


def usage_row(call: Call) -> str:
    return fill(USAGE_ROW, call, time=iso(call.at or 0, "%Y-%m-%dT%H:%M:%SZ"))


def native(call: Call) -> str:
    row = json.loads(fill(NATIVE, call, time=iso(call.at) if call.at else None))
    return compact({name: value for name, value in row.items() if value is not None})


# --- from calls to files ----------------------------------------------------------------------------------------------


def csv_row(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(list(values))
    return buffer.getvalue()


def lines_of(
    calls: Iterable[Call], write: Callable[[Call], str], recorded: Callable[[Call], str | None] = lambda _: None
) -> list[Line]:
    in_order = sorted((replace(call, recorded=recorded(call)) for call in calls), key=lambda c: c.at or 0)
    return [Line(write(call), call) for call in in_order]


def as_csv(lines: Sequence[Line]) -> list[Line]:
    """The same lines as rows under a header."""
    rows = [json.loads(line.text) for line in lines]
    return [
        Line(csv_row(rows[0]), note="header"),
        *(replace(line, text=csv_row(r.values())) for line, r in zip(lines, rows, strict=True)),
    ]


def repeated(lines: Sequence[Line], *places: int) -> list[Line]:
    """The lines at these places are sent once more, two lines later."""
    out = list(lines)
    for place in sorted(places, reverse=True):
        out.insert(place + 2, Line(lines[place].text, note="duplicate"))
    return out


def rounded_cost(call: Call) -> str | None:
    """Eight decimals, and now and then nothing."""
    return f"{Decimal(call.pico or 0).scaleb(-12):.8f}" if call.latency % 20 else None


NEGATIVE_PROMPT = Call("chatcmpl-neg", "litellm_slp", midnight(12), "gpt-4o", fresh=-420, visible=50, team="assistant")
NEGATIVE_OUTPUT = Call("edge-neg", "native", midnight(3), HAIKU, fresh=400, visible=-12)
BROKEN = (  # (file, line number it gets, why it must be quarantined, what stands there)
    (
        PART1,
        100,
        "truncated",
        '{"id":"chatcmpl-cut","trace_id":"tr-cut","call_type":"acompletion","metadata":{"user_ap',
    ),
    (PART1, 200, "not_json", "proxy restarted, worker 3 exited with code 137"),
    (PART2, 50, "negative_tokens", litellm(NEGATIVE_PROMPT)),
    (RESEARCH, 15, "truncated", '{"timestamp":"2026-10-02T10:00:00.000Z","user":"u001","response":{"id":"msg_cut","ty'),
    (APP, 40, "nan_tokens", "2026-10-02T10:00:00Z,gpt-4o-mini,nan,120,u002,tone,0.00010000"),
    (
        MOBILE,
        20,
        "nan_tokens",
        fill(EVENT, replace(NEGATIVE_OUTPUT, model="gpt-4o-mini", id="ev-nan", fresh=0, visible=40)).replace(
            '"in":0', '"in":NaN'
        ),
    ),
    (EDGE, 10, "negative_tokens", native(NEGATIVE_OUTPUT)),
)


def logs(rnd: Random) -> dict[str, list[Line]]:
    """The lines of every log, with the repeated, foreign and broken ones, in the order of the file names."""
    product = lines_of([*gateway(rnd), *runaway(rnd), *evaluation(rnd)], litellm, float_cost)
    spans = [(midnight(since), midnight(until)) for since, until in pairwise(PART_DAYS)]
    parts = [[line for line in product if line.call and since <= (line.call.at or 0) < until] for since, until in spans]
    late1, late2 = (
        [Line(line.text, note="duplicate") for line in part[-3:]] for part in parts[:2]
    )  # sent after a rotation

    nightly = lines_of(digest(rnd), openai)
    polled = next(n for n, line in enumerate(nightly) if line.call and line.call.id == POLLED)
    unfinished = json.loads(nightly[polled].text) | {"status": "in_progress", "usage": None}
    nightly.insert(polled, Line(compact(unfinished), note="duplicate"))

    rewrites = as_csv(lines_of(app(rnd), usage_row, rounded_cost))
    rewrites[30:30] = rewrites[29:30]  # two equal rows without an id are two calls
    events = repeated(lines_of(mobile(rnd), lambda call: fill(EVENT, call)), 25, 90)
    events[10:10] = [Line(OTHER_EVENT, note="skipped")] * 5

    found = {
        PART1: repeated(parts[0], 40, 90),
        PART2: late1 + repeated(parts[1], 60),
        PART3: late2 + parts[2],
        SPEND: as_csv(lines_of(docs(rnd), spend_log, float_cost)),
        BATCH: nightly,
        RESEARCH: repeated(lines_of(research(rnd), wrapped), 30, 70),
        APP: rewrites,
        MOBILE: events,
        EDGE: lines_of(edge(rnd), native),
    }
    for file, number, reason, text in BROKEN:
        found[file].insert(number - 1, Line(text, note=reason))
    return dict(sorted(found.items()))


def users_csv() -> str:
    """One row per user and period; valid_to is the first day that no longer counts."""
    lines = [csv_row(("user", "plan", "kind", "ltv", "revenue_per_month", "valid_from", "valid_to"))]
    for n, user in enumerate(USERS):
        periods = [(PLANS[n % 10], "2026-06-01", CHANGE_DAY if user == CHANGER else "")]
        if user == CHANGER:
            periods.append(("plus", CHANGE_DAY, ""))
        for tariff, since, until in periods:
            ltv = LTV[tariff] if n % 3 == 0 else ""
            lines.append(csv_row((user, tariff, "customer", ltv, REVENUE[tariff], since, until)))
    return "\n".join(lines) + "\n"


def app_requests_csv(calls: Iterable[Call]) -> str:
    """What the product database knows of a trace; the last five traces never reached a model."""
    known = {c.trace: csv_row((c.trace, c.feature, c.task)) for c in calls if c.trace and "feature" in c.unsaid}
    unmet = [csv_row((f"tr-unmet-{n}", "help", None)) for n in range(5)]
    return "\n".join([csv_row(("trace", "feature", "task")), *known.values(), *unmet]) + "\n"


DIMENSIONS: Mapping[str, Callable[[Call], str | None]] = {
    "agent": lambda c: c.agent,
    "feature": lambda c: c.feature,
    "user": lambda c: c.user,
    "team": lambda c: c.team,
    "plan": plan,
    "model": lambda c: c.model,
    "source": lambda c: c.source,
    "kind": lambda c: c.kind,
    "chain_reason": lambda c: c.reason,
    "day": lambda c: iso(c.at)[:10] if c.at else None,
    "scope": lambda c: "production" if c.environment in {None, "prod", "production"} else "other",
}


def build(seed: int = 20261001) -> Company:
    """The files by name, with their totals. One seed gives one text; how a .gz packs it is up to the zlib at hand."""
    found = logs(Random(seed))
    per_file = {file: [line.call for line in lines if line.call] for file, lines in found.items()}
    calls = [call for of_file in per_file.values() for call in of_file]
    by: dict[str, dict[str | None, Sums]] = {"file": {file: add_up(of_file) for file, of_file in per_file.items()}}
    for name, value_of in DIMENSIONS.items():
        groups: dict[str | None, list[Call]] = defaultdict(list)
        for call in calls:
            groups[value_of(call)].append(call)
        by[name] = {value: add_up(group) for value, group in groups.items()}
    texts = {file: "".join(line.text + "\n" for line in lines) for file, lines in found.items()}
    texts |= {"users.csv": users_csv(), "app_requests.csv": app_requests_csv(calls)}
    reasons = {reason for _, _, reason, _ in BROKEN}
    return Company(
        files={
            name: gzip.compress(text.encode(), mtime=0) if name == PART3 else text.encode()
            for name, text in texts.items()
        },
        calls=calls,
        total=add_up(calls),
        by=by,
        duplicates={file: sum(line.note == "duplicate" for line in lines) for file, lines in found.items()},
        skipped={file: sum(line.note == "skipped" for line in lines) for file, lines in found.items()},
        quarantined={
            file: [(n, line.note) for n, line in enumerate(lines, 1) if line.note in reasons]
            for file, lines in found.items()
        },
    )


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "sample_logs"
    company = build()
    for name, content in company.files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    for field in fields(Sums):
        print(f"{field.name:20}{getattr(company.total, field.name)}")


if __name__ == "__main__":
    main()
