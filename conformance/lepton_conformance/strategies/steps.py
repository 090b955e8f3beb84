"""Steps of processing over small tensors, resizing, text, boxes and lists, with what they read.

Owns the symbols and files that these steps name, and odd values on purpose; leaves the answers to
`oracle.steps`, images to `images`. Serves PKG-PRO-04 and PKG-PRO-06.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.images import texts

__all__ = ["FILES", "SYMBOLS", "boxes", "lists", "resizings", "tokenizings"]

Step = Mapping[str, Any]
Case = tuple[Step, tuple[Array, ...]]
SYMBOLS: dict[str, dict[str, Any]] = {
    "N": {"min": 0, "max": 8},
    "H": {"min": 1, "max": 64},
    "W": {"min": 1, "unbounded": True},
    "T": {"min": 3, "max": 40, "multipleOf": 2},
    "K": {"min": 0, "max": 3},
}
TOKENS = (
    "[PAD] [UNK] [CLS] [SEP] a b ab abc ##b ##bc ##c ! ##! . 中 文 ##文 A Σ σ ##σ e é e\u0301 ' 1 ##1"
).replace(" ", "\n")
KEYS = "x\ny\n\n \nx\né"
FILES = {"tokens": TOKENS.encode(), "keys": KEYS.encode()}

MODES = [
    *[("nearest", False, c) for c in ("half_pixel", "align_corners", "asymmetric")],
    *[(f, False, c) for f in ("linear", "cubic") for c in ("half_pixel", "align_corners", "asymmetric")],
    *[(f, True, "half_pixel") for f in ("linear", "cubic")],
]
WILD = st.floats(width=32, allow_nan=True, allow_infinity=True)


@st.composite
def resizings(draw: st.DrawFn) -> Case:
    """Draw a resizing of a small tensor with any filter, to sizes that are fixed or follow from a side."""
    shape = draw(st.lists(st.integers(1, 7), min_size=2, max_size=3))
    axes = draw(st.permutations(range(len(shape))))[:2]
    name, antialias, coordinates = draw(st.sampled_from(MODES))
    step: dict[str, Any] = {"op": "resize", "in": "a", "out": "b", "axes": axes, "filter": name,
                            "antialias": antialias, "coordinates": coordinates}  # fmt: skip
    if draw(st.booleans()):
        step["size"] = [draw(st.integers(1, 9)), draw(st.integers(1, 9))]
    else:
        step["size"] = {draw(st.sampled_from(["shorter", "longer"])): draw(st.integers(1, 9))}
        step["shape"] = [
            dict(zip(axes, "HW", strict=True)).get(axis, size) for axis, size in enumerate(shape)
        ]
    count = int(np.prod(shape))
    if draw(st.booleans()):
        step["rounding"] = draw(st.sampled_from(["half_even", "half_up", "floor"]))
        values = draw(st.lists(st.integers(0, 255), min_size=count, max_size=count))
        return step, (np.array(values, dtype=np.uint8).reshape(shape),)
    values = draw(st.lists(st.one_of(WILD, st.floats(-9, 9, width=32)), min_size=count, max_size=count))
    return step, (np.array(values, dtype="<f4").reshape(shape),)


CHARACTERS = st.sampled_from(
    [*"aabbc!.AΣσeé'1 \t\n\r\0\x01\u200b\u00ad中文鿿\ud7ff\u2028\u3000\ufffdİß𠀀豈\u0301[]", "[CLS]"]
)


@st.composite
def tokenizings(draw: st.DrawFn) -> Case:
    """Draw texts of odd characters and a way to cut them."""
    step: dict[str, Any] = {
        "op": "tokenize", "in": "a", "out": draw(st.sampled_from([["i"], ["i", "m"], ["i", "m", "t"]])),
        "file": "tokens", "algorithm": "wordpiece", "lowercase": draw(st.booleans()),
        "prefix": draw(st.sampled_from(["##", ""])), "unknown": "[UNK]", "padding": "[PAD]",
        "maxLength": draw(st.integers(2, 12)), "shape": ["N", draw(st.sampled_from(["T", 12]))],
    }  # fmt: skip
    for end, token in (("first", "[CLS]"), ("last", "[SEP]")):
        if draw(st.booleans()):
            step[end] = token
    line = st.lists(CHARACTERS | st.characters(exclude_categories=["Cs", "Cn"]), max_size=12).map("".join)
    data = (
        line.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.just(b"ab" * 51) | st.just(b"\xff")
    )
    return step, (texts(*draw(st.lists(data, max_size=4))),)


@st.composite
def boxes(draw: st.DrawFn) -> Case:
    """Draw boxes on a coarse grid, so that overlaps meet the threshold, and scores with ties."""
    count = draw(st.integers(0, 6))
    side = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 0.1, 1e30, -3.0, 3e38]) | st.floats(-4, 4, width=32)
    coordinates = draw(st.lists(side | st.just(np.inf), min_size=4 * count, max_size=4 * count))
    scores = draw(st.lists(st.sampled_from([0.1, 0.5, 0.9, np.nan, np.inf]), min_size=count, max_size=count))
    step = {"op": "nms", "in": ["a", "s"], "out": "b", "iou": draw(st.sampled_from([0, 0.25, 0.5, 1 / 3, 1])),
            "score": draw(st.sampled_from([-1, 0.1, 0.5])), "max": draw(st.integers(1, 6)),
            "shape": ["K"]}  # fmt: skip
    return step, (np.array(coordinates, dtype="<f4").reshape(count, 4), np.array(scores, dtype="<f4"))


@st.composite
def lists(draw: st.DrawFn) -> Case:
    """Draw a step of crop, pad, reverse, topk, ctc_greedy or lookup and what it reads."""
    op = draw(st.sampled_from(["crop", "pad", "reverse", "topk", "ctc_greedy", "lookup"]))
    shape = draw(st.lists(st.integers(1, 4), min_size=3, max_size=3) if op == "ctc_greedy"
                 else st.lists(st.integers(1, 5), min_size=1, max_size=3))  # fmt: skip
    count = int(np.prod(shape))
    step: dict[str, Any] = {"op": op, "in": "a", "out": ["b", "c"] if op in ("topk", "ctc_greedy") else "b"}
    if op == "lookup":
        step |= {"file": "keys", "join": draw(st.booleans())}
        step |= {"skip": draw(st.sampled_from([-1, 2]))} if draw(st.booleans()) else {}
        values = draw(st.lists(st.integers(0, 5) | st.sampled_from([-1, 6]), min_size=count, max_size=count))
        return step, (np.array(values, dtype="<i8").reshape(shape),)
    element = st.sampled_from([0.0, -0.0, 1.0, 2.0, np.inf, -np.inf, np.nan])
    array = np.array(draw(st.lists(element, min_size=count, max_size=count)), dtype="<f4").reshape(shape)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    if op in ("crop", "pad"):
        step |= {"axes": [axis], "anchor": draw(st.sampled_from(["start", "center"]))}
        size = shape[axis]
        step["size"] = [draw(st.integers(1, size) if op == "crop" else st.integers(size, size + 4))]
        step |= {"value": draw(st.sampled_from([0, 0.1, -7]))} if op == "pad" else {}
    elif op == "ctc_greedy":
        step["blank"] = draw(st.integers(0, shape[2] - 1))
    else:
        step["axis"] = axis
        step |= {"k": draw(st.integers(1, shape[axis]))} if op == "topk" else {}
    return step, (array,)
