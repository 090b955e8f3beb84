"""Checks of what came after the manifest: signatures cover the package, attestations are about it.

Judges form and completeness; whom to trust is for `lepton verify` to be told. Serves PKG-SGN.
"""

from collections.abc import Iterator

from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.attached import Attached
from lepton.package.envelope import Statement
from lepton.package.paths import displayed
from lepton.package.read import Package
from lepton.signing.statement import digests_of, form_fault, resources_fault, subject_fault

__all__ = ["CHECKS"]

_PAYLOAD = "/dsseEnvelope/payload"
#: What explains that a signature does not cover the files that are there.
_CONTENT = (
    "PKG-LAY-02",
    "PKG-LAY-03",
    "PKG-LAY-04",
    "PKG-LAY-05",
    "PKG-LAY-06",
    "PKG-DIG-01",
    "PKG-DIG-02",
    "PKG-DIG-03",
    "PKG-ZIP-01",
    "PKG-ZIP-07",
)


@check("PKG-SGN-01")
def form_of_bundles(package: Package) -> Iterator[Finding | NotChecked]:
    """Each bundle in signatures/ is one of model signing."""
    yield from _unread(package, "PKG-SGN-01")
    for one in package.attached:
        if one.path.startswith("signatures/"):
            pointer, message = one.fault or ("", "")
            if one.bundle is not None:
                pointer, message = _PAYLOAD, form_fault(one.bundle.envelope.statement)
            if message:
                yield Finding("PKG-SGN-01", displayed(one.path), pointer, message, "")


@check("PKG-SGN-02", after=_CONTENT)
def complete_resources(package: Package) -> Iterator[Finding | NotChecked]:
    """The signed list is the package's files, each once, with its digest."""
    yield from _unread(package, "PKG-SGN-02")
    for one, statement in _signed(package):
        fault = resources_fault(statement, digests_of(package))
        if fault:
            yield Finding("PKG-SGN-02", displayed(one.path), _PAYLOAD, fault, "")


@check("PKG-SGN-03", after=_CONTENT)
def subject_of_signatures(package: Package) -> Iterator[Finding | NotChecked]:
    """The subject is the package, with the digest over the resources."""
    assert package.manifest is not None
    yield from _unread(package, "PKG-SGN-03")
    for one, statement in _signed(package):
        fault = subject_fault(statement, package.manifest["id"])
        if fault:
            yield Finding("PKG-SGN-03", displayed(one.path), _PAYLOAD, fault, "")


@check("PKG-SGN-06")
def attestations_are_about_the_package(package: Package) -> Iterator[Finding | NotChecked]:
    """Each envelope in attestations/ has a subject with the digest of the manifest."""
    assert package.identity is not None
    identity = package.identity.removeprefix("sha256:")
    for one in package.attached:
        if one.path.startswith("attestations/"):
            if one.limit:
                yield NotChecked("PKG-SGN-06", f"{displayed(one.path)}: {one.limit}")
            pointer, message = one.fault or ("", "")
            if one.envelope is not None and not any(
                subject.sha256 == identity for subject in one.envelope.statement.subjects
            ):
                pointer = "/payload"
                message = f"found no subject with the SHA-256 {identity}, the identity of the package"
            if message:
                yield Finding("PKG-SGN-06", displayed(one.path), pointer, message, "")


def _unread(package: Package, requirement: str) -> Iterator[NotChecked]:
    for one in package.attached:
        if one.limit and one.path.startswith("signatures/"):
            yield NotChecked(requirement, f"{displayed(one.path)}: {one.limit}")


def _signed(package: Package) -> Iterator[tuple[Attached, Statement]]:
    for one in package.attached:
        if one.bundle is not None:
            statement = one.bundle.envelope.statement
            if not form_fault(statement):
                yield one, statement


CHECKS: tuple[Check, ...] = (
    form_of_bundles,
    complete_resources,
    subject_of_signatures,
    attestations_are_about_the_package,
)
