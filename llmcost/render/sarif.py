"""The gate as SARIF 2.1.0: what is wrong, at the line of the rule in llmcost.yaml."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from llmcost import __version__
from llmcost.figures import visible
from llmcost.model import Table
from llmcost.render.findings import Places, Row, of_status, place, sentence
from llmcost.render.text import json_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"breach": "error", "undecided": "error", "warn": "warning"}


def to_sarif(table: Table, places: Places | None = None) -> str:
    """One result per rule and scope that is breached, undecided or warned. A rule of flags has no location."""
    found = of_status(table, *LEVELS)
    ids = list(dict.fromkeys(str(row["id"]) for row in found))
    metrics = {str(row["id"]): str(row["metric"]) for row in found}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "llmcost",
                        "version": __version__,
                        "rules": [
                            {"id": visible(one), "shortDescription": {"text": f"budget on {metrics[one]}"}}
                            for one in ids
                        ],
                    }
                },
                "results": [_result(row, ids.index(str(row["id"])), places or {}) for row in found],
            }
        ],
    }
    return json_text(document, indent=2) + "\n"


def _result(row: Row, number: int, places: Places) -> dict[str, object]:
    key = f"{row['id']}\n{row['scope'] or ''}".encode("utf-8", "replace")
    result: dict[str, object] = {
        "ruleId": visible(str(row["id"])),
        "ruleIndex": number,
        "level": LEVELS[str(row["status"])],
        "message": {"text": visible(sentence(row))},
        "partialFingerprints": {"ruleAndScope/v1": hashlib.sha256(key).hexdigest()},
    }
    at = place(row, places)
    if at is not None:
        where = {"artifactLocation": {"uri": quote(at[0])}, "region": {"startLine": at[1]}}
        result["locations"] = [{"physicalLocation": where}]
    return result
