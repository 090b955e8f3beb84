"""Packages that break a requirement by as little as possible: one byte, one place, one rule of several.

Owns the table `EDGE_FAULTS`: for each, there was a validator with a small fault that the plainer tables did
not tell from a right one. Serves `core` and `package`.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from onnx import TensorProto, helper

from lepton_conformance.forge import models
from lepton_conformance.forge.archive import ALIGNMENT, DEFLATED, Layout, write_archive
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, MODEL, onnx_artifact
from lepton_conformance.forge.signing import attested, signed
from lepton_conformance.forge.valid import WEIGHTS, external_tensor
from lepton_conformance.forge.violation import Forge, Violation, card, manifest, manifest_bytes, vectors

__all__ = ["EDGE_FAULTS"]


def _file(path: str, data: bytes = b"text", media_type: str = "text/plain") -> Forge:
    """Return a forge with one more listed file."""
    return lambda bases: bases.finish(bases.linear().add(path, data, media_type, "other"))


def _listed(*paths: str) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        for path in paths:
            draft.add(path, b"text", "text/plain", "other")
        return bases.finish(draft)

    return forge


def _unlisted(path: str) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        draft.unlisted[path] = b"text"
        return bases.finish(draft)

    return forge


def _zipped(path: str, **central: int) -> Forge:
    """Return a ZIP container with one more listed file, with fields of its central header."""

    def forge(bases: Bases) -> Forged:
        entries = bases.linear().add(path, b"text", "text/plain", "other").zip_entries()
        name = path.encode()
        return Draft.zipped([replace(one, central=central) if one.name == name else one for one in entries])

    return forge


def _entry(path: str = CARD, *, both: dict[str, int | bytes] | None = None, **changes: Any) -> Forge:
    """Return a ZIP container with an entry changed; `both` are fields of both of its headers."""
    if both is not None:
        changes |= {"local": both, "central": both}

    def forge(bases: Bases) -> Forged:
        entries = (bases.external() if path == WEIGHTS else bases.linear()).zip_entries()
        name = path.encode()
        return Draft.zipped([replace(one, **changes) if one.name == name else one for one in entries])

    return forge


def _extra(local: bytes = b"", central: bytes = b"") -> Forge:
    return _entry(local={"extra": local}, central={"extra": central})


def _end64(*, saturated: bool, size: int = 44, more: bytes = b"") -> Forge:
    """Return a ZIP container with ZIP64 end records that it does not need."""

    def forge(bases: Bases) -> Forged:
        data = write_archive(bases.linear().zip_entries())
        _, _, _, here, count, length, start, _ = struct.unpack("<4s4H2IH", data[-22:])
        records = struct.pack("<4sQ2H2I4Q", b"PK\6\6", size, 45, 45, 0, 0, here, count, length, start) + more
        records += struct.pack("<4sIQI", b"PK\6\7", 0, len(data) - 22, 1)
        counts = (0xFFFF, 0xFFFF) if saturated else (here, count)
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *counts, length, start, 0)
        return Forged(archive=data[:-22] + records + end)

    return forge


def _half_aligned(bases: Bases) -> Forged:
    """Return a container whose model begins at a multiple of 32 that is none of 64."""
    entries = bases.linear().zip_entries()
    at = [one.name for one in entries].index(MODEL.encode())
    before = len(write_archive(entries[:at])) - 22 - sum(46 + len(one.name) for one in entries[:at])
    start = before + 30 + len(MODEL) + 6
    padded = struct.pack("<HHH", 0xD935, 2 + (32 - start) % ALIGNMENT, ALIGNMENT)
    extra = padded + bytes((32 - start) % ALIGNMENT)
    entries[at] = replace(entries[at], aligned=False, local={"extra": extra})
    return Draft.zipped(entries)


def _without_end(bases: Bases) -> Forged:
    """Return a container with a deflated card whose bytes are all there and whose stream does not end."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bases.linear().member(CARD).data
    payload = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return _entry(data=data, method=DEFLATED, payload=payload)(bases)


def _unlisted_damaged(bases: Bases) -> Forged:
    draft = bases.linear()
    draft.unlisted["signatures/note"] = b"text"
    entries = draft.zip_entries()
    wrong: dict[str, int | bytes] = {"crc": 7}
    return Draft.zipped(
        [replace(one, local=wrong, central=wrong) if one.data == b"text" else one for one in entries]
    )


def _inner_first(bases: Bases) -> Forged:
    entries = bases.linear().add("in/lepton.json", b"{}", "application/json", "other").zip_entries()
    inner = next(one for one in entries if one.name == b"in/lepton.json")
    return Draft.zipped([inner, *(one for one in entries if one is not inner)])


