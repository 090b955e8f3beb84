"""`lepton pack` and `lepton run`, as typed: what they print, what they write, how they end."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from lepton.cli import main

GRAPH = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,2] x) => (float[N,3] scores, string[N,1] text, int64[N] best)
<float[2,3] w = {1, 2, 3, 4, 5, 7}, string[1,1] word = {"é"}> {
    scores = MatMul(x, w)
    best = ArgMax <axis = 1, keepdims = 0> (scores)
    shape = Shape <start = 0, end = 1> (x)
    one = Constant <value_ints = [1]> ()
    size = Concat <axis = 0> (shape, one)
    text = Expand(word, size)
}"""
RECIPE = """
lepton: "1.0"
id: model
version: 1.0.0
language: en
title: {en: Model}
description: {en: For tests.}
license: MIT
symbols: {N: {min: 1, max: 8}}
signature:
  outputs:
    - {name: scores, labels: {axis: 1, names: {en: [low, middle, high]}}}
card:
  intendedUse: {en: Tests.}
  outOfScopeUse: {en: All else.}
  limitations: {notProvided: {en: It is a test.}}
  personalData: {status: none}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.onnx").write_bytes(onnx.parser.parse_model(GRAPH).SerializeToString())
    (tmp_path / "recipe.yml").write_text(RECIPE)
    np.save(tmp_path / "x.npy", np.array([[1, 1], [1, -1]], np.float32))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def package(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["pack", "model.onnx", "-o", "model.lepton"]) == 0
    capsys.readouterr()
    return folder / "model.lepton"


def test_pack_says_what_it_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "model.onnx", "-o", "model.lepton"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "identity   sha256:",
        "oracle     onnx.reference",
        "exposed    weights-reversed by",
        "text: exact",
    ):
        assert words in printed


def test_pack_without_a_recipe_says_what_to_write(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "recipe.yml").unlink()
    assert main(["pack", "model.onnx", "-o", "model.lepton"]) == 2
    assert "found no recipe" in capsys.readouterr().err
    assert not (folder / "model.lepton").exists()


def test_run_prints_values_and_labels(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "model.lepton", "--input", "x=x.npy"]) == 0
    printed = capsys.readouterr().out
    assert "scores: FP32 [2, 3]" in printed
    assert "5, 7, 10, -3, -3, -4" in printed
    assert "largest: high, low" in printed


def test_run_prints_json_as_the_protocol_has_it(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("x.npy", np.array([[np.inf, 1]], np.float32))
    assert main(["run", "model.lepton", "--input", "x=x.npy", "--format", "json"]) == 0
    outputs = {one["name"]: one for one in json.loads(capsys.readouterr().out)["outputs"]}
    assert outputs["scores"]["data"] == ["Infinity"] * 3
    assert outputs["text"] == {"name": "text", "datatype": "BYTES", "shape": [1, 1], "data": ["é"]}
    assert outputs["best"]["datatype"] == "INT64"


def test_run_writes_arrays_that_numpy_reads(package: Path, folder: Path) -> None:
    assert main(["run", "model.lepton", "--input", "x=x.npy", "--output", "answers"]) == 0
    assert sorted(path.name for path in (folder / "answers").iterdir()) == [
        "best.npy",
        "scores.npy",
        "text.npy",
    ]
    assert np.load(folder / "answers" / "scores.npy").tolist() == [[5, 7, 10], [-3, -3, -4]]
    assert np.load(folder / "answers" / "text.npy").tolist() == [["é".encode()]] * 2
    plain = folder / "plain"
    plain.touch()
    assert (folder / "answers" / "best.npy").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "x=none.npy"], "cannot read an array"),
        (["--input", "x"], "NAME=FILE"),
        (["--input", "y=x.npy"], "expected NAME=FILE with NAME one of ['x']"),
        ([], "'x' is missing"),
        (["--input", "x=x.npy", "--artifact", "pt2"], "found no artifact 'pt2'"),
        (["--input", "x=model.onnx"], "cannot read an array"),
        (["--input", "x=wide.npy"], "found elements of type float64"),
    ],
)
def test_run_refuses_in_one_line(
    package: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    np.save("wide.npy", np.zeros((1, 2)))
    assert main(["run", "model.lepton", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_run_refuses_a_package_that_was_changed(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(package.read_bytes())
    data[data.index(b"ArgMax") + 1] ^= 1
    package.write_bytes(data)
    assert main(["run", "model.lepton", "--input", "x=x.npy"]) == 2
    assert "is no sound package" in capsys.readouterr().err
