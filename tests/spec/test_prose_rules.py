"""Each rule of the English prose, seen to fail on a standard that is sound but for one place."""

from typing import Any

import pytest

EN = "spec/en/core.md"
HEADER = (
    "> `rev 1` `MUST` `package` `profiles: package` `verify: schema, check` "
    "`schema: size.schema.json#/$defs/size`"
)


def only(standard: Any) -> Any:
    problems = standard.problems()
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_standard_has_no_problems(standard: Any) -> None:
    assert standard.problems() == []
    assert standard.run("check", "--release") == 0


@pytest.mark.parametrize("keyword", ["MUST", "MUST NOT", "SHALL", "SHOULD", "MAY", "REQUIRED", "OPTIONAL"])
def test_a_keyword_outside_a_block_fails(standard: Any, keyword: str) -> None:
    standard.replace(EN, "The key words", f"Servers {keyword} read. The key words")
    problem = only(standard)
    assert (problem.file, problem.line) == (EN, 3)
    assert f"the BCP 14 keyword {keyword} outside a requirement block" in problem.found


@pytest.mark.parametrize(
    "mention", ["`MUST`", "must", "`a MUST b`", "<!-- MUST -->", "```\nMUST\n```", "MUSTARD"]
)
def test_a_mention_in_code_or_lower_case_passes(standard: Any, mention: str) -> None:
    standard.replace(EN, "The key words", f"{mention}\n\nThe key words")
    assert standard.problems() == []


def test_a_keyword_in_a_heading_fails(standard: Any) -> None:
    standard.replace(EN, "# Core", "# What MUST be")
    assert "outside a requirement block" in only(standard).found


def test_two_keywords_in_one_block_fail(standard: Any) -> None:
    standard.replace(EN, "be positive.", "be positive. It MAY be odd.")
    problem = only(standard)
    assert problem.line == standard.line(EN, "### COR-VER-01")
    assert problem.found == "2 BCP 14 keywords (MUST, MAY) in COR-VER-01"


def test_no_keyword_in_a_block_fails(standard: Any) -> None:
    standard.replace(EN, "A size MUST be", "A size is")
    assert only(standard).found == "0 BCP 14 keywords (none) in COR-VER-01"


def test_a_keyword_unlike_the_declared_one_fails(standard: Any) -> None:
    standard.replace(EN, "A size MUST be", "A size SHOULD be")
    problem = only(standard)
    assert problem.found == "the keyword SHOULD in the text of COR-VER-01"
    assert problem.expected == "MUST, as its header declares"


def test_a_keyword_wrapped_over_two_lines_is_read_as_one(standard: Any) -> None:
    standard.replace(EN, "A server MUST NOT open", "A server MUST\n> NOT open")
    standard.run("build")
    assert standard.problems() == []


def test_a_keyword_in_a_remedy_fails(standard: Any) -> None:
    standard.replace(EN, "Write a positive size.", "You MUST write a positive size.")
    problem = only(standard)
    assert problem.line == standard.line(EN, "*Remedy:* You")
    assert "in the remedy of COR-VER-01" in problem.found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (HEADER.replace("`rev 1` ", ""), "no rev"),
        (HEADER.replace("rev 1", "rev 0"), "the unknown item `rev 0`"),
        (HEADER.replace("`MUST` ", ""), "no level"),
        (HEADER.replace("`package` ", ""), "no role"),
        (HEADER.replace("`package` ", "`packages` "), "the unknown item `packages`"),
        (HEADER.replace("profiles: package", "profiles: pack"), "profiles pack (known: "),
        (HEADER.replace("schema, check", "schema, look"), "verify look (known: "),
        (HEADER.replace(" `schema: size.schema.json#/$defs/size`", ""), "without a schema pointer"),
        (HEADER.replace("`MUST`", "`MUST` `MUST`"), "two items for level"),
        (HEADER.replace("`MUST`", "MUST"), "words outside code spans"),
    ],
)
def test_a_malformed_header_fails(standard: Any, header: str, found: str) -> None:
    standard.replace(EN, HEADER, header)
    problem = only(standard)
    assert problem.line == standard.line(EN, header)
    assert found in problem.found


def test_a_heading_without_its_block_fails(standard: Any) -> None:
    standard.replace(EN, "### COR-NET-01", "### COR-NET-02: Nothing\n\n### COR-NET-01")
    assert only(standard).found == "no blockquote under the heading of COR-NET-02"


@pytest.mark.parametrize("heading", ["### COR-NET-1: Network", "### CORE-NET-01: Network", "### COR-NET-01"])
def test_a_malformed_heading_fails(standard: Any, heading: str) -> None:
    standard.replace(EN, "### COR-NET-01: Network", heading)
    problem = next(each for each in standard.problems() if each.line == standard.line(EN, heading))
    assert problem.found == f"the heading {heading!r}"


def test_a_block_without_a_remedy_fails(standard: Any) -> None:
    standard.replace(EN, "> *Remedy:* Close them.\n", "")
    assert only(standard).found == "no remedy in COR-NET-01"


def test_a_duplicate_block_fails(standard: Any) -> None:
    text = standard.read(EN)
    block = text[text.index("### COR-NET-01") :]
    standard.write(EN, text + "\n" + block)
    problem = only(standard)
    assert problem.found == "a second block of COR-NET-01"
    assert problem.expected == f"only the one at {EN}:{standard.line(EN, '### COR-NET-01')}"


def test_a_block_in_another_chapter_fails(standard: Any) -> None:
    standard.write(
        "spec/en/package.md", "# P\n\n" + standard.read(EN).partition("<!--")[0].partition("###")[2]
    )
    standard.replace("spec/en/package.md", " COR-VER-01", "### COR-VER-02")
    assert only(standard).found == "COR-VER-02 in the chapter package"


def test_an_unknown_chapter_fails(standard: Any) -> None:
    standard.write("spec/en/extra.md", "# Extra\n")
    assert only(standard).found == "the chapter 'extra'"


def test_a_message_says_file_line_found_expected_and_remedy(standard: Any, capsys: Any) -> None:
    standard.replace(EN, "A size MUST be", "A size SHOULD be")
    capsys.readouterr()
    assert standard.run("check") == 1
    assert (
        "spec/en/core.md:5: found the keyword SHOULD in the text of COR-VER-01, "
        "expected MUST, as its header declares; make header and text agree\n"
    ) in capsys.readouterr().out
