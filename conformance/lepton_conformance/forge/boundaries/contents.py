"""Content of files at the edge of its rules: signs of code, safetensors, pt2 archives, files of steps.

Owns the bytes; leaves ONNX to `wire` and `graphs`. Serves `package` (PKG-ART-01, PKG-ART-02, PKG-ART-07,
PKG-ART-08, PKG-ART-12, PKG-PRO-05).
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import MODEL, VECTORS
from lepton_conformance.forge.pipelines import LABELS, SCALE, TOKENS
from lepton_conformance.forge.readings import KEYS
from lepton_conformance.forge.valid import WEIGHTS, ValidPackage, linear_draft
from lepton_conformance.forge.violation import Base, Forge, Violation, manifest

__all__ = ["content_faults", "plain_pt2", "sound_contents"]


def _file(data: bytes, path: str = "notes.txt", role: str = "other", media: str = "text/plain") -> Forge:
    return lambda bases: bases.finish(bases.linear().add(path, data, media, role))


def _archive(*names: str, comment: bytes = b"", content: bytes = b"x", before: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    buffer.write(before)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.comment = comment
    return buffer.getvalue()


def _numpy(header: bytes, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes((version, 0)) + length + header


def _pe(offset: int, sign: bytes = b"PE\0\0") -> bytes:
    head = bytearray(b"MZ" + bytes(62))
    head[0x3C:0x40] = struct.pack("<I", offset)
    return bytes(head[:offset].ljust(offset, b"\0")) + sign if offset >= 64 else bytes(head)


_TORCH = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_CODE: Mapping[str, bytes] = {
    "elf-alone": b"\x7fELF",
    "pe": _pe(64),
    "pe-far": _pe(4096),
    **{f"mach-{head}": bytes.fromhex(head) + bytes(8) for head in (
        "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe")},
    **{f"python-{number}": struct.pack("<H", number) + b"\r\n" + bytes(12) for number in (3000, 3394, 3999)},
    **{f"pickle-{protocol}": bytes((0x80, protocol)) + b"N." for protocol in (2, 3, 4, 5)},
    **{f"framed-{number}": bytes((0x80, number, 0x95)) + struct.pack("<Q", 3) + b"N.x" for number in (4, 5)},
    "framed-with-more": b"\x80\x04\x95" + struct.pack("<Q", 1) + b"N.xyz",
    **{f"torch-{protocol}": bytes((0x80, protocol)) + _TORCH + b"x" for protocol in (2, 3)},
    "numpy-o": _numpy(b"{'descr': '|O', 'shape': (1,)}"),
    "numpy-object": _numpy(b"{'descr': [('a', 'object')]}", 2),
    "numpy-3": _numpy(b"{'descr': '|O'}", 3),
    "archive": _archive("a/weights.pkl"),
    "archive-second": _archive("a.txt", "b.pkl"),
    "archive-alone": _archive(".pkl"),
    "archive-with-a-comment": _archive("a/data.pkl", comment=b"c" * 65535),
}  # fmt: skip
_NO_CODE: Mapping[str, bytes] = {
    "elf-short": b"\x7fEL",
    "elf-later": b" \x7fELF",
    "pe-elsewhere": _pe(64, b"PE\0\1"),
    "pe-beyond": _pe(0) + b"PE\0\0",
    "mz-alone": b"MZ",
    "mach-half": b"\xfe\xed\xfa\xcd" + bytes(8),
    "class-half": b"\xca\xfe\xba\xbf" + bytes(8),
    "python-short": struct.pack("<H", 3394) + b"\r\n" + bytes(11),
    "python-2999": struct.pack("<H", 2999) + b"\r\n" + bytes(12),
    "python-4000": struct.pack("<H", 4000) + b"\r\n" + bytes(12),
    "python-lines": struct.pack("<H", 3394) + b"\n\r" + bytes(12),
    "pickle-without-an-end": b"\x80\x02N.x",
    "pickle-1": b"\x80\x01N.",
    "pickle-6": b"\x80\x06N.",
    "pickle-0": pickle.dumps([1], protocol=0),
    "framed-short": b"\x80\x04\x95" + struct.pack("<Q", 4) + b"N.x",
    "framed-3": b"\x80\x03\x95" + struct.pack("<Q", 3) + b"N.x",
    "torch-4": b"\x80\x04" + _TORCH + b"x",
    "numpy-floats": _numpy(b"{'descr': '<f4', 'shape': (1,)}"),
    "numpy-behind": _numpy(b"{'descr': '<f4'}") + b"O object",
    "archive-name-in-capitals": _archive("a/data.PKL"),
    "archive-name-goes-on": _archive("a/data.pkl.txt", "pkl", "a/pkl"),
    "archive-content": _archive("a", content=b"b.pkl"),
    "archive-later": _archive("data.pkl", before=b"    "),
}


def _external_code(bases: Bases) -> Forged:
    draft = bases.alone().external()
    return bases.finish(draft.put(WEIGHTS, b"\x7fELF" + draft.member(WEIGHTS).data[4:]))


def _tensor(dtype: str = '"U8"', shape: str = "[1]", offsets: str = "[0,1]", more: str = "") -> bytes:
    return f'{{"a":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}{more}}}}}'.encode()


def _safetensors(header: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


_DTYPES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **{
        "F4": 4,
        "F6_E2M3": 6,
        "F6_E3M2": 6,
        "I16": 16,
        "U16": 16,
        "F16": 16,
        "BF16": 16,
        "I32": 32,
        "U32": 32,
    },
    **{"F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64},
}


def _of(dtype: str, count: int, size: int) -> bytes:
    return _safetensors(_tensor(f'"{dtype}"', f"[{count}]", f"[0,{size}]"), bytes(size))


_TWO = (
    '{"b":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]},'
    '"a":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}}'
)
_WRONG_TENSORS: Mapping[str, bytes] = {
    **{f"{dtype}-longer": _of(dtype, 4, bits // 2 + 1) for dtype, bits in _DTYPES.items()},
    **{f"{dtype}-shorter": _of(dtype, 4, bits // 2 - 1) for dtype, bits in _DTYPES.items()},
    **{f"dtype-{dtype}": _of(dtype, 1, 1) for dtype in ("u8", "U4", "F8", "F8_E4M3FN", "C128", "BOOL8", "")},
    "seven-bytes": bytes(7),
    "header-one-longer": _safetensors(b"{}", length=3),
    "header-beyond": _safetensors(b"{}", length=100_000_001),
    "byte-behind": _safetensors(_tensor(), b"xy"),
    "byte-less": _safetensors(_tensor(), b""),
    "space-before": _safetensors(b" {}"),
    "list": _safetensors(b"[]"),
    "two-values": _safetensors(b"{}{}"),
    "not-utf-8": _safetensors(b'{"__metadata__":{"a":"\xff"}}'),
    "name-twice": _safetensors(b'{"__metadata__":{},"__metadata__":{}}'),
    "metadata-list": _safetensors(b'{"__metadata__":[]}'),
    "metadata-null": _safetensors(b'{"__metadata__":null}'),
    "metadata-nested": _safetensors(b'{"__metadata__":{"a":{}}}'),
    "tensor-null": _safetensors(b'{"a":null}'),
    "tensor-empty": _safetensors(b'{"a":{}}'),
    "one-more-member": _safetensors(_tensor(more=',"x":1'), b"x"),
    "no-dtype": _safetensors(b'{"a":{"shape":[1],"data_offsets":[0,1]}}', b"x"),
    "dtype-number": _safetensors(_tensor("1"), b"x"),
    "shape-number": _safetensors(_tensor(shape="1"), b"x"),
    "shape-text": _safetensors(_tensor(shape='["1"]'), b"x"),
    "shape-true": _safetensors(_tensor(shape="[true]"), b"x"),
    "shape-negative": _safetensors(_tensor(shape="[-1]"), b"x"),
    "shape-fraction": _safetensors(_tensor(shape="[1.0]"), b"x"),
    "shape-exponent": _safetensors(_tensor(shape="[1e0]"), b"x"),
    "shape-minus-zero": _safetensors(_tensor(shape="[-0]", offsets="[0,0]")),
    "shape-beyond": _safetensors(_tensor(shape="[0,9007199254740992]", offsets="[0,0]")),
    "product-beyond": _safetensors(_tensor(shape="[9007199254740991,1024]", offsets="[0,0]")),
    "one-offset": _safetensors(_tensor(offsets="[1]"), b"x"),
    "three-offsets": _safetensors(_tensor(offsets="[0,1,1]"), b"x"),
    "offset-fraction": _safetensors(_tensor(offsets="[0,1.0]"), b"x"),
    "offsets-turned": _safetensors(_tensor(offsets="[1,0]"), b"x"),
    "begins-at-one": _safetensors(_tensor(offsets="[1,2]"), b"xy"),
    "gap": _safetensors((_TWO % (0, 1, 2, 3)).encode(), b"xyz"),
    "overlap": _safetensors((_TWO % (0, 1, 0, 1)).encode(), b"x"),
    "depth-65": _safetensors(b'{"__metadata__":' + b"[" * 64 + b"]" * 64 + b"}"),
}
_RIGHT_TENSORS: Mapping[str, bytes] = {
    **{dtype: _of(dtype, 4, bits // 2) for dtype, bits in _DTYPES.items()},
    "spaces-behind": _safetensors(b"{}" + b" " * 70),
    "spaces-within": _safetensors(b'{ "__metadata__" : { "a" : "b" } }'),
    "metadata-empty": _safetensors(b'{"__metadata__":{}}'),
    "scalar": _safetensors(_tensor(shape="[]"), b"x"),
    "none": _safetensors(_tensor(shape="[0,9007199254740991]", offsets="[0,0]")),
    "another-order": _safetensors((_TWO % (1, 2, 0, 1)).encode(), b"xy"),
    "order-of-members": _safetensors(b'{"a":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}}', b"x"),
}
_SAFE = "application/vnd.safetensors"


def pt2(names: Mapping[str, bytes], *, encrypted: bool = False) -> bytes:
    """Return an archive as `torch.export.save` writes it, or nearly."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in names.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    data = bytearray(buffer.getvalue())
    if encrypted:
        data[data.rfind(b"PK\1\2") + 8] |= 1
    return bytes(data)


