"""What a check is, and how checks are run so that one cause gives one finding.

Owns the decorator `check`, the stages that hide one another, and the bookkeeping of what was checked; leaves
severity and verdict to `lepton.validate`. Serves PKG-VAL-04 and PKG-VAL-05.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import STRUCTURE, Package

__all__ = ["PACKAGE", "Check", "NotChecked", "Outcome", "Stage", "check", "run"]

#: Said of what a check relies on and nobody violated.
UNDECIDED = " could not be judged"
#: Findings reported of one requirement; a package that breaks it everywhere needs no longer list.
MAX_FINDINGS = 50
#: The profile that every package is judged by.
PACKAGE = "package"
#: Characters of a message; names and paths of a stranger may have megabytes.
MAX_MESSAGE = 1000


class Stage(IntEnum):
    """What a check needs to have been read; each stage hides the later ones when it fails."""

    #: The container alone. Too many files hide it.
    CONTAINER = 1
    #: The bytes of the manifest. The structure of the container hides them.
    BYTES = 2
    #: The manifest as JSON of this edition.
    VALUE = 3
    #: The manifest as valid against its schema.
    MANIFEST = 4


class NotChecked(NamedTuple):
    """What a check yields of what it could not judge: the requirement and the reason."""

    requirement: str
    reason: str


class Check(NamedTuple):
    """A function over facts that finds violations of `ids`; `full` ones need the vectors replayed.

    It is not run when one of `needs` is violated or could not be judged, nor when one of `after` is violated.
    One of a `profile` other than `package` is judged where the manifest lists a file of the role of that
    name, or where the profile was asked for; elsewhere nothing is said of its requirements.
    """

    ids: tuple[str, ...]
    stage: Stage
    needs: tuple[str, ...]
    after: tuple[str, ...]
    full: bool
    find: Callable[[Package], Iterator[Finding | NotChecked]]
    profile: str = PACKAGE


class Outcome(NamedTuple):
    """What running checks yields. `checked` and `not_checked` share no requirement."""

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    not_checked: dict[str, str]


Function = Callable[[Package], Iterator[Finding | NotChecked]]


def check(
    *ids: str,
    stage: Stage = Stage.MANIFEST,
    needs: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    full: bool = False,
    profile: str = PACKAGE,
) -> Callable[[Function], Check]:
    """Make a check of a function. `needs` are what it relies on, `after` what would explain its findings."""

    def wrap(find: Function) -> Check:
        return Check(ids, stage, needs, after, full, find, profile)

    return wrap


def run(
    package: Package, checks: Iterable[Check], before: Outcome | None = None, *, profile: str = PACKAGE
) -> Outcome:
    """Run `checks` in their order, after those that `before` came from; `profile` was asked for."""
    judged = {PACKAGE, profile} | {one["role"] for one in (package.manifest or {}).get("files", ())}
    findings = list(before.findings) if before else []
    reasons = dict(before.not_checked) if before else {}
    checked = dict.fromkeys(before.checked if before else ())
    failed = dict.fromkeys(one.requirement for one in findings)
    for one in checks:
        if one.profile not in judged:
            continue
        reason = _hidden(package, one, failed, reasons)
        if reason is not None:
            for requirement in one.ids:
                reasons.setdefault(requirement, reason)
            continue
        checked.update(dict.fromkeys(one.ids))
        for found in limited(one.find(package)):
            if isinstance(found, NotChecked):
                reasons.setdefault(found.requirement, found.reason)
            else:
                findings.append(found)
                failed[found.requirement] = None
    # What was violated was judged, even if it could not be judged everywhere.
    reasons = {name: reason for name, reason in reasons.items() if name not in failed}
    return Outcome(tuple(findings), tuple(name for name in checked if name not in reasons), reasons)


def _hidden(package: Package, one: Check, failed: Iterable[str], reasons: dict[str, str]) -> str | None:
    blocker = _blocker(package, one.stage, failed, reasons)
    if blocker is not None:
        return blocker
    for need in one.needs:
        if need in failed:
            return f"blocked by {need}"
        if need in reasons:
            return _passed_on(need, reasons[need])
    cause = next((one for one in one.after if one in failed), None)
    return None if cause is None else f"blocked by {cause}"


def _passed_on(need: str, reason: str) -> str:
    """Return why what relies on `need` is not run: only a violation blocks (Spec: PKG-VAL-05)."""
    told = reason.startswith("blocked by ") or UNDECIDED in reason
    return reason if told else f"{need}{UNDECIDED}: {reason}"


def _blocker(package: Package, stage: Stage, failed: Iterable[str], reasons: dict[str, str]) -> str | None:
    """Return why the facts of `stage` are not there, by the order of checks of the standard."""
    if "PKG-LAY-07" in failed:
        return "blocked by PKG-LAY-07"
    if stage >= Stage.BYTES:
        for requirement in (*STRUCTURE, "PKG-LAY-01"):
            if requirement in failed:
                return f"blocked by {requirement}"
        if package.manifest_size is None or package.manifest_damage:
            entry = package.container.entries.get(MANIFEST)
            damaged = "PKG-ZIP-07" if package.manifest_damage else "PKG-LAY-05"
            return f"blocked by {entry.faulty if entry is not None and entry.faulty else damaged}"
    if stage >= Stage.VALUE and (package.text is None or package.text.fault is not None):
        for requirement in ("PKG-MAN-01", "PKG-MAN-02"):
            if requirement in failed:
                return f"blocked by {requirement}"
        return reasons.get("PKG-MAN-02", "blocked by PKG-MAN-02")
    if stage >= Stage.VALUE and package.version_fault:
        return "blocked by COR-VER-01"
    if stage >= Stage.MANIFEST and package.manifest is None:
        from lepton.checks.attribution import requirement_of

        return f"blocked by {requirement_of(package.schema_faults[0], MANIFEST)}"
    return None


def limited(found: Iterator[Finding | NotChecked]) -> Iterator[Finding | NotChecked]:
    counts: dict[str, int] = {}
    for one in found:
        if isinstance(one, Finding):
            if len(one.message) > MAX_MESSAGE:
                one = one._replace(message=_shortened(one.message))
            count = counts[one.requirement] = counts.get(one.requirement, 0) + 1
            if count > MAX_FINDINGS:
                message = f"more than {MAX_FINDINGS} findings of this requirement; the rest is not listed"
                yield Finding(one.requirement, one.file, "", message, "")
                return
        yield one


def _shortened(message: str) -> str:
    """Return beginning and end of a message: what was found stands in front, what was expected at the end."""
    return f"{message[: MAX_MESSAGE - 200]} ... {message[-195:]}"
