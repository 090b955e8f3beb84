"""Packages that are elsewhere, as containers: a zip behind http(s), and the layers of a registry.

Owns giving the readers of packages what they need and no more; leaves which files are read to
`lepton.package.partial`. Serves PKG-OCI-03.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lepton.errors import SourceError
from lepton.finding import Finding
from lepton.package.container import Entry
from lepton.package.paths import displayed
from lepton.package.zipread import ZipContainer
from lepton.transport.modelpack import Descriptor
from lepton.transport.pull import Remote
from lepton.transport.ranges import RangeSource
from lepton.transport.registry import Registry

__all__ = ["LayersContainer", "remote_zip"]


def remote_zip(source: RangeSource, url: str) -> ZipContainer:
    """Return the container of a zip that is read in ranges. Raises: SourceError."""
    return ZipContainer.over(source, Path(url))


class LayersContainer:
    """The files of a package in a registry; each is verified by the digest of its layer when it is read."""

    kind = "registry"
    irregular: frozenset[str] = frozenset()
    faults: tuple[Finding, ...] = ()

    def __init__(self, registry: Registry, remote: Remote) -> None:
        self.path = Path(str(registry.reference))
        self._registry = registry
        self._layers = {one.path: one for one in remote.layers}
        self.entries: Mapping[str, Entry] = {
            path: Entry(path, one.size, stored=False) for path, one in self._layers.items()
        }

    def open(self, entry: Entry) -> "OpenLayer":
        """Open one file."""
        return OpenLayer(self._registry, self._layers[entry.path])

    def close(self) -> None:
        """Do nothing: the connections are the client's."""


class OpenLayer:
    """One file of a package in a registry."""

    def __init__(self, registry: Registry, layer: Descriptor) -> None:
        self._registry = registry
        self._layer = layer

    def chunks(self) -> Iterator[memoryview]:
        """Yield the bytes. Raises: SourceError at the end when they are not the layer's."""
        state = hashlib.sha256()
        size = 0
        with self._registry.blob(self._layer) as (_, pieces):
            for piece in pieces:
                state.update(piece)
                size += len(piece)
                yield memoryview(piece)
        if (size, f"sha256:{state.hexdigest()}") != (self._layer.size, self._layer.digest):
            raise SourceError(f"the registry sent other bytes for {displayed(self._layer.path)!r}")

    def fault(self) -> str | None:
        """Return None: a registry declares nothing but digests."""
        return None

    def source(self) -> None:
        """Return None: there is no random access."""
        return

    def changed(self) -> bool:
        """Return False: a digest names one content."""
        return False

    def close(self) -> None:
        """Do nothing."""
