"""The rules of steps that compute number by number or along one axis. Serves PKG-PRO-02."""

from collections.abc import Mapping, Sequence
from typing import Any

from lepton.checks.steps.types import Type, UnsoundError, axis_of, fits_binary32, need, smallest

__all__ = ["argmax", "cast", "normalize", "rescale", "sigmoid", "softmax"]


def cast(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Any but BYTES and BF16, on both sides."""
    for member, name in (("in", given[0].datatype), ("datatype", step["datatype"])):
        if name in ("BYTES", "BF16"):
            raise UnsoundError(member, f"found {name}, which cannot be cast")
    return (Type(step["datatype"], given[0].shape),)


def rescale(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """FP32, with numbers of FP32."""
    read = need(step, given, 0, "FP32")
    for member in ("scale", "offset"):
        if not fits_binary32(step[member]):
            raise UnsoundError(member, f"found {step[member]}, expected a number within the range of FP32")
    return (read,)


def normalize(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """FP32, with as many means and deviations as the axis is long."""
    read = need(step, given, 0, "FP32")
    axis = axis_of(step, read)
    size = read.shape[axis]
    if isinstance(size, str):
        raise UnsoundError("axis", f"found the open size {size!r} on the axis {axis}, expected a fixed one")
    for member in ("mean", "std"):
        if len(step[member]) != size:
            raise UnsoundError(member, f"found {len(step[member])} numbers, expected {size} as on the axis")
        for value in step[member]:
            if not fits_binary32(value):
                raise UnsoundError(member, f"found {value}, expected a number within the range of FP32")
    for value in step["std"]:
        # Half of the smallest subnormal and less is rounded to zero.
        if value <= 2.0**-150:
            raise UnsoundError("std", f"found {value}, expected a number that is positive in FP32")
    return (read,)


def softmax(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """FP32, along one axis."""
    read = need(step, given, 0, "FP32")
    axis_of(step, read)
    return (read,)


def sigmoid(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """FP32."""
    return (need(step, given, 0, "FP32"),)


def argmax(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """Numbers, along an axis that is never empty."""
    (read,) = given
    if read.datatype in ("BOOL", "BYTES", "BF16"):
        raise UnsoundError("in", f"found {read.datatype}, expected a number other than BF16")
    axis = axis_of(step, read)
    if smallest(read.shape[axis], sizes) == 0:
        raise UnsoundError("axis", f"found the size {read.shape[axis]!r} on the axis {axis}, which may be 0")
    return (Type("INT64", read.shape[:axis] + read.shape[axis + 1 :]),)
