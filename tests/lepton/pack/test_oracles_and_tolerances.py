"""Oracles: independent of the engine, right where onnx's evaluator is not; tolerances that follow."""

import inspect
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from lepton.errors import RecipeError
from lepton.pack import exact_images, exact_selection, exact_steps, exact_texts, oracle, reference_ops
from lepton.pack.exact_steps import ExactSteps
from lepton.pack.oracle import OnnxOracle, TorchOracle
from lepton.pack.tolerance import FLOOR_ULPS, SAFETY_FACTOR, SHAKEN_FACTOR, derive
from lepton.pack.upcast import upcast
from lepton.tensor import TensorSpec

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '


def _oracle(text: str) -> OnnxOracle:
    return OnnxOracle(onnx.parser.parse_model(HEAD + text))


@pytest.mark.requirement("PKG-VEC-09")
def test_no_oracle_asks_the_engine_under_test() -> None:
    for module in (oracle, reference_ops, exact_steps, exact_images, exact_selection, exact_texts):
        assert "import onnxruntime" not in inspect.getsource(module)
        assert "lepton.runtime.processing" not in inspect.getsource(module)
        assert "lepton.runtime.steps" not in inspect.getsource(module)


@pytest.mark.parametrize("rank", [3, 4, 5])
def test_global_max_pool_is_right_at_every_rank(rank: int) -> None:
    sizes, ones = ",".join(["3"] * (rank - 2)), ",".join(["1"] * (rank - 2))
    text = f"g (float[N,2,{sizes}] x) => (float[N,2,{ones}] y) {{ y = GlobalMaxPool(x) }}"
    x = np.arange(2 * 3 ** (rank - 2), dtype=np.float32).reshape([1, 2, *[3] * (rank - 2)])
    answer = _oracle(text).native({"x": x})["y"]
    assert answer.shape == (1, 2, *[1] * (rank - 2))
    assert answer.ravel().tolist() == [3 ** (rank - 2) - 1, 2 * 3 ** (rank - 2) - 1]


@pytest.mark.parametrize("opset", [9, 13, 14, 17])
def test_batch_normalization_uses_the_mean_that_was_given(opset: int) -> None:
    """What was given is mean 1 and variance 4 less epsilon; the batch itself has mean 5."""
    text = f"""<ir_version: 8, opset_import: ["" : {opset}]>
        g (float[N,1,2] x) => (float[N,1,2] y) <float[1] s = {{2}}, float[1] b = {{3}}, float[1] m = {{1}},
        float[1] v = {{3.75}}> {{ y = BatchNormalization <epsilon=0.25, momentum=0.9> (x, s, b, m, v) }}"""
    oracle = OnnxOracle(onnx.parser.parse_model(text))
    assert oracle.native({"x": np.array([[[3, 7]]], np.float32)})["y"].tolist() == [[[5.0, 9.0]]]


@pytest.mark.parametrize("opset", [13, 17, 19])
def test_quantised_graphs_of_every_opset_are_computed(opset: int) -> None:
    text = f"""<ir_version: 9, opset_import: ["" : {opset}]>
        g (float[N,2] x) => (float[N,2] y) <float s = {{0.5}}, uint8 z = {{10}}, float[2] t = {{0.25, 2}},
        int8[2] o = {{0, -100}}> {{
        a = QuantizeLinear(x, s, z) b = DequantizeLinear(a, s, z)
        c = QuantizeLinear <axis = 1> (b, t, o) y = DequantizeLinear <axis = 1> (c, t, o) }}"""
    x = np.array([[0.75, 0.75], [-9, 1000], [40, -70]], np.float32)
    # Ties go to even (1.5 steps to 2); both ends are cut off: at -10 and 245 half steps, 127 quarter steps.
    expected = [[1.0, 0.0], [-5.0, 122.0], [31.75, -4.0]]
    found = OnnxOracle(onnx.parser.parse_model(text))
    assert found.native({"x": x})["y"].tolist() == expected
    wide = found.double({"x": x})
    assert wide is not None
    assert wide["y"].tolist() == expected


