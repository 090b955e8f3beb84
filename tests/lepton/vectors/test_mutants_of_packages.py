"""The closed list of mutants, and which vectors expose them (PKG-VEC-11, PKG-VEC-12)."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from lepton.formats.weights import WeightFact
from lepton.runtime.plan import Plan
from lepton.vectors.bench import Bench
from lepton.vectors.document import Comparison, Mutation, Provenance, Survivor, Tensor, Vector, VectorDocument
from lepton.vectors.measure import measured_score
from lepton.vectors.mutants import fits, mutants, step_alteration
from lepton.vectors.mutation import chosen, package_mutants, run_mutant
from lepton.vectors.outcome import ReplayStatus
from lepton.vectors.replay import replay

#: The mean over the image of what each channel and column counts; the image is scaled and turned before.
MODEL = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,3,H,W] x) => (float[N,3] y) <float[3,1,1] w = {1, 2, 4}, float[3] b = {0, 0, 0}, float s = {3}> {
  a = Mul(x, w) t = CumSum(a, axis) m = ReduceMean <axes = [2, 3], keepdims = 0> (t) y = Add(m, b)
}"""
IMAGE = {
    "name": "image", "datatype": "UINT8", "shape": ["N", "H", "W", 3], "axes": ["batch", "y", "x", "channel"]
}  # fmt: skip
PRE: list[dict[str, Any]] = [
    {"op": "cast", "version": 1, "in": "image", "out": "f", "datatype": "FP32"},
    {"op": "rescale", "version": 1, "in": "f", "out": "r", "scale": 0.5, "offset": 0},
    {"op": "normalize", "version": 1, "in": "r", "out": "n", "axis": 3, "mean": [1, 2, 3], "std": [1, 1, 2]},
    {"op": "transpose", "version": 1, "in": "n", "out": "x", "perm": [0, 3, 1, 2]},
]
POST = [{"op": "softmax", "version": 1, "in": "y", "out": "p", "axis": 1}]
MANIFEST: dict[str, Any] = {
    "symbols": {name: {"min": 1, "max": 8} for name in "NHW"},
    "signature": {
        "inputs": [
            {
                "name": "x",
                "datatype": "FP32",
                "shape": ["N", 3, "H", "W"],
                "axes": ["batch", "channel", "y", "x"],
            }
        ],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": ["N", 3]}],
    },
    "interface": {"inputs": [IMAGE], "outputs": [{"name": "p", "datatype": "FP32", "shape": ["N", 3]}]},
    "processing": {"pre": PRE, "post": POST},
    "artifacts": [
        {"id": "onnx", "format": "onnx", "entry": "m.onnx", "precision": "FP32", "executable": False}
    ],
    "vectors": ["golden.json"],
}
NAMES = [
    "weights-perturbed:1", "weights-zeroed:1",
    "channels-swapped:model/x", "axes-swapped:model/x",
    "channels-swapped:raw/image", "axes-swapped:raw/image",
    "step-omitted:/processing/pre/1", "step-altered:/processing/pre/1",
    "step-omitted:/processing/pre/2", "step-altered:/processing/pre/2",
    "step-omitted:/processing/post/0", "step-altered:/processing/post/0",
]  # fmt: skip


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


def _prepared(image: Any) -> Any:
    return ((image * 0.5 - [1, 2, 3]) / [1, 1, 2]).transpose(0, 3, 1, 2).astype(np.float32)


def _answer(x: Any) -> Any:
    return np.cumsum(x * np.reshape([1, 2, 4], (3, 1, 1)), axis=3).mean(axis=(2, 3)).astype(np.float32)


def _softmax(y: Any) -> Any:
    return (np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)).astype(np.float32)


def _vectors(atol: float = 1e-4) -> tuple[Vector, ...]:
    def vector(stage: str, number: int, given: tuple[str, str, Any], expected: tuple[str, Any]) -> Vector:
        name, array = expected
        return Vector(
            f"{stage}-{number}",
            stage,
            (Tensor(*given),),
            (Tensor(name, "FP32", array),),
            (Comparison(name, "allclose", atol, 1e-5),),
        )

    made = []
    random = np.random.default_rng(0)
    for number, size in enumerate(((1, 2, 2), (2, 3, 4)), 1):
        image = random.integers(0, 16, (*size, 3), dtype=np.uint8)
        x = _prepared(image)
        y, p = _answer(x), _softmax(_answer(x))
        made += [
            vector("model", number, ("x", "FP32", x), ("y", y)),
            vector("raw", number, ("image", "UINT8", image), ("p", p)),
            vector("pre", number, ("image", "UINT8", image), ("x", x)),
            vector("post", number, ("y", "FP32", y), ("p", p)),
        ]
    return tuple(made)


@pytest.fixture
def package(tmp_path: Path) -> Folder:
    model = onnx.parser.parse_model(MODEL)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(3), "axis"))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    provenance = Provenance("by hand", "1", "exact", 0, "None needed.")
    return Folder(MANIFEST, tmp_path, VectorDocument(_vectors(), (), provenance, Mutation(12, 12, ())))


