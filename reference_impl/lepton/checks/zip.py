"""Checks of the zip container: what its reader saw, and the alignment of weights.

Serves PKG-ZIP. A package in a directory satisfies them by having no zip.
"""

from collections.abc import Iterator

from lepton.checks.registry import Check, NotChecked, Stage, check
from lepton.finding import Finding
from lepton.package.budget import CLOSED
from lepton.package.paths import displayed
from lepton.package.read import Package

__all__ = ["CHECKS"]

ALIGNMENT = 64
MAPPED_ROLES = frozenset(["artifact", "weights"])


def _seen_by_reader(package: Package, *requirements: str) -> Iterator[Finding]:
    return (fault for fault in package.faults if fault.requirement in requirements)


@check("PKG-ZIP-04", stage=Stage.CONTAINER)
def no_byte_outside(package: Package) -> Iterator[Finding]:
    """Entries, directory and end records tile the file."""
    yield from _seen_by_reader(package, "PKG-ZIP-04")


@check("PKG-ZIP-01", "PKG-ZIP-02", "PKG-ZIP-03", "PKG-ZIP-09", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def headers(package: Package) -> Iterator[Finding]:
    """Methods, flags, names, extra fields, and the agreement of local and central headers."""
    yield from _seen_by_reader(package, "PKG-ZIP-01", "PKG-ZIP-02", "PKG-ZIP-03", "PKG-ZIP-09")


@check("PKG-ZIP-05", stage=Stage.CONTAINER, needs=("PKG-ZIP-04", "PKG-ZIP-02", "PKG-LAY-01"))
def manifest_first(package: Package) -> Iterator[Finding]:
    """The manifest is the first entry."""
    yield from _seen_by_reader(package, "PKG-ZIP-05")


@check("PKG-ZIP-07", stage=Stage.CONTAINER, needs=("PKG-ZIP-04", "PKG-ZIP-02"))
def declared_content(package: Package) -> Iterator[Finding | NotChecked]:
    """Every entry has the size and CRC-32 that its headers declare."""
    for path in sorted(package.closed)[:1]:
        yield NotChecked("PKG-ZIP-07", f"{displayed(path)}: {CLOSED}")
    for path, damage in package.damage.items():
        yield Finding("PKG-ZIP-07", displayed(path), "", damage, "")


@check("PKG-ZIP-06")
def mapped_weights(package: Package) -> Iterator[Finding]:
    """Artifacts and weights can be mapped where they lie."""
    assert package.manifest is not None
    if package.container.kind != "zip":
        return
    for listed in package.manifest["files"]:
        entry = package.container.entries.get(listed["path"])
        if listed["role"] not in MAPPED_ROLES or entry is None or entry.faulty:
            continue
        if not entry.stored:
            yield Finding("PKG-ZIP-06", entry.path, "", "found a compressed entry, expected a stored one", "")
        elif entry.data_offset is not None and entry.data_offset % ALIGNMENT:
            message = f"found the data at byte {entry.data_offset}, expected a multiple of {ALIGNMENT}"
            yield Finding("PKG-ZIP-06", entry.path, f"byte {entry.data_offset}", message, "")


CHECKS: tuple[Check, ...] = (no_byte_outside, headers, manifest_first, declared_content, mapped_weights)
