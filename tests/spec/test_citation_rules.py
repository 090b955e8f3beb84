"""Who cites what: unknown IDs fail, uncovered MUSTs fail, and a waiver ends."""

import json
from typing import Any

import pytest

EN = "spec/en/core.md"
CHECK = "reference_impl/lepton/checks/core.py"
TEST = "tests/test_net.py"
FORGE = "conformance/lepton_conformance/forge/faults.py"
MUTANT = "conformance/lepton_conformance/mutants/net.py"
WAIVERS = "spec/waivers.yml"
WAIVER = """\
- requirement: COR-NET-01
  lacks: {lacks}
  reason: planned
  expires: {expires}
  note: A test is being written.
"""


def test_the_table_names_check_test_and_mutant(standard: Any) -> None:
    table = json.loads(standard.read("schemas/1.0/traceability.json"))["requirements"]
    assert table == {
        "COR-VER-01": {"checks": [f"{CHECK}::positive"], "tests": [], "mutants": ["COR-VER-01/zero"]},
        "COR-NET-01": {"checks": [], "tests": [f"{TEST}::test_net"], "mutants": ["opens-connections"]},
    }


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (CHECK, '@check("COR-VER-01", "COR-VER-09")\ndef positive(package):\n    yield\n'),
        (TEST, '@requirement("COR-NET-01", needs=("COR-VER-09",))\ndef test_net():\n    pass\n'),
        (TEST, 'pytestmark = [requirement("COR-NET-01"), requirement("COR-VER-09")]\n'),
        (MUTANT, 'MUTANTS = (Mutant("a", breaks="COR-NET-01"), Mutant("b", breaks="COR-VER-09"))\n'),
        (MUTANT, 'class A:\n    breaks: str = "COR-NET-01"\n\nclass B:\n    breaks: str = "COR-VER-09"\n'),
        (CHECK, 'IDS = ("COR-VER-01", "COR-VER-09")\n\n\n@check(*IDS)\ndef positive(package):\n    yield\n'),
        (FORGE, 'V = (Violation("COR-VER-01", "zero", f), Violation("COR-VER-09", "one", f))\n'),
        ("reference_impl/lepton/tensor.py", '"""Spec: COR-VER-09."""\n'),
    ],
)
def test_citing_an_unknown_id_fails(standard: Any, file: str, text: str) -> None:
    standard.write(file, text)
    assert standard.run("build") == 0
    problems = [each for each in standard.problems() if "COR-VER-09" in each.found]
    assert len(problems) == 1
    for problem in problems:
        assert problem.file == file
        line = text.splitlines()[problem.line - 1]
        assert "COR-VER-09" in line or "*IDS" in line


@pytest.mark.parametrize(
    "file",
    [
        "spec/en/core.md",
        "spec/zh/core.md",
        "schemas/1.0/size.schema.json",
        "README.md",
        "CHANGELOG.md",
        "spec/decisions/0001-why.md",
        "kits/go/main.go",
    ],
)
def test_mentioning_an_unknown_id_anywhere_fails(standard: Any, file: str) -> None:
    before = standard.read(file) if (standard.root / file).exists() else ""
    line = '{"$comment": "COR-VER-09"}' if file.endswith("json") else "\nSee COR-VER-09.\n"
    standard.write(file, line if file.endswith("json") else before + line)
    found = [each.found for each in standard.problems() if each.file == file]
    own = "the identifier COR-VER-09"  # which the English chapter does not have either
    mention = "a mention of COR-VER-09, which no block of spec/en defines"
    assert (own if file == "spec/zh/core.md" else mention) in found


def test_a_record_of_the_past_may_name_a_withdrawn_id(standard: Any) -> None:
    lock = "schemas/1.0/requirements.lock"
    standard.write(lock, standard.read(lock) + "COR-OLD-01 3 withdrawn\n")
    standard.run("build")
    standard.write("CHANGELOG.md", "Withdrew COR-OLD-01.\n")
    assert standard.problems() == []
    standard.write("README.md", "See COR-OLD-01.\n")
    assert [each.file for each in standard.problems()] == ["README.md"]


@pytest.mark.parametrize("file", ["spec/en/core.md", "spec/waivers.yml", "README.md", CHECK])
def test_a_file_that_is_not_utf8_is_one_line_and_exit_code_2(standard: Any, file: str, capsys: Any) -> None:
    (standard.root / file).write_bytes(b"# caf\xe9\n")
    assert standard.run("check") == 2
    assert capsys.readouterr().err.endswith(
        "found byte 0xe9 at offset 5, expected UTF-8; save the file as UTF-8\n"
    )


