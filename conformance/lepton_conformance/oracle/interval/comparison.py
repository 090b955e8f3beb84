"""Comparisons, logic and selection, element by element (group `elementwise`).

An undecided comparison has both truth values, and a selection by it both elements. Not judged: the sign
of a zero that `Where` selects (onnxruntime adds the masked operands). Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.rounding import operand
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, boolean, marks, one
from lepton_conformance.oracle.interval.value import FORMATS, Array, Interval, either

__all__ = [
    "conjunction",
    "disjunction",
    "equal",
    "exclusive",
    "greater",
    "greater_or_equal",
    "is_nan",
    "less",
    "less_or_equal",
    "negation",
    "select",
]

Binary = Callable[[Any, Any], Any]


def _ranges(a: Interval, b: Interval) -> tuple[Array, Array, Array, Array]:
    if a.datatype in FORMATS:
        return (*operand(a), *operand(b))
    return a.lo, a.hi, b.lo, b.hi


def _ordered(a: Interval, b: Interval, operation: Binary) -> tuple[Interval, ...]:
    """Return `operation` (less, less_equal): sure of the far corners, possible for the near ones."""
    a_lo, a_hi, b_lo, b_hi = _ranges(a, b)
    sure = operation(a_hi, b_lo)
    possible = sure if a_lo is a_hi and b_lo is b_hi else operation(a_lo, b_hi)
    return (boolean(sure, possible, marks(sure.shape, a, b)),)


def less(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Less; with NaN false, as IEEE 754 has it."""
    return _ordered(one(inputs, 0), one(inputs, 1), np.less)


def greater(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Greater."""
    return _ordered(one(inputs, 1), one(inputs, 0), np.less)


def less_or_equal(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """LessOrEqual."""
    return _ordered(one(inputs, 0), one(inputs, 1), np.less_equal)


def greater_or_equal(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """GreaterOrEqual."""
    return _ordered(one(inputs, 1), one(inputs, 0), np.less_equal)


def equal(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Equal, of strings too (opset 19)."""
    a, b = one(inputs, 0), one(inputs, 1)
    if a.datatype == "BYTES":
        same = np.asarray(a.lo == b.lo, dtype=np.bool_)
        return (boolean(same, same, marks(same.shape, a, b)),)
    a_lo, a_hi, b_lo, b_hi = _ranges(a, b)
    if a_lo is a_hi and b_lo is b_hi:
        same = np.asarray(a_lo == b_lo)
        return (boolean(same, same, marks(same.shape, a, b)),)
    possible = (a_lo <= b_hi) & (b_lo <= a_hi)
    sure = (a_lo == a_hi) & (b_lo == b_hi) & (a_lo == b_lo)
    return (boolean(sure, possible, marks(sure.shape, a, b)),)


def conjunction(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """And."""
    return _logic(inputs, np.logical_and)


def disjunction(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Or."""
    return _logic(inputs, np.logical_or)


def _logic(inputs: Inputs, operation: Binary) -> tuple[Interval, ...]:
    a, b = one(inputs, 0), one(inputs, 1)
    sure = operation(a.lo, b.lo)
    possible = sure if a.lo is a.hi and b.lo is b.hi else operation(a.hi, b.hi)
    return (boolean(sure, possible, marks(sure.shape, a, b)),)


def exclusive(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Xor."""
    a, b = one(inputs, 0), one(inputs, 1)
    value = a.lo ^ b.lo
    if a.lo is a.hi and b.lo is b.hi:
        return (boolean(value, value, marks(value.shape, a, b)),)
    open_ = (a.lo != a.hi) | (b.lo != b.hi)
    return (boolean(value & ~open_, value | open_, marks(value.shape, a, b)),)


def negation(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Not."""
    x = one(inputs)
    sure = ~x.hi
    return (boolean(sure, sure if x.lo is x.hi else ~x.lo, x.loose),)


def is_nan(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """IsNaN."""
    x = one(inputs)
    nan = np.isnan(x.lo)
    return (boolean(nan, nan, x.loose),)


def select(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Where: on an undecided condition either value."""
    condition, a, b = one(inputs, 0), one(inputs, 1), one(inputs, 2)
    lo = np.where(condition.lo, a.lo, b.lo)
    same = a.lo is a.hi and b.lo is b.hi
    hi = lo if same else np.where(condition.lo, a.hi, b.hi)
    loose: Array | None = None
    if a.loose is not None or b.loose is not None:
        blank = np.zeros((), dtype=np.bool_)
        chosen = np.where(
            condition.lo, blank if a.loose is None else a.loose, blank if b.loose is None else b.loose
        )
        loose = np.broadcast_to(chosen, lo.shape)
    if condition.lo is not condition.hi or condition.loose is not None:
        open_ = condition.lo != condition.hi
        if condition.loose is not None:
            open_ = open_ | condition.loose
        if open_.any():
            if a.datatype == "BYTES":
                return (Interval(a.datatype, lo, lo, either(loose, np.broadcast_to(open_, lo.shape))),)
            spread = np.broadcast_to(open_, lo.shape)
            low = np.minimum(np.minimum(a.lo, b.lo), lo)
            high = np.maximum(np.maximum(a.hi, b.hi), hi)
            lo, hi = np.where(spread, low, lo), np.where(spread, high, hi)
            unlike = spread & (np.isnan(lo) | np.isnan(hi)) if a.datatype in FORMATS else None
            loose = either(loose, marks(lo.shape, a, b), unlike)
            return (Interval(a.datatype, lo, hi, loose),)
    return (Interval(a.datatype, lo, hi, loose),)
