"""A package in one zip file, read so strictly that only one reading is possible.

Owns finding the files and reading their bytes, on a handle that is opened once; leaves the bytes of headers
to `lepton.package.zipheaders`. Nothing is unpacked to disk. Serves PKG-ZIP.
"""

import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from lepton.errors import SourceError
from lepton.finding import Finding
from lepton.formats.source import FileSource, Source, Stamp
from lepton.package.container import CHUNK_BYTES, Entry
from lepton.package.crc import Crc
from lepton.package.limits import MAX_FILES
from lepton.package.paths import displayed
from lepton.package.zipheaders import (
    DEFLATED,
    STORED,
    Central,
    Directory,
    ZipFault,
    read_directory,
    read_local,
)

__all__ = ["ZipContainer", "ZipSource"]

_ALLOWED_FLAGS = 1 << 1 | 1 << 2 | 1 << 11
_UTF8_FLAG = 1 << 11
_UNIX = 3


class ZipSource(Source, Protocol):
    """The bytes of a whole zip."""

    def part(self, offset: int, size: int) -> Source:
        """Return the range `[offset, offset + size)`."""
        ...

    def stamp(self) -> Stamp:
        """Return what changes when the bytes do."""
        ...


class ZipContainer:
    """The files of one zip."""

    kind = "zip"

    def __init__(self, path: Path) -> None:
        """Read the directory and all headers.

        Raises: SourceError when the file cannot be read. A file that is no sound zip has `faults`.
        """
        self._prepare(path)
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(f"cannot read {displayed(str(path))!r}: {error.strerror}") from error
        try:
            status = os.fstat(self._descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(f"{displayed(str(path))!r} is neither a directory nor a regular file")
            self._look(FileSource(self._descriptor, status.st_size))
        except OSError as error:
            self.close()
            raise SourceError(f"cannot read {displayed(str(path))!r}: {error.strerror}") from error
        except BaseException:
            self.close()
            raise

    @classmethod
    def over(cls, source: ZipSource, path: Path) -> "ZipContainer":
        """Return the container of bytes that are elsewhere; `path` is what they are called."""
        container = cls.__new__(cls)
        container._prepare(path)
        container._descriptor = -1
        container._look(source)
        return container

    def _prepare(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, Entry] = {}
        self.entries: Mapping[str, Entry] = self._files
        self._headers: dict[str, Central] = {}
        self._irregular: list[str] = []
        self._faults: list[Finding] = []

    def _look(self, source: ZipSource) -> None:
        self._source = source
        try:
            self._read(read_directory(source))
        except ZipFault as fault:
            self._fault(fault.requirement, fault.place, fault.message)
        self.irregular = frozenset(self._irregular)
        self.faults = tuple(self._faults)

    def _fault(self, requirement: str, place: int | None, message: str, path: str = "") -> None:
        pointer = "" if place is None else f"byte {place}"
        self._faults.append(Finding(requirement, displayed(path), pointer, message, ""))

    def _read(self, directory: Directory) -> None:
        if directory.disks:
            self._fault("PKG-ZIP-01", directory.end, "found more than one disk, expected one")
        if len(directory.headers) > MAX_FILES:
            message = f"found {len(directory.headers)} files, expected at most {MAX_FILES}"
            raise ZipFault("PKG-LAY-07", directory.start, message)
        expected = 0
        seen: set[bytes] = set()
        for index, header in enumerate(directory.headers):
            if header.offset != expected:
                found = (
                    "overlaps what comes before it" if header.offset < expected else "leaves a gap before it"
                )
                raise ZipFault(
                    "PKG-ZIP-04",
                    header.offset,
                    f"the entry {_name(header)!r} {found}, expected byte {expected}",
                )
            expected = self._entry(header, first=index == 0, repeated=header.name in seen)
            seen.add(header.name)
        if expected != directory.start:
            raise ZipFault(
                "PKG-ZIP-04",
                expected,
                f"found the central directory at {directory.start}, expected it where the last entry ends",
            )

    def _entry(self, header: Central, *, first: bool, repeated: bool) -> int:
        """Judge one entry and return where the next one begins."""
        path = _name(header)
        place = header.place
        local = read_local(self._source, header)
        if repeated:
            self._fault("PKG-ZIP-02", place, "found the name a second time", path)
        if first and path != "lepton.json":
            self._fault("PKG-ZIP-05", 0, f"found {path!r} as the first entry, expected 'lepton.json'", "")
        for message in (*header.extra_faults, *local.extra_faults)[:1]:
            self._fault("PKG-ZIP-09", place, message, path)
        faulty = ""
        forbidden = header.flags & ~_ALLOWED_FLAGS
        if header.method not in (STORED, DEFLATED):
            faulty = "PKG-ZIP-01"
            message = f"found the compression method {header.method}, expected 0 (stored) or 8 (deflated)"
            self._fault(faulty, place, message, path)
        elif forbidden or header.disk:
            faulty = "PKG-ZIP-01"
            self._fault(faulty, place, _flag_message(forbidden, header.disk), path)
        else:
            for name in ("name", "flags", "method", "crc", "compressed", "size"):
                ours, theirs = getattr(local, name), getattr(header, name)
                if ours != theirs:
                    message = (
                        f"found {name} {ours!r} in the local header, expected {theirs!r} as in the central"
                    )
                    self._fault("PKG-ZIP-03", header.offset, message, path)
                    break
        if any(mark > 0x7F for mark in header.name) and not header.flags & _UTF8_FLAG:
            message = "found a name that is not ASCII without flag bit 11, expected it to be declared UTF-8"
            self._fault("PKG-LAY-02", place, message, path)
        kind = stat.S_IFMT(header.external >> 16)
        if header.made_by == _UNIX and kind not in (0, stat.S_IFREG):
            self._fault("PKG-LAY-05", place, f"found the file type {kind:o}, expected a regular file", path)
            self._irregular.append(path)
        else:
            stored = header.method == STORED
            self._files[path] = Entry(path, header.size, stored, local.data_offset, faulty, header.compressed)
            self._headers[path] = header
        return local.data_offset + header.compressed

    def open(self, entry: Entry) -> "OpenZipFile":
        """Open one file; the handle of the zip serves all of them.

        Raises: SourceError when the entry's method cannot be read.
        """
        if entry.faulty:
            raise SourceError(f"{displayed(entry.path)!r} cannot be read: it violates {entry.faulty}")
        return OpenZipFile(entry, self._headers[entry.path], self._source)

    def close(self) -> None:
        """Close the file; further calls change nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class OpenZipFile:
    """One file inside the zip."""

    def __init__(self, entry: Entry, header: Central, zipped: ZipSource) -> None:
        assert entry.data_offset is not None
        self._entry = entry
        self._header = header
        self._start = entry.data_offset
        self._zipped = zipped
        self._stamp = zipped.stamp()
        self._fault: str | None = None

    def chunks(self) -> Iterator[memoryview]:
        """Yield the decompressed bytes; never more than one byte beyond the declared size."""
        count = 0
        crc = Crc(self._entry.size)
        pieces = self._raw() if self._entry.stored else self._inflated()
        try:
            for piece in pieces:
                count += len(piece)
                crc.update(piece)
                yield memoryview(piece)
                crc.settle()
        finally:
            crc.close()
        if self._fault is None and count != self._entry.size:
            more = "more than " if count > self._entry.size else ""
            size = min(count, self._entry.size)
            self._fault = f"found {more}{size} bytes of content, expected {self._entry.size}"
        value = crc.settle()
        if self._fault is None and value != self._header.crc:
            self._fault = f"found the CRC-32 {value:08x}, expected {self._header.crc:08x}"

    def _raw(self) -> Iterator[bytes]:
        at, end = self._start, self._start + self._header.compressed
        while at < end:
            piece = self._read(at, min(CHUNK_BYTES, end - at))
            if not piece:
                return
            yield piece
            at += len(piece)

    def _inflated(self) -> Iterator[bytes]:
        left = self._entry.size + 1
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        used = 0
        try:
            for raw in self._raw():
                used += len(raw)
                waiting = raw
                while left > 0 and not inflater.eof:
                    most = min(CHUNK_BYTES, left)
                    piece = inflater.decompress(waiting, most)
                    waiting = inflater.unconsumed_tail
                    left -= len(piece)
                    if piece:
                        yield piece
                    # A full piece may leave more behind in the inflater, though all input is taken.
                    if not waiting and len(piece) < most:
                        break
                if inflater.eof or left == 0:
                    used -= len(inflater.unused_data)
                    break
        except zlib.error as error:
            self._fault = f"found data that does not decompress ({error})"
            return
        if left > 0 and not inflater.eof:
            self._fault = "found compressed data without an end"
        elif left > 0 and used != self._header.compressed:
            self._fault = f"found {used} bytes of compressed data, expected {self._header.compressed}"

    def _read(self, at: int, length: int) -> bytes:
        try:
            return self._zipped.read_at(at, length)
        except OSError as error:
            raise SourceError(f"cannot read {displayed(self._entry.path)!r}: {error.strerror}") from error

    def fault(self) -> str | None:
        """Say in what the content is not what the headers declare. Spec: PKG-ZIP-07."""
        if self._fault is None and self._entry.stored and self._header.compressed != self._entry.size:
            return f"found {self._header.compressed} stored bytes, expected {self._entry.size}"
        return self._fault

    def source(self) -> Source | None:
        """Return random access to a stored file."""
        if not self._entry.stored:
            return None
        return self._zipped.part(self._start, self._entry.size)

    def changed(self) -> bool:
        """Say whether the zip was written to since it was opened."""
        return self._zipped.stamp() != self._stamp

    def close(self) -> None:
        """Do nothing: the handle is the container's."""


def _name(header: Central) -> str:
    return header.name.decode("utf-8", "surrogateescape")


def _flag_message(flags: int, disk: int) -> str:
    if disk:
        return f"found the disk number {disk}, expected 0"
    kinds = {1: "encryption", 1 << 3: "a data descriptor", 1 << 6: "encryption", 1 << 13: "encryption"}
    bits = [bit for bit in range(16) if flags >> bit & 1]
    meaning = next(
        (kinds[1 << bit] for bit in bits if 1 << bit in kinds), "a feature that packages do not have"
    )
    return f"found the flag bits {bits} ({meaning}), expected none but 1, 2 and 11"
