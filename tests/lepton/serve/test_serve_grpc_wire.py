"""Our cut through the wire format against protobuf's own reader: both accept the same, and read the same."""

import random
import struct
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2 as pb

from lepton.runtime.protocol import Array
from lepton.serve.grpc_contents import read_contents, write_contents
from lepton.serve.grpc_inference import parse_request
from lepton.serve.grpc_wire import read_varints, write_varints
from lepton.serve.reply import RequestError

HOMES = {
    "BOOL": ("bool_contents", "?"),
    "INT8": ("int_contents", "i1"),
    "INT16": ("int_contents", "i2"),
    "INT32": ("int_contents", "i4"),
    "INT64": ("int64_contents", "i8"),
    "UINT8": ("uint_contents", "u1"),
    "UINT16": ("uint_contents", "u2"),
    "UINT32": ("uint_contents", "u4"),
    "UINT64": ("uint64_contents", "u8"),
    "FP32": ("fp32_contents", "f4"),
    "FP64": ("fp64_contents", "f8"),
}


def request(seed: int) -> bytes:
    """A request of random form, with typed and raw tensors in any mixture."""
    rng = random.Random(seed)
    made = pb.ModelInferRequest(model_name="m", id=rng.choice(["", "7", "é"]))
    for index in range(rng.randrange(3)):
        tensor = made.inputs.add(name=f"x{index}", datatype="INT32", shape=[rng.randrange(300), 1])
        tensor.contents.int_contents.extend(rng.randrange(-(2**31), 2**31) for _ in range(rng.randrange(4)))
        tensor.contents.bytes_contents.extend([b"", b"\xff"][: rng.randrange(3)])
        tensor.parameters["p"].int64_param = rng.randrange(2**63)
    made.outputs.add(name="y").parameters["q"].bool_param = True
    made.raw_input_contents.extend(rng.randbytes(rng.randrange(9)) for _ in range(rng.randrange(3)))
    octets: bytes = made.SerializeToString()
    return octets


def mutated(octets: bytes, rng: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at:at] = rng.randbytes(rng.randrange(1, 4))
            case 2:
                del changed[at : at + rng.randrange(1, 4)]
            case _:
                changed[at:at] = rng.choice(UNKNOWN)
    return bytes(changed)


