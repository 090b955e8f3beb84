"""How a validator is judged: by what it says of packages whose truth is known, because they were forged.

Owns the cases of a requirement on packages (valid ones, violating ones, generated ones) and what has to be
found in their reports; leaves the packages to `forge` and `strategies.packages`. What a validator says beside
the requirement under test is the matter of PKG-VAL-04, a package that it dies of that of PKG-VAL-08, and an
error in place of a report that of PKG-VAL-06: one cause, one failed requirement. Serves `package`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import lepton_spec
from lepton_conformance.forge import VALID, VIOLATIONS, boundaries
from lepton_conformance.forge.draft import Forged
from lepton_conformance.outcome import AdapterFault, NotApplicable, NotTested, SubjectFault
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.packages import broken, varied
from lepton_conformance.subject.validator import Said, ValidatorReport, ValidatorSubject
from lepton_conformance.suite.driver import Budget, examples
from lepton_conformance.verdict import FULL_ONLY, is_mandatory

__all__ = [
    "OUTSIDE_QUICK",
    "PackageCase",
    "ask",
    "boundary_cases",
    "cases",
    "checkable",
    "first_violations",
    "is_absolute",
    "judge",
    "said_of",
    "undecided_cases",
    "valid_cases",
    "violating_cases",
]

#: What the level quick does not judge.
OUTSIDE_QUICK = FULL_ONLY
MAX_SHOWN_FINDINGS = 3
MAX_NAMED_PACKAGES = 5


@dataclass(frozen=True, slots=True)
class PackageCase:
    """A package at a level. `violates` is empty for a valid one; `hidden` says that the level hides it.

    One that is `near` violates another requirement than the one under test, which must not be found. `exact`
    says that the requirement itself allows not more than so many `findings`. What is `undecided` cannot be
    judged, and is reported as not checked.
    """

    name: str
    level: str
    forge: Callable[[], Forged]
    violates: str = ""
    findings: int = 1
    hidden: bool = False
    remembered: bool = True
    near: bool = False
    exact: bool = False
    undecided: bool = False

    def shown(self) -> str:
        """Return what was sent, for a message."""
        return f"sent the package {self.name} at the level {self.level}"


def checkable() -> dict[str, dict[str, Any]]:
    """Return the requirements on packages that a validator judges, by ID."""
    return {
        key: entry
        for key, entry in lepton_spec.requirements().items()
        if entry["role"] == "package"
        and "package" in entry["profiles"]
        and not {"schema", "check"}.isdisjoint(entry["verify"])
    }


def is_absolute(identifier: str) -> bool:
    """Say whether a violation of a requirement makes the verdict `fail`; an unknown ID does not."""
    entry = lepton_spec.requirements().get(identifier)
    return entry is not None and is_mandatory(entry)


def valid_cases(validator: ValidatorSubject) -> Iterator[PackageCase]:
    """Yield every valid package of the forge at every level that the validator declares."""
    for level in validator.levels():
        for package in VALID:
            yield PackageCase(f"valid/{package.name}", level, package.forge)


def violating_cases(validator: ValidatorSubject, identifier: str) -> Iterator[PackageCase]:
    """Yield packages that violate a requirement; the first, and what only a replay shows, at each level."""
    levels = validator.levels()
    for place, violation in enumerate(one for one in VIOLATIONS if one.requirement == identifier):
        for level in levels if place == 0 or violation.full else levels[:1]:
            yield PackageCase(
                f"{identifier}/{violation.name}",
                level,
                violation.forge,
                identifier,
                violation.findings,
                violation.full and level == "quick",
            )


def boundary_cases(validator: ValidatorSubject, identifier: str) -> Iterator[PackageCase]:
    """Yield packages just beyond the boundaries of a requirement, and just within all boundaries there are.

    The first level is enough, but for what replaying shows.
    """
    levels = validator.levels()
    level = levels[0]
    for violation in boundaries.beyond(identifier):
        for one in levels if violation.full else (level,):
            yield PackageCase(
                f"{identifier}/{violation.name}",
                one,
                violation.forge,
                identifier,
                violation.findings,
                violation.full and one == "quick",
                remembered=False,
                exact=violation.exact,
            )
    for package in boundaries.within():
        yield PackageCase(f"valid/{package.name}", level, package.forge)
    for package in boundaries.replayed():
        for one in levels if identifier in FULL_ONLY else (level,):
            yield PackageCase(f"valid/{package.name}", one, package.forge)
    for case in undecided_cases(validator):
        if case.name.startswith(f"{identifier}/"):
            yield case
    for package in boundaries.near_misses(identifier):
        name = f"{package.name}, no case of {identifier}"
        yield PackageCase(name, level, package.forge, remembered=False, near=True)


def undecided_cases(validator: ValidatorSubject) -> Iterator[PackageCase]:
    """Yield the packages of which a requirement cannot be judged, at the level that would judge it."""
    if "full" in validator.levels():
        for one in boundaries.undecided():
            yield PackageCase(f"{one.requirement}/{one.name}", "full", one.forge, undecided=True)


def first_violations(validator: ValidatorSubject) -> Iterator[PackageCase]:
    """Yield the first violating package of every requirement, at every level."""
    for identifier in checkable():
        seen: set[str] = set()
        for case in violating_cases(validator, identifier):
            if case.level not in seen and not case.hidden:
                seen.add(case.level)
                yield case


def ask(validator: ValidatorSubject, case: PackageCase) -> Said:
    """Return what the validator says of a case."""
    if case.remembered:
        return validator.judged(case.name, case.forge, case.level)
    return validator.validate(case.forge(), case.level)


def said_of(report: ValidatorReport) -> str:
    """Return what a report says, for a message."""
    found = [f"{one.requirement} at {one.file}#{one.pointer}" for one in report.findings]
    more = f" and {len(found) - MAX_SHOWN_FINDINGS} more" if len(found) > MAX_SHOWN_FINDINGS else ""
    listed = ", ".join(found[:MAX_SHOWN_FINDINGS]) or "nothing"
    return f"the verdict {report.verdict!r:.40} with {listed}{more}"


def judge(validator: ValidatorSubject, budget: Budget, identifier: str) -> None:
    """Try a requirement on packages.

    Raises: SubjectFault when it is missed, or seen where it is kept; NotApplicable when the validator has no
    level that judges it.
    """
    if identifier in FULL_ONLY and "full" not in validator.levels():
        raise NotApplicable(
            f"the validator declares the level quick only, and {identifier} needs the level full"
        )
    told = 0

    def check(case: PackageCase) -> None:
        nonlocal told
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        told += 1
        if case.violates:
            _expect_found(case, said)
        else:
            _expect_kept(case, said, identifier)

    every = cases(validator, identifier)
    try:
        examples(budget, every, check)
    except SubjectFault as fault:
        again = (*violating_cases(validator, identifier), *valid_cases(validator))
        raise SubjectFault(f"{fault}{_more(str(fault), _failing(again, check))}") from None
    if not told:
        raise NotTested(f"the validator gave no report of any package that is about {identifier}")


def _failing(every: Iterable[PackageCase], check: Callable[[PackageCase], None]) -> list[str]:
    """Return the names of the packages of the forge on which a check fails, each once."""
    names: dict[str, None] = {}
    for case in every:
        try:
            check(case)
        except SubjectFault:
            names[case.name] = None
        except AdapterFault:
            break  # told by the test that asks for this package first
    return list(names)


def _more(fault: str, names: list[str]) -> str:
    """Return what a message about one of the packages says of the others."""
    others = [name for name in names if not fault.startswith(f"sent the package {name} at ")]
    if not others:
        return ""
    more = ", ..." if len(others) > MAX_NAMED_PACKAGES else ""
    plural = "s" if len(others) > 1 else ""
    return f" ... and {len(others)} more package{plural}: {', '.join(others[:MAX_NAMED_PACKAGES])}{more}"


def cases(validator: ValidatorSubject, identifier: str) -> Cases[PackageCase]:
    """Return the packages of the forge that are about a requirement, and a way to generate others."""
    kept = (*violating_cases(validator, identifier), *valid_cases(validator))
    boundary = (*kept, *boundary_cases(validator, identifier))
    levels = validator.levels()
    faults = [one for one in VIOLATIONS if one.requirement == identifier and one.varies]
    faults += boundaries.varied(identifier)
    # Replaying takes many times as long: where it shows nothing of the requirement, it is rare.
    seldom = 2 if identifier in FULL_ONLY else 16

    def decode(number: int) -> PackageCase:
        level = levels[-1] if number % seldom == seldom - 1 else levels[0]
        number //= seldom
        if not faults or number % 4 == 3:
            return PackageCase(f"valid {number}", level, lambda: varied(number), remembered=False)
        violation = faults[number // 4 % len(faults)]
        rest = number // 4 // len(faults)
        return PackageCase(
            f"{identifier}/{violation.name}, variation {rest},",
            level,
            lambda: broken(violation, rest),
            identifier,
            violation.findings,
            violation.full and level == "quick",
            remembered=False,
        )

    return Cases(boundary, decode)


def _expect_found(case: PackageCase, said: ValidatorReport) -> None:
    found = said.violated().count(case.violates)
    if case.exact and found > case.findings:
        raise SubjectFault(
            f"{case.shown()}; found {said_of(said)}, "
            f"expected not more than {case.findings} of {case.violates}"
        )
    if found:
        return
    if case.hidden:
        if case.violates not in said.not_checked:
            raise SubjectFault(
                f"{case.shown()}; found {case.violates} neither violated nor among notChecked, "
                "expected it as not checked: the level does not judge it"
            )
        return
    raise SubjectFault(f"{case.shown()}; found {said_of(said)}, expected a finding of {case.violates}")


def _expect_kept(case: PackageCase, said: ValidatorReport, identifier: str) -> None:
    if case.undecided and identifier not in said.violated() and identifier not in said.not_checked:
        raise SubjectFault(
            f"{case.shown()}; found {identifier} neither violated nor among notChecked, expected it as not "
            "checked: it cannot be judged"
        )
    why = "keeps it" if case.near else "is valid"
    for finding in said.findings:
        if finding.requirement == identifier:
            raise SubjectFault(
                f"{case.shown()}; found {identifier} at {finding.file!r:.60} {finding.pointer!r:.60}: "
                f"{finding.message:.200}, expected nothing: the package {why}"
            )
    if (
        not (case.near or case.undecided)
        and identifier in said.not_checked
        and not (case.level == "quick" and identifier in OUTSIDE_QUICK)
    ):
        raise SubjectFault(
            f"{case.shown()}; found {identifier} not checked ({said.not_checked[identifier]:.100}), "
            "expected a judgement"
        )
