"""The ONNX reader: what it reads is what `onnx` reads, and nothing that bytes can say hurts it."""

import contextlib
import struct
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lepton.formats.onnx import OnnxModel, read_onnx
from lepton.formats.onnx_messages import MESSAGES, PACKABLE
from lepton.formats.protobuf import WireError, WireLimit
from lepton.formats.source import FileSource, MemorySource
from lepton_conformance.models import EXPORTED
from lepton_conformance.models.graphs import model_bytes

#: Wire type by the type of a field in its descriptor; those that are not here are varints.
WIRES = {1: 1, 2: 5, 9: 2, 11: 2, 12: 2}


def rich_model() -> onnx.ModelProto:
    """A model with a subgraph, a function, constants, sparse and optional inputs, and typed data."""
    shape: list[Any] = ["N", None, 3]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    filled = helper.make_tensor_value_info("w", TensorProto.FLOAT, [3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    branch_out = helper.make_tensor_value_info("b", TensorProto.FLOAT, None)
    constant = helper.make_node(
        "Constant", [], ["b"], value=helper.make_tensor("c", TensorProto.FLOAT, [2], [1.0, 2.0])
    )
    branch = helper.make_graph([constant], "branch", [], [branch_out])
    condition = helper.make_tensor("condition", TensorProto.BOOL, [], [True])
    weights = numpy_helper.from_array(np.arange(3, dtype=np.float32), "w")
    halves = helper.make_tensor(
        "halves", TensorProto.FLOAT16, [2], np.array([1, 2], np.float16).tobytes(), raw=True
    )
    nodes = [
        helper.make_node("If", ["condition"], ["z"], then_branch=branch, else_branch=branch),
        helper.make_node("Twice", ["x"], ["y"], domain="org.example"),
    ]
    graph = helper.make_graph(nodes, "g", [x, filled], [y], [condition, weights, halves])
    function = helper.make_function(
        "org.example",
        "Twice",
        ["a"],
        ["c"],
        [helper.make_node("Add", ["a", "a"], ["c"])],
        [helper.make_opsetid("", 17)],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]
    return helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=9)


RICH = rich_model().SerializeToString()


def read(data: bytes) -> OnnxModel:
    return read_onnx(MemorySource(data))


def test_the_table_of_messages_is_that_of_onnx_proto() -> None:
    found: dict[str, dict[int, tuple[int, str]]] = {}
    packable = {}

    def name_of(descriptor: Any) -> str:
        name = str(descriptor.name).removesuffix("Proto")
        if descriptor.containing_type is not None and descriptor.containing_type.name == "TypeProto":
            return {"Tensor": "TensorType", "SparseTensor": "SparseTensorType"}.get(name, name)
        return name

    def visit(descriptor: Any) -> None:
        name = name_of(descriptor)
        if name in found:
            return
        found[name] = {}
        for field in descriptor.fields:
            wire = WIRES.get(field.type, 0)
            found[name][field.number] = (wire, name_of(field.message_type) if field.message_type else "")
            if field.is_repeated and wire != 2:
                packable[name, field.number] = wire
            if field.message_type:
                visit(field.message_type)

    visit(onnx.ModelProto.DESCRIPTOR)
    assert found == MESSAGES
    assert packable == PACKABLE


def test_reads_what_onnx_reads() -> None:
    model = read(RICH)
    theirs = onnx.load_from_string(RICH)
    assert model.ir_version == theirs.ir_version
    assert model.opsets == (("ai.onnx", 17), ("org.example", 1))
    assert [(one.name, one.shape) for one in model.inputs] == [("x", ("N", None, 3))]
    assert [(one.name, one.elem_type, one.shape) for one in model.outputs] == [("y", TensorProto.FLOAT, None)]
    assert model.domains == ("ai.onnx", "org.example")
    ours = {one.name: one for one in model.initializers}
    assert list(ours) == [one.name for one in theirs.graph.initializer]
    for one in theirs.graph.initializer:
        assert (ours[one.name].data_type, ours[one.name].dims) == (one.data_type, tuple(one.dims))
        raw = ours[one.name].raw
        if one.raw_data:
            assert raw is not None
            assert RICH[raw[0] : raw[0] + raw[1]] == one.raw_data
            assert ours[one.name].byte_count == raw[1]
    assert [one.name for one in model.tensors if not one.main] == ["c", "c"]


@pytest.mark.parametrize("model", EXPORTED, ids=lambda one: one.name)
def test_reads_the_conformance_models(model: Any) -> None:
    data = model_bytes(model)
    theirs = onnx.load_from_string(data)
    ours = read(data)
    assert [one.name for one in ours.inputs] == [one.name for one in theirs.graph.input]
    assert [one.elem_type for one in ours.outputs] == [
        one.type.tensor_type.elem_type for one in theirs.graph.output
    ]


def test_a_large_file_is_read_through_a_small_window(tmp_path: Path) -> None:
    big = np.zeros(8 << 20, np.float32)
    big[0] = 1
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(big, "w"), numpy_helper.from_array(big[:10], "last")],
    )
    path = tmp_path / "big.onnx"
    path.write_bytes(helper.make_model(graph, ir_version=9).SerializeToString())
    with path.open("rb") as file:
        tracemalloc.start()
        model = read_onnx(FileSource(file.fileno(), path.stat().st_size))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert [one.name for one in model.initializers] == ["w", "last"]
    assert peak < 2 << 20


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_never_raises_anything_undeclared_on_mutated_models(data: st.DataObject) -> None:
    mutated = bytearray(RICH)
    for _ in range(data.draw(st.integers(1, 5))):
        where = data.draw(st.integers(0, len(mutated) - 1))
        mutated[where] = data.draw(st.sampled_from([0, 0x0A, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    if data.draw(st.booleans()):
        del mutated[data.draw(st.integers(0, len(mutated))) :]
    with contextlib.suppress(WireError, WireLimit):
        read(bytes(mutated))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_never_raises_anything_undeclared_on_random_bytes(data: bytes) -> None:
    with pytest.raises((WireError, WireLimit)):
        read(data + b"\x07")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_refuses_every_file_that_protobuf_cannot_parse(data: st.DataObject) -> None:
    """The file parses as a `ModelProto`: every known field has its wire type and lies in its message."""
    mutated = bytearray(RICH)
    where = data.draw(st.integers(0, len(mutated) - 1))
    mutated[where] = data.draw(st.integers(0, 255))
    try:
        onnx.load_from_string(bytes(mutated))
    except Exception:
        with pytest.raises((WireError, WireLimit)):
            read(bytes(mutated))


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def test_nested_graphs_end_at_a_limit_and_not_at_the_stack() -> None:
    graph = b""
    for _ in range(200):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(WireLimit, match="nested"):
        read(varint(1 << 3) + varint(8) + field(7, graph) + field(8, b""))


def test_a_size_beyond_the_file_is_not_believed() -> None:
    with pytest.raises(WireError, match="more than its message has"):
        read(varint(7 << 3 | 2) + varint(2**62) + b"x")


def test_a_tensor_of_impossible_size_allocates_nothing() -> None:
    dims = field(1, varint(2**40) * 20)
    graph = field(5, dims + varint(2 << 3) + varint(1) + field(8, b"w"))
    model = read(varint(1 << 3) + varint(8) + field(7, graph) + field(8, b""))
    assert model.initializers[0].elements == 2**800


def test_millions_of_empty_fields_end_in_bounded_time_and_memory() -> None:
    bomb = varint(1 << 3) + varint(8) + field(7, field(5, b"") * 1_200_000) + field(8, b"")
    started = time.process_time()
    with pytest.raises(WireLimit, match="tensors"):
        read(bomb)
    assert time.process_time() - started < 30


def test_a_packed_list_that_is_cut_is_refused() -> None:
    tensor = field(5, b"\x80") + varint(2 << 3) + varint(6)
    with pytest.raises(WireError, match="cut off"):
        read(varint(1 << 3) + varint(8) + field(7, field(5, tensor)) + field(8, b""))


def test_groups_are_refused() -> None:
    with pytest.raises(WireError, match="wire type 3"):
        read(varint(1 << 3 | 3))


def test_two_graphs_are_refused() -> None:
    with pytest.raises(WireError, match="second graph"):
        read(varint(1 << 3) + varint(8) + field(7, b"") + field(7, b"") + field(8, b""))


def test_floats_are_fixed_fields() -> None:
    tensor = field(4, struct.pack("<2f", 1, 2)) + field(1, varint(2)) + varint(2 << 3) + varint(1)
    model = read(varint(1 << 3) + varint(8) + field(7, field(5, tensor)) + field(8, b""))
    assert model.initializers[0].counts == ((4, 2),)
