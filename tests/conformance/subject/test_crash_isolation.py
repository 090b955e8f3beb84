"""A runtime that dies, hangs or eats memory fails what is under test, is started again; the run goes on."""

from pathlib import Path

import numpy as np
import pytest

from lepton_conformance import certify
from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.outcome import SubjectGone
from lepton_conformance.subject.http import Unreachable
from lepton_conformance.subject.locate import locate
from lepton_conformance.subject.stdio import Inferred, LoadedModel, Rejection, StdioSubject, command_of

#: A correct engine until an identity meets what TRIGGER says; what it does then, BAD says.
ENGINE = """
import os, time
import numpy as np
from lepton_conformance.mutants.engine import Engine

def ballast():  # a few mebibytes at a time, each page written
    kept = []
    while len(kept) < 4096:
        kept.append(np.ones(1 << 20))

class Runtime(Engine):
    name, version, operators = "fragile", "1", []
    datatypes = ["FP32"]
    def copy(self, value):
        if (TRIGGER).any():
            BAD
        return value.copy()
"""
ONE = np.array([[1.0]], dtype=np.float32)
BAD = np.array([[666.0]], dtype=np.float32)


def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, bad: str, trigger: str = "value == 666") -> str:
    source = ENGINE.replace("TRIGGER", trigger).replace("BAD", bad)
    (folder / "fragile_runtime.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "python:fragile_runtime:Runtime"


def answer(
    found: StdioSubject, x: "np.ndarray[tuple[int, int], np.dtype[np.float32]]"
) -> Inferred | Rejection:
    loaded = found.alone("lepton_id_fp32", model_bytes(model("lepton_id_fp32")))
    assert isinstance(loaded, LoadedModel)
    return found.infer(loaded, {"x": x})


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("os._exit(0)", "exit status 0"),
        ("time.sleep(60)", "no answer within"),
    ],
)
def test_next_call_after_a_loss_is_answered_by_a_new_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str, words: str
) -> None:
    found = StdioSubject(command_of(engine(tmp_path, monkeypatch, bad)), answer_seconds=2.0)
    with pytest.raises(SubjectGone, match=words):
        answer(found, BAD)
    again = answer(found, ONE)
    assert isinstance(again, Inferred)
    assert again.outputs["y"].tolist() == [[1.0]]
    found.close()


@pytest.mark.parametrize(
    "bad",
    ["ballast()", "try: ballast()\n            except MemoryError: os._exit(9)"],
    ids=["raises", "ends"],
)
def test_memory_beyond_the_limit_is_refused_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    found = StdioSubject(command_of(engine(tmp_path, monkeypatch, bad)), memory_bytes=1 << 30)
    if "_exit" in bad:
        with pytest.raises(SubjectGone, match="exit status 9"):
            answer(found, BAD)
    else:
        refused = answer(found, BAD)
        assert isinstance(refused, Rejection)
        assert "Memory" in refused.message
    assert isinstance(answer(found, ONE), Inferred)
    found.close()


def test_crash_fails_what_was_under_test_and_the_other_requirements_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = engine(tmp_path, monkeypatch, "os.abort()", trigger="np.isnan(value)")
    wanted = ("RUN-NUM-03", "RUN-ISO-02", "RUN-ADP-06")
    report = certify.run(source, only=wanted, max_examples=0, memory_bytes=2 << 30).report
    found = {entry["id"]: entry for entry in report["requirements"] if entry["id"] in wanted}
    assert {identifier: entry["verdict"] for identifier, entry in found.items()} == {
        "RUN-NUM-03": "fail",
        "RUN-ISO-02": "pass",
        "RUN-ADP-06": "pass",
    }
    assert "SIGABRT" in found["RUN-NUM-03"]["tests"][0]["failure"]["message"]


def test_memory_of_a_server_is_not_the_suites_to_limit() -> None:
    with pytest.raises(Unreachable, match="memory limit"):
        locate("http://127.0.0.1:9", memory_bytes=1 << 30)
