"""A safetensors header has one reading (PKG-ART-12); what leaves two, or lies about its file, is refused."""

import json
import struct
from typing import Any

import pytest

from lepton.formats.source import MemorySource
from lepton.package.tensorfile import read_header


def file(header: Any, data: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def fault(data: bytes) -> str:
    return read_header(MemorySource(data)).fault


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    "data",
    [
        file({}),
        file(b"{}      "),
        file({"__metadata__": {"format": "pt"}, "a": tensor("F32", [2, 1], 0, 8)}, bytes(8)),
        file({"b": tensor("U8", [1], 1, 2), "a": tensor("BOOL", [1], 0, 1)}, bytes(2)),
        file({"scalar": tensor("F64", [], 0, 8), "none": tensor("I8", [0, 2**40, 2**40], 8, 8)}, bytes(8)),
        file({"name: 1.5, -2": tensor("U8", [1], 0, 1)}, b"x"),
        file({"half": tensor("F4", [2], 0, 1)}, bytes(1)),
    ],
)
def test_a_sound_header_is_accepted(data: bytes) -> None:
    assert fault(data) == ""


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "at least 8"),
        (b"\xff" * 8, "at most"),
        (file({}, length=3), "within the file"),
        (file(b" {}"), "begins with"),
        (file(b"[]"), "begins with"),
        (file(b"{}x"), "no JSON"),
        (file({}, b"x"), "found 1 bytes behind the header"),
        (file(b'{"a":{},"a":{}}'), "twice"),
        (file(b'{"a":' * 70 + b"1" + b"}" * 70), "nesting"),
        (file(b'{"a":1e999}'), "beyond a double"),
        (file({"__metadata__": {"k": 1}}), "__metadata__"),
        (file({"__metadata__": [1]}), "__metadata__"),
        (file({"a": tensor("U9", [1], 0, 1)}, b"x"), "dtype"),
        (file({"a": tensor("U8", [2], 0, 1)}, b"x"), "found 1 bytes, expected 2"),
        (file({"a": tensor("U8", [-1], 0, 1)}, b"x"), "digits alone"),
        (file(b'{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', b"x"), "digits alone"),
        (file(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e0]}}', b"x"), "digits alone"),
        (file({"a": tensor("U8", [1], 1, 2)}, b"xx"), "without gap"),
        (file({"a": tensor("U8", [1], 0, 1), "b": tensor("U8", [1], 0, 1)}, b"x"), "without gap"),
        (file({"a": tensor("U8", [2], 1, 0)}, b"x"), "found -1 bytes"),
        (file({"a": tensor("F4", [1], 0, 0)}), "expected 0.5"),
        (file({"a": tensor("U8", [2**40, 2**40], 0, 1)}, b"x"), "2^63"),
        (file({"a": tensor("U8", [True], 0, 1)}, b"x"), "list of sizes"),
        (file({"a": {**tensor("U8", [1], 0, 1), "pickle": "x"}}, b"x"), "other members"),
        (file({"a": {"dtype": "U8", "shape": [1]}}, b"x"), "other members"),
    ],
)
def test_a_header_with_two_readings_is_refused(data: bytes, word: str) -> None:
    assert word in fault(data)


def test_shapes_of_absurd_rank_take_no_time() -> None:
    """Sizes of 2^53 multiply to a number of millions of digits unless the product is stopped."""
    assert "2^63" in fault(file({"a": tensor("U8", [2**53 - 1] * 1_000_000, 0, 1)}, b"x"))