def test_the_graph_in_float64_keeps_what_float32_rounds_away() -> None:
    text = "g (float[N] x) => (float[N] y) <float big = {16777216}> { a = Add(x, big) y = Sub(a, big) }"
    x = np.array([1.0], np.float32)
    found = _oracle(text)
    assert found.native({"x": x})["y"].tolist() == [0.0]
    wide = found.double({"x": x})
    assert wide is not None
    assert wide["y"].dtype == np.float64
    assert wide["y"].tolist() == [1.0]


def test_upcasting_reaches_constants_casts_and_subgraphs() -> None:
    text = """g (bool c, int32[N] i) => (float[N] y) {
        x = Cast <to = 1> (i)
        tenth = Constant <value_float = 0.1> ()
        y = If (c) <then_branch = t () => (float[N] a) { a = Mul(x, tenth) },
                    else_branch = e () => (float[N] b) { h = Cast <to = 10> (x) b = Cast <to = 1> (h) }>
    }"""
    found = _oracle(text)
    for condition, expected in ((True, 4097 * float(np.float32(0.1))), (False, 4097.0)):
        wide = found.double({"c": np.array(condition), "i": np.array([4097], np.int32)})
        assert wide is not None
        assert wide["y"].dtype == np.float64
        # float16 would have made 4096 of it.
        assert wide["y"].tolist() == [expected]


def test_upcasting_leaves_the_model_itself_alone() -> None:
    text = "g (float[N] x) => (float[N] y) <float w = {2}> { y = Mul(x, w) }"
    model = onnx.parser.parse_model(HEAD + text)
    before = model.SerializeToString()
    doubled = upcast(model)
    assert model.SerializeToString() == before
    assert doubled.graph.initializer[0].data_type == onnx.TensorProto.DOUBLE


def test_a_graph_that_cannot_be_computed_is_refused_with_a_remedy() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17, "own" : 1]> '
        "g (float[N] x) => (float[N] y) { y = own.Magic(x) }"
    )
    with pytest.raises(RecipeError, match="pack from the torch module instead"):
        OnnxOracle(model).native({"x": np.zeros(1, np.float32)})


def test_a_torch_module_answers_in_both_precisions() -> None:
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 2)
    found = TorchOracle(module, ["x"], ["y"])
    x = np.array([[1, 2, 3]], np.float32)
    weight, bias = (p.detach().numpy().astype(np.float64) for p in (module.weight, module.bias))
    wide = found.double({"x": x})
    assert wide is not None
    np.testing.assert_allclose(wide["y"], x.astype(np.float64) @ weight.T + bias, rtol=1e-15)
    assert found.native({"x": x})["y"].dtype == np.float32
    assert module.weight.dtype == torch.float32