def _extension(text: str) -> Forge:
    """Return a forge whose manifest has an extension, spelt as given, in its canonical place."""
    member = b'"extensions":{"org.example.x":' + text.encode() + b'},"files":['
    change = manifest_bytes(lambda data: data.replace(b'"files":[', member, 1))
    return lambda bases: change(Bases(replace(bases.variation, extensions=0)))


def _model(data: Callable[[], bytes], base: Any = Bases.linear) -> Forge:
    return lambda bases: bases.finish(base(bases).put(MODEL, data()))


def _behind(more: bytes) -> Forge:
    """Return a forge whose model has more bytes behind it, which are fields of the ModelProto."""
    return _model(lambda: models.linear() + more)


def _field(number: int, data: bytes) -> bytes:
    key = number << 3 | 2
    head = bytes([key]) if key < 0x80 else bytes([key & 0x7F | 0x80, key >> 7])
    return head + bytes([len(data)]) + data


def _attribute(number: int, data: bytes) -> Forge:
    """Return a forge with an attribute in a graph for training, which no engine looks at."""
    return _behind(_field(20, _field(1, _field(1, _field(5, _field(number, data))))))


def _constant(**fields: Any) -> Forge:
    """Return a forge whose model has a tensor in a node that nothing uses."""

    def build() -> bytes:
        node = helper.make_node("Constant", [], ["unused"], value=TensorProto(**fields))
        nodes = [
            node,
            helper.make_node("MatMul", ["x", "w"], ["xw"]),
            helper.make_node("Add", ["xw", "b"], ["y"]),
        ]
        weights = [models.constant("w", models.LINEAR_WEIGHT), models.constant("b", models.LINEAR_BIAS)]
        inputs, outputs = [models.value("x", "FP32", ("N", 3))], [models.value("y", "FP32", ("N", 2))]
        return models.model(nodes, inputs, outputs, weights)

    return _model(build)


def _external(add: tuple[str, str] | None = None, **fields: Any) -> Forge:
    def build() -> bytes:
        tensor = external_tensor(**fields)
        if add is not None:
            tensor.external_data.add(key=add[0], value=add[1])
        return models.linear(weight=tensor)

    return _model(build, Bases.external)


def _two_opsets(bases: Bases) -> Forged:
    data = models.linear(domains=(("", 17), ("", 18)))
    draft = bases.linear().put(MODEL, data)
    draft.manifest["artifacts"] = [{**onnx_artifact(data), "opsets": {"ai.onnx": 17}}]
    return bases.finish(draft)


def _safetensors(header: bytes, data: bytes = b"", *, path: str = "w.safetensors") -> Forge:
    content = struct.pack("<Q", len(header)) + header + data
    return _file(path, content, "application/vnd.safetensors")


def _tensor(dtype: str, shape: str, end: int) -> bytes:
    return b'{"a":{"dtype":"%s","shape":%s,"data_offsets":[0,%d]}}' % (dtype.encode(), shape.encode(), end)


def _compared(*rules: dict[str, Any], base: Any = Bases.linear) -> Forge:
    return vectors(lambda v: v["vectors"][0].update(comparisons=list(rules)), base)


def _evaluations(document: dict[str, Any]) -> None:
    value = {"metric": "accuracy", "value": 0.5, "direction": "higher", "n": 7}
    data = [{"name": "seven points", "sha256": "0" * 64}, {"name": "eight points"}]
    document["evaluations"] = [{**value, "dataset": one} for one in data]


def _bundle(change: Callable[[Any], object]) -> Forge:
    return lambda bases: bases.finish(signed(bases.linear(), bundle=change))


def _resource(change: Callable[[list[Any]], object]) -> Forge:
    return lambda bases: bases.finish(
        signed(bases.linear(), statement=lambda said: change(said["predicate"]["resources"]))
    )


def _capitals(said: Any) -> None:
    said["subject"][0]["digest"]["sha256"] = said["subject"][0]["digest"]["sha256"].upper() + "G"


_EXACT = {"output": "y", "comparator": "exact"}
_LOOSE = {"comparator": "allclose", "atol": 0, "rtol": 0, "nan": "forbidden"}
_ALIGN = struct.pack("<HHH", 0xD935, 2, ALIGNMENT)
_TIMES = struct.pack("<HHBI", 0x5455, 5, 1, 0)

