"""llmcost caps: what a user may cost, and what caps would do"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session

app = typer.Typer(no_args_is_help=True, help="What a user may cost, and what caps on requests would do.")


@app.command("simulate", short_help="What a cap would block and save")
def simulate(
    cap: Annotated[
        Optional[list[str]],
        typer.Option("--cap", metavar="LIMIT/WINDOW", help="80/3h, 4.50/month ... May be repeated: all must pass."),
    ] = None,
    per: Annotated[str, typer.Option("--per", metavar="DIMENSION", help="Who has the cap.")] = "user",
    unit: Annotated[
        Optional[str],
        typer.Option(
            "--unit", help="turn, request, token or usd.  [default: turn where turns are known]", show_default=False
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option("--kind", help="rolling, first_request, aligned, token_bucket or sliding_counter."),
    ] = "rolling",
    counts: Annotated[str, typer.Option("--counts", help="served or attempts.")] = "served",
    on_limit: Annotated[str, typer.Option("--on-limit", help="block, overage or downgrade:MODEL.")] = "block",
    decisions: Annotated[
        Optional[str],
        typer.Option("--decisions", metavar="FILE.csv", help="Write request_id,served in the order of the replay."),
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
    """Replays the logged traffic under caps: exact windows, ties in the order of the log.

    \b
    llmcost caps simulate --cap 80/3h
    llmcost caps simulate --cap 80/3h --cap 300/7d --on-limit downgrade:gpt-5-mini
    llmcost caps simulate --cap 4.50/month --unit usd --kind aligned --log logs/ --format json

    Without --cap the caps of llmcost.yaml are replayed. Blocked requests do not count; --counts attempts counts them.
    """
    from llmcost.caps import cap as rules
    from llmcost.caps import simulate as simulation
    from llmcost.caps.traffic import Asked, left_out
    from llmcost.errors import UNDECIDED, UsageError

    settings = session.config(config)
    session.only_usd(currency, settings)
    words = {"kind": kind, "counts": counts, "on_limit": on_limit}
    given = [rules.parse(text, unit=unit or "request", **words) for text in cap or ()]
    if not given and not settings.caps:
        raise UsageError("there is no cap", place="--cap", hint="write --cap 80/3h, or caps: in llmcost.yaml")
    dimension = (session.dimensions(per, "--per") or ["user"])[0]
    zone = session.zone(tz, settings)
    asked = Asked(dimension, session.condition(where), session.window(since, until, last, zone), zone)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        usual = unit or ("turn" if left_out(store, settings, asked).has_turns else "request")
        caps = [rules.parse(text, unit=usual, **words) for text in cap] if cap else rules.from_config(settings, usual)
        needs_prices = any(one.on_limit == "downgrade" for one in caps)
        prices = session.catalogue(settings) if needs_prices else None
        found = simulation.simulate(store, settings, asked, caps, prices)
        if decisions is not None:
            session.write_csv(("request_id", "served"), simulation.decisions(store, caps), decisions)
        table = simulation.as_table(found, caps, asked)
    session.show(table, format, output)
    if strict and not found.done.requests:
        raise typer.Exit(UNDECIDED)
