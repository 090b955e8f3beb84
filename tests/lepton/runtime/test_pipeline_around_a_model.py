"""The pipeline: interface in, interface out, and the model's own inputs checked in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime import open_pipeline

MODEL = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,2] x, float[N,2] bias) => (float[N,2] y, float[N,2] twice) {
  y = Add(x, bias)
  twice = Add(y, y)
}"""


def _tensor(name: str, datatype: str, shape: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, **more}


BIAS = _tensor("bias", "FP32", ["N", 2], optional=True, default=0.5)
MANIFEST: dict[str, Any] = {
    "symbols": {"N": {"min": 1, "max": 4}},
    "signature": {
        "inputs": [_tensor("x", "FP32", ["N", 2]), BIAS],
        "outputs": [_tensor("y", "FP32", ["N", 2]), _tensor("twice", "FP32", ["N", 2])],
    },
    "artifacts": [
        {"id": "pt2", "format": "pt2", "entry": "model.pt2", "executable": True},
        {"id": "onnx", "format": "onnx", "entry": "model.onnx", "executable": False},
    ],
}
STAGED = {
    **MANIFEST,
    "interface": {
        "inputs": [_tensor("image", "UINT8", ["N", 2])],
        "outputs": [_tensor("class", "INT64", ["N"]), _tensor("y", "FP32", ["N", 2])],
    },
    "processing": {
        "pre": [
            {"op": "cast", "version": 1, "in": "image", "out": "f", "datatype": "FP32"},
            {"op": "rescale", "version": 1, "in": "f", "out": "x", "scale": -1.0, "offset": 0.0},
        ],
        "post": [{"op": "argmax", "version": 1, "in": "twice", "out": "class", "axis": 1}],
    },
}


@dataclass
class Folder:
    document: Mapping[str, Any]
    path: Path

    def materialize(self, artifact: str) -> Path:
        return self.path

    def read(self, path: str) -> bytes:
        return (self.path / path).read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(onnx.parser.parse_model(MODEL).SerializeToString())
    return tmp_path


def test_without_processing_the_signature_is_asked_and_defaults_are_filled(folder: Path) -> None:
    pipeline = open_pipeline(Folder(MANIFEST, folder))
    x = np.array([[1, 2]], np.float32)
    assert pipeline.infer({"x": x})["y"].tolist() == [[1.5, 2.5]]
    assert pipeline.infer({"x": x, "bias": x}, ["twice"]) == {"twice": pytest.approx(np.array([[4, 8]]))}
    assert [spec.name for spec in pipeline.inputs] == ["x", "bias"]


def test_with_processing_the_interface_is_asked(folder: Path) -> None:
    pipeline = open_pipeline(Folder(STAGED, folder))
    image = np.array([[3, 1], [0, 9]], np.uint8)
    answer = pipeline.infer({"image": image})
    assert list(answer) == ["class", "y"]
    assert answer["class"].tolist() == [1, 0]
    assert answer["y"].tolist() == [[-2.5, -0.5], [0.5, -8.5]]
    assert image.tolist() == [[3, 1], [0, 9]]
    with pytest.raises(BindError, match="named 'x'"):
        pipeline.infer({"x": np.zeros((1, 2), np.float32)})


@pytest.mark.parametrize("outputs", [["z"], ["y", "y"]])
def test_refuses_outputs_that_are_unknown_or_asked_for_twice(folder: Path, outputs: list[str]) -> None:
    with pytest.raises(BindError, match="output"):
        open_pipeline(Folder(MANIFEST, folder)).infer({"x": np.zeros((1, 2), np.float32)}, outputs)


@pytest.mark.requirement("PKG-SIG-10")
def test_a_size_beyond_the_bounds_is_refused_though_the_graph_would_take_it(folder: Path) -> None:
    pipeline = open_pipeline(Folder(MANIFEST, folder))
    with pytest.raises(BindError, match=r"N in 1\.\.4"):
        pipeline.infer({"x": np.zeros((5, 2), np.float32)})


@pytest.mark.requirement("PKG-ART-09")
def test_an_executable_artifact_is_never_loaded_unasked(folder: Path) -> None:
    (folder / "model.pt2").write_bytes(b"would run code")
    with pytest.raises(RuntimeRefusal, match="--allow-executable"):
        open_pipeline(Folder(MANIFEST, folder), artifact="pt2")
    only = {**MANIFEST, "artifacts": MANIFEST["artifacts"][:1]}
    with pytest.raises(RuntimeRefusal, match="--allow-executable"):
        open_pipeline(Folder(only, folder))
    # Unasked, the first artifact that is data is taken.
    assert open_pipeline(Folder(MANIFEST, folder)).infer({"x": np.zeros((1, 2), np.float32)})
    with pytest.raises(RuntimeRefusal, match="torch refuses"):
        open_pipeline(Folder(MANIFEST, folder), artifact="pt2", allow_executable=True)


def test_names_the_artifacts_when_one_is_unknown(folder: Path) -> None:
    with pytest.raises(RuntimeRefusal, match="expected one of"):
        open_pipeline(Folder(MANIFEST, folder), artifact="tflite")


@pytest.mark.parametrize(
    ("post", "words"),
    [
        ([], "no step writes 'class'"),
        ([{"op": "argmax", "version": 1, "in": "y", "out": "class", "axis": 0}], "found INT64"),
    ],
)
def test_a_chain_that_does_not_arrive_is_refused(folder: Path, post: list[Any], words: str) -> None:
    broken = {**STAGED, "processing": {**STAGED["processing"], "post": post}}
    with pytest.raises(RuntimeRefusal, match=words):
        open_pipeline(Folder(broken, folder))
