"""RNN, GRU and LSTM (group `recurrent`).

Owns the cells, step by step, from the equations of the operators; leaves sums and functions to `dense`,
`elementwise` and `transcendental`. Left out: coupled gates (`input_forget`), the activations Affine,
ScaledTanh, Softsign and ThresholdedRelu. Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lepton_conformance.oracle.interval import elementwise, transcendental
from lepton_conformance.oracle.interval.dense import contraction
from lepton_conformance.oracle.interval.elementwise import product, total
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, Operator, one, optional
from lepton_conformance.oracle.interval.value import (
    Array,
    Interval,
    Undecidable,
    bounds_dtype,
    concrete,
    exact,
    joined,
    moved,
    part,
)

__all__ = ["gru", "lstm", "rnn"]

Function = Callable[[Interval], Interval]

#: Units roundoff of one in Tanh by the formula of these operators: the exponential and two roundings,
#: halved.
TANH_UNITS = 6.0


def _tanh(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Tanh as these operators write it, `(1 - exp(-2x)) / (1 + exp(-2x))`, which cancels near zero."""
    return (transcendental.rising(one(inputs), np.tanh, TANH_UNITS),)


ACTIVATIONS: dict[str, Operator] = {
    "relu": elementwise.relu,
    "tanh": _tanh,
    "sigmoid": transcendental.sigmoid,
    "hardsigmoid": elementwise.hard_sigmoid,
    "leakyrelu": elementwise.leaky_relu,
    "elu": transcendental.elu,
    "softplus": transcendental.softplus,
}

#: Activations that take numbers from `activation_alpha` and `activation_beta`.
WITH_ALPHA = ("hardsigmoid", "leakyrelu", "elu")
WITH_BETA = ("hardsigmoid",)


@dataclass(frozen=True, slots=True)
class _Direction:
    """Weights `(input + hidden, gates * hidden)` and biases of one direction; biases of both kinds apart."""

    weights: Interval
    w: Interval
    r: Interval
    w_bias: Interval
    r_bias: Interval
    bias: Interval
    peepholes: Interval | None
    functions: tuple[Function, ...]
    clip: float
    hidden: int

    def gates(self, x: Interval, h: Interval) -> Interval:
        """Return the sums of all gates, activations not yet applied."""
        both = joined([x, h], lambda parts: np.concatenate(parts, axis=1))
        return contraction(both, self.weights, self.weights.shape[0] + 1, np.matmul, self.bias)

    def apply(self, index: int, x: Interval) -> Interval:
        """Return an activation of the clipped argument."""
        if self.clip > 0:
            lo = np.clip(x.lo, -self.clip, self.clip)
            hi = lo if x.lo is x.hi else np.clip(x.hi, -self.clip, self.clip)
            x = Interval(x.datatype, lo, hi, x.loose)
        return self.functions[index](x)

    def part(self, x: Interval, gate: int, count: int = 1) -> Interval:
        """Return the columns of a gate, or of several."""
        columns = slice(gate * self.hidden, (gate + count) * self.hidden)
        return part(x, (..., columns))


def _function(name: str, alpha: float | None, beta: float | None) -> Function:
    if name.lower() not in ACTIVATIONS:
        raise Undecidable(f"the activation {name}")
    operator = ACTIVATIONS[name.lower()]
    attributes: dict[str, float] = {}
    if alpha is not None:
        attributes["alpha"] = alpha
    if beta is not None:
        attributes["beta"] = beta
    return lambda x: operator(attributes, (x,), 17)[0]


def _functions(
    attributes: Attributes, defaults: tuple[str, ...], directions: int
) -> list[tuple[Function, ...]]:
    names = list(attributes.get("activations") or defaults * directions)
    alphas = list(attributes.get("activation_alpha") or [])
    betas = list(attributes.get("activation_beta") or [])
    found = []
    for name in names:
        low = name.lower()
        alpha = alphas.pop(0) if low in WITH_ALPHA and alphas else None
        beta = betas.pop(0) if low in WITH_BETA and betas else None
        found.append(_function(name, alpha, beta))
    if len(found) != len(defaults) * directions:
        raise Undecidable(f"{len(found)} activations, expected {len(defaults) * directions}")
    return [tuple(found[at : at + len(defaults)]) for at in range(0, len(found), len(defaults))]


