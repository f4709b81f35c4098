"""The program as scripts and people meet it: streams, exit codes, locks, signals, pipes, colours, precedence, odd paths."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import QUIET_ENVIRONMENT, captured, process
from tests.conftest import SAMPLE_LOGS
from tests.make_sample_logs import Company
from tests.spend.ledgers import call, ledger, overrides

COMMANDS = (
    "report",
    "ingest",
    "explain",
    "export",
    "gate",
    "baseline",
    "sql",
    "reprice",
    "sources",
    "caps",
    "caps simulate",
    "breakeven finetune",
    "breakeven selfhost",
    "breakeven provisioned",
    "breakeven batch",
    "prices list",
    "prices show",
    "prices check",
    "prices diff",
    "prices sync",
)
ROWS = [call(f"r{n}", agent="a" if n % 2 else "b", user=f"u{n}") for n in range(4)]

pytestmark = pytest.mark.usefixtures("_elsewhere")


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in an empty folder, with none of llmcost's variables set."""
    monkeypatch.chdir(tmp_path)
    for name in QUIET_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A ledger of four requests of a thousandth of a dollar, where llmcost looks for it."""
    return ledger(tmp_path, ROWS)


Capsys = pytest.CaptureFixture[str]


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_what_it_does_and_examples(capsys: Capsys, command: str) -> None:
    ended = captured(capsys, *command.split(), "--help")
    lines = ended.out.splitlines()
    examples = next(n for n, line in enumerate(lines) if f"llmcost {command}" in line and "Usage" not in line)

    assert (ended.code, ended.err) == (0, "")
    assert lines[0].startswith(f"Usage: llmcost {command}")
    assert examples < lines.index("Options:")
    assert lines[2].strip()


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_the_program_introduces_itself(capsys: Capsys, arguments: tuple[str, ...]) -> None:
    ended = captured(capsys, *arguments)

    assert (ended.code, ended.err) == (0, "")
    assert "llmcost report logs/" in ended.out
    for command in COMMANDS:
        assert f"  {command.split()[0]} " in ended.out


def test_examples_of_help_are_commands_that_exist(capsys: Capsys) -> None:
    for command in COMMANDS:
        text = captured(capsys, *command.split(), "--help").out
        for line in (part.strip() for part in text.splitlines()):
            if line.startswith("llmcost "):
                assert line.split()[1] in {one.split()[0] for one in COMMANDS}, line


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_one_line(capsys: Capsys, flag: str) -> None:
    from llmcost import __version__

    assert captured(capsys, flag).out == f"llmcost {__version__}\n"


# Streams


DATA = {
    "report": ("report", "--by", "agent"),
    "explain": ("explain", "r1"),
    "sql": ("sql", "SELECT request_id, cost FROM ledger ORDER BY request_id"),
    "gate": ("gate", "--max-cost", "1"),
    "sources": ("sources",),
    "prices": ("prices", "list"),
    "quarantine": ("ingest", "--show-quarantine"),
    "ingest": ("ingest", "log.jsonl"),
    "reprice": ("reprice",),
}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", DATA)
def test_stdout_is_data_in_every_format(capsys: Capsys, name: str) -> None:
    for form in ("json", "ndjson", "csv", "markdown", "table"):
        ended = captured(capsys, *DATA[name], "--format", form)

        assert (ended.code, ended.err) == (0, ""), form
        assert "\x1b" not in ended.out
        if form == "json":
            assert json.loads(ended.out)["schema"].startswith("llmcost.")
        elif form == "ndjson":
            assert all(isinstance(json.loads(line), dict) for line in ended.out.splitlines())
        elif form == "csv":
            widths = {len(row) for row in csv.reader(io.StringIO(ended.out))}
            assert len(widths) == 1


@pytest.mark.usefixtures("store")
def test_a_file_of_output_is_what_stdout_would_be(capsys: Capsys, tmp_path: Path) -> None:
    shown = captured(capsys, "report", "--by", "agent", "--format", "csv").out
    (tmp_path / "out.csv").write_text("old")
    ended = captured(capsys, "report", "--by", "agent", "--format", "csv", "--output", "out.csv")

    assert (ended.out, (tmp_path / "out.csv").read_text()) == ("", shown)
    assert captured(capsys, "report", "--by", "agent", "--format", "csv", "-o", "-").out == shown


@pytest.mark.usefixtures("store")
def test_a_failure_leaves_the_old_output_whole(capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "out.csv").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    ended = captured(capsys, "report", "-o", "out.csv")

    assert (ended.code, (tmp_path / "out.csv").read_text()) == (2, "old")
    assert "cannot write: No space left on device" in ended.err
    assert not list(tmp_path.glob(".llmcost-*"))


def test_two_requests_of_one_id_are_one_document(capsys: Capsys, tmp_path: Path) -> None:
    ledger(tmp_path, [call("7"), call("7", ts="2026-10-16T00:00:00Z", input_tokens=2000)])
    documents = json.loads(captured(capsys, "explain", "7", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(captured(capsys, "explain", "7", "--format", "csv").out)))

    assert [document["total"]["usd"] for document in documents] == ["0.001", "0.002"]
    assert [(row["where"], row["usd"]) for row in rows] == [
        ("log.jsonl:1", "0.001"),
        ("log.jsonl:2", "0.002"),
    ]


def test_talk_goes_to_stderr_and_quiet_silences_it(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text('{"request_id": "a", "model": "gpt-4o", "input_tokens": 1}\n')
    (tmp_path / "logs" / "other.jsonl").write_text('{"hello": "world"}\n')
    loud = captured(capsys, "report", "logs", "--format", "csv")
    quiet = captured(capsys, "report", "logs", "--format", "csv", "--quiet")

    assert (loud.code, quiet.code) == (0, 0)
    assert loud.err.startswith("llmcost: warning: logs/other.jsonl: not read")
    assert quiet.err == ""
    assert loud.out == quiet.out != ""


def test_a_bug_is_a_sentence_and_a_stack_trace_only_with_debug(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the \x1b[31mworld\nended")

    monkeypatch.setattr("llmcost.spend.report.report", fail)
    ended = captured(capsys, "report")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "llmcost: error: a bug in llmcost: RuntimeError: the \\x1b[31mworld\\nended\n  hint: run it again with --debug and report what it prints\n"
    )
    with pytest.raises(RuntimeError):
        captured(capsys, "report", "--debug")


# Exit codes of other processes


@contextmanager
def held(store: Path) -> Iterator[int]:
    """Another process that has the store open for writing; gives its PID."""
    program = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, str(store)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        try:
            yield holder.pid
        finally:
            holder.kill()


@pytest.mark.parametrize(
    "arguments",
    [("report",), ("ingest", "log.jsonl"), ("sql", "SELECT 1"), ("reprice",), ("gate", "--max-cost", "1"), ("export",)],
)
def test_a_locked_store_names_who_holds_it(capsys: Capsys, store: Path, arguments: tuple[str, ...]) -> None:
    with held(store) as pid:
        begun = time.monotonic()
        ended = captured(capsys, *arguments, "--wait", "0.3")

    assert (ended.code, ended.out) == (5, "")
    assert f"llmcost.duckdb: the store is locked by process {pid} (" in ended.err
    assert ended.err.endswith("  hint: wait for it, or allow more time with --wait SECONDS\n")
    assert 0.3 <= time.monotonic() - begun < 10


def test_a_lock_is_waited_for(capsys: Capsys, store: Path) -> None:
    with held(store) as pid:
        waiting = subprocess.Popen(
            [sys.executable, "-m", "llmcost", "report", "--format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(1)
        assert waiting.poll() is None
        os.kill(pid, signal.SIGKILL)
        out, err = waiting.communicate(timeout=30)

    assert (waiting.returncode, err) == (0, "")
    assert json.loads(out)["total"]["requests"] == 4


def test_many_may_read_at_a_time(capsys: Capsys, store: Path) -> None:
    program = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, str(store)], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        ended = captured(capsys, "report", "--wait", "0.3")
        reader.kill()

    assert (ended.code, ended.err) == (0, "")


def test_an_interrupt_ends_with_130_and_one_line(store: Path) -> None:
    with held(store):  # so that the program is certain to be busy
        running = subprocess.Popen(
            [sys.executable, "-m", "llmcost", "report"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(2)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)

    assert (running.returncode, out, err) == (130, "", "llmcost: error: interrupted\n")


def test_an_interrupt_in_the_middle_of_a_query_ends_it_at_once(store: Path) -> None:
    slow = "SELECT sum(sin(range)) FROM range(100000000000)"
    running = subprocess.Popen(
        [sys.executable, "-m", "llmcost", "sql", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)

    assert (running.returncode, out, err) == (130, "", "llmcost: error: interrupted\n")


def test_a_reader_who_has_seen_enough_is_no_error(store: Path) -> None:
    query = "SELECT range AS n, repeat('x', 100) AS x FROM range(100000)"
    llmcost = f'"{sys.executable}" -m llmcost'
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; {llmcost} sql "{query}" --format csv | head -1'],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "n,x\n", "")


def test_stdin_is_a_log(tmp_path: Path) -> None:
    done = process(
        "report",
        "-",
        "--format",
        "json",
        cwd=tmp_path,
        text='{"request_id": "a", "model": "gpt-4o", "input_tokens": 4}\n',
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["total"]["input_tokens"] == 4


# Colours and width


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What `llmcost ARGUMENTS` prints to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in QUIET_ENVIRONMENT} | {
        "TERM": "xterm",
        "COLUMNS": "80",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "llmcost", *arguments], stdout=follower, stderr=subprocess.PIPE, env=clean | environment
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        shown += chunk
    running.communicate(timeout=30)
    os.close(leader)
    assert running.returncode == 0
    return shown.decode()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("environment", "colourful"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_only_a_terminal_that_wants_it_gets_colours(environment: dict[str, str], colourful: bool) -> None:
    shown = on_a_terminal("report", "--by", "agent", **environment)

    assert ("\x1b[" in shown) == colourful
    assert "not shown at this width" in shown.replace("\r\n", " ")


@pytest.mark.usefixtures("store")
def test_without_a_terminal_there_is_no_colour_and_no_column_is_left_out(tmp_path: Path) -> None:
    done = process("report", "--by", "agent", cwd=tmp_path, TERM="xterm", COLUMNS="40", FORCE_COLOR="1")

    assert "\x1b" not in done.stdout
    assert "reasoning" in done.stdout


# Where the store and the config are


def requests(text: str) -> int:
    return int(json.loads(text)["total"]["requests"])


def test_a_flag_beats_the_environment_which_beats_the_usual_place(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("usual", "environment", "flag"), 1):
        folder = tmp_path / name
        folder.mkdir()
        ledger(folder, ROWS[:number])
    shutil.copy("usual/llmcost.duckdb", "llmcost.duckdb")

    assert requests(captured(capsys, "report", "--format", "json").out) == 1
    monkeypatch.setenv("LLMCOST_DB", "environment/llmcost.duckdb")
    assert requests(captured(capsys, "report", "--format", "json").out) == 2
    assert requests(captured(capsys, "report", "--format", "json", "--db", "flag/llmcost.duckdb").out) == 3


@pytest.mark.usefixtures("store")
def test_a_config_of_a_flag_beats_the_environment_which_beats_the_one_above(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("llmcost", "environment", "flag"):
        (tmp_path / f"{name}.yaml").write_text(f"attribution: {{rules: [{{team: {name}}}]}}\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir("below")

    def team(*flags: str) -> str:
        return str(
            json.loads(
                captured(capsys, "report", "--db", "../llmcost.duckdb", "--by", "team", "--format", "json", *flags).out
            )["rows"][0]["team"]
        )

    assert team() == "llmcost"
    monkeypatch.setenv("LLMCOST_CONFIG", "../environment.yaml")
    assert team() == "environment"
    assert team("--config", "../flag.yaml") == "flag"


@pytest.mark.usefixtures("store")
def test_the_zone_of_a_flag_beats_that_of_the_config(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "llmcost.yaml").write_text("timezone: Pacific/Kiritimati\n")  # 14 hours ahead

    def day(*flags: str) -> tuple[str, str]:
        found = json.loads(captured(capsys, "report", "--by", "day", "--format", "json", *flags).out)
        return found["rows"][0]["day"], found["window"]["tz"]

    assert day() == ("2026-10-16", "Pacific/Kiritimati")
    assert day("--tz", "UTC") == ("2026-10-15", "UTC")


@pytest.mark.usefixtures("store")
def test_last_counts_back_from_the_clock_of_the_environment(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCOST_NOW", "2026-10-15T13:00:00Z")
    near, far = (
        json.loads(captured(capsys, "report", "--last", length, "--format", "json").out) for length in ("2h", "30min")
    )

    assert near["window"] == {"since": "2026-10-15T11:00:00Z", "until": "2026-10-15T13:00:00Z", "tz": "UTC"}
    assert (near["total"]["requests"], far["total"]["requests"]) == (4, 0)


ODD_NAMES = ("it's a 계획", '"q" *', "[x]", "-- drop; %20 #1 block")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_path_may_be_called_anything(capsys: Capsys, tmp_path: Path, company: Company, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(SAMPLE_LOGS / "edge" / "native.jsonl", folder / f"{name}.jsonl")
    (folder / "users.csv").write_text("user,plan\nu001,free\n")
    (folder / "llmcost.yaml").write_text("users: users.csv\n")
    flags = ("--db", f"{folder}/{name}.duckdb", "--config", f"{folder}/llmcost.yaml")

    assert captured(capsys, "ingest", f"{folder}/{name}.jsonl", *flags, "--quiet").code == 0
    assert captured(capsys, "ingest", str(folder), *flags, "--format", "json").out.count('"new": 0') == 2
    stored = captured(capsys, "report", *flags, "--by", "plan", "--format", "json")
    looked = captured(
        capsys, "report", str(folder), "--config", f"{folder}/llmcost.yaml", "--by", "plan", "--format", "json"
    )
    assert stored.out == looked.out
    assert requests(stored.out) == company.by["source"]["native"].requests
    assert captured(capsys, "export", *flags, "--to", f"{folder}/out").code == 0
    assert captured(capsys, "gate", "--max-cost", "9", *flags, "--report", f"json={folder}/{name}.json").code == 0
    assert (folder / f"{name}.json").is_file()


def test_a_store_in_memory_is_a_file_of_that_name(capsys: Capsys, tmp_path: Path) -> None:
    shutil.copy(SAMPLE_LOGS / "edge" / "native.jsonl", tmp_path)
    captured(capsys, "ingest", "native.jsonl", "--db", ":memory:")

    assert (tmp_path / ":memory:").is_file()
    assert captured(capsys, "report", "--db", ":memory:").code == 0


# A look at logs without a store


@pytest.mark.parametrize(
    "arguments",
    [("report", "log.jsonl"), ("report", "--log", "log.jsonl"), ("gate", "--max-cost", "1", "--log", "log.jsonl")],
)
def test_a_look_at_logs_never_touches_the_store(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "log.jsonl").write_text(
        '{"request_id": "a", "ts": "2026-10-01T00:00:00Z", "model": "gpt-4o", "input_tokens": 1}\n'
    )
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "llmcost.duckdb").write_bytes(b"not to be touched")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir() if p.is_file()}
    ended = captured(capsys, *arguments)

    assert (ended.code, ended.err) == (0, "")
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir() if p.is_file()} == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_look_leaves_nothing_behind_when_it_fails(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.jsonl").write_text('{"request_id": "a", "model": "gpt-4o", "input_tokens": 1}\n')
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    ended = captured(capsys, "sql", "SELECT nope", "--log", "log.jsonl")

    assert ended.code == 2
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.jsonl", "tmp"]


def test_several_logs_make_one_ledger(capsys: Capsys, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.jsonl").write_text(f'{{"request_id": "{name}", "model": "gpt-4o", "input_tokens": 1}}\n')

    assert (
        requests(captured(capsys, "report", "a.jsonl", "--log", "b.jsonl", "--log", "c.jsonl", "--format", "json").out)
        == 3
    )


def test_a_look_and_a_store_say_the_same(capsys: Capsys, tmp_path: Path) -> None:
    config, logs = ("--config", str(SAMPLE_LOGS / "llmcost.yaml")), str(SAMPLE_LOGS / "research")
    looked = captured(capsys, "report", logs, *config, "--by", "agent,plan", "--format", "json")
    captured(capsys, "ingest", logs, *config)
    stored = captured(capsys, "report", *config, "--by", "agent,plan", "--format", "json")

    assert looked.out == stored.out


# The gate as a command


@pytest.mark.usefixtures("store")
def test_a_gate_writes_its_reports_also_when_the_budget_is_breached(capsys: Capsys, tmp_path: Path) -> None:
    ended = captured(
        capsys,
        "gate",
        "--max-cost",
        "0.001",
        "--report",
        "json=gate.json",
        "--report",
        "markdown=gate.md",
        "--format",
        "json",
    )

    assert (ended.code, ended.err) == (3, "")
    assert (tmp_path / "gate.json").read_text() == ended.out
    assert json.loads(ended.out)["result"] == "breach"
    assert "max-cost" in (tmp_path / "gate.md").read_text()


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ("--max-cost 0.004", 0),
        ("--max-cost 0.0039", 3),
        ("--max-cost 0.0039 --soft", 0),
        ("--max-cost 0.0039 --where agent='a'", 0),
        ("--max-cost 0.002 --per agent", 0),
        ("--max-cost 0.0019 --per agent", 3),
        ("--max-cost 1 --since 2026-10-15 --until 2026-10-16", 0),
        ("--max-cost 1 --since 2026-10-16", 4),
        ("--max-cost 1 --since 2026-10-16 --soft", 0),
        ("--max-cost 1 --max-data-age 1h", 0),
        ("--max-cost 1 --max-data-age 59min", 4),
        ("--max-cost 1 --last 2h", 0),
        ("--max-cost 1 --last 10min", 4),
    ],
)
@pytest.mark.usefixtures("store")
def test_the_exit_code_is_the_verdict(capsys: Capsys, monkeypatch: pytest.MonkeyPatch, flags: str, code: int) -> None:
    monkeypatch.setenv("LLMCOST_NOW", "2026-10-15T13:00:00Z")

    assert captured(capsys, "gate", *flags.split()).code == code


@pytest.mark.parametrize(("share", "code"), [("0%", 4), ("24.9%", 4), ("25%", 0), (None, 4)])
def test_unpriced_requests_are_tolerated_up_to_a_share_of_the_flag_or_the_config(
    capsys: Capsys, tmp_path: Path, share: str | None, code: int
) -> None:
    ledger(tmp_path, [*ROWS[:3], call("own", model="own")])
    flags = ("--max-unpriced", share) if share else ()
    assert captured(capsys, "gate", "--max-cost", "1", *flags).code == code
    (tmp_path / "llmcost.yaml").write_text(f"gate: {{max_unpriced_share: {share or '0%'}}}\n")
    assert captured(capsys, "gate", "--max-cost", "1").code == code


# Exports and prices as commands


@pytest.mark.usefixtures("store")
def test_an_export_goes_to_stdout_a_file_or_a_folder(capsys: Capsys, tmp_path: Path) -> None:
    shown = captured(capsys, "export")
    captured(capsys, "export", "-o", "one.csv")
    told = captured(capsys, "export", "--to", "out")
    quiet = captured(capsys, "export", "--to", "out", "--quiet")
    (tmp_path / "llmcost.yaml").write_text("export: {to: other}\n")
    captured(capsys, "export")

    assert (tmp_path / "one.csv").read_text() == shown.out
    assert (tmp_path / "out/daily/v1/dt=2026-10-15/part-00000.csv").read_text() == shown.out
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ llmcost export daily: 1 files, 1 new, 2 rows, \$0\.0040, "
        r"data until 2026-10-15T12:00:00Z in out/daily/v1\n",
        told.out,
    )
    assert quiet.out == ""
    assert (tmp_path / "other/daily/v1/manifest.json").is_file()


def test_reprice_restates_what_a_changed_price_touches_once(capsys: Capsys, tmp_path: Path, store: Path) -> None:
    (tmp_path / "llmcost.yaml").write_text("prices: {overrides: acme.yaml}\n")
    acme = overrides(tmp_path)
    acme.write_text(acme.read_text().replace('input: "1",', 'input: "2",'))
    stale = captured(capsys, "report")
    first, second = (json.loads(captured(capsys, "reprice", "--format", "json").out)["rows"] for _ in range(2))

    assert "llmcost reprice" in stale.out
    assert [(row["day"], row["rows"], row["old_cost"], row["new_cost"]) for row in first] == [
        ("2026-10-15", 4, "0.004000000000", "0.008000000000"),
    ]
    assert second == []
    assert "llmcost reprice" not in captured(capsys, "report").out


def test_strict_ingest_fails_when_a_line_could_not_be_read(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(
        '{"request_id": "a", "model": "m", "input_tokens": 1}\n{"request_id": "b", "model": "m", "input_tokens": -1}\n'
    )

    assert captured(capsys, "ingest", "log.jsonl").code == 0
    assert captured(capsys, "ingest", "log.jsonl", "--strict").code == 4  # also when it was read before
    assert captured(capsys, "ingest", "--show-quarantine", "--strict").code == 4


def test_strict_ingest_fails_when_a_file_could_not_be_read_and_keeps_the_others(capsys: Capsys, tmp_path: Path) -> None:
    row = '{"request_id": "a", "model": "m", "input_tokens": 1}\n'
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/diary.log").write_text("Dear diary\n")
    (tmp_path / "logs/log.jsonl").write_text(row)
    (tmp_path / "fine.jsonl").write_text(row.replace('"a"', '"b"'))

    assert captured(capsys, "ingest", "logs").code == 0
    assert captured(capsys, "ingest", "logs", "--strict").code == 4
    assert captured(capsys, "ingest", "logs/diary.log", "fine.jsonl").code == 2
    both = captured(capsys, "ingest", "logs/diary.log", "fine.jsonl", "--strict")
    assert (both.code, "logs/diary.log: not read, no format llmcost knows" in both.err) == (4, True)
    assert captured(capsys, "sql", "SELECT request_id FROM ledger ORDER BY 1", "--format", "csv").out.split()[1:] == [
        "a",
        "b",
    ]
    assert captured(capsys, "ingest", "fine.jsonl", "--strict").code == 0


def test_a_page_of_a_provider_is_seen_in_ingest_and_sql_and_in_no_report(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text(
        '{"data": [{"starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z", "results": '
        '[{"currency": "USD", "amount": "123.45", "description": "Claude Sonnet 4.5 Usage"}]}], "has_more": false}'
    )
    said = captured(capsys, "ingest", "page.json").out
    found = captured(capsys, "sql", "SELECT provider, amount FROM provider_pages", "--format", "csv").out

    assert "skipped 1: a page of usage or cost, kept for reconcile" in said
    assert found == "provider,amount\nanthropic,1.2345\n"
    assert json.loads(captured(capsys, "report", "--format", "json").out)["total"]["requests"] == 0


def test_one_source_is_told_in_detail(capsys: Capsys) -> None:
    whole, how_to = captured(capsys, "sources", "native").out, captured(capsys, "sources", "native", "--how-to").out

    assert whole.endswith(f"how to get it\n{how_to}")
