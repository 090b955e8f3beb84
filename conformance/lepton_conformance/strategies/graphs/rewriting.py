"""The same graph in other words: spellings that ONNX allows, and rewritings that change no answer.

Owns the variants; leaves what the first graph computes to the oracle, so that a variant is judged by the
intervals of its origin. Serves `runtime` (RUN-SPL, RUN-REL).
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lepton_conformance.strategies.graphs.graph import Graph, GraphCase, Node, Value
from lepton_conformance.strategies.graphs.spelling import Attribute, Spelling

__all__ = ["external", "omits_inputs", "original_names", "overridable", "rewritten", "spelled"]

#: Operators whose attribute `axis` counts the axes of their first input.
AXIS_OF_INPUT = frozenset(
    (
        "ArgMax",
        "ArgMin",
        "Concat",
        "Gather",
        "GatherElements",
        "LayerNormalization",
        "LogSoftmax",
        "LpNormalization",
        "Softmax",
        "Split",
        "TopK",
        "QuantizeLinear",
        "DequantizeLinear",
    )
)
COMMUTATIVE = frozenset(("Add", "Mul", "Max", "Min", "And", "Or", "Xor", "Equal"))
ODD_NAMES = ("x.1", "a/b:0", "名前", "with space", "1", "onnx::Add_0", "é\u0301", "Add", "y'\"\\", "#%&")


def _named(case: GraphCase, graph: Graph) -> GraphCase:
    return dataclasses.replace(case, graph=graph)


def spelled(case: GraphCase) -> Iterator[tuple[str, GraphCase]]:
    """Yield the case in other spellings of the same graph, each with its name.

    Names and texts matter to no single operator: only graphs of several nodes are tried with others.
    """
    has_constants = bool(case.graph.constants)
    if has_constants:
        yield "elements in typed fields", dataclasses.replace(case, spelling=Spelling(typed=True))
        yield "constants as nodes", dataclasses.replace(case, spelling=Spelling(constant_nodes=True))
    if len(case.graph.nodes) > 1:
        yield "shapes of inner tensors", dataclasses.replace(case, spelling=Spelling(value_info=True))
        yield "names and texts of nodes", dataclasses.replace(case, spelling=Spelling(documented=True))
        yield "other names", _renamed(case)
    for name, change in _CHANGES.items():
        graph = change(case.graph)
        if graph is not None:
            yield name, _named(case, graph)


def overridable(case: GraphCase) -> GraphCase | None:
    """Return the case with its floating-point constants as inputs with a default, None without any."""
    names = frozenset(name for name, array in case.graph.constants.items() if array.dtype == np.float32)
    return dataclasses.replace(case, spelling=Spelling(overridable=names)) if names else None


def external(case: GraphCase) -> GraphCase:
    """Return the case with the elements of its constants in a file beside the model."""
    return dataclasses.replace(case, spelling=Spelling(external=True))


# -- spellings -------------------------------------------------------------------------------------


def _renamed(case: GraphCase) -> GraphCase:
    """Return the case with odd names for all tensors; bodies follow."""
    names: dict[str, str] = {}
    for index, name in enumerate(case.graph.values):
        names[name] = ODD_NAMES[index] if index < len(ODD_NAMES) else f"{ODD_NAMES[index % 10]} {index}"
    return GraphCase(
        _with_names(case.graph, names),
        {names[name]: array for name, array in case.inputs.items()},
        case.spelling,
        case.features,
    )


def _with_names(graph: Graph, names: Mapping[str, str]) -> Graph:
    def keys(values: Mapping[str, Any]) -> dict[str, Any]:
        return {names.get(name, name): value for name, value in values.items()}

    nodes = tuple(
        Node(
            node.operator,
            tuple(names.get(name, name) for name in node.inputs),
            tuple(names.get(name, name) for name in node.outputs),
            {
                key: _with_names(value, names) if isinstance(value, Graph) else value
                for key, value in node.attributes.items()
            },
        )
        for node in graph.nodes
    )
    return Graph(
        nodes, keys(graph.inputs), keys(graph.outputs), keys(graph.constants), keys(graph.values), graph.opset
    )


def original_names(case: GraphCase) -> dict[str, str]:
    """Return, for a renamed case's origin, the new name of each output."""
    return dict(zip(case.graph.outputs, _renamed(case).graph.outputs, strict=True))


def _reordered(graph: Graph) -> Graph | None:
    """Return the nodes in another topological order: each as late as can be, the last one first."""
    made = {name for node in graph.nodes for name in node.outputs}
    waiting, order = list(reversed(graph.nodes)), []
    known: set[str] = set()
    while waiting:
        ready = next(
            node for node in waiting if all(name in known or name not in made for name in node.read())
        )
        waiting.remove(ready)
        order.append(ready)
        known.update(ready.outputs)
    return None if tuple(order) == graph.nodes else dataclasses.replace(graph, nodes=tuple(order))


