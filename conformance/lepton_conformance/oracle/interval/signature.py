"""What an operator's function looks like, and how the functions read their inputs.

Owns the signature and the few readings that all groups share. Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.value import Array, Interval, Undecidable, exact

__all__ = [
    "Attributes",
    "Inputs",
    "Operator",
    "across",
    "boolean",
    "given",
    "hull",
    "marks",
    "one",
    "optional",
]

#: Attributes by name as Python values: floats as FP32 holds them, tensors as arrays, graphs as
#: `control.Body`.
Attributes = Mapping[str, Any]
Inputs = Sequence[Interval | None]
#: `(attributes, inputs, opset) -> outputs`; a missing optional input is None or beyond the end.
Operator = Callable[[Attributes, Inputs, int], tuple[Interval, ...]]


def one(inputs: Inputs, index: int = 0) -> Interval:
    """Return an input that the operator needs. Raises: Undecidable."""
    value = optional(inputs, index)
    if value is None:
        raise Undecidable(f"found no input {index}, which the operator needs")
    return value


def optional(inputs: Inputs, index: int) -> Interval | None:
    """Return an input that may be missing."""
    return inputs[index] if index < len(inputs) else None


def given(inputs: Inputs) -> list[Interval]:
    """Return the inputs of a variadic operator."""
    return [one(inputs, index) for index in range(len(inputs))]


def marks(shape: tuple[int, ...], *values: Interval | None) -> Array | None:
    """Return where one of the operands, broadcast to a shape, is not judged; None: nowhere."""
    found: Array | None = None
    for value in values:
        if value is not None and value.loose is not None:
            mask = np.broadcast_to(value.loose, shape)
            found = mask if found is None else found | mask
    return found


def hull(*candidates: Array) -> tuple[Array, Array, Array | None]:
    """Return the least and the largest of the candidates, and where only some are NaN (None: nowhere)."""
    low = high = candidates[0]
    for candidate in candidates[1:]:
        low = np.minimum(low, candidate)
        high = np.maximum(high, candidate)
    unlike: Array | None = None
    nan = np.isnan(low)
    if nan.any():
        unlike = nan & ~np.logical_and.reduce([np.isnan(candidate) for candidate in candidates])
    return low, high, unlike


def boolean(sure: Array, possible: Array, loose: Array | None) -> Interval:
    """Return truth values: true where sure, undecided where only possible."""
    if loose is None and sure is possible:
        return exact("BOOL", np.asarray(sure))
    return Interval("BOOL", np.asarray(sure), np.asarray(possible), loose)


def across(mask: Array | None, axes: int | tuple[int, ...], keepdims: bool = False) -> Array | None:
    """Return whether a mask holds anywhere along some axes; None for no mask."""
    return None if mask is None else np.asarray(mask.any(axis=axes, keepdims=keepdims))
