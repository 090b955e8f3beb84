"""Products of matrices (Spec: RUN-OPS-02), one method each.

Owns their semantics on numpy arrays; leaves graphs to `engine_graph`. Serves `runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["Dense"]


class Dense:
    """MatMul, Gemm and Einsum."""

    def product(self, a: Array, b: Array) -> Array:
        """Multiply matrices, or stacks of them, in their datatype."""
        return np.asarray(np.matmul(a, b))

    def op_matmul(self, node: Node, a: Array, b: Array) -> Answer:
        return self.product(a, b)

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        left = a.T if node.get("transA") else a
        right = b.T if node.get("transB") else b
        found = left.dtype.type(node.get("alpha")) * self.product(left, right)
        if c is None:
            return found
        return found + c.dtype.type(node.get("beta")) * c

    def op_einsum(self, node: Node, *values: Array) -> Answer:
        return np.einsum(node.get("equation"), *values)
