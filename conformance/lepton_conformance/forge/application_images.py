"""Packages about pictures that use what `application_pictures` leaves out: files, and boxes with a count.

Owns the models, their vectors and the application documents; what a request becomes and what outputs mean is
written out here. Serves `application`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton_conformance.forge.application_parts import (
    example_of,
    floats,
    image_value,
    integers,
    labels_of,
    node,
    number,
    plain_package,
    refusal_of,
    task_of,
    whole_numbers,
    with_application,
)
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import VECTORS, Case
from lepton_conformance.forge.pictures import pictures_draft

__all__ = ["counted_boxes", "image_files"]


@kept
def counted_boxes() -> Draft:
    """Return a package with three boxes, of which those after the count, and weak ones, have no class."""
    kind = "object-detection"
    # Left and right edge, score, class, all in quarters; the count stands in the last row.
    rows: Mapping[str, list[list[int]]] = {
        "one-counts": [[0, 8, 3, 4], [4, 8, 3, 2], [1, 1, 0, 1]],
        "weak": [[4, 8, 1, 2], [0, 8, 3, 0], [2, 2, 0, 1]],
        "others": [[0, 8, 3, 0], [0, 4, 3, 4], [2, 2, 0, 1]],
    }
    cases = []
    for name, lines in rows.items():
        x = np.array(lines, dtype=np.uint8)
        quarters = x.astype("<f4") / 4
        left, right, score, label = quarters.T
        found = {
            "boxes": floats(np.stack([left, 0 * left, right, right], axis=1)),
            "scores": floats(score),
            "classes": floats(label),
            "count": whole_numbers([lines[2][0]]),
        }
        cases.append(Case(name, {"x": x}, found))
    draft = plain_package(
        "counted-boxes",
        [
            node("Cast", "x", "f", to=1),
            node("Div", "f four_f", "q"),
            node("Gather", "q left", "lefts", axis=1),
            node("Gather", "q right", "rights", axis=1),
            node("Sub", "lefts lefts", "tops"),
            node("Concat", "lefts tops rights rights", "boxes", axis=1),
            node("Gather", "q score", "score_column", axis=1),
            node("Squeeze", "score_column second", "scores"),
            node("Gather", "q kind", "kind_column", axis=1),
            node("Squeeze", "kind_column second", "classes"),
            node("Cast", "x", "w", to=7),
            node("Gather", "w last_row", "last", axis=0),
            node("Gather", "last left", "count_column", axis=1),
            node("Squeeze", "count_column second", "count"),
        ],
        [{"name": "x", "datatype": "UINT8", "shape": [3, 4], "axes": ["y", "x"]}],
        [
            {"name": "boxes", "datatype": "FP32", "shape": [3, 4]},
            {"name": "scores", "datatype": "FP32", "shape": [3]},
            {"name": "classes", "datatype": "FP32", "shape": [3]},
            {"name": "count", "datatype": "INT64", "shape": [1]},
        ],
        cases,
        "others",
        [
            integers("left", 0),
            integers("right", 1),
            integers("second", 1),
            integers("score", 2),
            integers("last_row", 2),
            integers("kind", 3),
            number("four_f", 4),
        ],
    )

    def one(label: str, box: list[float]) -> dict[str, Any]:
        return {"label": label, "score": 0.75, "box": box}

    task = task_of(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[
            {
                "bind": "boxes",
                "boxes": "boxes",
                "scores": "scores",
                "classes": "classes",
                "count": "count",
                "format": "x1y1x2y2",
                "unit": "pixel",
                "meaning": "probability",
                "threshold": 0.5,
            }
        ],
        labels=labels_of("near", "far"),
        metrics=[{"metric": "mean-average-precision", "parameters": {"iou": [0.5], "interpolation": "all"}}],
        examples=[
            example_of(
                kind,
                "one-counts",
                {"image": image_value(*rows["one-counts"])},
                {"objects": [one("far", [0, 0, 2, 2])], "omitted": 0},
            ),
            example_of(
                kind,
                "weak",
                {"image": image_value(*rows["weak"])},
                {"objects": [one("near", [0, 0, 2, 2])], "omitted": 0},
            ),
            example_of(
                kind,
                "others",
                {"image": image_value(*rows["others"]), "topK": 1},
                {"objects": [one("near", [0, 0, 2, 2])], "omitted": 1},
            ),
        ],
    )
    return with_application(draft, task)


@kept
def image_files() -> Draft:
    """Return the package that reads PNG files: the class that it names first is a label."""
    kind = "image-classification"
    draft = pictures_draft()
    ids = ["red", "green", "blue"]
    examples = []
    for vector in json.loads(draft.member(VECTORS).data)["vectors"]:
        if vector["stage"] == "raw":
            # One text: four bytes of its length, then the file.
            file = base64.b64decode(vector["inputs"][0]["data"])[4:]
            first = next(one for one in vector["expected"] if one["name"] == "first")
            index = int.from_bytes(base64.b64decode(first["data"]), "little")
            image = {"png": base64.b64encode(file).decode()}
            answer = {"labels": [{"id": ids[index]}], "omitted": 0}
            examples.append(example_of(kind, vector["id"], {"image": image}, answer))
    task = task_of(
        kind,
        request=[{"bind": "image-png", "input": "file"}],
        answer=[{"bind": "label-index", "output": "first"}],
        labels=labels_of(*ids),
        metrics=[{"metric": "top-k-accuracy", "parameters": {"k": 1}}],
        examples=[*examples, refusal_of(kind, "pixels", {"image": image_value([255])}, "unsupported")],
    )
    return with_application(draft, task)
