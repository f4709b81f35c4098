"""Whom a policy may send requests to: aliases found in the catalogue, those with a price of their own added to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from llmcost.errors import UsageError, nearest
from llmcost.pricing import names
from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Model, Price, Sheet
from llmcost.pricing.reader import FALLBACK
from llmcost.routing.policy import AS_LOGGED, Alias, Policy

BASELINE = "(baseline)"
"""What a baseline is called that is no alias of the policy."""


@dataclass(frozen=True)
class Target:
    """One model of the policy; `number` is 1 for the first, 0 is the model that was logged.

    `provider` and `name` are what a simulated request carries, `model` what prices it.
    """

    number: int
    alias: str
    provider: str
    name: str
    model: Model
    told: Alias

    @property
    def shown(self) -> str:
        return f"{self.model.provider}/{self.name}" if self.told.price is None else self.told.model


@dataclass(frozen=True)
class Targets:
    """All models of a policy, and the catalogue that has a price for each."""

    found: tuple[Target, ...]
    catalogue: Catalogue

    @cached_property
    def index(self) -> names.Names:
        """Names over the catalogue."""
        return names.index(self.catalogue)

    def number(self, alias: str) -> int:
        """0 for as_logged."""
        return 0 if alias == AS_LOGGED else self[alias].number

    def __getitem__(self, alias: str) -> Target:
        return next(target for target in self.found if target.alias == alias)

    def __iter__(self) -> Iterator[Target]:
        return iter(self.found)

    def same(self, provider: str | None, model: str | None) -> tuple[Target, ...]:
        """The targets that a logged name stands for."""
        match = self.index.match(provider, model)
        if match.model is None:
            return ()
        own = (match.model.provider, match.model.id)
        return tuple(
            t
            for t in self.found
            if own == (t.model.provider, t.model.id)
            or (t.told.price is not None and match.name == t.name.partition("/")[2].lower())
        )


def find(policy: Policy, catalogue: Catalogue) -> Targets:
    """UsageError with file and line for a model that has no price; downgrades of caps and the baseline count too."""
    wanted: dict[str, tuple[Alias, str]] = {
        alias: (told, policy.place("models", alias, "model")) for alias, told in policy.models.items()
    }
    if policy.baseline not in (AS_LOGGED, *policy.models):
        wanted[BASELINE] = (Alias(policy.baseline), policy.place("baseline"))
    for at, cap in enumerate(policy.caps):
        on_limit = cap["on_limit"]
        if isinstance(on_limit, Mapping) and on_limit["downgrade"] not in wanted:
            wanted[on_limit["downgrade"]] = (Alias(on_limit["downgrade"]), policy.place("caps", at, "on_limit"))
    whole = _with_prices(policy, catalogue)
    index = names.index(whole)
    known = [name for model in catalogue.models for name in model.exact]
    found = []
    for number, (alias, (told, place)) in enumerate(wanted.items(), 1):
        provider, name = _terms(alias, told, whole)
        match = index.match(provider, name)
        if match.model is None:
            plain = told.model.rpartition("/")[2]
            hint = nearest(plain.lower(), known) or f"price it here: models: {{{alias}: {{model: ..., price: ...}}}}"
            raise UsageError(f"'{told.model}' has no price: {match.reason}", place=place, hint=hint)
        found.append(Target(number, alias, provider or match.model.provider, name, match.model, told))
    return Targets(tuple(found), whole)


def _terms(alias: str, told: Alias, catalogue: Catalogue) -> tuple[str | None, str]:
    """Provider and model as the catalogue looks them up: `provider/model`, or a bare name of who sets its own prices."""
    if told.price is not None:
        return _own(alias), told.model
    provider, slash, rest = told.model.partition("/")
    return (provider, rest) if slash and provider.lower() in catalogue.aliases else (None, told.model)


def _own(alias: str) -> str:
    """A provider for one alias only, so that its price is nobody else's."""
    return f"policy:{alias}"


def _with_prices(policy: Policy, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the prices that the policy sets, each under a provider of its own."""
    own: Sequence[Model] = [_priced(policy, alias, told) for alias, told in policy.models.items() if told.price]
    aliases = {**catalogue.aliases, **{model.provider.lower(): model.provider for model in own}}
    return replace(catalogue, layers=(tuple(own), *catalogue.layers), aliases=aliases)


def _priced(policy: Policy, alias: str, told: Alias) -> Model:
    name = told.model.lower()
    sheet = Sheet(told.price or {}, (), ())
    place = policy.place("models", alias, "price")
    price = Price("policy", 0, None, None, sheet, {}, (), (), {"url": place}, place)
    return Model(
        _own(alias), name, "chat", False, frozenset([name]), None, (), {}, (price,), dict(FALLBACK), True, place
    )
