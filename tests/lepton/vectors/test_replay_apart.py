"""A replay that dies, hangs or prints ends in a verdict about the package, and the validator goes on."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from lepton.finding import Verdict
from lepton.validate import validate_package
from lepton.vectors import apart
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import MODEL, Case, build_package, onnx_artifact
from lepton_conformance.forge.valid import linear_draft

SMALLEST = -(2**31)


def integers(operator: str) -> bytes:
    """Return a model of one node that divides INT32 tensors."""
    values = [helper.make_tensor_value_info(name, 6, ["N", 3]) for name in ("x", "z", "y")]
    graph = helper.make_graph([helper.make_node(operator, ["x", "z"], ["y"])], "g", values[:2], values[2:])
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def deadly_draft() -> Draft:
    """Return a package whose last vector makes onnxruntime's Div trap: the smallest integer over -1."""
    whole = np.array([[7, -8, 9], [1, 2, 3]], "<i4")
    smallest = np.full((2, 3), SMALLEST, "<i4")
    cases = [
        Case("plain", {"x": whole, "z": whole}, {"y": whole // whole}),
        Case("smallest", {"x": smallest, "z": np.full((2, 3), -1, "<i4")}, {"y": smallest}),
    ]
    shape = ["N", 3]
    return build_package(
        name="deadly",
        model=integers("Div"),
        inputs=[{"name": name, "datatype": "INT32", "shape": shape} for name in ("x", "z")],
        outputs=[{"name": "y", "datatype": "INT32", "shape": shape}],
        symbols={"N": {"min": 1, "max": 4}},
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": "smallest"}],
    )


@pytest.mark.parametrize("zipped", [False, True])
def test_an_engine_that_dies_is_a_finding(
    zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    draft = deadly_draft()
    report = validate_package(
        (draft.archive() if zipped else draft.directory()).write(tmp_path), level="full"
    )
    assert [one.requirement for one in report.findings] == ["PKG-VEC-04"], report.findings
    assert "SIGFPE" in report.findings[0].message
    assert report.verdict is Verdict.FAIL
    assert not list((tmp_path / "scratch").iterdir())


def test_the_artifact_whose_engine_dies_is_named(tmp_path: Path) -> None:
    """The other one is replayed all the same: its own answer is found wrong."""
    draft = deadly_draft()
    other = integers("Mod")
    draft.add("model/mod.onnx", other, "application/vnd.onnx", "artifact")
    draft.manifest["artifacts"].insert(0, {**onnx_artifact(other), "id": "mod", "entry": "model/mod.onnx"})
    report = validate_package(draft.directory().write(tmp_path), level="full")
    said = {one.message.split(",")[0]: one.message for one in report.findings}
    assert "died" in said["artifact 'onnx'"]
    assert "died" not in said["artifact 'mod'"]


def test_a_replay_without_an_end_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop of 2^62 rounds."""
    monkeypatch.setattr(apart, "REPLAY_SECONDS", 3.0)

    def scalar(name: str, kind: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [])

    body = helper.make_graph(
        [helper.make_node("Identity", ["still"], ["on"]), helper.make_node("Identity", ["inner"], ["outer"])],
        "body",
        [scalar("i", 7), scalar("still", 9), helper.make_tensor_value_info("inner", 1, ["N", 2])],
        [scalar("on", 9), helper.make_tensor_value_info("outer", 1, ["N", 2])],
    )
    draft = linear_draft()
    model = onnx.ModelProto.FromString(draft.member(MODEL).data)
    model.graph.node[-1].output[0] = "almost"
    model.graph.node.append(helper.make_node("Loop", ["rounds", "go", "almost"], ["y"], body=body))
    model.graph.initializer.append(helper.make_tensor("rounds", 7, [], [2**62]))
    model.graph.initializer.append(helper.make_tensor("go", 9, [], [True]))
    report = validate_package(
        draft.put(MODEL, model.SerializeToString()).directory().write(tmp_path), level="full"
    )
    assert not report.findings, report.findings[0].message
    assert "more than 3 seconds" in report.not_checked["PKG-VEC-04"]
    assert report.verdict is not Verdict.PASS
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("signalled", [signal.SIGKILL, signal.SIGTERM])
def test_an_end_from_outside_says_nothing_about_the_model(
    signalled: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine ends the largest process when memory is short."""

    def end(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signalled)

    monkeypatch.setattr("lepton.vectors.replay.replay", end)
    report = validate_package(linear_draft().directory().write(tmp_path), level="full")
    assert "did not suffice" in report.not_checked["PKG-VEC-04"]
    assert not report.findings


def test_a_child_that_says_nothing_or_nonsense_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lepton.vectors.replay.replay", lambda *_, **__: os._exit(0))
    report = validate_package(linear_draft().directory().write(tmp_path), level="full")
    assert "without a word" in report.not_checked["PKG-VEC-04"]


def test_what_an_engine_prints_is_no_part_of_the_report(tmp_path: Path) -> None:
    package = linear_draft().directory().write(tmp_path)
    script = (
        "import os, lepton.vectors.replay as r\n"
        "real = r.replay\n"
        "r.replay = lambda *a, **k: (os.write(1, b'noise'), real(*a, **k))[1]\n"
        "from lepton.cli import main\n"
        f"raise SystemExit(main(['validate', {str(package)!r}]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "noise" not in ran.stdout
    assert "noise" in ran.stderr
    assert "pass" in ran.stdout
