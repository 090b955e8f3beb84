"""ZIP containers that are traps: bombs, overlaps, two readings. Each is refused, cheaply."""

import functools
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.forge.archive import DEFLATED, STORED, Entry, Layout, write_archive
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import linear_draft

Judge = Callable[..., Any]
MEBIBYTE = 1024 * 1024


@functools.cache
def zeros(size: int) -> tuple[bytes, str, int]:
    """Return `size` zero bytes as deflated data, their digest and their CRC-32, without holding them."""
    packer, state, crc = zlib.compressobj(9, zlib.DEFLATED, -15), hashlib.sha256(), 0
    block = bytes(MEBIBYTE)
    out = []
    for _ in range(size // MEBIBYTE):
        out.append(packer.compress(block))
        state.update(block)
        crc = zlib.crc32(block, crc)
    return b"".join([*out, packer.flush()]), state.hexdigest(), crc


def written(path: Path, data: bytes) -> Path:
    path = path / "package.lepton"
    path.write_bytes(data)
    return path


def bomb(size: int, path: str, role: str, declared: int | None = None) -> bytes:
    """Return a package with a file of `size` zero bytes that its headers declare as `declared`."""
    packed, sha256, crc = zeros(size)
    draft = linear_draft()
    declared = size if declared is None else declared
    listed = {"path": path, "size": declared, "sha256": sha256, "mediaType": "text/plain", "role": role}
    others = [one for one in draft.entries() if one["path"] != path]
    draft.manifest["files"] = sorted([*others, listed], key=lambda one: str(one["path"]).encode())
    entries = [one for one in draft.zip_entries() if one.name != path.encode()]
    sizes: dict[str, int | bytes] = {"size": declared, "crc": crc}
    entry = Entry(path.encode(), b"", DEFLATED, payload=packed, local=sizes, central=sizes)
    return write_archive([entries[0], *sorted([*entries[1:], entry], key=lambda one: one.name)])


@pytest.mark.parametrize(
    ("path", "role", "wanted"),
    [
        ("bomb.bin", "other", []),
        ("bomb.safetensors", "other", []),
        (CARD, "card", ["COR-LIM-01"]),
        (MODEL, "artifact", ["PKG-ZIP-06"]),
    ],
)
def test_a_file_that_unpacks_a_thousandfold_takes_little_memory(
    path: str, role: str, wanted: list[str], tmp_path: Path, measured: Judge
) -> None:
    """256 MiB of zeros in 256 KiB. It is what its manifest says; what cannot be read is open."""
    found = measured(written(tmp_path, bomb(256 * MEBIBYTE, path, role)))
    assert found.requirements == wanted
    assert (found.verdict == "fail") == bool(wanted)


def beyond(size: int) -> tuple[bytes, int]:
    """Return deflated zeros, at least `size` of them, and how many; a block that ends at a byte stands again
    and again, so that this takes no time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(64 * MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    count = -(-size // (64 * MEBIBYTE))
    return block * count + packer.flush(), 64 * MEBIBYTE * count


@pytest.mark.parametrize("path", ["bomb.bin", "signatures/bomb.sigstore.json", "attestations/bomb.dsse.json"])
def test_files_that_unpack_beyond_all_time_stay_closed(path: str, tmp_path: Path, measured: Judge) -> None:
    """Zeros by the gigabyte in a megabyte each: of 30 MB of them, the digest takes too long."""
    packed, size = beyond(1536 * MEBIBYTE)
    draft = linear_draft()
    names = [path.replace("bomb", f"bomb{number}") for number in range(2)]
    if path == "bomb.bin":
        listed = {"size": size, "sha256": "0" * 64, "mediaType": "text/plain", "role": "other"}
        more = [{**listed, "path": name} for name in names]
        files = sorted([*draft.entries(), *more], key=lambda one: str(one["path"]).encode())
        draft.manifest["files"] = files
    sizes: dict[str, int | bytes] = {"size": size, "crc": 0}
    bombs = [Entry(n.encode(), b"", DEFLATED, payload=packed, local=sizes, central=sizes) for n in names]
    first, *others = draft.zip_entries()
    data = write_archive([first, *sorted([*others, *bombs], key=lambda one: one.name)])
    found = measured(written(tmp_path, data))
    assert found.requirements == []
    assert found.verdict == "inconclusive"
    assert "unpack" in found.open["PKG-ZIP-07"]
    assert found.seconds < 2


def test_a_file_that_unpacks_to_more_than_it_declares_stops_there(tmp_path: Path, measured: Judge) -> None:
    found = measured(written(tmp_path, bomb(256 * MEBIBYTE, "bomb.bin", "other", declared=10)))
    assert found.requirements == ["PKG-ZIP-07"]
    assert "more than 10 bytes" in found.findings[0][2]
    assert found.seconds < 2


def test_a_manifest_that_is_a_bomb_is_not_unpacked(tmp_path: Path, measured: Judge) -> None:
    packed, _, crc = zeros(256 * MEBIBYTE)
    for declared, wanted in ((256 * MEBIBYTE, "PKG-MAN-01"), (2, "PKG-ZIP-07")):
        fields: dict[str, int | bytes] = {"size": declared, "crc": crc}
        entry = Entry(b"lepton.json", b"", DEFLATED, payload=packed, local=fields, central=fields)
        found = measured(written(tmp_path, write_archive([entry])))
        assert found.requirements == [wanted]
        assert found.seconds < 2


def fifield(count: int, size: int) -> bytes:
    """Return a bomb whose entries share one kernel of data, each quoting the headers of those behind it.

    After David Fifield, "A better zip bomb": a stored block of DEFLATE passes over the next local header.
    """
    kernel, _, _ = zeros(size)
    names = [b"lepton.json", *(f"f{number:05}".encode() for number in range(1, count))]
    tail, out = kernel, []
    for name in reversed(names):
        fields = (20, 0, 8, 0, 0x21, 0, len(tail), size, len(name), 0)
        header = struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + name
        out.append((name, len(tail)))
        quoted = header + tail
        tail = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + quoted
    data = quoted
    central = b""
    at = 0
    for name, length in reversed(out):
        whole = (20, 20, 0, 8, 0, 0x21, 0, length, size, len(name), 0, 0, 0, 0, 0, at)
        central += struct.pack("<4s6H3I5H2I", b"PK\1\2", *whole) + name
        at += 30 + len(name) + 5
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(central), len(data), 0)
    return data + central + end


def test_entries_that_share_their_data_are_refused(tmp_path: Path, measured: Judge) -> None:
    data = fifield(300, 64 * MEBIBYTE)
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 300
    found = measured(written(tmp_path, data))
    assert found.requirements == ["PKG-ZIP-04"]
    assert found.seconds < 2


def sound() -> tuple[Draft, list[Entry]]:
    draft = linear_draft()
    return draft, draft.zip_entries()


def other_local(**fields: int | bytes) -> bytes:
    _, entries = sound()
    return write_archive([entries[0], replace(entries[1], local=fields), *entries[2:]])


def both(**fields: int | bytes) -> bytes:
    _, entries = sound()
    entry = replace(entries[1], local=fields, central=fields)
    return write_archive([entries[0], entry, *entries[2:]])


def central(**fields: int | bytes) -> bytes:
    _, entries = sound()
    return write_archive([entries[0], replace(entries[1], central=fields), *entries[2:]])


def around(**fields: bytes) -> bytes:
    return write_archive(sound()[1], Layout(**fields))  # type: ignore[arg-type]


def prefixed(script: bytes) -> bytes:
    """Return a package behind a program, with offsets that Python's zipfile corrects."""
    return script + write_archive(sound()[1])


def two_in_one() -> bytes:
    """Return two packages, one behind the other: which one is read depends on the reader."""
    return write_archive(sound()[1]) * 2


def unicode_name() -> bytes:
    name = b"\1" + struct.pack("<I", zlib.crc32(b"card.json")) + b"evil.json"
    return both(extra=struct.pack("<HH", 0x7075, len(name)) + name)


def backwards() -> bytes:
    """Return entries that overlap: the second local header stands in the data of the first."""
    inner = write_archive([Entry(b"inner", b"x")])[:36]
    entries = [Entry(b"lepton.json", inner), Entry(b"inner", b"x", central={"offset": 41})]
    return write_archive(entries)


def many_names(count: int) -> bytes:
    return write_archive([Entry(b"lepton.json", b"{}")] * count)


def huge_directory() -> bytes:
    """Return an end record that announces four gigabytes of directory."""
    return b"PK\3\4" + bytes(60) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65534, 65534, 2**32 - 2, 0, 0)


