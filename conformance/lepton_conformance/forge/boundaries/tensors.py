"""The bytes of a vector's tensors at the boundary, for every datatype, and Base64 that is almost canonical.

Owns the data; leaves what vectors are about to `vectors`. Serves COR-TYP-02 and COR-TYP-01.
"""

import base64
import copy
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from onnx import TensorProto, helper

from lepton_conformance.forge import models
from lepton_conformance.forge.boundaries.sealed import broken, sealed, sound, written
from lepton_conformance.forge.draft import Draft, Forged, Member, kept
from lepton_conformance.forge.package import MODEL, VECTORS, onnx_artifact
from lepton_conformance.forge.valid import ValidPackage, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["sound_tensors", "tensor_faults"]

_KEY = "COR-TYP-02"
#: The ONNX type and two elements of each datatype, in bytes.
_ELEMENTS: Mapping[str, tuple[int, bytes, bytes]] = {
    "BOOL": (TensorProto.BOOL, b"\0", b"\1"),
    "INT8": (TensorProto.INT8, b"\x80", b"\x7f"),
    "INT16": (TensorProto.INT16, b"\0\x80", b"\xff\x7f"),
    "INT32": (TensorProto.INT32, b"\0\0\0\x80", b"\xff\xff\xff\x7f"),
    "INT64": (TensorProto.INT64, b"\0" * 7 + b"\x80", b"\xff" * 7 + b"\x7f"),
    "UINT8": (TensorProto.UINT8, b"\0", b"\xff"),
    "UINT16": (TensorProto.UINT16, b"\0\0", b"\xff\xff"),
    "UINT32": (TensorProto.UINT32, b"\0" * 4, b"\xff" * 4),
    "UINT64": (TensorProto.UINT64, b"\0" * 8, b"\xff" * 8),
    "FP16": (TensorProto.FLOAT16, struct.pack("<e", -0.0), struct.pack("<e", 65504)),
    "BF16": (TensorProto.BFLOAT16, b"\x80\x3f", b"\x7f\x7f"),
    "FP32": (TensorProto.FLOAT, struct.pack("<f", 1e-45), struct.pack("<f", float("inf"))),
    "FP64": (TensorProto.DOUBLE, struct.pack("<d", 5e-324), struct.pack("<d", float("-inf"))),
    "BYTES": (TensorProto.STRING, b"\2\0\0\0\xff\0", b"\0\0\0\0"),
}


@kept
def every_datatype() -> Draft:
    """Return a package with an input and an output of each datatype, which it passes on."""
    nodes, inputs, outputs = [], [], []
    for name, (code, _, _) in _ELEMENTS.items():
        nodes.append(helper.make_node("Identity", [f"i-{name}"], [f"o-{name}"]))
        inputs.append(helper.make_tensor_value_info(f"i-{name}", code, ("N",)))
        outputs.append(helper.make_tensor_value_info(f"o-{name}", code, ("N",)))
    data = models.model(nodes, inputs, outputs)
    draft = linear_draft().put(MODEL, data)
    draft.score = None
    draft.manifest["artifacts"] = [onnx_artifact(data)]
    draft.manifest["signature"] = {
        side: [{"name": f"{side[0]}-{name}", "datatype": name, "shape": ["N"]} for name in _ELEMENTS]
        for side in ("inputs", "outputs")
    }
    document = json.loads(draft.member(VECTORS).data)
    document["vectors"] = [_vector("one", 1), _vector("other", 1, turned=True), _vector("more", 3)]
    document["controls"] = [{"control": "constant-answer", "killedBy": "other"}]
    document["mutation"] = {"mutants": 0, "killed": 0, "survivors": []}
    return draft.put(VECTORS, written(document))


def _vector(name: str, count: int, *, turned: bool = False) -> dict[str, Any]:
    def tensor(side: str, datatype: str) -> dict[str, Any]:
        pair = _ELEMENTS[datatype][1:]
        data = b"".join(pair[(at + turned) % 2] for at in range(count))
        text = base64.b64encode(data).decode()
        return {"name": f"{side}-{datatype}", "datatype": datatype, "shape": [count], "data": text}

    return {
        "id": name,
        "stage": "model",
        "inputs": [tensor("i", datatype) for datatype in _ELEMENTS],
        "expected": [tensor("o", datatype) for datatype in _ELEMENTS],
        "comparisons": [{"output": f"o-{datatype}", "comparator": "exact"} for datatype in _ELEMENTS],
    }


