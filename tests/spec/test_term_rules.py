"""One word for one thing: a refused variant of a term breaks the build and names the term."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pages.words import badge
from specification.vocabulary import PROFILES, ROLES

ROOT = Path(__file__).resolve().parents[2]
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
    standard.write(ZH, f"{standard.read(ZH)}\n`dimension`\n")
    assert standard.problems() == []


def test_a_malformed_table_fails(standard: Any) -> None:
    standard.write("spec/terms.yml", "- {en: size}\n")
    (problem,) = standard.problems()
    assert problem.file == "spec/terms.yml"
    assert "malformed" in problem.found


def test_badges_of_roles_are_the_terms() -> None:
    terms = {each["en"]: each["zh"] for each in yaml.safe_load((ROOT / "spec/terms.yml").read_bytes())}
    roles = [role for role in ROLES if role in terms]
    assert "producer" in roles
    assert {role: badge("zh", role) for role in roles} == {role: terms[role] for role in roles}


@pytest.mark.parametrize("file", [EN, ZH])
def test_the_chapter_conformance_lists_every_profile(file: str) -> None:
    chapter = (ROOT / file).with_name("conformance.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", chapter, re.MULTILINE)
    assert sorted(set(PROFILES) & set(listed)) == sorted(PROFILES)
