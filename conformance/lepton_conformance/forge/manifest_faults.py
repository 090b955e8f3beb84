"""Packages whose manifest or digests break the topics PKG-MAN, PKG-DIG and COR.

Owns the table `MANIFEST_FAULTS`. Serves `core` and `package`.
"""

import json
from collections.abc import Callable
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, MODEL, VECTORS
from lepton_conformance.forge.violation import Forge, Violation, card, manifest, manifest_bytes, vectors

__all__ = ["MANIFEST_FAULTS"]

_MEBIBYTE = 1 << 20


def _nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def _extension(value: Any) -> Callable[[Any], object]:
    return lambda document: document.update(extensions={"org.example.x": value})


def _replaced(old: bytes, new: bytes) -> Forge:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return manifest_bytes(change)


def _after_sealing(path: str, data: bytes | None) -> Forge:
    """Return a forge that alters or removes a file once the manifest describes it."""

    def forge(bases: Bases) -> Forged:
        files = bases.linear().files()
        if data is None:
            del files[path]
        else:
            files[path] = data
        return Forged(files)

    return forge


def _flipped(bases: Bases) -> Forged:
    files = bases.linear().files()
    data = bytearray(files[MODEL])
    data[-1] ^= 1
    return Forged({**files, MODEL: bytes(data)})


def _big_card(bases: Bases) -> Forged:
    draft = bases.linear()
    return bases.finish(draft.put(CARD, draft.member(CARD).data + b" " * (64 * _MEBIBYTE)))


def _tensor_data(text: str) -> Callable[[Any], object]:
    return lambda document: document["vectors"][0]["inputs"][0].update(data=text)


def _decomposed_tensor(bases: Bases) -> Forged:
    """Return the linear package whose input is named by an e and a combining accent, everywhere alike."""
    name = "e\u0301"
    draft = bases.alone().linear().put(MODEL, models.linear(input_name=name))
    draft.manifest["signature"]["inputs"][0]["name"] = name
    return bases.finish(
        draft.edit(VECTORS, lambda v: [each["inputs"][0].update(name=name) for each in v["vectors"]])
    )


def _decomposed_step(document: dict[str, Any]) -> None:
    pre = document["processing"]["pre"]
    pre[0]["out"] = pre[1]["in"] = "o\u0308"


def _one_letter(bases: Bases) -> Draft:
    """Return the package of strings whose first vector takes and gives the letter i."""
    right = "AQAAAGk="
    return bases.strings().edit(
        VECTORS, lambda v: [v["vectors"][0][side][0].update(data=right) for side in ("inputs", "expected")]
    )


def _duplicate_output(document: dict[str, Any]) -> None:
    document["interface"]["outputs"][1]["name"] = "probabilities"


