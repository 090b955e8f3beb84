"""How checks of data sets are run so that one cause gives one finding.

Owns the decorator `check` and what hides what in a data set; leaves outcomes and limits to the registry of
package checks. Serves the section on validators of the chapter `data`.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from lepton.checks.registry import NotChecked, Outcome, limited
from lepton.data.dataset import DOCUMENT, Dataset
from lepton.data.nodes import BeyondLimit
from lepton.finding import Finding

__all__ = ["DatasetCheck", "Stage", "check", "run"]


class Stage(IntEnum):
    """What a check needs to have been read."""

    #: The folder alone.
    FOLDER = 1
    #: The bytes of the document.
    BYTES = 2
    #: The document as JSON.
    VALUE = 3
    #: The document as valid against its schema.
    DOCUMENT = 4
    #: Identifiers that are unique and references that resolve.
    NODES = 5


class DatasetCheck(NamedTuple):
    """A function over the facts of a data set that finds violations of `ids`; `full` ones read records."""

    ids: tuple[str, ...]
    stage: Stage
    full: bool
    find: Callable[[Dataset], Iterator[Finding | NotChecked]]


Function = Callable[[Dataset], Iterator[Finding | NotChecked]]


def check(*ids: str, stage: Stage = Stage.DOCUMENT, full: bool = False) -> Callable[[Function], DatasetCheck]:
    """Make a check of a function."""

    def wrap(find: Function) -> DatasetCheck:
        return DatasetCheck(ids, stage, full, find)

    return wrap


def run(dataset: Dataset, checks: Iterable[DatasetCheck]) -> Outcome:
    """Run `checks` in their order."""
    findings: list[Finding] = []
    reasons: dict[str, str] = {}
    checked: dict[str, None] = {}
    failed: dict[str, None] = {}
    for one in checks:
        reason = _blocker(dataset, one.stage, failed)
        if reason is not None:
            for requirement in one.ids:
                reasons.setdefault(requirement, reason)
            continue
        checked.update(dict.fromkeys(one.ids))
        try:
            for found in limited(one.find(dataset)):
                if isinstance(found, NotChecked):
                    reasons.setdefault(found.requirement, found.reason)
                else:
                    findings.append(found)
                    failed[found.requirement] = None
        except BeyondLimit as limit:
            for requirement in one.ids:
                reasons.setdefault(requirement, str(limit))
    reasons = {name: reason for name, reason in reasons.items() if name not in failed}
    return Outcome(tuple(findings), tuple(name for name in checked if name not in reasons), reasons)


def _blocker(dataset: Dataset, stage: Stage, failed: dict[str, None]) -> str | None:
    """Return why the facts of `stage` are not there, by the order of checks of the standard."""
    causes = ["DAT-LAY-05"]
    if stage >= Stage.BYTES:
        causes.append("DAT-LAY-01")
        if DOCUMENT in dataset.container.irregular:
            return "blocked by DAT-LAY-03"
    if stage >= Stage.VALUE:
        causes += ["DAT-DOC-01", "DAT-DOC-02"]
    for cause in causes:
        if cause in failed:
            return f"blocked by {cause}"
    if stage >= Stage.VALUE and dataset.text is not None and dataset.text.fault is not None:
        return dataset.text.fault.message
    if stage >= Stage.DOCUMENT and dataset.schema_faults:
        from lepton.checks.datasets.attribution import requirement_of

        broken = [requirement_of(one) for one in dataset.schema_faults]
        return f"blocked by {'DAT-DOC-04' if 'DAT-DOC-04' in broken else broken[0]}"
    if stage >= Stage.NODES:
        for cause in ("DAT-REF-01", "DAT-REF-02", "DAT-REF-03"):
            if cause in failed:
                return f"blocked by {cause}"
    return None
