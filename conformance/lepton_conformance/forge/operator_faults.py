"""Packages that break one row of the table of operators, or whose vectors are not what their steps write.

Owns the table `OPERATOR_FAULTS`. Serves `package` (PKG-PRO-01, PKG-PRO-02, PKG-PRO-05, PKG-VEC-04).
"""

import base64
from collections.abc import Callable
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.pipelines import TOKENS
from lepton_conformance.forge.readings import COARSE, KEYS
from lepton_conformance.forge.violation import Base, Forge, Violation, manifest, vectors

__all__ = ["OPERATOR_FAULTS"]


def _change(base: Base, which: str, place: int, *removed: str, **members: Any) -> Forge:
    """Return a forge in which one step has other members, and some not at all."""

    def change(document: dict[str, Any]) -> None:
        step = document["processing"][which][place]
        step.update(members)
        for name in removed:
            del step[name]

    return manifest(change, base)


def _pre(place: int, *removed: str, base: Base = Bases.pictures, **members: Any) -> Forge:
    return _change(base, "pre", place, *removed, **members)


def _post(base: Base, place: int, *removed: str, **members: Any) -> Forge:
    return _change(base, "post", place, *removed, **members)


def _reading(name: str) -> dict[str, Any]:
    return {"in": name}


def _tensor(base: Base, which: str, **members: Any) -> Forge:
    """Return a forge whose first tensor of the interface has other members."""
    return manifest(lambda m: m["interface"][which][0].update(members), base)


def _file(base: Base, path: str, data: bytes) -> Forge:
    return lambda bases: bases.finish(base(bases).put(path, data))


def _wrong(identifier: str, tensor: str, change: Callable[[bytes], bytes], base: Base) -> Forge:
    """Return a forge in which one vector expects other bytes of one tensor."""

    def edit(document: Any) -> None:
        (vector,) = (one for one in document["vectors"] if one["id"] == identifier)
        (expected,) = (one for one in vector["expected"] if one["name"] == tensor)
        data = base64.b64decode(expected["data"])
        other = change(data)
        assert len(other) == len(data)
        assert other != data
        expected["data"] = base64.b64encode(other).decode("ascii")

    return vectors(edit, base)


def _next(data: bytes) -> bytes:
    """Change the first byte by one: the next integer, or the next number in binary32."""
    return bytes([data[0] ^ 1]) + data[1:]


def _swapped(data: bytes) -> bytes:
    """Exchange the first two INT64."""
    return data[8:16] + data[:8] + data[16:]


def _negated(data: bytes) -> bytes:
    """Change the sign of the first number in binary32."""
    return data[:3] + bytes([data[3] ^ 0x80]) + data[4:]


def _tolerance(change: Callable[[dict[str, Any]], object]) -> Forge:
    """Return a forge with other tolerances for the coarse artifact, in the vector of a batch."""

    def edit(document: Any) -> None:
        (vector,) = (one for one in document["vectors"] if one["id"] == "batch")
        change(vector["comparisons"][0])

    return vectors(edit, Bases.coarse)


def _precision(entry: int, precision: str) -> Forge:
    return manifest(lambda m: m["artifacts"][entry].update(precision=precision), Bases.coarse)


_CHAIN = "PKG-PRO-02"

