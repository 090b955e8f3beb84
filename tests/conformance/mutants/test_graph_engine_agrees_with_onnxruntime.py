"""The numpy engine that mutants are made of computes what onnxruntime computes: it is correct where it is not
broken. `allclose` is enough here; what engines may differ by is the oracle's matter."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which reports home otherwise
import onnxruntime

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine

OPTIONS = onnxruntime.SessionOptions()
OPTIONS.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
OPTIONS.log_severity_level = 3
OPTIONS.intra_op_num_threads = 1


@dataclass(frozen=True)
class Case:
    """One node: its inputs (None for one left out), attributes and number of outputs."""

    operator: str
    inputs: tuple[Array | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 17
    tolerance: float = 1e-5


def floats(*shape: int, low: float = -2.0, high: float = 2.0, dtype: Any = np.float32) -> Array:
    seed = int(np.prod([size + 1 for size in shape])) % 1000
    return np.asarray(np.random.default_rng(seed).uniform(low, high, shape)).astype(dtype)


def integers(*shape: int, low: int = -20, high: int = 20, dtype: Any = np.int64) -> Array:
    return np.random.default_rng(len(shape) + sum(shape)).integers(low, high, shape).astype(dtype)


def ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def strings(*values: str) -> Array:
    return np.array([value.encode() for value in values], dtype=object)


SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40, -1e-40, 1.5, 2.5, -2.5, 88.0], np.float32)


def elementwise() -> Iterator[Case]:
    for operator in ("Add", "Sub", "Mul", "Div"):
        for dtype in (np.float32, np.float64):
            yield Case(operator, (floats(3, 4, dtype=dtype), floats(3, 1, low=0.5, dtype=dtype)))
        for whole in (np.int32, np.int64):
            yield Case(operator, (integers(5, 2, dtype=whole), integers(2, low=1, dtype=whole)))
        yield Case(operator, (integers(5, dtype=np.int32), np.array([-3, 3, -7, 7, -1], np.int32)))
    for operator in (
        *("Neg", "Abs", "Exp", "Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Relu", "Floor", "Ceil", "Round"),
        *("Sign", "Softplus", "Reciprocal", "IsNaN", "Identity"),
    ):
        yield Case(operator, (floats(4, 17),))
        yield Case(operator, (SPECIAL,))
    for operator in ("Neg", "Abs", "Sign"):
        yield Case(operator, (integers(9, dtype=np.int32),))
    for operator in ("Sqrt", "Log"):
        yield Case(operator, (floats(4, 17, low=0.01, high=50.0),))
        yield Case(operator, (floats(5, low=0.01, dtype=np.float64),))
    yield Case("Pow", (floats(9, low=0.1), floats(9)))
    yield Case("Pow", (integers(9, dtype=np.int64, low=1, high=6), ints(2)))
    yield Case("Pow", (floats(9), np.array([2], np.int64)))
    for alpha in (None, 0.3):
        attributes = {} if alpha is None else {"alpha": alpha}
        yield Case("LeakyRelu", (floats(3, 5),), attributes)
        yield Case("Elu", (floats(3, 5),), attributes)
        yield Case("HardSigmoid", (floats(3, 5, low=-5, high=5),), attributes)
    yield Case("HardSigmoid", (floats(3, 5),), {"beta": 0.1})
    yield Case("PRelu", (floats(2, 3, 4), floats(3, 1)))
    for approximate in ("none", "tanh"):
        yield Case("Gelu", (floats(3, 7),), {"approximate": approximate}, opset=20)
    yield Case("Clip", (floats(7), np.array(-1, np.float32), None))
    yield Case("Clip", (floats(7), None, np.array(0.5, np.float32)))
    yield Case("Clip", (integers(7), np.array(-3), np.array(3)))
    yield Case("Clip", (floats(7), np.array(1, np.float32), np.array(-1, np.float32)))
    for operator in ("Min", "Max"):
        yield Case(operator, (floats(3, 4), floats(4), floats(3, 1)))
        yield Case(operator, (integers(4),))
    for whole in (np.int32, np.int64):
        for fmod in (0, 1):
            left, right = integers(6, dtype=whole), np.array([3, -3, 5, -5, 7, -7], whole)
            yield Case("Mod", (left, right), {"fmod": fmod})
    yield Case("Mod", (floats(6), floats(6, low=0.5)), {"fmod": 1})
    for operator in ("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"):
        yield Case(operator, (integers(3, 4, low=0, high=3), integers(4, low=0, high=3)))
        yield Case(operator, (SPECIAL, SPECIAL[::-1].copy()))
    yes = floats(3, 4) > 0
    for operator in ("And", "Or", "Xor", "Equal"):
        yield Case(operator, (yes, yes[::-1].copy()))
    yield Case("Not", (yes,))
    yield Case("Where", (yes, floats(3, 4), floats(4)))
    yield Case("Where", (yes, integers(3, 4), integers(1)))
    kinds = (TensorProto.INT32, TensorProto.INT64, TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.INT8)
    for kind in kinds:
        yield Case("Cast", (floats(3, 4, low=-9, high=9),), {"to": kind})
    for kind in (TensorProto.UINT8, TensorProto.INT8, TensorProto.FLOAT, TensorProto.BOOL):
        yield Case("Cast", (integers(8, low=-300, high=300, dtype=np.int32),), {"to": kind})
    yield Case("Cast", (yes,), {"to": TensorProto.FLOAT})
    yield Case("Cast", (integers(4),), {"to": TensorProto.STRING})
    yield Case("Cast", (strings("1.5", "-2", "1e3"),), {"to": TensorProto.FLOAT})


def dense() -> Iterator[Case]:
    shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
        ((3, 4), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((4,), (4,)),
    )
    for first, second in shapes:
        yield Case("MatMul", (floats(*first), floats(*second)))
    yield Case("MatMul", (floats(33, 65), floats(65, 17)), tolerance=1e-4)
    yield Case("MatMul", (integers(3, 4), integers(4, 4)))
    yield Case("MatMul", (floats(0, 4), floats(4, 3)))
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        left, right = floats(*((4, 3) if a else (3, 4))), floats(*((5, 4) if b else (4, 5)))
        yield Case("Gemm", (left, right), {"transA": a, "transB": b, "alpha": 0.5})
        yield Case("Gemm", (left, right, floats(5)), {"transA": a, "transB": b, "beta": 0.25})
    for equation, sizes in (
        ("ij,jk->ik", ((3, 4), (4, 5))),
        ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
        ("ij->ji", ((3, 4),)),
        ("ii->i", ((4, 4),)),
        ("i,j->ij", ((3,), (4,))),
        ("...ij,...jk->...ik", ((2, 3, 4), (2, 4, 5))),
    ):
        yield Case("Einsum", tuple(floats(*size) for size in sizes), {"equation": equation})


def convolution() -> Iterator[Case]:
    lines: tuple[dict[str, Any], ...] = (
        {},
        {"strides": [2]},
        {"pads": [1, 2]},
        {"dilations": [2]},
        {"auto_pad": "SAME_UPPER", "strides": [2]},
        {"auto_pad": "SAME_LOWER", "strides": [2]},
        {"auto_pad": "VALID"},
    )
    for attributes in lines:
        yield Case("Conv", (floats(2, 3, 10), floats(4, 3, 3), floats(4)), attributes)
        yield Case("ConvTranspose", (floats(2, 3, 7), floats(3, 4, 3)), attributes)
    planes: tuple[dict[str, Any], ...] = (
        {"strides": [2, 1], "pads": [0, 1, 2, 1]},
        {"dilations": [1, 2], "pads": [1, 0, 0, 1]},
        {"group": 2},
    )
    for attributes in planes:
        yield Case("Conv", (floats(1, 4, 7, 8), floats(6, 4 // attributes.get("group", 1), 3, 2)), attributes)
    yield Case("Conv", (floats(1, 4, 5, 5), floats(4, 1, 3, 3), floats(4)), {"group": 4})
    yield Case("ConvTranspose", (floats(1, 4, 5, 4), floats(4, 3, 3, 2), floats(6)), {"group": 2})
    transposed: tuple[dict[str, Any], ...] = (
        {"strides": [2, 3], "output_padding": [1, 1]},
        {"strides": [2, 2], "output_shape": [10, 9]},
        {"strides": [2, 2], "pads": [1, 0, 0, 1], "dilations": [2, 1]},
    )
    for attributes in transposed:
        yield Case("ConvTranspose", (floats(1, 2, 5, 4), floats(2, 3, 3, 3)), attributes)


def pooling() -> Iterator[Case]:
    for attributes in (
        {},
        {"strides": [2, 2]},
        {"pads": [1, 0, 1, 1]},
        {"strides": [2, 2], "ceil_mode": 1},
        {"strides": [2, 2], "pads": [1, 1, 0, 0], "ceil_mode": 1},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        {"auto_pad": "VALID"},
    ):
        kernel: dict[str, Any] = {"kernel_shape": [3, 2], **attributes}
        yield Case("MaxPool", (floats(2, 2, 8, 7),), kernel)
        yield Case("MaxPool", (floats(2, 2, 8, 7),), {**kernel, "storage_order": 1}, outputs=2)
        yield Case("AveragePool", (floats(2, 2, 8, 7),), kernel)
        yield Case("AveragePool", (floats(2, 2, 8, 7),), {**kernel, "count_include_pad": 1})
    yield Case("MaxPool", (floats(1, 2, 9),), {"kernel_shape": [3], "dilations": [2]}, outputs=2)
    yield Case("MaxPool", (integers(1, 1, 9, dtype=np.int8),), {"kernel_shape": [3], "pads": [1, 1]})
    yield Case("AveragePool", (floats(1, 2, 9),), {"kernel_shape": [2], "dilations": [3]}, opset=19)
    for operator in ("GlobalAveragePool", "GlobalMaxPool"):
        yield Case(operator, (floats(2, 3, 4, 5),))


def normalisation() -> Iterator[Case]:
    four = [floats(3), floats(3) + 1, floats(3), floats(3, low=0.5)]
    for attributes in ({}, {"epsilon": 0.1}):
        yield Case("BatchNormalization", (floats(2, 3, 4), *four), attributes)
        yield Case("InstanceNormalization", (floats(2, 3, 4), floats(3), floats(3)), attributes)
        yield Case("LayerNormalization", (floats(2, 3, 4), floats(4), floats(4)), attributes)
    yield Case("LayerNormalization", (floats(2, 3, 4), floats(3, 4)), {"axis": 1}, outputs=3)
    yield Case("LayerNormalization", (floats(2, 3, 4, dtype=np.float64), floats(4, dtype=np.float64)))
    for operator in ("Softmax", "LogSoftmax"):
        for axis in (0, 1, -1):
            yield Case(operator, (floats(3, 4, 5, low=-9, high=9),), {"axis": axis})
        yield Case(operator, (floats(3, 4),))
    for p in (1, 2):
        yield Case("LpNormalization", (floats(3, 4),), {"p": p, "axis": 0})
    yield Case("LpNormalization", (floats(3, 4),))


def reductions() -> Iterator[Case]:
    for operator in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"):
        for opset in (13, 18):
            for keep in (0, 1):
                for axes in ([0], [1, -1], None):
                    attributes: dict[str, Any] = {"keepdims": keep}
                    inputs: list[Array | None] = [floats(3, 4, 5, low=0.5)]
                    if axes is not None and (opset >= 18 or operator == "ReduceSum"):
                        inputs.append(ints(*axes))
                    elif axes is not None:
                        attributes["axes"] = axes
                    yield Case(operator, tuple(inputs), attributes, opset=opset)
        yield Case(operator, (integers(3, 4, dtype=np.int32, low=1, high=9),), opset=13)
    yield Case("ReduceSum", (floats(3, 4),), {"noop_with_empty_axes": 1})
    yield Case("ReduceSum", (floats(0, 4), ints(0)))
    ties = np.array([[1, 3, 3, 0], [2, 0, 0, 2]], dtype=np.float32)
    for operator in ("ArgMax", "ArgMin"):
        for attributes in ({}, {"axis": -1, "keepdims": 0}, {"axis": 1, "select_last_index": 1}):
            yield Case(operator, (ties,), attributes)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            for axis in (0, -1):
                flags = {"exclusive": exclusive, "reverse": reverse}
                yield Case("CumSum", (floats(3, 4), np.array(axis, np.int32)), flags)
    for largest in (0, 1):
        for axis in (0, -1):
            yield Case("TopK", (floats(4, 5), ints(2)), {"largest": largest, "axis": axis}, outputs=2)
    yield Case("TopK", (ties, ints(3)), outputs=2)
    yield Case("TopK", (integers(7), ints(0)), outputs=2)


def shaping() -> Iterator[Case]:
    cube = floats(2, 3, 4)
    yield Case("Reshape", (cube, ints(4, -1)))
    yield Case("Reshape", (cube, ints(0, -1, 2)))
    yield Case("Reshape", (floats(0, 3), ints(3, 0)), {"allowzero": 1})
    for perm in ([0, 2, 1], [2, 0, 1]):
        yield Case("Transpose", (cube,), {"perm": perm})
    yield Case("Transpose", (cube,))
    for axis in (0, 1, 3, -1):
        yield Case("Flatten", (cube,), {"axis": axis})
    yield Case("Concat", (cube, floats(2, 1, 4)), {"axis": -2})
    yield Case("Concat", (strings("a", "b"), strings("c")), {"axis": 0})
    yield Case("Squeeze", (floats(1, 3, 1), ints(-1)))
    yield Case("Squeeze", (floats(1, 3, 1),))
    yield Case("Unsqueeze", (cube, ints(0, -1)))
    yield Case("Expand", (floats(3, 1), ints(2, 1, 4)))
    yield Case("Tile", (floats(2, 3), ints(2, 1)))
    yield Case("Split", (floats(6, 2), ints(1, 3, 2)), outputs=3)
    yield Case("Split", (floats(6, 2),), {"axis": -1}, outputs=2)
    yield Case("Split", (floats(7, 2),), {"num_outputs": 3}, outputs=3, opset=18)
    yield Case("Shape", (cube,))
    yield Case("Shape", (cube,), {"start": 1, "end": -1})
    yield Case("Size", (cube,))
    yield Case("ConstantOfShape", (ints(2, 3),))
    yield Case("ConstantOfShape", (ints(2),), {"value": helper.make_tensor("v", TensorProto.INT32, [1], [7])})
    yield Case("Range", (np.array(1), np.array(10), np.array(3)))
    yield Case("Range", (np.array(3, np.float32), np.array(-1, np.float32), np.array(-0.5, np.float32)))
    yield Case("Range", (np.array(3), np.array(1), np.array(1)))
    for upper in (0, 1):
        for k in (-1, 0, 2):
            yield Case("Trilu", (floats(3, 4), np.array(k)), {"upper": upper})
    for mode in ("DCR", "CRD"):
        yield Case("DepthToSpace", (floats(1, 8, 2, 3),), {"blocksize": 2, "mode": mode})
    yield Case("SpaceToDepth", (floats(1, 2, 4, 6),), {"blocksize": 2})


def selecting() -> Iterator[Case]:
    cube = floats(4, 5, 6)
    for starts, ends, axes, steps in (
        ([1], [3], None, None),
        ([0, 4], [9, 1], [0, 1], [1, -1]),
        ([-1], [-9999], [-1], [-2]),
        ([5, -3], [-1, 99], [2, 0], [1, 2]),
        ([9], [-99], [1], [-1]),
        ([3], [1], [0], None),
    ):
        given = [None if part is None else ints(*part) for part in (starts, ends, axes, steps)]
        yield Case("Slice", (cube, *given))
    for axis in (0, 1, -1):
        yield Case("Gather", (cube, ints(0, -1, 2).reshape(3, 1)), {"axis": axis})
        indices = np.array([[[0], [-1]]], np.int64)
        yield Case("GatherElements", (cube, indices), {"axis": axis})
    yield Case("Gather", (strings("a", "b", "c"), ints(-1, 0)))
    yield Case("GatherND", (cube, ints(0, 1, -1, 2).reshape(2, 2)))
    yield Case("GatherND", (cube, ints(0, 1, 2, -1).reshape(4, 1)), {"batch_dims": 1})
    place = ints(0, 1, -1, 2, 0, 1).reshape(3, 2)
    yield Case("ScatterND", (cube, place[:2], floats(2, 6)))
    for reduction in ("add", "mul", "max", "min"):
        yield Case("ScatterND", (cube, place, floats(3, 6)), {"reduction": reduction}, opset=18)
    yield Case("NonZero", (floats(3, 4).round(),))
    yield Case("NonZero", (floats(3, 4) > 0,))
    for axis in (0, -1):
        yield Case("OneHot", (ints(0, 2, -1, 9), np.array(4), floats(2)), {"axis": axis})
    for mode in ("constant", "reflect", "edge"):
        yield Case("Pad", (floats(3, 4), ints(1, 0, 2, 3)), {"mode": mode})
    yield Case("Pad", (floats(3, 4), ints(1, -1, 0, 2), np.array(7, np.float32)))
    yield Case("Pad", (floats(3, 4), ints(2, 1), None, ints(-1)), {"mode": "edge"}, opset=18)
    yield Case("Pad", (floats(3, 4), ints(2, 1, 1, 2)), {"mode": "wrap"}, opset=19)
    for coordinates in ("asymmetric", "half_pixel", "align_corners"):
        for mode in ("nearest", "linear"):
            resized = {"mode": mode, "coordinate_transformation_mode": coordinates}
            yield Case("Resize", (floats(1, 1, 4, 5), None, None, ints(1, 1, 7, 3)), resized)
            scales = np.array([1, 1, 2, 0.5], np.float32)
            yield Case("Resize", (floats(1, 1, 4, 6), None, scales), resized)
    for nearest in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        sized = {"nearest_mode": nearest, "coordinate_transformation_mode": "asymmetric"}
        yield Case("Resize", (floats(1, 1, 4), None, None, ints(1, 1, 10)), sized)


def recurrent() -> Iterator[Case]:
    for operator, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        outputs = 3 if operator == "LSTM" else 2
        for direction in ("forward", "reverse", "bidirectional"):
            count = 2 if direction == "bidirectional" else 1
            x, w, r = floats(5, 2, 3), floats(count, gates * 4, 3), floats(count, gates * 4, 4)
            attributes: dict[str, Any] = {"hidden_size": 4, "direction": direction}
            yield Case(operator, (x, w, r), attributes, outputs)
            bias = floats(count, gates * 8)
            yield Case(operator, (x, w, r, bias), attributes, outputs)
            lengths = np.array([3, 5], np.int32)
            states = [floats(count, 2, 4)] * (outputs - 1)
            yield Case(operator, (x, w, r, bias, lengths, *states), attributes, outputs)
            yield Case(operator, (x, w, r, bias), {**attributes, "clip": 0.5}, outputs)
    inputs = (floats(5, 2, 3), floats(1, 12, 3), floats(1, 12, 4), floats(1, 24))
    yield Case("GRU", inputs, {"hidden_size": 4, "linear_before_reset": 1}, 2)
    for names in (["Relu"], ["Elu"], ["HardSigmoid"], ["Softsign"]):
        relu = {"hidden_size": 4, "activations": names}
        yield Case("RNN", (floats(5, 2, 3), floats(1, 4, 3), floats(1, 4, 4)), relu, 2)
    peep = (floats(5, 2, 3), floats(1, 16, 3), floats(1, 16, 4), None, None, None, None, floats(1, 12))
    yield Case("LSTM", peep, {"hidden_size": 4}, 3)


def quantised() -> Iterator[Case]:
    scale = np.array(0.05, np.float32)
    values = np.array([-0.125, 0.125, 0.075, 0.025, 3, -3, 99, -99, 0.3], np.float32)
    for zero in (np.array(3, np.uint8), np.array(-3, np.int8), None):
        yield Case("QuantizeLinear", (values, scale, zero))
    axis = (floats(3, 4), np.array([0.1, 0.2, 0.3], np.float32), np.array([1, 2, 3], np.uint8))
    yield Case("QuantizeLinear", axis, {"axis": 0})
    for dtype in (np.int8, np.uint8):
        given = integers(3, 4, low=0, high=100, dtype=dtype)
        yield Case("DequantizeLinear", (given, scale, np.array(7, dtype)))
        yield Case("DequantizeLinear", (given, axis[1], np.array([1, 2, 3], dtype)), {"axis": -2})
    yield Case("DequantizeLinear", (integers(4, dtype=np.int32), scale))
    left, right = (
        integers(3, 4, low=0, high=200, dtype=np.uint8),
        integers(4, 5, low=-100, high=100, dtype=np.int8),
    )
    yield Case("MatMulInteger", (left, right))
    yield Case("MatMulInteger", (left, right, np.array(9, np.uint8), np.array(-4, np.int8)))
    yield Case("DynamicQuantizeLinear", (floats(3, 4),), outputs=3)
    yield Case("DynamicQuantizeLinear", (floats(3, 4, low=0.5),), outputs=3)


GROUPS = (
    *(elementwise, dense, convolution, pooling, normalisation, reductions, shaping, selecting),
    *(recurrent, quantised),
)


def one_node(case: Case) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """Return a model with one node, and its inputs; shapes of outputs are left to inference."""
    inputs = {f"x{place}": array for place, array in enumerate(case.inputs) if array is not None}
    names = [f"x{place}" if array is not None else "" for place, array in enumerate(case.inputs)]
    outputs = [f"y{place}" for place in range(case.outputs)]
    node = helper.make_node(case.operator, names, outputs, **case.attributes)
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(
                name,
                TensorProto.STRING if array.dtype == object else helper.np_dtype_to_tensor_dtype(array.dtype),
                array.shape,
            )
            for name, array in inputs.items()
        ],
        [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    found = {value.name: value for value in inferred.graph.value_info}
    for name in outputs:
        kind = found[name].type.tensor_type.elem_type
        model.graph.output.append(helper.make_tensor_value_info(name, kind, None))
    return model, inputs


def expected_of(model: onnx.ModelProto, inputs: dict[str, Array]) -> list[Array]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), OPTIONS, ["CPUExecutionProvider"])
    given = {
        name: np.array([text.decode() for text in array], dtype=object) if array.dtype == object else array
        for name, array in inputs.items()
    }
    return [np.asarray(array) for array in session.run(None, given)]


def texts(array: Array) -> Array:
    if array.dtype != object:
        return array
    decoded = [text.decode() if isinstance(text, bytes) else text for text in array.reshape(-1)]
    return np.array(decoded, dtype=object).reshape(array.shape)


def agree(model: onnx.ModelProto, inputs: dict[str, Array], folder: Path, tolerance: float) -> None:
    path = folder / "model.onnx"
    wanted = expected_of(model, inputs)
    for entry, array in zip(model.graph.output, wanted, strict=True):
        kind = entry.type.tensor_type.elem_type
        entry.CopyFrom(helper.make_tensor_value_info(entry.name, kind, [None] * array.ndim))
    path.write_bytes(model.SerializeToString())
    found = GraphEngine().load(str(path)).infer(inputs)
    for (name, array), expected in zip(found.items(), wanted, strict=True):
        assert array.dtype == expected.dtype, name
        assert array.shape == expected.shape, name
        if array.dtype == object:
            assert texts(array).tolist() == texts(expected).tolist()
        else:
            np.testing.assert_allclose(array, expected, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_operator_of_the_group_computes_what_onnxruntime_computes(group: Any, tmp_path: Path) -> None:
    problems = []
    for place, case in enumerate(group()):
        model, inputs = one_node(case)
        try:
            agree(model, inputs, tmp_path, case.tolerance)
        except Exception as error:
            told = str(error).strip().splitlines()
            problems.append(
                f"{place} {case.operator} {case.attributes} {case.opset}: {' | '.join(told[:14])}"
            )
    assert not problems, "\n".join(problems)


def value(name: str, kind: int, shape: Any) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


F, I64, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@pytest.mark.parametrize("answer", [True, False])
def test_if_computes_the_branch_with_values_of_the_graph_around_it(answer: bool, tmp_path: Path) -> None:
    branches = {
        name: helper.make_graph(
            [helper.make_node(operator, ["x", "x"], ["z"])], name, [], [value("z", F, [3])]
        )
        for name, operator in (("then_branch", "Add"), ("else_branch", "Mul"))
    }
    nodes = [helper.make_node("If", ["c"], ["y"], **branches)]
    graph = helper.make_graph(nodes, "g", [value("c", B, []), value("x", F, [3])], [value("y", F, [3])])
    agree(model_of(graph), {"c": np.array(answer), "x": floats(3)}, tmp_path, 1e-6)


@pytest.mark.parametrize("turns", [0, 1, 4])
def test_loop_carries_states_and_collects_outputs(turns: int, tmp_path: Path) -> None:
    body = helper.make_graph(
        [
            helper.make_node("Add", ["s", "x"], ["t"]),
            helper.make_node("Cast", ["i"], ["f"], to=F),
            helper.make_node("Mul", ["t", "f"], ["row"]),
            helper.make_node("Less", ["i", "most"], ["on"]),
        ],
        "body",
        [value("i", I64, []), value("k", B, []), value("s", F, [3])],
        [value("on", B, []), value("t", F, [3]), value("row", F, [3])],
        [numpy_helper.from_array(np.array(2), "most")],
    )
    nodes = [helper.make_node("Loop", ["m", "", "x"], ["y", "rows"], body=body)]
    outputs = [value("y", F, [3]), value("rows", F, ["T", 3])]
    graph = helper.make_graph(nodes, "g", [value("m", I64, []), value("x", F, [3])], outputs)
    agree(model_of(graph), {"m": np.array(turns), "x": floats(3)}, tmp_path, 1e-6)


@pytest.mark.parametrize("directions", [[0, 0], [0, 1], [1, 0], [1, 1]])
def test_scan_reads_and_writes_in_the_directions_that_it_names(directions: list[int], tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "e"], ["t"]), helper.make_node("Mul", ["t", "e"], ["row"])],
        "body",
        [value("s", F, [3]), value("e", F, [3])],
        [value("t", F, [3]), value("row", F, [3])],
    )
    nodes = [
        helper.make_node(
            "Scan",
            ["s0", "x"],
            ["y", "rows"],
            body=body,
            num_scan_inputs=1,
            scan_input_axes=[1],
            scan_output_axes=[-1],
            scan_input_directions=directions[:1],
            scan_output_directions=directions[1:],
        )
    ]
    inputs = [value("s0", F, [3]), value("x", F, [3, 5])]
    graph = helper.make_graph(nodes, "g", inputs, [value("y", F, [3]), value("rows", F, [3, 5])])
    agree(model_of(graph), {"s0": floats(3), "x": floats(3, 5)}, tmp_path, 1e-6)
