"""Faults of engines in control flow, recurrent layers, quantised operators and fused blocks.

Each class is an in-process adapter: `python:lepton_conformance.mutants.graph_flow_faults:CLASS`.
(Spec: RUN-OPS-08, RUN-OPS-09, RUN-OPS-10, RUN-OPS-12, RUN-ISO-03.)
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Answer, Graph, Node, Scope
from lepton_conformance.mutants.engine_ops_recurrent import Cell

__all__ = ["ALL"]


# control flow


class TripCountOnce(GraphEngine):
    """A loop runs once even when its trip count is zero."""

    id = "run-ops-08-no-turn"
    breaks = "RUN-OPS-08"

    def op_loop(
        self, node: Node, scope: Scope, limit: Array | None, condition: Array | None = None, *state: Array
    ) -> Answer:
        most = None if limit is None else np.maximum(limit, 1)
        return super().op_loop(node, scope, most, condition, *state)


class ConditionLate(GraphEngine):
    """The condition that ends a loop is looked at one turn late."""

    id = "run-ops-08-condition"
    breaks = "RUN-OPS-08"

    def enter(self, graph: Graph, outer: Scope, given: list[Array]) -> list[Array]:
        found = super().enter(graph, outer, given)
        if graph.inputs and given and given[0].dtype == np.int64 and given[0].ndim == 0 and len(given) > 1:
            late = self.held.get(id(graph), np.array(True)) if int(given[0]) else np.array(True)
            self.held[id(graph)] = found[0]
            if found[0].dtype == np.bool_ and found[0].size == 1:
                found = [late, *found[1:]]
        return found

    def __init__(self) -> None:
        self.held: dict[int, Array] = {}


class TurnsFromOne(GraphEngine):
    """The number of the turn begins with 1."""

    id = "run-ops-08-turn"
    breaks = "RUN-OPS-08"

    def enter(self, graph: Graph, outer: Scope, given: list[Array]) -> list[Array]:
        if len(given) > 1 and given[0].dtype == np.int64 and given[1].dtype == np.bool_:
            given = [given[0] + 1, *given[1:]]
        return super().enter(graph, outer, given)


class OuterInputsOnly(GraphEngine):
    """Branches of If see inputs and constants of the graph around them; what it computes is zero to them."""

    id = "run-ops-08-outer"
    breaks = "RUN-OPS-08"

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        self.made = {name for node in graph.nodes for name in node.outputs}
        return super().run(graph, scope)

    def op_if(self, node: Node, scope: Scope, condition: Array) -> Answer:
        seen = {name: np.zeros_like(value) if name in self.made else value for name, value in scope.items()}
        return super().op_if(node, seen, condition)


class OuterNamesKept(GraphEngine):
    """Branches of If see the values that the names around them had in the first call."""

    id = "run-iso-03-outer"
    breaks = "RUN-ISO-03"

    def __init__(self) -> None:
        self.first: dict[int, tuple[Node, Scope]] = {}

    def op_if(self, node: Node, scope: Scope, condition: Array) -> Answer:
        _, seen = self.first.setdefault(id(node), (node, dict(scope)))
        same = {name: value for name, value in seen.items() if value.shape == scope[name].shape}
        return super().op_if(node, {**scope, **same}, condition)


class ElseThen(GraphEngine):
    """If takes the branch of its call before."""

    id = "run-iso-03-if"
    breaks = "RUN-ISO-03"

    def __init__(self) -> None:
        self.last: dict[int, tuple[Node, Array]] = {}

    def op_if(self, node: Node, scope: Scope, condition: Array) -> Answer:
        _, before = self.last.get(id(node), (node, condition))
        self.last[id(node)] = node, condition
        return super().op_if(node, scope, before)


class ScanAlwaysForward(GraphEngine):
    """Scan reads its inputs forward."""

    id = "run-ops-08-scan-input"
    breaks = "RUN-OPS-08"

    def op_scan(self, node: Node, scope: Scope, *values: Array) -> Answer:
        return super().op_scan(node.having(scan_input_directions=None), scope, *values)


class ScanAlwaysAppends(GraphEngine):
    """Scan appends its outputs always."""

    id = "run-ops-08-scan-output"
    breaks = "RUN-OPS-08"

    def op_scan(self, node: Node, scope: Scope, *values: Array) -> Answer:
        return super().op_scan(node.having(scan_output_directions=None), scope, *values)


class ScanFirstAxis(GraphEngine):
    """Scan reads along the first axis where the input is square."""

    id = "run-ops-08-scan-axis"
    breaks = "RUN-OPS-08"

    def op_scan(self, node: Node, scope: Scope, *values: Array) -> Answer:
        last = values[-1]
        square = last.ndim > 1 and last.shape[0] == last.shape[1]
        return super().op_scan(node.having(scan_input_axes=None) if square else node, scope, *values)


class StatesSwapped(GraphEngine):
    """A loop with two states of one shape exchanges them at the end."""

    id = "run-ops-08-states"
    breaks = "RUN-OPS-08"

    def op_loop(
        self, node: Node, scope: Scope, limit: Array | None, condition: Array | None = None, *state: Array
    ) -> Answer:
        found = list(super().op_loop(node, scope, limit, condition, *state))
        if len(state) > 1 and found[0].shape == found[1].shape and found[0].dtype == found[1].dtype:
            found[:2] = found[1], found[0]
        return tuple(found)


# recurrent layers


class GatesOfTorch(GraphEngine):
    """The gates of LSTM are in the order of PyTorch: input, forget, cell, output."""

    id = "run-ops-09-gates"
    breaks = "RUN-OPS-09"

    def lstm_gates(self, whole: Array) -> list[Array]:
        i, f, g, o = super().lstm_gates(whole)
        return [i, o, f, g]


class LinearIgnored(GraphEngine):
    """`linear_before_reset` is ignored."""

    id = "run-ops-09-linear"
    breaks = "RUN-OPS-09"

    def gru_step(self, node: Node, cell: Cell, x: Array, h: Array) -> Array:
        return super().gru_step(node.having(linear_before_reset=0), cell, x, h)


class UpdateSwapped(GraphEngine):
    """The update gate of GRU lets the new value in."""

    id = "run-ops-09-update"
    breaks = "RUN-OPS-09"

    def gru_mix(self, update: Array, fresh: Array, h: Array) -> Array:
        return super().gru_mix(update, h, fresh)


class ReverseForward(GraphEngine):
    """`reverse` is read forward."""

    id = "run-ops-09-reverse"
    breaks = "RUN-OPS-09"

    def op_rnn(self, node: Node, *values: Array | None) -> Answer:
        forward = node.having(direction="forward") if node.get("direction") == "reverse" else node
        return super().op_rnn(forward, *values)


class LengthsIgnored(GraphEngine):
    """`sequence_lens` is ignored."""

    id = "run-ops-09-lengths"
    breaks = "RUN-OPS-09"

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        return super().layer(node, (*values[:4], None, *values[5:]), gates, names)


class ReversedWhole(GraphEngine):
    """Backwards, short sequences are read from the end of the longest one."""

    id = "run-ops-09-lengths-back"
    breaks = "RUN-OPS-09"

    def read_from(self, backwards: bool, turn: int, lengths: Array) -> Array:
        if not backwards or not len(lengths):
            return super().read_from(backwards, turn, lengths)
        return np.full(len(lengths), int(lengths.max()) - 1 - turn).clip(0)


class FirstStateIgnored(GraphEngine):
    """The first hidden state is zero."""

    id = "run-ops-09-first-state"
    breaks = "RUN-OPS-09"

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        return super().layer(node, (*values[:5], None, *values[6:]), gates, names)


class PeepholesIgnored(GraphEngine):
    """LSTM has no peepholes."""

    id = "run-ops-09-peepholes"
    breaks = "RUN-OPS-09"

    def op_lstm(self, node: Node, *values: Array | None) -> Answer:
        return super().op_lstm(node, *values[:7])


class RecurrentBiasIgnored(GraphEngine):
    """The second half of the bias is ignored."""

    id = "run-ops-09-bias"
    breaks = "RUN-OPS-09"

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        given = list(values)
        if len(given) > 3 and given[3] is not None:
            half = given[3].shape[1] // 2
            given[3] = np.concatenate([given[3][:, :half], np.zeros_like(given[3][:, half:])], axis=1)
        return super().layer(node, tuple(given), gates, names)


class ClipForgotten(GraphEngine):
    """`clip` is ignored."""

    id = "run-ops-09-clip"
    breaks = "RUN-OPS-09"

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        return super().layer(node.having(clip=None), values, gates, names)


class ActivationsIgnored(GraphEngine):
    """`activations` is ignored."""

    id = "run-ops-09-activations"
    breaks = "RUN-OPS-09"

    def activations(self, node: Node, names: list[str]) -> Any:
        return super().activations(node.having(activations=None), names)


class OneDirection(GraphEngine):
    """The second direction has the weights of the first."""

    id = "run-ops-09-bidirectional"
    breaks = "RUN-OPS-09"

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        given = list(values)
        for place in (1, 2):
            weights = given[place]
            if weights is not None and len(weights) == 2:
                given[place] = np.stack([weights[0], weights[0]])
        return super().layer(node, tuple(given), gates, names)


# quantised operators


class QuantisedHalvesAway(GraphEngine):
    """Quantising rounds halves away from zero."""

    id = "run-ops-10-round"
    breaks = "RUN-OPS-10"

    def op_quantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        return super().op_quantizelinear(node, x, scale, zero)

    def rounded(self, x: Array) -> Array:
        return np.asarray(np.trunc(x + np.copysign(x.dtype.type(0.5), x)))


class ZeroBeforeRounding(GraphEngine):
    """The zero point is added before rounding: odd ones turn ties round."""

    id = "run-ops-10-tie"
    breaks = "RUN-OPS-10"

    def op_quantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        if zero is None:
            return super().op_quantizelinear(node, x, scale)
        whole = x / self.spread(node, x, scale) + self.spread(node, x, zero).astype(scale.dtype)
        return self.saturated(self.rounded(whole), zero.dtype)


class QuantisedWraps(GraphEngine):
    """Values out of the range wrap round."""

    id = "run-ops-10-saturate"
    breaks = "RUN-OPS-10"

    def saturated(self, x: Array, dtype: np.dtype[Any]) -> Array:
        return np.clip(x, -(2.0**31), 2.0**31 - 128).astype(np.int64).astype(dtype)


class ZeroPointIgnored(GraphEngine):
    """DequantizeLinear has no zero point."""

    id = "run-ops-10-zero-point"
    breaks = "RUN-OPS-10"

    def op_dequantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        return super().op_dequantizelinear(node, x, scale)


class QuantisedAxis(GraphEngine):
    """Scales of an axis are those of the first axis where sizes permit."""

    id = "run-ops-10-axis"
    breaks = "RUN-OPS-10"

    def spread(self, node: Node, x: Array, parameter: Array) -> Array:
        first = parameter.ndim == 1 and x.ndim and parameter.size == x.shape[0]
        return super().spread(node.having(axis=0) if first else node, x, parameter)


class ProductsInSixteenBits(GraphEngine):
    """MatMulInteger accumulates in 16 bits, saturating."""

    id = "run-ops-10-accumulate"
    breaks = "RUN-OPS-10"

    def op_matmulinteger(
        self, node: Node, a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None
    ) -> Answer:
        return np.clip(super().op_matmulinteger(node, a, b, a_zero, b_zero), -32768, 32767).astype(np.int32)


class RightZeroIgnored(GraphEngine):
    """MatMulInteger ignores the zero point of its right operand."""

    id = "run-ops-10-right-zero"
    breaks = "RUN-OPS-10"

    def op_matmulinteger(
        self, node: Node, a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None
    ) -> Answer:
        return super().op_matmulinteger(node, a, b, a_zero)


class RangeWithoutZero(GraphEngine):
    """DynamicQuantizeLinear does not widen its range to zero."""

    id = "run-ops-10-dynamic"
    breaks = "RUN-OPS-10"

    def op_dynamicquantizelinear(self, node: Node, x: Array) -> Answer:
        if not x.size or x.min() == x.max():
            return super().op_dynamicquantizelinear(node, x)
        scale = np.float32((x.max() - x.min()) / np.float32(255))
        point = self.saturated(self.rounded(-x.min() / scale), np.dtype(np.uint8))
        return self.saturated(self.rounded(x / scale) + np.float32(point), np.dtype(np.uint8)), scale, point


class SignedByDefault(GraphEngine):
    """Without a zero point QuantizeLinear saturates as INT8 does."""

    id = "run-ops-10-default"
    breaks = "RUN-OPS-10"

    def op_quantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        found = super().op_quantizelinear(node, x, scale, zero)
        return np.minimum(found, 127).astype(found.dtype) if zero is None else found


# fused blocks


class Fusing(GraphEngine):
    """Finds nodes that follow each other; each mutant below computes one such pair wrongly."""

    first = ""
    second = ""

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        makers = {name: node for node in graph.nodes for name in node.outputs if name}
        self.maker = makers
        return super().run(graph, scope)

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        if node.operator == self.second:
            for place, name in enumerate(node.inputs):
                before = self.maker.get(name)
                if before is not None and before.operator == self.first:
                    return (np.asarray(self.fused(node, before, place, given, scope)),)
        return super().call(node, given, scope)

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        raise NotImplementedError


class NormFoldedWithoutEpsilon(Fusing):
    """BatchNormalization folded into Conv has no epsilon."""

    id = "run-ops-12-conv-norm"
    breaks = "RUN-OPS-12"
    first = "Conv"
    second = "BatchNormalization"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        return self.op_batchnormalization(node.having(epsilon=0.0), *given)


class NormFoldedWithoutMean(Fusing):
    """BatchNormalization folded into Conv loses the mean."""

    id = "run-ops-12-conv-mean"
    breaks = "RUN-OPS-12"
    first = "Conv"
    second = "BatchNormalization"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        x, scale, bias, mean, variance = given
        return self.op_batchnormalization(node, x, scale, bias, np.zeros_like(mean), variance)


class BiasOfFirstRow(Fusing):
    """An Add after MatMul is a bias: its first row is added to every row."""

    id = "run-ops-12-matmul-add"
    breaks = "RUN-OPS-12"
    first = "MatMul"
    second = "Add"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        product, other = given[place], given[1 - place]
        if other.ndim > 1 and other.size:
            shape = np.broadcast_shapes(product.shape, other.shape)
            row = other.reshape(-1, other.shape[-1])[0]
            return np.broadcast_to(product + row, shape).copy()
        return product + other


class ReluAtTheSource(Fusing):
    """Relu fused into what is before it changes that for its other readers, too."""

    id = "run-ops-12-relu"
    breaks = "RUN-OPS-12"
    second = "Relu"

    def call(self, node: Node, given: list[Array | None], scope: Scope) -> tuple[Array, ...]:
        found = super().call(node, given, scope)
        if node.operator == "Relu" and node.inputs[0] in self.maker:
            scope[node.inputs[0]] = found[0]
        return found


class PoolShortened(Fusing):
    """MaxPool fused with Relu never looks at the last element of its window."""

    id = "run-ops-12-pool"
    breaks = "RUN-OPS-12"
    first = "Relu"
    second = "MaxPool"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        geometry, over = self.pooled(node, given[0].shape[2:])
        seen = self.pool_windows(given[0], geometry, over, 0)
        return seen[..., :-1].max(axis=-1) if seen.shape[-1] > 1 else seen.max(axis=-1)


class AttentionInHalf(Fusing):
    """The weights of attention are kept in FP16 between Softmax and MatMul."""

    id = "run-ops-12-attention"
    breaks = "RUN-OPS-12"
    first = "Softmax"
    second = "MatMul"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        weights = given[place].astype(np.float16).astype(given[place].dtype)
        return self.op_matmul(node, *(weights if index == place else x for index, x in enumerate(given)))


class ResidualEpsilon(Fusing):
    """LayerNormalization fused with the residual sum before it has the epsilon 1e-3."""

    id = "run-ops-12-residual"
    breaks = "RUN-OPS-12"
    first = "Add"
    second = "LayerNormalization"

    def fused(self, node: Node, before: Node, place: int, given: list[Any], scope: Scope) -> Answer:
        return self.op_layernormalization(node.having(epsilon=1e-3), *given)[0]


ALL: tuple[type[GraphEngine], ...] = (
    TripCountOnce,
    ConditionLate,
    TurnsFromOne,
    OuterInputsOnly,
    OuterNamesKept,
    ElseThen,
    ScanAlwaysForward,
    ScanAlwaysAppends,
    ScanFirstAxis,
    StatesSwapped,
    GatesOfTorch,
    LinearIgnored,
    UpdateSwapped,
    ReverseForward,
    LengthsIgnored,
    ReversedWhole,
    FirstStateIgnored,
    PeepholesIgnored,
    RecurrentBiasIgnored,
    ClipForgotten,
    ActivationsIgnored,
    OneDirection,
    QuantisedHalvesAway,
    ZeroBeforeRounding,
    QuantisedWraps,
    ZeroPointIgnored,
    QuantisedAxis,
    ProductsInSixteenBits,
    RightZeroIgnored,
    RangeWithoutZero,
    SignedByDefault,
    NormFoldedWithoutEpsilon,
    NormFoldedWithoutMean,
    BiasOfFirstRow,
    ReluAtTheSource,
    PoolShortened,
    AttentionInHalf,
    ResidualEpsilon,
)
