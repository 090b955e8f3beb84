"""A naive, correct ONNX engine in numpy over whole graphs, as an in-process adapter.

Owns reading model files (all ways in which ONNX stores tensors), nested scopes and the order of computing;
every step and every operator is a method, so that a mutant is a subclass that changes one of them. It
computes in the datatypes of the model, as real engines do, so that its rounding is its own. Written apart
from `lepton_conformance.oracle`, with which it shares nothing. Serves `runtime`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx

from lepton_conformance.mutants.computing import Array, Spec
from lepton_conformance.mutants.engine import DATATYPES, Engine, Loaded
from lepton_conformance.mutants.engine_nodes import (
    NUMPY_TYPES,
    Graph,
    Node,
    Scope,
    attribute_value,
    default_attributes,
)
from lepton_conformance.mutants.engine_ops_control import Control
from lepton_conformance.mutants.engine_ops_dense import Dense
from lepton_conformance.mutants.engine_ops_elementwise import Elementwise
from lepton_conformance.mutants.engine_ops_normalisation import Normalisation
from lepton_conformance.mutants.engine_ops_pooling import Pooling
from lepton_conformance.mutants.engine_ops_quantised import Quantised
from lepton_conformance.mutants.engine_ops_recurrent import Recurrent
from lepton_conformance.mutants.engine_ops_reductions import Reductions
from lepton_conformance.mutants.engine_ops_resizing import Resizing
from lepton_conformance.mutants.engine_ops_selecting import Selecting
from lepton_conformance.mutants.engine_ops_shaping import Shaping

__all__ = ["GraphEngine", "GraphLoaded"]

#: Fields of a TensorProto that hold elements, by the number of the datatype.
FIELDS = {
    **dict.fromkeys((1,), "float_data"),
    **dict.fromkeys((2, 3, 4, 5, 6, 9, 10), "int32_data"),
    **dict.fromkeys((7,), "int64_data"),
    **dict.fromkeys((8,), "string_data"),
    **dict.fromkeys((11,), "double_data"),
    **dict.fromkeys((12, 13), "uint64_data"),
}
CONTROL = ("If", "Loop", "Scan")


@dataclass(slots=True)
class GraphLoaded(Loaded):
    """A loaded graph; `optional` are the inputs that an initializer stands for."""

    graph: Graph
    optional: frozenset[str]


class GraphEngine(
    Elementwise,
    Dense,
    Pooling,
    Normalisation,
    Reductions,
    Shaping,
    Selecting,
    Resizing,
    Control,
    Recurrent,
    Quantised,
    Engine,
):
    """The correct engine over graphs."""

    id = "runtime-graphs-correct"
    name = "lepton-graph-engine"
    #: What the engine declares in its hello.
    operators: ClassVar[tuple[str, ...]] = (
        "elementwise",
        "dense",
        "convolution",
        "pooling",
        "normalisation",
        "reductions",
        "indexing",
        "control",
        "recurrent",
        "quantised",
        "strings",
        "blocks",
    )
    opsets: ClassVar[tuple[int, int]] = (13, 21)
    dynamic: ClassVar[bool] = True

    # loading

    def read(self, path: str) -> Any:
        """Read a file with everything that it refers to."""
        model = onnx.load(path, load_external_data=False)
        for tensor in _tensors(model.graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                tensor.raw_data = self.external(tensor, Path(path).parent)
                del tensor.external_data[:]
                tensor.data_location = onnx.TensorProto.DEFAULT
        return model

    def external(self, tensor: Any, folder: Path) -> bytes:
        """Return the bytes of a tensor that are kept in a file of their own."""
        entries: dict[str, str] = {entry.key: entry.value for entry in tensor.external_data}
        with (folder / entries["location"]).open("rb") as file:
            file.seek(int(entries.get("offset", 0)))
            found: bytes = file.read(int(entries["length"]) if "length" in entries else -1)
            return found

    def build(self, model: Any) -> GraphLoaded:
        opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        graph = self.graph(model.graph, opset)
        specs = tuple(self.describe(value) for value in model.graph.input)
        outputs = tuple(self.describe(value) for value in model.graph.output)
        return GraphLoaded(self, specs, outputs, (), graph.constants, graph, frozenset(graph.constants))

    def graph(self, graph: Any, opset: int) -> Graph:
        """Return a graph, nested ones included."""
        return Graph(
            tuple(value.name for value in graph.input),
            tuple(value.name for value in graph.output),
            tuple(_declared(value.type.tensor_type) for value in graph.output),
            tuple(self.node(node, opset) for node in graph.node),
            {tensor.name: self.tensor(tensor) for tensor in graph.initializer},
        )

    def node(self, node: Any, opset: int) -> Node:
        """Return a node with its attributes and the defaults of those that it leaves out."""
        if node.domain not in ("", "ai.onnx") or not hasattr(self, f"op_{node.op_type.lower()}"):
            raise NotImplementedError(f"operator {node.domain}:{node.op_type} is not supported")
        attributes = self.defaults(node.op_type, opset)
        for entry in node.attribute:
            if entry.type == onnx.AttributeProto.GRAPH:
                attributes[entry.name] = self.graph(entry.g, opset)
            elif entry.type == onnx.AttributeProto.TENSOR:
                attributes[entry.name] = self.tensor(entry.t)
            else:
                attributes[entry.name] = attribute_value(entry)
        return Node(node.op_type, tuple(node.input), tuple(node.output), attributes, opset)

    def defaults(self, operator: str, opset: int) -> dict[str, Any]:
        return default_attributes(operator, opset)

    def tensor(self, tensor: Any) -> Array:
        """Return the elements of a tensor, wherever they stand."""
        if tensor.HasField("raw_data"):
            return self.raw_tensor(tensor)
        return self.typed_tensor(tensor)

    def raw_tensor(self, tensor: Any) -> Array:
        found = np.frombuffer(tensor.raw_data, dtype=NUMPY_TYPES[tensor.data_type])
        return found.reshape(tuple(tensor.dims)).copy()

    def typed_tensor(self, tensor: Any) -> Array:
        dtype = NUMPY_TYPES[tensor.data_type]
        elements = list(getattr(tensor, FIELDS[tensor.data_type]))
        if tensor.data_type == 10:
            return np.array(elements, dtype=np.uint16).view(np.float16).reshape(tuple(tensor.dims))
        found = np.empty(len(elements), dtype=dtype)
        found[:] = elements
        return found.reshape(tuple(tensor.dims))

    def describe(self, value: Any) -> Spec:
        if not value.type.HasField("tensor_type"):
            raise NotImplementedError(f"{value.name} is no tensor")
        if value.type.tensor_type.elem_type not in DATATYPES:
            raise NotImplementedError(f"{value.name} has a datatype that is not supported")
        return super().describe(value)

    # computing

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        assert isinstance(model, GraphLoaded)
        required = {spec.name for spec in model.inputs} - model.optional
        allowed = {spec.name for spec in model.inputs}
        if not required <= set(inputs) <= allowed:
            raise ValueError(f"found the inputs {sorted(inputs)}, expected {sorted(required)}")
        for spec in model.inputs:
            if spec.name in inputs:
                self.check_datatype(spec, inputs[spec.name])
                self.check_shape(spec, inputs[spec.name])
        return inputs

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        assert isinstance(model, GraphLoaded)
        with np.errstate(all="ignore"):
            found = self.run(model.graph, {**model.graph.constants, **inputs})
        return dict(zip(model.graph.outputs, found, strict=True))

    def enter(self, graph: Graph, outer: Scope, given: list[Array]) -> list[Array]:
        """Compute a nested graph, which sees the values around it."""
        return self.run(graph, {**outer, **graph.constants, **dict(zip(graph.inputs, given, strict=True))})

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        """Compute the nodes in their order; return the outputs of the graph."""
        for node in graph.nodes:
            given = [scope[name] if name else None for name in node.inputs]
            found = self.call(node, given, scope)
            for name, value in zip(node.outputs, found, strict=False):
                if name:
                    scope[name] = value
        return [scope[name] for name in graph.outputs]

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        """Compute one node."""
        method = getattr(self, f"op_{node.operator.lower()}")
        found = method(node, scope, *given) if node.operator in CONTROL else method(node, *given)
        return tuple(map(np.asarray, found)) if isinstance(found, tuple | list) else (np.asarray(found),)

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        """Return memory that is the caller's alone."""
        return {name: np.array(value, order="C") for name, value in outputs.items()}


def _tensors(graph: Any) -> list[Any]:
    """Return the tensors of a graph and of the graphs in it."""
    found = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                found.append(attribute.t)
            elif attribute.type == onnx.AttributeProto.GRAPH:
                found.extend(_tensors(attribute.g))
    return found


def _declared(tensor: Any) -> tuple[np.dtype[Any], tuple[int | None, ...]]:
    shape = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
    return NUMPY_TYPES.get(tensor.elem_type, np.dtype("<f4")), shape
