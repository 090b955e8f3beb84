"""Pooling (Spec: RUN-OPS-04), one method an operator.

Owns its semantics on numpy arrays; leaves the geometry of kernels to `engine_ops_convolution`. Serves
`runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node
from lepton_conformance.mutants.engine_ops_convolution import Convolution, Geometry, padded, windows

__all__ = ["Pooling"]


class Pooling(Convolution):
    """MaxPool, AveragePool and the pools over everything."""

    def pooled(self, node: Node, size: tuple[int, ...]) -> tuple[Geometry, tuple[int, ...]]:
        """Return the geometry, and how far the last window may stand out over the padded input."""
        geometry = self.geometry(node, size, tuple(node.get("kernel_shape")))
        if not node.get("ceil_mode") or node.get("auto_pad") != "NOTSET":
            return geometry, (0,) * len(size)
        over = []
        for length, begin, end, reach, stride in zip(
            size, geometry.begins, geometry.ends, geometry.reach(), geometry.strides, strict=True
        ):
            room = length + begin + end - reach
            count = -(-room // stride) + 1
            if (count - 1) * stride >= length + begin:
                count -= 1
            over.append(max(0, (count - 1) * stride - room))
        return geometry, tuple(over)

    def pool_windows(self, x: Array, geometry: Geometry, over: tuple[int, ...], fill: float) -> Array:
        """Return (batch, channel, *output, taps) with `fill` where the window is outside the input."""
        ends = [end + more for end, more in zip(geometry.ends, over, strict=True)]
        seen = windows(padded(x, geometry.begins, ends, fill), geometry)
        return seen.reshape(*seen.shape[: x.ndim], int(np.prod(geometry.kernel)))

    def op_maxpool(self, node: Node, x: Array) -> Answer:
        geometry, over = self.pooled(node, x.shape[2:])
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        seen = self.pool_windows(x, geometry, over, lowest)
        if len(node.outputs) < 2 or not node.outputs[1]:
            return seen.max(axis=-1)
        inside = self.pool_windows(np.ones((1, 1, *x.shape[2:]), np.bool_), geometry, over, 0)
        order = np.where(inside, seen, lowest).argmax(axis=-1)[..., None]
        places = self.pool_windows(self.flat_places(node, x), geometry, over, 0)
        chosen = np.take_along_axis(np.broadcast_to(places, seen.shape), order, axis=-1)
        return seen.max(axis=-1), chosen[..., 0]

    def flat_places(self, node: Node, x: Array) -> Array:
        """Return the index of each element in the whole input, in the order that `storage_order` names."""
        spatial = x.shape[2:]
        if node.get("storage_order"):
            inner = np.arange(int(np.prod(spatial)), dtype=np.int64).reshape(spatial[::-1]).T
        else:
            inner = np.arange(int(np.prod(spatial)), dtype=np.int64).reshape(spatial)
        planes = np.arange(x.shape[0] * x.shape[1], dtype=np.int64) * int(np.prod(spatial))
        return planes.reshape(*x.shape[:2], *[1] * len(spatial)) + inner

    def op_averagepool(self, node: Node, x: Array) -> Answer:
        geometry, over = self.pooled(node, x.shape[2:])
        total = self.pool_windows(x, geometry, over, 0).sum(axis=-1, dtype=x.dtype)
        plane = np.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
        return total / self.counted(node, plane, geometry, over)

    def counted(self, node: Node, plane: Array, geometry: Geometry, over: tuple[int, ...]) -> Array:
        """Return by how many elements the sum of each window is divided."""
        if node.get("count_include_pad"):
            plane = padded(plane, geometry.begins, geometry.ends, 1)
            none = (0,) * len(over)
            bare = Geometry(geometry.kernel, geometry.strides, geometry.dilations, none, none)
            return np.asarray(self.pool_windows(plane, bare, over, 0).sum(axis=-1))
        return np.asarray(self.pool_windows(plane, geometry, over, 0).sum(axis=-1))

    def op_globalaveragepool(self, node: Node, x: Array) -> Answer:
        return x.mean(axis=tuple(range(2, x.ndim)), keepdims=True, dtype=x.dtype)

    def op_globalmaxpool(self, node: Node, x: Array) -> Answer:
        return x.max(axis=tuple(range(2, x.ndim)), keepdims=True)
