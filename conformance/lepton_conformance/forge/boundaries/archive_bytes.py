"""ZIP containers with a byte that belongs to nothing, in another order or place, or that yields other bytes.

Owns gaps, end records, orders, alignments and streams. Serves PKG-ZIP-04 to PKG-ZIP-07.
"""

import functools
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from lepton_conformance.forge.archive import ALIGNMENT, DEFLATED, Layout, write_archive
from lepton_conformance.forge.boundaries.archives import (
    PLACES,
    Fields,
    alignment_record,
    around,
    changed,
    described,
    edited,
    entries_end,
    offset_of,
    patched,
    plain_entries,
    raw_deflate,
    wide,
    wide_with,
)
from lepton_conformance.forge.boundaries.sealed import broken, sealed, zipped
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import (
    WEIGHTS,
    external_draft,
    linear_draft,
    two_artifacts_draft,
)
from lepton_conformance.forge.violation import Violation

__all__ = ["byte_faults"]


def byte_faults() -> Iterator[Violation]:
    """Yield containers whose bytes break a rule."""
    yield from _bytes_outside()
    yield from _orders()
    yield from _alignments()
    yield from _contents()


def _bytes_outside() -> Iterator[Violation]:
    key = "PKG-ZIP-04"
    whole = write_archive(plain_entries())
    end = len(whole) - 22
    count, size, start = struct.unpack("<10xHII", whole[end:-2])
    for data in (b"\0", b"PK\3\4", b"PK00", bytes(64), b"\x7fELF" + bytes(60)):
        yield broken(key, f"before-{len(data)}-{data[:4].hex()}", around, Layout(prefix=data))
        yield broken(key, f"after-{len(data)}-{data[:4].hex()}", around, Layout(suffix=data))
        yield broken(key, f"between-{len(data)}-{data[:4].hex()}", around, Layout(gap=data))
        yield broken(key, f"comment-{len(data)}-{data[:4].hex()}", around, Layout(comment=data))
    for place in range(1, len(plain_entries())):
        yield broken(key, f"gap-{place}", _gap, place)
    yield broken(key, "gap-before-the-directory", _shifted, start, b"\0", 1)
    yield broken(key, "gap-before-the-directory-of-64", _shifted, start, bytes(64), 64)
    yield broken(key, "gap-after-the-directory", _shifted, end, b"\0", 0)
    yield broken(key, "signed-directory", _shifted, end, b"PK\5\5\0\0", 0)
    yield broken(key, "archive-extra-data", _shifted, start, b"PK\6\x08\0\0\0\0", 8)
    yield broken(key, "described", described)
    yield broken(key, "described-in-silence", _described_silently)
    for field, value in (("here", count), ("total", count), ("size", size), ("offset", start)):
        for more in (-1, 1, 7):
            fields = {field: value + more}
            if field in ("here", "total"):
                fields = {"here": count + more, "total": count + more}
            yield broken(key, f"end-{field}-{more}", around, Layout(end=fields))
    yield broken(key, "end-none", around, Layout(end={"here": 0, "total": 0}))
    for number, path in enumerate(PLACES):
        yield broken(key, f"entry-comment-{number}", edited, path, {}, {"comment": b"x"})
        yield broken(key, f"hidden-{number}", _hidden, path)
        for more in (-1, 1, 30):
            offset = offset_of(path) + more
            if offset >= 0:
                yield broken(key, f"offset-{number}-{more}", edited, path, {}, {"offset": offset})
        yield broken(key, f"local-signature-{number}", _overwritten, offset_of(path) + 1, b"k")
        both: Fields = {"compressed": 1 << 20, "size": 1 << 20}
        yield broken(key, f"beyond-the-file-{number}", edited, path, both, both)
    yield broken(key, "offset-of-the-first", edited, CARD, {}, {"offset": 0})
    for number, at in enumerate((start, start + 46 + len(MANIFEST), end)):
        for place in (0, 1, 2, 3):
            yield broken(key, f"signature-{number}-{place}", _overwritten, at + place, b"Q")
    for length in (0, 1, 4, 21, 22, 29, 30, 45, 100, start - 1, start, start + 1, end, end + 1, end + 21):
        yield broken(key, f"cut-to-{length}", patched, functools.partial(_cut, length))
    yield broken(key, "twice-the-whole", patched, lambda data: data + data)
    order = list(range(len(plain_entries())))
    for place in range(len(order) - 1):
        other = [*order[:place], order[place + 1], order[place], *order[place + 2 :]]
        yield broken(key, f"directory-order-{place}", around, Layout(central_order=other))
    yield broken(key, "directory-repeats", around, Layout(central_order=[0, *order]))
    for name, records in _needless(count, size, start, end).items():
        yield broken(key, f"zip64-{name}", patched, functools.partial(_before_end, records))
    for name, (at, data) in {
        "record-size": (4, struct.pack("<Q", 48)),
        "record-signature": (3, b"\7"),
        "locator-signature": (56 + 3, b"\6"),
        "locator-place": (56 + 8, struct.pack("<Q", 1)),
        "count": (32, struct.pack("<Q", 65_536)),
        "directory-size": (40, struct.pack("<Q", 7)),
        "directory-start": (48, struct.pack("<Q", 7)),
        "short-size": (76 + 12, struct.pack("<I", 7)),
        "short-start": (76 + 16, struct.pack("<I", 7)),
        "short-count": (76 + 10, struct.pack("<H", 7)),
    }.items():
        yield broken(key, f"zip64-wide-{name}", wide_with, at, data)
    yield broken(key, "zip64-wide-extensible", _wide_extended)
    yield broken(key, "zip64-wide-gap", _wide_gap)


