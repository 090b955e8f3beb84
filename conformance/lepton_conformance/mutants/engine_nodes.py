"""What a graph consists of, as the numpy engine sees it: nodes with their attributes, and nested graphs.

Owns reading attributes with the defaults of the operator's schema. Leaves computing to `engine_graph` and the
operators to `engine_ops_*`. Serves `runtime`.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import onnx

from lepton_conformance.mutants.computing import Array

__all__ = ["NUMPY_TYPES", "Answer", "Graph", "Node", "Scope", "positive"]

#: The number of a datatype in ONNX -> numpy type; strings are objects (`bytes`).
NUMPY_TYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    4: np.dtype("<u2"),
    5: np.dtype("<i2"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    8: np.dtype(object),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
    12: np.dtype("<u4"),
    13: np.dtype("<u8"),
}

#: What an operator returns: its output, or its outputs.
Answer: TypeAlias = Any
#: The values known at some place in a graph, by name.
Scope: TypeAlias = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `attributes` holds strings, numbers, lists, arrays and `Graph`s, defaults included."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    opset: int

    def get(self, name: str, otherwise: Any = None) -> Any:
        """Return an attribute, or what stands for it when neither the node nor the schema has it."""
        return self.attributes.get(name, otherwise)

    def having(self, **attributes: Any) -> "Node":
        """Return the node with other values of attributes."""
        return Node(self.operator, self.inputs, self.outputs, {**self.attributes, **attributes}, self.opset)


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph: `declared` are the numpy type and shape of each output, None for a size that is not known."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    declared: tuple[tuple[np.dtype[Any], tuple[int | None, ...]], ...]
    nodes: tuple[Node, ...]
    constants: Scope


def default_attributes(operator: str, opset: int) -> dict[str, Any]:
    """Return the attributes that the schema gives a default, by name."""
    schema = onnx.defs.get_schema(operator, opset, "")
    return {
        name: attribute_value(entry.default_value)
        for name, entry in schema.attributes.items()
        if entry.default_value.type != onnx.AttributeProto.UNDEFINED
    }


def attribute_value(attribute: onnx.AttributeProto) -> Any:
    """Return the value of an attribute that is no graph and no tensor."""
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if attribute.type == onnx.AttributeProto.STRINGS:
        return [entry.decode() for entry in value]
    return list(value) if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS) else value


def positive(axis: int, rank: int) -> int:
    """Return an axis counted from the front. Raises: ValueError for one outside the rank."""
    if not -rank <= axis < max(rank, 1):
        raise ValueError(f"found axis {axis}, expected one of rank {rank}")
    return axis + rank if axis < 0 else axis
