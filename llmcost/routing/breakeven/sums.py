"""The sums behind a break-even, each a function of plain figures: money and rates as Decimal, tokens and requests as counts.

Ratios are divided to 28 digits; money is multiplied and added, never rounded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

ONE = Decimal(1)
MILLION = Decimal(1_000_000)


def over(part: Decimal, whole: Decimal) -> Decimal | None:
    """Part / whole; None where the whole is nothing or less: no volume ever pays."""
    return part / whole if whole > 0 else None


def gpu_cost_per_mtok(hourly: Decimal, tokens_per_second: Decimal, utilisation: Decimal) -> Decimal:
    """USD per million output tokens of GPUs that cost `hourly` and are busy for a share of the time."""
    return hourly * MILLION / (3600 * tokens_per_second * utilisation)


def erlang_c(servers: int, load: Decimal) -> Decimal | None:
    """The share of requests that wait, for `load` = arrivals / rate of one server; None when the queue grows without end.

    A rational figure (Erlang's recursion B_n = aB/(n + aB)), so no floats: 28 digits.
    """
    if load >= servers:
        return None
    blocked = ONE
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (ONE - load / servers * (ONE - blocked))


def provisioned_usage(demand: Sequence[int], capacity: int, unit: int) -> int:
    """Tokens that the n-th unit (from 1) serves in all, after the units before it."""
    below = (unit - 1) * capacity
    return sum(min(d - below, capacity) for d in demand if d > below)


def worthwhile_units(demand: Sequence[int], minutes: int, capacity: int, breakeven: Decimal) -> int:
    """How many units are busy for at least the share `breakeven` of the time. `demand` is weighted tokens per minute.

    The n-th unit is never busier than the one before, so the last that pays is found by halving.
    """
    needed = breakeven * capacity * minutes
    low, high = 0, -(-max(demand, default=0) // capacity)
    while low < high:
        middle = (low + high + 1) // 2
        if provisioned_usage(demand, capacity, middle) >= needed:
            low = middle
        else:
            high = middle - 1
    return low


def on_grid(units: int, minimum: int, increment: int) -> tuple[int, int]:
    """The amounts that can be bought next below and above: nothing, the minimum, or steps from there."""
    if units < minimum:
        return 0, minimum
    below = minimum + (units - minimum) // increment * increment
    return below, below if below == units else below + increment


@dataclass(frozen=True)
class Swing:
    """What a break-even becomes when one input is a quarter lower and higher; None is never."""

    input: str
    value: Decimal
    at_minus_25: Decimal | None
    at_plus_25: Decimal | None

    def spread(self, usual: Decimal | None) -> Decimal:
        """How far it moves, as a share of the usual figure; an input that can make it never is the most sensitive."""
        if usual is None or not usual or self.at_minus_25 is None or self.at_plus_25 is None:
            return Decimal("Infinity")
        return abs(self.at_plus_25 - self.at_minus_25) / usual


def sensitivity(solve: Callable[[Mapping[str, Decimal]], Decimal | None], inputs: Mapping[str, Decimal]) -> list[Swing]:
    """The break-even at +-25 % of each input that is not nothing, the most sensitive first."""
    usual = solve(inputs)
    swings = [
        Swing(name, value, *(solve({**inputs, name: value * Decimal(factor)}) for factor in ("0.75", "1.25")))
        for name, value in inputs.items()
        if value
    ]
    swings = [s for s in swings if (s.at_minus_25, s.at_plus_25) != (usual, usual)]
    return sorted(swings, key=lambda s: -s.spread(usual))
