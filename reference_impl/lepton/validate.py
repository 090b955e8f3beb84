"""Validate packages and data sets: read, check, report; nothing else. And load a package for use.

Owns the verdict and the two levels; leaves reading to `lepton.package`, judging to `lepton.checks`, showing
to `lepton.report`. Serves PKG-VAL and COR-VER-02.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lepton_spec
from lepton.checks import ALL, REVIEWED, Outcome, checks_of, run
from lepton.checks.registry import PACKAGE
from lepton.errors import LeptonError, NoContainerError, SourceError
from lepton.finding import Finding, PackageReport, Report, Severity, Verdict, severity
from lepton.package import Package, open_package
from lepton.package.container import NoContainer
from lepton.package.paths import MANIFEST

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lepton.package.loaded import LoadedPackage
    from lepton.package.written import Written
    from lepton.vectors.apart import Apart
    from lepton.vectors.outcome import ReplayFacts

__all__ = [
    "DATA",
    "LEVELS",
    "PROFILES",
    "load",
    "report",
    "report_of",
    "validate",
    "validate_anything",
    "validate_package",
]

LEVELS = ("quick", "full")
#: What data sets are judged by; they are no packages.
DATA = "data"
#: What can be judged by; all but the last are for packages, and contain the first.
PROFILES = (*dict.fromkeys((PACKAGE, *(check.profile for check in ALL))), DATA)
#: The document at the root of a data set, named here too: most runs need nothing else of data sets.
_DATA_DOCUMENT = "croissant.json"

#: Says to people what is done now, how many are done, of how many (0 of 0: not counted); no verdict hears it.
Tell = Callable[[str, int, int], None]

_QUICK = tuple(check for check in ALL if not check.full)


def validate(
    paths: Iterable[Path],
    *,
    level: str,
    allow_executable: bool = False,
    tell: Tell | None = None,
    profile: str = PACKAGE,
) -> tuple[Report, tuple[SourceError, ...]]:
    """Judge packages at a level, `quick` or `full`; return the report, and why some were not read.

    `tell` hears what is done now.
    """
    packages = []
    unread = []
    with _replays(level) as apart:
        for path in paths:
            try:
                packages.append(_validated(path, level, allow_executable, tell, apart, profile))
            except NoContainerError as error:
                packages.append(_no_package(path, error, level))
            except SourceError as error:
                unread.append(error)
    return report(packages, level, profile), tuple(unread)


def report(packages: Iterable[PackageReport], level: str, profile: str) -> Report:
    """Return the report on packages and data sets; it names the profile `data` when all are data sets."""
    found = tuple(packages)
    if found and all(_is_dataset(Path(one.path)) for one in found):
        profile = DATA
    return Report(found, level, profile)


def _is_dataset(path: Path) -> bool:
    """Say whether a folder is judged as a data set: it has a document, and is no package."""
    return os.path.lexists(path / _DATA_DOCUMENT) and not os.path.lexists(path / MANIFEST)


def validate_package(
    path: Path,
    *,
    level: str,
    allow_executable: bool = False,
    tell: Tell | None = None,
    profile: str = PACKAGE,
    written: "Written | None" = None,
) -> PackageReport:
    """Judge one package; `written` is what this process knows of it if it has just written it.

    Raises: SourceError when it cannot be read at all. Spec: PKG-VAL-01.
    """
    with _replays(level) as apart:
        return _validated(path, level, allow_executable, tell, apart, profile, written)


def _replays(level: str) -> "AbstractContextManager[Apart | None]":
    """Return the process that replays, before anything is said: saying it may take a thread."""
    if level != "full":
        return nullcontext()
    from lepton.vectors.apart import Apart

    return Apart()


def _validated(
    path: Path,
    level: str,
    allow_executable: bool,
    tell: Tell | None,
    apart: "Apart | None",
    profile: str,
    written: "Written | None" = None,
) -> PackageReport:
    if tell is not None:
        tell(f"reading and checking {path}", 0, 0)
    if profile == DATA or _is_dataset(path):
        from lepton.datasets import validate_dataset

        return validate_dataset(path, level=level)
    with open_package(path, written=written) as package:
        outcome = run(package, _QUICK, profile=profile)
        if apart is not None:
            if tell is not None:
                tell(f"replaying the vectors of {path}", 0, 0)
            outcome = _run_full(package, outcome, allow_executable, apart)
        return report_of(package, outcome, level)


def validate_anything(path: Path, *, level: str, profile: str = PACKAGE) -> PackageReport:
    """Judge whatever is at a path; what is no container has a report that says so. Spec: PKG-VAL-06.

    Raises: SourceError when nothing is there, or it cannot be read.
    """
    try:
        return validate_package(path, level=level, profile=profile)
    except NoContainerError as error:
        return _no_package(path, error, level)


def _no_package(path: Path, error: NoContainerError, level: str) -> PackageReport:
    """Return the report on something that is no container at all."""
    package = Package(NoContainer(path, str(error)))
    return report_of(package, run(package, ALL), level)


def load(path: Path, *, verify: bool = True) -> "LoadedPackage":
    """Open a package for use, after checking at the level quick that no requirement is violated.

    Without `verify`, only what use relies on is demanded: a valid manifest, files that are what it says.
    Raises: SourceError when it cannot be read, LeptonError when it is not sound; the message names the first
    violations.
    """
    from lepton.package.loaded import LoadedPackage

    package = open_package(path)
    try:
        findings = run(package, _QUICK).findings
        errors = [one for one in findings if severity(one.requirement) is Severity.ERROR]
        if not verify:
            errors = [
                one for one in errors if package.manifest is None or one.requirement.startswith("PKG-DIG")
            ]
        if errors:
            listed = "; ".join(f"{one.requirement} {one.file} {one.message}" for one in errors[:3])
            more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
            raise LeptonError(f"{path} is no sound package: {listed}{more}; see lepton validate")
        return LoadedPackage(package)
    except BaseException:
        package.close()
        raise


def _run_full(package: Package, quick: Outcome, allow_executable: bool, apart: "Apart") -> Outcome:
    """Replay the vectors, if what that relies on is sound, and judge what it showed."""
    hidden = run(package, checks_of(None, ""), quick)
    # Without a manifest (one beyond a limit of this validator, for example) there is nothing to replay.
    if package.manifest is None or "" not in _reasons(hidden):
        return hidden
    facts: ReplayFacts | None = None
    refused = ""
    try:
        facts = apart.replay(package, allow_executable=allow_executable)
    except SourceError:
        raise
    except LeptonError as error:
        refused = str(error)
    return run(package, checks_of(facts, refused), quick)


def _reasons(outcome: Outcome) -> list[str]:
    return [outcome.not_checked.get(name, "") for one in checks_of(None, "") for name in one.ids]


def report_of(package: Package, outcome: Outcome, level: str) -> PackageReport:
    """Return the report of what checks yielded at a level."""
    not_checked = dict(outcome.not_checked)
    outside: list[str] = []
    if level == "quick":
        outside = [name for one in ALL if one.full for name in one.ids]
        not_checked |= dict.fromkeys(outside, "needs the level full")
    not_checked |= dict.fromkeys(REVIEWED, "decided by review")
    outside += REVIEWED
    return PackageReport(
        path=str(package.path),
        identity=package.identity,
        verdict=_verdict(outcome, {name for name in not_checked if name not in outside}),
        findings=tuple(_hinted(outcome.findings)),
        checked=tuple(sorted(outcome.checked)),
        not_checked=dict(sorted(not_checked.items())),
    )


def _verdict(outcome: Outcome, open_questions: Iterable[str]) -> Verdict:
    """Return `fail` if a MUST is violated, `inconclusive` if one was not checked, else `pass`."""
    if any(severity(one.requirement) is Severity.ERROR for one in outcome.findings):
        return Verdict.FAIL
    if any(severity(name) is Severity.ERROR for name in open_questions):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS


def _hinted(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Give every finding the remedy of its requirement as hint, unless it brought its own."""
    known: Mapping[str, Any] = lepton_spec.requirements() if findings else {}
    for one in findings:
        yield one if one.hint else one._replace(hint=known[one.requirement]["remedy"])
