"""One hostile table in every format: byte-exact goldens, and what must hold of any table."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmcost.errors import UsageError
from llmcost.model import Column, Table
from llmcost.render import FORMATS, render
from llmcost.render.text import UNSEEN
from tests.golden import check

UNKNOWN = (None,) * 5
# fmt: off
NASTY = Table(
    schema="llmcost.report/1",
    title="Spend by agent, [red]November[/red]",
    columns=[
        Column("agent", "text"),
        Column("tags", "text", brief=False),
        Column("requests", "count"),
        Column("input_tokens", "count"),
        Column("cache_read_tokens", "count", brief=False),
        Column("cost", "cost"),
        Column("source_cost", "source_cost", title="recorded cost", brief=False),
        Column("share", "share"),
        Column("ratio", "ratio", brief=False),
        Column("last_seen", "time", brief=False),
        Column("capped", "flag", brief=False),
    ],
    rows=[
        ("[bold]x[/bold]", {"=k": Decimal("1.50")}, 1_234_567, 9_876_543_210, 0, Decimal("1234.567"),
         Decimal("1230.50"), Decimal("0.99"), Decimal("1.0033"), 0, True),
        ("=1+1", None, 3, 999_999, 12, Decimal("0.0123"),
         Decimal("0E-24"), Decimal("0.0099"), None, 1_500_000, False),
        ("<script>alert(1)</script>", [], 2, 5, 0, Decimal("0.00000123"), None, Decimal("0.0000001"), None, None, None),
        ("a|b `c` _d_ @team", None, 0, 0, 0, Decimal("0.0"), None, Decimal("0.0"), None, None, None),
        ("계획-에이전트", {"환경": "프로드"}, 10, 20, 0, None, *UNKNOWN),
        ("\x1b]0;pwned\x07\x1b[31mred", None, 1, 1, 0, Decimal("0.5"), *UNKNOWN),
        ("two\nlines\u202e, \ud83d", None, 1, 1, 0, Decimal("-2.00"), *UNKNOWN),
        ("customer-support-triage-agent-in-production-eu-west-1", None, 1, 1, 0, None, *UNKNOWN),
        ("customer-support-triage-agent-in-production-eu-west-2", None, 1, 1, 0, None, *UNKNOWN),
        (None, None, 1, 1, 0, None, *UNKNOWN),
    ],
    # Not the sum of the rows, so that a renderer that adds up is caught.
    total=(None, None, 7_000_001, 8_000_000_002, 12, Decimal("999.000000000003"),
           None, Decimal("1.0"), Decimal("1.0"), None, None),
    head={"window": {"since": None, "until": None, "tz": "UTC"}, "by": ["agent"]},
    foot={"trust": {"rows_read": 15, "unattributed": {"agent": Decimal("0.10")}}},
    notes=["12 requests are unpriced: [bold]model[/bold] \x1b[1mown/llama has no price.", "Prices as of 2026-11-22."],
)
# fmt: on

LONG = "customer-support-triage-agent-in-production-"


def table_of(*names: object, kind: str = "text", **changes: object) -> Table:
    columns = [Column("name", kind), Column("requests", "count")]
    return replace(Table("t/1", "", columns, [(name, 1) for name in names]), **changes)


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_table_is_as_agreed(width):
    check(f"render/nasty_{width}.txt", render(NASTY, "table", width=width))


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "markdown"])
def test_files_are_as_agreed_whatever_the_terminal(form):
    narrow, wide = (render(NASTY, form, width=width, color=width == 160) for width in (80, 160))
    assert narrow == wide
    check(f"render/nasty.{form}", narrow)


# Every format


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("table", [NASTY, table_of("a"), table_of("a", notes=["n"]), table_of("a", title="t")])
def test_every_output_ends_with_exactly_one_newline(form, table):
    text = render(table, form, width=80)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("form", FORMATS)
def test_no_control_character_of_log_text_gets_out(form):
    hostile = "".join(map(chr, UNSEEN)) + "\ud800"
    table = table_of(hostile, {hostile: [hostile]}, title=hostile, notes=[hostile])
    table = replace(table, head={"h": hostile}, columns=[Column("name", "text", title=hostile), table.columns[1]])
    text = render(table, form)
    assert not set(text) & (set(map(chr, UNSEEN)) - {"\n"})
    text.encode()  # no lone surrogate either


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_table_gives_the_same_bytes_whatever_the_environment(form, monkeypatch):
    expected = render(NASTY, form, width=80)
    for name, value in {"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "20"}.items():
        monkeypatch.setenv(name, value)
    assert render(NASTY, form, width=80) == expected


def test_an_unknown_format_names_the_nearest_one():
    with pytest.raises(UsageError, match="unknown format 'jsn'") as caught:
        render(NASTY, "jsn")
    assert caught.value.hint == "did you mean 'json'?"


def test_a_format_like_no_other_lists_them_all():
    with pytest.raises(UsageError) as caught:
        render(NASTY, "xlsx")
    assert caught.value.hint == "one of table, json, ndjson, csv, markdown"


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "markdown"])
def test_files_are_written_without_importing_rich(form):
    program = f"""
