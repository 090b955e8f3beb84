"""The files of a report: report.json, report.html, junit.xml and the reproducers.

Owns names and writing (beside, then renamed: no half-written file stays); leaves contents to its neighbours.
"""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.evidence import Evidence
from lepton_conformance.report import html, junit
from lepton_conformance.report.curl import shell_script
from lepton_conformance.report.document import MAX_MESSAGE_CHARACTERS, reproducer_path
from lepton_conformance.report.reproducer import address_of, script, visible
from lepton_conformance.verdict import Blame
from lepton_conformance.wholefile import write_whole_file

__all__ = ["require_writable", "write"]


def require_writable(target: Path) -> None:
    """Say before a long run, not after it, that its report cannot be written there. Raises: OSError."""
    place = target.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def write(report: dict[str, Any], evidence: Sequence[Evidence], target: Path) -> None:
    """Write a report into a directory, which is made when it is not there. Raises: OSError.

    Everything is rendered before anything is written.
    """
    files = _rendered(report, evidence)
    target.mkdir(parents=True, exist_ok=True)
    reproducers = target / "reproducers"
    reproducers.mkdir(exist_ok=True)
    for stale in (*reproducers.glob("*.py"), *reproducers.glob("*.sh")):
        stale.unlink()
    for path, text in files.items():
        write_whole_file(target / path, text.encode())


def _rendered(report: dict[str, Any], evidence: Sequence[Evidence]) -> dict[str, str]:
    """Return the text of each file, `report.json` last: it is the one that other commands read."""
    requirements = lepton_spec.requirements()
    files: dict[str, str] = {}
    for entry in evidence:
        if entry.failure is None or entry.failure.blame is not Blame.SUBJECT:
            continue
        path = reproducer_path(entry, evidence)
        requirement, locator = requirements[entry.requirement], report["subject"]["locator"]
        files[path] = script(entry, entry.failure, requirement, locator, path)
        shell = shell_script(
            entry.failure.exchanges,
            address_of(locator),
            title=f"{entry.requirement}: {requirement['title']}",
            message=visible(" ".join(entry.failure.message[:MAX_MESSAGE_CHARACTERS].split())),
            python=Path(path).name,
        )
        if shell is not None:
            files[path.removesuffix(".py") + ".sh"] = shell
    files["junit.xml"] = junit.render(report)
    files["report.html"] = html.render(report, evidence, requirements)
    files["report.json"] = _visible(json.dumps(report, ensure_ascii=False, indent=1)) + "\n"
    return files


def _visible(text: str) -> str:
    """Return JSON with what cannot be seen, or steers a terminal, written as escapes: the same document."""
    if text.isprintable():
        return text
    return "".join(mark if mark == "\n" or mark.isprintable() else json.dumps(mark)[1:-1] for mark in text)
