"""llmcost simulate: what the same traffic would have cost under another policy"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def simulate(
    policy: Annotated[str, typer.Argument(metavar="POLICY.yaml", help="The policy: models, rules, caps.")],
    explain: Annotated[bool, typer.Option("--explain", help="Also every way that requests took, per rule.")] = False,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
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
    """Replays the logged traffic under a routing policy: cost, interval, quality, latency, and what it all rests on.

    \b
    llmcost simulate cheap-first.yaml
    llmcost simulate cheap-first.yaml --explain --where "plan = 'free'"
    llmcost simulate cheap-first.yaml --log logs/ --format json

    A request that goes to another model loses its cache there, and its tokens are those of that model where the log
    knows them. What is assumed is listed; without measured token ratios there is no interval.
    """
    from pathlib import Path

    from llmcost.errors import UNDECIDED
    from llmcost.routing import policy as language
    from llmcost.routing import simulate as replay
    from llmcost.routing import view
    from llmcost.routing.placed import Question

    settings = session.config(config)
    session.only_usd(currency, settings)
    told = language.load(Path(policy))
    zone = session.zone(tz, settings)
    question = Question(session.condition(where), session.window(since, until, last, zone), zone)
    prices = session.catalogue(settings)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        found = replay.simulate(store, settings, told, prices, question, digest=session.digest(settings))
        programs = format in ("json", "ndjson", "csv")
        tables = [view.as_document(found)] if programs else view.for_people(found, explain=explain)
    session.show(tables, format, output)
    if strict and not view.requests_of(found):
        raise typer.Exit(UNDECIDED)
