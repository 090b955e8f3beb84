"""Resizing one line at a time, in Python's binary64 numbers, in the order of the section on resizing.

Owns sizes, places, weights and sums; leaves which step asks for them to `steps`. Serves PKG-PRO-04.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.refusal import Refused

__all__ = ["resized", "sizes", "terms"]

Term = tuple[int, float]


def sizes(step: Mapping[str, Any], read: Sequence[int]) -> list[int]:
    """Return the sizes written at `axes`, y and x, for those read. Raises: Refused."""
    if 0 in read:
        raise Refused("found the size 0 on an axis that is resized")
    size = step["size"]
    if isinstance(size, list):
        return list(size)
    rule, target = next(iter(size.items()))
    base = min(read) if rule == "shorter" else max(read)
    return [target if length == base else max(1, length * target // base) for length in read]


def nearest(n: int, m: int, j: int, coordinates: str) -> int:
    """Return the index whose element is copied."""
    if coordinates == "half_pixel":
        index = (2 * j + 1) * n // (2 * m)
    elif coordinates == "asymmetric":
        index = j * n // m
    else:
        index = (2 * j * (n - 1) + (m - 1)) // (2 * (m - 1)) if m > 1 else 0
    return min(n - 1, index)


def hat(u: float, name: str) -> float:
    """Return the filter at a distance that is not negative."""
    if name == "linear":
        return max(0.0, 1.0 - u)
    if u <= 1:
        return ((1.5 * u - 2.5) * u) * u + 1.0
    if u < 2:
        return ((-0.5 * u + 2.5) * u - 4.0) * u + 2.0
    return 0.0


def sharp(n: int, m: int, j: int, step: Mapping[str, Any]) -> Iterator[Term]:
    """Yield the neighbours without `antialias`, beyond the border the outermost element."""
    if step["coordinates"] == "align_corners":
        ratio = (n - 1) / (m - 1) if m > 1 else 0.0
    else:
        ratio = n / m
    place = (j + 0.5) * ratio - 0.5 if step["coordinates"] == "half_pixel" else j * ratio
    base = math.floor(place)
    t = place - base
    if step["filter"] == "linear":
        weights = {base: 1.0 - t, base + 1: t}
    else:
        far = (t + 1.0, t, 1.0 - t, 2.0 - t)
        weights = {base - 1 + place: hat(u, "cubic") for place, u in enumerate(far)}
    for index, weight in weights.items():
        yield min(max(index, 0), n - 1), weight


def smooth(n: int, m: int, j: int, step: Mapping[str, Any]) -> Iterator[Term]:
    """Yield the elements under the filter that is as wide as the ratio, with weights whose sum is 1."""
    ratio = n / m
    scale = max(ratio, 1.0)
    place = (j + 0.5) * ratio
    reach = scale if step["filter"] == "linear" else 2.0 * scale
    first, last = max(0, math.floor((place - reach) + 0.5)), min(n, math.floor((place + reach) + 0.5)) - 1
    heights = [hat(abs(((i + 0.5) - place) / scale), step["filter"]) for i in range(first, last + 1)]
    total = 0.0
    for height in heights:
        total += height
    for index, height in enumerate(heights, first):
        yield index, height / total


def terms(n: int, m: int, j: int, step: Mapping[str, Any]) -> list[Term]:
    """Return indices and weights of the element j written."""
    if step["filter"] == "nearest":
        return [(nearest(n, m, j, step["coordinates"]), 1.0)]
    return list((smooth if step["antialias"] else sharp)(n, m, j, step))


def line(values: Sequence[float], m: int, step: Mapping[str, Any]) -> list[float]:
    """Resize one line to m elements."""
    answer = []
    for j in range(m):
        total = 0.0
        for index, weight in terms(len(values), m, j, step):
            if weight != 0:
                total = total + weight * values[index]
        answer.append(total)
    return answer


def along(array: Array, axis: int, m: int, step: Mapping[str, Any]) -> Array:
    """Resize each line along an axis."""
    shape = list(array.shape)
    shape[axis] = m
    answer = np.empty(shape, dtype=array.dtype if step["filter"] == "nearest" else np.float64)
    for place in np.ndindex(*shape[:axis], *shape[axis + 1 :]):
        at = (*place[:axis], slice(None), *place[axis:])
        if step["filter"] == "nearest":
            order = [nearest(array.shape[axis], m, j, step["coordinates"]) for j in range(m)]
            answer[at] = array[at][order]
        else:
            answer[at] = line([float(value) for value in array[at]], m, step)
    return answer


def whole(value: float, rounding: str) -> int:
    """Round to an integer and cut to a byte."""
    if rounding == "half_even":
        integer = round(value)
    else:
        integer = math.floor(value + 0.5) if rounding == "half_up" else math.floor(value)
    return min(max(integer, 0), 255)


def resized(array: Array, step: Mapping[str, Any]) -> Array:
    """Resize along x, then along y. Raises: Refused."""
    y, x = (axis % array.ndim for axis in step["axes"])
    height, width = sizes(step, (array.shape[y], array.shape[x]))
    wide = along(along(array, x, width, step), y, height, step)
    if step["filter"] == "nearest":
        return wide
    if array.dtype == np.uint8:
        flat = [whole(float(value), step["rounding"]) for value in wide.reshape(-1)]
        return np.array(flat, dtype=np.uint8).reshape(wide.shape)
    with np.errstate(all="ignore"):
        return np.asarray(wide.astype("<f4"))
