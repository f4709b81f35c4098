"""The gate as JUnit XML, for GitLab and Jenkins: a rule is a class, a scope of it a test case."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from llmcost.figures import visible
from llmcost.model import Table
from llmcost.render.findings import Places, name, rows

ELEMENTS = {"breach": "failure", "undecided": "error", "skipped": "skipped"}
SUITE = "llmcost.gate"


def to_junit(table: Table, _places: Places | None = None) -> str:
    """A breach is a failure, what cannot be judged an error. The sentence stands in the body too: GitLab shows only that."""
    found = rows(table)
    numbers = {
        "tests": len(found),
        "failures": sum(row["status"] == "breach" for row in found),
        "errors": sum(row["status"] == "undecided" for row in found),
    }
    counts = {key: str(number) for key, number in numbers.items()}
    root = ET.Element("testsuites", {"name": SUITE, **counts})
    skipped = sum(row["status"] == "skipped" for row in found)
    suite = ET.SubElement(root, "testsuite", {"name": SUITE, **counts, "skipped": str(skipped)})
    for row in found:
        case = ET.SubElement(suite, "testcase", {"classname": _safe(row["id"]), "name": _safe(name(row))})
        reason = _safe(row["reason"])
        element = ELEMENTS.get(row["status"])
        if element is not None:
            ET.SubElement(case, element, {"message": reason, "type": _safe(row["metric"])}).text = reason
        else:
            ET.SubElement(case, "system-out").text = reason
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _safe(text: object) -> str:
    """XML has no word for some characters, not even escaped."""
    return re.sub("[\ufffe\uffff]", "\ufffd", visible(str(text)))
