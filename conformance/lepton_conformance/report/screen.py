"""The verdict on one screen: profiles, what failed, most serious first, where the report is, what to do next.

Owns the lines that `lepton certify` prints; leaves everything else to the files of the report. At most
`MAX_LINES` lines, cut to the width of the terminal, whatever a subject says; a long path wraps. What is no
terminal gets lines of up to `MAX_CHARACTERS`. Serves `conformance` (CNF-EXI-01).
"""

import shutil
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from lepton_conformance.evidence import Evidence
from lepton_conformance.verdict import is_mandatory

__all__ = [
    "MAX_CHARACTERS",
    "MAX_COLUMNS",
    "MAX_LINES",
    "bounded",
    "columns_of",
    "lines",
    "most_serious_first",
    "one_line",
]

MAX_LINES = 24
#: Columns of a terminal of unknown width.
MAX_COLUMNS = 100
#: Columns of what is no terminal: a log keeps what a reader needs, and a subject cannot fill it.
MAX_CHARACTERS = 2000
_ORDER = ("pass", "fail", "blocked", "not-tested", "not-applicable")
#: How much of what was sent and expected the line of a failure has, where not all of it fits.
LEAST_SENT, MAX_EXPECTED = 40, 30
#: How many reasons for not testing are shown.
MAX_REASONS = 2
_Requirements = Mapping[str, Mapping[str, Any]]


def lines(
    report: Mapping[str, Any],
    evidence: Sequence[Evidence],
    requirements: _Requirements,
    directory: Path | None,
    columns: int = MAX_COLUMNS,
) -> list[str]:
    """Return the screen: failures, what was not judged, the verdict of each profile, what to do next."""
    failed = most_serious_first(report, requirements)
    middle = [*_not_judged(report, evidence), *_verdicts(report, requirements)]
    end = list(_next(failed, directory))
    room = MAX_LINES - len(middle) - sum(-(-_width(line) // columns) for line in end)
    above = [*_failures(failed, requirements, directory, room, columns), *middle]
    return [*(bounded(line, columns) for line in above), *end]


def columns_of(stream: TextIO) -> int:
    """Return how wide a line on a stream may be: as the terminal is, or as long as a line may ever be."""
    if not stream.isatty():
        return MAX_CHARACTERS
    return shutil.get_terminal_size((MAX_COLUMNS, MAX_LINES)).columns


def most_serious_first(report: Mapping[str, Any], requirements: _Requirements) -> list[Mapping[str, Any]]:
    """Return the failed requirements: mandatory ones first, and those that block most others."""
    judged = report["requirements"]
    blocks = {key: sum(key in entry["blocked_by"] for entry in judged) for key in _ids(judged)}
    return sorted(
        (entry for entry in judged if entry["verdict"] == "fail"),
        key=lambda entry: (not is_mandatory(requirements[entry["id"]]), -blocks[entry["id"]], entry["id"]),
    )


def _ids(judged: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (entry["id"] for entry in judged)


def _failures(
    failed: Sequence[Mapping[str, Any]],
    requirements: _Requirements,
    directory: Path | None,
    room: int,
    columns: int,
) -> Iterator[str]:
    """Yield at most `room` lines: title, message and how to replay, less of each where there are many."""
    if not failed:
        return
    wanted = 2 if directory is None else 3
    each = max(1, min(wanted, room // len(failed)))
    whole = len(failed) if len(failed) * each <= room else (room - 1) // each
    for entry in failed[:whole]:
        requirement = requirements[entry["id"]]
        should = "" if is_mandatory(requirement) else f" ({requirement['level']})"
        yield f"{entry['id']} fails{should}: {requirement['title']}"
        (failure, *_) = (test["failure"] for test in entry["tests"] if _by_subject(test))
        if each > 1:
            yield f"  {_essential(failure['message'], columns - 2)}"
        if each > 2 and directory is not None:
            yield f"  replay: {failure['reproducer']}"
    if len(failed) > whole:
        yield f"... and {len(failed) - whole} more"


def _by_subject(test: Mapping[str, Any]) -> bool:
    return "failure" in test and test["failure"]["blame"] == "subject"


def _essential(message: str, room: int) -> str:
    """Return what fits on a line of a message: what was sent and expected; what was found is cut first."""
    line = one_line(message)
    if len(line) <= room or "found " not in line:
        return line
    sent, _, rest = line.partition("found ")
    found, comma, expected = rest.rpartition(", expected ")
    if not comma:
        return f"{_cut(sent, LEAST_SENT)}found {rest}"
    end = f", expected {_cut(expected, MAX_EXPECTED).rstrip()}"
    found = found.partition(" with ")[0]
    room -= len("found ") + len(end)
    sent = _cut(sent, max(LEAST_SENT, room - len(found)))
    return f"{sent}found {_cut(found, room - len(sent)).rstrip()}{end}"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 4)]}... "


def _not_judged(report: Mapping[str, Any], evidence: Sequence[Evidence]) -> Iterator[str]:
    strange = [item for item in evidence if item.failure is not None and item.failure.blame != "subject"]
    for item in strange[:MAX_REASONS]:
        assert item.failure is not None
        said = one_line(item.failure.message)
        yield f"{item.requirement} not tested, a fault of the {item.failure.blame}: {said}"
    if len(strange) > MAX_REASONS:
        yield f"... and {len(strange) - MAX_REASONS} more faults of suite or adapter"
    reasons: dict[str, list[str]] = {}
    for entry in report["requirements"]:
        if entry["verdict"] == "not-tested":
            for test in entry["tests"]:
                if test.get("reason"):
                    reasons.setdefault(one_line(test["reason"]), []).append(entry["id"])
    by_number = sorted(reasons.items(), key=lambda item: -len(item[1]))
    for reason, keys in by_number[:MAX_REASONS]:
        yield f"not tested: {', '.join(keys[:3])}{' ...' if len(keys) > 3 else ''}: {reason}"


def _verdicts(report: Mapping[str, Any], requirements: _Requirements) -> Iterator[str]:
    for profile in report["profiles"]:
        counts: dict[str, int] = {}
        for entry in report["requirements"]:
            if profile["profile"] in requirements[entry["id"]]["profiles"]:
                counts[entry["verdict"]] = counts.get(entry["verdict"], 0) + 1
        listed = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _ORDER if verdict in counts)
        yield f"{profile['profile']}: {profile['verdict']} ({listed})"


def _next(failed: Sequence[Mapping[str, Any]], directory: Path | None) -> Iterator[str]:
    if directory is not None:
        yield f"report: {one_line(str(directory / 'report.html'))}"
    if not failed:
        return
    key = failed[0]["id"]
    if directory is None:
        yield f"next: lepton explain {key}; --report DIR writes reproducers"
        return
    (test, *_) = (test for test in failed[0]["tests"] if _by_subject(test))
    yield f"next: lepton explain {key}; python {one_line(str(directory / test['failure']['reproducer']))}"


def one_line(text: str) -> str:
    """Return text as one line without what steers a terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in " ".join(text.split()))


def bounded(line: str, columns: int) -> str:
    """Return a line cut to so many columns; wide characters take two."""
    line = one_line(line) if not line.startswith("  ") else f"  {one_line(line)}"
    width = 0
    for index, mark in enumerate(line):
        width += 2 if unicodedata.east_asian_width(mark) in "WF" else 1
        if width > columns:
            while index and _width(line[:index]) > columns - 3:
                index -= 1
            return line[:index] + "..."
    return line


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in text)
