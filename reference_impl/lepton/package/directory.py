"""A package in a directory, read without ever leaving it.

Owns the walk and the opening of files: every step goes through a directory handle and refuses links, so that
no path leads outside and nothing that blocks (a pipe, a device) is opened. Serves PKG-LAY-05 and PKG-LAY-07.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from lepton.errors import SourceError
from lepton.finding import Finding
from lepton.formats.source import FileSource
from lepton.package.container import CHUNK_BYTES, Entry
from lepton.package.limits import MAX_FILES, MAX_PATH_BYTES
from lepton.package.paths import displayed

__all__ = ["DirectoryContainer"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class DirectoryContainer:
    """The files below one directory."""

    kind = "directory"

    def __init__(self, path: Path) -> None:
        """Walk the directory.

        Raises: SourceError when it, or a directory in it, cannot be read.
        """
        self.path = path
        self._files: dict[str, Entry] = {}
        self.entries: Mapping[str, Entry] = self._files
        self._irregular: list[str] = []
        self._faults: list[Finding] = []
        try:
            # The path itself was given by a person: a link there is followed.
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(f"cannot read {displayed(str(path))!r}: {error.strerror}") from error
        try:
            self._walk()
        except BaseException:
            self.close()
            raise
        self.irregular = frozenset(self._irregular)
        self.faults = tuple(self._faults)

    def _walk(self) -> None:
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            try:
                descriptor = self._open(prefix.rstrip("/"), _DIRECTORY) if prefix else os.dup(self._root)
                try:
                    below = self._list(descriptor, prefix)
                finally:
                    os.close(descriptor)
            except OSError as error:
                place = displayed(prefix.rstrip("/") or ".")
                raise SourceError(f"cannot read the directory {place!r}: {error.strerror}") from error
            if len(self.entries) > MAX_FILES:
                message = f"found more than {MAX_FILES} files, expected at most {MAX_FILES}"
                self._faults.append(Finding("PKG-LAY-07", "", "", message, ""))
                return
            waiting.extend(reversed(below))

    def _list(self, descriptor: int, prefix: str) -> list[str]:
        below = []
        with os.scandir(descriptor) as items:
            names = sorted(item.name for item in items)
        for name in names:
            path = prefix + name
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            kind = stat.S_IFMT(status.st_mode)
            if kind == stat.S_IFREG:
                self._files[path] = Entry(path, status.st_size)
                if len(self.entries) > MAX_FILES:
                    return []
            elif kind == stat.S_IFDIR and len(os.fsencode(path)) <= MAX_PATH_BYTES:
                below.append(f"{path}/")
            elif kind == stat.S_IFDIR:
                message = f"found a path of more than {MAX_PATH_BYTES} bytes"
                self._faults.append(Finding("PKG-LAY-02", displayed(path), "", message, ""))
            else:
                message = f"found {_KINDS.get(kind, 'a special file')}, expected a regular file"
                self._faults.append(Finding("PKG-LAY-05", displayed(path), "", message, ""))
                self._irregular.append(path)
        return below

    def _open(self, path: str, flags: int) -> int:
        """Open `path` one segment at a time, through handles only."""
        *parents, name = path.split("/")
        here = self._root
        try:
            for parent in parents:
                below = os.open(parent, _DIRECTORY, dir_fd=here)
                if here != self._root:
                    os.close(here)
                here = below
            return os.open(name, flags, dir_fd=here)
        finally:
            if here != self._root:
                os.close(here)

    def open(self, entry: Entry) -> "OpenDirectoryFile":
        """Open one file of the walk.

        Raises: SourceError when it cannot be opened or is no regular file any more.
        """
        try:
            descriptor = self._open(entry.path, _FILE)
        except OSError as error:
            raise SourceError(f"cannot read {displayed(entry.path)!r}: {error.strerror}") from error
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise SourceError(f"{displayed(entry.path)!r} was replaced by no regular file while it was read")
        return OpenDirectoryFile(entry, descriptor)

    def close(self) -> None:
        """Close the root; further calls change nothing."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1


class OpenDirectoryFile:
    """One open regular file."""

    def __init__(self, entry: Entry, descriptor: int) -> None:
        self._entry = entry
        self._descriptor = descriptor
        self._stamp = self.source().stamp()

    def chunks(self) -> Iterator[memoryview]:
        """Yield the bytes of the file, at most one more than it had in the walk."""
        left = self._entry.size + 1
        buffer = memoryview(bytearray(min(CHUNK_BYTES, left)))
        while left > 0:
            try:
                count = os.readv(self._descriptor, [buffer[: min(len(buffer), left)]])
            except OSError as error:
                raise SourceError(f"cannot read {displayed(self._entry.path)!r}: {error.strerror}") from error
            if count == 0:
                return
            left -= count
            yield buffer[:count]

    def fault(self) -> str | None:
        """Return None: a directory declares nothing about content."""
        return None

    def source(self) -> FileSource:
        """Return random access through the same handle."""
        return FileSource(self._descriptor, self._entry.size)

    def changed(self) -> bool:
        """Compare size and times with those at opening."""
        return self.source().stamp() != self._stamp

    def close(self) -> None:
        """Close the handle."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
