"""Steps that move elements and compute nothing: transpose, reshape, crop, pad, reverse.

Owns where each element goes; leaves resizing, which computes, to `resampling`. Serves PKG-PRO-02 and
PKG-PRO-04.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, UnfitError, single
from lepton.tensor import Dim, TensorSpec, element_count

__all__ = ["reshape", "transpose"]


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