def zip64(*, entries: int, size: int, start: int) -> bytes:
    """Return a file whose ZIP64 end record says what does not fit any machine."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 4, 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"PK\3\4" + record + locator + end


def self_extracting_loop() -> bytes:
    """Return DEFLATE data that never ends: stored blocks of nothing, none of them the last."""
    fields: dict[str, int | bytes] = {"size": 100, "crc": 0}
    blocks = b"\0\0\0\xff\xff" * 500_000
    return write_archive([Entry(b"lepton.json", b"", DEFLATED, payload=blocks, local=fields, central=fields)])


TRAPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "another name in the local header": (lambda: other_local(name=b"evil.json"), "PKG-ZIP-03"),
    "another size in the local header": (lambda: other_local(size=1), "PKG-ZIP-03"),
    "another method in the local header": (lambda: other_local(method=8), "PKG-ZIP-03"),
    "encrypted in the local header alone": (lambda: other_local(flags=1), "PKG-ZIP-03"),
    "encrypted": (lambda: both(flags=1), "PKG-ZIP-01"),
    "strongly encrypted": (lambda: both(flags=1 << 6 | 1), "PKG-ZIP-01"),
    "masked headers": (lambda: both(flags=1 << 13), "PKG-ZIP-01"),
    "a data descriptor": (lambda: both(flags=8), "PKG-ZIP-01"),
    "bzip2": (lambda: both(method=12), "PKG-ZIP-01"),
    "a method that nobody has": (lambda: both(method=0xFFFF), "PKG-ZIP-01"),
    "a name that climbs": (lambda: both(name=b"../../../../etc/cron.d/x"), "PKG-LAY-02"),
    "an absolute name": (lambda: both(name=b"/etc/cron.d/x"), "PKG-LAY-02"),
    "a drive": (lambda: both(name=b"C:\\Windows\\x"), "PKG-LAY-02"),
    "a share": (lambda: both(name=b"\\\\host\\share\\x"), "PKG-LAY-02"),
    "a name cut off by NUL": (lambda: both(name=b"card.json\0.exe"), "PKG-LAY-02"),
    "no name": (lambda: both(name=b""), "PKG-LAY-02"),
    "a folder": (lambda: both(name=b"card.json/"), "PKG-LAY-02"),
    "a link": (lambda: central(external=0o120777 << 16, made_by=0x314), "PKG-LAY-05"),
    "a device": (lambda: central(external=0o020666 << 16, made_by=0x314), "PKG-LAY-05"),
    "a second name in an extra field": (unicode_name, "PKG-ZIP-09"),
    "a program before the archive": (lambda: prefixed(b"#!/bin/sh\nexit\n"), "PKG-ZIP-04"),
    "bytes before the archive": (lambda: around(prefix=b"x"), "PKG-ZIP-04"),
    "bytes between entries": (lambda: around(gap=b"x"), "PKG-ZIP-04"),
    "bytes behind the archive": (lambda: around(suffix=b"x"), "PKG-ZIP-04"),
    "a comment with an end record": (lambda: around(comment=b"PK\5\6" + bytes(18)), "PKG-ZIP-04"),
    "two packages": (two_in_one, "PKG-ZIP-04"),
    "an entry within another": (backwards, "PKG-ZIP-04"),
    "an offset at its own directory": (lambda: central(offset=2**32 - 2), "PKG-ZIP-04"),
    "one name a thousand times": (lambda: many_names(1000), "PKG-ZIP-02"),
    "a directory of gigabytes": (huge_directory, "PKG-ZIP-04"),
    "2^63 entries": (lambda: zip64(entries=2**63, size=2**63, start=2**63), "PKG-ZIP-04"),
    "a directory before the file": (
        lambda: zip64(entries=1, size=4, start=2**64 - 4),
        "PKG-ZIP-04",
    ),
    "blocks without an end": (self_extracting_loop, "PKG-ZIP-07"),
}


@pytest.mark.parametrize(("trap", "wanted"), TRAPS.values(), ids=TRAPS)
def test_a_container_with_two_readings_is_refused(
    trap: Callable[[], bytes], wanted: str, tmp_path: Path, judge: Judge
) -> None:
    data = trap()
    path = written(tmp_path, data)
    found = judge(path)
    assert wanted in found.requirements
    assert found.verdict == "fail"
    assert found.seconds < 5


@pytest.mark.parametrize("length", [0, 1, 4, 21, 22, 23, 100])
def test_a_container_that_is_cut_off_is_refused(length: int, tmp_path: Path, judge: Judge) -> None:
    found = judge(written(tmp_path, write_archive(sound()[1])[:length]))
    assert found.requirements == ["PKG-ZIP-04"]


def test_archives_within_archives_stay_closed(tmp_path: Path, measured: Judge) -> None:
    """Ten levels of archives of ten archives: a petabyte, if anyone opened them."""
    inner = bomb(16 * MEBIBYTE, "bomb.bin", "other")
    for _ in range(10):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.zip", inner)
        inner = out.getvalue()
    draft = linear_draft().add("docs/more.zip", inner, "application/zip", "other")
    found = measured(draft.archive().write(tmp_path))
    assert (found.verdict, found.requirements) == ("pass", [])


def test_the_most_files_take_their_part_of_memory(tmp_path: Path, measured: Judge) -> None:
    entries = [Entry(b"lepton.json", b"{}"), *(Entry(f"{n:05}".encode(), b"", STORED) for n in range(65534))]
    found = measured(written(tmp_path, write_archive(entries)))
    assert "PKG-MAN-04" in found.requirements or "COR-VER-01" in found.requirements
