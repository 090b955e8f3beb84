"""One word for one thing: a refused variant of a term breaks the build and names the term."""

from typing import Any

import pytest

EN, ZH = "spec/en/core.md", "spec/zh/core.md"
TABLE = "- {en: size, zh: 大小, not: {en: [dimension], zh: [尺寸]}}\n"


@pytest.mark.parametrize(
    ("file", "line", "found", "expected"),
    [
        (EN, "The dimension counts.", "'dimension'", "'size' (size)"),
        (EN, "Dimension first.", "'Dimension'", "'size' (size)"),
        (ZH, "写出尺寸。", "'尺寸'", "'大小' (size)"),
    ],
)
def test_a_refused_variant_fails(standard: Any, file: str, line: str, found: str, expected: str) -> None:
    standard.write("spec/terms.yml", TABLE)
    standard.write(file, standard.read(file) + f"\n{line}\n")
    (problem,) = standard.problems()
    assert (problem.file, problem.line) == (file, standard.line(file, line))
    assert problem.found == f"the word {found}"
    assert problem.expected.startswith(expected)
    assert "as code" in problem.remedy


def test_a_variant_in_code_in_a_link_or_within_a_word_is_left_alone(standard: Any) -> None:
    standard.write("spec/terms.yml", TABLE)
    text = "`dimension` and [there](dimension.md), dimensional\n\n```\ndimension\n```\n"
    standard.write(EN, f"{standard.read(EN)}\n{text}")
    assert standard.problems() == []


def test_a_malformed_table_fails(standard: Any) -> None:
    standard.write("spec/terms.yml", "- {en: size}\n")
    (problem,) = standard.problems()
    assert problem.file == "spec/terms.yml"
    assert "malformed" in problem.found
