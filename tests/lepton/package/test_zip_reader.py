"""The strict zip reader: what hostile bytes can do to it."""

import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.errors import SourceError
from lepton.package import open_package
from lepton.package.zipread import ZipContainer
from lepton.validate import validate_package
from lepton_conformance.forge.valid import linear_draft

SOUND = linear_draft().archive()
ARCHIVE = SOUND.archive
assert ARCHIVE is not None


def read_all(path: Path) -> None:
    """Read a container and every file in it, as a validator does."""
    container = ZipContainer(path)
    try:
        for entry in container.entries.values():
            if entry.faulty:
                continue
            file = container.open(entry)
            for chunk in file.chunks():
                assert len(chunk) <= 1 << 20
            file.fault()
            file.close()
    finally:
        container.close()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_never_raises_anything_but_a_source_error_on_mutated_archives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    assert ARCHIVE is not None
    mutated = bytearray(ARCHIVE)
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(mutated) - 1))
        value = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        width = data.draw(st.sampled_from([1, 2, 4]))
        mutated[where : where + width] = bytes([value]) * width
    if data.draw(st.booleans()):
        del mutated[data.draw(st.integers(0, len(mutated))) :]
    path = tmp_path_factory.getbasetemp() / "mutated.lepton"
    path.write_bytes(mutated)
    try:
        read_all(path)
        with open_package(path) as package:
            assert package.manifest is None or package.identity is not None
    except SourceError:
        pass


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_never_raises_anything_but_a_source_error_on_random_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.lepton"
    path.write_bytes(data)
    read_all(path)


@pytest.mark.parametrize("length", [0, 1, 21, 22, 30, 100])
def test_a_truncated_file_is_a_finding_and_no_error(tmp_path: Path, length: int) -> None:
    assert ARCHIVE is not None
    path = tmp_path / "cut.lepton"
    path.write_bytes(ARCHIVE[:length])
    with open_package(path) as package:
        assert [fault.requirement for fault in package.faults] == ["PKG-ZIP-04"]
        assert package.identity is None


def test_a_bomb_is_stopped_one_byte_beyond_the_declared_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.lepton"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb", "w") as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    raw = bytearray(path.read_bytes())
    directory = raw.rindex(b"PK\1\2")
    local = 0
    struct.pack_into("<L", raw, directory + 24, 1000)
    struct.pack_into("<L", raw, local + 22, 1000)
    path.write_bytes(raw)
    tracemalloc.start()
    container = ZipContainer(path)
    file_ = container.open(container.entries["bomb"])
    assert sum(len(chunk) for chunk in file_.chunks()) == 1001
    assert file_.fault() == "found more than 1000 bytes of content, expected 1000"
    container.close()
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_a_directory_that_announces_more_than_the_file_holds_is_refused_without_reading_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "big.lepton"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFF0, 0, 0)
    path.write_bytes(b"PK\3\4" + end)
    started = time.perf_counter()
    container = ZipContainer(path)
    assert [fault.requirement for fault in container.faults] == ["PKG-ZIP-04"]
    assert time.perf_counter() - started < 1
    container.close()


def test_a_stored_entry_that_claims_the_bytes_of_another_overlaps(tmp_path: Path) -> None:
    data = b"payload"
    header = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), 1, 0
    )
    one = header + b"a" + data
    central = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data),
            1, 0, 0, 0, 0, 0, 0,
        )
        + name
        for name in (b"a", b"b")
    )  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(central), len(one), 0)
    path = tmp_path / "overlap.lepton"
    path.write_bytes(one + central + end)
    container = ZipContainer(path)
    assert "PKG-ZIP-04" in [fault.requirement for fault in container.faults]
    container.close()


def test_a_nested_archive_is_not_expanded(tmp_path: Path) -> None:
    draft = linear_draft()
    assert ARCHIVE is not None
    draft.add("inner.lepton", ARCHIVE, "application/zip", "other")
    path = draft.archive().write(tmp_path)
    with open_package(path) as package:
        assert set(package.container.entries) == {"lepton.json", *(one.path for one in draft.members)}


def test_a_pipe_in_the_place_of_a_package_is_refused_without_being_opened(tmp_path: Path) -> None:
    import os

    path = tmp_path / "pipe.lepton"
    os.mkfifo(path)
    with pytest.raises(SourceError, match="neither a directory nor a regular file"):
        open_package(path)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 15_728_713])
def test_a_file_whose_last_bytes_wait_in_the_inflater_is_whole(size: int, tmp_path: Path) -> None:
    """DEFLATE may have taken all its input when a piece is full, and have more to give."""
    path = tmp_path / "p.lepton"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("lepton.json", b"x" * size)
    container = ZipContainer(path)
    file = container.open(container.entries["lepton.json"])
    assert sum(len(piece) for piece in file.chunks()) == size
    assert file.fault() is None
    container.close()


#: A field of FFFFFFFF without a ZIP64 record: the header, the field's place in it, and what is found.
UNRESOLVED = {
    "local compressed size": (b"PK\3\4", 18, ["PKG-ZIP-09", "PKG-ZIP-03"]),
    "local size": (b"PK\3\4", 22, ["PKG-ZIP-09", "PKG-ZIP-03"]),
    "central compressed size": (b"PK\1\2", 20, ["PKG-ZIP-04"]),
    "central size": (b"PK\1\2", 24, ["PKG-ZIP-09", "PKG-ZIP-03", "PKG-ZIP-07"]),
    "central offset": (b"PK\1\2", 42, ["PKG-ZIP-04"]),
}


@pytest.mark.requirement("PKG-ZIP-09")
@pytest.mark.parametrize("field", UNRESOLVED)
def test_a_zip64_field_that_nothing_resolves_keeps_its_value(field: str, tmp_path: Path) -> None:
    signature, place, expected = UNRESOLVED[field]
    assert ARCHIVE is not None
    data = bytearray(ARCHIVE)
    second = data.index(signature, data.index(signature) + 4)
    data[second + place : second + place + 4] = b"\xff" * 4
    path = tmp_path / "unresolved.lepton"
    path.write_bytes(data)
    found = [one.requirement for one in validate_package(path, level="quick").findings]
    assert found == expected
