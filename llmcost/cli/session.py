"""What every command needs: the config, the ledger or a throw-away one, the clock, and a place to write to."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.errors import UsageError
from llmcost.figures import visible

if TYPE_CHECKING:
    from datetime import datetime

    from llmcost.conditions import Condition
    from llmcost.config import Config
    from llmcost.model import Table
    from llmcost.pricing.catalogue import Catalogue
    from llmcost.sources.ingest import IngestReport
    from llmcost.store import Store
    from llmcost.windows import Window

DEFAULT_DB = "llmcost.duckdb"


def config(path: str | None) -> Config:
    """The config file of --config, LLMCOST_CONFIG or the folders above."""
    from llmcost import config as settings

    return settings.load(settings.find(Path.cwd(), path, os.environ))


def overrides(settings: Config) -> tuple[Path, ...]:
    """The user's own price files."""
    return tuple(settings.prices["overrides"] or ())


def catalogue(settings: Config) -> Catalogue:
    """The prices: the catalogue and the user's overrides."""
    from llmcost.pricing import catalogue as prices

    return prices.load(overrides(settings), settings.fx)


def priced_with(store: Store, settings: Config, price_day: str | None) -> Catalogue:
    """The prices that a ledger's costs are of: those of --price-as-of, else those at which the store is pinned, else today's."""
    from llmcost.pricing.reprice import pinned

    return catalogue_of(settings, price_day) if price_day else pinned(store, catalogue(settings))


def catalogue_of(settings: Config, price_day: str) -> Catalogue:
    """The prices as they were known on that day."""
    from llmcost.pricing.catalogue import as_of

    return as_of(catalogue(settings), price_day)


def digest(settings: Config) -> str:
    """What tells whether prices changed, without reading them."""
    from llmcost.pricing import catalogue as prices

    return prices.digest(overrides(settings), settings.fx)


def price_day(text: str | None) -> str | None:
    """The day of --price-as-of, checked."""
    import datetime as dt

    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"'{text}' is no date", place="--price-as-of", hint="write 2026-10-31") from None


def ledger_path(db: str | None) -> Path:
    return Path(db or DEFAULT_DB)


@contextmanager
def ledger(
    db: str | None,
    logs: Sequence[str] | None,
    settings: Config,
    *,
    wait_s: float,
    quiet: bool,
    price_as_of: str | None = None,
) -> Iterator[Store]:
    """The store, read-only; with `logs` a throw-away ledger built by the same code and deleted at the end.

    `price_as_of` is the day whose prices logs are read with; a store is pinned by `llmcost reprice`.
    """
    from llmcost.store import open_ledger

    if not logs:
        if price_as_of is not None:
            hint = f"llmcost reprice --price-as-of {price_as_of} pins the store"
            raise UsageError("needs logs: a store keeps its costs", place="--price-as-of", hint=hint)
        with open_ledger(ledger_path(db), read_only=True, wait_s=wait_s) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder:
        path = Path(folder) / "ledger.duckdb"
        report = read(logs, path, settings, wait_s=wait_s, quiet=quiet, price_as_of=price_as_of)
        for note in report.notes:
            say(f"warning: {note}", quiet=quiet)
        with open_ledger(path, read_only=True) as store:
            yield store


def read(
    logs: Sequence[str],
    path: Path,
    settings: Config,
    *,
    wait_s: float,
    quiet: bool,
    default_date: str | None = None,
    keep_going: bool = False,
    price_as_of: str | None = None,
) -> IngestReport:
    """Ingests, with progress on a terminal."""
    import datetime as dt

    from llmcost.sources.ingest import ingest

    day = None
    if default_date is not None:
        try:
            day = dt.date.fromisoformat(default_date)
        except ValueError:
            raise UsageError(f"'{default_date}' is no date", place="--date", hint="write 2026-10-31") from None
    prices = catalogue(settings) if price_as_of is None else catalogue_of(settings, price_as_of)
    with progress(quiet=quiet) as tell:
        return ingest(
            logs,
            path,
            config=settings,
            catalogue=prices,
            default_date=day,
            keep_going=keep_going,
            wait_s=wait_s,
            progress=tell,
        )


def condition(text: str | None) -> Condition | None:
    from llmcost.conditions import FIELDS, parse

    return parse(text, fields=FIELDS, place="--where") if text else None


def zone(tz: str | None, settings: Config) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    from llmcost.errors import nearest

    name = tz or settings.timezone
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone '{name}'", place="--tz", hint=nearest(name, available_timezones())
        ) from None
    return name


def now() -> datetime:
    """The clock in UTC, or LLMCOST_NOW."""
    from datetime import timezone

    from llmcost import windows

    return windows.now(os.environ).astimezone(timezone.utc)


