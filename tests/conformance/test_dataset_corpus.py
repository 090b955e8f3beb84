"""The reference validator on the forge's data sets: what is valid passes, what is broken is named, once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import lepton_spec
from lepton.cli import main
from lepton.datasets import validate_dataset
from lepton_conformance.forge import Violation, datasets
from lepton_conformance.forge.__main__ import main as write_forged
from lepton_conformance.forge.dataset_draft import DataDraft
from lepton_conformance.forge.datasets import DATASET_VIOLATIONS, DATASETS


@pytest.mark.parametrize("level", ["quick", "full"])
@pytest.mark.parametrize("name", DATASETS)
def test_a_valid_data_set_passes(name: str, level: str, tmp_path: Path) -> None:
    report = validate_dataset(DATASETS[name]().directory().write(tmp_path), level=level)
    assert report.findings == ()
    assert report.verdict == "pass"


@pytest.mark.requirement("DAT-VAL-01")
@pytest.mark.parametrize("violation", DATASET_VIOLATIONS, ids=lambda one: f"{one.requirement}-{one.name}")
def test_a_violation_is_named_once_and_nothing_else_is(violation: Violation, tmp_path: Path) -> None:
    binding = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
    folder = violation.forge().write(tmp_path)
    report = validate_dataset(folder, level="full")
    found = [(one.requirement, one.file, one.pointer, one.message) for one in report.findings]
    assert [one[0] for one in found] == [violation.requirement] * violation.findings, found
    assert report.verdict == ("fail" if binding else "pass")
    assert violation.requirement not in report.not_checked
    if violation.full:
        quick = validate_dataset(folder, level="quick")
        assert quick.findings == ()
        assert violation.requirement in quick.not_checked
    shutil.rmtree(folder)


def test_every_requirement_on_data_sets_that_can_be_checked_is_seen_violated() -> None:
    checkable = {
        identifier
        for identifier, requirement in lepton_spec.requirements().items()
        if requirement["role"] == "dataset"
    }
    assert {violation.requirement for violation in DATASET_VIOLATIONS} == checkable


def test_every_requirement_on_data_sets_is_checked_or_listed(tmp_path: Path) -> None:
    known = {name for name, one in lepton_spec.requirements().items() if one["role"] == "dataset"}
    for violation in DATASET_VIOLATIONS:
        if violation.name in ("absent", "twice", "removed"):
            report = validate_dataset(violation.forge().write(tmp_path, violation.name), level="full")
            assert {*report.checked, *report.not_checked} == known, violation
            assert not {*report.checked} & {*report.not_checked}
            shutil.rmtree(tmp_path / violation.name)


@pytest.mark.parametrize("name", DATASETS)
def test_forging_is_byte_stable(name: str) -> None:
    assert DATASETS[name]().directory() == DATASETS[name]().directory()


def test_data_sets_are_written_with_an_index_that_tells_the_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [one for one in DATASET_VIOLATIONS if one.varies][::12]
    monkeypatch.setattr(datasets, "DATASET_VIOLATIONS", some)
    folder = tmp_path / "data"
    assert write_forged([str(folder), "--data"]) == 0
    index = json.loads((folder / "datasets.json").read_text())["datasets"]
    assert len(index) == len(DATASETS) + len(some)
    for entry in index:
        report = validate_dataset(folder / entry["path"], level="full")
        assert report.verdict == ("pass" if entry["valid"] else entry["verdict"])
    assert write_forged([str(folder), "--data"]) == 2
    assert "is there already" in capsys.readouterr().err


def _judged(draft: DataDraft, folder: Path) -> Any:
    return validate_dataset(draft.directory().write(folder), level="full")


@pytest.mark.requirement("DAT-VAL-01")
def test_a_table_that_is_elsewhere_makes_the_verdict_inconclusive(tmp_path: Path) -> None:
    draft = DATASETS["least"]()
    document = draft.sealed()
    document["distribution"][0]["contentUrl"] = "https://example.org/rows.csv"
    report = _judged(DataDraft(document, {}), tmp_path)
    assert report.verdict == "inconclusive"
    assert report.not_checked["DAT-SPL-02"] == "the file of the record set is not in the folder"


def test_a_table_that_is_elsewhere_and_listed_with_its_digest_is_read(tmp_path: Path) -> None:
    draft = DATASETS["least"]()
    document = draft.sealed()
    document["distribution"][0]["contentUrl"] = "https://example.org/rows.csv"
    draft = DataDraft(document, {"copies/rows.csv": draft.files["rows.csv"]}, {"copies/rows.csv": "data"})
    report = _judged(draft, tmp_path)
    assert (report.verdict, report.findings) == ("pass", ())


def test_a_record_set_that_is_not_readable_is_allowed_and_its_splits_are_not_checked(tmp_path: Path) -> None:
    draft = DATASETS["least"]()
    field = draft.document["recordSet"][0]["field"][0]
    field["source"]["transform"] = {"regex": "(.*)"}
    draft.document["@context"] |= {"transform": "cr:transform", "regex": "cr:regex"}
    report = _judged(draft, tmp_path)
    assert report.findings == ()
    assert set(report.not_checked) == {"DAT-SPL-02"}


def test_a_link_in_the_folder_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"x\n1\n2\n")
    folder = DATASETS["least"]().directory().write(tmp_path)
    (folder / "rows.csv").unlink()
    (folder / "rows.csv").symlink_to(secret)
    report = validate_dataset(folder, level="full")
    assert [one.requirement for one in report.findings] == ["DAT-LAY-03"]
    assert report.not_checked["DAT-REC-02"].startswith("blocked by")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "html"])
def test_the_command_recognises_a_data_set_in_every_format(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = DATASETS["rich"]().directory().write(tmp_path)
    (folder / "more.csv").write_bytes(b"x\n")
    assert main(["validate", str(folder), "--format", form]) == 1
    assert "DAT-LAY-04" in capsys.readouterr().out


def test_the_report_names_the_profile_and_the_identity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = DATASETS["least"]().directory().write(tmp_path)
    (folder / "rows.csv").write_bytes(b"x\n1\n")
    assert main(["validate", str(folder / "croissant.json"), "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["suite"]["profile"] == "data"
    assert report["packages"][0]["identity"].startswith("sha256:")
    assert report["packages"][0]["findings"][0]["requirement"] == "DAT-DST-04"


def test_a_folder_without_a_document_is_judged_as_a_data_set_when_asked(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"x\n")
    assert main(["validate", str(tmp_path), "--profile", "data", "--format", "json"]) == 1


def test_nothing_at_the_path_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "none"), "--profile", "data"]) == 2
    assert "there is nothing" in capsys.readouterr().err
