"""Recurrent layers (Spec: RUN-OPS-09), one method an operator.

Owns directions, lengths of sequences and the cells; leaves graphs to `engine_graph`. Serves `runtime`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["Cell", "Recurrent"]

#: A function of an activation, with its alpha and beta.
Activation = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Cell:
    """The weights of one direction: `peephole` is of LSTM, `activations` has what the cell uses in turn."""

    w: Array
    r: Array
    wb: Array
    rb: Array
    peephole: Array
    activations: tuple[Activation, ...]
    limit: float | None

    def clipped(self, x: Array) -> Array:
        """Bound what goes into an activation."""
        return x if self.limit is None else np.clip(x, x.dtype.type(-self.limit), x.dtype.type(self.limit))


class Recurrent:
    """RNN, GRU and LSTM; sequences are (time, batch, features) inside."""

    def op_rnn(self, node: Node, *values: Array | None) -> Answer:
        return self.layer(node, values, 1, ["Tanh"])

    def op_gru(self, node: Node, *values: Array | None) -> Answer:
        return self.layer(node, values, 3, ["Sigmoid", "Tanh"])

    def op_lstm(self, node: Node, *values: Array | None) -> Answer:
        return self.layer(node, values, 4, ["Sigmoid", "Tanh", "Tanh"])

    def layer(self, node: Node, values: tuple[Array | None, ...], gates: int, names: list[str]) -> Answer:
        """Compute all directions."""
        given: list[Array | None] = [*values, *[None] * (8 - len(values))]
        x, w, r, bias, lengths, hidden, memory, peepholes = given
        assert x is not None
        assert w is not None
        assert r is not None
        batched = bool(node.get("layout"))
        if batched:
            x = x.transpose(1, 0, 2)
            hidden, memory = (None if one is None else one.transpose(1, 0, 2) for one in (hidden, memory))
        directions, size = r.shape[0], r.shape[2]
        steps, batch = x.shape[:2]
        zero = np.zeros((directions, batch, size), dtype=x.dtype)
        first_h, first_c = zero if hidden is None else hidden, zero if memory is None else memory
        if lengths is None:
            lengths = np.full(batch, steps)
        functions = self.activations(node, names * directions)
        y = np.zeros((steps, directions, batch, size), dtype=x.dtype)
        last_h, last_c = first_h.copy(), first_c.copy()
        for direction in range(directions):
            halves = (
                np.zeros((2, gates * size), dtype=x.dtype) if bias is None else bias[direction].reshape(2, -1)
            )
            cell = Cell(
                w[direction],
                r[direction],
                halves[0],
                halves[1],
                np.zeros(3 * size, dtype=x.dtype) if peepholes is None else peepholes[direction],
                tuple(functions[direction * len(names) : (direction + 1) * len(names)]),
                node.get("clip"),
            )
            backwards = node.get("direction") == "reverse" or direction == 1
            for turn in range(steps):
                place = self.read_from(backwards, turn, lengths)
                active = turn < lengths
                rows = np.arange(batch)
                h, c = self.step(node, cell, x[place, rows], last_h[direction], last_c[direction])
                last_h[direction] = np.where(active[:, None], h, last_h[direction])
                last_c[direction] = np.where(active[:, None], c, last_c[direction])
                y[place[active], direction, rows[active]] = h[active]
        if batched:
            return y.transpose(2, 0, 1, 3), last_h.transpose(1, 0, 2), last_c.transpose(1, 0, 2)
        return y, last_h, last_c

    def read_from(self, backwards: bool, turn: int, lengths: Array) -> Array:
        """Return which element of each sequence is read in a turn."""
        return (
            np.where(turn < lengths, lengths - 1 - turn, turn) if backwards else np.full(len(lengths), turn)
        )

    def step(self, node: Node, cell: Cell, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """Compute one element of every sequence."""
        if node.operator == "LSTM":
            return self.lstm_step(node, cell, x, h, c)
        if node.operator == "GRU":
            return self.gru_step(node, cell, x, h), c
        return cell.activations[0](cell.clipped(x @ cell.w.T + h @ cell.r.T + cell.wb + cell.rb)), c

    def lstm_step(self, node: Node, cell: Cell, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        gate, candidate, out = cell.activations
        i, o, f, g = self.lstm_gates(x @ cell.w.T + h @ cell.r.T + cell.wb + cell.rb)
        pi, po, pf = np.split(cell.peephole, 3)
        enter = gate(cell.clipped(i + pi * c))
        keep = x.dtype.type(1) - enter if node.get("input_forget") else gate(cell.clipped(f + pf * c))
        memory = keep * c + enter * candidate(cell.clipped(g))
        return gate(cell.clipped(o + po * memory)) * out(memory), memory

    def lstm_gates(self, whole: Array) -> list[Array]:
        """Return the gates in the order of the operator: input, output, forget, cell."""
        return np.split(whole, 4, axis=-1)

    def gru_step(self, node: Node, cell: Cell, x: Array, h: Array) -> Array:
        gate, candidate = cell.activations
        wz, wr, wh = np.split(x @ cell.w.T + cell.wb, 3, axis=-1)
        rz, rr, rh = np.split(cell.r, 3)
        bz, br, bh = np.split(cell.rb, 3)
        update = gate(cell.clipped(wz + h @ rz.T + bz))
        reset = gate(cell.clipped(wr + h @ rr.T + br))
        if node.get("linear_before_reset"):
            fresh = candidate(cell.clipped(wh + reset * (h @ rh.T + bh)))
        else:
            fresh = candidate(cell.clipped(wh + (reset * h) @ rh.T + bh))
        return self.gru_mix(update, fresh, h)

    def gru_mix(self, update: Array, fresh: Array, h: Array) -> Array:
        return np.asarray((update.dtype.type(1) - update) * fresh + update * h)

    def activations(self, node: Node, names: list[str]) -> list[Activation]:
        """Return the functions that the node names, or the usual ones."""
        chosen = node.get("activations") or names
        alphas, betas = list(node.get("activation_alpha") or []), list(node.get("activation_beta") or [])
        found = []
        for name in chosen[: len(names)]:
            default_alpha, default_beta, takes = _PARAMETERS.get(name.lower(), (0.0, 0.0, ""))
            alpha = alphas.pop(0) if "a" in takes and alphas else default_alpha
            beta = betas.pop(0) if "b" in takes and betas else default_beta
            found.append(_activation(name.lower(), alpha, beta))
        return found


#: Default alpha and beta, and which of them the activation takes.
_PARAMETERS: dict[str, tuple[float, float, str]] = {
    "affine": (1.0, 0.0, "ab"),
    "leakyrelu": (0.01, 0.0, "a"),
    "thresholdedrelu": (1.0, 0.0, "a"),
    "scaledtanh": (1.0, 1.0, "ab"),
    "hardsigmoid": (0.2, 0.5, "ab"),
    "elu": (1.0, 0.0, "a"),
}


def _activation(name: str, alpha: float, beta: float) -> Activation:
    def compute(x: Array) -> Array:
        one: Any = x.dtype.type(1)
        a, b = x.dtype.type(alpha), x.dtype.type(beta)
        functions: dict[str, Callable[[], Any]] = {
            "sigmoid": lambda: one / (one + np.exp(-x)),
            "tanh": lambda: np.tanh(x),
            "relu": lambda: np.maximum(x, 0),
            "affine": lambda: a * x + b,
            "leakyrelu": lambda: np.where(x < 0, a * x, x),
            "thresholdedrelu": lambda: np.where(x > a, x, 0),
            "scaledtanh": lambda: a * np.tanh(b * x),
            "hardsigmoid": lambda: np.clip(a * x + b, 0, 1),
            "elu": lambda: np.where(x < 0, a * np.expm1(x), x),
            "softsign": lambda: x / (one + np.abs(x)),
            "softplus": lambda: np.logaddexp(x, x.dtype.type(0)),
        }
        if name not in functions:
            raise NotImplementedError(f"activation {name} is not supported")
        return np.asarray(functions[name]()).astype(x.dtype)

    return compute
