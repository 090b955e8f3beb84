"""The contract of `lepton validate`: exit codes, output, refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lepton.cli import main
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.valid import linear_draft, vision_draft

FOUR_FAULTS = {
    "one flipped byte": "PKG-DIG-03",
    "one unlisted file": "PKG-LAY-06",
    "one wrong shape": "PKG-ART-03",
    "one wrong label count": "PKG-SIG-06",
}


def spoilt(fault: str, folder: Path) -> Path:
    draft: Draft = linear_draft()
    if fault == "one wrong shape":
        draft.manifest["signature"]["inputs"][0]["shape"][1] += 1
    if fault == "one wrong label count":
        draft.manifest["signature"]["outputs"][0]["labels"] = {"axis": 1, "names": {"en": ["a", "b", "c"]}}
    path = draft.directory().write(folder)
    if fault == "one flipped byte":
        data = bytearray((path / "model/model.onnx").read_bytes())
        data[len(data) // 2] ^= 1
        (path / "model/model.onnx").write_bytes(data)
    if fault == "one unlisted file":
        (path / "notes.txt").write_text("x")
    return path


def test_a_sound_package_exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for forged in (vision_draft().directory(), vision_draft().archive()):
        assert main(["validate", str(forged.write(tmp_path))]) == 0
        assert ": pass (full" in capsys.readouterr().out


@pytest.mark.parametrize("fault", FOUR_FAULTS)
@pytest.mark.parametrize("level", ["quick", "full"])
def test_each_of_four_faults_names_its_requirement_and_exits_1(
    tmp_path: Path, fault: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = spoilt(fault, tmp_path)
    assert main(["validate", str(path), "--level", level, "--format", "json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)["packages"]
    assert [one["requirement"] for one in report["findings"]] == [FOUR_FAULTS[fault]]
    assert report["findings"][0]["hint"]


def test_the_door_in_tools_takes_the_same_arguments(tmp_path: Path) -> None:
    door = Path(__file__).parents[3] / "tools/validate.py"
    path = spoilt("one flipped byte", tmp_path)
    done = subprocess.run(
        [sys.executable, str(door), str(path), "--level", "quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PKG-DIG-03" in done.stdout


def test_nothing_there_exits_2_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "absent")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_one_unreadable_path_does_not_hide_the_reports_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    assert main(["validate", str(tmp_path / "absent"), str(path), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert [one["verdict"] for one in json.loads(captured.out)["packages"]] == ["pass"]
    assert "absent" in captured.err


@pytest.mark.parametrize("suffix", ["directory", "lepton"])
def test_a_truncated_package_is_judged_and_fails(tmp_path: Path, suffix: str) -> None:
    if suffix == "lepton":
        path = linear_draft().archive().write(tmp_path)
    else:
        path = linear_draft().directory().write(tmp_path) / "lepton.json"
    path.write_bytes(path.read_bytes()[:500])
    assert main(["validate", str(path if suffix == "lepton" else path.parent)]) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--engine", "dask"], "local"),
        (["--profile", "inference-rest"], "package"),
        (["--output", "/nonexistent/report.json"], "no such directory"),
    ],
)
def test_what_is_not_possible_is_refused_with_what_is(
    tmp_path: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    assert main(["validate", str(path), *arguments]) == 2
    assert word in capsys.readouterr().err


def test_the_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = linear_draft().directory().write(tmp_path)
    target = tmp_path / "report.json"
    target.write_text("before")
    assert main(["validate", str(tmp_path / "absent"), "--format", "json", "-o", str(target)]) == 2
    assert target.read_text() == "before"
    assert main(["validate", str(path), "--format", "json", "-o", str(target)]) == 0
    assert json.loads(target.read_text())["packages"][0]["verdict"] == "pass"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["package", "report.json"]


@pytest.mark.requirement("PKG-VAL-01")
def test_an_executable_artifact_that_was_not_run_makes_the_verdict_inconclusive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = linear_draft()
    (only,) = draft.manifest["artifacts"]
    only["executable"] = True
    path = draft.directory().write(tmp_path)
    assert main(["validate", str(path), "--format", "json"]) == 3
    (report,) = json.loads(capsys.readouterr().out)["packages"]
    reasons = {one["requirement"]: one["reason"] for one in report["notChecked"]}
    assert "executable" in reasons["PKG-VEC-04"]
    assert "PKG-VEC-04" not in report["checked"]
    assert main(["validate", str(path), "--allow-executable"]) == 0
    assert main(["validate", str(path), "--level", "quick"]) == 0


@pytest.mark.requirement("PKG-DIG-05")
def test_the_identity_is_the_digest_of_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import hashlib

    path = linear_draft().directory().write(tmp_path)
    main(["validate", str(path), "--level", "quick", "--format", "json"])
    digest = hashlib.sha256((path / "lepton.json").read_bytes()).hexdigest()
    assert json.loads(capsys.readouterr().out)["packages"][0]["identity"] == f"sha256:{digest}"


def test_the_level_quick_loads_neither_numpy_nor_an_engine(tmp_path: Path) -> None:
    path = vision_draft().directory().write(tmp_path)
    program = (
        "import sys; from lepton.cli import main; code = main(['validate', '--level', 'quick', sys.argv[1]]);"
        "heavy = {'numpy', 'onnx', 'onnxruntime', 'torch', 'jsonschema_rs', 'importlib.metadata', 'yaml',"
        " 'dataclasses', 'tempfile', 'socket'}; sys.exit(f'{code} {heavy & set(sys.modules)}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == "0 set()\n"


def test_names_that_are_not_utf_8_are_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linear_draft().directory().write(tmp_path)
    (Path(os.fsdecode(os.fsencode(path) + b"/bad\xff"))).touch()
    for form in ("text", "json", "sarif", "junit", "html"):
        assert main(["validate", str(path), "--format", form]) == 1
        assert "PKG-LAY-02" in capsys.readouterr().out
