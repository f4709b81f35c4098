"""The words in which bills name things: what a line charges for, of which model, at which tier, and whether it is usage at all."""

from __future__ import annotations

import re
from decimal import Decimal

COMPONENTS = (
    (r"un-?cached", "input"),
    (r"cache.*(write|creation)|ephemeral", "cache_write"),
    (r"cached?\b|cache.?(read|hit)", "cache_read"),
    (r"web.?search", "web_search"),
    (r"output|completion", "output"),
    (r"input|prompt", "input"),
)
"""The first that is found names the component."""

TIERS = ("batch", "flex", "priority")

KINDS = (
    (
        r"draw.?down|credits? (used|applied|consumed|redeemed)|paid (from|with) (credits|balance)|balance applied",
        "draw_down",
    ),
    (
        r"top.?up|recharge|prepaid|prepayment|credits? (purchase|pack)|(purchase|add)\w* (of )?credits|add\w* funds",
        "top_up",
    ),
    (r"\b(vat|gst|hst|pst|tax|taxes|iva|mwst|ust)\b", "tax"),
    (r"\b(credits?|promo\w*|refund\w*|discount|coupon|goodwill|rebate)\b", "credit"),
    (r"\b(adjustment|correction|rounding)\b", "adjustment"),
)

TOTALS = re.compile(r"((grand|invoice) )?total( due)?|(amount|balance) due|sub-?total", re.IGNORECASE)
"""The whole text of a line that adds up others."""

_AROUND = frozenset(
    (
        *("input", "output", "prompt", "completion", "cached", "uncached", "cache", "read", "reads", "write", "writes"),
        *(
            "creation",
            "hit",
            "hits",
            "token",
            "tokens",
            "usage",
            "api",
            "batch",
            "flex",
            "priority",
            "text",
            "standard",
        ),
        *("global", "per", "million", "1m", "1k", "5m", "1h", "requests", "request", "model", "inference"),
    )
)
"""Words that stand before or after the name of a model, never within one that is written with spaces."""


def component_of(text: str) -> str | None:
    """input, cache_read, cache_write, output or web_search; None when the text tells none."""
    words = text.lower().replace("_", " ")
    return next((name for pattern, name in COMPONENTS if re.search(pattern, words)), None)


def tier_of(text: str) -> str | None:
    """batch, flex or priority, where the text says so as a word of its own."""
    words = re.findall(r"[a-z]+", text.lower().replace("_", " "))
    return next((tier for tier in TIERS if tier in words), None)


def kind_of(text: str, amount: Decimal) -> str:
    """What a line without a model of its own is: usage, unless its words or a negative amount say otherwise."""
    words = text.lower().replace("_", " ")
    found = next((name for pattern, name in KINDS if re.search(pattern, words)), None)
    if found in ("credit", "top_up"):
        # credit that costs money was bought, credit that is negative was granted
        return "credit" if amount < 0 else "top_up"
    return found or ("credit" if amount < 0 else "usage")


def model_in(text: str) -> str | None:
    """The name of a model without the words around it, as `claude-sonnet-4.5` of `Claude Sonnet 4.5 Usage - Input Tokens`."""
    words = [word.strip("(),:;·|–—-") for word in text.split()]
    while words and (not words[-1] or words[-1].lower() in _AROUND):
        words.pop()
    while words and (not words[0] or words[0].lower() in _AROUND):
        words.pop(0)
    return "-".join(word for word in words if word).lower() or None
