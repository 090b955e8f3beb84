"""Whether an answer lies in its interval, and how much an interval would let through.

Owns the comparison and the measures of width; leaves what is lawful to the operators. Serves `runtime`
(RUN-NUM-01, RUN-NUM-02, RUN-NUM-03).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.value import FORMATS, Array, Interval, datatype_of, point

__all__ = ["Disagreement", "judge", "median_slack", "slack", "vague"]

#: An interval this wide, relative to its value, says little: graphs that lead there are ill-conditioned.
VAGUE = 2.0**-10


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first wrong element: where, what was found, what was lawful; `ulp`: how far outside, in units in
    the last
    place of the datatype (0 where that has no meaning). `at` is None where type or shape is wrong."""

    at: tuple[int, ...] | None
    found: str
    expected: str
    ulp: float = 0.0
    count: int = 0

    def __str__(self) -> str:
        where = "" if self.at is None else f" at {list(self.at)}"
        rest = f" ({self.ulp:.4g} ULP outside)" if self.ulp else ""
        more = f"; {self.count} elements are wrong" if self.count > 1 else ""
        return f"found {self.found}{where}, expected {self.expected}{rest}{more}"


def judge(interval: Interval, array: Array) -> Disagreement | None:
    """Return how an answer leaves its interval, or None. The array has the element type of the datatype."""
    array = np.asarray(array)
    if (datatype := datatype_of(array.dtype)) != interval.datatype:
        return Disagreement(None, f"datatype {datatype}", f"datatype {interval.datatype}")
    if array.shape != interval.shape:
        return Disagreement(None, f"shape {list(array.shape)}", f"shape {list(interval.shape)}")
    found = point(array).lo
    lo, hi = interval.lo, interval.hi
    if datatype == "BYTES":
        right = np.asarray(found == lo, dtype=np.bool_)
    else:
        right = (found >= lo) & (found <= hi)
    if datatype in FORMATS and not right.all():
        right |= np.isnan(found) & np.isnan(lo)
    if interval.signed and datatype in FORMATS:
        right &= (found != 0) | (np.signbit(found) == np.signbit(lo)) | (lo != hi)
    if interval.loose is not None:
        right |= interval.loose
    if right.all():
        return None
    wrong = np.argwhere(~right)
    at = tuple(int(index) for index in wrong[0])
    return Disagreement(
        at, _shown(array[at]), _expected(interval, at), _outside(interval, at, found[at]), len(wrong)
    )


def _expected(interval: Interval, at: tuple[int, ...]) -> str:
    lo, hi = interval.lo[at], interval.hi[at]
    if interval.datatype in FORMATS:
        if np.isnan(lo):
            return "NaN"
        return f"{float(lo)!r}" if lo == hi else f"{float(lo)!r} to {float(hi)!r}"
    return _shown(lo) if lo == hi else f"{_shown(lo)} to {_shown(hi)}"


def _outside(interval: Interval, at: tuple[int, ...], found: Any) -> float:
    if interval.datatype not in FORMATS:
        return 0.0
    lo, hi = interval.lo[at], interval.hi[at]
    distance = lo - found if found < lo else found - hi
    nearest = lo if found < lo else hi
    unit = float(distance) / float(_ulp(interval.datatype, np.asarray(nearest)))
    return unit if np.isfinite(unit) else 0.0


def _ulp(datatype: str, values: Array) -> Array:
    form = FORMATS[datatype]
    _, exponent = np.frexp(np.abs(values))
    units: Array = np.ldexp(np.asarray(2.0 * form.unit, dtype=form.work), exponent - 1)
    return np.maximum(units, form.step)


def slack(interval: Interval) -> Array:
    """Return the widths of the judged, finite elements in units in the last place; (0,) for other
    datatypes."""
    if interval.datatype not in FORMATS:
        return np.zeros(0)
    lo, hi = interval.lo, interval.hi
    judged = np.isfinite(lo) & np.isfinite(hi)
    if interval.loose is not None:
        judged &= ~interval.loose
    lo, hi = lo[judged], hi[judged]
    return ((hi - lo) / _ulp(interval.datatype, np.maximum(np.abs(lo), np.abs(hi)))).astype(np.float64)


def median_slack(interval: Interval) -> float:
    """Return the median width in units in the last place; 0 where nothing is judged by width."""
    widths = slack(interval)
    return float(np.median(widths)) if widths.size else 0.0


def vague(interval: Interval) -> Array:
    """Mark the elements of which too little is expected: loose, or wider than 2^-10 of the tensor's size
    there.

    The size is the larger of the element's and a thousandth of the largest element's magnitude, so that
    one sum that cancels does not spoil a tensor; for FP16 and BF16 64 units roundoff stand for 2^-10.
    """
    unknown = np.zeros(interval.shape, dtype=np.bool_) if interval.loose is None else interval.loose
    if interval.datatype not in FORMATS:
        return unknown if interval.datatype == "BYTES" else unknown | (interval.lo != interval.hi)
    if interval.lo is interval.hi or interval.lo.size == 0:
        return unknown
    size = np.maximum(np.abs(interval.lo), np.abs(interval.hi))
    finite = size[np.isfinite(size)]
    floor = float(finite.max()) / 1000 if finite.size else 0.0
    share = max(VAGUE, 64 * FORMATS[interval.datatype].unit)
    with np.errstate(invalid="ignore"):
        width = interval.hi - interval.lo
    return unknown | (width > share * np.maximum(size, floor))


def _shown(value: Any) -> str:
    if isinstance(value, np.generic):
        return repr(value.item())
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."
