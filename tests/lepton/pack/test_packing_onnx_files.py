"""From an ONNX file and a recipe to a package: judged sound, byte-stable, discriminating, or not written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from lepton.convert.packing import pack_source
from lepton.errors import LeptonError, RecipeError
from lepton.finding import Verdict
from lepton.pack import Packed, read_recipe
from lepton.validate import load, validate_package

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '
AFFINE = (
    HEAD
    + """g (float[batch,3] x) => (float[batch,2] y)
    <float[3,2] w = {1, 2, 3, 4, 5, 7}, float[2] b = {1, -1}> {
        m = MatMul(x, w)
        y = Add(m, b)
    }"""
)
SIZES = {"symbols": {"N": {"min": 1, "max": 8}}}
NAMED: dict[str, Any] = {
    **SIZES,
    "signature": {
        "inputs": [{"name": "x", "shape": ["N", 3]}],
        "outputs": [{"name": "y", "shape": ["N", 2]}],
    },
}

NORMALIZE = {
    "op": "normalize",
    "version": 1,
    "in": "f",
    "out": "n",
    "axis": 3,
    "mean": [100, 120, 140],
    "std": [50, 60, 70],
}

Packer = Callable[..., Packed]


@pytest.fixture
def packed(tmp_path: Path) -> Packer:
    """Pack a graph in ONNX's text form with a recipe of the given members beside the usual ones."""

    def run(text: str, out: str = "out.lepton", **members: Any) -> Packed:
        model = tmp_path / "model.onnx"
        model.write_bytes(onnx.parser.parse_model(text).SerializeToString())
        statement = {"en": "Tests."}
        recipe = {
            "lepton": "1.0",
            "id": "model",
            "version": "1.0.0",
            "language": "en",
            "title": {"en": "Model"},
            "description": {"en": "A model for tests."},
            "license": "MIT",
            "card": {
                "intendedUse": statement,
                "outOfScopeUse": statement,
                "limitations": statement,
                "personalData": {"status": "none"},
            },
            **members,
        }
        path = tmp_path / "recipe.yml"
        path.write_text(json.dumps(recipe))  # YAML, too; its own writer would use aliases
        return pack_source(str(model), read_recipe(path), tmp_path / out)

    return run


def _leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in ("model.onnx", "recipe.yml"))


@pytest.mark.parametrize("out", ["out.lepton", "out"])
def test_what_is_packed_passes_the_validator_in_either_container(packed: Packer, out: str) -> None:
    result = packed(AFFINE, out, **NAMED)
    report = validate_package(result.out, level="full")
    assert (report.verdict, report.findings) == (Verdict.PASS, ())
    assert report.identity == result.identity
    assert [(one.control, one.step) for one in result.vectors.controls] == [
        ("constant-answer", None),
        ("weights-reversed", None),
    ]


def test_the_same_source_and_recipe_give_the_same_bytes(packed: Packer) -> None:
    first, second = packed(AFFINE, "a.lepton", **NAMED), packed(AFFINE, "b.lepton", **NAMED)
    digests = {hashlib.sha256(one.out.read_bytes()).hexdigest() for one in (first, second)}
    assert len(digests) == 1
    assert first.identity == second.identity


def test_expected_answers_are_the_true_ones(packed: Packer) -> None:
    result = packed(AFFINE, **NAMED)
    w, b = np.array([[1, 2], [3, 4], [5, 7]], np.float64), np.array([1, -1], np.float64)
    for vector in result.vectors.vectors:
        truth = vector.inputs[0].array.astype(np.float64) @ w + b
        np.testing.assert_array_equal(vector.expected[0].array, truth.astype(np.float32))
    assert [vector.inputs[0].array.shape[0] for vector in result.vectors.vectors] == [1, 1, 2, 5, 8]
    assert result.vectors.provenance.oracle.startswith("onnx.reference")
    assert result.vectors.provenance.precision == "FP64"