def window(since: str | None, until: str | None, last: str | None, tz: str) -> Window:
    from llmcost import windows

    return windows.parse(since, until, last, tz, windows.now(os.environ))


def dimensions(text: str | None, flag: str) -> list[str] | None:
    """What to group by: `a,b` is [a, b]. UsageError for a word that is no dimension."""
    from llmcost.conditions import DIMENSIONS
    from llmcost.errors import nearest

    if text is None:
        return None
    found = [part.strip() for part in text.split(",")]
    for name in found:
        if not name:
            raise UsageError("an empty name", place=flag, hint="write agent,feature")
        if name not in DIMENSIONS and not (name.startswith("tag:") and name != "tag:"):
            hint = nearest(name, (*DIMENSIONS, "tag:KEY")) or f"one of {', '.join(DIMENSIONS)}, tag:KEY"
            raise UsageError(f"unknown dimension '{name}'", place=flag, hint=hint)
    return list(dict.fromkeys(found))


def one_of(value: str, known: Sequence[str], flag: str, what: str = "word") -> str:
    """The value, when it is known; UsageError with the nearest word otherwise."""
    from llmcost.errors import nearest

    if value not in known:
        raise UsageError(
            f"unknown {what} '{value}'", place=flag, hint=nearest(value, known) or f"one of {', '.join(known)}"
        )
    return value


def currency(given: str | None, settings: Config) -> str:
    """The code of the currency that figures are shown in."""
    code = given or settings.currency
    if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise UsageError(f"'{code}' is no currency", place="--currency", hint="write its code: EUR")
    return code


@contextmanager
def money_in(given: str | None, settings: Config, store: Store, window: Window | None = None) -> Iterator[None]:
    """While it lasts, all money is written in --currency, else in the currency of llmcost.yaml, at the rate of the last day of the data (in the window).

    A report alone converts each day at its own rate: its figures are of days.
    """
    from llmcost import fx
    from llmcost.figures import shown_in

    place = "--currency" if given else settings.place("currency")
    newest_us = store.newest_us(window.until_us if window else None)
    with shown_in(fx.at_last_day(settings, currency(given, settings), newest_us, place)):
        yield


def show(table: Table | Sequence[Table], form: str, output: str | None) -> None:
    """Renders to stdout or a file; the terminal's width and colours only for a terminal."""
    from llmcost.fx import as_shown
    from llmcost.render import render, write

    told = [table] if not isinstance(table, Sequence) else list(table)
    tables = [as_shown(one, noted=at == 0) for at, one in enumerate(told)]
    terminal = output in (None, "-") and sys.stdout.isatty()
    width = terminal_width() if terminal else None
    write(_together([render(t, form, width=width, color=terminal and colourful()) for t in tables], form), output)


def write_csv(header: Sequence[str], batches: Iterable[Sequence[Sequence[object]]], output: str) -> None:
    """Rows as a CSV file, whole or not at all, a batch in memory at a time; text is made harmless as in every other output."""
    from itertools import chain

    from llmcost.model import Column, Table
    from llmcost.render import render, write

    columns = [Column(header[0], "text"), *(Column(name, "count") for name in header[1:])]
    head = render(Table("", "", columns, []), "csv")
    parts = (render(Table("", "", columns, batch), "csv").removeprefix(head) for batch in batches)
    write(chain([head], parts), output)


def _together(texts: Sequence[str], form: str) -> str:
    """Several tables as one text that its readers still understand: a JSON array, one CSV header."""
    if len(texts) == 1 or form == "ndjson":
        return "".join(texts)
    if form == "json":
        return "[" + ",\n".join(text.rstrip() for text in texts) + "]\n"
    if form == "csv":
        return texts[0] + "".join(text.split("\n", 1)[1] for text in texts[1:])
    return "\n".join(texts)


def terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def colourful() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(sentence: str, *, quiet: bool = False) -> None:
    """A line on stderr."""
    if not quiet:
        print(f"llmcost: {visible(sentence)}", file=sys.stderr)  # noqa: T201


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A moving line on stderr while something long goes on; nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _what, _done, _all: None
        return
    what, part = "looking at the files", ""
    stop = threading.Event()
    begun = time.monotonic()

    def draw() -> None:
        while not stop.wait(0.2):
            line = f"llmcost: {visible(what)}{part} ({time.monotonic() - begun:.0f} s)"
            sys.stderr.write("\r\x1b[K" + line[: terminal_width() - 1])
            sys.stderr.flush()

    def tell(now: str, done: int, all_: int) -> None:
        nonlocal what, part
        what, part = now, f" {100 * done // all_}%" if all_ and done else ""

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield tell
    finally:
        stop.set()
        thread.join()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
