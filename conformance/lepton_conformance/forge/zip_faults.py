"""ZIP containers that break the topic PKG-ZIP.

Owns the table `ZIP_FAULTS`. Serves `package`.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lepton_conformance.forge.archive import (
    ALIGNMENT,
    DEFLATED,
    Entry,
    Layout,
    alignment_field,
    write_archive,
)
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["ZIP_FAULTS"]

_CARD = CARD.encode()
_MODEL = MODEL.encode()


def _entries(bases: Bases, path: bytes = _CARD, **changes: Any) -> list[Entry]:
    """Return the canonical entries with fields of one entry changed."""
    entries = bases.linear().zip_entries()
    return [replace(entry, **changes) if entry.name == path else entry for entry in entries]


def _with(path: bytes = _CARD, **changes: Any) -> Forge:
    return lambda bases: Draft.zipped(_entries(bases, path, **changes))


def _both(path: bytes = _CARD, **fields: int | bytes) -> Forge:
    """Return a forge that writes fields into the local and the central header alike."""
    return _with(path, local=fields, central=fields)


def _around(**layout: Any) -> Forge:
    return lambda bases: Draft.zipped(_entries(bases), Layout(**layout))


def _twice(bases: Bases) -> Forged:
    entries = bases.linear().zip_entries()
    return Draft.zipped([*entries, Entry(_CARD, b"{}")])


def _order(change: Callable[[list[Entry]], Sequence[Entry]]) -> Forge:
    return lambda bases: Draft.zipped(change(bases.linear().zip_entries()))


def _cut(count: int) -> Forge:
    return lambda bases: Forged(archive=write_archive(_entries(bases))[:-count])


def _central_order(bases: Bases) -> Forged:
    entries = _entries(bases)
    return Draft.zipped(entries, Layout(central_order=[*range(1, len(entries)), 0]))


def _fewer_announced(bases: Bases) -> Forged:
    count = len(_entries(bases)) - 1
    return _around(end={"here": count, "total": count})(bases)


def _deflated(payload: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose card is a deflated entry with other bytes than it declares."""

    def forge(bases: Bases) -> Forged:
        data = bases.linear().member(CARD).data
        return _with(data=data, method=DEFLATED, payload=payload(data))(bases)

    return forge


def _raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def _two_sizes(bases: Bases) -> Forged:
    return _both(size=len(bases.linear().member(CARD).data) + 1)(bases)


def _misaligned(bases: Bases) -> Forged:
    """Return a container whose model begins one byte behind an aligned place."""
    entries = _entries(bases)
    at = [entry.name for entry in entries].index(_MODEL)
    offset = len(write_archive(entries[:at])) - _directory_bytes(entries[:at])
    size = max(len(alignment_field(offset, _MODEL)), 6) + 1
    padded = struct.pack("<HHH", 0xD935, size - 4, ALIGNMENT) + bytes(size - 6)
    return Draft.zipped(_entries(bases, _MODEL, aligned=False, local={"extra": padded}))


def _directory_bytes(entries: Sequence[Entry]) -> int:
    return 22 + sum(46 + len(entry.name) for entry in entries)


_UNICODE_NAME = struct.pack("<HHBI", 0x7075, 5 + 4, 1, zlib.crc32(_CARD)) + b"evil"
_TIMES = struct.pack("<HHBI", 0x5455, 5, 1, 0)

ZIP_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-ZIP-01", "bzip2", _both(method=12)),
    Violation("PKG-ZIP-01", "encrypted", _both(flags=1)),
    Violation("PKG-ZIP-01", "data-descriptor", _both(flags=8)),
    Violation("PKG-ZIP-01", "second-disk", _with(central={"disk": 1})),
    Violation("PKG-ZIP-01", "end-on-second-disk", _around(end={"disk": 1})),
    Violation("PKG-ZIP-02", "name-twice", _twice),
    Violation("PKG-ZIP-03", "local-name", _with(local={"name": b"cord.json"})),
    Violation("PKG-ZIP-03", "local-crc", _with(local={"crc": 1})),
    Violation("PKG-ZIP-03", "local-size", _with(local={"size": 1})),
    Violation("PKG-ZIP-03", "local-method", _with(local={"method": DEFLATED})),
    Violation("PKG-ZIP-03", "local-flags", _with(local={"flags": 2048})),
    Violation("PKG-ZIP-04", "bytes-before", _around(prefix=b"#!/bin/sh\n")),
    Violation("PKG-ZIP-04", "bytes-between", _around(gap=b"\0")),
    Violation("PKG-ZIP-04", "bytes-after", _around(suffix=b"\0\0")),
    Violation("PKG-ZIP-04", "comment", _around(comment=b"hello")),
    Violation("PKG-ZIP-04", "entry-comment", _with(central={"comment": b"hello"})),
    Violation("PKG-ZIP-04", "overlap", _with(central={"offset": 0})),
    Violation("PKG-ZIP-04", "directory-in-another-order", _central_order),
    Violation("PKG-ZIP-04", "fewer-entries-announced", _fewer_announced),
    Violation("PKG-ZIP-04", "cut-in-the-end-record", _cut(1)),
    Violation("PKG-ZIP-04", "cut-in-the-middle", _cut(700)),
    Violation("PKG-ZIP-05", "manifest-last", _order(lambda entries: [*entries[1:], entries[0]])),
    Violation("PKG-ZIP-06", "artifact-deflated", _with(_MODEL, method=DEFLATED)),
    Violation("PKG-ZIP-06", "artifact-misaligned", _misaligned),
    Violation("PKG-ZIP-07", "crc-of-other-bytes", _both(crc=7)),
    Violation(
        "PKG-ZIP-07",
        "yields-more-than-declared",
        _deflated(lambda data: _raw(data + b" ")),
    ),
    Violation("PKG-ZIP-07", "bomb", _deflated(lambda data: _raw(bytes(1 << 24)))),
    Violation(
        "PKG-ZIP-07",
        "yields-less-than-declared",
        _deflated(lambda data: _raw(data[:-1])),
    ),
    Violation(
        "PKG-ZIP-07",
        "bytes-after-the-stream",
        _deflated(lambda data: _raw(data) + b"\0"),
    ),
    Violation("PKG-ZIP-07", "not-a-deflate-stream", _deflated(lambda data: b"\xff\xff\xff\xff")),
    Violation("PKG-ZIP-07", "stored-with-two-sizes", _two_sizes),
    Violation(
        "PKG-ZIP-09", "second-name", _with(local={"extra": _UNICODE_NAME}, central={"extra": _UNICODE_NAME})
    ),
    Violation("PKG-ZIP-09", "times", _with(local={"extra": _TIMES})),
    Violation("PKG-ZIP-09", "needless-zip64", _with(local={"extra": struct.pack("<HHQQ", 1, 16, 1, 1)})),
    Violation("PKG-ZIP-09", "malformed", _with(local={"extra": b"\x35\xd9\xff\x00"})),
)
