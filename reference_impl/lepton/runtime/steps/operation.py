"""A compiled step, and what a compiler of steps is given beside the step itself.

Owns `Operation` and the questions that several operators ask of a tensor (its datatype, an axis of it);
leaves what each operator computes to the modules of its family. Serves PKG-PRO-02 and PKG-PRO-04.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.files import StepFiles
from lepton.runtime.protocol import Array
from lepton.tensor import Dim, Symbol, TensorSpec, element_count

__all__ = [
    "Apply",
    "Operation",
    "Setting",
    "UnfitError",
    "axis_of",
    "require",
    "require_room",
    "same",
    "single",
]

#: Bytes of one tensor that a step of this implementation writes, or computes with.
MAX_TENSOR_BYTES = 2**30

#: Computes a step: the tensors read -> the tensors written, which share no memory with them.
Apply = Callable[..., tuple[Array, ...]]


class UnfitError(Exception):
    """A step cannot take the tensors it reads, or a member of it is wrong."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One compiled step: it reads `sources` and writes the tensors that `yields` describes, in order.

    `sized` says that sizes of what it writes follow from data, so that they are bound when they are known.
    """

    sources: tuple[str, ...]
    yields: tuple[TensorSpec, ...]
    apply: Apply
    sized: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What a step stands in: the symbols of the manifest, and the files of the package."""

    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    files: StepFiles = field(default_factory=StepFiles)


def single(
    spec: TensorSpec,
    step: Mapping[str, Any],
    compute: Callable[[Array], Array],
    datatype: str | None = None,
    shape: tuple[Dim, ...] | None = None,
) -> Operation:
    """Return the operation of a step with one input and one output; both keep what is not said."""
    yields = TensorSpec(step["out"], datatype or spec.datatype, spec.shape if shape is None else shape)
    # Arithmetic on an array without dimensions makes numpy scalars; tensors stay arrays.
    return Operation((spec.name,), (yields,), lambda array: (np.asarray(compute(array)),))


def require(spec: TensorSpec, *datatypes: str) -> None:
    """Raise UnfitError unless the tensor has one of `datatypes`."""
    if spec.datatype not in datatypes:
        remedy = "; put a cast before it" if datatypes == ("FP32",) else ""
        raise UnfitError(f"found {spec.datatype} in {spec.name!r}, expected {' or '.join(datatypes)}{remedy}")


def axis_of(axis: int, spec: TensorSpec) -> int:
    """Return an axis counted from the start. Raises: UnfitError when the tensor has none such."""
    rank = len(spec.shape)
    if not -rank <= axis < rank:
        raise UnfitError(f"found axis {axis}, expected {-rank}..{rank - 1} for shape {list(spec.shape)}")
    return axis % rank


def same(found: object, expected: object, what: str) -> None:
    """Raise UnfitError unless a declared value is the one that follows from what the step reads."""
    if found != expected:
        raise UnfitError(f"found {found} for {what}, expected {expected}")


def require_room(step: Mapping[str, Any], shape: Iterable[int], item_bytes: int) -> None:
    """Raise BindError, before memory is taken, for a tensor larger than this implementation makes."""
    size = element_count(shape) * item_bytes
    if size > MAX_TENSOR_BYTES:
        raise BindError(
            f"{step['op']} to {step['out']!r}: found {size} bytes to compute with, expected at most "
            f"{MAX_TENSOR_BYTES}, the limit of this implementation"
        )
