"""Valid packages, each for features that the others lack.

Owns the table `VALID`; leaves assembling to `package`. Serves the chapter `package`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.chain import Tools, run
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.package import CARD, MODEL, VECTORS, Case, build_package
from lepton_conformance.forge.pictures import pictures_draft
from lepton_conformance.forge.pipelines import text_draft
from lepton_conformance.forge.readings import boxes_draft, coarse_draft, lines_draft
from lepton_conformance.forge.signing import attested, signed
from lepton_conformance.forge.sound_steps import full_gallery, other_gallery
from lepton_conformance.oracle.answers import Array

__all__ = [
    "VALID",
    "ValidPackage",
    "decorated_draft",
    "external_draft",
    "linear_draft",
    "strings_draft",
    "threshold_draft",
    "two_artifacts_draft",
    "vision_draft",
]

WEIGHTS = "model/weights.bin"
_N = {"min": 1, "max": 64}


@dataclass(frozen=True, slots=True)
class ValidPackage:
    """A package that satisfies every requirement; `name` says what is special about it."""

    name: str
    forge: Callable[[], Forged]


def floats(*rows: Any) -> Array:
    """Return an FP32 array."""
    return np.array(rows, dtype="<f4")


@kept
def linear_draft() -> Draft:
    """Return the plainest package: one artifact, no processing."""
    cases = []
    for name, x in (
        ("one", floats([1, 2, 3])),
        ("other", floats([-1, 0.5, 4])),
        ("batch", floats([0, 0, 0], [5, -6, 7])),
    ):
        cases.append(Case(name, {"x": x}, {"y": models.linear_answer(x)}))
    return build_package(
        name="linear",
        model=models.linear(),
        inputs=[{"name": "x", "datatype": "FP32", "shape": ["N", 3], "axes": ["batch", "feature"]}],
        outputs=[{"name": "y", "datatype": "FP32", "shape": ["N", 2]}],
        symbols={"N": _N},
        cases=cases,
        controls=[
            {"control": "constant-answer", "killedBy": "other"},
            {"control": "weights-reversed", "killedBy": "one"},
        ],
        computes=models.linear_model(),
    )


@kept
def external_draft() -> Draft:
    """Return the linear model with its weight in a file of external data, behind eight other bytes."""
    draft = build_package(
        name="external",
        model=models.linear(weight=external_tensor()),
        inputs=[{"name": "x", "datatype": "FP32", "shape": ["N", 3]}],
        outputs=[{"name": "y", "datatype": "FP32", "shape": ["N", 2]}],
        symbols={"N": _N},
        cases=[],
        controls=[],
        external={WEIGHTS: bytes(8) + models.LINEAR_WEIGHT.tobytes()},
        computes=models.linear_model(),
    )
    return draft.put(VECTORS, linear_draft().member(VECTORS).data)


def external_tensor(
    *, location: str | None = "weights.bin", offset: str | None = "8", length: str | None = "24"
) -> Any:
    """Return the weight of `linear` as a tensor with external data."""
    from onnx import TensorProto

    tensor = TensorProto(name="w", data_type=1, dims=[3, 2], data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            tensor.external_data.add(key=key, value=text)
    return tensor


@kept
def vision_draft() -> Draft:
    """Return a package with an image at its interface, steps before and after, and labels."""
    labels = {"axis": 1, "names": {"en": ["red", "green", "blue"], "zh": ["红", "绿", "蓝"]}}
    content = {"kind": "image", "channelOrder": "RGB", "colourSpace": "sRGB", "range": [0, 255]}
    image = {
        "name": "image",
        "datatype": "UINT8",
        "shape": ["N", "H", "W", 3],
        "axes": ["batch", "y", "x", "channel"],
        "content": content,
    }
    pre = [
        {"op": "cast", "version": 1, "in": "image", "out": "f", "datatype": "FP32"},
        {"op": "rescale", "version": 1, "in": "f", "out": "s", "scale": 0.00390625, "offset": 0},
        {"op": "normalize", "version": 1, "in": "s", "out": "n", "axis": -1, "mean": _MEAN, "std": _STD},
        {"op": "transpose", "version": 1, "in": "n", "out": "x", "perm": [0, 3, 1, 2]},
    ]
    post = [
        {"op": "softmax", "version": 1, "in": "logits", "out": "probabilities", "axis": 1},
        {"op": "argmax", "version": 1, "in": "probabilities", "out": "class", "axis": 1},
    ]
    outputs = [
        {"name": "probabilities", "datatype": "FP32", "shape": ["N", 3], "labels": labels},
        {"name": "class", "datatype": "INT64", "shape": ["N"]},
    ]
    planes = {"name": "x", "datatype": "FP32", "shape": ["N", 3, "H", "W"]}
    return build_package(
        name="vision",
        model=models.vision(),
        inputs=[{**planes, "axes": ["batch", "channel", "y", "x"]}],
        outputs=[{"name": "logits", "datatype": "FP32", "shape": ["N", 3]}],
        symbols={"N": _N, "H": {"min": 2, "unbounded": True, "multipleOf": 2}, "W": {"min": 2, "max": 8}},
        interface={"inputs": [image], "outputs": outputs},
        processing={"pre": pre, "post": post},
        cases=_vision_cases(pre),
        controls=[
            {"control": "constant-answer", "killedBy": "planes-2"},
            {"control": "weights-reversed", "killedBy": "planes-1"},
            {"control": "channels-swapped", "killedBy": "planes-1"},
            {"control": "step-omitted", "step": 1, "killedBy": "image-1"},
            {"control": "step-omitted", "step": 2, "killedBy": "image-2"},
        ],
        computes=models.vision_model(),
    )


_MEAN = [0.25, 0.5, 0.125]
_STD = [0.5, 0.25, 2]


def _vision_cases(pre: Sequence[Mapping[str, Any]]) -> list[Case]:
    cases = []
    for number, shape in enumerate(((1, 2, 3), (1, 2, 3), (2, 4, 3)), 1):
        count = int(np.prod(shape)) * 3
        pixels = ((np.arange(count) * 37 + number * 101) % 256).astype(np.uint8).reshape(*shape, 3)
        planes = _prepared(pixels, pre)
        logits = models.vision_answer(planes)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
        answers = {"probabilities": probabilities, "class": logits.argmax(axis=1)}
        scores = {"logits": logits.astype(np.float32)}
        cases.append(Case(f"planes-{number}", {"x": planes}, scores, tolerance=(1e-5, 1e-5)))
        cases.append(Case(f"image-{number}", {"image": pixels}, answers, "raw", (1e-5, 1e-5)))
        if number > 1:
            cases.append(Case(f"prepared-{number}", {"image": pixels}, {"x": planes}, "pre", None))
            cases.append(Case(f"answered-{number}", scores, answers, "post", (1e-6, 1e-6)))
    order = ("model", "raw", "pre", "post")
    return sorted(cases, key=lambda case: order.index(case.stage))


def _prepared(pixels: Array, pre: Sequence[Mapping[str, Any]]) -> Array:
    """Return what the steps make of an image."""
    arrays = {"image": pixels}
    for step in pre:
        run(step, arrays, Tools())
    return np.ascontiguousarray(arrays["x"])


@kept
def strings_draft() -> Draft:
    """Return a package of strings: empty, with NUL, not ASCII."""

    def texts(*values: str) -> Array:
        array = np.empty(len(values), dtype=object)
        array[:] = [text.encode() for text in values]
        return array

    cases = [
        Case(name, {"t": array}, {"u": array}, tolerance=None)
        for name, array in (
            ("ascii", texts("hi")),
            ("empty", texts("")),
            ("mixed", texts("数字", "a\0b", "\N{GRINNING FACE}")),
        )
    ]
    tensor = {"datatype": "BYTES", "shape": ["N"], "content": {"kind": "text"}}
    return build_package(
        name="strings",
        model=models.strings(),
        inputs=[{"name": "t", **tensor}],
        outputs=[{"name": "u", **tensor}],
        symbols={"N": _N},
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": "empty"}],
    )


@kept
def threshold_draft() -> Draft:
    """Return a package with an optional input, exact outputs, a scalar, and two empty lists of steps."""
    cases = []
    for name, x, limit in (("half", [0.25, 0.75], None), ("zero", [-1, 1], 0.0), ("long", [3, 1, 2], 1.5)):
        inputs = {"x": floats(*x)} | ({} if limit is None else {"limit": np.array(limit, dtype="<f4")})
        above = inputs["x"] > (0.5 if limit is None else limit)
        place = np.array(int(inputs["x"].argmax()), dtype="<i8")
        for stage in ("model", "raw"):
            cases.append(Case(f"{stage}-{name}", inputs, {"above": above, "place": place}, stage))
    cases.append(Case("model-last", {"x": floats(2, -2)}, {"above": _BOTH, "place": np.array(0)}))
    tensors: list[dict[str, Any]] = [
        {"name": "x", "datatype": "FP32", "shape": ["N"]},
        {"name": "limit", "datatype": "FP32", "shape": [], "optional": True, "default": 0.5},
    ]
    outputs = [
        {"name": "above", "datatype": "BOOL", "shape": ["N"]},
        {"name": "place", "datatype": "INT64", "shape": []},
    ]
    return build_package(
        name="threshold",
        model=models.threshold(),
        inputs=tensors,
        outputs=outputs,
        symbols={"N": _N},
        interface={"inputs": tensors, "outputs": outputs},
        processing={"pre": [], "post": []},
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": "model-last"}],
    )


_BOTH = np.array([True, False])


@kept
def decorated_draft() -> Draft:
    """Return the linear package with what is rare: odd names, a licence of its own, unlisted folders."""
    draft = linear_draft()
    draft.manifest["license"] = "(MIT OR Apache-2.0 WITH LLVM-exception) AND LicenseRef-Own.1"
    draft.manifest["extensions"] = {"org.example.note": {"any": [None, 1.5, {"deep": []}]}}
    draft.add("LICENSES/LicenseRef-Own.1.txt", b"Do as you like.\n", "text/plain", "license")
    draft.add("documentation/说明 (1).md", "# 说明\n".encode(), "text/markdown", "documentation")
    draft.add("documentation/.empty", b"", "application/octet-stream", "other")
    draft.add("documentation/console.d/null.txt", b"", "text/plain", "other")
    draft.add("documentation/con\N{LATIN SMALL LETTER DOTLESS I}n$.txt", b"", "text/plain", "other")
    draft.add("documentation/MZ.txt", b"MZ, but only text" + bytes(64), "text/plain", "other")
    draft.unlisted = {"signatures/a.sig": b"x", "attestations/deep/er.json": b"{}"}
    card = {"metric": "accuracy", "value": -0.5, "direction": "higher", "n": 7}
    dataset = {"name": "seven points", "sha256": "0" * 64, "url": "https://example.org/seven"}
    return draft.edit(CARD, lambda document: document.update(evaluations=[{**card, "dataset": dataset}]))


@kept
def two_artifacts_draft() -> Draft:
    """Return the linear package with a second artifact that lies and is named elsewhere."""
    draft = linear_draft()
    other = "model/copy/again.onnx"
    draft.add(other, draft.member(MODEL).data, "application/vnd.onnx", "artifact")
    second = {**draft.manifest["artifacts"][0], "id": "again", "entry": other}
    second["derivedFrom"] = {"sha256": "0" * 64, "tool": "copy 1"}
    draft.manifest["artifacts"].append(second)
    return draft


def _signed() -> Draft:
    """Return the decorated package with a bundle and an attestation of the forms that are judged."""
    return attested(signed(decorated_draft()))


def _with_safetensors() -> Draft:
    """Return the linear package with two safetensors files, and functions that nothing calls."""
    tensors = b'{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}   '
    draft = linear_draft().put(MODEL, models.with_functions(["f1", "Identity"]))
    for name, header, data in (("empty", b"{}", b""), ("weights", tensors, bytes(8))):
        content = len(header).to_bytes(8, "little") + header + data
        draft.add(f"weights/{name}.safetensors", content, "application/vnd.safetensors", "other")
    return draft


def _edges() -> Draft:
    """Return the linear package with what is just within the rules, and looks as if it were not."""
    draft = linear_draft()
    draft.manifest["lepton"] = "1.10"
    draft.manifest["license"] = "mit AND " + "(" * 40 + "gpl-2.0+" + ")" * 40
    extension = {"e\u0301": "[" * 100, "\ufb01": 1, "\U0001f600": 2, "files": {"path": "../x"}}
    draft.manifest["extensions"] = {"org.example.edges": extension}
    segment = "é" * 127 + "e"
    for path in ("①.txt", "com0", "COM10.txt", "A/x", "a/y", "zero\u200dwidth", "w.SAFETENSORS", segment):
        draft.add(path, b"text", "text/plain", "other")
    return draft.add("/".join(["d" * 204] * 5), b"text", "text/plain", "other")


def _deflated() -> Forged:
    draft = decorated_draft()
    return draft.archive(deflated=("lepton.json", CARD, VECTORS, "documentation/说明 (1).md"))


VALID: tuple[ValidPackage, ...] = (
    ValidPackage("linear-directory", lambda: linear_draft().directory()),
    ValidPackage("linear-zip", lambda: linear_draft().archive()),
    ValidPackage("external-directory", lambda: external_draft().directory()),
    ValidPackage("external-zip", lambda: external_draft().archive()),
    ValidPackage("vision-directory", lambda: vision_draft().directory()),
    ValidPackage("vision-zip", lambda: vision_draft().archive()),
    ValidPackage("strings", lambda: strings_draft().archive()),
    ValidPackage("threshold", lambda: threshold_draft().directory()),
    ValidPackage("decorated-directory", lambda: decorated_draft().directory()),
    ValidPackage("decorated-zip-deflated", _deflated),
    ValidPackage("text", lambda: text_draft().directory()),
    ValidPackage("pictures", lambda: pictures_draft().archive()),
    ValidPackage("boxes", lambda: boxes_draft().directory()),
    ValidPackage("lines", lambda: lines_draft().archive()),
    ValidPackage("two-precisions", lambda: coarse_draft(linear_draft()).directory()),
    ValidPackage("signed-directory", lambda: _signed().directory()),
    ValidPackage("signed-zip", lambda: _signed().archive()),
    ValidPackage("safetensors-and-functions", lambda: _with_safetensors().directory()),
    ValidPackage("edges", lambda: _edges().archive()),
    ValidPackage("sound-steps", lambda: full_gallery().directory()),
    ValidPackage("more-sound-steps", lambda: other_gallery().archive()),
    ValidPackage("two-artifacts", lambda: two_artifacts_draft().archive()),
)
