"""llmcost caps: what a user may cost, and what caps would do"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from llmcost.cli import options, session

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def caps(
    ctx: typer.Context,
    unit: Annotated[
        Optional[str],
        typer.Option("--unit", help="turn or request.  [default: turn where turns are known]", show_default=False),
    ] = None,
    short: Annotated[
        str, typer.Option("--short", metavar="WINDOW", help="The short window that a cap is looked for in.")
    ] = "3h",
    ltv_basis: Annotated[
        Optional[str],
        typer.Option("--ltv-basis", help="What the ltv of users.csv is: before or after LLM cost. It then wins."),
    ] = None,
    ltv_horizon: Annotated[
        Optional[str],
        typer.Option(
            "--ltv-horizon", metavar="LENGTH", help="The time that ltv spans, such as 12 months.  [default: a life]"
        ),
    ] = None,
    detail: Annotated[
        bool, typer.Option("--detail", help="Also the bounds, the costs, five candidates, and who is over.")
    ] = False,
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
    """What a user is worth, what a user may cost, and the caps that follow from it.

    \b
    llmcost caps                               one row per plan of llmcost.yaml
    llmcost caps --detail --short 5h           every bound, five candidates, who is over
    llmcost caps --log logs/ --format json     for programs

    Needs plans: and ltv: in llmcost.yaml, and counts the silent users of users.csv too. A plan that lacks what it takes
    is shown without a cap, with the reason.
    """
    from llmcost.errors import UNDECIDED, UsageError

    if ctx.invoked_subcommand is not None:
        given = [name for name in ctx.params if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"]
        if given:
            raise UsageError(
                f"--{given[0].replace('_', '-')} stands before {ctx.invoked_subcommand}",
                place="caps",
                hint=f"write it behind: llmcost caps {ctx.invoked_subcommand} ...",
            )
        return

    import os

    from llmcost import windows
    from llmcost.caps import advice
    from llmcost.caps import cap as rules
    from llmcost.caps.recommend import recommend
    from llmcost.caps.traffic import Asked

    settings = session.config(config)
    session.only_usd(currency, settings)
    if unit is not None:
        session.one_of(unit, ("turn", "request"), "--unit")
    if ltv_basis is not None:
        session.one_of(ltv_basis, ("before", "after"), "--ltv-basis")
    months = _months(ltv_horizon, ltv_basis)
    window = rules.parse(f"1/{short}", place="--short")
    zone = session.zone(tz, settings)
    asked = Asked("user", session.condition(where), session.window(since, until, last, zone), zone)
    now_us = int(windows.now(os.environ).timestamp()) * 1_000_000
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        found = recommend(
            store,
            settings,
            asked,
            now_us=now_us,
            window=window,
            unit=unit,
            ltv_basis=ltv_basis,
            ltv_months=months,
        )
        if format in ("json", "ndjson"):
            tables = [advice.as_document(found)]
        else:
            tables = [advice.as_rows(found)] if format == "csv" else advice.for_people(found, detail=detail)
    session.show(tables, format, output)
    if strict and not found.days:
        raise typer.Exit(UNDECIDED)


def _months(horizon: str | None, basis: str | None) -> int | None:
    """--ltv-horizon in whole months."""
    from llmcost.caps.worth import months
    from llmcost.config import duration
    from llmcost.errors import UsageError

    if horizon is None:
        return None
    length = duration(horizon)
    if length is None or months(length) != int(months(length)):
        raise UsageError(
            f"'{horizon}' is no whole number of months", place="--ltv-horizon", hint="write '12 months' or 1y"
        )
    if basis is None:
        raise UsageError("needs --ltv-basis", place="--ltv-horizon", hint="say --ltv-basis before or after")
    return int(months(length))


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
