"""From the names in a log to the model of the catalogue: exact names, dated suffixes and patterns, never a bare prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmcost.pricing.catalogue import Catalogue
from llmcost.pricing.entries import Model

AMBIGUOUS = "ambiguous: "
DATE = re.compile(r"(?P<stem>.+)(-\d{8}|-\d{4}-\d{2}-\d{2}|@\d{8})")


@dataclass(frozen=True)
class Match:
    """The model a name stands for, or the reason why there is none. `why` tells the steps, for people.

    `name` is in lower case and without the provider before it.
    """

    model: Model | None
    name: str
    reason: str | None
    why: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        return self.reason is not None and self.reason.startswith(AMBIGUOUS)


@dataclass(frozen=True)
class _Layer:
    """An index over the models of one layer: a name costs one look-up."""

    exact: Mapping[str, list[Model]]
    dated: Mapping[str, list[Model]]
    patterns: tuple[Model, ...]

    def candidates(self, name: str, among: frozenset[str], *, bare: bool) -> list[tuple[Model, str]]:
        """The models of these providers by the strongest kind of match that hits at all, and how they were matched.

        A `bare` name, without any provider, is never that of a model sold by one who did not make it.
        """

        def meant(model: Model) -> bool:
            return model.provider in among and not (bare and model.hosted)

        found = [(m, "its exact name") for m in self.exact.get(name, ()) if meant(m)]
        suffix = DATE.fullmatch(name)
        if not found and suffix:
            stem = suffix["stem"]
            found = [(m, f"'{stem}' with a date") for m in self.dated.get(stem, ()) if meant(m)]
        if not found:
            hits = ((m, next((p for p in m.regexes if p.fullmatch(name)), None)) for m in self.patterns)
            found = [(m, f"the pattern {p.pattern}") for m, p in hits if p and meant(m)]
        return found


@dataclass(frozen=True)
class Names:
    """An index over the catalogue; upper and lower case are the same."""

    aliases: Mapping[str, str]
    owners: frozenset[str]
    layers: tuple[_Layer, ...]

    def match(self, provider: str | None, model: str | None, region: str | None = None) -> Match:
        """`provider`, `model` and `region` as a log wrote them, each may be None.

        Where a provider has a price list per region, the list of that region goes before the name alone.
        """
        why: list[str] = []
        if not model:
            return Match(None, "", "no model name", ("the log names no model",))
        whole = model.lower()
        head, slash, rest = whole.partition("/")
        prefix = self.aliases.get(head) if slash else None
        named = self.aliases.get(provider.lower()) if provider else prefix
        if provider and named is None:
            why.append(f"the catalogue has no provider '{provider}'")
            return Match(None, whole, f"no prices for provider {provider}", tuple(why))
        if provider and named != provider:
            why.append(f"provider '{provider}' is {named}")
        if named is None:
            why.append("the log names no provider: looked up among those that set their own prices")
        among = frozenset([named]) if named else self.owners
        # a host sells 'maker/model' under that very name
        spellings: list[tuple[str, tuple[str, ...]]] = [(whole, ())]
        if prefix:
            spellings.append((rest, (f"'{head}/' names the provider {prefix}",)))
        if region:
            here = f"'{region}/' is the region, which has prices of its own"
            spellings = [(f"{region.lower()}/{n}", (*said, here)) for n, said in spellings] + spellings
        hits = ((name, said, self._candidates(name, among, bare=named is None)) for name, said in spellings)
        name, said, found = next((hit for hit in hits if hit[2]), (*spellings[-1], []))
        why += said
        if not found:
            why.append(f"no exact name, dated suffix or pattern matches '{name}'")
            return Match(None, name, "unknown model", tuple(why))
        if len(found) > 1:
            both = ", ".join(sorted(f"{m.provider}/{m.id}" for m, _ in found))
            return Match(None, name, f"{AMBIGUOUS}{both}", (*why, f"'{name}' matches {both}"))
        only, how = found[0]
        return Match(only, name, None, (*why, f"'{name}' is {only.provider}/{only.id} by {how}"))

    def _candidates(self, name: str, among: frozenset[str], *, bare: bool) -> list[tuple[Model, str]]:
        layers = (layer.candidates(name, among, bare=bare) for layer in self.layers)
        return next((candidates for candidates in layers if candidates), [])


def index(catalogue: Catalogue) -> Names:
    """Names over this catalogue."""
    return Names(catalogue.aliases, catalogue.owners, tuple(_layer(models) for models in catalogue.layers))


def _layer(models: Iterable[Model]) -> _Layer:
    models = tuple(models)
    exact: dict[str, list[Model]] = {}
    dated: dict[str, list[Model]] = {}
    for model in models:
        for name in model.exact:
            exact.setdefault(name, []).append(model)
        if model.dated:
            dated.setdefault(model.dated, []).append(model)
    return _Layer(exact, dated, tuple(m for m in models if m.regexes))
