"""llmcost ingest"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def ingest(
    paths: Annotated[
        Optional[list[str]],
        typer.Argument(metavar="PATH...", help="Files, folders, globs, - for stdin; .gz and .zst as they are."),
    ] = None,
    date: Annotated[
        Optional[str], typer.Option("--date", metavar="DAY", help="The day of rows that carry no time.")
    ] = None,
    show_quarantine: Annotated[
        bool,
        typer.Option("--show-quarantine", help="List the lines that could not be read, with file, line and reason."),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Exit 4 if any file or line could not be read; what could be is kept all the same."
        ),
    ] = False,
    explain: Annotated[
        Optional[str],
        typer.Option(
            "--explain",
            metavar="FILE",
            help="Say how this file is recognised and what its first records become; read nothing.",
        ),
    ] = None,
    format: options.Format = "table",
    output: options.Output = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Read logs into the store, whatever their format; what was read before is not counted twice.

    \b
    llmcost ingest logs/
    llmcost ingest 's3-sink/**/*.json.gz' spend_logs.csv
    psql "$DB" -c '\\copy (SELECT * FROM "LiteLLM_SpendLogs") TO STDOUT CSV HEADER' | llmcost ingest -
    llmcost ingest --show-quarantine
    llmcost ingest --explain odd.csv
    """
    from llmcost.errors import UNDECIDED, UsageError
    from llmcost.sources import view

    settings = session.config(config)
    if explain is not None:
        from llmcost.sources.explanation import explanation

        session.show(explanation(explain, settings, session.catalogue(settings)), format, output)
        return
    path = session.ledger_path(db)
    if not paths and not show_quarantine:
        raise UsageError("no logs named", place="ingest", hint="llmcost ingest logs/")
    is_complete = True
    if paths:
        report = session.read(paths, path, settings, wait_s=wait, quiet=quiet, default_date=date, keep_going=strict)
        for note in report.notes:
            session.say(f"warning: {note}", quiet=quiet)
        is_complete = report.is_complete
        if not show_quarantine and not (quiet and format == "table"):
            session.show(view.ingested(report, str(path)), format, output)
    if show_quarantine:
        with session.ledger(db, None, settings, wait_s=wait, quiet=quiet) as store:
            table = view.quarantine(store)
        is_complete &= not table.rows
        session.show(table, format, output)
    if strict and not is_complete:
        raise typer.Exit(UNDECIDED)
