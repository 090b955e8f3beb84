"""The reference validator on assurance documents: what is sound passes, what is broken is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lepton_spec
from lepton.checks.assurance import TEXTS
from lepton.cli import main
from lepton_conformance.forge import ValidPackage, Violation
from lepton_conformance.forge.assurance_faults import ASSURANCE_FAULTS
from lepton_conformance.forge.assurances import VALID_ASSURANCES
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.valid import linear_draft

Judge = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def judge(capsys: pytest.CaptureFixture[str]) -> Judge:
    """Run `lepton validate` at the level quick and return the exit code and the package's report."""

    def run(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
        code = main(["validate", str(path), "--level", "quick", "--format", "json", *options])
        (package,) = json.loads(capsys.readouterr().out)["packages"]
        return code, package

    return run


def named(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(one["requirement"], one["file"], one["pointer"], one["message"]) for one in report["findings"]]


def checkable() -> set[str]:
    return {
        key
        for key, entry in lepton_spec.requirements().items()
        if entry["chapter"] == "assurance" and entry["role"] == "package"
    }


@pytest.mark.parametrize("package", VALID_ASSURANCES, ids=lambda one: one.name)
def test_a_sound_document_passes_and_everything_is_checked(
    package: ValidPackage, tmp_path: Path, judge: Judge
) -> None:
    code, report = judge(package.forge().write(tmp_path), "--profile", "assurance")
    assert named(report) == []
    assert (code, report["verdict"]) == (0, "pass")
    assert checkable() <= set(report["checked"])


@pytest.mark.parametrize("violation", ASSURANCE_FAULTS, ids=lambda one: f"{one.requirement}-{one.name}")
def test_a_violation_gives_exactly_its_requirement(
    violation: Violation, tmp_path: Path, judge: Judge
) -> None:
    code, report = judge(violation.forge().write(tmp_path))
    found = named(report)
    assert [one[0] for one in found] == [violation.requirement] * violation.findings, found
    binding = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
    assert (code, report["verdict"]) == ((1, "fail") if binding else (0, "pass"))
    listed = {one["requirement"] for one in report["notChecked"]}
    assert not listed & set(report["checked"])
    assert checkable() <= listed | set(report["checked"])


def test_every_requirement_on_packages_is_seen_violated() -> None:
    assert {one.requirement for one in ASSURANCE_FAULTS} == checkable()


def test_a_package_without_a_document_is_judged_only_when_the_profile_is_asked_for(
    tmp_path: Path, judge: Judge
) -> None:
    path = linear_draft().directory().write(tmp_path)
    code, report = judge(path)
    assert code == 0
    assert not [one for one in (*report["checked"], *report["notChecked"]) if "ASR" in str(one)]
    code, report = judge(path, "--profile", "assurance")
    assert [one[:3] for one in named(report)] == [("ASR-DOC-01", "lepton.json", "/files")]
    assert code == 1
    reasons = {one["requirement"]: one["reason"] for one in report["notChecked"]}
    assert {reasons[one] for one in checkable() - {"ASR-DOC-01"}} == {"blocked by ASR-DOC-01"}


def test_a_document_that_was_altered_is_not_judged(tmp_path: Path, judge: Judge) -> None:
    path = VALID_ASSURANCES[0].forge().write(tmp_path)
    document = path / "assurance.json"
    document.write_bytes(document.read_bytes().replace(b"2026-11-24", b"2026-11-31"))
    _, report = judge(path)
    assert [one[0] for one in named(report)] == ["PKG-DIG-03"]
    reasons = {one["requirement"]: one["reason"] for one in report["notChecked"]}
    assert {reasons[one] for one in checkable() - {"ASR-DOC-01"}} == {"blocked by PKG-DIG-03"}


def test_a_card_that_cannot_be_read_leaves_the_document_judged_by_itself(
    tmp_path: Path, judge: Judge
) -> None:
    path = VALID_ASSURANCES[0].forge().write(tmp_path)
    (path / CARD).unlink()
    _, report = judge(path)
    assert [one[0] for one in named(report)] == ["PKG-DIG-01"]
    reasons = {one["requirement"]: one["reason"] for one in report["notChecked"]}
    hidden = {"ASR-DOC-04", "ASR-PRV-02", "ASR-PRV-04", *(f"ASR-BIA-{at:02}" for at in range(2, 7))}
    assert {one for one in checkable() if one in reasons} == hidden
    assert "ASR-BIA-07" in report["checked"]


def texts_of_the_schema() -> set[str]:
    """Return the names of members that the schema refers to as human text or statements, itself included."""
    found: set[str] = set()
    texts = ("common.schema.json#/$defs/text", "card.schema.json#/$defs/statement")

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            for name, child in node.get("properties", {}).items():
                if isinstance(child, dict) and child.get("$ref") in texts:
                    found.add(name)
            for child in node.values():
                walk(child)

    walk(lepton_spec.schema("assurance"))
    return found


def test_the_members_searched_for_the_default_language_are_those_of_the_schema() -> None:
    assert texts_of_the_schema() == TEXTS


@pytest.mark.parametrize("first", [True, False])
def test_a_path_listed_in_two_roles_is_one_finding(first: bool, tmp_path: Path, judge: Judge) -> None:
    draft = linear_draft()
    manifest = draft.sealed()
    (card,) = [one for one in manifest["files"] if one["role"] == "card"]
    again = {**card, "role": "assurance"}
    draft.manifest["files"] = [again, *manifest["files"]] if first else [*manifest["files"], again]
    _, report = judge(draft.directory().write(tmp_path))
    # Listed last, the role of the assurance document is the one that counts, and the card has none.
    assert [one[0] for one in named(report)] == ["PKG-MAN-05", "PKG-MAN-06"][: 1 if first else 2]
    reasons = {one["requirement"]: one["reason"] for one in report["notChecked"]}
    assert {reasons[one] for one in checkable()} == {"blocked by PKG-MAN-05"}
