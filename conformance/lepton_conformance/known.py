"""Known failures: what a project knows to fail, why, where it is followed up, until when, and which failure.

Owns the file given with `--known-failures`, its comparison with a run, and the draft of one. It changes the
exit code only: the report says what was found. An entry that is stale, expired or has no reason fails the
run; so does an entry whose requirement fails in another way than the pinned one. Serves `conformance`.
"""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lepton_conformance.fingerprint import FORM, kind_of_fault
from lepton_conformance.verdict import is_mandatory

__all__ = ["Known", "KnownFailureFault", "Varying", "complaints", "draft", "read"]

MAX_FILE_BYTES = 1024 * 1024
#: How long an entry that is drafted counts, in days.
DRAFTED_DAYS = 90
_MEMBERS = ("requirement", "reason", "link", "expires", "reproducer")
_HEAD = """\
# Known failures of {subject}, drafted by `lepton certify` on {today}.
# Each entry is one failure. It counts once a person has looked at it and has written why it is accepted
# (reason) and where it is followed up (link); until then the file is refused. It no longer counts after
# `expires`, when its requirement passes, or when it fails in another way than `reproducer` pins.
"""


class KnownFailureFault(Exception):
    """The file of known failures cannot be used (exit code 2)."""


@dataclass(frozen=True, slots=True)
class Varying:
    """A failure whose request differs from run to run: pinned by its test and its kind of fault."""

    test: str
    kind: str


@dataclass(frozen=True, slots=True)
class Known:
    """One known failure. `expires` is the last day on which it counts, `reproducer` the pinned failure."""

    requirement: str
    reason: str
    link: str
    expires: datetime.date
    reproducer: str | Varying

    def is_about(self, test: Mapping[str, Any]) -> bool:
        """Say whether a failed test of the report shows the pinned failure."""
        failure = test["failure"]
        if isinstance(self.reproducer, str):
            return bool(failure.get("fingerprint") == self.reproducer)
        return self.reproducer == Varying(test["test"], kind_of_fault(failure["message"]))


def read(path: Path) -> tuple[Known, ...]:
    """Read a file of known failures: a YAML or JSON list of entries with five members.

    Raises: KnownFailureFault, OSError.
    """
    data = _bounded(path, "a YAML list of entries")
    try:
        entries = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise KnownFailureFault(f"{path}: found no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list):
        raise KnownFailureFault(f"{path}: found {entries!r:.60}, expected a list of entries")
    return tuple(_entry(path, number, entry) for number, entry in enumerate(entries, 1))


def _bounded(path: Path, what: str) -> bytes:
    if path.exists() and not path.is_file():
        raise KnownFailureFault(f"{path}: found no regular file, expected {what}")
    with path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise KnownFailureFault(f"{path}: found more than {MAX_FILE_BYTES} bytes, expected at most so many")
    return data


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
    pinned = _pinned(path.parent, where, entry["reproducer"])
    return Known(entry["requirement"], entry["reason"], entry["link"], expires, pinned)


def _pinned(folder: Path, where: str, value: Any) -> str | Varying:
    """Return the fingerprint that an entry pins: itself, or that of a reproducer beside the list."""
    if isinstance(value, dict) and set(value) == {"test", "message"}:
        if all(isinstance(text, str) and text for text in value.values()):
            return Varying(value["test"], kind_of_fault(value["message"]))
    elif isinstance(value, str) and FORM.fullmatch(value):
        return value
    elif isinstance(value, str) and value.isprintable() and value.strip() and not value.startswith("sha256:"):
        path = folder / value
        try:
            text = _bounded(path, "a reproducer that `lepton certify --report` wrote").decode(
                "utf-8", "replace"
            )
        except OSError as error:
            raise KnownFailureFault(
                f"{where}: cannot read the reproducer {path}: {error.strerror}"
            ) from error
        found = FORM.search(text)
        if found is None:
            raise KnownFailureFault(
                f"{where}: found no fingerprint in {path}, expected a reproducer that `lepton certify "
                "--report` wrote"
            )
        return found.group()
    raise KnownFailureFault(
        f"{where}: found reproducer {value!r:.60}, expected a failure's fingerprint (sha256:...) from "
        "report.json, the path of its reproducer, or {test, message} where its request varies"
    )


def complaints(
    known: Sequence[Known],
    report: Mapping[str, Any],
    requirements: Mapping[str, Mapping[str, Any]],
    today: datetime.date,
) -> tuple[str, ...]:
    """Return why a run fails in spite of its known failures; empty when they explain every failure."""
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    failed = list(_failed(report))
    found = []
    for entry in known:
        about = f"known failure {entry.requirement}"
        verdict = verdicts.get(entry.requirement)
        if verdict is None:
            found.append(f"{about}: the run does not judge it; remove the entry")
        elif verdict != "fail":
            found.append(f"{about}: found {verdict}, not fail; remove the entry")
        elif entry.expires < today:
            found.append(f"{about}: expired on {entry.expires}; mend or renew it")
        elif not any(key == entry.requirement and entry.is_about(test) for key, test in failed):
            found.append(f"{about}: it fails, but not as pinned; remove the entry, or pin what is found now")
    for key, test in failed:
        if not is_mandatory(requirements[key]) or any(
            entry.requirement == key and entry.is_about(test) for entry in known
        ):
            continue
        unlike = any(entry.requirement == key for entry in known)
        says = "fails in a way that is not known" if unlike else "fails and is no known failure"
        found.append(f"{key} {says} ({test['test']}, {test['failure'].get('fingerprint', 'no fingerprint')})")
    return tuple(found)


def _failed(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield requirement and test entry of each failure that is the subject's."""
    for entry in report["requirements"]:
        for test in entry["tests"]:
            failure = test.get("failure")
            if failure is not None and failure["blame"] == "subject":
                yield entry["id"], test


def draft(
    report: Mapping[str, Any], requirements: Mapping[str, Mapping[str, Any]], today: datetime.date
) -> str:
    """Return a file of known failures with every failure of a run, its reasons left for a person to write."""
    subject = report["subject"]
    name = " ".join(part for part in (subject["name"], subject["version"]) if part) or subject["locator"]
    lines = [_HEAD.format(subject=_comment(name), today=today)]
    expires = today + datetime.timedelta(days=DRAFTED_DAYS)
    for key, test in _failed(report):
        lines += [
            f"# {key} ({requirements[key]['level']}): {_comment(requirements[key]['title'])}",
            f"# {test['test']}: {_comment(test['failure']['message'])}",
            f"- requirement: {key}",
            '  reason: ""',
            '  link: ""',
            f"  expires: {expires}",
            f"  reproducer: {json.dumps(test['failure']['fingerprint'])}",
            "",
        ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "[]", ""])


def _comment(text: str) -> str:
    """Return text that can stand in one line of a comment."""
    line = "".join(mark if mark.isprintable() and mark.isascii() else "?" for mark in " ".join(text.split()))
    return line if len(line) <= 160 else line[:160] + "..."