_PT2 = {"m/archive_format": b"pt2", "m/archive_version": b"0", "m/models/model.json": b"{}"}


def pt2_draft(data: bytes, bases: Bases | None = None, **members: Any) -> Draft:
    """Return the linear package with an artifact of the format pt2 beside its own."""
    draft = linear_draft() if bases is None else bases.alone().linear()
    draft.add("model/model.pt2", data, "application/zip", "artifact")
    artifact: dict[str, Any] = {
        "id": "torch",
        "format": "pt2",
        "formatVersion": "0",
        "entry": "model/model.pt2",
    }
    artifact |= {"precision": "FP32", "executable": True, **members}
    draft.manifest["artifacts"].append({key: one for key, one in artifact.items() if one is not None})
    return draft


def plain_pt2() -> Draft:
    """Return the linear package with a right artifact of the format pt2 beside its own."""
    return pt2_draft(pt2(_PT2))


def _pt2(data: bytes, **members: Any) -> Forge:
    return lambda bases: bases.finish(pt2_draft(data, bases, **members))


def _archives() -> Iterator[Violation]:
    for name in _PT2:
        less = {key: one for key, one in _PT2.items() if key != name}
        yield Violation("PKG-ART-01", f"pt2-without-{name.replace('/', '-')}", _pt2(pt2(less)))
        moved = {(f"n/{key[2:]}" if key == name else key): one for key, one in _PT2.items()}
        yield Violation("PKG-ART-01", f"pt2-elsewhere-{name.replace('/', '-')}", _pt2(pt2(moved)))
    wrong: Mapping[str, bytes] = {
        "two-roots": pt2({**_PT2, **{f"n/{name[2:]}": one for name, one in _PT2.items()}}),
        "a-name-alone": pt2({**_PT2, "x": b""}),
        "encrypted": pt2(_PT2, encrypted=True),
        "format-in-capitals": pt2({**_PT2, "m/archive_format": b"PT2"}),
        "format-with-a-line": pt2({**_PT2, "m/archive_format": b"pt2\n"}),
        "format-shorter": pt2({**_PT2, "m/archive_format": b"pt"}),
        "cut": pt2(_PT2)[:-10],
    }
    for name, data in wrong.items():
        yield Violation("PKG-ART-01", f"pt2-{name}", _pt2(data))
    for version in ("1", "00", "0 "):
        yield Violation("PKG-ART-02", f"pt2-version-{version}", _pt2(pt2(_PT2), formatVersion=version))
    yield Violation("PKG-ART-02", "pt2-version-of-two", _pt2(pt2({**_PT2, "m/archive_version": b"10"})))
    yield Violation("PKG-ART-08", "false", _pt2(pt2(_PT2), executable=False))


