"""llmcost explain"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def explain(
    request_id: Annotated[str, typer.Argument(help="The id of a request in the ledger.")],
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
    """
    from llmcost.spend.explain import explain as explained

    settings = session.config(config)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        tables = explained(store, request_id)
    session.show(tables, format, output)
