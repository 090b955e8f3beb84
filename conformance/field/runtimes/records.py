"""What was found on which version of an engine and when: `results/<engine>.json`.

Owns the form of a record, its schema, its comparison with a new run, and the matrix of all; leaves judging to
the command. Serves `runtime`.
"""

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from field.certification import Certified
from field.runtimes.catalogue import Engine

__all__ = ["MARKS", "RESULTS", "SCHEMA", "build", "differences", "matrix", "read", "write"]

RESULTS = Path(__file__).with_name("results")
#: How a verdict is shown in the matrix.
MARKS = {"pass": ".", "fail": "F", "blocked": "b", "not-tested": "?", "not-applicable": "-"}
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["engine", "title", "versions", "date", "suite", "seconds", "verdict", "requirements"],
    "properties": {
        "engine": {"type": "string"},
        "title": {"type": "string"},
        "versions": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "suite": {"type": "object"},
        "seconds": {"type": "number", "minimum": 0},
        "verdict": {"enum": ["pass", "fail", "inconclusive"]},
        "requirements": {"type": "object", "additionalProperties": {"enum": list(MARKS)}},
    },
}


def build(engine: Engine, versions: Mapping[str, str], run: Certified) -> dict[str, Any]:
    """Return the record of a run."""
    return {
        "engine": engine.name,
        "title": engine.title,
        "versions": dict(versions),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "suite": dict(run.report["suite"]),
        "seconds": run.report["seconds"],
        "verdict": run.report["profiles"][0]["verdict"],
        "requirements": {entry["id"]: entry["verdict"] for entry in run.report["requirements"]},
    }


def write(record: Mapping[str, Any]) -> Path:
    """Keep a record in the repository and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{record['engine']}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def read(engine: str) -> dict[str, Any] | None:
    """Return the record of an engine, if there is one."""
    path = RESULTS / f"{engine}.json"
    return json.loads(path.read_bytes()) if path.is_file() else None


def differences(recorded: Mapping[str, Any] | None, found: Mapping[str, Any]) -> list[str]:
    """Say in which verdicts a run differs from what is recorded."""
    if recorded is None:
        return ["no record to compare with"]
    lines = []
    if recorded["versions"] != found["versions"]:
        lines.append(f"found the versions {found['versions']}, recorded are {recorded['versions']}")
    before, now = recorded["requirements"], found["requirements"]
    for requirement in sorted(set(before) | set(now)):
        was, found_now = before.get(requirement, "not there"), now.get(requirement, "not there")
        if was != found_now:
            lines.append(f"{requirement}: {found_now}, recorded is {was}")
    return lines


def matrix(records: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> list[str]:
    """Return the lines of the matrix: a column for each engine, a row for each requirement."""
    lines = ["", "engines"]
    for number, record in enumerate(records, 1):
        versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
        lines.append(f"  {number:2} {record['engine']:24} {record['verdict']:13} {versions}")
    lines += ["", "  " + ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items()), ""]
    lines.append(" " * 12 + "".join(f"{number:>3}" for number in range(1, len(records) + 1)))
    for requirement in _rows(records):
        marks = [MARKS.get(record["requirements"].get(requirement, ""), " ") for record in records]
        row = "".join(f"{mark:>3}" for mark in marks)
        lines.append(f"{requirement:12}{row}  {titles.get(requirement, '')}")
    return lines


def _rows(records: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record["requirements"]))
