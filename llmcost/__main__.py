"""The entry point: runs a command, turns errors into sentences on stderr and into the exit codes that scripts rely on."""

from __future__ import annotations

import os
import sys

from llmcost.errors import BUG, INTERRUPTED, USAGE, LlmcostError


def main(arguments: list[str] | None = None) -> int:
    """Runs llmcost; returns the exit code (and is what `python -m llmcost` and the console script call)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["--version"], ["-V"]):
        from llmcost import __version__

        print(f"llmcost {__version__}")  # noqa: T201  # stdout is where it belongs
        return 0
    from llmcost.cli import app

    try:
        code = app(arguments, prog_name="llmcost", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except LlmcostError as error:
        if "--debug" in arguments:
            raise
        _complain(str(error), error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        _complain("interrupted", None)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if hasattr(error, "format_message"):  # the command line's own errors, whichever click they come from
            _complain(error.format_message(), "llmcost --help, or llmcost COMMAND --help")
            return USAGE
        if type(error).__name__ == "Abort":
            _complain("interrupted", None)
            return INTERRUPTED
        if "--debug" in arguments:
            raise
        _complain(
            f"a bug in llmcost: {type(error).__name__}: {error}", "run it again with --debug and report what it prints"
        )
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
