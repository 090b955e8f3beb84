"""Reductions, sums along an axis and the largest elements (Spec: RUN-OPS-06), one method an operator.

Owns their semantics on numpy arrays; leaves graphs to `engine_graph`. Serves `runtime`.
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node, positive

__all__ = ["Reductions"]


class Reductions:
    """Reduce*, ArgMax, ArgMin, CumSum and TopK."""

    def reduced(self, node: Node, x: Array, axes: Array | None, kind: str) -> Array:
        """Reduce along the axes that the attribute or the input names; along all where none is named."""
        named = node.get("axes") if axes is None else [int(axis) for axis in axes]
        if not named and node.get("noop_with_empty_axes"):
            return x.copy()
        chosen = tuple(positive(axis, x.ndim) for axis in named) if named else tuple(range(x.ndim))
        return np.asarray(getattr(self, f"{kind}_of")(x, chosen, bool(node.get("keepdims"))))

    def sum_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.sum(x, axis=axes, keepdims=keep, dtype=x.dtype))

    def mean_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        total = np.sum(x, axis=axes, keepdims=keep, dtype=x.dtype)
        count = int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))
        if x.dtype.kind == "f":
            return np.asarray(total / x.dtype.type(count))
        return np.asarray(np.trunc(total / count)).astype(x.dtype)

    def max_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.max(x, axis=axes, keepdims=keep, **_start(x, -1)))

    def min_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.min(x, axis=axes, keepdims=keep, **_start(x, 1)))

    def prod_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.prod(x, axis=axes, keepdims=keep, dtype=x.dtype))

    def l2_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.sqrt(np.sum(np.square(x), axis=axes, keepdims=keep, dtype=x.dtype))).astype(
            x.dtype
        )

    def op_reducesum(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "sum")

    def op_reducemean(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "mean")

    def op_reducemax(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "max")

    def op_reducemin(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "min")

    def op_reduceprod(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "prod")

    def op_reducel2(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return self.reduced(node, x, axes, "l2")

    def op_argmax(self, node: Node, x: Array) -> Answer:
        return self.position(node, x, np.argmax)

    def op_argmin(self, node: Node, x: Array) -> Answer:
        return self.position(node, x, np.argmin)

    def position(self, node: Node, x: Array, find: Any) -> Array:
        """Return where the extreme is: the first of equal ones, or the last if the node says so."""
        axis = positive(node.get("axis"), x.ndim)
        if node.get("select_last_index"):
            found = x.shape[axis] - 1 - find(np.flip(x, axis), axis=axis, keepdims=True)
        else:
            found = find(x, axis=axis, keepdims=True)
        return np.asarray(found if node.get("keepdims") else found.squeeze(axis)).astype(np.int64)

    def op_cumsum(self, node: Node, x: Array, axis: Array) -> Answer:
        along = positive(int(axis.reshape(-1)[0]), x.ndim)
        given = np.flip(x, along) if node.get("reverse") else x
        found = np.cumsum(given, axis=along, dtype=x.dtype)
        if node.get("exclusive"):
            first = np.zeros_like(np.take(found, [0] if found.shape[along] else [], axis=along))
            found = np.concatenate(
                [first, np.delete(found, -1, axis=along)] if first.size else [found], along
            )
        return np.flip(found, along) if node.get("reverse") else found

    def op_topk(self, node: Node, x: Array, count: Array) -> Answer:
        axis = positive(node.get("axis"), x.ndim)
        if node.get("largest"):
            backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
            order = np.flip(x.shape[axis] - 1 - backwards, axis)
        else:
            order = np.argsort(x, axis=axis, kind="stable")
        chosen = np.take(order, range(int(count.reshape(-1)[0])), axis=axis)
        return np.take_along_axis(x, chosen, axis=axis), chosen.astype(np.int64)


def _start(x: Array, sign: int) -> dict[str, Any]:
    """Return what an extreme over nothing is, for numpy: it is asked only where there is nothing."""
    if x.size:
        return {}
    if x.dtype.kind == "f":
        return {"initial": x.dtype.type(sign * np.inf)}
    if x.dtype.kind == "b":
        return {"initial": sign > 0}
    limits = np.iinfo(x.dtype)
    return {"initial": limits.max if sign > 0 else limits.min}
