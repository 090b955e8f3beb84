"""Valid ZIP containers with everything that the rules leave open, and ones that break a neighbouring rule.

Owns free fields, deflated streams, alignments and ZIP64 records. Serves PKG-ZIP.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from lepton_conformance.forge.archive import ALIGNMENT, DEFLATED, STORED, Entry, Layout
from lepton_conformance.forge.boundaries.archives import (
    FULL,
    LAST,
    Fields,
    alignment_record,
    around,
    changed,
    described,
    edited,
    entries_end,
    offset_of,
    plain_draft,
    plain_entries,
    raw_deflate,
    zip64_record,
)
from lepton_conformance.forge.boundaries.sealed import sealed, sound, zipped
from lepton_conformance.forge.draft import MANIFEST, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL, VECTORS
from lepton_conformance.forge.pipelines import SCALE, text_draft
from lepton_conformance.forge.valid import (
    ValidPackage,
    linear_draft,
)

__all__ = ["near_misses", "sound_archives"]


def sound_archives() -> Iterator[ValidPackage]:
    """Yield containers with everything that the rules leave open."""
    yield sound("zip-fields-that-are-not-judged", _free_fields)
    yield sound("zip-flags", _with_flags, 1 << 1 | 1 << 2 | 1 << 11)
    for flags in (1 << 1, 1 << 2, 1 << 11):
        yield sound(f"zip-flags-{flags:04x}", _with_flags, flags)
    yield sound("zip-deflated", lambda: plain_draft().archive(deflated=(MANIFEST, CARD, VECTORS, LAST)))
    for level in (0, 1, 9):
        yield sound(f"zip-deflated-{level}", _deflated_by, level)
    yield sound("zip-deflated-in-pieces", _in_pieces)
    yield sound("zip-empty-files", _empty_files)
    for more in (0, 1, 3, 64, 4096 - 64, 60_000):
        yield sound(f"zip-padded-by-{more}", _padded, more)
    yield sound("zip-alignment-of-all-roles", _aligned_all)
    yield sound("zip-other-roles-anywhere", _graph_anywhere)
    for number, wide in enumerate((("size",), ("compressed",), ("size", "compressed"))):
        yield sound(f"zip64-local-{number}", _zip64, wide, ())
        yield sound(f"zip64-both-{number}", _zip64, wide, wide)
    for number, wide in enumerate(
        (("offset",), ("size", "offset"), ("size", "compressed", "offset"), ("compressed", "offset"))
    ):
        yield sound(f"zip64-central-{number}", _zip64, (), wide)
    yield sound("zip64-and-alignment", _zip64_aligned)


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield containers that break another rule of PKG-ZIP than the one named."""
    if identifier == "PKG-ZIP-01":
        yield sound("gap", around, Layout(gap=b"\0"))
        yield sound("descriptor", described)
    if identifier == "PKG-ZIP-02":
        yield sound("one-name-in-two-local-headers", _same_local_name)
    if identifier == "PKG-ZIP-03":
        yield sound("both-headers-alike", edited, CARD, {"crc": 1}, {"crc": 1})
        yield sound("method-of-both", edited, CARD, {"method": 12}, {"method": 12})
        yield sound("method-differs-and-is-unknown", edited, CARD, {}, {"method": 12})
    if identifier == "PKG-ZIP-06":
        yield sound("method", edited, MODEL, {"method": 12}, {"method": 12})
    if identifier == "PKG-DIG-03":
        yield sound("method", edited, MODEL, {"method": 12}, {"method": 12})
        yield sound("crc", edited, MODEL, {"crc": 1}, {"crc": 1})


def _same_local_name() -> Forged:
    """Return a container of which one local header has the name of another entry."""
    return edited(CARD, {"name": LAST.encode()}, {})


def _free_fields() -> Forged:
    """Return a container whose headers differ wherever they may, with odd values."""
    local = {"needed": 63, "time": 0xBF7D, "date": 0xFFFF}
    central = {"needed": 10, "time": 1, "date": 0, "internal": 0xFFFF, "external": 0x30, "made_by": 0x003F}
    return zipped([replace(one, local=local, central=central) for one in plain_entries()])


