"""llmcost baseline"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Optional

import typer

from llmcost.cli import options, session

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def baseline() -> None:
    """What a later gate is held to.

    \b
    llmcost baseline save baseline.json --last 30d
    llmcost baseline save main.json --match tag:case --cases eval.jsonl
    """


@app.command("save", short_help="Keep what is measured now, for a gate to compare with")
def save(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; replaced whole.")],
    per: Annotated[
        Optional[str],
        typer.Option("--per", metavar="DIMENSIONS", help="Also keep these groups, beside those of the rules."),
    ] = None,
    match: Annotated[
        Optional[str],
        typer.Option("--match", metavar="FIELD", help="Keep evaluation cases; this names a case: tag:case."),
    ] = None,
    cases: Annotated[
        Optional[list[str]],
        typer.Option(
            "--cases", metavar="PATH", help="The evaluation's own logs; else cases are looked for among all rows."
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="DIMENSIONS", help="What cases and production are grouped by.")
    ] = "agent",
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Writes a baseline: the figures that the rules of llmcost.yaml ask about, the volume of production, evaluation cases.

    \b
    llmcost baseline save baseline.json --last 30d
    llmcost baseline save main.json --match tag:case --cases eval.jsonl    production from the store, cases from a log
    llmcost baseline save main.json --match tag:case --log eval.jsonl      cases only

    Then: llmcost gate --baseline FILE. The same figures are the same bytes. Without --since or --last the window is gate.window
    when llmcost.yaml has rules, else all data.
    """
    import os

    from llmcost import windows
    from llmcost.budgets import baseline as budgets
    from llmcost.budgets.metrics import OF_FIGURES, Asked
    from llmcost.budgets.rules import Rule, from_config
    from llmcost.cli.gate import window_of
    from llmcost.errors import UsageError
    from llmcost.render import write

    settings = session.config(config)
    if cases and match is None:
        raise UsageError("needs --match", place="--cases", hint="--match tag:case says which field names a case")
    if match is not None:
        session.dimensions(match, "--match")
    rules = [rule for rule in from_config(settings, None) if rule.metric in OF_FIGURES]
    rules += [Rule("per", "cost", per=tuple(session.dimensions(per, "--per") or ()))]
    zone, at = session.zone(tz, settings), windows.now(os.environ)
    window, name = window_of(settings, since, until, last, zone, uses_config=True)
    condition = session.condition(where)
    with ExitStack() as stack:
        store = stack.enter_context(session.ledger(db, log, settings, wait_s=wait, quiet=quiet))
        asked = Asked(store, settings, lambda: session.catalogue(settings), condition, window, zone, at)
        evaluation = None
        if cases:
            other = stack.enter_context(session.ledger(None, cases, settings, wait_s=wait, quiet=quiet))
            evaluation = Asked(other, settings, asked.catalogue, condition, windows.Window(), zone, at)
        groups = tuple(session.dimensions(by, "--by") or ())
        wanted = budgets.Wanted(rules, match, groups, evaluation)
        document = budgets.take(asked, wanted, name=name, where=where)
    write(budgets.as_text(document), file)
    session.say(f"saved {file}: {budgets.summary(document)}", quiet=quiet)
