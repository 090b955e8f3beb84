"""Checks of the card, the licence and the description.

Serves PKG-DOC and PKG-PRV.
"""

from collections.abc import Iterator

from lepton.checks.attribution import CARD, requirement_of
from lepton.checks.documents import blocked_by, text_findings
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS"]

#: Licences that most packages have, so that most need not read the whole list.
COMMON_LICENCES = frozenset(["Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause", "CC-BY-4.0", "CC0-1.0"])

_CARD_IDS = ("PKG-DOC-02", "PKG-DOC-03", "PKG-DOC-04", "PKG-PRV-01")


@check(*_CARD_IDS)
def card(package: Package) -> Iterator[Finding | NotChecked]:
    """The card is I-JSON and valid, each failure under the requirement that names it."""
    assert package.manifest is not None
    path = package.manifest["card"]
    fact = package.files.get(path)
    document = fact.document if fact is not None else None
    if document is None or document.kind != CARD:
        reason = blocked_by(package, path, CARD) or "blocked by PKG-MAN-06"
        for requirement in _CARD_IDS:
            yield NotChecked(requirement, reason)
        return
    yield from text_findings(path, document, "PKG-DOC-02")
    if document.text.fault is not None:
        for requirement in _CARD_IDS[1:]:
            yield NotChecked(requirement, blocked_by(package, path, CARD) or "")
    for fault in document.faults:
        yield Finding(requirement_of(fault, CARD), path, fault.pointer, fault.message, "")


@check("PKG-DOC-06")
def identified_data(package: Package) -> Iterator[Finding | NotChecked]:
    """Evaluation data has a digest."""
    assert package.manifest is not None
    path = package.manifest["card"]
    reason = blocked_by(package, path, CARD)
    if reason is not None:
        yield NotChecked("PKG-DOC-06", reason)
        return
    document = package.files[path].document
    assert document is not None
    for at, evaluation in enumerate(document.value.get("evaluations", [])):
        if "sha256" not in evaluation["dataset"]:
            message = f"found the data set {evaluation['dataset']['name']!r} without sha256, expected one"
            yield Finding("PKG-DOC-06", path, f"/evaluations/{at}/dataset", message, "")


@check("PKG-DOC-05")
def description(package: Package) -> Iterator[Finding]:
    """There is a description."""
    assert package.manifest is not None
    if "description" not in package.manifest:
        yield Finding("PKG-DOC-05", MANIFEST, "", "found no description, expected one", "")


@check("PKG-DOC-01")
def licence(package: Package) -> Iterator[Finding]:
    """The licence is an SPDX expression, and the texts that it refers to are there."""
    assert package.manifest is not None
    expression = package.manifest["license"]
    if expression in COMMON_LICENCES:
        return
    from lepton.checks.licence import licence_fault

    problem, references = licence_fault(expression)
    if problem is not None:
        yield Finding("PKG-DOC-01", MANIFEST, "/license", f"found {expression[:80]!r}: {problem}", "")
        return
    names = [one["path"].rpartition("/")[2] for one in package.manifest["files"] if one["role"] == "license"]
    for reference in dict.fromkeys(references):
        if not any(name == reference or name.startswith(reference + ".") for name in names):
            message = f"found {reference!r}, expected a file {reference}.txt of the role 'license'"
            yield Finding("PKG-DOC-01", MANIFEST, "/license", message, "")


CHECKS: tuple[Check, ...] = (card, identified_data, description, licence)
