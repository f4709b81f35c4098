"""llmcost anomalies"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def anomalies(
    by: options.By = None,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    least: Annotated[str, typer.Option("--min", metavar="USD", help="A smaller rise is not worth a look.")] = "10",
    fail: Annotated[bool, typer.Option("--fail", help="Exit 3 when a day stands out.")] = False,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Days that cost far more than usual, and what drove them.

    \b
    llmcost anomalies
    llmcost anomalies --by feature --last 30d --min 5
    llmcost anomalies --last 2d --fail                 for a nightly job: exit 3 when a day stands out

    Usual is the median of two weeks for that weekday. A day stands out when it is above it by 30%, by --min, and by 3.5
    times the usual spread. The day that is not over is not judged.
    """
    import os

    from llmcost import config as values
    from llmcost import windows
    from llmcost.errors import BREACH, UsageError
    from llmcost.spend import anomalies as spend

    settings = session.config(config)
    rise = values.number(least)
    if rise is None or rise < 0:
        raise UsageError(f"'{least}' is no amount of USD", place="--min", hint="write --min 10")
    zone = session.zone(tz, settings)
    window = session.window(since, until, last, zone)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, window),
    ):
        table = spend.anomalies(
            store,
            settings,
            session.catalogue(settings),
            by=session.dimensions(by, "--by") or (),
            where=session.condition(where),
            window=window,
            tz=zone,
            least_usd=rise,
            now=windows.now(os.environ),
        )
        session.show(table, format, output)
    if fail and table.rows:
        raise typer.Exit(BREACH)
