"""Boxes that are kept: the overlap of two boxes in binary32 and the greedy choice of `nms`.

Owns the section on boxes of the chapter `package`; leaves the other selections to `steps`. Serves PKG-PRO-04.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.refusal import Refused

__all__ = ["kept_boxes", "overlap"]

Box = Sequence["np.float32"]
NOUGHT = np.float32(0)


def overlap(kept: Box, candidate: Box) -> "np.float32":
    """Return the intersection by the union, each operation rounded to binary32."""

    def area(box: Box) -> "np.float32":
        return max(NOUGHT, box[2] - box[0]) * max(NOUGHT, box[3] - box[1])

    with np.errstate(all="ignore"):
        width = max(NOUGHT, min(kept[2], candidate[2]) - max(kept[0], candidate[0]))
        height = max(NOUGHT, min(kept[3], candidate[3]) - max(kept[1], candidate[1]))
        shared = width * height
        union = (area(kept) + area(candidate)) - shared
        return np.float32(shared / union)


def kept_boxes(boxes: Array, scores: Array, step: Mapping[str, Any]) -> list[int]:
    """Return the indices of the boxes kept, in the order of keeping. Raises: Refused."""
    least, most = np.float32(step["score"]), np.float32(step["iou"])
    candidates = [index for index in range(len(scores)) if scores[index] > least]
    for index in candidates:
        if not all(math.isfinite(value) for value in boxes[index]):
            raise Refused(f"found a coordinate of box {index} that is not finite")
    candidates.sort(key=lambda index: (-float(scores[index]), index))
    kept: list[int] = []
    for index in candidates:
        if len(kept) == step["max"]:
            break
        if not any(overlap(boxes[one], boxes[index]) > most for one in kept):
            kept.append(index)
    return kept
