"""One reproduction per error message: set-up, command line, exit code, and exactly what stderr says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from llmcost.errors import BREACH, OK, UNDECIDED, UNUSABLE, USAGE
from llmcost.store import SCHEMA_VERSION
from tests.cli.program import inside
from tests.spend.ledgers import call, ledger

SetUp = Callable[[Path], object]


def nothing(folder: Path) -> None:
    """An empty folder."""


def store(folder: Path) -> None:
    ledger(folder, [call("abc-123", agent="planner")])


def log(folder: Path) -> None:
    (folder / "log.jsonl").write_text('{"request_id": "a", "model": "gpt-4o", "input_tokens": 1}\n')


def file(name: str, text: str) -> SetUp:
    return lambda folder: (folder / name).write_text(text)


def both(*steps: SetUp) -> SetUp:
    return lambda folder: [step(folder) for step in steps]


def database(statements: str) -> SetUp:
    def make(folder: Path) -> None:
        with duckdb.connect(str(folder / "llmcost.duckdb")) as connection:
            connection.execute(statements)

    return make


@dataclass(frozen=True)
class Case:
    arguments: str
    sentence: str
    hint: str | None
    code: int = USAGE
    set_up: SetUp = nothing
    more: tuple[str, ...] = field(default=())
    """Arguments with spaces."""


DIMENSIONS = (
    "source, provider, model, model_requested, model_group, agent, feature, user, plan, key, team, project, environment, scope, session, "
    "turn, trace, day, week, month, hour, status, kind, error_kind, chain_reason, service_tier, operation"
)
NO_LEDGER = "llmcost ingest LOGS first, or llmcost report LOGS for a look without a store"
TABLES = "tables: ledger, requests, files, quarantine, prices, restatements"
EXAMPLE = 'llmcost sql "SELECT model, sum(cost) FROM ledger GROUP BY model"'

OFFER = "breakeven selfhost --gpu-hour 2 --tokens-per-second 100"

CASES = {
    # break-even
    "a term that is no figure": Case(
        "breakeven selfhost --gpu-hour much --tokens-per-second 100",
        "--gpu-hour: 'much' is no figure",
        "write 2.50, 1200000 or 30%",
    ),
    "a term that must be above 0": Case(
        "breakeven selfhost --gpu-hour 2 --tokens-per-second 0",
        "--tokens-per-second: '0' is no figure above 0",
        "write 2.50, 1200000 or 30%",
    ),
    "a share above everything": Case(
        "breakeven batch --discount 150%",
        "--discount: '150%' is more than everything",
        "write 0.3 or 30%",
    ),
    "nothing left for the GPUs": Case(
        f"{OFFER} --escalation 1",
        "--escalation: nothing is left for the GPUs",
        "write a share below 1",
    ),
    "a break-even without production traffic": Case(
        OFFER,
        "there is no production traffic to compare with",
        "llmcost report shows what is there",
        UNDECIDED,
        lambda folder: ledger(folder, [call("a", environment="staging")]),
    ),
    "a break-even without prices": Case(
        OFFER,
        "no request of this traffic has a price",
        "llmcost report --by model shows what is unpriced",
        UNDECIDED,
        lambda folder: ledger(folder, [call("a", model="nobody-knows")]),
    ),
    # the command line
    "unknown command": Case("repot", "llmcost: unknown command 'repot'", "did you mean 'report'?"),
    "command like no other": Case("zzz", "llmcost: unknown command 'zzz'", "llmcost --help"),
    "unknown command of prices": Case("prices lst", "prices: unknown command 'lst'", "did you mean 'list'?"),
    "unknown flag": Case("report --formt json", "report: unknown option '--formt'", "did you mean '--format'?"),
    "flag like no other": Case("report --unheard-of", "report: unknown option '--unheard-of'", "llmcost report --help"),
    "flag without value": Case("report --by", "--by: requires an argument", "llmcost --help"),
    "value of a switch": Case("report --quiet=1", "--quiet: does not take a value", "llmcost --help"),
    "no number": Case("report --top few", "--top: 'few' is no number", "llmcost report --help"),
    "missing argument": Case("explain", "explain: REQUEST_ID is missing", "llmcost explain --help"),
    "one argument too many": Case("sql a b", "sql: got unexpected extra argument(s) (b)", "llmcost sql --help"),
    "not UTF-8": Case("", "\ufffd: is not UTF-8 text", None, more=("report", "\udcff")),
    # words
    "unknown format": Case("report --format jsn", "--format: unknown format 'jsn'", "did you mean 'json'?"),
    "format like no other": Case(
        "report --format pdf", "--format: unknown format 'pdf'", "one of table, json, ndjson, csv, markdown"
    ),
    "unknown format of export": Case(
        "export --format parquet", "--format: unknown format 'parquet'", "one of csv, ndjson", set_up=store
    ),
    "unknown dataset": Case(
        "export --dataset dayly", "--dataset: unknown dataset 'dayly'", "did you mean 'daily'?", set_up=store
    ),
    "unknown dimension": Case("report --by agnt", "--by: unknown dimension 'agnt'", "did you mean 'agent'?"),
    "dimension like no other": Case(
        "report --by zzz", "--by: unknown dimension 'zzz'", f"one of {DIMENSIONS}, tag:KEY"
    ),
    "a number is no dimension": Case(
        "report --by cost", "--by: unknown dimension 'cost'", f"one of {DIMENSIONS}, tag:KEY"
    ),
    "tag without key": Case("report --by tag:", "--by: unknown dimension 'tag:'", "did you mean 'tag:KEY'?"),
    "unknown dimension of a gate": Case(
        "gate --max-cost 1 --per agnt", "--per: unknown dimension 'agnt'", "did you mean 'agent'?"
    ),
    "empty dimension": Case("report --by agent,", "--by: an empty name", "write agent,feature"),
    "too many dimensions": Case(
        "report --by source,provider,model,agent,feature,user,plan,key,team,day",
        "--by: 10 dimensions are more than 9",
        None,
        set_up=store,
    ),
    "unknown cost": Case("report --cost invoiced", "--cost: unknown word 'invoiced'", "one of computed, source"),
    "currency": Case("report --currency EUR", "--currency: figures in EUR are not available yet", "leave it at USD"),
    "unknown source": Case(
        "sources litellm_spendlog", "sources: unknown format 'litellm_spendlog'", "did you mean 'litellm_spendlogs'?"
    ),
    "unknown zone": Case(
        "report --tz Europe/Berln", "--tz: unknown time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"
    ),
    # conditions
    "unknown field": Case(
        "report --where",
        "--where: unknown field 'agnt' at column 1 of: agnt = 'x'",
        "did you mean 'agent'?",
        more=("agnt = 'x'",),
    ),
    "text without quotes": Case(
        "report --where",
        "--where: expected a value, got 'x' at column 9 of: agent = x",
        "quote text: 'x'",
        more=("agent = x",),
    ),
    # time
    "no date": Case(
        "report --since soon", "--since: 'soon' is no date or time", "write 2026-10-31 or 2026-10-31T12:00:00Z"
    ),
    "no day": Case(
        "report --until 2026-02-30",
        "--until: '2026-02-30' is no date or time",
        "write 2026-10-31 or 2026-10-31T12:00:00Z",
    ),
    "no length": Case("report --last soon", "--last: 'soon' is no length of time", "write 7d, 24h, 4w or 3 months"),
    "length beyond time": Case(
        "report --last 9999y", "--last: '9999y' leads out of the calendar", "write 7d, 24h, 4w or 3 months"
    ),
    "days beyond time": Case(
        "report --last 999999999d", "--last: '999999999d' leads out of the calendar", "write 7d, 24h, 4w or 3 months"
    ),
    "date before time": Case(
        "report --since 0001-01-01 --tz Asia/Seoul",
        "--since: '0001-01-01' leads out of the calendar",
        "write 2026-10-31",
    ),
    "two windows": Case("report --last 7d --since 2026-10-01", "--last: cannot stand beside --since or --until", None),
    "empty window": Case(
        "report --since 2026-10-02 --until 2026-10-02",
        "--until: '2026-10-02' is not after --since '2026-10-02'",
        "the end is exclusive: a day D is --since D --until D+1",
    ),
    "no day to date rows by": Case(
        "ingest log.jsonl --date soon", "--date: 'soon' is no date", "write 2026-10-31", set_up=log
    ),
    # the gate
    "no budget": Case("gate", "--max-cost: no budget", "llmcost gate --max-cost 100 --last 1d"),
    "budget that is none": Case(
        "gate --max-cost lots", "--max-cost: 'lots' is no amount of USD", "write --max-cost 100 or --max-cost 0.50"
    ),
    "negative budget": Case(
        "gate --max-cost -1", "--max-cost: '-1' is no amount of USD", "write --max-cost 100 or --max-cost 0.50"
    ),
    "share without percent": Case("gate --max-cost 1 --warn-at 80", "--warn-at: '80' is no share", "write 80%"),
    "unpriced that is no share": Case(
        "gate --max-cost 1 --max-unpriced x", "--max-unpriced: 'x' is no share", "write 80%"
    ),
    "age that is none": Case(
        "gate --max-cost 1 --max-data-age 3", "--max-data-age: '3' is no length of time", "write 36h or 2d"
    ),
    "age in months": Case(
        "gate --max-cost 1 --max-data-age 2months", "--max-data-age: '2months' is no length of time", "write 36h or 2d"
    ),
    "report without file": Case(
        "gate --max-cost 1 --report json", "--report: 'json' names no file", "write --report json=gate.json"
    ),
    "report of no format": Case(
        "gate --max-cost 1 --report junit=x", "--report: unknown format 'junit'", "one of json, markdown, csv, table"
    ),
    # config
    "no config": Case("report --config no.yaml", "--config: no config file 'no.yaml'", "check the path"),
    "config with a typo": Case(
        "report",
        "llmcost.yaml:2: attribution: unknown key 'agnt'",
        "did you mean 'agent'?",
        set_up=both(store, file("llmcost.yaml", "attribution:\n  agnt: [tag:x]\n")),
    ),
    "no users file": Case(
        "report --by plan",
        "llmcost.yaml:1: no such file: users.csv",
        "paths in llmcost.yaml are relative to it",
        set_up=both(store, file("llmcost.yaml", "users: users.csv\n")),
    ),
    "users that overlap": Case(
        "report --by plan",
        "users.csv:3: 'ann' has two rows for the same time",
        "dates are YYYY-MM-DD; valid_to is the first day that no longer counts",
        set_up=both(store, file("llmcost.yaml", "users: users.csv\n"), file("users.csv", "user,plan\nann,a\nann,b\n")),
    ),
    # logs and files
    "no log named": Case("ingest", "ingest: no logs named", "llmcost ingest logs/"),
    "output into no folder": Case(
        "sources -o no/such.txt", "no/such.txt: cannot write: No such file or directory", "create the folder first"
    ),
    "output is a folder": Case("sources -o .", ".: cannot write: Is a directory", "choose another file with --output"),
    "two places to export to": Case(
        "export --to x -o y",
        "--output: cannot stand beside --to",
        "--to is a folder of days, --output one file",
        set_up=store,
    ),
    "export into a file": Case(
        "export --to log.jsonl",
        "log.jsonl/daily/v1: cannot be made: Not a directory",
        "choose another --to",
        set_up=store,
    ),
    # the store
    "no ledger": Case("report", "llmcost.duckdb: there is no ledger yet", NO_LEDGER),
    "no ledger to price again": Case("reprice --db x.db", "x.db: there is no ledger yet", NO_LEDGER),
    "no ledger with a quarantine": Case(
        "ingest --show-quarantine", "llmcost.duckdb: there is no ledger yet", NO_LEDGER
    ),
    "ledger in no folder": Case(
        "ingest log.jsonl --db no/x.db",
        "no: the folder does not exist",
        "create it, or choose another --db",
        set_up=log,
    ),
    "ledger is a folder": Case("report --db .", ".: is a folder", "a ledger is one file: --db llmcost.duckdb"),
    "somebody else's database": Case(
        "report",
        "llmcost.duckdb: this file is no llmcost ledger",
        "choose another --db",
        UNUSABLE,
        database("CREATE TABLE customers (id INT)"),
    ),
    "somebody else's meta": Case(
        "report",
        "llmcost.duckdb: this file is no llmcost ledger",
        "choose another --db",
        UNUSABLE,
        database("CREATE TABLE meta (name VARCHAR, value VARCHAR); CREATE TABLE x (id INT)"),
    ),
    "somebody else's database to write to": Case(
        "ingest log.jsonl",
        "llmcost.duckdb: this file is no llmcost ledger",
        "choose another --db",
        UNUSABLE,
        both(log, database("CREATE TABLE meta (id INT)")),
    ),
    "a store of tomorrow": Case(
        "report",
        f"llmcost.duckdb: the store has schema version 99, this llmcost knows {SCHEMA_VERSION}",
        "upgrade llmcost, or ingest the logs into a new --db",
        UNUSABLE,
        both(store, database("UPDATE meta SET value = '99' WHERE name = 'schema_version'")),
    ),
    "an empty database": Case(
        "report",
        f"llmcost.duckdb: the store has schema version 0, this llmcost needs {SCHEMA_VERSION}",
        "run a command that writes (llmcost ingest) once to migrate it",
        UNUSABLE,
        database("SELECT 1"),
    ),
    "no database": Case(
        "report --db blocks.csv",
        "blocks.csv: this file is no llmcost ledger",
        "choose another --db",
        UNUSABLE,
        file("blocks.csv", "a,b\n" * 9999),
    ),
    "no database to write to": Case(
        "ingest log.jsonl --db empty.csv",
        "empty.csv: this file is no llmcost ledger",
        "choose another --db",
        UNUSABLE,
        both(log, file("empty.csv", "")),
    ),
    # questions
    "unknown request": Case("explain abc-124", "explain: no request 'abc-124'", "near it: abc-123", set_up=store),
    "sql that is none": Case(
        "sql", 'sql: Parser Error: syntax error at or near "SELEC"', TABLES, set_up=store, more=("SELEC 1",)
    ),
    "sql that writes": Case("sql", "sql: one SELECT is expected", EXAMPLE, set_up=store, more=("DROP TABLE requests",)),
    "sql that reads a file": Case(
        "sql",
        'sql: Permission Error: Cannot access file "log.jsonl" - file system operations are disabled by configuration',
        TABLES,
        set_up=store,
        more=("FROM read_text('log.jsonl')",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_is_one_sentence_with_place_thing_and_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    case = CASES[name]
    case.set_up(tmp_path)
    ended = inside(monkeypatch, capsys, tmp_path, *case.arguments.split(), *case.more)
    sentence = f"llmcost: error: {case.sentence.format(folder=tmp_path)}\n"

    assert (ended.code, ended.out) == (case.code, "")
    assert ended.err == sentence + (f"  hint: {case.hint}\n" if case.hint else "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("report", OK),
        ("report --since 2030-01-01", OK),
        ("report --since 2030-01-01 --strict", UNDECIDED),
        ("gate --max-cost 1", OK),
        ("gate --max-cost 0", BREACH),
        ("gate --max-cost 1 --since 2030-01-01", UNDECIDED),
        ("gate --max-cost 0 --soft", OK),
        ("ingest --show-quarantine --strict", OK),
        ("sources", OK),
        ("--help", OK),
        ("", OK),
        ("prices", OK),
    ],
)
def test_what_is_no_error_says_nothing_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, code: int
) -> None:
    store(tmp_path)
    ended = inside(monkeypatch, capsys, tmp_path, *arguments.split())

    assert (ended.code, ended.err) == (code, "")
    assert ended.out


def test_a_clock_that_is_none_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path)
    inside(monkeypatch, capsys, tmp_path, "report")
    monkeypatch.setenv("LLMCOST_NOW", "soon")
    from tests.cli.program import captured

    ended = captured(capsys, "report", "--last", "7d")

    assert (ended.code, ended.err) == (
        USAGE,
        "llmcost: error: LLMCOST_NOW: 'soon' is no time\n  hint: write 2026-10-31T12:00:00Z\n",
    )


def test_a_config_of_the_environment_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.cli.program import captured

    inside(monkeypatch, capsys, tmp_path, "sources")
    monkeypatch.setenv("LLMCOST_CONFIG", "no.yaml")

    ended = captured(capsys, "report")

    assert (ended.code, ended.err) == (
        USAGE,
        "llmcost: error: LLMCOST_CONFIG: no config file 'no.yaml'\n  hint: check the path\n",
    )
