"""ZIP containers with one field of a header, or one record, other than the rules say.

Owns methods, flags, disks, names, headers that differ and extra fields, each at the first, a middle and the
last entry. Serves PKG-ZIP-01, PKG-ZIP-02, PKG-ZIP-03 and PKG-ZIP-09.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from lepton_conformance.forge.archive import ALIGNMENT, DEFLATED, Layout
from lepton_conformance.forge.boundaries.archives import (
    FULL,
    PLACES,
    Fields,
    alignment_record,
    around,
    edited,
    plain_entries,
    wide_with,
    zip64_record,
)
from lepton_conformance.forge.boundaries.sealed import broken, zipped
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.violation import Violation

__all__ = ["header_faults"]


def header_faults() -> Iterator[Violation]:
    """Yield containers whose headers break a rule."""
    yield from _methods_and_flags()
    yield from _names()
    yield from _headers_that_differ()
    yield from _extra_fields()


def _methods_and_flags() -> Iterator[Violation]:
    key = "PKG-ZIP-01"
    methods = (*range(1, 8), 9, 10, 11, 12, 14, 16, 18, 19, 20, 93, 94, 95, 97, 98, 99, 256, 0x0800, 0xFFFF)
    for number, method in enumerate(methods):
        path = PLACES[number % 5]
        yield broken(key, f"method-{method}", edited, path, {"method": method}, {"method": method})
    for bit in (0, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15):
        for turn in range(2):
            fields: Fields = {"flags": 1 << bit | (2048 if turn else 0)}
            yield broken(key, f"flag-{bit}-{turn}", edited, PLACES[(bit + 2 * turn) % 5], fields, fields)
    for number, path in enumerate(PLACES):
        for disk in (1, 256, 0xFFFF):
            yield broken(key, f"disk-{disk}-{number}", edited, path, {}, {"disk": disk})
    for field in ("disk", "central_disk"):
        for disk in (1, 2, 0xFFFF):
            yield broken(key, f"end-{field}-{disk}", around, Layout(end={field: disk}))
    yield broken(key, "zip64-end-disk", wide_with, 16, struct.pack("<I", 1))
    yield broken(key, "zip64-locator-disks", wide_with, 56 + 16, struct.pack("<I", 2))


def _names() -> Iterator[Violation]:
    key = "PKG-ZIP-02"
    for number, path in enumerate(PLACES):
        yield broken(key, f"twice-{number}", _twice, path, len(plain_entries()))
        yield broken(key, f"twice-in-a-row-{number}", _twice, path, number + 1)
        yield broken(key, f"twice-with-other-bytes-{number}", _twice, path, len(plain_entries()), b"other")
    yield broken(key, "three-times", _thrice)


def _twice(path: str, place: int, data: bytes | None = None) -> Forged:
    entries = list(plain_entries())
    one = next(each for each in entries if each.name == path.encode())
    entries.insert(place, one if data is None else replace(one, data=data))
    return zipped(entries)


def _thrice() -> Forged:
    card = next(each for each in plain_entries() if each.name == CARD.encode())
    return zipped([*plain_entries(), card, card])


def _headers_that_differ() -> Iterator[Violation]:
    key = "PKG-ZIP-03"
    for number, path in enumerate(PLACES):
        one = next(each for each in plain_entries() if each.name == path.encode())
        size, crc, name = len(one.data), zlib.crc32(one.data), path.encode()
        wrong: dict[str, tuple[int | bytes, ...]] = {
            "crc": (crc ^ 1, crc ^ 1 << 31, 0, int.from_bytes(crc.to_bytes(4, "big"), "little")),
            "compressed": (size + 1, size - 1, 0, size + 256),
            "size": (size + 1, size - 1, 0, size ^ 1 << 16),
            "method": (DEFLATED,),
            "flags": (2, 4, 2048, 2050),
            "name": (name[:-1], name + b"x", name.upper(), name[:-1] + b"\0", b"x" + name[1:], b""),
        }
        for field, values in wrong.items():
            for turn, value in enumerate(values):
                yield broken(key, f"local-{field}-{number}-{turn}", edited, path, {field: value}, {})
        for field in ("size", "compressed"):
            for value in (size + 1, 0, 1 << 32):
                fields: Fields = {field: FULL, "extra": zip64_record(value)}
                yield broken(key, f"local-zip64-{field}-{number}-{value}", edited, path, fields, {})
        for field in ("crc", "flags", "size"):
            value = {"crc": crc ^ 256, "flags": 2, "size": size + 1}[field]
            if field != "crc" or number:
                yield broken(key, f"central-{field}-{number}", edited, path, {}, {field: value})


def _extra_fields() -> Iterator[Violation]:
    key = "PKG-ZIP-09"
    kinds = (0, 2, 7, 8, 9, 10, 0x0D, 0x17, 0x5455, 0x5855, 0x6375, 0x7075, 0x7855, 0x7875, 0x9901, 0xCAFE)
    for number, kind in enumerate((*kinds, 0xD934, 0xD936, 0x35D9, 0x0100, 0xFFFF)):
        path = PLACES[number % 5]
        for name, data in (("", b"\0" * 5), ("empty-", b"")):
            extra = struct.pack("<HH", kind, len(data)) + data
            yield broken(key, f"{name}record-{kind:04x}-local", edited, path, {"extra": extra}, {})
            yield broken(key, f"{name}record-{kind:04x}-central", edited, path, {}, {"extra": extra})
    align, times = alignment_record(0), struct.pack("<HHBI", 0x5455, 5, 1, 0)
    forms = {
        "no-content": struct.pack("<HH", 0xD935, 0),
        "one-byte": struct.pack("<HHB", 0xD935, 1, 64),
        "of-63": struct.pack("<HHH", 0xD935, 2, 63),
        "of-128": struct.pack("<HHH", 0xD935, 2, 128),
        "of-4096": struct.pack("<HHH", 0xD935, 2, 4096),
        "of-the-other-order": struct.pack(">HHH", 0x35D9, 0x0200, 64),
        "with-64-behind": alignment_record(1)[:-1] + b"@",
        "with-a-last-byte": alignment_record(9)[:-1] + b"\1",
        "twice": align + align,
        "and-times": align + times,
        "after-times": times + align,
        "cut": align[:-1],
        "reaches-beyond": struct.pack("<HHH", 0xD935, 60, ALIGNMENT),
        "byte-behind": align + b"\0",
        "two-bytes-behind": align + b"\0\0",
        "three-bytes-behind": align + b"\x35\xd9\0",
        "a-byte": b"\0",
        "needless-zip64-of-nothing": struct.pack("<HH", 1, 0),
        "needless-zip64": zip64_record(1),
        "needless-zip64-of-two": zip64_record(1, 1),
    }
    for number, (name, extra) in enumerate(forms.items()):
        for turn in range(2):
            path = PLACES[(number + 3 * turn) % 5]
            yield broken(key, f"{name}-{turn}", edited, path, {"extra": extra}, {})
    for number, (name, extra) in enumerate(forms.items()):
        yield broken(key, f"{name}-central", edited, PLACES[number % 5], {}, {"extra": extra})
    for number, path in enumerate(PLACES):
        yield broken(key, f"alignment-central-{number}", edited, path, {}, {"extra": align})
        size = len(next(each for each in plain_entries() if each.name == path.encode()).data)
        right: Fields = {"size": FULL}
        for name, extra in {
            "missing": b"",
            "of-two-values": zip64_record(size, size),
            "of-four-bytes": struct.pack("<HHI", 1, 4, size),
            "of-nine-bytes": struct.pack("<HHQB", 1, 9, size, 0),
            "twice": zip64_record(size) * 2,
            "with-disk": struct.pack("<HHQI", 1, 12, size, 0),
        }.items():
            yield broken(key, f"zip64-{name}-local-{number}", edited, path, {**right, "extra": extra}, {})
            fields = {**right, "extra": extra}
            yield broken(key, f"zip64-{name}-central-{number}", edited, path, {}, fields)
    yield broken(
        key, "zip64-offset-missing", edited, CARD, {}, {"size": FULL, "extra": zip64_record(0, 0, 0)}
    )