_TEXT_STEPS = {"tokens": (Bases.text, TOKENS), "labels": (Bases.text, LABELS), "keys": (Bases.lines, KEYS)}


def _put(base: Base, path: str, data: bytes) -> Forge:
    return lambda bases: bases.finish(base(bases).put(path, data))


def _appended(base: Base, path: str, more: bytes) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = base(bases)
        return bases.finish(draft.put(path, draft.member(path).data + more))

    return forge


def _step_files() -> Iterator[Violation]:
    for name, (base, path) in _TEXT_STEPS.items():
        for fault, more in (
            ("carriage-return", b"a\rb\n"),
            ("not-utf-8", b"\xc3\n"),
            ("surrogate", b"\xed\xa0\x80\n"),
        ):
            yield Violation("PKG-PRO-05", f"{fault}-in-{name}", _appended(base, path, more))
        yield Violation("PKG-PRO-05", f"empty-{name}", _put(base, path, b""))
        for role in ("other", "graph", "card", "weights"):
            yield Violation(
                "PKG-PRO-05", f"{name}-as-{role}", _role(base, path, role), varies=role != "weights"
            )
    yield Violation("PKG-PRO-05", "token-of-nothing-within", _appended(Bases.text, TOKENS, b"\nzzz\n"))
    yield Violation("PKG-PRO-05", "token-again", _appended(Bases.text, TOKENS, b"zzz\nzzz\n"))
    yield Violation("PKG-PRO-05", "first-token-again", _appended(Bases.text, TOKENS, b"[PAD]\n"))
    for member in ("unknown", "padding", "first", "last"):
        change = {member: "[NONE]"}
        forge = manifest(lambda m, change=change: m["processing"]["pre"][0].update(change), Bases.text)  # type: ignore[misc]
        yield Violation("PKG-PRO-05", f"{member}-is-no-line", forge)
    graphs: Mapping[str, bytes] = {
        "ir-version": models.scale() + b"\x08\x02",
        "circle": _with_circle(),
        "two-outputs": _scale(more_outputs=True),
        "second-opset": models.scale(domain="com.microsoft"),
        "training-opset": models.scale(domain="ai.onnx.preview.training"),
        "initializer": _scale(bad_tensor=True),
        "fixed-batch": models.scale(shape=(2, 3)),
        "of-rank-one": models.scale(shape=(3,)),
        "of-rank-three": models.scale(shape=(None, 3, None)),
        "of-integers": models.scale(datatype="INT64"),
        "of-fp64": models.scale(datatype="FP64"),
    }
    for name, data in graphs.items():
        yield Violation("PKG-PRO-05", f"graph-{name}", _put(Bases.text, SCALE, data))
    for role in ("other", "artifact", "weights", "tokenizer"):
        varies = role not in ("artifact", "weights")  # a container aligns these
        yield Violation("PKG-PRO-05", f"graph-as-{role}", _role(Bases.text, SCALE, role), varies=varies)


