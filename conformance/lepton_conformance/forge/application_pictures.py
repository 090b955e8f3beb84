"""Packages whose tasks are about pictures: small models, and examples written by hand.

Owns the models, their vectors and the application documents; what a request becomes and what outputs mean
is written out here, so that nothing follows from a program under test. Serves `application`.
"""

import base64
import json
from collections.abc import Mapping

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
    scored,
    task_of,
    text_values,
    whole_numbers,
    with_application,
)
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import VECTORS, Case
from lepton_conformance.forge.valid import vision_draft

__all__ = ["image_classification", "object_detection", "ocr", "with_interface"]


@kept
def image_classification() -> Draft:
    """Return a package that says how bright the brightest pixel is."""
    kind = "image-classification"
    images: Mapping[str, list[list[int]]] = {
        "dark": [[64, 0]],
        "bright": [[0, 1, 2], [3, 192, 5]],
        "tie": [[128, 0, 0]],
    }
    chances = {"dark": (0.25, 0.75), "bright": (0.75, 0.25), "tie": (0.5, 0.5)}
    image = {
        "name": "x",
        "datatype": "UINT8",
        "shape": [1, "H", "W"],
        "axes": ["batch", "y", "x"],
        "content": {"kind": "image", "channelOrder": "GRAY", "colourSpace": "grayscale", "range": [0, 200]},
    }
    labels = labels_of("bright", "dark")
    draft = plain_package(
        "brightness",
        [
            node("Cast", "x", "f", to=1),
            node("ReduceMax", "f", "m", axes=[1, 2], keepdims=0),
            node("Unsqueeze", "m last", "c"),
            node("Div", "c most", "p"),
            node("Sub", "one p", "q"),
            node("Concat", "p q", "y", axis=1),
        ],
        [image],
        [
            {
                "name": "y",
                "datatype": "FP32",
                "shape": [1, 2],
                "labels": {"axis": 1, "names": {"en": labels["names"]["en"], "fr": ["clair", "sombre"]}},
            }
        ],
        [
            Case(name, {"x": np.array([rows], dtype=np.uint8)}, {"y": floats([chances[name]])})
            for name, rows in images.items()
        ],
        "bright",
        [integers("last", 1), number("most", 256), number("one", 1)],
    )
    task = task_of(
        kind,
        title={"en": "How bright?", "zh": "有多亮？"},
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[{"bind": "label-scores", "output": "y", "meaning": "probability"}],
        labels=labels,
        metrics=[
            {"metric": "accuracy", "value": 0.5, "n": 2, "dataset": {"name": "two images"}},
            {"metric": "calibration-error", "parameters": {"bins": 15}},
        ],
        examples=[
            example_of(
                kind,
                "dark",
                {"image": image_value([64, 0])},
                {"labels": scored(("dark", 0.75), ("bright", 0.25)), "omitted": 0},
            ),
            example_of(
                kind,
                "bright",
                {"image": image_value([0, 1, 2], [3, 192, 5]), "topK": 1},
                {"labels": scored(("bright", 0.75)), "omitted": 1},
            ),
            example_of(
                kind,
                "tie",
                {"image": image_value([128, 0, 0]), "topK": 9},
                {"labels": scored(("bright", 0.5), ("dark", 0.5)), "omitted": 0},
            ),
            refusal_of(kind, "file", {"image": {"png": "iVBORw0KGgo="}}, "unsupported"),
            refusal_of(
                kind,
                "colour",
                {"image": {**image_value([1, 2, 3]), "width": 1, "channels": "RGB"}},
                "unsupported",
            ),
            refusal_of(kind, "too-bright", {"image": image_value([201, 0])}, "out-of-range"),
            refusal_of(kind, "too-wide", {"image": image_value([0] * 65)}, "out-of-range"),
            refusal_of(kind, "cut", {"image": {**image_value([1, 2]), "width": 3}}, "invalid-request"),
        ],
    )
    return with_application(draft, task)


