"""llmcost export"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from llmcost.cli import options, session

if TYPE_CHECKING:
    from llmcost.config import Config
    from llmcost.exports.asked import Asked
    from llmcost.exports.datasets import Dataset
    from llmcost.exports.files import Written
    from llmcost.store import Store
    from llmcost.windows import Window


def export(
    dataset: Annotated[
        Optional[list[str]],
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="daily, users, requests, caps or focus; may be repeated.  [default: export.datasets of the config, else daily]",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Optional[str],
        typer.Option(
            "--to",
            metavar="DIR",
            help="A folder of days with a manifest.  [default: export.to of the config, else stdout]",
            show_default=False,
        ),
    ] = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="csv, parquet or ndjson.")] = "csv",
    output: options.Output = None,
    focus_version: Annotated[
        str, typer.Option("--focus-version", metavar="VERSION", help="Of the dataset focus: 1.2 or 1.4.")
    ] = "1.2",
    raw_users: Annotated[
        Optional[bool],
        typer.Option(
            "--raw-users/--hashed-users",
            help="Names of users, or digests under the key of the store.  [default: hashed; raw in ndjson, the ledger itself]",
            show_default=False,
        ),
    ] = None,
    sanitize: Annotated[
        bool,
        typer.Option(
            "--sanitize/--no-sanitize",
            help="CSV: a quote before text that a spreadsheet would run; a warehouse needs none.",
        ),
    ] = True,
    require_fresh: Annotated[
        Optional[str],
        typer.Option(
            "--require-fresh", metavar="AGE", help="Write nothing and exit 4 when the data are older than 36h, 2d ..."
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check the files of --to against their manifests; exit 3 when one is not as written."
        ),
    ] = False,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    strict: options.Strict = False,
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
    llmcost export --dataset daily --dataset focus --to exports/     every night; only days that changed are written
    llmcost export --to exports/ --require-fresh 36h                 exit 4 when no new logs came in
    llmcost export --to exports/ --verify                            are the files still what was written?
    llmcost export --dataset requests --format ndjson -o all.ndjson  every request; llmcost ingest reads it back

    Recipes for cron, systemd, GitHub Actions, Airflow, and for loading into warehouses: llmcost/exports/recipes.md
    """
    from llmcost.errors import UNDECIDED, UsageError
    from llmcost.exports.asked import Asked
    from llmcost.exports.datasets import DATASETS
    from llmcost.exports.files import FORMATS
    from llmcost.exports.focus_columns import VERSIONS

    settings = session.config(config)
    named = dataset or list(settings.export["datasets"]) or ["daily"]
    chosen = [DATASETS[session.one_of(one, tuple(DATASETS), "--dataset", "dataset")] for one in dict.fromkeys(named)]
    form = session.one_of(format, FORMATS, "--format", "format")
    for one in chosen:
        session.one_of(form, one.formats, "--format", f"format of {one.name}")
    session.one_of(focus_version, VERSIONS, "--focus-version", "version")
    if to is not None and output is not None:
        raise UsageError(
            "cannot stand beside --to", place="--output", hint="--to is a folder of days, --output one file"
        )
    folder = Path(to or settings.export["to"]) if to is not None or (output is None and settings.export["to"]) else None
    if verify:
        _verify(folder)
        return
    if folder is None and len(chosen) > 1:
        raise UsageError("several datasets need a folder", place="--dataset", hint="llmcost export --to exports/")
    if folder is None and form == "parquet" and output is None:
        raise UsageError("parquet needs a file", place="--format", hint="--output FILE or --to DIR")
    raw = raw_users if raw_users is not None else form == "ndjson" and settings.privacy["user"] == "raw"
    asked = Asked(session.condition(where), raw, sanitize, focus_version)
    window = session.window(since, until, last, "UTC")
    rows = 0
    with session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store:
        if require_fresh is not None:
            _require_fresh(store, require_fresh)
        for one in chosen:
            if folder is None:
                rows += _stream(store, settings, one, form, output, asked, window)
                continue
            from llmcost.exports import files

            done = files.to_folder(store, settings, one, form, folder, asked, window, at=session.now(), wait_s=wait)
            rows += done.days
            _tell(done, quiet=quiet)
    if strict and not rows:
        raise typer.Exit(UNDECIDED)