def _listed(package: Folder) -> list[str]:
    bench = Bench(package, package.document["artifacts"][0], Plan.from_manifest(package.document))
    return [one.name for one in package_mutants(bench, package.document, package.vectors.vectors)]


def test_lists_what_applies_and_nothing_else(package: Folder) -> None:
    """The zero bias, number 0, cannot be changed; the scalar is no weight; cast and transpose stay."""
    assert _listed(package) == NAMES


def test_axes_are_swapped_only_where_a_vector_has_a_square(package: Folder) -> None:
    package.vectors = replace(package.vectors, vectors=tuple(v for v in _vectors() if v.id.endswith("2")))
    assert _listed(package) == [name for name in NAMES if not name.startswith("axes")]


def test_every_mutant_is_killed_and_the_table_says_by_what(package: Folder) -> None:
    measured = measured_score(package)
    assert (measured["mutants"], measured["killed"], measured["survivors"]) == (12, 12, [])
    killers = {one["mutant"]: one["vector"] for one in measured["table"]}
    assert killers["axes-swapped:model/x"] == "model-1"
    assert killers["step-altered:/processing/pre/1"] == "pre-1"
    assert killers["step-omitted:/processing/post/0"] == "post-1"


def test_a_tolerance_that_is_too_wide_shows_in_the_score(package: Folder) -> None:
    package.vectors = replace(package.vectors, vectors=_vectors(atol=0.5))
    assert measured_score(package)["killed"] <= 9
    package.vectors = replace(package.vectors, vectors=_vectors(atol=1e6))
    assert measured_score(package)["killed"] == 0


def test_a_replay_runs_the_four_mutants_that_the_identity_chooses(package: Folder) -> None:
    ran = replay(package).mutants
    digests = {name: hashlib.sha256(f"{package.identity}\n{name}".encode()).hexdigest() for name in NAMES}
    assert [one.mutant for one in ran] == sorted(NAMES, key=lambda name: digests[name])[:4]
    assert all(one.killed for one in ran)


def test_a_declared_survivor_is_not_among_them(package: Folder) -> None:
    first = replay(package).mutants[0].mutant
    package.vectors = replace(package.vectors, mutation=Mutation(12, 11, (Survivor(first),)))
    assert first not in [one.mutant for one in replay(package).mutants]


def test_a_mutant_that_passes_everything_is_found_out(package: Folder) -> None:
    package.vectors = replace(package.vectors, vectors=_vectors(atol=1e6))
    assert [one.killed for one in replay(package).mutants] == [False] * 4


def test_a_mutant_that_a_step_refuses_is_killed(package: Folder) -> None:
    """Without the scale of 1e-30, the cast meets numbers that INT8 cannot hold."""
    pre = [
        {**PRE[1], "in": "image", "scale": 1e-30},
        {"op": "cast", "version": 1, "in": "r", "out": "x", "datatype": "INT8"},
    ]
    planes = MANIFEST["signature"]["inputs"][0]
    manifest = {
        **MANIFEST,
        "signature": {**MANIFEST["signature"], "inputs": [{**planes, "datatype": "INT8"}]},
        "interface": {**MANIFEST["interface"], "inputs": [{**planes, "name": "image"}]},
        "processing": {"pre": pre, "post": POST},
    }  # fmt: skip
    model = onnx.load(package.path / "m.onnx")
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
    model.graph.node[0].input[0] = "f"
    model.graph.node.insert(0, onnx.helper.make_node("Cast", ["x"], ["f"], to=1))
    (package.path / "m.onnx").write_bytes(model.SerializeToString())
    package.document = manifest
    given = Tensor("image", "FP32", np.full((1, 3, 2, 2), 1e30, np.float32))
    vector = replace(_vectors()[1], inputs=(given,))
    bench = Bench(package, manifest["artifacts"][0], Plan.from_manifest(manifest))
    known = package_mutants(bench, manifest, [vector])
    mutant = next(one for one in known if one.name == "step-omitted:/processing/pre/0")
    outcome = run_mutant(bench, manifest, mutant, [vector])
    assert outcome.killed
    assert "cast" in outcome.message


def test_a_fault_is_reported_at_the_earliest_stage_that_shows_it(package: Folder) -> None:
    wrong = [{**PRE[1], "scale": 0.25} if step["op"] == "rescale" else step for step in PRE]
    package.document = {**MANIFEST, "processing": {"pre": wrong, "post": POST}}
    assert {one.stage for one in replay(package).outcomes if one.status is not ReplayStatus.PASS} == {"pre"}
    other = [{**POST[0], "axis": 0}]
    package.document = {**MANIFEST, "processing": {"pre": PRE, "post": other}}
    found = replay(package).outcomes
    assert {one.stage for one in found if one.status is not ReplayStatus.PASS} == {"post"}
    assert {one.stage for one in found if one.status is ReplayStatus.PASS} == {"pre", "model"}


