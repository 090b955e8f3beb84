"""Random access to the bytes of one opened file.

Owns where bytes come from (memory, or a range of an open file); leaves their meaning to the format readers.
Serves PKG-DIG-04: a reader sees the bytes that were digested, through the same handle.
"""

import os
from typing import Protocol

__all__ = ["FileSource", "MemorySource", "Source", "Stamp"]

#: What changes when the bytes of a file do: device, inode, size, mtime and ctime of one on disk.
Stamp = tuple[int, ...]


class Source(Protocol):
    """Bytes that can be read at any offset."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`; fewer only at the end."""
        ...


class MemorySource:
    """Bytes held in memory."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`."""
        return self.data[offset : offset + length]


class FileSource:
    """The range `[base, base + size)` of an open file; the descriptor stays its owner's to close."""

    __slots__ = ("_base", "_descriptor", "_size")

    def __init__(self, descriptor: int, size: int, base: int = 0) -> None:
        self._descriptor = descriptor
        self._base = base
        self._size = size

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`."""
        length = min(length, self._size - offset)
        pieces = []
        while length > 0:
            piece = os.pread(self._descriptor, length, self._base + offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def part(self, offset: int, size: int) -> "FileSource":
        """Return the range `[offset, offset + size)` of this one."""
        return FileSource(self._descriptor, size, self._base + offset)

    def stamp(self) -> Stamp:
        """Return which file it is, its size and its times, to notice that it was written to."""
        status = os.fstat(self._descriptor)
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
