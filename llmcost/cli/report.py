"""llmcost report"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def report(
    paths: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="[PATH]...", help="Logs to read into a throw-away ledger: files, folders, globs, - for stdin."
        ),
    ] = None,
    by: options.By = None,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    cost: options.Cost = "computed",
    top: Annotated[
        int, typer.Option("--top", metavar="N", help="Show the N dearest groups in a terminal; 0 shows all.")
    ] = 30,
    price_as_of: Annotated[
        Optional[str],
        typer.Option(
            "--price-as-of", metavar="DATE", help="Price logs with the prices known on this day.", show_default=False
        ),
    ] = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    strict: options.Strict = False,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Spend by agent, feature, user, plan, model, day ...

    \b
    llmcost report logs/                               no set-up, nothing is kept
    llmcost report --by agent,model --last 7d          from the store
    llmcost report --by user --where "plan = 'free'"
    llmcost report --by day --tz Europe/Berlin --format csv

    Every report ends with what it rests on: rows read, duplicates, lines that could not be read, requests without a price,
    cost without a name, and the date of the prices.
    """
    from dataclasses import replace

    from llmcost.errors import UNDECIDED
    from llmcost.pricing.levels import LEVELS
    from llmcost.spend import commitments, fixed
    from llmcost.spend import report as spend
    from llmcost.spend.currency import converted

    settings = session.config(config)
    shown_in = session.currency(currency, settings)
    zone = session.zone(tz, settings)
    question = spend.Question(
        by=session.dimensions(by, "--by"),
        where=session.condition(where),
        window=session.window(since, until, last, zone),
        tz=zone,
        cost=session.one_of(cost, tuple(spend.TITLES), "--cost"),
        limit=top if format == "table" and top > 0 else None,
    )
    logs = [*(paths or []), *(log or [])]
    day = session.price_day(price_as_of)
    with session.ledger(db, logs, settings, wait_s=wait, quiet=quiet, price_as_of=day) as store:
        # other levels of price are asked of the catalogue that the store is priced with
        prices = session.priced_with(store, settings, day) if cost in LEVELS else None
        table = spend.report(store, settings, question, digest=session.digest(settings), catalogue=prices)
        shared = fixed.allocated(store, settings, table.by, question.where, question.window, zone, shown_in)
        prepaid = commitments.commitments(store, settings)
        if shown_in != "USD":
            table = converted(table, store, settings, question, shown_in)
    data = fixed.as_json(shared, table.by) | commitments.as_json(prepaid)
    table = replace(table, foot={**data, **table.foot})
    tables = [fixed.table_of(shared, settings, table.by, shown_in)] if shared.shares else []
    tables += [commitments.table_of(prepaid)] if prepaid else []
    # beside the report for people; in it for programs, whose JSON and CSV are of one shape
    session.show([table, *tables] if format in ("table", "markdown") else table, format, output)
    if strict and not table.rows:
        raise typer.Exit(UNDECIDED)
