"""What a source brings beside its graph: weights of a builder, other forms of the model, facts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import save_file

from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import Packed, read_recipe
from lepton.pack.recipe import Recipe
from lepton.validate import validate_package

BUILDER = """
import torch

def build():
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))

def number():
    return 7
"""
GRAPH = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,3] x, float[N,1] s) => (float[N,2] y, float[N,1] z)
    <float[3,2] w = {1, 2, 3, 4, 5, 7}> { h = MatMul(x, w) y = Mul(h, s) z = Neg(s) }"""
OTHER = """<ir_version: 9, opset_import: ["" : 18]>
    g (float[M,1] x, float[M,3] rows) => (float[M,1] y, float[M,2] z)
    <float[3,2] w = {1, 2, 3, 4, 5, 7}> { s = Identity(x) z0 = Mul(rows, s) z = MatMul(z0, w) y = Neg(s) }"""
SIZES = {"N": {"min": 1, "max": 8}}
ARTIFACT = {"id": "other", "source": "other.onnx", "names": {"rows": "x", "x": "s", "z": "y", "y": "z"}}


def recipe(folder: Path, **members: Any) -> Recipe:
    statement = {"en": "Tests."}
    document = {
        "lepton": "1.0",
        "id": "model",
        "version": "1.0.0",
        "language": "en",
        "title": {"en": "Model"},
        "description": {"en": "A model for tests."},
        "license": "MIT",
        "symbols": SIZES,
        "card": {
            "intendedUse": statement,
            "outOfScopeUse": statement,
            "limitations": statement,
            "personalData": {"status": "none"},
        },
        **members,
    }
    (folder / "recipe.yml").write_text(json.dumps(document))
    return read_recipe(folder / "recipe.yml")


def written(folder: Path, **graphs: str) -> None:
    for name, text in graphs.items():
        (folder / f"{name}.onnx").write_bytes(onnx.parser.parse_model(text).SerializeToString())


def sound(result: Packed) -> Packed:
    report = validate_package(result.out, level="full", allow_executable=True)
    assert (report.verdict, report.findings) == (Verdict.PASS, ())
    return result


def test_two_forms_of_a_model_are_artifacts_that_pass_the_same_vectors(tmp_path: Path) -> None:
    written(tmp_path, model=GRAPH, other=OTHER)
    given = recipe(tmp_path, artifacts=[{**ARTIFACT, "precision": "mixed"}])
    result = sound(pack_source(str(tmp_path / "model.onnx"), given, tmp_path / "out"))
    first, second = result.manifest["artifacts"]
    assert (first["id"], second["id"], second["entry"]) == ("onnx", "other", "model/other/model.onnx")
    assert (first["precision"], second["precision"]) == ("FP32", "mixed")
    assert second["derivedFrom"]["tool"].startswith("lepton ")
    adapted = onnx.load(tmp_path / "out/model/other/model.onnx")
    onnx.checker.check_model(adapted)
    assert [value.name for value in adapted.graph.input] == ["x", "s"]
    assert (tmp_path / "out/model/model.onnx").read_bytes() == (tmp_path / "model.onnx").read_bytes()


def test_a_symbol_of_one_size_names_a_dimension_of_a_torch_module(tmp_path: Path) -> None:
    """torch has no dynamic dimension that cannot vary: it takes such a one for a constant."""
    (tmp_path / "model.py").write_text(
        "import torch\n\ndef make():\n    torch.manual_seed(3)\n    return torch.nn.Linear(3, 2)\n"
    )
    named = recipe(
        tmp_path,
        symbols={"N": {"min": 1, "max": 1}, "K": {"min": 2, "max": 4, "multipleOf": 3}},
        signature={
            "inputs": [{"name": "x", "datatype": "FP32", "shape": ["N", "K"]}],
            "outputs": [{"name": "y", "shape": ["N", 2]}],
        },
    )
    result = sound(pack_source(f"{tmp_path / 'model.py'}:make", named, tmp_path / "out.lepton"))
    assert result.manifest["signature"]["inputs"][0]["shape"] == ["N", "K"]
    assert result.manifest["signature"]["outputs"][0]["shape"] == ["N", 2]


