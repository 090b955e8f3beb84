"""The oracle's intervals are those that the chapter `runtime` derives: computed here again from its text.

The formulas are written from the tables, in plain NumPy, one element type and points as inputs.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper

from lepton_conformance.oracle.interval import evaluate

Array = npt.NDArray[Any]
U, M, S = 2.0**-24, 2.0**-126, 2.0**-149  # FP32
RANDOM = np.random.default_rng(4)
A = RANDOM.uniform(0.5, 3.0, (3, 8)).astype(np.float32)
B = RANDOM.uniform(-2.0, 2.0, (3, 8)).astype(np.float32)
C = RANDOM.uniform(-2.0, 2.0, (8, 5)).astype(np.float32)
D = RANDOM.uniform(-1.0, 1.0, (5,)).astype(np.float32)
IMAGE = RANDOM.uniform(-1.0, 1.0, (1, 2, 5, 5)).astype(np.float32)
KERNEL = RANDOM.uniform(-1.0, 1.0, (3, 2, 3, 3)).astype(np.float32)
CHANNEL = RANDOM.uniform(0.5, 1.5, (4, 2)).astype(np.float32)
a, b, c, d = (x.astype(np.float64) for x in (A, B, C, D))
#: What a certifier may add to an allowance for its own roundings.
OWN = 2.0**-5


def gamma(n: float) -> float:
    return n * U / (1 - n * U)


def summed(size: Array, value: Array, n: int, k: int) -> Array:
    return np.asarray(gamma(n + k) * size + U * np.abs(value) + (n + 1) * M)


def erf(x: Array) -> Array:
    return np.asarray(np.vectorize(math.erf)(x))


def windows(x: Array) -> Array:
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))


def convolved(x: Array, w: Array) -> Array:
    return np.asarray(np.einsum("ncyxij,mcij->nmyx", windows(x), w))


def rows_normalized(x: Array, epsilon: float) -> tuple[Array, Array]:
    """Return the bounds of a standardized row, as the block of formulas has them."""
    n = x.shape[-1]
    mean, p, q = (y.mean(-1, keepdims=True) for y in (x, np.abs(x), x * x))
    v = ((x - mean) ** 2).mean(-1, keepdims=True)
    e, g = gamma(n + 1) * p, gamma(3 * n + 4) * q
    w = np.sqrt(np.maximum(v - g, 0) + epsilon) * (1 - 3 * U)
    most = np.sqrt(v + g + epsilon) * (1 + 3 * U)
    below, above = x - mean - e, x - mean + e
    low = np.where(below < 0, below / w, below / most)
    high = np.where(above < 0, above / most, above / w)
    extra = 3 * U * np.maximum(np.abs(low), np.abs(high)) + 2 * U * (np.abs(x) + np.abs(mean)) / w
    return low - extra, high + extra


def softmax(x: Array) -> tuple[Array, Array]:
    powers = np.exp(x - x.max(-1, keepdims=True))
    y = powers / powers.sum(-1, keepdims=True)
    distance = x.max(-1, keepdims=True) - x
    mean = (distance * y).sum(-1, keepdims=True)
    return y, y * (U * (distance + mean + 20) + gamma(x.shape[-1]))


def batch(x: Array, parameters: Array) -> tuple[Array, Array]:
    scale, bias, mean, variance = (row.reshape(1, -1, 1, 1) for row in parameters)
    factor = scale / np.sqrt(variance + float(np.float32(1e-5)))
    y = (x - mean) * factor + bias
    parts = 8 * (np.abs(x) + np.abs(mean)) * np.abs(factor) + 2 * np.abs(bias) + np.abs(y)
    return y, U * parts + 4 * M


Case = tuple[str, Mapping[str, Any], tuple[Array, ...], Callable[[], tuple[Array, Array]]]

#: Operator, attributes, inputs, and the exact result with its allowance.
AROUND: dict[str, Case] = {
    "sum of two": ("Add", {}, (A, B), lambda: (a + b, U * np.abs(a + b))),
    "product": ("Mul", {}, (A, B), lambda: (a * b, U * np.abs(a * b))),
    "quotient": ("Div", {}, (B, A), lambda: (b / a, 3 * U * np.abs(b / a))),
    "root": ("Sqrt", {}, (A,), lambda: (np.sqrt(a), 2 * U * np.sqrt(a))),
    "slope": (
        "LeakyRelu",
        {"alpha": 0.25},
        (B,),
        lambda: (np.where(b < 0, b / 4, b), 2 * U * np.abs(np.where(b < 0, b / 4, b))),
    ),
    "exponential": ("Exp", {}, (B,), lambda: (np.exp(b), 8 * U * np.exp(b))),
    "tanh": ("Tanh", {}, (B,), lambda: (np.tanh(b), 8 * U * np.abs(np.tanh(b)))),
    "sigmoid": (
        "Sigmoid",
        {},
        (B,),
        lambda: (1 / (1 + np.exp(-b)), 8 * U / (1 + np.exp(-b)) + 2 * U),
    ),
    "softplus": (
        "Softplus",
        {},
        (B,),
        lambda: (np.logaddexp(b, 0), 8 * U * np.logaddexp(b, 0) + 2 * U),
    ),
    "error function": ("Erf", {}, (B,), lambda: (erf(b), 8 * U * np.abs(erf(b)) + 10 * U)),
    "elu": (
        "Elu",
        {"alpha": 1.5},
        (-A,),
        lambda: (1.5 * np.expm1(-a), U * (11 * 1.5 + 2 * np.abs(1.5 * np.expm1(-a)))),
    ),
    "sine": (
        "Sin",
        {},
        (B,),
        lambda: (np.sin(b), 8 * U * np.abs(np.sin(b)) + U * np.minimum(2 * np.abs(b), 6)),
    ),
    "cosine": ("Cos", {}, (B,), lambda: (np.cos(b), 8 * U * np.abs(np.cos(b)) + 6 * U)),
    "power": (
        "Pow",
        {},
        (A, B),
        lambda: (a**b, U * a**b * (8 + 4 * np.abs(np.log(a**b)))),
    ),
    "matrix product": (
        "MatMul",
        {},
        (A, C),
        lambda: (a @ c, summed(np.abs(a) @ np.abs(c), a @ c, 8, 4)),
    ),
    "gemm": (
        "Gemm",
        {"alpha": 0.5},
        (A, C, D),
        lambda: (
            0.5 * (a @ c) + d,
            summed(0.5 * (np.abs(a) @ np.abs(c)) + np.abs(d), 0.5 * (a @ c) + d, 9, 6),
        ),
    ),
    "convolution": (
        "Conv",
        {},
        (IMAGE, KERNEL),
        lambda: (
            convolved(IMAGE.astype(np.float64), KERNEL.astype(np.float64)),
            summed(
                convolved(np.abs(IMAGE).astype(np.float64), np.abs(KERNEL).astype(np.float64)),
                convolved(IMAGE.astype(np.float64), KERNEL.astype(np.float64)),
                18,
                4,
            ),
        ),
    ),
    "sum": (
        "ReduceSum",
        {"keepdims": 0},
        (B,),
        lambda: (np.asarray(b.sum()), summed(np.asarray(np.abs(b).sum()), np.asarray(b.sum()), 24, 0)),
    ),
    "mean": (
        "ReduceMean",
        {"keepdims": 0, "axes": [1]},
        (B,),
        lambda: (b.mean(1), summed(np.abs(b).mean(1), b.mean(1), 8, 2)),
    ),
    "average": (
        "GlobalAveragePool",
        {},
        (IMAGE,),
        lambda: (
            IMAGE.astype(np.float64).mean((2, 3), keepdims=True),
            summed(
                np.abs(IMAGE).astype(np.float64).mean((2, 3), keepdims=True),
                IMAGE.astype(np.float64).mean((2, 3), keepdims=True),
                25,
                2,
            ),
        ),
    ),
    "norm": (
        "ReduceL2",
        {"keepdims": 0, "axes": [1]},
        (A,),
        lambda: (
            np.sqrt((a * a).sum(1)),
            np.sqrt((a * a).sum(1)) * (gamma(8) / 2 + 3 * U) + 9 * M / np.sqrt((a * a).sum(1)),
        ),
    ),
    "batch normalisation": (
        "BatchNormalization",
        {},
        (IMAGE, *CHANNEL),
        lambda: batch(IMAGE.astype(np.float64), CHANNEL.astype(np.float64)),
    ),
    "softmax": ("Softmax", {}, (B,), lambda: softmax(b)),
}


def oracle(operator: str, attributes: Mapping[str, Any], inputs: tuple[Array, ...]) -> tuple[Array, Array]:
    names = [f"x{index}" for index in range(len(inputs))]
    node = helper.make_node(operator, names, ["y"], **attributes)
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape)
        for name, x in zip(names, inputs, strict=True)
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", given, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    assert isinstance(model, onnx.ModelProto)
    found = evaluate(model, dict(zip(names, inputs, strict=True)))["y"]
    assert found.loose is None or not found.loose.any()
    return found.lo, found.hi


@pytest.mark.parametrize("name", AROUND)
def test_interval_is_the_exact_result_and_its_allowance(name: str) -> None:
    operator, attributes, inputs, derive = AROUND[name]
    lo, hi = oracle(operator, attributes, inputs)
    exact, allowance = derive()
    half = (hi - lo) / 2
    assert np.allclose((hi + lo) / 2, exact, rtol=2**-40, atol=2**-45)
    assert (half >= allowance * (1 - 2**-20)).all()
    assert (half <= allowance * (1 + OWN) + S).all()


def test_normalized_row_has_the_bounds_of_the_block_of_formulas() -> None:
    scale = np.ones(8, dtype=np.float32)
    lo, hi = oracle("LayerNormalization", {}, (B, scale))
    low, high = rows_normalized(b, float(np.float32(1e-5)))
    size = np.maximum(np.abs(low), np.abs(high))
    # rounded to the datatype, 1 unit, and multiplied by the scale, 2 units
    low, high = low - 3 * U * size, high + 3 * U * size
    width = high - low
    assert (lo <= low + 2**-20 * width).all()
    assert (hi >= high - 2**-20 * width).all()
    assert (hi - lo <= width * (1 + OWN)).all()
