"""A replay that dies, hangs or prints ends in a verdict about the package, and the validator goes on."""

import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from lepton.errors import RuntimeRefusal
from lepton.finding import Verdict
from lepton.package import open_package
from lepton.validate import validate, validate_package
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


def test_an_engine_that_dies_beside_other_threads_is_a_finding(tmp_path: Path) -> None:
    """A fork would keep locks that other threads hold: another interpreter is started."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        report = validate_package(deadly_draft().directory().write(tmp_path), level="full")
    finally:
        over.set()
        thread.join()
    assert [one.requirement for one in report.findings] == ["PKG-VEC-04"], report.findings
    assert "SIGFPE" in report.findings[0].message


def test_on_a_terminal_an_engine_that_dies_ends_in_a_verdict_and_its_exit_code(tmp_path: Path) -> None:
    """The line of progress has a thread of its own."""
    package = deadly_draft().directory().write(tmp_path)
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "lepton", "validate", str(package)]
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=slave, stderr=slave, stdin=slave, env=environment)
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 65536):
            seen += piece
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(master)
    assert process.wait(60) == 1, seen
    assert b"fail" in seen
    assert b"SIGFPE" in seen


def test_one_process_replays_many_packages_and_survives_a_deadly_one(tmp_path: Path) -> None:
    drafts = [linear_draft(), deadly_draft(), linear_draft()]
    paths = [draft.directory().write(tmp_path / str(at)) for at, draft in enumerate(drafts)]
    report, unread = validate(paths, level="full")
    assert not unread
    assert [one.verdict for one in report.packages] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]


def test_a_process_that_was_ended_is_started_again(tmp_path: Path) -> None:
    with open_package(linear_draft().directory().write(tmp_path)) as package, apart.Apart() as process:
        process.replay(package)
        os.kill(process.process, signal.SIGKILL)
        with pytest.raises(RuntimeRefusal, match="ended from outside"):
            process.replay(package)
        assert process.replay(package).outcomes


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


def children() -> set[str]:
    """Return the processes that this one has started and not seen the end of."""
    threads = Path("/proc/self/task").iterdir()
    return {child for thread in threads for child in (thread / "children").read_text().split()}


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
    before = children()
    report = validate_package(
        draft.put(MODEL, model.SerializeToString()).directory().write(tmp_path), level="full"
    )
    assert not report.findings, report.findings[0].message
    assert "more than 3 seconds" in report.not_checked["PKG-VEC-04"]
    assert report.verdict is not Verdict.PASS
    assert children() == before


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
