"""Archives inside packages are listed and not opened; signs of code are seen by content."""

import contextlib
import io
import pickle
import py_compile
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.formats import read_contents
from lepton.formats.archive import ArchiveError, ArchiveLimit, member_names
from lepton.formats.signs import content_sign
from lepton.formats.source import MemorySource

PT2 = {"m/archive_format": "pt2", "m/archive_version": "0", "m/models/model.json": "{}", "m/data/w": "x"}


def archive(members: dict[str, str], method: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as out:
        for name, text in members.items():
            out.writestr(name, text)
    return data.getvalue()


def sign(data: bytes) -> str | None:
    return content_sign(data[:4096], data[-1:], MemorySource(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_pt2_archive_is_recognised_by_its_members(method: int) -> None:
    assert read_contents("pt2", MemorySource(archive(PT2, method))).pt2_version == "0"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"m/archive_format": "zip"}, "archive format"),
        ({"n/other": "x"}, "first segments"),
        ({"m/archive_version": None}, "archive_version"),
        ({"m/models/model.json": None}, "models/model.json"),
        ({"m/archive_format": "x" * 100_000}, "expected a few"),
    ],
)
def test_what_is_another_archive_is_refused(change: dict[str, str | None], word: str) -> None:
    members = {name: text for name, text in {**PT2, **change}.items() if text is not None}
    assert word in read_contents("pt2", MemorySource(archive(members))).fault


def test_an_archive_beyond_the_limit_is_neither_refused_nor_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lepton.formats.archive.MAX_MEMBERS", 3)
    found = read_contents("pt2", MemorySource(archive(PT2)))
    assert not found.fault
    assert "limit of this validator" in found.limit
    with pytest.raises(ArchiveLimit):
        sign(archive(PT2))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_undeclared_is_raised_on_mutated_archives(data: st.DataObject) -> None:
    mutated = bytearray(archive(PT2, zipfile.ZIP_DEFLATED))
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    source = MemorySource(bytes(mutated))
    read_contents("pt2", source)
    with contextlib.suppress(ArchiveError):
        member_names(source)
    sign(bytes(mutated))


def numpy_file(content: object, dtype: Any, version: tuple[int, int] = (1, 0)) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.array(content, dtype=dtype), version=version, allow_pickle=True)
    return out.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_arrays_of_objects_are_seen_and_arrays_of_numbers_are_not(version: tuple[int, int]) -> None:
    assert sign(numpy_file([{"a": 1}], "O", version)) == "a NumPy array of objects"
    assert sign(numpy_file([(1, "x")], [("a", "i4"), ("b", "O")], version)) == "a NumPy array of objects"
    assert sign(numpy_file([[1.5, 2]], "f8", version)) is None


def test_an_array_whose_header_never_ends_is_searched_to_the_end_of_the_file() -> None:
    start = b"\x93NUMPY\x02\x00" + b"\xff" * 4
    assert sign(start + b" " * 3_000_000) is None
    # The word stands across two of the pieces that are read at a time.
    assert sign(start + b" " * (2**20 - 3) + b"object") == "a NumPy array of objects"


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_files_of_an_old_torch_are_seen(protocol: int) -> None:
    """Several pickles one behind the other, and bytes of tensors at the end."""
    number = 0x1950A86A20F9469CFC6C
    data = pickle.dumps(number, protocol) + pickle.dumps(1001, protocol) + bytes(9)
    assert sign(data) is not None


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_pickle_with_bytes_behind_it_is_seen(protocol: int) -> None:
    assert sign(pickle.dumps({"a": [1, 2]}, protocol) + b"\n") == "a pickle"
    assert sign(b"\x80\x04\x95" + b"\xff" * 8 + bytes(40)) is None


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_seen(protocol: int) -> None:
    assert sign(pickle.dumps({"a": [1, 2]}, protocol)) == "a pickle"


def test_compiled_python_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("x = 1\n")
    compiled = py_compile.compile(str(source), cfile=str(tmp_path / "m.bin"))
    assert compiled is not None
    assert sign(Path(compiled).read_bytes()) == "compiled Python"


def test_native_code_is_seen() -> None:
    with Path(sys.executable).resolve().open("rb") as file:
        assert sign(file.read(1 << 16)) == "native code (ELF)"


def test_an_archive_that_holds_a_pickle_is_seen_and_one_that_does_not_is_not() -> None:
    assert "data.pkl" in (sign(archive({"a/data.pkl": "x"})) or "")
    assert sign(archive({"a/data.txt": "x"})) is None


@pytest.mark.parametrize(
    "data", [b"", b"MZ", b"MZ" + bytes(100), b"\x80", b"\x80\x04", b"plain text.", b"PK\3\4"]
)
def test_data_that_only_begins_alike_is_data(data: bytes) -> None:
    assert sign(data) is None


def lying_archives() -> dict[str, bytes]:
    """Return archives with a pickle that only some readers find."""
    whole = archive({"a.pkl": "x"})
    start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    directory, record = whole[start:end], whole[end:]
    elsewhere = record[:16] + (10**6).to_bytes(4, "little") + record[20:]
    plain = archive({"a.txt": "x"})
    return {
        "a directory that ends where its record begins": b"PK\3\4" + directory + elsewhere,
        "bytes before the archive": b"PK\3\4" + bytes(100) + whole,
        "another archive before it": plain + whole,
        "an end record of another archive behind it": whole + plain[plain.index(b"PK\5\6") :],
    }


@pytest.mark.parametrize("data", lying_archives().values(), ids=lying_archives())
def test_a_pickle_that_some_reader_finds_is_found(data: bytes) -> None:
    """Readers believe the first or the last end record, its offset or its length."""
    assert "pickle" in (sign(data) or "")


def test_an_archive_with_many_end_records_takes_little_time() -> None:
    record = archive({"a.txt": "x"})[-22:]
    records = b"".join(record[:16] + at.to_bytes(4, "little") + record[20:] for at in range(2000))
    with pytest.raises(ArchiveLimit):
        sign(archive({"a.txt": "x"}) + records)