def _cut(length: int, data: bytes) -> bytes:
    return data[:length]


def _before_end(records: bytes, data: bytes) -> bytes:
    return data[:-22] + records + data[-22:]


def _needless(count: int, size: int, start: int, end: int) -> dict[str, bytes]:
    """Return ZIP64 end records that nothing asks for."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return {"needless": record + locator, "record-alone": record, "locator-alone": locator}


def _overwritten(at: int, data: bytes) -> Forged:
    return patched(lambda whole: whole[:at] + data + whole[at + len(data) :])


def _shifted(at: int, data: bytes, start: int) -> Forged:
    """Return the container with more bytes, and a directory that is announced `start` bytes later."""

    def change(whole: bytes) -> bytes:
        offset = struct.unpack("<I", whole[-6:-2])[0] + start
        return whole[:at] + data + whole[at:-6] + struct.pack("<I", offset) + whole[-2:]

    return patched(change)


def _gap(place: int) -> Forged:
    """Return the container with a byte behind the data of an entry that no header counts."""
    one = plain_entries()[place - 1]
    sizes = {"compressed": len(one.data), "size": len(one.data)}
    return changed(one.name.decode(), payload=one.data + b"\0", local=sizes, central=sizes)


def _described_silently() -> Forged:
    one = next(each for each in plain_entries() if each.name == CARD.encode())
    size = len(one.data)
    more = struct.pack("<4sIII", b"PK\7\x08", zlib.crc32(one.data), size, size)
    fields: dict[str, int | bytes] = {"compressed": size}
    return changed(CARD, payload=one.data + more, local=fields, central=fields)


def _hidden(path: str) -> Forged:
    """Return the container with an entry that the directory leaves out."""
    at = [one.name for one in plain_entries()].index(path.encode())
    count = len(plain_entries()) - 1
    order = [place for place in range(count + 1) if place != at]
    return around(Layout(central_order=order, end={"here": count, "total": count}))


def _wide_extended() -> Forged:
    """Return that container with extensible data in the ZIP64 end record."""
    whole = wide()
    record, rest = whole[-98:-42], whole[-42:]
    return Forged(archive=whole[:-98] + record[:4] + struct.pack("<Q", 48) + record[12:] + b"\0\0\0\0" + rest)


def _wide_gap() -> Forged:
    whole = wide()
    return Forged(archive=whole[:-42] + b"\0" + whole[-42:])


def _orders() -> Iterator[Violation]:
    key = "PKG-ZIP-05"
    for place in range(1, len(plain_entries())):
        yield broken(key, f"manifest-at-{place}", _manifest_at, place)
    for name in (
        b".lepton.json",
        b"a/lepton.json",
        b"signatures/lepton.json",
        b"lepton.jsom",
        b"lepton.jsonx",
    ):
        yield broken(key, f"first-{name.decode()}", _first, name)


def _manifest_at(place: int) -> Forged:
    first, *others = plain_entries()
    return zipped([*others[:place], first, *others[place:]])


def _first(name: bytes) -> Forged:
    member = Member(name.decode(), b"{}", "application/json", "other")
    unlisted = name.startswith(b"signatures/")
    base = sealed(linear_draft)
    draft = base.draft(unlisted={name.decode(): b"{}"}) if unlisted else base.draft(member)
    entries = draft.zip_entries()
    return zipped(sorted(entries, key=lambda one: one.name != name))


def _alignments() -> Iterator[Violation]:
    key = "PKG-ZIP-06"
    for name, base, path in (
        ("artifact", linear_draft, MODEL),
        ("second-artifact", two_artifacts_draft, "model/copy/again.onnx"),
        ("first-of-two", two_artifacts_draft, MODEL),
        ("weights", external_draft, WEIGHTS),
        ("entry-beside-weights", external_draft, MODEL),
    ):
        for rest in (1, 2, 4, 8, 16, 32, 33, 48, 62, 63):
            yield broken(key, f"{name}-{rest}", _misplaced, base, path, rest)
        yield broken(key, f"{name}-deflated", _deflated_entry, base, path)
    for role in ("artifact", "weights"):
        yield broken(key, f"{role}-that-nothing-names", _unnamed, role)
        yield broken(key, f"{role}-that-is-empty", _unnamed, role, b"")
    yield broken(key, "deflated-and-aligned", _deflated_and_aligned)


def _misplaced(make: Callable[[], Draft], path: str, rest: int) -> Forged:
    """Return a container in which the data of a file begin `rest` bytes behind a multiple of 64."""
    entries = sealed(make).zip_entries()
    at = [one.name for one in entries].index(path.encode())
    start = entries_end(entries[:at]) + 30 + len(path) + 6
    extra = alignment_record((rest - start) % ALIGNMENT)
    entries[at] = replace(entries[at], aligned=False, local={"extra": extra})
    return zipped(entries)


def _deflated_entry(make: Callable[[], Draft], path: str) -> Forged:
    return sealed(make).draft().archive(deflated=(path,))


def _unnamed(role: str, data: bytes = b"bytes") -> Forged:
    """Return a container whose last file has a role that no member of the manifest uses."""
    draft = sealed(linear_draft).draft(Member("zz/file", data, "application/octet-stream", role))
    entries = draft.zip_entries()
    return zipped([replace(one, aligned=one.aligned and one.name != b"zz/file") for one in entries])


def _deflated_and_aligned() -> Forged:
    return changed(MODEL, method=DEFLATED)


def _contents() -> Iterator[Violation]:
    key = "PKG-ZIP-07"
    for number, path in enumerate(PLACES):
        data = next(each for each in plain_entries() if each.name == path.encode()).data
        size, crc, raw = len(data), zlib.crc32(data), raw_deflate(data)
        for turn, value in enumerate((crc ^ 1, crc ^ 1 << 31, 0, zlib.crc32(data[:-1]))):
            yield broken(key, f"crc-{number}-{turn}", edited, path, {"crc": value}, {"crc": value})
        for turn, more in enumerate((-1, 1, 4096)):
            more_fields: Fields = {"size": size + more}
            yield broken(key, f"stored-sizes-{number}-{turn}", edited, path, more_fields, more_fields)
        if path == MODEL:
            continue
        streams: dict[str, tuple[bytes, dict[str, int | bytes]]] = {
            "crc": (raw, {"crc": crc ^ 1}),
            "size-less": (raw, {"size": size - 1}),
            "size-more": (raw, {"size": size + 1}),
            "size-much-more": (raw, {"size": size + 100_000}),
            "byte-behind": (raw + b"\0", {}),
            "stream-behind": (raw + raw, {}),
            "cut": (raw[:-1], {}),
            "cut-in-half": (raw[: len(raw) // 2], {}),
            "nothing": (b"", {}),
            "text": (data, {}),
            "zlib-header": (zlib.compress(data), {}),
            "wrong-block": (b"\x07" + raw[1:], {}),
            "one-byte-less": (raw_deflate(data[:-1]), {}),
            "one-byte-more": (raw_deflate(data + b"\n"), {}),
            "other-byte": (raw_deflate(data[:-1] + b"~"), {}),
        }
        for name, (payload, fields) in streams.items():
            yield broken(key, f"{name}-{number}", _deflated_as, path, payload, fields)
    yield broken(key, "empty-with-crc", _empty_with, {"crc": 1})
    yield broken(key, "empty-with-size", _empty_with, {"size": 1})


def _deflated_as(path: str, payload: bytes, fields: Fields) -> Forged:
    return changed(path, method=DEFLATED, payload=payload, local=fields, central=fields)


def _empty_with(fields: Fields) -> Forged:
    entries = sealed(linear_draft).draft(unlisted={"signatures/a": b""}).zip_entries()
    last = next(one for one in entries if one.name == b"signatures/a")
    return zipped([replace(one, local=fields, central=fields) if one is last else one for one in entries])
