"""Elements of a tensor, between JSON or bytes and arrays, as chapter `inference` defines both.

Owns the reading and writing of `data` and of binary parts on the suite's side; leaves what they mean to the
suite. A decimal is read as FP64 and rounded to the datatype. Serves `inference` (INF-DAT, INF-BIN).
"""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import lepton_spec
from lepton_conformance.oracle.answers import Array

__all__ = [
    "SPECIAL_FLOATS",
    "WrongData",
    "bf16_bits",
    "bf16_values",
    "dtype",
    "from_binary",
    "from_json",
    "to_binary",
    "to_json",
]

SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class WrongData(ValueError):
    """The data are not what shape and datatype say; the message says found and expected."""


def dtype(datatype: str) -> np.dtype[Any]:
    """Return the little-endian numpy type of a datatype; object for BYTES. Raises: KeyError for BF16."""
    name = lepton_spec.datatypes()[datatype]["numpy"]
    if name is None:
        raise KeyError(datatype)
    native: np.dtype[Any] = np.dtype(name)
    return native.newbyteorder("<")


def bf16_values(bits: Array) -> Array:
    """Return the values, as FP64, of BF16 elements given as uint16 bits."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        return np.asarray((bits.astype("<u4") << 16).view("<f4").astype(np.float64))


def bf16_bits(values: Array) -> Array:
    """Round FP64 values to BF16, to nearest, ties to even, and return the uint16 bits; NaN is quiet.

    Rounds once: FP64 is cut to a few bits more than BF16 has, a last bit standing for all that was cut.
    """
    with np.errstate(over="ignore"):
        single = values.astype("<f4")
    # Rounding to FP32 to odd keeps what is needed to round once more (24 >= 8 + 2 bits).
    exact = single.astype(np.float64) == values
    low = np.where(
        np.abs(single.astype(np.float64)) > np.abs(values), single.view("<u4") - 1, single.view("<u4")
    )
    odd = np.where(exact | ~np.isfinite(values), single.view("<u4"), low | 1).astype("<u4")
    rounded = (odd + 0x7FFF + ((odd >> 16) & 1)) >> 16
    return np.asarray(np.where(np.isnan(values), 0x7FC0, rounded).astype("<u2"))


# -- JSON ------------------------------------------------------------------------------------------


def to_json(array: Array) -> list[Any]:
    """Return the elements, flat and row-major: NaN and infinities as strings, BYTES as text."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if array.dtype == object:
        return [value.decode("utf-8") for value in flat]
    if array.dtype.kind != "f":
        exact: list[Any] = flat.tolist()
        return exact
    return [
        value
        if math.isfinite(value)
        else "NaN"
        if value != value
        else "Infinity"
        if value > 0
        else "-Infinity"
        for value in flat.astype(np.float64).tolist()
    ]


def from_json(datatype: str, shape: Sequence[int], data: Any) -> Array:
    """Read the `data` of an output, flat or nested. Raises: WrongData."""
    if not isinstance(data, list):
        raise WrongData(f"data is {_shown(data)}, expected an array")
    flat = list(_flat(data, tuple(shape)))
    count = math.prod(shape)
    if len(flat) != count:
        raise WrongData(f"data has {len(flat)} elements, expected {count} for the shape {list(shape)}")
    kind = lepton_spec.datatypes()[datatype]["json"]
    values: list[Any] = [_ELEMENTS[kind](element) for element in flat]
    if datatype == "BYTES":
        array = np.empty(count, dtype=object)
        array[:] = values
        return array.reshape(shape)
    try:
        with np.errstate(over="ignore"):
            if kind == "number":
                return np.array(values, dtype=np.float64).astype(dtype(datatype)).reshape(shape)
            return np.array(values, dtype=dtype(datatype)).reshape(shape)
    except OverflowError:
        limits = np.iinfo(dtype(datatype))
        wrong = next(value for value in values if not limits.min <= value <= limits.max)
        raise WrongData(f"found the element {_shown(wrong)}, out of the range of {datatype}") from None


def _flat(data: list[Any], shape: tuple[int, ...]) -> Iterator[Any]:
    if not any(isinstance(item, list) for item in data):
        yield from data
        return
    if not shape or len(data) != shape[0]:
        raise WrongData(f"data is neither flat nor nested as the shape {list(shape)}")
    for item in data:
        if not isinstance(item, list):
            raise WrongData("data mixes arrays and elements")
        if len(shape) == 1 or (len(shape) == 2 and len(item) != shape[1]):
            raise WrongData(f"data is neither flat nor nested as its shape, of which {list(shape)} is left")
        if len(shape) == 2 and any(isinstance(element, list) for element in item):
            raise WrongData("data is nested more deeply than its shape")
        yield from _flat(item, shape[1:])


def _boolean(element: Any) -> bool:
    if isinstance(element, bool):
        return element
    if isinstance(element, int) and element in (0, 1):
        return bool(element)
    raise WrongData(f"found the element {_shown(element)}, expected true or false")


def _integer(element: Any) -> int:
    if isinstance(element, int) and not isinstance(element, bool):
        return element
    if isinstance(element, float) and element.is_integer():
        return int(element)
    raise WrongData(f"found the element {_shown(element)}, expected an integer")


def _number(element: Any) -> float:
    if isinstance(element, str) and element in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[element]
    if isinstance(element, int | float) and not isinstance(element, bool):
        try:
            return float(element)
        except OverflowError:
            return math.inf if element > 0 else -math.inf
    raise WrongData(f"found the element {_shown(element)}, expected a number")


def _string(element: Any) -> bytes:
    if not isinstance(element, str):
        raise WrongData(f"found the element {_shown(element)}, expected a string")
    return element.encode("utf-8", "surrogatepass")


_ELEMENTS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _string,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


# -- binary ----------------------------------------------------------------------------------------


def to_binary(array: Array) -> bytes:
    """Return the bytes of a tensor as the binary extension has them."""
    if array.dtype == object:
        return b"".join(struct.pack("<I", len(value)) + value for value in array.reshape(-1))
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def from_binary(datatype: str, shape: Sequence[int], data: bytes) -> Array:
    """Read the binary part of an output. Raises: WrongData."""
    count = math.prod(shape)
    if datatype == "BYTES":
        return _strings(count, data).reshape(shape)
    kind = dtype(datatype)
    if len(data) != count * kind.itemsize:
        raise WrongData(
            f"found {len(data)} bytes, expected {count * kind.itemsize} for {datatype} of shape {list(shape)}"
        )
    if datatype == "BOOL" and data.strip(b"\0\1") and any(byte > 1 for byte in data):
        raise WrongData("found a BOOL byte other than 0 and 1")
    return np.frombuffer(data, dtype=kind).reshape(shape)


def _strings(count: int, data: bytes) -> Array:
    values = []
    at = 0
    while at < len(data):
        if at + 4 > len(data) or (end := at + 4 + struct.unpack_from("<I", data, at)[0]) > len(data):
            raise WrongData(f"an element of BYTES runs beyond the {len(data)} bytes of its tensor")
        values.append(data[at + 4 : end])
        at = end
    if len(values) != count:
        raise WrongData(f"found {len(values)} elements of BYTES, expected {count}")
    array = np.empty(count, dtype=object)
    array[:] = values
    return array
