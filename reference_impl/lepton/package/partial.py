"""A package of which only the manifest and its small documents are read, because the rest is far away.

Owns which files those are; everything else counts as not verified. Serves PKG-DIG-04 and PKG-VAL-05.
"""

from collections.abc import Mapping
from typing import Any

from lepton.package.read import DOCUMENTS, FileFact, Package

__all__ = ["UNREAD", "PartialPackage"]

#: The requirement that a file violates or not, who knows, before its bytes were read.
UNREAD = "PKG-DIG-03"
#: Bytes of a document that is read, and of all of them.
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_BYTES = 4 * 1024 * 1024


class PartialPackage(Package):
    """The facts about a package that a quick look from afar shows. `unread` are the other listed files."""

    def _read_files(self, manifest: Mapping[str, Any]) -> None:
        documents = {manifest["card"], *manifest["vectors"]}
        documents |= {one["path"] for one in manifest["files"] if one["role"] in DOCUMENTS}
        left = MAX_BYTES
        near = []
        far = []
        for one in manifest["files"]:
            entry = self.container.entries.get(one["path"])
            fits = one["size"] <= min(left, MAX_DOCUMENT_BYTES)
            if one["path"] in documents and fits and entry is not None and entry.size == one["size"]:
                left -= one["size"]
                near.append(one)
            else:
                far.append(one)
        super()._read_files({**manifest, "files": near})
        self.files |= {one["path"]: FileFact(UNREAD) for one in far}
        self.unread = tuple(one["path"] for one in far)

    def _read_rest(self) -> None:
        """Read nothing more."""
