"""llmcost prices list|show|check"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session

app = typer.Typer(
    help="The price catalogue: what is known, why a name has its price, what looks wrong.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_(
    provider: Annotated[Optional[str], typer.Argument(help="Only this provider.")] = None,
    format: options.Format = "table",
    output: options.Output = None,
    config: options.ConfigFile = None,
    debug: options.Debug = False,
) -> None:
    """Every model with the price in force now, USD per million tokens.

    \b
    llmcost prices list
    llmcost prices list anthropic --format csv
    """
    import os

    from llmcost import windows
    from llmcost.pricing import view

    now_us = int(windows.now(os.environ).timestamp()) * 1_000_000
    session.show(view.listing(session.catalogue(session.config(config)), provider, now_us), format, output)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A model as logs call it.")],
    provider: Annotated[Optional[str], typer.Option("--provider", help="The provider as logs call it.")] = None,
    tier: Annotated[Optional[str], typer.Option("--tier", help="A service tier: batch, flex, priority ...")] = None,
    why: Annotated[bool, typer.Option("--why", help="Show how the name was matched.")] = False,
    format: options.Format = "table",
    output: options.Output = None,
    config: options.ConfigFile = None,
    debug: options.Debug = False,
) -> None:
    """All prices of one model: history, long-context tiers, hours, and where they are from.

    \b
    llmcost prices show gpt-4o
    llmcost prices show claude-sonnet-4-5-20250929 --tier batch --why
    """
    from llmcost.pricing import rates, view

    terms = rates.Terms(service_tier=tier)
    session.show(view.card(session.catalogue(session.config(config)), name, provider, terms, why=why), format, output)


@app.command("check")
def check(
    format: options.Format = "table",
    output: options.Output = None,
    config: options.ConfigFile = None,
    debug: options.Debug = False,
) -> None:
    """Look for overlaps, gaps, unlikely units and stale entries; exit 3 if there are any.

    \b
    llmcost prices check
    """
    import os

    from llmcost import windows
    from llmcost.errors import BREACH
    from llmcost.pricing import check as checking
    from llmcost.pricing import view

    found = checking.check(session.catalogue(session.config(config)), windows.now(os.environ).date())
    session.show(view.problems(found), format, output)
    if found:
        raise typer.Exit(BREACH)
