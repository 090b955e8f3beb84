"""Arithmetic, element by element, correctly rounded or exact (group `elementwise`).

Comparisons are in `comparison`, casts in `casting`, functions in `transcendental`. Not judged, because
ONNX does not say or engines differ: integers that leave their range, integer division by zero, what
`Min`, `Max`, `Clip`, `Relu`, `LeakyRelu`, `PRelu`, `HardSigmoid` and `Sign` make of NaN, the sign of a
zero that was computed, division by a zero that was computed. Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.rounding import GUARD, blurred, gamma, operand, settle
from lepton_conformance.oracle.interval.signature import (
    Attributes,
    Inputs,
    given,
    hull,
    marks,
    one,
    optional,
)
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Array,
    Interval,
    Undecidable,
    bounds_dtype,
    either,
    exact,
)

__all__ = [
    "absolute",
    "add",
    "bounded",
    "ceil",
    "clip",
    "divide",
    "floor",
    "hard_sigmoid",
    "identity",
    "leaky_relu",
    "maximum",
    "minimum",
    "modulo",
    "multiply",
    "negate",
    "prelu",
    "product",
    "reciprocal",
    "relu",
    "round_even",
    "sign",
    "square_root",
    "subtract",
    "total",
]

Binary = Callable[[Any, Any], Any]

#: Division: a constant divisor may be replaced by its reciprocal, rounded, and the product rounded.
DIVISION_UNITS = 3.0


# -- arithmetic ------------------------------------------------------------------------------------


def total(a: Interval, b: Interval, operation: Binary = np.add) -> Interval:
    """Return the sum, or with `numpy.subtract` the difference, of two tensors of one datatype, broadcast."""
    if a.datatype not in FORMATS:
        return _whole(a, b, operation)
    (a_lo, a_hi), (b_lo, b_hi) = operand(a), operand(b)
    if operation is np.subtract:
        lo, hi = a_lo - b_hi, a_hi - b_lo
    else:
        lo, hi = a_lo + b_lo, a_hi + b_hi
    if a_lo is a_hi and b_lo is b_hi:
        hi = lo
    loose = marks(lo.shape, a, b)
    if not (a.terms or b.terms):
        return blurred(a.datatype, lo, hi, 1.0, loose)
    # One is a sum of products: a kernel may add them up beginning with the other, the bias.
    unit = FORMATS[a.datatype].unit
    bias: Array | float = 0.0
    if a.terms:
        bias = bias + gamma(a.terms, unit) * np.maximum(np.abs(b_lo), np.abs(b_hi))
    if b.terms:
        bias = bias + gamma(b.terms, unit) * np.maximum(np.abs(a_lo), np.abs(a_hi))
    allowance = GUARD * unit * np.maximum(np.abs(lo), np.abs(hi)) + bias
    return settle(a.datatype, lo, hi, allowance, loose, max(a.terms, b.terms) + 1)


def add(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Add."""
    return (total(one(inputs, 0), one(inputs, 1)),)


