"""Packing proves that its vectors discriminate, looks for better ones, and refuses what it cannot prove."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml

from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.pack import read_recipe
from lepton.pack.build import Packed
from lepton.validate import validate_package

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '
LEAST: dict[str, Any] = {
    "lepton": "1.0", "id": "made", "version": "1.0.0", "language": "en", "title": {"en": "Made"},
    "license": "MIT", "symbols": {"N": {"min": 1, "max": 64}},
    "card": {
        "intendedUse": {"en": "Tests."}, "outOfScopeUse": {"en": "Else."}, "limitations": {"en": "Many."},
        "personalData": {"status": "none"},
    },
}  # fmt: skip
#: The gate opens for inputs beyond 12 only, which a draw from a normal distribution never reaches.
GATED = """g (float[N,4] x) => (float[N,3] y)
  <float[4,3] w = {1,2,3,4,5,6,7,8,9,1,2,3}, float[3] hidden = {5, 6, 7}, float far = {12}> {
  a = MatMul(x, w) open = Greater(x, far) o = Cast <to = 1> (open) s = ReduceMax <axes = [1]> (o)
  h = Mul(s, hidden) y = Add(a, h) }"""
LINEAR = (
    """g (float[N,4] x) => (float[N,3] y) <float[4,3] w = {1,2,3,4,5,6,7,8,9,1,2,3}> { y = MatMul(x, w) }"""
)

Packer = Callable[..., Packed]


@pytest.fixture
def packed(tmp_path: Path) -> Packer:
    def run(text: str, **recipe: Any) -> Packed:
        model = tmp_path / "model.onnx"
        model.write_bytes(onnx.parser.parse_model(HEAD + text).SerializeToString())
        path = tmp_path / "recipe.yml"
        path.write_text(yaml.safe_dump({**LEAST, **recipe}))
        return pack_source(str(model), read_recipe(path), tmp_path / "out.lepton")

    return run


def test_looks_for_inputs_that_open_what_the_first_ones_leave_closed(packed: Packer) -> None:
    result = packed(GATED)
    mutation = result.vectors.mutation
    assert mutation is not None
    assert (mutation.mutants, mutation.killed, mutation.survivors) == (4, 4, ())
    assert len(result.vectors.vectors) > 5
    assert max(float(one.inputs[0].array.max()) for one in result.vectors.vectors) > 12


def test_refuses_vectors_that_too_many_mutants_survive_and_names_them(packed: Packer) -> None:
    with pytest.raises(RecipeError) as refused:
        packed(GATED, vectors={"ranges": {"x": [-1, 1]}})
    message = str(refused.value)
    assert re.search("found 2 of 4 mutants killed, expected 90% or more", message)
    assert "weights-perturbed:1, weights-zeroed:1" in message
    assert "make use of every part of the model" in message


def test_a_tolerance_that_is_too_wide_is_refused(packed: Packer) -> None:
    wide = {"comparisons": {"y": {"atol": 3, "rtol": 0, "reason": "It seemed enough."}}}
    with pytest.raises(RecipeError, match="weights-perturbed:0"):
        packed(LINEAR, vectors={"ranges": {"x": [-1, 1]}, **wide})
    assert packed(LINEAR, vectors={"ranges": {"x": [-1, 1]}}).vectors.mutation is not None


def test_a_survivor_has_the_reason_that_the_author_gives(packed: Packer) -> None:
    """Of 22 mutants, the last weight's two cannot be seen: nothing is ever beyond 1e30."""
    weights = ", ".join(f"float[{20 - at}] w{at} = {{{','.join(['1.5'] * (20 - at))}}}" for at in range(10))
    sums = " ".join(f"s{at} = ReduceSum(w{at}) t{at} = Mul(x, s{at})" for at in range(10))
    chain = " ".join(f"u{at} = Add({'t0' if at == 1 else f'u{at - 1}'}, t{at})" for at in range(1, 10))
    never = "open = Greater(x, far) o = Cast <to = 1> (open) h = Mul(o, hidden) y = Add(u9, h)"
    named = f"{weights}, float[3] hidden = {{5, 5, 5}}, float far = {{1e30}}"
    text = f"g (float[N,3] x) => (float[N,3] y) <{named}> {{ {sums} {chain} {never} }}"
    name = "weights-zeroed:10"
    reason = "Nothing that can be put in is so large."
    result = packed(text, vectors={"survivors": {name: reason}})
    mutation = result.vectors.mutation
    assert mutation is not None
    assert (mutation.mutants, mutation.killed) == (22, 20)
    assert {one.mutant: one.reason for one in mutation.survivors} == {
        name: reason,
        "weights-perturbed:10": "",
    }
    assert [one.requirement for one in validate_package(result.out, level="full").findings] == ["PKG-DOC-05"]
    result.out.unlink()
    with pytest.raises(RecipeError, match="found a reason for the survivor 'weights-zeroed:0'"):
        packed(text, vectors={"survivors": {"weights-zeroed:0": reason}})


