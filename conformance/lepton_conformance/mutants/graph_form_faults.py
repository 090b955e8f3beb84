"""Faults of engines in shapes, spellings, rewriting, loading and promises, whatever the operator.

Each class is an in-process adapter: `python:lepton_conformance.mutants.graph_form_faults:CLASS`.
(Spec: RUN-SHP, RUN-SPL, RUN-REL, RUN-ISO, RUN-ADP-07.)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine import OPERATORS, Loaded
from lepton_conformance.mutants.engine_graph import GraphEngine, GraphLoaded
from lepton_conformance.mutants.engine_nodes import Answer, Graph, Node, Scope
from lepton_conformance.mutants.graph_layer_faults import brain

__all__ = ["ALL"]


def beyond(model: Loaded) -> bool:
    """Say whether a graph has an operator that the conformance models have not."""
    assert isinstance(model, GraphLoaded)
    return any(node.operator not in OPERATORS for node in model.graph.nodes)


# dimensions


class BuffersOfFirstCall(GraphEngine):
    """Outputs have the sizes of the first call."""

    id = "run-shp-01-buffers"
    breaks = "RUN-SHP-01"

    def __init__(self) -> None:
        self.first: dict[tuple[int, str], tuple[Loaded, tuple[int, ...]]] = {}

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        for name, value in found.items():
            _, shape = self.first.setdefault((id(model), name), (model, value.shape))
            if shape != value.shape and value.size and beyond(model):
                found[name] = np.resize(value, shape)
        return found


class ShapeOfFirstCall(GraphEngine):
    """Shapes that a graph computes are those of the first call, where their product agrees."""

    id = "run-shp-01-shape"
    breaks = "RUN-SHP-01"

    def __init__(self) -> None:
        self.first: dict[int, tuple[Loaded, list[tuple[int, ...]]]] = {}

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        found = super().compute(model, inputs)
        _, shapes = self.first.setdefault(id(model), (model, [value.shape for value in found.values()]))
        for (name, value), shape in zip(list(found.items()), shapes, strict=True):
            if value.size == np.prod(shape, dtype=np.int64) and beyond(model):
                found[name] = value.reshape(shape)
        return found


class SmallerAfterLarger(GraphEngine):
    """After a larger call a smaller one has the last row of the larger one."""

    id = "run-shp-01-stale"
    breaks = "RUN-SHP-01"

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str], tuple[Loaded, Array]] = {}

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        for name, value in found.items():
            _, kept = self.rows.get((id(model), name), (model, None))
            fits = kept is not None and value.ndim and len(value) and kept.shape[1:] == value.shape[1:]
            if kept is not None and fits and len(kept) > len(value):
                value[-1] = kept[len(value) - 1]
            elif value.ndim:
                self.rows[id(model), name] = model, value.copy()
        return found


class PlannedForFirstSize(GraphEngine):
    """A loaded model refuses sizes above those of its first call."""

    id = "run-shp-01-plan"
    breaks = "RUN-SHP-01"

    def __init__(self) -> None:
        self.first: dict[int, tuple[Loaded, int]] = {}

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        size = sum(value.size for value in inputs.values())
        if beyond(model) and size > self.first.setdefault(id(model), (model, size))[1]:
            raise MemoryError("the plan has no room for this size")
        return super().compute(model, inputs)


class ScalarIsVector(GraphEngine):
    """An output without dimensions has one."""

    id = "run-shp-02-scalar"
    breaks = "RUN-SHP-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        return {name: value if value.ndim else value.reshape(1) for name, value in found.items()}


class LeadingOnesDropped(GraphEngine):
    """Leading dimensions of size 1 are dropped from outputs of rank 3 and above."""

    id = "run-shp-02-ones"
    breaks = "RUN-SHP-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        return {
            name: value.reshape(value.shape[1:]) if value.ndim > 2 and value.shape[0] == 1 else value
            for name, value in found.items()
        }


class FlatOutputs(GraphEngine):
    """Outputs of rank 4 have their last two dimensions as one."""

    id = "run-shp-02-flat"
    breaks = "RUN-SHP-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        return {
            name: value.reshape(*value.shape[:2], value.shape[2] * value.shape[3])
            if value.ndim == 4
            else value
            for name, value in found.items()
        }


class EmptyRefused(GraphEngine):
    """Inputs without elements are refused."""

    id = "run-shp-03-refused"
    breaks = "RUN-SHP-03"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        if any(value.size == 0 for value in inputs.values()):
            raise ValueError("an input has no elements")
        return super().check_inputs(model, inputs)


class EmptyHasNoShape(GraphEngine):
    """Outputs without elements have the shape (0,)."""

    id = "run-shp-03-shape"
    breaks = "RUN-SHP-03"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        return {name: value if value.size else value.reshape(0) for name, value in found.items()}


class EmptySumIsNan(GraphEngine):
    """The sum of no elements is NaN."""

    id = "run-shp-03-sum"
    breaks = "RUN-SHP-03"

    def sum_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        found = super().sum_of(x, axes, keep)
        return np.full_like(found, np.nan) if not x.size and x.dtype.kind == "f" else found


class EmptyProductStale(GraphEngine):
    """A product of matrices without inner elements is one, not zero."""

    id = "run-shp-03-product"
    breaks = "RUN-SHP-03"

    def product(self, a: Array, b: Array) -> Array:
        found = super().product(a, b)
        return np.ones_like(found) if a.shape[-1] == 0 else found


class OneIsNotNormalised(GraphEngine):
    """Over a dimension of size 1 Softmax hands out what it is given."""

    id = "run-shp-03-one"
    breaks = "RUN-SHP-03"

    def op_softmax(self, node: Node, x: Array) -> Answer:
        return x.copy() if x.ndim and x.shape[node.get("axis")] == 1 else super().op_softmax(node, x)


# spellings


class TypedIntegersUnsigned(GraphEngine):
    """Elements of INT64 in their typed field are read without a sign, 32 bits each."""

    id = "run-spl-01-typed-int"
    breaks = "RUN-SPL-01"

    def typed_tensor(self, tensor: Any) -> Array:
        found = super().typed_tensor(tensor)
        return found & np.int64(0xFFFFFFFF) if found.dtype == np.int64 else found


class TypedFloatsShort(GraphEngine):
    """Elements of FP32 in their typed field are rounded to FP16."""

    id = "run-spl-01-typed"
    breaks = "RUN-SPL-01"

    def typed_tensor(self, tensor: Any) -> Array:
        found = super().typed_tensor(tensor)
        return found.astype(np.float16).astype(np.float32) if found.dtype == np.float32 else found


class ConstantsAreZero(GraphEngine):
    """A node Constant gives zeros."""

    id = "run-spl-01-constant"
    breaks = "RUN-SPL-01"

    def op_constant(self, node: Node) -> Answer:
        value = np.asarray(super().op_constant(node))
        return np.zeros_like(value) if value.dtype.kind == "f" else value


class NegativeAxisOfConcat(GraphEngine):
    """A negative axis of Concat and Gather counts from one further back."""

    id = "run-spl-01-axis"
    breaks = "RUN-SPL-01"

    def moved(self, node: Node, rank: int) -> Node:
        axis = node.get("axis")
        return node.having(axis=max(axis + rank - 1, 0)) if axis < 0 and "axis" in node.attributes else node

    def op_concat(self, node: Node, *values: Array) -> Answer:
        return super().op_concat(self.moved(node, values[0].ndim), *values)

    def op_gather(self, node: Node, x: Array, indices: Array) -> Answer:
        return super().op_gather(self.moved(node, x.ndim), x, indices)


class EmptyNameIsZero(GraphEngine):
    """An empty name at the end of a node's inputs stands for a zero."""

    id = "run-spl-01-empty-name"
    breaks = "RUN-SPL-01"

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        if given and given[-1] is None and given[0] is not None:
            given = [*given[:-1], np.zeros((), dtype=given[0].dtype)]
        return super().call(node, given, scope)


