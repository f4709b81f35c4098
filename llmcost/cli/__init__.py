"""The command line: one module per verb; each parses flags, calls a room and hands a Table to render."""

from __future__ import annotations

import typer

from llmcost.cli import (
    anomalies,
    baseline,
    breakeven,
    caps,
    diff,
    explain,
    export,
    forecast,
    gate,
    ingest,
    prices,
    reconcile,
    report,
    reprice,
    sample,
    score,
    simulate,
    sources,
    sql,
)

app = typer.Typer(
    name="llmcost",
    help="""Where the money of an LLM product goes, from the request logs you already have.

    \b
    llmcost report logs/                      spend by feature, agent ..., no set-up
    llmcost report logs/ --by agent,model     grouped as you like
    llmcost ingest logs/ && llmcost report    keep a ledger, read only what is new
    llmcost caps simulate --cap 80/3h         what a cap would block and save
    llmcost simulate POLICY.yaml              the same traffic under another policy
    llmcost explain REQUEST_ID                the arithmetic of one request
    llmcost gate --max-cost 100 --last 1d     a budget check for CI
    """,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)

COMMANDS = (
    ("report", report.report, "Spend by agent, feature, user, plan, model, day ..."),
    ("ingest", ingest.ingest, "Read logs into the store, whatever their format"),
    ("explain", explain.explain, "The arithmetic of one request, to the last digit"),
    ("diff", diff.diff, "Why the cost changed: price, volume and mix"),
    ("forecast", forecast.forecast, "What the month will cost, with a range"),
    ("anomalies", anomalies.anomalies, "Days that stand out, and what drove them"),
    ("simulate", simulate.simulate, "What the same traffic would have cost under another policy"),
    ("sample", sample.sample, "Requests to evaluate before a policy is switched on"),
    ("score", score.score, "RouteLLM's scores for the prompts of a log"),
    ("export", export.export, "Files that finance can load"),
    ("close", export.close, "Month end: later changes go out as corrections"),
    ("gate", gate.gate, "A budget as a CI verdict"),
    ("gate", gate.gate, "Budgets and regressions as a CI verdict"),
    ("reconcile", reconcile.reconcile, "Our figures against the provider's bill"),
    ("sql", sql.sql, "Read-only SQL over the ledger"),
    ("reprice", reprice.reprice, "Price stored requests again after prices changed"),
    ("sources", sources.sources, "What can be read, and how to get it"),
)
for _name, _verb, _short in COMMANDS:
    app.command(_name, short_help=_short)(_verb)
app.add_typer(baseline.app, name="baseline", short_help="What a later gate is held to")
app.add_typer(caps.app, name="caps", short_help="What a user may cost, and what caps would do")
app.add_typer(breakeven.app, name="breakeven", short_help="From which volume another way of buying pays")
app.add_typer(prices.app, name="prices", short_help="The price catalogue: list, show, check, diff, sync")


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", "-V", help="Show the version and exit."),
) -> None:
    if version:
        from llmcost import __version__

        typer.echo(f"llmcost {__version__}")
        raise typer.Exit