MANIFEST_FAULTS: tuple[Violation, ...] = (
    Violation("COR-VER-01", "major-two", manifest(lambda m: m.update(lepton="2.0"))),
    Violation("COR-VER-01", "absent", manifest(lambda m: m.pop("lepton"))),
    Violation("COR-VER-01", "number", manifest(lambda m: m.update(lepton=1))),
    Violation("COR-VER-01", "leading-zero", manifest(lambda m: m.update(lepton="1.00"))),
    Violation(
        "COR-TYP-01", "manifest", manifest(lambda m: m["signature"]["inputs"][0].update(datatype="float32"))
    ),
    Violation(
        "COR-TYP-01", "vectors", vectors(lambda v: v["vectors"][0]["inputs"][0].update(datatype="fp32"))
    ),
    Violation("COR-TYP-02", "too-short", vectors(_tensor_data("AACAPwAAAEA="))),
    Violation("COR-TYP-02", "too-long", vectors(_tensor_data("AACAPwAAAEAAAEBAAAAAAA=="))),
    Violation("COR-TYP-02", "not-base64", vectors(_tensor_data("AACAPwAAAEAAAEB*"))),
    Violation("COR-TYP-02", "line-feed-in-base64", vectors(_tensor_data("AACAPwAA\nAEAAAEBA"))),
    Violation(
        "COR-TYP-02",
        "bool-of-two",
        vectors(lambda v: v["vectors"][0]["expected"][0].update(data="AAI="), Bases.threshold),
    ),
    Violation("COR-TYP-02", "bits-in-the-padding", vectors(_tensor_data("AQAAAGl="), _one_letter)),
    Violation("COR-TYP-02", "string-beyond-the-end", vectors(_tensor_data("AwAAAGhp"), Bases.strings)),
    Violation("COR-TYP-02", "bytes-after-the-strings", vectors(_tensor_data("AgAAAGhpAA=="), Bases.strings)),
    Violation("COR-TXT-01", "title", manifest(lambda m: m.update(title={"zh": "线性"}))),
    Violation(
        "COR-TXT-01",
        "labels",
        manifest(
            lambda m: m["signature"]["outputs"][0].update(labels={"axis": 1, "names": {"zh": ["一", "二"]}})
        ),
    ),
    Violation("COR-TXT-01", "card", card(lambda c: c.update(intendedUse={"zh": "测试"}))),
    Violation("COR-TXT-01", "reason", card(lambda c: c.update(limitations={"notProvided": {"zh": "无"}}))),
    Violation("COR-TXT-01", "another-case", manifest(lambda m: m.update(description={"EN": "x"}))),
    Violation("COR-TXT-02", "tensor", _decomposed_tensor),
    Violation("COR-TXT-02", "step", manifest(_decomposed_step, Bases.vision), findings=2),
    Violation("COR-EXT-01", "top", manifest(lambda m: m.update(licence="MIT"))),
    Violation("COR-EXT-01", "file", manifest(lambda m: m["files"][0].update(md5="0"))),
    Violation("COR-EXT-01", "tensor", manifest(lambda m: m["signature"]["inputs"][0].update(opional=False))),
    Violation(
        "COR-EXT-01", "processing", manifest(lambda m: m["processing"].update(during=[]), Bases.vision)
    ),
    Violation("COR-EXT-01", "extension-without-domain", manifest(lambda m: m.update(extensions={"run": 1}))),
    Violation("COR-LIM-01", "card-too-deep", card(_extension(_nested(63)))),
    Violation("COR-LIM-01", "vectors-too-deep", vectors(_extension(_nested(63)))),
    Violation("COR-LIM-01", "card-too-long", _big_card, varies=False),
    Violation("PKG-MAN-01", "too-long", manifest(_extension("x" * (16 * _MEBIBYTE))), varies=False),
    Violation("PKG-MAN-01", "too-deep", manifest(_extension(_nested(63)))),
    Violation("PKG-MAN-01", "a-million-brackets", manifest_bytes(lambda data: b"[" * 1_000_000)),
    Violation("PKG-MAN-02", "name-twice", _replaced(b'{"artifacts"', b'{"card":"x","artifacts"')),
    Violation(
        "PKG-MAN-02", "escaped-name-twice", _replaced(b'{"artifacts"', b'{"c\\u0061rd":"x","artifacts"')
    ),
    Violation("PKG-MAN-02", "deep-name-twice", _replaced(b'{"max":64,', b'{"max":64,"max":64,')),
    Violation("PKG-MAN-02", "lone-surrogate", _replaced(b'"title":{"en":"linear', b'"title":{"en":"\\ud800')),
    Violation("PKG-MAN-02", "byte-order-mark", manifest_bytes(lambda data: b"\xef\xbb\xbf" + data)),
    Violation("PKG-MAN-02", "not-utf-8", _replaced(b'"title":{"en":"linear', b'"title":{"en":"\xff')),
    Violation("PKG-MAN-02", "utf-16", manifest_bytes(lambda data: data.decode().encode("utf-16"))),
    Violation("PKG-MAN-02", "cut", manifest_bytes(lambda data: data[:-1])),
    Violation("PKG-MAN-02", "empty", manifest_bytes(lambda data: b"")),
    Violation("PKG-MAN-02", "two-values", manifest_bytes(lambda data: data + b"{}")),
    Violation("PKG-MAN-02", "not-a-number", _replaced(b'"max":64', b'"max":NaN')),
    Violation("PKG-MAN-02", "number-beyond-binary64", _replaced(b'"max":64', b'"max":1e999')),
    Violation("PKG-MAN-03", "line-feed-at-the-end", manifest_bytes(lambda data: data + b"\n")),
    Violation(
        "PKG-MAN-03", "spaces", manifest_bytes(lambda data: json.dumps(json.loads(data), indent=1).encode())
    ),
    Violation("PKG-MAN-03", "order", _replaced(b'{"max":64,"min":1}', b'{"min":1,"max":64}')),
    Violation("PKG-MAN-03", "long-number", _replaced(b'"max":64', b'"max":64.0')),
    Violation("PKG-MAN-03", "exponent", _replaced(b'"max":64', b'"max":6.4e1')),
    Violation(
        "PKG-MAN-03", "needless-escape", _replaced(b'"title":{"en":"linear', b'"title":{"en":"l\\u0069near')
    ),
    Violation("PKG-MAN-04", "no-title", manifest(lambda m: m.pop("title"))),
    Violation("PKG-MAN-04", "version-of-two-numbers", manifest(lambda m: m.update(version="1.0"))),
    Violation("PKG-MAN-04", "digest-in-capitals", manifest(lambda m: m["files"][0].update(sha256="A" * 64))),
    Violation("PKG-MAN-04", "a-list", manifest_bytes(lambda data: b"[]")),
    Violation("PKG-MAN-04", "unbounded-symbol", manifest(lambda m: m["symbols"].update(N={"min": 1}))),
    Violation("PKG-MAN-04", "member-of-a-symbol", manifest(lambda m: m["symbols"]["N"].update(maximum=2))),
    Violation(
        "PKG-MAN-04",
        "member-of-content",
        manifest(lambda m: m["interface"]["inputs"][0]["content"].update(gamma=1), Bases.vision),
    ),
    Violation("PKG-MAN-04", "processing-a-list", manifest(lambda m: m.update(processing=[]), Bases.vision)),
    Violation("PKG-MAN-05", "path", manifest(lambda m: m["files"].append(dict(m["files"][0])))),
    Violation("PKG-MAN-05", "artifact", manifest(lambda m: m["artifacts"].append(dict(m["artifacts"][0])))),
    Violation("PKG-MAN-05", "tensor", manifest(_duplicate_output, Bases.vision)),
    Violation("PKG-MAN-05", "vector", vectors(lambda v: v["vectors"][2].update(id="one"))),
    Violation("PKG-MAN-06", "entry", manifest(lambda m: m["artifacts"][0].update(entry="model/other.onnx"))),
    Violation("PKG-MAN-06", "card-of-another-role", manifest(lambda m: m.update(card=MODEL))),
    Violation("PKG-MAN-06", "vectors", manifest(lambda m: m["vectors"].append("vectors/more.json"))),
    Violation(
        "PKG-MAN-06", "external", manifest(lambda m: m["artifacts"][0].update(external=["model/w.bin"]))
    ),
    Violation("PKG-DIG-01", "card-gone", _after_sealing(CARD, None)),
    Violation("PKG-DIG-01", "model-gone", _after_sealing(MODEL, None)),
    Violation("PKG-DIG-02", "card-cut", _after_sealing(CARD, b"{}")),
    Violation("PKG-DIG-02", "vectors-empty", _after_sealing(VECTORS, b"")),
    Violation("PKG-DIG-03", "one-bit-of-the-model", _flipped),
    Violation("PKG-DIG-03", "another-digest", manifest(lambda m: m["files"][0].update(sha256="0" * 64))),
)