class NamesCut(GraphEngine):
    """Outputs whose names have characters beside letters, digits and underscores are zero."""

    id = "run-spl-01-names"
    breaks = "RUN-SPL-01"

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        found = super().run(graph, scope)
        odd = [not name.replace("_", "").isalnum() for name in graph.outputs]
        return [
            np.zeros_like(value) if cut and value.dtype != object else value
            for value, cut in zip(found, odd, strict=True)
        ]


class AsciiNodeNames(GraphEngine):
    """A graph with a node whose name or text is not ASCII is invalid."""

    id = "run-spl-01-node-names"
    breaks = "RUN-SPL-01"

    def graph(self, graph: Any, opset: int) -> Graph:
        if not all((node.name + node.doc_string).isascii() for node in graph.node):
            raise ValueError("a node has a name that is not ASCII")
        return super().graph(graph, opset)


class DeclaredInHalf(GraphEngine):
    """Inner tensors of a declared shape are kept in FP16."""

    id = "run-spl-01-value-info"
    breaks = "RUN-SPL-01"

    def graph(self, graph: Any, opset: int) -> Graph:
        self.declared.update(value.name for value in graph.value_info)
        return super().graph(graph, opset)

    def __init__(self) -> None:
        self.declared: set[str] = set()

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        found = super().call(node, given, scope)
        if not self.declared & set(node.outputs):
            return found
        return tuple(
            value.astype(np.float16).astype(np.float32) if value.dtype == np.float32 else value
            for value in found
        )


