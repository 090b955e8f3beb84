"""The groups of operators in the chapter `runtime`, in both languages, are those that the suite judges."""

import re
from pathlib import Path

import pytest

from lepton_conformance.oracle.interval.registry import OPERATORS
from lepton_conformance.strategies.graphs import GROUPS, graph_cases
from lepton_conformance.subject import capabilities

ROOT = Path(__file__).resolve().parents[3]
#: Words in the table's cells that are no operators.
OTHER = {"BYTES"}


def listed(language: str) -> dict[str, set[str]]:
    """Return the operators of each group as the chapter's table names them."""
    text = (ROOT / "spec" / language / "runtime.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", text, re.MULTILINE)
    return {
        group: set(re.findall(r"[A-Z][A-Za-z0-9]+", cell)) - OTHER
        for group, cell in rows
        if group in capabilities.GROUPS and group != "blocks"
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_chapter_lists_the_operators_that_are_judged(language: str) -> None:
    found = listed(language)
    assert tuple(GROUPS) == capabilities.GROUPS
    assert set(found) == set(capabilities.GROUPS) - {"blocks"}
    for group, operators in found.items():
        judged = {name for case in graph_cases(group).boundary for name in case.graph.operators()}
        if group == "control":
            assert operators <= judged
            continue
        assert operators == judged


def test_oracle_knows_every_operator_of_the_chapter() -> None:
    assert set().union(*listed("en").values()) <= set(OPERATORS)
