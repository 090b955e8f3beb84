"""How a validator of data sets is judged: by what it says of data sets whose truth is known.

Owns the cases of a requirement on data sets and what has to be found in their reports; leaves the data sets
to `forge`. Serves `data`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lepton_spec
from lepton_conformance.forge.datasets import DATASET_VIOLATIONS, DATASETS
from lepton_conformance.forge.draft import Forged
from lepton_conformance.outcome import NotApplicable, NotTested, SubjectFault
from lepton_conformance.subject.validator import Said, ValidatorReport, ValidatorSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.judging import said_of
from lepton_conformance.verdict import DATA_FULL_ONLY

__all__ = ["DatasetCase", "ask", "first_violations", "judge", "known", "valid_cases"]


@dataclass(frozen=True, slots=True)
class DatasetCase:
    """A data set at a level. `violates` is empty for a valid one; `hidden` says that the level hides it."""

    name: str
    level: str
    forge: Callable[[], Forged]
    violates: str = ""
    hidden: bool = False

    def shown(self) -> str:
        """Return what was sent, for a message."""
        return f"sent the data set {self.name} at the level {self.level}"


def known() -> dict[str, dict[str, Any]]:
    """Return the requirements on data sets, by ID."""
    return {key: one for key, one in lepton_spec.requirements().items() if one["role"] == "dataset"}


def valid_cases(validator: ValidatorSubject) -> Iterator[DatasetCase]:
    """Yield every valid data set at every level that the validator declares."""
    for level in validator.levels():
        for name, make in DATASETS.items():
            yield DatasetCase(f"valid/{name}", level, make().directory)


def violating_cases(validator: ValidatorSubject, identifier: str) -> Iterator[DatasetCase]:
    """Yield data sets that violate a requirement; the first, and what only reading shows, at each level."""
    levels = validator.levels()
    for place, one in enumerate(v for v in DATASET_VIOLATIONS if v.requirement == identifier):
        for level in levels if one.varies and (place == 0 or one.full) else levels[-1:]:
            hidden = one.full and level == "quick"
            yield DatasetCase(f"{identifier}/{one.name}", level, one.forge, identifier, hidden)


def first_violations(validator: ValidatorSubject) -> Iterator[DatasetCase]:
    """Yield the first violating data set, unless it is big, of every requirement at a level that shows it."""
    big = {one.requirement for one in DATASET_VIOLATIONS if not one.varies and not one.full}
    for identifier in sorted(set(known()) - big):
        for case in violating_cases(validator, identifier):
            if not case.hidden:
                yield case
                break


def ask(validator: ValidatorSubject, case: DatasetCase) -> Said:
    """Return what the validator says of a case."""
    return validator.judged(case.name, case.forge, case.level)


def judge(validator: ValidatorSubject, budget: Budget, identifier: str) -> None:
    """Try a requirement on data sets.

    Raises: SubjectFault when it is missed, or seen where it is kept; NotApplicable when the validator has no
    level that judges it.
    """
    if identifier in DATA_FULL_ONLY and "full" not in validator.levels():
        raise NotApplicable(
            f"the validator declares the level quick only, and {identifier} needs the level full"
        )
    told = 0

    def check(case: DatasetCase) -> None:
        nonlocal told
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        told += 1
        if not case.violates:
            _expect_kept(case, said, identifier)
        elif case.hidden:
            if identifier not in said.not_checked:
                raise SubjectFault(
                    f"{case.shown()}; found {identifier} not among notChecked, expected it as not checked: "
                    "the level does not judge it"
                )
        elif identifier not in said.violated():
            raise SubjectFault(f"{case.shown()}; found {said_of(said)}, expected a finding of {identifier}")

    each(budget, [*violating_cases(validator, identifier), *valid_cases(validator)], check)
    if not told:
        raise NotTested(f"the validator gave no report of any data set that is about {identifier}")


def _expect_kept(case: DatasetCase, said: ValidatorReport, identifier: str) -> None:
    for finding in said.findings:
        if finding.requirement == identifier:
            raise SubjectFault(
                f"{case.shown()}; found {identifier} at {finding.file!r:.60} {finding.pointer!r:.60}: "
                f"{finding.message:.200}, expected nothing: the data set is valid"
            )
    outside = case.level == "quick" and identifier in DATA_FULL_ONLY
    if identifier in said.not_checked and not outside:
        raise SubjectFault(
            f"{case.shown()}; found {identifier} not checked ({said.not_checked[identifier]:.100}), "
            "expected a judgement"
        )
