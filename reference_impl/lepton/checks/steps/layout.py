"""The rules of steps that move elements and change sizes. Serves PKG-PRO-02."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lepton.checks.elements import element_fault
from lepton.checks.steps.types import Type, UnsoundError, axis_of, different_axes, need

__all__ = ["crop", "pad", "reshape", "resize", "reverse", "transpose"]


def transpose(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any; `perm` is a permutation."""
    (read,) = given
    rank = len(read.shape)
    if sorted(step["perm"]) != list(range(rank)):
        raise UnsoundError("perm", f"found {step['perm']}, expected a permutation of 0..{rank - 1}")
    return (Type(read.datatype, tuple(read.shape[at] for at in step["perm"])),)


def reshape(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any; the same symbols and the same product."""
    (read,) = given
    shape = tuple(step["shape"])
    symbols = [sorted(dim for dim in one if isinstance(dim, str)) for one in (read.shape, shape)]
    counts = [math.prod(dim for dim in one if isinstance(dim, int)) for one in (read.shape, shape)]
    if symbols[0] != symbols[1] or counts[0] != counts[1]:
        message = f"found {list(shape)}, expected the elements and symbols of {list(read.shape)}"
        raise UnsoundError("shape", message)
    return (Type(read.datatype, shape),)


def reverse(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any, along one axis."""
    (read,) = given
    axis_of(step, read)
    return (read,)


def resize(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """UINT8 with a rounding, or FP32 without one; only the two axes change."""
    read = need(step, given, 0, "UINT8", "FP32")
    axes = different_axes(step, read)
    if (read.datatype == "UINT8") != ("rounding" in step):
        expected = "one" if read.datatype == "UINT8" else "none"
        found = step.get("rounding", "no rounding")
        raise UnsoundError("rounding" if "rounding" in step else "", f"found {found}, expected {expected}")
    if isinstance(step["size"], list):
        return (Type(read.datatype, _with_sizes(read.shape, axes, step["size"])),)
    shape = tuple(step["shape"])
    if len(shape) != len(read.shape):
        raise UnsoundError("shape", f"found the rank {len(shape)}, expected {len(read.shape)} as read")
    for axis, (found, before) in enumerate(zip(shape, read.shape, strict=True)):
        if axis not in axes and found != before:
            raise UnsoundError(f"shape/{axis}", f"found {found!r}, expected {before!r} as read")
    return (Type(read.datatype, shape),)


def crop(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any; a fixed size is at least the one written."""
    (read,) = given
    axes = _sized_axes(step, read)
    for at, (axis, size) in enumerate(zip(axes, step["size"], strict=True)):
        found = read.shape[axis]
        if isinstance(found, int) and found < size:
            raise UnsoundError(
                f"size/{at}", f"found {size}, expected at most {found}, the size of axis {axis}"
            )
    return (Type(read.datatype, _with_sizes(read.shape, axes, step["size"])),)


def pad(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any but BYTES and BF16; a fixed size is at most the one written, and `value` is an element."""
    (read,) = given
    if read.datatype in ("BYTES", "BF16"):
        raise UnsoundError("in", f"found {read.datatype}, expected a datatype other than BYTES and BF16")
    axes = _sized_axes(step, read)
    for at, (axis, size) in enumerate(zip(axes, step["size"], strict=True)):
        found = read.shape[axis]
        if isinstance(found, int) and found > size:
            raise UnsoundError(
                f"size/{at}", f"found {size}, expected at least {found}, the size of axis {axis}"
            )
    problem = element_fault(step["value"], read.datatype)
    if problem is not None:
        raise UnsoundError("value", problem)
    return (Type(read.datatype, _with_sizes(read.shape, axes, step["size"])),)


def _sized_axes(step: Any, read: Type) -> list[int]:
    axes = different_axes(step, read)
    if len(axes) != len(step["size"]):
        raise UnsoundError("size", f"found {len(step['size'])} sizes, expected {len(axes)} as in axes")
    return axes


def _with_sizes(
    shape: tuple[int | str, ...], axes: Sequence[int], sizes: Sequence[int]
) -> tuple[int | str, ...]:
    changed = dict(zip(axes, sizes, strict=True))
    return tuple(changed.get(axis, dim) for axis, dim in enumerate(shape))
