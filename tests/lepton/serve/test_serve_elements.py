"""Elements in JSON text. Expected values come from `struct`, `json` and `float`."""

import json
import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.serve.elements import (
    MAX_NUMBER_BYTES,
    PIECE_BYTES,
    PRINTED_AT_ONCE,
    parse_elements,
)
from lepton.serve.elements import print_elements as print_parts
from lepton.serve.reply import RequestError


def print_elements(array: Any, datatype: str, output: str) -> bytes:
    return b"".join(print_parts(array, datatype, output))


#: The struct format of each datatype.
FORMATS = {
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
INTEGERS = [name for name in FORMATS if "INT" in name]
FLOATS = [name for name in FORMATS if name.startswith("FP")]

JSON_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
SPACE = st.sampled_from([b"", b" ", b"\n", b"\t\r\n  "])


def limits(datatype: str) -> tuple[int, int]:
    bits = 8 * struct.calcsize("<" + FORMATS[datatype])
    return (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def packed(datatype: str, values: Sequence[Any]) -> bytes:
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def nest(values: list[Any], shape: Sequence[int]) -> Any:
    """Nest flat values as `shape` says."""
    if len(shape) <= 1:
        return values
    step = math.prod(shape[1:])
    return [nest(values[at * step : (at + 1) * step], shape[1:]) for at in range(shape[0])]


@pytest.mark.parametrize("datatype", INTEGERS)
@given(data=st.data())
def test_carries_every_integer_of_the_datatype_exactly(datatype: str, data: st.DataObject) -> None:
    least, most = limits(datatype)
    edges = st.sampled_from([least, least + 1, -1, 0, 1, most - 1, most]).filter(lambda v: least <= v <= most)
    values = data.draw(st.lists(st.one_of(edges, st.integers(least, most)), min_size=1))
    array = parse_elements(json.dumps(values).encode(), datatype, [len(values)])
    assert array.tobytes() == packed(datatype, values)
    assert json.loads(print_elements(array, datatype, "y")) == values


@pytest.mark.parametrize("datatype", INTEGERS)
def test_refuses_integers_just_beyond_the_datatype(datatype: str) -> None:
    for value in (limits(datatype)[0] - 1, limits(datatype)[1] + 1):
        with pytest.raises(RequestError, match=str(value)):
            parse_elements(f"[0, {value}]".encode(), datatype, [2])


@pytest.mark.parametrize("datatype", ["INT8", "INT64", "UINT64"])
@pytest.mark.parametrize("element", ["1.5", '"1"', "true", "null", "{}", "[]", "1e400", "9" * 5000, "1e-1"])
def test_refuses_what_is_no_integer(datatype: str, element: str) -> None:
    with pytest.raises(RequestError):
        parse_elements(f"[{element}]".encode(), datatype, [1])


@pytest.mark.parametrize("element", ["0", "1", '"true"', "null", "1.0"])
def test_refuses_what_is_no_boolean(element: str) -> None:
    with pytest.raises(RequestError, match="BOOL"):
        parse_elements(f"[true, {element}]".encode(), "BOOL", [2])


def test_carries_booleans() -> None:
    array = parse_elements(b"[true,false , true]", "BOOL", [3])
    assert array.tobytes() == b"\1\0\1"
    assert print_elements(array, "BOOL", "y") == b"[true,false,true]"


@pytest.mark.parametrize("datatype", FLOATS)
@given(texts=st.lists(JSON_NUMBERS, min_size=1, max_size=8), space=SPACE)
def test_rounds_decimals_to_nearest_through_binary64(datatype: str, texts: list[str], space: bytes) -> None:
    document = b"[" + b",".join(space + text.encode() + space for text in texts) + b"]"
    wide = [float(text) for text in texts]
    try:
        # `struct` rounds to nearest, ties to even, and refuses what is beyond the type.
        expected = None if any(map(math.isinf, wide)) else packed(datatype, wide)
    except OverflowError:
        expected = None
    if expected is None:
        with pytest.raises(RequestError):
            parse_elements(document, datatype, [len(texts)])
    else:
        assert parse_elements(document, datatype, [len(texts)]).tobytes() == expected


@pytest.mark.parametrize(
    ("datatype", "element"),
    [("FP64", "1e400"), ("FP64", "-1e309"), ("FP32", "3.5e38"), ("FP32", "-3.5e38"), ("FP16", "65520")],
)
def test_refuses_decimals_beyond_the_datatype(datatype: str, element: str) -> None:
    with pytest.raises(RequestError):
        parse_elements(f"[{element}]".encode(), datatype, [1])


@pytest.mark.parametrize(
    "element", ['"nan"', '"inf"', '"1"', '""', "NaN", "Infinity", "null", "true", '"NaN "']
)
def test_refuses_other_spellings_of_non_finite_values(element: str) -> None:
    with pytest.raises(RequestError):
        parse_elements(f"[1, {element}]".encode(), "FP32", [2])


@pytest.mark.parametrize("datatype", FLOATS)
def test_reads_and_prints_non_finite_values_as_strings(datatype: str) -> None:
    array = parse_elements(b'["NaN","Infinity",-0,"-Infinity",-0.0, 0]', datatype, [6])
    nan, plus, zero, minus, negative, positive = array.tolist()
    assert math.isnan(nan)
    assert (plus, minus) == (math.inf, -math.inf)
    assert [math.copysign(1, value) for value in (zero, negative, positive)] == [-1, -1, 1]
    printed = print_elements(array, datatype, "y")
    assert json.loads(printed) == ["NaN", "Infinity", -0.0, "-Infinity", -0.0, 0.0]
    assert printed.count(b"-0.0") == 2


def test_prints_every_fp16_value_so_that_its_bits_survive() -> None:
    bits = np.arange(65536, dtype=np.uint16)
    values = bits.view(np.float16)
    finite = bits[np.isfinite(values)]
    read = json.loads(print_elements(finite.view(np.float16), "FP16", "y"))
    assert struct.pack(f"<{len(read)}e", *read) == finite.tobytes()


@pytest.mark.parametrize(("datatype", "bits"), [("FP32", 32), ("FP64", 64)])
@given(data=st.data())
def test_prints_floats_so_that_their_bits_survive(datatype: str, bits: int, data: st.DataObject) -> None:
    patterns = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1))
    raw = b"".join(pattern.to_bytes(bits // 8, "little") for pattern in patterns)
    finite = [
        value for value in struct.unpack(f"<{len(patterns)}{FORMATS[datatype]}", raw) if math.isfinite(value)
    ]
    array = np.array(finite, dtype={"FP32": np.float32, "FP64": np.float64}[datatype])
    read = json.loads(print_elements(array, datatype, "y"))
    assert packed(datatype, read) == packed(datatype, finite)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1), st.booleans())
