"""Small graphs, and the answers of two engines to them, for the tests of the interval oracle."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

# onnxruntime reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

from lepton_conformance.oracle.interval import Interval, evaluate, judge

Array = npt.NDArray[Any]
Build = Callable[..., onnx.ModelProto]
Check = Callable[..., dict[str, Interval]]

LEVELS = (
    onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
)


def _type(array: Array) -> int:
    if array.dtype == object:
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(array.dtype))


@pytest.fixture(scope="session")
def graph() -> Build:
    """Return a builder: nodes, inputs, outputs, constants and opset to a model."""

    def build(
        nodes: Sequence[onnx.NodeProto],
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = ("y",),
        constants: Mapping[str, Array] | None = None,
        opset: int = 17,
    ) -> onnx.ModelProto:
        made = helper.make_graph(
            list(nodes),
            "g",
            [helper.make_tensor_value_info(name, _type(v), v.shape) for name, v in inputs.items()],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            [numpy_helper.from_array(np.asarray(v), name) for name, v in (constants or {}).items()],
        )
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)

    return build


def answers(
    model: onnx.ModelProto, inputs: Mapping[str, Array], reference: bool
) -> list[tuple[str, list[Array]]]:
    """Return the answers of onnxruntime, optimised and not, and of onnx's own evaluator, if they have any."""
    found: list[tuple[str, list[Array]]] = []
    for level in LEVELS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as refused:
            if "NOT_IMPLEMENTED" not in str(refused):
                raise
            continue
        found.append(
            (
                f"onnxruntime {level}",
                session.run(None, {name: np.asarray(value) for name, value in inputs.items()}),
            )
        )
    if reference:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            arrays = ReferenceEvaluator(model).run(None, dict(inputs))
        found.append(("onnx reference", [np.asarray(array) for array in arrays]))
    return found


@pytest.fixture(scope="session")
def lawful(graph: Build) -> Check:
    """Return a check: the answers of the engines lie in the intervals of a graph, which it returns."""

    def check(
        nodes: Sequence[onnx.NodeProto],
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = ("y",),
        constants: Mapping[str, Array] | None = None,
        opset: int = 17,
        reference: bool = True,
    ) -> dict[str, Interval]:
        model = graph(nodes, inputs, outputs, constants, opset)
        intervals = evaluate(model, inputs)
        seen = answers(model, inputs, reference)
        assert seen, "no engine answers this graph"
        for engine, arrays in seen:
            for name, array in zip(outputs, arrays, strict=True):
                wrong = judge(intervals[name], np.asarray(array))
                assert wrong is None, f"{engine}: {[node.op_type for node in nodes]} {name}: {wrong}"
        return intervals

    return check