@kept
def object_detection() -> Draft:
    """Return a package that reads a box, its score and its class from each row of an image."""
    kind = "object-detection"
    rows: Mapping[str, list[list[int]]] = {
        "three": [[0, 0, 2, 1, 128], [1, 0, 3, 1, 192], [0, 0, 1, 1, 128]],
        "others": [[0, 0, 2, 1, 192], [1, 0, 3, 1, 16], [0, 0, 1, 1, 128]],
        "none": [[0, 0, 4, 1, 64]],
    }
    cases = []
    for name, lines in rows.items():
        x = np.array(lines, dtype=np.uint8)
        found = {
            "boxes": floats(x[:, :4]),
            "scores": floats(x[:, 4] / 256),
            "classes": whole_numbers(x[:, 0]),
        }
        cases.append(Case(name, {"x": x}, found))
    draft = plain_package(
        "boxes-of-rows",
        [
            node("Cast", "x", "f", to=1),
            node("Slice", "f zero four second", "boxes"),
            node("Slice", "f four five second", "column"),
            node("Squeeze", "column second", "grey"),
            node("Div", "grey most", "scores"),
            node("Slice", "f zero second second", "lefts"),
            node("Squeeze", "lefts second", "left"),
            node("Cast", "left", "classes", to=7),
        ],
        [{"name": "x", "datatype": "UINT8", "shape": ["H", 5], "axes": ["y", "x"]}],
        [
            {"name": "boxes", "datatype": "FP32", "shape": ["H", 4]},
            {"name": "scores", "datatype": "FP32", "shape": ["H"]},
            {"name": "classes", "datatype": "INT64", "shape": ["H"]},
        ],
        cases,
        "others",
        [
            integers("zero", 0),
            integers("four", 4),
            integers("five", 5),
            integers("second", 1),
            number("most", 256),
        ],
    )
    first = {"label": "near", "score": 0.5, "box": [0, 0, 2, 1]}
    best = {"label": "far", "score": 0.75, "box": [1, 0, 3, 1]}
    last = {"label": "near", "score": 0.5, "box": [0, 0, 1, 1]}
    three = {"image": image_value(*rows["three"])}
    task = task_of(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[
            {
                "bind": "boxes",
                "boxes": "boxes",
                "scores": "scores",
                "classes": "classes",
                "format": "x1y1x2y2",
                "unit": "pixel",
                "meaning": "score",
                "threshold": 0.375,
            }
        ],
        labels=labels_of("near", "far"),
        metrics=[
            {"metric": "mean-average-precision", "parameters": {"iou": [0.5, 0.75], "interpolation": "101"}}
        ],
        examples=[
            example_of(kind, "three", three, {"objects": [best, first, last], "omitted": 0}),
            {
                **example_of(kind, "three", {**three, "topK": 2}, {"objects": [best, first], "omitted": 1}),
                "id": "two-of-three",
            },
            example_of(kind, "none", {"image": image_value(*rows["none"])}, {"objects": [], "omitted": 0}),
        ],
    )
    return with_application(draft, task)


@kept
def ocr() -> Draft:
    """Return a package that reads each row of an image as the sum of its pixels."""
    kind = "ocr"
    pages: Mapping[str, list[list[int]]] = {
        "one": [[1, 2, 3]],
        "others": [[10, 20]],
        "two": [[5, 5, 5], [0, 0, 7]],
    }
    said = {"one": ["6"], "others": ["30"], "two": ["15", "7"]}
    cases = [
        Case(name, {"x": np.array(rows, dtype=np.uint8)}, {"y": text_values(*said[name])}, tolerance=None)
        for name, rows in pages.items()
    ]
    draft = plain_package(
        "sums",
        [
            node("Cast", "x", "w", to=7),
            node("ReduceSum", "w second", "s", keepdims=0),
            node("Cast", "s", "y", to=8),
        ],
        [{"name": "x", "datatype": "UINT8", "shape": ["H", "W"], "axes": ["y", "x"]}],
        [{"name": "y", "datatype": "BYTES", "shape": ["H"]}],
        cases,
        "others",
        [integers("second", 1)],
    )
    task = task_of(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[{"bind": "lines", "texts": "y"}],
        metrics=[{"metric": "character-error-rate", "parameters": {"normalization": "none"}}],
        examples=[
            example_of(
                kind,
                name,
                {"image": image_value(*pages[name])},
                {"text": "\n".join(said[name]), "lines": [{"text": one} for one in said[name]]},
            )
            for name in ("one", "two")
        ],
    )
    return with_application(draft, task)


@kept
def with_interface() -> Draft:
    """Return the package with an image at its interface: the class that it names is a label."""
    kind = "image-classification"
    draft = vision_draft()
    vectors = {one["id"]: one for one in json.loads(draft.member(VECTORS).data)["vectors"]}
    ids = ["red", "green", "blue"]
    examples = []
    for name in ("image-1", "image-2"):
        (pixels,) = vectors[name]["inputs"]
        chosen = next(one for one in vectors[name]["expected"] if one["name"] == "class")
        index = int.from_bytes(base64.b64decode(chosen["data"]), "little")
        image = {"pixels": pixels["data"], "width": 3, "height": 2, "channels": "RGB"}
        answer = {"labels": [{"id": ids[index]}], "omitted": 0}
        examples.append(example_of(kind, name, {"image": image}, answer))
    task = task_of(
        kind,
        request=[{"bind": "image-pixels", "input": "image"}],
        answer=[{"bind": "label-index", "output": "class"}],
        labels=labels_of(*ids),
        metrics=[{"metric": "balanced-accuracy"}],
        examples=examples,
    )
    return with_application(draft, task)