OPERATOR_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-PRO-01", "image-of-jpeg", _pre(0, format="jpeg")),
    Violation("PKG-PRO-01", "alpha-kept-of-rgb", _pre(0, alpha="keep")),
    Violation("PKG-PRO-01", "resize-by-a-rule-without-shape", _pre(1, "shape")),
    Violation("PKG-PRO-01", "resize-to-a-size-with-shape", _pre(3, shape=[5, 6, 3])),
    Violation("PKG-PRO-01", "nearest-with-antialias", _pre(7, antialias=True)),
    Violation("PKG-PRO-01", "antialias-on-corners", _pre(1, coordinates="align_corners")),
    Violation("PKG-PRO-01", "filter-of-another-name", _pre(3, filter="lanczos")),
    Violation("PKG-PRO-01", "pad-without-value", _pre(4, "value")),
    Violation("PKG-PRO-01", "no-box", _post(Bases.boxes, 0, max=0)),
    Violation("PKG-PRO-01", "boxes-without-scores", _post(Bases.boxes, 0, **{"in": "boxes"})),
    Violation("PKG-PRO-01", "overlap-above-one", _post(Bases.boxes, 0, iou=1.5)),
    Violation("PKG-PRO-01", "none-of-the-best", _post(Bases.pictures, 0, k=0)),
    Violation("PKG-PRO-01", "algorithm-of-another-name", _pre(0, base=Bases.text, algorithm="unigram")),
    Violation("PKG-PRO-01", "no-padding-token", _pre(0, "padding", base=Bases.text)),
    Violation("PKG-PRO-01", "lookup-without-join", _post(Bases.lines, 1, "join")),
    Violation(_CHAIN, "image-of-many-files", _tensor(Bases.pictures, "inputs", shape=[2])),
    Violation(_CHAIN, "image-of-bytes-as-numbers", _tensor(Bases.pictures, "inputs", datatype="UINT8")),
    Violation(_CHAIN, "image-of-four-channels", _pre(0, shape=["H", "W", 4])),
    Violation(_CHAIN, "resize-of-bytes-without-rounding", _pre(1, "rounding")),
    Violation(_CHAIN, "resize-of-floats-with-rounding", _pre(8, rounding="half_even")),
    Violation(_CHAIN, "resize-along-one-axis", _pre(1, axes=[0, -3])),
    Violation(_CHAIN, "resize-changes-channels", _pre(1, shape=["H2", "W2", 1])),
    Violation(_CHAIN, "resize-axis-beyond-the-rank", _pre(3, axes=[0, 3])),
    Violation(_CHAIN, "crop-of-two-axes-to-one-size", _pre(2, size=[3])),
    Violation(_CHAIN, "crop-to-more", _pre(2, **_reading("pixels"), axes=[0, 2], size=[3, 4])),
    Violation(_CHAIN, "crop-axis-twice", _pre(2, axes=[1, -2])),
    Violation(_CHAIN, "pad-to-less", _pre(4, size=[4, 7])),
    Violation(_CHAIN, "pad-value-of-no-byte", _pre(4, value=256)),
    Violation(_CHAIN, "pad-value-between-bytes", _pre(4, value=0.5)),
    Violation(_CHAIN, "pad-value-of-no-number", _pre(4, value=True)),
    Violation(_CHAIN, "reverse-axis-beyond-the-rank", _pre(5, axis=-4)),
    Violation(_CHAIN, "tokens-of-numbers", _tensor(Bases.text, "inputs", datatype="INT64")),
    Violation(_CHAIN, "tokens-of-another-batch", _pre(0, base=Bases.text, shape=["T", "T"])),
    Violation(_CHAIN, "tokens-longer-than-their-row", _pre(0, base=Bases.text, shape=["N", 6])),
    Violation(_CHAIN, "no-room-for-first-and-last", _pre(0, base=Bases.text, maxLength=1)),
    Violation(_CHAIN, "best-of-fewer", _post(Bases.pictures, 0, k=4)),
    Violation(_CHAIN, "best-of-a-symbol-that-may-be-less", _post(Bases.text, 1, axis=0, k=2)),
    Violation(_CHAIN, "boxes-of-the-scores", _post(Bases.boxes, 0, **{"in": ["scores", "boxes"]})),
    Violation(_CHAIN, "blank-beyond-the-classes", _post(Bases.lines, 0, blank=5)),
    Violation(_CHAIN, "lookup-of-floats", _post(Bases.boxes, 1, **{"in": "scores"})),
    Violation(_CHAIN, "texts-of-another-rank", _post(Bases.lines, 1, join=False)),
    Violation("PKG-PRO-05", "padding-is-no-line", _pre(0, base=Bases.text, padding="[NIL]")),
    Violation("PKG-PRO-05", "last-is-no-line", _pre(0, base=Bases.text, last="[EOS]")),
    Violation("PKG-PRO-05", "tokens-not-utf-8", _file(Bases.text, TOKENS, b"[PAD]\n[UNK]\n\xff\n")),
    Violation("PKG-PRO-05", "keys-in-utf-16", _file(Bases.lines, KEYS, "a\nb\nc\nd\n".encode("utf-16"))),
    Violation("PKG-VEC-04", "step-image", _wrong("decoded-deep", "pixels", _next, Bases.pictures), full=True),
    Violation("PKG-VEC-04", "step-resize", _wrong("small-rows", "small", _next, Bases.pictures), full=True),
    Violation(
        "PKG-VEC-04", "step-last-bit", _wrong("normalize-thirds", "even", _next, Bases.pictures), full=True
    ),
    Violation("PKG-VEC-04", "step-tokens", _wrong("tokens-marks", "ids", _next, Bases.text), full=True),
    Violation("PKG-VEC-04", "step-mask", _wrong("tokens-pieces", "mask", _next, Bases.text), full=True),
    Violation("PKG-VEC-04", "step-boxes", _wrong("kept-most", "kept", _swapped, Bases.boxes), full=True),
    Violation("PKG-VEC-04", "step-graph", _wrong("step-two", "scaled", _negated, Bases.text), full=True),
    Violation("PKG-VEC-04", "step-classes", _wrong("classes-ties", "keys", _next, Bases.lines), full=True),
    Violation("PKG-VEC-04", "pre-last-bit", _wrong("pre-palette", "x", _next, Bases.pictures), full=True),
    Violation("PKG-VEC-04", "post-order", _wrong("post-tie", "classes", _swapped, Bases.pictures), full=True),
    Violation("PKG-VEC-04", "post-text", _wrong("post-ties", "lengths", _next, Bases.lines), full=True),
    Violation("PKG-VEC-04", "raw-text", _wrong("raw-word", "lengths", _next, Bases.lines), full=True),
    Violation("PKG-VEC-04", "no-rule-for-the-precision", _precision(1, "BF16"), full=True, findings=3),
    Violation("PKG-VEC-04", "rule-of-another-precision", _precision(1, "FP16"), full=True, findings=3),
    Violation(
        "PKG-VEC-04",
        "rule-for-the-coarse-alone",
        _file(Bases.coarse, COARSE, models.linear(weight=models.constant("w", models.LINEAR_WEIGHT * 1.5))),
        full=True,
        findings=3,
    ),
    Violation(
        "PKG-VEC-04",
        "rule-that-is-closer",
        _tolerance(lambda rule: rule.update(atol=1, precisions={"INT8": {"atol": 1e-6, "rtol": 0}})),
        full=True,
    ),
)