EDGE_FAULTS: tuple[Violation, ...] = (
    *(
        Violation("PKG-LAY-02", f"character-{ord(mark):04x}", _zipped(f"a{mark}b"))
        for mark in '|*<>"\x85\x9f\u061c\u200e\u200f\u2028\u2029\u2066\u2069\u202a'
    ),
    Violation("PKG-LAY-02", "segment-of-256-bytes-in-128-characters", _zipped("é" * 128)),
    Violation("PKG-LAY-02", "path-of-1025-bytes", _zipped("/".join(["d" * 204] * 4 + ["d" * 205]))),
    Violation("PKG-LAY-03", "file-and-folder-deeper", _listed("Notes/A", "notes/a/b/c")),
    Violation("PKG-LAY-04", "two-extensions", _listed("con.tar.gz")),
    Violation("PKG-LAY-04", "console-output", _listed("conout$.txt")),
    Violation("PKG-LAY-04", "printer-three", _listed("a/LPT³/b")),
    Violation("PKG-LAY-05", "zip-folder-type", _zipped("folder", external=0o040755 << 16, made_by=0x0314)),
    Violation("PKG-LAY-05", "zip-socket", _zipped("socket", external=0o140755 << 16, made_by=0x0314)),
    Violation("PKG-LAY-06", "signatures-deeper", _unlisted("model/signatures/a.sig")),
    Violation("PKG-LAY-06", "signatures-in-capitals", _unlisted("Signatures/a.sig")),
    Violation("PKG-LAY-06", "a-file-named-attestations", _unlisted("attestations")),
    Violation("PKG-ZIP-01", "lzma", _entry(both={"method": 14})),
    *(Violation("PKG-ZIP-01", f"flag-{bit}", _entry(both={"flags": 1 << bit})) for bit in (4, 5, 6, 12, 13)),
    Violation(
        "PKG-ZIP-01",
        "directory-on-second-disk",
        lambda bases: Draft.zipped(bases.linear().zip_entries(), Layout(end={"central_disk": 1})),
    ),
    Violation("PKG-ZIP-04", "needless-zip64-end", _end64(saturated=False)),
    Violation("PKG-ZIP-04", "needless-zip64-count", _end64(saturated=True)),
    Violation("PKG-ZIP-05", "inner-manifest-first", _inner_first),
    Violation("PKG-ZIP-06", "multiple-of-32", _half_aligned),
    Violation("PKG-ZIP-06", "weights-deflated", _entry(WEIGHTS, method=DEFLATED)),
    Violation("PKG-ZIP-07", "stream-without-an-end", _without_end),
    Violation("PKG-ZIP-07", "unlisted", _unlisted_damaged),
    Violation("PKG-ZIP-09", "alignment-in-the-central-header", _extra(central=_ALIGN)),
    Violation("PKG-ZIP-09", "alignment-twice", _extra(_ALIGN * 2)),
    Violation("PKG-ZIP-09", "alignment-of-32", _extra(struct.pack("<HHH", 0xD935, 2, 32))),
    Violation("PKG-ZIP-09", "alignment-with-content", _extra(struct.pack("<HHHB", 0xD935, 3, ALIGNMENT, 1))),
    Violation("PKG-ZIP-09", "bytes-left-over", _extra(_ALIGN + b"\0\0\0")),
    Violation("PKG-ZIP-09", "times-in-the-central-header", _extra(central=_TIMES)),
    Violation("PKG-MAN-02", "lone-surrogate-in-a-name", _extension('{"\\ud800":1}')),
    Violation("PKG-MAN-02", "name-twice-by-escape-deeper", _extension('[{"a":1,"\\u0061":2}]')),
    Violation("PKG-MAN-03", "order-of-code-points", _extension('{"\ufb01":1,"\U0001f600":1}')),
    Violation("PKG-MAN-03", "solidus-escaped", _extension('"a\\/b"')),
    Violation("COR-TXT-01", "region", manifest(lambda m: m.update(title={"en-GB": "linear"}))),
    Violation("PKG-ART-01", "field-zero", _behind(b"\x00\x01")),
    Violation("PKG-ART-01", "group", _behind(b"\x93\x03\x94\x03")),
    Violation("PKG-ART-01", "second-graph", _behind(_field(7, b""))),
    Violation("PKG-ART-01", "version-as-text", _behind(_field(1, b"8"))),
    Violation("PKG-ART-01", "beyond-its-message", _behind(b"\x12\x7f")),
    Violation("PKG-ART-01", "number-of-eleven-bytes", _behind(b"\x28" + b"\x80" * 10 + b"\x01")),
    Violation("PKG-ART-01", "packed-number-of-eleven-bytes", _attribute(8, b"\x80" * 10 + b"\x01")),
    Violation("PKG-ART-01", "packed-number-cut-off", _attribute(8, b"\x01\x80")),
    Violation("PKG-ART-01", "packed-floats-of-three-bytes", _attribute(7, bytes(3))),
    Violation("PKG-ART-02", "one-domain-two-versions", _two_opsets),
    Violation("PKG-ART-03", "rank-zero", _model(lambda: models.linear(output_shape=()))),
    Violation("PKG-ART-04", "two-locations", _external(("location", "weights.bin"))),
    Violation("PKG-ART-05", "beyond-the-end-by-one", _external(offset="9", length="24")),
    Violation("PKG-ART-05", "plus-sign", _external(offset="+8")),
    Violation("PKG-ART-05", "digits-of-another-script", _external(offset="８")),
    Violation("PKG-ART-05", "length-twice-alike", _external(("length", "24"), length="24")),
    Violation("PKG-ART-06", "in-a-constant", _constant(data_type=1, dims=[2], raw_data=bytes(7))),
    Violation(
        "PKG-ART-06", "complex-of-half-the-floats", _constant(data_type=14, dims=[2], float_data=[1, 2])
    ),
    Violation("PKG-ART-06", "halves-in-float-data", _constant(data_type=10, dims=[2], float_data=[1, 2])),
    Violation("PKG-ART-06", "unsigned-in-int32-data", _constant(data_type=12, dims=[2], int32_data=[1, 2])),
    Violation("PKG-ART-06", "nibbles-one-a-number", _constant(data_type=22, dims=[3], int32_data=[1, 2, 3])),
    Violation(
        "PKG-ART-06", "empty-raw-data-counts", _constant(data_type=1, dims=[1], raw_data=b"", float_data=[1])
    ),
    Violation("PKG-ART-06", "unknown-type-without-elements", _constant(data_type=99, dims=[0])),
    Violation("PKG-ART-12", "by-media-type-alone", _safetensors(b"{}", b"x", path="w.bin")),
    Violation("PKG-ART-12", "size-with-a-fraction", _safetensors(_tensor("U8", "[1.0]", 1), b"x")),
    Violation("PKG-ART-12", "half-a-byte", _safetensors(_tensor("F4", "[3]", 1), b"x")),
    Violation("PKG-ART-12", "depth-65", _safetensors(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")),
    Violation(
        "PKG-SIG-08",
        "interface",
        manifest(lambda m: m["interface"]["outputs"][0].update(axes=["batch"] * 9), Bases.vision),
    ),
    Violation("PKG-VEC-03", "comparison-of-nothing-besides", _compared(_EXACT, {**_EXACT, "output": "z"})),
    Violation(
        "PKG-VEC-03",
        "no-comparison-of-the-second",
        _compared({"output": "above", "comparator": "exact"}, base=Bases.threshold),
    ),
    Violation(
        "PKG-VEC-06",
        "integer",
        _compared(
            {"output": "above", "comparator": "exact"}, {"output": "place", **_LOOSE}, base=Bases.threshold
        ),
    ),
    Violation(
        "PKG-VEC-07",
        "constant-answer-of-another-shape",
        vectors(lambda v: v["controls"][0].update(killedBy="batch")),
    ),
    Violation("PKG-VEC-07", "control-twice", vectors(lambda v: v["controls"].append(v["controls"][0]))),
    Violation("PKG-DOC-01", "mixed-case-operator", manifest(lambda m: m.update(license="MIT And MIT"))),
    Violation("PKG-DOC-06", "second-evaluation", card(_evaluations)),
    Violation(
        "PKG-SGN-01",
        "two-materials",
        _bundle(
            lambda b: b["verificationMaterial"].update(
                certificate={"rawBytes": "AAAA"}, publicKey={"hint": "a"}
            )
        ),
    ),
    Violation(
        "PKG-SGN-01",
        "bundle-of-version-0.2",
        _bundle(lambda b: b.update(mediaType="application/vnd.dev.sigstore.bundle.v0.2+json")),
    ),
    Violation("PKG-SGN-01", "deeper", _unlisted("signatures/of/a.sigstore.json")),
    Violation("PKG-SGN-02", "another-algorithm", _resource(lambda all: all[0].update(algorithm="sha512"))),
    Violation("PKG-SGN-02", "order-of-whole-paths", lambda bases: _whole_paths(bases)),
    Violation(
        "PKG-SGN-06",
        "digest-beginning",
        lambda bases: bases.finish(attested(bases.linear(), statement=_capitals)),
    ),
)


def _whole_paths(bases: Bases) -> Forged:
    """Sort resources by whole paths, where `model.txt` comes before `model/model.onnx`."""
    draft = bases.linear().add("model.txt", b"text", "text/plain", "other")
    return bases.finish(
        signed(draft, statement=lambda said: said["predicate"]["resources"].sort(key=lambda one: one["name"]))
    )