class OverrideIgnored(GraphEngine):
    """A value given for an initializer is ignored."""

    id = "run-spl-02-ignored"
    breaks = "RUN-SPL-02"

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return super().compute(model, {**inputs, **model.constants})


class OverrideKept(GraphEngine):
    """A value given for an initializer stays for later calls."""

    id = "run-spl-02-kept"
    breaks = "RUN-SPL-02"

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        for name in set(inputs) & set(model.constants):
            model.constants[name] = inputs[name].copy()
        return super().compute(model, inputs)


class OverrideFolded(GraphEngine):
    """Nodes that read initializers alone are folded when the model is loaded, overridable ones, too."""

    id = "run-spl-02-folded"
    breaks = "RUN-SPL-02"

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        fixed = dict(graph.constants)
        for node in graph.nodes:
            if node.inputs and node.operator not in ("If", "Loop", "Scan") and set(node.inputs) <= set(fixed):
                found = self.call(node, [fixed[name] for name in node.inputs], fixed)
                fixed.update(zip(node.outputs, found, strict=False))
        produced = {name for node in graph.nodes for name in node.outputs} & set(fixed)
        rest = tuple(node for node in graph.nodes if not set(node.outputs) & produced)
        kept = Graph(graph.inputs, graph.outputs, graph.declared, rest, graph.constants)
        return super().run(kept, {**scope, **{name: fixed[name] for name in produced}})


class OverrideRefused(GraphEngine):
    """An input that has an initializer is unknown."""

    id = "run-spl-02-refused"
    breaks = "RUN-SPL-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        assert isinstance(model, GraphLoaded)
        if set(inputs) & model.optional:
            raise ValueError(f"unknown inputs {sorted(set(inputs) & model.optional)}")
        return super().check_inputs(model, inputs)


class OffsetIgnored(GraphEngine):
    """External data are read from the begin of their file."""

    id = "run-spl-03-offset"
    breaks = "RUN-SPL-03"

    def external(self, tensor: Any, folder: Path) -> bytes:
        for entry in tensor.external_data:
            if entry.key == "offset":
                entry.value = "0"
        return super().external(tensor, folder)


class LocationOfProcess(GraphEngine):
    """External data are looked for in the working directory."""

    id = "run-spl-03-location"
    breaks = "RUN-SPL-03"

    def external(self, tensor: Any, folder: Path) -> bytes:
        return super().external(tensor, Path.cwd())


