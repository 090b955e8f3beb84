"""ZIP containers written field by field, so that each field can also be written wrong.

Owns local headers, central headers and end records of the container `.lepton`; leaves what the entries hold
to `draft`. Serves the topic PKG-ZIP.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["ALIGNMENT", "DEFLATED", "STORED", "Entry", "Layout", "alignment_field", "write_archive"]

STORED = 0
DEFLATED = 8
#: Artifacts and weights begin at a multiple of this many bytes (Spec: PKG-ZIP-06).
ALIGNMENT = 64
UTF8_FLAG = 1 << 11
#: 1980-01-01, the first day that a DOS date can say.
DOS_DATE = 0x21
LOCAL_BYTES = 30
_SATURATED_16, _SATURATED_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `local` and `central` override fields of its headers by name, on purpose wrong.

    Fields: signature, needed, flags, method, time, date, crc, compressed, size, name, extra; in the central
    header also made_by, comment, disk, external, offset.
    """

    name: bytes
    data: bytes
    method: int = STORED
    aligned: bool = False
    payload: bytes | None = None
    local: Mapping[str, int | bytes] = field(default_factory=dict)
    central: Mapping[str, int | bytes] = field(default_factory=dict)

    def packed(self) -> bytes:
        """Return the bytes that stand in the archive: `payload` if it is given, else the data packed."""
        if self.payload is not None:
            return self.payload
        if self.method != DEFLATED:
            return self.data
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        return compressor.compress(self.data) + compressor.flush()


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands around the entries: bytes that do not belong there, and the comment of the end record."""

    prefix: bytes = b""
    gap: bytes = b""
    suffix: bytes = b""
    comment: bytes = b""
    central_order: Sequence[int] | None = None
    end: Mapping[str, int] = field(default_factory=dict)


_PLAIN = Layout()


def alignment_field(offset: int, name: bytes) -> bytes:
    """Return the smallest extra field that makes the data of an entry at `offset` aligned, or nothing."""
    start = offset + LOCAL_BYTES + len(name)
    if start % ALIGNMENT == 0:
        return b""
    size = 6
    while (start + size) % ALIGNMENT:
        size += 1
    return struct.pack("<HHH", 0xD935, size - 4, ALIGNMENT) + bytes(size - 6)


def write_archive(entries: Sequence[Entry], layout: Layout = _PLAIN) -> bytes:
    """Return the bytes of a ZIP container; without overrides it has the canonical layout."""
    out = bytearray(layout.prefix)
    headers = []
    for number, entry in enumerate(entries):
        if number:
            out += layout.gap
        offset = len(out)
        values = _values(entry)
        extra = alignment_field(offset, entry.name) if entry.aligned else b""
        out += _local({**values, "extra": extra, **entry.local})
        out += entry.packed()
        headers.append({**values, "extra": b"", "offset": offset, **entry.central})
    start = len(out)
    for index in layout.central_order or range(len(headers)):
        out += _central(headers[index])
    return bytes(out + _end(len(headers), len(out) - start, start, layout)) + layout.suffix


def _values(entry: Entry) -> dict[str, int | bytes]:
    return {
        "signature": 0,
        "needed": 20,
        "flags": 0 if entry.name.isascii() else UTF8_FLAG,
        "method": entry.method,
        "time": 0,
        "date": DOS_DATE,
        "crc": zlib.crc32(entry.data),
        "compressed": len(entry.packed()),
        "size": len(entry.data),
        "name": entry.name,
    }


def _local(values: Mapping[str, int | bytes]) -> bytes:
    name, extra = _bytes(values["name"]), _bytes(values["extra"])
    fields = [
        values[key] for key in ("needed", "flags", "method", "time", "date", "crc", "compressed", "size")
    ]
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields, len(name), len(extra)) + name + extra


def _central(values: Mapping[str, int | bytes]) -> bytes:
    values = {"made_by": 20, "comment": b"", "disk": 0, "internal": 0, "external": 0, **values}
    name, extra, comment = (_bytes(values[key]) for key in ("name", "extra", "comment"))
    fields = [
        values[key]
        for key in ("made_by", "needed", "flags", "method", "time", "date", "crc", "compressed", "size")
    ]
    lengths = (len(name), len(extra), len(comment))
    tail = (values["disk"], values["internal"], values["external"], values["offset"])
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields, *lengths, *tail) + name + extra + comment


def _end(count: int, size: int, offset: int, layout: Layout) -> bytes:
    values = {"disk": 0, "central_disk": 0, "here": count, "total": count, "size": size, "offset": offset}
    values |= layout.end
    wide = count >= _SATURATED_16 or size >= _SATURATED_32 or offset >= _SATURATED_32
    records = b""
    if wide:
        records = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
        records += struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    counts = (min(values["here"], _SATURATED_16), min(values["total"], _SATURATED_16))
    sizes = (min(values["size"], _SATURATED_32), min(values["offset"], _SATURATED_32))
    disks = (values["disk"], values["central_disk"])
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", *disks, *counts, *sizes, len(layout.comment))
    return records + end + layout.comment


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value
