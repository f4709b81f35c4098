"""What is wrong with a command line, as a sentence with place and way out like every other error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from llmcost.errors import nearest


def is_call_for_help(error: Any) -> bool:
    """Whether a command group was named without a command: then its help is the answer."""
    return type(error).__name__ == "NoArgsIsHelpError"


def explained(error: Any) -> tuple[str, str]:
    """The sentence and the hint of an exception of the parser, told apart by its attributes."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "llmcost"
    place, help_ = path.removeprefix("llmcost").strip() or "llmcost", f"{path} --help"
    parameter: Any = getattr(error, "param", None)
    option: Any = getattr(error, "option_name", None)
    message = error.format_message().strip().rstrip(".")
    if unknown := re.match(r"No such command ['\"](.*?)['\"]", message):
        return f"{place}: unknown command '{unknown[1]}'", nearest(unknown[1], context.command.commands) or help_
    if type(error).__name__ == "NoSuchOption":
        return f"{place}: unknown option '{option}'", nearest(option, _options(context.command.params)) or help_
    if option:
        return f"{option}: " + re.sub("^Option '.*?' ", "", message), help_
    if parameter is None:
        return f"{place}: {message[:1].lower()}{message[1:]}", help_
    name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name.upper()
    if type(error).__name__ == "MissingParameter":
        return f"{place}: {name} is missing", help_
    if wrong := re.match("'(.*)' is not a valid (?:int|float)", error.message):
        return f"{name}: '{wrong[1]}' is no number", help_
    return f"{name}: {error.message.strip().rstrip('.')}", help_


def _options(parameters: Iterable[Any]) -> list[str]:
    return [name for parameter in parameters for name in parameter.opts if name.startswith("--")]