import sys
from llmcost.model import Column, Table
from llmcost.render import render, write
write(render(Table("t/1", "t", [Column("n", "text")], [("a",)]), {form!r}), None)
sys.exit("rich" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0


# JSON and ndjson


def test_json_keys_stand_in_the_order_of_the_contract():
    document = json.loads(render(NASTY, "json"))
    assert list(document) == ["schema", "window", "by", "rows", "total", "trust"]
    assert list(document["rows"][0]) == [column.name for column in NASTY.columns]
    # of the dimensions agent, tags and last_seen a total has none; what is unknown in it stays
    assert list(document["total"]) == [
        *("requests", "input_tokens", "cache_read_tokens", "cost", "source_cost", "share", "ratio", "capped")
    ]
    assert document["total"]["source_cost"] is None
    assert document["trust"]["unattributed"] == {"agent": "0.1"}


def test_json_without_a_total_has_no_key_for_it():
    assert list(json.loads(render(table_of("a"), "json"))) == ["schema", "rows"]


def test_ndjson_lines_are_the_rows_of_the_json():
    lines = render(NASTY, "ndjson").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render(NASTY, "json"))["rows"]


def test_ndjson_without_rows_is_empty():
    assert render(table_of(), "ndjson") == ""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("row", [("planner",), ("planner", 1, 2)])
def test_a_row_of_the_wrong_length_is_refused(form, row):
    with pytest.raises(ValueError, match="zip"):
        render(replace(table_of(), rows=[row]), form)


# CSV


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_a_text_cell_that_a_spreadsheet_would_run_gets_a_quote_in_front(start):
    (cell,) = csv_column(table_of(f"{start}1+1"))
    assert cell.startswith("'")


@pytest.mark.parametrize("text", ["a=1", "1+1", " =1", "'=1", "a-b", "계획", ""])
def test_other_text_gets_none(text):
    assert csv_column(table_of(text)) == [text]


def test_negative_numbers_get_none():
    assert csv_column(table_of(Decimal("-1.5"), kind="decimal")) == ["-1.5"]
    assert csv_column(table_of(-3, kind="count")) == ["-3"]


def test_a_column_named_like_a_formula_is_disarmed_too():
    table = Table("t/1", "", [Column("=cmd", "text")], [("a",)])
    assert render(table, "csv") == "'=cmd\na\n"


def test_csv_has_no_total_row_and_reads_back_as_the_json_says():
    rows = list(csv.DictReader(io.StringIO(render(NASTY, "csv"), newline="")))
    exact = json.loads(render(NASTY, "json"))["rows"]
    assert len(rows) == len(exact)
    for row, wanted in zip(rows, exact, strict=True):
        for name in ("requests", "cost", "source_cost", "share", "ratio", "last_seen"):
            assert row[name] == ("" if wanted[name] is None else str(wanted[name]))


def test_quotes_and_commas_follow_rfc_4180():
    assert render(table_of('say "hi", bye'), "csv") == 'name,requests\n"say ""hi"", bye",1\n'


def csv_column(table: Table) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(render(table, "csv"), newline=""))][1:]


# Markdown


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("`x`", "\\`x\\`"),
        ("[x](y)", "\\[x\\](y)"),
        ("<script>", "\\<script\\>"),
        ("&lt;", "\\&lt;"),
        ("*a* _b_ ~c~", "\\*a\\* \\_b\\_ \\~c\\~"),
        ("https://e.org www.e.org", "https\\://e.org www\\.e.org"),
        ("cc @team", "cc @&#8203;team"),
        ("two\r\n\nlines", "two lines"),
        ("\x1b[1m", "\\\\x1b\\[1m"),
        # must not change
        ("snake_case_name", "snake_case_name"),
        ("gpt-4.1 & co", "gpt-4.1 & co"),
        ("alice@example.com", "alice@example.com"),
        ("own/llama:70b #1", "own/llama:70b #1"),
    ],
)
def test_log_text_is_inert_in_markdown(text, cell):
    table = table_of(text, notes=[text], title=text)
    lines = render(table, "markdown").splitlines()
    assert lines == [f"### {cell}", "", "| name | requests |", "| --- | ---: |", f"| {cell} | 1 |", "", f"- {cell}"]


def test_the_total_row_of_markdown_is_bold_and_blank_where_nothing_is_said():
    table = Table("t/1", "", [Column("a", "text"), Column("b", "text"), Column("c", "cost")], [], (None, None, None))
    assert render(table, "markdown").splitlines()[-1] == "| **total** |  | **unpriced** |"


# Terminal


@pytest.mark.parametrize("width", [80, 99, 100, 120, 160])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_terminal(width, color):
    lines = without_escapes(render(NASTY, "table", width=width, color=color)).splitlines()
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("color", [False, True])
def test_no_line_ends_in_spaces(color):
    lines = without_escapes(render(NASTY, "table", width=80, color=color)).splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_colour_changes_nothing_but_the_looks():
    plain, coloured = (render(NASTY, "table", width=80, color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1m" in coloured
    assert without_escapes(coloured) == plain


def test_markup_in_log_text_stays_visible():
    text = render(NASTY, "table", width=160)
    assert "[bold]x[/bold]" in text
    assert "[red]November[/red]" in text
    assert "[bold]model[/bold]" in text
    assert ":smile:" in render(table_of(":smile:"), "table")


def test_a_narrow_terminal_gets_the_brief_columns_and_the_names_of_the_others():
    text = render(NASTY, "table", width=99)
    assert "not shown at this width: tags, cache read tokens, recorded cost, ratio, last seen, capped" in unwrapped(
        text
    )
    assert "not shown" not in render(NASTY, "table")


def test_a_table_without_brief_columns_is_not_empty_in_a_narrow_terminal():
    table = table_of("planner")
    table = replace(table, columns=[replace(column, brief=False) for column in table.columns])
    assert "planner" in render(table, "table", width=80)
    assert "planner" in render(table, "table", width=8)


def test_token_counts_are_short_only_in_a_narrow_terminal_and_requests_never():
    narrow, wide = (render(NASTY, "table", width=width) for width in (80, 160))
    assert "1,234,567" in narrow
    assert "9.9B" in narrow
    assert "9,876,543,210" not in narrow
    assert "9,876,543,210" in wide


def test_the_total_printed_is_the_total_given_and_no_sum_of_rows():
    for width in (80, 160):
        (line,) = [line for line in render(NASTY, "table", width=width).splitlines() if line.startswith("total")]
        assert "7,000,001" in line
        assert "$999.00" in line


def test_the_counts_of_table_and_csv_agree_cell_for_cell():
    table = replace(NASTY, columns=[replace(column, title=column.name) for column in NASTY.columns])
    counts = [column.name for column in table.columns if column.kind == "count"]
    lines = render(table, "table").splitlines()
    heading = next(line for line in lines if line.startswith("agent"))
    body = lines[lines.index(heading) + 2 :][: len(table.rows)]
    for row, line in zip(csv.DictReader(io.StringIO(render(table, "csv"), newline="")), body, strict=True):
        for name in counts:
            end = heading.index(name) + len(name)  # right-aligned, so a figure ends where its heading ends
            figure = slice_of_cells(line, end).split(" ")[-1]
            assert figure.replace(",", "") == row[name]


def test_without_rows_the_table_says_so():
    assert render(table_of(title="Spend"), "table") == "Spend\n\nno rows\n"


def test_a_total_without_rows_is_still_printed():
    assert "total" in render(table_of(total=(None, 0)), "table")


@pytest.mark.parametrize("width", [30, 40, 80])
def test_names_that_part_at_the_end_the_start_or_the_middle_stay_apart(width):
    filler = "x" * 60
    names = [LONG + "1", LONG + "2", "a" + LONG, "b" + LONG, filler + "1" + filler, filler + "2" + filler, LONG]
    column = names_in(render(table_of(*names), "table", width=width))
    assert len(set(column)) == len(names)
    assert all("…" in name or name in names for name in column)


def test_a_name_that_fits_is_not_cut():
    assert "…" not in render(table_of("a" * 60), "table", width=80)
    assert "…" not in render(table_of("a" * 500), "table")


def test_wide_characters_count_twice():
    text = render(table_of("계획" * 30, "계획" * 30 + "!", "plain"), "table", width=40)
    ends = {cell_len(line) for line in text.splitlines()[2:]}
    assert ends == {40}  # the figures stand under each other at the right edge
    assert len(set(names_in(text))) == 3


def test_a_figure_is_never_cut_even_when_the_terminal_is_too_narrow():
    assert "1,234,567" in render(table_of(1_234_567, kind="count"), "table", width=5)


@given(st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=6), st.sampled_from([20, 80, 160]))
def test_any_text_keeps_the_table_in_shape(names, width):
    lines = render(table_of(*names), "table", width=width).splitlines()
    assert len(lines) == 2 + len(names)
    assert max(map(cell_len, lines)) <= width


def names_in(text: str) -> list[str]:
    return [line.rsplit(" ", 1)[0].rstrip() for line in text.splitlines()[2:]]


def unwrapped(text: str) -> str:
    return text.replace("\n", " ")


def without_escapes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def slice_of_cells(line: str, end: int) -> str:
    return next(line[:at] for at in range(len(line) + 1) if cell_len(line[:at]) >= end)
