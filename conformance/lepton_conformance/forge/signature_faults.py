"""Packages whose signature, interface or processing break the topics PKG-SIG and PKG-PRO.

Owns the table `SIGNATURE_FAULTS`. Serves `package`.
"""

from collections.abc import Callable
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.pipelines import LABELS, SCALE, TOKENS
from lepton_conformance.forge.violation import Forge, Violation, manifest

__all__ = ["SIGNATURE_FAULTS"]


def _output(**members: Any) -> Forge:
    """Return a forge whose output y (N, 2) has more members."""
    return manifest(lambda m: m["signature"]["outputs"][0].update(members))


def _image(**members: Any) -> Forge:
    """Return a forge whose image has other members; None removes one."""

    def change(document: dict[str, Any]) -> None:
        image = document["interface"]["inputs"][0]
        image.update(members)
        for name in [name for name, value in members.items() if value is None]:
            del image[name]

    return manifest(change, Bases.vision)


def _default(value: Any) -> Forge:
    """Return a forge whose optional input has another default in the interface."""
    return manifest(lambda m: m["interface"]["inputs"][1].update(default=value), Bases.threshold)


def _optional(**members: Any) -> Forge:
    """Return a forge whose optional input has other members in the interface than in the signature."""
    return manifest(lambda m: m["interface"]["inputs"][1].update(members), Bases.threshold)


def _step(place: int, **members: Any) -> Forge:
    return manifest(lambda m: m["processing"]["pre"][place].update(members), Bases.vision)


def _post(place: int, **members: Any) -> Forge:
    return manifest(lambda m: m["processing"]["post"][place].update(members), Bases.vision)


def _without_step(list_name: str, place: int) -> Forge:
    return manifest(lambda m: m["processing"][list_name].pop(place), Bases.vision)


def _softmax_of_class(document: dict[str, Any]) -> None:
    softmax, argmax = document["processing"]["post"]
    argmax["in"] = "logits"
    softmax["in"] = "class"
    document["processing"]["post"] = [argmax, softmax]


def _argmax_of_nothing(document: dict[str, Any]) -> None:
    """Take the largest over an axis that may have no element."""
    document["symbols"]["N"]["min"] = 0
    document["processing"]["post"][1]["axis"] = 0
    document["interface"]["outputs"][1]["shape"] = [3]


def _argmax_of_booleans(document: dict[str, Any]) -> None:
    softmax, argmax = document["processing"]["post"]
    cast = {"op": "cast", "version": 1, "in": softmax["out"], "out": "any", "datatype": "BOOL"}
    document["processing"]["post"] = [softmax, cast, {**argmax, "in": "any"}]


