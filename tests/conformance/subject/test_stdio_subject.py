"""An adapter that crashes, hangs, talks garbage or too much: each has one outcome, and the suite goes on."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lepton_conformance.outcome import AdapterFault, SubjectFault, SubjectGone
from lepton_conformance.subject import lines
from lepton_conformance.subject.http import Unreachable
from lepton_conformance.subject.stdio import Inferred, LoadedModel, Rejection, StdioSubject, command_of

HELLO = (
    '{"lepton":"1.0","protocol":1,"name":"t","version":"1",'
    '"capabilities":{"datatypes":["FP32"],"formats":["onnx"]}}'
)
PROGRAM = """
import json, os, sys, time
def say(text):
    print(text, flush=True)
"""


def subject(tmp_path: Path, body: str, *, hello: str | None = HELLO, seconds: float = 1.0) -> StdioSubject:
    """Start a small adapter; `body` runs for each request, which it has as `r`."""
    greeting = f"say({hello!r})\n" if hello is not None else ""
    loop = "for line in sys.stdin:\n    r = json.loads(line)\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )
    program = tmp_path / "adapter.py"
    program.write_text(PROGRAM + greeting + loop, encoding="utf-8")
    return StdioSubject([sys.executable, str(program)], hello_seconds=10.0, answer_seconds=seconds)


@pytest.mark.requirement("CNF-VER-03")
@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "7",
        '{"id": 99}',
        '{"id": "1"}',
        "{}",
        '{"id": true}',
        '{"id": 1, "id": 1} {',
        '{"id": 1, "x": NaN}',
    ],
)
def test_garbage_is_a_fault_of_the_adapter(tmp_path: Path, line: str) -> None:
    found = subject(tmp_path, f"say({line!r})")
    with pytest.raises(AdapterFault):
        found.ask("load", path="/x")
    found.close()


def test_crash_is_gone_with_its_signal_and_last_words_and_the_next_request_is_served(tmp_path: Path) -> None:
    body = """
if r["op"] == "load":
    sys.stderr.write("out of tensors\\n"); sys.stderr.flush(); os.abort()
