"""Every error a user can meet: one sentence with place, thing and way out, and the exit code that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable

OK = 0
BUG = 1
USAGE = 2
BREACH = 3
UNDECIDED = 4
UNUSABLE = 5
INTERRUPTED = 130


class LlmcostError(Exception):
    """An expected failure. `message` names the thing, `place` is FILE or FILE:LINE, `hint` is the way out."""

    exit_code = USAGE

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class UsageError(LlmcostError):
    """A wrong flag, path, condition or config (exit 2)."""


class BreachError(LlmcostError):
    """A budget, cap or tolerance is exceeded (exit 3)."""

    exit_code = BREACH


class UndecidedError(LlmcostError):
    """There is not enough to judge by: no data, stale data, too much unpriced (exit 4)."""

    exit_code = UNDECIDED


class StoreError(LlmcostError):
    """The store is locked, damaged or from a newer llmcost (exit 5)."""

    exit_code = UNUSABLE


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The hint "did you mean 'x'?" for a misspelt word, or None when nothing is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(choices), n=1, cutoff=0.6)
    return f"did you mean '{found[0]}'?" if found else None
