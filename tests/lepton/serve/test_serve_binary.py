"""Tensors in binary. Expected bytes come from `struct`."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.serve.binary import pack_tensor, unpack_tensor
from lepton.serve.reply import RequestError

SIZES = {
    "BOOL": 1,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "FP16": 2,
    "BF16": 2,
    "FP32": 4,
    "FP64": 8,
}


@pytest.mark.parametrize("datatype", [name for name in SIZES if name != "BOOL"])
@given(data=st.data())
def test_keeps_every_bit_at_any_alignment(datatype: str, data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
    size = SIZES[datatype] * math.prod(shape)
    octets = data.draw(st.binary(min_size=size, max_size=size))
    offset = data.draw(st.integers(0, 8))
    array = unpack_tensor(memoryview(b"x" * offset + octets)[offset:], datatype, shape)
    assert array.shape == tuple(shape)
    assert array.flags.aligned
    assert bytes(pack_tensor(array, datatype)) == octets


def test_reads_little_endian_elements_in_row_major_order() -> None:
    array = unpack_tensor(memoryview(struct.pack("<6i", 1, -2, 3, 4, 5, 2**31 - 1)), "INT32", [2, 3])
    assert array.tolist() == [[1, -2, 3], [4, 5, 2**31 - 1]]
    assert bytes(pack_tensor(array.T, "INT32")) == struct.pack("<6i", 1, 4, -2, 5, 3, 2**31 - 1)


def test_views_aligned_bytes_without_a_copy() -> None:
    octets = memoryview(bytes(1024))
    array = unpack_tensor(octets, "UINT8", [1024])
    assert np.shares_memory(array, np.frombuffer(octets, dtype=np.uint8))


@pytest.mark.parametrize("datatype", SIZES)
@pytest.mark.parametrize("shape", [[2], [3, 2], [0], [2**62], [2**40, 2**40]])
def test_refuses_a_size_that_contradicts_the_shape(datatype: str, shape: list[int]) -> None:
    for size in {0, 1, 5, 2 * SIZES[datatype] + 1, 1000} - {SIZES[datatype] * math.prod(shape)}:
        with pytest.raises(RequestError):
            unpack_tensor(memoryview(bytes(size)), datatype, shape)


@pytest.mark.parametrize("octet", [2, 128, 255])
def test_refuses_bytes_that_are_no_booleans(octet: int) -> None:
    assert unpack_tensor(memoryview(b"\0\1"), "BOOL", [2]).tolist() == [False, True]
    with pytest.raises(RequestError, match=str(octet)):
        unpack_tensor(memoryview(bytes([0, octet])), "BOOL", [2])


@given(st.lists(st.binary(max_size=20)))
def test_carries_any_byte_strings(strings: list[bytes]) -> None:
    octets = b"".join(struct.pack("<I", len(string)) + string for string in strings)
    array = unpack_tensor(memoryview(octets), "BYTES", [len(strings), 1])
    assert array.reshape(-1).tolist() == strings
    assert pack_tensor(array, "BYTES") == octets


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x02\0\0\0ab\x04\0\0\0cde",
        b"\xff\xff\xff\xffab\x03\0\0\0cde",
        b"\x02\0\0\0ab\x03\0\0\0cde\0",
        b"\x02\0\0\0ab\x03\0",
        b"\x02\0\0\0ab",
        b"\x02\0\0\0ab\x03\0\0\0cde\0\0\0\0",
    ],
)
def test_refuses_byte_strings_that_do_not_end_with_the_tensor(octets: bytes) -> None:
    with pytest.raises(RequestError):
        unpack_tensor(memoryview(octets), "BYTES", [2])


def test_refuses_a_huge_count_of_byte_strings_before_taking_memory() -> None:
    with pytest.raises(RequestError):
        unpack_tensor(memoryview(bytes(64)), "BYTES", [2**40])
