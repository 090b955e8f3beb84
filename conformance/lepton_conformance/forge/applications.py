"""Packages that say which tasks they answer, one a task: small models, and examples written by hand.

Owns the models, their vectors and the application documents; what a request becomes and what outputs mean is
written out here, so that nothing follows from a program under test. Leaves what is broken to
`application_faults`. Serves `application`.
"""

import base64
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import rfc8785

from lepton_conformance.forge import models
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import VECTORS, Case, build_package
from lepton_conformance.forge.valid import ValidPackage, linear_draft, vision_draft
from lepton_conformance.oracle.answers import Array

__all__ = [
    "APPLICATION",
    "APPLICATION_DRAFTS",
    "VALID_APPLICATIONS",
    "two_tasks",
    "with_application",
    "with_interface",
]

APPLICATION = "application.json"
_SIZES = {"min": 1, "max": 64}
_CODES = {"FP32": 1, "UINT8": 2, "INT16": 5, "INT64": 7, "BYTES": 8}
Tensor = Mapping[str, Any]


def with_application(draft: Draft, *tasks: Mapping[str, Any]) -> Draft:
    """Add an application document with these tasks."""
    document: dict[str, Any] = {"lepton": "1.0", "tasks": [dict(task) for task in tasks]}
    return draft.add(APPLICATION, rfc8785.dumps(document), "application/json", "application")


def _package(
    name: str,
    nodes: Sequence[Any],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    cases: Sequence[Case],
    killed_by: str,
    constants: Sequence[Any] = (),
) -> Draft:
    """Return a package without processing and without weights; each symbol is a size from 1 to 64."""
    from onnx import helper

    def info(tensor: Tensor) -> Any:
        return helper.make_tensor_value_info(tensor["name"], _CODES[tensor["datatype"]], tensor["shape"])

    dims = {dim for tensor in (*inputs, *outputs) for dim in tensor["shape"] if isinstance(dim, str)}
    return build_package(
        name=name,
        model=models.model(nodes, [*map(info, inputs)], [*map(info, outputs)], constants),
        inputs=inputs,
        outputs=outputs,
        symbols=dict.fromkeys(sorted(dims), _SIZES),
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": killed_by}],
    )


