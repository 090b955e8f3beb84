"""QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear and MatMulInteger (group `quantised`).

A quotient on an edge of rounding may fall on either side, unless the scale is a power of two, by which
division is exact. Not judged: what becomes of NaN and infinities, sums beyond INT32. Left out: blocks
(`block_size`), 4-bit and float 8 types, DynamicQuantizeLinear of zeros only (0 / 0). Serves `runtime`
(RUN-NUM-01, RUN-NUM-02).
"""

import numpy as np
import onnx

from lepton_conformance.oracle.interval.elementwise import bounded
from lepton_conformance.oracle.interval.rounding import GUARD, blurred, operand, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, one, optional
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Array,
    Interval,
    Undecidable,
    datatype_of,
    either,
    exact,
    integers,
)

__all__ = ["dequantize_linear", "dynamic_quantize_linear", "matmul_integer", "quantize_linear"]

#: A quotient: the division, or the reciprocal and the product.
QUOTIENT_UNITS = 3.0


def _along(value: Interval, axis: int, rank: int) -> Interval:
    """Return a scale or zero point so that it is broadcast along its axis."""
    if value.lo.ndim == 0 or (value.lo.ndim == 1 and value.lo.size == 1 and rank != 1):
        shape: tuple[int, ...] = ()
    elif value.lo.ndim == 1:
        shape = (-1, *(1,) * (rank - 1 - axis))
    else:
        raise Undecidable("quantisation in blocks")
    lo = value.lo.reshape(shape)
    hi = lo if value.lo is value.hi else value.hi.reshape(shape)
    return Interval(value.datatype, lo, hi, None if value.loose is None else value.loose.reshape(shape))


def _axis(attributes: Attributes, x: Interval) -> int:
    if attributes.get("block_size", 0):
        raise Undecidable("quantisation in blocks")
    rank = max(x.lo.ndim, 1)
    return int(attributes.get("axis", 1)) % rank if rank > 1 else 0


