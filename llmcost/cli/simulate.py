"""llmcost simulate: what the same traffic would have cost under another policy"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from llmcost.cli import options, session

if TYPE_CHECKING:
    from llmcost.config import Config
    from llmcost.routing.placed import Question
    from llmcost.routing.policy import Policy

PROGRAMS = ("json", "ndjson", "csv")


def simulate(
    policy: Annotated[
        Optional[str], typer.Argument(metavar="[POLICY.yaml]", help="The policy: models, rules, caps.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also every way that requests took, per rule.")] = False,
    ideal: Annotated[
        bool, typer.Option("--ideal", help="The bound: the cheapest among the best answers, by paired quality.")
    ] = False,
    easy_share: Annotated[
        Optional[list[str]],
        typer.Option(
            "--easy-share",
            metavar="[FEATURE=]RANGE",
            help="With --ideal: assume that such a share is easy, 20%..80%, or chat=20%..80%,digest=50%.",
        ),
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Without a policy: tries the standard moves, and says what each saves.")
    ] = False,
    export: Annotated[
        Optional[str],
        typer.Option("--export", metavar="ROUTER", help="Write the router configuration instead: litellm."),
    ] = None,
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
    llmcost simulate routers.yaml --ideal                     what no router can beat
    llmcost simulate routers.yaml --ideal --easy-share 20%..80%
    llmcost simulate routers.yaml --ideal --easy-share chat=20%..80%,digest=50%
    llmcost simulate --suggest                                which moves would save, and what each risks
    llmcost simulate cheap-first.yaml --export litellm --output config.yaml

    A request that goes to another model loses its cache there, and its tokens are those of that model where the log
    knows them. What is assumed is listed; without measured token ratios there is no interval.
    """
    from dataclasses import replace
    from pathlib import Path

    from llmcost.errors import UNDECIDED, UsageError
    from llmcost.pricing import levels
    from llmcost.routing import bounds, easy, language, view
    from llmcost.routing import simulate as replay
    from llmcost.routing.placed import Question

    if easy_share and not ideal:
        raise UsageError(
            "is for --ideal", place="--easy-share", hint="llmcost simulate POLICY.yaml --ideal --easy-share 20%..80%"
        )
    settings = session.config(config)
    if suggest:
        with_policy = policy or ("--export" if export else "--ideal" if ideal else None)
        if with_policy:
            raise UsageError(
                f"writes its own policies, so '{with_policy}' says nothing to it",
                place="--suggest",
                hint="llmcost simulate --suggest",
            )
        zone = session.zone(tz, settings)
        question = Question(session.condition(where), session.window(since, until, last, zone), zone)
        _suggest(settings, question, currency, format, output, db=db, log=log, wait=wait, quiet=quiet, strict=strict)
        return
    if policy is None:
        raise UsageError(
            "no policy", place="simulate", hint="llmcost simulate POLICY.yaml, or llmcost simulate --suggest"
        )
    told = language.load(Path(policy))
    if export is not None:
        session.one_of(export, ("litellm",), "--export", "router")
        _export(told, output, quiet=quiet)
        return
    ranges = easy.ranges(easy_share) if easy_share else None
    zone = session.zone(tz, settings)
    question = Question(session.condition(where), session.window(since, until, last, zone), zone)
    prices = session.catalogue(settings)
    programs = format in PROGRAMS
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, question.window),
        levels.contracted(store, settings) as contracted,
    ):
        prices = levels.at(prices, "contracted") if contracted else prices
        if ranges is not None:
            assumed = easy.assumed(store, settings, told, prices, question, ranges)
            session.show(levels.noted([assumed], contracted=contracted), format, output)
            return
        asked = replace(told, bootstrap=0) if ideal else told
        found = replay.simulate(
            store, settings, asked, prices, question, digest=session.digest(settings), by_rule=explain
        )
        if ideal:
            tables = [bounds.as_document(found) if programs else bounds.for_people(found)]
        else:
            tables = [view.as_document(found)] if programs else view.for_people(found, explain=explain)
        session.show(levels.noted(tables, contracted=contracted), format, output)
    if strict and not view.requests_of(found):
        raise typer.Exit(UNDECIDED)


def _suggest(
    settings: Config,
    question: Question,
    currency: str | None,
    format: str,
    output: str | None,
    *,
    db: str | None,
    log: list[str] | None,
    wait: float,
    quiet: bool,
    strict: bool,
) -> None:
    from llmcost.errors import UNDECIDED
    from llmcost.pricing import levels
    from llmcost.routing import suggestions
    from llmcost.routing.suggest import suggest

    prices = session.catalogue(settings)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, question.window),
        levels.contracted(store, settings) as contracted,
    ):
        prices = levels.at(prices, "contracted") if contracted else prices
        tried = suggest(store, settings, prices, question, digest=session.digest(settings))
        tables = [suggestions.as_document(tried)] if format in PROGRAMS else suggestions.for_people(tried)
        session.show(levels.noted(tables, contracted=contracted), format, output)
    if strict and not tried.requests:
        raise typer.Exit(UNDECIDED)


def _export(policy: Policy, output: str | None, *, quiet: bool) -> None:
    """The configuration on stdout or in a file; on stderr what it cannot express."""
    from llmcost.render import write
    from llmcost.routing import litellm

    text, missing = litellm.configuration(policy)
    write(text, output)
    for sentence in missing:
        session.say(f"not expressed: {sentence}", quiet=quiet)
