"""Replay and negative controls on a small package in memory (PKG-VEC-04, PKG-VEC-07, PKG-VEC-08)."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from lepton.runtime.onnxruntime import OnnxRuntime
from lepton.vectors.document import Comparison, Control, Provenance, Tensor, Vector, VectorDocument
from lepton.vectors.outcome import ReplayFacts, ReplayStatus
from lepton.vectors.replay import replay
from lepton.vectors.weights import CHANGES, WeightedFile

#: Per pixel, three channels weighted 1, 2, 4; the image is scaled by a half before.
MODEL = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,3] x) => (float[N,1] y) <float[3,1] w = {1, 2, 4}> { y = MatMul(x, w) }"""


def _tensor(name: str, datatype: str, shape: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, **more}


MANIFEST: dict[str, Any] = {
    "symbols": {"N": {"min": 1, "max": 4}},
    "signature": {
        "inputs": [_tensor("x", "FP32", ["N", 3], axes=["batch", "channel"])],
        "outputs": [_tensor("y", "FP32", ["N", 1])],
    },
    "interface": {
        "inputs": [_tensor("image", "FP32", ["N", 3])],
        "outputs": [_tensor("y", "FP32", ["N", 1])],
    },
    "processing": {
        "pre": [{"op": "rescale", "version": 1, "in": "image", "out": "x", "scale": 0.5, "offset": 0.0}],
        "post": [],
    },
    "artifacts": [{"id": "onnx", "format": "onnx", "entry": "m.onnx", "executable": False}],
    "vectors": ["golden.json"],
}
CLOSE = (Comparison("y", "allclose", 1e-6, 0.0),)


def _vector(name: str, stage: str, pixel: list[float], expected: float) -> Vector:
    source = "x" if stage == "model" else "image"
    return Vector(
        name,
        stage,
        (Tensor(source, "FP32", np.array([pixel], np.float32)),),
        (Tensor("y", "FP32", np.array([[expected]], np.float32)),),
        CLOSE,
    )


VECTORS = (
    _vector("m1", "model", [1, 0, 0], 1),
    _vector("m2", "model", [0, 0, 1], 4),
    _vector("r1", "raw", [2, 0, 0], 1),
    _vector("r2", "raw", [0, 2, 0], 2),
)
CONTROLS = (
    Control("constant-answer", None, "m2"),
    Control("weights-reversed", None, "m1"),
    Control("channels-swapped", None, "m2"),
    Control("step-omitted", 0, "r1"),
)


@dataclass
class Folder:
    document: dict[str, Any]
    path: Path
    vectors: VectorDocument
    identity: str = "sha256:" + "0" * 64

    def materialize(self, artifact: str) -> Path:
        return self.path

    def read(self, path: str) -> bytes:
        return json.dumps(self.vectors.to_json()).encode()


@pytest.fixture
def package(tmp_path: Path) -> Folder:
    (tmp_path / "m.onnx").write_bytes(onnx.parser.parse_model(MODEL).SerializeToString())
    document = VectorDocument(VECTORS, CONTROLS, Provenance("by hand", "1", "exact", 0, "None needed."))
    return Folder(MANIFEST, tmp_path, document)


def _with(package: Folder, **changed: Any) -> ReplayFacts:
    return replay(replace(package, vectors=replace(package.vectors, **changed)))


def test_right_answers_pass_at_both_stages_and_every_control_is_killed(package: Folder) -> None:
    facts = replay(package)
    assert [(one.vector, one.status) for one in facts.outcomes] == [
        (vector.id, ReplayStatus.PASS) for vector in VECTORS
    ]
    assert [(one.control, one.killed) for one in facts.controls] == [
        (control.control, True) for control in CONTROLS
    ]
    assert facts.required_controls == tuple((control.control, control.step) for control in CONTROLS)


def test_a_wrong_expectation_fails_with_the_worst_element(package: Folder) -> None:
    facts = _with(package, vectors=(_vector("m1", "model", [1, 0, 0], 3), *VECTORS[1:]))
    assert facts.outcomes[0].status is ReplayStatus.FAIL
    assert "first at [0, 0]: 1.0, expected 3.0" in facts.outcomes[0].message


@pytest.mark.parametrize(
    ("control", "why"),
    [
        # The first vector of the stage answers itself; the palindrome pixel hides a swap and a reversal.
        (Control("constant-answer", None, "m1"), "passes"),
        (Control("weights-reversed", None, "same"), "passes"),
        (Control("channels-swapped", None, "same"), "passes"),
        (Control("step-omitted", 0, "zero"), "passes"),
    ],
)
def test_a_vector_that_a_wrong_model_passes_kills_nothing(
    package: Folder, control: Control, why: str
) -> None:
    more = (_vector("same", "model", [1, 5, 1], 15), _vector("zero", "raw", [0, 0, 0], 0))
    facts = _with(package, vectors=(*VECTORS, *more), controls=(control,))
    assert facts.controls[0].killed is False
    assert why in facts.controls[0].message


def test_a_control_that_cannot_be_run_is_not_killed(package: Folder) -> None:
    facts = _with(
        package, controls=(Control("step-omitted", 0, "m1"), Control("constant-answer", None, "none"))
    )
    assert [one.killed for one in facts.controls] == [None, None]


def test_an_executable_artifact_is_not_replayed_unasked(package: Folder) -> None:
    executable = {"id": "pt2", "format": "pt2", "entry": "m.pt2", "executable": True}
    both = replace(package, document={**MANIFEST, "artifacts": [*MANIFEST["artifacts"], executable]})
    facts = replay(both)
    assert {one.status for one in facts.outcomes if one.artifact == "onnx"} == {ReplayStatus.PASS}
    assert {one.status for one in facts.outcomes if one.artifact == "pt2"} == {ReplayStatus.UNSUPPORTED}
    assert {one.killed for one in facts.controls if one.artifact == "pt2"} == {None}


