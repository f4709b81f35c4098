"""llmcost sample: request ids to evaluate before a policy is switched on"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def sample(
    policy: Annotated[str, typer.Argument(metavar="POLICY.yaml", help="The policy that would move requests.")],
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many requests.")] = 200,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Picks requests that the policy would move, of every rule, feature and model, to score on both models.

    \b
    llmcost sample cheap-first.yaml -n 200
    llmcost sample cheap-first.yaml -n 200 --format csv --output to-evaluate.csv

    The scores come back through enrich in llmcost.yaml; then simulate knows what the policy does to quality.
    """
    from pathlib import Path

    from llmcost.routing import language
    from llmcost.routing import sample as sampling
    from llmcost.routing.placed import Question

    settings = session.config(config)
    told = language.load(Path(policy))
    zone = session.zone(tz, settings)
    question = Question(session.condition(where), session.window(since, until, last, zone), zone)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        prices = session.priced_with(store, settings)
        table = sampling.sample(store, settings, told, prices, question, number)
    session.show(table, format, output)
