"""Steps that compute number by number or along one axis, in float32: cast, rescale, normalize, softmax, ...

Owns their arithmetic; leaves moving elements about to `layout`. Serves PKG-PRO-02 and PKG-PRO-04.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, UnfitError, axis_of, require, single
from lepton.tensor import TensorSpec, datatype

__all__ = ["argmax", "cast", "normalize", "rescale", "sigmoid", "softmax"]


def cast(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `cast`."""
    target = numpy_dtype(step["datatype"])
    for name in (spec.datatype, step["datatype"]):
        if name in ("BYTES", "BF16"):
            raise UnfitError(f"found {name}, expected a datatype other than BYTES and BF16 on both sides")
    if datatype(spec.datatype).kind == "float" and datatype(step["datatype"]).kind in ("integer", "unsigned"):
        return single(spec, step, _truncation(target), datatype=step["datatype"])
    return single(spec, step, lambda array: array.astype(target), datatype=step["datatype"])


def _truncation(target: "np.dtype[Any]") -> Callable[[Array], Array]:
    """Cast float to integer toward zero; what does not fit has no integer and is refused."""
    limits = np.iinfo(target)

    def apply(array: Array) -> Array:
        whole = np.trunc(array.astype(np.float64))
        # The upper bound is exclusive and a power of two, hence exact in float64.
        if not ((whole >= float(limits.min)) & (whole < float(limits.max + 1))).all():
            raise BindError(
                f"cast: found a value that {target} cannot hold, expected {limits.min}..{limits.max}"
            )
        cast: Array = whole.astype(target)
        return cast

    return apply


def rescale(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `rescale`: two roundings."""
    require(spec, "FP32")
    scale, offset = np.float32(step["scale"]), np.float32(step["offset"])

    def apply(array: Array) -> Array:
        scaled = array * scale
        scaled += offset
        return scaled

    return single(spec, step, apply)


def normalize(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `normalize`: two roundings along one axis."""
    require(spec, "FP32")
    axis = axis_of(step["axis"], spec)
    count, size = len(step["mean"]), spec.shape[axis]
    if len(step["std"]) != count or count != size:
        raise UnfitError(
            f"found {count} means and {len(step['std'])} deviations, expected as many of each as the size "
            f"{size} of axis {axis}"
        )
    broadcast = [count if number == axis else 1 for number in range(len(spec.shape))]
    mean = np.array(step["mean"], np.float32).reshape(broadcast)
    std = np.array(step["std"], np.float32).reshape(broadcast)
    if not ((std > 0) & np.isfinite(std)).all():
        raise UnfitError("found a deviation that is not positive and finite in float32")

    def apply(array: Array) -> Array:
        centred = array - mean
        centred /= std
        return centred

    return single(spec, step, apply)


def softmax(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `softmax`."""
    require(spec, "FP32")
    axis = axis_of(step["axis"], spec)

    def apply(array: Array) -> Array:
        if array.size == 0:
            return array.copy()
        powers: Array = np.exp(array - array.max(axis=axis, keepdims=True))
        powers /= powers.sum(axis=axis, keepdims=True)
        return powers

    return single(spec, step, apply)


def sigmoid(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `sigmoid`."""
    require(spec, "FP32")
    one = np.float32(1)

    def apply(array: Array) -> Array:
        # exp of a non-positive number only: no overflow at either end.
        power = np.exp(-np.abs(array))
        answer: Array = np.where(array >= 0, one / (one + power), power / (one + power))
        return answer

    return single(spec, step, apply)


def argmax(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `argmax`."""
    if spec.datatype in ("BYTES", "BF16", "BOOL"):
        raise UnfitError(f"found {spec.datatype}, expected a number other than BF16")
    axis = axis_of(step["axis"], spec)
    if spec.shape[axis] == 0:
        raise UnfitError(f"found size 0 on axis {axis}, expected at least 1")

    def apply(array: Array) -> Array:
        answer: Array = np.asarray(array.argmax(axis=axis), np.int64)
        return answer

    return single(spec, step, apply, datatype="INT64", shape=spec.shape[:axis] + spec.shape[axis + 1 :])
