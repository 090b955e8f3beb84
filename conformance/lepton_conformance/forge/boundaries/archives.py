"""The ZIP container that archives at the boundary are cut from, and ways to change one thing of it.

Owns the container and its changes; leaves which there are to its siblings `archive_headers`, `archive_bytes`
and `archive_forms`. Serves PKG-ZIP.
"""

import functools
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lepton_conformance.forge.archive import ALIGNMENT, Entry, Layout, write_archive
from lepton_conformance.forge.boundaries.sealed import sealed, zipped
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import linear_draft

__all__ = [
    "FULL",
    "LAST",
    "PLACES",
    "Fields",
    "alignment_record",
    "around",
    "changed",
    "described",
    "edited",
    "entries_end",
    "offset_of",
    "patched",
    "plain_draft",
    "plain_entries",
    "raw_deflate",
    "wide",
    "wide_with",
    "zip64_record",
]

FULL = 0xFFFFFFFF
LAST = "zz/last"
#: The first entry, one in the middle, an aligned one, the last, and one that nothing lists.
PLACES = (MANIFEST, CARD, MODEL, LAST, "signatures/a")
Fields = Mapping[str, int | bytes]


def plain_draft() -> Draft:
    """Return the linear package with one more file and an unlisted one."""
    more = Member(LAST, b"text " * 9, "text/plain", "other")
    return sealed(linear_draft).draft(more, unlisted={"signatures/a": b"signed"})


@functools.cache
def plain_entries() -> tuple[Entry, ...]:
    """Return its entries in the canonical layout."""
    return tuple(plain_draft().zip_entries())


def changed(path: str, **changes: Any) -> Forged:
    """Return the container with one entry other."""
    name = path.encode()
    return zipped([replace(one, **changes) if one.name == name else one for one in plain_entries()])


def edited(path: str, local: Fields, central: Fields) -> Forged:
    """Return the container with fields of the two headers of an entry other."""
    return changed(path, local=local, central=central)


def around(layout: Layout) -> Forged:
    """Return the container with something else around its entries."""
    return zipped(plain_entries(), layout)


def zip64_record(*values: int) -> bytes:
    """Return a ZIP64 record of these values."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def patched(change: Callable[[bytes], bytes]) -> Forged:
    """Return the container with its bytes changed."""
    return Forged(archive=change(write_archive(plain_entries())))


def entries_end(entries: Sequence[Entry]) -> int:
    """Return where entries end and the central directory begins."""
    return int.from_bytes(write_archive(entries)[-6:-2], "little")


def offset_of(path: str) -> int:
    """Return where the local header of an entry begins."""
    at = [one.name for one in plain_entries()].index(path.encode())
    return entries_end(plain_entries()[:at])


def described() -> Forged:
    """Return the container with a data descriptor behind an entry, whose flag is set."""
    one = next(each for each in plain_entries() if each.name == CARD.encode())
    size, crc = len(one.data), zlib.crc32(one.data)
    fields: dict[str, int | bytes] = {"flags": 8, "compressed": size}
    more = struct.pack("<4sIII", b"PK\7\x08", crc, size, size)
    return changed(CARD, payload=one.data + more, local=fields, central=fields)


@functools.cache
def wide() -> bytes:
    """Return a container of 65,535 entries, which needs ZIP64 end records."""
    entries = sealed(linear_draft).zip_entries()
    left = 65_535 - len(entries)
    return write_archive([*entries, *(Entry(b"signatures/%05d" % at, b"") for at in range(left))])


def wide_with(at: int, data: bytes) -> Forged:
    """Return that container with other bytes in its end records."""
    whole = wide()
    at += len(whole) - 98
    return Forged(archive=whole[:at] + data + whole[at + len(data) :])


def alignment_record(zeros: int) -> bytes:
    """Return an alignment record with zero bytes behind the number."""
    return struct.pack("<HHH", 0xD935, 2 + zeros, ALIGNMENT) + bytes(zeros)


def raw_deflate(data: bytes, level: int = 9) -> bytes:
    """Return data as a deflate stream."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()
