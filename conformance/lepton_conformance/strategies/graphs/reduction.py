"""Simpler variants of a graph: fewer outputs, fewer nodes, fewer attributes, smaller sizes, zeros.

Every variant is a valid model again (checked, for sizes are cut without solving anything). Owns the order,
most drastic first; leaves trying to `suite.driver`. Serves `conformance` (CNF-REP-03).
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.contents import content
from lepton_conformance.strategies.graphs.graph import Graph, GraphCase, Node, Value
from lepton_conformance.strategies.graphs.spelling import PLAIN

__all__ = ["smaller", "valid"]

MAX_PLAIN_ELEMENTS = 64


def smaller(case: GraphCase) -> Iterator[GraphCase]:
    """Yield simpler cases that are valid."""
    for candidate in _candidates(case):
        if valid(candidate):
            yield candidate


def valid(case: GraphCase) -> bool:
    """Say whether a case is a valid model whose inputs have its shapes."""
    import onnx

    try:
        onnx.checker.check_model(onnx.load_from_string(case.model), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return False
    return True


def _candidates(case: GraphCase) -> Iterator[GraphCase]:
    if case.spelling != PLAIN:
        yield dataclasses.replace(case, spelling=PLAIN)
    yield from _prefixes(case)
    yield from _suffixes(case)
    yield from _single_outputs(case)
    yield from _without_nodes(case)
    yield from _without_details(case)
    yield from _sizes(case)
    yield from _elements(case)


def _rebuilt(case: GraphCase, graph: Graph, inputs: Mapping[str, Array] | None = None) -> GraphCase:
    """Return a case with another graph; inputs that nothing needs are dropped."""
    pruned = graph.pruned()
    read = {name for node in pruned.nodes for name in node.read()} | set(pruned.outputs)
    given = {**case.inputs, **(inputs or {})}
    kept = {name: value for name, value in pruned.inputs.items() if name in read}
    return GraphCase(
        dataclasses.replace(pruned, inputs=kept),
        {name: given[name] for name in kept if name in given},
        case.spelling,
        case.features,
    )


def _declared(graph: Graph, names: Iterable[str]) -> dict[str, Value]:
    found = {}
    for name in names:
        value = graph.outputs.get(name, graph.values[name])
        sizes = tuple(f"free_{name}_{axis}" if size == -1 else size for axis, size in enumerate(value.shape))
        found[name] = Value(value.datatype, sizes)
    return found


def _prefixes(case: GraphCase) -> Iterator[GraphCase]:
    """Yield the graph up to each node, the shortest first."""
    graph = case.graph
    if len(graph.nodes) > 1:
        for node in graph.nodes:
            outputs = _declared(graph, (name for name in node.outputs if name))
            if set(outputs) == set(graph.outputs):
                return  # it would be the same graph again
            yield _rebuilt(case, dataclasses.replace(graph, outputs=outputs))


def _suffixes(case: GraphCase) -> Iterator[GraphCase]:
    """Yield the graph without its first nodes, the fewest nodes first; what they make is given instead."""
    graph = case.graph
    for kept in range(1, len(graph.nodes)):
        gone, rest = graph.nodes[:-kept], graph.nodes[-kept:]
        read = {name for node in rest for name in node.read()}
        made = [name for node in gone for name in node.outputs if name in read]
        outputs = {
            name: value for name, value in graph.outputs.items() if any(name in node.outputs for node in rest)
        }
        arrays = _measured(case, made) if made else {}
        if outputs and arrays is not None:
            inputs = {name: Value(graph.values[name].datatype, arrays[name].shape) for name in made}
            yield _rebuilt(
                case,
                dataclasses.replace(graph, nodes=rest, inputs={**graph.inputs, **inputs}, outputs=outputs),
                arrays,
            )


def _single_outputs(case: GraphCase) -> Iterator[GraphCase]:
    if len(case.graph.outputs) > 1:
        for name, value in case.graph.outputs.items():
            yield _rebuilt(case, dataclasses.replace(case.graph, outputs={name: value}))


def _without_nodes(case: GraphCase) -> Iterator[GraphCase]:
    """Yield the graph with each node replaced by an input, and by one of its own inputs."""
    graph = case.graph
    if len(graph.nodes) < 2:
        return
    for index, node in enumerate(graph.nodes):
        rest = (*graph.nodes[:index], *graph.nodes[index + 1 :])
        made = [name for name in node.outputs if name]
        if any(name in graph.outputs for name in made):
            continue
        values = {name: graph.values[name] for name in made}
        arrays = _measured(case, made)
        if arrays is not None:
            inputs = {name: Value(value.datatype, arrays[name].shape) for name, value in values.items()}
            yield _rebuilt(
                case, dataclasses.replace(graph, nodes=rest, inputs={**graph.inputs, **inputs}), arrays
            )
        for name in node.inputs:
            if len(made) == 1 and name in graph.values and graph.values[name] == values[made[0]]:
                yield _rebuilt(case, dataclasses.replace(graph, nodes=_renamed(rest, made[0], name)))


def _renamed(nodes: Iterable[Node], old: str, new: str) -> tuple[Node, ...]:
    return tuple(
        dataclasses.replace(node, inputs=tuple(new if name == old else name for name in node.inputs))
        for node in nodes
    )


def _measured(case: GraphCase, names: list[str]) -> dict[str, Array] | None:
    """Return what a node computes, so that it can be given instead; ordinary elements where nobody knows."""
    from lepton_conformance.strategies.graphs.answers import expected

    graph = case.graph
    cut = _rebuilt(case, dataclasses.replace(graph, outputs=_declared(graph, names)))
    try:
        return expected(cut)
    except Exception:  # the oracle says nothing of this graph
        if any(size == -1 for name in names for size in graph.values[name].shape):
            return None
        return {
            name: content(
                graph.values[name].datatype, tuple(int(size) for size in graph.values[name].shape), -2, 2, 1
            )
            for name in names
        }


def _without_details(case: GraphCase) -> Iterator[GraphCase]:
    """Yield the graph without one attribute, or without one optional input at the end."""
    graph = case.graph
    for index, node in enumerate(graph.nodes):
        for name, value in node.attributes.items():
            if not isinstance(value, Graph):
                kept = {key: other for key, other in node.attributes.items() if key != name}
                yield _with_node(case, index, dataclasses.replace(node, attributes=kept))
        if len(node.inputs) > 1:
            yield _with_node(case, index, dataclasses.replace(node, inputs=node.inputs[:-1]))
        if len(node.outputs) > 1 and node.outputs[-1] not in graph.outputs:
            yield _with_node(case, index, dataclasses.replace(node, outputs=node.outputs[:-1]))


def _with_node(case: GraphCase, index: int, node: Node) -> GraphCase:
    graph = case.graph
    nodes = (*graph.nodes[:index], node, *graph.nodes[index + 1 :])
    return _inferred(_rebuilt(case, dataclasses.replace(graph, nodes=nodes)))


def _sizes(case: GraphCase) -> Iterator[GraphCase]:
    """Yield the graph with one size cut wherever it stands: in inputs, constants and constants of shapes."""
    graph = case.graph
    arrays = {**case.inputs, **graph.constants}
    sizes = sorted({size for array in arrays.values() for size in array.shape if size > 1}, reverse=True)
    for size in sizes:
        for new in dict.fromkeys((1, 2, size // 2, size - 1)):
            if 0 < new < size:
                for keep in (slice(0, new), slice(-new, None)):
                    cut = {name: _cut(array, size, new, keep) for name, array in arrays.items()}
                    yield _inferred(
                        GraphCase(
                            dataclasses.replace(
                                graph,
                                constants={name: cut[name] for name in graph.constants},
                                inputs={
                                    name: Value(value.datatype, cut[name].shape) if name in cut else value
                                    for name, value in graph.inputs.items()
                                },
                            ),
                            {name: cut[name] for name in case.inputs},
                            case.spelling,
                            case.features,
                        )
                    )


def _cut(array: Array, size: int, new: int, keep: slice) -> Array:
    """Return an array with each dimension of a size cut; whole numbers that equal the size follow."""
    if array.ndim:
        short = array[tuple(keep if length == size else slice(None) for length in array.shape)]
        array = np.ascontiguousarray(short)
    if array.dtype == np.int64 and array.ndim <= 1:
        return np.asarray(np.where(array == size, new, array))
    return array


def _inferred(case: GraphCase) -> GraphCase:
    """Return a case whose values and outputs have the sizes that follow from its inputs, where ONNX knows."""
    import onnx

    import lepton_spec

    graph = case.graph
    loose = {
        name: Value(value.datatype, tuple(f"free_{name}_{axis}" for axis in range(len(value.shape))))
        for name, value in graph.outputs.items()
    }
    bare = dataclasses.replace(graph, outputs=loose)
    try:
        model = onnx.shape_inference.infer_shapes(
            onnx.load_from_string(GraphCase(bare, {}).model), strict_mode=True, data_prop=True
        )
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError):
        return case
    names = {entry["onnx"]: name for name, entry in lepton_spec.datatypes().items()}
    values = dict(graph.values)
    for info in (*model.graph.value_info, *model.graph.output):
        tensor = info.type.tensor_type
        if tensor.elem_type in names:
            shape = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
            values[info.name] = Value(names[tensor.elem_type], shape)
    for name, array in (*case.inputs.items(), *graph.constants.items()):
        if name in values:
            values[name] = Value(values[name].datatype, array.shape)
    known = dataclasses.replace(graph, outputs={}, values=values)
    outputs = _declared(known, graph.outputs)
    return dataclasses.replace(case, graph=dataclasses.replace(known, outputs=outputs))


def _elements(case: GraphCase) -> Iterator[GraphCase]:
    """Yield zeros, then ones, in ever smaller parts of each input."""
    for name, array in case.inputs.items():
        for blank in (0, 1) if array.dtype != object else (b"", b"a"):
            for start, stop in _parts(array.size):
                flat = array.reshape(-1).copy()
                if all(value in (0, 1, b"", b"a") for value in flat[start:stop]):
                    continue
                flat[start:stop] = blank
                yield dataclasses.replace(case, inputs={**case.inputs, name: flat.reshape(array.shape)})


def _parts(size: int) -> Iterator[tuple[int, int]]:
    yield 0, size
    length = size // 2
    while length >= 1 and size > 1:
        for start in range(0, size, length):
            yield start, min(start + length, size)
        length //= 2
        if length and size // length > MAX_PLAIN_ELEMENTS:
            return
