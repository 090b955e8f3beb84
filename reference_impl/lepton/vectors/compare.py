"""Say whether an answer is close enough to what was expected, and if not, where it is worst.

Owns the two comparators; leaves who computed what to `replay`. Serves PKG-VEC-04.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from lepton.runtime.protocol import Array
from lepton.vectors.document import Comparison, Tensor

__all__ = ["difference", "first_difference"]


def first_difference(
    expected: Sequence[Tensor], answer: Mapping[str, Array], comparisons: Sequence[Comparison]
) -> str | None:
    """Return None when every expected output is matched, else what is wrong with the first that is not."""
    rules = {comparison.output: comparison for comparison in comparisons}
    for tensor in expected:
        if tensor.name not in answer:
            return (
                f"output {tensor.name!r}: found none, expected {tensor.datatype} {list(tensor.array.shape)}"
            )
        problem = difference(tensor, answer[tensor.name], rules[tensor.name])
        if problem is not None:
            return f"output {tensor.name!r}: {problem}"
    return None


def difference(expected: Tensor, actual: Array, comparison: Comparison) -> str | None:
    """Return None when `actual` matches, else the count of mismatches, the first one, and the largest error.

    `exact` compares bits (so -0.0 is not 0.0, and a NaN equals itself); `allclose` is
    |actual - expected| <= atol + rtol * |expected| in float64, infinities equal only to themselves.
    """
    wanted = expected.array
    if actual.shape != wanted.shape:
        return f"found shape {list(actual.shape)}, expected {list(wanted.shape)}"
    if actual.dtype != wanted.dtype:
        return f"found elements of type {actual.dtype}, expected {expected.datatype}"
    if comparison.comparator == "exact":
        wrong, errors = _exact(wanted, actual)
        rule = "equal bits"
    else:
        wrong, errors = _allclose(wanted, actual, comparison)
        rule = f"within atol {comparison.atol:g}, rtol {comparison.rtol:g}, nan {comparison.nan}"
    count = int(np.count_nonzero(wrong))
    if not count:
        return None
    flat = int(np.flatnonzero(wrong.ravel())[0])
    index = [int(part) for part in np.unravel_index(flat, wanted.shape)]
    message = (
        f"found {count} of {wanted.size} elements wrong, first at {index}: {_shown(actual.ravel()[flat])}, "
        f"expected {_shown(wanted.ravel()[flat])} ({rule})"
    )
    if errors is None:
        return message
    return f"{message}; largest error {np.max(errors, initial=0.0):.6g}"


def _exact(wanted: Array, actual: Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64] | None]:
    if wanted.dtype == np.object_:
        wrong = np.fromiter(
            (a != b for a, b in zip(actual.flat, wanted.flat, strict=True)), bool, wanted.size
        )
        return wrong.reshape(wanted.shape), None
    bits = np.dtype(f"u{wanted.dtype.itemsize}")
    return np.ascontiguousarray(actual).view(bits) != np.ascontiguousarray(wanted).view(bits), None


def _allclose(
    wanted: Array, actual: Array, comparison: Comparison
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    left, right = actual.astype(np.float64), wanted.astype(np.float64)
    with np.errstate(all="ignore"):
        errors = np.abs(left - right)
        bound = comparison.atol + comparison.rtol * np.abs(right)
        finite = np.isfinite(left) & np.isfinite(right)
        right_ones = (left == right) | (finite & (errors <= bound))
    if comparison.nan == "equal":
        right_ones |= np.isnan(left) & np.isnan(right)
    return ~right_ones, np.where(np.isnan(errors), 0.0, errors)


def _shown(element: object) -> str:
    return repr(element)[:80] if isinstance(element, bytes) else str(element)
