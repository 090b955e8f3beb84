"""The naive server's hand-written protocol buffers say what the library of protocol buffers says."""

from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

import lepton_spec
from lepton_conformance.mutants.grpc_lawful import Unpacked, WritesDefaults
from lepton_conformance.mutants.grpc_messages import NotAMessage, Wire

WIRES = (Wire(), Unpacked(), WritesDefaults())
INTS = st.integers(-(2**63), 2**63 - 1)
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "bool_contents": st.lists(st.booleans(), min_size=1),
        "int_contents": st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1),
        "int64_contents": st.lists(INTS, min_size=1),
        "uint_contents": st.lists(st.integers(0, 2**32 - 1), min_size=1),
        "uint64_contents": st.lists(st.integers(0, 2**64 - 1), min_size=1),
        "fp32_contents": st.lists(st.floats(width=32, allow_nan=False), min_size=1),
        "fp64_contents": st.lists(st.floats(allow_nan=False), min_size=1),
        "bytes_contents": st.lists(st.binary(), min_size=1),
    },
)
INPUT = st.fixed_dictionaries(
    {"name": st.text(min_size=1), "datatype": st.text(min_size=1), "shape": st.lists(INTS, min_size=1)},
    optional={"contents": CONTENTS},
)
REQUEST = st.fixed_dictionaries(
    {"model_name": st.text(min_size=1), "id": st.text(min_size=1)},
    optional={
        "inputs": st.lists(INPUT, min_size=1, max_size=2),
        "outputs": st.lists(st.fixed_dictionaries({"name": st.text(min_size=1)}), min_size=1, max_size=2),
        "raw_input_contents": st.lists(st.binary(), min_size=1),
    },
)


def request_class() -> Any:
    files = descriptor_pb2.FileDescriptorSet.FromString(lepton_spec.path("inference.binpb").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelInferRequest"))


REQUEST_CLASS = request_class()


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | np.ndarray):
        return [plain(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return value


@settings(max_examples=100, deadline=None)
@given(REQUEST)
def test_bytes_of_the_library_are_read(document: dict[str, Any]) -> None:
    assert plain(Wire().parse(REQUEST_CLASS(**document).SerializeToString(), "InferRequest")) == document


@settings(max_examples=100, deadline=None)
@given(REQUEST, st.sampled_from(WIRES))
def test_library_reads_what_is_written(document: dict[str, Any], wire: Wire) -> None:
    assert REQUEST_CLASS.FromString(wire.build("InferRequest", document)) == REQUEST_CLASS(**document)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=40), REQUEST.map(lambda d: Wire().build("InferRequest", d)[:-1])))
def test_bytes_are_refused_where_the_library_refuses_them(data: bytes) -> None:
    try:
        Wire().parse(data, "InferRequest")
        accepted = True
    except NotAMessage:
        accepted = False
    try:
        REQUEST_CLASS.FromString(data)
        expected = True
    except Exception:
        expected = False
    assert accepted == expected


@pytest.mark.parametrize("count", [1, 127, 128, 70_000])
def test_packed_varints_survive_a_round_trip(count: int) -> None:
    values = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(3)
    assert (Wire().unpack_varints(Wire().pack_varints(values)) == values).all()