def test_carries_strings_as_their_utf8(strings: list[str], escaped: bool) -> None:
    document = json.dumps(strings, ensure_ascii=escaped).encode()
    array = parse_elements(document, "BYTES", [len(strings)])
    assert array.tolist() == [string.encode() for string in strings]
    assert json.loads(print_elements(array, "BYTES", "y")) == strings


@pytest.mark.parametrize(
    "document",
    [rb'["\ud800"]', rb'["\udc00"]', rb'["\ud800\ud800"]', b'["\xff"]', b"[1]", b"[null]", b'["a"'],
)
def test_refuses_strings_that_are_no_unicode(document: bytes) -> None:
    with pytest.raises(RequestError):
        parse_elements(document, "BYTES", [1])


def test_names_the_output_and_the_binary_way_when_bytes_are_not_utf8() -> None:
    with pytest.raises(RequestError, match=r"'raw'.*binary_data"):
        print_elements(np.array([b"\xff"], dtype=object), "BYTES", "raw")


SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=4)


@given(shape=SHAPES, text=st.booleans())
def test_reads_nested_and_flat_data_alike(shape: list[int], text: bool) -> None:
    count = math.prod(shape)
    values: list[Any] = [f']{at}[,"' for at in range(count)] if text else list(range(count))
    datatype = "BYTES" if text else "INT32"
    flat = parse_elements(json.dumps(values).encode(), datatype, shape)
    nested = parse_elements(json.dumps(nest(values, shape), indent=1).encode(), datatype, shape)
    assert flat.shape == nested.shape == tuple(shape)
    expected = [value.encode() for value in values] if text else values
    assert flat.reshape(-1).tolist() == nested.reshape(-1).tolist() == expected


