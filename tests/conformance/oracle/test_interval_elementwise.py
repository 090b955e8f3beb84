"""The intervals of elementwise operators hold what two engines answer, and are narrow."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper

from lepton_conformance.oracle.interval import Interval, slack

Array = npt.NDArray[Any]
FLOATS = (np.float32, np.float64, np.float16)
SPECIAL = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, -3e38, 1.5, 2.5, -0.5])

#: Operators, and the width, in units in the last place, that the median element may have.
UNARY = {
    "Abs": 0,
    "Ceil": 0,
    "Cos": 40,
    "Elu": 30,
    "Erf": 37,
    "Exp": 17,
    "Floor": 0,
    "HardSigmoid": 12,
    "Identity": 0,
    "LeakyRelu": 4.1,
    "Log": 17,
    "Neg": 0,
    "Reciprocal": 6.1,
    "Relu": 0,
    "Round": 0,
    "Sigmoid": 30,
    "Sign": 0,
    "Sin": 30,
    "Softplus": 30,
    "Sqrt": 4.1,
    "Tanh": 17,
}
BINARY = {
    "Add": 2.1,
    "Sub": 2.1,
    "Mul": 2.1,
    "Div": 6.1,
    "Pow": 60,
    "Min": 0,
    "Max": 0,
    "PRelu": 4.1,
    "Mod": 0,
}
COMPARISONS = ("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal")
#: Not with FP64: onnxruntime has no Erf of it, and onnx's evaluator computes it in FP32 (its fault).
UNARY_CASES = [
    (operator, dtype) for operator in UNARY for dtype in FLOATS if (operator, dtype) != ("Erf", np.float64)
]


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, kind: str) -> Array:
    if kind == "special":
        found = np.resize(SPECIAL, shape)
    elif kind == "scales":
        limit = 3 if dtype == np.float16 else 5
        found = rng.standard_normal(shape) * 10.0 ** rng.integers(-4, limit, shape)
    else:
        found = rng.uniform(-20, 20, shape)
    with np.errstate(all="ignore"):
        return found.astype(dtype)


def median(value: Interval) -> float:
    widths = slack(value)
    return float(np.median(widths)) if widths.size else 0.0


@pytest.mark.parametrize(("operator", "dtype"), UNARY_CASES)
def test_functions_of_one_operand_hold_the_answers_of_engines(operator: str, dtype: Any, lawful: Any) -> None:
    rng = np.random.default_rng(len(operator))
    for kind in ("scales", "uniform", "special"):
        for shape in ((3, 37), (1,), (0, 2), ()):
            x = np.asarray(numbers(rng, shape, dtype, kind))
            if kind != "special" and operator in ("Sqrt", "Log"):
                x = np.abs(x)
            if operator in ("Sin", "Cos"):
                x = np.where(np.abs(x) > 8000, x / 100, x).astype(dtype)
            node = helper.make_node(operator, ["x"], ["y"])
            found = lawful([node], {"x": x})
            if kind == "uniform" and x.size > 9:
                assert median(found["y"]) <= UNARY[operator], operator


@pytest.mark.parametrize("operator", [*BINARY, *COMPARISONS])
@pytest.mark.parametrize("dtype", [*FLOATS, np.int32, np.int64])
def test_functions_of_two_operands_hold_the_answers_of_engines(
    operator: str, dtype: Any, lawful: Any
) -> None:
    rng = np.random.default_rng(len(operator))
    whole = np.dtype(dtype).kind != "f"
    if whole and operator == "PRelu":
        operator = "Mul"
    attributes: dict[str, Any] = {"fmod": 1} if operator == "Mod" and not whole else {}
    node = helper.make_node(operator, ["a", "b"], ["y"], **attributes)
    for kind in ("scales", "uniform", "special"):
        for sizes in (((3, 24), (24,)), ((2, 1), (1,)), ((0, 1), (1,)), ((), ())):
            if whole:
                limits = np.iinfo(dtype)
                low, high = (limits.min, limits.max) if kind == "scales" else (-50, 50)
                a = rng.integers(low, high, sizes[0]).astype(dtype)
                b = rng.integers(1, 8, sizes[1]).astype(dtype)
            else:
                a, b = (np.asarray(numbers(rng, size, dtype, kind)) for size in sizes)
                if operator == "Pow" and kind != "special":
                    a, b = np.abs(a), np.asarray(rng.uniform(-4, 4, b.shape).astype(dtype))
            # onnx's evaluator multiplies before it selects: 0 * inf in PRelu.
            reference = not (operator == "PRelu" and kind == "special")
            found = lawful([node], {"a": a, "b": b}, reference=reference)
            if kind == "uniform" and a.size > 9 and not whole and operator in BINARY:
                assert median(found["y"]) <= BINARY[operator], operator


def test_logic_selection_and_limits_hold_the_answers_of_engines(lawful: Any) -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        a, b = rng.random((3, 5)) < 0.5, rng.random(5) < 0.5
        for operator in ("And", "Or", "Xor"):
            lawful([helper.make_node(operator, ["a", "b"], ["y"])], {"a": a, "b": b})
        lawful([helper.make_node("Not", ["a"], ["y"])], {"a": a})
        x, z = (numbers(rng, (3, 5), np.float32, "scales") for _ in range(2))
        lawful([helper.make_node("Where", ["a", "x", "z"], ["y"])], {"a": a, "x": x, "z": z})
        least = np.array(rng.uniform(-2, 2), np.float32)
        most = np.array(rng.uniform(-2, 2), np.float32)
        lawful([helper.make_node("Clip", ["x", "l", "m"], ["y"])], {"x": x, "l": least, "m": most})
        lawful([helper.make_node("Max", ["x", "z", "x"], ["y"])], {"x": x, "z": z})
        lawful([helper.make_node("IsNaN", ["x"], ["y"])], {"x": np.where(a, x, np.nan).astype(np.float32)})
        for approximate in ("none", "tanh"):
            node = helper.make_node("Gelu", ["x"], ["y"], approximate=approximate)
            lawful([node], {"x": x}, opset=20)


def test_casts_hold_the_answers_of_engines(lawful: Any) -> None:
    rng = np.random.default_rng(6)
    types = (np.float32, np.float64, np.float16, np.int32, np.int64, np.int8, np.uint8, np.uint16, np.bool_)
    for source in types:
        for target in types:
            x = rng.uniform(0, 100, 24).astype(source)
            if np.dtype(source).kind == "f":
                x[:6] = [-0.5, 1.5, -3, 0, 99.75, 1e-4]
            to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
            lawful([helper.make_node("Cast", ["x"], ["y"], to=to)], {"x": x})
    wide = np.array([200, -200, 70000, 2**31, -1], np.int64)
    for target in (np.int8, np.uint8, np.int32, np.uint16):
        to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
        found = lawful([helper.make_node("Cast", ["x"], ["y"], to=to)], {"x": wide})
        assert found["y"].lo.tolist() == wide.astype(target).tolist()


def test_chains_of_functions_hold_the_answers_of_engines(lawful: Any) -> None:
    rng = np.random.default_rng(7)
    names = ["Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Relu", "Elu", "Softplus", "Abs", "Neg", "Exp"]
    for _ in range(150):
        x = rng.uniform(-2, 2, (2, 9)).astype(np.float32)
        nodes: list[onnx.NodeProto] = []
        last = "x"
        for step in range(4):
            name = f"t{step}"
            if rng.random() < 0.5:
                operator = str(rng.choice(["Add", "Sub", "Mul", "Div"]))
                nodes.append(helper.make_node(operator, [last, "c"], [name]))
            else:
                nodes.append(helper.make_node(str(rng.choice(names)), [last], [name]))
            last = name
        nodes.append(helper.make_node("Identity", [last], ["y"]))
        lawful(nodes, {"x": x}, constants={"c": rng.uniform(0.5, 2, 9).astype(np.float32)})
