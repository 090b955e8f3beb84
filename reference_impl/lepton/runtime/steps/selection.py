"""Steps that choose among what a model answers: topk, nms, ctc_greedy.

Owns order and ties, which are exact; computes areas in binary32 as the standard says. Serves PKG-PRO-04.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.binding import smallest_size
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, UnfitError, axis_of, require, same
from lepton.tensor import TensorSpec

__all__ = ["ctc_greedy", "nms", "topk"]


def topk(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `topk`: the k largest along one axis, NaN first, the smallest index among equals."""
    require(spec, "FP32")
    axis, k = axis_of(step["axis"], spec), step["k"]
    dim = spec.shape[axis]
    least = dim if isinstance(dim, int) else smallest_size(setting.symbols[dim])
    if k > least:
        raise UnfitError(f"found k {k}, expected at most {least}, the smallest size of axis {axis}")
    shape = (*spec.shape[:axis], k, *spec.shape[axis + 1 :])

    def apply(array: Array) -> tuple[Array, Array]:
        order = np.argsort(-array, axis=axis, kind="stable")
        if np.isnan(array).any():  # which sorts them last
            unknown = np.take_along_axis(np.isnan(array), order, axis)
            order = np.take_along_axis(order, np.argsort(~unknown, axis=axis, kind="stable"), axis)
        chosen = order.take(np.arange(k), axis=axis).astype(np.int64)
        return np.take_along_axis(array, chosen, axis), chosen

    values, indices = step["out"]
    yields = TensorSpec(values, "FP32", shape), TensorSpec(indices, "INT64", shape)
    return Operation((spec.name,), yields, apply)


def nms(step: Mapping[str, Any], setting: Setting, boxes: TensorSpec, scores: TensorSpec) -> Operation:
    """Compile `nms`: greedy suppression of boxes (M, 4) as x1, y1, x2, y2 with scores (M)."""
    require(boxes, "FP32")
    require(scores, "FP32")
    if len(boxes.shape) != 2 or boxes.shape[1] != 4:
        raise UnfitError(f"found the shape {list(boxes.shape)} of {boxes.name!r}, expected [M, 4]")
    same(list(scores.shape), [boxes.shape[0]], f"the shape of {scores.name!r}")
    least, overlap = np.float32(step["score"]), np.float32(step["iou"])

    def apply(corners: Array, rated: Array) -> tuple[Array]:
        places = np.flatnonzero(rated > least)
        if not np.isfinite(corners[places]).all():
            raise BindError(f"nms of {boxes.name!r}: found a box that is not finite, expected finite ones")
        places = places[np.argsort(-rated[places], kind="stable")]
        return (_suppressed(corners[places], places, overlap, step["max"]),)

    yields = TensorSpec(step["out"], "INT64", tuple(step["shape"]))
    return Operation((boxes.name, scores.name), (yields,), apply, sized=True)


def _suppressed(corners: Array, places: Array, overlap: np.float32, most: int) -> Array:
    """Return those of `places` that are kept; `corners` are their boxes, best first."""
    zero = np.float32(0)
    kept: list[int] = []
    while len(places) and len(kept) < most:
        kept.append(int(places[0]))
        left, top, right, bottom = corners.T
        area = np.maximum(zero, right - left) * np.maximum(zero, bottom - top)
        across = np.maximum(zero, np.minimum(right, right[0]) - np.maximum(left, left[0]))
        down = np.maximum(zero, np.minimum(bottom, bottom[0]) - np.maximum(top, top[0]))
        shared = across * down
        stays = ~(shared / ((area[0] + area) - shared) > overlap)
        stays[0] = False
        corners, places = corners[stays], places[stays]
    return np.array(kept, np.int64)


def ctc_greedy(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `ctc_greedy`: the best class of each time, repeats and blanks left out."""
    require(spec, "FP32")
    if len(spec.shape) != 3 or not isinstance(spec.shape[2], int) or spec.shape[2] <= step["blank"]:
        raise UnfitError(f"found {list(spec.shape)}, expected [N, T, C] with a fixed C above the blank")

    def apply(array: Array) -> tuple[Array, Array]:
        best = np.asarray(array.argmax(axis=2), np.int64)
        stays = best != step["blank"]
        stays[:, 1:] &= best[:, 1:] != best[:, :-1]
        classes = np.full_like(best, -1)
        rows, times = np.nonzero(stays)
        classes[rows, (stays.cumsum(axis=1) - 1)[rows, times]] = best[rows, times]
        return classes, np.asarray(stays.sum(axis=1), np.int64)

    classes, lengths = step["out"]
    yields = TensorSpec(classes, "INT64", spec.shape[:2]), TensorSpec(lengths, "INT64", spec.shape[:1])
    return Operation((spec.name,), yields, apply)