def test_a_graph_whose_own_names_have_bounds_needs_no_signature(packed: Packer) -> None:
    result = packed(AFFINE, symbols={"batch": {"min": 1, "max": 8}})
    assert result.manifest["signature"]["inputs"][0]["shape"] == ["batch", 3]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "axis 0 of 'x' is dynamic and has no name"),
        ({"signature": NAMED["signature"]}, "the symbol 'N' of 'x' has no bounds"),
        ({**SIZES, "signature": {"inputs": [{"name": "x", "shape": ["N", 4]}]}}, "found 4 for axis 1 of 'x'"),
        ({**SIZES, "signature": {"inputs": [{"name": "x", "shape": [1, 3]}]}}, "expected a symbol"),
        ({**SIZES, "signature": {"inputs": [{"name": "x", "shape": ["N"]}]}}, "expected rank 2"),
        ({**SIZES, "signature": {"inputs": [{"name": "z"}]}}, "found 'z' in signature.inputs"),
        ({**SIZES, "signature": {"inputs": [{"name": "x", "datatype": "FP16"}]}}, "found FP16 for 'x'"),
        ({**NAMED, "license": "Apache 2"}, "PKG-DOC-01"),
        ({**NAMED, "vectors": {"samples": "none.npz"}}, "found no file"),
        ({**NAMED, "vectors": {"ranges": {"x": [2, 1]}}}, "found the range"),
        ({**NAMED, "vectors": {"ranges": {"x": [0, 0]}}}, "constant-answer"),
        ({**NAMED, "symbols": {"N": {"min": 5, "max": 4}}}, "N"),
    ],
)
def test_refuses_with_the_reason_and_leaves_nothing(
    packed: Packer, tmp_path: Path, members: dict[str, Any], words: str
) -> None:
    with pytest.raises(LeptonError) as refusal:
        packed(AFFINE, **members)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert _leftovers(tmp_path) == []


@pytest.mark.requirement("PKG-VEC-07")
def test_refuses_vectors_that_a_model_with_dead_weights_passes(packed: Packer, tmp_path: Path) -> None:
    text = (
        HEAD
        + """g (float[N,3] x) => (float[N,3] y) <float[4] dead = {1, 2, 3, 4}, float zero = {0}> {
        d = ReduceMax <keepdims = 0> (dead)
        z = Mul(d, zero)
        y = Add(x, z)
    }"""
    )
    with pytest.raises(RecipeError, match=r"do not discriminate.*weights-reversed"):
        packed(text, **SIZES)
    assert _leftovers(tmp_path) == []


def test_refuses_a_step_that_changes_nothing(packed: Packer) -> None:
    step = {"op": "rescale", "version": 1, "in": "raw", "out": "x", "scale": 1.0, "offset": 0.0}
    with pytest.raises(RecipeError, match=r"step-omitted \(step 0"):
        packed(
            AFFINE,
            **NAMED,
            interface={
                "inputs": [{"name": "raw", "datatype": "FP32", "shape": ["N", 3]}],
                "outputs": [{"name": "y", "datatype": "FP32", "shape": ["N", 2]}],
            },
            processing={"pre": [step], "post": []},
        )


def test_an_image_model_proves_that_swapped_channels_and_lost_normalisation_fail(packed: Packer) -> None:
    text = (
        HEAD
        + """g (float[N,3,4,4] x) => (float[N,3] y) <float[3] w = {1, 2, 4}, float[4] p = {1, 2, 3, 5}> {
        f = Mul(x, p)
        m = ReduceMean <axes = [2, 3], keepdims = 0> (f)
        y = Mul(m, w)
    }"""
    )
    image = {"kind": "image", "channelOrder": "RGB", "colourSpace": "sRGB", "range": [0, 255]}
    result = packed(
        text,
        **SIZES,
        signature={
            "inputs": [{"name": "x", "axes": ["batch", "channel", "y", "x"]}],
            "outputs": [{"name": "y", "labels": {"axis": 1, "names": {"en": ["r", "g", "b"]}}}],
        },
        interface={
            "inputs": [
                {
                    "name": "image",
                    "datatype": "UINT8",
                    "shape": ["N", 4, 4, 3],
                    "axes": ["batch", "y", "x", "channel"],
                    "content": image,
                }
            ],
            "outputs": [{"name": "best", "datatype": "INT64", "shape": ["N"]}],
        },
        processing={
            "pre": [
                {"op": "cast", "version": 1, "in": "image", "out": "f", "datatype": "FP32"},
                NORMALIZE,
                {"op": "transpose", "version": 1, "in": "n", "out": "x", "perm": [0, 3, 1, 2]},
            ],
            "post": [{"op": "argmax", "version": 1, "in": "y", "out": "best", "axis": 1}],
        },
    )
    assert {(one.control, one.step) for one in result.vectors.controls} == {
        ("constant-answer", None),
        ("weights-reversed", None),
        ("channels-swapped", None),
        ("step-omitted", 1),
    }
    with load(result.out) as package:
        raw = [one for one in package.json("vectors/golden.json")["vectors"] if one["stage"] == "raw"]
    assert len(raw) >= 3
    assert raw[0]["comparisons"] == [{"output": "best", "comparator": "exact"}]


