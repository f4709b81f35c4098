"""The flags that mean the same everywhere."""

from __future__ import annotations

from typing import Annotated, Optional

import typer


def _known_format(name: str) -> str:
    from llmcost.cli import session
    from llmcost.render import FORMATS

    return session.one_of(name, tuple(FORMATS), "--format", "format")


Db = Annotated[
    Optional[str],
    typer.Option("--db", envvar="LLMCOST_DB", help="The ledger file.  [default: llmcost.duckdb]", show_default=False),
]
ConfigFile = Annotated[
    Optional[str],
    typer.Option("--config", help="The config file.  [default: llmcost.yaml, looked for upwards]", show_default=False),
]
Log = Annotated[
    Optional[list[str]],
    typer.Option(
        "--log",
        metavar="PATH",
        help="Read these logs into a throw-away ledger instead of using the store. May be repeated.",
    ),
]
Since = Annotated[
    Optional[str],
    typer.Option("--since", metavar="TIME", help="From this day or instant on (a bare date is a day in --tz)."),
]
Until = Annotated[
    Optional[str], typer.Option("--until", metavar="TIME", help="Up to, not including, this day or instant.")
]
Last = Annotated[
    Optional[str], typer.Option("--last", metavar="LENGTH", help="The last 24h, 7d, 4w, 3 months ... counted from now.")
]
By = Annotated[
    Optional[str],
    typer.Option(
        "--by",
        metavar="DIMENSIONS",
        help="Group by these, separated by commas: agent,feature,user,plan,model,day,tag:KEY ...",
    ),
]
Where = Annotated[
    Optional[str],
    typer.Option(
        "--where", metavar="CONDITION", help="Only rows that meet this: \"model = 'gpt-5' and plan = 'free'\"."
    ),
]
Tz = Annotated[
    Optional[str],
    typer.Option(
        "--tz", metavar="ZONE", help="Time zone of days, such as Europe/Berlin.  [default: UTC]", show_default=False
    ),
]
Currency = Annotated[
    Optional[str],
    typer.Option("--currency", metavar="CODE", help="Currency of the figures.  [default: USD]", show_default=False),
]
Cost = Annotated[
    str,
    typer.Option(
        "--cost", metavar="KIND", help="computed (ours), list, contracted, source (what the logs recorded) or invoiced."
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, json, ndjson, csv or markdown.",
        callback=_known_format,  # before a log is read for it
    ),
]
Output = Annotated[
    Optional[str],
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file, whole or not at all, instead of stdout."),
]
Wait = Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long a locked store is waited for.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say less on stderr.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the stack trace of an error.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 4 when there are no rows.")]
