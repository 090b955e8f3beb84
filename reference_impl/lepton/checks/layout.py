"""Checks of the files of a package: which there are, and what they are called.

Serves PKG-LAY.
"""

from collections.abc import Iterator

from lepton.checks.registry import Stage, check
from lepton.finding import Finding
from lepton.package.limits import MAX_PATH_BYTES
from lepton.package.paths import (
    MANIFEST,
    collision_key,
    displayed,
    is_unlisted_area,
    reserved_fault,
    syntax_fault,
)
from lepton.package.read import Package

__all__ = ["CHECKS"]


def _from_container(package: Package, requirement: str) -> Iterator[Finding]:
    return (fault for fault in package.faults if fault.requirement == requirement)


def _paths(package: Package) -> Iterator[tuple[str, str, str]]:
    """Yield every path once, with the file and pointer that a finding about it names."""
    seen = set()
    for path in (*package.container.entries, *package.container.irregular):
        seen.add(path)
        yield path, displayed(path), ""
    manifest = package.manifest
    if manifest is None:
        return
    named = [(one["path"], f"/files/{at}/path") for at, one in enumerate(manifest["files"])]
    for at, artifact in enumerate(manifest["artifacts"]):
        named.append((artifact["entry"], f"/artifacts/{at}/entry"))
        named += [
            (path, f"/artifacts/{at}/external/{place}")
            for place, path in enumerate(artifact.get("external", ()))
        ]
    named += [(path, f"/vectors/{at}") for at, path in enumerate(manifest["vectors"])]
    named.append((manifest["card"], "/card"))
    for path, pointer in named:
        if path not in seen:
            seen.add(path)
            yield path, MANIFEST, pointer


@check("PKG-LAY-07", stage=Stage.CONTAINER)
def number_of_files(package: Package) -> Iterator[Finding]:
    """The walk and the zip reader count."""
    yield from _from_container(package, "PKG-LAY-07")


@check("PKG-LAY-05", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def regular_files(package: Package) -> Iterator[Finding]:
    """Whatever is no regular file was seen, and not opened, when the container was read."""
    yield from _from_container(package, "PKG-LAY-05")


@check("PKG-LAY-01", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def one_manifest(package: Package) -> Iterator[Finding]:
    """The container has a `lepton.json` at its root; a link of that name is PKG-LAY-05's matter."""
    container = package.container
    if MANIFEST in container.entries or MANIFEST in container.irregular:
        return
    deeper = [path for path in container.entries if path.endswith("/" + MANIFEST)]
    folded = [path for path in container.entries if collision_key(path) == MANIFEST]
    others = folded + deeper
    more = f"; there is {displayed(others[0])!r}" if others else ""
    yield Finding("PKG-LAY-01", "", "", f"found no {MANIFEST!r} at the root, expected one{more}", "")


@check("PKG-LAY-02", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def form_of_paths(package: Package) -> Iterator[Finding]:
    """Every path satisfies the path rules."""
    told = set()
    for fault in _from_container(package, "PKG-LAY-02"):
        told.add(fault.file)
        yield fault
    for path, file, pointer in _paths(package):
        fault_text = syntax_fault(path)
        if fault_text is not None and file not in told:
            yield Finding("PKG-LAY-02", file, pointer, f"found {displayed(path)!r}: {fault_text}", "")


@check("PKG-LAY-03", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def confusable_paths(package: Package) -> Iterator[Finding]:
    """No two paths are one for a file system that folds case or normalizes."""
    container = package.container
    files = [*container.entries, *container.irregular]
    listed = package.manifest["files"] if package.manifest is not None else []
    names = dict.fromkeys([*files, *(one["path"] for one in listed), MANIFEST])
    taken: dict[str, str] = {}
    for path in names:
        key = collision_key(path)
        other = taken.setdefault(key, path)
        if other != path:
            message = f"found {displayed(path)!r} beside {displayed(other)!r}, which some systems confuse"
            yield Finding("PKG-LAY-03", displayed(path), "", message, "")
    for key, path in taken.items():
        # A longer path violates PKG-LAY-02, and looking up all its folders would take time without end.
        at = key.find("/") if len(path) <= MAX_PATH_BYTES else -1
        while at >= 0:
            other = taken.get(key[:at], "")
            if other and syntax_fault(path) is None:
                message = f"found the file {displayed(other)!r} where {displayed(path)!r} has a directory"
                yield Finding("PKG-LAY-03", displayed(path), "", message, "")
            at = key.find("/", at + 1)


@check("PKG-LAY-04", stage=Stage.CONTAINER, needs=("PKG-ZIP-04",))
def reserved_names(package: Package) -> Iterator[Finding]:
    """No segment is one that Windows reserves."""
    for path, file, pointer in _paths(package):
        fault = reserved_fault(path)
        if fault is not None and syntax_fault(path) is None:
            yield Finding("PKG-LAY-04", file, pointer, f"found {displayed(path)!r}: {fault}", "")


@check("PKG-LAY-06")
def listed_files(package: Package) -> Iterator[Finding]:
    """What is in the container is in the manifest, except the manifest itself and two folders."""
    assert package.manifest is not None
    listed = {one["path"] for one in package.manifest["files"]}
    for path in package.container.entries:
        if path not in listed and path != MANIFEST and not is_unlisted_area(path):
            message = "found a file that the manifest does not list"
            yield Finding("PKG-LAY-06", displayed(path), "", message, "")
    for at, one in enumerate(package.manifest["files"]):
        if one["path"] == MANIFEST or is_unlisted_area(one["path"]):
            message = f"found {one['path']!r} in the list, expected it not to be listed"
            yield Finding("PKG-LAY-06", MANIFEST, f"/files/{at}/path", message, "")


CHECKS = (
    number_of_files,
    regular_files,
    one_manifest,
    form_of_paths,
    confusable_paths,
    reserved_names,
    listed_files,
)
