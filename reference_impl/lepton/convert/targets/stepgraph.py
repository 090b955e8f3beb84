"""Processing steps as ONNX nodes, for targets that run graphs and know no steps.

Owns which steps can be said in ONNX, with which nodes, and what of their meaning the nodes do not keep;
leaves which steps a target takes to `offer`. Serves PKG-PRO.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lepton.tensor import TensorSpec, datatype

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

__all__ = ["MIN_OPSET", "StepNodes", "crosses_batch", "expressible", "names_of", "opsets_of", "step_nodes"]

#: Oldest operator set of ai.onnx in which every node written here has the meaning that is relied on.
MIN_OPSET = 11
#: In this set and later, Softmax works along one axis; before, along all from that axis on.
_SOFTMAX_ALONG_AXIS = 13
_RESHAPE_TO_ZERO = 14
_INT64_MIN = -(2**63)


@dataclass(slots=True)
class StepNodes:
    """The nodes and constants of a chain, and sentences about what they do not keep."""

    opset: int
    prefix: str
    graphs: "Mapping[str, ModelProto]" = field(default_factory=dict)
    nodes: "list[NodeProto]" = field(default_factory=list)
    constants: "list[TensorProto]" = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def node(self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output, named anew unless given; return the output's name."""
        from onnx import helper

        name = output if output is not None else f"{self.prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, values: Any, dtype: str) -> str:
        """Add a constant and return its name."""
        import numpy as np
        from onnx import numpy_helper

        name = f"{self.prefix}c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name


def names_of(step: Mapping[str, Any], side: str) -> tuple[str, ...]:
    """Return the tensors that a step reads (`in`) or writes (`out`)."""
    found = step[side]
    return (found,) if isinstance(found, str) else tuple(found)


def step_nodes(
    steps: Sequence[Mapping[str, Any]],
    specs: Mapping[str, TensorSpec],
    opset: int,
    prefix: str,
    graphs: "Mapping[str, ModelProto]",
) -> StepNodes:
    """Say steps, every one of them expressible, in nodes.

    `specs` describes every tensor of the chain, `graphs` are the files of its `graph` steps.
    """
    found = StepNodes(opset, prefix, graphs)
    for step in steps:
        _WRITERS[step["op"]](found, step, specs)
    return found


def expressible(
    step: Mapping[str, Any],
    specs: Mapping[str, TensorSpec],
    opsets: Mapping[str, int],
    graphs: "Mapping[str, ModelProto]",
) -> bool:
    """Say whether a step can be said in nodes of these operator sets.

    A graph can when it is of the same ones: its nodes become nodes among others.
    """
    if step["op"] == "graph":
        model = graphs[step["file"]]
        own = opsets_of(model)
        if own.get("ai.onnx", MIN_OPSET) < MIN_OPSET:
            return False
        same = all(opsets.get(domain, version) == version for domain, version in own.items())
        return same and not model.functions and not model.graph.sparse_initializer
    if step["op"] == "argmax" and specs[step["in"]].datatype == "UINT64":
        return False
    return step["op"] in _WRITERS


def opsets_of(model: "ModelProto") -> dict[str, int]:
    """Return the operator sets of a graph, as a manifest names them."""
    return {one.domain or "ai.onnx": one.version for one in model.opset_import}


