"""MaxPool, AveragePool and their global forms (group `pooling`).

Not judged: what becomes of NaN in a maximum, windows that hold padding only, indices where two elements
may be the largest. Left out: `storage_order` 1 with indices, `ceil_mode` where a window starts in the
padding at the end, or reaches beyond the pads and counts them. Serves `runtime` (RUN-NUM-02).
"""

import math
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.dense import sum_of_products
from lepton_conformance.oracle.interval.rounding import midpoint
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, across, one
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Interval,
    Undecidable,
    either,
)
from lepton_conformance.oracle.interval.window import Window, window

__all__ = ["average_pool", "global_average_pool", "global_max_pool", "max_pool"]


def _trailing(rank: int) -> tuple[int, ...]:
    return tuple(range(-rank, 0))


def max_pool(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """MaxPool, with the indices of the largest elements when they are asked for."""
    x = one(inputs)
    over = window(x.shape[2:], tuple(attributes["kernel_shape"]), attributes)
    axes = _trailing(len(over.kernel))
    least: Any = -np.inf if x.datatype in FORMATS else INTEGERS[x.datatype][0]
    low_views = over.view(x.lo, least)
    lo = low_views.max(axis=axes)
    hi = lo if x.lo is x.hi else over.view(x.hi, least).max(axis=axes)
    loose = None if x.loose is None else across(over.view(x.loose, False), axes)
    if x.datatype in FORMATS:
        unknown = np.isnan(lo)
        loose = either(loose, unknown) if unknown.any() else loose
    if any(over.before) or any(over.after):
        held = np.asarray(over.view(np.ones(x.shape, dtype=np.bool_), False).any(axis=axes))
        loose = loose if held.all() else either(loose, ~held)
    value = Interval(x.datatype, lo, hi, loose)
    if attributes.get("outputs", 1) < 2:
        return (value,)
    return value, _indices(attributes, x, over, value)


def _indices(attributes: Attributes, x: Interval, over: Window, best: Interval) -> Interval:
    if attributes.get("storage_order", 0):
        raise Undecidable("MaxPool with indices in storage order 1")
    rank = len(over.kernel)
    axes = _trailing(rank)
    places = over.view(np.arange(math.prod(x.shape), dtype=np.int64).reshape(x.shape), -1)
    least: Any = -np.inf if x.datatype in FORMATS else INTEGERS[x.datatype][0]
    level = best.lo.reshape(best.shape + (1,) * rank)
    reached = (over.view(x.hi, least) >= level) & (places >= 0)
    first = np.where(reached, places, np.iinfo(np.int64).max).min(axis=axes)
    unsure = reached.sum(axis=axes) != 1
    return Interval("INT64", first, first, either(best.loose, unsure) if unsure.any() else best.loose)


def average_pool(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """AveragePool."""
    x = one(inputs)
    over = window(x.shape[2:], tuple(attributes["kernel_shape"]), attributes)
    axes = _trailing(len(over.kernel))
    terms = math.prod(over.kernel)
    held = over.view(np.ones((1, 1, *x.shape[2:])), 0).sum(axis=axes)
    count = np.full_like(held, terms) if attributes.get("count_include_pad", 0) else held
    middle, radius = midpoint(x)
    parts = (
        over.view(middle, 0).sum(axis=axes) / count,
        over.view(np.abs(middle), 0).sum(axis=axes) / count,
        None if radius is None else over.view(radius, 0).sum(axis=axes) / count,
    )
    loose = None if x.loose is None else across(over.view(x.loose, False), axes)
    if not held.all():
        loose = either(loose, np.broadcast_to(held == 0, parts[0].shape))
    return (sum_of_products(x.datatype, terms, parts, None, loose, 2),)


def global_average_pool(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """GlobalAveragePool."""
    x = one(inputs)
    axes = tuple(range(2, x.lo.ndim))
    terms = math.prod(x.shape[2:])
    if terms == 0:
        raise Undecidable("the average of nothing")
    middle, radius = midpoint(x)
    parts = (
        middle.mean(axis=axes, keepdims=True),
        np.abs(middle).mean(axis=axes, keepdims=True),
        None if radius is None else radius.mean(axis=axes, keepdims=True),
    )
    loose = across(x.loose, axes, True)
    return (sum_of_products(x.datatype, terms, parts, None, loose, 2),)


def global_max_pool(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """GlobalMaxPool."""
    x = one(inputs)
    axes = tuple(range(2, x.lo.ndim))
    if math.prod(x.shape[2:]) == 0:
        raise Undecidable("the maximum of nothing")
    lo = x.lo.max(axis=axes, keepdims=True)
    hi = lo if x.lo is x.hi else x.hi.max(axis=axes, keepdims=True)
    loose = across(x.loose, axes, True)
    unknown = np.isnan(lo)
    return (Interval(x.datatype, lo, hi, either(loose, unknown) if unknown.any() else loose),)
