"""A package whose files are in memory, so that many can be judged in a second.

Owns a container of bytes; it has no faults of its own, as a directory without links has none.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lepton.finding import Finding
from lepton.formats.source import MemorySource
from lepton.package.container import CHUNK_BYTES, Entry

__all__ = ["MemoryContainer"]


class MemoryContainer:
    """The files of a package, by path."""

    kind = "directory"

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Take the files as they are."""
        self.path = Path("package")
        self._data = dict(files)
        self.entries: Mapping[str, Entry] = {path: Entry(path, len(data)) for path, data in files.items()}
        self.irregular: frozenset[str] = frozenset()
        self.faults: tuple[Finding, ...] = ()

    def open(self, entry: Entry) -> "OpenMemory":
        """Open one file."""
        return OpenMemory(self._data[entry.path])

    def close(self) -> None:
        """Do nothing."""


class OpenMemory:
    """One file of bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def chunks(self) -> Iterator[memoryview]:
        """Yield the bytes."""
        for at in range(0, len(self._data), CHUNK_BYTES):
            yield memoryview(self._data)[at : at + CHUNK_BYTES]

    def fault(self) -> str | None:
        """Return None: bytes declare nothing about themselves."""
        return None

    def source(self) -> MemorySource:
        """Return the bytes."""
        return MemorySource(self._data)

    def changed(self) -> bool:
        """Return false: bytes do not change."""
        return False

    def close(self) -> None:
        """Do nothing."""