def test_an_artifact_that_the_engine_refuses_is_an_error_not_a_crash(package: Folder) -> None:
    (package.path / "m.onnx").write_bytes(b"no model")
    facts = replay(package)
    assert {one.status for one in facts.outcomes} == {ReplayStatus.ERROR}
    assert {one.killed for one in facts.controls} == {None}


def _model(tmp_path: Path, *tensors: onnx.TensorProto) -> Path:
    model = onnx.parser.parse_model(MODEL)
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensors)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    return tmp_path


def _array(values: Any, name: str, kind: str = "float32") -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.array(values, kind), name)


@pytest.mark.parametrize(
    ("tensors", "chosen"),
    [
        ((_array([1, 2], "b"), _array([1, 2, 3], "a")), "a"),
        ((_array([1, 2], "b"), _array([2, 1], "a")), "a"),
        ((_array([1, 2], "b"), _array([3, 4, 3], "a")), "b"),
        ((_array([1, 2, 3], "b", "int64"), _array([1, 2], "a")), "a"),
        ((_array([1, 2, 3], "b", "float16"), _array([1, 2], "a")), "b"),
        ((_array([0.0, -0.0], "b"), _array([5], "a")), "b"),
        ((_array([1, 1, 1], "b"), _array([5], "a")), None),
        ((), None),
        ((onnx.helper.make_tensor("typed", 1, [3], [1, 2, 3]), _array([1, 2], "raw")), "typed"),
    ],
)
def test_chooses_the_largest_floating_initializer_that_is_no_palindrome(
    tmp_path: Path, tensors: tuple[onnx.TensorProto, ...], chosen: str | None
) -> None:
    assert WeightedFile(_model(tmp_path, *tensors), "m.onnx").chosen() == chosen


CHANGED = {
    "weights-reversed": [4.0, 2.0, 1.0],
    "weights-zeroed": [0.0, 0.0, 0.0],
    "weights-perturbed": [1.0, 2.125, 4.0],
}


@pytest.mark.parametrize("change", CHANGED)
@pytest.mark.parametrize("kind", ["raw", "typed", "external", "constant"])
def test_a_twin_computes_with_changed_weights_wherever_they_are_kept_and_leaves_the_original(
    tmp_path: Path, kind: str, change: str
) -> None:
    typed = onnx.helper.make_tensor("w", 1, [3, 1], [1, 2, 4])
    _model(tmp_path, typed if kind == "typed" else _array([[1], [2], [4]], "w"))
    model = onnx.load(tmp_path / "m.onnx")
    if kind == "external":
        onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    if kind == "constant":
        value = onnx.TensorProto(
            name="another", data_type=1, dims=[3, 1], raw_data=model.graph.initializer[0].raw_data
        )
        model.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["w"], value=value))
        del model.graph.initializer[:]
        onnx.save(model, tmp_path / "m.onnx")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    weighted = WeightedFile(tmp_path, "m.onnx")
    assert [(one.name, one.perturbs, one.zeroes) for one in weighted.facts()] == [("w", True, True)]
    twin = weighted.twin("w", CHANGES[change])
    wrong = OnnxRuntime().load_altered(tmp_path, twin.entry, twin.external, ["y"])
    pixels = np.eye(3, dtype=np.float32)
    assert wrong.infer({"x": pixels})["y"].ravel().tolist() == CHANGED[change]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("values", "kind", "perturbs", "zeroes"),
    [
        ([0, 0, 0], "float32", False, False),
        ([1, 0, 3], "float32", False, True),
        ([0, 1], "float32", True, True),
        ([0.0, -0.0], "float32", False, False),
        ([5, np.inf], "float64", False, True),
        ([np.nan, np.nan], "float32", False, True),
        # 17/16 of 8 subnormal steps lies halfway and goes to the even 8; of 9 steps it goes to 10.
        ([0, 8 * 2.0**-149], "float32", False, True),
        ([0, 9 * 2.0**-149], "float32", True, True),
        ([0, 8 * 2.0**-24], "float16", False, True),
        ([0, 9 * 2.0**-24], "float16", True, True),
        ([0] * 3000 + [0, 1], "float32", True, True),
        ([0] * 3000 + [1, 0], "float32", False, True),
        ([0, 0], "int8", True, False),
        ([0, 7], "uint8", True, True),
    ],
)
def test_knows_which_changes_show_in_the_bytes_of_a_weight(
    tmp_path: Path, values: list[float], kind: str, perturbs: bool, zeroes: bool
) -> None:
    weighted = WeightedFile(_model(tmp_path, _array(values, "w", kind)), "m.onnx")
    (fact,) = weighted.facts()
    assert (fact.perturbs, fact.zeroes) == (perturbs, zeroes)
    changed = onnx.load_from_string(weighted.twin("w", CHANGES["weights-perturbed"]).entry).graph.initializer[
        0
    ]
    assert (changed.raw_data != _array(values, "w", kind).raw_data) is perturbs


def test_numbers_the_sixteen_largest_weights_by_elements_and_then_by_name(tmp_path: Path) -> None:
    tensors = [_array(np.ones(2 + size // 2), f"w{size:02}") for size in range(20)]
    tensors += [_array([1], "scalar"), _array(np.ones(99), "indices", "int64")]
    facts = WeightedFile(_model(tmp_path, *tensors), "m.onnx").facts()
    assert [one.name for one in facts] == [
        f"w{size:02}" for pair in range(9, 1, -1) for size in (2 * pair, 2 * pair + 1)
    ]
