"""Operators that read or write at indices (group `indexing`).

Not judged: what Gather takes at an index that rounding decides, elements that ScatterND without reduction
gets twice. Left out: other indices that depend on rounding, indices out of range, repeated ones with a
reduction, `NonZero` of NaN and of scalars. Serves `runtime` (RUN-NUM-01, RUN-NUM-03).
"""

from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.elementwise import product, total
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, one
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    Array,
    Interval,
    Undecidable,
    concrete,
    either,
    integers,
    joined,
    moved,
)

__all__ = [
    "gather",
    "gather_elements",
    "gather_nd",
    "non_zero",
    "one_hot",
    "scatter_nd",
]


def _places(indices: Array, length: int) -> Array:
    if indices.size and (int(indices.min()) < -length or int(indices.max()) >= length):
        raise Undecidable(f"an index out of the range of {length} elements")
    return np.where(indices < 0, indices + length, indices)


def gather(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Gather."""
    x, indices = one(inputs, 0), one(inputs, 1)
    axis = int(attributes.get("axis", 0)) % x.lo.ndim
    if indices.loose is not None or (indices.lo is not indices.hi and (indices.lo != indices.hi).any()):
        unsure = indices.lo != indices.hi
        unsure = unsure if indices.loose is None else unsure | indices.loose
        found = _taken(x, np.where(unsure, 0, indices.lo), axis)
        mask = unsure.reshape((*(1,) * axis, *unsure.shape, *(1,) * (x.lo.ndim - 1 - axis)))
        loose = either(found.loose, np.broadcast_to(mask, found.shape))
        return (Interval(found.datatype, found.lo, found.hi, loose),)
    return (_taken(x, indices.lo, axis),)


def _taken(x: Interval, indices: Array, axis: int) -> Interval:
    places = _places(indices, x.shape[axis])
    return moved(x, lambda values: np.asarray(np.take(values, places, axis=axis)))


def gather_elements(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """GatherElements."""
    x = one(inputs)
    axis = int(attributes.get("axis", 0)) % x.lo.ndim
    places = _places(concrete(one(inputs, 1), "the indices of GatherElements"), x.shape[axis])
    grid: list[Array] = list(np.indices(places.shape, sparse=True))
    grid[axis] = places
    return (moved(x, lambda values: values[tuple(grid)]),)


def _tuples(indices: Array, sizes: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(_places(indices[..., at], sizes[at]) for at in range(indices.shape[-1]))


def gather_nd(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """GatherND."""
    x = one(inputs)
    indices = concrete(one(inputs, 1), "the indices of GatherND")
    batch = int(attributes.get("batch_dims", 0))
    places = _tuples(indices, x.shape[batch:])
    shape = indices.shape[:-1]
    leading = tuple(
        np.arange(shape[axis]).reshape((-1, *(1,) * (len(shape) - 1 - axis))) for axis in range(batch)
    )
    return (moved(x, lambda values: values[(*leading, *places)]),)


def scatter_nd(attributes: Attributes, inputs: Inputs, opset: int) -> tuple[Interval, ...]:
    """ScatterND, with a reduction (opset 16) or without."""
    x, updates = one(inputs, 0), one(inputs, 2)
    indices = concrete(one(inputs, 1), "the indices of ScatterND")
    places = _tuples(indices, x.shape)
    count = np.zeros(x.shape[: len(places)], dtype=np.int64)
    np.add.at(count, places, 1)
    trailing = (1,) * (x.lo.ndim - len(places))
    often = np.broadcast_to((count > 1).reshape((*count.shape, *trailing)), x.shape)
    once = np.broadcast_to((count > 0).reshape((*count.shape, *trailing)), x.shape)
    reduction = attributes.get("reduction", "none")

    def place(target: Array, source: Array) -> Array:
        found = target.copy()
        found[places] = source
        return found

    new = joined([x, updates], lambda parts: place(parts[0], parts[1]))
    if reduction == "none":
        if often.any():
            return (Interval(new.datatype, new.lo, new.hi, either(new.loose, often), new.signed),)
        return (new,)
    if often.any():
        raise Undecidable(f"ScatterND with the reduction {reduction} and repeated indices")
    if reduction in ("max", "min"):
        from_both = _extreme(x, new, reduction, opset)
    else:
        from_both = (total if reduction == "add" else product)(x, new)
    lo = np.where(once, from_both.lo, x.lo)
    hi = lo if x.lo is x.hi and from_both.lo is from_both.hi else np.where(once, from_both.hi, x.hi)
    return (Interval(x.datatype, lo, hi, either(x.loose, from_both.loose)),)


def _extreme(a: Interval, b: Interval, reduction: str, _: int) -> Interval:
    operation: Any = np.maximum if reduction == "max" else np.minimum
    lo, hi = operation(a.lo, b.lo), operation(a.hi, b.hi)
    loose = either(a.loose, b.loose)
    if a.datatype in FORMATS and (unknown := np.isnan(lo)).any():
        loose = either(loose, unknown)
    return Interval(a.datatype, lo, hi, loose)


def non_zero(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """NonZero: the indices in row-major order, one row an axis."""
    x = one(inputs)
    values = concrete(x, "the input of NonZero")
    if values.ndim == 0 or (x.datatype in FORMATS and np.isnan(values).any()):
        raise Undecidable("NonZero of a scalar or of NaN")
    return (integers(np.stack(np.nonzero(values))),)


def one_hot(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """OneHot: indices out of range switch nothing on."""
    indices = concrete(one(inputs, 0), "the indices of OneHot")
    depth = int(concrete(one(inputs, 1), "the depth of OneHot").reshape(-1)[0])
    values = one(inputs, 2)
    axis = int(attributes.get("axis", -1))
    axis = axis + indices.ndim + 1 if axis < 0 else axis
    places = np.where(indices < 0, indices + depth, indices)
    steps = np.arange(depth).reshape((-1, *(1,) * (indices.ndim - axis)))
    hot = np.expand_dims(places, axis) == steps
    return (moved(values, lambda pair: np.where(hot, pair[1], pair[0])),)
