"""llmcost forecast"""

from __future__ import annotations

import typer

from llmcost.cli import options, session


def forecast(
    where: options.Where = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    strict: options.Strict = False,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """What the month will cost, with a range, and when each budget breaks.

    \b
    llmcost forecast
    llmcost forecast --where "environment = 'prod'" --tz Europe/Berlin
    llmcost forecast --format json

    It names its method and how far off that was on this very log. Under 14 days of data it is a run rate without a range.
    """
    import os

    from llmcost import windows
    from llmcost.errors import UNDECIDED
    from llmcost.spend import forecast as spend

    settings = session.config(config)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store),
    ):
        table = spend.forecast(
            store, settings, session.condition(where), session.zone(tz, settings), windows.now(os.environ)
        )
        session.show(table, format, output)
    if strict and table.head["period"] is None:
        raise typer.Exit(UNDECIDED)
