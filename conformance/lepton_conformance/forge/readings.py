"""Valid packages after whose models something is chosen: boxes that are kept, texts that are read.

Owns these packages and one whose second artifact has a precision of its own; leaves the operators to
`oracle.steps` and assembling to `package`. Serves `package` (processing, comparison).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.chain import Tools, names, run
from lepton_conformance.forge.draft import Draft, Member, kept
from lepton_conformance.forge.package import VECTORS, Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.oracle.answers import Array

__all__ = ["COARSE", "KEYS", "boxes_draft", "coarse_draft", "lines_draft"]

KEYS, COARSE = "text/keys.txt", "model/coarse.onnx"
_STEP = {"version": 1}
_ORDER = ("model", "raw", "pre", "post", "step")


@kept
def boxes_draft() -> Draft:
    """Return a package that moves boxes, keeps the best and says their names."""
    shift = np.array([0, 0, 0.5, 1], dtype="<f4")
    taste = np.array([0.5, -0.25, 0.125, 0.0625], dtype="<f4")
    names_ = Member(KEYS, b"zero\none\n\n three\nfour\xe2\x82\xac", "text/plain", "vocabulary")
    post: list[dict[str, Any]] = [
        {**_STEP, "op": "nms", "in": ["boxes", "scores"], "out": "kept", "iou": 0.25, "score": 0.5,
         "max": 3, "shape": ["K"]},
        {**_STEP, "op": "lookup", "in": "kept", "out": "names", "file": KEYS, "join": False},
        {**_STEP, "op": "sigmoid", "in": "scores", "out": "chances"},
    ]  # fmt: skip
    symbols = {"M": {"min": 0, "max": 5}, "K": {"min": 0, "max": 5}}
    computes = Model(_moved, {"s": shift, "t": taste})
    tools = Tools({KEYS: names_.data}, symbols=symbols)
    cases = []
    for name, rows in _BOXES.items():
        x = np.array(rows, dtype="<f4").reshape(-1, 4)
        found = dict(computes.answer({"x": x}, computes.weights))
        said = _after(found, post, ("names", "chances"), tools)
        cases.append(Case(f"model-{name}", {"x": x}, found, tolerance=(1e-6, 1e-6)))
        cases.append(Case(f"raw-{name}", {"x": x}, said, "raw", (1e-6, 1e-6)))
        cases.append(Case(f"post-{name}", found, said, "post", (1e-6, 1e-6)))
    for name, (corners, scores) in _RIVALS.items():
        read = {"boxes": np.array(corners, dtype="<f4").reshape(-1, 4), "scores": np.array(scores, "<f4")}
        cases.append(_alone(f"kept-{name}", post, 0, read, tools))
    cases.append(_alone("names-all", post, 1, {"kept": np.array([4, 0, 3, 2], dtype="<i8")}, tools))
    return build_package(
        name="boxes",
        model=_boxes_model(shift, taste),
        inputs=[{"name": "x", "datatype": "FP32", "shape": ["M", 4]}],
        outputs=[
            {"name": "boxes", "datatype": "FP32", "shape": ["M", 4]},
            {"name": "scores", "datatype": "FP32", "shape": ["M"]},
        ],
        symbols=symbols,
        interface={
            "inputs": [{"name": "x", "datatype": "FP32", "shape": ["M", 4]}],
            "outputs": [
                {"name": "names", "datatype": "BYTES", "shape": ["K"]},
                {"name": "chances", "datatype": "FP32", "shape": ["M"]},
            ],
        },
        processing={"pre": [], "post": post},
        cases=sorted(cases, key=lambda case: _ORDER.index(case.stage)),
        controls=[
            {"control": "constant-answer", "killedBy": "model-again"},
            {"control": "weights-reversed", "killedBy": "model-three"},
        ],
        files=[names_],
        computes=computes,
    )


@kept
def lines_draft() -> Draft:
    """Return a package that reads lines of text from numbers."""
    weight = np.array([[1, -1, 0.5, 0.25, -2], [0.5, 1, -1, 2, 0.25]], dtype="<f4")
    keys = Member(KEYS, "_\na\né\n 中\nbb\n".encode(), "text/plain", "vocabulary")
    pre: list[dict[str, Any]] = [
        {**_STEP, "op": "cast", "in": "ink", "out": "whole", "datatype": "INT32"},
        {**_STEP, "op": "cast", "in": "whole", "out": "grey", "datatype": "INT8"},
        {**_STEP, "op": "cast", "in": "grey", "out": "f", "datatype": "FP32"},
        {**_STEP, "op": "rescale", "in": "f", "out": "s", "scale": 0.1, "offset": -0.7},
        {**_STEP, "op": "reverse", "in": "s", "out": "x", "axis": 1},
    ]
    post: list[dict[str, Any]] = [
        {**_STEP, "op": "ctc_greedy", "in": "logits", "out": ["keys", "lengths"], "blank": 0},
        {**_STEP, "op": "lookup", "in": "keys", "out": "text", "file": KEYS, "join": True, "skip": -1},
        {**_STEP, "op": "softmax", "in": "logits", "out": "sure", "axis": -2},
    ]
    symbols = {"N": {"min": 1, "max": 3}, "T": {"min": 1, "max": 9}}
    computes = Model(_dense, {"w": weight})
    tools = Tools({KEYS: keys.data}, symbols=symbols)
    cases = []
    for name, rows in _INK.items():
        ink = np.array(rows, dtype="<f4")
        arrays: dict[str, Array] = {"ink": ink}
        for step in pre:
            run(step, arrays, tools)
        x = {"x": np.ascontiguousarray(arrays["x"])}
        found = dict(computes.answer(x, computes.weights))
        said = _after(found, post, ("text", "lengths"), tools)
        cases.append(Case(f"model-{name}", x, found, tolerance=(1e-4, 1e-5)))
        cases.append(Case(f"raw-{name}", {"ink": ink}, said, "raw"))
        cases.append(Case(f"pre-{name}", {"ink": ink}, x, "pre", None))
    for name, lines in _BEST.items():
        logits = np.array(lines, dtype="<f4")
        cases.append(_alone(f"classes-{name}", post, 0, {"logits": logits}, tools))
        said = _after({"logits": logits}, post, ("text", "lengths"), tools)
        cases.append(Case(f"post-{name}", {"logits": logits}, said, "post"))
    large = np.array([[*_best(1, 4), [300, -300, 88, 89, -90]]], dtype="<f4")
    cases.append(_alone("sure-large", post, 2, {"logits": large}, tools, (1e-6, 1e-6)))
    cases.append(_alone("text-skips", post, 1, {"keys": np.array([[-1, 3, -1, 0], [1, 1, 4, 2]])}, tools))
    return build_package(
        name="lines",
        model=_lines_model(weight),
        inputs=[{"name": "x", "datatype": "FP32", "shape": ["N", "T", 2]}],
        outputs=[{"name": "logits", "datatype": "FP32", "shape": ["N", "T", 5]}],
        symbols=symbols,
        interface={
            "inputs": [{"name": "ink", "datatype": "FP32", "shape": ["N", "T", 2]}],
            "outputs": [
                {"name": "text", "datatype": "BYTES", "shape": ["N"]},
                {"name": "lengths", "datatype": "INT64", "shape": ["N"]},
            ],
        },
        processing={"pre": pre, "post": post},
        cases=sorted(cases, key=lambda case: _ORDER.index(case.stage)),
        controls=[
            {"control": "constant-answer", "killedBy": "model-other"},
            {"control": "weights-reversed", "killedBy": "model-word"},
            {"control": "step-omitted", "step": 3, "killedBy": "raw-other"},
        ],
        files=[keys],
        computes=computes,
    )


def coarse_draft(linear: Draft) -> Draft:
    """Return the linear package with a second artifact of fewer bits, compared by the rule for its precision.

    Every vector has such a rule; the weights of the second artifact are those of the first in steps
    of 0.02.
    """
    coarse = (np.round(models.LINEAR_WEIGHT / 0.02) * 0.02).astype("<f4")
    linear.add(COARSE, models.linear(weight=models.constant("w", coarse)), "application/vnd.onnx", "artifact")
    first = linear.manifest["artifacts"][0]
    linear.manifest["artifacts"].append({**first, "id": "coarse", "entry": COARSE, "precision": "INT8"})

    def change(document: Any) -> None:
        for vector in document["vectors"]:
            vector["comparisons"][0]["precisions"] = {
                "INT8": {"atol": 0.1, "rtol": 0.05},
                "FP16": {"atol": 0, "rtol": 0},
            }

    return linear.edit(VECTORS, change)


def _alone(
    name: str,
    post: Sequence[Mapping[str, Any]],
    place: int,
    read: Mapping[str, Array],
    tools: Tools,
    tolerance: tuple[float, float] | None = None,
) -> Case:
    """Return a vector of one step of `post`, exact unless there is a tolerance."""
    written = _after(read, [post[place]], names(post[place], "out"), tools)
    return Case(name, read, written, "step", tolerance, f"/processing/post/{place}")


def _after(
    read: Mapping[str, Array], steps: Sequence[Mapping[str, Any]], wanted: Sequence[str], tools: Tools
) -> dict[str, Array]:
    """Return what steps make of tensors, those that are wanted."""
    arrays = dict(read)
    for step in steps:
        run(step, arrays, tools)
    return {name: arrays[name] for name in wanted}


def _moved(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    x, s, t = (array.astype(np.float64) for array in (inputs["x"], weights["s"], weights["t"]))
    return {"boxes": (x + s).astype(np.float32), "scores": (x * t).sum(axis=1).astype(np.float32)}


def _dense(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    return {"logits": (inputs["x"].astype(np.float64) @ weights["w"].astype(np.float64)).astype(np.float32)}


def _boxes_model(shift: Array, taste: Array) -> bytes:
    from onnx import helper

    nodes = [
        helper.make_node("Add", ["x", "s"], ["boxes"]),
        helper.make_node("Mul", ["x", "t"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "last"], ["scores"], keepdims=0),
    ]
    outputs = [models.value("boxes", "FP32", ("M", 4)), models.value("scores", "FP32", ("M",))]
    last = helper.make_tensor("last", 7, [1], [1])
    weights = [models.constant("s", shift), models.constant("t", taste), last]
    return models.model(nodes, [models.value("x", "FP32", ("M", 4))], outputs, weights)


def _lines_model(weight: Array) -> bytes:
    from onnx import helper

    nodes = [helper.make_node("MatMul", ["x", "w"], ["logits"])]
    inputs = [models.value("x", "FP32", ("N", "T", 2))]
    outputs = [models.value("logits", "FP32", ("N", "T", 5))]
    return models.model(nodes, inputs, outputs, [models.constant("w", weight)])


#: What the model of boxes reads.
_BOXES: Mapping[str, list[Any]] = {
    "three": [[4, 1, 8, 6], [3, 0, 7, 5], [9, 9, 12, 11]],
    "again": [[1, 0, 2, 2], [4, 1, 6, 2], [2, 5, 9, 9]],
    "one": [[2, 1, 3, 3]],
    "none": [],
    "five": [[2, 0, 3, 1], [6, 0, 7, 1], [9, 0, 10, 1], [12, 0, 13, 1], [12, 2, 13, 3]],
}
_INF, _NAN = float("inf"), float("nan")
#: Boxes and scores for one rule of the section on boxes each.
_RIVALS: Mapping[str, tuple[list[Any], list[float]]] = {
    # 2 of 8 are shared: the overlap is equal to the threshold
    "at-the-threshold": ([[0, 0, 5, 1], [3, 0, 8, 1]], [0.9, 0.8]),
    "above-the-threshold": ([[0, 0, 5, 1], [2.5, 0, 7.5, 1]], [0.8, 0.9]),
    "equal-scores": ([[0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 6, 6]], [0.75, 0.75, 0.75]),
    "at-the-score": ([[0, 0, 1, 1], [2, 2, 3, 3]], [0.5, 0.500001]),
    "nan-score": ([[0, 0, 1, 1], [2, 2, 3, 3]], [_NAN, 0.75]),
    "infinite-box-below": ([[0, 0, _INF, 1], [2, 2, 3, 3]], [0.25, 0.75]),
    "infinite-score": ([[0, 0, 1, 1], [2, 2, 3, 3]], [0.75, _INF]),
    "no-area": ([[1, 1, 1, 1], [1, 1, 1, 1]], [0.9, 0.8]),
    "turned": ([[2, 2, 0, 0], [0, 0, 2, 2]], [0.9, 0.8]),
    "chain": ([[0, 0, 4, 1], [2, 0, 6, 1], [4, 0, 8, 1]], [0.9, 0.8, 0.7]),
    "most": ([[n, 9, n + 1, 10] for n in (0, 2, 4, 6, 8)], [0.6, 0.9, 0.7, 0.8, 0.95]),
    "none": ([], []),
    # above the threshold in binary32, not in binary64, and the other way round
    "rounded-up": ([[0, 0, 1.5, 6.1], [0.9, 0, 2.4, 6.1]], [0.9, 0.8]),
    "rounded-down": ([[0, 0, 7, 4.4], [4.2, 0, 11.2, 4.4]], [0.9, 0.8]),
}
#: What is read as lines: numbers that are cut, some negative.
_INK: Mapping[str, list[Any]] = {
    "word": [[[17.9, 100.2], [-3.7, 127.9], [50.5, -20.5], [-128.9, 300.99]]],
    "other": [[[1.5, 2.5], [90, -90], [-0.9, 64.4], [33, 44]]],
    "two": [[[12, 7], [3, 99]], [[-44, -129], [5.999, 2000]]],
}


def _best(*classes: int) -> list[list[float]]:
    """Return rows of five in which a class is the largest."""
    return [[1.0 if place == one else 0.25 * place - 1 for place in range(5)] for one in classes]


#: What texts are chosen from.
_BEST: Mapping[str, list[Any]] = {
    "repeated": [_best(1, 1, 0, 1, 2, 2, 0, 0, 3)],
    "without-blank": [_best(4, 3, 3, 4, 4)],
    "blank-alone": [_best(0, 0, 0), _best(2, 0, 2)],
    "ties": [[[1, 1, 1, 1, 1], [0, 2, 2, 0, 0], [-1, -1, -1, 3, 3]]],
    "nan": [[[0, 1, _NAN, 9, 9], [_NAN, 5, 5, 5, _NAN]]],
}
