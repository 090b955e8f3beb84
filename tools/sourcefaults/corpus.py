"""The packages that faulty validators are tried on, laid out once, and what a right report says of each.

Owns which packages, and telling a wrong report; leaves making packages to the forge, and the cases to
`suite.judging`. Serves `package`.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lepton_conformance.subject.validator import LEVELS, ValidatorSubject
from lepton_conformance.suite.judging import (
    OUTSIDE_QUICK,
    PackageCase,
    cases,
    checkable,
    is_absolute,
)

__all__ = ["Laid", "laid_out", "wrong"]

#: Bytes of a package above which it is tried by the whole profile only.
MAX_BYTES = 4_000_000
#: Mixes the numbers of generated packages, so that their digits are not all small.
MIXER = 0x9E3779B97F4A7C15


class _Levels:
    """Stands where cases ask a validator for its levels."""

    def levels(self) -> tuple[str, ...]:
        return LEVELS


@dataclass(frozen=True, slots=True)
class Laid:
    """A case whose package lies at a path, and the requirement that it is a case of."""

    case: PackageCase
    path: str
    about: str


def laid_out(folder: Path, *, seed: int, generated: int, requirement: str = "") -> tuple[Laid, ...]:
    """Lay out every package of the forge, and so many generated ones for each requirement.

    `requirement` is what the names of those that are tried begin with.
    """
    found: dict[tuple[str, str], Laid] = {}
    paths: dict[str, str] = {}
    for one, about in _cases(seed, generated, requirement):
        key = (one.name, one.level)
        if key in found:
            continue
        path = paths.get(one.name)
        if path is None:
            made = one.forge()
            size = len(made.archive or b"") + sum(map(len, made.files.values()))
            if size > MAX_BYTES:
                continue
            place = Path(tempfile.mkdtemp(dir=folder))
            path = paths[one.name] = str(made.write(place))
        found[key] = Laid(one, path, about)
    return tuple(found.values())


def _cases(seed: int, generated: int, requirement: str) -> Iterator[tuple[PackageCase, str]]:
    levels = cast("ValidatorSubject", _Levels())
    for identifier in checkable():
        if not identifier.startswith(requirement):
            continue
        every = cases(levels, identifier)
        for one in every.boundary:
            yield one, identifier
        assert every.decode is not None
        for number in range(generated):
            yield every.decode(((seed * 1000 + number + 1) * MIXER) & ((1 << 64) - 1)), identifier


def wrong(laid: Laid, answer: Mapping[str, Any]) -> str:
    """Return the requirement by which a report is wrong, empty for a right one."""
    case = laid.case
    report = answer.get("report")
    if not isinstance(report, dict):
        return "PKG-VAL-06"
    violated: list[str] = [one["requirement"] for one in report["findings"]]
    not_checked = [one["requirement"] for one in report["notChecked"]]
    if case.near:
        return laid.about if laid.about in violated else ""
    if case.undecided:
        return "" if laid.about in not_checked and laid.about not in violated else laid.about
    if not case.violates:
        outside = OUTSIDE_QUICK if case.level == "quick" else ()
        open_ = [name for name in not_checked if name in checkable() and name not in outside]
        seen = [*violated, *open_]
        return seen[0] if seen else "" if report["verdict"] == "pass" else "PKG-VAL-01"
    if case.exact and violated.count(case.violates) > case.findings:
        return case.violates
    if case.violates not in violated:
        return "" if case.hidden and case.violates in not_checked else case.violates
    others = [one for one in violated if one != case.violates]
    if others or (case.remembered and len(violated) > case.findings):
        return "PKG-VAL-04"
    fails = is_absolute(case.violates)
    right = report["verdict"] == "fail" if fails else report["verdict"] in ("pass", "inconclusive")
    return "" if right else "PKG-VAL-01"
