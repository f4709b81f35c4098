"""The reports of a gate, each read back as its platform reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from llmcost.errors import UsageError
from llmcost.model import Column, Table
from llmcost.render import REPORTS
from llmcost.render.comment import COMMENT_BYTES, MARKER, to_comment
from llmcost.render.github import ANNOTATIONS, SUMMARY_BYTES, commands, publish

HOSTILE = (
    "a|b\n# head", "<script>alert(1)</script>", "<!-- llmcost-gate -->", "</details>", "@everyone", "`x` **b** [l](http://e.vil)",
    "\x1b[31mred\x1b[0m", "\u202eevil", "\ud800", "\ufffe\uffff\x00", "]]>", "::error::x", "%0A::error::x\r\n::warning::y", '"&\'', "계획",
)  # fmt: skip
NAMES = ("status", "id", "scope", "reason", "metric", "value", "limit", "unit", "level")
STATUSES = ("breach", "undecided", "warn", "pass", "skipped")


def table(
    *rows: tuple[str, str, str | None, str], result: str = "breach", notes: tuple[str, ...] = ("data until now",)
) -> Table:
    return Table(
        "llmcost.gate/1",
        f"Gate: {result}",
        [Column(name, "text", data_only=name not in NAMES[:4]) for name in NAMES],
        [[*row, "cost", "1.000000000000", "0.500000000000", "USD", "error"] for row in rows],
        head={"result": result},
        foot={"trust": {"sources": [{"cost": "1.250000000000"}, {"cost": None}, {"cost": "0.000000000001"}]}},
        notes=notes,
        rows_name="rules",
    )


EACH = table(*((status, f"rule-{status}", "agent=a", f"it is {status}") for status in STATUSES))
NASTY = table(*(("breach", f"{name}{n}", name, name) for n, name in enumerate(HOSTILE)), notes=HOSTILE)
PLACES = {f"rule-{status}": f"my, llm:cost.yaml:{n}" for n, status in enumerate(STATUSES, 7)}


# markdown


def test_a_comment_begins_with_its_marker_says_it_in_a_sentence_and_folds_what_is_well() -> None:
    assert to_comment(EACH) == (
        "<!-- llmcost-gate -->\n"
        "**llmcost gate: breach** — a limit is exceeded: 1 breached, 1 undecided, 1 warned, 1 passed, 1 skipped.\n"
        "\n"
        "|  | rule | scope | what |\n"
        "| --- | --- | --- | --- |\n"
        "| breached | rule-breach | agent=a | it is breach |\n"
        "| undecided | rule-undecided | agent=a | it is undecided |\n"
        "| warned | rule-warn | agent=a | it is warn |\n"
        "\n"
        "<details>\n"
        "<summary>2 within limits</summary>\n"
        "\n"
        "|  | rule | scope | what |\n"
        "| --- | --- | --- | --- |\n"
        "| passed | rule-pass | agent=a | it is pass |\n"
        "| skipped | rule-skipped | agent=a | it is skipped |\n"
        "\n"
        "</details>\n"
        "\n"
        "- data until now\n"
    )


def test_hostile_names_neither_break_the_table_nor_act() -> None:
    text = to_comment(NASTY)
    lines = text.splitlines()
    body = [line for line in lines if line.startswith("| ")]

    assert lines[0] == MARKER
    assert text.count(MARKER) == 1
    assert len(body) == 2 + len(HOSTILE)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 5 for line in body)
    assert not re.search(r"(?<!\\)<(?!!-- llmcost-gate -->\n)", text)
    assert "@everyone" not in text
    assert "\x1b" not in text
    text.encode()


@pytest.mark.parametrize("most", [3000, 20_000, COMMENT_BYTES])
def test_a_comment_keeps_to_its_size_and_counts_what_it_leaves_out(most: int) -> None:
    rows = [(status, f"r{n}", "계" * 60, "x" * 60) for n in range(900) for status in ("breach", "pass")]
    text = to_comment(table(*rows), most=most)
    shown = sum(line.startswith(("| breached", "| passed")) for line in text.splitlines())
    left = sum(
        int(number.replace(",", "")) for number in re.findall(r"^([\d,]+) more rows do not fit", text, re.MULTILINE)
    )

    assert len(text.encode()) <= most
    assert shown + left == len(rows)
    assert text.count("<details>") == text.count("</details>") == 1


# JUnit. The schema of the Jenkins xUnit plugin (junit-10): what it requires and allows, element by element.

COUNT = r"\d+"
SCHEMA: Mapping[str, Any] = {
    "testsuites": ({"name": ".*", "time": r"[\d.]+", "tests": COUNT, "failures": COUNT, "disabled": COUNT, "errors": COUNT}, (), ("testsuite",), False),
    "testsuite": (
        {"name": ".*", "tests": COUNT, "failures": COUNT, "errors": COUNT, "skipped": COUNT, "time": r"[\d.]+", "timestamp": ".*", "hostname": ".*",
         "id": ".*", "package": ".*", "file": ".*", "log": ".*", "url": ".*", "version": ".*", "group": ".*"},
        ("name", "tests", "failures", "errors"),
        ("testsuite", "properties", "testcase", "system-out", "system-err"),
        False,
    ),
    "testcase": (
        {"name": ".*", "classname": ".*", "time": r"[\d.]+", "group": ".*"},
        ("name",),
        ("skipped", "error", "failure", "system-out", "system-err", "properties"),
        False,
    ),
    "failure": ({"type": ".*", "message": ".*"}, (), (), True),
    "error": ({"type": ".*", "message": ".*"}, (), (), True),
    "skipped": ({"type": ".*", "message": ".*"}, (), (), True),
    "system-out": ({}, (), (), True),
}  # fmt: skip
"""Element: attributes with their patterns, the required ones, the children allowed, whether text is."""


def violations(element: ET.Element) -> list[str]:
    if element.tag not in SCHEMA:
        return [f"unknown element {element.tag}"]
    attributes, required, children, has_text = SCHEMA[element.tag]
    found = [f"{element.tag} lacks {name}" for name in required if name not in element.attrib]
    for name, value in element.attrib.items():
        if name not in attributes or not re.fullmatch(attributes[name], value, re.DOTALL):
            found.append(f"{element.tag}: {name}={value}")
    if not has_text and "".join([element.text or "", *(child.tail or "" for child in element)]).strip():
        found.append(f"{element.tag} has text")
    for child in element:
        found += [f"{child.tag} in {element.tag}"] if child.tag not in children else violations(child)
    return found


@pytest.mark.parametrize("bad", ["<testsuites><testcase name='a'/></testsuites>", "<testsuites time='x'/>", "<testsuites>a</testsuites>",
                                 "<testsuites><testsuite name='a' tests='1' failures='0'/></testsuites>", "<cases/>"])  # fmt: skip
def test_the_schema_refuses_what_is_none(bad: str) -> None:
    assert violations(ET.fromstring(bad))


@pytest.mark.parametrize("given", [EACH, NASTY, table(result="pass")], ids=["each", "hostile", "empty"])
def test_junit_validates_against_its_schema(given: Table) -> None:
    text = REPORTS["junit"](given, PLACES)
    root = ET.fromstring(text.encode())

    assert violations(root) == []
    assert int(root.attrib["tests"]) == len(root.findall("./testsuite/testcase")) == len(given.rows)
    assert int(root.attrib["failures"]) == len(root.findall(".//failure"))
    assert int(root.attrib["errors"]) == len(root.findall(".//error"))


def test_junit_tells_breach_from_doubt_and_says_why_in_the_body() -> None:
    root = ET.fromstring(REPORTS["junit"](EACH, PLACES).encode())
    cases = {case.attrib["classname"]: [(child.tag, child.text) for child in case] for case in root.iter("testcase")}

    assert cases == {
        "rule-breach": [("failure", "it is breach")],
        "rule-undecided": [("error", "it is undecided")],
        "rule-warn": [("system-out", "it is warn")],
        "rule-pass": [("system-out", "it is pass")],
        "rule-skipped": [("skipped", "it is skipped")],
    }


# SARIF


def test_sarif_points_at_the_line_of_the_rule() -> None:
    document = json.loads(REPORTS["sarif"](EACH, PLACES))
    (run,) = document["runs"]

    assert document["version"] == "2.1.0"
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == ["rule-breach", "rule-undecided", "rule-warn"]
    for number, result in enumerate(run["results"]):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == ("error", "error", "warning")[number]
        (where,) = result["locations"]
        assert where["physicalLocation"] == {
            "artifactLocation": {"uri": "my%2C%20llm%3Acost.yaml"},
            "region": {"startLine": 7 + number},
        }
    assert run["results"][0]["message"]["text"] == "rule-breach (agent=a): it is breach"


def test_sarif_survives_hostile_names_and_tells_results_apart() -> None:
    (run,) = json.loads(REPORTS["sarif"](NASTY, {}))["runs"]

    assert len({result["partialFingerprints"]["ruleAndScope/v1"] for result in run["results"]}) == len(HOSTILE)
    assert all("locations" not in result for result in run["results"])


# GitHub


def test_a_workflow_gets_a_summary_outputs_and_annotations(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before=1\n")
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "out")}
    told = publish(EACH, PLACES, environ)

    assert (tmp_path / "summary").read_text() == to_comment(EACH)
    assert (tmp_path / "out").read_text() == "before=1\nresult=breach\ncost=1.250000000001\nbreaches=1\n"
    assert told == (
        "::error file=my%2C llm%3Acost.yaml,line=7,title=llmcost gate%3A rule-breach::rule-breach (agent=a): it is breach\n"
        "::error file=my%2C llm%3Acost.yaml,line=8,title=llmcost gate%3A rule-undecided::rule-undecided (agent=a): it is undecided\n"
        "::warning file=my%2C llm%3Acost.yaml,line=9,title=llmcost gate%3A rule-warn::rule-warn (agent=a): it is warn\n"
    )


def test_names_give_the_runner_no_commands() -> None:
    lines = commands(table(*(("breach", "x", name, name) for name in HOSTILE[-4:])), {}).splitlines()

    assert len(lines) == 4
    assert all(re.fullmatch(r"::error title=[^:,]*::[^\r\n]*", line) for line in lines)
    assert "%250A" in lines[1]


@pytest.mark.parametrize(("number", "lines"), [(9, 9), (10, 10), (11, 10), (300, 10)])
def test_no_more_annotations_than_are_shown(number: int, lines: int) -> None:
    told = commands(table(*(("breach", f"r{n}", None, "x") for n in range(number))), {}).splitlines()

    assert len(told) == lines <= ANNOTATIONS
    if number > ANNOTATIONS:
        assert told[-1] == f"::error title=llmcost gate::{number - 9} more in the summary of this step"


@pytest.mark.parametrize("taken", [0, 500_000, SUMMARY_BYTES - 2_500, SUMMARY_BYTES - 100, SUMMARY_BYTES])
def test_the_summary_of_a_step_never_grows_beyond_what_is_shown(tmp_path: Path, taken: int) -> None:
    path = tmp_path / "summary"
    path.write_text("x" * taken)
    publish(
        table(*(("breach", f"r{n}", "a" * 200, "b" * 200) for n in range(4000))), {}, {"GITHUB_STEP_SUMMARY": str(path)}
    )

    assert taken <= path.stat().st_size <= SUMMARY_BYTES
    assert (path.stat().st_size > taken) == (taken <= SUMMARY_BYTES - 2_500)


def test_a_file_that_the_runner_names_and_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GITHUB_OUTPUT: cannot write"):
        publish(EACH, {}, {"GITHUB_OUTPUT": str(tmp_path)})