def tensor_faults() -> Iterator[Violation]:
    """Yield packages with a tensor of other bytes than its shape says."""
    for number, (datatype, (_, first, second)) in enumerate(_ELEMENTS.items()):
        three = first + second + first
        forms = {
            "a-byte-less": three[:-1],
            "a-byte-more": three + b"\0",
            "an-element-less": first + second,
            "an-element-more": three + second,
            "nothing": b"",
            "twice": three * 2,
        }
        for turn, (name, data) in enumerate(forms.items()):
            side = ("inputs", "expected")[(number + turn) % 2]
            where = (2, side, number)
            yield broken(_KEY, f"{datatype}-{name}", _with_data, where, base64.b64encode(data).decode())
        for place in range(2):
            where = (place, ("expected", "inputs")[place], number)
            yield broken(_KEY, f"{datatype}-none-{place}", _with_data, where, "")
    for value in (2, 3, 0x7F, 0x80, 0xFF):
        for at in range(3):
            wrong = bytearray(b"\0\1\0")
            wrong[at] = value
            where = (2, ("inputs", "expected")[at % 2], 0)
            yield broken(_KEY, f"bool-{value}-{at}", _with_data, where, base64.b64encode(wrong).decode())
    place = list(_ELEMENTS).index("BYTES")
    one, none = b"\1\0\0\0a", b"\0\0\0\0"
    for name, data in {
        "length-beyond-by-one": one * 2 + b"\2\0\0\0a",
        "length-beyond-by-far": one * 2 + b"\xff\xff\xff\xffa",
        "length-of-the-other-order": b"\0\0\0\1a" * 3,
        "first-length-beyond": b"\x63\0\0\0a" + one * 2,
        "byte-behind": one * 3 + b"\0",
        "element-behind": one * 3 + none,
        "length-cut": one * 2 + b"\1\0\0",
        "length-alone": one * 2 + b"\1\0\0\0",
        "two-elements": one * 2,
        "without-lengths": b"abc",
        "with-ends": b"a\0b\0c\0",
        "nothing": b"",
    }.items():
        for side in ("inputs", "expected"):
            text = base64.b64encode(data).decode()
            yield broken(_KEY, f"bytes-{name}-{side}", _with_data, (2, side, place), text)
    yield from _spellings()
    yield from _shapes()
    yield broken(_KEY, "in-the-second-document", _second_document)


def _spellings() -> Iterator[Violation]:
    """Yield packages with Base64 that is not canonical; the tensors have 3, 6 and 12 bytes."""
    texts = {
        "INT8": ("gH+A=", "gH-A", "gH+A\n", "gH +A", " gH+A", "gH+A ", "gH+A====", "=gH+A", "gH\t+A"),
        "UINT8": ("AP8A==", "AP8", "AP8=", "AP8A\r\n", "AP8A%3D", "AP8À", "ＡP8A", "AP.A", "AP8A\0"),
        "FP16": ("AID_ewCA", "AID/\newCA", "AID/ewCA\n", "AID/ew==", "AID/ew==AA==", "AI=D/ewCA"),
    }
    names = list(_ELEMENTS)
    for datatype, wrong in texts.items():
        for number, text in enumerate(wrong):
            side = ("inputs", "expected")[number % 2]
            where = (2, side, names.index(datatype))
            yield broken(_KEY, f"base64-{datatype}-{number}", _with_data, where, text)
    # One and two elements of one byte: two and one characters of padding, whose bits are zero.
    for number, text in enumerate(
        ("AA", "AA=", "AA===", "AB==", "AC==", "AI==", "AP==", "A===", "====", "AA=A", "=")
    ):
        yield broken(_KEY, f"padding-of-two-{number}", _shaped, "UINT8", [1], text)
    for number, text in enumerate(
        ("AAA", "AAA==", "AAB=", "AAC=", "AAD=", "AAA=\n", "AAA=AAA=", "AA==", "AA=A")
    ):
        yield broken(_KEY, f"padding-of-one-{number}", _shaped, "UINT8", [2], text)


def _shapes() -> Iterator[Violation]:
    one, two = "AA==", "AAA="
    for number, (shape, text) in enumerate(
        (
            ([], ""),
            ([], two),
            ([0], one),
            ([0, 3], one),
            ([3, 0], two),
            ([1, 0, 1], one),
            ([1, 1], two),
            ([2, 2], two),
            ([2, 1, 1], one),
            ([1, 1, 1, 1, 1], ""),
            ([1 << 31], one),
            ([1 << 40, 0], one),
            ([1 << 32, 1 << 32], ""),
            ([1 << 31, 1 << 31, 4], ""),
            ([1 << 52], ""),
        )
    ):
        yield broken(_KEY, f"shape-{number}", _shaped, "UINT8", shape, text)


def _with_data(where: tuple[int, str, int], text: str) -> Forged:
    base = sealed(every_datatype)
    document = json.loads(base.files[VECTORS])
    vector, side, place = where
    document["vectors"][vector][side][place]["data"] = text
    return base.with_file(VECTORS, written(document))


def _shaped(datatype: str, shape: list[int], text: str) -> Forged:
    """Return the package with a tensor of another shape, which PKG-VEC-03 judges if its bytes are right."""
    base = sealed(every_datatype)
    document = json.loads(base.files[VECTORS])
    document["vectors"][0]["inputs"][list(_ELEMENTS).index(datatype)].update(shape=shape, data=text)
    return base.with_file(VECTORS, written(document))


def _second_document() -> Forged:
    base = sealed(every_datatype)
    document = json.loads(base.files[VECTORS])
    document["controls"] = []
    document["vectors"] = copy.deepcopy(document["vectors"][:1])
    document["vectors"][0]["expected"][-1]["data"] = "AAAA"
    del document["mutation"]
    more = Member("vectors/more.json", written(document), "application/json", "vectors")
    draft = base.draft(more)
    draft.manifest["vectors"] = [VECTORS, "vectors/more.json"]
    return draft.directory()


def sound_tensors() -> Iterator[ValidPackage]:
    """Yield a package with tensors of every datatype, at the ends of its range."""
    yield sound("every-datatype", lambda: sealed(every_datatype).draft().directory())
