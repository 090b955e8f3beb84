"""Checks of every listed file against its entry: there, as long, and the same bytes.

Serves PKG-DIG.
"""

from collections.abc import Iterator

from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.paths import MANIFEST, syntax_fault
from lepton.package.read import Package

__all__ = ["CHECKS"]


@check("PKG-DIG-01", "PKG-DIG-02", "PKG-DIG-03")
def listed_files(package: Package) -> Iterator[Finding | NotChecked]:
    """One finding a file: missing, of another length, or of other bytes; none where the path is no path."""
    assert package.manifest is not None
    seen = set()
    for at, listed in enumerate(package.manifest["files"]):
        path = listed["path"]
        if path in seen or path == MANIFEST or syntax_fault(path):
            continue
        seen.add(path)
        fact = package.files[path]
        if fact.broken == "PKG-DIG-01":
            message = f"found no file {path!r}, expected the one that is listed"
            yield Finding("PKG-DIG-01", path, "", f"{message} at /files/{at}", "")
        elif fact.broken == "PKG-DIG-02":
            message = f"found {fact.size} bytes, expected {listed['size']} as listed"
            yield Finding("PKG-DIG-02", path, "", message, "")
        elif fact.broken == "PKG-DIG-03" and fact.unread:
            yield NotChecked("PKG-DIG-03", f"{path}: {fact.unread}")
        elif fact.broken == "PKG-DIG-03":
            message = f"found the SHA-256 {fact.sha256}, expected {listed['sha256']} as listed"
            yield Finding("PKG-DIG-03", path, "", message, "")


CHECKS: tuple[Check, ...] = (listed_files,)
