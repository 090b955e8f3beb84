"""Numbers, IDs of requirements and names set as code are the same in both languages, beside blocks too."""

from typing import Any

import pytest

EN, ZH = "spec/en/core.md", "spec/zh/core.md"
ENGLISH = "\n## Limits\n\nAt most 1,024 bytes of `path` (COR-NET-01), 2^16 names.\n"
CHINESE = "\n## 上限\n\n`path` 至多 1,024 字节（COR-NET-01），2^16 个名称。\n"


@pytest.fixture(autouse=True)
def limits(standard: Any) -> None:
    """Add a section beside the blocks to both languages."""
    standard.write(EN, standard.read(EN) + ENGLISH)
    standard.write(ZH, standard.read(ZH) + CHINESE)


def found(standard: Any) -> list[str]:
    return [each.found for each in standard.problems() if not each.warning and each.file == ZH]


def test_two_languages_that_say_the_same_pass(standard: Any) -> None:
    assert found(standard) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("1,024", "1,025", ["no number 1,024 in the section '上限'", "the number 1,025"]),
        ("COR-NET-01），", "），", ["no identifier COR-NET-01 in the section '上限'"]),
        (
            "`path`",
            "`paths`",
            ["no name set as code path in the section '上限'", "the name set as code paths"],
        ),
        ("大小必须为正", "大小必须为正且小于 7", ["the number 7"]),
        ("\n## 上限\n", "\n", ["1 headings beside those of blocks"]),
    ],
)
def test_a_translation_that_says_another_thing_fails(
    standard: Any, before: str, after: str, expected: list[str]
) -> None:
    standard.replace(ZH, before, after)
    assert found(standard) == expected


def test_a_stale_block_of_a_draft_may_have_old_numbers(standard: Any) -> None:
    source = next(line for line in standard.read(ZH).splitlines() if "source:" in line)
    standard.replace(ZH, source, "> `source: 0123456789ab`")
    standard.replace(ZH, "大小必须为正", "大小必须大于 7")
    assert found(standard) == []


def test_a_message_says_where_both_stand(standard: Any) -> None:
    standard.replace(ZH, "1,024", "1,025")
    missing, extra = (each for each in standard.problems() if each.file == ZH and not each.warning)
    assert missing.line == standard.line(ZH, "## 上限")
    assert f"{EN}:{standard.line(EN, '1,024')}" in missing.expected
    assert extra.line == standard.line(ZH, "1,025")