def test_another_model_is_no_form_of_this_one(tmp_path: Path) -> None:
    written(tmp_path, model=GRAPH, other=OTHER.replace("5, 7", "5, 8"))
    given = recipe(tmp_path, artifacts=[ARTIFACT])
    with pytest.raises(RecipeError, match="artifact 'other' contradicts the oracle"):
        pack_source(str(tmp_path / "model.onnx"), given, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"id": "other", "source": "other.onnx"}, "found the tensors ['x', 'rows'], expected ['x', 's']"),
        ({**ARTIFACT, "id": "onnx"}, "found two artifacts 'onnx'"),
        ({**ARTIFACT, "source": "none.onnx"}, "found neither a file nor a folder"),
        ({**ARTIFACT, "kind": "pmml"}, "found the kind 'pmml'"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(tmp_path: Path, entry: dict[str, Any], words: str) -> None:
    written(tmp_path, model=GRAPH, other=OTHER)
    with pytest.raises(RecipeError) as refused:
        pack_source(str(tmp_path / "model.onnx"), recipe(tmp_path, artifacts=[entry]), tmp_path / "out")
    assert words in str(refused.value)


@pytest.fixture(scope="module")
def exported() -> onnx.ModelProto:
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(3, 64), torch.nn.Tanh(), torch.nn.Linear(64, 2)).eval()
    program = torch.onnx.export(
        net, (torch.ones(2, 3),), dynamo=True, input_names=["x"], output_names=["y"], verbose=False,
        dynamic_shapes=({0: torch.export.Dim("N", min=1, max=8)},),
    )  # fmt: skip
    assert program is not None
    return program.model_proto


@pytest.mark.parametrize("several", [False, True])
def test_external_data_of_a_real_exporter_comes_along_from_each_file(
    tmp_path: Path, exported: onnx.ModelProto, several: bool
) -> None:
    place = tmp_path / "sub"
    place.mkdir()
    onnx.save_model(
        onnx.load_from_string(exported.SerializeToString()), str(place / "net.onnx"),
        save_as_external_data=True, size_threshold=0, all_tensors_to_one_file=not several,
        location=None if several else "weights.bin",
    )  # fmt: skip
    files = {path.name for path in place.iterdir()} - {"net.onnx"}
    assert len(files) == (4 if several else 1)
    signature = {
        "inputs": [{"name": "x", "shape": ["N", 3]}],
        "outputs": [{"name": "y", "shape": ["N", 2]}],
    }
    given = recipe(tmp_path, signature=signature)
    result = sound(pack_source(str(place / "net.onnx"), given, tmp_path / "out.lepton"))
    assert set(result.manifest["artifacts"][0]["external"]) == {f"model/{name}" for name in files}


def test_a_function_and_a_subgraph_are_carried_and_computed(tmp_path: Path) -> None:
    text = """<ir_version: 9, opset_import: ["" : 18, "own" : 1]> g (float[N,3] x) => (float[N,3] y) {
        t = own.twice(x) s = ReduceSum<keepdims = 0>(x)
        zero = Constant<value_float = 0.0>() c = Greater(s, zero)
        y = If (c) <then_branch = a () => (float[N,3] p) { p = Identity(t) },
                    else_branch = b () => (float[N,3] q) { q = Neg(t) }> }
        <domain: "own", opset_import: ["" : 18]> twice (v) => (w) { w = Add(v, v) }"""
    written(tmp_path, model=text)
    result = pack_source(str(tmp_path / "model.onnx"), recipe(tmp_path), tmp_path / "out.lepton")
    assert result.lost == ()
    warned = validate_package(result.out, level="full")
    assert {finding.requirement for finding in warned.findings} == {"PKG-ART-10"}
    for vector in result.vectors.vectors:
        x = vector.inputs[0].array
        np.testing.assert_array_equal(vector.expected[0].array, 2 * x * (1 if x.sum() > 0 else -1))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    (tmp_path / "net.py").write_text(BUILDER)
    net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def built(folder: Path, weights: Path, name: str = "build") -> Packed:
    signature = {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": ["N", 3]}],
        "outputs": [{"name": "y"}],
    }
    given = recipe(folder, signature=signature)
    return pack_source(f"{folder / 'net.py'}:{name}", given, folder / "out", weights=weights)


