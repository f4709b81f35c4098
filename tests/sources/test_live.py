"""Live files (live.py, read_on.sql, rename_files.sql, span_files.sql): what grew is read on, what was renamed is not, half a line waits."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.sources import formats, live, stage
from llmcost.store import open_ledger
from tests.sources.reading import Read, put, read

WAITING = "not finished yet"


def call(name: str | None = None, **more: Any) -> str:
    """A line of the native format; without a name it has no id."""
    named = {} if name is None else {"request_id": name}
    facts = {"model": "gpt-4o", "provider": "openai", "ts": "2026-01-01T00:00:00Z", "input_tokens": 10}
    return json.dumps({**named, **facts, "output_tokens": 2, **more})


def lines(*texts: str) -> str:
    return "".join(text + "\n" for text in texts)


def add(path: Path, text: str) -> Path:
    with path.open("ab") as file:
        file.write(text.encode())
    return path


def places(found: Read) -> dict[str, tuple[str, int]]:
    """Where the requests stand: {id: (file name, line)}."""
    return {row["request_id"]: (Path(row["file"]).name, row["line"]) for row in found.rows}


def noted(ledger: Path, columns: str) -> list[tuple[Any, ...]]:
    with open_ledger(ledger, read_only=True) as store:
        return store.rows(f"SELECT {columns} FROM files ORDER BY path")


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that the engine was asked to read."""
    sizes: list[int] = []
    raw = stage._raw

    def counted(store: Any, group: Any) -> str:
        sizes.extend(log.path.stat().st_size for log in group.logs)
        return raw(store, group)

    monkeypatch.setattr(stage, "_raw", counted)
    return sizes


def test_a_log_that_grew_is_read_from_its_old_end_and_its_lines_go_on(tmp_path: Path, bytes_read: list[int]) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a"), "", "broken", call("b")))
    first = read(path)
    added = lines(call("c"), "broken too", "", call("d"))
    second = read(add(path, added))

    assert places(second) == {"a": ("app.log", 1), "b": ("app.log", 4), "c": ("app.log", 5), "d": ("app.log", 8)}
    assert [line for _, line, _ in second.quarantine] == [3, 6]
    assert bytes_read[-1] == len(added)
    assert (first.file.lines, first.file.new) == (3, 2)
    assert (second.file.lines, second.file.requests, second.file.new, second.file.quarantined) == (6, 4, 2, 2)
    assert second.file.skipped == {"read before": 3}
    assert noted(second.ledger, "lines, requests, new_rows, duplicates, quarantined, skipped") == [(6, 4, 4, 0, 2, {})]
    assert read(path).file.skipped == {"read before": 6}


def test_lines_without_an_id_are_counted_on(tmp_path: Path, bytes_read: list[int]) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call(), call(), call(user="u")))
    read(path)
    added = lines(call(), call(user="u"), call(user="v"), call())
    found = read(add(path, added))

    assert bytes_read[-1] == len(added)
    assert len(found.rows) == 7  # 3 + 4, none folded into another
    assert sorted(row["request_id"][-2:] for row in found.rows) == ["-1", "-1", "-1", "-2", "-2", "-3", "-4"]


def test_lines_without_an_id_that_another_file_has_too_are_read_whole(tmp_path: Path, bytes_read: list[int]) -> None:
    first = put(tmp_path / "logs", "a.log", lines(call(), call()))
    other = put(tmp_path / "logs", "b.log", lines(call(user="x"), call()))
    read(first)
    found = read(other)
    assert (found.file.new, found.file.duplicates, len(found.rows)) == (1, 1, 3)
    found = read(add(other, lines(call(), call())))

    # the third such line of b.log is the first that a.log has not
    assert bytes_read[-1] == other.stat().st_size
    assert len(found.rows) == 2 + 1 + 1


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a")) + call("b")[:30])
    first = read(path)
    waits = read(add(path, call("b")[30:60]))
    ended = read(add(path, call("b")[60:] + "\n"))

    assert (first.file.skipped, first.file.quarantined, list(places(first))) == ({WAITING: 1}, 0, ["a"])
    assert waits.file.skipped == {"read before": 1, WAITING: 1}
    assert waits.quarantine == []
    assert places(ended) == {"a": ("app.log", 1), "b": ("app.log", 2)}
    assert ended.file.skipped == {"read before": 1}
    assert noted(ended.ledger, "lines, requests, skipped") == [(2, 2, {})]