def crosses_batch(step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> bool:
    """Say whether a step mixes or moves the entries of the first axis, so that they are no batch any more."""
    rank = len(specs[names_of(step, "in")[0]].shape)
    if step["op"] == "graph":
        return True  # what it does with rows is not said
    if step["op"] == "transpose":
        return bool(step["perm"][:1] != [0])
    return "axis" in step and step["axis"] % max(rank, 1) == 0


def _cast(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    source, target = datatype(specs[step["in"]].datatype), datatype(step["datatype"])
    if source.kind == "float" and target.kind in ("integer", "unsigned"):
        found.lost.append(f"cast to {target.name} ({step['out']}): a number beyond its range is not refused")
    found.node("Cast", [step["in"]], step["out"], to=target.onnx)


def _rescale(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    scaled = found.node("Mul", [step["in"], found.constant(step["scale"], "float32")])
    found.node("Add", [scaled, found.constant(step["offset"], "float32")], step["out"])


def _normalize(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    rank = len(specs[step["in"]].shape)
    shape = [len(step["mean"]) if axis == step["axis"] % rank else 1 for axis in range(rank)]
    import numpy as np

    mean, std = (np.asarray(step[key], "float32").reshape(shape) for key in ("mean", "std"))
    centred = found.node("Sub", [step["in"], found.constant(mean, "float32")])
    found.node("Div", [centred, found.constant(std, "float32")], step["out"])


def _transpose(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    found.node("Transpose", [step["in"]], step["out"], perm=step["perm"])


def _reshape(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    """Write fixed sizes as they are, and take the others from the tensor read: -1 cannot say an empty one."""
    given = list(specs[step["in"]].shape)
    # Without it, a size of 0 means the size that the tensor read has at this place.
    zero = {"allowzero": 1} if found.opset >= _RESHAPE_TO_ZERO else {}
    if all(isinstance(dim, int) for dim in step["shape"]):
        found.node("Reshape", [step["in"], found.constant(step["shape"], "int64")], step["out"], **zero)
        return
    sizes = found.node("Shape", [step["in"]])
    parts = [
        found.constant([dim], "int64")
        if isinstance(dim, int)
        else found.node("Gather", [sizes, found.constant([given.index(dim)], "int64")], axis=0)
        for dim in step["shape"]
    ]
    shape = parts[0] if len(parts) == 1 else found.node("Concat", parts, axis=0)
    found.node("Reshape", [step["in"], shape], step["out"], **zero)


def _softmax(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    axis = step["axis"] % len(specs[step["in"]].shape)
    if found.opset >= _SOFTMAX_ALONG_AXIS:
        found.node("Softmax", [step["in"]], step["out"], axis=axis)
        return
    largest = found.node("ReduceMax", [step["in"]], axes=[axis], keepdims=1)
    powers = found.node("Exp", [found.node("Sub", [step["in"], largest])])
    found.node("Div", [powers, found.node("ReduceSum", [powers], axes=[axis], keepdims=1)], step["out"])


def _sigmoid(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    found.node("Sigmoid", [step["in"]], step["out"])


#: Datatypes that engines take the largest of only after a cast: to which ONNX type.
_WIDENED = {"INT8": 6, "UINT8": 6, "INT16": 6, "UINT16": 6, "UINT32": 7, "FP16": 1}


def _argmax(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    spec = specs[step["in"]]
    source = step["in"]
    if spec.datatype in _WIDENED:
        source = found.node("Cast", [source], to=_WIDENED[spec.datatype])
    if datatype(spec.datatype).kind == "float":
        found.lost.append(f"argmax ({step['out']}): NaN does not count as the largest number")
    found.node("ArgMax", [source], step["out"], axis=step["axis"] % len(spec.shape), keepdims=0)


def _reverse(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    axis = step["axis"] % len(specs[step["in"]].shape)
    bounds = ([-1], [_INT64_MIN], [axis], [-1])
    constants = [found.constant(value, "int64") for value in bounds]
    found.node("Slice", [step["in"], *constants], step["out"])


def _graph(found: StepNodes, step: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    """Put the nodes of a graph among the others, its names in a room of their own."""
    from onnx import ModelProto
    from onnx.compose import add_prefix

    model = ModelProto()
    model.CopyFrom(found.graphs[step["file"]])
    add_prefix(model, f"{found.prefix}{len(found.nodes)}/", inplace=True)
    initialized = {tensor.name for tensor in model.graph.initializer}
    asked = [value.name for value in model.graph.input if value.name not in initialized]
    for name, inner in zip(names_of(step, "in"), asked, strict=True):
        found.node("Identity", [name], inner)
    found.nodes += model.graph.node
    found.constants += model.graph.initializer
    for value, name in zip(model.graph.output, names_of(step, "out"), strict=True):
        found.node("Identity", [value.name], name)


Write = Callable[[StepNodes, Mapping[str, Any], Mapping[str, TensorSpec]], None]

#: Steps that can be said in ONNX. The others are not left out silently: `offer` names them.
_WRITERS: Mapping[str, Write] = {
    "cast": _cast,
    "rescale": _rescale,
    "normalize": _normalize,
    "transpose": _transpose,
    "reshape": _reshape,
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "argmax": _argmax,
    "reverse": _reverse,
    "graph": _graph,
}
