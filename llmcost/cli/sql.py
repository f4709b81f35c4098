"""llmcost sql"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="One SELECT over the view `ledger` (and requests, files, quarantine, prices)."
        ),
    ],
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Read-only SQL over the ledger, in DuckDB's dialect.

    \b
    llmcost sql "SELECT model, sum(cost) FROM ledger GROUP BY model ORDER BY 2 DESC"
    llmcost sql "SELECT * FROM quarantine" --format csv
    """
    from llmcost.spend.query import query as answered

    settings = session.config(config)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        table = answered(store, query)
    session.show(table, format, output)
