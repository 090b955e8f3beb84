"""The headers of a zip file (APPNOTE 6.3.10), read with bounds on everything.

Owns the bytes of end records, central and local headers and extra fields; leaves the meaning of the whole to
`lepton.package.zipread`. Serves PKG-ZIP-01, PKG-ZIP-03, PKG-ZIP-04 and PKG-ZIP-09.
"""

import struct
from typing import NamedTuple

from lepton.formats.source import Source
from lepton.package.limits import MAX_DIRECTORY_BYTES

__all__ = ["DEFLATED", "STORED", "Central", "Directory", "Local", "ZipFault", "read_directory", "read_local"]

STORED, DEFLATED = 0, 8
ALIGNMENT_EXTRA = 0xD935
ZIP64_EXTRA = 0x0001
ALIGNMENT = 64

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class ZipFault(Exception):
    """The structure cannot be followed further; `place` is a byte offset into the zip."""

    def __init__(self, requirement: str, place: int, message: str) -> None:
        super().__init__(message)
        self.requirement = requirement
        self.place = place
        self.message = message


class Central(NamedTuple):
    """A central header, ZIP64 resolved. `place` is its own offset, `offset` that of the local header."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    disk: int
    made_by: int
    external: int
    offset: int
    place: int
    extra_faults: tuple[str, ...]


class Local(NamedTuple):
    """A local file header, ZIP64 resolved."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    data_offset: int
    extra_faults: tuple[str, ...]


class Directory(NamedTuple):
    """The central directory: where it starts, where the end record is, whether there are several disks."""

    headers: tuple[Central, ...]
    start: int
    end: int
    disks: bool


def _broken(place: int, message: str) -> ZipFault:
    return ZipFault("PKG-ZIP-04", place, message)


def read_directory(source: Source) -> Directory:
    """Read the end records and every central header.

    Raises: ZipFault (PKG-ZIP-04) where the structure is not the one of the standard.
    """
    end = source.size - _END.size
    tail = source.read_at(max(end, 0), _END.size)
    if end < 0 or tail[:4] != b"PK\5\6":
        raise _broken(max(end, 0), _why_no_end(source))
    _, disk, start_disk, here, count, size, start, comment = _END.unpack(tail)
    if comment:
        raise _broken(end, f"found an end record with a comment of {comment} bytes, expected none")
    limit = end
    disks = bool(disk or start_disk or here != count)
    if _FULL16 in (count, here) or _FULL32 in (size, start):
        limit, disks, values = _read_end64(source, end)
        replaced = ((here, values[0], _FULL16), (count, values[1], _FULL16), (size, values[2], _FULL32))
        for short, long, full in (*replaced, (start, values[3], _FULL32)):
            if short != min(long, full):
                raise _broken(
                    limit, f"found {long} in the ZIP64 end record, expected {short} as in the end record"
                )
        disks = disks or bool(disk or start_disk or values[0] != values[1])
        count, size, start = values[1:]
    if start + size != limit:
        raise _broken(
            min(start, end),
            f"found a central directory of {size} bytes at {start}, expected its end at {limit}",
        )
    if size > MAX_DIRECTORY_BYTES:
        raise ZipFault(
            "PKG-LAY-07", start, f"found a central directory of {size} bytes, more than 65,535 files need"
        )
    headers = _read_headers(source.read_at(start, size), start)
    if len(headers) != count:
        raise _broken(start, f"found {len(headers)} central headers, expected {count} as announced")
    return Directory(headers, start, end, disks)


def _why_no_end(source: Source) -> str:
    length = min(source.size, _END.size + _FULL16)
    tail = source.read_at(source.size - length, length)
    if b"PK\5\6" in tail:
        return "found bytes after the end record, expected it to be the last 22 bytes of the file"
    return "found no end record of a zip file: the file is cut off, or no zip file"


def _read_end64(source: Source, end: int) -> tuple[int, bool, tuple[int, int, int, int]]:
    at = end - _LOCATOR.size
    raw = source.read_at(max(at, 0), _LOCATOR.size)
    if at < 0 or raw[:4] != b"PK\6\7":
        raise _broken(end, "found no ZIP64 locator before an end record that needs one")
    _, disk, place, total = _LOCATOR.unpack(raw)
    if place != at - _END64.size:
        raise _broken(at, f"found a locator of byte {place}, expected {at - _END64.size}, right before it")
    raw = source.read_at(place, _END64.size)
    if len(raw) != _END64.size or raw[:4] != b"PK\6\6":
        raise _broken(place, "found no ZIP64 end record where the locator says")
    _, length, _, _, this_disk, start_disk, here, count, size, start = _END64.unpack(raw)
    if length != _END64.size - 12:
        raise _broken(place, f"found a ZIP64 end record of the size {length}, expected {_END64.size - 12}")
    return place, bool(disk or total != 1 or this_disk or start_disk), (here, count, size, start)


