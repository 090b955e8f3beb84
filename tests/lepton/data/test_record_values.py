"""Values of fields: each grammar at its edges. Expected values are written down, or computed by NumPy."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.data.values import DATA_TYPES, ValueFault, data_types, from_json, from_text

INTEGERS = {
    "sc:Integer": (-(2**63), 2**63 - 1),
    "cr:Int8": (-128, 127),
    "cr:Int16": (-32768, 32767),
    "cr:Int32": (-(2**31), 2**31 - 1),
    "cr:Int64": (-(2**63), 2**63 - 1),
    "cr:UInt8": (0, 255),
    "cr:UInt16": (0, 65535),
    "cr:UInt32": (0, 2**32 - 1),
    "cr:UInt64": (0, 2**64 - 1),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_end_where_their_type_ends(name: str) -> None:
    low, high = INTEGERS[name]
    kind = DATA_TYPES[name]
    assert from_text(str(low), kind) == low
    assert from_text(str(high), kind) == high
    for beyond in (low - 1, high + 1):
        with pytest.raises(ValueFault):
            from_text(str(beyond), kind)


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "01", "-01", "1.0", "1e3", "0x10", "1_000", "١", "--1", "9" * 5000]
)
def test_what_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(ValueFault):
        from_text(text, DATA_TYPES["sc:Integer"])


@pytest.mark.parametrize(
    "text", ["NaN", "nan", "inf", "-inf", "Infinity", "1,5", ".5", "1.", "+1", " 1", "1e", "1e400", "٣"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueFault):
        from_text(text, DATA_TYPES["sc:Float"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sc:Float", "1e308", 1e308),
        ("sc:Float", "-0", -0.0),
        ("cr:Float32", "0.1", float(np.float32(0.1))),
        # Halfway between two binary32: to the even one.
        ("cr:Float32", "16777217", 16777216.0),
        ("cr:Float32", "3.4028235677973362e38", float(np.finfo(np.float32).max)),
        ("cr:Float16", "65519", 65504.0),
        ("cr:Float16", "2049", 2048.0),
    ],
)
def test_numbers_are_rounded_to_their_type(name: str, text: str, value: float) -> None:
    found = from_text(text, DATA_TYPES[name])
    assert isinstance(found, float)
    assert struct.pack("<d", found) == struct.pack("<d", value)


@pytest.mark.parametrize(("name", "text"), [("cr:Float32", "3.4028235677973366e38"), ("cr:Float16", "65520")])
def test_numbers_beyond_their_type_are_refused(name: str, text: str) -> None:
    with pytest.raises(ValueFault):
        from_text(text, DATA_TYPES[name])


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_every_double_is_read_as_it_is_written(value: float) -> None:
    assert from_text(repr(value).replace("e+", "e"), DATA_TYPES["sc:Float"]) == value


@pytest.mark.parametrize("text", ["1", "0", "TRUE", "yes", "t"])
def test_booleans_have_four_texts(text: str) -> None:
    assert [from_text(one, DATA_TYPES["sc:Boolean"]) for one in ("true", "True", "false", "False")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ValueFault):
        from_text(text, DATA_TYPES["sc:Boolean"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sc:Integer", True),
        ("sc:Integer", 1.5),
        ("sc:Integer", "1"),
        ("sc:Integer", 2**53),
        ("cr:Int64", -(2**53)),
        ("sc:Boolean", 1),
        ("sc:Text", 1),
        ("sc:Float", False),
        ("sc:Float", "1.5"),
        ("sc:Text", ["a"]),
    ],
)
def test_json_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueFault):
        from_json(value, DATA_TYPES[name])


def test_json_integers_are_exact_up_to_two_to_the_53() -> None:
    assert from_json(2**53 - 1, DATA_TYPES["sc:Integer"]) == 2**53 - 1
    assert from_json(-(2**53) + 1, DATA_TYPES["sc:Integer"]) == -(2**53) + 1


def test_full_addresses_are_the_same_types_and_others_are_none() -> None:
    declared = ["http://schema.org/Text", "https://example.org/Text", "cr:Label", "wd:Q1"]
    assert [one.name for one in data_types(declared)] == ["sc:Text"]
    assert [one.name for one in data_types("http://mlcommons.org/croissant/UInt8")] == ["cr:UInt8"]
