"""Models that are traps: bombs of the wire format, external data that escapes, code under another name."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper

from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import MODEL
from lepton_conformance.forge.valid import external_draft, external_tensor, linear_draft

Judge = Callable[..., Any]


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def with_model(data: bytes) -> Draft:
    draft = linear_draft()
    draft.score = None
    return draft.put(MODEL, data)


def behind(tail: bytes) -> Draft:
    """Return the plain package with more bytes behind its model: fields of the same message."""
    return with_model(linear_draft().member(MODEL).data + tail)


def nested(depth: int) -> bytes:
    """Return graphs within attributes within nodes within graphs, built from the inside without recursion."""
    inner = b""
    for _ in range(depth):
        inner = field(1, field(5, field(6, inner)))
    return inner


def graph(**changes: Any) -> Draft:
    model = onnx.ModelProto.FromString(linear_draft().member(MODEL).data)
    for name, value in changes.items():
        getattr(model.graph, name).extend(value)
    return with_model(model.SerializeToString())


def initializer(**members: Any) -> Draft:
    return graph(initializer=[onnx.TensorProto(name="more", **members)])


BOMBS: dict[str, Callable[[], Draft]] = {
    "graphs nested 60 deep": lambda: behind(field(7, nested(60))),
    "graphs nested 20,000 deep": lambda: behind(field(20, field(1, nested(20_000)))),
    "a length of 2^64 - 1": lambda: behind(b"\x3a" + varint(2**64 - 1)),
    "a length of 2 GB": lambda: behind(b"\x3a" + varint(2**31 - 1)),
    "a number without an end": lambda: behind(b"\x08" + b"\xff" * 1_000_000),
    "a million empty fields": lambda: behind(b"\xa2\x01\x00" * 1_000_000),
    "a million unknown fields": lambda: behind(b"\xf8\x7f\x00" * 1_000_000),
    "groups": lambda: behind(b"\x0b" * 1_000_000),
    "a flood of packed dimensions": lambda: initializer(data_type=1, dims=[2**62] * 4096, raw_data=b""),
    "a rank of a million": lambda: initializer(data_type=1, dims=[1] * 1_000_000, raw_data=b"abcd"),
    "2^62 elements": lambda: initializer(data_type=1, dims=[2**62], raw_data=b""),
    "2^126 elements": lambda: initializer(data_type=1, dims=[2**63 - 1, 2**63 - 1], raw_data=b""),
    "negative sizes": lambda: initializer(data_type=1, dims=[-1, -4], raw_data=bytes(16)),
    "a name of ten megabytes": lambda: graph(node=[onnx.NodeProto(op_type="x" * 10_000_000)]),
    "200,000 inputs": lambda: graph(input=[onnx.ValueInfoProto(name="i")] * 200_000),
    "packed numbers": lambda: initializer(data_type=7, dims=[1], int64_data=[1] * 10_000_000),
    "a sparse tensor of 2^62 elements": lambda: graph(
        sparse_initializer=[
            helper.make_sparse_tensor(
                onnx.TensorProto(name="v", data_type=1, dims=[2**62], raw_data=b""),
                onnx.TensorProto(name="i", data_type=7, dims=[2**62], raw_data=b""),
                [2**62, 2**62],
            )
        ]
    ),
}


@pytest.mark.parametrize("made", BOMBS.values(), ids=BOMBS)
def test_a_model_that_is_a_bomb_ends_cheaply(
    made: Callable[[], Draft], tmp_path: Path, measured: Judge
) -> None:
    found = measured(made().directory().write(tmp_path))
    # Unknown fields, empty messages and long names are lawful, however many or long.
    lawful = ("a million unknown fields", "a million empty fields", "a name of ten megabytes")
    assert found.verdict == "pass" or made not in [BOMBS[name] for name in lawful]
    assert found.verdict in ("fail", "inconclusive") or made in [BOMBS[name] for name in lawful]
    assert len(str(found.findings)) < 100_000


LOCATIONS = [
    *("../card.json", "/etc/passwd", "..\\card.json", "C:\\x", "\\\\host\\x", "file:///etc/passwd", ""),
    *("./weights.bin", "a/../weights.bin", "weights.bin/", "weights.bin\0", "WEIGHTS.BIN", "x" * 60_000),
    *("/proc/self/mem", "/dev/zero", "http://127.0.0.1/x", "weights.bin\n", "\u202eweights.bin", "~/x"),
]


@pytest.mark.parametrize("location", LOCATIONS, ids=[f"{one!r:.30}" for one in LOCATIONS])
def test_external_data_that_escapes_is_named(location: str, tmp_path: Path, judge: Judge) -> None:
    draft = external_draft()
    draft.score = None
    model = onnx.ModelProto.FromString(draft.member(MODEL).data)
    model.graph.initializer[0].CopyFrom(external_tensor(location=location))
    found = judge(draft.put(MODEL, model.SerializeToString()).directory().write(tmp_path))
    assert set(found.requirements) == {"PKG-ART-04"}


RANGES = [("9" * 40, "24"), ("8", "9" * 40), (str(2**63), "24"), ("-8", "24"), ("8", "-24"), ("0x8", "24")]
RANGES += [("8", "25"), ("9", "24"), (" 8", "24"), ("8", ""), ("", "24"), ("८", "24"), ("9" * 60_000, "24")]


@pytest.mark.parametrize(("offset", "length"), RANGES)
def test_external_data_beyond_its_file_is_named(
    offset: str, length: str, tmp_path: Path, judge: Judge
) -> None:
    draft = external_draft()
    draft.score = None
    model = onnx.ModelProto.FromString(draft.member(MODEL).data)
    model.graph.initializer[0].CopyFrom(external_tensor(offset=offset, length=length))
    found = judge(draft.put(MODEL, model.SerializeToString()).directory().write(tmp_path))
    assert set(found.requirements) == {"PKG-ART-05"}


class Evil:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("/nonexistent/it-ran",))


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def safetensors(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


PICKLED = [pickle.dumps(Evil(), protocol) for protocol in range(2, 6)]
CODE: dict[str, tuple[str, bytes, str]] = {
    **{f"protocol {n}": ("notes.txt", data, "PKG-ART-07") for n, data in enumerate(PICKLED, 2)},
    "weights of an old torch": (
        "model/pytorch_model.bin",
        zipped("archive/data.pkl", PICKLED[0]),
        "PKG-ART-07",
    ),
    "an archive behind other bytes": ("a.png", b"PK\3\4" + bytes(64) + zipped("x.pkl", b"x"), "PKG-ART-07"),
    "safetensors with a pickle behind it": ("w.safetensors", safetensors(b"{}", PICKLED[2]), "PKG-ART-12"),
    "a pickle named safetensors": ("w.safetensors", PICKLED[2], "PKG-ART-07"),
    "safetensors with a gap": (
        "w.safetensors",
        safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}', bytes(10)),
        "PKG-ART-12",
    ),
    "a program": ("README", b"\x7fELF" + bytes(60), "PKG-ART-07"),
}


@pytest.mark.parametrize(("path", "data", "wanted"), CODE.values(), ids=CODE)
@pytest.mark.parametrize("made", ["directory", "archive"])
def test_code_under_another_name_is_found_and_not_run(
    made: str, path: str, data: bytes, wanted: str, tmp_path: Path, judge: Judge
) -> None:
    draft = linear_draft().add(path, data, "application/octet-stream", "other")
    found = judge(getattr(draft, made)().write(tmp_path))
    assert wanted in found.requirements
    assert set(found.requirements) <= {"PKG-ART-07", "PKG-ART-12"}


def test_functions_that_call_each_other_are_named(tmp_path: Path, judge: Judge) -> None:
    model = onnx.ModelProto.FromString(linear_draft().member(MODEL).data)
    opsets = [helper.make_opsetid("", 17)]
    for name, called in (("f", "g"), ("g", "f")):
        node = helper.make_node(called, ["x"], ["y"], domain="d")
        model.functions.append(helper.make_function("d", name, ["x"], ["y"], [node], opsets))
    found = judge(with_model(model.SerializeToString()).directory().write(tmp_path), "full")
    assert found.requirements == ["PKG-ART-13"]
