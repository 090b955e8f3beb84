"""The values of fields: one grammar for each data type, from text and from JSON.

Owns the table of data types of the chapter `data`; leaves tables to their readers. Serves DAT-REC-01 and
DAT-REC-05.
"""

import re
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["DATA_TYPES", "DataType", "Value", "ValueFault", "data_types", "from_json", "from_text"]

#: A value that is not missing: a boolean, an integer, a number, or the bytes of a text or a file.
Value = bool | int | float | bytes

#: Integers beyond this are not the same for every reader of JSON.
MAX_JSON_INTEGER = 2**53 - 1
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
#: Characters of a number; the longest that any range needs has far fewer.
MAX_NUMBER = 1000
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


class ValueFault(Exception):
    """A text or a JSON value is no value of a data type; the message says found and expected."""


class DataType(NamedTuple):
    """One row of the table. `kind` is boolean, integer, float, text or content; `form` rounds a float."""

    name: str
    kind: str
    low: int = 0
    high: int = 0
    form: str = ""


def _integer(name: str, bits: int, *, signed: bool) -> DataType:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return DataType(name, "integer", low, high)


_ALL = (
    DataType("sc:Boolean", "boolean"),
    _integer("sc:Integer", 64, signed=True),
    *(_integer(f"cr:Int{bits}", bits, signed=True) for bits in (8, 16, 32, 64)),
    *(_integer(f"cr:UInt{bits}", bits, signed=False) for bits in (8, 16, 32, 64)),
    *(DataType(name, "float", form="") for name in ("sc:Float", "sc:Number", "cr:Float64")),
    DataType("cr:Float32", "float", form="<f"),
    DataType("cr:Float16", "float", form="<e"),
    *(DataType(name, "text") for name in ("sc:Text", "sc:URL", "sc:Date", "sc:DateTime", "sc:Time")),
    *(DataType(name, "content") for name in ("sc:ImageObject", "sc:AudioObject", "sc:VideoObject")),
)
DATA_TYPES: Mapping[str, DataType] = {one.name: one for one in _ALL}
_ADDRESSES = {
    "http://schema.org/": "sc:",
    "https://schema.org/": "sc:",
    "http://mlcommons.org/croissant/": "cr:",
}


def data_types(declared: Any) -> list[DataType]:
    """Return the registered ones among the declared data types; full addresses are the same types."""
    found = []
    for one in declared if isinstance(declared, list) else [declared]:
        for address, prefix in _ADDRESSES.items():
            if one.startswith(address):
                one = prefix + one.removeprefix(address)
                break
        if one in DATA_TYPES:
            found.append(DATA_TYPES[one])
    return found


def from_text(text: str, kind: DataType) -> Value:
    """Return the value that a text of a table stands for. Raises: ValueFault."""
    if kind.kind == "text":
        return text.encode()
    if kind.kind == "integer":
        if len(text) <= MAX_NUMBER and _INTEGER.fullmatch(text):
            return _in_range(int(text), kind)
    elif kind.kind == "float":
        if len(text) <= MAX_NUMBER and _NUMBER.fullmatch(text):
            return _rounded(float(text), kind)
    elif kind.kind == "boolean" and text in _BOOLEANS:
        return _BOOLEANS[text]
    raise ValueFault(f"found {text[:60]!r}, expected a value of {kind.name}")


def from_json(value: Any, kind: DataType) -> Value:
    """Return the value that a JSON value stands for. Raises: ValueFault."""
    if kind.kind == "text" and isinstance(value, str):
        return value.encode()
    if kind.kind == "boolean" and isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if kind.kind == "float":
            return _rounded(float(value), kind)
        if kind.kind == "integer" and isinstance(value, int) and abs(value) <= MAX_JSON_INTEGER:
            return _in_range(value, kind)
    raise ValueFault(f"found {repr(value)[:60]}, expected a value of {kind.name}")


def _in_range(value: int, kind: DataType) -> int:
    if kind.low <= value <= kind.high:
        return value
    raise ValueFault(f"found {value}, expected {kind.name}: {kind.low} to {kind.high}")


def _rounded(value: float, kind: DataType) -> float:
    if value in (float("inf"), float("-inf")):
        raise ValueFault(f"found a number beyond the range of {kind.name}")
    if not kind.form:
        return value
    try:
        rounded: float = struct.unpack(kind.form, struct.pack(kind.form, value))[0]
    except OverflowError:
        raise ValueFault(f"found {value}, beyond the range of {kind.name}") from None
    return rounded
