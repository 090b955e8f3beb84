"""How close is close enough: tolerances derived from what rounding does to this model on these inputs.

Owns the derivation and its words for the provenance. An engine that computes in the model's own precision, in
whatever order of summation and with whatever approximation of a function, errs in each operation by about the
bound of `rounding`; the oracle's float64 answers with such errors planted into every operation say how far
that moves each output. A factor covers engines that err by more than the bound, and a floor in units of the
last place covers outputs that errors happen not to reach. Serves PKG-VEC-04 and PKG-VEC-06.
"""

import math
from collections.abc import Sequence

import numpy as np

from lepton.runtime.protocol import Array
from lepton.tensor import datatype
from lepton.vectors.document import Comparison

__all__ = [
    "BLIND_RTOL",
    "FLOOR_ULPS",
    "SAFETY_FACTOR",
    "SHAKEN_FACTOR",
    "apart",
    "bounds",
    "derive",
    "explanation",
]

#: The movement of an answer under planted rounding errors is multiplied by this.
SHAKEN_FACTOR = 4
#: The oracle's own difference between precisions is multiplied by this, where errors cannot be planted.
SAFETY_FACTOR = 16
#: Units in the last place (of the largest value for atol, of each for rtol) below which no tolerance goes.
FLOOR_ULPS = 16
#: Relative tolerance where the oracle cannot compute in float64, in units in the last place.
BLIND_RTOL = 1024

#: Distance from 1.0 to the next number.
_EPSILON = {"FP64": 2.0**-52, "FP32": 2.0**-23, "FP16": 2.0**-10, "BF16": 2.0**-7}


def derive(
    name: str,
    type_name: str,
    wide: Sequence[Array] | None,
    native: Sequence[Array],
    shaken: Sequence[Array] | None = None,
) -> Comparison:
    """Derive the comparison of one output over all vectors of a stage.

    The answers are those in float64, in the model's own precision, and in float64 with planted rounding
    errors (one or more for each of the others); None where the oracle cannot.
    """
    if datatype(type_name).kind != "float":
        return Comparison(name, "exact")
    reference = native if wide is None else wide
    nan = "equal" if any(np.isnan(array.astype(np.float64)).any() for array in reference) else "forbidden"
    return Comparison(name, "allclose", *bounds(type_name, wide, native, shaken), nan)


def bounds(
    type_name: str, wide: Sequence[Array] | None, native: Sequence[Array], shaken: Sequence[Array] | None
) -> tuple[float, float]:
    """Return atol and rtol for an output of a floating-point datatype."""
    epsilon = _EPSILON[type_name]
    values = [array.astype(np.float64).ravel() for array in (native if wide is None else wide)]
    finite = np.concatenate([array[np.isfinite(array)] for array in values]) if values else np.empty(0)
    largest = float(np.max(np.abs(finite), initial=0.0))
    if wide is None:
        return _rounded_up(BLIND_RTOL * epsilon * largest), BLIND_RTOL * epsilon
    moved = _largest_distance(wide, native)
    if shaken is None:
        moved *= SAFETY_FACTOR
    else:
        moved = SHAKEN_FACTOR * max(moved, _largest_distance(wide, shaken))
    return _rounded_up(max(moved, FLOOR_ULPS * epsilon * largest)), FLOOR_ULPS * epsilon


def apart(type_name: str, expected: Sequence[Array], answers: Sequence[Array]) -> tuple[float, float]:
    """Return atol and rtol for an artifact that is another model: its own oracle's answers beside ours.

    What it may be off by is known from its oracle, rounding errors included; half of that is added for an
    engine that rounds a value near the middle between two steps of quantisation the other way.
    """
    largest = max((float(np.max(np.abs(one), initial=0.0)) for one in expected), default=0.0)
    epsilon = _EPSILON[type_name]
    off = max(1.5 * _largest_distance(expected, answers), FLOOR_ULPS * epsilon * largest)
    return _rounded_up(off), FLOOR_ULPS * epsilon


def explanation(*, wide: bool, shaken: bool) -> str:
    """Say in words how `derive` went about it."""
    if not wide:
        return (
            f"The oracle could not compute in float64. For each output: rtol = {BLIND_RTOL} units in the "
            "last place, atol = rtol times the largest absolute value over all vectors of the stage; exact "
            "datatypes exactly."
        )
    if shaken:
        movement = (
            f"{SHAKEN_FACTOR} times the largest movement of the oracle's float64 answers when every "
            "operation is given a random rounding error of the model's own precision (sqrt(n) units of "
            "roundoff of the sum of the absolute products for sums of n products, 4 units elsewhere), or of "
            "the oracle's difference between that precision and float64"
        )
    else:
        movement = (
            f"{SAFETY_FACTOR} times the largest difference between the oracle in the model's own precision "
            "and in float64"
        )
    return (
        f"For each output over all vectors of the stage: atol = the larger of {movement}, and {FLOOR_ULPS} "
        "units in the last place of the largest absolute value, rounded up to two digits; rtol = "
        f"{FLOOR_ULPS} units in the last place; exact datatypes exactly."
    )


def _largest_distance(references: Sequence[Array], others: Sequence[Array]) -> float:
    """Compare each of `others` with its reference; there are as many, or a multiple, in the same order."""
    return max(
        (_distance(references[at % len(references)], other) for at, other in enumerate(others)), default=0.0
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
