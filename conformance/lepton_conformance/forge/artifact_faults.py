"""Packages whose artifacts break the topic PKG-ART.

Owns the table `ARTIFACT_FAULTS`. Serves `package`.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.package import MODEL, onnx_artifact
from lepton_conformance.forge.valid import external_tensor
from lepton_conformance.forge.violation import Base, Forge, Violation, manifest

__all__ = ["ARTIFACT_FAULTS"]


def _model(data: Callable[[], bytes], base: Base = Bases.linear) -> Forge:
    """Return a forge whose model is another one, under the manifest of the right one."""
    return lambda bases: bases.finish(base(bases).put(MODEL, data()))


def _weight(**fields: Any) -> Forge:
    """Return a forge whose weight has fields that contradict each other."""

    def build() -> bytes:
        tensor = models.constant("w", models.LINEAR_WEIGHT)
        for name, value in fields.items():
            if name == "dims":
                del tensor.dims[:]
                tensor.dims.extend(value)
            elif name == "float_data":
                tensor.ClearField("raw_data")
                tensor.float_data.extend(value)
            else:
                setattr(tensor, name, value)
        return models.linear(weight=tensor)

    return _model(build)


def _external(**fields: Any) -> Forge:
    return _model(lambda: models.linear(weight=external_tensor(**fields)), Bases.external)


def _external_strings(bases: Bases) -> Forged:
    tensor = external_tensor()
    tensor.data_type = 8
    return _model(lambda: models.linear(weight=tensor), Bases.external)(bases)


def _external_twice(bases: Bases) -> Forged:
    tensor = external_tensor()
    tensor.external_data.add(key="offset", value="8")
    return _model(lambda: models.linear(weight=tensor), Bases.external)(bases)


def _external_unlisted(bases: Bases) -> Forged:
    draft = bases.external()
    del draft.manifest["artifacts"][0]["external"]
    return bases.finish(draft)


def _external_in_a_constant() -> bytes:
    """Return the linear model with a node of external data that the manifest does not name."""
    from onnx import helper

    hidden = external_tensor(location="hidden.bin", offset="0", length="24")
    hidden.name = ""
    node = helper.make_node("Constant", [], ["unused"], value=hidden)
    nodes = [
        node,
        helper.make_node("MatMul", ["x", "w"], ["xw"]),
        helper.make_node("Add", ["xw", "b"], ["y"]),
    ]
    weights = [models.constant("w", models.LINEAR_WEIGHT), models.constant("b", models.LINEAR_BIAS)]
    inputs, outputs = [models.value("x", "FP32", ("N", 3))], [models.value("y", "FP32", ("N", 2))]
    return models.model(nodes, inputs, outputs, weights)


def _more_external(bases: Bases) -> Forged:
    draft = bases.external()
    draft.add("model/more.bin", b"more", "application/octet-stream", "weights")
    draft.manifest["artifacts"][0]["external"] = ["model/more.bin", "model/weights.bin"]
    return bases.finish(draft)


def _file(data: bytes) -> Forge:
    """Return a forge with one more listed file whose content is the fault and whose name is harmless."""
    return lambda bases: bases.finish(bases.linear().add("notes.txt", data, "text/plain", "documentation"))


def _archive(names: Sequence[str], content: bytes = b"pt2") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _pt2(*, executable: bool, data: bytes) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear().add("model/model.pt2", data, "application/zip", "artifact")
        artifact = {"id": "torch", "format": "pt2", "formatVersion": "0", "entry": "model/model.pt2"}
        draft.manifest["artifacts"].append({**artifact, "precision": "FP32", "executable": executable})
        return bases.finish(draft)

    return forge


def _custom_domain(bases: Bases) -> Forged:
    draft = bases.linear()
    data = models.linear(domains=(("", 17), ("com.example", 1)))
    draft.put(MODEL, data)
    draft.manifest["artifacts"] = [onnx_artifact(data)]
    return bases.finish(draft)


def _safetensors(header: bytes, data: bytes = b"", *, length: int | None = None) -> Forge:
    """Return a forge with one more listed file, which its name says is a safetensors file."""
    content = struct.pack("<Q", len(header) if length is None else length) + header + data
    return lambda bases: bases.finish(
        bases.linear().add("weights/w.safetensors", content, "application/octet-stream", "other")
    )


def _tensor(begin: int, end: int, *, dtype: str = "U8", shape: str = "[1]") -> bytes:
    return b'{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}' % (dtype.encode(), shape.encode(), begin, end)


def _recursive(calls: Sequence[str]) -> Forge:
    """Return a forge whose model has unused functions, each of which calls the one named beside it."""
    return _model(lambda: models.with_functions(calls))


_ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
_PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20)
_PYC = struct.pack("<H", 3495) + b"\r\n" + bytes(16)
#: The number that torch.save wrote in front of its pickles, as a pickle of protocol 2; then one of two bytes.
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03." + bytes(8)


def _numpy(descr: bytes, content: bytes, version: int = 1) -> bytes:
    """Return an array file whose header tells of a datatype."""
    header = b"{'descr': " + descr + b", 'fortran_order': False, 'shape': (1,), }\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes((version, 0)) + length + header + content


ARTIFACT_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-ART-01", "text", _model(lambda: b"this is not a model\n")),
    Violation("PKG-ART-01", "empty", _model(lambda: b"")),
    Violation("PKG-ART-01", "cut", _model(lambda: models.linear()[:-20])),
    Violation("PKG-ART-01", "zeros", _model(lambda: bytes(64))),
    Violation("PKG-ART-01", "pt2-is-text", _pt2(executable=True, data=b"not an archive")),
    Violation("PKG-ART-01", "pt2-is-another-archive", _pt2(executable=True, data=_archive(["a/b"]))),
    Violation("PKG-ART-02", "ir-version", manifest(lambda m: m["artifacts"][0].update(formatVersion="IR 9"))),
    Violation("PKG-ART-02", "opset", manifest(lambda m: m["artifacts"][0].update(opsets={"ai.onnx": 18}))),
    Violation(
        "PKG-ART-02",
        "another-opset",
        manifest(lambda m: m["artifacts"][0]["opsets"].update({"ai.onnx.ml": 3})),
    ),
    Violation("PKG-ART-03", "input-name", _model(lambda: models.linear(input_name="z"))),
    Violation("PKG-ART-03", "input-datatype", _model(lambda: models.linear(input_type="FP64"))),
    Violation("PKG-ART-03", "rank", _model(lambda: models.linear(input_shape=("N", 1, 3)))),
    Violation("PKG-ART-03", "fixed-size", _model(lambda: models.linear(output_shape=("N", 4)))),
    Violation("PKG-ART-03", "fixed-against-open", _model(lambda: models.linear(input_shape=("N", "K")))),
    Violation("PKG-ART-03", "open-against-fixed", _model(lambda: models.linear(input_shape=(1, 3)))),
    Violation(
        "PKG-ART-03",
        "one-more-output",
        _model(
            lambda: models.linear(
                outputs=[models.value("y", "FP32", ("N", 2)), models.value("xw", "FP32", ("N", 2))]
            )
        ),
    ),
    Violation(
        "PKG-ART-03",
        "one-name-two-symbols",
        _model(lambda: models.vision(("batch", 3, "side", "side")), Bases.vision),
    ),
    Violation("PKG-ART-04", "not-declared", _external_unlisted),
    Violation("PKG-ART-04", "hidden-in-a-constant", _model(_external_in_a_constant)),
    Violation("PKG-ART-04", "parent", _external(location="../card.json")),
    Violation("PKG-ART-04", "absolute", _external(location="/etc/passwd")),
    Violation("PKG-ART-04", "dot-segment", _external(location="./weights.bin")),
    Violation("PKG-ART-04", "no-location", _external(location=None)),
    Violation("PKG-ART-04", "declared-and-not-used", _more_external),
    Violation("PKG-ART-05", "beyond-the-end", _external(offset="16")),
    Violation("PKG-ART-05", "negative-offset", _external(offset="-8")),
    Violation("PKG-ART-05", "shorter-than-the-tensor", _external(length="20")),
    Violation("PKG-ART-05", "rest-of-the-file-is-longer", _external(offset="0", length=None)),
    Violation("PKG-ART-05", "type-without-a-size", _external_strings),
    Violation("PKG-ART-05", "offset-twice", _external_twice),
    Violation("PKG-ART-05", "hexadecimal", _external(offset="0x8")),
    Violation("PKG-ART-05", "beyond-64-bits", _external(offset=str(2**64))),
    Violation("PKG-ART-06", "raw-data-too-short", _weight(raw_data=bytes(20))),
    Violation("PKG-ART-06", "raw-data-too-long", _weight(raw_data=bytes(28))),
    Violation("PKG-ART-06", "negative-size", _weight(dims=[-3, -2])),
    Violation("PKG-ART-06", "product-overflows", _weight(dims=[2**32, 2**32])),
    Violation("PKG-ART-06", "product-wraps-to-six", _weight(dims=[2**63 - 1, 2**63 - 1, 6])),
    Violation("PKG-ART-06", "unknown-type", _weight(data_type=99)),
    Violation("PKG-ART-06", "strings-in-raw-data", _weight(data_type=8)),
    Violation("PKG-ART-06", "too-few-floats", _weight(float_data=[1.0, 2.0])),
    Violation("PKG-ART-07", "elf", _file(_ELF)),
    Violation("PKG-ART-07", "pe", _file(_PE)),
    Violation("PKG-ART-07", "mach-o", _file(b"\xcf\xfa\xed\xfe" + bytes(28))),
    Violation("PKG-ART-07", "class-file", _file(b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(24))),
    Violation("PKG-ART-07", "compiled-python", _file(_PYC)),
    Violation("PKG-ART-07", "pickle-2", _file(pickle.dumps([1], protocol=2))),
    Violation("PKG-ART-07", "pickle-5", _file(pickle.dumps({"a": 1}, protocol=5))),
    Violation("PKG-ART-07", "pickle-with-a-byte-behind", _file(pickle.dumps([1, 2, 3], protocol=4) + b"\n")),
    Violation("PKG-ART-07", "file-of-an-old-torch", _file(_OLD_TORCH)),
    Violation("PKG-ART-07", "numpy-objects", _file(_numpy(b"'|O'", pickle.dumps([1], protocol=2)))),
    Violation("PKG-ART-07", "numpy-field-of-objects", _file(_numpy(b"[('a', 'object')]", b"x", version=2))),
    Violation("PKG-ART-07", "archive-with-a-pickle", _file(_archive(["archive/data.pkl"]))),
    Violation(
        "PKG-ART-08", "pt2-not-executable", _pt2(executable=False, data=_archive(["a/archive_format"]))
    ),
    Violation("PKG-ART-10", "custom-domain", _custom_domain),
    Violation("PKG-ART-12", "byte-behind", _safetensors(b"{}", b"x")),
    Violation("PKG-ART-12", "length-beyond-the-file", _safetensors(b"{}", length=2**63)),
    Violation("PKG-ART-12", "space-before", _safetensors(b" {}")),
    Violation("PKG-ART-12", "too-short", _safetensors(b"", length=0)),
    Violation(
        "PKG-ART-12",
        "overlap",
        _safetensors(b'{"a":' + _tensor(0, 1) + b',"b":' + _tensor(0, 1) + b"}", b"x"),
    ),
    Violation(
        "PKG-ART-12", "gap", _safetensors(b'{"a":' + _tensor(0, 1) + b',"b":' + _tensor(2, 3) + b"}", b"xyz")
    ),
    Violation(
        "PKG-ART-12", "another-shape", _safetensors(b'{"a":' + _tensor(0, 1, shape="[2]") + b"}", b"x")
    ),
    Violation("PKG-ART-12", "unknown-type", _safetensors(b'{"a":' + _tensor(0, 1, dtype="U9") + b"}", b"x")),
    Violation(
        "PKG-ART-12",
        "name-twice",
        _safetensors(b'{"a":' + _tensor(0, 1) + b',"a":' + _tensor(0, 1) + b"}", b"x"),
    ),
    Violation("PKG-ART-12", "metadata-of-numbers", _safetensors(b'{"__metadata__":{"k":1}}')),
    Violation("PKG-ART-13", "calls-itself", _recursive(["f0"])),
    Violation("PKG-ART-13", "circle-of-two", _recursive(["f1", "f0"])),
)
