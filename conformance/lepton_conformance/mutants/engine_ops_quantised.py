"""Quantised operators (Spec: RUN-OPS-10), one method each.

Owns their semantics on numpy arrays; leaves graphs to `engine_graph`. Serves `runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import NUMPY_TYPES, Answer, Node, positive

__all__ = ["Quantised"]


class Quantised:
    """QuantizeLinear, DequantizeLinear, MatMulInteger and DynamicQuantizeLinear."""

    def spread(self, node: Node, x: Array, parameter: Array) -> Array:
        """Return scales or zero points in a shape that fits the input: one, one an axis, or one a block."""
        if parameter.size == 1 and parameter.ndim <= 1:
            return parameter.reshape(())
        axis = positive(node.get("axis"), x.ndim)
        block = node.get("block_size", 0)
        if block:
            return np.take(np.repeat(parameter, block, axis=axis), range(x.shape[axis]), axis=axis)
        form = [1] * x.ndim
        form[axis] = -1
        return parameter.reshape(form)

    def op_quantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        if zero is None:
            dtype = NUMPY_TYPES[node.get("output_dtype", 0) or 2]
            zero = np.zeros(scale.shape, dtype=dtype)
        steps = self.rounded(x.astype(scale.dtype) / self.spread(node, x, scale))
        return self.saturated(steps + self.spread(node, x, zero).astype(steps.dtype), zero.dtype)

    def rounded(self, x: Array) -> Array:
        """Round half to even."""
        return np.asarray(np.rint(x))

    def saturated(self, x: Array, dtype: np.dtype[np.generic]) -> Array:
        """Return integers, those outside the range at its ends."""
        limits = np.iinfo(dtype)  # type: ignore[type-var]
        return np.clip(x, limits.min, limits.max).astype(dtype)

    def op_dequantizelinear(self, node: Node, x: Array, scale: Array, zero: Array | None = None) -> Answer:
        wide = x.astype(np.int32)
        if zero is not None:
            wide = wide - self.spread(node, x, zero).astype(np.int32)
        return wide.astype(scale.dtype) * self.spread(node, x, scale)

    def op_matmulinteger(
        self, node: Node, a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None
    ) -> Answer:
        left, right = a.astype(np.int32), b.astype(np.int32)
        if a_zero is not None:
            rows = a_zero.reshape(-1, 1) if a_zero.ndim == 1 and a_zero.size > 1 else a_zero
            left = left - rows.astype(np.int32)
        if b_zero is not None:
            right = right - b_zero.astype(np.int32)
        return np.matmul(left, right)

    def op_dynamicquantizelinear(self, node: Node, x: Array) -> Answer:
        zero, steps = np.float32(0), np.float32(255)
        high, low = np.maximum(zero, x.max(initial=0)), np.minimum(zero, x.min(initial=0))
        scale = np.float32((high - low) / steps) if high > low else np.float32(1)
        point = self.saturated(self.rounded(zero - low / scale), np.dtype(np.uint8))
        found = self.saturated(self.rounded(x / scale) + np.float32(point), np.dtype(np.uint8))
        return found, scale, point
