"""A package about to travel: checked, with its OCI artifact and the bytes of each blob.

Owns opening a sound package for transport; leaves where the blobs go to `layout` and `push`. Serves
PKG-OCI-01 and PKG-OCI-02.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lepton.errors import LeptonError
from lepton.package.container import Entry
from lepton.package.limits import MAX_DOCUMENT_BYTES
from lepton.package.paths import MANIFEST, displayed
from lepton.package.whole import open_whole, pieces_of
from lepton.transport.modelpack import Artifact, Descriptor, is_attached, model, referrer

__all__ = ["Carried", "Referring"]


@dataclass(frozen=True, slots=True)
class Referring:
    """One file of signatures/ or attestations/ and the artifact that attaches it."""

    path: str
    data: bytes
    artifact: Artifact


class Carried:
    """An open package and the OCI artifacts of it. A context manager."""

    def __init__(self, path: Path) -> None:
        """Read the package. Raises: SourceError, and LeptonError when it is not fit to travel."""
        self._package = open_whole(path)
        try:
            package = self._package
            assert package.manifest_bytes is not None
            assert package.manifest is not None
            assert package.identity is not None
            self.manifest = package.manifest_bytes
            self.document = package.manifest
            self.identity = package.identity
            self.artifact = model(self.manifest, self.document)
            self.referring = tuple(self._referring())
        except BaseException:
            self._package.close()
            raise

    def __enter__(self) -> "Carried":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._package.close()

    def _referring(self) -> Iterator[Referring]:
        for path in sorted(self._package.container.entries, key=str.encode):
            if is_attached(path):
                data = self._bytes(self._package.container.entries[path])
                yield Referring(path, data, referrer(data, path, self.artifact.descriptor))

    def _bytes(self, entry: Entry) -> bytes:
        if entry.size > MAX_DOCUMENT_BYTES:
            raise LeptonError(
                f"found {entry.size} bytes in {displayed(entry.path)!r}, "
                f"expected at most {MAX_DOCUMENT_BYTES}"
            )
        return b"".join(bytes(piece) for piece in pieces_of(self._package, entry)())

    def pieces(self, layer: Descriptor) -> Iterator[bytes | memoryview]:
        """Yield the bytes of a layer, as the package holds them now; the taker verifies the digest."""
        if layer.path == MANIFEST:
            return iter([self.manifest])
        return pieces_of(self._package, self._package.container.entries[layer.path])()
