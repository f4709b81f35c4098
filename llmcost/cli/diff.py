"""llmcost diff"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="last-week, 2026-09, 2026-W40, 2026-10-05, A..B ...")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The window it is held against, written likewise.")],
    by: options.By = None,
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
    """Why the cost changed: price, volume and mix, which add up to the last digit.

    \b
    llmcost diff last-week this-week
    llmcost diff 2026-09 2026-10 --by agent,model
    llmcost diff 2026-10-05 2026-10-12 --where "plan = 'free'" --format json

    A period is today, yesterday, this-week, last-week, this-month, last-month, a day, a month, an ISO week, 7d (the last
    seven days), or A..B, which ends before B.
    """
    import os

    from llmcost import windows
    from llmcost.errors import UNDECIDED
    from llmcost.spend import diff as spend

    settings = session.config(config)
    zone, at = session.zone(tz, settings), windows.now(os.environ)
    old, new = windows.period(before, zone, at), windows.period(after, zone, at)
    dimensions = session.dimensions(by, "--by") or ()
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, new),
    ):
        table = spend.diff(
            store,
            settings,
            session.catalogue(settings),
            old,
            new,
            by=dimensions,
            where=session.condition(where),
            tz=zone,
        )
        session.show(table, format, output)
    if strict and not table.rows:
        raise typer.Exit(UNDECIDED)
