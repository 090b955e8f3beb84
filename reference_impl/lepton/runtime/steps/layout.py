"""Steps that move elements and compute nothing: transpose, reshape, crop, pad, reverse.

Owns where each element goes; leaves resizing, which computes, to `resampling`. Serves PKG-PRO-02 and
PKG-PRO-04.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, UnfitError, axis_of, require_room, single
from lepton.tensor import Dim, TensorSpec, datatype, element_count

__all__ = ["crop", "pad", "reshape", "reverse", "transpose"]


def transpose(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `transpose`."""
    perm = tuple(step["perm"])
    if sorted(perm) != list(range(len(spec.shape))):
        raise UnfitError(f"found perm {list(perm)}, expected an order of 0..{len(spec.shape) - 1}")
    return single(
        spec,
        step,
        lambda array: np.array(array.transpose(perm), order="C"),
        shape=tuple(spec.shape[axis] for axis in perm),
    )


def reshape(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `reshape`."""
    shape: tuple[Dim, ...] = tuple(step["shape"])
    if _factors(shape) != _factors(spec.shape):
        raise UnfitError(
            f"found shape {list(shape)}, expected as many elements as in {list(spec.shape)}, each symbol as "
            "often as there"
        )

    def apply(array: Array) -> Array:
        # Every symbol of the new shape stands in the old one, so the array itself tells its size.
        sizes = dict(zip(spec.shape, array.shape, strict=True))
        return array.reshape([dim if isinstance(dim, int) else sizes[dim] for dim in shape]).copy()

    return single(spec, step, apply, shape=shape)


def _factors(shape: Sequence[Dim]) -> tuple[int, list[str]]:
    """Return what makes the element count: the product of the fixed sizes, and the symbols."""
    return element_count(dim for dim in shape if isinstance(dim, int)), sorted(
        dim for dim in shape if isinstance(dim, str)
    )


def reverse(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `reverse`: the last element along one axis becomes the first."""
    axis = axis_of(step["axis"], spec)
    return single(spec, step, lambda array: np.flip(array, axis).copy())


def crop(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `crop`: as many elements as `size` says, from the start or the middle of each axis."""
    targets = _targets(step, spec, lambda found, wanted: found >= wanted, "at least")

    def compute(array: Array) -> Array:
        for axis, wanted in targets.items():
            spare = array.shape[axis] - wanted
            if spare < 0:
                raise _wrong_size("crop", spec, array.shape[axis], axis, f"{wanted} or more")
            first = spare // 2 if step["anchor"] == "center" else 0
            array = array[(slice(None),) * axis + (slice(first, first + wanted),)]
        return array.copy()

    return single(spec, step, compute, shape=_replaced(spec.shape, targets))


def pad(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `pad`: one value around or behind, until each axis is as long as `size` says."""
    if spec.datatype in ("BYTES", "BF16"):
        raise UnfitError(f"found {spec.datatype}, expected a datatype other than BYTES and BF16")
    value = _element(step["value"], spec.datatype)
    targets = _targets(step, spec, lambda found, wanted: found <= wanted, "at most")

    def compute(array: Array) -> Array:
        around = [(0, 0)] * array.ndim
        for axis, wanted in targets.items():
            spare = wanted - array.shape[axis]
            if spare < 0:
                raise _wrong_size("pad", spec, array.shape[axis], axis, f"{wanted} or less")
            before = spare // 2 if step["anchor"] == "center" else 0
            around[axis] = (before, spare - before)
        sizes = (sum(pair) + one for pair, one in zip(around, array.shape, strict=True))
        require_room(step, sizes, array.itemsize)
        return np.pad(array, around, constant_values=value)

    return single(spec, step, compute, shape=_replaced(spec.shape, targets))


def _wrong_size(op: str, spec: TensorSpec, found: int, axis: int, expected: str) -> BindError:
    return BindError(f"{op} of {spec.name!r}: found {found} on axis {axis}, expected {expected}")


def _targets(
    step: Mapping[str, Any], spec: TensorSpec, fits: Callable[[int, int], bool], bound: str
) -> dict[int, int]:
    """Return the size of the result by axis. Raises: UnfitError when a fixed size cannot lead to it."""
    axes = [axis_of(axis, spec) for axis in step["axes"]]
    if len(set(axes)) != len(axes) or len(axes) != len(step["size"]):
        raise UnfitError(
            f"found axes {step['axes']} and sizes {step['size']}, expected different axes and one size each"
        )
    for axis, wanted in zip(axes, step["size"], strict=True):
        found = spec.shape[axis]
        if isinstance(found, int) and not fits(found, wanted):
            raise UnfitError(f"found {found} on axis {axis}, expected {bound} {wanted}")
    return dict(zip(axes, step["size"], strict=True))


def _replaced(shape: tuple[Dim, ...], targets: Mapping[int, int]) -> tuple[Dim, ...]:
    return tuple(targets.get(axis, dim) for axis, dim in enumerate(shape))


def _element(value: bool | float, name: str) -> Array:
    """Return a number of the manifest as an element of a datatype. Raises: UnfitError when it is none."""
    dtype, kind = numpy_dtype(name), datatype(name).kind
    fits = isinstance(value, bool) == (kind == "boolean")
    if fits and kind in ("integer", "unsigned"):
        limits = np.iinfo(dtype)  # type: ignore[type-var]  # an integer kind
        fits = value == int(value) and limits.min <= value <= limits.max
        value = int(value) if fits else value
    with np.errstate(over="ignore"):
        if not fits or (kind == "float" and not np.isfinite(np.array(value, np.float64).astype(dtype))):
            raise UnfitError(f"found the value {value}, expected an element of {name}")
        return np.array(value).astype(dtype)
