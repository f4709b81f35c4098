"""llmcost gate"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def gate(
    max_cost: Annotated[
        Optional[str], typer.Option("--max-cost", metavar="USD", help="The budget of the window.", show_default=False)
    ] = None,
    per: Annotated[
        Optional[str],
        typer.Option("--per", metavar="DIMENSIONS", help="Hold every group to the budget: --per feature."),
    ] = None,
    warn_at: Annotated[
        Optional[str],
        typer.Option("--warn-at", metavar="SHARE", help="Warn above this share of the budget, such as 80%."),
    ] = None,
    max_unpriced: Annotated[
        Optional[str],
        typer.Option(
            "--max-unpriced",
            metavar="SHARE",
            help="More unpriced requests than this cannot be judged.  [default: gate.max_unpriced_share, else 0%]",
            show_default=False,
        ),
    ] = None,
    max_data_age: Annotated[
        Optional[str],
        typer.Option(
            "--max-data-age",
            metavar="LENGTH",
            help="Older data cannot be judged: 36h.  [default: gate.max_data_age]",
            show_default=False,
        ),
    ] = None,
    soft: Annotated[bool, typer.Option("--soft", help="Report the verdict, but exit 0.")] = False,
    report: Annotated[
        Optional[list[str]],
        typer.Option(
            "--report",
            metavar="FORMAT=FILE",
            help="Also write the verdict: json=gate.json, markdown=gate.md. May be repeated.",
        ),
    ] = None,
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
    debug: options.Debug = False,
) -> None:
    """A budget as a CI verdict: exit 0 within it, 3 above it, 4 when it cannot be judged.

    \b
    llmcost gate --max-cost 100 --last 1d
    llmcost gate --max-cost 20 --per feature --warn-at 80% --log logs/
    llmcost gate --max-cost 9500 --since 2026-10-01 --report markdown=gate.md

    It cannot be judged when there are no rows, when they are older than --max-data-age, or when more of them than
    --max-unpriced have no price: an unknown cost is not zero.
    """
    import os
    from datetime import timedelta

    from llmcost import config as values
    from llmcost import windows
    from llmcost.budgets import gate as budgets
    from llmcost.errors import UsageError
    from llmcost.render import render, write

    settings = session.config(config)
    budget = values.number(max_cost) if max_cost is not None else None
    if max_cost is None:
        raise UsageError("no budget", place="--max-cost", hint="llmcost gate --max-cost 100 --last 1d")
    if budget is None or budget < 0:
        raise UsageError(
            f"'{max_cost}' is no amount of USD", place="--max-cost", hint="write --max-cost 100 or --max-cost 0.50"
        )
    age = values.duration(max_data_age or settings.gate["max_data_age"] or "")
    if max_data_age and (age is None or age.seconds is None):
        raise UsageError(f"'{max_data_age}' is no length of time", place="--max-data-age", hint="write 36h or 2d")
    targets = [_target(text) for text in report or []]
    zone = session.zone(tz, settings)
    limits = budgets.Limits(
        max_cost=budget,
        per=session.dimensions(per, "--per") or (),
        warn_at=_share(warn_at, "--warn-at"),
        max_unpriced_share=_share(max_unpriced, "--max-unpriced")
        if max_unpriced
        else settings.gate["max_unpriced_share"] or values.share("0"),
        max_unattributed_share=settings.gate["max_unattributed_share"],
        max_data_age=timedelta(seconds=age.seconds) if age and age.seconds else None,
    )
    window = session.window(since, until, last, zone)
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        verdict = budgets.judge(
            store,
            settings,
            limits,
            session.condition(where),
            window,
            zone,
            windows.now(os.environ),
        )
    table = budgets.as_table(verdict, zone)
    for form, path in targets:
        write(render(table, form), path)
    session.show(table, format, output)
    if verdict.exit_code and not soft:
        raise typer.Exit(verdict.exit_code)


def _share(text: str | None, flag: str) -> Decimal | None:
    from llmcost import config as values
    from llmcost.errors import UsageError

    if text is None:
        return None
    found = values.share(text)
    if found is None:
        raise UsageError(f"'{text}' is no share", place=flag, hint="write 80%")
    return found


def _target(text: str) -> tuple[str, str]:
    from llmcost.errors import UsageError

    form, mark, path = text.partition("=")
    if not mark or not path:
        raise UsageError(f"'{text}' names no file", place="--report", hint="write --report json=gate.json")
    return session.one_of(form, ("json", "markdown", "csv", "table"), "--report", "format"), path
