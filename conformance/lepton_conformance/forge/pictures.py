"""A valid package that reads PNG files: decoded, resized, cut, padded, reversed, and the two best classes.

Owns this package, whose vectors of the stage `step` pin each operator of images bit for bit; leaves the
operators to `oracle.steps` and assembling to `package`. Serves `package` (processing).
"""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.chain import Tools, names, run
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.images import chunk, png, texts

__all__ = ["pictures_draft"]

SYMBOLS = {
    **{"H": {"min": 1, "max": 16}, "W": {"min": 1, "unbounded": True}},
    **{"H2": {"min": 1, "max": 32}, "W2": {"min": 1, "max": 32}},
}
_WEIGHT = (((np.arange(144) * 29) % 61 - 30) / 64).astype("<f4").reshape(48, 3)
_BIAS = np.array([0.25, -0.5, 0.125], dtype="<f4")
_STEP = {"version": 1}
_SIZES = {"axes": [0, 1]}


def _step(op: str, read: str, write: Any, **members: Any) -> dict[str, Any]:
    return {**_STEP, "op": op, "in": read, "out": write, **members}


PRE: tuple[Mapping[str, Any], ...] = (
    _step("decode_image", "file", "pixels", format="png", channels="RGB", alpha="white", shape=["H", "W", 3]),
    _step("resize", "pixels", "small", **_SIZES, size={"shorter": 4}, shape=["H2", "W2", 3], filter="linear",
          antialias=True, coordinates="half_pixel", rounding="half_even"),
    _step("crop", "small", "square", **_SIZES, size=[3, 4], anchor="center"),
    _step("resize", "square", "wide", **_SIZES, size=[5, 6], filter="cubic", antialias=False,
          coordinates="align_corners", rounding="half_up"),
    _step("pad", "wide", "padded", **_SIZES, size=[8, 7], anchor="center", value=114),
    _step("reverse", "padded", "bgr", axis=-1),
    _step("cast", "bgr", "numbers", datatype="FP32"),
    _step("resize", "numbers", "less", **_SIZES, size=[4, 5], filter="nearest", antialias=False,
          coordinates="asymmetric"),
    _step("resize", "less", "least", **_SIZES, size=[4, 4], filter="linear", antialias=False,
          coordinates="half_pixel"),
    _step("normalize", "least", "even", axis=2, mean=[96.5, 127.25, 64.75], std=[63, 57.5, 51]),
    _step("transpose", "even", "planes", perm=[2, 0, 1]),
    _step("reshape", "planes", "x", shape=[1, 48]),
)  # fmt: skip
POST: tuple[Mapping[str, Any], ...] = (
    _step("topk", "logits", ["best", "classes"], axis=-1, k=2),
    _step("argmax", "logits", "first", axis=1),
)


@kept
def pictures_draft() -> Draft:
    """Return a package that reads a PNG file and writes two classes."""
    computes = Model(_answer, {"w": _WEIGHT, "b": _BIAS})
    tools = Tools(symbols=SYMBOLS)
    cases: list[Case] = []
    for name, data in _FILES.items():
        arrays: dict[str, Array] = {"file": texts(data)}
        for step in PRE:
            run(step, arrays, tools)
        planes = {"x": np.ascontiguousarray(arrays["x"])}
        logits = dict(computes.answer(planes, computes.weights))
        after = dict(logits)
        for step in POST:
            run(step, after, tools)
        said = {key: after[key] for key in ("classes", "first")}
        read = {"file": arrays["file"]}
        if name in _WHOLE:
            cases.append(Case(f"model-{name}", planes, logits, tolerance=(1e-3, 1e-5)))
            cases.append(Case(f"raw-{name}", read, said, "raw"))
            cases.append(Case(f"pre-{name}", read, planes, "pre", None))
        cases.append(_alone(f"decoded-{name}", "pre", 0, read, tools))
    for name, values in _LOGITS.items():
        line = np.array([values], dtype="<f4")
        after = {"logits": line}
        for step in POST:
            run(step, after, tools)
        said = {key: after[key] for key in ("classes", "first")}
        cases.append(Case(f"post-{name}", {"logits": line}, said, "post"))
    cases += _steps(tools)
    order = ("model", "raw", "pre", "post", "step")
    return build_package(
        name="pictures",
        model=_model(),
        inputs=[{"name": "x", "datatype": "FP32", "shape": [1, 48]}],
        outputs=[{"name": "logits", "datatype": "FP32", "shape": [1, 3]}],
        symbols=SYMBOLS,
        interface={
            "inputs": [{"name": "file", "datatype": "BYTES", "shape": [1]}],
            "outputs": [
                {"name": "classes", "datatype": "INT64", "shape": [1, 2]},
                {"name": "first", "datatype": "INT64", "shape": [1]},
            ],
        },
        processing={"pre": [dict(step) for step in PRE], "post": [dict(step) for step in POST]},
        cases=sorted(cases, key=lambda case: order.index(case.stage)),
        controls=[
            {"control": "constant-answer", "killedBy": "model-interlaced"},
            {"control": "weights-reversed", "killedBy": "model-colours"},
            {"control": "step-omitted", "step": 9, "killedBy": "raw-colours"},
        ],
        computes=computes,
    )


