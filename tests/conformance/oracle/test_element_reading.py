"""Elements between JSON or bytes and arrays, on the suite's side."""

import struct
from typing import Any

import numpy as np
import pytest

from lepton_conformance.oracle.elements import (
    WrongData,
    bf16_bits,
    bf16_values,
    dtype,
    from_binary,
    from_json,
    to_binary,
    to_json,
)
from lepton_conformance.strategies.tensors import boundary_values, row


@pytest.mark.parametrize("datatype", ["BOOL", "INT8", "UINT64", "INT64", "FP16", "FP32", "FP64", "BYTES"])
def test_boundary_values_survive_json_and_binary(datatype: str) -> None:
    array = row(datatype, boundary_values(datatype))
    for again in (
        from_json(datatype, array.shape, to_json(array)),
        from_binary(datatype, array.shape, to_binary(array)),
    ):
        assert again.shape == array.shape
        assert to_binary(again) == to_binary(array)


def test_decimals_are_read_as_fp64_and_rounded_once_more() -> None:
    found = from_json("FP32", [3], [0.1, 16777217, -0.0])
    assert found.tobytes() == struct.pack("<3f", 0.1, 16777216.0, -0.0)


def test_nested_and_flat_data_read_the_same() -> None:
    flat, nested = from_json("INT8", [2, 2], [1, 2, 3, 4]), from_json("INT8", [2, 2], [[1, 2], [3, 4]])
    assert np.array_equal(flat, nested)
    assert from_json("INT8", [2, 0], [[], []]).shape == (2, 0)


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("INT8", [2], [1]),
        ("INT8", [1], [128]),
        ("INT8", [1], [1.5]),
        ("INT8", [1], [True]),
        ("INT8", [1], [None]),
        ("INT8", [1], ["1"]),
        ("BOOL", [1], [2]),
        ("BOOL", [1], ["true"]),
        ("FP32", [1], [None]),
        ("FP32", [1], ["nan"]),
        ("FP32", [1], [True]),
        ("BYTES", [1], [7]),
        ("INT8", [2, 2], [[1, 2, 3], [4]]),
        ("INT8", [2, 2], [[1, 2], 3, 4]),
        ("INT8", [2, 2], [[[1], [2]], [[3], [4]]]),
        ("INT8", [2, 2], [[1, 2, 3, 4]]),
        ("INT8", [1], {"0": 1}),
        ("INT8", [1], None),
    ],
)
def test_wrong_data_are_refused(datatype: str, shape: list[int], data: Any) -> None:
    with pytest.raises(WrongData):
        from_json(datatype, shape, data)


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("INT16", [2], b"\0\0\0"),
        ("BOOL", [1], b"\2"),
        ("BYTES", [1], b"\1\0\0\0"),
        ("BYTES", [1], b"\0\0\0"),
        ("BYTES", [2], b"\0\0\0\0"),
        ("BYTES", [1], b"\xff\xff\xff\xffa"),
    ],
)
def test_wrong_bytes_are_refused(datatype: str, shape: list[int], data: bytes) -> None:
    with pytest.raises(WrongData):
        from_binary(datatype, shape, data)


def test_bytes_are_little_endian() -> None:
    assert to_binary(np.array([1, -2], dtype=dtype("INT32"))) == struct.pack("<2i", 1, -2)
    assert to_binary(row("BYTES", (b"ab", b""))) == b"\x02\0\0\0ab\0\0\0\0"


def test_bf16_bits_and_values_are_inverse() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    values = bf16_values(bits)
    numbers = ~np.isnan(values)
    assert (bf16_bits(values[numbers]) == bits[numbers]).all()


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (1.00390625, 0x3F80),  # half-way between 1 and the next: to even
        (1.01171875, 0x3F82),  # half-way above: to even
        (1.00390625 + 2.0**-40, 0x3F81),  # a double rounding through FP32 would lose the last bit
        (1.01171875 - 2.0**-40, 0x3F81),
        (-1.00390625 - 2.0**-40, 0xBF81),
        (0.0, 0),
        (-0.0, 0x8000),
        (2.0**-133, 1),
        (2.0**-135, 0),
        (3.3895313892515355e38, 0x7F7F),
        (3.4e38, 0x7F80),
        (1e300, 0x7F80),
        (float("nan"), 0x7FC0),
    ],
)
def test_numbers_are_rounded_to_bf16_once(value: float, bits: int) -> None:
    assert int(bf16_bits(np.array([value]))[0]) == bits