def _alteration(step: dict[str, Any], shape: list[Any], datatype: str = "FP32") -> dict[str, Any] | None:
    step = {"version": 1, "in": "a", "out": "b", **step}
    manifest = {
        "symbols": {},
        "signature": {"inputs": [], "outputs": []},
        "interface": {"inputs": [{"name": "a", "datatype": datatype, "shape": shape}], "outputs": []},
        "processing": {"pre": [step], "post": []},
    }
    names = [one.name for one in mutants(manifest, [], [], lambda path: 2 if path == "two" else 1)]
    if "step-altered:/processing/pre/0" not in names:
        return None
    changed, turned = step_alteration(manifest, "/processing/pre/0")
    return {"turned": True} if turned else {k: v for k, v in changed.items() if step.get(k) != v}


CROP = {"op": "crop", "axes": [0, 1], "size": [4, 4], "anchor": "center"}
RESIZE = {"op": "resize", "axes": [0, 1], "antialias": True, "coordinates": "half_pixel"}


@pytest.mark.parametrize(
    ("step", "shape", "change"),
    [
        ({"op": "rescale", "scale": 2, "offset": 1}, [3], {"scale": 2.125}),
        ({"op": "rescale", "scale": 0, "offset": 1}, [3], None),
        ({"op": "normalize", "axis": 0, "mean": [1, 2], "std": [1, 1]}, [2], {"mean": [2, 1]}),
        ({"op": "normalize", "axis": 0, "mean": [1, 1], "std": [1, 2]}, [2], {"std": [1.0625, 2.125]}),
        ({"op": "softmax", "axis": -1}, ["N", 3], {"axis": 0}),
        ({"op": "softmax", "axis": 0}, [3], None),
        ({"op": "softmax", "axis": 1}, [1, 1], None),
        ({"op": "argmax", "axis": 0}, ["N", "N"], {"axis": 1}),
        ({"op": "argmax", "axis": 0}, ["N", 3], None),
        ({"op": "reverse", "axis": 1}, ["N", 3], {"axis": 0}),
        ({"op": "reverse", "axis": 0}, ["N", 1], None),
        ({"op": "transpose", "perm": [2, 0, 1]}, ["N", "N", 3], {"perm": [2, 1, 0]}),
        ({"op": "transpose", "perm": [2, 0, 1]}, ["N", "M", 3], None),
        ({"op": "cast", "datatype": "INT8"}, [3], None),
        ({"op": "sigmoid"}, [3], None),
        ({**RESIZE, "filter": "linear", "size": [4, 5]}, [4, 4], {"filter": "nearest", "antialias": False}),
        ({**RESIZE, "filter": "cubic", "size": [4, 5]}, [4, 4], {"filter": "linear", "antialias": False}),
        ({**RESIZE, "filter": "linear", "size": [4, 4]}, [4, 4], None),
        (CROP, [4, 6], {"anchor": "start"}),
        (CROP, [5, 4], None),
        ({**CROP, "op": "pad", "anchor": "start", "value": 0}, ["H", 4], {"anchor": "center"}),
        ({"op": "topk", "out": ["b", "c"], "axis": 0, "k": 1}, [3, 3], None),
        ({"op": "ctc_greedy", "out": ["b", "c"], "blank": 0}, ["N", "T", 5], {"blank": 4}),
        ({"op": "ctc_greedy", "out": ["b", "c"], "blank": 3}, ["N", "T", 5], {"blank": 0}),
        ({"op": "ctc_greedy", "out": ["b", "c"], "blank": 0}, ["N", "T", 1], None),
        ({"op": "lookup", "file": "two", "join": True}, ["N"], {"turned": True}),
        ({"op": "lookup", "file": "one", "join": True}, ["N"], None),
    ],
)
def test_a_step_is_altered_as_the_table_says(
    step: dict[str, Any], shape: list[Any], change: dict[str, Any] | None
) -> None:
    assert _alteration(step, shape) == change


def test_weights_are_numbered_and_named_only_where_they_change() -> None:
    facts = [WeightFact("a", True, True), WeightFact("b", False, True), WeightFact("c", True, False)]
    manifest: dict[str, Any] = {"signature": {"inputs": [], "outputs": []}}
    assert [one.name for one in mutants(manifest, facts, [], lambda path: 0)] == [
        "weights-perturbed:0", "weights-zeroed:0", "weights-zeroed:1", "weights-perturbed:2"
    ]  # fmt: skip


def test_vectors_of_other_stages_are_not_fit(package: Folder) -> None:
    bench = Bench(package, package.document["artifacts"][0], Plan.from_manifest(package.document))
    known = {one.name: one for one in package_mutants(bench, package.document, package.vectors.vectors)}
    stages = ("raw", "pre", "model", "post")
    for name, fitting in (
        ("weights-zeroed:1", {"model", "raw"}),
        ("channels-swapped:model/x", {"model"}),
        ("axes-swapped:raw/image", {"raw"}),
        ("step-altered:/processing/pre/1", {"raw", "pre"}),
        ("step-omitted:/processing/post/0", {"raw", "post"}),
    ):
        assert {stage for stage in stages if fits(known[name], stage)} == fitting
    assert fits(known["step-altered:/processing/pre/1"], "step", "/processing/pre/1")
    assert not fits(known["step-altered:/processing/pre/1"], "step", "/processing/pre/2")
    assert chosen(known.values(), [], "x") != chosen(known.values(), [], "y")