def _alone(name: str, which: str, place: int, read: Mapping[str, Array], tools: Tools) -> Case:
    """Return a vector of one step, exact."""
    step = (PRE if which == "pre" else POST)[place]
    arrays = dict(read)
    run(step, arrays, tools)
    written = {key: np.ascontiguousarray(arrays[key]) for key in names(step, "out")}
    return Case(name, read, written, "step", None, f"/processing/{which}/{place}")


def _steps(tools: Tools) -> list[Case]:
    """Return vectors of single steps on numbers that tell roundings, borders and orders apart."""
    pairs = _coloured([[0, 1, 2, 255, 254, 3, 128, 127, 64, 0]]).repeat(8, axis=0)
    rows = _coloured([[row * 41 % 256] for row in range(16)]).repeat(5, axis=1)
    noise = ((np.arange(36) * 83) % 256).astype(np.uint8).reshape(3, 4, 3)
    edges = np.where(noise > 100, 255, 0).astype(np.uint8)
    slopes = _coloured([[0, 8, 16, 24], [1, 9, 17, 25], [4, 12, 21, 28]])
    thirds = (np.arange(60).reshape(4, 5, 3) * [1.1, 2.2, 3.3]).astype("<f4")
    tall = ((np.arange(168) * 7) % 97 / 3).astype("<f4").reshape(8, 7, 3)
    wide = ((np.arange(84) * 5) % 256).astype(np.uint8).reshape(4, 7, 3)
    return [
        _alone("small-pairs", "pre", 1, {"pixels": pairs}, tools),
        _alone("small-rows", "pre", 1, {"pixels": rows}, tools),
        _alone("small-larger", "pre", 1, {"pixels": noise[:2]}, tools),
        _alone("crop-wide", "pre", 2, {"small": wide}, tools),
        _alone("cubic-noise", "pre", 3, {"square": noise}, tools),
        _alone("cubic-edges", "pre", 3, {"square": edges}, tools),
        _alone("cubic-slopes", "pre", 3, {"square": slopes}, tools),
        _alone("nearest-tall", "pre", 7, {"numbers": tall}, tools),
        _alone("linear-thirds", "pre", 8, {"less": thirds}, tools),
        _alone("normalize-thirds", "pre", 9, {"least": thirds[:, :4]}, tools),
        _alone("best-tie", "post", 0, {"logits": np.array([[2, 3, 3]], dtype="<f4")}, tools),
    ]


def _coloured(rows: Any) -> Array:
    """Return pixels whose three channels are the same, one more, and one less."""
    grey = np.array(rows, dtype=np.uint8)[:, :, None]
    return np.ascontiguousarray(grey + np.array([0, 1, 255], dtype=np.uint8))


