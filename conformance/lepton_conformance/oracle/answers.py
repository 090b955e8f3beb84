"""The right answers of the conformance models, and when another answer is right as well.

Owns expected values and the tolerances that chapter `inference` derives from numerics; leaves reading answers
to `oracle.elements`. Arrays of BYTES are object arrays of `bytes`. Serves `inference`.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from lepton_conformance.models.catalog import AFFINE_BIAS, AFFINE_WEIGHT, ConformanceModel

__all__ = ["Array", "disagreement", "expected", "judgeable"]

Array = npt.NDArray[Any]

#: Terms of the sum in `lepton_affine`: four products and the bias.
AFFINE_TERMS = 5
UNIT_ROUNDOFF_FP32 = Fraction(1, 2**24)
SMALLEST_NORMAL_FP32 = Fraction(1, 2**126)
LARGEST_FP32 = Fraction(float(np.finfo(np.float32).max))


def expected(model: ConformanceModel, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the right outputs by name; for `lepton_affine` the exact sums rounded to FP32."""
    with np.errstate(all="ignore"):
        if model.operator == "identity":
            return {"y": inputs["x"].copy()}
        if model.operator == "subtract":
            return {"y": inputs["a"] - inputs["b"]}
        if model.operator == "transpose":
            return {"y": np.ascontiguousarray(inputs["x"].T)}
        if model.operator == "split":
            x, one = inputs["x"], np.int32(1)
            return {"plus": x + one, "minus": x - one, "negative": -x}
        if model.operator == "sum":  # exact for the whole numbers that the suite sends
            return {"y": np.asarray(np.sum(list(inputs.values()), axis=0, dtype=np.float32))}
        if model.operator == "generation":
            one = np.int32(1)
            return {"y": inputs["x"] + one, "g": np.array([1], dtype=np.int32)}
    x = inputs["x"]
    sums = [[float(_affine(row, column)[0]) for column in range(3)] for row in x]
    return {"y": np.array(sums, dtype=np.float32).reshape(len(x), 3)}


def _affine(row: Array, column: int) -> tuple[Fraction, Fraction]:
    """Return the exact sum of one element of `lepton_affine`, and the sum of its terms' absolute values."""
    terms = [
        Fraction(float(value)) * Fraction(AFFINE_WEIGHT[index][column]) for index, value in enumerate(row)
    ]
    terms.append(Fraction(float(np.float32(AFFINE_BIAS[column]))))
    return sum(terms, Fraction(0)), sum((abs(term) for term in terms), Fraction(0))


def judgeable(model: ConformanceModel, inputs: Mapping[str, Array]) -> bool:
    """Say whether the numbers of a request can be judged: no sum of `lepton_affine` may overflow."""
    if model.operator != "affine":
        return True
    x = inputs["x"]
    if not bool(np.isfinite(x).all()):
        return False
    return all(_affine(row, column)[1] < LARGEST_FP32 / 2 for row in x for column in range(3))


def disagreement(
    model: ConformanceModel, inputs: Mapping[str, Array], output: str, found: Array
) -> str | None:
    """Return how an output differs from the right answer at its first wrong element, or None.

    NaNs are equal to NaNs whatever their payload: JSON does not carry it.
    """
    right = expected(model, inputs)[output]
    if found.shape != right.shape:
        return f"found shape {list(found.shape)}, expected {list(right.shape)}"
    if model.operator == "affine":
        return _affine_disagreement(inputs["x"], found, right)
    equal = _same(found, right)
    if model.operator == "subtract":
        zero = (found == 0) & ((right == 0) | (np.abs(right) < float(SMALLEST_NORMAL_FP32)))
        signed = (found == 0) & (right == 0) & (inputs["a"] != inputs["b"])
        equal |= zero & ~signed
    if model.operator == "split":
        # Sums beyond INT32 are not exact (chapter `inference`, on numbers): nothing is expected of them.
        equal |= ~_in_range(output, inputs["x"])
    if bool(equal.all()):
        return None
    at = tuple(int(index) for index in np.argwhere(~equal)[0])
    return f"found {_shown(found[at])} at {list(at)}, expected {_shown(right[at])}"


def _in_range(output: str, x: Array) -> Array:
    """Return, element by element, whether an output of `lepton_split` lies in the range of INT32."""
    wide = x.astype(np.int64)
    sums = {"plus": wide + 1, "minus": wide - 1, "negative": -wide}[output]
    limits = np.iinfo(np.int32)
    return np.asarray((sums >= limits.min) & (sums <= limits.max))


def _same(found: Array, right: Array) -> Array:
    """Return, element by element, whether two arrays of one datatype hold the same bits (or both NaN)."""
    if right.dtype.kind == "f":
        width = right.dtype.itemsize
        bits = np.dtype(f"u{width}")
        same: Array = found.view(bits) == right.view(bits)
        return same | (np.isnan(found) & np.isnan(right))
    return np.asarray(found == right, dtype=np.bool_)


def _affine_disagreement(x: Array, found: Array, right: Array) -> str | None:
    unit = UNIT_ROUNDOFF_FP32
    gamma = AFFINE_TERMS * unit / (1 - AFFINE_TERMS * unit)
    for row, column in np.ndindex(*found.shape):
        exact, size = _affine(x[row], column)
        value = float(found[row, column])
        bound = gamma * size + unit * abs(exact) + AFFINE_TERMS * SMALLEST_NORMAL_FP32
        if not math.isfinite(value) or abs(Fraction(value) - exact) > bound:
            return (
                f"found {value!r} at {[row, column]}, expected {_shown(right[row, column])} "
                f"give or take {float(bound):.3g}"
            )
    return None


def _shown(value: Any) -> str:
    if isinstance(value, np.floating):
        return f"{float(value)!r} (bits {value.tobytes()[::-1].hex()})"
    if isinstance(value, np.generic):
        return repr(value.item())
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."