#: Fields that the message has not: varint, fixed, delimited, groups within groups.
UNKNOWN = [
    b"\x98\x06\x01",
    b"\x99\x06" + bytes(8),
    b"\x9d\x06" + bytes(4),
    b"\x9a\x06\x02hi",
    b"\x9b\x06\x08\x01\x13\x14\x9c\x06",
]


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_accepts_and_reads_what_protobuf_accepts_and_reads(seed: int, spoiled: bool) -> None:
    rng = random.Random(seed)
    octets = mutated(request(seed), rng) if spoiled else request(seed)
    try:
        expected = pb.ModelInferRequest.FromString(octets)
    except DecodeError:
        expected = None
    try:
        found = parse_request(octets)
        contents = [pb.InferTensorContents.FromString(b"".join(tensor.contents)) for tensor in found.inputs]
    except (RequestError, DecodeError):
        assert expected is None
        return
    assert expected is not None
    assert (found.model, found.version or "", found.id) == (
        expected.model_name,
        expected.model_version,
        expected.id,
    )
    assert [bytes(view) for view in found.raw] == list(expected.raw_input_contents)
    assert [tensor.name for tensor in found.inputs] == [tensor.name for tensor in expected.inputs]
    assert [list(tensor.shape) for tensor in found.inputs] == [list(t.shape) for t in expected.inputs]
    assert [c.SerializeToString() for c in contents] == [
        tensor.contents.SerializeToString() for tensor in expected.inputs
    ]
    assert list(found.outputs) == [output.name for output in expected.outputs]


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, Array]:
    datatype = draw(st.sampled_from(sorted(HOMES)))
    kind = np.dtype(HOMES[datatype][1])
    bits = draw(st.binary(max_size=24))
    if kind == np.bool_:
        return datatype, np.frombuffer(bits, "u1") % 2 == 1
    return datatype, np.frombuffer(bits[: len(bits) // kind.itemsize * kind.itemsize], kind)


@settings(max_examples=400, deadline=None)
@given(arrays())
def test_contents_are_read_and_written_as_protobuf_does(case: tuple[str, Array]) -> None:
    """Typed values are exact for every datatype of the model, in the datatype's field. INF-GRP-16."""
    datatype, array = case
    field = HOMES[datatype][0]
    message = pb.InferTensorContents()
    message.ParseFromString(b"".join(write_contents(array, datatype)))
    rebuilt = np.array(list(getattr(message, field)), array.dtype)
    if array.dtype.kind != "f":
        assert rebuilt.tobytes() == array.tobytes()
        message = pb.InferTensorContents()
        getattr(message, field).extend(array.tolist())
    read = read_contents([memoryview(message.SerializeToString())], datatype, array.shape)
    assert read.dtype == array.dtype
    assert read.tobytes() == array.tobytes()


@pytest.mark.parametrize("count", [1, 5, (1 << 18) - 1, (1 << 18) + 3])
@pytest.mark.parametrize("bits", [1, 7, 8, 31, 64])
def test_long_tensors_of_varints_keep_every_bit(count: int, bits: int) -> None:
    rng = np.random.default_rng(count)
    words = rng.integers(0, 2**64, count, dtype=np.uint64) >> np.uint64(64 - bits)
    words[-1] = 2**bits - 1
    octets = write_varints(words)
    message = pb.InferTensorContents(uint64_contents=words[:1000].tolist())
    assert octets.startswith(
        message.SerializeToString()[2 if len(message.SerializeToString()) < 130 else 3 :]
    )
    into = np.empty(count, np.uint64)
    read_varints(memoryview(octets), count, into)
    assert into.tobytes() == words.tobytes()


def test_unpacked_and_divided_contents_mean_the_same() -> None:
    packed = pb.InferTensorContents(int_contents=[1, -2, 300]).SerializeToString()
    minus_two = b"\xfe" + b"\xff" * 8 + b"\x01"
    unpacked = b"\x10\x01\x10" + minus_two + b"\x10\xac\x02"
    divided = [memoryview(b"\x10\x01"), memoryview(b"\x12\x0c" + minus_two + b"\xac\x02")]
    for parts in ([memoryview(packed)], [memoryview(unpacked)], divided):
        assert read_contents(parts, "INT32", (3,)).tolist() == [1, -2, 300]


@pytest.mark.parametrize(
    ("octets", "count"),
    [
        (b"\x80", 0),
        (b"\x01\x80", 1),
        (b"\xff" * 10 + b"\x01", 1),
        (b"\xff" * 9 + b"\x02", 1),
        (b"\xff" * 600_000 + b"\x01", 1),
        (b"\x01", 2),
        (b"\x01\x02", 1),
        (b"", 1),
    ],
)
def test_varints_that_are_none_or_not_as_many_are_refused(octets: bytes, count: int) -> None:
    with pytest.raises(RequestError, match="found"):
        read_varints(memoryview(octets), count, np.empty(count, np.int64))


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


@pytest.mark.parametrize(
    ("octets", "word"),
    [
        (field(5, b"") * 100_001, "fields"),
        (b"\x98\x06\x01" * 100_001, "fields"),
        (b"\x1b" * 200 + b"\x1c" * 200, "groups"),
        (b"\x1a" + struct.pack("<B", 200) + b"\x01" + b"x" * 30, "ends"),
        (b"\x1a\x85\x80\x80\x08" + bytes((16 << 20) + 5), "names, shapes and parameters"),
    ],
)
def test_messages_made_to_cost_much_are_refused(octets: bytes, word: str) -> None:
    with pytest.raises(RequestError, match=word):
        parse_request(octets)


def test_tensors_are_views_of_the_request() -> None:
    made = pb.ModelInferRequest(model_name="m", raw_input_contents=[b"abcd", b""])
    octets = made.SerializeToString()
    views: list[Any] = list(parse_request(octets).raw)
    assert [view.obj is octets for view in views] == [True, True]
