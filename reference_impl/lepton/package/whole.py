"""A package that is whole: readable, listed completely, every byte as the manifest says.

Owns the least that signing and transport rely on; leaves judging by all requirements to `lepton.validate`.
Serves PKG-DIG and PKG-LAY-06.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from lepton.errors import LeptonError
from lepton.finding import Severity, severity
from lepton.package.container import Entry
from lepton.package.paths import MANIFEST, displayed, is_unlisted_area
from lepton.package.read import Package, open_package
from lepton.package.write import Member

__all__ = ["NotWhole", "listed_of", "members_of", "open_whole", "pieces_of"]


class NotWhole(LeptonError):
    """The package is not what its manifest says, or has none."""


def open_whole(path: Path) -> Package:
    """Open a package. Raises: SourceError when it cannot be read, NotWhole."""
    package = open_package(path)
    try:
        fault = _fault(package)
        if fault:
            raise NotWhole(f"{displayed(str(path))!r} is no sound package: {fault}; see lepton validate")
    except BaseException:
        package.close()
        raise
    return package


def _fault(package: Package) -> str:
    faults = [one for one in package.faults if severity(one.requirement) is Severity.ERROR]
    if faults:
        return f"{faults[0].requirement} {faults[0].file} {faults[0].message}"
    if package.manifest is None:
        return "it has no valid lepton.json"
    for path, fact in package.files.items():
        if fact.broken and fact.unread:
            return f"{displayed(path)!r} was not read: {fact.unread}"
        if fact.broken:
            return f"{displayed(path)!r} violates {fact.broken}"
    for path in package.container.entries:
        if path not in package.files and path != MANIFEST and not is_unlisted_area(path):
            return f"{displayed(path)!r} is not listed (PKG-LAY-06)"
    return ""


def pieces_of(package: Package, entry: Entry) -> Callable[[], Iterator[bytes | memoryview]]:
    """Return what yields the bytes of a file each time it is called."""

    def read() -> Iterator[bytes | memoryview]:
        file = package.container.open(entry)
        try:
            yield from file.chunks()
        finally:
            file.close()

    return read


def listed_of(package: Package) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of each listed file by path."""
    assert package.manifest is not None
    return {one["path"]: (one["size"], one["sha256"]) for one in package.manifest["files"]}


def members_of(package: Package) -> list[Member]:
    """Return every file but the manifest, to be written again."""
    assert package.manifest is not None
    listed = {one["path"]: one for one in package.manifest["files"]}
    members = []
    for path, entry in package.container.entries.items():
        if path != MANIFEST:
            one = listed.get(path, {"mediaType": "application/json", "role": "other"})
            members.append(Member(path, pieces_of(package, entry), one["mediaType"], one["role"]))
    return members
