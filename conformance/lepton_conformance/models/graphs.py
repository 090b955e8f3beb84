"""The conformance models as ONNX: opset 17, IR 8, operators of `ai.onnx` only, byte-stable.

Owns the graphs; leaves names and constants to `models.catalog`. Serves `conformance`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import lepton_spec
from lepton_conformance.models.catalog import AFFINE_BIAS, AFFINE_WEIGHT, ConformanceModel, Tensor

__all__ = ["IR_VERSION", "OPSET", "model_bytes"]

OPSET = 17
IR_VERSION = 8
PRODUCER = "lepton-conformance"


def model_bytes(model: ConformanceModel, generation: int = 1) -> bytes:
    """Return the model's ONNX file: the same bytes wherever and whenever it is built.

    `generation` is the constant of `lepton_generation`; other models have none.
    """
    from onnx import checker, helper

    nodes, initializers = (
        _generation(helper, generation)
        if model.operator == "generation"
        else _OPERATORS[model.operator](model, helper)
    )
    graph = helper.make_graph(
        nodes,
        model.name,
        [_value_info(tensor, helper) for tensor in model.inputs],
        [_value_info(tensor, helper) for tensor in model.outputs],
        initializers,
    )
    built = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name=PRODUCER, ir_version=IR_VERSION
    )
    checker.check_model(built, full_check=True)
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


def _value_info(tensor: Tensor, helper: Any) -> Any:
    code = lepton_spec.datatypes()[tensor.datatype]["onnx"]
    return helper.make_tensor_value_info(tensor.name, code, list(tensor.shape))


def _constant(name: str, values: Any, helper: Any) -> Any:
    array = np.array(values, dtype="<f4")
    code = lepton_spec.datatypes()["FP32"]["onnx"]
    return helper.make_tensor(name, code, array.shape, array.tobytes(), raw=True)


def _scalar(name: str, value: int, helper: Any) -> Any:
    array = np.array(value, dtype="<i4")
    return helper.make_tensor(name, lepton_spec.datatypes()["INT32"]["onnx"], (), array.tobytes(), raw=True)


def _identity(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    return [helper.make_node("Identity", ["x"], ["y"])], []


def _subtract(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    return [helper.make_node("Sub", ["a", "b"], ["y"])], []


def _affine(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])]
    return nodes, [_constant("w", AFFINE_WEIGHT, helper), _constant("b", AFFINE_BIAS, helper)]


def _transpose(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    return [helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])], []


def _sum(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    return [helper.make_node("Sum", [tensor.name for tensor in model.inputs], ["y"])], []


def _split(model: ConformanceModel, helper: Any) -> tuple[list[Any], list[Any]]:
    nodes = [
        helper.make_node("Add", ["x", "one"], ["plus"]),
        helper.make_node("Sub", ["x", "one"], ["minus"]),
        helper.make_node("Neg", ["x"], ["negative"]),
    ]
    return nodes, [_scalar("one", 1, helper)]


def _generation(helper: Any, generation: int) -> tuple[list[Any], list[Any]]:
    code = lepton_spec.datatypes()["INT32"]["onnx"]
    raw = np.array([generation], dtype="<i4").tobytes()
    nodes = [
        helper.make_node("Add", ["x", "generation"], ["y"]),
        helper.make_node("Identity", ["generation"], ["g"]),
    ]
    return nodes, [helper.make_tensor("generation", code, (1,), raw, raw=True)]


_OPERATORS: Mapping[str, Callable[[ConformanceModel, Any], tuple[list[Any], list[Any]]]] = {
    "identity": _identity,
    "subtract": _subtract,
    "affine": _affine,
    "transpose": _transpose,
    "split": _split,
    "sum": _sum,
}
