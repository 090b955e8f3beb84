"""What a container is to the rest: files by path, each opened once, and what is wrong with the container.

Owns the vocabulary (`Entry`, `OpenFile`, `Container`); leaves the two forms to `lepton.package.directory` and
`lepton.package.zipread`. Serves PKG-LAY and PKG-ZIP.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from lepton.errors import SourceError
from lepton.finding import Finding
from lepton.formats.source import Source

__all__ = ["CHUNK_BYTES", "Container", "Entry", "NoContainer", "OpenFile"]

#: Bytes read at a time: large enough that hashing, which releases the interpreter's lock, dominates.
CHUNK_BYTES = 1024 * 1024


class Entry(NamedTuple):
    """One regular file. `data_offset` is where its bytes begin in a zip, None in a directory.

    `stored` says that the bytes in the container are the file's bytes. `faulty` names the requirement because
    of which the file's content cannot be read, empty when it can. `packed` is how many bytes the container
    has for it, None when that is `size`.
    """

    path: str
    size: int
    stored: bool = True
    data_offset: int | None = None
    faulty: str = ""
    packed: int | None = None

    @property
    def input_bytes(self) -> int:
        """Return the bytes that the file takes in its container."""
        return self.size if self.packed is None else self.packed


class OpenFile(Protocol):
    """One open file: read it through once, then look into it through the same handle."""

    def chunks(self) -> Iterator[memoryview]:
        """Yield the file's bytes in pieces that are valid until the next one is asked for.

        Stops at the declared size plus one byte. Raises: SourceError when the disk fails.
        """
        ...

    def fault(self) -> str | None:
        """Say why the bytes read are not what the container declares, once `chunks` is through."""
        ...

    def source(self) -> Source | None:
        """Return random access to the same bytes; None when they are compressed."""
        ...

    def changed(self) -> bool:
        """Say whether the file on disk was written to since it was opened."""
        ...

    def close(self) -> None:
        """Give the handle back."""
        ...


class Container(Protocol):
    """The files of one package.

    `irregular` are the paths of links, devices and the like, which are never opened. `faults` are the
    violations that reading the container showed; `hints` are empty in them.
    """

    path: Path
    kind: str
    entries: Mapping[str, Entry]
    irregular: frozenset[str]
    faults: tuple[Finding, ...]

    def open(self, entry: Entry) -> OpenFile:
        """Open one file.

        Raises: SourceError when it cannot be opened, or is no longer what it was.
        """
        ...

    def close(self) -> None:
        """Give all handles back."""
        ...


class NoContainer:
    """What stands in the place of a container where there is none: a pipe, a broken link, another file.

    It has no files and one fault, `message`. Spec: PKG-VAL-06.
    """

    kind = "none"

    def __init__(self, path: Path, message: str) -> None:
        """Keep why there is no container."""
        self.path = path
        self.entries: Mapping[str, Entry] = {}
        self.irregular: frozenset[str] = frozenset()
        self.faults: tuple[Finding, ...] = (Finding("PKG-ZIP-04", "", "", message, ""),)

    def open(self, entry: Entry) -> OpenFile:
        """Raise SourceError: there are no files."""
        raise SourceError(f"cannot read {entry.path!r}: there is no container")

    def close(self) -> None:
        """Do nothing: nothing was opened."""
