"""Nightly files: the same bytes for the same data, unchanged files untouched, old data whole whatever happens, sums that agree."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost import config
from llmcost.config import Config
from llmcost.errors import StoreError, UsageError
from llmcost.exports import files
from llmcost.exports import manifest as manifests
from llmcost.exports.asked import Asked
from llmcost.exports.datasets import DATASETS
from llmcost.exports.files import Written
from llmcost.pricing import catalogue
from llmcost.sources.ingest import ingest
from llmcost.spend.report import Question, report
from llmcost.store import Store, open_ledger
from llmcost.windows import Window
from tests.conftest import SAMPLE_LOGS
from tests.make_sample_logs import PROMPTS, Company
from tests.spend.ledgers import Row, call, ledger, prices, settings

DAY_1, DAY_2, DAY_3 = "2026-10-01T08:00:00Z", "2026-10-02T08:00:00Z", "2026-10-03T23:59:59.999Z"
AT = datetime(2026, 11, 3, 2, 0, tzinfo=timezone.utc)
RAW = Asked(raw_users=True)
NOON_2_US = 1_790_942_400_000_000  # 2026-10-02T12:00:00Z


def to_folder(
    folder: Path,
    rows: list[Row],
    name: str = "daily",
    form: str = "csv",
    *,
    yaml: Config | None = None,
    window: Window | None = None,
) -> Written:
    """Exports a fresh ledger of these rows into folder/out."""
    with open_ledger(ledger(folder, rows), read_only=True) as store:
        return exported(store, folder / "out", name, form, yaml=yaml, window=window)


def exported(
    store: Store,
    out: Path,
    name: str = "daily",
    form: str = "csv",
    *,
    yaml: Config | None = None,
    window: Window | None = None,
    asked: Asked | None = None,
    at: datetime = AT,
) -> Written:
    """Exports an open ledger."""
    return files.to_folder(
        store, yaml or Config(), DATASETS[name], form, out, asked or Asked(), window or Window(), at=at
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def times(folder: Path) -> dict[str, int]:
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def manifest(folder: Path, name: str = "daily") -> Any:
    return json.loads((folder / "out" / name / "v1" / "manifest.json").read_text())


def streamed(
    store: Store,
    name: str,
    form: str,
    yaml: Config,
    output: Path,
    window: Window | None = None,
    *,
    asked: Asked = RAW,
) -> str:
    files.to_stream(store, yaml, DATASETS[name], form, output, asked, window or Window())
    return output.read_text(encoding="utf-8")


THREE_DAYS = [call("a", ts=DAY_1), call("b", ts=DAY_2), call("c", ts=DAY_3), call("d", ts=None)]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize("name", ["daily", "requests"])
def test_a_folder_holds_a_file_per_day_and_a_manifest_of_them(tmp_path: Path, name: str, form: str) -> None:
    done = to_folder(tmp_path, THREE_DAYS, name, form)
    found = tree(tmp_path / "out")
    days = ["2026-10-01", "2026-10-02", "2026-10-03", "undated"]

    assert list(found) == [*(f"{name}/v1/dt={day}/part-00000.{form}" for day in days), f"{name}/v1/manifest.json"]
    assert (done.files, done.new, done.removed, done.rows, done.cost) == (4, 4, 0, 4, Decimal("0.004"))
    written = manifest(tmp_path, name)
    assert [entry["dt"] for entry in written["files"]] == [*days[:3], None]
    assert written["prices_sha256"] == prices().digest
    for entry in written["files"]:
        data = found[f"{name}/v1/{entry['path']}"]
        assert (entry["bytes"], entry["sha256"], entry["rows"]) == (len(data), hashlib.sha256(data).hexdigest(), 1)
        assert entry["sum_cost"] == "0.001000000000"


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize("name", ["daily", "requests"])
def test_the_same_data_give_the_same_bytes_and_touch_nothing(tmp_path: Path, name: str, form: str) -> None:
    to_folder(tmp_path, THREE_DAYS, name, form)
    before, then = tree(tmp_path / "out"), times(tmp_path / "out")
    with open_ledger(tmp_path / "llmcost.duckdb", read_only=True) as store:
        done = exported(store, tmp_path / "out", name, form)

    assert (done.files, done.new, done.restated, done.removed) == (4, 0, {}, 0)
    assert tree(tmp_path / "out") == before
    assert times(tmp_path / "out") == then


def test_a_changed_day_rewrites_its_file_and_the_manifest_only(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    then = times(tmp_path / "out")
    done = to_folder(tmp_path, [*THREE_DAYS, call("e", ts=DAY_2, input_tokens=4000)])
    now = times(tmp_path / "out")

    assert (done.files, done.new, done.restated, done.cost) == (4, 0, {"late_rows": 1}, Decimal("0.008"))
    assert {name for name in now if now[name] != then[name]} == {
        "daily/v1/dt=2026-10-02/part-00000.csv",
        "daily/v1/manifest.json",
    }
    assert {e["dt"]: e["sum_cost"] for e in manifest(tmp_path)["files"]}["2026-10-02"] == "0.005000000000"


def test_a_day_without_rows_goes_with_its_folder(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    done = to_folder(tmp_path, THREE_DAYS[1:3])

    assert (done.files, done.removed) == (2, 2)
    assert list(tree(tmp_path / "out" / "daily" / "v1")) == [
        "dt=2026-10-02/part-00000.csv",
        "dt=2026-10-03/part-00000.csv",
        "manifest.json",
    ]
    assert not (tmp_path / "out" / "daily" / "v1" / "dt=2026-10-01").exists()
    assert [entry["dt"] for entry in manifest(tmp_path)["files"]] == ["2026-10-02", "2026-10-03"]


def test_a_window_is_widened_to_whole_days_and_leaves_the_others_alone(tmp_path: Path) -> None:
    late = call("b2", ts="2026-10-02T18:00:00Z")
    to_folder(tmp_path, [*THREE_DAYS, late])
    before = tree(tmp_path / "out")
    done = to_folder(tmp_path, [*THREE_DAYS, late], window=Window(NOON_2_US, NOON_2_US + 1))

    assert (done.files, done.new, done.restated, done.removed, done.rows) == (4, 0, {}, 0, 4)
    assert tree(tmp_path / "out") == before


def test_a_day_of_the_window_without_rows_goes_and_one_outside_of_it_stays(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    done = to_folder(tmp_path, [call("z", ts="2026-10-09T00:00:00Z")], window=Window(NOON_2_US, None))

    assert (done.files, done.new, done.removed) == (3, 1, 2)
    assert [entry["dt"] for entry in manifest(tmp_path)["files"]] == ["2026-10-01", "2026-10-09", None]


def test_without_its_manifest_a_folder_is_somebody_elses(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    base = tmp_path / "out" / "daily" / "v1"
    (base / "manifest.json").unlink()
    before = tree(base)
    with pytest.raises(UsageError) as error:
        to_folder(tmp_path, THREE_DAYS)

    named = "dt=2026-10-01, dt=2026-10-02, dt=2026-10-03"
    assert str(error.value) == f"{base}: holds files that llmcost did not write: {named}"
    assert tree(base) == before


def test_a_strangers_file_is_left_alone_and_named(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    base = tmp_path / "out" / "daily" / "v1"
    (base / "dt=2026-10-02" / "notes.txt").write_text("mine")
    done = to_folder(tmp_path, [THREE_DAYS[0], THREE_DAYS[2], THREE_DAYS[3]])

    assert done.strangers == ["dt=2026-10-02/notes.txt"]
    assert (base / "dt=2026-10-02" / "notes.txt").read_text() == "mine"
    assert not (base / "dt=2026-10-02" / "part-00000.csv").exists()


def test_a_strangers_file_in_the_place_of_ours_stops_the_export_before_it_begins(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    base = tmp_path / "out" / "daily" / "v1"
    (base / "dt=2026-10-09").mkdir()
    (base / "dt=2026-10-09" / "part-00000.csv").write_text("mine")
    before = tree(base)
    with pytest.raises(UsageError, match="dt=2026-10-09/part-00000.csv: is a file that llmcost did not write"):
        to_folder(tmp_path, [call("z", ts="2026-10-09T00:00:00Z"), call("e", ts=DAY_2)])

    assert tree(base) == before


def test_an_empty_ledger_makes_an_empty_manifest(tmp_path: Path) -> None:
    done = to_folder(tmp_path, [])

    assert (done.files, done.rows, done.cost) == (0, 0, None)
    assert manifest(tmp_path)["files"] == []


def test_another_format_needs_another_folder(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    with pytest.raises(UsageError) as error:
        to_folder(tmp_path, THREE_DAYS, form="ndjson")

    assert str(error.value) == f"{tmp_path}/out/daily/v1: the folder holds csv files"
    assert error.value.hint == "choose another --to"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"files": [{}]}', '{"format": "csv", "files": [{"path": "x", "dt": "soon"}]}']
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    to_folder(tmp_path, THREE_DAYS)
    (tmp_path / "out" / "daily" / "v1" / "manifest.json").write_text(text)
    with pytest.raises(UsageError, match="the manifest is damaged"):
        to_folder(tmp_path, THREE_DAYS)


def test_drafts_of_a_run_that_was_killed_are_cleared_away(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    draft = tmp_path / "out" / "daily" / "v1" / "dt=2026-10-01" / ".llmcost-0123.tmp"
    draft.write_text("half")
    to_folder(tmp_path, THREE_DAYS)

    assert not draft.exists()


def test_two_exports_at_a_time_are_one_too_many(tmp_path: Path) -> None:
    to_folder(tmp_path, THREE_DAYS)
    with manifests.lock(tmp_path / "out" / "daily" / "v1", 0), pytest.raises(StoreError) as error:
        to_folder(tmp_path, THREE_DAYS)

    assert (str(error.value), error.value.exit_code) == (f"{tmp_path}/out/daily/v1: another export is writing there", 5)
    to_folder(tmp_path, THREE_DAYS)  # the lock is gone with its holder


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="out/daily/v1: cannot be made: "):
        to_folder(tmp_path, THREE_DAYS)


# What a cell may hold


def test_formulas_are_disarmed_in_csv_and_left_alone_in_ndjson(tmp_path: Path) -> None:
    names = ["=1+1", "+a", "-a", "@a", "\ta", "\ra", "\x00a", "a=1", "\x1b[31mred", "a\nb", "\u202ex", '"q"', "é"]
    rows = [call(f"r{n}", agent=name, source_cost="-1.5") for n, name in enumerate(names)]
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        cells = csv.DictReader(io.StringIO(streamed(store, "requests", "csv", Config(), tmp_path / "o.csv")))
        shown = [(row["agent"], row["source_cost"]) for row in cells]
        raw = streamed(store, "requests", "ndjson", Config(), tmp_path / "o.ndjson")

    assert [agent for agent, _ in shown] == [
        *(
            "'=1+1",
            "'+a",
            "'-a",
            "'@a",
            "'\\ta",
            "'\\ra",
            "'\\x00a",
            "a=1",
            "\\x1b[31mred",
            "a\\nb",
            "\\u202ex",
            '"q"',
            "é",
        ),
    ]
    assert {cost for _, cost in shown} == {"-1.5"}
    assert [json.loads(line)["agent"] for line in raw.splitlines()] == names
    assert not any(ord(char) < 0x20 for char in raw.replace("\n", ""))


def test_no_prompt_leaves_the_store(sample_ledger: Path, tmp_path: Path) -> None:
    with open_ledger(sample_ledger, read_only=True) as store:
        text = streamed(store, "requests", "ndjson", Config(), tmp_path / "o.ndjson")

    assert not [prompt for prompt in PROMPTS if prompt in text]


def test_hashed_users_leave_under_a_name_that_tells_nothing_also_in_tags(tmp_path: Path) -> None:
    """HMAC-SHA256 under the key of the store, the first 32 digits, as Python has it."""
    rows = [
        call("a", user="änn", tags={"who": "änn", "env": "prod"}),
        call("b", user="änn"),
        call("c", user="ben"),
        call("d"),
    ]
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        text = streamed(store, "requests", "ndjson", Config(), tmp_path / "o", asked=Asked())
        key = bytes.fromhex(store.fact("prompt_key") or "")
    users = [json.loads(line)["user"] for line in text.splitlines()]
    digests = [hmac.new(key, name.encode(), "sha256").hexdigest()[:32] for name in ("änn", "änn", "ben")]

    assert users == [*digests, None]
    assert "änn" not in text
    assert json.loads(text.splitlines()[0])["tags"] == {"who": users[0], "env": "prod"}


def test_two_stores_hash_one_user_to_two_names(tmp_path: Path) -> None:
    found = set()
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        with open_ledger(ledger(folder, [call(name, user="ann")]), read_only=True) as store:
            text = streamed(store, "requests", "ndjson", Config(), folder / "o", asked=Asked())
        found.add(json.loads(text)["user"])

    assert len(found) == 2


def test_the_users_of_a_day_are_hashed_unless_asked_for(tmp_path: Path) -> None:
    rows = [call("a", user="ann"), call("b", user="ann", ts=DAY_1), call("c", user="ben")]
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        hashed = parsed(streamed(store, "users", "csv", Config(), tmp_path / "o", asked=Asked()), "csv")
        raw = parsed(streamed(store, "users", "csv", Config(), tmp_path / "o"), "csv")

    assert [(row["day"], row["user"], row["cost"]) for row in raw] == [
        ("2026-10-01", "ann", "0.001000000000"),
        ("2026-10-15", "ann", "0.001000000000"),
        ("2026-10-15", "ben", "0.001000000000"),
    ]
    assert len({row["user"] for row in hashed}) == 2
    assert not {row["user"] for row in hashed} & {"ann", "ben"}


def test_only_the_tags_of_the_config_leave(tmp_path: Path) -> None:
    rows = [call("a", tags={"who": "ann", "env": "prod"}), call("b")]
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        text = streamed(store, "requests", "ndjson", settings(tmp_path, "privacy: {tags: [env]}"), tmp_path / "o")

    assert [json.loads(line)["tags"] for line in text.splitlines()] == [{"env": "prod"}, {}]


# The whole month


@pytest.fixture(scope="module")
def store(sample_ledger: Path) -> Iterator[Store]:
    with open_ledger(sample_ledger, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def sample() -> Config:
    return config.load(SAMPLE_LOGS / "llmcost.yaml")


def parsed(text: str, form: str) -> list[Row]:
    if form == "ndjson":
        return [json.loads(line) for line in text.splitlines()]
    return [{k: v or None for k, v in row.items()} for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_daily_sums_equal_the_report_and_the_requests_to_the_last_digit(
    store: Store, sample: Config, company: Company, tmp_path: Path, form: str
) -> None:
    daily = parsed(streamed(store, "daily", form, sample, tmp_path / "d"), form)
    requests = parsed(streamed(store, "requests", form, sample, tmp_path / "r"), form)
    table = report(store, sample, Question(by=["day"]))
    assert table.total is not None
    total = dict(zip([column.name for column in table.columns], table.total, strict=True))

    for figure in ("cost", "source_cost"):
        assert sum(Decimal(row[figure] or 0) for row in daily) == total[figure] == getattr(company.total, figure)
        assert sum(Decimal(row[figure] or 0) for row in requests) == total[figure]
    for figure in (
        "requests",
        "attempts",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "output_tokens",
        "reasoning_tokens",
    ):
        assert sum(int(row[figure]) for row in daily) == total[figure] == getattr(company.total, figure)
    assert len(requests) == len(company.calls)


def test_daily_rows_rise_by_day_and_name(store: Store, sample: Config, tmp_path: Path) -> None:
    rows = parsed(streamed(store, "daily", "ndjson", sample, tmp_path / "d"), "ndjson")
    names = [tuple((row[name] is not None, row[name]) for name in list(row)[:9]) for row in rows]

    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert list(rows[0])[:9] == ["day", "scope", "source", "provider", "model", "agent", "feature", "plan", "team"]


def test_a_stream_is_the_files_of_a_folder_one_after_the_other(store: Store, sample: Config, tmp_path: Path) -> None:
    done = exported(store, tmp_path, "requests", "ndjson", yaml=sample, asked=RAW)
    found = tree(tmp_path / "requests" / "v1")
    undated = found.pop("dt=undated/part-00000.ndjson")
    found.pop("manifest.json")

    assert (undated + b"".join(found.values())).decode() == streamed(
        store, "requests", "ndjson", sample, tmp_path / "r"
    )
    assert done.cost == sum(
        Decimal(entry["sum_cost"]) for entry in json.loads(Path(done.folder, "manifest.json").read_text())["files"]
    )


EVERYTHING = [
    call(
        "a",
        tags={"k": "v\x1b", "é": "=1"},
        units={"web_search": "2.5"},
        scores={"q": "0.25"},
        prefix_blocks=[1, 2, 3],
        task="t",
        output_tokens=3,
    ),
    call("b", kind="attempt", input_tokens=0, status="error", error_kind="timeout", error_code="408", trace="x"),
    call(
        "c",
        trace="x",
        ts="2026-10-15T12:00:01.5Z",
        latency_ms=12,
        ttft_ms=3,
        cache_write_1h_tokens=7,
        reasoning_tokens=2,
        output_tokens=2,
    ),
    call("d", kind="cache_hit", source_cost="0"),
    call("e", kind="iteration", model="big", parent="a"),
    call("f", model="own", source_cost="0.0033225000000000003", source_cost_kind="charged"),
    call("g", input_tokens=None),
    call("h", requests=120, ts=None, usage_basis="assumed", unexplained_tokens=5),
    call("7"),
    call("7", ts="2026-10-16T00:00:00Z"),
    call("i", source="gateway", file="other.jsonl", line=99, environment="ci", service_tier="x", finish_reason="stop"),
]


@pytest.mark.parametrize("of", ["sample", "everything"])
def test_an_export_read_into_an_empty_store_is_the_same_ledger(sample_ledger: Path, tmp_path: Path, of: str) -> None:
    book = catalogue.load() if of == "sample" else prices()
    first = sample_ledger if of == "sample" else ledger(tmp_path, EVERYTHING)
    with open_ledger(first, read_only=True) as one:
        text = streamed(one, "requests", "ndjson", Config(), tmp_path / "all.ndjson")
        names, rows = one.table("SELECT * FROM ledger ORDER BY seq")
    ingest([str(tmp_path / "all.ndjson")], tmp_path / "copy.duckdb", config=Config(), catalogue=book)
    with open_ledger(tmp_path / "copy.duckdb", read_only=True) as two:
        names_2, rows_2 = two.table("SELECT * FROM ledger ORDER BY seq")
        again = streamed(two, "requests", "ndjson", Config(), tmp_path / "again.ndjson")

    assert names_2 == names
    differing = {
        (name, str(a), str(b))
        for row, row_2 in zip(rows, rows_2, strict=True)
        for name, a, b in zip(names, row, row_2, strict=True)
        if a != b
    }
    assert differing == set()
    assert again == text


def test_exports_use_utc_days_whatever_the_config_says(tmp_path: Path) -> None:
    yaml = settings(tmp_path, "timezone: Asia/Seoul")
    with open_ledger(ledger(tmp_path, [call("a", ts="2026-10-01T23:00:00Z")]), read_only=True) as one:
        assert parsed(streamed(one, "daily", "csv", yaml, tmp_path / "o"), "csv")[0]["day"] == "2026-10-01"


def test_a_window_of_a_stream_is_taken_as_it_is(tmp_path: Path) -> None:
    with open_ledger(ledger(tmp_path, THREE_DAYS), read_only=True) as one:
        rows = parsed(streamed(one, "requests", "csv", Config(), tmp_path / "o", Window(NOON_2_US, None)), "csv")

    assert [row["request_id"] for row in rows] == ["c"]


@pytest.mark.parametrize(("form", "text"), [("ndjson", lambda _: ""), ("csv", lambda header: header)])
def test_without_rows_a_stream_is_empty_but_for_a_csv_header(
    tmp_path: Path, form: str, text: Callable[[str], str]
) -> None:
    with open_ledger(ledger(tmp_path, THREE_DAYS), read_only=True) as one:
        header = streamed(one, "daily", "csv", Config(), tmp_path / "h").splitlines(keepends=True)[0]
        found = streamed(one, "daily", form, Config(), tmp_path / "o", Window(None, 1))

    assert found == text(header)