def test_a_file_that_is_no_python_fails(standard: Any) -> None:
    standard.write(CHECK, '@check("COR-VER-01")\ndef positive(:\n')
    assert any(each.file == CHECK and each.line == 2 for each in standard.problems())


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (CHECK, "no check or test that cites COR-VER-01 (MUST, package)"),
        (TEST, "no check or test that cites COR-NET-01 (MUST NOT, server)"),
        (MUTANT, "no mutant that breaks COR-NET-01 (MUST NOT, server)"),
        (FORGE, "no mutant that breaks COR-VER-01 (MUST, package)"),
    ],
)
def test_a_must_without_evidence_fails(standard: Any, file: str, found: str) -> None:
    (standard.root / file).unlink()
    assert standard.run("build") == 0
    assert [each.found for each in standard.problems()] == [found]


@pytest.mark.parametrize("argument", ["*IDS", "IDS", '"COR-VER-01"', '("COR-VER-01",)'])
def test_a_list_with_a_name_is_a_citation(standard: Any, argument: str) -> None:
    standard.write(
        CHECK, f'IDS = ("COR-VER-01",)\n\n\n@check({argument})\ndef positive(package):\n    yield\n'
    )
    assert standard.run("build") == 0
    assert standard.problems() == []


def test_a_should_needs_no_evidence(standard: Any) -> None:
    (standard.root / CHECK).unlink()
    for before, after in (("`MUST` `package`", "`SHOULD` `package`"), ("size MUST be", "size SHOULD be")):
        standard.replace(EN, before, after)
    standard.replace("spec/zh/core.md", "大小必须为正", "大小应为正")
    standard.run("build", "--draft")
    assert [each.warning for each in standard.problems()] == [True]  # Only the translation's source.


@pytest.mark.parametrize(("file", "lacks"), [(TEST, "test"), (MUTANT, "mutant")])
def test_a_waiver_excuses_until_it_expires(standard: Any, file: str, lacks: str) -> None:
    (standard.root / file).unlink()
    assert standard.run("build") == 0
    standard.write(WAIVERS, WAIVER.format(lacks=lacks, expires="2027-01-01"))
    assert standard.problems() == []
    standard.write(WAIVERS, WAIVER.format(lacks=lacks, expires="2026-12-31"))
    problems = standard.problems()
    assert [each.found for each in problems] == [f"a waiver that expired of COR-NET-01 ({lacks}, 2026-12-31)"]
    assert (problems[0].file, problems[0].line) == (WAIVERS, 1)


def test_a_waiver_for_more_than_half_a_year_fails(standard: Any) -> None:
    (standard.root / TEST).unlink()
    assert standard.run("build") == 0
    standard.write(WAIVERS, WAIVER.format(lacks="test", expires="2027-07-04"))
    assert standard.problems() == []
    standard.write(WAIVERS, WAIVER.format(lacks="test", expires="2027-07-05"))
    assert [each.found for each in standard.problems()] == [
        "a waiver for too long of COR-NET-01 (test, 2027-07-05)"
    ]


def test_a_stale_waiver_fails(standard: Any) -> None:
    standard.write(WAIVERS, "# Why.\n" + WAIVER.format(lacks="test", expires="2027-06-01"))
    problems = standard.problems()
    assert [(each.line, each.found) for each in problems] == [
        (2, "a waiver of COR-NET-01 (test), which needs none")
    ]


def test_a_waiver_of_an_unknown_id_fails(standard: Any) -> None:
    waiver = WAIVER.format(lacks="test", expires="2027-06-01").replace("COR-NET-01", "COR-NET-77")
    standard.write(WAIVERS, waiver)
    assert [each.found for each in standard.problems()] == ["a waiver of COR-NET-77 (test), which needs none"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("planned", "because"),
        ("lacks: test", "lacks: time"),
        ("2027-06-01", "soon"),
        ("  note: A test is being written.\n", ""),
        ("note: A test is being written.", "note: ''"),
        ("- requirement", "- id: 1\n  requirement"),
    ],
)
def test_a_malformed_waiver_fails(standard: Any, before: str, after: str) -> None:
    (standard.root / TEST).unlink()
    standard.run("build")
    waiver = WAIVER.format(lacks="test", expires="2027-06-01")
    assert before in waiver
    standard.write(WAIVERS, waiver.replace(before, after))
    assert any(each.found == "a malformed waiver" for each in standard.problems())


@pytest.mark.parametrize("text", ["a: [", "just: a mapping\n"])
def test_a_file_of_waivers_that_is_no_list_fails(standard: Any, text: str) -> None:
    standard.write(WAIVERS, text)
    assert [each.file for each in standard.problems()] == [WAIVERS]
