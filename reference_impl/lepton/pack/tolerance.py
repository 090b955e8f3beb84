"""How close is close enough: tolerances derived from how far the oracle itself moves with precision.

Owns the derivation and its words for the provenance. The error of an engine that computes in the model's own
precision, in whatever order of summation, is of the size of the oracle's own difference between that
precision and float64; a factor covers other orders, and a floor in units of the last place covers outputs on
which the two happen to agree. Serves PKG-VEC-04 and PKG-VEC-06.
"""

import math
from collections.abc import Sequence

import numpy as np

from lepton.runtime.protocol import Array
from lepton.tensor import datatype
from lepton.vectors.document import Comparison

__all__ = ["BLIND_RTOL", "FLOOR_ULPS", "SAFETY_FACTOR", "derive", "explanation"]

#: The oracle's own difference is multiplied by this.
SAFETY_FACTOR = 16
#: Units in the last place (of the largest value for atol, of each for rtol) below which no tolerance goes.
FLOOR_ULPS = 16
#: Relative tolerance where the oracle cannot compute in float64, in units in the last place.
BLIND_RTOL = 1024

#: Distance from 1.0 to the next number.
_EPSILON = {"FP64": 2.0**-52, "FP32": 2.0**-23, "FP16": 2.0**-10, "BF16": 2.0**-7}


def derive(name: str, type_name: str, wide: Sequence[Array] | None, native: Sequence[Array]) -> Comparison:
    """Derive the comparison of one output from its answers to all vectors, in float64 and as the model is."""
    if datatype(type_name).kind != "float":
        return Comparison(name, "exact")
    reference = native if wide is None else wide
    epsilon = _EPSILON[type_name]
    values = [array.astype(np.float64).ravel() for array in reference]
    finite = np.concatenate([array[np.isfinite(array)] for array in values]) if values else np.empty(0)
    largest = float(np.max(np.abs(finite), initial=0.0))
    nan = "equal" if any(np.isnan(array).any() for array in values) else "forbidden"
    if wide is None:
        return Comparison(
            name, "allclose", _rounded_up(BLIND_RTOL * epsilon * largest), BLIND_RTOL * epsilon, nan
        )
    moved = max(_distance(one, other) for one, other in zip(wide, native, strict=True))
    atol = max(SAFETY_FACTOR * moved, FLOOR_ULPS * epsilon * largest)
    return Comparison(name, "allclose", _rounded_up(atol), FLOOR_ULPS * epsilon, nan)


def explanation(wide: bool) -> str:
    """Say in words how `derive` went about it."""
    if not wide:
        return (
            f"The oracle could not compute in float64. For each output: rtol = {BLIND_RTOL} units in the "
            "last place, atol = rtol times the largest absolute value over all vectors of the stage; exact "
            "datatypes exactly."
        )
    return (
        "For each output over all vectors of the stage: atol = the larger of "
        f"{SAFETY_FACTOR} times the largest difference between the oracle in the model's own precision and "
        f"in float64, and {FLOOR_ULPS} units in the last place of the largest absolute value, rounded up to "
        f"two digits; rtol = {FLOOR_ULPS} units in the last place; exact datatypes exactly."
    )


def _distance(one: Array, other: Array) -> float:
    left, right = one.astype(np.float64), other.astype(np.float64)
    both = np.isfinite(left) & np.isfinite(right)
    return float(np.max(np.abs(left[both] - right[both]), initial=0.0))


def _rounded_up(value: float) -> float:
    """Round up to two significant digits, so that the number reads well and never shrinks."""
    if value == 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit) * unit:.1e}")
