"""llmcost reconcile"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def reconcile(
    files: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="[FILE]...",
            help="Usage and cost pages (JSON), a FOCUS file (CSV, Parquet) or an invoice (CSV).  [default: the pages that ingest has read]",
        ),
    ] = None,
    tolerance: Annotated[
        str,
        typer.Option("--tolerance", metavar="SHARE", help="What the lines may be off in all, as a share of the bill."),
    ] = "1%",
    apply: Annotated[
        bool, typer.Option("--apply", help="Keep the gaps in the store as adjustments, for report --cost invoiced.")
    ] = False,
    provider: Annotated[
        Optional[str],
        typer.Option(
            "--provider", metavar="NAME", help="Whose bill it is, where the file does not say.", show_default=False
        ),
    ] = None,
    account: Annotated[
        Optional[str],
        typer.Option(
            "--account",
            metavar="NAME",
            help="Of which account of the provider, where the file does not say; bills of several accounts add up.",
            show_default=False,
        ),
    ] = None,
    period: Annotated[
        Optional[str],
        typer.Option(
            "--period", metavar="MONTH", help="The period of lines without a date: 2026-10.", show_default=False
        ),
    ] = None,
    currency: Annotated[
        Optional[str],
        typer.Option(
            "--currency",
            metavar="CODE",
            help="The currency of amounts that name none.  [default: USD]",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        Optional[list[str]],
        typer.Option(
            "--column",
            metavar="NAME=HEADER",
            help="Which column of an invoice is which: amount=Betrag. May be repeated.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", metavar="N", help="Show the N largest gaps in a terminal; 0 shows all.")
    ] = 30,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: Annotated[
        Optional[str],
        typer.Option(
            "--tz",
            metavar="ZONE",
            help="Where the days of an invoice begin.  [default: UTC as bills are, whatever llmcost.yaml says]",
            show_default=False,
        ),
    ] = None,
    where: options.Where = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Our figures against what the provider bills: exit 0 within the tolerance, 3 beyond it, 4 when it cannot be judged.

    \b
    llmcost reconcile openai-costs.json openai-usage.json
    llmcost reconcile invoice.csv --provider anthropic --tolerance 0.5%
    llmcost reconcile focus.parquet --apply && llmcost report --cost invoiced
    llmcost reconcile rechnung.csv --column amount=Betrag --period 2026-10 --currency EUR
    llmcost reconcile team-b.csv --account team-b --apply
    llmcost reconcile daily.csv --since 2026-10-01 --until 2026-10-08 --tz America/Los_Angeles

    Days are UTC unless --tz says otherwise. Of a window, the lines that lie wholly in it are taken; the others are counted. Usage is judged, on days that the ledger holds: the gaps of all lines are added up without their signs, so that
    none hides another, and held against the bill. Rounding counts nothing, and days that begin elsewhere are taken together.
    Tax, credits and top-ups have lines of their own. Usage pages beside a bill tell why it differs; alone, they are taken at
    our prices. A bill in another currency is converted line by line, at the rate of the line's last day by fx: in llmcost.yaml.
    """
    from llmcost import config as values
    from llmcost.errors import UsageError
    from llmcost.sources import statements
    from llmcost.spend import adjustments, reconciled
    from llmcost.spend import reconcile as spend

    settings = session.config(config)
    share = values.share(tolerance)
    if share is None:
        raise UsageError(f"'{tolerance}' is no share", place="--tolerance", hint="write 1%")
    if apply and (where or log):
        other = "--where" if where else "--log"
        raise UsageError(
            f"cannot stand beside {other}", place="--apply", hint="what is invoiced holds for all requests"
        )
    prices = session.catalogue(settings)
    coin = session.currency(currency, settings) if currency else None
    reading = statements.Reading(dict(_pair(text) for text in column or []), period, provider, account, coin)
    condition = session.condition(where)
    zone = session.zone(tz or "UTC", settings)
    window = session.window(since, until, last, zone)
    statement = statements.read(files, settings, prices, reading) if files else None
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        if statement is None:
            statement = statements.Statement(statements.stored(store, account), [])
        # what a request would have cost otherwise is asked of the prices that it was billed by
        priced = session.priced_with(store, settings)
        result = spend.reconcile(
            store, settings, priced, statement, share, where=condition, provider=provider, window=window, tz=zone
        )
    if apply:
        adjustments.check(result)
    session.show(reconciled.as_table(result, top=top if format == "table" else None), format, output)
    if apply:
        from llmcost.store import open_ledger

        with open_ledger(session.ledger_path(db), wait_s=wait) as store:
            session.say(adjustments.apply(store, settings, session.priced_with(store, settings), result), quiet=quiet)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _pair(text: str) -> tuple[str, str]:
    from llmcost.errors import UsageError

    name, mark, header = text.partition("=")
    if not mark or not header:
        raise UsageError(f"'{text}' names no header", place="--column", hint="write --column amount=Betrag")
    return name, header
