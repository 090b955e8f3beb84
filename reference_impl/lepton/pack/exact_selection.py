"""Selecting and decoding steps as the oracle computes them: topk, nms, ctc_greedy, in plain loops.

Owns these operators; leaves the chain to `exact_steps`. Serves PKG-PRO-04 and PKG-VEC-09.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.runtime.protocol import Array

__all__ = ["ctc_greedy", "nms", "topk"]


def topk(step: Mapping[str, Any], x: Array) -> list[Array]:
    """Return the k largest, NaN above all, equal ones by index, and where they stood."""
    lanes = np.moveaxis(x, step["axis"], -1)
    rows = lanes.reshape(-1, lanes.shape[-1])
    order = np.array(
        [sorted(range(len(row)), key=lambda i: (not np.isnan(row[i]), -row[i] if row[i] == row[i] else 0, i))
         for row in rows.tolist()] or np.zeros((0, lanes.shape[-1]))
    )[:, : step["k"]].astype(np.int64)  # fmt: skip
    values = np.take_along_axis(rows, order, 1)
    shape = (*lanes.shape[:-1], step["k"])
    return [np.moveaxis(one.reshape(shape), -1, step["axis"]) for one in (values, order)]


def nms(step: Mapping[str, Any], boxes: Array, scores: Array) -> Array:
    """Return the indices of the boxes kept, in order of keeping, all in binary32."""
    f = np.float32
    corners, points = boxes.astype(f), scores.astype(f)
    least, most = f(step["score"]), f(step["iou"])
    candidates = sorted(
        (at for at in range(len(points)) if points[at] > least), key=lambda at: (-points[at], at)
    )
    if not np.isfinite(corners[candidates]).all():
        raise RecipeError("nms meets a sample with a box that is not finite; choose other samples")
    kept: list[int] = []
    zero = f(0)
    with np.errstate(all="ignore"):
        areas = [max(zero, f(b[2] - b[0])) * max(zero, f(b[3] - b[1])) for b in corners]
        for at in candidates:
            if len(kept) == step["max"]:
                break
            for one in kept:
                a, b = corners[one], corners[at]
                width = max(zero, f(min(a[2], b[2]) - max(a[0], b[0])))
                height = max(zero, f(min(a[3], b[3]) - max(a[1], b[1])))
                shared = f(width * height)
                union = f(f(areas[one] + areas[at]) - shared)
                if f(shared / union) > most:
                    break
            else:
                kept.append(at)
    return np.array(kept, np.int64)


def ctc_greedy(step: Mapping[str, Any], x: Array) -> list[Array]:
    """Return the best classes without repeats and blanks, padded with -1, and how many there are."""
    best = np.argmax(x, axis=2)
    classes = np.full(best.shape, -1, np.int64)
    lengths = np.zeros(len(best), np.int64)
    for n, row in enumerate(best.tolist()):
        said = [one for t, one in enumerate(row) if (t == 0 or row[t - 1] != one) and one != step["blank"]]
        classes[n, : len(said)] = said
        lengths[n] = len(said)
    return [classes, lengths]
