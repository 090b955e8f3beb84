"""The files of a report: report.json, report.html, junit.xml and the reproducers.

Owns names and writing (beside, then renamed: no half-written file stays); leaves contents to its neighbours.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.evidence import Evidence
from lepton_conformance.report import html, junit
from lepton_conformance.report.document import reproducer_path
from lepton_conformance.report.reproducer import script
from lepton_conformance.verdict import Blame

__all__ = ["write"]


def write(report: dict[str, Any], evidence: Sequence[Evidence], target: Path) -> None:
    """Write a report into a directory, which is made when it is not there. Raises: OSError."""
    requirements = lepton_spec.requirements()
    target.mkdir(parents=True, exist_ok=True)
    reproducers = target / "reproducers"
    reproducers.mkdir(exist_ok=True)
    for stale in reproducers.glob("*.py"):
        stale.unlink()
    for entry in evidence:
        if entry.failure is None or entry.failure.blame is not Blame.SUBJECT:
            continue
        path = reproducer_path(entry, evidence)
        text = script(
            entry,
            entry.failure,
            requirements[entry.requirement],
            report["subject"]["locator"],
            path,
        )
        _write(target / path, text)
    _write(target / "junit.xml", junit.render(report))
    _write(target / "report.html", html.render(report, evidence, requirements))
    _write(target / "report.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