def _answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    return {
        "logits": (inputs["x"].astype(np.float64) @ weights["w"].astype(np.float64) + weights["b"]).astype(
            np.float32
        )
    }


def _model() -> bytes:
    """Return one dense layer over 48 numbers."""
    from onnx import helper

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["fw"]),
        helper.make_node("Add", ["fw", "b"], ["logits"]),
    ]
    inputs = [models.value("x", "FP32", (1, 48))]
    outputs = [models.value("logits", "FP32", (1, 3))]
    return models.model(nodes, inputs, outputs, [models.constant("w", _WEIGHT), models.constant("b", _BIAS)])


def _lines(height: int, width_bytes: int, factor: int, filters: tuple[int, ...]) -> bytes:
    """Return lines of bytes, each with its filter type in front."""
    body = [(place * factor + 11) % 256 for place in range(height * width_bytes)]
    return b"".join(
        bytes([filters[row % len(filters)], *body[row * width_bytes : (row + 1) * width_bytes]])
        for row in range(height)
    )


_EVERY_FILTER = (1, 2, 3, 4, 0, 4, 3)
_PALETTE = chunk(b"PLTE", bytes((place * 71 + 5) % 256 for place in range(12)))
_CLEAR = chunk(b"tRNS", bytes([0, 128, 254]))
#: 16 bits: the third pixel is the transparent one at its full depth, the fourth in its high bytes alone.
_DEEP = struct.pack(">12H", 1, 2, 3, 65280, 255, 256, 4660, 22136, 39612, 4661, 22136, 39612)
#: PNG files, each with something that the others lack.
_FILES: Mapping[str, bytes] = {
    # the pixel to the left, 0, is as near to the guess as the one at the corner, 2
    "neighbours": png((2, 2, 8, 2, 0, 0, 0), bytes([0, 2, 2, 2, 3, 3, 3, 4, 254, 254, 254, 7, 7, 7])),
    "colours": png((7, 6, 8, 2, 0, 0, 0), _lines(6, 21, 37, _EVERY_FILTER), chunk(b"gAMA", b"\0\0\xb1\x8f")),
    "alpha": png((5, 5, 8, 6, 0, 0, 0), _lines(5, 20, 53, _EVERY_FILTER), cut=3),
    "interlaced": png((6, 5, 8, 2, 0, 0, 1), b"".join((
        _lines(1, 3, 91, (0,)), _lines(1, 3, 7, (1,)), _lines(1, 6, 31, (4,)), _lines(2, 3, 43, (2, 3)),
        _lines(1, 9, 67, (3,)), _lines(3, 9, 29, (1, 2, 4)), _lines(2, 18, 59, (4, 3))))),
    "palette": png((6, 4, 2, 3, 0, 0, 0), bytes([0, 0x1B, 0xE4, 0, 0x4E, 0xB1, 0, 0xFF, 0x00, 0, 0x93, 0x6C]),
                   _PALETTE, _CLEAR),
    "deep": png((4, 2, 16, 2, 0, 0, 0), b"\0" + _DEEP + b"\4" + _DEEP[::-1],
                chunk(b"tRNS", struct.pack(">3H", 4660, 22136, 39612))),
    "grey": png((5, 4, 4, 0, 0, 0, 0), _lines(4, 3, 83, (0, 1, 2, 4)), chunk(b"tRNS", struct.pack(">H", 5))),
    "bits": png((9, 3, 1, 0, 0, 0, 0), _lines(3, 2, 101, (0, 2, 0))),
}  # fmt: skip
#: The files that go through the whole chain.
_WHOLE = ("colours", "alpha", "interlaced", "palette")
#: What the classes are chosen from: ties, NaN, two noughts, infinities.
_LOGITS: Mapping[str, list[float]] = {
    "tie": [1, 2, 2],
    "all-equal": [0.5, 0.5, 0.5],
    "nan": [1, np.nan, np.inf],
    "two-nan": [np.nan, 1, np.nan],
    "noughts": [-1, -0.0, 0.0],
    "infinities": [-np.inf, np.inf, -np.inf],
}
