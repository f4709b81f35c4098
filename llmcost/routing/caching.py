"""Caches in a replay: answers that need no call, and prompts that the provider has read before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from llmcost.document import duration
from llmcost.pricing.entries import Model
from llmcost.resources import sql
from llmcost.routing import cache_rules, prompt_cache, response_cache
from llmcost.routing.cache_rules import CacheRule
from llmcost.routing.policy import Policy
from llmcost.routing.prompt_cache import Hits
from llmcost.routing.ratios import Logged
from llmcost.routing.response_cache import Answered
from llmcost.routing.targets import Targets
from llmcost.store import Store
from llmcost.windows import day_at

SCOPES = {
    "org": "NULL::VARCHAR",
    "tenant": "coalesce(project, team)",
    "team": "team",
    "project": "project",
    "key": '"key"',
    "user": "rt_user",
    "session": "rt_session",
}
"""Who shares a cache, as a column of the traffic."""
BLOCK_TOKENS = 512
"""What one id of prefix_blocks stands for, unless the policy says otherwise."""


def seconds(text: str | None) -> int | None:
    """A lifetime such as 5m, 24h or 7d; None is for ever."""
    if text is None:
        return None
    minutes = text.removesuffix("m")
    length = duration(f"{minutes}min" if minutes != text and minutes.isdecimal() else text)
    return length.seconds if length else None


def answers(store: Store, policy: Policy, placed: str, params: dict[str, object]) -> Answered:
    """Fills `response_hits` with the requests that the response caches of the rules would answer."""
    rules = [(n, rule) for n, rule in enumerate(policy.rules, 1) if rule.response_cache is not None]
    scope, ttl, numbers = "", "", ", ".join(str(n) for n, _ in rules)
    routed = ", ".join(str(n) for n, rule in rules if rule.targets) or "-1000"
    for n, rule in rules:
        told = rule.response_cache or {}
        lifetime = seconds(told["ttl"])
        scope += f"WHEN {n} THEN {SCOPES[told['scope']]} "
        ttl += f"WHEN {n} THEN {'NULL' if lifetime is None else lifetime * 1_000_000} "
    response_cache.prepare(store)
    text = sql("routing/answer_traffic.sql").format(
        placed=placed,
        scope=f"CASE rule {scope}END",
        ttl=f"CAST(CASE rule {ttl}END AS BIGINT)",
        provider=f"CASE WHEN rule IN ({routed}) THEN NULL ELSE provider END",
        model=f"CASE WHEN rule IN ({routed}) THEN 'rule ' || rule ELSE model END",
        cached=f"rule IN ({numbers})",
    )
    store.run(text, params)
    return response_cache.simulate(store)


def _write(found: CacheRule, lives_s: int) -> str | None:
    """Where a write that lives so long is billed: as the shortest lifetime on offer that is long enough, else the longest."""
    enough = [offered for offered in sorted(found.writes) if offered >= lives_s]
    return found.writes[enough[0] if enough else max(found.writes)]


def _models(targets: Targets, logged: Sequence[Logged]) -> dict[tuple[str | None, str | None], Model | None]:
    return {one.key: one.model for one in logged} | {(t.provider, t.name): t.model for t in targets}


SAID = {
    "second_hand": "rules that are second-hand, not read at the vendor",
    "assumed": "rules that are in part assumed: the lifetime is not published",
}


class _Sentences:
    """What is to be told of caches, each sentence once with the models that it is about."""

    def __init__(self) -> None:
        self._about: dict[str, list[str]] = {}

    def add(self, sentence: str, model: str | None) -> None:
        self._about.setdefault(sentence, []).append(str(model))

    def storage(self, model: Model, day: date) -> None:
        found = cache_rules.stored(model.provider, model.id, day)
        rates = model.prices[-1].sheet.rates if model.prices else {}
        if found is None or "input" not in rates:
            return
        reads = found.pays_from(rates["input"], rates.get("cache_read", rates["input"]))
        if reads is not None:
            storage = f"${found.usd_per_mtok_hour} per million tokens and hour ({SAID[found.confidence].split(',')[0]})"
            self.add(f"an explicit cache is stored for {storage} and pays from {reads:.2f} reads an hour on", model.id)

    def told(self) -> list[str]:
        return [f"{sentence}: {', '.join(sorted(set(models)))}" for sentence, models in self._about.items()]


def prefixes(
    store: Store,
    policy: Policy,
    targets: Targets,
    logged: Sequence[Logged],
    simulated: str,
    params: dict[str, object],
    ttl_s: int | None = None,
) -> tuple[Hits, list[str]]:
    """Fills `cache_outcome` for the simulated traffic, by each provider's rules. `ttl_s` asks about another lifetime.

    Also returns sentences on what is simulated otherwise than it is sold, and on what cannot be simulated.
    """
    told = policy.prompt_cache or {}
    wanted_s = ttl_s if ttl_s is not None else seconds(told.get("ttl"))
    store.run(sql("routing/cache_rule_rows.sql"))
    day = day_at(store.newest_us() or 0, "UTC")
    rows, sentences = [], _Sentences()
    for (provider, name), model in _models(targets, logged).items():
        if model is None:
            continue  # without a price, which is told elsewhere
        sentences.storage(model, day)
        found = cache_rules.rule(model.provider, model.id, day)
        if found is None:
            sentences.add(f"prompt cache not simulatable, {cache_rules.why_not(model.provider)}", name)
            continue
        lives_s = wanted_s or found.ttl_s
        if lives_s not in found.writes:
            sentences.add("a cache lifetime that is not sold, simulated all the same", name)
        if found.confidence != "vendor":
            sentences.add(f"prompt cache by {SAID[found.confidence]}", name)
        rows.append((provider, name, lives_s * 1_000_000, found.min_tokens, found.step_tokens, _write(found, lives_s)))
    columns = ("provider", "model", "ttl_us", "min_tokens", "step_tokens", "write_column")
    store.load("routing_cache_rules", columns, rows)
    prompt_cache.prepare(store)
    text = sql("routing/cache_traffic.sql").format(simulated=simulated, scope="s.cache_scope")
    store.run(text, params | {"block_tokens": told.get("block_tokens") or BLOCK_TOKENS})
    return prompt_cache.simulate(store, strict=bool(told.get("strict"))), sentences.told()
