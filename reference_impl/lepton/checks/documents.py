"""Access to the JSON documents of a package for checks: the valid ones, or why one cannot be judged.

Serves COR-LIM-01 and the requirements on vectors and card.
"""

from collections.abc import Iterator
from typing import Any

from lepton.checks.attribution import CARD, VECTORS, requirement_of
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.jsontext import Kind
from lepton.package.read import DocumentFact, Package

__all__ = ["CHECKS", "blocked_by", "documents", "text_findings"]


@check("COR-LIM-01")
def limits(package: Package) -> Iterator[Finding | NotChecked]:
    """Size and depth of the card and of every vectors document."""
    assert package.manifest is not None
    for path in (package.manifest["card"], *package.manifest["vectors"]):
        fact = package.files.get(path)
        if fact is None or fact.document is None:
            reason = fact.broken if fact is not None and fact.broken else "PKG-MAN-06"
            yield NotChecked("COR-LIM-01", f"blocked by {reason}")
            continue
        fault = fact.document.text.fault
        if fault is not None and fault.kind in (Kind.SIZE, Kind.DEPTH):
            yield Finding("COR-LIM-01", path, fault.pointer, fault.message, "")


def text_findings(path: str, fact: DocumentFact, requirement: str) -> Iterator[Finding | NotChecked]:
    """Find what is wrong with the text of a document; its limits are COR-LIM-01's matter."""
    fault = fact.text.fault
    if fault is None:
        return
    if fault.kind is Kind.TEXT:
        yield Finding(requirement, path, fault.pointer, fault.message, "")
    elif fault.kind is Kind.LIMIT:
        yield NotChecked(requirement, f"{path}: {fault.message}")
    else:
        yield NotChecked(requirement, "blocked by COR-LIM-01")


def documents(package: Package, requirement: str) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each valid vectors document, or a `NotChecked` in the value's place."""
    assert package.manifest is not None
    for path in package.manifest["vectors"]:
        reason = blocked_by(package, path, VECTORS)
        if reason is not None:
            yield path, NotChecked(requirement, reason)
            continue
        fact = package.files[path].document
        assert fact is not None
        yield path, fact.value


def blocked_by(package: Package, path: str, kind: str) -> str | None:
    """Say why a document (`card` or `vectors`) cannot be judged, or None."""
    fact = package.files.get(path)
    if fact is None:
        return "blocked by PKG-MAN-06"
    if fact.broken or fact.document is None or fact.document.kind != kind:
        return f"blocked by {fact.broken or 'PKG-MAN-06'}"
    own = "PKG-DOC-02" if kind == CARD else "PKG-VEC-02"
    fault = fact.document.text.fault
    if fault is not None:
        if fault.kind is Kind.LIMIT:
            return f"{path}: {fault.message}"
        return f"blocked by {own if fault.kind is Kind.TEXT else 'COR-LIM-01'}"
    if fact.document.faults:
        return f"blocked by {requirement_of(fact.document.faults[0], kind)}"
    return None


CHECKS: tuple[Check, ...] = (limits,)
