"""llmcost gate"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from llmcost.cli import options, session

if TYPE_CHECKING:
    from llmcost.budgets.gate import Limits
    from llmcost.budgets.rules import Rule
    from llmcost.budgets.verdict import Verdict
    from llmcost.config import Config
    from llmcost.model import Table
    from llmcost.windows import Window

GITHUB = "github"


def gate(
    max_cost: Annotated[
        Optional[str],
        typer.Option(
            "--max-cost", metavar="USD", help="One budget, in place of the rules of llmcost.yaml.", show_default=False
        ),
    ] = None,
    per: Annotated[
        Optional[str],
        typer.Option("--per", metavar="DIMENSIONS", help="Hold every group to the budget: --per feature."),
    ] = None,
    warn_at: Annotated[
        Optional[str],
        typer.Option("--warn-at", metavar="SHARE", help="Warn above this share of the budget, such as 80%."),
    ] = None,
    baseline: Annotated[
        Optional[str],
        typer.Option("--baseline", metavar="FILE", help="For rules with max_increase: what baseline save has written."),
    ] = None,
    max_increase: Annotated[
        Optional[str],
        typer.Option(
            "--max-increase",
            metavar="SHARE",
            help="The cost per request (with --match: per case) may grow so far: 10%.",
        ),
    ] = None,
    match: Annotated[
        Optional[str],
        typer.Option(
            "--match", metavar="FIELD", help="Compare evaluation cases one by one; this names a case: tag:case."
        ),
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
            help="Also write the verdict: json=F, markdown=F (a comment), junit=F, sarif=F, csv=F; or github, for a workflow. "
            "May be repeated.",
        ),
    ] = None,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Budgets and regressions as a CI verdict: exit 0 within them, 3 above one, 4 when it cannot be judged.

    \b
    llmcost gate                                            the rules of llmcost.yaml, over gate.window
    llmcost gate --max-cost 100 --last 1d                   one budget, no config
    llmcost gate --max-cost 20 --per feature --warn-at 80% --log logs/
    llmcost gate --baseline main.json --max-increase 10% --per agent --last 7d
    llmcost gate --log eval.jsonl --baseline main.json --match tag:case --max-increase 10%
    llmcost gate --report markdown=gate.md --report junit=gate.xml --report github

    It cannot be judged when there are no rows, when they are older than --max-data-age, when more of them than
    --max-unpriced have no price (an unknown cost is not zero), or when the baseline is of another currency or schema.
    Reports are written whatever the verdict.
    """
    import os

    from llmcost import windows
    from llmcost.budgets import gate as budgets
    from llmcost.budgets.metrics import Asked
    from llmcost.budgets.verdict import as_table
    from llmcost.fx import as_shown

    settings = session.config(config)
    file = Path(baseline) if baseline is not None else None
    rules = _rules(settings, max_cost, per, warn_at, file, max_increase, match)
    limits = _limits(settings, max_unpriced, max_data_age)
    targets = [_target(text) for text in report or []]
    zone, at = session.zone(tz, settings), windows.now(os.environ)
    window, name = window_of(settings, since, until, last, zone, uses_config=max_cost is None and max_increase is None)
    if match is not None:
        session.dimensions(match, "--match")
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, window),
    ):
        asked = Asked(store, settings, lambda: session.catalogue(settings), session.condition(where), window, zone, at)
        run = budgets.Session(asked, limits, name, where)
        if match is not None and file is not None:
            verdict = budgets.judge_cases(run, rules, file, match)
        else:
            verdict = budgets.judge(run, rules)
        table = as_shown(as_table(verdict, zone))
        _report(table, verdict, targets)
        session.show(table, format, output)
    if verdict.exit_code and not soft:
        raise typer.Exit(verdict.exit_code)


