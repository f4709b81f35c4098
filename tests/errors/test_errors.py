"""One reproduction per error message: set-up, command line, exit code, and exactly what stderr says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from llmcost.__main__ import main
from llmcost.errors import BREACH, OK, UNDECIDED, UNUSABLE, USAGE
from llmcost.store import SCHEMA_VERSION
from tests.cli.program import inside
from tests.spend.ledgers import call, ledger

SetUp = Callable[[Path], object]


def nothing(folder: Path) -> None:
    """An empty folder."""


def store(folder: Path) -> None:
    ledger(folder, [call("abc-123", agent="planner")])


def exported(folder: Path) -> None:
    store(folder)
    with chdir(folder):
        assert main(["export", "--to", "out", "--quiet"]) == OK


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

FOCUS_DAYS = "ChargePeriodStart,ChargePeriodEnd"
FOCUS = f"BilledCost,BillingCurrency,ChargeCategory,{FOCUS_DAYS},ServiceCategory,ProviderName"

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
    "no policy": Case(
        "simulate p.yaml", "simulate: no policy file 'p.yaml'", "llmcost simulate POLICY.yaml", set_up=store
    ),
    "unknown key of a policy": Case(
        "simulate p.yaml",
        "p.yaml:1: unknown key 'rulez'",
        "did you mean 'rules'?",
        set_up=both(store, file("p.yaml", "rulez: []\n")),
    ),
    "policy names a model without a price": Case(
        "simulate p.yaml",
        "p.yaml:2: 'openai/gpt-5-minni' has no price: unknown model",
        "did you mean 'gpt-5-mini'?",
        set_up=both(store, file("p.yaml", "models:\n  a: {model: openai/gpt-5-minni}\n")),
    ),
    "policy with a rule that nothing reaches": Case(
        "simulate p.yaml",
        "p.yaml:4: rules.b: unreachable, because the rule on line 3 has no 'when' and takes every request",
        "give the rule on line 3 a 'when', or make it the last",
        set_up=both(
            store,
            file(
                "p.yaml",
                "models: {a: {model: openai/gpt-5-mini}}\nrules:\n  - {name: a, route: a}\n  - {name: b, route: a}\n",
            ),
        ),
    ),
    "no paired quality": Case(
        "simulate p.yaml --ideal",
        "--ideal: no bound: the log has no answer of every model to the same request with a score",
        "evaluate a sample (pair_by: task, or quality.column), or assume: --easy-share 20%..80%",
        code=UNDECIDED,
        set_up=both(store, file("p.yaml", "models: {a: {model: openai/gpt-5-mini}}\n")),
    ),
    "a wrong range": Case(
        "simulate p.yaml --ideal --easy-share 80%..20%",
        "--easy-share: '80%..20%' is no range of shares",
        "write 20%..80%, or chat=20%..80%",
        set_up=both(store, file("p.yaml", "models: {a: {model: openai/gpt-5-mini}}\n")),
    ),
    "a share of nothing": Case(
        "simulate p.yaml --ideal --easy-share =20%",
        "--easy-share: '=20%' names no feature",
        "write chat=20%..80%, or 20%..80%",
        set_up=both(store, file("p.yaml", "models: {a: {model: openai/gpt-5-mini}}\n")),
    ),
    "a feature twice": Case(
        "simulate p.yaml --ideal --easy-share chat=20% --easy-share chat=30%",
        "--easy-share: a second range for 'chat'",
        "write each feature once, chat=20%..80%,digest=50%",
        set_up=both(store, file("p.yaml", "models: {a: {model: openai/gpt-5-mini}}\n")),
    ),
    "a feature that nobody asked for": Case(
        "simulate p.yaml --ideal --easy-share chta=20%",
        "--easy-share: no requests of feature 'chta'",
        "llmcost report --by feature shows what there is",
        set_up=both(store, file("p.yaml", "models: {a: {model: openai/gpt-5-mini}}\n")),
    ),
    "a range without --ideal": Case(
        "simulate p.yaml --easy-share 20%",
        "--easy-share: is for --ideal",
        "llmcost simulate POLICY.yaml --ideal --easy-share 20%..80%",
        set_up=both(store, file("p.yaml", "default: as_logged\n")),
    ),
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
    "savings beside another currency": Case(
        "report --suggest --currency EUR",
        "--suggest: savings are in USD, and the report in EUR",
        "add --currency USD",
    ),
    "savings beside another cost": Case(
        "report --suggest --cost invoiced",
        "--suggest: savings are of computed cost, and the report of invoiced",
        "leave --cost out",
    ),
    "savings in rows of a report": Case(
        "report --suggest --format csv",
        "--suggest: csv has the rows of the report alone",
        "--format json, or llmcost simulate --suggest --format csv",
    ),
    "unknown format": Case("report --format jsn", "--format: unknown format 'jsn'", "did you mean 'json'?"),
    "format like no other": Case(
        "report --format pdf", "--format: unknown format 'pdf'", "one of table, json, ndjson, csv, markdown"
    ),
    "unknown format of export": Case(
        "export --format xlsx", "--format: unknown format 'xlsx'", "one of csv, parquet, ndjson", set_up=store
    ),
    "focus as ndjson": Case(
        "export --dataset focus --format ndjson",
        "--format: unknown format of focus 'ndjson'",
        "one of csv, parquet",
        set_up=store,
    ),
    "parquet to a terminal": Case(
        "export --format parquet", "--format: parquet needs a file", "--output FILE or --to DIR", set_up=store
    ),
    "focus of tomorrow": Case(
        "export --dataset focus --focus-version 2.0", "--focus-version: unknown version '2.0'", "one of 1.2, 1.4"
    ),
    "two datasets in one stream": Case(
        "export --dataset daily --dataset users",
        "--dataset: several datasets need a folder",
        "llmcost export --to exports/",
    ),
    "age that is no length": Case(
        "export --require-fresh soon",
        "--require-fresh: 'soon' is no length of time",
        "write 36h or 2d",
        set_up=store,
    ),
    "data that are stale": Case(
        "export --to out --require-fresh 36h",
        "--require-fresh: data until 2026-10-15T12:00:00Z are older than 36h",
        "llmcost ingest the new logs; nothing was written",
        UNDECIDED,
        store,
    ),
    "verify without folder": Case(
        "export --verify", "--verify: needs a folder", "llmcost export --to exports/ --verify"
    ),
    "verify of nothing": Case(
        "export --verify --to .", ".: holds no export", "name the folder that was given to export --to"
    ),
    "close without folder": Case("close 2026-10", "--to: no folder", "llmcost close 2026-10 --to exports/"),
    "close of nothing": Case(
        "close 2026-10 --to .", ".: holds no export that can be closed", "llmcost export --to DIR first"
    ),
    "close of no month": Case(
        "close 2026-13 --to out", "close: '2026-13' is no month", "write 2026-10", set_up=exported
    ),
    "close of a month to come": Case(
        "close 2030-01 --to out",
        "close: 2030-01 is not over",
        "close a month when all its logs are in",
        set_up=exported,
    ),
    "close of an empty month": Case(
        "close 2026-09 --to out",
        "close: nothing of 2026-09 has been exported to out/daily/v1",
        "llmcost export first",
        UNDECIDED,
        exported,
    ),
    "reopen of an open month": Case(
        "close --reopen 2026-10 --to out", "close: 2026-10 is not closed in daily", "closed: none", set_up=exported
    ),
    "export into a folder of another format": Case(
        "export --to out --format parquet",
        "out/daily/v1: the folder holds csv files",
        "choose another --to",
        set_up=exported,
    ),
    "export into a strangers' folder": Case(
        "export --to out",
        "out/daily/v1: holds files that llmcost did not write: notes.txt",
        "move them away, or choose another --to",
        set_up=both(
            store, lambda folder: (folder / "out/daily/v1").mkdir(parents=True), file("out/daily/v1/notes.txt", "mine")
        ),
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
    "unknown cost": Case(
        "report --cost billed", "--cost: unknown word 'billed'", "one of computed, source, invoiced, list, contracted"
    ),
    # reconcile
    "reconcile without a known amount": Case(
        "reconcile i.csv",
        "i.csv:1: no column is known as the amount; it has Datum, Betrag",
        "say which it is: --column amount=HEADER",
        set_up=file("i.csv", "Datum,Betrag\n2026-10-01,5\n"),
    ),
    "reconcile without a date": Case(
        "reconcile i.csv",
        "i.csv:1: no column is known as the date; it has Model, Amount",
        "say which it is: --column date=HEADER, or --period 2026-10",
        set_up=file("i.csv", "Model,Amount\nsmall,5\n"),
    ),
    "reconcile in another currency": Case(
        "reconcile i.csv",
        "i.csv:2: no exchange rate of EUR",
        "name a file of rates: fx: fx.csv (currency,date,usd)",
        set_up=file("i.csv", "Date,Model,Amount,Currency\n2026-10-01,small,5,EUR\n"),
    ),
    "reconcile on a day without a rate": Case(
        "reconcile i.csv --currency EUR",
        "i.csv:2: fx.csv has no rate of EUR on 2026-10-01, the last day of the line",
        "add the row EUR,2026-10-01,RATE",
        set_up=both(
            file("i.csv", "Date,Model,Amount\n2026-10-01,small,5\n"),
            file("fx.csv", "currency,date,usd\nEUR,2026-10-02,1.08\n"),
            file("llmcost.yaml", "fx: fx.csv\n"),
        ),
    ),
    "reconcile in a currency that is none": Case(
        "reconcile i.csv --currency euro",
        "--currency: 'euro' is no currency",
        "write its code: EUR",
        set_up=file("i.csv", "Date,Model,Amount\n2026-10-01,small,5\n"),
    ),
    "reconcile with a day that reads two ways": Case(
        "reconcile i.csv",
        "i.csv:2: date: '10/01/2026' is no day",
        "write 2026-10-31; 10/31 and 31/10 look alike",
        set_up=file("i.csv", "Date,Model,Amount\n10/01/2026,small,5\n"),
    ),
    "reconcile with an amount that reads two ways": Case(
        "reconcile i.csv",
        "i.csv:2: amount: '12,50' is no amount",
        "write 1234.50",
        set_up=file("i.csv", "Date;Model;Amount\n2026-10-01;small;12,50\n"),
    ),
    "reconcile with a total of something else": Case(
        "reconcile i.csv",
        "i.csv:3: the total says 6, the lines add up to 5",
        "is a line missing, or a column taken for another? see --column",
        set_up=file("i.csv", "Date,Description,Amount\n2026-10-01,small,5\n,Total,6\n"),
    ),
    "reconcile with an empty file": Case(
        "reconcile i.csv",
        "i.csv: the file is empty",
        "a statement has lines to compare with",
        set_up=file("i.csv", ""),
    ),
    "reconcile with a header alone": Case(
        "reconcile i.csv",
        "i.csv: there is a header, but no line",
        "a statement has lines to compare with",
        set_up=file("i.csv", "Date,Model,Amount\n"),
    ),
    "reconcile with totals alone": Case(
        "reconcile i.csv",
        "i.csv: no line bills anything",
        "a statement has lines to compare with",
        set_up=file("i.csv", "Date,Description,Amount\n,Total,6\n"),
    ),
    "reconcile with a row that is too long": Case(
        "reconcile i.csv",
        "i.csv:2: 4 fields under 3 names",
        "correct the row, or export the file again",
        set_up=file("i.csv", "Date,Model,Amount\n2026-10-01,small,5,6\n"),
    ),
    "reconcile with a line without a date": Case(
        "reconcile i.csv",
        "i.csv:3: the line names no date",
        "--period 2026-10 says which",
        set_up=file("i.csv", "Date,Model,Amount\n2026-10-01,small,5\n,big,6\n"),
    ),
    "reconcile with a period that ends before it begins": Case(
        "reconcile i.csv",
        "i.csv:2: the period ends (2026-10-01) before it begins (2026-10-05)",
        "correct the row",
        set_up=file("i.csv", "Start,End,Model,Amount\n2026-10-05,2026-10-01,small,5\n"),
    ),
    "reconcile with periods that overlap": Case(
        "reconcile i.csv --provider acme",
        "i.csv:3: the period 2026-10-05 overlaps 2026-10 of i.csv:2",
        "a statement bills every day once",
        set_up=both(store, file("i.csv", "Period,Model,Amount\n2026-10,small,5\n2026-10-05,small,1\n")),
    ),
    "reconcile with two bills of the same days": Case(
        "reconcile a.csv b.csv",
        "b.csv: bills acme for days that a.csv bills too",
        "name one of them; usage pages may stand beside either",
        set_up=both(
            file("a.csv", "Date,Provider,Model,Amount\n2026-10-01,acme,small,5\n"),
            file("b.csv", "Date,Provider,Model,Amount\n2026-10-01,acme,small,6\n"),
        ),
    ),
    "reconcile with nobody's bill": Case(
        "reconcile i.csv",
        "i.csv:2: the line does not say whose bill it is",
        "--provider NAME says so; the ledger has none on these days",
        set_up=both(store, file("i.csv", "Date,Model,Amount\n2019-10-01,small,5\n")),
    ),
    "reconcile with a column of no meaning": Case(
        "reconcile i.csv --column amont=Betrag",
        "--column: unknown column 'amont'",
        "did you mean 'amount'?",
        set_up=file("i.csv", "Date,Betrag\n2026-10-01,5\n"),
    ),
    "reconcile with a header that is not there": Case(
        "reconcile i.csv --column amount=Betrg",
        "--column: i.csv has no column 'Betrg'",
        "did you mean 'Betrag'?",
        set_up=file("i.csv", "Date,Betrag\n2026-10-01,5\n"),
    ),
    "reconcile with half a column": Case(
        "reconcile i.csv --column amount", "--column: 'amount' names no header", "write --column amount=Betrag"
    ),
    "reconcile with a tolerance that is none": Case(
        "reconcile i.csv --tolerance much", "--tolerance: 'much' is no share", "write 1%"
    ),
    "reconcile applied to some requests": Case(
        "reconcile i.csv --apply",
        "--apply: cannot stand beside --where",
        "what is invoiced holds for all requests",
        more=("--where", "model = 'x'"),
    ),
    "reconcile a FOCUS file without a column": Case(
        "reconcile f.csv",
        "f.csv:1: the FOCUS column 'BillingCurrency' is missing",
        "export it with the file",
        set_up=file("f.csv", f"BilledCost,ChargeCategory,{FOCUS_DAYS}\n5,Usage,2026-10-01,2026-10-02\n"),
    ),
    "reconcile a FOCUS file with another category": Case(
        "reconcile f.csv",
        "f.csv:2: unknown ChargeCategory 'Usge'",
        "one of Usage, Purchase, Tax, Credit, Adjustment",
        set_up=file("f.csv", f"{FOCUS}\n5,USD,Usge,2026-10-01,2026-10-02,AI and Machine Learning,a\n"),
    ),
    "reconcile a FOCUS file of other services": Case(
        "reconcile f.csv",
        "f.csv: no line of an AI service",
        "ServiceCategory 'AI and Machine Learning'",
        set_up=file("f.csv", f"{FOCUS}\n5,USD,Usage,2026-10-01,2026-10-02,Compute,a\n"),
    ),
    "reconcile a line in two FOCUS files": Case(
        "reconcile f.csv g.csv",
        "g.csv:2: the line stands in f.csv:2 too",
        "two exports of the same days? name one of them",
        set_up=both(
            file("f.csv", f"{FOCUS}\n5,USD,Usage,2026-10-01,2026-10-02,AI and Machine Learning,a\n"),
            file("g.csv", f"{FOCUS}\n5.0,USD,Usage,2026-10-01,2026-10-02,AI and Machine Learning,a\n"),
        ),
    ),
    "reconcile a FOCUS file in another zone": Case(
        "reconcile f.csv --tz Asia/Tokyo",
        "f.csv:2: the times of a FOCUS file are UTC, its days do not begin in Asia/Tokyo",
        "leave --tz out; it is for invoices, whose days say no zone",
        set_up=both(store, file("f.csv", f"{FOCUS}\n5,USD,Usage,2026-10-01,2026-10-02,AI and Machine Learning,a\n")),
    ),
    "reconcile in a zone that is none": Case(
        "reconcile i.csv --tz Asia/Tokio",
        "--tz: unknown time zone 'Asia/Tokio'",
        "did you mean 'Asia/Tokyo'?",
        set_up=file("i.csv", "Date,Model,Amount\n2026-10-01,small,5\n"),
    ),
    "reconcile with a log": Case(
        "reconcile log.jsonl",
        "log.jsonl: is a log (native), no statement of a provider",
        "reconcile takes usage and cost pages, a FOCUS file or a CSV invoice",
        set_up=log,
    ),
    "currency": Case("report --currency euro", "--currency: 'euro' is no currency", "write its code: EUR"),
    "another currency without rates": Case(
        "forecast --log a.jsonl --currency EUR",
        "--currency: no exchange rate of EUR",
        "name a file of rates: fx: fx.csv (currency,date,usd)",
        set_up=file("a.jsonl", '{"ts": "2026-10-01T00:00:00Z", "model": "gpt-4o", "input_tokens": 1}\n'),
    ),
    "currency without rates": Case(
        "report a.jsonl --currency EUR",
        "--currency: no exchange rate of EUR",
        "name a file of rates: fx: fx.csv (currency,date,usd)",
        set_up=file("a.jsonl", '{"ts": "2026-10-01T00:00:00Z", "model": "gpt-4o", "input_tokens": 1}\n'),
    ),
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
    "groups of no budget": Case(
        "gate --per agent", "--per: belongs to --max-cost", "llmcost gate --max-cost 100 --per feature"
    ),
    "growth over nothing": Case("gate --max-increase 5%", "--max-increase: needs a baseline", "--baseline main.json"),
    "cases against nothing": Case(
        "gate --match tag:case",
        "--match: needs a baseline",
        "--baseline main.json, written by llmcost baseline save --match",
    ),
    "cases by no field": Case(
        "gate --match cas --baseline b.json", "--match: unknown dimension 'cas'", "one of " + DIMENSIONS + ", tag:KEY"
    ),
    "no such baseline": Case(
        "gate --max-increase 5% --baseline b.json",
        "b.json: the baseline cannot be read: No such file or directory",
        "llmcost baseline save b.json",
        set_up=store,
    ),
    "a rule without its baseline": Case(
        "gate",
        "llmcost.yaml:1: the rule 'x' has max_increase and no baseline",
        "baseline: FILE in the rule, or --baseline FILE",
        set_up=both(store, file("llmcost.yaml", "gate: {rules: [{id: x, metric: cost, max_increase: 5%}]}\n")),
    ),
    "a rule over a column that is not there": Case(
        "gate",
        "llmcost.yaml:1: gate.rules.x.when: unknown field 'agnt' at column 1 of: agnt = 'a'",
        "did you mean 'agent'?",
        set_up=file("llmcost.yaml", "gate: {rules: [{id: x, metric: cost, max: 1, when: \"agnt = 'a'\"}]}\n"),
    ),
    "cases without a name": Case(
        "baseline save b.json --cases log.jsonl",
        "--cases: needs --match",
        "--match tag:case says which field names a case",
    ),
    "a baseline of nothing": Case(
        "baseline save b.json --since 2030-01-01",
        "no rows in the window: there is nothing to keep",
        "choose another --last or --since",
        UNDECIDED,
        set_up=store,
    ),
    "a baseline without cases": Case(
        "baseline save b.json --match tag:case",
        "--match: no row has tag:case",
        "name the field that holds the case",
        UNDECIDED,
        set_up=store,
    ),
    "report without file": Case(
        "gate --max-cost 1 --report json", "--report: 'json' names no file", "write --report json=gate.json, or github"
    ),
    "report of no format": Case(
        "gate --max-cost 1 --report pdf=x",
        "--report: unknown format 'pdf'",
        "one of json, markdown, junit, sarif, csv, table, github",
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