def _read_headers(data: bytes, start: int) -> tuple[Central, ...]:
    headers = []
    at = 0
    while at < len(data):
        fixed = data[at : at + _CENTRAL.size]
        if len(fixed) != _CENTRAL.size or fixed[:4] != b"PK\1\2":
            raise _broken(start + at, "found no central header where one should be")
        (
            _,
            made,
            _,
            flags,
            method,
            _,
            _,
            crc,
            compressed,
            size,
            name_size,
            extra_size,
            comment,
            disk,
            _,
            external,
            offset,
        ) = _CENTRAL.unpack(fixed)
        if comment:
            raise _broken(start + at, f"found a comment of {comment} bytes, expected none")
        body = data[at + _CENTRAL.size : at + _CENTRAL.size + name_size + extra_size]
        if len(body) != name_size + extra_size:
            raise _broken(start + at, "found a central header that is cut off")
        (size, compressed, offset), faults = _read_extra(
            body[name_size:], (size, compressed, offset), alignment=False
        )
        headers.append(
            Central(
                body[:name_size],
                flags,
                method,
                crc,
                compressed,
                size,
                disk,
                made >> 8,
                external,
                offset,
                start + at,
                faults,
            )
        )
        at += _CENTRAL.size + len(body)
    return tuple(headers)


def read_local(source: Source, header: Central) -> Local:
    """Read the local header that a central one points to.

    Raises: ZipFault (PKG-ZIP-04) when none is there, or the data reaches beyond the file.
    """
    fixed = source.read_at(header.offset, _LOCAL.size)
    if len(fixed) != _LOCAL.size or fixed[:4] != b"PK\3\4":
        raise _broken(
            header.place, f"found no local header at byte {header.offset}, where a central header points"
        )
    _, _, flags, method, _, _, crc, compressed, size, name_size, extra_size = _LOCAL.unpack(fixed)
    body = source.read_at(header.offset + _LOCAL.size, name_size + extra_size)
    data_offset = header.offset + _LOCAL.size + name_size + extra_size
    if data_offset + header.compressed > source.size:
        raise _broken(
            header.offset, f"found {header.compressed} bytes of data announced, more than the file has"
        )
    (size, compressed), faults = _read_extra(body[name_size:], (size, compressed), alignment=True)
    return Local(body[:name_size], flags, method, crc, compressed, size, data_offset, faults)


def _read_extra(
    extra: bytes, fields: tuple[int, ...], *, alignment: bool
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the 32-bit `fields` with ZIP64 resolved, and what is wrong with the extra field."""
    faults: list[str] = []
    seen: set[int] = set()
    resolved = list(fields)
    needed = [index for index, value in enumerate(fields) if value == _FULL32]
    at = 0
    while at < len(extra):
        if len(extra) - at < 4:
            faults.append(f"found an extra field with {len(extra) - at} bytes left over, expected records")
            break
        kind, length = struct.unpack_from("<HH", extra, at)
        content = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if len(content) != length:
            faults.append(f"found the extra record {kind:04x} cut off")
        elif kind in seen:
            faults.append(f"found the extra record {kind:04x} twice, expected it once")
        elif kind == ZIP64_EXTRA and needed and length == 8 * len(needed):
            for index, value in zip(needed, struct.unpack(f"<{len(needed)}Q", content), strict=True):
                resolved[index] = value
        elif kind == ZIP64_EXTRA:
            faults.append(f"found a ZIP64 record of {length} bytes, expected {8 * len(needed) or 'none'}")
        elif kind == ALIGNMENT_EXTRA and alignment:
            if content[:2] != ALIGNMENT.to_bytes(2, "little") or any(content[2:]):
                faults.append("found an alignment record with other content, expected 40 00 and zero bytes")
        else:
            faults.append(
                f"found the extra record {kind:04x}, expected none but 0001 and, in a local header, d935"
            )
        seen.add(kind)
    if needed and ZIP64_EXTRA not in seen:
        faults.append("found no ZIP64 record, expected one for a field of ffffffff")
    return tuple(resolved), tuple(faults)
