"""Engines that compute as the section on numbers lets them: each passes what it declares.

Owns the other lawful way of an operator: another order of a sum, a wider format, an equal formula. Serves
`runtime` (RUN-NUM-02).
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["ALL"]


class OnePass(GraphEngine):
    """The variance is the mean of the squares less the square of the mean."""

    id = "lawful-one-pass"

    def op_instancenormalization(self, node: Node, x: Array, scale: Array, bias: Array) -> Answer:
        axes = tuple(range(2, x.ndim))
        mean = x.mean(axis=axes, keepdims=True, dtype=x.dtype)
        variance = np.square(x).mean(axis=axes, keepdims=True, dtype=x.dtype) - np.square(mean)
        form = (-1, *[1] * (x.ndim - 2))
        found = (x - mean) / np.sqrt(np.maximum(variance, 0) + x.dtype.type(node.get("epsilon")))
        return found * scale.reshape(form) + bias.reshape(form)


class LogOfSoftmax(GraphEngine):
    """LogSoftmax is the logarithm of Softmax: minus infinity where that is zero."""

    id = "lawful-logsoftmax"

    def op_logsoftmax(self, node: Node, x: Array) -> Answer:
        return np.log(self.op_softmax(node, x))


class Backwards(GraphEngine):
    """Sums of products are taken from the last term to the first."""

    id = "lawful-backwards"

    def product(self, a: Array, b: Array) -> Array:
        turned = b[::-1] if b.ndim < 2 else b[..., ::-1, :]
        return super().product(a[..., ::-1], turned)


class Wide(GraphEngine):
    """Products of matrices are computed in binary64 and rounded once."""

    id = "lawful-wide"

    def product(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return super().product(a, b)
        return super().product(a.astype(np.float64), b.astype(np.float64)).astype(np.float32)


ALL: tuple[type[GraphEngine], ...] = (OnePass, LogOfSoftmax, Backwards, Wide)