def test_a_torch_module_that_insists_on_float32_has_no_float64_answer() -> None:
    class Stubborn(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.to(torch.float32) * 2

    assert TorchOracle(Stubborn(), ["x"], ["y"]).double({"x": np.ones(1, np.float32)}) is None


def test_tolerance_is_a_multiple_of_how_far_the_oracle_moves() -> None:
    wide, native = [np.array([1.0, -2.0])], [np.array([1.0 + 1e-4, -2.0], np.float32)]
    derived = derive("y", "FP32", wide, native)
    moved = float(np.float32(1.0 + 1e-4)) - 1.0
    assert moved * SAFETY_FACTOR <= derived.atol <= moved * SAFETY_FACTOR * 1.1
    assert derived.rtol == FLOOR_ULPS * 2.0**-23


def test_tolerance_follows_what_planted_rounding_errors_move() -> None:
    wide, native, shaken = [np.array([1.0, 0.0])], [np.array([1.0, 1e-6])], [np.array([1.0, 1e-3])]
    derived = derive("y", "FP32", wide, native, shaken)
    assert SHAKEN_FACTOR * 1e-3 <= derived.atol <= SHAKEN_FACTOR * 1e-3 * 1.1


def _moved(text: str, x: Any, unit: float = 2.0**-24) -> float:
    found = _oracle(text)
    wide = found.double({"x": x})
    assert wide is not None
    shaken = [found.shaken({"x": x}, unit, seed) for seed in range(4)]
    return max(float(np.max(np.abs(one["y"] - wide["y"]))) for one in shaken if one is not None)


def test_planted_errors_are_of_the_size_that_rounding_error_analysis_says() -> None:
    """1,024 products of 1 and -1 cancel: the result is 0, and an engine is off by about sqrt(n) roundings."""
    text = "g (float[1,1024] x) => (float[1,1] y) <float[1024,1] w> { y = MatMul(x, w) }"
    model = onnx.parser.parse_model(HEAD + text.replace(" <float[1024,1] w>", ""))
    signs = np.resize(np.array([[1.0], [-1.0]], np.float32), (1024, 1))
    model.graph.initializer.append(onnx.numpy_helper.from_array(signs, "w"))
    found = OnnxOracle(model)
    x = {"x": np.ones((1, 1024), np.float32)}
    assert found.double(x) == {"y": np.array([[0.0]])}
    moved = [found.shaken(x, 2.0**-24, seed) for seed in range(20)]
    largest = max(abs(float(one["y"][0, 0])) for one in moved if one is not None)
    unit = 2.0**-24 * 1024
    assert unit * 4 < largest <= unit * np.sqrt(1024)


def test_planted_errors_reach_what_engines_approximate_and_spare_what_only_moves() -> None:
    x = np.full((1, 4), -12, np.float32)
    # onnxruntime's sigmoid of -12 (6e-6) is off by 9e-8, a hundred thousand units of its last place.
    assert _moved("g (float[1,4] x) => (float[1,4] y) { y = Sigmoid(x) }", x) > 1e-7
    assert _moved("g (float[1,4] x) => (float[4,1] y) { y = Transpose(x) }", x) == 0.0
    tenths = np.full((1, 4), -1.1, np.float32)
    assert _moved("g (float[1,4] x) => (float[1,4] y) { y = Mul(x, x) }", tenths, 2.0**-11) > 2.0**-11


@pytest.mark.parametrize("node", ["Add(x, z)", "Sub(x, z)", "Mul(x, z)"])
def test_planted_errors_spare_whole_numbers_that_ieee_754_computes_exactly(node: str) -> None:
    """A place in a picture is row * width + column; truncated to an index, an error would move it by one."""
    x = np.array([511, 479, 0], np.float32)
    text = "g (float[3] x) => (float[3] y) { z = Constant <value = float {512}> () y = "
    assert _moved(f"{text}{node} }}", x) == 0.0


def test_planted_errors_reach_sums_and_products_that_the_precision_does_not_hold() -> None:
    x = np.array([4097, 4099, 1], np.float32)
    text = "g (float[3] x) => (float[3] y) { z = Constant <value = float {4097}> () y = Mul(x, z) }"
    assert 1.0 <= _moved(text, x) <= 4
    third = "g (float[3] x) => (float[3] y) { z = Constant <value = float {3}> () y = Div(x, z) }"
    # Held by the precision, yet some engines multiply by a third, which it does not hold.
    assert _moved(third, np.array([3, 9, 12], np.float32)) > 0.0
    half = "g (float[3] x) => (float[3] y) { z = Constant <value = float {8}> () y = Div(x, z) }"
    assert _moved(half, x) == 0.0
    # 2,049 has twelve digits: FP16, with eleven, rounds it.
    one = "g (float[1] x) => (float[1] y) { z = Constant <value = float {1}> () y = Add(x, z) }"
    assert _moved(one, np.array([2048], np.float32), 2.0**-11) > 0.1


def test_planted_errors_reach_the_nodes_of_subgraphs() -> None:
    text = """g (float[2] x) => (float[2] y) { c = Constant <value = bool {1}> ()
        y = If (c) <then_branch = t () => (float[2] a) { a = Mul(x, x) },
                    else_branch = e () => (float[2] b) { b = Identity(x) }> }"""
    assert 0.0 < _moved(text, np.array([3.1, 5.3], np.float32)) < 1e-5


def test_planted_errors_reach_a_torch_module_and_leave_it_as_it_was() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 2)
    )
    found = TorchOracle(module, ["x"], ["y"])
    x = {"x": np.random.default_rng(0).standard_normal((1, 1, 8, 8)).astype(np.float32)}
    before, native = found.double(x), found.native(x)
    shaken = found.shaken(x, 2.0**-24, 0)
    assert before is not None
    assert shaken is not None
    engine = float(np.max(np.abs(native["y"] - before["y"])))
    moved = float(np.max(np.abs(shaken["y"] - before["y"])))
    assert engine / 4 < moved < 1e-5
    again = found.double(x)
    assert again is not None
    np.testing.assert_array_equal(again["y"], before["y"])


