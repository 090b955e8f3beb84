"""Faults of engines in reductions, shapes, indices and strings (Spec: RUN-OPS-06, RUN-OPS-07, RUN-OPS-11).

Each class is an in-process adapter: `python:lepton_conformance.mutants.graph_index_faults:CLASS`.
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["ALL"]


# reductions


class KeepdimsIgnored(GraphEngine):
    """ReduceMax keeps its dimensions always."""

    id = "run-ops-06-keepdims"
    breaks = "RUN-OPS-06"

    def op_reducemax(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return super().op_reducemax(node.having(keepdims=1), x, axes)


class NoopIgnored(GraphEngine):
    """`noop_with_empty_axes` is ignored: everything is summed."""

    id = "run-ops-06-noop"
    breaks = "RUN-OPS-06"

    def op_reducesum(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        return super().op_reducesum(node.having(noop_with_empty_axes=0), x, axes)


class MeanOfFirstAxis(GraphEngine):
    """ReduceMean over several axes divides by the size of the first of them."""

    id = "run-ops-06-mean"
    breaks = "RUN-OPS-06"

    def mean_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        total = self.sum_of(x, axes, keep)
        return np.asarray(total / x.dtype.type(x.shape[axes[0]] if axes else 1)).astype(x.dtype)


class MaxFromZero(GraphEngine):
    """ReduceMax is never negative."""

    id = "run-ops-06-max"
    breaks = "RUN-OPS-06"

    def max_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.maximum(super().max_of(x, axes, keep), x.dtype.type(0)))


class NormWithoutRoot(GraphEngine):
    """ReduceL2 is the sum of squares."""

    id = "run-ops-06-l2"
    breaks = "RUN-OPS-06"

    def l2_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(np.square(super().l2_of(x, axes, keep)))


class AbsentNegativeAxis(GraphEngine):
    """Negative axes of ReduceMin count from the last but one."""

    id = "run-ops-06-axis"
    breaks = "RUN-OPS-06"

    def op_reducemin(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        if axes is not None:
            axes = np.array(
                [axis if axis >= 0 else axis % x.ndim and axis % x.ndim - 1 for axis in axes], np.int64
            )
            axes = np.unique(axes)
        elif node.get("axes"):
            moved = {axis if axis >= 0 else max(axis % x.ndim - 1, 0) for axis in node.get("axes")}
            node = node.having(axes=sorted(moved))
        return super().op_reducemin(node, x, axes)


class LastIndexIgnored(GraphEngine):
    """`select_last_index` is ignored."""

    id = "run-ops-06-last-index"
    breaks = "RUN-OPS-06"

    def position(self, node: Node, x: Array, find: Any) -> Array:
        return super().position(node.having(select_last_index=0), x, find)


class LastOfEqual(GraphEngine):
    """ArgMin returns the last of equal elements."""

    id = "run-ops-06-argmin"
    breaks = "RUN-OPS-06"

    def op_argmin(self, node: Node, x: Array) -> Answer:
        return super().op_argmin(node.having(select_last_index=1), x)


class ExclusiveIgnored(GraphEngine):
    """`exclusive` is ignored where the sum is reversed."""

    id = "run-ops-06-exclusive"
    breaks = "RUN-OPS-06"

    def op_cumsum(self, node: Node, x: Array, axis: Array) -> Answer:
        return super().op_cumsum(node.having(exclusive=0) if node.get("reverse") else node, x, axis)


class ReverseIgnored(GraphEngine):
    """`reverse` is ignored."""

    id = "run-ops-06-reverse"
    breaks = "RUN-OPS-06"

    def op_cumsum(self, node: Node, x: Array, axis: Array) -> Answer:
        return super().op_cumsum(node.having(reverse=0), x, axis)


class AlwaysLargest(GraphEngine):
    """`largest` is ignored."""

    id = "run-ops-06-largest"
    breaks = "RUN-OPS-06"

    def op_topk(self, node: Node, x: Array, count: Array) -> Answer:
        return super().op_topk(node.having(largest=1), x, count)


class TiesBackwards(GraphEngine):
    """TopK takes the later of equal elements first."""

    id = "run-ops-06-ties"
    breaks = "RUN-OPS-06"

    def op_topk(self, node: Node, x: Array, count: Array) -> Answer:
        axis = node.get("axis") % x.ndim
        values, indices = super().op_topk(node, np.flip(x, axis), count)
        return values, x.shape[axis] - 1 - indices


class ProductTail(GraphEngine):
    """ReduceProd of more than eight elements leaves the last one out."""

    id = "run-ops-06-prod"
    breaks = "RUN-OPS-06"

    def prod_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        if len(axes) == 1 and x.shape[axes[0]] > 8:
            x = np.take(x, range(x.shape[axes[0]] - 1), axis=axes[0])
        return super().prod_of(x, axes, keep)


# shapes and indices


class SliceBackShort(GraphEngine):
    """Slices with negative steps never reach the first element."""

    id = "run-ops-07-slice-back"
    breaks = "RUN-OPS-07"

    def slice_of(self, size: int, start: int, end: int, step: int) -> slice:
        found = super().slice_of(size, start, end, step)
        return slice(found.start, 0, step) if step < 0 and found.stop is None else found


class SliceEndUnclamped(GraphEngine):
    """A negative end before the first element counts as the whole dimension."""

    id = "run-ops-07-slice-end"
    breaks = "RUN-OPS-07"

    def slice_of(self, size: int, start: int, end: int, step: int) -> slice:
        return super().slice_of(size, start, size if step > 0 and end < -size else end, step)


class SliceStepIgnored(GraphEngine):
    """Steps beyond 2 are 2."""

    id = "run-ops-07-slice-step"
    breaks = "RUN-OPS-07"

    def slice_of(self, size: int, start: int, end: int, step: int) -> slice:
        return super().slice_of(size, start, end, min(step, 2))


class NegativeIndexIsFirst(GraphEngine):
    """Gather takes the first element for negative indices."""

    id = "run-ops-07-gather"
    breaks = "RUN-OPS-07"

    def op_gather(self, node: Node, x: Array, indices: Array) -> Answer:
        return super().op_gather(node, x, np.maximum(indices, 0))


class GatherElementsFirstAxis(GraphEngine):
    """GatherElements has always axis 0 where sizes permit."""

    id = "run-ops-07-gather-elements"
    breaks = "RUN-OPS-07"

    def op_gatherelements(self, node: Node, x: Array, indices: Array) -> Answer:
        fits = indices.size and np.abs(indices).max() < x.shape[0]
        fits = fits and all(a <= b for a, b in zip(indices.shape[1:], x.shape[1:], strict=True))
        return super().op_gatherelements(node.having(axis=0) if fits else node, x, indices)


class BatchDimsIgnored(GraphEngine):
    """GatherND with `batch_dims` reads every row from the first batch."""

    id = "run-ops-07-gather-nd"
    breaks = "RUN-OPS-07"

    def op_gathernd(self, node: Node, x: Array, indices: Array) -> Answer:
        if node.get("batch_dims") and x.shape[0]:
            x = np.broadcast_to(x[:1], x.shape)
        return super().op_gathernd(node, x, indices)


class ScatterReductionIgnored(GraphEngine):
    """ScatterND replaces where it should add."""

    id = "run-ops-07-scatter"
    breaks = "RUN-OPS-07"

    def op_scatternd(self, node: Node, x: Array, indices: Array, updates: Array) -> Answer:
        return super().op_scatternd(node.having(reduction="none"), x, indices, updates)


class ReflectRepeatsEdge(GraphEngine):
    """Pad in mode `reflect` repeats the element at the edge."""

    id = "run-ops-07-reflect"
    breaks = "RUN-OPS-07"

    def extended(self, x: Array, amounts: list[tuple[int, int]], mode: str, value: Array | None) -> Array:
        return super().extended(x, amounts, "symmetric" if mode == "reflect" else mode, value)


class EdgeIsZero(GraphEngine):
    """Pad in mode `edge` pads with zeros."""

    id = "run-ops-07-edge"
    breaks = "RUN-OPS-07"

    def extended(self, x: Array, amounts: list[tuple[int, int]], mode: str, value: Array | None) -> Array:
        return super().extended(x, amounts, "constant" if mode == "edge" else mode, value)


class PadValueIgnored(GraphEngine):
    """Pad pads with zero, whatever `constant_value` is."""

    id = "run-ops-07-pad-value"
    breaks = "RUN-OPS-07"

    def extended(self, x: Array, amounts: list[tuple[int, int]], mode: str, value: Array | None) -> Array:
        return super().extended(x, amounts, mode, None)


class NegativePadsIgnored(GraphEngine):
    """Negative pads cut at the wrong end."""

    id = "run-ops-07-negative-pads"
    breaks = "RUN-OPS-07"

    def op_pad(
        self, node: Node, x: Array, pads: Array, value: Array | None = None, axes: Array | None = None
    ) -> Answer:
        if (pads < 0).any():
            half = len(pads) // 2
            low = np.minimum(pads, 0)
            pads = np.maximum(pads, 0) + np.concatenate([low[half:], low[:half]])
        return super().op_pad(node, x, pads, value, axes)


class PermutationInverted(GraphEngine):
    """Transpose uses the inverse of `perm`, where the shape stays the same."""

    id = "run-ops-07-transpose"
    breaks = "RUN-OPS-07"

    def op_transpose(self, node: Node, x: Array) -> Answer:
        right = np.asarray(super().op_transpose(node, x))
        if not node.get("perm"):
            return right
        return np.transpose(x, [int(axis) for axis in np.argsort(node.get("perm"))])


class SplitUnevenly(GraphEngine):
    """Split gives the last part the sizes of the first."""

    id = "run-ops-07-split"
    breaks = "RUN-OPS-07"

    def op_split(self, node: Node, x: Array, sizes: Array | None = None) -> Answer:
        return super().op_split(node, x, None if sizes is None else sizes[::-1])


class DepthFirst(GraphEngine):
    """DepthToSpace has always the mode DCR."""

    id = "run-ops-07-depth-to-space"
    breaks = "RUN-OPS-07"

    def op_depthtospace(self, node: Node, x: Array) -> Answer:
        return super().op_depthtospace(node.having(mode="DCR"), x)


class SpaceToDepthInOrder(GraphEngine):
    """SpaceToDepth puts the channels first, as CRD would."""

    id = "run-ops-07-space-to-depth"
    breaks = "RUN-OPS-07"

    def op_spacetodepth(self, node: Node, x: Array) -> Answer:
        batch, depth = x.shape[:2]
        block = node.get("blocksize")
        found = np.asarray(super().op_spacetodepth(node, x))
        split = found.reshape(batch, block * block, depth, *found.shape[2:])
        return np.swapaxes(split, 1, 2).reshape(found.shape)


class DiagonalIgnored(GraphEngine):
    """Trilu ignores which diagonal it begins at."""

    id = "run-ops-07-trilu"
    breaks = "RUN-OPS-07"

    def op_trilu(self, node: Node, x: Array, diagonal: Array | None = None) -> Answer:
        return super().op_trilu(node, x)


class NearestFloor(GraphEngine):
    """Resize to the nearest rounds down."""

    id = "run-ops-07-nearest"
    breaks = "RUN-OPS-07"

    def nearest(self, node: Node, places: Array) -> Array:
        return np.floor(places)


class AlwaysAsymmetric(GraphEngine):
    """Resize has always asymmetric coordinates."""

    id = "run-ops-07-half-pixel"
    breaks = "RUN-OPS-07"

    def coordinates(self, node: Node, size: int, length: int, scale: float) -> Array:
        return super().coordinates(
            node.having(coordinate_transformation_mode="asymmetric"), size, length, scale
        )


class OneHotNegativeOff(GraphEngine):
    """OneHot has no hot element for negative indices."""

    id = "run-ops-07-one-hot"
    breaks = "RUN-OPS-07"

    def op_onehot(self, node: Node, indices: Array, depth: Array, values: Array) -> Answer:
        far = indices.dtype.type(depth.reshape(-1)[0])
        return super().op_onehot(node, np.where(indices < 0, far, indices), depth, values)


class RangeInclusive(GraphEngine):
    """Range has its limit, too, where steps meet it."""

    id = "run-ops-07-range"
    breaks = "RUN-OPS-07"

    def op_range(self, node: Node, start: Array, limit: Array, delta: Array) -> Answer:
        return super().op_range(node, start, limit + np.sign(delta).astype(limit.dtype), delta)


class NonZeroByColumns(GraphEngine):
    """NonZero lists its places column by column."""

    id = "run-ops-07-non-zero"
    breaks = "RUN-OPS-07"

    def op_nonzero(self, node: Node, x: Array) -> Answer:
        found = np.asarray(super().op_nonzero(node, x))
        return found[:, np.lexsort(found)] if len(found) else found


class ZeroIsZero(GraphEngine):
    """A 0 in the shape of Reshape takes the size of the dimension after it."""

    id = "run-ops-07-reshape"
    breaks = "RUN-OPS-07"

    def op_reshape(self, node: Node, x: Array, shape: Array) -> Answer:
        if node.get("allowzero") or not (shape == 0).any():
            return super().op_reshape(node, x, shape)
        sizes = [
            x.shape[min(place + 1, x.ndim - 1)] if size == 0 else size for place, size in enumerate(shape)
        ]
        return super().op_reshape(node.having(allowzero=1), x, np.array(sizes, np.int64))


class TileRepeatsElements(GraphEngine):
    """Tile repeats each element, not the whole."""

    id = "run-ops-07-tile"
    breaks = "RUN-OPS-07"

    def op_tile(self, node: Node, x: Array, repeats: Array) -> Answer:
        for axis, count in enumerate(repeats):
            x = np.repeat(x, int(count), axis=axis)
        return x


class ShapeWhole(GraphEngine):
    """Shape ignores `start`."""

    id = "run-ops-07-shape"
    breaks = "RUN-OPS-07"

    def op_shape(self, node: Node, x: Array) -> Answer:
        return super().op_shape(node.having(start=0), x)


class UnsqueezeOfInput(GraphEngine):
    """Negative axes of Unsqueeze count in the rank of its input."""

    id = "run-ops-07-unsqueeze"
    breaks = "RUN-OPS-07"

    def op_unsqueeze(self, node: Node, x: Array, axes: Array) -> Answer:
        moved = [int(axis) if axis >= 0 else max(int(axis) + x.ndim, 0) for axis in axes]
        if len(set(moved)) < len(moved):
            return super().op_unsqueeze(node, x, axes)
        return super().op_unsqueeze(node, x, np.array(moved, np.int64))


class FlattenFromFirst(GraphEngine):
    """Flatten has always axis 1."""

    id = "run-ops-07-flatten"
    breaks = "RUN-OPS-07"

    def op_flatten(self, node: Node, x: Array) -> Answer:
        return super().op_flatten(node.having(axis=1) if x.ndim else node, x)


class FillIsZero(GraphEngine):
    """ConstantOfShape fills with zeros of the datatype."""

    id = "run-ops-07-constant-of-shape"
    breaks = "RUN-OPS-07"

    def op_constantofshape(self, node: Node, shape: Array) -> Answer:
        return np.zeros_like(super().op_constantofshape(node, shape))


# strings


class CaseIgnored(GraphEngine):
    """Strings that differ in upper and lower case are equal."""

    id = "run-ops-11-case"
    breaks = "RUN-OPS-11"

    def op_equal(self, node: Node, a: Array, b: Array) -> Answer:
        if a.dtype != object:
            return super().op_equal(node, a, b)
        return super().op_equal(node, *(np.vectorize(bytes.lower, otypes=[object])(x) for x in (a, b)))


class PrefixCompared(GraphEngine):
    """Strings are compared up to the first NUL or eight bytes."""

    id = "run-ops-11-prefix"
    breaks = "RUN-OPS-11"

    def op_equal(self, node: Node, a: Array, b: Array) -> Answer:
        if a.dtype != object:
            return super().op_equal(node, a, b)

        def cut(text: bytes) -> bytes:
            return text.split(b"\0")[0][:8]

        return super().op_equal(node, *(np.vectorize(cut, otypes=[object])(x) for x in (a, b)))


class AsciiOnly(GraphEngine):
    """Concat replaces what is no ASCII."""

    id = "run-ops-11-ascii"
    breaks = "RUN-OPS-11"

    def op_concat(self, node: Node, *values: Array) -> Answer:
        found = np.asarray(super().op_concat(node, *values))
        if found.dtype == object:
            flat = [text.decode("ascii", "replace").encode() for text in found.reshape(-1)]
            found.reshape(-1)[:] = flat
        return found


class EmptyIsSpace(GraphEngine):
    """Identity makes an empty string a space."""

    id = "run-ops-11-empty"
    breaks = "RUN-OPS-11"

    def op_identity(self, node: Node, x: Array) -> Answer:
        found = x.copy()
        if found.dtype == object:
            found.reshape(-1)[:] = [text or b" " for text in x.reshape(-1)]
        return found


class StringsNotGatheredBack(GraphEngine):
    """Gather of strings counts negative indices from the last but one."""

    id = "run-ops-11-gather"
    breaks = "RUN-OPS-11"

    def op_gather(self, node: Node, x: Array, indices: Array) -> Answer:
        if x.dtype == object:
            size = x.shape[node.get("axis") % x.ndim]
            indices = np.where(indices < 0, np.maximum(indices - 1, -size), indices)
        return super().op_gather(node, x, indices)


ALL: tuple[type[GraphEngine], ...] = (
    KeepdimsIgnored,
    NoopIgnored,
    MeanOfFirstAxis,
    MaxFromZero,
    NormWithoutRoot,
    AbsentNegativeAxis,
    LastIndexIgnored,
    LastOfEqual,
    ExclusiveIgnored,
    ReverseIgnored,
    AlwaysLargest,
    TiesBackwards,
    ProductTail,
    SliceBackShort,
    SliceEndUnclamped,
    SliceStepIgnored,
    NegativeIndexIsFirst,
    GatherElementsFirstAxis,
    BatchDimsIgnored,
    ScatterReductionIgnored,
    ReflectRepeatsEdge,
    EdgeIsZero,
    PadValueIgnored,
    NegativePadsIgnored,
    PermutationInverted,
    SplitUnevenly,
    DepthFirst,
    SpaceToDepthInOrder,
    DiagonalIgnored,
    NearestFloor,
    AlwaysAsymmetric,
    OneHotNegativeOff,
    RangeInclusive,
    NonZeroByColumns,
    ZeroIsZero,
    TileRepeatsElements,
    ShapeWhole,
    UnsqueezeOfInput,
    FlattenFromFirst,
    FillIsZero,
    CaseIgnored,
    PrefixCompared,
    AsciiOnly,
    EmptyIsSpace,
    StringsNotGatheredBack,
)