def _file(path: str, data: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose file of a step has other content."""

    def forge(bases: Bases) -> Forged:
        draft = bases.text()
        return bases.finish(draft.put(path, data(draft.member(path).data)))

    return forge


def _listed_as(path: str, role: str) -> Forge:
    def change(document: dict[str, Any]) -> None:
        next(entry for entry in document["files"] if entry["path"] == path).update(role=role)

    return manifest(change, Bases.text)


def _graph(**changes: Any) -> Forge:
    return _file(SCALE, lambda _: models.scale(**changes))


_TWO = ["one", "two"]
_GRAY = {"kind": "image", "channelOrder": "GRAY", "colourSpace": "grayscale", "range": [0, 1]}

SIGNATURE_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-SIG-02", "not-declared", manifest(lambda m: m.update(symbols={}))),
    Violation(
        "PKG-SIG-02",
        "in-reshape",
        manifest(
            lambda m: m["processing"]["pre"].__setitem__(
                3, {"op": "reshape", "version": 1, "in": "n", "out": "x", "shape": ["N", 3, "H", "V"]}
            ),
            Bases.vision,
        ),
    ),
    Violation("PKG-SIG-03", "min-above-max", manifest(lambda m: m["symbols"].update(N={"min": 9, "max": 3}))),
    Violation(
        "PKG-SIG-03",
        "no-multiple-between",
        manifest(lambda m: m["symbols"].update(N={"min": 1, "max": 3, "multipleOf": 4})),
    ),
    Violation("PKG-SIG-04", "not-used", manifest(lambda m: m["symbols"].update(M={"min": 1, "max": 1}))),
    Violation("PKG-SIG-05", "no-axes", _image(axes=None)),
    Violation("PKG-SIG-05", "no-y", _image(axes=["batch", "other", "x", "channel"])),
    Violation("PKG-SIG-05", "two-x", _image(axes=["x", "y", "x", "channel"])),
    Violation("PKG-SIG-05", "no-channel", _image(axes=["batch", "y", "x", "other"])),
    Violation(
        "PKG-SIG-05",
        "four-channels-of-three",
        _image(content={"kind": "image", "channelOrder": "RGBA", "colourSpace": "sRGB", "range": [0, 255]}),
    ),
    Violation("PKG-SIG-05", "gray-of-three", _image(content=_GRAY)),
    Violation("PKG-SIG-06", "too-few", _output(labels={"axis": 1, "names": {"en": ["one"]}})),
    Violation("PKG-SIG-06", "too-many", _output(labels={"axis": 1, "names": {"en": [*_TWO, "three"]}})),
    Violation("PKG-SIG-06", "axis-of-a-symbol", _output(labels={"axis": 0, "names": {"en": _TWO}})),
    Violation("PKG-SIG-06", "axis-beyond-the-rank", _output(labels={"axis": 2, "names": {"en": _TWO}})),
    Violation(
        "PKG-SIG-07", "second-language", _output(labels={"axis": 1, "names": {"en": _TWO, "zh": ["一"]}})
    ),
    Violation(
        "PKG-SIG-07", "default-language", _output(labels={"axis": 1, "names": {"en": ["one"], "zh": _TWO}})
    ),
    Violation("PKG-SIG-08", "too-few", _output(axes=["batch"])),
    Violation("PKG-SIG-08", "too-many", _output(axes=["batch", "class", "other"])),
    Violation("PKG-SIG-09", "text-for-a-float", _default("half")),
    Violation("PKG-SIG-09", "beyond-the-datatype", _default(1e39)),
    Violation("PKG-SIG-09", "boolean-for-a-float", _default(True)),
    Violation(
        "PKG-SIG-09",
        "no-default",
        manifest(lambda m: m["interface"]["inputs"][1].pop("default"), Bases.threshold),
    ),
    Violation(
        "PKG-SIG-09",
        "default-alone",
        manifest(lambda m: m["interface"]["inputs"][1].pop("optional"), Bases.threshold),
    ),
    Violation("PKG-SIG-09", "optional-output", _output(optional=True, default=0)),
    Violation("PKG-PRO-01", "unknown-operator", _step(1, op="resample")),
    Violation("PKG-PRO-01", "later-version", _step(1, version=2)),
    Violation("PKG-PRO-01", "unknown-member", _step(1, clip=True)),
    Violation("PKG-PRO-01", "no-pre", manifest(lambda m: m["processing"].pop("pre"), Bases.vision)),
    Violation("PKG-PRO-01", "deviation-of-zero", _step(2, std=[0.5, 0, 2])),
    Violation("PKG-PRO-02", "unknown-tensor", _step(1, **{"in": "g"})),
    Violation("PKG-PRO-02", "written-twice", _step(1, out="f")),
    Violation("PKG-PRO-02", "not-cast", _step(1, **{"in": "image"})),
    Violation("PKG-PRO-02", "as-many-means-as-channels", _step(2, mean=[0, 0], std=[1, 1])),
    Violation("PKG-PRO-02", "axis-beyond-the-rank", _step(2, axis=4)),
    Violation("PKG-PRO-02", "axis-of-a-symbol", _step(2, axis=0)),
    Violation("PKG-PRO-02", "permutation-of-another-rank", _step(3, perm=[0, 2, 1])),
    Violation("PKG-PRO-02", "leads-to-another-shape", _step(3, perm=[0, 3, 2, 1])),
    Violation(
        "PKG-PRO-02",
        "leads-to-another-datatype",
        manifest(
            lambda m: (
                m["processing"]["pre"].append(
                    {"op": "cast", "version": 1, "in": "planes", "out": "x", "datatype": "FP64"}
                )
                or m["processing"]["pre"][3].update(out="planes")
            ),
            Bases.vision,
        ),
    ),
    Violation("PKG-PRO-02", "input-not-reached", _step(3, out="planes")),
    Violation("PKG-PRO-02", "output-not-reached", _without_step("post", 1)),
    Violation("PKG-PRO-02", "reads-what-comes-later", _post(0, **{"in": "class"})),
    Violation("PKG-PRO-02", "softmax-of-integers", manifest(_softmax_of_class, Bases.vision)),
    Violation("PKG-PRO-02", "post-reads-an-input", _post(0, **{"in": "image"})),
    Violation("PKG-PRO-02", "argmax-axis", _post(1, axis=2)),
    Violation("PKG-PRO-02", "argmax-of-nothing", manifest(_argmax_of_nothing, Bases.vision)),
    Violation("PKG-PRO-02", "argmax-of-booleans", manifest(_argmax_of_booleans, Bases.vision)),
    Violation("PKG-PRO-02", "optional-input-of-another-shape", _optional(shape=[1])),
    Violation("PKG-PRO-02", "optional-input-of-another-datatype", _optional(datatype="FP64")),
    Violation("PKG-PRO-02", "cast-to-bf16", _step(0, datatype="BF16")),
    Violation("PKG-PRO-02", "cast-to-strings", _step(0, datatype="BYTES")),
    Violation("PKG-PRO-03", "interface-alone", manifest(lambda m: m.pop("processing"), Bases.vision)),
    Violation("PKG-PRO-03", "processing-alone", manifest(lambda m: m.pop("interface"), Bases.vision)),
    Violation("PKG-PRO-05", "graph-listed-as-other", _listed_as(SCALE, "other")),
    Violation("PKG-PRO-05", "tokens-listed-as-vocabulary", _listed_as(TOKENS, "vocabulary")),
    Violation(
        "PKG-PRO-05",
        "file-not-listed",
        manifest(lambda m: m["processing"]["post"][2].update(file="text/names.txt"), Bases.text),
    ),
    Violation("PKG-PRO-05", "graph-is-text", _file(SCALE, lambda _: b"this is not a model\n")),
    Violation("PKG-PRO-05", "graph-of-two-inputs", _graph(inputs=2)),
    Violation("PKG-PRO-05", "graph-of-another-datatype", _graph(datatype="FP64")),
    Violation("PKG-PRO-05", "graph-of-another-rank", _graph(shape=(None, 3, 1))),
    Violation("PKG-PRO-05", "graph-of-another-size", _graph(shape=(None, 4))),
    Violation("PKG-PRO-05", "graph-of-a-custom-domain", _graph(domain="com.example")),
    Violation("PKG-PRO-05", "graph-with-external-data", _graph(external=True)),
    Violation("PKG-PRO-05", "token-twice", _file(TOKENS, lambda data: data + b"red\n")),
    Violation("PKG-PRO-05", "empty-line", _file(TOKENS, lambda data: data + b"\n")),
    Violation("PKG-PRO-05", "no-unknown-token", _file(TOKENS, lambda data: data.replace(b"[UNK]", b"[NIL]"))),
    Violation("PKG-PRO-05", "not-utf-8", _file(LABELS, lambda data: b"\xff" + data)),
    Violation("PKG-PRO-05", "carriage-return", _file(LABELS, lambda data: data.replace(b"\n", b"\r\n"))),
    Violation("PKG-PRO-05", "byte-order-mark", _file(LABELS, lambda data: b"\xef\xbb\xbf" + data)),
    Violation("PKG-PRO-05", "no-line", _file(LABELS, lambda _: b"")),
)
