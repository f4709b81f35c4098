"""llmcost explain"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def explain(
    request_id: Annotated[str, typer.Argument(help="The id of a request in the ledger.")],
    price_as_of: Annotated[
        Optional[str],
        typer.Option("--price-as-of", metavar="DATE", help="By the prices known on this day.", show_default=False),
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """The arithmetic of one request, to the last digit, with the source and date of its price.

    \b
    llmcost explain chatcmpl-8f2c
    llmcost explain msg_01 --log logs/ --format json
    llmcost explain msg_01 --price-as-of 2026-10-01

    Its share of fixed costs stands beside its marginal cost: over all of the data as in report, or --since, --until, --last.
    """
    from llmcost.spend.explain import explain as explained

    settings = session.config(config)
    zone = session.zone(tz, settings)
    window = session.window(since, until, last, zone)
    prices = session.catalogue_of(settings, day) if (day := session.price_day(price_as_of)) else None
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        tables = explained(store, request_id, settings, window=window, tz=zone, prices=prices)
    session.show(tables, format, output)
