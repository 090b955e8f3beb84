"""Answers that say where: boxes of objects and of lines, segments of audio.

Serves the chapter `application` (the bindings `boxes`, `lines`, `frames` and `spans`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lepton.application.elements import Tensor, integers, numbers, plain_numbers, texts
from lepton.application.failure import NoAnswerError
from lepton.application.images import image_size

__all__ = ["frames", "lines", "objects", "spans"]

Binding = Mapping[str, Any]
Outputs = Mapping[str, Tensor]


def objects(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    """Return the objects found, the best first."""
    rows = _boxes(binding, request, outputs)
    scores = _as_many(numbers(outputs[binding["scores"]]), len(rows), binding["scores"])
    classes: Sequence[float] = [0] * len(rows)
    if "classes" in binding:
        # Rows that do not count hold anything, also what is no index: only those found are looked at.
        classes = _as_many(plain_numbers(outputs[binding["classes"]]), len(rows), binding["classes"])
    count = len(rows)
    if "count" in binding:
        count = _as_many(integers(outputs[binding["count"]]), 1, binding["count"])[0]
        if not 0 <= count <= len(rows):
            raise NoAnswerError(f"{binding['count']!r}: found {count}, expected at most {len(rows)} rows")
    ids = task["labels"]["ids"]
    found = []
    for at in range(count):
        score = scores[at]
        if math.isnan(score) or (binding["meaning"] == "probability" and not 0 <= score <= 1):
            raise NoAnswerError(f"{binding['scores']!r}: found the score {score!r} with this meaning")
        if score >= binding.get("threshold", -math.inf):
            if not (0 <= classes[at] < len(ids) and classes[at] == int(classes[at])):
                raise NoAnswerError(f"found the class {classes[at]}, expected one of {len(ids)} labels")
            found.append(at)
    found.sort(key=lambda at: (-scores[at], at))
    kept = found if "topK" not in request else found[: int(request["topK"])]
    listed = []
    for at in kept:
        box = [_finite(one, binding["boxes"]) for one in rows[at]]
        listed.append(
            {"label": ids[int(classes[at])], "score": _finite(scores[at], binding["scores"]), "box": box}
        )
    return {"objects": listed, "omitted": len(found) - len(kept)}


def lines(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    """Return the lines of text, in the order of the rows."""
    found = texts(outputs[binding["texts"]])
    made: list[dict[str, Any]] = [{"text": one} for one in found]
    if "scores" in binding:
        scores = _as_many(numbers(outputs[binding["scores"]]), len(made), binding["scores"])
        for line, score in zip(made, scores, strict=True):
            line["score"] = _finite(score, binding["scores"])
    if "boxes" in binding:
        rows = _as_many(_boxes(binding, request, outputs), len(made), binding["boxes"])
        for line, row in zip(made, rows, strict=True):
            line["box"] = [_finite(one, binding["boxes"]) for one in row]
    return {"text": "\n".join(found), "lines": made}


def frames(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    """Return the runs of frames that reach the threshold."""
    name, step = binding["output"], float(binding["frameSeconds"])
    values = numbers(outputs[name])
    if any(math.isnan(one) for one in values):
        raise NoAnswerError(f"{name!r}: found a frame that is nan")
    found = []
    begin: int | None = None
    for at, value in enumerate([*values, -math.inf]):
        inside = at < len(values) and value >= binding["threshold"]
        if inside and begin is None:
            begin = at
        elif not inside and begin is not None:
            score = _finite(max(values[begin:at]), name)
            start, end = _finite(begin * step, name), _finite(at * step, name)
            found.append({"start": start, "end": end, "score": score})
            begin = None
    return {"segments": found}


def spans(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    """Return the segments that the model gives itself."""
    name = binding["spans"]
    values = [_finite(one, name) for one in numbers(outputs[name])]
    if len(values) % 2:
        raise NoAnswerError(f"{name!r}: found {len(values)} numbers, expected two for each span")
    made: list[dict[str, Any]] = []
    before = 0.0
    for start, end in zip(values[::2], values[1::2], strict=True):
        if not before <= start <= end:
            raise NoAnswerError(f"{name!r}: found {start!r} .. {end!r} after a start at {before!r}")
        made.append({"start": start, "end": end})
        before = start
    if "texts" in binding:
        for one, text in zip(
            made, _as_many(texts(outputs[binding["texts"]]), len(made), binding["texts"]), strict=True
        ):
            one["text"] = text
    if "scores" in binding:
        scores = _as_many(numbers(outputs[binding["scores"]]), len(made), binding["scores"])
        for one, score in zip(made, scores, strict=True):
            one["score"] = _finite(score, binding["scores"])
    return {"segments": made}


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise NoAnswerError(f"{name!r}: found {value!r}, expected a finite number")
    return value


def _as_many(values: Sequence[Any], count: int, name: str) -> Sequence[Any]:
    if len(values) != count:
        raise NoAnswerError(f"{name!r}: found {len(values)} elements, expected {count}")
    return values


def _boxes(binding: Binding, request: Mapping[str, Any], outputs: Outputs) -> list[tuple[float, ...]]:
    """Return the corners of all rows in pixels of the image that was sent."""
    name = binding["boxes"]
    values = numbers(outputs[name])
    if len(values) % 4:
        raise NoAnswerError(f"{name!r}: found {len(values)} numbers, expected four for each box")
    width = height = 1.0
    if binding["unit"] == "fraction" and values:
        size = image_size(request["image"])
        if size is None:
            raise NoAnswerError("found a PNG file without IHDR, expected its width and height")
        width, height = float(size[0]), float(size[1])
    corners = _CORNERS[binding["format"]]
    scale = binding["unit"] == "fraction"
    found = []
    for at in range(0, len(values), 4):
        a, b, c, d = values[at : at + 4]
        if scale:
            a, b, c, d = a * width, b * height, c * width, d * height
        found.append(corners(a, b, c, d))
    return found


def _opposite(a: float, b: float, c: float, d: float) -> tuple[float, ...]:
    return a, b, c, d


def _sized(a: float, b: float, c: float, d: float) -> tuple[float, ...]:
    return a, b, a + c, b + d


def _centred(a: float, b: float, c: float, d: float) -> tuple[float, ...]:
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2


_CORNERS = {"x1y1x2y2": _opposite, "x1y1wh": _sized, "cxcywh": _centred}
