"""llmcost reprice"""

from __future__ import annotations

from llmcost.cli import options, session


def reprice(
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
    """
    from llmcost.pricing.reprice import reprice as again
    from llmcost.pricing.view import restatement
    from llmcost.store import open_ledger

    settings = session.config(config)
    path = session.ledger_path(db)
    with session.progress(quiet=quiet) as tell, open_ledger(path, wait_s=wait) as store:
        tell("pricing again", 0, 0)
        changed = again(store, session.catalogue(settings))
    session.show(restatement(changed), format, output)