class LengthIgnored(GraphEngine):
    """External data are read to the end of their file; what is too much is cut off at the begin."""

    id = "run-spl-03-length"
    breaks = "RUN-SPL-03"

    def external(self, tensor: Any, folder: Path) -> bytes:
        found = super().external(tensor, folder)
        kept = [entry for entry in tensor.external_data if entry.key != "length"]
        del tensor.external_data[:]
        tensor.external_data.extend(kept)
        return super().external(tensor, folder)[-len(found) :]


class AxesInputIgnored(GraphEngine):
    """From operator set 18 on reductions ignore their axes, which are an input there."""

    id = "run-spl-04-axes-input"
    breaks = "RUN-SPL-04"

    def reduced(self, node: Node, x: Array, axes: Array | None, kind: str) -> Array:
        return super().reduced(node, x, None if node.opset >= 18 else axes, kind)


class AxesAttributeIgnored(GraphEngine):
    """Before operator set 18 reductions ignore their axes, which are an attribute there."""

    id = "run-spl-04-axes-attribute"
    breaks = "RUN-SPL-04"

    def reduced(self, node: Node, x: Array, axes: Array | None, kind: str) -> Array:
        return super().reduced(node.having(axes=None), x, axes, kind)


class OldSetsRefused(GraphEngine):
    """Models of operator set 14 and before are invalid."""

    id = "run-spl-04-old"
    breaks = "RUN-SPL-04"

    def check_model(self, model: Any) -> None:
        super().check_model(model)
        if model.opset_import[0].version < 15:
            raise ValueError("the operator set is too old")


class NewSetsRefused(GraphEngine):
    """Models of operator set 20 and later are invalid."""

    id = "run-spl-04-new"
    breaks = "RUN-SPL-04"

    def check_model(self, model: Any) -> None:
        super().check_model(model)
        if model.opset_import[0].version >= 20:
            raise ValueError("the operator set is too new")


class DefaultsOfEleven(GraphEngine):
    """Defaults are those of operator set 11: Softmax has the axis 1."""

    id = "run-spl-04-defaults"
    breaks = "RUN-SPL-04"

    def defaults(self, operator: str, opset: int) -> dict[str, Any]:
        return super().defaults(operator, 11 if operator in ("Softmax", "LogSoftmax") else opset)


# rewriting


class FoldedInHalf(GraphEngine):
    """Nodes that read constants alone are computed in FP16."""

    id = "run-rel-01-folding"
    breaks = "RUN-REL-01"

    def __init__(self) -> None:
        self.constant: set[str] = set()

    def graph(self, graph: Any, opset: int) -> Graph:
        found = super().graph(graph, opset)
        self.constant |= set(found.constants) - set(found.inputs)
        return found

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        found = super().call(node, given, scope)
        names = {name for name in node.inputs if name}
        if node.operator == "Constant":
            self.constant.update(node.outputs)
        elif names and names <= self.constant:
            found = tuple(
                value.astype(np.float16).astype(value.dtype) if value.dtype.kind == "f" else value
                for value in found
            )
        return found


class UnusedInPlace(GraphEngine):
    """A node whose output nobody reads writes over its input."""

    id = "run-rel-01-unused"
    breaks = "RUN-REL-01"

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        self.used = set(graph.outputs) | {name for node in graph.nodes for name in node.inputs}
        return super().run(graph, scope)

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        found = super().call(node, given, scope)
        if not set(node.outputs) & self.used and node.inputs:
            name, value = node.inputs[0], found[0]
            if name in scope and scope[name].shape == value.shape and scope[name].dtype == value.dtype:
                scope[name] = value
        return found


class IdentityNarrows(GraphEngine):
    """Identity between two nodes hands on 8 significant bits of FP32."""

    id = "run-rel-01-identity"
    breaks = "RUN-REL-01"

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        self.made = {name for node in graph.nodes for name in node.outputs}
        return super().run(graph, scope)

    def op_identity(self, node: Node, x: Array) -> Answer:
        if x.dtype != np.float32 or node.inputs[0] not in self.made:
            return super().op_identity(node, x)
        return brain(x).reshape(x.shape)


