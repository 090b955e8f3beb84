"""Graphs made of a package: its steps as a model of their own, or joined with the artifact into one.

Owns the joining; leaves the nodes of a step to `stepgraph` and the cut to `offer`. Serves PKG-PRO.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lepton.convert.targets.offer import Chain, Entry, Offer
from lepton.convert.targets.stepgraph import MIN_OPSET, StepNodes, opsets_of, step_nodes
from lepton.errors import UnsupportedError
from lepton.tensor import TensorSpec, datatype

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

__all__ = ["joined_model", "step_model"]

#: IR version of the graphs that steps become, at least: old enough for every engine in use.
STEP_IR_VERSION = 8
#: Before every name of the artifact in a joined graph, so that no name of a step meets one of them.
_MODEL, _STEPS = "model/", "steps/"


def step_model(chain: Chain, name: str) -> "tuple[ModelProto, tuple[str, ...]]":
    """Return a chain as an ONNX model of its own, and what its nodes do not keep."""
    from onnx import helper

    found = step_nodes(chain.steps, chain.specs, chain.opsets["ai.onnx"], "lepton/", chain.graphs)
    graph = helper.make_graph(found.nodes, name, _values(chain.inputs), _values(chain.outputs))
    graph.initializer.extend(found.constants)
    model = helper.make_model(
        graph,
        producer_name="lepton",
        ir_version=_ir_version(chain),
        opset_imports=[
            helper.make_opsetid("" if domain == "ai.onnx" else domain, version)
            for domain, version in sorted(chain.opsets.items())
        ],
    )
    return model, tuple(found.lost)


def joined_model(model: "ModelProto", offered: Offer) -> "tuple[ModelProto, tuple[str, ...]]":
    """Return the artifact `model`, changed in place, between the steps of an offer, and what is not kept.

    Raises: UnsupportedError when the artifact's operator set is too old for the nodes.
    """
    from onnx.compose import add_prefix
    from onnx.helper import make_node

    opset = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0)
    if opset < MIN_OPSET:
        raise UnsupportedError(
            f"found the operator set {opset} of ai.onnx, expected {MIN_OPSET} or later to join steps with it"
        )
    graph = model.graph
    initialized = {tensor.name for tensor in graph.initializer}
    asked = [value.name for value in graph.input if value.name not in initialized]
    given = [value.name for value in graph.output]
    add_prefix(model, _MODEL, inplace=True)
    fed = [entry["name"] for entry in offered.inputs]
    answered = [entry["name"] for entry in offered.outputs]
    made = {spec.name for spec in offered.pre.outputs} if offered.pre is not None else set()
    before = _between("pre/", offered.pre, opset, {**_same(fed), **{name: _MODEL + name for name in made}})
    inner = {name: _MODEL + name for name in given}
    after = _between("post/", offered.post, opset, {**_same(answered), **inner})
    entering = [make_node("Identity", [name], [_MODEL + name]) for name in asked if name not in made]
    leaving = [make_node("Identity", [_MODEL + name], [name]) for name in answered if name in given]
    nodes = [*before.nodes, *entering, *graph.node, *after.nodes, *leaving]
    defaults = [value for value in graph.input if value.name.removeprefix(_MODEL) in initialized]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.input.extend([*_values(_specs(offered.inputs)), *defaults])
    graph.output.extend(_values(_specs(offered.outputs)))
    graph.initializer.extend([*before.constants, *after.constants])
    chains = [chain for chain in (offered.pre, offered.post) if chain is not None]
    model.ir_version = max(model.ir_version, *map(_ir_version, chains))
    known = opsets_of(model)
    for domain, version in sorted({one: of for chain in chains for one, of in chain.opsets.items()}.items()):
        if domain not in known:
            model.opset_import.add(domain=domain, version=version)
    return model, (*before.lost, *after.lost)


def _ir_version(chain: Chain) -> int:
    """Return the IR version of a chain: that of the newest graph in it."""
    used = [chain.graphs[step["file"]].ir_version for step in chain.steps if step["op"] == "graph"]
    return max([STEP_IR_VERSION, *used])


def _between(place: str, chain: Chain | None, opset: int, names: Mapping[str, str]) -> StepNodes:
    """Return the nodes of a chain with its tensors named by `names`, all others in a room of their own."""
    if chain is None:
        return StepNodes(opset, "")
    room = _STEPS + place
    found = step_nodes(chain.steps, chain.specs, opset, f"{room}#", chain.graphs)
    own = {name: names.get(name, room + name) for name in chain.specs}
    for node in found.nodes:
        node.input[:] = [own.get(name, name) for name in node.input]
        node.output[:] = [own.get(name, name) for name in node.output]
    return found


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _specs(entries: Iterable[Entry]) -> list[TensorSpec]:
    return [TensorSpec.from_json(entry) for entry in entries]


def _values(specs: Iterable[TensorSpec]) -> "list[ValueInfoProto]":
    from onnx.helper import make_tensor_value_info

    return [make_tensor_value_info(spec.name, datatype(spec.datatype).onnx, spec.shape) for spec in specs]
