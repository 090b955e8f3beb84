"""The elements of a tensor in `InferTensorContents`: each datatype in its field, exact both ways.

Owns which field a datatype rides in, and the ranges of the narrow integers that ride in wider ones; leaves
raw tensors to `lepton.serve.binary`. Serves `inference` (INF-GRP-16, INF-GRP-18, INF-GRP-23 to INF-GRP-25,
INF-GRP-44).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError

from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.serve.dimensions import shaped
from lepton.serve.grpc_messages import message
from lepton.serve.grpc_wire import (
    LENGTH_DELIMITED,
    MAX_FIELDS,
    FieldCount,
    fields,
    length_delimited,
    read_varints,
    write_varints,
)
from lepton.serve.reply import RequestError, invalid
from lepton.tensor import element_count

__all__ = ["has_contents", "read_contents", "write_contents"]

#: Contents up to this size are read without counting their fields: protobuf's reader makes tens of bytes of
#: each field, and a field of two bytes can be an element.
MAX_UNCOUNTED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Home:
    """The field that a datatype rides in: its name, its number, and the type of its elements there."""

    name: str
    number: int
    element: str


_BOOL = _Home("bool_contents", 1, "?")
_INT = _Home("int_contents", 2, "<i4")
_UINT = _Home("uint_contents", 4, "<u4")
_BYTES = _Home("bytes_contents", 8, "O")
_HOMES = {
    "BOOL": _BOOL,
    "INT8": _INT,
    "INT16": _INT,
    "INT32": _INT,
    "INT64": _Home("int64_contents", 3, "<i8"),
    "UINT8": _UINT,
    "UINT16": _UINT,
    "UINT32": _UINT,
    "UINT64": _Home("uint64_contents", 5, "<u8"),
    "FP32": _Home("fp32_contents", 6, "<f4"),
    "FP64": _Home("fp64_contents", 7, "<f8"),
    "BYTES": _BYTES,
}


def has_contents(datatype_name: str) -> bool:
    """Say whether a datatype may travel in typed contents: FP16 and BF16 may not."""
    return datatype_name in _HOMES


def read_contents(parts: Sequence[memoryview], datatype_name: str, shape: Sequence[int]) -> Array:
    """Read the `contents` of one input; several `parts` of one message count as one after the other.

    A tensor without elements needs none, whatever its datatype (INF-GRP-19). Raises: RequestError when they
    are malformed, in another field, too many, too few, or out of range.
    """
    count = element_count(shape)
    home = _HOMES.get(datatype_name)
    if home is None:
        if not parts and count == 0:
            return shaped(np.empty(0, numpy_dtype(datatype_name)), shape)
        raise invalid(
            f"found {datatype_name} outside raw_input_contents, expected it there: it has no typed field"
        )
    packed = _packed(parts, home)
    try:
        flat = _read_each(parts, home, count) if packed is None else _read_packed(packed, home, count)
    except RequestError as refusal:
        raise invalid(f"{home.name}: {refusal.message} ({datatype_name} of shape {list(shape)})") from refusal
    return shaped(_narrowed(flat, datatype_name, home), shape)


def write_contents(array: Array, datatype_name: str) -> list["bytes | memoryview"]:
    """Return the pieces of the `contents` message that holds `array`, in row-major order."""
    home = _HOMES[datatype_name]
    flat = np.ascontiguousarray(array).reshape(-1)
    if home is _BYTES:
        return [piece for element in flat for piece in length_delimited(home.number, element)]
    if not len(flat):
        return []
    if home.element in ("<f4", "<f8"):
        return length_delimited(home.number, flat.astype(home.element, copy=False).view(np.uint8).data)
    return length_delimited(home.number, write_varints(flat))


def _packed(parts: Sequence[memoryview], home: _Home) -> memoryview | None:
    """Return the elements where they are the only field of the only part, as every client sends them."""
    if len(parts) != 1 or home is _BYTES:
        return None
    (part,) = parts
    for field in fields(part, 0, len(part), FieldCount()):
        if (field.number, field.wire_type, field.end) == (home.number, LENGTH_DELIMITED, len(part)):
            return part[field.value : field.end]
        return None
    return None


def _read_packed(octets: memoryview, home: _Home, count: int) -> Array:
    if home.element in ("<f4", "<f8"):
        size = np.dtype(home.element).itemsize
        if len(octets) != count * size:
            found = f"{len(octets) // size} elements" if len(octets) % size == 0 else f"{len(octets)} bytes"
            raise invalid(f"found {found}, expected {count} elements of {size} bytes")
        # The view begins anywhere in the message; engines read elements where they stand.
        return np.require(np.frombuffer(octets, home.element), requirements="A")
    if count > len(octets):
        raise invalid(f"found at most {len(octets)} elements, expected {count}")
    flat: Array = np.empty(count, home.element)
    read_varints(octets, count, flat)
    return flat


def _read_each(parts: Sequence[memoryview], home: _Home, count: int) -> Array:
    """Read contents of any legal form by protobuf's own reader, once they are known to be no trap for it."""
    if sum(map(len, parts)) > MAX_UNCOUNTED_BYTES:
        most = FieldCount(count if home is _BYTES else MAX_FIELDS)
        for part in parts:
            for _ in fields(part, 0, len(part), most):
                pass
    try:
        contents = message("InferTensorContents").FromString(b"".join(parts))
    except DecodeError as error:
        raise invalid("found bytes that are no InferTensorContents") from error
    filled = [descriptor.name for descriptor, _ in contents.ListFields()]
    if any(name != home.name for name in filled):
        raise invalid(f"found elements in {', '.join(filled)}, expected them in {home.name} alone")
    elements = getattr(contents, home.name)
    if len(elements) != count:
        raise invalid(f"found {len(elements)} elements, expected {count}")
    if home is not _BYTES:
        return np.fromiter(elements, home.element, count)
    flat = np.empty(count, dtype=object)
    flat[:] = list(elements)
    return flat


def _narrowed(flat: Array, datatype_name: str, home: _Home) -> Array:
    native = numpy_dtype(datatype_name)
    if home is _BYTES or native == flat.dtype:
        return flat
    if native.itemsize < flat.dtype.itemsize and len(flat):
        bounds = np.iinfo(native.type)  # type: ignore[type-var]
        least, most = int(flat.min()), int(flat.max())
        if least < bounds.min or most > bounds.max:
            worst = least if least < bounds.min else most
            raise invalid(
                f"{home.name}: found {worst}, expected {datatype_name} in {bounds.min}..{bounds.max}"
            )
    return flat.astype(native)