def test_weights_fill_the_module_of_a_builder_to_the_last_bit(tmp_path: Path, weights: Path) -> None:
    from safetensors.numpy import load_file

    result = sound(built(tmp_path, weights))
    kept = {
        numpy_helper.to_array(tensor).tobytes()
        for tensor in onnx.load(tmp_path / "out/model/model.onnx").graph.initializer
    }
    for tensor in load_file(weights).values():
        assert tensor.tobytes() in kept or np.ascontiguousarray(tensor.T).tobytes() in kept
    assert result.manifest["artifacts"][0]["derivedFrom"]["tool"].startswith("torch.onnx ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("0.bias"), "missing: 0.bias"),
        (lambda state: state.update(more=torch.ones(2)), "unknown to the module: more"),
        (lambda state: state.update({"0.bias": torch.ones(4)}), "found float32 [4] for '0.bias'"),
        (lambda state: state.update({"0.bias": torch.ones(5).half()}), "found float16 [5] for '0.bias'"),
    ],
)
def test_weights_that_do_not_fit_are_named_key_by_key(
    tmp_path: Path, weights: Path, change: Any, words: str
) -> None:
    from safetensors.torch import load_file

    state = load_file(weights)
    change(state)
    save_file(state, weights)
    with pytest.raises(RecipeError) as refused:
        built(tmp_path, weights)
    assert words in str(refused.value)


def test_weights_with_an_unsound_header_are_refused_before_they_are_read(
    tmp_path: Path, weights: Path
) -> None:
    weights.write_bytes(weights.read_bytes() + b"behind")
    with pytest.raises(RecipeError, match="found no sound safetensors file"):
        built(tmp_path, weights)
    with pytest.raises(RecipeError, match=r"expected a torch\.nn\.Module for --weights"):
        built(tmp_path, weights, "number")


def test_facts_of_a_source_complete_a_recipe_and_never_overrule_it(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        json.dumps(
            {
                "id": "mine",
                "symbols": {"N": {"min": 2, "max": 4}},
                "signature": {"inputs": [{"name": "x", "unit": "mm"}]},
                "card": {"limitations": {"en": "Mine."}},
            }
        )
    )
    facts = {
        "lepton": "1.0",
        "id": "theirs",
        "version": "2.0.0",
        "language": "en",
        "title": {"en": "Theirs"},
        "license": "MIT",
        "symbols": {"N": {"min": 1, "unbounded": True}, "M": {"min": 1, "max": 2}},
        "signature": {
            "inputs": [{"name": "x", "axes": ["batch"]}, {"name": "z"}],
            "outputs": [{"name": "y"}],
        },
        "card": {
            "intendedUse": {"en": "Theirs."},
            "outOfScopeUse": {"en": "Theirs."},
            "limitations": {"en": "Theirs."},
            "personalData": {"status": "unknown"},
        },
    }
    draft = read_recipe(tmp_path / "r.yml")
    document = draft.completed(facts).document
    assert (document["id"], document["version"], document["license"]) == ("mine", "2.0.0", "MIT")
    assert document["symbols"] == {"N": {"min": 2, "max": 4}, "M": {"min": 1, "max": 2}}
    assert document["signature"]["inputs"] == [{"name": "x", "axes": ["batch"], "unit": "mm"}, {"name": "z"}]
    assert document["card"]["limitations"] == {"en": "Mine."}
    assert document["card"]["intendedUse"] == {"en": "Theirs."}
    with pytest.raises(RecipeError, match="found no member 'intendedUse'"):
        draft.completed({})


@pytest.mark.parametrize(
    "text", ["id: 7", "signature: {inputs: [3]}", "card: {limitations: 1}", "symbols: []"]
)
def test_what_a_recipe_does_say_is_judged_though_it_is_not_complete(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yml").write_text(text)
    with pytest.raises(RecipeError, match=r"r\.yml, at /"):
        read_recipe(tmp_path / "r.yml")
