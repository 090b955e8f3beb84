"""Known failures: what a project knows to fail, why, where it is followed up, and until when.

Owns the file given with `--known-failures` and its comparison with a run. It changes the exit code only: the
report says what was found. An entry that is stale, expired or has no reason fails the run. Serves
`conformance`.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lepton_conformance.verdict import is_mandatory

__all__ = ["Known", "KnownFailureFault", "complaints", "read"]

MAX_FILE_BYTES = 1024 * 1024
_MEMBERS = ("requirement", "reason", "link", "expires")


class KnownFailureFault(Exception):
    """The file of known failures cannot be used (exit code 2)."""


@dataclass(frozen=True, slots=True)
class Known:
    """One known failure. `expires` is the last day on which it counts."""

    requirement: str
    reason: str
    link: str
    expires: datetime.date


def read(path: Path) -> tuple[Known, ...]:
    """Read a file of known failures: a YAML or JSON list of entries with four members.

    Raises: KnownFailureFault, OSError.
    """
    if path.exists() and not path.is_file():
        raise KnownFailureFault(f"{path}: found no regular file, expected a YAML list of entries")
    with path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise KnownFailureFault(f"{path}: found more than {MAX_FILE_BYTES} bytes, expected at most so many")
    try:
        entries = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise KnownFailureFault(f"{path}: found no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list):
        raise KnownFailureFault(f"{path}: found {entries!r:.60}, expected a list of entries")
    return tuple(_entry(path, number, entry) for number, entry in enumerate(entries, 1))


def _entry(path: Path, number: int, entry: Any) -> Known:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict) or set(entry) != set(_MEMBERS):
        raise KnownFailureFault(f"{where}: expected exactly the members {', '.join(_MEMBERS)}")
    for member in ("requirement", "reason", "link"):
        if not isinstance(entry[member], str) or not entry[member].strip():
            raise KnownFailureFault(f"{where}: found no {member}, expected a non-empty text")
    expires = entry["expires"]
    if isinstance(expires, str):
        try:
            expires = datetime.date.fromisoformat(expires)
        except ValueError:
            expires = None
    if not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime):
        raise KnownFailureFault(
            f"{where}: found expires {entry['expires']!r:.40}, expected a date YYYY-MM-DD"
        )
    return Known(entry["requirement"], entry["reason"], entry["link"], expires)


def complaints(
    known: Sequence[Known],
    report: Mapping[str, Any],
    requirements: Mapping[str, Mapping[str, Any]],
    today: datetime.date,
) -> tuple[str, ...]:
    """Return why a run fails in spite of its known failures; empty when they explain every failure."""
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    found = []
    for entry in known:
        verdict = verdicts.get(entry.requirement)
        if verdict is None:
            found.append(f"known failure {entry.requirement}: the run does not judge it; remove the entry")
        elif verdict != "fail":
            found.append(f"known failure {entry.requirement}: found {verdict}, not fail; remove the entry")
        elif entry.expires < today:
            found.append(f"known failure {entry.requirement}: expired on {entry.expires}; mend or renew it")
    listed = {entry.requirement for entry in known}
    found.extend(
        f"{identifier} fails and is no known failure"
        for identifier, verdict in verdicts.items()
        if verdict == "fail" and identifier not in listed and is_mandatory(requirements[identifier])
    )
    return tuple(found)
