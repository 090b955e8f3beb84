"""The step resize: separable, along x and then y, with weights and sums in binary64 and one rounding.

Owns which elements make one of the result and with which weights; every operation is rounded on its own and
in the order of the standard, so that results are the same bytes everywhere. Serves PKG-PRO-04.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import (
    Operation,
    Setting,
    UnfitError,
    axis_of,
    require,
    require_room,
    same,
)
from lepton.tensor import TensorSpec

__all__ = ["resize"]

#: Bytes of sums that are computed at a time.
BLOCK_BYTES = 128 * 1024


def resize(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `resize`."""
    require(spec, "FP32", "UINT8")
    if (spec.datatype == "UINT8") != ("rounding" in step):
        raise UnfitError(f"found {spec.datatype}, expected `rounding` exactly with UINT8")
    y, x = (axis_of(axis, spec) for axis in step["axes"])
    if x == y:
        raise UnfitError(f"found the axes {step['axes']}, expected two different ones")
    size = step["size"]
    shape = list(spec.shape)
    if isinstance(size, Mapping):
        shape[y], shape[x] = (step["shape"][axis] if axis < len(step["shape"]) else 0 for axis in (y, x))
        same(list(step["shape"]), shape, "shape")
    else:
        shape[y], shape[x] = size

    def apply(array: Array) -> tuple[Array]:
        found = array.shape[y], array.shape[x]
        if 0 in found:
            raise BindError(f"resize of {spec.name!r}: found the size {found}, expected at least 1 x 1")
        height, width = _target(found, size)
        fixed = {x: width, y: max(height, found[0])}
        # Sums are float64 between the axes; `nearest` copies what it finds.
        item = array.itemsize if step["filter"] == "nearest" else 8
        require_room(step, (fixed.get(axis, one) for axis, one in enumerate(array.shape)), item)
        if step["filter"] == "nearest":
            columns = _nearest(found[1], width, step["coordinates"])
            lines = _nearest(found[0], height, step["coordinates"])
            return (array.take(columns, axis=x).take(lines, axis=y),)
        rule = step["filter"], step["antialias"], step["coordinates"]
        wide = _resampled(array, x, *_taps(found[1], width, *rule))
        return (_rounded(_resampled(wide, y, *_taps(found[0], height, *rule)), step),)

    yields = TensorSpec(step["out"], spec.datatype, tuple(shape))
    return Operation((spec.name,), (yields,), apply, sized=isinstance(size, Mapping))


def _target(found: tuple[int, int], size: Any) -> tuple[int, int]:
    """Return height and width of the result."""
    if not isinstance(size, Mapping):
        return size[0], size[1]
    kind, given = next(iter(size.items()))
    leading = min(found) if kind == "shorter" else max(found)
    height, width = (given if one == leading else max(1, one * given // leading) for one in found)
    return height, width


def _nearest(n: int, m: int, coordinates: str) -> Array:
    """Return, for each of `m` places, the one of `n` whose element it copies: in integers, exactly."""
    j = np.arange(m, dtype=np.int64)
    if coordinates == "half_pixel":
        index = (2 * j + 1) * n // (2 * m)
    elif coordinates == "asymmetric":
        index = j * n // m
    else:
        index = (2 * j * (n - 1) + (m - 1)) // (2 * (m - 1)) if m > 1 else j
    return np.minimum(index, n - 1)


@functools.lru_cache(maxsize=64)
def _taps(n: int, m: int, kind: str, antialias: bool, coordinates: str) -> tuple[Array, Array]:
    """Return indices (taps, m) int64 and weights (taps, m) float64 of a linear or cubic filter."""
    j = np.arange(m, dtype=np.float64)
    if antialias:
        return _wide_taps(n, m, kind, j)
    if coordinates == "align_corners":
        ratio = (n - 1) / (m - 1) if m > 1 else 0.0
    else:
        ratio = n / m
    centre = (j + 0.5) * ratio - 0.5 if coordinates == "half_pixel" else j * ratio
    base = np.floor(centre)
    t = centre - base
    if kind == "linear":
        weights, first = np.stack([1 - t, t]), 0
    else:
        weights, first = np.stack([_cubic(t + 1), _cubic(t), _cubic(1 - t), _cubic(2 - t)]), -1
    index = base.astype(np.int64) + np.arange(first, first + len(weights))[:, np.newaxis]
    return np.clip(index, 0, n - 1), weights


def _wide_taps(n: int, m: int, kind: str, j: Array) -> tuple[Array, Array]:
    """Return the taps of a filter as wide as the elements of the result are apart."""
    ratio = n / m
    scale = max(ratio, 1.0)
    place = (j + 0.5) * ratio
    reach = scale if kind == "linear" else 2 * scale
    low = np.maximum(0, np.floor((place - reach) + 0.5)).astype(np.int64)
    high = np.minimum(n, np.floor((place + reach) + 0.5)).astype(np.int64)
    k = low + np.arange(int((high - low).max()))[:, np.newaxis]
    u = np.abs(((k + 0.5) - place) / scale)
    weights = np.maximum(0, 1 - u) if kind == "linear" else _cubic(u)
    weights[k >= high] = 0
    total = np.zeros(m)
    for row in weights:  # one after the other: the order of a sum is part of the standard
        total += row
    return np.minimum(k, n - 1), weights / total


def _cubic(u: Array) -> Array:
    """Return the cubic convolution with a = -0.5 at distances that are not negative."""
    near = ((1.5 * u - 2.5) * u) * u + 1
    far = ((-0.5 * u + 2.5) * u - 4) * u + 2
    return np.where(u <= 1, near, np.where(u < 2, far, 0.0))


def _resampled(array: Array, axis: int, indices: Array, weights: Array) -> Array:
    """Return the weighted sums along `axis`, in float64, each begun with +0 and without weights of 0."""
    lead = [1] * array.ndim
    lead[axis] = -1
    # A weight of 0 counts for something only beside what is not finite.
    guarded = array.dtype.kind == "f" and not np.isfinite(array).all()
    shape = (*array.shape[:axis], weights.shape[1], *array.shape[axis + 1 :])
    total = np.zeros(shape)
    # Sums that stay in a processor's cache take less time; blocks divide another axis than the one summed.
    other = 0 if axis else 1
    lines = max(1, BLOCK_BYTES * shape[other] // max(1, total.nbytes))
    for first in range(0, shape[other], lines):
        block = (slice(None),) * other + (slice(first, first + lines),)
        _add(total[block], array[block], axis, indices, weights, lead, guarded)
    return total


def _add(
    total: Array, array: Array, axis: int, indices: Array, weights: Array, lead: list[int], guarded: bool
) -> None:
    """Add the weighted elements to `total`, tap by tap."""
    for index, weight in zip(indices, weights, strict=True):
        if not weight.any():
            continue
        product = array.take(index, axis=axis) * weight.reshape(lead)
        if guarded:
            np.add(total, product, out=total, where=(weight != 0).reshape(lead))
        else:
            total += product


def _rounded(values: Array, step: Mapping[str, Any]) -> Array:
    """Return float64 sums in the datatype of the tensor."""
    rounding = step.get("rounding")
    if rounding is None:
        return values.astype(np.float32)
    if rounding == "half_even":
        whole = np.rint(values)
    else:
        whole = np.floor(values + 0.5 if rounding == "half_up" else values)
    return np.clip(whole, 0, 255).astype(np.uint8)
