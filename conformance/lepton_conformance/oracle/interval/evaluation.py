"""Evaluating a whole graph in intervals.

Owns the reading of models: opsets, attributes, initializers, constants, subgraphs and their scopes; leaves
the meaning of operators to `registry`. Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from lepton_conformance.oracle.interval.registry import OPERATORS
from lepton_conformance.oracle.interval.signature import Attributes, Operator
from lepton_conformance.oracle.interval.value import Array, Interval, Undecidable, point

__all__ = ["Body", "evaluate"]

DOMAINS = ("", "ai.onnx")


def evaluate(
    model: onnx.ModelProto | bytes, inputs: Mapping[str, Array], directory: str = ""
) -> dict[str, Interval]:
    """Return the lawful values of each output of a graph.

    `directory` holds the files of external data. Raises: Undecidable when the graph is beyond the oracle:
    an operator that is not in OPERATORS, or a shape or index that depends on rounding.
    """
    if isinstance(model, bytes):
        model = onnx.load_model_from_string(model)
    opset = next((entry.version for entry in model.opset_import if entry.domain in DOMAINS), None)
    if opset is None:
        raise Undecidable("the model imports no operator set of ONNX")
    with np.errstate(all="ignore"):
        body = Body(model.graph, opset, directory)
        names = [name for name in body.inputs if name in inputs or name not in body.constants]
        missing = [name for name in names if name not in inputs]
        if missing:
            raise Undecidable(f"found no input {missing[0]}")
        found = body.run([point(np.asarray(inputs[name])) for name in names], {}, names)
    return dict(zip(body.outputs, found, strict=True))


class Body:
    """A graph, or a subgraph of a node, read once and run as often as needed."""

    __slots__ = ("constants", "inputs", "outputs", "steps")

    def __init__(self, graph: onnx.GraphProto, opset: int, directory: str) -> None:
        if graph.sparse_initializer:
            raise Undecidable("sparse initializers")
        self.inputs = [value.name for value in graph.input]
        self.outputs = [value.name for value in graph.output]
        self.constants = {
            tensor.name: point(numpy_helper.to_array(tensor, directory)) for tensor in graph.initializer
        }
        self.steps = [_Step(node, opset, directory) for node in graph.node]

    def run(
        self,
        values: Sequence[Interval],
        outer: Mapping[str, Interval],
        names: Sequence[str] | None = None,
    ) -> list[Interval]:
        """Return the outputs for these inputs, with the names that the surrounding graphs have given."""
        scope = {**outer, **self.constants}
        scope.update(zip(self.inputs if names is None else names, values, strict=True))
        for step in self.steps:
            step.run(scope)
        try:
            return [scope[name] for name in self.outputs]
        except KeyError as missing:
            raise Undecidable(f"no node gives the output {missing.args[0]}") from None


class _Step:
    """One node: its function, attributes and names."""

    __slots__ = ("attributes", "bodies", "function", "inputs", "operator", "opset", "outputs")

    def __init__(self, node: onnx.NodeProto, opset: int, directory: str) -> None:
        if node.domain not in DOMAINS or node.op_type not in OPERATORS:
            raise Undecidable(f"the operator {node.domain or 'ai.onnx'}.{node.op_type}")
        self.operator = node.op_type
        self.opset = opset
        self.function: Operator = OPERATORS[node.op_type]
        self.inputs = list(node.input)
        self.outputs = list(node.output)
        self.attributes: dict[str, Any] = {}
        self.bodies: dict[str, Body] = {}
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                self.bodies[attribute.name] = Body(attribute.g, opset, directory)
            else:
                self.attributes[attribute.name] = _attribute(attribute, directory)
        self.attributes["outputs"] = sum(1 for name in self.outputs if name)
        self.attributes["places"] = len(self.outputs)

    def run(self, scope: dict[str, Interval]) -> None:
        try:
            inputs = [scope[name] if name else None for name in self.inputs]
        except KeyError as missing:
            raise Undecidable(f"nothing gives {missing.args[0]}, an input of {self.operator}") from None
        attributes: Attributes = self.attributes
        if self.bodies:
            attributes = {**attributes, **{name: _bound(body, scope) for name, body in self.bodies.items()}}
        found = self.function(attributes, inputs, self.opset)
        for name, value in zip(self.outputs, found, strict=False):
            if name:
                scope[name] = value


def _bound(body: Body, scope: Mapping[str, Interval]) -> Callable[[Sequence[Interval]], list[Interval]]:
    return lambda values: body.run(values, scope)


def _attribute(attribute: onnx.AttributeProto, directory: str) -> Any:
    kind = attribute.type
    if kind == onnx.AttributeProto.INT:
        return attribute.i
    if kind == onnx.AttributeProto.FLOAT:
        return attribute.f
    if kind == onnx.AttributeProto.STRING:
        return attribute.s.decode("utf-8")
    if kind == onnx.AttributeProto.TENSOR:
        return numpy_helper.to_array(attribute.t, directory)
    if kind == onnx.AttributeProto.INTS:
        return list(attribute.ints)
    if kind == onnx.AttributeProto.FLOATS:
        return list(attribute.floats)
    if kind == onnx.AttributeProto.STRINGS:
        return [text.decode("utf-8") for text in attribute.strings]
    raise Undecidable(f"the attribute {attribute.name} of type {kind}")
