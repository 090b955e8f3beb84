"""Elements of tensors as values of JSON, and values of JSON as elements.

Owns the section *Numbers*; leaves shapes to the bindings. Works on bytes, without an array library. Serves
the chapter `application`.
"""

import binascii
import math
import struct
from typing import Any, NamedTuple

import lepton_spec
from lepton.application.failure import Failure, NoAnswerError

__all__ = [
    "Element",
    "Tensor",
    "byte_strings",
    "canonical_base64",
    "element",
    "integers",
    "is_floating",
    "missing_element",
    "numbers",
    "plain_numbers",
    "same_elements",
    "text_element",
    "texts",
]

#: The byte form of one element.
Element = bytes
#: How `struct` writes one element of a datatype with a size; BF16 has no letter.
_LETTERS = {
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H", "UINT32": "I",
    "UINT64": "Q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
_FLOATING = ("FP16", "BF16", "FP32", "FP64")
#: The largest integer that every reader of JSON understands alike.
MAX_EXACT_INTEGER = 2**53 - 1
#: BF16: bits of the significand after the first one, and the exponent of the smallest normal number.
_BF16_BITS, _BF16_LEAST, _BF16_MOST = 7, -126, 127


class Tensor(NamedTuple):
    """A tensor as the standard writes it: `data` is its byte form."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.shape)


def is_floating(datatype: str) -> bool:
    """Say whether a datatype is a floating-point one."""
    return datatype in _FLOATING


def element(value: Any, datatype: str) -> Element | Failure:
    """Return the element that a JSON value (a number, a text, true or false) becomes."""
    if isinstance(value, str):
        if datatype != "BYTES":
            return Failure("unsupported", f"found the text {value[:40]!r} for {datatype}, expected a number")
        return text_element(value)
    if isinstance(value, bool) and datatype == "BOOL":
        return bytes([value])
    if datatype in ("BOOL", "BYTES"):
        expected = "true or false" if datatype == "BOOL" else "a text"
        return Failure("unsupported", f"found {value!r} for {datatype}, expected {expected}")
    found = float(value)
    if is_floating(datatype):
        return _rounded(found, datatype)
    bits = 8 * lepton_spec.datatypes()[datatype]["itemSize"]
    low, high = (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not found.is_integer() or abs(found) > MAX_EXACT_INTEGER or not low <= found <= high:
        return Failure(
            "out-of-range", f"found {value!r}, expected an integer of {datatype}, at most 2^53 - 1"
        )
    return struct.pack("<" + _LETTERS[datatype], int(found))


def text_element(text: str) -> Element:
    """Return a text as an element of BYTES."""
    data = text.encode("utf-8")
    return len(data).to_bytes(4, "little") + data


def missing_element(datatype: str) -> Element:
    """Return NaN as an element of a floating-point datatype."""
    if datatype == "BF16":
        return struct.pack("<f", math.nan)[2:]
    return struct.pack("<" + _LETTERS[datatype], math.nan)


def _rounded(value: float, datatype: str) -> Element | Failure:
    if value == 0:
        value = 0.0
    try:
        return _brain(value) if datatype == "BF16" else struct.pack("<" + _LETTERS[datatype], value)
    except OverflowError:
        return Failure("out-of-range", f"found {value!r}, expected a number within the range of {datatype}")


def _brain(value: float) -> Element:
    """Round to BF16: to nearest, ties to even, once. Raises: OverflowError."""
    if value == 0:
        return bytes(2)
    exponent = max(math.frexp(value)[1] - 1, _BF16_LEAST)
    scaled = round(math.ldexp(value, _BF16_BITS - exponent))
    rounded = math.ldexp(scaled, exponent - _BF16_BITS)
    if abs(rounded) >= math.ldexp(1.0, _BF16_MOST + 1):
        raise OverflowError
    return struct.pack("<f", rounded)[2:]


def numbers(tensor: Tensor) -> list[float]:
    """Return the elements of a tensor of numbers as binary64, in row-major order."""
    if tensor.datatype == "BF16":
        wide = bytearray(2 * len(tensor.data))
        wide[2::4], wide[3::4] = tensor.data[0::2], tensor.data[1::2]
        return list(struct.unpack(f"<{tensor.size}f", wide))
    found = struct.unpack(f"<{tensor.size}{_LETTERS[tensor.datatype]}", tensor.data)
    return [float(one) for one in found]


def plain_numbers(tensor: Tensor) -> list[float]:
    """Return the elements of a tensor of numbers, integers exactly, in row-major order."""
    if is_floating(tensor.datatype):
        return numbers(tensor)
    return list(struct.unpack(f"<{tensor.size}{_LETTERS[tensor.datatype]}", tensor.data))


def integers(tensor: Tensor) -> list[int]:
    """Return the elements of an INT32 or INT64 tensor, in row-major order."""
    return list(struct.unpack(f"<{tensor.size}{_LETTERS[tensor.datatype]}", tensor.data))


def byte_strings(tensor: Tensor) -> list[bytes]:
    """Return the elements of a BYTES tensor."""
    found = []
    at = 0
    while at < len(tensor.data):
        size = int.from_bytes(tensor.data[at : at + 4], "little")
        found.append(tensor.data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def texts(tensor: Tensor) -> list[str]:
    """Return the elements of a BYTES tensor as texts. Raises: NoAnswerError at one that is not UTF-8."""
    try:
        return [one.decode("utf-8") for one in byte_strings(tensor)]
    except UnicodeDecodeError as error:
        raise NoAnswerError(f"{tensor.name!r}: found an element that is not UTF-8 ({error})") from error


def canonical_base64(text: str) -> bytes | None:
    """Return what a canonical Base64 text stands for; None when it is not one. Spec: COR-TYP-02."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return data if binascii.b2a_base64(data, newline=False) == text.encode() else None


def same_elements(one: Tensor, other: Tensor) -> bool:
    """Say whether two tensors have the same datatype, shape and elements; NaNs are the same."""
    if (one.datatype, one.shape) != (other.datatype, other.shape):
        return False
    if one.data == other.data:
        return True
    if not is_floating(one.datatype) or len(one.data) != len(other.data):
        return False
    size = len(one.data) // max(1, one.size)
    pairs = zip(numbers(one), numbers(other), strict=True)
    return all(
        one.data[at * size : at * size + size] == other.data[at * size : at * size + size]
        or (math.isnan(a) and math.isnan(b))
        for at, (a, b) in enumerate(pairs)
    )
