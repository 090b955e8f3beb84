"""What the rules of steps have in common: the type of a tensor, and how a step that does not fit is told.

Owns the values and the questions that several rules ask; leaves the rules to their families. Serves
PKG-PRO-02.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Rule", "Type", "UnsoundError", "axis_of", "different_axes", "fits_binary32", "need", "smallest"]


class Type(NamedTuple):
    """Datatype and shape of one tensor in the chain."""

    datatype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.datatype} {list(self.shape)}"


class UnsoundError(Exception):
    """A step does not fit; `member` is where."""

    def __init__(self, member: str, message: str) -> None:
        """Keep the place within the step, a JSON pointer without its first slash."""
        super().__init__(message)
        self.member = member


#: What a step writes, from the step, what it reads, and the smallest size of each symbol.
Rule = Callable[[Any, Sequence[Type], Mapping[str, int]], tuple[Type, ...]]


def need(step: Any, given: Sequence[Type], at: int, *datatypes: str) -> Type:
    """Return what the step reads in the place `at`. Raises: UnsoundError unless it has one of `datatypes`."""
    if given[at].datatype not in datatypes:
        member = "in" if isinstance(step["in"], str) else f"in/{at}"
        raise UnsoundError(member, f"found {given[at].datatype}, expected {' or '.join(datatypes)}")
    return given[at]


def axis_of(step: Any, given: Type) -> int:
    """Return `axis` counted from the start. Raises: UnsoundError when the tensor has none such."""
    rank = len(given.shape)
    axis: int = step["axis"]
    if not -rank <= axis < rank:
        raise UnsoundError("axis", f"found the axis {axis}, expected one of a tensor of rank {rank}")
    return axis % rank


def different_axes(step: Any, given: Type) -> list[int]:
    """Return `axes` counted from the start. Raises: UnsoundError unless they are there and differ."""
    rank = len(given.shape)
    for at, axis in enumerate(step["axes"]):
        if not -rank <= axis < rank:
            raise UnsoundError(
                f"axes/{at}", f"found the axis {axis}, expected one of a tensor of rank {rank}"
            )
    axes = [axis % rank for axis in step["axes"]]
    if len(set(axes)) != len(axes):
        raise UnsoundError("axes", f"found {step['axes']}, expected different axes")
    return axes


def smallest(dim: int | str, sizes: Mapping[str, int]) -> int:
    """Return the smallest size of a dimension."""
    return dim if isinstance(dim, int) else sizes[dim]


def fits_binary32(value: float) -> bool:
    """Say whether a number is finite once it is rounded to binary32."""
    return abs(value) < 3.4028235677973366e38
