"""Writing packages: canonical, byte-stable, all or nothing."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from lepton.errors import LeptonError
from lepton.package import open_package
from lepton.package.write import Member, write_package
from lepton.validate import validate_package
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.valid import external_draft, linear_draft, strings_draft, vision_draft

DRAFTS = [linear_draft, external_draft, vision_draft, strings_draft]


def members(draft: Draft) -> list[Member]:
    return [Member(one.path, one.data, one.media_type, one.role) for one in draft.members]


def manifest(draft: Draft) -> dict[str, object]:
    return {name: value for name, value in draft.sealed().items() if name != "files"}


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", ["package.lepton", "package"])
def test_what_is_written_is_valid_and_has_the_identity_of_an_independent_writer(
    tmp_path: Path, draft: object, name: str
) -> None:
    made: Draft = draft()  # type: ignore[operator]
    identity = write_package(members(made), manifest(made), tmp_path / name)
    report = validate_package(tmp_path / name, level="quick")
    assert (report.verdict, report.findings, report.identity) == ("pass", (), identity)
    with open_package(made.directory().write(tmp_path, "independent")) as independent:
        assert independent.identity == identity


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_zip_is_the_canonical_container_byte_for_byte(tmp_path: Path, draft: object) -> None:
    made: Draft = draft()  # type: ignore[operator]
    write_package(members(made), manifest(made), tmp_path / "ours.lepton")
    assert (tmp_path / "ours.lepton").read_bytes() == made.archive().archive


def test_the_order_of_members_changes_no_byte(tmp_path: Path) -> None:
    made = vision_draft()
    write_package(members(made), manifest(made), tmp_path / "one.lepton")
    write_package(members(made)[::-1], manifest(made), tmp_path / "two.lepton")
    assert (tmp_path / "one.lepton").read_bytes() == (tmp_path / "two.lepton").read_bytes()


def test_other_programs_can_read_the_zip(tmp_path: Path) -> None:
    made = external_draft()
    write_package(members(made), manifest(made), tmp_path / "p.lepton")
    with zipfile.ZipFile(tmp_path / "p.lepton") as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "lepton.json"
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)


def test_sources_on_disk_are_copied_and_may_be_many_chunks(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(3 * (1 << 20) + 7))
    made = linear_draft()
    extra = Member("data/big.bin", big, "application/octet-stream", "weights")
    for name in ("p.lepton", "p"):
        write_package([*members(made), extra], manifest(made), tmp_path / name)
        with open_package(tmp_path / name) as package:
            assert package.files["data/big.bin"].broken == ""


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../x", "segment '..'"),
        ("/x", "starts with '/'"),
        ("a\\b", "contains"),
        ("nul.txt", "device name"),
        ("CARD.json", "confuse"),
        ("LEPTON.JSON", "confuse"),
        ("card.json/x", "directory of the other"),
        ("e\u0301", "normalization form C"),
    ],
)
def test_a_path_that_no_package_may_have_is_refused(tmp_path: Path, path: str, message: str) -> None:
    made = linear_draft()
    bad = Member(path, b"x", "text/plain", "other")
    with pytest.raises(LeptonError, match=message):
        write_package([*members(made), bad], manifest(made), tmp_path / "p.lepton")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["p.lepton", "p"])
def test_a_source_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    made = linear_draft()
    gone = Member("gone.bin", tmp_path / "absent", "application/octet-stream", "other")
    with pytest.raises(LeptonError, match="absent"):
        write_package([*members(made), gone], manifest(made), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    made = linear_draft()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").touch()
    with pytest.raises(LeptonError, match="is there already"):
        write_package(members(made), manifest(made), tmp_path / "p")
    assert [one.name for one in tmp_path.iterdir()] == ["p"]


def test_a_file_that_is_there_is_replaced_whole_and_kept_when_packing_fails(tmp_path: Path) -> None:
    made = linear_draft()
    target = tmp_path / "p.lepton"
    target.write_bytes(b"before")
    gone = Member("gone.bin", tmp_path / "absent", "application/octet-stream", "other")
    with pytest.raises(LeptonError):
        write_package([*members(made), gone], manifest(made), target)
    assert target.read_bytes() == b"before"
    write_package(members(made), manifest(made), target)
    assert json.loads(zipfile.ZipFile(target).read("lepton.json"))["id"] == "linear"


def test_files_get_the_permissions_that_the_umask_allows(tmp_path: Path) -> None:
    made = linear_draft()
    write_package(members(made), manifest(made), tmp_path / "p.lepton")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "p.lepton").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("name", ["package.lepton", "package"])
@pytest.mark.parametrize("more", [b"", b"longer, and into what follows"])
def test_a_source_that_changes_its_size_while_it_is_packed_is_refused(
    tmp_path: Path, name: str, more: bytes
) -> None:
    """The place of every entry is fixed before the first byte is written."""
    made = linear_draft()
    answers = iter([[b"as measured"], [more]])
    grown = [*members(made), Member("data/a.bin", lambda: next(answers), "application/octet-stream", "other")]
    with pytest.raises(LeptonError, match="was changed while it was packed"):
        write_package(grown, manifest(made), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_large_files_have_their_checksum_from_a_second_thread(tmp_path: Path) -> None:
    """An independent reader agrees, our own does, and both notice one byte that is not as declared."""
    made = linear_draft()
    content = os.urandom(1 << 16) * 160
    (tmp_path / "large.bin").write_bytes(content)
    large = Member("data/large.bin", tmp_path / "large.bin", "application/octet-stream", "other")
    packed = tmp_path / "package.lepton"
    write_package([*members(made), large], manifest(made), packed)
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert archive.read("data/large.bin") == content
    assert validate_package(packed, level="quick").verdict == "pass"
    data = bytearray(packed.read_bytes())
    data[data.index(content) + (9 << 20)] ^= 1
    packed.write_bytes(data)
    found = {one.requirement for one in validate_package(packed, level="quick").findings}
    assert "PKG-ZIP-07" in found