def _directions(
    attributes: Attributes, inputs: Inputs, defaults: tuple[str, ...], gates: int
) -> list[tuple[_Direction, bool]]:
    w, r, b = one(inputs, 1), one(inputs, 2), optional(inputs, 3)
    p = optional(inputs, 7)
    kind = attributes.get("direction", "forward")
    flags = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[kind]
    hidden = r.shape[2]
    _expect_shapes(attributes, inputs, len(flags), gates, hidden)
    functions = _functions(attributes, defaults, len(flags))
    found = []
    for at, backward in enumerate(flags):
        w_part = moved(part(w, at), np.transpose)
        r_part = moved(part(r, at), np.transpose)
        both = joined([w_part, r_part], lambda parts: np.concatenate(parts, axis=0))
        middle = gates * hidden
        w_bias = r_bias = exact(w.datatype, np.zeros(middle, dtype=bounds_dtype(w.datatype)))
        if b is not None:
            w_bias, r_bias = part(b, (at, slice(0, middle))), part(b, (at, slice(middle, None)))
        peepholes = None if p is None else part(p, at)
        clip = float(np.float32(attributes.get("clip", 0.0)))
        bias = total(w_bias, r_bias)
        cell = _Direction(both, w_part, r_part, w_bias, r_bias, bias, peepholes, functions[at], clip, hidden)
        found.append((cell, backward))
    return found


def _expect_shapes(attributes: Attributes, inputs: Inputs, directions: int, gates: int, hidden: int) -> None:
    """Compare the shapes of all inputs with each other, which no checker does. Raises: Undecidable."""
    x = one(inputs).shape
    swapped = bool(attributes.get("layout", 0))
    batch = x[0 if swapped else 1]
    state = (batch, directions, hidden) if swapped else (directions, batch, hidden)
    rows = gates * hidden
    expected = {
        1: (directions, rows, x[2]),
        2: (directions, rows, hidden),
        3: (directions, 2 * rows),
        4: (batch,),
        5: state,
        6: state,
        7: (directions, 3 * hidden),
    }
    for place, shape in expected.items():
        value = optional(inputs, place)
        if value is not None and value.shape != shape:
            raise Undecidable(f"input {place} of a recurrent operator: {value.shape}, expected {shape}")
    if attributes.get("hidden_size", hidden) != hidden:
        raise Undecidable(f"hidden_size {attributes['hidden_size']}, weights for {hidden}")


Cell = Callable[[_Direction, Interval, tuple[Interval, ...]], tuple[Interval, ...]]


def _run(
    attributes: Attributes,
    inputs: Inputs,
    cell: Cell,
    directions: list[tuple[_Direction, bool]],
    states: int,
) -> tuple[Interval, ...]:
    """Return Y and the last states. Steps beyond the length of a sequence give 0 and keep the state."""
    x = one(inputs)
    swapped = bool(attributes.get("layout", 0))
    if swapped:
        x = moved(x, lambda values: values.swapaxes(0, 1))
    length, batch = x.shape[:2]
    if length == 0 or batch == 0:
        raise Undecidable("a recurrent operator over nothing")
    lens = optional(inputs, 4)
    lengths = None if lens is None else concrete(lens, "sequence_lens").reshape(-1)
    if lengths is not None and (lengths == length).all():
        lengths = None
    if lengths is not None and ((lengths < 1) | (lengths > length)).any():
        raise Undecidable("sequence_lens below 1 or beyond the sequence")
    outputs, finals = [], []
    for at, (weights, backward) in enumerate(directions):
        start = tuple(
            _initial(optional(inputs, 5 + place), at, swapped, x, (batch, weights.hidden))
            for place in range(states)
        )
        steps, last = _steps(x, weights, backward, lengths, cell, start)
        outputs.append(joined(steps, lambda parts: np.stack(parts)))
        finals.append(last)
    axis = 2 if swapped else 1
    y = joined(outputs, lambda parts: np.stack(parts, axis=1))
    if swapped:
        y = moved(y, lambda values: values.transpose(2, 0, 1, 3))
    stacked = [
        joined([last[place] for last in finals], lambda parts: np.stack(parts, axis=axis - 1))
        for place in range(states)
    ]
    return y, *stacked


