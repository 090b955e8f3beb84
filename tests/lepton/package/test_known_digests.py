"""Digests that were computed while a package was written: used while they hold, and only then."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from lepton.errors import SourceError
from lepton.finding import PackageReport
from lepton.package import open_package
from lepton.package.write import Member, write_digested
from lepton.package.written import Written
from lepton.validate import validate_package
from lepton_conformance.forge.valid import linear_draft

SIZE = (9 << 20) + 5
PATH = "data/large.bin"
FORMS = pytest.mark.parametrize("form", ["package", "package.lepton"])


def write(folder: Path, form: str) -> Written:
    """Write a package with one file that is too large to be kept in memory without need."""
    source = folder / "source.bin"
    source.write_bytes(os.urandom(1 << 16) * (SIZE >> 16) + bytes(SIZE % (1 << 16)))
    made = linear_draft()
    members = [Member(one.path, one.data, one.media_type, one.role) for one in made.members]
    members.append(Member(PATH, source, "application/octet-stream", "other"))
    manifest = {name: value for name, value in made.sealed().items() if name != "files"}
    return write_digested(members, manifest, folder / form)


def judged(folder: Path, form: str, written: Written | None) -> PackageReport:
    return validate_package(folder / form, level="quick", written=written)


def place_of(folder: Path, form: str) -> tuple[Path, int]:
    """Return the file on disk that holds the large file, and where its bytes begin."""
    with open_package(folder / form) as package:
        entry = package.container.entries[PATH]
    return (folder / form, entry.data_offset) if entry.data_offset else (folder / form / PATH, 0)


def flip(file: Path, at: int) -> None:
    with file.open("r+b") as out:
        out.seek(at)
        found = out.read(1)
        out.seek(at)
        out.write(bytes([found[0] ^ 1]))


@FORMS
def test_a_package_is_judged_alike_with_and_without_its_known_digests(tmp_path: Path, form: str) -> None:
    written = write(tmp_path, form)
    known, anew = judged(tmp_path, form, written), judged(tmp_path, form, None)
    assert known == anew
    assert (known.verdict, known.identity) == ("pass", written.identity)


@FORMS
def test_a_known_digest_is_compared_with_the_manifest_and_its_file_is_not_read_for_it(
    tmp_path: Path, form: str
) -> None:
    written = write(tmp_path, form)
    other = written._replace(files={PATH: ("0" * 64, written.files[PATH][1])})
    findings = judged(tmp_path, form, other).findings
    assert [(one.requirement, one.file) for one in findings] == [("PKG-DIG-03", PATH)]
    assert "0" * 64 in findings[0].message


@FORMS
@pytest.mark.parametrize("times", ["as they come", "set back"])
def test_a_file_that_was_changed_after_it_was_written_is_digested_anew(
    tmp_path: Path, form: str, times: str
) -> None:
    written = write(tmp_path, form)
    file, start = place_of(tmp_path, form)
    before = file.stat()
    flip(file, start + SIZE // 2)
    if times == "set back":
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = {one.requirement for one in judged(tmp_path, form, written).findings}
    assert found == ({"PKG-ZIP-07"} if form.endswith(".lepton") else {"PKG-DIG-03"})


@FORMS
def test_a_file_that_was_put_in_the_place_of_the_written_one_is_digested_anew(
    tmp_path: Path, form: str
) -> None:
    written = write(tmp_path, form)
    file, start = place_of(tmp_path, form)
    other = tmp_path / "other"
    shutil.copy2(file, other)
    flip(other, start)
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)
    assert judged(tmp_path, form, written).verdict == "fail"


@FORMS
def test_a_source_that_is_written_to_while_it_is_packed_is_refused(tmp_path: Path, form: str) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(64 << 20))
    done = threading.Event()

    def scribble() -> None:
        with source.open("r+b", buffering=0) as file:
            while not done.is_set():
                os.pwrite(file.fileno(), os.urandom(1), 7)

    other = threading.Thread(target=scribble)
    other.start()
    try:
        with pytest.raises(SourceError, match=r"'data/large\.bin' was changed while it was packed"):
            write_digested([Member(PATH, source, "application/octet-stream", "other")], {}, tmp_path / form)
    finally:
        done.set()
        other.join()
    assert [one.name for one in tmp_path.iterdir()] == ["source.bin"]
