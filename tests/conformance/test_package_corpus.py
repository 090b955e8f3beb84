"""The reference validator on the forge's corpus: what is valid passes, what is broken is named.

Each violating package breaks one requirement once; the validator names that requirement and nothing else.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lepton_spec
from lepton.cli import main
from lepton_conformance.forge import VALID, VIOLATIONS, Member, ValidPackage, Violation, wrap_model
from lepton_conformance.forge.__main__ import main as write_index
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.models import EXPORTED, ConformanceModel

Judge = Callable[..., tuple[int, dict[str, Any]]]
#: Judged with a replay: what only a replay shows, and one package of each requirement. The suite asks the
#: reference validator for all of them at both levels.
REPLAYED = [
    *(one for one in VIOLATIONS if one.full),
    *{one.requirement: one for one in reversed(VIOLATIONS)}.values(),
]


@pytest.fixture
def judge(capsys: pytest.CaptureFixture[str]) -> Judge:
    """Run `lepton validate` on one package and return the exit code and the package's report."""

    def run(path: Path, level: str = "full") -> tuple[int, dict[str, Any]]:
        code = main(["validate", str(path), "--level", level, "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        (package,) = report["packages"]
        return code, package

    return run


def shown(findings: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(f["requirement"], f["file"], f["pointer"], f["message"]) for f in findings]


@pytest.mark.parametrize("level", ["quick", "full"])
@pytest.mark.parametrize("package", VALID, ids=lambda package: package.name)
def test_a_valid_package_passes(package: ValidPackage, level: str, tmp_path: Path, judge: Judge) -> None:
    code, report = judge(package.forge().write(tmp_path), level)
    assert shown(report["findings"]) == []
    assert (code, report["verdict"]) == (0, "pass")


@pytest.mark.parametrize("model", EXPORTED, ids=lambda model: model.name)
def test_a_conformance_model_as_a_package_passes(
    model: ConformanceModel, tmp_path: Path, judge: Judge
) -> None:
    code, report = judge(wrap_model(model).directory().write(tmp_path, model.name))
    assert shown(report["findings"]) == []
    assert (code, report["verdict"]) == (0, "pass")


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda one: f"{one.requirement}-{one.name}")
def test_a_violation_is_named_once_and_nothing_else_is(
    violation: Violation, tmp_path: Path, judge: Judge
) -> None:
    binding = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
    level = "full" if violation in REPLAYED else "quick"
    code, report = judge(violation.forge().write(tmp_path), level)
    assert [found[0] for found in shown(report["findings"])] == [
        violation.requirement
    ] * violation.findings, shown(report["findings"])
    assert (code, report["verdict"]) == ((1, "fail") if binding else (0, "pass"))


@pytest.mark.parametrize("violation", [one for one in VIOLATIONS if one.full], ids=lambda one: one.name)
def test_what_only_a_replay_shows_is_not_checked_without_one(
    violation: Violation, tmp_path: Path, judge: Judge
) -> None:
    _, report = judge(violation.forge().write(tmp_path), "quick")
    assert shown(report["findings"]) == []
    assert violation.requirement in {each["requirement"] for each in report["notChecked"]}


def test_every_requirement_on_packages_that_can_be_checked_is_seen_violated() -> None:
    checkable = {
        identifier
        for identifier, requirement in lepton_spec.requirements().items()
        if requirement["role"] == "package"
        and requirement["chapter"] in ("core", "package")
        and {"schema", "check"} & set(requirement["verify"])
        and identifier != "PKG-ART-11"
    }
    assert {violation.requirement for violation in VIOLATIONS} == checkable


@pytest.mark.parametrize("package", VALID, ids=lambda package: package.name)
def test_forging_is_byte_stable(package: ValidPackage) -> None:
    assert package.forge() == package.forge()


def test_the_largest_number_of_files_is_accepted(tmp_path: Path, judge: Judge) -> None:
    """65,535 files, the manifest included, make ZIP64 end records necessary and are still a package."""
    draft = linear_draft()
    left = 65_535 - 1 - len(draft.members)
    draft.members += [Member(f"many/{number:05d}", b"", "text/plain", "other") for number in range(left)]
    code, report = judge(draft.archive().write(tmp_path), "quick")
    assert shown(report["findings"]) == []
    assert code == 0


def test_the_corpus_is_written_with_an_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "corpus"
    assert write_index([str(folder)]) == 0
    index = json.loads((folder / "corpus.json").read_text())
    assert len(index["packages"]) == len(VALID) + len(VIOLATIONS)
    assert all((folder / entry["path"]).exists() for entry in index["packages"])
    assert write_index([str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err
