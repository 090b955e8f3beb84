"""Which requirements are checked, which hide which, and what is said of the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import lepton_spec
from lepton.checks import ALL, REVIEWED, NotChecked, check, run
from lepton.checks.registry import MAX_FINDINGS, Stage
from lepton.finding import Finding
from lepton.package import Package, open_package
from lepton.validate import PROFILES, validate_package
from lepton_conformance.forge import VIOLATIONS
from lepton_conformance.forge.boundaries.open_questions import shaping_draft
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.valid import linear_draft, two_artifacts_draft


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    with open_package(linear_draft().directory().write(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("profile", PROFILES)
def test_every_requirement_on_packages_has_a_check_or_is_left_to_people(profile: str) -> None:
    wanted = {
        name
        for name, entry in lepton_spec.requirements().items()
        if entry["role"] == "package" and profile in entry["profiles"]
    }
    checked = {name for one in ALL for name in one.ids if one.profile == profile}
    reviewed = {name for name in wanted if lepton_spec.requirements()[name]["verify"] == ["review"]}
    assert checked | reviewed == wanted
    assert not checked & reviewed
    if profile == "package":
        assert reviewed == set(REVIEWED)


def test_a_vector_named_twice_leaves_the_artifacts_judged(tmp_path: Path) -> None:
    forge = next(one.forge for one in VIOLATIONS if (one.requirement, one.name) == ("PKG-MAN-05", "vector"))
    report = validate_package(forge().write(tmp_path), level="quick")
    assert [one.requirement for one in report.findings] == ["PKG-MAN-05"]
    assert "PKG-ART-03" in report.checked
    assert report.not_checked["PKG-VEC-03"] == "blocked by PKG-MAN-05"


def test_a_tensor_named_twice_hides_what_reads_tensors_by_name(tmp_path: Path) -> None:
    forge = next(one.forge for one in VIOLATIONS if (one.requirement, one.name) == ("PKG-MAN-05", "tensor"))
    report = validate_package(forge().write(tmp_path), level="quick")
    assert report.not_checked["PKG-PRO-02"] == "blocked by PKG-MAN-05"


def test_a_zip_that_cannot_be_followed_hides_the_paths_in_it(tmp_path: Path) -> None:
    forge = next(one.forge for one in VIOLATIONS if one.name == "bytes-between")
    report = validate_package(forge().write(tmp_path), level="quick")
    assert [one.requirement for one in report.findings] == ["PKG-ZIP-04"]
    assert report.not_checked["PKG-LAY-02"] == "blocked by PKG-ZIP-04"


def test_what_a_check_needs_is_judged_before_it() -> None:
    seen: set[str] = set()
    for one in ALL:
        assert set(one.needs) <= seen, f"{one.ids} comes before one of {one.needs}"
        seen |= set(one.ids)


def test_a_violated_prerequisite_blocks_and_is_named_through_a_chain(package: Package) -> None:
    @check("PKG-SIG-02")
    def cause(package: Package) -> Iterator[Finding]:
        yield Finding("PKG-SIG-02", "lepton.json", "", "found", "")

    @check("PKG-PRO-02", needs=("PKG-SIG-02",))
    def effect(package: Package) -> Iterator[Finding]:
        raise AssertionError("a blocked check is not run")
        yield

    @check("PKG-VEC-03", needs=("PKG-PRO-02",))
    def later(package: Package) -> Iterator[Finding]:
        raise AssertionError("a blocked check is not run")
        yield

    outcome = run(package, (cause, effect, later))
    assert [one.requirement for one in outcome.findings] == ["PKG-SIG-02"]
    assert outcome.checked == ("PKG-SIG-02",)
    assert outcome.not_checked == {
        "PKG-PRO-02": "blocked by PKG-SIG-02",
        "PKG-VEC-03": "blocked by PKG-SIG-02",
    }


def test_what_is_undecided_blocks_nothing_and_is_named_with_its_reason(package: Package) -> None:
    @check("PKG-ART-01")
    def cause(package: Package) -> Iterator[NotChecked]:
        yield NotChecked("PKG-ART-01", "too large")

    @check("PKG-ART-03", needs=("PKG-ART-01",))
    def effect(package: Package) -> Iterator[Finding]:
        raise AssertionError("a check without what it relies on is not run")
        yield

    @check("PKG-VEC-04", needs=("PKG-ART-03",))
    def later(package: Package) -> Iterator[Finding]:
        raise AssertionError("a check without what it relies on is not run")
        yield

    @check("PKG-ART-02", after=("PKG-ART-01",))
    def beside(package: Package) -> Iterator[Finding]:
        yield from ()

    outcome = run(package, (cause, effect, later, beside))
    assert outcome.checked == ("PKG-ART-02",)
    assert outcome.not_checked == {
        "PKG-ART-01": "too large",
        "PKG-ART-03": "PKG-ART-01 could not be judged: too large",
        "PKG-VEC-04": "PKG-ART-01 could not be judged: too large",
    }


def test_a_control_that_cannot_be_run_leaves_the_mutants_judged(tmp_path: Path) -> None:
    report = validate_package(shaping_draft().directory().write(tmp_path), level="full")
    assert not report.findings
    assert "PKG-VEC-12" in report.checked
    assert set(report.not_checked) - set(REVIEWED) == {"PKG-VEC-08"}


def test_what_could_not_be_judged_is_never_among_the_checked(package: Package) -> None:
    @check("PKG-ART-01", "PKG-ART-02")
    def half(package: Package) -> Iterator[Finding | NotChecked]:
        yield NotChecked("PKG-ART-02", "too large")

    outcome = run(package, (half,))
    assert outcome.checked == ("PKG-ART-01",)
    assert outcome.not_checked == {"PKG-ART-02": "too large"}


def test_a_flood_of_findings_ends_with_a_word(package: Package) -> None:
    @check("PKG-LAY-06", stage=Stage.CONTAINER)
    def flood(package: Package) -> Iterator[Finding]:
        for number in range(100_000):
            yield Finding("PKG-LAY-06", str(number), "", "found", "")

    findings = run(package, (flood,)).findings
    assert len(findings) == MAX_FINDINGS + 1
    assert "more than" in findings[-1].message


def test_two_faults_without_a_common_cause_are_both_found(tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / "extra").touch()
    model = path / "model/model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    report = validate_package(path, level="quick")
    assert {one.requirement for one in report.findings} == {"PKG-LAY-06", "PKG-DIG-03"}
    assert report.not_checked["PKG-ART-03"] == "blocked by PKG-DIG-03"
    assert report.not_checked["PKG-VEC-07"] == "blocked by PKG-DIG-03"


@pytest.mark.requirement("PKG-VAL-05")
def test_what_is_blocked_for_one_of_several_is_not_checked(tmp_path: Path) -> None:
    draft = two_artifacts_draft()
    entry = draft.manifest["artifacts"][1]["entry"]
    path = draft.put(entry, b"no model").directory().write(tmp_path)
    report = validate_package(path, level="quick")
    assert {(one.requirement, one.file) for one in report.findings} == {("PKG-ART-01", entry)}
    for name in ("PKG-ART-02", "PKG-ART-03", "PKG-ART-06"):
        assert report.not_checked[name] == "blocked by PKG-ART-01"
    assert "PKG-ART-01" in report.checked
    assert not report.not_checked.keys() & set(report.checked)


@pytest.mark.requirement("PKG-VAL-05")
def test_texts_of_a_card_that_is_not_read_are_not_checked(tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    (path / CARD).write_bytes(b"{}")
    assert validate_package(path, level="quick").not_checked["COR-TXT-01"] == "blocked by PKG-DIG-02"
