"""llmcost reprice"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def reprice(
    price_as_of: Annotated[
        Optional[str],
        typer.Option(
            "--price-as-of",
            metavar="DATE",
            help="Pin the store to the prices known on this day; `latest` lifts the pin.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Price every request, not only those that changes concern.")
    ] = False,
    format: options.Format = "table",
    output: options.Output = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Price the stored requests again after the catalogue or the overrides changed, and record the restatement.

    \b
    llmcost reprice
    llmcost reprice --format json
    llmcost reprice --price-as-of 2026-10-01           from that day on prices stand still, in later ingests too
    llmcost reprice --price-as-of latest               prices move again

    Only requests of models whose prices changed, in the time in which they changed, are looked at.
    """
    from llmcost.pricing import reprice as pricing
    from llmcost.pricing.view import restatement
    from llmcost.store import open_ledger

    settings = session.config(config)
    day = session.price_day(price_as_of) if price_as_of != "latest" else None
    path = session.ledger_path(db)
    with session.progress(quiet=quiet) as tell, open_ledger(path, wait_s=wait) as store:
        tell("pricing again", 0, 0)
        if price_as_of is not None:
            pricing.pin(store, day)
        changed = pricing.reprice(store, pricing.pinned(store, session.catalogue(settings)), every=every)
        pinned_to = store.fact(pricing.PIN) or None
    session.show(restatement(changed, pinned_to), format, output)