say(json.dumps({"id": r["id"]}))
""".strip()
    found = subject(tmp_path, body)
    with pytest.raises(SubjectGone, match=r"signal SIGABRT.*out of tensors"):
        found.ask("load", path="/x")
    assert found.responds()
    assert found.ask("shutdown") == {"id": 2}
    found.close()


def test_silence_is_gone_within_the_bound_and_the_process_ends(tmp_path: Path) -> None:
    found = subject(tmp_path, "time.sleep(60)", seconds=0.3)
    process = found._process
    with pytest.raises(SubjectGone, match="no answer within"):
        found.ask("load", path="/x")
    assert not process.alive
    assert found.recorder.failing[-1].transport == "stdio"
    found.close()


def test_adapter_that_does_not_read_is_gone(tmp_path: Path) -> None:
    program = tmp_path / "deaf.py"
    program.write_text(f"import time\nprint({HELLO!r}, flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    found = StdioSubject([sys.executable, str(program)], answer_seconds=0.3)
    with pytest.raises(SubjectGone):
        found.ask("load", path="x" * 1_000_000)
    found.close()


def test_endless_line_is_a_fault_of_the_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1 << 20)
    found = subject(tmp_path, "while True: sys.stdout.write('x' * 65536)", seconds=20.0)
    with pytest.raises(AdapterFault, match="a line goes on"):
        found.ask("load", path="/x")
    found.close()


def test_flood_on_standard_error_blocks_nobody(tmp_path: Path) -> None:
    found = subject(
        tmp_path, "sys.stderr.write('e' * 5_000_000)\nsay(json.dumps({'id': r['id']}))", seconds=20
    )
    assert found.ask("shutdown") == {"id": 1}
    found.close()


def test_memory_is_bounded(tmp_path: Path) -> None:
    body = (
        "try:\n    b = bytearray(16 << 30)\nexcept MemoryError: os._exit(9)\nsay(json.dumps({'id': r['id']}))"
    )
    found = subject(tmp_path, body, seconds=20)
    with pytest.raises(SubjectGone, match="exit status 9"):
        found.ask("load", path="/x")
    found.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/nowhere/adapter"], "cannot start"),
        (
            [sys.executable, "-c", "import sys; sys.exit('no engine here')"],
            "exit status 1; it said: no engine",
        ),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "said no hello"),
    ],
)
def test_program_without_a_hello_is_unreachable(command: list[str], words: str) -> None:
    with pytest.raises(Unreachable, match=words):
        StdioSubject(command, hello_seconds=2.0)


@pytest.mark.parametrize("locator", ["python:module", "python:", "exec:", "exec:'open"])
def test_malformed_locator_is_unreachable(locator: str) -> None:
    with pytest.raises(Unreachable):
        command_of(locator)


@pytest.mark.parametrize(
    "outputs",
    [
        "null",
        '[{"name":"y","datatype":"FP32","shape":[1],"data":"AAA="}]',
        '[{"name":"y","datatype":"FP32","shape":[1],"data":"!"}]',
        '[{"name":"y","datatype":"FLOAT","shape":[1],"data":"AAAAAA=="}]',
        '[{"name":"y","datatype":"FP32","shape":[-1],"data":"AAAAAA=="}]',
        '[{"name":"y","datatype":"FP32","shape":[4294967296,4294967296],"data":""}]',
        '[{"name":"y","datatype":"BOOL","shape":[1],"data":"Ag=="}]',
        '[{"name":"y","datatype":"BYTES","shape":[1],"data":"/////w=="}]',
        '[{"name":7,"datatype":"FP32","shape":[],"data":"AAAAAA=="}]',
        '[{"name":"y","datatype":"BF16","shape":[1],"data":"AAA="}]',
    ],
)
def test_wrong_tensor_in_an_answer_is_the_subjects_fault(tmp_path: Path, outputs: str) -> None:
    found = subject(tmp_path, f'say(\'{{"id": %d, "outputs": {outputs}}}\' % r["id"])')
    with pytest.raises(SubjectFault):
        found.infer(LoadedModel("m", (), ()), {"x": np.zeros((1,), dtype=np.float32)})
    found.close()


HOSTED = """
import numpy as np
class Model:
    def infer(self, inputs):
        print("a print of the runtime")
        if "boom" in inputs: raise ValueError("boom is no input")
        if "lack" in inputs: raise NotImplementedError("lack")
        if "list" in inputs: return {"y": [1.0]}
        inputs["x"][0] = 7
        return {"y": inputs["x"]}
    def close(self): pass
class Runtime:
    name, version = "hosted", "1"
    def load(self, path): return Model()
"""


@pytest.fixture
def hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StdioSubject:
    (tmp_path / "hosted_runtime.py").write_text(HOSTED, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return StdioSubject(command_of("python:hosted_runtime:Runtime"))


def test_hosted_object_is_watched_and_its_prints_do_not_reach_the_protocol(hosted: StdioSubject) -> None:
    model = hosted.load(hosted.file("m.onnx", b"anything"))
    assert isinstance(model, LoadedModel)
    found = hosted.infer(model, {"x": np.array([1.0, 2.0], dtype=np.float32)})
    assert isinstance(found, Inferred)
    assert found.changed_inputs == ("x",)
    assert found.outputs["y"].tolist() == [7.0, 2.0]
    assert hosted.shutdown() == 0
    hosted.close()


def test_exception_of_a_hosted_object_is_a_rejection_with_a_code(hosted: StdioSubject) -> None:
    model = hosted.load(hosted.file("m.onnx", b"anything"))
    assert isinstance(model, LoadedModel)
    one = np.zeros((1,), dtype=np.float32)
    codes = {name: hosted.infer(model, {name: one}) for name in ("boom", "lack", "list")}
    assert codes == {
        "boom": Rejection("INVALID_INPUT", "ValueError: boom is no input"),
        "lack": Rejection("UNSUPPORTED", "NotImplementedError: lack"),
        "list": Rejection("INTERNAL", "output 'y' is a list, expected an ndarray"),
    }
    hosted.close()


@pytest.mark.parametrize("target", ["no_such_module:X", "hosted_runtime:Nothing"])
def test_object_that_is_not_there_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    (tmp_path / "hosted_runtime.py").write_text(HOSTED, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unreachable, match="cannot get"):
        StdioSubject(command_of(f"python:{target}"))