def subtract(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Sub."""
    return (total(one(inputs, 0), one(inputs, 1), np.subtract),)


def bounded(
    a: tuple[Array, Array], b: tuple[Array, Array], operation: Binary
) -> tuple[Array, Array, Array | None]:
    """Return the range of an operation that is monotone in each operand, by its corners."""
    if a[0] is a[1] and b[0] is b[1]:
        value = operation(a[0], b[0])
        return value, value, None
    if b[0] is b[1]:
        return hull(operation(a[0], b[0]), operation(a[1], b[0]))
    if a[0] is a[1]:
        return hull(operation(a[0], b[0]), operation(a[0], b[1]))
    return hull(*(operation(x, y) for x in a for y in b))


def product(a: Interval, b: Interval, units: float = 1.0) -> Interval:
    """Return the product of two tensors of one datatype, broadcast, rounded `units` times."""
    if a.datatype not in FORMATS:
        return _whole(a, b, np.multiply)
    lo, hi, unlike = bounded(operand(a), operand(b), np.multiply)
    return blurred(a.datatype, lo, hi, units, either(marks(lo.shape, a, b), unlike))


def multiply(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Mul."""
    return (product(one(inputs, 0), one(inputs, 1)),)


def _quotient(a: Interval, b: Interval, units: float) -> Interval:
    divisor = operand(b)
    lo, hi, unlike = bounded(operand(a), divisor, np.divide)
    loose = either(marks(lo.shape, a, b), unlike)
    if not b.signed or divisor[0] is not divisor[1]:
        around = (divisor[0] <= 0) & (divisor[1] >= 0)
        if b.signed:
            # A zero that was given has its sign, whatever stands beside it.
            around &= (divisor[0] != divisor[1]) | (np.signbit(divisor[0]) != np.signbit(divisor[1]))
        if around.any():
            loose = either(loose, np.broadcast_to(around, lo.shape))
    return blurred(a.datatype, lo, hi, units, loose)


def divide(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Div: integers are divided toward zero."""
    a, b = one(inputs, 0), one(inputs, 1)
    if a.datatype in FORMATS:
        return (_quotient(a, b, DIVISION_UNITS),)
    return (_whole(a, b, _toward_zero),)


def _toward_zero(a: Any, b: Any) -> Any:
    if isinstance(a, np.ndarray) and a.dtype.kind == "f":
        return np.trunc(a / b)
    safe = np.where(b == 0, np.ones_like(b), b)
    if safe.dtype.kind == "u":
        return a // safe
    rest = np.fmod(a, safe)
    return (a - rest) // safe


def _whole(a: Interval, b: Interval, operation: Binary) -> Interval:
    """Return an operation on integers; what leaves the range of the datatype is not judged."""
    limits = INTEGERS[a.datatype]
    lo, hi, _ = bounded((a.lo, a.hi), (b.lo, b.hi), operation)
    loose = marks(lo.shape, a, b)
    size, other = a.lo.astype(np.float64), b.lo.astype(np.float64)
    rough = operation(size, other)
    low, high = np.float64(limits[0]), np.float64(limits[1])
    inside = (rough >= low) & (rough <= high)
    if limits[1] >= 2**53:  # where the rough value does not tell
        edge = 2.0**12
        inside = (rough >= (low + edge if limits[0] else 0)) & (rough <= high - edge)
    if a.datatype != "UINT64":
        inside &= (lo >= limits[0]) & (hi <= limits[1])
    if operation is _toward_zero:
        inside &= (b.lo != 0) & (b.hi != 0)
    if not inside.all():
        loose = either(loose, ~inside)
    if lo is hi:
        return Interval(a.datatype, lo, lo, loose)
    return Interval(a.datatype, lo, hi, loose)


def negate(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Neg."""
    x = one(inputs)
    if x.datatype not in FORMATS:
        low = INTEGERS[x.datatype][0]
        least = x.lo == low
        return (Interval(x.datatype, -x.hi, -x.lo, either(x.loose, least) if least.any() else x.loose),)
    return (_like(x, -x.hi, -x.lo),)


def _like(x: Interval, lo: Array, hi: Array, loose: Array | None = None) -> Interval:
    """Return what an exact function makes of x: a point stays one."""
    if x.lo is x.hi:
        hi = lo
    return Interval(x.datatype, lo, hi, either(x.loose, loose))


def absolute(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Abs."""
    x = one(inputs)
    if x.datatype not in FORMATS:
        least = (x.lo == INTEGERS[x.datatype][0]) & (x.lo < 0)
        loose = least if least.any() else None
    else:
        loose = None
    low = np.abs(x.lo) if x.lo is x.hi else np.maximum(np.maximum(x.lo, -x.hi), 0)
    high = low if x.lo is x.hi else np.maximum(-x.lo, x.hi)
    return (_like(x, low, high, loose),)


def square_root(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Sqrt, correctly rounded; the root of what may be negative is not judged where it may also not be."""
    x = one(inputs)
    lo, hi = operand(x)
    low = np.sqrt(lo)
    high = low if lo is hi else np.sqrt(hi)
    return (blurred(x.datatype, low, high, 2.0, x.loose),)


def reciprocal(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Reciprocal."""
    x = one(inputs)
    unit = exact(x.datatype, np.ones((), dtype=bounds_dtype(x.datatype)))
    return (_quotient(unit, x, DIVISION_UNITS),)


# -- exact steps -----------------------------------------------------------------------------------


def identity(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Identity."""
    return (one(inputs),)


def _silent(x: Interval) -> Array | None:
    """Return where the input is NaN, for operators whose text does not say what becomes of it."""
    if x.datatype not in FORMATS:
        return None
    nan = np.isnan(x.lo)
    return nan if nan.any() else None


def _extreme(inputs: Inputs, operation: Binary) -> tuple[Interval, ...]:
    values = given(inputs)
    lo, hi = values[0].lo, values[0].hi
    for value in values[1:]:
        same = lo is hi and value.lo is value.hi
        lo = operation(lo, value.lo)
        hi = lo if same else operation(hi, value.hi)
    if len(values) == 1:
        return (values[0],)
    loose = marks(lo.shape, *values)
    if values[0].datatype in FORMATS:
        nan = np.isnan(lo)
        loose = either(loose, nan) if nan.any() else loose
    return (Interval(values[0].datatype, lo, hi, loose),)


def maximum(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Max."""
    return _extreme(inputs, np.maximum)


def minimum(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Min."""
    return _extreme(inputs, np.minimum)


def clip(_: Attributes, inputs: Inputs, opset: int) -> tuple[Interval, ...]:
    """Clip: `Min(max, Max(input, min))`."""
    value = one(inputs)
    if (least := optional(inputs, 1)) is not None:
        (value,) = maximum({}, (value, least), opset)
    if (most := optional(inputs, 2)) is not None:
        (value,) = minimum({}, (value, most), opset)
    return (value,)


def relu(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Relu."""
    x = one(inputs)
    return (_like(x, np.maximum(x.lo, 0), np.maximum(x.hi, 0), _silent(x)),)


def floor(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Floor."""
    return _step(one(inputs), np.floor)


def ceil(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Ceil."""
    return _step(one(inputs), np.ceil)


def round_even(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Round: halves to even."""
    return _step(one(inputs), np.rint)


def _step(x: Interval, function: Callable[[Any], Any]) -> tuple[Interval, ...]:
    lo, hi = operand(x)
    low = function(lo)
    return (Interval(x.datatype, low, low if lo is hi else function(hi), x.loose),)


def sign(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Sign."""
    x = one(inputs)
    if x.datatype not in FORMATS:
        return (_like(x, np.sign(x.lo), np.sign(x.hi)),)
    lo, hi = operand(x)
    return (Interval(x.datatype, np.sign(lo), np.sign(hi), either(x.loose, _silent(x))),)


def modulo(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Mod: Python's `%` for integers; with `fmod` C's `fmod`, which is exact. On an undecided step: not
    judged."""
    a, b = one(inputs, 0), one(inputs, 1)
    if a.datatype not in FORMATS:
        if not (a.is_point and b.is_point):
            raise Undecidable("Mod of integers that depend on rounding")
        zero = b.lo == 0
        safe = np.where(zero, np.ones_like(b.lo), b.lo)
        values = np.fmod(a.lo, safe) if attributes.get("fmod", 0) else np.mod(a.lo, safe)
        loose = np.broadcast_to(zero, values.shape) if zero.any() else None
        return (Interval(a.datatype, values, values, loose),)
    if not attributes.get("fmod", 0):
        raise Undecidable("Mod of floats without fmod, which ONNX rules out")
    (a_lo, a_hi), (b_lo, b_hi) = operand(a), operand(b)
    lo = np.fmod(a_lo, b_lo)
    loose = marks(lo.shape, a, b)
    if a_lo is a_hi and b_lo is b_hi:
        return (settle(a.datatype, lo, lo, None, loose),)
    same = (np.trunc(a_lo / b_lo) == np.trunc(a_hi / b_lo)) & (b_lo == b_hi)
    hi = np.fmod(a_hi, b_lo)
    return (settle(a.datatype, np.minimum(lo, hi), np.maximum(lo, hi), None, either(loose, ~same)),)


# -- piecewise linear ------------------------------------------------------------------------------


def _bent(x: Interval, slope: Interval) -> Interval:
    """Return x, or where it is negative slope * x."""
    lo, hi, unlike = bounded(operand(x), operand(slope), lambda v, s: np.where(v >= 0, v, s * v))
    if x.lo is not x.hi:
        across = (x.lo < 0) & (x.hi > 0)
        lo, hi = np.where(across, np.minimum(lo, 0), lo), np.where(across, np.maximum(hi, 0), hi)
    loose = either(marks(lo.shape, x, slope), unlike)
    if (nan := _silent(x)) is not None:
        loose = either(loose, np.broadcast_to(nan, lo.shape))
    if x.datatype in FORMATS:
        endless = ~np.isfinite(slope.lo)
        if endless.any():  # 0 * inf, if a kernel multiplies before it selects
            loose = either(loose, np.broadcast_to(endless & (x.lo == 0), lo.shape))
        return blurred(x.datatype, lo, hi, 2.0, loose)
    limits = INTEGERS[x.datatype]
    return Interval(x.datatype, lo, hi, either(loose, (lo < limits[0]) | (hi > limits[1])))


def leaky_relu(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """LeakyRelu: `alpha * x` below zero."""
    x = one(inputs)
    alpha = np.asarray(np.float32(attributes.get("alpha", 0.01)), dtype=bounds_dtype(x.datatype))
    return (_bent(x, exact(x.datatype, alpha)),)


def prelu(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """PRelu: the slope is broadcast to x."""
    return (_bent(one(inputs, 0), one(inputs, 1)),)


def hard_sigmoid(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """HardSigmoid: `max(0, min(1, alpha * x + beta))`."""
    x = one(inputs)
    form = FORMATS[x.datatype]
    alpha = float(np.float32(attributes.get("alpha", 0.2)))
    beta = float(np.float32(attributes.get("beta", 0.5)))
    lo, hi = operand(x)
    if alpha < 0:
        lo, hi = hi, lo
    allowance = 3 * GUARD * form.unit * (abs(alpha) * np.maximum(np.abs(lo), np.abs(hi)) + abs(beta))
    low = np.clip(alpha * lo + beta - allowance, 0, 1)
    high = np.clip(alpha * hi + beta + allowance, 0, 1)
    return (settle(x.datatype, low, high, None, either(x.loose, _silent(x))),)