def test_sizes_are_spread_each_symbol_in_its_own_order(packed: Packer) -> None:
    text = "g (float[N,T] x) => (float[N,T] y) <float[1,1] w = {2}> { y = Mul(x, w) }"
    symbols = {"N": {"min": 1, "max": 64}, "T": {"min": 4, "max": 40, "multipleOf": 4}}
    result = packed(text, symbols=symbols)
    shapes = [one.inputs[0].array.shape for one in result.vectors.vectors]
    assert shapes[0] == shapes[1] == (1, 4)
    assert sorted({n for n, _ in shapes}) == [1, 2, 5, 19]
    assert sorted({t for _, t in shapes}) == [4, 8, 20, 40]
    assert (19, 40) not in shapes


def test_an_image_has_a_square_in_the_vectors_where_it_can(packed: Packer) -> None:
    text = """g (float[N,1,H,W] x) => (float[N,1,H,W] y) <float[1,1,3,3] w = {1,2,3,4,5,6,7,8,9}> {
        y = Conv <pads = [1,1,1,1]> (x, w) }"""
    symbols = {
        "N": {"min": 1, "max": 4}, "H": {"min": 4, "max": 32, "multipleOf": 4},
        "W": {"min": 6, "max": 48, "multipleOf": 6},
    }  # fmt: skip
    axes = ["batch", "channel", "y", "x"]
    result = packed(text, symbols=symbols, signature={"inputs": [{"name": "x", "axes": axes}]})
    assert result.vectors.vectors[0].inputs[0].array.shape == (1, 1, 12, 12)
    names = [one.mutant for one in result.vectors.mutation.survivors] if result.vectors.mutation else []
    assert names == []


def test_an_artifact_of_another_precision_passes_the_same_vectors_within_its_own_tolerance(
    packed: Packer, tmp_path: Path
) -> None:
    """The INT8 artifact has the weights in steps of a 16th, which moves answers by far more than rounding."""
    random = np.random.default_rng(0)
    weights = random.uniform(-7, 7, (4, 3)).astype(np.float32)
    steps = np.rint(weights * 16).astype(np.int8)
    text = (
        HEAD
        + """g (float[N,4] x) => (float[N,3] y) <float s = {0.0625}, int8 z = {0}> {
        d = DequantizeLinear(w, s, z) y = MatMul(x, d) }"""
    )
    small = onnx.parser.parse_model(text)
    small.graph.initializer.append(onnx.numpy_helper.from_array(steps, "w"))
    onnx.save(small, tmp_path / "small.onnx")
    full = LINEAR.replace(
        "{1,2,3,4,5,6,7,8,9,1,2,3}", "{" + ",".join(f"{one:.6f}" for one in weights.ravel()) + "}"
    )
    result = packed(full, artifacts=[{"id": "int8", "source": "small.onnx"}])
    assert [one["precision"] for one in result.manifest["artifacts"]] == ["FP32", "INT8"]
    comparison = result.vectors.vectors[0].comparisons[0]
    off = max(
        float(np.max(np.abs(one.inputs[0].array.astype(np.float64) @ (steps / 16) - one.expected[0].array)))
        for one in result.vectors.vectors
    )
    assert off <= comparison.precisions["INT8"][0] <= 2 * off
    assert comparison.atol < off / 100
    report = validate_package(result.out, level="full")
    assert [one.requirement for one in report.findings] == ["PKG-DOC-05"]
    assert report.verdict == "pass"
