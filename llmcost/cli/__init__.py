"""The command line: one module per verb; each parses flags, calls a room and hands a Table to render."""

from __future__ import annotations

import typer

from llmcost.cli import explain, export, gate, ingest, prices, report, reprice, sources, sql

app = typer.Typer(
    name="llmcost",
    help="""Where the money of an LLM product goes, from the request logs you already have.

    \b
    llmcost report logs/                      spend by feature, agent ..., no set-up
    llmcost report logs/ --by agent,model     grouped as you like
    llmcost ingest logs/ && llmcost report    keep a ledger, read only what is new
    llmcost explain REQUEST_ID                the arithmetic of one request
    llmcost gate --max-cost 100 --last 1d     a budget check for CI
    """,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)

app.command("report")(report.report)
app.command("ingest")(ingest.ingest)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("gate")(gate.gate)
app.command("sql")(sql.sql)
app.command("reprice")(reprice.reprice)
app.command("sources")(sources.sources)
app.add_typer(prices.app, name="prices")


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", "-V", help="Show the version and exit."),
) -> None:
    if version:
        from llmcost import __version__

        typer.echo(f"llmcost {__version__}")
        raise typer.Exit
