"""llmcost export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from llmcost.cli import options, session


def export(
    dataset: Annotated[
        str,
        typer.Option("--dataset", metavar="NAME", help="daily (sums by day) or requests (every row of the ledger)."),
    ] = "daily",
    to: Annotated[
        Optional[str],
        typer.Option(
            "--to",
            metavar="DIR",
            help="A folder of days with a manifest.  [default: export.to of the config, else stdout]",
            show_default=False,
        ),
    ] = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="csv or ndjson.")] = "csv",
    output: options.Output = None,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Files that finance can load: the same input gives the same bytes, and a crash leaves nothing half written.

    \b
    llmcost export --to exports/                                     daily sums, one file per UTC day, and a manifest
    llmcost export --dataset requests --format ndjson -o all.ndjson  every request; llmcost ingest reads it back
    llmcost export --last 35d --to exports/                          only those days, others stay as they are
    """
    from llmcost.errors import UsageError
    from llmcost.exports import files
    from llmcost.exports.datasets import DATASETS

    settings = session.config(config)
    chosen = DATASETS[session.one_of(dataset, tuple(DATASETS), "--dataset", "dataset")]
    form = session.one_of(format, files.FORMATS, "--format", "format")
    if to is not None and output is not None:
        raise UsageError(
            "cannot stand beside --to", place="--output", hint="--to is a folder of days, --output one file"
        )
    folder = to if to is not None or output is not None else settings.export["to"]
    condition = session.condition(where)
    window = session.window(since, until, last, "UTC")
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        if folder is None:
            files.to_stream(store, settings, chosen, form, output, condition, window)
            return
        done = files.to_folder(store, settings, chosen, form, Path(folder), condition, window)
    if not quiet:
        session.show(files.summary(done), "table", None)