def _with_flags(flags: int) -> Forged:
    fields: dict[str, int | bytes] = {"flags": flags}
    return zipped([replace(one, local=fields, central=fields) for one in plain_entries()])


def _packed(change: Callable[[bytes], bytes]) -> Forged:
    """Return a container with every file that may be deflated packed by a function."""
    return zipped(
        [
            one if one.aligned else replace(one, method=DEFLATED, payload=change(one.data))
            for one in plain_entries()
        ]
    )


def _deflated_by(level: int) -> Forged:
    return _packed(lambda data: raw_deflate(data, level))


def _in_pieces() -> Forged:
    """Return a container with streams of many blocks, some of them empty."""

    def pack(data: bytes) -> bytes:
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        pieces = [
            compressor.compress(data[at : at + 7]) + compressor.flush(zlib.Z_FULL_FLUSH)
            for at in range(0, len(data), 7)
        ]
        return b"".join([*pieces, compressor.flush(zlib.Z_SYNC_FLUSH), compressor.flush()])

    return _packed(pack)


def _empty_files() -> Forged:
    files = [Member(f"empty/{at}", b"", "text/plain", "other") for at in range(3)]
    entries = sealed(linear_draft).draft(*files, unlisted={"signatures/a": b""}).zip_entries()
    return zipped(
        [
            replace(one, method=DEFLATED) if one.name in (b"empty/1", b"signatures/a") else one
            for one in entries
        ]
    )


def _padded(more: int) -> Forged:
    """Return a container with alignment records of more bytes than are needed, on every entry."""
    entries: list[Entry] = []
    for one in plain_entries():
        before = entries_end(entries)
        zeros = -(before + 30 + len(one.name) + 6) % ALIGNMENT if one.aligned else 0
        length = zeros + (more // ALIGNMENT * ALIGNMENT if one.aligned else more)
        entries.append(replace(one, aligned=False, local={"extra": alignment_record(length)}))
    return zipped(entries)


def _aligned_all() -> Forged:
    return zipped([replace(one, aligned=True) for one in plain_entries()])


def _graph_anywhere() -> Forged:
    """Return a container in which a graph, a vocabulary and the vectors are deflated or not aligned."""
    entries = sealed(text_draft).zip_entries()
    places = {SCALE.encode(): 1, VECTORS.encode(): 2}
    return zipped(
        [
            replace(one, local={"extra": alignment_record(places[one.name])}, method=STORED)
            if one.name in places
            else replace(one, method=STORED if one.aligned else DEFLATED)
            for one in entries
        ]
    )


def _zip64(local: tuple[str, ...], central: tuple[str, ...]) -> Forged:
    """Return a container in which fields of every entry that is not aligned stand in ZIP64 records."""
    entries: list[Entry] = []
    for one in plain_entries():
        before = entries_end(entries)
        values = {"size": len(one.data), "compressed": len(one.data), "offset": before}
        order = ("size", "compressed", "offset")
        fields: list[dict[str, int | bytes]] = []
        for wide in (local, central):
            saturated: dict[str, int | bytes] = dict.fromkeys(wide, FULL)
            extra = zip64_record(*(values[key] for key in order if key in wide))
            fields.append({**saturated, "extra": extra} if wide else {})
        entries.append(one if one.aligned else replace(one, local=fields[0], central=fields[1]))
    return zipped(entries)


def _zip64_aligned() -> Forged:
    """Return a container whose model has both records in its local header."""
    before = offset_of(MODEL)
    size = len(next(one for one in plain_entries() if one.name == MODEL.encode()).data)
    wide = zip64_record(size, size)
    zeros = -(before + 30 + len(MODEL) + len(wide) + 6) % ALIGNMENT
    fields: Fields = {"size": FULL, "compressed": FULL, "extra": alignment_record(zeros) + wide}
    return changed(MODEL, aligned=False, local=fields)
