"""The names in an archive inside a package, and small members of it; nothing else is taken out.

Owns a lenient, bounded reader of zip directories; the container's own reader is strict. Serves PKG-ZIP-08 and
PKG-ART-01 (`pt2`).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from lepton.formats.source import Source

__all__ = ["ArchiveError", "ArchiveLimit", "Member", "member_names", "members", "small_member"]

MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 1_000_000
MAX_SMALL_BYTES = 4096
#: Places where the directory of one archive may begin, by the word of its end records.
MAX_DIRECTORIES = 16
#: The ZIP64 end record and its locator, which stand before the end record.
_END64_BYTES = 56 + 20

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_ENCRYPTED = 1


class ArchiveError(Exception):
    """The bytes are no zip archive that can be listed."""


class ArchiveLimit(Exception):
    """The archive goes beyond what this implementation lists; nothing is said about its soundness."""


class Member(NamedTuple):
    """One entry of the archive's directory."""

    name: bytes
    flags: int
    method: int
    compressed: int
    size: int
    offset: int


def member_names(source: Source) -> list[bytes]:
    """Return every name that some reader may find in the archive.

    Readers differ in which end record they believe, and whether in where it says that the directory begins or
    in how long it says that the directory is. Raises: ArchiveError, ArchiveLimit.
    """
    tail_start, tail = _tail(source)
    starts: dict[int, int] = {}
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise ArchiveError("found no end record")
    while at >= 0:
        for place, size in _beginnings(tail, at, tail_start):
            if 0 <= place < source.size:
                starts[place] = max(starts.get(place, 0), min(size, source.size - place))
        if len(starts) > MAX_DIRECTORIES:
            raise ArchiveLimit(f"an archive with more than {MAX_DIRECTORIES} places where a directory may be")
        at = tail.rfind(b"PK\5\6", 0, at)
    return [one.name for start, size in starts.items() for one in _members(source, start, size)]


def _beginnings(tail: bytes, at: int, tail_start: int) -> tuple[tuple[int, int], ...]:
    """Return where, by the end record at `at`, a directory may begin, and its size."""
    if len(tail) - at < _END.size:
        return ()
    try:
        size, start, end = _directory(tail, at, tail_start)
    except ArchiveError:
        return ()
    return (start, size), (end - size, size)


def members(source: Source) -> list[Member]:
    """Return the archive's directory as its last end record says. Raises: ArchiveError, ArchiveLimit."""
    tail_start, tail = _tail(source)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveError("found no end record")
    size, start, _ = _directory(tail, at, tail_start)
    if start + size > source.size:
        raise ArchiveError("found a directory that does not fit the file")
    return list(_members(source, start, size))


def _tail(source: Source) -> tuple[int, bytes]:
    """Return where the end records can begin, and the bytes from there on."""
    start = max(0, source.size - _END.size - 0xFFFF - _END64_BYTES)
    return start, source.read_at(start, source.size - start)


def _directory(tail: bytes, at: int, tail_start: int) -> tuple[int, int, int]:
    """Return size and start of the directory that the end record at `at` tells of, and where it ends.

    Raises: ArchiveError when it needs a ZIP64 end record and none is there.
    """
    _, _, _, _, count, size, start, _ = _END.unpack_from(tail, at)
    if 0xFFFFFFFF in (size, start) or count == 0xFFFF:
        place = tail.rfind(b"PK\6\6", 0, at)
        if place < 0 or len(tail) - place < 56:
            raise ArchiveError("found no ZIP64 end record")
        size, start = struct.unpack_from("<QQ", tail, place + 40)
        return size, start, tail_start + place
    return size, start, tail_start + at


def _members(source: Source, start: int, size: int) -> Iterator[Member]:
    if size > MAX_DIRECTORY_BYTES:
        raise ArchiveLimit(f"an archive with a directory of more than {MAX_DIRECTORY_BYTES} bytes")
    data = source.read_at(start, size)
    at = seen = 0
    while at + _CENTRAL.size <= len(data) and data[at : at + 4] == b"PK\1\2":
        fields = _CENTRAL.unpack_from(data, at)
        flags, method = fields[3], fields[4]
        compressed, length, name_size, extra_size, comment_size = fields[8:13]
        offset = fields[16]
        name = data[at + _CENTRAL.size : at + _CENTRAL.size + name_size]
        yield Member(name, flags, method, compressed, length, offset)
        at += _CENTRAL.size + name_size + extra_size + comment_size
        seen += 1
        if seen > MAX_MEMBERS:
            raise ArchiveLimit(f"an archive of more than {MAX_MEMBERS} members")


def small_member(source: Source, member: Member) -> bytes:
    """Return the bytes of a member of at most 4 KiB. Raises: ArchiveError."""
    if member.size > MAX_SMALL_BYTES or member.compressed > 2 * MAX_SMALL_BYTES or member.flags & _ENCRYPTED:
        raise ArchiveError(f"found {member.size} bytes in {member.name!r}, expected a few")
    header = source.read_at(member.offset, 30)
    if len(header) != 30 or header[:4] != b"PK\3\4":
        raise ArchiveError(f"found no local header for {member.name!r}")
    name_size, extra_size = struct.unpack_from("<HH", header, 26)
    raw = source.read_at(member.offset + 30 + name_size + extra_size, member.compressed)
    if member.method == 0:
        return raw
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, MAX_SMALL_BYTES)
    except zlib.error as error:
        raise ArchiveError(f"found data in {member.name!r} that does not decompress") from error