def _role(base: Base, path: str, role: str) -> Forge:
    def change(document: Any) -> None:
        next(one for one in document["files"] if one["path"] == path).update(role=role)

    return manifest(change, base)


def _with_circle() -> bytes:
    from onnx import ModelProto, helper

    built = ModelProto.FromString(models.scale())
    node = helper.make_node("f", ["x"], ["y"], domain="forge")
    built.functions.append(
        helper.make_function("forge", "f", ["x"], ["y"], [node], [helper.make_opsetid("", 17)])
    )
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


def _scale(*, more_outputs: bool = False, bad_tensor: bool = False) -> bytes:
    from onnx import ModelProto, helper

    built = ModelProto.FromString(models.scale())
    if more_outputs:
        built.graph.output.append(helper.make_tensor_value_info("a", 1, None))
    if bad_tensor:
        built.graph.initializer.add(name="bad", data_type=1, dims=[2], raw_data=bytes(7))
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


def content_faults() -> Iterator[Violation]:
    """Yield packages with content that breaks one rule."""
    for name, data in _CODE.items():
        yield Violation("PKG-ART-07", name, _file(data))
    for name, path in (("in-json", "a.json"), ("in-a-png", "b.png"), ("without-a-name", "c")):
        yield Violation("PKG-ART-07", name, _file(_CODE["pickle-4"], path))
    for role in ("documentation", "license", "weights", "vocabulary", "tokenizer"):
        yield Violation("PKG-ART-07", f"role-{role}", _file(_CODE["elf-alone"], "file", role))
    yield Violation("PKG-ART-07", "external-of-onnx", _external_code)
    for name, data in _WRONG_TENSORS.items():
        yield Violation("PKG-ART-12", name, _file(data, "w.safetensors"))
    yield Violation("PKG-ART-12", "by-its-media-type", _file(b"", "w", "other", _SAFE))
    yield Violation("PKG-ART-12", "role-weights", _file(b"", "w.safetensors", "weights"))
    yield from _archives()
    yield from _step_files()


