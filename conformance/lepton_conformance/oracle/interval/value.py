"""What an output may be: for each element an interval, and the floating-point formats behind it.

Owns the value `Interval`, the formats with their constants, and the way from arrays to intervals; leaves
widening to `rounding` and comparing to `judgement`. Serves `runtime` (RUN-NUM-02).

Bounds of a format narrower than FP64 are held in FP64, those of FP64 in `numpy.longdouble` (64 bits of
significand on x86; where it is no wider than FP64 the bounds are good to a unit in FP64's last place,
which the allowances of two units and more cover).
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "FORMATS",
    "INTEGERS",
    "Array",
    "Format",
    "Interval",
    "Undecidable",
    "bounds_dtype",
    "concrete",
    "datatype_of",
    "either",
    "exact",
    "integers",
    "joined",
    "moved",
    "part",
    "point",
]

Array = npt.NDArray[Any]


class Undecidable(ValueError):
    """What a shape or an index of the graph is depends on rounding, or no text says what is right: nothing
    can
    be expected of this graph."""


@dataclass(frozen=True, slots=True)
class Format:
    """One floating-point datatype. `unit` is the unit roundoff, `tiny` the smallest normal number, `step`
    the
    smallest subnormal; below `flush` a result or an operand may be taken as zero."""

    datatype: str
    unit: float
    tiny: float
    step: float
    largest: float
    flush: float
    work: Any


#: FP16 is not flushed: instruction sets with FP16 arithmetic keep its subnormals, the others compute in
#: FP32.
FORMATS = {
    "FP16": Format("FP16", 2.0**-11, 2.0**-14, 2.0**-24, 65504.0, 0.0, np.float64),
    "BF16": Format("BF16", 2.0**-8, 2.0**-126, 2.0**-133, 2.0**127 * (2 - 2.0**-7), 2.0**-126, np.float64),
    "FP32": Format("FP32", 2.0**-24, 2.0**-126, 2.0**-149, 2.0**127 * (2 - 2.0**-23), 2.0**-126, np.float64),
    "FP64": Format(
        "FP64", 2.0**-53, 2.0**-1022, 5e-324, float(np.finfo(np.float64).max), 2.0**-1022, np.longdouble
    ),
}

INTEGERS = {
    "INT8": (-(2**7), 2**7 - 1),
    "INT16": (-(2**15), 2**15 - 1),
    "INT32": (-(2**31), 2**31 - 1),
    "INT64": (-(2**63), 2**63 - 1),
    "UINT8": (0, 2**8 - 1),
    "UINT16": (0, 2**16 - 1),
    "UINT32": (0, 2**32 - 1),
    "UINT64": (0, 2**64 - 1),
}

_DATATYPES = {
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "bool": "BOOL",
    "object": "BYTES",
    **{name.lower(): name for name in INTEGERS},
}


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """The lawful values of a tensor, element by element: `lo <= value <= hi`.

    An element whose bounds are NaN has to be NaN. An element that `loose` marks is not judged (None: there
    is no such element). A point is `lo is hi`. `signed`: the elements are copies, so that the sign of a
    zero counts. `terms`: the elements are sums of so many products, to which a bias may be added first
    (see `dense`).
    """

    datatype: str
    lo: Array
    hi: Array
    loose: Array | None = None
    signed: bool = False
    terms: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor."""
        return self.lo.shape

    @property
    def nan(self) -> Array:
        """Mark the elements that have to be NaN."""
        if self.datatype not in FORMATS:
            return np.zeros(self.lo.shape, dtype=np.bool_)
        return np.isnan(self.lo)

    @property
    def is_point(self) -> bool:
        """Say whether each element has one lawful value."""
        return self.lo is self.hi and self.loose is None


@functools.lru_cache(maxsize=64)
def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the datatype's name in the standard. Raises: Undecidable for one that the oracle does not
    know."""
    if dtype.kind in "SU":
        return "BYTES"
    name = _DATATYPES.get(dtype.name)
    if name is None:
        raise Undecidable(f"found the element type {dtype}, expected one of {', '.join(_DATATYPES)}")
    return name


def bounds_dtype(datatype: str) -> Any:
    """Return the element type that holds the bounds of a datatype."""
    if datatype in FORMATS:
        return FORMATS[datatype].work
    if datatype == "BOOL":
        return np.bool_
    if datatype == "BYTES":
        return np.object_
    return np.uint64 if datatype == "UINT64" else np.int64


def exact(datatype: str, values: Array, *, signed: bool = False) -> Interval:
    """Return the point with these values, which are given in the element type of the bounds."""
    return Interval(datatype, values, values, None, signed)


def integers(values: Any, datatype: str = "INT64") -> Interval:
    """Return the point with these whole numbers."""
    return exact(datatype, np.asarray(values, dtype=bounds_dtype(datatype)))


def point(array: Array) -> Interval:
    """Return an array as an interval of one value an element. Strings become `bytes`. Raises:
    Undecidable."""
    datatype = datatype_of(array.dtype)
    if datatype == "BYTES":
        values = np.empty(array.shape, dtype=object)
        flat = values.reshape(-1)
        for index, element in enumerate(array.reshape(-1)):
            flat[index] = element.encode("utf-8") if isinstance(element, str) else bytes(element)
        return exact(datatype, values, signed=True)
    return exact(datatype, array.astype(bounds_dtype(datatype)), signed=True)


def concrete(value: Interval, what: str) -> Array:
    """Return the one value of an input that shapes or indices are read from. Raises: Undecidable."""
    if value.loose is not None or not (value.lo is value.hi or bool((value.lo == value.hi).all())):
        raise Undecidable(f"{what} depends on rounding; use an input or a constant")
    return value.lo


def either(*masks: Array | None) -> Array | None:
    """Return the elements that one of the masks marks, broadcast; None where there are no masks."""
    found: Array | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def moved(x: Interval, function: Callable[[Array], Array]) -> Interval:
    """Return copies of elements: what a function that only selects and arranges makes of the bounds."""
    lo = function(x.lo)
    hi = lo if x.lo is x.hi else function(x.hi)
    return Interval(x.datatype, lo, hi, None if x.loose is None else function(x.loose), x.signed, x.terms)


def part(x: Interval, index: Any) -> Interval:
    """Return the elements that a NumPy index selects."""
    return moved(x, lambda values: np.asarray(values[index]))


def joined(parts: Sequence[Interval], function: Callable[[list[Array]], Array]) -> Interval:
    """Return copies of the elements of several tensors, put together by a function."""
    lo = function([part.lo for part in parts])
    same = all(part.lo is part.hi for part in parts)
    hi = lo if same else function([part.hi for part in parts])
    loose: Array | None = None
    if any(part.loose is not None for part in parts):
        masks = [np.zeros(part.shape, np.bool_) if part.loose is None else part.loose for part in parts]
        loose = function(masks)
    signed = all(part.signed for part in parts)
    return Interval(parts[0].datatype, lo, hi, loose, signed, max(part.terms for part in parts))
