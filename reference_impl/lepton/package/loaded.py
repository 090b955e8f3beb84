"""A package that was found sound, opened for use.

Owns handing out verified files: as bytes, or as paths on disk for engines that open files themselves; leaves
finding it sound to `lepton.validate.load`. Serves PKG-DIG-04.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from lepton.errors import SourceError
from lepton.package.digests import digest
from lepton.package.manifest import Artifact, Manifest
from lepton.package.paths import displayed
from lepton.package.read import Package

__all__ = ["LoadedPackage"]


class LoadedPackage:
    """An open package. A context manager; after `close`, materialized files of a zip are gone.

    `document` is the manifest's JSON, `manifest` the same as typed values.
    """

    def __init__(self, package: Package) -> None:
        """Take over an open package whose manifest is valid."""
        assert package.manifest is not None
        assert package.identity is not None
        self._package = package
        self._directory: Path | None = None
        self.path = package.path
        self.identity = package.identity
        self.document: dict[str, Any] = package.manifest
        self.manifest = Manifest.from_json(package.manifest)
        self._listed = {one.path: one for one in self.manifest.files}

    def __enter__(self) -> "LoadedPackage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: str) -> bytes:
        """Return the bytes of a listed file, verified.

        Raises: SourceError when they are no longer what the manifest says.
        """
        listed = self._listed[path]
        entry = self._package.container.entries[path]
        file = self._package.container.open(entry)
        try:
            found = digest(file, keep=listed.size)
        finally:
            file.close()
        if found.sha256 != listed.sha256 or found.data is None:
            raise SourceError(f"{displayed(path)!r} was changed after the package was checked")
        return found.data

    def json(self, path: str) -> Any:
        """Return a JSON document of the package (the card, a vectors document) that was found valid."""
        document = self._package.files[path].document
        assert document is not None
        return document.value

    def materialize(self, artifact: Artifact | str | None = None) -> Path:
        """Return a directory on disk in which the artifact's files lie at their paths in the package.

        A directory package is that directory; files of a zip are written to a private temporary one, their
        digests verified while they are written. Raises: SourceError.
        """
        chosen = artifact if isinstance(artifact, Artifact) else self.manifest.artifact(artifact)
        if self._package.container.kind == "directory":
            return self.path.resolve()
        self.reserve()
        assert self._directory is not None
        for path in dict.fromkeys((chosen.entry, *chosen.external)):
            self._write(path, self._directory / path)
        return self._directory

    def reserve(self) -> None:
        """Make the directory that `materialize` writes to, where one is needed.

        A process that is forked after that writes there, and this one removes it, whatever becomes of the
        other.
        """
        if self._directory is None and self._package.container.kind != "directory":
            self._directory = Path(tempfile.mkdtemp(prefix="lepton-"))

    def entry(self, artifact: Artifact | str | None = None) -> Path:
        """Materialize an artifact and return the path of its entry file."""
        chosen = artifact if isinstance(artifact, Artifact) else self.manifest.artifact(artifact)
        return self.materialize(chosen) / chosen.entry

    def _write(self, path: str, target: Path) -> None:
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(target.name + ".part")
        state = hashlib.sha256()
        file = self._package.container.open(self._package.container.entries[path])
        try:
            with beside.open("wb") as out:
                for chunk in file.chunks():
                    state.update(chunk)
                    out.write(chunk)
        finally:
            file.close()
        if state.hexdigest() != self._listed[path].sha256:
            beside.unlink()
            raise SourceError(f"{displayed(path)!r} was changed after the package was checked")
        beside.replace(target)

    def files(self, role: str) -> Sequence[str]:
        """Return the paths of the listed files of a role."""
        return [one.path for one in self.manifest.files if one.role == role]

    def close(self) -> None:
        """Close the package and remove what was materialized."""
        self._package.close()
        self.release()

    def release(self) -> None:
        """Remove what was materialized; the package stays open."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=os.name == "nt")
            self._directory = None
