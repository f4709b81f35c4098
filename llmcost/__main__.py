"""The entry point: runs a command, turns errors into sentences on stderr and into the exit codes that scripts rely on."""

from __future__ import annotations

import os
import sys

from llmcost.errors import BUG, INTERRUPTED, USAGE, LlmcostError, UsageError


def main(arguments: list[str] | None = None) -> int:
    """Runs llmcost; returns the exit code (and is what `python -m llmcost` and the console script call)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["--version"], ["-V"]):
        from llmcost import __version__

        print(f"llmcost {__version__}")  # noqa: T201  # stdout is where it belongs
        return 0
    try:
        from llmcost.cli import app

        for argument in arguments:
            if not argument.isprintable() and argument.encode("utf-8", "replace").decode() != argument:
                raise UsageError("is not UTF-8 text", place=argument)
        code = app(arguments, prog_name="llmcost", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in arguments and not hasattr(error, "format_message"):
            raise
        return _ended(error)
    if code == INTERRUPTED:
        _complain("interrupted", None)
    return code if isinstance(code, int) else 0


def _ended(error: BaseException) -> int:
    """Says what went wrong; returns the exit code."""
    if isinstance(error, LlmcostError):
        _complain(str(error), error.hint)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        _complain("interrupted", None)
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if hasattr(error, "format_message"):  # of the package that reads the command line, whichever version it is
        from llmcost.cli import mistakes

        if mistakes.is_call_for_help(error):
            print(error.format_message())  # noqa: T201
            return 0
        _complain(*mistakes.explained(error))
        return USAGE
    hint = "run it again with --debug and report what it prints"
    _complain(f"a bug in llmcost: {type(error).__name__}: {error}", hint)
    return BUG


def _complain(sentence: str, hint: str | None) -> None:
    from llmcost.figures import visible

    lines = [f"llmcost: error: {visible(sentence)}"]
    if hint:
        lines += ["  hint: " + "\n".join(visible(line) for line in hint.split("\n"))]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201


def console() -> None:
    """What the installed `llmcost` command runs."""
    sys.exit(main())


if __name__ == "__main__":
    console()
