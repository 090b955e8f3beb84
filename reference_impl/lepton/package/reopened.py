"""A package that another process has checked, opened once more to compute with it.

Owns that nothing is judged again: the manifest is the one that was checked, and `LoadedPackage` holds every
file that it hands out to the digests in it. Serves PKG-DIG-04.
"""

import json
from pathlib import Path

from lepton.package.container import Container
from lepton.package.directory import DirectoryContainer
from lepton.package.read import Package

__all__ = ["ReopenedPackage"]


class ReopenedPackage(Package):
    """The container of a package and its manifest, which is known to be valid; `files` is empty."""

    def __init__(self, path: Path, manifest: bytes) -> None:
        """Open the container. Raises: SourceError when it cannot be."""
        container: Container
        if path.is_dir():
            container = DirectoryContainer(path)
        else:
            from lepton.package.zipread import ZipContainer

            container = ZipContainer(path)
        self.container = container
        self.path = path
        self.manifest_bytes = manifest
        self.manifest = json.loads(manifest)
        self.files = {}
