"""Mean average precision of objects in images.

Serves the chapter `application` (*Detection*).
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lepton.application.measures.classification import mean

__all__ = ["iou", "mean_average_precision"]

Box = Sequence[float]


def iou(one: Box, other: Box) -> float:
    """Return the intersection of two boxes x1, y1, x2, y2 over their union; 0 where the union is empty."""
    shared = _area(
        [max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])]
    )
    union = _area(one) + _area(other) - shared
    return shared / union if union else 0.0


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def mean_average_precision(given: Mapping[str, Any], parameters: Mapping[str, Any]) -> float | None:
    """Return the mean over classes with true boxes, and over thresholds, of the average precision."""
    images = given["images"]
    classes = dict.fromkeys(one["label"] for image in images for one in image["truth"])
    found = [
        _average_precision(images, label, threshold, parameters)
        for label in classes
        for threshold in parameters["iou"]
    ]
    return mean(found)


def _average_precision(
    images: Sequence[Mapping[str, Any]], label: str, threshold: float, parameters: Mapping[str, Any]
) -> float:
    limit = parameters.get("detections")
    truth = [[one["box"] for one in image["truth"] if one["label"] == label] for image in images]
    objects = []
    for at, image in enumerate(images):
        of_class = [one for one in image["predicted"] if one["label"] == label]
        of_class.sort(key=lambda one: -one["score"])
        kept = of_class if limit is None else of_class[: int(limit)]
        objects += [(one["score"], at, one["box"]) for one in kept]
    objects.sort(key=lambda one: -one[0])
    taken: list[set[int]] = [set() for _ in images]
    right: list[bool] = []
    for _, at, box in objects:
        best = _best(box, truth[at], taken[at], threshold)
        if best is not None:
            taken[at].add(best)
        right.append(best is not None)
    return _interpolated(right, sum(map(len, truth)), parameters["interpolation"])


def _best(box: Box, boxes: Sequence[Box], taken: set[int], threshold: float) -> int | None:
    """Return the true box with the largest overlap that is still free, if that is large enough."""
    overlaps = [(iou(box, one), -at) for at, one in enumerate(boxes) if at not in taken]
    if not overlaps or max(overlaps)[0] < threshold:
        return None
    return -max(overlaps)[1]


def _interpolated(right: Sequence[bool], count: int, interpolation: str) -> float:
    """Return the mean of the largest precisions at some recalls; recalls are compared as fractions."""
    precisions: list[float] = []
    recalls: list[Fraction] = []
    found = 0
    for at, hit in enumerate(right, 1):
        found += hit
        precisions.append(found / at)
        recalls.append(Fraction(found, count))
    for at in range(len(precisions) - 2, -1, -1):
        precisions[at] = max(precisions[at], precisions[at + 1])
    points = {"101": 100, "11": 10, "all": count}[interpolation]
    wanted = range(1 if interpolation == "all" else 0, points + 1)
    values = []
    place = 0
    for one in wanted:
        while place < len(recalls) and recalls[place] < Fraction(one, points):
            place += 1
        values.append(precisions[place] if place < len(precisions) else 0.0)
    return math.fsum(values) / len(values)
