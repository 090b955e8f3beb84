"""A package about to travel: checked, with its OCI artifact and the bytes of each blob.

Owns opening a sound package for transport; leaves where the blobs go to `layout` and `push`. Serves
PKG-OCI-01 and PKG-OCI-02.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lepton.errors import LeptonError
from lepton.finding import Severity, severity
from lepton.package import Package, open_package
from lepton.package.container import Entry
from lepton.package.limits import MAX_DOCUMENT_BYTES
from lepton.package.paths import MANIFEST, displayed
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
        self._package = open_package(path)
        try:
            self._refuse_unsound()
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

    def _refuse_unsound(self) -> None:
        package = self._package
        faults = [one for one in package.faults if severity(one.requirement) is Severity.ERROR]
        if faults:
            raise LeptonError(f"{displayed(str(package.path))!r} is no sound package: {faults[0].message}")
        if package.manifest is None:
            raise LeptonError(
                f"{displayed(str(package.path))!r} has no valid lepton.json; see lepton validate"
            )
        for path, fact in package.files.items():
            if fact.broken:
                raise LeptonError(f"{displayed(path)!r} violates {fact.broken}; see lepton validate")
        for path in package.container.entries:
            if path not in package.files and path != MANIFEST and not is_attached(path):
                raise LeptonError(f"{displayed(path)!r} is not listed (PKG-LAY-06); see lepton validate")

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
        return b"".join(bytes(piece) for piece in pieces(self._package, entry)())

    def pieces(self, layer: Descriptor) -> Iterator[bytes | memoryview]:
        """Yield the bytes of a layer, as the package holds them now; the taker verifies the digest."""
        if layer.path == MANIFEST:
            return iter([self.manifest])
        return pieces(self._package, self._package.container.entries[layer.path])()


def pieces(package: Package, entry: Entry) -> Callable[[], Iterator[bytes | memoryview]]:
    """Return what yields the bytes of a file each time it is called."""

    def read() -> Iterator[bytes | memoryview]:
        file = package.container.open(entry)
        try:
            yield from file.chunks()
        finally:
            file.close()

    return read