def _node(operator: str, reads: str, writes: str, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(operator, reads.split(), writes.split(), **attributes)


def _integers(name: str, *values: int) -> Any:
    from onnx import helper

    return helper.make_tensor(name, _CODES["INT64"], [len(values)], values)


def _number(name: str, value: float) -> Any:
    from onnx import helper

    return helper.make_tensor(name, _CODES["FP32"], [], [value])


def _bytes(*texts: str) -> Array:
    array = np.empty(len(texts), dtype=object)
    array[:] = [text.encode() for text in texts]
    return array


def _floats(values: Any) -> Array:
    return np.array(values, dtype="<f4")


def _whole(values: Any) -> Array:
    return np.array(values, dtype="<i8")


def _image(*rows: Sequence[int]) -> dict[str, Any]:
    data = b"".join(map(bytes, rows))
    return {
        "pixels": base64.b64encode(data).decode(),
        "width": len(rows[0]),
        "height": len(rows),
        "channels": "GRAY",
    }


def _task(task: str, **members: Any) -> dict[str, Any]:
    return {"id": "main", "task": task, "version": 1, **members}


def _example(task: str, vector: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    head = {"task": task, "version": 1}
    tie = {"file": VECTORS, "id": vector}
    return {"id": vector, "vector": tie, "request": {**head, **request}, "answer": {**head, **answer}}


def _refused(task: str, name: str, request: Mapping[str, Any], error: str) -> dict[str, Any]:
    return {"id": name, "request": {"task": task, "version": 1, **request}, "error": error}


def _labels(*ids: str) -> dict[str, Any]:
    return {"ids": list(ids), "names": {"en": list(ids), "zh": [f"标签 {one}" for one in ids]}}


def _scored(*labels: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"id": one, "score": score} for one, score in labels]


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
    labels = _labels("bright", "dark")
    draft = _package(
        "brightness",
        [
            _node("Cast", "x", "f", to=1),
            _node("ReduceMax", "f", "m", axes=[1, 2], keepdims=0),
            _node("Unsqueeze", "m last", "c"),
            _node("Div", "c most", "p"),
            _node("Sub", "one p", "q"),
            _node("Concat", "p q", "y", axis=1),
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
            Case(name, {"x": np.array([rows], dtype=np.uint8)}, {"y": _floats([chances[name]])})
            for name, rows in images.items()
        ],
        "bright",
        [_integers("last", 1), _number("most", 256), _number("one", 1)],
    )
    task = _task(
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
            _example(
                kind,
                "dark",
                {"image": _image([64, 0])},
                {"labels": _scored(("dark", 0.75), ("bright", 0.25)), "omitted": 0},
            ),
            _example(
                kind,
                "bright",
                {"image": _image([0, 1, 2], [3, 192, 5]), "topK": 1},
                {"labels": _scored(("bright", 0.75)), "omitted": 1},
            ),
            _example(
                kind,
                "tie",
                {"image": _image([128, 0, 0]), "topK": 9},
                {"labels": _scored(("bright", 0.5), ("dark", 0.5)), "omitted": 0},
            ),
            _refused(kind, "file", {"image": {"png": "iVBORw0KGgo="}}, "unsupported"),
            _refused(
                kind, "colour", {"image": {**_image([1, 2, 3]), "width": 1, "channels": "RGB"}}, "unsupported"
            ),
            _refused(kind, "too-bright", {"image": _image([201, 0])}, "out-of-range"),
            _refused(kind, "too-wide", {"image": _image([0] * 65)}, "out-of-range"),
            _refused(kind, "cut", {"image": {**_image([1, 2]), "width": 3}}, "invalid-request"),
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
        found = {"boxes": _floats(x[:, :4]), "scores": _floats(x[:, 4] / 256), "classes": _whole(x[:, 0])}
        cases.append(Case(name, {"x": x}, found))
    draft = _package(
        "boxes-of-rows",
        [
            _node("Cast", "x", "f", to=1),
            _node("Slice", "f zero four second", "boxes"),
            _node("Slice", "f four five second", "column"),
            _node("Squeeze", "column second", "grey"),
            _node("Div", "grey most", "scores"),
            _node("Slice", "f zero second second", "lefts"),
            _node("Squeeze", "lefts second", "left"),
            _node("Cast", "left", "classes", to=7),
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
            _integers("zero", 0),
            _integers("four", 4),
            _integers("five", 5),
            _integers("second", 1),
            _number("most", 256),
        ],
    )
    first = {"label": "near", "score": 0.5, "box": [0, 0, 2, 1]}
    best = {"label": "far", "score": 0.75, "box": [1, 0, 3, 1]}
    last = {"label": "near", "score": 0.5, "box": [0, 0, 1, 1]}
    three = {"image": _image(*rows["three"])}
    task = _task(
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
        labels=_labels("near", "far"),
        metrics=[
            {"metric": "mean-average-precision", "parameters": {"iou": [0.5, 0.75], "interpolation": "101"}}
        ],
        examples=[
            _example(kind, "three", three, {"objects": [best, first, last], "omitted": 0}),
            {
                **_example(kind, "three", {**three, "topK": 2}, {"objects": [best, first], "omitted": 1}),
                "id": "two-of-three",
            },
            _example(kind, "none", {"image": _image(*rows["none"])}, {"objects": [], "omitted": 0}),
        ],
    )
    return with_application(draft, task)


@kept
def text_classification() -> Draft:
    """Return a package whose answer is the text itself, which is the id of a label."""
    kind = "text-classification"
    cases = [
        Case(name, {"t": _bytes(*texts)}, {"u": _bytes(*texts)}, tolerance=None)
        for name, texts in (("ham", ("ham",)), ("spam", ("spam",)), ("both", ("ham", "spam")))
    ]
    tensor = {"datatype": "BYTES", "shape": ["N"]}
    draft = _package(
        "echo",
        [_node("Identity", "t", "u")],
        [{"name": "t", **tensor}],
        [{"name": "u", **tensor}],
        cases,
        "spam",
    )
    task = _task(
        kind,
        request=[{"bind": "text", "input": "t", "member": "text"}],
        answer=[{"bind": "label-id", "output": "u"}],
        labels=_labels("ham", "spam"),
        metrics=[{"metric": "f1", "parameters": {"average": "macro"}}],
        examples=[
            _example(kind, name, {"text": name}, {"labels": [{"id": name}], "omitted": 0})
            for name in ("ham", "spam")
        ]
        + [_refused(kind, "language", {"text": "ham", "language": "en"}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def text_generation() -> Draft:
    """Return a package that says again what it was told, counts one token and stops."""
    kind = "text-generation"
    said = {"hello": "hello", "others": "再见", "empty": ""}
    cases = [
        Case(
            name,
            {"prompt": _bytes(text)},
            {"text": _bytes(text), "tokens": _whole([1]), "reason": _whole([0])},
            tolerance=None,
        )
        for name, text in said.items()
    ]
    draft = _package(
        "parrot",
        [
            _node("Identity", "prompt", "text"),
            _node("Shape", "prompt", "tokens"),
            _node("Sub", "tokens one", "reason"),
        ],
        [{"name": "prompt", "datatype": "BYTES", "shape": [1]}],
        [
            {"name": "text", "datatype": "BYTES", "shape": [1]},
            {"name": "tokens", "datatype": "INT64", "shape": [1]},
            {"name": "reason", "datatype": "INT64", "shape": [1]},
        ],
        cases,
        "others",
        [_integers("one", 1)],
    )
    task = _task(
        kind,
        request=[{"bind": "text", "input": "prompt", "member": "prompt"}],
        answer=[
            {"bind": "text", "output": "text"},
            {"bind": "finish", "output": "reason", "reasons": ["stop", "length"]},
            {"bind": "count", "output": "tokens", "member": "outputTokens"},
        ],
        metrics=[{"metric": "perplexity", "parameters": {"unit": "byte"}}],
        examples=[
            _example(
                kind,
                name,
                {"prompt": text},
                {"text": text, "finishReason": "stop", "usage": {"outputTokens": 1}},
            )
            for name, text in said.items()
        ]
        + [_refused(kind, "messages", {"messages": [{"role": "user", "content": "hello"}]}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def embedding() -> Draft:
    """Return a package whose vectors are the pixels of a line."""
    kind = "embedding"
    lines = {"two": [3, 4], "others": [5, 12], "long": [0, 1, 2]}
    cases = [
        Case(name, {"x": np.array([line], dtype=np.uint8)}, {"y": _floats([line])})
        for name, line in lines.items()
    ]
    draft = _package(
        "line",
        [_node("Cast", "x", "y", to=1)],
        [{"name": "x", "datatype": "UINT8", "shape": [1, "W"], "axes": ["y", "x"]}],
        [{"name": "y", "datatype": "FP32", "shape": [1, "W"]}],
        cases,
        "others",
    )
    task = _task(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[{"bind": "embeddings", "output": "y", "similarity": "cosine"}],
        metrics=[{"metric": "ndcg", "parameters": {"gain": "linear", "k": 10}}, {"metric": "spearman"}],
        examples=[
            _example(kind, name, {"image": _image(lines[name])}, {"embeddings": [lines[name]]})
            for name in ("two", "long")
        ],
    )
    return with_application(draft, task)


def _pcm(*samples: int) -> str:
    return base64.b64encode(np.array(samples, dtype="<i2").tobytes()).decode()


@kept
def speech_recognition() -> Draft:
    """Return a package that hears the loudest sample as a number."""
    kind = "speech-recognition"
    heard = {"short": [1, -5], "others": [7, 9], "long": [100, 0, 32767]}
    cases = [
        Case(
            name,
            {"x": np.array(line, dtype="<i2")},
            {"y": _bytes(str(max(line)))},
            tolerance=None,
        )
        for name, line in heard.items()
    ]
    draft = _package(
        "loudest",
        [
            _node("Cast", "x", "w", to=7),
            _node("ReduceMax", "w", "m", axes=[0], keepdims=1),
            _node("Cast", "m", "y", to=8),
        ],
        [{"name": "x", "datatype": "INT16", "shape": ["T"]}],
        [{"name": "y", "datatype": "BYTES", "shape": [1]}],
        cases,
        "others",
    )
    task = _task(
        kind,
        request=[{"bind": "audio", "input": "x", "sampleRate": 8000}],
        answer=[{"bind": "text", "output": "y"}],
        metrics=[{"metric": "word-error-rate", "parameters": {"normalization": "basic"}}],
        examples=[
            _example(
                kind,
                name,
                {"audio": {"pcm": _pcm(*heard[name]), "sampleRate": 8000}},
                {"text": str(max(heard[name]))},
            )
            for name in ("short", "long")
        ]
        + [_refused(kind, "rate", {"audio": {"pcm": _pcm(1), "sampleRate": 16000}}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def speech_detection() -> Draft:
    """Return a package in which each sample is a frame, and loud ones are speech."""
    kind = "speech-detection"
    heard = {"two": [0, 16384, -24576, 0, 8192], "others": [1024, 0, 0, 0, 0], "silence": [0, 0]}
    cases = []
    for name, line in heard.items():
        x = _floats([[sample / 32768 for sample in line]])
        cases.append(Case(name, {"x": x}, {"y": np.abs(x)}))
    draft = _package(
        "loud",
        [_node("Abs", "x", "y")],
        [{"name": "x", "datatype": "FP32", "shape": [1, "T"]}],
        [{"name": "y", "datatype": "FP32", "shape": [1, "T"]}],
        cases,
        "others",
    )
    segments = [{"start": 0.125, "end": 0.375, "score": 0.75}, {"start": 0.5, "end": 0.625, "score": 0.25}]
    task = _task(
        kind,
        request=[{"bind": "audio", "input": "x", "sampleRate": 8}],
        answer=[{"bind": "frames", "output": "y", "frameSeconds": 0.125, "threshold": 0.25}],
        metrics=[{"metric": "temporal-iou"}],
        examples=[
            _example(
                kind,
                name,
                {"audio": {"pcm": _pcm(*heard[name]), "sampleRate": 8}},
                {"segments": found},
            )
            for name, found in (("two", segments), ("silence", []))
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
        Case(name, {"x": np.array(rows, dtype=np.uint8)}, {"y": _bytes(*said[name])}, tolerance=None)
        for name, rows in pages.items()
    ]
    draft = _package(
        "sums",
        [
            _node("Cast", "x", "w", to=7),
            _node("ReduceSum", "w second", "s", keepdims=0),
            _node("Cast", "s", "y", to=8),
        ],
        [{"name": "x", "datatype": "UINT8", "shape": ["H", "W"], "axes": ["y", "x"]}],
        [{"name": "y", "datatype": "BYTES", "shape": ["H"]}],
        cases,
        "others",
        [_integers("second", 1)],
    )
    task = _task(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[{"bind": "lines", "texts": "y"}],
        metrics=[{"metric": "character-error-rate", "parameters": {"normalization": "none"}}],
        examples=[
            _example(
                kind,
                name,
                {"image": _image(*pages[name])},
                {"text": "\n".join(said[name]), "lines": [{"text": one} for one in said[name]]},
            )
            for name in ("one", "two")
        ],
    )
    return with_application(draft, task)


@kept
def tabular_classification() -> Draft:
    """Return the linear package as a classifier of rows with a number, a category and a missing value."""
    kind = "tabular-classification"
    columns = [
        {"name": "size", "unit": "m"},
        {"name": "plan", "categories": ["none", "half", "basic", "full"]},
        {"name": "age", "missing": 3, "description": {"en": "In years."}},
    ]
    task = _task(
        kind,
        request=[{"bind": "columns", "input": "x", "columns": columns}],
        answer=[{"bind": "label-scores", "output": "y", "meaning": "score", "top": 1}],
        labels=_labels("left", "right"),
        metrics=[{"metric": "roc-auc", "parameters": {"positive": "left"}}, {"metric": "accuracy"}],
        examples=[
            _example(
                kind,
                "one",
                {"rows": [{"size": 1, "plan": "basic", "age": None}]},
                {"rows": [{"labels": _scored(("left", 4.375)), "omitted": 1}]},
            ),
            _example(
                kind,
                "batch",
                {"rows": [{"age": 0, "size": 0, "plan": 0}, {"size": 5, "plan": -6, "age": 7}]},
                {
                    "rows": [
                        {"labels": _scored(("left", 0.25)), "omitted": 1},
                        {"labels": _scored(("right", -0.75)), "omitted": 1},
                    ]
                },
            ),
            _refused(kind, "no-plan", {"rows": [{"size": 1}]}, "unsupported"),
            _refused(kind, "no-category", {"rows": [{"size": 1, "plan": "gold"}]}, "unsupported"),
            _refused(kind, "no-column", {"rows": [{"size": 1, "plan": 1, "sise": 2}]}, "unsupported"),
            _refused(kind, "too-large", {"rows": [{"size": 1e39, "plan": 1}]}, "out-of-range"),
            _refused(kind, "no-rows", {"rows": []}, "invalid-request"),
        ],
    )
    return with_application(linear_draft(), task)


@kept
def tabular_regression() -> Draft:
    """Return a package that adds two columns."""
    kind = "tabular-regression"
    rows: Mapping[str, list[list[float]]] = {
        "one": [[1, 2]],
        "others": [[3, -8]],
        "batch": [[0.5, 0.25], [1, 1]],
    }
    cases = [
        Case(name, {"a": _floats(some)}, {"y": _floats([sum(row) for row in some])})
        for name, some in rows.items()
    ]
    draft = _package(
        "sum",
        [_node("ReduceSum", "a second", "y", keepdims=0)],
        [{"name": "a", "datatype": "FP32", "shape": ["N", 2]}],
        [{"name": "y", "datatype": "FP32", "shape": ["N"]}],
        cases,
        "others",
        [_integers("second", 1)],
    )
    task = _task(
        kind,
        request=[{"bind": "columns", "input": "a", "columns": [{"name": "left"}, {"name": "right"}]}],
        answer=[{"bind": "values", "output": "y", "unit": "m"}],
        metrics=[{"metric": "rmse"}, {"metric": "r2", "value": -3, "n": 9, "dataset": {"name": "sums"}}],
        examples=[
            _example(
                kind,
                name,
                {"rows": [{"left": one, "right": other} for one, other in rows[name]]},
                {"rows": [{"value": sum(row)} for row in rows[name]]},
            )
            for name in ("one", "batch")
        ],
    )
    return with_application(draft, task)


@kept
def ranking() -> Draft:
    """Return a package that ranks documents by twice their only feature."""
    kind = "ranking"
    given = {"three": [1, 2, 2], "others": [4, 0, 1], "one": [-1]}
    cases = [
        Case(name, {"f": _floats(line)}, {"s": _floats([[2 * one] for one in line])})
        for name, line in given.items()
    ]
    draft = _package(
        "twice",
        [_node("Add", "f f", "d"), _node("Unsqueeze", "d second", "s")],
        [{"name": "f", "datatype": "FP32", "shape": ["N"]}],
        [{"name": "s", "datatype": "FP32", "shape": ["N", 1]}],
        cases,
        "others",
        [_integers("second", 1)],
    )
    documents = [{"id": name, "features": {"value": one}} for name, one in zip("abc", [1, 2, 2], strict=True)]
    task = _task(
        kind,
        request=[{"bind": "columns", "input": "f", "columns": [{"name": "value"}]}],
        answer=[{"bind": "scores", "output": "s"}],
        metrics=[{"metric": "reciprocal-rank"}],
        examples=[
            _example(
                kind,
                "three",
                {"documents": documents},
                {"ranking": _scored(("b", 4), ("c", 4), ("a", 2)), "omitted": 0},
            ),
            _example(
                kind,
                "one",
                {"documents": [{"id": "z", "features": {"value": -1}}], "topK": 3},
                {"ranking": _scored(("z", -2)), "omitted": 0},
            ),
            _refused(kind, "twice", {"documents": [*documents, documents[0]]}, "invalid-request"),
            _refused(kind, "text", {"documents": [{**documents[0], "text": "a"}]}, "unsupported"),
        ],
    )
    return with_application(draft, task)


@kept
def forecasting() -> Draft:
    """Return a package that expects the largest value for ever."""
    kind = "forecasting"
    given: Mapping[str, tuple[list[float], int]] = {
        "two": ([1, 3, 2], 2),
        "others": ([5, 0, 0], 2),
        "one": ([0.5], 1),
    }
    cases = [
        Case(
            name,
            {"x": _floats(values), "horizon": _whole([steps])},
            {"y": _floats([max(values)] * steps)},
        )
        for name, (values, steps) in given.items()
    ]
    draft = _package(
        "largest",
        [_node("ReduceMax", "x", "m", axes=[0], keepdims=1), _node("Expand", "m horizon", "y")],
        [
            {"name": "x", "datatype": "FP32", "shape": ["T"]},
            {"name": "horizon", "datatype": "INT64", "shape": [1]},
        ],
        [{"name": "y", "datatype": "FP32", "shape": ["H"]}],
        cases,
        "others",
    )

    def series(start: str, step: str, *values: float | None) -> dict[str, Any]:
        return {"start": start, "step": step, "values": list(values)}

    task = _task(
        kind,
        request=[
            {"bind": "series", "input": "x", "missing": 3},
            {"bind": "number", "input": "horizon", "member": "horizon"},
        ],
        answer=[{"bind": "values", "output": "y"}],
        metrics=[{"metric": "mase", "parameters": {"season": 12}}],
        examples=[
            _example(
                kind,
                "two",
                {"series": series("2027-12-31T06:00:00Z", "P1M", 1, None, 2), "horizon": 2},
                {
                    "points": [
                        {"time": "2028-03-31T06:00:00Z", "value": 3},
                        {"time": "2028-04-30T06:00:00Z", "value": 3},
                    ]
                },
            ),
            _example(
                kind,
                "one",
                {"series": series("2028-02-28T23:59:30Z", "PT30S", 0.5), "horizon": 1},
                {"points": [{"time": "2028-02-29T00:00:00Z", "value": 0.5}]},
            ),
            _refused(
                kind,
                "no-day",
                {"series": series("2027-02-29T00:00:00Z", "P1D", 1), "horizon": 1},
                "invalid-request",
            ),
            _refused(
                kind,
                "after-the-end",
                {"series": series("9998-12-31T00:00:00Z", "P1Y", 1), "horizon": 2},
                "out-of-range",
            ),
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
        examples.append(_example(kind, name, {"image": image}, answer))
    task = _task(
        kind,
        request=[{"bind": "image-pixels", "input": "image"}],
        answer=[{"bind": "label-index", "output": "class"}],
        labels=_labels(*ids),
        metrics=[{"metric": "balanced-accuracy"}],
        examples=examples,
    )
    return with_application(draft, task)


APPLICATION_DRAFTS: Mapping[str, Callable[[], Draft]] = {
    "image-classification": image_classification,
    "object-detection": object_detection,
    "text-classification": text_classification,
    "text-generation": text_generation,
    "embedding": embedding,
    "speech-recognition": speech_recognition,
    "speech-detection": speech_detection,
    "ocr": ocr,
    "tabular-classification": tabular_classification,
    "tabular-regression": tabular_regression,
    "ranking": ranking,
    "forecasting": forecasting,
}


def two_tasks() -> Draft:
    """Return the package of rows with a second task on the same tensors."""
    draft = tabular_classification()

    def change(document: Any) -> None:
        first = document["tasks"][0]
        document["tasks"].append({**first, "id": "again", "title": {"en": "Once more"}})

    return draft.edit(APPLICATION, change)


VALID_APPLICATIONS: tuple[ValidPackage, ...] = (
    *(
        ValidPackage(name, functools.partial(lambda make: make().directory(), make))
        for name, make in APPLICATION_DRAFTS.items()
    ),
    ValidPackage("with-interface", lambda: with_interface().directory()),
    ValidPackage("two-tasks", lambda: two_tasks().archive()),
)