class ConstantOnTheRight(GraphEngine):
    """The operands of Add and Mul are sorted: a smaller left one is broadcast to its first element."""

    id = "run-rel-01-commuted"
    breaks = "RUN-REL-01"

    def op_add(self, node: Node, a: Array, b: Array) -> Answer:
        return self.sorted(a, b) + b

    def op_mul(self, node: Node, a: Array, b: Array) -> Answer:
        return self.sorted(a, b) * b

    def sorted(self, a: Array, b: Array) -> Array:
        return a.reshape(-1)[:1].reshape([1] * a.ndim) if 0 < a.size < b.size else a


class LastRowOfBatch(GraphEngine):
    """The last row of a batch of 3 and more with an odd number of rows is a copy of the one before."""

    id = "run-rel-02-last-row"
    breaks = "RUN-REL-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        for value in found.values():
            if value.ndim > 1 and len(value) >= 3 and len(value) % 2:
                value[-1] = value[-2]
        return found


class SingleRowInHalf(GraphEngine):
    """A batch of one row is computed by another kernel, in FP16."""

    id = "run-rel-02-one-row"
    breaks = "RUN-REL-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        return {
            name: value.astype(np.float16).astype(np.float32)
            if value.ndim > 1 and len(value) == 1 and value.dtype == np.float32
            else value
            for name, value in super().finish(model, outputs).items()
        }


class BatchTile(GraphEngine):
    """Rows after the fourth are those of the first tile of four."""

    id = "run-rel-02-tile"
    breaks = "RUN-REL-02"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        for value in found.values():
            if value.ndim > 1 and len(value) > 4:
                value[4:] = value[: len(value) - 4].copy()
        return found


# loading and promises


class CompiledByPath(GraphEngine):
    """A path that was loaded once gives the same model for ever."""

    id = "run-iso-05-path"
    breaks = "RUN-ISO-05"

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def load(self, path: str) -> Loaded:
        if path not in self.known:
            self.known[path] = super().load(path)
        found: Loaded = self.known[path]
        return found


class SecondLoadUninitialised(GraphEngine):
    """From the second load of a path on, floating-point outputs are negated."""

    id = "run-iso-05-second"
    breaks = "RUN-ISO-05"

    def __init__(self) -> None:
        self.paths: dict[str, int] = {}
        self.again: list[Loaded] = []

    def load(self, path: str) -> Loaded:
        found = super().load(path)
        self.paths[path] = self.paths.get(path, 0) + 1
        if self.paths[path] > 1:
            self.again.append(found)
        return found

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        if not any(model is other for other in self.again):
            return found
        return {name: -value if value.dtype.kind == "f" else value for name, value in found.items()}


class UnloadEmptiesTheOther(GraphEngine):
    """When one of two loads of a path is unloaded, the other one has zeros for weights."""

    id = "run-iso-05-unload"
    breaks = "RUN-ISO-05"

    def __init__(self) -> None:
        self.loaded: list[tuple[str, Loaded]] = []
        self.emptied: list[Loaded] = []

    def load(self, path: str) -> Loaded:
        found = super().load(path)
        self.loaded.append((path, found))
        return found

    def forget(self, model: Loaded) -> None:
        mine = [path for path, other in self.loaded if other is model]
        self.emptied += [other for path, other in self.loaded if path in mine and other is not model]
        self.loaded = [entry for entry in self.loaded if entry[1] is not model]

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        if any(model is other for other in self.emptied):
            for value in found.values():
                value.fill(b"" if value.dtype == object else 0)
        return found


class ReluInPlace(GraphEngine):
    """Relu writes over its input."""

    id = "run-iso-01-relu"
    breaks = "RUN-ISO-01"

    def op_relu(self, node: Node, x: Array) -> Answer:
        return np.maximum(x, x.dtype.type(0), out=x)


class ReshapeAliased(GraphEngine):
    """Outputs of models with one node are the memory of the call before where shapes agree."""

    id = "run-iso-02-aliased"
    breaks = "RUN-ISO-02"

    def __init__(self) -> None:
        self.memory: dict[tuple[int, str, tuple[int, ...]], tuple[Loaded, Array]] = {}

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        found = super().finish(model, outputs)
        for name, value in found.items():
            _, kept = self.memory.setdefault((id(model), name, value.shape), (model, value))
            if kept is not value and kept.dtype == value.dtype:
                kept[...] = value
                found[name] = kept
        return found


