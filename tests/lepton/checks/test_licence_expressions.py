"""The grammar of licence expressions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.checks.licence import licence_fault


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "mit",
        "Apache-2.0 WITH LLVM-exception",
        "(MIT OR Apache-2.0) AND CC-BY-4.0",
        "GPL-2.0+",
        "( MIT )",
        "MIT  OR  Apache-2.0",
        "((MIT))",
        "LicenseRef-Own AND MIT",
        "(MIT OR (MIT AND MIT)) AND ( (MIT) )",
        # The grammar has no depth, and a manifest has room for this one.
        "(" * 500 + "MIT" + ")" * 500,
    ],
)
def test_accepts_expressions_of_the_grammar(expression: str) -> None:
    assert licence_fault(expression)[0] is None


@pytest.mark.parametrize(
    "expression",
    [
        "Apache 2.0", "MIT or Apache-2.0", "Apache-3.0", "MIT AND", "proprietary", "", " ", " MIT", "MIT ",
        "(MIT", "MIT)", "()", "AND", "MIT WITH", "MIT WITH MIT", "MIT AND AND MIT", "NONE", "NOASSERTION",
        "DocumentRef-x:LicenseRef-y", "LicenseRef-", "MIT/Apache-2.0", "MIT\tOR MIT", "MITOR MIT",
        "(MIT)(MIT)",
        "(" * 100 + "MIT" + ")" * 99, "(MIT) WITH LLVM-exception",
    ],
)  # fmt: skip
def test_refuses_everything_else_and_says_why(expression: str) -> None:
    assert licence_fault(expression)[0]


def test_names_the_references() -> None:
    assert licence_fault("LicenseRef-A OR (MIT AND LicenseRef-b.2)")[1] == ["LicenseRef-A", "LicenseRef-b.2"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["MIT", " ", "(", ")", "AND", "OR", "WITH", "+", "LicenseRef-x", "é", "\n"])))
def test_never_raises(parts: list[str]) -> None:
    licence_fault("".join(parts))
