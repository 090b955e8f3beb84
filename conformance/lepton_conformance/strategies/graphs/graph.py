"""A graph as values: nodes, inputs, constants, outputs, and the datatype and shape of everything in between.

Owns the value that graphs are built as, made smaller as and spelled from; leaves building to `builder` and
the recipes, and writing ONNX to `spelling`. Serves `runtime` (RUN-OPS).
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.spelling import PLAIN, Attribute, Spelling, file_of

__all__ = ["Graph", "GraphCase", "Node", "Value"]

MAX_SHOWN_NODES = 6


@dataclass(frozen=True, slots=True)
class Value:
    """Datatype and sizes of a tensor. In `Graph.values` sizes are numbers; -1 where data decide."""

    datatype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.datatype}[{','.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class Node:
    """One node; an omitted optional input is the empty name."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, "Attribute | Graph"] = field(default_factory=dict)

    def read(self) -> Iterator[str]:
        """Yield the names that the node reads, those that its bodies read from outside with them."""
        yield from (name for name in self.inputs if name)
        for value in self.attributes.values():
            if isinstance(value, Graph):
                yield from value.captured()


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph. `values` knows every tensor by name, `constants` are initializers, `opset` is ONNX's."""

    nodes: tuple[Node, ...]
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    constants: Mapping[str, Array]
    values: Mapping[str, Value]
    opset: int = 17

    def captured(self) -> Iterator[str]:
        """Yield the names that a body reads from the graph around it."""
        own = {*self.inputs, *self.constants, *(name for node in self.nodes for name in node.outputs)}
        for node in self.nodes:
            yield from (name for name in node.read() if name not in own)
        yield from (name for name in self.outputs if name not in own)

    def operators(self) -> Iterator[str]:
        """Yield the operators, those of bodies with them."""
        for node in self.nodes:
            yield node.operator
            for value in node.attributes.values():
                if isinstance(value, Graph):
                    yield from value.operators()

    def datatypes(self) -> frozenset[str]:
        """Return the datatypes of all tensors."""
        found = {value.datatype for value in self.values.values()}
        for node in self.nodes:
            for attribute in node.attributes.values():
                if isinstance(attribute, Graph):
                    found |= attribute.datatypes()
        return frozenset(found)

    def pruned(self) -> "Graph":
        """Return the graph without nodes, constants and values that no output needs; inputs stay."""
        wanted, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                kept.append(node)
                wanted.update(node.read())
        names = {*wanted, *(name for node in kept for name in node.outputs if name), *self.inputs}
        return Graph(
            tuple(reversed(kept)),
            self.inputs,
            self.outputs,
            {name: array for name, array in self.constants.items() if name in wanted},
            {name: value for name, value in self.values.items() if name in names},
            self.opset,
        )


@dataclass(frozen=True)
class GraphCase:
    """A graph, how its file is spelled, and the inputs of one call."""

    graph: Graph
    inputs: Mapping[str, Array]
    spelling: Spelling = PLAIN
    features: frozenset[str] = frozenset()
    #: Another graph of the same answers, for relations.
    twin: "GraphCase | None" = None

    @functools.cached_property
    def model(self) -> bytes:
        """The file of the model."""
        return file_of(self.graph, self.spelling)[0]

    @functools.cached_property
    def beside(self) -> Mapping[str, bytes]:
        """Return files beside the model that hold external data, by name."""
        return file_of(self.graph, self.spelling)[1]

    def summary(self) -> str:
        """Return the graph for a message: its nodes and inputs."""
        nodes = [
            f"{','.join(node.outputs)}={node.operator}({','.join(node.inputs)}"
            + "".join(f",{name}={_shown(value)}" for name, value in node.attributes.items())
            + ")"
            for node in self.graph.nodes[:MAX_SHOWN_NODES]
        ]
        more = len(self.graph.nodes) - len(nodes)
        listed = " ".join(nodes) + (f" and {more} nodes more" if more else "")
        given = ", ".join(
            f"{name} {value}" for name, value in self.graph.inputs.items() if name in self.inputs
        )
        sizes = " ".join(f"{name}{list(array.shape)}" for name, array in self.inputs.items())
        return f"{listed} of opset {self.graph.opset}, inputs {given or 'none'} with {sizes or 'nothing'}"


def _shown(value: object) -> str:
    if isinstance(value, Graph):
        return f"body of {'+'.join(value.operators())}"
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    return str(list(value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
