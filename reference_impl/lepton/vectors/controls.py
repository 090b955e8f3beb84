"""The closed list of negative controls: wrong models that golden vectors must expose.

Owns which controls apply to a package and how each makes a model wrong; leaves running them to `replay`.
Serves PKG-VEC-07 and PKG-VEC-08.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lepton.tensor import TensorSpec
from lepton.vectors.document import Tensor, Vector

__all__ = [
    "CHANNELS_SWAPPED",
    "CONSTANT_ANSWER",
    "STEP_OMITTED",
    "WEIGHTS_REVERSED",
    "omittable_steps",
    "same_shapes",
    "swap_channels",
    "swappable_axes",
]

CONSTANT_ANSWER = "constant-answer"
WEIGHTS_REVERSED = "weights-reversed"
CHANNELS_SWAPPED = "channels-swapped"
STEP_OMITTED = "step-omitted"

#: The pre-processing steps whose absence `step-omitted` plays through.
OMITTABLE = ("rescale", "normalize")


def swappable_axes(specs: Iterable[TensorSpec]) -> dict[str, int]:
    """Return, by input name, the axis `channel` of fixed size 2 or more, where there is one."""
    axes = {}
    for spec in specs:
        for axis, (kind, dim) in enumerate(zip(spec.axes or (), spec.shape, strict=False)):
            if kind == "channel" and isinstance(dim, int) and dim >= 2:
                axes[spec.name] = axis
                break
    return axes


def swap_channels(inputs: Sequence[Tensor], axes: Mapping[str, int]) -> tuple[Tensor, ...]:
    """Reverse each named input along its channel axis."""
    return tuple(
        replace(tensor, array=np.flip(tensor.array, axes[tensor.name]).copy())
        if tensor.name in axes
        else tensor
        for tensor in inputs
    )


def omittable_steps(pre: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Return the places in `processing.pre` of the steps that `step-omitted` applies to."""
    return tuple(place for place, step in enumerate(pre) if step["op"] in OMITTABLE)


def same_shapes(one: Vector, other: Vector) -> bool:
    """Say whether two vectors expect outputs of the same shapes."""
    shapes = {tensor.name: tensor.array.shape for tensor in one.expected}
    return shapes == {tensor.name: tensor.array.shape for tensor in other.expected}
