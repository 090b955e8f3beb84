"""The lock: a wording changes only with its revision, and an ID is never used twice."""

import json
from typing import Any

import pytest

EN = "spec/en/core.md"
LOCK = "schemas/1.0/requirements.lock"


def test_a_changed_text_without_a_raised_revision_fails(standard: Any) -> None:
    standard.replace(EN, "be positive.", "be positive and odd.")
    problem = next(each for each in standard.problems() if not each.warning)
    assert problem.line == standard.line(EN, "### COR-VER-01")
    assert "another wording of COR-VER-01" in problem.found
    assert problem.expected.startswith("revision 2, or the wording")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("`MUST NOT` `server`", "`MUST NOT` `runtime`"),
        ("profiles: oip-rest, inference-rest", "profiles: inference-rest"),
        ("not even these", "not even those"),
        ("to itself", "to others"),
    ],
)
def test_whatever_binds_is_part_of_the_wording(standard: Any, before: str, after: str) -> None:
    standard.replace(EN, before, after)
    assert any("another wording of COR-NET-01" in each.found for each in standard.problems())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A server MUST NOT open connections,\n> not", "A server MUST NOT\n> open connections, not"),
        ("*Remedy:* Close them.", "*Remedy:* Close all of them."),
        ("COR-NET-01: Network", "COR-NET-01: The network"),
    ],
)
def test_wrapping_remedy_and_title_are_no_part_of_it(standard: Any, before: str, after: str) -> None:
    standard.replace(EN, before, after)
    assert {each.found for each in standard.problems()} == {"a generated file that is out of date"}


def test_build_refuses_a_changed_text_and_writes_nothing(standard: Any) -> None:
    before = standard.read(LOCK), standard.read("schemas/1.0/requirements.json")
    standard.replace(EN, "be positive.", "be positive and odd.")
    assert standard.run("build") == 1
    assert before == (standard.read(LOCK), standard.read("schemas/1.0/requirements.json"))


def test_a_raised_revision_is_locked(standard: Any) -> None:
    standard.replace(EN, "be positive.", "be positive and odd.")
    standard.replace(EN, "`rev 1`", "`rev 2`")
    assert standard.run("build") == 0
    assert "COR-VER-01 2 " in standard.read(LOCK)
    assert [each.warning for each in standard.problems()] == [True]  # The translation is stale now.


@pytest.mark.parametrize("revision", ["rev 1", "rev 3", "rev 4"])
def test_a_revision_that_does_not_count_changes_fails(standard: Any, revision: str) -> None:
    standard.replace(EN, "rev 2", revision)
    assert any("of COR-NET-01" in each.found and not each.warning for each in standard.problems())


def test_a_removed_requirement_stays_withdrawn_and_its_id_is_spent(standard: Any) -> None:
    text = standard.read(EN)
    standard.write(EN, text[: text.index("### COR-NET-01")])
    chinese = standard.read("spec/zh/core.md")
    standard.write("spec/zh/core.md", chinese[: chinese.index("### COR-NET-01")])
    for file in ("tests/test_net.py", "conformance/lepton_conformance/mutants/net.py"):
        (standard.root / file).unlink()
    assert standard.run("build") == 0
    assert standard.problems() == []
    assert "COR-NET-01 2 withdrawn\n" in standard.read(LOCK)
    assert "COR-NET-01" not in standard.read("schemas/1.0/requirements.json")
    standard.write(EN, text)
    assert any("COR-NET-01, which was withdrawn at revision 2" in each.found for each in standard.problems())
    assert standard.run("build") == 1


def test_a_draft_is_locked_anew_on_demand_and_a_release_is_not(standard: Any) -> None:
    standard.replace(EN, "be positive.", "be positive and odd.")
    assert standard.run("build", "--draft") == 0
    assert "COR-VER-01 1 " in standard.read(LOCK)
    standard.replace(LOCK, "# Lepton 1.0, draft\n", "# Lepton 1.0, released\n")
    standard.replace(EN, "be positive and odd.", "be positive and even.")
    assert standard.run("build", "--draft") == 1
    standard.replace(EN, "`rev 1`", "`rev 2`")
    assert standard.run("build") == 0
    assert standard.read(LOCK).startswith("# Lepton 1.0, released\n")


@pytest.mark.parametrize("line", ["COR-VER-01", "COR-VER-01 one abc", "COR-NET-01 2 abc"])
def test_a_malformed_or_doubled_line_of_the_lock_fails(standard: Any, line: str) -> None:
    standard.write(LOCK, standard.read(LOCK) + line + "\n")
    assert any(each.file == LOCK and each.found == f"the line {line!r}" for each in standard.problems())


@pytest.mark.parametrize("name", ["requirements.json", "requirements.lock", "traceability.json"])
def test_a_generated_file_that_was_edited_fails(standard: Any, name: str) -> None:
    file = f"schemas/1.0/{name}"
    standard.write(file, standard.read(file) + "\n")
    assert [(each.file, each.found) for each in standard.problems()] == [
        (file, "a generated file that is out of date")
    ]


def test_a_missing_generated_file_fails(standard: Any) -> None:
    (standard.root / "schemas/1.0/traceability.json").unlink()
    assert [each.found for each in standard.problems()] == ["no generated file"]


def test_building_twice_gives_the_same_bytes(standard: Any) -> None:
    before = {
        path: path.read_bytes() for path in sorted((standard.root / "schemas").rglob("*.*")) if path.is_file()
    }
    assert standard.run("build") == 0
    assert before == {path: path.read_bytes() for path in before}


def test_the_published_entry_holds_text_remedy_and_translation(standard: Any) -> None:
    entries = json.loads(standard.read("schemas/1.0/requirements.json"))["requirements"]
    assert [each["id"] for each in entries] == ["COR-VER-01", "COR-NET-01"]
    entry = entries[1]
    assert entry["text"] == "A server MUST NOT open connections,\nnot even these:\n\n- to itself"
    assert (entry["rev"], entry["level"], entry["role"]) == (2, "MUST NOT", "server")
    assert (entry["profiles"], entry["verify"]) == (["oip-rest", "inference-rest"], ["test"])
    assert entry["zh"]["title"] == "网络"
    assert entry["zh"]["source"] == entry["digest"][:12]