def _reversed_constants(graph: Graph) -> Graph | None:
    if len(graph.constants) < 2:
        return None
    return dataclasses.replace(graph, constants=dict(reversed(list(graph.constants.items()))))


def _defaults_written(graph: Graph) -> Graph | None:
    """Return the graph with every default of an attribute written out."""
    changed = [
        dataclasses.replace(node, attributes={**_defaults(node.operator, graph.opset), **node.attributes})
        for node in graph.nodes
    ]
    return None if tuple(changed) == graph.nodes else dataclasses.replace(graph, nodes=tuple(changed))


def _defaults(operator: str, opset: int) -> dict[str, "Attribute"]:
    """Return the defaults that ONNX declares: numbers and texts, not what depends on shapes."""
    from onnx import defs, helper

    found: dict[str, Attribute] = {}
    for name, attribute in defs.get_schema(operator, opset).attributes.items():
        default = attribute.default_value
        if default.type in (1, 2, 3) and name not in ("training_mode", "stash_type"):
            value = helper.get_attribute_value(default)
            found[name] = value.decode() if isinstance(value, bytes) else value
    # The old form of auto_pad and pads exclude each other.
    found.pop("auto_pad", None)
    return found


def _axes_from_the_end(graph: Graph) -> Graph | None:
    """Return the graph with the axes of attributes counted from the other end."""

    def changed(node: Node) -> Node:
        axis = node.attributes.get("axis")
        if node.operator not in AXIS_OF_INPUT or not isinstance(axis, int) or not node.inputs[0]:
            return node
        rank = len(graph.values[node.inputs[0]].shape)
        other = axis - rank if axis >= 0 else axis + rank
        return dataclasses.replace(node, attributes={**node.attributes, "axis": other})

    nodes = tuple(map(changed, graph.nodes))
    return None if nodes == graph.nodes else dataclasses.replace(graph, nodes=nodes)


def omits_inputs(case: GraphCase) -> bool:
    """Say whether an optional input at the end of a node is left out."""
    return _empty_inputs(case.graph) is not None


def _empty_inputs(graph: Graph) -> Graph | None:
    """Return the graph with omitted optional inputs at the end written as empty names."""
    from onnx import defs

    def changed(node: Node) -> Node:
        schema = defs.get_schema(node.operator, graph.opset)
        optional = [
            entry for entry in schema.inputs if entry.option == defs.OpSchema.FormalParameterOption.Optional
        ]
        missing = len(schema.inputs) - len(node.inputs)
        if missing < 1 or len(optional) < missing:
            return node
        return dataclasses.replace(node, inputs=(*node.inputs, ""))

    nodes = tuple(map(changed, graph.nodes))
    return None if nodes == graph.nodes else dataclasses.replace(graph, nodes=nodes)


_CHANGES: Mapping[str, Callable[[Graph], Graph | None]] = {
    "another order of nodes": _reordered,
    "another order of constants": _reversed_constants,
    "defaults of attributes written out": _defaults_written,
    "axes counted from the other end": _axes_from_the_end,
    "an omitted input written as an empty name": _empty_inputs,
}


# -- rewritings ------------------------------------------------------------------------------------


def rewritten(case: GraphCase) -> Iterator[tuple[str, GraphCase]]:
    """Yield the case rewritten so that no answer changes, each with the name of what was done.

    What stands around a node matters to what optimises: graphs of one node are only folded and commuted.
    """
    graph = case.graph
    several = len(graph.nodes) > 1
    if len(case.inputs) > 1:
        yield "all inputs but the first as constants", _constants(case, list(case.inputs)[1:])
    if case.inputs:
        yield "all inputs as constants", _constants(case, list(case.inputs))
    if graph.constants and not any(node.operator in ("Loop", "Scan", "If") for node in graph.nodes):
        floats = [name for name, array in graph.constants.items() if array.dtype.kind == "f" and array.ndim]
        if floats and several:
            yield "constants as inputs", _inputs(case, floats)
    if several:
        yield "an Identity on each edge", _identities(case)
        yield "nodes that nobody needs", _dead(case)
    if any(node.operator in COMMUTATIVE and len(node.inputs) == 2 for node in graph.nodes):
        yield "inputs of commutative operators exchanged", _commuted(case)
    if any(len(_readers(graph, name)) > 1 for node in graph.nodes for name in node.outputs):
        yield "shared nodes computed twice", _twice(case)


