"""Editions: frozen once, compared requirement by requirement, and never broken by a later one."""

import datetime
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from specification.archive import ArchiveError, pack_archive, unpack_archives
from specification.edition import check_gate, read_editions
from specification.problem import Problem
from specification.published import PublishedFiles

EN = "spec/en/core.md"
ZH = "spec/zh/core.md"
INDEX = "schemas/editions/index.json"
SCHEMA = "schemas/1.0/size.schema.json"
DAY = "2027-01-01"
SUITE = "conformance/lepton_conformance/suite/sizes.py"
TEST = '@requirement("COR-VER-01")\ndef test_sizes(subject):\n    assert subject.size > 0\n'


@pytest.fixture
def released(standard: Any) -> Any:
    """A standard whose edition 1.0 is out."""
    standard.write("CHANGELOG.md", f"# Changelog\n\n## 1.0, {DAY}\n")
    assert standard.run("freeze", "1.0", "--date", DAY) == 0
    return standard


def draft(standard: Any, name: str) -> None:
    assert standard.run("freeze", name, "--date", DAY) == 0


def compared(standard: Any, capsys: pytest.CaptureFixture[str], *names: str) -> Any:
    capsys.readouterr()
    assert standard.run("diff", *names, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_frozen_edition_is_sound_and_remembers_what_bound(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    assert standard.problems() == []
    [edition] = read_editions(standard.root)
    assert sorted(edition.requirements) == ["COR-NET-01", "COR-VER-01"]
    assert edition.instances == [("size.schema.json#/$defs/size", 3)]
    assert not edition.released


def test_the_same_prose_freezes_to_the_same_bytes(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    first = standard.read("schemas/editions/1.0-draft.1/edition.json")
    draft(standard, "1.0-draft.2")
    second = standard.read("schemas/editions/1.0-draft.2/edition.json")
    assert second == first.replace("draft.1", "draft.2")


@pytest.mark.parametrize("file", ["edition.json", "requirements.json", "tests.json", "instances.json"])
def test_a_changed_byte_of_an_edition_fails(standard: Any, file: str) -> None:
    draft(standard, "1.0-draft.1")
    path = f"schemas/editions/1.0-draft.1/{file}"
    standard.write(path, standard.read(path) + "\n")
    [problem] = standard.problems()
    assert problem.file == path
    assert "changed" in problem.found
    assert "restore it" in problem.remedy


def test_an_edition_that_lacks_a_file_fails(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    (standard.root / "schemas/editions/1.0-draft.1/tests.json").unlink()
    [problem] = standard.problems()
    assert "is gone" in problem.found


def test_a_folder_that_the_index_does_not_list_fails(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    standard.write("schemas/editions/1.0-draft.7/edition.json", "{}")
    [problem] = standard.problems()
    assert "1.0-draft.7, which the index does not list" in problem.found


def test_a_schema_of_a_released_edition_does_not_change(released: Any) -> None:
    assert released.problems() == []
    released.replace(SCHEMA, '"minimum": 1', '"minimum": 0')
    assert any(each.file == SCHEMA and "published edition 1.0" in each.found for each in released.problems())


def test_a_schema_may_change_after_a_draft(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    standard.replace(SCHEMA, '"minimum": 1', '"minimum": 2')
    assert standard.problems() == []


def test_a_released_edition_closes_its_lock(released: Any) -> None:
    assert released.read("schemas/1.0/requirements.lock").startswith("# Lepton 1.0, released\n")
    released.replace(EN, "be positive.", "be positive and odd.")
    assert released.run("build", "--draft") == 1


def test_an_edition_is_frozen_once(released: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert released.run("freeze", "1.0", "--date", DAY) == 2
    assert "an edition is frozen once" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["1.1", "2.0-draft.1", "1.0-draft.0", "1.0-rc1", "../1.0"])
def test_refuses_an_edition_of_another_name(standard: Any, name: str) -> None:
    assert standard.run("freeze", name) == 2
    assert not (standard.root / "schemas/editions").exists()


def test_a_release_needs_its_entry_in_the_changelog(
    standard: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert standard.run("freeze", "1.0", "--date", DAY) == 2
    assert f"no heading '## 1.0, {DAY}'" in capsys.readouterr().err
    assert standard.read("schemas/1.0/requirements.lock").startswith("# Lepton 1.0, draft\n")


def test_a_release_refuses_a_stale_translation(standard: Any, capsys: pytest.CaptureFixture[str]) -> None:
    standard.write("CHANGELOG.md", f"## 1.0, {DAY}\n")
    standard.replace(EN, "`rev 1` `MUST`", "`rev 2` `MUST`")
    standard.replace(EN, "be positive.", "be positive and odd.")
    assert standard.run("build") == 0
    assert standard.run("freeze", "1.0", "--date", DAY) == 1
    assert "COR-VER-01" in capsys.readouterr().out
    assert not (standard.root / "schemas/editions").exists()


def test_a_draft_says_that_a_translation_is_stale_and_is_frozen(standard: Any) -> None:
    standard.replace(EN, "`rev 1` `MUST`", "`rev 2` `MUST`")
    standard.replace(EN, "be positive.", "be positive and odd.")
    assert standard.run("build") == 0
    draft(standard, "1.0-draft.1")


def test_a_reworded_requirement_is_run_again(standard: Any, capsys: pytest.CaptureFixture[str]) -> None:
    standard.write(SUITE, TEST)
    assert standard.run("build") == 0
    draft(standard, "1.0-draft.1")
    standard.replace(EN, "`rev 1` `MUST`", "`rev 2` `MUST`")
    standard.replace(EN, "be positive.", "be positive and odd.")
    found = compared(standard, capsys, "1.0-draft.1")
    [change] = found["changes"]
    assert (change["id"], change["kind"], change["revisions"]) == ("COR-VER-01", "demand", [1, 2])
    assert found["runAgain"] == {"COR-VER-01": ["sizes.py::test_sizes"]}


def test_another_remedy_is_a_wording_and_nothing_is_run_again(
    standard: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    standard.write(SUITE, TEST)
    assert standard.run("build") == 0
    draft(standard, "1.0-draft.1")
    standard.replace(EN, "Write a positive size.", "Write 1 or more.")
    found = compared(standard, capsys, "1.0-draft.1")
    assert [(each["id"], each["kind"]) for each in found["changes"]] == [("COR-VER-01", "wording")]
    assert found["runAgain"] == {}


def test_a_rewritten_test_is_run_again_though_no_requirement_changed(
    standard: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    standard.write(SUITE, TEST)
    assert standard.run("build") == 0
    draft(standard, "1.0-draft.1")
    standard.write(SUITE, "\n\n" + TEST)
    assert compared(standard, capsys, "1.0-draft.1")["runAgain"] == {}
    standard.write(SUITE, TEST.replace("> 0", ">= 1"))
    found = compared(standard, capsys, "1.0-draft.1")
    assert found["changes"] == []
    assert found["runAgain"] == {"COR-VER-01": ["sizes.py::test_sizes"]}


def test_new_and_withdrawn_requirements_are_told_apart(
    standard: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    draft(standard, "1.0-draft.1")
    for file in (EN, ZH):
        text = standard.read(file)
        standard.write(file, text.replace("COR-NET-01", "COR-NET-02"))
    found = compared(standard, capsys, "1.0-draft.1", "working")
    assert {each["id"]: each["kind"] for each in found["changes"]} == {
        "COR-NET-01": "withdrawn",
        "COR-NET-02": "added",
    }


def test_only_tests_of_the_profiles_that_are_held_are_run_again(
    standard: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    draft(standard, "1.0-draft.1")
    standard.write(SUITE, TEST)
    assert compared(standard, capsys, "1.0-draft.1", "--profile", "oip-rest")["runAgain"] == {}
    assert compared(standard, capsys, "1.0-draft.1", "--profile", "package")["runAgain"] != {}


def test_an_edition_that_is_not_there_is_named(standard: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert standard.run("diff", "0.9") == 2
    assert "found no edition '0.9', expected one of working" in capsys.readouterr().err


def gate(standard: Any, schema: dict[str, Any]) -> list[Problem]:
    """Return what the gate says of edition 1.1 with this schema."""
    standard.write("schemas/1.1/size.schema.json", json.dumps(schema))
    problems: list[Problem] = []
    check_gate(read_editions(standard.root), "1.1", PublishedFiles(standard.root / "schemas/1.1"), problems)
    return problems


def test_what_was_valid_under_1_0_is_valid_under_1_1(released: Any) -> None:
    schema = json.loads(released.read(SCHEMA))
    schema["$id"] = schema["$id"].replace("1.0", "1.1")
    assert gate(released, schema) == []
    schema["$defs"]["size"]["minimum"] = 4
    [problem] = gate(released, schema)
    assert problem.file == "schemas/1.1/size.schema.json"
    assert "refuses instance 0 of edition 1.0" in problem.found
    assert "loosen the schema" in problem.remedy


def test_a_definition_that_1_1_drops_fails_the_gate(released: Any) -> None:
    schema = json.loads(released.read(SCHEMA))
    schema["$defs"] = {"volume": {}}
    [problem] = gate(released, schema)
    assert "there is no 'size'" in problem.found


def test_a_draft_binds_no_later_schema(standard: Any) -> None:
    draft(standard, "1.0-draft.1")
    schema = json.loads(standard.read(SCHEMA))
    schema["$defs"]["size"]["minimum"] = 4
    assert gate(standard, schema) == []


def test_the_archive_depends_on_its_content_alone(released: Any, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<p>1.0</p>")
    first = pack_archive(released.root, "1.0", pages, tmp_path / "one").read_bytes()
    second = pack_archive(released.root, "1.0", pages, tmp_path / "two").read_bytes()
    assert first == second
    assert released.problems() == []
    with zipfile.ZipFile(tmp_path / "one" / "lepton-standard-1.0.zip") as archive:
        assert archive.read(EN) == (released.root / EN).read_bytes()
        assert archive.testzip() is None


def test_an_archive_is_made_from_the_commit_that_froze_the_edition(released: Any, tmp_path: Path) -> None:
    released.replace(EN, "# Core", "# The core")
    with pytest.raises(ArchiveError, match=r"found another spec/en/core\.md than edition 1\.0 froze"):
        pack_archive(released.root, "1.0", None, tmp_path)


def test_pages_of_an_archive_are_shown_only_when_its_digest_is_right(released: Any, tmp_path: Path) -> None:
    pages, site, archives = tmp_path / "pages", tmp_path / "site", tmp_path / "archives"
    (pages / "en").mkdir(parents=True)
    (pages / "en" / "index.html").write_text("<p>1.0</p>")
    archive = pack_archive(released.root, "1.0", pages, archives)
    index = json.loads(released.read(INDEX))
    assert unpack_archives(index, archives, site) == ["1.0"]
    assert (site / "1.0/en/index.html").read_text() == "<p>1.0</p>"
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    with pytest.raises(ArchiveError, match="other bytes"):
        unpack_archives(index, archives, site)


def test_the_editions_of_this_repository_are_in_the_order_of_their_dates() -> None:
    editions = read_editions(Path(__file__).resolve().parents[2])
    dates = [datetime.date.fromisoformat(each.date) for each in editions]
    assert dates
    assert dates == sorted(dates)