def test_tolerance_has_a_floor_where_the_precisions_agree() -> None:
    derived = derive("y", "FP16", [np.array([4.0])], [np.array([4.0], np.float16)])
    assert derived.atol >= FLOOR_ULPS * 2.0**-10 * 4
    assert derived.nan == "forbidden"
    assert derive("y", "FP32", [np.array([np.nan])], [np.array([np.nan], np.float32)]).nan == "equal"


@pytest.mark.parametrize("datatype", ["BOOL", "INT64", "UINT8", "BYTES"])
def test_exact_datatypes_are_compared_exactly(datatype: str) -> None:
    assert derive("y", datatype, None, [np.array([1])]).comparator == "exact"


STEPS: list[dict[str, Any]] = [
    {"op": "cast", "in": "a", "out": "b", "datatype": "FP32"},
    {"op": "rescale", "in": "b", "out": "c", "scale": 0.1, "offset": -1.0},
    {"op": "normalize", "in": "c", "out": "d", "axis": 2, "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 0.125]},
    {"op": "transpose", "in": "d", "out": "e", "perm": [2, 0, 1]},
    {"op": "reshape", "in": "e", "out": "f", "shape": [3, "N", "T", 1]},
    {"op": "softmax", "in": "f", "out": "g", "axis": 0},
    {"op": "sigmoid", "in": "d", "out": "h"},
    {"op": "argmax", "in": "g", "out": "i", "axis": 0},
]


def test_both_implementations_of_the_steps_agree_within_float32() -> None:
    from lepton.runtime.processing import compile_steps

    spec = TensorSpec("a", "UINT8", ("N", "T", 3))
    a = np.random.default_rng(1).integers(0, 256, (2, 4, 3), dtype=np.uint8)
    steps = [{"version": 1, **step} for step in STEPS]
    found = {"a": a}
    for operation in compile_steps(steps, [spec]):
        (found[operation.yields[0].name],) = operation.apply(*[found[name] for name in operation.sources])
    manifest = {
        "symbols": {"N": {"min": 1, "max": 9}, "T": {"min": 1, "max": 9}},
        "interface": {"inputs": [{"name": "a", "datatype": "UINT8", "shape": ["N", "T", 3]}], "outputs": []},
        "processing": {"pre": steps, "post": []},
    }
    exact = ExactSteps(manifest, lambda path: b"")
    for width, tolerance in ((np.float32, 1e-6), (np.float64, 1e-5)):
        for name, array in exact.apply("pre", {"a": a}, width).items():
            assert array.shape == found[name].shape
            np.testing.assert_allclose(found[name], array, rtol=tolerance, atol=tolerance)
    # rescale and normalize round as the table says, so float32 agrees bit for bit.
    np.testing.assert_array_equal(exact.apply("pre", {"a": a}, np.float32)["d"], found["d"])
