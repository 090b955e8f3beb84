"""The processing steps as the oracle computes them: in any float width, written apart from the runtime's.

Owns a second, plain implementation of the table of operators, so that a fault in the runtime's steps shows in
the raw vectors; leaves the soundness of chains to `lepton.runtime.plan`. Serves PKG-PRO-04 and PKG-VEC-09.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.tensor import TensorSpec

__all__ = ["apply_steps"]


def apply_steps(
    steps: Sequence[Mapping[str, Any]],
    tensors: Mapping[str, Array],
    specs: Sequence[TensorSpec],
    width: type[np.floating[Any]],
) -> dict[str, Array]:
    """Apply a sound chain that starts with `tensors`, which `specs` describe.

    FP32 tensors are computed and held in `width` (numpy.float32 or numpy.float64).
    """
    known = dict(tensors)
    sizes = {
        dim: size
        for spec in specs
        for dim, size in zip(spec.shape, tensors[spec.name].shape, strict=True)
        if isinstance(dim, str)
    }
    with np.errstate(all="ignore"):
        for step in steps:
            known[step["out"]] = np.asarray(_step(step, known[step["in"]], width, sizes))
    return known


def _step(
    step: Mapping[str, Any], x: Array, width: type[np.floating[Any]], sizes: Mapping[str, int]
) -> Array:
    match step["op"]:
        case "cast":
            return _cast(x, step["datatype"], width)
        case "rescale":
            scale, offset = (width(np.float32(step[key])) for key in ("scale", "offset"))
            return np.asarray(x.astype(width) * scale + offset)
        case "normalize":
            moved = np.moveaxis(x.astype(width), step["axis"], -1)
            mean, std = (np.asarray(step[key], np.float32).astype(width) for key in ("mean", "std"))
            return np.asarray(np.moveaxis((moved - mean) / std, -1, step["axis"]))
        case "transpose":
            return np.asarray(np.transpose(x, step["perm"]))
        case "reshape":
            return x.reshape([sizes[dim] if isinstance(dim, str) else dim for dim in step["shape"]])
        case "softmax":
            shifted = np.exp(x.astype(width) - np.max(x, axis=step["axis"], keepdims=True).astype(width))
            return np.asarray(shifted / np.sum(shifted, axis=step["axis"], keepdims=True))
        case "sigmoid":
            # Both forms are the same function; each is used where it cannot overflow.
            wide = x.astype(width)
            return np.where(wide < 0, np.exp(wide) / (1 + np.exp(wide)), 1 / (1 + np.exp(-wide)))
        case "argmax":
            return np.asarray(np.argmax(x, axis=step["axis"]), np.int64)
    raise RecipeError(f"found the step {step['op']!r}, expected one of the table of operators")


def _cast(x: Array, name: str, width: type[np.floating[Any]]) -> Array:
    if name == "FP32":
        return x.astype(width)
    target = numpy_dtype(name)
    if x.dtype.kind == "f" and target.kind in "iu":
        whole = np.trunc(x)
        limits = np.iinfo(target)  # type: ignore[type-var]  # an integer kind
        if not np.all(np.isfinite(whole)) or any(not limits.min <= int(v) <= limits.max for v in whole.flat):
            raise RecipeError(f"a cast to {name} meets a sample that it cannot hold; choose other samples")
    return x.astype(target)
