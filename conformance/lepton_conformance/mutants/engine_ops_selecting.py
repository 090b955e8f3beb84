"""Operators that choose, place and repeat elements (Spec: RUN-OPS-07), one method each.

Owns their semantics on numpy arrays; leaves those that change shapes alone to `engine_ops_shaping`. Serves
`runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node, positive

__all__ = ["Selecting"]

_REDUCTIONS = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


class Selecting:
    """Slice, Gather*, ScatterND, Pad, NonZero and OneHot."""

    def op_slice(
        self,
        node: Node,
        x: Array,
        starts: Array,
        ends: Array,
        axes: Array | None = None,
        steps: Array | None = None,
    ) -> Answer:
        along = range(len(starts)) if axes is None else [positive(int(axis), x.ndim) for axis in axes]
        strides = [1] * len(starts) if steps is None else [int(step) for step in steps]
        places = [slice(None)] * x.ndim
        for axis, start, end, step in zip(along, starts, ends, strides, strict=True):
            places[axis] = self.slice_of(x.shape[axis], int(start), int(end), step)
        return x[tuple(places)].copy()

    def slice_of(self, size: int, start: int, end: int, step: int) -> slice:
        """Return the slice after counting from the back and clamping, as the operator's text says."""
        start, end = (place + size if place < 0 else place for place in (start, end))
        if step > 0:
            return slice(min(max(start, 0), size), min(max(end, 0), size), step)
        start, end = min(max(start, 0), size - 1), min(max(end, -1), size - 1)
        return slice(start, end if end >= 0 else None, step) if size else slice(0, 0, step)

    def places(self, indices: Array, size: int) -> Array:
        """Return indices counted from the front."""
        return np.where(indices < 0, indices + size, indices).astype(np.int64)

    def op_gather(self, node: Node, x: Array, indices: Array) -> Answer:
        axis = positive(node.get("axis"), x.ndim)
        return np.take(x, self.places(indices, x.shape[axis]), axis=axis)

    def op_gatherelements(self, node: Node, x: Array, indices: Array) -> Answer:
        axis = positive(node.get("axis"), x.ndim)
        grid: list[Array] = list(np.indices(indices.shape, sparse=True))
        grid[axis] = self.places(indices, x.shape[axis])
        return x[tuple(grid)]

    def op_gathernd(self, node: Node, x: Array, indices: Array) -> Answer:
        batch = node.get("batch_dims")
        lead, width = x.shape[:batch], indices.shape[-1]
        flat = int(np.prod(lead, dtype=np.int64))
        rest = x.shape[batch + width :]
        middle = indices.shape[batch:-1]
        rows = x.reshape(flat, *x.shape[batch:])
        wanted = indices.reshape(flat, int(np.prod(middle, dtype=np.int64)), width)
        found = np.empty((flat, wanted.shape[1], *rest), dtype=x.dtype)
        for row in range(flat):
            found[row] = rows[row][self.tuples(wanted[row], x.shape[batch : batch + width])]
        return found.reshape(*lead, *middle, *rest)

    def tuples(self, indices: Array, sizes: tuple[int, ...]) -> tuple[Array, ...]:
        """Return, for each dimension, where the tuples of indices point."""
        return tuple(self.places(indices[..., place], size) for place, size in enumerate(sizes))

    def op_scatternd(self, node: Node, x: Array, indices: Array, updates: Array) -> Answer:
        found = x.copy()
        width = indices.shape[-1]
        wanted = indices.reshape(-1, width) if width else indices.reshape(-1, 0)
        rows = updates.reshape(len(wanted), *x.shape[width:])
        target = self.tuples(wanted, x.shape[:width])
        reduction = node.get("reduction", "none")
        for row in range(len(wanted)):
            place = tuple(int(index[row]) for index in target)
            found[place] = (
                rows[row] if reduction == "none" else _REDUCTIONS[reduction](found[place], rows[row])
            )
        return found

    def op_nonzero(self, node: Node, x: Array) -> Answer:
        return np.array(np.nonzero(x), dtype=np.int64).reshape(x.ndim, -1)

    def op_onehot(self, node: Node, indices: Array, depth: Array, values: Array) -> Answer:
        size = int(depth.reshape(-1)[0])
        axis = positive(node.get("axis"), indices.ndim + 1)
        wanted = np.expand_dims(np.where(indices < 0, indices + size, indices), axis)
        form = [1] * (indices.ndim + 1)
        form[axis] = size
        hit = wanted == np.arange(size).reshape(form)
        return np.where(hit, values[1], values[0]).astype(values.dtype)

    def op_pad(
        self,
        node: Node,
        x: Array,
        pads: Array,
        value: Array | None = None,
        axes: Array | None = None,
    ) -> Answer:
        along = range(x.ndim) if axes is None else [positive(int(axis), x.ndim) for axis in axes]
        amounts = [(0, 0)] * x.ndim
        for place, axis in enumerate(along):
            amounts[axis] = (int(pads[place]), int(pads[place + len(pads) // 2]))
        cut = tuple(
            slice(max(0, -before), size - max(0, -after))
            for size, (before, after) in zip(x.shape, amounts, strict=True)
        )
        added = [(max(0, before), max(0, after)) for before, after in amounts]
        return self.extended(x[cut], added, node.get("mode"), value)

    def extended(self, x: Array, amounts: list[tuple[int, int]], mode: str, value: Array | None) -> Array:
        """Return the input with elements added before and after each dimension."""
        if mode != "constant":
            return np.pad(x, amounts, mode=mode)  # type: ignore[call-overload,no-any-return]
        nothing = b"" if x.dtype == object else x.dtype.type(0)
        shape = [size + before + after for size, (before, after) in zip(x.shape, amounts, strict=True)]
        found = np.full(shape, nothing if value is None else value.reshape(-1)[0], dtype=x.dtype)
        found[tuple(slice(b, b + size) for size, (b, _) in zip(x.shape, amounts, strict=True))] = x
        return found
