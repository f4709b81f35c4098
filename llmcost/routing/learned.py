"""What the log teaches about tokens: from answers of two models to the same prompts, else from requests whose model was drawn at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import Any

from llmcost.attribution import focus
from llmcost.config import Config
from llmcost.resources import sql
from llmcost.routing.intervals import FEWEST_EFFECTIVE
from llmcost.routing.policy import Ratio
from llmcost.store import Store
from llmcost.windows import Window

PAIRS_NEEDED = 20
"""Fewer pairs than this teach nothing; and with so many average pairs each feature is taken together."""
PAIRS_ADVISED = 100
"""With so many pairs the cost is known to about 6%; with 20 to about 12%."""
LAST_ROWS = 2_000_000
"""Lessons are looked for among so many of the last rows."""
Z95 = Decimal("1.96")
DIGITS = 60
ONE = Ratio(Decimal(1))

Key = tuple[str | None, str | None, int]
"""A logged provider and model, and the number of the target."""


@dataclass(frozen=True)
class Scaling:
    """How the tokens of one logged model become those of a target, and how that is known.

    `basis` is paired, randomised, given or assumed. `sample` counts the pairs, or is the smaller effective sample of
    the two models.
    """

    input: Ratio
    output: Ratio
    basis: str
    sample: int = 0
    reasoning: Ratio | None = None
    """Reasoning tokens per visible output token of the old model; None keeps the logged ones, scaled like the output."""
    features: Mapping[str | None, Scaling] = field(default_factory=dict)
    """The same of single features, where the log has pairs of several: answers differ in length by what is asked."""


def learn(store: Store, config: Config, tz: str) -> dict[Key, Scaling]:
    """By logged model and target; pairs go before random draws. Reads `routing_logged`."""
    last = store.value("SELECT coalesce(max(seq), 0) FROM requests")
    lens = focus(store, config, tz)
    text = lens.select({"rt_feature": "feature"}, None, Window())
    bound = lens.params | {"after": last - LAST_ROWS}
    found: dict[Key, Scaling] = {}
    if store.value(sql("routing/has_propensity.sql")):
        rows = store.rows(sql("routing/randomised_tokens.sql").format(attributed=text), bound)
        found = _of_draws(rows, store.rows(sql("routing/logged_targets.sql")))
    sums: dict[Key, dict[str | None, Pairs]] = {}
    for provider, model, target, feature, *figures in store.rows(
        sql("routing/ratios.sql").format(attributed=text), bound
    ):
        sums.setdefault((provider, model, target), {})[feature] = Pairs(*map(Decimal, figures))
    return found | {key: one for key, by in sums.items() if (one := of_pairs(by)) is not None}


@dataclass(frozen=True)
class Pairs:
    """Sums over pairs: x is a token count of the old model, y of the new one. May be parts of a pair: see `plus`."""

    n: Decimal
    x_in: Decimal
    y_in: Decimal
    xx_in: Decimal
    xy_in: Decimal
    yy_in: Decimal
    x_out: Decimal
    y_out: Decimal
    xx_out: Decimal
    xy_out: Decimal
    yy_out: Decimal
    reasoning: Decimal

    @property
    def figures(self) -> tuple[Decimal, ...]:
        return tuple(vars(self).values())

    def plus(self, other: Pairs, times: Decimal = Decimal(1)) -> Pairs:
        return Pairs(*(a + b * times for a, b in zip(self.figures, other.figures, strict=True)))

    def scaling(self) -> Scaling:
        x, y, *squares = self.figures[6:11]
        return Scaling(
            of_sums(*self.figures[:6]),
            of_sums(self.n, x, y, *squares),
            "paired",
            int(self.n),
            Ratio(self.reasoning / self.x_out),
        )


def of_pairs(by_feature: Mapping[str | None, Pairs]) -> Scaling | None:
    """The ratios of all pairs, and of each feature. None where there are too few.

    A feature is its own pairs and 20 average ones: one with few pairs shrinks to the whole, one with many stays what it
    is. All are then moved by one factor, so that over the pairs the features together give the tokens that were there.
    The input is scaled alike for all: how a model cuts text into tokens depends little on what is asked.
    """
    with localcontext(prec=DIGITS):
        whole = _sum(by_feature.values())
        if whole.n < PAIRS_NEEDED or not whole.x_in or not whole.x_out:
            return None
        found = whole.scaling()
        if len(by_feature) < 2:
            return found
        share = PAIRS_NEEDED / whole.n
        own = {name: one.plus(whole, share).scaling() for name, one in by_feature.items()}
        weights = {name: one.x_out for name, one in by_feature.items()}
        output = _factor(whole.y_out, ((weights[name], one.output) for name, one in own.items()))
        thought = _factor(whole.reasoning, ((weights[name], one.reasoning) for name, one in own.items()))
        return replace(
            found,
            features={
                name: Scaling(
                    found.input,
                    _times(one.output, output),
                    "paired",
                    int(by_feature[name].n),
                    None if one.reasoning is None else _times(one.reasoning, thought),
                )
                for name, one in own.items()
            },
        )


def _sum(pairs: Iterable[Pairs]) -> Pairs:
    columns = zip(*(one.figures for one in pairs), strict=True)
    return Pairs(*(sum(column, Decimal(0)) for column in columns))


def _factor(tokens: Decimal, parts: Iterable[tuple[Decimal, Ratio | None]]) -> Decimal:
    """By what the parts must be multiplied to make up the tokens."""
    made = sum((weight * ratio.value for weight, ratio in parts if ratio is not None), Decimal(0))
    return tokens / made if made else Decimal(1)


def _times(ratio: Ratio, factor: Decimal) -> Ratio:
    ends = (None if end is None else end * factor for end in (ratio.low, ratio.high))
    return Ratio(ratio.value * factor, *ends)


def of_sums(n: Decimal, x: Decimal, y: Decimal, xx: Decimal, xy: Decimal, yy: Decimal) -> Ratio:
    """Sum of y over sum of x with its 95% range, by the usual error of a ratio of sums: sum of (y - r x)² / (sum of x)²."""
    with localcontext(prec=DIGITS):
        r = y / x
        scatter = max(yy - 2 * r * xy + r * r * xx, Decimal(0)) * n / (n - 1)
        error = Z95 * scatter.sqrt() / x
    return Ratio(r, max(r - error, Decimal(0)), r + error)


@dataclass(frozen=True)
class Draws:
    """Sums over requests of one model, weighted by w = 1 / propensity: of w, w², w y, w² y and w² y² for input and output."""

    w: Decimal
    ww: Decimal
    w_in: Decimal
    ww_in: Decimal
    ww_in_in: Decimal
    w_out: Decimal
    ww_out: Decimal
    ww_out_out: Decimal
    w_reasoning: Decimal

    @property
    def effective(self) -> Decimal:
        """(sum of w)² / sum of w²."""
        return self.w * self.w / self.ww

    def mean(self, what: str) -> tuple[Decimal, Decimal]:
        """The weighted mean and its variance: sum of w² (y - mean)² / (sum of w)²."""
        wy, wwy, wwyy = (getattr(self, f"{name}_{what}") for name in ("w", "ww", f"ww_{what}"))
        mean = wy / self.w
        return mean, max(wwyy - 2 * mean * wwy + mean * mean * self.ww, Decimal(0)) / (self.w * self.w)


def _of_draws(rows: Iterable[Sequence[Any]], targets: Sequence[Sequence[Any]]) -> dict[Key, Scaling]:
    """Two models drawn for the same kind of request would have had the same prompts on average: their mean tokens compare."""
    by_model: dict[tuple[str | None, str | None], dict[str | None, Draws]] = {}
    for provider, model, feature, *figures in rows:
        by_model.setdefault((provider, model), {})[feature] = Draws(*map(Decimal, figures))
    found: dict[Key, Scaling] = {}
    for old, drawn in by_model.items():
        for provider, model, number in targets:
            new = (provider, model)
            one = of_draws(drawn, by_model[new]) if new != old and new in by_model else None
            if one is not None:
                found[*old, number] = one
    return found


def of_draws(old: Mapping[str | None, Draws], new: Mapping[str | None, Draws]) -> Scaling | None:
    """Over the features in which both were drawn; None where the effective sample of either is too small."""
    with localcontext(prec=DIGITS):
        both = [name for name in old if name in new]
        if not both:
            return None
        a, b = (_whole([side[name] for name in both]) for side in (old, new))
        effective = int(min(a.effective, b.effective))
        if effective < FEWEST_EFFECTIVE or not a.w_in or not a.w_out:
            return None
        reasoning = Ratio((b.w_reasoning / b.w) / (a.w_out / a.w))
        return Scaling(
            _of_means(a.mean("in"), b.mean("in")),
            _of_means(a.mean("out"), b.mean("out")),
            "randomised",
            effective,
            reasoning,
        )


def _whole(draws: Sequence[Draws]) -> Draws:
    return Draws(*(sum(column, Decimal(0)) for column in zip(*(vars(one).values() for one in draws), strict=True)))


def _of_means(old: tuple[Decimal, Decimal], new: tuple[Decimal, Decimal]) -> Ratio:
    """New mean over old mean, with the 95% range of a quotient of independent means."""
    (x, x_error), (y, y_error) = old, new
    r = y / x
    error = Z95 * (y_error + r * r * x_error).sqrt() / x
    return Ratio(r, max(r - error, Decimal(0)), r + error)
