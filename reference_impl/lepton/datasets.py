"""Judge data sets: read, check, report; nothing else.

Owns the verdict about a data set, which follows the rules for packages; leaves reading to `lepton.data`,
judging to `lepton.checks.datasets`. Serves DAT-VAL.
"""

from pathlib import Path

import lepton_spec
from lepton.checks.datasets import ALL, run
from lepton.data import open_dataset
from lepton.finding import PackageReport, Severity, Verdict, severity

__all__ = ["validate_dataset"]


def validate_dataset(path: Path, *, level: str) -> PackageReport:
    """Judge one data set. Raises: SourceError when it cannot be read at all. Spec: DAT-VAL-01."""
    with open_dataset(path) as dataset:
        outcome = run(dataset, (one for one in ALL if level == "full" or not one.full))
        identity = dataset.identity
    not_checked = dict(outcome.not_checked)
    open_questions = set(not_checked)
    if level == "quick":
        not_checked |= {name: "needs the level full" for one in ALL if one.full for name in one.ids}
    known = lepton_spec.requirements()
    return PackageReport(
        path=str(path),
        identity=identity,
        verdict=_verdict([one.requirement for one in outcome.findings], open_questions),
        findings=tuple(
            one if one.hint else one._replace(hint=known[one.requirement]["remedy"])
            for one in outcome.findings
        ),
        checked=tuple(sorted(outcome.checked)),
        not_checked=dict(sorted(not_checked.items())),
    )


def _verdict(violated: list[str], open_questions: set[str]) -> Verdict:
    if any(severity(one) is Severity.ERROR for one in violated):
        return Verdict.FAIL
    if any(severity(one) is Severity.ERROR for one in open_questions):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS
