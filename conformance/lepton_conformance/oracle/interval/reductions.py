"""Reductions, positions of extremes, running sums and TopK (group `reductions`).

Not judged: the mean and the extremes of nothing, extremes and positions among NaN, positions where
rounding decides, the order of TopK with `sorted` 0, products and norms that may leave the range on the
way. ReduceL2 of integers is left out. Serves `runtime` (RUN-NUM-02).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.dense import sum_of_products
from lepton_conformance.oracle.interval.rounding import GUARD, gamma, midpoint, operand, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, across, hull, one, optional
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Array,
    Interval,
    Undecidable,
    concrete,
    either,
)

__all__ = [
    "arg_max",
    "arg_min",
    "cumulative_sum",
    "reduce_l2",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "top_k",
]


def _axes(attributes: Attributes, inputs: Inputs, rank: int) -> tuple[int, ...] | None:
    """Return the axes to reduce, from the attribute or from the input; None: the operator does nothing."""
    axes = attributes.get("axes")
    if (value := optional(inputs, 1)) is not None:
        axes = concrete(value, "the axes of a reduction").reshape(-1).tolist()
    if not axes:
        return None if attributes.get("noop_with_empty_axes", 0) else tuple(range(rank))
    return tuple(sorted({int(axis) % rank for axis in axes}))


def _any(x: Interval, axes: tuple[int, ...], keep: bool) -> Array | None:
    return across(x.loose, axes, keep)


def _summed(attributes: Attributes, inputs: Inputs, mean: bool) -> tuple[Interval, ...]:
    x = one(inputs)
    axes = _axes(attributes, inputs, x.lo.ndim)
    if axes is None:
        return (x,)
    keep = bool(attributes.get("keepdims", 1))
    terms = math.prod(x.shape[axis] for axis in axes)
    loose = _any(x, axes, keep)
    if x.datatype not in FORMATS:
        return (_whole_sum(x, axes, keep, terms if mean else 0, loose),)
    middle, radius = midpoint(x)
    share = 1.0 / terms if mean and terms else 1.0
    value = np.asarray(middle.sum(axis=axes, keepdims=keep)) * share
    if mean and terms == 0:
        return (Interval(x.datatype, value, value, np.ones(value.shape, dtype=np.bool_)),)
    size = np.asarray(np.abs(middle).sum(axis=axes, keepdims=keep)) * share
    spread = None if radius is None else np.asarray(radius.sum(axis=axes, keepdims=keep)) * share
    if mean and x.lo.size and not float(size.max()) * terms <= FORMATS[x.datatype].largest / 4:
        over = np.isfinite(value) & ~(size * terms <= FORMATS[x.datatype].largest / 4)
        loose = either(loose, over) if over.any() else loose
    return (sum_of_products(x.datatype, max(terms, 1), (value, size, spread), None, loose, 2 * mean),)


def _whole_sum(x: Interval, axes: tuple[int, ...], keep: bool, count: int, loose: Array | None) -> Interval:
    if count:
        raise Undecidable("ReduceMean of integers")
    lo = np.asarray(x.lo.sum(axis=axes, keepdims=keep))
    hi = lo if x.lo is x.hi else np.asarray(x.hi.sum(axis=axes, keepdims=keep))
    rough = np.asarray(np.abs(x.lo.astype(np.float64)).sum(axis=axes, keepdims=keep))
    over = rough > float(INTEGERS[x.datatype][1])
    return Interval(x.datatype, lo, hi, either(loose, over) if over.any() else loose)


def reduce_sum(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceSum."""
    return _summed(attributes, inputs, False)


def reduce_mean(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceMean."""
    return _summed(attributes, inputs, True)


def _extreme(attributes: Attributes, inputs: Inputs, operation: Any) -> tuple[Interval, ...]:
    x = one(inputs)
    axes = _axes(attributes, inputs, x.lo.ndim)
    if axes is None:
        return (x,)
    keep = bool(attributes.get("keepdims", 1))
    loose = _any(x, axes, keep)
    if math.prod(x.shape[axis] for axis in axes) == 0:
        blank = np.asarray(x.lo.sum(axis=axes, keepdims=keep)).astype(x.lo.dtype)
        return (Interval(x.datatype, blank, blank, np.ones(blank.shape, dtype=np.bool_)),)
    lo = np.asarray(operation.reduce(x.lo, axis=axes, keepdims=keep))
    hi = lo if x.lo is x.hi else np.asarray(operation.reduce(x.hi, axis=axes, keepdims=keep))
    if x.datatype in FORMATS:
        unknown = np.isnan(lo)
        loose = either(loose, unknown) if unknown.any() else loose
    return (Interval(x.datatype, lo, hi, loose),)


def reduce_max(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceMax."""
    return _extreme(attributes, inputs, np.maximum)


def reduce_min(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceMin."""
    return _extreme(attributes, inputs, np.minimum)


def reduce_prod(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceProd: one rounding a factor."""
    x = one(inputs)
    axes = _axes(attributes, inputs, x.lo.ndim)
    if axes is None:
        return (x,)
    keep = bool(attributes.get("keepdims", 1))
    loose = _any(x, axes, keep)
    terms = math.prod(x.shape[axis] for axis in axes)
    whole = x.datatype not in FORMATS
    size = np.maximum(np.abs(x.lo), np.abs(x.hi)).astype(np.float64 if whole else x.lo.dtype)
    largest = float(INTEGERS[x.datatype][1]) if whole else FORMATS[x.datatype].largest
    reach = np.asarray(np.maximum(size, 1).prod(axis=axes, keepdims=keep))
    unsure = ~(reach <= largest / 4) & np.isfinite(size).all(axis=axes, keepdims=keep)
    if not whole:
        least = np.asarray(np.where(size > 0, np.minimum(size, 1), 1).prod(axis=axes, keepdims=keep))
        unsure = unsure | (least < FORMATS[x.datatype].tiny)
    loose = either(loose, unsure) if unsure.any() else loose
    if whole:
        values = np.asarray(concrete(x, "a product of integers").prod(axis=axes, keepdims=keep))
        return (Interval(x.datatype, values, values, loose),)
    lo, hi = operand(x)
    if lo is hi:
        low = high = np.asarray(lo.prod(axis=axes, keepdims=keep))
    else:
        low, high, unlike = _product_range(lo, hi, axes)
        shape = reach.shape
        low, high = low.reshape(shape), high.reshape(shape)
        loose = either(loose, None if unlike is None else unlike.reshape(shape))
    bound = GUARD * gamma(terms, FORMATS[x.datatype].unit)
    allowance = bound * np.maximum(np.abs(low), np.abs(high))
    return (settle(x.datatype, low, high, allowance, loose),)


def _product_range(lo: Array, hi: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array | None]:
    rest = tuple(axis for axis in range(lo.ndim) if axis not in axes)
    shape = tuple(lo.shape[axis] for axis in rest)
    low_parts = lo.transpose((*axes, *rest)).reshape(-1, *shape)
    high_parts = hi.transpose((*axes, *rest)).reshape(-1, *shape)
    low = high = np.ones(shape, dtype=lo.dtype)
    loose: Array | None = None
    for a, b in zip(low_parts, high_parts, strict=True):
        low, high, unlike = hull(low * a, low * b, high * a, high * b)
        loose = either(loose, unlike)
    return low, high, loose


def reduce_l2(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ReduceL2: the root halves the error of the sum of squares; it moves no more than its elements do."""
    x = one(inputs)
    axes = _axes(attributes, inputs, x.lo.ndim)
    if x.datatype not in FORMATS:
        raise Undecidable("ReduceL2 of integers")
    if axes is None:
        raise Undecidable("ReduceL2 of no axes")
    form = FORMATS[x.datatype]
    keep = bool(attributes.get("keepdims", 1))
    terms = math.prod(x.shape[axis] for axis in axes)
    middle, radius = midpoint(x)
    squares = np.asarray((middle * middle).sum(axis=axes, keepdims=keep))
    norm = np.sqrt(squares)
    lost = (terms + 1) * max(form.flush, form.step)
    allowance = norm * (gamma(terms, form.unit) / 2 + 3 * form.unit)
    allowance = allowance + np.minimum(math.sqrt(lost), lost / np.maximum(norm, form.step))
    allowance = np.where(squares == 0, 0, allowance) if radius is None else allowance
    if radius is not None:
        allowance = allowance + np.sqrt(np.asarray((radius * radius).sum(axis=axes, keepdims=keep)))
    loose = _any(x, axes, keep)
    over = np.isfinite(squares) & (squares > form.largest / 4)
    loose = either(loose, over) if over.any() else loose
    return (settle(x.datatype, norm, norm, allowance, loose),)


# -- positions -------------------------------------------------------------------------------------


def _position(attributes: Attributes, inputs: Inputs, largest: bool) -> tuple[Interval, ...]:
    x = one(inputs)
    axis = int(attributes.get("axis", 0)) % max(x.lo.ndim, 1)
    if x.shape[axis] == 0:
        raise Undecidable("the position of an extreme of nothing")
    if largest:
        candidates = x.hi >= x.lo.max(axis=axis, keepdims=True)
    else:
        candidates = x.lo <= x.hi.min(axis=axis, keepdims=True)
    first = candidates.argmax(axis=axis)
    last = x.shape[axis] - 1 - np.flip(candidates, axis).argmax(axis=axis)
    loose = across(x.loose, axis)
    if x.datatype in FORMATS:
        unknown = np.asarray(np.isnan(x.lo).any(axis=axis))
        loose = either(loose, unknown) if unknown.any() else loose
    if x.lo is x.hi:
        low = high = last if attributes.get("select_last_index", 0) else first
    else:
        low, high = first, last
    if attributes.get("keepdims", 1):
        same = low is high
        low = np.expand_dims(low, axis)
        high = low if same else np.expand_dims(high, axis)
        loose = None if loose is None else np.expand_dims(loose, axis)
    return (Interval("INT64", low, high, loose),)


def arg_max(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ArgMax."""
    return _position(attributes, inputs, True)


def arg_min(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ArgMin."""
    return _position(attributes, inputs, False)


def cumulative_sum(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """CumSum."""
    x = one(inputs)
    axis = int(concrete(one(inputs, 1), "the axis of CumSum").reshape(-1)[0]) % x.lo.ndim
    exclusive, backward = bool(attributes.get("exclusive", 0)), bool(attributes.get("reverse", 0))

    def along(values: Array) -> Array:
        return _running(values, axis, exclusive, backward)

    loose = None if x.loose is None else along(x.loose.astype(np.int64)) > 0
    if x.datatype not in FORMATS:
        lo = along(x.lo)
        over = along(np.abs(x.lo.astype(np.float64))) > float(INTEGERS[x.datatype][1])
        loose = either(loose, over) if over.any() else loose
        return (Interval(x.datatype, lo, lo if x.lo is x.hi else along(x.hi), loose),)
    middle, radius = midpoint(x)
    parts = along(middle), along(np.abs(middle)), None if radius is None else along(radius)
    return (sum_of_products(x.datatype, max(x.shape[axis], 1), parts, None, loose),)


def _running(values: Array, axis: int, exclusive: bool, backward: bool) -> Array:
    if backward:
        values = np.flip(values, axis)
    found: Array = np.cumsum(values, axis=axis, dtype=values.dtype)
    if exclusive and values.shape[axis]:
        first = np.zeros_like(np.take(found, [0], axis=axis))
        found = np.concatenate([first, np.delete(found, -1, axis=axis)], axis=axis)
    turned: Array = np.flip(found, axis) if backward else found
    return turned


def top_k(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """TopK: equal elements in the order of their indices."""
    x = one(inputs)
    count = int(concrete(one(inputs, 1), "the k of TopK").reshape(-1)[0])
    axis = int(attributes.get("axis", -1)) % x.lo.ndim
    largest = bool(attributes.get("largest", 1))
    if count > x.shape[axis]:
        raise Undecidable("TopK of more elements than there are")
    middle = x.lo if x.lo is x.hi else 0.5 * (x.lo + x.hi)
    order = _order(middle, axis, largest)
    kept = np.take(order, range(count), axis=axis)
    loose = None
    unknown: Array = np.zeros(x.lo.take([0], axis=axis).shape if x.shape[axis] else (), dtype=np.bool_)
    if x.datatype in FORMATS and x.shape[axis]:
        unknown = np.asarray(np.isnan(x.lo).any(axis=axis, keepdims=True))
    if x.loose is not None:
        unknown = unknown | np.asarray(x.loose.any(axis=axis, keepdims=True))
    if not attributes.get("sorted", 1):
        unknown = np.ones_like(unknown)
    if unknown.any():
        loose = np.broadcast_to(unknown, kept.shape)
    lo = np.take_along_axis(x.lo, kept, axis)
    if x.lo is x.hi:
        return Interval(x.datatype, lo, lo, loose), Interval("INT64", kept, kept, loose)
    low = np.take(_ranked(x.lo, axis, largest), range(count), axis=axis)
    high = np.take(_ranked(x.hi, axis, largest), range(count), axis=axis)
    sorted_lo, sorted_hi = np.take_along_axis(x.lo, order, axis), np.take_along_axis(x.hi, order, axis)
    unsure = np.take(_entangled(sorted_lo, sorted_hi, axis, largest), range(count), axis=axis)
    places = either(loose, unsure) if unsure.any() else loose
    return Interval(x.datatype, low, high, loose), Interval("INT64", kept, kept, places)


def _order(values: Array, axis: int, largest: bool) -> Array:
    if not largest:
        return np.argsort(values, axis=axis, kind="stable")
    backward = np.argsort(np.flip(values, axis), axis=axis, kind="stable")
    order: Array = np.flip(values.shape[axis] - 1 - backward, axis)
    return order


def _ranked(values: Array, axis: int, largest: bool) -> Array:
    found = np.sort(values, axis=axis)
    ranked: Array = np.flip(found, axis) if largest else found
    return ranked


def _entangled(lo: Array, hi: Array, axis: int, largest: bool) -> Array:
    """Mark, in sorted order, the elements that a neighbour's interval touches."""
    if largest:
        lo, hi = -hi, -lo
    running: Callable[..., Array] = np.maximum.accumulate
    earlier = running(hi, axis=axis)  # ascending: the largest upper bound so far
    later = np.flip(np.minimum.accumulate(np.flip(lo, axis), axis=axis), axis)
    crossing = np.take(earlier, range(lo.shape[axis] - 1), axis=axis) >= np.take(
        later, range(1, lo.shape[axis]), axis=axis
    )
    none = np.zeros_like(np.take(lo, [0], axis=axis), dtype=np.bool_)
    before, after = [none, crossing], [crossing, none]
    return np.asarray(np.concatenate(before, axis=axis) | np.concatenate(after, axis=axis))