def close(
    month: Annotated[
        str, typer.Argument(metavar="MONTH", help="A month that is over, such as 2026-10.", show_default=False)
    ],
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Open it again: the next export writes its days anew, without corrections.")
    ] = False,
    to: Annotated[
        Optional[str],
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder of the export.  [default: export.to of the config]",
            show_default=False,
        ),
    ] = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Month end: the files of a month stay as they are, and what changes later goes out as rows of its own.

    \b
    llmcost close 2026-10                 the folder of export.to in llmcost.yaml
    llmcost close 2026-10 --to exports/
    llmcost close --reopen 2026-10
    """
    from llmcost.errors import UsageError
    from llmcost.exports import corrections, manifest
    from llmcost.exports.datasets import DATASETS

    settings = session.config(config)
    given = to or settings.export["to"]
    if given is None:
        raise UsageError("no folder", place="--to", hint="llmcost close 2026-10 --to exports/")
    bases = [Path(given) / one.name / "v1" for one in DATASETS.values() if one.closes]
    bases = [base for base in bases if (base / manifest.NAME).is_file()]
    if not bases:
        raise UsageError("holds no export that can be closed", place=str(given), hint="llmcost export --to DIR first")
    for base in bases:
        files = corrections.close(base, base.parent.name, month, session.now(), wait_s=wait, reopen=reopen)
        if not quiet:
            print(f"{base.parent.name}: {month} {'opened again' if reopen else 'closed'}, {files} files")  # noqa: T201


def _verify(folder: Path | None) -> None:
    from llmcost.errors import BREACH, UsageError
    from llmcost.exports.verify import verify

    if folder is None:
        raise UsageError("needs a folder", place="--verify", hint="llmcost export --to exports/ --verify")
    table, is_well = verify(folder)
    session.show(table, "table", None)
    if not is_well:
        raise typer.Exit(BREACH)


def _require_fresh(store: Store, age: str) -> None:
    """UndecidedError when the newest request is older than that."""
    from llmcost.config import duration
    from llmcost.errors import UndecidedError, UsageError
    from llmcost.figures import instant_text
    from llmcost.windows import EPOCH

    length = duration(age)
    if length is None or length.seconds is None:
        raise UsageError(f"'{age}' is no length of time", place="--require-fresh", hint="write 36h or 2d")
    newest = store.newest_us()
    now_us = int((session.now() - EPOCH).total_seconds()) * 1_000_000
    if newest is None or now_us - newest > length.seconds * 1_000_000:
        what = (
            f"data until {instant_text(newest)} are older than {age}"
            if newest is not None
            else "there are no dated data"
        )
        hint = "llmcost ingest the new logs; nothing was written"
        raise UndecidedError(what, place="--require-fresh", hint=hint)


def _stream(
    store: Store, settings: Config, dataset: Dataset, form: str, output: str | None, asked: Asked, window: Window
) -> int:
    """To stdout, or to one file that is replaced whole."""
    from llmcost.exports import files
    from llmcost.render import write_bytes

    with tempfile.TemporaryDirectory(prefix="llmcost-") as scratch:
        path = Path(scratch) / "export"
        days = files.to_stream(store, settings, dataset, form, path, asked, window)
        write_bytes(path, output)
    return days


def _tell(done: Written, *, quiet: bool) -> None:
    """One line per dataset, for people and log files; what is odd goes to stderr."""
    from llmcost.figures import count, instant_text, money

    if done.strangers:
        more = f" and {len(done.strangers) - 3} more" if len(done.strangers) > 3 else ""
        named = ", ".join(done.strangers[:3]) + more
        session.say(f"warning: {done.folder}: not of this export, left alone: {named}", quiet=quiet)
    if quiet:
        return
    parts = [f"{count(done.files)} files", f"{count(done.new)} new"]
    parts += [f"{count(number)} restated ({reason})" for reason, number in sorted(done.restated.items())]
    parts += [f"{count(done.removed)} removed"] if done.removed else []
    parts += [f"{count(done.corrections)} corrections"] if done.corrections else []
    parts += [
        f"{count(done.rows)} rows",
        money(done.cost),
        f"data until {instant_text(done.data_until_us) or 'no time'}",
    ]
    print(f"{session.now():%Y-%m-%dT%H:%M:%SZ} llmcost export {done.dataset}: {', '.join(parts)} in {done.folder}")  # noqa: T201
