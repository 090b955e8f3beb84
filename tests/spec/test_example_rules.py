"""Schema pointers resolve, and every tagged example validates, or does not, as its tag says."""

from typing import Any

import pytest

EN = "spec/en/core.md"


@pytest.mark.parametrize(
    "pointer",
    [
        "size.schema.json#/$defs/width",
        "width.schema.json#/$defs/size",
        "size.schema.json#/$defs/size/minimum/0",
    ],
)
def test_a_schema_pointer_that_leads_nowhere_fails(standard: Any, pointer: str) -> None:
    standard.replace(EN, "`schema: size.schema.json#/$defs/size`", f"`schema: {pointer}`")
    problem = next(each for each in standard.problems() if "schema pointer" in each.found)
    assert problem.line == standard.line(EN, "### COR-VER-01")
    assert pointer in problem.found


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("```json\n3\n", "```json\n-3\n", "an example that is invalid (-3 is less than the minimum of 1"),
        ("```json\n0\n", "```json\n7\n", "an example that is valid"),
        ("```json\n3\n", "```json\nthree\n", "an example that is not JSON"),
        (
            "example: valid size.schema.json#/$defs/size",
            "example: valid size.schema.json#/$defs/x",
            "the schema ",
        ),
        ("example: valid size", "example: vald size", "the tag "),
        ("```json\n3\n```", "\n```json\n3\n```", "the tag "),
    ],
)
def test_an_example_unlike_its_tag_fails(standard: Any, before: str, after: str, found: str) -> None:
    standard.replace(EN, before, after)
    problems = standard.problems()
    assert len(problems) == 1
    assert problems[0].found.startswith(found)
    assert "<!-- example" in standard.read(EN).splitlines()[problems[0].line - 1]
