"""The same graph in FP64: what a runtime computes in one datatype, another kernel computes in the other.

Owns which tensors can be FP64; leaves what is right to the oracle, whose intervals are those of FP64. Serves
`runtime` (RUN-REL-03).
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

import lepton_spec
from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.graph import Graph, GraphCase, Node, Value
from lepton_conformance.strategies.graphs.spelling import Attribute

__all__ = ["widened"]

NARROW, WIDE = "FP32", "FP64"


def widened(case: GraphCase) -> GraphCase | None:
    """Return the case with every FP32 tensor in FP64, None where ONNX does not allow that or none is FP32.

    A tensor that an operator takes in FP32 only, as the scales of Resize, stays as it is.
    """
    narrow = set(_narrow(case.graph))
    graph = _graph(case.graph, narrow)
    if WIDE not in graph.datatypes() or graph.datatypes() == case.graph.datatypes():
        return None
    inputs = {name: array if name in narrow else _array(array) for name, array in case.inputs.items()}
    made = dataclasses.replace(case, graph=graph, inputs=inputs)
    return made if _consistent(made.model) else None


def _narrow(graph: Graph) -> Iterator[str]:
    """Yield the names of tensors that some operator takes in other datatypes than FP64 only."""
    import onnx.defs

    for node in graph.nodes:
        schema = onnx.defs.get_schema(node.operator, graph.opset)
        for position, name in enumerate(node.inputs):
            formal = schema.inputs[min(position, len(schema.inputs) - 1)]
            if name and "tensor(double)" not in formal.types:
                yield name
        for value in node.attributes.values():
            if isinstance(value, Graph):
                yield from _narrow(value)


def _graph(graph: Graph, narrow: set[str]) -> Graph:
    def values(found: Mapping[str, Value]) -> dict[str, Value]:
        return {
            name: Value(WIDE, value.shape) if value.datatype == NARROW and name not in narrow else value
            for name, value in found.items()
        }

    return Graph(
        tuple(_node(node, narrow) for node in graph.nodes),
        values(graph.inputs),
        values(graph.outputs),
        {name: array if name in narrow else _array(array) for name, array in graph.constants.items()},
        values(graph.values),
        graph.opset,
    )


def _node(node: Node, narrow: set[str]) -> Node:
    attributes: dict[str, Attribute | Graph] = {}
    for name, value in node.attributes.items():
        if isinstance(value, Graph):
            attributes[name] = _graph(value, narrow)
        elif name in ("to", "dtype") and value == _number(NARROW):
            attributes[name] = _number(WIDE)
        else:
            attributes[name] = _array(value) if isinstance(value, np.ndarray) else value
    return dataclasses.replace(node, attributes=attributes)


def _number(datatype: str) -> int:
    number: int = lepton_spec.datatypes()[datatype]["onnx"]
    return number


def _array(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def _consistent(model: bytes) -> bool:
    """Say whether the datatypes that operators give are those that the graph declares."""
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return False
    return True
