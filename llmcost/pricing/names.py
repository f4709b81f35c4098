"""From the names in a log to the model of the catalogue: exact names, dated suffixes and patterns, never a bare prefix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmcost.pricing.catalogue import Catalogue, Model

DATE = re.compile(r"(?P<stem>.+)(-\d{8}|-\d{4}-\d{2}-\d{2}|@\d{8})")


@dataclass(frozen=True)
class Match:
    """The model a name stands for, or the reason why there is none. `why` tells the steps, for people."""

    model: Model | None
    name: str
    reason: str | None
    why: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """An index over the catalogue: a name costs one look-up."""

    catalogue: Catalogue
    exact: Mapping[str, list[Model]] = field(default_factory=dict)
    dated: Mapping[str, list[Model]] = field(default_factory=dict)
    patterns: tuple[Model, ...] = ()

    def match(self, provider: str | None, model: str | None) -> Match:
        """`provider` and `model` as a log wrote them, either may be None."""
        why: list[str] = []
        if not model:
            return Match(None, "", "no model name", ("the log names no model",))
        name, prefix = model, None
        head, slash, rest = model.partition("/")
        if slash and head.lower() in self.catalogue.aliases:
            name, prefix = rest, self.catalogue.aliases[head.lower()]
            why.append(f"'{head}/' names the provider {prefix}")
        if provider:
            named = self.catalogue.aliases.get(provider.lower())
            if named is None:
                return Match(None, name, f"no prices for provider {provider}", (*why, f"the catalogue has no provider '{provider}'"))
            if named != provider:
                why.append(f"provider '{provider}' is {named}")
            among = frozenset([named])
        elif prefix:
            among = frozenset([prefix])
        else:
            among = self.catalogue.owners
            why.append("the log names no provider: looked up among those that set their own prices")
        found = [(m, how) for m, how in self._candidates(name) if m.provider in among]
        if not found:
            return Match(None, name, "unknown model", (*why, f"no exact name, dated suffix or pattern matches '{name}'"))
        if len(found) > 1:
            both = ", ".join(sorted(f"{m.provider}/{m.id}" for m, _ in found))
            return Match(None, name, f"ambiguous: {both}", (*why, f"'{name}' matches {both}"))
        only, how = found[0]
        return Match(only, name, None, (*why, f"'{name}' is {only.provider}/{only.id} by {how}"))

    def _candidates(self, name: str) -> list[tuple[Model, str]]:
        """The strongest kind of match that hits at all."""
        if exact := self.exact.get(name):
            return [(m, "its exact name") for m in exact]
        suffix = DATE.fullmatch(name)
        if suffix and (dated := self.dated.get(suffix["stem"])):
            return [(m, f"'{suffix['stem']}' with a date") for m in dated]
        return [(m, f"the pattern {p.pattern}") for m in self.patterns for p in m.regexes if p.fullmatch(name)]


def index(catalogue: Catalogue) -> Names:
    """Names over this catalogue."""
    exact: dict[str, list[Model]] = {}
    dated: dict[str, list[Model]] = {}
    for model in catalogue.models:
        for name in model.exact:
            exact.setdefault(name, []).append(model)
        if model.dated:
            dated.setdefault(model.dated, []).append(model)
    return Names(catalogue, exact, dated, tuple(m for m in catalogue.models if m.regexes))
