"""Resize, nearest and linear (Spec: RUN-OPS-07).

Owns its coordinates and weights; what it lacks it refuses as not supported. Serves `runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node, positive

__all__ = ["Resizing"]


class Resizing:
    """One dimension after the other: both interpolations are products of those of a dimension."""

    def op_resize(
        self,
        node: Node,
        x: Array,
        roi: Array | None = None,
        scales: Array | None = None,
        sizes: Array | None = None,
    ) -> Answer:
        if node.get("antialias") or node.get("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise NotImplementedError("Resize with antialias or an aspect ratio is not supported")
        axes = [positive(axis, x.ndim) for axis in node.get("axes") or range(x.ndim)]
        found = x
        for place, axis in enumerate(axes):
            size = x.shape[axis]
            if sizes is not None and sizes.size:
                length = int(sizes[place])
                scale = length / size if size else 1.0
            else:
                assert scales is not None
                scale = float(scales[place])
                length = int(np.floor(size * scale))
            if length != size or scale != 1.0:
                found = self.resized(node, found, axis, length, scale)
        return found.copy()

    def resized(self, node: Node, x: Array, axis: int, length: int, scale: float) -> Array:
        """Return the input with one dimension resized."""
        size = x.shape[axis]
        places = self.coordinates(node, size, length, scale)
        if node.get("mode") == "nearest":
            chosen = self.nearest(node, places).clip(0, size - 1).astype(np.int64)
            return np.asarray(np.take(x, chosen, axis=axis))
        if node.get("mode") != "linear":
            raise NotImplementedError(f"Resize in mode {node.get('mode')} is not supported")
        low = np.floor(places)
        form = [1] * x.ndim
        form[axis] = length
        weight = (places - low).astype(x.dtype).reshape(form)
        before = np.take(x, low.clip(0, size - 1).astype(np.int64), axis=axis)
        after = np.take(x, (low + 1).clip(0, size - 1).astype(np.int64), axis=axis)
        return np.asarray(before * (x.dtype.type(1) - weight) + after * weight)

    def coordinates(self, node: Node, size: int, length: int, scale: float) -> Array:
        """Return where each element of the output lies in the input."""
        places = np.arange(length, dtype=np.float64)
        mode = node.get("coordinate_transformation_mode")
        if mode == "asymmetric":
            return places / scale
        if mode == "align_corners":
            return places * (size - 1) / (length - 1) if length > 1 else places * 0
        if mode == "half_pixel" or (mode == "pytorch_half_pixel" and length > 1):
            return (places + 0.5) / scale - 0.5
        if mode == "pytorch_half_pixel":
            return places * 0
        raise NotImplementedError(f"Resize with coordinates {mode} is not supported")

    def nearest(self, node: Node, places: Array) -> Array:
        """Return the whole number that the node chooses for each coordinate."""
        mode = node.get("nearest_mode")
        if mode == "floor":
            return np.floor(places)
        if mode == "ceil":
            return np.ceil(places)
        if mode == "round_prefer_ceil":
            return np.floor(places + 0.5)
        return np.ceil(places - 0.5)
