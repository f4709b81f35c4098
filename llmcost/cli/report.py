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
    suggest: Annotated[
        Optional[bool],
        typer.Option(
            "--suggest/--no-suggest",
            help="The three moves that would save most; without a word, where the log is small enough to be quick.",
            show_default=False,
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
    llmcost report --suggest --format json             with the three moves that would save most

    Every report ends with what it rests on: rows read, duplicates, lines that could not be read, requests without a price,
    cost without a name, and the date of the prices.
    """
    from llmcost.errors import UNDECIDED
    from llmcost.overview import Page, front_page
    from llmcost.spend import report as spend

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
    if suggest:
        _suggestible(shown_in, question.cost, format)
    # beside the report for people; in it for programs, whose JSON and CSV are of one shape
    page = Page(format in ("table", "markdown"), shown_in, suggest)
    logs = [*(paths or []), *(log or [])]
    day = session.price_day(price_as_of)
    with session.ledger(db, logs, settings, wait_s=wait, quiet=quiet, price_as_of=day) as store:
        tables = front_page(
            store,
            settings,
            question,
            page,
            # other levels of price, and other models, are asked of the catalogue that the store is priced with
            lambda: session.priced_with(store, settings),
            digest=session.digest(settings),
        )
    session.show(tables, format, output)
    if strict and not tables[0].rows:
        raise typer.Exit(UNDECIDED)


def _suggestible(currency: str, cost: str, format: str) -> None:
    """UsageError where savings have no place beside the report: they are computed costs in USD, and rows of their own."""
    from llmcost.errors import UsageError

    wrong = (
        (currency != "USD", f"savings are in USD, and the report in {currency}", "add --currency USD"),
        (cost != "computed", f"savings are of computed cost, and the report of {cost}", "leave --cost out"),
        (
            format in ("csv", "ndjson"),
            f"{format} has the rows of the report alone",
            f"--format json, or llmcost simulate --suggest --format {format}",
        ),
    )
    for is_wrong, sentence, hint in wrong:
        if is_wrong:
            raise UsageError(sentence, place="--suggest", hint=hint)