def _initial(value: Interval | None, at: int, swapped: bool, x: Interval, shape: tuple[int, int]) -> Interval:
    if value is None:
        return exact(x.datatype, np.zeros(shape, dtype=x.lo.dtype))
    return part(value, (slice(None), at) if swapped else at)


def _steps(
    x: Interval,
    weights: _Direction,
    backward: bool,
    lengths: Array | None,
    cell: Cell,
    state: tuple[Interval, ...],
) -> tuple[list[Interval], tuple[Interval, ...]]:
    length = x.shape[0]
    zero = exact(x.datatype, np.zeros(state[0].shape, dtype=x.lo.dtype))
    found: list[Interval] = [zero] * length
    for at in range(length - 1, -1, -1) if backward else range(length):
        new = cell(weights, part(x, at), state)
        if lengths is None:
            state = new
            found[at] = new[0]
            continue
        running = (at < lengths)[:, None]
        state = tuple(_chosen(running, a, b) for a, b in zip(new, state, strict=True))
        found[at] = _chosen(running, new[0], zero)
    return found, state


def _chosen(mask: Array, a: Interval, b: Interval) -> Interval:
    return joined([a, b], lambda parts: np.where(mask, parts[0], parts[1]))


def rnn(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """RNN: `h = f(x W' + h R' + b)`."""

    def cell(at: _Direction, x: Interval, state: tuple[Interval, ...]) -> tuple[Interval, ...]:
        return (at.apply(0, at.gates(x, state[0])),)

    return _run(attributes, inputs, cell, _directions(attributes, inputs, ("Tanh",), 1), 1)


def gru(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """GRU, gates z r h: `h = (1 - z) * h~ + z * h`."""
    before = bool(attributes.get("linear_before_reset", 0))

    def cell(at: _Direction, x: Interval, state: tuple[Interval, ...]) -> tuple[Interval, ...]:
        (h,) = state
        sums = at.gates(x, h)
        both = at.apply(0, at.part(sums, 0, 2))
        z, r = at.part(both, 0), at.part(both, 1)
        w, back = at.part(at.w, 2), at.part(at.r, 2)
        w_bias, r_bias = at.part(at.w_bias, 2), at.part(at.r_bias, 2)
        if before:
            inner = product(r, contraction(h, back, at.hidden, np.matmul, r_bias))
            added = contraction(x, w, w.shape[0], np.matmul, w_bias)
            new = total(added, inner)
        else:
            reset = joined([x, product(r, h)], lambda parts: np.concatenate(parts, axis=1))
            kernel = joined([w, back], lambda parts: np.concatenate(parts, axis=0))
            new = contraction(reset, kernel, kernel.shape[0] + 1, np.matmul, at.part(at.bias, 2))
        new = at.apply(1, new)
        unit = exact(z.datatype, np.ones((), dtype=z.lo.dtype))
        return (total(product(total(unit, z, np.subtract), new), product(z, h)),)

    return _run(attributes, inputs, cell, _directions(attributes, inputs, ("Sigmoid", "Tanh"), 3), 1)


def lstm(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """LSTM, gates i o f c, with peepholes."""
    if attributes.get("input_forget", 0):
        raise Undecidable("LSTM with coupled gates")

    def cell(at: _Direction, x: Interval, state: tuple[Interval, ...]) -> tuple[Interval, ...]:
        h, c = state
        sums = at.gates(x, h)
        if at.peepholes is None:
            opened = at.apply(0, at.part(sums, 0, 3))
            i, o, f = (at.part(opened, gate) for gate in range(3))
        else:
            i, f = (
                at.apply(0, total(at.part(sums, gate), product(at.part(at.peepholes, gate), c)))
                for gate in (0, 2)
            )
        new = total(product(f, c), product(i, at.apply(1, at.part(sums, 3))))
        if at.peepholes is not None:
            o = at.apply(0, total(at.part(sums, 1), product(at.part(at.peepholes, 1), new)))
        return product(o, at.functions[2](new)), new

    names = ("Sigmoid", "Tanh", "Tanh")
    return _run(attributes, inputs, cell, _directions(attributes, inputs, names, 4), 2)
