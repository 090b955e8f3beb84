"""The operators that the oracle computes by places of the kernel give what their definitions say."""

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from lepton.pack.reference_ops import operators

Arrays = dict[str, Any]


def _drawn(**shapes: tuple[int, ...]) -> Arrays:
    generator = np.random.default_rng(5)
    return {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def _answer(op: str, fed: Arrays, **attributes: Any) -> Any:
    graph = helper.make_graph(
        [helper.make_node(op, list(fed), ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, one.shape) for name, one in fed.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    (answer,) = ReferenceEvaluator(model, new_ops=operators(17)).run(None, fed)
    return answer


@pytest.mark.parametrize(
    ("strides", "pads", "group", "extra"),
    [
        *itertools.product(([1, 1], [2, 3]), ([0, 0, 0, 0], [1, 0, 2, 1]), (1, 2), ([0, 0],)),
        ([2, 3], [0, 1, 0, 0], 2, [1, 2]),
    ],
)
def test_a_transposed_convolution_spreads_each_number_over_the_kernel(
    strides: list[int], pads: list[int], group: int, extra: list[int]
) -> None:
    fed = _drawn(x=(2, 4, 5, 6), w=(4, 3, 2, 3), b=(3 * group,))
    x, w = fed["x"], fed["w"]
    full = [
        (n - 1) * step + k + more for n, step, k, more in zip((5, 6), strides, (2, 3), extra, strict=True)
    ]
    y = np.zeros((2, 3 * group, *full))
    for n, c, i, j in np.ndindex(*x.shape):
        for m, p, q in np.ndindex(*w.shape[1:]):
            out = c // (4 // group) * 3 + m
            y[n, out, i * strides[0] + p, j * strides[1] + q] += float(x[n, c, i, j]) * float(w[c, m, p, q])
    y = y[:, :, pads[0] : full[0] - pads[2], pads[1] : full[1] - pads[3]] + fed["b"].reshape(1, -1, 1, 1)
    given = {"strides": strides, "pads": pads, "group": group, "output_padding": extra}
    found = _answer("ConvTranspose", fed, **given)
    np.testing.assert_allclose(found, y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 1, 1]])
@pytest.mark.parametrize("gaps", [[1, 1], [2, 1]])
def test_pooling_takes_the_largest_number_of_each_place(
    strides: list[int], pads: list[int], gaps: list[int]
) -> None:
    fed = _drawn(x=(2, 3, 9, 8))
    around = ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3]))
    x = np.pad(fed["x"], around, constant_values=-np.inf)
    rows = range(0, x.shape[2] - 2 * gaps[0], strides[0])
    columns = range(0, x.shape[3] - gaps[1], strides[1])
    y = [
        [
            x[:, :, i : i + 2 * gaps[0] + 1 : gaps[0], j : j + gaps[1] + 1 : gaps[1]].max((2, 3))
            for j in columns
        ]
        for i in rows
    ]
    found = _answer("MaxPool", fed, kernel_shape=[3, 2], strides=strides, pads=pads, dilations=gaps)
    assert np.array_equal(found, np.moveaxis(np.array(y), (0, 1), (2, 3)))


@pytest.mark.parametrize(
    ("strides", "pads", "gaps", "group"),
    [
        *itertools.product(([1, 1], [2, 3]), ([0, 0, 0, 0], [1, 0, 2, 1]), ([1, 1],), (1, 2, 4)),
        ([1, 2], [2, 1, 0, 3], [2, 3], 2),
    ],
)
def test_a_convolution_sums_the_products_of_the_kernel_at_each_place(
    strides: list[int], pads: list[int], gaps: list[int], group: int
) -> None:
    fed = _drawn(x=(2, 4, 8, 9), w=(8, 4 // group, 2, 3), b=(8,))
    x = np.pad(fed["x"].astype(np.float64), [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    reach = [(k - 1) * gap + 1 for k, gap in zip((2, 3), gaps, strict=True)]
    sizes = [(n - r) // step + 1 for n, r, step in zip(x.shape[2:], reach, strides, strict=True)]
    y = np.zeros((2, 8, *sizes))
    for n, m, i, j in np.ndindex(*y.shape):
        first = m // (8 // group) * (4 // group)
        top, left = i * strides[0], j * strides[1]
        window = x[
            n, first : first + 4 // group, top : top + reach[0] : gaps[0], left : left + reach[1] : gaps[1]
        ]
        y[n, m, i, j] = float(np.sum(window * fed["w"][m])) + float(fed["b"][m])
    found = _answer("Conv", fed, strides=strides, pads=pads, dilations=gaps, group=group)
    np.testing.assert_allclose(found, y, rtol=1e-4, atol=1e-5)
