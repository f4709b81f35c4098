"""llmcost sources"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def sources(
    name: Annotated[Optional[str], typer.Argument(help="One format, in detail.")] = None,
    how_to: Annotated[
        bool, typer.Option("--how-to", help="How to get such a log out of the system that has it.")
    ] = False,
    format: options.Format = "table",
    output: options.Output = None,
    debug: options.Debug = False,
) -> None:
    """What can be read, how it is recognised, and how to get it.

    \b
    llmcost sources
    llmcost sources litellm_spendlogs --how-to
    """
    from llmcost.errors import UsageError, nearest
    from llmcost.render import write
    from llmcost.sources import view
    from llmcost.sources.formats import BY_NAME

    if name is None:
        session.show(view.formats(), format, output)
        return
    if name not in BY_NAME:
        raise UsageError(
            f"unknown format '{name}'", place="sources", hint=nearest(name, BY_NAME) or f"one of {', '.join(BY_NAME)}"
        )
    found = BY_NAME[name]
    if how_to:
        write(found.how_to + "\n", output)
        return
    write(
        f"{found.name}: {found.title}\n\nrecognised by  {found.detected_by}\ncounting       {found.counting}\n\nhow to get it\n{found.how_to}\n",
        output,
    )