def _rules(
    settings: Config,
    max_cost: str | None,
    per: str | None,
    warn_at: str | None,
    baseline: Path | None,
    max_increase: str | None,
    match: str | None,
) -> Sequence[Rule]:
    """The rules of the flags, else those of llmcost.yaml."""
    from llmcost.budgets.rules import from_config
    from llmcost.errors import UsageError

    if match is not None and baseline is None:
        raise UsageError(
            "needs a baseline", place="--match", hint="--baseline main.json, written by llmcost baseline save --match"
        )
    rules = _of_flags(max_cost, tuple(session.dimensions(per, "--per") or ()), warn_at, baseline, max_increase, match)
    if rules:
        return rules
    for flag, given in (("--per", per), ("--warn-at", warn_at)):
        if given is not None:
            raise UsageError("belongs to --max-cost", place=flag, hint="llmcost gate --max-cost 100 --per feature")
    found = from_config(settings, baseline)
    if not found and match is None:
        raise UsageError("no budget", place="--max-cost", hint="llmcost gate --max-cost 100 --last 1d")
    for rule in found:
        if rule.max_increase is not None and rule.baseline is None and rule.metric != "cost_per_case":
            raise UsageError(
                f"the rule '{rule.id}' has max_increase and no baseline",
                place=rule.place,
                hint="baseline: FILE in the rule, or --baseline FILE",
            )
    return found


def _of_flags(
    max_cost: str | None,
    groups: tuple[str, ...],
    warn_at: str | None,
    baseline: Path | None,
    max_increase: str | None,
    match: str | None,
) -> list[Rule]:
    from llmcost import config as values
    from llmcost.budgets.rules import Rule
    from llmcost.errors import UsageError

    rules = []
    if max_cost is not None:
        budget = values.number(max_cost)
        if budget is None or budget < 0:
            raise UsageError(
                f"'{max_cost}' is no amount of USD", place="--max-cost", hint="write --max-cost 100 or --max-cost 0.50"
            )
        rules.append(Rule("max-cost", "cost", per=groups, max=budget, warn_at=_share(warn_at, "--warn-at")))
    if max_increase is not None:
        if baseline is None:
            raise UsageError("needs a baseline", place="--max-increase", hint="--baseline main.json")
        allowed = _share(max_increase, "--max-increase")
        metric = "cost_per_request" if match is None else "cost_per_case"
        rules.append(
            Rule("max-increase", metric, per=groups if match is None else (), baseline=baseline, max_increase=allowed)
        )
    return rules


def _limits(settings: Config, max_unpriced: str | None, max_data_age: str | None) -> Limits:
    from datetime import timedelta

    from llmcost import config as values
    from llmcost.budgets.gate import Limits
    from llmcost.errors import UsageError

    age = values.duration(max_data_age or settings.gate["max_data_age"] or "")
    if max_data_age and (age is None or age.seconds is None):
        raise UsageError(f"'{max_data_age}' is no length of time", place="--max-data-age", hint="write 36h or 2d")
    return Limits(
        max_unpriced_share=_share(max_unpriced, "--max-unpriced")
        if max_unpriced
        else settings.gate["max_unpriced_share"] or Decimal(0),
        max_unattributed_share=settings.gate["max_unattributed_share"],
        max_data_age=timedelta(seconds=age.seconds) if age and age.seconds else None,
    )


def window_of(
    settings: Config, since: str | None, until: str | None, last: str | None, tz: str, *, uses_config: bool
) -> tuple[Window, str | None]:
    """By the flags; else gate.window where its rules are asked; else all data. With its name, such as last-month."""
    import os

    from llmcost import windows

    if since is None and until is None and last is None and uses_config and settings.gate["rules"]:
        name = settings.gate["window"]
        return windows.to_date(name, tz, windows.now(os.environ)), name
    return session.window(since, until, last, tz), last


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
    from llmcost.render import REPORTS

    if text == GITHUB:
        return GITHUB, ""
    form, mark, path = text.partition("=")
    session.one_of(form, (*REPORTS, GITHUB), "--report", "format")
    if not mark or not path or form == GITHUB:
        raise UsageError(f"'{text}' names no file", place="--report", hint="write --report json=gate.json, or github")
    return form, path


def _report(table: Table, verdict: Verdict, targets: Sequence[tuple[str, str]]) -> None:
    """Each file whole or not at all; for a workflow, what its runner reads."""
    import os
    import sys

    from llmcost.render import REPORTS, write

    for form, path in targets:
        if form == GITHUB:
            from llmcost.render.github import publish

            # the runner reads both streams, and stdout is for the data
            sys.stderr.write(publish(table, verdict.places(), os.environ))
        else:
            write(REPORTS[form](table, verdict.places()), path)