class StateKept(GraphEngine):
    """Recurrent layers begin with the state in which the call before ended."""

    id = "run-iso-03-state"
    breaks = "RUN-ISO-03"

    def __init__(self) -> None:
        self.ends: dict[int, tuple[Node, Array]] = {}

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        given = [*values, *[None] * (8 - len(values))]
        if given[5] is None and not node.get("layout"):
            _, kept = self.ends.get(id(node), (node, None))
            x, r = given[0], given[2]
            assert x is not None
            assert r is not None
            if kept is not None and kept.shape == (len(r), x.shape[1], r.shape[2]):
                given[5] = kept
        found = super().layer(node, tuple(given), gates, names)
        self.ends[id(node)] = node, found[1]
        return found


class NoLoops(GraphEngine):
    """Loops are declared and not supported."""

    id = "run-adp-07-loop"
    breaks = "RUN-ADP-07"

    def node(self, node: Any, opset: int) -> Node:
        if node.op_type == "Loop":
            raise NotImplementedError("Loop is not supported")
        return super().node(node, opset)


class NoEinsum(GraphEngine):
    """Einsum is declared and refused when it is computed."""

    id = "run-adp-07-einsum"
    breaks = "RUN-ADP-07"

    def op_einsum(self, node: Node, *values: Array) -> Answer:
        raise NotImplementedError("Einsum is not supported")


class NoOldSets(GraphEngine):
    """Operator set 13 is declared and not supported."""

    id = "run-adp-07-opset"
    breaks = "RUN-ADP-07"

    def check_model(self, model: Any) -> None:
        if model.opset_import[0].version < 14:
            raise NotImplementedError("this operator set is not supported")
        super().check_model(model)


class NoDilations(GraphEngine):
    """Convolutions with groups are declared and not supported."""

    id = "run-adp-07-groups"
    breaks = "RUN-ADP-07"

    def node(self, node: Any, opset: int) -> Node:
        if any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute):
            raise NotImplementedError("groups are not supported")
        return super().node(node, opset)


class NoStrings(GraphEngine):
    """Strings are declared and not supported."""

    id = "run-adp-07-strings"
    breaks = "RUN-ADP-07"

    def build(self, model: Any) -> GraphLoaded:
        if any(value.type.tensor_type.elem_type == onnx.TensorProto.STRING for value in model.graph.input):
            raise NotImplementedError("strings are not supported")
        return super().build(model)


ALL: tuple[type[GraphEngine], ...] = (
    BuffersOfFirstCall,
    ShapeOfFirstCall,
    SmallerAfterLarger,
    PlannedForFirstSize,
    ScalarIsVector,
    LeadingOnesDropped,
    FlatOutputs,
    EmptyRefused,
    EmptyHasNoShape,
    EmptySumIsNan,
    EmptyProductStale,
    OneIsNotNormalised,
    TypedIntegersUnsigned,
    TypedFloatsShort,
    ConstantsAreZero,
    NegativeAxisOfConcat,
    EmptyNameIsZero,
    NamesCut,
    AsciiNodeNames,
    DeclaredInHalf,
    OverrideIgnored,
    OverrideKept,
    OverrideFolded,
    OverrideRefused,
    OffsetIgnored,
    LocationOfProcess,
    LengthIgnored,
    AxesInputIgnored,
    AxesAttributeIgnored,
    OldSetsRefused,
    NewSetsRefused,
    DefaultsOfEleven,
    FoldedInHalf,
    UnusedInPlace,
    IdentityNarrows,
    ConstantOnTheRight,
    LastRowOfBatch,
    SingleRowInHalf,
    BatchTile,
    CompiledByPath,
    SecondLoadUninitialised,
    UnloadEmptiesTheOther,
    ReluInPlace,
    ReshapeAliased,
    StateKept,
    NoLoops,
    NoEinsum,
    NoOldSets,
    NoDilations,
    NoStrings,
)