def test_a_whole_last_line_needs_no_line_end(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a")) + call("b"))
    assert list(places(read(path))) == ["a", "b"]
    found = read(add(path, "\n" + lines(call("c"))))

    assert places(found) == {"a": ("app.log", 1), "b": ("app.log", 2), "c": ("app.log", 3)}
    assert found.file.new == 1


@pytest.mark.parametrize("more", [",\n", " \n", "]\n"])
def test_a_last_line_that_goes_on_after_all_is_read_again_with_its_file(more: str, tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a")) + call("b"))
    read(path)
    found = read(add(path, more + lines(call("c"))))

    assert places(found) == {"a": ("app.log", 1), "b": ("app.log", 2), "c": ("app.log", 3)}
    assert len(found.quarantine) == (more == "]\n")


def test_a_log_of_half_a_record_is_empty_yet(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", call("a")[:20])
    first = read(path)
    found = read(add(path, call("a")[20:]))

    assert (first.file.source, first.file.skipped, first.rows) == ("empty", {WAITING: 1}, [])
    assert places(found) == {"a": ("app.log", 1)}


def test_what_will_not_grow_does_not_wait(tmp_path: Path) -> None:
    text = (lines(call("a")) + call("b")[:30]).encode()
    found = read(put(tmp_path / "logs", "app.log.gz", gzip.compress(text)))
    whole = read(put(tmp_path / "more", "app.log", lines(call("a"), call("b")[:30])))

    assert (found.file.skipped, found.file.quarantined) == ({}, 1)
    assert (whole.file.skipped, whole.file.quarantined) == ({}, 1)


def test_a_rotated_log_is_not_read_again(tmp_path: Path, bytes_read: list[int]) -> None:
    logs = tmp_path / "logs"
    path = put(logs, "app.log", lines(call("a"), "broken", call()))
    read(logs)
    add(path, lines(call("b")))  # written before the rotation, not read yet
    path.rename(logs / "app.log.1")
    put(logs, "app.log", lines(call("c"), call(user="u")))
    del bytes_read[:]
    second = read(logs)

    assert sorted(bytes_read) == sorted([len(lines(call("b"))), len(lines(call("c"), call(user="u")))])
    assert {name: place for name, place in places(second).items() if len(name) == 1} == {
        "a": ("app.log.1", 1),
        "b": ("app.log.1", 4),
        "c": ("app.log", 1),
    }
    assert [(Path(file).name, line) for file, line, _ in second.quarantine] == [("app.log.1", 2)]
    assert len(noted(second.ledger, "path")) == 2

    # and once more: everything moves up one place
    (logs / "app.log.1").rename(logs / "app.log.2")
    path.rename(logs / "app.log.1")
    put(logs, "app.log", lines(call("d")))
    third = read(logs)

    assert [file.skipped for file in third.report.files] == [{}, {"read before": 2}, {"read before": 4}]
    assert {name: place for name, place in places(third).items() if len(name) == 1} == {
        "a": ("app.log.2", 1),
        "b": ("app.log.2", 4),
        "c": ("app.log.1", 1),
        "d": ("app.log", 1),
    }
    assert [(Path(file).name, line) for file, line, _ in third.quarantine] == [("app.log.2", 2)]


def test_a_log_that_was_copied_and_emptied_starts_anew(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a"), call(), call()))
    read(path)
    shutil.copy(path, path.with_name("app.log.1"))
    path.write_text(lines(call("b")))
    second = read(tmp_path / "logs")
    third = read(add(path, lines(call())))

    assert [file.skipped for file in second.report.files] == [{}, {"read before": 3}]
    assert list(places(second)).count("b") == 1
    # the same line in another file is the same request: it has no id and no other sign
    assert (third.file.new, third.file.duplicates, len(third.rows)) == (0, 1, 4)


def test_a_packed_copy_is_read_again_and_adds_nothing(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a"), call()))
    read(path)
    put(tmp_path / "logs", "app.log.1.gz", gzip.compress(path.read_bytes()))
    path.unlink()
    found = read(tmp_path / "logs")

    assert (len(found.rows), found.file.requests, found.file.new, found.file.duplicates) == (2, 2, 0, 2)


def test_a_copy_is_read_before_and_one_that_grew_is_read_whole(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "a.jsonl", lines(call("a")))
    read(path)
    copied = put(tmp_path / "logs", "b.jsonl", lines(call("a")))
    assert read(copied).file.skipped == {"read before": 1}
    found = read(add(copied, lines(call("b"))))

    assert (found.file.lines, found.file.new, found.file.duplicates, found.file.skipped) == (2, 1, 1, {})
    assert places(found) == {"a": ("a.jsonl", 1), "b": ("b.jsonl", 2)}


def test_a_log_whose_head_was_changed_is_read_whole(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a"), call("b")))
    read(path)
    path.write_text(lines(call("A"), call("b"), call("c")))
    found = read(path)

    assert sorted(places(found)) == ["A", "a", "b", "c"]
    assert (found.file.lines, found.file.new, found.file.skipped) == (3, 2, {})


def test_a_large_file_of_another_time_may_have_changed_between_its_edges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "logs", "app.log", lines(*(call(f"c{n:06}") for n in range(2000))))
    read(path)
    os.utime(path, (1, 1))
    found = read(path)

    assert (found.file.skipped, found.file.requests, found.file.new) == ({}, 2000, 0)


def test_a_format_whose_lines_need_the_earlier_ones_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_read: list[int]
) -> None:
    from dataclasses import replace

    monkeypatch.setitem(formats.BY_NAME, "native", replace(formats.BY_NAME["native"], ordered=True))
    path = put(tmp_path / "logs", "app.log", lines(call("a")))
    read(path)
    found = read(add(path, lines(call("b"))))

    assert bytes_read[-1] == path.stat().st_size
    assert (found.file.new, found.file.lines, found.file.skipped) == (1, 2, {})


def test_a_store_that_did_not_note_where_to_read_on_reads_whole(tmp_path: Path) -> None:
    path = put(tmp_path / "logs", "app.log", lines(call("a")))
    ledger = read(path).ledger
    with open_ledger(ledger) as store:
        store.run("UPDATE files SET read_bytes = NULL, read_lines = NULL, read_digest = NULL, first_line_digest = NULL")
    assert read(path).file.skipped == {"read before": 1}
    found = read(add(path, lines(call("b"))))

    assert (found.file.new, found.file.lines, found.file.skipped) == (1, 2, {})


def test_a_log_of_spans_is_read_whole(tmp_path: Path, bytes_read: list[int]) -> None:
    def span(number: int) -> str:
        attributes = {
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
        }
        return json.dumps({"span_id": f"s{number}", "trace_id": "t", "attributes": attributes})

    path = put(tmp_path / "logs", "app.log", lines(span(1)))
    read(path)
    found = read(add(path, lines(span(2))))

    # who stands above a span may be written after it
    assert bytes_read[-1] == path.stat().st_size
    assert (found.file.requests, found.file.new) == (2, 1)


TEXTS = st.one_of(
    st.sampled_from("abcdef").map(call),
    st.sampled_from(["u", "v", "계획"]).map(lambda user: call(user=user)),
    st.just(call()),
    st.sampled_from(["", "  ", "broken {", "12", '{"foo": 1}', "null"]),
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(TEXTS, min_size=1, max_size=9),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.floats(0, 1), max_size=3),
    st.booleans(),
)
def test_a_log_read_as_it_grows_gives_what_it_gives_when_read_once(
    texts: list[str], end: str, cuts: list[float], is_renamed: bool
) -> None:
    content = (call("first") + end + "".join(text + end for text in texts)).encode()
    # the first line has been written: without it there would be nothing to read in the first place
    begin = len(call("first"))
    stops = sorted(begin + int(cut * (len(content) - begin)) for cut in cuts)
    results = []
    for name, sizes in (("once", [len(content)]), ("growing", [*stops, len(content)])):
        with tempfile.TemporaryDirectory() as folder:
            logs = Path(folder, name, "logs")
            for number, size in enumerate(sizes):
                last = number == len(sizes) - 1
                path = put(logs, "a.log", content[:size])
                if is_renamed and last:
                    path = path.rename(path.with_name("b.log"))
                found = read(path)
            rows = [{**row, "seq": None, "file": Path(row["file"]).name, "prompt_hash": None} for row in found.rows]
            left = [(Path(file).name, line, reason) for file, line, reason in found.quarantine]
            results.append((rows, left, noted(found.ledger, "lines, requests, new_rows, quarantined, skipped")))

    assert results[0] == results[1]


def test_where_a_file_ends(tmp_path: Path) -> None:
    path = put(tmp_path, "a.log", b"one\ntwo\n" + b"x" * 200_000)
    assert live._last_line(path, 3) == b"one"
    assert live._last_line(path, 4) == b""
    assert live._last_line(path, path.stat().st_size) == b"x" * 200_000
    assert live._line_ends(path, 8) == 2
