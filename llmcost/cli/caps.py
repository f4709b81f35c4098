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
        bool,
        typer.Option(
            "--detail",
            help="Also bounds, costs by mix and user, candidates, window kinds, margins, lifetimes, sensitivity, who is over.",
        ),
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
    from llmcost.caps import detail as detailed
    from llmcost.caps.recommend import recommend
    from llmcost.caps.traffic import Asked
    from llmcost.pricing import levels

    settings = session.config(config)
    if unit is not None:
        session.one_of(unit, ("turn", "request"), "--unit")
    if ltv_basis is not None:
        session.one_of(ltv_basis, ("before", "after"), "--ltv-basis")
    months = _months(ltv_horizon, ltv_basis or settings.ltv["basis"])
    window = rules.parse(f"1/{short}", place="--short")
    zone = session.zone(tz, settings)
    asked = Asked("user", session.condition(where), session.window(since, until, last, zone), zone)
    now_us = int(windows.now(os.environ).timestamp()) * 1_000_000
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, asked.window),
        levels.contracted(store, settings) as contracted,
    ):
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
        further = detailed.tables(store, settings, asked, found) if detail and format not in ("csv", "ndjson") else []
        if format in ("json", "ndjson"):
            document = advice.as_document(found)
            tables = [advice.with_detail(document, further) if further else document]
        else:
            tables = (
                [advice.as_rows(found)] if format == "csv" else [*advice.for_people(found, detail=detail), *further]
            )
        session.show(levels.noted(tables, contracted=contracted), format, output)
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
    gateway: Annotated[
        Optional[str],
        typer.Option(
            "--as", metavar="GATEWAY", help="litellm-budget, litellm-end-user, litellm-budget-manager or litellm-rate."
        ),
    ] = None,
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
    llmcost caps simulate --cap 4.50/month --as litellm-budget

    Without --cap the caps of llmcost.yaml are replayed. Blocked requests do not count; --counts attempts counts them.
    --as replays a gateway's own rules: a LiteLLM budget is charged after the answer, starts anew on the clock and calendar,
    and refuses a user from spend >= budget on (litellm-budget), an end user above it (litellm-end-user); BudgetManager has
    1, 7, 28 or 365 days from the last start; litellm-rate is rpm and tpm: fixed windows opened by the first request.
    """
    from llmcost.caps import cap as rules
    from llmcost.caps import litellm
    from llmcost.caps import simulate as simulation
    from llmcost.caps.traffic import Asked, left_out
    from llmcost.errors import UNDECIDED, UsageError
    from llmcost.pricing import levels

    settings = session.config(config)
    words = {"kind": kind, "counts": counts, "on_limit": on_limit}
    if gateway is not None:
        session.one_of(gateway, litellm.MODES, "--as")
        if kind != "rolling":
            raise UsageError(
                f"--kind {kind} cannot stand beside --as", place="--as", hint="the gateway has kinds of its own"
            )
        unit = unit or ("request" if gateway == "litellm-rate" else "usd")
    if gateway is not None:
        words["kind"] = "aligned"  # so that a month may be written; the gateway's own kind takes its place
    given = [rules.parse(text, unit=unit or "request", **words) for text in cap or ()]
    if gateway is not None:
        given = [litellm.as_litellm(one, gateway) for one in given]
    if not given and not settings.caps:
        raise UsageError("there is no cap", place="--cap", hint="write --cap 80/3h, or caps: in llmcost.yaml")
    dimension = (session.dimensions(per, "--per") or ["user"])[0]
    zone = session.zone(tz, settings)
    asked = Asked(dimension, session.condition(where), session.window(since, until, last, zone), zone)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, asked.window),
        levels.contracted(store, settings) as contracted,
    ):
        usual = unit or ("turn" if left_out(store, settings, asked).has_turns else "request")
        caps = [rules.parse(text, unit=usual, **words) for text in cap] if cap else rules.from_config(settings, usual)
        if gateway is not None:
            caps = [litellm.as_litellm(one, gateway) for one in caps]
        needs_prices = any(one.on_limit == "downgrade" for one in caps)
        prices = session.catalogue(settings) if needs_prices else None
        prices = levels.at(prices, "contracted") if prices and contracted else prices
        found = simulation.simulate(store, settings, asked, caps, prices)
        if decisions is not None:
            session.write_csv(("request_id", "served"), simulation.decisions(store, caps), decisions)
        table = simulation.as_table(found, caps, asked)
        session.show(levels.noted([table], contracted=contracted), format, output)
    if strict and not found.done.requests:
        raise typer.Exit(UNDECIDED)


@app.command("export", short_help="Caps for a gateway, and what it would decide otherwise")
def export(
    to: Annotated[str, typer.Option("--to", metavar="GATEWAY", help="litellm or json.")],
    cap: Annotated[
        Optional[list[str]],
        typer.Option("--cap", metavar="LIMIT/WINDOW", help="Instead of the caps of llmcost.yaml. May be repeated."),
    ] = None,
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
    recommended: Annotated[
        bool,
        typer.Option("--recommended", help="The caps that llmcost caps recommends, instead of those of llmcost.yaml."),
    ] = False,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Writes caps as a gateway takes them, says what it cannot hold, and replays both to count decisions that differ.

    \b
    llmcost caps export --to litellm                       the caps of llmcost.yaml as LiteLLM budgets
    llmcost caps export --to litellm --recommended         those that llmcost caps recommends
    llmcost caps export --to litellm --cap 80/3h --unit request -o budgets.json
    llmcost caps export --to json                          the caps alone, for a gateway of your own

    JSON on stdout or in the file; what is lost and how many decisions differ on stderr too.
    """
    import os

    from llmcost import windows
    from llmcost.caps import cap as rules
    from llmcost.caps import handover
    from llmcost.caps.recommend import recommend
    from llmcost.caps.traffic import Asked, left_out
    from llmcost.errors import UsageError
    from llmcost.pricing import levels

    session.one_of(to, ("litellm", "json"), "--to")
    settings = session.config(config)
    if not cap and not settings.caps and not recommended:
        raise UsageError(
            "there is no cap", place="--cap", hint="write --cap 80/3h, --recommended, or caps: in llmcost.yaml"
        )
    given = [rules.parse(text, unit=unit or "request", kind=kind) for text in cap or ()]
    zone = session.zone(tz, settings)
    asked = Asked("user", session.condition(where), session.window(since, until, last, zone), zone)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        levels.contracted(store, settings) as contracted,
    ):
        usual = unit or ("turn" if left_out(store, settings, asked).has_turns else "request")
        if cap:
            given = [rules.parse(text, unit=usual, kind=kind) for text in cap]
        elif recommended:
            window = rules.parse("1/3h", place="--short")
            now_us = int(windows.now(os.environ).timestamp()) * 1_000_000
            given = recommend(store, settings, asked, now_us=now_us, window=window, unit=unit).caps
        else:
            given = rules.from_config(settings, usual)
        table = handover.to_litellm(store, settings, asked, given) if to == "litellm" else handover.to_json(given)
    session.show(table, "json", output)
    if contracted:
        session.say(levels.CONTRACTED, quiet=quiet)
    for sentence in handover.sentences(table) if to == "litellm" else ():
        session.say(sentence, quiet=quiet)
