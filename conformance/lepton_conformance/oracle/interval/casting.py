"""Cast among numbers and truth values (group `elementwise`).

Not judged: a float that the integer cannot hold. Left out: strings. Serves `runtime` (RUN-NUM-02).
"""

from typing import Any

import numpy as np
import onnx

from lepton_conformance.oracle.interval.rounding import blurred, operand, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, boolean, one
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Interval,
    Undecidable,
    bounds_dtype,
    concrete,
    datatype_of,
    either,
)

__all__ = [
    "cast",
    "convert",
]


def cast(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Cast among numbers and truth values."""
    dtype = onnx.helper.tensor_dtype_to_np_dtype(int(attributes["to"]))
    return (convert(one(inputs), datatype_of(np.dtype(dtype))),)


def convert(x: Interval, datatype: str) -> Interval:
    """Return x in another datatype. Raises: Undecidable for strings."""
    if x.datatype == datatype:
        return x
    if "BYTES" in (x.datatype, datatype):
        raise Undecidable("Cast from or to strings")
    work = bounds_dtype(datatype)
    if datatype == "BOOL":
        return _truth(x)
    if datatype in FORMATS:
        return _to_float(x, datatype, work)
    if x.datatype in FORMATS:
        lo, hi = operand(x)
        low, high = np.trunc(lo), np.trunc(hi)
        limits = INTEGERS[datatype]
        inside = (low >= float(limits[0])) & (
            high < float(limits[1]) + 1.0 if limits[1] < 2**62 else high < limits[1]
        )
        loose = x.loose if inside.all() else either(x.loose, ~inside)
        low, high = np.where(inside, low, 0).astype(work), np.where(inside, high, 0).astype(work)
        return Interval(datatype, low, low if lo is hi else high, loose)
    if x.datatype == "BOOL":
        low = x.lo.astype(work)
        return Interval(datatype, low, low if x.lo is x.hi else x.hi.astype(work), x.loose)
    if x.lo is not x.hi and not (x.lo == x.hi).all():
        values = concrete(x, "Cast between integers")
    values = x.lo.astype(np.dtype(datatype.lower())).astype(work)
    return Interval(datatype, values, values, x.loose)


def _truth(x: Interval) -> Interval:
    lo, hi = operand(x) if x.datatype in FORMATS else (x.lo, x.hi)
    if lo is hi:
        value = lo != 0
        return boolean(value, value, x.loose)
    possible = (lo != 0) | (hi != 0)
    return boolean(possible & ~((lo <= 0) & (hi >= 0)), possible, x.loose)


def _to_float(x: Interval, datatype: str, work: Any) -> Interval:
    lo = x.lo.astype(work)
    hi = lo if x.lo is x.hi else x.hi.astype(work)
    source = FORMATS.get(x.datatype)
    form = FORMATS[datatype]
    if x.datatype == "BOOL" or (
        source is not None
        and source.unit >= form.unit
        and source.largest <= form.largest
        and source.step >= form.step
    ):
        return Interval(datatype, lo, hi, x.loose)
    if lo is hi and form.work is np.float64 and datatype != "BF16":
        narrow = lo.astype(np.dtype({"FP32": np.float32, "FP16": np.float16}[datatype])).astype(work)
        if np.array_equal(narrow, lo, equal_nan=True):
            return settle(datatype, lo, lo, None, x.loose)
    return blurred(datatype, lo, hi, 1.0, x.loose)
