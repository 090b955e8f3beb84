"""Small ONNX models that packages are forged around, and their answers in FP64.

Owns the graphs (byte-stable) and their arithmetic in numpy; leaves packages to `valid`. Serves `package`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.forge.score import Model
from lepton_conformance.oracle.answers import Array

__all__ = [
    "LINEAR_BIAS",
    "LINEAR_WEIGHT",
    "VISION_BIAS",
    "VISION_WEIGHT",
    "constant",
    "linear",
    "linear_answer",
    "linear_model",
    "model",
    "scale",
    "strings",
    "threshold",
    "value",
    "vision",
    "vision_answer",
    "vision_model",
    "with_functions",
]

LINEAR_WEIGHT = np.array([[0.5, -1.25], [2.0, 0.75], [-0.125, 1.5]], dtype="<f4")
LINEAR_BIAS = np.array([0.25, -0.5], dtype="<f4")
VISION_WEIGHT = np.array([[1.5, -0.5, 0.25], [-1.0, 2.0, 0.5], [0.75, -0.25, 1.25]], dtype="<f4")
VISION_BIAS = np.array([0.1, 0.2, -0.3], dtype="<f4")
_CODES = {"FP32": 1, "UINT8": 2, "INT64": 7, "BYTES": 8, "BOOL": 9, "FP16": 10, "FP64": 11}


def value(name: str, datatype: str, shape: Sequence[int | str | None] | None) -> Any:
    """Return the description of an input or output."""
    from onnx import helper

    return helper.make_tensor_value_info(name, _CODES[datatype], shape)


def constant(name: str, array: Array) -> Any:
    """Return an initializer with raw data."""
    from onnx import helper

    return helper.make_tensor(name, _CODES["FP32"], array.shape, array.tobytes(), raw=True)


def model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    initializers: Sequence[Any] = (),
    *,
    domains: Sequence[tuple[str, int]] = (("", 17),),
    ir_version: int = 8,
) -> bytes:
    """Return a serialised model, unchecked: some are wrong on purpose."""
    from onnx import helper

    graph = helper.make_graph(list(nodes), "forged", list(inputs), list(outputs), list(initializers))
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains]
    built = helper.make_model(graph, opset_imports=opsets, producer_name="forge", ir_version=ir_version)
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


def linear(
    *,
    input_name: str = "x",
    input_type: str = "FP32",
    input_shape: Sequence[int | str | None] | None = ("N", 3),
    output_shape: Sequence[int | str | None] | None = ("N", 2),
    weight: Any = None,
    domains: Sequence[tuple[str, int]] = (("", 17),),
    outputs: Sequence[Any] | None = None,
) -> bytes:
    """Return y = x W + b, with x (N, 3) and y (N, 2), or a variant of it."""
    from onnx import helper

    nodes = [
        helper.make_node("MatMul", [input_name, "w"], ["xw"]),
        helper.make_node("Add", ["xw", "b"], ["y"]),
    ]
    weights = [constant("w", LINEAR_WEIGHT) if weight is None else weight, constant("b", LINEAR_BIAS)]
    made = outputs if outputs is not None else [value("y", "FP32", output_shape)]
    return model(nodes, [value(input_name, input_type, input_shape)], made, weights, domains=domains)


def scale(
    *,
    inputs: int = 1,
    datatype: str = "FP32",
    shape: Sequence[int | None] = (None, 3),
    domain: str = "",
    external: bool = False,
) -> bytes:
    """Return a graph of a step, half of what it reads, or a variant of it."""
    from onnx import TensorProto, helper

    half = helper.make_tensor("half", _CODES[datatype], [], [0.5])
    if external:
        half = TensorProto(name="half", data_type=1, dims=[], data_location=TensorProto.EXTERNAL)
        half.external_data.add(key="location", value="half.bin")
    nodes = [helper.make_node("Mul", ["a", "half"], ["b"])]
    read = [value("ac"[place], datatype, shape) for place in range(inputs)]
    domains = (("", 17),) if not domain else (("", 17), (domain, 1))
    return model(nodes, read, [value("b", datatype, shape)], [half], domains=domains)


def with_functions(calls: Sequence[str]) -> bytes:
    """Return `linear` with functions f0, f1 ... of the domain `forge`, each of which calls what is named."""
    from onnx import ModelProto, helper

    built = ModelProto.FromString(linear())
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("forge", 1)]
    for number, called in enumerate(calls):
        domain = "forge" if called.startswith("f") else ""
        node = helper.make_node(called, ["x"], ["y"], domain=domain)
        built.functions.append(helper.make_function("forge", f"f{number}", ["x"], ["y"], [node], opsets))
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


def linear_answer(x: Array) -> Array:
    """Return the answer of `linear`, rounded once."""
    exact = x.astype(np.float64) @ LINEAR_WEIGHT.astype(np.float64) + LINEAR_BIAS.astype(np.float64)
    return np.asarray(exact.astype(np.float32))


def linear_model() -> Model:
    """Return what `linear` computes with given weights."""

    def answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
        x, w, b = (array.astype(np.float64) for array in (inputs["x"], weights["w"], weights["b"]))
        return {"y": (x @ w + b).astype(np.float32)}

    return Model(answer, {"w": LINEAR_WEIGHT, "b": LINEAR_BIAS})


def vision_model() -> Model:
    """Return what `vision` computes with given weights."""

    def answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
        means = inputs["x"].astype(np.float64).mean(axis=(2, 3))
        return {"logits": (means @ weights["w"].astype(np.float64) + weights["b"]).astype(np.float32)}

    return Model(answer, {"w": VISION_WEIGHT, "b": VISION_BIAS})


def vision(input_shape: Sequence[int | str | None] = ("batch", 3, "height", "width")) -> bytes:
    """Return logits (N, 3) from the means of the three channels of x (N, 3, H, W)."""
    from onnx import helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"], axis=1),
        helper.make_node("MatMul", ["f", "w"], ["fw"]),
        helper.make_node("Add", ["fw", "b"], ["logits"]),
    ]
    initializers = [constant("w", VISION_WEIGHT), constant("b", VISION_BIAS)]
    inputs = [value("x", "FP32", input_shape)]
    return model(nodes, inputs, [value("logits", "FP32", ("batch", 3))], initializers)


def vision_answer(x: Array) -> Array:
    """Return the logits of `vision` in FP64."""
    means = x.astype(np.float64).mean(axis=(2, 3))
    return np.asarray(means @ VISION_WEIGHT.astype(np.float64) + VISION_BIAS.astype(np.float64))


def strings() -> bytes:
    """Return u = t for strings t (N)."""
    from onnx import helper

    nodes = [helper.make_node("Identity", ["t"], ["u"])]
    return model(nodes, [value("t", "BYTES", ("N",))], [value("u", "BYTES", ("N",))])


def threshold() -> bytes:
    """Return which elements of x (N) are greater than the scalar `limit`, and where the largest one is."""
    from onnx import helper

    nodes = [
        helper.make_node("Greater", ["x", "limit"], ["above"]),
        helper.make_node("ArgMax", ["x"], ["place"], axis=0, keepdims=0),
    ]
    inputs = [value("x", "FP32", ("N",)), value("limit", "FP32", ())]
    return model(nodes, inputs, [value("above", "BOOL", ("N",)), value("place", "INT64", ())])
