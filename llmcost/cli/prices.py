"""llmcost prices list|show|check|diff|sync"""

from __future__ import annotations

from pathlib import Path
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
    stale_days: Annotated[int, typer.Option("--stale-days", min=1, help="How old a checked price may be.")] = 180,
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

    prices, today = session.catalogue(session.config(config)), windows.now(os.environ).date()
    found = checking.check(prices, today, stale_days)
    session.show(view.problems(found, checking.upcoming(prices, today)), format, output)
    if found:
        raise typer.Exit(BREACH)


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(metavar="A", help="A folder of price files, or one file.")],
    new: Annotated[Path, typer.Argument(metavar="B", help="The other one.")],
    format: options.Format = "table",
    output: options.Output = None,
    debug: options.Debug = False,
) -> None:
    """Every figure that differs between two catalogues.

    \b
    llmcost prices diff pricing.old pricing
    """
    from llmcost.pricing import catalogue, difference, view

    session.show(
        view.differences(difference.compare(catalogue.load_folder(old), catalogue.load_folder(new))), format, output
    )


@app.command("sync")
def sync(
    source: Annotated[
        Optional[str],
        typer.Option(
            "--from", metavar="LIBRARY|FILE", help="litellm, genai-prices or a file of theirs; else what is installed."
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Append what is new and changed, and leave a lock.")] = False,
    into: Annotated[
        Optional[Path], typer.Option("--into", metavar="FOLDER", help="The price files, instead of those shipped.")
    ] = None,
    history: Annotated[
        Optional[Path], typer.Option("--history", metavar="CSV", help="Dated observations, for models that are new.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show also what stays as reviewed.")] = False,
    format: options.Format = "table",
    output: options.Output = None,
    debug: options.Debug = False,
) -> None:
    """Hold the catalogue against pip-installed price libraries, without network. Entries are appended, never changed.

    \b
    llmcost prices sync
    llmcost prices sync --from litellm --write
    llmcost prices sync --from model_prices_and_context_window.json --format csv
    """
    import os

    from llmcost import windows
    from llmcost.pricing import catalogue, locks, offers, view
    from llmcost.pricing import sync as syncing
    from llmcost.resources import catalogue_folder

    folder = into or catalogue_folder()
    prices, today = catalogue.load_folder(folder), windows.now(os.environ).date()
    found = syncing.plan(prices, offers.libraries(source), locks.read_lock(folder), today, history)
    written = syncing.write(found, folder, prices, today) if write else []
    session.show(view.synced(found, written=written, everything=everything), format, output)
