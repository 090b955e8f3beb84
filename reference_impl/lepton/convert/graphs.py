"""A graph that a converter made: what differs from one run to the next is dropped, open sizes get names.

Owns settling such a graph before it becomes an artifact; leaves converting to the kinds and describing it to
`lepton.pack.onnx_source`. Serves PKG-ART-02 and PKG-ART-11.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource, onnx_source_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

__all__ = ["BATCH", "BATCH_FACTS", "graphs", "rearranged", "renamed", "reordered", "settled"]

#: The symbol of the first dimension of models that take any number of rows.
BATCH = "N"
#: What is true of such a model, as a part of a recipe.
BATCH_FACTS: Mapping[str, Mapping[str, object]] = {"symbols": {BATCH: {"min": 1, "unbounded": True}}}


def settled(
    model: "ModelProto", shapes: Mapping[str, Sequence[int | str | None]] | None = None
) -> OnnxSource:
    """Return the graph without stamps, its inputs and outputs with the shapes given, else `N` for open rows.

    Raises: RecipeError when it is too large for one protobuf message.
    """
    versions: dict[str, int] = {}
    for opset in model.opset_import:
        versions[opset.domain] = max(opset.version, versions.get(opset.domain, 0))
    del model.opset_import[:]
    for domain, version in sorted(versions.items()):
        entry = model.opset_import.add()
        entry.domain, entry.version = domain, version
    del model.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    model.graph.name = "graph"
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = ""
        shape = None if shapes is None else shapes.get(value.name)
        if shape is not None:
            _set_shape(value, shape)
        else:
            _name_rows(value)
    try:
        data = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's own class has no types
        raise RecipeError(f"the converted graph cannot be written ({error})") from error
    return onnx_source_of(model, data, {})


def renamed(model: "ModelProto", names: Mapping[str, str]) -> None:
    """Give values of the main graph other names, wherever they are used, and make way for them."""
    found = list(graphs(model.graph))
    used = {name for graph in found for node in graph.node for name in (*node.input, *node.output)}
    used |= {tensor.name for graph in found for tensor in graph.initializer}
    mapping = dict(names)
    for wanted in names.values():
        if wanted in used and wanted not in names:
            spare = (f"{wanted}_{count}" for count in range(len(used) + 1))
            mapping[wanted] = next(name for name in spare if name not in used)
    for graph in found:
        for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
            value.name = mapping.get(value.name, value.name)
        for node in graph.node:
            for names_of in (node.input, node.output):
                for index, name in enumerate(names_of):
                    names_of[index] = mapping.get(name, name)


def graphs(graph: "GraphProto") -> Iterator["GraphProto"]:
    """Yield a graph and every graph within it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from graphs(inner)


def reordered(model: "ModelProto", inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Put inputs and outputs into the order of these names; inputs with initializers stay behind them."""
    for values, names in ((model.graph.input, inputs), (model.graph.output, outputs)):
        found = {value.name: type(value).FromString(value.SerializeToString()) for value in values}
        rest = [name for name in found if name not in names]
        del values[:]
        values.extend(found[name] for name in (*names, *rest))


def rearranged(model: "ModelProto") -> None:
    """Order and name what is inside the main graph by the way to its outputs alone, not as a converter did.

    Converters that walk over sets give another order and other names with each run. Nodes that no output
    needs are dropped.
    """
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output if name}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kept = {value.name for value in (*graph.input, *graph.output)}
    names: dict[str, str] = {}
    nodes: list[Any] = []
    done: set[int] = set()
    waiting: list[tuple[str, bool]] = [(value.name, False) for value in reversed(graph.output)]
    while waiting:
        name, expanded = waiting.pop()
        node = makers.get(name)
        if node is None:
            if name in weights and name not in kept:
                names.setdefault(name, f"weight_{len(names)}")
        elif expanded and id(node) not in done:
            done.add(id(node))
            nodes.append(node)
            for made in node.output:
                if made and made not in kept:
                    names.setdefault(made, f"value_{len(names)}")
        elif not expanded and id(node) not in done:
            waiting.append((name, True))
            waiting += [(needed, False) for needed in reversed(list(_read_by(node)))]
    ordered = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    for place, node in enumerate(ordered):
        node.name = f"{node.op_type}_{place}"
        graph.node.append(node)
    held = [weights[name] for name in (*sorted(kept), *names) if name in weights]
    held = [type(tensor).FromString(tensor.SerializeToString()) for tensor in held]
    del graph.initializer[:]
    graph.initializer.extend(held)
    del graph.value_info[:]
    renamed(model, names)


def _read_by(node: "NodeProto") -> Iterator[str]:
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            for one in inner.node:
                yield from _read_by(one)
            yield from (value.name for value in inner.output)


def _set_shape(value: "ValueInfoProto", shape: Sequence[int | str | None]) -> None:
    tensor = value.type.tensor_type
    del tensor.shape.dim[:]
    for size in shape:
        dim = tensor.shape.dim.add()
        if isinstance(size, int):
            dim.dim_value = size
        elif size is not None:
            dim.dim_param = size


def _name_rows(value: "ValueInfoProto") -> None:
    dims = value.type.tensor_type.shape.dim
    if dims and not dims[0].HasField("dim_value"):
        dims[0].dim_param = BATCH
