"""What every check says: findings, and the reports that collect them.

Owns the vocabulary of verdicts, as named tuples: every program that judges loads it, and dataclasses cost
more to make than a whole quick validation may take. Leaves rendering to `lepton.report` and decisions to
`lepton.validate`. Serves the chapter `conformance`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import lepton_spec

__all__ = ["Finding", "PackageReport", "Report", "Severity", "Verdict", "severity"]


class Severity(StrEnum):
    """How much a finding weighs; it follows from the requirement's keyword, never from the check."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_SEVERITIES = {
    "MUST": Severity.ERROR,
    "MUST NOT": Severity.ERROR,
    "SHOULD": Severity.WARNING,
    "SHOULD NOT": Severity.WARNING,
    "MAY": Severity.NOTE,
}


def severity(requirement: str) -> Severity:
    """Return how much a violation of a requirement weighs."""
    return _SEVERITIES[lepton_spec.requirements()[requirement]["level"]]


class Verdict(StrEnum):
    """What a report concludes about one package."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Finding(NamedTuple):
    """One violated requirement at one place, with one cause.

    `pointer` is a JSON pointer into `file`, or `byte N` for a binary member; empty when the whole file is
    meant. `file` is a path inside the package, empty when the package as a whole is meant.
    """

    requirement: str
    file: str
    pointer: str
    message: str
    hint: str


class PackageReport(NamedTuple):
    """What was found about one package. `not_checked` maps a requirement to the reason it did not run."""

    path: str
    identity: str | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    checked: tuple[str, ...] = ()
    not_checked: Mapping[str, str] = MappingProxyType({})


class Report(NamedTuple):
    """The result of one validation run over one or more packages."""

    packages: tuple[PackageReport, ...]
    level: str
    profile: str = "package"