def quantize_linear(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """QuantizeLinear: `saturate(round(x / scale) + zero_point)`, halves to even."""
    x = one(inputs)
    axis = _axis(attributes, x)
    scale = _along(one(inputs, 1), axis, x.lo.ndim)
    zero = optional(inputs, 2)
    datatype = "UINT8" if zero is None else zero.datatype
    if code := int(attributes.get("output_dtype", 0)):
        datatype = datatype_of(onnx.helper.tensor_dtype_to_np_dtype(code))
    if datatype not in INTEGERS:
        raise Undecidable(f"QuantizeLinear to {datatype}")
    zero = integers(0, datatype) if zero is None else _along(zero, axis, x.lo.ndim)
    if x.datatype not in FORMATS:
        work = FORMATS[scale.datatype].work
        values = x.lo.astype(work)
        x = blurred(scale.datatype, values, values, 1.0, x.loose)
    return (_quantized(x, scale, zero, datatype),)


def _quantized(x: Interval, scale: Interval, zero: Interval, datatype: str) -> Interval:
    form = FORMATS[x.datatype]
    lo, hi, unlike = bounded(operand(x), (scale.lo, scale.hi), np.divide)
    loose = either(unlike, None if x.loose is None else np.broadcast_to(x.loose, lo.shape))
    if scale.loose is not None:
        loose = either(loose, np.broadcast_to(scale.loose, lo.shape))
    allowance = QUOTIENT_UNITS * GUARD * form.unit * np.maximum(np.abs(lo), np.abs(hi))
    if scale.lo is scale.hi:
        allowance = np.where(np.abs(np.frexp(scale.lo)[0]) == 0.5, 0, allowance)
    low, high = np.rint(lo - allowance) + zero.lo, np.rint(hi + allowance) + zero.hi
    unknown = ~(np.isfinite(low) & np.isfinite(high))
    if unknown.any():
        loose = either(loose, unknown)
        low, high = np.where(unknown, 0, low), np.where(unknown, 0, high)
    least, most = INTEGERS[datatype]
    low, high = np.clip(low, least, most).astype(np.int64), np.clip(high, least, most).astype(np.int64)
    if (low == high).all():
        high = low
    return Interval(datatype, low, high, loose)


def dequantize_linear(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """DequantizeLinear: `(x - zero_point) * scale`."""
    x = one(inputs)
    axis = _axis(attributes, x)
    scale = _along(one(inputs, 1), axis, x.lo.ndim)
    zero = optional(inputs, 2)
    below, above = (x.lo, x.hi)
    if zero is not None:
        zero = _along(zero, axis, x.lo.ndim)
        same = x.lo is x.hi and zero.lo is zero.hi
        below = x.lo - zero.hi
        above = below if same else x.hi - zero.lo
    work = FORMATS[scale.datatype].work
    low = below.astype(work)
    ends = (low, low) if below is above else (low, above.astype(work))
    lo, hi, unlike = bounded(ends, operand(scale), np.multiply)
    loose = either(unlike, None if x.loose is None else np.broadcast_to(x.loose, lo.shape))
    return (blurred(scale.datatype, lo, hi, 2.0, loose),)


def dynamic_quantize_linear(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """DynamicQuantizeLinear to UINT8."""
    x = one(inputs)
    if x.lo.size == 0 or x.loose is not None or not (np.isfinite(x.lo).all() and np.isfinite(x.hi).all()):
        raise Undecidable("DynamicQuantizeLinear of nothing, or of what is not finite")
    unit = GUARD * FORMATS[x.datatype].unit
    least = np.minimum(x.lo.min(), 0), np.minimum(x.hi.min(), 0)
    most = np.maximum(x.lo.max(), 0), np.maximum(x.hi.max(), 0)
    low, high = np.asarray(most[0] - least[1]) / 255, np.asarray(most[1] - least[0]) / 255
    if low <= 0:
        raise Undecidable("DynamicQuantizeLinear of zeros")
    scale = settle(x.datatype, low, high, 4 * unit * high)
    points = bounded((-least[1], -least[0]), (scale.lo, scale.hi), np.divide)
    edge = QUOTIENT_UNITS * unit * np.abs(points[1])
    first = np.asarray(np.clip(np.rint(points[0] - edge), 0, 255)).astype(np.int64)
    last = np.asarray(np.clip(np.rint(points[1] + edge), 0, 255)).astype(np.int64)
    zero = exact("UINT8", first) if first == last else Interval("UINT8", first, last)
    return _quantized(x, scale, zero, "UINT8"), scale, zero


def matmul_integer(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """MatMulInteger: exact in INT32."""
    a, b = one(inputs, 0), one(inputs, 1)
    a_zero, b_zero = optional(inputs, 2), optional(inputs, 3)
    left = _shifted(a, a_zero, rows=True)
    right = _shifted(b, b_zero, rows=False)
    over: Array | None = None
    if left[0] is left[1] and right[0] is right[1] and a.loose is None and b.loose is None:
        value = np.matmul(left[0], right[0])
        over = (value < INTEGERS["INT32"][0]) | (value > INTEGERS["INT32"][1])
        return (Interval("INT32", value, value, over if over.any() else None),)
    if a.loose is not None or b.loose is not None:
        raise Undecidable("MatMulInteger of elements that are not judged")
    a_mid, a_rad = _halves(left)
    b_mid, b_rad = _halves(right)
    value = np.matmul(a_mid, b_mid)
    a_all, b_all = np.abs(a_mid) + a_rad, np.abs(b_mid) + b_rad
    radius = np.matmul(a_all, b_all) - np.matmul(np.abs(a_mid), np.abs(b_mid))
    low, high = np.ceil(value - radius), np.floor(value + radius)
    over = (low < INTEGERS["INT32"][0]) | (high > INTEGERS["INT32"][1])
    bounds = low.astype(np.int64), high.astype(np.int64)
    return (Interval("INT32", *bounds, over if over.any() else None),)


def _shifted(value: Interval, zero: Interval | None, *, rows: bool) -> tuple[Array, Array]:
    if zero is None:
        return value.lo, value.hi
    low, high = zero.lo, zero.hi
    if low.ndim == 1 and rows and low.size > 1:
        low, high = low[:, None], high[:, None]
    if value.lo is value.hi and (zero.lo is zero.hi or bool((zero.lo == zero.hi).all())):
        shifted = value.lo - low
        return shifted, shifted
    return value.lo - high, value.hi - low


def _halves(ends: tuple[Array, Array]) -> tuple[Array, Array]:
    low, high = ends[0].astype(np.float64), ends[1].astype(np.float64)
    return (low + high) / 2, (high - low) / 2
