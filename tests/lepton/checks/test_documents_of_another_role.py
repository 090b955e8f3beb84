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


@pytest.mark.requirement("PKG-MAN-05")
@pytest.mark.parametrize("profile", ["application", "assurance"])
@pytest.mark.parametrize("path", [CARD, VECTORS])
@pytest.mark.parametrize("first", [True, False])
def test_a_path_listed_again_as_the_document_of_a_profile_leaves_the_profile_unjudged(
    profile: str, path: str, first: bool, tmp_path: Path
) -> None:
    draft = linear_draft()
    files = draft.sealed()["files"]
    (entry,) = [one for one in files if one["path"] == path]
    again = {**entry, "role": profile}
    draft.manifest["files"] = [again, *files] if first else [*files, again]
    report = validate_package(draft.directory().write(tmp_path), level="quick")
    judged = {one.requirement[:3] for one in report.findings} | {one[:3] for one in report.checked}
    assert "PKG-MAN-05" in {one.requirement for one in report.findings}
    assert not judged & {"ASR"}
    # That the card agrees with the registered metrics is judged without the document.
    assert {one for one in report.checked if one.startswith("APP")} <= {"APP-MET-03"}