def sound_contents() -> Iterator[ValidPackage]:
    """Yield packages with content that is just right."""
    draft = linear_draft()
    for number, data in enumerate(_NO_CODE.values()):
        draft.add(f"near/{number}", data, "application/octet-stream", "other")
    for number, data in enumerate(_RIGHT_TENSORS.values()):
        draft.add(f"safe/{number}.safetensors", data, "application/octet-stream", "other")
    draft.add("safe/by-type", _RIGHT_TENSORS["U8"], _SAFE, "other")
    draft.add("safe/none.SafeTensors", b"text", "text/plain", "other")
    draft.add("safe/none.safetensors.txt", b"text", "application/vnd.safetensors.x", "other")
    yield ValidPackage("near-code", draft.directory)
    whole = pt2({**_PT2, "m/data.pkl": b"x", "m/code/__torch__.py": b"x"})
    yield ValidPackage("pt2", lambda: pt2_draft(whole).archive())
    other = pt2({**_PT2, "m/archive_version": b"12"})
    yield ValidPackage("pt2-of-another-version", lambda: pt2_draft(other, formatVersion="12").directory())
    yield ValidPackage("pt2-alone", lambda: _alone().directory())


def _alone() -> Draft:
    """Return a package without ONNX: its oracle may be an engine of ONNX, and weights have no mutants."""
    draft = pt2_draft(pt2(_PT2))
    draft.score = None
    draft.members = [one for one in draft.members if one.path != MODEL]
    del draft.manifest["artifacts"][0]

    def change(document: Any) -> None:
        document["controls"] = [one for one in document["controls"] if one["control"] == "constant-answer"]
        document["mutation"] = {"mutants": 0, "killed": 0, "survivors": []}
        document["provenance"]["oracle"]["name"] = "onnxruntime"

    return draft.edit(VECTORS, change)