def _constants(case: GraphCase, names: list[str]) -> GraphCase:
    graph = case.graph
    return dataclasses.replace(
        case,
        graph=dataclasses.replace(
            graph,
            inputs={name: value for name, value in graph.inputs.items() if name not in names},
            constants={**{name: case.inputs[name] for name in names}, **graph.constants},
        ),
        inputs={name: array for name, array in case.inputs.items() if name not in names},
    )


def _inputs(case: GraphCase, names: list[str]) -> GraphCase:
    graph = case.graph
    return dataclasses.replace(
        case,
        graph=dataclasses.replace(
            graph,
            inputs={**graph.inputs, **{name: graph.values[name] for name in names}},
            constants={name: array for name, array in graph.constants.items() if name not in names},
        ),
        inputs={**case.inputs, **{name: graph.constants[name] for name in names}},
    )


def _identities(case: GraphCase) -> GraphCase:
    """Return the graph with an Identity before each input of each node, and before each output."""
    graph, nodes, values = case.graph, [], dict(case.graph.values)
    count = 0
    ends = {name: f"inner {name}" for name in graph.outputs}

    def through(name: str, new: str) -> str:
        values[new] = graph.values[name]
        nodes.append(Node("Identity", (ends.get(name, name),), (new,)))
        return new

    for node in graph.nodes:
        inputs = []
        for name in node.inputs:
            constant = name in graph.constants
            count += 1
            inputs.append(through(name, f"same {count}") if name and not constant else name)
        outputs = tuple(ends.get(name, name) for name in node.outputs)
        values.update({new: graph.values[old] for old, new in zip(node.outputs, outputs, strict=True) if old})
        nodes.append(dataclasses.replace(node, inputs=tuple(inputs), outputs=outputs))
    for name in graph.outputs:
        nodes.append(Node("Identity", (ends[name],), (name,)))
    return _named(case, dataclasses.replace(graph, nodes=tuple(nodes), values=values))


def _changing(value: Value) -> str:
    """Return an operator that gives other elements in the same form: what is written in place would show."""
    if value.datatype == "BOOL":
        return "Not"
    return "Neg" if value.datatype in ("FP32", "FP64", "INT32", "INT64") else "Identity"


def _dead(case: GraphCase) -> GraphCase:
    """Return the graph with nodes that lead to no output, one of them before, one after the others."""
    graph = case.graph
    name = next(iter(graph.inputs), next(iter(graph.constants), ""))
    if not name:
        return case
    value = graph.values[name]
    first = graph.nodes[0].outputs[0]
    before = Node(_changing(value), (name,), ("dead 1",))
    after = Node(_changing(graph.values[first]), (first,), ("dead 2",))
    last = Node(_changing(value), (name,), ("dead 3",))
    values = {**graph.values, "dead 1": value, "dead 2": graph.values[first], "dead 3": value}
    constants = {**graph.constants, "dead 0": np.array([1.0], np.float32)}
    values["dead 0"] = Value("FP32", (1,))
    return _named(
        case,
        dataclasses.replace(
            graph, nodes=(before, *graph.nodes, after, last), values=values, constants=constants
        ),
    )


def _commuted(case: GraphCase) -> GraphCase:
    nodes = tuple(
        dataclasses.replace(node, inputs=node.inputs[::-1])
        if node.operator in COMMUTATIVE and len(node.inputs) == 2
        else node
        for node in case.graph.nodes
    )
    return _named(case, dataclasses.replace(case.graph, nodes=nodes))


def _readers(graph: Graph, name: str) -> list[Node]:
    return [node for node in graph.nodes if name in node.inputs] if name else []


def _twice(case: GraphCase) -> GraphCase:
    """Return the graph with a copy of each shared node for the last of its readers."""
    graph, values = case.graph, dict(case.graph.values)
    moved: dict[tuple[int, str], str] = {}
    copies: dict[int, Node] = {}
    for index, node in enumerate(graph.nodes):
        readers = [place for place, other in enumerate(graph.nodes) if set(node.outputs) & set(other.inputs)]
        if len(readers) > 1:
            names = tuple(f"again {name}" if name else "" for name in node.outputs)
            copies[index] = dataclasses.replace(node, outputs=names)
            for old, new in zip(node.outputs, names, strict=True):
                if old:
                    values[new] = graph.values[old]
                    moved[(readers[-1], old)] = new
    nodes = []
    for index, node in enumerate(graph.nodes):
        inputs = tuple(moved.get((index, name), name) for name in node.inputs)
        nodes.append(dataclasses.replace(node, inputs=inputs))
        if index in copies:
            nodes.append(copies[index])
    return _named(case, dataclasses.replace(graph, nodes=tuple(nodes), values=values))
