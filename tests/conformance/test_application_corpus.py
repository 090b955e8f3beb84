"""The reference validator on application documents: what is sound passes, what is broken is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lepton_spec
from lepton.checks import examples
from lepton.cli import main
from lepton.validate import validate_package
from lepton_conformance.forge import ValidPackage, Violation
from lepton_conformance.forge.__main__ import main as forge_main
from lepton_conformance.forge.application_faults import APPLICATION_FAULTS
from lepton_conformance.forge.application_pictures import image_classification
from lepton_conformance.forge.applications import (
    APPLICATION,
    APPLICATION_DRAFTS,
    VALID_APPLICATIONS,
    two_tasks,
)
from lepton_conformance.forge.package import VECTORS
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.strategies.documents import mutated

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


def reasons(report: dict[str, Any]) -> dict[str, str]:
    return {one["requirement"]: one["reason"] for one in report["notChecked"]}


def checkable() -> set[str]:
    return {
        key
        for key, entry in lepton_spec.requirements().items()
        if entry["chapter"] == "application" and entry["role"] == "package"
    }


@pytest.mark.parametrize("package", VALID_APPLICATIONS, ids=lambda one: one.name)
def test_a_sound_application_passes_and_everything_is_checked(
    package: ValidPackage, tmp_path: Path, judge: Judge
) -> None:
    code, report = judge(package.forge().write(tmp_path), "--profile", "application")
    assert named(report) == []
    assert (code, report["verdict"]) == (0, "pass")
    assert checkable() <= set(report["checked"])


def test_every_registered_task_has_a_sound_package() -> None:
    tasks = json.loads(lepton_spec.path("tasks.json").read_bytes())["tasks"]
    assert {one["task"] for one in tasks} <= {package.name for package in VALID_APPLICATIONS}


def test_the_answers_of_examples_are_those_of_the_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [
        str(package.forge().write(tmp_path, package.name))
        for package in VALID_APPLICATIONS
        if package.name in ("image-classification", "object-detection", "forecasting")
    ]
    assert main(["validate", *paths, "--profile", "application", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["suite"]["profile"] == "application"
    assert [one["verdict"] for one in report["packages"]] == ["pass"] * 3


@pytest.mark.parametrize("violation", APPLICATION_FAULTS, ids=lambda one: f"{one.requirement}-{one.name}")
def test_a_violation_gives_exactly_its_requirement(
    violation: Violation, tmp_path: Path, judge: Judge
) -> None:
    code, report = judge(violation.forge().write(tmp_path))
    found = named(report)
    assert [one[0] for one in found] == [violation.requirement] * violation.findings, found
    binding = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
    assert (code, report["verdict"]) == ((1, "fail") if binding else (0, "pass"))
    assert not reasons(report).keys() & set(report["checked"])
    assert checkable() <= reasons(report).keys() | set(report["checked"])


def test_every_requirement_on_packages_is_seen_violated() -> None:
    assert {violation.requirement for violation in APPLICATION_FAULTS} == checkable()


def test_nothing_is_said_of_tasks_where_no_document_is_listed(tmp_path: Path, judge: Judge) -> None:
    code, report = judge(linear_draft().directory().write(tmp_path))
    assert code == 0
    assert not checkable() & (set(report["checked"]) | reasons(report).keys())


def test_the_profile_asks_for_a_document(tmp_path: Path, judge: Judge) -> None:
    code, report = judge(linear_draft().directory().write(tmp_path), "--profile", "application")
    assert code == 1
    assert [(one[0], one[1], one[2]) for one in named(report)] == [("APP-DOC-01", "lepton.json", "/files")]
    assert reasons(report)["APP-EXA-05"] == "blocked by APP-DOC-01"


def test_a_fault_of_one_task_leaves_the_other_judged(tmp_path: Path, judge: Judge) -> None:
    def change(document: Any) -> None:
        first, second = document["tasks"]
        first["request"][0]["input"] = "nothing"
        second["examples"][0]["answer"]["rows"][0]["omitted"] = 0

    draft = two_tasks().edit(APPLICATION, change)
    _, report = judge(draft.directory().write(tmp_path))
    assert [(one[0], one[2]) for one in named(report)] == [
        ("APP-BND-02", "/tasks/0/request/0/input"),
        ("APP-EXA-05", "/tasks/1/examples/0/answer/rows/0/omitted"),
    ]


def test_an_altered_document_hides_the_chapter(tmp_path: Path, judge: Judge) -> None:
    path = image_classification().directory().write(tmp_path)
    file = path / APPLICATION
    file.write_bytes(file.read_bytes().replace(b"dark", b"bark"))
    _, report = judge(path)
    assert {one[0] for one in named(report)} == {"PKG-DIG-03"}
    assert reasons(report)["APP-DOC-02"] == "blocked by PKG-DIG-03"
    assert reasons(report)["APP-EXA-04"].startswith("blocked by")


def test_a_broken_vectors_document_hides_the_examples_on_it(tmp_path: Path, judge: Judge) -> None:
    draft = image_classification().edit(VECTORS, lambda document: document.update(note="x"))
    _, report = judge(draft.directory().write(tmp_path))
    assert [one[0] for one in named(report)] == ["PKG-VEC-02"]
    assert reasons(report)["APP-EXA-03"] == "blocked by PKG-VEC-02"
    assert reasons(report)["APP-EXA-05"].startswith("blocked by")


def test_endless_bindings_are_a_limit_of_this_validator(
    tmp_path: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MAX_ELEMENTS", 3)
    code, report = judge(image_classification().directory().write(tmp_path))
    assert (code, report["verdict"], named(report)) == (3, "inconclusive", [])
    assert "the limit of this validator" in reasons(report)["APP-EXA-05"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_document_says_it_is_judged(data: st.DataObject, tmp_path_factory: Any) -> None:
    draft = APPLICATION_DRAFTS[data.draw(st.sampled_from(sorted(APPLICATION_DRAFTS)))]()
    document = data.draw(mutated(json.loads(draft.member(APPLICATION).data)))
    written = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    path = draft.put(APPLICATION, written).directory().write(tmp_path_factory.mktemp("mutated"))
    report = validate_package(path, level="quick")
    broken = {one.requirement for one in report.findings}
    assert all(one.startswith("APP-") for one in broken), broken
    assert checkable() <= broken | set(report.checked) | report.not_checked.keys()


def test_the_packages_are_written_for_validators_in_other_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forge_main(["--application", str(tmp_path / "corpus")]) == 0
    index = Path(capsys.readouterr().out.strip())
    entries = json.loads(index.read_text(encoding="utf-8"))["packages"]
    assert sum(one["valid"] for one in entries) == len(VALID_APPLICATIONS)
    assert {one["requirement"] for one in entries if not one["valid"]} == checkable()
    assert all((index.parent / one["path"]).exists() for one in entries)
