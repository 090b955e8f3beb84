"""Wrong answers lie outside of the intervals: narrow accumulation, other constants, axes and attributes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import helper, numpy_helper

from lepton_conformance.oracle.interval import Undecidable, evaluate, judge

Array = npt.NDArray[Any]
RNG = np.random.default_rng(11)


def normal(*shape: int) -> Array:
    return RNG.standard_normal(shape).astype(np.float32)


def softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    found: Array = powers / powers.sum(axis=axis, keepdims=True)
    return found


def standardized(x: Array, epsilon: float, axis: int = -1) -> Array:
    wide = x.astype(np.float64)
    mean, variance = wide.mean(axis=axis, keepdims=True), wide.var(axis=axis, keepdims=True)
    found: Array = ((wide - mean) / np.sqrt(variance + epsilon)).astype(np.float32)
    return found


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x.astype(np.float64))))


SQUARE, OTHER, ROWS = normal(8, 8), normal(8, 8), normal(4, 6)
ONES = np.ones(6, np.float32)
IMAGE = normal(1, 2, 6, 6)
LONG, LONGER = normal(2, 64), normal(64, 3)

#: What is wrong, operator, attributes, inputs, and the answer: a right one first, then the wrong ones.
CASES: list[tuple[str, str, dict[str, Any], list[Array], list[Callable[..., Array]]]] = [
    ("1 % of Sin", "Sin", {}, [ROWS], [np.sin, lambda x: np.sin(x) * np.float32(1.01)]),
    ("10 units of Tanh", "Tanh", {}, [ROWS], [np.tanh, lambda x: np.tanh(x) * np.float32(1 + 2e-6)]),
    ("Exp for expm1", "Exp", {}, [ROWS], [np.exp, np.expm1]),
    (
        "FP16 in Mul",
        "Mul",
        {},
        [ROWS, ROWS],
        [np.multiply, lambda a, b: a.astype(np.float16) * b.astype(np.float16)],
    ),
    (
        "a transposed square matrix",
        "MatMul",
        {},
        [SQUARE, OTHER],
        [np.matmul, lambda a, b: a @ b.T, lambda a, b: a.T @ b, lambda a, b: b @ a],
    ),
    (
        "accumulation in FP16",
        "MatMul",
        {},
        [LONG, LONGER],
        [
            np.matmul,
            lambda a, b: a.astype(np.float16) @ b.astype(np.float16),
            lambda a, b: (a @ b).astype(np.float16),
        ],
    ),
    (
        "accumulation in TF32: 10 bits of the factors",
        "MatMul",
        {},
        [LONG, LONGER],
        [np.matmul, lambda a, b: _cut(a) @ _cut(b)],
    ),
    (
        "the other epsilon",
        "LayerNormalization",
        {"epsilon": 1e-5},
        [ROWS, ONES],
        [lambda x, _: standardized(x, 1e-5), lambda x, _: standardized(x, 1e-3)],
    ),
    (
        "the default epsilon for the given one",
        "LayerNormalization",
        {"epsilon": 1e-3},
        [ROWS, ONES],
        [lambda x, _: standardized(x, 1e-3), lambda x, _: standardized(x, 1e-5)],
    ),
    (
        "the sample's variance",
        "LayerNormalization",
        {},
        [ROWS, ONES],
        [lambda x, _: standardized(x, 1e-5), lambda x, _: standardized(x, 1e-5) * np.sqrt(np.float32(5 / 6))],
    ),
    (
        "the wrong axis of Softmax",
        "Softmax",
        {"axis": 0},
        [SQUARE],
        [lambda x: softmax(x, 0), lambda x: softmax(x, 1)],
    ),
    (
        "the wrong axis of ReduceMean",
        "ReduceMean",
        {"axes": [0], "keepdims": 0},
        [SQUARE],
        [lambda x: x.mean(axis=0), lambda x: x.mean(axis=1)],
    ),
    (
        "an ignored alpha",
        "LeakyRelu",
        {"alpha": 0.2},
        [ROWS],
        [
            lambda x: np.where(x < 0, np.float32(0.2) * x, x),
            lambda x: np.where(x < 0, np.float32(0.01) * x, x),
        ],
    ),
    (
        "ignored strides",
        "MaxPool",
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        [IMAGE],
        [
            lambda x: x.reshape(1, 2, 3, 2, 3, 2).max(axis=(3, 5)),
            lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3)).max(axis=(4, 5)),
        ],
    ),
    (
        "counted padding",
        "AveragePool",
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [7, 7]},
        [IMAGE],
        [lambda x: _corners(x, counted=False), lambda x: _corners(x, counted=True)],
    ),
    (
        "halves away from zero",
        "Round",
        {},
        [np.array([0.5, 1.5, 2.5, -2.5], np.float32)],
        [np.rint, lambda x: np.sign(x) * np.floor(np.abs(x) + np.float32(0.5))],
    ),
    (
        "division of integers toward minus infinity",
        "Div",
        {},
        [np.array([-7, 7], np.int32), np.array([2, -2], np.int32)],
        [lambda a, b: np.trunc(a / b).astype(np.int32), lambda a, b: a // b],
    ),
    (
        "the last of equal elements",
        "ArgMax",
        {"axis": 0, "keepdims": 0},
        [np.array([1, 3, 3], np.float32)],
        [lambda x: np.array(1, np.int64), lambda x: np.array(2, np.int64)],
    ),
    ("Gelu by tanh", "Gelu", {}, [ROWS], [lambda x: _gelu(x, False), lambda x: _gelu(x, True)]),
    ("Sigmoid by pieces", "Sigmoid", {}, [ROWS], [sigmoid, lambda x: np.clip(x / 4 + 0.5, 0, 1)]),
    ("a swallowed NaN", "Add", {}, [np.array([np.nan], np.float32), ONES[:1]], [np.add, lambda a, b: b]),
    ("a lost sign of zero", "Neg", {}, [ROWS], [np.negative, np.positive]),
    (
        "a Reshape by columns",
        "Transpose",
        {"perm": [1, 0]},
        [SQUARE],
        [np.transpose, lambda x: x.copy(), lambda x: x.reshape(-1)[::-1].reshape(8, 8)],
    ),
]


def _cut(x: Array) -> Array:
    return (x.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


def _gelu(x: Array, rough: bool) -> Array:
    wide = x.astype(np.float64)
    if rough:
        inner = np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3))
    else:
        inner = np.vectorize(math.erf)(wide / math.sqrt(2))
    return np.asarray(0.5 * wide * (1 + inner))


def _corners(x: Array, *, counted: bool) -> Array:
    """Return the average of the upper left window of each channel, with one row and column of padding."""
    found = x[..., :2, :2].sum(axis=(2, 3), keepdims=True) / np.float32(9 if counted else 4)
    return np.asarray(found.astype(np.float32))


@pytest.mark.parametrize(
    ("operator", "attributes", "inputs", "functions"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_wrong_answers_lie_outside(
    operator: str,
    attributes: dict[str, Any],
    inputs: list[Array],
    functions: list[Callable[..., Array]],
    graph: Any,
) -> None:
    names = [f"x{at}" for at in range(len(inputs))]
    given = dict(zip(names, inputs, strict=True))
    opset = 20 if operator == "Gelu" else 17
    model = graph([helper.make_node(operator, names, ["y"], **attributes)], given, opset=opset)
    interval = evaluate(model, given)["y"]
    right, *wrong = (
        np.asarray(function(*inputs)).astype(
            interval.lo.dtype if interval.datatype == "INT64" else inputs[0].dtype
        )
        for function in functions
    )
    assert (found := judge(interval, right)) is None, str(found)
    for answer in wrong:
        assert judge(interval, answer) is not None


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_swapped_epsilons_lie_outside_at_every_size_that_they_matter_at(factor: float, graph: Any) -> None:
    x = normal(2, 3, 5, 5) * np.float32(factor)
    parameters = {"s": normal(3), "b": normal(3), "m": normal(3), "v": np.abs(normal(3)) * np.float32(factor)}
    node = helper.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=1e-5)
    interval = evaluate(graph([node], {"x": x, **parameters}), {"x": x, **parameters})["y"]

    def answer(epsilon: float) -> Array:
        s, b, m, v = (parameters[name].astype(np.float64).reshape(3, 1, 1) for name in "sbmv")
        return ((x - m) / np.sqrt(v + epsilon) * s + b).astype(np.float32)

    assert judge(interval, answer(1e-5)) is None
    assert judge(interval, answer(1e-3)) is not None


def test_a_wrong_initial_state_and_swapped_gates_lie_outside(graph: Any) -> None:
    x, w, r, h = normal(3, 2, 4), normal(1, 12, 4), normal(1, 12, 3), normal(1, 2, 3)
    c = normal(1, 2, 3)
    node = helper.make_node("LSTM", ["x", "w", "r", "", "", "h", "c"], ["y"], hidden_size=3)
    given = {"x": x, "w": w, "r": r, "h": h, "c": c}
    interval = evaluate(graph([node], given), given)["y"]

    def lstm(order: str, start: Array, wide: Any = np.float64) -> Array:
        state, cell = start[0].astype(wide), c[0].astype(wide)
        steps = []
        for step in x.astype(wide):
            sums = step @ w[0].astype(wide).T + state @ r[0].astype(wide).T
            gate = {name: sums[:, 3 * at : 3 * at + 3] for at, name in enumerate(order)}
            cell = sigmoid(gate["f"]) * cell + sigmoid(gate["i"]) * np.tanh(gate["c"])
            state = sigmoid(gate["o"]) * np.tanh(cell)
            steps.append(state)
        return np.stack(steps)[:, None].astype(np.float32)

    assert judge(interval, lstm("iofc", h)) is None
    assert judge(interval, lstm("ifoc", h)) is not None
    assert judge(interval, lstm("iofc", np.zeros_like(h))) is not None


def test_a_graph_that_ends_in_a_sum_of_many_terms_still_rejects_half_precision(graph: Any) -> None:
    x, w = normal(1, 16, 8, 8), normal(4, 16, 3, 3)
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    interval = evaluate(graph([node], {"x": x, "w": w}), {"x": x, "w": w})["y"]

    def conv(a: Array, b: Array) -> Array:
        views = np.lib.stride_tricks.sliding_window_view(a, (3, 3), (2, 3))
        return np.asarray(np.einsum("nchwij,mcij->nmhw", views, b))

    assert judge(interval, conv(x, w)) is None
    assert judge(interval, conv(x.astype(np.float16), w.astype(np.float16)).astype(np.float32)) is not None


def test_other_types_and_shapes_are_disagreements(graph: Any) -> None:
    model = graph([helper.make_node("Relu", ["x"], ["y"])], {"x": ROWS})
    interval = evaluate(model, {"x": ROWS})["y"]
    answer = np.maximum(ROWS, 0)
    assert judge(interval, answer) is None
    assert str(judge(interval, answer.astype(np.float64))) == "found datatype FP64, expected datatype FP32"
    assert str(judge(interval, answer[:3])) == "found shape [3, 6], expected shape [4, 6]"
    answer[1, 2] += 1
    found = judge(interval, answer)
    assert found is not None
    assert found.at == (1, 2)
    assert found.ulp > 1e5


def test_copies_keep_the_sign_of_zero(graph: Any) -> None:
    x = np.array([0.0, -0.0], np.float32)
    interval = evaluate(graph([helper.make_node("Identity", ["x"], ["y"])], {"x": x}), {"x": x})["y"]
    assert judge(interval, x) is None
    assert judge(interval, -x) is not None


@pytest.mark.parametrize("neighbour", [3.0, 1e-40])
def test_division_by_a_zero_that_is_given_has_the_sign_of_ieee_754(graph: Any, neighbour: float) -> None:
    x = np.array([1.0, 1.0, 0.0, 1.0], np.float32)
    by = np.array([0.0, -0.0, 0.0, neighbour], np.float32)
    with np.errstate(all="ignore"):
        right, one_over = x / by, np.float32(1) / by
    quotient = evaluate(
        graph([helper.make_node("Div", ["x", "by"], ["y"])], {"x": x, "by": by}), {"x": x, "by": by}
    )
    reciprocal = evaluate(graph([helper.make_node("Reciprocal", ["by"], ["y"])], {"by": by}), {"by": by})
    for interval, answer in ((quotient["y"], right), (reciprocal["y"], one_over)):
        assert judge(interval, answer) is None
        for element in range(3):
            wrong = answer.copy()
            wrong[element] = 0 if np.isnan(wrong[element]) else -wrong[element]
            assert judge(interval, wrong) is not None, element


def test_strings_that_differ_are_disagreements(graph: Any) -> None:
    x = np.array(["a", "é"], dtype=object)
    interval = evaluate(graph([helper.make_node("Identity", ["x"], ["y"])], {"x": x}), {"x": x})["y"]
    assert judge(interval, np.array([b"a", "é".encode()], dtype=object)) is None
    assert judge(interval, np.array([b"a", b"e"], dtype=object)) is not None


def test_bf16_is_known(graph: Any) -> None:
    bf16 = helper.tensor_dtype_to_np_dtype(16)
    x = ROWS.astype(bf16)
    interval = evaluate(graph([helper.make_node("Add", ["x", "x"], ["y"])], {"x": x}), {"x": x})["y"]
    assert interval.datatype == "BF16"
    assert judge(interval, (x.astype(np.float32) * 2).astype(bf16)) is None
    assert judge(interval, x) is not None


def test_indices_that_depend_on_rounding_are_undecidable(graph: Any) -> None:
    x = np.array([[1.0, 2.0]], np.float32)
    nodes = [
        helper.make_node("Sin", ["x"], ["s"]),
        helper.make_node("Mul", ["s", "h"], ["t"]),
        helper.make_node("Floor", ["t"], ["f"]),
        helper.make_node("Cast", ["f"], ["i"], to=7),
        helper.make_node("Reshape", ["x", "i"], ["y"]),
    ]
    model = graph(nodes, {"x": x}, constants={"h": np.array(1, np.float32) / np.sin(x).astype(np.float32)})
    with pytest.raises(Undecidable, match="depends on rounding"):
        evaluate(model, {"x": x})


def test_unknown_operators_are_undecidable(graph: Any) -> None:
    node = helper.make_node("StringNormalizer", ["x"], ["y"])
    x = np.array(["a"], dtype=object)
    with pytest.raises(Undecidable, match="StringNormalizer"):
        evaluate(graph([node], {"x": x}), {"x": x})


def test_initializers_that_are_inputs_can_be_overridden(graph: Any) -> None:
    x, w = ROWS, np.full(6, 2, np.float32)
    model = graph([helper.make_node("Mul", ["x", "w"], ["y"])], {"x": x, "w": w})
    model.graph.initializer.append(numpy_helper.from_array(w, "w"))
    assert judge(evaluate(model.SerializeToString(), {"x": x})["y"], 2 * x) is None
    assert judge(evaluate(model, {"x": x, "w": 3 * w})["y"], 6 * x) is None


@pytest.mark.parametrize(
    ("operator", "attributes", "shapes"),
    [
        ("LSTM", {"hidden_size": 3}, [(3, 1, 1), (1, 1, 1), (1, 1, 3)]),
        ("RNN", {"hidden_size": 2}, [(3, 2, 4), (1, 2, 4), (1, 2, 2), (1, 2)]),
        ("GRU", {"hidden_size": 2}, [(3, 2, 4), (1, 6, 4), (1, 6, 2), (1, 12), None, (1, 1, 2)]),
        ("InstanceNormalization", {}, [(2, 3, 4), (1,), (1,)]),
        ("BatchNormalization", {}, [(2, 3, 4), (1,), (1,), (1,), (1,)]),
        ("Conv", {}, [(1, 2, 4, 4), (3, 2, 2, 2), (1,)]),
        ("ConvTranspose", {}, [(1, 2, 4, 4), (2, 3, 2, 2), (1,)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_shapes_that_contradict_each_other_are_undecidable(
    operator: str, attributes: dict[str, Any], shapes: list[tuple[int, ...] | None], graph: Any
) -> None:
    given = {f"x{place}": np.ones(shape, np.float32) for place, shape in enumerate(shapes) if shape}
    names = [f"x{place}" if shape else "" for place, shape in enumerate(shapes)]
    node = helper.make_node(operator, names, ["y"], **attributes)
    with pytest.raises(Undecidable, match=r"expected|weights|channels"):
        evaluate(graph([node], given), given)