def test_real_samples_are_cut_into_vectors(packed: Packer, tmp_path: Path) -> None:
    samples = np.arange(15, dtype=np.float32).reshape(5, 3)
    np.savez(tmp_path / "samples.npz", x=samples)
    result = packed(AFFINE, **NAMED, vectors={"samples": "samples.npz"})
    cut = [vector.inputs[0].array for vector in result.vectors.vectors]
    np.testing.assert_array_equal(np.concatenate(cut), samples)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((5, 3))}, "found float64 for 'x'"),
        ({"z": np.zeros((5, 3), np.float32)}, "expected one named 'x'"),
        ({"x": np.zeros((2, 3), np.float32)}, "fewer than 3"),
        ({"x": np.zeros((5, 4), np.float32)}, "does not fit"),
        ({"x": np.zeros((5, 1, 1, 3), np.float32)}, "found samples of shapes"),
        ({"x": np.array([None, 1], dtype=object)}, "plain arrays"),
    ],
)
def test_samples_that_are_no_use_are_named(
    packed: Packer, tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    np.savez(tmp_path / "samples.npz", **arrays)
    with pytest.raises(RecipeError, match=words):
        packed(AFFINE, **NAMED, vectors={"samples": "samples.npz"})


def test_integers_are_never_guessed_but_drawn_from_stated_bounds(packed: Packer) -> None:
    text = (
        HEAD + """g (int64[N] i) => (float[N] y) <float[4] table = {1, 2, 4, 8}> { y = Gather(table, i) }"""
    )
    with pytest.raises(RecipeError, match="cannot be guessed"):
        packed(text, **SIZES)
    result = packed(text, **SIZES, vectors={"ranges": {"i": [0, 3]}})
    assert {int(one) for vector in result.vectors.vectors for one in vector.inputs[0].array} <= {0, 1, 2, 3}


def test_strings_are_packed_with_exact_comparisons(packed: Packer) -> None:
    result = packed(HEAD + "g (string[N,2] x) => (string[N,2] y) { y = Identity(x) }", **SIZES)
    assert {one.comparator for vector in result.vectors.vectors for one in vector.comparisons} == {"exact"}
    assert any(
        element != element.decode().encode("ascii", "ignore")
        for vector in result.vectors.vectors
        for element in vector.inputs[0].array.flat
    )


def test_external_data_is_listed_and_packed(packed: Packer, tmp_path: Path) -> None:
    packed(AFFINE, "first.lepton", **NAMED)
    model = onnx.load(tmp_path / "model.onnx")
    for tensor in model.graph.initializer:  # only raw data can move out
        tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    result = pack_source(
        str(tmp_path / "model.onnx"), read_recipe(tmp_path / "recipe.yml"), tmp_path / "out.lepton"
    )
    assert result.manifest["artifacts"][0]["external"] == ["model/w.bin"]
    assert validate_package(result.out, level="full").verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no graph"), (b"\xff\xff", "found no ONNX model"), (b"PK\x03\x04", "found no ONNX")],
)
def test_a_file_that_is_no_model_is_named(packed: Packer, tmp_path: Path, content: bytes, words: str) -> None:
    packed(AFFINE, "first.lepton", **NAMED)
    (tmp_path / "bad.onnx").write_bytes(content)
    with pytest.raises(RecipeError, match=words):
        pack_source(str(tmp_path / "bad.onnx"), read_recipe(tmp_path / "recipe.yml"), tmp_path / "out.lepton")


def test_an_existing_directory_is_never_replaced(packed: Packer, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("mine")
    with pytest.raises(RecipeError, match="there already"):
        packed(AFFINE, "out", **NAMED)
    assert (tmp_path / "out" / "precious.txt").read_text() == "mine"


def test_further_files_and_evaluations_come_along(packed: Packer, tmp_path: Path) -> None:
    evaluation = {
        "metric": "mse",
        "value": 0.5,
        "direction": "lower",
        "n": 3,
        "dataset": {"name": "d", "sha256": "0" * 64},
    }
    (tmp_path / "evaluations.json").write_text(json.dumps([evaluation]))
    (tmp_path / "terms.txt").write_text("Terms.")
    path = "LICENSES/LicenseRef-Own.txt"
    terms = {"source": "terms.txt", "path": path, "mediaType": "text/plain", "role": "license"}
    statement = {"en": "Tests."}
    result = packed(
        AFFINE,
        **NAMED,
        license="LicenseRef-Own",
        files=[terms],
        card={
            "intendedUse": statement,
            "outOfScopeUse": statement,
            "limitations": statement,
            "personalData": {"status": "none"},
            "evaluations": {"file": "evaluations.json"},
        },
    )
    with load(result.out) as package:
        assert package.read("LICENSES/LicenseRef-Own.txt") == b"Terms."
        assert package.json("card.json")["evaluations"] == [evaluation]
