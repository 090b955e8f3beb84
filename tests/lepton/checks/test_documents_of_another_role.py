"""A path that the manifest names as what it is not is one finding, and is read as what it is."""

from pathlib import Path
from typing import Any

import pytest

from lepton.validate import validate_package
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import external_draft, linear_draft


def found(draft: Any, tmp_path: Path) -> list[tuple[str, str]]:
    report = validate_package(draft.directory().write(tmp_path), level="quick")
    return [(one.requirement, one.pointer) for one in report.findings]


@pytest.mark.requirement("PKG-MAN-06")
@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"vectors": [VECTORS, CARD]}, "/vectors/1"),
        ({"vectors": [CARD]}, "/vectors/0"),
        ({"card": VECTORS}, "/card"),
    ],
)
def test_a_document_named_as_another_one_is_a_reference_that_leads_nowhere(
    members: dict[str, Any], pointer: str, tmp_path: Path
) -> None:
    draft = linear_draft()
    draft.manifest.update(members)
    assert found(draft, tmp_path) == [("PKG-MAN-06", pointer)]


@pytest.mark.requirement("PKG-MAN-04")
def test_a_path_that_stands_twice_in_a_list_is_no_matter_of_its_form(tmp_path: Path) -> None:
    draft = linear_draft()
    draft.manifest.update(vectors=[VECTORS, VECTORS])
    assert [key for key, _ in found(draft, tmp_path)] == ["PKG-MAN-04"]
    draft = external_draft()
    draft.manifest["artifacts"][0]["external"] *= 2
    assert [key for key, _ in found(draft, tmp_path / "external")] == ["PKG-MAN-04"]
