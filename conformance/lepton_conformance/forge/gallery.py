"""A package at whose interface tensors of every kind stand, so that a step of any kind can be tried alone.

Owns the tensors, their values, and assembling; the model reads one of them, the others are there for steps
whose results nothing reads. Leaves which steps are tried to `step_edges`. Serves `package` (processing).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.chain import Tools, names, run, sizes_of
from lepton_conformance.forge.draft import Draft, Member
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.images import png

__all__ = ["GRAPH", "LINES", "MORE_SYMBOLS", "WORDS", "gallery_draft"]

WORDS, LINES, GRAPH = "text/words.txt", "text/lines.txt", "model/scale.onnx"
SYMBOLS: Mapping[str, Mapping[str, Any]] = {
    "N": {"min": 1, "max": 4},
    "M": {"min": 2, "max": 6, "multipleOf": 2},
    "Z": {"min": 0, "max": 3},
    "H": {"min": 2, "unbounded": True},
}
#: Symbols that stand in steps alone; a number may follow.
MORE_SYMBOLS: Mapping[str, Mapping[str, Any]] = {
    "T": {"min": 3, "max": 9, "multipleOf": 3},
    "K": {"min": 0, "max": 6},
    "Q": {"min": 1, "max": 9},
    "R": {"min": 1, "max": 9},
}
_TENSORS: Mapping[str, tuple[str, list[Any]]] = {
    "x": ("FP32", ["N", 3]),
    "img": ("UINT8", ["H", 4, 3]),
    "f": ("FP32", [4, "M", 3]),
    "z": ("FP32", ["Z", 2]),
    "s": ("FP32", []),
    "i": ("INT32", ["N", 2]),
    "b": ("BOOL", [2]),
    "t": ("BYTES", ["N"]),
    "one": ("BYTES", [1]),
    "bf": ("BF16", [2]),
    "d": ("FP64", [2, 2]),
    "h": ("FP16", [3]),
    "boxes": ("FP32", ["M", 4]),
    "sc": ("FP32", ["M"]),
    "seq": ("FP32", ["N", "M", 5]),
    "idx": ("INT64", [2, 3]),
    "at": ("INT64", []),
}
_FILES = (
    Member(WORDS, b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\nblue\n##s\n", "text/plain", "tokenizer"),
    Member(LINES, b"zero\none\n\nthree\nfour\nfive", "text/plain", "vocabulary"),
    Member(GRAPH, models.scale(shape=(None, None, 3)), "application/vnd.onnx", "graph"),
)
_TEXTS = (b"Red", b"blues Red", b"", b"green Reds")
#: What is compared within a tolerance.
_NEAR = ("softmax", "sigmoid", "graph")


def _halved(read: Sequence[Array]) -> Sequence[Array]:
    return [np.asarray(read[0] * np.float32(0.5))]


def gallery_draft(pre: Sequence[Mapping[str, Any]] = (), post: Sequence[Mapping[str, Any]] = ()) -> Draft:
    """Return the package with steps beside the model, each with a vector of its own."""
    steps = {
        "pre": [{"version": 1, **step} for step in pre],
        "post": [{"version": 1, **step} for step in post],
    }
    used = sorted({str(dim) for step in (*pre, *post) for dim in _dims(step)} - SYMBOLS.keys())
    symbols = {**SYMBOLS, **{name: MORE_SYMBOLS[name[0]] for name in used if name[0] in MORE_SYMBOLS}}
    tools = Tools({one.path: one.data for one in _FILES}, {GRAPH: _halved}, symbols)
    cases: list[Case] = []
    answers = models.linear_model()
    for name, extents in (("one", (1, 2, 2)), ("other", (1, 4, 3)), ("batch", (4, 2, 5))):
        arrays = values(*extents, seed=len(name))
        x = {"x": arrays["x"]}
        y = dict(answers.answer(x, answers.weights))
        cases.append(Case(f"model-{name}", x, y, tolerance=(1e-5, 1e-5)))
        cases.append(Case(f"raw-{name}", arrays, y, "raw", (1e-5, 1e-5)))
        cases.append(Case(f"pre-{name}", arrays, x, "pre", None))
        cases.append(Case(f"post-{name}", y, y, "post", None))
        for which, start in (("pre", arrays), ("post", y)):
            found = dict(start)
            for place, step in enumerate(steps[which]):
                read = {each: found[each] for each in names(step, "in")}
                sizes = sizes_of({each: _TENSORS[each] for each in arrays}, arrays)
                run(step, found, replace(tools, sizes=sizes))
                if name != "one" or step["op"] == "graph":
                    written = {each: np.asarray(found[each]) for each in names(step, "out")}
                    near = (1e-6, 1e-6) if step["op"] in _NEAR else None
                    pointer = f"/processing/{which}/{place}"
                    cases.append(Case(f"{which}{place}-{name}", read, written, "step", near, pointer))
    order = ("model", "raw", "pre", "post", "step")
    tensors = [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in _TENSORS.items()]
    outputs = [{"name": "y", "datatype": "FP32", "shape": ["N", 2]}]
    return build_package(
        name="gallery",
        model=models.linear(),
        inputs=[{"name": "x", "datatype": "FP32", "shape": ["N", 3]}],
        outputs=outputs,
        symbols=symbols,
        interface={"inputs": tensors, "outputs": outputs},
        processing=steps,
        cases=sorted(cases, key=lambda case: order.index(case.stage)),
        controls=[
            {"control": "constant-answer", "killedBy": "model-other"},
            {"control": "weights-reversed", "killedBy": "model-one"},
        ],
        files=_FILES,
        computes=Model(answers.answer, answers.weights, {GRAPH: _halved}),
    )


def _dims(step: Mapping[str, Any]) -> list[Any]:
    return [*step.get("shape", ()), *(dim for one in step.get("outputs", ()) for dim in one["shape"])]


def values(n: int, m: int, h: int, *, seed: int) -> dict[str, Array]:
    """Return a value of each tensor of the interface, with sizes for N, M and H; Z is N - 1."""
    drawn = random.Random(seed)

    def floats(*shape: int, kind: str = "<f4") -> Array:
        count = int(np.prod(shape))
        return np.array([drawn.randrange(-64, 64) / 8 for _ in range(count)], dtype=kind).reshape(shape)

    def texts(*items: bytes) -> Array:
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array

    corners = np.abs(floats(m, 2))
    pixels = np.array([drawn.randrange(256) for _ in range(h * 12)], dtype=np.uint8).reshape(h, 4, 3)
    return {
        "x": floats(n, 3),
        "img": pixels,
        "f": floats(4, m, 3),
        "z": floats(n - 1, 2),
        "s": floats(1).reshape(()),
        "i": np.array([drawn.randrange(-(2**31), 2**31) for _ in range(n * 2)], dtype="<i4").reshape(n, 2),
        "b": np.array([True, seed % 2 == 0]),
        "t": texts(*(_TEXTS[(seed + at) % len(_TEXTS)] for at in range(n))),
        "one": texts(png((4, h, 8, 2, 0, 0, 0), b"".join(b"\0" + row.tobytes() for row in pixels))),
        "bf": np.array([0x3F80 + seed, 0xBF00 - seed], dtype="<u2"),
        "d": floats(2, 2, kind="<f8"),
        "h": floats(3, kind="<f2"),
        "boxes": np.concatenate([corners, corners + 1 + np.abs(floats(m, 2))], axis=1).astype("<f4"),
        "sc": np.array([(at * 3 + seed) % 7 / 8 for at in range(m)], dtype="<f4"),
        "seq": floats(n, m, 5),
        "idx": np.array([[0, 1, 5], [seed % 6, 3, 4]], dtype="<i8"),
        "at": np.array(seed % 6, dtype="<i8"),
    }
