"""Operators that compute each element apart (Spec: RUN-OPS-01), one method each.

Owns their semantics on numpy arrays; leaves graphs to `engine_graph`. Serves `runtime`.
"""

import math
from functools import reduce
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import NUMPY_TYPES, Answer, Node

__all__ = ["Elementwise"]

_ERF = np.frompyfunc(math.erf, 1, 1)


class Elementwise:
    """Arithmetic, functions, comparisons and casts."""

    # arithmetic

    def op_add(self, node: Node, a: Array, b: Array) -> Answer:
        return a + b

    def op_sub(self, node: Node, a: Array, b: Array) -> Answer:
        return a - b

    def op_mul(self, node: Node, a: Array, b: Array) -> Answer:
        return a * b

    def op_div(self, node: Node, a: Array, b: Array) -> Answer:
        if a.dtype.kind == "f":
            return a / b
        floor = np.floor_divide(a, b)
        inexact = (np.remainder(a, b) != 0) & ((a < 0) != (b < 0))
        return (floor + inexact).astype(a.dtype)

    def op_neg(self, node: Node, x: Array) -> Answer:
        return -x

    def op_abs(self, node: Node, x: Array) -> Answer:
        return np.abs(x)

    def op_mod(self, node: Node, a: Array, b: Array) -> Answer:
        return np.fmod(a, b) if node.get("fmod") else np.mod(a, b)

    def op_pow(self, node: Node, a: Array, b: Array) -> Answer:
        if b.dtype.kind == "i" and a.dtype.kind in "iu" and (b < 0).any():
            return np.power(a.astype(np.float64), b).astype(a.dtype)
        return np.power(a, b).astype(a.dtype)

    def op_reciprocal(self, node: Node, x: Array) -> Answer:
        return x.dtype.type(1) / x

    def op_sign(self, node: Node, x: Array) -> Answer:
        return np.sign(x)

    def op_floor(self, node: Node, x: Array) -> Answer:
        return np.floor(x)

    def op_ceil(self, node: Node, x: Array) -> Answer:
        return np.ceil(x)

    def op_round(self, node: Node, x: Array) -> Answer:
        return np.rint(x)

    def op_min(self, node: Node, *values: Array) -> Answer:
        return reduce(np.minimum, values)

    def op_max(self, node: Node, *values: Array) -> Answer:
        return reduce(np.maximum, values)

    def op_clip(self, node: Node, x: Array, low: Array | None = None, high: Array | None = None) -> Answer:
        found = x if low is None else np.maximum(x, low)
        return found if high is None else np.minimum(found, high)

    # functions

    def op_sqrt(self, node: Node, x: Array) -> Answer:
        return np.sqrt(x)

    def op_exp(self, node: Node, x: Array) -> Answer:
        return np.exp(x)

    def op_log(self, node: Node, x: Array) -> Answer:
        return np.log(x)

    def op_sin(self, node: Node, x: Array) -> Answer:
        return np.sin(x)

    def op_cos(self, node: Node, x: Array) -> Answer:
        return np.cos(x)

    def op_tan(self, node: Node, x: Array) -> Answer:
        return np.tan(x)

    def op_atan(self, node: Node, x: Array) -> Answer:
        return np.arctan(x)

    def op_tanh(self, node: Node, x: Array) -> Answer:
        return np.tanh(x)

    def op_erf(self, node: Node, x: Array) -> Answer:
        return np.asarray(_ERF(x.astype(np.float64)), dtype=np.float64).astype(x.dtype)

    def op_sigmoid(self, node: Node, x: Array) -> Answer:
        one = x.dtype.type(1)
        return one / (one + np.exp(-x))

    # activations

    def op_relu(self, node: Node, x: Array) -> Answer:
        return np.maximum(x, x.dtype.type(0))

    def op_leakyrelu(self, node: Node, x: Array) -> Answer:
        return np.where(x < 0, x.dtype.type(node.get("alpha")) * x, x)

    def op_prelu(self, node: Node, x: Array, slope: Array) -> Answer:
        return np.where(x < 0, slope * x, x)

    def op_elu(self, node: Node, x: Array) -> Answer:
        return np.where(x < 0, x.dtype.type(node.get("alpha")) * np.expm1(x), x)

    def op_softplus(self, node: Node, x: Array) -> Answer:
        return np.logaddexp(x, x.dtype.type(0))

    def op_hardsigmoid(self, node: Node, x: Array) -> Answer:
        alpha, beta = x.dtype.type(node.get("alpha")), x.dtype.type(node.get("beta"))
        return np.maximum(x.dtype.type(0), np.minimum(x.dtype.type(1), alpha * x + beta))

    def op_gelu(self, node: Node, x: Array) -> Answer:
        one, half = x.dtype.type(1), x.dtype.type(0.5)
        if node.get("approximate") == "tanh":
            inner = x.dtype.type(math.sqrt(2 / math.pi)) * (x + x.dtype.type(0.044715) * x * x * x)
            return half * x * (one + np.tanh(inner))
        return half * x * (one + self.op_erf(node, x / x.dtype.type(math.sqrt(2))))

    # logic

    def op_where(self, node: Node, condition: Array, a: Array, b: Array) -> Answer:
        return np.where(condition, a, b)

    def op_equal(self, node: Node, a: Array, b: Array) -> Answer:
        return np.asarray(a == b).astype(np.bool_)

    def op_less(self, node: Node, a: Array, b: Array) -> Answer:
        return a < b

    def op_greater(self, node: Node, a: Array, b: Array) -> Answer:
        return a > b

    def op_lessorequal(self, node: Node, a: Array, b: Array) -> Answer:
        return a <= b

    def op_greaterorequal(self, node: Node, a: Array, b: Array) -> Answer:
        return a >= b

    def op_and(self, node: Node, a: Array, b: Array) -> Answer:
        return a & b

    def op_or(self, node: Node, a: Array, b: Array) -> Answer:
        return a | b

    def op_xor(self, node: Node, a: Array, b: Array) -> Answer:
        return a ^ b

    def op_not(self, node: Node, x: Array) -> Answer:
        return ~x

    def op_isnan(self, node: Node, x: Array) -> Answer:
        return np.isnan(x)

    # copies

    def op_identity(self, node: Node, x: Array) -> Answer:
        return x.copy()

    def op_cast(self, node: Node, x: Array) -> Answer:
        if node.get("to") not in NUMPY_TYPES:
            raise NotImplementedError(f"Cast to datatype {node.get('to')} is not supported")
        dtype = NUMPY_TYPES[node.get("to")]
        if x.dtype.kind == "O" and dtype.kind != "O":
            return self.parsed(x, dtype)
        if dtype.kind == "O" and x.dtype.kind != "O":
            return self.written(x)
        return self.converted(x, dtype)

    def converted(self, x: Array, dtype: np.dtype[Any]) -> Array:
        """Convert numbers: towards zero, around for integers; not zero is true."""
        return x.astype(dtype)

    def parsed(self, x: Array, dtype: np.dtype[Any]) -> Array:
        """Read numbers from strings."""
        read = int if dtype.kind in "iu" else float
        found = np.empty(x.shape, dtype=dtype)
        found.reshape(-1)[:] = [dtype.type(read(element)) for element in x.reshape(-1)]
        return found

    def written(self, x: Array) -> Array:
        """Write numbers as strings."""
        found = np.empty(x.shape, dtype=object)
        found.reshape(-1)[:] = [str(element).encode() for element in x.reshape(-1)]
        return found
