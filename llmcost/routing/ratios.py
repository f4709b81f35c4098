"""How many tokens the other model needs: learned from answers to the same prompts, else told by the policy, else assumed equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from llmcost.config import Config
from llmcost.figures import count
from llmcost.pricing.entries import Model
from llmcost.resources import sql
from llmcost.routing.learned import ONE, PAIRS_ADVISED, PAIRS_NEEDED, Key, Scaling, learn
from llmcost.routing.policy import Ratio
from llmcost.routing.targets import Target, Targets
from llmcost.store import Store

TEXT_MODES = ("chat", "responses", "completion")
LOW, CENTRAL, HIGH = -1, 0, 1
"""Variants of the simulated traffic: all ratios at the low end, at their value, at the high end."""

PAIR_COLUMNS = (
    *("logged", "provider", "model", "target", "variant", "to_provider", "to_model", "stays", "own_price", "first_us"),
    *("latest_us", "latency_ms", "input_ppm", "output_ppm", "reasoning_ppm", "reasoning_of_output_ppm"),
)
BY_FEATURE = ("output_ppm", "reasoning_ppm", "reasoning_of_output_ppm")
"""The ratios that a feature may have of its own."""
FEATURE_COLUMNS = ("provider", "model", "target", "variant", "feature", *BY_FEATURE)


@dataclass(frozen=True)
class Logged:
    """A model as the log names it. `model` is that of the catalogue, None when nobody knows it."""

    provider: str | None
    name: str | None
    calls: int
    latency_ms: int
    timed: int
    text_output: int
    reasoning: int
    model: Model | None
    targets: tuple[Target, ...]

    @property
    def key(self) -> tuple[str | None, str | None]:
        return (self.provider, self.name)


ASSUMED = Scaling(ONE, ONE, "assumed")


@dataclass(frozen=True)
class Relations:
    """Every logged model on every target."""

    logged: tuple[Logged, ...]
    scalings: Mapping[Key, Scaling]
    never_moved: frozenset[tuple[str | None, str | None]]
    """Models that do not produce text: a policy of chat models leaves them alone."""

    @property
    def has_features(self) -> bool:
        return any(one.features for one in self.scalings.values())


def relate(store: Store, config: Config, targets: Targets, tz: str) -> Relations:
    """Reads which models were logged and fills `routing_logged`, `routing_pairs` and `routing_features`."""
    logged = []
    for provider, name, *figures in store.rows(sql("routing/names.sql")):
        match = targets.index.match(provider, name)
        calls, latency_ms, timed, text_output, reasoning = figures
        logged.append(
            Logged(
                provider,
                name,
                calls,
                latency_ms,
                timed,
                int(text_output),
                int(reasoning),
                match.model,
                targets.same(provider, name),
            )
        )
    store.load(
        "routing_logged",
        ("provider", "model", "target"),
        [(*one.key, target.number) for one in logged for target in one.targets],
    )
    wanted = [(one, target) for one in logged for target in targets if target not in one.targets]
    learned = learn(store, config, tz) if wanted else {}
    scalings = {(*one.key, t.number): _scaling(t, learned.get((*one.key, t.number)), logged) for one, t in wanted}
    never = frozenset(one.key for one in logged if one.model is not None and one.model.mode not in TEXT_MODES)
    rows: list[Sequence[object]] = []
    for number, one in enumerate(logged):
        rows += [(number, *one.key, 0, variant, *one.key, True, False, *[None] * 7) for variant in (LOW, CENTRAL, HIGH)]
        for target in targets:
            latency = _latency(target, logged)
            times = _times(target)
            stays = target in one.targets or (one.key in never and target.model.mode in TEXT_MODES)
            own = target.told.price is not None and target in one.targets
            for variant in (LOW, CENTRAL, HIGH):
                ppm = _ppm(scalings.get((*one.key, target.number), ASSUMED), variant)
                terms = (target.provider, target.name, stays, own)
                rows.append((number, *one.key, target.number, variant, *terms, *times, latency, *ppm))
    store.load("routing_pairs", PAIR_COLUMNS, rows)
    _by_feature(store, scalings)
    return Relations(tuple(logged), scalings, never)


def _by_feature(store: Store, scalings: Mapping[Key, Scaling]) -> None:
    rows = [
        (*key, variant, feature, *_ppm(one, variant)[1:])
        for key, scaling in scalings.items()
        for feature, one in scaling.features.items()
        for variant in (LOW, CENTRAL, HIGH)
    ]
    store.load("routing_features", FEATURE_COLUMNS, rows)


def _times(target: Target) -> tuple[int, int]:
    """From when on the target has a price, and an instant at which its newest price holds."""
    since = [price.since_us for price in target.model.prices]
    return (min(since), max(since)) if since else (0, 0)


def _latency(target: Target, logged: Sequence[Logged]) -> int | None:
    """What the target usually takes, by what the log measured; None when it measured nothing."""
    mine = [one for one in logged if target in one.targets]
    timed = sum(one.timed for one in mine)
    return sum(one.latency_ms for one in mine) // timed if timed else None


def _scaling(target: Target, learned: Scaling | None, logged: Sequence[Logged]) -> Scaling:
    told = target.told.tokens
    if learned is None and not told:
        return ASSUMED
    base = learned or ASSUMED
    reasoning = told.get("reasoning", base.reasoning)
    if reasoning is None:
        mine = [one for one in logged if target in one.targets]
        text = sum(one.text_output for one in mine)
        if text:
            reasoning = Ratio(Decimal(sum(one.reasoning for one in mine)) / text)
    if learned is not None:
        return replace(learned, reasoning=reasoning)
    return Scaling(told.get("input", base.input), told.get("output", base.output), "given", 0, reasoning)


def _ppm(scaling: Scaling, variant: int) -> tuple[int, int, int, int]:
    """Input, output, reasoning and reasoning per output, in millionths."""

    def of(ratio: Ratio) -> int:
        ends = {LOW: ratio.low, HIGH: ratio.high}
        end = ends.get(variant)
        return int((ratio.value if end is None else end).scaleb(6).to_integral_value())

    if scaling.reasoning is None:
        return of(scaling.input), of(scaling.output), of(scaling.output), 0
    return of(scaling.input), of(scaling.output), 0, of(scaling.reasoning)


def notes(relations: Relations, targets: Targets, used: Mapping[tuple[str | None, str | None, int], int]) -> list[str]:
    """How the tokens of the moved requests are known. `used` counts them by logged model and target; like goes with like."""
    told: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for (provider, model, number), requests in sorted(used.items(), key=lambda item: (-item[1], str(item[0]))):
        scaling = relations.scalings.get((provider, model, number))
        if scaling is not None:
            name = next(t.shown for t in targets if t.number == number)
            told.setdefault((name, _known_by(scaling)), []).append((str(model), requests))
    return [
        f"{_several([model for model, _ in each])} to {name} ({count(sum(n for _, n in each))} requests): {how}"
        for (name, how), each in told.items()
    ]


def _several(models: Sequence[str]) -> str:
    return ", ".join(models) if len(models) < 4 else f"{models[0]}, {models[1]} and {len(models) - 2} others"


def _known_by(scaling: Scaling) -> str:
    ratios = f"input x {_shown(scaling.input)}, output x {_shown(scaling.output)}"
    if scaling.basis == "paired":
        few = f"; {PAIRS_ADVISED} are advised" if scaling.sample < PAIRS_ADVISED else ""
        return f"{ratios}, learned from {count(scaling.sample)} pairs in the log{few}{_features(scaling)}"
    if scaling.basis == "randomised":
        return f"{ratios}, learned from random draws, effective sample {count(scaling.sample)}; pairs would tell more"
    if scaling.basis == "given":
        return f"{ratios}, as the policy says"
    return "tokens assumed equal: real ratios move costs by 20-30%, give models.*.tokens"


def _features(scaling: Scaling) -> str:
    """Which features have a ratio of their own, and how far."""
    if not scaling.features:
        return ""
    small = sum(one.sample < PAIRS_NEEDED for one in scaling.features.values())
    values = [one.output.value for one in scaling.features.values()]
    own = f"; output by feature x {min(values):.3f} to {max(values):.3f} in {count(len(values))} features"
    return f"{own}, of which {count(small)} with fewer than {PAIRS_NEEDED} pairs are mostly the whole" if small else own


def _shown(ratio: Ratio) -> str:
    text = f"{ratio.value:.3f}"
    return text if ratio.low is None else f"{text} [{ratio.low:.3f}, {ratio.high:.3f}]"