@given(found=SHAPES, expected=SHAPES, text=st.booleans())
def test_refuses_data_nested_as_another_shape(found: list[int], expected: list[int], text: bool) -> None:
    """INF-DAT-15: neither flat nor nested exactly as its shape."""
    count = math.prod(found)
    values: list[Any] = ["a"] * count if text else [1] * count
    document = nest(values, found)
    flat = not any(isinstance(element, list) for element in document)
    wanted = nest(["a" if text else 1] * math.prod(expected), expected)
    if (flat and math.prod(expected) == count) or document == wanted:
        return
    with pytest.raises(RequestError):
        parse_elements(json.dumps(document).encode(), "BYTES" if text else "INT8", expected)


@pytest.mark.parametrize(
    "document",
    [
        b"[[1,2],[3]]",
        b"[[1,2],3,4]",
        b"[1,[2,3],4]",
        b"[[[1,2],[3,4]]]",
        b"1",
        b'{"a":1}',
        b'"1234"',
        b"null",
    ],
)
@pytest.mark.parametrize("datatype", ["INT32", "FP32", "BOOL", "BYTES"])
def test_refuses_ragged_data_and_what_is_no_array(document: bytes, datatype: str) -> None:
    with pytest.raises(RequestError):
        parse_elements(document, datatype, [2, 2])


def test_reads_large_tensors_in_pieces_and_counts_elements_from_the_start() -> None:
    values = list(range(200_000))
    document = json.dumps(values).encode()
    assert len(document) > 4 * PIECE_BYTES
    assert parse_elements(document, "INT32", [400, 500]).reshape(-1).tolist() == values
    spoiled = document.replace(b" 199999]", b' "x"]')
    with pytest.raises(RequestError, match="element 199999"):
        parse_elements(spoiled, "INT32", [200_000])
    with pytest.raises(RequestError, match="found 200000 elements, expected 199999"):
        parse_elements(document, "INT32", [199_999])


@pytest.mark.parametrize("shape", [[2**62], [2**40, 2**40], [2**31, 2**31, 2**31]])
@pytest.mark.parametrize("datatype", ["INT8", "FP32", "BYTES", "BOOL"])
def test_refuses_a_huge_shape_before_taking_memory(shape: list[int], datatype: str) -> None:
    for document in (b"[]", b"[1]", b'["a"]', b"[[1]]"):
        with pytest.raises(RequestError):
            parse_elements(document, datatype, shape)


def test_takes_empty_data_for_every_shape_without_elements() -> None:
    for shape in ([0], [2, 0], [0, 3], [2**40, 0], [0, 2**40]):
        assert parse_elements(b" [ ] ", "FP32", shape).shape == tuple(shape)
    with pytest.raises(RequestError, match="memory"):
        parse_elements(b"[]", "FP32", [2**62, 2**62, 0])


@pytest.mark.parametrize(
    "number", ["1" * 1_000_000, "0." + "3" * 1_000_000, "1" + "0" * 100_000, "-" + "1" * 100_000]
)
@pytest.mark.parametrize("datatype", ["INT64", "FP64", "FP32"])
def test_refuses_numbers_of_absurd_length(number: str, datatype: str) -> None:
    with pytest.raises(RequestError):
        parse_elements(f"[1, {number}]".encode(), datatype, [2])


def test_space_between_elements_is_not_counted_as_a_number() -> None:
    document = b"[1," + b" " * (3 * MAX_NUMBER_BYTES) + b"2]"
    assert parse_elements(document, "INT8", [2]).tolist() == [1, 2]


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("datatype", ["FP16", "FP32", "INT64", "BYTES"])
def test_prints_in_runs_what_it_prints_at_once(datatype: str, more: int) -> None:
    count = 2 * PRINTED_AT_ONCE + more
    values: list[Any] = [str(at).encode() if datatype == "BYTES" else at % 2000 for at in range(count)]
    array = np.array(
        values, dtype=object if datatype == "BYTES" else {"FP16": "f2", "FP32": "f4", "INT64": "i8"}[datatype]
    )
    expected = [value.decode() if datatype == "BYTES" else value for value in values]
    assert json.loads(print_elements(array, datatype, "y")) == expected


def test_prints_the_non_finite_of_every_run() -> None:
    array = np.full(2 * PRINTED_AT_ONCE + 5, np.nan, np.float16)
    array[::2] = -np.inf
    expected = ["-Infinity" if at % 2 == 0 else "NaN" for at in range(array.size)]
    assert json.loads(print_elements(array, "FP16", "y")) == expected
