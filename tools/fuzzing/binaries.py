"""Targets: containers and models. The strict zip reader, the lenient one, ONNX files.

Owns what is asked of those readers; leaves whole packages to `packages`.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from fuzzing.changes import change_bytes, change_wire
from fuzzing.target import Target, expect
from lepton.formats import read_contents
from lepton.formats.archive import ArchiveLimit
from lepton.formats.calls import first_circle
from lepton.formats.onnx import OnnxModel, OnnxTensor, OnnxValue, read_onnx
from lepton.formats.protobuf import WireError, WireLimit
from lepton.formats.reversal import has_reversible_weights
from lepton.formats.signs import content_sign
from lepton.formats.source import FileSource, MemorySource
from lepton.package.paths import syntax_fault
from lepton.package.zipread import ZipContainer
from lepton_conformance.forge import models
from lepton_conformance.forge.archive import DEFLATED, Entry, write_archive

__all__ = ["TARGETS", "ZIP_ERRORS", "on_disk"]

#: What `zipfile` raises for content that it cannot read.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError, OSError)


class on_disk:  # noqa: N801 - reads as a word of the language: with on_disk(data) as path
    """Bytes as a file that has a path and never touches a disk."""

    def __init__(self, data: bytes) -> None:
        self._descriptor = os.memfd_create("fuzz")
        os.write(self._descriptor, data)

    def __enter__(self) -> Path:
        return Path(f"/proc/self/fd/{self._descriptor}")

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)


def _zip_seeds() -> Iterator[bytes]:
    plain = [Entry(b"lepton.json", b"{}"), Entry(b"model/m.onnx", b"abc" * 9, aligned=True)]
    yield write_archive(plain)
    yield write_archive([*plain, Entry(b"deflated", b"abc" * 99, method=DEFLATED)])
    yield write_archive([Entry("ü".encode(), b"x", local={"flags": 2048}, central={"flags": 2048})])
    yield write_archive([])
    large: dict[str, int | bytes] = {
        "compressed": 0xFFFFFFFF,
        "size": 0xFFFFFFFF,
        "extra": b"\1\0\x10\0" + b"\3" + bytes(7) + b"\3" + bytes(7),
    }
    yield write_archive([Entry(b"lepton.json", b"abc", local=large, central=large)])
    yield write_archive(plain) + write_archive(plain)


def _zip(data: bytes) -> None:
    with on_disk(data) as path:
        first, second = _contained(path), _contained(path)
        expect(first == second, "the second reading differs")
    if first is None or any(syntax_fault(name) for name in first) or _needs_more(data):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        expect(other.namelist() == list(first), "another reader sees other names")
        for name, content in first.items():
            if content is not None:
                expect(other.read(name) == content, "another reader sees other content")


def _needs_more(data: bytes) -> bool:
    """Say whether an entry asks for a version after 4.5: the standard does not mind, other readers do."""
    at = data.find(b"PK\1\2")
    while at >= 0:
        if int.from_bytes(data[at + 6 : at + 8], "little") > 45:
            return True
        at = data.find(b"PK\1\2", at + 4)
    return False


def _contained(path: Path) -> dict[str, bytes | None] | None:
    """Return the content of each entry, None for one that contradicts its header; None for no sound zip."""
    container = ZipContainer(path)
    try:
        if container.faults or container.irregular:
            return None
        found: dict[str, bytes | None] = {}
        for name, entry in container.entries.items():
            file = container.open(entry)
            content = b"".join(bytes(piece) for piece in file.chunks())
            expect(len(content) <= entry.size + 1 or entry.stored, "more was unpacked than was declared")
            found[name] = content if file.fault() is None else None
        return found
    finally:
        container.close()


def _archive_seeds() -> Iterator[bytes]:
    for names in (
        ("m/archive_format", "m/archive_version", "m/models/model.json"),
        ("a/data.pkl",),
        ("a.PKL", "b"),
    ):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", method) as archive:
                for name in names:
                    archive.writestr(name, "pt2" if name.endswith("format") else "0")
            yield out.getvalue()
    yield b"PK\3\4" + bytes(26) + out.getvalue()
    yield from (
        b"\x80\4K\1.",
        b"\x7fELF" + bytes(60),
        b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0",
        b"\xa7\x0d\r\n" + bytes(12),
    )


def _archive(data: bytes) -> None:
    source = MemorySource(data)
    found = read_contents("pt2", source)
    expect(found == read_contents("pt2", source), "the second reading differs")
    try:
        sign = content_sign(data[:4096], data[-1:], source)
    except ArchiveLimit:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as other:
            names = [one.orig_filename for one in other.infolist()]
    except ZIP_ERRORS:
        return
    if data[:4] == b"PK\3\4" and any(name.endswith(".pkl") for name in names):
        expect(sign is not None, "another reader sees a pickle in the archive")


def _onnx_seeds() -> Iterator[bytes]:
    yield from (models.linear(), models.vision(), models.threshold())
    rich = onnx.ModelProto.FromString(models.linear())
    node = onnx.helper.make_node("f", ["x"], ["y"], domain="d")
    rich.functions.append(onnx.helper.make_function("d", "f", ["x"], ["y"], [node], rich.opset_import))
    graph = onnx.helper.make_graph([node], "g", [], [], [onnx.helper.make_tensor("t", 7, [2], [1, -1])])
    rich.graph.node.append(onnx.helper.make_node("If", ["c"], ["z"], then_branch=graph, else_branch=graph))
    values = onnx.helper.make_tensor("v", 1, [1], [2.0])
    indices = onnx.helper.make_tensor("i", 7, [1], [3])
    rich.graph.sparse_initializer.append(onnx.helper.make_sparse_tensor(values, indices, [2**40]))
    external = rich.graph.initializer.add(name="e", data_type=1, dims=[2], data_location=1)
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", "8")):
        external.external_data.add(key=key, value=value)
    yield rich.SerializeToString()
    yield b""


def _onnx(data: bytes) -> None:
    source = MemorySource(data)
    try:
        model = read_onnx(source)
    except (WireError, WireLimit):
        return
    expect(model == read_onnx(source), "the second reading differs")
    with on_disk(data) as path, path.open("rb") as file:
        expect(model == read_onnx(FileSource(file.fileno(), len(data))), "a file reads otherwise than memory")
    first_circle(model.functions)
    has_reversible_weights(model, source, lambda _: None)
    try:
        theirs = onnx.ModelProto.FromString(data)
    except (DecodeError, RecursionError) as error:
        # What the standard says is no violation: texts that are not UTF-8, deep nesting.
        expect("utf" in str(error).lower() or len(data) > 100, f"another reader refuses the file: {error}")
        return
    _compare(model, theirs)


def _compare(ours: OnnxModel, theirs: Any) -> None:
    expect(ours.ir_version == theirs.ir_version, "another reader sees another version")
    opsets = tuple((_text(one.domain) or "ai.onnx", one.version) for one in theirs.opset_import)
    expect(tuple(ours.opsets) == opsets, "another reader sees other operator sets")
    graph = theirs.graph
    filled = {one.name for one in graph.initializer} | {one.values.name for one in graph.sparse_initializer}
    for mine, found in ((ours.inputs, graph.input), (ours.outputs, graph.output)):
        named = [one for one in found if found is graph.output or one.name not in filled]
        expect(
            [one.name for one in mine] == [_text(one.name) for one in named],
            "another reader sees other values",
        )
        for value, other in zip(mine, named, strict=True):
            _compare_value(value, other.type)
    main = ours.initializers
    expect(len(main) == len(graph.initializer), "another reader sees other initializers")
    for tensor, other in zip(main, graph.initializer, strict=True):
        _compare_tensor(tensor, other)
    functions = [
        (_text(one.domain) or "ai.onnx", _text(one.name), _text(one.overload)) for one in theirs.functions
    ]
    expect([one.operator for one in ours.functions] == functions, "another reader sees other functions")


def _compare_value(value: OnnxValue, kind: Any) -> None:
    if value.elem_type is None or kind.WhichOneof("value") != "tensor_type":
        return
    expect(_int32(value.elem_type) == kind.tensor_type.elem_type, "another reader sees another type")
    expect(
        (value.shape is not None) == kind.tensor_type.HasField("shape"), "another reader sees another shape"
    )
    if value.shape is not None:
        theirs = [_dimension(one) for one in kind.tensor_type.shape.dim]
        expect(list(value.shape) == theirs, "another reader sees another shape")


def _dimension(dim: Any) -> int | str | None:
    if dim.WhichOneof("value") == "dim_value":
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return _text(dim.dim_param) or None


def _text(value: str | bytes) -> str:
    """Return a text of protobuf as the reader under test writes it; what is no UTF-8 comes as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def _int32(value: int) -> int:
    value &= 2**32 - 1
    return value - 2**32 if value >= 2**31 else value


def _compare_tensor(ours: OnnxTensor, theirs: Any) -> None:
    expect(ours.name == _text(theirs.name), "another reader sees another name")
    expect(list(ours.dims) == list(theirs.dims), "another reader sees another shape")
    expect(_int32(ours.data_type) == theirs.data_type, "another reader sees another element type")
    counts = dict(ours.counts)
    for number, name in ((4, "float_data"), (5, "int32_data"), (6, "string_data"), (7, "int64_data")):
        expect(counts.get(number, 0) == len(getattr(theirs, name)), f"another reader sees other {name}")
    expect((ours.raw is not None) == theirs.HasField("raw_data"), "another reader sees other bytes")
    if ours.raw is not None:
        expect(ours.raw[1] == len(theirs.raw_data), "another reader sees other bytes")
    if ours.external is not None:
        theirs_external = [(_text(one.key), _text(one.value)) for one in theirs.external_data]
        expect(list(ours.external) == theirs_external, "another reader sees other external data")


TARGETS = (
    Target("zip", _zip_seeds, _zip, change_bytes, 2048, share=2),
    Target("archive", _archive_seeds, _archive, change_bytes, 2048),
    Target("onnx", _onnx_seeds, _onnx, change_wire, 8192, share=3),
)
